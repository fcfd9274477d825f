// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of L1's machine: interrupts, NMIs, INIT and start-up IPIs that follow
 * L1's pin-based controls, in the order of the SDM.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/time.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

#define HLT		1
#define SHUTDOWN	2
#define WAIT_SIPI	3

#define BY_STI		BIT(0)
#define BY_MOV_SS	BIT(1)
#define BY_NMI		BIT(3)

#define INTERRUPT(l1, vector)	nvmx_event((l1)->fd, NVMX_EVENT_INTERRUPT, vector)
#define NMI(l1)			nvmx_event((l1)->fd, NVMX_EVENT_NMI, 0)
#define INIT(l1)		nvmx_event((l1)->fd, NVMX_EVENT_INIT, 0)
#define SIPI(l1, vector)	nvmx_event((l1)->fd, NVMX_EVENT_SIPI, vector)

FIXTURE(event) {
	struct l1 l1;
	struct nvmx_state state;
};

FIXTURE_VARIANT(event) {
	__u32 profile;
	bool ept;
};

FIXTURE_VARIANT_ADD(event, sdm) {
	.profile = NVMX_PROFILE_SDM,
};

FIXTURE_VARIANT_ADD(event, sealed_ept) {
	.profile = NVMX_PROFILE_SEALED,
	.ept = true,
};

L2_CODE(nop);
L2_CODE(hlt);
L2_CODE(sti);
L2_CODE(sti_hlt);
L2_CODE(spin);
L2_CODE(mov_to_cr8);
L2_CODE(vmcall_loop);
L2_CODE(step_hlt);
L2_CODE(store_nop);
L2_CODE(load32);

FIXTURE_SETUP(event)
{
	struct l1 *l1 = &self->l1;

	l1_start(l1, variant->profile);
	l1_prepare(l1, L2_64);
	if (variant->ept && l1_can(l1, CAPS_PROC2, PROC2_EPT))
		l1_use_ept(l1);
	l1_unblock_nmis(l1);
	l1_load(l1, nop);
}

FIXTURE_TEARDOWN(event)
{
	l1_close(&self->l1);
}

/* L1 asks for the events of @pins. */
static void ask(struct l1 *l1, __u64 pins)
{
	l1_set_control(l1, CAPS_PIN, pins);
}

static void set_if(struct l1 *l1)
{
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
}

static bool has_activity(struct l1 *l1, unsigned int state)
{
	return l1->info.out_caps.msr[CAPS_MISC] & BIT(5 + state);
}

/* An exit that no instruction caused has nothing but what is named here. */
#define expect_exit(number, qual, info)					\
	do {								\
		struct nvmx_run *run = self->l1.run;			\
									\
		ASSERT_EQ(number, l1_run_exit(&self->l1));		\
		EXPECT_EQ(qual, run->qualification);			\
		EXPECT_EQ(info, run->intr_info);			\
		EXPECT_EQ(0, run->intr_error_code);			\
		EXPECT_EQ(0, run->idt_vectoring_info & BIT(31));	\
		EXPECT_EQ(number, l1_read(&self->l1, VM_EXIT_REASON));	\
		EXPECT_EQ(qual, l1_read(&self->l1, EXIT_QUALIFICATION)); \
		EXPECT_EQ(info, l1_read(&self->l1, VM_EXIT_INTR_INFO));	\
		EXPECT_EQ(0, l1_read(&self->l1, IDT_VECTORING_INFO_FIELD) & BIT(31)); \
	} while (0)

#define expect_rip(rip)		EXPECT_EQ(rip, l1_read(&self->l1, GUEST_RIP))
#define expect_activity(state)	\
	EXPECT_EQ(state, l1_read(&self->l1, GUEST_ACTIVITY_STATE))

/* L2's handler of @vec runs, and would return to @rip. */
#define expect_delivered(vec, rip)					\
	do {								\
		ASSERT_EQ(EXIT_VMCALL, l1_run_exit(&self->l1));		\
		EXPECT_EQ(vec, l1_vector(&self->l1));			\
		EXPECT_EQ(rip, *(__u64 *)l1_ptr(&self->l1,		\
			  l1_read(&self->l1, GUEST_RSP) & (L1_MEM_BYTES - 1))); \
	} while (0)

/* L2 gets to its VMCALL at @rip, undisturbed. */
#define expect_undisturbed(rip)						\
	do {								\
		ASSERT_EQ(EXIT_VMCALL, l1_run_exit(&self->l1));		\
		EXPECT_EQ(-1, l1_vector(&self->l1));			\
		expect_rip(rip);					\
	} while (0)

#define expect_pending(vector, nmis, init)				\
	do {								\
		test_get_state(self->l1.fd, &self->state);		\
		EXPECT_EQ((vector) ? BIT((vector) % 64) : 0,		\
			  self->state.out_interrupts[(vector) / 64]);	\
		EXPECT_EQ(nmis, self->state.out_nmis);			\
		EXPECT_EQ(init, self->state.out_init);			\
	} while (0)

