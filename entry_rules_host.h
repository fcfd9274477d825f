/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of VM entry: host state.  Rows of entry_rules.h; no include guard.
 */

#define RULE_CANONICAL(name, id, field, what)				\
	RULE(name##_CANONICAL, id, (field), NOT_CANONICAL(c->f[field]),	\
	     what " is canonical")

GROUP(host_regs)
#undef RULE_SECTION
#define RULE_SECTION	"Checks on Host Control Registers, MSRs, and SSP"
	RULE_BITS(HOST_CR0_FIXED, 6001, V1(HOST_CR0),
		  F(HOST_CR0) & ~(CAPS(CR0_FIXED1) | CR0_NOT_CHECKED),
		  ~F(HOST_CR0) & CAPS(CR0_FIXED0) & ~CR0_NOT_CHECKED,
		  "host CR0 as IA32_VMX_CR0_FIXED0 and FIXED1 allow (PE, PG and NE are 1)")
	RULE_BITS(HOST_CR4_FIXED, 6002, V1(HOST_CR4),
		  F(HOST_CR4) & ~CAPS(CR4_FIXED1), ~F(HOST_CR4) & CAPS(CR4_FIXED0),
		  "host CR4 as IA32_VMX_CR4_FIXED0 and FIXED1 allow (VMXE is 1)")
	RULE(HOST_CET_WP, 6003, V2(HOST_CR4, HOST_CR0),
	     (F(HOST_CR4) & CR4_CET) && !(F(HOST_CR0) & X86_CR0_WP),
	     "host CR4.CET = 1 only with CR0.WP = 1")
	RULE_BITS(HOST_CR3_WIDTH, 6004, V1(HOST_CR3), F(HOST_CR3) & entry_cr3_reserved(c),
		  0,
		  "host CR3 lies within the physical-address width")
	RULE_CANONICAL(HOST_SYSENTER_ESP, 6005, VF_HOST_IA32_SYSENTER_ESP,
		       "host IA32_SYSENTER_ESP")
	RULE_CANONICAL(HOST_SYSENTER_EIP, 6006, VF_HOST_IA32_SYSENTER_EIP,
		       "host IA32_SYSENTER_EIP")
	RULE_BITS(HOST_PERF_GLOBAL, 6007, V1(HOST_IA32_PERF_GLOBAL_CTRL),
		  EXIT(LOAD_IA32_PERF_GLOBAL_CTRL) ?
		  F(HOST_IA32_PERF_GLOBAL_CTRL) & ~c->caps->perf_global_valid : 0, 0,
		  "reserved bits of host IA32_PERF_GLOBAL_CTRL are 0")
	RULE_BITS(HOST_PAT, 6008, V1(HOST_IA32_PAT),
		  EXIT(LOAD_IA32_PAT) ? entry_pat_bad(F(HOST_IA32_PAT)) : 0, 0,
		  "each byte of host IA32_PAT is 0, 1, 4, 5, 6 or 7")
	FAMILY(EXIT(LOAD_IA32_EFER))
	RULE_BITS(HOST_EFER_RESERVED, 6010, V1(HOST_IA32_EFER),
		  F(HOST_IA32_EFER) & ~c->caps->efer_valid, 0,
		  "reserved bits of host IA32_EFER are 0")
	RULE(HOST_EFER_LMA, 6011, V2(HOST_IA32_EFER, VM_EXIT_CONTROLS),
	     !(F(HOST_IA32_EFER) & EFER_LMA) != !EXIT(HOST_ADDR_SPACE_SIZE),
	     "host IA32_EFER.LMA equals \"host address-space size\"")
	RULE(HOST_EFER_LME, 6012, V2(HOST_IA32_EFER, VM_EXIT_CONTROLS),
	     !(F(HOST_IA32_EFER) & EFER_LME) != !EXIT(HOST_ADDR_SPACE_SIZE),
	     "host IA32_EFER.LME equals \"host address-space size\"")
	FAMILY_END
	FAMILY(EXIT(CET))
	RULE_BITS(HOST_S_CET_RESERVED, 6020, V1(HOST_S_CET),
		  F(HOST_S_CET) & S_CET_RESERVED, 0,
		  "bits 9:6 of host IA32_S_CET are 0")
	RULE(HOST_S_CET_STATES, 6021, V1(HOST_S_CET), S_CET_BOTH_STATES(F(HOST_S_CET)),
	     "host IA32_S_CET: SUPPRESS (10) or TRACKER (11), not both")
	RULE(HOST_S_CET_CANONICAL, 6022, V1(HOST_S_CET),
	     NOT_CANONICAL(S_CET_BITMAP(F(HOST_S_CET))),
	     "host IA32_S_CET: the legacy code page bitmap is at a canonical address")
	RULE_BITS(HOST_SSP_ALIGNED, 6023, V1(HOST_SSP), F(HOST_SSP) & 3, 0,
		  "bits 1:0 of host SSP are 0")
	RULE_CANONICAL(HOST_SSP, 6024, VF_HOST_SSP, "host SSP")
	RULE_CANONICAL(HOST_SSP_TABLE, 6025, VF_HOST_INTR_SSP_TABLE,
		       "host IA32_INTERRUPT_SSP_TABLE_ADDR")
	FAMILY_END
	RULE_BITS(HOST_PKRS_RESERVED, 6030, V1(HOST_PKRS),
		  EXIT(PKRS) ? F(HOST_PKRS) & HIGH_32 : 0, 0,
		  "bits 63:32 of host IA32_PKRS are 0")
	FAMILY(EXIT2(FRED))
	RULE_BITS(HOST_FRED_CONFIG_RESERVED, 6040, V1(HOST_FRED_CONFIG),
		  F(HOST_FRED_CONFIG) & FRED_CONFIG_RESERVED, 0,
		  "bits 2, 5:4 and 11 of host IA32_FRED_CONFIG are 0")
	RULE(HOST_FRED_CONFIG_CANONICAL, 6041, V1(HOST_FRED_CONFIG),
	     NOT_CANONICAL(F(HOST_FRED_CONFIG) & ~0xfffULL),
	     "host IA32_FRED_CONFIG: event handlers at a canonical address")
