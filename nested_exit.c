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
#include <linux/kprobes.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <asm/tsc.h>

#include "entry_checks.h"
#include "exit_info.h"
#include "exit_info_run.h"
#include "l0_emulate.h"
#include "l1_state.h"
#include "l2_fault.h"
#include "l2_regs.h"
#include "l2_regs_run.h"
#include "l2_timer.h"
#include "l2_wait.h"
#include "nested_exit.h"
#include "speculation.h"
#include "step.h"
#include "trace.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmcs02_run.h"
#include "vmx_ops.h"

/* ---- one entry ----------------------------------------------------------- */

/* VMX may have gone away and come back: then vmcs02 must be loaded again. */
static bool is_current(const struct nvmx_vcpu *vcpu)
{
	return READ_ONCE(vcpu->vmcs02.hw.cpu) == smp_processor_id();
}

static noinline enum l0_next serve_posts(struct nvmx_vcpu *vcpu)
{
	if (test_bit(POST_EXIT, &vcpu->posts))
		return L0_TO_L1;
	if (test_and_clear_bit(POST_KICK, &vcpu->posts))
		return L0_INTERRUPTED;
	if (test_bit(POST_EVENT, &vcpu->posts) && is_current(vcpu) &&
	    l1_events_before_entry(vcpu) != L0_AGAIN)
		return L0_L1_EVENT;
	return L0_AGAIN;
}

/* What signal_pending() and need_resched() look at, in one. */
#define THREAD_WORK	(_TIF_SIGPENDING | _TIF_NOTIFY_SIGNAL | _TIF_NEED_RESCHED)

/* With interrupts off: a post or a signal after this comes as an IPI. */
static __always_inline enum l0_next before_entry(struct nvmx_vcpu *vcpu)
{
	enum l0_next next;

	if (unlikely(READ_ONCE(vcpu->posts))) {
		next = serve_posts(vcpu);
		if (next != L0_AGAIN)
			return next;
	}
	if (unlikely(READ_ONCE(vcpu->run->immediate_exit)))
		return L0_INTERRUPTED;
	if (unlikely(read_thread_flags() & THREAD_WORK))
		return signal_pending(current) ? L0_INTERRUPTED : L0_RESCHED;
	if (unlikely(!is_current(vcpu)))
		return L0_RESCHED;
	return L0_AGAIN;
}

/* No VM exit has stored L2's registers. */
static void not_entered(struct nvmx_vcpu *vcpu)
{
	if (vcpu->gpr_in_run)
		l2_regs_take_gpr(vcpu);
}

/*
 * The processor said VMfail to L0.  Nothing of L2 has run.  VTPR is in memory
 * that L1, and perhaps L2, can write at any time: when it falls below the
 * threshold after it was judged, L1 gets the exit that a fall causes.
 * Everything else got past every check of ours: a bug.
 */
static noinline enum l0_next entry_refused(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	u32 error = vmcs_read32(VM_INSTRUCTION_ERROR);

	vcpu->stats.since = 0;
	not_entered(vcpu);
	if (error != VMXERR_ENTRY_INVALID_CONTROL_FIELD || !l2_apic_judged(vcpu->f)) {
		pr_err_once("VM entry refused, VM-instruction error %u\n", error);
		return L0_BUG;
	}

	memset(exit, 0, sizeof(*exit));
	exit->reason = EXIT_REASON_TPR_BELOW_THRESHOLD;
	exit->info.reason = EXIT_REASON_TPR_BELOW_THRESHOLD;
	exit_info_undelivered(exit);
	return L0_AGAIN;
}

/* L2 or the process goes on: what L0 had to do for the last exit is done. */
static __always_inline void exit_is_handled(struct nvmx_vcpu *vcpu)
{
	if (unlikely(vcpu->stats.since))
		exit_stats_handled(&vcpu->stats, rdtsc());
}

