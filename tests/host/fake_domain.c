/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kind of domain for host tests. Page types are counted in page->type: the low half counts
 * writable references; bit 63 stands for "is a page table", which refuses writable ones. A grant is
 * mapped by counting in fake_maps; host_addr 0xbad... refuses.
 */
#include "fake_machine.h"

#include <string.h>

#include "core/grant.h"
#include "core/sched.h"

unsigned fake_domains_alive, fake_page_frees;

static struct domain *fd_alloc(void)
{
	fake_domains_alive++;
	return calloc(1, sizeof(struct domain));
}

static void fd_free(struct domain *d)
{
	fake_domains_alive--;
	free(d);
}

static int fd_init(struct domain *d, const struct xen_domctl_createdomain *config)
{
	d->shared = heap_pages(0, 0);
	if (!d->shared)
		return -ENOMEM;
	page_share(d->shared, d);
	return 0;
}

static int fd_relinquish(struct domain *d)
{
	return 0;
}

static void fd_destroy(struct domain *d)
{
	if (d->shared)
		page_unshare(d->shared, d);
	d->shared = NULL;
}

static struct vcpu *fd_vcpu_alloc(struct domain *d)
{
	return calloc(1, sizeof(struct fake_vcpu));
}

static int fd_vcpu_init(struct vcpu *v)
{
	return 0;
}

static void fd_vcpu_destroy(struct vcpu *v)
{
	free(v);
}

static void fd_switch_from(struct vcpu *v)
{
}

static void fd_switch_to(struct vcpu *v)
{
	((struct fake_vcpu *)v)->switches_in++;
}

static void fd_exit_work(struct vcpu *v, struct regs *regs)
{
	((struct fake_vcpu *)v)->exits++;
}

void (*fake_hook)(void); /* called once in the middle of something, as another vcpu would come */

static void run_hook(void)
{
	void (*hook)(void) = fake_hook;

	fake_hook = NULL;
	if (hook)
		hook();
}

static int fd_grant_map(struct vcpu *v, u64 host_addr, u32 flags, mfn_t frame, u64 *slot)
{
	struct page *p = page_of(frame);

	run_hook();
	if (host_addr >> 32 == 0xbad)
		return GNTST_general_error;
	assert_true(page_get_any(p));
	*(u64 *)host_addr = frame.n << 12 | (flags & GNTMAP_readonly ? 1 : 3);
	*slot = host_addr;
	return GNTST_okay;
}

static int fd_grant_unmap(
	struct vcpu *v, u64 host_addr, u32 flags, mfn_t frame, u64 new_addr, u64 slot)
{
	u64 *pte = (u64 *)slot, want = frame.n << 12 | (flags & GNTMAP_readonly ? 1 : 3);

	run_hook();
	if (*pte >> 12 != frame.n)
		return GNTST_okay;
	if (host_addr != slot || *pte != want)
		return GNTST_general_error;
	*pte = 0;
	page_put(page_of(frame));
	return GNTST_okay;
}

static bool fd_type_get(struct page *p, bool writable)
{
	run_hook();
	if (p->type >> 63)
		return false;
	p->type++;
	return true;
}

static void fd_type_put(struct page *p, bool writable)
{
	assert_true(p->type > 0 && !(p->type >> 63));
	p->type--;
}

static void fd_page_freed(struct page *p)
{
	assert_int_equal(p->type, 0);
	fake_page_frees++;
}

const struct domain_ops fake_ops = {
	.domain_alloc = fd_alloc,
	.domain_free = fd_free,
	.domain_init = fd_init,
	.domain_relinquish = fd_relinquish,
	.domain_destroy = fd_destroy,
	.vcpu_alloc = fd_vcpu_alloc,
	.vcpu_init = fd_vcpu_init,
	.vcpu_destroy = fd_vcpu_destroy,
	.switch_from = fd_switch_from,
	.switch_to = fd_switch_to,
	.exit_work = fd_exit_work,
	.grant_map = fd_grant_map,
	.grant_unmap = fd_grant_unmap,
	.page_type_get = fd_type_get,
	.page_type_put = fd_type_put,
	.page_freed = fd_page_freed,
};

struct domain *fake_domain(u16 id, unsigned vcpus, bool paused)
{
	struct xen_domctl_createdomain config = { .max_vcpus = vcpus,
		.max_evtchn_port = 4095,
		.max_grant_frames = 8,
		.max_maptrack_frames = 8 };
	struct domain *d;

	assert_int_equal(domain_create(id, &config, &fake_ops, id == 0, &d), 0);
	d->max_pages = 100000;
	for (unsigned i = 0; i < vcpus; i++) {
		assert_int_equal(vcpu_create(d, i), 0);
		d->vcpu[i]->flags = 0;
		d->vcpu[i]->initialised = true;
	}
	if (!paused) {
		assert_int_equal(domain_unpause_by_controller(d), 0);
		fake_settle();
	}
	return d;
}

void fake_kill(struct domain *d)
{
	int rc;

	while ((rc = domain_kill(d)) == -ERESTART)
		fake_settle();
	assert_int_equal(rc, 0);
	fake_settle();
}

bool fake_runs(const struct vcpu *v)
{
	for (unsigned cpu = 0; cpu < cpu_online_count(); cpu++)
		if (fake_current[cpu] == v)
			return true;
	return false;
}
