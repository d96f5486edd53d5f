/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domains: the table by domid, references, pausing, shutdown, and the last steps of a life.
 * The table is two-level and grows only; a slot holds a domain from its creation until after its
 * last reference is gone and every CPU passed its exit loop since (dead_wait), so code that runs
 * without a reference between two exit loops may look through a slot. Locks: domain_list_lock
 * (table, dead list), d->shutdown_lock.
 */
#include <xen/event_channel.h>
#include <xen/sched.h>

#include "core/console.h"
#include "core/crash.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/log.h"
#include "core/page.h"
#include "core/sched.h"
#include "core/softirq.h"
#include "core/trace.h"
#include "lib/cmdline.h"
#include "lib/check.h"
#include "lib/fmt.h"
#include "lib/string.h"

#define LEAF_SLOTS (PAGE_SIZE / sizeof(struct domain *))
#define DOMIDS	   0x8000u /* DOMID_FIRST_RESERVED.. lie in the last leaf, for the idle domain */

static spinlock_t domain_list_lock;
static struct domain **leaf[DOMIDS / LEAF_SLOTS];
static u64 used_ids[DOMIDS / 64];
static unsigned live_domains;
static u16 last_id;
static struct domain *dead_list;

struct domain *idle_domain;
struct domain *dom0;

/* ---- the table ---- */

struct domain *domain_by_id(u16 id)
{
	struct domain **l;

	if (id >= DOMIDS)
		return NULL;
	l = READ_ONCE(leaf[id / LEAF_SLOTS]);
	return l ? READ_ONCE(l[id % LEAF_SLOTS]) : NULL;
}

bool domain_get(struct domain *d)
{
	u32 old = READ_ONCE(d->refs);

	do {
		if (old == 0)
			return false;
	} while (!atomic_cmpxchg(&d->refs, &old, old + 1));
	return true;
}

struct domain *domain_find(u16 id)
{
	struct domain *d = id < DOMID_FIRST_RESERVED
				   ? domain_by_id((u16)bounded(id, DOMID_FIRST_RESERVED))
				   : NULL;

	return d && domain_get(d) ? d : NULL;
}

struct domain *domain_find_next(u16 from)
{
	for (unsigned id = from; id < DOMID_FIRST_RESERVED; id++) {
		u64 word = READ_ONCE(used_ids[id / 64]) >> (id % 64);
		struct domain *d;

		if (!word) {
			id |= 63;
			continue;
		}
		id += (unsigned)__builtin_ctzll(word);
		d = domain_find((u16)id);
		if (d)
			return d;
	}
	return NULL;
}

int domain_free_id(void)
{
	unsigned id = last_id;

	for (unsigned tries = 0; tries < DOMID_FIRST_RESERVED; tries++) {
		id = id + 1 < DOMID_FIRST_RESERVED ? id + 1 : 1;
		if (!test_bit(used_ids, id))
			return (int)id;
	}
	return fail(ENOSPC);
}

/* Put d into its slot. EEXIST, ENOMEM. */
static int slot_take(struct domain *d)
{
	struct domain ***l = &leaf[d->id / LEAF_SLOTS], **fresh = NULL;
	int rc = 0;

	if (!READ_ONCE(*l) && !(fresh = heap_pages(0, 0)))
		return fail(ENOMEM);
	spin_lock(&domain_list_lock);
	if (!*l) {
		atomic_store_release(l, fresh);
		fresh = NULL;
	}
	if ((*l)[d->id % LEAF_SLOTS]) {
		rc = fail(EEXIST);
	} else if (live_domains >= MAX_DOMAINS) {
		rc = fail(ENOSPC);
	} else {
		atomic_store_release(&(*l)[d->id % LEAF_SLOTS], d);
		set_bit(used_ids, d->id);
		live_domains++;
		if (d->id < DOMID_FIRST_RESERVED)
			last_id = d->id;
	}
	spin_unlock(&domain_list_lock);
	heap_pages_free(fresh, 0);
	return rc;
}