/* ---- external interrupts ----------------------------------------------------- */

TEST_F(event, an_interrupt_that_l1_asked_for_exits_whatever_if_is)
{
	struct l1 *l1 = &self->l1;

	ask(l1, PIN_EXT_INTR);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	expect_exit(EXIT_EXT_INTR, 0, 0);
	EXPECT_EQ(NVMX_RULE_PIN(0), l1->run->deciding_rule);
	expect_rip(L1_CODE);
	expect_activity(0);
	/* It was not acknowledged: again. */
	expect_pending(0x61, 0, 0);
	set_if(l1);
	expect_exit(EXIT_EXT_INTR, 0, 0);
	EXPECT_EQ(0x61, nvmx_take_event(l1->fd, NVMX_EVENT_INTERRUPT));
	expect_undisturbed(L1_CODE + 1);
}

TEST_F(event, an_interrupt_is_acknowledged_on_exit_on_request)
{
	struct l1 *l1 = &self->l1;

	ask(l1, PIN_EXT_INTR);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	expect_exit(EXIT_EXT_INTR, 0, INTR_EXT | 0x61);
	expect_rip(L1_CODE);
	expect_pending(0, 0, 0);
	expect_undisturbed(L1_CODE + 1);
}

TEST_F(event, interrupts_come_in_descending_order_of_vectors)
{
	static const __u8 posted[] = { 0x31, 0xff, 0x10, 0x80, 0x31 };
	static const __u8 seen[] = { 0xff, 0x80, 0x31, 0x10 };
	struct l1 *l1 = &self->l1;
	size_t i;

	ask(l1, PIN_EXT_INTR);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR);
	for (i = 0; i < ARRAY_LEN(posted); i++)
		ASSERT_EQ(0, INTERRUPT(l1, posted[i]));
	for (i = 0; i < ARRAY_LEN(seen); i++)
		expect_exit(EXIT_EXT_INTR, 0, INTR_EXT | seen[i]);
	expect_undisturbed(L1_CODE + 1);
}

TEST_F(event, an_interrupt_that_l1_did_not_ask_for_goes_through_l2s_idt)
{
	struct l1 *l1 = &self->l1;

	set_if(l1);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	expect_delivered(0x61, L1_CODE);
	EXPECT_EQ(0, l1_read(l1, GUEST_RFLAGS) & RFLAGS_IF);
	expect_pending(0, 0, 0);
	l1_skip(l1);
	expect_undisturbed(L1_CODE + 1);
}

TEST_F(event, an_interrupt_waits_for_if)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_peek peek;

	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	expect_undisturbed(L1_CODE + 1);
	expect_pending(0x61, 0, 0);
	l1_load(l1, sti);
	expect_delivered(0x61, L1_CODE + 2);
	/* L0 has no use for the window any more. */
	l1_skip(l1);
	l1_run_until(l1, EXIT_VMCALL);
	test_peek(l1->fd, NVMX_PEEK_VMCS02, CPU_BASED_VM_EXEC_CONTROL, &peek);
	EXPECT_EQ(0, peek.out_value & PROC_INTR_WINDOW);
}

TEST_F(event, an_interrupt_waits_behind_sti_and_mov_ss)
{
	static const __u64 blocking[] = { BY_STI, BY_MOV_SS };
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(blocking); i++) {
		set_if(l1);
		l1_write(l1, GUEST_INTERRUPTIBILITY_INFO, blocking[i]);
		l1_write(l1, GUEST_RSP, L1_STACK);
		l1_load(l1, nop);
		ASSERT_EQ(0, INTERRUPT(l1, 0x61));
		expect_delivered(0x61, L1_CODE + 1);
	}
}

TEST_F(event, l1s_tpr_holds_interrupts_back)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_l2 l2;

	test_get_l2(l1->fd, &l2);
	l2.cr8 = 6;
	test_set_l2(l1->fd, &l2);
	ask(l1, PIN_EXT_INTR);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR);
	ASSERT_EQ(0, INTERRUPT(l1, 0x6f));
	EXPECT_EQ(-ENOENT, nvmx_take_event(l1->fd, NVMX_EVENT_INTERRUPT));
	expect_undisturbed(L1_CODE + 1);
	ASSERT_EQ(0, INTERRUPT(l1, 0x70));
	expect_exit(EXIT_EXT_INTR, 0, INTR_EXT | 0x70);
	/* L2 lowers it. */
	l1->run->gpr[NVMX_RAX] = 5;
	l1_load(l1, mov_to_cr8);
	expect_exit(EXIT_EXT_INTR, 0, INTR_EXT | 0x6f);
	expect_rip(L1_CODE + l2_mov_to_cr8_end - l2_mov_to_cr8 - 3);
}

/* ---- NMIs ---------------------------------------------------------------------- */

