/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual-APIC page of L2: which page of L1's memory it is, and what the
 * processor cannot know of it.
 *
 * SDM Vol. 3, "APIC Virtualization and Virtual Interrupts".
 */
#ifndef NVMX_L2_APIC_H
#define NVMX_L2_APIC_H

#include <linux/types.h>
#include <asm/vmx.h>

#include "ept.h"
#include "field_policy.h"
#include "virtual_apic.h"

struct nvmx_vcpu;

/**
 * struct l2_apic - the virtual-APIC page that L2 runs with
 * @page: the page, NULL without "use TPR shadow": pinned memory of L1, or
 *	@stand_in; valid while L2 is live
 * @stand_in: a page of ours for an address where L2 cannot write: NULL until it
 *	is needed
 * @memory_changes: l1_memory.changes when @page was looked up
 */
struct l2_apic {
	void *page;
	void *stand_in;
	u64 memory_changes;
};

/**
 * l2_apic_choose() - find the virtual-APIC page that the next entry uses
 * @vcpu: the vCPU; nvmx_vcpu.f is valid and no rule on controls is broken
 *
 * Where L1 has no memory, or none that can be written, a page of ours takes its
 * place, filled with what L1 would read: what L2 writes there is lost with the
 * next VM entry.
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: 0, or -ENOMEM.
 */
int l2_apic_choose(struct nvmx_vcpu *vcpu);

/**
 * l2_apic_drop() - have vmcs02 know no virtual-APIC page
 * @vcpu: the vCPU
 *
 * Context: nvmx_vcpu.lock is held.
 */
void l2_apic_drop(struct nvmx_vcpu *vcpu);

/**
 * l2_apic_is_plain() - whether an entry needs no look at the virtual-APIC page
 * @vcpu: the vCPU
 * @f: effective values of its vmcs12, from which vmcs02 was merged
 *
 * Context: nvmx_vcpu.lock is held.
 * Return: true if the page is the one of the last entry and no rule reads it.
 */
bool l2_apic_is_plain(const struct nvmx_vcpu *vcpu, const u64 *f);

/**
 * l2_apic_judged() - whether VM entry compares VTPR with the TPR threshold
 * @f: effective values of a vmcs12
 *
 * SDM Vol. 3, "VM-Execution Control Fields" (checks).
 *
 * Context: Any context.
 * Return: true if it does.
 */
bool l2_apic_judged(const u64 *f);

/**
 * l2_apic_wakes() - whether the virtual APIC has something for a halted L2
 * @vcpu: the vCPU; L2 is live
 *
 * VTPR below the threshold after a VM entry, or a virtual interrupt.  SDM Vol. 3,
 * "VM Exits Induced by the TPR Threshold", "Virtual-Interrupt Delivery".
 *
 * Context: Preemption off, vmcs02 is current; nvmx_vcpu.lock is held.
 * Return: true if L2 does not stay halted: the processor does the rest.
 */
bool l2_apic_wakes(struct nvmx_vcpu *vcpu);

/**
 * l2_apic_rdmsr() - RDMSR of L2, which L1 does not want to see
 * @vcpu: the vCPU
 * @index: any MSR
 * @value: value read, with VAPIC_DONE
 *
 * L0 reads the virtual-APIC page in the place of the processor, whose MSRs L2 thus
 * never gets near.
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: VAPIC_DONE or VAPIC_NOT_VIRTUAL.
 */
enum vapic_outcome l2_apic_rdmsr(struct nvmx_vcpu *vcpu, u32 index, u64 *value);

/**
 * l2_apic_wrmsr() - likewise, WRMSR
 * @vcpu: the vCPU
 * @index: any MSR
 * @value: value to write
 * @qualification: exit qualification, with VAPIC_EXIT_x
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: enum vapic_outcome.
 */
enum vapic_outcome l2_apic_wrmsr(struct nvmx_vcpu *vcpu, u32 index, u64 value,
				 u64 *qualification);

/**
 * l2_apic_access() - APIC-access page of a vmcs12, for ept02_get()
 * @f: its effective values
 *
 * Context: Any context.
 * Return: L1-physical address with EPT_APIC_ACCESS, or 0 for none.
 */
static inline u64 l2_apic_access(const u64 *f)
{
	if (!(vmcs12_proc2(f) & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES))
		return 0;

	return (f[VF_APIC_ACCESS_ADDR] & EPT_ADDRESS) | EPT_APIC_ACCESS;
}

/**
 * l2_apic_destroy() - free what l2_apic_choose() made
 * @apic: the struct
 *
 * Context: Process context; no L2 is live.
 */
void l2_apic_destroy(struct l2_apic *apic);

#endif /* NVMX_L2_APIC_H */
