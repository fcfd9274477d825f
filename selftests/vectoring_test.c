// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits while an event is delivered: each kind of event, by L2's instruction or
 * injected by L1, whose delivery meets a page fault, an EPT violation or a task
 * gate.  IDT-vectoring information says which event it was, so that L1 can inject
 * it again.  SDM Vol. 3, "Information for VM Exits During Event Delivery".
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

#define NOT_PRESENT	0x180000	/* a page that L2's tables lack */

FIXTURE(vectoring) {
	struct l1 l1;
};

FIXTURE_SETUP(vectoring)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
}

FIXTURE_TEARDOWN(vectoring)
{
	l1_close(&self->l1);
}

L2_CODE(nop);
L2_CODE(ud2);
L2_CODE(int3);
L2_CODE(icebp);
L2_CODE(int41);
L2_CODE(div);
L2_CODE(load);
L2_CODE(ud2_32);
L2_CODE(int41_32);
L2_CODE(icebp_32);

/**
 * struct event - an event of L2
 * @name: for messages
 * @code: instruction that causes it; NULL: L1 injects it
 * @end: its end
 * @info: VM-entry interruption information, and expected IDT-vectoring information
 * @error_code: error code, where @info has bit 11
 * @length: length of the instruction, 0 where none caused it
 * @vector: which gate is used
 */
struct event {
	const char *name;
	const __u8 *code;
	const __u8 *end;
	__u32 info;
	__u32 error_code;
	__u32 length;
	unsigned int vector;
};

#define BY(n)		.name = #n, .code = l2_##n, .end = l2_##n##_end
#define INJECTED(n)	.name = n " injected"

static const struct event events[] = {
	{ BY(ud2), .info = INTR_HARD(VEC_UD), .vector = VEC_UD },
	{ BY(div), .info = INTR_HARD(VEC_DE), .vector = VEC_DE },
	{ BY(load), .info = INTR_HARD_EC(VEC_GP), .vector = VEC_GP },
	{ BY(int3), .info = INTR_SOFT_EXC(VEC_BP), .length = 1, .vector = VEC_BP },
	{ BY(int41), .info = INTR_SOFT(0x41), .length = 2, .vector = 0x41 },
	{ BY(icebp), .info = INTR_PRIV_SOFT(VEC_DB), .length = 1, .vector = VEC_DB },
	{ INJECTED("external interrupt"), .info = INTR_EXT | 0x55, .vector = 0x55 },
	{ INJECTED("NMI"), .info = INTR_NMI, .vector = VEC_NMI },
	{ INJECTED("#NP"), .info = INTR_HARD_EC(VEC_NP), .error_code = 0x77,
	  .vector = VEC_NP },
	{ INJECTED("#UD"), .info = INTR_HARD(VEC_UD), .vector = VEC_UD },
	{ INJECTED("INT n"), .info = INTR_SOFT(0x42), .length = 3, .vector = 0x42 },
	{ INJECTED("INT3"), .info = INTR_SOFT_EXC(VEC_BP), .length = 1, .vector = VEC_BP },
	{ INJECTED("INT1"), .info = INTR_PRIV_SOFT(VEC_DB), .length = 1, .vector = VEC_DB },
};

static void inject(struct l1 *l1, __u32 info, __u32 error_code, __u32 length)
{
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, info);
	l1_write(l1, VM_ENTRY_EXCEPTION_ERROR_CODE, error_code);
	l1_write(l1, VM_ENTRY_INSTRUCTION_LEN, length);
}

/* L2 in @mode meets @event with the next entry. */
static void set_up(struct l1 *l1, enum l2_mode mode, const struct event *event)
{
	l1_prepare(l1, mode);
	if (event->code) {
		l1_load_code(l1, event->code, event->end - event->code);
	} else {
		l1_load(l1, nop);
		inject(l1, event->info, event->error_code, event->length);
	}
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	l1->run->gpr[NVMX_RBX] = 1ULL << 62;
	l1->run->gpr[NVMX_RCX] = 0;
}

/* The exit that has just been tells of the event, in run page and fields. */
#define expect_vectoring(event)						\
	do {								\
		const struct nvmx_run *run = self->l1.run;		\
									\
		EXPECT_EQ((event)->info, run->idt_vectoring_info)	\
			TH_LOG("%s", (event)->name);			\
		EXPECT_EQ((event)->info, l1_read(&self->l1, IDT_VECTORING_INFO_FIELD)); \
		if ((event)->info & BIT(11)) {				\
			EXPECT_EQ((event)->error_code, run->idt_vectoring_error_code) \
				TH_LOG("%s", (event)->name);		\
			EXPECT_EQ((event)->error_code,			\
				  l1_read(&self->l1, IDT_VECTORING_ERROR_CODE)); \
		}							\
		if ((event)->length) {					\
			EXPECT_EQ((event)->length, run->instruction_len) \
				TH_LOG("%s", (event)->name);		\
		}							\
		EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP))	\
			TH_LOG("%s", (event)->name);			\
		EXPECT_EQ(0, l1_read(&self->l1, VM_ENTRY_INTR_INFO_FIELD) & BIT(31)); \
	} while (0)

