// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: l1_cpuid.c field_policy.c
/*
 * CPUID of L1's machine: the default of an imagined processor, what a table may
 * say, what is looked up, and what it turns off.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "l1_cpuid.h"
#include "unit.h"

/* A processor with every bit, and the usual XSAVE layout. */
static void everything(u32 leaf, u32 subleaf, u32 *out)
{
	memset(out, 0xff, 16);
	if (leaf == 0)
		out[0] = 0x20;
	if (leaf == 0x80000000)
		out[0] = 0x80000008;
	if (leaf == 0xd && subleaf >= 2) {
		out[0] = subleaf == 2 ? 256 : subleaf == 5 ? 64 : subleaf == 6 ? 512 : 1024;
		out[1] = subleaf == 2 ? 576 : subleaf == 5 ? 1088 : subleaf == 6 ? 1152 : 1664;
	}
}

static struct nvmx_caps caps;
static struct l1_cpuid most, table;
static u32 where;

static void all_caps(void)
{
	memset(&caps, 0, sizeof(caps));
	caps.msr[CAPS_CR4_FIXED1] = 0x772fff;
	caps.efer_valid = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	caps.maxphyaddr = 40;
	caps.linear_bits = 48;
	caps.xcr0_valid = 0xe7;
	l1_cpuid_default(everything, &caps, &most);
	table = most;
}

static struct nvmx_cpuid_entry *entry(u32 leaf, u32 subleaf)
{
	u32 i;

	for (i = 0; i < table.count; i++)
		if (table.entry[i].leaf == leaf && table.entry[i].subleaf == subleaf)
			return &table.entry[i];
	return NULL;
}

UNIT_TEST(the_default_is_sound_and_says_what_the_capabilities_say)
{
	all_caps();
	EXPECT_EQ(0, l1_cpuid_judge(&table, &most, &where));
	EXPECT_EQ(40 | 48 << 8, entry(0x80000008, 0)->eax);
	EXPECT_EQ(0xe7, entry(0xd, 0)->eax);
	EXPECT_EQ(1664 + 1024, entry(0xd, 0)->ecx);
	EXPECT_TRUE(entry(1, 0)->ecx & BIT(5));
	EXPECT_EQ(0xd, entry(0, 0)->eax);
	EXPECT_EQ(0x80000008, entry(0x80000000, 0)->eax);
	/* Never: x2APIC, TSC deadline, hypervisor, APIC, MTRR, PKU, LA57, SGX, CET. */
	EXPECT_EQ(0, entry(1, 0)->ecx & (BIT(21) | BIT(24) | BIT(31)));
	EXPECT_EQ(0, entry(1, 0)->edx & (BIT(9) | BIT(12)));
	EXPECT_EQ(0, entry(7, 0)->ebx & (BIT(2) | BIT(11)));
	EXPECT_EQ(0, entry(7, 0)->ecx & (BIT(3) | BIT(7) | BIT(16)));
}

UNIT_TEST(capabilities_take_their_features_away)
{
	static const struct {
		u64 cr4;
		u32 leaf;
		u32 ebx;
		u32 ecx;
	} rows[] = {
		{ X86_CR4_OSXSAVE, 1, 0, BIT(26) | BIT(28) },
		{ X86_CR4_PCIDE, 1, 0, BIT(17) },
		{ X86_CR4_SMEP, 7, BIT(7), 0 },
		{ X86_CR4_SMAP, 7, BIT(20), 0 },
		{ X86_CR4_FSGSBASE, 7, BIT(0), 0 },
		{ X86_CR4_UMIP, 7, 0, BIT(2) },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		all_caps();
		EXPECT_EQ(rows[i].ebx, entry(rows[i].leaf, 0)->ebx & rows[i].ebx);
		EXPECT_EQ(rows[i].ecx, entry(rows[i].leaf, 0)->ecx & rows[i].ecx);
		caps.msr[CAPS_CR4_FIXED1] &= ~rows[i].cr4;
		l1_cpuid_default(everything, &caps, &table);
		EXPECT_EQ(0, entry(rows[i].leaf, 0)->ebx & rows[i].ebx);
		EXPECT_EQ(0, entry(rows[i].leaf, 0)->ecx & rows[i].ecx);
	}
	all_caps();
	caps.xcr0_valid = 3;
	l1_cpuid_default(everything, &caps, &table);
	EXPECT_EQ(0, entry(1, 0)->ecx & BIT(28));
	EXPECT_EQ(0, entry(7, 0)->ebx & (BIT(5) | BIT(16)));
	EXPECT_EQ(0, entry(0xd, 2)->eax);
	caps.xcr0_valid = 0;
	l1_cpuid_default(everything, &caps, &table);
	EXPECT_TRUE(!entry(0xd, 0));
	caps.efer_valid = 0;
	l1_cpuid_default(everything, &caps, &table);
	EXPECT_EQ(0, entry(0x80000001, 0)->edx & (BIT(11) | BIT(20) | BIT(29)));
}

