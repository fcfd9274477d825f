// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands: state of L1, of L2 and of the fields.
 */
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "commands.h"
#include "l2_regs.h"
#include "snapshot.h"
#include "snapshot_state.h"
#include "trace.h"
#include "vcpu.h"
#include "vmcs02.h"

int cmd_get_state(struct nvmx_vcpu *vcpu, void *arg)
{
	const struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	struct nvmx_state *state = arg;

	if (state->reserved)
		return -EINVAL;

	state->out_level = vcpu->level;
	state->out_profile = vcpu->profile;
	state->out_vmxon = vcpu->vmxon;
	state->out_launched = vmcs ? vmcs->launched : 0;
	state->out_vmxon_ptr = vcpu->vmxon_ptr;
	state->out_vmptr = vmcs ? vmcs->vmptr : NVMX_NO_VMPTR;
	state->out_shadow_active = vmcs ? vmcs->active : 0;
	state->out_field_count = vmcs ? vmcs->field_count : 0;
	state->out_shadow_link = vmcs ? vmcs->link : NVMX_NO_VMPTR;
	state->out_vmcs12_count = vcpu->vmcs12s.count;
	state->out_aborted = vcpu->aborted;
	state->out_l0_event = vcpu->l0_event;
	l1_events_report(vcpu, state);
	return 0;
}

int cmd_get_l1(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_l1 *l1 = arg;

	if (l1->reserved)
		return -EINVAL;

	*l1 = *nvmx_vcpu_l1(vcpu);
	return 0;
}

int cmd_set_l1(struct nvmx_vcpu *vcpu, void *arg)
{
	const struct nvmx_l1 *l1 = arg;

	if (!snapshot_l1_legal(l1))
		return -EINVAL;

	nvmx_vcpu_set_l1(vcpu, l1);
	return 0;
}

int cmd_get_l2(struct nvmx_vcpu *vcpu, void *arg)
{
	l2_regs_get(&vcpu->l2, arg);
	return 0;
}

int cmd_set_l2(struct nvmx_vcpu *vcpu, void *arg)
{
	return l2_regs_set(&vcpu->l2, arg, vcpu->level == NVMX_LEVEL_L0 ?
			   &vcpu->machine->offered : &vcpu->machine->caps);
}

static int find_existing(struct nvmx_vcpu *vcpu, u32 encoding)
{
	int index = vmcs_field_find(encoding);

	if (index < 0 || !vmcs_field_exists(&vcpu->machine->caps, index))
		return -ENOENT;
	return index;
}

static u32 policies_allowed(enum vmcs_index index)
{
	u32 policy, allowed = 0;

	for (policy = 0; policy <= NVMX_POLICY_HIDDEN; policy++)
		if (field_policy_refusal(index, policy) == NVMX_POLICY_OK)
			allowed |= BIT(policy);
	return allowed;
}

int cmd_get_policy(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_field_policy *cmd = arg;
	int index = find_existing(vcpu, cmd->encoding);

	if (cmd->reserved)
		return -EINVAL;
	if (index < 0)
		return index;

	cmd->out_policy = vcpu->policy[index];
	cmd->out_allowed = policies_allowed(index);
	cmd->out_reason = NVMX_POLICY_OK;
	return 0;
}

int cmd_set_policy(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_field_policy *cmd = arg;
	int index = find_existing(vcpu, cmd->encoding);

	if (cmd->reserved || cmd->policy > NVMX_POLICY_HIDDEN)
		return -EINVAL;
	if (index < 0)
		return index;

	vmcs02_sync_rare(vcpu);
	cmd->out_reason = nvmx_vcpu_set_policy(vcpu, index, cmd->policy);
	cmd->out_policy = vcpu->policy[index];
	cmd->out_allowed = policies_allowed(index);
	if (cmd->out_reason == NVMX_POLICY_OK)
		return 0;

	trace_nested_vmx_policy_refused(cmd->encoding, cmd->policy, cmd->out_reason);
	return -EOPNOTSUPP;
}

int cmd_walk(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_walk_entry __user *user;
	struct nvmx_walk *cmd = arg;
	struct nvmx_walk_entry entry;
	struct vmcs12_node *node;

	if (!vcpu->current_vmcs)
		return -ENOENT;

	vmcs02_sync_rare(vcpu);
	user = u64_to_user_ptr(cmd->entries);
	cmd->out_count = 0;
	cmd->out_total = 0;
	for (node = vmcs12_first(vcpu->current_vmcs, cmd->start); node;
	     node = vmcs12_next(node)) {
		if (cmd->out_total++ >= cmd->capacity)
			continue;
		entry.encoding = vmcs_field_table[node->index].encoding;
		entry.policy = vcpu->policy[node->index];
		entry.value = vmcs12_read(vcpu->current_vmcs, node->index);
		if (copy_to_user(user + cmd->out_count++, &entry, sizeof(entry)))
			return -EFAULT;
	}
	return 0;
}

int cmd_peek(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_peek *cmd = arg;
	int index = find_existing(vcpu, cmd->encoding);

	if (cmd->which > NVMX_PEEK_VMCS02)
		return -EINVAL;
	if (index < 0)
		return index;
	if (!vcpu->current_vmcs)
		return -ENOENT;

	cmd->out_policy = vcpu->policy[index];
	cmd->out_present = 1;
	if (cmd->which == NVMX_PEEK_VMCS02)
		return vmcs02_peek(vcpu, index, &cmd->out_value);

	if (vcpu->level != NVMX_LEVEL_L2)
		vmcs02_sync_rare(vcpu);
	cmd->out_value = vmcs12_read(vcpu->current_vmcs, index);
	cmd->out_present = vcpu->current_vmcs->node[index].present;
	return 0;
}

int cmd_get_stats(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_exit_stat __user *user;
	struct nvmx_stats *cmd = arg;
	struct nvmx_exit_stat stat;
	u32 row;

	if (cmd->reserved)
		return -EINVAL;

	user = u64_to_user_ptr(cmd->exits);
	cmd->out_entries = vcpu->entries;
	cmd->out_count = 0;
	cmd->out_total = 0;
	for (row = 0; row < EXIT_STATS_ROWS; row++) {
		if (!exit_stats_row(&vcpu->stats, row, &stat))
			continue;
		if (cmd->out_total++ >= cmd->capacity)
			continue;
		if (copy_to_user(user + cmd->out_count++, &stat, sizeof(stat)))
			return -EFAULT;
	}
	return 0;
}

int cmd_get_snapshot(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_snapshot *cmd = arg;
	void *data;
	int ret = snapshot_save(vcpu, &data, &cmd->out_bytes);

	if (ret)
		return ret;

	if (cmd->bytes >= cmd->out_bytes &&
	    copy_to_user(u64_to_user_ptr(cmd->buffer), data, cmd->out_bytes))
		ret = -EFAULT;
	kvfree(data);
	return ret;
}

int cmd_set_snapshot(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_snapshot *cmd = arg;
	void *data;
	int ret = 0;

	if (cmd->bytes > NVMX_SNAPSHOT_MAX)
		return -E2BIG;

	data = kvmalloc(max_t(u64, cmd->bytes, 1), GFP_KERNEL_ACCOUNT);
	if (!data)
		return -ENOMEM;

	if (copy_from_user(data, u64_to_user_ptr(cmd->buffer), cmd->bytes))
		ret = -EFAULT;
	else
		ret = snapshot_load(vcpu, data, cmd->bytes, cmd);
	kvfree(data);
	return ret;
}
