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
#include <linux/string.h>

#include "l2_apic.h"
#include "vcpu.h"

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

static u8 vtpr(const struct l2_apic *apic)
{
	return READ_ONCE(*(u8 *)(apic->page + VAPIC_TPR));
}

/* The processor looks at it right after a VM entry, and exits. */
static bool below_threshold(const struct nvmx_vcpu *vcpu)
{
	u32 proc2 = vmcs12_proc2(vcpu->f);
	u32 threshold = vcpu->f[VF_TPR_THRESHOLD] & TPR_THRESHOLD_BITS;

	return proc2 & SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES &&
	       !(proc2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY) &&
	       threshold > vtpr(&vcpu->apic) >> 4;
}

bool l2_apic_wakes(struct nvmx_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);

	return vcpu->apic.page && below_threshold(vcpu);
}

void l2_apic_destroy(struct l2_apic *apic)
{
	free_page((unsigned long)apic->stand_in);
	apic->stand_in = NULL;
	apic->page = NULL;
}
