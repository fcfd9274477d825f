// SPDX-License-Identifier: GPL-2.0-only
/*
 * What L2 starts with: page tables, GDT, IDT and TSS in L1's memory, and the
 * controls, host state and guest state of the current VMCS.
 */
#include <stdio.h>

#include "l1_setup.h"

#define PAGE_P		BIT(0)
#define PAGE_RW		BIT(1)
#define PAGE_US		BIT(2)
#define PAGE_PS		BIT(7)
#define PAGE_TABLE	(PAGE_P | PAGE_RW | PAGE_US)
#define EPT_RWX		7ULL
#define EPT_WB		(6ULL << 3)
#define EPT_PS		BIT(7)
#define MIB2		0x200000ULL

/* Two instructions of each handler: VMCALL, then IRET. */
static const __u8 handler64[] = { 0x0f, 0x01, 0xc1, 0x48, 0xcf };
static const __u8 handler32[] = { 0x0f, 0x01, 0xc1, 0xcf };

static void map_4level(struct l1 *l1, __u64 *pd)
{
	__u64 *pt = l1_ptr(l1, L1_PT);
	unsigned int i;

	for (i = 0; i < 512; i++) {
		pt[i] = i * 0x1000ULL | PAGE_TABLE;
		pd[i] = i * MIB2 | PAGE_TABLE | PAGE_PS;
	}
	pd[0] = L1_PT | PAGE_TABLE;
}

static void make_page_tables(struct l1 *l1)
{
	__u64 *pml4 = l1_ptr(l1, L1_PML4), *pdpt = l1_ptr(l1, L1_PDPT);
	__u64 *pae = l1_ptr(l1, L1_PAE_PDPT);
	__u32 *pd32 = l1_ptr(l1, L1_PD32);
	unsigned int i;

	memset(pml4, 0, 4096);
	memset(pdpt, 0, 4096);
	memset(pae, 0, 4096);
	memset(pd32, 0, 4096);
	pml4[0] = L1_PDPT | PAGE_TABLE;
	pdpt[0] = L1_PD | PAGE_TABLE;
	map_4level(l1, l1_ptr(l1, L1_PD));
	pae[0] = L1_PAE_PD | PAGE_P;
	map_4level(l1, l1_ptr(l1, L1_PAE_PD));
	for (i = 0; i < 256; i++)
		pd32[i] = i << 22 | PAGE_TABLE | PAGE_PS;
}

static void make_ept(struct l1 *l1)
{
	__u64 *pml4 = l1_ptr(l1, L1_EPT_PML4), *pdpt = l1_ptr(l1, L1_EPT_PDPT);
	__u64 *pd = l1_ptr(l1, L1_EPT_PD), *pt = l1_ptr(l1, L1_EPT_PT);
	unsigned int i;

	memset(pml4, 0, 4096);
	memset(pdpt, 0, 4096);
	pml4[0] = L1_EPT_PDPT | EPT_RWX;
	pdpt[0] = L1_EPT_PD | EPT_RWX;
	for (i = 0; i < 512; i++)
		pd[i] = i * MIB2 | EPT_RWX | EPT_WB | EPT_PS;
	pd[0] = L1_EPT_PT | EPT_RWX;
	pd[1] = (L1_EPT_PT + 0x1000) | EPT_RWX;
	for (i = 0; i < 1024; i++)
		pt[i] = i * 0x1000ULL | EPT_RWX | EPT_WB;
}

/* The entry of EPT12 that maps a page of L1's memory. */
__u64 *l1_ept_pte(struct l1 *l1, __u64 gpa)
{
	return (__u64 *)l1_ptr(l1, L1_EPT_PT) + gpa / 4096;
}

/* The entry of L2's 4-level or PAE tables for an address below 2 MiB. */
__u64 *l1_pte(struct l1 *l1, __u64 address)
{
	return (__u64 *)l1_ptr(l1, L1_PT) + address / 4096;
}

