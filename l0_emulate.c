// SPDX-License-Identifier: GPL-2.0-only
/*
 * What L0 does with an exit that L1 did not ask for.
 *
 * L1's intercepts have been looked at before: nothing here may do for L2 what
 * L1 wants to see.
 */
#include <linux/kernel.h>
#include <uapi/asm/debugreg.h>
#include <asm/msr.h>
#include <asm/traps.h>

#include "l0_emulate.h"
#include "l2_fault.h"
#include "l2_msr.h"
#include "l2_regs.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/* DR6 and DR7 bits: SDM Vol. 3, "Debug Registers". */
#define DR6_BD			BIT(13)
#define DR6_BS			BIT(14)
#define DR7_GD			BIT(13)
#define SS_AR_DPL		GENMASK(6, 5)
#define DR7_FIXED		BIT(10)
#define DR7_RESERVED		0xd000ULL

/* Registers of the exit qualifications: SDM Vol. 3, "Exit Qualification". */
#define QUAL_GPR(qual)		(((qual) >> 8) & 15)
#define CR_QUAL_NR(qual)	((qual) & 15)
#define CR_QUAL_TYPE(qual)	(((qual) >> 4) & 3)
#define CR_MOV_TO		0
#define CR_MOV_FROM		1
#define CR_LMSW			3
#define CR_QUAL_LMSW(qual)	(((qual) >> 16) & 0xffff)
#define DR_QUAL_NR(qual)	((qual) & 7)
#define DR_QUAL_READ(qual)	((qual) & 16)
#define IO_QUAL_SIZE(qual)	(((qual) & 7) + 1)
#define IO_QUAL_IN(qual)	((qual) & 8)
#define IO_QUAL_STRING(qual)	((qual) & 16)

/* The flag of vmcs02 is L1's.  It counts emulated instructions, too. */
static void pend_monitor_trap(void)
{
	if (unlikely(vmcs_read32(CPU_BASED_VM_EXEC_CONTROL) & CPU_BASED_MONITOR_TRAP_FLAG) &&
	    !(vmcs_read32(VM_ENTRY_INTR_INFO_FIELD) & INTR_INFO_VALID_MASK))
		vmcs_write32(VM_ENTRY_INTR_INFO_FIELD,
			     INTR_INFO_VALID_MASK | INTR_TYPE_OTHER_EVENT);
}

void l0_skip_instruction(u32 length)
{
	u64 rflags = vmcs_readl(GUEST_RFLAGS);
	u32 blocking = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);
	u64 rip = vmcs_readl(GUEST_RIP) + length;

	/* Only 64-bit code has an instruction pointer wider than 32 bits. */
	if (!(vmcs_read32(GUEST_CS_AR_BYTES) & BIT(13)))
		rip = (u32)rip;
	vmcs_writel(GUEST_RIP, rip);
	if (blocking & (GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS))
		vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, blocking &
			     ~(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS));
	if (rflags & X86_EFLAGS_RF)
		vmcs_writel(GUEST_RFLAGS, rflags & ~X86_EFLAGS_RF);
	/* With BTF only branches trap, and none is emulated. */
	if ((rflags & X86_EFLAGS_TF) && !(vmcs_read64(GUEST_IA32_DEBUGCTL) & DEBUGCTLMSR_BTF))
		vmcs_writel(GUEST_PENDING_DBG_EXCEPTIONS,
			    vmcs_readl(GUEST_PENDING_DBG_EXCEPTIONS) | BIT(14));
	pend_monitor_trap();
}

void l0_block_nmis_again(const struct l2_exit *exit)
{
	if (!(exit->idt_info & VECTORING_INFO_VALID_MASK))
		vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, GUEST_INTR_STATE_NMI |
			     vmcs_read32(GUEST_INTERRUPTIBILITY_INFO));
}

/* ---- exceptions ---------------------------------------------------------- */

static bool is_contributory(u8 vector)
{
	return vector == X86_TRAP_DE || (vector >= X86_TRAP_TS && vector <= X86_TRAP_GP);
}

/* SDM Vol. 3, "Interrupt 8 - Double Fault Exception (#DF)". */
static bool makes_double_fault(u8 first, u8 second)
{
	/* As severe as #PF: SDM Vol. 3, "Delivery of Virtualization Exceptions". */
	if (first == X86_TRAP_PF || first == X86_TRAP_VE)
		return second == X86_TRAP_PF || is_contributory(second);

	return is_contributory(first) && is_contributory(second);
}

