/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * primitives: what the kernel's basic services cost, in ticks of the time stamp counter. Under
 * QEMU's -icount shift=0 a tick is an instruction of the whole machine, hypervisor included, so the
 * same binary gives comparable figures on the bare machine, in a control domain and in a guest.
 * Each row runs in batches; the least batch is printed, which leaves out the kernel's clock tick as
 * long as a batch is shorter than the 4 million from one to the next.
 * It may be started as the init of a guest or an initrd (PID 1). Arguments: names of rows, by
 * default all.
 *
 *	row NAME TICKS		for one operation
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/reboot.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

/* Batches of a row: so many, and more until it ran for long enough. */
#define LEAST_BATCHES 5
#define MOST_BATCHES  20
#define ENOUGH	      40000000

static char *self;
static volatile char *region; /* what the row's set-up made */
static size_t region_size;

static uint64_t ticks(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi)::"memory");
	return (uint64_t)hi << 32 | lo;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void make_region(size_t size)
{
	region_size = size;
	region = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (region == MAP_FAILED)
		fail("mmap");
	/* One small page at a time on every machine. */
	madvise((void *)region, size, MADV_NOHUGEPAGE);
}

static void drop_region(void)
{
	munmap((void *)region, region_size);
}

static void touch_region(void)
{
	size_t i;

	for (i = 0; i < region_size; i += PAGE)
		region[i] = 1;
}

static void null_syscall(void)
{
	syscall(SYS_getppid);
}

static void do_stat(void)
{
	struct stat s;

	if (stat(self, &s))
		fail(self);
}

static void open_close(void)
{
	close(open("/dev/null", O_RDONLY));
}

static void read_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
}

static void wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		fail("child");
}

/* Far enough away never to ring. */
static void set_timer(void)
{
	struct itimerval far = { .it_value = { .tv_sec = 1000 } }, off = { 0 };

	setitimer(ITIMER_REAL, &far, NULL);
	setitimer(ITIMER_REAL, &off, NULL);
}

static void fork_exit(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	wait_for(pid);
}

static void fork_exec(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl(self, self, "nothing", NULL);
		_exit(1);
	}
	wait_for(pid);
}

static void shell(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/busybox", "sh", "-c", "/bin/busybox true; exit 0", NULL);
		_exit(1);
	}
	wait_for(pid);
}

static void ignore(int number)
{
}

static void setup_signal(void)
{
	signal(SIGUSR1, ignore);
}

static void send_signal(void)
{
	raise(SIGUSR1);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	mprotect((void *)region, PAGE, PROT_READ | PROT_WRITE);
}

static void setup_fault(void)
{
	struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &a, NULL);
	make_region(PAGE);
	touch_region();
}

static void protection_fault(void)
{
	mprotect((void *)region, PAGE, PROT_READ);
	region[0] = 2;
}

static void setup_pages(void)
{
	make_region(2048 * PAGE);
}

static void page_fault(void)
{
	static size_t next;

	if (next == region_size) {
		madvise((void *)region, region_size, MADV_DONTNEED);
		next = 0;
	}
	region[next] = 1;
	next += PAGE;
}

static void map_touch_unmap(void)
{
	make_region(1 << 20);
	touch_region();
	drop_region();
}

static void touch_64_mib(void)
{
	make_region(64 << 20);
	touch_region();
	drop_region();
}

static void setup_mprotect(void)
{
	make_region(64 * PAGE);
	touch_region();
}

static void mprotect_twice(void)
{
	mprotect((void *)region, region_size, PROT_READ);
	mprotect((void *)region, region_size, PROT_READ | PROT_WRITE);
}

static void setup_large(void)
{
	make_region(100 << 20);
	touch_region();
}

static void *thread_body(void *arg)
{
	return NULL;
}

static void thread_create(void)
{
	pthread_t t;

	if (pthread_create(&t, NULL, thread_body, NULL))
		fail("thread");
	pthread_join(t, NULL);
}

/* A ring of processes that hand a byte on through pipes; one operation is a whole round. */
static int ring_first[2];
static pid_t ring_member[16];
static unsigned int ring_size;
static size_t working_set;

static void use_working_set(volatile char *mine)
{
	size_t i;

	for (i = 0; i < working_set; i += 64)
		mine[i]++;
}

