/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every hypercall and sub-operation with boundary values in all pairs of its argument's words, as
 * the control domain and as a guest: the sanitizers find what goes out of bounds, every answer is a
 * result or a documented errno, and afterwards the domains have no more memory than they may have.
 */
#include "fake_machine.h"

#include <string.h>

#include "core/event.h"
#include "hc/hypercall.h"
#include "hc_guest_memory.h"
#include "hc_pv_stubs.h"

#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/version.h>

#define WORDS 8 /* of an argument that take boundary values */
#define ARRAY 4096u

static struct domain *control, *guest;
static u64 values[17];

static void become(struct domain *d)
{
	fake_current[fake_cpu] = d->vcpu[0];
	stub_reset();
}

/* What a call may have changed goes back, so that each begins the same. */
static void restore(struct domain *d)
{
	d->max_pages = 100;
	for (unsigned i = 0; i < 2; i++)
		d->vcpu[i]->flags = 0;
	d->vm_assist = 0;
	d->vcpu[0]->runstate_addr = d->vcpu[0]->time_area_addr = 0;
	d->shutting_down = d->shut_down = false;
}

static void check_answer(long ret)
{
	assert_true(ret >= 0 || ret > -4096);
	assert_true(guest->tot_pages <= 100);
	assert_true(control->tot_pages <= 100);
	restore(guest);
	restore(control);
}

/*
 * head: bytes at the start that stay as given (command and version); then all pairs of the words
 * behind it.
 */
static void all_pairs(void (*call)(u64 arg), const void *head, size_t head_bytes)
{
	for (unsigned i = 0; i < WORDS; i++)
		for (unsigned j = i + 1; j < WORDS; j++)
			for (unsigned a = 0; a < ARRAY_SIZE(values); a++)
				for (unsigned b = 0; b < ARRAY_SIZE(values); b += 1 + (i + j) % 2) {
					u64 words[32] = { 0 };

					words[i] = values[a];
					words[j] = values[b];
					guest_place(0, words, sizeof(words));
					memmove(guest_memory + head_bytes, guest_memory,
						sizeof(words));
					guest_place(0, head, head_bytes);
					call(guest_address(0));
				}
}

/* ---- calls with a command and a pointer ---- */

static u32 command;
static long (*command_call)(u32 cmd, GUEST_PTR(void) arg);

static void with_command(u64 arg)
{
	check_answer(command_call(command, as_ptr_void(arg)));
}

static long memory_call(u32 cmd, GUEST_PTR(void) arg)
{
	return hc_memory_op(cmd, arg);
}

static long vcpu_call(u32 cmd, GUEST_PTR(void) arg)
{
	return hc_vcpu_op(cmd, 0, arg);
}

static long grant_call(u32 cmd, GUEST_PTR(void) arg)
{
	return hc_grant_table_op(cmd, arg, 1);
}

static void sweep(
	struct domain *as, long (*call)(u32, GUEST_PTR(void)), u32 first, u32 last, u64 skip)
{
	become(as);
	command_call = call;
	for (command = first; command <= last; command++) {
		if (command < 64 && skip >> command & 1)
			continue;
		check_answer(call(command, as_ptr_void(0)));
		for (unsigned v = 0; v < ARRAY_SIZE(values); v++)
			check_answer(call(command, as_ptr_void(values[v])));
		check_answer(call(command, as_ptr_void(guest_address(GUEST_BYTES - 4))));
		all_pairs(with_command, NULL, 0);
	}
}

static void memory_ops(void **state)
{
	sweep(guest, memory_call, 0, 30, 0);
	sweep(control, memory_call, 0, 30, 0);
}

static void event_ops(void **state)
{
	sweep(guest, hc_event_channel_op, 0, 14, 0);
	sweep(control, hc_event_channel_op, 0, 14, 0);
	assert_int_equal(event_reset(guest), 0);
}

static void grant_ops(void **state)
{
	sweep(guest, grant_call, 0, 13, 0);
	sweep(control, grant_call, 0, 13, 0);
}

static void vcpu_ops(void **state)
{
	sweep(guest, vcpu_call, 0, 14, 0);
}

static void sched_ops(void **state)
{
	sweep(guest, hc_sched_op, 0, 8, 0);
	/* the control domain's shutdown is the machine's */
	sweep(control, hc_sched_op, 0, 8, BIT(SCHEDOP_shutdown));
}

static void version_and_callbacks(void **state)
{
	sweep(guest, hc_xen_version, 0, 11, 0);
	sweep(guest, hc_callback_op, 0, 3, 0);
	sweep(guest, hc_nmi_op, 0, 3, 0);
}

