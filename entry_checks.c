// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of VM entry: what makes the rows of entry_rules_*.h into a table
 * and into functions, and the engine that judges a vmcs12 by them.
 *
 * Each row is compiled into a test in a function of its group: a pass that
 * finds nothing wrong reads no table.  What is reported about a broken rule
 * comes from the table.
 *
 * SDM Vol. 3, chapter "VM Entries".
 */
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/minmax.h>

#include "entry_context.h"
#include "entry_rules.h"

/* ---- the table ----------------------------------------------------------- */

#define GROUP(tag)
#define GROUP_END
#define FAMILY(condition)
#define FAMILY_END

/* Dense numbers of the rules. */
enum entry_rule_index {
#define ENTRY_RULE(name, id, fields, broken, zeros, ones, error, exit, ours, hint) \
	RULE_##name,
#include "entry_rules_ctrl.h"
#include "entry_rules_host.h"
#include "entry_rules_guest.h"
#include "entry_rules_msr.h"
#undef ENTRY_RULE
	ENTRY_RULE_COUNT
};

static_assert(VMCS_FIELD_COUNT <= 256);

#define LIST(...)	__VA_ARGS__

const struct entry_rule entry_rules[ENTRY_RULE_COUNT] = {
#define ENTRY_RULE(rule_name, rule_id, fields, broken, zeros, ones, error, exit, \
		   ours, rule_hint)					\
	[RULE_##rule_name] = {						\
		.id = (rule_id),					\
		.outcome = (error),					\
		.qualification = (exit),				\
		.field_count = sizeof((u8[]){ LIST fields }),		\
		.field = { LIST fields },				\
		.text = {						\
			.name = #rule_name,				\
			.section = RULE_SECTION,			\
			.hint = rule_hint,				\
			.implementation = (ours),			\
		},							\
	},
#include "entry_rules_ctrl.h"
#include "entry_rules_host.h"
#include "entry_rules_guest.h"
#include "entry_rules_msr.h"
#undef ENTRY_RULE
};

#undef GROUP
#undef GROUP_END
#undef FAMILY
#undef FAMILY_END

u32 entry_checks_count(void)
{
	return ENTRY_RULE_COUNT;
}

