// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * getvcpucontext of a paused child shows the registers it runs with, setvcpucontext changes them;
 * pause counts nest; getvcpuinfo, max_vcpus and getdomaininfo agree. Operations on a vcpu or domain
 * that does not exist say so.
 */
#include "test.h"

static void body(void)
{
	child_report->word[0] = 1;
	asm volatile(
		"movq $0x1234567, %%r15\n1: pause; cmpq $0x7654321, %%r14; jne 1b; movq %%r15, %0"
		: "=m"(child_report->word[1])
		:
		: "r14", "r15", "memory");
	child_report->word[0] = 2;
}

static struct child *child;

static long simple(u32 command)
{
	struct xen_domctl d = child_domctl(child, command);

	return HC(domctl, &d);
}

static long context(u32 command, u32 vcpu, struct vcpu_guest_context *c)
{
	struct xen_domctl d = child_domctl(child, command);

	d.u.vcpucontext.vcpu = vcpu;
	set_xen_guest_handle(d.u.vcpucontext.ctxt, c);
	return HC(domctl, &d);
}

static void refusals(struct vcpu_guest_context *c)
{
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_getdomaininfo);

	fact("context of vcpu 1", "%ld", context(XEN_DOMCTL_getvcpucontext, 1, c));
	fact("context of vcpu 99", "%ld", context(XEN_DOMCTL_getvcpucontext, 99, c));
	fact("context to nowhere", "%ld", context(XEN_DOMCTL_getvcpucontext, 0, (void *)UNMAPPED));
	d.domain = 999;
	fact("pause of nobody", "%ld", (d.cmd = XEN_DOMCTL_pausedomain, HC(domctl, &d)));
	d.domain = 0;
	fact("pause of oneself", "%ld", HC(domctl, &d));
	fact("destroy of oneself", "%ld", (d.cmd = XEN_DOMCTL_destroydomain, HC(domctl, &d)));
	d = child_domctl(child, 9999);
	fact("unknown command", "%ld", HC(domctl, &d));
	d = child_domctl(child, XEN_DOMCTL_getdomaininfo);
	d.interface_version = 0x14;
	fact("interface 0x14", "%ld", HC(domctl, &d));
}

TEST(domctl_context, "reading and changing a child's registers, pausing")
{
	static struct vcpu_guest_context c;
	struct xen_domctl d;

	child = child_create(body);
	fact("unpause, unpause", "%ld %ld", simple(XEN_DOMCTL_unpausedomain),
		simple(XEN_DOMCTL_unpausedomain));
	CHECK(child_wait_word(child, 0, 1, 5));
	sleep_ms(5);
	CHECK_EQ(simple(XEN_DOMCTL_pausedomain), 0);
	fact("paused again", "%ld", simple(XEN_DOMCTL_pausedomain));
	CHECK_EQ(context(XEN_DOMCTL_getvcpucontext, 0, &c), 0);
	CHECK_EQ(c.user_regs.r15, 0x1234567);
	fact("cs ss", "%x %x", c.user_regs.cs, c.user_regs.ss);
	fact("flags", "%lx", c.flags);
	fact("gdt, ldt entries", "%lu %lu", c.gdt_ents, c.ldt_ents);
	fact("cr3 is a frame of its own", "%d",
		xen_cr3_to_pfn(c.ctrlreg[3]) == child->mfn[child->l4_pfn]);
	CHECK_EQ(c.trap_ctxt[TRAP_PF].address, (u64)trap_entries + 16 * TRAP_PF);
	CHECK_EQ(c.event_callback_eip, (u64)event_entry);
	d = child_domctl(child, XEN_DOMCTL_getdomaininfo);
	CHECK_EQ(HC(domctl, &d), 0);
	fact("info", "flags %x, pages %lu, max vcpu %u, online %u", d.u.getdomaininfo.flags,
		(u64)d.u.getdomaininfo.tot_pages, d.u.getdomaininfo.max_vcpu_id,
		d.u.getdomaininfo.nr_online_vcpus);
	c.user_regs.r14 = 0x7654321;
	c.user_regs.r15 = 0x89;
	CHECK_EQ(context(XEN_DOMCTL_setvcpucontext, 0, &c), 0);
	refusals(&c);
	CHECK_EQ(simple(XEN_DOMCTL_unpausedomain), 0);
	CHECK_EQ(simple(XEN_DOMCTL_unpausedomain), 0);
	CHECK(child_wait_word(child, 0, 2, 5));
	CHECK_EQ(child->report->word[1], 0x89);
}
