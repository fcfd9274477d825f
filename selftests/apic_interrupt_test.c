// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual-interrupt delivery: RVI, SVI, VIRR, VISR and VPPR at VM entry, after
 * TPR and EOI writes and self-IPIs.  SDM Vol. 3, "Evaluation and Delivery of
 * Virtual Interrupts".
 */
#include <stdlib.h>

#include "apic.h"

L2_CODE(apic_write);
L2_CODE(mov_to_cr8);
L2_CODE(nop);
L2_CODE(sti);

#define STATUS(rvi, svi)	((svi) << 8 | (rvi))
#define SELF			0x40000		/* ICR: destination shorthand */

/* A bit of VIRR or VISR. */
#define VECTOR_REG(base, v)	VREG((base) + (v) / 32 * 0x10)
#define VECTOR_BIT(v)		(1U << (v) % 32)
#define HAS_VECTOR(base, v)	(!!(VECTOR_REG(base, v) & VECTOR_BIT(v)))

/* Virtual-interrupt delivery and @proc2 are on, and interrupts are enabled. */
static void use_delivery(struct l1 *l1, __u64 proc2)
{
	l1_set_control(l1, CAPS_PIN, PIN_EXT_INTR);
	l1_set_control(l1, CAPS_PROC2, PROC2_VID);
	if (proc2 & PROC2_APIC_ACCESSES)
		use_access_page(l1, APIC_ACCESS, proc2);
	l1_write(l1, GUEST_INTR_STATUS, 0);
	l1_write(l1, EOI_EXIT_BITMAP0, 0);
	l1_write(l1, EOI_EXIT_BITMAP1, 0);
	l1_write(l1, EOI_EXIT_BITMAP2, 0);
	l1_write(l1, EOI_EXIT_BITMAP3, 0);
	apic_take_interrupt(l1);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
}

/* @v is requested and RVI; SVI is @svi. */
#define request(v, svi)							\
	do {								\
		VECTOR_REG(APIC_IRR, v) |= VECTOR_BIT(v);		\
		l1_write(&self->l1, GUEST_INTR_STATUS, STATUS(v, svi));	\
	} while (0)

#define expect_status(rvi, svi)	\
	EXPECT_EQ(STATUS(rvi, svi), l1_read(&self->l1, GUEST_INTR_STATUS))

/* ---- at VM entry ------------------------------------------------------------- */

TEST_F(apic, a_pending_interrupt_is_delivered_at_entry)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	request(0x51, 0);
	expect_runs(nop, 0, 0x51);
	expect_status(0, 0x51);
	EXPECT_EQ(0, HAS_VECTOR(APIC_IRR, 0x51));
	EXPECT_EQ(1, HAS_VECTOR(APIC_ISR, 0x51));
	EXPECT_EQ(0x50, VREG(APIC_PPR));
	/* L2 was interrupted before its first instruction. */
	EXPECT_EQ(L1_CODE, *(__u64 *)l1_ptr(&self->l1, l1_read(&self->l1, GUEST_RSP)));
}

TEST_F(apic, every_class_of_vectors_is_delivered)
{
	unsigned int v;

	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	for (v = 0x21; v < 0x100; v += 0x19) {
		request(v, 0);
		l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
		l1_write(&self->l1, GUEST_RSP, L1_STACK);
		expect_runs(nop, 0, v);
		EXPECT_EQ(1, HAS_VECTOR(APIC_ISR, v));
		VECTOR_REG(APIC_ISR, v) = 0;
	}
}

TEST_F(apic, the_next_requested_vector_becomes_rvi)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	VECTOR_REG(APIC_IRR, 0x51) |= VECTOR_BIT(0x51);
	VECTOR_REG(APIC_IRR, 0x82) |= VECTOR_BIT(0x82);
	request(0xc3, 0);
	expect_runs(nop, 0, 0xc3);
	expect_status(0x82, 0xc3);
	EXPECT_EQ(1, HAS_VECTOR(APIC_IRR, 0x51));
	EXPECT_EQ(1, HAS_VECTOR(APIC_IRR, 0x82));
}

TEST_F(apic, interrupts_wait_for_if)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED);
	request(0x51, 0);
	expect_runs(nop, 0, -1);
	expect_status(0x51, 0);
	EXPECT_EQ(1, HAS_VECTOR(APIC_IRR, 0x51));
	/* STI, and the instruction after it. */
	expect_runs(sti, 0, 0x51);
	EXPECT_EQ(L1_CODE + 2, *(__u64 *)l1_ptr(&self->l1, l1_read(&self->l1, GUEST_RSP)));
	expect_status(0, 0x51);
}

