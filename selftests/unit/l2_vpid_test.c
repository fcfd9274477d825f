// SPDX-License-Identifier: GPL-2.0-only
/*
 * VPIDs: which of the processor's stands for which of L1's and what is flushed when;
 * then random use by several files on several CPUs, with a processor that keeps every
 * translation until it has to go.
 */
#include <linux/bits.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "field_policy.h"
#include "unit.h"
#include "vmx_cpu.h"

/* In place of vmx_ops.h, whose instructions no user process has. */
#define NVMX_VMX_OPS_H
#define VMX_INVVPID_SINGLE	1

struct vmx_inv_desc {
	u64 low;
	u64 high;
};

static void __invvpid(u64 type, const struct vmx_inv_desc *desc);

#include "../../l2_vpid.c"

struct vmx_host vmx_host;

/* ---- the processor ----------------------------------------------------------------- */

#define CPUS	3
#define FILES	5

/* Whose translations there are under each VPID: bit FILE * 8 + VPID of L1. */
static u64 cached[CPUS][0x10000];
static unsigned int cpu, flushes;

static void __invvpid(u64 type, const struct vmx_inv_desc *desc)
{
	EXPECT_EQ(VMX_INVVPID_SINGLE, type);
	/* SDM Vol. 3, "INVVPID": else it fails. */
	ASSERT_TRUE(desc->low && !(desc->low >> 16) && !desc->high);
	cached[cpu][desc->low] = 0;
	flushes++;
}

#define OFFERED_VPIDS	BIT_ULL(CAP_BIT(CAP_PROC2(5)))
#define OFFERED_SINGLE	BIT_ULL(CAP_BIT(CAP_EPT_VPID(41)))

static void offer(u64 proc2, u64 ept_vpid)
{
	memset(&vmx_host, 0, sizeof(vmx_host));
	vmx_host.msr[CAP_MSR(CAP_PROC2(5))] = proc2;
	vmx_host.msr[CAP_MSR(CAP_EPT_VPID(41))] = ept_vpid;
	memset(&vpid_ida, 0, sizeof(vpid_ida));
	flushes = 0;
}

static struct l2_vpids fresh(void)
{
	struct l2_vpids vpids = { .count = 0 };

	offer(OFFERED_VPIDS, OFFERED_SINGLE);
	l2_vpids_alloc(&vpids);
	return vpids;
}

/* Enter with VPID @l1 of L1.  Return: whether that flushes. */
static bool enter(struct l2_vpids *vpids, u16 l1)
{
	unsigned int before = flushes;

	l2_vpids_choose(vpids, l1);
	l2_vpids_flush(vpids);
	return flushes != before;
}

/* ---- where they come from ------------------------------------------------------------- */

UNIT_TEST(without_vpids_or_their_single_context_invvpid_there_are_none)
{
	static const u64 offered[][2] = {
		{ 0, OFFERED_SINGLE }, { OFFERED_VPIDS, 0 },
		{ ~OFFERED_VPIDS, ~0ULL }, { ~0ULL, ~OFFERED_SINGLE },
	};
	struct l2_vpids vpids = { .count = 0 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(offered); i++) {
		offer(offered[i][0], offered[i][1]);
		l2_vpids_alloc(&vpids);
		EXPECT_EQ(0, vpids.count);
		EXPECT_EQ(0, vpid_ida.count);
		EXPECT_EQ(0, l2_vpids_choose(&vpids, 7));
		l2_vpids_drop(&vpids, 7);
		l2_vpids_drop_current(&vpids);
		l2_vpids_drop_all(&vpids);
		l2_vpids_flush(&vpids);
		EXPECT_EQ(0, flushes);
		l2_vpids_free(&vpids);
	}
}

UNIT_TEST(each_file_has_vpids_of_its_own_and_none_is_0)
{
	struct l2_vpids file[FILES] = { { .count = 0 } };
	bool seen[0x10000] = { true };
	unsigned int i, k;

	offer(OFFERED_VPIDS, OFFERED_SINGLE);
	for (i = 0; i < FILES; i++) {
		l2_vpids_alloc(&file[i]);
		ASSERT_EQ(L2_VPIDS, file[i].count);
		for (k = 0; k < L2_VPIDS; k++) {
			EXPECT_FALSE(seen[file[i].vpid[k].desc.low]);
			seen[file[i].vpid[k].desc.low] = true;
		}
	}
	EXPECT_EQ(FILES * L2_VPIDS, vpid_ida.count);
	for (i = 0; i < FILES; i++)
		l2_vpids_free(&file[i]);
	EXPECT_EQ(0, vpid_ida.count);
	EXPECT_EQ(0, file[0].count);
	l2_vpids_exit();
	EXPECT_TRUE(vpid_ida.destroyed);
}

