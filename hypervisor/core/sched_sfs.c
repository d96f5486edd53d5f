/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Surplus fair scheduling (Chandra, Adler, Goyal, Shenoy: "Surplus Fair Scheduling", OSDI 2000).
 * A domain's weight is shared by its runnable vcpus. A vcpu has a start tag S and a finish tag F =
 * S + ran / phi; virtual time v is the least S of the runnable; the vcpu to run is the one with the
 * least surplus phi * (S - v): what it got beyond its due. phi is the weight, readjusted so that
 * nobody asks for more than its bound b: one CPU, or its part of its domain's cap. Sorted by w / b,
 * whoever has w / b > R / C (R the weights and C the CPUs that those clamped before leave) is
 * clamped, and all clamped ones get phi = b * R / C; so what caps leave over is shared out among
 * the others by weight. A wake-up enters at S = max(F, v), so sleep earns nothing. Latency: v moves
 * in steps of whole slices, so a vcpu that mostly sleeps would wait for vcpus that are no more
 * entitled. A woken vcpu therefore counts as having one slice of surplus less until it runs: it
 * takes a CPU at once (after the ratelimit) unless it is more than a slice ahead of its due, which
 * bounds what waking often can gain. A cap is a budget per period: who has used it up is parked
 * until the refill, and counts on in the readjustment. What is left of a budget is kept for turns
 * that come late, up to CARRY_NS a vcpu, and lost when the whole domain sleeps. One run queue a
 * group of CPUs; an idle CPU takes work from other groups. Lock:
 * the group's, for everything in struct group and in a vcpu's private part; a share's budget is
 * atomic.
 */
#include "core/log.h"
#include "core/sched.h"
#include "core/timer.h"
#include "lib/check.h"
#include "lib/list.h"
#include "lib/rbtree.h"

#define SLICE_NS   10000000ull
#define PERIOD_NS  20000000ull /* of caps */
#define SLICE_MIN  100000ull
#define SCAN	   16		  /* candidates looked at beyond the first that fits */
#define TAG_ONE	   (256ull << 16) /* the phi at which tags advance with real time */
#define BALANCE_NS 50000000ull
#define CARRY_NS   (2 * SLICE_NS) /* of unused budget; a turn is a slice */
#define CPU_BOUND  6400u	  /* the bound of one whole CPU; a cap's percent is 64 */

enum { OUT, WAITING, RUNNING, PARKED };

struct sfs_vcpu {
	struct rb_node node; /* in group->waiting, by start */
	struct list link;    /* group->woken or ->parked */
	s64 start;	     /* S; when it does not run, the F of its last turn or later */
	u8 state;
	bool yielded;
	bool woken; /* waits since it was woken, not since it lost a CPU; on group->woken */
};
_Static_assert(sizeof(struct sfs_vcpu) <= sizeof(((struct vcpu *)0)->sched), "room in struct vcpu");

/* A domain's part in one group. */
struct part {
	struct list active; /* in group->active while runnable > 0 */
	u32 runnable;	    /* its vcpus that wait, run or are parked here */
	u32 bound;	    /* of each of them, as counted in group->bound */
	u64 weight;	    /* of each of them, as counted in group->weight */
	u64 demand;	    /* weight for a whole CPU: weight / bound */
	struct sched_share *share;
};

struct sched_share {
	struct domain *domain;
	u32 runnable;  /* atomic: in all groups */
	s64 budget;    /* atomic: ns left in this period */
	u32 refilling; /* atomic: the timer is set */
	u32 used;      /* atomic: something ran since the last refill */
	u64 since;     /* what ran before was not under this cap */
	struct timer refill;
	struct part part[SCHED_GROUPS];
};

struct group {
	struct rb_root waiting;
	u32 waiting_count, runnable, cpus_up;
	s64 vtime;
	u64 weight, bound;  /* sums over the runnable */
	u64 clamp;	    /* phi of one whole CPU; nobody's is more */
	u64 clamp_from;	    /* the demand from which on parts are clamped */
	struct list active; /* parts, largest demand first */
	struct list woken;  /* those of the waiting that were just woken, oldest first */
	struct list parked;
	u64 idle; /* bit: CPU of the group runs nothing and was not told to look */
	u64 busy; /* bit: on[].v */
	struct {
		struct vcpu *v;
		u64 since;   /* it was chosen */
		u64 charged; /* its tags include what it ran until then */
		bool sliced; /* it will be asked again */
	} on[SCHED_GROUP];
	u64 balanced;
};

