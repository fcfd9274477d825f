// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: field_policy.c
/*
 * Which capability makes which field exist, written down a second time:
 * SDM Vol. 3, appendix "Field Encoding in VMCS", the notes under the tables.
 */

#include <linux/kernel.h>
#include <linux/string.h>

#include "field_policy.h"
#include "unit.h"

/* Capability MSR, and bit of the control (its allowed-1 half is looked at). */
enum { PIN = 0x481, PROC = 0x482, EXIT = 0x483, ENTRY = 0x484, PROC2 = 0x48b,
       VMFUNC = 0x491, PROC3 = 0x492, EXIT2 = 0x493, NEVER = 0 };

struct gate {
	u32 encoding;
	u32 msr;
	u32 bit;
};

/* A field may have several: any of them makes it exist. */
static const struct gate gates[] = {
	{ VIRTUAL_PROCESSOR_ID, PROC2, 5 },
	{ POSTED_INTR_NV, PIN, 7 },
	{ EPTP_INDEX, PROC2, 18 },
	{ HLAT_PREFIX_SIZE, PROC3, 1 },
	{ LAST_PID_POINTER_INDEX, PROC3, 4 },
	{ VIRTUAL_TIMER_VECTOR, PROC3, 8 },
	{ GUEST_INTR_STATUS, PROC2, 9 },
	{ GUEST_PML_INDEX, PROC2, 17 },
	{ GUEST_UINV, ENTRY, 19 }, { GUEST_UINV, EXIT, 27 },
	{ MSR_BITMAP, PROC, 28 },
	{ PML_ADDRESS, PROC2, 17 },
	{ VIRTUAL_APIC_PAGE_ADDR, PROC, 21 },
	{ APIC_ACCESS_ADDR, PROC2, 0 },
	{ POSTED_INTR_DESC_ADDR, PIN, 7 },
	{ VM_FUNCTION_CONTROL, PROC2, 13 },
	{ EPT_POINTER, PROC2, 1 },
	{ EOI_EXIT_BITMAP0, PROC2, 9 }, { EOI_EXIT_BITMAP1, PROC2, 9 },
	{ EOI_EXIT_BITMAP2, PROC2, 9 }, { EOI_EXIT_BITMAP3, PROC2, 9 },
	{ EPTP_LIST_ADDRESS, VMFUNC, 0 },
	{ VMREAD_BITMAP, PROC2, 14 }, { VMWRITE_BITMAP, PROC2, 14 },
	{ VE_INFORMATION_ADDRESS, PROC2, 18 },
	{ XSS_EXIT_BITMAP, PROC2, 20 },
	{ ENCLS_EXITING_BITMAP, PROC2, 15 },
	{ SPPTP, PROC2, 23 },
	{ TSC_MULTIPLIER, PROC2, 25 },
	{ TERTIARY_VM_EXEC_CONTROL, PROC, 17 },
	{ ENCLV_EXITING_BITMAP, PROC2, 28 },
	{ LOW_PASID_DIRECTORY, PROC2, 21 }, { HIGH_PASID_DIRECTORY, PROC2, 21 },
	{ SHARED_EPT_POINTER, NEVER, 0 },
	{ PCONFIG_EXITING_BITMAP, PROC2, 27 },
	{ HLAT_POINTER, PROC3, 1 },
	{ PID_POINTER_TABLE, PROC3, 4 },
	{ SECONDARY_VM_EXIT_CONTROLS, EXIT, 31 },
	{ SPEC_CTRL_MASK, PROC3, 7 }, { SPEC_CTRL_SHADOW, PROC3, 7 },
	{ GUEST_DEADLINE_SHADOW, PROC3, 8 },
	{ INJECTED_EVENT_DATA, ENTRY, 23 },
	{ GUEST_PHYSICAL_ADDRESS, PROC2, 1 },
	{ MSR_DATA, PROC3, 6 },
	{ ORIGINAL_EVENT_DATA, ENTRY, 23 },
	{ GUEST_IA32_PAT, ENTRY, 14 }, { GUEST_IA32_PAT, EXIT, 18 },
	{ GUEST_IA32_EFER, ENTRY, 15 }, { GUEST_IA32_EFER, EXIT, 20 },
	{ GUEST_IA32_PERF_GLOBAL_CTRL, ENTRY, 13 },
	{ GUEST_IA32_PERF_GLOBAL_CTRL, EXIT, 30 },
	{ GUEST_PDPTR0, PROC2, 1 }, { GUEST_PDPTR1, PROC2, 1 },
	{ GUEST_PDPTR2, PROC2, 1 }, { GUEST_PDPTR3, PROC2, 1 },
	{ GUEST_BNDCFGS, ENTRY, 16 }, { GUEST_BNDCFGS, EXIT, 23 },
	{ GUEST_IA32_RTIT_CTL, ENTRY, 18 }, { GUEST_IA32_RTIT_CTL, EXIT, 25 },
	{ GUEST_IA32_LBR_CTL, ENTRY, 21 }, { GUEST_IA32_LBR_CTL, EXIT, 26 },
	{ GUEST_PKRS, ENTRY, 22 },
	{ GUEST_FRED_CONFIG, ENTRY, 23 },
	{ GUEST_FRED_RSP1, ENTRY, 23 }, { GUEST_FRED_RSP2, ENTRY, 23 },
	{ GUEST_FRED_RSP3, ENTRY, 23 }, { GUEST_FRED_STKLVLS, ENTRY, 23 },
	{ GUEST_FRED_SSP1, ENTRY, 23 }, { GUEST_FRED_SSP2, ENTRY, 23 },
	{ GUEST_FRED_SSP3, ENTRY, 23 },
	{ GUEST_SPEC_CTRL, ENTRY, 24 },
	{ GUEST_DEADLINE, PROC3, 8 },
	{ HOST_IA32_PAT, EXIT, 19 },
	{ HOST_IA32_EFER, EXIT, 21 },
	{ HOST_IA32_PERF_GLOBAL_CTRL, EXIT, 12 },
	{ HOST_PKRS, EXIT, 29 },
	{ HOST_FRED_CONFIG, EXIT2, 1 },
	{ HOST_FRED_RSP1, EXIT2, 1 }, { HOST_FRED_RSP2, EXIT2, 1 },
	{ HOST_FRED_RSP3, EXIT2, 1 }, { HOST_FRED_STKLVLS, EXIT2, 1 },
	{ HOST_FRED_SSP1, EXIT2, 1 }, { HOST_FRED_SSP2, EXIT2, 1 },
	{ HOST_FRED_SSP3, EXIT2, 1 },
	{ HOST_SPEC_CTRL, EXIT2, 2 },
	{ TPR_THRESHOLD, PROC, 21 },
	{ SECONDARY_VM_EXEC_CONTROL, PROC, 31 },
	{ PLE_GAP, PROC2, 10 }, { PLE_WINDOW, PROC2, 10 },
	{ NOTIFY_WINDOW, PROC2, 31 },
	{ SEAM_GUEST_KEYID, NEVER, 0 },
	{ VMX_PREEMPTION_TIMER_VALUE, PIN, 6 },
	{ GUEST_S_CET, ENTRY, 20 }, { GUEST_SSP, ENTRY, 20 },
	{ GUEST_INTR_SSP_TABLE, ENTRY, 20 },
	{ HOST_S_CET, EXIT, 28 }, { HOST_SSP, EXIT, 28 },
	{ HOST_INTR_SSP_TABLE, EXIT, 28 },
};