/* Return: L0_AGAIN after a VM exit that is to be routed. */
static __always_inline enum l0_next run_l2(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	u64 *gpr = vcpu->run->gpr;
	unsigned int failed;

	vmcs02_host(vcpu);
	vmcs02_flush(vcpu);
	l2_regs_before_entry(vcpu, vmcs_readl(GUEST_DR7));
	exit_is_handled(vcpu);
	speculation_before_entry();
	failed = nvmx_vmenter(vcpu->gpr_in_run ? gpr : vcpu->l2.gpr, gpr, v->hw.launched);
	exit_stats_begin(&vcpu->stats, rdtsc());
	l2_regs_after_exit(vcpu);
	if (unlikely(failed))
		return entry_refused(vcpu, exit);

	vcpu->entries++;
	vcpu->gpr_in_run = true;
	exit_info_read(exit);
	exit_stats_reason(&vcpu->stats, exit->info.reason);
	/* An entry that failed leaves the launch state. */
	if (likely(!(exit->reason & VMX_EXIT_REASONS_FAILED_VMENTRY)))
		v->hw.launched = true;
	l2_regs_serve_host(exit->info.reason, exit->info.intr_info);
	return L0_AGAIN;
}

static __always_inline enum l0_next enter_once(struct nvmx_vcpu *vcpu,
					       struct l2_exit *exit)
{
	enum l0_next next;

	local_irq_disable();
	WRITE_ONCE(vcpu->running_cpu, smp_processor_id());
	/* Pairs with the barrier in nvmx_vcpu_post(). */
	smp_mb();

	next = before_entry(vcpu);
	if (likely(next == L0_AGAIN))
		next = run_l2(vcpu, exit);

	WRITE_ONCE(vcpu->running_cpu, -1);
	local_irq_enable();
	return next;
}

/* ---- routing ------------------------------------------------------------- */

/*
 * Basic exit reasons below 64 for which routing compares registers with masks and
 * bitmaps.
 */
#define OPERANDS ( \
	EXIT_BIT(CR_ACCESS) | EXIT_BIT(MSR_READ) | EXIT_BIT(MSR_WRITE) | \
	EXIT_BIT(VMREAD) | EXIT_BIT(VMWRITE) | EXIT_BIT(VMFUNC) | \
	EXIT_BIT(ENCLS) | EXIT_BIT(XSAVES))

/*
 * The registers are in the run page, where the process can change them: what was
 * routed by one value must not be handled with another.
 */
static noinline void take_operands(struct nvmx_vcpu *vcpu, struct exit_info *info)
{
	const u64 *gpr = vcpu->l2.gpr;

	l2_regs_take_gpr(vcpu);
	info->rcx = gpr[NVMX_RCX];
	info->rax = gpr[NVMX_RAX];
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
		info->xss = ((u32)gpr[NVMX_RAX] | gpr[NVMX_RDX] << 32) & vcpu->l2.xss;
		break;
	}
}

static void read_operands(struct nvmx_vcpu *vcpu, struct exit_info *info)
{
	if (info->reason >= 64 || OPERANDS & BIT_ULL(info->reason)) {
		take_operands(vcpu, info);
		return;
	}
	info->rcx = 0;
	info->rax = 0;
}

static bool is_fault(const struct l2_exit *exit, u32 vector)
{
	return exit->info.reason == EXIT_REASON_EXCEPTION_NMI &&
	       (exit->info.intr_info & (INTR_INFO_INTR_TYPE_MASK | INTR_INFO_VECTOR_MASK)) ==
	       (INTR_TYPE_HARD_EXCEPTION | vector);
}

/*
 * #NM that only L0's CR0.TS caused.  If L2 has more reason for one, it comes
 * again when its FPU state is loaded.
 */
static bool wants_fpu(const struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	return is_fault(exit, X86_TRAP_NM) && vcpu->vmcs02.fpu_trapped &&
	       !(vmcs02_cr0(vcpu) & X86_CR0_TS);
}

/* Likewise #UD and L0's EFER.SCE. */
static bool wants_syscall(const struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	return is_fault(exit, X86_TRAP_UD) && vmcs02_traps_syscall(&vcpu->vmcs02);
}

