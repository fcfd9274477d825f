/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vmcs02: merged from vmcs12 and what L0 needs, and read back into vmcs12.
 * The only file, beside the run loop, that touches fields of the real VMCS.
 */
#ifndef NVMX_VMCS02_H
#define NVMX_VMCS02_H

#include <linux/types.h>

#include "ept.h"
#include "field_policy.h"

struct nvmx_vcpu;
struct shadow_vmcs;
struct vmcs02;

/**
 * vmcs02_module_init() - make what all vmcs02s share
 *
 * Context: Process context; at module load.
 * Return: 0, or -ENOMEM.
 */
int vmcs02_module_init(void);

/**
 * vmcs02_module_exit() - free it
 *
 * Context: Process context.
 */
void vmcs02_module_exit(void);

/**
 * vmcs02_sync_init() - find the fields that are brought back on demand
 *
 * Context: Process context; at module load.
 */
void vmcs02_sync_init(void);

/**
 * vmcs02_init() - make a vmcs02
 * @vmcs02: to be filled; zero
 *
 * Context: Process context.
 * Return: 0, or -ENOMEM.
 */
int vmcs02_init(struct vmcs02 *vmcs02);

/**
 * vmcs02_destroy() - free a vmcs02
 * @vmcs02: made by vmcs02_init(), or zero
 *
 * Context: Process context.
 */
void vmcs02_destroy(struct vmcs02 *vmcs02);

/**
 * vmcs02_load() - make vmcs02 current here
 * @vcpu: the vCPU
 *
 * Context: Preemption off, interrupts on.
 * Return: 0, or -ENODEV if VMX is off on this CPU.
 */
