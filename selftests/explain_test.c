// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVMX_EXPLAIN: who would get an exit, which bit says so, and that turning this
 * bit changes what really happens.  That each exit of the other tests is
 * explained by the rule that routed it, l1_run() checks.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(rdtsc);
L2_CODE(wbinvd);
L2_CODE(rdmsr);
L2_CODE(outb);
L2_CODE(mov_to_cr0);
L2_CODE(ud2);
L2_CODE(spin);

#define MSR_PAT		0x277

FIXTURE(explain) {
	struct l1 l1;
};

FIXTURE_SETUP(explain)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
}

FIXTURE_TEARDOWN(explain)
{
	l1_close(&self->l1);
}

static struct nvmx_explain ask(struct l1 *l1, struct nvmx_explain explain)
{
	int ret = nvmx_explain(l1->fd, &explain);

	if (ret)
		l1_die(l1, "EXPLAIN: %d", ret);
	return explain;
}

/* Turn the bits that decide, in the VMCS or in memory. */
static void turn(struct l1 *l1, const struct nvmx_decider *d)
{
	if (d->where == NVMX_DECIDER_FIELD)
		l1_write(l1, d->field, l1_read(l1, d->field) ^ d->mask);
	else
		*(__u8 *)l1_ptr(l1, d->address) ^= d->mask;
}

/**
 * struct question - an exit that L2 can cause
 * @name: for messages
 * @code: an instruction and VMCALL
 * @bytes: its length
 * @exit: the exit as it is asked about
 * @rax: L2's RAX
 * @rdx: L2's RDX
 * @rule: rule that decides
 * @field: field that has the bit or leads to it
 * @address: address of the byte for bitmaps
 * @mask: the bit
 */
struct question {
	const char *name;
	const __u8 *code;
	const __u8 *end;
	struct nvmx_explain exit;
	__u64 rax;
	__u64 rdx;
	__u32 rule;
	__u32 field;
	__u64 address;
	__u64 mask;
};

#define CODE(n)	.name = #n, .code = l2_##n, .end = l2_##n##_end

static const struct question questions[] = {
	{ CODE(rdtsc), .exit = { .exit_reason = EXIT_RDTSC },
	  .rule = NVMX_RULE_PROC(12), .field = CPU_BASED_VM_EXEC_CONTROL, .mask = BIT(12) },
	{ CODE(wbinvd), .exit = { .exit_reason = EXIT_WBINVD },
	  .rule = NVMX_RULE_PROC2(6), .field = SECONDARY_VM_EXEC_CONTROL, .mask = BIT(6) },
	{ CODE(ud2), .exit = { .exit_reason = EXIT_EXCEPTION, .intr_info = INTR_HARD(6) },
	  .rule = NVMX_RULE_EXCEPTION_BITMAP, .field = EXCEPTION_BITMAP, .mask = BIT(6) },
	{ CODE(rdmsr), .exit = { .exit_reason = EXIT_RDMSR, .rcx = MSR_PAT },
	  .rule = NVMX_RULE_MSR_BITMAP, .field = MSR_BITMAP,
	  .address = L1_MSR_BITMAP + MSR_PAT / 8, .mask = 1 << MSR_PAT % 8 },
	{ CODE(outb), .exit = { .exit_reason = EXIT_IO, .qualification = 0x83f90000 },
	  .rdx = 0x83f9, .rule = NVMX_RULE_IO_BITMAP, .field = IO_BITMAP_B,
	  .address = L1_IO_BITMAP + 0x1000 + 0x3f9 / 8, .mask = 1 << 0x3f9 % 8 },
	{ CODE(mov_to_cr0), .exit = { .exit_reason = EXIT_CR, .gpr_value = 0x8001003b },
	  .rax = 0x8001003b, .rule = NVMX_RULE_CR0_MASK, .field = CR0_GUEST_HOST_MASK,
	  .mask = BIT(3) },
};

