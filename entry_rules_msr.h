/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of VM entry: the MSR-load area.  Rows of entry_rules.h; no include
 * guard.  Those of GROUP(msr_entry) are judged for each entry of the area.
 */

#define MSR_IS(msr_index)	(c->msr->index == (msr_index))
#define DATA			(c->msr->value)
#define RULE_MSR(name, id, broken, hint) \
	RULE(name, id, V1(VM_ENTRY_MSR_LOAD_ADDR), broken, hint)
#define RULE_MSR_OURS(name, id, broken, hint) \
	RULE_OURS(name, id, V1(VM_ENTRY_MSR_LOAD_ADDR), broken, hint)
#define RULE_MSR_CANONICAL(name, id, msr_index) \
	RULE_MSR(LOAD_##name, id, MSR_IS(msr_index) && NOT_CANONICAL(DATA), \
		 "IA32_" #name " of the MSR-load area is canonical")

#undef RULE_SECTION
#define RULE_SECTION	"Loading MSRs"

/* One past the last entry that may be looked at. */
GROUP(msr_area)
	RULE_OURS(LOAD_COUNT, 16001, V1(VM_ENTRY_MSR_LOAD_COUNT),
		  F(VM_ENTRY_MSR_LOAD_COUNT) > entry_msr_limit(c),
		  "VM-entry MSR-load count at most that of IA32_VMX_MISC[27:25]")
GROUP_END

GROUP(msr_entry)
	RULE_MSR(LOAD_FS_BASE, 16002, MSR_IS(MSR_FS_BASE),
		 "IA32_FS_BASE is not loaded from the area: use the guest FS base field")
	RULE_MSR(LOAD_GS_BASE, 16003, MSR_IS(MSR_GS_BASE),
		 "IA32_GS_BASE is not loaded from the area: use the guest GS base field")
	RULE_MSR(LOAD_X2APIC, 16004, c->msr->index >> 8 == 8,
		 "MSRs 800H to 8FFH (x2APIC) are not loaded from the area")
	RULE_MSR(LOAD_SMM_MONITOR, 16005, MSR_IS(MSR_IA32_SMM_MONITOR_CTL) && !IN_SMM,
		 "IA32_SMM_MONITOR_CTL only in SMM")
	RULE_MSR(LOAD_SMBASE, 16006, MSR_IS(MSR_IA32_SMBASE),
		 "IA32_SMBASE cannot be written")
	RULE_MSR_OURS(LOAD_UCODE_TRIGGER, 16007, MSR_IS(MSR_IA32_UCODE_WRITE),
		      "IA32_BIOS_UPDT_TRIG is not loaded from the area")
	RULE_MSR_OURS(LOAD_UCODE_SIGNATURE, 16008, MSR_IS(MSR_IA32_UCODE_REV),
		      "IA32_BIOS_SIGN_ID is not loaded from the area")
	RULE_MSR(LOAD_RESERVED, 16009, c->msr->reserved,
		 "bits 63:32 of an entry of the area are 0")
	RULE_MSR(LOAD_UNKNOWN, 16010, !entry_msr_known(c, c->msr->index),
		 "an MSR that L1's processor has and that can be written")

	FAMILY(MSR_IS(MSR_EFER))
	RULE_MSR(LOAD_EFER_RESERVED, 16020, DATA & ~c->caps->efer_valid,
		 "reserved bits of IA32_EFER of the MSR-load area are 0")
	RULE_MSR(LOAD_EFER_LME, 16021, PG && !(DATA & EFER_LME) != !IA32E,
		 "IA32_EFER.LME of the MSR-load area does not change with CR0.PG = 1")
	FAMILY_END
	RULE_MSR(LOAD_PAT, 16022, MSR_IS(MSR_IA32_CR_PAT) && entry_pat_bad(DATA),
		 "each byte of IA32_PAT of the MSR-load area is 0, 1, 4, 5, 6 or 7")
	RULE_MSR_OURS(LOAD_SYSENTER_CS, 16023, MSR_IS(MSR_IA32_SYSENTER_CS) && DATA >> 32,
		      "bits 63:32 of IA32_SYSENTER_CS of the MSR-load area are 0")
	RULE_MSR_CANONICAL(SYSENTER_ESP, 16024, MSR_IA32_SYSENTER_ESP)
	RULE_MSR_CANONICAL(SYSENTER_EIP, 16025, MSR_IA32_SYSENTER_EIP)
	RULE_MSR_CANONICAL(LSTAR, 16026, MSR_LSTAR)
	RULE_MSR_CANONICAL(CSTAR, 16027, MSR_CSTAR)
	RULE_MSR_CANONICAL(KERNEL_GS_BASE, 16028, MSR_KERNEL_GS_BASE)
	RULE_MSR(LOAD_FMASK, 16029, MSR_IS(MSR_SYSCALL_MASK) && DATA >> 32,
		 "bits 63:32 of IA32_FMASK of the MSR-load area are 0")
	RULE_MSR(LOAD_TSC_AUX_HIGH, 16030, MSR_IS(MSR_TSC_AUX) && DATA >> 32,
		 "bits 63:32 of IA32_TSC_AUX of the MSR-load area are 0")
	RULE_MSR(LOAD_DEBUGCTL, 16031,
		 MSR_IS(MSR_IA32_DEBUGCTLMSR) && DATA & ~c->caps->debugctl_valid,
		 "reserved bits of IA32_DEBUGCTL of the MSR-load area are 0")
	RULE_MSR(LOAD_PERF_GLOBAL, 16032,
		 MSR_IS(MSR_CORE_PERF_GLOBAL_CTRL) && DATA & ~c->caps->perf_global_valid,
		 "reserved bits of IA32_PERF_GLOBAL_CTRL of the MSR-load area are 0")
	RULE_MSR(LOAD_XSS, 16033, MSR_IS(MSR_IA32_XSS) && DATA & ~c->caps->xss_valid,
		 "reserved bits of IA32_XSS of the MSR-load area are 0")

	/* What an older processor does not have. */
	FAMILY(MSR_IS(ENTRY_MSR_S_CET) || MSR_IS(ENTRY_MSR_U_CET))
	RULE_MSR(LOAD_CET_RESERVED, 16040, DATA & S_CET_RESERVED,
		 "bits 9:6 of IA32_S_CET and IA32_U_CET of the MSR-load area are 0")
	RULE_MSR(LOAD_CET_STATES, 16041, S_CET_BOTH_STATES(DATA),
		 "IA32_S_CET and IA32_U_CET: SUPPRESS (10) or TRACKER (11), not both")
	RULE_MSR(LOAD_CET_CANONICAL, 16042, NOT_CANONICAL(S_CET_BITMAP(DATA)),
		 "IA32_S_CET and IA32_U_CET: the legacy code page bitmap is at a canonical address")
	FAMILY_END
	FAMILY(c->msr->index >= ENTRY_MSR_PL0_SSP && c->msr->index <= ENTRY_MSR_PL3_SSP)
	RULE_MSR(LOAD_SSP_ALIGNED, 16043, DATA & 3,
		 "bits 1:0 of IA32_PLn_SSP of the MSR-load area are 0")
	RULE_MSR(LOAD_SSP_CANONICAL, 16044, NOT_CANONICAL(DATA),
		 "IA32_PLn_SSP of the MSR-load area is canonical")
	FAMILY_END
	RULE_MSR_CANONICAL(INTERRUPT_SSP_TABLE_ADDR, 16045, ENTRY_MSR_SSP_TABLE)
	RULE_MSR(LOAD_PKRS, 16046, MSR_IS(ENTRY_MSR_PKRS) && DATA >> 32,
		 "bits 63:32 of IA32_PKRS of the MSR-load area are 0")
	RULE_MSR(LOAD_SPEC_CTRL_RESERVED, 16047,
		 MSR_IS(MSR_IA32_SPEC_CTRL) && DATA & SPEC_CTRL_RESERVED,
		 "reserved bits of IA32_SPEC_CTRL of the MSR-load area are 0")
	FAMILY(MSR_IS(MSR_IA32_BNDCFGS))
	RULE_MSR(LOAD_BNDCFGS_RESERVED, 16048, DATA & BNDCFGS_RESERVED,
		 "bits 11:2 of IA32_BNDCFGS of the MSR-load area are 0")
	RULE_MSR(LOAD_BNDCFGS_CANONICAL, 16049, NOT_CANONICAL(DATA & ~0xfffULL),
		 "IA32_BNDCFGS of the MSR-load area: the bound directory is at a canonical address")
	FAMILY_END
	FAMILY(MSR_IS(ENTRY_MSR_FRED_CONFIG))
	RULE_MSR(LOAD_FRED_CONFIG_RESERVED, 16050, DATA & FRED_CONFIG_RESERVED,
		 "bits 2, 5:4 and 11 of IA32_FRED_CONFIG of the MSR-load area are 0")
	RULE_MSR(LOAD_FRED_CONFIG_CANONICAL, 16051, NOT_CANONICAL(DATA & ~0xfffULL),
		 "IA32_FRED_CONFIG of the MSR-load area: event handlers at a canonical address")
	FAMILY_END
	FAMILY(c->msr->index >= ENTRY_MSR_FRED_RSP0 && c->msr->index <= ENTRY_MSR_FRED_RSP3)
	RULE_MSR(LOAD_FRED_RSP_ALIGNED, 16052, DATA & 0x3f,
		 "bits 5:0 of IA32_FRED_RSPn of the MSR-load area are 0")
	RULE_MSR(LOAD_FRED_RSP_CANONICAL, 16053, NOT_CANONICAL(DATA),
		 "IA32_FRED_RSPn of the MSR-load area is canonical")
	FAMILY_END
	FAMILY(c->msr->index >= ENTRY_MSR_FRED_SSP1 && c->msr->index <= ENTRY_MSR_FRED_SSP3)
	RULE_MSR(LOAD_FRED_SSP_ALIGNED, 16054, DATA & 7,
		 "bits 2:0 of IA32_FRED_SSPn of the MSR-load area are 0")
	RULE_MSR(LOAD_FRED_SSP_CANONICAL, 16055, NOT_CANONICAL(DATA),
		 "IA32_FRED_SSPn of the MSR-load area is canonical")
	FAMILY_END
GROUP_END
