// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What hypercalls cost, in ticks of the time stamp counter for one (instructions under QEMU's
 * -icount): the same test kernel as tests/guest with these bodies instead of its cases, so nothing
 * of Linux is in the figures. Each row runs in batches and prints the least. One CPU. With
 * again=ROW among its arguments it stays at that row, for a profile.
 */
#include "test.h"

#define BATCHES 8
#define TIMES	64

enum { GRANT = 8, PAGES = 16 };

static u64 least;

/* Was the row named by again=? */
static bool stay_at(const char *key)
{
	for (const char *at = (const char *)start_info->cmd_line; *at; at++)
		if (!strncmp(at, "again=", 6) && !strncmp(at + 6, key, strlen(key) + 1))
			return true;
	return false;
}

/* The least of BATCHES runs of TIMES turns of stmt. */
#define MEASURE(key, ...)                                                    \
	do {                                                                 \
		least = ~0ul;                                                \
		bool stay_ = stay_at(key);                                   \
		for (int batch_ = 0; stay_ || batch_ <= BATCHES; batch_++) { \
			u64 start_ = rdtsc(), got_;                          \
			for (int turn_ = 0; turn_ < TIMES; turn_++) {        \
				__VA_ARGS__;                                 \
			}                                                    \
			got_ = rdtsc() - start_;                             \
			least = batch_ && got_ < least ? got_ : least;       \
		}                                                            \
		fact(key, "%lu", (least + TIMES / 2) / TIMES);               \
	} while (0)

static void kernel_iret(void)
{
	asm volatile("movq %%rsp, %%rdx\n"
		     "pushq %0\n"
		     "pushq %%rdx\n"
		     "pushq $2\n" /* upcalls stay masked */
		     "pushq %1\n"
		     "leaq 1f(%%rip), %%rax\n"
		     "pushq %%rax\n"
		     "pushq $0\n"
		     "pushq %%rcx\n"
		     "pushq %%r11\n"
		     "pushq $0\n"
		     "movl $%c2, %%eax\n"
		     "syscall\n"
		     "1:"
		     :
		     : "i"(FLAT_KERNEL_SS), "i"(FLAT_KERNEL_CS & ~3) /* RPL 3 would be user mode */,
		     "i"(__HYPERVISOR_iret)
		     : "rax", "rcx", "rdx", "r11", "memory", "cc");
}

static void multicall_of_8(void)
{
	struct multicall_entry calls[8] = { 0 };

	for (int i = 0; i < 8; i++)
		calls[i] = (struct multicall_entry){ .op = __HYPERVISOR_xen_version };
	CHECK_EQ(HC(multicall, calls, 8), 0);
}

/* What any guest does to its own page tables, ports and timers. */
static void own_calls(void)
{
	u8 *page = page_alloc();
	u64 at = pte_address((u64)page, 1), pte = pte_read((u64)page, 1);
	struct mmu_update updates[32];
	u32 port, other;

	port = event_bind_self(&other);
	CHECK((int)port > 0);
	event_mask(port, true);
	for (int i = 0; i < 32; i++)
		updates[i] = (struct mmu_update){ at | MMU_PT_UPDATE_PRESERVE_AD,
			i & 1 ? pte : pte & ~PTE_RW };
	MEASURE("hc_null", HC(xen_version, XENVER_version, NULL));
	MEASURE("hc_event_send", event_send(other));
	MEASURE("hc_set_timer", HC(set_timer_op, 1ul << 60));
	HC(set_timer_op, 0);
	MEASURE("hc_mmu_update_1", HC(mmu_update, &updates[turn_ & 1], 1, NULL, DOMID_SELF));
	MEASURE("hc_mmu_update_32", HC(mmu_update, updates, 32, NULL, DOMID_SELF));
	MEASURE("hc_va_mapping", HC(update_va_mapping, page, turn_ & 1 ? pte : pte & ~PTE_RW,
					 UVMF_INVLPG | UVMF_LOCAL));
	MEASURE("hc_multicall_8", multicall_of_8());
	MEASURE("hc_iret", kernel_iret());
	MEASURE("hc_stack_switch", HC(stack_switch, FLAT_KERNEL_SS, stack_top(&boot_stack[0])));
	MEASURE("hc_yield", HC(sched_op, SCHEDOP_yield, NULL));
	event_close(port);
}

