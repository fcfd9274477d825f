// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: field_policy.c
/* The field table over its whole domain, and the policies of each row. */

#include <linux/kernel.h>
#include <linux/string.h>

#include "field_policy.h"
#include "unit.h"

struct row {
	const char *name;
	u32 encoding;
};

/* The list once more, without its columns. */
static const struct row rows[] = {
#define VMCS_FIELD(name, cap, sdm, sealed, allowed, merge, sync, dflt) { #name, name },
#include "vmcs_fields.h"
};

static u32 width_of(u32 encoding)
{
	return encoding >> 13 & 3;
}

static u32 type_of(u32 encoding)
{
	return encoding >> 10 & 3;
}

static int naive_find(u64 encoding)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (encoding == rows[i].encoding ||
		    (width_of(rows[i].encoding) == 1 &&
		     encoding == rows[i].encoding + 1))
			return i;

	return -1;
}

UNIT_TEST(every_encoding_below_1m_is_found_as_the_list_has_it)
{
	unsigned int found = 0, want = ARRAY_SIZE(rows), i;
	u64 encoding;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		want += width_of(rows[i].encoding) == 1;
	for (encoding = 0; encoding < 1 << 20; encoding++) {
		int index = vmcs_field_find(encoding);

		found += index >= 0;
		if (!EXPECT_EQ(naive_find(encoding), index))
			UNIT_NOTE("encoding %llx", encoding);
	}
	EXPECT_EQ(want, found);
}

UNIT_TEST(any_bit_outside_the_format_makes_an_encoding_unknown)
{
	unsigned int i, bit;
	u64 encoding;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		for (bit = 12; bit < 64; bit++) {
			if (bit == 13 || bit == 14)
				continue;
			encoding = rows[i].encoding | BIT_ULL(bit);
			EXPECT_EQ(-1, vmcs_field_find(encoding));
			EXPECT_EQ(-1, vmcs_field_find(encoding | 1));
		}
	}
	EXPECT_EQ(-1, vmcs_field_find(~0ULL));
	for (encoding = 0; encoding < 1 << 16; encoding++) {
		EXPECT_EQ(-1, vmcs_field_find(encoding | 1ULL << 32));
		EXPECT_EQ(-1, vmcs_field_find(encoding | 1ULL << 63));
	}
}

UNIT_TEST(rows_hold_the_names_and_encodings_of_the_list_in_ascending_order)
{
	unsigned int i;

	ASSERT_EQ(ARRAY_SIZE(rows), VMCS_FIELD_COUNT);
	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		EXPECT_STREQ(rows[i].name, vmcs_field_table[i].name);
		EXPECT_EQ(rows[i].encoding, vmcs_field_table[i].encoding);
		if (i && rows[i].encoding >> 10 == rows[i - 1].encoding >> 10)
			EXPECT_TRUE(rows[i].encoding > rows[i - 1].encoding);
		else if (i)
			EXPECT_TRUE(rows[i].encoding >> 10 > rows[i - 1].encoding >> 10);
	}
}

/* Lines of enum vmcs_field: NAME = 0x...; */
static unsigned int check_kernel_line(const char *line)
{
	unsigned int encoding;
	char name[64];
	int index;

	if (sscanf(line, " %63[A-Z0-9_] = 0x%x", name, &encoding) != 2)
		return 0;

	index = vmcs_field_find(encoding);
	if (!EXPECT_TRUE(index >= 0)) {
		UNIT_NOTE("%s %x", name, encoding);
		return 1;
	}
	if (!(encoding & 1))
		EXPECT_STREQ(name, vmcs_field_table[index].name);
	return 1;
}

UNIT_TEST(every_field_that_the_kernel_names_is_listed_by_that_name)
{
	FILE *file = fopen(UNIT_KHDR "/asm/vmx.h", "r");
	unsigned int count = 0;
	bool inside = false;
	char line[256];

	ASSERT_TRUE(file);
	while (fgets(line, sizeof(line), file)) {
		if (strstr(line, "enum vmcs_field {"))
			inside = true;
		else if (strchr(line, '}'))
			inside = false;
		else if (inside)
			count += check_kernel_line(line);
	}
	fclose(file);
	EXPECT_TRUE(count >= 190);
}

/* Classes of fields, by what may be done with them. */
enum class { CONTROL, EXIT_INFO, HOST, GUEST_COPIED, GUEST_MERGED, GUEST_EITHER };