#define RULE_HOST_FRED(n)							\
	RULE_BITS(HOST_FRED_RSP##n##_ALIGNED, 6042 + 4 * ((n) - 1),		\
		  (VF_HOST_FRED_RSP##n), c->f[VF_HOST_FRED_RSP##n] & 0x3f, 0,	\
		  "bits 5:0 of host IA32_FRED_RSP" #n " are 0")			\
	RULE(HOST_FRED_RSP##n##_CANONICAL, 6043 + 4 * ((n) - 1),		\
	     (VF_HOST_FRED_RSP##n), NOT_CANONICAL(c->f[VF_HOST_FRED_RSP##n]),	\
	     "host IA32_FRED_RSP" #n " is canonical")				\
	RULE_BITS(HOST_FRED_SSP##n##_ALIGNED, 6044 + 4 * ((n) - 1),		\
		  (VF_HOST_FRED_SSP##n), c->f[VF_HOST_FRED_SSP##n] & 7, 0,	\
		  "bits 2:0 of host IA32_FRED_SSP" #n " are 0")			\
	RULE(HOST_FRED_SSP##n##_CANONICAL, 6045 + 4 * ((n) - 1),		\
	     (VF_HOST_FRED_SSP##n), NOT_CANONICAL(c->f[VF_HOST_FRED_SSP##n]),	\
	     "host IA32_FRED_SSP" #n " is canonical")
	RULE_HOST_FRED(1)
	RULE_HOST_FRED(2)
	RULE_HOST_FRED(3)
	FAMILY_END
	RULE_BITS(HOST_SPEC_CTRL_RESERVED, 6060, V1(HOST_SPEC_CTRL),
		  EXIT2(SPEC_CTRL) ? F(HOST_SPEC_CTRL) & SPEC_CTRL_RESERVED : 0, 0,
		  "reserved bits of host IA32_SPEC_CTRL are 0")
GROUP_END

GROUP(host_seg)
#undef RULE_SECTION
#define RULE_SECTION	"Checks on Host Segment and Descriptor-Table Registers"
#define RULE_HOST_SELECTOR(seg, id)						\
	RULE_BITS(HOST_##seg##_RPL_TI, id, (VF_HOST_##seg##_SELECTOR),		\
		  c->f[VF_HOST_##seg##_SELECTOR] & 7, 0,			\
		  "RPL and TI (bits 2:0) of the host " #seg " selector are 0")
	RULE_HOST_SELECTOR(ES, 7001)
	RULE_HOST_SELECTOR(CS, 7002)
	RULE_HOST_SELECTOR(SS, 7003)
	RULE_HOST_SELECTOR(DS, 7004)
	RULE_HOST_SELECTOR(FS, 7005)
	RULE_HOST_SELECTOR(GS, 7006)
	RULE_HOST_SELECTOR(TR, 7007)
	RULE(HOST_CS_NULL, 7008, V1(HOST_CS_SELECTOR), !F(HOST_CS_SELECTOR),
	     "the host CS selector is not 0")
	RULE(HOST_TR_NULL, 7009, V1(HOST_TR_SELECTOR), !F(HOST_TR_SELECTOR),
	     "the host TR selector is not 0")
	RULE(HOST_SS_NULL, 7010, V2(HOST_SS_SELECTOR, VM_EXIT_CONTROLS),
	     !F(HOST_SS_SELECTOR) && !EXIT(HOST_ADDR_SPACE_SIZE),
	     "the host SS selector is not 0 without \"host address-space size\"")
	RULE_CANONICAL(HOST_FS_BASE, 7011, VF_HOST_FS_BASE, "host FS base")
	RULE_CANONICAL(HOST_GS_BASE, 7012, VF_HOST_GS_BASE, "host GS base")
	RULE_CANONICAL(HOST_TR_BASE, 7013, VF_HOST_TR_BASE, "host TR base")
	RULE_CANONICAL(HOST_GDTR_BASE, 7014, VF_HOST_GDTR_BASE, "host GDTR base")
	RULE_CANONICAL(HOST_IDTR_BASE, 7015, VF_HOST_IDTR_BASE, "host IDTR base")
GROUP_END

GROUP(host_space)
#undef RULE_SECTION
#define RULE_SECTION	"Checks Related to Address-Space Size"
	FAMILY(!STATE->no_insn)
	RULE(SPACE_L1_LEGACY_GUEST, 8001, V1(VM_ENTRY_CONTROLS),
	     !(STATE->l1->efer & EFER_LMA) && IA32E,
	     "\"IA-32e mode guest\" only if L1 is in IA-32e mode")
	RULE(SPACE_L1_LEGACY_HOST, 8002, V1(VM_EXIT_CONTROLS),
	     !(STATE->l1->efer & EFER_LMA) && EXIT(HOST_ADDR_SPACE_SIZE),
	     "\"host address-space size\" only if L1 is in IA-32e mode")
	RULE(SPACE_L1_IA32E_HOST, 8003, V1(VM_EXIT_CONTROLS),
	     (STATE->l1->efer & EFER_LMA) && !EXIT(HOST_ADDR_SPACE_SIZE),
	     "\"host address-space size\" is 1 if L1 is in IA-32e mode")
	FAMILY_END
	FAMILY(!EXIT(HOST_ADDR_SPACE_SIZE))
	RULE(SPACE_32_GUEST, 8004, V2(VM_ENTRY_CONTROLS, VM_EXIT_CONTROLS),
	     IA32E && (STATE->no_insn || (STATE->l1->efer & EFER_LMA)),
	     "\"IA-32e mode guest\" only with \"host address-space size\"")
	RULE(SPACE_32_PCIDE, 8005, V2(HOST_CR4, VM_EXIT_CONTROLS),
	     F(HOST_CR4) & X86_CR4_PCIDE,
	     "host CR4.PCIDE = 1 only with \"host address-space size\"")
	RULE_BITS(SPACE_32_RIP, 8006, V2(HOST_RIP, VM_EXIT_CONTROLS),
		  F(HOST_RIP) & HIGH_32, 0,
		  "bits 63:32 of host RIP are 0 without \"host address-space size\"")
	RULE_BITS(SPACE_32_S_CET, 8007, V2(HOST_S_CET, VM_EXIT_CONTROLS),
		  EXIT(CET) ? F(HOST_S_CET) & HIGH_32 : 0, 0,
		  "bits 63:32 of host IA32_S_CET are 0 without \"host address-space size\"")
	RULE_BITS(SPACE_32_SSP, 8008, V2(HOST_SSP, VM_EXIT_CONTROLS),
		  EXIT(CET) ? F(HOST_SSP) & HIGH_32 : 0, 0,
		  "bits 63:32 of host SSP are 0 without \"host address-space size\"")
	RULE(SPACE_32_FRED, 8009, V2(HOST_CR4, VM_EXIT_CONTROLS), F(HOST_CR4) & CR4_FRED,
	     "host CR4.FRED = 1 only with \"host address-space size\"")
	FAMILY_END
	FAMILY(EXIT(HOST_ADDR_SPACE_SIZE))
	RULE(SPACE_64_PAE, 8010, V2(HOST_CR4, VM_EXIT_CONTROLS),
	     !(F(HOST_CR4) & X86_CR4_PAE),
	     "host CR4.PAE = 1 with \"host address-space size\"")
	RULE(SPACE_64_RIP, 8011, V2(HOST_RIP, VM_EXIT_CONTROLS), NOT_CANONICAL(F(HOST_RIP)),
	     "host RIP is canonical with \"host address-space size\"")
	FAMILY_END
GROUP_END
