/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network back end's data path against a front end in memory: packets of every form both ways,
 * the order and form of answers, notifications, restart, rate, and what breaks a queue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "netback/packet.h"
#include "netback/slots.h"
#include "tests/host/netback_fake.h"

#define MORE  NETTXF_more_data
#define EXTRA NETTXF_extra_info
#define BLANK NETTXF_csum_blank

static struct fake *F;

static int start(void **state)
{
	unsigned int i, j;

	F = fake_new();
	for (i = 0; i < FAKE_GRANTS; i++)
		for (j = 0; j < NET_PAGE; j++)
			F->page[i][j] = i * 31 + j * 7;
	return 0;
}

static int stop(void **state)
{
	fake_free(F);
	return 0;
}

/* An Ethernet, IPv4 or IPv6 and TCP or UDP header of a frame of len bytes; returns their length. */
static size_t headers(uint8_t *p, int version, int protocol, size_t len)
{
	size_t ip = version == 4 ? 20 : 40, at = 14 + ip;

	memset(p, 0, at + 20);
	memcpy(p, "\x00\x16\x3e\x01\x02\x03\x00\x16\x3e\x04\x05\x06", 12);
	memcpy(p + 12, version == 4 ? "\x08\x00" : "\x86\xdd", 2);
	p[14] = version == 4 ? 0x45 : 0x60;
	if (version == 4) {
		p[16] = (len - 14) >> 8;
		p[17] = len - 14;
		p[23] = protocol;
		memcpy(p + 26, "\x0a\x4d\x00\x0b\x0a\x4d\x00\x01", 8);
	} else {
		p[18] = (len - 54) >> 8;
		p[19] = len - 54;
		p[20] = protocol;
		p[22] = 0xfe;
		p[38] = 0xfd;
	}
	if (protocol == 6)
		p[at + 12] = 0x50;
	return at + (protocol == 6 ? 20 : 8);
}

static netif_tx_response_t answer(uint32_t i)
{
	return ring_slot(&F->tx.ring, i)->rsp;
}

static netif_rx_response_t received(uint32_t i)
{
	return ring_slot(&F->rx.ring, i)->rsp;
}

static void broken(const char *why)
{
	assert_int_equal(fake_run(F), TURN_BROKEN);
	assert_non_null(strstr(F->q.broken, why));
}

static void test_one_piece(void **state)
{
	fake_request(F, 5, 3, 100, 0, 64);
	assert_true(fake_push(F));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->nsent, 1);
	assert_int_equal(F->sent[0].len, 64);
	assert_memory_equal(F->sent[0].data, F->page[3] + 100, 64);
	assert_int_equal(F->sent[0].h.flags, 0);
	assert_int_equal(F->tx.ring.rsp_prod, 1);
	assert_int_equal(answer(0).id, 5);
	assert_int_equal(answer(0).status, NETIF_RSP_OKAY);
	assert_int_equal(F->notified, 1);
	/* The next request will be told of. */
	assert_int_equal(F->tx.ring.req_event, 2);
}

static void test_many_pieces(void **state)
{
	/* The first says the whole size; 40 + 4096 * 15 + 10 bytes. */
	fake_request(F, 0, 0, 0, MORE, 40 + 4096 * 15 + 10);
	for (unsigned int i = 1; i <= 15; i++)
		fake_request(F, i, i, 0, MORE, 4096);
	fake_request(F, 16, 16, 4086, 0, 10);
	fake_push(F);
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->nsent, 1);
	assert_int_equal(F->sent[0].len, 40 + 4096 * 15 + 10);
	assert_memory_equal(F->sent[0].data, F->page[0], 40);
	assert_memory_equal(F->sent[0].data + 40, F->page[1], 4096);
	assert_memory_equal(F->sent[0].data + 40 + 15 * 4096, F->page[16] + 4086, 10);
	assert_int_equal(F->copies, 1);
	assert_int_equal(F->tx.ring.rsp_prod, 17);
	for (unsigned int i = 0; i < 17; i++)
		assert_int_equal(answer(i).id, i);
}

/* A first piece that fills its page, and one of 0 bytes. */
static void test_piece_sizes(void **state)
{
	fake_request(F, 0, 0, 0, 0, 4096);
	fake_request(F, 1, 1, 0, MORE, 4096 + 20);
	fake_request(F, 2, 2, 4096, MORE, 0);
	fake_request(F, 3, 3, 0, 0, 20);
	fake_push(F);
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->nsent, 2);
	assert_memory_equal(F->sent[0].data, F->page[0], 4096);
	assert_memory_equal(F->sent[1].data, F->page[1], 4096);
	assert_memory_equal(F->sent[1].data + 4096, F->page[3], 20);
}

