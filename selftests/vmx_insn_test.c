// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every outcome of every VMX instruction, in the order of checks of SDM Vol. 3,
 * "VMX Instruction Reference".
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

/* L1 with memory, outside VMX operation. */
FIXTURE(off) {
	struct l1 l1;
	struct nvmx_l1 regs;
	__u64 value;
};

FIXTURE_SETUP(off)
{
	l1_open(&self->l1);
	l1_enable(&self->l1, NVMX_PROFILE_SDM);
	l1_map(&self->l1);
	test_get_l1(self->l1.fd, &self->regs);
}

FIXTURE_TEARDOWN(off)
{
	l1_close(&self->l1);
}

/* L1 in VMX operation, VMCS 0 current and empty. */
FIXTURE(root) {
	struct l1 l1;
	struct nvmx_l1 regs;
	__u64 value;
};

FIXTURE_SETUP(root)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	test_get_l1(self->l1.fd, &self->regs);
}

FIXTURE_TEARDOWN(root)
{
	l1_close(&self->l1);
}

/* Each VMX instruction, with operands that are good. */
enum insn {
	VMXON, VMXOFF, VMCLEAR, VMPTRLD, VMPTRST, VMREAD, VMWRITE, VMLAUNCH,
	VMRESUME, INVEPT, INVVPID, VMCALL, INSNS
};

static const char insn_name[INSNS][12] = {
	"VMXON", "VMXOFF", "VMCLEAR", "VMPTRLD", "VMPTRST", "VMREAD", "VMWRITE",
	"VMLAUNCH", "VMRESUME", "INVEPT", "INVVPID", "VMCALL",
};

static long enter(struct l1 *l1, unsigned long how)
{
	int ret = nvmx_enter(l1->fd, how);

	if (ret)
		return ret;
	if (l1->run->kind != NVMX_KIND_VMX_RESULT)
		return -ENOSYS;
	return nvmx_outcome(0, &l1->run->result);
}

static long execute(struct l1 *l1, enum insn insn)
{
	__u64 value;

	switch (insn) {
	case VMXON:
		return nvmx_vmxon(l1->fd, L1_VMXON);
	case VMXOFF:
		return nvmx_vmxoff(l1->fd);
	case VMCLEAR:
		return nvmx_vmclear(l1->fd, L1_VMCS(1));
	case VMPTRLD:
		return nvmx_vmptrld(l1->fd, L1_VMCS(1));
	case VMPTRST:
		return nvmx_vmptrst(l1->fd, &value);
	case VMREAD:
		return nvmx_vmread(l1->fd, GUEST_RIP, &value);
	case VMWRITE:
		return nvmx_vmwrite(l1->fd, GUEST_RIP, 0);
	case VMLAUNCH:
		return enter(l1, NVMX_ENTER_LAUNCH);
	case VMRESUME:
		return enter(l1, NVMX_ENTER_RESUME);
	case INVEPT:
		return nvmx_invept(l1->fd, 2, 0, 0);
	case INVVPID:
		return nvmx_invvpid(l1->fd, 2, 0, 0);
	case VMCALL:
	default:
		return nvmx_vmcall(l1->fd);
	}
}

#define expect_all(outcome, first)					\
	do {								\
		enum insn __i;						\
									\
		test_set_l1(self->l1.fd, &self->regs);			\
		for (__i = (first); __i < INSNS; __i++) {		\
			EXPECT_EQ(outcome, execute(&self->l1, __i))	\
				TH_LOG("%s", insn_name[__i]);		\
		}							\
	} while (0)

#define expect_error_field(n)						\
	do {								\
		test_vmread(self->l1.fd, VM_INSTRUCTION_ERROR, &self->value); \
		EXPECT_EQ(n, self->value);				\
	} while (0)

/* ---- #UD and #GP -------------------------------------------------------- */

TEST_F(off, outside_vmx_operation_all_but_vmxon_cause_ud)
{
	expect_all(VMX_UD, VMXOFF);
}

TEST_F(off, outside_vmx_operation_cpl_3_causes_ud_not_gp)
{
	self->regs.cpl = 3;
	expect_all(VMX_UD, VMXOFF);
}

