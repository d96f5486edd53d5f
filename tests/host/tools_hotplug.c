/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hotplug scripts: what they are given of the daemon (no files, a small environment), and what is
 * said when one fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/lib/hotplug.h"
#include "tools/lib/paths.h"

const char *const path_scripts = "/etc/xen/scripts";

static char *const environment[] = { "XENBUS_PATH=backend/vif/1/0", NULL };

static int run(const char *script, struct error *e)
{
	char *const argv[] = { "/bin/sh", "-c", (char *)script, NULL };

	memset(e, 0, sizeof(*e));
	return hotplug_run("test", argv, environment, e);
}

/* The shell itself had one open for the list's directory, which is closed when it looks. */
static void no_file_of_ours(void **state)
{
	struct error e;
	int null = open("/dev/null", O_RDONLY), high = dup2(null, 200);

	assert_true(null > 2 && high == 200);
	assert_int_equal(run("for f in /proc/$$/fd/*; do [ ${f##*/} -le 2 ] || ! [ -e $f ] ||"
			     " { echo open: $f; exit 1; }; done",
				 &e),
		0);
	close(high);
	close(null);
}

static void environment_is_small(void **state)
{
	struct error e;

	setenv("SECRET", "of the daemon", 1);
	assert_int_equal(
		run("[ -z \"$SECRET\" ] && [ $XENBUS_PATH = backend/vif/1/0 ] && [ $LANG = C ]",
			&e),
		0);
}

static void failure_is_told(void **state)
{
	struct error e;

	assert_int_equal(run("echo first; echo no such bridge >&2; exit 3", &e), -1);
	assert_non_null(strstr(e.what, "exit 3"));
	assert_non_null(strstr(e.what, "script said: no such bridge"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_of_ours),
		cmocka_unit_test(environment_is_small),
		cmocka_unit_test(failure_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
