/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * blkback-nbd's requests, by libnbd to a real server (nbdkit); FUSE's answers are the test's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "blkback/nbd.h"

#define MIB  (1 << 20)
#define MANY 64

static struct nbd_file file;
static pid_t server;
static char dir[64], uri[128];

/* One request of the kernel's, and its answer. */
struct fuse_req {
	bool answered;
	int error;
	size_t size;
	char *data;
};

static unsigned int answers;

static int answer(fuse_req_t req, int error, size_t size)
{
	assert_false(req->answered);
	req->answered = true;
	req->error = error;
	req->size = size;
	answers++;
	return 0;
}

void *fuse_req_userdata(fuse_req_t req)
{
	return &file;
}

int fuse_reply_err(fuse_req_t req, int error)
{
	return answer(req, error, 0);
}

int fuse_reply_write(fuse_req_t req, size_t count)
{
	return answer(req, 0, count);
}

int fuse_reply_buf(fuse_req_t req, const char *buf, size_t size)
{
	if (req->data && size)
		memcpy(req->data, buf, size);
	return answer(req, 0, size);
}

int fuse_reply_attr(fuse_req_t req, const struct stat *st, double timeout)
{
	assert_int_equal(st->st_mode & S_IFMT, S_IFREG);
	return answer(req, 0, st->st_size);
}

int fuse_reply_open(fuse_req_t req, const struct fuse_file_info *fi)
{
	assert_true(fi->direct_io);
	return answer(req, 0, 0);
}

static void wait_for(unsigned int count)
{
	while (answers < count)
		nbd_file_turn(&file, -1, NULL);
}

