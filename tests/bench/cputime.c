/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cputime [-t MS] COMMAND [ARGUMENT...]: run a command, whose output is dropped, and print the
 * nanoseconds that the vcpus of all domains ran meanwhile, which leaves out idle time (under QEMU's
 * -icount shift=0 a nanosecond is an instruction). -t: until so many milliseconds after its end,
 * for what it set going. Runs in dom0 on any hypervisor that speaks the sysctl interface of
 * <xen/sysctl.h> (XEN_SYSCTL_getdomaininfolist). Its exit status is the command's.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/sysctl.h>
#include <xencall.h>

#define DOMAINS 256

static xencall_handle *call;
static struct xen_sysctl *op;
static xen_domctl_getdomaininfo_t *info;

static void fail(const char *what)
{
	perror(what);
	exit(127);
}

/*
 * What all domains ran, less what each of them had run in `before` (by domid), which becomes the
 * new state. What ended domains ran at last is known to nobody any more.
 */
static unsigned long long ran(uint64_t *before)
{
	unsigned long long sum = 0;
	unsigned int i;

	memset(op, 0, sizeof(*op));
	op->cmd = XEN_SYSCTL_getdomaininfolist;
	op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
	op->u.getdomaininfolist.max_domains = DOMAINS;
	set_xen_guest_handle_raw(op->u.getdomaininfolist.buffer, info);
	if (xencall1(call, __HYPERVISOR_sysctl, (uint64_t)(uintptr_t)op))
		fail("cputime: getdomaininfolist");
	for (i = 0; i < op->u.getdomaininfolist.num_domains; i++)
		sum += info[i].cpu_time - before[info[i].domain];
	for (i = 0; i < op->u.getdomaininfolist.num_domains; i++)
		before[info[i].domain] = info[i].cpu_time;
	return sum;
}

int main(int argc, char **argv)
{
	static uint64_t before[DOMID_FIRST_RESERVED];
	int status, wait_ms = 0, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t child;

	if (argc > 3 && !strcmp(argv[1], "-t")) {
		wait_ms = atoi(argv[2]);
		argv += 2;
	}
	call = xencall_open(NULL, 0);
	op = call ? xencall_alloc_buffer(call, sizeof(*op)) : NULL;
	info = op ? xencall_alloc_buffer(call, DOMAINS * sizeof(*info)) : NULL;
	if (!info)
		fail("cputime: cannot make hypercalls");
	ran(before);
	child = fork();
	if (!child) {
		dup2(null, 1);
		execvp(argv[1], argv + 1);
		_exit(126);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		fail("cputime: fork");
	usleep(wait_ms * 1000);
	printf("%llu\n", ran(before));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
