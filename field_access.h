/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way of VMREAD and VMWRITE, for lists of them: a field whose
 * encoding is even, which L1 may access, and whose stored value is the present
 * one.  Everything else takes the long way (vmx_insn.h), which gives all the
 * other answers.
 */
#ifndef NVMX_FIELD_ACCESS_H
#define NVMX_FIELD_ACCESS_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "shadow_vmcs.h"
#include "vcpu.h"

/**
 * field_read_short() - VMREAD the short way
 * @vcpu: the vCPU
 * @encoding: register operand
 * @value: value read
 *
 * Context: nvmx_vcpu.lock is held, vmx_insn_ready().
 * Return: true for VMsucceed, false to take the long way.
 */
static __always_inline bool field_read_short(const struct nvmx_vcpu *vcpu, u64 encoding,
					     u64 *value)
{
	const struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	u32 row = vmcs_field_row(encoding);
	u32 index = row - 1;

	if (unlikely(!(vcpu->access[row] & FIELD_READABLE) || vmcs12_is_stale(vmcs, index)))
		return false;

	*value = vmcs->value[index];
	return true;
}

/**
 * field_write_short() - VMWRITE the short way
 * @vcpu: the vCPU
 * @encoding: register operand
 * @value: value to write
 *
 * Context: nvmx_vcpu.lock is held, vmx_insn_ready().
 * Return: true for VMsucceed, false to take the long way.
 */
static __always_inline bool field_write_short(const struct nvmx_vcpu *vcpu, u64 encoding,
					      u64 value)
{
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	u32 row = vmcs_field_row(encoding);
	u32 index = row - 1;

	if (unlikely(!(vcpu->access[row] & FIELD_WRITABLE) || !vmcs->node[index].present))
		return false;

	vmcs->value[index] = value & vmcs12_write_info[index].mask;
	vmcs->dirty[index / 64] |= BIT_ULL(index % 64);
	vmcs->stale[index / 64] &= ~BIT_ULL(index % 64);
	vmcs->dirty_checks |= vmcs12_write_info[index].checks;
	return true;
}

#endif /* NVMX_FIELD_ACCESS_H */
