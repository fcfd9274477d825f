// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: exit_policy.c
/*
 * Routing of VM exits, each domain whole: against predicates that say in plain
 * steps what the SDM says of each reason.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/processor-flags.h>

#include "exit_policy.h"
#include "unit.h"

#define IO_A		0x10000ULL
#define IO_B		0x30000ULL
#define MSRS		0x50000ULL
#define VMREADS		0x70000ULL
#define VMWRITES	0x90000ULL
#define PAGE		4096
#define RULES		0x4000

/* L1's side of the test. */
static u64 field[VMCS_FIELD_COUNT];
static u8 io_a[PAGE], io_b[PAGE], msrs[PAGE], vmreads[PAGE], vmwrites[PAGE];
static bool unreadable;
static bool seen[RULES][2];

static const struct {
	u64 gpa;
	u8 *bytes;
} pages[] = {
	{ IO_A, io_a }, { IO_B, io_b }, { MSRS, msrs },
	{ VMREADS, vmreads }, { VMWRITES, vmwrites },
};

static int read_byte(void *ctx, u64 gpa)
{
	unsigned int i;

	EXPECT_TRUE(ctx == field);
	if (unreadable)
		return -1;
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		if (gpa >= pages[i].gpa && gpa < pages[i].gpa + PAGE)
			return pages[i].bytes[gpa - pages[i].gpa];

	EXPECT_FALSE("a byte of a bitmap");
	return -1;
}

static struct nvmx_caps caps;
static struct exit_l1_view view = {
	.caps = &caps, .f = field, .read_byte = read_byte, .ctx = field,
};

static void clear_l1(void)
{
	unsigned int i;

	memset(field, 0, sizeof(field));
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		memset(pages[i].bytes, 0, PAGE);
	field[VF_IO_BITMAP_A] = IO_A;
	field[VF_IO_BITMAP_B] = IO_B;
	field[VF_MSR_BITMAP] = MSRS;
	field[VF_VMREAD_BITMAP] = VMREADS;
	field[VF_VMWRITE_BITMAP] = VMWRITES;
	unreadable = false;
	view.mtf_injected = false;
}

static void controls(u32 pin, u32 proc, u32 proc2, u64 proc3)
{
	field[VF_PIN_BASED_VM_EXEC_CONTROL] = pin;
	field[VF_CPU_BASED_VM_EXEC_CONTROL] = proc;
	field[VF_SECONDARY_VM_EXEC_CONTROL] = proc2;
	field[VF_TERTIARY_VM_EXEC_CONTROL] = proc3;
}

static struct exit_decision decide(const struct exit_info *exit)
{
	struct exit_decision decision = exit_policy_decide(&view, exit);

	if (decision.rule < RULES)
		seen[decision.rule][decision.owner] = true;
	else
		EXPECT_TRUE(decision.rule < RULES);
	return decision;
}

static bool to_l1(const struct exit_info *exit)
{
	return decide(exit).owner == EXIT_OWNER_L1;
}

/* ---- every reason, every control ----------------------------------------- */

#define ON(word, bit)	(((word) >> (bit)) & 1)

