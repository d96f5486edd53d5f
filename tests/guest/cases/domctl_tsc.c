// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * XEN_DOMCTL_settscinfo (<xen/domctl.h>): with an emulated TSC a domain's RDTSC, of its kernel and
 * its user code, counts from the domain's start at the frequency that was set, and so does the
 * clock of vcpu_time_info; CR4.TSD stays the guest kernel's own. gettscinfo tells the mode.
 */
#include "test.h"

#define CR4_TSD (1ul << 2)

USER_CODE(tsc_user, "rdtsc; shlq $32, %rdx; orq %rax, %rdx; int3");
USER_CODE(tsc_user_aux, "rdtscp; shlq $32, %rdx; orq %rax, %rdx; int3");

static u64 user_rdtsc(const void *code)
{
	struct user_regs regs = user_regs(code);

	CHECK_EQ(TRAP(user_enter(&regs)), TRAP_BP);
	upcalls_disable();
	return caught()->rdx;
}

static void body(void)
{
	u64 tsc = rdtsc(), time = system_time(), last = tsc, cr4;
	struct user_regs regs;

	CHECK(tsc < 600000000000ul); /* it is no ten minutes old */
	for (int i = 0; i < 100; i++) {
		u64 now = i % 3 == 0   ? user_rdtsc(tsc_user)
			  : i % 3 == 1 ? user_rdtsc(tsc_user_aux)
				       : rdtsc();

		CHECK(now >= last);
		last = now;
	}
	sleep_ms(50);
	last = rdtsc() - tsc;
	time = system_time() - time;
	CHECK(time > 40000000ul);
	CHECK(last > time - time / 20 && last < time + time / 20); /* at 1 GHz */

	asm volatile("movq %%cr4, %0" : "=r"(cr4));
	fact("TSD", "%lx", cr4 & CR4_TSD);
	CHECK_EQ(cr4 & CR4_TSD, 0);
	asm volatile("movq %0, %%cr4" ::"r"(cr4 | CR4_TSD));
	regs = user_regs(tsc_user);
	fact("user mode with TSD", "%s", trap_name(TRAP(user_enter(&regs))));
	upcalls_disable();
	asm volatile("movq %0, %%cr4" ::"r"(cr4));
}

TEST(domctl_tsc, "tsc_mode: an emulated TSC")
{
	struct child *child = child_create(body);
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_settscinfo);

	d.u.tsc_info.tsc_mode = 1;
	d.u.tsc_info.gtsc_khz = 1000000;
	CHECK_EQ(HC(domctl, &d), 0);
	d.u.tsc_info = (struct xen_domctl_tsc_info){ .tsc_mode = 77 };
	fact("mode 77", "%ld", HC(domctl, &d));
	d = child_domctl(child, XEN_DOMCTL_gettscinfo);
	CHECK_EQ(HC(domctl, &d), 0);
	fact("mode, kHz, incarnation", "%u %u %u", d.u.tsc_info.tsc_mode, d.u.tsc_info.gtsc_khz,
		d.u.tsc_info.incarnation);
	CHECK_EQ(d.u.tsc_info.tsc_mode, 1);
	child_unpause(child);
	CHECK_EQ(child_wait(child, 10), SHUTDOWN_poweroff);
	CHECK(child_print(child));
	d = child_domctl(child, XEN_DOMCTL_settscinfo);
	d.u.tsc_info.tsc_mode = 2;
	fact("native", "%ld", HC(domctl, &d));
	d = child_domctl(child, XEN_DOMCTL_gettscinfo);
	CHECK_EQ(HC(domctl, &d), 0);
	fact("mode, kHz, ns", "%u %u %lu", d.u.tsc_info.tsc_mode, d.u.tsc_info.gtsc_khz,
		(u64)d.u.tsc_info.elapsed_nsec);
	d.domain = 0;
	d.cmd = XEN_DOMCTL_settscinfo;
	fact("our own", "%ld", HC(domctl, &d));
}
