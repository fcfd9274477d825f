/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The format of snapshots, judged without trust.  Pure: no kernel services, no
 * state; what it accepts can be loaded but for what only the processor or L1's
 * memory can tell.
 */
#ifndef NVMX_SNAPSHOT_H
#define NVMX_SNAPSHOT_H

#include <linux/types.h>

#include "field_policy.h"
#include "shadow_vmcs.h"

/**
 * struct snapshot_policies - overrides of policies
 * @list: by ascending encoding
 * @count: how many
 */
struct snapshot_policies {
	const struct nvmx_snapshot_policy *list;
	u32 count;
};

/**
 * struct snapshot_cpuid - CPUID of L1's processor
 * @list: not judged but for their number
 * @count: how many
 */
struct snapshot_cpuid {
	const struct nvmx_cpuid_entry *list;
	u32 count;
};

/**
 * struct snapshot_view - a snapshot that was found good; points into it
 * @machine: L1's machine
 * @policies: overrides
 * @cpuid: its CPUID, @list is NULL for the default
 * @l1: L1's registers
 * @l2: L2's registers
 * @live: a live L2, or NULL
 * @events: events that are pending, or NULL
 * @vmcs: the active vmcs12s, each followed by its fields
 * @vmcs_count: how many
 */
struct snapshot_view {
	const struct nvmx_snapshot_machine *machine;
	struct snapshot_policies policies;
	struct snapshot_cpuid cpuid;
	const struct nvmx_l1 *l1;
	const struct nvmx_l2 *l2;
	const struct nvmx_snapshot_live *live;
	const struct nvmx_snapshot_events *events;
	const struct nvmx_snapshot_vmcs *vmcs[SHADOW_VMCS_MAX];
	u32 vmcs_count;
};

/**
 * snapshot_parse() - judge a snapshot
 * @data: the snapshot, hostile; aligned to 8
 * @bytes: its length
 * @offered: the most that L1 may be given, in the sdm profile
 * @view: to be filled; valid if the answer is NVMX_SNAP_OK
 * @offset: to be filled with the offset of what is wrong
 *
 * Context: Any context.
 * Return: enum nvmx_snapshot_refusal.
 */
u32 snapshot_parse(const void *data, size_t bytes, const struct nvmx_caps *offered,
		   struct snapshot_view *view, u64 *offset);

/**
 * snapshot_l1_legal() - whether NVMX_SET_L1 would take these registers
 * @l1: the registers
 *
 * Context: Any context.
 * Return: false for EINVAL.
 */
bool snapshot_l1_legal(const struct nvmx_l1 *l1);

#endif /* NVMX_SNAPSHOT_H */
