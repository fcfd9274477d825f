// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who gets a VM exit of L2: a table with a row for each basic exit reason.
 *
 * Controls are taken as the processor takes them: the secondary and tertiary
 * ones are 0 unless the primary ones activate them.  SDM Vol. 3, "Instructions
 * That Cause VM Exits", "Other Causes of VM Exits", and "Secondary
 * Processor-Based VM-Execution Controls".
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/nospec.h>
#include <asm/processor-flags.h>

#include "exit_policy.h"

#define PIN(bit)	NVMX_RULE_PIN(bit)
#define PROC(bit)	NVMX_RULE_PROC(bit)
#define PROC2(bit)	NVMX_RULE_PROC2(bit)
#define PROC3(bit)	NVMX_RULE_PROC3(bit)
#define RULE_CLASS(rule)	((rule) & ~0x3fU)
#define RULE_BIT(rule)		((rule) & 0x3fU)

/* Controls that more than one place looks at. */
#define RDTSC_EXITING		PROC(12)
#define CR3_LOAD_EXITING	PROC(15)
#define IO_UNCONDITIONAL	PROC(24)
#define IO_BITMAPS		PROC(25)
#define MSR_BITMAPS		PROC(28)
#define SHADOW_VMCS		PROC2(14)

/* SDM Vol. 3, "Exit Qualification for Control-Register Accesses". */
#define CR_QUAL_NR(qual)	((qual) & 15)
#define CR_QUAL_TYPE(qual)	(((qual) >> 4) & 3)
#define CR_QUAL_LMSW(qual)	(((qual) >> 16) & 0xffff)

/* SDM Vol. 3, "Exit Qualification for I/O Instructions". */
#define IO_QUAL_SIZE(qual)	(((qual) & 7) + 1)
#define IO_QUAL_PORT(qual)	(((qual) >> 16) & 0xffff)

/* SDM Vol. 3, "MSR-Bitmap Address". */
#define MSR_HIGH_FIRST		0xc0000000U
#define MSR_RANGE		0x2000U
#define MSR_BITMAP_HIGH		1024
#define MSR_BITMAP_WRITE	2048

#define CR3_TARGETS		4
#define EXCEPTIONS		32
#define VMCS_BITMAP_FIELDS	0x8000
#define LEAVES			64
#define VM_FUNCTIONS		64

static struct exit_decision decided(bool l1, u32 rule)
{
	return (struct exit_decision){
		.owner = l1 ? EXIT_OWNER_L1 : EXIT_OWNER_L0,
		.rule = rule,
	};
}

