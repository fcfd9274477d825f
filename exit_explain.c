// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the bits are that decide who gets a VM exit of L2.
 *
 * exit_policy.c decides.  The rule that it names says which fields it looked at,
 * and the bytes it read from L1's memory are written down on the way.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/processor-flags.h>

#include "exit_explain.h"

#define RULE_CLASS(rule)	((rule) & ~0x3fU)
#define RULE_BIT(rule)		((rule) & 0x3fU)

#define ACTIVATE_SECONDARY	BIT_ULL(31)
#define ACTIVATE_TERTIARY	BIT_ULL(17)

/* As many ports as the qualification can say; all else is asked for one bit. */
#define READS	8

/**
 * struct byte_read - a byte of a bitmap that was looked at
 * @gpa: its L1-physical address
 * @value: 0-255, or -1 where L1 has no memory
 */
struct byte_read {
	u64 gpa;
	int value;
};

/**
 * struct recorder - a read_byte() that writes down what it read
 * @view: L1's side with the caller's function
 * @count: bytes read
 * @read: them, in order
 */
struct recorder {
	const struct exit_l1_view *view;
	u32 count;
	struct byte_read read[READS];
};

static int record_byte(void *ctx, u64 gpa)
{
	struct recorder *recorder = ctx;
	int value = recorder->view->read_byte(recorder->view->ctx, gpa);

	if (recorder->count < READS)
		recorder->read[recorder->count++] = (struct byte_read){ gpa, value };
	return value;
}

/* ---- fields -------------------------------------------------------------- */

static void add_bits(const struct exit_l1_view *view, struct exit_explanation *out,
		     enum vmcs_index index, u64 mask)
{
	if (out->count >= NVMX_DECIDERS)
		return;

	out->decider[out->count++] = (struct nvmx_decider) {
		.where = NVMX_DECIDER_FIELD,
		.field = vmcs_field_table[index].encoding,
		.value = view->f[index],
		.mask = mask,
	};
}

/* A control that another one switches off is 0, whatever its bit. */
static void add_activated(const struct exit_l1_view *view, struct exit_explanation *out,
			  enum vmcs_index index, u64 mask, u64 activate)
{
	if (!(view->f[VF_CPU_BASED_VM_EXEC_CONTROL] & activate))
		add_bits(view, out, VF_CPU_BASED_VM_EXEC_CONTROL, activate);
	add_bits(view, out, index, mask);
}

static void add_control(const struct exit_l1_view *view, struct exit_explanation *out,
			u32 rule)
{
	u64 mask = BIT_ULL(RULE_BIT(rule));

	switch (RULE_CLASS(rule)) {
	case NVMX_RULE_PIN(0):
		add_bits(view, out, VF_PIN_BASED_VM_EXEC_CONTROL, mask);
		break;
	case NVMX_RULE_PROC(0):
		add_bits(view, out, VF_CPU_BASED_VM_EXEC_CONTROL, mask);
		break;
	case NVMX_RULE_PROC2(0):
		add_activated(view, out, VF_SECONDARY_VM_EXEC_CONTROL, mask,
			      ACTIVATE_SECONDARY);
		break;
	case NVMX_RULE_PROC3(0):
		add_activated(view, out, VF_TERTIARY_VM_EXEC_CONTROL, mask,
			      ACTIVATE_TERTIARY);
		break;
	}
}

static void exception(const struct exit_l1_view *view, const struct exit_info *exit,
		      struct exit_explanation *out)
{
	u32 vector = exit->intr_info & INTR_INFO_VECTOR_MASK;
	u32 mask = view->f[VF_PAGE_FAULT_ERROR_CODE_MASK];
	u32 match = view->f[VF_PAGE_FAULT_ERROR_CODE_MATCH];
	u32 differ = (exit->intr_error_code & mask) ^ match;

	add_bits(view, out, VF_EXCEPTION_BITMAP, BIT_ULL(vector & 31));
	if (vector != X86_TRAP_PF)
		return;
	add_bits(view, out, VF_PAGE_FAULT_ERROR_CODE_MASK, differ ? differ & mask : mask);
	add_bits(view, out, VF_PAGE_FAULT_ERROR_CODE_MATCH, differ ?: U32_MAX);
}

