/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The skeleton of the back ends with a kind that only counts, a store in memory, and a guest that
 * does what it likes with its nodes: a device's whole life, restarts, closings from both sides,
 * storms, lies, event channels.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/host/tools_fake.h"
#include "tools/lib/backend_private.h"
#include "tools/lib/backend_source.h"
#include "tools/lib/confine.h"

#define BACK   "/local/domain/0/backend/test/1/5"
#define FRONT  "/local/domain/1/device/test/5"
#define BACK2  "/local/domain/0/backend/test/1/6"
#define FRONT2 "/local/domain/1/device/test/6"

/* What the kind was asked to do, a letter each, and what it answers. */
static char did[256];
static bool fail_connect, slow_disconnect, more_work, always_more, fail_work;
static unsigned int works;
static uint32_t ref;
static int memory_fd = -1, kernel_end = -1, our_end = -1, mapped, bound, notified;
static bool no_broker;
static unsigned int refusals, asks; /* of the broker: still to come; how often it was asked */

static void note(char c)
{
	size_t n = strlen(did);

	if (n + 1 < sizeof(did))
		did[n] = c;
}

static struct backend_channel *channel;
static struct backend_device *ends; /* its last I/O is seen by whoever works next */

static bool work(void *arg)
{
	bool more = more_work;

	if (fail_work)
		backend_fail(arg, "as told");
	if (ends)
		backend_disconnected(ends);
	ends = NULL;
	works++;
	more_work = false;
	return more || always_more;
}

static int k_create(struct backend_device *dev)
{
	note('c');
	return 0;
}

static int k_probe(struct backend_device *dev, const int *fds, unsigned int nfds)
{
	note('p');
	return 0;
}

static int k_connect(struct backend_device *dev)
{
	note(dev->resuming ? 'R' : 'C');
	if (fail_connect)
		return backend_fail(dev, "as %s", "told\n<4>blkback 2.51712: \033[2J");
	if (backend_front_number(dev, &ref, 1, 1000, "ring-ref") || !backend_map_ring(dev, &ref, 1))
		return -1;
	channel = backend_bind(dev, 9, work, dev);
	return channel ? 0 : -1;
}

static bool k_disconnect(struct backend_device *dev)
{
	note('D');
	return !slow_disconnect;
}

static void k_destroy(struct backend_device *dev)
{
	note('x');
}

static void k_statistics(struct backend_device *dev, struct text *t)
{
}

static const struct backend_ops kind = {
	.program = "test",
	.kind = "test",
	.memory = 4096,
	.create = k_create,
	.probe = k_probe,
	.connect = k_connect,
	.disconnect = k_disconnect,
	.destroy = k_destroy,
	.statistics = k_statistics,
};

/* xenstored's socket: connections are made to it, and end with it. */
static int store_socket = -1;

const char *xs_daemon_socket(void)
{
	static char path[80];

	snprintf(path, sizeof(path), "%s/xenstored", fake.dir);
	return path;
}

static void start_store(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", xs_daemon_socket());
	store_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(store_socket, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(store_socket, 8), 0);
}

static void end_store(void)
{
	close(store_socket);
	unlink(xs_daemon_socket());
}

/* What the skeleton needs of elsewhere. */
int confine_namespaces(struct error *e)
{
	return 0;
}

int backend_sandbox(const struct backend_ops *ops, uint32_t domid, struct error *e)
{
	return 0;
}

int backend_socket_open(int broker, struct error *e)
{
	return 0;
}

void backend_ask(struct backend_private *p)
{
	int fd;

	if (p->asked || no_broker)
		return;
	p->asked = true;
	asks++;
	if (refusals) {
		refusals--;
		backend_not_opened(p->dev.devid, "not now");
		return;
	}
	/* Opened anew, as the broker does: a description, and so a lock, of its own. */
	char path[32];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	/* The second device's is its own. */
	if (p->dev.devid == 6) {
		close(fd);
		fd = memfd_create("second", MFD_CLOEXEC);
		assert_int_equal(ftruncate(fd, BACKEND_MEMORY), 0);
	}
	backend_opened(p->dev.devid, &fd, 1);
}

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	our_end = pair[0];
	kernel_end = pair[1];
	return (xenevtchn_handle *)&our_end;
}

int xenevtchn_fd(xenevtchn_handle *h)
{
	return our_end;
}

int xenevtchn_restrict(xenevtchn_handle *h, domid_t domid)
{
	return 0;
}