/* What needs no more than the controls; every bitmap and mask is 0. */
static bool oracle(u32 reason, u32 pin, u32 proc, u32 proc2, u64 proc3)
{
	if (!ON(proc, 31))
		proc2 = 0;
	if (!ON(proc, 17))
		proc3 = 0;

	switch (reason) {
	case 1: case 5: case 6: case 41: case 48: case 49: case 62:
		return false;
	case 7: return ON(proc, 2);
	case 8: return ON(proc, 22);
	case 12: return ON(proc, 7);
	case 14: return ON(proc, 9);
	case 15: return ON(proc, 11);
	case 16: return ON(proc, 12);
	case 23: case 25: return !ON(proc2, 14);
	case 29: return ON(proc, 23);
	case 30: return ON(proc, 24) && !ON(proc, 25);
	case 31: case 32: case 80: case 81: case 84: case 85:
		return !ON(proc, 28);
	case 36: return ON(proc, 10);
	case 37: return ON(proc, 27);
	case 39: return ON(proc, 29);
	case 40: return ON(proc, 30) || ON(proc2, 10);
	case 43: return ON(proc, 21);
	case 44: return ON(proc2, 0);
	case 45: return ON(proc2, 9);
	case 46: case 47: return ON(proc2, 2);
	case 51: return ON(proc, 12);
	case 52: return ON(pin, 6);
	case 54: return ON(proc2, 6);
	case 56: return ON(proc2, 8) || ON(proc2, 9);
	case 57: return ON(proc2, 11);
	case 58: return ON(proc2, 12) && ON(proc, 9);
	case 59: return ON(proc2, 13);
	case 61: return ON(proc2, 16);
	case 66: return ON(proc2, 23);
	case 67: case 68: return ON(proc2, 26) && ON(proc, 12);
	case 69: return ON(proc3, 0);
	case 72: case 73: return ON(proc2, 21);
	case 74: return ON(proc2, 30);
	case 75: return ON(proc2, 31);
	case 78: case 79: return ON(proc3, 6) && !ON(proc, 28);
	/* An exception, a start-up IPI, MOV to CR0, leaves and XSAVES. */
	case 0: case 4: case 28: case 60: case 63: case 64: case 65: case 70:
		return false;
	default:
		return true;
	}
}

static void check_controls(u32 pin, u32 proc, u32 proc2, u64 proc3)
{
	u32 reason;

	controls(pin, proc, proc2, proc3);
	for (reason = 0; reason < EXIT_REASONS + 4; reason++) {
		const struct exit_info exit = {
			.reason = reason,
			.intr_info = reason ? 0 : 0x80000306,
		};

		if (!EXPECT_EQ(oracle(reason, pin, proc, proc2, proc3), to_l1(&exit)))
			UNIT_NOTE("reason %u: %x %x %x %llx", reason, pin, proc,
				  proc2, proc3);
	}
}

UNIT_TEST(each_control_alone_decides_what_the_sdm_says)
{
	unsigned int bit;

	clear_l1();
	check_controls(0, 0, 0, 0);
	for (bit = 0; bit < 64; bit++) {
		if (bit < 32) {
			check_controls(BIT(bit), 0, 0, 0);
			check_controls(0, BIT(bit), 0, 0);
			check_controls(0, 0, BIT(bit), 0);
			check_controls(0, BIT(31), BIT(bit), 0);
			check_controls(0, BIT(31) | BIT(12) | BIT(9), BIT(bit), 0);
		}
		check_controls(0, 0, 0, BIT_ULL(bit));
		check_controls(0, BIT(17), 0, BIT_ULL(bit));
		check_controls(0, BIT(17) | BIT(28), 0, BIT_ULL(bit));
	}
}

UNIT_TEST(any_mix_of_controls_decides_what_the_sdm_says)
{
	unsigned int i;

	clear_l1();
	for (i = 0; i < 20000; i++)
		check_controls(unit_random(), unit_random(), unit_random(),
			       unit_random());
}

UNIT_TEST(answer_names_the_control_that_decided)
{
	struct exit_info exit = { .reason = 12 };

	clear_l1();
	EXPECT_EQ(NVMX_RULE_PROC(7), decide(&exit).rule);
	controls(0, BIT(7), 0, 0);
	EXPECT_EQ(NVMX_RULE_PROC(7), decide(&exit).rule);

	controls(BIT(6), 0, 0, 0);
	exit.reason = 52;
	EXPECT_EQ(NVMX_RULE_PIN(6), decide(&exit).rule);

	/* INVPCID: whichever of the two is missing. */
	exit.reason = 58;
	EXPECT_EQ(NVMX_RULE_PROC2(12), decide(&exit).rule);
	controls(0, BIT(31), BIT(12), 0);
	EXPECT_EQ(NVMX_RULE_PROC(9), decide(&exit).rule);

	exit.reason = 40;
	EXPECT_EQ(NVMX_RULE_NOT_ASKED, decide(&exit).rule);
	controls(0, BIT(31), BIT(10), 0);
	EXPECT_EQ(NVMX_RULE_PROC2(10), decide(&exit).rule);
	controls(0, BIT(31) | BIT(30), BIT(10), 0);
	EXPECT_EQ(NVMX_RULE_PROC(30), decide(&exit).rule);

	controls(0, BIT(17), 0, BIT_ULL(0));
	exit.reason = 69;
	EXPECT_EQ(NVMX_RULE_PROC3(0), decide(&exit).rule);
}

