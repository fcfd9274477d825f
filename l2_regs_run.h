/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done to L2's registers and the host's around each entry of the
 * processor: inline, as it is little.
 */
#ifndef NVMX_L2_REGS_RUN_H
#define NVMX_L2_REGS_RUN_H

#include <linux/compiler.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/xcr.h>
#include <asm/fsgsbase.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/special_insns.h>

#include "l2_regs.h"
#include "vcpu.h"
#include "vmx_ops.h"

/* DR7: L0-L3 and G0-G3. */
#define DR7_ENABLED		0xff
#define DR7_FIXED		BIT(10)

static inline bool l2_regs_other_xcr0(const struct nvmx_vcpu *vcpu)
{
	return vmx_host.xcr0 && vcpu->l2.xcr0 != vmx_host.xcr0;
}

/*
 * Write IA32_KERNEL_GS_BASE.  Return: what it was.
 *
 * In between the kernel's GS base is not there: interrupts are off, and what comes
 * nevertheless (NMI, #MC, #DB) looks for it.  No probe may be there.
 */
static __always_inline u64 l2_regs_swap_gs(u64 value)
{
	u64 old;

	if (!static_cpu_has(X86_FEATURE_FSGSBASE)) {
		old = msr_read(MSR_KERNEL_GS_BASE);
		msr_write(MSR_KERNEL_GS_BASE, value);
		return old;
	}
	asm volatile("swapgs\n"
		     "rdgsbase %[old]\n"
		     "wrgsbase %[value]\n"
		     "swapgs\n"
		     : [old] "=&r" (old) : [value] "r" (value) : "memory");
	return old;
}

/**
 * l2_regs_before_entry() - load what depends on L2's mode
 * @vcpu: the vCPU
 * @dr7: L2's DR7
 *
 * Context: Interrupts off, between load and put.
 */
static __always_inline void l2_regs_before_entry(struct nvmx_vcpu *vcpu, u64 dr7)
{
	struct host_regs *host = &vcpu->host;

	/* SWAPGS needs 64-bit mode, which L2 can reach alone with LME set. */
	if (vcpu->vmcs02.efer & EFER_LME)
		host->kernel_gs_base = l2_regs_swap_gs(vcpu->l2.kernel_gs_base);
	if ((vcpu->vmcs02.proc2 & SECONDARY_EXEC_ENABLE_RDTSCP) && !host->aux_loaded) {
		msr_write(MSR_TSC_AUX, vcpu->l2.tsc_aux);
		host->aux_loaded = true;
	}

	host->dr7 = native_get_debugreg(7);
	if (unlikely(host->dr7 != DR7_FIXED))
		native_set_debugreg(7, DR7_FIXED);
	if (unlikely(dr7 & DR7_ENABLED))
		l2_regs_swap_debug(vcpu);

	if (native_read_cr2() != vcpu->l2.cr2)
		native_write_cr2(vcpu->l2.cr2);
	/* Last: with interrupts on, the kernel may use the FPU. */
	if (l2_regs_other_xcr0(vcpu))
		xsetbv(XCR_XFEATURE_ENABLED_MASK, vcpu->l2.xcr0);
}

/**
 * l2_regs_after_exit() - keep what L2 changed, repair what the exit broke
 * @vcpu: the vCPU
 *
 * Context: Interrupts off, between load and put.
 */
static __always_inline void l2_regs_after_exit(struct nvmx_vcpu *vcpu)
{
	struct host_regs *host = &vcpu->host;

	if (l2_regs_other_xcr0(vcpu))
		xsetbv(XCR_XFEATURE_ENABLED_MASK, vmx_host.xcr0);
	vcpu->l2.cr2 = native_read_cr2();
	if (vcpu->vmcs02.efer & EFER_LME)
		vcpu->l2.kernel_gs_base = l2_regs_swap_gs(host->kernel_gs_base);
	if (unlikely(host->dr_loaded)) {
		native_set_debugreg(0, host->dr[0]);
		native_set_debugreg(1, host->dr[1]);
		native_set_debugreg(2, host->dr[2]);
		native_set_debugreg(3, host->dr[3]);
		host->dr_loaded = false;
	}
	if (unlikely(host->dr7 != DR7_FIXED))
		native_set_debugreg(7, host->dr7);
	if (host->debugctl)
		msr_write(MSR_IA32_DEBUGCTLMSR, host->debugctl);
}

