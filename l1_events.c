// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events of L1's machine.  What is pending is set by anybody and taken by the
 * run loop; which event comes next and what becomes of it event_policy.c says.
 */
#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/nospec.h>

#include "l1_events.h"
#include "l2_apic.h"
#include "l2_timer.h"
#include "trace.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/* One to be delivered, and one latched behind it. */
#define NMIS_MAX		2

/* Interrupts below have no priority class, and no local APIC accepts them. */
#define VECTOR_FIRST		16

/* Pending debug exceptions that trap: SDM Vol. 3, "Guest Non-Register State". */
#define PENDING_DEBUG_TRAPS	(BIT(11) | BIT(12) | BIT(14) | BIT(16))

/* ---- what is pending ----------------------------------------------------- */

void l1_events_reset(struct l1_events *events)
{
	bitmap_zero(events->interrupts, L1_VECTORS);
	atomic_set(&events->nmis, 0);
	atomic_set(&events->init, 0);
	atomic_set(&events->sipi, L1_NO_SIPI);
}

static bool is_anything_pending(const struct l1_events *events)
{
	return atomic_read(&events->nmis) || atomic_read(&events->init) ||
	       atomic_read(&events->sipi) != L1_NO_SIPI ||
	       !bitmap_empty(events->interrupts, L1_VECTORS);
}

/* Return: the vector, or -1. */
static int highest_interrupt(const struct nvmx_vcpu *vcpu)
{
	unsigned long vector = find_last_bit(vcpu->events.interrupts, L1_VECTORS);

	return vector < L1_VECTORS && vector >> 4 > READ_ONCE(vcpu->l2.cr8) ? vector : -1;
}

static int take_interrupt(struct nvmx_vcpu *vcpu)
{
	int vector = highest_interrupt(vcpu);

	if (vector >= 0)
		clear_bit(vector, vcpu->events.interrupts);
	return vector;
}

u32 l1_events_pending(struct nvmx_vcpu *vcpu)
{
	struct l1_events *events = &vcpu->events;
	u32 pending = 0;

	if (atomic_read(&events->init))
		pending |= EVENT_INIT;
	if (atomic_read(&events->nmis))
		pending |= EVENT_NMI;
	if (highest_interrupt(vcpu) >= 0)
		pending |= EVENT_INTR;
	if (vcpu->activity != GUEST_ACTIVITY_WAIT_SIPI)
		atomic_set(&events->sipi, L1_NO_SIPI);
	else if (atomic_read(&events->sipi) != L1_NO_SIPI)
		pending |= EVENT_SIPI;
	return pending;
}

int l1_events_post(struct nvmx_vcpu *vcpu, const struct nvmx_event *event)
{
	struct l1_events *events = &vcpu->events;

	if (event->vector >= L1_VECTORS)
		return -EINVAL;

	switch (event->type) {
	case NVMX_EVENT_INTERRUPT:
		if (event->vector < VECTOR_FIRST)
			return -EINVAL;
		set_bit(array_index_nospec(event->vector, L1_VECTORS), events->interrupts);
		break;
	case NVMX_EVENT_NMI:
		atomic_add_unless(&events->nmis, 1, NMIS_MAX);
		break;
	case NVMX_EVENT_INIT:
		atomic_set(&events->init, 1);
		break;
	case NVMX_EVENT_SIPI:
		atomic_set(&events->sipi, event->vector);
		break;
	default:
		return -EINVAL;
	}
	/* Atomic operations without a result order nothing. */
	smp_mb__before_atomic();
	nvmx_vcpu_post(vcpu, POST_EVENT);
	/*
	 * Only a live L2 can wait for it.  Pairs with the barrier where L2 is
	 * left: either it is seen there, or L2 is seen to be gone here.
	 */
	if (event->type == NVMX_EVENT_SIPI && READ_ONCE(vcpu->level) != NVMX_LEVEL_L2)
		atomic_set(&events->sipi, L1_NO_SIPI);
	return 0;
}