static struct group groups[SCHED_GROUPS];
static unsigned groups_up; /* those below it may have CPUs */

#define for_each_slot(i, mask) \
	for (u64 m_ = (mask); m_ && ((i) = (unsigned)__builtin_ctzll(m_), true); m_ &= m_ - 1)

static struct sfs_vcpu *sfs(const struct vcpu *v)
{
	return (struct sfs_vcpu *)v->sched;
}

static struct vcpu *vcpu_of_node(struct rb_node *n)
{
	return (struct vcpu *)((char *)container_of(n, struct sfs_vcpu, node) -
			       offsetof(struct vcpu, sched));
}

static struct group *group_of(const struct vcpu *v)
{
	return &groups[v->processor / SCHED_GROUP];
}

static struct part *part_of(const struct vcpu *v)
{
	return &v->domain->sched_shares->part[v->processor / SCHED_GROUP];
}

static bool start_less(const struct rb_node *a, const struct rb_node *b)
{
	return container_of(a, struct sfs_vcpu, node)->start -
		       container_of(b, struct sfs_vcpu, node)->start <
	       0;
}

/* ---- weights ---- */

/* Clamp those whose bound is less than their weight asks for: O(CPUs and capped domains). */
static void group_readjust(struct group *g)
{
	u64 rest = g->weight, cpus = (u64)g->cpus_up * CPU_BOUND;
	struct list *at;

	if (g->bound <= cpus) { /* everybody gets its bound */
		g->clamp = TAG_ONE;
		g->clamp_from = 0;
		return;
	}
	list_for_each (at, &g->active) {
		struct part *p = list_entry(at, struct part, active);

		if (p->demand * cpus <= rest * CPU_BOUND)
			break;
		rest -= p->weight * p->runnable;
		cpus -= (u64)p->bound * p->runnable;
	}
	g->clamp = g->clamp_from = max(rest * CPU_BOUND / cpus, 1ull);
}

static bool clamped(const struct group *g, const struct part *p)
{
	return p->demand >= g->clamp_from;
}

static bool due_a_cpu(const struct group *g, const struct part *p)
{
	return clamped(g, p) && p->bound == CPU_BOUND;
}

static u64 phi_of(const struct group *g, const struct vcpu *v)
{
	const struct part *p = part_of(v);

	if (!clamped(g, p))
		return p->weight;
	return p->bound == CPU_BOUND ? g->clamp : max(g->clamp * p->bound / CPU_BOUND, 1ull);
}

/* Put p where its demand belongs; near its old place, since weights change little. */
static void part_sort(struct group *g, struct part *p)
{
	struct list *at = p->active.prev;

	while (at != &g->active && list_entry(at, struct part, active)->demand < p->demand)
		at = at->prev;
	if (at == p->active.prev) {
		at = p->active.next;
		while (at != &g->active && list_entry(at, struct part, active)->demand > p->demand)
			at = at->next;
		at = at->prev;
	}
	if (at == &p->active)
		return;
	list_del(&p->active);
	list_add(&p->active, at);
}

/* Count p anew: its number of runnable vcpus changes by `by`; the domain has `all` of them. */
static void part_count(struct group *g, struct part *p, int by, u32 all)
{
	const struct domain *d = p->share->domain;
	u32 cap = READ_ONCE(d->sched_cap);

	all = max(all, 1u);
	g->weight -= p->weight * p->runnable;
	g->bound -= (u64)p->bound * p->runnable;
	g->runnable += (u32)by;
	p->runnable += (u32)by;
	p->weight = max(((u64)READ_ONCE(d->sched_weight) << 16) / all, 1ull);
	p->bound = cap ? min(max(cap * (CPU_BOUND / 100) / all, 1u), CPU_BOUND) : CPU_BOUND;
	p->demand = p->bound == CPU_BOUND ? p->weight : p->weight * CPU_BOUND / p->bound;
	g->weight += p->weight * p->runnable;
	g->bound += (u64)p->bound * p->runnable;
	if (p->runnable == 0)
		list_del(&p->active);
	else if (list_empty(&p->active))
		list_add_tail(&p->active, &g->active);
	if (p->runnable)
		part_sort(g, p);
	group_readjust(g);
}

