// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMLAUNCH and VMRESUME of L1.
 *
 * SDM Vol. 3, "VM Entries": VMX-instruction checks, controls and host state
 * (VMfail), guest state (a failed entry, reason 33), the MSR-load area (reason
 * 34).  Everything is judged in software, from one copy, before the processor
 * sees any of it.
 */
#define pr_fmt(fmt) "nested_vmx: " fmt

#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>

#include "entry_checks.h"
#include "field_access.h"
#include "l0_emulate.h"
#include "l2_msr.h"
#include "l2_regs.h"
#include "l2_timer.h"
#include "nested_entry.h"
#include "nested_exit.h"
#include "step.h"
#include "trace.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmcs02_run.h"
#include "vmx_insn.h"
#include "vmx_ops.h"

/* Parts whose fields say whether PDPTEs come from memory, and from where. */
#define PDPTE_PARTS	(G_CR0 | G_CR3 | G_CR4)

/* ---- what the rules need from memory ------------------------------------- */

static bool pae_without_ept12(const u64 *f)
{
	return (f[VF_GUEST_CR0] & X86_CR0_PG) && (f[VF_GUEST_CR4] & X86_CR4_PAE) &&
	       !(f[VF_VM_ENTRY_CONTROLS] & VM_ENTRY_IA32E_MODE) && !vmcs12_uses_ept(f);
}

static int read_msr_area(struct nvmx_vcpu *vcpu, struct entry_memory *mem)
{
	u32 count = vcpu->f[VF_VM_ENTRY_MSR_LOAD_COUNT];
	u64 area = vcpu->f[VF_VM_ENTRY_MSR_LOAD_ADDR];
	struct entry_msr *msr;

	count = min_t(u32, count, ENTRY_MSR_MAX);
	if (!count)
		return 0;

	msr = kmalloc_array(count, sizeof(*msr), GFP_KERNEL_ACCOUNT);
	if (!msr)
		return -ENOMEM;

	/* An area in a hole reads as ones, which no MSR index is. */
	if (l1_memory_read(&vcpu->machine->memory, area, msr, count * sizeof(*msr)))
		memset(msr, 0xff, count * sizeof(*msr));
	mem->msr = msr;
	mem->msr_count = count;
	return 0;
}

bool nested_pdptes(struct nvmx_vcpu *vcpu, u64 *pdpte)
{
	if (likely(!pae_without_ept12(vcpu->f)))
		return false;
	if (l1_memory_read(&vcpu->machine->memory, vcpu->f[VF_GUEST_CR3] & 0xffffffe0,
			   pdpte, 4 * sizeof(*pdpte)))
		memset(pdpte, 0xff, 4 * sizeof(*pdpte));
	return true;
}

static int read_entry_memory(struct nvmx_vcpu *vcpu, struct entry_memory *mem)
{
	struct l1_memory *memory = &vcpu->machine->memory;
	const u64 *f = vcpu->f;

	mem->pdpte_valid = nested_pdptes(vcpu, mem->pdpte);
	mem->vtpr_readable = l2_apic_judged(f) &&
			     !l1_memory_read(memory,
					     f[VF_VIRTUAL_APIC_PAGE_ADDR] + VAPIC_TPR,
					     &mem->vtpr, sizeof(mem->vtpr));
	mem->msr = NULL;
	mem->msr_count = 0;
	if (unlikely(f[VF_VMCS_LINK_POINTER] != NVMX_NO_VMPTR))
		mem->link_readable = !l1_memory_read(memory, f[VF_VMCS_LINK_POINTER],
						     &mem->link_revision,
						     sizeof(mem->link_revision));
	return read_msr_area(vcpu, mem);
}

static void fill_state(struct nvmx_vcpu *vcpu, struct entry_state *state)
{
	state->caps = &vcpu->machine->caps;
	state->l1 = &vcpu->l1;
	state->f = vcpu->f;
	state->vmptr = vcpu->current_vmcs->vmptr;
	state->launched = vcpu->current_vmcs->launched;
	state->resume = false;
	state->no_host = vcpu->profile == NVMX_PROFILE_SEALED;
	state->no_insn = false;
}

