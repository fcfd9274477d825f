// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: exit_stats.c
/*
 * Count and cost of VM exits: for every basic exit reason, and past them.
 */
#include <linux/string.h>

#include "exit_stats.h"
#include "unit.h"

static struct exit_stats stats;

/* The row of @reason as the ABI has it; false if there is none. */
static bool row_of(u32 reason, struct nvmx_exit_stat *out)
{
	u32 row = reason < EXIT_REASONS ? reason : EXIT_REASONS;

	memset(out, 0xa5, sizeof(*out));
	return exit_stats_row(&stats, row, out);
}

static void begin(u32 reason, u64 now)
{
	exit_stats_begin(&stats, now);
	exit_stats_reason(&stats, reason);
}

static u32 abi_reason(u32 reason)
{
	return reason < EXIT_REASONS ? reason : NVMX_STAT_OTHER;
}

UNIT_TEST(an_exit_that_l0_handles_is_noted_in_its_row_alone)
{
	struct nvmx_exit_stat out;
	u32 reason, row, rows;

	for (reason = 0; reason <= 0xffff; reason++) {
		memset(&stats, 0, sizeof(stats));
		begin(reason, 1000);
		exit_stats_handled(&stats, 1234);
		ASSERT_TRUE(row_of(reason, &out));
		ASSERT_EQ(abi_reason(reason), out.reason);
		ASSERT_EQ(1, out.l0_count);
		ASSERT_EQ(234, out.l0_ticks);
		ASSERT_EQ(0, out.l1_count);
		ASSERT_EQ(0, out.l1_ticks);
		ASSERT_EQ(0, out.reserved);
		for (rows = 0, row = 0; row < EXIT_STATS_ROWS; row++)
			rows += exit_stats_row(&stats, row, &out);
		ASSERT_EQ(1, rows);
	}
}

UNIT_TEST(a_nested_exit_is_noted_under_the_reason_that_l1_sees)
{
	struct nvmx_exit_stat out;
	u32 reason;

	for (reason = 0; reason <= 0xffff; reason++) {
		memset(&stats, 0, sizeof(stats));
		begin(0, 10);
		exit_stats_handed_over(&stats, reason, 17);
		ASSERT_TRUE(row_of(reason, &out));
		ASSERT_EQ(abi_reason(reason), out.reason);
		ASSERT_EQ(0, out.l0_count);
		ASSERT_EQ(1, out.l1_count);
		ASSERT_EQ(7, out.l1_ticks);
		ASSERT_TRUE(!reason || !row_of(0, &out));
	}
}

UNIT_TEST(a_nested_exit_without_an_exit_of_the_processor_costs_nothing)
{
	struct nvmx_exit_stat out;

	memset(&stats, 0, sizeof(stats));
	exit_stats_handed_over(&stats, 52, 1ULL << 60);
	ASSERT_TRUE(row_of(52, &out));
	EXPECT_EQ(1, out.l1_count);
	EXPECT_EQ(0, out.l1_ticks);
}

UNIT_TEST(an_exit_is_not_noted_twice)
{
	struct nvmx_exit_stat out;

	memset(&stats, 0, sizeof(stats));
	begin(12, 100);
	EXPECT_EQ(100, stats.since);
	exit_stats_handled(&stats, 150);
	EXPECT_EQ(0, stats.since);
	exit_stats_handed_over(&stats, 12, 1000);
	ASSERT_TRUE(row_of(12, &out));
	EXPECT_EQ(1, out.l0_count);
	EXPECT_EQ(50, out.l0_ticks);
	EXPECT_EQ(1, out.l1_count);
	EXPECT_EQ(0, out.l1_ticks);
}

UNIT_TEST(sums_are_those_of_a_naive_count)
{
	static u64 count[EXIT_STATS_ROWS][2], ticks[EXIT_STATS_ROWS][2];
	struct nvmx_exit_stat out;
	u32 i, row, reason;
	u64 cost, now = 1;
	bool l1;

	memset(&stats, 0, sizeof(stats));
	for (i = 0; i < 100000; i++) {
		reason = unit_random() % (EXIT_REASONS + 20);
		cost = unit_random() % 100000;
		l1 = unit_random() & 1;
		row = reason < EXIT_REASONS ? reason : EXIT_REASONS;
		begin(reason, now);
		now += cost;
		if (l1)
			exit_stats_handed_over(&stats, reason, now);
		else
			exit_stats_handled(&stats, now);
		count[row][l1]++;
		ticks[row][l1] += cost;
	}
	for (row = 0; row < EXIT_STATS_ROWS; row++) {
		ASSERT_TRUE(exit_stats_row(&stats, row, &out));
		EXPECT_EQ(count[row][0], out.l0_count);
		EXPECT_EQ(ticks[row][0], out.l0_ticks);
		EXPECT_EQ(count[row][1], out.l1_count);
		EXPECT_EQ(ticks[row][1], out.l1_ticks);
	}
}

UNIT_MAIN
