// SPDX-License-Identifier: GPL-2.0-only
/*
 * Control and debug registers of L2: masks and read shadows, the bits that L0
 * keeps to itself, CR3 targets, and that L2 and L1 see what they would on L1's
 * processor.  SDM Vol. 3, "Changes to Instruction Behavior in VMX Non-Root
 * Operation".
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

FIXTURE(cr) {
	struct l1 l1;
	__u64 cr0;
	__u64 cr4;
};

FIXTURE_VARIANT(cr) {
	__u32 profile;
	bool ept;
};

FIXTURE_VARIANT_ADD(cr, sdm) {
	.profile = NVMX_PROFILE_SDM,
};

FIXTURE_VARIANT_ADD(cr, sdm_ept) {
	.profile = NVMX_PROFILE_SDM,
	.ept = true,
};

FIXTURE_VARIANT_ADD(cr, sealed) {
	.profile = NVMX_PROFILE_SEALED,
};

FIXTURE_SETUP(cr)
{
	l1_start(&self->l1, variant->profile);
	if (variant->ept && !l1_can(&self->l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	l1_prepare(&self->l1, L2_64);
	if (variant->ept)
		l1_use_ept(&self->l1);
	self->cr0 = l1_read(&self->l1, GUEST_CR0);
	self->cr4 = l1_read(&self->l1, GUEST_CR4);
}

FIXTURE_TEARDOWN(cr)
{
	l1_close(&self->l1);
}

L2_CODE(mov_to_cr0);
L2_CODE(mov_from_cr0);
L2_CODE(mov_to_cr3);
L2_CODE(mov_to_cr4);
L2_CODE(mov_from_cr4);
L2_CODE(mov_to_cr8);
L2_CODE(mov_from_cr8);
L2_CODE(mov_to_cr2);
L2_CODE(clts);
L2_CODE(lmsw);
L2_CODE(lmsw_mem);
L2_CODE(smsw);
L2_CODE(mov_to_dr0);
L2_CODE(mov_from_dr0);
L2_CODE(mov_to_dr7);
L2_CODE(mov_from_dr7);
L2_CODE(mov_from_dr6);

/* Run a piece of code with RAX; it must end in VMCALL with @vector. */
#define expect_runs(code, rax, vector)					\
	do {								\
		self->l1.run->gpr[NVMX_RAX] = rax;			\
		l1_load(&self->l1, code);				\
		EXPECT_EQ(EXIT_VMCALL, l1_run_exit(&self->l1));		\
		EXPECT_EQ(vector, l1_vector(&self->l1));		\
	} while (0)

#define expect_cr_exit(code, rax, qual)					\
	do {								\
		self->l1.run->gpr[NVMX_RAX] = rax;			\
		l1_load(&self->l1, code);				\
		EXPECT_EQ(EXIT_CR, l1_run_exit(&self->l1));		\
		EXPECT_EQ(qual, self->l1.run->qualification);		\
		EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));	\
		EXPECT_EQ(((qual) & 15) == 3 ? NVMX_RULE_PROC(15) :	\
			  ((qual) & 15) == 4 ? NVMX_RULE_CR4_MASK :	\
			  NVMX_RULE_CR0_MASK, self->l1.run->deciding_rule); \
	} while (0)

#define RAX	(self->l1.run->gpr[NVMX_RAX])

/* ---- CR0 ------------------------------------------------------------------ */

TEST_F(cr, l2_reads_its_cr0_without_a_mask)
{
	expect_runs(mov_from_cr0, 0, -1);
	EXPECT_EQ(self->cr0, RAX);
	expect_runs(smsw, 0, -1);
	EXPECT_EQ(self->cr0 & 0xffff, RAX & 0xffff);
}

TEST_F(cr, l2_changes_cr0_bits_that_nobody_owns)
{
	__u64 new = self->cr0 | CR0_WP | CR0_TS | CR0_MP;

	expect_runs(mov_to_cr0, new, -1);
	EXPECT_EQ(new, l1_read(&self->l1, GUEST_CR0));
	expect_runs(mov_from_cr0, 0, -1);
	EXPECT_EQ(new, RAX);
}

TEST_F(cr, a_bit_that_l1_owns_exits_when_it_differs_from_the_shadow)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_TS);
	l1_write(&self->l1, CR0_READ_SHADOW, 0);
	expect_cr_exit(mov_to_cr0, self->cr0 | CR0_TS, 0);
	EXPECT_EQ(self->cr0, l1_read(&self->l1, GUEST_CR0));
	l1_write(&self->l1, CR0_READ_SHADOW, CR0_TS);
	expect_cr_exit(mov_to_cr0, self->cr0, 0);
}

