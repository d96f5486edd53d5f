/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Doubly linked lists with a head; an unlinked entry points to itself. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/base.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)          \
	{                        \
		&(name), &(name) \
	}
#define list_entry(p, t, m)    container_of(p, t, m)
#define list_for_each(p, head) for ((p) = (head)->next; (p) != (head); (p) = (p)->next)
#define list_for_each_safe(p, n, head) \
	for ((p) = (head)->next, (n) = (p)->next; (p) != (head); (p) = (n), (n) = (p)->next)

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_add_between(struct list *e, struct list *prev, struct list *next)
{
	e->prev = prev;
	e->next = next;
	prev->next = e;
	next->prev = e;
}

static inline void list_add(struct list *e, struct list *head)
{
	list_add_between(e, head, head->next);
}

static inline void list_add_tail(struct list *e, struct list *head)
{
	list_add_between(e, head->prev, head);
}

static inline void list_del(struct list *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
	list_init(e);
}

#endif
