/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blkback-nbd [-r] DOMID PIDFILE FILE URI: shows an export of an NBD server as FILE, which is
 * there, for domain DOMID, until SIGTERM. It returns when FILE can be opened, or with the reason
 * why not; the process that serves it is in PIDFILE then. Start with nbd.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blkback/nbd.h"
#include "tools/lib/confine.h"
#include "tools/lib/text.h"

static volatile sig_atomic_t stop;

/* libfuse's, libnbd's and ours. */
static const int calls[] = { SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(close),
	SCMP_SYS(ppoll), SCMP_SYS(poll), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg), SCMP_SYS(shutdown), SCMP_SYS(getsockopt), SCMP_SYS(fcntl),
	SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect), SCMP_SYS(madvise),
	SCMP_SYS(brk), SCMP_SYS(futex), SCMP_SYS(clock_gettime), SCMP_SYS(getpid),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall), SCMP_SYS(dup2),
	SCMP_SYS(dup3), SCMP_SYS(exit_group), -1 };

struct options {
	bool readonly;
	uint32_t domid;
	const char *pid_file, *file, *uri;
};

static void on_signal(int number)
{
	stop = 1;
}

static int usage(void)
{
	fprintf(stderr, "usage: blkback-nbd [-r] DOMID PIDFILE FILE URI\n");
	return 2;
}

static int options_get(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "r")) != -1)
		if (c != 'r')
			return -1;
		else
			o->readonly = true;
	if (argc - optind != 4)
		return -1;
	o->domid = strtoul(argv[optind], NULL, 10);
	o->pid_file = argv[optind + 1];
	o->file = argv[optind + 2];
	o->uri = argv[optind + 3];
	return 0;
}

static struct fuse_session *show(struct nbd_file *f, const struct options *o, struct error *e)
{
	char *argv[] = { "blkback-nbd", "-o", "allow_other,subtype=nbd", NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);
	struct fuse_session *se = fuse_session_new(&args, &nbd_file_ops, sizeof(nbd_file_ops), f);

	fuse_opt_free_args(&args);
	if (!se || fuse_session_mount(se, o->file)) {
		error_set(e, ERR_FAIL, "%s: cannot show a file by FUSE", o->file);
		error_advice(e, "modprobe fuse");
		return NULL;
	}
	/* A request may be taken back between ppoll() and read(). */
	fcntl(fuse_session_fd(se), F_SETFL, O_NONBLOCK);
	return se;
}

static int write_pid(const char *path, struct error *e)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d\n", getpid());

	return file_replace(path, text, n) ? error_errno(e, ERR_FAIL, "%s", path) : 0;
}

static void serve(struct nbd_file *f, struct fuse_session *se)
{
	struct fuse_buf buf = { .mem = NULL };
	sigset_t none;
	int fd = fuse_session_fd(se), n;

	sigemptyset(&none);
	while (!fuse_session_exited(se) && !stop) {
		if (nbd_file_turn(f, fd, &none) <= 0)
			continue;
		n = fuse_session_receive_buf(se, &buf);
		if (n > 0)
			fuse_session_process_buf(se, &buf);
	}
	/* Who used the file is gone; what it asked for is still done. */
	while (f->in_flight)
		nbd_file_turn(f, -1, NULL);
	free(buf.mem);
}

/* All that needs privileges. */
static struct fuse_session *prepare(struct nbd_file *f, const struct options *o, struct error *e)
{
	struct fuse_session *se = NULL;

	if (nbd_file_connect(f, o->uri, o->readonly, e))
		return NULL;
	se = show(f, o, e);
	if (se && !write_pid(o->pid_file, e) && !confine_namespaces(e) &&
		!confine(UID_NBD + o->domid, calls, NULL, e))
		return se;
	umount2(o->file, MNT_DETACH);
	return NULL;
}

/* The process that serves: `ready` is closed, with a byte in it, when it does. */
static int server(const struct options *o, int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), i;
	struct sigaction act = { .sa_handler = on_signal };
	struct nbd_file f = { 0 };
	struct fuse_session *se;
	struct error e = { 0 };
	sigset_t term;

	setsid();
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	sigaction(SIGTERM, &act, NULL);
	signal(SIGPIPE, SIG_IGN);
	se = null < 0 ? NULL : prepare(&f, o, &e);
	if (!se) {
		error_print(&e);
		return 1;
	}
	for (i = 0; i < 3; i++)
		dup2(null, i);
	if (write(ready, "r", 1) != 1)
		return 1;
	close(ready);
	serve(&f, se);
	return nbd_file_close(&f) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	int ready[2], status;
	pid_t pid;
	char byte;

	if (options_get(&o, argc, argv))
		return usage();
	if (pipe2(ready, O_CLOEXEC) || (pid = fork()) < 0) {
		perror("blkback-nbd");
		return 1;
	}
	if (!pid)
		_exit(server(&o, ready[1]));
	close(ready[1]);
	if (read(ready[0], &byte, 1) == 1)
		return 0;
	waitpid(pid, &status, 0);
	return 1;
}