TEST_F(off, vmxon_with_pe_0_causes_ud)
{
	self->regs.cr0 &= ~(CR0_PE | CR0_PG);
	self->regs.efer = 0;
	test_set_l1(self->l1.fd, &self->regs);
	test_vmx_vmxon(VMX_UD, self->l1.fd, L1_VMXON);
}

TEST_F(off, vmxon_with_vmxe_0_causes_ud)
{
	self->regs.cr4 &= ~CR4_VMXE;
	test_set_l1(self->l1.fd, &self->regs);
	test_vmx_vmxon(VMX_UD, self->l1.fd, L1_VMXON);
}

TEST_F(off, vmxon_with_vmxe_0_at_cpl_3_causes_ud_before_gp)
{
	self->regs.cr4 &= ~CR4_VMXE;
	self->regs.cpl = 3;
	test_set_l1(self->l1.fd, &self->regs);
	test_vmx_vmxon(VMX_UD, self->l1.fd, L1_VMXON);
}

TEST_F(off, vmxon_in_virtual_8086_mode_causes_ud)
{
	self->regs.rflags |= RFLAGS_VM;
	self->regs.efer = 0;
	self->regs.cpl = 3;
	test_set_l1(self->l1.fd, &self->regs);
	test_vmx_vmxon(VMX_UD, self->l1.fd, L1_VMXON);
}

TEST_F(off, vmxon_in_compatibility_mode_causes_ud)
{
	self->regs.seg[NVMX_CS].ar &= ~BIT(13);
	self->regs.seg[NVMX_CS].ar |= BIT(14);
	test_set_l1(self->l1.fd, &self->regs);
	test_vmx_vmxon(VMX_UD, self->l1.fd, L1_VMXON);
}

TEST_F(off, vmxon_at_cpl_above_0_causes_gp)
{
	__u32 cpl;

	for (cpl = 1; cpl <= 3; cpl++) {
		self->regs.cpl = cpl;
		test_set_l1(self->l1.fd, &self->regs);
		test_vmx_vmxon(VMX_GP, self->l1.fd, L1_VMXON);
	}
}

TEST_F(off, vmxon_with_a_cr0_bit_that_vmx_fixes_causes_gp)
{
	self->regs.cr0 &= ~CR0_NE;
	test_set_l1(self->l1.fd, &self->regs);
	test_vmx_vmxon(VMX_GP, self->l1.fd, L1_VMXON);
}

TEST_F(off, vmxon_with_a_cr4_bit_that_vmx_fixes_causes_gp)
{
	self->regs.cr4 |= BIT(31);
	test_set_l1(self->l1.fd, &self->regs);
	test_vmx_vmxon(VMX_GP, self->l1.fd, L1_VMXON);
}

TEST_F(off, vmxon_at_cpl_3_causes_gp_even_with_a_bad_pointer)
{
	self->regs.cpl = 3;
	test_set_l1(self->l1.fd, &self->regs);
	test_vmx_vmxon(VMX_GP, self->l1.fd, 1);
}

TEST_F(root, with_pe_0_all_but_vmcall_cause_ud)
{
	enum insn i;

	self->regs.cr0 &= ~(CR0_PE | CR0_PG);
	self->regs.efer = 0;
	test_set_l1(self->l1.fd, &self->regs);
	for (i = VMXON; i < VMCALL; i++) {
		EXPECT_EQ(VMX_UD, execute(&self->l1, i))
			TH_LOG("%s", insn_name[i]);
	}
}

TEST_F(root, in_virtual_8086_mode_all_cause_ud)
{
	self->regs.rflags |= RFLAGS_VM;
	self->regs.efer = 0;
	self->regs.cpl = 3;
	expect_all(VMX_UD, VMXON);
}

TEST_F(root, in_compatibility_mode_all_cause_ud)
{
	self->regs.seg[NVMX_CS].ar &= ~BIT(13);
	self->regs.seg[NVMX_CS].ar |= BIT(14);
	expect_all(VMX_UD, VMXON);
}

TEST_F(root, at_cpl_3_all_cause_gp)
{
	self->regs.cpl = 3;
	expect_all(VMX_GP, VMXON);
}

TEST_F(root, at_cpl_1_all_cause_gp)
{
	self->regs.cpl = 1;
	expect_all(VMX_GP, VMXON);
}

