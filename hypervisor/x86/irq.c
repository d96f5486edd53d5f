/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device interrupts: GSIs and message-signalled ones, each bound to one vector, the same on every
 * CPU. irq_lock guards it all; interrupt context takes it too. States of an irq: free
 * (message-signalled only) -> made -> bound. A level-triggered line is masked when it fires and
 * stays so until irq_eoi; the others need no EOI from above.
 */
#include "x86/irq.h"
#include "lib/check.h"
#include "lib/lock.h"
#include "x86/acpi.h"
#include "x86/apic.h"
#include "x86/interrupt.h"
#include "x86/ioapic.h"
#include "x86/machine.h"
#include "x86/msi.h"
#include "x86/trap.h"
#include "x86/upcalls.h"

struct irq {
	bool made; /* a GSI that exists, or a mapped MSI */
	bool bound;
	bool level, active_low, fixed; /* fixed: dom0 or ACPI said so */
	bool waiting_eoi;
	u8 vector;
	u16 cpu;
	void (*own)(void); /* the hypervisor's own handler */
	struct msi msi;	   /* capability 0: a GSI */
};

static spinlock_t irq_lock;
static struct irq irqs[NR_IRQS];
static u16 irq_of_vector[256]; /* 1 + irq; 0: free */

unsigned irq_gsi_count(void)
{
	return ioapic_gsi_count();
}

unsigned interrupt_isa_gsi(unsigned isa)
{
	return isa < 16 ? acpi_info.isa[isa].gsi : isa;
}

static bool is_msi(const struct irq *i)
{
	return i->msi.capability;
}

void interrupt_init(void)
{
	ioapic_init();
	for (unsigned gsi = 0; gsi < ioapic_gsi_count(); gsi++) {
		irqs[gsi].made = ioapic_has_gsi(gsi);
		irqs[gsi].level = irqs[gsi].active_low =
			gsi >= 16; /* PCI's way, unless told otherwise */
	}
	for (unsigned isa = 0; isa < 16; isa++) {
		unsigned gsi = acpi_info.isa[isa].gsi;

		if (gsi >= NR_IRQS || !irqs[gsi].made)
			continue;
		irqs[gsi].level = acpi_info.isa[isa].level;
		irqs[gsi].active_low = acpi_info.isa[isa].active_low;
	}
}

/* ---- routing; all under irq_lock ---- */

static unsigned vector_find(void)
{
	for (unsigned v = VECTOR_FIRST_DEVICE; v <= VECTOR_LAST_DEVICE; v++)
		if (!irq_of_vector[v])
			return v;
	return 0;
}

static void route(unsigned n, bool masked)
{
	const struct irq *i = &irqs[n];

	if (is_msi(i))
		msi_program(&i->msi, i->vector, apic_id_of(i->cpu));
	else
		ioapic_route(n, i->vector, apic_id_of(i->cpu), i->level, i->active_low, masked);
}

static int bind(unsigned n, void (*own)(void))
{
	struct irq *i = &irqs[n];
	unsigned v = vector_find();

	if (i->bound)
		return fail(EBUSY);
	if (!v)
		return fail(ENOSPC);
	irq_of_vector[v] = (u16)(n + 1);
	i->vector = (u8)v;
	i->bound = true;
	i->own = own;
	i->waiting_eoi = false;
	route(n, false);
	return 0;
}

int irq_bind(unsigned irq)
{
	int rc;

	if (irq >= NR_IRQS || !irqs[irq].made)
		return fail(EINVAL);
	spin_lock(&irq_lock);
	rc = bind(irq, NULL);
	spin_unlock(&irq_lock);
	return rc;
}

int interrupt_own_isa(unsigned isa, void (*fn)(void))
{
	unsigned gsi = interrupt_isa_gsi(isa);
	int rc;

	if (gsi >= NR_IRQS || !irqs[gsi].made)
		return fail(EINVAL);
	spin_lock(&irq_lock);
	rc = bind(gsi, fn);
	spin_unlock(&irq_lock);
	return rc;
}

static void unbind(unsigned n)
{
	struct irq *i = &irqs[n];

	if (!i->bound || i->own)
		return;
	if (is_msi(i))
		msi_disable(&i->msi);
	else
		ioapic_mask(n, true);
	irq_of_vector[i->vector] = 0;
	i->bound = i->waiting_eoi = false;
}

void irq_unbind(unsigned irq)
{
	if (irq >= NR_IRQS)
		return;
	spin_lock(&irq_lock);
	unbind(irq);
	spin_unlock(&irq_lock);
}

bool irq_needs_eoi(unsigned irq)
{
	return irq < NR_IRQS && !is_msi(&irqs[irq]) && irqs[irq].level;
}

