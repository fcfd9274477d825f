// SPDX-License-Identifier: GPL-2.0-only
/*
 * EPT violations of L2: whose they are, and the leaf that settles them.
 */
#include <linux/io.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "ept02.h"

/* Tables kept for faults that are settled without sleep. */
#define EPT_SPARE_TABLES	16

/**
 * enum ept_context - where a fault is settled
 * @EPT_MAY_SLEEP: anything goes
 * @EPT_ATOMIC: no sleep: as far as spare tables go
 */
enum ept_context { EPT_MAY_SLEEP, EPT_ATOMIC };

/**
 * struct window - L1's memory, as a walk goes through it
 * @mem: the memory
 * @range: where the walk was last, NULL for nowhere: most of it lies in one range
 */
struct window {
	const struct l1_memory *mem;
	const struct l1_range *range;
};

/* Return: the range that holds @gpa, or NULL for a hole. */
static const struct l1_range *window_move(struct window *window, u64 gpa)
{
	if (!window->range || !l1_range_has(window->range, gpa))
		window->range = l1_memory_find(window->mem, gpa);

	return window->range;
}

static u64 *window_word(const struct window *window, u64 gpa)
{
	struct page *page = l1_range_page_at(window->range, gpa);

	return page_address(page) + offset_in_page(gpa);
}

static u64 ept12_read(void *ctx, u64 gpa)
{
	return window_move(ctx, gpa) ? READ_ONCE(*window_word(ctx, gpa)) : ~0ULL;
}

static bool ept12_set(void *ctx, u64 gpa, u64 old, u64 bits)
{
	const struct l1_range *range = window_move(ctx, gpa);

	/* As on a bus: writes to nothing, or to ROM, are lost. */
	if (!range || !range->writable)
		return true;

	return try_cmpxchg(window_word(ctx, gpa), &old, old | bits);
}

static u64 range_rwx(const struct l1_range *range)
{
	return range->writable ? EPT_RWX : EPT_READ | EPT_EXECUTE;
}

/* What L1's own memory says to an access that L1's tables allow. */
static enum ept_outcome check_memory(struct window *window, const struct ept_fault *fault)
{
	const struct l1_range *range = window_move(window, fault->l1_gpa);

	return range && !(fault->access & ~range_rwx(range)) ? EPT_RETRY : EPT_HOLE;
}

static enum ept_outcome ept01_fault(struct window *window, struct ept_fault *fault)
{
	fault->l1_gpa = fault->gpa;
	fault->access = fault->qualification & EPT_RWX;

	return check_memory(window, fault);
}

/* Whether the APIC-access page is in the page of @level around @l1_gpa. */
static bool apic_access_in(const struct ept02 *ept02, u64 l1_gpa, unsigned int level)
{
	return ept02->apic_access &&
	       !((ept02->apic_access ^ l1_gpa) >> EPT_LEVEL_SHIFT(level));
}

/* The leaf for an access that EPT12 and L1's memory allow. */
static struct ept_leaf ept02_leaf(const struct ept *ept, const struct ept02 *ept02,
				  const struct window *window,
				  const struct ept_translation *t)
{
	u64 bits = (t->rwx & range_rwx(window->range)) | t->memory_type;
	struct ept_leaf leaf;
	u64 offset;

	leaf.level = EPT_LEVEL_4K;
	if (t->level > EPT_LEVEL_4K && ept_tree_find(&ept->ept01, t->l1_gpa, &leaf)) {
		offset = t->l1_gpa & (EPT_LEVEL_BYTES(leaf.level) - 1);
		leaf.level = min(leaf.level, t->level);
		while (leaf.level > EPT_LEVEL_4K &&
		       apic_access_in(ept02, t->l1_gpa, leaf.level))
			leaf.level--;
		offset &= ~(EPT_LEVEL_BYTES(leaf.level) - 1);
		leaf.entry = (leaf.entry & EPT_ADDRESS) + offset;
	} else {
		leaf.entry = page_to_phys(l1_range_page_at(window->range, t->l1_gpa));
	}
	leaf.entry |= bits;

	return leaf;
}

/* The leaf for the APIC-access page: L1's memory has no say. */
static struct ept_leaf apic_leaf(const struct ept *ept, const struct ept_translation *t)
{
	return (struct ept_leaf){
		.level = EPT_LEVEL_4K,
		.entry = ept_apic_page(ept) | t->rwx | t->memory_type,
	};
}

/*
 * Whether @leaf must wait for a context that may sleep: where it replaces a table,
 * or new tables need memory or room in the budget.
 */
static bool ept02_must_wait(const struct ept *ept, const struct ept02 *ept02, u64 gpa,
			    const struct ept_leaf *leaf)
{
	return ept->spare.count < EPT_LEVELS_MAX || ept02s_are_full(ept) ||
	       ept_tree_has_table(&ept02->tree, gpa, leaf->level);
}

/* Add the leaf for an access that EPT12 allows, if L1's memory does, too. */
static enum ept_outcome ept02_map(struct ept *ept, struct ept02 *ept02,
				  const struct ept_translation *t, struct window *window,
				  enum ept_context context)
{
	struct ept_leaf leaf = apic_access_in(ept02, t->l1_gpa, EPT_LEVEL_4K) ?
			       apic_leaf(ept, t) : ept02_leaf(ept, ept02, window, t);
	struct ept_gather gather;
	int ret;