TEST_F(cr, a_bit_that_l1_owns_does_not_exit_when_it_equals_the_shadow)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_TS);
	l1_write(&self->l1, CR0_READ_SHADOW, CR0_TS);
	expect_runs(mov_to_cr0, self->cr0 | CR0_TS | CR0_WP, -1);
	/* The owned bit stays, the other one changes. */
	EXPECT_EQ(self->cr0 | CR0_WP, l1_read(&self->l1, GUEST_CR0));
}

TEST_F(cr, l2_reads_the_shadow_where_l1_owns_and_cr0_elsewhere)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_TS | CR0_NE | CR0_WP);
	l1_write(&self->l1, CR0_READ_SHADOW, CR0_TS | CR0_PG);
	expect_runs(mov_from_cr0, 0, -1);
	EXPECT_EQ((self->cr0 & ~(CR0_NE | CR0_WP)) | CR0_TS, RAX);
	expect_runs(smsw, 0, -1);
	EXPECT_NE(0, RAX & CR0_TS);
	EXPECT_EQ(0, RAX & CR0_NE);
}

TEST_F(cr, l2_has_cd_and_nw_but_the_processor_does_not)
{
	__u64 new = self->cr0 | CR0_CD | CR0_NW;
	struct nvmx_peek peek;

	expect_runs(mov_to_cr0, new, -1);
	EXPECT_EQ(new, l1_read(&self->l1, GUEST_CR0));
	test_peek(self->l1.fd, NVMX_PEEK_VMCS02, GUEST_CR0, &peek);
	EXPECT_EQ(0, peek.out_value & (CR0_CD | CR0_NW));
	expect_runs(mov_from_cr0, 0, -1);
	EXPECT_EQ(new, RAX);
	expect_runs(mov_to_cr0, self->cr0, -1);
	EXPECT_EQ(self->cr0, l1_read(&self->l1, GUEST_CR0));
}

TEST_F(cr, cd_that_l1_asked_for_exits)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_CD);
	expect_cr_exit(mov_to_cr0, self->cr0 | CR0_CD, 0);
}

TEST_F(cr, cd_that_l1_owns_and_shadows_does_not_exit_and_stays)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_CD);
	l1_write(&self->l1, CR0_READ_SHADOW, CR0_CD);
	expect_runs(mov_from_cr0, 0, -1);
	EXPECT_EQ(self->cr0 | CR0_CD, RAX);
	expect_runs(mov_to_cr0, self->cr0 | CR0_CD, -1);
	EXPECT_EQ(self->cr0, l1_read(&self->l1, GUEST_CR0));
}

TEST_F(cr, entry_with_cd_in_guest_cr0_does_not_give_the_processor_cd)
{
	struct nvmx_peek peek;

	l1_write(&self->l1, GUEST_CR0, self->cr0 | CR0_CD);
	expect_runs(mov_from_cr0, 0, -1);
	test_peek(self->l1.fd, NVMX_PEEK_VMCS02, GUEST_CR0, &peek);
	EXPECT_EQ(0, peek.out_value & CR0_CD);
}

TEST_F(cr, an_illegal_cr0_causes_gp_in_l2)
{
	static const __u64 illegal[] = {
		CR0_NW,			/* without CD */
		1ULL << 32,
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(illegal); i++) {
		expect_runs(mov_to_cr0, self->cr0 | illegal[i], VEC_GP);
		EXPECT_EQ(self->cr0, l1_read(&self->l1, GUEST_CR0));
		l1_write(&self->l1, GUEST_RSP, L1_STACK);
		l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED);
	}
}

TEST_F(cr, clearing_ne_which_vmx_fixes_causes_gp_in_l2)
{
	expect_runs(mov_to_cr0, self->cr0 & ~CR0_NE, VEC_GP);
}

TEST_F(cr, clts_clears_ts_that_nobody_owns)
{
	l1_write(&self->l1, GUEST_CR0, self->cr0 | CR0_TS);
	expect_runs(clts, 0, -1);
	EXPECT_EQ(self->cr0, l1_read(&self->l1, GUEST_CR0));
}

TEST_F(cr, clts_exits_if_l1_owns_ts_and_shadows_1)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_TS);
	l1_write(&self->l1, CR0_READ_SHADOW, CR0_TS);
	expect_cr_exit(clts, 0, 0x20);
	EXPECT_EQ(2, self->l1.run->instruction_len);
}

