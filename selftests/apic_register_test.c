// SPDX-License-Identifier: GPL-2.0-only
/*
 * APIC-register virtualization: each register of the APIC-access page, read and
 * written.  SDM Vol. 3, "Virtualizing Reads from the APIC-Access Page",
 * "Virtualizing Writes to the APIC-Access Page", "APIC-Write Emulation".
 */
#include "apic.h"

L2_CODE(apic_read);
L2_CODE(apic_read64);
L2_CODE(apic_write);
L2_CODE(apic_or);

/* Registers that can be read, and that can be written, by number (offset >> 4). */
#define REG(offset)	BIT((offset) >> 4)
#define REGS(first, last)	((REG(last) << 1) - REG(first))
#define WRITABLE	(REG(0x20) | REG(0x80) | REG(0xb0) | REGS(0xd0, 0xf0) | \
			 REG(0x280) | REGS(0x300, 0x380) | REG(0x3e0))
#define READABLE	(WRITABLE | REG(0x30) | REGS(0x100, 0x270))

static void use_registers(struct l1 *l1)
{
	use_access_page(l1, APIC_ACCESS, PROC2_APIC_REGISTERS);
}

TEST_F(apic, each_register_is_read_or_exits)
{
	unsigned int offset;

	SKIP_WITHOUT(PROC2_APIC_ACCESSES | PROC2_APIC_REGISTERS);
	use_registers(&self->l1);
	for (offset = 0; offset < 0x400; offset += 0x10) {
		VREG(offset) = 0xa5000000 | offset;
		if (READABLE & REG(offset)) {
			expect_access_runs(apic_read, offset, 0);
			EXPECT_EQ(0xa5000000 | offset, RAX)
				TH_LOG("offset %#x", offset);
		} else {
			expect_access_exit(apic_read, offset, TYPE_READ);
		}
		/* What is between the registers is reserved. */
		if (offset % 0x80 == 0)
			expect_access_exit(apic_read, offset + 4, TYPE_READ);
	}
	expect_access_exit(apic_read, 0x400, TYPE_READ);
}

TEST_F(apic, each_register_is_written_and_exits_after_that_or_before)
{
	struct nvmx_run *run = self->l1.run;
	unsigned int offset;

	SKIP_WITHOUT(PROC2_APIC_ACCESSES | PROC2_APIC_REGISTERS);
	use_registers(&self->l1);
	for (offset = 0; offset < 0x400; offset += 0x10) {
		if (offset == APIC_TPR || offset == APIC_ICR_HI)
			continue;
		VREG(offset) = 0;
		RAX = 0x12345600 | offset >> 4;
		if (!(WRITABLE & REG(offset))) {
			expect_access_exit(apic_write, offset, TYPE_WRITE);
			EXPECT_EQ(0, VREG(offset)) TH_LOG("offset %#x", offset);
			continue;
		}
		RBX = APIC_ACCESS + offset;
		l1_load(&self->l1, apic_write);
		EXPECT_EQ(EXIT_APIC_WRITE, l1_run_exit(&self->l1))
			TH_LOG("offset %#x", offset);
		EXPECT_EQ(offset, run->qualification);
		EXPECT_EQ(NVMX_RULE_PROC2(8), run->deciding_rule);
		EXPECT_EQ(L1_CODE + 2, l1_read(&self->l1, GUEST_RIP));
		EXPECT_EQ(0x12345600 | offset >> 4, VREG(offset));
	}
}

TEST_F(apic, the_high_half_of_the_icr_keeps_its_destination_alone)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES | PROC2_APIC_REGISTERS);
	use_registers(&self->l1);
	expect_access_runs(apic_write, APIC_ICR_HI, 0x89abcdef);
	EXPECT_EQ(0x89000000, VREG(APIC_ICR_HI));
}

TEST_F(apic, an_instruction_that_reads_and_writes_does_both)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES | PROC2_APIC_REGISTERS);
	use_registers(&self->l1);
	VREG(APIC_TPR) = 0x40;
	expect_access_runs(apic_or, APIC_TPR, 0x0f);
	EXPECT_EQ(0x4f, VREG(APIC_TPR));
	VREG(APIC_LDR) = 0x01000000;
	RBX = APIC_ACCESS + APIC_LDR;
	RAX = 0x02000000;
	l1_load(&self->l1, apic_or);
	EXPECT_EQ(EXIT_APIC_WRITE, l1_run_exit(&self->l1));
	EXPECT_EQ(APIC_LDR, self->l1.run->qualification);
	EXPECT_EQ(0x03000000, VREG(APIC_LDR));
}

TEST_F(apic, registers_are_not_virtual_without_the_shadow_or_the_access_page)
{
	__u32 *page = l1_ptr(&self->l1, APIC_ACCESS);

	SKIP_WITHOUT(PROC2_APIC_ACCESSES | PROC2_APIC_REGISTERS);
	l1_set_control(&self->l1, CAPS_PROC2, PROC2_APIC_REGISTERS);
	VREG(APIC_ID) = 0x11;
	page[APIC_ID / 4] = 0x22;
	expect_access_runs(apic_read, APIC_ID, 0);
	EXPECT_EQ(0x22, RAX);
	l1_clear_control(&self->l1, CAPS_PROC, PROC_TPR_SHADOW);
	expect_refused(2025);
}

TEST_F(apic, registers_of_a_hole_read_ones)
{
	SKIP_WITHOUT(PROC2_APIC_ACCESSES | PROC2_APIC_REGISTERS);
	use_registers(&self->l1);
	l1_write(&self->l1, VIRTUAL_APIC_PAGE_ADDR, HOLE);
	expect_access_runs(apic_read, APIC_ID, 0);
	EXPECT_EQ(0xffffffff, RAX);
	expect_access_exit(apic_read64, APIC_ID, TYPE_READ);
}

TEST_HARNESS_MAIN
