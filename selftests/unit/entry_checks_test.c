// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: entry_checks.c field_policy.c
/*
 * The rules of VM entry: each one broken alone, and the nearest legal state
 * (entry_cases.h); then what holds for all of them.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "entry_checks.h"
#include "entry_rules.h"
#include "unit.h"

#define WIDTH		46
#define LOWEST_BAD	BIT_ULL(47)
#define HIGHEST_LOW	(BIT_ULL(47) - 1)
#define VALID		INTR_INFO_VALID_MASK
#define HOST_CR4_GOOD	(X86_CR4_VMXE | X86_CR4_PAE)
#define HIGH		GENMASK_ULL(63, 32)
#define REVISION	0x12345

/* A vmcs12 with all that goes with it. */
struct world {
	struct nvmx_caps caps;
	struct nvmx_l1 l1;
	u64 f[VMCS_FIELD_COUNT];
	struct entry_msr msr[3];
	struct entry_state state;
};

#define SET(field, v)		(w->f[VF_##field] = (v))
#define ON(field, bits)		(w->f[VF_##field] |= (bits))
#define OFF(field, bits)	(w->f[VF_##field] &= ~(u64)(bits))
#define CAPS_OFF(name, bits)	(w->caps.msr[CAPS_##name] &= ~(u64)(bits))

/* ---- a valid world, and steps from it to others -------------------------- */

static u64 ctrl(u32 may, u32 must)
{
	return (u64)may << 32 | must;
}

static void offer_all(struct nvmx_caps *caps)
{
	caps->msr[CAPS_BASIC] = REVISION | BIT_ULL(55);
	caps->msr[CAPS_PIN] = ctrl(0xff, 0x16);
	caps->msr[CAPS_TRUE_PIN] = ctrl(0xff, 0x16);
	caps->msr[CAPS_PROC] = ctrl(0xfffffffe, 0x0401e172);
	caps->msr[CAPS_TRUE_PROC] = ctrl(0xfffffffe, 0x04006172);
	caps->msr[CAPS_PROC2] = ctrl(0xbfffffff, 0);
	caps->msr[CAPS_PROC3] = 0x11ff;
	caps->msr[CAPS_EXIT] = ctrl(0xfeffffff, 0x36dff);
	caps->msr[CAPS_TRUE_EXIT] = ctrl(0xfeffffff, 0x00000dfb);
	caps->msr[CAPS_EXIT2] = 0xf;
	caps->msr[CAPS_ENTRY] = ctrl(0x1ffffff, 0x11ff);
	caps->msr[CAPS_TRUE_ENTRY] = ctrl(0x1ffffff, 0x11fb);
	caps->msr[CAPS_MISC] = BIT(30) | 4 << 16 | 7 << 6;
	caps->msr[CAPS_CR0_FIXED0] = 0x80000021;
	caps->msr[CAPS_CR0_FIXED1] = 0xffffffff;
	caps->msr[CAPS_CR4_FIXED0] = 0x2000;
	caps->msr[CAPS_CR4_FIXED1] = 0x1ffff7fffULL & ~BIT_ULL(15);
	caps->msr[CAPS_EPT_VPID] = BIT(6) | BIT(7) | BIT(8) | BIT(14) | BIT(21) | BIT(23);
	caps->msr[CAPS_VMFUNC] = 1;
	caps->maxphyaddr = WIDTH;
	caps->linear_bits = 48;
	caps->efer_valid = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	caps->debugctl_valid = 7;
	caps->perf_global_valid = 0xf;
	caps->xss_valid = BIT(11);
	caps->features = NVMX_FEATURE_SGX | NVMX_FEATURE_RTM;
}

static void set_controls(struct world *w)
{
	SET(PIN_BASED_VM_EXEC_CONTROL, (u32)w->caps.msr[CAPS_TRUE_PIN]);
	SET(CPU_BASED_VM_EXEC_CONTROL, (u32)w->caps.msr[CAPS_TRUE_PROC] |
	    CPU_BASED_ACTIVATE_SECONDARY_CONTROLS);
	SET(VM_EXIT_CONTROLS, (u32)w->caps.msr[CAPS_TRUE_EXIT] |
	    VM_EXIT_HOST_ADDR_SPACE_SIZE);
	SET(VM_ENTRY_CONTROLS, (u32)w->caps.msr[CAPS_TRUE_ENTRY] | VM_ENTRY_IA32E_MODE);
	SET(VM_ENTRY_INSTRUCTION_LEN, 1);
	SET(VMCS_LINK_POINTER, ~0ULL);
}

static void set_host(struct world *w)
{
	SET(HOST_CR0, 0x80010033);
	SET(HOST_CR4, HOST_CR4_GOOD);
	SET(HOST_CS_SELECTOR, 0x10);
	SET(HOST_SS_SELECTOR, 0x18);
	SET(HOST_TR_SELECTOR, 0x40);
	SET(HOST_RIP, 0xffffffff81000000);
	SET(HOST_GS_BASE, 0xffff888000000000);
}

