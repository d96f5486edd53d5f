// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vcpu_op (<xen/vcpu.h>): initialise returns EEXIST the second time (xsa-296), down and up go
 * round, is_up tells, unknown vcpus are ENOENT. A context with a bad page table or a GDT that does
 * not validate leaves the vcpu uninitialised.
 */
#include "test.h"

static volatile u32 runs;

static void body(void *argument)
{
	runs++;
	CHECK_EQ((u64)argument, 0x1234);
	CHECK_EQ(vcpu_self()->id, 1);
}

CHILD_TEST(vcpu_ops, "initialise, up, down, is_up")
{
	static struct vcpu_guest_context context;

	fact("is_up 0, 1, 99", "%ld %ld %ld", HC(vcpu_op, VCPUOP_is_up, 0, NULL),
		HC(vcpu_op, VCPUOP_is_up, 1, NULL), HC(vcpu_op, VCPUOP_is_up, 99, NULL));
	fact("up before initialise", "%ld", HC(vcpu_op, VCPUOP_up, 1, NULL));
	fact("initialise oneself", "%ld", HC(vcpu_op, VCPUOP_initialise, 0, &context));
	fact("initialise, bad pointer", "%ld", HC(vcpu_op, VCPUOP_initialise, 1, UNMAPPED));
	vcpu_context(&context, 1, body, (void *)0x1234);
	context.ctrlreg[3] = xen_pfn_to_cr3(virt_to_mfn(page_alloc()));
	fact("initialise, data page as L4", "%ld", HC(vcpu_op, VCPUOP_initialise, 1, &context));
	context.ctrlreg[3] = 0;
	fact("initialise, L4 at frame 0", "%ld", HC(vcpu_op, VCPUOP_initialise, 1, &context));
	vcpu_context(&context, 1, body, (void *)0x1234);
	context.gdt_ents = 512;
	context.gdt_frames[0] = virt_to_mfn(page_alloc());
	fact("initialise, writable GDT", "%ld", HC(vcpu_op, VCPUOP_initialise, 1, &context));
	vcpu_context(&context, 1, body, (void *)0x1234);
	CHECK_EQ(HC(vcpu_op, VCPUOP_initialise, 1, &context), 0);
	fact("initialise twice", "%ld", HC(vcpu_op, VCPUOP_initialise, 1, &context));
	CHECK_EQ(HC(vcpu_op, VCPUOP_initialise, 1, &context), -XEN_EEXIST);
	CHECK_EQ(HC(vcpu_op, VCPUOP_up, 1, NULL), 0);
	CHECK(vcpu_wait(1, 5));
	CHECK_EQ(runs, 1);
	fact("is_up after down", "%ld", HC(vcpu_op, VCPUOP_is_up, 1, NULL));
	fact("initialise after down", "%ld", HC(vcpu_op, VCPUOP_initialise, 1, &context));
	fact("up, up", "%ld", HC(vcpu_op, VCPUOP_up, 1, NULL));
	fact("down", "%ld", HC(vcpu_op, VCPUOP_down, 1, NULL));
	fact("unknown operation", "%ld", HC(vcpu_op, 99, 0, NULL));
	fact("unknown vcpu", "%ld", HC(vcpu_op, VCPUOP_up, 99, NULL));
	fact("vcpu 2^32-1", "%ld", HC(vcpu_op, VCPUOP_up, ~0u, NULL));
	fact("send_nmi", "%ld", HC(vcpu_op, VCPUOP_send_nmi, 99, NULL));
}
