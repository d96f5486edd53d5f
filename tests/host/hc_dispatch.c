/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hypercall table: every row reaches its handler with its arguments cut to their types; a row
 * for the control domain refuses anybody else before its handler or a guest copy runs; numbers
 * without a row are counted; restarts and multicalls keep their promises. The handlers are stubs
 * derived from the same table.
 */
#include "fake_machine.h"

#include <string.h>

#include "hc/hypercall.h"
#include "hc_guest_memory.h"

enum who { WHO_PV, WHO_ANY, WHO_PRIV };

static struct {
	u64 number, calls, seen[4];
	unsigned count;
	long answer;
} last;

#define FIRST_PTR(T, name) name.addr
#define FIRST_VAL(T, name) (u64) name
#define ARG_PTR(T, name)   GUEST_PTR(T) name
#define ARG_VAL(T, name)   T name
static long note(u64 number, unsigned count, u64 a, u64 b, u64 c, u64 d)
{
	u64 seen[4] = { a, b, c, d };

	last.number = number;
	last.calls++;
	last.count = count;
	memcpy(last.seen, seen, sizeof(seen));
	return last.answer;
}

/* multicall itself is the real one */
#define hc_multicall hc_multicall_stub
long hc_multicall_stub(GUEST_PTR(multicall_entry_t) calls, u32 count);
#define HC0(nr, name, who, fl)                  \
	long hc_##name(void)                    \
	{                                       \
		return note(nr, 0, 0, 0, 0, 0); \
	}
#define HC1(nr, name, who, fl, a)                       \
	long hc_##name(ARG_##a)                         \
	{                                               \
		return note(nr, 1, FIRST_##a, 0, 0, 0); \
	}
#define HC2(nr, name, who, fl, a, b)                            \
	long hc_##name(ARG_##a, ARG_##b)                        \
	{                                                       \
		return note(nr, 2, FIRST_##a, FIRST_##b, 0, 0); \
	}
#define HC3(nr, name, who, fl, a, b, c)                                 \
	long hc_##name(ARG_##a, ARG_##b, ARG_##c)                       \
	{                                                               \
		return note(nr, 3, FIRST_##a, FIRST_##b, FIRST_##c, 0); \
	}
#define HC4(nr, name, who, fl, a, b, c, d)                                      \
	long hc_##name(ARG_##a, ARG_##b, ARG_##c, ARG_##d)                      \
	{                                                                       \
		return note(nr, 4, FIRST_##a, FIRST_##b, FIRST_##c, FIRST_##d); \
	}
#include "abi/hypercalls.def"
#undef HC0
#undef HC1
#undef HC2
#undef HC3
#undef HC4
#undef hc_multicall

#define ROW(nr, nm, wh)			   { nr, #nm, WHO_##wh },
#define HC0(nr, name, who, fl)		   ROW(nr, name, who)
#define HC1(nr, name, who, fl, a)	   ROW(nr, name, who)
#define HC2(nr, name, who, fl, a, b)	   ROW(nr, name, who)
#define HC3(nr, name, who, fl, a, b, c)	   ROW(nr, name, who)
#define HC4(nr, name, who, fl, a, b, c, d) ROW(nr, name, who)
static const struct {
	u64 number;
	const char *name;
	enum who who;
} rows[] = {
#include "abi/hypercalls.def"
};

static struct domain *control, *guest;

static void become(struct domain *d)
{
	fake_current[fake_cpu] = d->vcpu[0];
	memset(&last, 0, sizeof(last));
	last.number = ~0ull;
	guest_copies = 0;
}

static struct regs frame_for(u64 number)
{
	return (struct regs){ .rax = number,
		.rdi = 0x1111111122222222,
		.rsi = 0x3333333344444444,
		.rdx = 0x5555555566666666,
		.r10 = 0x7777777788888888,
		.r8 = 5,
		.r9 = 6,
		.rip = 0x1000 };
}

static bool has_row(u64 number)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].number == number)
			return true;
	return false;
}

static void every_row_reaches_its_handler(void **state)
{
	static const u64 whole[4] = { 0x1111111122222222, 0x3333333344444444, 0x5555555566666666,
		0x7777777788888888 };

	become(control);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct regs r = frame_for(rows[i].number);

		if (rows[i].number == __HYPERVISOR_multicall)
			continue;
		last.answer = 77;
		hypercall(&r);
		assert_int_equal(last.number, rows[i].number);
		assert_int_equal(r.rax, 77);
		assert_int_equal(r.rip, 0x1000);
		for (unsigned a = 0; a < last.count; a++) {
			u64 v = last.seen[a];

			assert_true(v == whole[a] || v == (u32)whole[a] || v == (u16)whole[a]);
		}
		assert_string_equal(hypercall_name(rows[i].number), rows[i].name);
	}
}

