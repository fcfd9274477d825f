// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: exit_explain.c exit_policy.c field_policy.c
/*
 * Where the bits are that decide about an exit: for every basic exit reason, and
 * by turning each bit that is named and asking again.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/processor-flags.h>

#include "exit_explain.h"
#include "unit.h"

#define PAGE		4096ULL
#define BITMAPS		5
#define MEMORY		0x10000ULL

/* L1's side: fields, and five bitmaps in a row. */
static u64 field[VMCS_FIELD_COUNT];
static u8 memory[BITMAPS * PAGE];
static u64 hole = ~0ULL;

static const enum vmcs_index bitmap[BITMAPS] = {
	VF_IO_BITMAP_A, VF_IO_BITMAP_B, VF_MSR_BITMAP, VF_VMREAD_BITMAP,
	VF_VMWRITE_BITMAP,
};

static int read_byte(void *ctx, u64 gpa)
{
	EXPECT_TRUE(ctx == memory);
	EXPECT_TRUE(gpa >= MEMORY && gpa < MEMORY + sizeof(memory));
	if (gpa == hole)
		return -1;
	return memory[gpa - MEMORY];
}

static struct nvmx_caps caps;
static struct exit_l1_view view = {
	.caps = &caps, .f = field, .read_byte = read_byte, .ctx = memory,
};

static void clear_l1(void)
{
	unsigned int i;

	memset(field, 0, sizeof(field));
	memset(memory, 0, sizeof(memory));
	for (i = 0; i < BITMAPS; i++)
		field[bitmap[i]] = MEMORY + i * PAGE;
	view.mtf_injected = false;
	hole = ~0ULL;
}

/* Fields of 32 bits stay so. */
static void random_l1(void)
{
	unsigned int i;

	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		field[i] = unit_random() & vmcs_field_mask(i);
	for (i = 0; i < BITMAPS; i++)
		field[bitmap[i]] = MEMORY + i * PAGE;
	for (i = 0; i < sizeof(memory); i++)
		memory[i] = unit_random() & unit_random();
	view.mtf_injected = !(unit_random() % 8);
}

static struct exit_info random_exit(u32 reason)
{
	struct exit_info exit = {
		.reason = reason,
		.qualification = unit_random() >> (unit_random() % 64),
		.rcx = unit_random() % 3 ? unit_random() % 0x2000 :
					   0xc0000000 + unit_random() % 0x2100,
		.rax = unit_random() % 80,
		.gpr_value = unit_random() >> (unit_random() % 64),
		.xss = unit_random(),
		.intr_info = 0x80000300 | unit_random() % 33,
		.intr_error_code = unit_random() % 64,
	};

	return exit;
}

/* XOR the bits that a decider names, where it says they are. */
static void turn(const struct nvmx_decider *decider)
{
	if (decider->where == NVMX_DECIDER_FIELD)
		field[vmcs_field_find(decider->field)] ^= decider->mask;
	else
		memory[decider->address - MEMORY] ^= decider->mask;
}

UNIT_TEST(the_decision_is_that_of_routing)
{
	struct exit_explanation answer;
	struct exit_decision decision;
	u32 i, reason;

	for (i = 0; i < 400; i++) {
		random_l1();
		for (reason = 0; reason < EXIT_REASONS + 10; reason++) {
			struct exit_info exit = random_exit(reason);

			decision = exit_policy_of_l1(&view, &exit);
			exit_explain(&view, &exit, &answer);
			if (!EXPECT_EQ(decision.owner, answer.decision.owner) ||
			    !EXPECT_EQ(decision.rule, answer.decision.rule) ||
			    !EXPECT_TRUE(answer.count <= NVMX_DECIDERS))
				UNIT_NOTE("reason %u", reason);
		}
	}
}

UNIT_TEST(each_decider_names_what_is_there)
{
	struct exit_explanation answer;
	const struct nvmx_decider *d;
	u32 i, j, reason;
	int index;

	for (i = 0; i < 400; i++) {
		random_l1();
		for (reason = 0; reason < EXIT_REASONS; reason++) {
			struct exit_info exit = random_exit(reason);

			exit_explain(&view, &exit, &answer);
			for (j = 0; j < answer.count; j++) {
				d = &answer.decider[j];
				index = vmcs_field_find(d->field);
				ASSERT_TRUE(index >= 0);
				if (d->where == NVMX_DECIDER_FIELD) {
					EXPECT_EQ(field[index], d->value);
					EXPECT_EQ(0, d->address);
					EXPECT_EQ(0, d->mask & ~vmcs_field_mask(index) &
						  U32_MAX);
				} else {
					EXPECT_EQ(NVMX_DECIDER_MEMORY, d->where);
					EXPECT_EQ(field[index],
						  d->address & ~(PAGE - 1));
					EXPECT_EQ(memory[d->address - MEMORY], d->value);
					EXPECT_EQ(0, d->mask >> 8);
					EXPECT_TRUE(d->mask);
				}
			}
			for (; j < NVMX_DECIDERS; j++)
				EXPECT_EQ(0, answer.decider[j].mask);
		}
	}
}

