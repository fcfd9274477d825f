// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands: what L0 and the processor say of a VMCS, and of an exit.
 */
#include <linux/build_bug.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "commands.h"
#include "entry_checks.h"
#include "exit_explain.h"
#include "nested_entry.h"
#include "probe.h"
#include "vcpu.h"
#include "vmcs02.h"

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

static int read_l1_byte(void *ctx, u64 gpa)
{
	u8 byte;

	return l1_memory_read(ctx, gpa, &byte, sizeof(byte)) ? -1 : byte;
}

/* Would the entry inject an MTF VM exit, or did it? */
static bool mtf_injected(const struct nvmx_vcpu *vcpu, const u64 *f)
{
	u32 info = f[VF_VM_ENTRY_INTR_INFO_FIELD];

	if (vcpu->level == NVMX_LEVEL_L2)
		return vcpu->mtf_injected;

	return (info & INTR_INFO_VALID_MASK) &&
	       (info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_OTHER_EVENT;
}

static void explain(struct nvmx_vcpu *vcpu, const u64 *f, struct nvmx_explain *cmd)
{
	const struct exit_l1_view view = {
		.caps = &vcpu->machine->caps,
		.f = f,
		.read_byte = read_l1_byte,
		.ctx = &vcpu->machine->memory,
		.mtf_injected = mtf_injected(vcpu, f),
	};
	const struct exit_info exit = {
		.reason = cmd->exit_reason,
		.intr_info = cmd->intr_info,
		.intr_error_code = cmd->intr_error_code,
		.instruction_info = cmd->instruction_info,
		.qualification = cmd->qualification,
		.rcx = cmd->rcx,
		.rax = cmd->rax,
		.gpr_value = cmd->gpr_value,
		.xss = cmd->xss,
	};
	struct exit_explanation answer;

	BUILD_BUG_ON(NVMX_OWNER_L0 != (int)EXIT_OWNER_L0);
	BUILD_BUG_ON(NVMX_OWNER_L1 != (int)EXIT_OWNER_L1);

	exit_explain(&view, &exit, &answer);
	cmd->out_owner = answer.decision.owner;
	cmd->out_rule = answer.decision.rule;
	cmd->out_count = answer.count;
	cmd->out_reserved = 0;
	memcpy(cmd->out_decider, answer.decider, sizeof(cmd->out_decider));
}

int cmd_explain(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_explain *cmd = arg;
	const u64 *f = vcpu->f;

	if (cmd->exit_reason > 0xffff)
		return -EINVAL;
	if (!vcpu->current_vmcs)
		return -ENOENT;

	/* While L2 is live the values that it was entered with are in force. */
	if (vcpu->level != NVMX_LEVEL_L2) {
		/* The one reason that guest state decides about. */
		if (cmd->exit_reason == EXIT_REASON_SIPI_SIGNAL)
			vmcs02_sync_rare(vcpu);
		f = nvmx_vcpu_effective(vcpu);
	}
	explain(vcpu, f, cmd);
	return 0;
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