static const u32 guest_either[] = {
	GUEST_CR0, GUEST_CR4, GUEST_RSP, GUEST_RIP, GUEST_RFLAGS,
};

/* Beside all 64-bit ones. */
static const u32 guest_merged[] = {
	GUEST_INTR_STATUS, GUEST_PML_INDEX, GUEST_UINV, GUEST_ACTIVITY_STATE,
	GUEST_SMBASE, VMX_PREEMPTION_TIMER_VALUE, GUEST_DR7, GUEST_S_CET,
	GUEST_SSP, GUEST_INTR_SSP_TABLE,
};

static bool listed(u32 encoding, const u32 *list, unsigned int count)
{
	while (count--)
		if (list[count] == encoding)
			return true;

	return false;
}

static enum class class_of(u32 encoding)
{
	switch (type_of(encoding)) {
	case 0:
		return CONTROL;
	case 1:
		return EXIT_INFO;
	case 3:
		return HOST;
	}
	if (listed(encoding, guest_either, ARRAY_SIZE(guest_either)))
		return GUEST_EITHER;
	if (width_of(encoding) == 1 ||
	    listed(encoding, guest_merged, ARRAY_SIZE(guest_merged)))
		return GUEST_MERGED;

	return GUEST_COPIED;
}

/* Passthrough, emulated, read-only, hidden. */
static const char *const refusals[][4] = {
	[CONTROL] = { "L0 merges", "ok", "not watchable", "ok" },
	[EXIT_INFO] = { "exit info", "exit info", "ok", "ok" },
	[HOST] = { "L0 merges", "ok", "not watchable", "ok" },
	[GUEST_COPIED] = { "ok", "no merge", "ok", "ok" },
	[GUEST_MERGED] = { "L0 merges", "ok", "ok", "ok" },
	[GUEST_EITHER] = { "ok", "ok", "ok", "ok" },
};

static const char *const refusal_words[] = {
	[NVMX_POLICY_OK] = "ok",
	[NVMX_POLICY_L0_MERGES] = "L0 merges",
	[NVMX_POLICY_NO_MERGE] = "no merge",
	[NVMX_POLICY_NOT_WATCHABLE] = "not watchable",
	[NVMX_POLICY_NO_DEFAULT] = "no default",
	[NVMX_POLICY_EXIT_INFO] = "exit info",
};

UNIT_TEST(each_policy_is_refused_with_its_reason)
{
	enum nvmx_policy_refusal refusal;
	unsigned int i, policy;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		for (policy = 0; policy < 4; policy++) {
			refusal = field_policy_refusal(i, policy);
			ASSERT_TRUE(refusal < ARRAY_SIZE(refusal_words));
			if (!EXPECT_STREQ(refusals[class_of(rows[i].encoding)][policy],
					  refusal_words[refusal]))
				UNIT_NOTE("%s, policy %u", rows[i].name, policy);
			EXPECT_EQ(vmcs_field_table[i].allowed >> policy & 1,
				  refusal == NVMX_POLICY_OK);
		}
		EXPECT_EQ(0, vmcs_field_table[i].allowed >> 4);
	}
}

UNIT_TEST(default_policies_are_allowed_ones)
{
	unsigned int i, profile;

	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		for (profile = 0; profile < 2; profile++)
			EXPECT_EQ(NVMX_POLICY_OK,
				  field_policy_refusal(i, vmcs_field_table[i].policy[profile]));
}

static unsigned int default_of(u32 encoding, enum nvmx_profile profile)
{
	return vmcs_field_table[vmcs_field_find(encoding)].policy[profile];
}

UNIT_TEST(sdm_profile_is_as_silicon)
{
	unsigned int i, policy;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		policy = vmcs_field_table[i].policy[NVMX_PROFILE_SDM];
		EXPECT_TRUE(policy != NVMX_POLICY_HIDDEN);
		EXPECT_EQ(class_of(rows[i].encoding) == EXIT_INFO,
			  policy == NVMX_POLICY_READ_ONLY);
	}
}

