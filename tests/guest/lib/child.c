// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The smallest domain builder: domctl calls in the order that a toolstack makes them, and
 * start-of-day memory as <xen/xen.h> describes it. Memory of the child from pfn 0: an empty page,
 * the image, its p2m list, start_info, the store and console pages, four levels of page table that
 * map all of it one to one from VIRT_BASE, the boot stack.
 */
#include "child.h"
#include "test.h"

extern u8 image_start[], image_bss[], image_end[];
void _start(void);
extern u8 hypercall_page[];

#define MAX_CHILDREN 3
#define P2M_PAGES    ((CHILD_PAGES * 8 + PAGE_SIZE - 1) / PAGE_SIZE)
#define L1_TABLES    ((CHILD_PAGES + 511) / 512)

struct report report_pages page_aligned;
struct report *child_report;
static struct child *children;

enum { PT_L4, PT_L3, PT_L2, PT_L1, PT_PAGES = PT_L1 + L1_TABLES };

/* ---- In the child ---- */

void child_detect(void)
{
	if (report_pages.magic == REPORT_MAGIC)
		child_report = &report_pages;
}

void child_report_text(const char *text, size_t size)
{
	struct report *r = child_report;

	if (size > sizeof(r->text) - r->size)
		size = sizeof(r->text) - r->size;
	memcpy(r->text + r->size, text, size);
	r->size += size;
}

void child_report_failed(void)
{
	child_report->state = CHILD_FAILED;
}

void child_main(void)
{
	child_report->state = CHILD_RUNNING;
	test_set_running(child_report->test);
	if (test_run_body(child_report->body))
		child_report->state = CHILD_RETURNED;
}

/* ---- In dom0: control ---- */

struct xen_domctl child_domctl(const struct child *child, u32 command)
{
	return (struct xen_domctl){
		.cmd = command,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.domain = child->domid,
	};
}

long child_map(struct child *child, const void *va, u64 mfn, u64 flags)
{
	return HC(update_va_mapping_otherdomain, va, MAKE_PTE(mfn, flags), UVMF_INVLPG | UVMF_ALL,
		child->domid);
}

static struct child *child_slot(void)
{
	if (!children) {
		children = pages_alloc(
			(MAX_CHILDREN * sizeof(struct child) + PAGE_SIZE - 1) / PAGE_SIZE);
		for (int i = 0; i < MAX_CHILDREN; i++)
			children[i].report = pages_alloc(REPORT_PAGES);
	}
	for (int i = 0; i < MAX_CHILDREN; i++)
		if (!children[i].exists)
			return &children[i];
	test_fail(__FILE__, __LINE__, "more than %d children", MAX_CHILDREN);
}

static void child_domain(struct child *child)
{
	struct xen_domctl d;

	child->domid = 0;
	d = child_domctl(child, XEN_DOMCTL_createdomain);
	d.u.createdomain = (struct xen_domctl_createdomain){
		.max_vcpus = 2,
		.max_evtchn_port = 1023,
		.max_grant_frames = 4,
		.max_maptrack_frames = 4,
		.grant_opts = XEN_DOMCTL_GRANT_version(1),
	};
	CHECK_EQ(HC(domctl, &d), 0);
	child->domid = d.domain;
	child->exists = true;
	d = child_domctl(child, XEN_DOMCTL_max_vcpus);
	d.u.max_vcpus.max = 2;
	CHECK_EQ(HC(domctl, &d), 0);
	d = child_domctl(child, XEN_DOMCTL_max_mem);
	d.u.max_mem.max_memkb = (CHILD_PAGES + 64) * 4;
	CHECK_EQ(HC(domctl, &d), 0);
	d = child_domctl(child, XEN_DOMCTL_getdomaininfo);
	CHECK_EQ(HC(domctl, &d), 0);
	child->shared_info_mfn = d.u.getdomaininfo.shared_info_frame;
}

static void child_populate(struct child *child)
{
	struct xen_memory_reservation r = { .nr_extents = CHILD_PAGES, .domid = child->domid };

	for (u64 pfn = 0; pfn < CHILD_PAGES; pfn++)
		child->mfn[pfn] = pfn;
	set_xen_guest_handle(r.extent_start, child->mfn);
	CHECK_EQ(HC(memory_op, XENMEM_populate_physmap, &r), CHILD_PAGES);
	for (u64 pfn = 0; pfn < CHILD_PAGES; pfn++) {
		struct mmu_update u = { child->mfn[pfn] << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, pfn };

		CHECK_EQ(HC(mmu_update, &u, 1, NULL, child->domid), 0);
	}
}

/* ---- In dom0: contents, one page at a time through a window ---- */

static u64 first_after_image(void)
{
	return virt_to_pfn(image_end);
}

