/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a VMCS field is: its row in the field table, whether L1's processor has
 * it, and which policy is in force.  Constant tables and pure functions.
 */
#ifndef NVMX_FIELD_POLICY_H
#define NVMX_FIELD_POLICY_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

#include "include/uapi/linux/nested_vmx.h"
#include "vmcs_newer.h"

/*
 * Dense number of a VMCS field, in order of vmcs_fields.h: VF_<name> for each
 * row; VMCS_FIELD_COUNT is the number of rows.
 */
enum vmcs_index {
#define VMCS_FIELD(name, cap, sdm, sealed, allowed, merge, sync, dflt) VF_##name,
#include "vmcs_fields.h"
	VMCS_FIELD_COUNT
};

/*
 * CAP_x: a capability of L1's processor: the index of a VMX capability MSR
 * (from IA32_VMX_BASIC) and a bit in it.  A VM-execution, VM-exit or VM-entry
 * control may be 1 when its bit in the upper half of its MSR is 1.
 */
#define CAP(index, bit)		((index) << 6 | (bit))
#define CAP_MSR(cap)		((cap) >> 6)
#define CAP_BIT(cap)		((cap) & 63)
#define CAP_BASIC(bit)		CAP(0x0, bit)
#define CAP_PIN(bit)		CAP(0x1, 32 + (bit))
#define CAP_PROC(bit)		CAP(0x2, 32 + (bit))
#define CAP_EXIT(bit)		CAP(0x3, 32 + (bit))
#define CAP_ENTRY(bit)		CAP(0x4, 32 + (bit))
#define CAP_MISC(bit)		CAP(0x5, bit)
#define CAP_PROC2(bit)		CAP(0xb, 32 + (bit))
#define CAP_EPT_VPID(bit)	CAP(0xc, bit)
#define CAP_VMFUNC(bit)		CAP(0x11, bit)
#define CAP_PROC3(bit)		CAP(0x12, bit)
#define CAP_EXIT2(bit)		CAP(0x13, bit)
/* VM-entry control "load x", or the VM-exit control that saves or clears x. */
#define CAP_EITHER(entry, exit)	(0x8000 | (exit) << 5 | (entry))
#define CAP_IS_EITHER(cap)	((cap) & 0x8000)
#define CAP_EITHER_ENTRY(cap)	CAP_ENTRY((cap) & 31)
#define CAP_EITHER_EXIT(cap)	CAP_EXIT((cap) >> 5 & 31)
#define CAP_ALWAYS		0xfffe
#define CAP_NEVER		0xffff

/* ALLOW_x: policies that an override may choose: bits of enum nvmx_policy. */
#define ALLOW_P			BIT(NVMX_POLICY_PASSTHROUGH)
#define ALLOW_E			BIT(NVMX_POLICY_EMULATED)
#define ALLOW_R			BIT(NVMX_POLICY_READ_ONLY)
#define ALLOW_H			BIT(NVMX_POLICY_HIDDEN)
#define ALLOW_RH		(ALLOW_R | ALLOW_H)
#define ALLOW_EH		(ALLOW_E | ALLOW_H)
#define ALLOW_ERH		(ALLOW_E | ALLOW_RH)
#define ALLOW_PRH		(ALLOW_P | ALLOW_RH)
#define ALLOW_PERH		(ALLOW_P | ALLOW_ERH)

/* Index of a capability MSR in struct nvmx_caps. */
#define CAPS_BASIC		0x0
#define CAPS_PIN		0x1
#define CAPS_PROC		0x2
#define CAPS_EXIT		0x3
#define CAPS_ENTRY		0x4
#define CAPS_MISC		0x5
#define CAPS_CR0_FIXED0		0x6
#define CAPS_CR0_FIXED1		0x7
#define CAPS_CR4_FIXED0		0x8
#define CAPS_CR4_FIXED1		0x9
#define CAPS_VMCS_ENUM		0xa
#define CAPS_PROC2		0xb
#define CAPS_EPT_VPID		0xc
#define CAPS_TRUE_PIN		0xd
#define CAPS_TRUE_PROC		0xe
#define CAPS_TRUE_EXIT		0xf
#define CAPS_TRUE_ENTRY		0x10
#define CAPS_VMFUNC		0x11
#define CAPS_PROC3		0x12
#define CAPS_EXIT2		0x13

