/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a logical processor as a snapshot, and back.
 */
#ifndef NVMX_SNAPSHOT_STATE_H
#define NVMX_SNAPSHOT_STATE_H

#include <linux/types.h>

struct nvmx_snapshot;
struct nvmx_vcpu;

/**
 * snapshot_save() - write down the nested state
 * @vcpu: the vCPU
 * @data: set to the snapshot; to be freed by kvfree()
 * @bytes: set to its length
 *
 * Guest state of a live L2 comes into the current vmcs12, as by a VM exit.
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: 0, %-ENOMEM, or %-ENODEV if VMX is off on this CPU.
 */
int snapshot_save(struct nvmx_vcpu *vcpu, void **data, u64 *bytes);

/**
 * snapshot_load() - take over a nested state
 * @vcpu: the vCPU, at level L0; on failure it is as it was
 * @data: the snapshot, hostile; aligned to 8
 * @bytes: its length
 * @cmd: its members on refusals are filled
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: 0 or
 * - %-EINVAL: refused; @cmd says why
 * - %-ENOMEM: out of memory
 * - %-ENODEV: VMX is off on this CPU
 * - %-EIO: the processor refused what L0 gave it
 */
int snapshot_load(struct nvmx_vcpu *vcpu, const void *data, u64 bytes,
		  struct nvmx_snapshot *cmd);

#endif /* NVMX_SNAPSHOT_STATE_H */
