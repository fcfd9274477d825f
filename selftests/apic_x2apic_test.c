// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtualization of x2APIC mode: RDMSR and WRMSR of 800H to 8FFH.  SDM Vol. 3,
 * "Virtualizing MSR-Based APIC Accesses".
 */
#include "apic.h"

L2_CODE(rdmsr);
L2_CODE(wrmsr);
L2_CODE(nop);

#define MSR_TPR		0x808
#define MSR_EOI		0x80b
#define MSR_SELF_IPI	0x83f

#define RCX		(self->l1.run->gpr[NVMX_RCX])
#define RDX		(self->l1.run->gpr[NVMX_RDX])

static void use_x2apic(struct l1 *l1, __u64 proc2)
{
	if (proc2 & PROC2_VID)
		l1_set_control(l1, CAPS_PIN, PIN_EXT_INTR);
	l1_set_control(l1, CAPS_PROC2, PROC2_X2APIC | proc2);
	if (proc2 & PROC2_VID)
		apic_take_interrupt(l1);
}

#define expect_msr(code, index, value, vector)				\
	do {								\
		RCX = index;						\
		RDX = (__u64)(value) >> 32;				\
		l1_write(&self->l1, GUEST_RSP, L1_STACK);		\
		expect_runs(code, (__u32)(value), vector);		\
	} while (0)

#define expect_wrmsr_exit(index, value, reason)				\
	do {								\
		RCX = index;						\
		RDX = (__u64)(value) >> 32;				\
		RAX = (__u32)(value);					\
		l1_load(&self->l1, wrmsr);				\
		EXPECT_EQ(reason, l1_run_exit(&self->l1));		\
	} while (0)

/* ---- TPR alone --------------------------------------------------------------------- */

TEST_F(apic, only_the_tpr_is_virtual)
{
	unsigned int index;

	SKIP_WITHOUT(PROC2_X2APIC);
	use_x2apic(&self->l1, 0);
	VREG(APIC_TPR) = 0x35;
	VREG(APIC_TPR + 4) = 0x1234;
	for (index = 0x800; index < 0x900; index += index < 0x840 ? 1 : 0x1f) {
		expect_msr(rdmsr, index, ~0ULL, index == MSR_TPR ? -1 : VEC_GP);
		if (index == MSR_TPR) {
			EXPECT_EQ(0x35, RAX);
			EXPECT_EQ(0x1234, RDX);
			continue;
		}
		expect_msr(wrmsr, index, 0, VEC_GP);
	}
	expect_msr(wrmsr, MSR_TPR, 0x62, -1);
	EXPECT_EQ(0x62, VREG(APIC_TPR));
	EXPECT_EQ(0, VREG(APIC_TPR + 4));
}

TEST_F(apic, reserved_bits_of_the_tpr_cause_gp)
{
	static const __u64 values[] = { 0x100, 0x80000000, 1ULL << 32, 1ULL << 63 };
	unsigned int i;

	SKIP_WITHOUT(PROC2_X2APIC);
	use_x2apic(&self->l1, 0);
	VREG(APIC_TPR) = 0x35;
	for (i = 0; i < ARRAY_LEN(values); i++) {
		expect_msr(wrmsr, MSR_TPR, values[i] | 0x40, VEC_GP);
		EXPECT_EQ(0x35, VREG(APIC_TPR));
	}
}

