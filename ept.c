// SPDX-License-Identifier: GPL-2.0-only
/*
 * EPT01 and the EPT02s.
 *
 * EPT01 is built when memory is registered, so an access of an L2 without EPT12
 * faults only where L1 has no memory.  It also is what EPT02s are made from: it
 * says which host page is behind an L1-physical address, how large, and whether
 * L1 may write.
 *
 * An EPT02 starts empty.  Each EPT violation walks EPT12 as the processor would
 * and adds one leaf.  What L1 takes away in EPT12 stays in EPT02 until L1
 * executes INVEPT, what it adds is found by the next violation: an EPT02 is to
 * L1 what the processor's own cache of translations is to an ordinary
 * hypervisor.
 *
 * Accessed and dirty flags.  An EPT02 has them enabled exactly if its EPT12 has,
 * although nobody looks at those in EPT02: with flags enabled the processor
 * treats its accesses to L2's paging structures as writes.  So it faults on a
 * page that EPT12 does not let L2 write, or whose dirty flag is not set yet
 * (EPT02 permits no write until it is), and the exit qualification has bits 0
 * and 1 set, just as L1 must see it.  In an EPT02 without flags a page walk that
 * only reads would pass unnoticed.
 *
 * The APIC-access page of L2 is a page of ours in each EPT02 for a vmcs12 that has
 * one; such an L2 has an EPT02 even without EPT12.
 *
 * A page leaves all tables, and the CPUs are flushed, before it is unpinned.  A
 * leaf that EPT12 moves to another page needs no flush: both are L1's, and L1
 * has to execute INVEPT.
 */
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <asm/cpufeature.h>

#include "ept.h"
#include "ept_walk.h"
#include "vmx_cpu.h"

#define EPT01_LEVELS		4
#define EPT01_LEAF		(EPT_READ | EPT_EXECUTE | EPT_MEMTYPE_WB << EPT_MEMTYPE_SHIFT)

/* Tables that all EPT02s together may have: so many, and one for so many pages. */
#define EPT02_TABLES		256
#define EPT02_TABLE_PAGES	128

/* Tables kept for faults that are settled without sleep. */
#define EPT_SPARE_TABLES	16

/**
 * enum ept_context - where a fault is settled
 * @EPT_MAY_SLEEP: anything goes
 * @EPT_ATOMIC: no sleep: as far as spare tables go
 */
enum ept_context { EPT_MAY_SLEEP, EPT_ATOMIC };

/**
 * struct ept02 - an EPT02
 * @node: in ept.ept02s
 * @eptp12: EPT pointer of vmcs12 that it is for, or EPT_NO_EPT12
 * @apic_access: APIC-access page with EPT_APIC_ACCESS, 0 for none
 * @cache: of walks of EPT12; emptied with the tree
 * @tree: the tables
 */
struct ept02 {
	struct list_head node;
	u64 eptp12;
	u64 apic_access;
	struct ept_walk_cache cache;
	struct ept_tree tree;
};

static void ept02_empty(struct ept02 *ept02, struct ept_gather *gather)
{
	ept02->cache.valid = false;
	ept_tree_clear_all(&ept02->tree, gather);
}

static bool host_offers(u16 cap)
{
	return vmx_host.msr[CAP_MSR(cap)] & BIT_ULL(CAP_BIT(cap));
}

/*
 * Executable large pages let L2 raise a machine check on processors with
 * X86_BUG_ITLB_MULTIHIT.
 */
static bool host_has_2m(void)
{
	if (boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT) && !cpu_mitigations_off())
		return false;

	return host_offers(CAP_EPT_VPID(16));
}

static bool host_has_1g(void)
{
	return host_has_2m() && host_offers(CAP_EPT_VPID(17));
}

/* ---- EPT01 --------------------------------------------------------------- */

static bool is_large(const struct l1_range *range, u64 index)
{
	unsigned long pfn = page_to_pfn(l1_range_page(range, index));
	unsigned int i;

	if (!IS_ALIGNED(pfn, 512))
		return false;
	for (i = 1; i < 512; i++) {
		if (page_to_pfn(l1_range_page(range, index + i)) != pfn + i)
			return false;
	}

	return true;
}

/* Map @count pages of @range from @index on: as much as one entry of 2M covers. */
static int ept01_map_part(struct ept *ept, const struct l1_range *range, u64 index,
			  unsigned int count)
{
	u64 bits = EPT01_LEAF | (range->writable ? EPT_WRITE : 0);
	u64 gpa = range->gpa + (index << PAGE_SHIFT);
	struct ept_gather gather;
	unsigned int i;
	u64 *slot;

	ept_gather_init(&gather, ept->ran_on);
	if (count == 512 && host_has_2m() && is_large(range, index)) {
		const struct ept_leaf leaf = {
			.level = EPT_LEVEL_2M,
			.entry = page_to_phys(l1_range_page(range, index)) | bits,
		};
		int ret = ept_tree_set(&ept->ept01, gpa, &leaf, &gather);

		ept_gather_finish(&gather);
		return ret;
	}

	slot = ept_tree_table(&ept->ept01, gpa, EPT_LEVEL_4K, &gather);
	if (!slot)
		return -ENOMEM;

	slot += EPT_INDEX(gpa, EPT_LEVEL_4K);
	for (i = 0; i < count; i++)
		WRITE_ONCE(slot[i], page_to_phys(l1_range_page(range, index + i)) | bits);

	return 0;
}

