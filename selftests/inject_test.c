// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that L1 injects with VM entry: each kind reaches L2's own handler, by
 * L2's IDT and with the frame of the event.  SDM Vol. 3, "Event Injection".
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

#define NOT_PRESENT	0x180000

FIXTURE(inject) {
	struct l1 l1;
};

FIXTURE_VARIANT(inject) {
	enum l2_mode mode;
	bool ept;
	__u32 profile;
};

FIXTURE_VARIANT_ADD(inject, long_mode) {
	.mode = L2_64,
};

FIXTURE_VARIANT_ADD(inject, long_mode_ept) {
	.mode = L2_64, .ept = true,
};

FIXTURE_VARIANT_ADD(inject, long_mode_sealed) {
	.mode = L2_64, .profile = NVMX_PROFILE_SEALED,
};

FIXTURE_VARIANT_ADD(inject, pae) {
	.mode = L2_PAE,
};

FIXTURE_VARIANT_ADD(inject, paging_32) {
	.mode = L2_32,
};

FIXTURE_VARIANT_ADD(inject, real) {
	.mode = L2_REAL, .ept = true,
};

L2_CODE(nop);
L2_CODE(spin);

FIXTURE_SETUP(inject)
{
	l1_start(&self->l1, variant->profile);
	if (!l1_has_mode(&self->l1, variant->mode) ||
	    (variant->ept && !l1_can(&self->l1, CAPS_PROC2, PROC2_EPT)))
		SKIP(return, "L1's processor lacks EPT or unrestricted guest");
	l1_prepare(&self->l1, variant->mode);
	if (variant->ept && !self->l1.ept)
		l1_use_ept(&self->l1);
	l1_load(&self->l1, nop);
}

FIXTURE_TEARDOWN(inject)
{
	l1_close(&self->l1);
}

/* A word of the frame that the event pushed. */
static __u64 frame(struct l1 *l1, unsigned int n)
{
	__u8 *top = l1_ptr(l1, l1_read(l1, GUEST_RSP) & 0xffff);

	switch (l1->mode) {
	case L2_64:
		return ((__u64 *)top)[n];
	case L2_REAL:
		return ((__u16 *)top)[n];
	default:
		return ((__u32 *)top)[n];
	}
}

static void inject(struct l1 *l1, __u32 info, __u32 error_code, __u32 length)
{
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, info);
	l1_write(l1, VM_ENTRY_EXCEPTION_ERROR_CODE, error_code);
	l1_write(l1, VM_ENTRY_INSTRUCTION_LEN, length);
	l1_write(l1, GUEST_RIP, L1_CODE);
	l1_write(l1, GUEST_RSP, L1_STACK);
	if (l1->mode == L2_REAL) {
		l1_write(l1, GUEST_CS_SELECTOR, 0);
		l1_write(l1, GUEST_CS_BASE, 0);
	}
}

/* The handler of @vector runs, RIP + @length and maybe an error code pushed. */
#define expect_delivered(vec, length)					\
	do {								\
		EXPECT_EQ(EXIT_VMCALL, l1_run_exit(&self->l1));		\
		EXPECT_EQ(vec, l1_vector(&self->l1));			\
		EXPECT_EQ(L1_CODE + (length), frame(&self->l1, 0));	\
		EXPECT_EQ(0, l1_read(&self->l1, VM_ENTRY_INTR_INFO_FIELD) & BIT(31)); \
	} while (0)

TEST_F(inject, an_external_interrupt_is_delivered)
{
	static const __u8 vectors[] = { 32, 0x41, 0x80, 255 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(vectors); i++) {
		l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
		inject(&self->l1, INTR_EXT | vectors[i], 0, 0);
		expect_delivered(vectors[i], 0);
		/* An interrupt gate clears IF. */
		EXPECT_EQ(0, l1_read(&self->l1, GUEST_RFLAGS) & RFLAGS_IF);
	}
}

TEST_F(inject, an_nmi_is_delivered)
{
	inject(&self->l1, INTR_NMI, 0, 0);
	expect_delivered(VEC_NMI, 0);
}