/* MSRs 491H to 493H report 64 bits; the others keep allowed-1 in the upper half. */
static u32 gate_bit(const struct gate *gate)
{
	return gate->msr >= VMFUNC ? gate->bit : gate->bit + 32;
}

static bool naive_exists(const struct nvmx_caps *caps, u32 encoding)
{
	bool gated = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gates); i++) {
		if (gates[i].encoding != encoding)
			continue;
		gated = true;
		if (gates[i].msr != NEVER &&
		    caps->msr[gates[i].msr - 0x480] >> gate_bit(&gates[i]) & 1)
			return true;
	}

	return !gated;
}

static unsigned int compare_all(const struct nvmx_caps *caps)
{
	unsigned int i, count = 0;
	bool exists;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		exists = vmcs_field_exists(caps, i);
		count += exists;
		if (!EXPECT_EQ(naive_exists(caps, vmcs_field_table[i].encoding), exists))
			UNIT_NOTE("%s", vmcs_field_table[i].name);
	}

	return count;
}

UNIT_TEST(each_capability_bit_alone_brings_exactly_its_fields)
{
	unsigned int msr, bit;

	for (msr = 0; msr < NVMX_CAP_MSRS; msr++) {
		for (bit = 0; bit < 64; bit++) {
			struct nvmx_caps caps = {};

			caps.msr[msr] = BIT_ULL(bit);
			compare_all(&caps);
		}
	}
}

UNIT_TEST(each_capability_bit_missing_alone_takes_exactly_its_fields)
{
	unsigned int msr, bit;
	struct nvmx_caps caps;

	memset(&caps, 0xff, sizeof(caps));
	for (msr = 0; msr < NVMX_CAP_MSRS; msr++) {
		for (bit = 0; bit < 64; bit++) {
			caps.msr[msr] &= ~BIT_ULL(bit);
			compare_all(&caps);
			caps.msr[msr] |= BIT_ULL(bit);
		}
	}
}

UNIT_TEST(random_capabilities_agree)
{
	struct nvmx_caps caps;
	unsigned int i, msr;

	for (i = 0; i < 1000; i++) {
		for (msr = 0; msr < NVMX_CAP_MSRS; msr++)
			caps.msr[msr] = unit_random();
		compare_all(&caps);
	}
}

UNIT_TEST(only_fields_of_trust_domains_never_exist)
{
	struct nvmx_caps caps;

	memset(&caps, 0xff, sizeof(caps));
	EXPECT_EQ(VMCS_FIELD_COUNT - 2, compare_all(&caps));
}

UNIT_MAIN
