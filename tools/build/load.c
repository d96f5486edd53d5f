/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The steps of the domain builder that touch the new domain: see load.h. Guest pages are mapped
 * here in windows of 4 MiB and unmapped again at once: a page that is still mapped writable could
 * not become a page table.
 */
#include "tools/build/load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xen/grant_table.h>

#include "tools/build/tables.h"
#include "tools/lib/domain.h"
#include "tools/lib/log.h"
#include "tools/lib/mem.h"
#include "tools/lib/text.h"
#include "tools/lib/vcpu.h"

#define WINDOW	    1024 /* pages mapped at a time */
#define RAMDISK_MAX (4ULL << 30)

struct builder {
	struct xen *x;
	struct load *ld;
	struct layout l;
	xen_pfn_t *p2m;
	int ramdisk_fd;
	uint64_t ramdisk_len;
	uint64_t shared_info_mfn;
};

static int cannot_map(struct error *e)
{
	return error_errno(e, ERR_FAIL, "cannot map the guest's memory");
}

/* A source of bytes for guest memory: fill n bytes that belong at `done` bytes from the start. */
typedef int (*source_fn)(struct builder *b, const void *arg, uint64_t done, void *to, size_t n);

/* Write len bytes to guest memory at address addr (from the start of its memory), page windows at a
 * time. */
static int fill(struct builder *b, uint64_t addr, uint64_t len, source_fn source, const void *arg,
	struct error *e)
{
	uint64_t done = 0, pfn, offset, n, pages;
	uint8_t *p;
	int rc;

	while (done < len) {
		pfn = (addr + done) >> PAGE_SHIFT;
		offset = (addr + done) & (PAGE_SIZE - 1);
		n = WINDOW * PAGE_SIZE - offset;
		if (n > len - done)
			n = len - done;
		pages = (offset + n + PAGE_SIZE - 1) >> PAGE_SHIFT;
		p = mem_map(b->x, b->ld->domid, pages, b->p2m + pfn);
		if (!p)
			return cannot_map(e);
		rc = source(b, arg, done, p + offset, n);
		mem_unmap(b->x, p, pages);
		if (rc)
			return error_errno(e, ERR_FAIL, "cannot read the file again");
		done += n;
	}
	return 0;
}

static int from_segment(struct builder *b, const void *arg, uint64_t done, void *to, size_t n)
{
	const struct kernel_segment *s = arg;
	uint64_t have = done < s->file_size ? s->file_size - done : 0;

	if (have > n)
		have = n;
	memcpy(to, b->ld->image->elf + s->offset + done, have);
	memset((uint8_t *)to + have, 0, n - have);
	return 0;
}

static int from_ramdisk(struct builder *b, const void *arg, uint64_t done, void *to, size_t n)
{
	ssize_t got;

	while (n) {
		got = pread(b->ramdisk_fd, to, n, done);
		if (got <= 0) {
			errno = got ? errno : EIO;
			return -1;
		}
		to = (uint8_t *)to + got;
		done += got;
		n -= got;
	}
	return 0;
}

static int from_memory(struct builder *b, const void *arg, uint64_t done, void *to, size_t n)
{
	memcpy(to, (const uint8_t *)arg + done, n);
	return 0;
}

static int open_ramdisk(const struct load *ld, int *fd, uint64_t *len, struct error *e)
{
	struct stat st;

	*fd = -1;
	*len = 0;
	if (!ld->ramdisk)
		return 0;
	*fd = open(ld->ramdisk, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, &st))
		return error_errno(e, ERR_NOFILE, "ramdisk %s", ld->ramdisk);
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERR_CONFIG, "ramdisk %s is not a regular file", ld->ramdisk);
	if ((uint64_t)st.st_size > RAMDISK_MAX)
		return error_set(e, ERR_CONFIG, "ramdisk %s has %lld MiB: too large", ld->ramdisk,
			(long long)st.st_size >> 20);
	*len = st.st_size;
	return 0;
}

