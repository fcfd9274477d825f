// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtual-APIC page as the processor sees it.  L1 may write the page at any
 * time, so each access is a single one, and no index comes from the page.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <asm/vmx.h>

#include "virtual_apic.h"

#define VECTORS_PER_REGISTER	32
#define REGISTERS		8
#define REGISTER_BYTES		0x10
#define CLASS(priority)		((priority) & 0xf0)

static u32 *reg32(const void *page, u32 offset)
{
	return (u32 *)((u8 *)page + offset);
}

static u64 *reg64(const void *page, u32 offset)
{
	return (u64 *)((u8 *)page + offset);
}

u8 vapic_vtpr(const void *page)
{
	return READ_ONCE(*reg32(page, VAPIC_TPR));
}

/* ---- 256 bits of VISR or VIRR -------------------------------------------- */

static u32 *vector_reg(const void *page, u32 base, u8 vector)
{
	return reg32(page, base + vector / VECTORS_PER_REGISTER * REGISTER_BYTES);
}

static void set_vector(void *page, u32 base, u8 vector)
{
	u32 *reg = vector_reg(page, base, vector);

	WRITE_ONCE(*reg, READ_ONCE(*reg) | BIT(vector % VECTORS_PER_REGISTER));
}

static void clear_vector(void *page, u32 base, u8 vector)
{
	u32 *reg = vector_reg(page, base, vector);

	WRITE_ONCE(*reg, READ_ONCE(*reg) & ~BIT(vector % VECTORS_PER_REGISTER));
}

/* Return: the highest vector, 0 if there is none. */
static u8 highest_vector(const void *page, u32 base)
{
	unsigned int i;
	u32 bits;

	for (i = REGISTERS; i-- > 0;) {
		bits = READ_ONCE(*reg32(page, base + i * REGISTER_BYTES));
		if (bits)
			return i * VECTORS_PER_REGISTER + fls(bits) - 1;
	}
	return 0;
}

/* ---- priorities ---------------------------------------------------------- */

static u8 ppr(const struct virtual_apic *apic)
{
	u8 vtpr = vapic_vtpr(apic->page);

	return CLASS(vtpr) >= CLASS(apic->svi) ? vtpr : CLASS(apic->svi);
}

bool vapic_is_pending(const struct virtual_apic *apic)
{
	return CLASS(apic->rvi) > CLASS(ppr(apic));
}

static void virtualize_ppr(const struct virtual_apic *apic)
{
	WRITE_ONCE(*reg32(apic->page, VAPIC_PPR), ppr(apic));
}

/* ---- what follows a write ------------------------------------------------ */

static bool delivers(const struct virtual_apic *apic)
{
	return apic->proc2 & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY;
}

static enum vapic_outcome virtualize_tpr(struct virtual_apic *apic)
{
	if (delivers(apic)) {
		virtualize_ppr(apic);
		return VAPIC_DONE;
	}
	return vapic_vtpr(apic->page) >> 4 < apic->threshold ? VAPIC_EXIT_TPR : VAPIC_DONE;
}

static enum vapic_outcome virtualize_eoi(struct virtual_apic *apic)
{
	u8 vector = apic->svi;

	clear_vector(apic->page, VAPIC_ISR, vector);
	apic->svi = highest_vector(apic->page, VAPIC_ISR);
	virtualize_ppr(apic);
	if (!(apic->eoi_exit[vector / 64] & BIT_ULL(vector % 64)))
		return VAPIC_DONE;

	apic->qualification = vector;
	return VAPIC_EXIT_EOI;
}

static enum vapic_outcome virtualize_self_ipi(struct virtual_apic *apic, u8 vector)
{
	if (!CLASS(vector)) {
		apic->qualification = VAPIC_SELF_IPI;
		return VAPIC_EXIT_WRITE;
	}
	set_vector(apic->page, VAPIC_IRR, vector);
	apic->rvi = max(apic->rvi, vector);
	return VAPIC_DONE;
}

/* ---- MSRs ---------------------------------------------------------------- */

static u32 msr_offset(u32 index)
{
	return (index & 0xff) << 4;
}

enum vapic_outcome vapic_rdmsr(const struct virtual_apic *apic, u32 index, u64 *value)
{
	if (!(apic->proc2 & SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE) ||
	    index < VAPIC_MSR_FIRST || index > VAPIC_MSR_LAST)
		return VAPIC_NOT_VIRTUAL;
	if (!(apic->proc2 & SECONDARY_EXEC_APIC_REGISTER_VIRT) && index != VAPIC_MSR_TPR)
		return VAPIC_NOT_VIRTUAL;

	*value = READ_ONCE(*reg64(apic->page, msr_offset(index)));
	return VAPIC_DONE;
}

/* Whether WRMSR is of the virtual APIC; @legal: bits that the value may have. */
static bool is_virtual_write(const struct virtual_apic *apic, u32 index, u64 *legal)
{
	if (!(apic->proc2 & SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE))
		return false;

	*legal = index == VAPIC_MSR_EOI ? 0 : 0xff;
	return index == VAPIC_MSR_TPR ||
	       (delivers(apic) &&
		(index == VAPIC_MSR_EOI || index == VAPIC_MSR_SELF_IPI));
}

enum vapic_outcome vapic_wrmsr(struct virtual_apic *apic, u32 index, u64 value)
{
	u64 legal;

	if (!is_virtual_write(apic, index, &legal))
		return VAPIC_NOT_VIRTUAL;
	if (value & ~legal)
		return VAPIC_GP;

	WRITE_ONCE(*reg64(apic->page, msr_offset(index)), value);
	switch (index) {
	case VAPIC_MSR_TPR:
		return virtualize_tpr(apic);
	case VAPIC_MSR_EOI:
		return virtualize_eoi(apic);
	default:
		return virtualize_self_ipi(apic, value);
	}
}