static void control_rows_refuse_first(void **state)
{
	unsigned refused = 0;

	become(guest);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct regs r = frame_for(rows[i].number);

		if (rows[i].who != WHO_PRIV)
			continue;
		hypercall(&r);
		assert_int_equal((s64)r.rax, -EPERM);
		assert_int_equal(last.calls, 0);
		assert_int_equal(guest_copies, 0);
		refused++;
	}
	assert_true(refused >= 3); /* domctl, sysctl, platform_op */
}

static void unknown_numbers_are_counted(void **state)
{
	static const u64 far[] = { 64, 65, 128, 0x7fffffff, 0x80000000, 0x100000001, ~0ull };
	u64 before = hc_unknown_count(), asked = 0;

	become(guest);
	for (u64 nr = 0; nr < 64; nr++) {
		struct regs r = frame_for(nr);

		if (has_row(nr))
			continue;
		hypercall(&r);
		assert_int_equal((s64)r.rax, -ENOSYS);
		asked++;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(far); i++, asked++) {
		struct regs r = frame_for(far[i]);

		hypercall(&r);
		assert_int_equal((s64)r.rax, -ENOSYS);
	}
	assert_int_equal(last.calls, 0);
	assert_int_equal(hc_unknown_count(), before + asked);
	assert_string_equal(hypercall_name(11), "?");
	assert_string_equal(hypercall_name(~0ull), "?");
}

static void restart_runs_the_instruction_again(void **state)
{
	struct regs r = frame_for(__HYPERVISOR_mmu_update);

	become(guest);
	last.answer = hc_restart(2, (u64)0xaaaa, (u64)0xbbbb);
	assert_int_equal(last.answer, -ERESTART);
	hypercall(&r);
	assert_int_equal(r.rip, 0x1000 - 2);
	assert_int_equal(r.rax, __HYPERVISOR_mmu_update);
	assert_int_equal(r.rdi, 0xaaaa);
	assert_int_equal(r.rsi, 0xbbbb);
	assert_int_equal(r.rdx, 0x5555555566666666); /* not named: as it was */
	last.answer = hc_restart(0);
	r = frame_for(__HYPERVISOR_domctl);
	become(control);
	last.answer = -ERESTART;
	hypercall(&r);
	assert_int_equal(r.rdi, 0x1111111122222222);
	assert_int_equal(r.rip, 0x1000 - 2);
}

/*
 * The value that iret leaves in rax is the guest's, also when it looks like a request to restart.
 */
static void iret_is_never_restarted(void **state)
{
	struct regs r = frame_for(__HYPERVISOR_iret);

	become(guest);
	last.answer = hc_own_result((u64)-ERESTART);
	hypercall(&r);
	assert_int_equal((s64)r.rax, -ERESTART);
	assert_int_equal(r.rip, 0x1000);
	/* and the next one that asks for it is */
	last.answer = -ERESTART;
	r = frame_for(__HYPERVISOR_mmu_update);
	hypercall(&r);
	assert_int_equal(r.rip, 0x1000 - 2);
	assert_int_equal(r.rax, __HYPERVISOR_mmu_update);
}

