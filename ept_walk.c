// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor's walk of EPT12.  Pure.
 *
 * Not offered to L1, so their bits are ignored: mode-based execute control (bit
 * 10), paging-write, guest-paging verification and supervisor shadow stacks
 * (bits 57 to 61).
 *
 * Order of what can go wrong, SDM Vol. 3, "EPT-Induced VM Exits", section
 * "Prioritization of EPT Misconfigurations and EPT Violations": at each entry
 * not present, then misconfigured; at the end, once all entries are good, what
 * they permit together.
 */
#include <linux/build_bug.h>

#include "ept_walk.h"

/* Exit qualification of an EPT violation. */
#define QUAL_ACCESS		GENMASK_ULL(2, 0)
#define QUAL_PERMIT_SHIFT	3
#define QUAL_LINEAR_VALID	BIT_ULL(7)
#define QUAL_TRANSLATED		BIT_ULL(8)
#define QUAL_ADVANCED		GENMASK_ULL(11, 9)
#define QUAL_NMI_UNBLOCKED	BIT_ULL(12)
#define QUAL_ASYNCHRONOUS	BIT_ULL(16)

/* Bits of IA32_VMX_EPT_VPID_CAP. */
#define OFFERS_EXECUTE_ONLY	CAP_EPT_VPID(0)
#define OFFERS_4_LEVELS		CAP_EPT_VPID(6)
#define OFFERS_5_LEVELS		CAP_EPT_VPID(7)
#define OFFERS_UC		CAP_EPT_VPID(8)
#define OFFERS_WB		CAP_EPT_VPID(14)
#define OFFERS_2M		CAP_EPT_VPID(16)
#define OFFERS_1G		CAP_EPT_VPID(17)
#define OFFERS_FLAGS		CAP_EPT_VPID(21)
#define OFFERS_ADVANCED		CAP_EPT_VPID(22)

/* The EPT pointer, beside what ept_tree.h has. */
#define EPTP_MEMTYPE		GENMASK_ULL(2, 0)
#define EPTP_RESERVED		GENMASK_ULL(11, 7)

static_assert(NVMX_ACCESS_READ == EPT_READ);
static_assert(NVMX_ACCESS_WRITE == EPT_WRITE);
static_assert(NVMX_ACCESS_FETCH == EPT_EXECUTE);

/* First address that a table of 4K entries is for. */
#define EPT_TABLE_BASE(gpa)	((gpa) & ~(EPT_LEVEL_BYTES(EPT_LEVEL_2M) - 1))

/**
 * struct walk - a walk under way
 * @gpa: address of the entry, by level
 * @entry: the entry, by level
 * @combined: AND of the entries
 * @past_width: address bits that L1's processor does not have
 */
struct walk {
	u64 gpa[EPT_LEVELS_MAX + 1];
	u64 entry[EPT_LEVELS_MAX + 1];
	u64 combined;
	u64 past_width;
};

static bool is_leaf(unsigned int level, u64 entry)
{
	if (level == EPT_LEVEL_4K)
		return true;

	return level <= EPT_LEVEL_1G && (entry & EPT_LARGE);
}

/* Reserved bits of an entry, address bits past the width of L1 not included. */
static u64 reserved_bits(const struct nvmx_caps *caps, unsigned int level, u64 entry)
{
	if (level == EPT_LEVEL_4K)
		return 0;
	if (!is_leaf(level, entry))
		return level > EPT_LEVEL_1G ? GENMASK_ULL(7, 3) : GENMASK_ULL(6, 3);
	if (!nvmx_caps_has(caps, level == EPT_LEVEL_1G ? OFFERS_1G : OFFERS_2M))
		return EPT_LARGE;

	return GENMASK_ULL(EPT_LEVEL_SHIFT(level) - 1, 12);
}

static bool memory_type_is_legal(u64 entry)
{
	switch ((entry >> EPT_MEMTYPE_SHIFT) & 7) {
	case EPT_MEMTYPE_UC:
	case EPT_MEMTYPE_WC:
	case EPT_MEMTYPE_WT:
	case EPT_MEMTYPE_WP:
	case EPT_MEMTYPE_WB:
		return true;
	default:
		return false;
	}
}

/* Whether an entry is all that a good pointer to a table needs to be, at a glance. */
static bool is_plain_pointer(unsigned int level, u64 entry, u64 past_width)
{
	return level > EPT_LEVEL_4K && (entry & EPT_READ) &&
	       !(entry & (past_width | GENMASK_ULL(7, 3)));
}

