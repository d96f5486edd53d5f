/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual CPU: what the scheduler, timers and events need of it. The kind's own part (pv) embeds
 * this struct as its first member.
 *
 * A vcpu runs when flags has no VCPU_BLOCKED|VCPU_DOWN bit, pause_count is 0 and its domain's is 0.
 * Wake-ups set state first, then call vcpu_wake; sleeping re-checks under the CPU's scheduler lock,
 * so none is lost.
 */
#ifndef CORE_VCPU_H
#define CORE_VCPU_H

#include <xen/vcpu.h>

#include "core/domain.h"
#include "core/timer.h"

#define VCPU_DOWN    1 /* not brought up, or taken down by VCPUOP_down */
#define VCPU_BLOCKED 2 /* SCHEDOP_block */
#define VCPU_POLLING 4 /* SCHEDOP_poll: any event on its ports wakes it, see poll_port */

struct vcpu {
	struct domain *domain;
	u32 id;
	u32 processor;	  /* sched lock of that CPU: where it runs or is queued */
	u32 flags;	  /* atomic VCPU_* */
	u32 pause_count;  /* atomic */
	bool initialised; /* has a context */
	bool running;	  /* on a CPU, or its state still is there */
	bool fpu_dirty;
	u32 processor_last;

	/* events: the area may be in the shared info page or where VCPUOP_register_vcpu_info put it
	 */
	struct vcpu_info *info;	   /* our mapping; never NULL once initialised */
	struct vcpu_info own_info; /* where it is that has no room in the shared info page */
	mfn_t info_frame;	   /* INVALID_MFN_RAW: in the shared info page */
	s32 poll_port;		   /* -1: several */
	u16 virq_port[24];	   /* event_lock */
	spinlock_t virq_lock;

	/* sched lock of v->processor: */
	struct vcpu_runstate_info runstate;
	u64 runstate_addr;	   /* guest virtual address to copy it to, 0 none */
	struct cpumask hard, soft; /* affinities */
	bool affinity_broken;
	struct list run_queue;
	u64 sched[16]; /* private to the policy */

	/* timers: own CPU only */
	u64 periodic_period, periodic_last;
	struct timer periodic_timer, singleshot_timer, poll_timer;

	u64 time_area_addr; /* VCPUOP_register_vcpu_time_memory_area */
	struct regs regs;   /* when it does not run; the stack top's frame is the live copy */
	u64 restart_count;  /* trace */
};

must_check int vcpu_create(struct domain *d, unsigned id); /* EINVAL, EEXIST, ENOMEM */
void vcpu_free(struct vcpu *v); /* core/domain.c, when no reference to the domain is left */
void vcpu_drop_info(
	struct vcpu *v); /* of a dying domain: let go of the page where its vcpu_info is */
struct vcpu *vcpu_of(struct domain *d, unsigned id); /* NULL if there is none */
void vcpu_wake(struct vcpu *v);			     /* conditions changed: run it if it now may */
void vcpu_sleep(struct vcpu *v);		     /* stop it soon */
void vcpu_pause(struct vcpu *v); /* stop it and wait until it stopped; not on itself */
void vcpu_pause_nosync(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
bool vcpu_runnable(const struct vcpu *v);
/* Deliver "look at your events": set pending, wake, kick its CPU if it runs elsewhere. */
void vcpu_mark_events_pending(struct vcpu *v);
void vcpu_kick(struct vcpu *v);
static inline bool vcpu_events_to_deliver(const struct vcpu *v) /* pending and not masked */
{
	return READ_ONCE(v->info->evtchn_upcall_pending) && !READ_ONCE(v->info->evtchn_upcall_mask);
}
void vcpu_block(void); /* the current one: clear the mask, block unless events are pending */
must_check int vcpu_poll(const u32 *ports, unsigned count,
	u64 timeout); /* current; timeout is system time, 0 none */
/* A port of v's domain became pending: end v's poll if it waits for it. */
void vcpu_poll_wake(struct vcpu *v, u32 port);
void vcpu_yield(void);
must_check int vcpu_set_periodic(struct vcpu *v, u64 period_ns);     /* 0 stops it */
must_check int vcpu_set_singleshot(struct vcpu *v, u64 system_time); /* in the past: at once */
void vcpu_periodic_resume(struct vcpu *v); /* sched.c: it runs again; only needed with a period */
void vcpu_periodic_suspend(struct vcpu *v);
void vcpu_stop_singleshot(struct vcpu *v);
void vcpu_stop_timers(struct vcpu *v);
void vcpu_runstate_get(struct vcpu *v, struct vcpu_runstate_info *out);
void vcpu_runstate_publish(struct vcpu *v); /* to its registered area; v is loaded here */
u64 vcpu_cpu_time(struct vcpu *v);	    /* ns run */
must_check int vcpu_set_affinity(
	struct vcpu *v, const struct cpumask *hard, const struct cpumask *soft);
/* VCPUOP_register_vcpu_info: move the area to offset in a frame of v's domain. EINVAL, ENXIO: bad
 * offset */
must_check int vcpu_place_info(struct vcpu *v, gfn_t frame, u32 offset);

#endif
