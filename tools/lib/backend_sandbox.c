/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a back end gives up before it reads the first byte that a guest wrote: its user (each domain
 * and kind has a number of its own, so that they cannot touch each other), all capabilities, the
 * file system (an empty root), the network, new privileges, and every system call but those listed.
 * What it has left are its open descriptors: xenstore, evtchn (restricted to its domain), gntdev,
 * its socket, vaned, and what vaned hands it. docs/backends.md says the same in words.
 */
#include <errno.h>
#include <grp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/lib/backend_private.h"
#include "tools/lib/backend_source.h"

/* Above what systemd's documentation of user ids gives to anyone. */
#define UID_BLOCK   0x70000000
#define UID_NETWORK 0x70008000
#define EMPTY_ROOT  BACKEND_DIR "/empty"

/* The skeleton's, libxenstore's thread's and libsystemd's. */
static const int allowed[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(poll), SCMP_SYS(ioctl), SCMP_SYS(fcntl), SCMP_SYS(flock),
	SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(lseek), SCMP_SYS(mmap), SCMP_SYS(munmap),
	SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(futex),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_ctl),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(accept4), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(getsockopt), SCMP_SYS(getpid),
	SCMP_SYS(gettid), SCMP_SYS(getrandom), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall), SCMP_SYS(tgkill), SCMP_SYS(exit),
	SCMP_SYS(exit_group), -1 };

static int allow(scmp_filter_ctx ctx, const int *calls)
{
	int rc = 0;

	for (; calls && *calls != -1 && !rc; calls++)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, *calls, 0);
	return rc;
}

static int deny_system_calls(const int *more)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = ctx ? 0 : -1;

	/* libxenstore's thread is there already and comes under the filter too. */
	if (!rc)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!rc)
		rc = allow(ctx, allowed);
	if (!rc)
		rc = allow(ctx, more);
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc;
}

static void limit(int what, rlim_t value)
{
	struct rlimit r = { value, value };

	setrlimit(what, &r);
}

int backend_namespaces(struct error *e)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS))
		return error_errno(e, ERR_FAIL, "cannot leave the host's network");
	return 0;
}

int backend_sandbox(const struct backend_ops *ops, uint32_t domid, struct error *e)
{
	uid_t uid = (!strcmp(ops->kind, "uvif") ? UID_NETWORK : UID_BLOCK) + domid;

	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 4096);
	limit(RLIMIT_MEMLOCK, RLIM_INFINITY);
	if (mkdir(EMPTY_ROOT, 0555) && errno != EEXIST)
		return error_errno(e, ERR_FAIL, "%s", EMPTY_ROOT);
	if (chroot(EMPTY_ROOT) || chdir("/"))
		return error_errno(e, ERR_FAIL, "cannot leave the host's files");
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return error_errno(e, ERR_FAIL, "cannot become user %u", uid);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || deny_system_calls(ops->syscalls))
		return error_set(e, ERR_FAIL, "cannot enter the sandbox (seccomp)");
	return 0;
}