/* ---- VMXON, VMXOFF ------------------------------------------------------ */

TEST_F(off, vmxon_of_a_misaligned_region_fails_invalid)
{
	test_vmx_vmxon(VMX_INVALID, self->l1.fd, L1_VMXON + 1);
	test_vmx_vmxon(VMX_INVALID, self->l1.fd, L1_VMXON + 0x800);
}

TEST_F(off, vmxon_past_the_physical_address_width_fails_invalid)
{
	__u32 width = self->l1.info.out_caps.maxphyaddr;

	test_vmx_vmxon(VMX_INVALID, self->l1.fd, BIT(width));
	test_vmx_vmxon(VMX_INVALID, self->l1.fd, BIT(63));
	test_vmx_vmxon(VMX_INVALID, self->l1.fd, ~0xfffULL);
}

TEST_F(off, vmxon_of_a_region_with_another_revision_fails_invalid)
{
	__u32 *revision = l1_ptr(&self->l1, L1_VMXON);

	*revision ^= 1;
	test_vmx_vmxon(VMX_INVALID, self->l1.fd, L1_VMXON);
}

TEST_F(off, vmxon_of_a_region_with_bit_31_of_the_revision_fails_invalid)
{
	__u32 *revision = l1_ptr(&self->l1, L1_VMXON);

	*revision |= 1U << 31;
	test_vmx_vmxon(VMX_INVALID, self->l1.fd, L1_VMXON);
}

TEST_F(off, vmxon_of_a_hole_reads_ones_and_fails_invalid)
{
	test_vmx_vmxon(VMX_INVALID, self->l1.fd, L1_MEM_BYTES);
}

TEST_F(off, vmxon_enters_vmx_operation_without_a_current_vmcs)
{
	struct nvmx_state state;

	test_vmxon(self->l1.fd, L1_VMXON);
	test_get_state(self->l1.fd, &state);
	EXPECT_EQ(1, state.out_vmxon);
	EXPECT_EQ(L1_VMXON, state.out_vmxon_ptr);
	EXPECT_EQ(NVMX_NO_VMPTR, state.out_vmptr);
	test_vmptrst(self->l1.fd, &self->value);
	EXPECT_EQ(NVMX_NO_VMPTR, self->value);
}

TEST_F(off, vmxon_in_vmx_operation_without_a_current_vmcs_fails_invalid)
{
	test_vmxon(self->l1.fd, L1_VMXON);
	test_vmx_vmxon(VMX_INVALID, self->l1.fd, L1_VMXON);
}

TEST_F(root, vmxon_in_vmx_operation_fails_valid_15)
{
	test_vmx_vmxon(VMX_FAIL(15), self->l1.fd, L1_VMXON);
	expect_error_field(15);
	test_vmx_vmxon(VMX_FAIL(15), self->l1.fd, 3);
}

TEST_F(root, vmxoff_leaves_vmx_operation)
{
	struct nvmx_state state;

	test_vmxoff(self->l1.fd);
	test_get_state(self->l1.fd, &state);
	EXPECT_EQ(0, state.out_vmxon);
	EXPECT_EQ(NVMX_NO_VMPTR, state.out_vmxon_ptr);
	EXPECT_EQ(NVMX_NO_VMPTR, state.out_vmptr);
	test_vmx_vmxoff(VMX_UD, self->l1.fd);
	test_vmx_vmread(VMX_UD, self->l1.fd, GUEST_RIP, &self->value);
}

TEST_F(root, vmxon_after_vmxoff_works_again)
{
	test_vmxoff(self->l1.fd);
	test_vmxon(self->l1.fd, L1_VMCS(5));
	test_vmx_vmread(VMX_INVALID, self->l1.fd, GUEST_RIP, &self->value);
}

/* ---- no current VMCS ----------------------------------------------------- */

