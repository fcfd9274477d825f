/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The MSRs of L1's processor, as L2 gets at them where L1 lets it.
 */
#ifndef NVMX_L2_MSR_H
#define NVMX_L2_MSR_H

#include <linux/types.h>

struct nvmx_vcpu;

/**
 * l2_msr_read() - RDMSR as the processor of L1's machine would do it
 * @vcpu: the vCPU
 * @index: MSR
 * @value: to be filled
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: false for #GP(0).
 */
bool l2_msr_read(struct nvmx_vcpu *vcpu, u32 index, u64 *value);

/**
 * l2_msr_write() - WRMSR as the processor of L1's machine would do it
 * @vcpu: the vCPU
 * @index: MSR
 * @value: new value
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: false for #GP(0).
 */
bool l2_msr_write(struct nvmx_vcpu *vcpu, u32 index, u64 value);

/**
 * l2_msr_pat_legal() - whether WRMSR would take a value for IA32_PAT
 * @pat: the value
 *
 * Context: Any context.
 * Return: true if each byte is a memory type.
 */
static inline bool l2_msr_pat_legal(u64 pat)
{
	/* No byte is above 7, and none is 2 or 3. */
	return !(pat & 0xf8f8f8f8f8f8f8f8ULL) &&
	       !(pat & ~(pat >> 1) & 0x0202020202020202ULL);
}

#endif /* NVMX_L2_MSR_H */
