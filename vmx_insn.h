/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMX instructions of L1, with every outcome in the SDM's order of checks:
 * SDM Vol. 3, "VMX Instruction Reference".  VMLAUNCH and VMRESUME are in
 * nested_entry.h.
 *
 * All: nvmx_vcpu.lock is held, nesting level L1.
 */
#ifndef NVMX_VMX_INSN_H
#define NVMX_VMX_INSN_H

#include <linux/types.h>

struct nvmx_result;
struct nvmx_vcpu;
struct shadow_vmcs;

/**
 * vmx_insn_allowed() - #UD and #GP of all VMX instructions but VMXON
 * @vcpu: the vCPU
 * @result: filled when the instruction faults
 *
 * Context: see the head of this file.
 * Return: true if the instruction may go on.
 */
bool vmx_insn_allowed(struct nvmx_vcpu *vcpu, struct nvmx_result *result);

/**
 * vmx_insn_fail() - VMfail
 * @vcpu: the vCPU
 * @error: VM-instruction error number
 *
 * Context: see the head of this file.
 * Return: VMfailValid with @error, which is also put in the field of that name,
 * if there is a current VMCS, otherwise VMfailInvalid.
 */
struct nvmx_result vmx_insn_fail(struct nvmx_vcpu *vcpu, u32 error);

/**
 * vmx_insn_vmxon() - VMXON
 * @vcpu: the vCPU
 * @vmptr: operand
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_vmxon(struct nvmx_vcpu *vcpu, u64 vmptr);

/**
 * vmx_insn_vmxoff() - VMXOFF
 * @vcpu: the vCPU
 *
 * Writes all active vmcs12s back.
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_vmxoff(struct nvmx_vcpu *vcpu);

/**
 * vmx_insn_vmclear() - VMCLEAR
 * @vcpu: the vCPU
 * @vmptr: operand
 * @result: the outcome
 *
 * Context: see the head of this file.
 * Return: 0, or -ENOMEM.
 */
int vmx_insn_vmclear(struct nvmx_vcpu *vcpu, u64 vmptr, struct nvmx_result *result);

/**
 * vmx_insn_vmptrld() - VMPTRLD
 * @vcpu: the vCPU
 * @vmptr: operand
 * @result: the outcome
 *
 * Context: see the head of this file.
 * Return: 0, or -ENOMEM.
 */
int vmx_insn_vmptrld(struct nvmx_vcpu *vcpu, u64 vmptr, struct nvmx_result *result);

/**
 * vmx_insn_vmptrst() - VMPTRST
 * @vcpu: the vCPU
 * @vmptr: the current-VMCS pointer
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_vmptrst(struct nvmx_vcpu *vcpu, u64 *vmptr);

/**
 * vmx_insn_vmread() - VMREAD
 * @vcpu: the vCPU
 * @encoding: register operand
 * @value: value read; 0 unless VMsucceed
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_vmread(struct nvmx_vcpu *vcpu, u64 encoding, u64 *value);

/**
 * vmx_insn_vmwrite() - VMWRITE
 * @vcpu: the vCPU
 * @encoding: register operand
 * @value: value to write
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_vmwrite(struct nvmx_vcpu *vcpu, u64 encoding, u64 value);

/**
 * vmx_insn_ready() - the checks of VMREAD and VMWRITE before the field
 * @vcpu: the vCPU
 * @result: filled when the instruction stops there
 *
 * Context: see the head of this file.
 * Return: true if the instruction would look at its field.
 */
bool vmx_insn_ready(struct nvmx_vcpu *vcpu, struct nvmx_result *result);

/**
 * vmx_insn_read_field() - VMREAD, after vmx_insn_ready()
 * @vcpu: the vCPU
 * @encoding: register operand
 * @value: value read; 0 unless VMsucceed
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_read_field(struct nvmx_vcpu *vcpu, u64 encoding, u64 *value);

/**
 * vmx_insn_write_field() - VMWRITE, after vmx_insn_ready()
 * @vcpu: the vCPU
 * @encoding: register operand
 * @value: value to write
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_write_field(struct nvmx_vcpu *vcpu, u64 encoding, u64 value);

/**
 * vmx_insn_invept() - INVEPT
 * @vcpu: the vCPU
 * @type: register operand
 * @desc: memory operand, low half first
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_invept(struct nvmx_vcpu *vcpu, u64 type, const u64 *desc);

/**
 * vmx_insn_invvpid() - INVVPID
 * @vcpu: the vCPU
 * @type: register operand
 * @desc: memory operand, low half first
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_invvpid(struct nvmx_vcpu *vcpu, u64 type, const u64 *desc);

/**
 * vmx_insn_vmcall() - VMCALL in VMX root operation
 * @vcpu: the vCPU
 *
 * Context: see the head of this file.
 * Return: the outcome.
 */
struct nvmx_result vmx_insn_vmcall(struct nvmx_vcpu *vcpu);

#endif /* NVMX_VMX_INSN_H */
