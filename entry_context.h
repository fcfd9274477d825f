/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the conditions of VM-entry rules are written in: the state that is
 * judged, with the controls in force, and small predicates on values.
 */
#ifndef NVMX_ENTRY_CONTEXT_H
#define NVMX_ENTRY_CONTEXT_H

#include <linux/bits.h>
#include <linux/types.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "entry_checks.h"

/* Controls that <asm/vmx.h> does not have. */
#define SECONDARY_EXEC_PASID_TRANSLATION	BIT(21)
#define SECONDARY_EXEC_SUB_PAGE_WRITE		BIT(23)
#define TERTIARY_EXEC_HLAT			BIT_ULL(1)
#define TERTIARY_EXEC_PAGING_WRITE		BIT_ULL(2)
#define TERTIARY_EXEC_GUEST_PAGING		BIT_ULL(3)
#define TERTIARY_EXEC_IPI			BIT_ULL(4)
#define TERTIARY_EXEC_APIC_TIMER		BIT_ULL(8)
#define TERTIARY_EXEC_PEBS_GPA			BIT_ULL(12)
#define VM_EXIT_CET				BIT(28)
#define VM_EXIT_PKRS				BIT(29)
#define VM_EXIT_SECONDARY			BIT(31)
#define VM_EXIT2_FRED				BIT_ULL(1)
#define VM_EXIT2_SPEC_CTRL			BIT_ULL(2)
#define VM_ENTRY_UINV				BIT(19)
#define VM_ENTRY_CET				BIT(20)
#define VM_ENTRY_LBR_CTL			BIT(21)
#define VM_ENTRY_PKRS				BIT(22)
#define VM_ENTRY_FRED				BIT(23)
#define VM_ENTRY_SPEC_CTRL			BIT(24)

/* IA32_VMX_BASIC: 32-bit addresses, any error code, nested exceptions. */
#define BASIC_32_BIT		BIT_ULL(48)
#define BASIC_TRUE		BIT_ULL(55)
#define BASIC_ANY_ERROR_CODE	BIT_ULL(56)
#define BASIC_NESTED_EXCEPTION	BIT_ULL(58)

/* MSRs that an older <asm/msr-index.h> does not have. */
#define ENTRY_MSR_FRED_RSP0	0x1cc
#define ENTRY_MSR_FRED_RSP3	0x1cf
#define ENTRY_MSR_FRED_STKLVLS	0x1d0
#define ENTRY_MSR_FRED_SSP1	0x1d1
#define ENTRY_MSR_FRED_SSP3	0x1d3
#define ENTRY_MSR_FRED_CONFIG	0x1d4
#define ENTRY_MSR_U_CET		0x6a0
#define ENTRY_MSR_S_CET		0x6a2
#define ENTRY_MSR_PL0_SSP	0x6a4
#define ENTRY_MSR_PL3_SSP	0x6a7
#define ENTRY_MSR_SSP_TABLE	0x6a8
#define ENTRY_MSR_PKRS		0x6e1

#define CR4_FRED		BIT_ULL(32)
#define CR4_CET			BIT_ULL(23)
#define CR3_LAM			(BIT_ULL(61) | BIT_ULL(62))
/* CR0.NW and CR0.CD are not changed by VM entries and exits. */
#define CR0_NOT_CHECKED		((u64)(X86_CR0_NW | X86_CR0_CD))
#define HIGH_32			GENMASK_ULL(63, 32)

/**
 * struct entry_context - what rules look at
 * @state: what to judge
 * @f: effective value of each field
 * @caps: L1's processor
 * @ctrl_pin: pin-based controls: those that must be 1, and (bits 63:32) may be
 * @ctrl_proc: likewise, primary processor-based controls
 * @ctrl_proc2: likewise, secondary ones
 * @ctrl_exit: likewise, primary VM-exit controls
 * @ctrl_entry: likewise, VM-entry controls
 * @proc3: tertiary controls in force
 * @exit2: secondary VM-exit controls in force
 * @pin: pin-based controls in force: set, and offered
 * @proc: likewise, primary processor-based controls
 * @proc2: likewise, secondary ones
 * @exit: likewise, primary VM-exit controls
 * @entry: likewise, VM-entry controls
 * @beyond: bits beyond the physical-address width
 * @area: bits that the address of a VMX structure may not have
 * @msr: MSR of the area that is judged
 * @msr_number: its number, from 1
 * @canonical: 64 less the linear-address width
 * @event: event to inject, 0 if none
 * @list: where broken rules go
 * @capacity: elements of @list
 * @total: broken rules so far
 */
struct entry_context {
	const struct entry_state *state;
	const u64 *f;
	const struct nvmx_caps *caps;
	u64 ctrl_pin;
	u64 ctrl_proc;
	u64 ctrl_proc2;
	u64 ctrl_exit;
	u64 ctrl_entry;
	u64 proc3;
	u64 exit2;
	u32 pin;
	u32 proc;
	u32 proc2;
	u32 exit;
	u32 entry;
	u64 beyond;
	u64 area;
	const struct entry_msr *msr;
	u32 msr_number;
	u32 canonical;
	u32 event;
	struct nvmx_failure *list;
	u32 capacity;
	u32 total;
};