/* Each feature bit may be taken away, and none may be added. */
UNIT_TEST(no_feature_may_be_added)
{
	static const struct {
		u32 leaf;
		u32 reg;
	} features[] = {
		{ 1, 2 }, { 1, 3 }, { 7, 0 }, { 7, 1 }, { 7, 2 }, { 7, 3 }, { 0xd, 3 },
		{ 0x80000001, 2 }, { 0x80000001, 3 }, { 0x80000008, 1 },
	};
	u32 i, bit, *reg;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		for (bit = 0; bit < 32; bit++) {
			all_caps();
			reg = &entry(features[i].leaf, 0)->eax + features[i].reg;
			if (!(*reg & BIT(bit))) {
				*reg |= BIT(bit);
				EXPECT_EQ(-EOPNOTSUPP,
					  l1_cpuid_judge(&table, &most, &where));
				EXPECT_EQ(entry(features[i].leaf, 0) - table.entry, where);
				continue;
			}
			*reg &= ~BIT(bit);
			EXPECT_EQ(features[i].leaf == 1 && features[i].reg == 2 &&
				  bit == 5 ? -EINVAL : 0,
				  l1_cpuid_judge(&table, &most, &where));
		}
	}
}

UNIT_TEST(what_is_no_feature_is_free)
{
	all_caps();
	entry(0, 0)->ebx = 0x12345678;
	entry(1, 0)->eax = 0x99;
	entry(0x80000002, 0)->ecx = 0;
	table.entry[table.count - 1].ecx = 0x3027;
	EXPECT_EQ(0, l1_cpuid_judge(&table, &most, &where));
}

static void insert(u32 leaf, u32 subleaf, u32 flags)
{
	u32 i = 0;

	while (i < table.count && table.entry[i].leaf < leaf)
		i++;
	memmove(&table.entry[i + 1], &table.entry[i],
		(table.count - i) * sizeof(table.entry[0]));
	table.entry[i] = (struct nvmx_cpuid_entry) {
		.leaf = leaf, .subleaf = subleaf, .flags = flags, .eax = 0x11,
	};
	table.count++;
}

UNIT_TEST(leaves_of_hypervisors_are_free_and_others_are_not)
{
	all_caps();
	insert(0x40000000, 0, 0);
	EXPECT_EQ(0, l1_cpuid_judge(&table, &most, &where));
	all_caps();
	insert(0x14, 0, 0);
	EXPECT_EQ(-EOPNOTSUPP, l1_cpuid_judge(&table, &most, &where));
	all_caps();
	insert(0x80000007, 0, 0);
	EXPECT_EQ(-EOPNOTSUPP, l1_cpuid_judge(&table, &most, &where));
}