static void slot_give(struct domain *d)
{
	spin_lock(&domain_list_lock);
	WRITE_ONCE(leaf[d->id / LEAF_SLOTS][d->id % LEAF_SLOTS], NULL);
	clear_bit(used_ids, d->id);
	live_domains--;
	spin_unlock(&domain_list_lock);
}

/* ---- creation ---- */

static void domain_config(struct domain *d, const struct xen_domctl_createdomain *config)
{
	memcpy(d->handle, config->handle, sizeof(d->handle));
	d->ssidref = config->ssidref;
	d->create_flags = config->flags;
	d->max_vcpus = config->max_vcpus;
	d->first_page = d->last_page = d->first_held = d->last_held = FRAME_NIL;
	d->refs = 1;
	d->pause_count = 1;
	d->controller_pause_count = 1;
	d->shutdown_code = ~0u;
	d->created_at = time_now();
	d->sched_weight = 256;
}

/* The parts in order; on failure the earlier ones are undone by domain_parts_drop, which takes any
 * prefix. */
static int domain_parts(struct domain *d, const struct xen_domctl_createdomain *config)
{
	u32 frames = config->max_grant_frames < 0 ? (u32)opt.gnttab_max_frames
						  : (u32)config->max_grant_frames;
	u32 maptrack = config->max_maptrack_frames < 0 ? (u32)opt.gnttab_max_maptrack_frames
						       : (u32)config->max_maptrack_frames;
	int rc;

	d->vcpu = heap_alloc(max(1u, d->max_vcpus) * sizeof(*d->vcpu));
	if (!d->vcpu)
		return fail(ENOMEM);
	if (d->privileged) {
		d->pirq_port = heap_alloc(NR_IRQS * sizeof(*d->pirq_port));
		if (!d->pirq_port)
			return fail(ENOMEM);
	}
	rc = sched_domain_init(d);
	if (rc == 0 && !d->is_idle)
		rc = event_init(d, config->max_evtchn_port);
	if (rc == 0 && !d->is_idle)
		rc = grant_init(d, frames, maptrack);
	if (rc == 0)
		rc = d->ops->domain_init(d, config);
	return rc;
}

static void domain_parts_drop(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu (d, v)
		vcpu_free(v);
	if (d->hc)
		d->hc_free(d);
	event_destroy(d);
	grant_destroy(d);
	d->ops->domain_destroy(d);
	sched_domain_destroy(d);
	console_domain_free(d);
	heap_free(d->pirq_port);
	heap_free(d->vcpu);
	rangeset_free(d->io_ports);
	rangeset_free(d->io_mem);
	rangeset_free(d->irqs);
	d->ops->domain_free(d);
}

int domain_create(u16 id, const struct xen_domctl_createdomain *config,
	const struct domain_ops *ops, bool privileged, struct domain **out)
{
	struct domain *d;
	int rc;

	if (config->max_vcpus > MAX_VCPUS ||
		(config->max_vcpus == 0 && id < DOMID_FIRST_RESERVED) || id >= DOMIDS)
		return fail(EINVAL);
	d = ops->domain_alloc();
	if (!d)
		return fail(ENOMEM);
	d->id = id;
	d->ops = ops;
	d->privileged = privileged;
	d->is_idle = id == DOMID_IDLE;
	domain_config(d, config);
	rc = domain_parts(d, config);
	if (rc == 0)
		rc = slot_take(d); /* last: from here on others find it */
	if (rc) {
		domain_parts_drop(d);
		return rc;
	}
	*out = d;
	return 0;
}

/* ---- the end ---- */

/* Each CPU, on its way out of the hypervisor: it holds no borrowed domain pointer now. The last one
 * frees. */
static void domains_reap(void)
{
	struct domain *ready = NULL, **at, *d;

	spin_lock(&domain_list_lock);
	for (at = &dead_list; (d = *at) != NULL;) {
		cpumask_clear(&d->dead_wait, cpu_id());
		if (!cpumask_empty(&d->dead_wait)) {
			at = &d->next_dead;
			continue;
		}
		*at = d->next_dead;
		d->next_dead = ready;
		ready = d;
	}
	spin_unlock(&domain_list_lock);
	while ((d = ready) != NULL) {
		ready = d->next_dead;
		slot_give(d);
		domain_parts_drop(d);
		event_virq_global(VIRQ_DOM_EXC);
	}
}

