// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: ept_fault.c ept.c ept_tree.c ept_walk.c
/*
 * EPT02 = EPT12 x EPT01: which leaf settles a fault, for each size of page of EPT12
 * and of L1's memory, with 4 and with 5 levels; that it is no larger than either;
 * and what goes when there are too many tables.
 */
#include <linux/bits.h>
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <asm/cpufeature.h>

#include "ept02.h"
#include "unit.h"
#include "vmx_cpu.h"

#define READ	1ULL
#define WRITE	2ULL
#define FETCH	4ULL
#define WB	(6ULL << 3)
#define GIB	(1ULL << 30)
#define MIB2	(1ULL << 21)
#define AD	BIT_ULL(6)

struct vmx_host vmx_host;
static unsigned int flushes;

void vmx_cpu_flush_ept(const struct cpumask *cpus, u64 eptp)
{
	flushes++;
}

/* ---- L1's memory ---------------------------------------------------------------------- */

/* Tables, which are there; then GBytes of data, which only have addresses. */
#define TABLES		96
#define WHOLE		(4 * GIB)	/* in one piece */
#define PIECES		(8 * GIB)	/* in pieces of 2 MiB */
#define PAGES		(12 * GIB)	/* no page beside its neighbour */
#define ROM		(16 * GIB)	/* in one piece, read-only */
#define HALF		(20 * GIB)	/* half a GByte in one piece, then nothing */
#define ASKEW		(24 * GIB)	/* in one piece, a page off */
#define ODD		(28 * GIB)	/* in one piece but for a page in each 2 MiB */
#define SHIFTED		(32 * GIB)	/* in one piece, 2 MiB off */
#define HOST		(1ULL << 45)	/* where the host has all that */

static struct l1_memory mem;
static struct l1_range *ranges[8];
static struct ept ept;
static struct nvmx_caps caps;
static u64 (*tables)[512];
static unsigned int used;

void l1_memory_listen(struct l1_memory *memory, struct l1_memory_listener *listener)
{
	memory->listener = listener;
}

const struct l1_range *l1_memory_find(const struct l1_memory *memory, u64 gpa)
{
	unsigned int i;

	for (i = 0; i < mem.range_count; i++)
		if (l1_range_has(ranges[i], gpa))
			return ranges[i];
	return NULL;
}

/* A page is known by its struct page, which lies behind it. */
static struct page *page_at(u64 hpa)
{
	return virt_to_page(phys_to_virt(hpa));
}

static u64 in_order(u64 gpa)
{
	return HOST + gpa;
}

static u64 in_pieces(u64 gpa)
{
	return HOST + (gpa ^ (511 * MIB2));
}

static u64 in_pages(u64 gpa)
{
	return HOST + (gpa ^ (511 * PAGE_SIZE));
}

static u64 in_order_askew(u64 gpa)
{
	return HOST + gpa + PAGE_SIZE;
}

static u64 in_order_but_one(u64 gpa)
{
	return (gpa >> PAGE_SHIFT) % 512 == 300 ? 2 * HOST + gpa : HOST + gpa;
}

static u64 in_order_shifted(u64 gpa)
{
	return HOST + gpa + MIB2;
}

static u64 at_tables(u64 gpa)
{
	return virt_to_phys(tables) + gpa;
}

/* A range of @bytes at @gpa, each page of which is where @where says. */
static void add_range(u64 gpa, u64 bytes, bool writable, u64 (*where)(u64 gpa))
{
	u64 pages = bytes / PAGE_SIZE, chunks = DIV_ROUND_UP(pages, 512), i;
	struct l1_range *range = malloc(sizeof(*range) + chunks * sizeof(*range->chunk));

	range->gpa = gpa;
	range->pages = range->pinned = pages;
	range->writable = writable;
	for (i = 0; i < chunks; i++)
		range->chunk[i] = malloc(PAGE_SIZE);
	for (i = 0; i < pages; i++)
		range->chunk[i / 512][i % 512] = page_at(where(gpa + i * PAGE_SIZE));
	ranges[mem.range_count++] = range;
	mem.page_count += pages;
	EXPECT_EQ(0, mem.listener->map(mem.listener, range));
}

static u64 host_of(u64 gpa)
{
	const struct l1_range *range = l1_memory_find(&mem, gpa);

	return range ? page_to_phys(l1_range_page_at(range, gpa)) : 0;
}

