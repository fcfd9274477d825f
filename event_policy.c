// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of the events that are pending for L2 comes next: a table with a row
 * for each event, the highest priority first.
 *
 * Much of it the processor decides by itself when L2 is entered: a pending MTF
 * VM exit, the TPR threshold, debug exceptions, the timer, L1's windows.  Each of
 * them ends in a VM exit before the next instruction, and then L0 looks again.
 * So L0 has to act only on what the processor does not know of: the events of
 * L1's machine, and an L2 that waits.
 */
#include <linux/bits.h>
#include <linux/kernel.h>

#include "event_policy.h"

#define BLOCKED_BY_INSTRUCTION	(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS)

/* Activity states in which an event is looked at. */
#define ACTIVE		BIT(GUEST_ACTIVITY_ACTIVE)
#define HALTED		BIT(GUEST_ACTIVITY_HLT)
#define SHUT_DOWN	BIT(GUEST_ACTIVITY_SHUTDOWN)
#define WAIT_SIPI	BIT(GUEST_ACTIVITY_WAIT_SIPI)

/**
 * enum fate - what becomes of one event, nothing else considered
 * @BLOCKED: nothing
 * @BY_L0: a nested VM exit, of L0's making
 * @BY_PROCESSOR: the processor does what is to be done as soon as L2 is entered
 * @DELIVERED: it is delivered to L2
 * @WINDOW: it will be delivered when a window opens
 */
enum fate { BLOCKED, BY_L0, BY_PROCESSOR, DELIVERED, WINDOW };

/**
 * struct event_row - an event
 * @event: EVENT_x
 * @states: activity states in which it is looked at
 * @reason: basic exit reason of its VM exit; 0 where the processor must make it
 * @rule: enum nvmx_exit_rule of that
 * @window: window that L0 needs for it
 * @fate: what becomes of it
 */
struct event_row {
	u16 event;
	u8 states;
	u8 reason;
	u16 rule;
	u16 window;
	enum fate (*fate)(const struct event_view *view);
};

static enum fate always_exits(const struct event_view *view)
{
	return BY_L0;
}

static enum fate always_processors(const struct event_view *view)
{
	return BY_PROCESSOR;
}

/* SDM Vol. 3, "Delivery of Pending Debug Exceptions after VM Entry". */
static enum fate debug(const struct event_view *view)
{
	return view->blocking & GUEST_INTR_STATE_MOV_SS ? BLOCKED : BY_PROCESSOR;
}

static bool nmis_open(const struct event_view *view)
{
	return !(view->blocking & (GUEST_INTR_STATE_NMI | BLOCKED_BY_INSTRUCTION));
}

static bool interrupts_open(const struct event_view *view)
{
	return view->interrupt_flag && !(view->blocking & BLOCKED_BY_INSTRUCTION);
}

static enum fate nmi_window(const struct event_view *view)
{
	return nmis_open(view) ? BY_PROCESSOR : BLOCKED;
}

static enum fate interrupt_window(const struct event_view *view)
{
	return interrupts_open(view) ? BY_PROCESSOR : BLOCKED;
}

/*
 * With "virtual NMIs" the blocking is that of virtual NMIs, and STI and MOV SS
 * need not block what exits.
 */
static enum fate nmi(const struct event_view *view)
{
	if (!(view->pin & PIN_BASED_NMI_EXITING))
		return nmis_open(view) ? DELIVERED : WINDOW;
	if (!(view->pin & PIN_BASED_VIRTUAL_NMIS) &&
	    (view->blocking & GUEST_INTR_STATE_NMI))
		return BLOCKED;
	return BY_L0;
}

/* What exits does so whatever RFLAGS.IF is. */
static enum fate interrupt(const struct event_view *view)
{
	if (view->pin & PIN_BASED_EXT_INTR_MASK)
		return BY_L0;
	return interrupts_open(view) ? DELIVERED : WINDOW;
}

