// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: shadow_vmcs.c field_policy.c
/* VMCS regions: what VMCLEAR writes, and what hostile memory may load. */

#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "entry_checks.h"
#include "shadow_vmcs.h"
#include "unit.h"

u64 entry_checks_groups(enum vmcs_index index)
{
	return BIT_ULL(index % ENTRY_GROUPS);
}

/* The format once more, as words of 64 bits. */
enum { W_HEAD, W_MAGIC, W_VERSION, W_COUNT, W_FIELDS, W_SUM = 511, WORDS };

static u64 region[WORDS];
static struct nvmx_caps caps;
static u8 policy[VMCS_FIELD_COUNT];
static struct shadow_vmcs_store store;
static struct shadow_vmcs *vmcs;

static void fresh(void)
{
	shadow_vmcs_destroy_all(&store);
	vmcs = shadow_vmcs_create(&store, 0x1000);
	if (!vmcs)
		abort();
}

static void begin(enum nvmx_profile profile)
{
	unsigned int i;

	EXPECT_EQ(0, shadow_vmcs_cache_init());
	shadow_vmcs_store_init(&store);
	memset(&caps, 0xff, sizeof(caps));
	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		policy[i] = vmcs_field_table[i].policy[profile];
	fresh();
}

static void end(void)
{
	shadow_vmcs_destroy_all(&store);
	shadow_vmcs_cache_exit();
	EXPECT_EQ(0, unit_alloc_live);
}

static void seal(void)
{
	u64 sum = 0xcbf29ce484222325ULL;
	unsigned int i;

	for (i = W_MAGIC; i < W_SUM; i++) {
		sum ^= region[i];
		sum *= 0x100000001b3ULL;
	}
	region[W_SUM] = sum;
}

static bool load(void)
{
	return vmcs12_from_region(vmcs, &caps, policy, region);
}

static void expect_empty(void)
{
	EXPECT_EQ(0, vmcs->field_count);
	EXPECT_FALSE(vmcs->launched);
	EXPECT_EQ(0, vmcs->dirty[0] | vmcs->dirty[1] | vmcs->dirty[2] | vmcs->dirty[3]);
	EXPECT_TRUE(RB_EMPTY_ROOT(&vmcs->fields));
}

/* A region with the given share of fields, launched, and their values. */
static void fill_region(unsigned int percent, u64 *value, bool *present)
{
	unsigned int i;

	fresh();
	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		present[i] = unit_random() % 100 < percent;
		value[i] = present[i] ? unit_random() & vmcs_field_mask(i) : 0;
		if (present[i])
			vmcs12_write(vmcs, i, value[i]);
	}
	vmcs->launched = true;
	vmcs12_to_region(vmcs, region);
	fresh();
}

static bool wanted(unsigned int i)
{
	if (!vmcs_field_exists(&caps, i))
		return false;
	if (policy[i] == NVMX_POLICY_READ_ONLY)
		return VMCS_ENC_TYPE(vmcs_field_table[i].encoding) == VMCS_EXIT_INFO;

	return policy[i] != NVMX_POLICY_HIDDEN;
}

static void expect_loaded(const u64 *value, const bool *present)
{
	unsigned int i, count = 0;
	bool want;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		want = present[i] && wanted(i);
		count += want;
		if (!EXPECT_EQ(want, vmcs->node[i].present) ||
		    !EXPECT_EQ(want ? value[i] : 0, vmcs12_read(vmcs, i)) ||
		    !EXPECT_EQ(want, vmcs12_is_dirty(vmcs, i)))
			UNIT_NOTE("%s", vmcs_field_table[i].name);
	}
	EXPECT_EQ(count, vmcs->field_count);
	EXPECT_TRUE(vmcs->launched);
}

UNIT_TEST(a_vmcs12_comes_back_as_it_was_cleared)
{
	static const unsigned int percent[] = { 0, 1, 50, 100 };
	static bool present[VMCS_FIELD_COUNT];
	static u64 value[VMCS_FIELD_COUNT];
	unsigned int profile, i;

	for (profile = 0; profile < 2; profile++) {
		begin(profile);
		for (i = 0; i < ARRAY_SIZE(percent); i++) {
			fill_region(percent[i], value, present);
			EXPECT_TRUE(load());
			expect_loaded(value, present);
		}
		end();
	}
}

UNIT_TEST(revision_and_abort_indicator_are_kept)
{
	begin(NVMX_PROFILE_SDM);
	memset(region, 0xa5, sizeof(region));
	region[W_HEAD] = 0x123456789abcdef0;
	vmcs12_to_region(vmcs, region);
	EXPECT_EQ(0x123456789abcdef0, region[W_HEAD]);
	EXPECT_EQ(0, region[W_FIELDS]);
	region[W_HEAD] = 0;
	EXPECT_TRUE(load());
	end();
}

UNIT_TEST(any_flipped_bit_of_the_record_leaves_an_empty_vmcs)
{
	static bool present[VMCS_FIELD_COUNT];
	static u64 value[VMCS_FIELD_COUNT];
	unsigned int bit;

	begin(NVMX_PROFILE_SDM);
	fill_region(60, value, present);
	for (bit = 64; bit < sizeof(region) * 8; bit++) {
		region[bit / 64] ^= BIT_ULL(bit % 64);
		if (!EXPECT_FALSE(load()))
			UNIT_NOTE("bit %u", bit);
		expect_empty();
		region[bit / 64] ^= BIT_ULL(bit % 64);
	}
	EXPECT_TRUE(load());
	expect_loaded(value, present);
	end();
}

