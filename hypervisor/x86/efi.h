/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What UEFI left for those who do not call it: the configuration tables. GRUB ended the boot
 * services; runtime services are not used. The control domain learns the same by
 * XENPF_firmware_info, and finds ACPI that way.
 */
#ifndef X86_EFI_H
#define X86_EFI_H

#include "x86/boot_info.h"

struct efi_info {
	bool there;   /* booted by UEFI, tables readable */
	u32 revision; /* of the system table */
	u32 firmware_revision;
	u16 vendor[64];	   /* UCS-2, ends with 0 */
	u64 config_tables; /* physical address of config_count entries of { 16 bytes GUID, u64
			      address } */
	u32 config_count;
};

extern struct efi_info efi_info;

void efi_init(struct boot_info
		*boot); /* while the boot tables map the first 4 GiB; sets boot->acpi_rsdp */

#endif