static void test_checksum(void **state)
{
	for (int version = 4; version <= 6; version += 2)
		for (int protocol = 6; protocol <= 17; protocol += 11) {
			size_t n = headers(F->page[0], version, protocol, 200);

			fake_request(F, 0, 0, 0, BLANK, 200);
			fake_push(F);
			assert_int_equal(fake_run(F), TURN_IDLE);
			assert_int_equal(F->nsent, 1);
			assert_int_equal(F->sent[0].h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
			assert_int_equal(F->sent[0].h.csum_start, n - (protocol == 6 ? 20 : 8));
			assert_int_equal(F->sent[0].h.csum_offset, protocol == 6 ? 16 : 6);
			assert_int_equal(F->sent[0].h.gso_type, VIRTIO_NET_HDR_GSO_NONE);
			fake_clear(F);
		}
}

/* A frame that says it has a checksum and has none goes nowhere; its front end goes on. */
static void test_no_checksum_there(void **state)
{
	memset(F->page[0], 0, 100);
	fake_request(F, 9, 0, 0, BLANK, 100);
	fake_push(F);
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->nsent, 0);
	assert_int_equal(F->q.stats.tx_dropped, 1);
	assert_int_equal(answer(0).id, 9);
}

static void push_gso(int version, uint16_t flags, size_t len, uint16_t first)
{
	netif_extra_info_t e = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	e.u.gso.type = version == 4 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6;
	e.u.gso.size = 1400;
	headers(F->page[0], version, 6, len);
	fake_request(F, 0, 0, 0, flags | EXTRA | MORE, len);
	fake_extra(F, &e);
	fake_request(F, 1, 0, first, 0, len - first);
	fake_push(F);
}

static void test_segmentation(void **state)
{
	for (int version = 4; version <= 6; version += 2) {
		fake_clear(F);
		push_gso(version, BLANK, 3000, version == 4 ? 54 : 74);
		assert_int_equal(fake_run(F), TURN_IDLE);
		assert_int_equal(F->nsent, 1);
		assert_int_equal(F->sent[0].h.gso_type,
			version == 4 ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_TCPV6);
		assert_int_equal(F->sent[0].h.gso_size, 1400);
		assert_int_equal(F->sent[0].h.hdr_len, version == 4 ? 54 : 74);
		assert_memory_equal(F->sent[0].data, F->page[0], 3000);
	}
	assert_int_equal(F->tx.ring.rsp_prod, 6);
	assert_int_equal(answer(3).status, NETIF_RSP_OKAY);
	assert_int_equal(answer(4).status, NETIF_RSP_NULL);
	assert_int_equal(answer(5).id, 1);
}

/* Segmentation without the checksum flag: the pseudo header's sum is made here. */
static void test_segmentation_makes_sum(void **state)
{
	uint8_t want[128];
	struct packet_sum sum;

	/* Headers in two pieces, the checksum's two bytes in different ones: 14 + 20 + 17 bytes. */
	push_gso(4, 0, 1500, 51);
	memcpy(want, F->page[0], sizeof(want));
	assert_true(packet_find_sum(want, sizeof(want), &sum));
	packet_set_pseudo(want, 1500, &sum);
	assert_int_not_equal(want[50] | want[51], 0);
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->sent[0].h.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
	assert_memory_equal(F->sent[0].data, want, sizeof(want));
}

static void push_mcast(uint8_t type, uint8_t last)
{
	netif_extra_info_t e = { .type = type, .u.mcast.addr = { 1, 0, 0x5e, 0, 0, last } };

	fake_request(F, 77, 0, 0, EXTRA, 0);
	fake_extra(F, &e);
	fake_push(F);
}