/* The number of runnable vcpus of v's domain in v's group changes by `by`. */
static void part_change(struct vcpu *v, int by)
{
	struct part *p = part_of(v);

	part_count(group_of(v), p, by, atomic_add(&p->share->runnable, (u32)by));
}

static void sfs_weights_changed(struct domain *d)
{
	struct sched_share *s = d->sched_shares;

	WRITE_ONCE(s->since, time_now());
	WRITE_ONCE(s->budget, (s64)(PERIOD_NS / 100 * d->sched_cap));
	for (unsigned i = 0; i < SCHED_GROUPS; i++) {
		struct group *g = &groups[i];
		struct part *p = &s->part[i];
		unsigned slot;

		spin_lock(sched_group_lock(i));
		if (p->runnable)
			part_count(g, p, 0, READ_ONCE(s->runnable));
		for_each_slot(slot, g->busy) /* a first cap ends turns that had no end */
			if (g->on[slot].v->domain == d) sched_tickle(i * SCHED_GROUP + slot);
		spin_unlock(sched_group_lock(i));
	}
}

/* ---- tags ---- */

/* How far a tag moves for that much run time. */
static s64 tag_step(u64 ns, u64 phi)
{
	return (s64)((unsigned __int128)ns * TAG_ONE / phi);
}

/* phi * (S - v) in ns of CPU time. */
static s64 surplus(const struct group *g, const struct vcpu *v, s64 start)
{
	return (s64)((__int128)(start - g->vtime) * (s64)phi_of(g, v) / (s64)TAG_ONE);
}

/* The start tag that a running vcpu would have if it stopped now. */
static s64 running_start(const struct group *g, unsigned slot, u64 now)
{
	const struct vcpu *v = g->on[slot].v;
	u64 ran = now > g->on[slot].charged ? now - g->on[slot].charged : 0;

	return sfs(v)->start + tag_step(ran, phi_of(g, v));
}

/* v = least start tag of the runnable; it never goes back. */
static void vtime_update(struct group *g)
{
	struct rb_node *first = rb_first(&g->waiting);
	bool any = first != NULL;
	unsigned i;
	s64 least = any ? container_of(first, struct sfs_vcpu, node)->start : 0;

	for_each_slot(i, g->busy)
	{
		const struct vcpu *v = g->on[i].v;

		if (!any || sfs(v)->start - least < 0) {
			least = sfs(v)->start;
			any = true;
		}
	}
	if (any && least - g->vtime > 0)
		g->vtime = least;
}

/* ---- caps ---- */

static bool budget_spent(struct sched_share *s)
{
	return s->domain->sched_cap && READ_ONCE(s->budget) <= 0;
}

static s64 budget_of_period(const struct domain *d)
{
	return (s64)(PERIOD_NS / 100 * d->sched_cap);
}

static void queue_wait(struct vcpu *v, s64 least, u64 now);

/* The next refill comes a period after `from`. A group lock may be held, so the timer stays on its
 * CPU: moving it would wait. */
static void refill_arm(struct sched_share *s, u64 from)
{
	if (!READ_ONCE(s->refilling) && !atomic_xchg(&s->refilling, 1))
		timer_set(&s->refill, from + PERIOD_NS);
}

static void refill(void *arg)
{
	struct sched_share *s = arg;
	s64 full = budget_of_period(s->domain), old = READ_ONCE(s->budget);
	s64 most = full + (s64)(READ_ONCE(s->runnable) * CARRY_NS);
	bool again = atomic_xchg(&s->used, 0) || old < most;
	u64 now = time_now();

	while (!atomic_cmpxchg(&s->budget, &old, min(old + full, most)))
		;
	for (unsigned i = 0; i < groups_up; i++) {
		struct group *g = &groups[i];
		struct list *at, *next;

		if (!READ_ONCE(g->cpus_up))
			continue;
		spin_lock(sched_group_lock(i));
		list_for_each_safe (at, next, &g->parked) {
			struct sfs_vcpu *x = list_entry(at, struct sfs_vcpu, link);
			struct vcpu *v = vcpu_of_node(&x->node);

			if (v->domain != s->domain || budget_spent(s))
				continue;
			list_del(&x->link);
			/* what it could not use while parked is not lost, up to some turns */
			queue_wait(v, g->vtime - tag_step(CARRY_NS, phi_of(g, v)), now);
		}
		spin_unlock(sched_group_lock(i));
	}
	(void)atomic_xchg(
		&s->refilling, 0); /* a barrier: who used or parked before it did not arm */
	if ((again || READ_ONCE(s->used)) && s->domain->sched_cap)
		refill_arm(s, max(s->refill.expires, now - PERIOD_NS));
}