UNIT_TEST(what_is_given_back_is_neither_chosen_nor_flushed)
{
	struct l2_vpids vpids = fresh();

	EXPECT_TRUE(l2_vpids_choose(&vpids, 3) != 0);
	l2_vpids_free(&vpids);
	EXPECT_EQ(0, l2_vpids_choose(&vpids, 3));
	l2_vpids_drop_all(&vpids);
	l2_vpids_flush(&vpids);
	EXPECT_EQ(0, flushes);
}

UNIT_TEST(the_last_file_takes_what_is_left)
{
	struct l2_vpids file[3] = { { .count = 0 } };
	unsigned int i;

	offer(OFFERED_VPIDS, OFFERED_SINGLE);
	memset(vpid_ida.taken, true, 0x10000 - L2_VPIDS - 3);
	for (i = 0; i < 3; i++)
		l2_vpids_alloc(&file[i]);
	EXPECT_EQ(L2_VPIDS, file[0].count);
	EXPECT_EQ(3, file[1].count);
	EXPECT_EQ(0, file[2].count);
	EXPECT_EQ(0xffff, file[1].vpid[2].desc.low);
	EXPECT_EQ(0, l2_vpids_choose(&file[2], 1));
	EXPECT_TRUE(enter(&file[1], 0));
	/* Three do as well as four. */
	for (i = 0; i < 20; i++)
		EXPECT_TRUE(l2_vpids_choose(&file[1], i) >= 0xffff - 2);
	l2_vpids_free(&file[1]);
	l2_vpids_alloc(&file[2]);
	EXPECT_EQ(3, file[2].count);
}

/* ---- which one, and what is flushed ------------------------------------------------------ */

UNIT_TEST(the_first_use_of_each_is_flushed)
{
	struct l2_vpids vpids = fresh();
	unsigned int i;

	for (i = 0; i < L2_VPIDS; i++)
		EXPECT_TRUE(enter(&vpids, i));
	for (i = 0; i < L2_VPIDS; i++)
		EXPECT_FALSE(enter(&vpids, i));
}

UNIT_TEST(a_vpid_of_l1_keeps_its_own_as_long_as_it_is_one_of_the_last)
{
	struct l2_vpids vpids = fresh();
	u16 hw = l2_vpids_choose(&vpids, 0xffff);
	unsigned int i, k;

	enter(&vpids, 0xffff);
	for (i = 0; i < 50; i++) {
		for (k = 1; k < L2_VPIDS; k++) {
			EXPECT_TRUE(l2_vpids_choose(&vpids, 100 * i + k) != hw);
			l2_vpids_flush(&vpids);
		}
		EXPECT_EQ(hw, l2_vpids_choose(&vpids, 0xffff));
		EXPECT_FALSE(enter(&vpids, 0xffff));
	}
}

UNIT_TEST(a_new_one_takes_the_place_of_the_one_not_used_for_longest)
{
	struct l2_vpids vpids = fresh();
	u16 hw[L2_VPIDS];
	unsigned int i;

	for (i = 0; i < L2_VPIDS; i++) {
		hw[i] = l2_vpids_choose(&vpids, 10 + i);
		l2_vpids_flush(&vpids);
	}
	/* 11 is the oldest now, whatever place it has. */
	EXPECT_FALSE(enter(&vpids, 10));
	EXPECT_EQ(hw[1], l2_vpids_choose(&vpids, 20));
	EXPECT_TRUE(enter(&vpids, 20));
	EXPECT_EQ(hw[2], l2_vpids_choose(&vpids, 11));
	EXPECT_TRUE(enter(&vpids, 11));
	EXPECT_FALSE(enter(&vpids, 10));
	EXPECT_FALSE(enter(&vpids, 13));
}

