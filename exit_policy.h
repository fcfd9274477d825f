/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who gets a VM exit of L2, and which rule says so.  Constant tables and pure
 * functions; bitmaps in L1's memory are read through the caller.
 */
#ifndef NVMX_EXIT_POLICY_H
#define NVMX_EXIT_POLICY_H

#include <linux/compiler.h>
#include <linux/nospec.h>
#include <linux/types.h>

#include "field_policy.h"

/** EXIT_REASONS - basic exit reasons that the table has rows for: 0 to 85 */
#define EXIT_REASONS	86

/**
 * struct exit_info - a VM exit, as the processor reported it
 * @reason: basic exit reason
 * @qualification: exit qualification
 * @intr_info: VM-exit interruption information
 * @intr_error_code: VM-exit interruption error code
 * @instruction_info: VM-exit instruction information
 * @rcx: L2's RCX (MSR index, ...), low 32 bits are used
 * @rax: L2's RAX
 * @gpr_value: value of the register operand of a MOV to CR or of the VMREAD or
 *	VMWRITE field operand
 * @xss: low half, EDX:EAX & XCR0|XSS mask of XSAVES and XRSTORS
 */
struct exit_info {
	u32 reason;
	u32 intr_info;
	u32 intr_error_code;
	u32 instruction_info;
	u64 qualification;
	u64 rcx;
	u64 rax;
	u64 gpr_value;
	u64 xss;
};

/**
 * struct exit_l1_view - what routing looks at on L1's side
 * @caps: L1's processor
 * @f: effective value of each field of vmcs12 by enum vmcs_index
 * @read_byte: read a byte of L1's physical memory: 0-255, or -1 where there is
 *	none
 * @ctx: first argument of @read_byte
 * @mtf_injected: the entry injected a pending MTF VM exit
 */
struct exit_l1_view {
	const struct nvmx_caps *caps;
	const u64 *f;
	int (*read_byte)(void *ctx, u64 gpa);
	void *ctx;
	bool mtf_injected;
};

/**
 * enum exit_owner - who gets an exit
 * @EXIT_OWNER_L0: L0 handles it; L1 does not know
 * @EXIT_OWNER_L1: a nested VM exit
 */
enum exit_owner { EXIT_OWNER_L0, EXIT_OWNER_L1 };

/**
 * struct exit_decision - an answer of the routing table
 * @owner: who gets the exit
 * @rule: enum nvmx_exit_rule: which rule said so
 */
struct exit_decision {
	enum exit_owner owner;
	u32 rule;
};

/**
 * struct exit_row - how exits of one basic reason are routed
 * @name: the reason, in the words of the SDM
 * @decide: who gets an exit for which @rule and @also are not all
 * @rule: the control that asks for the exit, or NVMX_RULE_UNCONDITIONAL or
 *	NVMX_RULE_L0_ALWAYS; with @decide, a control that must be 1 for L1, or 0
 * @also: another control that must be 1 for L1, or 0
 *
 * A row of zeroes is a reason that nobody knows.
 */
struct exit_row {
	const char *name;
	struct exit_decision (*decide)(const struct exit_l1_view *view,
				       const struct exit_info *exit);
	u16 rule;
	u16 also;
};

/** exit_rows - by basic exit reason: SDM Vol. 3, "VMX Basic Exit Reasons" */
extern const struct exit_row exit_rows[EXIT_REASONS];

/**
 * exit_policy_unconditional() - whether a VM exit is L1's whatever its controls say
 * @reason: basic exit reason
 *
 * The most frequent ones are.
 *
 * Context: Any context.
 * Return: true if it is.
 */
static __always_inline bool exit_policy_unconditional(u32 reason)
{
	return reason < EXIT_REASONS &&
	       exit_rows[array_index_nospec(reason, EXIT_REASONS)].rule ==
	       NVMX_RULE_UNCONDITIONAL;
}

/**
 * exit_policy_decide() - who gets a VM exit of L2
 * @view: L1's side
 * @exit: the exit
 *
 * A reason that the table does not know goes to L1.
 *
 * Context: Any context that @view->read_byte allows.
 * Return: the decision.
 */
struct exit_decision exit_policy_decide(const struct exit_l1_view *view,
					const struct exit_info *exit);

/**
 * exit_policy_of_l1() - who gets a VM exit that L1's machine has a part in
 * @view: L1's side
 * @exit: the exit
 *
 * As exit_policy_decide(), but an external interrupt or an NMI is one of L1's
 * machine (NVMX_EVENT), where the processor only reports those of the host.
 *
 * Context: Any context that @view->read_byte allows.
 * Return: the decision.
 */
struct exit_decision exit_policy_of_l1(const struct exit_l1_view *view,
				       const struct exit_info *exit);

/**
 * exit_reason_name() - name of a basic exit reason
 * @reason: basic exit reason
 *
 * Context: Any context.
 * Return: its name in the SDM's words, or "unknown".
 */
const char *exit_reason_name(u32 reason);

/**
 * exit_rule_name() - name of a deciding rule
 * @rule: enum nvmx_exit_rule
 *
 * Context: Any context.
 * Return: its name, or "unknown".
 */
const char *exit_rule_name(u32 rule);

#endif /* NVMX_EXIT_POLICY_H */