int l1_events_take(struct nvmx_vcpu *vcpu, struct nvmx_event *event)
{
	struct l1_events *events = &vcpu->events;
	int vector = 0;

	if (event->type > NVMX_EVENT_SIPI)
		return -EINVAL;
	if (READ_ONCE(vcpu->level) == NVMX_LEVEL_L2)
		return -EBUSY;

	switch (event->type) {
	case NVMX_EVENT_INTERRUPT:
		vector = take_interrupt(vcpu);
		break;
	case NVMX_EVENT_NMI:
		vector = atomic_dec_if_positive(&events->nmis) < 0 ? -1 : X86_TRAP_NMI;
		break;
	case NVMX_EVENT_INIT:
		vector = atomic_xchg(&events->init, 0) - 1;
		break;
	default:
		/* Nobody in VMX root operation waits for it. */
		vector = -1;
		break;
	}
	if (vector < 0)
		return -ENOENT;

	event->vector = vector;
	return 0;
}

void l1_events_report(const struct nvmx_vcpu *vcpu, struct nvmx_state *state)
{
	const struct l1_events *events = &vcpu->events;
	unsigned int i;

	BUILD_BUG_ON(sizeof(state->out_interrupts) != sizeof(events->interrupts));
	for (i = 0; i < ARRAY_SIZE(state->out_interrupts); i++)
		state->out_interrupts[i] = READ_ONCE(events->interrupts[i]);
	state->out_nmis = atomic_read(&events->nmis);
	state->out_init = atomic_read(&events->init);
	state->out_activity = vcpu->activity;
	state->out_reserved = 0;
}

bool l1_events_save(const struct l1_events *events, struct nvmx_snapshot_events *out)
{
	unsigned int i;

	BUILD_BUG_ON(sizeof(out->interrupts) != sizeof(events->interrupts));
	for (i = 0; i < ARRAY_SIZE(out->interrupts); i++)
		out->interrupts[i] = READ_ONCE(events->interrupts[i]);
	out->nmis = atomic_read(&events->nmis);
	out->init = atomic_read(&events->init);
	out->sipi = atomic_read(&events->sipi) - L1_NO_SIPI;
	return is_anything_pending(events);
}

void l1_events_load(struct nvmx_vcpu *vcpu, const struct nvmx_snapshot_events *in)
{
	struct l1_events *events = &vcpu->events;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(in->interrupts); i++)
		events->interrupts[i] = in->interrupts[i];
	atomic_set(&events->nmis, in->nmis);
	atomic_set(&events->init, in->init);
	atomic_set(&events->sipi, (int)in->sipi + L1_NO_SIPI);
	if (is_anything_pending(events))
		set_bit(POST_EVENT, &vcpu->posts);
}

/* ---- the choice ---------------------------------------------------------- */

/* A virtual interrupt is the processor's to deliver, once L2 does not wait. */
static u32 virtual_apic_events(struct nvmx_vcpu *vcpu)
{
	if (!(vmcs12_proc2(vcpu->f) & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY))
		return l2_apic_wakes(vcpu) ? EVENT_TPR : 0;

	return vcpu->activity == GUEST_ACTIVITY_HLT && l2_apic_wakes(vcpu) ?
	       EVENT_VIRTUAL_INTR : 0;
}

struct event_view l1_events_view(struct nvmx_vcpu *vcpu)
{
	u32 injected = vmcs_read32(VM_ENTRY_INTR_INFO_FIELD);
	struct event_view view = {
		.pending = l1_events_pending(vcpu),
		.pin = vcpu->f[VF_PIN_BASED_VM_EXEC_CONTROL],
		.proc = vcpu->f[VF_CPU_BASED_VM_EXEC_CONTROL],
		.blocking = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO),
		.activity = vcpu->activity,
		.interrupt_flag = vmcs_readl(GUEST_RFLAGS) & X86_EFLAGS_IF,
	};

	if (injected & INTR_INFO_VALID_MASK) {
		if ((injected & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_OTHER_EVENT)
			view.pending |= EVENT_MTF;
		else
			view.delivering = true;
	}
	view.pending |= virtual_apic_events(vcpu);
	if (vmcs_readl(GUEST_PENDING_DBG_EXCEPTIONS) & PENDING_DEBUG_TRAPS)
		view.pending |= EVENT_DEBUG;
	if (vcpu->vmcs02.timer && !l2_timer_left(vcpu))
		view.pending |= EVENT_TIMER;
	return view;
}