xenevtchn_port_or_error_t xenevtchn_bind_interdomain(
	xenevtchn_handle *h, uint32_t domid, evtchn_port_t port)
{
	return 100 + bound++;
}

int xenevtchn_unbind(xenevtchn_handle *h, evtchn_port_t port)
{
	bound--;
	return 0;
}

int xenevtchn_notify(xenevtchn_handle *h, evtchn_port_t port)
{
	notified++;
	return 0;
}

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned int flags)
{
	return (xengnttab_handle *)&mapped;
}

void *xengnttab_map_domain_grant_refs(
	xengnttab_handle *h, uint32_t count, uint32_t domid, uint32_t *refs, int prot)
{
	if (refs[0] == 666) {
		errno = EINVAL;
		return NULL;
	}
	mapped++;
	return malloc(4096);
}

int xengnttab_unmap(xengnttab_handle *h, void *start, uint32_t count)
{
	mapped--;
	free(start);
	return 0;
}

/* Until nothing is left to do. */
static void settle(void)
{
	int i;

	for (i = 0; i < 200 && backend_turn(0) > 0; i++)
		;
	assert_true(i < 200);
}

static const char *state(void)
{
	const char *s = fake_read(BACK "/state");

	return s ? s : "";
}

static void front(const char *s)
{
	fake_write(FRONT "/state", s);
	settle();
}

static void expect(const char *s, const char *what)
{
	settle();
	assert_string_equal(state(), s);
	assert_string_equal(did, what);
	memset(did, 0, sizeof(did));
}

static void device(const char *back_state, const char *front_state)
{
	fake_write(BACK "/frontend", FRONT);
	fake_write(BACK "/online", "1");
	fake_write(BACK "/state", back_state);
	fake_write(FRONT "/state", front_state);
	fake_write(FRONT "/ring-ref", "7");
}

static void second_device(void)
{
	fake_write(BACK2 "/frontend", FRONT2);
	fake_write(BACK2 "/online", "1");
	fake_write(BACK2 "/state", "1");
	fake_write(FRONT2 "/state", "3");
	fake_write(FRONT2 "/ring-ref", "8");
}

static void start(void)
{
	struct error e = { 0 };

	memset(&backend_process, 0, sizeof(backend_process));
	if (backend_open(&kind, 1, -1, &e))
		fail_msg("%s", e.what);
	settle();
}

static int setup(void **s)
{
	fake_reset();
	start_store();
	fake.backends_dead = true;
	memset(did, 0, sizeof(did));
	fail_connect = slow_disconnect = more_work = always_more = fail_work = no_broker = false;
	works = refusals = asks = 0;
	mapped = bound = notified = 0;
	memory_fd = memfd_create("memory", MFD_CLOEXEC);
	return memory_fd < 0 || ftruncate(memory_fd, BACKEND_MEMORY);
}

static void close_all(void)
{
	close(our_end);
	close(kernel_end);
	close(memory_fd);
	fake_end();
}

/* As after SIGKILL: nothing in xenstore changes, and the guest's memory neither. */
static void killed(void)
{
	struct backend_private *p;

	while ((p = backend_process.devices)) {
		backend_process.devices = p->next;
		backend_release(p);
		sd_event_source_disable_unref(p->lock_timer);
		sd_event_source_disable_unref(p->open_timer);
		munmap(p->dev.memory, kind.memory);
		munmap(p->mark, BACKEND_MARK);
		close(p->dev.memory_fd);
		free(p);
	}
	sd_event_source_unref(backend_process.looker);
	backend_loop_close();
	close(our_end);
	close(kernel_end);
	fake_unwatch();
}

/* The device's directory goes; the process has nothing left and ends. */
static int teardown(void **s)
{
	no_broker = true;
	slow_disconnect = false;
	fake_remove(BACK);
	settle();
	assert_null(backend_process.devices);
	assert_int_equal(mapped, 0);
	assert_int_equal(bound, 0);
	sd_event_source_unref(backend_process.looker);
	backend_loop_close();
	end_store();
	close_all();
	return 0;
}

