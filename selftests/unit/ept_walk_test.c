// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: ept_walk.c
/*
 * The walk of EPT12: single rules one by one, then random tables against a
 * walker that is written down bit by bit from the SDM's tables of formats.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "ept_walk.h"
#include "unit.h"

#define TABLES		12
#define BASE		0x40000000ULL
#define EPTP4		(BASE | 3 << 3 | 6)
#define EPTP5		(BASE | 4 << 3 | 6)
#define AD		BIT_ULL(6)
#define READ		1
#define WRITE		2
#define FETCH		4
#define LINEAR		BIT_ULL(7)
#define TRANSLATED	BIT_ULL(8)
#define ADVANCED	GENMASK_ULL(11, 9)

/* L1's memory: tables from BASE on, holes elsewhere. */
static u64 memory[TABLES][512];
static bool read_only;
static int change_after;
static unsigned int reads, sets;

static u64 *word(u64 gpa)
{
	if (gpa < BASE || gpa >= BASE + sizeof(memory))
		return NULL;

	return &memory[(gpa - BASE) / 4096][gpa % 4096 / 8];
}

static u64 read_word(void *ctx, u64 gpa)
{
	reads++;
	EXPECT_EQ(0, gpa % 8);
	EXPECT_TRUE(ctx == &memory);
	return word(gpa) ? *word(gpa) : ~0ULL;
}

static bool set_word(void *ctx, u64 gpa, u64 old, u64 bits)
{
	sets++;
	EXPECT_EQ(0, bits & ~(BIT_ULL(8) | BIT_ULL(9)));
	EXPECT_TRUE(ctx == &memory);
	if (!word(gpa) || read_only)
		return true;
	if (change_after && !--change_after)
		*word(gpa) ^= BIT_ULL(11);
	if (*word(gpa) != old)
		return false;
	*word(gpa) |= bits;
	return true;
}

static const struct ept12_memory l1 = { read_word, set_word, &memory };

/* Everything, or nothing, of what EPT can offer. */
static struct nvmx_caps caps_with(u64 ept_bits, u32 maxphyaddr)
{
	struct nvmx_caps caps = { .maxphyaddr = maxphyaddr };

	caps.msr[CAPS_EPT_VPID] = ept_bits;
	return caps;
}

#define OFFER_ALL	(BIT_ULL(0) | BIT_ULL(16) | BIT_ULL(17) | BIT_ULL(21))

static struct nvmx_caps all;

/*
 * Tables for one translation, of @levels, that ends at @leaf; the entry of level
 * n is *slot[n].  All permit everything, the leaf maps @page write-back.
 */
static u64 *slot[6];

static void build(unsigned int levels, unsigned int leaf, u64 gpa, u64 page)
{
	unsigned int level, table = 0;

	memset(memory, 0, sizeof(memory));
	memset(slot, 0, sizeof(slot));
	all = caps_with(OFFER_ALL, 46);
	read_only = false;
	change_after = 0;
	sets = 0;
	for (level = levels; level >= leaf; level--, table++) {
		slot[level] = &memory[table][(gpa >> (3 + 9 * level)) & 511];
		*slot[level] = (BASE + (table + 1) * 4096) | 7;
	}
	*slot[leaf] = page | 6 << 3 | 7;
	if (leaf > 1)
		*slot[leaf] |= BIT_ULL(7);
}

static enum ept_walk_result walk_qual(u64 eptp, u64 gpa, u64 qualification,
				      struct ept_translation *t)
{
	struct ept_walk_cache cache = { .valid = false };

	*t = (struct ept_translation){ .gpa = gpa, .qualification = qualification };
	reads = 0;
	return ept_walk(&all, eptp, &l1, &cache, t);
}

static enum ept_walk_result walk(u64 eptp, u64 gpa, u64 access)
{
	struct ept_translation t;

	return walk_qual(eptp, gpa, access, &t);
}

#define GPA	0x0000123456789abcULL

static u64 eptp_of(unsigned int levels)
{
	return levels == 5 ? EPTP5 : EPTP4;
}

