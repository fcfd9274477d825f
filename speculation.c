// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures against speculation and side channels: which of them are in force,
 * and the flush of the L1 data cache.
 */
#define pr_fmt(fmt) "nested_vmx: " fmt

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/smt.h>
#include <linux/sysfs.h>
#include <asm/processor.h>

#include "speculation.h"

/* Twice the size of the largest L1 data cache that has the flaw. */
#define FLUSH_ORDER	4
#define FLUSH_BYTES	(PAGE_SIZE << FLUSH_ORDER)
#define LINE_BYTES	64

DEFINE_STATIC_KEY_FALSE(speculation_flushes_l1d);

/* To be read where the processor has no command to flush. */
static void *flush_pages;

/* ---- L1 data cache ------------------------------------------------------- */

static bool l1d_flush_needed(void)
{
	u64 caps = 0;

	if (!boot_cpu_has_bug(X86_BUG_L1TF) || l1tf_mitigation == L1TF_MITIGATION_OFF)
		return false;

	/* A hypervisor below this one flushes already. */
	if (boot_cpu_has(X86_FEATURE_ARCH_CAPABILITIES))
		rdmsrl_safe(MSR_IA32_ARCH_CAPABILITIES, &caps);
	return !(caps & ARCH_CAP_SKIP_VMENTRY_L1DFLUSH);
}

static int l1d_flush_init(void)
{
	if (!l1d_flush_needed())
		return 0;

	if (!boot_cpu_has(X86_FEATURE_FLUSH_L1D)) {
		/* Not zeroes: pages of equal content might be merged. */
		flush_pages = (void *)__get_free_pages(GFP_KERNEL, FLUSH_ORDER);
		if (!flush_pages)
			return -ENOMEM;
		memset(flush_pages, 1, FLUSH_BYTES);
	}
	static_branch_enable(&speculation_flushes_l1d);
	return 0;
}

/* First a touch of each page, so that no walk of page tables comes between. */
static void flush_by_reading(const u8 *pages)
{
	unsigned int i;

	for (i = 0; i < FLUSH_BYTES; i += PAGE_SIZE)
		READ_ONCE(pages[i]);
	/* No read of a line before its page is known. */
	rmb();
	for (i = 0; i < FLUSH_BYTES; i += LINE_BYTES)
		READ_ONCE(pages[i]);
	/* All of it is read before the entry. */
	rmb();
}

void speculation_flush_l1d(void)
{
	if (static_cpu_has(X86_FEATURE_FLUSH_L1D))
		msr_write(MSR_IA32_FLUSH_CMD, L1D_FLUSH);
	else
		flush_by_reading(flush_pages);
}

/* ---- what is in force ---------------------------------------------------- */

/**
 * struct measure - a measure that follows a feature bit of the kernel
 * @feature: X86_FEATURE_x
 * @name: for the administrator
 */
struct measure {
	unsigned int feature;
	const char *name;
};

static const struct measure measures[] = {
	{ X86_FEATURE_RSB_VMEXIT, "exit: return-stack fill" },
	{ X86_FEATURE_RSB_VMEXIT_LITE, "exit: return-stack fill, one entry" },
	{ X86_FEATURE_KERNEL_IBRS, "exit: SPEC_CTRL written" },
#ifdef X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT
	{ X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT, "exit: branch history cleared" },
#endif
	{ X86_FEATURE_CLEAR_CPU_BUF, "entry: buffers cleared" },
#ifdef X86_FEATURE_CLEAR_CPU_BUF_VM
	{ X86_FEATURE_CLEAR_CPU_BUF_VM, "entry: buffers cleared (VM)" },
#endif
#ifdef X86_FEATURE_USE_IBPB
	{ X86_FEATURE_USE_IBPB, "other L2: IBPB" },
#else
	{ X86_FEATURE_IBPB, "other L2: IBPB" },
#endif
#ifdef X86_FEATURE_IBPB_EXIT_TO_USER
	{ X86_FEATURE_IBPB_EXIT_TO_USER, "return to L1: IBPB" },
#endif
};

static const char *l1d_flush_name(void)
{
	return flush_pages ? "entry: L1D flushed by reading" : "entry: L1D flushed";
}

static int measures_get(char *buffer, const struct kernel_param *param)
{
	unsigned int i;
	int length = 0;

	for (i = 0; i < ARRAY_SIZE(measures); i++)
		if (boot_cpu_has(measures[i].feature))
			length += sysfs_emit_at(buffer, length, "%s\n", measures[i].name);
	if (static_key_enabled(&speculation_flushes_l1d))
		length += sysfs_emit_at(buffer, length, "%s\n", l1d_flush_name());
	return length;
}

static const struct kernel_param_ops measures_ops = { .get = measures_get };

module_param_cb(mitigations, &measures_ops, NULL, 0444);
MODULE_PARM_DESC(mitigations, "Read-only: measures against speculation in force, one a line");

/* ---- up and down --------------------------------------------------------- */

/* What one hardware thread leaks to its sibling no entry or exit can help. */
static bool sibling_leaks(void)
{
	return boot_cpu_has_bug(X86_BUG_L1TF) || boot_cpu_has_bug(X86_BUG_MDS) ||
	       boot_cpu_has_bug(X86_BUG_TAA) || boot_cpu_has_bug(X86_BUG_MMIO_STALE_DATA);
}

static void warn_administrator(void)
{
	if (sibling_leaks() && sched_smt_active())
		pr_warn("this processor leaks between SMT siblings: boot with \"nosmt\", or run only L2s that may read all memory\n");
	else if (boot_cpu_has_bug(X86_BUG_L1TF) && l1tf_mitigation == L1TF_MITIGATION_OFF)
		pr_warn("L1 Terminal Fault and no flush of the L1 data cache (l1tf=off, mitigations=off): run only L2s that may read all memory\n");
}

int speculation_init(void)
{
	int ret = l1d_flush_init();

	if (!ret)
		warn_administrator();
	return ret;
}

void speculation_exit(void)
{
	static_branch_disable(&speculation_flushes_l1d);
	free_pages((unsigned long)flush_pages, FLUSH_ORDER);
}