/* Rules that no bit decides. */
static bool no_bit(u32 rule)
{
	return rule == NVMX_RULE_UNKNOWN || rule == NVMX_RULE_UNCONDITIONAL ||
	       rule == NVMX_RULE_L0_ALWAYS;
}

/* Rules whose first decider says L1 exactly where a bit of it is 1. */
static bool one_bit(u32 rule)
{
	switch (rule) {
	case NVMX_RULE_EXCEPTION_BITMAP:
	case NVMX_RULE_PAGE_FAULT_PFEC:
	case NVMX_RULE_IO_BITMAP:
	case NVMX_RULE_MSR_BITMAP:
	case NVMX_RULE_VMREAD_BITMAP:
	case NVMX_RULE_VMWRITE_BITMAP:
	case NVMX_RULE_ENCLS_BITMAP:
	case NVMX_RULE_ENCLV_BITMAP:
	case NVMX_RULE_PCONFIG_BITMAP:
		return true;
	default:
		return rule >= NVMX_RULE_CONTROLS;
	}
}

static bool is_set(const struct exit_explanation *answer)
{
	const struct nvmx_decider *d = &answer->decider[0];

	return d->value & d->mask;
}

UNIT_TEST(the_first_decider_says_l1_where_its_bit_is_1)
{
	struct exit_explanation answer;
	u32 i, reason;

	for (i = 0; i < 2000; i++) {
		random_l1();
		for (reason = 0; reason < EXIT_REASONS; reason++) {
			struct exit_info exit = random_exit(reason);

			exit_explain(&view, &exit, &answer);
			EXPECT_EQ(no_bit(answer.decision.rule), !answer.count);
			if (!one_bit(answer.decision.rule))
				continue;
			if (!EXPECT_EQ((answer.decision.owner == EXIT_OWNER_L1) ^
				       (answer.decision.rule ==
					NVMX_RULE_PAGE_FAULT_PFEC),
				       is_set(&answer)))
				UNIT_NOTE("reason %u, rule %#x", reason,
					  answer.decision.rule);
		}
	}
}

/* Another decision, or another bit that decides. */
static bool differ(const struct exit_explanation *a, const struct exit_explanation *b)
{
	return memcmp(&a->decision, &b->decision, sizeof(a->decision)) ||
	       a->decider[0].mask != b->decider[0].mask ||
	       a->decider[0].field != b->decider[0].field;
}

UNIT_TEST(a_bit_that_is_turned_changes_the_answer)
{
	static bool turned[0x4000];
	struct exit_explanation before, after;
	u32 i, reason, rules = 0;

	for (i = 0; i < 2000; i++) {
		random_l1();
		for (reason = 0; reason < EXIT_REASONS; reason++) {
			struct exit_info exit = random_exit(reason);

			exit_explain(&view, &exit, &before);
			if (!one_bit(before.decision.rule))
				continue;
			turn(&before.decider[0]);
			exit_explain(&view, &exit, &after);
			if (!EXPECT_TRUE(differ(&before, &after)))
				UNIT_NOTE("reason %u, rule %#x", reason,
					  before.decision.rule);
			turn(&before.decider[0]);
			exit_explain(&view, &exit, &after);
			EXPECT_EQ(0, memcmp(&before, &after, sizeof(after)));
			rules += !turned[before.decision.rule];
			turned[before.decision.rule] = true;
		}
	}
	/* All controls that routing knows, and the bitmaps. */
	EXPECT_TRUE(rules >= 40);
	UNIT_NOTE("%u rules", rules);
}

static void expect_byte(const struct exit_explanation *answer, u32 i,
			enum vmcs_index index, u64 offset, u64 mask)
{
	EXPECT_EQ(NVMX_DECIDER_MEMORY, answer->decider[i].where);
	EXPECT_EQ(vmcs_field_table[index].encoding, answer->decider[i].field);
	EXPECT_EQ(field[index] + offset, answer->decider[i].address);
	EXPECT_EQ(mask, answer->decider[i].mask);
}

