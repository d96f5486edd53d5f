// SPDX-License-Identifier: GPL-2.0-or-later
/* Two-level event channels; see event.h. Port n is bit n % 64 of word n / 64, the word is a bit of
 * the selector. */
#include "event.h"
#include "memory.h"
#include "vcpu.h"

volatile u32 event_count[MAX_COUNTED];

static bool bit_test(const volatile xen_ulong_t *words, u32 n)
{
	return words[n / 64] >> (n % 64) & 1;
}

static void bit_set(xen_ulong_t *words, u32 n)
{
	__atomic_fetch_or(&words[n / 64], 1ul << (n % 64), __ATOMIC_SEQ_CST);
}

static void bit_clear(xen_ulong_t *words, u32 n)
{
	__atomic_fetch_and(&words[n / 64], ~(1ul << (n % 64)), __ATOMIC_SEQ_CST);
}

void event_dispatch(void)
{
	struct vcpu_info *info = vcpu_self()->info;
	u64 selector;

	info->evtchn_upcall_pending = 0;
	selector = __atomic_exchange_n(&info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	for (int word = 0; word < 64; word++) {
		u64 ports;

		if (!(selector >> word & 1))
			continue;
		ports = READ_ONCE(shared_info->evtchn_pending[word]) &
			~READ_ONCE(shared_info->evtchn_mask[word]);
		for (int bit = 0; bit < 64; bit++) {
			if (!(ports >> bit & 1))
				continue;
			event_clear(word * 64 + bit);
			event_count[word * 64 + bit]++;
		}
	}
}

long event_send(u32 port)
{
	struct evtchn_send send = { port };

	return HC(event_channel_op, EVTCHNOP_send, &send);
}

long event_close(u32 port)
{
	struct evtchn_close close = { port };

	return HC(event_channel_op, EVTCHNOP_close, &close);
}

long event_status(u32 port, struct evtchn_status *status)
{
	*status = (struct evtchn_status){ .dom = DOMID_SELF, .port = port };
	return HC(event_channel_op, EVTCHNOP_status, status);
}

long event_bind_self(u32 *other)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = DOMID_SELF };
	struct evtchn_bind_interdomain b = { .remote_dom = DOMID_SELF };
	long error = HC(event_channel_op, EVTCHNOP_alloc_unbound, &a);

	if (error)
		return error;
	b.remote_port = a.port;
	error = HC(event_channel_op, EVTCHNOP_bind_interdomain, &b);
	if (error)
		return error;
	/* Binding leaves the new port pending for the binder. */
	event_mask(b.local_port, true);
	event_clear(b.local_port);
	event_clear(a.port);
	event_mask(a.port, false);
	if (other)
		*other = b.local_port;
	return a.port;
}

bool event_pending(u32 port)
{
	return bit_test(shared_info->evtchn_pending, port);
}

void event_clear(u32 port)
{
	bit_clear(shared_info->evtchn_pending, port);
}

void event_mask(u32 port, bool masked)
{
	if (masked)
		bit_set(shared_info->evtchn_mask, port);
	else
		bit_clear(shared_info->evtchn_mask, port);
}

long event_unmask(u32 port)
{
	struct evtchn_unmask unmask = { port };

	return HC(event_channel_op, EVTCHNOP_unmask, &unmask);
}

void upcalls_disable(void)
{
	WRITE_ONCE(vcpu_self()->info->evtchn_upcall_mask, 1);
	barrier();
}

void upcalls_enable(void)
{
	struct vcpu_info *info = vcpu_self()->info;

	WRITE_ONCE(info->evtchn_upcall_mask, 0);
	barrier();
	if (READ_ONCE(info->evtchn_upcall_pending))
		HC(xen_version, XENVER_version, NULL);
}

void event_reset(void)
{
	struct evtchn_status status;

	for (u32 port = 1; port < 64; port++)
		if (!event_status(port, &status) && status.status != EVTCHNSTAT_closed)
			event_close(port);
	for (int word = 0; word < 64; word++) {
		shared_info->evtchn_mask[word] = ~0ul;
		shared_info->evtchn_pending[word] = 0;
	}
	memset((void *)event_count, 0, sizeof(event_count));
	vcpu_self()->info->evtchn_pending_sel = 0;
	vcpu_self()->info->evtchn_upcall_pending = 0;
}
