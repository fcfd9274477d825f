// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MSRs of SYSCALL are loaded when L2 uses it, by way of EFER.SCE. L2 must not
 * be able to tell: SYSCALL, SYSRET, #UD and IA32_EFER are as L2 and L1 have them.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(syscall);
L2_CODE(sysret);
L2_CODE(ud2);
L2_CODE(nop);

#define VEC_UD		6
#define VEC_PF		14
#define SYSCALL_BYTES	2
/* A VMCALL, for SYSCALL and SYSRET to go to. */
#define TARGET		(L1_CODE + 0x100)
#define EFER_64		(EFER_LMA | EFER_LME)

FIXTURE(syscall) {
	struct l1 l1;
};

FIXTURE_SETUP(syscall)
{
	struct nvmx_l2 l2 = {};

	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	if (!l1_can(&self->l1, CAPS_ENTRY, ENTRY_LOAD_EFER))
		SKIP(return, "no load of IA32_EFER");
	l1_set_control(&self->l1, CAPS_ENTRY, ENTRY_LOAD_EFER);
	l1_write(&self->l1, GUEST_IA32_EFER, EFER_64 | EFER_SCE);

	test_get_l2(self->l1.fd, &l2);
	l2.star = (__u64)L1_SEL_CODE << 32 | (__u64)L1_SEL_CODE << 48;
	l2.lstar = TARGET;
	l2.fmask = RFLAGS_IF;
	test_set_l2(self->l1.fd, &l2);
}

FIXTURE_TEARDOWN(syscall)
{
	l1_close(&self->l1);
}

#define load(code)							\
	do {								\
		l1_load(&self->l1, code);				\
		memcpy(l1_ptr(&self->l1, TARGET), "\x0f\x01\xc1", 3);	\
	} while (0)

#define expect_syscall()						\
	do {								\
		load(syscall);						\
		self->l1.run->gpr[NVMX_RCX] = 0;			\
		l1_run_until(&self->l1, EXIT_VMCALL);			\
		EXPECT_EQ(TARGET, l1_read(&self->l1, GUEST_RIP));	\
		EXPECT_EQ(L1_CODE + SYSCALL_BYTES, self->l1.run->gpr[NVMX_RCX]); \
		EXPECT_EQ(RFLAGS_FIXED, self->l1.run->gpr[NVMX_R11]);	\
	} while (0)

#define expect_ud(code)							\
	do {								\
		load(code);						\
		l1_run_until(&self->l1, EXIT_EXCEPTION);		\
		EXPECT_EQ(INTR_HARD(VEC_UD), self->l1.run->intr_info);	\
		EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));	\
	} while (0)

TEST_F(syscall, first_use_does_not_exit_to_l1)
{
	expect_syscall();
	/* Nor if #UD does. */
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_UD));
	expect_syscall();
}

TEST_F(syscall, works_after_runs_that_do_not_use_it)
{
	unsigned int i;

	expect_syscall();
	for (i = 0; i < 40; i++) {
		load(nop);
		l1_run_until(&self->l1, EXIT_VMCALL);
	}
	expect_syscall();
}

TEST_F(syscall, new_msrs_are_used)
{
	struct nvmx_l2 l2;

	expect_syscall();
	test_get_l2(self->l1.fd, &l2);
	l2.lstar = TARGET + 0x40;
	test_set_l2(self->l1.fd, &l2);
	load(syscall);
	memcpy(l1_ptr(&self->l1, l2.lstar), "\x0f\x01\xc1", 3);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(TARGET + 0x40, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(syscall, sysret_works)
{
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_PF));
	load(sysret);
	self->l1.run->gpr[NVMX_RCX] = TARGET;
	self->l1.run->gpr[NVMX_R11] = RFLAGS_FIXED;
	/* VMCALL, or #PF: the pages may be the supervisor's. */
	l1_run_exit(&self->l1);
	EXPECT_EQ(TARGET, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(3, l1_read(&self->l1, GUEST_CS_SELECTOR) & 3);
}

TEST_F(syscall, without_sce_the_fault_is_l1s)
{
	l1_write(&self->l1, GUEST_IA32_EFER, EFER_64);
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_UD));
	expect_ud(syscall);
	expect_ud(sysret);
	l1_write(&self->l1, GUEST_IA32_EFER, EFER_64 | EFER_SCE);
	expect_syscall();
	l1_write(&self->l1, GUEST_IA32_EFER, EFER_64);
	expect_ud(syscall);
}

TEST_F(syscall, other_faults_are_whose_they_were)
{
	unsigned int i;

	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_UD));
	for (i = 0; i < 40; i++)
		expect_ud(ud2);
	expect_syscall();
	expect_ud(ud2);

	l1_write(&self->l1, EXCEPTION_BITMAP, 0);
	load(ud2);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_UD, l1_vector(&self->l1));
}

TEST_F(syscall, efer_is_what_it_is)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_EXIT, EXIT_SAVE_EFER))
		SKIP(return, "no save of IA32_EFER");
	l1_set_control(l1, CAPS_EXIT, EXIT_SAVE_EFER);
	load(nop);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(EFER_64 | EFER_SCE, l1_read(l1, GUEST_IA32_EFER));
	expect_syscall();
	EXPECT_EQ(EFER_64 | EFER_SCE, l1_read(l1, GUEST_IA32_EFER));
}

TEST_HARNESS_MAIN
