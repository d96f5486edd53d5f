/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static ACPI tables (ACPI 6.4, chapter 5): RSDP, RSDT or XSDT, MADT, FADT, HPET, MCFG, and the
 * sleep and reset registers that the FADT names. Every table is looked at through boot_phys with
 * its length checked, its checksum too; runs once, at boot.
 */
#include "x86/acpi.h"
#include "lib/string.h"
#include "x86/multiboot.h"
#include "x86/upcalls.h"

#define BIOS_AREA	0xe0000
#define BIOS_AREA_END	0x100000
#define EBDA_POINTER	0x40e
#define MAX_TABLE	BIT(20)
#define MADT_PCAT	1
#define LAPIC_ENABLED	1
#define FADT_PM_TIMER32 BIT(8)
#define FADT_RESET	BIT(10)
#define FADT_HW_REDUCED BIT(20)

struct acpi_info acpi_info;

struct packed rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt, length;
	u64 xsdt;
	u8 checksum2, reserved[3];
};

struct packed table {
	char signature[4];
	u32 length;
	u8 revision, checksum;
	char oem[6], oem_table[8];
	u32 oem_revision, creator, creator_revision;
};

struct packed gas {
	u8 space, width, offset, access;
	u64 address;
};

struct packed fadt {
	struct table head;
	u32 facs, dsdt;
	u8 reserved, profile;
	u16 sci;
	u32 smi;
	u8 smi_values[4];
	u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
	u8 pm1_event_length, pm1_control_length, pm2_length, pm_timer_length, gpe_values[14];
	u8 day, month, century;
	u16 boot_arch;
	u8 reserved2;
	u32 flags; /* offset 112 */
	struct gas reset;
	u8 reset_value;
	u16 arm;
	u8 minor;
	u64 x_facs, x_dsdt;
	struct gas x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm2_control,
		x_pm_timer, x_gpe0, x_gpe1, sleep_control, sleep_status;
};

_Static_assert(offsetof(struct fadt, pm_timer_length) == 91, "FADT");
_Static_assert(offsetof(struct fadt, boot_arch) == 109, "FADT");
_Static_assert(offsetof(struct fadt, reset) == 116, "FADT");
_Static_assert(offsetof(struct fadt, x_pm1a_control) == 172, "FADT");
_Static_assert(offsetof(struct fadt, sleep_status) == 256, "FADT");

static u8 sum(const void *p, u32 bytes)
{
	const u8 *b = p;
	u8 total = 0;

	while (bytes--)
		total += *b++;
	return total;
}

/* ---- finding things ---- */

static const struct rsdp *rsdp_at(u64 pa)
{
	const struct rsdp *r = boot_phys(pa, 20);

	if (!r || memcmp(r->signature, "RSD PTR ", 8) || sum(r, 20))
		return NULL;
	if (r->revision < 2)
		return r;
	r = boot_phys(pa, sizeof(*r));
	return r && r->length >= sizeof(*r) && r->length <= PAGE_SIZE && boot_phys(pa, r->length) &&
			       !sum(r, r->length)
		       ? r
		       : NULL;
}

static u64 rsdp_scan(u64 from, u64 to)
{
	for (u64 pa = from; pa < to; pa += 16)
		if (rsdp_at(pa))
			return pa;
	return 0;
}

/* Where the firmware keeps it: the control domain looks there too, so a copy by the boot loader is
 * second choice. */
static u64 rsdp_find(u64 hint)
{
	const u16 *ebda = boot_phys(EBDA_POINTER, 2);
	u64 pa = ebda ? rsdp_scan((u64)*ebda << 4, ((u64)*ebda << 4) + 1024) : 0;

	pa = pa ?: rsdp_scan(BIOS_AREA, BIOS_AREA_END);
	return pa ?: rsdp_at(hint) ? hint : 0;
}