/* Take a range out of EPT01 and all EPT02s, and out of the CPUs. */
static void ept_unmap(struct ept *ept, const struct l1_range *range)
{
	struct ept_gather gather;
	struct ept02 *ept02;

	lockdep_assert_held(&ept->lock);

	ept_gather_init(&gather, ept->ran_on);
	ept_tree_clear(&ept->ept01, range->gpa, range->pages << PAGE_SHIFT, &gather);
	list_for_each_entry(ept02, &ept->ept02s, node)
		ept02_empty(ept02, &gather);
	/* A leaf may have been replaced since the last flush: flush in any case. */
	gather.flush = true;
	gather.eptp = VMX_ALL_EPTPS;
	ept_gather_finish(&gather);
}

/* Make one leaf of a GByte of 2M leaves that ends at @end and is all @range's. */
static void ept01_promote(struct ept *ept, const struct l1_range *range, u64 end)
{
	const u64 bytes = EPT_LEVEL_BYTES(EPT_LEVEL_1G);
	struct ept_gather gather;

	if (end % bytes || end - range->gpa < bytes || !host_has_1g())
		return;

	ept_gather_init(&gather, ept->ran_on);
	ept_tree_promote(&ept->ept01, end - bytes, EPT_LEVEL_1G, &gather);
	ept_gather_finish(&gather);
}