UNIT_TEST(a_page_of_each_size_translates_at_4_and_5_levels)
{
	unsigned int levels, leaf;
	struct ept_translation t;

	for (levels = 4; levels <= 5; levels++) {
		u64 gpa = levels == 5 ? GPA | BIT_ULL(51) : GPA;

		for (leaf = 1; leaf <= 3; leaf++) {
			u64 offset = (1ULL << (3 + 9 * leaf)) - 1;

			build(levels, leaf, gpa, 0x340000000ULL);
			EXPECT_EQ(EPT_WALK_OK, walk_qual(eptp_of(levels), gpa, READ, &t));
			EXPECT_EQ(0x340000000ULL | (gpa & offset), t.l1_gpa);
			EXPECT_EQ(leaf, t.level);
			EXPECT_EQ(7, t.rwx);
			EXPECT_EQ(6 << 3, t.memory_type);
			EXPECT_EQ(READ, t.access);
			EXPECT_EQ(levels - leaf + 1, reads);
			EXPECT_EQ(0, sets);
		}
	}
}

UNIT_TEST(an_entry_that_is_not_present_is_a_violation_whatever_its_other_bits)
{
	unsigned int level;
	struct ept_translation t;

	for (level = 1; level <= 5; level++) {
		build(5, 1, GPA, 0x5000);
		*slot[level] = ~7ULL;
		EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP5 | AD, GPA, WRITE, &t));
		EXPECT_EQ(WRITE, t.qualification);
		EXPECT_EQ(6 - level, reads);
		EXPECT_EQ(0, sets);
	}
}

UNIT_TEST(a_gpa_past_the_width_of_the_table_is_a_violation)
{
	struct ept_translation t;
	unsigned int bit;

	for (bit = 48; bit < 52; bit++) {
		build(4, 1, GPA, 0x5000);
		EXPECT_EQ(EPT_WALK_VIOLATION,
			  walk_qual(EPTP4, GPA | BIT_ULL(bit), FETCH, &t));
		EXPECT_EQ(FETCH, t.qualification);
		EXPECT_EQ(0, reads);
	}
}

UNIT_TEST(any_number_of_levels_in_the_pointer_ends)
{
	u64 levels;

	for (levels = 0; levels < 8; levels++) {
		build(4, 1, GPA, 0x5000);
		walk((EPTP4 & ~(7ULL << 3)) | levels << 3, GPA, READ);
		EXPECT_TRUE(reads <= 5);
	}
}

/* Whether the SDM's format of an entry reserves a bit; written row by row. */
static bool ref_reserved(unsigned int level, bool leaf, unsigned int bit, u32 width)
{
	if (bit >= width && bit <= 51)
		return true;
	switch (level) {
	case 5:
	case 4:
		return bit >= 3 && bit <= 7;
	case 3:
		return leaf ? bit >= 12 && bit <= 29 : bit >= 3 && bit <= 6;
	case 2:
		return leaf ? bit >= 12 && bit <= 20 : bit >= 3 && bit <= 6;
	default:
		return false;
	}
}

UNIT_TEST(every_bit_of_every_entry_is_reserved_or_not_as_the_formats_say)
{
	unsigned int leaf, level, bit;
	u32 width;

	for (width = 36; width <= 52; width += 4) {
		for (leaf = 1; leaf <= 3; leaf++)
			for (level = leaf; level <= 5; level++)
				for (bit = 3; bit < 64; bit++) {
					bool want = ref_reserved(level, level == leaf, bit, width);
					bool other = (bit <= 5 && level == leaf) ||
						     (bit >= 12 && !want) || bit == 7;

					build(5, leaf, GPA, 0);
					all.maxphyaddr = width;
					*slot[level] |= BIT_ULL(bit);
					/* Memory types and addresses have tests of their own. */
					if (other && !want && bit < 52)
						continue;
					if (!EXPECT_EQ(want ? EPT_WALK_MISCONFIG : EPT_WALK_OK,
						       walk(EPTP5, GPA, READ)))
						UNIT_NOTE("leaf %u level %u bit %u width %u",
							  leaf, level, bit, width);
				}
	}
}