static void budget_use(struct sched_share *s, u64 ran, u64 now)
{
	u64 since = READ_ONCE(s->since);

	if (likely(!s->domain->sched_cap))
		return;
	WRITE_ONCE(s->used, 1);
	atomic_sub(&s->budget,
		(s64)min(ran, now > since ? now - since : 0)); /* a barrier: see refill */
	refill_arm(s, now);
}

/* ---- wake-up ---- */

/* What v counts with when it waits: the woken are ahead by a slice. */
static s64 waiting_surplus(const struct group *g, const struct vcpu *v)
{
	return surplus(g, v, sfs(v)->start) - (sfs(v)->woken ? (s64)SLICE_NS : 0);
}

/* No CPU of its own group is idle for v: one of another group may be, and takes it over. */
static void tickle_elsewhere(const struct vcpu *v)
{
	unsigned own = v->processor / SCHED_GROUP;

	for (unsigned i = 0; i < groups_up; i++) {
		unsigned cpu = i * SCHED_GROUP;
		u64 idle = READ_ONCE(groups[i].idle) & (v->hard.bits[cpu / 64] >> (cpu % 64));

		if (i != own && idle) {
			sched_tickle(cpu + (unsigned)__builtin_ctzll(idle));
			return;
		}
	}
}

/*
 * A CPU for v, which just began to wait: an idle one, else the one whose vcpu has most surplus
 * beyond v's. For a woken v the latter is told in any case: it will look again when its surplus is
 * large enough.
 */
static void tickle_for(struct group *g, struct vcpu *v, u64 now)
{
	unsigned base = v->processor / SCHED_GROUP * SCHED_GROUP, best = SCHED_GROUP;
	u64 mask = (v->hard.bits[base / 64] >> (base % 64)) & (BIT(SCHED_GROUP) - 1);
	u64 soft = (v->soft.bits[base / 64] >> (base % 64)) & mask;
	s64 most = sfs(v)->woken ? INT64_MIN : surplus(g, v, sfs(v)->start) + (s64)SLICE_NS;
	u64 idle = g->idle & mask;
	unsigned i;

	if (idle) {
		unsigned last = v->processor - base;

		if (idle & soft)
			idle &= soft;
		best = idle & BIT(last) ? last : (unsigned)__builtin_ctzll(idle);
		g->idle &= ~BIT(best);
		sched_tickle(base + best);
		return;
	}
	tickle_elsewhere(v);
	for_each_slot(i, g->busy & mask)
	{
		s64 other = surplus(g, g->on[i].v, running_start(g, i, now));
		if (other > most) {
			most = other;
			best = i;
		}
	}
	if (best < SCHED_GROUP)
		sched_tickle(base + best);
	for_each_slot(i, g->busy) /* somebody waits now: nobody runs without end */
		if (!g->on[i].sliced && i != best)
	{
		g->on[i].sliced = true;
		sched_tickle(base + i);
	}
}

/* v is counted and has budget: wait, from S = max(F, least) on. */
static void queue_wait(struct vcpu *v, s64 least, u64 now)
{
	struct group *g = group_of(v);
	struct sfs_vcpu *x = sfs(v);

	if (x->start - least < 0)
		x->start = least;
	x->state = WAITING;
	rb_insert(&g->waiting, &x->node, start_less);
	g->waiting_count++;
	if (x->woken)
		list_add_tail(&x->link, &g->woken);
	tickle_for(g, v, now);
}

