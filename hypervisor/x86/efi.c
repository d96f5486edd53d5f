/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The UEFI system table (UEFI 2.9, 4.3): read at boot, through checked boot_phys. */
#include "x86/efi.h"
#include "lib/string.h"
#include "x86/multiboot.h"

#define SYSTEM_TABLE_SIGNATURE 0x5453595320494249ul /* "IBI SYST" */
#define MAX_TABLES	       256

struct packed system_table {
	u64 signature;
	u32 revision, header_size, crc, reserved;
	u64 vendor;
	u32 firmware_revision, pad;
	u64 handles[6], runtime, boot, table_count, tables;
};

struct packed config_table {
	u8 guid[16];
	u64 address;
};

struct efi_info efi_info;

static const u8 acpi20_guid[16] = { 0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc, 0x22,
	0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 };
static const u8 acpi10_guid[16] = { 0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16,
	0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d };

static u64 find_table(const struct config_table *t, u64 count, const u8 guid[16])
{
	for (u64 i = 0; i < count; i++)
		if (!memcmp(t[i].guid, guid, 16))
			return t[i].address;
	return 0;
}

static void copy_vendor(u64 pa)
{
	const u16 *c;

	for (unsigned i = 0; i < ARRAY_SIZE(efi_info.vendor) - 1; i++) {
		c = boot_phys(pa + i * 2, 2);
		if (!c || !*c)
			return;
		efi_info.vendor[i] = *c;
	}
}

void efi_init(struct boot_info *boot)
{
	const struct system_table *s =
		boot->efi_system_table ? boot_phys(boot->efi_system_table, sizeof(*s)) : NULL;
	const struct config_table *t;
	u64 rsdp;

	if (!s || s->signature != SYSTEM_TABLE_SIGNATURE || s->table_count > MAX_TABLES)
		return;
	t = boot_phys(s->tables, s->table_count * sizeof(*t));
	if (!t)
		return;
	efi_info = (struct efi_info){
		.there = true,
		.revision = s->revision,
		.firmware_revision = s->firmware_revision,
		.config_tables = s->tables,
		.config_count = (u32)s->table_count,
	};
	copy_vendor(s->vendor);
	rsdp = find_table(t, s->table_count, acpi20_guid);
	rsdp = rsdp ?: find_table(t, s->table_count, acpi10_guid);
	if (rsdp)
		boot->acpi_rsdp = rsdp;
}
