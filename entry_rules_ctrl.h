/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of VM entry: VMX instruction, VM-execution, VM-exit and VM-entry
 * controls, event injection.  Rows of entry_rules.h; no include guard.
 */

/* Address of a 4-KByte structure. */
#define RULE_PAGE(name, id, field, what)					\
	RULE_BITS(name##_ALIGNED, id, (field), c->f[field] & 0xfff, 0,		\
		  "bits 11:0 of the " what " are 0")				\
	RULE_BITS(name##_WIDTH, (id) + 1, (field), c->f[field] & c->area, 0,	\
		  "the " what " lies within the physical-address width")

/* MSR area; its count and its address. */
#define RULE_MSR_AREA(name, id, count, field, what)				\
	RULE_BITS(name##_ALIGNED, id, (field, count), c->f[field] & 0xf, 0,	\
		  "bits 3:0 of the " what " address are 0")			\
	RULE_BITS(name##_WIDTH, (id) + 1, (field, count),			\
		  c->f[field] & c->area, 0,					\
		  "the " what " starts within the physical-address width")	\
	RULE(name##_END, (id) + 2, (field, count),				\
	     !(c->f[field] & c->area) &&					\
	     ((c->f[field] + 16 * c->f[count] - 1) & c->area),			\
	     "the last byte of the " what " lies within the physical-address width")

GROUP(insn)
#undef RULE_SECTION
#define RULE_SECTION	"Basic VM-Entry Checks"
	RULE_VMFAIL(INSN_MOV_SS, 1001, V1(GUEST_RIP), STATE->l1->mov_ss, 26,
		    "L1 executes VMLAUNCH and VMRESUME while events are not blocked by MOV SS")
	RULE_VMFAIL(INSN_LAUNCH_NOT_CLEAR, 1002, V1(GUEST_RIP),
		    STATE->launched && !STATE->resume, 4,
		    "VMLAUNCH needs a VMCS whose launch state is clear: VMCLEAR it, or VMRESUME")
	RULE_VMFAIL(INSN_RESUME_NOT_LAUNCHED, 1003, V1(GUEST_RIP),
		    !STATE->launched && STATE->resume, 5,
		    "VMRESUME needs a VMCS whose launch state is launched: use VMLAUNCH first")
GROUP_END

