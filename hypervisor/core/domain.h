/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A domain: its identity, life, memory totals and the state that event channels, grants and the
 * console keep for it. What kind of machine it sees (pv, later svm) is behind d->ops, the only way
 * from core/ upwards.
 *
 * Life: create (paused, one controller pause) -> unpause -> ... -> shutdown (SHUTDOWN_*) -> kill:
 * dying, resources relinquished in bounded steps -> last reference: freed, domid free again.
 * domain_get/put count references; domain_find gives one.
 */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include <xen/xen.h>
#include <xen/domctl.h>

#include "lib/list.h"
#include "lib/lock.h"
#include "lib/rangeset.h"
#include "x86/machine.h"
#include "core/frame.h"

struct vcpu;
struct evtchn;
struct grant_table;
struct console_buffer;
struct hc_domain;
struct sched_share;

/* What a kind of guest provides. All are called with interrupts off; those marked [lock-free] hold
 * no lock. */
struct domain_ops {
	struct domain *(*domain_alloc)(void); /* zeroed, struct domain first; NULL: no memory */
	void (*domain_free)(struct domain *d);
	int (*domain_init)(struct domain *d, const struct xen_domctl_createdomain *config);
	int (*domain_relinquish)(
		struct domain *d); /* drop page tables, mappings; -ERESTART = more to do */
	void (*domain_destroy)(struct domain *d); /* last reference */
	struct vcpu *(*vcpu_alloc)(struct domain *d);
	int (*vcpu_init)(struct vcpu *v);
	void (*vcpu_destroy)(struct vcpu *v);
	void (*switch_from)(struct vcpu *v); /* save what the CPU holds of it (not the frame) */
	void (*switch_to)(struct vcpu *v);   /* load page table, descriptors, FPU, time */
	void (*exit_work)(struct vcpu *v,
		struct regs *regs);	     /* deliver pending traps and events into the frame */
	void (*time_update)(struct vcpu *v); /* write vcpu_time_info */
	/* Grant mapping: an entry for the frame where the guest said. *slot is where that was, not
	 * 0: the one entry that grant_unmap takes away again. GNTST_* */
	int (*grant_map)(struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame, u64 *slot);
	/* okay also when the guest took the entry away itself: the slot does not map the frame. */
	int (*grant_unmap)(
		struct vcpu *v, u64 host_addr, u32 gnt_flags, mfn_t frame, u64 new_addr, u64 slot);
	bool (*page_type_get)(
		struct page *p, bool writable); /* type reference for a grant or a copy */
	void (*page_type_put)(struct page *p, bool writable);
	void (*page_freed)(struct page *p); /* its last reference went: clear m2p */
	void (*vcpu_info_moved)(struct vcpu *v);
	void (*dump)(struct vcpu *v); /* registers and stack to the log, after a crash */
	/* Write to a kernel-space address of v, which is loaded, also while it runs user code;
	 * false: not mapped. NULL: guest_copy_out. */
	bool (*kernel_write)(struct vcpu *v, u64 va, const void *from, u64 bytes);
	void (*tlb_flush)(struct domain
			*d); /* forget d's translations on every CPU that may have some; waits */
};

enum domain_dying { DOMAIN_ALIVE, DOMAIN_DYING, DOMAIN_DEAD };

struct domain {
	u16 id;
	bool privileged; /* the control domain */
	bool is_idle;
	u8 dying; /* enum domain_dying */
	u32 refs;
	const struct domain_ops *ops;
	u8 handle[16];
	u32 ssidref;
	u32 create_flags; /* XEN_DOMCTL_CDF_* */

	/* vcpus: fixed at creation, an entry never goes before the domain does */
	struct vcpu **vcpu;
	unsigned max_vcpus;

	/* page_lock: */
	spinlock_t page_lock;
	u32 first_page, last_page; /* frame numbers, FRAME_NIL ends */
	u32 first_held, last_held; /* when dying: given up, but others hold references */
	u64 tot_pages, max_pages, heap_pages, outstanding_pages, shared_pages;

	/* shutdown_lock: */
	spinlock_t shutdown_lock;
	bool shutting_down, shut_down;
	u32 shutdown_code;

	u32 pause_count;	    /* atomic; > 0: no vcpu runs */
	u32 controller_pause_count; /* shutdown_lock: pauses asked by the control domain (domctl) */