TEST_F(inject, an_nmi_with_virtual_nmis_blocks_nmis_until_iret)
{
	if (!l1_can(&self->l1, CAPS_PIN, PIN_NMI | PIN_VNMI))
		SKIP(return, "no virtual NMIs");
	l1_set_control(&self->l1, CAPS_PIN, PIN_NMI | PIN_VNMI);
	inject(&self->l1, INTR_NMI, 0, 0);
	expect_delivered(VEC_NMI, 0);
	EXPECT_EQ(8, l1_read(&self->l1, GUEST_INTERRUPTIBILITY_INFO));
	l1_skip(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(-1, l1_vector(&self->l1));
	EXPECT_EQ(0, l1_read(&self->l1, GUEST_INTERRUPTIBILITY_INFO));
}

TEST_F(inject, a_fault_without_error_code_is_delivered)
{
	static const __u8 vectors[] = { VEC_DE, VEC_UD, VEC_NM };
	size_t i;

	for (i = 0; i < ARRAY_LEN(vectors); i++) {
		inject(&self->l1, INTR_HARD(vectors[i]), 0, 0);
		expect_delivered(vectors[i], 0);
	}
}

TEST_F(inject, a_fault_with_error_code_is_delivered)
{
	static const __u8 vectors[] = { VEC_TS, VEC_NP, VEC_SS, VEC_GP, VEC_PF };
	size_t i;

	/* Real mode has no error codes. */
	if (variant->mode == L2_REAL)
		return;
	for (i = 0; i < ARRAY_LEN(vectors); i++) {
		inject(&self->l1, INTR_HARD_EC(vectors[i]), 0x1230, 0);
		EXPECT_EQ(EXIT_VMCALL, l1_run_exit(&self->l1));
		EXPECT_EQ(vectors[i], l1_vector(&self->l1));
		EXPECT_EQ(0x1230, frame(&self->l1, 0));
		EXPECT_EQ(L1_CODE, frame(&self->l1, 1));
	}
}

/* The push of the frame faults in EPT02, which L2 does not see. */
TEST_F(inject, in_real_mode_a_fault_of_l2_reaches_a_new_stack_without_error_code)
{
	/* mov 0xffff, %ax */
	static const __u8 past_the_limit[] = { 0xa1, 0xff, 0xff };

	if (variant->mode != L2_REAL)
		return;
	l1_load_code(&self->l1, past_the_limit, sizeof(past_the_limit));
	l1_write(&self->l1, GUEST_RSP, L1_STACK - 0x2000);
	expect_delivered(VEC_GP, 0);
}

TEST_F(inject, an_injected_page_fault_leaves_cr2)
{
	struct nvmx_l2 l2;

	/* Real mode has no error codes. */
	if (variant->mode == L2_REAL)
		return;
	test_get_l2(self->l1.fd, &l2);
	l2.cr2 = 0x5a5a;
	test_set_l2(self->l1.fd, &l2);
	inject(&self->l1, INTR_HARD_EC(VEC_PF), 6, 0);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_PF, l1_vector(&self->l1));
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(0x5a5a, l2.cr2);
}

TEST_F(inject, a_software_interrupt_returns_behind_the_instruction)
{
	inject(&self->l1, INTR_SOFT(0x41), 0, 2);
	expect_delivered(0x41, 2);
}

TEST_F(inject, a_software_exception_returns_behind_the_instruction)
{
	inject(&self->l1, INTR_SOFT_EXC(VEC_BP), 0, 1);
	expect_delivered(VEC_BP, 1);
	if (variant->mode == L2_64)
		return;
	inject(&self->l1, INTR_SOFT_EXC(VEC_OF), 0, 1);
	expect_delivered(VEC_OF, 1);
}

TEST_F(inject, a_privileged_software_exception_returns_behind_the_instruction)
{
	inject(&self->l1, INTR_PRIV_SOFT(VEC_DB), 0, 1);
	expect_delivered(VEC_DB, 1);
}

