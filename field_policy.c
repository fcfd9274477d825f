// SPDX-License-Identifier: GPL-2.0-only
/*
 * The field table, lookup by encoding, and the policies a field may have.
 * Constant tables and pure functions: no state, no kernel services.
 */
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/kernel.h>

#include "field_policy.h"

/* Access-rights fields keep their defined bits only. */
#define ACCESS_RIGHTS_MASK	0x1f0ffU

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

const u8 vmcs_field_rows[VMCS_FIELD_ROWS] = {
#define VMCS_FIELD(_name, _cap, _sdm, _sealed, _allowed, _merge, _sync, _dflt) \
	[(_name) >> 1] = VF_##_name + 1,
#include "vmcs_fields.h"
};

static_assert(VMCS_FIELD_COUNT < U8_MAX);

/* Full encodings only, and no index above 63. */
#define VMCS_FIELD(_name, _cap, _sdm, _sealed, _allowed, _merge, _sync, _dflt) \
	static_assert(!((_name) & ~VMCS_PLAIN_ENCODING));		\
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
	if (VMCS_ENC_HIGH(encoding) && VMCS_ENC_WIDTH(encoding) != VMCS_W64)
		return -1;

	return (int)vmcs_field_row(encoding & ~1ULL) - 1;
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
