/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of VM entry: guest state but the segment registers.  Rows of
 * entry_rules.h; no include guard.
 */

GROUP(guest_regs)
#undef RULE_SECTION
#define RULE_SECTION	"Checks on Guest Control Registers, Debug Registers, and MSRs"
	RULE_BITS(GUEST_CR0_FIXED, 9001, V1(GUEST_CR0),
		  F(GUEST_CR0) & ~(CAPS(CR0_FIXED1) | CR0_NOT_CHECKED),
		  ~F(GUEST_CR0) & CAPS(CR0_FIXED0) &
		  ~(UNRESTRICTED ?
		    CR0_NOT_CHECKED | X86_CR0_PE | X86_CR0_PG : CR0_NOT_CHECKED),
		  "guest CR0 as IA32_VMX_CR0_FIXED0 and FIXED1 allow (unrestricted: any PE, PG)")
	RULE(GUEST_CR0_PG_PE, 9002, V1(GUEST_CR0), UNRESTRICTED && PG && !PE,
	     "guest CR0.PG = 1 only with CR0.PE = 1")
	RULE_BITS(GUEST_CR4_FIXED, 9003, V1(GUEST_CR4),
		  F(GUEST_CR4) & ~CAPS(CR4_FIXED1), ~F(GUEST_CR4) & CAPS(CR4_FIXED0),
		  "guest CR4 as IA32_VMX_CR4_FIXED0 and FIXED1 allow (VMXE is 1)")
	RULE(GUEST_CET_WP, 9004, V2(GUEST_CR4, GUEST_CR0),
	     (F(GUEST_CR4) & CR4_CET) && !(F(GUEST_CR0) & X86_CR0_WP),
	     "guest CR4.CET = 1 only with CR0.WP = 1")
	FAMILY(ENTRY(LOAD_DEBUG_CONTROLS))
	RULE_BITS(GUEST_DEBUGCTL_RESERVED, 9005, V1(GUEST_IA32_DEBUGCTL),
		  F(GUEST_IA32_DEBUGCTL) & ~c->caps->debugctl_valid, 0,
		  "reserved bits of guest IA32_DEBUGCTL are 0")
	RULE_BITS(GUEST_DR7_HIGH, 9006, V1(GUEST_DR7), F(GUEST_DR7) & HIGH_32, 0,
		  "bits 63:32 of guest DR7 are 0")
	FAMILY_END
	FAMILY(IA32E)
	RULE(GUEST_IA32E_PG, 9007, V2(GUEST_CR0, VM_ENTRY_CONTROLS), !PG,
	     "guest CR0.PG = 1 with \"IA-32e mode guest\"")
	RULE(GUEST_IA32E_PAE, 9008, V2(GUEST_CR4, VM_ENTRY_CONTROLS),
	     !(F(GUEST_CR4) & X86_CR4_PAE),
	     "guest CR4.PAE = 1 with \"IA-32e mode guest\"")
	FAMILY_END
	FAMILY(!IA32E)
	RULE(GUEST_LEGACY_PCIDE, 9009, V2(GUEST_CR4, VM_ENTRY_CONTROLS),
	     F(GUEST_CR4) & X86_CR4_PCIDE,
	     "guest CR4.PCIDE = 1 only with \"IA-32e mode guest\"")
	RULE(GUEST_LEGACY_FRED, 9010, V2(GUEST_CR4, VM_ENTRY_CONTROLS), FRED,
	     "guest CR4.FRED = 1 only with \"IA-32e mode guest\"")
	FAMILY_END
	RULE_BITS(GUEST_CR3_WIDTH, 9011, V1(GUEST_CR3),
		  F(GUEST_CR3) & entry_cr3_reserved(c), 0,
		  "guest CR3 lies within the physical-address width")
	RULE(GUEST_SYSENTER_ESP_CANONICAL, 9012, V1(GUEST_SYSENTER_ESP),
	     NOT_CANONICAL(F(GUEST_SYSENTER_ESP)),
	     "guest IA32_SYSENTER_ESP is canonical")
	RULE(GUEST_SYSENTER_EIP_CANONICAL, 9013, V1(GUEST_SYSENTER_EIP),
	     NOT_CANONICAL(F(GUEST_SYSENTER_EIP)),
	     "guest IA32_SYSENTER_EIP is canonical")
	FAMILY(ENTRY(LOAD_IA32_EFER))
	RULE_BITS(GUEST_EFER_RESERVED, 9020, V1(GUEST_IA32_EFER),
		  F(GUEST_IA32_EFER) & ~c->caps->efer_valid, 0,
		  "reserved bits of guest IA32_EFER are 0")
	RULE(GUEST_EFER_LMA, 9021, V2(GUEST_IA32_EFER, VM_ENTRY_CONTROLS),
	     !(F(GUEST_IA32_EFER) & EFER_LMA) != !IA32E,
	     "guest IA32_EFER.LMA equals \"IA-32e mode guest\"")
	RULE(GUEST_EFER_LME, 9022, V2(GUEST_IA32_EFER, GUEST_CR0),
	     PG && !(F(GUEST_IA32_EFER) & EFER_LMA) != !(F(GUEST_IA32_EFER) & EFER_LME),
	     "guest IA32_EFER.LME equals LMA with CR0.PG = 1")
	FAMILY_END
	RULE_BITS(GUEST_PAT, 9023, V1(GUEST_IA32_PAT),
		  ENTRY(LOAD_IA32_PAT) ? entry_pat_bad(F(GUEST_IA32_PAT)) : 0, 0,
		  "each byte of guest IA32_PAT is 0, 1, 4, 5, 6 or 7")
	FAMILY(c->entry & (VM_ENTRY_LOAD_IA32_PERF_GLOBAL_CTRL | VM_ENTRY_LOAD_BNDCFGS |
			   VM_ENTRY_LOAD_IA32_RTIT_CTL | GENMASK(24, 19)))
	RULE_BITS(GUEST_PERF_GLOBAL, 9024, V1(GUEST_IA32_PERF_GLOBAL_CTRL),
		  ENTRY(LOAD_IA32_PERF_GLOBAL_CTRL) ?
		  F(GUEST_IA32_PERF_GLOBAL_CTRL) & ~c->caps->perf_global_valid : 0, 0,
		  "reserved bits of guest IA32_PERF_GLOBAL_CTRL are 0")
	FAMILY(ENTRY(LOAD_BNDCFGS))
	RULE_BITS(GUEST_BNDCFGS_RESERVED, 9025, V1(GUEST_BNDCFGS),
		  F(GUEST_BNDCFGS) & BNDCFGS_RESERVED, 0,
		  "bits 11:2 of guest IA32_BNDCFGS are 0")
	RULE(GUEST_BNDCFGS_CANONICAL, 9026, V1(GUEST_BNDCFGS),
	     NOT_CANONICAL(F(GUEST_BNDCFGS) & ~0xfffULL),
	     "guest IA32_BNDCFGS: the bound directory is at a canonical address")
	FAMILY_END
	RULE_OURS_BITS(GUEST_RTIT_CTL_RESERVED, 9027, V1(GUEST_IA32_RTIT_CTL),
		       ENTRY(LOAD_IA32_RTIT_CTL) ? F(GUEST_IA32_RTIT_CTL) &
		       RTIT_CTL_RESERVED : 0,
		       "reserved bits of guest IA32_RTIT_CTL are 0")
	RULE_BITS(GUEST_LBR_CTL_RESERVED, 9028, V1(GUEST_IA32_LBR_CTL),
		  ENTRY(LBR_CTL) ? F(GUEST_IA32_LBR_CTL) & LBR_CTL_RESERVED : 0, 0,
		  "bits 15:4 and 63:23 of guest IA32_LBR_CTL are 0")
	RULE_BITS(GUEST_PKRS_RESERVED, 9029, V1(GUEST_PKRS),
		  ENTRY(PKRS) ? F(GUEST_PKRS) & HIGH_32 : 0, 0,
		  "bits 63:32 of guest IA32_PKRS are 0")
	RULE_BITS(GUEST_UINV_RESERVED, 9030, V1(GUEST_UINV),
		  ENTRY(UINV) ? F(GUEST_UINV) & 0xff00 : 0, 0,
		  "bits 15:8 of guest UINV are 0")
	RULE_BITS(GUEST_SPEC_CTRL_RESERVED, 9031, V1(GUEST_SPEC_CTRL),
		  ENTRY(SPEC_CTRL) ? F(GUEST_SPEC_CTRL) & SPEC_CTRL_RESERVED : 0, 0,
		  "reserved bits of guest IA32_SPEC_CTRL are 0")
	FAMILY(ENTRY(CET))
	RULE_BITS(GUEST_S_CET_RESERVED, 9032, V1(GUEST_S_CET),
		  F(GUEST_S_CET) & S_CET_RESERVED, 0,
		  "bits 9:6 of guest IA32_S_CET are 0")
	RULE(GUEST_S_CET_STATES, 9033, V1(GUEST_S_CET), S_CET_BOTH_STATES(F(GUEST_S_CET)),
	     "guest IA32_S_CET: SUPPRESS (10) or TRACKER (11), not both")
	RULE(GUEST_S_CET_CANONICAL, 9034, V1(GUEST_S_CET),
	     NOT_CANONICAL(S_CET_BITMAP(F(GUEST_S_CET))),
	     "guest IA32_S_CET: the legacy code page bitmap is at a canonical address")
	RULE(GUEST_SSP_TABLE_CANONICAL, 9035, V1(GUEST_INTR_SSP_TABLE),
	     NOT_CANONICAL(F(GUEST_INTR_SSP_TABLE)),
	     "guest IA32_INTERRUPT_SSP_TABLE_ADDR is canonical")
	FAMILY_END
	FAMILY(ENTRY(FRED))
	RULE_BITS(GUEST_FRED_CONFIG_RESERVED, 9040, V1(GUEST_FRED_CONFIG),
		  F(GUEST_FRED_CONFIG) & FRED_CONFIG_RESERVED, 0,
		  "bits 2, 5:4 and 11 of guest IA32_FRED_CONFIG are 0")
	RULE(GUEST_FRED_CONFIG_CANONICAL, 9041, V1(GUEST_FRED_CONFIG),
	     NOT_CANONICAL(F(GUEST_FRED_CONFIG) & ~0xfffULL),
	     "guest IA32_FRED_CONFIG: event handlers at a canonical address")
