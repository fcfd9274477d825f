// SPDX-License-Identifier: GPL-2.0-only
/*
 * The field table, lookup by encoding, and the policies a field may have.
 * Constant tables and pure functions: no state, no kernel services.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/nospec.h>

#include "field_policy.h"

/* Access-rights fields keep their defined bits only. */
#define ACCESS_RIGHTS_MASK	0x1f0ffU

/* Bits of an encoding that tell fields apart; the others must be 0. */
#define ENCODING_MASK		0x6ffeU
#define ENCODING_INDEX(enc)	(((enc) >> 1) & 0x1ff)

/* Width, type and the low six bits of the index: a dense number. */
#define SLOT_INDEX_BITS		6
#define SLOT_COUNT		(16U << SLOT_INDEX_BITS)
#define SLOT(enc)						\
	((VMCS_ENC_WIDTH(enc) << 2 | VMCS_ENC_TYPE(enc))	\
	 << SLOT_INDEX_BITS | ENCODING_INDEX(enc))

const struct vmcs_field_info vmcs_field_table[VMCS_FIELD_COUNT] = {
#define VMCS_FIELD(_name, _cap, _sdm, _sealed, _allowed, _merge, _sync, _dflt) \
	[VF_##_name] = {						\
		.name = #_name,						\
		.merge = (_merge),					\
		.encoding = (_name),					\
		.cap = (_cap),						\
		.policy = {						\
			[NVMX_PROFILE_SDM] = NVMX_POLICY_##_sdm,	\
			[NVMX_PROFILE_SEALED] = NVMX_POLICY_##_sealed,	\
		},							\
		.allowed = (_allowed),					\
		.sync = (_sync),					\
		.dflt = (_dflt),					\
	},
#include "vmcs_fields.h"
};

/* Row of the table plus 1 by slot; 0 where no field is. */
static const u8 vmcs_field_slots[SLOT_COUNT] = {
#define VMCS_FIELD(_name, _cap, _sdm, _sealed, _allowed, _merge, _sync, _dflt) \
	[SLOT(_name)] = VF_##_name + 1,
#include "vmcs_fields.h"
};

static_assert(VMCS_FIELD_COUNT < U8_MAX);

/* Full encodings only, and no index that the slots have no room for. */
#define VMCS_FIELD(_name, _cap, _sdm, _sealed, _allowed, _merge, _sync, _dflt) \
	static_assert(!((_name) & ~ENCODING_MASK));			\
	static_assert(ENCODING_INDEX(_name) < BIT(SLOT_INDEX_BITS));	\
	static_assert((_allowed) & BIT(NVMX_POLICY_##_sdm));		\
	static_assert((_allowed) & BIT(NVMX_POLICY_##_sealed));
#include "vmcs_fields.h"

/* A field listed twice is a duplicate case label, which does not compile. */
static void __maybe_unused vmcs_fields_are_unique(unsigned int encoding)
{
	switch (encoding) {
#define VMCS_FIELD(_name, _cap, _sdm, _sealed, _allowed, _merge, _sync, _dflt) \
	case _name:
#include "vmcs_fields.h"
		break;
	}
}

int vmcs_field_find(u64 encoding)
{
	unsigned int row, slot;

	if (encoding & ~(u64)(ENCODING_MASK | 1))
		return -1;
	if (VMCS_ENC_HIGH(encoding) && VMCS_ENC_WIDTH(encoding) != VMCS_W64)
		return -1;
	if (ENCODING_INDEX(encoding) >= BIT(SLOT_INDEX_BITS))
		return -1;

	slot = array_index_nospec((unsigned int)SLOT(encoding), SLOT_COUNT);
	row = vmcs_field_slots[slot];
	if (!row)
		return -1;

	return array_index_nospec(row - 1, (unsigned int)VMCS_FIELD_COUNT);
}

bool vmcs_field_exists(const struct nvmx_caps *caps, enum vmcs_index index)
{
	return nvmx_caps_has(caps, vmcs_field_table[index].cap);
}

u64 vmcs_field_mask(enum vmcs_index index)
{
	u16 encoding = vmcs_field_table[index].encoding;

	if (encoding >= GUEST_ES_AR_BYTES && encoding <= GUEST_TR_AR_BYTES)
		return ACCESS_RIGHTS_MASK;

	switch (VMCS_ENC_WIDTH(encoding)) {
	case VMCS_W16:
		return U16_MAX;
	case VMCS_W32:
		return U32_MAX;
	default:
		return U64_MAX;
	}
}

/* The lower half of a control's capability MSR: bits that must be 1. */
static u64 control_default(const struct nvmx_caps *caps, unsigned int plain,
			   unsigned int true_ctls)
{
	bool has_true = nvmx_caps_has(caps, CAP_BASIC(55));

	return (u32)caps->msr[has_true ? true_ctls : plain];
}

u64 vmcs_field_default(const struct nvmx_caps *caps, enum vmcs_index index)
{
	switch (vmcs_field_table[index].dflt) {
	case DFLT_ONES:
		return vmcs_field_mask(index);
	case DFLT_PIN:
		return control_default(caps, CAPS_PIN, CAPS_TRUE_PIN);
	case DFLT_PROC:
		return control_default(caps, CAPS_PROC, CAPS_TRUE_PROC);
	case DFLT_EXIT:
		return control_default(caps, CAPS_EXIT, CAPS_TRUE_EXIT);
	case DFLT_ENTRY:
		return control_default(caps, CAPS_ENTRY, CAPS_TRUE_ENTRY);
	default:
		return 0;
	}
}

enum nvmx_policy_refusal field_policy_refusal(enum vmcs_index index,
					      enum nvmx_policy policy)
{
	const struct vmcs_field_info *field = &vmcs_field_table[index];

	if (field->allowed & BIT(policy))
		return NVMX_POLICY_OK;
	if (VMCS_ENC_TYPE(field->encoding) == VMCS_EXIT_INFO)
		return NVMX_POLICY_EXIT_INFO;

	switch (policy) {
	case NVMX_POLICY_PASSTHROUGH:
		return NVMX_POLICY_L0_MERGES;
	case NVMX_POLICY_EMULATED:
		return NVMX_POLICY_NO_MERGE;
	case NVMX_POLICY_READ_ONLY:
		return NVMX_POLICY_NOT_WATCHABLE;
	default:
		return NVMX_POLICY_NO_DEFAULT;
	}
}
