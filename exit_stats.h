/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Count and cost of VM exits by basic exit reason.  On the way of each exit:
 * two reads of the TSC and one row, and no branch on the reason.
 */
#ifndef NVMX_EXIT_STATS_H
#define NVMX_EXIT_STATS_H

#include <linux/minmax.h>
#include <linux/types.h>

#include "exit_policy.h"

/** EXIT_STATS_ROWS - the basic exit reasons that are known, and the others */
#define EXIT_STATS_ROWS		(EXIT_REASONS + 1)

/**
 * struct exit_cost - VM exits of one basic exit reason that one side handled
 * @count: how many
 * @ticks: ticks of the TSC that they took, in all
 */
struct exit_cost {
	u64 count;
	u64 ticks;
};

/**
 * struct exit_stats - VM exits of a logical processor
 * @since: TSC at the exit that is being handled, 0 for none
 * @reason: its basic exit reason
 * @cost: by row and enum exit_owner
 */
struct exit_stats {
	u64 since;
	u32 reason;
	struct exit_cost cost[EXIT_STATS_ROWS][2];
};

/**
 * exit_stats_begin() - an exit has happened
 * @stats: to be noted in; the reason is to follow
 * @now: TSC
 *
 * Context: Any context; the owner of @stats only.
 */
static inline void exit_stats_begin(struct exit_stats *stats, u64 now)
{
	stats->since = now;
}

/**
 * exit_stats_reason() - why the exit that was begun has happened
 * @stats: to be noted in
 * @reason: basic exit reason
 *
 * Context: Any context; the owner of @stats only.
 */
static inline void exit_stats_reason(struct exit_stats *stats, u32 reason)
{
	stats->reason = reason;
}

/**
 * exit_stats_handled() - L0 has handled the exit that was begun
 * @stats: to be noted in; an exit was begun
 * @now: TSC
 *
 * Context: Any context; the owner of @stats only.
 */
static inline void exit_stats_handled(struct exit_stats *stats, u64 now)
{
	struct exit_cost *cost =
		&stats->cost[min_t(u32, stats->reason, EXIT_REASONS)][EXIT_OWNER_L0];

	cost->count++;
	cost->ticks += now - stats->since;
	stats->since = 0;
}

/**
 * exit_stats_handed_over() - a nested VM exit is complete
 * @stats: to be noted in
 * @reason: basic exit reason as L1 sees it
 * @now: TSC
 *
 * One that no exit of the processor came before is counted, and costs nothing.
 *
 * Context: Any context; the owner of @stats only.
 */
static inline void exit_stats_handed_over(struct exit_stats *stats, u32 reason, u64 now)
{
	struct exit_cost *cost =
		&stats->cost[min_t(u32, reason, EXIT_REASONS)][EXIT_OWNER_L1];

	cost->count++;
	if (stats->since)
		cost->ticks += now - stats->since;
	stats->since = 0;
}

/**
 * exit_stats_row() - a row as the ABI has it
 * @stats: to be looked up in
 * @row: less than EXIT_STATS_ROWS
 * @out: to be filled
 *
 * Context: Any context.
 * Return: false if there was no such exit, and @out is as it was.
 */
bool exit_stats_row(const struct exit_stats *stats, u32 row, struct nvmx_exit_stat *out);

#endif /* NVMX_EXIT_STATS_H */
