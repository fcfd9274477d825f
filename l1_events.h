/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts, NMIs, INIT and start-up IPIs of L1's machine: pending until L2
 * gets them, L1 gets them by a nested VM exit, or the process takes them.
 */
#ifndef NVMX_L1_EVENTS_H
#define NVMX_L1_EVENTS_H

#include <linux/atomic.h>
#include <linux/types.h>

#include "event_policy.h"
#include "l0_emulate.h"

struct nvmx_event;
struct nvmx_snapshot_events;
struct nvmx_state;
struct nvmx_vcpu;

/** L1_VECTORS - vectors of external interrupts */
#define L1_VECTORS		256

/** L1_NO_SIPI - no start-up IPI is pending */
#define L1_NO_SIPI		(-1)

/**
 * struct l1_events - what is pending for L1's logical processor
 * @interrupts: a bit for each vector
 * @nmis: NMIs, at most two: one to be delivered and one latched behind it
 * @init: 1 if an INIT signal is
 * @sipi: vector of the start-up IPI, or L1_NO_SIPI
 * @verdict: the nested VM exit that was decided on; the run loop's own
 *
 * Set by anybody, without a lock; POST_EVENT is set after them.
 */
struct l1_events {
	DECLARE_BITMAP(interrupts, L1_VECTORS);
	atomic_t nmis;
	atomic_t init;
	atomic_t sipi;
	struct event_verdict verdict;
};

/**
 * l1_events_reset() - nothing is pending
 * @events: the events
 *
 * Context: Any context.
 */
void l1_events_reset(struct l1_events *events);

/**
 * l1_events_post() - make an event pending and have it noticed
 * @vcpu: the vCPU
 * @event: the event, from the process
 *
 * Context: Process context; no lock is needed.
 * Return: 0, or -EINVAL for an unknown type or a bad vector.
 */
int l1_events_post(struct nvmx_vcpu *vcpu, const struct nvmx_event *event);

/**
 * l1_events_take() - L1 itself takes an event that is pending
 * @vcpu: the vCPU
 * @event: its type; the vector is filled in
 *
 * Context: Process context; no lock is needed.
 * Return: 0 or
 * - %-EINVAL: unknown type
 * - %-EBUSY: L2 is live
 * - %-ENOENT: nothing of that type is pending
 */
int l1_events_take(struct nvmx_vcpu *vcpu, struct nvmx_event *event);

/**
 * l1_events_save() - what is pending, for a snapshot
 * @events: the events
 * @out: zeroed; to be filled
 *
 * Context: Any context.
 * Return: false if nothing is pending.
 */
bool l1_events_save(const struct l1_events *events, struct nvmx_snapshot_events *out);

/**
 * l1_events_load() - make pending what a snapshot says
 * @vcpu: the vCPU, of a fresh file
 * @in: judged
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 */
void l1_events_load(struct nvmx_vcpu *vcpu, const struct nvmx_snapshot_events *in);

/**
 * l1_events_report() - what is pending, for the process
 * @vcpu: the vCPU
 * @state: the members about events are filled
 *
 * Context: Process context.
 */
void l1_events_report(const struct nvmx_vcpu *vcpu, struct nvmx_state *state);

/** EVENTS_OF_L1 - the events that l1_events_pending() knows of */
#define EVENTS_OF_L1	(EVENT_INIT | EVENT_SIPI | EVENT_NMI | EVENT_INTR)

/**
 * l1_events_pending() - what of L1's events is to be looked at
 * @vcpu: the vCPU; L2 is live
 *
 * An interrupt only if its priority is above L1's TPR.  A start-up IPI that
 * nobody waits for is dropped.
 *
 * Context: Any context.
 * Return: EVENT_x.
 */
u32 l1_events_pending(struct nvmx_vcpu *vcpu);

/**
 * l1_events_view() - what the choice among events depends on
 * @vcpu: the vCPU; L2 is live
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: the view.
 */
struct event_view l1_events_view(struct nvmx_vcpu *vcpu);

/**
 * l1_events_before_entry() - do what is to be done for pending events
 * @vcpu: the vCPU; L2 is live and active
 *
 * Context: Interrupts off, vmcs02 is current, right before the entry.
 * Return: L0_AGAIN to enter, or L0_L1_EVENT: see l1_events_exit().
 */
enum l0_next l1_events_before_entry(struct nvmx_vcpu *vcpu);

/**
 * l1_events_exit() - make the nested VM exit that was decided on
 * @vcpu: the vCPU; l1_events.verdict is set
 * @exit: to be filled
 *
 * The event is no longer pending then, but for an external interrupt without
 * "acknowledge interrupt on exit".
 *
 * Context: nvmx_vcpu.lock is held.
 */
void l1_events_exit(struct nvmx_vcpu *vcpu, struct l2_exit *exit);

/**
 * l1_events_left_l2() - L2 is left: what only L2 could notice is lost
 * @vcpu: the vCPU
 *
 * Context: nvmx_vcpu.lock is held.
 */
void l1_events_left_l2(struct nvmx_vcpu *vcpu);

#endif /* NVMX_L1_EVENTS_H */