GROUP(exec)
#undef RULE_SECTION
#define RULE_SECTION	"VM-Execution Control Fields"
	RULE_BITS(PIN_RESERVED, 2001, V1(PIN_BASED_VM_EXEC_CONTROL),
		  CTRL_ZEROS(PIN_BASED_VM_EXEC_CONTROL, c->ctrl_pin),
		  CTRL_ONES(PIN_BASED_VM_EXEC_CONTROL, c->ctrl_pin),
		  "pin-based controls as IA32_VMX_PINBASED_CTLS or its TRUE twin allows")
	RULE_BITS(PROC_RESERVED, 2002, V1(CPU_BASED_VM_EXEC_CONTROL),
		  CTRL_ZEROS(CPU_BASED_VM_EXEC_CONTROL, c->ctrl_proc),
		  CTRL_ONES(CPU_BASED_VM_EXEC_CONTROL, c->ctrl_proc),
		  "processor-based controls as IA32_VMX_PROCBASED_CTLS or its TRUE twin allows")
	FAMILY(PROC(ACTIVATE_SECONDARY_CONTROLS))
	RULE_BITS(PROC2_RESERVED, 2003, V1(SECONDARY_VM_EXEC_CONTROL),
		  CTRL_ZEROS(SECONDARY_VM_EXEC_CONTROL, c->ctrl_proc2),
		  CTRL_ONES(SECONDARY_VM_EXEC_CONTROL, c->ctrl_proc2),
		  "secondary processor-based controls as IA32_VMX_PROCBASED_CTLS2 allows")
	FAMILY_END
	FAMILY(PROC(ACTIVATE_TERTIARY_CONTROLS))
	RULE_BITS(PROC3_RESERVED, 2004, V1(TERTIARY_VM_EXEC_CONTROL),
		  F(TERTIARY_VM_EXEC_CONTROL) & ~CAPS(PROC3), 0,
		  "tertiary processor-based controls as IA32_VMX_PROCBASED_CTLS3 allows")
	FAMILY_END
	RULE(CR3_TARGET_COUNT, 2005, V1(CR3_TARGET_COUNT),
	     F(CR3_TARGET_COUNT) > entry_cr3_targets(c),
	     "CR3-target count at most that of IA32_VMX_MISC[24:16]")

	FAMILY(PROC(USE_IO_BITMAPS))
	RULE_PAGE(IO_BITMAP_A, 2010, VF_IO_BITMAP_A, "address of I/O bitmap A")
	RULE_PAGE(IO_BITMAP_B, 2012, VF_IO_BITMAP_B, "address of I/O bitmap B")
	FAMILY_END
	FAMILY(PROC(USE_MSR_BITMAPS))
	RULE_PAGE(MSR_BITMAP, 2014, VF_MSR_BITMAP, "address of the MSR bitmaps")
	FAMILY_END

	/* NMIs */
	RULE(VIRTUAL_NMIS_NMI_EXITING, 2018, V1(PIN_BASED_VM_EXEC_CONTROL),
	     PIN(VIRTUAL_NMIS) && !PIN(NMI_EXITING),
	     "\"virtual NMIs\" only with \"NMI exiting\"")
	RULE(NMI_WINDOW_VIRTUAL_NMIS, 2019, V2(CPU_BASED_VM_EXEC_CONTROL,
					       PIN_BASED_VM_EXEC_CONTROL),
	     PROC(NMI_WINDOW_EXITING) && !PIN(VIRTUAL_NMIS),
	     "\"NMI-window exiting\" only with \"virtual NMIs\"")

	/* virtual APIC */
	FAMILY(PROC(TPR_SHADOW))
	RULE_PAGE(VIRTUAL_APIC, 2020, VF_VIRTUAL_APIC_PAGE_ADDR, "virtual-APIC address")
	RULE_BITS(TPR_THRESHOLD_RESERVED, 2022, V1(TPR_THRESHOLD),
		  PROC2(VIRTUAL_INTR_DELIVERY) ? 0 : F(TPR_THRESHOLD) & ~0xfULL, 0,
		  "bits 31:4 of the TPR threshold are 0 without \"virtual-interrupt delivery\"")
	FAMILY_END
	FAMILY(!PROC(TPR_SHADOW) && (c->proc2 | c->proc3))
	RULE(X2APIC_TPR_SHADOW, 2024,
	     V2(SECONDARY_VM_EXEC_CONTROL, CPU_BASED_VM_EXEC_CONTROL),
	     PROC2(VIRTUALIZE_X2APIC_MODE),
	     "\"virtualize x2APIC mode\" only with \"use TPR shadow\"")
	RULE(APIC_REGISTER_TPR_SHADOW, 2025, V2(SECONDARY_VM_EXEC_CONTROL,
						CPU_BASED_VM_EXEC_CONTROL),
	     PROC2(APIC_REGISTER_VIRT),
	     "\"APIC-register virtualization\" only with \"use TPR shadow\"")
	RULE(VID_TPR_SHADOW, 2026, V2(SECONDARY_VM_EXEC_CONTROL, CPU_BASED_VM_EXEC_CONTROL),
	     PROC2(VIRTUAL_INTR_DELIVERY),
	     "\"virtual-interrupt delivery\" only with \"use TPR shadow\"")
	RULE(IPI_TPR_SHADOW, 2027, V2(TERTIARY_VM_EXEC_CONTROL, CPU_BASED_VM_EXEC_CONTROL),
	     PROC3(IPI),
	     "\"IPI virtualization\" only with \"use TPR shadow\"")
	FAMILY_END
	FAMILY(PROC2(VIRTUALIZE_APIC_ACCESSES))
	RULE_PAGE(APIC_ACCESS, 2028, VF_APIC_ACCESS_ADDR, "APIC-access address")
	RULE(X2APIC_APIC_ACCESSES, 2030, V1(SECONDARY_VM_EXEC_CONTROL),
	     PROC2(VIRTUALIZE_X2APIC_MODE),
	     "\"virtualize x2APIC mode\" or \"virtualize APIC accesses\", not both")
	FAMILY_END
	RULE(VID_EXTERNAL_INTERRUPT, 2031, V2(SECONDARY_VM_EXEC_CONTROL,
					      PIN_BASED_VM_EXEC_CONTROL),
	     PROC2(VIRTUAL_INTR_DELIVERY) && !PIN(EXT_INTR_MASK),
	     "\"virtual-interrupt delivery\" only with \"external-interrupt exiting\"")

	FAMILY(PIN(POSTED_INTR))
	RULE(POSTED_VID, 2034, V2(PIN_BASED_VM_EXEC_CONTROL, SECONDARY_VM_EXEC_CONTROL),
	     !PROC2(VIRTUAL_INTR_DELIVERY),
	     "\"process posted interrupts\" only with \"virtual-interrupt delivery\"")
	RULE(POSTED_ACK, 2035, V2(PIN_BASED_VM_EXEC_CONTROL, VM_EXIT_CONTROLS),
	     !EXIT(ACK_INTR_ON_EXIT),
	     "\"process posted interrupts\" only with \"acknowledge interrupt on exit\"")
	RULE_BITS(POSTED_VECTOR, 2036, V1(POSTED_INTR_NV), F(POSTED_INTR_NV) & 0xff00, 0,
		  "posted-interrupt notification vector from 0 to 255")
	RULE_BITS(POSTED_DESCRIPTOR_ALIGNED, 2037, V1(POSTED_INTR_DESC_ADDR),
		  F(POSTED_INTR_DESC_ADDR) & 0x3f, 0,
		  "bits 5:0 of the posted-interrupt descriptor address are 0")
	RULE_BITS(POSTED_DESCRIPTOR_WIDTH, 2038, V1(POSTED_INTR_DESC_ADDR),
		  F(POSTED_INTR_DESC_ADDR) & c->area, 0,
		  "the posted-interrupt descriptor lies within the physical-address width")
	FAMILY_END

	FAMILY(c->proc2)
	RULE(VPID_ZERO, 2040, V2(VIRTUAL_PROCESSOR_ID, SECONDARY_VM_EXEC_CONTROL),
	     PROC2(ENABLE_VPID) && !F(VIRTUAL_PROCESSOR_ID),
	     "a VPID other than 0, or \"enable VPID\" 0")
	RULE(TSC_MULTIPLIER_ZERO, 2041, V2(TSC_MULTIPLIER, SECONDARY_VM_EXEC_CONTROL),
	     PROC2(TSC_SCALING) && !F(TSC_MULTIPLIER),
	     "a TSC multiplier other than 0, or \"use TSC scaling\" 0")
	FAMILY_END

	/* EPT */
	FAMILY(PROC2(ENABLE_EPT))
	RULE(EPTP_MEMORY_TYPE, 2045, V1(EPT_POINTER),
	     !((F(EPT_POINTER) & 7) == 0 && CAPS(EPT_VPID) & BIT(8)) &&
	     !((F(EPT_POINTER) & 7) == 6 && CAPS(EPT_VPID) & BIT(14)),
	     "EPTP[2:0]: 0 (UC) or 6 (WB), as IA32_VMX_EPT_VPID_CAP allows")
	RULE(EPTP_WALK_LENGTH, 2046, V1(EPT_POINTER),
	     !((F(EPT_POINTER) >> 3 & 7) == 3 && CAPS(EPT_VPID) & BIT(6)) &&
	     !((F(EPT_POINTER) >> 3 & 7) == 4 && CAPS(EPT_VPID) & BIT(7)),
	     "EPTP[5:3]: walk length less 1, one that IA32_VMX_EPT_VPID_CAP allows")
	RULE_BITS(EPTP_AD, 2047, V1(EPT_POINTER),
		  CAPS(EPT_VPID) & BIT(21) ? 0 : F(EPT_POINTER) & BIT(6), 0,
		  "EPTP[6] is 0: no accessed and dirty flags for EPT here")
	RULE_BITS(EPTP_SHADOW_STACK, 2048, V1(EPT_POINTER),
		  CAPS(EPT_VPID) & BIT(23) ? 0 : F(EPT_POINTER) & BIT(7), 0,
		  "EPTP[7] is 0: no supervisor shadow-stack control here")
	RULE_BITS(EPTP_RESERVED, 2049, V1(EPT_POINTER), F(EPT_POINTER) & 0xf00, 0,
		  "EPTP[11:8] are 0")
	RULE_BITS(EPTP_WIDTH, 2050, V1(EPT_POINTER), F(EPT_POINTER) & c->beyond, 0,
		  "the EPT PML4 table lies within the physical-address width")
	FAMILY_END
	FAMILY(!PROC2(ENABLE_EPT) && (c->proc2 | c->proc3))
	RULE(UNRESTRICTED_EPT, 2052, V1(SECONDARY_VM_EXEC_CONTROL),
	     PROC2(UNRESTRICTED_GUEST),
	     "\"unrestricted guest\" only with \"enable EPT\"")
	RULE(MODE_BASED_EPT, 2053, V1(SECONDARY_VM_EXEC_CONTROL),
	     PROC2(MODE_BASED_EPT_EXEC),
	     "\"mode-based execute control for EPT\" only with \"enable EPT\"")
	RULE(SUB_PAGE_EPT, 2054, V1(SECONDARY_VM_EXEC_CONTROL), PROC2(SUB_PAGE_WRITE),
	     "\"sub-page write permissions for EPT\" only with \"enable EPT\"")
	RULE(PML_EPT, 2055, V1(SECONDARY_VM_EXEC_CONTROL), PROC2(ENABLE_PML),
	     "\"enable PML\" only with \"enable EPT\"")
	RULE(PT_GPA_EPT, 2056, V1(SECONDARY_VM_EXEC_CONTROL), PROC2(PT_USE_GPA),
	     "\"Intel PT uses guest physical addresses\" only with \"enable EPT\"")
	RULE(HLAT_EPT, 2057, V2(TERTIARY_VM_EXEC_CONTROL, SECONDARY_VM_EXEC_CONTROL),
	     PROC3(HLAT),
	     "\"enable HLAT\" only with \"enable EPT\"")
	RULE(PAGING_WRITE_EPT, 2058,
	     V2(TERTIARY_VM_EXEC_CONTROL, SECONDARY_VM_EXEC_CONTROL),
	     PROC3(PAGING_WRITE),
	     "\"EPT paging-write control\" only with \"enable EPT\"")
	RULE(GUEST_PAGING_EPT, 2059,
	     V2(TERTIARY_VM_EXEC_CONTROL, SECONDARY_VM_EXEC_CONTROL),
	     PROC3(GUEST_PAGING),
	     "\"guest-paging verification\" only with \"enable EPT\"")
	FAMILY_END
	FAMILY(PROC2(ENABLE_PML))
	RULE_PAGE(PML, 2060, VF_PML_ADDRESS, "PML address")
	FAMILY_END
	FAMILY(PROC2(SUB_PAGE_WRITE))
	RULE_PAGE(SPPT, 2062, VF_SPPTP, "sub-page-permission-table pointer")
	FAMILY_END
	FAMILY(PROC2(ENABLE_VMFUNC))
	RULE_BITS(VMFUNC_RESERVED, 2064, V1(VM_FUNCTION_CONTROL),
		  F(VM_FUNCTION_CONTROL) & ~CAPS(VMFUNC), 0,
		  "VM-function controls as IA32_VMX_VMFUNC allows")
	FAMILY(F(VM_FUNCTION_CONTROL) & CAPS(VMFUNC) & 1)
	RULE(EPTP_SWITCHING_EPT, 2065, V2(VM_FUNCTION_CONTROL, SECONDARY_VM_EXEC_CONTROL),
	     !PROC2(ENABLE_EPT),
	     "\"EPTP switching\" only with \"enable EPT\"")
	RULE_PAGE(EPTP_LIST, 2066, VF_EPTP_LIST_ADDRESS, "EPTP-list address")
	FAMILY_END
	FAMILY_END
	FAMILY(PROC2(SHADOW_VMCS))
	RULE_PAGE(VMREAD_BITMAP, 2068, VF_VMREAD_BITMAP, "VMREAD-bitmap address")
	RULE_PAGE(VMWRITE_BITMAP, 2070, VF_VMWRITE_BITMAP, "VMWRITE-bitmap address")
	FAMILY_END
	FAMILY(PROC2(VE))
	RULE_PAGE(VE_INFORMATION, 2072, VF_VE_INFORMATION_ADDRESS,
		  "virtualization-exception information address")
	FAMILY_END
	FAMILY(PROC2(PT_USE_GPA))
	RULE(PT_GPA_LOAD, 2074, V2(SECONDARY_VM_EXEC_CONTROL, VM_ENTRY_CONTROLS),
	     !ENTRY(LOAD_IA32_RTIT_CTL),
	     "\"Intel PT uses guest physical addresses\" only with \"load IA32_RTIT_CTL\"")
	RULE(PT_GPA_CLEAR, 2075, V2(SECONDARY_VM_EXEC_CONTROL, VM_EXIT_CONTROLS),
	     !EXIT(CLEAR_IA32_RTIT_CTL),
	     "\"Intel PT uses guest physical addresses\" only with \"clear IA32_RTIT_CTL\"")
	FAMILY_END
	FAMILY(PROC2(PASID_TRANSLATION))
	RULE_PAGE(LOW_PASID, 2076, VF_LOW_PASID_DIRECTORY, "low PASID directory address")
	RULE_PAGE(HIGH_PASID, 2078, VF_HIGH_PASID_DIRECTORY, "high PASID directory address")
	FAMILY_END

	/* tertiary controls */
	FAMILY(c->proc3)
	FAMILY(PROC3(HLAT))
	RULE_BITS(HLATP_RESERVED, 2080, V1(HLAT_POINTER), F(HLAT_POINTER) & 0xfe7, 0,
		  "bits 2:0 and 11:5 of the HLAT pointer are 0")
	RULE_BITS(HLATP_WIDTH, 2081, V1(HLAT_POINTER), F(HLAT_POINTER) & c->beyond, 0,
		  "the HLAT table lies within the physical-address width")
	FAMILY_END
	FAMILY(PROC3(IPI))
	RULE_BITS(PID_TABLE_ALIGNED, 2082, V1(PID_POINTER_TABLE),
		  F(PID_POINTER_TABLE) & 7, 0,
		  "bits 2:0 of the PID-pointer table address are 0")
	RULE_BITS(PID_TABLE_WIDTH, 2083, V1(PID_POINTER_TABLE),
		  F(PID_POINTER_TABLE) & c->area, 0,
		  "the PID-pointer table starts within the physical-address width")
	RULE(PID_TABLE_END, 2084, V2(PID_POINTER_TABLE, LAST_PID_POINTER_INDEX),
	     !(F(PID_POINTER_TABLE) & c->area) &&
	     ((F(PID_POINTER_TABLE) + 8 * F(LAST_PID_POINTER_INDEX)) & c->area),
	     "the last entry of the PID-pointer table lies within the physical-address width")
	FAMILY_END
	FAMILY(PROC3(APIC_TIMER))
	RULE(APIC_TIMER_VID, 2085, V2(TERTIARY_VM_EXEC_CONTROL, SECONDARY_VM_EXEC_CONTROL),
	     !PROC2(VIRTUAL_INTR_DELIVERY),
	     "\"APIC-timer virtualization\" only with \"virtual-interrupt delivery\"")
	RULE_BITS(APIC_TIMER_VECTOR, 2086, V1(VIRTUAL_TIMER_VECTOR),
		  F(VIRTUAL_TIMER_VECTOR) & 0xff00, 0,
		  "virtual timer vector from 0 to 255")
	RULE(APIC_TIMER_RDTSC, 2087, V2(TERTIARY_VM_EXEC_CONTROL, CPU_BASED_VM_EXEC_CONTROL),
	     PROC(RDTSC_EXITING),
	     "\"APIC-timer virtualization\" only without \"RDTSC exiting\"")
	FAMILY_END
	RULE(PEBS_GPA_EPT, 2088, V2(TERTIARY_VM_EXEC_CONTROL, SECONDARY_VM_EXEC_CONTROL),
	     PROC3(PEBS_GPA) && !PROC2(ENABLE_EPT),
	     "\"PEBS uses guest physical addresses\" only with \"enable EPT\"")
	FAMILY_END
