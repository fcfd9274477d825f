// SPDX-License-Identifier: GPL-2.0-only
// fuzz-sources: entry_checks.c field_policy.c
/*
 * VM-entry MSR-load areas of any content: an entry is judged the same whatever
 * its neighbours are, the first bad one gives the qualification, and nothing
 * past the limit of L1's processor is looked at.
 */
#include "fuzz.h"
#include "../unit/entry_checks_test.c"

#define AREA_MAX	64
#define BROKEN_MAX	(AREA_MAX * 8)

static struct nvmx_failure all_failures[BROKEN_MAX], one_failure[16];

/* Indices that rules are about. */
static const u32 indices[] = {
	MSR_FS_BASE, MSR_GS_BASE, 0x800, 0x8ff, MSR_IA32_SMM_MONITOR_CTL,
	MSR_IA32_SMBASE, MSR_IA32_UCODE_WRITE, MSR_IA32_UCODE_REV, MSR_EFER,
	MSR_IA32_CR_PAT, MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP,
	MSR_IA32_SYSENTER_EIP, MSR_LSTAR, MSR_CSTAR, MSR_STAR, MSR_KERNEL_GS_BASE,
	MSR_SYSCALL_MASK, MSR_TSC_AUX, MSR_IA32_DEBUGCTLMSR, MSR_CORE_PERF_GLOBAL_CTRL,
	MSR_IA32_XSS, 0x6a0, 0x6a2, 0x6a4, 0x6a7, 0x6a8, 0x6e1, MSR_IA32_SPEC_CTRL,
	MSR_IA32_BNDCFGS, 0x1cc, 0x1cf, 0x1d0, 0x1d1, 0x1d3, 0x1d4, MSR_IA32_TSC,
};

static void fill(struct entry_msr *entry, struct fuzz_input *in)
{
	unsigned int which = fuzz_u8(in);

	entry->index = which < ARRAY_SIZE(indices) ? indices[which] : fuzz_u32(in);
	entry->reserved = fuzz_u8(in) == 1;
	entry->value = fuzz_value(in);
}

/* Return: rules that an entry alone breaks. */
static u32 alone(struct world *w, const struct entry_msr *entry)
{
	w->state.mem.msr = entry;
	w->state.mem.msr_count = 1;
	return entry_checks_run(&w->state, BIT_ULL(ENTRY_MSR_LOAD), one_failure,
				ARRAY_SIZE(one_failure));
}

static void check_area(struct world *w, const struct entry_msr *area, u32 count)
{
	u32 total, n, i, j, at = 0;

	w->state.mem.msr = area;
	w->state.mem.msr_count = count;
	total = entry_checks_run(&w->state, BIT_ULL(ENTRY_MSR_LOAD), all_failures, BROKEN_MAX);
	ASSERT_TRUE(total <= BROKEN_MAX);
	for (i = 0; i < count; i++) {
		n = alone(w, &area[i]);
		ASSERT_TRUE(n <= ARRAY_SIZE(one_failure) && at + n <= total);
		for (j = 0; j < n; j++, at++) {
			EXPECT_EQ(one_failure[j].rule, all_failures[at].rule);
			EXPECT_EQ(34 | BIT(31), all_failures[at].outcome);
			EXPECT_EQ(i + 1, all_failures[at].qualification);
		}
	}
	EXPECT_EQ(at, total);
}

static void fuzz_one(struct fuzz_input *in)
{
	struct entry_msr *area;
	struct world w;
	u32 count, i;

	make_world(&w);
	w.caps.efer_valid = fuzz_mutate(in, w.caps.efer_valid);
	w.caps.msr[CAPS_TRUE_ENTRY] = fuzz_mutate(in, w.caps.msr[CAPS_TRUE_ENTRY]);
	w.caps.msr[CAPS_ENTRY] = w.caps.msr[CAPS_TRUE_ENTRY];
	w.caps.perf_global_valid = fuzz_u8(in);
	w.l1.smm = fuzz_u8(in) & 1;
	w.f[VF_GUEST_CR0] = fuzz_mutate(in, w.f[VF_GUEST_CR0]);
	w.f[VF_VM_ENTRY_CONTROLS] = (u32)fuzz_mutate(in, w.f[VF_VM_ENTRY_CONTROLS]);
	count = fuzz_below(in, AREA_MAX + 1);
	/* Of its own size, so that a look past its end is seen. */
	area = calloc(count ? count : 1, sizeof(*area));
	if (!area)
		abort();
	for (i = 0; i < count; i++)
		fill(&area[i], in);
	w.f[VF_VM_ENTRY_MSR_LOAD_COUNT] = count;
	check_area(&w, area, count);
	free(area);
}
