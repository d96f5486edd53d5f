/* SPDX-License-Identifier: GPL-2.0-or-later */
/* irq.c on fake IO-APICs and devices: who may bind what, vectors, when a level-triggered line is
 * masked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#undef fail

#include "lib/cpumask.h"
#include "x86/acpi.h"
#include "x86/apic.h"
#include "x86/interrupt.h"
#include "x86/ioapic.h"
#include "x86/irq.h"
#include "x86/msi.h"
#include "x86/trap.h"
#include "x86/upcalls.h"
#include "x86_fakes.h"

#define LINES 24

struct acpi_info acpi_info;
struct cpumask cpu_online_map = { { 3 } };
static struct {
	u8 vector;
	u32 apic_id;
	bool level, low, masked;
} line[LINES];
static unsigned arrived, arrived_irq, eois, own_calls;
static u8 msi_vector;

void ioapic_init(void)
{
	for (unsigned i = 0; i < LINES; i++)
		line[i].masked = true;
}

unsigned ioapic_gsi_count(void)
{
	return LINES;
}

bool ioapic_has_gsi(unsigned gsi)
{
	return gsi < LINES;
}

void ioapic_route(unsigned gsi, u8 vector, u32 apic_id, bool level, bool active_low, bool masked)
{
	line[gsi].vector = vector;
	line[gsi].apic_id = apic_id;
	line[gsi].level = level;
	line[gsi].low = active_low;
	line[gsi].masked = masked;
}

void ioapic_mask(unsigned gsi, bool masked)
{
	line[gsi].masked = masked;
}

static jmp_buf waited;

static void relax(void)
{
	longjmp(waited, 1);
}

/* The register's number is written first: nobody may come in between, which would wait for a lock.
 */
int ioapic_read(u64 physbase, u32 reg, u32 *value)
{
	fake_relax = relax;
	*value = 0;
	if (setjmp(waited))
		*value = reg;
	else
		irq_unbind(3);
	fake_relax = NULL;
	return physbase ? 0 : -EINVAL;
}

u32 apic_id_of(unsigned cpu)
{
	return cpu * 2;
}

void apic_eoi(void)
{
	eois++;
}

u8 pci_capability(struct pci_function f, u8 id)
{
	return f.bus == 0 ? 0x50 : 0;
}

int msi_open(struct msi *m, struct pci_function f, unsigned entry, u64 table_base)
{
	*m = (struct msi){ .function = f,
		.capability = pci_capability(f, 5),
		.x = table_base,
		.entry = (u16)entry };
	return m->capability ? 0 : -ENODEV;
}

void msi_close(struct msi *m)
{
}

void msi_program(const struct msi *m, u8 vector, u32 apic_id)
{
	msi_vector = vector;
}

void msi_disable(const struct msi *m)
{
	msi_vector = 0;
}

void upcall_irq(unsigned irq)
{
	arrived++;
	arrived_irq = irq;
}

static void own_handler(void)
{
	own_calls++;
}

static int setup(void **state)
{
	for (unsigned i = 0; i < 16; i++)
		acpi_info.isa[i].gsi = i;
	acpi_info.isa[0].gsi = 2;
	acpi_info.isa[9].level = true;
	interrupt_init();
	return 0;
}

static void test_edge(void **state)
{
	arrived = eois = 0;
	assert_int_equal(irq_bind(4), 0);
	assert_false(line[4].level);
	assert_false(line[4].masked);
	assert_int_equal(irq_bind(4), -EBUSY);
	interrupt_device(line[4].vector);
	assert_int_equal(arrived_irq, 4);
	assert_int_equal(eois, 1);
	assert_false(line[4].masked);
	irq_unbind(4);
	assert_true(line[4].masked);
	interrupt_device(line[4].vector); /* it was on its way */
	assert_int_equal(arrived, 1);
	assert_int_equal(eois, 2);
}