/*
 * Map L2's first TByte one to one, in 64-bit mode: 1-GByte pages in two @tables but
 * for the first GByte, which stays as it is.
 */
void l1_map_tbyte(struct l1 *l1, __u64 tables)
{
	__u64 *pml4 = l1_ptr(l1, L1_PML4), *pdpt = l1_ptr(l1, tables);
	__u64 *pdpt1 = l1_ptr(l1, tables + 0x1000);
	unsigned int i;

	pml4[0] = tables | 0x27;
	pml4[1] = (tables + 0x1000) | 0x27;
	for (i = 0; i < 512; i++) {
		pdpt[i] = (__u64)i << 30 | 0xe7;
		pdpt1[i] = (512ULL + i) << 30 | 0xe7;
	}
	pdpt[0] = L1_PD | 0x27;
}

static __u64 tss_descriptor(__u64 base, __u8 type)
{
	return 0x67 | (base & 0xffffff) << 16 | (__u64)type << 40 |
	       (base >> 24 & 0xff) << 56;
}

static void make_gdt(struct l1 *l1, enum l2_mode mode)
{
	__u64 *gdt = l1_ptr(l1, L1_GDT);

	memset(gdt, 0, 4096);
	gdt[L1_SEL_CODE / 8] = mode == L2_64 ? 0x00af9b000000ffffULL :
					       0x00cf9b000000ffffULL;
	gdt[L1_SEL_DATA / 8] = 0x00cf93000000ffffULL;
	gdt[L1_SEL_TSS / 8] = tss_descriptor(L1_TSS, 0x8b);
	gdt[L1_SEL_TSS2 / 8] = tss_descriptor(L1_TSS2, 0x89);
	memset(l1_ptr(l1, L1_TSS), 0, 4096);
	memset(l1_ptr(l1, L1_TSS2), 0, 4096);
}

static void make_gate(struct l1 *l1, enum l2_mode mode, unsigned int vector)
{
	__u32 handler = L1_HANDLERS + vector * L1_HANDLER_BYTES;
	__u64 gate = (handler & 0xffff) | (__u64)L1_SEL_CODE << 16 |
			0x8e0000000000ULL | (__u64)(handler >> 16) << 48;
	__u64 *idt = l1_ptr(l1, L1_IDT);
	__u32 *ivt = l1_ptr(l1, L1_IVT);

	if (mode == L2_64) {
		idt[2 * vector] = gate;
		idt[2 * vector + 1] = 0;
	} else {
		idt[vector] = gate;
	}
	if (mode == L2_REAL)
		ivt[vector] = L1_HANDLERS >> 4 << 16 | vector * L1_HANDLER_BYTES;
}

/* Everything that L2 in @mode finds in memory. */
void l1_tables(struct l1 *l1, enum l2_mode mode)
{
	unsigned int v;

	make_page_tables(l1);
	make_ept(l1);
	make_gdt(l1, mode);
	for (v = 0; v < 256; v++) {
		__u8 *handler = l1_ptr(l1, L1_HANDLERS + v * L1_HANDLER_BYTES);

		make_gate(l1, mode, v);
		if (mode == L2_64)
			memcpy(handler, handler64, sizeof(handler64));
		else
			memcpy(handler, handler32, sizeof(handler32));
	}
	memset(l1_ptr(l1, L1_MSR_BITMAP), 0, 4096);
	memset(l1_ptr(l1, L1_IO_BITMAP), 0, 8192);
	memset(l1_ptr(l1, L1_MSR_LIST), 0, 4096);
	memset(l1_ptr(l1, L1_CODE), 0xf4, L1_CODE_BYTES);
	memset(l1_ptr(l1, L1_DATA), 0, 0x4000);
}