/* G_x: parts of vmcs02; a changed field makes its parts be computed again. */
#define G_NONE			0
#define G_COPY			BIT(0)
#define G_PIN			BIT(1)
#define G_PROC			BIT(2)
#define G_PROC2			BIT(3)
#define G_EXCEPTION		BIT(4)
#define G_EXIT			BIT(5)
#define G_ENTRY			BIT(6)
#define G_CR0			BIT(7)
#define G_CR4			BIT(8)
#define G_CR3			BIT(9)
#define G_PDPTR			BIT(10)
#define G_EFER			BIT(11)
#define G_PAT			BIT(12)
#define G_DEBUG			BIT(13)
#define G_EPT			BIT(14)
#define G_VPID			BIT(15)
#define G_TSC			BIT(16)
#define G_XSS			BIT(17)
#define G_PLE			BIT(18)
#define G_CR3_TARGET		BIT(19)
#define G_APIC			BIT(20)
#define G_INTR_STATUS		BIT(21)
#define G_ALL			GENMASK(21, 1)

/**
 * enum vmcs_sync - how vmcs12 gets a field's value back after an exit
 * @SYNC_NONE: never: a control, host state, or guest state that VM exits do
 *	not save
 * @SYNC_OFTEN: read from vmcs02 at each exit to L1
 * @SYNC_RARE: read from vmcs02 when somebody asks for it
 * @SYNC_INFO: VM-exit information
 */
enum vmcs_sync { SYNC_NONE, SYNC_OFTEN, SYNC_RARE, SYNC_INFO };

/**
 * enum vmcs_default - effective value of a hidden field
 * @DFLT_ZERO: 0
 * @DFLT_ONES: all ones
 * @DFLT_PIN: the bits of the pin-based controls that must be 1
 * @DFLT_PROC: likewise, primary processor-based controls
 * @DFLT_EXIT: likewise, primary VM-exit controls
 * @DFLT_ENTRY: likewise, VM-entry controls
 */
enum vmcs_default {
	DFLT_ZERO, DFLT_ONES, DFLT_PIN, DFLT_PROC, DFLT_EXIT, DFLT_ENTRY,
};

/**
 * enum vmcs_width - width of a field, as its encoding has it
 * @VMCS_W16: 16 bits
 * @VMCS_W64: 64 bits
 * @VMCS_W32: 32 bits
 * @VMCS_WNATURAL: natural width
 *
 * SDM Vol. 3, appendix "Field Encoding in VMCS".
 */
enum vmcs_width { VMCS_W16, VMCS_W64, VMCS_W32, VMCS_WNATURAL };

/**
 * enum vmcs_type - type of a field, as its encoding has it
 * @VMCS_CONTROL: control
 * @VMCS_EXIT_INFO: VM-exit information
 * @VMCS_GUEST: guest state
 * @VMCS_HOST: host state
 */
enum vmcs_type { VMCS_CONTROL, VMCS_EXIT_INFO, VMCS_GUEST, VMCS_HOST };

#define VMCS_ENC_HIGH(enc)	((enc) & 1)
#define VMCS_ENC_WIDTH(enc)	(((enc) >> 13) & 3)
#define VMCS_ENC_TYPE(enc)	(((enc) >> 10) & 3)

/**
 * struct vmcs_field_info - a row of the field table
 * @name: name of the field, for messages
 * @merge: G_x
 * @encoding: full (even) encoding
 * @cap: CAP_x under which the field exists
 * @policy: default policy by enum nvmx_profile
 * @allowed: bit n: policy n may be chosen
 * @sync: enum vmcs_sync
 * @dflt: enum vmcs_default
 */
struct vmcs_field_info {
	const char *name;
	u32 merge;
	u16 encoding;
	u16 cap;
	u8 policy[2];
	u8 allowed;
	u8 sync;
	u8 dflt;
};

extern const struct vmcs_field_info vmcs_field_table[VMCS_FIELD_COUNT];

/* Bits of a full encoding: width, type, and an index below 64. */
#define VMCS_PLAIN_ENCODING	0x6c7eU

/** VMCS_FIELD_ROWS - elements of vmcs_field_rows */
#define VMCS_FIELD_ROWS		(VMCS_PLAIN_ENCODING / 2 + 1)

/** vmcs_field_rows - 1 + enum vmcs_index by encoding / 2; 0: no such field */
extern const u8 vmcs_field_rows[VMCS_FIELD_ROWS];