TEST_F(apic, interrupts_wait_for_a_lower_priority)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	/* By VTPR, of the same class. */
	VREG(APIC_TPR) = 0x50;
	request(0x5f, 0);
	expect_runs(nop, 0, -1);
	expect_status(0x5f, 0);
	EXPECT_EQ(0x50, VREG(APIC_PPR));
	/* By SVI. */
	VREG(APIC_TPR) = 0;
	request(0x5f, 0x61);
	expect_runs(nop, 0, -1);
	expect_status(0x5f, 0x61);
	EXPECT_EQ(0x60, VREG(APIC_PPR));
	/* VTPR of the class of SVI is PPR as a whole. */
	VREG(APIC_TPR) = 0x67;
	expect_runs(nop, 0, -1);
	EXPECT_EQ(0x67, VREG(APIC_PPR));
	VREG(APIC_TPR) = 0x40;
	request(0x5f, 0x41);
	expect_runs(nop, 0, 0x5f);
	expect_status(0, 0x5f);
}

TEST_F(apic, without_the_control_the_status_is_only_stored)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	l1_clear_control(&self->l1, CAPS_PROC2, PROC2_VID);
	request(0x51, 0x22);
	expect_runs(nop, 0, -1);
	expect_status(0x51, 0x22);
	EXPECT_EQ(1, HAS_VECTOR(APIC_IRR, 0x51));
	EXPECT_EQ(0, VREG(APIC_PPR));
}

TEST_F(apic, status_and_bitmaps_are_those_of_the_current_vmcs)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	l1_write(&self->l1, GUEST_INTR_STATUS, STATUS(0, 0x31));
	expect_runs(nop, 0, -1);
	l1_fresh_vmcs(&self->l1, 1);
	l1_prepare(&self->l1, L2_64);
	l1_set_control(&self->l1, CAPS_PROC, PROC_TPR_SHADOW);
	l1_write(&self->l1, VIRTUAL_APIC_PAGE_ADDR, VAPIC);
	use_delivery(&self->l1, 0);
	request(0x77, 0x21);
	expect_runs(nop, 0, 0x77);
	expect_status(0, 0x77);
	l1_use_vmcs(&self->l1, 0);
	expect_status(0, 0x31);
}

TEST_F(apic, l1_that_turns_delivery_off_reads_the_status_of_the_exit)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	VECTOR_REG(APIC_IRR, 0x33) |= VECTOR_BIT(0x33);
	request(0x51, 0);
	expect_runs(nop, 0, 0x51);
	l1_clear_control(&self->l1, CAPS_PROC2, PROC2_VID);
	expect_status(0x33, 0x51);
	l1_write(&self->l1, GUEST_INTR_STATUS, STATUS(0x44, 0x22));
	expect_runs(nop, 0, -1);
	l1_set_control(&self->l1, CAPS_PROC2, PROC2_VID);
	expect_status(0x44, 0x22);
}

/* ---- TPR, EOI, self-IPI --------------------------------------------------------- */

TEST_F(apic, a_lower_tpr_lets_the_interrupt_in)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	VREG(APIC_TPR) = 0x50;
	/* The threshold is of no account. */
	l1_write(&self->l1, TPR_THRESHOLD, 0xffff);
	request(0x51, 0);
	expect_runs(mov_to_cr8, 4, 0x51);
	EXPECT_EQ(L1_CODE + 4, *(__u64 *)l1_ptr(&self->l1, l1_read(&self->l1, GUEST_RSP)));
	EXPECT_EQ(0x40, VREG(APIC_TPR));
	EXPECT_EQ(0x50, VREG(APIC_PPR));
	expect_status(0, 0x51);
}

