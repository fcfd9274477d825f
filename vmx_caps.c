// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor that L1 sees.  Constant tables and pure functions.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/page.h>
#include <asm/fpu/types.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "vmx_caps.h"

/**
 * struct ctrl_offer - a set of controls
 * @index: CAPS_x of the MSR that reports it, default1 bits as 1
 * @true_index: CAPS_x of the MSR that reports which default1 bits may be 0
 * @default1: the default1 class
 * @offered: controls that L0 can give to L1
 */
struct ctrl_offer {
	u8 index;
	u8 true_index;
	u32 default1;
	u32 offered;
};

/* SDM Vol. 3, appendix "VMX Capability Reporting Facility". */
static const struct ctrl_offer ctrl_offers[] = {
	{
		.index = CAPS_PIN, .true_index = CAPS_TRUE_PIN,
		.default1 = PIN_BASED_ALWAYSON_WITHOUT_TRUE_MSR,
		.offered = PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING |
			PIN_BASED_VIRTUAL_NMIS | PIN_BASED_VMX_PREEMPTION_TIMER,
	}, {
		.index = CAPS_PROC, .true_index = CAPS_TRUE_PROC,
		.default1 = CPU_BASED_ALWAYSON_WITHOUT_TRUE_MSR,
		.offered = CPU_BASED_INTR_WINDOW_EXITING |
			CPU_BASED_USE_TSC_OFFSETTING | CPU_BASED_HLT_EXITING |
			CPU_BASED_INVLPG_EXITING | CPU_BASED_MWAIT_EXITING |
			CPU_BASED_RDPMC_EXITING | CPU_BASED_RDTSC_EXITING |
			CPU_BASED_CR3_LOAD_EXITING | CPU_BASED_CR3_STORE_EXITING |
			CPU_BASED_CR8_LOAD_EXITING | CPU_BASED_CR8_STORE_EXITING |
			CPU_BASED_TPR_SHADOW |
			CPU_BASED_NMI_WINDOW_EXITING | CPU_BASED_MOV_DR_EXITING |
			CPU_BASED_UNCOND_IO_EXITING | CPU_BASED_USE_IO_BITMAPS |
			CPU_BASED_MONITOR_TRAP_FLAG | CPU_BASED_USE_MSR_BITMAPS |
			CPU_BASED_MONITOR_EXITING | CPU_BASED_PAUSE_EXITING |
			CPU_BASED_ACTIVATE_SECONDARY_CONTROLS,
	}, {
		.index = CAPS_EXIT, .true_index = CAPS_TRUE_EXIT,
		.default1 = VM_EXIT_ALWAYSON_WITHOUT_TRUE_MSR,
		.offered = VM_EXIT_SAVE_DEBUG_CONTROLS |
			VM_EXIT_HOST_ADDR_SPACE_SIZE | VM_EXIT_ACK_INTR_ON_EXIT |
			VM_EXIT_SAVE_IA32_PAT | VM_EXIT_LOAD_IA32_PAT |
			VM_EXIT_SAVE_IA32_EFER | VM_EXIT_LOAD_IA32_EFER |
			VM_EXIT_SAVE_VMX_PREEMPTION_TIMER,
	}, {
		.index = CAPS_ENTRY, .true_index = CAPS_TRUE_ENTRY,
		.default1 = VM_ENTRY_ALWAYSON_WITHOUT_TRUE_MSR,
		.offered = VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_IA32E_MODE |
			VM_ENTRY_LOAD_IA32_PAT | VM_ENTRY_LOAD_IA32_EFER,
	}, {
		.index = CAPS_PROC2, .true_index = CAPS_PROC2,
		.offered = SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES |
			SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE |
			SECONDARY_EXEC_APIC_REGISTER_VIRT |
			SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY |
			SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_DESC |
			SECONDARY_EXEC_ENABLE_RDTSCP | SECONDARY_EXEC_ENABLE_VPID |
			SECONDARY_EXEC_WBINVD_EXITING |
			SECONDARY_EXEC_UNRESTRICTED_GUEST |
			SECONDARY_EXEC_PAUSE_LOOP_EXITING |
			SECONDARY_EXEC_RDRAND_EXITING |
			SECONDARY_EXEC_ENABLE_INVPCID |
			SECONDARY_EXEC_ENABLE_VMFUNC |
			SECONDARY_EXEC_RDSEED_EXITING |
			SECONDARY_EXEC_ENABLE_XSAVES |
			SECONDARY_EXEC_TSC_SCALING,
	},
};