void domain_put(struct domain *d)
{
	unsigned cpu;

	if (atomic_dec(&d->refs))
		return;
	d->dead_wait = cpu_online_map;
	spin_lock(&domain_list_lock);
	d->next_dead = dead_list;
	dead_list = d;
	spin_unlock(&domain_list_lock);
	for_each_cpu (cpu, &cpu_online_map)
		softirq_raise(cpu, SOFTIRQ_RCU);
}

/* Stages of giving everything back; each may be entered again. */
enum { KILL_EVENTS, KILL_VCPUS, KILL_GRANTS, KILL_KIND, KILL_PAGES, KILL_DONE };

static int kill_pages(struct domain *d)
{
	for (unsigned n = 1; domain_release_page(d); n++)
		if (n % 128 == 0 && should_yield())
			return -ERESTART;
	return 0;
}

/* No port is bound any more, so nobody looks at the vcpus' information. */
static int kill_vcpus(struct domain *d)
{
	struct vcpu *v;

	for_each_vcpu (d, v) {
		vcpu_stop_timers(v);
		vcpu_drop_info(v);
	}
	return 0;
}

static int kill_stage(struct domain *d)
{
	switch (d->relinquish_stage) {
	case KILL_EVENTS: return event_destroy_step(d);
	case KILL_VCPUS: return kill_vcpus(d);
	case KILL_GRANTS: return grant_relinquish(d);
	case KILL_KIND: return d->ops->domain_relinquish(d);
	default: return kill_pages(d);
	}
}

int domain_kill(struct domain *d)
{
	int rc = 0;

	if (d->is_idle || d == current_vcpu()->domain)
		return fail(EINVAL);
	if (atomic_xchg(&d->killing, 1))
		return -ERESTART; /* another CPU is at it */
	if (d->dying == DOMAIN_ALIVE) {
		domain_pause(d);
		spin_lock(&d->page_lock); /* page_alloc looks at it under this lock */
		WRITE_ONCE(d->dying, DOMAIN_DYING);
		spin_unlock(&d->page_lock);
		if (domain_claim_pages(d, 0))
			rc = -EINVAL; /* cannot be: zero always works */
	}
	while (d->dying == DOMAIN_DYING && rc == 0) {
		rc = kill_stage(d);
		if (rc == 0 && ++d->relinquish_stage == KILL_DONE) {
			WRITE_ONCE(d->dying, DOMAIN_DEAD);
			event_virq_global(VIRQ_DOM_EXC);
			domain_put(d);
		}
	}
	atomic_store_release(&d->killing, 0);
	return rc;
}

void domains_init(void)
{
	softirq_register(SOFTIRQ_RCU, domains_reap);
}

/* ---- pausing ---- */

void domain_pause_nosync(struct domain *d)
{
	struct vcpu *v;

	atomic_inc(&d->pause_count);
	for_each_vcpu (d, v)
		vcpu_sleep(v);
}

void domain_pause(struct domain *d)
{
	struct vcpu *v;

	domain_pause_nosync(d);
	for_each_vcpu (d, v)
		while (!sched_vcpu_off(v))
			cpu_relax();
	smp_mb();
}

void domain_unpause(struct domain *d)
{
	struct vcpu *v;

	if (atomic_dec(&d->pause_count))
		return;
	for_each_vcpu (d, v)
		vcpu_wake(v);
}

int domain_pause_by_controller(struct domain *d)
{
	bool ok;

	spin_lock(&d->shutdown_lock);
	ok = d->controller_pause_count < 255; /* as many as a careless tool may stack up */
	d->controller_pause_count += ok;
	spin_unlock(&d->shutdown_lock);
	if (!ok)
		return fail(EOVERFLOW);
	domain_pause(d);
	return 0;
}

