// SPDX-License-Identifier: GPL-2.0-only
/*
 * L2's FPU state is loaded when L2 uses it, by way of CR0.TS. L2 must not be
 * able to tell: CR0.TS and #NM are as L2 and L1 have them.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(clts);
L2_CODE(lmsw);
L2_CODE(smsw);
L2_CODE(movd_to_xmm0);
L2_CODE(movd_from_xmm0);
L2_CODE(fwait);
L2_CODE(fld1);
L2_CODE(ts_on_and_off);
L2_CODE(mov_to_cr0);
L2_CODE(mov_from_cr0);

#define CR0_MP	BIT(1)
#define CR0_EM	BIT(2)
#define CR0_TS	BIT(3)
#define VEC_NM	7
#define VALUE	0x123456789abcdef0ULL

#define RAX	(self->l1.run->gpr[NVMX_RAX])

FIXTURE(fpu) {
	struct l1 l1;
	__u64 cr0;
};

FIXTURE_SETUP(fpu)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	self->cr0 = l1_read(&self->l1, GUEST_CR0) & ~(CR0_TS | CR0_EM);
	l1_write(&self->l1, GUEST_CR0, self->cr0);
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, 0);
	l1_write(&self->l1, GUEST_CR4, l1_read(&self->l1, GUEST_CR4) | CR4_OSFXSR);
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_NM));
}

FIXTURE_TEARDOWN(fpu)
{
	l1_close(&self->l1);
}

static void set_cr0(struct l1 *l1, __u64 cr0)
{
	l1_write(l1, GUEST_CR0, cr0);
}

#define expect_no_nm(code)						\
	do {								\
		l1_load(&self->l1, code);				\
		l1_run_until(&self->l1, EXIT_VMCALL);			\
		EXPECT_EQ(-1, l1_vector(&self->l1));			\
	} while (0)

#define expect_nm(code)							\
	do {								\
		l1_load(&self->l1, code);				\
		l1_run_until(&self->l1, EXIT_EXCEPTION);		\
		EXPECT_EQ(INTR_HARD(VEC_NM), self->l1.run->intr_info);	\
		EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));	\
	} while (0)

/* What the process has in its own registers must stay there, too. */
static __u64 own_xmm(__u64 value)
{
	__u64 back;

	asm volatile("movq %1, %%xmm0; movq %%xmm0, %0" : "=r" (back) : "r" (value) : "xmm0");
	return back;
}

TEST_F(fpu, first_use_does_not_exit_to_l1)
{
	RAX = VALUE;
	expect_no_nm(movd_to_xmm0);
}

TEST_F(fpu, state_stays_over_runs_that_use_it_and_runs_that_do_not)
{
	unsigned int i;

	RAX = VALUE;
	expect_no_nm(movd_to_xmm0);
	for (i = 0; i < 40; i++) {
		ASSERT_EQ(i, own_xmm(i));
		expect_no_nm(smsw);
	}
	RAX = 0;
	expect_no_nm(movd_from_xmm0);
	EXPECT_EQ(VALUE, RAX);
}

TEST_F(fpu, the_process_keeps_its_own_registers)
{
	__u64 before = VALUE, after = 0;

	l1_load(&self->l1, movd_to_xmm0);
	RAX = ~VALUE;
	asm volatile("movq %0, %%xmm5" : : "r" (before) : "xmm5");
	nvmx_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	asm volatile("movq %%xmm5, %0" : "=r" (after));
	EXPECT_EQ(before, after);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(-1, l1_vector(&self->l1));
}

TEST_F(fpu, with_ts_the_fault_is_l1s)
{
	set_cr0(&self->l1, self->cr0 | CR0_TS);
	expect_nm(movd_from_xmm0);
	expect_nm(fld1);
	EXPECT_EQ(self->cr0 | CR0_TS, l1_read(&self->l1, GUEST_CR0));
}

TEST_F(fpu, with_ts_after_use_the_fault_is_l1s)
{
	expect_no_nm(movd_to_xmm0);
	set_cr0(&self->l1, self->cr0 | CR0_TS);
	expect_nm(movd_from_xmm0);
}

