/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a back end has left when it reads the first byte that a guest wrote (confine.h): its open
 * descriptors (xenstore, evtchn restricted to its domain, gntdev, its socket, vaned, and what vaned
 * hands it) and these system calls. docs/backends.md says the same in words.
 */
#include <seccomp.h>
#include <string.h>

#include "tools/lib/backend_private.h"
#include "tools/lib/confine.h"

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

int backend_sandbox(const struct backend_ops *ops, uint32_t domid, struct error *e)
{
	uid_t uid = (!strcmp(ops->kind, "uvif") ? UID_NETWORK : UID_BLOCK) + domid;

	return confine(uid, allowed, ops->syscalls, e);
}
