// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Arguments at addresses that the guest may not use (SECURITY C10): unmapped, in the hypervisor's
 * range, non-canonical, read-only for results, straddling into nothing. All give EFAULT (or, for
 * reservations, a count of nothing done) and none changes anything.
 */
#include "test.h"

static u64 edge;

static void each(const char *what, unsigned int number, u64 a1, int argument)
{
	const u64 bad[] = { UNMAPPED, HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_START + 0x100000000,
		HYPERVISOR_VIRT_END - 4, NON_CANONICAL, ~0ul, edge - 4 };

	long error[ARRAY_SIZE(bad)];

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		u64 a[3] = { a1, argument == 2 ? 64 : bad[i], argument == 2 ? bad[i] : 1 };

		if (argument == 0) {
			a[0] = bad[i];
			a[1] = a1;
			a[2] = 0;
		}
		*(u32 *)(edge - 4) = 0; /* not what an earlier call left there */
		error[i] = hypercall5(number, a[0], a[1], a[2], DOMID_SELF, 0);
		CHECK(error[i] <= 0);
	}
	fact("call", "%s: %ld %ld %ld %ld %ld %ld %ld", what, error[0], error[1], error[2],
		error[3], error[4], error[5], error[6]);
}

TEST(hypercall_pointers, "bad pointers give EFAULT in every hypercall that takes one")
{
	u8 *pages = pages_alloc(2);

	edge = (u64)pages + PAGE_SIZE;
	CHECK_EQ(va_write((void *)edge, 0), 0);
	each("version extraversion", __HYPERVISOR_xen_version, XENVER_extraversion, 1);
	each("version features", __HYPERVISOR_xen_version, XENVER_get_features, 1);
	each("event status", __HYPERVISOR_event_channel_op, EVTCHNOP_status, 1);
	each("event alloc", __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, 1);
	each("memory map", __HYPERVISOR_memory_op, XENMEM_memory_map, 1);
	each("memory decrease", __HYPERVISOR_memory_op, XENMEM_decrease_reservation, 1);
	each("grant setup", __HYPERVISOR_grant_table_op, GNTTABOP_setup_table, 1);
	each("callback", __HYPERVISOR_callback_op, CALLBACKOP_register, 1);
	each("physdev", __HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, 1);
	each("mmu_update", __HYPERVISOR_mmu_update, 1, 0);
	each("mmuext_op", __HYPERVISOR_mmuext_op, 1, 0);
	each("trap table", __HYPERVISOR_set_trap_table, 0, 0);
	each("multicall", __HYPERVISOR_multicall, 1, 0);
	each("domctl", __HYPERVISOR_domctl, 0, 0);
	each("sysctl", __HYPERVISOR_sysctl, 0, 0);
	each("platform", __HYPERVISOR_platform_op, 0, 0);
	each("console write", __HYPERVISOR_console_io, CONSOLEIO_write, 2);
	CHECK_EQ(page_set_flags((void *)edge, PTE_RO), 0);
	fact("result to a read-only page", "%ld", HC(xen_version, XENVER_extraversion, edge));
	CHECK_EQ(*(u64 *)edge, 0);
}