static const struct table *table_at(u64 pa)
{
	const struct table *t = pa ? boot_phys(pa, sizeof(*t)) : NULL;

	if (!t || t->length < sizeof(*t) || t->length > MAX_TABLE || !boot_phys(pa, t->length) ||
		sum(t, t->length)) {
		if (pa)
			upcall_log("ACPI: broken table at %lx is ignored", (unsigned long)pa);
		return NULL;
	}
	return t;
}

/* ---- MADT ---- */

static void add_cpu(u32 apic_id, u32 acpi_id, u32 flags)
{
	if (!(flags & LAPIC_ENABLED))
		return;
	if (acpi_info.cpu_count == NR_CPUS) {
		upcall_log("ACPI: CPU with APIC id %u is more than %u", apic_id, NR_CPUS);
		return;
	}
	for (unsigned i = 0; i < acpi_info.cpu_count; i++)
		if (acpi_info.cpus[i].apic_id == apic_id)
			return;
	acpi_info.cpus[acpi_info.cpu_count++] = (struct acpi_cpu){ apic_id, acpi_id };
}

static void add_ioapic(const u8 *e)
{
	unsigned n = acpi_info.ioapic_count;

	if (n == ACPI_MAX_IOAPICS)
		return;
	acpi_info.ioapics[n].id = e[2];
	memcpy(&acpi_info.ioapics[n].address, e + 4, 4);
	memcpy(&acpi_info.ioapics[n].gsi_base, e + 8, 4);
	acpi_info.ioapic_count++;
}

static void add_override(const u8 *e)
{
	u32 gsi;
	u16 flags;

	memcpy(&gsi, e + 4, 4);
	memcpy(&flags, e + 8, 2);
	if (e[2] != 0 || e[3] > 15)
		return;
	acpi_info.isa[e[3]].gsi = gsi;
	acpi_info.isa[e[3]].active_low = (flags & 3) == 3;
	acpi_info.isa[e[3]].level = (flags >> 2 & 3) == 3;
}

static void madt_entry(const u8 *e, u8 length)
{
	u32 flags, id, acpi_id;

	if (e[0] == 0 && length >= 8) {
		memcpy(&flags, e + 4, 4);
		add_cpu(e[3], e[2], flags);
	} else if (e[0] == 1 && length >= 12) {
		add_ioapic(e);
	} else if (e[0] == 2 && length >= 10) {
		add_override(e);
	} else if (e[0] == 5 && length >= 12) {
		memcpy(&acpi_info.lapic_address, e + 4, 8);
	} else if (e[0] == 9 && length >= 16) {
		memcpy(&id, e + 4, 4);
		memcpy(&flags, e + 8, 4);
		memcpy(&acpi_id, e + 12, 4);
		add_cpu(id, acpi_id, flags);
	}
}

static void parse_madt(const struct table *t)
{
	const u8 *p = (const u8 *)t;
	u32 lapic, flags;

	if (t->length < 44)
		return;
	memcpy(&lapic, p + 36, 4);
	memcpy(&flags, p + 40, 4);
	acpi_info.lapic_address = lapic;
	acpi_info.pcat_compat = flags & MADT_PCAT;
	for (u32 at = 44; at + 2 <= t->length && p[at + 1] >= 2 && p[at + 1] <= t->length - at;
		at += p[at + 1])
		madt_entry(p + at, p[at + 1]);
}

/* ---- FADT and the small ones ---- */

static struct acpi_register register_of(
	const struct fadt *f, const struct gas *x, u32 port, u8 length)
{
	struct acpi_register r = { .space = 1, .width = length * 8, .address = port };

	if ((const u8 *)(x + 1) <= (const u8 *)f + f->head.length && x->address)
		r = (struct acpi_register){ x->space, x->width, x->offset, x->access, x->address };
	return r;
}