/* Short words for rows. */
#define F(field)	(c->f[VF_##field])
#define PIN(x)		(c->pin & PIN_BASED_##x)
#define PROC(x)		(c->proc & CPU_BASED_##x)
#define PROC2(x)	(c->proc2 & SECONDARY_EXEC_##x)
#define PROC3(x)	(c->proc3 & TERTIARY_EXEC_##x)
#define EXIT(x)		(c->exit & VM_EXIT_##x)
#define EXIT2(x)	(c->exit2 & VM_EXIT2_##x)
#define ENTRY(x)	(c->entry & VM_ENTRY_##x)
#define CAPS(x)		(c->caps->msr[CAPS_##x])
#define STATE		(c->state)
#define MEM		(c->state->mem)

#define MAY(ctrl)	((u32)((ctrl) >> 32))
#define MUST(ctrl)	((u32)(ctrl))
/* Bits that must be 0, and bits that must be 1, of 32-bit controls. */
#define CTRL_ZEROS(field, ctrl)	((u32)F(field) & ~MAY(ctrl))
#define CTRL_ONES(field, ctrl)	(~(u32)F(field) & MUST(ctrl))

#define NOT_CANONICAL(v)	(!entry_canonical(c, v))
#define IA32E			ENTRY(IA32E_MODE)
#define UNRESTRICTED		PROC2(UNRESTRICTED_GUEST)
#define IN_SMM			(STATE->l1->smm)
#define PE			(F(GUEST_CR0) & X86_CR0_PE)
#define PG			(F(GUEST_CR0) & X86_CR0_PG)
#define V86			(F(GUEST_RFLAGS) & X86_EFLAGS_VM)
#define FRED			(F(GUEST_CR4) & CR4_FRED)
#define FRED_OFFERED		(CAPS(CR4_FIXED1) & CR4_FRED)
#define MTF_OFFERED		nvmx_caps_has(c->caps, CAP_PROC(27))

/* Event to inject. */
#define VECTOR			(c->event & INTR_INFO_VECTOR_MASK)
#define TYPE			(c->event & INTR_INFO_INTR_TYPE_MASK)
#define INJECTS(type)		((c->event & (INTR_INFO_VALID_MASK | \
				  INTR_INFO_INTR_TYPE_MASK)) == \
				 (INTR_INFO_VALID_MASK | INTR_TYPE_##type))

/* Segments: access rights. */
#define AR_TYPE(ar)		((ar) & VMX_AR_TYPE_MASK)
#define AR_DPL(ar)		(((ar) >> VMX_AR_DPL_SHIFT) & 3)
#define AR_RESERVED		(GENMASK_ULL(31, 17) | GENMASK_ULL(11, 8))
#define RPL(selector)		((selector) & 3)
#define TI			4

static inline bool entry_canonical(const struct entry_context *c, u64 address)
{
	return (u64)((s64)(address << c->canonical) >> c->canonical) == address;
}

/* Bits 63:N are identical, N being the linear-address width. */
static inline bool entry_fits_linear(const struct entry_context *c, u64 address)
{
	s64 above = (s64)address >> (63 - c->canonical) >> 1;

	return !above || above == -1;
}

/* Bits of CR3 that may not be set. */
static inline u64 entry_cr3_reserved(const struct entry_context *c)
{
	if (c->caps->features & NVMX_FEATURE_LAM)
		return c->beyond & ~CR3_LAM;
	return c->beyond;
}

/* Bits of IA32_PAT that make no memory type: 2, 3 and above 7. */
static inline u64 entry_pat_bad(u64 pat)
{
	return (pat & 0xf8f8f8f8f8f8f8f8) |
	       (pat & ~(pat >> 1) & 0x0202020202020202);
}

/* Reserved bits 9:6 of IA32_S_CET. */
#define S_CET_RESERVED		GENMASK_ULL(9, 6)
/* SUPPRESS and TRACKER. */
#define S_CET_STATES	GENMASK_ULL(11, 10)
#define S_CET_BOTH_STATES(v)	(((v) & S_CET_STATES) == S_CET_STATES)
#define S_CET_BITMAP(v)		((v) & GENMASK_ULL(63, 12))

#define FRED_CONFIG_RESERVED	(BIT_ULL(11) | GENMASK_ULL(5, 4) | BIT_ULL(2))
#define BNDCFGS_RESERVED	GENMASK_ULL(11, 2)
/* IBRS, STIBP, SSBD, IPRED_DIS, RRSBA_DIS, PSFD, DDPD_U, BHI_DIS_S. */
#define SPEC_CTRL_RESERVED	(~(GENMASK_ULL(8, 0) | BIT_ULL(10)))
#define RTIT_CTL_RESERVED	(GENMASK_ULL(63, 57) | GENMASK_ULL(54, 48) | \
				 GENMASK_ULL(30, 28) | BIT_ULL(23) | BIT_ULL(18))
