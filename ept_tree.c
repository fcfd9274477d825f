// SPDX-License-Identifier: GPL-2.0-only
/*
 * An EPT of our own.  Every table is a page of its own; entries that point to
 * tables permit everything, so that leaves alone decide.
 *
 * The processor may set accessed and dirty flags in any entry at any time.
 * Nobody looks at them, so plain stores may lose them.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "ept_tree.h"
#include "vmx_cpu.h"

/**
 * struct span - a span of addresses
 * @first: first byte
 * @last: last byte
 */
struct span {
	u64 first;
	u64 last;
};

void ept_spare_init(struct ept_spare *spare)
{
	INIT_LIST_HEAD(&spare->tables);
	spare->count = 0;
}

void ept_spare_fill(struct ept_spare *spare, unsigned int count)
{
	while (spare->count < count) {
		u64 *table = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);

		if (!table)
			return;
		list_add(&virt_to_page(table)->lru, &spare->tables);
		spare->count++;
	}
}

static u64 *spare_take(struct ept_spare *spare)
{
	struct page *page = list_first_entry(&spare->tables, struct page, lru);

	list_del(&page->lru);
	spare->count--;
	return page_address(page);
}

void ept_spare_drain(struct ept_spare *spare)
{
	while (spare->count)
		free_page((unsigned long)spare_take(spare));
}