TEST_F(event, an_nmi_that_l1_asked_for_exits)
{
	struct l1 *l1 = &self->l1;

	ask(l1, PIN_NMI);
	ASSERT_EQ(0, NMI(l1));
	expect_exit(EXIT_EXCEPTION, 0, INTR_NMI);
	EXPECT_EQ(NVMX_RULE_PIN(3), l1->run->deciding_rule);
	EXPECT_EQ(0, l1_read(l1, GUEST_INTERRUPTIBILITY_INFO));
	expect_rip(L1_CODE);
	expect_undisturbed(L1_CODE + 1);
}

TEST_F(event, an_nmi_that_l1_did_not_ask_for_blocks_the_next_until_iret)
{
	struct l1 *l1 = &self->l1;

	ASSERT_EQ(0, NMI(l1));
	expect_delivered(VEC_NMI, L1_CODE);
	EXPECT_EQ(BY_NMI, l1_read(l1, GUEST_INTERRUPTIBILITY_INFO));
	/* Of those that come now one is latched. */
	ASSERT_EQ(0, NMI(l1));
	ASSERT_EQ(0, NMI(l1));
	ASSERT_EQ(0, NMI(l1));
	l1_skip(l1);
	expect_delivered(VEC_NMI, L1_CODE);
	l1_skip(l1);
	expect_undisturbed(L1_CODE + 1);
	EXPECT_EQ(0, l1_read(l1, GUEST_INTERRUPTIBILITY_INFO));
}

TEST_F(event, an_nmi_waits_behind_mov_ss)
{
	l1_write(&self->l1, GUEST_INTERRUPTIBILITY_INFO, BY_MOV_SS);
	ASSERT_EQ(0, NMI(&self->l1));
	expect_delivered(VEC_NMI, L1_CODE + 1);
}

TEST_F(event, with_virtual_nmis_blocking_does_not_hold_an_nmi_of_l1_back)
{
	struct l1 *l1 = &self->l1;

	ask(l1, PIN_NMI | PIN_VNMI);
	l1_write(l1, GUEST_INTERRUPTIBILITY_INFO, BY_NMI);
	ASSERT_EQ(0, NMI(l1));
	expect_exit(EXIT_EXCEPTION, 0, INTR_NMI);
	EXPECT_EQ(BY_NMI, l1_read(l1, GUEST_INTERRUPTIBILITY_INFO));
}

TEST_F(event, without_virtual_nmis_blocking_holds_an_nmi_of_l1_back)
{
	struct l1 *l1 = &self->l1;

	ask(l1, PIN_NMI);
	l1_write(l1, GUEST_INTERRUPTIBILITY_INFO, BY_NMI);
	ASSERT_EQ(0, NMI(l1));
	expect_undisturbed(L1_CODE + 1);
	expect_pending(0, 1, 0);
	l1_write(l1, GUEST_INTERRUPTIBILITY_INFO, 0);
	expect_exit(EXIT_EXCEPTION, 0, INTR_NMI);
}

/* ---- INIT and start-up IPI ------------------------------------------------------- */

TEST_F(event, init_exits)
{
	struct l1 *l1 = &self->l1;

	ASSERT_EQ(0, INIT(l1));
	ASSERT_EQ(0, INIT(l1));
	expect_pending(0, 0, 1);
	expect_exit(EXIT_INIT, 0, 0);
	EXPECT_EQ(NVMX_RULE_UNCONDITIONAL, l1->run->deciding_rule);
	expect_rip(L1_CODE);
	expect_pending(0, 0, 0);
	expect_undisturbed(L1_CODE + 1);
}

TEST_F(event, in_wait_for_sipi_only_a_start_up_ipi_exits)
{
	struct l1 *l1 = &self->l1;

	if (!has_activity(l1, WAIT_SIPI))
		SKIP(return, "no activity state wait-for-SIPI");
	ask(l1, PIN_EXT_INTR | PIN_NMI);
	l1_write(l1, GUEST_ACTIVITY_STATE, WAIT_SIPI);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	ASSERT_EQ(0, NMI(l1));
	ASSERT_EQ(0, INIT(l1));
	/* L1 runs: nobody waits. */
	ASSERT_EQ(0, SIPI(l1, 0x11));
	l1->run->immediate_exit = 1;
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	l1->run->immediate_exit = 0;
	test_get_state(l1->fd, &self->state);
	EXPECT_EQ(WAIT_SIPI, self->state.out_activity);
	ASSERT_EQ(0, SIPI(l1, 0x9a));
	expect_exit(EXIT_SIPI, 0x9a, 0);
	EXPECT_EQ(NVMX_RULE_WAIT_FOR_SIPI, l1->run->deciding_rule);
	expect_activity(WAIT_SIPI);
	/* What was blocked is still there. */
	l1_write(l1, GUEST_ACTIVITY_STATE, 0);
	expect_exit(EXIT_INIT, 0, 0);
	expect_exit(EXIT_EXCEPTION, 0, INTR_NMI);
	expect_exit(EXIT_EXT_INTR, 0, 0);
}