UNIT_TEST(a_large_page_that_is_not_offered_is_a_misconfiguration)
{
	build(4, 2, GPA, 0);
	all = caps_with(OFFER_ALL & ~BIT_ULL(16), 46);
	EXPECT_EQ(EPT_WALK_MISCONFIG, walk(EPTP4, GPA, READ));
	build(4, 3, GPA, 0);
	all = caps_with(OFFER_ALL & ~BIT_ULL(17), 46);
	EXPECT_EQ(EPT_WALK_MISCONFIG, walk(EPTP4, GPA, READ));
	build(4, 3, GPA, 0);
	all = caps_with(OFFER_ALL & ~BIT_ULL(16), 46);
	EXPECT_EQ(EPT_WALK_OK, walk(EPTP4, GPA, READ));
}

UNIT_TEST(bit_7_of_a_4k_entry_is_ignored)
{
	build(4, 1, GPA, 0x5000);
	*slot[1] |= BIT_ULL(7);
	EXPECT_EQ(EPT_WALK_OK, walk(EPTP4, GPA, READ));
}

UNIT_TEST(memory_types_2_3_and_7_are_misconfigurations_in_leaves_alone)
{
	struct ept_translation t;
	unsigned int leaf, pat;
	u64 type;

	for (leaf = 1; leaf <= 3; leaf++)
		for (pat = 0; pat < 2; pat++)
			for (type = 0; type < 8; type++) {
				bool bad = type == 2 || type == 3 || type == 7;

				build(4, leaf, GPA, 0);
				*slot[leaf] &= ~(7ULL << 3);
				*slot[leaf] |= type << 3 | pat << 6;
				EXPECT_EQ(bad ? EPT_WALK_MISCONFIG : EPT_WALK_OK,
					  walk_qual(EPTP4, GPA, READ, &t));
				if (!bad)
					EXPECT_EQ(type << 3 | pat << 6, t.memory_type);
			}
}

UNIT_TEST(an_entry_with_write_and_no_read_is_a_misconfiguration)
{
	unsigned int leaf, level, rwx;

	for (leaf = 1; leaf <= 3; leaf++)
		for (level = leaf; level <= 5; level++)
			for (rwx = 2; rwx <= 6; rwx += 4) {
				build(5, leaf, GPA, 0);
				*slot[level] = (*slot[level] & ~7ULL) | rwx;
				EXPECT_EQ(EPT_WALK_MISCONFIG, walk(EPTP5, GPA, READ));
				EXPECT_EQ(EPT_WALK_MISCONFIG, walk(EPTP5, GPA, FETCH));
			}
}

UNIT_TEST(execute_only_is_a_misconfiguration_unless_offered)
{
	unsigned int leaf, level;

	for (leaf = 1; leaf <= 3; leaf++)
		for (level = leaf; level <= 5; level++) {
			build(5, leaf, GPA, 0);
			*slot[level] = (*slot[level] & ~7ULL) | FETCH;
			EXPECT_EQ(EPT_WALK_OK, walk(EPTP5, GPA, FETCH));
			EXPECT_EQ(EPT_WALK_VIOLATION, walk(EPTP5, GPA, READ));
			all = caps_with(OFFER_ALL & ~BIT_ULL(0), 46);
			EXPECT_EQ(EPT_WALK_MISCONFIG, walk(EPTP5, GPA, FETCH));
			EXPECT_EQ(EPT_WALK_MISCONFIG, walk(EPTP5, GPA, READ));
		}
}

UNIT_TEST(a_misconfiguration_further_down_comes_before_a_permission_further_up)
{
	build(4, 1, GPA, 0x5000);
	*slot[4] = (*slot[4] & ~7ULL) | READ;
	*slot[1] = (*slot[1] & ~7ULL) | WRITE;
	EXPECT_EQ(EPT_WALK_MISCONFIG, walk(EPTP4, GPA, WRITE));
	/* But what is not present ends the walk. */
	*slot[2] = 0;
	EXPECT_EQ(EPT_WALK_VIOLATION, walk(EPTP4, GPA, WRITE));
}