static void test_life(void **s)
{
	device("1", "1");
	start();
	expect("2", "cp");
	front("3");
	expect("4", "C");
	front("4");
	expect("4", "");
	assert_int_equal(mapped, 1);
	front("5");
	expect("5", "");
	assert_int_equal(mapped, 1);
	front("6");
	expect("6", "D");
	assert_int_equal(mapped, 0);
	/* The same again: the front end comes back, as netfront does it, in one step. */
	front("1");
	expect("2", "");
	front("4");
	expect("4", "C");
	/* And begins anew without a word, as after kexec. */
	front("1");
	expect("2", "D");
	front("3");
	expect("4", "C");
	/* Its directory goes with the guest. */
	fake_remove("/local/domain/1");
	expect("6", "D");
}

static void test_toolstack_closes(void **s)
{
	device("1", "1");
	start();
	front("3");
	expect("4", "cpC");
	fake_write(BACK "/online", "0");
	fake_write(BACK "/state", "5");
	expect("5", "");
	front("6");
	expect("6", "D");
	/* It is not wanted any more, whatever the front end does. */
	front("1");
	expect("6", "");
}

static void test_resumed(void **s)
{
	device("4", "4");
	start();
	expect("4", "cpR");
	assert_int_equal(mapped, 1);
}

/* The toolstack asked for the device, the front end keeps it: whoever comes next serves it. */
static void test_closing_is_resumed(void **s)
{
	device("1", "1");
	start();
	front("3");
	front("4");
	expect("4", "cpC");
	fake_write(BACK "/online", "0");
	fake_write(BACK "/state", "5");
	front("5");
	expect("5", "");
	killed();
	start();
	expect("5", "cpR");
	assert_int_equal(mapped, 1);
	killed();
	/* It lets go while nobody is there. */
	fake_write(FRONT "/state", "6");
	start();
	expect("6", "cp");
	assert_int_equal(mapped, 0);
}

/* It lets go without ever having been connected, or not since it was last closed. */
static void test_closing_without_a_connection(void **s)
{
	device("1", "1");
	start();
	front("5");
	expect("5", "cp");
	killed();
	start();
	expect("5", "cp");
	front("6");
	expect("6", "");
	front("1");
	front("3");
	front("6");
	front("1");
	front("5");
	expect("5", "CD");
	killed();
	start();
	expect("5", "cp");
}

static void test_resumption_fails(void **s)
{
	device("4", "4");
	fail_connect = true;
	start();
	expect("6", "cpRD");
	assert_string_equal(fake_read("/local/domain/0/error/backend/test/1/5/error"),
		"as told?<4>blkback 2.51712: ?[2J");
}