	/* shared info page: ours, written by the guest too */
	struct shared_info *shared;
	unsigned long vm_assist;
	s64 time_offset_seconds;

	/* event_lock: core/event.c */
	spinlock_t event_lock;
	struct evtchn **ports; /* pages of struct evtchn, by port / EVTCHNS_PER_PAGE */
	unsigned port_limit;   /* ports that exist */
	unsigned max_port;     /* highest that may exist */
	u16 virq_global[24];
	u32 *pirq_port;	    /* irq -> port, NR_IRQS entries; NULL unless it may own interrupts */
	u64 *pirq_eoi_map;  /* guest's page of "needs EOI" bits, or NULL */
	bool pirq_eoi_auto; /* PHYSDEVOP_eoi also unmasks the port */
	u32 port_hint;	    /* no port below is free */
	u32 reset_port;	    /* progress of event_reset */
	u32 destroy_port;   /* and of event_destroy_step */
	u32 pollers;	    /* atomic: vcpus that have VCPU_POLLING */

	/* core/grant.c */
	struct grant_table *grants;

	/* core/console.c */
	struct console_buffer *console;

	/* rights of the control domain: */
	struct rangeset *io_ports, *io_mem, *irqs;

	/* sched */
	u16 sched_weight, sched_cap;
	struct sched_share *sched_shares; /* private to the policy */

	struct domain
		*next_dead; /* no references left; waits for every CPU to pass its exit loop */
	struct cpumask dead_wait;
	u64 log_tokens, log_refill; /* token bucket for messages that the guest causes (A20) */
	u64 created_at;
	int relinquish_stage;
	u32 killing; /* atomic: a CPU is in domain_kill */

	struct hc_domain *hc; /* owned by hc/: watchdogs, memory map; NULL until first asked for */
	void (*hc_free)(struct domain *d); /* set before hc; with the last reference */
};

/* For frames, which keep their owner alive: no reference. NULL if there is none. */
struct domain *domain_by_id(u16 id);

/* The idle domain owns the idle vcpus; dom0 is the control domain (NULL before it is built). */
extern struct domain *idle_domain;
extern struct domain *dom0;

/* Create with all max_vcpus slots empty. *out has one reference (the list's); paused once. EINVAL,
 * ENOMEM, EEXIST. */
must_check int domain_create(u16 id, const struct xen_domctl_createdomain *config,
	const struct domain_ops *ops, bool privileged, struct domain **out);
/* The first free domid for a new domain, or a negative errno. */
must_check int domain_free_id(void);
/* Mark dying and give everything back, in bounded steps: -ERESTART until it is done. */
must_check int domain_kill(struct domain *d);

void domains_init(void);		      /* boot; sched_init calls it */
struct domain *domain_find(u16 id);	      /* with a reference, or NULL; dying ones too */
struct domain *domain_find_next(u16 from);    /* lowest domid >= from, with a reference */
must_check bool domain_get(struct domain *d); /* false when the last reference is gone */
void domain_put(struct domain *d);

void domain_pause(struct domain *d); /* waits until no vcpu runs; not from one of its own vcpus */
void domain_pause_nosync(struct domain *d);
void domain_unpause(struct domain *d);
must_check int domain_pause_by_controller(struct domain *d);
must_check int domain_unpause_by_controller(struct domain *d);

/* The guest (or an error of its) ends its run: all vcpus stop, VIRQ_DOM_EXC tells the control
 * domain. */
void domain_shutdown(struct domain *d, u32 reason);
void domain_resume(struct domain *d); /* after SHUTDOWN_suspend */
/* The guest is beyond reply: log why, dump its vcpu, shut down with SHUTDOWN_crash. Does not return
 * control to the guest. */
void domain_crash_at(struct domain *d, const char *file, unsigned line, const char *fmt, ...)
	printf_like(4, 5);
#define domain_crash(d, ...) domain_crash_at((d), __FILE__, __LINE__, __VA_ARGS__)

void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info);

#define for_each_vcpu(d, v)                                          \
	for (unsigned fev_i_ = 0; fev_i_ < (d)->max_vcpus; fev_i_++) \
		if (((v) = READ_ONCE((d)->vcpu[fev_i_])) == NULL)    \
			continue;                                    \
		else

#endif