UNIT_TEST(permissions_of_two_entries_combine_for_every_access_and_size)
{
	static const unsigned int legal[] = { 1, 3, 4, 5, 7 };
	unsigned int leaf, a, b, access;
	struct ept_translation t;

	for (leaf = 1; leaf <= 3; leaf++)
		for (a = 0; a < ARRAY_SIZE(legal); a++)
			for (b = 0; b < ARRAY_SIZE(legal); b++)
				for (access = 1; access < 8; access++) {
					unsigned int rwx = legal[a] & legal[b];
					bool ok = !(access & ~rwx);

					build(4, leaf, GPA, 0);
					*slot[4] = (*slot[4] & ~7ULL) | legal[a];
					*slot[leaf] = (*slot[leaf] & ~7ULL) | legal[b];
					EXPECT_EQ(ok ? EPT_WALK_OK : EPT_WALK_VIOLATION,
						  walk_qual(EPTP4, GPA, access | LINEAR | TRANSLATED, &t));
					if (ok)
						EXPECT_EQ(rwx, t.rwx);
					else
						EXPECT_EQ(access | rwx << 3 | LINEAR | TRANSLATED,
							  t.qualification);
				}
}

UNIT_TEST(a_violation_keeps_of_the_processors_qualification_what_is_offered)
{
	u64 kept = LINEAR | TRANSLATED | BIT_ULL(12) | BIT_ULL(16);
	struct ept_translation t;

	build(4, 1, GPA, 0x5000);
	*slot[1] = 0;
	EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP4, GPA, ~0ULL, &t));
	EXPECT_EQ(7 | kept, t.qualification);
	all = caps_with(OFFER_ALL | BIT_ULL(22), 46);
	EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP4, GPA, ~0ULL, &t));
	EXPECT_EQ(7 | kept | ADVANCED, t.qualification);
	EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP4, GPA, READ | TRANSLATED, &t));
	EXPECT_EQ(READ, t.qualification);
}

UNIT_TEST(flags_are_set_where_the_pointer_enables_them)
{
	unsigned int levels, leaf, level, access;
	struct ept_translation t;

	for (levels = 4; levels <= 5; levels++)
		for (leaf = 1; leaf <= 3; leaf++)
			for (access = 1; access < 8; access++) {
				build(levels, leaf, GPA, 0);
				EXPECT_EQ(EPT_WALK_OK, walk(eptp_of(levels), GPA, access));
				EXPECT_EQ(0, sets);
				EXPECT_EQ(EPT_WALK_OK,
					  walk_qual(eptp_of(levels) | AD, GPA, access, &t));
				EXPECT_EQ(levels - leaf + 1, sets);
				EXPECT_EQ(access & WRITE ? 7 : 5, t.rwx);
				for (level = leaf; level <= levels; level++) {
					u64 want = BIT_ULL(8);

					if (level == leaf && (access & WRITE))
						want |= BIT_ULL(9);
					EXPECT_EQ(want, *slot[level] & (BIT_ULL(8) | BIT_ULL(9)));
				}
			}
}

UNIT_TEST(flags_that_are_set_are_not_set_again)
{
	struct ept_translation t;

	build(4, 1, GPA, 0x5000);
	EXPECT_EQ(EPT_WALK_OK, walk(EPTP4 | AD, GPA, WRITE));
	sets = 0;
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4 | AD, GPA, READ, &t));
	EXPECT_EQ(0, sets);
	/* The dirty flag is there: the next write needs no walk. */
	EXPECT_EQ(7, t.rwx);
}

UNIT_TEST(a_refused_access_sets_no_flag)
{
	build(4, 1, GPA, 0x5000);
	*slot[1] = (*slot[1] & ~7ULL) | READ;
	EXPECT_EQ(EPT_WALK_VIOLATION, walk(EPTP4 | AD, GPA, WRITE));
	*slot[1] |= WRITE | 7 << 3;
	EXPECT_EQ(EPT_WALK_MISCONFIG, walk(EPTP4 | AD, GPA, WRITE));
	EXPECT_EQ(0, sets);
}

