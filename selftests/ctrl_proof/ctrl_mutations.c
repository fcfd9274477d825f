// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutations of valid states for ctrl_proof_test, to their boundaries and beyond.
 *
 * Addresses stay those of the test module's own pages, or become illegal.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "ctrl_random.h"
#include "ctrl_states.h"
#include "entry_context.h"

#define EVENT(type, vector)	(INTR_INFO_VALID_MASK | INTR_TYPE_##type | (vector))
#define WITH_CODE	INTR_INFO_DELIVER_CODE_MASK

u64 ctrl_random_state;

static u64 new_page(const struct ctrl_world *w, u64 value)
{
	if (below(8) == 0)
		return w->setup.pages + CTRL_PAGE * below(PROOF_PAGES);
	if (below(2))
		return value ^ BIT_ULL(below(12));
	return value ^ BIT_ULL(w->caps.maxphyaddr + below(64 - w->caps.maxphyaddr));
}

static u64 new_area(const struct ctrl_world *w, u64 value)
{
	switch (below(4)) {
	case 0:
		return value ^ 16 << below(5);
	case 1:
		return value ^ BIT_ULL(below(4));
	case 2:
		return value ^ BIT_ULL(w->caps.maxphyaddr +
				       below(64 - w->caps.maxphyaddr));
	default:
		/* The last entry below the physical-address width. */
		return BIT_ULL(w->caps.maxphyaddr) - 16;
	}
}

static u64 new_linear(u64 value)
{
	if (below(2))
		return value ^ BIT_ULL(below(64));
	return ONE_OF(0, 0x7fffffffffff, 0x800000000000, 0xffff7fffffffffff,
		      0xffff800000000000, ~0ULL, 0x8000000000000000, 0x100000000);
}

static u64 new_eptp(u64 value)
{
	switch (below(6)) {
	case 0:
		return (value & ~7ULL) | below(8);
	case 1:
		return (value & ~0x38ULL) | below(8) << 3;
	case 2:
		return value ^ BIT_ULL(6 + below(6));
	case 3:
		return value ^ BIT_ULL(6);
	default:
		return value ^ BIT_ULL(32 + below(32));
	}
}

static u64 new_event(u64 value)
{
	u64 type = below(8), vector = below(3) ? below(34) : below(256);

	if (below(4) == 0)
		return value ? value ^ BIT_ULL(below(32)) : EVENT(EXT_INTR, vector);
	if (type == 2 && below(4))
		vector = 2;
	value = INTR_INFO_VALID_MASK | type << 8 | vector;
	if (type == 3 && below(4))
		value |= BIT(vector & 31) & 0x27d00 ? WITH_CODE : 0;
	else if (below(8) == 0)
		value |= WITH_CODE;
	return value;
}

static u64 new_pat(u64 value)
{
	unsigned int byte = 8 * below(8);

	if (below(2))
		return value ^ BIT_ULL(below(64));
	return (value & ~(0xffULL << byte)) | (u64)below(10) << byte;
}

/* Of the bits that may be 1, more often than of those that may not. */
static u64 new_control(u64 value, u64 ctrl)
{
	u32 may = ctrl >> 32;
	unsigned int bit = below(32);

	while (below(3) && !(may >> bit & 1))
		bit = below(32);
	return value ^ BIT(bit);
}

static u64 new_number(u64 value)
{
	if (below(3) == 0)
		return value ^ BIT(below(32));
	return ONE_OF(0, 1, 2, 4, 5, 15, 16, 256, 512);
}

