/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * L2's registers that VMX does not switch, and the host's that a VM exit does
 * not restore.  Both live in the processor only between l2_regs_load() and
 * l2_regs_put().
 */
#ifndef NVMX_L2_REGS_H
#define NVMX_L2_REGS_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "include/uapi/linux/nested_vmx.h"

struct host_regs;
struct l2_regs;
struct nvmx_caps;
struct nvmx_l2;
struct nvmx_vcpu;

/**
 * l2_regs_copy_gpr() - copy general-purpose registers
 * @to: where to
 * @from: where from, read once
 *
 * Context: Any context.
 */
static inline void l2_regs_copy_gpr(u64 *to, const u64 *from)
{
	unsigned int i;

#pragma GCC unroll 16
	for (i = 0; i < NVMX_GPRS; i++)
		WRITE_ONCE(to[i], READ_ONCE(from[i]));
}

/**
 * l2_regs_take_gpr() - take L2's general-purpose registers from the run page
 * @vcpu: the vCPU; no entry has taken them
 *
 * Context: nvmx_vcpu.lock is held.
 */
void l2_regs_take_gpr(struct nvmx_vcpu *vcpu);

/**
 * l2_regs_tell_gpr() - tell L2's general-purpose registers in the run page
 * @vcpu: the vCPU
 *
 * Context: nvmx_vcpu.lock is held.
 */
void l2_regs_tell_gpr(struct nvmx_vcpu *vcpu);

/**
 * l2_regs_init() - L2's registers as after power-up
 * @regs: to be filled
 *
 * Context: Process context.
 * Return: 0, or -ENOMEM.
 */
int l2_regs_init(struct l2_regs *regs);

/**
 * l2_regs_destroy() - free what l2_regs_init() made
 * @regs: the registers
 *
 * Context: Any context.
 */
void l2_regs_destroy(struct l2_regs *regs);

/**
 * l2_regs_get() - copy L2's registers for the process
 * @regs: the registers
 * @out: all members but @size and @flags are filled
 *
 * Context: nvmx_vcpu.lock is held, not loaded.
 */
void l2_regs_get(const struct l2_regs *regs, struct nvmx_l2 *out);

/**
 * l2_regs_set() - take L2's registers from the process
 * @regs: the registers; unchanged on error
 * @in: hostile
 * @caps: L1's processor
 *
 * Context: nvmx_vcpu.lock is held, not loaded.
 * Return: 0, or -EINVAL for a value that the processor would refuse.
 */
int l2_regs_set(struct l2_regs *regs, const struct nvmx_l2 *in,
		const struct nvmx_caps *caps);

/**
 * l2_xcr0_legal() - whether XSETBV would take a value
 * @xcr0: new value of XCR0
 * @valid: bits the processor has
 *
 * SDM Vol. 1, "Enabling the XSAVE Feature Set and XSAVE-Enabled Features".
 *
 * Context: Any context.
 * Return: true if it would.
 */
bool l2_xcr0_legal(u64 xcr0, u64 valid);

/**
 * l2_regs_want_fpu() - L2 uses the FPU: put the process's state aside, load L2's
 * @vcpu: the vCPU
 *
 * It is loaded by l2_regs_load() for some time to come.  Until then L2 must not
 * be able to use the FPU: vmcs02_follow_fpu() looks at host_regs.fpu_loaded.
 *
 * Context: Interrupts on, between load and put.
 */
void l2_regs_want_fpu(struct nvmx_vcpu *vcpu);

/**
 * l2_regs_want_syscall() - L2 uses SYSCALL or SYSRET: load their MSRs
 * @vcpu: the vCPU
 *
 * They are loaded by l2_regs_load() for some time to come.  Until then L2 must not
 * be able to use them: vmcs02_follow_syscall() looks at host_regs.syscall_loaded.
 *
 * Context: Interrupts on, between load and put.
 */
void l2_regs_want_syscall(struct nvmx_vcpu *vcpu);

/**
 * l2_regs_msr_changed() - L2's syscall MSRs or TSC_AUX changed by emulation
 * @vcpu: the vCPU
 *
 * Context: Between load and put.
 */
void l2_regs_msr_changed(struct nvmx_vcpu *vcpu);

/**
 * l2_regs_swap_debug() - put the host's DR0-DR3 aside and load L2's
 * @vcpu: the vCPU
 *
 * Context: Interrupts off, between load and put.
 */
void l2_regs_swap_debug(struct nvmx_vcpu *vcpu);

/*
 * What l2_regs_load() and l2_regs_put() of l2_regs_run.h seldom have to do.
 */

/**
 * l2_regs_load_beforehand() - load what L2 has used not long ago
 * @vcpu: the vCPU
 *
 * Its FPU state, the MSRs of SYSCALL, or both.
 *
 * Context: Preemption off, interrupts on, the host's registers are put aside.
 */
void l2_regs_load_beforehand(struct nvmx_vcpu *vcpu);

/**
 * l2_regs_put_fpu() - store L2's FPU state and let the process's come back
 * @vcpu: the vCPU; host_regs.fpu_loaded is true
 *
 * Context: Preemption off, interrupts on.
 */
void l2_regs_put_fpu(struct nvmx_vcpu *vcpu);

/**
 * l2_regs_restore_msrs() - the MSRs of SYSCALL and IA32_TSC_AUX are the host's again
 * @host: says which of them hold L2's values
 *
 * Context: Preemption off.
 */
void l2_regs_restore_msrs(struct host_regs *host);

/**
 * l2_regs_restore_selectors() - load what of the process's selectors is not null
 * @host: the selectors; a VM exit has loaded null ones
 *
 * Context: Preemption off, interrupts on, GDTR is the host's again.
 */
void l2_regs_restore_selectors(const struct host_regs *host);

/**
 * l2_regs_reload_tss() - load TR at once, for the limit of the TSS
 *
 * Context: Preemption off.
 */
void l2_regs_reload_tss(void);

#endif /* NVMX_L2_REGS_H */
