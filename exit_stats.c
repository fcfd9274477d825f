// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count and cost of VM exits by basic exit reason, as they are told.
 */
#include "exit_stats.h"

bool exit_stats_row(const struct exit_stats *stats, u32 row, struct nvmx_exit_stat *out)
{
	const struct exit_cost *l0 = &stats->cost[row][EXIT_OWNER_L0];
	const struct exit_cost *l1 = &stats->cost[row][EXIT_OWNER_L1];

	if (!l0->count && !l1->count)
		return false;

	*out = (struct nvmx_exit_stat) {
		.reason = row < EXIT_REASONS ? row : NVMX_STAT_OTHER,
		.l0_count = l0->count,
		.l0_ticks = l0->ticks,
		.l1_count = l1->count,
		.l1_ticks = l1->ticks,
	};
	return true;
}
