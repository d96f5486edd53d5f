/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/check.h's ends, and the control domain's crash. A second fault on the way cuts the report
 * short instead of looping; the other CPUs are stopped first so that the text is whole.
 */
#include "core/crash.h"
#include "core/log.h"
#include "core/trace.h"
#include "core/vcpu.h"
#include "lib/check.h"
#include "lib/cmdline.h"
#include "lib/fmt.h"

#define TRACE_RECORDS 40

const char *boot_step weak_symbol;
static u32 crashing;

noreturn void crash_end(void)
{
	if (opt.noreboot) {
		log_raw("Halted (noreboot).\n");
		machine_halt();
	}
	log_raw("Rebooting.\n");
	machine_reboot();
}

/* True for the first CPU that comes here; the others wait for their end, a nested fault ends the
 * machine. */
static void crash_begin(void)
{
	static unsigned crash_cpu;

	if (atomic_xchg(&crashing, 1) == 0) {
		crash_cpu = cpu_id();
		machine_stop_others();
		return;
	}
	if (crash_cpu != cpu_id())
		for (;;)
			cpu_relax();
	crash_end();
}

int fail_at(int err, const char *file, unsigned line)
{
	trace_refused(err, file, line);
	return -err;
}

noreturn void bug_at(const char *what, const char *file, unsigned line)
{
	struct vcpu *v;

	crash_begin();
	log_raw("BUG at %s:%u: %s (CPU %u)\n", file, line, what, cpu_id());
	v = current_vcpu();
	if (v)
		log_raw("Running: domain %u vcpu %u\n", v->domain->id, v->id);
	if (boot_step)
		log_raw("Boot step: %s\n", boot_step);
	machine_backtrace();
	trace_print_last(TRACE_RECORDS);
	crash_end();
}

noreturn void panic_at(const char *file, unsigned line, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	crash_begin();
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_raw("PANIC at %s:%u: %s\n", file, line, text);
	if (boot_step)
		log_raw("Boot step: %s\n", boot_step);
	machine_backtrace();
	trace_print_last(TRACE_RECORDS);
	crash_end();
}

noreturn void crash_dom0(const char *why)
{
	struct vcpu *v = current_vcpu();

	crash_begin();
	log_raw("Dom0 crashed: %s\n", why);
	if (v->domain == dom0 && dom0->ops->dump)
		dom0->ops->dump(v);
	trace_print_last(TRACE_RECORDS);
	crash_end();
}
