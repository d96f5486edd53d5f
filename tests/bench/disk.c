/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's first process that uses its disk: loads blkfront, then reads and writes /dev/xvda past
 * the page cache at several depths, and prints what a request took. The clock counts instructions
 * (QEMU's icount), of the whole host as it has one processor.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define DISK_BYTES (64ULL << 20)

static struct io_uring ring;
static uint8_t *buffer;
static int disk;

static void die(const char *what)
{
	printf("row failed 0\n%s: %s\nrows end\n", what, strerror(errno));
	fflush(stdout);
	pause();
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void load_modules(void)
{
	FILE *order = fopen("/modules/order", "r");
	char name[128], path[160];
	int fd;

	while (order && fscanf(order, "%127s", name) == 1) {
		snprintf(path, sizeof(path), "/modules/%s", name);
		fd = open(path, O_RDONLY);
		if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
			die(path);
		close(fd);
	}
}

/* Not inlined: who counts requests counts its entries. */
static __attribute__((noinline)) void start(bool write, unsigned int size, uint64_t i, bool random)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);
	uint64_t blocks = DISK_BYTES / size, at = (random ? i * 7919 % blocks : i % blocks) * size;

	if (write)
		io_uring_prep_write(sqe, disk, buffer, size, at);
	else
		io_uring_prep_read(sqe, disk, buffer, size, at);
	io_uring_sqe_set_data64(sqe, size);
}

/* Instructions a request, with so many always under way. */
static uint64_t run(bool write, unsigned int size, unsigned int depth, unsigned int count)
{
	unsigned int started, ended = 0;
	struct io_uring_cqe *cqe;
	uint64_t before = now();

	for (started = 0; started < depth; started++)
		start(write, size, started, size == 4096);
	while (ended < count) {
		io_uring_submit_and_wait(&ring, 1);
		while (!io_uring_peek_cqe(&ring, &cqe)) {
			if (cqe->res != (int)size) {
				errno = -cqe->res;
				die("request");
			}
			io_uring_cqe_seen(&ring, cqe);
			ended++;
			if (started < count)
				start(write, size, started++, size == 4096);
		}
	}
	return (now() - before) / count;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool write;
		unsigned int size, depth, count;
	} rows[] = {
		{ "read_4k_1", false, 4096, 1, 1000 },
		{ "read_4k_32", false, 4096, 32, 4000 },
		{ "write_4k_1", true, 4096, 1, 1000 },
		{ "write_4k_32", true, 4096, 32, 4000 },
		{ "read_1m_sequential", false, 1 << 20, 1, 64 },
		{ "write_1m_sequential", true, 1 << 20, 1, 64 },
	};
	size_t i;
	int n;

	mount("dev", "/dev", "devtmpfs", 0, NULL);
	load_modules();
	for (n = 0; n < 500 && (disk = open("/dev/xvda", O_RDWR | O_DIRECT)) < 0; n++)
		usleep(20000);
	if (disk < 0)
		die("/dev/xvda");
	buffer = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (io_uring_queue_init(64, &ring, 0))
		die("io_uring");
	/* Once around: every page of the file is there, grants and mappings are made. */
	run(true, 1 << 20, 4, 64);
	run(false, 4096, 32, 500);
	/* For a profile: the row that is named, without end. */
	for (i = 0; argc > 1 && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(argv[1], rows[i].name)) {
			printf("rows again\n");
			fflush(stdout);
			for (;;)
				run(rows[i].write, rows[i].size, rows[i].depth, rows[i].count);
		}
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("row %s %llu\n", rows[i].name,
			(unsigned long long)run(
				rows[i].write, rows[i].size, rows[i].depth, rows[i].count));
	printf("rows end\n");
	fflush(stdout);
	for (;;)
		pause();
}
