/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon gives up; see sandbox.h. Its user is user.c's matter. The filter outlives live
 * updates, so what a starting binary calls is in it too (the second list).
 */
#include "sandbox.h"

#include <cap-ng.h>
#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

#include "report.h"

static const int serving[] = {
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(accept4),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(close),
	SCMP_SYS(ioctl),
	SCMP_SYS(poll),
	SCMP_SYS(fcntl),
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(fallocate),
	SCMP_SYS(ftruncate),
	SCMP_SYS(openat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
};

static const int starting[] = {
	SCMP_SYS(execve),
	SCMP_SYS(access),
	SCMP_SYS(pread64),
	SCMP_SYS(mprotect),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(prlimit64),
	SCMP_SYS(getrandom),
	SCMP_SYS(futex),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(signalfd4),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(getpid),
	SCMP_SYS(prctl),
	SCMP_SYS(seccomp),
	SCMP_SYS(capget),
	SCMP_SYS(capset),
	SCMP_SYS(gettid),
	SCMP_SYS(fstatfs),
	SCMP_SYS(socket),
	SCMP_SYS(sendmsg),
	SCMP_SYS(connect),
};

static int allow(scmp_filter_ctx filter, const int *call, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call[i], 0);
	return err;
}

static int filter_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = filter ? 0 : -ENOMEM;

	if (!err)
		err = allow(filter, serving, sizeof(serving) / sizeof(serving[0]));
	if (!err)
		err = allow(filter, starting, sizeof(starting) / sizeof(starting[0]));
	if (!err)
		err = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return -err;
}

void sandbox_bounds(void)
{
	capng_get_caps_process();
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		return;
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		report("capabilities could be had again");
}

void sandbox_enter(void)
{
	int err;

	capng_get_caps_process();
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS))
		report("capabilities could not be dropped");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		report("new privileges cannot be ruled out: %s", strerror(errno));
		return;
	}
	err = filter_calls();
	if (err)
		report("system calls cannot be filtered: %s", strerror(err));
}
