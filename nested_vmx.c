// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module, device, and the table of commands.
 *
 * The only file that knows user memory.  A handler gets a kernel copy of its
 * struct and answers into it; the copy's @size is never used.
 */
#define pr_fmt(fmt) "nested_vmx: " fmt

#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "entry_checks.h"
#include "field_access.h"
#include "l2_msr.h"
#include "l2_regs.h"
#include "nested_entry.h"
#include "probe.h"
#include "step.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_insn.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

bool nvmx_steps;
module_param_named(steps, nvmx_steps, bool, 0600);
MODULE_PARM_DESC(steps, "Print a line a step to the kernel log, rate-limited (default: no)");

/* ---- handlers: machine --------------------------------------------------- */

static int cmd_get_info(struct nvmx_vcpu *vcpu, void *arg)
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

static int cmd_enable(struct nvmx_vcpu *vcpu, void *arg)
{
	const struct nvmx_enable *cmd = arg;

	if (cmd->reserved)
		return -EINVAL;

	return nvmx_vcpu_enable(vcpu, cmd->flags & NVMX_ENABLE_CAPS ? &cmd->caps : NULL,
				cmd->profile);
}

static int cmd_mem_map(struct nvmx_vcpu *vcpu, void *arg)
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

static int cmd_mem_unmap(struct nvmx_vcpu *vcpu, void *arg)
{
	const struct nvmx_mem_unmap *cmd = arg;

	if (range_in_use(vcpu, cmd->gpa, cmd->bytes))
		return -EBUSY;

	return l1_memory_unmap(&vcpu->machine->memory, cmd->gpa, cmd->bytes);
}

/* ---- handlers: VMX instructions ------------------------------------------ */

static const char *status_name(const struct nvmx_result *result)
{
	static const char * const names[] = {
		[NVMX_VMSUCCEED] = "VMsucceed",
		[NVMX_VMFAIL_INVALID] = "VMfailInvalid",
		[NVMX_VMFAIL_VALID] = "VMfailValid",
		[NVMX_UD] = "#UD",
		[NVMX_GP] = "#GP(0)",
	};

	return names[result->status];
}

/* @insn: basic exit reason that the instruction would have in a guest. */
static void report_insn(u32 insn, u64 operand, const struct nvmx_result *result)
{
	trace_nested_vmx_insn(insn, operand, result->status, result->error);
	nvmx_step("L1: %s %#llx: %s %u\n", exit_reason_name(insn), operand,
		  status_name(result), result->error);
}

static int cmd_vmxon(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_vmptr *cmd = arg;

	cmd->out_result = vmx_insn_vmxon(vcpu, cmd->vmptr);
	report_insn(EXIT_REASON_VMON, cmd->vmptr, &cmd->out_result);
	return 0;
}

static int cmd_vmxoff(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_insn *cmd = arg;

	cmd->out_result = vmx_insn_vmxoff(vcpu);
	report_insn(EXIT_REASON_VMOFF, 0, &cmd->out_result);
	return 0;
}

static int cmd_vmclear(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_vmptr *cmd = arg;
	int ret = vmx_insn_vmclear(vcpu, cmd->vmptr, &cmd->out_result);

	report_insn(EXIT_REASON_VMCLEAR, cmd->vmptr, &cmd->out_result);
	return ret;
}

static int cmd_vmptrld(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_vmptr *cmd = arg;
	int ret = vmx_insn_vmptrld(vcpu, cmd->vmptr, &cmd->out_result);

	report_insn(EXIT_REASON_VMPTRLD, cmd->vmptr, &cmd->out_result);
	return ret;
}

static int cmd_vmptrst(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_vmptr *cmd = arg;

	cmd->out_result = vmx_insn_vmptrst(vcpu, &cmd->out_vmptr);
	trace_nested_vmx_insn(EXIT_REASON_VMPTRST, cmd->out_vmptr,
			      cmd->out_result.status, cmd->out_result.error);
	return 0;
}