static enum l0_next triple_fault(struct l2_exit *exit)
{
	exit->reason = EXIT_REASON_TRIPLE_FAULT;
	exit->info.reason = EXIT_REASON_TRIPLE_FAULT;
	exit->info.qualification = 0;
	exit->info.intr_info = 0;
	exit->idt_info = 0;
	exit->rule = NVMX_RULE_UNCONDITIONAL;
	return L0_TO_L1;
}

enum l0_next l0_raise(struct l2_exit *exit, u8 vector, bool has_error_code,
		      u32 error_code)
{
	u32 type = exit->idt_info & VECTORING_INFO_TYPE_MASK;
	u8 first = exit->idt_info & VECTORING_INFO_VECTOR_MASK;

	if ((exit->idt_info & VECTORING_INFO_VALID_MASK) &&
	    type == INTR_TYPE_HARD_EXCEPTION) {
		if (first == X86_TRAP_DF &&
		    (vector == X86_TRAP_PF || is_contributory(vector)))
			return triple_fault(exit);
		if (makes_double_fault(first, vector)) {
			vector = X86_TRAP_DF;
			has_error_code = true;
			error_code = 0;
		}
	}

	exit->inject_info = INTR_INFO_VALID_MASK | INTR_TYPE_HARD_EXCEPTION | vector;
	/* In real mode no exception pushes an error code. */
	if (has_error_code && (vmcs_readl(GUEST_CR0) & X86_CR0_PE))
		exit->inject_info |= INTR_INFO_DELIVER_CODE_MASK;
	exit->inject_error_code = error_code;
	exit->inject_len = 0;
	return L0_AGAIN;
}

static enum l0_next raise_gp(struct l2_exit *exit)
{
	return l0_raise(exit, X86_TRAP_GP, true, 0);
}

static enum l0_next skip(struct l2_exit *exit)
{
	l0_skip_instruction(exit->instruction_len);
	return L0_AGAIN;
}

/* #DB: the exit leaves DR6 as it was; the qualification has what is new. */
static void update_dr6(struct nvmx_vcpu *vcpu, u64 qualification)
{
	vcpu->l2.dr6 = (vcpu->l2.dr6 & ~(u64)DR_TRAP_BITS) | DR6_RESERVED |
		       (qualification & (DR_TRAP_BITS | DR6_BD | DR6_BS));
}

static enum l0_next handle_exception(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u32 info = exit->info.intr_info;
	u8 vector = info & INTR_INFO_VECTOR_MASK;

	switch (info & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_NMI_INTR:
		/* Served before interrupts were enabled. */
		return L0_AGAIN;
	case INTR_TYPE_SOFT_EXCEPTION:
	case INTR_TYPE_PRIV_SW_EXCEPTION:
	case INTR_TYPE_SOFT_INTR:
		exit->inject_info = info & ~INTR_INFO_UNBLOCK_NMI;
		exit->inject_len = exit->instruction_len;
		return L0_AGAIN;
	}
	if ((info & INTR_INFO_UNBLOCK_NMI) && vector != X86_TRAP_DF)
		l0_block_nmis_again(exit);
	if (vector == X86_TRAP_DB)
		update_dr6(vcpu, exit->info.qualification);
	if (vector == X86_TRAP_PF)
		vcpu->l2.cr2 = exit->info.qualification;

	return l0_raise(exit, vector, info & INTR_INFO_DELIVER_CODE_MASK,
			exit->info.intr_error_code);
}

/* ---- instructions -------------------------------------------------------- */

static enum l0_next handle_again(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	return L0_AGAIN;
}

static enum l0_next handle_skip(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	return skip(exit);
}

static enum l0_next handle_hlt(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	skip(exit);
	vcpu->activity = GUEST_ACTIVITY_HLT;
	return L0_WAIT;
}

/* A window that L0 had opened: L1's events are looked at before each entry. */
static enum l0_next handle_window(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	vmcs02_open_windows(vcpu, 0);
	return L0_AGAIN;
}

static enum l0_next handle_rdpmc(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	/* L1's processor has no performance counters. */
	return raise_gp(exit);
}

