/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX on one CPU, a VMCS that never becomes a guest, and the way back.
 */
#ifndef NVMX_PROOF_ENTER_H
#define NVMX_PROOF_ENTER_H

#include "ctrl_proof.h"

/**
 * proof_begin() - take VMX on this CPU and make the VMCS
 *
 * Context: Process context; the caller stays on this CPU until proof_end().
 * Return: 0 or
 * - %-ENOMEM: no memory
 * - %-EIO: VMXON, VMCLEAR or VMPTRLD was refused
 */
int proof_begin(void);

/**
 * proof_end() - give VMX back
 *
 * Context: Process context, on the CPU of proof_begin().
 */
void proof_end(void);

/**
 * proof_setup() - tell the processor and what is harmless
 * @setup: to be filled
 *
 * Context: Process context, on the CPU of proof_begin().
 */
void proof_setup(struct proof_setup *setup);

/**
 * proof_enter() - write fields and enter
 * @entry: the call
 *
 * Context: Process context, on the CPU of proof_begin().
 */
void proof_enter(struct proof_entry *entry);

/**
 * proof_vmenter() - enter (proof_vmenter.S)
 * @how: enum proof_how
 * @rip: encoding of HOST_RIP, to write it; 0: it is written
 *
 * Context: Interrupts off, the VMCS is current.
 * Return: enum proof_outcome.
 */
unsigned int proof_vmenter(unsigned int how, u64 rip);

#endif /* NVMX_PROOF_ENTER_H */
