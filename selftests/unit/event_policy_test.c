// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: event_policy.c
/*
 * The choice among pending events over its whole domain, against what the SDM
 * says of each event in plain steps.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "event_policy.h"
#include "unit.h"

#define STI	BIT(0)
#define MOV_SS	BIT(1)
#define NMI	BIT(3)

/* Of view.pending; the windows come from the controls. */
static const u32 posted[] = {
	EVENT_INIT, EVENT_SIPI, EVENT_MTF, EVENT_TPR, EVENT_DEBUG, EVENT_TIMER, EVENT_NMI,
	EVENT_INTR, EVENT_VIRTUAL_INTR,
};

#define POSTED	ARRAY_SIZE(posted)

/* One number for each point of the domain. */
#define POINTS	(1U << (POSTED + 3 + 2 + 3 + 2 + 1 + 1))

static u32 take(u32 *n, unsigned int bits)
{
	u32 value = *n & (BIT(bits) - 1);

	*n >>= bits;
	return value;
}

static struct event_view point(u32 n)
{
	struct event_view view = {};
	unsigned int i;
	u32 bits;

	for (i = 0; i < POSTED; i++)
		view.pending |= take(&n, 1) ? posted[i] : 0;
	view.pin = take(&n, 1) ? PIN_BASED_EXT_INTR_MASK : 0;
	view.pin |= take(&n, 1) ? PIN_BASED_NMI_EXITING : 0;
	view.pin |= take(&n, 1) ? PIN_BASED_VIRTUAL_NMIS : 0;
	view.proc = take(&n, 1) ? CPU_BASED_NMI_WINDOW_EXITING : 0;
	view.proc |= take(&n, 1) ? CPU_BASED_INTR_WINDOW_EXITING : 0;
	bits = take(&n, 3);
	view.blocking = (bits & 3) | (bits & 4 ? NMI : 0);
	view.activity = take(&n, 2);
	view.interrupt_flag = take(&n, 1);
	view.delivering = take(&n, 1);
	return view;
}

/* ---- what the SDM says --------------------------------------------------- */

enum state { S_ACTIVE, S_HLT, S_SHUTDOWN, S_SIPI };

static bool interrupt_can_be_delivered(const struct event_view *v)
{
	return v->interrupt_flag && !(v->blocking & (STI | MOV_SS));
}

static bool nmi_can_be_delivered(const struct event_view *v)
{
	return !(v->blocking & (STI | MOV_SS | NMI));
}

static bool nmi_exits(const struct event_view *v)
{
	return v->pin & PIN_BASED_NMI_EXITING &&
	       (v->pin & PIN_BASED_VIRTUAL_NMIS || !(v->blocking & NMI));
}

static struct event_verdict exits(u32 event, u32 reason)
{
	return (struct event_verdict){
		.act = EVENT_EXIT, .event = event, .reason = reason,
	};
}

static struct event_verdict acts(enum event_act act, u32 event)
{
	return (struct event_verdict){ .act = act, .event = event };
}

/* What ends in a VM exit as soon as L2 is entered; of an L2 that waits, L0 makes it. */
static struct event_verdict soon(const struct event_view *v, u32 event, u32 reason)
{
	return v->activity == S_ACTIVE ? acts(EVENT_GO_ON, 0) : exits(event, reason);
}

/* SDM Vol. 3: priorities, one after the other, of an entry without injection. */
static struct event_verdict oracle(const struct event_view *v)
{
	bool halted_or_active = v->activity == S_ACTIVE || v->activity == S_HLT;
	u32 windows = 0;

	if (v->activity == S_SIPI)
		return v->pending & EVENT_SIPI ? exits(EVENT_SIPI, 4) : acts(EVENT_GO_ON, 0);
	if (v->pending & EVENT_INIT)
		return exits(EVENT_INIT, 3);
	if (v->pending & EVENT_MTF && halted_or_active)
		return soon(v, EVENT_MTF, 37);
	if (v->pending & EVENT_TPR && halted_or_active)
		return v->activity == S_ACTIVE ? acts(EVENT_GO_ON, 0) :
		       acts(EVENT_WAKE, EVENT_TPR);
	if (v->pending & EVENT_DEBUG && halted_or_active && !(v->blocking & MOV_SS))
		return v->activity == S_ACTIVE ? acts(EVENT_GO_ON, 0) :
		       acts(EVENT_WAKE, EVENT_DEBUG);
	if (v->pending & EVENT_TIMER)
		return soon(v, EVENT_TIMER, 52);
	if (v->proc & CPU_BASED_NMI_WINDOW_EXITING && nmi_can_be_delivered(v))
		return soon(v, EVENT_NMI_WINDOW, 8);
	if (v->pending & EVENT_NMI && nmi_exits(v))
		return exits(EVENT_NMI, 0);
	if (v->pending & EVENT_NMI && !(v->pin & PIN_BASED_NMI_EXITING)) {
		if (nmi_can_be_delivered(v))
			return acts(v->activity == S_ACTIVE ? EVENT_INJECT : EVENT_WAKE,
				    EVENT_NMI);
		windows |= EVENT_NMI_WINDOW;
	}
	if (v->proc & CPU_BASED_INTR_WINDOW_EXITING && halted_or_active &&
	    interrupt_can_be_delivered(v)) {
		struct event_verdict verdict = soon(v, EVENT_INTR_WINDOW, 7);

		verdict.windows = v->activity == S_ACTIVE ? windows : 0;
		return verdict;
	}
	if (v->pending & EVENT_VIRTUAL_INTR && v->activity == S_HLT &&
	    (!(v->pending & EVENT_INTR) || (!(v->pin & PIN_BASED_EXT_INTR_MASK) &&
					    !interrupt_can_be_delivered(v))))
		return acts(EVENT_WAKE, EVENT_VIRTUAL_INTR);
	if (v->pending & EVENT_INTR && halted_or_active) {
		struct event_verdict verdict = acts(EVENT_GO_ON, 0);

		if (v->pin & PIN_BASED_EXT_INTR_MASK)
			verdict = exits(EVENT_INTR, 1);
		else if (interrupt_can_be_delivered(v))
			verdict = acts(v->activity == S_ACTIVE ? EVENT_INJECT : EVENT_WAKE,
				       EVENT_INTR);
		else
			windows |= EVENT_INTR_WINDOW;
		verdict.windows = v->activity == S_ACTIVE ? windows : 0;
		return verdict;
	}
	return (struct event_verdict){
		.act = EVENT_GO_ON, .windows = v->activity == S_ACTIVE ? windows : 0,
	};
}

