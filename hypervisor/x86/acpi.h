/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ACPI tables say, parsed once at boot and only by their static part (no AML). Tables are
 * the firmware's, yet each length is checked: a broken table is named in the log and ignored.
 */
#ifndef X86_ACPI_H
#define X86_ACPI_H

#include "lib/base.h"

#define ACPI_MAX_IOAPICS 32
#define ACPI_MAX_ECAM	 8

struct acpi_register { /* generic address structure */
	u8 space, width, offset, access;
	u64 address;
};

struct acpi_cpu {
	u32 apic_id, acpi_id;
};

struct acpi_info {
	u64 rsdp;	    /* physical; 0: none found */
	u8 revision;	    /* of the RSDP */
	unsigned cpu_count; /* enabled ones, in the MADT's order */
	struct acpi_cpu cpus[NR_CPUS];
	u64 lapic_address;
	bool pcat_compat; /* two 8259s are there */
	unsigned ioapic_count;
	struct {
		u8 id;
		u32 address, gsi_base;
	} ioapics[ACPI_MAX_IOAPICS];
	struct { /* ISA interrupt -> GSI */
		u32 gsi;
		bool level, active_low;
	} isa[16];
	u64 hpet_address;  /* 0: none */
	u32 pm_timer_port; /* 0: none */
	bool pm_timer_32;
	struct acpi_register pm1a_control, pm1b_control, pm1a_event, pm1b_event, reset;
	struct acpi_register sleep_control, sleep_status; /* hardware-reduced */
	u8 reset_value;
	bool reset_supported, hw_reduced, no_vga, has_8042, no_cmos;
	u64 facs;
	u16 sci_irq;
	unsigned ecam_count;
	struct {
		u64 base;
		u16 segment;
		u8 bus_first, bus_last;
	} ecam[ACPI_MAX_ECAM];
};

extern struct acpi_info acpi_info;

void acpi_init(u64 rsdp_hint); /* boot, while the first 4 GiB are identity-mapped */
/* Sleep state by the PM1 values that the control domain's AML gave (XENPF_enter_acpi_sleep). S5
 * only: returns EINVAL or ENODEV, or not. */
must_check int acpi_enter_sleep(u32 state, u16 val_a, u16 val_b, bool extended);

#endif