GROUP_END

/* Of the same group, but it looks at memory: judged at each entry. */
GROUP(vtpr)
	FAMILY(PROC(TPR_SHADOW) && !PROC2(VIRTUALIZE_APIC_ACCESSES) &&
	       !PROC2(VIRTUAL_INTR_DELIVERY))
	RULE(TPR_THRESHOLD_VTPR, 2099, V1(TPR_THRESHOLD),
	     MEM.vtpr_readable && (F(TPR_THRESHOLD) & 0xf) > MEM.vtpr >> 4,
	     "bits 3:0 of the TPR threshold not above bits 7:4 of VTPR")
	FAMILY_END
GROUP_END

GROUP(exit)
#undef RULE_SECTION
#define RULE_SECTION	"VM-Exit Control Fields"
	RULE_BITS(EXIT_RESERVED, 3001, V1(VM_EXIT_CONTROLS),
		  CTRL_ZEROS(VM_EXIT_CONTROLS, c->ctrl_exit),
		  CTRL_ONES(VM_EXIT_CONTROLS, c->ctrl_exit),
		  "primary VM-exit controls as IA32_VMX_EXIT_CTLS or its TRUE twin allows")
	FAMILY(EXIT(SECONDARY))
	RULE_BITS(EXIT2_RESERVED, 3002, V1(SECONDARY_VM_EXIT_CONTROLS),
		  F(SECONDARY_VM_EXIT_CONTROLS) & ~CAPS(EXIT2), 0,
		  "secondary VM-exit controls as IA32_VMX_EXIT_CTLS2 allows")
	FAMILY_END
	RULE(EXIT_SAVE_TIMER, 3003, V2(VM_EXIT_CONTROLS, PIN_BASED_VM_EXEC_CONTROL),
	     EXIT(SAVE_VMX_PREEMPTION_TIMER) && !PIN(VMX_PREEMPTION_TIMER),
	     "\"save VMX-preemption timer value\" only with \"activate VMX-preemption timer\"")
	FAMILY(F(VM_EXIT_MSR_STORE_COUNT))
	RULE_MSR_AREA(EXIT_STORE, 3010, VF_VM_EXIT_MSR_STORE_COUNT,
		      VF_VM_EXIT_MSR_STORE_ADDR,
		      "VM-exit MSR-store area")
	RULE_OURS(EXIT_STORE_COUNT, 3013, V1(VM_EXIT_MSR_STORE_COUNT),
		  F(VM_EXIT_MSR_STORE_COUNT) > entry_msr_limit(c),
		  "VM-exit MSR-store count at most that of IA32_VMX_MISC[27:25]")
	FAMILY_END
	FAMILY(F(VM_EXIT_MSR_LOAD_COUNT))
	RULE_MSR_AREA(EXIT_LOAD, 3014, VF_VM_EXIT_MSR_LOAD_COUNT, VF_VM_EXIT_MSR_LOAD_ADDR,
		      "VM-exit MSR-load area")
	RULE_OURS(EXIT_LOAD_COUNT, 3017, V1(VM_EXIT_MSR_LOAD_COUNT),
		  F(VM_EXIT_MSR_LOAD_COUNT) > entry_msr_limit(c),
		  "VM-exit MSR-load count at most that of IA32_VMX_MISC[27:25]")
	FAMILY_END