TEST_F(fpu, with_em_x87_faults_whatever_is_loaded)
{
	set_cr0(&self->l1, self->cr0 | CR0_EM);
	expect_nm(fld1);
	expect_nm(fld1);
}

TEST_F(fpu, wait_faults_with_mp_and_ts_only)
{
	set_cr0(&self->l1, self->cr0 | CR0_MP);
	expect_no_nm(fwait);
	set_cr0(&self->l1, self->cr0 | CR0_MP | CR0_TS);
	expect_nm(fwait);
	set_cr0(&self->l1, (self->cr0 & ~CR0_MP) | CR0_TS);
	expect_no_nm(fwait);
}

TEST_F(fpu, clts_clears_what_l2_sees_and_l1_gets)
{
	set_cr0(&self->l1, self->cr0 | CR0_TS);
	expect_no_nm(clts);
	EXPECT_EQ(self->cr0, l1_read(&self->l1, GUEST_CR0));
	expect_no_nm(movd_to_xmm0);
}

TEST_F(fpu, lmsw_sets_and_clears_ts)
{
	RAX = (self->cr0 & 7) | CR0_TS;
	expect_no_nm(lmsw);
	EXPECT_EQ(self->cr0 | CR0_TS, l1_read(&self->l1, GUEST_CR0));
	expect_no_nm(smsw);
	EXPECT_EQ(CR0_TS, RAX & CR0_TS);
	expect_nm(movd_from_xmm0);
	RAX = self->cr0 & 7;
	expect_no_nm(lmsw);
	EXPECT_EQ(self->cr0, l1_read(&self->l1, GUEST_CR0));
	expect_no_nm(movd_from_xmm0);
}

TEST_F(fpu, mov_to_cr0_sets_and_clears_ts)
{
	RAX = self->cr0 | CR0_TS;
	expect_no_nm(mov_to_cr0);
	expect_no_nm(mov_from_cr0);
	EXPECT_EQ(self->cr0 | CR0_TS, RAX);
	expect_nm(movd_from_xmm0);
	RAX = self->cr0;
	expect_no_nm(mov_to_cr0);
	expect_no_nm(mov_from_cr0);
	EXPECT_EQ(self->cr0, RAX);
}

TEST_F(fpu, l2_turns_ts_on_and_off_in_one_run)
{
	RAX = VALUE;
	expect_no_nm(ts_on_and_off);
	EXPECT_EQ(VALUE, RAX);
	EXPECT_EQ(self->cr0 | CR0_TS, self->l1.run->gpr[NVMX_RSI]);
	EXPECT_EQ(self->cr0, self->l1.run->gpr[NVMX_RDI]);
}

/* With TS in L1's mask CLTS is L1's when the read shadow says 1. */
TEST_F(fpu, clts_exits_if_l1_wants_it)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_TS);
	l1_write(&self->l1, CR0_READ_SHADOW, CR0_TS);
	l1_load(&self->l1, clts);
	l1_run_until(&self->l1, EXIT_CR);
	EXPECT_EQ(2 << 4, self->l1.run->qualification);
	l1_write(&self->l1, CR0_READ_SHADOW, 0);
	expect_no_nm(clts);
}

/* TS as L1 set it counts, not what the read shadow shows to L2. */
TEST_F(fpu, a_masked_ts_faults_as_l1_set_it)
{
	l1_write(&self->l1, CR0_GUEST_HOST_MASK, CR0_TS);
	l1_write(&self->l1, CR0_READ_SHADOW, 0);
	set_cr0(&self->l1, self->cr0 | CR0_TS);
	expect_nm(movd_from_xmm0);
	expect_no_nm(mov_from_cr0);
	EXPECT_EQ(0, RAX & CR0_TS);
	set_cr0(&self->l1, self->cr0);
	l1_write(&self->l1, CR0_READ_SHADOW, CR0_TS);
	expect_no_nm(movd_from_xmm0);
	expect_no_nm(mov_from_cr0);
	EXPECT_EQ(CR0_TS, RAX & CR0_TS);
}

TEST_HARNESS_MAIN
