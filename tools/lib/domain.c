/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Domain operations over domctl and sysctl: see domain.h.
 */
#include "tools/lib/domain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xen/event_channel.h>
#include <xen/sched.h>

#include "tools/lib/text.h"

int domain_list(struct xen *x, uint32_t first, uint32_t max, domain_info *out)
{
	struct xen_sysctl op = { .cmd = XEN_SYSCTL_getdomaininfolist };
	domain_info *b = hbuf_alloc(x, max * sizeof(*b));
	int n = -1;

	op.u.getdomaininfolist.first_domain = first;
	op.u.getdomaininfolist.max_domains = max;
	set_xen_guest_handle(op.u.getdomaininfolist.buffer, b);
	if (!xen_sysctl(x, &op)) {
		n = op.u.getdomaininfolist.num_domains;
		memcpy(out, b, n * sizeof(*b));
	}
	hbuf_free(x, b);
	return n;
}

int domain_list_all(struct xen *x, domain_info **out)
{
	domain_info *all = NULL;
	int n, total = 0;
	uint32_t next = 0;

	do {
		all = xgrow(all, total + 256, sizeof(*all));
		n = domain_list(x, next, 256, all + total);
		if (n < 0) {
			free(all);
			return -1;
		}
		total += n;
		if (n)
			next = all[total - 1].domain + 1;
	} while (n == 256);
	*out = all;
	return total;
}

int domain_get(struct xen *x, uint32_t domid, domain_info *out)
{
	int n;

	if (domid >= DOMID_FIRST_RESERVED) {
		errno = ESRCH;
		return -1;
	}
	n = domain_list(x, domid, 1, out);
	if (n == 1 && out->domain == domid)
		return 0;
	if (n >= 0)
		errno = ESRCH;
	return -1;
}

int domain_create(struct xen *x, struct xen_domctl_createdomain *how, uint32_t *domid)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_createdomain };

	op.u.createdomain = *how;
	if (xen_domctl(x, &op))
		return -1;
	*domid = op.domain;
	return 0;
}

static int simple(struct xen *x, uint32_t cmd, uint32_t domid)
{
	struct xen_domctl op = { .cmd = cmd, .domain = domid };

	return xen_domctl(x, &op);
}

int domain_destroy(struct xen *x, uint32_t domid)
{
	return simple(x, XEN_DOMCTL_destroydomain, domid);
}

int domain_pause(struct xen *x, uint32_t domid)
{
	return simple(x, XEN_DOMCTL_pausedomain, domid);
}

int domain_unpause(struct xen *x, uint32_t domid)
{
	return simple(x, XEN_DOMCTL_unpausedomain, domid);
}

int domain_set_max_kb(struct xen *x, uint32_t domid, uint64_t kb)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_max_mem, .domain = domid };

	op.u.max_mem.max_memkb = kb;
	return xen_domctl(x, &op);
}

int domain_set_max_vcpus(struct xen *x, uint32_t domid, uint32_t vcpus)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_max_vcpus, .domain = domid };

	op.u.max_vcpus.max = vcpus;
	return xen_domctl(x, &op);
}

int domain_set_handle(struct xen *x, uint32_t domid, const uint8_t uuid[16])
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_setdomainhandle, .domain = domid };

	memcpy(op.u.setdomainhandle.handle, uuid, 16);
	return xen_domctl(x, &op);
}

int domain_hypercall_page(struct xen *x, uint32_t domid, uint64_t mfn)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_hypercall_init, .domain = domid };

	op.u.hypercall_init.gmfn = mfn;
	return xen_domctl(x, &op);
}

int domain_set_tsc_mode(struct xen *x, uint32_t domid, uint32_t mode)
{
	struct xen_domctl op = { .cmd = XEN_DOMCTL_settscinfo, .domain = domid };

	op.u.tsc_info.tsc_mode = mode;
	return xen_domctl(x, &op);
}

int domain_alloc_port(struct xen *x, uint32_t domid, uint32_t *port)
{
	struct evtchn_alloc_unbound op = { .dom = domid, .remote_dom = 0 };

	if (xen_event_channel_op(x, EVTCHNOP_alloc_unbound, &op, sizeof(op)))
		return -1;
	*port = op.port;
	return 0;
}

bool domain_is_shutdown(const domain_info *d)
{
	return d->flags & XEN_DOMINF_shutdown;
}

bool domain_is_dying(const domain_info *d)
{
	return d->flags & XEN_DOMINF_dying;
}

unsigned int domain_shutdown_reason(const domain_info *d)
{
	return (d->flags >> XEN_DOMINF_shutdownshift) & XEN_DOMINF_shutdownmask;
}

void domain_state_letters(const domain_info *d, char out[7])
{
	static const char reasons[] = "-rscwS";
	unsigned int reason = domain_shutdown_reason(d);

	out[0] = d->flags & XEN_DOMINF_running ? 'r' : '-';
	out[1] = d->flags & XEN_DOMINF_blocked ? 'b' : '-';
	out[2] = d->flags & XEN_DOMINF_paused ? 'p' : '-';
	out[3] = domain_is_shutdown(d) ? 's' : '-';
	out[4] = '-';
	if (domain_is_shutdown(d))
		out[4] = reason < sizeof(reasons) - 1 ? reasons[reason] : '?';
	out[5] = domain_is_dying(d) ? 'd' : '-';
	out[6] = 0;
}

uint64_t pages_to_kb(uint64_t pages)
{
	return pages * (PAGE_SIZE / 1024);
}
