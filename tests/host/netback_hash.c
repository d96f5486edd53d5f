/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashes and the control ring of the network back end: the published vectors of the Toeplitz hash,
 * which headers are hashed, requests good and bad, frames on the queue that the front end said, and
 * a restart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "netback/ctrl.h"
#include "netback/packet.h"
#include "netback/slots.h"
#include "tests/host/netback_fake.h"

#define IPV4	 XEN_NETIF_CTRL_HASH_TYPE_IPV4
#define IPV4_TCP XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP
#define IPV6	 XEN_NETIF_CTRL_HASH_TYPE_IPV6
#define IPV6_TCP XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP
#define ALL_IP	 (IPV4 | IPV4_TCP | IPV6 | IPV6_TCP)
#define TOEPLITZ XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ
#define GOOD	 XEN_NETIF_CTRL_STATUS_SUCCESS
#define NOT	 XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED
#define INVALID	 XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER
#define TOO_BIG	 XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW

/* The key and the vectors of "Verifying the RSS hash calculation" (Windows driver documentation).
 */
static const uint8_t key[HASH_KEY] = { 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
	0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77,
	0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa };

static const struct vector {
	int version;
	const char *from, *to;
	uint16_t from_port, to_port;
	uint32_t plain, tcp;
} vectors[] = {
	{ 4, "66.9.149.187", "161.142.100.80", 2794, 1766, 0x323e8fc2, 0x51ccc178 },
	{ 4, "199.92.111.2", "65.69.140.83", 14230, 4739, 0xd718262a, 0xc626b0ea },
	{ 4, "24.19.198.95", "12.22.207.184", 12898, 38024, 0xd2d0a5de, 0x5c2b394a },
	{ 4, "38.27.205.30", "209.142.163.6", 48228, 2217, 0x82989176, 0xafc7327f },
	{ 4, "153.39.163.191", "202.188.127.2", 44251, 1303, 0x5d1809c5, 0x10e828a2 },
	{ 6, "3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x2cc18cd5, 0x40207d3d },
	{ 6, "3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0x0f0c461c, 0xdde51bbf },
	{ 6, "3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024,
		0x4b61e985, 0x02d1feef },
};
#define VECTORS (sizeof(vectors) / sizeof(vectors[0]))
#define QUEUES	3u

static struct fake *F[QUEUES];
static struct hash H;
static struct ctrl C;
static union {
	struct xen_netif_ctrl_sring ring;
	uint8_t page[NET_PAGE];
} ring __attribute__((aligned(4096)));
static uint32_t produced;

static int start(void **state)
{
	unsigned int i;

	memset(&H, 0, sizeof(H));
	memset(&ring, 0, sizeof(ring));
	produced = 0;
	for (i = 0; i < QUEUES; i++) {
		F[i] = fake_new();
		F[i]->q.f = &F[0]->f;
		F[0]->f.queue[i] = &F[i]->q;
	}
	F[0]->f.queues = QUEUES;
	F[0]->f.hash = &H;
	/* One scratch for all, as in the process: it belongs to the first. */
	for (i = 1; i < QUEUES; i++) {
		fake_free_pages(&F[i]->s);
		F[i]->s = F[0]->s;
		F[i]->q.s = &F[0]->s;
	}
	ring.ring.req_event = ring.ring.rsp_event = 1;
	C = (struct ctrl){ .q = &F[0]->q, .ring = &ring.ring, .queues = QUEUES };
	return ctrl_start(&C);
}

static int stop(void **state)
{
	unsigned int i;

	for (i = 1; i < QUEUES; i++)
		F[i]->s = (struct scratch){ 0 };
	for (i = QUEUES; i; i--)
		fake_free(F[i - 1]);
	return 0;
}

/* A frame of 100 bytes as a vector says. */
static void make_frame(const struct vector *v, int protocol, uint8_t *p)
{
	size_t ip = v->version == 4 ? 20 : 40, at = v->version == 4 ? 12 : 8;
	uint16_t ports[2] = { htons(v->from_port), htons(v->to_port) };
	int family = v->version == 4 ? AF_INET : AF_INET6;

	memset(p, 0, 100);
	memcpy(p + 12, v->version == 4 ? "\x08\x00" : "\x86\xdd", 2);
	p[14] = v->version == 4 ? 0x45 : 0x60;
	p[v->version == 4 ? 23 : 20] = protocol;
	assert_int_equal(inet_pton(family, v->from, p + 14 + at), 1);
	assert_int_equal(inet_pton(family, v->to, p + 14 + at + (v->version == 4 ? 4 : 16)), 1);
	memcpy(p + 14 + ip, ports, 4);
	p[14 + ip + 12] = 0x50;
}

static void expect_hash(const uint8_t *p, size_t len, uint32_t type, uint32_t value)
{
	uint32_t got;
	uint8_t *copy = malloc(len ? len : 1);

	memcpy(copy, p, len);
	assert_int_equal(hash_frame(&H, copy, len, &got), type);
	assert_int_equal(got, value);
	free(copy);
}

static void test_vectors(void **state)
{
	uint8_t p[104];

	memcpy(H.key, key, HASH_KEY);
	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *v = &vectors[i];
		bool v4 = v->version == 4;

		H.types = ALL_IP;
		make_frame(v, 6, p);
		expect_hash(p, 100, v4 ? IPV4_TCP : IPV6_TCP, v->tcp);
		make_frame(v, 17, p);
		expect_hash(p, 100, v4 ? IPV4 : IPV6, v->plain);
		H.types = IPV4 | IPV6;
		make_frame(v, 6, p);
		expect_hash(p, 100, v4 ? IPV4 : IPV6, v->plain);
		H.types = v4 ? IPV6 | IPV6_TCP : IPV4 | IPV4_TCP;
		expect_hash(p, 100, 0, 0);
		H.types = IPV4_TCP | IPV6_TCP;
		make_frame(v, 17, p);
		expect_hash(p, 100, 0, 0);
	}
}

/* Tagged frames have the same hash; fragments have no ports; what is cut short is not read. */
static void test_forms(void **state)
{
	const struct vector *v = &vectors[0];
	uint8_t p[104];

	memcpy(H.key, key, HASH_KEY);
	H.types = ALL_IP;
	make_frame(v, 6, p);
	memmove(p + 16, p + 12, 88);
	memcpy(p + 12, "\x81\x00\x00\x05", 4);
	expect_hash(p, 104, IPV4_TCP, v->tcp);
	make_frame(v, 6, p);
	p[20] = 0x20;
	expect_hash(p, 100, IPV4, v->plain);
	p[20] = 0;
	p[21] = 1;
	expect_hash(p, 100, IPV4, v->plain);
	p[12] = 9;
	expect_hash(p, 100, 0, 0);
	for (size_t k = 0; k < VECTORS; k += 5)
		for (size_t len = 0; len < 100; len++) {
			size_t ip = k ? 40 : 20;

			make_frame(&vectors[k], 6, p);
			expect_hash(p, len,
				len >= 34 + ip	 ? (k ? IPV6_TCP : IPV4_TCP)
				: len >= 14 + ip ? (k ? IPV6 : IPV4)
						 : 0,
				len >= 34 + ip	 ? vectors[k].tcp
				: len >= 14 + ip ? vectors[k].plain
						 : 0);
		}
}

static void ask(uint16_t type, uint32_t a, uint32_t b, uint32_t c)
{
	(ring.ring.ring + produced % CTRL_SLOTS)->req = (struct xen_netif_ctrl_request){
		.id = produced + 7, .type = type, .data = { a, b, c }
	};
	ring.ring.req_prod = ++produced;
}

/* The answer's status; its data in *data. */
static uint32_t answered(uint32_t *data)
{
	struct xen_netif_ctrl_response a;
	bool notify;
	enum turn t;

	while ((t = ctrl_turn(&C, &notify)) == TURN_MORE)
		;
	assert_int_equal(t, TURN_IDLE);
	assert_int_equal(ring.ring.rsp_prod, produced);
	a = (ring.ring.ring + (produced - 1) % CTRL_SLOTS)->rsp;
	assert_int_equal(a.id, (uint16_t)(produced + 6));
	*data = a.data;
	return a.status;
}

static uint32_t asked(uint16_t type, uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t data;

	ask(type, a, b, c);
	return answered(&data);
}

static void test_requests(void **state)
{
	uint32_t data, *table = (uint32_t *)F[0]->page[5];

	ask(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0);
	assert_int_equal(answered(&data), NOT);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, IPV4, 0, 0), INVALID);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, 2, 0, 0), INVALID);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, TOEPLITZ, 0, 0), GOOD);
	ask(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0);
	assert_int_equal(answered(&data), GOOD);
	assert_int_equal(data, ALL_IP);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, IPV4 | 16, 0, 0), INVALID);
	assert_false(hash_on(&H));
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, ALL_IP, 0, 0), GOOD);
	assert_true(hash_on(&H));
	memcpy(F[0]->page[4], key, HASH_KEY);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, 4, HASH_KEY + 1, 0), TOO_BIG);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, 4, HASH_KEY, 0), GOOD);
	assert_memory_equal(H.key, key, HASH_KEY);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, 9999, 8, 0), INVALID);
	assert_memory_equal(H.key, key, HASH_KEY);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, 4, 3, 0), GOOD);
	assert_memory_equal(H.key, "\x6d\x5a\x56\0\0", 5);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, 0, 0, 0), GOOD);
	assert_memory_equal(H.key, "\0\0\0", 3);
	ask(XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE, 0, 0, 0);
	assert_int_equal(answered(&data), GOOD);
	assert_int_equal(data, HASH_MAPPING);
	for (unsigned int i = 0; i < 10; i++)
		table[i] = i % QUEUES;
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 5, 4, 0), INVALID);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 129, 0, 0), INVALID);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, 8, 0, 0), GOOD);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 5, 4, 4), GOOD);
	assert_memory_equal(H.mapping, "\0\0\0\0\0\1\2\0\0", 9);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 5, 4, 5), INVALID);
	assert_int_equal(
		asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 5, 4, UINT32_MAX - 2), TOO_BIG);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 5, UINT32_MAX, 2), TOO_BIG);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 5, 0, 0), INVALID);
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 9999, 2, 0), INVALID);
	table[1] = QUEUES;
	assert_int_equal(asked(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 5, 2, 5), INVALID);
	assert_memory_equal(H.mapping, "\0\0\0\0\0\1\2\0\0", 9);
	for (unsigned int type = 0; type < 40; type += type ? 1 : 8)
		if (!type || type > 7)
			assert_int_equal(asked(type, 1, 1, 1), NOT);
	assert_int_equal(asked(UINT16_MAX, 1, 1, 1), NOT);
}