TEST_F(event, a_start_up_ipi_that_nobody_waits_for_is_lost)
{
	struct l1 *l1 = &self->l1;

	l1->run->immediate_exit = 1;
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	ASSERT_EQ(0, SIPI(l1, 0x11));
	l1->run->immediate_exit = 0;
	expect_undisturbed(L1_CODE + 1);
	if (!has_activity(l1, WAIT_SIPI))
		return;
	l1_write(l1, GUEST_ACTIVITY_STATE, WAIT_SIPI);
	test_kick(l1->fd);
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
}

/* ---- order ----------------------------------------------------------------------- */

TEST_F(event, everything_at_once_comes_in_the_order_of_the_sdm)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_TIMER | PIN_NMI | PIN_VNMI) ||
	    !l1_can(l1, CAPS_PROC, PROC_NMI_WINDOW | PROC_MTF))
		SKIP(return, "not all of them");
	ask(l1, PIN_EXT_INTR | PIN_NMI | PIN_VNMI | PIN_TIMER);
	l1_set_control(l1, CAPS_PROC, PROC_INTR_WINDOW | PROC_NMI_WINDOW);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR);
	l1_write(l1, EXCEPTION_BITMAP, BIT(VEC_DB));
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF | RFLAGS_TF);
	l1_write(l1, GUEST_PENDING_DBG_EXCEPTIONS, BIT(14));
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 0);
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_MTF);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	ASSERT_EQ(0, NMI(l1));
	ASSERT_EQ(0, INIT(l1));

	expect_exit(EXIT_INIT, 0, 0);
	/* The pending MTF VM exit went with it. */
	EXPECT_EQ(0, l1_read(l1, VM_ENTRY_INTR_INFO_FIELD) & BIT(31));
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_MTF);
	expect_exit(EXIT_MTF, 0, 0);
	EXPECT_EQ(NVMX_RULE_MTF_INJECTED, l1->run->deciding_rule);
	/* Bochs 2.7 does not save what is pending behind an MTF VM exit. */
	l1_write(l1, GUEST_PENDING_DBG_EXCEPTIONS, BIT(14));
	expect_exit(EXIT_EXCEPTION, BIT(14), INTR_HARD(VEC_DB));
	l1_write(l1, GUEST_PENDING_DBG_EXCEPTIONS, 0);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	expect_exit(EXIT_TIMER, 0, 0);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 0x7fffffff);
	expect_exit(EXIT_NMI_WINDOW, 0, 0);
	l1_clear_control(l1, CAPS_PROC, PROC_NMI_WINDOW);
	expect_exit(EXIT_EXCEPTION, 0, INTR_NMI);
	expect_exit(EXIT_INTR_WINDOW, 0, 0);
	l1_clear_control(l1, CAPS_PROC, PROC_INTR_WINDOW);
	expect_exit(EXIT_EXT_INTR, 0, INTR_EXT | 0x61);
	expect_rip(L1_CODE);
	expect_undisturbed(L1_CODE + 1);
}

TEST_F(event, an_nmi_and_an_interrupt_are_delivered_one_after_the_other)
{
	struct l1 *l1 = &self->l1;

	set_if(l1);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	ASSERT_EQ(0, NMI(l1));
	expect_delivered(VEC_NMI, L1_CODE);
	l1_skip(l1);
	expect_delivered(0x61, L1_CODE);
	l1_skip(l1);
	expect_undisturbed(L1_CODE + 1);
}

TEST_F(event, l1s_interrupt_window_comes_before_an_interrupt_of_l2)
{
	struct l1 *l1 = &self->l1;

	l1_set_control(l1, CAPS_PROC, PROC_INTR_WINDOW);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	l1_load(l1, sti);
	expect_exit(EXIT_INTR_WINDOW, 0, 0);
	expect_rip(L1_CODE + 2);
	l1_clear_control(l1, CAPS_PROC, PROC_INTR_WINDOW);
	expect_delivered(0x61, L1_CODE + 2);
}

/* ---- with an event that L1 injects ------------------------------------------------ */

TEST_F(event, what_exits_waits_for_the_delivery_of_an_injected_event)
{
	struct l1 *l1 = &self->l1;

	ask(l1, PIN_EXT_INTR);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR);
	set_if(l1);
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_EXT | 0x50);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	expect_exit(EXIT_EXT_INTR, 0, INTR_EXT | 0x61);
	expect_rip(L1_HANDLERS + 0x50 * L1_HANDLER_BYTES);
	EXPECT_EQ(L1_STACK - 40, l1_read(l1, GUEST_RSP));
	EXPECT_EQ(0, l1_read(l1, GUEST_RFLAGS) & RFLAGS_IF);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(0x50, l1_vector(l1));
}

