// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: ept_tree.c
/*
 * EPTs of our own: leaves of each size at 4 and at 5 levels, what replaces what,
 * that tables are freed after the flush and not before; then random changes
 * against a list of what is mapped.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <linux/io.h>
#include <linux/mm.h>

#include "ept_tree.h"
#include "unit.h"
#include "vmx_cpu.h"

static unsigned int flushes;
static long live_at_flush;
static u64 flushed;
static const struct cpumask *const some_cpus = (void *)0x1000;

void vmx_cpu_flush_ept(const struct cpumask *cpus, u64 eptp)
{
	EXPECT_TRUE(cpus == some_cpus);
	flushes++;
	flushed = eptp;
	live_at_flush = unit_pages_live;
}

static struct ept_tree tree;
static struct ept_spare spare;
static struct ept_gather gather;

static void begin(unsigned int levels)
{
	ept_spare_init(&spare);
	ept_gather_init(&gather, some_cpus);
	ept_tree_init(&tree, levels, &spare);
	flushes = 0;
}

static void end(void)
{
	ept_tree_destroy(&tree, &gather);
	ept_gather_finish(&gather);
	ept_spare_drain(&spare);
	EXPECT_EQ(0, unit_pages_live);
}

static void set(u64 gpa, unsigned int level, u64 entry)
{
	const struct ept_leaf leaf = { .level = level, .entry = entry };

	EXPECT_EQ(0, ept_tree_set(&tree, gpa, &leaf, &gather));
	ept_gather_finish(&gather);
	EXPECT_EQ(tree.pages, unit_pages_live - spare.count);
}

static unsigned int level_at(u64 gpa)
{
	struct ept_leaf leaf;

	return ept_tree_find(&tree, gpa, &leaf) ? leaf.level : 0;
}

static u64 entry_at(u64 gpa)
{
	struct ept_leaf leaf;

	return ept_tree_find(&tree, gpa, &leaf) ? leaf.entry : 0;
}

#define GIB	(1ULL << 30)
#define MIB2	(1ULL << 21)

UNIT_TEST(leaves_of_each_size_are_found_at_4_and_5_levels)
{
	unsigned int levels, level;

	for (levels = 4; levels <= 5; levels++)
		for (level = 1; level <= 3; level++) {
			u64 bytes = EPT_LEVEL_BYTES(level);
			u64 gpa = (levels == 5 ? BIT_ULL(50) : 0) + 5 * GIB;

			begin(levels);
			set(gpa, level, 9 * GIB | 7);
			EXPECT_EQ(levels - level + 1, tree.pages);
			EXPECT_EQ(level, level_at(gpa));
			EXPECT_EQ(level, level_at(gpa + bytes - 1));
			EXPECT_EQ(9 * GIB | 7 | (level > 1 ? EPT_LARGE : 0), entry_at(gpa));
			EXPECT_EQ(0, level_at(gpa + bytes));
			EXPECT_EQ(0, level_at(gpa - 1));
			EXPECT_EQ(0, level_at(BIT_ULL(levels * 9 + 12)));
			ept_tree_clear(&tree, gpa, bytes, &gather);
			EXPECT_TRUE(gather.flush);
			ept_gather_finish(&gather);
			EXPECT_EQ(1, flushes);
			EXPECT_EQ(0, level_at(gpa));
			EXPECT_EQ(1, tree.pages);
			end();
		}
}

UNIT_TEST(a_large_leaf_replaces_tables_which_are_freed_after_the_flush)
{
	long before;

	begin(4);
	set(0, 1, 0x5007);
	set(MIB2, 1, 0x6007);
	before = unit_pages_live;
	set(0, 3, 7);
	EXPECT_EQ(1, flushes);
	EXPECT_EQ(before, live_at_flush);
	EXPECT_EQ(before - 3, unit_pages_live);
	EXPECT_EQ(3, level_at(MIB2));
	end();
}

UNIT_TEST(the_flush_is_of_one_tree_if_all_comes_from_one)
{
	struct ept_tree other;

	begin(5);
	EXPECT_EQ(virt_to_phys(tree.root) | 4 << 3 | 6, ept_tree_eptp(&tree));
	set(0, 1, 0x5007);
	set(GIB, 1, 0x5007);
	ept_tree_clear_all(&tree, &gather);
	ept_gather_finish(&gather);
	EXPECT_EQ(ept_tree_eptp(&tree), flushed);
	ept_tree_init(&other, 4, NULL);
	ept_tree_set(&other, 0, &(struct ept_leaf){ 1, 0x6007 }, &gather);
	ept_tree_set(&tree, 0, &(struct ept_leaf){ 1, 0x6007 }, &gather);
	EXPECT_FALSE(gather.flush);
	ept_tree_clear_all(&other, &gather);
	ept_tree_clear_all(&tree, &gather);
	ept_gather_finish(&gather);
	EXPECT_EQ(VMX_ALL_EPTPS, flushed);
	ept_tree_destroy(&other, &gather);
	ept_gather_finish(&gather);
	end();
}

UNIT_TEST(a_leaf_that_would_replace_a_table_is_known)
{
	begin(4);
	EXPECT_FALSE(ept_tree_has_table(&tree, 0, 2));
	set(0, 1, 0x5007);
	EXPECT_TRUE(ept_tree_has_table(&tree, 0, 2));
	EXPECT_TRUE(ept_tree_has_table(&tree, MIB2, 3));
	EXPECT_FALSE(ept_tree_has_table(&tree, 0, 1));
	EXPECT_FALSE(ept_tree_has_table(&tree, MIB2, 2));
	EXPECT_FALSE(ept_tree_has_table(&tree, GIB, 3));
	set(0, 2, 7);
	EXPECT_FALSE(ept_tree_has_table(&tree, 0, 2));
	end();
}

UNIT_TEST(a_small_leaf_splits_a_large_one_with_a_flush)
{
	begin(4);
	set(0, 3, 7);
	set(MIB2, 1, 0x5007);
	EXPECT_EQ(1, flushes);
	EXPECT_EQ(1, level_at(MIB2));
	EXPECT_EQ(0, level_at(0));
	EXPECT_EQ(0, level_at(MIB2 + 4096));
	end();
}

UNIT_TEST(a_leaf_of_the_same_size_needs_no_flush)
{
	begin(4);
	set(0, 1, 0x5007);
	set(0, 1, 0x6003);
	EXPECT_EQ(0, flushes);
	EXPECT_EQ(0x6003, entry_at(0));
	end();
}

static void fill_2m(u64 gpa, u64 page, u64 bits)
{
	unsigned int i;

	for (i = 0; i < 512; i++)
		set(gpa + i * MIB2, 2, (page + i * MIB2) | bits);
}

UNIT_TEST(a_gbyte_of_2m_leaves_in_one_piece_becomes_one)
{
	u64 gpa = 3 * GIB;

	begin(4);
	fill_2m(gpa, 8 * GIB, 0x37);
	EXPECT_FALSE(ept_tree_promote(&tree, gpa + GIB, 3, &gather));
	EXPECT_TRUE(ept_tree_promote(&tree, gpa + 5, 3, &gather));
	ept_gather_finish(&gather);
	EXPECT_EQ(3, level_at(gpa));
	EXPECT_EQ(8 * GIB | 0xb7, entry_at(gpa + GIB - 1));
	EXPECT_EQ(2, tree.pages);
	EXPECT_EQ(2, unit_pages_live);
	EXPECT_FALSE(ept_tree_promote(&tree, gpa, 3, &gather));
	ept_tree_clear(&tree, gpa, GIB, &gather);
	ept_gather_finish(&gather);
	EXPECT_EQ(0, level_at(gpa));
	end();
}

UNIT_TEST(pages_that_are_not_one_piece_stay_as_they_are)
{
	u64 odd[] = { 0, 511, 200 }, wrong[] = { 0, 7 * GIB | 0x37, 8 * GIB | 0x35 };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(odd); i++)
		for (k = 0; k < ARRAY_SIZE(wrong); k++) {
			begin(4);
			fill_2m(0, 8 * GIB, 0x37);
			set(odd[i] * MIB2, 2, wrong[k] ? wrong[k] + odd[i] * MIB2 : 0);
			if (i != 0 || k != 1)
				EXPECT_FALSE(ept_tree_promote(&tree, 0, 3, &gather));
			end();
		}
	/* Misaligned, and of small pages. */
	begin(4);
	fill_2m(0, 8 * GIB + MIB2, 0x37);
	EXPECT_FALSE(ept_tree_promote(&tree, 0, 3, &gather));
	set(0, 1, 0x5007);
	EXPECT_FALSE(ept_tree_promote(&tree, 0, 3, &gather));
	EXPECT_FALSE(ept_tree_promote(&tree, 0, 2, &gather));
	end();
}