static void fill_start_info(struct child *child, struct start_info *si)
{
	u64 p2m_pfn = first_after_image();

	format(si->magic, sizeof(si->magic), "xen-3.0-x86_64");
	si->nr_pages = CHILD_PAGES;
	si->shared_info = child->shared_info_mfn << PAGE_SHIFT;
	si->store_mfn = child->mfn[child->start_info_pfn + 1];
	si->console.domU.mfn = child->mfn[child->start_info_pfn + 2];
	si->pt_base = VIRT_BASE + (child->l4_pfn << PAGE_SHIFT);
	si->nr_pt_frames = PT_PAGES;
	si->mfn_list = VIRT_BASE + (p2m_pfn << PAGE_SHIFT);
	si->first_p2m_pfn = p2m_pfn;
	si->nr_p2m_frames = P2M_PAGES;
}

static void fill_table(struct child *child, u64 *table, u64 which)
{
	const u64 *pt = &child->mfn[child->l4_pfn];

	if (which == PT_L4)
		table[511] = MAKE_PTE(pt[PT_L3], PTE_TABLE);
	if (which == PT_L3)
		table[510] = MAKE_PTE(pt[PT_L2], PTE_TABLE);
	for (int i = 0; which == PT_L2 && i < L1_TABLES; i++)
		table[i] = MAKE_PTE(pt[PT_L1 + i], PTE_TABLE);
	for (u64 i = 0; which >= PT_L1 && i < 512; i++) {
		u64 pfn = (which - PT_L1) * 512 + i;
		bool is_table = pfn - child->l4_pfn < PT_PAGES;

		if (pfn < CHILD_PAGES)
			table[i] = MAKE_PTE(child->mfn[pfn], is_table ? PTE_RO : PTE_RW_DATA);
	}
}

static void fill_page(struct child *child, u64 pfn, u8 *to)
{
	u64 home = VIRT_BASE + (pfn << PAGE_SHIFT), p2m_pfn = first_after_image();

	memset(to, 0, PAGE_SIZE);
	if (home >= (u64)image_start && home < (u64)image_bss)
		memcpy(to, (void *)home, PAGE_SIZE);
	if (pfn - p2m_pfn < P2M_PAGES) {
		u64 first = (pfn - p2m_pfn) * 512;
		u64 count = CHILD_PAGES - first < 512 ? CHILD_PAGES - first : 512;

		memcpy(to, &child->mfn[first], count * 8);
	}
	if (pfn == child->start_info_pfn)
		fill_start_info(child, (struct start_info *)to);
	if (pfn - child->l4_pfn < PT_PAGES)
		fill_table(child, (u64 *)to, pfn - child->l4_pfn);
}

static void child_contents(struct child *child)
{
	u8 *window = page_alloc();
	u64 report_pfn = virt_to_pfn(&report_pages);

	child->start_info_pfn = first_after_image() + P2M_PAGES;
	child->l4_pfn = child->start_info_pfn + 3;
	for (u64 pfn = 0; pfn < CHILD_PAGES; pfn++) {
		CHECK_EQ(child_map(child, window, child->mfn[pfn], PTE_RW_DATA), 0);
		fill_page(child, pfn, window);
	}
	CHECK_EQ(page_set_flags(window, PTE_RW_DATA), 0);
	for (int i = 0; i < REPORT_PAGES; i++)
		CHECK_EQ(child_map(child, (u8 *)child->report + i * PAGE_SIZE,
				 child->mfn[report_pfn + i], PTE_RW_DATA),
			0);
}

static void child_vcpu(struct child *child)
{
	static struct vcpu_guest_context context;
	struct mmuext_op pin = { .cmd = MMUEXT_PIN_L4_TABLE,
		.arg1.mfn = child->mfn[child->l4_pfn] };
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_hypercall_init);

	CHECK_EQ(HC(mmuext_op, &pin, 1, NULL, child->domid), 0);
	d.u.hypercall_init.gmfn = child->mfn[virt_to_pfn(hypercall_page)];
	CHECK_EQ(HC(domctl, &d), 0);

	memset(&context, 0, sizeof(context));
	context.flags = VGCF_in_kernel | VGCF_online;
	context.user_regs.rip = (u64)_start;
	context.user_regs.rsp = VIRT_BASE + ((child->l4_pfn + PT_PAGES + 1) << PAGE_SHIFT);
	context.user_regs.rsi = VIRT_BASE + (child->start_info_pfn << PAGE_SHIFT);
	context.user_regs.rflags = FLAG_IF;
	context.user_regs.cs = FLAT_KERNEL_CS;
	context.user_regs.ss = context.kernel_ss = FLAT_KERNEL_SS;
	context.kernel_sp = context.user_regs.rsp;
	context.ctrlreg[3] = xen_pfn_to_cr3(child->mfn[child->l4_pfn]);
	d = child_domctl(child, XEN_DOMCTL_setvcpucontext);
	set_xen_guest_handle(d.u.vcpucontext.ctxt, &context);
	CHECK_EQ(HC(domctl, &d), 0);
}

