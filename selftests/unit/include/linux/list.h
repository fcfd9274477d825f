/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_LIST_H
#define UNIT_LINUX_LIST_H

#include <linux/container_of.h>
#include <linux/types.h>

#define LIST_HEAD_INIT(name)	{ &(name), &(name) }
#define LIST_HEAD(name)		struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void unit_list_insert(struct list_head *item, struct list_head *prev)
{
	item->prev = prev;
	item->next = prev->next;
	prev->next->prev = item;
	prev->next = item;
}

static inline void list_add(struct list_head *item, struct list_head *head)
{
	unit_list_insert(item, head);
}

static inline void list_add_tail(struct list_head *item, struct list_head *head)
{
	unit_list_insert(item, head->prev);
}

static inline void list_del_init(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	INIT_LIST_HEAD(item);
}

/* Poisoned as in the kernel, so that a use after removal is seen. */
static inline void list_del(struct list_head *item)
{
	list_del_init(item);
	item->next = (void *)0x100;
	item->prev = (void *)0x122;
}

static inline void list_move(struct list_head *item, struct list_head *head)
{
	list_del_init(item);
	list_add(item, head);
}

static inline void list_move_tail(struct list_head *item, struct list_head *head)
{
	list_del_init(item);
	list_add_tail(item, head);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

#define list_entry(p, type, member)	container_of(p, type, member)
#define list_first_entry(h, type, m)	list_entry((h)->next, type, m)
#define list_is_first(item, h)	((h)->next == (item))
#define list_last_entry(h, type, m)	list_entry((h)->prev, type, m)
#define list_first_entry_or_null(h, type, m) \
	(list_empty(h) ? NULL : list_first_entry(h, type, m))
#define list_next_entry(p, m)		list_entry((p)->m.next, __typeof__(*(p)), m)
#define list_prev_entry(p, m)		list_entry((p)->m.prev, __typeof__(*(p)), m)

#define list_for_each(p, h)	for (p = (h)->next; p != (h); p = p->next)
#define list_for_each_entry(p, h, m)					\
	for (p = list_first_entry(h, __typeof__(*p), m); &p->m != (h);	\
	     p = list_next_entry(p, m))
#define list_for_each_entry_reverse(p, h, m)				\
	for (p = list_last_entry(h, __typeof__(*p), m); &p->m != (h);	\
	     p = list_prev_entry(p, m))
#define list_for_each_entry_safe(p, n, h, m)				\
	for (p = list_first_entry(h, __typeof__(*p), m),		\
	     n = list_next_entry(p, m); &p->m != (h);			\
	     p = n, n = list_next_entry(n, m))

#endif
