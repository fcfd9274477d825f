// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcs02 read back: what a VM exit saved comes into vmcs12, some of it at once,
 * the rest when somebody asks.
 */
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/preempt.h>

#include "entry_checks.h"
#include "l2_timer.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmcs02_run.h"
#include "vmx_ops.h"

/* A bitmap of fields. */
struct field_set {
	u64 word[VMCS12_DIRTY_WORDS];
};

/* Guest state that exits leave in vmcs02 until it is asked for; set at load. */
static struct field_set rare;

/* Of these, what a group of entry rules or a part of vmcs02 looks at. */
static struct field_set rare_of_group[ENTRY_GROUPS];
static struct field_set rare_of_part[ilog2(G_ALL) + 1];

/* Of these, what each exit saves, as it is in vmcs02. */
static struct field_set as_it_is;

static void set_add(struct field_set *set, unsigned int index)
{
	set->word[index / 64] |= BIT_ULL(index % 64);
}

/* Fields that saved_by_exit() or value_left() have a case for. */
static bool is_special(enum vmcs_index index)
{
	switch (index) {
	case VF_GUEST_CR0:
	case VF_GUEST_CR4:
	case VF_GUEST_DR7:
	case VF_GUEST_IA32_DEBUGCTL:
	case VF_GUEST_IA32_PAT:
	case VF_GUEST_IA32_EFER:
	case VF_GUEST_PDPTR0:
	case VF_GUEST_PDPTR1:
	case VF_GUEST_PDPTR2:
	case VF_GUEST_PDPTR3:
	case VF_GUEST_INTR_STATUS:
		return true;
	default:
		return false;
	}
}

void vmcs02_sync_init(void)
{
	unsigned int i, bit;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		const struct vmcs_field_info *info = &vmcs_field_table[i];

		if (info->sync != SYNC_RARE || info->merge == G_NONE)
			continue;

		set_add(&rare, i);
		if (!is_special(i))
			set_add(&as_it_is, i);
		for (bit = 0; bit < ARRAY_SIZE(rare_of_group); bit++)
			if (vmcs12_write_checks[i] & BIT_ULL(bit))
				set_add(&rare_of_group[bit], i);
		for (bit = ilog2(G_COPY) + 1; bit < ARRAY_SIZE(rare_of_part); bit++)
			if (info->merge & BIT(bit))
				set_add(&rare_of_part[bit], i);
	}
}

/*
 * A bit that L0 owns is not in the hardware's register.  Where L1 masks it, L2
 * cannot have changed it; elsewhere the read shadow holds L2's own value.
 */
static u64 owned_bits(u64 l1_mask, u64 at_entry, u64 shadow, u64 owned)
{
	return owned & ((l1_mask & at_entry) | (~l1_mask & shadow));
}

u64 vmcs02_cr0(const struct nvmx_vcpu *vcpu)
{
	const struct vmcs02 *v = &vcpu->vmcs02;

	return (vmcs_readl(GUEST_CR0) & ~v->cr0_owned) |
	       owned_bits(v->cr0_l1_mask, v->cr0_entry, vmcs_readl(CR0_READ_SHADOW),
			  v->cr0_owned);
}

u64 vmcs02_cr4(const struct nvmx_vcpu *vcpu)
{
	const struct vmcs02 *v = &vcpu->vmcs02;

	return (vmcs_readl(GUEST_CR4) & ~v->cr4_owned) |
	       owned_bits(v->cr4_l1_mask, v->cr4_entry, vmcs_readl(CR4_READ_SHADOW),
			  v->cr4_owned);
}

static void sync_timer(struct nvmx_vcpu *vcpu)
{
	if (vcpu->f[VF_VM_EXIT_CONTROLS] & VM_EXIT_SAVE_VMX_PREEMPTION_TIMER)
		vmcs12_sync(vcpu->vmcs02.owner, VF_VMX_PREEMPTION_TIMER_VALUE,
			    l2_timer_left(vcpu));
}