TEST_F(event, waiting_for_a_delivery_leaves_l1s_timer_as_it_is)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_TIMER) || !l1_can(l1, CAPS_EXIT, EXIT_SAVE_TIMER))
		SKIP(return, "no VMX-preemption timer");
	ask(l1, PIN_EXT_INTR | PIN_TIMER);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR | EXIT_SAVE_TIMER);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 0x7fffffff);
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_HARD(VEC_UD));
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	expect_exit(EXIT_EXT_INTR, 0, INTR_EXT | 0x61);
	expect_rip(L1_HANDLERS + VEC_UD * L1_HANDLER_BYTES);
	EXPECT_GE(0x7fffffff, l1_read(l1, VMX_PREEMPTION_TIMER_VALUE));
	EXPECT_LT(0x70000000, l1_read(l1, VMX_PREEMPTION_TIMER_VALUE));
}

TEST_F(event, what_is_delivered_waits_for_the_delivery_of_an_injected_event)
{
	struct l1 *l1 = &self->l1;

	set_if(l1);
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_HARD(VEC_UD));
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	/* The gate clears IF: the handler's IRET opens the window. */
	expect_delivered(VEC_UD, L1_CODE);
	l1_skip(l1);
	expect_delivered(0x61, L1_CODE);
}

TEST_F(event, an_event_between_two_calls_finds_the_delivery_undisturbed)
{
	struct l1 *l1 = &self->l1;

	ask(l1, PIN_EXT_INTR);
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_HARD(VEC_UD));
	l1->run->immediate_exit = 1;
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	l1->run->immediate_exit = 0;
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	EXPECT_EQ(-EBUSY, nvmx_take_event(l1->fd, NVMX_EVENT_INTERRUPT));
	expect_exit(EXIT_EXT_INTR, 0, 0);
	expect_rip(L1_HANDLERS + VEC_UD * L1_HANDLER_BYTES);
}

/* ---- activity states ---------------------------------------------------------------- */

TEST_F(event, an_interrupt_that_l1_asked_for_exits_from_hlt)
{
	struct l1 *l1 = &self->l1;

	ask(l1, PIN_EXT_INTR);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	l1_write(l1, GUEST_ACTIVITY_STATE, HLT);
	expect_exit(EXIT_EXT_INTR, 0, INTR_EXT | 0x61);
	expect_activity(HLT);
	expect_rip(L1_CODE);
}

TEST_F(event, an_interrupt_wakes_l2_from_hlt_if_its_if_is_1)
{
	struct l1 *l1 = &self->l1;

	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	l1_load(l1, hlt);
	test_kick(l1->fd);
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	l1->run->immediate_exit = 1;
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	l1->run->immediate_exit = 0;
	test_exit_l2(l1->fd, EXIT_HLT, 0);
	l1_run_until(l1, EXIT_HLT);
	l1_write(l1, GUEST_ACTIVITY_STATE, 0);
	l1_load(l1, sti_hlt);
	/* STI blocks for HLT only: RIP is behind it. */
	expect_delivered(0x61, L1_CODE + 2);
	expect_activity(0);
	l1_skip(l1);
	expect_undisturbed(L1_CODE + 2);
}

TEST_F(event, an_nmi_wakes_l2_from_hlt_and_shutdown)
{
	static const unsigned int states[] = { HLT, SHUTDOWN };
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(states); i++) {
		if (!has_activity(l1, states[i]))
			continue;
		ask(l1, PIN_NMI);
		l1_write(l1, GUEST_ACTIVITY_STATE, states[i]);
		ASSERT_EQ(0, NMI(l1));
		expect_exit(EXIT_EXCEPTION, 0, INTR_NMI);
		expect_activity(states[i]);
		l1_clear_control(l1, CAPS_PIN, PIN_NMI);
		ASSERT_EQ(0, NMI(l1));
		expect_delivered(VEC_NMI, L1_CODE);
		expect_activity(0);
		l1_write(l1, GUEST_INTERRUPTIBILITY_INFO, 0);
		l1_write(l1, GUEST_RIP, L1_CODE);
	}
}

TEST_F(event, an_interrupt_does_not_end_shutdown_but_init_does)
{
	struct l1 *l1 = &self->l1;

	if (!has_activity(l1, SHUTDOWN))
		SKIP(return, "no activity state shutdown");
	ask(l1, PIN_EXT_INTR);
	set_if(l1);
	l1_write(l1, GUEST_ACTIVITY_STATE, SHUTDOWN);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	test_kick(l1->fd);
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	ASSERT_EQ(0, INIT(l1));
	expect_exit(EXIT_INIT, 0, 0);
	expect_activity(SHUTDOWN);
}

