// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a VM exit of L2 to whoever gets it.
 *
 * Three nested stages:
 *
 *  nested_run()	sleeps, settles EPT faults, comes and goes with the
 *			registers of L2
 *  run_loaded()	preemption off, vmcs02 current, L2's registers loaded:
 *			entry after entry while L0 can settle the exits
 *  enter_once()	interrupts off: one entry and one exit
 *
 * A nested VM exit is decided in the second stage, where vmcs02 can be read,
 * and finished in the first, where L1's memory can be written.
 */
#define pr_fmt(fmt) "nested_vmx: " fmt

#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <asm/tsc.h>

#include "entry_checks.h"
#include "l0_emulate.h"
#include "l1_state.h"
#include "l2_fault.h"
#include "l2_regs.h"
#include "l2_timer.h"
#include "l2_wait.h"
#include "nested_exit.h"
#include "speculation.h"
#include "step.h"
#include "trace.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/* ---- one entry ----------------------------------------------------------- */

/* VMX may have gone away and come back: then vmcs02 must be loaded again. */
static bool is_current(const struct nvmx_vcpu *vcpu)
{
	return READ_ONCE(vcpu->vmcs02.hw.cpu) == smp_processor_id();
}

/* With interrupts off: a post or a signal after this comes as an IPI. */
static enum l0_next before_entry(struct nvmx_vcpu *vcpu)
{
	if (unlikely(READ_ONCE(vcpu->posts))) {
		if (test_bit(POST_EXIT, &vcpu->posts))
			return L0_TO_L1;
		if (test_and_clear_bit(POST_KICK, &vcpu->posts))
			return L0_INTERRUPTED;
		if (test_bit(POST_EVENT, &vcpu->posts) && is_current(vcpu) &&
		    l1_events_before_entry(vcpu) != L0_AGAIN)
			return L0_L1_EVENT;
	}
	if (unlikely(signal_pending(current) || READ_ONCE(vcpu->run->immediate_exit)))
		return L0_INTERRUPTED;
	if (unlikely(need_resched()))
		return L0_RESCHED;
	if (unlikely(!is_current(vcpu)))
		return L0_RESCHED;
	return L0_AGAIN;
}

#define R(name)	BIT_ULL(EXIT_REASON_##name)

/*
 * Basic exit reasons below 64 with interruption information, instruction
 * information or an address.  For all others these fields are undefined: L1
 * finds 0.  SDM Vol. 3, "Recording VM-Exit Information and Updating VM-Entry
 * Control Fields".
 */
#define DETAILED	(R(EXCEPTION_NMI) | R(EXTERNAL_INTERRUPT) | R(TASK_SWITCH) | \
			 R(VMCLEAR) | R(VMPTRLD) | R(VMPTRST) | R(VMREAD) |	\
			 R(VMWRITE) | R(VMON) | R(CR_ACCESS) | R(IO_INSTRUCTION) | \
			 R(APIC_ACCESS) | R(GDTR_IDTR) | R(LDTR_TR) |		\
			 R(EPT_VIOLATION) | R(EPT_MISCONFIG) | R(INVEPT) |	\
			 R(INVVPID) | R(RDRAND) | R(INVPCID) | R(RDSEED) |	\
			 R(PML_FULL) | R(XSAVES))

static noinline void read_details(struct l2_exit *exit)
{
	struct exit_info *info = &exit->info;

	info->intr_info = vmcs_read32(VM_EXIT_INTR_INFO);
	if (info->intr_info & INTR_INFO_VALID_MASK)
		info->intr_error_code = vmcs_read32(VM_EXIT_INTR_ERROR_CODE);
	info->instruction_info = vmcs_read32(VMX_INSTRUCTION_INFO);
	exit->linear_address = vmcs_readl(GUEST_LINEAR_ADDRESS);
	exit->physical_address = vmcs_read64(GUEST_PHYSICAL_ADDRESS);
}

