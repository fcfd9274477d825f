// SPDX-License-Identifier: GPL-2.0-only
/*
 * L2 in each operating mode computes something, and leaves by VMCALL, a port
 * write and HLT.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

FIXTURE(mode) {
	struct l1 l1;
};

FIXTURE_VARIANT(mode) {
	enum l2_mode mode;
	bool ept;
	__u32 profile;
};

#define MODE(name, m, e, p)						\
	FIXTURE_VARIANT_ADD(mode, name) { .mode = m, .ept = e, .profile = p }

MODE(long_mode, L2_64, false, NVMX_PROFILE_SDM);
MODE(long_mode_ept, L2_64, true, NVMX_PROFILE_SDM);
MODE(long_mode_sealed, L2_64, false, NVMX_PROFILE_SEALED);
MODE(pae, L2_PAE, false, NVMX_PROFILE_SDM);
MODE(pae_ept, L2_PAE, true, NVMX_PROFILE_SDM);
MODE(paging_32, L2_32, false, NVMX_PROFILE_SDM);
MODE(paging_32_ept, L2_32, true, NVMX_PROFILE_SDM);
MODE(flat, L2_FLAT, true, NVMX_PROFILE_SDM);
MODE(flat_sealed, L2_FLAT, true, NVMX_PROFILE_SEALED);
MODE(real, L2_REAL, true, NVMX_PROFILE_SDM);
MODE(real_sealed, L2_REAL, true, NVMX_PROFILE_SEALED);

L2_CODE(compute64);
L2_CODE(compute32);
L2_CODE(compute16);
L2_CODE(ud2);
L2_CODE(ud2_32);
L2_CODE(ud2_16);
L2_CODE(int41);
L2_CODE(int41_32);
L2_CODE(int41_16);

FIXTURE_SETUP(mode)
{
	l1_start(&self->l1, variant->profile);
	if (!l1_has_mode(&self->l1, variant->mode) ||
	    (variant->ept && !l1_can(&self->l1, CAPS_PROC2, PROC2_EPT)))
		SKIP(return, "L1's processor lacks EPT or unrestricted guest");
	l1_prepare(&self->l1, variant->mode);
	if (variant->ept && !self->l1.ept)
		l1_use_ept(&self->l1);
}

FIXTURE_TEARDOWN(mode)
{
	l1_close(&self->l1);
}

static __u64 reference(enum l2_mode mode, __u64 rax, unsigned int rounds)
{
	while (rounds--) {
		if (mode == L2_64)
			rax = rax * 6364136223846793005ULL + 1442695041;
		else if (mode == L2_REAL)
			rax = (rax & ~0xffffULL) | (__u16)(rax * 25173 + 13849);
		else
			rax = (__u32)(rax * 1103515245 + 12345);
	}
	return rax;
}

#define load(l1, mode, name)						\
	do {								\
		if ((mode) == L2_64)					\
			l1_load(l1, name ## 64);			\
		else if ((mode) == L2_REAL)				\
			l1_load(l1, name ## 16);			\
		else							\
			l1_load(l1, name ## 32);			\
	} while (0)

TEST_F(mode, l2_computes_and_leaves_by_vmcall_port_and_hlt)
{
	struct l1 *l1 = &self->l1;
	__u64 result = reference(variant->mode, 7, 1000);

	load(l1, variant->mode, compute);
	l1_set_control(l1, CAPS_PROC, PROC_HLT | PROC_UNCOND_IO);
	l1->run->gpr[NVMX_RAX] = 7;
	l1->run->gpr[NVMX_RCX] = 1000;

	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(result, l1->run->gpr[NVMX_RAX]);
	EXPECT_EQ(0, l1->run->gpr[NVMX_RCX]);
	EXPECT_EQ(3, l1->run->instruction_len);
	EXPECT_EQ(0, l1->run->qualification);
	EXPECT_EQ(0, l1->run->intr_info);
	EXPECT_EQ(0, l1->run->idt_vectoring_info);

	l1_skip(l1);
	l1_run_until(l1, EXIT_IO);
	/* 2 bytes, out, port in DX. */
	EXPECT_EQ(0x05a50001, l1->run->qualification);
	/* A prefix where 16 bits are not the default. */
	EXPECT_EQ(variant->mode == L2_REAL ? 1 : 2, l1->run->instruction_len);
	EXPECT_EQ(result & 0xffff, l1->run->gpr[NVMX_RAX] & 0xffff);

	l1_skip(l1);
	l1_run_until(l1, EXIT_HLT);
	EXPECT_EQ(1, l1->run->instruction_len);
	EXPECT_EQ(0, l1_read(l1, GUEST_ACTIVITY_STATE));
}