int vmcs02_load(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_eptp12() - EPT pointer of a vmcs12, for ept.h
 * @f: its effective values
 *
 * Context: Any context.
 * Return: the pointer, or EPT_NO_EPT12.
 */
static inline u64 vmcs02_eptp12(const u64 *f)
{
	return vmcs12_uses_ept(f) ? f[VF_EPT_POINTER] : EPT_NO_EPT12;
}

/**
 * vmcs02_choose_ept() - find the EPT that the next entry walks
 * @vcpu: the vCPU; nvmx_vcpu.f is valid
 *
 * Context: Process context, may sleep.
 * Return: 0, or -ENOMEM.
 */
int vmcs02_choose_ept(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_update_ept() - write the EPT pointer that vmcs02_choose_ept() chose
 * @vcpu: the vCPU; L2 is live
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_update_ept(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_merge() - compute what changed in vmcs12 into vmcs02
 * @vcpu: the vCPU; nvmx_vcpu.f is valid
 * @pdpte: the PDPTEs that L2 starts with, where they come from memory, or NULL
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: 0, or -EIO if the processor refused a field.
 */
int vmcs02_merge(struct nvmx_vcpu *vcpu, const u64 *pdpte);

/**
 * vmcs02_inject() - have the next entry deliver an event
 * @vcpu: the vCPU
 * @intr_info: VM-entry interruption information, valid bit included
 * @error_code: VM-entry exception error code
 * @length: VM-entry instruction length
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_inject(struct nvmx_vcpu *vcpu, u32 intr_info, u32 error_code, u32 length);

/**
 * vmcs02_single_step() - let the processor agree on a pending BS
 * @vcpu: the vCPU; vmcs02 is merged, and the MSR area of VM entry loaded
 *
 * The processor judges BS by the BTF of the field IA32_DEBUGCTL, and so do the
 * rules with vmcs12's.  vmcs02's holds what L2 runs with, which may differ: L1's own
 * without "load debug controls", or what the MSR area holds.
 *
 * SDM Vol. 3, "Checks on Guest Non-Register State".
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_single_step(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_open_windows() - have L2 exit when it can take an event
 * @vcpu: the vCPU; L2 is live
 * @windows: EVENT_NMI_WINDOW, EVENT_INTR_WINDOW: what L0 needs; L1's own windows
 *	are not touched
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_open_windows(struct nvmx_vcpu *vcpu, u32 windows);

/**
 * vmcs02_update_host() - write the host-state fields that change, if they have
 * @vcpu: the vCPU
 *
 * Context: Interrupts off, vmcs02 is current, right before the entry.
 */
void vmcs02_update_host(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_flush_all() - drop all translations of L2 on this CPU
 * @vcpu: the vCPU
 *
 * Context: Interrupts off, vmcs02 is current, right before the entry.
 */
void vmcs02_flush_all(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_follow_fpu() - trap L2's use of the FPU, or stop to
 * @vcpu: the vCPU; vmcs02 is merged
 *
 * While L2's FPU state is not loaded CR0.TS is 1, and its #NM is L0's.
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_follow_fpu(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_follow_syscall() - trap L2's use of SYSCALL and SYSRET, or stop to
 * @vcpu: the vCPU; vmcs02 is merged
 *
 * While the MSRs of SYSCALL are the host's EFER.SCE is 0, and L2's #UD is L0's.
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_follow_syscall(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_efer() - IA32_EFER as L2 has it
 * @vcpu: the vCPU; vmcs02 is merged
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: its value.
 */
u64 vmcs02_efer(const struct nvmx_vcpu *vcpu);

/**
 * vmcs02_set_efer() - L2's IA32_EFER changes
 * @vcpu: the vCPU; nvmx_vcpu.f is valid
 * @value: new value as L2 has it
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_set_efer(struct nvmx_vcpu *vcpu, u64 value);

/**
 * vmcs02_cr0() - CR0 as L2 has it
 * @vcpu: the vCPU; L2 is live
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: the value that vmcs12's GUEST_CR0 would get.
 */
u64 vmcs02_cr0(const struct nvmx_vcpu *vcpu);

/**
 * vmcs02_cr4() - CR4 as L2 has it
 * @vcpu: the vCPU; L2 is live
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: the value that vmcs12's GUEST_CR4 would get.
 */
u64 vmcs02_cr4(const struct nvmx_vcpu *vcpu);

/**
 * vmcs02_set_cr0() - L2's CR0 changes by emulation
 * @vcpu: the vCPU
 * @value: new value as L2 has it
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_set_cr0(struct nvmx_vcpu *vcpu, u64 value);

/**
 * vmcs02_set_cr4() - L2's CR4 changes by emulation
 * @vcpu: the vCPU
 * @value: new value as L2 has it
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_set_cr4(struct nvmx_vcpu *vcpu, u64 value);

/**
 * vmcs02_sync_exit() - bring into vmcs12 what every nested VM exit saves
 * @vcpu: the vCPU
 *
 * The rest stays in vmcs02 and is marked stale in vmcs12.  The fields of exit
 * information are present after it.
 *
 * Context: Preemption off, vmcs02 is current.
 */
void vmcs02_sync_exit(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_sync_rare() - bring all that the last exit left in vmcs02 into vmcs12
 * @vcpu: the vCPU
 *
 * Into vmcs02's owner; does nothing unless some field of it is stale.
 *
 * Context: Process context, interrupts on, nvmx_vcpu.lock is held.
 */
void vmcs02_sync_rare(struct nvmx_vcpu *vcpu);

/**
 * vmcs02_sync_field() - as vmcs02_sync_rare(), for one field
 * @vcpu: the vCPU
 * @index: the field
 *
 * Context: Process context, interrupts on, nvmx_vcpu.lock is held.
 */
void vmcs02_sync_field(struct nvmx_vcpu *vcpu, enum vmcs_index index);

/**
 * vmcs02_sync_entry() - as vmcs02_sync_rare(), for what an entry looks at
 * @vcpu: the vCPU
 * @groups: groups of entry rules that will be judged, a bit each
 * @parts: G_x: parts of vmcs02 that will be computed
 *
 * Context: Process context, interrupts on, nvmx_vcpu.lock is held.
 */
void vmcs02_sync_entry(struct nvmx_vcpu *vcpu, u64 groups, u32 parts);

/**
 * vmcs02_dirty_parts() - parts of vmcs02 that the next merge computes
 * @vcpu: the vCPU; vmcs02 is its current vmcs12's
 *
 * Context: nvmx_vcpu.lock is held.
 * Return: G_x.
 */
u32 vmcs02_dirty_parts(const struct nvmx_vcpu *vcpu);

/**
 * vmcs02_sync_live() - bring guest state into vmcs12 as a VM exit would
 * @vcpu: the vCPU; L2 is live, but does not run
 * @live: to be filled with what no vmcs12 has; the members on registers outside
 *	the VMCS and on posts are left alone
 *
 * L1's registers and what depends on VM-exit controls stay as they are.
 *
 * Context: Process context, interrupts on, nvmx_vcpu.lock is held.
 * Return: 0, or -ENODEV if VMX is off on this CPU.
 */
int vmcs02_sync_live(struct nvmx_vcpu *vcpu, struct nvmx_snapshot_live *live);

/**
 * vmcs02_peek() - read a field of vmcs02
 * @vcpu: the vCPU
 * @index: the field
 * @value: to be filled
 *
 * Context: Process context, interrupts on, nvmx_vcpu.lock is held.
 * Return: 0, -ENOENT for a field that is the kernel's, or -ENODEV.
 */
int vmcs02_peek(struct nvmx_vcpu *vcpu, enum vmcs_index index, u64 *value);

#endif /* NVMX_VMCS02_H */