static void set_guest(struct world *w)
{
	static const u8 data[] = { VF_GUEST_ES_AR_BYTES, VF_GUEST_SS_AR_BYTES,
		VF_GUEST_DS_AR_BYTES, VF_GUEST_FS_AR_BYTES, VF_GUEST_GS_AR_BYTES };
	unsigned int i;

	SET(GUEST_CR0, 0x80010033);
	SET(GUEST_CR4, X86_CR4_VMXE | X86_CR4_PAE);
	SET(GUEST_CR3, 0x1000);
	SET(GUEST_RFLAGS, 2);
	SET(GUEST_DR7, 0x400);
	SET(GUEST_RIP, 0x1000);
	SET(GUEST_CS_SELECTOR, 8);
	SET(GUEST_CS_AR_BYTES, 0xa09b);
	SET(GUEST_CS_LIMIT, 0xffffffff);
	for (i = 0; i < sizeof(data); i++)
		w->f[data[i]] = 0xc093;
	SET(GUEST_ES_LIMIT, 0xffffffff);
	SET(GUEST_SS_LIMIT, 0xffffffff);
	SET(GUEST_DS_LIMIT, 0xffffffff);
	SET(GUEST_FS_LIMIT, 0xffffffff);
	SET(GUEST_GS_LIMIT, 0xffffffff);
	SET(GUEST_TR_SELECTOR, 0x18);
	SET(GUEST_TR_AR_BYTES, 0x8b);
	SET(GUEST_TR_LIMIT, 0x67);
	SET(GUEST_LDTR_AR_BYTES, 0x10000);
}

static void make_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	offer_all(&w->caps);
	w->l1.efer = EFER_LMA | EFER_LME;
	set_controls(w);
	set_host(w);
	set_guest(w);
	w->msr[0].index = MSR_STAR;
	w->msr[1].index = MSR_STAR;
	w->state = (struct entry_state){
		.caps = &w->caps, .l1 = &w->l1, .f = w->f, .vmptr = 0x9000,
		.mem = { .msr = w->msr },
	};
}

static void proc2(struct world *w, u32 bits)
{
	ON(SECONDARY_VM_EXEC_CONTROL, bits);
	if (!w->f[VF_TSC_MULTIPLIER])
		SET(TSC_MULTIPLIER, 1);
	if (!w->f[VF_VIRTUAL_PROCESSOR_ID])
		SET(VIRTUAL_PROCESSOR_ID, 1);
}

static void tertiary(struct world *w, u64 bits)
{
	ON(CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_ACTIVATE_TERTIARY_CONTROLS);
	ON(TERTIARY_VM_EXEC_CONTROL, bits);
}

static void exit2(struct world *w, u64 bits)
{
	ON(VM_EXIT_CONTROLS, BIT(31));
	ON(SECONDARY_VM_EXIT_CONTROLS, bits);
}

static void entry(struct world *w, u32 bits)
{
	ON(VM_ENTRY_CONTROLS, bits);
}

static void tpr_shadow(struct world *w)
{
	ON(CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_TPR_SHADOW);
	w->state.mem.vtpr_readable = true;
}