/* LMSW and CLTS come with their source in the qualification. */
static void cr0_mask(const struct exit_l1_view *view, const struct exit_info *exit,
		     struct exit_explanation *out)
{
	u64 mask = view->f[VF_CR0_GUEST_HOST_MASK];
	u64 shadow = view->f[VF_CR0_READ_SHADOW];
	u64 bits, qual = exit->qualification;

	switch ((qual >> 4) & 3) {
	case 0:
		bits = mask & (shadow ^ exit->gpr_value);
		break;
	case 2:
		bits = mask & shadow & X86_CR0_TS;
		break;
	default:
		bits = mask & (shadow ^ (qual >> 16)) & 0xf;
		if (!(qual >> 16 & X86_CR0_PE))
			bits &= ~(u64)X86_CR0_PE;
		break;
	}
	if (out->decision.owner == EXIT_OWNER_L0)
		bits = mask;
	add_bits(view, out, VF_CR0_GUEST_HOST_MASK, bits);
	add_bits(view, out, VF_CR0_READ_SHADOW, bits);
}

static void cr4_mask(const struct exit_l1_view *view, const struct exit_info *exit,
		     struct exit_explanation *out)
{
	u64 mask = view->f[VF_CR4_GUEST_HOST_MASK];
	u64 bits = mask & (view->f[VF_CR4_READ_SHADOW] ^ exit->gpr_value);

	add_bits(view, out, VF_CR4_GUEST_HOST_MASK, bits ?: mask);
	add_bits(view, out, VF_CR4_READ_SHADOW, bits ?: mask);
}

static void cr3_target(const struct exit_l1_view *view, const struct exit_info *exit,
		       struct exit_explanation *out)
{
	unsigned int i;

	add_bits(view, out, VF_CR3_TARGET_COUNT, U32_MAX);
	for (i = 0; i < 4; i++)
		if (view->f[VF_CR3_TARGET_VALUE0 + i] == exit->gpr_value) {
			add_bits(view, out, VF_CR3_TARGET_VALUE0 + i, ~0ULL);
			return;
		}
}

/* ---- bitmaps in memory --------------------------------------------------- */

static enum vmcs_index bitmap_field(const struct exit_info *exit, u32 nr)
{
	switch (exit->reason) {
	case EXIT_REASON_IO_INSTRUCTION:
		return nr < 0x8000 ? VF_IO_BITMAP_A : VF_IO_BITMAP_B;
	case EXIT_REASON_VMREAD:
		return VF_VMREAD_BITMAP;
	case EXIT_REASON_VMWRITE:
		return VF_VMWRITE_BITMAP;
	default:
		return VF_MSR_BITMAP;
	}
}

/* The first bit number that was asked for; all bitmaps are 2^n bits. */
static u32 first_bit(const struct exit_info *exit)
{
	switch (exit->reason) {
	case EXIT_REASON_IO_INSTRUCTION:
		return (exit->qualification >> 16) & 0xffff;
	case EXIT_REASON_VMREAD:
	case EXIT_REASON_VMWRITE:
		return exit->gpr_value;
	case EXIT_REASON_MSR_READ:
	case EXIT_REASON_MSR_WRITE:
		return exit->rcx;
	default:
		return exit->qualification;
	}
}

/* The bit that decided was the last one looked at; for L0 all of them did. */
static void add_reads(const struct exit_l1_view *view, const struct exit_info *exit,
		      const struct recorder *recorder, struct exit_explanation *out)
{
	u32 first = out->decision.owner == EXIT_OWNER_L1 && recorder->count ?
		    recorder->count - 1 : 0;
	u32 nr = first_bit(exit);
	u64 last = ~0ULL;
	u32 i;

	for (i = first; i < recorder->count; i++) {
		const struct byte_read *read = &recorder->read[i];
		enum vmcs_index index = bitmap_field(exit, nr + i);

		if (out->count >= NVMX_DECIDERS)
			return;
		if (read->gpa != last)
			out->decider[out->count++] = (struct nvmx_decider) {
				.where = read->value < 0 ? NVMX_DECIDER_HOLE :
							   NVMX_DECIDER_MEMORY,
				.field = vmcs_field_table[index].encoding,
				.address = read->gpa,
				.value = read->value & 0xff,
			};
		out->decider[out->count - 1].mask |= BIT((nr + i) % 8);
		last = read->gpa;
	}
}