UNIT_TEST(each_port_has_its_bit)
{
	struct exit_explanation answer;
	u32 port;

	clear_l1();
	field[VF_CPU_BASED_VM_EXEC_CONTROL] = BIT(25);
	for (port = 0; port < 0x10000; port++) {
		const struct exit_info exit = {
			.reason = EXIT_REASON_IO_INSTRUCTION,
			.qualification = (u64)port << 16,
		};

		exit_explain(&view, &exit, &answer);
		ASSERT_EQ(1, answer.count);
		expect_byte(&answer, 0, port < 0x8000 ? VF_IO_BITMAP_A : VF_IO_BITMAP_B,
			    port % 0x8000 / 8, 1U << port % 8);
	}
}

UNIT_TEST(a_doubleword_of_ports_has_four_bits_in_up_to_two_bytes)
{
	struct exit_explanation answer;
	struct exit_info exit = { .reason = EXIT_REASON_IO_INSTRUCTION };

	clear_l1();
	field[VF_CPU_BASED_VM_EXEC_CONTROL] = BIT(25);
	exit.qualification = 0x3f80003;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(1, answer.count);
	expect_byte(&answer, 0, VF_IO_BITMAP_A, 0x7f, 0x0f);
	exit.qualification = 0x3fe0003;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(2, answer.count);
	expect_byte(&answer, 0, VF_IO_BITMAP_A, 0x7f, 0xc0);
	expect_byte(&answer, 1, VF_IO_BITMAP_A, 0x80, 0x03);
	/* From bitmap A to B. */
	exit.qualification = 0x7ffe0003;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(2, answer.count);
	expect_byte(&answer, 0, VF_IO_BITMAP_A, 0xfff, 0xc0);
	expect_byte(&answer, 1, VF_IO_BITMAP_B, 0, 0x03);
	/* The bit that decides alone, where there is one. */
	memory[0x1000] = 0x02;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(EXIT_OWNER_L1, answer.decision.owner);
	EXPECT_EQ(1, answer.count);
	expect_byte(&answer, 0, VF_IO_BITMAP_B, 0, 0x02);
}

UNIT_TEST(each_msr_has_its_bit_for_reads_and_for_writes)
{
	struct exit_explanation answer;
	u32 i, high, write;

	clear_l1();
	field[VF_CPU_BASED_VM_EXEC_CONTROL] = BIT(28);
	for (i = 0; i < 0x2000; i++) {
		for (high = 0; high < 2; high++) {
			for (write = 0; write < 2; write++) {
				const struct exit_info exit = {
					.reason = EXIT_REASON_MSR_READ + write,
					.rcx = i + high * 0xc0000000ULL,
				};

				exit_explain(&view, &exit, &answer);
				ASSERT_EQ(1, answer.count);
				expect_byte(&answer, 0, VF_MSR_BITMAP,
					    write * 2048 + high * 1024 + i / 8,
					    1U << i % 8);
			}
		}
	}
}

UNIT_TEST(each_field_of_a_shadow_vmcs_has_its_bit)
{
	struct exit_explanation answer;
	u32 i;

	clear_l1();
	field[VF_CPU_BASED_VM_EXEC_CONTROL] = BIT(31);
	field[VF_SECONDARY_VM_EXEC_CONTROL] = BIT(14);
	for (i = 0; i < 0x8000; i++) {
		struct exit_info exit = {
			.reason = EXIT_REASON_VMREAD, .gpr_value = i,
		};

		exit_explain(&view, &exit, &answer);
		ASSERT_EQ(1, answer.count);
		expect_byte(&answer, 0, VF_VMREAD_BITMAP, i / 8, 1U << i % 8);
		exit.reason = EXIT_REASON_VMWRITE;
		exit_explain(&view, &exit, &answer);
		expect_byte(&answer, 0, VF_VMWRITE_BITMAP, i / 8, 1U << i % 8);
	}
}

UNIT_TEST(a_byte_without_memory_is_a_hole)
{
	const struct exit_info exit = { .reason = EXIT_REASON_MSR_READ, .rcx = 0x10 };
	struct exit_explanation answer;

	clear_l1();
	field[VF_CPU_BASED_VM_EXEC_CONTROL] = BIT(28);
	hole = field[VF_MSR_BITMAP] + 2;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(EXIT_OWNER_L1, answer.decision.owner);
	EXPECT_EQ(NVMX_RULE_BITMAP_UNREADABLE, answer.decision.rule);
	EXPECT_EQ(1, answer.count);
	EXPECT_EQ(NVMX_DECIDER_HOLE, answer.decider[0].where);
	EXPECT_EQ(hole, answer.decider[0].address);
	EXPECT_EQ(0xff, answer.decider[0].value);
}

