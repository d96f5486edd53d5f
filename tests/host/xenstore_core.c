/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's tree by itself: paths, sharing between versions, big directories, and that running
 * out of memory at any allocation of any change leaves everything as it was; who waits for whom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/xenstore_fake.h"
#include "xenstore/conn.h"
#include "xenstore/domain.h"
#include "xenstore/store.h"
#include "xenstore/transaction.h"

static struct path path_of(const char *s)
{
	struct path p;

	assert_int_equal(path_resolve(&p, s, strlen(s), 0), 0);
	return p;
}

/* All paths and values of a tree as one number. */
static uint64_t fingerprint(const struct tree *t)
{
	uint64_t h = 1;
	struct walk w;
	struct node *n;

	assert_int_equal(walk_start(&w, t->root, "/", 1), 0);
	while ((n = walk_next(&w))) {
		for (uint32_t i = 0; i < w.path.len; i++)
			h = (h ^ (uint8_t)w.path.s[i]) * 1099511628211ull;
		for (uint32_t i = 0; i < n->value_len; i++)
			h = (h ^ (uint8_t)node_value(n)[i]) * 1099511628211ull;
		h = (h ^ (uintptr_t)perms_owner(n->perms)) * 1099511628211ull;
	}
	walk_end(&w);
	return h;
}

static int put(struct tree *t, const char *path, const char *value)
{
	struct path p = path_of(path);

	return tree_write(t, &p, value, (uint32_t)strlen(value), t->root->perms);
}

static void paths(void **state)
{
	static const char *const bad[] = { "", "//", "/a/", "a/", "/a//b", "/a b", "/a.b", "@x",
		"/\xff", "/local/domain/" };
	struct path p;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(path_resolve(&p, bad[i], strlen(bad[i]), 3), EINVAL);
	assert_int_equal(path_resolve(&p, "a/b", 3, 7), 0);
	assert_string_equal(p.s, "/local/domain/7/a/b");
	assert_int_equal(p.home, strlen("/local/domain/7/"));
	assert_int_equal(path_resolve_special(&p, "@releaseDomain/5", 16, 0), 0);
	assert_true(path_is_special(&p));
	assert_int_equal(path_parent_len("/a", 2), 1);
	assert_int_equal(path_parent_len("/a/b", 4), 2);
	assert_true(path_is_under("/a", 2, "/a/b", 4));
	assert_false(path_is_under("/a", 2, "/ab", 3));
	assert_true(path_is_under("/", 1, "/x", 2));
}

static void versions(void **state)
{
	struct store s;
	struct tree old[10];
	uint64_t print[10];
	char path[64];

	assert_int_equal(store_init(&s), 0);
	for (int v = 0; v < 10; v++) {
		for (int i = 0; i < 300; i++) {
			snprintf(path, sizeof(path), "/d/%d/%d", i % 7, i);
			assert_int_equal(put(&s.tree, path, v % 2 ? "odd" : "even"), 0);
		}
		tree_fork(&old[v], &s.tree);
		print[v] = fingerprint(&old[v]);
		snprintf(path, sizeof(path), "/d/%d", v % 7);
		struct path p = path_of(path);
		struct node *gone;

		assert_int_equal(tree_rm(&s.tree, &p, &gone), 0);
		node_put(gone);
	}
	for (int v = 0; v < 10; v++) {
		assert_true(fingerprint(&old[v]) == print[v]);
		tree_drop(&old[v]);
	}
	store_free(&s);
}

static void big_directory(void **state)
{
	struct kid_iter it = { 0 };
	struct found f;
	struct store s;
	char path[64], last[64] = "";
	uint32_t n = 0;
	struct node *kid;

	assert_int_equal(store_init(&s), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(path, sizeof(path), "/big/%u", i * 2654435761u);
		assert_int_equal(put(&s.tree, path, ""), 0);
	}
	tree_find(&s.tree, "/big", 4, &f);
	assert_int_equal(node_count_kids(f.node), 20000);
	while ((kid = node_kid_next(f.node, &it))) {
		snprintf(path, sizeof(path), "%.*s", kid->name_len, kid->data);
		assert_true(strcmp(last, path) < 0);
		strcpy(last, path);
		n++;
	}
	assert_int_equal(n, 20000);
	for (uint32_t i = 0; i < 20000; i++) {
		struct node *gone;

		snprintf(path, sizeof(path), "/big/%u", i * 2654435761u);
		struct path p = path_of(path);

		assert_int_equal(tree_rm(&s.tree, &p, &gone), 0);
		node_put(gone);
	}
	tree_find(&s.tree, "/big", 4, &f);
	assert_int_equal(node_count_kids(f.node), 0);
	assert_int_equal(s.dom0->use[QUOTA_NODES], 5);
	store_free(&s);
}

static struct perms *other_perms(struct store *s)
{
	struct perm p = { .dom = domain_identity(s, 5), .access = PERM_READ };
	struct perms *perms = perms_new(&p, 1);

	domain_put(p.dom);
	return perms;
}

/* Fail the n-th allocation for every n until the change is made: before that nothing may have
 * changed. */