UNIT_TEST(unknown_reasons_go_to_l1)
{
	static const u32 reasons[] = { 35, 38, 42, 71, 82, 83, 86, 87, 0xffff, ~0U };
	unsigned int i;

	clear_l1();
	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		const struct exit_info exit = { .reason = reasons[i] };
		struct exit_decision decision = decide(&exit);

		EXPECT_EQ(EXIT_OWNER_L1, decision.owner);
		EXPECT_EQ(NVMX_RULE_UNKNOWN, decision.rule);
		EXPECT_STREQ("unknown", exit_reason_name(reasons[i]));
	}
}

/* ---- events -------------------------------------------------------------- */

static bool exception_oracle(u32 type, u32 vector, u32 bitmap, u32 error_code)
{
	bool bit = ON(bitmap, vector & 31);

	if (type == 2 || vector == 18)
		return false;
	if (vector > 31)
		return true;
	if (vector == 14 && (error_code & field[VF_PAGE_FAULT_ERROR_CODE_MASK]) !=
			    field[VF_PAGE_FAULT_ERROR_CODE_MATCH])
		return !bit;
	return bit;
}

UNIT_TEST(exceptions_go_by_the_exception_bitmap)
{
	u32 type, vector, bit;

	clear_l1();
	for (type = 0; type < 8; type++)
	for (vector = 0; vector < 256; vector++)
	for (bit = 0; bit < 32; bit++) {
		struct exit_info exit = { .intr_info = BIT(31) | type << 8 | vector };

		field[VF_EXCEPTION_BITMAP] = BIT(bit);
		EXPECT_EQ(exception_oracle(type, vector, BIT(bit), 0), to_l1(&exit));
		field[VF_EXCEPTION_BITMAP] = (u32)~BIT(bit);
		EXPECT_EQ(exception_oracle(type, vector, ~BIT(bit), 0), to_l1(&exit));
	}
}

UNIT_TEST(page_faults_go_by_mask_and_match_too)
{
	u32 mask, match, code, bit;

	clear_l1();
	for (bit = 0; bit < 2; bit++)
	for (mask = 0; mask < 64; mask++)
	for (match = 0; match < 64; match++)
	for (code = 0; code < 64; code++) {
		struct exit_info exit = {
			.intr_info = 0x80000b0e, .intr_error_code = code,
		};

		field[VF_EXCEPTION_BITMAP] = bit << 14;
		field[VF_PAGE_FAULT_ERROR_CODE_MASK] = mask;
		field[VF_PAGE_FAULT_ERROR_CODE_MATCH] = match;
		EXPECT_EQ(exception_oracle(3, 14, bit << 14, code), to_l1(&exit));
	}
}

UNIT_TEST(exception_without_valid_bit_is_unknown)
{
	const struct exit_info exit = { .intr_info = 0x306 };

	clear_l1();
	EXPECT_TRUE(to_l1(&exit));
	EXPECT_EQ(NVMX_RULE_UNKNOWN, decide(&exit).rule);
}

UNIT_TEST(mtf_exit_that_was_injected_is_l1s)
{
	const struct exit_info exit = { .reason = 37 };

	clear_l1();
	EXPECT_FALSE(to_l1(&exit));
	view.mtf_injected = true;
	EXPECT_TRUE(to_l1(&exit));
	EXPECT_EQ(NVMX_RULE_MTF_INJECTED, decide(&exit).rule);
}

UNIT_TEST(startup_ipi_is_l1s_only_while_l2_waits_for_it)
{
	const struct exit_info exit = { .reason = 4 };

	clear_l1();
	for (field[VF_GUEST_ACTIVITY_STATE] = 0; field[VF_GUEST_ACTIVITY_STATE] < 8;
	     field[VF_GUEST_ACTIVITY_STATE]++)
		EXPECT_EQ(field[VF_GUEST_ACTIVITY_STATE] == 3, to_l1(&exit));
}