static int cmd_vmread(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_field *cmd = arg;

	cmd->out_result = vmx_insn_vmread(vcpu, cmd->encoding, &cmd->out_value);
	report_insn(EXIT_REASON_VMREAD, cmd->encoding, &cmd->out_result);
	return 0;
}

static int cmd_vmwrite(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_field *cmd = arg;

	cmd->out_result = vmx_insn_vmwrite(vcpu, cmd->encoding, cmd->value);
	report_insn(EXIT_REASON_VMWRITE, cmd->encoding, &cmd->out_result);
	return 0;
}

static int cmd_invept(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_inv *cmd = arg;

	cmd->out_result = vmx_insn_invept(vcpu, cmd->type, cmd->descriptor);
	report_insn(EXIT_REASON_INVEPT, cmd->type, &cmd->out_result);
	return 0;
}

static int cmd_invvpid(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_inv *cmd = arg;

	cmd->out_result = vmx_insn_invvpid(vcpu, cmd->type, cmd->descriptor);
	report_insn(EXIT_REASON_INVVPID, cmd->type, &cmd->out_result);
	return 0;
}

static int cmd_vmcall(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_insn *cmd = arg;

	cmd->out_result = vmx_insn_vmcall(vcpu);
	report_insn(EXIT_REASON_VMCALL, 0, &cmd->out_result);
	return 0;
}

/**
 * enum array_kind - what a list of fields is for
 * @ARRAY_READ: VMREADs
 * @ARRAY_WRITE: VMWRITEs
 */
enum array_kind { ARRAY_READ, ARRAY_WRITE };

/* An element the long way, with copies of its own. */
static int long_element(struct nvmx_vcpu *vcpu, struct nvmx_field_value __user *user,
			enum array_kind kind, u32 *failed)
{
	struct nvmx_field_value entry;

	if (copy_from_user(&entry, user, sizeof(entry)))
		return -EFAULT;
	entry.result = kind == ARRAY_READ ?
		vmx_insn_vmread(vcpu, entry.encoding, &entry.value) :
		vmx_insn_vmwrite(vcpu, entry.encoding, entry.value);
	*failed += entry.result.status != NVMX_VMSUCCEED;
	return copy_to_user(user, &entry, sizeof(entry)) ? -EFAULT : 0;
}

/*
 * Elements the short way, with user access open all along: a call for each
 * copy costs more than the instruction it carries.
 *
 * Return: how many were done before one that needs the long way, or that
 * faulted and will fault there, too.
 */
static u32 short_reads(struct nvmx_vcpu *vcpu, struct nvmx_field_value __user *user,
		       u32 count)
{
	u8 wanted = field_read_wanted(vcpu);
	u64 encoding, value;
	u32 i = 0;

	if (!user_access_begin(user, count * sizeof(*user)))
		return 0;
	for (; i < count; i++) {
		unsafe_get_user(encoding, &user[i].encoding, out);
		if (!field_read_short(vcpu, wanted, encoding, &value))
			break;
		unsafe_put_user(value, &user[i].value, out);
		unsafe_put_user(0, (u64 __user *)&user[i].result, out);
	}
out:
	user_access_end();
	return i;
}

static u32 short_writes(struct nvmx_vcpu *vcpu, struct nvmx_field_value __user *user,
			u32 count)
{
	u64 encoding, value;
	u32 i = 0;

	if (!user_access_begin(user, count * sizeof(*user)))
		return 0;
	for (; i < count; i++) {
		unsafe_get_user(encoding, &user[i].encoding, out);
		unsafe_get_user(value, &user[i].value, out);
		if (!field_write_short(vcpu, encoding, value))
			break;
		unsafe_put_user(0, (u64 __user *)&user[i].result, out);
	}
out:
	user_access_end();
	return i;
}