UNIT_TEST(sealed_profile_hides_host_state_and_passes_what_the_seed_passed)
{
	unsigned int i, policy;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		policy = vmcs_field_table[i].policy[NVMX_PROFILE_SEALED];
		EXPECT_EQ(class_of(rows[i].encoding) == HOST,
			  policy == NVMX_POLICY_HIDDEN);
		EXPECT_EQ(class_of(rows[i].encoding) == EXIT_INFO,
			  policy == NVMX_POLICY_READ_ONLY);
	}
	EXPECT_EQ(NVMX_POLICY_EMULATED, default_of(GUEST_RIP, NVMX_PROFILE_SEALED));
	EXPECT_EQ(NVMX_POLICY_EMULATED, default_of(GUEST_RSP, NVMX_PROFILE_SEALED));
	EXPECT_EQ(NVMX_POLICY_EMULATED, default_of(GUEST_RFLAGS, NVMX_PROFILE_SEALED));
	EXPECT_EQ(NVMX_POLICY_PASSTHROUGH, default_of(GUEST_CR0, NVMX_PROFILE_SEALED));
	EXPECT_EQ(NVMX_POLICY_PASSTHROUGH, default_of(GUEST_CR3, NVMX_PROFILE_SEALED));
	EXPECT_EQ(NVMX_POLICY_PASSTHROUGH, default_of(GUEST_CR4, NVMX_PROFILE_SEALED));
}

UNIT_TEST(columns_agree_with_the_class_of_the_field)
{
	const struct vmcs_field_info *field;
	unsigned int i;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		field = &vmcs_field_table[i];
		EXPECT_EQ(class_of(field->encoding) == EXIT_INFO,
			  field->sync == SYNC_INFO);
		EXPECT_EQ(0, field->merge & ~(u32)(G_ALL | G_COPY));
		switch (class_of(field->encoding)) {
		case CONTROL:
			EXPECT_EQ(SYNC_NONE, field->sync);
			break;
		case EXIT_INFO:
			EXPECT_EQ(G_NONE, field->merge);
			break;
		case HOST:
			EXPECT_EQ(G_NONE, field->merge);
			EXPECT_EQ(SYNC_NONE, field->sync);
			break;
		case GUEST_COPIED:
			EXPECT_TRUE(field->merge);
			EXPECT_TRUE(field->sync != SYNC_NONE);
			break;
		default:
			break;
		}
	}
}

static const u32 access_rights[] = {
	GUEST_ES_AR_BYTES, GUEST_CS_AR_BYTES, GUEST_SS_AR_BYTES, GUEST_DS_AR_BYTES,
	GUEST_FS_AR_BYTES, GUEST_GS_AR_BYTES, GUEST_LDTR_AR_BYTES, GUEST_TR_AR_BYTES,
};

UNIT_TEST(masks_are_the_width_but_for_access_rights)
{
	static const u64 width_mask[] = { 0xffff, ~0ULL, 0xffffffff, ~0ULL };
	unsigned int i;
	u64 want;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		want = width_mask[width_of(rows[i].encoding)];
		if (listed(rows[i].encoding, access_rights, ARRAY_SIZE(access_rights)))
			want = 0x1f0ff;
		if (!EXPECT_EQ(want, vmcs_field_mask(i)))
			UNIT_NOTE("%s", rows[i].name);
	}
}

static u64 want_default(const struct nvmx_caps *caps, u32 encoding, bool has_true)
{
	switch (encoding) {
	case VMCS_LINK_POINTER:
		return ~0ULL;
	case PIN_BASED_VM_EXEC_CONTROL:
		return (u32)caps->msr[has_true ? 0xd : 1];
	case CPU_BASED_VM_EXEC_CONTROL:
		return (u32)caps->msr[has_true ? 0xe : 2];
	case VM_EXIT_CONTROLS:
		return (u32)caps->msr[has_true ? 0xf : 3];
	case VM_ENTRY_CONTROLS:
		return (u32)caps->msr[has_true ? 0x10 : 4];
	default:
		return 0;
	}
}

UNIT_TEST(hidden_controls_have_the_bits_that_must_be_1)
{
	struct nvmx_caps caps;
	unsigned int i, has_true;

	for (has_true = 0; has_true < 2; has_true++) {
		for (i = 0; i < NVMX_CAP_MSRS; i++)
			caps.msr[i] = unit_random();
		caps.msr[0] &= ~BIT_ULL(55);
		caps.msr[0] |= (u64)has_true << 55;
		for (i = 0; i < VMCS_FIELD_COUNT; i++)
			if (!EXPECT_EQ(want_default(&caps, rows[i].encoding, has_true),
				       vmcs_field_default(&caps, i)))
				UNIT_NOTE("%s", rows[i].name);
	}
}

UNIT_MAIN