int nested_check(struct nvmx_vcpu *vcpu, struct nvmx_failure *list, u32 capacity,
		 u32 *total)
{
	struct entry_state state;
	int ret;

	vmcs02_sync_rare(vcpu);
	vcpu->f = nvmx_vcpu_effective(vcpu);
	fill_state(vcpu, &state);
	state.no_insn = true;
	ret = read_entry_memory(vcpu, &state.mem);
	if (ret)
		return ret;

	*total = entry_checks_run(&state, ENTRY_ALL, list, capacity);
	kfree(state.mem.msr);
	return 0;
}

/* ---- answers ------------------------------------------------------------- */

static void answer(struct nvmx_vcpu *vcpu, struct nvmx_result result)
{
	vcpu->run->kind = NVMX_KIND_VMX_RESULT;
	vcpu->run->result = result;
}

static void report_failures(struct nvmx_vcpu *vcpu, u32 total)
{
	u32 i, count = min_t(u32, total, NVMX_RUN_FAILURES);
	const struct nvmx_failure *failure;

	memcpy(vcpu->run->failure, vcpu->failures, count * sizeof(*failure));
	vcpu->run->failure_total = total;
	vcpu->run->failure_count = count;

	for (i = 0; i < count; i++) {
		const struct entry_rule_text *text;

		failure = &vcpu->failures[i];
		trace_nested_vmx_check_failed(failure->rule, failure->outcome,
					      failure->qualification,
					      failure->field[0], failure->value[0]);
		text = entry_checks_text(failure->rule);
		pr_debug_ratelimited("VM entry: rule %u %s: field %#x = %#llx: %s\n",
				     failure->rule, text ? text->name : "?",
				     failure->field[0], failure->value[0],
				     text ? text->hint : "?");
		nvmx_step("L1: VM entry breaks rule %u %s: field %#x = %#llx: %s\n",
			  failure->rule, text ? text->name : "?", failure->field[0],
			  failure->value[0], text ? text->hint : "?");
	}
}

static void refuse(struct nvmx_vcpu *vcpu, u32 total)
{
	const struct nvmx_failure *first = &vcpu->failures[0];

	report_failures(vcpu, total);
	if (first->outcome & VMX_EXIT_REASONS_FAILED_VMENTRY)
		nested_entry_failed(vcpu, first->outcome, first->qualification);
	else
		answer(vcpu, vmx_insn_fail(vcpu, first->outcome));
}

/* ---- entry --------------------------------------------------------------- */

/* Return: 1-based index of the MSR that could not be loaded, or 0. */
static u32 load_msrs(struct nvmx_vcpu *vcpu, const struct entry_memory *mem)
{
	u32 i;

	for (i = 0; i < mem->msr_count; i++)
		if (!l2_msr_write(vcpu, mem->msr[i].index, mem->msr[i].value))
			return i + 1;
	return 0;
}