static void set_up(struct l1 *l1, const struct question *q)
{
	l1_prepare(l1, L2_64);
	l1_set_control(l1, CAPS_PROC, PROC_MSR_BITMAPS | PROC_IO_BITMAPS | PROC_SECONDARY);
	l1_write(l1, MSR_BITMAP, L1_MSR_BITMAP);
	l1_write(l1, IO_BITMAP_A, L1_IO_BITMAP);
	l1_write(l1, IO_BITMAP_B, L1_IO_BITMAP + 0x1000);
	memset(l1_ptr(l1, L1_MSR_BITMAP), 0, 4096);
	memset(l1_ptr(l1, L1_IO_BITMAP), 0, 8192);
	/* TS as L2 reads it is 0. */
	l1_write(l1, CR0_READ_SHADOW, 0x80010033);
	l1_load_code(l1, q->code, q->end - q->code);
	l1->run->gpr[NVMX_RAX] = q->rax;
	l1->run->gpr[NVMX_RCX] = q->exit.rcx;
	l1->run->gpr[NVMX_RDX] = q->rdx;
}

TEST_F(explain, the_bit_that_is_named_sends_the_exit_to_l1)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_explain no, yes;
	size_t i;

	if (!l1_can(l1, CAPS_PROC, PROC_MSR_BITMAPS | PROC_IO_BITMAPS) ||
	    !l1_can(l1, CAPS_PROC2, PROC2_WBINVD))
		SKIP(return, "a control is missing");
	for (i = 0; i < ARRAY_LEN(questions); i++) {
		const struct question *q = &questions[i];
		const struct nvmx_decider *d = &no.out_decider[0];
		struct nvmx_decider bit;

		/* Not asked for: the query names the bit, and L2 goes on. */
		set_up(l1, q);
		no = ask(l1, q->exit);
		EXPECT_EQ(NVMX_OWNER_L0, no.out_owner) TH_LOG("%s", q->name);
		EXPECT_EQ(q->rule, no.out_rule) TH_LOG("%s", q->name);
		EXPECT_LE(1, no.out_count) TH_LOG("%s", q->name);
		EXPECT_EQ(q->field, d->field) TH_LOG("%s", q->name);
		EXPECT_EQ(q->address, d->address) TH_LOG("%s", q->name);
		l1_run_until(l1, EXIT_VMCALL);

		/* Turned, and L1 gets it. */
		set_up(l1, q);
		bit = *d;
		bit.mask = q->mask;
		turn(l1, &bit);
		yes = ask(l1, q->exit);
		EXPECT_EQ(NVMX_OWNER_L1, yes.out_owner) TH_LOG("%s", q->name);
		EXPECT_EQ(q->rule, yes.out_rule) TH_LOG("%s", q->name);
		EXPECT_EQ(q->mask, yes.out_decider[0].mask) TH_LOG("%s", q->name);
		EXPECT_EQ(q->mask, yes.out_decider[0].value & q->mask)
			TH_LOG("%s", q->name);
		EXPECT_EQ(q->exit.exit_reason, l1_run_exit(l1)) TH_LOG("%s", q->name);
		EXPECT_EQ(yes.out_rule, l1->run->deciding_rule) TH_LOG("%s", q->name);

		/* And back. */
		turn(l1, &yes.out_decider[0]);
		EXPECT_EQ(NVMX_OWNER_L0, ask(l1, q->exit).out_owner)
			TH_LOG("%s", q->name);
	}
}

TEST_F(explain, every_reason_has_an_answer)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_explain e;
	__u32 reason;

	for (reason = 0; reason <= 0xffff; reason += reason < 128 ? 1 : 97) {
		e = ask(l1, (struct nvmx_explain){ .exit_reason = reason });
		EXPECT_GE(NVMX_OWNER_L1, e.out_owner);
		EXPECT_GE(NVMX_DECIDERS, e.out_count);
		EXPECT_EQ(0, e.out_reserved);
		if (reason >= 86) {
			EXPECT_EQ(NVMX_OWNER_L1, e.out_owner);
			EXPECT_EQ(NVMX_RULE_UNKNOWN, e.out_rule);
		}
	}
}