static void posted(struct world *w)
{
	tpr_shadow(w);
	proc2(w, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
	ON(PIN_BASED_VM_EXEC_CONTROL, PIN_BASED_POSTED_INTR | PIN_BASED_EXT_INTR_MASK);
	ON(VM_EXIT_CONTROLS, VM_EXIT_ACK_INTR_ON_EXIT);
}

static void ept(struct world *w)
{
	proc2(w, SECONDARY_EXEC_ENABLE_EPT);
	SET(EPT_POINTER, 0x1000 | 3 << 3 | 6);
}

static void pt_gpa(struct world *w)
{
	ept(w);
	proc2(w, SECONDARY_EXEC_PT_USE_GPA);
	entry(w, VM_ENTRY_LOAD_IA32_RTIT_CTL);
	ON(VM_EXIT_CONTROLS, VM_EXIT_CLEAR_IA32_RTIT_CTL);
}

static void unrestricted(struct world *w)
{
	ept(w);
	proc2(w, SECONDARY_EXEC_UNRESTRICTED_GUEST);
}

static void smm(struct world *w)
{
	w->l1.smm = 1;
	SET(GUEST_INTERRUPTIBILITY_INFO, 4);
}

static void mtf_off(struct world *w)
{
	CAPS_OFF(PROC, BIT_ULL(32 + 27));
	CAPS_OFF(TRUE_PROC, BIT_ULL(32 + 27));
}

static void fred_off(struct world *w)
{
	CAPS_OFF(CR4_FIXED1, BIT_ULL(32));
}

static void host_efer(struct world *w)
{
	ON(VM_EXIT_CONTROLS, VM_EXIT_LOAD_IA32_EFER);
	SET(HOST_IA32_EFER, EFER_LMA | EFER_LME | EFER_SCE);
}

static void guest_efer(struct world *w)
{
	entry(w, VM_ENTRY_LOAD_IA32_EFER);
	SET(GUEST_IA32_EFER, EFER_LMA | EFER_LME | EFER_NX);
}

/* 32-bit paging. */
static void legacy(struct world *w)
{
	OFF(VM_ENTRY_CONTROLS, VM_ENTRY_IA32E_MODE);
	OFF(GUEST_CR4, X86_CR4_PAE);
	SET(GUEST_CS_AR_BYTES, 0xc09b);
}

static void long_mode(struct world *w)
{
	entry(w, VM_ENTRY_IA32E_MODE);
	ON(GUEST_CR4, X86_CR4_PAE);
	SET(GUEST_CS_AR_BYTES, 0xa09b);
}

static void pae(struct world *w)
{
	legacy(w);
	ON(GUEST_CR4, X86_CR4_PAE);
	w->state.mem.pdpte_valid = true;
}

static void host_32(struct world *w)
{
	legacy(w);
	w->l1.efer = 0;
	OFF(VM_EXIT_CONTROLS, VM_EXIT_HOST_ADDR_SPACE_SIZE);
	SET(HOST_CR4, X86_CR4_VMXE);
	SET(HOST_RIP, 0x1000);
}

static void real_mode(struct world *w)
{
	unrestricted(w);
	legacy(w);
	OFF(GUEST_CR0, X86_CR0_PE | X86_CR0_PG);
	SET(GUEST_CS_AR_BYTES, 0x93);
	SET(GUEST_CS_LIMIT, 0xffff);
}

static void v86(struct world *w)
{
	unsigned int i;

	legacy(w);
	SET(GUEST_RFLAGS, 2 | X86_EFLAGS_VM);
	for (i = 0; i < 6; i++) {
		w->f[VF_GUEST_ES_SELECTOR + i] = 0x1234;
		w->f[VF_GUEST_ES_BASE + i] = 0x12340;
		w->f[VF_GUEST_ES_LIMIT + i] = 0xffff;
		w->f[VF_GUEST_ES_AR_BYTES + i] = 0xf3;
	}
}

static void ring(struct world *w, u32 cpl)
{
	SET(GUEST_CS_SELECTOR, 8 | cpl);
	SET(GUEST_SS_SELECTOR, 0x10 | cpl);
	OFF(GUEST_CS_AR_BYTES, 0x60);
	OFF(GUEST_SS_AR_BYTES, 0x60);
	ON(GUEST_CS_AR_BYTES, cpl << 5);
	ON(GUEST_SS_AR_BYTES, cpl << 5);
}

static void ldtr(struct world *w)
{
	SET(GUEST_LDTR_SELECTOR, 0x20);
	SET(GUEST_LDTR_AR_BYTES, 0x82);
	SET(GUEST_LDTR_LIMIT, 0xffff);
}

static void rtm(struct world *w)
{
	SET(GUEST_PENDING_DBG_EXCEPTIONS, BIT(16) | BIT(12));
}

static void link_to(struct world *w, u64 address)
{
	SET(VMCS_LINK_POINTER, address);
	w->state.mem.link_readable = true;
	w->state.mem.link_revision = REVISION;
}

/* The last entry of three. */
static void msr(struct world *w, u32 index, u64 value)
{
	SET(VM_ENTRY_MSR_LOAD_COUNT, 3);
	w->state.mem.msr_count = 3;
	w->msr[2] = (struct entry_msr){ .index = index, .value = value };
}

/* ---- the cases ----------------------------------------------------------- */

enum phase { SETUP, BAD, GOOD };

#define CASE(rule, setup, bad, good)					\
	static void case_##rule(struct world *w, enum phase phase)	\
	{								\
		setup;							\
		if (phase == BAD) {					\
			bad;						\
		} else if (phase == GOOD) {				\
			good;						\
		}							\
	}
#include "entry_cases.h"
#undef CASE

struct entry_case {
	const char *rule;
	void (*make)(struct world *w, enum phase phase);
};

static const struct entry_case cases[] = {
#define CASE(rule, setup, bad, good)	{ #rule, case_##rule },
#include "entry_cases.h"
#undef CASE
};

#define FAILURES	64

static struct nvmx_failure list[FAILURES];

static u32 judge(const struct world *w)
{
	memset(list, 0xaa, sizeof(list));
	return entry_checks_run(&w->state, ENTRY_ALL, list, FAILURES);
}

static void make(struct world *w, unsigned int i, enum phase phase)
{
	make_world(w);
	cases[i].make(w, phase);
}

static const struct entry_rule *rule_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < entry_checks_count(); i++)
		if (!strcmp(entry_rules[i].text.name, name))
			return &entry_rules[i];
	return NULL;
}

static void note_failures(const char *name, u32 total)
{
	u32 i;

	UNIT_NOTE("case %s: %u failures", name, total);
	for (i = 0; i < total && i < FAILURES; i++)
		UNIT_NOTE("  %u %s", list[i].rule, entry_checks_text(list[i].rule)->name);
}

UNIT_TEST(valid_world_breaks_no_rule)
{
	struct world w;

	make_world(&w);
	if (!EXPECT_EQ(0, judge(&w)))
		note_failures("valid", judge(&w));
}

UNIT_TEST(each_rule_is_broken_alone)
{
	const struct entry_rule *rule;
	unsigned int i, j;
	struct world w;
	u32 total;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		rule = rule_of(cases[i].rule);
		ASSERT_TRUE(rule);
		make(&w, i, BAD);
		total = judge(&w);
		if (!EXPECT_EQ(1, total) || !EXPECT_EQ(rule->id, list[0].rule)) {
			note_failures(cases[i].rule, total);
			continue;
		}
		EXPECT_EQ(entry_rule_outcome(rule), list[0].outcome);
		EXPECT_EQ(0, list[0].reserved);
		EXPECT_TRUE(list[0].field_count >= 1);
		for (j = 0; j < list[0].field_count; j++) {
			EXPECT_EQ(vmcs_field_table[rule->field[j]].encoding,
				  list[0].field[j]);
			EXPECT_EQ(w.f[rule->field[j]], list[0].value[j]);
		}
	}
}

