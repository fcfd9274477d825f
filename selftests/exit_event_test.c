// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits that events cause: exceptions and the exception bitmap, double and
 * triple faults, windows, monitor trap flag, preemption timer, task switch.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

#define NOT_PRESENT	0x180000	/* a page that L2's tables lack */

FIXTURE(event) {
	struct l1 l1;
};

FIXTURE_VARIANT(event) {
	__u32 profile;
	bool ept;
};

FIXTURE_VARIANT_ADD(event, sdm) {
	.profile = NVMX_PROFILE_SDM,
};

FIXTURE_VARIANT_ADD(event, sdm_ept) {
	.profile = NVMX_PROFILE_SDM,
	.ept = true,
};

FIXTURE_VARIANT_ADD(event, sealed) {
	.profile = NVMX_PROFILE_SEALED,
};

FIXTURE_SETUP(event)
{
	l1_start(&self->l1, variant->profile);
	if (variant->ept && !l1_can(&self->l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	l1_prepare(&self->l1, L2_64);
	if (variant->ept)
		l1_use_ept(&self->l1);
	*l1_pte(&self->l1, NOT_PRESENT) = 0;
	self->l1.run->gpr[NVMX_RBX] = NOT_PRESENT + 0x123;
}

FIXTURE_TEARDOWN(event)
{
	l1_close(&self->l1);
}

L2_CODE(nop);
L2_CODE(ud2);
L2_CODE(int3);
L2_CODE(icebp);
L2_CODE(int41);
L2_CODE(div);
L2_CODE(fninit);
L2_CODE(load);
L2_CODE(store);
L2_CODE(jump);
L2_CODE(single_step);
L2_CODE(data_breakpoint);
L2_CODE(sti);
L2_CODE(spin);
L2_CODE(task_jump);
L2_CODE(task_call);

/* ---- exceptions ---------------------------------------------------------- */

/**
 * struct fault - an instruction that causes an exception
 * @name: for messages
 * @code: the instruction
 * @end: its end
 * @vector: of the exception
 * @intr_info: expected VM-exit interruption information
 * @error_code: expected, where @intr_info has bit 11
 * @length: expected instruction length, 0 where undefined
 * @cr0: bits to set in CR0
 * @address: #PF: the expected linear address; others: RBX, if not 0
 * @trap: the saved RIP points behind the instruction
 */
struct fault {
	const char *name;
	const __u8 *code;
	const __u8 *end;
	unsigned int vector;
	__u32 intr_info;
	__u32 error_code;
	__u32 length;
	__u64 cr0;
	__u64 address;
	bool trap;
};

#define FAULT(n, v)	.name = #n, .code = l2_##n, .end = l2_##n##_end, .vector = v

static const struct fault faults[] = {
	{ FAULT(ud2, VEC_UD), .intr_info = INTR_HARD(VEC_UD) },
	{ FAULT(int3, VEC_BP), .intr_info = INTR_SOFT_EXC(VEC_BP), .length = 1,
	  .trap = true },
	{ FAULT(icebp, VEC_DB), .intr_info = INTR_PRIV_SOFT(VEC_DB), .length = 1,
	  .trap = true },
	{ FAULT(div, VEC_DE), .intr_info = INTR_HARD(VEC_DE) },
	{ FAULT(fninit, VEC_NM), .intr_info = INTR_HARD(VEC_NM), .cr0 = CR0_TS },
	{ FAULT(load, VEC_GP), .intr_info = INTR_HARD_EC(VEC_GP),
	  .address = 1ULL << 62 },
	{ FAULT(load, VEC_PF), .intr_info = INTR_HARD_EC(VEC_PF), .error_code = 0,
	  .address = NOT_PRESENT + 0x123 },
	{ FAULT(store, VEC_PF), .intr_info = INTR_HARD_EC(VEC_PF), .error_code = 2,
	  .address = NOT_PRESENT + 0x123 },
	/* L1's EFER.NXE is 1: a fetch says so. */
	{ FAULT(jump, VEC_PF), .intr_info = INTR_HARD_EC(VEC_PF), .error_code = 0x10,
	  .address = NOT_PRESENT + 0x123 },
};

static void load_fault(struct l1 *l1, const struct fault *f)
{
	l1_load_code(l1, f->code, f->end - f->code);
	l1_write(l1, GUEST_CR0, l1_read(l1, GUEST_CR0) | f->cr0);
	l1_write(l1, GUEST_RSP, L1_STACK);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED);
	l1_write(l1, GUEST_INTERRUPTIBILITY_INFO, 0);
	l1->run->gpr[NVMX_RCX] = 0;
	if (f->address)
		l1->run->gpr[NVMX_RBX] = f->address;
}

TEST_F(event, an_exception_in_the_bitmap_exits)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		const struct fault *f = &faults[i];
		__u64 rip = f->code == l2_jump ? f->address : L1_CODE;

		l1_write(l1, EXCEPTION_BITMAP, BIT(f->vector));
		load_fault(l1, f);
		EXPECT_EQ(EXIT_EXCEPTION, l1_run_exit(l1))
			TH_LOG("%s", f->name);
		EXPECT_EQ(f->intr_info, l1->run->intr_info)
			TH_LOG("%s", f->name);
		if (f->intr_info & BIT(11)) {
			EXPECT_EQ(f->error_code, l1->run->intr_error_code)
				TH_LOG("%s", f->name);
		}
		if (f->length) {
			EXPECT_EQ(f->length, l1->run->instruction_len)
				TH_LOG("%s", f->name);
		}
		if (f->vector == VEC_PF) {
			EXPECT_EQ(f->address, l1->run->qualification)
				TH_LOG("%s", f->name);
		}
		EXPECT_EQ(rip, l1_read(l1, GUEST_RIP))
			TH_LOG("%s", f->name);
		EXPECT_EQ(NVMX_RULE_EXCEPTION_BITMAP, l1->run->deciding_rule)
			TH_LOG("%s", f->name);
	}
}