TEST_F(event, l1s_windows_exit_from_hlt)
{
	struct l1 *l1 = &self->l1;

	set_if(l1);
	l1_write(l1, GUEST_ACTIVITY_STATE, HLT);
	l1_set_control(l1, CAPS_PROC, PROC_INTR_WINDOW);
	expect_exit(EXIT_INTR_WINDOW, 0, 0);
	expect_activity(HLT);
	EXPECT_EQ(NVMX_RULE_PROC(2), l1->run->deciding_rule);
	if (!l1_can(l1, CAPS_PROC, PROC_NMI_WINDOW))
		return;
	ask(l1, PIN_NMI | PIN_VNMI);
	l1_set_control(l1, CAPS_PROC, PROC_NMI_WINDOW);
	expect_exit(EXIT_NMI_WINDOW, 0, 0);
	expect_activity(HLT);
	EXPECT_EQ(NVMX_RULE_PROC(22), l1->run->deciding_rule);
}

TEST_F(event, a_pending_mtf_exits_from_hlt)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PROC, PROC_MTF))
		SKIP(return, "no monitor trap flag");
	l1_write(l1, GUEST_ACTIVITY_STATE, HLT);
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_MTF);
	expect_exit(EXIT_MTF, 0, 0);
	EXPECT_EQ(NVMX_RULE_MTF_INJECTED, l1->run->deciding_rule);
	expect_activity(HLT);
	l1_write(l1, GUEST_ACTIVITY_STATE, 0);
	expect_undisturbed(L1_CODE + 1);
}

TEST_F(event, a_single_step_trap_ends_hlt)
{
	struct l1 *l1 = &self->l1;

	l1_load(l1, step_hlt);
	ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1));
	EXPECT_EQ(VEC_DB, l1_vector(l1));
}

TEST_F(event, a_timer_of_0_exits_from_hlt_and_the_windows_come_after_it)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_TIMER))
		SKIP(return, "no VMX-preemption timer");
	ask(l1, PIN_TIMER | PIN_EXT_INTR);
	l1_set_control(l1, CAPS_PROC, PROC_INTR_WINDOW);
	set_if(l1);
	ASSERT_EQ(0, INTERRUPT(l1, 0x61));
	l1_write(l1, GUEST_ACTIVITY_STATE, HLT);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 0);
	expect_exit(EXIT_TIMER, 0, 0);
	expect_activity(HLT);
}

TEST_F(event, l1s_timer_counts_at_the_rate_of_ia32_vmx_misc)
{
	struct l1 *l1 = &self->l1;
	unsigned int rate = l1->info.out_caps.msr[CAPS_MISC] & 31;
	const __u64 ticks = 4000000;
	__u64 start, took;

	if (!l1_can(l1, CAPS_PIN, PIN_TIMER))
		SKIP(return, "no VMX-preemption timer");
	ask(l1, PIN_TIMER);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, ticks >> rate);
	l1_load(l1, spin);
	set_if(l1);
	start = __builtin_ia32_rdtsc();
	expect_exit(EXIT_TIMER, 0, 0);
	took = __builtin_ia32_rdtsc() - start;
	EXPECT_LE(ticks, took)
		TH_LOG("rate %u", rate);
	EXPECT_GT(2 * ticks, took)
		TH_LOG("rate %u", rate);
}

/* ---- while L2 runs -------------------------------------------------------------------- */

/* A thread that makes something happen in L1's machine. */
struct poster {
	struct l1 *l1;
	unsigned int delay_ms;
	__u32 type;
	__u32 vector;
	pthread_t thread;
};

static void *post(void *arg)
{
	struct poster *poster = arg;
	struct timespec t = { .tv_nsec = poster->delay_ms * 1000000 };

	nanosleep(&t, NULL);
	nvmx_event(poster->l1->fd, poster->type, poster->vector);
	return NULL;
}

#define start_poster(p)		pthread_create(&(p)->thread, NULL, post, p)

TEST_F(event, an_event_reaches_a_spinning_l2)
{
	struct poster interrupt = {
		.l1 = &self->l1, .delay_ms = 2, .type = NVMX_EVENT_INTERRUPT, .vector = 0x61,
	};
	struct poster nmi = { .l1 = &self->l1, .delay_ms = 2, .type = NVMX_EVENT_NMI };
	struct poster init = { .l1 = &self->l1, .delay_ms = 2, .type = NVMX_EVENT_INIT };
	struct l1 *l1 = &self->l1;

	/* With IF = 0, which keeps Bochs from serving the host's interrupts. */
	ask(l1, PIN_EXT_INTR | PIN_NMI);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR);
	l1_load(l1, spin);
	start_poster(&interrupt);
	expect_exit(EXIT_EXT_INTR, 0, INTR_EXT | 0x61);
	pthread_join(interrupt.thread, NULL);
	EXPECT_LT(0, l1->run->gpr[NVMX_RAX]);

	set_if(l1);
	start_poster(&nmi);
	expect_exit(EXIT_EXCEPTION, 0, INTR_NMI);
	pthread_join(nmi.thread, NULL);
	start_poster(&init);
	expect_exit(EXIT_INIT, 0, 0);
	pthread_join(init.thread, NULL);

	l1_clear_control(l1, CAPS_PIN, PIN_EXT_INTR | PIN_NMI);
	start_poster(&interrupt);
	l1_run_until(l1, EXIT_VMCALL);
	pthread_join(interrupt.thread, NULL);
	EXPECT_EQ(0x61, l1_vector(l1));
}