/*
 * The event whose delivery the exit has broken off.  In real-address mode none
 * has an error code, whatever the processor says (Bochs 2.7 does of #GP): it
 * would not take the event back with one.
 */
static void read_vectoring(struct l2_exit *exit)
{
	exit->idt_error_code = vmcs_read32(IDT_VECTORING_ERROR_CODE);
	if (!(vmcs_readl(GUEST_CR0) & X86_CR0_PE))
		exit->idt_info &= ~VECTORING_INFO_DELIVER_CODE_MASK;
}

static void read_exit(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	struct exit_info *info = &exit->info;

	exit->reason = vmcs_read32(VM_EXIT_REASON);
	info->reason = exit->reason & 0xffff;
	info->qualification = vmcs_readl(EXIT_QUALIFICATION);
	info->intr_info = 0;
	info->intr_error_code = 0;
	info->instruction_info = 0;
	exit->linear_address = 0;
	exit->physical_address = 0;
	if (info->reason >= 64 || DETAILED & BIT_ULL(info->reason))
		read_details(exit);
	info->rcx = vcpu->l2.gpr[NVMX_RCX];
	info->rax = vcpu->l2.gpr[NVMX_RAX];
	exit->instruction_len = vmcs_read32(VM_EXIT_INSTRUCTION_LEN);
	exit->inject_info = 0;
	exit->idt_error_code = 0;
	exit->idt_info = vmcs_read32(IDT_VECTORING_INFO_FIELD);
	if (unlikely(exit->idt_info & VECTORING_INFO_VALID_MASK))
		read_vectoring(exit);
}

/*
 * An event that was not delivered is not lost; a pending MTF VM exit is, as to any
 * other exit that comes before it.
 */