static void test_multicast(void **state)
{
	uint8_t frame[60] = { 1, 0, 0x5e, 0, 0, 9 };

	F->f.mcast_control = true;
	fake_buffers(F, 200);
	fake_arrive(F, NULL, frame, sizeof(frame));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->rx.ring.rsp_prod, 0);
	push_mcast(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 9);
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(answer(0).id, 77);
	assert_int_equal(answer(0).status, NETIF_RSP_OKAY);
	assert_int_equal(answer(1).status, NETIF_RSP_NULL);
	fake_arrive(F, NULL, frame, sizeof(frame));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->rx.ring.rsp_prod, 1);
	push_mcast(XEN_NETIF_EXTRA_TYPE_MCAST_DEL, 9);
	fake_run(F);
	fake_arrive(F, NULL, frame, sizeof(frame));
	memset(frame, 0xff, 6);
	fake_arrive(F, NULL, frame, sizeof(frame));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->rx.ring.rsp_prod, 2);
	/* The list ends somewhere. */
	for (unsigned int i = 0; i <= MCAST_MAX; i++)
		push_mcast(XEN_NETIF_EXTRA_TYPE_MCAST_ADD, i);
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(answer(4 + 2 * MCAST_MAX - 2).status, NETIF_RSP_OKAY);
	assert_int_equal(answer(4 + 2 * MCAST_MAX).status, NETIF_RSP_ERROR);
	assert_int_equal(F->mcast.count, MCAST_MAX);
}

static void test_too_short(void **state)
{
	fake_request(F, 1, 0, 0, 0, 13);
	fake_request(F, 2, 0, 0, 0, 14);
	fake_push(F);
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->nsent, 1);
	assert_int_equal(answer(0).status, NETIF_RSP_ERROR);
	assert_int_equal(answer(1).status, NETIF_RSP_OKAY);
}

/* A full ring is one batch of copies and one notification; then the ring goes round. */
static void test_full_ring(void **state)
{
	for (unsigned int round = 0; round < 3; round++) {
		fake_clear(F);
		F->notified = F->copies = 0;
		for (unsigned int i = 0; i < NET_SLOTS; i++)
			fake_request(F, i, i, 0, 0, 60);
		F->tx.ring.rsp_event = F->tx.ring.rsp_prod + 1;
		fake_push(F);
		assert_int_equal(fake_run(F), TURN_IDLE);
		assert_int_equal(F->nsent, NET_SLOTS);
		assert_in_range(F->copies, 1, 2);
		assert_int_equal(F->notified, 1);
		assert_int_equal(F->tx.ring.rsp_prod, (round + 1) * NET_SLOTS);
		assert_int_equal(F->tx.ring.req_event, (round + 1) * NET_SLOTS + 1);
	}
}

static void test_broken_transmit(void **state)
{
	static const struct {
		netif_tx_request_t r[2];
		unsigned int n;
		const char *why;
	} bad[] = {
		{ { { .gref = 600, .size = 60 } }, 1, "grant 600 cannot be read" },
		{ { { .offset = 4000, .size = 97 } }, 1, "97 bytes at offset 4000" },
		{ { { .offset = 65535, .size = 65535 } }, 1, "65535 bytes at offset 65535" },
		{ { { .flags = MORE, .size = 60 } }, 1, "ends before its last slot" },
		{ { { .flags = EXTRA, .size = 60 } }, 1, "ends before its last slot" },
		{ { { .flags = EXTRA, .size = 60 } }, 2, "extra info of type 0" },
		{ { { .flags = EXTRA, .size = 60 }, { .gref = 1 } }, 2, "segmentation type 0" },
		{ { { .flags = EXTRA, .size = 60 }, { .gref = 1, .offset = 1 } }, 2, "of size 0" },
		{ { { .flags = EXTRA, .size = 60 }, { .gref = 0x102 } }, 2, "among other" },
		{ { { .flags = MORE, .size = 60 }, { .size = 61 } }, 2, "61 bytes and more" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		fake_free(F);
		F = fake_new();
		for (unsigned int k = 0; k < bad[i].n; k++)
			fake_request(F, k, bad[i].r[k].gref, bad[i].r[k].offset, bad[i].r[k].flags,
				bad[i].r[k].size);
		fake_push(F);
		broken(bad[i].why);
		assert_int_equal(F->nsent, 0);
		assert_int_equal(F->tx.ring.rsp_prod, 0);
	}
}

static void test_endless_packet(void **state)
{
	for (unsigned int i = 0; i < NET_SLOTS; i++)
		fake_request(F, i, 0, 0, MORE, i ? 1 : 1000);
	fake_push(F);
	broken("more than 18 pieces");
}

static void test_producer_jumps(void **state)
{
	F->tx_prod = NET_SLOTS + 1;
	fake_push(F);
	broken("257 requests at once");
	fake_free(F);
	F = fake_new();
	F->rx.ring.req_prod = 1u << 31;
	broken("receive ring");
}

static void test_copy_call_fails(void **state)
{
	F->copy_fails = true;
	fake_request(F, 0, 0, 0, 0, 60);
	fake_push(F);
	broken("Cannot allocate memory");
}

static void test_receive_small(void **state)
{
	struct virtio_net_hdr h = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 16
	};
	uint8_t frame[100];

	memset(frame, 0x5a, sizeof(frame));
	fake_arrive(F, &h, frame, sizeof(frame));
	/* No room: it stays in the tap, and room is told of. */
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->receives, 0);
	assert_false(fake_buffers(F, RX_NEED - 1));
	assert_true(fake_buffers(F, 1));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->rx.ring.rsp_prod, 1);
	assert_int_equal(received(0).status, 100);
	assert_int_equal(received(0).offset, 0);
	assert_int_equal(received(0).id, 0);
	assert_int_equal(received(0).flags, NETRXF_csum_blank | NETRXF_data_validated);
	assert_memory_equal(F->page[256], frame, sizeof(frame));
	assert_int_equal(F->notified, 1);
}