TEST_F(off, without_a_current_vmcs_failures_are_vmfail_invalid)
{
	test_vmxon(self->l1.fd, L1_VMXON);
	test_vmx_vmread(VMX_INVALID, self->l1.fd, GUEST_RIP, &self->value);
	EXPECT_EQ(0, self->value);
	test_vmx_vmread(VMX_INVALID, self->l1.fd, 0x7ffe, &self->value);
	test_vmx_vmwrite(VMX_INVALID, self->l1.fd, GUEST_RIP, 1);
	test_vmx_vmwrite(VMX_INVALID, self->l1.fd, 0x7ffe, 1);
	EXPECT_EQ(VMX_INVALID, enter(&self->l1, NVMX_ENTER_LAUNCH));
	EXPECT_EQ(VMX_INVALID, enter(&self->l1, NVMX_ENTER_RESUME));
	test_vmx_vmptrld(VMX_INVALID, self->l1.fd, 1);
	test_vmx_vmptrld(VMX_INVALID, self->l1.fd, L1_VMXON);
	test_vmx_vmclear(VMX_INVALID, self->l1.fd, 1);
	test_vmx_vmclear(VMX_INVALID, self->l1.fd, L1_VMXON);
	test_vmx_invept(VMX_INVALID, self->l1.fd, 0, 0, 0);
	test_vmx_invvpid(VMX_INVALID, self->l1.fd, 9, 0, 0);
	test_vmx_vmcall(VMX_INVALID, self->l1.fd);
}

/* ---- VMCLEAR ------------------------------------------------------------ */

TEST_F(root, vmclear_of_a_misaligned_address_fails_valid_2)
{
	test_vmx_vmclear(VMX_FAIL(2), self->l1.fd, L1_VMCS(1) + 1);
	expect_error_field(2);
	test_vmx_vmclear(VMX_FAIL(2), self->l1.fd, L1_VMCS(1) + 0xfff);
}

TEST_F(root, vmclear_past_the_physical_address_width_fails_valid_2)
{
	__u32 width = self->l1.info.out_caps.maxphyaddr;

	test_vmx_vmclear(VMX_FAIL(2), self->l1.fd, BIT(width));
	test_vmx_vmclear(VMX_FAIL(2), self->l1.fd, ~0xfffULL);
	expect_error_field(2);
}

TEST_F(root, vmclear_of_the_vmxon_pointer_fails_valid_3)
{
	test_vmx_vmclear(VMX_FAIL(3), self->l1.fd, L1_VMXON);
	expect_error_field(3);
}

TEST_F(root, vmclear_does_not_look_at_the_revision)
{
	__u32 *revision = l1_ptr(&self->l1, L1_VMCS(3));

	*revision = 0xdeadbeef;
	test_vmclear(self->l1.fd, L1_VMCS(3));
	EXPECT_EQ(0xdeadbeef, *revision);
}

TEST_F(root, vmclear_of_the_current_vmcs_leaves_none_current)
{
	test_vmclear(self->l1.fd, L1_VMCS(0));
	test_vmptrst(self->l1.fd, &self->value);
	EXPECT_EQ(NVMX_NO_VMPTR, self->value);
	test_vmx_vmread(VMX_INVALID, self->l1.fd, GUEST_RIP, &self->value);
}

TEST_F(root, vmclear_of_another_vmcs_leaves_the_current_one)
{
	test_vmclear(self->l1.fd, L1_VMCS(1));
	test_vmptrst(self->l1.fd, &self->value);
	EXPECT_EQ(L1_VMCS(0), self->value);
}

/* ---- VMPTRLD, VMPTRST ---------------------------------------------------- */

TEST_F(root, vmptrld_of_a_misaligned_address_fails_valid_9)
{
	test_vmx_vmptrld(VMX_FAIL(9), self->l1.fd, L1_VMCS(1) + 4);
	expect_error_field(9);
}

TEST_F(root, vmptrld_past_the_physical_address_width_fails_valid_9)
{
	__u32 width = self->l1.info.out_caps.maxphyaddr;

	test_vmx_vmptrld(VMX_FAIL(9), self->l1.fd, BIT(width));
	test_vmx_vmptrld(VMX_FAIL(9), self->l1.fd, ~0xfffULL);
	expect_error_field(9);
}

TEST_F(root, vmptrld_of_the_vmxon_pointer_fails_valid_10)
{
	test_vmx_vmptrld(VMX_FAIL(10), self->l1.fd, L1_VMXON);
	expect_error_field(10);
}