/* L1 injects what was interrupted, as the exit described it. */
#define expect_delivery(event)						\
	do {								\
		struct l1 *l1 = &self->l1;				\
		__u64 *frame;						\
									\
		inject(l1, l1->run->idt_vectoring_info,			\
		       l1->run->idt_vectoring_error_code, l1->run->instruction_len); \
		ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1))			\
			TH_LOG("%s", (event)->name);			\
		EXPECT_EQ((event)->vector, l1_vector(l1))		\
			TH_LOG("%s", (event)->name);			\
		frame = l1_ptr(l1, l1_read(l1, GUEST_RSP));		\
		if ((event)->info & BIT(11)) {				\
			EXPECT_EQ((event)->error_code, *frame++)	\
				TH_LOG("%s", (event)->name);		\
		}							\
		EXPECT_EQ(L1_CODE + (event)->length, *frame)		\
			TH_LOG("%s", (event)->name);			\
	} while (0)

TEST_F_TIMEOUT(vectoring, a_page_fault_in_the_delivery, 60)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(events); i++) {
		const struct event *event = &events[i];

		set_up(l1, L2_64, event);
		*l1_pte(l1, NOT_PRESENT) = 0;
		l1_write(l1, GUEST_IDTR_BASE, NOT_PRESENT);
		l1_write(l1, EXCEPTION_BITMAP, BIT(VEC_PF));
		ASSERT_EQ(EXIT_EXCEPTION, l1_run_exit(l1))
			TH_LOG("%s", event->name);
		EXPECT_EQ(INTR_HARD_EC(VEC_PF), l1->run->intr_info);
		EXPECT_EQ(NOT_PRESENT + 16 * event->vector,
			  l1->run->qualification & ~15ULL)
			TH_LOG("%s", event->name);
		expect_vectoring(event);
		l1_write(l1, GUEST_IDTR_BASE, L1_IDT);
		expect_delivery(event);
	}
}

TEST_F_TIMEOUT(vectoring, an_ept_violation_in_the_delivery, 60)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	if (!l1_can(l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	for (i = 0; i < ARRAY_LEN(events); i++) {
		const struct event *event = &events[i];

		set_up(l1, L2_64, event);
		l1_use_ept(l1);
		*l1_ept_pte(l1, L1_IDT) = 0;
		nvmx_invept(l1->fd, 2, 0, 0);
		ASSERT_EQ(EXIT_EPT_VIOLATION, l1_run_exit(l1))
			TH_LOG("%s", event->name);
		EXPECT_EQ(L1_IDT + 16 * event->vector,
			  l1->run->guest_physical_address & ~15ULL)
			TH_LOG("%s", event->name);
		EXPECT_EQ(l1->run->guest_physical_address, l1->run->guest_linear_address)
			TH_LOG("%s", event->name);
		/* A read, of a final address that is known. */
		EXPECT_EQ(BIT(0) | BIT(7) | BIT(8), l1->run->qualification & 0x1bf)
			TH_LOG("%s", event->name);
		expect_vectoring(event);
		*l1_ept_pte(l1, L1_IDT) = L1_IDT | 6 << 3 | 7;
		expect_delivery(event);
	}
}

TEST_F_TIMEOUT(vectoring, a_violation_that_l0_settles_is_invisible, 60)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	/* EPT02 was emptied: L0 settles the violations by itself. */
	if (!l1_can(l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	for (i = 0; i < ARRAY_LEN(events); i++) {
		const struct event *event = &events[i];

		set_up(l1, L2_64, event);
		l1_use_ept(l1);
		nvmx_invept(l1->fd, 2, 0, 0);
		ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1))
			TH_LOG("%s", event->name);
		EXPECT_EQ(event->vector, l1_vector(l1))
			TH_LOG("%s", event->name);
	}
}

TEST_F(vectoring, a_task_gate)
{
	static const struct event gates[] = {
		{ BY(ud2_32), .info = INTR_HARD(VEC_UD), .vector = VEC_UD },
		{ BY(int41_32), .info = INTR_SOFT(0x41), .length = 2, .vector = 0x41 },
		{ BY(icebp_32), .info = INTR_PRIV_SOFT(VEC_DB), .length = 1,
		  .vector = VEC_DB },
		{ INJECTED("external interrupt"), .info = INTR_EXT | 0x55, .vector = 0x55 },
		{ INJECTED("NMI"), .info = INTR_NMI, .vector = VEC_NMI },
		{ INJECTED("#NP"), .info = INTR_HARD_EC(VEC_NP), .error_code = 0x77,
		  .vector = VEC_NP },
	};
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(gates); i++) {
		const struct event *event = &gates[i];
		__u64 *idt;

		set_up(l1, L2_32, event);
		idt = l1_ptr(l1, L1_IDT);
		idt[event->vector] = (__u64)L1_SEL_TSS2 << 16 | 0x850000000000ULL;
		ASSERT_EQ(EXIT_TASK_SWITCH, l1_run_exit(l1))
			TH_LOG("%s", event->name);
		EXPECT_EQ(3ULL << 30 | L1_SEL_TSS2, l1->run->qualification)
			TH_LOG("%s", event->name);
		expect_vectoring(event);
	}
}

