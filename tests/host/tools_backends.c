/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vaned's care for the back ends with a store in memory and a back end that only asks for a disk:
 * what becomes of it when processes cannot be had, or are killed. The processes are real.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/host/tools_fake.h"
#include "tools/lib/backend_source.h"
#include "tools/lib/disk.h"
#include "tools/lib/log.h"
#include "tools/lib/nic.h"
#include "tools/vaned/backends.h"

#define DISK	"/local/domain/0/backend/uvbd/1/768"
#define MEMORY	BACKEND_DIR "/uvbd-1-768"
#define BROKER	3
#define SECONDS 20

/* Between this process, the back ends and the openers. */
static volatile struct shared {
	pid_t pid;	  /* of the back end that runs */
	bool go;	  /* it may ask */
	int answers;	  /* that it got */
	char answer[256]; /* the last */
	int opened;	  /* how often the disk was opened */
	int kills;	  /* openers that are killed while they do */
} * shared;

/* Calls of the kind that fail from now on. */
static int no_forks, no_pairs, no_space;

static sd_event *loop;
static unsigned int descriptors;

pid_t __real_fork(void);
pid_t __wrap_fork(void);
pid_t __wrap_fork(void)
{
	if (!no_forks)
		return __real_fork();
	no_forks--;
	errno = EAGAIN;
	return -1;
}

int __real_socketpair(int domain, int type, int protocol, int *pair);
int __wrap_socketpair(int domain, int type, int protocol, int *pair);
int __wrap_socketpair(int domain, int type, int protocol, int *pair)
{
	if (!no_pairs)
		return __real_socketpair(domain, type, protocol, pair);
	no_pairs--;
	errno = EMFILE;
	return -1;
}

int __real_posix_fallocate(int fd, off_t at, off_t len);
int __wrap_posix_fallocate(int fd, off_t at, off_t len);
int __wrap_posix_fallocate(int fd, off_t at, off_t len)
{
	return no_space ? ENOSPC : __real_posix_fallocate(fd, at, len);
}

/* Nothing of the host's is made. */
int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
	return *path == '/' ? 0 : __real_mkdir(path, mode);
}

/* The back end. */
int __wrap_execl(const char *path, const char *arg, ...);
int __wrap_execl(const char *path, const char *arg, ...)
{
	char line[256];
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	shared->pid = getpid();
	while (!shared->go)
		usleep(1000);
	if (send(BROKER, "open 768", 8, 0) != 8)
		_exit(1);
	while ((n = recv(BROKER, line, sizeof(line) - 1, 0)) > 0) {
		line[n] = 0;
		strcpy((char *)shared->answer, line);
		shared->answers++;
	}
	_exit(1);
}

int disk_open(struct store *s, const char *back, uint32_t domid, uint32_t devid, int *fds,
	unsigned int max, struct error *e)
{
	shared->opened++;
	if (shared->kills) {
		shared->kills--;
		raise(SIGKILL);
	}
	fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
	return 1;
}

int nic_open(struct store *s, const char *back, uint32_t domid, uint32_t devid, int *fds,
	unsigned int max, struct error *e)
{
	return error_set(e, ERR_FAIL, "no interfaces here");
}

static unsigned int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* Let vaned work until over() says so. */
static void until(bool (*over)(void))
{
	time_t end = time(NULL) + SECONDS;

	while (!over() && time(NULL) < end)
		assert_true(sd_event_run(loop, 20000) >= 0);
	assert_true(over());
}

static bool running(void)
{
	return shared->pid;
}

static bool answered(void)
{
	return shared->answers;
}

static bool removed(void)
{
	return access(MEMORY, F_OK);
}

/* An opener that has answered may still have to end: sd-event has a descriptor of it until then. */
static bool closed(void)
{
	return open_descriptors() == descriptors;
}

static int never(sd_event_source *src, uint64_t now, void *arg)
{
	return 0;
}

