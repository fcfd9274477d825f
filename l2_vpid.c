// SPDX-License-Identifier: GPL-2.0-only
/*
 * VPIDs of the processor for L1's.
 */
#include <linux/gfp.h>
#include <linux/idr.h>

#include "field_policy.h"
#include "l2_vpid.h"
#include "vmx_cpu.h"

static DEFINE_IDA(vpid_ida);

void l2_vpids_exit(void)
{
	ida_destroy(&vpid_ida);
}

void l2_vpids_alloc(struct l2_vpids *vpids)
{
	/* Without single-context INVVPID they are of no use. */
	if (!vmx_host_has(CAP_PROC2(5)) || !vmx_host_has(CAP_EPT_VPID(41)))
		return;

	while (vpids->count < L2_VPIDS) {
		int vpid = ida_alloc_range(&vpid_ida, 1, 0xffff, GFP_KERNEL_ACCOUNT);

		if (vpid < 0)
			break;
		vpids->vpid[vpids->count++].desc.low = vpid;
	}
	l2_vpids_drop_all(vpids);
}

void l2_vpids_free(struct l2_vpids *vpids)
{
	while (vpids->count)
		ida_free(&vpid_ida, vpids->vpid[--vpids->count].desc.low);
}

u16 l2_vpids_choose(struct l2_vpids *vpids, u16 l1)
{
	unsigned int i, oldest = 0;
	struct l2_vpid *chosen;

	if (!vpids->count)
		return 0;

	for (i = 0; i < vpids->count; i++) {
		if (vpids->vpid[i].l1 == l1)
			break;
		if (vpids->vpid[i].used < vpids->vpid[oldest].used)
			oldest = i;
	}
	if (i == vpids->count)
		i = oldest;

	chosen = &vpids->vpid[i];
	if (chosen->l1 != l1)
		chosen->flush = true;
	chosen->l1 = l1;
	chosen->used = ++vpids->clock;
	vpids->current_index = i;
	return chosen->desc.low;
}

void l2_vpids_drop(struct l2_vpids *vpids, u16 l1)
{
	unsigned int i;

	for (i = 0; i < vpids->count; i++)
		if (vpids->vpid[i].l1 == l1)
			vpids->vpid[i].flush = true;
}

void l2_vpids_drop_all(struct l2_vpids *vpids)
{
	unsigned int i;

	for (i = 0; i < vpids->count; i++)
		vpids->vpid[i].flush = true;
}