TEST_F(apic, a_tpr_below_the_threshold_exits_after_wrmsr)
{
	SKIP_WITHOUT(PROC2_X2APIC);
	use_x2apic(&self->l1, 0);
	VREG(APIC_TPR) = 0x60;
	l1_write(&self->l1, TPR_THRESHOLD, 6);
	expect_wrmsr_exit(MSR_TPR, 0x5f, EXIT_TPR);
	EXPECT_EQ(NVMX_RULE_PROC(21), self->l1.run->deciding_rule);
	EXPECT_EQ(0, self->l1.run->qualification);
	EXPECT_EQ(L1_CODE + 2, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(0x5f, VREG(APIC_TPR));
	VREG(APIC_TPR) = 0xf0;
	expect_msr(wrmsr, MSR_TPR, 0x60, -1);
}

TEST_F(apic, without_the_control_there_is_no_x2apic)
{
	SKIP_WITHOUT(PROC2_X2APIC);
	expect_msr(rdmsr, MSR_TPR, 0, VEC_GP);
	expect_msr(wrmsr, MSR_TPR, 0, VEC_GP);
	expect_msr(rdmsr, 0x802, 0, VEC_GP);
	expect_msr(wrmsr, 0x830, 0, VEC_GP);
	expect_msr(wrmsr, MSR_SELF_IPI, 0x41, VEC_GP);
}

TEST_F(apic, the_msr_bitmap_comes_first)
{
	__u8 *bitmap = l1_ptr(&self->l1, L1_MSR_BITMAP);

	SKIP_WITHOUT(PROC2_X2APIC);
	use_x2apic(&self->l1, 0);
	bitmap[MSR_TPR / 8] = 1 << MSR_TPR % 8;
	bitmap[2048 + MSR_TPR / 8] = 1 << MSR_TPR % 8;
	RCX = MSR_TPR;
	RAX = 0x50;
	RDX = 0;
	l1_load(&self->l1, rdmsr);
	EXPECT_EQ(EXIT_RDMSR, l1_run_exit(&self->l1));
	EXPECT_EQ(NVMX_RULE_MSR_BITMAP, self->l1.run->deciding_rule);
	expect_wrmsr_exit(MSR_TPR, 0x50, EXIT_WRMSR);
	EXPECT_EQ(0, VREG(APIC_TPR));
	l1_clear_control(&self->l1, CAPS_PROC, PROC_MSR_BITMAPS);
	expect_wrmsr_exit(MSR_TPR, 0x50, EXIT_WRMSR);
}

/* ---- all registers ----------------------------------------------------------------------- */

TEST_F(apic, with_register_virtualization_every_msr_reads_the_page)
{
	unsigned int index, offset;

	SKIP_WITHOUT(PROC2_X2APIC | PROC2_APIC_REGISTERS);
	use_x2apic(&self->l1, PROC2_APIC_REGISTERS);
	for (index = 0x800; index < 0x900; index += 0x11) {
		offset = (index & 0xff) << 4;
		VREG(offset) = 0x5a000000 | offset;
		VREG(offset + 4) = index;
		expect_msr(rdmsr, index, 0, -1);
		EXPECT_EQ(0x5a000000 | offset, RAX) TH_LOG("MSR %#x", index);
		EXPECT_EQ(index, RDX);
	}
	/* Writes are as before. */
	expect_msr(wrmsr, 0x802, 0, VEC_GP);
	expect_msr(wrmsr, MSR_EOI, 0, VEC_GP);
	expect_msr(rdmsr, 0x7ff, 0, VEC_GP);
	expect_msr(rdmsr, 0x900, 0, VEC_GP);
}

/* ---- interrupts -------------------------------------------------------------------------- */

TEST_F(apic, eoi_by_msr)
{
	SKIP_WITHOUT(PROC2_X2APIC | PROC2_VID);
	use_x2apic(&self->l1, PROC2_VID);
	VREG(APIC_ISR + 0x40) = 1 << 2;		/* 82H */
	VREG(APIC_ISR + 0x10) = 1 << 1;		/* 21H */
	l1_write(&self->l1, GUEST_INTR_STATUS, 0x8200);
	expect_msr(wrmsr, MSR_EOI, 0, -1);
	EXPECT_EQ(0, VREG(APIC_ISR + 0x40));
	EXPECT_EQ(0x2100, l1_read(&self->l1, GUEST_INTR_STATUS));
	EXPECT_EQ(0x20, VREG(APIC_PPR));
	expect_msr(wrmsr, MSR_EOI, 1, VEC_GP);
	EXPECT_EQ(0x2100, l1_read(&self->l1, GUEST_INTR_STATUS));
	l1_write(&self->l1, EOI_EXIT_BITMAP0, BIT(0x21));
	expect_wrmsr_exit(MSR_EOI, 0, EXIT_EOI);
	EXPECT_EQ(0x21, self->l1.run->qualification);
	EXPECT_EQ(NVMX_RULE_PROC2(9), self->l1.run->deciding_rule);
	EXPECT_EQ(L1_CODE + 2, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(0, l1_read(&self->l1, GUEST_INTR_STATUS));
}

TEST_F(apic, eoi_by_msr_lets_the_next_interrupt_in)
{
	SKIP_WITHOUT(PROC2_X2APIC | PROC2_VID);
	use_x2apic(&self->l1, PROC2_VID);
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	VREG(APIC_ISR + 0x40) = 1 << 2;		/* 82H */
	VREG(APIC_IRR + 0x20) = 1 << 17;	/* 51H */
	l1_write(&self->l1, GUEST_INTR_STATUS, 0x8251);
	expect_msr(wrmsr, MSR_EOI, 0, 0x51);
	EXPECT_EQ(0x5100, l1_read(&self->l1, GUEST_INTR_STATUS));
}

TEST_F(apic, self_ipi_by_msr)
{
	SKIP_WITHOUT(PROC2_X2APIC | PROC2_VID);
	use_x2apic(&self->l1, PROC2_VID);
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	expect_msr(wrmsr, MSR_SELF_IPI, 0x41, 0x41);
	EXPECT_EQ(0x4100, l1_read(&self->l1, GUEST_INTR_STATUS));
	EXPECT_EQ(1 << 1, VREG(APIC_ISR + 0x20));
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED);
	expect_msr(wrmsr, MSR_SELF_IPI, 0x93, -1);
	EXPECT_EQ(0x4193, l1_read(&self->l1, GUEST_INTR_STATUS));
	EXPECT_EQ(1 << 19, VREG(APIC_IRR + 0x40));
	expect_msr(wrmsr, MSR_SELF_IPI, 0x141, VEC_GP);
	expect_wrmsr_exit(MSR_SELF_IPI, 0x0f, EXIT_APIC_WRITE);
	EXPECT_EQ(APIC_SELF_IPI, self->l1.run->qualification);
	EXPECT_EQ(0x0f, VREG(APIC_SELF_IPI));
	EXPECT_EQ(L1_CODE + 2, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(0x4193, l1_read(&self->l1, GUEST_INTR_STATUS));
}

TEST_F(apic, a_lower_tpr_by_msr_lets_the_interrupt_in)
{
	SKIP_WITHOUT(PROC2_X2APIC | PROC2_VID);
	use_x2apic(&self->l1, PROC2_VID);
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	VREG(APIC_TPR) = 0x50;
	VREG(APIC_IRR + 0x20) = 1 << 17;	/* 51H */
	l1_write(&self->l1, GUEST_INTR_STATUS, 0x51);
	expect_msr(wrmsr, MSR_TPR, 0x4f, 0x51);
	EXPECT_EQ(0x4f, VREG(APIC_TPR));
	EXPECT_EQ(0x5100, l1_read(&self->l1, GUEST_INTR_STATUS));
}

/* ---- what is L0's, what refuses the entry -------------------------------------------------- */

TEST_F(apic, the_processor_never_virtualizes_x2apic_mode_itself)
{
	SKIP_WITHOUT(PROC2_X2APIC);
	use_x2apic(&self->l1, 0);
	l1_load(&self->l1, nop);
	EXPECT_EQ(EXIT_VMCALL, l1_run_exit(&self->l1));
	EXPECT_EQ(0, apic_peek02(&self->l1, SECONDARY_VM_EXEC_CONTROL) & PROC2_X2APIC);
	EXPECT_EQ(PROC_MSR_BITMAPS,
		  apic_peek02(&self->l1, CPU_BASED_VM_EXEC_CONTROL) & PROC_MSR_BITMAPS);
}

TEST_F(apic, x2apic_mode_needs_the_shadow_and_no_access_page)
{
	SKIP_WITHOUT(PROC2_X2APIC | PROC2_APIC_ACCESSES);
	use_x2apic(&self->l1, 0);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	l1_load(&self->l1, nop);
	expect_refused(2030);
	l1_clear_control(&self->l1, CAPS_PROC2, PROC2_APIC_ACCESSES);
	l1_clear_control(&self->l1, CAPS_PROC, PROC_TPR_SHADOW);
	expect_refused(2024);
}

TEST_HARNESS_MAIN