static void take_pending_event(struct l2_exit *exit)
{
	u32 pending = vmcs_read32(VM_ENTRY_INTR_INFO_FIELD);

	if (!(pending & INTR_INFO_VALID_MASK))
		return;
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	if ((pending & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_OTHER_EVENT)
		return;
	exit->idt_info = pending;
	exit->idt_error_code = vmcs_read32(VM_ENTRY_EXCEPTION_ERROR_CODE);
}

/*
 * The processor said VMfail to L0.  Nothing of L2 has run.  VTPR is in memory
 * that L1, and perhaps L2, can write at any time: when it falls below the
 * threshold after it was judged, L1 gets the exit that a fall causes.
 * Everything else got past every check of ours: a bug.
 */
static enum l0_next entry_refused(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u32 error = vmcs_read32(VM_INSTRUCTION_ERROR);

	vcpu->stats.since = 0;
	if (error != VMXERR_ENTRY_INVALID_CONTROL_FIELD || !l2_apic_judged(vcpu->f)) {
		pr_err_once("VM entry refused, VM-instruction error %u\n", error);
		return L0_BUG;
	}

	memset(exit, 0, sizeof(*exit));
	exit->reason = EXIT_REASON_TPR_BELOW_THRESHOLD;
	exit->info.reason = EXIT_REASON_TPR_BELOW_THRESHOLD;
	take_pending_event(exit);
	return L0_AGAIN;
}

/* L2 or the process goes on: what L0 had to do for the last exit is done. */
static __always_inline void exit_is_handled(struct nvmx_vcpu *vcpu)
{
	if (unlikely(vcpu->stats.since))
		exit_stats_handled(&vcpu->stats, rdtsc());
}

static enum l0_next enter_once(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	unsigned int failed = 0;
	enum l0_next next;

	local_irq_disable();
	WRITE_ONCE(vcpu->running_cpu, smp_processor_id());
	/* Pairs with the barrier in nvmx_vcpu_post(). */
	smp_mb();

	next = before_entry(vcpu);
	if (next == L0_AGAIN) {
		vmcs02_host(vcpu);
		vmcs02_flush(vcpu);
		l2_regs_before_entry(vcpu, vmcs_read64(GUEST_IA32_EFER),
				     vmcs_readl(GUEST_DR7));
		exit_is_handled(vcpu);
		speculation_before_entry();
		failed = nvmx_vmenter(vcpu->l2.gpr, v->hw.launched);
		exit_stats_begin(&vcpu->stats, rdtsc());
		l2_regs_after_exit(vcpu);
		if (likely(!failed)) {
			vcpu->entries++;
			read_exit(vcpu, exit);
			exit_stats_reason(&vcpu->stats, exit->info.reason);
			/* An entry that failed leaves the launch state. */
			if (!(exit->reason & VMX_EXIT_REASONS_FAILED_VMENTRY))
				v->hw.launched = true;
			l2_regs_serve_host(exit->info.reason, exit->info.intr_info);
		}
	}

	WRITE_ONCE(vcpu->running_cpu, -1);
	local_irq_enable();

	return failed ? entry_refused(vcpu, exit) : next;
}

/* ---- routing ------------------------------------------------------------- */

/* Operands in registers that routing compares with masks and bitmaps. */
static void read_operands(struct nvmx_vcpu *vcpu, struct exit_info *info)
{
	switch (info->reason) {
	case EXIT_REASON_CR_ACCESS:
		info->gpr_value = l0_gpr_operand(vcpu, (info->qualification >> 8) & 15);
		break;
	case EXIT_REASON_VMREAD:
	case EXIT_REASON_VMWRITE:
		info->gpr_value = l0_gpr_operand(vcpu, (info->instruction_info >> 28) & 15);
		break;
	case EXIT_REASON_XSAVES:
	case EXIT_REASON_XRSTORS:
		info->xss = ((u32)vcpu->l2.gpr[NVMX_RAX] |
			     vcpu->l2.gpr[NVMX_RDX] << 32) & vcpu->l2.xss;
		break;
	}
}

/*
 * #NM that only L0's CR0.TS caused.  If L2 has more reason for one, it comes
 * again when its FPU state is loaded.
 */
static bool wants_fpu(const struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	u32 info = exit->info.intr_info;

	return exit->info.reason == EXIT_REASON_EXCEPTION_NMI &&
	       (info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_HARD_EXCEPTION &&
	       (info & INTR_INFO_VECTOR_MASK) == X86_TRAP_NM &&
	       vcpu->vmcs02.fpu_trapped && !(vmcs02_cr0(vcpu) & X86_CR0_TS);
}

/* While L2 is live no range of L1's memory comes or goes: no lock is needed. */
static enum l0_next route(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	struct exit_decision decision;

	/* Host state is back, nothing of L2 ran: L1 learns why. */
	if (unlikely(exit->reason & VMX_EXIT_REASONS_FAILED_VMENTRY)) {
		exit->rule = NVMX_RULE_UNCONDITIONAL;
		return L0_TO_L1;
	}
	/* The bound on an entry is L0's. */
	if (unlikely(exit->info.reason == EXIT_REASON_PREEMPTION_TIMER) &&
	    !l2_timer_expired(vcpu)) {
		exit->rule = NVMX_RULE_L0_ALWAYS;
		return L0_AGAIN;
	}

	if (unlikely(wants_fpu(vcpu, exit))) {
		l2_regs_want_fpu(vcpu);
		vmcs02_follow_fpu(vcpu);
		return L0_AGAIN;
	}

	read_operands(vcpu, &exit->info);
	vcpu->view.f = vcpu->f;
	vcpu->view.mtf_injected = vcpu->mtf_injected;
	if (exit->info.reason == EXIT_REASON_MONITOR_TRAP_FLAG)
		vcpu->mtf_injected = false;

	decision = exit_policy_decide(&vcpu->view, &exit->info);
	exit->rule = decision.rule;
	trace_nested_vmx_route(exit->reason, decision.owner, decision.rule);
	return decision.owner == EXIT_OWNER_L1 ? L0_TO_L1 : l0_emulate(vcpu, exit);
}

/* What the exit interrupted must still reach L2. */
static void deliver_again(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	if (unlikely(exit->inject_info))
		vmcs02_inject(vcpu, exit->inject_info, exit->inject_error_code,
			      exit->inject_len);
	else if (unlikely(exit->idt_info & VECTORING_INFO_VALID_MASK))
		vmcs02_inject(vcpu, exit->idt_info & ~INTR_INFO_UNBLOCK_NMI,
			      exit->idt_error_code, exit->instruction_len);
}

/* ---- nested VM exit ------------------------------------------------------ */

/* A post stands in for an exit. */
static void take_posted_exit(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	struct nvmx_exit_l2 post;

	spin_lock(&vcpu->post_lock);
	post = vcpu->post_exit;
	clear_bit(POST_EXIT, &vcpu->posts);
	spin_unlock(&vcpu->post_lock);

	memset(exit, 0, sizeof(*exit));
	exit->reason = post.exit_reason;
	exit->info.reason = post.exit_reason;
	exit->info.qualification = post.qualification;
	exit->info.intr_info = post.intr_info;
	exit->info.intr_error_code = post.intr_error_code;
	exit->info.instruction_info = post.instruction_info;
	exit->instruction_len = post.instruction_len;
	exit->linear_address = post.guest_linear_address;
	exit->physical_address = post.guest_physical_address;
	exit->rule = NVMX_RULE_POSTED;
	take_pending_event(exit);
}

/*
 * Basic exit reasons below 64 that have an exit qualification, exceptions
 * apart.  For all others the field is cleared.  SDM Vol. 3, "Exit
 * Qualification".
 */
#define QUALIFIED	(R(INVALID_STATE) | R(MSR_LOAD_FAIL) |			\
			 R(SIPI_SIGNAL) | R(TASK_SWITCH) | R(INVLPG) |		\
			 R(VMCLEAR) | R(VMPTRLD) | R(VMPTRST) | R(VMREAD) |	\
			 R(VMWRITE) | R(VMON) | R(CR_ACCESS) | R(DR_ACCESS) |	\
			 R(IO_INSTRUCTION) | R(MWAIT_INSTRUCTION) |		\
			 R(APIC_ACCESS) | R(EOI_INDUCED) | R(GDTR_IDTR) |	\
			 R(LDTR_TR) | R(EPT_VIOLATION) | R(INVEPT) |		\
			 R(INVVPID) | R(APIC_WRITE) | R(INVPCID) |		\
			 R(PML_FULL) | R(XSAVES))

/* Of these the qualification is the displacement of a memory operand. */
#define DISPLACEMENT	(R(VMREAD) | R(VMWRITE) | R(LDTR_TR))
#define INFO_REGISTER	BIT(10)

static bool is_qualified(const struct exit_info *info)
{
	u8 vector = info->intr_info & INTR_INFO_VECTOR_MASK;

	if (info->reason < 64 && DISPLACEMENT & BIT_ULL(info->reason) &&
	    info->instruction_info & INFO_REGISTER)
		return false;
	if (info->reason == EXIT_REASON_EXCEPTION_NMI)
		return vector == X86_TRAP_DB || vector == X86_TRAP_PF;

	/* XRSTORS and newer. */
	return info->reason >= 64 || QUALIFIED & BIT_ULL(info->reason);
}

/* What each exit writes. */
static const u8 info_fields[] = {
	VF_VM_EXIT_REASON, VF_EXIT_QUALIFICATION, VF_VM_EXIT_INTR_INFO,
	VF_VM_EXIT_INTR_ERROR_CODE, VF_IDT_VECTORING_INFO_FIELD,
	VF_IDT_VECTORING_ERROR_CODE, VF_VM_EXIT_INSTRUCTION_LEN,
	VF_VMX_INSTRUCTION_INFO, VF_GUEST_LINEAR_ADDRESS,
};

static noinline void make_info_present(struct shadow_vmcs *vmcs)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(info_fields); i++)
		vmcs12_sync(vmcs, info_fields[i], 0);
	vmcs->info_present = true;
}