static bool control(const struct exit_l1_view *view, u32 rule)
{
	const u64 *f = view->f;
	u64 proc = f[VF_CPU_BASED_VM_EXEC_CONTROL], bits = 0;

	switch (RULE_CLASS(rule)) {
	case PIN(0):
		bits = f[VF_PIN_BASED_VM_EXEC_CONTROL];
		break;
	case PROC(0):
		bits = proc;
		break;
	case PROC2(0):
		if (proc & CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
			bits = f[VF_SECONDARY_VM_EXEC_CONTROL];
		break;
	case PROC3(0):
		if (proc & BIT(17))
			bits = f[VF_TERTIARY_VM_EXEC_CONTROL];
		break;
	}
	return bits & BIT_ULL(RULE_BIT(rule));
}

static struct exit_decision by_control(const struct exit_l1_view *view, u32 rule)
{
	return decided(control(view, rule), rule);
}

static struct exit_decision either(const struct exit_l1_view *view, u32 first,
				   u32 second)
{
	if (control(view, first))
		return decided(true, first);
	if (control(view, second))
		return decided(true, second);
	return decided(false, NVMX_RULE_NOT_ASKED);
}

/* Bit @nr of a bitmap in L1's memory. */
static struct exit_decision by_memory(const struct exit_l1_view *view, u64 bitmap,
				      u32 nr, u32 rule)
{
	int byte = view->read_byte(view->ctx, bitmap + nr / 8);

	if (byte < 0)
		return decided(true, NVMX_RULE_BITMAP_UNREADABLE);

	return decided(byte & BIT(nr % 8), rule);
}

/* ---- events -------------------------------------------------------------- */

/* SDM Vol. 3, "Exception Bitmap". */
static struct exit_decision page_fault(const struct exit_l1_view *view, u32 error_code)
{
	u32 mask = view->f[VF_PAGE_FAULT_ERROR_CODE_MASK];
	u32 match = view->f[VF_PAGE_FAULT_ERROR_CODE_MATCH];
	bool bit = view->f[VF_EXCEPTION_BITMAP] & BIT(X86_TRAP_PF);

	if ((error_code & mask) != match)
		return decided(!bit, NVMX_RULE_PAGE_FAULT_PFEC);

	return decided(bit, NVMX_RULE_EXCEPTION_BITMAP);
}

static struct exit_decision exception(const struct exit_l1_view *view,
				      const struct exit_info *exit)
{
	u32 vector = exit->intr_info & INTR_INFO_VECTOR_MASK;

	/* NMIs and machine checks are the host's. */
	if ((exit->intr_info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR ||
	    vector == X86_TRAP_MC)
		return decided(false, NVMX_RULE_L0_ALWAYS);
	if (!(exit->intr_info & INTR_INFO_VALID_MASK) || vector >= EXCEPTIONS)
		return decided(true, NVMX_RULE_UNKNOWN);
	if (vector == X86_TRAP_PF)
		return page_fault(view, exit->intr_error_code);

	return decided(view->f[VF_EXCEPTION_BITMAP] & BIT(vector),
		       NVMX_RULE_EXCEPTION_BITMAP);
}

static struct exit_decision startup_ipi(const struct exit_l1_view *view,
					const struct exit_info *exit)
{
	return decided(view->f[VF_GUEST_ACTIVITY_STATE] == GUEST_ACTIVITY_WAIT_SIPI,
		       NVMX_RULE_WAIT_FOR_SIPI);
}

static struct exit_decision monitor_trap(const struct exit_l1_view *view,
					 const struct exit_info *exit)
{
	if (view->mtf_injected)
		return decided(true, NVMX_RULE_MTF_INJECTED);

	return by_control(view, PROC(27));
}

static struct exit_decision apic_write(const struct exit_l1_view *view,
				       const struct exit_info *exit)
{
	return either(view, PROC2(8), PROC2(9));
}

/* ---- control registers --------------------------------------------------- */

static struct exit_decision mov_to_cr3(const struct exit_l1_view *view, u64 value)
{
	u32 i, count = min_t(u64, view->f[VF_CR3_TARGET_COUNT], CR3_TARGETS);

	if (control(view, CR3_LOAD_EXITING))
		for (i = 0; i < count; i++)
			if (view->f[VF_CR3_TARGET_VALUE0 + i] == value)
				return decided(false, NVMX_RULE_CR3_TARGET);

	return by_control(view, CR3_LOAD_EXITING);
}

static struct exit_decision mov_to_cr(const struct exit_l1_view *view,
				      const struct exit_info *exit)
{
	u64 value = exit->gpr_value, differ;
	const u64 *f = view->f;

	switch (CR_QUAL_NR(exit->qualification)) {
	case 0:
		differ = f[VF_CR0_GUEST_HOST_MASK] & (value ^ f[VF_CR0_READ_SHADOW]);
		return decided(differ, NVMX_RULE_CR0_MASK);
	case 3:
		return mov_to_cr3(view, value);
	case 4:
		differ = f[VF_CR4_GUEST_HOST_MASK] & (value ^ f[VF_CR4_READ_SHADOW]);
		return decided(differ, NVMX_RULE_CR4_MASK);
	case 8:
		return by_control(view, PROC(19));
	default:
		return decided(true, NVMX_RULE_UNKNOWN);
	}
}

static struct exit_decision mov_from_cr(const struct exit_l1_view *view,
					const struct exit_info *exit)
{
	switch (CR_QUAL_NR(exit->qualification)) {
	case 3:
		return by_control(view, PROC(16));
	case 8:
		return by_control(view, PROC(20));
	default:
		return decided(true, NVMX_RULE_UNKNOWN);
	}
}

/* LMSW writes PE, MP, EM and TS, but never clears PE. */
static bool lmsw_exits(u64 mask, u64 shadow, u64 source)
{
	u64 differ = mask & (shadow ^ source);

	if (!(source & X86_CR0_PE))
		differ &= ~(u64)X86_CR0_PE;
	return differ & (X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS);
}

static struct exit_decision cr_access(const struct exit_l1_view *view,
				      const struct exit_info *exit)
{
	u64 mask = view->f[VF_CR0_GUEST_HOST_MASK];
	u64 shadow = view->f[VF_CR0_READ_SHADOW];
	u64 qual = exit->qualification;

	switch (CR_QUAL_TYPE(qual)) {
	case 0:
		return mov_to_cr(view, exit);
	case 1:
		return mov_from_cr(view, exit);
	case 2:	/* CLTS */
		return decided(mask & shadow & X86_CR0_TS, NVMX_RULE_CR0_MASK);
	default:
		return decided(lmsw_exits(mask, shadow, CR_QUAL_LMSW(qual)),
			       NVMX_RULE_CR0_MASK);
	}
}

/* ---- I/O and MSRs -------------------------------------------------------- */

/* SDM Vol. 3, "I/O-Bitmap Addresses". */
static struct exit_decision io(const struct exit_l1_view *view,
			       const struct exit_info *exit)
{
	struct exit_decision decision = decided(false, NVMX_RULE_IO_BITMAP);
	u32 port = IO_QUAL_PORT(exit->qualification);
	u32 end = port + IO_QUAL_SIZE(exit->qualification);
	u64 bitmap;

	if (!control(view, IO_BITMAPS))
		return by_control(view, IO_UNCONDITIONAL);
	if (end > 0x10000)
		return decided(true, NVMX_RULE_IO_WRAP);

	for (; port < end && decision.owner == EXIT_OWNER_L0; port++) {
		bitmap = view->f[port < 0x8000 ? VF_IO_BITMAP_A : VF_IO_BITMAP_B];
		decision = by_memory(view, bitmap, port & 0x7fff, NVMX_RULE_IO_BITMAP);
	}
	return decision;
}

static struct exit_decision msr(const struct exit_l1_view *view, u32 index, bool write)
{
	u64 bitmap = view->f[VF_MSR_BITMAP] + (write ? MSR_BITMAP_WRITE : 0);

	if (!control(view, MSR_BITMAPS))
		return decided(true, NVMX_RULE_MSR_NO_BITMAP);

	if (index >= MSR_HIGH_FIRST) {
		index -= MSR_HIGH_FIRST;
		bitmap += MSR_BITMAP_HIGH;
	}
	if (index >= MSR_RANGE)
		return decided(true, NVMX_RULE_MSR_OUTSIDE);

	return by_memory(view, bitmap, index, NVMX_RULE_MSR_BITMAP);
}

static struct exit_decision rdmsr(const struct exit_l1_view *view,
				  const struct exit_info *exit)
{
	return msr(view, exit->rcx, false);
}

static struct exit_decision wrmsr(const struct exit_l1_view *view,
				  const struct exit_info *exit)
{
	return msr(view, exit->rcx, true);
}

/* The newer instructions: the qualification is the index. */
static struct exit_decision rdmsr_qual(const struct exit_l1_view *view,
				       const struct exit_info *exit)
{
	return msr(view, exit->qualification, false);
}

static struct exit_decision wrmsr_qual(const struct exit_l1_view *view,
				       const struct exit_info *exit)
{
	return msr(view, exit->qualification, true);
}

/* ---- instructions with a bitmap ------------------------------------------ */

/* SDM Vol. 3, "VMCS Shadowing Bitmap Addresses". */
static struct exit_decision vmcs_access(const struct exit_l1_view *view, u64 field,
					u64 bitmap, u32 rule)
{
	if (!control(view, SHADOW_VMCS))
		return decided(true, NVMX_RULE_VMCS_NOT_SHADOWED);
	if (field >= VMCS_BITMAP_FIELDS)
		return decided(true, NVMX_RULE_VMCS_FIELD_OUTSIDE);

	return by_memory(view, bitmap, field, rule);
}

static struct exit_decision vmread(const struct exit_l1_view *view,
				   const struct exit_info *exit)
{
	return vmcs_access(view, exit->gpr_value, view->f[VF_VMREAD_BITMAP],
			   NVMX_RULE_VMREAD_BITMAP);
}

static struct exit_decision vmwrite(const struct exit_l1_view *view,
				    const struct exit_info *exit)
{
	return vmcs_access(view, exit->gpr_value, view->f[VF_VMWRITE_BITMAP],
			   NVMX_RULE_VMWRITE_BITMAP);
}

/* Leaves past 62 share the last bit. */
static struct exit_decision by_leaf(const struct exit_info *exit, u64 bitmap, u32 rule)
{
	u32 leaf = min_t(u32, exit->rax, LEAVES - 1);

	return decided(bitmap & BIT_ULL(leaf), rule);
}

static struct exit_decision encls(const struct exit_l1_view *view,
				  const struct exit_info *exit)
{
	return by_leaf(exit, view->f[VF_ENCLS_EXITING_BITMAP], NVMX_RULE_ENCLS_BITMAP);
}

static struct exit_decision enclv(const struct exit_l1_view *view,
				  const struct exit_info *exit)
{
	return by_leaf(exit, view->f[VF_ENCLV_EXITING_BITMAP], NVMX_RULE_ENCLV_BITMAP);
}

static struct exit_decision pconfig(const struct exit_l1_view *view,
				    const struct exit_info *exit)
{
	return by_leaf(exit, view->f[VF_PCONFIG_EXITING_BITMAP],
		       NVMX_RULE_PCONFIG_BITMAP);
}

/* A function that is not enabled exits; another does what it is for. */
static struct exit_decision vmfunc(const struct exit_l1_view *view,
				   const struct exit_info *exit)
{
	u64 enabled = view->f[VF_VM_FUNCTION_CONTROL];
	u32 function = exit->rax;

	return decided(function >= VM_FUNCTIONS || !(enabled & BIT_ULL(function & 63)),
		       NVMX_RULE_VM_FUNCTION);
}

static struct exit_decision xss(const struct exit_l1_view *view,
				const struct exit_info *exit)
{
	return decided(exit->xss & view->f[VF_XSS_EXIT_BITMAP], NVMX_RULE_XSS_BITMAP);
}

static struct exit_decision pause_or_loop(const struct exit_l1_view *view,
					  const struct exit_info *exit)
{
	return either(view, PROC(30), PROC2(10));
}

/* ---- the table ----------------------------------------------------------- */

#define L0_ALWAYS(text)		{ .name = text, .rule = NVMX_RULE_L0_ALWAYS }
#define ALWAYS(text)		{ .name = text, .rule = NVMX_RULE_UNCONDITIONAL }
#define IF(text, bit)		{ .name = text, .rule = bit }
#define IF_BOTH(text, bit, other)	{ .name = text, .rule = bit, .also = other }
#define BY(text, function)	{ .name = text, .decide = function }
#define IF_BY(text, bit, function)	\
	{ .name = text, .rule = bit, .decide = function }

/* SDM Vol. 3, appendix "VMX Basic Exit Reasons". */
const struct exit_row exit_rows[EXIT_REASONS] = {
	[0]  = BY("exception or NMI", exception),
	[1]  = L0_ALWAYS("external interrupt"),
	[2]  = ALWAYS("triple fault"),
	[3]  = ALWAYS("INIT signal"),
	[4]  = BY("start-up IPI", startup_ipi),
	[5]  = L0_ALWAYS("I/O SMI"),
	[6]  = L0_ALWAYS("other SMI"),
	[7]  = IF("interrupt window", PROC(2)),
	[8]  = IF("NMI window", PROC(22)),
	[9]  = ALWAYS("task switch"),
	[10] = ALWAYS("CPUID"),
	[11] = ALWAYS("GETSEC"),
	[12] = IF("HLT", PROC(7)),
	[13] = ALWAYS("INVD"),
	[14] = IF("INVLPG", PROC(9)),
	[15] = IF("RDPMC", PROC(11)),
	[16] = IF("RDTSC", RDTSC_EXITING),
	[17] = ALWAYS("RSM"),
	[18] = ALWAYS("VMCALL"),
	[19] = ALWAYS("VMCLEAR"),
	[20] = ALWAYS("VMLAUNCH"),
	[21] = ALWAYS("VMPTRLD"),
	[22] = ALWAYS("VMPTRST"),
	[23] = BY("VMREAD", vmread),
	[24] = ALWAYS("VMRESUME"),
	[25] = BY("VMWRITE", vmwrite),
	[26] = ALWAYS("VMXOFF"),
	[27] = ALWAYS("VMXON"),
	[28] = BY("control-register access", cr_access),
	[29] = IF("MOV DR", PROC(23)),
	[30] = BY("I/O instruction", io),
	[31] = BY("RDMSR", rdmsr),
	[32] = BY("WRMSR", wrmsr),
	[33] = ALWAYS("VM-entry failure due to invalid guest state"),
	[34] = ALWAYS("VM-entry failure due to MSR loading"),
	[36] = IF("MWAIT", PROC(10)),
	[37] = BY("monitor trap flag", monitor_trap),
	[39] = IF("MONITOR", PROC(29)),
	[40] = BY("PAUSE", pause_or_loop),
	[41] = L0_ALWAYS("VM-entry failure due to machine-check event"),
	[43] = IF("TPR below threshold", PROC(21)),
	[44] = IF("APIC access", PROC2(0)),
	[45] = IF("virtualized EOI", PROC2(9)),
	[46] = IF("access to GDTR or IDTR", PROC2(2)),
	[47] = IF("access to LDTR or TR", PROC2(2)),
	[48] = L0_ALWAYS("EPT violation"),
	[49] = L0_ALWAYS("EPT misconfiguration"),
	[50] = ALWAYS("INVEPT"),
	[51] = IF("RDTSCP", RDTSC_EXITING),
	[52] = IF("VMX-preemption timer expired", PIN(6)),
	[53] = ALWAYS("INVVPID"),
	[54] = IF("WBINVD or WBNOINVD", PROC2(6)),
	[55] = ALWAYS("XSETBV"),
	[56] = BY("APIC write", apic_write),
	[57] = IF("RDRAND", PROC2(11)),
	[58] = IF_BOTH("INVPCID", PROC2(12), PROC(9)),
	[59] = IF_BY("VMFUNC", PROC2(13), vmfunc),
	[60] = IF_BY("ENCLS", PROC2(15), encls),
	[61] = IF("RDSEED", PROC2(16)),
	[62] = L0_ALWAYS("page-modification log full"),
	[63] = IF_BY("XSAVES", PROC2(20), xss),
	[64] = IF_BY("XRSTORS", PROC2(20), xss),
	[65] = IF_BY("PCONFIG", PROC2(27), pconfig),
	[66] = IF("SPP-related event", PROC2(23)),
	[67] = IF_BOTH("UMWAIT", PROC2(26), RDTSC_EXITING),
	[68] = IF_BOTH("TPAUSE", PROC2(26), RDTSC_EXITING),
	[69] = IF("LOADIWKEY", PROC3(0)),
	[70] = IF_BY("ENCLV", PROC2(28), enclv),
	[72] = IF("ENQCMD PASID translation failure", PROC2(21)),
	[73] = IF("ENQCMDS PASID translation failure", PROC2(21)),
	[74] = IF("bus lock", PROC2(30)),
	[75] = IF("instruction timeout", PROC2(31)),
	[76] = ALWAYS("SEAMCALL"),
	[77] = ALWAYS("TDCALL"),
	[78] = IF_BY("RDMSRLIST", PROC3(6), rdmsr_qual),
	[79] = IF_BY("WRMSRLIST", PROC3(6), wrmsr_qual),
	[80] = BY("URDMSR", rdmsr_qual),
	[81] = BY("UWRMSR", wrmsr_qual),
	[84] = BY("RDMSR with immediate operand", rdmsr_qual),
	[85] = BY("WRMSRNS with immediate operand", wrmsr_qual),
};

static const struct exit_row *row_of(u32 reason)
{
	static const struct exit_row unknown;

	if (reason >= ARRAY_SIZE(exit_rows))
		return &unknown;

	return &exit_rows[array_index_nospec(reason, ARRAY_SIZE(exit_rows))];
}

struct exit_decision exit_policy_decide(const struct exit_l1_view *view,
					const struct exit_info *exit)
{
	const struct exit_row *row = row_of(exit->reason);

	if (row->rule >= NVMX_RULE_CONTROLS && !control(view, row->rule))
		return decided(false, row->rule);
	if (row->decide)
		return row->decide(view, exit);
	if (row->also)
		return by_control(view, row->also);

	return decided(row->rule != NVMX_RULE_L0_ALWAYS, row->rule);
}

struct exit_decision exit_policy_of_l1(const struct exit_l1_view *view,
				       const struct exit_info *exit)
{
	if (exit->reason == EXIT_REASON_EXTERNAL_INTERRUPT)
		return by_control(view, PIN(0));
	if (exit->reason == EXIT_REASON_EXCEPTION_NMI &&
	    (exit->intr_info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR)
		return by_control(view, PIN(3));

	return exit_policy_decide(view, exit);
}

const char *exit_reason_name(u32 reason)
{
	const char *name = row_of(reason)->name;

	return name ?: "unknown";
}

/* ---- names of rules ------------------------------------------------------ */

static const struct rule_name {
	u16 rule;
	const char *name;
} rule_names[] = {
	{ NVMX_RULE_UNCONDITIONAL,	"unconditional" },
	{ NVMX_RULE_L0_ALWAYS,		"always L0's" },
	{ NVMX_RULE_POSTED,		"posted" },
	{ NVMX_RULE_NOT_ASKED,		"no control asks for it" },
	{ NVMX_RULE_EXCEPTION_BITMAP,	"exception bitmap" },
	{ NVMX_RULE_PAGE_FAULT_PFEC,	"page-fault error-code mask and match" },
	{ NVMX_RULE_IO_BITMAP,		"I/O bitmap" },
	{ NVMX_RULE_IO_WRAP,		"I/O access wraps around" },
	{ NVMX_RULE_MSR_NO_BITMAP,	"no MSR bitmaps" },
	{ NVMX_RULE_MSR_OUTSIDE,	"MSR outside the MSR bitmaps" },
	{ NVMX_RULE_MSR_BITMAP,		"MSR bitmap" },
	{ NVMX_RULE_VMCS_NOT_SHADOWED,	"no VMCS shadowing" },
	{ NVMX_RULE_VMCS_FIELD_OUTSIDE,	"field outside the bitmaps" },
	{ NVMX_RULE_VMREAD_BITMAP,	"VMREAD bitmap" },
	{ NVMX_RULE_VMWRITE_BITMAP,	"VMWRITE bitmap" },
	{ NVMX_RULE_BITMAP_UNREADABLE,	"bitmap without memory" },
	{ NVMX_RULE_CR0_MASK,		"CR0 guest/host mask" },
	{ NVMX_RULE_CR4_MASK,		"CR4 guest/host mask" },
	{ NVMX_RULE_CR3_TARGET,		"CR3-target values" },
	{ NVMX_RULE_MTF_INJECTED,	"MTF VM exit injected" },
	{ NVMX_RULE_WAIT_FOR_SIPI,	"wait-for-SIPI activity state" },
	{ NVMX_RULE_XSS_BITMAP,		"XSS-exiting bitmap" },
	{ NVMX_RULE_ENCLS_BITMAP,	"ENCLS-exiting bitmap" },
	{ NVMX_RULE_ENCLV_BITMAP,	"ENCLV-exiting bitmap" },
	{ NVMX_RULE_PCONFIG_BITMAP,	"PCONFIG-exiting bitmap" },
	{ NVMX_RULE_VM_FUNCTION,	"VM-function controls" },

	{ PIN(0),	"external-interrupt exiting" },
	{ PIN(3),	"NMI exiting" },
	{ PIN(6),	"activate VMX-preemption timer" },

	{ PROC(2),	"interrupt-window exiting" },
	{ PROC(7),	"HLT exiting" },
	{ PROC(9),	"INVLPG exiting" },
	{ PROC(10),	"MWAIT exiting" },
	{ PROC(11),	"RDPMC exiting" },
	{ PROC(12),	"RDTSC exiting" },
	{ PROC(15),	"CR3-load exiting" },
	{ PROC(16),	"CR3-store exiting" },
	{ PROC(19),	"CR8-load exiting" },
	{ PROC(20),	"CR8-store exiting" },
	{ PROC(21),	"use TPR shadow" },
	{ PROC(22),	"NMI-window exiting" },
	{ PROC(23),	"MOV-DR exiting" },
	{ PROC(24),	"unconditional I/O exiting" },
	{ PROC(27),	"monitor trap flag" },
	{ PROC(29),	"MONITOR exiting" },
	{ PROC(30),	"PAUSE exiting" },

	{ PROC2(0),	"virtualize APIC accesses" },
	{ PROC2(2),	"descriptor-table exiting" },
	{ PROC2(6),	"WBINVD exiting" },
	{ PROC2(8),	"APIC-register virtualization" },
	{ PROC2(9),	"virtual-interrupt delivery" },
	{ PROC2(10),	"PAUSE-loop exiting" },
	{ PROC2(11),	"RDRAND exiting" },
	{ PROC2(12),	"enable INVPCID" },
	{ PROC2(13),	"enable VM functions" },
	{ PROC2(15),	"enable ENCLS exiting" },
	{ PROC2(16),	"RDSEED exiting" },
	{ PROC2(20),	"enable XSAVES/XRSTORS" },
	{ PROC2(21),	"PASID translation" },
	{ PROC2(23),	"sub-page write permissions for EPT" },
	{ PROC2(26),	"enable user wait and pause" },
	{ PROC2(27),	"enable PCONFIG" },
	{ PROC2(28),	"enable ENCLV exiting" },
	{ PROC2(30),	"VMM bus-lock detection" },
	{ PROC2(31),	"instruction timeout" },

	{ PROC3(0),	"LOADIWKEY exiting" },
	{ PROC3(6),	"enable MSR-list instructions" },
};

const char *exit_rule_name(u32 rule)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rule_names); i++)
		if (rule_names[i].rule == rule)
			return rule_names[i].name;

	return "unknown";
}