/* An unrestricted L2 may have entered or left IA-32e mode. */
static void sync_mode(struct nvmx_vcpu *vcpu)
{
	struct shadow_vmcs *vmcs = vcpu->vmcs02.owner;
	u32 entry = vmcs12_read(vmcs, VF_VM_ENTRY_CONTROLS);
	u32 mode = vmcs_read32(VM_ENTRY_CONTROLS) & VM_ENTRY_IA32E_MODE;

	vcpu->vmcs02.entry = (vcpu->vmcs02.entry & ~VM_ENTRY_IA32E_MODE) | mode;
	if ((entry & VM_ENTRY_IA32E_MODE) != mode)
		vmcs12_write(vmcs, VF_VM_ENTRY_CONTROLS,
			     (entry & ~VM_ENTRY_IA32E_MODE) | mode);
}

/*
 * L1 and L2 share the processor's IA32_EFER and IA32_PAT: where the exit loads
 * none for L1, L1 goes on with what L2 left; the mode bits come later.
 */
static void sync_shared_msrs(struct nvmx_vcpu *vcpu)
{
	const u64 mode = EFER_LMA | EFER_LME;
	struct nvmx_l1 *l1 = &vcpu->l1;
	u64 efer = vmcs02_efer(vcpu);
	u64 pat = vmcs_read64(GUEST_IA32_PAT);

	vcpu->vmcs02.shared_msrs = false;
	if (vcpu->f[VF_VM_EXIT_CONTROLS] & VM_EXIT_LOAD_IA32_EFER)
		efer = l1->efer;
	if (vcpu->f[VF_VM_EXIT_CONTROLS] & VM_EXIT_LOAD_IA32_PAT)
		pat = l1->pat;
	if (!((efer ^ l1->efer) & ~mode) && pat == l1->pat)
		return;

	l1->efer = (l1->efer & mode) | (efer & ~mode);
	l1->pat = pat;
	vcpu->l1_current = false;
}

/* What each exit writes: guest state here, exit information in nested_exit.c. */
static const u8 exit_fields[] = {
	VF_GUEST_RIP, VF_GUEST_RSP, VF_GUEST_ACTIVITY_STATE,
	VF_VM_EXIT_REASON, VF_EXIT_QUALIFICATION, VF_VM_EXIT_INTR_INFO,
	VF_VM_EXIT_INTR_ERROR_CODE, VF_IDT_VECTORING_INFO_FIELD,
	VF_IDT_VECTORING_ERROR_CODE, VF_VM_EXIT_INSTRUCTION_LEN,
	VF_VMX_INSTRUCTION_INFO, VF_GUEST_LINEAR_ADDRESS,
};

static void make_exit_present(struct shadow_vmcs *vmcs)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(exit_fields); i++)
		if (!vmcs->node[exit_fields[i]].present)
			vmcs12_make_present(vmcs, exit_fields[i]);
	vmcs->exit_present = true;
}

/* The common way back into L2 looks at CR0 and CR4 when PDPTEs may be in memory. */
static bool may_use_pdptes(const struct vmcs02 *v)
{
	return !v->ept12 && !(v->entry & VM_ENTRY_IA32E_MODE);
}

static bool may_differ_from_l1(const struct vmcs02 *v)
{
	return v->shared_msrs || v->stale & (G_EFER | G_PAT);
}

/* What the less common exits save beside. */
static noinline void sync_more(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	struct shadow_vmcs *vmcs = v->owner;

	if (!vmcs->exit_present)
		make_exit_present(vmcs);
	if (may_differ_from_l1(v) && vcpu->profile == NVMX_PROFILE_SDM)
		sync_shared_msrs(vcpu);
	if (v->timer)
		sync_timer(vcpu);
	if (v->proc2 & SECONDARY_EXEC_UNRESTRICTED_GUEST)
		sync_mode(vcpu);
	if (may_use_pdptes(v)) {
		vmcs12_sync(vmcs, VF_GUEST_CR0, vmcs02_cr0(vcpu));
		vmcs12_sync(vmcs, VF_GUEST_CR4, vmcs02_cr4(vcpu));
	}
}