static enum l0_next handle_rdmsr(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u32 index = vcpu->l2.gpr[NVMX_RCX];
	u64 value;

	if (l2_apic_rdmsr(vcpu, index, &value) == VAPIC_NOT_VIRTUAL &&
	    !l2_msr_read(vcpu, index, &value))
		return raise_gp(exit);

	vcpu->l2.gpr[NVMX_RAX] = (u32)value;
	vcpu->l2.gpr[NVMX_RDX] = value >> 32;
	return skip(exit);
}

/* An exit of the virtual APIC: trap-like, so the instruction has been executed. */
static enum l0_next apic_exit(struct l2_exit *exit, u32 reason, u32 rule)
{
	l0_skip_instruction(exit->instruction_len);
	exit->reason = reason;
	exit->info.reason = reason;
	exit->instruction_len = 0;
	exit->rule = rule;
	return L0_TO_L1;
}

static enum l0_next handle_wrmsr(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u64 value = (u32)vcpu->l2.gpr[NVMX_RAX] | vcpu->l2.gpr[NVMX_RDX] << 32;
	u32 index = vcpu->l2.gpr[NVMX_RCX];

	switch (l2_apic_wrmsr(vcpu, index, value, &exit->info.qualification)) {
	case VAPIC_EXIT_TPR:
		return apic_exit(exit, EXIT_REASON_TPR_BELOW_THRESHOLD, NVMX_RULE_PROC(21));
	case VAPIC_EXIT_EOI:
		return apic_exit(exit, EXIT_REASON_EOI_INDUCED, NVMX_RULE_PROC2(9));
	case VAPIC_EXIT_WRITE:
		return apic_exit(exit, EXIT_REASON_APIC_WRITE, NVMX_RULE_PROC2(9));
	case VAPIC_GP:
		return raise_gp(exit);
	case VAPIC_DONE:
		return skip(exit);
	default:
		return l2_msr_write(vcpu, index, value) ? skip(exit) : raise_gp(exit);
	}
}

/* Nothing answers: reads give ones, writes go nowhere. */
static enum l0_next handle_io(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u64 qual = exit->info.qualification;
	u64 *rax = &vcpu->l2.gpr[NVMX_RAX];

	if (IO_QUAL_STRING(qual)) {
		vcpu->l0_event = NVMX_L0_STRING_IO;
		return L0_TO_PROCESS;
	}
	if (IO_QUAL_IN(qual)) {
		if (IO_QUAL_SIZE(qual) == 4)
			*rax = U32_MAX;
		else
			*rax |= GENMASK_ULL(IO_QUAL_SIZE(qual) * 8 - 1, 0);
	}
	return skip(exit);
}

static void gpr_write(struct nvmx_vcpu *vcpu, unsigned int nr, u64 value)
{
	if (nr == NVMX_RSP)
		vmcs_writel(GUEST_RSP, value);
	else
		vcpu->l2.gpr[nr] = value;
}

static bool l2_64_bit(void)
{
	return (vmcs_read64(GUEST_IA32_EFER) & EFER_LMA) &&
	       (vmcs_read32(GUEST_CS_AR_BYTES) & BIT(13));
}

u64 l0_gpr_operand(const struct nvmx_vcpu *vcpu, unsigned int nr)
{
	u64 value = nr == NVMX_RSP ? vmcs_readl(GUEST_RSP) : vcpu->l2.gpr[nr];

	return l2_64_bit() ? value : (u32)value;
}

/* ---- debug registers ----------------------------------------------------- */

static void read_dr(struct nvmx_vcpu *vcpu, unsigned int nr, unsigned int gpr)
{
	u64 value = nr < 4 ? vcpu->l2.dr[nr] :
		    nr == 6 ? vcpu->l2.dr6 : vmcs_readl(GUEST_DR7);

	gpr_write(vcpu, gpr, value);
}

static enum l0_next write_dr(struct nvmx_vcpu *vcpu, struct l2_exit *exit,
			     unsigned int nr, u64 value)
{
	if (nr >= 6 && value >> 32)
		return raise_gp(exit);

	if (nr < 4) {
		vcpu->l2.dr[nr] = value;
	} else if (nr == 6) {
		vcpu->l2.dr6 = (value & ~BIT_ULL(12)) | DR6_RESERVED;
	} else {
		vcpu->vmcs02.stale |= G_DEBUG;
		vmcs_writel(GUEST_DR7, (value & ~DR7_RESERVED) | DR7_FIXED);
	}
	return skip(exit);
}