static void test_receive_large(void **state)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_size = 1448,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.csum_start = 34,
		.csum_offset = 16 };
	static uint8_t frame[NET_FRAME];
	netif_extra_info_t e;
	uint32_t i, got = 0;

	for (i = 0; i < sizeof(frame); i++)
		frame[i] = i * 13 + (i >> 8);
	fake_buffers(F, 20);
	fake_arrive(F, &h, frame, sizeof(frame));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->rx.ring.rsp_prod, 18);
	assert_int_equal(received(0).flags,
		NETRXF_csum_blank | NETRXF_data_validated | NETRXF_more_data | NETRXF_extra_info);
	memcpy(&e, ring_slot(&F->rx.ring, 1), sizeof(e));
	assert_int_equal(e.type, XEN_NETIF_EXTRA_TYPE_GSO);
	assert_int_equal(e.flags, 0);
	assert_int_equal(e.u.gso.size, 1448);
	assert_int_equal(e.u.gso.type, XEN_NETIF_GSO_TYPE_TCPV4);
	for (i = 0; i < 18; i++) {
		if (i == 1)
			continue;
		assert_int_equal(received(i).id, i);
		assert_memory_equal(F->page[256 + i], frame + got, received(i).status);
		got += received(i).status;
		assert_int_equal(!(received(i).flags & NETRXF_more_data), i == 17);
	}
	assert_int_equal(got, sizeof(frame));
	assert_int_equal(F->segments, 17);
}

/* Many frames are one batch; a page-sized one does not overwrite its neighbours. */
static void test_receive_batch(void **state)
{
	static uint8_t frame[60][4097];
	size_t len[60];
	uint32_t at = 0;

	fake_buffers(F, 200);
	for (unsigned int i = 0; i < 60; i++) {
		len[i] = i % 3 ? 60 + i : 4080 + i % 18;
		memset(frame[i], i + 1, len[i]);
		fake_arrive(F, NULL, frame[i], len[i]);
	}
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_in_range(F->copies, 1, 2);
	assert_in_range(F->notified, 1, 2);
	for (unsigned int i = 0; i < 60; i++) {
		assert_memory_equal(F->page[256 + at], frame[i], len[i] < 4096 ? len[i] : 4096);
		at += len[i] > 4096 ? 2 : 1;
	}
	assert_int_equal(F->rx.ring.rsp_prod, at);
}

/* With room for one large frame and little more, small ones are taken one by one. */
static void test_receive_little_room(void **state)
{
	uint8_t frame[60] = { 0 };

	alarm(10);
	fake_buffers(F, 2 * RX_NEED - 1);
	for (unsigned int i = 0; i < 2 * RX_NEED; i++)
		fake_arrive(F, NULL, frame, sizeof(frame));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->rx.ring.rsp_prod, RX_NEED);
	alarm(0);
}

/* Large frames that no front end gets take no slots; they do not take more pages than there are. */
static void test_receive_many_unfit(void **state)
{
	static uint8_t frame[NET_FRAME];
	uint8_t small[60] = { 1 };

	F->f.sg = false;
	fake_buffers(F, 200);
	for (unsigned int i = 0; i < 100; i++)
		fake_arrive(F, NULL, frame, sizeof(frame));
	fake_arrive(F, NULL, small, sizeof(small));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->q.stats.rx_dropped, 100);
	assert_int_equal(F->rx.ring.rsp_prod, 1);
	assert_memory_equal(F->page[256], small, sizeof(small));
}