static void store_exit_info(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	u64 *value = vmcs->value;

	if (unlikely(!vmcs->info_present))
		make_info_present(vmcs);
	value[VF_VM_EXIT_REASON] = exit->reason;
	value[VF_EXIT_QUALIFICATION] = exit->info.qualification;
	value[VF_VM_EXIT_INTR_INFO] = exit->info.intr_info;
	value[VF_VM_EXIT_INTR_ERROR_CODE] = exit->info.intr_error_code;
	value[VF_IDT_VECTORING_INFO_FIELD] = exit->idt_info;
	value[VF_IDT_VECTORING_ERROR_CODE] = exit->idt_error_code;
	value[VF_VM_EXIT_INSTRUCTION_LEN] = exit->instruction_len;
	value[VF_VMX_INSTRUCTION_INFO] = exit->info.instruction_info;
	value[VF_GUEST_LINEAR_ADDRESS] = exit->linear_address;
	if (exit->info.reason == EXIT_REASON_EPT_VIOLATION ||
	    exit->info.reason == EXIT_REASON_EPT_MISCONFIG)
		vmcs12_sync(vmcs, VF_GUEST_PHYSICAL_ADDRESS, exit->physical_address);
}

static void report_exit(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	struct nvmx_run *run = vcpu->run;

	run->kind = NVMX_KIND_EXIT;
	run->exit_reason = exit->reason;
	run->instruction_len = exit->instruction_len;
	run->qualification = exit->info.qualification;
	run->guest_linear_address = exit->linear_address;
	run->guest_physical_address = exit->physical_address;
	run->instruction_info = exit->info.instruction_info;
	run->intr_info = exit->info.intr_info;
	run->intr_error_code = exit->info.intr_error_code;
	run->idt_vectoring_info = exit->idt_info;
	run->idt_vectoring_error_code = exit->idt_error_code;
	run->deciding_rule = exit->rule;
}

