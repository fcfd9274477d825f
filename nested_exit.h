/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a VM exit of L2 to whoever gets it; the nested VM exit to L1.
 */
#ifndef NVMX_NESTED_EXIT_H
#define NVMX_NESTED_EXIT_H

#include <linux/types.h>

struct l2_exit;
struct nvmx_vcpu;

/**
 * nested_run() - run L2 until the process is needed
 * @vcpu: the vCPU; L2 is live and vmcs02 merged
 *
 * On return the run page has the kind and what goes with it.
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: 0 or
 * - %-ENODEV: VMX is off on this CPU
 * - %-EIO: the processor refused vmcs02 (L2 is no longer live)
 * - %-ENOMEM: no memory for EPT02 (L2 stays live; call again)
 */
int nested_run(struct nvmx_vcpu *vcpu);

/**
 * nested_entry_failed() - a VM entry that fails after the checks on controls
 * @vcpu: the vCPU
 * @reason: exit reason, bit 31 included
 * @qualification: exit qualification
 *
 * SDM Vol. 3, "VM-Entry Failures During or After Loading Guest State".
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 */
void nested_entry_failed(struct nvmx_vcpu *vcpu, u32 reason, u64 qualification);

#endif /* NVMX_NESTED_EXIT_H */