static const struct event_row event_rows[] = {
	{ EVENT_INIT, ACTIVE | HALTED | SHUT_DOWN, EXIT_REASON_INIT_SIGNAL,
	  NVMX_RULE_UNCONDITIONAL, 0, always_exits },
	{ EVENT_SIPI, WAIT_SIPI, EXIT_REASON_SIPI_SIGNAL,
	  NVMX_RULE_WAIT_FOR_SIPI, 0, always_exits },
	{ EVENT_MTF, ACTIVE | HALTED, EXIT_REASON_MONITOR_TRAP_FLAG,
	  NVMX_RULE_PROC(27), 0, always_processors },
	{ EVENT_TPR, ACTIVE | HALTED, 0, 0, 0, always_processors },
	{ EVENT_DEBUG, ACTIVE | HALTED, 0, 0, 0, debug },
	{ EVENT_TIMER, ACTIVE | HALTED | SHUT_DOWN, EXIT_REASON_PREEMPTION_TIMER,
	  NVMX_RULE_PIN(6), 0, always_processors },
	{ EVENT_NMI_WINDOW, ACTIVE | HALTED | SHUT_DOWN, EXIT_REASON_NMI_WINDOW,
	  NVMX_RULE_PROC(22), 0, nmi_window },
	{ EVENT_NMI, ACTIVE | HALTED | SHUT_DOWN, EXIT_REASON_EXCEPTION_NMI,
	  NVMX_RULE_PIN(3), EVENT_NMI_WINDOW, nmi },
	{ EVENT_INTR_WINDOW, ACTIVE | HALTED, EXIT_REASON_INTERRUPT_WINDOW,
	  NVMX_RULE_PROC(2), 0, interrupt_window },
	{ EVENT_INTR, ACTIVE | HALTED, EXIT_REASON_EXTERNAL_INTERRUPT,
	  NVMX_RULE_PIN(0), EVENT_INTR_WINDOW, interrupt },
	{ EVENT_VIRTUAL_INTR, HALTED, 0, 0, 0, always_processors },
};

static u32 present(const struct event_view *view)
{
	u32 events = view->pending & ~(EVENT_NMI_WINDOW | EVENT_INTR_WINDOW);

	if (view->proc & CPU_BASED_NMI_WINDOW_EXITING)
		events |= EVENT_NMI_WINDOW;
	if (view->proc & CPU_BASED_INTR_WINDOW_EXITING)
		events |= EVENT_INTR_WINDOW;
	return events;
}

static void settle(struct event_verdict *verdict, const struct event_row *row,
		   enum event_act act)
{
	verdict->act = act;
	verdict->event = row->event;
	if (act == EVENT_EXIT) {
		verdict->reason = row->reason;
		verdict->rule = row->rule;
	}
}

/* An L2 that is active: the processor is about to be entered. */
static bool judge_active(struct event_verdict *verdict, const struct event_row *row,
			 enum fate fate)
{
	switch (fate) {
	case BY_L0:
		settle(verdict, row, EVENT_EXIT);
		return true;
	case DELIVERED:
		settle(verdict, row, EVENT_INJECT);
		return true;
	case BY_PROCESSOR:
		return true;
	case WINDOW:
		verdict->windows |= row->window;
		return false;
	case BLOCKED:
		break;
	}
	return false;
}

/* An L2 that waits: the processor will not be entered unless it wakes up. */
static bool judge_waiting(struct event_verdict *verdict, const struct event_row *row,
			  enum fate fate)
{
	switch (fate) {
	case BY_PROCESSOR:
		settle(verdict, row, row->reason ? EVENT_EXIT : EVENT_WAKE);
		return true;
	case BY_L0:
		settle(verdict, row, EVENT_EXIT);
		return true;
	case DELIVERED:
		settle(verdict, row, EVENT_WAKE);
		return true;
	case WINDOW:
	case BLOCKED:
		break;
	}
	return false;
}

/*
 * VM entry delivers its event before any other is looked at, and what blocks is
 * another then: so L0 must get control right after it, or has a window opened.
 */
static bool judge_delivering(struct event_verdict *verdict, const struct event_row *row,
			     enum fate fate)
{
	switch (fate) {
	case BY_L0:
		settle(verdict, row, EVENT_AFTER_DELIVERY);
		return true;
	case DELIVERED:
	case WINDOW:
		verdict->windows |= row->window;
		break;
	case BY_PROCESSOR:
	case BLOCKED:
		break;
	}
	return false;
}

struct event_verdict event_policy_decide(const struct event_view *view)
{
	struct event_verdict verdict = { .act = EVENT_GO_ON };
	u32 events = present(view);
	const struct event_row *row;
	bool done = false;

	for (row = event_rows; row < event_rows + ARRAY_SIZE(event_rows) && !done; row++) {
		if (!(events & row->event) || !(row->states & BIT(view->activity & 3)))
			continue;
		if (view->delivering)
			done = judge_delivering(&verdict, row, row->fate(view));
		else if (view->activity == GUEST_ACTIVITY_ACTIVE)
			done = judge_active(&verdict, row, row->fate(view));
		else
			done = judge_waiting(&verdict, row, row->fate(view));
	}
	return verdict;
}