static u32 short_elements(struct nvmx_vcpu *vcpu, struct nvmx_field_value __user *user,
			  u32 count, enum array_kind kind)
{
	struct nvmx_result result;

	if (!(vcpu->l1.efer & EFER_LMA) || !vmx_insn_ready(vcpu, &result))
		return 0;

	return kind == ARRAY_READ ? short_reads(vcpu, user, count) :
	       short_writes(vcpu, user, count);
}

static int cmd_array(struct nvmx_vcpu *vcpu, struct nvmx_field_array *cmd,
		     enum array_kind kind)
{
	struct nvmx_field_value __user *user = u64_to_user_ptr(cmd->entries);
	u32 done = 0;
	int ret;

	if (cmd->count > NVMX_ARRAY_MAX)
		return -EINVAL;
	if (!access_ok(user, cmd->count * sizeof(*user)))
		return -EFAULT;

	cmd->out_failed = 0;
	while (done < cmd->count) {
		done += short_elements(vcpu, user + done, cmd->count - done, kind);
		if (done == cmd->count)
			break;
		ret = long_element(vcpu, user + done, kind, &cmd->out_failed);
		if (ret)
			return ret;
		done++;
	}
	return 0;
}

static int cmd_vmread_array(struct nvmx_vcpu *vcpu, void *arg)
{
	return cmd_array(vcpu, arg, ARRAY_READ);
}

static int cmd_vmwrite_array(struct nvmx_vcpu *vcpu, void *arg)
{
	return cmd_array(vcpu, arg, ARRAY_WRITE);
}

/* ---- handlers: state ----------------------------------------------------- */

static int cmd_get_state(struct nvmx_vcpu *vcpu, void *arg)
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
	return 0;
}

static int cmd_get_l1(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_l1 *l1 = arg;
	unsigned int i;

	if (l1->reserved)
		return -EINVAL;

	/* VMX does not switch them: they are what L2 left. */
	for (i = 0; vcpu->l1_gpr_from_l2 && i < NVMX_GPRS; i++)
		if (i != NVMX_RSP && vcpu->profile == NVMX_PROFILE_SDM)
			vcpu->l1.gpr[i] = vcpu->l2.gpr[i];
	*l1 = vcpu->l1;
	return 0;
}

static bool segments_clean(const struct nvmx_l1 *l1)
{
	unsigned int i;

	for (i = 0; i < NVMX_SEGMENTS; i++)
		if (memchr_inv(l1->seg[i].reserved, 0, sizeof(l1->seg[i].reserved)))
			return false;
	return true;
}

static int cmd_set_l1(struct nvmx_vcpu *vcpu, void *arg)
{
	const struct nvmx_l1 *l1 = arg;

	if (l1->cpl > 3 || l1->mov_ss > 1 || l1->smm > 1 || l1->reserved ||
	    !l2_msr_pat_legal(l1->pat) || !segments_clean(l1))
		return -EINVAL;

	vcpu->l1 = *l1;
	vcpu->l1.size = 0;
	vcpu->l1.flags = 0;
	vcpu->l1_current = false;
	vcpu->l1_judged = false;
	vcpu->l1_gpr_from_l2 = false;
	vcpu->vmcs02.stale |= G_EFER | G_PAT | G_DEBUG;
	return 0;
}

static int cmd_get_l2(struct nvmx_vcpu *vcpu, void *arg)
{
	l2_regs_get(&vcpu->l2, arg);
	return 0;
}

static int cmd_set_l2(struct nvmx_vcpu *vcpu, void *arg)
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

static int cmd_get_policy(struct nvmx_vcpu *vcpu, void *arg)
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

static int cmd_set_policy(struct nvmx_vcpu *vcpu, void *arg)
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

static int cmd_walk(struct nvmx_vcpu *vcpu, void *arg)
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

static int cmd_peek(struct nvmx_vcpu *vcpu, void *arg)
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

static int cmd_check(struct nvmx_vcpu *vcpu, void *arg)
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

static int cmd_probe(struct nvmx_vcpu *vcpu, void *arg)
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

/* ---- the table of commands ----------------------------------------------- */

