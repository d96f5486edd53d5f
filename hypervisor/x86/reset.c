/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ends of the machine: halt, reboot, power off. Reboot tries what the `reboot` option names
 * first, then ACPI's reset register, the keyboard controller and a triple fault. Power-off writes
 * the values of PM1 that the control domain's AML evaluated (XENPF_enter_acpi_sleep); without them
 * the hypervisor cannot know, and halts.
 */
#include "lib/check.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "x86/acpi.h"
#include "x86/apic.h"
#include "x86/asm.h"
#include "x86/machine.h"
#include "x86/pgtable.h"
#include "x86/uart.h"
#include "x86/upcalls.h"

#define SLEEP_S5     5
#define SLEEP_ENABLE BIT(13) /* in a PM1 control register */
#define SPACE_MEMORY 0
#define SPACE_IO     1
#define SPACE_PCI    2

static noreturn void halt_here(void)
{
	for (;;)
		asm volatile("cli; hlt");
}

static void write_register(const struct acpi_register *r, u32 v)
{
	if (r->space == SPACE_IO && r->address <= 0xffff) {
		if (r->width <= 8)
			outb((u16)r->address, (u8)v);
		else
			outw((u16)r->address, (u16)v);
	} else if (r->space == SPACE_MEMORY) {
		volatile u8 *p = iomap(r->address, 4);

		if (p && r->width <= 8)
			*p = (u8)v;
		else if (p)
			*(volatile u16 *)p = (u16)v;
	} else if (r->space == SPACE_PCI) { /* bus 0, device in bits 32.., function in bits 16..,
					       register below */
		outl(0xcf8, (u32)(BIT(31) | (r->address >> 32 & 31) << 11 |
				    (r->address >> 16 & 7) << 8 | (r->address & 0xfc)));
		outb((u16)(0xcfc + (r->address & 3)), (u8)v);
	}
}

static void wait_a_little(void)
{
	for (unsigned i = 0; i < 1000000; i++)
		inb(0x80);
}

static void reset_acpi(void)
{
	if (!acpi_info.reset_supported)
		return;
	write_register(&acpi_info.reset, acpi_info.reset_value);
	wait_a_little();
}

static void reset_keyboard(void)
{
	for (unsigned i = 0; i < 10000 && inb(0x64) & 2; i++)
		pause_cpu();
	outb(0x64, 0xfe);
	wait_a_little();
}

static noreturn void reset_triple(void)
{
	lidt(0, 0);
	asm volatile("int3");
	halt_here();
}

noreturn void machine_halt(void)
{
	machine_stop_others();
	halt_here();
}

noreturn void machine_reboot(void)
{
	machine_stop_others();
	if (opt.reboot[0] == 'n')
		halt_here();
	if (opt.reboot[0] == 't')
		reset_triple();
	if (opt.reboot[0] == 'k')
		reset_keyboard();
	reset_acpi();
	reset_keyboard();
	reset_triple();
}

noreturn void machine_poweroff(void)
{
	upcall_log("no power-off without the control domain: halted");
	machine_halt();
}

static int sleep_reduced(u16 val_a)
{
	if (!acpi_info.sleep_control.address)
		return -ENODEV;
	machine_stop_others();
	write_register(&acpi_info.sleep_control, val_a);
	halt_here();
}

int acpi_enter_sleep(u32 state, u16 val_a, u16 val_b, bool extended)
{
	if (state != SLEEP_S5)
		return -EINVAL;
	if (extended)
		return sleep_reduced(val_a);
	if (!acpi_info.pm1a_control.address)
		return -ENODEV;
	machine_stop_others();
	write_register(&acpi_info.pm1a_control, val_a & ~SLEEP_ENABLE);
	if (acpi_info.pm1b_control.address)
		write_register(&acpi_info.pm1b_control, val_b & ~SLEEP_ENABLE);
	wbinvd();
	write_register(&acpi_info.pm1a_control, val_a | SLEEP_ENABLE);
	if (acpi_info.pm1b_control.address)
		write_register(&acpi_info.pm1b_control, val_b | SLEEP_ENABLE);
	halt_here();
}