TEST_F(event, an_exception_not_in_the_bitmap_goes_to_l2)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(faults); i++) {
		const struct fault *f = &faults[i];
		bool has_code = f->intr_info & BIT(11);
		__u64 rip = f->code == l2_jump ? f->address : L1_CODE;
		const __u64 *frame;

		l1_write(l1, EXCEPTION_BITMAP, 0xffffffffULL & ~BIT(f->vector));
		load_fault(l1, f);
		EXPECT_EQ(EXIT_VMCALL, l1_run_exit(l1))
			TH_LOG("%s", f->name);
		EXPECT_EQ(f->vector, l1_vector(l1))
			TH_LOG("%s", f->name);
		frame = l1_ptr(l1, l1_read(l1, GUEST_RSP) & (L1_MEM_BYTES - 1));
		if (has_code) {
			EXPECT_EQ(f->error_code, *frame++)
				TH_LOG("%s", f->name);
		}
		EXPECT_EQ(rip + f->trap, frame[0])
			TH_LOG("%s", f->name);
		EXPECT_EQ(L1_SEL_CODE, frame[1]);
	}
}

TEST_F(event, a_page_fault_of_l2_sets_its_cr2)
{
	struct nvmx_l2 l2;

	l1_load(&self->l1, load);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_PF, l1_vector(&self->l1));
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(NOT_PRESENT + 0x123, l2.cr2);
}

TEST_F(event, a_page_fault_that_exits_leaves_cr2)
{
	struct nvmx_l2 l2;

	test_get_l2(self->l1.fd, &l2);
	l2.cr2 = 0x9999;
	test_set_l2(self->l1.fd, &l2);
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_PF));
	l1_load(&self->l1, load);
	l1_run_until(&self->l1, EXIT_EXCEPTION);
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(0x9999, l2.cr2);
}