static int ept_map(struct ept *ept, const struct l1_range *range)
{
	u64 first_page = range->gpa >> PAGE_SHIFT;
	u64 index = 0;
	int ret = 0;

	lockdep_assert_held(&ept->lock);

	while (index < range->pages && !ret) {
		u64 room = 512 - (first_page + index) % 512;
		unsigned int count = min(range->pages - index, room);

		ret = ept01_map_part(ept, range, index, count);
		index += count;
		if (!ret)
			ept01_promote(ept, range, range->gpa + (index << PAGE_SHIFT));
		cond_resched();
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	if (ret)
		ept_unmap(ept, range);

	return ret;
}

static int listener_map(struct l1_memory_listener *listener, const struct l1_range *range)
{
	struct ept *ept = container_of(listener, struct ept, listener);
	int ret;

	mutex_lock(&ept->lock);
	ret = ept_map(ept, range);
	mutex_unlock(&ept->lock);

	return ret;
}

static void listener_unmap(struct l1_memory_listener *listener,
			   const struct l1_range *range)
{
	struct ept *ept = container_of(listener, struct ept, listener);

	mutex_lock(&ept->lock);
	ept_unmap(ept, range);
	mutex_unlock(&ept->lock);
}

int ept_init(struct ept *ept, struct l1_memory *mem)
{
	int ret;

	if (!zalloc_cpumask_var(&ept->ran_on, GFP_KERNEL_ACCOUNT))
		return -ENOMEM;
	ret = ept_tree_init(&ept->ept01, EPT01_LEVELS, NULL);
	if (ret) {
		free_cpumask_var(ept->ran_on);
		return ret;
	}

	mutex_init(&ept->lock);
	INIT_LIST_HEAD(&ept->ept02s);
	ept->ept02_count = 0;
	ept->apic_page = NULL;
	ept_spare_init(&ept->spare);
	ept->generation = 0;
	ept->mem = mem;
	ept->listener.map = listener_map;
	ept->listener.unmap = listener_unmap;
	l1_memory_listen(mem, &ept->listener);

	return 0;
}

/* ---- the set of EPT02s --------------------------------------------------- */

static struct ept02 *ept02_find(struct ept *ept, u64 eptp12, u64 apic_access)
{
	struct ept02 *ept02;

	lockdep_assert_held(&ept->lock);

	list_for_each_entry(ept02, &ept->ept02s, node) {
		if (ept02->eptp12 == eptp12 && ept02->apic_access == apic_access)
			return ept02;
	}

	return NULL;
}

static void ept02_drop(struct ept *ept, struct ept02 *ept02, struct ept_gather *gather)
{
	list_del(&ept02->node);
	ept->ept02_count--;
	WRITE_ONCE(ept->generation, ept->generation + 1);
	ept_tree_destroy(&ept02->tree, gather);
	kfree(ept02);
}

static void ept02_drop_oldest(struct ept *ept)
{
	struct ept_gather gather;

	ept_gather_init(&gather, ept->ran_on);
	ept02_drop(ept, list_last_entry(&ept->ept02s, struct ept02, node), &gather);
	ept_gather_finish(&gather);
}

static bool has_apic_page(struct ept *ept)
{
	if (!ept->apic_page)
		ept->apic_page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	return ept->apic_page;
}

static struct ept02 *ept02_create(struct ept *ept, u64 eptp12, u64 apic_access)
{
	struct ept02 *ept02;

	if (apic_access && !has_apic_page(ept))
		return NULL;
	ept02 = kzalloc(sizeof(*ept02), GFP_KERNEL_ACCOUNT);
	if (!ept02)
		return NULL;
	if (ept_tree_init(&ept02->tree, EPTP_LEVELS(eptp12) == 5 ? 5 : 4, &ept->spare)) {
		kfree(ept02);
		return NULL;
	}

	if (ept->ept02_count >= EPT02_MAX)
		ept02_drop_oldest(ept);
	ept02->eptp12 = eptp12;
	ept02->apic_access = apic_access;
	list_add(&ept02->node, &ept->ept02s);
	ept->ept02_count++;

	return ept02;
}

/* Empty the EPT02 that was asked for the longest time ago, of those with tables. */
static void ept02_make_room(struct ept *ept)
{
	struct ept_gather gather;
	struct ept02 *ept02;

	ept_gather_init(&gather, ept->ran_on);
	list_for_each_entry_reverse(ept02, &ept->ept02s, node) {
		if (ept02->tree.pages > 1) {
			ept_tree_clear_all(&ept02->tree, &gather);
			break;
		}
	}
	ept_gather_finish(&gather);
}

/* Whether the EPT02s may not grow by as much as one leaf can need. */
static bool ept02s_are_full(const struct ept *ept)
{
	u64 most = EPT02_TABLES + ept->mem->page_count / EPT02_TABLE_PAGES;
	const struct ept02 *ept02;
	u64 tables = 0;

	list_for_each_entry(ept02, &ept->ept02s, node)
		tables += ept02->tree.pages;

	return tables + EPT_LEVELS_MAX > most;
}

void ept_destroy(struct ept *ept)
{
	struct ept02 *ept02, *next;
	struct ept_gather gather;

	l1_memory_listen(ept->mem, NULL);

	ept_gather_init(&gather, ept->ran_on);
	mutex_lock(&ept->lock);
	list_for_each_entry_safe(ept02, next, &ept->ept02s, node)
		ept02_drop(ept, ept02, &gather);
	ept_tree_destroy(&ept->ept01, &gather);
	ept_gather_finish(&gather);
	free_page((unsigned long)ept->apic_page);
	ept_spare_drain(&ept->spare);
	mutex_unlock(&ept->lock);
	mutex_destroy(&ept->lock);
	free_cpumask_var(ept->ran_on);
}

u64 ept01_eptp(const struct ept *ept)
{
	return ept_tree_eptp(&ept->ept01);
}

static u64 ept02_eptp(const struct ept02 *ept02)
{
	u64 eptp = ept_tree_eptp(&ept02->tree);

	if (ept02->eptp12 != EPT_NO_EPT12 && host_offers(CAP_EPT_VPID(21)))
		eptp |= ept02->eptp12 & EPTP_AD;

	return eptp;
}

u64 ept_apic_page(const struct ept *ept)
{
	return ept->apic_page ? virt_to_phys(ept->apic_page) : 0;
}

int ept02_get(struct ept *ept, u64 eptp12, u64 apic_access, u64 *eptp02)
{
	struct ept02 *ept02;

	mutex_lock(&ept->lock);
	ept02 = ept02_find(ept, eptp12, apic_access);
	if (!ept02)
		ept02 = ept02_create(ept, eptp12, apic_access);
	else if (!list_is_first(&ept02->node, &ept->ept02s))
		list_move(&ept02->node, &ept->ept02s);
	if (ept02)
		*eptp02 = ept02_eptp(ept02);
	mutex_unlock(&ept->lock);

	return ept02 ? 0 : -ENOMEM;
}

/* Empty the EPT02s whose EPT12 pointer equals @eptp12 in the bits of @mask. */
static void invalidate(struct ept *ept, u64 eptp12, u64 mask)
{
	struct ept_gather gather;
	struct ept02 *ept02;

	ept_gather_init(&gather, ept->ran_on);
	mutex_lock(&ept->lock);
	list_for_each_entry(ept02, &ept->ept02s, node) {
		if (!((ept02->eptp12 ^ eptp12) & mask))
			ept02_empty(ept02, &gather);
	}
	ept_gather_finish(&gather);
	mutex_unlock(&ept->lock);
}

void ept_invalidate_context(struct ept *ept, u64 eptp12)
{
	invalidate(ept, eptp12, EPTP_ADDRESS);
}

void ept_invalidate_all(struct ept *ept)
{
	invalidate(ept, 0, 0);
}

/* ---- violations ---------------------------------------------------------- */

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
 * Whether @leaf must wait for a context that may sleep: a large one may replace
 * tables, and new tables need memory and room in the budget.
 */
static bool ept02_must_wait(const struct ept *ept, const struct ept_leaf *leaf)
{
	return leaf->level > EPT_LEVEL_4K || ept->spare.count < EPT_LEVELS_MAX ||
	       ept02s_are_full(ept);
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
	if (context == EPT_ATOMIC && ept02_must_wait(ept, &leaf))
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
