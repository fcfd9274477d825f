// SPDX-License-Identifier: GPL-2.0-only
/*
 * The activity states of L2 other than active.  HLT, shutdown and wait-for-SIPI
 * are sleeps of L0: the processor itself never gets into them.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <asm/tsc.h>

#include "l2_timer.h"
#include "l2_wait.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/*
 * The VMX-preemption timer counts on while L2 is halted or shut down.  What is
 * left of it, in ns.
 */
static u64 timer_left_ns(u32 value)
{
	u64 cycles = (u64)value << vmx_misc_preemption_timer_rate(vmx_host.msr[CAPS_MISC]);

	return mul_u64_u64_div_u64(cycles, NSEC_PER_MSEC, tsc_khz);
}

static u32 timer_after_ns(u32 value, u64 ns)
{
	u64 ticks = mul_u64_u64_div_u64(ns, tsc_khz, NSEC_PER_MSEC) >>
		    vmx_misc_preemption_timer_rate(vmx_host.msr[CAPS_MISC]);

	return ticks < value ? value - ticks : 0;
}

/**
 * struct wait_state - what is known of an L2 that waits
 * @view: what the choice among events depends on
 * @timer: what L1's VMX-preemption timer has left
 */
struct wait_state {
	struct event_view view;
	u32 timer;
};

/* Return: true, or false if VMX is off here. */
static bool look(struct nvmx_vcpu *vcpu, struct wait_state *state)
{
	bool loaded;

	preempt_disable();
	loaded = !vmcs02_load(vcpu);
	if (loaded) {
		state->view = l1_events_view(vcpu);
		state->timer = vcpu->vmcs02.timer ? l2_timer_left(vcpu) : 0;
	}
	preempt_enable();
	return loaded;
}

static void store_timer(struct nvmx_vcpu *vcpu, u32 value)
{
	preempt_disable();
	if (!vmcs02_load(vcpu))
		l2_timer_load(vcpu, value);
	preempt_enable();
}

static bool is_interrupted(const struct nvmx_vcpu *vcpu)
{
	return READ_ONCE(vcpu->posts) & (BIT(POST_KICK) | BIT(POST_EXIT)) ||
	       READ_ONCE(vcpu->run->immediate_exit);
}

/* Beside what is looked at anew, nothing of the view can change meanwhile. */
static bool wakes_up(struct nvmx_vcpu *vcpu, struct event_view *view)
{
	if (is_interrupted(vcpu))
		return true;
	if (!test_bit(POST_EVENT, &vcpu->posts))
		return false;

	view->pending &= ~(u32)EVENTS_OF_L1;
	view->pending |= l1_events_pending(vcpu);
	return event_policy_decide(view).act != EVENT_GO_ON;
}

static void sleep(struct nvmx_vcpu *vcpu, struct wait_state *state)
{
	u64 start;

	if (!vcpu->vmcs02.timer || vcpu->activity == GUEST_ACTIVITY_WAIT_SIPI) {
		wait_event_interruptible(vcpu->wait, wakes_up(vcpu, &state->view));
		return;
	}
	start = ktime_get_ns();
	wait_event_interruptible_hrtimeout(vcpu->wait, wakes_up(vcpu, &state->view),
					   ns_to_ktime(timer_left_ns(state->timer)));
	store_timer(vcpu, timer_after_ns(state->timer, ktime_get_ns() - start));
}

enum l2_wake l2_wait_active(struct nvmx_vcpu *vcpu)
{
	struct event_verdict *verdict = &vcpu->events.verdict;
	struct wait_state state;

	lockdep_assert_held(&vcpu->lock);

	while (unlikely(vcpu->activity != GUEST_ACTIVITY_ACTIVE)) {
		/* A posted nested VM exit, or no VMX: the run loop says so. */
		if (test_bit(POST_EXIT, &vcpu->posts) || !look(vcpu, &state))
			return L2_ACTIVE;

		*verdict = event_policy_decide(&state.view);
		if (verdict->act == EVENT_EXIT)
			return L2_EVENT;
		if (verdict->act == EVENT_WAKE)
			break;
		if (is_interrupted(vcpu) || signal_pending(current)) {
			clear_bit(POST_KICK, &vcpu->posts);
			return L2_INTERRUPTED;
		}
		sleep(vcpu, &state);
	}
	vcpu->activity = GUEST_ACTIVITY_ACTIVE;
	return L2_ACTIVE;
}