/* The delivery of an event comes first, whatever else is pending. */
static struct event_verdict oracle_delivering(const struct event_view *v)
{
	u32 windows = 0;

	if (v->pending & EVENT_INIT)
		return acts(EVENT_AFTER_DELIVERY, EVENT_INIT);
	if (v->pending & EVENT_NMI && nmi_exits(v))
		return acts(EVENT_AFTER_DELIVERY, EVENT_NMI);
	if (v->pending & EVENT_NMI && !(v->pin & PIN_BASED_NMI_EXITING))
		windows |= EVENT_NMI_WINDOW;
	if (v->pending & EVENT_INTR && v->pin & PIN_BASED_EXT_INTR_MASK)
		return (struct event_verdict){
			.act = EVENT_AFTER_DELIVERY, .event = EVENT_INTR,
			.windows = windows,
		};
	if (v->pending & EVENT_INTR)
		windows |= EVENT_INTR_WINDOW;
	return (struct event_verdict){ .act = EVENT_GO_ON, .windows = windows };
}

static bool same(const struct event_verdict *a, const struct event_verdict *b)
{
	return a->act == b->act && a->event == b->event && a->reason == b->reason &&
	       a->windows == b->windows;
}

/* ---- the domain ---------------------------------------------------------- */

UNIT_TEST(every_state_of_l2_gets_the_event_that_the_sdm_puts_first)
{
	struct event_verdict want, got;
	struct event_view view;
	u32 n;

	for (n = 0; n < POINTS; n++) {
		view = point(n);
		/* An event is delivered to an active L2 only. */
		if (view.delivering && view.activity != S_ACTIVE)
			continue;
		want = view.delivering ? oracle_delivering(&view) : oracle(&view);
		got = event_policy_decide(&view);
		if (!EXPECT_TRUE(same(&want, &got)))
			UNIT_NOTE("point %#x: pending %#x pin %#x proc %#x blocking %#x "
				  "activity %u IF %d delivering %d: act %d event %#x "
				  "reason %u windows %#x, should be %d %#x %u %#x",
				  n, view.pending, view.pin, view.proc, view.blocking,
				  view.activity, view.interrupt_flag, view.delivering,
				  got.act, got.event, got.reason, got.windows,
				  want.act, want.event, want.reason, want.windows);
	}
}

/* Nothing is lost: what is pending and not blocked for ever is acted on or waited for. */
UNIT_TEST(an_event_of_l1_is_never_forgotten_while_l2_is_active)
{
	struct event_verdict verdict;
	struct event_view view;
	u32 n;

	for (n = 0; n < POINTS; n++) {
		view = point(n);
		if (view.activity != S_ACTIVE || view.pending & ~(EVENT_NMI | EVENT_INTR) ||
		    view.proc || !(view.pending & EVENT_INTR))
			continue;
		verdict = event_policy_decide(&view);
		EXPECT_TRUE(verdict.act != EVENT_GO_ON ||
			    verdict.windows & EVENT_INTR_WINDOW);
	}
}

UNIT_TEST(each_nested_vm_exit_names_its_rule)
{
	static const struct {
		u32 reason, rule;
	} rules[] = {
		{ 0, NVMX_RULE_PIN(3) }, { 1, NVMX_RULE_PIN(0) },
		{ 3, NVMX_RULE_UNCONDITIONAL }, { 4, NVMX_RULE_WAIT_FOR_SIPI },
		{ 7, NVMX_RULE_PROC(2) }, { 8, NVMX_RULE_PROC(22) },
		{ 37, NVMX_RULE_PROC(27) }, { 52, NVMX_RULE_PIN(6) },
	};
	bool seen[ARRAY_SIZE(rules)] = {};
	struct event_verdict verdict;
	struct event_view view;
	unsigned int i;
	u32 n;

	for (n = 0; n < POINTS; n++) {
		view = point(n);
		verdict = event_policy_decide(&view);
		for (i = 0; i < ARRAY_SIZE(rules); i++) {
			if (verdict.act != EVENT_EXIT || verdict.reason != rules[i].reason)
				continue;
			EXPECT_EQ(rules[i].rule, verdict.rule);
			seen[i] = true;
		}
		if (verdict.act != EVENT_EXIT)
			EXPECT_EQ(0, verdict.rule);
	}
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (!EXPECT_TRUE(seen[i]))
			UNIT_NOTE("reason %u", rules[i].reason);
}

UNIT_MAIN