UNIT_TEST(with_flags_an_access_of_a_page_walk_is_a_write)
{
	struct ept_translation t;

	build(4, 1, GPA, 0x5000);
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4 | AD, GPA, READ | LINEAR, &t));
	EXPECT_EQ(READ | WRITE, t.access);
	EXPECT_TRUE(*slot[1] & BIT_ULL(9));
	*slot[1] &= ~(u64)WRITE;
	EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP4 | AD, GPA, READ | LINEAR, &t));
	EXPECT_EQ(READ | WRITE | 5 << 3 | LINEAR, t.qualification);
	/* Not without flags, not for data, not for PDPTEs loaded by MOV to CR. */
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4, GPA, READ | LINEAR, &t));
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4 | AD, GPA, READ | LINEAR | TRANSLATED, &t));
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4 | AD, GPA, READ, &t));
}

UNIT_TEST(an_entry_that_changes_under_the_walk_means_walk_again)
{
	int n;

	for (n = 1; n <= 4; n++) {
		build(4, 1, GPA, 0x5000);
		change_after = n;
		EXPECT_EQ(EPT_WALK_AGAIN, walk(EPTP4 | AD, GPA, WRITE));
		EXPECT_EQ(n, sets);
		EXPECT_EQ(EPT_WALK_OK, walk(EPTP4 | AD, GPA, WRITE));
	}
}

UNIT_TEST(tables_in_read_only_memory_lose_their_flags_and_nothing_else)
{
	struct ept_translation t;

	build(4, 1, GPA, 0x5000);
	read_only = true;
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4 | AD, GPA, WRITE, &t));
	EXPECT_EQ(7, t.rwx);
	EXPECT_EQ(0, *slot[1] & (BIT_ULL(8) | BIT_ULL(9)));
}

UNIT_TEST(a_table_in_a_hole_is_all_ones_and_so_a_misconfiguration)
{
	unsigned int level;

	EXPECT_EQ(EPT_WALK_MISCONFIG, walk(0x7000ULL | 3 << 3 | 6, GPA, READ));
	for (level = 2; level <= 4; level++) {
		build(4, 1, GPA, 0x5000);
		*slot[level] = 0x7007;
		EXPECT_EQ(EPT_WALK_MISCONFIG, walk(EPTP4, GPA, READ));
	}
}

UNIT_TEST(a_full_log_lets_no_flag_be_set)
{
	struct ept_walk_cache cache = { .valid = false };
	struct ept_translation t;
	unsigned int access;

	for (access = 1; access < 8; access++) {
		build(4, 1, GPA, 0x5000);
		t = (struct ept_translation){
			.gpa = GPA, .qualification = access, .log_full = true,
		};
		EXPECT_EQ(EPT_WALK_LOG_FULL, ept_walk(&all, EPTP4 | AD, &l1, &cache, &t));
		EXPECT_EQ(0, sets);
		/* Nothing to be set, or nobody to set it: nothing to be logged. */
		EXPECT_EQ(EPT_WALK_OK, ept_walk(&all, EPTP4, &l1, &cache, &t));
		EXPECT_EQ(EPT_WALK_OK, walk(EPTP4 | AD, GPA, access));
		EXPECT_EQ(EPT_WALK_OK, ept_walk(&all, EPTP4 | AD, &l1, &cache, &t));
		cache.valid = false;
	}
}

UNIT_TEST(a_page_is_dirtied_once)
{
	struct ept_translation t;

	build(4, 1, GPA, 0x5000);
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4 | AD, GPA, READ, &t));
	EXPECT_FALSE(t.dirtied);
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4, GPA, WRITE, &t));
	EXPECT_FALSE(t.dirtied);
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4 | AD, GPA, WRITE, &t));
	EXPECT_TRUE(t.dirtied);
	EXPECT_EQ(EPT_WALK_OK, walk_qual(EPTP4 | AD, GPA, WRITE, &t));
	EXPECT_FALSE(t.dirtied);
}