UNIT_TEST(spare_tables_are_used_first)
{
	begin(4);
	ept_spare_fill(&spare, 3);
	EXPECT_EQ(3, spare.count);
	unit_page_fail_in = 1;
	set(0, 1, 0x5007);
	EXPECT_EQ(0, spare.count);
	EXPECT_EQ(1, level_at(0));
	EXPECT_TRUE(ept_tree_set(&tree, GIB, &(struct ept_leaf){ 1, 7 }, &gather) < 0);
	EXPECT_EQ(0, level_at(GIB));
	unit_page_fail_in = 0;
	set(GIB, 1, 0x5007);
	end();
}

/* ---- random changes ------------------------------------------------------------ */

#define SLOTS	4096	/* pages: 16 MiB from BASE on, 8 leaves of 2M */
#define BASE	(511 * GIB + GIB - 4 * MIB2)

static u64 want[SLOTS];

static void random_change(void)
{
	unsigned int first = unit_random() % SLOTS, count, i, level = 1;
	u64 entry = (unit_random() & GENMASK_ULL(45, 21)) | 7;

	switch (unit_random() % 4) {
	case 0:		/* whole leaves only, as EPT01 does it */
		first &= ~511u;
		count = 512 * (1 + unit_random() % ((SLOTS - first) / 512));
		ept_tree_clear(&tree, BASE + first * 4096ULL, count * 4096ULL, &gather);
		ept_gather_finish(&gather);
		memset(&want[first], 0, count * sizeof(want[0]));
		return;
	case 1:
		level = 2;
		first &= ~511u;
		break;
	}
	set(BASE + first * 4096ULL, level, entry);
	/* A leaf that is split goes as a whole. */
	if (level == 1 && (want[first] & EPT_LARGE))
		memset(&want[first & ~511u], 0, 512 * sizeof(want[0]));
	for (i = first; i < first + (level == 2 ? 512 : 1); i++)
		want[i] = entry | (level == 2 ? EPT_LARGE : 0);
}

UNIT_TEST(random_changes_leave_what_the_list_says)
{
	unsigned int round, i;

	for (i = 4; i <= 5; i++) {
		begin(i);
		memset(want, 0, sizeof(want));
		for (round = 0; round < 4000; round++) {
			unsigned int at = unit_random() % SLOTS;

			random_change();
			EXPECT_EQ(want[at], entry_at(BASE + at * 4096ULL));
			EXPECT_EQ(tree.pages, unit_pages_live - spare.count);
		}
		for (round = 0; round < SLOTS; round++)
			EXPECT_EQ(want[round], entry_at(BASE + round * 4096ULL));
		end();
	}
}

UNIT_MAIN
