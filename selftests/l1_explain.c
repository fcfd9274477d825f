// SPDX-License-Identifier: GPL-2.0-only
/*
 * A check on every exit of every test: what NVMX_EXPLAIN says of an exit must be
 * what routed it.  The exit is described as the processor described it to L1.
 */
#include "l1_setup.h"

/* Bits 15:0 of the exit reason. */
#define BASIC(reason)	((reason) & 0xffff)

static __u64 field(struct l1 *l1, __u32 encoding)
{
	struct nvmx_peek peek;

	if (nvmx_peek(l1->fd, NVMX_PEEK_VMCS12, encoding, &peek))
		l1_die(l1, "PEEK %#x failed", encoding);
	return peek.out_value;
}

/* Operands have 64 bits in 64-bit mode only. */
static __u64 operand(struct l1 *l1, unsigned int gpr)
{
	__u64 value = l1->run->gpr[gpr];

	return field(l1, GUEST_CS_AR_BYTES) & BIT(13) &&
	       field(l1, VM_ENTRY_CONTROLS) & ENTRY_IA32E ? value : (__u32)value;
}

static __u64 xsaves_bits(struct l1 *l1)
{
	const __u64 *gpr = l1->run->gpr;
	struct nvmx_l2 l2;

	if (nvmx_get_l2(l1->fd, &l2))
		l1_die(l1, "GET_L2 failed");
	return (gpr[NVMX_RDX] << 32 | (__u32)gpr[NVMX_RAX]) & l2.xss;
}

static void describe(struct l1 *l1, struct nvmx_explain *explain)
{
	const struct nvmx_run *run = l1->run;

	explain->exit_reason = run->exit_reason;
	explain->qualification = run->qualification;
	explain->instruction_info = run->instruction_info;
	explain->intr_info = run->intr_info;
	explain->intr_error_code = run->intr_error_code;
	explain->rax = run->gpr[NVMX_RAX];
	explain->rcx = run->gpr[NVMX_RCX];
	switch (run->exit_reason) {
	case EXIT_CR:
		explain->gpr_value = operand(l1, run->qualification >> 8 & 15);
		break;
	case EXIT_VMREAD:
	case EXIT_VMWRITE:
		explain->gpr_value = operand(l1, run->instruction_info >> 28 & 15);
		break;
	case EXIT_XSAVES:
	case EXIT_XRSTORS:
		explain->xss = xsaves_bits(l1);
		break;
	}
}

/*
 * What the controls do not decide: exits made by the process, entries that
 * failed, faults of EPT, a VM function that could not be done, and an event of
 * the entry, which is gone by now.
 */
static bool decided_otherwise(const struct nvmx_run *run)
{
	return BASIC(run->exit_reason) != run->exit_reason ||
	       run->deciding_rule == NVMX_RULE_POSTED ||
	       run->deciding_rule == NVMX_RULE_MTF_INJECTED ||
	       run->exit_reason == EXIT_EPT_VIOLATION ||
	       run->exit_reason == EXIT_EPT_MISCONFIG ||
	       run->exit_reason == EXIT_PML_FULL || run->exit_reason == EXIT_VMFUNC;
}

/* The exit in the run page has just come: ask why. */
void l1_explain(struct l1 *l1)
{
	struct nvmx_explain explain = {};

	if (decided_otherwise(l1->run))
		return;

	describe(l1, &explain);
	if (nvmx_explain(l1->fd, &explain))
		l1_die(l1, "EXPLAIN failed");
	if (explain.out_owner != NVMX_OWNER_L1 ||
	    explain.out_rule != l1->run->deciding_rule)
		l1_die(l1, "EXPLAIN says owner %u, rule %#x", explain.out_owner,
		       explain.out_rule);
}