#define OFFER_ALL	(BIT_ULL(0) | BIT_ULL(16) | BIT_ULL(17) | BIT_ULL(21))

static void begin(u64 host)
{
	memset(&mem, 0, sizeof(mem));
	memset(&vmx_host, 0, sizeof(vmx_host));
	vmx_host.msr[CAPS_EPT_VPID] = host;
	memset(&caps, 0, sizeof(caps));
	caps.maxphyaddr = 46;
	caps.msr[CAPS_EPT_VPID] = OFFER_ALL;
	tables = aligned_alloc(PAGE_SIZE, TABLES * PAGE_SIZE);
	memset(tables, 0, TABLES * PAGE_SIZE);
	used = 0;
	EXPECT_EQ(0, ept_init(&ept, &mem));
	add_range(0, TABLES * PAGE_SIZE, true, at_tables);
}

static void end(void)
{
	unsigned int i;
	u64 k;

	ept_destroy(&ept);
	EXPECT_EQ(0, unit_pages_live);
	for (i = 0; i < mem.range_count; i++) {
		for (k = 0; k < DIV_ROUND_UP(ranges[i]->pages, 512); k++)
			free(ranges[i]->chunk[k]);
		free(ranges[i]);
	}
	free(tables);
}

/* ---- EPT12 ------------------------------------------------------------------------------- */

static u64 new_table(void)
{
	memset(tables[used], 0, PAGE_SIZE);
	return used++ * PAGE_SIZE;
}

static u64 *word(u64 gpa)
{
	return &tables[gpa / PAGE_SIZE][gpa % PAGE_SIZE / 8];
}

/* A pointer to tables of @levels, all of them empty. */
static u64 new_ept12(unsigned int levels)
{
	return new_table() | (levels - 1) << 3 | 6;
}

/* Map @gpa by a leaf of @level that is @leaf, but for its size. */
static void map12(u64 eptp, u64 gpa, unsigned int level, u64 leaf)
{
	u64 table = eptp & EPTP_ADDRESS;
	unsigned int at;

	for (at = EPTP_LEVELS(eptp); at > level; at--) {
		u64 *entry = word(table + 8 * EPT_INDEX(gpa, at));

		if (!*entry)
			*entry = new_table() | EPT_RWX;
		table = *entry & EPT_ADDRESS;
	}
	*word(table + 8 * EPT_INDEX(gpa, level)) = leaf | (level > 1 ? EPT_LARGE : 0);
}

static struct ept_fault fault;

static enum ept_outcome touch(u64 eptp, u64 apic_access, u64 gpa, u64 access)
{
	u64 eptp02;

	EXPECT_EQ(0, ept02_get(&ept, eptp, apic_access, &eptp02));
	fault = (struct ept_fault){
		.gpa = gpa, .qualification = access, .apic_access = apic_access,
	};
	return ept_handle_fault(&ept, &caps, eptp, &fault);
}

static struct ept_leaf leaf_at(u64 eptp, u64 apic_access, u64 gpa)
{
	struct ept_leaf leaf = { .level = 0 };
	struct ept02 *ept02;

	mutex_lock(&ept.lock);
	ept02 = ept02_find(&ept, eptp, apic_access);
	if (!ept02 || !ept_tree_find(&ept02->tree, gpa, &leaf))
		leaf.level = 0;
	mutex_unlock(&ept.lock);
	return leaf;
}

static unsigned int level_at(u64 eptp, u64 gpa)
{
	return leaf_at(eptp, 0, gpa).level;
}

static u64 reached(struct ept_leaf leaf, u64 gpa)
{
	u64 offset = EPT_LEVEL_BYTES(leaf.level) - 1;

	return (leaf.entry & EPT_ADDRESS & ~offset) | (gpa & offset & PAGE_MASK);
}

