// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcs02 read back: what a VM exit saved comes into vmcs12, some of it at once,
 * the rest when somebody asks.
 */
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>

#include "entry_checks.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/* Guest state that exits leave in vmcs02 until it is asked for; set at load. */
static u8 rare_fields[VMCS_FIELD_COUNT];
static unsigned int rare_count;

void vmcs02_sync_init(void)
{
	unsigned int i;

	BUILD_BUG_ON(VMCS_FIELD_COUNT > U8_MAX);
	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		if (vmcs_field_table[i].sync == SYNC_RARE &&
		    vmcs_field_table[i].merge != G_NONE)
			rare_fields[rare_count++] = i;
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
	u64 owned = vcpu->vmcs02.cr0_owned;

	return (vmcs_readl(GUEST_CR0) & ~owned) |
	       owned_bits(vcpu->f[VF_CR0_GUEST_HOST_MASK], vcpu->f[VF_GUEST_CR0],
			  vmcs_readl(CR0_READ_SHADOW), owned);
}

u64 vmcs02_cr4(const struct nvmx_vcpu *vcpu)
{
	u64 owned = vcpu->vmcs02.cr4_owned;

	return (vmcs_readl(GUEST_CR4) & ~owned) |
	       owned_bits(vcpu->f[VF_CR4_GUEST_HOST_MASK], vcpu->f[VF_GUEST_CR4],
			  vmcs_readl(CR4_READ_SHADOW), owned);
}

/* Natural-width and 32-bit fields that every nested VM exit brings back. */
#define FOR_EACH_OFTEN(do)						\
	do(GUEST_RIP) do(GUEST_RSP) do(GUEST_RFLAGS) do(GUEST_CR3)	\
	do(GUEST_CS_AR_BYTES) do(GUEST_SS_AR_BYTES)			\
	do(GUEST_INTERRUPTIBILITY_INFO)

static void sync_timer(struct nvmx_vcpu *vcpu)
{
	if (vcpu->f[VF_VM_EXIT_CONTROLS] & VM_EXIT_SAVE_VMX_PREEMPTION_TIMER)
		vmcs12_sync(vcpu->vmcs02.owner, VF_VMX_PREEMPTION_TIMER_VALUE,
			    vmcs_read32(VMX_PREEMPTION_TIMER_VALUE));
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
	u64 efer = vmcs_read64(GUEST_IA32_EFER);
	u64 pat = vmcs_read64(GUEST_IA32_PAT);

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

void vmcs02_sync_exit(struct nvmx_vcpu *vcpu)
{
	struct shadow_vmcs *vmcs = vcpu->vmcs02.owner;
	u64 cr0, cr4;

	hw_vmcs_assert_current(&vcpu->vmcs02.hw);

	/* Both need the values at entry: compute before either is stored. */
	cr0 = vmcs02_cr0(vcpu);
	cr4 = vmcs02_cr4(vcpu);
	vmcs12_sync(vmcs, VF_GUEST_CR0, cr0);
	vmcs12_sync(vmcs, VF_GUEST_CR4, cr4);
#define SYNC(field)	vmcs12_sync(vmcs, VF_##field, __vmread(field));
	FOR_EACH_OFTEN(SYNC)
#undef SYNC
	vmcs12_sync(vmcs, VF_GUEST_ACTIVITY_STATE, vcpu->activity);

	if (vcpu->profile == NVMX_PROFILE_SDM)
		sync_shared_msrs(vcpu);
	if (vcpu->vmcs02.timer)
		sync_timer(vcpu);
	if (vcpu->vmcs02.proc2 & SECONDARY_EXEC_UNRESTRICTED_GUEST)
		sync_mode(vcpu);
	vmcs->guest_stale = true;
}

/* VM exits save these only when a control asks for it. */
static bool saved_by_exit(const u64 *f, enum vmcs_index index)
{
	u32 exit = f[VF_VM_EXIT_CONTROLS];

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
		return vmcs12_uses_ept(f) && (f[VF_GUEST_CR0] & X86_CR0_PG) &&
		       (f[VF_GUEST_CR4] & X86_CR4_PAE) &&
		       !(f[VF_VM_ENTRY_CONTROLS] & VM_ENTRY_IA32E_MODE);
	default:
		return true;
	}
}

static void sync_rare_fields(struct nvmx_vcpu *vcpu, struct shadow_vmcs *vmcs)
{
	unsigned int i, index;
	u64 value;

	for (i = 0; i < rare_count; i++) {
		index = rare_fields[i];
		if (vmcs12_is_dirty(vmcs, index) || !saved_by_exit(vmcs->value, index))
			continue;
		value = index == VF_GUEST_IA32_DEBUGCTL ? vcpu->vmcs02.debugctl :
			__vmread(vmcs_field_table[index].encoding);
		vmcs12_sync(vmcs, index, value);
	}
}

void vmcs02_sync_rare(struct nvmx_vcpu *vcpu)
{
	struct shadow_vmcs *vmcs = vcpu->vmcs02.owner;

	lockdep_assert_held(&vcpu->lock);

	if (!vmcs || !vmcs->guest_stale)
		return;

	preempt_disable();
	if (!vmcs02_load(vcpu)) {
		sync_rare_fields(vcpu, vmcs);
		vmcs->guest_stale = false;
	}
	preempt_enable();
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