TEST_F(root, vmptrld_of_another_revision_fails_valid_11)
{
	__u32 *revision = l1_ptr(&self->l1, L1_VMCS(1));

	*revision ^= 0x40;
	test_vmx_vmptrld(VMX_FAIL(11), self->l1.fd, L1_VMCS(1));
	expect_error_field(11);
}

TEST_F(root, vmptrld_of_a_shadow_vmcs_without_shadowing_fails_valid_11)
{
	__u32 *revision = l1_ptr(&self->l1, L1_VMCS(1));

	if (l1_can(&self->l1, CAPS_PROC2, BIT(14)))
		SKIP(return, "VMCS shadowing is offered");
	*revision |= 1U << 31;
	test_vmx_vmptrld(VMX_FAIL(11), self->l1.fd, L1_VMCS(1));
}

TEST_F(root, vmptrld_of_a_hole_reads_ones_and_fails_valid_11)
{
	test_vmx_vmptrld(VMX_FAIL(11), self->l1.fd, L1_MEM_BYTES);
	expect_error_field(11);
}

TEST_F(root, a_failed_vmptrld_leaves_the_current_vmcs)
{
	l1_write(&self->l1, GUEST_RIP, 0x77);
	test_vmx_vmptrld(VMX_FAIL(9), self->l1.fd, 1);
	test_vmptrst(self->l1.fd, &self->value);
	EXPECT_EQ(L1_VMCS(0), self->value);
	EXPECT_EQ(0x77, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(root, vmptrld_of_the_current_vmcs_changes_nothing)
{
	l1_write(&self->l1, GUEST_RIP, 0x77);
	test_vmptrld(self->l1.fd, L1_VMCS(0));
	EXPECT_EQ(0x77, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(root, vmptrst_gives_what_vmptrld_took)
{
	test_vmptrld(self->l1.fd, L1_VMCS(7));
	test_vmptrst(self->l1.fd, &self->value);
	EXPECT_EQ(L1_VMCS(7), self->value);
}

/* ---- VMREAD, VMWRITE ----------------------------------------------------- */

TEST_F(root, vmread_of_an_unsupported_field_fails_valid_12)
{
	test_vmx_vmread(VMX_FAIL(12), self->l1.fd, 0x7ffe, &self->value);
	EXPECT_EQ(0, self->value);
	expect_error_field(12);
	test_vmx_vmread(VMX_FAIL(12), self->l1.fd, 1ULL << 32 | GUEST_RIP,
			&self->value);
	test_vmx_vmread(VMX_FAIL(12), self->l1.fd, GUEST_RIP | 1, &self->value);
}

TEST_F(root, vmwrite_of_an_unsupported_field_fails_valid_12)
{
	test_vmx_vmwrite(VMX_FAIL(12), self->l1.fd, 0x7ffe, 1);
	expect_error_field(12);
	test_vmx_vmwrite(VMX_FAIL(12), self->l1.fd, 0x8000 | GUEST_RIP, 1);
	test_vmx_vmwrite(VMX_FAIL(12), self->l1.fd, BIT(63) | GUEST_RIP, 1);
}

TEST_F(root, vmwrite_to_exit_information_works_with_misc_29)
{
	test_vmwrite(self->l1.fd, EXIT_QUALIFICATION, 0x123);
	EXPECT_EQ(0x123, l1_read(&self->l1, EXIT_QUALIFICATION));
}

TEST_F(root, vmsucceed_leaves_the_error_field)
{
	test_vmx_vmread(VMX_FAIL(12), self->l1.fd, 0x7ffe, &self->value);
	l1_write(&self->l1, GUEST_RIP, 1);
	expect_error_field(12);
}

TEST(sealed_vmwrite_to_exit_information_fails_valid_13)
{
	struct l1 l1;
	__u64 value;

	l1_start(&l1, NVMX_PROFILE_SEALED);
	test_vmx_vmwrite(VMX_FAIL(13), l1.fd, EXIT_QUALIFICATION, 1);
	test_vmx_vmwrite(VMX_FAIL(13), l1.fd, VM_INSTRUCTION_ERROR, 1);
	test_vmread(l1.fd, VM_INSTRUCTION_ERROR, &value);
	EXPECT_EQ(13, value);
	EXPECT_EQ(0, l1_read(&l1, EXIT_QUALIFICATION));
	l1_close(&l1);
}

/* ---- VMLAUNCH, VMRESUME --------------------------------------------------- */

L2_CODE(vmcall);

TEST_F(root, vmresume_of_a_clear_vmcs_fails_valid_5)
{
	EXPECT_EQ(VMX_FAIL(5), enter(&self->l1, NVMX_ENTER_RESUME));
	expect_error_field(5);
}

TEST_F(root, vmlaunch_of_a_launched_vmcs_fails_valid_4)
{
	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, vmcall);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(VMX_FAIL(4), enter(&self->l1, NVMX_ENTER_LAUNCH));
	expect_error_field(4);
}

TEST_F(root, vmclear_makes_a_launched_vmcs_clear)
{
	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, vmcall);
	l1_run_until(&self->l1, EXIT_VMCALL);
	test_vmclear(self->l1.fd, L1_VMCS(0));
	test_vmptrld(self->l1.fd, L1_VMCS(0));
	EXPECT_EQ(VMX_FAIL(5), enter(&self->l1, NVMX_ENTER_RESUME));
	EXPECT_EQ(0, nvmx_enter(self->l1.fd, NVMX_ENTER_LAUNCH));
	EXPECT_EQ(NVMX_KIND_EXIT, self->l1.run->kind);
}

TEST_F(root, vmptrld_keeps_the_launch_state)
{
	struct nvmx_state state;

	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, vmcall);
	l1_run_until(&self->l1, EXIT_VMCALL);
	test_vmptrld(self->l1.fd, L1_VMCS(1));
	test_get_state(self->l1.fd, &state);
	EXPECT_EQ(0, state.out_launched);
	test_vmptrld(self->l1.fd, L1_VMCS(0));
	test_get_state(self->l1.fd, &state);
	EXPECT_EQ(1, state.out_launched);
	EXPECT_EQ(VMX_FAIL(4), enter(&self->l1, NVMX_ENTER_LAUNCH));
}

TEST_F(root, a_refused_vmlaunch_leaves_the_vmcs_clear)
{
	struct nvmx_state state;

	EXPECT_EQ(VMX_FAIL(7), enter(&self->l1, NVMX_ENTER_LAUNCH));
	test_get_state(self->l1.fd, &state);
	EXPECT_EQ(0, state.out_launched);
	EXPECT_EQ(NVMX_LEVEL_L1, state.out_level);
	EXPECT_EQ(VMX_FAIL(5), enter(&self->l1, NVMX_ENTER_RESUME));
}

TEST_F(root, entry_while_blocked_by_mov_ss_fails_valid_26)
{
	self->regs.mov_ss = 1;
	test_set_l1(self->l1.fd, &self->regs);
	EXPECT_EQ(VMX_FAIL(26), enter(&self->l1, NVMX_ENTER_LAUNCH));
	expect_error_field(26);
	test_set_l1(self->l1.fd, &self->regs);
	EXPECT_EQ(VMX_FAIL(26), enter(&self->l1, NVMX_ENTER_RESUME));
}

TEST_F(root, the_launch_state_is_judged_before_the_controls)
{
	EXPECT_EQ(VMX_FAIL(7), enter(&self->l1, NVMX_ENTER_LAUNCH));
	EXPECT_EQ(VMX_FAIL(5), enter(&self->l1, NVMX_ENTER_RESUME));
}

/* ---- INVEPT, INVVPID, VMCALL ---------------------------------------------- */

TEST_F(root, invept_refuses_types_with_error_28)
{
	static const __u64 types[] = { 0, 3, 1ULL << 32 | 2, ~0ULL };
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++) {
		EXPECT_EQ(VMX_FAIL(28), nvmx_invept(self->l1.fd, types[i],
						    L1_EPT_PML4 | 0x1e, 0))
			TH_LOG("type %#llx", types[i]);
	}
	expect_error_field(28);
}

