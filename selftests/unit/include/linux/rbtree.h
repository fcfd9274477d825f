/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_RBTREE_H
#define UNIT_LINUX_RBTREE_H

/*
 * The kernel's ordered tree with another way of balancing: a treap whose
 * priorities are hashes of the nodes' addresses.
 */
#include <linux/container_of.h>
#include <linux/rbtree_types.h>
#include <linux/types.h>

#define rb_entry(p, type, member)	container_of(p, type, member)
#define rb_entry_safe(p, type, member) ({			\
	__typeof__(p) unit_p = (p);				\
								\
	unit_p ? rb_entry(unit_p, type, member) : NULL;		\
})
#define rb_parent(n)		((n)->parent)
#define RB_EMPTY_ROOT(r)	((r)->rb_node == NULL)
#define RB_EMPTY_NODE(n)	((n)->parent == (n))
#define RB_CLEAR_NODE(n)	((void)((n)->parent = (n)))

static inline u64 unit_rb_priority(const struct rb_node *node)
{
	u64 x = (u64)(uintptr_t)node * 0x9e3779b97f4a7c15ULL;

	return (x ^ x >> 29) * 0xbf58476d1ce4e5b9ULL;
}

static inline void unit_rb_replace(struct rb_root *root, struct rb_node *old,
				   struct rb_node *new)
{
	struct rb_node *parent = old->parent;

	if (!parent)
		root->rb_node = new;
	else if (parent->rb_left == old)
		parent->rb_left = new;
	else
		parent->rb_right = new;
	if (new)
		new->parent = parent;
}

/* Lift a node over its parent. */
static inline void unit_rb_rotate(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *parent = node->parent;
	struct rb_node *child;

	unit_rb_replace(root, parent, node);
	if (parent->rb_left == node) {
		child = node->rb_right;
		node->rb_right = parent;
		parent->rb_left = child;
	} else {
		child = node->rb_left;
		node->rb_left = parent;
		parent->rb_right = child;
	}
	if (child)
		child->parent = parent;
	parent->parent = node;
}

static inline void rb_link_node(struct rb_node *node, struct rb_node *parent,
				struct rb_node **link)
{
	node->parent = parent;
	node->rb_left = NULL;
	node->rb_right = NULL;
	*link = node;
}

static inline void rb_insert_color(struct rb_node *node, struct rb_root *root)
{
	while (node->parent &&
	       unit_rb_priority(node) > unit_rb_priority(node->parent))
		unit_rb_rotate(root, node);
}

static inline void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *left, *right;

	while ((left = node->rb_left) && (right = node->rb_right))
		unit_rb_rotate(root, unit_rb_priority(left) >
			       unit_rb_priority(right) ? left : right);
	unit_rb_replace(root, node, node->rb_left ?: node->rb_right);
}

static inline struct rb_node *unit_rb_leftmost(struct rb_node *node)
{
	while (node && node->rb_left)
		node = node->rb_left;
	return node;
}

static inline struct rb_node *unit_rb_rightmost(struct rb_node *node)
{
	while (node && node->rb_right)
		node = node->rb_right;
	return node;
}

static inline struct rb_node *rb_first(const struct rb_root *root)
{
	return unit_rb_leftmost(root->rb_node);
}

static inline struct rb_node *rb_last(const struct rb_root *root)
{
	return unit_rb_rightmost(root->rb_node);
}

static inline struct rb_node *rb_next(const struct rb_node *node)
{
	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_right)
		return unit_rb_leftmost(node->rb_right);
	while (node->parent && node->parent->rb_right == node)
		node = node->parent;
	return node->parent;
}

static inline struct rb_node *rb_prev(const struct rb_node *node)
{
	if (RB_EMPTY_NODE(node))
		return NULL;
	if (node->rb_left)
		return unit_rb_rightmost(node->rb_left);
	while (node->parent && node->parent->rb_left == node)
		node = node->parent;
	return node->parent;
}

static inline void rb_add(struct rb_node *node, struct rb_root *root,
			  bool (*less)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = less(node, parent) ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, root);
}

static inline struct rb_node *
rb_find_add(struct rb_node *node, struct rb_root *root,
	    int (*cmp)(struct rb_node *, const struct rb_node *))
{
	struct rb_node **link = &root->rb_node, *parent = NULL;

	while (*link) {
		int c = cmp(node, *link);

		parent = *link;
		if (!c)
			return parent;
		link = c < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(node, parent, link);
	rb_insert_color(node, root);
	return NULL;
}

static inline struct rb_node *
rb_find(const void *key, const struct rb_root *root,
	int (*cmp)(const void *key, const struct rb_node *))
{
	struct rb_node *node = root->rb_node;

	while (node) {
		int c = cmp(key, node);

		if (!c)
			return node;
		node = c < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

static inline struct rb_node *unit_rb_deepest(struct rb_node *node)
{
	while (node && (node->rb_left || node->rb_right))
		node = node->rb_left ?: node->rb_right;
	return node;
}

static inline struct rb_node *rb_first_postorder(const struct rb_root *root)
{
	return unit_rb_deepest(root->rb_node);
}

static inline struct rb_node *rb_next_postorder(const struct rb_node *node)
{
	struct rb_node *parent = node ? node->parent : NULL;

	if (parent && parent->rb_left == node && parent->rb_right)
		return unit_rb_deepest(parent->rb_right);
	return parent;
}

#define rbtree_postorder_for_each_entry_safe(p, n, root, m)		\
	for (p = rb_entry_safe(rb_first_postorder(root), __typeof__(*p), m); \
	     p && (n = rb_entry_safe(rb_next_postorder(&p->m),		\
				     __typeof__(*p), m), true);		\
	     p = n)

#endif
