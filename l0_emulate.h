/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What L0 does with an exit that L1 did not ask for: what the processor of
 * L1's machine would have done.
 */
#ifndef NVMX_L0_EMULATE_H
#define NVMX_L0_EMULATE_H

#include <linux/types.h>

#include "exit_policy.h"

struct nvmx_vcpu;

/**
 * struct l2_exit - a VM exit of L2, and what is to become of it
 * @info: what routing looks at
 * @reason: exit reason, all 32 bits
 * @instruction_len: VM-exit instruction length
 * @idt_info: IDT-vectoring information
 * @idt_error_code: IDT-vectoring error code
 * @linear_address: guest-linear address
 * @physical_address: guest-physical address
 * @rule: enum nvmx_exit_rule
 * @inject_info: event that L0 delivers to L2 with the next entry, 0 for none
 * @inject_error_code: its error code
 * @inject_len: its instruction length
 */
struct l2_exit {
	struct exit_info info;
	u32 reason;
	u32 instruction_len;
	u32 idt_info;
	u32 idt_error_code;
	u64 linear_address;
	u64 physical_address;
	u32 rule;
	u32 inject_info;
	u32 inject_error_code;
	u32 inject_len;
};

/**
 * enum l0_next - what comes after an exit
 * @L0_AGAIN: enter L2 again
 * @L0_WAIT: L2's activity state is no longer active: wait first
 * @L0_TO_L1: a nested VM exit, as &struct l2_exit says
 * @L0_TO_PROCESS: nvmx_vcpu.l0_event is set
 * @L0_FAULT: an EPT violation or misconfiguration to be looked at
 * @L0_INTERRUPTED: back to the process with NVMX_KIND_INTERRUPTED
 * @L0_RESCHED: somebody else wants this CPU, or vmcs02 must be loaded again
 * @L0_BUG: the processor refused vmcs02
 */
enum l0_next {
	L0_AGAIN,
	L0_WAIT,
	L0_TO_L1,
	L0_TO_PROCESS,
	L0_FAULT,
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
 * Ends blocking by STI and MOV SS, and leaves a single-step trap pending.
 *
 * Context: Preemption off, vmcs02 is current.
 */
void l0_skip_instruction(u32 length);

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