UNIT_TEST(a_control_that_is_not_activated_comes_after_what_would)
{
	const struct exit_info wbinvd = { .reason = EXIT_REASON_WBINVD };
	const struct exit_info loadiwkey = { .reason = 69 };
	struct exit_explanation answer;

	clear_l1();
	field[VF_SECONDARY_VM_EXEC_CONTROL] = BIT(6);
	field[VF_TERTIARY_VM_EXEC_CONTROL] = BIT(0);
	exit_explain(&view, &wbinvd, &answer);
	EXPECT_EQ(EXIT_OWNER_L0, answer.decision.owner);
	EXPECT_EQ(2, answer.count);
	EXPECT_EQ(0x4002, answer.decider[0].field);
	EXPECT_EQ(BIT(31), answer.decider[0].mask);
	EXPECT_EQ(0x401e, answer.decider[1].field);
	EXPECT_EQ(BIT(6), answer.decider[1].mask);
	exit_explain(&view, &loadiwkey, &answer);
	EXPECT_EQ(BIT(17), answer.decider[0].mask);
	EXPECT_EQ(0x2034, answer.decider[1].field);
	EXPECT_EQ(BIT(0), answer.decider[1].mask);
}

UNIT_TEST(a_page_fault_shows_bitmap_mask_and_match)
{
	const struct exit_info exit = {
		.reason = EXIT_REASON_EXCEPTION_NMI,
		.intr_info = 0x80000b0e, .intr_error_code = 3,
	};
	struct exit_explanation answer;

	clear_l1();
	field[VF_PAGE_FAULT_ERROR_CODE_MASK] = 5;
	field[VF_PAGE_FAULT_ERROR_CODE_MATCH] = 4;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(EXIT_OWNER_L1, answer.decision.owner);
	EXPECT_EQ(NVMX_RULE_PAGE_FAULT_PFEC, answer.decision.rule);
	EXPECT_EQ(3, answer.count);
	EXPECT_EQ(0x4004, answer.decider[0].field);
	EXPECT_EQ(BIT(14), answer.decider[0].mask);
	EXPECT_EQ(0x4006, answer.decider[1].field);
	EXPECT_EQ(5, answer.decider[1].mask);
	EXPECT_EQ(0x4008, answer.decider[2].field);
	EXPECT_EQ(5, answer.decider[2].mask);
}

UNIT_TEST(a_control_register_shows_the_bits_that_differ)
{
	struct exit_info exit = { .reason = EXIT_REASON_CR_ACCESS, .gpr_value = 0x31 };
	struct exit_explanation answer;

	clear_l1();
	field[VF_CR0_GUEST_HOST_MASK] = 0x19;
	field[VF_CR0_READ_SHADOW] = 0x09;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(EXIT_OWNER_L1, answer.decision.owner);
	EXPECT_EQ(2, answer.count);
	EXPECT_EQ(0x6000, answer.decider[0].field);
	EXPECT_EQ(0x18, answer.decider[0].mask);
	EXPECT_EQ(0x6004, answer.decider[1].field);
	EXPECT_EQ(0x18, answer.decider[1].mask);
	/* CLTS. */
	exit.qualification = 0x20;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(EXIT_OWNER_L1, answer.decision.owner);
	EXPECT_EQ(X86_CR0_TS, answer.decider[0].mask);
	/* LMSW of 0xe: EM and MP are not masked, PE is never cleared. */
	exit.qualification = 0xe0030;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(EXIT_OWNER_L0, answer.decision.owner);
	EXPECT_EQ(0x19, answer.decider[0].mask);
}

UNIT_TEST(a_cr3_target_is_named)
{
	const struct exit_info exit = {
		.reason = EXIT_REASON_CR_ACCESS, .qualification = 3, .gpr_value = 0x5000,
	};
	struct exit_explanation answer;

	clear_l1();
	field[VF_CPU_BASED_VM_EXEC_CONTROL] = BIT(15);
	field[VF_CR3_TARGET_COUNT] = 3;
	field[VF_CR3_TARGET_VALUE2] = 0x5000;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(EXIT_OWNER_L0, answer.decision.owner);
	EXPECT_EQ(NVMX_RULE_CR3_TARGET, answer.decision.rule);
	EXPECT_EQ(2, answer.count);
	EXPECT_EQ(0x400a, answer.decider[0].field);
	EXPECT_EQ(0x600c, answer.decider[1].field);
	field[VF_CR3_TARGET_COUNT] = 2;
	exit_explain(&view, &exit, &answer);
	EXPECT_EQ(EXIT_OWNER_L1, answer.decision.owner);
	EXPECT_EQ(BIT(15), answer.decider[0].mask);
}

UNIT_MAIN
