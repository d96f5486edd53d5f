/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * x87, SSE and extended state, switched eagerly. An area is xstate_size() bytes, 64-byte aligned,
 * in XSAVE's standard format (FXSAVE's where the CPU has no XSAVE). xcr0 is the guest's own; state
 * that it has not enabled is initialised on load, so nothing of another guest stays in the
 * registers.
 */
#ifndef X86_XSTATE_H
#define X86_XSTATE_H

#include "lib/base.h"

size_t xstate_size(void);
u64 xstate_features(void);	  /* XCR0 bits that a guest may set; 0: no XSAVE */
bool xstate_xcr0_valid(u64 xcr0); /* would XSETBV take it, and do we offer it? */
u32 xstate_size_of(u64 xcr0);	  /* bytes of the standard format for these bits: CPUID leaf 0xd */
void xstate_init(void *area);	  /* the state after reset: FCW 0x37f, MXCSR 0x1f80 */
void xstate_save(void *area);	  /* of this CPU */
void xstate_load(const void *area, u64 xcr0);
void xcr0_set(u64 xcr0); /* the running guest executed XSETBV; valid value */

void xstate_cpu_init(void); /* boot: every CPU */

#endif
