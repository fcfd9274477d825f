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

/* Bits of a plain encoding: index below 64, type, width; full access. */
#define PLAIN_ENCODING	0x6c7e

/*
 * Slot of a plain encoding: width, type, index.  Less than FIELD_SLOTS whatever
 * the encoding is, so a hostile one cannot be speculated past the tables.
 */
static __always_inline u32 plain_slot(u32 encoding)
{
	return (encoding >> 5 & 0x300) | (encoding >> 4 & 0xc0) |
	       (encoding >> 1 & 0x3f);
}

/* Return: 1 + enum vmcs_index, or 0 for the long way. */
static __always_inline u32 plain_row(const u8 *table, u64 encoding)
{
	return encoding & ~(u64)PLAIN_ENCODING ? 0 : table[plain_slot(encoding)];
}

/**
 * field_read_table() - table for field_read_short()
 * @vcpu: the vCPU; has a current VMCS
 *
 * Context: nvmx_vcpu.lock is held.
 * Return: the table, valid until the long way is taken.
 */
static inline const u8 *field_read_table(const struct nvmx_vcpu *vcpu)
{
	return vcpu->current_vmcs->guest_stale ? vcpu->readable_fresh : vcpu->readable;
}

/**
 * field_read_short() - VMREAD the short way
 * @vmcs: the current VMCS
 * @table: field_read_table()
 * @encoding: register operand
 * @value: value read
 *
 * Context: nvmx_vcpu.lock is held, vmx_insn_ready().
 * Return: true for VMsucceed, false to take the long way.
 */
static __always_inline bool field_read_short(const struct shadow_vmcs *vmcs,
					     const u8 *table, u64 encoding, u64 *value)
{
	u32 row = plain_row(table, encoding);

	if (unlikely(!row))
		return false;

	*value = vmcs->value[row - 1];
	return true;
}

/**
 * field_write_short() - VMWRITE the short way
 * @vmcs: the current VMCS
 * @table: nvmx_vcpu.writable
 * @encoding: register operand
 * @value: value to write
 *
 * Context: nvmx_vcpu.lock is held, vmx_insn_ready().
 * Return: true for VMsucceed, false to take the long way.
 */
static __always_inline bool field_write_short(struct shadow_vmcs *vmcs, const u8 *table,
					      u64 encoding, u64 value)
{
	u32 row = plain_row(table, encoding);
	u32 index = row - 1;

	if (unlikely(!row || !vmcs->node[index].present))
		return false;

	vmcs->value[index] = value & vmcs12_write_info[index].mask;
	vmcs->dirty[index / 64] |= BIT_ULL(index % 64);
	vmcs->dirty_checks |= vmcs12_write_info[index].checks;
	return true;
}

#endif /* NVMX_FIELD_ACCESS_H */
