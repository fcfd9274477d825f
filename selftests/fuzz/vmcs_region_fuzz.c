// SPDX-License-Identifier: GPL-2.0-only
// fuzz-sources: shadow_vmcs.c field_policy.c
/*
 * VMCS regions that L1 wrote itself: what is no sound record leaves an empty
 * VMCS, a sound one loads exactly what VMWRITE would have let through, and what
 * was loaded is written back and loaded again without a change.
 */
#include "fuzz.h"
#include "../unit/vmcs_region_test.c"

static u64 copy[WORDS];

/* The rules of a record, from their description in shadow_vmcs.h and .c. */
static bool naive_sound(void)
{
	u64 sum = region[W_SUM], previous = 0, encoding, value;
	u32 count = region[W_COUNT], i;
	bool right;
	int index;

	seal();
	right = region[W_SUM] == sum;
	region[W_SUM] = sum;
	if (!right || region[W_MAGIC] != copy[W_MAGIC] || (u32)region[W_VERSION] != 1 ||
	    region[W_VERSION] >> 33 || region[W_COUNT] >> 32 ||
	    region[W_SUM - 1] || count > VMCS_FIELD_COUNT)
		return false;
	for (i = 0; i < count; i++) {
		encoding = region[W_FIELDS + 2 * i];
		value = region[W_FIELDS + 2 * i + 1];
		index = vmcs_field_find(encoding);
		if (index < 0 || vmcs_field_table[index].encoding != encoding ||
		    (i && encoding <= previous) || (value & ~vmcs_field_mask(index)))
			return false;
		previous = encoding;
	}
	return true;
}

static bool record_has(unsigned int field, u64 *value)
{
	u32 i;

	for (i = 0; i < (u32)region[W_COUNT]; i++) {
		*value = region[W_FIELDS + 2 * i + 1];
		if (region[W_FIELDS + 2 * i] == vmcs_field_table[field].encoding)
			return true;
	}
	*value = 0;
	return false;
}

static void expect_exactly_the_record(void)
{
	unsigned int i, count = 0;
	u64 value;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		bool want = record_has(i, &value) && wanted(i);

		count += want;
		EXPECT_EQ(want, vmcs->node[i].present);
		EXPECT_EQ(want, vmcs12_is_dirty(vmcs, i));
		EXPECT_EQ(want ? value : 0, vmcs12_read(vmcs, i));
	}
	EXPECT_EQ(count, vmcs->field_count);
	EXPECT_EQ(region[W_VERSION] >> 32, vmcs->launched);
}

static void expect_round_trip(void)
{
	static u64 first[WORDS], second[WORDS];

	memset(first, 0x5a, sizeof(first));
	memset(second, 0x5a, sizeof(second));
	vmcs12_to_region(vmcs, first);
	fresh();
	EXPECT_TRUE(vmcs12_from_region(vmcs, &caps, policy, first));
	vmcs12_to_region(vmcs, second);
	EXPECT_EQ(0, memcmp(first, second, sizeof(first)));
	EXPECT_EQ(0x5a5a5a5a5a5a5a5aULL, second[W_HEAD]);
}

/* A record as VMCLEAR would have left it. */
static void write_record(struct fuzz_input *in)
{
	unsigned int i, index, count = fuzz_below(in, 64);

	for (i = 0; i < count; i++) {
		index = fuzz_below(in, VMCS_FIELD_COUNT);
		vmcs12_write(vmcs, index, fuzz_value(in) & vmcs_field_mask(index));
	}
	vmcs->launched = fuzz_u8(in) & 1;
	memset(region, 0, sizeof(region));
	vmcs12_to_region(vmcs, region);
	memcpy(copy, region, sizeof(copy));
	fresh();
}

/* What a hostile L1 does to it, mostly with the right checksum in the end. */
static void forge(struct fuzz_input *in)
{
	unsigned int word;

	while (in->left) {
		word = fuzz_u16(in);
		if (word & 0x8000)
			word = word % 16;
		region[word % WORDS] = fuzz_mutate(in, region[word % WORDS]);
	}
}

static void choose_processor(struct fuzz_input *in)
{
	unsigned int i, count = fuzz_below(in, 8);

	for (i = 0; i < count; i++)
		caps.msr[fuzz_below(in, NVMX_CAP_MSRS)] = fuzz_value(in);
	count = fuzz_below(in, 8);
	for (i = 0; i < count; i++)
		policy[fuzz_below(in, VMCS_FIELD_COUNT)] = fuzz_u8(in) & 3;
}

static void fuzz_one(struct fuzz_input *in)
{
	bool sound;

	begin(fuzz_u8(in) & 1);
	choose_processor(in);
	write_record(in);
	sound = fuzz_u8(in) & 7;
	forge(in);
	if (sound)
		seal();
	sound = naive_sound();
	memcpy(copy, region, sizeof(copy));
	EXPECT_EQ(sound, load());
	EXPECT_EQ(0, memcmp(copy, region, sizeof(copy)));
	if (sound) {
		expect_exactly_the_record();
		expect_round_trip();
	} else {
		expect_empty();
	}
	end();
}