static void member(int in, int out)
{
	static char mine[64 << 10];
	char byte;

	while (read(in, &byte, 1) == 1) {
		use_working_set(mine);
		if (write(out, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

static void make_ring(unsigned int processes, size_t bytes)
{
	int in, next[2];
	unsigned int i;

	working_set = bytes;
	ring_size = processes - 1;
	if (pipe(next))
		fail("pipe");
	ring_first[1] = next[1];
	in = next[0];
	for (i = 0; i < ring_size; i++) {
		if (pipe(next))
			fail("pipe");
		ring_member[i] = fork();
		if (!ring_member[i]) {
			close(ring_first[1]);
			member(in, next[1]);
		}
		close(in);
		close(next[1]);
		in = next[0];
	}
	ring_first[0] = in;
}

static void ring_round(void)
{
	static char mine[64 << 10];
	char byte = 0;

	use_working_set(mine);
	if (write(ring_first[1], &byte, 1) != 1 || read(ring_first[0], &byte, 1) != 1)
		fail("ring");
}

static void drop_ring(void)
{
	unsigned int i;

	close(ring_first[1]);
	for (i = 0; i < ring_size; i++)
		waitpid(ring_member[i], NULL, 0);
	close(ring_first[0]);
}

static void setup_pair(void)
{
	make_ring(2, 0);
}

static void setup_pair_64k(void)
{
	make_ring(2, 64 << 10);
}

static void setup_sixteen(void)
{
	make_ring(16, 0);
}

/* Two processes and one word: wake the other, sleep until woken. */
static int *futex_word;
static pid_t futex_child;

static void futex_pass(int from, int to)
{
	__atomic_store_n(futex_word, to, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, futex_word, FUTEX_WAKE, 1, NULL, NULL, 0);
	while (__atomic_load_n(futex_word, __ATOMIC_SEQ_CST) == to)
		syscall(SYS_futex, futex_word, FUTEX_WAIT, to, NULL, NULL, 0);
}

static void setup_futex(void)
{
	futex_word = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	futex_child = fork();
	if (futex_child)
		return;
	while (!__atomic_load_n(futex_word, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, futex_word, FUTEX_WAIT, 0, NULL, NULL, 0);
	for (;;)
		futex_pass(1, 2);
}

static void futex_round(void)
{
	futex_pass(2, 1);
}

static void drop_futex(void)
{
	kill(futex_child, SIGKILL);
	waitpid(futex_child, NULL, 0);
	munmap(futex_word, PAGE);
}

/* 1,000,000 turns of arithmetic: what a program that asks the kernel for nothing loses. */
static void compute(void)
{
	volatile uint64_t sum = 0;
	uint64_t i;

	for (i = 0; i < 1000000; i++)
		sum += i * i;
}

static const struct row {
	const char *name;
	unsigned int times; /* operations in a batch */
	void (*body)(void);
	void (*setup)(void), (*drop)(void);
} rows[] = {
	{ "null_syscall", 2000, null_syscall, NULL, NULL },
	{ "stat", 1000, do_stat, NULL, NULL },
	{ "open_close", 500, open_close, NULL, NULL },
	{ "clock_gettime", 2000, read_clock, NULL, NULL },
	{ "timer_set_and_off", 1000, set_timer, NULL, NULL },
	{ "signal", 500, send_signal, setup_signal, NULL },
	{ "protection_fault", 500, protection_fault, setup_fault, drop_region },
	{ "page_fault", 400, page_fault, setup_pages, drop_region },
	{ "mmap_1mib", 1, map_touch_unmap, NULL, NULL },
	{ "mprotect_64_twice", 40, mprotect_twice, setup_mprotect, drop_region },
	{ "pipe_2", 200, ring_round, setup_pair, drop_ring },
	{ "pipe_2_64k", 100, ring_round, setup_pair_64k, drop_ring },
	{ "pipe_16", 20, ring_round, setup_sixteen, drop_ring },
	{ "futex_round", 200, futex_round, setup_futex, drop_futex },
	{ "thread_create", 50, thread_create, NULL, NULL },
	{ "fork_exit", 2, fork_exit, NULL, NULL },
	{ "fork_exec", 1, fork_exec, NULL, NULL },
	{ "shell", 1, shell, NULL, NULL },
	{ "touch_64mib", 1, touch_64_mib, NULL, NULL },
	/* 204 forks, with the batch before the first that counts. */
	{ "fork_100mib", 34, fork_exit, setup_large, drop_region },
	{ "compute", 1, compute, NULL, NULL },
};

static uint64_t batch(const struct row *r)
{
	uint64_t start = ticks();
	unsigned int i;

	for (i = 0; i < r->times; i++)
		r->body();
	return ticks() - start;
}

static void measure(const struct row *r)
{
	uint64_t least = UINT64_MAX, got, spent = 0;
	int i;

	if (r->setup)
		r->setup();
	batch(r);
	for (i = 0; i < LEAST_BATCHES || (i < MOST_BATCHES && spent < ENOUGH); i++) {
		got = batch(r);
		spent += got;
		least = got < least ? got : least;
	}
	if (r->drop)
		r->drop();
	printf("row %s %llu\n", r->name, (unsigned long long)(least + r->times / 2) / r->times);
	fflush(stdout);
}

static bool wanted(const char *name, char **names)
{
	char **n = names;

	while (*n && strcmp(*n, name))
		n++;
	return *n || !*names;
}

/* As init: the console is there already, /proc and /dev are not. */
static void start_as_init(void)
{
	mount("proc", "/proc", "proc", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc > 1 && !strcmp(argv[1], "nothing"))
		return 0;
	self = argv[0];
	if (getpid() == 1)
		start_as_init();
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (wanted(rows[i].name, argv + 1))
			measure(&rows[i]);
	puts("rows end");
	fflush(stdout);
	if (getpid() == 1) {
		sync();
		reboot(RB_POWER_OFF);
		pause();
	}
	return 0;
}