TEST_F(event, an_event_reaches_an_l2_that_waits)
{
	struct poster interrupt = {
		.l1 = &self->l1, .delay_ms = 2, .type = NVMX_EVENT_INTERRUPT, .vector = 0x61,
	};
	struct poster sipi = {
		.l1 = &self->l1, .delay_ms = 2, .type = NVMX_EVENT_SIPI, .vector = 0x77,
	};
	struct l1 *l1 = &self->l1;

	l1_load(l1, sti_hlt);
	start_poster(&interrupt);
	expect_delivered(0x61, L1_CODE + 2);
	pthread_join(interrupt.thread, NULL);
	if (!has_activity(l1, WAIT_SIPI))
		return;
	l1_write(l1, GUEST_ACTIVITY_STATE, WAIT_SIPI);
	start_poster(&sipi);
	expect_exit(EXIT_SIPI, 0x77, 0);
	pthread_join(sipi.thread, NULL);
}

static volatile unsigned int alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

/* Run L2 until a signal interrupts the call. */
static int run_until_signal(struct l1 *l1, unsigned long how)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval soon = { .it_value.tv_usec = 2000 };
	int ret;

	alarms = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	do
		ret = nvmx_enter(l1->fd, how);
	while (!ret && !alarms && l1->run->kind == NVMX_KIND_INTERRUPTED);
	signal(SIGALRM, SIG_DFL);
	alarm(15);
	return ret;
}

TEST_F(event, a_signal_ends_an_l2_that_spins_with_if_0)
{
	struct l1 *l1 = &self->l1;

	l1_load(l1, spin);
	ASSERT_EQ(0, run_until_signal(l1, NVMX_ENTER_RESUME));
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	test_exit_l2(l1->fd, EXIT_TRIPLE_FAULT, 0);
	l1_run_until(l1, EXIT_TRIPLE_FAULT);
	EXPECT_LT(0, l1->run->gpr[NVMX_RAX]);
}

/*
 * #DB whose delivery causes #DB: the handler's stack, always the same by the
 * IST, has a data breakpoint.  CVE-2015-8104.
 */
TEST_F(event, a_signal_ends_an_l2_whose_db_never_stops)
{
	struct l1 *l1 = &self->l1;
	__u64 *idt = l1_ptr(l1, L1_IDT), ist = L1_DATA + 0x800;
	struct nvmx_l2 l2;

	idt[2 * VEC_DB] |= 1ULL << 32;
	memcpy(l1_ptr(l1, L1_TSS + 0x24), &ist, sizeof(ist));
	test_get_l2(l1->fd, &l2);
	l2.dr[0] = ist - 8;
	test_set_l2(l1->fd, &l2);
	l1_write(l1, GUEST_DR7, 0x90401);	/* 8 bytes, on writes */
	l1->run->gpr[NVMX_RBX] = ist - 8;
	l1_load(l1, store_nop);
	ASSERT_EQ(0, run_until_signal(l1, NVMX_ENTER_RESUME));
	if (l1->run->kind == NVMX_KIND_EXIT) {
		EXPECT_EQ(EXIT_VMCALL, l1->run->exit_reason);
		SKIP(return, "no data breakpoint in the delivery of an event");
	}
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	test_exit_l2(l1->fd, EXIT_TRIPLE_FAULT, 0);
	l1_run_until(l1, EXIT_TRIPLE_FAULT);
}

/*
 * #AC whose delivery causes #AC: at CPL 3, on a misaligned stack, by a gate that
 * stays at CPL 3.  CVE-2015-5307.
 */
TEST_F(event, a_signal_ends_an_l2_whose_ac_never_stops)
{
	struct l1 *l1 = &self->l1;
	__u64 *gdt, *idt;

	l1_prepare(l1, L2_32);
	if (variant->ept)
		l1_use_ept(l1);
	gdt = l1_ptr(l1, L1_GDT);
	idt = l1_ptr(l1, L1_IDT);
	gdt[L1_SEL_CODE / 8] |= 3ULL << 45;
	gdt[L1_SEL_DATA / 8] |= 3ULL << 45;
	idt[VEC_AC] |= 3ULL << 45;
	idt[VEC_AC] |= 3ULL << 16;
	l1_write(l1, GUEST_CS_SELECTOR, L1_SEL_CODE | 3);
	l1_write(l1, GUEST_CS_AR_BYTES, 0xc0fb);
	l1_write(l1, GUEST_SS_SELECTOR, L1_SEL_DATA | 3);
	l1_write(l1, GUEST_SS_AR_BYTES, 0xc0f3);
	l1_write(l1, GUEST_DS_SELECTOR, L1_SEL_DATA | 3);
	l1_write(l1, GUEST_DS_AR_BYTES, 0xc0f3);
	l1_write(l1, GUEST_ES_SELECTOR, L1_SEL_DATA | 3);
	l1_write(l1, GUEST_ES_AR_BYTES, 0xc0f3);
	l1_write(l1, GUEST_CR0, l1_read(l1, GUEST_CR0) | BIT(18));
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | BIT(18));
	l1_write(l1, GUEST_RSP, L1_STACK - 1);
	l1->run->gpr[NVMX_RBX] = L1_DATA + 1;
	l1_load(l1, load32);
	ASSERT_EQ(0, run_until_signal(l1, NVMX_ENTER_RESUME));
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	test_exit_l2(l1->fd, EXIT_TRIPLE_FAULT, 0);
	l1_run_until(l1, EXIT_TRIPLE_FAULT);
	EXPECT_EQ(INTR_HARD_EC(VEC_AC), l1->run->idt_vectoring_info);
}