/* A front end that takes no blank checksums gets whole ones. */
static void test_receive_fills_sum(void **state)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
	uint8_t frame[201];
	struct packet_sum sum;

	fake_buffers(F, 100);
	F->f.csum6 = false;
	for (int version = 4; version <= 6; version += 2) {
		memset(frame, 0xa5, sizeof(frame));
		headers(frame, version, 17, sizeof(frame));
		assert_true(packet_find_sum(frame, sizeof(frame), &sum));
		packet_set_pseudo(frame, sizeof(frame), &sum);
		h.csum_start = sum.start;
		h.csum_offset = sum.offset;
		fake_arrive(F, &h, frame, sizeof(frame));
	}
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(received(0).flags, NETRXF_csum_blank | NETRXF_data_validated);
	assert_int_equal(received(1).flags, NETRXF_data_validated);
	/* The sum over everything, with the pseudo header, is all ones. */
	uint32_t total = 17 + 201 - 54;
	const uint8_t *p = F->page[257];

	for (size_t i = 22; i < 54; i += 2)
		total += p[i] << 8 | p[i + 1];
	for (size_t i = 54; i < 201; i += 2)
		total += p[i] << 8 | (i + 1 < 201 ? p[i + 1] : 0);
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	assert_int_equal(total, 0xffff);
}

/* With a VLAN tag the sum is filled in for every front end, and nothing is left to be segmented. */
static void test_receive_tagged(void **state)
{
	struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_offset = 6 };
	uint8_t frame[204], plain[200];
	size_t n = headers(plain, 4, 17, 200);
	struct packet_sum sum;

	memset(plain + n, 0x5a, 200 - n);
	assert_true(packet_find_sum(plain, 200, &sum));
	packet_set_pseudo(plain, 200, &sum);
	memcpy(frame, plain, 12);
	memcpy(frame + 12, "\x81\x00\x00\x05", 4);
	memcpy(frame + 16, plain + 12, 188);
	assert_true(packet_fill_sum(plain, 200, 34, 6));
	h.csum_start = 38;
	fake_buffers(F, 100);
	fake_arrive(F, &h, frame, sizeof(frame));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(received(0).flags, NETRXF_data_validated);
	assert_memory_equal(F->page[256] + 16, plain + 12, 188);
	assert_false(F->f.tagged_gso);
	h.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
	h.gso_size = 1400;
	fake_arrive(F, &h, frame, sizeof(frame));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->rx.ring.rsp_prod, 1);
	assert_int_equal(F->q.stats.rx_dropped, 1);
	assert_true(F->f.tagged_gso);
}

/* What the tap was told not to send does not reach a front end that cannot take it. */
static void test_receive_unfit(void **state)
{
	struct virtio_net_hdr h = { .gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .gso_size = 1400 };
	static uint8_t frame[5000];

	fake_buffers(F, 100);
	F->f.gso6 = false;
	fake_arrive(F, &h, frame, sizeof(frame));
	h.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	fake_arrive(F, &h, frame, sizeof(frame));
	fake_arrive(F, NULL, frame, 10);
	assert_int_equal(fake_run(F), TURN_IDLE);
	F->f.sg = false;
	fake_arrive(F, NULL, frame, sizeof(frame));
	fake_arrive(F, NULL, frame, 1514);
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->q.stats.rx_dropped, 4);
	assert_int_equal(F->rx.ring.rsp_prod, 1);
	assert_int_equal(received(0).status, 1514);
}

static void test_receive_revoked(void **state)
{
	uint8_t frame[60] = { 0 };

	fake_buffers(F, 100);
	F->revoked[256] = true;
	fake_arrive(F, NULL, frame, sizeof(frame));
	broken("grant 256 cannot be written");
	assert_int_equal(F->rx.ring.rsp_prod, 0);
}

/* A process dies with requests taken and not answered; its successor does them again. */
static void test_restart(void **state)
{
	uint8_t frame[60] = { 0 };

	fake_request(F, 1, 1, 0, 0, 60);
	fake_push(F);
	fake_buffers(F, 100);
	fake_arrive(F, NULL, frame, sizeof(frame));
	assert_int_equal(fake_run(F), TURN_IDLE);
	fake_request(F, 2, 2, 0, MORE, 100);
	fake_request(F, 3, 3, 0, 0, 40);
	fake_push(F);
	F->q.tx_cons = F->q.rx_cons = 12345;
	assert_int_equal(queue_start(&F->q), 0);
	fake_arrive(F, NULL, frame, sizeof(frame));
	assert_int_equal(fake_run(F), TURN_IDLE);
	assert_int_equal(F->nsent, 2);
	assert_memory_equal(F->sent[1].data + 60, F->page[3], 40);
	assert_int_equal(F->tx.ring.rsp_prod, 3);
	assert_int_equal(answer(2).id, 3);
	assert_int_equal(F->rx.ring.rsp_prod, 2);
	/* Indices that the guest made up. */
	F->tx.ring.rsp_prod = 1000;
	assert_int_equal(queue_start(&F->q), -1);
	assert_non_null(strstr(F->q.broken, "1000 answers cannot be"));
}

