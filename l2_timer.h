/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The VMX-preemption timer of vmcs02: L1's own, and a bound on each entry.
 */
#ifndef NVMX_L2_TIMER_H
#define NVMX_L2_TIMER_H

#include <linux/types.h>

struct nvmx_vcpu;

/**
 * l2_timer_idle() - L1 has no timer: only the bound counts
 * @vcpu: the vCPU
 *
 * Context: Preemption off, vmcs02 is current.
 */
void l2_timer_idle(struct nvmx_vcpu *vcpu);

/**
 * l2_timer_load() - let L1's timer count from a value on
 * @vcpu: the vCPU; L1 activates the timer
 * @value: as the field VMX-preemption timer value
 *
 * Context: Preemption off, vmcs02 is current.
 */
void l2_timer_load(struct nvmx_vcpu *vcpu, u32 value);

/**
 * l2_timer_left() - what L1's timer has left
 * @vcpu: the vCPU; L1 activates the timer
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: the value that an exit would save.
 */
u32 l2_timer_left(const struct nvmx_vcpu *vcpu);

/**
 * l2_timer_expired() - look at an exit due to the timer
 * @vcpu: the vCPU
 *
 * Winds the timer up again where it is not L1's that expired.
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: whether L1's timer expired.
 */
bool l2_timer_expired(struct nvmx_vcpu *vcpu);

/**
 * l2_timer_force() - have the next entry end before an instruction of L2
 * @vcpu: the vCPU
 *
 * After the delivery of an event, if there is one.  Without a timer in the
 * processor L2 runs until its next exit.
 *
 * Context: Preemption off, vmcs02 is current.
 */
void l2_timer_force(struct nvmx_vcpu *vcpu);

/**
 * l2_timer_unforce() - undo l2_timer_force()
 * @vcpu: the vCPU
 *
 * Context: Preemption off, vmcs02 is current.
 */
void l2_timer_unforce(struct nvmx_vcpu *vcpu);

#endif /* NVMX_L2_TIMER_H */