/* A guest that was given one interrupt cannot take another one. */
static void interrupts_are_given(void **state)
{
	physdev_map_pirq_t map = { .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = 7 };
	struct rangeset *given = rangeset_new("interrupts");

	map.pirq = -1;
	assert_int_equal(rangeset_add(given, 5, 5), 0);
	guest->irqs = given;
	fake_current[fake_cpu] = guest->vcpu[0];
	assert_int_equal(
		hc_physdev_op(PHYSDEVOP_map_pirq, as_ptr_void(guest_place(0, &map, sizeof(map)))),
		-EPERM);
	assert_false(rangeset_contains(given, 7, 7));
	guest->irqs = NULL;
	rangeset_free(given);
}

static void physdev_ops(void **state)
{
	sweep(guest, hc_physdev_op, 0, 40, 0);
	sweep(control, hc_physdev_op, 0, 40, 0);
}

/* ---- control operations ---- */

static void run_domctl(u64 arg)
{
	check_answer(hc_domctl(as_ptr_xen_domctl_t(arg)));
}

static void run_sysctl(u64 arg)
{
	check_answer(hc_sysctl(as_ptr_xen_sysctl_t(arg)));
}

static void run_platform(u64 arg)
{
	check_answer(hc_platform_op(as_ptr_xen_platform_op_t(arg)));
}

static void domctls(void **state)
{
	static const u16 domains[] = { 0, 3, 9, DOMID_SELF, DOMID_IDLE, 0xffff };

	become(control);
	for (u32 cmd = 0; cmd < 90; cmd++) {
		if (cmd == XEN_DOMCTL_createdomain || cmd == XEN_DOMCTL_destroydomain)
			continue;
		for (unsigned d = 0; d < ARRAY_SIZE(domains); d++) {
			struct {
				u32 cmd, version;
				u16 domain, pad[3];
			} head = { cmd, XEN_DOMCTL_INTERFACE_VERSION, domains[d], { 0 } };

			if (d == 1) {
				all_pairs(run_domctl, &head, sizeof(head));
				continue;
			}
			guest_place(0, &(xen_domctl_t){ 0 }, sizeof(xen_domctl_t));
			run_domctl(guest_place(0, &head, sizeof(head)));
		}
	}
	for (u32 version = 0; version < 0x20; version++) {
		xen_domctl_t op = { .cmd = XEN_DOMCTL_getdomaininfo, .interface_version = version };
		long ret = hc_domctl(as_ptr_xen_domctl_t(guest_place(0, &op, sizeof(op))));

		assert_int_equal(ret, version == XEN_DOMCTL_INTERFACE_VERSION ? 0 : -EACCES);
	}
}

/* Create with one strange word; what came to be is destroyed. True: something did. */
static bool create_and_destroy(unsigned word, u32 value)
{
	xen_domctl_t op = { .cmd = XEN_DOMCTL_createdomain,
		.interface_version = XEN_DOMCTL_INTERFACE_VERSION,
		.u.createdomain = { .max_vcpus = 1,
			.grant_opts = 1,
			.max_grant_frames = 1,
			.max_maptrack_frames = 1,
			.max_evtchn_port = 100 } };
	long ret;

	((u32 *)&op.u.createdomain)[word] = value;
	ret = hc_domctl(as_ptr_xen_domctl_t(guest_place(0, &op, sizeof(op))));
	if (ret) {
		assert_true(ret < 0 && ret > -4096);
		return false;
	}
	memcpy(&op, guest_memory, sizeof(op));
	assert_true(op.domain > 0 && op.domain < DOMID_FIRST_RESERVED);
	op.cmd = XEN_DOMCTL_destroydomain;
	do
		ret = hc_domctl(as_ptr_xen_domctl_t(guest_place(0, &op, sizeof(op))));
	while (ret == -ERESTART);
	assert_int_equal(ret, 0);
	fake_settle();
	become(control);
	return true;
}

static unsigned create_all(void)
{
	unsigned made = 0;

	for (unsigned word = 0; word < sizeof(struct xen_domctl_createdomain) / 4; word++)
		for (unsigned v = 0; v < ARRAY_SIZE(values); v++)
			made += create_and_destroy(word, (u32)values[v]);
	return made;
}

/*
 * What is created with strange words is a domain that can be destroyed, or nothing; nothing of it
 * stays but the heap's first pages of each size.
 */
