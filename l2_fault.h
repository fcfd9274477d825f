/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * EPT violations of L2, and what else EPT of L1 has to offer: #VE, the
 * page-modification log, EPTP switching.  All of it is done in software: none of
 * these features is ever on in vmcs02.
 */
#ifndef NVMX_L2_FAULT_H
#define NVMX_L2_FAULT_H

#include "ept.h"
#include "l0_emulate.h"

struct nvmx_vcpu;

/**
 * l2_fault_look() - find out what becomes of an EPT violation
 * @vcpu: the vCPU; L2 is live
 * @exit: the EPT violation
 * @fault: to be filled
 *
 * Adds to L1's page-modification log.
 *
 * Context: Process context, may sleep.
 * Return: enum ept_outcome, not EPT_SLEEP.
 */
enum ept_outcome l2_fault_look(struct nvmx_vcpu *vcpu, const struct l2_exit *exit,
			       struct ept_fault *fault);

/**
 * l2_fault_settle() - carry out what l2_fault_look() has found
 * @vcpu: the vCPU; L2 is live
 * @exit: the EPT violation; out, with L0_TO_L1: the nested VM exit; out, with
 *	L0_AGAIN: a #VE to be injected, if any
 * @fault: as filled
 * @outcome: as returned
 *
 * What the exit interrupted is for the caller to deliver again.
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: L0_AGAIN, L0_TO_L1, L0_TO_PROCESS, or L0_FAULT with EPT_SLEEP.
 */
enum l0_next l2_fault_settle(struct nvmx_vcpu *vcpu, struct l2_exit *exit,
			     const struct ept_fault *fault, enum ept_outcome outcome);

/**
 * l2_fault_loaded() - both, if no sleep is needed
 * @vcpu: the vCPU; L2 is live
 * @exit: the EPT violation; out: as l2_fault_settle()
 *
 * Context: Preemption off, vmcs02 is current, L2's registers are loaded.
 * Return: as l2_fault_settle(); L0_FAULT: nothing is settled yet.
 */
enum l0_next l2_fault_loaded(struct nvmx_vcpu *vcpu, struct l2_exit *exit);

/**
 * l2_vmfunc() - VMFUNC of L2, of a function that L1 has enabled
 * @vcpu: the vCPU; L2 is live
 * @exit: the exit
 *
 * Context: Preemption off, vmcs02 is current.
 * Return: L0_EPT_CHANGED, or L0_TO_L1 where the function is for L1 to look at.
 */
enum l0_next l2_vmfunc(struct nvmx_vcpu *vcpu, const struct l2_exit *exit);

#endif /* NVMX_L2_FAULT_H */