static void report_gprs(struct nvmx_vcpu *vcpu, u64 rsp)
{
	l2_regs_copy_gpr(vcpu->run->gpr, vcpu->l2.gpr);
	vcpu->run->gpr[NVMX_RSP] = rsp;
}

static void leave_l2(struct nvmx_vcpu *vcpu)
{
	WRITE_ONCE(vcpu->level, NVMX_LEVEL_L1);
	/*
	 * A post that comes too late for this L2 must not hit the next one.
	 * Pairs with the barrier in nvmx_vcpu_post_exit(): either the post is
	 * seen here, or the poster sees that L2 is gone.
	 */
	smp_mb();
	if (unlikely(READ_ONCE(vcpu->posts))) {
		clear_bit(POST_EXIT, &vcpu->posts);
		l1_events_left_l2(vcpu);
	}
	vcpu->l0_event = NVMX_L0_NONE;
	vcpu->activity = GUEST_ACTIVITY_ACTIVE;
}

/* What needs vmcs02 to be current. */
static void exit_from_vmcs02(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	if (exit->reason & VMX_EXIT_REASONS_FAILED_VMENTRY)
		return;

	vmcs02_sync_exit(vcpu);
	store_exit_info(vcpu, exit);
}

/* What needs L1's memory. */
static void finish_exit(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	bool failed = exit->reason & VMX_EXIT_REASONS_FAILED_VMENTRY;
	u32 abort = 0;

	if (failed) {
		vmcs->launched = vcpu->was_launched;
		nested_entry_failed(vcpu, exit->reason, exit->info.qualification);
		return;
	}

	vmcs->value[VF_VM_ENTRY_INTR_INFO_FIELD] &= ~(u64)INTR_INFO_VALID_MASK;
	report_exit(vcpu, exit);
	report_gprs(vcpu, vmcs12_read(vmcs, VF_GUEST_RSP));
	trace_nested_vmx_exit(exit->reason, exit->info.qualification, exit->rule,
			      vmcs12_read(vmcs, VF_GUEST_RIP));
	nvmx_step("L2: %s, qualification %#llx, RIP %#llx: to L1 by %s\n",
		  exit_reason_name(exit->info.reason), exit->info.qualification,
		  vmcs12_read(vmcs, VF_GUEST_RIP), exit_rule_name(exit->rule));

	if (unlikely(vcpu->f[VF_VM_EXIT_MSR_STORE_COUNT] |
		     vcpu->f[VF_VM_EXIT_MSR_LOAD_COUNT]))
		abort = l1_msr_areas_exit(vcpu, false);
	else
		l1_state_load(vcpu);
	leave_l2(vcpu);
	vcpu->l1_gpr_from_l2 = true;
	if (abort)
		l1_vmx_abort(vcpu, abort);
	exit_stats_handed_over(&vcpu->stats, exit->info.reason, rdtsc());
}