/* The capability MSR of a control field: allowed-0 low, allowed-1 high. */
static __u64 control_msr(struct l1 *l1, unsigned int ctl)
{
	const __u64 *msr = l1->info.out_caps.msr;

	if (ctl == CAPS_PROC2)
		return msr[CAPS_PROC2];
	return msr[CAPS_BASIC] & BIT(55) ? msr[CAPS_TRUE(ctl)] : msr[ctl];
}

/* Whether L1 may set all of @bits in a control field. */
bool l1_can(struct l1 *l1, unsigned int ctl, __u64 bits)
{
	return !(bits & ~(control_msr(l1, ctl) >> 32));
}

/* @wanted, and the bits that must be 1. */
__u64 l1_control(struct l1 *l1, unsigned int ctl, __u64 wanted)
{
	__u64 msr = control_msr(l1, ctl);

	if (!l1_can(l1, ctl, wanted))
		l1_die(l1, "control %u: %#llx not offered", ctl,
		       (wanted & ~(msr >> 32)));
	return wanted | (__u32)msr;
}

static __u32 control_field(unsigned int ctl)
{
	switch (ctl) {
	case CAPS_PIN:
		return PIN_BASED_VM_EXEC_CONTROL;
	case CAPS_PROC:
		return CPU_BASED_VM_EXEC_CONTROL;
	case CAPS_PROC2:
		return SECONDARY_VM_EXEC_CONTROL;
	case CAPS_EXIT:
		return VM_EXIT_CONTROLS;
	default:
		return VM_ENTRY_CONTROLS;
	}
}

/* Set @bits in a control field; a secondary control turns them all on. */
void l1_set_control(struct l1 *l1, unsigned int ctl, __u64 bits)
{
	__u32 field = control_field(ctl);

	l1_write(l1, field, l1_control(l1, ctl, l1_read(l1, field) | bits));
	if (ctl == CAPS_PROC2)
		l1_set_control(l1, CAPS_PROC, PROC_SECONDARY);
}

/* Clear those of @bits that need not be 1. */
void l1_clear_control(struct l1 *l1, unsigned int ctl, __u64 bits)
{
	__u32 field = control_field(ctl);

	l1_write(l1, field, l1_control(l1, ctl, l1_read(l1, field) & ~bits));
}

/* The least that L1 can ask for: only what always exits does. */
void l1_controls(struct l1 *l1)
{
	__u64 entry = ENTRY_LOAD_DEBUG | (l1->mode == L2_64 ? ENTRY_IA32E : 0);
	const struct l1_field list[] = {
		{ PIN_BASED_VM_EXEC_CONTROL, l1_control(l1, CAPS_PIN, 0) },
		{ CPU_BASED_VM_EXEC_CONTROL, l1_control(l1, CAPS_PROC, 0) },
		{ VM_EXIT_CONTROLS, l1_control(l1, CAPS_EXIT,
					       EXIT_HOST_64 | EXIT_SAVE_DEBUG) },
		{ VM_ENTRY_CONTROLS, l1_control(l1, CAPS_ENTRY, entry) },
		{ EXCEPTION_BITMAP, 0 },
		{ PAGE_FAULT_ERROR_CODE_MASK, 0 },
		{ PAGE_FAULT_ERROR_CODE_MATCH, 0 },
		{ CR3_TARGET_COUNT, 0 },
		{ VM_EXIT_MSR_STORE_COUNT, 0 },
		{ VM_EXIT_MSR_LOAD_COUNT, 0 },
		{ VM_ENTRY_MSR_LOAD_COUNT, 0 },
		{ VM_ENTRY_INTR_INFO_FIELD, 0 },
		{ CR0_GUEST_HOST_MASK, 0 },
		{ CR4_GUEST_HOST_MASK, 0 },
		{ CR0_READ_SHADOW, 0 },
		{ CR4_READ_SHADOW, 0 },
		{ TSC_OFFSET, 0 },
	};

	l1_write_all(l1, list, ARRAY_LEN(list));
	if (l1_can(l1, CAPS_PROC, PROC_SECONDARY))
		l1_write(l1, SECONDARY_VM_EXEC_CONTROL, 0);
	if (l1_can(l1, CAPS_PROC, PROC_MSR_BITMAPS)) {
		l1_write(l1, MSR_BITMAP, L1_MSR_BITMAP);
		l1_set_control(l1, CAPS_PROC, PROC_MSR_BITMAPS);
	}
	l1_write(l1, IO_BITMAP_A, L1_IO_BITMAP);
	l1_write(l1, IO_BITMAP_B, L1_IO_BITMAP + 0x1000);
}