#define LBR_CTL_RESERVED	(GENMASK_ULL(63, 23) | GENMASK_ULL(15, 4))
#define RFLAGS_RESERVED		(GENMASK_ULL(63, 22) | BIT_ULL(15) | BIT_ULL(5) | \
				 BIT_ULL(3))
/* Present, and a bit that a present PDPTE may not have. */
#define PDPTE_BAD(v)		((v) & 1 ? (v) & (c->beyond | 0x1e6) : 0)

/*
 * Vectors of exceptions that deliver an error code.  Not #CP: a processor that has
 * it sets IA32_VMX_BASIC[56].
 */
static inline bool entry_has_error_code(u32 vector)
{
	return vector < 32 && ((BIT(8) | GENMASK(14, 10) | BIT(17)) & BIT(vector));
}

/* Most entries of an MSR area: IA32_VMX_MISC[27:25]. */
static inline u32 entry_msr_limit(const struct entry_context *c)
{
	return 512 * (((CAPS(MISC) >> 25) & 7) + 1);
}

/* IA32_VMX_MISC[24:16]. */
static inline u32 entry_cr3_targets(const struct entry_context *c)
{
	return (CAPS(MISC) >> 16) & 0x1ff;
}

/* BS must be pending: single-stepping, and not branch-stepping. */
static inline bool entry_single_steps(const struct entry_context *c)
{
	return (F(GUEST_RFLAGS) & X86_EFLAGS_TF) &&
	       !(F(GUEST_IA32_DEBUGCTL) & DEBUGCTLMSR_BTF);
}

/* Of the pending debug exceptions, bit 11 comes with bus-lock detection. */
static inline u64 entry_pending_reserved(const struct entry_context *c)
{
	u64 reserved = GENMASK_ULL(63, 17) | BIT_ULL(15) | BIT_ULL(13) |
		       GENMASK_ULL(11, 4);

	if (c->caps->debugctl_valid & BIT_ULL(2))
		reserved &= ~BIT_ULL(11);
	return reserved;
}

/* Revision identifier that the VMCS named by the link pointer must have. */
static inline u32 entry_link_revision(const struct entry_context *c)
{
	u32 revision = CAPS(BASIC) & 0x7fffffff;

	return PROC2(SHADOW_VMCS) ? revision | BIT(31) : revision;
}

/* MSRs beyond those that every processor of L1 has. */
static inline bool entry_newer_msr_known(const struct entry_context *c, u32 index)
{
	switch (index) {
	case MSR_CORE_PERF_GLOBAL_CTRL:
		return c->caps->perf_global_valid;
	case MSR_IA32_BNDCFGS:
		return nvmx_caps_has(c->caps, CAP_ENTRY(16));
	case ENTRY_MSR_U_CET:
	case ENTRY_MSR_S_CET:
	case ENTRY_MSR_PL0_SSP ... ENTRY_MSR_PL3_SSP:
	case ENTRY_MSR_SSP_TABLE:
		return nvmx_caps_has(c->caps, CAP_ENTRY(20));
	case ENTRY_MSR_PKRS:
		return nvmx_caps_has(c->caps, CAP_ENTRY(22));
	case ENTRY_MSR_FRED_RSP0 ... ENTRY_MSR_FRED_CONFIG:
		return nvmx_caps_has(c->caps, CAP_ENTRY(23));
	case MSR_IA32_SPEC_CTRL:
		return nvmx_caps_has(c->caps, CAP_ENTRY(24));
	default:
		return false;
	}
}

/*
 * MSRs that L1's processor has and that a write may load; also those with a
 * rule of their own that refuses them.
 */
static inline bool entry_msr_known(const struct entry_context *c, u32 index)
{
	switch (index) {
	case MSR_IA32_TSC:
	case MSR_IA32_APICBASE:
	case MSR_IA32_FEAT_CTL:
	case MSR_IA32_MISC_ENABLE:
	case MSR_IA32_SYSENTER_CS:
	case MSR_IA32_SYSENTER_ESP:
	case MSR_IA32_SYSENTER_EIP:
	case MSR_IA32_DEBUGCTLMSR:
	case MSR_IA32_CR_PAT:
	case MSR_IA32_XSS:
	case MSR_EFER:
	case MSR_STAR:
	case MSR_LSTAR:
	case MSR_CSTAR:
	case MSR_SYSCALL_MASK:
	case MSR_KERNEL_GS_BASE:
	case MSR_TSC_AUX:
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_IA32_SMM_MONITOR_CTL:
	case MSR_IA32_SMBASE:
	case MSR_IA32_UCODE_WRITE:
	case MSR_IA32_UCODE_REV:
	case 0x800 ... 0x8ff:
		return true;
	default:
		return entry_newer_msr_known(c, index);
	}
}

#endif /* NVMX_ENTRY_CONTEXT_H */