static void test_notification_and_jump(void **state)
{
	bool notify;

	ask(XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE, 0, 0, 0);
	ask(XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE, 0, 0, 0);
	assert_int_equal(ctrl_turn(&C, &notify), TURN_MORE);
	assert_true(notify);
	assert_int_equal(ctrl_turn(&C, &notify), TURN_IDLE);
	assert_false(notify);
	assert_int_equal(ring.ring.req_event, 3);
	ring.ring.req_prod = produced + CTRL_SLOTS + 1;
	assert_int_equal(ctrl_turn(&C, &notify), TURN_BROKEN);
	assert_non_null(strstr(F[0]->q.broken, "129 requests at once"));
	*F[0]->q.broken = 0;
	assert_int_equal(ctrl_start(&C), -1);
}

static void switch_on(void)
{
	memcpy(H.key, key, HASH_KEY);
	H.algorithm = TOEPLITZ;
	H.types = ALL_IP;
}

static netif_rx_response_t received(unsigned int queue, uint32_t i)
{
	return ring_slot(&F[queue]->rx.ring, i)->rsp;
}

/* Is there an answer of a queue with this hash beside it? */
static bool has_hash(unsigned int queue, unsigned int type, uint32_t value)
{
	netif_extra_info_t e = { .type = XEN_NETIF_EXTRA_TYPE_HASH };
	netif_rx_response_t r;
	uint32_t at;

	e.u.hash.type = type;
	e.u.hash.algorithm = TOEPLITZ;
	memcpy(e.u.hash.value, &value, 4);
	for (at = 1; at < F[queue]->rx.ring.rsp_prod; at++) {
		r = received(queue, at);
		if (!memcmp(&r, &e, sizeof(r)))
			return true;
	}
	return false;
}