/* ---- multicall ---- */

static u64 place_calls(const multicall_entry_t *e, unsigned count)
{
	return guest_place(256, e, count * sizeof(*e));
}

static const multicall_entry_t *entry(unsigned i)
{
	return (const multicall_entry_t *)(guest_memory + 256) + i;
}

static void multicall_runs_each_entry(void **state)
{
	multicall_entry_t e[20];
	u64 before = hc_unknown_count();

	for (unsigned i = 0; i < 20; i++)
		e[i] = (multicall_entry_t){ .op = i == 3 ? 63 : __HYPERVISOR_stack_switch,
			.result = 99,
			.args = { i, i + 1 } };
	become(guest);
	last.answer = 5;
	assert_int_equal(hc_multicall(as_ptr_multicall_entry_t(place_calls(e, 20)), 20), 0);
	assert_int_equal(last.calls, 19);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal((s64)entry(i)->result, i == 3 ? -ENOSYS : 5);
	assert_int_equal(hc_unknown_count(), before + 1);
}

static void multicall_refuses_itself_and_privilege(void **state)
{
	multicall_entry_t e[2] = { { .op = __HYPERVISOR_multicall },
		{ .op = __HYPERVISOR_domctl } };

	become(guest);
	assert_int_equal(hc_multicall(as_ptr_multicall_entry_t(place_calls(e, 2)), 2), 0);
	assert_int_equal((s64)entry(0)->result, -EINVAL);
	assert_int_equal((s64)entry(1)->result, -EPERM);
	assert_int_equal(last.calls, 0);
}

static void multicall_ends_at_iret(void **state)
{
	multicall_entry_t e[3] = { { .op = __HYPERVISOR_stack_switch, .result = 9 },
		{ .op = __HYPERVISOR_iret, .result = 9 },
		{ .op = __HYPERVISOR_stack_switch, .result = 9 } };

	become(guest);
	last.answer = 1234;
	assert_int_equal(hc_multicall(as_ptr_multicall_entry_t(place_calls(e, 3)), 3), 1234);
	assert_int_equal(entry(0)->result, 1234);
	assert_int_equal(entry(1)->result, 9);
	assert_int_equal(entry(2)->result, 9);
	assert_int_equal(last.calls, 2);
}

/* rax of an iret's frame that looks like a request to restart, from inside a multicall. */
static void multicall_iret_is_never_restarted(void **state)
{
	multicall_entry_t e = { .op = __HYPERVISOR_iret, .result = 9 };
	struct regs r = frame_for(__HYPERVISOR_multicall);

	become(guest);
	last.answer = hc_own_result((u64)-ERESTART);
	r.rdi = place_calls(&e, 1);
	r.rsi = 1;
	hypercall(&r);
	assert_int_equal((s64)r.rax, -ERESTART);
	assert_int_equal(r.rip, 0x1000);
	assert_int_equal(last.calls, 1);
}

static void multicall_bad_memory(void **state)
{
	multicall_entry_t e = { .op = __HYPERVISOR_stack_switch };

	become(guest);
	assert_int_equal(hc_multicall(as_ptr_multicall_entry_t(0), 1), -EFAULT);
	assert_int_equal(hc_multicall(as_ptr_multicall_entry_t(~0ull), 0xffffffff), -EFAULT);
	assert_int_equal(hc_multicall(as_ptr_multicall_entry_t(0), 0), 0);
	/* the list leaves the guest's memory in the middle: what is before it ran */
	guest_place(GUEST_BYTES - sizeof(e), &e, sizeof(e));
	assert_int_equal(
		hc_multicall(as_ptr_multicall_entry_t(guest_address(GUEST_BYTES - sizeof(e))), 1),
		0);
	assert_int_equal(last.calls, 1);
}

