/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Delivery by the 2-level ABI: pending and mask bits in the shared info page, a selector word in
 * vcpu_info (PV-ABI 21). All of it is the guest's to write as well; nothing here trusts it. No
 * locks.
 */
#include "core/event.h"

#define WORD_BITS 64

static void select_word(struct domain *d, u32 port, u32 vcpu)
{
	struct vcpu *v = vcpu_of(d, vcpu);

	if (v && !test_and_set_bit(&v->info->evtchn_pending_sel, port / WORD_BITS))
		vcpu_mark_events_pending(v);
}

static void wake_pollers(struct domain *d, u32 port)
{
	struct vcpu *v;

	for_each_vcpu (d, v)
		vcpu_poll_wake(v, port);
}

void event_2l_raise(struct domain *d, u32 port, u32 vcpu)
{
	struct shared_info *s = d->shared;

	if (unlikely(!s) || test_and_set_bit(s->evtchn_pending, port))
		return;
	if (!test_bit(s->evtchn_mask, port))
		select_word(d, port, vcpu);
	if (unlikely(READ_ONCE(d->pollers)))
		wake_pollers(d, port);
}

void event_2l_clear(struct domain *d, u32 port)
{
	if (d->shared)
		clear_bit(d->shared->evtchn_pending, port);
}

void event_2l_unmask(struct domain *d, u32 port, u32 vcpu)
{
	struct shared_info *s = d->shared;

	if (s && test_and_clear_bit(s->evtchn_mask, port) && test_bit(s->evtchn_pending, port))
		select_word(d, port, vcpu);
}

bool event_port_pending(struct domain *d, u32 port)
{
	return d->shared && test_bit(d->shared->evtchn_pending, port);
}
