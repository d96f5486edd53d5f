/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model behind tools_fake.h: hypercalls and foreign memory.
 */
#include "tests/host/tools_fake.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen/event_channel.h>
#include <xen/version.h>

#include "tests/host/tools_fake_store.h"
#include "tools/lib/paths.h"

struct fake fake;
static int memory_fd = -1;

static char state_dir[64], lock_path[80], script_dir[80], socket_path[80], conf_path[80],
	cache_dir[80], nft_path[80], mounts_path[80];
const char *const path_state = state_dir;
const char *const path_lock = lock_path;
const char *const path_scripts = script_dir;
const char *const path_conf = conf_path;
const char *const path_cache = cache_dir;
const char *const path_nft = nft_path;
const char *const path_mounts = mounts_path;
const char *const path_vaned = socket_path;
const char *const path_sysfs = fake.dir;

bool fake_call_fails(void)
{
	fake.calls++;
	if (fake.calls != fake.fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

static struct fake_domain *find(uint32_t domid)
{
	if (domid < FAKE_DOMAINS && fake.domain[domid].exists)
		return &fake.domain[domid];
	errno = ESRCH;
	return NULL;
}

void fake_reset(void)
{
	struct fake_domain *d0 = &fake.domain[0];

	fake_end();
	memset(&fake, 0, sizeof(fake));
	strcpy(fake.dir, "/tmp/tools_fake.XXXXXX");
	if (!mkdtemp(fake.dir))
		abort();
	strcpy(state_dir, fake.dir);
	snprintf(nft_path, sizeof(nft_path), "%s/nft", fake.dir);
	snprintf(mounts_path, sizeof(mounts_path), "%s/mountinfo", fake.dir);
	snprintf(lock_path, sizeof(lock_path), "%s/lock", fake.dir);
	snprintf(script_dir, sizeof(script_dir), "%s/scripts", fake.dir);
	snprintf(cache_dir, sizeof(cache_dir), "%s/cache", fake.dir);
	snprintf(conf_path, sizeof(conf_path), "%s/xl.conf", fake.dir);
	snprintf(socket_path, sizeof(socket_path), "%s/vaned.sock", fake.dir);
	mkdir(script_dir, 0700);
	memory_fd = memfd_create("host", MFD_CLOEXEC);
	if (memory_fd < 0 || ftruncate(memory_fd, (uint64_t)FAKE_FRAMES << 12))
		abort();
	fake.next_domid = 1;
	fake.cpus = 2;
	d0->exists = true;
	d0->weight = 256;
	d0->info.flags = XEN_DOMINF_running;
	d0->info.nr_online_vcpus = 2;
	d0->info.max_vcpu_id = 1;
	d0->info.tot_pages = 1024 << 8;
	d0->info.cpu_time = 21100000000ULL;
	fake_store_reset();
	fake_write("/local/domain/0/name", "Domain-0");
	fake_write("/local/domain/0/memory/target", "1048576");
	fake_write("/local/domain/0/memory/static-max", "1048576");
	fake_write("/local/pool/0/name", "Pool-0");
}

void fake_end(void)
{
	char command[128];

	if (memory_fd < 0)
		return;
	close(memory_fd);
	memory_fd = -1;
	snprintf(command, sizeof(command), "rm -rf %s", fake.dir);
	if (system(command))
		abort();
	fake_store_end();
}

uint8_t *fake_page(uint64_t mfn)
{
	static uint8_t page[4096];

	if (pread(memory_fd, page, sizeof(page), mfn << 12) != sizeof(page))
		abort();
	return page;
}

int fake_frames(void)
{
	int i, n = 0;

	for (i = 0; i < FAKE_FRAMES; i++)
		n += fake.owner[i] != 0;
	return n;
}

int fake_records(void)
{
	DIR *dir = opendir(fake.dir);
	struct dirent *de;
	int n = 0;

	while ((de = readdir(dir)))
		n += !strncmp(de->d_name, "userdata", 8);
	closedir(dir);
	return n;
}

/* libxencall */

xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned int flags)
{
	return (xencall_handle *)&fake;
}

int xencall_close(xencall_handle *h)
{
	return 0;
}

void *xencall_alloc_buffer(xencall_handle *h, size_t size)
{
	fake.buffers++;
	return malloc(size);
}

void xencall_free_buffer(xencall_handle *h, void *p)
{
	fake.buffers--;
	free(p);
}

static int create(struct xen_domctl *op)
{
	struct fake_domain *d;

	if (fake.next_domid == FAKE_DOMAINS) {
		errno = ENOMEM;
		return -1;
	}
	d = &fake.domain[fake.next_domid];
	memset(d, 0, sizeof(*d));
	d->exists = d->paused = true;
	d->weight = 256;
	d->info.domain = fake.next_domid;
	d->info.flags = XEN_DOMINF_paused;
	d->info.max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
	d->info.shared_info_frame = FAKE_FRAMES - fake.next_domid;
	memcpy(d->info.handle, op->u.createdomain.handle, 16);
	op->domain = fake.next_domid++;
	return 0;
}

static int affinity(struct xen_domctl *op, bool set)
{
	uint8_t *hard = op->u.vcpuaffinity.cpumap_hard.bitmap.p,
		*soft = op->u.vcpuaffinity.cpumap_soft.bitmap.p;

	if (!set)
		*hard = *soft = 3;
	return 0;
}

static int domctl(struct xen_domctl *op)
{
	struct fake_domain *d;
	int i;

	if (op->interface_version != XEN_DOMCTL_INTERFACE_VERSION)
		abort();
	if (op->cmd == XEN_DOMCTL_createdomain)
		return create(op);
	d = find(op->domain);
	if (!d)
		return -1;
	switch (op->cmd) {
	case XEN_DOMCTL_destroydomain:
		for (i = 0; i < FAKE_FRAMES; i++)
			if (fake.owner[i] == op->domain)
				fake.owner[i] = 0;
		d->exists = false;
		return 0;
	case XEN_DOMCTL_pausedomain:
		d->paused = true;
		d->info.flags |= XEN_DOMINF_paused;
		return 0;
	case XEN_DOMCTL_unpausedomain:
		d->paused = false;
		d->info.flags &= ~XEN_DOMINF_paused;
		return 0;
	case XEN_DOMCTL_max_mem: d->max_kb = op->u.max_mem.max_memkb; return 0;
	case XEN_DOMCTL_max_vcpus:
		d->info.max_vcpu_id = op->u.max_vcpus.max - 1;
		d->info.nr_online_vcpus = op->u.max_vcpus.max;
		return 0;
	case XEN_DOMCTL_setvcpucontext: d->context = *op->u.vcpucontext.ctxt.p; return 0;
	case XEN_DOMCTL_setdomainhandle:
		memcpy(d->info.handle, op->u.setdomainhandle.handle, 16);
		return 0;
	case XEN_DOMCTL_hypercall_init: d->hypercall_mfn = op->u.hypercall_init.gmfn; return 0;
	case XEN_DOMCTL_getvcpuinfo:
		op->u.getvcpuinfo.online = 1;
		op->u.getvcpuinfo.blocked = op->u.getvcpuinfo.vcpu == 0;
		op->u.getvcpuinfo.running = op->u.getvcpuinfo.vcpu == 1;
		op->u.getvcpuinfo.cpu = op->u.getvcpuinfo.vcpu;
		op->u.getvcpuinfo.cpu_time =
			op->u.getvcpuinfo.vcpu ? 9000000000ULL : 15000000000ULL;
		return 0;
	case XEN_DOMCTL_setvcpuaffinity:
	case XEN_DOMCTL_getvcpuaffinity: return affinity(op, op->cmd == XEN_DOMCTL_setvcpuaffinity);
	case XEN_DOMCTL_scheduler_op:
		if (op->u.scheduler_op.cmd == XEN_DOMCTL_SCHEDOP_putinfo)
			d->weight = op->u.scheduler_op.u.credit2.weight,
			d->cap = op->u.scheduler_op.u.credit2.cap;
		op->u.scheduler_op.u.credit2.weight = d->weight;
		op->u.scheduler_op.u.credit2.cap = d->cap;
		return 0;
	default: errno = ENOSYS; return -1;
	}
}

static void list_domains(struct xen_sysctl_getdomaininfolist *l)
{
	uint32_t id;

	l->num_domains = 0;
	for (id = l->first_domain; id < FAKE_DOMAINS && l->num_domains < l->max_domains; id++)
		if (fake.domain[id].exists)
			l->buffer.p[l->num_domains++] = fake.domain[id].info;
}

static int sysctl(struct xen_sysctl *op)
{
	static const uint32_t caps[8] = { 0x1fcbf3fd, 0xf6d8320b, 0xec500800, 0x77, 5, 0x018841a9,
		0x20c, 0 };
	struct xen_sysctl_physinfo *p = &op->u.physinfo;

	switch (op->cmd) {
	case XEN_SYSCTL_getdomaininfolist: list_domains(&op->u.getdomaininfolist); return 0;
	case XEN_SYSCTL_physinfo:
		memset(p, 0, sizeof(*p));
		p->nr_cpus = p->cores_per_socket = 2;
		p->threads_per_core = p->nr_nodes = p->max_cpu_id = 1;
		p->cpu_khz = 2596119;
		p->capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_hvm |
				  XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_gnttab_v1 |
				  XEN_SYSCTL_PHYSCAP_gnttab_v2;
		p->total_pages = 2999 << 8;
		p->free_pages = FAKE_FRAMES - 64 - fake_frames();
		memcpy(p->hw_cap, caps, sizeof(caps));
		return 0;
	case XEN_SYSCTL_sched_id: op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2; return 0;
	case XEN_SYSCTL_scheduler_op:
		op->u.scheduler_op.u.sched_credit2.ratelimit_us = 1000;
		return 0;
	case XEN_SYSCTL_cpupool_op:
		if (op->u.cpupool_op.cpupool_id) {
			errno = ENOENT;
			return -1;
		}
		op->u.cpupool_op.sched_id = XEN_SCHEDULER_CREDIT2;
		op->u.cpupool_op.n_dom = 2;
		*op->u.cpupool_op.cpumap.bitmap.p = 3;
		return 0;
	default: errno = ENOSYS; return -1;
	}
}

int xencall1(xencall_handle *h, unsigned int number, uint64_t a)
{
	if (fake_call_fails())
		return -1;
	if (number == __HYPERVISOR_domctl)
		return domctl((void *)(uintptr_t)a);
	if (number == __HYPERVISOR_sysctl)
		return sysctl((void *)(uintptr_t)a);
	errno = ENOSYS;
	return -1;
}

int xencall2(xencall_handle *h, unsigned int number, uint64_t a, uint64_t b)
{
	return number == __HYPERVISOR_xen_version && a == XENVER_version ? 4 << 16 | 17 : 4096;
}

static long populate(struct xen_memory_reservation *r)
{
	uint64_t pages = 1UL << r->extent_order, from, k;
	xen_pfn_t *ext = r->extent_start.p;
	long done = 0;

	if (!find(r->domid))
		return -1;
	for (from = 0; done < (long)r->nr_extents && from + pages <= FAKE_FRAMES - 64;
		from += pages) {
		for (k = 0; k < pages && !fake.owner[from + k]; k++)
			;
		if (k < pages)
			continue;
		for (k = 0; k < pages; k++)
			fake.owner[from + k] = r->domid;
		fake.domain[r->domid].info.tot_pages += pages;
		ext[done++] = from;
	}
	return done;
}

static int version(unsigned int cmd, void *p)
{
	struct xen_compile_info *c = p;

	switch (cmd) {
	case XENVER_extraversion: strcpy(p, ".7"); return 0;
	case XENVER_capabilities: strcpy(p, "xen-3.0-x86_64 hvm-3.0-x86_64 "); return 0;
	case XENVER_commandline: strcpy(p, "console=com1 dom0=pv "); return 0;
	case XENVER_compile_info:
		strcpy(c->compiler, "gcc 12.2.0");
		strcpy(c->compile_by, "me");
		strcpy(c->compile_domain, "here");
		strcpy(c->compile_date, "today");
		return 0;
	case XENVER_platform_parameters:
		((struct xen_platform_parameters *)p)->virt_start = 0xffff800000000000UL;
		return 0;
	case XENVER_build_id: memcpy(((struct xen_build_id *)p)->buf, "\x15\x1b", 2); return 2;
	default: return 0;
	}
}

long xencall2L(xencall_handle *h, unsigned int number, uint64_t cmd, uint64_t arg)
{
	void *p = (void *)(uintptr_t)arg;
	struct evtchn_alloc_unbound *port = p;
	struct xen_memory_reservation *r = p;

	if (number == __HYPERVISOR_xen_version)
		return version(cmd, p);
	/* Giving a claim back does not fail. */
	if (number == __HYPERVISOR_memory_op && cmd == XENMEM_claim_pages && !r->nr_extents) {
		if (find(r->domid))
			fake.domain[r->domid].claimed = false;
		return 0;
	}
	if (fake_call_fails())
		return -1;
	if (number == __HYPERVISOR_event_channel_op && cmd == EVTCHNOP_alloc_unbound) {
		if (!find(port->dom))
			return -1;
		port->port = ++fake.domain[port->dom].ports;
		return 0;
	}
	if (number == __HYPERVISOR_memory_op && cmd == XENMEM_claim_pages) {
		fake.domain[r->domid].claimed = true;
		return 0;
	}
	if (number == __HYPERVISOR_memory_op && cmd == XENMEM_populate_physmap)
		return populate(p);
	errno = ENOSYS;
	return -1;
}

int xencall4(xencall_handle *h, unsigned int number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	struct mmuext_op *op = (void *)(uintptr_t)a;

	if (fake_call_fails() || number != __HYPERVISOR_mmuext_op || !find(d))
		return -1;
	/* A page that is mapped writable cannot become a page table. */
	if (fake.mapped || fake.owner[op->arg1.mfn] != d) {
		errno = EINVAL;
		return -1;
	}
	fake.domain[d].pinned = true;
	return 0;
}

/* libxenforeignmemory: the host's memory is a file, mapped page by page. */

xenforeignmemory_handle *xenforeignmemory_open(struct xentoollog_logger *logger, unsigned int flags)
{
	return (xenforeignmemory_handle *)&fake;
}

int xenforeignmemory_close(xenforeignmemory_handle *h)
{
	return 0;
}

void *xenforeignmemory_map(xenforeignmemory_handle *h, uint32_t dom, int prot, size_t pages,
	const xen_pfn_t *mfns, int *err)
{
	uint8_t *p;
	size_t i;

	if (fake_call_fails())
		return NULL;
	p = mmap(NULL, pages << 12, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < pages; i++) {
		bool own = mfns[i] < FAKE_FRAMES &&
			   (fake.owner[mfns[i]] == dom || mfns[i] == FAKE_FRAMES - dom);

		err[i] = own ? 0 : -EINVAL;
		if (own && mmap(p + (i << 12), 4096, prot, MAP_SHARED | MAP_FIXED, memory_fd,
				   mfns[i] << 12) == MAP_FAILED)
			abort();
	}
	fake.mapped++;
	return p;
}

int xenforeignmemory_unmap(xenforeignmemory_handle *h, void *p, size_t pages)
{
	fake.mapped--;
	return munmap(p, pages << 12);
}

xenforeignmemory_resource_handle *xenforeignmemory_map_resource(xenforeignmemory_handle *h,
	domid_t domid, unsigned int type, unsigned int id, unsigned long frame, unsigned long nr,
	void **p, int prot, int flags)
{
	if (fake_call_fails())
		return NULL;
	*p = mmap(NULL, nr << 12, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fake.mapped++;
	return *p;
}

int xenforeignmemory_unmap_resource(xenforeignmemory_handle *h, xenforeignmemory_resource_handle *r)
{
	fake.mapped--;
	return munmap(r, 4096);
}