int load_check(const struct load *ld, struct error *e)
{
	struct layout l;
	uint64_t len;
	int fd, rc;

	rc = open_ramdisk(ld, &fd, &len, e);
	if (!rc)
		rc = layout_plan(&ld->image->kernel, ld->pages, len, &l, e);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int get_memory(struct builder *b, struct error *e)
{
	struct load *ld = b->ld;
	int rc;

	progress("allocating %llu MiB", (unsigned long long)ld->pages >> 8);
	if (ld->claim && mem_claim(b->x, ld->domid, ld->pages) && errno != ENOSYS &&
		errno != EOPNOTSUPP)
		return error_set(e, ERR_NOMEM, "not enough memory: %llu MiB are not free",
			(unsigned long long)(ld->pages + 255) >> 8);
	rc = mem_populate(b->x, ld->domid, ld->pages, b->p2m);
	if (rc)
		error_set(e, ERR_NOMEM, "not enough memory: %llu MiB are not free",
			(unsigned long long)(ld->pages + 255) >> 8);
	if (ld->claim)
		mem_claim(b->x, ld->domid, 0);
	return rc;
}

static int load_files(struct builder *b, struct error *e)
{
	const struct kernel *k = &b->ld->image->kernel;
	unsigned int i;

	progress("loading the kernel");
	for (i = 0; i < k->segments; i++)
		if (fill(b, k->segment[i].pfn_addr, k->segment[i].mem_size, from_segment,
			    &k->segment[i], e))
			return -1;
	if (b->ramdisk_len) {
		progress("loading the ramdisk");
		if (fill(b, b->l.ramdisk_pfn << PAGE_SHIFT, b->ramdisk_len, from_ramdisk, NULL, e))
			return -1;
	}
	return fill(b, b->l.p2m_pfn << PAGE_SHIFT, b->ld->pages * sizeof(xen_pfn_t), from_memory,
		b->p2m, e);
}

static int write_start_info(struct builder *b, struct error *e)
{
	union {
		struct start_info si;
		uint8_t page[PAGE_SIZE];
	} *u = xalloc(PAGE_SIZE * 3);
	const struct layout *l = &b->l;
	const struct kernel *k = &b->ld->image->kernel;
	struct start_info *si = &u->si;
	int rc;

	snprintf(si->magic, sizeof(si->magic), "xen-3.0-x86_64");
	si->nr_pages = l->pages;
	si->shared_info = b->shared_info_mfn << PAGE_SHIFT;
	si->store_mfn = b->p2m[l->store_pfn];
	si->store_evtchn = b->ld->store_port;
	si->console.domU.mfn = b->p2m[l->console_pfn];
	si->console.domU.evtchn = b->ld->console_port;
	si->pt_base = l->virt_base + (l->tables_pfn << PAGE_SHIFT);
	si->nr_pt_frames = l->tables;
	si->mfn_list = l->p2m_virt;
	if (l->p2m_tables) {
		si->first_p2m_pfn = l->p2m_pfn;
		si->nr_p2m_frames = l->p2m_pages + l->p2m_tables;
	}
	if (b->ramdisk_len) {
		si->mod_start = k->mod_start_pfn ? l->ramdisk_pfn
						 : l->virt_base + (l->ramdisk_pfn << PAGE_SHIFT);
		si->mod_len = b->ramdisk_len;
		if (k->mod_start_pfn)
			si->flags |= SIF_MOD_START_PFN;
	}
	memcpy(si->cmd_line, b->ld->cmdline, strlen(b->ld->cmdline));
	/* start_info, the xenstore ring and the console ring are neighbours; the rings start as
	 * zeroes. */
	rc = fill(b, l->start_info_pfn << PAGE_SHIFT, PAGE_SIZE * 3, from_memory, u, e);
	free(u);
	return rc;
}

static int write_tables(struct builder *b, struct error *e)
{
	const struct layout *l = &b->l;
	uint64_t *t = xalloc((l->tables + l->p2m_tables) * PAGE_SIZE);
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = b->p2m[l->tables_pfn] };
	int rc = tables_build(l, b->p2m, t);

	if (rc)
		error_set(e, ERR_FAIL, "the guest's page tables do not fit their plan");
	else
		rc = fill(
			b, l->tables_pfn << PAGE_SHIFT, l->tables << PAGE_SHIFT, from_memory, t, e);
	if (!rc && l->p2m_tables)
		rc = fill(b, l->p2m_tables_pfn << PAGE_SHIFT, l->p2m_tables << PAGE_SHIFT,
			from_memory, t + l->tables * 512, e);
	free(t);
	if (!rc && xen_mmuext_op(b->x, &pin, b->ld->domid))
		rc = error_errno(e, ERR_FAIL, "the hypervisor refuses the guest's page tables");
	return rc;
}

static int write_shared_info(struct builder *b, struct error *e)
{
	xen_pfn_t mfn = b->shared_info_mfn;
	struct shared_info *s = mem_map(b->x, b->ld->domid, 1, &mfn);
	unsigned int i;

	if (!s)
		return cannot_map(e);
	memset(s, 0, PAGE_SIZE);
	/* Events stay masked until the guest has set up its callback. */
	for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
		s->vcpu_info[i].evtchn_upcall_mask = 1;
	mem_unmap(b->x, s, 1);
	return 0;
}