void nested_entry_failed(struct nvmx_vcpu *vcpu, u32 reason, u64 qualification)
{
	struct l2_exit exit = {
		.reason = reason,
		.info.qualification = qualification,
		.rule = NVMX_RULE_UNCONDITIONAL,
	};
	u32 abort;

	lockdep_assert_held(&vcpu->lock);

	vmcs12_sync(vcpu->current_vmcs, VF_VM_EXIT_REASON, reason);
	vmcs12_sync(vcpu->current_vmcs, VF_EXIT_QUALIFICATION, qualification);
	report_exit(vcpu, &exit);
	report_gprs(vcpu, vmcs12_read(vcpu->current_vmcs, VF_GUEST_RSP));
	/* vmcs02 may hold half of a merge: start anew next time. */
	vmcs02_sync_rare(vcpu);
	vcpu->vmcs02.owner = NULL;

	abort = l1_msr_areas_exit(vcpu, true);
	leave_l2(vcpu);
	vcpu->l1_gpr_from_l2 = true;
	if (abort)
		l1_vmx_abort(vcpu, abort);
	exit_stats_handed_over(&vcpu->stats, reason & 0xffff, rdtsc());
}

/* ---- the loaded stage ---------------------------------------------------- */

static enum l0_next run_loaded(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	enum l0_next next;

	vmcs02_update(vcpu);
	if (unlikely(vcpu->vmcs02.fpu_trapped == vcpu->host.fpu_loaded))
		vmcs02_follow_fpu(vcpu);
	/* An EPT fault or an event that is L1's: no entry comes before it. */
	if (vcpu->reflect) {
		vcpu->reflect = false;
		/* A pending MTF VM exit is this one, or lost. */
		vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
		exit_from_vmcs02(vcpu, exit);
		return L0_TO_L1;
	}

	do {
		next = enter_once(vcpu, exit);
		if (next == L0_TO_L1) {
			exit_is_handled(vcpu);
			take_posted_exit(vcpu, exit);
			break;
		}
		if (next == L0_L1_EVENT) {
			exit_is_handled(vcpu);
			l1_events_exit(vcpu, exit);
			next = L0_TO_L1;
			break;
		}
		if (next != L0_AGAIN)
			break;

		next = route(vcpu, exit);
		if (next == L0_TO_L1 && !is_qualified(&exit->info))
			exit->info.qualification = 0;
		else if (next != L0_TO_L1 && next != L0_FAULT)
			deliver_again(vcpu, exit);
	} while (next == L0_AGAIN);

	if (next == L0_TO_L1)
		exit_from_vmcs02(vcpu, exit);
	return next;
}

static int run_once(struct nvmx_vcpu *vcpu, struct l2_exit *exit, enum l0_next *next)
{
	int ret;

	if (unlikely(vcpu->vmcs02.ept_generation != ept_generation(&vcpu->machine->ept))) {
		ret = vmcs02_choose_ept(vcpu);
		if (ret)
			return ret;
	}

	l2_regs_load(vcpu);
	ret = likely(hw_vmcs_is_current(&vcpu->vmcs02.hw)) ? 0 : vmcs02_load(vcpu);
	if (!ret)
		*next = run_loaded(vcpu, exit);
	if (!ret && (*next == L0_INTERRUPTED || *next == L0_TO_PROCESS))
		vcpu->run->gpr[NVMX_RSP] = vmcs_readl(GUEST_RSP);
	speculation_after_l2();
	l2_regs_put(vcpu);
	return ret;
}