TEST_F(cr, clts_does_nothing_if_l1_owns_ts_and_shadows_0)
{
	l1_write(&self->l1, GUEST_CR0, self->cr0 | CR0_TS);
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_TS);
	expect_runs(clts, 0, -1);
	EXPECT_EQ(self->cr0 | CR0_TS, l1_read(&self->l1, GUEST_CR0));
}

TEST_F(cr, lmsw_sets_bits_that_nobody_owns)
{
	expect_runs(lmsw, (self->cr0 & 0xf) | CR0_TS | CR0_MP, -1);
	EXPECT_EQ(self->cr0 | CR0_TS | CR0_MP, l1_read(&self->l1, GUEST_CR0));
}

TEST_F(cr, lmsw_exits_with_its_source)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_MP);
	expect_cr_exit(lmsw, 0xabc3, 0xabc30030ULL);
}

TEST_F(cr, lmsw_of_memory_exits_with_its_address)
{
	__u16 *operand = l1_ptr(&self->l1, L1_DATA);

	*operand = 0xb;
	self->l1.run->gpr[NVMX_RBX] = L1_DATA;
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_TS);
	expect_cr_exit(lmsw_mem, 0, 0x000b0070ULL);
	EXPECT_EQ(L1_DATA, self->l1.run->guest_linear_address);
}

TEST_F(cr, lmsw_cannot_clear_pe_and_so_does_not_exit_for_it)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_PE);
	l1_write(&self->l1, CR0_READ_SHADOW, CR0_PE);
	expect_runs(lmsw, 0, -1);
	EXPECT_EQ(self->cr0, l1_read(&self->l1, GUEST_CR0));
}

TEST_F(cr, lmsw_exits_for_pe_that_l1_owns_and_shadows_0)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_PE);
	expect_cr_exit(lmsw, 1, 0x00010030ULL);
}

/* ---- CR4 ------------------------------------------------------------------ */

TEST_F(cr, l2_reads_its_cr4_without_a_mask)
{
	expect_runs(mov_from_cr4, 0, -1);
	EXPECT_EQ(self->cr4, RAX);
}

TEST_F(cr, l1_hides_vmxe_with_the_shadow)
{
	l1_write(&self->l1, CR4_GUEST_HOST_MASK, CR4_VMXE);
	expect_runs(mov_from_cr4, 0, -1);
	EXPECT_EQ(self->cr4 & ~CR4_VMXE, RAX);
	expect_cr_exit(mov_to_cr4, self->cr4, 4);
	expect_runs(mov_to_cr4, (self->cr4 & ~CR4_VMXE) | CR4_PGE, -1);
	EXPECT_EQ(self->cr4 | CR4_PGE, l1_read(&self->l1, GUEST_CR4));
}

TEST_F(cr, l2_changes_cr4_bits_that_nobody_owns)
{
	__u64 new = self->cr4 | CR4_PGE | CR4_OSFXSR | CR4_TSD | CR4_DE;

	expect_runs(mov_to_cr4, new, -1);
	EXPECT_EQ(new, l1_read(&self->l1, GUEST_CR4));
	expect_runs(mov_from_cr4, 0, -1);
	EXPECT_EQ(new, RAX);
}

TEST_F(cr, mce_of_l2_is_its_own_and_not_the_hosts)
{
	__u64 mce = BIT(6);

	expect_runs(mov_from_cr4, 0, -1);
	EXPECT_EQ(0, RAX & mce);
	expect_runs(mov_to_cr4, self->cr4 | mce, -1);
	EXPECT_EQ(self->cr4 | mce, l1_read(&self->l1, GUEST_CR4));
	expect_runs(mov_from_cr4, 0, -1);
	EXPECT_EQ(self->cr4 | mce, RAX);
	expect_runs(mov_to_cr4, self->cr4, -1);
	EXPECT_EQ(self->cr4, l1_read(&self->l1, GUEST_CR4));
}

TEST_F(cr, clearing_vmxe_which_vmx_fixes_causes_gp_in_l2)
{
	expect_runs(mov_to_cr4, self->cr4 & ~CR4_VMXE, VEC_GP);
	EXPECT_EQ(self->cr4, l1_read(&self->l1, GUEST_CR4));
}

