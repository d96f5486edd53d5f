/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Timers: a red-black tree a CPU by deadline. The hardware is asked for a time only when a new
 * deadline is earlier than what it was asked for; a stopped timer costs at most one idle interrupt.
 * Lock: the queue's; a timer's `cpu` changes only while it is not armed, under the lock of the
 * queue that it leaves. Handlers run from the softirq with no lock held.
 */
#include "core/softirq.h"
#include "core/timer.h"
#include "lib/lock.h"
#include "x86/machine.h"
#include "x86/upcalls.h"

struct aligned(64) timer_queue
{
	spinlock_t lock;
	struct rb_root tree;
	u64 programmed;	       /* own CPU only: what the hardware was asked for */
	struct timer *running; /* its handler runs now */
};

static struct timer_queue queues[NR_CPUS];
static bool registered;

static bool earlier(const struct rb_node *a, const struct rb_node *b)
{
	return container_of(a, struct timer, node)->expires <
	       container_of(b, struct timer, node)->expires;
}

/* Own CPU, lock held: have the hardware wake us for the first deadline. */
static void queue_program(struct timer_queue *q)
{
	struct rb_node *first = rb_first(&q->tree);
	u64 deadline = first ? container_of(first, struct timer, node)->expires : TIMER_NONE;

	if (deadline < q->programmed) {
		q->programmed = deadline;
		timer_program(deadline);
	}
}

static void timers_run(void)
{
	struct timer_queue *q = &queues[cpu_id()];
	struct rb_node *first;
	u64 now = time_now();

	spin_lock(&q->lock);
	while ((first = rb_first(&q->tree)) &&
		container_of(first, struct timer, node)->expires <= now) {
		struct timer *t = container_of(first, struct timer, node);
		void (*fn)(void *) = t->fn;
		void *arg = t->arg;

		rb_erase(&q->tree, &t->node);
		t->armed = false;
		q->running = t;
		spin_unlock(&q->lock);
		fn(arg);
		spin_lock(&q->lock);
		WRITE_ONCE(q->running, NULL);
	}
	if (q->programmed <= now)
		q->programmed = TIMER_NONE;
	queue_program(q);
	spin_unlock(&q->lock);
}

void upcall_timer(void)
{
	queues[cpu_id()].programmed = TIMER_NONE;
	softirq_raise(cpu_id(), SOFTIRQ_TIMER);
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg, unsigned cpu)
{
	*t = (struct timer){ .fn = fn, .arg = arg, .cpu = cpu };
}

/* Lock the queue that t belongs to; timer_migrate may change it meanwhile. */
static struct timer_queue *queue_lock(struct timer *t)
{
	for (;;) {
		u32 cpu = READ_ONCE(t->cpu);
		struct timer_queue *q = &queues[cpu];

		spin_lock(&q->lock);
		if (likely(t->cpu == cpu))
			return q;
		spin_unlock(&q->lock);
	}
}

void timer_set(struct timer *t, u64 expires)
{
	struct timer_queue *q = queue_lock(t);
	u32 cpu = t->cpu;
	bool first;

	if (t->armed)
		rb_erase(&q->tree, &t->node);
	t->expires = expires;
	t->armed = true;
	rb_insert(&q->tree, &t->node, earlier);
	first = rb_first(&q->tree) == &t->node;
	if (first && cpu == cpu_id())
		queue_program(q);
	spin_unlock(&q->lock);
	if (first && cpu != cpu_id())
		softirq_raise(cpu, SOFTIRQ_TIMER); /* it programs its own hardware */
}

void timer_stop(struct timer *t)
{
	struct timer_queue *q;

	if (!t->fn)
		return;
	do { /* again when its handler, which we waited for, had set it again */
		q = queue_lock(t);
		if (t->armed) {
			rb_erase(&q->tree, &t->node);
			t->armed = false;
		}
		spin_unlock(&q->lock);
		if (q == &queues[cpu_id()])
			return;
		while (READ_ONCE(q->running) == t)
			cpu_relax();
	} while (unlikely(READ_ONCE(t->armed)));
}

void timer_migrate(struct timer *t, unsigned cpu)
{
	struct timer_queue *q;
	bool armed;
	u64 expires;

	if (READ_ONCE(t->cpu) == cpu)
		return;
	q = queue_lock(t);
	armed = t->armed;
	expires = t->expires;
	if (armed)
		rb_erase(&q->tree, &t->node);
	t->armed = false;
	WRITE_ONCE(t->cpu, cpu); /* under the old queue's lock: see queue_lock */
	spin_unlock(&q->lock);
	if (armed)
		timer_set(t, expires);
}

void timers_init_cpu(unsigned cpu)
{
	if (!registered)
		softirq_register(SOFTIRQ_TIMER, timers_run);
	registered = true;
	queues[cpu].programmed = TIMER_NONE;
}
