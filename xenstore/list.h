/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Circular doubly linked lists whose links live in the elements. */
#ifndef XENSTORE_LIST_H
#define XENSTORE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define list_entry(link, type, field) ((type *)(void *)((char *)(link)-offsetof(type, field)))
#define list_for_each(pos, head) \
	for (struct list *pos = (head)->next; pos != (head); pos = pos->next)
/* `pos` may be taken out of the list meanwhile. */
#define list_for_each_safe(pos, after, head)                                     \
	for (struct list *pos = (head)->next, *after = pos->next; pos != (head); \
		pos = after, after = pos->next)

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_append(struct list *head, struct list *l)
{
	l->next = head;
	l->prev = head->prev;
	head->prev->next = l;
	head->prev = l;
}

/* Taking an element out twice is harmless. */
static inline void list_remove(struct list *l)
{
	l->next->prev = l->prev;
	l->prev->next = l->next;
	list_init(l);
}

#endif