static void parse_fadt(const struct table *t)
{
	const struct fadt *f = (const struct fadt *)t;
	struct acpi_info *a = &acpi_info;

	if (t->length < offsetof(struct fadt, reset))
		return;
	a->sci_irq = f->sci;
	a->facs = f->facs;
	a->pm_timer_port = f->pm_timer_length == 4 ? f->pm_timer & 0xffff : 0;
	a->pm_timer_32 = f->flags & FADT_PM_TIMER32;
	a->hw_reduced = f->flags & FADT_HW_REDUCED;
	a->has_8042 = f->boot_arch & BIT(1) || t->revision < 3;
	a->no_vga = f->boot_arch & BIT(2);
	a->no_cmos = f->boot_arch & BIT(5);
	a->pm1a_control =
		register_of(f, &f->x_pm1a_control, f->pm1a_control, f->pm1_control_length);
	a->pm1b_control =
		register_of(f, &f->x_pm1b_control, f->pm1b_control, f->pm1_control_length);
	a->pm1a_event = register_of(f, &f->x_pm1a_event, f->pm1a_event, f->pm1_event_length);
	a->pm1b_event = register_of(f, &f->x_pm1b_event, f->pm1b_event, f->pm1_event_length);
	a->sleep_control = register_of(f, &f->sleep_control, 0, 0);
	a->sleep_status = register_of(f, &f->sleep_status, 0, 0);
	if (t->length >= offsetof(struct fadt, arm)) {
		a->reset = register_of(f, &f->reset, 0, 0);
		a->reset_value = f->reset_value;
		a->reset_supported = f->flags & FADT_RESET && a->reset.address;
	}
	if (t->length >= offsetof(struct fadt, x_dsdt) && f->x_facs)
		a->facs = f->x_facs;
}

static void parse_hpet(const struct table *t)
{
	const u8 *p = (const u8 *)t;

	if (t->length >= 56 && p[40] == 0) /* in memory space */
		memcpy(&acpi_info.hpet_address, p + 44, 8);
}

static void parse_mcfg(const struct table *t)
{
	const u8 *p = (const u8 *)t;

	for (u32 at = 44; at + 16 <= t->length && acpi_info.ecam_count < ACPI_MAX_ECAM; at += 16) {
		unsigned n = acpi_info.ecam_count++;

		memcpy(&acpi_info.ecam[n].base, p + at, 8);
		memcpy(&acpi_info.ecam[n].segment, p + at + 8, 2);
		acpi_info.ecam[n].bus_first = p[at + 10];
		acpi_info.ecam[n].bus_last = p[at + 11];
	}
}

static void parse_table(const struct table *t)
{
	static const struct {
		const char *signature;
		void (*parse)(const struct table *t);
	} parsers[] = { { "APIC", parse_madt }, { "FACP", parse_fadt }, { "HPET", parse_hpet },
		{ "MCFG", parse_mcfg } };

	for (unsigned i = 0; i < ARRAY_SIZE(parsers); i++)
		if (!memcmp(t->signature, parsers[i].signature, 4))
			parsers[i].parse(t);
}

static void parse_root(const struct table *root, unsigned pointer)
{
	for (u32 at = sizeof(*root); at + pointer <= root->length; at += pointer) {
		u64 pa = 0;
		const struct table *t;

		memcpy(&pa, (const u8 *)root + at, pointer);
		t = table_at(pa);
		if (t)
			parse_table(t);
	}
}

void acpi_init(u64 rsdp_hint)
{
	const struct rsdp *r;
	const struct table *root;

	memset(&acpi_info, 0, sizeof(acpi_info));
	for (unsigned i = 0; i < 16; i++)
		acpi_info.isa[i].gsi = i;
	acpi_info.rsdp = rsdp_find(rsdp_hint);
	r = acpi_info.rsdp ? rsdp_at(acpi_info.rsdp) : NULL;
	if (!r)
		return;
	acpi_info.revision = r->revision;
	root = r->revision >= 2 && r->xsdt ? table_at(r->xsdt) : NULL;
	if (root && !memcmp(root->signature, "XSDT", 4)) {
		parse_root(root, 8);
		return;
	}
	root = table_at(r->rsdt);
	if (root && !memcmp(root->signature, "RSDT", 4))
		parse_root(root, 4);
}
