/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network back end's data path under a front end that writes what it likes: the input is a
 * script of steps, each a byte that says what and the bytes it needs. The fake behind the seam
 * aborts when a copy would touch anything but the batch's own memory or crosses a page. After each
 * turn the answers never overtake the requests. Built with libFuzzer (make fuzz-netback), and into
 * a host test that makes scripts of its own.
 */
#include "tests/fuzz/netback.h"

#include <stdlib.h>
#include <string.h>

#include "netback/ctrl.h"
#include "netback/slots.h"
#include "tests/host/netback_fake.h"

struct script {
	const uint8_t *p, *end;
	struct hash hash;
	struct ctrl ctrl;
	union {
		struct xen_netif_ctrl_sring ring;
		uint8_t page[NET_PAGE];
	} ring;
};

static void take(struct script *s, void *to, size_t n)
{
	size_t have = (size_t)(s->end - s->p);

	memset(to, 0, n);
	memcpy(to, s->p, n < have ? n : have);
	s->p += n < have ? n : have;
}

static uint32_t number(struct script *s, size_t bytes)
{
	uint32_t v = 0;

	take(s, &v, bytes);
	return v;
}

/* A request with small numbers, so that most are almost right. */
static void request(struct fake *f, struct script *s)
{
	uint8_t b[6];

	take(s, b, sizeof(b));
	fake_request(f, b[0], b[1], b[2] * 17u, b[3] & 15, b[4] | (b[5] & 15) << 8);
}

static void raw_request(struct fake *f, struct script *s)
{
	uint32_t w[3];

	take(s, w, sizeof(w));
	slot_write(ring_slot(&f->tx.ring, f->tx_prod++), w, sizeof(w));
}

static void arrive(struct fake *f, struct script *s)
{
	static uint8_t frame[NET_FRAME];
	struct virtio_net_hdr h;
	size_t len = number(s, 2);

	take(s, &h, sizeof(h));
	take(s, frame, 40);
	if (f->nwaiting < FAKE_FRAMES)
		fake_arrive(f, &h, frame, len);
}

static void features(struct fake *f, uint8_t bits)
{
	f->f.sg = bits & 1;
	f->f.gso4 = bits & 2;
	f->f.gso6 = bits & 4;
	f->f.csum4 = bits & 8;
	f->f.csum6 = bits & 16;
	f->f.mcast_control = bits & 32;
	if (bits & 128)
		*f->f.hash = (struct hash){ .algorithm = 1, .types = 15 };
	if (bits & 64)
		rate_set(&f->f.rate, 10000, 100, f->now);
}

/* Some words on the control ring, mostly almost right. */
static void control(struct script *s)
{
	uint32_t words[4], prod = s->ring.ring.req_prod;
	bool notify;

	take(s, words, sizeof(words));
	words[0] &= 0x0fffff;
	words[1] &= words[0] & 1 ? 255 : UINT32_MAX;
	slot_write(s->ring.ring.ring + prod % CTRL_SLOTS, words, sizeof(words));
	s->ring.ring.req_prod = prod + (words[0] & 2 ? 1 : words[3] % 140);
	while (ctrl_turn(&s->ctrl, &notify) == TURN_MORE)
		;
	if (s->hash.entries > HASH_MAPPING)
		abort();
}

static void turn(struct fake *f)
{
	enum turn t = fake_run(f);
	uint32_t tx = slot_load(&f->tx.ring.req_prod) - f->q.tx_cons;

	if (t == TURN_BROKEN ? !*f->q.broken : tx > NET_SLOTS)
		abort();
	fake_clear(f);
}

static void step(struct fake *f, struct script *s)
{
	uint32_t at;

	switch (number(s, 1) % 13) {
	case 0:
	case 1: request(f, s); break;
	case 2: raw_request(f, s); break;
	case 3:
		fake_push(f);
		turn(f);
		break;
	case 4: f->tx.ring.req_prod = number(s, 4); break;
	case 5: fake_buffers(f, number(s, 1)); break;
	case 6:
		at = number(s, 1);
		ring_slot(&f->rx.ring, at)->req.gref = number(s, 2);
		break;
	case 7: arrive(f, s); break;
	case 8: features(f, number(s, 1)); break;
	case 9: f->rx.ring.rsp_prod = number(s, 4); break;
	case 10:
		if (queue_start(&f->q))
			return;
		break;
	case 11:
		f->revoked[number(s, 2) % FAKE_GRANTS] = true;
		f->now += number(s, 4);
		break;
	case 12: control(s); break;
	}
	turn(f);
}

void fuzz_netback(const uint8_t *data, size_t len)
{
	struct script s = { .p = data, .end = data + len };
	struct fake *f = fake_new();

	f->f.hash = &s.hash;
	f->f.queue[0] = &f->q;
	f->f.queues = 1;
	s.ctrl = (struct ctrl){ .q = &f->q, .ring = &s.ring.ring, .queues = 1 };
	while (s.p < s.end && !*f->q.broken)
		step(f, &s);
	fake_free(f);
}
