/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of VM-entry rules: what a row is, and the list of files with rows.
 *
 * A row is written once, as RULE(...) in an entry_rules_*.h, and becomes an
 * element of enum entry_rule_index, an element of entry_rules[] and a test in
 * the function that judges its group.  Those files have no include guard.
 */
#ifndef NVMX_ENTRY_RULES_H
#define NVMX_ENTRY_RULES_H

#include "entry_checks.h"

/* Ids: a thousand for each group, stable over versions. */
#define ENTRY_RULE_GROUP(id)	((id) / 1000 - 1)

/**
 * struct entry_rule - a row of the table of VM-entry rules
 * @text: the words
 * @id: id: (enum entry_group + 1) * 1000 + number in the group
 * @outcome: VM-instruction error number; 0: that of the group
 * @qualification: exit qualification, where the outcome is a VM exit
 * @field_count: fields in @field
 * @field: enum vmcs_index of the fields concerned; the first one is the one
 *	that masks are about
 */
struct entry_rule {
	struct entry_rule_text text;
	u16 id;
	u8 outcome;
	u8 qualification;
	u8 field_count;
	u8 field[NVMX_FAILURE_FIELDS];
};

/*
 * The forms of a row.
 *
 * @name: symbolic id
 * @id: number
 * @fields: (VF_a, VF_b, ...), at most NVMX_FAILURE_FIELDS
 * @broken: expression over struct entry_context *c: the rule is broken
 * @zeros: bits of the first field that are 1 and must be 0
 * @ones: bits of the first field that are 0 and must be 1
 * @hint: what would be legal
 *
 * RULE_SECTION is the title of the SDM section.
 */
#define RULE(name, id, fields, broken, hint) \
	ENTRY_RULE(name, id, fields, broken, 0, 0, 0, 0, false, hint)
#define RULE_BITS(name, id, fields, zeros, ones, hint) \
	ENTRY_RULE(name, id, fields, (zeros) | (ones), zeros, ones, 0, 0, false, hint)
/* The SDM leaves it to the implementation. */
#define RULE_OURS(name, id, fields, broken, hint) \
	ENTRY_RULE(name, id, fields, broken, 0, 0, 0, 0, true, hint)
#define RULE_OURS_BITS(name, id, fields, zeros, hint) \
	ENTRY_RULE(name, id, fields, zeros, zeros, 0, 0, 0, true, hint)
/* Another outcome than its group. */
#define RULE_VMFAIL(name, id, fields, broken, error, hint) \
	ENTRY_RULE(name, id, fields, broken, 0, 0, error, 0, false, hint)
#define RULE_OURS_EXIT(name, id, fields, broken, qualification, hint) \
	ENTRY_RULE(name, id, fields, broken, 0, 0, 0, qualification, true, hint)
#define RULE_EXIT_BITS(name, id, fields, zeros, qualification, hint) \
	ENTRY_RULE(name, id, fields, zeros, zeros, 0, 0, qualification, false, hint)
#define RULE_EXIT(name, id, fields, broken, qualification, hint) \
	ENTRY_RULE(name, id, fields, broken, 0, 0, 0, qualification, false, hint)

/* Fields of a row. */
#define V1(a)			(VF_##a)
#define V2(a, b)		(VF_##a, VF_##b)
#define V3(a, b, d)		(VF_##a, VF_##b, VF_##d)
#define V4(a, b, d, e)		(VF_##a, VF_##b, VF_##d, VF_##e)

/*
 * FAMILY(condition) ... FAMILY_END: rows that hold only under a condition, one
 * test for all of them.  GROUP(tag) ... GROUP_END: rows that judge_tag() tests.
 */

/** entry_rules - the table, in ascending order of id */
extern const struct entry_rule entry_rules[];

/**
 * entry_rule_outcome() - architectural outcome of a rule
 * @rule: row of entry_rules
 *
 * Context: Any context.
 * Return: value of nvmx_failure.outcome.
 */
u32 entry_rule_outcome(const struct entry_rule *rule);

#endif /* NVMX_ENTRY_RULES_H */