/* Error codes of the two accesses: load 0, store 2. */
TEST_F(event, page_faults_are_selected_by_mask_and_match)
{
	static const struct {
		__u32 bitmap, mask, match;
		bool load_exits, store_exits;
	} cases[] = {
		{ 0, 0, 0, false, false },
		{ BIT(VEC_PF), 0, 0, true, true },
		{ BIT(VEC_PF), 2, 2, false, true },
		{ BIT(VEC_PF), 2, 0, true, false },
		{ 0, 2, 2, true, false },
		{ 0, 2, 0, false, true },
		{ 0, 0, 1, true, true },
		{ BIT(VEC_PF), 0, 1, false, false },
		{ BIT(VEC_PF), ~0U, 0, true, false },
	};
	struct l1 *l1 = &self->l1;
	size_t i, store;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		for (store = 0; store < 2; store++) {
			bool exits = store ? cases[i].store_exits : cases[i].load_exits;
			bool match = ((store ? 2 : 0) & cases[i].mask) == cases[i].match;

			l1_write(l1, EXCEPTION_BITMAP, cases[i].bitmap);
			l1_write(l1, PAGE_FAULT_ERROR_CODE_MASK, cases[i].mask);
			l1_write(l1, PAGE_FAULT_ERROR_CODE_MATCH, cases[i].match);
			load_fault(l1, &faults[6 + store]);
			EXPECT_EQ(exits ? EXIT_EXCEPTION : EXIT_VMCALL, l1_run_exit(l1))
				TH_LOG("case %zu, %s", i, store ? "store" : "load");
			if (exits) {
				EXPECT_EQ(match ? NVMX_RULE_EXCEPTION_BITMAP :
					  NVMX_RULE_PAGE_FAULT_PFEC,
					  l1->run->deciding_rule);
			}
		}
	}
}

TEST_F(event, a_software_interrupt_is_not_subject_to_the_bitmap)
{
	l1_write(&self->l1, EXCEPTION_BITMAP, 0xffffffff & ~BIT(VEC_PF));
	l1_load(&self->l1, int41);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0x41, l1_vector(&self->l1));
}

/* ---- #DB, which L0 always intercepts -------------------------------------- */

TEST_F(event, single_step_of_l2_reaches_l2_with_dr6)
{
	struct nvmx_l2 l2;

	l1_load(&self->l1, single_step);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_DB, l1_vector(&self->l1));
	test_get_l2(self->l1.fd, &l2);
	EXPECT_NE(0, l2.dr6 & BIT(14));
	EXPECT_EQ(0, l2.dr6 & 15);
}

TEST_F(event, single_step_that_l1_asked_for_exits_with_bs)
{
	struct nvmx_l2 l2;

	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_DB));
	l1_load(&self->l1, single_step);
	l1_run_until(&self->l1, EXIT_EXCEPTION);
	EXPECT_EQ(INTR_HARD(VEC_DB), self->l1.run->intr_info);
	EXPECT_EQ(BIT(14), self->l1.run->qualification);
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(0, l2.dr6 & BIT(14));
}

TEST_F(event, a_data_breakpoint_of_l2_reaches_l2)
{
	struct nvmx_l2 l2;

	self->l1.run->gpr[NVMX_RAX] = 0x10401;	/* L0, write, 1 byte */
	self->l1.run->gpr[NVMX_RBX] = L1_DATA;
	l1_load(&self->l1, data_breakpoint);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_DB, l1_vector(&self->l1));
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(1, l2.dr6 & 15);
	EXPECT_EQ(L1_DATA, l2.dr[0]);
	EXPECT_EQ(0x10401, l1_read(&self->l1, GUEST_DR7));
}

TEST_F(event, a_data_breakpoint_that_l1_asked_for_exits_with_b0)
{
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_DB));
	self->l1.run->gpr[NVMX_RAX] = 0x10401;
	self->l1.run->gpr[NVMX_RBX] = L1_DATA;
	l1_load(&self->l1, data_breakpoint);
	l1_run_until(&self->l1, EXIT_EXCEPTION);
	EXPECT_EQ(1, self->l1.run->qualification & 15);
}

/* ---- faults on delivery ----------------------------------------------------- */

