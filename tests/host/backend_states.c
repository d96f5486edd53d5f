/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every cell of the back ends' table of xenbus states, and states that do not exist.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tools/lib/backend_state.h"

/* A letter a cell, rows ours, columns theirs, both Unknown to Reconfigured. */
static const char *const expected[BACKEND_STATES] = {
	[XenbusStateUnknown] = "eeeeeeeee",
	[XenbusStateInitialising] = "sssssssee",
	[XenbusStateInitWait] = "csskkgcee",
	[XenbusStateInitialised] = "eeeeeeeee",
	[XenbusStateConnected] = "cressgcee",
	[XenbusStateClosing] = "ccsssscee",
	[XenbusStateClosed] = "sosssssee",
	[XenbusStateReconfiguring] = "eeeeeeeee",
	[XenbusStateReconfigured] = "eeeeeeeee",
};
static const char letters[] = {
	[ACT_ERROR] = 'e',
	[ACT_STAY] = 's',
	[ACT_CONNECT] = 'k',
	[ACT_RESET] = 'r',
	[ACT_CLOSING] = 'g',
	[ACT_CLOSE] = 'c',
	[ACT_REOPEN] = 'o',
};

static void test_every_cell(void **state)
{
	char row[BACKEND_STATES + 1] = "";
	int ours, theirs;

	for (ours = 0; ours < BACKEND_STATES; ours++) {
		for (theirs = 0; theirs < BACKEND_STATES; theirs++)
			row[theirs] = letters[backend_action(ours, theirs)];
		assert_string_equal(row, expected[ours]);
	}
}

/* Only these have rings that somebody still uses; whoever closed, went or began anew has none. */
static void test_resumed(void **state)
{
	static const char *const resumed[BACKEND_STATES] = {
		[XenbusStateConnected] = "yyyyyyyyy",
		[XenbusStateClosing] = "..yyyy...",
	};
	char row[BACKEND_STATES + 1] = "";
	int ours, theirs;

	for (ours = 0; ours < BACKEND_STATES; ours++) {
		for (theirs = 0; theirs < BACKEND_STATES; theirs++)
			row[theirs] = backend_resumes(ours, theirs) ? 'y' : '.';
		assert_string_equal(row, resumed[ours] ? resumed[ours] : ".........");
	}
	assert_false(backend_resumes(XenbusStateClosing, -1));
	assert_false(backend_resumes(XenbusStateClosing, BACKEND_STATES));
	assert_false(backend_resumes(99, XenbusStateConnected));
}

static void test_no_states(void **state)
{
	assert_int_equal(backend_action(XenbusStateConnected, -1), ACT_ERROR);
	assert_int_equal(backend_action(XenbusStateConnected, BACKEND_STATES), ACT_ERROR);
	assert_int_equal(backend_action(XenbusStateConnected, 1LL << 40), ACT_ERROR);
	assert_int_equal(backend_action(99, XenbusStateConnected), ACT_ERROR);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_no_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