static u64 *table_alloc(struct ept_tree *tree)
{
	if (tree->spare && tree->spare->count)
		return spare_take(tree->spare);

	return (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
}

static u64 *entry_table(u64 entry)
{
	return phys_to_virt(entry & EPT_ADDRESS);
}

static bool entry_is_table(u64 entry, unsigned int level)
{
	return level > EPT_LEVEL_4K && (entry & EPT_RWX) && !(entry & EPT_LARGE);
}

static u64 tree_bytes(const struct ept_tree *tree)
{
	return EPT_LEVEL_BYTES(tree->levels + 1);
}

u64 ept_tree_eptp(const struct ept_tree *tree)
{
	return virt_to_phys(tree->root) | EPT_MEMTYPE_WB | (tree->levels - 1) << 3;
}

/* Translations of @tree leave. */
static void gather_flush(struct ept_gather *gather, const struct ept_tree *tree)
{
	u64 eptp = ept_tree_eptp(tree);

	if (!gather->flush)
		gather->eptp = eptp;
	else if (gather->eptp != eptp)
		gather->eptp = VMX_ALL_EPTPS;
	gather->flush = true;
}

static void gather_table(struct ept_gather *gather, const struct ept_tree *tree,
			 u64 *table)
{
	list_add(&virt_to_page(table)->lru, &gather->tables);
	gather->count++;
	gather_flush(gather, tree);
}

void ept_gather_init(struct ept_gather *gather, const struct cpumask *cpus)
{
	gather->cpus = cpus;
	gather->eptp = VMX_ALL_EPTPS;
	INIT_LIST_HEAD(&gather->tables);
	gather->count = 0;
	gather->flush = false;
}

void ept_gather_finish(struct ept_gather *gather)
{
	struct page *page, *next;

	/* Tables are never gathered without a need to flush. */
	if (!gather->flush)
		return;

	vmx_cpu_flush_ept(gather->cpus, gather->eptp);
	list_for_each_entry_safe(page, next, &gather->tables, lru) {
		list_del(&page->lru);
		__free_page(page);
		cond_resched();
	}
	ept_gather_init(gather, gather->cpus);
}

int ept_tree_init(struct ept_tree *tree, unsigned int levels, struct ept_spare *spare)
{
	tree->spare = spare;
	tree->levels = levels;
	tree->pages = 1;
	tree->recent = NULL;
	tree->root = table_alloc(tree);

	return tree->root ? 0 : -ENOMEM;
}

/* Whether @span is all that an entry of @level covers. */
static bool span_is_entry(struct span span, unsigned int level)
{
	return span.last - span.first == EPT_LEVEL_BYTES(level) - 1;
}

/*
 * Clear the entries of @table for @span, which lies in what @table covers.
 * Goes down at most EPT_LEVELS_MAX times.  Returns whether @table is empty now.
 */
static bool table_clear(const struct ept_tree *tree, u64 *table, unsigned int level,
			struct span span, struct ept_gather *gather)
{
	u64 base = span.first & ~(EPT_LEVEL_BYTES(level + 1) - 1);
	unsigned int last = EPT_INDEX(span.last, level);
	unsigned int i;

	for (i = EPT_INDEX(span.first, level); i <= last; i++) {
		u64 start = base + i * EPT_LEVEL_BYTES(level);
		u64 end = start + EPT_LEVEL_BYTES(level) - 1;
		u64 entry = READ_ONCE(table[i]);
		struct span part = {
			.first = max(span.first, start),
			.last = min(span.last, end),
		};

		if (!(entry & EPT_RWX))
			continue;
		if (entry_is_table(entry, level)) {
			u64 *child = entry_table(entry);
			/* A table of leaves that goes as a whole goes as it is. */
			bool whole = level == EPT_LEVEL_2M && span_is_entry(part, level);

			if (!whole && !table_clear(tree, child, level - 1, part, gather))
				continue;
			gather_table(gather, tree, child);
		}
		WRITE_ONCE(table[i], 0);
		gather_flush(gather, tree);
	}

	cond_resched();
	return span_is_entry(span, level + 1) || !memchr_inv(table, 0, PAGE_SIZE);
}

static void tree_clear(struct ept_tree *tree, struct span span,
		       struct ept_gather *gather)
{
	unsigned long before = gather->count;

	tree->recent = NULL;
	table_clear(tree, tree->root, tree->levels, span, gather);
	tree->pages -= gather->count - before;
}

/* Drop @table, which no entry points to any more. */
static void subtree_drop(struct ept_tree *tree, u64 *table, unsigned int level,
			 struct ept_gather *gather)
{
	const struct span span = { .first = 0, .last = EPT_LEVEL_BYTES(level + 1) - 1 };
	unsigned long before = gather->count;

	tree->recent = NULL;
	table_clear(tree, table, level, span, gather);
	gather_table(gather, tree, table);
	tree->pages -= gather->count - before;
}

void ept_tree_clear(struct ept_tree *tree, u64 gpa, u64 bytes, struct ept_gather *gather)
{
	const struct span span = { .first = gpa, .last = gpa + bytes - 1 };

	tree_clear(tree, span, gather);
}

void ept_tree_clear_all(struct ept_tree *tree, struct ept_gather *gather)
{
	const struct span span = { .first = 0, .last = tree_bytes(tree) - 1 };

	if (tree->pages > 1)
		tree_clear(tree, span, gather);
}

void ept_tree_destroy(struct ept_tree *tree, struct ept_gather *gather)
{
	if (!tree->root)
		return;

	ept_tree_clear_all(tree, gather);
	gather_table(gather, tree, tree->root);
	tree->root = NULL;
	tree->pages = 0;
}

/* The table that @slot points to; made if there is none. */
static u64 *slot_table(struct ept_tree *tree, u64 *slot, unsigned int level,
		       struct ept_gather *gather)
{
	u64 entry = READ_ONCE(*slot);
	u64 *table;

	if (entry_is_table(entry, level))
		return entry_table(entry);

	table = table_alloc(tree);
	if (!table)
		return NULL;

	/* The processor must not see the table before its zeroes. */
	smp_store_release(slot, virt_to_phys(table) | EPT_RWX);
	tree->pages++;
	if (entry & EPT_RWX)
		gather_flush(gather, tree);

	return table;
}

u64 *ept_tree_table(struct ept_tree *tree, u64 gpa, unsigned int level,
		    struct ept_gather *gather)
{
	u64 *table = tree->root;
	unsigned int at;

	if (level == EPT_LEVEL_4K && ept_tree_is_recent(tree, gpa))
		return tree->recent;

	for (at = tree->levels; at > level && table; at--)
		table = slot_table(tree, &table[EPT_INDEX(gpa, at)], at, gather);

	if (level == EPT_LEVEL_4K) {
		tree->recent = table;
		tree->recent_base = gpa & ~(EPT_LEVEL_BYTES(EPT_LEVEL_2M) - 1);
	}

	return table;
}

int ept_tree_set(struct ept_tree *tree, u64 gpa, const struct ept_leaf *leaf,
		 struct ept_gather *gather)
{
	u64 *table = ept_tree_table(tree, gpa, leaf->level, gather);
	u64 entry = leaf->entry;
	u64 *slot;
	u64 old;

	if (!table)
		return -ENOMEM;

	slot = &table[EPT_INDEX(gpa, leaf->level)];
	old = READ_ONCE(*slot);
	if (leaf->level > EPT_LEVEL_4K)
		entry |= EPT_LARGE;
	WRITE_ONCE(*slot, entry);
	if (entry_is_table(old, leaf->level))
		subtree_drop(tree, entry_table(old), leaf->level - 1, gather);

	return 0;
}

/* The entry of @level for @gpa, or NULL if tables do not reach that far. */
static u64 *find_slot(const struct ept_tree *tree, u64 gpa, unsigned int level)
{
	u64 *table = tree->root;
	unsigned int at;

	for (at = tree->levels; at > level; at--) {
		u64 entry = READ_ONCE(table[EPT_INDEX(gpa, at)]);

		if (!entry_is_table(entry, at))
			return NULL;
		table = entry_table(entry);
	}

	return &table[EPT_INDEX(gpa, level)];
}

bool ept_tree_has_table(const struct ept_tree *tree, u64 gpa, unsigned int level)
{
	const u64 *slot = find_slot(tree, gpa, level);

	return slot && entry_is_table(READ_ONCE(*slot), level);
}

/* Whether the entries of a table of @level map one aligned piece of memory. */
static bool is_one_piece(const u64 *table, unsigned int level)
{
	u64 first = READ_ONCE(table[0]) & ~(EPT_ACCESSED | EPT_DIRTY);
	unsigned int i;

	if (!(first & EPT_RWX) || entry_is_table(first, level) ||
	    first & EPT_ADDRESS & (EPT_LEVEL_BYTES(level + 1) - 1))
		return false;

	for (i = 1; i < 512; i++) {
		u64 entry = READ_ONCE(table[i]) & ~(EPT_ACCESSED | EPT_DIRTY);

		if (entry != first + i * EPT_LEVEL_BYTES(level))
			return false;
	}

	return true;
}

bool ept_tree_promote(struct ept_tree *tree, u64 gpa, unsigned int level,
		      struct ept_gather *gather)
{
	u64 *slot = find_slot(tree, gpa, level);
	u64 *table;

	if (!slot || !entry_is_table(READ_ONCE(*slot), level))
		return false;
	table = entry_table(READ_ONCE(*slot));
	if (!is_one_piece(table, level - 1))
		return false;

	WRITE_ONCE(*slot, (READ_ONCE(table[0]) & ~(EPT_ACCESSED | EPT_DIRTY)) | EPT_LARGE);
	tree->recent = NULL;
	tree->pages--;
	gather_table(gather, tree, table);
	return true;
}

bool ept_tree_find(const struct ept_tree *tree, u64 gpa, struct ept_leaf *leaf)
{
	const u64 *table = tree->root;
	unsigned int level;

	if (gpa >= tree_bytes(tree))
		return false;

	for (level = tree->levels; level; level--) {
		u64 entry = READ_ONCE(table[EPT_INDEX(gpa, level)]);

		if (!(entry & EPT_RWX))
			return false;
		if (!entry_is_table(entry, level)) {
			leaf->level = level;
			leaf->entry = entry;
			return true;
		}
		table = entry_table(entry);
	}

	return false;
}
