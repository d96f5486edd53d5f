/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one operation costs, seen by a libxenstore client: each benchmark runs its operation some
 * times to warm up, then many times, in 1 or 16 processes at once, and prints "row NAME CLIENTS
 * NANOSECONDS-PER-OPERATION". In a machine whose virtual clock counts instructions a nanosecond is
 * an instruction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xenstore.h>

/* In all clients together: so many that the kernel's ticks fall on all rows alike. */
#define COUNT 640
#define WARM  10

static char base[64];

static void fail(const char *what)
{
	fprintf(stderr, "%s failed\n", what);
	exit(1);
}

static const char *at(const char *name)
{
	static char path[8][256];
	static int n;

	n = (n + 1) % 8;
	snprintf(path[n], sizeof(path[n]), "%s/%s", base, name);
	return path[n];
}

static void op_read(struct xs_handle *x)
{
	unsigned int len;
	void *v = xs_read(x, XBT_NULL, at("value"), &len);

	if (!v)
		fail("read");
	free(v);
}

static void op_write(struct xs_handle *x)
{
	if (!xs_write(x, XBT_NULL, at("value"), "0123456789", 10))
		fail("write");
}

static void op_mkdir_rm(struct xs_handle *x)
{
	if (!xs_mkdir(x, XBT_NULL, at("made")) || !xs_rm(x, XBT_NULL, at("made")))
		fail("mkdir and rm");
}

static void op_directory(struct xs_handle *x)
{
	unsigned int n;
	char **names = xs_directory(x, XBT_NULL, at("hundred"), &n);

	if (!names || n != 100)
		fail("directory");
	free(names);
}

static void op_get_perms(struct xs_handle *x)
{
	unsigned int n;
	struct xs_permissions *p = xs_get_permissions(x, XBT_NULL, at("value"), &n);

	if (!p)
		fail("get_perms");
	free(p);
}

static void op_transaction(struct xs_handle *x)
{
	static const char *const names[] = { "t1", "t2", "t3", "t4" };
	xs_transaction_t t = xs_transaction_start(x);

	if (!t)
		fail("transaction start");
	for (int i = 0; i < 4; i++)
		if (!xs_write(x, t, at(names[i]), "0123456789", 10))
			fail("write in a transaction");
	if (!xs_transaction_end(x, t, false))
		fail("transaction end");
}

static void op_start_abort(struct xs_handle *x)
{
	xs_transaction_t t = xs_transaction_start(x);

	if (!t || !xs_transaction_end(x, t, true))
		fail("transaction start and abort");
}

static void op_watch(struct xs_handle *x)
{
	unsigned int n;
	char **event;

	if (!xs_write(x, XBT_NULL, at("watched"), "0123456789", 10))
		fail("write");
	event = xs_read_watch(x, &n);
	if (!event)
		fail("event");
	free(event);
}

static void watch_setup(struct xs_handle *x)
{
	unsigned int n;

	if (!xs_watch(x, at("watched"), "token"))
		fail("watch");
	free(xs_read_watch(x, &n));
}

static void directory_setup(struct xs_handle *x)
{
	char path[64];

	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "hundred/n%02d", i);
		if (!xs_write(x, XBT_NULL, at(path), "", 0))
			fail("write");
	}
}