const struct entry_rule_text *entry_checks_text(u32 rule)
{
	unsigned int low = 0, high = ENTRY_RULE_COUNT;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (entry_rules[middle].id == rule)
			return &entry_rules[middle].text;
		if (entry_rules[middle].id < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

u32 entry_rule_outcome(const struct entry_rule *rule)
{
	unsigned int group = ENTRY_RULE_GROUP(rule->id);

	if (rule->outcome)
		return rule->outcome;
	if (group <= ENTRY_CTRL_EVENT)
		return VMXERR_ENTRY_INVALID_CONTROL_FIELD;
	if (group <= ENTRY_HOST_SPACE)
		return VMXERR_ENTRY_INVALID_HOST_STATE_FIELD;
	if (group == ENTRY_MSR_LOAD)
		return VMX_EXIT_REASONS_FAILED_VMENTRY | EXIT_REASON_MSR_LOAD_FAIL;

	return VMX_EXIT_REASONS_FAILED_VMENTRY | EXIT_REASON_INVALID_STATE;
}

/* ---- judging ------------------------------------------------------------- */

static noinline void report(struct entry_context *c, enum entry_rule_index index,
			    u64 zeros, u64 ones)
{
	const struct entry_rule *rule = &entry_rules[index];
	struct nvmx_failure *failure;
	unsigned int i;

	if (c->total++ >= c->capacity)
		return;

	failure = &c->list[c->total - 1];
	*failure = (struct nvmx_failure){
		.rule = rule->id,
		.outcome = entry_rule_outcome(rule),
		.qualification = rule->qualification,
		.field_count = rule->field_count,
		.must_be_0 = zeros,
		.must_be_1 = ones,
	};
	if (ENTRY_RULE_GROUP(rule->id) == ENTRY_MSR_LOAD)
		failure->qualification = c->msr_number;

	for (i = 0; i < rule->field_count; i++) {
		failure->field[i] = vmcs_field_table[rule->field[i]].encoding;
		failure->value[i] = c->f[rule->field[i]];
	}
}

#define JUDGE(broken, index, zeros, ones)				\
	do {								\
		if (unlikely(broken))					\
			report(c, index, zeros, ones);			\
	} while (0)
#define BEGIN			{
#define END			}
#define GROUP(tag)		static void judge_##tag(struct entry_context *c) BEGIN
#define GROUP_END		END
#define FAMILY(condition)	for (bool in = (condition); in; in = false) BEGIN
#define FAMILY_END		END
#define ENTRY_RULE(name, id, fields, broken, zeros, ones, error, exit, ours, hint) \
	JUDGE(broken, RULE_##name, zeros, ones);

#include "entry_rules_ctrl.h"
#include "entry_rules_host.h"
#include "entry_rules_guest.h"
#include "entry_rules_msr.h"

static void judge_guest_seg(struct entry_context *c)
{
	if (V86) {
		judge_guest_v86(c);
	} else {
		judge_guest_code_stack(c);
		judge_guest_data(c);
	}
	judge_guest_system(c);
}

static void judge_msr_load(struct entry_context *c)
{
	u32 limit = entry_msr_limit(c);
	u32 i, count = min(MEM.msr_count, limit);

	for (i = 0; i < count; i++) {
		c->msr = &MEM.msr[i];
		c->msr_number = i + 1;
		judge_msr_entry(c);
	}
	c->msr_number = limit + 1;
	judge_msr_area(c);
}

/*
 * Controls in force are those that are set and offered: of one that is not
 * offered only its reserved bit is reported.
 */
static void prepare_controls(struct entry_context *c)
{
	bool exact = CAPS(BASIC) & BASIC_TRUE;

	c->ctrl_pin = exact ? CAPS(TRUE_PIN) : CAPS(PIN);
	c->ctrl_proc = exact ? CAPS(TRUE_PROC) : CAPS(PROC);
	c->ctrl_exit = exact ? CAPS(TRUE_EXIT) : CAPS(EXIT);
	c->ctrl_entry = exact ? CAPS(TRUE_ENTRY) : CAPS(ENTRY);
	c->ctrl_proc2 = CAPS(PROC2);

	c->pin = F(PIN_BASED_VM_EXEC_CONTROL) & MAY(c->ctrl_pin);
	c->proc = F(CPU_BASED_VM_EXEC_CONTROL) & MAY(c->ctrl_proc);
	c->exit = F(VM_EXIT_CONTROLS) & MAY(c->ctrl_exit);
	c->entry = F(VM_ENTRY_CONTROLS) & MAY(c->ctrl_entry);
	if (PROC(ACTIVATE_SECONDARY_CONTROLS))
		c->proc2 = F(SECONDARY_VM_EXEC_CONTROL) & MAY(c->ctrl_proc2);
	if (PROC(ACTIVATE_TERTIARY_CONTROLS))
		c->proc3 = F(TERTIARY_VM_EXEC_CONTROL) & CAPS(PROC3);
	if (EXIT(SECONDARY))
		c->exit2 = F(SECONDARY_VM_EXIT_CONTROLS) & CAPS(EXIT2);
	if (F(VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID_MASK)
		c->event = F(VM_ENTRY_INTR_INFO_FIELD);
}

static void prepare_widths(struct entry_context *c)
{
	c->beyond = ~0ULL << c->caps->maxphyaddr;
	c->area = c->beyond;
	if (CAPS(BASIC) & BASIC_32_BIT)
		c->area |= HIGH_32;
	c->canonical = 64 - c->caps->linear_bits;
}

#define WANTED(group)	(groups & BIT_ULL(ENTRY_##group))

static void judge_controls(struct entry_context *c, u64 groups)
{
	if (WANTED(INSN) && !STATE->no_insn)
		judge_insn(c);
	if (WANTED(CTRL_EXEC))
		judge_exec(c);
	if (WANTED(CTRL_EXEC) || WANTED(INSN))
		judge_vtpr(c);
	if (WANTED(CTRL_EXIT))
		judge_exit(c);
	if (WANTED(CTRL_ENTRY))
		judge_entry(c);
	if (WANTED(CTRL_EVENT))
		judge_event(c);
}

static void judge_host(struct entry_context *c, u64 groups)
{
	if (WANTED(HOST_REGS))
		judge_host_regs(c);
	if (WANTED(HOST_SEG))
		judge_host_seg(c);
	if (WANTED(HOST_SPACE))
		judge_host_space(c);
}

static void judge_guest(struct entry_context *c, u64 groups)
{
	if (WANTED(GUEST_REGS))
		judge_guest_regs(c);
	if (WANTED(GUEST_SEG))
		judge_guest_seg(c);
	if (WANTED(GUEST_DT))
		judge_guest_dt(c);
	if (WANTED(GUEST_RIP))
		judge_guest_rip(c);
	if (WANTED(GUEST_NONREG))
		judge_guest_nonreg(c);
	if (WANTED(GUEST_LINK))
		judge_guest_link(c);
	if (WANTED(GUEST_PDPTE))
		judge_guest_pdpte(c);
	if (WANTED(MSR_LOAD))
		judge_msr_load(c);
}

u32 entry_checks_run(const struct entry_state *state, u64 groups,
		     struct nvmx_failure *list, u32 capacity)
{
	struct entry_context context = {
		.state = state,
		.f = state->f,
		.caps = state->caps,
		.list = list,
		.capacity = capacity,
	};

	prepare_controls(&context);
	prepare_widths(&context);
	judge_controls(&context, groups);
	if (!state->no_host)
		judge_host(&context, groups);
	judge_guest(&context, groups);

	return context.total;
}

/* ---- which groups look at a field ---------------------------------------- */

static const u16 field_groups[VMCS_FIELD_COUNT] = {
#define ENTRY_FIELD(name, groups) \
	[VF_##name] = (groups),
#include "entry_fields.h"
#undef ENTRY_FIELD
};

u64 entry_checks_groups(enum vmcs_index index)
{
	return field_groups[index];
}