static void change_out_of_memory(struct store *s, const struct change *ch, bool shared)
{
	uint64_t before = fingerprint(&s->tree), nodes = s->dom0->use[QUOTA_NODES],
		 bytes = s->dom0->use[QUOTA_MEMORY];
	struct tree other;
	int err = ENOMEM;

	if (shared)
		tree_fork(&other, &s->tree);
	for (long n = 0; err; n++) {
		fail_in = n;
		err = store_change(s, ch);
		fail_in = -1;
		assert_true(!err || err == ENOMEM);
		assert_true(n < 200);
		if (!err)
			break;
		assert_true(fingerprint(&s->tree) == before);
		assert_true(
			s->dom0->use[QUOTA_NODES] == nodes && s->dom0->use[QUOTA_MEMORY] == bytes);
	}
	assert_true(fingerprint(&s->tree) != before);
	if (shared) {
		assert_true(fingerprint(&other) == before);
		tree_drop(&other);
	}
}

static void out_of_memory(void **state)
{
	struct store s;
	struct perms *other;
	struct path deep = path_of("/a/b/c/d/e"), top = path_of("/a"), mid = path_of("/a/b/c");
	char path[64];

	assert_int_equal(store_init(&s), 0);
	other = other_perms(&s);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 200; i++) {
			snprintf(path, sizeof(path), "/a/b/n%d", i);
			assert_int_equal(put(&s.tree, path, "v"), 0);
		}
		const struct change changes[] = {
			{ .kind = CHANGE_WRITE,
				.path = &deep,
				.value = "new",
				.len = 3,
				.perms = s.tree.root->perms },
			{ .kind = CHANGE_WRITE,
				.path = &deep,
				.value = "longer",
				.len = 6,
				.perms = s.tree.root->perms },
			{ .kind = CHANGE_PERMS, .path = &mid, .perms = other },
			{ .kind = CHANGE_RM, .path = &top },
		};

		for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
			change_out_of_memory(&s, &changes[i], round);
	}
	assert_int_equal(s.dom0->use[QUOTA_NODES], 4);
	assert_int_equal(domain_by_id(&s, 5)->use[QUOTA_NODES], 0);
	perms_put(other);
	store_free(&s);
}

/* Memory for a transaction on a big store does not depend on its size. */
static void fork_is_constant(void **state)
{
	struct store s;
	struct tree t;
	char path[64];

	assert_int_equal(store_init(&s), 0);
	for (int i = 0; i < 10000; i++) {
		snprintf(path, sizeof(path), "/f/%d/%d", i / 100, i % 100);
		assert_int_equal(put(&s.tree, path, "v"), 0);
	}
	fail_in = 0;
	tree_fork(&t, &s.tree);
	assert_int_equal(fail_in, 0);
	fail_in = -1;
	assert_true(t.root == s.tree.root);
	tree_drop(&t);
	store_free(&s);
}

static uint64_t now_ms;

static uint64_t test_clock(void)
{
	return now_ms;
}

static ssize_t send_nothing(struct conn *c, const void *buf, size_t len)
{
	return 0;
}

static void close_nothing(struct conn *c)
{
}

static const struct conn_ops no_wire = { .send = send_nothing, .close = close_nothing };

/* A guest that failed three times has a new transaction, which learned /shared. */
static void starve(struct store *s, struct conn *guest)
{
	struct transaction *t;

	transaction_drop_all(guest);
	transaction_set_tries(guest, 3);
	assert_int_equal(transaction_start(s, guest, 0, &t), 0);
	assert_int_equal(transaction_note(t, "/shared", 7, LEARN_EXISTS | LEARN_VALUE, 0), 0);
}

/* Others wait for a starving guest's transaction; dom0 does so for 10 ms of every 500. */
static void dom0_waits_little(void **state)
{
	struct path shared = path_of("/shared"), other = path_of("/other");
	struct conn *dom0, *guest, *third;
	struct domain *five, *six;
	struct store s;

	assert_int_equal(store_init(&s), 0);
	s.clock_ms = test_clock;
	now_ms = 10000;
	five = domain_identity(&s, 5);
	six = domain_identity(&s, 6);
	dom0 = conn_new(&s, &no_wire, s.dom0);
	guest = conn_new(&s, &no_wire, five);
	third = conn_new(&s, &no_wire, six);
	starve(&s, guest);
	assert_false(transaction_guarded(dom0, &other, false));
	assert_true(transaction_guarded(dom0, &shared, false));
	assert_true(transaction_guarded(third, &shared, false));
	now_ms += 9;
	assert_true(transaction_guarded(dom0, &shared, false));
	now_ms += 1;
	assert_false(transaction_guarded(dom0, &shared, false));
	assert_true(transaction_guarded(third, &shared, false));
	now_ms += 400;
	starve(&s, guest);
	assert_false(transaction_guarded(dom0, &shared, false));
	now_ms += 90;
	/* The one that is out of date already is not waited for and does not use up the time. */
	assert_int_equal(put(&s.tree, "/shared", "news"), 0);
	assert_false(transaction_guarded(dom0, &shared, false));
	assert_false(transaction_guarded(third, &shared, false));
	now_ms += 9;
	starve(&s, guest);
	assert_true(transaction_guarded(dom0, &shared, false));
	now_ms += 9;
	assert_true(transaction_guarded(dom0, &shared, false));
	transaction_drop_all(guest);
	assert_false(transaction_guarded(dom0, &shared, false));
	domain_put(five);
	domain_put(six);
	store_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(versions),
		cmocka_unit_test(big_directory),
		cmocka_unit_test(out_of_memory),
		cmocka_unit_test(fork_is_constant),
		cmocka_unit_test(dom0_waits_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