TEST_F(apic, eoi_ends_the_service_and_lets_the_next_one_in)
{
	SKIP_WITHOUT(PROC2_VID | PROC2_APIC_ACCESSES);
	use_delivery(&self->l1, PROC2_APIC_ACCESSES);
	VECTOR_REG(APIC_ISR, 0x92) |= VECTOR_BIT(0x92);
	VECTOR_REG(APIC_ISR, 0x31) |= VECTOR_BIT(0x31);
	request(0x91, 0x92);
	RBX = APIC_ACCESS + APIC_EOI;
	expect_runs(apic_write, 0x5555, 0x91);
	EXPECT_EQ(L1_CODE + 2, *(__u64 *)l1_ptr(&self->l1, l1_read(&self->l1, GUEST_RSP)));
	EXPECT_EQ(0, VREG(APIC_EOI));
	EXPECT_EQ(0, HAS_VECTOR(APIC_ISR, 0x92));
	EXPECT_EQ(1, HAS_VECTOR(APIC_ISR, 0x91));
	EXPECT_EQ(1, HAS_VECTOR(APIC_ISR, 0x31));
	expect_status(0, 0x91);
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED);
	expect_runs(apic_write, 0, -1);
	expect_status(0, 0x31);
	EXPECT_EQ(0x30, VREG(APIC_PPR));
}

TEST_F(apic, eoi_of_a_vector_in_the_bitmap_exits)
{
	static const __u8 vectors[] = { 0x1f, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	struct nvmx_run *run = self->l1.run;
	unsigned int i, v;

	SKIP_WITHOUT(PROC2_VID | PROC2_APIC_ACCESSES);
	use_delivery(&self->l1, PROC2_APIC_ACCESSES);
	RBX = APIC_ACCESS + APIC_EOI;
	for (i = 0; i < ARRAY_LEN(vectors); i++) {
		v = vectors[i];
		VECTOR_REG(APIC_ISR, v) = VECTOR_BIT(v);
		l1_write(&self->l1, EOI_EXIT_BITMAP0 + 2 * (v / 64), BIT(v % 64));
		l1_write(&self->l1, GUEST_INTR_STATUS, STATUS(0, v));
		l1_load(&self->l1, apic_write);
		EXPECT_EQ(EXIT_EOI, l1_run_exit(&self->l1)) TH_LOG("vector %#x", v);
		EXPECT_EQ(v, run->qualification);
		EXPECT_EQ(NVMX_RULE_PROC2(9), run->deciding_rule);
		EXPECT_EQ(L1_CODE + 2, l1_read(&self->l1, GUEST_RIP));
		EXPECT_EQ(0, VECTOR_REG(APIC_ISR, v));
		expect_status(0, 0);
		/* Not in the bitmap: no exit. */
		l1_write(&self->l1, EOI_EXIT_BITMAP0 + 2 * (v / 64), ~BIT(v % 64));
		VECTOR_REG(APIC_ISR, v) = VECTOR_BIT(v);
		l1_write(&self->l1, GUEST_INTR_STATUS, STATUS(0, v));
		expect_runs(apic_write, 0, -1);
		l1_write(&self->l1, EOI_EXIT_BITMAP0 + 2 * (v / 64), 0);
	}
}

TEST_F(apic, without_delivery_an_eoi_is_a_write)
{
	SKIP_WITHOUT(PROC2_APIC_REGISTERS | PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, PROC2_APIC_REGISTERS);
	RBX = APIC_ACCESS + APIC_EOI;
	l1_load(&self->l1, apic_write);
	EXPECT_EQ(EXIT_APIC_WRITE, l1_run_exit(&self->l1));
	EXPECT_EQ(APIC_EOI, self->l1.run->qualification);
}

TEST_F(apic, a_self_ipi_is_delivered)
{
	SKIP_WITHOUT(PROC2_VID | PROC2_APIC_ACCESSES);
	use_delivery(&self->l1, PROC2_APIC_ACCESSES);
	RBX = APIC_ACCESS + APIC_ICR_LO;
	expect_runs(apic_write, SELF | 0x41, 0x41);
	EXPECT_EQ(SELF | 0x41, VREG(APIC_ICR_LO));
	expect_status(0, 0x41);
	EXPECT_EQ(1, HAS_VECTOR(APIC_ISR, 0x41));
	/* A lower one waits. */
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	expect_runs(apic_write, SELF | 0x33, -1);
	expect_status(0x33, 0x41);
	EXPECT_EQ(1, HAS_VECTOR(APIC_IRR, 0x33));
}

TEST_F(apic, other_ipis_exit)
{
	static const __u32 icrs[] = {
		0x41,			/* destination field */
		0x80041, 0xc0041,	/* all */
		SELF | 0x0f,		/* vector below 16 */
		SELF | 0x441,		/* NMI */
		SELF | 0x8041,		/* level */
		SELF | 0x1041,		/* delivery status */
	};
	unsigned int i;

	SKIP_WITHOUT(PROC2_VID | PROC2_APIC_ACCESSES);
	use_delivery(&self->l1, PROC2_APIC_ACCESSES);
	RBX = APIC_ACCESS + APIC_ICR_LO;
	for (i = 0; i < ARRAY_LEN(icrs); i++) {
		RAX = icrs[i];
		l1_load(&self->l1, apic_write);
		EXPECT_EQ(EXIT_APIC_WRITE, l1_run_exit(&self->l1))
			TH_LOG("ICR %#x", icrs[i]);
		EXPECT_EQ(APIC_ICR_LO, self->l1.run->qualification);
		EXPECT_EQ(icrs[i], VREG(APIC_ICR_LO));
		EXPECT_EQ(L1_CODE + 2, l1_read(&self->l1, GUEST_RIP));
		expect_status(0, 0);
	}
}

/* ---- HLT, windows, faults ----------------------------------------------------------- */

TEST_F(apic, an_interrupt_wakes_a_halted_l2)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	request(0x51, 0);
	l1_write(&self->l1, GUEST_ACTIVITY_STATE, 1);
	expect_runs(nop, 0, 0x51);
	expect_status(0, 0x51);
}

