/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done against speculation and side channels around L2, following what
 * the host's kernel has decided for this processor.  The measures that belong
 * to the instructions next to VMLAUNCH and the VM exit are in vmenter.S.
 */
#ifndef NVMX_SPECULATION_H
#define NVMX_SPECULATION_H

#include <linux/jump_label.h>
#include <linux/percpu.h>
#include <asm/cpufeature.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>

#include "vmx_ops.h"

DECLARE_STATIC_KEY_FALSE(speculation_flushes_l1d);

/**
 * speculation_init() - find out what this processor needs
 *
 * Warns of what is left to the administrator.
 *
 * Context: Process context; at module load.
 * Return: 0, or -ENOMEM.
 */
int speculation_init(void);

/**
 * speculation_exit() - undo speculation_init()
 *
 * Context: Process context; no L2 runs.
 */
void speculation_exit(void);

/**
 * speculation_flush_l1d() - empty the L1 data cache
 *
 * Context: Interrupts off.
 */
void speculation_flush_l1d(void);

/**
 * speculation_before_entry() - hide what is in the L1 data cache from L2
 *
 * L1 Terminal Fault: L2 reads the cache by physical address.
 *
 * Context: Interrupts off, right before the entry.
 */
static __always_inline void speculation_before_entry(void)
{
	if (static_branch_unlikely(&speculation_flushes_l1d))
		speculation_flush_l1d();
}

/**
 * speculation_other_l2() - forget the branches of the L2 that ran here before
 *
 * Context: Preemption off.
 */
static __always_inline void speculation_other_l2(void)
{
#ifdef X86_FEATURE_USE_IBPB
	if (static_cpu_has(X86_FEATURE_USE_IBPB))
#else
	if (static_cpu_has(X86_FEATURE_IBPB))
#endif
		msr_write(MSR_IA32_PRED_CMD, PRED_CMD_IBPB);
}

/**
 * speculation_after_l2() - have the kernel forget L2's branches before L1 runs
 *
 * VMSCAPE: branches of a guest steer its hypervisor in user space.
 *
 * Context: Preemption off, after the last exit.
 */
static __always_inline void speculation_after_l2(void)
{
#ifdef X86_FEATURE_IBPB_EXIT_TO_USER
	if (static_cpu_has(X86_FEATURE_IBPB_EXIT_TO_USER))
		this_cpu_write(x86_ibpb_exit_to_user, true);
#endif
}

#endif /* NVMX_SPECULATION_H */