int domain_unpause_by_controller(struct domain *d)
{
	bool ok;

	spin_lock(&d->shutdown_lock);
	ok = d->controller_pause_count > 0;
	d->controller_pause_count -= ok;
	spin_unlock(&d->shutdown_lock);
	if (!ok)
		return fail(EINVAL);
	domain_unpause(d);
	return 0;
}

/* ---- shutdown ---- */

/* The control domain's end is the machine's. */
static noreturn void machine_end(u32 reason)
{
	log_raw("The control domain ended: reason %u\n", reason);
	switch (reason) {
	case SHUTDOWN_poweroff: machine_poweroff();
	case SHUTDOWN_reboot: machine_reboot();
	case SHUTDOWN_crash: crash_dom0("its kernel gave up");
	default: crash_end();
	}
}

void domain_shutdown(struct domain *d, u32 reason)
{
	struct vcpu *v;

	if (d == dom0)
		machine_end(reason);
	spin_lock(&d->shutdown_lock);
	if (d->shutting_down) {
		spin_unlock(&d->shutdown_lock);
		return;
	}
	d->shutdown_code = reason;
	d->shutting_down = true;
	WRITE_ONCE(d->shut_down, true);
	spin_unlock(&d->shutdown_lock);
	for_each_vcpu (d, v) /* vcpu_runnable looks at shut_down */
		vcpu_sleep(v);
	event_virq_global(VIRQ_DOM_EXC);
}

void domain_resume(struct domain *d)
{
	struct vcpu *v;

	spin_lock(&d->shutdown_lock);
	d->shutting_down = false;
	WRITE_ONCE(d->shut_down, false);
	d->shutdown_code = ~0u;
	spin_unlock(&d->shutdown_lock);
	for_each_vcpu (d, v)
		vcpu_wake(v);
}

void domain_crash_at(struct domain *d, const char *file, unsigned line, const char *fmt, ...)
{
	struct vcpu *v = current_vcpu();
	char why[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	trace(TRACE_domain_crash, d->id, v->domain == d ? v->id : ~0u);
	if (READ_ONCE(d->shutting_down))
		return;
	log_guest(d, LOG_ERR, "crash at %s:%u: %s\n", file, line, why);
	if (d == dom0)
		crash_dom0(why);
	if (v->domain == d && d->ops->dump)
		d->ops->dump(v);
	domain_shutdown(d, SHUTDOWN_crash);
}

/* ---- what the control domain asks ---- */

void domain_info(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
	struct vcpu *v;
	bool blocked = true, running = false;

	*info = (struct xen_domctl_getdomaininfo){ .domain = d->id,
		.max_vcpu_id = XEN_INVALID_MAX_VCPU_ID };
	for_each_vcpu (d, v) {
		info->max_vcpu_id = v->id;
		if (READ_ONCE(v->flags) & VCPU_DOWN)
			continue;
		info->cpu_time += vcpu_cpu_time(v);
		info->nr_online_vcpus++;
		blocked &= (READ_ONCE(v->flags) & VCPU_BLOCKED) != 0;
		running |= v->runstate.state == RUNSTATE_running;
	}
	info->flags = (blocked && info->nr_online_vcpus ? XEN_DOMINF_blocked : 0) |
		      (running ? XEN_DOMINF_running : 0) |
		      (d->dying == DOMAIN_DEAD ? XEN_DOMINF_dying : 0) |
		      (d->shut_down ? XEN_DOMINF_shutdown : 0) |
		      (d->controller_pause_count ? XEN_DOMINF_paused : 0) |
		      d->shutdown_code << XEN_DOMINF_shutdownshift; /* none: all bits are set */
	info->tot_pages = d->tot_pages;
	info->max_pages = d->max_pages;
	info->outstanding_pages = d->outstanding_pages;
	info->shr_pages = 0;
	info->paged_pages = 0;
	info->shared_info_frame = d->shared ? frame_of(d->shared).n : 0;
	info->ssidref = d->ssidref;
	info->cpupool = 0;
	memcpy(info->handle, d->handle, sizeof(info->handle));
}
