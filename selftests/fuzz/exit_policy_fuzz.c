// SPDX-License-Identifier: GPL-2.0-only
// fuzz-sources: exit_policy.c exit_explain.c field_policy.c
/*
 * Routing of any exit for any vmcs12: the answer has a name, says what the
 * deciding rule says by itself, is the same each time, and looks at no byte
 * outside the bitmap that is asked.  An explanation says the same, with bits
 * that are there.
 */
#include "exit_explain.h"
#include "fuzz.h"
#include "../unit/exit_policy_test.c"

/* The bytes of all bitmaps, and what was looked at. */
static u8 pattern;
static u64 asked[8];
static unsigned int asked_count;

static int fuzz_read(void *ctx, u64 gpa)
{
	EXPECT_TRUE(asked_count < ARRAY_SIZE(asked));
	asked[asked_count++ % ARRAY_SIZE(asked)] = gpa;
	return unreadable ? -1 : pattern;
}

static bool in_force(u32 class, u32 bit)
{
	u64 proc = field[VF_CPU_BASED_VM_EXEC_CONTROL];

	switch (class) {
	case NVMX_RULE_PIN(0):
		return ON(field[VF_PIN_BASED_VM_EXEC_CONTROL], bit);
	case NVMX_RULE_PROC(0):
		return ON(proc, bit);
	case NVMX_RULE_PROC2(0):
		return ON(proc, 31) && ON(field[VF_SECONDARY_VM_EXEC_CONTROL], bit);
	default:
		EXPECT_EQ(NVMX_RULE_PROC3(0), class);
		return ON(proc, 17) && ON(field[VF_TERTIARY_VM_EXEC_CONTROL], bit);
	}
}

/* Return: what the rule alone says: 0 for L0, 1 for L1, -1 where it says neither. */
static int owner_by_rule(u32 rule)
{
	if (rule >= NVMX_RULE_CONTROLS)
		return in_force(rule & ~63U, rule & 63);
	switch (rule) {
	case NVMX_RULE_L0_ALWAYS:
	case NVMX_RULE_NOT_ASKED:
	case NVMX_RULE_CR3_TARGET:
		return 0;
	case NVMX_RULE_UNKNOWN:
	case NVMX_RULE_UNCONDITIONAL:
	case NVMX_RULE_IO_WRAP:
	case NVMX_RULE_MSR_NO_BITMAP:
	case NVMX_RULE_MSR_OUTSIDE:
	case NVMX_RULE_VMCS_NOT_SHADOWED:
	case NVMX_RULE_VMCS_FIELD_OUTSIDE:
	case NVMX_RULE_BITMAP_UNREADABLE:
	case NVMX_RULE_MTF_INJECTED:
		return 1;
	default:
		return -1;
	}
}

/* MSR index of an exit, where it has one. */
static u32 msr_index(const struct exit_info *exit)
{
	return exit->reason >= 80 ? exit->qualification : exit->rcx;
}

static void check_asked(const struct exit_info *exit)
{
	static const u64 starts[] = { IO_A, IO_B, MSRS, VMREADS, VMWRITES };
	unsigned int i, j;
	u32 index;

	for (i = 0; i < asked_count; i++) {
		for (j = 0; j < ARRAY_SIZE(starts); j++)
			if (asked[i] - starts[j] < PAGE)
				break;
		EXPECT_TRUE(j < ARRAY_SIZE(starts));
	}
	if (exit->reason != 31 && exit->reason != 32)
		return;
	EXPECT_TRUE(asked_count <= 1);
	index = msr_index(exit);
	if (asked_count)
		EXPECT_EQ(MSRS + index % 0x2000 / 8 + (index >> 31) * 1024 +
			  (exit->reason == 32) * 2048, asked[0]);
	/* SDM Vol. 3, "MSR-Bitmap Address". */
	EXPECT_EQ(in_force(NVMX_RULE_PROC(0), 28) &&
		  (index < 0x2000 || (index >= 0xc0000000 && index < 0xc0002000)),
		  asked_count);
}