/* SDM Vol. 3, "EPT-Induced VM Exits", section "EPT Misconfigurations". */
static bool is_misconfigured(const struct nvmx_caps *caps, unsigned int level, u64 entry,
			     u64 past_width)
{
	u64 reserved = reserved_bits(caps, level, entry) | past_width;

	if ((entry & (EPT_READ | EPT_WRITE)) == EPT_WRITE)
		return true;
	if ((entry & EPT_RWX) == EPT_EXECUTE && !nvmx_caps_has(caps, OFFERS_EXECUTE_ONLY))
		return true;
	if (entry & reserved)
		return true;

	return is_leaf(level, entry) && !memory_type_is_legal(entry);
}

/*
 * What the access needs.  With accessed and dirty flags, an access to a paging
 * structure of L2 in the course of a linear-address translation counts as a
 * write.  Loads of PDPTEs by MOV to CR do not: they have no linear address.
 */
static u32 access_needed(u64 eptp, u64 qualification)
{
	u64 access = qualification & QUAL_ACCESS;

	if ((eptp & EPTP_AD) && (qualification & QUAL_LINEAR_VALID) &&
	    !(qualification & QUAL_TRANSLATED))
		access |= EPT_READ | EPT_WRITE;

	return access;
}

/* What the qualification keeps of the processor's, and what EPT12 adds. */
static u64 violation(const struct nvmx_caps *caps, const struct ept_translation *t,
		     u64 rwx)
{
	u64 keep = QUAL_LINEAR_VALID | QUAL_NMI_UNBLOCKED | QUAL_ASYNCHRONOUS;

	if (t->qualification & QUAL_LINEAR_VALID)
		keep |= QUAL_TRANSLATED;
	if (nvmx_caps_has(caps, OFFERS_ADVANCED))
		keep |= QUAL_ADVANCED;

	return (t->qualification & keep) | t->access | rwx << QUAL_PERMIT_SHIFT;
}

/*
 * Set accessed flags, and for a write the dirty flag.  SDM Vol. 3, "Accessed and
 * Dirty Flags for EPT" and "Page-Modification Logging".
 */
static enum ept_walk_result set_flags(const struct ept12_memory *memory,
				      struct walk *walk, unsigned int top,
				      struct ept_translation *t)
{
	unsigned int level = walk->combined & EPT_ACCESSED ? t->level : top;

	for (; level >= t->level; level--) {
		u64 entry = walk->entry[level];
		u64 bits = EPT_ACCESSED;

		if (level == t->level && (t->access & NVMX_ACCESS_WRITE))
			bits |= EPT_DIRTY;
		if ((entry & bits) == bits)
			continue;
		if (t->log_full)
			return EPT_WALK_LOG_FULL;
		if (!memory->set(memory->ctx, walk->gpa[level], entry, bits))
			return EPT_WALK_AGAIN;
		walk->entry[level] = entry | bits;
		t->dirtied = bits & ~entry & EPT_DIRTY;
	}

	return EPT_WALK_OK;
}

/* Read entries down to the leaf; t->level is that of the last one. */
static enum ept_walk_result descend(const struct nvmx_caps *caps,
				    const struct ept12_memory *memory,
				    struct walk *walk, struct ept_translation *t)
{
	unsigned int level = t->level;
	u64 table = walk->gpa[0];

	for (;; level--) {
		u64 gpa = table + 8 * EPT_INDEX(t->gpa, level);
		u64 entry = memory->read(memory->ctx, gpa);

		t->level = level;
		walk->gpa[level] = gpa;
		walk->entry[level] = entry;
		walk->combined &= entry;
		table = entry & EPT_ADDRESS;
		if (is_plain_pointer(level, entry, walk->past_width))
			continue;
		if (!(entry & EPT_RWX))
			return EPT_WALK_VIOLATION;
		if (is_misconfigured(caps, level, entry, walk->past_width))
			return EPT_WALK_MISCONFIG;
		if (is_leaf(level, entry))
			return EPT_WALK_OK;
	}
}

/* What comes of an access that is allowed. */
static void translate(u64 eptp, u64 leaf, u64 rwx, struct ept_translation *t)
{
	u64 offset = EPT_LEVEL_BYTES(t->level) - 1;

	t->l1_gpa = (leaf & EPT_ADDRESS & ~offset) | (t->gpa & offset);
	t->memory_type = leaf & (EPT_IGNORE_PAT | 7 << EPT_MEMTYPE_SHIFT);
	t->rwx = rwx;
	if ((eptp & EPTP_AD) && !((leaf & EPT_DIRTY) || (t->access & NVMX_ACCESS_WRITE)))
		t->rwx &= ~EPT_WRITE;
}

