/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is looked at of vmcs02 before each entry of the processor: inline, as most
 * of it has hardly ever changed.
 */
#ifndef NVMX_VMCS02_RUN_H
#define NVMX_VMCS02_RUN_H

#include <linux/compiler.h>
#include <asm/special_insns.h>

#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/**
 * vmcs02_ensure() - vmcs02_load(), which mostly has nothing to do
 * @vcpu: the vCPU
 *
 * Context: Preemption off, interrupts on.
 * Return: as vmcs02_load().
 */
static __always_inline int vmcs02_ensure(struct nvmx_vcpu *vcpu)
{
	return likely(hw_vmcs_is_current(&vcpu->vmcs02.hw)) ? 0 : vmcs02_load(vcpu);
}

/**
 * vmcs02_update() - write what changed without a merge
 * @vcpu: the vCPU; L2 is live
 *
 * The EPT pointer that vmcs02_choose_ept() chose, and GUEST_RIP.
 *
 * Context: Preemption off, vmcs02 is current.
 */
static __always_inline void vmcs02_update(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	if (v->rip_stale) {
		vmcs_writel(GUEST_RIP, vcpu->f[VF_GUEST_RIP]);
		v->rip_stale = false;
	}
	if (unlikely(v->stale & G_EPT))
		vmcs02_update_ept(vcpu);
}

/**
 * vmcs02_host() - refresh the host-state fields that change
 * @vcpu: the vCPU
 *
 * Context: Interrupts off, vmcs02 is current, right before the entry.
 */
static __always_inline void vmcs02_host(struct nvmx_vcpu *vcpu)
{
	const struct vmcs02 *v = &vcpu->vmcs02;

	if (unlikely(v->host_cr3 != __read_cr3() || v->host_cr4 != __read_cr4() ||
		     v->host_fs_base != vcpu->host.fs_base))
		vmcs02_update_host(vcpu);
}

/**
 * vmcs02_flush() - do the flushes that are due
 * @vcpu: the vCPU
 *
 * Context: Interrupts off, vmcs02 is current, right before the entry.
 */
static __always_inline void vmcs02_flush(struct nvmx_vcpu *vcpu)
{
	if (unlikely(vcpu->vmcs02.flush))
		vmcs02_flush_all(vcpu);
	l2_vpids_flush(&vcpu->vmcs02.vpids);
}

#endif /* NVMX_VMCS02_RUN_H */