void vmcs02_sync_exit(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	struct shadow_vmcs *vmcs = v->owner;
	unsigned int i;

	hw_vmcs_assert_current(&v->hw);

	vmcs->value[VF_GUEST_RIP] = vmcs_readl(GUEST_RIP);
	vmcs->value[VF_GUEST_RSP] = vmcs_readl(GUEST_RSP);
	vmcs->value[VF_GUEST_ACTIVITY_STATE] = vcpu->activity;
	v->exit12 = vcpu->f[VF_VM_EXIT_CONTROLS];
#pragma GCC unroll 4
	for (i = 0; i < VMCS12_DIRTY_WORDS; i++)
		vmcs->stale[i] |= rare.word[i];
	vmcs->guest_stale = true;

	if (unlikely(!vmcs->exit_present || may_differ_from_l1(v) || v->timer ||
		     v->proc2 & SECONDARY_EXEC_UNRESTRICTED_GUEST || may_use_pdptes(v)))
		sync_more(vcpu);
}

/* ---- on demand ----------------------------------------------------------- */

static bool uses_pdptes(const struct nvmx_vcpu *vcpu)
{
	return vcpu->vmcs02.ept12 && (vmcs02_cr0(vcpu) & X86_CR0_PG) &&
	       (vmcs02_cr4(vcpu) & X86_CR4_PAE) &&
	       !(vmcs_read32(VM_ENTRY_CONTROLS) & VM_ENTRY_IA32E_MODE);
}

/*
 * VM exits save these only when a control asks for it, as L1 had it at the exit:
 * it may have written the control since.
 */
static bool saved_by_exit(const struct nvmx_vcpu *vcpu, enum vmcs_index index)
{
	u32 exit = vcpu->vmcs02.exit12;

	switch (index) {
	case VF_GUEST_IA32_DEBUGCTL:
	case VF_GUEST_DR7:
		return exit & VM_EXIT_SAVE_DEBUG_CONTROLS;
	case VF_GUEST_IA32_PAT:
		return exit & VM_EXIT_SAVE_IA32_PAT;
	case VF_GUEST_IA32_EFER:
		return exit & VM_EXIT_SAVE_IA32_EFER;
	case VF_GUEST_PDPTR0:
	case VF_GUEST_PDPTR1:
	case VF_GUEST_PDPTR2:
	case VF_GUEST_PDPTR3:
		return uses_pdptes(vcpu);
	case VF_GUEST_INTR_STATUS:
		return vcpu->vmcs02.proc2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY;
	default:
		return true;
	}
}

static u64 value_left(const struct nvmx_vcpu *vcpu, enum vmcs_index index)
{
	switch (index) {
	case VF_GUEST_CR0:
		return vmcs02_cr0(vcpu);
	case VF_GUEST_CR4:
		return vmcs02_cr4(vcpu);
	case VF_GUEST_IA32_DEBUGCTL:
		return vcpu->vmcs02.debugctl;
	case VF_GUEST_IA32_EFER:
		return vmcs02_efer(vcpu);
	default:
		return __vmread(vmcs_field_table[index].encoding);
	}
}

static void sync_set(struct nvmx_vcpu *vcpu, struct shadow_vmcs *vmcs,
		     const struct field_set *set)
{
	unsigned int i, index;
	u64 word, left = 0;

	for (i = 0; i < VMCS12_DIRTY_WORDS; i++) {
		for (word = set->word[i] & vmcs->stale[i]; word; word &= word - 1) {
			index = i * 64 + __ffs(word);
			if (likely(as_it_is.word[i] & word & -word))
				vmcs12_sync(vmcs, index,
					    __vmread(vmcs_field_table[index].encoding));
			else if (saved_by_exit(vcpu, index))
				vmcs12_sync(vmcs, index, value_left(vcpu, index));
		}
		vmcs->stale[i] &= ~set->word[i];
		left |= vmcs->stale[i];
	}
	vmcs->guest_stale = left;
}

static void sync_some(struct nvmx_vcpu *vcpu, const struct field_set *set)
{
	struct shadow_vmcs *vmcs = vcpu->vmcs02.owner;

	lockdep_assert_held(&vcpu->lock);

	if (!vmcs || !vmcs->guest_stale)
		return;

	preempt_disable();
	if (!vmcs02_ensure(vcpu))
		sync_set(vcpu, vmcs, set);
	preempt_enable();
}

void vmcs02_sync_rare(struct nvmx_vcpu *vcpu)
{
	sync_some(vcpu, &rare);
}

void vmcs02_sync_field(struct nvmx_vcpu *vcpu, enum vmcs_index index)
{
	struct field_set set = {};

	set_add(&set, index);
	sync_some(vcpu, &set);
}