/* The leaf that @gpa has must be of @level, and reach what L1 has for it alone. */
static void expect_leaf(u64 eptp, u64 gpa, u64 l1_gpa, unsigned int level)
{
	u64 bytes = EPT_LEVEL_BYTES(level), base = gpa & ~(bytes - 1), at;
	struct ept_leaf leaf = leaf_at(eptp, 0, gpa);
	unsigned int i;

	ASSERT_EQ(level, leaf.level);
	EXPECT_EQ(0, leaf.entry & EPT_ADDRESS & (bytes - 1));
	EXPECT_EQ(0, level_at(eptp, base - 1));
	EXPECT_EQ(0, level_at(eptp, base + bytes));
	for (i = 0; i < 64; i++) {
		at = base + (i < 2 ? i * (bytes - 1) : unit_random() & (bytes - 1));
		EXPECT_EQ(level, level_at(eptp, at));
		EXPECT_EQ(host_of(l1_gpa - gpa + at), reached(leaf_at(eptp, 0, at), at));
	}
}

/* ---- sizes ----------------------------------------------------------------------------------- */

static const struct {
	u64 gpa;
	u64 (*where)(u64 gpa);
	unsigned int level;
} kinds[] = {
	{ WHOLE, in_order, EPT_LEVEL_1G },
	{ PIECES, in_pieces, EPT_LEVEL_2M },
	{ PAGES, in_pages, EPT_LEVEL_4K },
	{ ASKEW, in_order_askew, EPT_LEVEL_4K },
	{ ODD, in_order_but_one, EPT_LEVEL_4K },
	{ SHIFTED, in_order_shifted, EPT_LEVEL_2M },
};

/* Of an EPT12 of @levels, with leaves of @level12, over memory of kind @kind. */
static void merge(unsigned int levels, unsigned int level12, unsigned int kind)
{
	static const u64 offsets[] = {
		0, GIB - 1, 5 * MIB2 + 7 * PAGE_SIZE + 8, GIB - MIB2, PAGE_SIZE,
	};
	u64 base = 3 * GIB | (levels == 5 ? BIT_ULL(51) | BIT_ULL(48) : BIT_ULL(47));
	u64 size = EPT_LEVEL_BYTES(level12);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		u64 gpa = base + offsets[i], l1_gpa = kinds[kind].gpa + offsets[i];
		unsigned int level = min(level12, kinds[kind].level);
		u64 eptp = new_ept12(levels);

		map12(eptp, gpa, level12, (l1_gpa & ~(size - 1)) | WB | EPT_RWX);
		EXPECT_EQ(EPT_RETRY, touch(eptp, 0, gpa, WRITE));
		expect_leaf(eptp, gpa, l1_gpa, level);
		EXPECT_EQ(WB | EPT_RWX, leaf_at(eptp, 0, gpa).entry & 0x7f);
		/* Addresses that differ above what 4 levels translate are different. */
		if (levels == 5)
			EXPECT_EQ(0, level_at(eptp, gpa & GENMASK_ULL(47, 0)));
		used = 0;
		ept_invalidate_all(&ept);
	}
}