#define ROUNDS	300

static volatile unsigned int acknowledged;

static void *post_many(void *arg)
{
	struct l1 *l1 = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		INTERRUPT(l1, 0x20 + i % 0xe0);
		while (acknowledged <= i)
			sched_yield();
	}
	return NULL;
}

TEST_F_TIMEOUT(event, no_interrupt_is_lost_or_comes_twice, 60)
{
	struct l1 *l1 = &self->l1;
	pthread_t thread;

	ask(l1, PIN_EXT_INTR);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR);
	l1_load(l1, vmcall_loop);
	set_if(l1);
	acknowledged = 0;
	pthread_create(&thread, NULL, post_many, l1);
	while (acknowledged < ROUNDS) {
		if (l1_run_exit(l1) == EXIT_VMCALL) {
			l1_skip(l1);
			sched_yield();
			continue;
		}
		ASSERT_EQ(EXIT_EXT_INTR, l1->run->exit_reason);
		ASSERT_EQ(INTR_EXT | (0x20 + acknowledged % 0xe0), l1->run->intr_info);
		acknowledged++;
	}
	pthread_join(thread, NULL);
	expect_pending(0, 0, 0);
}

/* ---- L1's side -------------------------------------------------------------------------- */

TEST_F(event, l1_takes_events_itself)
{
	struct l1 *l1 = &self->l1;
	int fd = l1->fd;

	EXPECT_EQ(-ENOENT, nvmx_take_event(fd, NVMX_EVENT_INTERRUPT));
	EXPECT_EQ(-ENOENT, nvmx_take_event(fd, NVMX_EVENT_NMI));
	EXPECT_EQ(-ENOENT, nvmx_take_event(fd, NVMX_EVENT_INIT));
	ASSERT_EQ(0, INTERRUPT(l1, 0x30));
	ASSERT_EQ(0, INTERRUPT(l1, 0x90));
	ASSERT_EQ(0, NMI(l1));
	ASSERT_EQ(0, NMI(l1));
	ASSERT_EQ(0, NMI(l1));
	ASSERT_EQ(0, INIT(l1));
	ASSERT_EQ(0, SIPI(l1, 0x12));
	EXPECT_EQ(-ENOENT, nvmx_take_event(fd, NVMX_EVENT_SIPI));
	EXPECT_EQ(0x90, nvmx_take_event(fd, NVMX_EVENT_INTERRUPT));
	EXPECT_EQ(0x30, nvmx_take_event(fd, NVMX_EVENT_INTERRUPT));
	EXPECT_EQ(-ENOENT, nvmx_take_event(fd, NVMX_EVENT_INTERRUPT));
	EXPECT_EQ(VEC_NMI, nvmx_take_event(fd, NVMX_EVENT_NMI));
	EXPECT_EQ(VEC_NMI, nvmx_take_event(fd, NVMX_EVENT_NMI));
	EXPECT_EQ(-ENOENT, nvmx_take_event(fd, NVMX_EVENT_NMI));
	EXPECT_EQ(0, nvmx_take_event(fd, NVMX_EVENT_INIT));
	expect_pending(0, 0, 0);
}

TEST_F(event, an_event_that_cannot_be_is_refused)
{
	int fd = self->l1.fd;
	struct l1 other;

	test_err_event(EINVAL, fd, NVMX_EVENT_SIPI + 1, 0);
	test_err_event(EINVAL, fd, ~0U, 0);
	test_err_event(EINVAL, fd, NVMX_EVENT_INTERRUPT, 0);
	test_err_event(EINVAL, fd, NVMX_EVENT_INTERRUPT, 15);
	test_err_event(EINVAL, fd, NVMX_EVENT_INTERRUPT, 256);
	test_err_event(EINVAL, fd, NVMX_EVENT_SIPI, 256);
	EXPECT_EQ(-EINVAL, nvmx_take_event(fd, NVMX_EVENT_SIPI + 1));
	l1_open(&other);
	test_err_event(EINVAL, other.fd, NVMX_EVENT_NMI, 0);
	l1_close(&other);
	expect_pending(0, 0, 0);
}

TEST_HARNESS_MAIN