/* v is runnable: wait or be parked. */
static void queue_in(struct vcpu *v, u64 now)
{
	struct group *g = group_of(v);
	struct sfs_vcpu *x = sfs(v);

	part_change(v, 1);
	if (budget_spent(v->domain->sched_shares)) {
		x->state = PARKED;
		x->woken = false;
		list_add_tail(&x->link, &g->parked);
		refill_arm(v->domain->sched_shares, now);
		return;
	}
	queue_wait(v, g->vtime, now);
}

static void waiting_remove(struct group *g, struct sfs_vcpu *x)
{
	rb_erase(&g->waiting, &x->node);
	g->waiting_count--;
	if (x->woken)
		list_del(&x->link);
	x->woken = false;
}

static void queue_out(struct vcpu *v)
{
	struct group *g = group_of(v);
	struct sfs_vcpu *x = sfs(v);

	if (x->state != WAITING && x->state != PARKED)
		return;
	if (x->state == WAITING)
		waiting_remove(g, x);
	else
		list_del(&x->link);
	part_change(v, -1);
	x->state = OUT;
}

static void sfs_wake(struct vcpu *v, u64 now)
{
	struct sfs_vcpu *x = sfs(v);

	if (x->state != OUT)
		return;
	x->woken = true;
	queue_in(v, now);
}

static void sfs_sleep(struct vcpu *v, u64 now)
{
	queue_out(v);
}

static void sfs_yield(struct vcpu *v)
{
	sfs(v)->yielded = true;
}

/* ---- choice ---- */

/* The better of best and v for this CPU. */
static struct vcpu *better(const struct group *g, unsigned cpu, struct vcpu *best, struct vcpu *v)
{
	if (!cpumask_test(&v->hard, cpu))
		return best;
	return !best || waiting_surplus(g, v) < waiting_surplus(g, best) ? v : best;
}

/* The waiting vcpu with the least surplus that may run on this CPU: among the first by start tag,
 * and the longest woken. */
static struct vcpu *best_waiting(struct group *g, unsigned cpu)
{
	struct vcpu *best = NULL;
	unsigned seen = 0;
	struct list *at;

	list_for_each (at, &g->woken) {
		best = better(
			g, cpu, best, vcpu_of_node(&list_entry(at, struct sfs_vcpu, link)->node));
		if (++seen >= SCAN / 2 && best)
			break;
	}
	seen = 0;
	for (struct rb_node *n = rb_first(&g->waiting); n && (seen < SCAN || !best);
		n = rb_next(n), seen++)
		best = better(g, cpu, best, vcpu_of_node(n));
	return best;
}

/* Take one waiting vcpu from another group; this group's lock is held, the other's only tried. */
static struct vcpu *steal(struct group *g, unsigned cpu, bool only_if_heavier)
{
	for (unsigned i = 1; i < groups_up; i++) {
		unsigned from = (cpu / SCHED_GROUP + i) % groups_up;
		struct group *o = &groups[from];
		struct vcpu *v = NULL;

		if (!READ_ONCE(o->waiting_count))
			continue;
		if (only_if_heavier && o->weight / o->cpus_up <= (g->weight / g->cpus_up) / 4 * 5)
			continue;
		if (!spin_trylock(sched_group_lock(from)))
			continue;
		v = best_waiting(o, cpu);
		if (v) {
			s64 ahead = sfs(v)->start - o->vtime;

			queue_out(v);
			WRITE_ONCE(v->processor, cpu);
			sfs(v)->start = g->vtime + ahead;
			sfs(v)->state = WAITING;
			part_change(v, 1);
			rb_insert(&g->waiting, &sfs(v)->node, start_less);
			g->waiting_count++;
		}
		spin_unlock(sched_group_lock(from));
		if (v)
			return v;
	}
	return NULL;
}

/* prev stops running: charge it and let it wait again if it can. */
static void put_prev(struct group *g, struct vcpu *prev, u64 ran, u64 now)
{
	struct sfs_vcpu *x = sfs(prev);

	x->start += tag_step(ran, phi_of(g, prev));
	budget_use(prev->domain->sched_shares, ran, now);
}