/* Let domain 0 map the console and xenstore rings by grant, under the two reserved references. */
static int seed_grants(struct builder *b, struct error *e)
{
	xenforeignmemory_resource_handle *res;
	struct grant_entry_v1 *g = mem_map_grant_table(b->x, b->ld->domid, &res);

	if (!g)
		return error_errno(e, ERR_FAIL, "cannot map the guest's grant table");
	g[GNTTAB_RESERVED_CONSOLE] =
		(struct grant_entry_v1){ .domid = 0, .frame = b->p2m[b->l.console_pfn] };
	g[GNTTAB_RESERVED_XENSTORE] =
		(struct grant_entry_v1){ .domid = 0, .frame = b->p2m[b->l.store_pfn] };
	__sync_synchronize();
	g[GNTTAB_RESERVED_CONSOLE].flags = GTF_permit_access;
	g[GNTTAB_RESERVED_XENSTORE].flags = GTF_permit_access;
	xenforeignmemory_unmap_resource(b->x->memory, res);
	return 0;
}

static int start_vcpu(struct builder *b, struct error *e)
{
	struct vcpu_guest_context *c = xalloc(sizeof(*c));
	const struct layout *l = &b->l;
	const struct kernel *k = &b->ld->image->kernel;
	int rc;

	c->flags = VGCF_IN_KERNEL | VGCF_online;
	c->user_regs.rip = k->entry;
	c->user_regs.rsp = l->virt_base + ((l->stack_pfn + 1) << PAGE_SHIFT);
	c->user_regs.rsi = l->virt_base + (l->start_info_pfn << PAGE_SHIFT);
	c->user_regs.rflags = 1 << 9;
	c->user_regs.cs = FLAT_KERNEL_CS;
	c->user_regs.ss = c->user_regs.ds = c->user_regs.es = FLAT_KERNEL_SS;
	c->kernel_ss = FLAT_KERNEL_SS;
	c->kernel_sp = c->user_regs.rsp;
	c->ctrlreg[3] = xen_pfn_to_cr3(b->p2m[l->tables_pfn]);
	rc = vcpu_set_context(b->x, b->ld->domid, 0, c);
	free(c);
	return rc ? error_errno(e, ERR_FAIL, "the hypervisor refuses the first vCPU's state") : 0;
}

static int hypercall_page(struct builder *b, struct error *e)
{
	uint64_t va = b->ld->image->kernel.hypercall_page;

	if (va == KERNEL_NONE)
		return 0;
	if (!domain_hypercall_page(b->x, b->ld->domid, b->p2m[(va - b->l.virt_base) >> PAGE_SHIFT]))
		return 0;
	return error_errno(e, ERR_FAIL, "cannot fill the hypercall page");
}

static int build(struct builder *b, struct error *e)
{
	domain_info info;

	if (layout_plan(&b->ld->image->kernel, b->ld->pages, b->ramdisk_len, &b->l, e))
		return -1;
	if (strlen(b->ld->cmdline) >= MAX_GUEST_CMDLINE)
		return error_set(e, ERR_CONFIG, "the kernel command line is longer than %d bytes",
			MAX_GUEST_CMDLINE - 1);
	b->p2m = xalloc(b->ld->pages * sizeof(*b->p2m));
	if (get_memory(b, e))
		return -1;
	if (domain_get(b->x, b->ld->domid, &info))
		return error_errno(e, ERR_FAIL, "the new domain is gone");
	b->shared_info_mfn = info.shared_info_frame;
	if (load_files(b, e) || write_start_info(b, e) || hypercall_page(b, e) ||
		write_shared_info(b, e) || write_tables(b, e) || seed_grants(b, e) ||
		start_vcpu(b, e))
		return -1;
	b->ld->store_mfn = b->p2m[b->l.store_pfn];
	b->ld->console_mfn = b->p2m[b->l.console_pfn];
	return 0;
}

int load_domain(struct xen *x, struct load *ld, struct error *e)
{
	struct builder b = { .x = x, .ld = ld };
	int rc = open_ramdisk(ld, &b.ramdisk_fd, &b.ramdisk_len, e);

	if (!rc)
		rc = build(&b, e);
	progress_end();
	free(b.p2m);
	if (b.ramdisk_fd >= 0)
		close(b.ramdisk_fd);
	return rc;
}