TEST_F(vectoring, a_second_fault_makes_a_double_fault_that_exits)
{
	struct l1 *l1 = &self->l1;
	__u64 *idt;

	/* #GP whose gate is not present: #NP, which makes #DF. */
	l1_prepare(l1, L2_64);
	idt = l1_ptr(l1, L1_IDT);
	idt[2 * VEC_GP] &= ~(1ULL << 47);
	l1_write(l1, EXCEPTION_BITMAP, BIT(VEC_DF));
	l1_load(l1, load);
	l1->run->gpr[NVMX_RBX] = 1ULL << 62;
	l1_run_until(l1, EXIT_EXCEPTION);
	EXPECT_EQ(INTR_HARD_EC(VEC_DF), l1->run->intr_info);
	EXPECT_EQ(0, l1->run->intr_error_code);
	/* A double fault is no event being delivered. */
	EXPECT_EQ(0, l1->run->idt_vectoring_info & BIT(31));
}

TEST_F(vectoring, a_benign_fault_in_a_delivery_is_delivered_alone)
{
	struct l1 *l1 = &self->l1;
	__u64 *idt;

	/* INT 41H whose gate is not present: #NP, with the vector and bit 1. */
	l1_prepare(l1, L2_64);
	idt = l1_ptr(l1, L1_IDT);
	idt[2 * 0x41] &= ~(1ULL << 47);
	l1_write(l1, EXCEPTION_BITMAP, BIT(VEC_NP));
	l1_load(l1, int41);
	l1_run_until(l1, EXIT_EXCEPTION);
	EXPECT_EQ(INTR_HARD_EC(VEC_NP), l1->run->intr_info);
	EXPECT_EQ(0x41 << 3 | 2, l1->run->intr_error_code);
	EXPECT_EQ(INTR_SOFT(0x41), l1->run->idt_vectoring_info);
}

/* ---- IRET that unblocks NMIs and then faults ------------------------------------ */

static void set_up_iret(struct l1 *l1)
{
	l1_prepare(l1, L2_64);
	l1_set_control(l1, CAPS_PIN, PIN_NMI | PIN_VNMI);
	l1_write(l1, GUEST_INTERRUPTIBILITY_INFO, BIT(3));
	/* IRET of a handler. */
	l1_write(l1, GUEST_RIP, L1_HANDLERS + 3);
}

TEST_F(vectoring, a_page_fault_of_iret_tells_that_it_unblocked_nmis)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_VNMI))
		SKIP(return, "no virtual NMIs");
	set_up_iret(l1);
	*l1_pte(l1, NOT_PRESENT) = 0;
	l1_write(l1, GUEST_RSP, NOT_PRESENT + 0x800);
	l1_write(l1, EXCEPTION_BITMAP, BIT(VEC_PF));
	l1_run_until(l1, EXIT_EXCEPTION);
	EXPECT_EQ(INTR_HARD_EC(VEC_PF) | BIT(12), l1->run->intr_info);
	/* Which quadword of the frame comes first is the processor's affair. */
	EXPECT_EQ(NOT_PRESENT + 0x800, l1->run->qualification & ~0x3fULL);
	EXPECT_EQ(0, l1_read(l1, GUEST_INTERRUPTIBILITY_INFO) & BIT(3));
}

TEST_F(vectoring, a_page_fault_of_iret_that_l1_did_not_ask_for_leaves_nmis_blocked)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_VNMI))
		SKIP(return, "no virtual NMIs");
	set_up_iret(l1);
	*l1_pte(l1, NOT_PRESENT) = 0;
	l1_write(l1, GUEST_RSP, NOT_PRESENT + 0x800);
	/* Delivery needs a stack of its own. */
	((__u64 *)l1_ptr(l1, L1_IDT))[2 * VEC_PF] |= 1ULL << 32;
	memcpy(l1_ptr(l1, L1_TSS + 0x24), &(__u64){ L1_STACK }, 8);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_PF, l1_vector(l1));
}

TEST_F(vectoring, an_ept_violation_of_iret_tells_that_it_unblocked_nmis)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PIN, PIN_VNMI) || !l1_can(l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no virtual NMIs or no EPT");
	set_up_iret(l1);
	l1_use_ept(l1);
	*l1_ept_pte(l1, NOT_PRESENT) = 0;
	nvmx_invept(l1->fd, 2, 0, 0);
	l1_write(l1, GUEST_RSP, NOT_PRESENT + 0x800);
	l1_run_until(l1, EXIT_EPT_VIOLATION);
	EXPECT_NE(0, l1->run->qualification & BIT(12));
	EXPECT_EQ(NOT_PRESENT + 0x800, l1->run->guest_physical_address & ~0x3fULL);
	EXPECT_EQ(0, l1_read(l1, GUEST_INTERRUPTIBILITY_INFO) & BIT(3));
}

TEST_HARNESS_MAIN