TEST_F(mode, the_vmcs_says_the_same_as_the_run_page)
{
	struct l1 *l1 = &self->l1;

	load(l1, variant->mode, compute);
	l1->run->gpr[NVMX_RCX] = 1;
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(EXIT_VMCALL, l1_read(l1, VM_EXIT_REASON));
	EXPECT_EQ(l1->run->instruction_len, l1_read(l1, VM_EXIT_INSTRUCTION_LEN));
	EXPECT_EQ(l1->run->qualification, l1_read(l1, EXIT_QUALIFICATION));
	EXPECT_EQ(0, l1_read(l1, VM_EXIT_INTR_INFO) & BIT(31));
	EXPECT_EQ(0, l1_read(l1, IDT_VECTORING_INFO_FIELD) & BIT(31));
	EXPECT_EQ(0, l1_read(l1, VM_ENTRY_INTR_INFO_FIELD));
	EXPECT_EQ(l1_read(l1, GUEST_RSP), l1->run->gpr[NVMX_RSP]);
}

TEST_F(mode, guest_state_comes_back_as_it_went_in)
{
	static const __u32 kept[] = {
		GUEST_CR0, GUEST_CR3, GUEST_CR4, GUEST_CS_SELECTOR, GUEST_CS_BASE,
		GUEST_CS_LIMIT, GUEST_CS_AR_BYTES, GUEST_SS_AR_BYTES,
		GUEST_DS_AR_BYTES, GUEST_TR_SELECTOR, GUEST_TR_BASE,
		GUEST_TR_AR_BYTES, GUEST_LDTR_AR_BYTES, GUEST_GDTR_BASE,
		GUEST_GDTR_LIMIT, GUEST_IDTR_BASE, GUEST_IDTR_LIMIT, GUEST_DR7,
		GUEST_RSP, GUEST_INTERRUPTIBILITY_INFO, GUEST_ACTIVITY_STATE,
		GUEST_IA32_DEBUGCTL, GUEST_SYSENTER_CS, VMCS_LINK_POINTER,
		VM_ENTRY_CONTROLS, VM_EXIT_CONTROLS, CPU_BASED_VM_EXEC_CONTROL,
	};
	__u64 before[ARRAY_LEN(kept)];
	struct l1 *l1 = &self->l1;
	size_t i;

	load(l1, variant->mode, compute);
	l1->run->gpr[NVMX_RCX] = 1;
	for (i = 0; i < ARRAY_LEN(kept); i++)
		before[i] = l1_read(l1, kept[i]);
	l1_run_until(l1, EXIT_VMCALL);
	for (i = 0; i < ARRAY_LEN(kept); i++) {
		__u64 after = l1_read(l1, kept[i]);

		/* In Bochs 2.7 a CPU may still block NMIs for an earlier L2. */
		if (kept[i] == GUEST_INTERRUPTIBILITY_INFO)
			after &= ~BIT(3);
		EXPECT_EQ(before[i], after)
			TH_LOG("field %#x", kept[i]);
	}
}

TEST_F(mode, an_exception_of_l2_reaches_its_own_handler)
{
	struct l1 *l1 = &self->l1;

	if (variant->mode == L2_64)
		l1_load(l1, ud2);
	else if (variant->mode == L2_REAL)
		l1_load(l1, ud2_16);
	else
		l1_load(l1, ud2_32);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_UD, l1_vector(l1));
}

TEST_F(mode, a_software_interrupt_of_l2_reaches_its_own_handler)
{
	struct l1 *l1 = &self->l1;

	if (variant->mode == L2_64)
		l1_load(l1, int41);
	else if (variant->mode == L2_REAL)
		l1_load(l1, int41_16);
	else
		l1_load(l1, int41_32);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(0x41, l1_vector(l1));
	/* Back by IRET, to the VMCALL after INT. */
	l1_skip(l1);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(-1, l1_vector(l1));
	EXPECT_EQ(L1_CODE + 2, l1_read(l1, GUEST_RIP));
}

TEST_HARNESS_MAIN
