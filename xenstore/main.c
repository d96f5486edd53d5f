/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xenstored: parse, open, serve. The options are those that Debian's xenstored is started with.
 * Sockets and the log are in XENSTORED_RUNDIR (/run/xenstored); XENSTORED_PATH moves the socket
 * alone.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "domain.h"
#include "domain_link.h"
#include "journal.h"
#include "live_update.h"
#include "loop.h"
#include "recover.h"
#include "report.h"
#include "ring.h"
#include "sandbox.h"
#include "socket.h"
#include "store.h"
#include "user.h"

struct options {
	bool foreground, no_domains, no_recovery, tell_pid;
	const char *pid_file, *run_dir;
	uint64_t quota[QUOTA_COUNT];
	uint32_t quota_given;
	uint64_t resume; /* live update: the generation of the log that our sockets are in */
};

static void usage(FILE *out)
{
	fputs("usage: xenstored [-N] [-D] [-F pid-file] [-E nodes] [-S node-size] [-W watches]\n"
	      "                 [-t transactions] [-A permissions] [-M path-length] [-Q q=value]\n"
	      "                 [-R] [-V]\n"
	      "  -N  stay in the foreground\n"
	      "  -D  no domains: plain Linux\n"
	      "  -R  start with an empty store\n"
	      "  -V  log every request\n",
		out);
}

static void option_quota(struct options *o, enum quota q, const char *value)
{
	char *end;

	if (q == QUOTA_COUNT || *value < '0' || *value > '9')
		die("not a quota: %s", value);
	o->quota[q] = strtoull(value, &end, 10);
	if (*end)
		die("not a number: %s", value);
	o->quota_given |= 1u << q;
}

static void option_quota_named(struct options *o, char *text)
{
	char *value = strchr(text, '=');

	if (!value)
		die("-Q wants quota=value");
	*value++ = 0;
	option_quota(o, quota_by_name(text), value);
}

static bool option(struct options *o, int c, char *arg)
{
	switch (c) {
	case 'N': o->foreground = true; return true;
	case 'D': o->no_domains = true; return true;
	case 'R': o->no_recovery = true; return true;
	case 'V': trace_set(true); return true;
	case 'P': o->tell_pid = true; return true;
	case 'F': o->pid_file = arg; return true;
	case 'E': option_quota(o, QUOTA_NODES, arg); return true;
	case 'S': option_quota(o, QUOTA_NODE_SIZE, arg); return true;
	case 'W': option_quota(o, QUOTA_WATCHES, arg); return true;
	case 't': option_quota(o, QUOTA_TRANSACTIONS, arg); return true;
	case 'A': option_quota(o, QUOTA_PERMS, arg); return true;
	case 'M': option_quota(o, QUOTA_PATH_LENGTH, arg); return true;
	case 'Q': option_quota_named(o, arg); return true;
	case 'r': o->resume = strtoull(arg, NULL, 10); return true;
	/* Of Debian's: nothing to choose here. */
	case 'I':
	case 'K':
	case 'T':
	case 'q':
	case 'w': return true;
	}
	return false;
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "no-domain-init", 0, NULL, 'D' },
		{ "no-fork", 0, NULL, 'N' },
		{ "pid-file", 1, NULL, 'F' },
		{ "help", 0, NULL, 'H' },
		{ "entry-nb", 1, NULL, 'E' },
		{ "entry-size", 1, NULL, 'S' },
		{ "watch-nb", 1, NULL, 'W' },
		{ "transaction", 1, NULL, 't' },
		{ "perm-nb", 1, NULL, 'A' },
		{ "path-max", 1, NULL, 'M' },
		{ "quota", 1, NULL, 'Q' },
		{ "quota-soft", 1, NULL, 'q' },
		{ "timeout", 1, NULL, 'w' },
		{ "no-recovery", 0, NULL, 'R' },
		{ "internal-db", 2, NULL, 'I' },
		{ "keep-orphans", 0, NULL, 'K' },
		{ "output-pid", 0, NULL, 'P' },
		{ "trace-file", 1, NULL, 'T' },
		{ "verbose", 0, NULL, 'V' },
		{ "resume", 1, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "DF:HNPT:E:S:W:t:A:M:Q:q:w:RI::KV", names, NULL)) !=
		-1) {
		if (c == 'H') {
			usage(stdout);
			exit(0);
		}
		if (!option(o, c, optarg)) {
			usage(stderr);
			exit(1);
		}
	}
	o->run_dir = getenv("XENSTORED_RUNDIR");
	if (!o->run_dir)
		o->run_dir = "/run/xenstored";
}

