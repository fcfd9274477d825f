/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMLAUNCH and VMRESUME of L1: checks, vmcs02, and into L2.
 */
#ifndef NVMX_NESTED_ENTRY_H
#define NVMX_NESTED_ENTRY_H

#include <linux/types.h>

struct nvmx_failure;
struct nvmx_vcpu;

/**
 * nvmx_enter_l2() - enter L2, or go on with a live one
 * @vcpu: the vCPU
 * @flags: NVMX_ENTER_x
 *
 * The answer is in the run page.
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: 0 or
 * - %-EOPNOTSUPP: unknown flag
 * - %-EINVAL: nested VMX is not enabled, L1 is in VMX-abort shutdown, a list in
 *   the run page is too long, or NVMX_ENTER_COMPLETE without an open L0 event
 * - %-ENOMEM: no memory for EPT02 or a copy of an MSR area
 * - %-ENODEV: VMX is off on this CPU
 * - %-EIO: the processor refused vmcs02
 */
int nvmx_enter_l2(struct nvmx_vcpu *vcpu, unsigned long flags);

/**
 * nested_check() - judge the current vmcs12 without entering
 * @vcpu: the vCPU; has a current vmcs12
 * @list: broken rules
 * @capacity: elements of @list there is room for
 * @total: number of broken rules
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: 0, or -ENOMEM.
 */
int nested_check(struct nvmx_vcpu *vcpu, struct nvmx_failure *list, u32 capacity,
		 u32 *total);

/**
 * nested_pdptes() - copy the PDPTEs that L2 starts with out of L1's memory
 * @vcpu: the vCPU; nvmx_vcpu.f is valid
 * @pdpte: room for four; ones where there is no memory
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: true if L2 has PDPTEs and they come from memory, else @pdpte is as it
 * was.
 */
bool nested_pdptes(struct nvmx_vcpu *vcpu, u64 *pdpte);

/**
 * nested_restore() - make an L2 live that was so elsewhere
 * @vcpu: the vCPU, at level L1 with a current vmcs12 that holds L2's guest state
 * @live: what no vmcs12 has; of its domains
 * @rule: to be filled with the id of the first broken rule, for -EINVAL
 *
 * Judged by all rules of VM entry.  Nothing runs before NVMX_ENTER_L2.
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: 0, %-EINVAL, %-ENOMEM, %-ENODEV or %-EIO.
 */
int nested_restore(struct nvmx_vcpu *vcpu, const struct nvmx_snapshot_live *live,
		   u32 *rule);

#endif /* NVMX_NESTED_ENTRY_H */