/* ---- control registers --------------------------------------------------- */

static bool masked_bit_differs(u64 mask, u64 shadow, u64 value)
{
	unsigned int bit;

	for (bit = 0; bit < 64; bit++)
		if (ON(mask, bit) && ON(shadow, bit) != ON(value, bit))
			return true;
	return false;
}

UNIT_TEST(mov_to_cr0_and_cr4_go_by_mask_and_shadow)
{
	struct exit_info exit = { .reason = 28 };
	u64 mask, shadow;
	unsigned int i;

	clear_l1();
	for (i = 0; i < 100000; i++) {
		/* Few bits in the mask, so that both answers are frequent. */
		mask = unit_random() & unit_random() & unit_random() & unit_random();
		mask &= unit_random();
		shadow = unit_random();
		exit.gpr_value = unit_random() & 1 ? unit_random() : shadow;
		exit.qualification = i & 1 ? 4 : 0;
		clear_l1();
		field[i & 1 ? VF_CR4_GUEST_HOST_MASK : VF_CR0_GUEST_HOST_MASK] = mask;
		field[i & 1 ? VF_CR4_READ_SHADOW : VF_CR0_READ_SHADOW] = shadow;
		EXPECT_EQ(masked_bit_differs(mask, shadow, exit.gpr_value), to_l1(&exit));
		EXPECT_EQ(i & 1 ? NVMX_RULE_CR4_MASK : NVMX_RULE_CR0_MASK,
			  decide(&exit).rule);
	}
}

static bool lmsw_oracle(u32 mask, u32 shadow, u32 source)
{
	if (ON(mask, 0) && ON(source, 0) && !ON(shadow, 0))
		return true;
	return masked_bit_differs(mask & 0xe, shadow, source);
}

UNIT_TEST(lmsw_goes_by_four_bits_and_never_clears_pe)
{
	struct exit_info exit = { .reason = 28 };
	u32 mask, shadow, source;

	clear_l1();
	for (mask = 0; mask < 32; mask++)
	for (shadow = 0; shadow < 32; shadow++)
	for (source = 0; source < 32; source++) {
		field[VF_CR0_GUEST_HOST_MASK] = mask | 0xffffff00;
		field[VF_CR0_READ_SHADOW] = shadow;
		exit.qualification = 0x30 | source << 16;
		EXPECT_EQ(lmsw_oracle(mask, shadow, source), to_l1(&exit));
		exit.qualification |= 0x40 | 0xfe00000000ULL;
		EXPECT_EQ(lmsw_oracle(mask, shadow, source), to_l1(&exit));
	}
}

UNIT_TEST(clts_exits_when_ts_is_in_mask_and_shadow)
{
	const struct exit_info exit = { .reason = 28, .qualification = 0x20 };
	u32 mask, shadow;

	clear_l1();
	for (mask = 0; mask < 16; mask++)
	for (shadow = 0; shadow < 16; shadow++) {
		field[VF_CR0_GUEST_HOST_MASK] = mask;
		field[VF_CR0_READ_SHADOW] = shadow;
		EXPECT_EQ(ON(mask, 3) && ON(shadow, 3), to_l1(&exit));
	}
}

UNIT_TEST(cr3_targets_count_up_to_the_count)
{
	struct exit_info exit = { .reason = 28, .qualification = 3 };
	u64 count, value;
	unsigned int i;

	clear_l1();
	for (i = 0; i < 4; i++)
		field[VF_CR3_TARGET_VALUE0 + i] = 0x1000 * (i + 1);
	for (count = 0; count < 12; count++)
	for (value = 0; value < 0x6000; value += 0x800) {
		bool target = value >= 0x1000 && value % 0x1000 == 0 &&
			      value / 0x1000 <= min_t(u64, count, 4);

		field[VF_CR3_TARGET_COUNT] = count;
		exit.gpr_value = value;
		controls(0, 0, 0, 0);
		EXPECT_EQ(0, to_l1(&exit));
		EXPECT_EQ(NVMX_RULE_PROC(15), decide(&exit).rule);
		controls(0, BIT(15), 0, 0);
		EXPECT_EQ(!target, to_l1(&exit));
		EXPECT_EQ(target ? NVMX_RULE_CR3_TARGET : NVMX_RULE_PROC(15),
			  decide(&exit).rule);
	}
}

