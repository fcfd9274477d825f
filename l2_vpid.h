/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VPIDs: which of the processor's stands for which of L1's.
 *
 * The processor's belong to one logical processor of L1 each, so no translation
 * of another file, or of another L1, can be found under them.  L1's map to a few
 * of them, the one not used for the longest time is given to a new one.
 */
#ifndef NVMX_L2_VPID_H
#define NVMX_L2_VPID_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "vmx_ops.h"

/** L2_VPIDS - most VPIDs of the processor for one logical processor of L1 */
#define L2_VPIDS	4

/**
 * struct l2_vpid - a VPID of the processor
 * @desc: descriptor of INVVPID: the VPID, not 0
 * @l1: VPID of L1 that it stands for; 0 also for an L1 that uses none
 * @flush: translations under it must go before the next entry with it
 * @used: when it was chosen last
 */
struct l2_vpid {
	struct vmx_inv_desc desc;
	u16 l1;
	bool flush;
	u64 used;
};

/**
 * struct l2_vpids - the VPIDs of a logical processor of L1
 * @vpid: the VPIDs
 * @count: how many there are; 0: the processor flushes on each transition
 * @current_index: which one L2 runs with
 * @clock: counts choices
 */
struct l2_vpids {
	struct l2_vpid vpid[L2_VPIDS];
	unsigned int count;
	unsigned int current_index;
	u64 clock;
};

/**
 * l2_vpids_exit() - free what the allocator of VPIDs holds
 *
 * Context: Process context; at module unload.
 */
void l2_vpids_exit(void);

/**
 * l2_vpids_alloc() - get VPIDs
 * @vpids: to be filled; zero
 *
 * Takes what there is: none where the processor has no VPIDs or others use all.
 *
 * Context: Process context.
 */
void l2_vpids_alloc(struct l2_vpids *vpids);

/**
 * l2_vpids_free() - give them back
 * @vpids: filled by l2_vpids_alloc(), or zero
 *
 * Context: Process context.
 */
void l2_vpids_free(struct l2_vpids *vpids);

/**
 * l2_vpids_choose() - choose the VPID for the next entries
 * @vpids: the VPIDs
 * @l1: VPID of L1, 0 for an L1 that uses none
 *
 * Context: Any context in which nothing else uses @vpids.
 * Return: VPID of the processor, 0 for none.
 */
u16 l2_vpids_choose(struct l2_vpids *vpids, u16 l1);

/**
 * l2_vpids_drop() - have translations under a VPID of L1 flushed
 * @vpids: the VPIDs
 * @l1: VPID of L1
 *
 * Context: Any context in which nothing else uses @vpids.
 */
void l2_vpids_drop(struct l2_vpids *vpids, u16 l1);

/**
 * l2_vpids_drop_current() - have translations under the chosen VPID flushed
 * @vpids: the VPIDs
 *
 * Context: Any context in which nothing else uses @vpids.
 */
static inline void l2_vpids_drop_current(struct l2_vpids *vpids)
{
	vpids->vpid[vpids->current_index].flush = true;
}

/**
 * l2_vpids_drop_all() - have translations under all VPIDs flushed
 * @vpids: the VPIDs
 *
 * Context: Any context in which nothing else uses @vpids.
 */
void l2_vpids_drop_all(struct l2_vpids *vpids);

/**
 * l2_vpids_flush() - do the flush that is due for the chosen VPID
 * @vpids: the VPIDs
 *
 * Context: Interrupts off, on the CPU of the next entry.
 */
static __always_inline void l2_vpids_flush(struct l2_vpids *vpids)
{
	struct l2_vpid *vpid = &vpids->vpid[vpids->current_index];

	if (!vpid->flush || unlikely(!vpids->count))
		return;

	__invvpid(VMX_INVVPID_SINGLE, &vpid->desc);
	vpid->flush = false;
}

#endif /* NVMX_L2_VPID_H */