/* CR4 bits that L2 may have; the others stay 0 and are not seen. */
#define CR4_OFFERED	(X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE |	\
			 X86_CR4_PSE | X86_CR4_PAE | X86_CR4_MCE | X86_CR4_PGE | \
			 X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT |	\
			 X86_CR4_UMIP | X86_CR4_VMXE | X86_CR4_FSGSBASE |	\
			 X86_CR4_PCIDE | X86_CR4_OSXSAVE | X86_CR4_SMEP |	\
			 X86_CR4_SMAP)

/* Execute-only, 4-level, UC and WB, 2M, 1G, INVEPT, A/D, and its types. */
#define EPT_OFFERED	(BIT_ULL(0) | BIT_ULL(6) | BIT_ULL(8) | BIT_ULL(14) | \
			 BIT_ULL(16) | BIT_ULL(17) | BIT_ULL(20) | BIT_ULL(21) | \
			 BIT_ULL(25) | BIT_ULL(26))
/* INVVPID and its four types. */
#define VPID_OFFERED	(BIT_ULL(32) | GENMASK_ULL(43, 40))

#define EPT_AD		BIT_ULL(21)
#define VMFUNC_EPTP_SWITCHING	BIT_ULL(0)

/* Timer rate, store of EFER.LMA, CR3 targets, zero-length injection. */
#define MISC_CR3_TARGETS	GENMASK_ULL(24, 16)
#define MISC_HOST	(GENMASK_ULL(4, 0) | VMX_MISC_SAVE_EFER_LMA | \
			 MISC_CR3_TARGETS | VMX_MISC_ZERO_LEN_INS)
#define MISC_OFFERED	(VMX_MISC_ACTIVITY_HLT | VMX_MISC_ACTIVITY_SHUTDOWN | \
			 VMX_MISC_ACTIVITY_WAIT_SIPI | \
			 VMX_MISC_VMWRITE_SHADOW_RO_FIELDS)

#define XCR0_OFFERED	(XFEATURE_MASK_FP | XFEATURE_MASK_SSE | \
			 XFEATURE_MASK_YMM | XFEATURE_MASK_AVX512)

static void offer_controls(const u64 *host, const struct ctrl_offer *offer, u64 *msr)
{
	u64 host_true = host[offer->true_index];
	u32 must = host_true, may = host_true >> 32;

	may = (may & (offer->offered | offer->default1)) | must;
	msr[offer->true_index] = (u64)may << 32 | must;
	msr[offer->index] = (u64)may << 32 | must | offer->default1;
}

/* What L0 does alone, whatever the processor has. */
static void offer_software(u64 *msr)
{
	u64 proc2 = msr[CAPS_PROC2] >> 32, more = 0;

	if (!(proc2 & SECONDARY_EXEC_ENABLE_EPT))
		return;

	more |= SECONDARY_EXEC_VE;
	if (msr[CAPS_EPT_VPID] & EPT_AD)
		more |= SECONDARY_EXEC_ENABLE_PML;
	if (proc2 & SECONDARY_EXEC_ENABLE_VMFUNC)
		msr[CAPS_VMFUNC] = VMFUNC_EPTP_SWITCHING;
	msr[CAPS_PROC2] |= more << 32;
}

static u64 highest_field_index(const struct nvmx_caps *caps)
{
	unsigned int i, index, highest = 0;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		index = (vmcs_field_table[i].encoding >> 1) & 0x1ff;
		if (vmcs_field_exists(caps, i) && index > highest)
			highest = index;
	}
	return highest;
}

static u64 offer_basic(u64 host)
{
	return NVMX_VMCS12_REVISION | 4096ULL << 32 | 6ULL << 50 |
	       (host & (VMX_BASIC_INOUT | VMX_BASIC_TRUE_CTLS));
}

void vmx_caps_offer(const struct vmx_caps_host *host, struct nvmx_caps *caps)
{
	const u64 *msr = host->msr;
	unsigned int i;

	memset(caps, 0, sizeof(*caps));
	caps->msr[CAPS_BASIC] = offer_basic(msr[CAPS_BASIC]);
	for (i = 0; i < ARRAY_SIZE(ctrl_offers); i++)
		offer_controls(msr, &ctrl_offers[i], caps->msr);

	caps->msr[CAPS_MISC] = (msr[CAPS_MISC] & MISC_HOST) | MISC_OFFERED;
	caps->msr[CAPS_CR0_FIXED0] = msr[CAPS_CR0_FIXED0];
	caps->msr[CAPS_CR0_FIXED1] = msr[CAPS_CR0_FIXED1];
	caps->msr[CAPS_CR4_FIXED0] = msr[CAPS_CR4_FIXED0];
	caps->msr[CAPS_CR4_FIXED1] = msr[CAPS_CR4_FIXED1] & CR4_OFFERED;
	caps->msr[CAPS_EPT_VPID] = msr[CAPS_EPT_VPID] & (EPT_OFFERED | VPID_OFFERED);
	offer_software(caps->msr);
	caps->msr[CAPS_VMCS_ENUM] = highest_field_index(caps) << 1;

	caps->maxphyaddr = host->maxphyaddr;
	caps->linear_bits = 48;
	caps->efer_valid = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	caps->debugctl_valid = DEBUGCTLMSR_LBR | DEBUGCTLMSR_BTF;
	caps->xcr0_valid = host->xcr0 & XCR0_OFFERED;
}