/* At which nesting levels a command makes sense; EINVAL or EBUSY elsewhere. */
#define AT_L0	BIT(NVMX_LEVEL_L0)
#define AT_L1	BIT(NVMX_LEVEL_L1)
#define AT_L2	BIT(NVMX_LEVEL_L2)
#define AT_ANY	(AT_L0 | AT_L1 | AT_L2)

/**
 * struct nvmx_ioctl - a command
 * @cmd: its full number
 * @size: size of its struct
 * @min_size: size of the first version of its struct
 * @flags: flags it knows
 * @levels: AT_x
 * @run: carries it out on a kernel copy
 */
struct nvmx_ioctl {
	unsigned int cmd;
	u32 size;
	u32 min_size;
	u32 flags;
	u32 levels;
	int (*run)(struct nvmx_vcpu *vcpu, void *arg);
};

/* Room for the struct of any command. */
#define NVMX_CMD_BYTES	3072

#define NVMX_IOCTL(_cmd, _run, _struct, _last, _flags, _levels)		\
	[_IOC_NR(_cmd)] = {						\
		.cmd = _cmd,						\
		.size = sizeof(struct _struct) +			\
			BUILD_BUG_ON_ZERO(sizeof(struct _struct) > NVMX_CMD_BYTES), \
		.min_size = offsetofend(struct _struct, _last),		\
		.flags = _flags,					\
		.levels = _levels,					\
		.run = _run,						\
	}

static const struct nvmx_ioctl nvmx_ioctls[] = {
	NVMX_IOCTL(NVMX_GET_INFO, cmd_get_info, nvmx_info, out_caps, 0, AT_ANY),
	NVMX_IOCTL(NVMX_ENABLE, cmd_enable, nvmx_enable, caps, NVMX_ENABLE_CAPS,
		   AT_L0 | AT_L1),
	NVMX_IOCTL(NVMX_MEM_MAP, cmd_mem_map, nvmx_mem_map, bytes,
		   NVMX_MEM_READONLY, AT_L0 | AT_L1),
	NVMX_IOCTL(NVMX_MEM_UNMAP, cmd_mem_unmap, nvmx_mem_unmap, bytes, 0,
		   AT_L0 | AT_L1),
	NVMX_IOCTL(NVMX_VMXON, cmd_vmxon, nvmx_vmptr, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMXOFF, cmd_vmxoff, nvmx_insn, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMCLEAR, cmd_vmclear, nvmx_vmptr, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMPTRLD, cmd_vmptrld, nvmx_vmptr, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMPTRST, cmd_vmptrst, nvmx_vmptr, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMREAD, cmd_vmread, nvmx_field, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMWRITE, cmd_vmwrite, nvmx_field, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMREAD_ARRAY, cmd_vmread_array, nvmx_field_array,
		   out_failed, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMWRITE_ARRAY, cmd_vmwrite_array, nvmx_field_array,
		   out_failed, 0, AT_L1),
	NVMX_IOCTL(NVMX_INVEPT, cmd_invept, nvmx_inv, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_INVVPID, cmd_invvpid, nvmx_inv, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMCALL, cmd_vmcall, nvmx_insn, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_GET_STATE, cmd_get_state, nvmx_state, reserved, 0, AT_ANY),
	NVMX_IOCTL(NVMX_GET_L1, cmd_get_l1, nvmx_l1, idtr_limit, 0, AT_ANY),
	NVMX_IOCTL(NVMX_SET_L1, cmd_set_l1, nvmx_l1, idtr_limit, 0, AT_L0 | AT_L1),
	NVMX_IOCTL(NVMX_GET_L2, cmd_get_l2, nvmx_l2, xsave, 0, AT_ANY),
	NVMX_IOCTL(NVMX_SET_L2, cmd_set_l2, nvmx_l2, xsave, 0, AT_ANY),
	NVMX_IOCTL(NVMX_GET_POLICY, cmd_get_policy, nvmx_field_policy, reserved, 0,
		   AT_L1 | AT_L2),
	NVMX_IOCTL(NVMX_SET_POLICY, cmd_set_policy, nvmx_field_policy, reserved, 0,
		   AT_L1),
	NVMX_IOCTL(NVMX_WALK_FIELDS, cmd_walk, nvmx_walk, out_total, 0, AT_L1),
	NVMX_IOCTL(NVMX_PEEK, cmd_peek, nvmx_peek, out_policy, 0, AT_L1 | AT_L2),
	NVMX_IOCTL(NVMX_CHECK, cmd_check, nvmx_check, out_reserved, 0, AT_L1),
	NVMX_IOCTL(NVMX_PROBE, cmd_probe, nvmx_probe, out_reserved, 0, AT_L1),
};