static void test_level(void **state)
{
	assert_int_equal(irq_setup_gsi(17, true, true), 0);
	assert_int_equal(irq_bind(17), 0);
	assert_true(irq_needs_eoi(17));
	assert_true(line[17].level && line[17].low);
	interrupt_device(line[17].vector);
	assert_true(line[17].masked);
	irq_set_affinity(17, 1); /* while it waits: moves, stays masked */
	assert_int_equal(line[17].apic_id, 2);
	assert_true(line[17].masked);
	irq_eoi(17);
	assert_false(line[17].masked);
	assert_int_equal(irq_setup_gsi(17, false, true), -EBUSY);
	irq_set_affinity(17, 9); /* not online: ignored */
	assert_int_equal(line[17].apic_id, 2);
	irq_unbind(17);
}

static void test_bad_numbers(void **state)
{
	assert_int_equal(irq_bind(LINES), -EINVAL);
	assert_int_equal(irq_bind(NR_IRQS), -EINVAL);
	assert_int_equal(irq_bind(~0u), -EINVAL);
	assert_int_equal(irq_setup_gsi(~0u, true, true), -EINVAL);
	assert_int_equal(msi_map(0, 256, 0, 0, 0, 1), -EINVAL);
	assert_int_equal(msi_map(0, 0, 0, 0, 0, 2), -EINVAL);
	assert_int_equal(msi_map(0, 1, 0, 0, 0, 1), -ENODEV);
	irq_eoi(~0u);
	irq_unbind(~0u);
	msi_unmap(~0u);
	assert_false(irq_needs_eoi(~0u));
}

static void test_msi(void **state)
{
	int n = msi_map(0, 0, 8, 0, 0, 1);

	assert_in_range(n, LINES, NR_IRQS - 1);
	assert_int_equal(msi_map(0, 0, 8, 0, 0, 1), -EBUSY);
	assert_int_equal(irq_bind((unsigned)n), 0);
	assert_int_not_equal(msi_vector, 0);
	interrupt_device(msi_vector);
	assert_int_equal(arrived_irq, n);
	assert_false(irq_needs_eoi((unsigned)n));
	msi_unmap((unsigned)n);
	assert_int_equal(msi_vector, 0);
	assert_int_equal(irq_bind((unsigned)n), -EINVAL);
	assert_int_equal(msi_map(0, 0, 8, 0, 0, 1), n);
	msi_unmap((unsigned)n);
}

static void test_own(void **state)
{
	assert_int_equal(interrupt_own_isa(3, own_handler), 0);
	assert_int_equal(irq_bind(3), -EBUSY);
	interrupt_device(line[3].vector);
	assert_int_equal(own_calls, 1);
	irq_unbind(3); /* not the guest's to unbind */
	interrupt_device(line[3].vector);
	assert_int_equal(own_calls, 2);
}

/* Every vector can be had, each once; then ENOSPC, and what is given back is found again. */
static void test_vectors_run_out(void **state)
{
	bool used[256] = { false };
	int irqs[256];
	unsigned count = 0;

	for (unsigned entry = 0; count < 256; entry++, count++) {
		irqs[count] = msi_map(0, 0, 16, entry, 1, 1);
		assert_true(irqs[count] >= 0);
		if (irq_bind((unsigned)irqs[count]))
			break;
		assert_false(used[msi_vector]);
		assert_in_range(msi_vector, VECTOR_FIRST_DEVICE, VECTOR_LAST_DEVICE);
		used[msi_vector] = true;
	}
	assert_int_equal(irq_bind((unsigned)irqs[count]), -ENOSPC);
	assert_int_equal(count,
		VECTOR_LAST_DEVICE - VECTOR_FIRST_DEVICE + 1 - 1); /* one is the serial port's */
	msi_unmap((unsigned)irqs[7]);
	assert_int_equal(irq_bind((unsigned)irqs[count]), 0);
	for (unsigned i = 0; i <= count; i++)
		msi_unmap((unsigned)irqs[i]);
}

static void test_register_read_is_alone(void **state)
{
	u32 value = 0;

	assert_int_equal(ioapic_guest_read(0xfec00000, 0x12, &value), 0);
	assert_int_equal(value, 0x12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edge), cmocka_unit_test(test_level),
		cmocka_unit_test(test_bad_numbers), cmocka_unit_test(test_msi),
		cmocka_unit_test(test_own), cmocka_unit_test(test_vectors_run_out),
		cmocka_unit_test(test_register_read_is_alone), /* last: the lock stays taken */
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