TEST_F(apic, a_halted_l2_sleeps_while_no_interrupt_is_due)
{
	struct nvmx_run *run = self->l1.run;

	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	VREG(APIC_TPR) = 0x50;
	request(0x51, 0);
	l1_write(&self->l1, GUEST_ACTIVITY_STATE, 1);
	l1_load(&self->l1, nop);
	run->immediate_exit = 1;
	test_enter(self->l1.fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, run->kind);
	run->immediate_exit = 0;
	test_exit_l2(self->l1.fd, EXIT_EXT_INTR, 0);
	test_enter(self->l1.fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_EXIT, run->kind);
	EXPECT_EQ(EXIT_EXT_INTR, run->exit_reason);
	EXPECT_EQ(1, l1_read(&self->l1, GUEST_ACTIVITY_STATE));
	expect_status(0x51, 0);
}

TEST_F(apic, interrupt_window_exiting_keeps_virtual_interrupts_out)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	l1_set_control(&self->l1, CAPS_PROC, PROC_INTR_WINDOW);
	request(0x51, 0);
	l1_load(&self->l1, nop);
	EXPECT_EQ(EXIT_INTR_WINDOW, l1_run_exit(&self->l1));
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
	expect_status(0x51, 0);
}

/* The stack of L2 is not in EPT12. */
static void fault_in_delivery(struct l1 *l1)
{
	l1_write(l1, GUEST_RSP, APIC_ACCESS + 0x1000);
	*l1_ept_pte(l1, APIC_ACCESS) = 0;
	l1_load(l1, nop);
	l1_run_until(l1, EXIT_EPT_VIOLATION);
}

TEST_F(apic, delivery_that_faults_in_ept12_has_begun)
{
	if (!variant->ept)
		return;
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	request(0x51, 0);
	fault_in_delivery(&self->l1);
	EXPECT_NE(0, self->l1.run->idt_vectoring_info & 0x80000000);
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
	expect_status(0, 0x51);
	EXPECT_EQ(1, HAS_VECTOR(APIC_ISR, 0x51));
	EXPECT_EQ(0, HAS_VECTOR(APIC_IRR, 0x51));
}

TEST_F(apic, delivery_that_faults_in_ept12_tells_l1_the_vector)
{
	if (!variant->ept)
		return;
	SKIP_WITHOUT(PROC2_VID);
	if (!getenv("NVMX_PROBE_STRICT"))
		SKIP(return, "Bochs tells another vector");
	use_delivery(&self->l1, 0);
	request(0x51, 0);
	fault_in_delivery(&self->l1);
	EXPECT_EQ(INTR_EXT | 0x51, self->l1.run->idt_vectoring_info);
}

/* ---- what refuses the entry ----------------------------------------------------------- */

TEST_F(apic, delivery_needs_external_interrupt_exiting_and_the_shadow)
{
	SKIP_WITHOUT(PROC2_VID);
	use_delivery(&self->l1, 0);
	l1_load(&self->l1, nop);
	l1_clear_control(&self->l1, CAPS_PIN, PIN_EXT_INTR);
	expect_refused(2031);
	l1_set_control(&self->l1, CAPS_PIN, PIN_EXT_INTR);
	l1_clear_control(&self->l1, CAPS_PROC, PROC_TPR_SHADOW);
	expect_refused(2026);
}

TEST_HARNESS_MAIN