static enum l0_next handle_dr(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u64 qual = exit->info.qualification;
	u64 dr7 = vmcs_readl(GUEST_DR7);
	unsigned int nr = DR_QUAL_NR(qual);

	/* Alone among exits this one comes before the check of CPL. */
	if (vmcs_read32(GUEST_SS_AR_BYTES) & SS_AR_DPL &&
	    vmcs_readl(GUEST_CR0) & X86_CR0_PE)
		return raise_gp(exit);
	if (dr7 & DR7_GD) {
		vcpu->vmcs02.stale |= G_DEBUG;
		vmcs_writel(GUEST_DR7, dr7 & ~(u64)DR7_GD);
		update_dr6(vcpu, DR6_BD);
		return l0_raise(exit, X86_TRAP_DB, false, 0);
	}
	/* DR4 and DR5 are DR6 and DR7, unless CR4.DE makes them undefined. */
	if (nr == 4 || nr == 5) {
		if (vmcs02_cr4(vcpu) & X86_CR4_DE)
			return l0_raise(exit, X86_TRAP_UD, false, 0);
		nr += 2;
	}
	if (DR_QUAL_READ(qual)) {
		read_dr(vcpu, nr, QUAL_GPR(qual));
		return skip(exit);
	}
	return write_dr(vcpu, exit, nr, l0_gpr_operand(vcpu, QUAL_GPR(qual)));
}

/* ---- control registers --------------------------------------------------- */

/* SDM Vol. 2, "MOV - Move to/from Control Registers": what gives #GP(0). */
static bool cr0_legal(struct nvmx_vcpu *vcpu, u64 value)
{
	const u64 *msr = vcpu->machine->caps.msr;
	u64 must = msr[CAPS_CR0_FIXED0];
	u64 efer = vmcs_read64(GUEST_IA32_EFER);
	u64 cr4 = vmcs02_cr4(vcpu);

	if (vcpu->vmcs02.proc2 & SECONDARY_EXEC_UNRESTRICTED_GUEST)
		must &= ~(u64)(X86_CR0_PE | X86_CR0_PG);
	if ((value & must) != must || value & ~msr[CAPS_CR0_FIXED1])
		return false;
	if ((value & X86_CR0_PG) && !(value & X86_CR0_PE))
		return false;
	if ((value & X86_CR0_NW) && !(value & X86_CR0_CD))
		return false;
	if (!(value & X86_CR0_PG))
		return !((cr4 & X86_CR4_PCIDE) || l2_64_bit());

	return vmcs02_cr0(vcpu) & X86_CR0_PG || !(efer & EFER_LME) ||
	       ((cr4 & X86_CR4_PAE) && !(vmcs_read32(GUEST_CS_AR_BYTES) & BIT(13)));
}

static bool cr4_legal(struct nvmx_vcpu *vcpu, u64 value)
{
	const u64 *msr = vcpu->machine->caps.msr;
	bool long_mode = vmcs_read64(GUEST_IA32_EFER) & EFER_LMA;

	if ((value & msr[CAPS_CR4_FIXED0]) != msr[CAPS_CR4_FIXED0] ||
	    value & ~msr[CAPS_CR4_FIXED1])
		return false;
	if (long_mode && !(value & X86_CR4_PAE))
		return false;
	if ((value & ~vmcs02_cr4(vcpu) & X86_CR4_PCIDE) &&
	    (!long_mode || vmcs_readl(GUEST_CR3) & 0xfff))
		return false;
	return true;
}

/*
 * Bits that L0 owns exit when they differ from the read shadow.  Take L2's new
 * value of them into the shadow and let the instruction come again: the
 * processor does the rest, with all its side effects on paging.
 */