TEST_F(event, a_triple_fault_exits)
{
	l1_write(&self->l1, GUEST_IDTR_LIMIT, 0);
	l1_load(&self->l1, ud2);
	l1_run_until(&self->l1, EXIT_TRIPLE_FAULT);
	EXPECT_EQ(NVMX_RULE_UNCONDITIONAL, self->l1.run->deciding_rule);
	EXPECT_EQ(0, self->l1.run->qualification);
	EXPECT_EQ(0, self->l1.run->idt_vectoring_info & BIT(31));
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(event, a_triple_fault_after_an_exit_that_l0_keeps_exits_too)
{
	/* #DB is L0's; its delivery fails three times. */
	l1_write(&self->l1, GUEST_IDTR_LIMIT, 0);
	l1_load(&self->l1, icebp);
	l1_run_until(&self->l1, EXIT_TRIPLE_FAULT);
}

TEST_F(event, a_double_fault_exits_without_idt_vectoring)
{
	struct l1 *l1 = &self->l1;
	__u64 *idt = l1_ptr(l1, L1_IDT);

	idt[2 * VEC_GP] = 0;
	l1_write(l1, EXCEPTION_BITMAP, BIT(VEC_DF));
	l1_load(l1, load);
	l1->run->gpr[NVMX_RBX] = 1ULL << 62;
	l1_run_until(l1, EXIT_EXCEPTION);
	EXPECT_EQ(INTR_HARD_EC(VEC_DF), l1->run->intr_info);
	EXPECT_EQ(0, l1->run->intr_error_code);
	EXPECT_EQ(0, l1->run->idt_vectoring_info & BIT(31));
}

TEST_F(event, an_exception_during_delivery_exits_with_the_first_one)
{
	struct l1 *l1 = &self->l1;

	/* The IDT is not mapped: delivery of #UD causes #PF. */
	l1_write(l1, GUEST_IDTR_BASE, NOT_PRESENT);
	l1_write(l1, EXCEPTION_BITMAP, BIT(VEC_PF));
	l1_load(l1, ud2);
	l1_run_until(l1, EXIT_EXCEPTION);
	EXPECT_EQ(INTR_HARD_EC(VEC_PF), l1->run->intr_info);
	EXPECT_EQ(NOT_PRESENT + 16 * VEC_UD, l1->run->qualification & ~15ULL);
	EXPECT_EQ(INTR_HARD(VEC_UD), l1->run->idt_vectoring_info);
	EXPECT_EQ(INTR_HARD(VEC_UD), l1_read(l1, IDT_VECTORING_INFO_FIELD));
}

TEST_F(event, a_fault_in_delivery_of_a_software_interrupt_gives_its_length)
{
	struct l1 *l1 = &self->l1;

	l1_write(l1, GUEST_IDTR_BASE, NOT_PRESENT);
	l1_write(l1, EXCEPTION_BITMAP, BIT(VEC_PF));
	l1_load(l1, int41);
	l1_run_until(l1, EXIT_EXCEPTION);
	EXPECT_EQ(INTR_SOFT(0x41), l1->run->idt_vectoring_info);
	EXPECT_EQ(2, l1->run->instruction_len);
	EXPECT_EQ(L1_CODE, l1_read(l1, GUEST_RIP));
}

/* ---- windows, traps, timer -------------------------------------------------- */

TEST_F(event, an_open_interrupt_window_exits_before_an_instruction)
{
	struct l1 *l1 = &self->l1;

	l1_set_control(l1, CAPS_PROC, PROC_INTR_WINDOW);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	l1_load(l1, nop);
	l1_run_until(l1, EXIT_INTR_WINDOW);
	EXPECT_EQ(NVMX_RULE_PROC(2), l1->run->deciding_rule);
	EXPECT_EQ(L1_CODE, l1_read(l1, GUEST_RIP));
}

TEST_F(event, an_interrupt_window_opens_after_sti_and_one_instruction)
{
	struct l1 *l1 = &self->l1;

	l1_set_control(l1, CAPS_PROC, PROC_INTR_WINDOW);
	l1_load(l1, sti);
	l1_run_until(l1, EXIT_INTR_WINDOW);
	EXPECT_EQ(L1_CODE + 2, l1_read(l1, GUEST_RIP));
}

TEST_F(event, a_closed_interrupt_window_does_not_exit)
{
	l1_set_control(&self->l1, CAPS_PROC, PROC_INTR_WINDOW);
	l1_load(&self->l1, nop);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(event, blocking_by_sti_closes_the_interrupt_window)
{
	struct l1 *l1 = &self->l1;

	l1_set_control(l1, CAPS_PROC, PROC_INTR_WINDOW);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	l1_write(l1, GUEST_INTERRUPTIBILITY_INFO, 1);
	l1_load(l1, nop);
	l1_run_until(l1, EXIT_INTR_WINDOW);
	EXPECT_EQ(L1_CODE + 1, l1_read(l1, GUEST_RIP));
}

TEST_F(event, an_open_nmi_window_exits)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_VNMI) || !l1_can(l1, CAPS_PROC, PROC_NMI_WINDOW))
		SKIP(return, "no virtual NMIs");
	l1_unblock_nmis(l1);
	l1_set_control(l1, CAPS_PIN, PIN_NMI | PIN_VNMI);
	l1_set_control(l1, CAPS_PROC, PROC_NMI_WINDOW);
	l1_load(l1, nop);
	l1_run_until(l1, EXIT_NMI_WINDOW);
	EXPECT_EQ(NVMX_RULE_PROC(22), l1->run->deciding_rule);
	EXPECT_EQ(L1_CODE, l1_read(l1, GUEST_RIP));
}

