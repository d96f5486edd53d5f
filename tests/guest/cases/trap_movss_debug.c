// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * #DB that would be taken in the hypervisor because of the guest (SECURITY C13: xsa-260, 265): a
 * data breakpoint on the operand of mov ss followed by a syscall, and a breakpoint on memory that
 * the hypervisor reads for the guest (a hypercall's argument), single-stepping into a hypercall.
 * The machine must survive and the hypercall work.
 */
#include "test.h"

TEST(trap_movss_debug, "breakpoints and single steps around hypercalls are harmless")
{
	static u16 selector;
	static struct xen_feature_info feature;
	long version = __HYPERVISOR_xen_version;
	int vector;

	selector = FLAT_KERNEL_SS;
	CHECK_EQ(HC(set_debugreg, 0, &selector), 0);
	CHECK_EQ(HC(set_debugreg, 7, 0x000f0001), 0);
	vector = TRAP(asm volatile("movw %1, %%ss; syscall"
				   : "+a"(version)
				   : "m"(selector), "D"(XENVER_version), "S"(0)
				   : "rcx", "r11", "memory"));
	fact("mov ss and syscall", "%s",
		vector == NO_TRAP || vector == TRAP_DB ? "survived" : "other");
	CHECK_EQ(HC(set_debugreg, 7, 0), 0);

	feature.submap_idx = 0;
	CHECK_EQ(HC(set_debugreg, 0, &feature), 0);
	CHECK_EQ(HC(set_debugreg, 7, 0x000f0001), 0);
	vector = TRAP(version = HC(xen_version, XENVER_get_features, &feature));
	CHECK_EQ(HC(set_debugreg, 7, 0), 0);
	CHECK_EQ(HC(set_debugreg, 0, 0), 0);
	CHECK_EQ(HC(xen_version, XENVER_get_features, &feature), 0);

	version = __HYPERVISOR_xen_version;
	vector = TRAP(asm volatile("pushfq; orq $0x100, (%%rsp); popfq; syscall; nop"
				   : "+a"(version)
				   : "D"(XENVER_version), "S"(0)
				   : "rcx", "r11", "memory"));
	fact("single step over a hypercall", "%s", trap_name(vector));
	CHECK_EQ(HC(set_debugreg, 6, 0), 0);
}