/* Return: whether the exit was for something that L1 knows nothing of. */
static bool is_of_l0_alone(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	/* The bound on an entry is L0's. */
	if (unlikely(exit->info.reason == EXIT_REASON_PREEMPTION_TIMER) &&
	    !l2_timer_expired(vcpu)) {
		exit->rule = NVMX_RULE_L0_ALWAYS;
		return true;
	}
	if (unlikely(wants_fpu(vcpu, exit))) {
		l2_regs_want_fpu(vcpu);
		vmcs02_follow_fpu(vcpu);
		return true;
	}
	if (unlikely(wants_syscall(vcpu, exit))) {
		l2_regs_want_syscall(vcpu);
		vmcs02_follow_syscall(vcpu);
		return true;
	}
	return false;
}

/* While L2 is live no range of L1's memory comes or goes: no lock is needed. */
static noinline enum l0_next route_by_controls(struct nvmx_vcpu *vcpu,
					       struct l2_exit *exit)
{
	struct exit_decision decision;

	if (unlikely(is_of_l0_alone(vcpu, exit))) {
		l2_regs_take_gpr(vcpu);
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
	if (decision.owner == EXIT_OWNER_L1) {
		/* Where the exit has stored them. */
		vcpu->gpr_in_run = true;
		return L0_TO_L1;
	}

	if (vcpu->gpr_in_run)
		l2_regs_take_gpr(vcpu);
	return l0_emulate(vcpu, exit);
}

static __always_inline enum l0_next route(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	bool failed = exit->reason & VMX_EXIT_REASONS_FAILED_VMENTRY;

	if (!likely(exit_policy_unconditional(exit->info.reason)) && !failed)
		return route_by_controls(vcpu, exit);

	/* After a failed entry host state is back, nothing of L2 ran: L1 learns why. */
	exit->rule = NVMX_RULE_UNCONDITIONAL;
	if (likely(!failed))
		trace_nested_vmx_route(exit->reason, EXIT_OWNER_L1, exit->rule);
	return L0_TO_L1;
}

/* What the exit interrupted must still reach L2. */
static noinline void deliver_again(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	if (unlikely(exit->inject_info))
		vmcs02_inject(vcpu, exit->inject_info, exit->inject_error_code,
			      exit->inject_len);
	else if (unlikely(exit->idt_info & VECTORING_INFO_VALID_MASK))
		vmcs02_inject(vcpu, exit->idt_info & ~INTR_INFO_UNBLOCK_NMI,
			      exit->idt_error_code, exit->instruction_len);
}

/* ---- nested VM exit ------------------------------------------------------ */

static __always_inline void report_gprs(struct nvmx_vcpu *vcpu, u64 rsp)
{
	if (unlikely(!vcpu->gpr_in_run))
		l2_regs_tell_gpr(vcpu);
	vcpu->run->gpr[NVMX_RSP] = rsp;
}

static __always_inline void leave_l2(struct nvmx_vcpu *vcpu)
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

/* What needs L1's memory. */
static __always_inline void finish_exit(struct nvmx_vcpu *vcpu,
					const struct l2_exit *exit)
{
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	u32 abort = 0;

	if (unlikely(exit->reason & VMX_EXIT_REASONS_FAILED_VMENTRY)) {
		vmcs->launched = vcpu->was_launched;
		nested_entry_failed(vcpu, exit->reason, exit->info.qualification);
		return;
	}

	vmcs->value[VF_VM_ENTRY_INTR_INFO_FIELD] &= ~(u64)INTR_INFO_VALID_MASK;
	exit_info_tell(vcpu, exit);
	report_gprs(vcpu, vmcs12_read(vmcs, VF_GUEST_RSP));
	if (trace_nested_vmx_exit_enabled())
		trace_nested_vmx_exit(exit->reason, exit->info.qualification, exit->rule,
				      vmcs12_read(vmcs, VF_GUEST_RIP));
	nvmx_step("L2: %s, qualification %#llx, RIP %#llx: to L1 by %s\n",
		  exit_reason_name(exit->info.reason), exit->info.qualification,
		  vmcs12_read(vmcs, VF_GUEST_RIP), exit_rule_name(exit->rule));

	if (unlikely(vcpu->f[VF_VM_EXIT_MSR_STORE_COUNT] |
		     vcpu->f[VF_VM_EXIT_MSR_LOAD_COUNT]))
		abort = l1_msr_areas_exit(vcpu, false);
	else if (unlikely(!l1_state_is_loaded(vcpu)))
		l1_state_load(vcpu);
	leave_l2(vcpu);
	vcpu->l1_gpr_from_l2 = true;
	if (abort)
		l1_vmx_abort(vcpu, abort);
	exit_stats_handed_over(&vcpu->stats, exit->info.reason, rdtsc());
}

void nested_entry_failed(struct nvmx_vcpu *vcpu, u32 reason, u64 qualification)
{
	u32 abort;

	lockdep_assert_held(&vcpu->lock);

	vmcs12_sync(vcpu->current_vmcs, VF_VM_EXIT_REASON, reason);
	vmcs12_sync(vcpu->current_vmcs, VF_EXIT_QUALIFICATION, qualification);
	exit_info_tell_failed(vcpu, reason, qualification);
	report_gprs(vcpu, vmcs12_read(vcpu->current_vmcs, VF_GUEST_RSP));
	vcpu->plain = false;
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

/* An EPT fault or an event that is L1's: no entry comes before it. */
static noinline void reflect(struct nvmx_vcpu *vcpu)
{
	vcpu->reflect = false;
	not_entered(vcpu);
	/* A pending MTF VM exit is this one, or lost. */
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	vmcs02_sync_exit(vcpu);
}

/* What else than an exit of L2 is an exit to L1. */
static noinline enum l0_next instead_of_exit(struct nvmx_vcpu *vcpu,
					     struct l2_exit *exit, enum l0_next next)
{
	not_entered(vcpu);
	if (next == L0_TO_L1) {
		exit_is_handled(vcpu);
		exit_info_from_post(vcpu, exit);
	}
	if (next == L0_L1_EVENT) {
		exit_is_handled(vcpu);
		l1_events_exit(vcpu, exit);
		next = L0_TO_L1;
	}
	return next;
}

static __always_inline enum l0_next run_loaded(struct nvmx_vcpu *vcpu,
					       struct l2_exit *exit)
{
	enum l0_next next;

	vmcs02_update(vcpu);
	if (unlikely(vcpu->vmcs02.fpu_trapped == vcpu->host.fpu_loaded))
		vmcs02_follow_fpu(vcpu);
	if (unlikely(vcpu->vmcs02.syscall_trapped == vcpu->host.syscall_loaded))
		vmcs02_follow_syscall(vcpu);
	if (unlikely(vcpu->reflect)) {
		reflect(vcpu);
		return L0_TO_L1;
	}

	for (;;) {
		next = enter_once(vcpu, exit);
		if (unlikely(next != L0_AGAIN)) {
			next = instead_of_exit(vcpu, exit, next);
			break;
		}
		next = route(vcpu, exit);
		if (likely(next == L0_TO_L1)) {
			if (!exit_info_is_qualified(&exit->info))
				exit->info.qualification = 0;
			break;
		}
		if (next != L0_FAULT)
			deliver_again(vcpu, exit);
		if (next != L0_AGAIN)
			return next;
	}

	if (likely(next == L0_TO_L1 && !(exit->reason & VMX_EXIT_REASONS_FAILED_VMENTRY)))
		vmcs02_sync_exit(vcpu);
	return next;
}

static __always_inline int run_once(struct nvmx_vcpu *vcpu, struct l2_exit *exit,
				    enum l0_next *next)
{
	int ret;

	if (unlikely(vcpu->vmcs02.ept_generation != ept_generation(&vcpu->machine->ept))) {
		ret = vmcs02_choose_ept(vcpu);
		if (ret)
			return ret;
	}

	l2_regs_load(vcpu);
	ret = vmcs02_ensure(vcpu);
	if (!ret)
		*next = run_loaded(vcpu, exit);
	if (!ret && unlikely(*next != L0_TO_L1) &&
	    (*next == L0_INTERRUPTED || *next == L0_TO_PROCESS))
		vcpu->run->gpr[NVMX_RSP] = vmcs_readl(GUEST_RSP);
	speculation_after_l2();
	l2_regs_put(vcpu);
	return ret;
}

/* ---- the sleeping stage -------------------------------------------------- */

/* Return: 0 to go on with @next, or a negative errno. */
static noinline int settle_fault(struct nvmx_vcpu *vcpu, struct l2_exit *exit, enum l0_next *next)
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

static noinline void report_event(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
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

static noinline int refused(struct nvmx_vcpu *vcpu)
{
	vcpu->plain = false;
	vcpu->vmcs02.owner = NULL;
	leave_l2(vcpu);
	return -EIO;
}

/* Return: whether L2 is to run: if not, the process is told why. */
static noinline bool wait_active(struct nvmx_vcpu *vcpu)
{
	enum l2_wake wake = l2_wait_active(vcpu);

	not_entered(vcpu);
	if (wake != L2_ACTIVE)
		exit_is_handled(vcpu);
	if (wake == L2_INTERRUPTED) {
		vcpu->run->kind = NVMX_KIND_INTERRUPTED;
		return false;
	}
	if (wake == L2_EVENT) {
		l1_events_exit(vcpu, &vcpu->exit);
		vcpu->reflect = true;
	}
	return true;
}

/* Of settle(): L2 is to run again. */
#define RUN_AGAIN	1

/*
 * What comes after a run that ended with something else than an exit to L1.
 *
 * Return: RUN_AGAIN, or what nested_run() returns.
 */
static noinline int settle(struct nvmx_vcpu *vcpu, int ret, enum l0_next next)
{
	if (!ret && next == L0_FAULT)
		ret = settle_fault(vcpu, &vcpu->exit, &next);
	if (ret) {
		not_entered(vcpu);
		/* The access of L2 will fault again. */
		vcpu->reflect = false;
		exit_is_handled(vcpu);
		return ret;
	}

	switch (next) {
	case L0_RESCHED:
		cond_resched();
		fallthrough;
	case L0_AGAIN:
	case L0_WAIT:
	case L0_EPT_CHANGED:
		return RUN_AGAIN;
	case L0_TO_PROCESS:
		vcpu->run->entries = vcpu->entries;
		exit_is_handled(vcpu);
		report_event(vcpu, &vcpu->exit);
		return 0;
	case L0_INTERRUPTED:
		vcpu->run->entries = vcpu->entries;
		exit_is_handled(vcpu);
		vcpu->run->kind = NVMX_KIND_INTERRUPTED;
		report_gprs(vcpu, vcpu->run->gpr[NVMX_RSP]);
		return 0;
	default:
		vcpu->run->entries = vcpu->entries;
		return refused(vcpu);
	}
}

int nested_run(struct nvmx_vcpu *vcpu)
{
	enum l0_next next = L0_AGAIN;
	int ret;

	lockdep_assert_held(&vcpu->lock);

	for (;;) {
		if (unlikely(vcpu->activity != GUEST_ACTIVITY_ACTIVE) && !wait_active(vcpu))
			return 0;
		ret = run_once(vcpu, &vcpu->exit, &next);
		if (likely(!ret && next == L0_TO_L1))
			break;
		ret = settle(vcpu, ret, next);
		if (ret != RUN_AGAIN)
			return ret;
	}

	vcpu->run->entries = vcpu->entries;
	finish_exit(vcpu, &vcpu->exit);
	return 0;
}

/* See l2_regs_swap_gs(). */
NOKPROBE_SYMBOL(nested_run);
