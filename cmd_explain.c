// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands: what L0 and the processor say of a VMCS.
 */
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "commands.h"
#include "entry_checks.h"
#include "nested_entry.h"
#include "probe.h"
#include "vcpu.h"

int cmd_check(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_check *cmd = arg;
	u32 room = min(cmd->capacity, entry_checks_count());
	struct nvmx_failure *list = vcpu->failures;
	int ret;

	if (!vcpu->current_vmcs)
		return -ENOENT;

	/* Few rules are broken at a time: there is room for those. */
	if (room > NVMX_RUN_FAILURES)
		list = kmalloc_array(room, sizeof(*list), GFP_KERNEL_ACCOUNT);
	else
		room = NVMX_RUN_FAILURES;
	if (!list)
		return -ENOMEM;

	ret = nested_check(vcpu, list, room, &cmd->out_total);
	cmd->out_count = min3(cmd->out_total, cmd->capacity, room);
	if (!ret && copy_to_user(u64_to_user_ptr(cmd->failures), list,
				 cmd->out_count * sizeof(*list)))
		ret = -EFAULT;
	if (list != vcpu->failures)
		kfree(list);
	return ret;
}

int cmd_probe(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_failure *list = vcpu->failures;
	struct nvmx_probe *cmd = arg;
	u32 count;
	int ret;

	if (!vcpu->current_vmcs)
		return -ENOENT;

	ret = nested_check(vcpu, list, NVMX_RUN_FAILURES, &cmd->out_total);
	if (ret)
		return ret;

	count = min_t(u32, cmd->out_total, NVMX_RUN_FAILURES);
	cmd->out_count = min(count, cmd->capacity);
	cmd->out_reserved = 0;
	ret = probe_run(vcpu, list, count, cmd->out_total, cmd);
	if (!ret && copy_to_user(u64_to_user_ptr(cmd->failures), list,
				 cmd->out_count * sizeof(*list)))
		ret = -EFAULT;
	return ret;
}