/* Each vector on the queue that the table says, whichever queue of the tap it came by. */
static void test_steering(void **state)
{
	unsigned int i, seen[QUEUES] = { 0 }, to;
	uint8_t p[100];

	switch_on();
	H.entries = 5;
	memcpy(H.mapping, "\2\0\1\1\2", 5);
	for (i = 0; i < QUEUES; i++)
		fake_buffers(F[i], 200);
	for (i = 0; i < VECTORS; i++) {
		make_frame(&vectors[i], 6, p);
		fake_arrive(F[i % QUEUES], NULL, p, sizeof(p));
	}
	for (i = 0; i < QUEUES; i++)
		assert_int_equal(fake_run(F[i]), TURN_IDLE);
	for (i = 0; i < VECTORS; i++) {
		to = H.mapping[vectors[i].tcp % 5];
		seen[to]++;
		assert_true(has_hash(to,
			vectors[i].version == 4 ? _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP
						: _XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP,
			vectors[i].tcp));
	}
	for (i = 0; i < QUEUES; i++)
		assert_int_equal(F[i]->q.stats.rx_packets, seen[i]);
	assert_true(seen[0] && seen[1] && seen[2]);
}

/* A segmented frame has both infos, in a chain; one without a hash stays where it came. */
static void test_extra_infos(void **state)
{
	static uint8_t big[9000];
	struct virtio_net_hdr gso = { .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 1400 };
	netif_extra_info_t e;
	netif_rx_response_t r;

	switch_on();
	H.entries = 1;
	H.mapping[0] = 1;
	for (unsigned int i = 0; i < QUEUES; i++)
		fake_buffers(F[i], 200);
	make_frame(&vectors[0], 6, big);
	fake_arrive(F[0], &gso, big, sizeof(big));
	memset(big, 0, 20);
	fake_arrive(F[2], NULL, big, 60);
	assert_int_equal(fake_run(F[0]), TURN_IDLE);
	assert_int_equal(fake_run(F[2]), TURN_IDLE);
	assert_int_equal(F[1]->rx.ring.rsp_prod, 5);
	assert_int_equal(received(1, 0).flags, NETRXF_extra_info | NETRXF_more_data);
	r = received(1, 1);
	memcpy(&e, &r, sizeof(e));
	assert_int_equal(e.type, XEN_NETIF_EXTRA_TYPE_GSO);
	assert_int_equal(e.flags, XEN_NETIF_EXTRA_FLAG_MORE);
	r = received(1, 2);
	memcpy(&e, &r, sizeof(e));
	assert_int_equal(e.type, XEN_NETIF_EXTRA_TYPE_HASH);
	assert_int_equal(e.flags, 0);
	assert_int_equal(received(1, 4).status, 9000 - 8192);
	assert_memory_equal(F[1]->page[256], "\0\0\0\0", 4);
	assert_int_equal(F[2]->rx.ring.rsp_prod, 1);
	assert_int_equal(received(2, 0).flags, 0);
	assert_int_equal(received(2, 0).status, 60);
}