static const struct nvmx_ioctl *ioctl_find(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (nr >= ARRAY_SIZE(nvmx_ioctls))
		return NULL;

	nr = array_index_nospec(nr, ARRAY_SIZE(nvmx_ioctls));
	return nvmx_ioctls[nr].run && nvmx_ioctls[nr].cmd == cmd ?
	       &nvmx_ioctls[nr] : NULL;
}

/*
 * Copy a command's struct in.  Both checks that need no knowledge of the
 * command are made here: the size rules and unknown flags.
 */
static int copy_in(void *buf, const struct nvmx_ioctl *ioctl, void __user *user, u32 *size)
{
	int ret;

	if (get_user(*size, (u32 __user *)user))
		return -EFAULT;
	if (*size < ioctl->min_size)
		return -EINVAL;

	ret = copy_struct_from_user(buf, ioctl->size, user, *size);
	if (ret)
		return ret;

	return ((u32 *)buf)[1] & ~ioctl->flags ? -EOPNOTSUPP : 0;
}

static int level_error(const struct nvmx_vcpu *vcpu, const struct nvmx_ioctl *ioctl)
{
	if (ioctl->levels & BIT(vcpu->level))
		return 0;
	/* What L1 would do has to wait for L2; what needs L1 has none. */
	return vcpu->level == NVMX_LEVEL_L2 ? -EBUSY : -EINVAL;
}

/* In VMX-abort shutdown L1 executes nothing until it is enabled again. */
static bool is_instruction(unsigned int cmd)
{
	return _IOC_NR(cmd) >= _IOC_NR(NVMX_VMXON) && _IOC_NR(cmd) <= _IOC_NR(NVMX_VMCALL);
}

static int run_command(struct nvmx_vcpu *vcpu, const struct nvmx_ioctl *ioctl,
		       void __user *user)
{
	u32 size;
	int ret, copied;

	ret = copy_in(vcpu->cmd, ioctl, user, &size);
	if (ret)
		return ret;
	ret = level_error(vcpu, ioctl);
	if (ret)
		return ret;
	if (vcpu->aborted && is_instruction(ioctl->cmd))
		return -EINVAL;

	ret = ioctl->run(vcpu, vcpu->cmd);
	/* A refused policy comes with its reason. */
	if (ret && ioctl->cmd != NVMX_SET_POLICY)
		return ret;

	((u32 *)vcpu->cmd)[0] = size;
	copied = copy_to_user(user, vcpu->cmd, min(size, ioctl->size));
	return ret ?: copied ? -EFAULT : 0;
}

static int post_exit(struct nvmx_vcpu *vcpu, void __user *user)
{
	static const struct nvmx_ioctl ioctl = {
		.size = sizeof(struct nvmx_exit_l2),
		.min_size = offsetofend(struct nvmx_exit_l2, reserved),
	};
	struct nvmx_exit_l2 exit;
	u32 size;
	int ret = copy_in(&exit, &ioctl, user, &size);

	if (ret)
		return ret;
	if (exit.exit_reason > 0xffff || exit.reserved)
		return -EINVAL;

	return nvmx_vcpu_post_exit(vcpu, &exit);
}