TEST_F(inject, an_injected_exception_is_not_subject_to_the_bitmap)
{
	l1_write(&self->l1, EXCEPTION_BITMAP, 0xffffffff);
	inject(&self->l1, INTR_HARD(VEC_UD), 0, 0);
	expect_delivered(VEC_UD, 0);
}

TEST_F(inject, an_event_is_delivered_once)
{
	inject(&self->l1, INTR_HARD(VEC_UD), 0, 0);
	expect_delivered(VEC_UD, 0);
	l1_load(&self->l1, nop);
	if (variant->mode == L2_REAL) {
		l1_write(&self->l1, GUEST_CS_SELECTOR, 0);
		l1_write(&self->l1, GUEST_CS_BASE, 0);
	}
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(-1, l1_vector(&self->l1));
}

TEST_F(inject, the_interrupted_code_goes_on_after_iret)
{
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	inject(&self->l1, INTR_EXT | 0x55, 0, 0);
	expect_delivered(0x55, 0);
	l1_skip(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(-1, l1_vector(&self->l1));
	EXPECT_EQ(L1_CODE + 1, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(L1_STACK, l1_read(&self->l1, GUEST_RSP));
	EXPECT_NE(0, l1_read(&self->l1, GUEST_RFLAGS) & RFLAGS_IF);
}

TEST_F(inject, an_injected_event_is_not_lost_by_an_interrupted_call)
{
	inject(&self->l1, INTR_HARD(VEC_UD), 0, 0);
	self->l1.run->immediate_exit = 1;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	self->l1.run->immediate_exit = 0;
	expect_delivered(VEC_UD, 0);
}

TEST_F(inject, a_fault_during_delivery_exits_with_idt_vectoring)
{
	/* Where one page can be taken away. */
	if (variant->mode != L2_64 && variant->mode != L2_PAE)
		return;
	*l1_pte(&self->l1, NOT_PRESENT) = 0;
	l1_write(&self->l1, GUEST_IDTR_BASE, NOT_PRESENT);
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_PF));
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	inject(&self->l1, INTR_EXT | 0x55, 0, 0);
	l1_run_until(&self->l1, EXIT_EXCEPTION);
	EXPECT_EQ(INTR_HARD_EC(VEC_PF), self->l1.run->intr_info);
	EXPECT_EQ(INTR_EXT | 0x55, self->l1.run->idt_vectoring_info);
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(inject, a_fault_with_error_code_during_delivery_gives_that_code)
{
	if (variant->mode != L2_64)
		return;
	*l1_pte(&self->l1, NOT_PRESENT) = 0;
	l1_write(&self->l1, GUEST_IDTR_BASE, NOT_PRESENT);
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_PF));
	inject(&self->l1, INTR_HARD_EC(VEC_NP), 0x77, 0);
	l1_run_until(&self->l1, EXIT_EXCEPTION);
	EXPECT_EQ(INTR_HARD_EC(VEC_NP), self->l1.run->idt_vectoring_info);
	EXPECT_EQ(0x77, self->l1.run->idt_vectoring_error_code);
}

TEST_F(inject, a_pending_mtf_exits_without_an_instruction)
{
	if (!l1_can(&self->l1, CAPS_PROC, PROC_MTF))
		SKIP(return, "no monitor trap flag");
	inject(&self->l1, INTR_MTF, 0, 0);
	l1_run_until(&self->l1, EXIT_MTF);
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(inject, an_event_wakes_l2_from_hlt)
{
	if (!(self->l1.info.out_caps.msr[CAPS_MISC] & BIT(6)))
		SKIP(return, "no activity state HLT");
	l1_write(&self->l1, GUEST_ACTIVITY_STATE, 1);
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	inject(&self->l1, INTR_EXT | 0x30, 0, 0);
	expect_delivered(0x30, 0);
	EXPECT_EQ(0, l1_read(&self->l1, GUEST_ACTIVITY_STATE));
}

TEST_HARNESS_MAIN
