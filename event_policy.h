/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of the events that are pending for L2 comes next, and by whom.  A
 * constant table in order of priority, and pure functions.
 */
#ifndef NVMX_EVENT_POLICY_H
#define NVMX_EVENT_POLICY_H

#include <linux/types.h>

#include "field_policy.h"

/* Events, in descending priority: bits of event_view.pending. */
#define EVENT_INIT		BIT(0)
#define EVENT_SIPI		BIT(1)
#define EVENT_MTF		BIT(2)	/* a pending MTF VM exit */
#define EVENT_TPR		BIT(3)	/* L2's virtual TPR is below the threshold */
#define EVENT_DEBUG		BIT(4)	/* a pending debug exception that traps */
#define EVENT_TIMER		BIT(5)	/* L1's VMX-preemption timer is 0 */
#define EVENT_NMI_WINDOW	BIT(6)
#define EVENT_NMI		BIT(7)
#define EVENT_INTR_WINDOW	BIT(8)
#define EVENT_INTR		BIT(9)	/* an external interrupt above the TPR */
#define EVENT_VIRTUAL_INTR	BIT(10)	/* a virtual interrupt that can be delivered */

/**
 * struct event_view - what the choice depends on
 * @pending: EVENT_x; of the windows nothing, they follow from @proc
 * @pin: pin-based controls of vmcs12
 * @proc: primary processor-based controls of vmcs12
 * @blocking: L2's interruptibility state
 * @activity: L2's activity state
 * @interrupt_flag: L2's RFLAGS.IF
 * @delivering: the next entry delivers an event to L2
 */
struct event_view {
	u32 pending;
	u32 pin;
	u32 proc;
	u32 blocking;
	u32 activity;
	bool interrupt_flag;
	bool delivering;
};

/**
 * enum event_act - what L0 does next
 * @EVENT_GO_ON: no more than to open windows: L2 runs, or waits on
 * @EVENT_WAKE: L2's activity state becomes active; then look again
 * @EVENT_AFTER_DELIVERY: have the next entry deliver its event and come back
 * @EVENT_INJECT: have the next entry deliver @event to L2
 * @EVENT_EXIT: @event becomes a nested VM exit
 */
enum event_act {
	EVENT_GO_ON,
	EVENT_WAKE,
	EVENT_AFTER_DELIVERY,
	EVENT_INJECT,
	EVENT_EXIT,
};

/**
 * struct event_verdict - an answer of event_policy_decide()
 * @act: what to do
 * @event: EVENT_x that it is done for, 0 for none
 * @reason: of EVENT_EXIT: basic exit reason
 * @rule: of EVENT_EXIT: enum nvmx_exit_rule
 * @windows: EVENT_NMI_WINDOW and EVENT_INTR_WINDOW that L0 itself needs
 */
struct event_verdict {
	enum event_act act;
	u32 event;
	u32 reason;
	u32 rule;
	u32 windows;
};

/**
 * event_policy_decide() - which event comes next
 * @view: what it depends on
 *
 * SDM Vol. 3, "Priority Among Concurrent Events", "Other Causes of VM Exits",
 * "Activity State", and "Interruptibility State".
 *
 * Context: Any context.
 * Return: the verdict.
 */
struct event_verdict event_policy_decide(const struct event_view *view);

#endif /* NVMX_EVENT_POLICY_H */