UNIT_TEST(disorder_and_unsound_entries_are_refused)
{
	struct nvmx_cpuid_entry swap;

	all_caps();
	swap = table.entry[1];
	table.entry[1] = table.entry[2];
	table.entry[2] = swap;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	all_caps();
	table.entry[1] = table.entry[0];
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	EXPECT_EQ(1, where);
	all_caps();
	table.entry[2].reserved = 1;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	all_caps();
	table.entry[2].flags |= 2;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	all_caps();
	entry(1, 0)->flags = NVMX_CPUID_SUBLEAVES;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	all_caps();
	entry(0x80000008, 0)->eax--;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	all_caps();
	entry(0xd, 2)->ebx++;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	all_caps();
	entry(0xd, 0)->eax = 0xe3;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	entry(0xd, 0)->eax = 5;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	entry(0xd, 0)->eax = 7;
	EXPECT_EQ(0, l1_cpuid_judge(&table, &most, &where));
	all_caps();
	table.count--;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
	EXPECT_EQ(table.count, where);
	table.count = 0;
	EXPECT_EQ(-EINVAL, l1_cpuid_judge(&table, &most, &where));
}

static void expect_answer(u32 leaf, u32 subleaf, const struct nvmx_cpuid_entry *e)
{
	u32 out[4], zero[4] = {};

	l1_cpuid_lookup(&table, leaf, subleaf, out);
	if (!EXPECT_EQ(0, memcmp(out, e ? &e->eax : zero, sizeof(out))))
		UNIT_NOTE("leaf %x.%x", leaf, subleaf);
}

UNIT_TEST(a_question_is_answered_as_by_the_processor)
{
	u32 out[4];

	all_caps();
	expect_answer(0, 0, entry(0, 0));
	/* Without subleaves ECX does not matter. */
	expect_answer(1, 77, entry(1, 0));
	expect_answer(4, 3, entry(4, 3));
	expect_answer(4, 4, NULL);
	expect_answer(0xd, 3, NULL);
	/* Not there, but within the range. */
	expect_answer(3, 0, NULL);
	expect_answer(0x80000007, 0, NULL);
	/* Past the last: the last basic leaf. */
	expect_answer(0xe, 0, entry(0xd, 0));
	expect_answer(0x7fffffff, 0, entry(0xd, 0));
	expect_answer(0x80000009, 0, entry(0xd, 0));
	expect_answer(0x40000000, 0, entry(0xd, 0));
	expect_answer(~0U, 0, entry(0xd, 0));
	insert(0x40000000, 0, 0);
	entry(0x40000000, 0)->eax = 0x40000001;
	expect_answer(0x40000000, 0, entry(0x40000000, 0));
	expect_answer(0x40000001, 0, NULL);
	expect_answer(0x40000002, 0, entry(0xd, 0));
	/* Topology: the number of the level comes back. */
	l1_cpuid_lookup(&table, 0xb, 0x105, out);
	EXPECT_EQ(0, out[0]);
	EXPECT_EQ(5, out[2]);
}

UNIT_TEST(what_a_table_lacks_l0_does_not_do)
{
	struct nvmx_caps narrow;

	all_caps();
	narrow = caps;
	l1_cpuid_narrow(&table, &narrow);
	EXPECT_EQ(0, memcmp(&narrow, &caps, sizeof(caps)));
	entry(7, 0)->ebx &= ~(u32)BIT(20);
	entry(1, 0)->ecx &= ~(u32)BIT(17);
	entry(1, 0)->edx &= ~(u32)BIT(13);
	entry(0x80000001, 0)->edx &= ~(u32)(BIT(11) | BIT(20));
	entry(0xd, 0)->eax = 3;
	EXPECT_EQ(0, l1_cpuid_judge(&table, &most, &where));
	l1_cpuid_narrow(&table, &narrow);
	EXPECT_EQ(caps.msr[CAPS_CR4_FIXED1] & ~(X86_CR4_SMAP | X86_CR4_PCIDE | X86_CR4_PGE),
		  narrow.msr[CAPS_CR4_FIXED1]);
	EXPECT_EQ(EFER_LME | EFER_LMA, narrow.efer_valid);
	EXPECT_EQ(3, narrow.xcr0_valid);
	EXPECT_TRUE(l1_cpuid_has_tsc_aux(&table));
	entry(0x80000001, 0)->edx &= ~(u32)BIT(27);
	EXPECT_TRUE(l1_cpuid_has_tsc_aux(&table));
	entry(7, 0)->ecx &= ~(u32)BIT(22);
	EXPECT_FALSE(l1_cpuid_has_tsc_aux(&table));
}

UNIT_MAIN