struct child *child_create_empty(void)
{
	struct child *child = child_slot();

	child_domain(child);
	child_populate(child);
	return child;
}

struct child *child_create(void (*body)(void))
{
	struct child *child = child_create_empty();

	child_contents(child);
	child_vcpu(child);
	child->report->magic = REPORT_MAGIC;
	child->report->body = body;
	child->report->test = test_running();
	return child;
}

void child_unpause(struct child *child)
{
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_unpausedomain);

	CHECK_EQ(HC(domctl, &d), 0);
}

int child_wait(struct child *child, unsigned int seconds)
{
	u64 start = 0;

	do {
		struct xen_domctl d = child_domctl(child, XEN_DOMCTL_getdomaininfo);
		u32 flags;

		CHECK_EQ(HC(domctl, &d), 0);
		flags = d.u.getdomaininfo.flags;
		if (flags & XEN_DOMINF_shutdown)
			return flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
	} while (still_waiting(&start, seconds));
	return -1;
}

bool child_wait_word(struct child *child, int index, u64 value, unsigned int seconds)
{
	u64 start = 0;

	while (child->report->word[index] != value)
		if (!still_waiting(&start, seconds))
			return false;
	return true;
}

bool child_print(struct child *child)
{
	const char *text = child->report->text, *end = text + child->report->size;

	while (text < end) {
		size_t n = 0;

		while (text + n < end && text[n] != '\n')
			n++;
		n += text + n < end;
		print_raw(text, n);
		text += n;
	}
	child->report->size = 0;
	return child->report->state == CHILD_RETURNED;
}

void child_destroy(struct child *child)
{
	struct xen_domctl d = child_domctl(child, XEN_DOMCTL_destroydomain);

	for (int i = 0; i < REPORT_PAGES; i++)
		page_set_flags((u8 *)child->report + i * PAGE_SIZE, PTE_RW_DATA);
	child->exists = false;
	CHECK_EQ(HC(domctl, &d), 0);
}

void child_destroy_all(void)
{
	for (int i = 0; children && i < MAX_CHILDREN; i++)
		if (children[i].exists)
			child_destroy(&children[i]);
}

bool child_all_gone(u16 *first)
{
	struct xen_domctl_getdomaininfo left;
	struct xen_sysctl s = { .cmd = XEN_SYSCTL_getdomaininfolist,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	static u16 known; /* one that stays is told once */
	u64 start = 0;

	do {
		s.u.getdomaininfolist.first_domain = known + 1;
		s.u.getdomaininfolist.max_domains = 1;
		set_xen_guest_handle(s.u.getdomaininfolist.buffer, &left);
		if (HC(sysctl, &s) || !s.u.getdomaininfolist.num_domains)
			return true;
		*first = left.domain;
	} while (still_waiting(&start, 2));
	known = *first;
	return false;
}

u64 free_pages(void)
{
	struct xen_sysctl s = { .cmd = XEN_SYSCTL_physinfo,
		.interface_version = XEN_SYSCTL_INTERFACE_VERSION };
	u64 last = 0, start = 0;
	int same = 0;

	while (same < 3 && still_waiting(&start, 10)) {
		CHECK_EQ(HC(sysctl, &s), 0);
		same = s.u.physinfo.free_pages == last ? same + 1 : 0;
		last = s.u.physinfo.free_pages;
		sleep_ms(50);
	}
	return last;
}

bool free_pages_reach(u64 pages)
{
	u64 start = 0;

	while (free_pages() < pages)
		if (!still_waiting(&start, 10))
			return false;
	return true;
}

/* ---- Tests that run whole in a child ---- */

static void run_in_child(void)
{
	const struct test *test = test_running();
	struct child *child = child_create(test->body);
	u64 state;
	int code;

	child_unpause(child);
	code = child_wait(child, 20);
	state = child->report->state;
	child_print(child);
	if (state == CHILD_FAILED)
		test_fail_quietly();
	if (code < 0)
		test_fail(test->name, 0, "the child did not end");
	if (test->kind == TEST_CRASH && code != SHUTDOWN_crash)
		test_fail(test->name, 0, "the child was not crashed: code %d, state %lu", code,
			state);
	if (test->kind == TEST_CHILD && (code != SHUTDOWN_poweroff || state != CHILD_RETURNED))
		test_fail(test->name, 0, "the child ended with code %d in state %lu", code, state);
	child_destroy(child);
}

bool child_run_test(const struct test *test)
{
	return test_run_body(run_in_child);
}