	if (leaf.level == EPT_LEVEL_4K && ept_tree_is_recent(&ept02->tree, t->gpa)) {
		ept_tree_set_recent(&ept02->tree, t->gpa, leaf.entry);
		return EPT_RETRY;
	}
	if (context == EPT_ATOMIC && ept02_must_wait(ept, ept02, t->gpa, &leaf))
		return EPT_SLEEP;
	if (ept02s_are_full(ept))
		ept02_make_room(ept);

	ept_gather_init(&gather, ept->ran_on);
	ret = ept_tree_set(&ept02->tree, t->gpa, &leaf, &gather);
	ept_gather_finish(&gather);

	return ret ? EPT_NOMEM : EPT_RETRY;
}

/* The translation of an L2 without EPT12. */
static enum ept_walk_result identity(struct ept_translation *t)
{
	t->access = t->qualification & EPT_RWX;
	t->l1_gpa = t->gpa;
	t->level = EPT_LEVEL_1G;
	t->rwx = EPT_RWX;
	t->memory_type = EPT_MEMTYPE_WB << EPT_MEMTYPE_SHIFT;
	return EPT_WALK_OK;
}

/* SDM Vol. 3, "Page-Modification Logging". */
static void log_page(struct window *window, struct ept_log *log, u64 gpa)
{
	const struct l1_range *range;
	u64 at = log->address + log->index * sizeof(u64);

	range = window_move(window, at);
	if (range && range->writable)
		WRITE_ONCE(*window_word(window, at), gpa & PAGE_MASK);
	log->index--;
}

static enum ept_outcome ept02_fault(struct ept *ept, const struct nvmx_caps *caps,
				    struct ept02 *ept02, struct ept_fault *fault,
				    enum ept_context context)
{
	struct window window = { .mem = ept->mem };
	const struct ept12_memory memory = {
		.read = ept12_read,
		.set = ept12_set,
		.ctx = &window,
	};
	struct ept_translation t = {
		.gpa = fault->gpa,
		.qualification = fault->qualification,
		.log_full = fault->log && fault->log->index >= EPT_LOG_ENTRIES,
	};

	switch (ept02->eptp12 == EPT_NO_EPT12 ? identity(&t) :
		ept_walk(caps, ept02->eptp12, &memory, &ept02->cache, &t)) {
	case EPT_WALK_OK:
		if (t.dirtied && fault->log)
			log_page(&window, fault->log, t.gpa);
		fault->l1_gpa = t.l1_gpa;
		fault->access = t.access;
		if (!apic_access_in(ept02, t.l1_gpa, EPT_LEVEL_4K) &&
		    check_memory(&window, fault) == EPT_HOLE)
			return EPT_HOLE;
		return ept02_map(ept, ept02, &t, &window, context);
	case EPT_WALK_VIOLATION:
		fault->qualification = t.qualification;
		fault->convertible = t.convertible;
		return EPT_REFLECT_VIOLATION;
	case EPT_WALK_MISCONFIG:
		return EPT_REFLECT_MISCONFIG;
	case EPT_WALK_LOG_FULL:
		return EPT_REFLECT_LOG_FULL;
	case EPT_WALK_AGAIN:
	default:
		/* The next access faults again, and signals are looked at first. */
		return EPT_RETRY;
	}
}

enum ept_outcome ept_handle_fault(struct ept *ept, const struct nvmx_caps *caps,
				  u64 eptp12, struct ept_fault *fault)
{
	struct window window = { .mem = ept->mem };
	enum ept_outcome outcome = EPT_RETRY;
	struct ept02 *ept02;

	if (eptp12 == EPT_NO_EPT12 && !fault->apic_access)
		return ept01_fault(&window, fault);

	mutex_lock(&ept->lock);
	ept_spare_fill(&ept->spare, EPT_SPARE_TABLES);
	ept02 = ept02_find(ept, eptp12, fault->apic_access);
	if (ept02)
		outcome = ept02_fault(ept, caps, ept02, fault, EPT_MAY_SLEEP);
	else
		/* Dropped: have the caller ask for it anew. */
		WRITE_ONCE(ept->generation, ept->generation + 1);
	mutex_unlock(&ept->lock);

	return outcome;
}

enum ept_outcome ept_handle_fault_atomic(struct ept *ept, const struct nvmx_caps *caps,
					 u64 eptp12, struct ept_fault *fault)
{
	struct window window = { .mem = ept->mem };
	enum ept_outcome outcome = EPT_SLEEP;
	struct ept02 *ept02;

	if (eptp12 == EPT_NO_EPT12 && !fault->apic_access)
		return ept01_fault(&window, fault);

	if (!mutex_trylock(&ept->lock))
		return EPT_SLEEP;
	ept02 = ept02_find(ept, eptp12, fault->apic_access);
	if (ept02)
		outcome = ept02_fault(ept, caps, ept02, fault, EPT_ATOMIC);
	mutex_unlock(&ept->lock);

	return outcome;
}