static const struct bench {
	const char *name;
	void (*op)(struct xs_handle *x);
	void (*setup)(struct xs_handle *x);
} benches[] = {
	{ "read", op_read, NULL },
	{ "write", op_write, NULL },
	{ "mkdir+rm", op_mkdir_rm, NULL },
	{ "directory", op_directory, directory_setup },
	{ "get_perms", op_get_perms, NULL },
	{ "transaction", op_transaction, NULL },
	{ "watch", op_watch, watch_setup },
	{ "start+abort", op_start_abort, NULL },
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct xs_handle *client(int number)
{
	struct xs_handle *x = xs_open(0);

	if (!x)
		fail("xs_open");
	snprintf(base, sizeof(base), "/bench/%d", number);
	op_write(x);
	if (!xs_write(x, XBT_NULL, at("watched"), "0123456789", 10))
		fail("write");
	return x;
}

/* All start together when the last one is ready. */
struct gate {
	int ready, go;
};

static void run_one(const struct bench *b, int number, int clients, struct gate *g, int write_to)
{
	struct xs_handle *x = client(number);
	double began;

	if (b->setup)
		b->setup(x);
	for (int i = 0; i < WARM; i++)
		b->op(x);
	__atomic_add_fetch(&g->ready, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&g->ready, __ATOMIC_SEQ_CST) < clients)
		usleep(100);
	began = now();
	for (int i = 0; i < COUNT / clients; i++)
		b->op(x);
	double times[2] = { began, now() };
	if (write(write_to, times, sizeof(times)) != sizeof(times))
		fail("pipe");
	_exit(0);
}

static void run(const struct bench *b, int clients)
{
	struct gate *g =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double first = 1e30, last = 0, times[2];
	int fds[2];

	if (g == MAP_FAILED || pipe(fds))
		fail("start");
	for (int i = 0; i < clients; i++)
		if (!fork())
			run_one(b, i, clients, g, fds[1]);
	close(fds[1]);
	for (int i = 0; i < clients; i++) {
		if (read(fds[0], times, sizeof(times)) != sizeof(times))
			fail("pipe");
		first = times[0] < first ? times[0] : first;
		last = times[1] > last ? times[1] : last;
	}
	for (int i = 0; i < clients; i++)
		wait(NULL);
	printf("row %s %d %.0f\n", b->name, clients, (last - first) / (double)COUNT);
	close(fds[0]);
	munmap(g, 4096);
}

/* fill NODES: so many nodes, 100 to a directory; by hand, many requests at once. watches NUMBER:
 * hold so many watches elsewhere, until killed. */
static void fill(long nodes)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	char out[8192], in[8192];

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", getenv("XENSTORED_RUNDIR"));
	if (connect(s, (struct sockaddr *)&a, sizeof(a)))
		fail("connect");
	for (long i = 0; i < nodes;) {
		size_t len = 0, want = 0;
		ssize_t n;

		for (int k = 0; k < 64 && i < nodes; k++, i++) {
			struct xsd_sockmsg h = { .type = XS_WRITE };
			int path =
				sprintf(out + len + sizeof(h), "/fill/%ld/%ld", i / 100, i % 100) +
				1;

			h.len = (uint32_t)path + 10;
			memcpy(out + len, &h, sizeof(h));
			memcpy(out + len + sizeof(h) + path, "0123456789", 10);
			len += sizeof(h) + h.len;
			want += sizeof(h) + 3;
		}
		if (write(s, out, len) != (ssize_t)len)
			fail("write");
		for (; want; want -= (size_t)n) {
			n = read(s, in, want);
			if (n <= 0)
				fail("read");
		}
	}
	close(s);
}

static void hold_watches(long n)
{
	struct xs_handle *x = xs_open(0);
	char path[64];
	unsigned int got;

	if (!x)
		fail("xs_open");
	for (long i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/elsewhere/%ld/%ld", i / 100, i % 100);
		if (!xs_watch(x, path, "token"))
			fail("watch");
		free(xs_read_watch(x, &got));
	}
	puts("watching");
	fflush(stdout);
	pause();
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && !strcmp(argv[1], "fill"))
		fill(atol(argv[2]));
	else if (argc == 3 && !strcmp(argv[1], "watches"))
		hold_watches(atol(argv[2]));
	else if (argc == 3)
		for (size_t i = 0; i < sizeof(benches) / sizeof(benches[0]); i++)
			if (!strcmp(argv[1], "all") || !strcmp(argv[1], benches[i].name))
				run(&benches[i], atoi(argv[2]));
	return 0;
}