/* Commands that another task may give while L2 runs. */
static bool run_post(struct nvmx_vcpu *vcpu, unsigned int cmd, unsigned long arg, int *ret)
{
	switch (cmd) {
	case NVMX_KICK:
		*ret = arg ? -EOPNOTSUPP : 0;
		if (!*ret)
			nvmx_vcpu_post(vcpu, POST_KICK);
		return true;
	case NVMX_EXIT_L2:
		*ret = post_exit(vcpu, (void __user *)arg);
		return true;
	default:
		return false;
	}
}

static long nvmx_fop_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct nvmx_vcpu *vcpu = file->private_data;
	const struct nvmx_ioctl *ioctl = NULL;
	int ret;

	if (unlikely(current->mm != vcpu->machine->mm))
		return -EIO;

	if (cmd != NVMX_ENTER_L2) {
		if (run_post(vcpu, cmd, arg, &ret))
			return ret;
		ioctl = ioctl_find(cmd);
		if (!ioctl)
			return -ENOTTY;
	}

	if (!mutex_trylock(&vcpu->lock))
		return -EBUSY;
	ret = ioctl ? run_command(vcpu, ioctl, (void __user *)arg) :
	      nvmx_enter_l2(vcpu, arg);
	mutex_unlock(&vcpu->lock);
	return ret;
}

/* ---- file ---------------------------------------------------------------- */

static int nvmx_fop_open(struct inode *inode, struct file *file)
{
	struct nvmx_vcpu *vcpu = nvmx_vcpu_create();

	if (IS_ERR(vcpu))
		return PTR_ERR(vcpu);

	file->private_data = vcpu;
	return 0;
}

static int nvmx_fop_release(struct inode *inode, struct file *file)
{
	nvmx_vcpu_destroy(file->private_data);
	return 0;
}

static int nvmx_fop_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct nvmx_vcpu *vcpu = file->private_data;

	if (current->mm != vcpu->machine->mm)
		return -EIO;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start > NVMX_RUN_BYTES)
		return -EINVAL;

	return remap_vmalloc_range(vma, vcpu->run, 0);
}

static const struct file_operations nvmx_fops = {
	.owner = THIS_MODULE,
	.open = nvmx_fop_open,
	.release = nvmx_fop_release,
	.mmap = nvmx_fop_mmap,
	.unlocked_ioctl = nvmx_fop_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice nvmx_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "nested_vmx",
	.fops = &nvmx_fops,
	.mode = 0600,
};

/* ---- module -------------------------------------------------------------- */

static int __init nvmx_init(void)
{
	int ret;

	ret = shadow_vmcs_cache_init();
	if (ret)
		return ret;

	ret = vmcs02_module_init();
	if (ret)
		goto err_cache;

	ret = probe_module_init();
	if (ret)
		goto err_vmcs02;

	ret = vmx_cpu_init();
	if (ret)
		goto err_probe;

	/* Last: once registered, user space may call in. */
	ret = misc_register(&nvmx_misc);
	if (ret)
		goto err_cpus;

	pr_info("ABI %u, %u fields, %u entry rules, VMX on %u CPUs\n",
		NVMX_ABI_VERSION, VMCS_FIELD_COUNT, entry_checks_count(),
		num_online_cpus());
	return 0;

err_cpus:
	vmx_cpu_exit();
err_probe:
	probe_module_exit();
err_vmcs02:
	vmcs02_module_exit();
err_cache:
	shadow_vmcs_cache_exit();
	return ret;
}

static void __exit nvmx_exit(void)
{
	misc_deregister(&nvmx_misc);
	vmx_cpu_exit();
	probe_module_exit();
	vmcs02_module_exit();
	shadow_vmcs_cache_exit();
}

module_init(nvmx_init);
module_exit(nvmx_exit);

MODULE_DESCRIPTION("Nested VMX: a user process as an L1 hypervisor");
MODULE_AUTHOR("The nested_vmx developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
