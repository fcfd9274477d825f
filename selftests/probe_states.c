// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest states for probe_test.
 */
#include <stdio.h>

#include "probe_states.h"

/* Not encodings: the PDPTEs at CR3, where that is not changed. */
#define MEMORY_PDPTE	0x80000000U

#define SEGMENT(s, n)						\
	{ #s " selector", GUEST_##s##_SELECTOR, KIND_SELECTOR, 16, 1 },	\
	{ #s " base", GUEST_##s##_BASE, KIND_BASE, 64, 1 },		\
	{ #s " limit", GUEST_##s##_LIMIT, KIND_LIMIT, 32, 1 },		\
	{ #s " access rights", GUEST_##s##_AR_BYTES, KIND_AR, 32, n },

const struct state_field state_field[] = {
	SEGMENT(ES, 2) SEGMENT(CS, 4) SEGMENT(SS, 4) SEGMENT(DS, 2)
	SEGMENT(FS, 2) SEGMENT(GS, 2) SEGMENT(LDTR, 2) SEGMENT(TR, 2)
	{ "GDTR base", GUEST_GDTR_BASE, KIND_BASE, 64, 1 },
	{ "GDTR limit", GUEST_GDTR_LIMIT, KIND_LIMIT, 32, 1 },
	{ "IDTR base", GUEST_IDTR_BASE, KIND_BASE, 64, 1 },
	{ "IDTR limit", GUEST_IDTR_LIMIT, KIND_LIMIT, 32, 1 },
	{ "CR0", GUEST_CR0, KIND_CR0, 64, 4 },
	{ "CR3", GUEST_CR3, KIND_CR3, 64, 1 },
	{ "CR4", GUEST_CR4, KIND_CR4, 64, 4 },
	{ "EFER", GUEST_IA32_EFER, KIND_BITS, 64, 3 },
	{ "PAT", GUEST_IA32_PAT, KIND_PAT, 64, 2 },
	{ "DEBUGCTL", GUEST_IA32_DEBUGCTL, KIND_DEBUGCTL, 64, 2 },
	{ "DR7", GUEST_DR7, KIND_BITS, 64, 1 },
	{ "SYSENTER_ESP", GUEST_SYSENTER_ESP, KIND_BASE, 64, 1 },
	{ "SYSENTER_EIP", GUEST_SYSENTER_EIP, KIND_BASE, 64, 1 },
	{ "RIP", GUEST_RIP, KIND_RIP, 64, 2 },
	{ "RFLAGS", GUEST_RFLAGS, KIND_BITS, 64, 4 },
	{ "interruptibility", GUEST_INTERRUPTIBILITY_INFO, KIND_BITS, 6, 4 },
	{ "interruptibility, all of it", GUEST_INTERRUPTIBILITY_INFO, KIND_BITS, 32, 1 },
	{ "pending debug exceptions", GUEST_PENDING_DBG_EXCEPTIONS, KIND_BITS, 18, 4 },
	{ "pending, all of it", GUEST_PENDING_DBG_EXCEPTIONS, KIND_BITS, 64, 1 },
	{ "activity", GUEST_ACTIVITY_STATE, KIND_ACTIVITY, 32, 2 },
	{ "PDPTE0", GUEST_PDPTR0, KIND_PDPTE, 64, 1 },
	{ "PDPTE1", GUEST_PDPTR1, KIND_PDPTE, 64, 1 },
	{ "PDPTE2", GUEST_PDPTR2, KIND_PDPTE, 64, 1 },
	{ "PDPTE3", GUEST_PDPTR3, KIND_PDPTE, 64, 1 },
	{ "PDPTE0 in memory", MEMORY_PDPTE, KIND_PDPTE, 64, 1 },
	{ "PDPTE3 in memory", MEMORY_PDPTE + 3, KIND_PDPTE, 64, 1 },
	{ "entry controls", VM_ENTRY_CONTROLS, KIND_ENTRY, 32, 3 },
	{ "pin controls", PIN_BASED_VM_EXEC_CONTROL, KIND_PIN, 32, 1 },
	{ "event", VM_ENTRY_INTR_INFO_FIELD, KIND_EVENT, 32, 8 },
	{ "error code", VM_ENTRY_EXCEPTION_ERROR_CODE, KIND_BITS, 32, 1 },
	{ "event length", VM_ENTRY_INSTRUCTION_LEN, KIND_LENGTH, 32, 1 },
};

const unsigned int state_fields = ARRAY_LEN(state_field);

/* ---- good states --------------------------------------------------------- */

static void nothing(struct l1 *l1)
{
}

static void with_ept(struct l1 *l1)
{
	l1_use_ept(l1);
}

static void unrestricted(struct l1 *l1)
{
	l1_use_ept(l1);
	l1_set_control(l1, CAPS_PROC2, PROC2_UNRESTRICTED);
}

static void compatibility(struct l1 *l1)
{
	l1_write(l1, GUEST_CS_AR_BYTES, 0xc09b);
}

/* CPL 3, in whatever mode. */
static void user(struct l1 *l1)
{
	unsigned int i;

	for (i = NVMX_ES; i <= NVMX_GS; i++) {
		l1_write(l1, GUEST_ES_SELECTOR + 2 * i,
			 l1_read(l1, GUEST_ES_SELECTOR + 2 * i) | 3);
		l1_write(l1, GUEST_ES_AR_BYTES + 2 * i,
			 l1_read(l1, GUEST_ES_AR_BYTES + 2 * i) | 3 << 5);
	}
}

static void virtual_8086(struct l1 *l1)
{
	unsigned int i;

	for (i = NVMX_ES; i <= NVMX_GS; i++) {
		l1_write(l1, GUEST_ES_SELECTOR + 2 * i, 0x100 + i);
		l1_write(l1, GUEST_ES_BASE + 2 * i, (0x100 + i) << 4);
		l1_write(l1, GUEST_ES_LIMIT + 2 * i, 0xffff);
		l1_write(l1, GUEST_ES_AR_BYTES + 2 * i, 0xf3);
	}
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_VM);
}

static struct base base[] = {
	{ "64-bit mode", L2_64, nothing },
	{ "64-bit mode, EPT", L2_64, with_ept },
	{ "64-bit mode, unrestricted", L2_64, unrestricted, true },
	{ "64-bit mode, CPL 3", L2_64, user },
	{ "compatibility mode", L2_64, compatibility },
	{ "PAE", L2_PAE, nothing },
	{ "PAE, EPT", L2_PAE, with_ept },
	{ "PAE, unrestricted", L2_PAE, unrestricted, true },
	{ "32-bit paging", L2_32, nothing },
	{ "32-bit paging, CPL 3", L2_32, user },
	{ "virtual-8086 mode", L2_32, virtual_8086 },
	{ "protected mode without paging", L2_FLAT, nothing, true },
	{ "real mode", L2_REAL, nothing, true },
};

const unsigned int bases = ARRAY_LEN(base);

static __u64 *memory_field(struct l1 *l1, __u32 encoding)
{
	if (encoding < MEMORY_PDPTE)
		return NULL;
	return (__u64 *)l1_ptr(l1, L1_PAE_PDPT) + (encoding - MEMORY_PDPTE);
}

static __u64 field_read(struct l1 *l1, __u32 encoding)
{
	const __u64 *memory = memory_field(l1, encoding);

	return memory ? *memory : l1_read(l1, encoding);
}

/* A VMCS of its own, so that each has its controls. */
void base_prepare(struct l1 *l1, unsigned int n, struct state *s)
{
	__u64 efer = base[n].mode == L2_64 ? EFER_LMA | EFER_LME : 0;
	unsigned int i;

	l1_fresh_vmcs(l1, n);
	l1_prepare(l1, base[n].mode);
	base[n].change(l1);
	l1_set_control(l1, CAPS_ENTRY, ENTRY_LOAD_EFER | ENTRY_LOAD_PAT);
	l1_set_control(l1, CAPS_PIN, PIN_NMI);
	l1_write(l1, GUEST_IA32_EFER, efer | EFER_SCE);
	l1_write(l1, GUEST_IA32_PAT, 0x0007040600070406ULL);
	s->base = &base[n];
	for (i = 0; i < state_fields; i++) {
		base[n].value[i] = field_read(l1, state_field[i].encoding);
		s->value[i] = base[n].value[i];
		s->written[i] = base[n].value[i];
	}
}

/* ---- random numbers ------------------------------------------------------ */

static __u64 random_state;

static __u64 random64(void)
{
	__u64 z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static unsigned int below(unsigned int n)
{
	return (random64() >> 32) % n;
}

#define ONE_OF(...)						\
	({							\
		static const __u64 values[] = { __VA_ARGS__ };	\
								\
		values[below(ARRAY_LEN(values))];		\
	})

static __u64 flipped(__u64 value, unsigned int bits)
{
	value ^= BIT(below(bits));
	if (!below(4))
		value ^= BIT(below(bits));
	return value;
}

/* ---- mutations ----------------------------------------------------------- */

static __u64 new_address(__u64 value)
{
	if (below(2))
		return flipped(value, 64);
	return ONE_OF(0, 0xffffffff, 0x100000000, 0x7fffffffffff, 0x800000000000,
		      0xffff7fffffffffff, 0xffff800000000000, ~0ULL,
		      0xffffffff00000000, 1ULL << 63);
}

static __u64 new_limit(__u64 value)
{
	if (below(3))
		return flipped(value, 32);
	return ONE_OF(0, 0xfff, 0x1000, 0xffff, 0x10000, 0xfffff, 0x100000, 0xfffffffe,
		      0xfffff000, 0xffffffff);
}

/* Mostly what a descriptor may hold. */
static __u64 new_rights(__u64 value)
{
	switch (below(8)) {
	case 0:
		return flipped(value, 32);
	case 1:
		return value ^ BIT(16);
	case 2:
		return (value & ~0x60ULL) | below(4) << 5;
	case 3:
	case 4:
		return (value & ~0xfULL) | below(16);
	default:
		return flipped(value, 16);
	}
}

static __u64 new_pat(__u64 value)
{
	unsigned int byte = 8 * below(8);

	if (below(2))
		return flipped(value, 64);
	return (value & ~(0xffULL << byte)) | (__u64)below(10) << byte;
}

/* Type, vector and error code as often together as not. */
static __u64 new_event(__u64 value)
{
	__u64 type = below(8);
	__u64 vector = below(3) ? below(34) : below(256);

	if (!below(6))
		return value ? flipped(value, 32) : INTR_EXT | vector;
	if (type == 2 && below(4))
		vector = 2;
	if (type == 7 && below(4))
		vector = 0;
	value = INTR_EXT | type << 8 | vector;
	if (type == 3 ? BIT(vector & 63) & 0x27d00 : !below(8))
		value |= BIT(11);
	if (!below(10))
		value ^= BIT(11);
	return value;
}

static __u64 new_pdpte(__u64 value)
{
	if (below(2))
		return flipped(value, 64);
	return flipped(value | 1, 12);
}

static __u64 mutated(const struct state_field *field, __u64 value)
{
	switch (field->kind) {
	case KIND_SELECTOR:
		return flipped(value, below(4) ? 3 : 16);
	case KIND_BASE:
	case KIND_RIP:
		return new_address(value);
	case KIND_LIMIT:
		return new_limit(value);
	case KIND_AR:
		return new_rights(value);
	case KIND_CR0:
		return below(2) ? flipped(value, 64) :
		       value ^ ONE_OF(CR0_PE, CR0_PG, CR0_PE | CR0_PG, CR0_NE, CR0_WP);
	case KIND_CR4:
		return below(2) ? flipped(value, 64) :
		       value ^ ONE_OF(CR4_PAE, CR4_VMXE, BIT(17), CR4_PSE, BIT(23));
	case KIND_PAT:
		return new_pat(value);
	case KIND_ENTRY:
		return value ^ ONE_OF(ENTRY_LOAD_DEBUG, ENTRY_IA32E, ENTRY_LOAD_PAT,
				      ENTRY_LOAD_EFER);
	case KIND_PIN:
		return value ^ PIN_VNMI;
	case KIND_EVENT:
		return new_event(value);
	case KIND_LENGTH:
		return ONE_OF(0, 1, 2, 15, 16, 0x80000001);
	case KIND_ACTIVITY:
		return below(30) ? value ^ 1 : ONE_OF(2, 3, 4, 0x80000000);
	case KIND_DEBUGCTL:
		return value ^ (below(2) ? ONE_OF(BIT(0), BIT(1), BIT(3), BIT(4), BIT(5)) :
				BIT(16 + below(48)));
	case KIND_PDPTE:
		return new_pdpte(value);
	default:
		return flipped(value, field->bits);
	}
}

/* A field by weight. */
static unsigned int some_field(void)
{
	unsigned int i, n, total = 0;

	for (i = 0; i < state_fields; i++)
		total += state_field[i].weight;
	n = below(total);
	for (i = 0; n >= state_field[i].weight; i++)
		n -= state_field[i].weight;
	return i;
}

/* A field may be in the list twice: both have the value. */
void state_set(struct state *s, __u32 encoding, __u64 value)
{
	unsigned int i;

	for (i = 0; i < state_fields; i++)
		if (state_field[i].encoding == encoding)
			s->value[i] = value;
}

__u64 state_get(const struct state *s, __u32 encoding)
{
	unsigned int i;

	for (i = 0; i < state_fields; i++)
		if (state_field[i].encoding == encoding)
			return s->value[i];
	return 0;
}

/* ---- good states of a richer kind ---------------------------------------- */

static void single_step(struct state *s)
{
	state_set(s, GUEST_RFLAGS, state_get(s, GUEST_RFLAGS) | RFLAGS_TF);
	state_set(s, GUEST_PENDING_DBG_EXCEPTIONS, BIT(14));
}

static void inject(struct state *s)
{
	static const __u32 events[] = {
		INTR_HARD(VEC_DE), INTR_HARD_EC(VEC_GP), INTR_HARD_EC(VEC_PF),
		INTR_NMI, INTR_EXT | 0x20, INTR_SOFT(0x80), INTR_PRIV_SOFT(VEC_DB),
		INTR_SOFT_EXC(VEC_BP), INTR_SOFT_EXC(VEC_OF), INTR_MTF, INTR_HARD(VEC_DB),
	};
	__u32 event = events[below(ARRAY_LEN(events))];

	/* Without protection no exception has an error code. */
	if (s->base->mode == L2_REAL)
		event &= ~(__u32)BIT(11);
	state_set(s, VM_ENTRY_INTR_INFO_FIELD, event);
	state_set(s, VM_ENTRY_INSTRUCTION_LEN, 1 + below(15));
	if (event == (INTR_EXT | 0x20))
		state_set(s, GUEST_RFLAGS, state_get(s, GUEST_RFLAGS) | RFLAGS_IF);
}

static void enrich(struct state *s)
{
	switch (below(12)) {
	case 0:
		state_set(s, GUEST_RFLAGS, state_get(s, GUEST_RFLAGS) | RFLAGS_IF);
		state_set(s, GUEST_INTERRUPTIBILITY_INFO, BIT(0));
		break;
	case 1:
		state_set(s, GUEST_INTERRUPTIBILITY_INFO, BIT(1));
		break;
	case 2:
		state_set(s, GUEST_INTERRUPTIBILITY_INFO, BIT(1));
		single_step(s);
		break;
	case 3:
		state_set(s, GUEST_INTERRUPTIBILITY_INFO, BIT(3));
		if (below(2))
			state_set(s, PIN_BASED_VM_EXEC_CONTROL, PIN_VNMI |
				  state_get(s, PIN_BASED_VM_EXEC_CONTROL));
		break;
	case 4:
		if (!(state_get(s, GUEST_SS_AR_BYTES) & 0x60))
			state_set(s, GUEST_ACTIVITY_STATE, 1);
		break;
	case 5:
		state_set(s, GUEST_LDTR_AR_BYTES, 0x82);
		state_set(s, GUEST_LDTR_LIMIT, 0xff);
		break;
	case 6:
	case 7:
	case 8:
		inject(s);
		break;
	default:
		break;
	}
}

void state_make(struct state *s, __u64 seed, __u64 n)
{
	unsigned int mutations;

	random_state = seed << 32 ^ n;
	memcpy(s->value, s->base->value, sizeof(s->value));
	enrich(s);
	mutations = ONE_OF(0, 1, 1, 1, 1, 2, 2, 2, 2, 2);
	while (mutations--) {
		unsigned int i = some_field();

		state_set(s, state_field[i].encoding, mutated(&state_field[i], s->value[i]));
	}
}

/* Write what is not yet in the VMCS or in memory. */
void state_write(struct l1 *l1, struct state *s)
{
	struct l1_field list[STATE_FIELDS_MAX];
	unsigned int i, count = 0;

	for (i = 0; i < state_fields; i++) {
		__u64 *memory = memory_field(l1, state_field[i].encoding);

		if (s->written[i] == s->value[i])
			continue;
		if (memory) {
			*memory = s->value[i];
			s->written[i] = s->value[i];
			continue;
		}
		list[count].encoding = state_field[i].encoding;
		list[count++].value = s->value[i];
		s->written[i] = s->value[i];
	}
	l1_write_all(l1, list, count);
}