UNIT_TEST(nearest_legal_state_breaks_no_rule)
{
	unsigned int i;
	struct world w;
	u32 total;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&w, i, GOOD);
		total = judge(&w);
		if (!EXPECT_EQ(0, total))
			note_failures(cases[i].rule, total);
	}
}

UNIT_TEST(every_rule_has_one_case)
{
	unsigned int i, j, found;

	for (i = 0; i < entry_checks_count(); i++) {
		found = 0;
		for (j = 0; j < ARRAY_SIZE(cases); j++)
			found += !strcmp(cases[j].rule, entry_rules[i].text.name);
		if (!EXPECT_EQ(1, found))
			UNIT_NOTE("%s", entry_rules[i].text.name);
	}
	EXPECT_EQ(entry_checks_count(), ARRAY_SIZE(cases));
	UNIT_NOTE("%u rules, %u of them covered both ways", entry_checks_count(),
		  (unsigned int)ARRAY_SIZE(cases));
}

/* ---- what holds for all rules -------------------------------------------- */

/* A rule about bits names exactly those that are wrong, each of the 64. */
UNIT_TEST(masks_name_the_wrong_bits)
{
	unsigned int i, j, bit, bits = 0;
	const struct entry_rule *rule;
	struct world w;
	u32 total;
	u64 mask;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		rule = rule_of(cases[i].rule);
		for (bit = 0; bit < 64; bit++) {
			make(&w, i, GOOD);
			w.f[rule->field[0]] ^= BIT_ULL(bit);
			total = judge(&w);
			for (j = 0; j < total && j < FAILURES; j++) {
				mask = list[j].must_be_0 | list[j].must_be_1;
				if (list[j].rule != rule->id || !mask)
					continue;
				bits++;
				EXPECT_EQ(0, list[j].must_be_0 & ~w.f[rule->field[0]]);
				EXPECT_EQ(0, list[j].must_be_1 & w.f[rule->field[0]]);
				w.f[rule->field[0]] ^= mask;
			}
		}
	}
	EXPECT_TRUE(bits > 1000);
}

UNIT_TEST(rows_are_complete_and_in_order)
{
	const struct entry_rule *rule;
	unsigned int i;

	for (i = 0; i < entry_checks_count(); i++) {
		rule = &entry_rules[i];
		if (i)
			EXPECT_TRUE(rule[-1].id < rule->id);
		EXPECT_TRUE(ENTRY_RULE_GROUP(rule->id) < ENTRY_GROUPS);
		EXPECT_TRUE(rule->field_count >= 1);
		EXPECT_TRUE(rule->field_count <= NVMX_FAILURE_FIELDS);
		EXPECT_TRUE(strlen(rule->text.hint) > 10);
		EXPECT_TRUE(strlen(rule->text.section) > 10);
		EXPECT_TRUE(entry_checks_text(rule->id) == &rule->text);
	}
	EXPECT_TRUE(!entry_checks_text(0));
	EXPECT_TRUE(!entry_checks_text(999));
	EXPECT_TRUE(!entry_checks_text(~0U));
}

static u32 want_outcome(unsigned int group)
{
	if (group <= ENTRY_CTRL_EVENT)
		return 7;
	if (group <= ENTRY_HOST_SPACE)
		return 8;
	return (group == ENTRY_MSR_LOAD ? 34 : 33) | BIT(31);
}

static u64 want_qualification(const struct entry_rule *rule)
{
	switch (ENTRY_RULE_GROUP(rule->id)) {
	case ENTRY_GUEST_PDPTE:
		return 2;
	case ENTRY_GUEST_LINK:
		return 4;
	case ENTRY_GUEST_NONREG:
		return strcmp(rule->text.name, "BLOCKING_STI_NMI") ? 0 : 3;
	case ENTRY_MSR_LOAD:
		return strcmp(rule->text.name, "LOAD_COUNT") ? 3 : 513;
	default:
		return 0;
	}
}

UNIT_TEST(outcome_is_that_of_the_sdm)
{
	const struct entry_rule *rule;
	struct world w;
	unsigned int i;
	u32 want;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		rule = rule_of(cases[i].rule);
		make(&w, i, BAD);
		judge(&w);
		want = want_outcome(ENTRY_RULE_GROUP(rule->id));
		if (!strcmp(cases[i].rule, "INSN_MOV_SS"))
			want = 26;
		if (!strcmp(cases[i].rule, "INSN_LAUNCH_NOT_CLEAR"))
			want = 4;
		if (!strcmp(cases[i].rule, "INSN_RESUME_NOT_LAUNCHED"))
			want = 5;
		EXPECT_EQ(want, list[0].outcome);
		EXPECT_EQ(want_qualification(rule), list[0].qualification);
	}
}