static void inject_event(struct nvmx_vcpu *vcpu)
{
	const u64 *f = vcpu->f;
	u32 info = f[VF_VM_ENTRY_INTR_INFO_FIELD];

	vcpu->mtf_injected = false;
	vcpu->activity = f[VF_GUEST_ACTIVITY_STATE];
	if (likely(!(info & INTR_INFO_VALID_MASK)))
		return;

	vmcs02_inject(vcpu, info, f[VF_VM_ENTRY_EXCEPTION_ERROR_CODE],
		      f[VF_VM_ENTRY_INSTRUCTION_LEN]);
	vcpu->mtf_injected = (info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_OTHER_EVENT;
	/* An event ends the wait; a pending MTF VM exit happens in it. */
	if (!vcpu->mtf_injected)
		vcpu->activity = GUEST_ACTIVITY_ACTIVE;
}

/* Return: 0, a negative errno, or the index of an MSR not loaded. */
static int prepare_vmcs02(struct nvmx_vcpu *vcpu, const struct entry_memory *mem)
{
	int ret;

	preempt_disable();
	ret = vmcs02_ensure(vcpu);
	if (!ret)
		ret = vmcs02_merge(vcpu, mem->pdpte_valid ? mem->pdpte : NULL);
	if (!ret) {
		if (vcpu->vmcs02.timer)
			l2_timer_load(vcpu, vcpu->f[VF_VMX_PREEMPTION_TIMER_VALUE]);
		/* Without VPIDs every transition of L1 flushes. */
		if (!vcpu->vmcs02.l1_vpid)
			l2_vpids_drop_current(&vcpu->vmcs02.vpids);
		inject_event(vcpu);
		ret = load_msrs(vcpu, mem);
		vmcs02_single_step(vcpu);
	}
	preempt_enable();
	return ret;
}

/* The rules and the merge look at vmcs12 alone. */
static bool needs_no_memory(const struct nvmx_vcpu *vcpu)
{
	const u64 *f = vcpu->current_vmcs->value;

	return !vcpu->hidden && !vcpu->vmcs02.timer &&
	       f[VF_VMCS_LINK_POINTER] == NVMX_NO_VMPTR &&
	       !f[VF_VM_ENTRY_MSR_LOAD_COUNT] && l2_apic_is_plain(vcpu, f);
}

/* Else L2 may start to use PDPTEs in memory at any time. */
static bool never_uses_pdptes(const u64 *f)
{
	return vmcs12_uses_ept(f) || f[VF_VM_ENTRY_CONTROLS] & VM_ENTRY_IA32E_MODE;
}

static int enter_checked(struct nvmx_vcpu *vcpu, const struct entry_memory *mem)
{
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	int ret;

	ret = vmcs02_choose_ept(vcpu);
	if (!ret)
		ret = l2_apic_choose(vcpu);
	if (!ret)
		ret = prepare_vmcs02(vcpu, mem);
	if (ret < 0)
		return ret;

	vmcs->dirty_checks = 0;
	vcpu->l1_judged = true;
	if (ret > 0) {
		nested_entry_failed(vcpu, VMX_EXIT_REASONS_FAILED_VMENTRY |
				    EXIT_REASON_MSR_LOAD_FAIL, ret);
		return 0;
	}

	vcpu->was_launched = vmcs->launched;
	vmcs->launched = true;
	vcpu->plain = needs_no_memory(vcpu) && never_uses_pdptes(vmcs->value);
	vcpu->reflect = false;
	WRITE_ONCE(vcpu->level, NVMX_LEVEL_L2);
	return nested_run(vcpu);
}

/* ---- the common way back into L2 ----------------------------------------- */

/* Fields other than GUEST_RIP that changed. */
static u64 other_dirty(const u64 *dirty)
{
	u64 any = dirty[VF_GUEST_RIP / 64] & ~BIT_ULL(VF_GUEST_RIP % 64);
	unsigned int i;

	for (i = 0; i < VMCS12_DIRTY_WORDS; i++)
		any |= i == VF_GUEST_RIP / 64 ? 0 : dirty[i];
	return any;
}

/*
 * Whether fields aside nothing stands in the way of a plain entry: L1 may execute
 * VMX instructions, the last good entry was from this vmcs12, and nothing has to be
 * read from memory.  The answer yes is good until a command or an exit changes
 * something of it: each command makes nvmx_vcpu.plain false, as do the exits that
 * load other values into L1, and an entry that fails.
 */
static noinline bool look_closely(struct nvmx_vcpu *vcpu)
{
	const struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	const u64 *f = vmcs->value;

	if (!vmcs->launched || !vcpu->l1_judged || vcpu->l1.mov_ss ||
	    vcpu->vmcs02.owner != vmcs || !needs_no_memory(vcpu))
		return false;
	if (f[VF_VM_ENTRY_INTR_INFO_FIELD] & INTR_INFO_VALID_MASK || pae_without_ept12(f))
		return false;

	vcpu->plain = never_uses_pdptes(f);
	return true;
}

/* The value of GUEST_RIP must be legal in any mode. */
static __always_inline bool way_is_plain(struct nvmx_vcpu *vcpu, bool resume)
{
	const struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	const struct vmcs02 *v = &vcpu->vmcs02;

	return resume && !(vmcs->value[VF_GUEST_RIP] >> 31) && !v->stale &&
	       v->ept_generation == ept_generation(&vcpu->machine->ept) &&
	       (likely(vcpu->plain) || look_closely(vcpu));
}

/* Whether a new value of a field cannot break a rule. */
static bool is_harmless(const struct nvmx_vcpu *vcpu, unsigned int index)
{
	const u64 *f = vcpu->current_vmcs->value;

	switch (index) {
	case VF_GUEST_RIP:
		return true;
	case VF_GUEST_FS_BASE:
	case VF_GUEST_GS_BASE:
	case VF_GUEST_SYSENTER_ESP:
	case VF_GUEST_SYSENTER_EIP:
		/* Their one rule, outside virtual-8086 mode. */
		return nvmx_caps_canonical(&vcpu->machine->caps, f[index]) &&
		       f[VF_VM_ENTRY_CONTROLS] & VM_ENTRY_IA32E_MODE;
	default:
		return !vmcs12_write_checks[index];
	}
}

/* Parts of vmcs02 that are made of what L1 wrote, and of L2's CR0 and CR4. */
#define HARMLESS_PARTS	(G_COPY | G_EXCEPTION | G_CR0 | G_CR4 | G_TSC | G_XSS | G_PLE | \
			 G_CR3_TARGET)

