/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving up privileges: see confine.h.
 */
#include "tools/lib/confine.h"

#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define EMPTY_ROOT "/run/xen/empty"

static int allow(scmp_filter_ctx ctx, const int *calls)
{
	int rc = 0;

	for (; calls && *calls != -1 && !rc; calls++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *calls, 0);
	return rc;
}

int confine_calls(const int *calls, const int *more)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = ctx ? prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) : -1;

	/* A library's thread that is there already comes under the filter too. */
	if (!rc)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc)
		rc = allow(ctx, calls);
	if (!rc)
		rc = allow(ctx, more);
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

void confine_limit(int what, rlim_t value)
{
	struct rlimit r = { value, value };

	setrlimit(what, &r);
}

int confine_namespaces(struct error *e)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS))
		return error_errno(e, ERR_FAIL, "cannot leave the host's network");
	return 0;
}

int confine(uid_t uid, const int *calls, const int *more, struct error *e)
{
	confine_limit(RLIMIT_CORE, 0);
	confine_limit(RLIMIT_NOFILE, 4096);
	confine_limit(RLIMIT_MEMLOCK, RLIM_INFINITY);
	if (mkdir(EMPTY_ROOT, 0555) && errno != EEXIST)
		return error_errno(e, ERR_FAIL, "%s", EMPTY_ROOT);
	if (chroot(EMPTY_ROOT) || chdir("/"))
		return error_errno(e, ERR_FAIL, "cannot leave the host's files");
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return error_errno(e, ERR_FAIL, "cannot become user %u", uid);
	if (confine_calls(calls, more))
		return error_set(e, ERR_FAIL, "cannot enter the sandbox (seccomp)");
	return 0;
}