static void check_exit(const struct exit_info *exit)
{
	struct exit_decision first, second;
	int owner;

	asked_count = 0;
	first = decide(exit);
	check_asked(exit);
	owner = owner_by_rule(first.rule);
	if (owner >= 0)
		EXPECT_EQ(owner == 1, first.owner == EXIT_OWNER_L1);
	EXPECT_TRUE(first.owner == EXIT_OWNER_L0 || first.owner == EXIT_OWNER_L1);
	EXPECT_TRUE(strcmp("unknown", exit_rule_name(first.rule)) ||
		    first.rule == NVMX_RULE_UNKNOWN);
	if (exit->reason >= EXIT_REASONS)
		EXPECT_EQ(NVMX_RULE_UNKNOWN, first.rule);
	EXPECT_TRUE(exit_reason_name(exit->reason) != NULL);

	asked_count = 0;
	second = decide(exit);
	EXPECT_EQ(first.owner, second.owner);
	EXPECT_EQ(first.rule, second.rule);
	/* Where a bitmap cannot be read, the exit is L1's. */
	if (asked_count && unreadable)
		EXPECT_TRUE(second.owner == EXIT_OWNER_L1);
}

static void check_decider(const struct nvmx_decider *d)
{
	int index = vmcs_field_find(d->field);

	ASSERT_TRUE(index >= 0);
	EXPECT_TRUE(d->where <= NVMX_DECIDER_HOLE);
	if (d->where == NVMX_DECIDER_FIELD) {
		EXPECT_EQ(field[index], d->value);
		EXPECT_EQ(0, d->address);
		return;
	}
	EXPECT_TRUE(d->address - field[index] < PAGE);
	EXPECT_EQ(unreadable, d->where == NVMX_DECIDER_HOLE);
	EXPECT_EQ(unreadable ? 0xff : pattern, d->value);
}

static void check_explanation(const struct exit_info *exit)
{
	struct exit_explanation e;
	struct exit_decision decision;
	unsigned int i;

	memset(&e, 0xaa, sizeof(e));
	asked_count = 0;
	exit_explain(&view, exit, &e);
	asked_count = 0;
	decision = exit_policy_of_l1(&view, exit);
	EXPECT_EQ(decision.owner, e.decision.owner);
	EXPECT_EQ(decision.rule, e.decision.rule);
	ASSERT_TRUE(e.count <= NVMX_DECIDERS);
	for (i = 0; i < e.count; i++)
		check_decider(&e.decider[i]);
}

static bool is_bitmap(unsigned int index)
{
	switch (vmcs_field_table[index].encoding) {
	case IO_BITMAP_A:
	case IO_BITMAP_B:
	case MSR_BITMAP:
	case VMREAD_BITMAP:
	case VMWRITE_BITMAP:
		return true;
	default:
		return false;
	}
}

/* The bitmaps stay where they are. */
static void change_field(struct fuzz_input *in)
{
	unsigned int i = fuzz_below(in, VMCS_FIELD_COUNT);

	if (!is_bitmap(i))
		field[i] = fuzz_mutate(in, field[i]) & vmcs_field_mask(i);
}

static void fuzz_one(struct fuzz_input *in)
{
	struct exit_info exit;
	unsigned int i;

	clear_l1();
	view.read_byte = fuzz_read;
	controls(fuzz_u8(in), fuzz_u32(in), fuzz_u32(in), fuzz_u8(in));
	pattern = fuzz_u8(in);
	unreadable = fuzz_u8(in) & 1;
	view.mtf_injected = fuzz_u8(in) & 1;
	for (i = 0; in->left && i < 64; i++) {
		if (!fuzz_below(in, 4))
			change_field(in);
		exit = (struct exit_info){
			.reason = fuzz_u8(in),
			.intr_info = fuzz_u16(in) | BIT(31),
			.instruction_info = fuzz_u32(in),
			.qualification = fuzz_u32(in),
			.rcx = fuzz_value(in),
			.rax = fuzz_value(in),
			.gpr_value = fuzz_value(in),
			.xss = fuzz_u8(in),
		};
		exit.intr_error_code = exit.rax;
		if (exit.rax & 1)
			exit.qualification = exit.rcx;
		check_exit(&exit);
		check_explanation(&exit);
	}
}