static void test_predecessor_has_io(void **s)
{
	char path[32];
	int other;

	/* As an io_uring of a killed process holds it. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory_fd);
	other = open(path, O_RDWR);
	assert_int_equal(flock(other, LOCK_EX), 0);
	device("4", "4");
	start();
	expect("4", "c");
	close(other);
	usleep(5000);
	expect("4", "pR");
}

#define ERROR "/local/domain/0/error/backend/test/1/5/error"

/* As if the pause were over. */
static void next_ask(void)
{
	sd_event_source *t = backend_process.devices->open_timer;

	assert_non_null(t);
	assert_true(sd_event_source_set_time(t, 0) >= 0);
	backend_loop_changed();
	settle();
}

/* What does not open for a moment closes no disk that a guest is using. */
static void test_opened_later(void **s)
{
	device("4", "4");
	refusals = 3;
	start();
	expect("4", "c");
	/* Not before the pause is over. */
	assert_int_equal(asks, 1);
	next_ask();
	next_ask();
	expect("4", "");
	assert_null(fake_read(ERROR));
	next_ask();
	expect("4", "pR");
	assert_int_equal(asks, 4);
	assert_null(backend_process.devices->open_timer);
}

static void test_never_opened(void **s)
{
	unsigned int i;

	device("5", "4");
	refusals = 1000;
	start();
	for (i = 0; i < 30; i++) {
		expect("5", i ? "" : "c");
		next_ask();
	}
	expect("6", "");
	assert_string_equal(fake_read(ERROR), "not now");
	assert_int_equal(asks, 31);
}

/* Meanwhile the toolstack takes it away, which waits for Closed. */
static void test_taken_away_before_opened(void **s)
{
	device("4", "4");
	refusals = 1000;
	start();
	fake_write(BACK "/state", "5");
	fake_remove(FRONT);
	expect("5", "c");
	next_ask();
	expect("6", "");
	assert_int_equal(asks, 2);
}

/* It goes while it is waited for. */
static void test_gone_before_opened(void **s)
{
	device("4", "4");
	refusals = 1000;
	start();
	fake_remove(BACK);
	expect("", "cx");
}

/* It went before the answer came: no error is left of what is no more. */
static void test_gone_before_refused(void **s)
{
	device("1", "1");
	no_broker = true;
	start();
	backend_process.devices->asked = true;
	fake_remove(BACK);
	backend_not_opened(5, "no such device");
	expect("", "cx");
	assert_null(fake_read(ERROR));
}

/* A new one that does not open is told of at once: nobody uses it. */
static void test_new_one_not_opened(void **s)
{
	device("1", "1");
	refusals = 1;
	start();
	expect("6", "c");
	assert_string_equal(fake_read(ERROR), "not now");
	assert_int_equal(asks, 1);
}

static void test_front_end_lies(void **s)
{
	static const char *const refs[] = { "", "0", "1001", "-1", "7x", " 7",
		"99999999999999999999", "0x7", "666" };
	size_t i;

	device("1", "1");
	start();
	expect("2", "cp");
	for (i = 0; i < sizeof(refs) / sizeof(refs[0]); i++) {
		fake_write(FRONT "/ring-ref", refs[i]);
		front("3");
		expect("6", "CD");
		front("1");
		expect("2", "");
	}
	fake_remove(FRONT "/ring-ref");
	front("3");
	expect("6", "CD");
	/* States that are none: an error while we serve, nothing afterwards. */
	fake_write(FRONT "/ring-ref", "7");
	front("1");
	front("3");
	expect("4", "C");
	front("77");
	expect("6", "D");
	front("-5");
	expect("6", "");
	front("8");
	expect("6", "");
}

/* However often it changes its state, what counts is what it is when we look. */
static void test_storm(void **s)
{
	int i;

	device("1", "1");
	start();
	expect("2", "cp");
	for (i = 0; i < 1000; i++)
		fake_write(FRONT "/state", i % 2 ? "3" : "6");
	expect("4", "C");
	for (i = 0; i < 1000; i++)
		fake_write(FRONT "/state", i % 3 ? "1" : "4");
	expect("4", "");
}

static void test_slow_disconnection(void **s)
{
	device("1", "1");
	start();
	front("3");
	slow_disconnect = true;
	front("6");
	expect("4", "cpCD");
	assert_int_equal(mapped, 1);
	/* Meanwhile the front end wants to go on; it has to wait. */
	front("1");
	expect("4", "");
	backend_disconnected(&backend_process.devices->dev);
	expect("2", "");
	assert_int_equal(mapped, 0);
}

static void test_made_anew(void **s)
{
	device("1", "1");
	start();
	front("3");
	expect("4", "cpC");
	/* As the toolstack does it: removed and written in one go. */
	fake_remove(BACK);
	device("1", "1");
	expect("2", "Dxcp");
}

static void test_another_domains_front_end(void **s)
{
	device("1", "1");
	fake_write(BACK "/frontend", "/local/domain/2/device/test/5");
	start();
	expect("1", "");
}

static void test_events(void **s)
{
	evtchn_port_t port = 100, got;

	device("1", "1");
	start();
	front("3");
	/* Once for what may have been there before. */
	assert_int_equal(works, 1);
	assert_int_equal(write(kernel_end, &port, sizeof(port)), sizeof(port));
	more_work = true;
	settle();
	assert_int_equal(works, 3);
	/* Unmasked once, when the work was done. */
	assert_int_equal(recv(kernel_end, &got, sizeof(got), MSG_DONTWAIT), sizeof(got));
	assert_int_equal(got, 100);
	assert_int_equal(recv(kernel_end, &got, sizeof(got), MSG_DONTWAIT), -1);
	/* A port that is nobody's. */
	port = 3000;
	assert_int_equal(write(kernel_end, &port, sizeof(port)), sizeof(port));
	settle();
	assert_int_equal(works, 3);
	backend_notify(channel);
	assert_int_equal(notified, 1);
	memset(did, 0, sizeof(did));
}

/* What a ring makes of a device is acted upon, though nothing came but the event. */
static void test_work_fails(void **s)
{
	evtchn_port_t port = 100;

	device("1", "1");
	start();
	front("3");
	expect("4", "cpC");
	assert_int_equal(backend_turn(0), 0);
	fail_work = true;
	assert_int_equal(write(kernel_end, &port, sizeof(port)), sizeof(port));
	expect("6", "D");
	assert_int_equal(backend_turn(0), 0);
}

/* One device's work sees the end of another's last I/O, whose channel is due next and goes. */
static void test_channel_goes_while_due(void **s)
{
	struct backend_channel *first;

	device("1", "1");
	start();
	front("3");
	first = channel;
	second_device();
	settle();
	assert_int_equal(bound, 2);
	slow_disconnect = true;
	fake_write(FRONT2 "/state", "6");
	settle();
	assert_int_equal(bound, 2);
	works = 0;
	backend_kick(first);
	backend_kick(channel);
	ends = &backend_find(6)->dev;
	settle();
	assert_int_equal(bound, 1);
	assert_int_equal(works, 1);
	fake_remove(BACK2);
	settle();
	memset(did, 0, sizeof(did));
}

/* A channel that always has more keeps neither the front end's states nor other events waiting. */
static void test_busy_channel(void **s)
{
	evtchn_port_t port = 100, got;
	unsigned int i;

	device("1", "1");
	start();
	front("3");
	always_more = true;
	/* Whoever waits here waits for ever. */
	alarm(60);
	assert_int_equal(write(kernel_end, &port, sizeof(port)), sizeof(port));
	for (i = 0; i < 20; i++)
		assert_true(backend_turn(-1) > 0);
	assert_in_range(works, 20, 22);
	/* Not answered while there is work; and another one is taken meanwhile. */
	assert_int_equal(recv(kernel_end, &got, sizeof(got), MSG_DONTWAIT), -1);
	port = 3000;
	assert_int_equal(write(kernel_end, &port, sizeof(port)), sizeof(port));
	assert_true(backend_turn(-1) > 0);
	assert_int_equal(recv(our_end, &got, sizeof(got), MSG_DONTWAIT), -1);
	alarm(0);
	fake_write(FRONT "/state", "6");
	for (i = 0; i < 20; i++)
		backend_turn(0);
	assert_string_equal(state(), "6");
	memset(did, 0, sizeof(did));
}

/* Events cannot be had any more: the process ends, for a successor. */
static void test_events_lost(void **s)
{
	int i, rc = 0, code = 0;

	device("1", "1");
	start();
	front("3");
	close(kernel_end);
	kernel_end = -1;
	for (i = 0; i < 5 && rc >= 0; i++)
		rc = backend_turn(1000);
	assert_int_equal(rc, -ESHUTDOWN);
	assert_true(sd_event_get_exit_code(backend_loop(), &code) >= 0);
	assert_int_equal(code, 1);
	assert_string_equal(state(), "4");
	memset(did, 0, sizeof(did));
}

/* xenstored ends: so does the process, at once, with its devices as they are. */
static void test_store_gone(void **s)
{
	int i, code = 0;

	device("1", "1");
	start();
	front("3");
	assert_int_equal(sd_event_get_exit_code(backend_loop(), &code), -ENODATA);
	end_store();
	for (i = 0; i < 10 && sd_event_get_exit_code(backend_loop(), &code) < 0; i++)
		backend_turn(1);
	assert_int_equal(code, 1);
	assert_string_equal(state(), "4");
	memset(did, 0, sizeof(did));
}

/* A process that ends frees nothing; what it had stays in sight of the leak checker. */
struct backend_process gone[2];
static size_t ngone;

static int teardown_gone(void **s)
{
	assert_in_range(ngone, 0, 1);
	gone[ngone++] = backend_process;
	backend_loop_close();
	close_all();
	return 0;
}

static int teardown_lost(void **s)
{
	end_store();
	return teardown_gone(s);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(test_life),
		T(test_toolstack_closes),
		T(test_resumed),
		T(test_closing_is_resumed),
		T(test_closing_without_a_connection),
		T(test_resumption_fails),
		T(test_predecessor_has_io),
		T(test_opened_later),
		T(test_never_opened),
		T(test_taken_away_before_opened),
		T(test_gone_before_opened),
		T(test_gone_before_refused),
		T(test_new_one_not_opened),
		T(test_front_end_lies),
		T(test_storm),
		T(test_slow_disconnection),
		T(test_made_anew),
		T(test_another_domains_front_end),
		T(test_events),
		T(test_work_fails),
		T(test_channel_goes_while_due),
		T(test_busy_channel),
		cmocka_unit_test_setup_teardown(test_events_lost, setup, teardown_lost),
		cmocka_unit_test_setup_teardown(test_store_gone, setup, teardown_gone),
	};

	log_open(LOG_ERROR, false);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
