// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a nested VM exit does to L1.
 */
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "entry_checks.h"
#include "l1_state.h"
#include "l2_msr.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/* SDM Vol. 3, "VMX Aborts". */
#define VMX_ABORT_STORE		1
#define VMX_ABORT_LOAD		4

/* CR0 bits that a VM exit does not change: ET, 63:32, NW, CD and reserved. */
#define CR0_EXIT_KEEPS	(GENMASK_ULL(63, 32) | X86_CR0_ET | X86_CR0_NW | \
			 X86_CR0_CD | GENMASK_ULL(28, 19) | BIT_ULL(17) | \
			 GENMASK_ULL(15, 6))

static struct nvmx_segment data_segment(u16 selector, u64 base)
{
	return (struct nvmx_segment){
		.base = base, .limit = ~0U, .selector = selector,
		.ar = selector ? 0xc093 : 0x10000 | 0xc093,
	};
}

static void load_segments(struct nvmx_l1 *l1, const u64 *f, bool long_mode)
{
	l1->seg[NVMX_CS] = (struct nvmx_segment){
		.limit = ~0U, .selector = f[VF_HOST_CS_SELECTOR],
		.ar = long_mode ? 0xa09b : 0xc09b,
	};
	l1->seg[NVMX_SS] = data_segment(f[VF_HOST_SS_SELECTOR], 0);
	l1->seg[NVMX_DS] = data_segment(f[VF_HOST_DS_SELECTOR], 0);
	l1->seg[NVMX_ES] = data_segment(f[VF_HOST_ES_SELECTOR], 0);
	l1->seg[NVMX_FS] = data_segment(f[VF_HOST_FS_SELECTOR], f[VF_HOST_FS_BASE]);
	l1->seg[NVMX_GS] = data_segment(f[VF_HOST_GS_SELECTOR], f[VF_HOST_GS_BASE]);
	l1->seg[NVMX_LDTR] = (struct nvmx_segment){ .ar = 0x10000 };
	l1->seg[NVMX_TR] = (struct nvmx_segment){
		.base = f[VF_HOST_TR_BASE], .limit = 0x67, .ar = 0x8b,
		.selector = f[VF_HOST_TR_SELECTOR],
	};
	l1->gdtr_base = f[VF_HOST_GDTR_BASE];
	l1->idtr_base = f[VF_HOST_IDTR_BASE];
	l1->gdtr_limit = 0xffff;
	l1->idtr_limit = 0xffff;
}

static void load_msrs(struct nvmx_l1 *l1, const u64 *f, bool long_mode)
{
	u32 exit = f[VF_VM_EXIT_CONTROLS];

	l1->debugctl = 0;
	l1->sysenter_cs = f[VF_HOST_IA32_SYSENTER_CS];
	l1->sysenter_esp = f[VF_HOST_IA32_SYSENTER_ESP];
	l1->sysenter_eip = f[VF_HOST_IA32_SYSENTER_EIP];
	if (exit & VM_EXIT_LOAD_IA32_PAT)
		l1->pat = f[VF_HOST_IA32_PAT];
	if (exit & VM_EXIT_LOAD_IA32_EFER)
		l1->efer = f[VF_HOST_IA32_EFER];
	else if (long_mode)
		l1->efer |= EFER_LMA | EFER_LME;
	else
		l1->efer &= ~(u64)(EFER_LMA | EFER_LME);
}

void l1_state_load(struct nvmx_vcpu *vcpu)
{
	struct nvmx_l1 *l1 = &vcpu->l1;
	const u64 *f = vcpu->f;
	bool long_mode = f[VF_VM_EXIT_CONTROLS] & VM_EXIT_HOST_ADDR_SPACE_SIZE;

	if (l1_state_is_loaded(vcpu))
		return;

	vcpu->plain = false;
	l1->cr0 = (l1->cr0 & CR0_EXIT_KEEPS) | (f[VF_HOST_CR0] & ~CR0_EXIT_KEEPS);
	l1->cr3 = f[VF_HOST_CR3];
	l1->cr4 = f[VF_HOST_CR4];
	if (long_mode)
		l1->cr4 |= X86_CR4_PAE;
	else
		l1->cr4 &= ~(u64)X86_CR4_PCIDE;
	l1->dr7 = 0x400;
	l1->rflags = X86_EFLAGS_FIXED;
	l1->rip = f[VF_HOST_RIP];
	l1->gpr[NVMX_RSP] = f[VF_HOST_RSP];
	l1->cpl = 0;
	l1->mov_ss = 0;
	load_msrs(l1, f, long_mode);
	load_segments(l1, f, long_mode);
	vcpu->vmcs02.stale |= G_EFER | G_PAT | G_DEBUG;
	vcpu->l1_current = true;
	vcpu->l1_from = vcpu->current_vmcs;
}

