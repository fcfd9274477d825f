/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a nested VM exit does to L1: its registers from the host-state area, and
 * the MSR areas.
 */
#ifndef NVMX_L1_STATE_H
#define NVMX_L1_STATE_H

#include <linux/types.h>

#include "vcpu.h"

/**
 * l1_state_is_loaded() - whether l1_state_load() would change nothing
 * @vcpu: the vCPU
 *
 * Nothing that L1 would see has changed since the last exit.
 *
 * Context: nvmx_vcpu.lock is held.
 * Return: true if so.
 */
static inline bool l1_state_is_loaded(const struct nvmx_vcpu *vcpu)
{
	return (vcpu->l1_current && vcpu->l1_from == vcpu->current_vmcs) ||
	       vcpu->profile == NVMX_PROFILE_SEALED;
}

/**
 * l1_state_load() - load L1's registers as a VM exit does
 * @vcpu: the vCPU; nvmx_vcpu.f is valid
 *
 * In the sealed profile L1's registers are left as they are.  SDM Vol. 3,
 * "Loading Host State".
 *
 * Context: nvmx_vcpu.lock is held.
 */
void l1_state_load(struct nvmx_vcpu *vcpu);

/**
 * l1_msr_areas_exit() - VM-exit MSR-store area, L1's registers, MSR-load area
 * @vcpu: the vCPU; nvmx_vcpu.f is valid
 * @failed_entry: the exit is a failed VM entry: nothing is stored
 *
 * SDM Vol. 3, "Saving MSRs" and "Loading MSRs" of "VM Exits": what the
 * MSR-load area holds comes after what the host-state area loads.
 *
 * Context: Process context; not between load and put; nvmx_vcpu.lock is held.
 * Return: 0, or the VMX-abort indicator.
 */
u32 l1_msr_areas_exit(struct nvmx_vcpu *vcpu, bool failed_entry);

/**
 * l1_vmx_abort() - VMX abort: L1's processor shuts down
 * @vcpu: the vCPU
 * @indicator: VMX-abort indicator, stored in the VMCS region
 *
 * Context: nvmx_vcpu.lock is held.
 */
void l1_vmx_abort(struct nvmx_vcpu *vcpu, u32 indicator);

#endif /* NVMX_L1_STATE_H */
