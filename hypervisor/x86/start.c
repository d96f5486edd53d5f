/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The boot CPU from head.S to upcall_main: read what the loader left, build our page tables, give
 * the CPU its stack, descriptors and control state. Up to pgtable_init the boot tables are in use:
 * the first 4 GiB of memory are in the direct map, whatever they are, so loader information and
 * ACPI tables are read here.
 */
#include "x86/start.h"
#include "lib/check.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "x86/acpi.h"
#include "x86/cpu.h"
#include "x86/asm.h"
#include "x86/desc.h"
#include "x86/efi.h"
#include "x86/memmap.h"
#include "x86/multiboot.h"
#include "x86/percpu.h"
#include "x86/pgtable.h"
#include "x86/uart.h"
#include "x86/upcalls.h"
#include "x86/vga.h"
#include "x86/xstate.h"

#define BOOT_MAPPED (4ul << 30)

struct boot_info boot_info;
static bool boot_tables = true;

/*
 * Stack canaries. Our own code takes the global one; the decompression libraries' code reads
 * %fs:0x28, so FS points at a block that has one until the first vcpu's FS base is loaded.
 */
u64 __stack_chk_guard = 0x00c0ffee5a5a00ul;
static struct {
	u64 unused[5];
	u64 canary;
} fs_block = { .canary = 0x00c0ffee5a5a00ul };
noreturn void __stack_chk_fail(void);

noreturn void __stack_chk_fail(void)
{
	panic("stack overrun, noticed at %p", __builtin_return_address(0));
}

const void *boot_phys(u64 pa, u64 bytes)
{
	if (!boot_tables || pa >= BOOT_MAPPED || bytes > BOOT_MAPPED - pa)
		return NULL;
	return (const void *)(DIRECTMAP_START + pa);
}

noreturn static void boot_on_own_stack(void)
{
	percpu_block(0)->cpu = 0;
	percpu_block(0)->current = NULL;
	desc_cpu_init(0);
	cpu_syscall_init(0);
	xstate_cpu_init();
	wrmsr(MSR_FS_BASE, (u64)&fs_block);
	upcall_main(&boot_info);
}

static unsigned cpus_wanted(void)
{
	unsigned count = max(acpi_info.cpu_count, 1u);

	return opt.maxcpus ? (unsigned)min((u64)count, opt.maxcpus) : count;
}

/* Called once, on the boot stack: its canary changes under way, so it must not check its own. */
__attribute__((optimize("no-stack-protector"))) noreturn void boot_start(u32 magic, u64 info)
{
	int rc;

	idt_init();
	__stack_chk_guard = (tsc_read() * 0x9e3779b97f4a7c15ul) & ~0xfful;
	fs_block.canary = __stack_chk_guard;
	rc = multiboot_parse(magic, info, &boot_info);
	cmdline_parse(boot_info.cmdline);
	uart_init();
	if (rc)
		panic("the boot loader's information (magic %x at %lx) makes no sense", magic,
			(unsigned long)info);
	cpu_features_init();
	cpu_control_init();
	efi_init(&boot_info);
	acpi_init(boot_info.acpi_rsdp);
	memmap_reserve(IMAGE_PHYS, (u64)(image_end - image_start));
	memmap_init(&boot_info);
	percpu_reserve(cpus_wanted());
	pgtable_init();
	boot_tables = false;
	pgtable_map_cpu(0);
	vga_init();
	stack_switch((u64)percpu_block(0) - 8, boot_on_own_stack);
}

void console_hw_write(const char *text, size_t bytes)
{
	uart_write(text, bytes);
	vga_write(text, bytes);
}
