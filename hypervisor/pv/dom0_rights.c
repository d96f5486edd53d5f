/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What of the machine the control domain may touch: all that is not ours. Ports: not the interrupt
 * controllers, the timer, the serial lines that we use. Memory: not RAM (that goes by ownership),
 * not the APICs. Interrupts: every line but the timer's; message-signalled ones when mapped.
 */
#include "core/domain.h"
#include "lib/check.h"
#include "lib/cmdline.h"
#include "lib/string.h"
#include "pv/dom0.h"
#include "x86/acpi.h"
#include "x86/irq.h"

#define LAST_FRAME ((1ull << 40) - 1)
/* Below 1 MiB all is the firmware's, RAM too: we manage none of it, and dom0 reads it. */
#define LOW_FRAMES 256ull

static const struct {
	u16 first, last;
} ports_kept[] = {
	{ 0x20, 0x21 }, { 0xa0, 0xa1 }, /* 8259 */
	{ 0x40, 0x43 },			/* 8254 */
};

static void need(int ret)
{
	if (ret)
		panic("dom0: no memory for its rights\n");
}

static struct rangeset *all(struct rangeset *r, const char *name, u64 first, u64 last)
{
	if (!r)
		r = rangeset_new(name);
	if (!r)
		need(-ENOMEM);
	need(rangeset_add(r, first, last));
	return r;
}

static void grant_ports(struct domain *d)
{
	d->io_ports = all(d->io_ports, "I/O ports", 0, 0xffff);
	for (unsigned i = 0; i < ARRAY_SIZE(ports_kept); i++)
		need(rangeset_remove(d->io_ports, ports_kept[i].first, ports_kept[i].last));
	if (strstr(opt.console, "com1"))
		need(rangeset_remove(d->io_ports, 0x3f8, 0x3ff));
	if (strstr(opt.console, "com2"))
		need(rangeset_remove(d->io_ports, 0x2f8, 0x2ff));
}

static void grant_memory(struct domain *d, const struct boot_info *boot)
{
	u64 lapic = acpi_info.lapic_address >> PAGE_SHIFT;

	d->io_mem = all(d->io_mem, "I/O memory", 0, LAST_FRAME);
	for (unsigned i = 0; i < boot->range_count; i++) {
		const struct boot_range *r = &boot->ranges[i];
		u64 first = max((r->start + PAGE_SIZE - 1) >> PAGE_SHIFT, LOW_FRAMES);
		u64 end = (r->start + r->bytes) >> PAGE_SHIFT;

		if (r->type == 1 && end > first)
			need(rangeset_remove(d->io_mem, first, end - 1));
	}
	if (lapic)
		need(rangeset_remove(d->io_mem, lapic, lapic));
	for (unsigned i = 0; i < acpi_info.ioapic_count; i++) {
		u64 frame = acpi_info.ioapics[i].address >> PAGE_SHIFT;

		need(rangeset_remove(d->io_mem, frame, frame));
	}
}

void dom0_grant_rights(struct domain *d, const struct boot_info *boot)
{
	grant_ports(d);
	grant_memory(d, boot);
	if (irq_gsi_count() > 1)
		d->irqs = all(d->irqs, "interrupts", 1, irq_gsi_count() - 1);
}
