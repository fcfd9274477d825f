// SPDX-License-Identifier: GPL-2.0-only
/*
 * The virtual-APIC page of L2.
 *
 * The processor reads and writes it by its physical address, without EPT.  So
 * vmcs02 gets the address of a page that is L1's, pinned and writable, or else
 * of a page of ours.  Ranges of L1's memory change only while no L2 is live, and
 * each entry looks the page up again when they did.
 */
#include <linux/gfp.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include "l2_apic.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

#define TPR_THRESHOLD_BITS	0xf

static bool uses_tpr_shadow(const u64 *f)
{
	return f[VF_CPU_BASED_VM_EXEC_CONTROL] & CPU_BASED_TPR_SHADOW;
}

bool l2_apic_judged(const u64 *f)
{
	return uses_tpr_shadow(f) &&
	       !(vmcs12_proc2(f) & (SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES |
				    SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY));
}

/* What L1 finds at @gpa, in a page of ours.  Return: the page, or NULL. */
static void *fill_stand_in(struct nvmx_vcpu *vcpu, u64 gpa)
{
	struct l2_apic *apic = &vcpu->apic;

	if (!apic->stand_in)
		apic->stand_in = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	if (!apic->stand_in)
		return NULL;
	if (l1_memory_read(&vcpu->machine->memory, gpa, apic->stand_in, PAGE_SIZE))
		memset(apic->stand_in, 0xff, PAGE_SIZE);
	return apic->stand_in;
}

/* Return: the page behind the virtual-APIC address, or NULL. */
static void *find_page(struct nvmx_vcpu *vcpu)
{
	u64 gpa = vcpu->f[VF_VIRTUAL_APIC_PAGE_ADDR] & PAGE_MASK;
	bool writable = false;
	struct page *page = l1_memory_page(&vcpu->machine->memory, gpa, &writable);

	return page && writable ? page_address(page) : fill_stand_in(vcpu, gpa);
}

int l2_apic_choose(struct nvmx_vcpu *vcpu)
{
	struct l2_apic *apic = &vcpu->apic;
	void *page = NULL;

	lockdep_assert_held(&vcpu->lock);

	if (uses_tpr_shadow(vcpu->f)) {
		page = find_page(vcpu);
		if (!page)
			return -ENOMEM;
	}
	if (page != apic->page)
		vcpu->vmcs02.stale |= G_APIC;
	apic->page = page;
	apic->memory_changes = vcpu->machine->memory.changes;
	return 0;
}

void l2_apic_drop(struct nvmx_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);

	if (vcpu->apic.page)
		vcpu->vmcs02.stale |= G_APIC;
	vcpu->apic.page = NULL;
}

bool l2_apic_is_plain(const struct nvmx_vcpu *vcpu, const u64 *f)
{
	const struct l2_apic *apic = &vcpu->apic;

	if (likely(!apic->page))
		return true;
	if (apic->page == apic->stand_in ||
	    apic->memory_changes != vcpu->machine->memory.changes)
		return false;

	return !l2_apic_judged(f) || !(f[VF_TPR_THRESHOLD] & TPR_THRESHOLD_BITS);
}

/* ---- the virtual APIC of a live L2 ---------------------------------------- */

static struct virtual_apic virtual_apic(const struct nvmx_vcpu *vcpu)
{
	u32 proc2 = vmcs12_proc2(vcpu->f);
	u16 status = proc2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY ?
		     vmcs_read16(GUEST_INTR_STATUS) : 0;

	return (struct virtual_apic){
		.page = vcpu->apic.page,
		.proc2 = proc2,
		.threshold = vcpu->f[VF_TPR_THRESHOLD] & TPR_THRESHOLD_BITS,
		.rvi = status,
		.svi = status >> 8,
		.eoi_exit = &vcpu->f[VF_EOI_EXIT_BITMAP0],
	};
}

enum vapic_outcome l2_apic_rdmsr(struct nvmx_vcpu *vcpu, u32 index, u64 *value)
{
	struct virtual_apic apic;

	if (!vcpu->apic.page)
		return VAPIC_NOT_VIRTUAL;

	apic = virtual_apic(vcpu);
	return vapic_rdmsr(&apic, index, value);
}

enum vapic_outcome l2_apic_wrmsr(struct nvmx_vcpu *vcpu, u32 index, u64 value,
				 u64 *qualification)
{
	enum vapic_outcome outcome;
	struct virtual_apic apic;

	if (!vcpu->apic.page)
		return VAPIC_NOT_VIRTUAL;

	apic = virtual_apic(vcpu);
	outcome = vapic_wrmsr(&apic, index, value);
	*qualification = apic.qualification;
	if (apic.proc2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY)
		vmcs_write16(GUEST_INTR_STATUS, apic.rvi | apic.svi << 8);
	return outcome;
}

/* ---- a halted L2 ---------------------------------------------------------- */

/* The processor looks at it right after a VM entry, and exits. */
static bool below_threshold(const struct nvmx_vcpu *vcpu)
{
	u32 threshold = vcpu->f[VF_TPR_THRESHOLD] & TPR_THRESHOLD_BITS;

	return vmcs12_proc2(vcpu->f) & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES &&
	       threshold > vapic_vtpr(vcpu->apic.page) >> 4;
}

/* The processor delivers it right after a VM entry. */
static bool interrupt_is_due(const struct nvmx_vcpu *vcpu)
{
	struct virtual_apic apic;

	if (vcpu->f[VF_CPU_BASED_VM_EXEC_CONTROL] & CPU_BASED_INTR_WINDOW_EXITING)
		return false;

	apic = virtual_apic(vcpu);
	return vapic_is_pending(&apic) && vmcs_readl(GUEST_RFLAGS) & X86_EFLAGS_IF;
}

bool l2_apic_wakes(struct nvmx_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);

	if (!vcpu->apic.page)
		return false;
	if (vmcs12_proc2(vcpu->f) & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY)
		return interrupt_is_due(vcpu);

	return below_threshold(vcpu);
}

void l2_apic_destroy(struct l2_apic *apic)
{
	free_page((unsigned long)apic->stand_in);
	apic->stand_in = NULL;
	apic->page = NULL;
}