GROUP_END

GROUP(entry)
#undef RULE_SECTION
#define RULE_SECTION	"VM-Entry Control Fields"
	RULE_BITS(ENTRY_RESERVED, 4001, V1(VM_ENTRY_CONTROLS),
		  CTRL_ZEROS(VM_ENTRY_CONTROLS, c->ctrl_entry),
		  CTRL_ONES(VM_ENTRY_CONTROLS, c->ctrl_entry),
		  "VM-entry controls as IA32_VMX_ENTRY_CTLS or its TRUE twin allows")
	FAMILY(F(VM_ENTRY_MSR_LOAD_COUNT))
	RULE_MSR_AREA(ENTRY_LOAD, 4010, VF_VM_ENTRY_MSR_LOAD_COUNT,
		      VF_VM_ENTRY_MSR_LOAD_ADDR,
		      "VM-entry MSR-load area")
	FAMILY_END
	FAMILY(c->entry & (VM_ENTRY_SMM | VM_ENTRY_DEACT_DUAL_MONITOR))
	RULE(ENTRY_SMM_OUTSIDE, 4020, V1(VM_ENTRY_CONTROLS), ENTRY(SMM) && !IN_SMM,
	     "\"entry to SMM\" only in SMM")
	RULE(ENTRY_DUAL_MONITOR_OUTSIDE, 4021, V1(VM_ENTRY_CONTROLS),
	     ENTRY(DEACT_DUAL_MONITOR) && !IN_SMM,
	     "\"deactivate dual-monitor treatment\" only in SMM")
	RULE(ENTRY_SMM_DUAL_MONITOR, 4022, V1(VM_ENTRY_CONTROLS),
	     ENTRY(SMM) && ENTRY(DEACT_DUAL_MONITOR),
	     "\"entry to SMM\" or \"deactivate dual-monitor treatment\", not both")
	FAMILY_END