TEST_F(cr, clearing_pae_in_ia32e_mode_causes_gp_in_l2)
{
	expect_runs(mov_to_cr4, self->cr4 & ~CR4_PAE, VEC_GP);
	EXPECT_EQ(self->cr4, l1_read(&self->l1, GUEST_CR4));
}

TEST_F(cr, a_cr4_bit_that_l1s_processor_lacks_causes_gp_in_l2)
{
	__u64 fixed1 = self->l1.info.out_caps.msr[CAPS_CR4_FIXED1];
	unsigned int bit;

	for (bit = 0; bit < 32; bit++) {
		if (fixed1 & BIT(bit))
			continue;
		l1_write(&self->l1, GUEST_RSP, L1_STACK);
		expect_runs(mov_to_cr4, self->cr4 | BIT(bit), VEC_GP);
		EXPECT_EQ(self->cr4, l1_read(&self->l1, GUEST_CR4))
			TH_LOG("bit %u", bit);
	}
}

/* ---- CR3, CR2, CR8 --------------------------------------------------------- */

TEST_F(cr, mov_to_cr3_of_a_target_value_does_not_exit)
{
	if ((self->l1.info.out_caps.msr[CAPS_MISC] >> 16 & 0x1ff) < 2)
		SKIP(return, "fewer than two CR3-target values");
	l1_set_control(&self->l1, CAPS_PROC, PROC_CR3_LOAD);
	l1_write(&self->l1, CR3_TARGET_VALUE0, 0x123000);
	l1_write(&self->l1, CR3_TARGET_VALUE1, L1_PML4);
	l1_write(&self->l1, CR3_TARGET_COUNT, 2);
	expect_runs(mov_to_cr3, L1_PML4, -1);
	EXPECT_EQ(L1_PML4, l1_read(&self->l1, GUEST_CR3));
	expect_cr_exit(mov_to_cr3, L1_PML4 | 8, 3);
	l1_write(&self->l1, CR3_TARGET_COUNT, 1);
	expect_cr_exit(mov_to_cr3, L1_PML4, 3);
}

TEST_F(cr, mov_to_cr2_never_exits)
{
	struct nvmx_l2 l2;

	expect_runs(mov_to_cr2, 0x123456789, -1);
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(0x123456789, l2.cr2);
}

TEST_F(cr, cr8_of_l2_is_l1s_tpr_and_not_the_hosts)
{
	struct nvmx_l2 l2;

	expect_runs(mov_to_cr8, 9, -1);
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(9, l2.cr8);
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(9, RAX);
	expect_runs(mov_to_cr8, 16, VEC_GP);
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(9, l2.cr8);
}

/* ---- debug registers --------------------------------------------------------- */

TEST_F(cr, debug_registers_of_l2_are_its_own)
{
	struct nvmx_l2 l2;

	expect_runs(mov_to_dr0, 0xabcdef, -1);
	expect_runs(mov_from_dr0, 0, -1);
	EXPECT_EQ(0xabcdef, RAX);
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(0xabcdef, l2.dr[0]);
	expect_runs(mov_from_dr6, 0, -1);
	EXPECT_EQ(l2.dr6, RAX);
	expect_runs(mov_to_dr7, 0x700, -1);
	EXPECT_EQ(0x700, l1_read(&self->l1, GUEST_DR7));
	expect_runs(mov_from_dr7, 0, -1);
	EXPECT_EQ(0x700, RAX);
}

TEST_F(cr, dr7_with_high_bits_causes_gp_in_l2)
{
	expect_runs(mov_to_dr7, 1ULL << 32 | 0x400, VEC_GP);
	EXPECT_EQ(0x400, l1_read(&self->l1, GUEST_DR7));
}

TEST_F(cr, general_detect_causes_db_in_l2)
{
	struct nvmx_l2 l2;

	l1_write(&self->l1, GUEST_DR7, 0x2400);
	expect_runs(mov_from_dr0, 0, VEC_DB);
	test_get_l2(self->l1.fd, &l2);
	EXPECT_NE(0, l2.dr6 & BIT(13));
	EXPECT_EQ(0, l1_read(&self->l1, GUEST_DR7) & 0x2000);
}

TEST_F(cr, mov_dr_that_l1_asked_for_exits_before_general_detect_is_judged_by_l0)
{
	l1_set_control(&self->l1, CAPS_PROC, PROC_MOV_DR);
	self->l1.run->gpr[NVMX_RAX] = 0x1234;
	l1_load(&self->l1, mov_to_dr0);
	l1_run_until(&self->l1, EXIT_DR);
}

TEST_HARNESS_MAIN