static void add_sets(struct field_set *to, const struct field_set *sets, u64 bits)
{
	unsigned int i, bit;

	for (; bits; bits &= bits - 1) {
		bit = __ffs(bits);
#pragma GCC unroll 4
		for (i = 0; i < VMCS12_DIRTY_WORDS; i++)
			to->word[i] |= sets[bit].word[i];
	}
}

void vmcs02_sync_entry(struct nvmx_vcpu *vcpu, u64 groups, u32 parts)
{
	struct field_set set = {};

	add_sets(&set, rare_of_group, groups & ENTRY_ALL);
	add_sets(&set, rare_of_part, parts & G_ALL);
	sync_some(vcpu, &set);
}

static void read_live(struct nvmx_vcpu *vcpu, struct nvmx_snapshot_live *live)
{
	u32 event = vmcs_read32(VM_ENTRY_INTR_INFO_FIELD);

	live->debugctl = vcpu->vmcs02.debugctl;
	live->dr7 = vmcs_readl(GUEST_DR7);
	live->efer = vmcs02_efer(vcpu);
	live->pat = vmcs_read64(GUEST_IA32_PAT);
	live->pdpte[0] = vmcs_read64(GUEST_PDPTR0);
	live->pdpte[1] = vmcs_read64(GUEST_PDPTR1);
	live->pdpte[2] = vmcs_read64(GUEST_PDPTR2);
	live->pdpte[3] = vmcs_read64(GUEST_PDPTR3);
	if (vcpu->vmcs02.timer)
		live->timer = l2_timer_left(vcpu);
	if (!(event & INTR_INFO_VALID_MASK))
		return;
	live->event_info = event;
	live->event_error_code = vmcs_read32(VM_ENTRY_EXCEPTION_ERROR_CODE);
	live->event_length = vmcs_read32(VM_ENTRY_INSTRUCTION_LEN);
}

static void sync_live(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	struct shadow_vmcs *vmcs = v->owner;
	unsigned int i;

	if (!v->rip_stale)
		vmcs12_sync(vmcs, VF_GUEST_RIP, vmcs_readl(GUEST_RIP));
	vmcs12_sync(vmcs, VF_GUEST_RSP, vmcs_readl(GUEST_RSP));
	vmcs12_sync(vmcs, VF_GUEST_ACTIVITY_STATE, vcpu->activity);
	if (v->proc2 & SECONDARY_EXEC_UNRESTRICTED_GUEST)
		sync_mode(vcpu);
	v->exit12 = vcpu->f[VF_VM_EXIT_CONTROLS];
	for (i = 0; i < VMCS12_DIRTY_WORDS; i++)
		vmcs->stale[i] |= rare.word[i];
	sync_set(vcpu, vmcs, &rare);
}

int vmcs02_sync_live(struct nvmx_vcpu *vcpu, struct nvmx_snapshot_live *live)
{
	int ret;

	lockdep_assert_held(&vcpu->lock);

	preempt_disable();
	ret = vmcs02_load(vcpu);
	if (!ret) {
		sync_live(vcpu);
		read_live(vcpu, live);
	}
	preempt_enable();
	return ret;
}

/* Fields of vmcs02 that hold host state or addresses of the kernel. */
static bool peek_allowed(enum vmcs_index index)
{
	u16 encoding = vmcs_field_table[index].encoding;

	if (VMCS_ENC_TYPE(encoding) == VMCS_HOST)
		return false;
	if (VMCS_ENC_TYPE(encoding) == VMCS_CONTROL &&
	    VMCS_ENC_WIDTH(encoding) == VMCS_W64)
		return index == VF_TSC_OFFSET || index == VF_TSC_MULTIPLIER ||
		       index == VF_XSS_EXIT_BITMAP;
	return true;
}

int vmcs02_peek(struct nvmx_vcpu *vcpu, enum vmcs_index index, u64 *value)
{
	int ret;

	if (!vcpu->vmcs02.owner || !peek_allowed(index))
		return -ENOENT;

	preempt_disable();
	ret = vmcs02_load(vcpu);
	if (!ret)
		*value = __vmread(vmcs_field_table[index].encoding);
	preempt_enable();
	return ret;
}