GROUP_END

GROUP(event)
	FAMILY(c->event)
	RULE(EVENT_RESERVED_TYPE, 5001, V1(VM_ENTRY_INTR_INFO_FIELD),
	     INJECTS(RESERVED),
	     "an interruption type other than 1")
	RULE(EVENT_OTHER_OFFERED, 5002, V1(VM_ENTRY_INTR_INFO_FIELD),
	     INJECTS(OTHER_EVENT) && !MTF_OFFERED && !FRED_OFFERED,
	     "interruption type 7 only where \"monitor trap flag\" or FRED is offered")
	RULE(EVENT_NMI_VECTOR, 5003, V1(VM_ENTRY_INTR_INFO_FIELD),
	     INJECTS(NMI_INTR) && VECTOR != 2,
	     "vector 2 for an NMI")
	RULE(EVENT_EXCEPTION_VECTOR, 5004, V1(VM_ENTRY_INTR_INFO_FIELD),
	     INJECTS(HARD_EXCEPTION) && VECTOR > 31,
	     "vector 0 to 31 for a hardware exception")
	RULE(EVENT_OTHER_VECTOR, 5005, V2(VM_ENTRY_INTR_INFO_FIELD, GUEST_CR4),
	     INJECTS(OTHER_EVENT) && VECTOR > (FRED ? 2 : 0),
	     "vector 0 (pending MTF) for interruption type 7; with FRED 1 or 2, too")
	RULE(EVENT_ERROR_CODE_TYPE, 5006, V1(VM_ENTRY_INTR_INFO_FIELD),
	     (c->event & INTR_INFO_DELIVER_CODE_MASK) && !INJECTS(HARD_EXCEPTION),
	     "\"deliver error code\" only for a hardware exception")
	FAMILY(INJECTS(HARD_EXCEPTION))
	RULE(EVENT_ERROR_CODE_REAL, 5007, V2(VM_ENTRY_INTR_INFO_FIELD, GUEST_CR0),
	     (c->event & INTR_INFO_DELIVER_CODE_MASK) && UNRESTRICTED && !PE,
	     "\"deliver error code\" only with CR0.PE = 1 in the guest")
	RULE(EVENT_ERROR_CODE_SUPERFLUOUS, 5008, V1(VM_ENTRY_INTR_INFO_FIELD),
	     (c->event & INTR_INFO_DELIVER_CODE_MASK) && VECTOR < 32 &&
	     (!UNRESTRICTED || PE) &&
	     !(CAPS(BASIC) & BASIC_ANY_ERROR_CODE) && !entry_has_error_code(VECTOR),
	     "\"deliver error code\" only for vectors that have one (8, 10-14, 17)")
	RULE(EVENT_ERROR_CODE_MISSING, 5009, V2(VM_ENTRY_INTR_INFO_FIELD, GUEST_CR0),
	     !(c->event & INTR_INFO_DELIVER_CODE_MASK) && (!UNRESTRICTED || PE) &&
	     !(CAPS(BASIC) & BASIC_ANY_ERROR_CODE) && entry_has_error_code(VECTOR),
	     "\"deliver error code\" for vectors that have one (8, 10-14, 17)")
	FAMILY_END
	RULE_BITS(EVENT_RESERVED, 5010, V1(VM_ENTRY_INTR_INFO_FIELD),
		  c->event &
		  (CAPS(BASIC) & BASIC_NESTED_EXCEPTION ? 0x7fffd000 : 0x7ffff000), 0,
		  "bits 30:12 of the VM-entry interruption information are 0 (bit 13: with FRED)")
	RULE_BITS(EVENT_ERROR_CODE_BITS, 5011, V2(VM_ENTRY_EXCEPTION_ERROR_CODE,
						  VM_ENTRY_INTR_INFO_FIELD),
		  c->event & INTR_INFO_DELIVER_CODE_MASK ?
		  F(VM_ENTRY_EXCEPTION_ERROR_CODE) & 0xffff0000 : 0, 0,
		  "bits 31:16 of the VM-entry exception error code are 0")
	FAMILY((INJECTS(OTHER_EVENT) && (VECTOR == 1 || VECTOR == 2)) ||
	       TYPE == INTR_TYPE_SOFT_INTR || TYPE == INTR_TYPE_SOFT_EXCEPTION ||
	       TYPE == INTR_TYPE_PRIV_SW_EXCEPTION)
	RULE(EVENT_LENGTH, 5012, V2(VM_ENTRY_INSTRUCTION_LEN, VM_ENTRY_INTR_INFO_FIELD),
	     F(VM_ENTRY_INSTRUCTION_LEN) > 15,
	     "VM-entry instruction length at most 15 for a software event, SYSCALL or SYSENTER")
	RULE(EVENT_LENGTH_ZERO, 5013,
	     V2(VM_ENTRY_INSTRUCTION_LEN, VM_ENTRY_INTR_INFO_FIELD),
	     !F(VM_ENTRY_INSTRUCTION_LEN) && !(CAPS(MISC) & BIT(30)),
	     "VM-entry instruction length from 1 without IA32_VMX_MISC[30]")
	FAMILY_END
	RULE(EVENT_NESTED_TYPE, 5014, V1(VM_ENTRY_INTR_INFO_FIELD),
	     (c->event & BIT(13)) && (CAPS(BASIC) & BASIC_NESTED_EXCEPTION) &&
	     !INJECTS(HARD_EXCEPTION),
	     "nested exception (13) only for a hardware exception")
	RULE(EVENT_MTF_OFFERED, 5015, V1(VM_ENTRY_INTR_INFO_FIELD),
	     INJECTS(OTHER_EVENT) && !VECTOR && !MTF_OFFERED && FRED_OFFERED,
	     "vector 0 (pending MTF) only where \"monitor trap flag\" is offered")
	FAMILY_END
GROUP_END