TEST(bench_dom0, "own calls of the control domain")
{
	own_calls();
}

static void in_child(void)
{
	own_calls();
	child_report->word[0] = 1;
}

TEST(bench_guest, "own calls of a guest")
{
	struct child *child = child_create(in_child);

	child_unpause(child);
	CHECK_EQ(child_wait(child, 60), SHUTDOWN_poweroff);
	CHECK(child_print(child));
}

/* Answers every event until word[1] is set. */
static void echo(void)
{
	struct evtchn_alloc_unbound a = { .dom = DOMID_SELF, .remote_dom = 0 };
	u32 seen = 0;

	for (u32 i = 0; i < PAGES; i++)
		grant_give(GRANT + i, 0, virt_to_mfn(page_alloc()), 0);
	CHECK_EQ(HC(event_channel_op, EVTCHNOP_alloc_unbound, &a), 0);
	event_mask(a.port, false);
	child_report->word[2] = a.port;
	child_report->word[0] = 1;
	for (;;) {
		upcalls_disable();
		if (event_count[a.port] == seen)
			HC(sched_op, SCHEDOP_block, NULL);
		if (child_report->word[1])
			return;
		while (event_count[a.port] != seen) {
			seen++;
			event_send(a.port);
		}
	}
}

static void round_trip(u32 port)
{
	u32 seen = event_count[port];

	event_send(port);
	for (;;) {
		upcalls_disable();
		if (event_count[port] != seen)
			return;
		HC(sched_op, SCHEDOP_block, NULL);
	}
}

static void grants(struct child *child)
{
	struct gnttab_copy c[PAGES];
	struct gnttab_map_grant_ref map = {
		.dom = child->domid, .ref = GRANT, .flags = GNTMAP_host_map, .host_addr = SCRATCH
	};
	struct gnttab_unmap_grant_ref unmap = { .host_addr = SCRATCH };
	u8 *page = page_alloc();

	for (int i = 0; i < PAGES; i++) {
		c[i] = (struct gnttab_copy){ .len = PAGE_SIZE, .flags = GNTCOPY_source_gref };
		c[i].source.domid = child->domid;
		c[i].source.u.ref = GRANT + i;
		c[i].dest.domid = DOMID_SELF;
		c[i].dest.u.gmfn = virt_to_mfn(page_alloc());
	}
	/* Makes the tables above SCRATCH. */
	CHECK_EQ(map_page(SCRATCH, MAKE_PTE(virt_to_mfn(page), PTE_RW_DATA)), 0);
	CHECK_EQ(va_write((void *)SCRATCH, 0), 0);
	MEASURE("hc_grant_map_unmap", HC(grant_table_op, GNTTABOP_map_grant_ref, &map, 1);
		unmap.handle = map.handle; HC(grant_table_op, GNTTABOP_unmap_grant_ref, &unmap, 1));
	CHECK_EQ(map.status, GNTST_okay);
	CHECK_EQ(unmap.status, GNTST_okay);
	MEASURE("hc_grant_copy_1", HC(grant_table_op, GNTTABOP_copy, c, 1));
	MEASURE("hc_grant_copy_16", HC(grant_table_op, GNTTABOP_copy, c, PAGES));
	CHECK_EQ(c[PAGES - 1].status, GNTST_okay);
}

TEST(bench_two_domains, "events and grants between the control domain and a guest")
{
	struct child *child = child_create(echo);
	struct evtchn_bind_interdomain b = { .remote_dom = child->domid };

	child_unpause(child);
	CHECK(child_wait_word(child, 0, 1, 5));
	b.remote_port = child->report->word[2];
	CHECK_EQ(HC(event_channel_op, EVTCHNOP_bind_interdomain, &b), 0);
	event_clear(b.local_port);
	event_mask(b.local_port, false);
	round_trip(b.local_port);
	MEASURE("hc_event_round_trip", round_trip(b.local_port));
	grants(child);
	child->report->word[1] = 1;
	event_send(b.local_port);
	CHECK_EQ(child_wait(child, 5), SHUTDOWN_poweroff);
}
