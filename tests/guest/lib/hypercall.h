/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hypercalls: SYSCALL in kernel mode with the number in rax and up to five arguments in rdi, rsi,
 * rdx, r10, r8. Tests call HC(name, arguments...) with the public headers' own structures, so what
 * is on the page is what is on the wire. The result is the raw 64-bit rax: an error is a small
 * negative number (names in <xen/errno.h>: XEN_EINVAL ...).
 */
#ifndef PVT_HYPERCALL_H
#define PVT_HYPERCALL_H

#include "base.h"

#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define XEN_ERRNO(name, value) XEN_##name = value,
enum xen_errno {
#include <xen/errno.h>
};

static inline long hypercall5(unsigned int number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
	register u64 r10 asm("r10") = a4;
	register u64 r8 asm("r8") = a5;
	long result = number;

	asm volatile("syscall"
		     : "+a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10), "+r"(r8)
		     :
		     : "rcx", "r11", "memory");
	return result;
}

#define HC_PADDED(number, a, b, c, d, e, ...) \
	hypercall5(number, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e))
#define HC(name, ...) HC_PADDED(__HYPERVISOR_##name, ##__VA_ARGS__, 0, 0, 0, 0, 0)

#endif