/* A legal host-state area: 64-bit mode.  Hidden in the sealed profile. */
void l1_host_state(struct l1 *l1)
{
	const __u64 *msr = l1->info.out_caps.msr;
	const struct l1_field list[] = {
		{ HOST_CR0, msr[CAPS_CR0_FIXED0] | CR0_PE | CR0_PG | CR0_NE | CR0_ET },
		{ HOST_CR3, 0x1000 },
		{ HOST_CR4, msr[CAPS_CR4_FIXED0] | CR4_PAE | CR4_VMXE },
		{ HOST_ES_SELECTOR, 0 },
		{ HOST_CS_SELECTOR, 0x10 },
		{ HOST_SS_SELECTOR, 0x18 },
		{ HOST_DS_SELECTOR, 0 },
		{ HOST_FS_SELECTOR, 0 },
		{ HOST_GS_SELECTOR, 0 },
		{ HOST_TR_SELECTOR, 0x40 },
		{ HOST_FS_BASE, 0x1111000 },
		{ HOST_GS_BASE, 0x2222000 },
		{ HOST_TR_BASE, 0x3333000 },
		{ HOST_GDTR_BASE, 0x4444000 },
		{ HOST_IDTR_BASE, 0x5555000 },
		{ HOST_IA32_SYSENTER_CS, 0x10 },
		{ HOST_IA32_SYSENTER_ESP, 0x6666000 },
		{ HOST_IA32_SYSENTER_EIP, 0x7777000 },
		{ HOST_RSP, 0x8888000 },
		{ HOST_RIP, 0x9999000 },
	};

	if (l1->profile == NVMX_PROFILE_SDM)
		l1_write_all(l1, list, ARRAY_LEN(list));
}

static void guest_segment(struct l1 *l1, unsigned int index, __u64 selector,
			  __u64 base, __u64 limit, __u64 ar)
{
	const struct l1_field list[] = {
		{ GUEST_ES_SELECTOR + 2 * index, selector },
		{ GUEST_ES_BASE + 2 * index, base },
		{ GUEST_ES_LIMIT + 2 * index, limit },
		{ GUEST_ES_AR_BYTES + 2 * index, ar },
	};

	l1_write_all(l1, list, ARRAY_LEN(list));
}

static void guest_segments(struct l1 *l1)
{
	__u64 code = l1->mode == L2_64 ? 0xa09b : 0xc09b;
	unsigned int i;

	for (i = NVMX_ES; i <= NVMX_GS; i++) {
		if (l1->mode == L2_REAL)
			guest_segment(l1, i, 0, 0, 0xffff, 0x93);
		else if (i == NVMX_CS)
			guest_segment(l1, i, L1_SEL_CODE, 0, 0xffffffff, code);
		else
			guest_segment(l1, i, L1_SEL_DATA, 0, 0xffffffff, 0xc093);
	}
	guest_segment(l1, NVMX_LDTR, 0, 0, 0, 0x10000);
	guest_segment(l1, NVMX_TR, L1_SEL_TSS, L1_TSS, 0x67, 0x8b);
}