UNIT_TEST(a_leaf_is_as_large_as_the_smaller_of_both_pages)
{
	unsigned int levels, level12, kind;

	begin(OFFER_ALL);
	for (kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		add_range(kinds[kind].gpa, GIB, true, kinds[kind].where);
	for (levels = 4; levels <= 5; levels++)
		for (level12 = EPT_LEVEL_4K; level12 <= EPT_LEVEL_1G; level12++)
			for (kind = 0; kind < ARRAY_SIZE(kinds); kind++)
				merge(levels, level12, kind);
	end();
}

/* What L1 takes for a GByte may be more than it has. */
UNIT_TEST(a_gbyte_over_half_a_gbyte_ends_where_the_memory_ends)
{
	u64 eptp, end_of_half = 512 * MIB2 / 2;

	begin(OFFER_ALL);
	add_range(HALF, end_of_half, true, in_order);
	eptp = new_ept12(4);
	map12(eptp, 0, EPT_LEVEL_1G, HALF | WB | EPT_RWX);
	EXPECT_EQ(EPT_RETRY, touch(eptp, 0, end_of_half - 1, READ));
	expect_leaf(eptp, end_of_half - 1, HALF + end_of_half - 1, EPT_LEVEL_2M);
	EXPECT_EQ(EPT_HOLE, touch(eptp, 0, end_of_half, FETCH));
	EXPECT_EQ(HALF + end_of_half, fault.l1_gpa);
	EXPECT_EQ(FETCH, fault.access);
	EXPECT_EQ(0, level_at(eptp, end_of_half));
	end();
}

/* One of them may go, or be read-only. */
UNIT_TEST(a_leaf_is_never_of_two_ranges)
{
	u64 eptp;

	begin(OFFER_ALL);
	add_range(WHOLE, GIB / 2, true, in_order);
	add_range(WHOLE + GIB / 2, GIB / 2, true, in_order);
	eptp = new_ept12(4);
	map12(eptp, 0, EPT_LEVEL_1G, WHOLE | WB | EPT_RWX);
	EXPECT_EQ(EPT_RETRY, touch(eptp, 0, GIB / 2, READ));
	expect_leaf(eptp, GIB / 2, WHOLE + GIB / 2, EPT_LEVEL_2M);
	EXPECT_EQ(EPT_RETRY, touch(eptp, 0, GIB / 2 - 1, READ));
	EXPECT_EQ(EPT_LEVEL_2M, level_at(eptp, GIB / 2 - 1));
	mem.listener->unmap(mem.listener, ranges[2]);
	EXPECT_EQ(0, level_at(eptp, GIB / 2));
	end();
}

/* What an L2 without EPT12 has. */
UNIT_TEST(ept01_maps_all_there_is_and_permits_what_l1_may)
{
	struct ept_leaf leaf;
	unsigned int i;
	u64 at;

	begin(OFFER_ALL);
	add_range(ROM, GIB, false, in_order);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		add_range(kinds[i].gpa, GIB, true, kinds[i].where);
	for (i = 0; i < 20000; i++) {
		at = unit_random() % (40 * GIB);
		if (!ept_tree_find(&ept.ept01, at, &leaf)) {
			EXPECT_EQ(0, host_of(at));
			EXPECT_EQ(EPT_HOLE, touch(EPT_NO_EPT12, 0, at, READ));
			continue;
		}
		EXPECT_EQ(host_of(at), reached(leaf, at));
		EXPECT_EQ(at / GIB == ROM / GIB ? READ | FETCH : EPT_RWX, leaf.entry & EPT_RWX);
	}
	EXPECT_EQ(EPT_HOLE, touch(EPT_NO_EPT12, 0, ROM, WRITE));
	end();
}

UNIT_TEST(what_l1_changes_in_its_tables_counts_after_invept)
{
	u64 eptp[2], i;

	begin(OFFER_ALL);
	add_range(WHOLE, GIB, true, in_order);
	for (i = 0; i < 2; i++) {
		eptp[i] = new_ept12(4);
		map12(eptp[i], 0, EPT_LEVEL_4K, WHOLE | WB | EPT_RWX);
		EXPECT_EQ(EPT_RETRY, touch(eptp[i], 0, 0, READ));
	}
	/* Another table, so that no entry of the one before tells. */
	for (i = 0; i < 2; i++) {
		*word(eptp[i] & EPTP_ADDRESS) = 0;
		map12(eptp[i], 0, EPT_LEVEL_4K, (WHOLE + PAGE_SIZE) | WB | EPT_RWX);
	}
	ept_invalidate_context(&ept, eptp[0]);
	EXPECT_EQ(0, level_at(eptp[0], 0));
	EXPECT_EQ(EPT_LEVEL_4K, level_at(eptp[1], 0));
	EXPECT_EQ(EPT_RETRY, touch(eptp[0], 0, 0, READ));
	expect_leaf(eptp[0], 0, WHOLE + PAGE_SIZE, EPT_LEVEL_4K);
	ept_invalidate_all(&ept);
	EXPECT_EQ(EPT_RETRY, touch(eptp[1], 0, 0, READ));
	expect_leaf(eptp[1], 0, WHOLE + PAGE_SIZE, EPT_LEVEL_4K);
	end();
}

UNIT_TEST(what_l1_may_not_write_l2_may_not_write_whatever_the_size)
{
	unsigned int level;

	begin(OFFER_ALL);
	add_range(ROM, GIB, false, in_order);
	for (level = EPT_LEVEL_4K; level <= EPT_LEVEL_1G; level++) {
		u64 eptp = new_ept12(4);

		map12(eptp, 0, level, ROM | WB | EPT_RWX);
		EXPECT_EQ(EPT_HOLE, touch(eptp, 0, 8, WRITE));
		EXPECT_EQ(WRITE, fault.access);
		EXPECT_EQ(ROM + 8, fault.l1_gpa);
		EXPECT_EQ(0, level_at(eptp, 8));
		EXPECT_EQ(EPT_RETRY, touch(eptp, 0, 8, READ));
		EXPECT_EQ(level, level_at(eptp, 8));
		EXPECT_EQ(READ | FETCH, leaf_at(eptp, 0, 8).entry & EPT_RWX);
		EXPECT_EQ(EPT_HOLE, touch(eptp, 0, 8, WRITE));
	}
	end();
}

UNIT_TEST(permissions_and_memory_type_of_ept12_are_those_of_the_leaf)
{
	static const u64 rwx[] = { READ, READ | WRITE, READ | FETCH, FETCH, EPT_RWX };
	unsigned int level, i, type;

	begin(OFFER_ALL);
	add_range(WHOLE, GIB, true, in_order);
	for (level = EPT_LEVEL_4K; level <= EPT_LEVEL_1G; level++)
		for (i = 0; i < ARRAY_SIZE(rwx); i++)
			for (type = 0; type < 16; type++) {
				u64 eptp = new_ept12(4), bits = rwx[i] | type << 3;
				bool bad = type % 8 == 2 || type % 8 == 3 || type % 8 == 7;

				map12(eptp, 0, level, WHOLE | bits);
				EXPECT_EQ(bad ? EPT_REFLECT_MISCONFIG : EPT_RETRY,
					  touch(eptp, 0, 0, rwx[i] & READ ?: FETCH));
				EXPECT_EQ(bad ? 0 : bits, leaf_at(eptp, 0, 0).entry & 0x7f);
				used = 0;
				ept_invalidate_all(&ept);
			}
	end();
}

/* An EPT12 with flags sees the first write, so its leaf permits none before. */
UNIT_TEST(a_clean_page_of_any_size_faults_once_more_for_a_write)
{
	unsigned int level;

	begin(OFFER_ALL);
	add_range(WHOLE, GIB, true, in_order);
	for (level = EPT_LEVEL_4K; level <= EPT_LEVEL_1G; level++) {
		u64 eptp = new_ept12(5) | AD;

		map12(eptp, 0, level, WHOLE | WB | EPT_RWX);
		EXPECT_EQ(EPT_RETRY, touch(eptp, 0, 0, READ));
		EXPECT_EQ(READ | FETCH, leaf_at(eptp, 0, 0).entry & EPT_RWX);
		EXPECT_EQ(EPT_RETRY, touch(eptp, 0, 0, WRITE));
		EXPECT_EQ(EPT_RWX, leaf_at(eptp, 0, 0).entry & EPT_RWX);
		EXPECT_EQ(level, level_at(eptp, 0));
	}
	end();
}

/* ---- what the processor has -------------------------------------------------------------------- */

static void expect_largest(u64 host, bool multihit, bool off, unsigned int level)
{
	u64 eptp;

	unit_has_multihit = multihit;
	unit_mitigations_off = off;
	begin(host);
	add_range(WHOLE, GIB, true, in_order);
	eptp = new_ept12(4);
	map12(eptp, 0, EPT_LEVEL_1G, WHOLE | WB | EPT_RWX);
	EXPECT_EQ(EPT_RETRY, touch(eptp, 0, 0, READ));
	expect_leaf(eptp, 0, WHOLE, level);
	end();
	unit_has_multihit = unit_mitigations_off = false;
}

UNIT_TEST(leaves_are_as_large_as_the_processor_has_and_may_have)
{
	expect_largest(OFFER_ALL, false, false, EPT_LEVEL_1G);
	expect_largest(OFFER_ALL & ~BIT_ULL(17), false, false, EPT_LEVEL_2M);
	expect_largest(OFFER_ALL & ~BIT_ULL(16), false, false, EPT_LEVEL_4K);
	expect_largest(OFFER_ALL, true, false, EPT_LEVEL_4K);
	expect_largest(OFFER_ALL, true, true, EPT_LEVEL_1G);
}

/* ---- the APIC-access page -------------------------------------------------------------------------- */

UNIT_TEST(the_apic_access_page_is_cut_out_of_pages_of_any_size)
{
	u64 apic = WHOLE + 3 * MIB2 + 5 * PAGE_SIZE, access = apic | EPT_APIC_ACCESS;
	u64 eptp, offset = apic - WHOLE;

	begin(OFFER_ALL);
	add_range(WHOLE, GIB, true, in_order);
	eptp = new_ept12(4);
	map12(eptp, 0, EPT_LEVEL_1G, WHOLE | WB | EPT_RWX);
	EXPECT_EQ(EPT_RETRY, touch(eptp, access, offset, WRITE));
	EXPECT_EQ(EPT_LEVEL_4K, leaf_at(eptp, access, offset).level);
	EXPECT_EQ(ept_apic_page(&ept), leaf_at(eptp, access, offset).entry & EPT_ADDRESS);
	/* Beside it, in its 2 MiB, in its GByte. */
	EXPECT_EQ(EPT_RETRY, touch(eptp, access, offset + PAGE_SIZE, WRITE));
	EXPECT_EQ(EPT_LEVEL_4K, leaf_at(eptp, access, offset + PAGE_SIZE).level);
	EXPECT_EQ(host_of(apic + PAGE_SIZE),
		  leaf_at(eptp, access, offset + PAGE_SIZE).entry & EPT_ADDRESS);
	EXPECT_EQ(EPT_RETRY, touch(eptp, access, offset + MIB2, WRITE));
	EXPECT_EQ(EPT_LEVEL_2M, leaf_at(eptp, access, offset + MIB2).level);
	EXPECT_EQ(EPT_LEVEL_4K, leaf_at(eptp, access, offset).level);
	/* Without it nothing is cut. */
	EXPECT_EQ(EPT_RETRY, touch(eptp, 0, offset, WRITE));
	EXPECT_EQ(EPT_LEVEL_1G, level_at(eptp, offset));
	end();
}

/* ---- too many tables ---------------------------------------------------------------------------------- */

/* Every address maps to one page, by a table for each level. */
static u64 new_endless(void)
{
	u64 eptp = new_ept12(4), table = eptp & EPTP_ADDRESS, next;
	unsigned int level, i;

	for (level = 4; level; level--, table = next) {
		next = level > 1 ? new_table() : WHOLE | WB;
		for (i = 0; i < 512; i++)
			*word(table + 8 * i) = next | EPT_RWX;
	}
	return eptp;
}

static enum ept_outcome touch_atomic(u64 eptp, u64 gpa)
{
	fault = (struct ept_fault){ .gpa = gpa, .qualification = READ };
	return ept_handle_fault_atomic(&ept, &caps, eptp, &fault);
}

static u64 tables_of(u64 eptp)
{
	struct ept02 *ept02;
	u64 pages;

	mutex_lock(&ept.lock);
	ept02 = ept02_find(&ept, eptp, 0);
	pages = ept02 ? ept02->tree.pages : 0;
	mutex_unlock(&ept.lock);
	return pages;
}

UNIT_TEST(the_ept02_not_asked_for_for_longest_is_emptied_first)
{
	u64 eptp[3], gpa = 0, most = 0, pages, live;
	unsigned int i, emptied = 0;

	begin(OFFER_ALL);
	add_range(WHOLE, MIB2, true, in_order);
	for (i = 0; i < 3; i++)
		eptp[i] = new_endless();
	/* Made in one order, asked for last in another. */
	for (i = 0; i < 3; i++)
		EXPECT_EQ(EPT_RETRY, touch(eptp[i], 0, 0, READ));
	EXPECT_EQ(EPT_RETRY, touch(eptp[0], 0, 0, READ));
	live = unit_pages_live;
	for (i = 0; i < 2000; i++, gpa += MIB2) {
		EXPECT_EQ(EPT_RETRY, touch(eptp[2], 0, gpa, READ));
		EXPECT_EQ(EPT_LEVEL_4K, level_at(eptp[2], gpa));
		pages = tables_of(eptp[0]) + tables_of(eptp[1]) + tables_of(eptp[2]);
		most = max(most, pages);
		if (!emptied && tables_of(eptp[1]) == 1) {
			EXPECT_EQ(4, tables_of(eptp[0]));
			emptied = 1;
		}
		if (tables_of(eptp[0]) == 1)
			EXPECT_EQ(1, emptied);
		/* There are spare tables, but no room for them. */
		if (ept02s_are_full(&ept))
			EXPECT_EQ(EPT_SLEEP, touch_atomic(eptp[2], gpa + MIB2));
	}
	EXPECT_EQ(1, tables_of(eptp[0]));
	EXPECT_EQ(1, tables_of(eptp[1]));
	/* EPT02_TABLES of ept.c, and one for each 128 pages of L1's memory. */
	EXPECT_TRUE(most <= 256 + mem.page_count / 128);
	EXPECT_TRUE(most > 200);
	EXPECT_TRUE(unit_pages_live <= live + 256 + mem.page_count / 128);
	end();
}

UNIT_TEST(the_33rd_ept12_takes_the_place_of_the_one_not_asked_for_for_longest)
{
	u64 eptp[EPT02_MAX + 1], eptp02, generation;
	unsigned int i;

	begin(OFFER_ALL);
	for (i = 0; i <= EPT02_MAX; i++)
		eptp[i] = new_ept12(4 + i % 2);
	for (i = 0; i < EPT02_MAX; i++)
		EXPECT_EQ(0, ept02_get(&ept, eptp[i], 0, &eptp02));
	EXPECT_EQ(0, ept02_get(&ept, eptp[0], 0, &eptp02));
	generation = ept_generation(&ept);
	EXPECT_EQ(0, ept02_get(&ept, eptp[EPT02_MAX], 0, &eptp02));
	EXPECT_TRUE(ept_generation(&ept) != generation);
	EXPECT_EQ(EPT02_MAX, ept.ept02_count);
	EXPECT_EQ(0, tables_of(eptp[1]));
	EXPECT_EQ(1, tables_of(eptp[0]));
	/* L2 that still runs with it finds out. */
	generation = ept_generation(&ept);
	fault = (struct ept_fault){ .gpa = 0, .qualification = READ };
	EXPECT_EQ(EPT_RETRY, ept_handle_fault(&ept, &caps, eptp[1], &fault));
	EXPECT_TRUE(ept_generation(&ept) != generation);
	end();
}

/* ---- where nobody may sleep ---------------------------------------------------------------------------- */

UNIT_TEST(without_sleep_a_fault_takes_spare_tables_or_waits)
{
	unsigned int settled = 0;
	u64 eptp, gpa = 0;
	long live;

	begin(OFFER_ALL);
	add_range(WHOLE, MIB2, true, in_order);
	eptp = new_endless();
	EXPECT_EQ(EPT_RETRY, touch(eptp, 0, gpa, READ));
	live = unit_pages_live;
	for (gpa = MIB2; touch_atomic(eptp, gpa) == EPT_RETRY; gpa += MIB2, settled++)
		EXPECT_EQ(EPT_LEVEL_4K, level_at(eptp, gpa));
	EXPECT_TRUE(settled > 4 && settled < 32);
	EXPECT_EQ(0, level_at(eptp, gpa));
	EXPECT_EQ(live, unit_pages_live);
	EXPECT_EQ(EPT_RETRY, touch(eptp, 0, gpa, READ));
	EXPECT_EQ(EPT_RETRY, touch_atomic(eptp, gpa + MIB2));
	/* Somebody else is at it. */
	mutex_lock(&ept.lock);
	EXPECT_EQ(EPT_SLEEP, touch_atomic(eptp, gpa));
	mutex_unlock(&ept.lock);
	end();
}

UNIT_TEST(without_sleep_no_table_makes_way_for_a_large_page)
{
	u64 eptp;

	begin(OFFER_ALL);
	add_range(WHOLE, GIB, true, in_order);
	eptp = new_ept12(4);
	map12(eptp, MIB2, EPT_LEVEL_4K, WHOLE | WB | EPT_RWX);
	EXPECT_EQ(EPT_RETRY, touch(eptp, 0, MIB2, READ));
	map12(eptp, 0, EPT_LEVEL_1G, WHOLE | WB | EPT_RWX);
	EXPECT_EQ(EPT_SLEEP, touch_atomic(eptp, 0));
	EXPECT_EQ(EPT_LEVEL_4K, level_at(eptp, MIB2));
	flushes = 0;
	EXPECT_EQ(EPT_RETRY, touch(eptp, 0, 0, READ));
	EXPECT_EQ(1, flushes);
	expect_leaf(eptp, 0, WHOLE, EPT_LEVEL_1G);
	end();
}

UNIT_MAIN