void irq_eoi(unsigned irq)
{
	struct irq *i;

	if (irq >= NR_IRQS || !irqs[irq].waiting_eoi)
		return;
	i = &irqs[irq];
	spin_lock(&irq_lock);
	if (i->bound && i->waiting_eoi) {
		i->waiting_eoi = false;
		ioapic_mask(irq, false);
	}
	spin_unlock(&irq_lock);
}

void irq_set_affinity(unsigned irq, unsigned cpu)
{
	if (irq >= NR_IRQS || !cpumask_test(&cpu_online_map, cpu))
		return;
	spin_lock(&irq_lock);
	if (irqs[irq].cpu != cpu) {
		irqs[irq].cpu = (u16)cpu;
		if (irqs[irq].bound)
			route(irq, irqs[irq].waiting_eoi);
	}
	spin_unlock(&irq_lock);
}

int irq_setup_gsi(unsigned gsi, bool level, bool active_low)
{
	struct irq *i;
	int rc = 0;

	if (gsi >= NR_IRQS || !irqs[gsi].made || is_msi(&irqs[gsi]))
		return fail(EINVAL);
	i = &irqs[gsi];
	spin_lock(&irq_lock);
	if (i->level != level || i->active_low != active_low) {
		if (i->bound || i->fixed) {
			rc = fail(EBUSY);
		} else {
			i->level = level;
			i->active_low = active_low;
		}
	}
	if (!rc)
		i->fixed = true;
	spin_unlock(&irq_lock);
	return rc;
}

int ioapic_guest_read(u64 physbase, u32 reg, u32 *value)
{
	int rc;

	spin_lock(&irq_lock);
	rc = ioapic_read(physbase, reg, value);
	spin_unlock(&irq_lock);
	return rc;
}

/* ---- arrival ---- */

void interrupt_device(unsigned vector)
{
	struct irq *i;
	unsigned n;
	bool bound;

	spin_lock(&irq_lock);
	n = irq_of_vector[vector];
	if (!n) { /* unbound while it was on its way */
		spin_unlock(&irq_lock);
		apic_eoi();
		return;
	}
	i = &irqs[--n];
	bound = i->bound;
	if (bound && !i->own && irq_needs_eoi(n)) {
		i->waiting_eoi = true;
		ioapic_mask(n, true);
	}
	spin_unlock(&irq_lock);
	apic_eoi();
	if (bound && i->own)
		i->own();
	else if (bound)
		upcall_irq(n);
}

/* ---- message-signalled ---- */

static bool same_message(const struct irq *i, struct pci_function f, unsigned entry, bool x)
{
	return i->made && is_msi(i) && i->msi.function.segment == f.segment &&
	       i->msi.function.bus == f.bus && i->msi.function.devfn == f.devfn && i->msi.x == x &&
	       i->msi.entry == entry;
}

/* A free number for a message, or a negative errno; EBUSY when it is mapped already. */
static int find_free(struct pci_function f, unsigned entry, bool x)
{
	int found = -ENOSPC;

	for (unsigned n = NR_IRQS; n-- > ioapic_gsi_count();) {
		if (same_message(&irqs[n], f, entry, x))
			return fail(EBUSY);
		if (!irqs[n].made)
			found = (int)n;
	}
	return found;
}

int msi_map(unsigned segment, unsigned bus, unsigned devfn, unsigned entry, u64 table_base,
	unsigned count)
{
	struct pci_function f = { (u16)segment, (u8)bus, (u8)devfn };
	int n, rc;

	if (segment > 0xffff || bus > 0xff || devfn > 0xff || count != 1)
		return fail(EINVAL);
	spin_lock(&irq_lock);
	n = find_free(f, entry, table_base != 0);
	rc = n < 0 ? n : msi_open(&irqs[n].msi, f, entry, table_base);
	if (!rc) {
		irqs[n].made = true;
		irqs[n].level = irqs[n].active_low = irqs[n].bound = false;
		irqs[n].cpu = 0;
	} else if (n >= 0) {
		irqs[n].msi.capability = 0;
	}
	spin_unlock(&irq_lock);
	return rc ? rc : n;
}

void msi_unmap(unsigned irq)
{
	if (irq >= NR_IRQS)
		return;
	spin_lock(&irq_lock);
	if (irqs[irq].made && is_msi(&irqs[irq])) {
		unbind(irq);
		msi_close(&irqs[irq].msi);
		irqs[irq] = (struct irq){ 0 };
	}
	spin_unlock(&irq_lock);
}

int msix_prepare(unsigned segment, unsigned bus, unsigned devfn, bool release)
{
	struct pci_function f = { (u16)segment, (u8)bus, (u8)devfn };

	if (segment > 0xffff || bus > 0xff || devfn > 0xff)
		return fail(EINVAL);
	if (!pci_capability(f, 0x11))
		return fail(ENODEV);
	return 0; /* nothing is kept per function: each msi_map reads the capability itself */
}