static void multicall_entry_stops_and_goes_on(void **state)
{
	multicall_entry_t e[2] = { { .op = __HYPERVISOR_stack_switch },
		{ .op = __HYPERVISOR_mmu_update, .args = { 1, 2, 3, 4 } } };
	u64 args[HYPERCALL_ARGS], at;

	become(guest);
	last.answer = hc_restart(2, (u64)0x10, (u64)0x20);
	at = place_calls(e + 1, 1);
	args[0] = at;
	args[1] = 1;
	assert_int_equal(hypercall_run(__HYPERVISOR_multicall, args), -ERESTART);
	assert_int_equal(args[0], at);
	assert_int_equal(args[1], 1);
	assert_int_equal(entry(0)->args[0], 0x10);
	assert_int_equal(entry(0)->args[1], 0x20);
	assert_int_equal(entry(0)->args[2], 3);
}

static void guest_ranges_do_not_wrap(void **state)
{
	static const u64 edges[] = { 0, 1, 8, 4095, 4096, 65535, 65536, 1ull << 31, 1ull << 32,
		1ull << 47, HV_VIRT_START, HV_VIRT_END - 1, 1ull << 63, ~0ull - 7, ~0ull };
	u8 small[64];

	for (unsigned a = 0; a < ARRAY_SIZE(edges); a++)
		for (unsigned i = 0; i < ARRAY_SIZE(edges); i++)
			for (unsigned s = 0; s < ARRAY_SIZE(edges); s++)
				for (unsigned c = 1; c < ARRAY_SIZE(edges); c++) {
					assert_int_equal(guest_in(small, edges[a], edges[i],
								 edges[s] | 1, edges[c]),
						-EFAULT);
					assert_int_equal(guest_out(edges[a], edges[i], small,
								 edges[s] | 1, edges[c]),
						-EFAULT);
				}
	assert_int_equal(guest_in(small, guest_address(0), 1023, 64, 1), 0);
	assert_int_equal(guest_in(small, guest_address(0), 1024, 64, 1), -EFAULT);
	assert_int_equal(guest_in(small, guest_address(1), 1023, 64, 1), -EFAULT);
	assert_int_equal(guest_in(small, ~0ull, 0, 64, 0), 0);
}

static void domains_by_name(void **state)
{
	struct domain *d;

	become(guest);
	assert_int_equal(hc_domain_get(DOMID_SELF, &d), 0);
	assert_ptr_equal(d, guest);
	domain_put(d);
	assert_int_equal(hc_domain_get(guest->id, &d), 0);
	domain_put(d);
	assert_int_equal(hc_domain_get(0, &d), -EPERM);
	assert_int_equal(hc_domain_get(1234, &d), -EPERM);
	become(control);
	assert_int_equal(hc_domain_get(guest->id, &d), 0);
	assert_ptr_equal(d, guest);
	domain_put(d);
	for (unsigned id = DOMID_FIRST_RESERVED + 1; id < 0x10000; id += 3)
		assert_int_equal(hc_domain_get((u16)id, &d), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_reaches_its_handler),
		cmocka_unit_test(control_rows_refuse_first),
		cmocka_unit_test(unknown_numbers_are_counted),
		cmocka_unit_test(restart_runs_the_instruction_again),
		cmocka_unit_test(iret_is_never_restarted),
		cmocka_unit_test(multicall_runs_each_entry),
		cmocka_unit_test(multicall_refuses_itself_and_privilege),
		cmocka_unit_test(multicall_ends_at_iret),
		cmocka_unit_test(multicall_iret_is_never_restarted),
		cmocka_unit_test(multicall_bad_memory),
		cmocka_unit_test(multicall_entry_stops_and_goes_on),
		cmocka_unit_test(guest_ranges_do_not_wrap),
		cmocka_unit_test(domains_by_name),
	};

	fake_boot(1, 4096);
	control = fake_domain(0, 1, true);
	guest = fake_domain(7, 1, true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
