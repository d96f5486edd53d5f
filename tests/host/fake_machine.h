/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine of the host tests: some CPUs, of which the test runs one at a time, a virtual clock,
 * RAM that is an array. Include this first: it brings cmocka before the hypervisor's headers, whose
 * names overlap.
 */
#ifndef FAKE_MACHINE_H
#define FAKE_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#undef fail

#include "core/domain.h"
#include "core/vcpu.h"

#define FAKE_OUTSIDE                                                                             \
	(FAKE_CPUS - 1) /* where the test itself acts: a CPU that runs no vcpu and is not online \
			 */
#define FAKE_FRAMES 32768u /* 128 MiB of RAM; frames from 1 << 20 on would be "high" */

/* Boot the fake machine as main.c does: cpus CPUs, `frames` free frames from frame 256 on. Once a
 * process. */
void fake_boot(unsigned cpus, unsigned frames);

extern u64 fake_time;
extern void (*fake_in_flush)(void); /* what other CPUs do while tlb_flush_since waits for them */
extern void (*fake_relax)(void); /* called once by the next wait, in place of running the others */
extern unsigned fake_kicks[FAKE_CPUS], fake_flushes, fake_fail_irq_bind;
extern char fake_console[65536];
extern size_t fake_console_length;
extern bool fake_irq_bound[1024], fake_irq_level[1024];
extern unsigned fake_irq_eois[1024];

/* Let CPU `cpu` go on to its guest or its idle loop: softirqs, switches and exit work until nothing
 * is left. */
void fake_run(unsigned cpu);
/* All CPUs, until nothing is pending anywhere. */
void fake_settle(void);
/* Move the clock to `to`, with every timer on the way fired on its CPU at its time. */
void fake_advance(u64 to);
/* Run fn as CPU `cpu` would inside the hypervisor, then fake_settle(). */
void fake_on(unsigned cpu, void (*fn)(void *), void *arg);

/* ---- a kind of domain for tests ---- */

struct fake_vcpu {
	struct vcpu v;
	unsigned exits, switches_in;
	u64 runstate_area[6];
};

extern const struct domain_ops fake_ops;
extern unsigned fake_domains_alive, fake_page_frees;
extern void (*fake_hook)(void); /* called once inside grant_map, grant_unmap or page_type_get */
/* A domain with that many vcpus, up and runnable, its shared info page in place, paused once when
 * `paused`. */
struct domain *fake_domain(u16 id, unsigned vcpus, bool paused);
/* domain_kill until it is done, then let it vanish. */
void fake_kill(struct domain *d);
bool fake_runs(const struct vcpu *v); /* is the current vcpu of some CPU */

#endif
