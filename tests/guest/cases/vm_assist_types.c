// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vm_assist: the types a 64-bit PV guest may switch, unknown ones and commands are refused.
 * architectural_iopl makes the frame's IOPL the virtual one (PV-ABI fact 3), set through
 * PHYSDEVOP_set_iopl.
 */
#include "test.h"

TEST(vm_assist_types, "vm_assist types and the virtual IOPL in frames")
{
	struct physdev_set_iopl iopl = { 1 };

	static const u32 types[] = { 0, 1, 2, 3, 4, 5, 6, 7, 31, 32, 33, 63, 64, 0xffffffff };

	for (unsigned int i = 0; i < ARRAY_SIZE(types); i++) {
		long enable = HC(vm_assist, VMASST_CMD_enable, types[i]);

		fact("type", "%u: enable %ld, disable %ld", types[i], enable,
			HC(vm_assist, VMASST_CMD_disable, types[i]));
	}
	fact("command 2", "%ld", HC(vm_assist, 2, 0));

	CHECK_EQ(HC(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
	CHECK_EQ(TRAP(asm volatile("ud2")), TRAP_UD);
	fact("IOPL in the frame, assist off", "%lx", caught()->rflags & FLAG_IOPL);
	CHECK_EQ(HC(vm_assist, VMASST_CMD_enable, VMASST_TYPE_architectural_iopl), 0);
	CHECK_EQ(TRAP(asm volatile("ud2")), TRAP_UD);
	fact("IOPL in the frame, assist on", "%lx", caught()->rflags & FLAG_IOPL);
	CHECK_EQ(HC(vm_assist, VMASST_CMD_disable, VMASST_TYPE_architectural_iopl), 0);
	iopl.iopl = 4;
	fact("IOPL 4", "%ld", HC(physdev_op, PHYSDEVOP_set_iopl, &iopl));
	iopl.iopl = 0;
	CHECK_EQ(HC(physdev_op, PHYSDEVOP_set_iopl, &iopl), 0);
}
