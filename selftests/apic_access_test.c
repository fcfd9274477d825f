// SPDX-License-Identifier: GPL-2.0-only
/*
 * The APIC-access page: which accesses of L2 are of the virtual-APIC page, which
 * exit, and how.  SDM Vol. 3, "Virtualizing Memory-Mapped APIC Accesses".
 */
#include <stdlib.h>

#include "apic.h"

L2_CODE(apic_read);
L2_CODE(apic_read8);
L2_CODE(apic_read16);
L2_CODE(apic_read64);
L2_CODE(apic_write);
L2_CODE(apic_write8);
L2_CODE(apic_write64);
L2_CODE(apic_or);
L2_CODE(mov_to_cr8);
L2_CODE(hlt);
L2_CODE(nop);

/* ---- without "use TPR shadow" --------------------------------------------------- */

TEST_F(apic, without_the_shadow_every_access_exits)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	l1_clear_control(&self->l1, CAPS_PROC, PROC_TPR_SHADOW);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	expect_access_exit(apic_read, APIC_TPR, TYPE_READ);
	expect_access_exit(apic_write, APIC_TPR, TYPE_WRITE);
	expect_access_exit(apic_read, APIC_ID, TYPE_READ);
	expect_access_exit(apic_write, APIC_EOI, TYPE_WRITE);
	expect_access_exit(apic_read8, 0xfff, TYPE_READ);
	EXPECT_EQ(0, VREG(APIC_TPR));
}

TEST_F(apic, without_the_control_it_is_a_page_like_any_other)
{
	__u32 *page = l1_ptr(&self->l1, APIC_ACCESS);

	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	l1_write(&self->l1, APIC_ACCESS_ADDR, APIC_ACCESS);
	page[APIC_TPR / 4] = 0x1234;
	expect_access_runs(apic_read, APIC_TPR, 0);
	EXPECT_EQ(0x1234, RAX);
	/* With it, and without it again: no translation is left over. */
	use_access_page(&self->l1, APIC_ACCESS, 0);
	expect_access_exit(apic_write, APIC_ID, TYPE_WRITE);
	expect_access_runs(apic_read, APIC_TPR, 0x1234);
	EXPECT_EQ(0, RAX);
	l1_clear_control(&self->l1, CAPS_PROC2, PROC2_APIC_ACCESSES);
	expect_access_runs(apic_write, APIC_ID, 0x5678);
	EXPECT_EQ(0x5678, page[APIC_ID / 4]);
	expect_access_runs(apic_read, APIC_TPR, 0);
	EXPECT_EQ(0x1234, RAX);
}

/* ---- with it: VTPR alone ------------------------------------------------------------ */

TEST_F(apic, with_the_shadow_vtpr_is_read_and_written_and_all_else_exits)
{
	static const unsigned int others[] = {
		0, APIC_ID, APIC_VERSION, APIC_TPR + 4, APIC_PPR, APIC_EOI, APIC_ISR,
		APIC_IRR, APIC_ICR_LO, APIC_ICR_HI, APIC_LVT_TIMER, APIC_TIMER_NOW,
		APIC_SELF_IPI, 0x400, 0xffc,
	};
	unsigned int i;

	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	VREG(APIC_TPR) = 0x35;
	expect_access_runs(apic_read, APIC_TPR, ~0ULL);
	EXPECT_EQ(0x35, RAX);
	expect_access_runs(apic_read8, APIC_TPR, 0);
	EXPECT_EQ(0x35, RAX);
	expect_access_runs(apic_write, APIC_TPR, 0x73);
	EXPECT_EQ(0x73, VREG(APIC_TPR));
	for (i = 0; i < ARRAY_LEN(others); i++) {
		expect_access_exit(apic_read, others[i], TYPE_READ);
		expect_access_exit(apic_write, others[i], TYPE_WRITE);
	}
}

