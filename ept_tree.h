/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An EPT of our own: pages of kernel memory with entries for the processor.
 * Knows nothing of what is mapped, nor of L1's tables.
 *
 * What leaves a tree may still be cached by the processors, translations as well
 * as pointers to tables.  So it is gathered, the CPUs are flushed, and only then
 * tables are freed and pages unpinned.
 */
#ifndef NVMX_EPT_TREE_H
#define NVMX_EPT_TREE_H

#include <linux/bits.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/types.h>

/** EPT_LEVELS_MAX - most levels of a tree */
#define EPT_LEVELS_MAX		5

/* Level of a leaf: what it maps. */
#define EPT_LEVEL_4K		1
#define EPT_LEVEL_2M		2
#define EPT_LEVEL_1G		3

/** EPT_LEVEL_SHIFT() - log2 of the bytes that an entry of a level covers */
#define EPT_LEVEL_SHIFT(level)	(3 + 9 * (level))

/** EPT_LEVEL_BYTES() - bytes that an entry of a level covers */
#define EPT_LEVEL_BYTES(level)	(1ULL << EPT_LEVEL_SHIFT(level))

/** EPT_INDEX() - number of the entry for an address in a table of a level */
#define EPT_INDEX(gpa, level)	((unsigned int)((gpa) >> EPT_LEVEL_SHIFT(level)) & 511)

/*
 * Entries.  SDM Vol. 3, "The Extended Page Table Mechanism (EPT)", section
 * "EPT Translation Mechanism".
 */
#define EPT_READ		BIT_ULL(0)
#define EPT_WRITE		BIT_ULL(1)
#define EPT_EXECUTE		BIT_ULL(2)
#define EPT_RWX			GENMASK_ULL(2, 0)
#define EPT_MEMTYPE_SHIFT	3
#define EPT_IGNORE_PAT		BIT_ULL(6)
#define EPT_LARGE		BIT_ULL(7)
#define EPT_ACCESSED		BIT_ULL(8)
#define EPT_DIRTY		BIT_ULL(9)
#define EPT_ADDRESS		GENMASK_ULL(51, 12)

/** EPT_LOG_ENTRIES - entries of a page-modification log */
#define EPT_LOG_ENTRIES		512

/* The EPT pointer. */
#define EPTP_LEVELS(eptp)	((unsigned int)(((eptp) >> 3) & 7) + 1)
#define EPTP_AD			BIT_ULL(6)
#define EPTP_ADDRESS		EPT_ADDRESS

#define EPT_MEMTYPE_UC		0
#define EPT_MEMTYPE_WC		1
#define EPT_MEMTYPE_WT		4
#define EPT_MEMTYPE_WP		5
#define EPT_MEMTYPE_WB		6

/**
 * struct ept_spare - tables made in advance, for where nobody may sleep
 * @tables: the tables, empty, linked by page.lru
 * @count: how many there are
 */
struct ept_spare {
	struct list_head tables;
	unsigned int count;
};

/**
 * struct ept_tree - an EPT
 * @spare: where it gets tables from first, or NULL
 * @root: its top table, one page
 * @levels: 4 or 5
 * @pages: tables it consists of
 * @recent: table of 4K leaves that was asked for last, or NULL
 * @recent_base: first address that @recent is for
 */
struct ept_tree {
	struct ept_spare *spare;
	u64 *root;
	u64 *recent;
	u64 recent_base;
	unsigned int levels;
	unsigned long pages;
};

/**
 * struct ept_leaf - an entry that maps a page
 * @level: EPT_LEVEL_x
 * @entry: the entry
 */
struct ept_leaf {
	unsigned int level;
	u64 entry;
};

/**
 * struct ept_gather - what has left trees and may be cached by the processors
 * @tables: tables to be freed, linked by page.lru
 * @count: how many there are
 * @flush: the CPUs must be flushed
 * @cpus: which CPUs
 * @eptp: EPT pointer of the tree that it all comes from, or VMX_ALL_EPTPS
 */
struct ept_gather {
	struct list_head tables;
	unsigned long count;
	bool flush;
	const struct cpumask *cpus;
	u64 eptp;
};

/**
 * ept_gather_init() - start to gather
 * @gather: to be filled
 * @cpus: CPUs that may hold translations
 *
 * Context: Any context.
 */
void ept_gather_init(struct ept_gather *gather, const struct cpumask *cpus);

/**
 * ept_gather_finish() - flush the CPUs where needed, and free the tables
 * @gather: what was gathered
 *
 * Context: Process context, may sleep.
 */
void ept_gather_finish(struct ept_gather *gather);

/**
 * ept_spare_init() - start without spare tables
 * @spare: to be filled
 *
 * Context: Any context.
 */
void ept_spare_init(struct ept_spare *spare);

/**
 * ept_spare_fill() - make spare tables
 * @spare: gets them
 * @count: how many there shall be; fewer when memory is short
 *
 * Context: Process context, may sleep.
 */
void ept_spare_fill(struct ept_spare *spare, unsigned int count);

/**
 * ept_spare_drain() - free the spare tables
 * @spare: has none then
 *
 * Context: Process context.
 */
void ept_spare_drain(struct ept_spare *spare);

