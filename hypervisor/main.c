/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boot as a list of steps, and nothing else: each row says what is legal from there on. A panic
 * names the step that ran. x86/start.c has set up paging, traps, this CPU's stack, the first serial
 * port, and read the command line, the memory map and ACPI.
 */
#include <xen/version.h>

#include "core/console.h"
#include "core/frame.h"
#include "core/keys.h"
#include "core/log.h"
#include "core/sched.h"
#include "core/trace.h"
#include "lib/check.h"
#include "lib/cmdline.h"
#include "lib/fmt.h"
#include "pv/dom0.h"
#include "pv/m2p.h"
#include "pv/traps.h"
#include "x86/acpi.h"
#include "x86/apic.h"
#include "x86/boot_info.h"
#include "x86/interrupt.h"
#include "x86/irq.h"
#include "x86/memmap.h"
#include "x86/smp.h"
#include "x86/start.h"
#include "x86/time.h"
#include "x86/uart.h"
#include "x86/upcalls.h"
#include "x86/vga.h"

const char *boot_step;

/* The frames of module i: [*first, *first + result). Below 1 MiB no frame is managed. */
static u64 module_frames(unsigned i, u64 *first)
{
	const struct boot_module *m = &boot_info.modules[i];
	u64 end = round_up(m->start + m->bytes, PAGE_SIZE) >> PAGE_SHIFT;

	*first = max(m->start >> PAGE_SHIFT, LOW_MEMORY >> PAGE_SHIFT);
	return end > *first ? end - *first : 0;
}

static void step_memory(void)
{
	u64 frame = 0, count, first;

	while ((count = memmap_next_free(&frame)) != 0) {
		frame_add(frame, count);
		frame += count;
	}
	for (unsigned i = 0; i < boot_info.module_count; i++) {
		count = module_frames(i, &first);
		if (count)
			frame_reserve(first, count);
	}
	frame_reserve(boot_frame_first(), boot_frame_count());
	frames_init();
	log_info("command line: %s\n", cmdline_text());
	log_info("memory: %lu MiB, %lu MiB free, %u modules, loaded by %s\n",
		(unsigned long)frames_total() >> 8, (unsigned long)frames_free() >> 8,
		boot_info.module_count, boot_info.loader);
}

static void step_interrupts(void)
{
	apic_init();
	apic_cpu_init();
	smp_boot_cpu();
	interrupt_init();
	log_info("interrupts: %u CPUs, %u lines\n", acpi_info.cpu_count, irq_gsi_count());
}

static void step_time(void)
{
	time_init();
	apic_timer_calibrate();
}

static void step_cpus(void)
{
	smp_start_all();
	log_info("%u CPUs run\n", cpu_online_count());
}

static void step_dom0(void)
{
	nmi_init();
	dom0_build(&boot_info);
	vga_stop();
}

/* The boot modules, but for an initrd that dom0 has taken over in place, and what was needed at
 * boot only become free memory. */
static void step_release(void)
{
	for (unsigned i = 0; i < boot_info.module_count; i++) {
		u64 first, count = module_frames(i, &first);

		if (count && page_owned_by(page_of(mfn(first)), DOMID_NOBODY))
			frame_add(first, count);
	}
	pgtable_seal();
	pgtable_drop_boot();
	tlb_flush(&cpu_online_map); /* their mappings are global */
	frame_add(boot_frame_first(), boot_frame_count());
}

static const struct {
	const char *name;
	void (*fn)(void);
} steps[] = {
	{ "memory", step_memory },   /* frames and heap can be allocated */
	{ "console", console_init }, /* the log is kept; key input is understood */
	{ "trace", trace_init },
	{ "m2p", m2p_init },
	{ "interrupts", step_interrupts }, /* IPIs to this CPU, device interrupts can be bound */
	{ "time", step_time },		   /* time_now, timers */
	{ "scheduler", sched_init },	   /* current_vcpu is the idle vcpu */
	{ "cpus", step_cpus },		   /* the others wait in their idle loops */
	{ "keys", keys_init },
	{ "serial input", uart_interrupts_on },
	{ "dom0", step_dom0 }, /* built and paused */
	{ "release", step_release },
};

noreturn void upcall_main(struct boot_info *boot)
{
	log_info("Paravane for Xen %u.%u guests\n", 4, 17);
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		boot_step = steps[i].name;
		steps[i].fn();
	}
	boot_step = NULL;
	BUG_ON(domain_unpause_by_controller(dom0));
	sched_start();
}

noreturn void upcall_cpu_main(void)
{
	sched_cpu_up(cpu_id());
	sched_start();
}

void upcall_log(const char *fmt, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	n = min(n, (int)sizeof(text) - 2);
	text[n] = '\n';
	console_write(text, (size_t)n + 1);
}