/* ---- the sleeping stage -------------------------------------------------- */

/* Return: 0 to go on with @next, or a negative errno. */
static int settle_fault(struct nvmx_vcpu *vcpu, struct l2_exit *exit, enum l0_next *next)
{
	struct ept_fault fault;
	enum ept_outcome outcome = l2_fault_look(vcpu, exit, &fault);
	int ret;

	preempt_disable();
	ret = vmcs02_load(vcpu);
	if (!ret) {
		*next = l2_fault_settle(vcpu, exit, &fault, outcome);
		if (*next != L0_TO_L1)
			deliver_again(vcpu, exit);
		vcpu->run->gpr[NVMX_RSP] = vmcs_readl(GUEST_RSP);
	}
	preempt_enable();
	if (ret)
		return ret;

	/* An exit is finished in the loaded stage. */
	vcpu->reflect = *next == L0_TO_L1;
	if (vcpu->reflect)
		*next = L0_AGAIN;
	return outcome == EPT_NOMEM ? -ENOMEM : 0;
}

static void report_event(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	struct nvmx_run *run = vcpu->run;

	run->kind = NVMX_KIND_L0_EVENT;
	run->l0_event = vcpu->l0_event;
	run->exit_reason = exit->reason;
	run->deciding_rule = exit->rule;
	run->instruction_len = exit->instruction_len;
	run->instruction_info = exit->info.instruction_info;
	report_gprs(vcpu, run->gpr[NVMX_RSP]);
	if (vcpu->l0_event == NVMX_L0_MEMORY)
		return;
	run->qualification = exit->info.qualification;
	run->guest_linear_address = exit->linear_address;
}

static int refused(struct nvmx_vcpu *vcpu)
{
	vcpu->vmcs02.owner = NULL;
	leave_l2(vcpu);
	return -EIO;
}

static enum l2_wake wait_active(struct nvmx_vcpu *vcpu)
{
	return likely(vcpu->activity == GUEST_ACTIVITY_ACTIVE) ? L2_ACTIVE :
	       l2_wait_active(vcpu);
}

int nested_run(struct nvmx_vcpu *vcpu)
{
	struct l2_exit *exit = &vcpu->exit;
	enum l0_next next;
	int ret;

	lockdep_assert_held(&vcpu->lock);

	do {
		switch (wait_active(vcpu)) {
		case L2_INTERRUPTED:
			exit_is_handled(vcpu);
			vcpu->run->kind = NVMX_KIND_INTERRUPTED;
			return 0;
		case L2_EVENT:
			exit_is_handled(vcpu);
			l1_events_exit(vcpu, exit);
			vcpu->reflect = true;
			break;
		case L2_ACTIVE:
			break;
		}
		ret = run_once(vcpu, exit, &next);
		if (!ret && next == L0_FAULT)
			ret = settle_fault(vcpu, exit, &next);
		if (ret) {
			/* The access of L2 will fault again. */
			vcpu->reflect = false;
			exit_is_handled(vcpu);
			return ret;
		}
		if (next == L0_RESCHED)
			cond_resched();
	} while (next == L0_AGAIN || next == L0_RESCHED || next == L0_WAIT ||
		 next == L0_EPT_CHANGED);

	vcpu->run->entries = vcpu->entries;
	switch (next) {
	case L0_TO_L1:
		finish_exit(vcpu, exit);
		return 0;
	case L0_TO_PROCESS:
		exit_is_handled(vcpu);
		report_event(vcpu, exit);
		return 0;
	case L0_INTERRUPTED:
		exit_is_handled(vcpu);
		vcpu->run->kind = NVMX_KIND_INTERRUPTED;
		return 0;
	default:
		return refused(vcpu);
	}
}