UNIT_TEST(random_memory_leaves_an_empty_vmcs)
{
	unsigned int round, i;

	begin(NVMX_PROFILE_SDM);
	for (round = 0; round < 3000; round++) {
		for (i = 0; i < WORDS; i++)
			region[i] = unit_random() >> unit_random() % 64;
		if (round & 1)
			seal();
		EXPECT_FALSE(load());
		expect_empty();
	}
	memset(region, 0, sizeof(region));
	EXPECT_FALSE(load());
	memset(region, 0xff, sizeof(region));
	EXPECT_FALSE(load());
	expect_empty();
	end();
}

/* One word of a sound record changed, and the checksum made right again. */
struct forgery {
	const char *what;
	unsigned int word;
	u64 set;
	u64 clear;
};

/* The record holds ES and CS selector, and ES access rights. */
static const struct forgery forgeries[] = {
	{ "magic", W_MAGIC, 0, 2 },
	{ "version 0", W_VERSION, 0, 1 },
	{ "version 3", W_VERSION, 2, 0 },
	{ "launch state 2", W_VERSION, 2ULL << 32, 1ULL << 32 },
	{ "count past the table", W_COUNT, VMCS_FIELD_COUNT + 1, 0xffffffff },
	{ "count past the record", W_COUNT, 0xffffffff, 0 },
	{ "count with unused entries", W_COUNT, 5, 0xffffffff },
	{ "reserved word of the head", W_COUNT, 1ULL << 32, 0 },
	{ "reserved word of the tail", W_SUM - 1, 1, 0 },
	{ "same field twice", W_FIELDS + 2, GUEST_ES_SELECTOR, ~0ULL },
	{ "descending fields", W_FIELDS, GUEST_CS_BASE, ~0ULL },
	{ "high half", W_FIELDS + 2, GUEST_IA32_EFER | 1, ~0ULL },
	{ "unknown field", W_FIELDS + 2, 0x0a00, ~0ULL },
	{ "encoding with bit 32", W_FIELDS + 4, 1ULL << 32, 0 },
	{ "encoding with bit 63", W_FIELDS + 4, 1ULL << 63, 0 },
	{ "17 bits in a 16-bit field", W_FIELDS + 1, 1 << 16, 0 },
	{ "bit 63 in a 16-bit field", W_FIELDS + 1, 1ULL << 63, 0 },
	{ "reserved bit of access rights", W_FIELDS + 5, 1 << 8, 0 },
};

static void sound_region(void)
{
	fresh();
	vmcs12_write(vmcs, VF_GUEST_ES_SELECTOR, 8);
	vmcs12_write(vmcs, VF_GUEST_CS_SELECTOR, 0x10);
	vmcs12_write(vmcs, VF_GUEST_ES_AR_BYTES, 0x93);
	vmcs->launched = true;
	vmcs12_to_region(vmcs, region);
	fresh();
}

UNIT_TEST(a_forged_record_with_a_right_checksum_must_still_be_well_formed)
{
	unsigned int i;

	begin(NVMX_PROFILE_SDM);
	for (i = 0; i < ARRAY_SIZE(forgeries); i++) {
		sound_region();
		seal();
		EXPECT_TRUE(load());
		EXPECT_EQ(3, vmcs->field_count);
		fresh();
		region[forgeries[i].word] &= ~forgeries[i].clear;
		region[forgeries[i].word] |= forgeries[i].set;
		seal();
		if (!EXPECT_FALSE(load()))
			UNIT_NOTE("%s", forgeries[i].what);
		expect_empty();
	}
	end();
}

UNIT_TEST(a_forged_record_loads_only_what_l1_could_have)
{
	static bool present[VMCS_FIELD_COUNT];
	static u64 value[VMCS_FIELD_COUNT];
	unsigned int round, i;

	begin(NVMX_PROFILE_SDM);
	for (round = 0; round < 500; round++) {
		fill_region(80, value, present);
		for (i = 0; i < NVMX_CAP_MSRS; i++)
			caps.msr[i] = unit_random();
		for (i = 0; i < VMCS_FIELD_COUNT; i++)
			policy[i] = unit_random() % 4;
		EXPECT_TRUE(load());
		expect_loaded(value, present);
	}
	end();
}

UNIT_TEST(mutated_records_never_load_a_refused_field)
{
	static bool present[VMCS_FIELD_COUNT];
	static u64 value[VMCS_FIELD_COUNT];
	unsigned int round, i;

	begin(NVMX_PROFILE_SEALED);
	memset(&caps, 0, sizeof(caps));
	for (round = 0; round < 5000; round++) {
		fill_region(50, value, present);
		for (i = unit_random() % 4; i < 4; i++)
			region[1 + unit_random() % (WORDS - 1)] = unit_random();
		seal();
		load();
		for (i = 0; i < VMCS_FIELD_COUNT; i++)
			if (!wanted(i) && !EXPECT_FALSE(vmcs->node[i].present))
				UNIT_NOTE("%s", vmcs_field_table[i].name);
	}
	end();
}

UNIT_MAIN