/* A fetch from the page would exit, too, but stops Bochs. */
TEST_F(apic, accesses_of_more_than_32_bits_exit)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	expect_access_exit(apic_read64, APIC_TPR, TYPE_READ);
	expect_access_exit(apic_write64, APIC_TPR, TYPE_WRITE);
}

TEST_F(apic, a_written_vtpr_below_the_threshold_exits_after_the_instruction)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	VREG(APIC_TPR) = 0x60;
	l1_write(&self->l1, TPR_THRESHOLD, 6);
	RBX = APIC_ACCESS + APIC_TPR;
	RAX = 0x5f;
	l1_load(&self->l1, apic_write);
	EXPECT_EQ(EXIT_TPR, l1_run_exit(&self->l1));
	EXPECT_EQ(0, self->l1.run->qualification);
	EXPECT_EQ(L1_CODE + 2, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(0x5f, VREG(APIC_TPR));
	VREG(APIC_TPR) = 0x60;
	expect_access_runs(apic_write, APIC_TPR, 0x60);
}

/* ---- VTPR below the threshold at the entry ------------------------------------------- */

TEST_F(apic, entry_with_vtpr_below_the_threshold_exits_at_once)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	VREG(APIC_TPR) = 0x50;
	l1_write(&self->l1, TPR_THRESHOLD, 6);
	l1_load(&self->l1, nop);
	EXPECT_EQ(EXIT_TPR, apic_attempt(&self->l1));
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(NVMX_RULE_PROC(21), self->l1.run->deciding_rule);
}

TEST_F(apic, entry_into_hlt_with_vtpr_below_the_threshold_exits_at_once)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	VREG(APIC_TPR) = 0x50;
	l1_write(&self->l1, TPR_THRESHOLD, 6);
	l1_write(&self->l1, GUEST_ACTIVITY_STATE, 1);
	l1_load(&self->l1, nop);
	EXPECT_EQ(EXIT_TPR, apic_attempt(&self->l1));
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
}

/* ---- where the page is --------------------------------------------------------------- */

TEST_F(apic, the_access_page_may_be_a_hole)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, HOLE, 0);
	if (variant->ept)
		*l1_ept_pte(&self->l1, APIC_ACCESS) = HOLE | 0x37;
	VREG(APIC_TPR) = 0x21;
	RBX = (variant->ept ? APIC_ACCESS : HOLE) + APIC_TPR;
	expect_runs(apic_read, 0, -1);
	EXPECT_EQ(0x21, RAX);
	RBX += APIC_ID - APIC_TPR;
	l1_load(&self->l1, apic_read);
	EXPECT_EQ(EXIT_APIC_ACCESS, l1_run_exit(&self->l1));
	EXPECT_EQ(APIC_ID, self->l1.run->qualification);
	/* Without the control it is a hole again. */
	l1_clear_control(&self->l1, CAPS_PROC2, PROC2_APIC_ACCESSES);
	l1_load(&self->l1, apic_read);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
	EXPECT_EQ(NVMX_L0_MEMORY, self->l1.run->l0_event);
	EXPECT_EQ(HOLE + APIC_ID, self->l1.run->guest_physical_address);
}

TEST_F(apic, another_address_moves_the_page)
{
	__u32 *data = l1_ptr(&self->l1, APIC_ACCESS);

	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	expect_access_exit(apic_read, APIC_ID, TYPE_READ);
	l1_write(&self->l1, APIC_ACCESS_ADDR, APIC_ACCESS + 0x1000);
	data[APIC_ID / 4] = 0xabc;
	expect_access_runs(apic_read, APIC_ID, 0);
	EXPECT_EQ(0xabc, RAX);
	RBX = APIC_ACCESS + 0x1000 + APIC_ID;
	l1_load(&self->l1, apic_read);
	EXPECT_EQ(EXIT_APIC_ACCESS, l1_run_exit(&self->l1));
}

