/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All logical processors of L1s: how many a user may have, and a standstill of
 * all of them while this machine goes down, or sleeps.
 */
#ifndef NVMX_ROSTER_H
#define NVMX_ROSTER_H

#include <linux/compiler.h>
#include <linux/types.h>

struct nvmx_vcpu;

/** roster_still - no command may begin; see roster_wait() */
extern bool roster_still;

/**
 * roster_init() - follow suspend, hibernation and reboot of this machine
 *
 * Context: Process context, after vmx_cpu_init().
 * Return: 0, or what the registration of a notifier says.
 */
int roster_init(void);

/**
 * roster_exit() - undo roster_init()
 *
 * Context: Process context; no vCPU is left.
 */
void roster_exit(void);

/**
 * roster_add() - enter a vCPU, in the name of the current user
 * @vcpu: the vCPU, complete
 *
 * Context: Process context.
 * Return: 0, or -EMFILE if that user has as many as allowed.
 */
int roster_add(struct nvmx_vcpu *vcpu);

/**
 * roster_remove() - strike a vCPU
 * @vcpu: entered by roster_add()
 *
 * Context: Process context.
 */
void roster_remove(struct nvmx_vcpu *vcpu);

/**
 * roster_is_still() - whether a command must wait
 *
 * Asked with nvmx_vcpu.lock held: a "no" holds until the lock is released.
 *
 * Context: Any context.
 * Return: true if it must.
 */
static inline bool roster_is_still(void)
{
	return unlikely(READ_ONCE(roster_still));
}

/**
 * roster_wait() - sleep until commands may go on
 *
 * Context: Process context, no lock is held.
 * Return: 0, or -ERESTARTSYS if the task is being killed.
 */
int roster_wait(void);

#endif /* NVMX_ROSTER_H */