UNIT_TEST(only_wanted_groups_are_judged)
{
	unsigned int i, group, own;
	struct world w;
	u32 total;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		own = ENTRY_RULE_GROUP(rule_of(cases[i].rule)->id);
		make(&w, i, BAD);
		for (group = 0; group < ENTRY_GROUPS; group++) {
			total = entry_checks_run(&w.state, BIT_ULL(group), list, 1);
			/* Looks at memory: with what is judged at each entry. */
			if (!strcmp(cases[i].rule, "TPR_THRESHOLD_VTPR") &&
			    group == ENTRY_INSN)
				total--;
			EXPECT_EQ(group == own, total);
		}
	}
}

UNIT_TEST(host_rules_are_skipped_without_host_state)
{
	struct world w;
	unsigned int i, group;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		group = ENTRY_RULE_GROUP(rule_of(cases[i].rule)->id);
		make(&w, i, BAD);
		w.state.no_host = true;
		EXPECT_EQ(group < ENTRY_HOST_REGS || group > ENTRY_HOST_SPACE, judge(&w));
	}
}

UNIT_TEST(l1_and_launch_state_are_not_judged_without_instruction)
{
	struct world w;

	make_world(&w);
	w.state.launched = true;
	w.l1.mov_ss = 1;
	w.l1.efer = 0;
	EXPECT_TRUE(judge(&w) >= 3);
	w.state.no_insn = true;
	EXPECT_EQ(0, judge(&w));
}

UNIT_TEST(failures_come_in_the_order_in_which_they_decide)
{
	struct world w;
	u32 i, total;

	make_world(&w);
	w.l1.mov_ss = 1;
	memset(w.f, 0xff, sizeof(w.f));
	msr(&w, MSR_FS_BASE, 0);
	total = judge(&w);
	EXPECT_TRUE(total > FAILURES);
	EXPECT_EQ(26, list[0].outcome);
	for (i = 1; i < FAILURES; i++)
		EXPECT_TRUE(list[i - 1].rule / 1000 <= list[i].rule / 1000);

	memset(list, 0xaa, sizeof(list));
	EXPECT_EQ(total, entry_checks_run(&w.state, ENTRY_ALL, list, 1));
	EXPECT_EQ(0xaaaaaaaa, list[1].rule);
}

UNIT_TEST(first_bad_msr_decides)
{
	struct world w;

	make_world(&w);
	msr(&w, MSR_FS_BASE, 0);
	w.msr[1].index = MSR_GS_BASE;
	EXPECT_EQ(2, judge(&w));
	EXPECT_EQ(2, list[0].qualification);
	EXPECT_EQ(3, list[1].qualification);
}

/* ---- what L1's processor is ---------------------------------------------- */

/* One failure, of this rule; NULL: none. */
#define EXPECT_RULE(name, w)	expect_rule(name, w, __LINE__)

static void expect_rule(const char *name, const struct world *w, int line)
{
	u32 total = judge(w);
	bool ok = total == !!name &&
		  (!name || !strcmp(entry_checks_text(list[0].rule)->name, name));

	if (!EXPECT_TRUE(ok)) {
		UNIT_NOTE("line %d, expected %s", line, name ? name : "nothing");
		note_failures("is", total);
	}
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), tail = strlen(end);

	return length >= tail && !strcmp(name + length - tail, end);
}

UNIT_TEST(canonical_means_the_linear_address_width)
{
	static const u64 good[] = { 0, 0xffff800000000000, 0xfffffffffffff000 };
	static const u64 bad[] = { BIT_ULL(63), 0xffff7ffffffff000, 0x800000000000 };
	const struct entry_rule *rule;
	unsigned int i, j;
	struct world w;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		rule = rule_of(cases[i].rule);
		if (!ends_with(cases[i].rule, "_CANONICAL") ||
		    ENTRY_RULE_GROUP(rule->id) == ENTRY_MSR_LOAD)
			continue;
		for (j = 0; j < 3; j++) {
			make(&w, i, SETUP);
			w.f[rule->field[0]] = good[j];
			EXPECT_RULE(NULL, &w);
			w.f[rule->field[0]] = bad[j];
			EXPECT_RULE(cases[i].rule, &w);
		}
		w.caps.linear_bits = 57;
		EXPECT_RULE(NULL, &w);
	}
}

UNIT_TEST(default1_controls_must_be_1_without_true_msrs)
{
	struct world w;

	make_world(&w);
	w.caps.msr[CAPS_BASIC] &= ~BIT_ULL(55);
	EXPECT_EQ(3, judge(&w));
	EXPECT_EQ(0x18000, list[0].must_be_1);
	EXPECT_EQ(0x36004, list[1].must_be_1);
	EXPECT_EQ(4, list[2].must_be_1);
	w.f[VF_CPU_BASED_VM_EXEC_CONTROL] |= 0x18000;
	w.f[VF_VM_EXIT_CONTROLS] |= 0x36004;
	w.f[VF_VM_ENTRY_CONTROLS] |= 4;
	EXPECT_RULE(NULL, &w);
}

/* Of a control that is not offered, only its reserved bit is reported. */
UNIT_TEST(control_that_is_not_offered_is_not_in_force)
{
	struct world world, *w = &world;

	make_world(w);
	proc2(w, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE | SECONDARY_EXEC_ENABLE_PML);
	EXPECT_EQ(2, judge(w));
	w->caps.msr[CAPS_PROC2] = 0;
	EXPECT_RULE("PROC2_RESERVED", w);
	EXPECT_EQ(SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE | SECONDARY_EXEC_ENABLE_PML,
		  list[0].must_be_0);
	OFF(CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS);
	EXPECT_RULE(NULL, w);
}

