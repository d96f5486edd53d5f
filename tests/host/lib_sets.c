/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib: rbtree and rangeset against plain models, with random operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#undef fail

#include "lib/alloc.h"
#include "lib/lock.h"
#include "lib/rangeset.h"
#include "lib/rbtree.h"

static unsigned fail_after = ~0u;

void *heap_alloc(size_t bytes)
{
	return fail_after-- ? calloc(1, bytes) : NULL;
}

void heap_free(void *p)
{
	free(p);
}

void cpu_relax(void)
{
}

int fail_at(int err, const char *file, unsigned line)
{
	return -err;
}

/* ---- rbtree ---- */

struct item {
	struct rb_node node;
	unsigned key, order;
	bool in;
};

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	return container_of(a, struct item, node)->key < container_of(b, struct item, node)->key;
}

/* Height in black nodes; checks colours, parents and order on the way. */
static int check_tree(const struct rb_node *n, const struct rb_node *parent)
{
	int left, right;

	if (!n)
		return 1;
	assert_ptr_equal(n->parent, parent);
	if (n->red)
		assert_false((n->left && n->left->red) || (n->right && n->right->red));
	left = check_tree(n->left, n);
	right = check_tree(n->right, n);
	assert_int_equal(left, right);
	return left + !n->red;
}

static void check_all(const struct rb_root *root, unsigned count)
{
	struct rb_node *n;
	const struct item *last = NULL;
	unsigned seen = 0;

	assert_false(root->top && root->top->red);
	check_tree(root->top, NULL);
	for (n = rb_first(root); n; n = rb_next(n)) {
		const struct item *i = container_of(n, struct item, node);

		assert_true(i->in);
		if (last) {
			assert_true(last->key <= i->key);
			if (last->key == i->key)
				assert_true(last->order < i->order);
		}
		last = i;
		seen++;
	}
	assert_int_equal(seen, count);
}

static void test_rbtree(void **state)
{
	static struct item items[300];
	struct rb_root root = { NULL, NULL };
	unsigned count = 0, order = 0;

	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		struct item *i = &items[rand() % ARRAY_SIZE(items)];

		if (i->in) {
			rb_erase(&root, &i->node);
			i->in = false;
			count--;
		} else {
			i->key = (unsigned)rand() % 100;
			i->order = order++;
			i->in = true;
			rb_insert(&root, &i->node, item_less);
			count++;
		}
		if (round % 7 == 0)
			check_all(&root, count);
	}
	while (root.top) {
		struct item *i = container_of(rb_first(&root), struct item, node);

		rb_erase(&root, &i->node);
		i->in = false;
		check_all(&root, --count);
	}
	assert_null(rb_first(&root));
}

/* ---- rangeset ---- */

#define UNIVERSE 200u

static bool model[UNIVERSE];

static void check_ranges(struct rangeset *r)
{
	for (unsigned tries = 0; tries < 60; tries++) {
		unsigned a = (unsigned)rand() % UNIVERSE, b = a + (unsigned)rand() % (UNIVERSE - a);
		bool all = true, any = false;

		for (unsigned i = a; i <= b; i++) {
			all &= model[i];
			any |= model[i];
		}
		assert_int_equal(rangeset_contains(r, a, b), all);
		assert_int_equal(rangeset_overlaps(r, a, b), any);
	}
}

static void test_rangeset_random(void **state)
{
	struct rangeset *r = rangeset_new("test");

	srand(2);
	memset(model, 0, sizeof(model));
	for (unsigned round = 0; round < 5000; round++) {
		unsigned a = (unsigned)rand() % UNIVERSE,
			 b = a + (unsigned)rand() % min(20u, UNIVERSE - a);
		bool add = rand() % 2, no_memory = rand() % 8 == 0;
		int rc;

		fail_after = no_memory ? 0 : ~0u;
		rc = add ? rangeset_add(r, a, b) : rangeset_remove(r, a, b);
		fail_after = ~0u;
		assert_true(rc == 0 || (no_memory && rc == -ENOMEM));
		for (unsigned i = a; i <= b && rc == 0; i++)
			model[i] = add;
		check_ranges(r);
	}
	rangeset_free(r);
}

static void test_rangeset_edges(void **state)
{
	struct rangeset *r = rangeset_new("test");

	assert_int_equal(rangeset_add(r, 5, 4), -EINVAL);
	assert_int_equal(rangeset_remove(r, 5, 4), -EINVAL);
	assert_int_equal(rangeset_add(r, 0, ~0ull), 0);
	assert_true(rangeset_contains(r, 0, ~0ull));
	assert_int_equal(rangeset_remove(r, 100, 100), 0);
	assert_false(rangeset_contains(r, 0, ~0ull));
	assert_false(rangeset_overlaps(r, 100, 100));
	assert_true(rangeset_contains(r, 101, ~0ull));
	assert_true(rangeset_contains(r, 0, 99));
	assert_int_equal(rangeset_remove(r, 0, ~0ull), 0);
	assert_false(rangeset_overlaps(r, 0, ~0ull));
	assert_int_equal(rangeset_add(r, ~0ull, ~0ull), 0);
	assert_int_equal(rangeset_add(r, ~0ull - 1, ~0ull - 1), 0);
	assert_true(rangeset_contains(r, ~0ull - 1, ~0ull));
	assert_false(rangeset_contains(NULL, 0, 0));
	assert_false(rangeset_overlaps(NULL, 0, 0));
	rangeset_free(r);
	rangeset_free(NULL);
}

static void test_rangeset_limit(void **state)
{
	struct rangeset *r = rangeset_new("test");
	u64 n = 0;

	while (rangeset_add(r, n * 2, n * 2) == 0)
		assert_true(++n < 100000);
	assert_int_equal(n, 1024);
	assert_true(rangeset_contains(r, 2046, 2046));
	assert_false(rangeset_contains(r, 2048, 2048));
	rangeset_free(r);
}

/* ---- lock ---- */

static void test_lock(void **state)
{
	spinlock_t l = SPINLOCK_INIT;

	for (unsigned i = 0; i < 200000; i++) { /* the halves wrap */
		assert_false(spin_held(&l));
		if (i % 2)
			spin_lock(&l);
		else
			assert_true(spin_trylock(&l));
		assert_true(spin_held(&l));
		assert_false(spin_trylock(&l));
		spin_unlock(&l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rbtree),
		cmocka_unit_test(test_rangeset_random),
		cmocka_unit_test(test_rangeset_edges),
		cmocka_unit_test(test_rangeset_limit),
		cmocka_unit_test(test_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
