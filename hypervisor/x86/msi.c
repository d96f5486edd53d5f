/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MSI and MSI-X capabilities (PCI local bus specification 3.0, 6.8). The table of MSI-X is found
 * from the BAR that the capability names; the control domain's word for it (table_base) must agree,
 * else it could make us write anywhere.
 */
#include "x86/msi.h"
#include "x86/pgtable.h"

#define CAP_MSI	     0x05
#define CAP_MSIX     0x11
#define MSI_CONTROL  2
#define MSI_ENABLE   BIT(0)
#define MSI_64	     BIT(7)
#define MSI_MASKABLE BIT(8)
#define MSIX_ENABLE  BIT(15)
#define MSIX_MASKALL BIT(14)
#define MSIX_TABLE   4
#define ENTRY_BYTES  16
#define ENTRY_MASKED BIT(0)
#define REG_COMMAND  0x04
#define COMMAND_MEM  0x02
#define ADDRESS_BASE 0xfee00000u

/* The memory address in BAR `bar`, 0 when it is none. */
static u64 bar_address(struct pci_function f, unsigned bar)
{
	u32 low, high = 0;

	if (bar > 5)
		return 0;
	low = pci_read(f, (u16)(0x10 + bar * 4), 4);
	if (low & 1)
		return 0;
	if ((low & 6) == 4 && bar < 5)
		high = pci_read(f, (u16)(0x14 + bar * 4), 4);
	return (u64)high << 32 | (low & ~15u);
}

static int open_msix(struct msi *m, unsigned entry, u64 table_base)
{
	u16 control = (u16)pci_read(m->function, m->capability + MSI_CONTROL, 2);
	u32 table = pci_read(m->function, m->capability + MSIX_TABLE, 4);
	u64 base = bar_address(m->function, table & 7);

	if (entry > (control & 0x7ffu) || !base || base != table_base)
		return fail(EINVAL);
	m->vector = iomap(base + (table & ~7u) + (u64)entry * ENTRY_BYTES, ENTRY_BYTES);
	return m->vector ? 0 : fail(ENOMEM);
}

int msi_open(struct msi *m, struct pci_function f, unsigned entry, u64 table_base)
{
	*m = (struct msi){ .function = f, .x = table_base != 0, .entry = (u16)entry };
	m->capability = pci_capability(f, m->x ? CAP_MSIX : CAP_MSI);
	if (!m->capability)
		return fail(ENODEV);
	if (m->x)
		return open_msix(m, entry, table_base);
	return entry < 32 ? 0 : fail(EINVAL);
}

void msi_close(struct msi *m)
{
	if (m->vector)
		iounmap((void *)m->vector, ENTRY_BYTES);
	m->vector = NULL;
}

static u16 control_get(const struct msi *m)
{
	return (u16)pci_read(m->function, m->capability + MSI_CONTROL, 2);
}

static void control_put(const struct msi *m, u16 v)
{
	pci_write(m->function, m->capability + MSI_CONTROL, 2, v);
}

/* The MSI-X table answers only while memory decoding is on. */
static bool table_reachable(const struct msi *m)
{
	return pci_read(m->function, REG_COMMAND, 2) & COMMAND_MEM;
}

void msi_mask(const struct msi *m, bool masked)
{
	u16 control, at;
	u32 bits;

	if (m->x) {
		if (table_reachable(m))
			m->vector[3] = masked ? m->vector[3] | ENTRY_MASKED
					      : m->vector[3] & ~(u32)ENTRY_MASKED;
		return;
	}
	control = control_get(m);
	if (!(control & MSI_MASKABLE))
		return;
	at = m->capability + (control & MSI_64 ? 16 : 12);
	bits = pci_read(m->function, at, 4);
	pci_write(m->function, at, 4, masked ? bits | 1u << m->entry : bits & ~(1u << m->entry));
}

static void program_msix(const struct msi *m, u8 vector, u32 apic_id)
{
	if (!table_reachable(m))
		return;
	/* With all vectors masked the enable bit does no harm, and the table may be written only
	 * while it is set on some devices. */
	control_put(m, control_get(m) | MSIX_ENABLE | MSIX_MASKALL);
	m->vector[3] |= ENTRY_MASKED;
	m->vector[0] = ADDRESS_BASE | apic_id << 12;
	m->vector[1] = 0;
	m->vector[2] = vector;
	m->vector[3] &= ~(u32)ENTRY_MASKED;
	control_put(m, (control_get(m) | MSIX_ENABLE) & ~(u16)MSIX_MASKALL);
}

void msi_program(const struct msi *m, u8 vector, u32 apic_id)
{
	u16 control;

	if (m->x) {
		program_msix(m, vector, apic_id);
		return;
	}
	control = control_get(m);
	pci_write(m->function, m->capability + 4, 4, ADDRESS_BASE | apic_id << 12);
	if (control & MSI_64)
		pci_write(m->function, m->capability + 8, 4, 0);
	pci_write(m->function, m->capability + (control & MSI_64 ? 12 : 8), 2, vector);
	control_put(m, (control & ~0x70) | MSI_ENABLE); /* one message */
	msi_mask(m, false);
}

void msi_disable(const struct msi *m)
{
	msi_mask(m, true);
	if (!m->x)
		control_put(m, control_get(m) & ~(u16)MSI_ENABLE);
}
