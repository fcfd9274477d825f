/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What each VM exit of L2 says, read from vmcs02 and told to L1: inline, as it is
 * on the way of every exit.
 */
#ifndef NVMX_EXIT_INFO_RUN_H
#define NVMX_EXIT_INFO_RUN_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <asm/vmx.h>

#include "exit_info.h"
#include "vcpu.h"
#include "vmx_ops.h"

/* The bit of a basic exit reason below 64 in a mask of them. */
#define EXIT_BIT(name)	BIT_ULL(EXIT_REASON_##name)

/*
 * Basic exit reasons below 64 with interruption information, instruction
 * information or an address.  For all others these fields are undefined: L1
 * finds 0.  SDM Vol. 3, "Recording VM-Exit Information and Updating VM-Entry
 * Control Fields".
 */
#define EXITS_DETAILED ( \
	EXIT_BIT(EXCEPTION_NMI) | EXIT_BIT(EXTERNAL_INTERRUPT) | EXIT_BIT(TASK_SWITCH) | \
	EXIT_BIT(VMCLEAR) | EXIT_BIT(VMPTRLD) | EXIT_BIT(VMPTRST) | \
	EXIT_BIT(VMREAD) | EXIT_BIT(VMWRITE) | EXIT_BIT(VMON) | \
	EXIT_BIT(CR_ACCESS) | EXIT_BIT(IO_INSTRUCTION) | EXIT_BIT(APIC_ACCESS) | \
	EXIT_BIT(GDTR_IDTR) | EXIT_BIT(LDTR_TR) | EXIT_BIT(EPT_VIOLATION) | \
	EXIT_BIT(EPT_MISCONFIG) | EXIT_BIT(INVEPT) | EXIT_BIT(INVVPID) | \
	EXIT_BIT(RDRAND) | EXIT_BIT(INVPCID) | EXIT_BIT(RDSEED) | \
	EXIT_BIT(PML_FULL) | EXIT_BIT(XSAVES))

/**
 * exit_info_read() - read what the processor says of an exit
 * @exit: to be filled, but for the registers that routing looks at
 *
 * Context: Interrupts off, right after the exit, vmcs02 is current.
 */
static __always_inline void exit_info_read(struct l2_exit *exit)
{
	struct exit_info *info = &exit->info;

	exit->reason = vmcs_read32(VM_EXIT_REASON);
	info->reason = exit->reason & 0xffff;
	info->qualification = vmcs_readl(EXIT_QUALIFICATION);
	info->intr_info = 0;
	info->intr_error_code = 0;
	info->instruction_info = 0;
	exit->linear_address = 0;
	exit->physical_address = 0;
	if (info->reason >= 64 || EXITS_DETAILED & BIT_ULL(info->reason))
		exit_info_read_details(exit);
	exit->instruction_len = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
	exit->idt_error_code = 0;
	exit->inject_info = 0;
	exit->idt_info = vmcs_read32(IDT_VECTORING_INFO_FIELD);
	if (unlikely(exit->idt_info & VECTORING_INFO_VALID_MASK))
		exit_info_read_vectoring(exit);
}

/*
 * Basic exit reasons below 64 that have an exit qualification, exceptions
 * apart.  For all others the field is cleared.  SDM Vol. 3, "Exit
 * Qualification".
 */
#define EXITS_QUALIFIED ( \
	EXIT_BIT(INVALID_STATE) | EXIT_BIT(MSR_LOAD_FAIL) | EXIT_BIT(SIPI_SIGNAL) | \
	EXIT_BIT(TASK_SWITCH) | EXIT_BIT(INVLPG) | EXIT_BIT(VMCLEAR) | \
	EXIT_BIT(VMPTRLD) | EXIT_BIT(VMPTRST) | EXIT_BIT(VMREAD) | \
	EXIT_BIT(VMWRITE) | EXIT_BIT(VMON) | EXIT_BIT(CR_ACCESS) | \
	EXIT_BIT(DR_ACCESS) | EXIT_BIT(IO_INSTRUCTION) | EXIT_BIT(MWAIT_INSTRUCTION) | \
	EXIT_BIT(APIC_ACCESS) | EXIT_BIT(EOI_INDUCED) | EXIT_BIT(GDTR_IDTR) | \
	EXIT_BIT(LDTR_TR) | EXIT_BIT(EPT_VIOLATION) | EXIT_BIT(INVEPT) | \
	EXIT_BIT(INVVPID) | EXIT_BIT(APIC_WRITE) | EXIT_BIT(INVPCID) | \
	EXIT_BIT(PML_FULL) | EXIT_BIT(XSAVES))

/* Of these the qualification is the displacement of a memory operand. */
#define EXITS_DISPLACED (EXIT_BIT(VMREAD) | EXIT_BIT(VMWRITE) | EXIT_BIT(LDTR_TR))

/**
 * exit_info_is_qualified() - whether an exit has an exit qualification
 * @info: what was read
 *
 * Context: Any context.
 * Return: false if the field is cleared.
 */
static __always_inline bool exit_info_is_qualified(const struct exit_info *info)
{
	if (unlikely(info->reason >= 64 ||
		     (EXITS_DISPLACED | EXIT_BIT(EXCEPTION_NMI)) & BIT_ULL(info->reason)))
		return exit_info_is_qualified_else(info);

	return EXITS_QUALIFIED & BIT_ULL(info->reason);
}

/* A field of exit information, which most L1s look up in the run page. */
#define TELL(field, member, from)		\
do {						\
	typeof(from) told = (from);		\
						\
	value[VF_##field] = told;		\
	run->member = told;			\
} while (0)

/**
 * exit_info_tell() - tell L1 of an exit, in vmcs12 and the run page
 * @vcpu: the vCPU; its current vmcs12 has all fields of exit information
 * @exit: the exit
 *
 * Context: nvmx_vcpu.lock is held.
 */
static __always_inline void exit_info_tell(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	u64 *value = vcpu->current_vmcs->value;
	struct nvmx_run *run = vcpu->run;

	run->kind = NVMX_KIND_EXIT;
	TELL(VM_EXIT_REASON, exit_reason, exit->reason);
	TELL(VM_EXIT_INSTRUCTION_LEN, instruction_len, exit->instruction_len);
	TELL(EXIT_QUALIFICATION, qualification, exit->info.qualification);
	TELL(GUEST_LINEAR_ADDRESS, guest_linear_address, exit->linear_address);
	TELL(VMX_INSTRUCTION_INFO, instruction_info, exit->info.instruction_info);
	TELL(VM_EXIT_INTR_INFO, intr_info, exit->info.intr_info);
	TELL(VM_EXIT_INTR_ERROR_CODE, intr_error_code, exit->info.intr_error_code);
	TELL(IDT_VECTORING_INFO_FIELD, idt_vectoring_info, exit->idt_info);
	TELL(IDT_VECTORING_ERROR_CODE, idt_vectoring_error_code, exit->idt_error_code);
	run->guest_physical_address = exit->physical_address;
	run->deciding_rule = exit->rule;
	if (unlikely(exit->info.reason == EXIT_REASON_EPT_VIOLATION ||
		     exit->info.reason == EXIT_REASON_EPT_MISCONFIG))
		vmcs12_sync(vcpu->current_vmcs, VF_GUEST_PHYSICAL_ADDRESS,
			    exit->physical_address);
}

#undef TELL

#endif /* NVMX_EXIT_INFO_RUN_H */
