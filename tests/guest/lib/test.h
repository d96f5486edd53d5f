/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a test file sees. A test is TEST(group_name, "one line") { ... }; the head comment of its
 * file says what the ABI promises and where that comes from. Facts are printed with fact() and
 * compared between hypervisors, so only what repeats exactly may be a fact. The first CHECK that
 * fails ends its test.
 *
 *   TEST        runs in dom0.
 *   CHILD_TEST  runs in a fresh unprivileged domain, which dom0 builds and reads the report of.
 *   CRASH_TEST  runs in such a domain, which the hypervisor must crash: returning from the body is
 * the failure.
 */
#ifndef PVT_TEST_H
#define PVT_TEST_H

#include "base.h"
#include "child.h"
#include "console.h"
#include "event.h"
#include "grant.h"
#include "hypercall.h"
#include "memory.h"
#include "trap.h"
#include "user.h"
#include "vcpu.h"

enum test_kind { TEST_DOM0, TEST_CHILD, TEST_CRASH };

struct test {
	const char *name, *text;
	void (*body)(void);
	enum test_kind kind;
};

#define DEFINE_TEST(name_, text_, kind_)                                              \
	static void test_##name_(void);                                               \
	static const struct test descriptor_##name_ __attribute__((used, aligned(8),  \
		section(".tests." #name_))) = { #name_, text_, test_##name_, kind_ }; \
	static void test_##name_(void)

#define TEST(name, text)       DEFINE_TEST(name, text, TEST_DOM0)
#define CHILD_TEST(name, text) DEFINE_TEST(name, text, TEST_CHILD)
#define CRASH_TEST(name, text) DEFINE_TEST(name, text, TEST_CRASH)

/* Print "  key = value". */
#define fact(key, fmt, ...) print("  " key " = " fmt "\n", ##__VA_ARGS__)

/* Fail the running test with the text and leave it. Callable from trap handlers too. */
_Noreturn void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define CHECK(cond)                                                 \
	do {                                                        \
		if (!(cond))                                        \
			test_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

#define CHECK_EQ(got, want)                                                                   \
	do {                                                                                  \
		s64 got_ = (s64)(got), want_ = (s64)(want);                                   \
		if (got_ != want_)                                                            \
			test_fail(__FILE__, __LINE__, "%s is %ld (%lx), not %ld (%lx)", #got, \
				got_, got_, want_, want_);                                    \
	} while (0)

/* Run one body under the recovery point of the runner. Returns true when it passed. */
bool test_run_body(void (*body)(void));
/* Leave the running test as failed; why is already in the transcript. */
_Noreturn void test_fail_quietly(void);
const struct test *test_running(void);
void test_set_running(const struct test *test);
void test_run_all(const char *arguments);
const struct test *test_find(const char *name);

#endif
