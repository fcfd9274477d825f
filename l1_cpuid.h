/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID of L1's machine: a table of leaves, and what of a processor it turns on.
 * Pure.  L0 never executes CPUID for L2, which always exits to L1; the table is
 * what L1 answers by, and what L0 does as L1's processor follows it.
 */
#ifndef NVMX_L1_CPUID_H
#define NVMX_L1_CPUID_H

#include <linux/types.h>

#include "field_policy.h"

/**
 * struct l1_cpuid - leaves by ascending leaf and subleaf
 * @count: how many
 * @entry: them
 */
struct l1_cpuid {
	u32 count;
	struct nvmx_cpuid_entry entry[NVMX_CPUID_MAX];
};

/**
 * l1_cpuid_default() - the most that L1's processor may be
 * @cpuid: executes CPUID of the real one: @out is EAX, EBX, ECX, EDX
 * @caps: L1's processor
 * @table: to be filled
 *
 * Leaves of the real processor, without what L0 does not offer, and with what
 * @caps says of address widths and XSAVE state.
 *
 * Context: Any context.
 */
void l1_cpuid_default(void (*cpuid)(u32 leaf, u32 subleaf, u32 *out),
		      const struct nvmx_caps *caps, struct l1_cpuid *table);

/**
 * l1_cpuid_judge() - whether L1's processor may be said to be this
 * @table: what is wanted
 * @most: l1_cpuid_default() of the machine
 * @where: index of the entry that is wrong
 *
 * Context: Any context.
 * Return: 0 or
 * - %-EINVAL: not in ascending order, a flag or reserved member, a value that
 *   must be as it is, or the first leaves are missing
 * - %-EOPNOTSUPP: a feature, or a leaf of features, that is not in @most
 */
int l1_cpuid_judge(const struct l1_cpuid *table, const struct l1_cpuid *most, u32 *where);

/**
 * l1_cpuid_lookup() - what CPUID answers
 * @table: the table
 * @leaf: EAX
 * @subleaf: ECX
 * @out: EAX, EBX, ECX, EDX
 *
 * A leaf past the last basic one, and one past the last extended one, answers as
 * the last basic one does; a leaf or subleaf in between that is not there answers
 * 0, but in leaves 0BH and 1FH ECX is CL of the question and EDX is that of the
 * first subleaf.  SDM Vol. 2, "CPUID - CPU Identification".
 *
 * Context: Any context.
 */
void l1_cpuid_lookup(const struct l1_cpuid *table, u32 leaf, u32 subleaf, u32 *out);

/**
 * l1_cpuid_narrow() - take from capabilities what a table does not have
 * @table: the table, judged
 * @caps: CR4 bits, IA32_EFER bits and XCR0 bits of features that are not in
 *	@table are cleared
 *
 * Context: Any context.
 */
void l1_cpuid_narrow(const struct l1_cpuid *table, struct nvmx_caps *caps);

/**
 * l1_cpuid_has_tsc_aux() - whether L1's processor has IA32_TSC_AUX
 * @table: the table
 *
 * Context: Any context.
 * Return: true if RDTSCP or RDPID is there.
 */
bool l1_cpuid_has_tsc_aux(const struct l1_cpuid *table);

#endif /* NVMX_L1_CPUID_H */
