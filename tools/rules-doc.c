// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print the table of VM-entry rules as reStructuredText: tools/doc builds
 * and runs it.
 */
#include <linux/kernel.h>
#include <asm/vmx.h>
#include <stdio.h>

#include "entry_checks.h"
#include "entry_rules.h"

static const char *const groups[ENTRY_GROUPS] = {
	[ENTRY_INSN] = "VMX instruction",
	[ENTRY_CTRL_EXEC] = "VM-execution control fields",
	[ENTRY_CTRL_EXIT] = "VM-exit control fields",
	[ENTRY_CTRL_ENTRY] = "VM-entry control fields",
	[ENTRY_CTRL_EVENT] = "Event injection",
	[ENTRY_HOST_REGS] = "Host control registers, MSRs and SSP",
	[ENTRY_HOST_SEG] = "Host segment and descriptor-table registers",
	[ENTRY_HOST_SPACE] = "Address-space size",
	[ENTRY_GUEST_REGS] = "Guest control registers, debug registers and MSRs",
	[ENTRY_GUEST_SEG] = "Guest segment registers",
	[ENTRY_GUEST_DT] = "Guest descriptor-table registers",
	[ENTRY_GUEST_RIP] = "Guest RIP, RFLAGS and SSP",
	[ENTRY_GUEST_NONREG] = "Guest non-register state",
	[ENTRY_GUEST_LINK] = "VMCS link pointer",
	[ENTRY_GUEST_PDPTE] = "Guest page-directory-pointer-table entries",
	[ENTRY_MSR_LOAD] = "VM-entry MSR-load area",
};

static void print_outcome(const struct entry_rule *rule)
{
	u32 outcome = entry_rule_outcome(rule);

	if (!(outcome & VMX_EXIT_REASONS_FAILED_VMENTRY))
		printf("VMfailValid %u", outcome);
	else if (ENTRY_RULE_GROUP(rule->id) == ENTRY_MSR_LOAD)
		printf("exit 34, number of the MSR");
	else
		printf("exit 33, qualification %u", rule->qualification);
}

static void print_rule(const struct entry_rule *rule)
{
	unsigned int i;

	printf("   * - %u\n     - ``%s``\n     - ", rule->id, rule->text.name);
	print_outcome(rule);
	printf("\n     - ");
	for (i = 0; i < rule->field_count; i++)
		printf("%s``%s``", i ? ", " : "", vmcs_field_table[rule->field[i]].name);
	printf("\n     - %s%s\n", rule->text.hint,
	       rule->text.implementation ? " [#ours]_" : "");
}

static void print_group(unsigned int group, const char *section)
{
	const char *c;

	printf("\n%s\n", groups[group]);
	for (c = groups[group]; *c; c++)
		putchar('-');
	printf("\n\nSDM Vol. 3, section \"%s\".\n\n", section);
	printf(".. list-table::\n   :header-rows: 1\n\n");
	printf("   * - Id\n     - Name\n     - Outcome\n     - Fields\n     - Legal\n");
}

static bool is_about(const struct entry_rule *rule, unsigned int field)
{
	unsigned int i;

	for (i = 0; i < rule->field_count; i++)
		if (rule->field[i] == field)
			return true;
	return false;
}

/* For each field the ids of its rules. */
static void print_index(void)
{
	unsigned int field, i, n;

	printf("\nBy field\n--------\n\nA field that is not in the list may hold anything.\n");
	printf("\n.. list-table::\n   :header-rows: 1\n\n");
	printf("   * - Field\n     - Encoding\n     - Rules\n");
	for (field = 0; field < VMCS_FIELD_COUNT; field++) {
		for (i = n = 0; i < entry_checks_count(); i++) {
			if (!is_about(&entry_rules[i], field))
				continue;
			if (!n++)
				printf("   * - ``%s``\n     - %04XH\n     - %u",
				       vmcs_field_table[field].name,
				       vmcs_field_table[field].encoding,
				       entry_rules[i].id);
			else
				printf(", %u", entry_rules[i].id);
		}
		if (n)
			printf("\n");
	}
}

int main(void)
{
	unsigned int i, last = ENTRY_GROUPS;

	printf(".. SPDX-License-Identifier: GPL-2.0-only\n");
	printf(".. Written by make doc: do not edit.\n\n");
	printf("=================\nRules of VM entry\n=================\n\n");
	printf("%u rules. The first broken one, in this order, decides.\n",
	       entry_checks_count());
	printf("`By field`_ lists them by VMCS field; :doc:`rules` by symptom.\n");
	for (i = 0; i < entry_checks_count(); i++) {
		const struct entry_rule *rule = &entry_rules[i];

		if (ENTRY_RULE_GROUP(rule->id) != last) {
			last = ENTRY_RULE_GROUP(rule->id);
			print_group(last, rule->text.section);
		}
		print_rule(rule);
	}
	print_index();
	printf("\n.. [#ours] The SDM leaves this rule to the implementation.\n");
	return 0;
}
