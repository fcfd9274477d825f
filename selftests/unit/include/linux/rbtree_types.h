/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_RBTREE_TYPES_H
#define UNIT_LINUX_RBTREE_TYPES_H

/* Three pointers, as in the kernel, so that sizes agree. */
struct rb_node {
	struct rb_node *parent;
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

#define RB_ROOT			((struct rb_root) { NULL })

#endif