#define RULE_GUEST_FRED(n)							\
	RULE_BITS(GUEST_FRED_RSP##n##_ALIGNED, 9042 + 4 * ((n) - 1),		\
		  (VF_GUEST_FRED_RSP##n), c->f[VF_GUEST_FRED_RSP##n] & 0x3f, 0,	\
		  "bits 5:0 of guest IA32_FRED_RSP" #n " are 0")		\
	RULE(GUEST_FRED_RSP##n##_CANONICAL, 9043 + 4 * ((n) - 1),		\
	     (VF_GUEST_FRED_RSP##n), NOT_CANONICAL(c->f[VF_GUEST_FRED_RSP##n]),	\
	     "guest IA32_FRED_RSP" #n " is canonical")				\
	RULE_BITS(GUEST_FRED_SSP##n##_ALIGNED, 9044 + 4 * ((n) - 1),		\
		  (VF_GUEST_FRED_SSP##n), c->f[VF_GUEST_FRED_SSP##n] & 7, 0,	\
		  "bits 2:0 of guest IA32_FRED_SSP" #n " are 0")		\
	RULE(GUEST_FRED_SSP##n##_CANONICAL, 9045 + 4 * ((n) - 1),		\
	     (VF_GUEST_FRED_SSP##n), NOT_CANONICAL(c->f[VF_GUEST_FRED_SSP##n]),	\
	     "guest IA32_FRED_SSP" #n " is canonical")
	RULE_GUEST_FRED(1)
	RULE_GUEST_FRED(2)
	RULE_GUEST_FRED(3)
	FAMILY_END
	FAMILY_END
GROUP_END

#include "entry_rules_segment.h"

GROUP(guest_dt)
#undef RULE_SECTION
#define RULE_SECTION	"Checks on Guest Descriptor-Table Registers"
	RULE(GUEST_GDTR_BASE_CANONICAL, 11001, V1(GUEST_GDTR_BASE),
	     NOT_CANONICAL(F(GUEST_GDTR_BASE)),
	     "guest GDTR base is canonical")
	RULE(GUEST_IDTR_BASE_CANONICAL, 11002, V1(GUEST_IDTR_BASE),
	     NOT_CANONICAL(F(GUEST_IDTR_BASE)),
	     "guest IDTR base is canonical")
	RULE_BITS(GUEST_GDTR_LIMIT, 11003, V1(GUEST_GDTR_LIMIT),
		  F(GUEST_GDTR_LIMIT) & ~0xffffULL, 0,
		  "bits 31:16 of the guest GDTR limit are 0")
	RULE_BITS(GUEST_IDTR_LIMIT, 11004, V1(GUEST_IDTR_LIMIT),
		  F(GUEST_IDTR_LIMIT) & ~0xffffULL, 0,
		  "bits 31:16 of the guest IDTR limit are 0")
GROUP_END

GROUP(guest_rip)
#undef RULE_SECTION
#define RULE_SECTION	"Checks on Guest RIP, RFLAGS, and SSP"
	RULE_BITS(GUEST_RIP_32, 12001, V3(GUEST_RIP, GUEST_CS_AR_BYTES, VM_ENTRY_CONTROLS),
		  IA32E &&
		  (F(GUEST_CS_AR_BYTES) & VMX_AR_L_MASK) ? 0 : F(GUEST_RIP) & HIGH_32, 0,
		  "bits 63:32 of guest RIP are 0 outside 64-bit mode")
	RULE(GUEST_RIP_LINEAR, 12002, V3(GUEST_RIP, GUEST_CS_AR_BYTES, VM_ENTRY_CONTROLS),
	     IA32E && (F(GUEST_CS_AR_BYTES) & VMX_AR_L_MASK) &&
	     !entry_fits_linear(c, F(GUEST_RIP)),
	     "bits of guest RIP from the linear-address width on are identical in 64-bit mode")
	RULE_BITS(GUEST_RFLAGS_RESERVED, 12003, V1(GUEST_RFLAGS),
		  F(GUEST_RFLAGS) & RFLAGS_RESERVED, ~F(GUEST_RFLAGS) & X86_EFLAGS_FIXED,
		  "guest RFLAGS: bits 3, 5, 15 and 63:22 are 0, bit 1 is 1")
	RULE(GUEST_RFLAGS_VM_IA32E, 12004, V2(GUEST_RFLAGS, VM_ENTRY_CONTROLS), V86 &&
	     IA32E,
	     "guest RFLAGS.VM = 0 with \"IA-32e mode guest\"")
	RULE(GUEST_RFLAGS_VM_REAL, 12005, V2(GUEST_RFLAGS, GUEST_CR0), V86 && !PE,
	     "guest RFLAGS.VM = 0 with CR0.PE = 0")
	RULE(GUEST_RFLAGS_IF, 12006, V2(GUEST_RFLAGS, VM_ENTRY_INTR_INFO_FIELD),
	     INJECTS(EXT_INTR) && !(F(GUEST_RFLAGS) & X86_EFLAGS_IF),
	     "guest RFLAGS.IF = 1 when an external interrupt is injected")
	RULE(GUEST_RFLAGS_IOPL_FRED, 12007, V3(GUEST_RFLAGS, GUEST_CR4, GUEST_SS_AR_BYTES),
	     FRED && AR_DPL(F(GUEST_SS_AR_BYTES)) == 3 &&
	     (F(GUEST_RFLAGS) & X86_EFLAGS_IOPL),
	     "guest RFLAGS.IOPL = 0 with CR4.FRED = 1 and SS.DPL = 3")
	FAMILY(ENTRY(CET))
	RULE_BITS(GUEST_SSP_ALIGNED, 12008, V1(GUEST_SSP), F(GUEST_SSP) & 3, 0,
		  "bits 1:0 of guest SSP are 0")
	RULE(GUEST_SSP_LINEAR, 12009, V1(GUEST_SSP), !entry_fits_linear(c, F(GUEST_SSP)),
	     "bits of guest SSP from the linear-address width on are identical")
	FAMILY_END
GROUP_END

/* Blocking by STI or MOV SS, or HLT: the exception BS would have been missed. */
#define BLOCKED_BY(x)	(F(GUEST_INTERRUPTIBILITY_INFO) & GUEST_INTR_STATE_##x)
#define PENDING		F(GUEST_PENDING_DBG_EXCEPTIONS)
#define PENDING_BS	BIT(14)
#define PENDING_RTM	BIT(16)

GROUP(guest_nonreg)
#undef RULE_SECTION
#define RULE_SECTION	"Checks on Guest Non-Register State"
	FAMILY(F(GUEST_ACTIVITY_STATE))
	RULE(ACTIVITY_RESERVED, 13001, V1(GUEST_ACTIVITY_STATE),
	     F(GUEST_ACTIVITY_STATE) > GUEST_ACTIVITY_WAIT_SIPI,
	     "activity state: active (0), HLT (1), shutdown (2) or wait-for-SIPI (3)")
	RULE(ACTIVITY_HLT_OFFERED, 13002, V1(GUEST_ACTIVITY_STATE),
	     F(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_HLT && !(CAPS(MISC) & BIT(6)),
	     "activity state HLT only where IA32_VMX_MISC[6] offers it")
	RULE(ACTIVITY_SHUTDOWN_OFFERED, 13003, V1(GUEST_ACTIVITY_STATE),
	     F(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_SHUTDOWN && !(CAPS(MISC) & BIT(7)),
	     "activity state shutdown only where IA32_VMX_MISC[7] offers it")
	RULE(ACTIVITY_SIPI_OFFERED, 13004, V1(GUEST_ACTIVITY_STATE),
	     F(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_WAIT_SIPI && !(CAPS(MISC) & BIT(8)),
	     "activity state wait-for-SIPI only where IA32_VMX_MISC[8] offers it")
	RULE(ACTIVITY_HLT_DPL, 13005, V2(GUEST_ACTIVITY_STATE, GUEST_SS_AR_BYTES),
	     F(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_HLT && AR_DPL(F(GUEST_SS_AR_BYTES)),
	     "activity state HLT only with SS.DPL = 0")
	RULE(ACTIVITY_BLOCKING, 13006,
	     V2(GUEST_ACTIVITY_STATE, GUEST_INTERRUPTIBILITY_INFO),
	     BLOCKED_BY(STI) || BLOCKED_BY(MOV_SS),
	     "activity state active while events are blocked by STI or MOV SS")
	RULE(ACTIVITY_SIPI_SMM, 13007, V2(GUEST_ACTIVITY_STATE, VM_ENTRY_CONTROLS),
	     F(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_WAIT_SIPI && ENTRY(SMM),
	     "activity state other than wait-for-SIPI with \"entry to SMM\"")
	FAMILY(c->event)
	RULE(ACTIVITY_HLT_EVENT, 13008, V2(GUEST_ACTIVITY_STATE, VM_ENTRY_INTR_INFO_FIELD),
	     F(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_HLT && !INJECTS(EXT_INTR) &&
	     !INJECTS(NMI_INTR) &&
	     !(INJECTS(HARD_EXCEPTION) && (VECTOR == 1 || VECTOR == 18)) &&
	     !(INJECTS(OTHER_EVENT) && VECTOR == 0),
	     "into HLT only an external interrupt, NMI, #DB, #MC or pending MTF")
	RULE(ACTIVITY_SHUTDOWN_EVENT, 13009,
	     V2(GUEST_ACTIVITY_STATE, VM_ENTRY_INTR_INFO_FIELD),
	     F(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_SHUTDOWN && !INJECTS(NMI_INTR) &&
	     !(INJECTS(HARD_EXCEPTION) && VECTOR == 18),
	     "into shutdown only an NMI or #MC")
	RULE(ACTIVITY_SIPI_EVENT, 13010, V2(GUEST_ACTIVITY_STATE, VM_ENTRY_INTR_INFO_FIELD),
	     F(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_WAIT_SIPI,
	     "no event into wait-for-SIPI")
	FAMILY_END
	FAMILY_END
	FAMILY(F(GUEST_INTERRUPTIBILITY_INFO))
	RULE_BITS(BLOCKING_RESERVED, 13020, V1(GUEST_INTERRUPTIBILITY_INFO),
		  F(GUEST_INTERRUPTIBILITY_INFO) & ~0x1fULL, 0,
		  "bits 31:5 of the interruptibility state are 0")
	RULE(BLOCKING_STI_MOV_SS, 13021, V1(GUEST_INTERRUPTIBILITY_INFO),
	     BLOCKED_BY(STI) && BLOCKED_BY(MOV_SS),
	     "blocking by STI or by MOV SS, not both")
	RULE(BLOCKING_STI_IF, 13022, V2(GUEST_INTERRUPTIBILITY_INFO, GUEST_RFLAGS),
	     BLOCKED_BY(STI) && !(F(GUEST_RFLAGS) & X86_EFLAGS_IF),
	     "blocking by STI only with RFLAGS.IF = 1")
	RULE(BLOCKING_STI_INTERRUPT, 13023, V2(GUEST_INTERRUPTIBILITY_INFO,
					       VM_ENTRY_INTR_INFO_FIELD),
	     BLOCKED_BY(STI) && INJECTS(EXT_INTR),
	     "no blocking by STI when an external interrupt is injected")
	RULE(BLOCKING_MOV_SS_INTERRUPT, 13024, V2(GUEST_INTERRUPTIBILITY_INFO,
						  VM_ENTRY_INTR_INFO_FIELD),
	     BLOCKED_BY(MOV_SS) && INJECTS(EXT_INTR),
	     "no blocking by MOV SS when an external interrupt is injected")
	RULE(BLOCKING_MOV_SS_NMI, 13025, V2(GUEST_INTERRUPTIBILITY_INFO,
					    VM_ENTRY_INTR_INFO_FIELD),
	     BLOCKED_BY(MOV_SS) && INJECTS(NMI_INTR),
	     "no blocking by MOV SS when an NMI is injected")
	RULE_EXIT(BLOCKING_STI_NMI, 13026, V2(GUEST_INTERRUPTIBILITY_INFO,
					      VM_ENTRY_INTR_INFO_FIELD),
		  BLOCKED_BY(STI) && INJECTS(NMI_INTR), 3,
		  "no blocking by STI when an NMI is injected")
	RULE(BLOCKING_SMI_OUTSIDE, 13027, V1(GUEST_INTERRUPTIBILITY_INFO),
	     BLOCKED_BY(SMI) && !IN_SMM,
	     "blocking by SMI only in SMM")
	RULE(BLOCKING_NMI_NMI, 13028,
	     V3(GUEST_INTERRUPTIBILITY_INFO, VM_ENTRY_INTR_INFO_FIELD,
		PIN_BASED_VM_EXEC_CONTROL),
	     BLOCKED_BY(NMI) && PIN(VIRTUAL_NMIS) && INJECTS(NMI_INTR),
	     "no blocking by NMI when an NMI is injected with \"virtual NMIs\"")
	RULE(BLOCKING_ENCLAVE_MOV_SS, 13029, V1(GUEST_INTERRUPTIBILITY_INFO),
	     BLOCKED_BY(ENCLAVE_INTR) && BLOCKED_BY(MOV_SS),
	     "no blocking by MOV SS with \"enclave interruption\"")
	RULE(BLOCKING_ENCLAVE_SGX, 13030, V1(GUEST_INTERRUPTIBILITY_INFO),
	     BLOCKED_BY(ENCLAVE_INTR) && !(c->caps->features & NVMX_FEATURE_SGX),
	     "\"enclave interruption\" only on a processor with SGX")
	RULE(BLOCKING_STI_FRED, 13031, V3(GUEST_INTERRUPTIBILITY_INFO, GUEST_CR4,
					  GUEST_SS_AR_BYTES),
	     BLOCKED_BY(STI) && FRED && AR_DPL(F(GUEST_SS_AR_BYTES)) == 3,
	     "no blocking by STI with CR4.FRED = 1 and SS.DPL = 3")
	FAMILY_END
	RULE(BLOCKING_SMI_SMM, 13032, V2(GUEST_INTERRUPTIBILITY_INFO, VM_ENTRY_CONTROLS),
	     ENTRY(SMM) && IN_SMM && !BLOCKED_BY(SMI),
	     "blocking by SMI with \"entry to SMM\"")
	FAMILY(PENDING)
	RULE_BITS(PENDING_RESERVED, 13040, V1(GUEST_PENDING_DBG_EXCEPTIONS),
		  PENDING & entry_pending_reserved(c), 0,
		  "bits 11:4, 13, 15 and 63:17 of the pending debug exceptions are 0")
	FAMILY_END
	FAMILY(BLOCKED_BY(STI) || BLOCKED_BY(MOV_SS) ||
	       F(GUEST_ACTIVITY_STATE) == GUEST_ACTIVITY_HLT)
	RULE(PENDING_BS_MISSING, 13041, V4(GUEST_PENDING_DBG_EXCEPTIONS, GUEST_RFLAGS,
					   GUEST_IA32_DEBUGCTL,
					   GUEST_INTERRUPTIBILITY_INFO),
	     !(PENDING & PENDING_BS) && entry_single_steps(c),
	     "BS (14) is pending when single-stepping meets blocking by STI or MOV SS, or HLT")
	RULE(PENDING_BS_SUPERFLUOUS, 13042, V4(GUEST_PENDING_DBG_EXCEPTIONS, GUEST_RFLAGS,
					       GUEST_IA32_DEBUGCTL,
					       GUEST_INTERRUPTIBILITY_INFO),
	     (PENDING & PENDING_BS) && !entry_single_steps(c),
	     "BS (14) is not pending at blocking by STI or MOV SS, or HLT, without single-stepping")
	FAMILY_END
	FAMILY(PENDING & PENDING_RTM)
	RULE_BITS(PENDING_RTM_ALONE, 13043, V1(GUEST_PENDING_DBG_EXCEPTIONS),
		  PENDING & (GENMASK_ULL(3, 0) | BIT(11) | PENDING_BS), 0,
		  "with RTM (16) bits 11:0 and 15:13 of the pending debug exceptions are 0")
	RULE(PENDING_RTM_ENABLED, 13044, V1(GUEST_PENDING_DBG_EXCEPTIONS),
	     !(PENDING & BIT(12)),
	     "with RTM (16) bit 12 of the pending debug exceptions is 1")
	RULE(PENDING_RTM_OFFERED, 13045, V1(GUEST_PENDING_DBG_EXCEPTIONS),
	     !(c->caps->features & NVMX_FEATURE_RTM),
	     "RTM (16) only on a processor with RTM")
	RULE(PENDING_RTM_MOV_SS, 13046, V2(GUEST_PENDING_DBG_EXCEPTIONS,
					   GUEST_INTERRUPTIBILITY_INFO),
	     BLOCKED_BY(MOV_SS),
	     "RTM (16) only without blocking by MOV SS")
	FAMILY_END
GROUP_END

GROUP(guest_link)
	FAMILY(F(VMCS_LINK_POINTER) != ~0ULL)
	RULE_EXIT_BITS(LINK_ALIGNED, 14001, V1(VMCS_LINK_POINTER),
		       F(VMCS_LINK_POINTER) & 0xfff, 4,
		       "the VMCS link pointer is ~0, or its bits 11:0 are 0")
	RULE_EXIT_BITS(LINK_WIDTH, 14002, V1(VMCS_LINK_POINTER),
		       F(VMCS_LINK_POINTER) & c->area, 4,
		       "the VMCS link pointer is ~0, or lies within the physical-address width")
	FAMILY(!(F(VMCS_LINK_POINTER) & (c->area | 0xfff)))
	RULE_OURS_EXIT(LINK_UNREADABLE, 14003, V1(VMCS_LINK_POINTER), !MEM.link_readable, 4,
		       "the VMCS link pointer is ~0, or names memory")
	FAMILY(MEM.link_readable)
	RULE_EXIT(LINK_REVISION, 14004, V1(VMCS_LINK_POINTER),
		  (MEM.link_revision ^ entry_link_revision(c)) & 0x7fffffff, 4,
		  "the linked VMCS has the revision identifier of IA32_VMX_BASIC")
	RULE_EXIT(LINK_SHADOW, 14005, V2(VMCS_LINK_POINTER, SECONDARY_VM_EXEC_CONTROL),
		  (MEM.link_revision ^ entry_link_revision(c)) & BIT(31), 4,
		  "bit 31 of the linked VMCS equals \"VMCS shadowing\"")
	FAMILY_END
	RULE_EXIT(LINK_CURRENT, 14006, V1(VMCS_LINK_POINTER),
		  F(VMCS_LINK_POINTER) == STATE->vmptr && (!IN_SMM || ENTRY(SMM)), 4,
		  "the VMCS link pointer is not the current-VMCS pointer")
	RULE_EXIT(LINK_EXECUTIVE, 14007, V2(VMCS_LINK_POINTER, EXECUTIVE_VMCS_POINTER),
		  F(VMCS_LINK_POINTER) == F(EXECUTIVE_VMCS_POINTER) && IN_SMM &&
		  !ENTRY(SMM), 4,
		  "the VMCS link pointer is not the executive-VMCS pointer")
	FAMILY_END
	FAMILY_END
GROUP_END

GROUP(guest_pdpte)
#undef RULE_SECTION
#define RULE_SECTION	"Checks on Guest Page-Directory-Pointer-Table Entries"
	FAMILY(PG && (F(GUEST_CR4) & X86_CR4_PAE) && !IA32E)
#define RULE_PDPTE(n)								\
	RULE_EXIT_BITS(PDPTE##n##_FIELD, 15001 + (n), (VF_GUEST_PDPTR##n),	\
		       PDPTE_BAD(c->f[VF_GUEST_PDPTR##n]), 2,			\
		       "guest PDPTE" #n ": not present, or bits 2:1, 8:5 and beyond "	\
		       "the physical-address width are 0")
#define RULE_PDPTE_MEMORY(n)							\
	RULE_EXIT(PDPTE##n##_MEMORY, 15011 + (n), (VF_GUEST_CR3),		\
		  PDPTE_BAD(MEM.pdpte[n]), 2,					\
		  "PDPTE" #n " at guest CR3: not present, or bits 2:1, 8:5 and beyond "	\
		  "the physical-address width are 0")
	FAMILY(PROC2(ENABLE_EPT))
	RULE_PDPTE(0)
	RULE_PDPTE(1)
	RULE_PDPTE(2)
	RULE_PDPTE(3)
	FAMILY_END
	FAMILY(!PROC2(ENABLE_EPT) && MEM.pdpte_valid)
	RULE_PDPTE_MEMORY(0)
	RULE_PDPTE_MEMORY(1)
	RULE_PDPTE_MEMORY(2)
	RULE_PDPTE_MEMORY(3)
	FAMILY_END
	FAMILY_END
GROUP_END