/* CR number and type of a MOV, and the primary control that is for it. */
static int mov_cr_control(u32 nr, u32 type)
{
	if (nr == 3)
		return type ? 16 : 15;
	if (nr == 8)
		return type ? 20 : 19;
	return -1;
}

UNIT_TEST(every_control_register_and_access_type_has_an_answer)
{
	struct exit_info exit = { .reason = 28 };
	u32 nr, type;
	int bit, want;

	clear_l1();
	for (nr = 0; nr < 16; nr++)
	for (type = 0; type < 2; type++)
	for (bit = 0; bit < 32; bit++) {
		want = mov_cr_control(nr, type);
		exit.qualification = nr | type << 4 | unit_random() << 8;
		controls(0, BIT(bit), 0, 0);
		if (want >= 0)
			EXPECT_EQ(bit == want, to_l1(&exit));
		else if (!type && (nr == 0 || nr == 4))
			EXPECT_FALSE(to_l1(&exit));
		else
			EXPECT_EQ(NVMX_RULE_UNKNOWN, decide(&exit).rule);
	}
}

/* ---- I/O ----------------------------------------------------------------- */

static bool port_set[0x10000];

static void set_port(u32 port)
{
	u8 *page = port < 0x8000 ? io_a : io_b;

	port_set[port] = true;
	page[port % 0x8000 / 8] |= 1 << port % 8;
}

static bool io_oracle(u32 port, u32 size)
{
	u32 i;

	for (i = 0; i < size; i++)
		if (port + i > 0xffff || port_set[port + i])
			return true;
	return false;
}

static void check_all_ports(void)
{
	struct exit_info exit = { .reason = 30 };
	u32 port, size;

	for (size = 1; size <= 4; size *= 2)
	for (port = 0; port < 0x10000; port++) {
		exit.qualification = port << 16 | (size - 1) | (port * 8 & 0x78);
		if (!EXPECT_EQ(io_oracle(port, size), to_l1(&exit)))
			UNIT_NOTE("port %x size %u", port, size);
	}
}

static void clear_ports(void)
{
	clear_l1();
	controls(0, BIT(25) | BIT(24), 0, 0);
	memset(port_set, 0, sizeof(port_set));
}

UNIT_TEST(all_ports_and_sizes_against_bitmaps)
{
	static const u32 alone[] = { 0, 7, 8, 0x7ffe, 0x7fff, 0x8000, 0x8001, 0xffff };
	static const u32 every[] = { 1, 2, 16, 100, 5000 };
	unsigned int i, j;

	clear_ports();
	check_all_ports();
	for (i = 0; i < ARRAY_SIZE(alone); i++) {
		clear_ports();
		set_port(alone[i]);
		check_all_ports();
	}
	for (i = 0; i < ARRAY_SIZE(every); i++) {
		clear_ports();
		for (j = 0; j < 0x10000 / every[i]; j++)
			set_port(unit_random() & 0xffff);
		check_all_ports();
	}
}

UNIT_TEST(io_names_its_rule)
{
	struct exit_info exit = { .reason = 30, .qualification = 0xffff0003 };

	clear_l1();
	EXPECT_EQ(NVMX_RULE_PROC(24), decide(&exit).rule);
	controls(0, BIT(25), 0, 0);
	EXPECT_EQ(NVMX_RULE_IO_WRAP, decide(&exit).rule);
	exit.qualification = 0x00800000;
	EXPECT_EQ(NVMX_RULE_IO_BITMAP, decide(&exit).rule);
	unreadable = true;
	EXPECT_EQ(NVMX_RULE_BITMAP_UNREADABLE, decide(&exit).rule);
	EXPECT_TRUE(to_l1(&exit));
}

/* ---- MSRs ---------------------------------------------------------------- */

static bool msr_set[2][0x4000];

static bool msr_oracle(bool write, u32 index)
{
	if (index <= 0x1fff)
		return msr_set[write][index];
	if (index >= 0xc0000000 && index <= 0xc0001fff)
		return msr_set[write][0x2000 + index - 0xc0000000];
	return true;
}