TEST_F(root, invept_single_context_refuses_a_bad_eptp_with_error_28)
{
	test_vmx_invept(VMX_FAIL(28), self->l1.fd, 1, 0, 0);
	test_vmx_invept(VMX_FAIL(28), self->l1.fd, 1, L1_EPT_PML4 | 0x1f, 0);
	test_vmx_invept(VMX_FAIL(28), self->l1.fd, 1, BIT(63) | 0x1e, 0);
}

TEST_F(root, invept_of_the_offered_types_succeeds)
{
	__u64 cap = self->l1.info.out_caps.msr[CAPS_EPT_VPID];

	if (!(cap & BIT(20)))
		SKIP(return, "no INVEPT");
	test_vmx(cap & BIT(25) ? VMX_OK : VMX_FAIL(28),
		 nvmx_invept(self->l1.fd, 1, L1_EPT_PML4 | 0x1e, 0));
	test_vmx(cap & BIT(26) ? VMX_OK : VMX_FAIL(28),
		 nvmx_invept(self->l1.fd, 2, 0, 0));
	test_vmx(cap & BIT(26) ? VMX_OK : VMX_FAIL(28),
		 nvmx_invept(self->l1.fd, 2, ~0ULL, 0));
}

TEST_F(root, invvpid_refuses_types_with_error_28)
{
	static const __u64 types[] = { 4, 1ULL << 32, ~0ULL };
	size_t i;

	for (i = 0; i < ARRAY_LEN(types); i++) {
		EXPECT_EQ(VMX_FAIL(28), nvmx_invvpid(self->l1.fd, types[i], 1, 0))
			TH_LOG("type %#llx", types[i]);
	}
	expect_error_field(28);
}

