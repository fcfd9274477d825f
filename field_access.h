/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way of VMREAD and VMWRITE, for lists of them: a field whose
 * encoding is even, which L1 may access, and whose stored value is the present
 * one.  Everything else takes the long way (vmx_insn.h), which gives all the
 * other answers.
 */
#ifndef NVMX_FIELD_ACCESS_H
#define NVMX_FIELD_ACCESS_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include "shadow_vmcs.h"
#include "vcpu.h"

/**
 * field_read_short() - VMREAD the short way
 * @vcpu: the vCPU
 * @vmcs: its current vmcs12
 * @encoding: register operand
 * @value: value read
 *
 * Context: nvmx_vcpu.lock is held, vmx_insn_ready().
 * Return: true for VMsucceed, false to take the long way.
 */
static __always_inline bool field_read_short(const struct nvmx_vcpu *vcpu,
					     const struct shadow_vmcs *vmcs, u64 encoding,
					     u64 *value)
{
	u32 row = vmcs_field_row(encoding);
	u32 index = row - 1;

	if (unlikely(!(vcpu->access[row] & FIELD_READABLE) ||
		     arch_test_bit(index, (const unsigned long *)vmcs->stale)))
		return false;

	*value = vmcs->value[index];
	return true;
}

/**
 * field_write_short() - VMWRITE the short way
 * @vcpu: the vCPU
 * @vmcs: its current vmcs12
 * @encoding: register operand
 * @value: value to write
 *
 * Context: nvmx_vcpu.lock is held, vmx_insn_ready().
 * Return: true for VMsucceed, false to take the long way.
 */
static __always_inline bool field_write_short(const struct nvmx_vcpu *vcpu,
					      struct shadow_vmcs *vmcs, u64 encoding,
					      u64 value)
{
	u32 row = vmcs_field_row(encoding);
	u32 index = row - 1;

	if (unlikely(!(vcpu->access[row] & FIELD_WRITABLE) || !vmcs->node[index].present))
		return false;

	vmcs->value[index] = value & vmcs12_write_mask[index];
	/* Those without arch_ may call what looks at the access. */
	arch___set_bit(index, (unsigned long *)vmcs->dirty);
	arch___clear_bit(index, (unsigned long *)vmcs->stale);
	vmcs->dirty_checks |= vmcs12_write_checks[index];
	return true;
}

#endif /* NVMX_FIELD_ACCESS_H */
