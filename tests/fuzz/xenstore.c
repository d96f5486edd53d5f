/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole request path in one process: the input is a script for a dom0 client, a read-only one
 * and two guests on rings, with memory that runs out where the script says so. After it every
 * account must be right and nothing may be left over. Built with libFuzzer (make fuzz-xenstore),
 * and into a host test that replays the corpus and mutations.
 *
 * Script: one byte says who and what; then what it needs.
 *   0x00-0x3f  raw bytes as input: length byte, bytes          0x40-0x7f  a request: type,
 * transaction, length, bytes 0x80-0x8f  memory runs out at the n-th allocation from here 0x90-0x9f
 * its reader takes what is there 0xa0-0xaf  the guest writes one word into its ring's indices 0xb0
 * domains change  0xb1  log switch
 */
#include "xenstore.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "xenstore/conn.h"
#include "xenstore/domain.h"
#include "xenstore/domain_link.h"
#include "xenstore/journal.h"
#include "xenstore/loop.h"
#include "xenstore/recover.h"
#include "xenstore/report.h"
#include "xenstore/ring.h"
#include "xenstore/socket.h"
#include "xenstore/store.h"
#include "xenstore_fake.h"

#define CLIENTS 4

/* Clients of dom0: what they send goes in by hand, what they get is dropped when they read. */
struct reader {
	struct conn *c;
	size_t room;
};

static struct reader readers[2];

static ssize_t reader_send(struct conn *c, const void *buf, size_t len)
{
	struct reader *r = &readers[c->read_only];

	if (len > r->room)
		len = r->room;
	r->room -= len;
	return (ssize_t)len;
}

static void reader_close(struct conn *c)
{
	readers[c->read_only].c = NULL;
}

static const struct conn_ops reader_ops = { .send = reader_send, .close = reader_close };

static void turns(struct store *s)
{
	for (int i = 0; i < 20 && !list_empty(&s->ready); i++) {
		struct conn *c = list_entry(s->ready.next, struct conn, ready);

		list_remove(&c->ready);
		if (c->is_ring)
			ring_turn(c);
		else
			socket_turn(c);
	}
	journal_commit(s->journal);
}

/* Bytes from client `who`: into its buffer or its ring, as far as they fit. */
static void feed(struct store *s, unsigned int who, const uint8_t *data, size_t len)
{
	struct xenstore_domain_interface *p = &fake_link.page[who < 2 ? 0 : who - 1];
	struct conn *c = who < 2 ? readers[who].c : NULL;
	char *room;

	if (who < 2) {
		room = c && c->in.len < MESSAGE_MAX ? buffer_room(&c->in, (uint32_t)len) : NULL;
		if (!room)
			return;
		memcpy(room, data, len);
		buffer_add(&c->in, (uint32_t)len);
		conn_make_ready(c);
		return;
	}
	for (; len && p->req_prod - p->req_cons < XENSTORE_RING_SIZE; len--)
		p->req[MASK_XENSTORE_IDX(p->req_prod++)] = (char)*data++;
	ring_event(s, (int)who - 1);
}

static void drain(struct store *s, unsigned int who)
{
	struct xenstore_domain_interface *p = &fake_link.page[who < 2 ? 0 : who - 1];

	if (who < 2) {
		readers[who].room = 2000;
		if (readers[who].c)
			conn_make_ready(readers[who].c);
		return;
	}
	p->rsp_cons = p->rsp_prod;
	ring_event(s, (int)who - 1);
}

static void scribble(struct store *s, unsigned int who, uint8_t field, uint8_t value)
{
	uint32_t *word = &fake_link.page[who < 2 ? 1 : who - 1].req_cons + field % 7;

	*word = value < 8 ? value : *word + value - 100;
	if (who >= 2)
		ring_event(s, (int)who - 1);
}

static struct xsd_sockmsg head(uint8_t type, uint8_t tx, size_t len)
{
	return (struct xsd_sockmsg){ .type = type, .req_id = 7, .tx_id = tx, .len = (uint32_t)len };
}

/* One step of the script; bytes used. */
static size_t step(struct store *s, const uint8_t *at, size_t left)
{
	unsigned int who = at[0] % CLIENTS;
	size_t len;

	if (at[0] < 0x40 && left > 1) {
		len = at[1] < left - 2 ? at[1] : left - 2;
		feed(s, who, at + 2, len);
		return 2 + len;
	}
	if (at[0] < 0x80 && left > 3) {
		struct xsd_sockmsg h;

		len = at[3] < left - 4 ? at[3] : left - 4;
		h = head(at[1], at[2] % 4, len);
		feed(s, who, (const uint8_t *)&h, sizeof(h));
		feed(s, who, at + 4, len);
		return 4 + len;
	}
	if (at[0] < 0x90)
		fail_in = at[0] - 0x80;
	else if (at[0] < 0xa0)
		drain(s, who);
	else if (at[0] < 0xb0 && left > 2)
		scribble(s, who, at[1], at[2]);
	else if (at[0] == 0xb0 && left > 1) {
		fake_link.absent = at[1] & 0xee;
		domain_check_all(s);
	} else if (at[0] == 0xb1)
		journal_switch(s->journal, s, false);
	return at[0] >= 0xa0 && at[0] <= 0xb0 ? 3 : 1;
}

static void check_accounts(struct store *s)
{
	uint64_t nodes = 0, charged = 0;
	struct walk w;
	struct node *n;

	fail_in = -1;
	if (walk_start(&w, s->tree.root, "/", 1))
		abort();
	while ((n = walk_next(&w)))
		nodes += perms_owner(n->perms)->alive;
	walk_end(&w);
	list_for_each (l, &s->domains) {
		charged += list_entry(l, struct domain, all)->use[QUOTA_NODES];
	}
	if (nodes != charged || transaction_kept(s) > (int64_t)s->pinned)
		abort();
}

static uint64_t still(void)
{
	return 1000;
}

static struct journal *log_in(const char *dir)
{
	static char own[64];

	if (!dir) {
		strcpy(own, "/dev/shm/fuzz-xenstore.XXXXXX");
		dir = mkdtemp(own);
	}
	return dir ? journal_open(dir) : NULL;
}

int fuzz_xenstore(const uint8_t *data, size_t size)
{
	static struct journal *journal;
	struct store s, again;
	bool found;

	if (!journal && !(journal = log_in(NULL)))
		abort();
	memset(&fake_link, 0, sizeof(fake_link));
	fail_in = -1;
	if (store_init(&s))
		abort();
	s.link = &fake_link;
	s.clock_ms = still;
	s.journal = journal;
	if (journal_switch(journal, &s, false))
		abort();
	for (int i = 0; i < 2; i++) {
		readers[i] = (struct reader){ .room = 4000 };
		readers[i].c = conn_new(&s, &reader_ops, s.dom0);
		readers[i].c->read_only = i;
		if (domain_introduce(&s, (unsigned int)i + 1, 0, 0))
			abort();
	}
	journal_commit(journal);
	while (size) {
		size_t used = step(&s, data, size);

		turns(&s);
		data += used < size ? used : size;
		size -= used < size ? used : size;
	}
	check_accounts(&s);
	journal_commit(journal);
	/* What the log says is what there is. */
	if (store_init(&again) || recover(&again, journal, false, &found) || !found)
		abort();
	check_accounts(&again);
	if (again.dom0->use[QUOTA_NODES] != s.dom0->use[QUOTA_NODES])
		abort();
	s.journal = NULL;
	store_free(&again);
	store_free(&s);
	return 0;
}