void vmx_caps_profile(struct nvmx_caps *caps, u32 profile)
{
	if (profile == NVMX_PROFILE_SEALED)
		caps->msr[CAPS_MISC] &= ~VMX_MISC_VMWRITE_SHADOW_RO_FIELDS;
}

/* The bits of an MSR that are numbers or fixed, not capabilities. */
static u64 constant_bits(unsigned int index)
{
	switch (index) {
	case CAPS_BASIC:
		return ~0ULL;
	case CAPS_MISC:
		return ~(VMX_MISC_ACTIVITY_HLT | VMX_MISC_ACTIVITY_SHUTDOWN |
			 VMX_MISC_ACTIVITY_WAIT_SIPI | MISC_CR3_TARGETS |
			 VMX_MISC_VMWRITE_SHADOW_RO_FIELDS | VMX_MISC_ZERO_LEN_INS);
	case CAPS_CR0_FIXED0:
	case CAPS_CR0_FIXED1:
	case CAPS_CR4_FIXED0:
		return ~0ULL;
	case CAPS_EPT_VPID:
		/* What EPT itself needs. */
		return BIT_ULL(6) | BIT_ULL(14);
	default:
		return 0;
	}
}

static bool controls_within(const u64 *want, const u64 *offered,
			    const struct ctrl_offer *offer)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		unsigned int index = i ? offer->true_index : offer->index;
		u32 must = want[index], may = want[index] >> 32;

		/* Nothing more may be 1, and nothing that must be may not. */
		if (may & ~(u32)(offered[index] >> 32))
			return false;
		if (must & ~may || (u32)offered[index] & ~must)
			return false;
	}
	return want[offer->index] >> 32 == want[offer->true_index] >> 32;
}

static bool is_control_msr(unsigned int index)
{
	return (index >= CAPS_PIN && index <= CAPS_ENTRY) || index == CAPS_PROC2 ||
	       (index >= CAPS_TRUE_PIN && index <= CAPS_TRUE_ENTRY);
}

static bool msrs_within(const struct nvmx_caps *caps, const struct nvmx_caps *offered)
{
	unsigned int i;

	for (i = 0; i < NVMX_CAP_MSRS; i++) {
		if (is_control_msr(i) || i == CAPS_VMCS_ENUM)
			continue;
		if (caps->msr[i] & ~offered->msr[i] &
		    ~(i == CAPS_MISC ? MISC_CR3_TARGETS : 0))
			return false;
		if ((caps->msr[i] ^ offered->msr[i]) & constant_bits(i))
			return false;
	}
	for (i = 0; i < ARRAY_SIZE(ctrl_offers); i++)
		if (!controls_within(caps->msr, offered->msr, &ctrl_offers[i]))
			return false;
	return true;
}

bool vmx_caps_within(const struct nvmx_caps *caps, const struct nvmx_caps *offered)
{
	if (!msrs_within(caps, offered))
		return false;
	/* CR3-target count is a number, not a mask. */
	if ((caps->msr[CAPS_MISC] & MISC_CR3_TARGETS) >
	    (offered->msr[CAPS_MISC] & MISC_CR3_TARGETS))
		return false;
	if (caps->msr[CAPS_VMCS_ENUM] > offered->msr[CAPS_VMCS_ENUM])
		return false;
	if (caps->maxphyaddr < 32 || caps->maxphyaddr > offered->maxphyaddr)
		return false;

	return caps->linear_bits == offered->linear_bits &&
	       !(caps->efer_valid & ~offered->efer_valid) &&
	       !(caps->debugctl_valid & ~offered->debugctl_valid) &&
	       !(caps->perf_global_valid & ~offered->perf_global_valid) &&
	       !(caps->xcr0_valid & ~offered->xcr0_valid) &&
	       !(caps->xss_valid & ~offered->xss_valid) &&
	       !(caps->features & ~offered->features);
}