static void guest_control_registers(struct l1 *l1)
{
	static const struct {
		__u64 cr0, cr3, cr4;
	} modes[] = {
		[L2_64]   = { CR0_PE | CR0_PG, L1_PML4, CR4_PAE },
		[L2_PAE]  = { CR0_PE | CR0_PG, L1_PAE_PDPT, CR4_PAE },
		[L2_32]   = { CR0_PE | CR0_PG, L1_PD32, CR4_PSE },
		[L2_FLAT] = { CR0_PE, 0, 0 },
		[L2_REAL] = { 0, 0, 0 },
	};
	const __u64 *msr = l1->info.out_caps.msr;
	__u64 cr0 = modes[l1->mode].cr0 | CR0_ET;

	cr0 |= msr[CAPS_CR0_FIXED0] & ~(CR0_PE | CR0_PG);
	l1_write(l1, GUEST_CR0, cr0);
	l1_write(l1, GUEST_CR3, modes[l1->mode].cr3);
	l1_write(l1, GUEST_CR4, modes[l1->mode].cr4 | msr[CAPS_CR4_FIXED0]);
}

/* L2's registers, for the mode that l1_prepare() was told. */
void l1_guest_state(struct l1 *l1)
{
	const struct l1_field list[] = {
		{ GUEST_GDTR_BASE, L1_GDT },
		{ GUEST_GDTR_LIMIT, 0x3f },
		{ GUEST_IDTR_BASE, l1->mode == L2_REAL ? L1_IVT : L1_IDT },
		{ GUEST_IDTR_LIMIT, l1->mode == L2_REAL ? 0x3ff : 0xfff },
		{ GUEST_DR7, 0x400 },
		{ GUEST_RSP, L1_STACK },
		{ GUEST_RIP, L1_CODE },
		{ GUEST_RFLAGS, RFLAGS_FIXED },
		{ GUEST_PENDING_DBG_EXCEPTIONS, 0 },
		{ GUEST_INTERRUPTIBILITY_INFO, 0 },
		{ GUEST_ACTIVITY_STATE, 0 },
		{ GUEST_IA32_DEBUGCTL, 0 },
		{ GUEST_SYSENTER_CS, 0 },
		{ GUEST_SYSENTER_ESP, 0 },
		{ GUEST_SYSENTER_EIP, 0 },
		{ VMCS_LINK_POINTER, ~0ULL },
	};

	guest_segments(l1);
	guest_control_registers(l1);
	l1_write_all(l1, list, ARRAY_LEN(list));
	memset(l1->run->gpr, 0, sizeof(l1->run->gpr));
}

/* Have L2 walk EPT12, an identity map with 4 KiB pages for L1's memory. */
void l1_use_ept(struct l1 *l1)
{
	__u64 *pae = l1_ptr(l1, L1_PAE_PDPT);
	unsigned int i;

	l1->ept = true;
	l1_set_control(l1, CAPS_PROC2, PROC2_EPT);
	l1_write(l1, EPT_POINTER, L1_EPT_PML4 | 3 << 3 | 6);
	for (i = 0; i < 4; i++)
		l1_write(l1, GUEST_PDPTR0 + 2 * i, l1->mode == L2_PAE ? pae[i] : 0);
	if (l1->mode == L2_FLAT || l1->mode == L2_REAL)
		l1_set_control(l1, CAPS_PROC2, PROC2_UNRESTRICTED);
}

/* Whether L2 can be set up in @mode. */
bool l1_has_mode(struct l1 *l1, enum l2_mode mode)
{
	if (mode != L2_FLAT && mode != L2_REAL)
		return true;
	return l1_can(l1, CAPS_PROC2, PROC2_EPT | PROC2_UNRESTRICTED);
}

/* Everything for L2 in @mode; EPT only where the mode needs it. */
void l1_prepare(struct l1 *l1, enum l2_mode mode)
{
	l1->mode = mode;
	l1->ept = false;
	l1_tables(l1, mode);
	l1_controls(l1);
	l1_host_state(l1);
	l1_guest_state(l1);
	if (mode == L2_FLAT || mode == L2_REAL)
		l1_use_ept(l1);
}