UNIT_TEST(bit_63_of_the_entry_that_decides_suppresses_ve)
{
	struct ept_translation t;
	unsigned int level;

	for (level = 1; level <= 4; level++) {
		build(4, 1, GPA, 0x5000);
		*slot[level] = 0;
		EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP4, GPA, READ, &t));
		EXPECT_TRUE(t.convertible);
		*slot[level] = EPT_SUPPRESS_VE;
		EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP4, GPA, READ, &t));
		EXPECT_FALSE(t.convertible);
		/* Permissions: the leaf decides, whichever entry lacks them. */
		build(4, 1, GPA, 0x5000);
		*slot[level] &= ~(u64)WRITE;
		*slot[level] |= level > 1 ? EPT_SUPPRESS_VE : 0;
		EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP4, GPA, WRITE, &t));
		EXPECT_TRUE(t.convertible);
		*slot[1] |= EPT_SUPPRESS_VE;
		EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP4, GPA, WRITE, &t));
		EXPECT_FALSE(t.convertible);
	}
	EXPECT_EQ(EPT_WALK_VIOLATION, walk_qual(EPTP4, BIT_ULL(50), WRITE, &t));
	EXPECT_FALSE(t.convertible);
}

UNIT_TEST(a_pointer_is_legal_as_for_vm_entry)
{
	unsigned int bit, type, levels;
	u64 good = BASE | 3 << 3 | 6;

	all = caps_with(OFFER_ALL | BIT_ULL(6) | BIT_ULL(8) | BIT_ULL(14), 46);
	for (type = 0; type < 8; type++)
		EXPECT_EQ(type == 0 || type == 6,
			  ept_pointer_is_legal(&all, (good & ~7ULL) | type));
	for (levels = 0; levels < 8; levels++)
		EXPECT_EQ(levels == 3, ept_pointer_is_legal(&all, BASE | levels << 3 | 6));
	for (bit = 6; bit < 64; bit++)
		EXPECT_EQ(bit == 6 || (bit >= 12 && bit < 46),
			  ept_pointer_is_legal(&all, good | BIT_ULL(bit)));
	all = caps_with(BIT_ULL(7) | BIT_ULL(14), 40);
	EXPECT_FALSE(ept_pointer_is_legal(&all, good));
	EXPECT_TRUE(ept_pointer_is_legal(&all, BASE | 4 << 3 | 6));
	EXPECT_FALSE(ept_pointer_is_legal(&all, BASE | 4 << 3));
	EXPECT_FALSE(ept_pointer_is_legal(&all, BASE | 4 << 3 | 6 | AD));
	EXPECT_FALSE(ept_pointer_is_legal(&all, BASE | 4 << 3 | 6 | BIT_ULL(40)));
}

UNIT_TEST(a_cached_table_saves_the_entries_above_it)
{
	struct ept_walk_cache cache = { .valid = false };
	struct ept_translation t = { .gpa = GPA, .qualification = READ };

	build(4, 1, GPA, 0x5000);
	reads = 0;
	EXPECT_EQ(EPT_WALK_OK, ept_walk(&all, EPTP4, &l1, &cache, &t));
	EXPECT_EQ(4, reads);
	EXPECT_EQ(EPT_WALK_OK, ept_walk(&all, EPTP4, &l1, &cache, &t));
	EXPECT_EQ(5, reads);
	EXPECT_EQ(0x5000 | (GPA & 4095), t.l1_gpa);
	/* Taken away above: seen after INVEPT at the latest. */
	*slot[3] = 0;
	EXPECT_EQ(EPT_WALK_OK, ept_walk(&all, EPTP4, &l1, &cache, &t));
	/* Given above: seen at once. */
	build(4, 1, GPA, 0x5000);
	*slot[3] &= ~(u64)WRITE;
	cache.valid = false;
	t.qualification = READ;
	EXPECT_EQ(EPT_WALK_OK, ept_walk(&all, EPTP4, &l1, &cache, &t));
	*slot[3] |= WRITE;
	t.qualification = WRITE;
	EXPECT_EQ(EPT_WALK_OK, ept_walk(&all, EPTP4, &l1, &cache, &t));
	/* What goes wrong goes wrong by the tables, not by the cache. */
	*slot[4] = 0;
	*slot[1] = 0;
	t.qualification = WRITE;
	EXPECT_EQ(EPT_WALK_VIOLATION, ept_walk(&all, EPTP4, &l1, &cache, &t));
	EXPECT_FALSE(cache.valid);
	EXPECT_EQ(WRITE, t.qualification);
}