TEST_F(explain, a_bitmap_in_a_hole_is_said_to_be_one)
{
	struct nvmx_explain e;

	if (!l1_can(&self->l1, CAPS_PROC, PROC_MSR_BITMAPS))
		SKIP(return, "no MSR bitmaps");
	l1_set_control(&self->l1, CAPS_PROC, PROC_MSR_BITMAPS);
	l1_write(&self->l1, MSR_BITMAP, L1_MEM_BYTES);
	e = ask(&self->l1, (struct nvmx_explain){ .exit_reason = EXIT_WRMSR, .rcx = 8 });
	EXPECT_EQ(NVMX_OWNER_L1, e.out_owner);
	EXPECT_EQ(NVMX_RULE_BITMAP_UNREADABLE, e.out_rule);
	EXPECT_EQ(NVMX_DECIDER_HOLE, e.out_decider[0].where);
	EXPECT_EQ(L1_MEM_BYTES + 2048 + 1, e.out_decider[0].address);
}

TEST_F(explain, a_hidden_field_counts_with_its_default)
{
	struct nvmx_explain e = { .exit_reason = EXIT_EXCEPTION, .intr_info = INTR_HARD(6) };
	struct nvmx_field_policy policy;

	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(6));
	EXPECT_EQ(NVMX_OWNER_L1, ask(&self->l1, e).out_owner);
	test_set_policy(self->l1.fd, EXCEPTION_BITMAP, NVMX_POLICY_HIDDEN, &policy);
	e = ask(&self->l1, e);
	EXPECT_EQ(NVMX_OWNER_L0, e.out_owner);
	EXPECT_EQ(0, e.out_decider[0].value);
}

TEST_F(explain, it_answers_while_l2_is_live_and_changes_nothing)
{
	struct nvmx_explain e = { .exit_reason = EXIT_RDTSC };
	struct l1 *l1 = &self->l1;
	struct nvmx_state before, after;
	__u64 entries;

	l1_set_control(l1, CAPS_PROC, PROC_RDTSC);
	l1_load(l1, spin);
	l1->run->immediate_exit = 1;
	test_enter(l1->fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	test_get_state(l1->fd, &before);
	EXPECT_EQ(NVMX_LEVEL_L2, before.out_level);
	entries = l1->run->entries;
	EXPECT_EQ(NVMX_OWNER_L1, ask(l1, e).out_owner);
	e.exit_reason = EXIT_WBINVD;
	EXPECT_EQ(NVMX_OWNER_L0, ask(l1, e).out_owner);
	test_get_state(l1->fd, &after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	EXPECT_EQ(entries, l1->run->entries);
}

TEST_F(explain, an_injected_mtf_exit_is_foreseen)
{
	struct nvmx_explain e = { .exit_reason = EXIT_MTF };

	EXPECT_EQ(NVMX_OWNER_L0, ask(&self->l1, e).out_owner);
	l1_write(&self->l1, VM_ENTRY_INTR_INFO_FIELD, INTR_MTF);
	e = ask(&self->l1, e);
	EXPECT_EQ(NVMX_OWNER_L1, e.out_owner);
	EXPECT_EQ(NVMX_RULE_MTF_INJECTED, e.out_rule);
	EXPECT_EQ(VM_ENTRY_INTR_INFO_FIELD, e.out_decider[0].field);
}

TEST_F(explain, what_cannot_be_asked_is_refused)
{
	struct nvmx_explain e = { .exit_reason = 0x10000 };
	struct l1 other;

	test_err_explain(EINVAL, self->l1.fd, &e);
	e.exit_reason = EXIT_CPUID;
	test_vmclear(self->l1.fd, L1_VMCS(0));
	test_err_explain(ENOENT, self->l1.fd, &e);
	l1_open(&other);
	test_err_explain(EINVAL, other.fd, &e);
	l1_close(&other);
}

TEST_HARNESS_MAIN