static u64 mutated(const struct ctrl_world *w, u8 field, u64 value)
{
	switch (field) {
	case VF_PIN_BASED_VM_EXEC_CONTROL:
		return new_control(value, w->caps.msr[CAPS_TRUE_PIN]);
	case VF_CPU_BASED_VM_EXEC_CONTROL:
		return new_control(value, w->caps.msr[CAPS_TRUE_PROC]);
	case VF_SECONDARY_VM_EXEC_CONTROL:
		return new_control(value, w->caps.msr[CAPS_PROC2]);
	case VF_VM_EXIT_CONTROLS:
		return new_control(value, w->caps.msr[CAPS_TRUE_EXIT]);
	case VF_VM_ENTRY_CONTROLS:
		return new_control(value, w->caps.msr[CAPS_TRUE_ENTRY]);
	case VF_VIRTUAL_PROCESSOR_ID:
	case VF_TSC_MULTIPLIER:
		return below(2);
	case VF_CR3_TARGET_COUNT:
	case VF_VM_EXIT_MSR_STORE_COUNT:
	case VF_VM_EXIT_MSR_LOAD_COUNT:
	case VF_VM_ENTRY_MSR_LOAD_COUNT:
	case VF_VM_ENTRY_INSTRUCTION_LEN:
		return new_number(value);
	case VF_TPR_THRESHOLD:
		return below(3) ? below(16) : value ^ BIT(below(32));
	case VF_VM_EXIT_MSR_STORE_ADDR:
	case VF_VM_EXIT_MSR_LOAD_ADDR:
	case VF_VM_ENTRY_MSR_LOAD_ADDR:
		return new_area(w, value);
	case VF_EPT_POINTER:
		return new_eptp(value);
	case VF_VM_ENTRY_INTR_INFO_FIELD:
		return new_event(value);
	case VF_VM_ENTRY_EXCEPTION_ERROR_CODE:
		return BIT_ULL(below(32));
	case VF_GUEST_CR0:
		return value ^ ONE_OF(X86_CR0_PE, X86_CR0_PG, X86_CR0_PE | X86_CR0_PG);
	case VF_HOST_IA32_PAT:
		return new_pat(value);
	case VF_HOST_ES_SELECTOR ... VF_HOST_TR_SELECTOR:
		return ONE_OF(value ^ 1, value ^ 2, value ^ 4, value ^ 7, 0, 0x18);
	case VF_HOST_FS_BASE ... VF_HOST_IA32_SYSENTER_EIP:
	case VF_HOST_RIP:
		return new_linear(value);
	case VF_HOST_IA32_EFER:
		return value ^ ONE_OF(EFER_SCE, EFER_LME, EFER_LMA, EFER_LME | EFER_LMA,
				      BIT_ULL(below(64)));
	case VF_VM_FUNCTION_CONTROL:
	case VF_HOST_IA32_PERF_GLOBAL_CTRL:
	case VF_HOST_CR0:
	case VF_HOST_CR3:
	case VF_HOST_CR4:
		return value ^ BIT_ULL(below(64));
	case VF_POSTED_INTR_NV:
		return value ^ BIT(below(16));
	default:
		return new_page(w, value);
	}
}

/* Any field that some valid state is about. */
static u8 some_field(const struct ctrl_state *s)
{
	unsigned int n = below(4) ? s->base : below(ctrl_base_count);
	const struct ctrl_base *base = &ctrl_bases[n];

	return base->focus[below(base->count)];
}

/* Wrong in IA-32e mode, and for nothing else. */
static void host_32(struct ctrl_state *s)
{
	s->f[VF_VM_EXIT_CONTROLS] &= ~(u64)(VM_EXIT_HOST_ADDR_SPACE_SIZE |
					    VM_EXIT_LOAD_IA32_EFER);
	s->f[VF_VM_ENTRY_CONTROLS] &= ~(u64)VM_ENTRY_IA32E_MODE;
	s->f[VF_HOST_CR4] &= ~(u64)X86_CR4_PCIDE;
	s->f[VF_HOST_RIP] = 0x1000;
}

void ctrl_mutate(const struct ctrl_world *w, struct ctrl_state *s, u64 seed, u64 n)
{
	unsigned int mutations;

	ctrl_random_state = seed << 32 ^ n;
	ctrl_valid(w, n % ctrl_base_count, s);
	if (below(40) == 0)
		s->how = 1 + below(2);
	if (below(200) == 0)
		host_32(s);
	mutations = ONE_OF(0, 1, 1, 1, 1, 1, 2, 2, 2, 2);
	while (mutations--) {
		u8 field = some_field(s);

		if (vmcs_field_exists(&w->caps, field))
			s->f[field] = mutated(w, field, s->f[field]) &
				      vmcs_field_mask(field);
	}
}