static void random_msr_bitmap(unsigned int sparse)
{
	unsigned int i, write, half;

	clear_l1();
	controls(0, BIT(28) | BIT(17), 0, BIT_ULL(6));
	memset(msr_set, 0, sizeof(msr_set));
	for (i = 0; i < 0x8000 / sparse; i++) {
		u32 nr = unit_random() & 0x3fff;

		write = unit_random() & 1;
		half = nr / 0x2000;
		msr_set[write][nr] = true;
		msrs[2048 * write + 1024 * half + nr % 0x2000 / 8] |= 1 << nr % 8;
	}
}

static void check_msr(u32 index)
{
	/* By RCX, and by the qualification. */
	static const u8 by_rcx[2] = { 31, 32 };
	static const u8 by_qual[][2] = { { 78, 79 }, { 80, 81 }, { 84, 85 } };
	unsigned int write, i;

	for (write = 0; write < 2; write++) {
		struct exit_info exit = {
			.reason = by_rcx[write],
			.rcx = index | unit_random() << 32,
		};
		bool want = msr_oracle(write, index);

		if (!EXPECT_EQ(want, to_l1(&exit)))
			UNIT_NOTE("MSR %x write %u", index, write);
		exit.rcx = unit_random();
		exit.qualification = index;
		for (i = 0; i < ARRAY_SIZE(by_qual); i++) {
			exit.reason = by_qual[i][write];
			EXPECT_EQ(want, to_l1(&exit));
		}
	}
}

UNIT_TEST(msrs_against_bitmaps)
{
	static const u32 sparse[] = { 1, 8, 1000 };
	u32 i, j, k;

	for (i = 0; i < ARRAY_SIZE(sparse); i++) {
		random_msr_bitmap(sparse[i]);
		for (j = 0; j < 0x2000; j++) {
			check_msr(j);
			check_msr(0xc0000000 + j);
		}
		for (j = 0; j < 4; j++)
			for (k = 0; k < 200; k++)
				check_msr((j << 30) - 100 + k);
		for (k = 0; k < 200; k++) {
			check_msr(0x2000 - 100 + k);
			check_msr(0xc0002000 - 100 + k);
		}
		for (k = 0; k < 100000; k++)
			check_msr(unit_random());
	}
}

UNIT_TEST(msr_names_its_rule)
{
	struct exit_info exit = { .reason = 31, .rcx = 0x10 };

	clear_l1();
	EXPECT_EQ(NVMX_RULE_MSR_NO_BITMAP, decide(&exit).rule);
	controls(0, BIT(28), 0, 0);
	EXPECT_EQ(NVMX_RULE_MSR_BITMAP, decide(&exit).rule);
	unreadable = true;
	EXPECT_EQ(NVMX_RULE_BITMAP_UNREADABLE, decide(&exit).rule);
	EXPECT_TRUE(to_l1(&exit));
	exit.rcx = 0x2000;
	EXPECT_EQ(NVMX_RULE_MSR_OUTSIDE, decide(&exit).rule);
}

/* ---- bitmaps by field, leaf and state component --------------------------- */

UNIT_TEST(vmread_and_vmwrite_go_by_their_own_bitmap)
{
	unsigned int i;
	u64 nr;

	clear_l1();
	controls(0, BIT(31), BIT(14), 0);
	for (i = 0; i < PAGE; i++) {
		vmreads[i] = unit_random() & unit_random();
		vmwrites[i] = unit_random() | unit_random();
	}
	for (nr = 0; nr < 0x10000; nr++) {
		struct exit_info exit = { .reason = 23, .gpr_value = nr };
		bool outside = nr > 0x7fff;

		EXPECT_EQ(outside || ON(vmreads[nr / 8 % PAGE], nr % 8), to_l1(&exit));
		exit.reason = 25;
		EXPECT_EQ(outside || ON(vmwrites[nr / 8 % PAGE], nr % 8), to_l1(&exit));
	}
}