/* Nothing is taken from the tap, and lost, while a queue has no room; then it goes on. */
static void test_waits_for_room(void **state)
{
	uint8_t p[100];

	switch_on();
	H.entries = 1;
	H.mapping[0] = 2;
	fake_buffers(F[0], 200);
	fake_buffers(F[1], 200);
	make_frame(&vectors[1], 6, p);
	for (unsigned int i = 0; i < 100; i++)
		fake_arrive(F[0], NULL, p, 100);
	assert_int_equal(fake_run(F[0]), TURN_IDLE);
	assert_int_equal(F[0]->taken, 0);
	assert_true(fake_buffers(F[2], 100));
	assert_int_equal(fake_run(F[0]), TURN_IDLE);
	assert_true(F[0]->taken > 0 && F[0]->taken < 100);
	while (F[2]->rx_prod < 250) {
		fake_buffers(F[2], 50);
		assert_int_equal(fake_run(F[0]), TURN_IDLE);
	}
	assert_int_equal(F[0]->taken, 100);
	assert_int_equal(F[2]->q.stats.rx_packets, 100);
	assert_int_equal(F[0]->q.stats.rx_dropped + F[2]->q.stats.rx_dropped, 0);
	/* A queue that breaks is told of by the one whose turn it was. */
	F[2]->rx.ring.req_prod += 1000;
	assert_int_equal(rx_turn(&F[0]->q), TURN_BROKEN);
	assert_non_null(strstr(F[0]->q.broken, "requests at once"));
}

/* What was set is still in force, and what was not answered is answered, once. */
static void test_restart(void **state)
{
	uint32_t data;
	uint8_t p[100];

	switch_on();
	H.entries = 2;
	memcpy(H.mapping, "\1\1", 2);
	for (unsigned int i = 0; i < QUEUES; i++)
		fake_buffers(F[i], 100);
	ask(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, TOEPLITZ, 0, 0);
	assert_int_equal(answered(&data), GOOD);
	ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, 5, 2, 0);
	C.cons = 999;
	assert_int_equal(ctrl_start(&C), 0);
	((uint32_t *)F[0]->page[5])[0] = ((uint32_t *)F[0]->page[5])[1] = 2;
	assert_int_equal(answered(&data), GOOD);
	make_frame(&vectors[2], 6, p);
	fake_arrive(F[0], NULL, p, 100);
	assert_int_equal(fake_run(F[0]), TURN_IDLE);
	assert_int_equal(F[2]->q.stats.rx_packets, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_vectors),
		T(test_forms),
		T(test_requests),
		T(test_notification_and_jump),
		T(test_steering),
		T(test_extra_infos),
		T(test_waits_for_room),
		T(test_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