TEST_F(event, the_nmi_window_is_closed_by_blocking_and_opened_by_iret)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_VNMI) || !l1_can(l1, CAPS_PROC, PROC_NMI_WINDOW))
		SKIP(return, "no virtual NMIs");
	l1_unblock_nmis(l1);
	l1_set_control(l1, CAPS_PIN, PIN_NMI | PIN_VNMI);
	l1_set_control(l1, CAPS_PROC, PROC_NMI_WINDOW);
	l1_write(l1, GUEST_INTERRUPTIBILITY_INFO, 8);
	l1_iret_frame(l1, L1_CODE, L1_STACK);
	/* VMCALL, IRET. */
	l1_write(l1, GUEST_RIP, L1_HANDLERS);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(8, l1_read(l1, GUEST_INTERRUPTIBILITY_INFO));
	l1_skip(l1);
	l1_run_until(l1, EXIT_NMI_WINDOW);
	EXPECT_EQ(L1_CODE, l1_read(l1, GUEST_RIP));
	EXPECT_EQ(0, l1_read(l1, GUEST_INTERRUPTIBILITY_INFO));
}

/*
 * Run code with the flag on.  Bochs 2.7 has the control and ignores it: so
 * vmcs02 is looked at, too.
 */
#define run_with_mtf(code)						\
	do {								\
		struct nvmx_peek peek;					\
									\
		if (!l1_can(&self->l1, CAPS_PROC, PROC_MTF))		\
			SKIP(return, "no monitor trap flag");		\
		l1_set_control(&self->l1, CAPS_PROC, PROC_MTF);		\
		memcpy(l1_ptr(&self->l1, L1_CODE), code, sizeof(code));	\
		l1_run_exit(&self->l1);					\
		test_peek(self->l1.fd, NVMX_PEEK_VMCS02,		\
			  CPU_BASED_VM_EXEC_CONTROL, &peek);		\
		EXPECT_NE(0, peek.out_value & PROC_MTF);		\
		if (self->l1.run->exit_reason == EXIT_VMCALL)		\
			SKIP(return, "the processor ignores the monitor trap flag"); \
		EXPECT_EQ(EXIT_MTF, self->l1.run->exit_reason);		\
		EXPECT_EQ(NVMX_RULE_PROC(27), self->l1.run->deciding_rule); \
	} while (0)

