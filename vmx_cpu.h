/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX on the CPUs of this machine: VMXON and VMXOFF on every way up and down, and
 * which VMCS is active and current where.
 */
#ifndef NVMX_VMX_CPU_H
#define NVMX_VMX_CPU_H

#include <linux/bug.h>
#include <linux/cpumask.h>
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/types.h>

#include "vmx_host.h"

/**
 * struct hw_vmcs - a VMCS of the processor
 * @region: the VMCS region, one page
 * @pa: its physical address
 * @node: in the list of VMCSs that are active on @cpu
 * @cpu: where it is active, -1 if nowhere; written with interrupts off there
 * @launched: its launch state is "launched"
 */
struct hw_vmcs {
	void *region;
	u64 pa;
	struct list_head node;
	int cpu;
	bool launched;
};

/**
 * struct vmx_cpu_host - host state that is constant on a CPU
 * @star: IA32_STAR
 * @lstar: IA32_LSTAR
 * @cstar: IA32_CSTAR
 * @fmask: IA32_FMASK
 * @tsc_aux: IA32_TSC_AUX
 */
struct vmx_cpu_host {
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 fmask;
	u64 tsc_aux;
};

/**
 * vmx_cpu_init() - take VMX on every CPU
 *
 * Says in one line of the kernel log what is in the way.
 *
 * Context: Process context; at module load.
 * Return: 0 or
 * - %-ENODEV: the processor has no VT-x, or lacks what the module needs
 * - %-EOPNOTSUPP: firmware has locked VT-x off
 * - %-EBUSY: somebody else has VMX
 * - %-ENOMEM: no memory for the VMXON regions
 */
int vmx_cpu_init(void);

/**
 * vmx_cpu_exit() - give VMX back on every CPU
 *
 * Context: Process context; no struct hw_vmcs is left.
 */
void vmx_cpu_exit(void);

/**
 * vmx_cpu_hold() - VMCLEAR of all that is active, and VMXOFF, on every CPU
 *
 * A CPU that comes online later gets no VMX either, until vmx_cpu_release().
 *
 * Context: Process context, may sleep.
 */
void vmx_cpu_hold(void);

/**
 * vmx_cpu_release() - VMXON on every CPU, after vmx_cpu_hold()
 *
 * If it fails somewhere, the kernel log says so and L2 does not run there.
 *
 * Context: Process context, may sleep.
 */
void vmx_cpu_release(void);

/** VMX_ALL_EPTPS - for vmx_cpu_flush_ept(): whatever the pointer */
#define VMX_ALL_EPTPS	0ULL

/**
 * vmx_cpu_flush_ept() - INVEPT on those of some CPUs that are in VMX operation
 * @cpus: the CPUs
 * @eptp: EPT pointer whose translations go, or VMX_ALL_EPTPS
 *
 * Context: Process context, interrupts on.
 */
void vmx_cpu_flush_ept(const struct cpumask *cpus, u64 eptp);

/** vmx_cpu_hosts - constant host state of each CPU */
DECLARE_PER_CPU(struct vmx_cpu_host, vmx_cpu_hosts);

/**
 * vmx_cpu_host() - constant host state of this CPU
 *
 * Context: Preemption off.
 * Return: the state; valid while VMX is on here.
 */
static inline const struct vmx_cpu_host *vmx_cpu_host(void)
{
	return this_cpu_ptr(&vmx_cpu_hosts);
}

/**
 * hw_vmcs_alloc() - make a VMCS, clear and active nowhere
 * @vmcs: to be filled
 *
 * Context: Process context.
 * Return: 0, or -ENOMEM.
 */
int hw_vmcs_alloc(struct hw_vmcs *vmcs);

/**
 * hw_vmcs_free() - clear a VMCS where it is active, and free it
 * @vmcs: made by hw_vmcs_alloc(), or all zero
 *
 * Context: Process context, interrupts on.
 */
void hw_vmcs_free(struct hw_vmcs *vmcs);

/**
 * hw_vmcs_load() - make a VMCS active and current on this CPU
 * @vmcs: the VMCS
 *
 * Clears it where it was active before.
 *
 * Context: Preemption off, interrupts on.
 * Return: 0 if it was active here already, 1 if it came from elsewhere (host
 * fields of this CPU must be written, and translations of L2 flushed), or
 * -ENODEV if VMX is off on this CPU.
 */
int hw_vmcs_load(struct hw_vmcs *vmcs);

/** vmx_cpu_current - the current VMCS of each CPU, or NULL */
DECLARE_PER_CPU(struct hw_vmcs *, vmx_cpu_current);

/**
 * hw_vmcs_is_current() - whether a VMCS is current on this CPU
 * @vmcs: the VMCS
 *
 * Context: Preemption off.
 * Return: true if hw_vmcs_load() would have nothing to do.
 */
static inline bool hw_vmcs_is_current(const struct hw_vmcs *vmcs)
{
	return this_cpu_read(vmx_cpu_current) == vmcs;
}

/**
 * hw_vmcs_assert_current() - complain in debug builds if another VMCS is current
 * @vmcs: what should be current
 *
 * Context: Preemption off.
 */
static inline void hw_vmcs_assert_current(const struct hw_vmcs *vmcs)
{
	if (IS_ENABLED(CONFIG_DEBUG_PREEMPT) || IS_ENABLED(CONFIG_PROVE_LOCKING))
		WARN_ON_ONCE(!hw_vmcs_is_current(vmcs));
}

#endif /* NVMX_VMX_CPU_H */