/* Whether prev, charged, goes on although best waits. */
static bool keeps(
	const struct group *g, unsigned slot, struct vcpu *prev, struct vcpu *best, u64 now)
{
	u64 ran = now - g->on[slot].since;
	s64 margin = 0;

	if (sfs(prev)->yielded)
		return !best;
	if (!best)
		return true;
	if (ran < sched_ratelimit_us() * 1000)
		return true;
	if (sfs(best)->woken)
		margin = 0;
	else if (due_a_cpu(g, part_of(prev)))
		margin = (s64)SLICE_NS *
			 3; /* it is due a whole CPU: another CPU's turn comes first */
	else if (ran < SLICE_NS)
		margin = (s64)SLICE_NS;
	return surplus(g, prev, sfs(prev)->start) <= waiting_surplus(g, best) + margin;
}

static void slot_set(struct group *g, unsigned slot, struct vcpu *v, u64 now, bool fresh)
{
	g->on[slot].v = v;
	g->on[slot].charged = now;
	if (fresh)
		g->on[slot].since = now;
	g->idle = (g->idle & ~BIT(slot)) | (v ? 0 : BIT(slot));
	g->busy = (g->busy & ~BIT(slot)) | (v ? BIT(slot) : 0);
}

static void start_running(struct group *g, struct vcpu *v)
{
	waiting_remove(g, sfs(v));
	sfs(v)->state = RUNNING;
}

/* prev does not go on: let it wait here, sleep, or, when its affinity is elsewhere, leave the
 * group. */
static void stop_running(struct group *g, struct vcpu *prev, u64 now)
{
	struct sfs_vcpu *x = sfs(prev);
	unsigned base = prev->processor / SCHED_GROUP * SCHED_GROUP;
	bool here = (prev->hard.bits[base / 64] >> (base % 64)) & (BIT(SCHED_GROUP) - 1);

	x->state = OUT;
	part_change(prev, -1);
	if (vcpu_runnable(prev) && here)
		queue_in(prev, now);
}

/* How long v, just chosen or kept on the CPU, may run before the CPU has to look again. */
static u64 slice_for(struct group *g, struct vcpu *v, unsigned cpu, u64 now)
{
	struct sched_share *s = v->domain->sched_shares;
	u64 slice = SCHED_NO_SLICE, least = sched_ratelimit_us() * 1000,
	    ran = now - g->on[cpu % SCHED_GROUP].since;
	struct vcpu *best = g->waiting_count ? best_waiting(g, cpu) : NULL;

	if (g->waiting_count)
		slice = ran < SLICE_NS ? SLICE_NS - ran : SLICE_NS;
	if (best && sfs(best)->woken) {
		s64 until = waiting_surplus(g, best) - surplus(g, v, sfs(v)->start);

		slice = min(slice, (u64)max(until, (s64)SLICE_MIN));
	}
	if (ran < least)
		slice = max(slice, least - ran);
	if (v->domain->sched_cap) {
		s64 left = READ_ONCE(s->budget) / (s64)max(READ_ONCE(s->runnable), 1u);

		/* charged twice a period, so that a refill sees what was used */
		slice = min(
			min(slice, PERIOD_NS / 2), left > (s64)SLICE_MIN ? (u64)left : SLICE_MIN);
	}
	return slice;
}

static struct vcpu *sfs_pick(unsigned cpu, struct vcpu *prev, u64 ran, u64 now, u64 *slice)
{
	struct group *g = &groups[cpu / SCHED_GROUP];
	unsigned slot = cpu % SCHED_GROUP;
	struct vcpu *best, *next;
	bool stay;

	if (prev)
		put_prev(g, prev, ran, now);
	vtime_update(g);
	best = best_waiting(g, cpu);
	stay = prev && vcpu_runnable(prev) && cpumask_test(&prev->hard, cpu) &&
	       !budget_spent(prev->domain->sched_shares);
	if (stay && keeps(g, slot, prev, best, now)) {
		next = prev;
		slot_set(g, slot, prev, now, false);
	} else {
		if (best)
			start_running(g, best); /* first: prev's queueing must not choose it */
		slot_set(g, slot, best, now, true);
		if (prev)
			stop_running(g, prev, now);
		next = best;
	}
	if (prev)
		sfs(prev)->yielded = false;
	if (!next || now - g->balanced > BALANCE_NS) {
		struct vcpu *stolen = steal(g, cpu, next != NULL);

		g->balanced = now;
		if (stolen && !next) {
			next = stolen;
			start_running(g, next);
			slot_set(g, slot, next, now, true);
		}
	}
	*slice = next ? slice_for(g, next, cpu, now) : SCHED_NO_SLICE;
	g->on[slot].sliced = *slice != SCHED_NO_SLICE;
	return next;
}