TEST_F(apic, pages_around_it_in_a_large_page_are_memory)
{
	__u32 *data;

	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	/* EPT12 and L1's memory would allow a page of 2 MiB. */
	if (variant->ept)
		((__u64 *)l1_ptr(&self->l1, L1_EPT_PD))[1] = 0x200000 | 0xb7;
	use_access_page(&self->l1, APIC_ACCESS, 0);
	data = l1_ptr(&self->l1, APIC_ACCESS + 0x1000);
	data[0] = 0x77;
	expect_access_runs(apic_read, 0x1000, 0);
	EXPECT_EQ(0x77, RAX);
	expect_access_exit(apic_read, APIC_ID, TYPE_READ);
	expect_access_runs(apic_write, 0x1000, 0x88);
	EXPECT_EQ(0x88, data[0]);
}

TEST_F(apic, ept12_that_forbids_the_access_comes_first)
{
	if (!variant->ept)
		return;
	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	*l1_ept_pte(&self->l1, APIC_ACCESS) = APIC_ACCESS | 0x31;
	expect_access_exit(apic_read, APIC_ID, TYPE_READ);
	l1_load(&self->l1, apic_write);
	EXPECT_EQ(EXIT_EPT_VIOLATION, l1_run_exit(&self->l1));
	EXPECT_EQ(APIC_ACCESS + APIC_ID, l1_read(&self->l1, GUEST_PHYSICAL_ADDRESS));
}

TEST_F(apic, a_page_fault_of_l2_comes_first)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	/* Not mapped: past the first GiB. */
	RBX = 0x40000000;
	expect_runs(apic_read, 0, VEC_PF);
}

TEST_F(apic, event_delivery_that_meets_the_page_exits_with_the_event)
{
	struct nvmx_run *run = self->l1.run;

	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	l1_write(&self->l1, GUEST_RSP, APIC_ACCESS + 0x800);
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	l1_write(&self->l1, VM_ENTRY_INTR_INFO_FIELD, INTR_EXT | 0x45);
	l1_load(&self->l1, nop);
	EXPECT_EQ(EXIT_APIC_ACCESS, l1_run_exit(&self->l1));
	EXPECT_EQ(TYPE_EVENT, run->qualification & 0xf000);
	EXPECT_EQ(0x7f8, run->qualification & 0xfff);
	EXPECT_EQ(INTR_EXT | 0x45, run->idt_vectoring_info);
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
}

/* A guest-physical access: SDM Vol. 3, "Guest-Physical Accesses". */
TEST_F(apic, paging_structures_in_the_page_exit)
{
	__u64 type;

	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	use_access_page(&self->l1, APIC_ACCESS, 0);
	l1_write(&self->l1, GUEST_CR3, APIC_ACCESS);
	l1_load(&self->l1, nop);
	EXPECT_EQ(EXIT_APIC_ACCESS, l1_run_exit(&self->l1));
	EXPECT_EQ(0, self->l1.run->qualification & 0xfff);
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
	/* Bochs takes it for a linear access. */
	type = getenv("NVMX_PROBE_STRICT") ? TYPE_PHYSICAL : TYPE_READ;
	EXPECT_EQ(type, self->l1.run->qualification & 0xf000);
}

/* ---- what refuses the entry ------------------------------------------------------------ */

TEST_F(apic, what_is_wrong_with_the_access_page_refuses_the_entry)
{
	__u64 beyond = 1ULL << self->l1.info.out_caps.maxphyaddr;

	SKIP_WITHOUT(PROC2_APIC_ACCESSES);
	l1_load(&self->l1, nop);
	use_access_page(&self->l1, APIC_ACCESS + 0x10, 0);
	expect_refused(2028);
	l1_write(&self->l1, APIC_ACCESS_ADDR, APIC_ACCESS | beyond);
	expect_refused(2029);
	l1_clear_control(&self->l1, CAPS_PROC2, PROC2_APIC_ACCESSES);
	EXPECT_EQ(EXIT_VMCALL, l1_run_exit(&self->l1));
}

TEST_HARNESS_MAIN