static void listen_at(struct store *s, const char *dir, const char *name, bool read_only)
{
	const char *whole = read_only ? NULL : getenv("XENSTORED_PATH");
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (whole)
		snprintf(path, sizeof(path), "%s", whole);
	fd = socket_listen(path, read_only ? 0660 : 0600);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	if (socket_serve(s, fd, read_only))
		die("%s: cannot be served", path);
}

static void link_happened(struct source *src, uint32_t events)
{
	struct store *s = src->owner;
	int port;

	/* As many as one round should take; the rest makes the fd readable again. */
	for (int i = 0; i < 256; i++) {
		port = link_pending(s->link);
		if (port == LINK_NONE)
			return;
		if (port == LINK_DOMAINS)
			domain_check_all(s);
		else
			ring_event(s, port);
	}
}

static void open_domains(struct store *s)
{
	static struct source src;

	s->link = link_open();
	if (!s->link)
		die("no hypervisor (%s); -D runs without", strerror(errno));
	src = (struct source){ .fd = link_fd(s->link), .happened = link_happened, .owner = s };
	if (loop_set(s->loop, &src, EPOLLIN))
		die("event channels cannot be served");
}

/* The state that an earlier process left, or an empty store. True: the sockets came along. */
static bool restore(struct store *s, const struct options *o)
{
	struct journal *j = journal_open(o->run_dir);
	bool found = false, resume;
	int err;

	if (!j)
		die("%s: no log: %s", o->run_dir, strerror(errno));
	resume = o->resume && o->resume == journal_generation(j);
	err = o->no_recovery && !resume ? 0 : recover(s, j, resume, &found);
	if (err)
		die("the log cannot be read: %s; -R starts with an empty store", strerror(err));
	s->journal = j;
	return resume && found;
}

/* After everything is in place: go on in a fresh log. */
static void start_log(struct store *s)
{
	int err = journal_switch(s->journal, s, false);

	if (err)
		die("the log cannot be written: %s", strerror(err));
}

static void after_round(struct loop *l)
{
	struct store *s = l->store;

	journal_commit(s->journal);
	if (l->update)
		live_update_now(s);
	else if (journal_is_long(s->journal) && journal_switch(s->journal, s, false))
		report("no room for a new log; the old one goes on");
}

static void stop(struct source *src, uint32_t events)
{
	struct loop *l = src->owner;

	l->stop = true;
}

static void catch_signals(struct loop *l)
{
	static struct source src;
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	src = (struct source){
		.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), .happened = stop, .owner = l
	};
	if (src.fd < 0 || loop_set(l, &src, EPOLLIN))
		die("signals cannot be caught");
}

static void tell_pid(const struct options *o)
{
	FILE *f = o->pid_file ? fopen(o->pid_file, "w") : NULL;

	if (o->pid_file && !f)
		die("%s: %s", o->pid_file, strerror(errno));
	if (f) {
		fprintf(f, "%d\n", getpid());
		fclose(f);
	}
	if (o->tell_pid) {
		printf("%d\n", getpid());
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	static struct store store;
	static struct loop loop;
	struct options o = { .foreground = false };
	bool resumed;

	parse(&o, argc, argv);
	if (!o.resume && mkdir(o.run_dir, 0755) && errno != EEXIST)
		die("%s: %s", o.run_dir, strerror(errno));
	if (!o.foreground && !o.resume && daemon(0, 1))
		die("cannot go to the background: %s", strerror(errno));
	if (!o.resume)
		tell_pid(&o);
	sandbox_bounds();
	if (!o.resume)
		user_become(o.run_dir, !o.no_domains);
	if (store_init(&store) || loop_init(&loop, &store))
		die("no memory");
	live_update_init(argv);
	catch_signals(&loop);
	resumed = restore(&store, &o);
	for (int q = 0; q < QUOTA_COUNT; q++)
		if (o.quota_given & (1u << q))
			store.quota[q] = o.quota[q];
	if (!o.no_domains)
		open_domains(&store);
	recover_rings(&store);
	if (store.link) {
		domain_check_all(&store);
		if (!store.dom0->introduced && domain_introduce(&store, 0, 0, 0))
			report("dom0's kernel has no ring for us");
	}
	start_log(&store);
	loop.idle = after_round;
	if (!resumed) {
		listen_at(&store, o.run_dir, "socket", false);
		listen_at(&store, o.run_dir, "socket_ro", true);
	}
	sd_notify(0, "READY=1");
	sandbox_enter();
	loop_run(&loop);
	return 0;
}