/* ---- by rule ------------------------------------------------------------- */

static void by_leaf(const struct exit_l1_view *view, const struct exit_info *exit,
		    struct exit_explanation *out, enum vmcs_index index)
{
	add_bits(view, out, index, BIT_ULL(min_t(u32, exit->rax, 63)));
}

static void not_asked(const struct exit_l1_view *view, const struct exit_info *exit,
		      struct exit_explanation *out)
{
	if (exit->reason == EXIT_REASON_PAUSE_INSTRUCTION) {
		add_control(view, out, NVMX_RULE_PROC(30));
		add_control(view, out, NVMX_RULE_PROC2(10));
	} else {
		add_control(view, out, NVMX_RULE_PROC2(8));
		add_control(view, out, NVMX_RULE_PROC2(9));
	}
}

static void locate_in_fields(const struct exit_l1_view *view,
			     const struct exit_info *exit, struct exit_explanation *out)
{
	switch (out->decision.rule) {
	case NVMX_RULE_NOT_ASKED:
		return not_asked(view, exit, out);
	case NVMX_RULE_EXCEPTION_BITMAP:
	case NVMX_RULE_PAGE_FAULT_PFEC:
		return exception(view, exit, out);
	case NVMX_RULE_IO_WRAP:
		return add_control(view, out, NVMX_RULE_PROC(25));
	case NVMX_RULE_MSR_NO_BITMAP:
	case NVMX_RULE_MSR_OUTSIDE:
		return add_control(view, out, NVMX_RULE_PROC(28));
	case NVMX_RULE_VMCS_NOT_SHADOWED:
	case NVMX_RULE_VMCS_FIELD_OUTSIDE:
		return add_control(view, out, NVMX_RULE_PROC2(14));
	case NVMX_RULE_CR0_MASK:
		return cr0_mask(view, exit, out);
	case NVMX_RULE_CR4_MASK:
		return cr4_mask(view, exit, out);
	case NVMX_RULE_CR3_TARGET:
		return cr3_target(view, exit, out);
	case NVMX_RULE_MTF_INJECTED:
		return add_bits(view, out, VF_VM_ENTRY_INTR_INFO_FIELD,
				INTR_INFO_INTR_TYPE_MASK);
	case NVMX_RULE_WAIT_FOR_SIPI:
		return add_bits(view, out, VF_GUEST_ACTIVITY_STATE, U32_MAX);
	case NVMX_RULE_XSS_BITMAP:
		return add_bits(view, out, VF_XSS_EXIT_BITMAP, exit->xss);
	case NVMX_RULE_ENCLS_BITMAP:
		return by_leaf(view, exit, out, VF_ENCLS_EXITING_BITMAP);
	case NVMX_RULE_ENCLV_BITMAP:
		return by_leaf(view, exit, out, VF_ENCLV_EXITING_BITMAP);
	case NVMX_RULE_PCONFIG_BITMAP:
		return by_leaf(view, exit, out, VF_PCONFIG_EXITING_BITMAP);
	case NVMX_RULE_VM_FUNCTION:
		return by_leaf(view, exit, out, VF_VM_FUNCTION_CONTROL);
	default:
		if (out->decision.rule >= NVMX_RULE_CONTROLS)
			add_control(view, out, out->decision.rule);
	}
}

void exit_explain(const struct exit_l1_view *view, const struct exit_info *exit,
		  struct exit_explanation *out)
{
	struct recorder recorder = { .view = view };
	struct exit_l1_view recorded = *view;

	memset(out, 0, sizeof(*out));
	recorded.read_byte = record_byte;
	recorded.ctx = &recorder;
	out->decision = exit_policy_of_l1(&recorded, exit);
	locate_in_fields(view, exit, out);
	add_reads(view, exit, &recorder, out);
}
