/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live update; see live_update.h. */
#include "live_update.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn.h"
#include "journal.h"
#include "loop.h"
#include "report.h"
#include "socket.h"
#include "store.h"

#define ARGS_MAX 64

static char **own_argv;
static char binary[512], arguments[1024];

void live_update_init(char **argv)
{
	own_argv = argv;
}

static int set(char *to, size_t size, const char *from)
{
	if (strlen(from) >= size)
		return E2BIG;
	strcpy(to, from);
	return 0;
}

int live_update_control(struct conn *c, const char *const *arg, uint32_t n, char *text, size_t size)
{
	int err = EINVAL;

	if (!n)
		return EINVAL;
	if (!strcmp(arg[0], "-f") && n == 2) {
		err = access(arg[1], X_OK) ? errno : set(binary, sizeof(binary), arg[1]);
	} else if (!strcmp(arg[0], "-c") && n == 2) {
		err = set(arguments, sizeof(arguments), arg[1]);
	} else if (!strcmp(arg[0], "-a")) {
		binary[0] = arguments[0] = 0;
		err = 0;
	} else if (!strcmp(arg[0], "-s")) {
		/* -t and -F are about waiting for transactions, which here go along. */
		err = c->store->journal && c->store->loop ? 0 : ENOSYS;
		if (!err)
			c->store->loop->update = true;
	}
	if (!err)
		snprintf(text, size, "OK");
	return err;
}

/* The arguments for the next binary: as given or as our own, without an older --resume, with ours.
 */
static void build_argv(char **argv, char *resume)
{
	int n = 0;

	argv[n++] = own_argv[0];
	for (char **a = own_argv + 1; !arguments[0] && *a && n < ARGS_MAX - 2; a++)
		if (strncmp(*a, "--resume=", 9))
			argv[n++] = *a;
	for (char *word = strtok(arguments, " "); word && n < ARGS_MAX - 2;
		word = strtok(NULL, " "))
		argv[n++] = word;
	argv[n++] = resume;
	argv[n] = NULL;
}

void live_update_now(struct store *s)
{
	char resume[40], *argv[ARGS_MAX];
	int err = journal_switch(s->journal, s, true);

	s->loop->update = false;
	if (!err) {
		snprintf(resume, sizeof(resume), "--resume=%llu",
			(unsigned long long)journal_generation(s->journal));
		build_argv(argv, resume);
		socket_keep_all(s, true);
		execv(binary[0] ? binary : "/proc/self/exe", argv);
		err = errno;
		socket_keep_all(s, false);
	}
	report("live update failed: %s", strerror(err));
	binary[0] = arguments[0] = 0;
}