static void creations(void **state)
{
	unsigned made;
	u64 free;

	become(control);
	made = create_all();
	assert_true(made > 10);
	free = frames_free();
	assert_int_equal(create_all(), made);
	assert_int_equal(frames_free(), free);
}

static void sysctls(void **state)
{
	become(control);
	for (u32 cmd = 0; cmd < 32; cmd++) {
		u32 head[2] = { cmd, XEN_SYSCTL_INTERFACE_VERSION };

		if (cmd != XEN_SYSCTL_debug_keys) /* keys do what their names say */
			all_pairs(run_sysctl, head, sizeof(head));
	}
}

static void platform_ops(void **state)
{
	become(control);
	for (u32 cmd = 15; cmd < 66; cmd++) {
		u32 head[2] = { cmd, XENPF_INTERFACE_VERSION };

		all_pairs(run_platform, head, sizeof(head));
	}
}

/* ---- calls whose arguments are registers ---- */

static void register_arguments(void **state)
{
	static const u8 numbers[] = { 0, 1, 2, 3, 4, 5, 8, 9, 10, 14, 15, 18, 21, 22, 23, 25, 26 };

	become(guest);
	for (unsigned n = 0; n < ARRAY_SIZE(numbers); n++)
		for (unsigned a = 0; a < ARRAY_SIZE(values); a++)
			for (unsigned b = 0; b < ARRAY_SIZE(values); b++)
				for (unsigned c = 0; c < ARRAY_SIZE(values); c++) {
					u64 args[HYPERCALL_ARGS] = { values[a], values[b],
						values[c], values[b] };

					check_answer(hypercall_run(numbers[n], args));
				}
}

/* A list that stops in the middle goes on where it was, and *done counts all parts. */
static void lists_go_on_after_a_stop(void **state)
{
	u64 args[HYPERCALL_ARGS] = { guest_address(0), 20, guest_address(ARRAY), DOMID_SELF };
	u32 done = 0;

	become(guest);
	guest_place(ARRAY, &done, sizeof(done));
	stub_restart_at = 8;
	assert_int_equal(hypercall_run(__HYPERVISOR_mmu_update, args), -ERESTART);
	assert_int_equal(args[0], guest_address(7 * sizeof(mmu_update_t)));
	assert_int_equal((u32)args[1] & 0x7fffffff, 13);
	memcpy(&done, guest_memory + ARRAY, sizeof(done));
	assert_int_equal(done, 7);
	assert_int_equal(hypercall_run(__HYPERVISOR_mmu_update, args), 0);
	memcpy(&done, guest_memory + ARRAY, sizeof(done));
	assert_int_equal(done, 20);
	assert_int_equal(stub_calls, 21);
}

/* A reason has 8 bits in what the control domain is told of a domain. */
static void shutdown_reason_is_cut(void **state)
{
	struct domain *d = stub_domain(4, false);
	struct sched_shutdown req = { .reason = 0x12345603 };
	struct xen_domctl_getdomaininfo info;

	become(d);
	assert_int_equal(
		hc_sched_op(SCHEDOP_shutdown, as_ptr_void(guest_place(0, &req, sizeof(req)))), 0);
	domain_info(d, &info);
	assert_int_equal(info.flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask, 3);
	assert_int_equal(info.flags & 0xff00ffff & ~0xffu, 0);
	become(control);
	fake_kill(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_go_on_after_a_stop),
		cmocka_unit_test(register_arguments),
		cmocka_unit_test(memory_ops),
		cmocka_unit_test(event_ops),
		cmocka_unit_test(grant_ops),
		cmocka_unit_test(vcpu_ops),
		cmocka_unit_test(sched_ops),
		cmocka_unit_test(shutdown_reason_is_cut),
		cmocka_unit_test(version_and_callbacks),
		cmocka_unit_test(interrupts_are_given),
		cmocka_unit_test(physdev_ops),
		cmocka_unit_test(sysctls),
		cmocka_unit_test(platform_ops),
		cmocka_unit_test(creations),
		cmocka_unit_test(domctls),
	};
	const u64 v[ARRAY_SIZE(values)] = { 0, 1, 2, 3, 0x7f, 4095, 0x7ff0, 0x7fffffff, 0xffffffff,
		1ull << 32, guest_address(ARRAY), guest_address(GUEST_BYTES - 12), HV_VIRT_START,
		HV_VIRT_END - 1, 1ull << 47, 1ull << 63, ~0ull };

	memcpy(values, v, sizeof(values));
	fake_boot(1, 8192);
	stub_ops_init();
	control = stub_domain(0, true);
	guest = stub_domain(3, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