/* Return: whether all that changed was harmless, and is in vmcs02 now. */
static noinline bool merge_harmless(struct nvmx_vcpu *vcpu)
{
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	u32 parts = 0;
	unsigned int i;
	u64 word;
	int ret;

	for (i = 0; i < VMCS12_DIRTY_WORDS; i++) {
		for (word = vmcs->dirty[i]; word; word &= word - 1) {
			if (!is_harmless(vcpu, i * 64 + __ffs(word)))
				return false;
			parts |= vmcs_field_table[i * 64 + __ffs(word)].merge;
		}
	}
	if (parts & ~(u32)HARMLESS_PARTS)
		return false;

	if (parts & (G_CR0 | G_CR4))
		vmcs02_sync_entry(vcpu, 0, parts & (G_CR0 | G_CR4));
	vcpu->f = vmcs->value;
	preempt_disable();
	ret = vmcs02_ensure(vcpu);
	if (!ret)
		ret = vmcs02_merge(vcpu, NULL);
	preempt_enable();
	return !ret;
}

static __always_inline int enter_plain(struct nvmx_vcpu *vcpu)
{
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	const u64 *f = vmcs->value;

	nvmx_step("L1: VMRESUME, vmptr %#llx, RIP %#llx\n", vmcs->vmptr, f[VF_GUEST_RIP]);
	trace_nested_vmx_enter(vmcs->vmptr, f[VF_GUEST_RIP], true);
	/* All other words are 0. */
	vmcs->dirty[VF_GUEST_RIP / 64] = 0;
	vmcs->dirty_checks = 0;
	vcpu->f = f;
	vcpu->gpr_in_run = true;
	vcpu->vmcs02.rip_stale = true;
	if (!vcpu->vmcs02.l1_vpid)
		l2_vpids_drop_current(&vcpu->vmcs02.vpids);
	vcpu->mtf_injected = false;
	vcpu->activity = f[VF_GUEST_ACTIVITY_STATE];
	vcpu->was_launched = true;
	vcpu->reflect = false;
	WRITE_ONCE(vcpu->level, NVMX_LEVEL_L2);
	return nested_run(vcpu);
}

/* ---- every other way ----------------------------------------------------- */

/*
 * What looks at memory is judged where it does, whatever is dirty.  With EPT12 the
 * PDPTEs are fields: L2 loads them itself before it uses others than it was entered
 * with.
 */
static u64 groups_to_judge(struct nvmx_vcpu *vcpu)
{
	u64 groups = (vcpu->current_vmcs->dirty_checks & ENTRY_ALL) | BIT_ULL(ENTRY_INSN);
	const u64 *f = vcpu->current_vmcs->value;

	if (unlikely(!vcpu->l1_judged))
		return ENTRY_ALL;
	if (unlikely(vcpu->hidden))
		return groups | ENTRY_ALWAYS;

	if (unlikely(f[VF_VMCS_LINK_POINTER] != NVMX_NO_VMPTR))
		groups |= BIT_ULL(ENTRY_GUEST_LINK);
	if (unlikely(f[VF_VM_ENTRY_MSR_LOAD_COUNT]))
		groups |= BIT_ULL(ENTRY_MSR_LOAD);
	if (!never_uses_pdptes(f))
		groups |= BIT_ULL(ENTRY_GUEST_PDPTE);
	return groups;
}

