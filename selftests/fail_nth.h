/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Make the n-th allocation or copy that the kernel does for this thread fail,
 * and see what a failed call may have changed.
 *
 * Needs a kernel with CONFIG_FAULT_INJECTION, see debug.config.
 */
#ifndef FAIL_NTH_H
#define FAIL_NTH_H

#include <stdbool.h>

#include "l1_setup.h"

bool fail_nth_possible(void);
void fail_nth_arm(unsigned int n);
bool fail_nth_disarm(void);
void fail_nth_only_below(unsigned long start, unsigned long end);
void fail_nth_not_below(const char *function);

/* Parts of L1's memory that a snapshot holds: tables and data, some VMCSs. */
#define SNAPSHOT_LOW	0x24000
#define SNAPSHOT_VMCSS	4

/**
 * struct snapshot - everything that can be asked for about a logical processor
 * @state: NVMX_GET_STATE
 * @l1: NVMX_GET_L1
 * @l2: NVMX_GET_L2
 * @walk_ret: what NVMX_WALK_FIELDS returned
 * @fields: present fields
 * @entries: the fields
 * @peek: some fields of vmcs02
 * @locked: locked memory of this process, KiB
 * @low: L1's memory from 0 on
 * @vmcs: L1's memory from the first VMCS on
 */
struct snapshot {
	struct nvmx_state state;
	struct nvmx_l1 l1;
	struct nvmx_l2 l2;
	int walk_ret;
	__u32 fields;
	struct nvmx_walk_entry entries[256];
	struct nvmx_peek peek[4];
	long locked;
	__u8 low[SNAPSHOT_LOW];
	__u8 vmcs[SNAPSHOT_VMCSS * 4096];
};

void snapshot_take(struct l1 *l1, struct snapshot *s);
const char *snapshot_differs(const struct snapshot *a, const struct snapshot *b);

#endif /* FAIL_NTH_H */