static int setup_all(void **state)
{
	struct error e = { 0 };
	sd_event_source *src;
	sigset_t set;

	fake_reset();
	fake.backends_dead = true;
	if (chdir(fake.dir))
		return -1;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* The loop's own descriptor for timers is there from now on. */
	if (shared == MAP_FAILED || sd_event_default(&loop) < 0 ||
		sd_event_add_time_relative(loop, &src, CLOCK_MONOTONIC, 1000000, 0, never, NULL) <
			0)
		return -1;
	sd_event_source_disable_unref(src);
	return backends_start(loop, &e);
}

static int teardown_all(void **state)
{
	rmdir(BACKEND_DIR);
	fake_end();
	return 0;
}

static int setup(void **state)
{
	memset((void *)shared, 0, sizeof(*shared));
	no_forks = no_pairs = no_space = 0;
	descriptors = open_descriptors();
	return 0;
}

/* The guest's disk goes, and the process with it: nothing is left. */
static int teardown(void **state)
{
	fake_remove("/local/domain/0/backend/uvbd/1");
	if (shared->pid)
		kill(shared->pid, SIGKILL);
	until(removed);
	until(closed);
	return 0;
}

/* The disk comes, its process asks for it: what it is told. */
static const char *answer(void)
{
	fake_write(DISK "/state", "1");
	until(answered);
	return (const char *)shared->answer;
}

static void test_opened(void **state)
{
	struct stat st;

	shared->go = true;
	assert_string_equal(answer(), "fds 768 2");
	assert_int_equal(stat(MEMORY, &st), 0);
	assert_int_equal(st.st_size, BACKEND_MEMORY);
	/* What is not there yet may not be there when it is written. */
	assert_in_range(st.st_blocks * 512, BACKEND_MEMORY_UVBD + BACKEND_MARK, BACKEND_MEMORY - 1);
}

static void test_no_room(void **state)
{
	shared->go = true;
	no_space = 1;
	assert_string_equal(
		answer(), "no 768 no restart memory in " BACKEND_DIR ": No space left on device");
	assert_int_equal(shared->opened, 0);
}

static void test_opener_killed(void **state)
{
	shared->go = true;
	shared->kills = 2;
	assert_string_equal(answer(), "fds 768 2");
	assert_int_equal(shared->opened, 3);
}

static void test_no_process_to_open(void **state)
{
	fake_write(DISK "/state", "1");
	until(running);
	no_forks = 2;
	shared->go = true;
	until(answered);
	assert_string_equal(shared->answer, "fds 768 2");
	assert_int_equal(no_forks, 0);
}

/* An end is put to it, and it is told. */
static void test_openers_always_killed(void **state)
{
	shared->go = true;
	shared->kills = 1000;
	assert_string_equal(answer(), "no 768 vaned's process that opens it was lost");
	assert_int_equal(shared->opened, 6);
}

/* Its successor asks itself; what was asked before is not done for it. */
static void test_killed_between_openers(void **state)
{
	pid_t first;

	shared->go = true;
	shared->kills = 3;
	fake_write(DISK "/state", "1");
	until(running);
	first = shared->pid;
	while (shared->opened < 3)
		sd_event_run(loop, 1000);
	shared->kills = 0;
	shared->pid = 0;
	kill(first, SIGKILL);
	until(answered);
	assert_string_equal(shared->answer, "fds 768 2");
	assert_int_not_equal(shared->pid, first);
	/* Longer than the pause that was begun. */
	usleep(500000);
	while (sd_event_run(loop, 0) > 0)
		;
	assert_int_equal(shared->opened, 4);
	assert_int_equal(shared->answers, 1);
}

static void test_no_socket(void **state)
{
	shared->go = true;
	no_pairs = 2;
	assert_string_equal(answer(), "fds 768 2");
	assert_int_equal(no_pairs, 0);
}

static void test_no_process(void **state)
{
	shared->go = true;
	no_forks = 2;
	assert_string_equal(answer(), "fds 768 2");
	assert_int_equal(no_forks, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_opened),
		T(test_no_room),
		T(test_opener_killed),
		T(test_no_process_to_open),
		T(test_openers_always_killed),
		T(test_killed_between_openers),
		T(test_no_socket),
		T(test_no_process),
	};

	log_open(LOG_ERROR, false);
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