/**
 * l2_regs_serve_host() - serve an NMI or machine check that ended L2
 * @reason: basic exit reason
 * @intr_info: VM-exit interruption information
 *
 * NMIs stay blocked after the exit until the IRET of the host's handler.
 *
 * Context: Interrupts off, after l2_regs_after_exit().
 */
static __always_inline void l2_regs_serve_host(u32 reason, u32 intr_info)
{
	if (unlikely(reason == EXIT_REASON_MCE_DURING_VMENTRY))
		asm volatile("int $18");
	if (likely(reason != EXIT_REASON_EXCEPTION_NMI) ||
	    !(intr_info & INTR_INFO_VALID_MASK))
		return;

	if ((intr_info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR)
		asm volatile("int $2");
	else if ((intr_info & INTR_INFO_VECTOR_MASK) == X86_TRAP_MC)
		asm volatile("int $18");
}

static __always_inline void l2_regs_save_host(struct host_regs *host)
{
	savesegment(fs, host->fs);
	savesegment(gs, host->gs);
	savesegment(ds, host->ds);
	savesegment(es, host->es);
	store_ldt(host->ldt);
	native_store_gdt(&host->gdt);
	store_idt(&host->idt);
	host->fs_base = static_cpu_has(X86_FEATURE_FSGSBASE) ? rdfsbase() :
			msr_read(MSR_FS_BASE);
	host->debugctl = msr_read(MSR_IA32_DEBUGCTLMSR);
	host->syscall_loaded = false;
	host->aux_loaded = false;
	host->dr_loaded = false;
}

/**
 * l2_regs_load() - put the host's registers aside and load L2's
 * @vcpu: the vCPU
 *
 * Context: Process context, interrupts on; returns with preemption off.
 */
static __always_inline void l2_regs_load(struct nvmx_vcpu *vcpu)
{
	preempt_disable();
	l2_regs_save_host(&vcpu->host);
	if (unlikely(vcpu->l2.fpu_runs | vcpu->l2.syscall_runs))
		l2_regs_load_beforehand(vcpu);
}

/*
 * invalidate_tss_limit(), which needs the task's I/O bitmap to be reloaded at once
 * where there is one, without a place on the stack for that.
 */
static __always_inline void l2_regs_restore_tss_limit(void)
{
	if (unlikely(test_thread_flag(TIF_IO_BITMAP)))
		l2_regs_reload_tss();
	else
		this_cpu_write(__tss_limit_invalid, true);
}

/**
 * l2_regs_put() - store L2's registers and bring the host's back
 * @vcpu: the vCPU
 *
 * Context: As l2_regs_load() left it; returns with preemption on.
 */
static __always_inline void l2_regs_put(struct nvmx_vcpu *vcpu)
{
	struct host_regs *host = &vcpu->host;

	if (unlikely(host->fpu_loaded))
		l2_regs_put_fpu(vcpu);
	if (unlikely(host->syscall_loaded | host->aux_loaded))
		l2_regs_restore_msrs(host);
	/* A VM exit sets the limits of GDTR, IDTR and TR and clears LDTR. */
	native_load_gdt(&host->gdt);
	native_load_idt(&host->idt);
	l2_regs_restore_tss_limit();
	if (unlikely(host->ldt | host->ds | host->es | host->fs | host->gs))
		l2_regs_restore_selectors(host);
	preempt_enable();
}

#endif /* NVMX_L2_REGS_RUN_H */
