/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VM-exit information: what the processor, or a post in its place, says of an exit,
 * and what L1 is told of it in vmcs12 and the run page.  Here what is seldom
 * needed; exit_info_run.h has the rest.
 */
#ifndef NVMX_EXIT_INFO_H
#define NVMX_EXIT_INFO_H

#include <linux/types.h>

struct exit_info;
struct l2_exit;
struct nvmx_vcpu;

/**
 * exit_info_read_details() - read what only some exits have
 * @exit: to be filled: interruption and instruction information, addresses
 *
 * Context: Preemption off, vmcs02 is current.
 */
void exit_info_read_details(struct l2_exit *exit);

/**
 * exit_info_read_vectoring() - read of the event whose delivery an exit broke off
 * @exit: its @idt_info is valid and is completed
 *
 * Context: Preemption off, vmcs02 is current.
 */
void exit_info_read_vectoring(struct l2_exit *exit);

/**
 * exit_info_undelivered() - an exit comes before what the entry was to deliver
 * @exit: gets the event as IDT-vectoring information; vmcs02 holds none any more
 *
 * An event that was not delivered is not lost; a pending MTF VM exit is, as to any
 * other exit that comes before it.
 *
 * Context: Preemption off, vmcs02 is current.
 */
void exit_info_undelivered(struct l2_exit *exit);

/**
 * exit_info_from_post() - NVMX_EXIT_L2 stands in for an exit
 * @vcpu: the vCPU; POST_EXIT is set, and is cleared
 * @exit: to be filled
 *
 * Context: Preemption off, vmcs02 is current.
 */
void exit_info_from_post(struct nvmx_vcpu *vcpu, struct l2_exit *exit);

/**
 * exit_info_is_qualified_else() - exit_info_is_qualified() of the less common exits
 * @info: of an exit whose reason alone does not tell
 *
 * Context: Any context.
 * Return: true if the exit has an exit qualification.
 */
bool exit_info_is_qualified_else(const struct exit_info *info);

/**
 * exit_info_tell_failed() - tell L1 of an entry that failed, in the run page
 * @vcpu: the vCPU
 * @reason: exit reason, all 32 bits
 * @qualification: exit qualification
 *
 * SDM Vol. 3, "VM-Entry Failures During or After Loading Guest State": nothing
 * else is defined.
 *
 * Context: nvmx_vcpu.lock is held.
 */
void exit_info_tell_failed(struct nvmx_vcpu *vcpu, u32 reason, u64 qualification);

#endif /* NVMX_EXIT_INFO_H */
