/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sandboxed parsing step of the domain builder: see sandbox.h. Parent and child share one
 * anonymous mapping: a result header, then the unpacked image. The child maps nothing else that can
 * be written to and used by the parent.
 */
#include "tools/build/sandbox.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/build/cache.h"
#include "tools/build/image.h"
#include "tools/lib/confine.h"

#define CPU_SECONDS 180 /* an emulated processor takes 10 s for a large xz kernel */
#define HEADER	    16384UL

struct result {
	int rc;
	struct error e;
	struct kernel kernel;
	size_t elf_len;
};
_Static_assert(sizeof(struct result) <= HEADER, "result header");

static const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk),
	SCMP_SYS(madvise), SCMP_SYS(mprotect), SCMP_SYS(exit_group), SCMP_SYS(exit),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(sigaltstack), -1 };

static int unpack(const uint8_t *file, size_t len, uint8_t *out, struct result *r)
{
	const uint8_t *elf;

	if (image_unpack(file, len, out, IMAGE_MAX, &elf, &r->elf_len, &r->e))
		return -1;
	if (elf != out)
		memcpy(out, elf, r->elf_len < IMAGE_MAX ? r->elf_len : IMAGE_MAX);
	return kernel_parse(out, r->elf_len, &r->kernel, &r->e);
}

/* kept: the image if it was unpacked before, else NULL. */
static void child(
	const uint8_t *file, size_t len, const uint8_t *kept, struct result *r, uint8_t *out)
{
	confine_limit(RLIMIT_CPU, CPU_SECONDS);
	confine_limit(RLIMIT_CORE, 0);
	confine_limit(RLIMIT_NOFILE, 0);
	confine_limit(RLIMIT_FSIZE, 0);
	if (confine_calls(calls, NULL)) {
		r->rc = error_set(
			&r->e, ERR_FAIL, "cannot enter the sandbox that reads kernels (seccomp)");
		_exit(0);
	}
	if (kept)
		r->rc = kernel_parse(kept, r->elf_len, &r->kernel, &r->e);
	else
		r->rc = unpack(file, len, out, r);
	_exit(0);
}

static const uint8_t *map_file(const char *path, size_t *len, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd < 0 || fstat(fd, &st)) {
		error_errno(e, ERR_NOFILE, "%s", path);
	} else if (!S_ISREG(st.st_mode) || !st.st_size) {
		error_set(e, ERR_KERNEL, "%s is %s", path,
			S_ISREG(st.st_mode) ? "empty" : "not a regular file");
	} else if ((size_t)st.st_size > IMAGE_FILE_MAX) {
		error_set(e, ERR_KERNEL, "%s has %lld MiB: not a kernel", path,
			(long long)st.st_size >> 20);
	} else {
		*len = st.st_size;
		p = mmap(NULL, *len, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED)
			error_errno(e, ERR_NOFILE, "%s", path);
	}
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static int collect(struct kernel_image *ki, pid_t pid, struct error *e)
{
	const struct result *r = ki->shared;
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(
				e, ERR_FAIL, "cannot wait for the process that reads the kernel");
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		error_set(e, ERR_KERNEL, "reading it was stopped (%s)",
			WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "unexpected exit");
		error_advice(e, "the file is damaged or hostile: copy it again from where it came");
		return -1;
	}
	if (r->rc) {
		*e = r->e;
		e->what[sizeof(e->what) - 1] = e->state[sizeof(e->state) - 1] =
			e->advice[sizeof(e->advice) - 1] = 0;
		if (e->kind == ERR_NONE || e->kind > ERR_DAEMON)
			e->kind = ERR_KERNEL;
		return -1;
	}
	ki->kernel = r->kernel;
	ki->elf_len = r->elf_len;
	if (ki->elf_len > IMAGE_MAX || (ki->kept && ki->elf_len != ki->kept_len))
		return error_set(e, ERR_KERNEL, "reading it gave nonsense");
	return kernel_check(&ki->kernel, ki->elf_len, e);
}

/* A plain ELF file is as good as its unpacked image. */
static bool worth_keeping(const uint8_t *file, size_t len)
{
	return len >= SELFMAG && memcmp(file, ELFMAG, SELFMAG);
}

/* Unpack the file, or only look at the kept image. */
static int read_image(struct kernel_image *ki, const uint8_t *file, size_t len, struct error *e)
{
	struct result *r;
	pid_t pid;

	ki->shared = mmap(NULL, HEADER + IMAGE_MAX, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ki->shared == MAP_FAILED) {
		ki->shared = NULL;
		return error_errno(e, ERR_NOMEM, "no room to unpack the kernel");
	}
	r = ki->shared;
	r->rc = -1;
	r->elf_len = ki->kept_len;
	ki->elf = ki->kept ? ki->kept : (uint8_t *)ki->shared + HEADER;
	pid = fork();
	if (!pid)
		child(file, len, ki->kept, r, (uint8_t *)ki->shared + HEADER);
	return pid < 0 ? error_errno(e, ERR_FAIL, "cannot start a process") : collect(ki, pid, e);
}

int kernel_image_open(struct kernel_image *ki, const char *path, struct error *e)
{
	char name[CACHE_NAME_MAX];
	size_t len = 0;
	const uint8_t *file = map_file(path, &len, e);
	bool named;
	int rc = -1;

	memset(ki, 0, sizeof(*ki));
	if (!file)
		return error_in(e, "kernel");
	named = worth_keeping(file, len) && !cache_name(file, len, name);
	if (named && (ki->kept = cache_map(name, &ki->kept_len))) {
		rc = read_image(ki, file, len, e);
		if (rc) { /* damaged on disk: as if it had not been there */
			kernel_image_close(ki);
			memset(e, 0, sizeof(*e));
		}
	}
	if (rc) {
		rc = read_image(ki, file, len, e);
		if (!rc && named)
			cache_keep(name, ki->elf, ki->elf_len);
	}
	munmap((void *)file, len);
	if (!rc)
		return 0;
	kernel_image_close(ki);
	return error_in(e, "kernel %s", path);
}

void kernel_image_close(struct kernel_image *ki)
{
	if (ki->shared)
		munmap(ki->shared, HEADER + IMAGE_MAX);
	if (ki->kept)
		munmap((void *)ki->kept, ki->kept_len);
	memset(ki, 0, sizeof(*ki));
}