UNIT_TEST(addresses_may_be_limited_to_32_bits)
{
	struct world world, *w = &world;

	make_world(w);
	ept(w);
	SET(EPT_POINTER, BIT_ULL(40) | 0x1e);
	SET(GUEST_CR3, BIT_ULL(40));
	ON(CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_USE_IO_BITMAPS);
	SET(IO_BITMAP_A, BIT_ULL(32));
	EXPECT_RULE(NULL, w);
	w->caps.msr[CAPS_BASIC] |= BIT_ULL(48);
	EXPECT_RULE("IO_BITMAP_A_WIDTH", w);
	EXPECT_EQ(BIT_ULL(32), list[0].must_be_0);
}

UNIT_TEST(lam_bits_of_cr3_come_with_lam)
{
	struct world world, *w = &world;

	make_world(w);
	SET(GUEST_CR3, BIT_ULL(61) | BIT_ULL(62));
	EXPECT_RULE("GUEST_CR3_WIDTH", w);
	w->caps.features |= NVMX_FEATURE_LAM;
	EXPECT_RULE(NULL, w);
	SET(HOST_CR3, BIT_ULL(63));
	EXPECT_RULE("HOST_CR3_WIDTH", w);
}

UNIT_TEST(event_rules_follow_the_processor)
{
	struct world world, *w = &world;

	make_world(w);
	EVENT(HARD_EXCEPTION, 21);
	EXPECT_RULE(NULL, w);
	EVENT(HARD_EXCEPTION, 21 | BIT(11));
	EXPECT_RULE("EVENT_ERROR_CODE_SUPERFLUOUS", w);
	EVENT(HARD_EXCEPTION, 6 | BIT(11));
	EXPECT_RULE("EVENT_ERROR_CODE_SUPERFLUOUS", w);
	w->caps.msr[CAPS_BASIC] |= BIT_ULL(56);
	EXPECT_RULE(NULL, w);
	EVENT(HARD_EXCEPTION, 13);
	EXPECT_RULE(NULL, w);
	w->caps.msr[CAPS_BASIC] &= ~BIT_ULL(56);

	EVENT(HARD_EXCEPTION, 6 | BIT(13));
	EXPECT_RULE("EVENT_RESERVED", w);
	w->caps.msr[CAPS_BASIC] |= BIT_ULL(58);
	EXPECT_RULE(NULL, w);

	ON(GUEST_CR4, BIT_ULL(32));
	EVENT(OTHER_EVENT, 2);
	EXPECT_RULE(NULL, w);
	SET(VM_ENTRY_INSTRUCTION_LEN, 16);
	EXPECT_RULE("EVENT_LENGTH", w);
	SET(VM_ENTRY_INSTRUCTION_LEN, 15);
	mtf_off(w);
	EXPECT_RULE(NULL, w);
	EVENT(OTHER_EVENT, 3);
	EXPECT_RULE("EVENT_OTHER_VECTOR", w);
	SET(VM_ENTRY_INTR_INFO_FIELD, 0x7fffffff);
	EXPECT_RULE(NULL, w);
}

/* Vectors that have an error code, one by one. */
UNIT_TEST(error_code_belongs_to_seven_exceptions)
{
	static const u32 vectors = BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) |
				   BIT(14) | BIT(17);
	struct world world, *w = &world;
	unsigned int vector;

	for (vector = 0; vector < 32; vector++) {
		make_world(w);
		EVENT(HARD_EXCEPTION, vector);
		EXPECT_EQ(!!(vectors & BIT(vector)), judge(w));
		EVENT(HARD_EXCEPTION, vector | BIT(11));
		EXPECT_EQ(!(vectors & BIT(vector)), judge(w));
		real_mode(w);
		EXPECT_RULE("EVENT_ERROR_CODE_REAL", w);
		EVENT(HARD_EXCEPTION, vector);
		EXPECT_RULE(NULL, w);
	}
}

/* Activity states: what may be injected into each. */
UNIT_TEST(sleeping_guest_takes_only_what_wakes_it)
{
	static const struct { u32 event; bool hlt, shutdown; } events[] = {
		{ INTR_TYPE_EXT_INTR | 0x20, true, false },
		{ INTR_TYPE_NMI_INTR | 2, true, true },
		{ INTR_TYPE_HARD_EXCEPTION | 1, true, false },
		{ INTR_TYPE_HARD_EXCEPTION | 18, true, true },
		{ INTR_TYPE_HARD_EXCEPTION | 0, false, false },
		{ INTR_TYPE_OTHER_EVENT | 0, true, false },
		{ INTR_TYPE_SOFT_INTR | 0x80, false, false },
		{ INTR_TYPE_SOFT_EXCEPTION | 3, false, false },
		{ INTR_TYPE_PRIV_SW_EXCEPTION | 1, false, false },
	};
	struct world world, *w = &world;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		make_world(w);
		SET(GUEST_RFLAGS, 0x202);
		SET(VM_ENTRY_INTR_INFO_FIELD, VALID | events[i].event);
		EXPECT_RULE(NULL, w);
		SET(GUEST_ACTIVITY_STATE, 1);
		EXPECT_RULE(events[i].hlt ? NULL : "ACTIVITY_HLT_EVENT", w);
		SET(GUEST_ACTIVITY_STATE, 2);
		EXPECT_RULE(events[i].shutdown ? NULL : "ACTIVITY_SHUTDOWN_EVENT", w);
		SET(GUEST_ACTIVITY_STATE, 3);
		EXPECT_RULE("ACTIVITY_SIPI_EVENT", w);
	}
}