TEST_F(event, the_monitor_trap_flag_exits_after_one_instruction)
{
	static const __u8 nop_vmcall[] = { 0x90, 0x0f, 0x01, 0xc1 };

	run_with_mtf(nop_vmcall);
	EXPECT_EQ(L1_CODE + 1, l1_read(&self->l1, GUEST_RIP));
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(event, the_monitor_trap_flag_follows_an_exit_that_l0_keeps)
{
	static const __u8 wbinvd_nop_vmcall[] = { 0x0f, 0x09, 0x90, 0x0f, 0x01, 0xc1 };

	run_with_mtf(wbinvd_nop_vmcall);
	EXPECT_EQ(L1_CODE + 2, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(event, the_preemption_timer_ends_a_loop)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_TIMER))
		SKIP(return, "no VMX-preemption timer");
	l1_set_control(l1, CAPS_PIN, PIN_TIMER);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 1000);
	l1_load(l1, spin);
	l1_run_until(l1, EXIT_TIMER);
	EXPECT_EQ(NVMX_RULE_PIN(6), l1->run->deciding_rule);
	EXPECT_LT(0, l1->run->gpr[NVMX_RAX]);
	/* Not saved without the control. */
	EXPECT_EQ(1000, l1_read(l1, VMX_PREEMPTION_TIMER_VALUE));
}

TEST_F(event, a_preemption_timer_of_0_exits_before_an_instruction)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_TIMER))
		SKIP(return, "no VMX-preemption timer");
	l1_set_control(l1, CAPS_PIN, PIN_TIMER);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 0);
	l1_load(l1, spin);
	l1_run_until(l1, EXIT_TIMER);
	EXPECT_EQ(0, l1->run->gpr[NVMX_RAX]);
	EXPECT_EQ(L1_CODE, l1_read(l1, GUEST_RIP));
}

TEST_F(event, the_preemption_timer_is_saved_on_request)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_TIMER) || !l1_can(l1, CAPS_EXIT, EXIT_SAVE_TIMER))
		SKIP(return, "no VMX-preemption timer");
	l1_set_control(l1, CAPS_PIN, PIN_TIMER);
	l1_set_control(l1, CAPS_EXIT, EXIT_SAVE_TIMER);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 0xf0000000);
	l1_load(l1, nop);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_GE(0xf0000000, l1_read(l1, VMX_PREEMPTION_TIMER_VALUE));
	EXPECT_LT(0x80000000, l1_read(l1, VMX_PREEMPTION_TIMER_VALUE));
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 1000);
	l1_load(l1, spin);
	l1_run_until(l1, EXIT_TIMER);
	EXPECT_EQ(0, l1_read(l1, VMX_PREEMPTION_TIMER_VALUE));
}

/* ---- task switch ------------------------------------------------------------ */

TEST_F(event, a_task_switch_always_exits)
{
	struct l1 *l1 = &self->l1;

	l1_prepare(l1, L2_32);
	if (variant->ept)
		l1_use_ept(l1);
	l1_load(l1, task_jump);
	l1_run_until(l1, EXIT_TASK_SWITCH);
	EXPECT_EQ(NVMX_RULE_UNCONDITIONAL, l1->run->deciding_rule);
	EXPECT_EQ(2ULL << 30 | L1_SEL_TSS2, l1->run->qualification);
	EXPECT_EQ(7, l1->run->instruction_len);
	l1_load(l1, task_call);
	l1_run_until(l1, EXIT_TASK_SWITCH);
	EXPECT_EQ(0ULL << 30 | L1_SEL_TSS2, l1->run->qualification);
}

TEST_F(event, a_task_switch_by_a_task_gate_gives_the_vector)
{
	struct l1 *l1 = &self->l1;
	__u64 *idt;

	l1_prepare(l1, L2_32);
	if (variant->ept)
		l1_use_ept(l1);
	idt = l1_ptr(l1, L1_IDT);
	idt[VEC_UD] = (__u64)L1_SEL_TSS2 << 16 | 0x850000000000ULL;
	memcpy(l1_ptr(l1, L1_CODE), "\x0f\x0b", 2);
	l1_run_until(l1, EXIT_TASK_SWITCH);
	EXPECT_EQ(3ULL << 30 | L1_SEL_TSS2, l1->run->qualification);
	EXPECT_EQ(INTR_HARD(VEC_UD), l1->run->idt_vectoring_info);
}

TEST_HARNESS_MAIN
