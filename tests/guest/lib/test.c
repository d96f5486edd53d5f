// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Runs the selected tests in the order of their names and writes the transcript. Arguments (the
 *module's command line):
 *	test=a,b	these only		group=x,y	those whose name begins with x_ or
 *y_
 *	after=a		those that come after a (the runner goes on with it when a test took the
 *machine down)
 */
#include "test.h"

extern const struct test tests_start[], tests_end[];

static unsigned int passed, failed;
static const struct test *running;

_Noreturn void test_fail(const char *file, int line, const char *fmt, ...)
{
	char text[200];
	va_list args;
	const char *base = file;

	for (const char *p = file; *p; p++)
		if (*p == '/')
			base = p + 1;
	va_start(args, fmt);
	vformat(text, sizeof(text), fmt, args);
	va_end(args);
	print("FAIL %s %s:%d %s\n", running ? running->name : "boot", base, line, text);
	if (child_report)
		child_report_failed();
	if (vcpu_self()->abort_armed) {
		/* A failure on a secondary vcpu must still fail the test, which waits on the first.
		 */
		if (vcpu_self()->id)
			vcpus[0].caught.vector = NO_TRAP;
		resume_at(&vcpu_self()->abort);
	}
	HC(sched_op, SCHEDOP_shutdown, &(struct sched_shutdown){ SHUTDOWN_reboot });
	for (;;)
		;
}

_Noreturn void test_fail_quietly(void)
{
	resume_at(&vcpu_self()->abort);
}

const struct test *test_running(void)
{
	return running;
}

void test_set_running(const struct test *test)
{
	running = test;
}

static void reset(void)
{
	HC(vm_assist, VMASST_CMD_disable, VMASST_TYPE_architectural_iopl);
	HC(vcpu_op, VCPUOP_stop_periodic_timer, vcpu_self()->id, NULL);
	trap_reset();
	upcalls_disable();
	event_reset();
	HC(stack_switch, FLAT_KERNEL_SS, stack_top(&entry_stack[vcpu_self()->id]));
}

bool test_run_body(void (*body)(void))
{
	struct vcpu *v = vcpu_self();
	volatile bool ok = false;

	reset();
	v->abort_armed = true;
	if (!resume_set(&v->abort)) {
		body();
		ok = true;
	}
	v->abort_armed = false;
	child_destroy_all();
	return ok;
}

static void run(const struct test *test)
{
	u16 left;
	bool ok;

	running = test;
	print("TEST %s\n", test->name);
	if (test->kind == TEST_DOM0)
		ok = test_run_body(test->body);
	else
		ok = child_run_test(test);
	if (ok && !child_all_gone(&left)) {
		print("FAIL %s %s:0 domain %u does not go away\n", test->name, test->name, left);
		ok = false;
	}
	if (ok)
		print("PASS %s\n", test->name);
	if (ok)
		passed++;
	else
		failed++;
}

/* The value of "key=" in the arguments, or NULL. */
static const char *option(const char *arguments, const char *key)
{
	size_t size = strlen(key);

	for (const char *p = arguments; *p; p++)
		if ((p == arguments || p[-1] == ' ') && !strncmp(p, key, size))
			return p + size;
	return NULL;
}

static bool ends(char c)
{
	return !c || c == ' ' || c == ',';
}

/* Whether a comma list names the test, as a whole or by its group. */
static bool listed(const char *list, const char *name, bool group)
{
	while (*list && *list != ' ') {
		size_t n = 0;

		while (!ends(list[n]))
			n++;
		if (!strncmp(list, name, n) && (group ? name[n] == '_' : !name[n]))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

const struct test *test_find(const char *name)
{
	for (const struct test *t = tests_start; t < tests_end; t++)
		if (listed(name, t->name, false))
			return t;
	return NULL;
}

void test_run_all(const char *arguments)
{
	const char *names = option(arguments, "test="), *groups = option(arguments, "group=");
	const char *after = option(arguments, "after=");
	const struct test *first = after ? test_find(after) : NULL;

	for (const struct test *t = first ? first + 1 : tests_start; t < tests_end; t++) {
		bool wanted = !names && !groups;

		if (names && listed(names, t->name, false))
			wanted = true;
		if (groups && listed(groups, t->name, true))
			wanted = true;
		if (wanted)
			run(t);
	}
	print("pvt: %u passed, %u failed\n", passed, failed);
}
