/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What L0 does with an exit that L1 did not ask for: what the processor of
 * L1's machine would have done.
 */
#ifndef NVMX_L0_EMULATE_H
#define NVMX_L0_EMULATE_H

#include <linux/types.h>

#include "exit_policy.h"

struct l2_exit;
struct nvmx_vcpu;

/**
 * enum l0_next - what comes after an exit
 * @L0_AGAIN: enter L2 again
 * @L0_WAIT: L2's activity state is no longer active: wait first
 * @L0_TO_L1: a nested VM exit, as &struct l2_exit says
 * @L0_L1_EVENT: a nested VM exit, as l1_events_exit() says
 * @L0_TO_PROCESS: nvmx_vcpu.l0_event is set
 * @L0_FAULT: an EPT violation or misconfiguration to be looked at where that may
 *	sleep
 * @L0_EPT_CHANGED: L2 goes on under another EPT12
 * @L0_INTERRUPTED: back to the process with NVMX_KIND_INTERRUPTED
 * @L0_RESCHED: somebody else wants this CPU, or vmcs02 must be loaded again
 * @L0_BUG: the processor refused vmcs02
 */
enum l0_next {
	L0_AGAIN,
	L0_WAIT,
	L0_TO_L1,
	L0_L1_EVENT,
	L0_TO_PROCESS,
	L0_FAULT,
	L0_EPT_CHANGED,
	L0_INTERRUPTED,
	L0_RESCHED,
	L0_BUG,
};

/**
 * l0_emulate() - handle an exit that is L0's
 * @vcpu: the vCPU
 * @exit: the exit; an event to be injected is put in
 *
 * Context: Preemption off, vmcs02 is current, L2's registers are loaded.
 * Return: enum l0_next.
 */
enum l0_next l0_emulate(struct nvmx_vcpu *vcpu, struct l2_exit *exit);

/**
 * l0_skip_instruction() - advance L2 past the instruction that exited
 * @length: its length in bytes
 *
 * Ends blocking by STI and MOV SS, and leaves a single-step trap and the VM exit
 * of the monitor trap flag pending.
 *
 * Context: Preemption off, vmcs02 is current.
 */
void l0_skip_instruction(u32 length);

/**
 * l0_block_nmis_again() - undo what IRET did to NMIs before it faulted
 * @exit: the exit: IRET had unblocked NMIs
 *
 * Nothing to do if the exit happened while an event was delivered.  SDM Vol. 3,
 * "Resuming Guest Software after Handling an Exception".
 *
 * Context: Preemption off, vmcs02 is current.
 */
void l0_block_nmis_again(const struct l2_exit *exit);

/**
 * l0_gpr_operand() - register operand of an instruction of L2
 * @vcpu: the vCPU
 * @nr: enum nvmx_gpr
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: its value: 64 bits in 64-bit mode, else 32.
 */
u64 l0_gpr_operand(const struct nvmx_vcpu *vcpu, unsigned int nr);

/**
 * l0_raise() - have an exception delivered to L2
 * @exit: the exit
 * @vector: exception vector
 * @has_error_code: push an error code
 * @error_code: error code
 *
 * If the exit happened while another event was delivered, both combine to a
 * double fault or a triple fault as the SDM says.
 *
 * Context: Any context.
 * Return: L0_AGAIN, or L0_TO_L1 with @exit changed into a triple fault.
 */
enum l0_next l0_raise(struct l2_exit *exit, u8 vector, bool has_error_code,
		      u32 error_code);

#endif /* NVMX_L0_EMULATE_H */