/**
 * vmcs_field_row() - row of the field with a full encoding
 * @encoding: register operand of VMREAD or VMWRITE
 *
 * Safe against speculation with a hostile @encoding: the mask bounds the index.
 *
 * Context: Any context.
 * Return: 1 + enum vmcs_index, or 0 if no row of the table has the encoding.
 */
static __always_inline u32 vmcs_field_row(u64 encoding)
{
	if (encoding & ~(u64)VMCS_PLAIN_ENCODING)
		return 0;

	return vmcs_field_rows[((u32)encoding & VMCS_PLAIN_ENCODING) >> 1];
}

/**
 * vmcs_field_find() - dense number of the field with an encoding
 * @encoding: register operand of VMREAD or VMWRITE, full or high access
 *
 * Safe against speculation with a hostile @encoding.
 *
 * Context: Any context.
 * Return: enum vmcs_index, or -1 if no row of the table has the encoding.
 */
int vmcs_field_find(u64 encoding);

/**
 * vmcs_field_exists() - whether L1's processor has a field
 * @caps: L1's processor
 * @index: the field
 *
 * Context: Any context.
 * Return: true if VMREAD and VMWRITE know the field.
 */
bool vmcs_field_exists(const struct nvmx_caps *caps, enum vmcs_index index);

/**
 * vmcs_field_mask() - bits that a field keeps of a value written to it
 * @index: the field
 *
 * By width; the reserved bits of access-rights fields read 0.
 *
 * Context: Any context.
 * Return: the mask.
 */
u64 vmcs_field_mask(enum vmcs_index index);

/**
 * vmcs_field_default() - effective value of a field while it is hidden
 * @caps: L1's processor
 * @index: the field
 *
 * Context: Any context.
 * Return: the value.
 */
u64 vmcs_field_default(const struct nvmx_caps *caps, enum vmcs_index index);

/**
 * field_policy_refusal() - why a policy cannot be chosen for a field
 * @index: the field
 * @policy: the policy wanted, one of the four
 *
 * Context: Any context.
 * Return: enum nvmx_policy_refusal; NVMX_POLICY_OK if it can be chosen.
 */
enum nvmx_policy_refusal field_policy_refusal(enum vmcs_index index,
					      enum nvmx_policy policy);

/* A capability that is one bit. */
static inline bool nvmx_caps_bit(const struct nvmx_caps *caps, u16 cap)
{
	return caps->msr[CAP_MSR(cap)] & BIT_ULL(CAP_BIT(cap));
}

/**
 * nvmx_caps_has() - whether L1's processor has a capability
 * @caps: L1's processor
 * @cap: CAP_x
 *
 * Context: Any context.
 * Return: true if the bit is set.
 */
static inline bool nvmx_caps_has(const struct nvmx_caps *caps, u16 cap)
{
	if (cap >= CAP_ALWAYS)
		return cap == CAP_ALWAYS;
	if (CAP_IS_EITHER(cap))
		return nvmx_caps_bit(caps, CAP_EITHER_ENTRY(cap)) ||
		       nvmx_caps_bit(caps, CAP_EITHER_EXIT(cap));

	return nvmx_caps_bit(caps, cap);
}

/**
 * nvmx_caps_canonical() - whether an address is canonical for L1's processor
 * @caps: L1's processor
 * @address: linear address
 *
 * Context: Any context.
 * Return: true if it is.
 */
static inline bool nvmx_caps_canonical(const struct nvmx_caps *caps, u64 address)
{
	unsigned int shift = 64 - caps->linear_bits;

	return (u64)((s64)(address << shift) >> shift) == address;
}

/**
 * vmcs12_proc2() - secondary processor-based controls in force
 * @f: effective values by enum vmcs_index
 *
 * Context: Any context.
 * Return: the controls; 0 while the primary controls do not activate them.
 */
static inline u32 vmcs12_proc2(const u64 *f)
{
	return f[VF_CPU_BASED_VM_EXEC_CONTROL] & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS ?
	       f[VF_SECONDARY_VM_EXEC_CONTROL] : 0;
}

/**
 * vmcs12_uses_ept() - whether L2 runs under an EPT of L1
 * @f: effective values by enum vmcs_index
 *
 * Context: Any context.
 * Return: true if it does.
 */
static inline bool vmcs12_uses_ept(const u64 *f)
{
	return vmcs12_proc2(f) & SECONDARY_EXEC_ENABLE_EPT;
}

#endif /* NVMX_FIELD_POLICY_H */
