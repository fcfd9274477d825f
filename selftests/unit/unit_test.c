// SPDX-License-Identifier: GPL-2.0-only
/* The frame itself: the tree and the list that stand in for the kernel's. */

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/slab.h>

#include <asm/vmx.h>

#include "unit.h"

#define KEYS	512

struct item {
	struct rb_node rb;
	int key;
	bool in;
};

static int item_cmp(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, rb)->key - rb_entry(b, struct item, rb)->key;
}

static int key_cmp(const void *key, const struct rb_node *node)
{
	return *(const int *)key - rb_entry(node, struct item, rb)->key;
}

static void check_order(struct rb_root *root, const struct item *items)
{
	struct rb_node *node = rb_first(root);
	int i;

	for (i = 0; i < KEYS; i++) {
		ASSERT_EQ(items[i].in, !!rb_find(&i, root, key_cmp));
		if (!items[i].in)
			continue;
		ASSERT_TRUE(node);
		ASSERT_EQ(i, rb_entry(node, struct item, rb)->key);
		node = rb_next(node);
	}
	EXPECT_FALSE(node);
}

UNIT_TEST(tree_keeps_order_under_random_insertion_and_removal)
{
	static struct item items[KEYS];
	struct rb_root root = RB_ROOT;
	struct item *item;
	int round;

	for (round = 0; round < 20000; round++) {
		item = &items[unit_random() % KEYS];
		item->key = item - items;
		if (item->in)
			rb_erase(&item->rb, &root);
		else
			ASSERT_FALSE(rb_find_add(&item->rb, &root, item_cmp));
		item->in = !item->in;
		if (round % 500 == 0)
			check_order(&root, items);
	}
	check_order(&root, items);
}

UNIT_TEST(postorder_walk_visits_each_node_once_children_first)
{
	struct rb_root root = RB_ROOT;
	struct item *item, *next;
	int count = 0, i;

	for (i = 0; i < 100; i++) {
		item = kzalloc(sizeof(*item), GFP_KERNEL);
		item->key = i * 37 % 100;
		ASSERT_FALSE(rb_find_add(&item->rb, &root, item_cmp));
	}
	rbtree_postorder_for_each_entry_safe(item, next, &root, rb) {
		kfree(item);
		count++;
	}
	EXPECT_EQ(100, count);
	EXPECT_EQ(0, unit_alloc_live);
}

UNIT_TEST(the_chosen_allocation_fails)
{
	void *a, *b, *c;

	unit_alloc_fail_in = 2;
	a = kzalloc(8, GFP_KERNEL);
	b = kzalloc(8, GFP_KERNEL);
	c = kzalloc(8, GFP_KERNEL);
	EXPECT_TRUE(a && !b && c);
	kfree(a);
	kfree(c);
	EXPECT_EQ(0, unit_alloc_live);
}

UNIT_TEST(asm_vmx_h_is_the_kernel_s)
{
	EXPECT_EQ(0x6c16, HOST_RIP);
	EXPECT_EQ(0x681e, GUEST_RIP);
	EXPECT_EQ(1u << 31, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS);
}

UNIT_MAIN
