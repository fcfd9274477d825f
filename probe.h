/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor as judge of a vmcs12.
 */
#ifndef NVMX_PROBE_H
#define NVMX_PROBE_H

#include <linux/types.h>

struct nvmx_failure;
struct nvmx_probe;
struct nvmx_vcpu;

/**
 * probe_module_init() - make what all probes share
 *
 * Context: Process context; at module load.
 * Return: 0, or -ENOMEM.
 */
int probe_module_init(void);

/**
 * probe_module_exit() - free it
 *
 * Context: Process context.
 */
void probe_module_exit(void);

/**
 * probe_run() - have the processor judge the current vmcs12
 * @vcpu: the vCPU; nested_check() has just judged its current vmcs12
 * @list: the rules that it found broken
 * @count: elements of @list
 * @total: rules that it found broken, which may be more
 * @probe: the answer
 *
 * One entry that ends before the first instruction, without a page of memory
 * for L2.  L2's registers and vmcs12 stay as they are; the next entry makes
 * vmcs02 anew.
 *
 * Context: Process context, nvmx_vcpu.lock is held, L2 is not live.
 * Return: 0 or
 * - %-EOPNOTSUPP: the processor has no VMX-preemption timer
 * - %-ENODEV: VMX is off on this CPU
 * - %-EIO: the processor refused a field of vmcs02
 */
int probe_run(struct nvmx_vcpu *vcpu, const struct nvmx_failure *list, u32 count,
	      u32 total, struct nvmx_probe *probe);

#endif /* NVMX_PROBE_H */