/* 1 MB/s for 10 s of frames that are always there: 10 MB within 2 %. */
static void test_rate(void **state)
{
	uint64_t bytes = 0, end = 10000000000ull;
	enum turn t;

	rate_set(&F->f.rate, 50000, 50000, F->now);
	while (F->now < end) {
		while (F->tx_prod - F->tx.ring.rsp_prod + 2 <= NET_SLOTS) {
			fake_request(F, 0, 0, 0, MORE, 1500);
			fake_request(F, 1, 1, 0, 0, 500);
		}
		fake_push(F);
		t = tx_turn(&F->q);
		assert_int_not_equal(t, TURN_BROKEN);
		for (unsigned int i = 0; i < F->nsent; i++)
			bytes += F->sent[i].len;
		fake_clear(F);
		if (t == TURN_WAIT) {
			assert_true(rate_wait(&F->f.rate, F->now) > 0);
			F->now += rate_wait(&F->f.rate, F->now);
		}
	}
	assert_in_range(bytes, 9800000, 10200000);
}

static void test_rate_counts_nothing_twice(void **state)
{
	struct rate r;
	uint64_t now = 5;

	rate_set(&r, 1000, 1000, now); /* a byte each µs */
	rate_take(&r, 61000);
	assert_int_equal(rate_wait(&r, now), 60001000);
	for (; now < 60000005; now += 333)
		assert_false(rate_open(&r, now));
	assert_true(rate_open(&r, 60001005));
	rate_set(&r, 0, 0, now);
	assert_true(rate_open(&r, now));
	rate_set(&r, 1u << 31, 1ull << 62, now);
	rate_take(&r, UINT32_MAX);
	rate_open(&r, UINT64_MAX);
}

static void test_headers_cut_short(void **state)
{
	uint8_t p[120];
	struct packet_sum sum;

	for (int version = 4; version <= 6; version += 2) {
		size_t n = headers(p, version, 6, 100);

		for (size_t len = 0; len < 100; len++) {
			uint8_t *cut = malloc(len + 1);

			memcpy(cut, p, len);
			assert_int_equal(packet_find_sum(cut, len, &sum), len >= n);
			free(cut);
		}
	}
	/* Tagged; a later fragment; extension headers. */
	headers(p, 4, 17, 100);
	p[20] = 1;
	assert_false(packet_find_sum(p, 100, &sum));
	headers(p, 6, 0, 100);
	p[54] = 17;
	p[55] = 1;
	assert_true(packet_find_sum(p, 100, &sum));
	assert_int_equal(sum.start, 70);
	headers(p, 4, 17, 100);
	memmove(p + 16, p + 12, 60);
	memcpy(p + 12, "\x81\x00\x00\x05", 4);
	assert_true(packet_find_sum(p, 100, &sum));
	assert_int_equal(sum.start, 38);
	assert_false(packet_fill_sum(p, 100, 101, 0));
	assert_false(packet_fill_sum(p, 100, 98, 1));
}

#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_one_piece),
		T(test_many_pieces),
		T(test_piece_sizes),
		T(test_checksum),
		T(test_no_checksum_there),
		T(test_segmentation),
		T(test_segmentation_makes_sum),
		T(test_multicast),
		T(test_too_short),
		T(test_full_ring),
		T(test_broken_transmit),
		T(test_endless_packet),
		T(test_producer_jumps),
		T(test_copy_call_fails),
		T(test_receive_small),
		T(test_receive_large),
		T(test_receive_batch),
		T(test_receive_many_unfit),
		T(test_receive_little_room),
		T(test_receive_fills_sum),
		T(test_receive_tagged),
		T(test_receive_unfit),
		T(test_receive_revoked),
		T(test_restart),
		T(test_rate),
		T(test_rate_counts_nothing_twice),
		T(test_headers_cut_short),
	};

	int failed = cmocka_run_group_tests_name("plain pages", tests, NULL, NULL);

	fake_granted = true;
	return failed + cmocka_run_group_tests_name("granted pages", tests, NULL, NULL);
}