/* ---- placing, life ---- */

static unsigned sfs_place(const struct vcpu *v)
{
	unsigned cpu, best = NR_CPUS, least = ~0u;

	for (unsigned pass = 0; pass < 2 && best == NR_CPUS; pass++) {
		for_each_cpu (cpu, &v->hard) {
			const struct group *g = &groups[cpu / SCHED_GROUP];
			unsigned load;

			if (!cpumask_test(&cpu_online_map, cpu) ||
				(pass == 0 && !cpumask_test(&v->soft, cpu)))
				continue;
			/* idle first, then the group with least to do; the last CPU wins a tie */
			load = g->runnable * 4 / max(g->cpus_up, 1u) * 4 +
			       (g->on[cpu % SCHED_GROUP].v ? 2 : 0) + (cpu != v->processor);
			if (load < least) {
				least = load;
				best = cpu;
			}
		}
	}
	return best == NR_CPUS ? cpumask_next(&cpu_online_map, 0) : best;
}

static struct sched_share *sfs_domain_init(struct domain *d)
{
	struct sched_share *s = heap_alloc(sizeof(*s));

	if (!s)
		return NULL;
	s->domain = d;
	timer_init(&s->refill, refill, s,
		d->id % max(cpu_online_count(), 1u)); /* spread; CPU numbers are dense */
	for (unsigned i = 0; i < SCHED_GROUPS; i++) {
		list_init(&s->part[i].active);
		s->part[i].share = s;
	}
	return s;
}

static void sfs_domain_destroy(struct domain *d)
{
	timer_stop(&d->sched_shares->refill);
	heap_free(d->sched_shares);
}

static void sfs_cpu_up(unsigned cpu)
{
	struct group *g = &groups[cpu / SCHED_GROUP];

	if (!g->cpus_up) {
		list_init(&g->active);
		list_init(&g->woken);
		list_init(&g->parked);
		g->clamp = TAG_ONE;
	}
	g->cpus_up++;
	groups_up = max(groups_up, cpu / SCHED_GROUP + 1);
	g->idle |= BIT(cpu % SCHED_GROUP);
	group_readjust(g);
}

static void sfs_vcpu_add(struct vcpu *v)
{
	list_init(&sfs(v)->link);
	sfs(v)->start = READ_ONCE(group_of(v)->vtime);
}

static void sfs_vcpu_remove(struct vcpu *v)
{
	BUG_ON(sfs(v)->state != OUT);
}

static void sfs_dump(void)
{
	for (unsigned i = 0; i < SCHED_GROUPS; i++) {
		struct group *g = &groups[i];

		if (!g->cpus_up)
			continue;
		spin_lock(sched_group_lock(i));
		log_raw("group %u: %u CPUs, runnable %u, waiting %u, v %ld, "
			"weight %lu, clamp %lu, idle %lx\n",
			i, g->cpus_up, g->runnable, g->waiting_count, g->vtime, g->weight, g->clamp,
			g->idle);
		for (struct rb_node *n = rb_first(&g->waiting); n; n = rb_next(n)) {
			const struct vcpu *v = vcpu_of_node(n);

			log_raw("  d%u v%u S-v %ld surplus %ld\n", v->domain->id, v->id,
				sfs(v)->start - g->vtime, surplus(g, v, sfs(v)->start));
		}
		spin_unlock(sched_group_lock(i));
	}
}

const struct sched_policy sched_sfs = {
	.name = "sfs",
	.domain_init = sfs_domain_init,
	.domain_destroy = sfs_domain_destroy,
	.cpu_up = sfs_cpu_up,
	.vcpu_add = sfs_vcpu_add,
	.vcpu_remove = sfs_vcpu_remove,
	.wake = sfs_wake,
	.sleep = sfs_sleep,
	.yield = sfs_yield,
	.place = sfs_place,
	.pick = sfs_pick,
	.weights_changed = sfs_weights_changed,
	.dump = sfs_dump,
};