/*
 * Fetch what the last exit left in vmcs02: all of it before another vmcs12
 * takes vmcs02 over, before fields are hidden behind defaults, and before an MSR
 * area overwrites it, as an entry that fails there must leave vmcs12 as it was;
 * else what rules and merge look at.
 */
static void sync_for_entry(struct nvmx_vcpu *vcpu, u64 groups)
{
	const struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	u32 parts;

	if (vcpu->vmcs02.owner != vmcs || vcpu->hidden ||
	    vmcs->value[VF_VM_ENTRY_MSR_LOAD_COUNT]) {
		vmcs02_sync_rare(vcpu);
		return;
	}
	parts = vmcs02_dirty_parts(vcpu);
	if (!vmcs12_uses_ept(vmcs->value))
		parts |= PDPTE_PARTS;
	vmcs02_sync_entry(vcpu, groups, parts);
}

static noinline int enter_judged(struct nvmx_vcpu *vcpu, bool resume)
{
	u64 groups = groups_to_judge(vcpu);
	struct entry_state state;
	u32 total;
	int ret;

	vcpu->plain = false;
	vcpu->gpr_in_run = true;
	if (unlikely(vcpu->current_vmcs->dirty_checks & VMCS12_DIRTY_L1))
		vcpu->l1_current = false;
	sync_for_entry(vcpu, groups);
	vcpu->f = nvmx_vcpu_effective(vcpu);
	fill_state(vcpu, &state);
	state.resume = resume;
	ret = read_entry_memory(vcpu, &state.mem);
	if (ret)
		return ret;

	nvmx_step("L1: %s, vmptr %#llx, RIP %#llx\n", resume ? "VMRESUME" : "VMLAUNCH",
		  state.vmptr, vcpu->f[VF_GUEST_RIP]);
	trace_nested_vmx_enter(state.vmptr, vcpu->f[VF_GUEST_RIP], resume);
	total = entry_checks_run(&state, groups, vcpu->failures, NVMX_RUN_FAILURES);
	if (unlikely(total))
		refuse(vcpu, total);
	else
		ret = enter_checked(vcpu, &state.mem);

	kfree(state.mem.msr);
	return ret;
}

/* ---- a live L2 ----------------------------------------------------------- */

static int complete_event(struct nvmx_vcpu *vcpu)
{
	u32 skip = READ_ONCE(vcpu->run->l0_skip_bytes);
	int ret;

	if (skip > 15)
		return -EINVAL;

	preempt_disable();
	ret = vmcs02_load(vcpu);
	if (!ret && skip)
		l0_skip_instruction(skip);
	preempt_enable();
	if (!ret)
		l2_regs_take_gpr(vcpu);
	return ret;
}

static noinline int resume_live(struct nvmx_vcpu *vcpu, unsigned long flags)
{
	int ret = 0;

	if (flags & NVMX_ENTER_COMPLETE)
		ret = vcpu->l0_event ? complete_event(vcpu) : -EINVAL;
	if (ret)
		return ret;

	vcpu->l0_event = NVMX_L0_NONE;
	return nested_run(vcpu);
}

/* ---- an L2 from a snapshot ----------------------------------------------- */