TEST_F(root, invvpid_refuses_vpid_0_with_error_28)
{
	test_vmx_invvpid(VMX_FAIL(28), self->l1.fd, 0, 0, 0);
	test_vmx_invvpid(VMX_FAIL(28), self->l1.fd, 1, 0, 0);
	test_vmx_invvpid(VMX_FAIL(28), self->l1.fd, 3, 0, 0);
}

TEST_F(root, invvpid_refuses_reserved_descriptor_bits_with_error_28)
{
	test_vmx_invvpid(VMX_FAIL(28), self->l1.fd, 1, 1 | BIT(16), 0);
	test_vmx_invvpid(VMX_FAIL(28), self->l1.fd, 2, BIT(63), 0);
}

TEST_F(root, invvpid_of_one_address_refuses_a_non_canonical_one)
{
	test_vmx_invvpid(VMX_FAIL(28), self->l1.fd, 0, 1, BIT(47));
	test_vmx_invvpid(VMX_FAIL(28), self->l1.fd, 0, 1, BIT(63));
}

TEST_F(root, invvpid_of_the_offered_types_succeeds)
{
	__u64 cap = self->l1.info.out_caps.msr[CAPS_EPT_VPID];
	unsigned int type;

	if (!(cap & BIT(32)))
		SKIP(return, "no INVVPID");
	for (type = 0; type < 4; type++) {
		test_vmx(cap & BIT(40 + type) ? VMX_OK : VMX_FAIL(28),
			 nvmx_invvpid(self->l1.fd, type, 1, 0x1000));
	}
}

TEST_F(root, vmcall_fails_valid_1)
{
	test_vmx_vmcall(VMX_FAIL(1), self->l1.fd);
	expect_error_field(1);
}

TEST_F(root, vmcall_at_cpl_3_causes_gp)
{
	self->regs.cpl = 3;
	test_set_l1(self->l1.fd, &self->regs);
	test_vmx_vmcall(VMX_GP, self->l1.fd);
}

TEST_F(root, without_the_controls_invept_and_invvpid_cause_ud)
{
	struct nvmx_caps caps;
	struct l1 other;

	l1_open(&other);
	caps = other.info.out_caps;
	caps.msr[CAPS_PROC2] &= ~((PROC2_EPT | PROC2_VPID | PROC2_UNRESTRICTED) << 32);
	caps.msr[CAPS_EPT_VPID] &= BIT(6) | BIT(14);
	test_ok(nvmx_enable_caps(other.fd, NVMX_PROFILE_SDM, &caps));
	l1_map(&other);
	test_vmxon(other.fd, L1_VMXON);
	test_vmx_invept(VMX_UD, other.fd, 2, 0, 0);
	test_vmx_invvpid(VMX_UD, other.fd, 2, 0, 0);
	l1_close(&other);
}

TEST_HARNESS_MAIN