/* Start nbdkit with a plugin and filters, and connect. */
static int serve(const char *const words[], bool readonly, struct error *e)
{
	const char *argv[24] = { "nbdkit", "-f", "--exit-with-parent", "-U" };
	char *socket = uri + snprintf(uri, sizeof(uri), "nbd+unix:///?socket=");
	int n = 4, tries;

	strcpy(dir, "/tmp/blkback-nbd-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(socket, sizeof(uri) - (socket - uri), "%s/s", dir);
	argv[n++] = socket;
	while ((argv[n] = *words++))
		n++;
	server = fork();
	assert_true(server >= 0);
	if (!server) {
		execvp(argv[0], (char **)argv);
		_exit(127);
	}
	for (tries = 0; access(socket, F_OK) && tries < 1000; tries++) {
		assert_int_equal(waitpid(server, NULL, WNOHANG), 0);
		usleep(10000);
	}
	answers = 0;
	memset(&file, 0, sizeof(file));
	return nbd_file_connect(&file, uri, readonly, e);
}

static void kill_server(void)
{
	kill(server, SIGKILL);
	assert_int_equal(waitpid(server, NULL, 0), server);
}

static void over(int closed)
{
	char command[96];

	assert_int_equal(file.in_flight, 0);
	if (file.nbd)
		assert_int_equal(nbd_file_close(&file), closed);
	if (closed == 0)
		kill_server();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

static void good(const char *const words[])
{
	struct error e = { 0 };

	if (serve(words, false, &e))
		fail_msg("%s", e.what);
}

static struct fuse_req do_write(const char *data, size_t size, off_t at)
{
	struct fuse_req req = { 0 };

	answers = 0;
	nbd_file_ops.write(&req, 1, data, size, at, NULL);
	wait_for(1);
	return req;
}

static struct fuse_req do_read(char *data, size_t size, off_t at)
{
	struct fuse_req req = { .data = data };

	answers = 0;
	nbd_file_ops.read(&req, 1, size, at, NULL);
	wait_for(1);
	return req;
}

static int do_punch(int mode, off_t at, off_t size)
{
	struct fuse_req req = { 0 };

	answers = 0;
	nbd_file_ops.fallocate(&req, 1, mode, at, size, NULL);
	wait_for(1);
	return req.error;
}

static int do_fsync(void)
{
	struct fuse_req req = { 0 };

	answers = 0;
	nbd_file_ops.fsync(&req, 1, 1, NULL);
	wait_for(1);
	return req.error;
}

#define HOLE (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static void test_data(void **state)
{
	char out[8192], in[8192];
	struct fuse_req req = { 0 };
	size_t i;

	good((const char *[]){ "memory", "8M", NULL });
	nbd_file_ops.getattr(&req, 1, NULL);
	assert_int_equal(req.size, 8 * MIB);
	for (i = 0; i < sizeof(out); i++)
		out[i] = i * 7 + i / 512;
	assert_int_equal(do_write(out, sizeof(out), 512).size, sizeof(out));
	assert_int_equal(do_fsync(), 0);
	assert_int_equal(do_read(in, sizeof(in), 512).size, sizeof(in));
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(do_punch(HOLE, 1024, 512), 0);
	memset(out + 512, 0, 512);
	assert_int_equal(do_read(in, sizeof(in), 512).size, sizeof(in));
	assert_memory_equal(in, out, sizeof(in));
	over(0);
}

/* What lies outside, and what a hole cannot be made by. */
static void test_limits(void **state)
{
	char data[1024] = { 1 };

	good((const char *[]){ "memory", "1M", NULL });
	assert_int_equal(do_read(data, 1024, MIB - 512).size, 512);
	assert_int_equal(do_read(data, 1024, MIB).size, 0);
	assert_int_equal(do_read(data, 1024, -1024).size, 0);
	assert_int_equal(do_read(data, 0, 0).size, 0);
	assert_int_equal(do_write(data, 1024, MIB - 512).error, ENOSPC);
	assert_int_equal(do_write(data, 1024, INT64_MAX).error, ENOSPC);
	assert_int_equal(do_write(data, 1024, -512).error, ENOSPC);
	assert_int_equal(do_punch(HOLE, MIB - 512, 1024), EINVAL);
	assert_int_equal(do_punch(HOLE, 0, INT64_MAX), EINVAL);
	assert_int_equal(do_punch(0, 0, 512), EOPNOTSUPP);
	over(0);
}

/* Many at once, answered in an order of the server's. */
static void test_together(void **state)
{
	static char out[MANY][4096], in[MANY][4096];
	struct fuse_req w[MANY] = { 0 }, r[MANY] = { 0 };
	size_t i;

	good((const char *[]){ "--filter=delay", "memory", "8M", "delay-read=20ms", NULL });
	for (i = 0; i < MANY; i++) {
		memset(out[i], i + 1, sizeof(out[i]));
		nbd_file_ops.write(&w[i], 1, out[i], sizeof(out[i]), (MANY - i) * 8192, NULL);
		/* FUSE's own buffer is another request's soon. */
		memset(out[i], 0xff, sizeof(out[i]));
	}
	wait_for(MANY);
	for (i = 0; i < MANY; i++) {
		r[i].data = in[i];
		nbd_file_ops.read(&r[i], 1, 4096, (MANY - i) * 8192, NULL);
	}
	assert_int_equal(file.in_flight, MANY);
	wait_for(2 * MANY);
	for (i = 0; i < MANY; i++) {
		assert_int_equal(w[i].error, 0);
		assert_int_equal(r[i].size, 4096);
		assert_int_equal((uint8_t)in[i][0], i + 1);
		assert_memory_equal(in[i], in[i] + 1, 4095);
	}
	over(0);
}

/* The server goes between two parts of a long hole, which nobody would wait for. */
static void test_lost_between(void **state)
{
	struct fuse_req req = { 0 };

	good((const char *[]){ "memory", "5G", NULL });
	nbd_file_ops.fallocate(&req, 1, HOLE, 0, 5LL << 30, NULL);
	while (!file.more)
		nbd_file_turn(&file, -1, NULL);
	kill_server();
	while (nbd_aio_notify_read(file.nbd) == 0)
		;
	nbd_file_turn(&file, -1, NULL);
	assert_int_equal(req.error, ENOTCONN);
	over(-1);
}

/* A hole longer than one request of the protocol. */
static void test_long_hole(void **state)
{
	uint64_t size = 5ULL << 30, i;
	char data[512];

	good((const char *[]){ "memory", "5G", NULL });
	for (i = 0; i < 5; i++) {
		memset(data, 1, sizeof(data));
		do_write(data, sizeof(data), i << 30);
	}
	assert_int_equal(do_punch(HOLE, 0, size), 0);
	for (i = 0; i < 5; i++) {
		assert_int_equal(do_read(data, sizeof(data), i << 30).size, sizeof(data));
		assert_int_equal(data[0], 0);
	}
	over(0);
}

static void test_errors(void **state)
{
	char data[512] = { 0 };

	good((const char *[]){ "--filter=error", "memory", "1M", "error-pwrite=ENOSPC",
		"error-pwrite-rate=100%", "error-pread=EIO", "error-pread-rate=100%",
		"error-zero=EIO", "error-zero-rate=100%", NULL });
	assert_int_equal(do_write(data, 512, 0).error, ENOSPC);
	assert_int_equal(do_read(data, 512, 0).error, EIO);
	assert_int_equal(do_punch(HOLE, 0, 512), EIO);
	assert_int_equal(do_fsync(), 0);
	over(0);
}

static void test_no_zero(void **state)
{
	good((const char *[]){ "--filter=nozero", "memory", "1M", NULL });
	assert_int_equal(do_punch(HOLE, 0, 512), EOPNOTSUPP);
	over(0);
}

/* The server is killed: what is under way ends with an error, and what comes too. */
static void test_lost(void **state)
{
	struct fuse_req req[MANY] = { 0 };
	static char data[4096];
	size_t i;

	good((const char *[]){
		"--filter=delay", "memory", "1M", "delay-write=60", "delay-read=60", NULL });
	for (i = 0; i < MANY; i++)
		if (i & 1)
			nbd_file_ops.write(&req[i], 1, data, sizeof(data), 0, NULL);
		else
			nbd_file_ops.read(&req[i], 1, sizeof(data), 0, NULL);
	assert_int_equal(file.in_flight, MANY);
	kill_server();
	wait_for(MANY);
	for (i = 0; i < MANY; i++)
		assert_int_equal(req[i].error, ENOTCONN);
	assert_int_equal(do_write(data, 512, 0).error, ENOTCONN);
	assert_int_equal(do_read(data, 512, 0).error, ENOTCONN);
	assert_int_equal(do_fsync(), ENOTCONN);
	over(-1);
}

static void test_readonly(void **state)
{
	struct fuse_file_info fi = { .flags = O_RDWR };
	struct fuse_req rw = { 0 }, ro = { 0 };
	struct error e = { 0 };

	assert_int_equal(serve((const char *[]){ "-r", "memory", "1M", NULL }, false, &e), -1);
	assert_non_null(strstr(e.what, "the server lets nobody write to it"));
	assert_null(file.nbd);
	assert_int_equal(nbd_file_connect(&file, uri, true, &e), 0);
	nbd_file_ops.open(&rw, 1, &fi);
	assert_int_equal(rw.error, EROFS);
	fi.flags = O_RDONLY;
	nbd_file_ops.open(&ro, 1, &fi);
	assert_int_equal(ro.error, 0);
	over(0);
}

static void test_refused(void **state)
{
	static const char *const bad[] = { "nbd+unix:///?socket=/nowhere", "nbd+unix:///",
		"nbds+unix:///?socket=/nowhere", "http://x/", "nbd://127.0.0.1:1/x", "" };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error e = { 0 };

		assert_int_equal(nbd_file_connect(&file, bad[i], false, &e), -1);
		assert_true(strlen(e.what) > 10);
		assert_null(file.nbd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_together),
		cmocka_unit_test(test_long_hole),
		cmocka_unit_test(test_lost_between),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_no_zero),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_readonly),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
