// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands: the machine of L1.
 */
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "commands.h"
#include "entry_checks.h"
#include "vcpu.h"

int cmd_get_info(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_info *info = arg;

	if (info->reserved)
		return -EINVAL;

	info->out_abi_version = NVMX_ABI_VERSION;
	info->out_field_count = VMCS_FIELD_COUNT;
	info->out_rule_count = entry_checks_count();
	info->out_run_bytes = NVMX_RUN_BYTES;
	info->out_features = 0;
	info->out_max_vmcs12 = SHADOW_VMCS_MAX;
	info->out_caps = vcpu->level == NVMX_LEVEL_L0 ? vcpu->machine->offered :
			 vcpu->machine->caps;
	return 0;
}

int cmd_enable(struct nvmx_vcpu *vcpu, void *arg)
{
	const struct nvmx_enable *cmd = arg;

	if (cmd->reserved)
		return -EINVAL;

	return nvmx_vcpu_enable(vcpu, cmd->flags & NVMX_ENABLE_CAPS ? &cmd->caps : NULL,
				cmd->profile);
}

int cmd_mem_map(struct nvmx_vcpu *vcpu, void *arg)
{
	const struct nvmx_mem_map *cmd = arg;

	return l1_memory_map(&vcpu->machine->memory, cmd->gpa, cmd->hva, cmd->bytes,
			     cmd->flags, vcpu->machine->offered.maxphyaddr);
}

static bool range_in_use(struct nvmx_vcpu *vcpu, u64 gpa, u64 bytes)
{
	struct shadow_vmcs *vmcs;

	list_for_each_entry(vmcs, &vcpu->vmcs12s.lru, lru)
		if (vmcs->vmptr >= gpa && vmcs->vmptr - gpa < bytes)
			return true;
	return false;
}

int cmd_mem_unmap(struct nvmx_vcpu *vcpu, void *arg)
{
	const struct nvmx_mem_unmap *cmd = arg;

	if (range_in_use(vcpu, cmd->gpa, cmd->bytes))
		return -EBUSY;

	return l1_memory_unmap(&vcpu->machine->memory, cmd->gpa, cmd->bytes);
}

static int answer_cpuid(const struct l1_cpuid *table, struct nvmx_cpuid *cmd)
{
	u32 out[4];

	cmd->out_total = table->count;
	cmd->out_count = min(table->count, cmd->count);
	l1_cpuid_lookup(table, cmd->leaf, cmd->subleaf, out);
	cmd->out_eax = out[0];
	cmd->out_ebx = out[1];
	cmd->out_ecx = out[2];
	cmd->out_edx = out[3];
	return copy_to_user(u64_to_user_ptr(cmd->entries), table->entry,
			    cmd->out_count * sizeof(table->entry[0])) ? -EFAULT : 0;
}

int cmd_get_cpuid(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_cpuid *cmd = arg;
	struct l1_cpuid *offered;
	int ret;

	if (cmd->reserved)
		return -EINVAL;
	if (vcpu->level != NVMX_LEVEL_L0)
		return answer_cpuid(&vcpu->machine->cpuid, cmd);

	offered = kmalloc(sizeof(*offered), GFP_KERNEL_ACCOUNT);
	if (!offered)
		return -ENOMEM;
	nvmx_vcpu_cpuid(&vcpu->machine->offered, offered);
	ret = answer_cpuid(offered, cmd);
	kfree(offered);
	return ret;
}

int cmd_set_cpuid(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_cpuid *cmd = arg;
	struct l1_cpuid *table;
	int ret;

	if (cmd->reserved || cmd->count > NVMX_CPUID_MAX)
		return -EINVAL;
	if (vcpu->vmxon)
		return -EBUSY;

	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	table->count = cmd->count;
	if (copy_from_user(table->entry, u64_to_user_ptr(cmd->entries),
			   cmd->count * sizeof(table->entry[0])))
		ret = -EFAULT;
	else
		ret = nvmx_vcpu_set_cpuid(vcpu, table, &cmd->out_count);
	kfree(table);
	return ret;
}
