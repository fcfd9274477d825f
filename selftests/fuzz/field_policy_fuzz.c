// SPDX-License-Identifier: GPL-2.0-only
// fuzz-sources: field_policy.c
/* Lookup of fields, and what each may have: for any operand and processor. */
#include <linux/bits.h>
#include <linux/kernel.h>

#include "field_policy.h"
#include "fuzz.h"

/* The row with an encoding, by looking at all of them. */
static int naive_find(u64 encoding)
{
	unsigned int i;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		u64 full = vmcs_field_table[i].encoding;

		if (encoding == full || (encoding == full + 1 && (full >> 13 & 3) == 1))
			return i;
	}
	return -1;
}

static void check_field(const struct nvmx_caps *caps, unsigned int i)
{
	const struct vmcs_field_info *field = &vmcs_field_table[i];
	u64 mask = vmcs_field_mask(i);
	struct nvmx_caps less = *caps;
	unsigned int policy, msr;

	EXPECT_EQ(0, vmcs_field_default(caps, i) & ~mask);
	for (policy = 0; policy < 4; policy++)
		EXPECT_EQ(field->allowed >> policy & 1,
			  field_policy_refusal(i, policy) == NVMX_POLICY_OK);

	/* Less of a processor never has more fields. */
	for (msr = 0; msr < NVMX_CAP_MSRS; msr++)
		less.msr[msr] &= caps->msr[(msr + i) % NVMX_CAP_MSRS];
	if (vmcs_field_exists(&less, i))
		EXPECT_TRUE(vmcs_field_exists(caps, i));
}

static void fuzz_one(struct fuzz_input *in)
{
	struct nvmx_caps caps = { .maxphyaddr = 46, .linear_bits = 48 };
	u64 encoding = fuzz_u64(in);
	unsigned int i;
	int found;

	for (i = 0; i < NVMX_CAP_MSRS; i++)
		caps.msr[i] = fuzz_value(in);
	EXPECT_EQ(naive_find(encoding), vmcs_field_find(encoding));
	/* Nearer to the table. */
	encoding = vmcs_field_table[encoding % VMCS_FIELD_COUNT].encoding;
	for (i = 0; i < 8; i++) {
		found = vmcs_field_find(encoding);
		EXPECT_EQ(naive_find(encoding), found);
		if (found >= 0)
			check_field(&caps, found);
		encoding = fuzz_mutate(in, encoding);
	}
}