/* What was live instead of what the entry long ago had. */
static void overlay_entry(struct nvmx_vcpu *vcpu, const struct nvmx_snapshot_live *live)
{
	const u64 *stored = vcpu->current_vmcs->value;
	const u64 *effective = nvmx_vcpu_effective(vcpu);
	u64 *f = vcpu->effective;
	unsigned int i;

	/* Guest state is L2's own, also where L1 may not see it. */
	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		f[i] = VMCS_ENC_TYPE(vmcs_field_table[i].encoding) == VMCS_GUEST ?
		       stored[i] : effective[i];
	f[VF_VM_ENTRY_INTR_INFO_FIELD] = live->event_info;
	f[VF_VM_ENTRY_EXCEPTION_ERROR_CODE] = live->event_error_code;
	f[VF_VM_ENTRY_INSTRUCTION_LEN] = live->event_length;
	f[VF_VM_ENTRY_MSR_LOAD_COUNT] = 0;
	f[VF_GUEST_ACTIVITY_STATE] = live->activity;
	f[VF_VMX_PREEMPTION_TIMER_VALUE] = live->timer;
	for (i = 0; i < 4; i++)
		f[VF_GUEST_PDPTR0 + i] = live->pdpte[i];
	vcpu->f = f;
}

/* What an entry may leave as L1 has it, and L2 has changed since. */
static void overlay_registers(struct nvmx_vcpu *vcpu,
			      const struct nvmx_snapshot_live *live)
{
	u64 *f = vcpu->effective;

	f[VF_VM_ENTRY_CONTROLS] |= VM_ENTRY_LOAD_DEBUG_CONTROLS |
				   VM_ENTRY_LOAD_IA32_EFER | VM_ENTRY_LOAD_IA32_PAT;
	f[VF_GUEST_DR7] = live->dr7;
	f[VF_GUEST_IA32_DEBUGCTL] = live->debugctl;
	f[VF_GUEST_IA32_EFER] = live->efer;
	f[VF_GUEST_IA32_PAT] = live->pat;
}

/* Return: 0, -errno, or the id of the first broken rule. */
static int judge_live(struct nvmx_vcpu *vcpu, const struct nvmx_snapshot_live *live,
		      struct entry_memory *mem)
{
	struct entry_state state;
	u32 total;
	int ret;

	overlay_entry(vcpu, live);
	fill_state(vcpu, &state);
	state.no_insn = true;
	ret = read_entry_memory(vcpu, &state.mem);
	if (ret)
		return ret;
	if (state.mem.pdpte_valid)
		memcpy(state.mem.pdpte, live->pdpte, sizeof(live->pdpte));

	total = entry_checks_run(&state, ENTRY_ALL, vcpu->failures, 1);
	if (!total) {
		/* These controls are L0's: L1's processor may lack them. */
		overlay_registers(vcpu, live);
		state.caps = &vcpu->machine->offered;
		total = entry_checks_run(&state, ENTRY_ALL, vcpu->failures, 1);
	}
	*mem = state.mem;
	return total ? vcpu->failures[0].rule : 0;
}

int nested_restore(struct nvmx_vcpu *vcpu, const struct nvmx_snapshot_live *live,
		   u32 *rule)
{
	struct entry_memory mem;
	int ret;

	lockdep_assert_held(&vcpu->lock);

	ret = judge_live(vcpu, live, &mem);
	if (ret > 0) {
		*rule = ret;
		return -EINVAL;
	}
	if (!ret)
		ret = vmcs02_choose_ept(vcpu);
	if (!ret)
		ret = l2_apic_choose(vcpu);
	if (!ret)
		ret = prepare_vmcs02(vcpu, &mem);
	if (ret)
		return ret;

	/* L1's own again: an exit saves and loads by them. */
	overlay_entry(vcpu, live);
	vcpu->activity = live->activity;
	vcpu->mtf_injected = live->mtf_injected;
	vcpu->was_launched = live->was_launched;
	vcpu->l0_event = live->l0_event;
	vcpu->reflect = false;
	vcpu->l1_judged = false;
	/* L1's next entry loads them as its own controls say, or L1 shares them. */
	vcpu->vmcs02.stale |= G_EFER | G_PAT | G_DEBUG;
	vcpu->vmcs02.shared_msrs = true;
	vcpu->gpr_in_run = false;
	l2_regs_copy_gpr(vcpu->l2.gpr, live->gpr);
	l2_regs_copy_gpr(vcpu->run->gpr, live->gpr);
	vcpu->run->gpr[NVMX_RSP] = vcpu->f[VF_GUEST_RSP];
	WRITE_ONCE(vcpu->level, NVMX_LEVEL_L2);
	return 0;
}

