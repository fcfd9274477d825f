// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands: VMX instructions of L1, one by one and in lists.
 */
#define pr_fmt(fmt) "nested_vmx: " fmt

#include <linux/types.h>
#include <linux/uaccess.h>

#include "commands.h"
#include "field_access.h"
#include "step.h"
#include "trace.h"
#include "vcpu.h"
#include "vmx_insn.h"

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

int cmd_vmxon(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_vmptr *cmd = arg;

	cmd->out_result = vmx_insn_vmxon(vcpu, cmd->vmptr);
	report_insn(EXIT_REASON_VMON, cmd->vmptr, &cmd->out_result);
	return 0;
}

int cmd_vmxoff(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_insn *cmd = arg;

	cmd->out_result = vmx_insn_vmxoff(vcpu);
	report_insn(EXIT_REASON_VMOFF, 0, &cmd->out_result);
	return 0;
}

int cmd_vmclear(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_vmptr *cmd = arg;
	int ret = vmx_insn_vmclear(vcpu, cmd->vmptr, &cmd->out_result);

	report_insn(EXIT_REASON_VMCLEAR, cmd->vmptr, &cmd->out_result);
	return ret;
}

int cmd_vmptrld(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_vmptr *cmd = arg;
	int ret = vmx_insn_vmptrld(vcpu, cmd->vmptr, &cmd->out_result);

	report_insn(EXIT_REASON_VMPTRLD, cmd->vmptr, &cmd->out_result);
	return ret;
}

int cmd_vmptrst(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_vmptr *cmd = arg;

	cmd->out_result = vmx_insn_vmptrst(vcpu, &cmd->out_vmptr);
	trace_nested_vmx_insn(EXIT_REASON_VMPTRST, cmd->out_vmptr,
			      cmd->out_result.status, cmd->out_result.error);
	return 0;
}

int cmd_vmread(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_field *cmd = arg;

	cmd->out_result = vmx_insn_vmread(vcpu, cmd->encoding, &cmd->out_value);
	report_insn(EXIT_REASON_VMREAD, cmd->encoding, &cmd->out_result);
	return 0;
}

int cmd_vmwrite(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_field *cmd = arg;

	cmd->out_result = vmx_insn_vmwrite(vcpu, cmd->encoding, cmd->value);
	report_insn(EXIT_REASON_VMWRITE, cmd->encoding, &cmd->out_result);
	return 0;
}

int cmd_invept(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_inv *cmd = arg;

	cmd->out_result = vmx_insn_invept(vcpu, cmd->type, cmd->descriptor);
	report_insn(EXIT_REASON_INVEPT, cmd->type, &cmd->out_result);
	return 0;
}

int cmd_invvpid(struct nvmx_vcpu *vcpu, void *arg)
{
	struct nvmx_inv *cmd = arg;

	cmd->out_result = vmx_insn_invvpid(vcpu, cmd->type, cmd->descriptor);
	report_insn(EXIT_REASON_INVVPID, cmd->type, &cmd->out_result);
	return 0;
}

int cmd_vmcall(struct nvmx_vcpu *vcpu, void *arg)
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
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	u64 encoding, value;
	u32 i = 0;

	if (!user_access_begin(user, count * sizeof(*user)))
		return 0;
	for (; i < count; i++) {
		unsafe_get_user(encoding, &user[i].encoding, out);
		if (!field_read_short(vcpu, vmcs, encoding, &value))
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
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	u64 encoding, value;
	u32 i = 0;

	if (!user_access_begin(user, count * sizeof(*user)))
		return 0;
	for (; i < count; i++) {
		unsafe_get_user(encoding, &user[i].encoding, out);
		unsafe_get_user(value, &user[i].value, out);
		if (!field_write_short(vcpu, vmcs, encoding, value))
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

int cmd_vmread_array(struct nvmx_vcpu *vcpu, void *arg)
{
	return cmd_array(vcpu, arg, ARRAY_READ);
}

int cmd_vmwrite_array(struct nvmx_vcpu *vcpu, void *arg)
{
	return cmd_array(vcpu, arg, ARRAY_WRITE);
}