UNIT_TEST(a_flush_is_done_once_and_only_for_what_is_entered)
{
	struct l2_vpids vpids = fresh();

	enter(&vpids, 1);
	enter(&vpids, 2);
	l2_vpids_drop(&vpids, 1);
	EXPECT_FALSE(enter(&vpids, 2));
	EXPECT_TRUE(enter(&vpids, 1));
	EXPECT_FALSE(enter(&vpids, 1));
	l2_vpids_drop(&vpids, 3);
	EXPECT_FALSE(enter(&vpids, 1));
	EXPECT_FALSE(enter(&vpids, 2));
	l2_vpids_drop_all(&vpids);
	EXPECT_TRUE(enter(&vpids, 2));
	EXPECT_TRUE(enter(&vpids, 1));
	EXPECT_FALSE(enter(&vpids, 1));
	EXPECT_FALSE(enter(&vpids, 2));
	l2_vpids_drop_current(&vpids);
	EXPECT_FALSE(enter(&vpids, 1));
	EXPECT_TRUE(enter(&vpids, 2));
	EXPECT_FALSE(enter(&vpids, 2));
}

UNIT_TEST(a_drop_while_it_is_the_chosen_one_counts_for_the_next_entry)
{
	struct l2_vpids vpids = fresh();

	enter(&vpids, 5);
	l2_vpids_drop(&vpids, 5);
	flushes = 0;
	l2_vpids_flush(&vpids);
	EXPECT_EQ(1, flushes);
	l2_vpids_flush(&vpids);
	EXPECT_EQ(1, flushes);
}

UNIT_TEST(the_vpid_of_an_l1_without_any_is_one_like_others)
{
	struct l2_vpids vpids = fresh();
	u16 hw = l2_vpids_choose(&vpids, 0);

	EXPECT_TRUE(hw != 0);
	l2_vpids_flush(&vpids);
	EXPECT_TRUE(l2_vpids_choose(&vpids, 1) != hw);
	EXPECT_EQ(hw, l2_vpids_choose(&vpids, 0));
	l2_vpids_drop(&vpids, 0);
	EXPECT_TRUE(enter(&vpids, 0));
}

/* ---- files on CPUs ------------------------------------------------------------------------- */

/**
 * struct file - a file as the module uses it
 * @vpids: its VPIDs
 * @cpu: where its L2 ran last
 */
struct file {
	struct l2_vpids vpids;
	unsigned int cpu;
};

/* L2 of @file runs on a CPU with VPID @l1: what could it find there? */
static void run_l2(struct file *file, unsigned int number, u16 l1)
{
	u64 mine = BIT_ULL(number * 8 + l1);
	u16 hw;

	if (!(unit_random() % 8))
		cpu = unit_random() % CPUS;
	hw = l2_vpids_choose(&file->vpids, l1);
	/* As vmcs02_load() has it done on another CPU. */
	if (file->cpu != cpu)
		l2_vpids_drop_all(&file->vpids);
	file->cpu = cpu;
	l2_vpids_flush(&file->vpids);
	if (!hw)
		return;
	EXPECT_EQ(0, cached[cpu][hw] & ~mine);
	cached[cpu][hw] |= mine;
}

/* INVVPID of L1: what there is of it is from now on as bad as another's. */
static void drop(struct file *file, unsigned int number, u16 l1)
{
	unsigned int at, hw;

	l2_vpids_drop(&file->vpids, l1);
	for (at = 0; at < CPUS; at++)
		for (hw = 0; hw < 64; hw++)
			if (cached[at][hw] & BIT_ULL(number * 8 + l1))
				cached[at][hw] |= BIT_ULL(63);
}

static void reopen(struct file *file)
{
	l2_vpids_free(&file->vpids);
	memset(file, 0, sizeof(*file));
	l2_vpids_alloc(&file->vpids);
}

UNIT_TEST(no_l2_ever_finds_translations_of_another_or_dropped_ones)
{
	static struct file file[FILES];
	unsigned int round, i;

	offer(OFFERED_VPIDS, OFFERED_SINGLE);
	memset(cached, 0, sizeof(cached));
	memset(file, 0, sizeof(file));
	for (round = 0; round < 200000; round++) {
		i = unit_random() % FILES;
		switch (unit_random() % 32) {
		case 0:
			reopen(&file[i]);
			break;
		case 1:
		case 2:
		case 3:
			drop(&file[i], i, unit_random() % 8);
			break;
		default:
			run_l2(&file[i], i, unit_random() % 8);
		}
	}
	UNIT_NOTE("%u flushes in %u steps", flushes, round);
}

UNIT_MAIN