/**
 * ept_tree_init() - make an empty EPT
 * @tree: to be filled
 * @levels: 4 or 5
 * @spare: where it gets tables from first, or NULL
 *
 * Context: Process context.
 * Return: 0, or -ENOMEM.
 */
int ept_tree_init(struct ept_tree *tree, unsigned int levels, struct ept_spare *spare);

/**
 * ept_tree_eptp() - EPT pointer of an EPT
 * @tree: the EPT
 *
 * Context: Any context.
 * Return: the pointer, write-back, without accessed and dirty flags.
 */
u64 ept_tree_eptp(const struct ept_tree *tree);

/**
 * ept_tree_destroy() - take an EPT apart, with its top table
 * @tree: made by ept_tree_init()
 * @gather: gets the tables
 *
 * Context: Process context, may sleep.
 */
void ept_tree_destroy(struct ept_tree *tree, struct ept_gather *gather);

/**
 * ept_tree_table() - table of a level that has the entry for an address
 * @tree: the EPT
 * @gpa: guest-physical address within the width of @tree
 * @level: level of the table, from 1 to ept_tree.levels
 * @gather: told when a leaf is replaced
 *
 * Makes missing tables, and replaces a larger leaf by an empty table.
 *
 * Context: Process context, may sleep, unless there are as many spare tables as
 * levels.
 * Return: the table, or NULL when out of memory.
 */
u64 *ept_tree_table(struct ept_tree *tree, u64 gpa, unsigned int level,
		    struct ept_gather *gather);

/**
 * ept_tree_is_recent() - whether a leaf of 4K can be written without a new table
 * @tree: the EPT
 * @gpa: guest-physical address
 *
 * Context: Any context in which the tree does not change.
 * Return: true if the table for @gpa is at hand; false says nothing.
 */
static inline bool ept_tree_is_recent(const struct ept_tree *tree, u64 gpa)
{
	return tree->recent &&
	       tree->recent_base == (gpa & ~(EPT_LEVEL_BYTES(EPT_LEVEL_2M) - 1));
}

/**
 * ept_tree_set_recent() - write a leaf of 4K
 * @tree: the EPT
 * @gpa: guest-physical address, for which ept_tree_is_recent() holds
 * @entry: the entry
 *
 * Context: Any context in which the tree does not change otherwise.
 */
static inline void ept_tree_set_recent(struct ept_tree *tree, u64 gpa, u64 entry)
{
	WRITE_ONCE(tree->recent[EPT_INDEX(gpa, EPT_LEVEL_4K)], entry);
}

/**
 * ept_tree_set() - write a leaf
 * @tree: the EPT
 * @gpa: guest-physical address that it is for
 * @leaf: EPT_LEVEL_x and the entry, without the bit that marks a large page
 * @gather: gets the tables that the leaf replaces
 *
 * A leaf of the same size that it replaces is not a reason to flush: that is
 * for those to do who take the page away.
 *
 * Context: Process context, may sleep; as ept_tree_table() where no table is
 * replaced.
 * Return: 0, or -ENOMEM.
 */
int ept_tree_set(struct ept_tree *tree, u64 gpa, const struct ept_leaf *leaf,
		 struct ept_gather *gather);

/**
 * ept_tree_has_table() - whether a leaf would replace a table
 * @tree: the EPT
 * @gpa: guest-physical address within the width of @tree
 * @level: EPT_LEVEL_x of the leaf
 *
 * Context: Any context in which the tree does not change.
 * Return: true if there is a table of smaller entries for @gpa.
 */
bool ept_tree_has_table(const struct ept_tree *tree, u64 gpa, unsigned int level);

/**
 * ept_tree_promote() - make one leaf of a table of leaves
 * @tree: the EPT
 * @gpa: address in what the leaf shall map
 * @level: level of the leaf, EPT_LEVEL_2M or EPT_LEVEL_1G
 * @gather: gets the table
 *
 * Does so if there is a table for @gpa, all its entries map pages of the next
 * smaller size with the same rights, and the pages lie one after the other in
 * memory, aligned for the leaf.
 *
 * Context: Process context, may sleep.
 * Return: whether it was done.
 */
bool ept_tree_promote(struct ept_tree *tree, u64 gpa, unsigned int level,
		      struct ept_gather *gather);

/**
 * ept_tree_find() - leaf for an address
 * @tree: the EPT
 * @gpa: guest-physical address; past the width there is nothing
 * @leaf: gets the leaf
 *
 * Context: Any context in which the tree does not change.
 * Return: true if there is one.
 */
bool ept_tree_find(const struct ept_tree *tree, u64 gpa, struct ept_leaf *leaf);

/**
 * ept_tree_clear() - remove all leaves of a span
 * @tree: the EPT
 * @gpa: start, page aligned
 * @bytes: length, not 0; leaves do not reach across its ends
 * @gather: gets the tables that have become empty
 *
 * Context: Process context, may sleep.
 */
void ept_tree_clear(struct ept_tree *tree, u64 gpa, u64 bytes,
		    struct ept_gather *gather);

/**
 * ept_tree_clear_all() - remove everything but the top table
 * @tree: the EPT
 * @gather: gets the tables
 *
 * Context: Process context, may sleep.
 */
void ept_tree_clear_all(struct ept_tree *tree, struct ept_gather *gather);

#endif /* NVMX_EPT_TREE_H */
