// SPDX-License-Identifier: GPL-2.0-only
/*
 * VM-exit information that few exits have.
 */
#include <linux/bits.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <asm/vmx.h>

#include "exit_info.h"
#include "vcpu.h"
#include "vmx_ops.h"

/* ---- from the processor -------------------------------------------------- */

void exit_info_read_details(struct l2_exit *exit)
{
	struct exit_info *info = &exit->info;

	info->intr_info = vmcs_read32(VM_EXIT_INTR_INFO);
	if (info->intr_info & INTR_INFO_VALID_MASK)
		info->intr_error_code = vmcs_read32(VM_EXIT_INTR_ERROR_CODE);
	info->instruction_info = vmcs_read32(VMX_INSTRUCTION_INFO);
	exit->linear_address = vmcs_readl(GUEST_LINEAR_ADDRESS);
	exit->physical_address = vmcs_read64(GUEST_PHYSICAL_ADDRESS);
}

/*
 * The event whose delivery the exit has broken off.  In real-address mode none
 * has an error code, whatever the processor says (Bochs 2.7 does of #GP): it
 * would not take the event back with one.
 */
void exit_info_read_vectoring(struct l2_exit *exit)
{
	exit->idt_error_code = vmcs_read32(IDT_VECTORING_ERROR_CODE);
	if (!(vmcs_readl(GUEST_CR0) & X86_CR0_PE))
		exit->idt_info &= ~VECTORING_INFO_DELIVER_CODE_MASK;
}

/*
 * An event that was not delivered is not lost; a pending MTF VM exit is, as to any
 * other exit that comes before it.
 */
void exit_info_undelivered(struct l2_exit *exit)
{
	u32 pending = vmcs_read32(VM_ENTRY_INTR_INFO_FIELD);

	if (!(pending & INTR_INFO_VALID_MASK))
		return;
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	if ((pending & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_OTHER_EVENT)
		return;
	exit->idt_info = pending;
	exit->idt_error_code = vmcs_read32(VM_ENTRY_EXCEPTION_ERROR_CODE);
}

/* ---- from a post --------------------------------------------------------- */

void exit_info_from_post(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	struct nvmx_exit_l2 post;

	spin_lock(&vcpu->post_lock);
	post = vcpu->post_exit;
	clear_bit(POST_EXIT, &vcpu->posts);
	spin_unlock(&vcpu->post_lock);

	memset(exit, 0, sizeof(*exit));
	exit->reason = post.exit_reason;
	exit->info.reason = post.exit_reason;
	exit->info.qualification = post.qualification;
	exit->info.intr_info = post.intr_info;
	exit->info.intr_error_code = post.intr_error_code;
	exit->info.instruction_info = post.instruction_info;
	exit->instruction_len = post.instruction_len;
	exit->linear_address = post.guest_linear_address;
	exit->physical_address = post.guest_physical_address;
	exit->rule = NVMX_RULE_POSTED;
	exit_info_undelivered(exit);
}

/* ---- to L1 --------------------------------------------------------------- */

#define INFO_REGISTER	BIT(10)

bool exit_info_is_qualified_else(const struct exit_info *info)
{
	u8 vector = info->intr_info & INTR_INFO_VECTOR_MASK;

	if (info->reason == EXIT_REASON_EXCEPTION_NMI)
		return vector == X86_TRAP_DB || vector == X86_TRAP_PF;
	if (info->reason < 64)
		return !(info->instruction_info & INFO_REGISTER);

	/* XRSTORS and newer. */
	return true;
}

void exit_info_tell_failed(struct nvmx_vcpu *vcpu, u32 reason, u64 qualification)
{
	struct nvmx_run *run = vcpu->run;

	run->kind = NVMX_KIND_EXIT;
	run->exit_reason = reason;
	run->instruction_len = 0;
	run->qualification = qualification;
	run->guest_linear_address = 0;
	run->guest_physical_address = 0;
	run->instruction_info = 0;
	run->intr_info = 0;
	run->intr_error_code = 0;
	run->idt_vectoring_info = 0;
	run->idt_vectoring_error_code = 0;
	run->deciding_rule = NVMX_RULE_UNCONDITIONAL;
}