UNIT_TEST(vmread_names_its_rule)
{
	struct exit_info exit = { .reason = 23, .gpr_value = 0x681e };

	clear_l1();
	EXPECT_EQ(NVMX_RULE_VMCS_NOT_SHADOWED, decide(&exit).rule);
	controls(0, BIT(31), BIT(14), 0);
	EXPECT_EQ(NVMX_RULE_VMREAD_BITMAP, decide(&exit).rule);
	unreadable = true;
	EXPECT_EQ(NVMX_RULE_BITMAP_UNREADABLE, decide(&exit).rule);
	exit.gpr_value = BIT_ULL(40) | 0x681e;
	EXPECT_EQ(NVMX_RULE_VMCS_FIELD_OUTSIDE, decide(&exit).rule);
	unreadable = false;
	exit.reason = 25;
	exit.gpr_value = 0x681e;
	EXPECT_EQ(NVMX_RULE_VMWRITE_BITMAP, decide(&exit).rule);
}

UNIT_TEST(leaves_go_by_the_bitmap_and_share_its_last_bit)
{
	static const struct {
		u32 reason, control, field, rule;
	} rows[] = {
		{ 60, BIT(15), VF_ENCLS_EXITING_BITMAP, NVMX_RULE_ENCLS_BITMAP },
		{ 65, BIT(27), VF_PCONFIG_EXITING_BITMAP, NVMX_RULE_PCONFIG_BITMAP },
		{ 70, BIT(28), VF_ENCLV_EXITING_BITMAP, NVMX_RULE_ENCLV_BITMAP },
	};
	unsigned int i, bit;
	u64 leaf;

	clear_l1();
	for (i = 0; i < ARRAY_SIZE(rows); i++)
	for (leaf = 0; leaf < 200; leaf++)
	for (bit = 0; bit < 64; bit++) {
		const struct exit_info exit = {
			.reason = rows[i].reason, .rax = leaf | bit * BIT_ULL(32),
		};

		field[rows[i].field] = BIT_ULL(bit);
		controls(0, BIT(31), rows[i].control, 0);
		EXPECT_EQ(bit == (leaf > 63 ? 63 : leaf), to_l1(&exit));
		EXPECT_EQ(rows[i].rule, decide(&exit).rule);
		controls(0, BIT(31), 0, 0);
		EXPECT_FALSE(to_l1(&exit));
	}
}

UNIT_TEST(vm_functions_that_are_not_enabled_exit)
{
	u64 function;

	clear_l1();
	controls(0, BIT(31), BIT(13), 0);
	field[VF_VM_FUNCTION_CONTROL] = BIT_ULL(0) | BIT_ULL(63);
	for (function = 0; function < 200; function++) {
		const struct exit_info exit = { .reason = 59, .rax = function };

		EXPECT_EQ(function != 0 && function != 63, to_l1(&exit));
		EXPECT_EQ(NVMX_RULE_VM_FUNCTION, decide(&exit).rule);
	}
}

UNIT_TEST(xsaves_and_xrstors_go_by_the_xss_bitmap)
{
	unsigned int bit, saved, reason;

	clear_l1();
	for (reason = 63; reason <= 64; reason++)
	for (bit = 0; bit < 64; bit++)
	for (saved = 0; saved < 64; saved++) {
		const struct exit_info exit = { .reason = reason, .xss = BIT_ULL(saved) };

		field[VF_XSS_EXIT_BITMAP] = BIT_ULL(bit);
		controls(0, BIT(31), BIT(20), 0);
		EXPECT_EQ(bit == saved, to_l1(&exit));
		EXPECT_EQ(NVMX_RULE_XSS_BITMAP, decide(&exit).rule);
		controls(0, 0, BIT(20), 0);
		EXPECT_FALSE(to_l1(&exit));
	}
}

/* ---- any input, names, coverage ------------------------------------------- */