/* ---- random tables against an obvious walker ------------------------------ */

static bool ref_offered(unsigned int bit)
{
	return all.msr[CAPS_EPT_VPID] >> bit & 1;
}

static bool ref_misconfigured(unsigned int level, bool leaf, u64 entry)
{
	unsigned int bit;

	if (entry % 8 == 2 || entry % 8 == 6)
		return true;
	if (entry % 8 == 4 && !ref_offered(0))
		return true;
	if (leaf && ((level == 2 && !ref_offered(16)) || (level == 3 && !ref_offered(17))))
		return true;
	for (bit = 3; bit < 52; bit++) {
		if ((entry >> bit & 1) && ref_reserved(level, leaf, bit, all.maxphyaddr))
			return true;
	}
	return leaf && (entry / 8 % 8 == 2 || entry / 8 % 8 == 3 || entry / 8 % 8 == 7);
}

static enum ept_walk_result ref_violation(struct ept_translation *t, u64 rwx)
{
	t->qualification = t->access | rwx << 3 |
			   (t->qualification & (BIT_ULL(12) | LINEAR | TRANSLATED));
	return EPT_WALK_VIOLATION;
}

static u64 ref_access(u64 eptp, u64 qualification)
{
	if ((eptp & AD) && (qualification & LINEAR) && !(qualification & TRANSLATED))
		return (qualification & 7) | 3;
	return qualification & 7;
}

/* @next: what the tables shall hold afterwards. */
static enum ept_walk_result ref_walk(u64 eptp, struct ept_translation *t,
				     u64 (*next)[512])
{
	unsigned int levels = ((eptp >> 3) & 7) + 1, level, i, used = 0;
	u64 table = eptp & GENMASK_ULL(51, 12), entry = 0, rwx = 7, size;
	bool leaf = false;
	u64 *flagged[6];

	t->access = ref_access(eptp, t->qualification);
	memcpy(next, memory, sizeof(memory));
	if (levels == 4 && t->gpa >= 1ULL << 48)
		return ref_violation(t, 0);
	for (level = levels; !leaf; level--) {
		u64 at = table + 8 * ((t->gpa / (1ULL << (3 + 9 * level))) % 512);

		entry = word(at) ? *word(at) : ~0ULL;
		flagged[used++] = word(at) ? &next[(at - BASE) / 4096][at % 4096 / 8] : NULL;
		if (entry % 8 == 0)
			return ref_violation(t, 0);
		leaf = level == 1 || (level <= 3 && (entry & 128));
		if (ref_misconfigured(level, leaf, entry))
			return EPT_WALK_MISCONFIG;
		rwx &= entry;
		table = entry & GENMASK_ULL(51, 12);
		t->level = level;
	}
	if (t->access & ~rwx)
		return ref_violation(t, rwx);
	t->rwx = rwx;
	if (eptp & AD) {
		for (i = 0; i < used; i++)
			*flagged[i] |= 256;
		if (t->access & 2)
			*flagged[used - 1] |= 512;
		else if (!(entry & 512))
			t->rwx &= 5;
	}
	size = 1ULL << (3 + 9 * t->level);
	t->l1_gpa = table / size * size + t->gpa % size;
	t->memory_type = entry & 0x78;
	return EPT_WALK_OK;
}