UNIT_TEST(link_pointer_in_smm_is_not_the_executive_vmcs)
{
	struct world world, *w = &world;

	make_world(w);
	smm(w);
	link_to(w, 0x9000);
	EXPECT_RULE(NULL, w);
	SET(EXECUTIVE_VMCS_POINTER, 0x9000);
	EXPECT_RULE("LINK_EXECUTIVE", w);
	entry(w, VM_ENTRY_SMM);
	EXPECT_RULE("LINK_CURRENT", w);
}

UNIT_TEST(pending_debug_exceptions_follow_the_processor)
{
	struct world world, *w = &world;

	make_world(w);
	SET(GUEST_PENDING_DBG_EXCEPTIONS, BIT(11));
	EXPECT_RULE(NULL, w);
	w->caps.debugctl_valid = 3;
	EXPECT_RULE("PENDING_RESERVED", w);
	SET(GUEST_PENDING_DBG_EXCEPTIONS, 0);
	SET(GUEST_RFLAGS, 0x102);
	SET(GUEST_ACTIVITY_STATE, 1);
	EXPECT_RULE("PENDING_BS_MISSING", w);
	SET(GUEST_PENDING_DBG_EXCEPTIONS, BIT(14));
	EXPECT_RULE(NULL, w);
}

UNIT_TEST(ept_pointer_is_what_the_processor_walks)
{
	struct world world, *w = &world;
	u32 type, length;
	bool ok;

	for (type = 0; type < 8; type++) {
		for (length = 0; length < 8; length++) {
			make_world(w);
			ept(w);
			SET(EPT_POINTER, 0x1000 | length << 3 | type);
			ok = (type == 0 || type == 6) && (length == 3 || length == 4);
			EXPECT_EQ(ok, !judge(w));
			CAPS_OFF(EPT_VPID, BIT(8) | BIT(7));
			EXPECT_EQ(type == 6 && length == 3, !judge(w));
			CAPS_OFF(EPT_VPID, BIT(14) | BIT(6));
			EXPECT_EQ(2, judge(w));
		}
	}
}

/* MSRs that only a newer processor has. */
UNIT_TEST(msr_that_is_not_offered_is_unknown)
{
	static const u32 newer[] = {
		0x38f, 0xd90, 0x6a0, 0x6a2, 0x6a4, 0x6a7, 0x6a8, 0x6e1, 0x1cc,
		0x1d0, 0x1d4, 0x48,
	};
	struct world world, *w = &world;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(newer); i++) {
		make_world(w);
		msr(w, newer[i], 0);
		EXPECT_RULE(NULL, w);
		CAPS_OFF(ENTRY, HIGH);
		CAPS_OFF(TRUE_ENTRY, HIGH);
		w->caps.perf_global_valid = 0;
		EXPECT_EQ(2, judge(w));
		EXPECT_EQ(16010, list[1].rule);
	}
}

/* ---- segments, against a description of their own ------------------------ */

static bool cs_legal(u32 ar, u32 ss_dpl, bool unrestricted_guest)
{
	u32 dpl = ar >> 5 & 3;

	if (!(ar & 0x10) || !(ar & 0x80))
		return false;

	switch (ar & 0xf) {
	case 3:
		return unrestricted_guest && dpl == 0 && ss_dpl == 0;
	case 9:
	case 11:
		return dpl == ss_dpl;
	case 13:
	case 15:
		return dpl <= ss_dpl;
	default:
		return false;
	}
}

UNIT_TEST(cs_is_judged_as_the_sdm_describes_it)
{
	struct world world, *w = &world;
	u32 ar, cpl, ug;

	for (ar = 0; ar < 0x100; ar++) {
		for (cpl = 0; cpl < 4; cpl++) {
			for (ug = 0; ug < 2; ug++) {
				make_world(w);
				if (ug)
					unrestricted(w);
				ring(w, cpl);
				SET(GUEST_CS_AR_BYTES, ar | 0xa000);
				EXPECT_EQ(cs_legal(ar, cpl, ug), !judge(w));
			}
		}
	}
}

static bool data_legal(u32 ar, u32 rpl, bool unrestricted_guest)
{
	if (ar & BIT(16))
		return true;
	if (!(ar & 0x10) || !(ar & 0x80) || !(ar & 1))
		return false;
	if ((ar & 8) && !(ar & 2))
		return false;

	return unrestricted_guest || (ar & 0xf) > 11 || (ar >> 5 & 3) >= rpl;
}