/* While NMIs are blocked, one is latched and all others are lost. */
static void merge_nmis(struct nvmx_vcpu *vcpu, const struct event_view *view)
{
	if (view->blocking & GUEST_INTR_STATE_NMI)
		atomic_cmpxchg(&vcpu->events.nmis, NMIS_MAX, 1);
}

static void inject(struct nvmx_vcpu *vcpu, u32 event)
{
	int vector;

	if (event == EVENT_NMI) {
		if (atomic_dec_if_positive(&vcpu->events.nmis) >= 0)
			vmcs02_inject(vcpu, INTR_INFO_VALID_MASK | INTR_TYPE_NMI_INTR |
				      X86_TRAP_NMI, 0, 0);
		return;
	}
	vector = take_interrupt(vcpu);
	if (vector >= 0)
		vmcs02_inject(vcpu, INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR | vector,
			      0, 0);
}

enum l0_next l1_events_before_entry(struct nvmx_vcpu *vcpu)
{
	struct l1_events *events = &vcpu->events;
	struct event_view view;

	clear_bit(POST_EVENT, &vcpu->posts);
	/* What comes after this barrier sets the post again. */
	smp_mb__after_atomic();

	l2_timer_unforce(vcpu);
	view = l1_events_view(vcpu);
	merge_nmis(vcpu, &view);
	events->verdict = event_policy_decide(&view);
	if (events->verdict.act == EVENT_INJECT) {
		/* Look again: what comes right after the delivery? */
		inject(vcpu, events->verdict.event);
		view = l1_events_view(vcpu);
		events->verdict = event_policy_decide(&view);
	}
	if (is_anything_pending(events))
		set_bit(POST_EVENT, &vcpu->posts);

	vmcs02_open_windows(vcpu, events->verdict.windows);
	if (events->verdict.act == EVENT_AFTER_DELIVERY)
		l2_timer_force(vcpu);
	if (events->verdict.act != EVENT_EXIT)
		return L0_AGAIN;

	/* A pending MTF VM exit is lost to the event that came before it. */
	vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, 0);
	return L0_L1_EVENT;
}

void l1_events_exit(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	const struct event_verdict *verdict = &vcpu->events.verdict;
	struct l1_events *events = &vcpu->events;
	int vector;

	memset(exit, 0, sizeof(*exit));
	exit->reason = verdict->reason;
	exit->info.reason = verdict->reason;
	exit->rule = verdict->rule;

	switch (verdict->event) {
	case EVENT_MTF:
		if (vcpu->mtf_injected)
			exit->rule = NVMX_RULE_MTF_INJECTED;
		break;
	case EVENT_INIT:
		atomic_set(&events->init, 0);
		break;
	case EVENT_SIPI:
		exit->info.qualification = atomic_xchg(&events->sipi, L1_NO_SIPI) & 0xff;
		break;
	case EVENT_NMI:
		atomic_dec_if_positive(&events->nmis);
		exit->info.intr_info = INTR_INFO_VALID_MASK | INTR_TYPE_NMI_INTR |
				       X86_TRAP_NMI;
		break;
	case EVENT_INTR:
		if (!(vcpu->f[VF_VM_EXIT_CONTROLS] & VM_EXIT_ACK_INTR_ON_EXIT))
			break;
		vector = take_interrupt(vcpu);
		if (vector >= 0)
			exit->info.intr_info = INTR_INFO_VALID_MASK | INTR_TYPE_EXT_INTR |
					       vector;
		break;
	}
	trace_nested_vmx_route(exit->reason, EXIT_OWNER_L1, exit->rule);
}

void l1_events_left_l2(struct nvmx_vcpu *vcpu)
{
	atomic_set(&vcpu->events.sipi, L1_NO_SIPI);
}
