/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the stubs of pv/ and x86/ remember, for tests of hc/. */
#ifndef HC_PV_STUBS_H
#define HC_PV_STUBS_H

#include <stdint.h>

#define M2P_NONE (~0ull)

extern uint64_t stub_m2p[];	 /* by frame */
extern long stub_answer;	 /* what the next calls of pv/ answer */
extern unsigned stub_calls;	 /* how many there were */
extern unsigned stub_restart_at; /* the call with this number answers -ERESTART once; 0 none */
void stub_reset(void);
void stub_ops_init(void);				  /* before the first stub_domain */
struct domain *stub_domain(uint16_t id, bool privileged); /* two vcpus, paused */

#endif