static enum l0_next handle_mov_to_cr(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u64 value = l0_gpr_operand(vcpu, QUAL_GPR(exit->info.qualification));
	u64 old, new, mask, owned;

	switch (CR_QUAL_NR(exit->info.qualification)) {
	case 0:
		mask = vcpu->f[VF_CR0_GUEST_HOST_MASK];
		owned = vcpu->vmcs02.cr0_owned;
		old = vmcs02_cr0(vcpu);
		new = (old & mask) | (value & ~mask) | X86_CR0_ET;
		if (!cr0_legal(vcpu, new))
			return raise_gp(exit);
		vmcs02_set_cr0(vcpu, (old & ~owned) | (new & owned));
		return L0_AGAIN;
	case 4:
		mask = vcpu->f[VF_CR4_GUEST_HOST_MASK];
		owned = vcpu->vmcs02.cr4_owned;
		old = vmcs02_cr4(vcpu);
		new = (old & mask) | (value & ~mask);
		if (!cr4_legal(vcpu, new))
			return raise_gp(exit);
		vmcs02_set_cr4(vcpu, (old & ~owned) | (new & owned));
		return L0_AGAIN;
	case 8:
		if (value > 15)
			return raise_gp(exit);
		vcpu->l2.cr8 = value;
		return skip(exit);
	default:
		/* CR3 exits only for L1. */
		return L0_TO_L1;
	}
}

/*
 * CLTS and LMSW touch one bit that L0 may own: CR0.TS.  As above, the rest is
 * the processor's.
 */
static enum l0_next handle_ts(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u64 qual = exit->info.qualification;
	u64 ts = CR_QUAL_TYPE(qual) == CR_LMSW ? CR_QUAL_LMSW(qual) & X86_CR0_TS : 0;

	if (!(vcpu->vmcs02.cr0_owned & X86_CR0_TS))
		return L0_TO_L1;

	vmcs02_set_cr0(vcpu, (vmcs02_cr0(vcpu) & ~(u64)X86_CR0_TS) | ts);
	return L0_AGAIN;
}

static enum l0_next handle_cr(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u64 qual = exit->info.qualification;

	if (CR_QUAL_TYPE(qual) == CR_MOV_TO)
		return handle_mov_to_cr(vcpu, exit);
	if (CR_QUAL_TYPE(qual) == CR_MOV_FROM && CR_QUAL_NR(qual) == 8) {
		gpr_write(vcpu, QUAL_GPR(qual), vcpu->l2.cr8);
		return skip(exit);
	}
	return handle_ts(vcpu, exit);
}

static enum l0_next handle_ept(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	return l2_fault_loaded(vcpu, exit);
}

static enum l0_next handle_vmfunc(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	enum l0_next next = l2_vmfunc(vcpu, exit);

	if (next == L0_EPT_CHANGED)
		skip(exit);
	return next;
}

/* ---- dispatch ------------------------------------------------------------ */

typedef enum l0_next (*l0_handler)(struct nvmx_vcpu *vcpu, struct l2_exit *exit);

static const l0_handler l0_handlers[EXIT_REASONS] = {
	[EXIT_REASON_EXCEPTION_NMI]		= handle_exception,
	[EXIT_REASON_EXTERNAL_INTERRUPT]	= handle_again,
	[EXIT_REASON_INTERRUPT_WINDOW]		= handle_window,
	[EXIT_REASON_NMI_WINDOW]		= handle_window,
	[EXIT_REASON_HLT]			= handle_hlt,
	[EXIT_REASON_RDPMC]			= handle_rdpmc,
	[EXIT_REASON_CR_ACCESS]			= handle_cr,
	[EXIT_REASON_DR_ACCESS]			= handle_dr,
	[EXIT_REASON_IO_INSTRUCTION]		= handle_io,
	[EXIT_REASON_MSR_READ]			= handle_rdmsr,
	[EXIT_REASON_MSR_WRITE]			= handle_wrmsr,
	[EXIT_REASON_MWAIT_INSTRUCTION]		= handle_skip,
	[EXIT_REASON_MONITOR_INSTRUCTION]	= handle_skip,
	[EXIT_REASON_PAUSE_INSTRUCTION]		= handle_skip,
	[EXIT_REASON_MCE_DURING_VMENTRY]	= handle_again,
	[EXIT_REASON_EPT_VIOLATION]		= handle_ept,
	[EXIT_REASON_EPT_MISCONFIG]		= handle_ept,
	[EXIT_REASON_WBINVD]			= handle_skip,
	[EXIT_REASON_VMFUNC]			= handle_vmfunc,
};

enum l0_next l0_emulate(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u32 reason = exit->info.reason;

	/* A row of the routing table without a handler: let L1 see it. */
	if (reason >= ARRAY_SIZE(l0_handlers) || !l0_handlers[reason])
		return L0_TO_L1;

	return l0_handlers[reason](vcpu, exit);
}
