/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The activity states of L2 other than active: HLT, shutdown, wait-for-SIPI.
 */
#ifndef NVMX_L2_WAIT_H
#define NVMX_L2_WAIT_H

struct nvmx_vcpu;

/**
 * enum l2_wake - what ended L2's wait
 * @L2_ACTIVE: L2 is active, or a posted nested VM exit is to be taken
 * @L2_EVENT: an event causes a nested VM exit: see l1_events_exit()
 * @L2_INTERRUPTED: a signal, a kick or nvmx_run.immediate_exit
 */
enum l2_wake { L2_ACTIVE, L2_EVENT, L2_INTERRUPTED };

/**
 * l2_wait_active() - wait while L2's activity state is not active
 * @vcpu: the vCPU; L2 is live
 *
 * The VMX-preemption timer counts on while L2 is halted or shut down.
 *
 * Context: Process context, may sleep; nvmx_vcpu.lock is held.
 * Return: enum l2_wake.
 */
enum l2_wake l2_wait_active(struct nvmx_vcpu *vcpu);

#endif /* NVMX_L2_WAIT_H */
