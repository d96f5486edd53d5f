/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IO-APIC (82093AA data sheet; Intel ICH EDS): an index and a data register, redirection entries of
 * 64 bits. Physical destination mode, fixed delivery. The low halves are kept in a copy, so masking
 * is one write.
 */
#include "x86/ioapic.h"
#include "lib/check.h"
#include "x86/acpi.h"
#include "x86/irq.h"
#include "x86/pgtable.h"
#include "x86/upcalls.h"

#define REG_SELECT   (0x00 / 4)
#define REG_DATA     (0x10 / 4)
#define REG_ID	     0
#define REG_VERSION  1
#define REG_ARB	     2
#define REG_ENTRY(n) (0x10 + 2 * (n))
#define RTE_MASKED   BIT(16)
#define RTE_LEVEL    BIT(15)
#define RTE_LOW	     BIT(13)
#define MAX_PINS     240

static struct ioapic {
	volatile u32 *regs;
	u32 address, gsi_base, pins;
} ioapics[ACPI_MAX_IOAPICS];
static unsigned count;
static u32 low_half[NR_IRQS];

static u32 get(const struct ioapic *io, u32 reg)
{
	io->regs[REG_SELECT] = reg;
	return io->regs[REG_DATA];
}

static void put(const struct ioapic *io, u32 reg, u32 v)
{
	io->regs[REG_SELECT] = reg;
	io->regs[REG_DATA] = v;
}

static const struct ioapic *of_gsi(unsigned gsi)
{
	for (unsigned i = 0; i < count; i++)
		if (gsi >= ioapics[i].gsi_base && gsi - ioapics[i].gsi_base < ioapics[i].pins)
			return &ioapics[i];
	return NULL;
}

bool ioapic_has_gsi(unsigned gsi)
{
	return of_gsi(gsi) != NULL;
}

unsigned ioapic_gsi_count(void)
{
	unsigned top = 0;

	for (unsigned i = 0; i < count; i++)
		top = max(top, ioapics[i].gsi_base + ioapics[i].pins);
	return top;
}

static void write_low(unsigned gsi, u32 v)
{
	const struct ioapic *io = of_gsi(gsi);

	low_half[gsi] = v;
	put(io, REG_ENTRY(gsi - io->gsi_base), v);
}

void ioapic_mask(unsigned gsi, bool masked)
{
	write_low(gsi, masked ? low_half[gsi] | RTE_MASKED : low_half[gsi] & ~(u32)RTE_MASKED);
}

void ioapic_route(unsigned gsi, u8 vector, u32 apic_id, bool level, bool active_low, bool masked)
{
	const struct ioapic *io = of_gsi(gsi);

	write_low(gsi, low_half[gsi] | RTE_MASKED);
	put(io, REG_ENTRY(gsi - io->gsi_base) + 1, apic_id << 24);
	write_low(gsi, vector | (level ? RTE_LEVEL : 0) | (active_low ? RTE_LOW : 0) |
			       (masked ? RTE_MASKED : 0));
}

void ioapic_mask_all(void)
{
	for (unsigned i = 0; i < count; i++)
		for (unsigned pin = 0; pin < ioapics[i].pins; pin++)
			put(&ioapics[i], REG_ENTRY(pin), RTE_MASKED);
}

void ioapic_init(void)
{
	for (unsigned i = 0; i < acpi_info.ioapic_count; i++) {
		struct ioapic *io = &ioapics[count];

		io->address = acpi_info.ioapics[i].address;
		io->gsi_base = acpi_info.ioapics[i].gsi_base;
		io->regs = iomap(io->address, 0x20);
		if (!io->regs)
			panic("cannot map the IO-APIC at %x", io->address);
		io->pins = (get(io, REG_VERSION) >> 16 & 0xff) + 1;
		if (io->pins > MAX_PINS || io->gsi_base + io->pins > NR_IRQS) {
			upcall_log("IO-APIC at %x with %u lines from %u is ignored", io->address,
				io->pins, io->gsi_base);
			continue;
		}
		count++;
		for (unsigned pin = 0; pin < io->pins; pin++)
			write_low(io->gsi_base + pin, RTE_MASKED);
	}
}

int ioapic_read(u64 physbase, u32 reg, u32 *value)
{
	for (unsigned i = 0; i < count; i++) {
		const struct ioapic *io = &ioapics[i];

		if (io->address != physbase)
			continue;
		if (reg > REG_ARB && (reg < REG_ENTRY(0) || reg >= REG_ENTRY(io->pins)))
			return -EINVAL;
		*value = get(io, reg);
		return 0;
	}
	return -EINVAL;
}