UNIT_TEST(any_input_has_an_answer)
{
	struct exit_info exit;
	unsigned int i, j;

	for (i = 0; i < 200000; i++) {
		clear_l1();
		for (j = 0; j < VMCS_FIELD_COUNT; j++)
			field[j] = unit_random();
		field[VF_IO_BITMAP_A] = IO_A;
		field[VF_IO_BITMAP_B] = IO_B;
		field[VF_MSR_BITMAP] = MSRS;
		field[VF_VMREAD_BITMAP] = VMREADS;
		field[VF_VMWRITE_BITMAP] = VMWRITES;
		unreadable = i & 1;
		view.mtf_injected = i & 2;
		exit = (struct exit_info){
			.reason = unit_random() % 100, .intr_info = unit_random(),
			.intr_error_code = unit_random(), .qualification = unit_random(),
			.rcx = unit_random(), .rax = unit_random(),
			.gpr_value = unit_random(), .xss = unit_random(),
		};
		EXPECT_TRUE(decide(&exit).owner <= EXIT_OWNER_L1);
	}
}

UNIT_TEST(every_known_reason_has_a_name_of_its_own)
{
	u32 reason, other, known = 0;

	for (reason = 0; reason < EXIT_REASONS; reason++) {
		if (!strcmp(exit_reason_name(reason), "unknown"))
			continue;
		known++;
		for (other = 0; other < reason; other++)
			EXPECT_TRUE(strcmp(exit_reason_name(reason),
					   exit_reason_name(other)));
	}
	EXPECT_EQ(EXIT_REASONS - 6, known);
	EXPECT_STREQ("CPUID", exit_reason_name(10));
	EXPECT_STREQ("EPT violation", exit_reason_name(48));
}

UNIT_TEST(every_rule_that_decides_has_a_name_of_its_own)
{
	const char *names[RULES];
	u32 rule, other, count = 0;

	for (rule = 0; rule < RULES; rule++) {
		ASSERT_TRUE(exit_rule_name(rule) != NULL);
		if (!seen[rule][0] && !seen[rule][1])
			continue;
		for (other = 0; other < count; other++)
			EXPECT_TRUE(strcmp(names[other], exit_rule_name(rule)));
		if (rule && !EXPECT_TRUE(strcmp("unknown", exit_rule_name(rule))))
			UNIT_NOTE("rule %x", rule);
		names[count++] = exit_rule_name(rule);
	}
	EXPECT_STREQ("unknown", exit_rule_name(~0U));
	EXPECT_STREQ("posted", exit_rule_name(NVMX_RULE_POSTED));
}

/* Those of the host are never L1's, those of L1's machine go by a control. */
UNIT_TEST(interrupts_and_nmis_of_l1s_machine_go_by_the_pin_based_controls)
{
	const struct exit_info interrupt = { .reason = 1 };
	const struct exit_info nmi = { .reason = 0, .intr_info = 0x80000202 };
	struct exit_decision decision;
	u32 pin;

	clear_l1();
	for (pin = 0; pin < 16; pin++) {
		controls(pin, 0, 0, 0);
		EXPECT_FALSE(to_l1(&interrupt));
		EXPECT_FALSE(to_l1(&nmi));
		decision = exit_policy_of_l1(&view, &interrupt);
		EXPECT_EQ(NVMX_RULE_PIN(0), decision.rule);
		EXPECT_EQ(pin & 1, decision.owner == EXIT_OWNER_L1);
		seen[decision.rule][decision.owner] = true;
		decision = exit_policy_of_l1(&view, &nmi);
		EXPECT_EQ(NVMX_RULE_PIN(3), decision.rule);
		EXPECT_EQ(!!(pin & 8), decision.owner == EXIT_OWNER_L1);
		seen[decision.rule][decision.owner] = true;
	}
}

/* Last: what the tests above have reached. */
UNIT_TEST(every_rule_was_reached)
{
	u32 rule, controls = 0;

	for (rule = 0; rule <= NVMX_RULE_VM_FUNCTION; rule++)
		if (rule != NVMX_RULE_POSTED &&
		    !EXPECT_TRUE(seen[rule][0] || seen[rule][1]))
			UNIT_NOTE("rule %u", rule);

	for (rule = NVMX_RULE_CONTROLS; rule < RULES; rule++) {
		if (!strcmp(exit_rule_name(rule), "unknown"))
			continue;
		controls++;
		if (!EXPECT_TRUE(seen[rule][0] || seen[rule][1]))
			UNIT_NOTE("rule %x", rule);
	}
	UNIT_NOTE("%u rules, and %u controls", NVMX_RULE_VM_FUNCTION + 1, controls);
}

UNIT_MAIN