bool ept_pointer_is_legal(const struct nvmx_caps *caps, u64 eptp)
{
	u64 type = eptp & EPTP_MEMTYPE;

	if (!(type == EPT_MEMTYPE_UC && nvmx_caps_has(caps, OFFERS_UC)) &&
	    !(type == EPT_MEMTYPE_WB && nvmx_caps_has(caps, OFFERS_WB)))
		return false;
	if (!(EPTP_LEVELS(eptp) == 4 && nvmx_caps_has(caps, OFFERS_4_LEVELS)) &&
	    !(EPTP_LEVELS(eptp) == 5 && nvmx_caps_has(caps, OFFERS_5_LEVELS)))
		return false;
	if ((eptp & EPTP_AD) && !nvmx_caps_has(caps, OFFERS_FLAGS))
		return false;

	return !(eptp & EPTP_RESERVED) && !(eptp >> caps->maxphyaddr);
}

/* Where to start: at the table that the cache names, or at the top. */
static void start(struct walk *walk, u64 eptp, const struct ept_walk_cache *cache,
		  struct ept_translation *t)
{
	if (cache->valid && cache->base == EPT_TABLE_BASE(t->gpa)) {
		t->level = EPT_LEVEL_4K;
		walk->gpa[0] = cache->table;
		walk->combined = cache->combined;
	} else {
		t->level = EPTP_LEVELS(eptp) == 5 ? 5 : 4;
		walk->gpa[0] = eptp & EPTP_ADDRESS;
		walk->combined = ~0ULL;
	}
	t->dirtied = false;
}

/* Of a good walk from the top. */
static void remember(struct ept_walk_cache *cache, const struct walk *walk, u64 eptp,
		     const struct ept_translation *t)
{
	unsigned int level;

	cache->valid = t->level == EPT_LEVEL_4K;
	if (!cache->valid)
		return;

	cache->base = EPT_TABLE_BASE(t->gpa);
	cache->table = walk->gpa[EPT_LEVEL_4K] & EPTP_ADDRESS;
	cache->combined = ~0ULL;
	for (level = EPTP_LEVELS(eptp) == 5 ? 5 : 4; level > EPT_LEVEL_4K; level--)
		cache->combined &= walk->entry[level];
}

/* One walk from where the cache says. */
static enum ept_walk_result walk_once(const struct nvmx_caps *caps, u64 eptp,
				      const struct ept12_memory *memory,
				      struct ept_walk_cache *cache,
				      struct ept_translation *t)
{
	enum ept_walk_result result = EPT_WALK_VIOLATION;
	struct walk walk;
	unsigned int top;
	u64 rwx;

	start(&walk, eptp, cache, t);
	top = t->level;
	walk.past_width = caps->maxphyaddr < 52 ? GENMASK_ULL(51, caps->maxphyaddr) : 0;
	walk.entry[top] = EPT_SUPPRESS_VE;
	if (t->gpa >> EPT_LEVEL_SHIFT(top + 1) && top > EPT_LEVEL_4K)
		walk.combined = 0;
	else
		result = descend(caps, memory, &walk, t);
	t->convertible = !(walk.entry[t->level] & EPT_SUPPRESS_VE);

	rwx = walk.combined & EPT_RWX;
	if (result == EPT_WALK_OK && (t->access & ~rwx))
		result = EPT_WALK_VIOLATION;
	if (result == EPT_WALK_VIOLATION)
		t->rwx = rwx;
	if (result == EPT_WALK_OK && (eptp & EPTP_AD))
		result = set_flags(memory, &walk, top, t);
	if (result != EPT_WALK_OK)
		return result;

	if (top > EPT_LEVEL_4K)
		remember(cache, &walk, eptp, t);
	translate(eptp, walk.entry[t->level], rwx, t);
	return EPT_WALK_OK;
}

enum ept_walk_result ept_walk(const struct nvmx_caps *caps, u64 eptp,
			      const struct ept12_memory *memory,
			      struct ept_walk_cache *cache,
			      struct ept_translation *t)
{
	enum ept_walk_result result;
	bool cached;

	t->access = access_needed(eptp, t->qualification);
	do {
		cached = cache->valid;
		result = walk_once(caps, eptp, memory, cache, t);
		if (result != EPT_WALK_OK)
			cache->valid = false;
	} while (cached && result != EPT_WALK_OK);

	if (result == EPT_WALK_VIOLATION)
		t->qualification = violation(caps, t, t->rwx);
	return result;
}