/* ---- the lists of the run page ------------------------------------------- */

/* A VMWRITE of the list the long way.  Return: whether to go on. */
static noinline bool write_long(struct nvmx_vcpu *vcpu, struct nvmx_field_value *write,
				u64 encoding, u64 value)
{
	struct nvmx_result result = vmx_insn_write_field(vcpu, encoding, value);

	write->result = result;
	if (likely(result.status == NVMX_VMSUCCEED))
		return true;

	answer(vcpu, result);
	return false;
}

/* Each word of the list is read once. */
static __always_inline bool do_writes(struct nvmx_vcpu *vcpu, u32 count)
{
	static const struct nvmx_result succeeded = { .status = NVMX_VMSUCCEED };
	struct nvmx_field_value *write = vcpu->run->write;
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	bool short_way = vcpu->l1.efer & EFER_LMA;
	u64 encoding, value;
	u32 i;

	for (i = 0; i < count; i++, write++) {
		encoding = READ_ONCE(write->encoding);
		value = READ_ONCE(write->value);
		if (likely(short_way && field_write_short(vcpu, vmcs, encoding, value)))
			write->result = succeeded;
		else if (!write_long(vcpu, write, encoding, value))
			break;
	}
	vcpu->run->writes_done = i;
	return i == count;
}

static noinline void do_reads(struct nvmx_vcpu *vcpu, u32 count)
{
	struct nvmx_field_value *read = vcpu->run->read;
	u64 value;
	u32 i;

	for (i = 0; i < count; i++) {
		read[i].result = vmx_insn_vmread(vcpu, READ_ONCE(read[i].encoding),
						 &value);
		read[i].value = value;
	}
}

/* The same for the VMWRITEs of the list and for VMLAUNCH and VMRESUME. */
static noinline bool may_enter(struct nvmx_vcpu *vcpu, u32 writes)
{
	struct nvmx_result result;

	if (likely(vmx_insn_ready(vcpu, &result)))
		return true;

	if (writes)
		vcpu->run->write[0].result = result;
	answer(vcpu, result);
	return false;
}

static __always_inline int enter_from_l1(struct nvmx_vcpu *vcpu, unsigned long flags,
					 u32 writes)
{
	bool resume = flags & NVMX_ENTER_RESUME;
	struct nvmx_run *run = vcpu->run;

	if (flags & NVMX_ENTER_COMPLETE)
		return -EINVAL;

	run->failure_total = 0;
	run->failure_count = 0;
	run->writes_done = 0;
	if (!likely(vcpu->plain) && !may_enter(vcpu, writes))
		return 0;
	if (!do_writes(vcpu, writes))
		return 0;

	if (likely(way_is_plain(vcpu, resume)) &&
	    (likely(!other_dirty(vcpu->current_vmcs->dirty)) || merge_harmless(vcpu)))
		return enter_plain(vcpu);
	return enter_judged(vcpu, resume);
}

int nvmx_enter_l2(struct nvmx_vcpu *vcpu, unsigned long flags)
{
	const struct nvmx_run *run = vcpu->run;
	u32 writes = READ_ONCE(run->write_count);
	u32 reads = READ_ONCE(run->read_count);
	int ret;

	lockdep_assert_held(&vcpu->lock);

	if (flags & ~(unsigned long)(NVMX_ENTER_RESUME | NVMX_ENTER_COMPLETE))
		return -EOPNOTSUPP;
	if (vcpu->level == NVMX_LEVEL_L0 || vcpu->aborted ||
	    writes > NVMX_RUN_LIST_MAX || reads > NVMX_RUN_LIST_MAX)
		return -EINVAL;

	if (likely(vcpu->level == NVMX_LEVEL_L1))
		ret = enter_from_l1(vcpu, flags, writes);
	else
		ret = resume_live(vcpu, flags);

	/* Of an exit only: L1 is there to execute them. */
	if (unlikely(reads) && !ret && vcpu->level == NVMX_LEVEL_L1 &&
	    run->kind == NVMX_KIND_EXIT)
		do_reads(vcpu, reads);
	return ret;
}