/* ---- MSR areas ----------------------------------------------------------- */

static bool area_entry(struct nvmx_vcpu *vcpu, u64 area, u32 i, struct entry_msr *msr)
{
	return !l1_memory_read(&vcpu->machine->memory, area + 16ULL * i, msr, sizeof(*msr));
}

/* MSRs that no area may hold: SDM Vol. 3, "Loading MSRs", "Saving MSRs". */
static bool area_forbids(const struct entry_msr *msr, bool load)
{
	if (msr->reserved || (msr->index >> 8) == 0x8)
		return true;

	return load && (msr->index == MSR_FS_BASE || msr->index == MSR_GS_BASE);
}

/* With vmcs02 current: what it holds is still L2's. */
static bool store_one(struct nvmx_vcpu *vcpu, u32 index, u64 *value)
{
	bool ok = false;

	preempt_disable();
	if (!vmcs02_load(vcpu))
		ok = l2_msr_read(vcpu, index, value);
	preempt_enable();
	return ok;
}

static u32 store_area(struct nvmx_vcpu *vcpu)
{
	u64 area = vcpu->f[VF_VM_EXIT_MSR_STORE_ADDR];
	u32 count = vcpu->f[VF_VM_EXIT_MSR_STORE_COUNT];
	struct entry_msr msr;
	u64 value;
	u32 i;

	for (i = 0; i < count; i++) {
		if (i >= ENTRY_MSR_MAX || !area_entry(vcpu, area, i, &msr) ||
		    area_forbids(&msr, false) || !store_one(vcpu, msr.index, &value) ||
		    l1_memory_write(&vcpu->machine->memory, area + 16ULL * i + 8,
				    &value, sizeof(value)))
			return VMX_ABORT_STORE;
		cond_resched();
	}
	return 0;
}

/* L1's copy of an MSR that exits switch; others are the processor's. */
static u64 *l1_msr(struct nvmx_l1 *l1, u32 index)
{
	switch (index) {
	case MSR_EFER:
		return &l1->efer;
	case MSR_IA32_CR_PAT:
		return &l1->pat;
	case MSR_IA32_SYSENTER_CS:
		return &l1->sysenter_cs;
	case MSR_IA32_SYSENTER_ESP:
		return &l1->sysenter_esp;
	case MSR_IA32_SYSENTER_EIP:
		return &l1->sysenter_eip;
	case MSR_IA32_DEBUGCTLMSR:
		return &l1->debugctl;
	default:
		return NULL;
	}
}

static bool load_one(struct nvmx_vcpu *vcpu, const struct entry_msr *msr)
{
	u64 *l1 = l1_msr(&vcpu->l1, msr->index);
	u64 kept = 0;
	bool ok = false;

	preempt_disable();
	if (!vmcs02_load(vcpu)) {
		/* Judged by the same rules; L2's own copy is put back. */
		if (!l1)
			ok = l2_msr_write(vcpu, msr->index, msr->value);
		else if (l2_msr_read(vcpu, msr->index, &kept))
			ok = l2_msr_write(vcpu, msr->index, msr->value) &&
			     l2_msr_write(vcpu, msr->index, kept);
	}
	preempt_enable();
	if (ok && l1) {
		*l1 = msr->value;
		vcpu->l1_current = false;
		vcpu->vmcs02.stale |= G_EFER | G_PAT | G_DEBUG;
	}
	return ok;
}

static u32 load_area(struct nvmx_vcpu *vcpu)
{
	u64 area = vcpu->f[VF_VM_EXIT_MSR_LOAD_ADDR];
	u32 count = vcpu->f[VF_VM_EXIT_MSR_LOAD_COUNT];
	struct entry_msr msr;
	u32 i;

	for (i = 0; i < count; i++) {
		if (i >= ENTRY_MSR_MAX || !area_entry(vcpu, area, i, &msr) ||
		    area_forbids(&msr, true) || !load_one(vcpu, &msr))
			return VMX_ABORT_LOAD;
		cond_resched();
	}
	return 0;
}

u32 l1_msr_areas_exit(struct nvmx_vcpu *vcpu, bool failed_entry)
{
	u32 abort = 0;

	vcpu->plain = false;
	if (!failed_entry && vcpu->f[VF_VM_EXIT_MSR_STORE_COUNT])
		abort = store_area(vcpu);
	/* The MSR-load area has the last word. */
	l1_state_load(vcpu);
	if (!abort && vcpu->f[VF_VM_EXIT_MSR_LOAD_COUNT])
		abort = load_area(vcpu);
	return abort;
}

void l1_vmx_abort(struct nvmx_vcpu *vcpu, u32 indicator)
{
	l1_memory_write(&vcpu->machine->memory, vcpu->current_vmcs->vmptr + 4,
			&indicator, sizeof(indicator));
	vcpu->aborted = indicator;
}