UNIT_TEST(data_segments_are_judged_as_the_sdm_describes_them)
{
	static const u32 offsets[] = { 0, 3, 4, 5 };
	struct world world, *w = &world;
	u32 ar, rpl, ug, seg;

	for (seg = 0; seg < 4; seg++) {
		for (ar = 0; ar < 0x200; ar++) {
			for (rpl = 0; rpl < 4; rpl++) {
				u32 rights = (ar & 0xff) | 0xc000 | (ar & 0x100) << 8;

				ug = unit_random() & 1;
				make_world(w);
				if (ug)
					unrestricted(w);
				w->f[VF_GUEST_ES_SELECTOR + offsets[seg]] = 8 | rpl;
				w->f[VF_GUEST_ES_AR_BYTES + offsets[seg]] = rights;
				EXPECT_EQ(data_legal(rights, rpl, ug), !judge(w));
			}
		}
	}
}

UNIT_TEST(unusable_registers_hold_anything)
{
	struct world world, *w = &world;
	unsigned int i;

	make_world(w);
	for (i = 0; i < 7; i++) {
		/* ES, SS, DS, LDTR; FS and GS keep a canonical base. */
		if (i == 1)
			continue;
		w->f[VF_GUEST_ES_AR_BYTES + i] = BIT(16) | 0x1f00f;
		w->f[VF_GUEST_ES_LIMIT + i] = 0xfffff000;
		if (i != 4 && i != 5)
			w->f[VF_GUEST_ES_BASE + i] = BIT_ULL(50);
	}
	SET(GUEST_LDTR_SELECTOR, 0xffff);
	EXPECT_RULE(NULL, w);
}

UNIT_TEST(tr_is_a_busy_tss)
{
	struct world world, *w = &world;
	u32 type, legacy_guest;
	bool ok;

	for (type = 0; type < 16; type++) {
		for (legacy_guest = 0; legacy_guest < 2; legacy_guest++) {
			make_world(w);
			if (legacy_guest)
				legacy(w);
			SET(GUEST_TR_AR_BYTES, 0x80 | type);
			ok = type == 11 || (legacy_guest && type == 3);
			EXPECT_EQ(ok, !judge(w));
		}
	}
}

/* ---- which groups look at a field ---------------------------------------- */

static u64 groups_seen[VMCS_FIELD_COUNT];

static const u64 probes[] = {
	0, ~0ULL, 1, 2, 0x80, 0x1000, 0x1001, BIT_ULL(31), BIT_ULL(32), BIT_ULL(47),
	BIT_ULL(62), 0xf3, 0x93, 0x80000b0d, 0x80000202, 0x80000020, 0x10000, 0x202,
};

/* Outcome of a group: what is broken, and nothing else. */
static u64 group_hash(const struct world *w, unsigned int group)
{
	u32 i, total = entry_checks_run(&w->state, BIT_ULL(group), list, FAILURES);
	u64 hash = total;

	for (i = 0; i < total && i < FAILURES; i++)
		hash = hash * 1000003 + list[i].rule;
	return hash;
}

static void see_field(struct world *w, unsigned int field, const u64 *before, u64 value)
{
	unsigned int group;
	u64 old = w->f[field];

	w->f[field] = value;
	for (group = 0; group < ENTRY_GROUPS; group++)
		if (group_hash(w, group) != before[group])
			groups_seen[field] |= BIT_ULL(group);
	w->f[field] = old;
}

static void see_world(struct world *w)
{
	unsigned int field, group, i;
	u64 before[ENTRY_GROUPS];

	for (group = 0; group < ENTRY_GROUPS; group++)
		before[group] = group_hash(w, group);
	for (field = 0; field < VMCS_FIELD_COUNT; field++) {
		see_field(w, field, before, w->f[field] ^ BIT_ULL(unit_random() & 63));
		see_field(w, field, before, w->f[field] ^ BIT_ULL(unit_random() & 31));
		i = unit_random() % ARRAY_SIZE(probes);
		see_field(w, field, before, probes[i]);
	}
}

UNIT_TEST(changed_field_changes_only_the_groups_that_look_at_it)
{
	unsigned int i, field;
	struct world w;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		make(&w, i, BAD);
		see_world(&w);
		make(&w, i, GOOD);
		see_world(&w);
	}
	for (field = 0; field < VMCS_FIELD_COUNT; field++)
		if (!EXPECT_EQ(0, groups_seen[field] & ~entry_checks_groups(field)))
			UNIT_NOTE("%s: %#llx", vmcs_field_table[field].name,
				  (unsigned long long)groups_seen[field]);
	if (getenv("ENTRY_FIELDS"))
		for (field = 0; field < VMCS_FIELD_COUNT; field++)
			printf("FIELD %s %#llx\n", vmcs_field_table[field].name,
			       (unsigned long long)groups_seen[field]);
}

UNIT_TEST(rows_name_fields_that_their_group_looks_at)
{
	unsigned int i, j, group;

	for (i = 0; i < entry_checks_count(); i++) {
		group = ENTRY_RULE_GROUP(entry_rules[i].id);
		if (group == ENTRY_INSN || group == ENTRY_MSR_LOAD)
			continue;
		for (j = 0; j < entry_rules[i].field_count; j++)
			if (!EXPECT_TRUE(entry_checks_groups(entry_rules[i].field[j]) &
					 BIT_ULL(group)))
				UNIT_NOTE("%s", entry_rules[i].text.name);
	}
}

UNIT_MAIN