static u64 random_entry(void)
{
	u64 entry = BASE + unit_random() % (TABLES + 1) * 4096;

	entry |= unit_random() % 3 ? 7 : unit_random() % 8;
	if (!(unit_random() % 4))
		entry |= BIT_ULL(7) | (unit_random() & 0x38) | (unit_random() & 0x40);
	if (unit_random() % 2)
		entry &= ~GENMASK_ULL(29, 12);
	if (!(unit_random() % 8))
		entry |= unit_random() & 0x300;
	if (!(unit_random() % 16))
		entry |= BIT_ULL(unit_random() % 64);
	return entry | (unit_random() & GENMASK_ULL(63, 52));
}

/* What a walk finds must not depend on what earlier ones have left. */
static void compare_cached(u64 eptp, const struct ept_translation *want,
			   enum ept_walk_result result, u64 qualification)
{
	static struct ept_walk_cache cache;
	struct ept_translation got = { .gpa = want->gpa, .qualification = qualification };
	unsigned int twice;

	cache.valid = false;
	for (twice = 0; twice < 2; twice++) {
		got.qualification = qualification;
		EXPECT_EQ(result, ept_walk(&all, eptp, &l1, &cache, &got));
		EXPECT_EQ(result == EPT_WALK_OK && got.level == 1, cache.valid);
	}
	if (result == EPT_WALK_VIOLATION)
		EXPECT_EQ(want->qualification, got.qualification);
	if (result == EPT_WALK_OK) {
		EXPECT_EQ(want->l1_gpa, got.l1_gpa);
		EXPECT_EQ(want->memory_type, got.memory_type);
		EXPECT_EQ(want->level, got.level);
	}
}

static void random_walk(unsigned long *count)
{
	static u64 next[TABLES][512];
	u64 eptp = unit_random() % 2 ? EPTP4 : EPTP5;
	u64 qualification = unit_random() & (7 | LINEAR | BIT_ULL(12));
	struct ept_translation got, want;
	enum ept_walk_result result;
	unsigned int again;

	if ((qualification & LINEAR) && unit_random() % 2)
		qualification |= TRANSLATED;
	if (unit_random() % 2)
		eptp |= AD;
	all = caps_with(OFFER_ALL, 36 + unit_random() % 17);
	if (!(unit_random() % 8))
		all.msr[CAPS_EPT_VPID] &= unit_random();
	want = (struct ept_translation){
		/* Few indices, so that tables are met often. */
		.gpa = unit_random() & 0x0006018180c06fffULL,
		.qualification = qualification,
	};
	result = ref_walk(eptp, &want, next);
	count[result]++;
	/* An entry met at two levels of a walk changes under it, once for each. */
	for (again = 0; again < 5; again++) {
		if (walk_qual(eptp, want.gpa, qualification, &got) != EPT_WALK_AGAIN)
			break;
	}
	EXPECT_EQ(result, walk_qual(eptp, want.gpa, qualification, &got));
	EXPECT_EQ(want.access, got.access);
	if (result == EPT_WALK_VIOLATION)
		EXPECT_EQ(want.qualification, got.qualification);
	if (result == EPT_WALK_OK) {
		EXPECT_EQ(want.l1_gpa, got.l1_gpa);
		EXPECT_EQ(want.level, got.level);
		EXPECT_EQ(want.rwx, got.rwx);
		EXPECT_EQ(want.memory_type, got.memory_type);
		EXPECT_EQ(0, memcmp(next, memory, sizeof(memory)));
	}
	compare_cached(eptp, &want, result, qualification);
}

UNIT_TEST(random_tables_are_walked_as_by_the_obvious_walker)
{
	unsigned long count[4] = { 0 };
	unsigned int round, i;

	read_only = false;
	change_after = 0;
	for (round = 0; round < 40; round++) {
		for (i = 0; i < TABLES * 512; i++)
			memory[i / 512][i % 512] = random_entry();
		for (i = 0; i < 1000; i++)
			random_walk(count);
	}
	UNIT_NOTE("%lu allowed, %lu violations, %lu misconfigurations",
		  count[0], count[1], count[2]);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(count[i] > 1000);
}

UNIT_MAIN
