/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor that L1 sees: what L0 offers of what the real one has.
 */
#ifndef NVMX_VMX_CAPS_H
#define NVMX_VMX_CAPS_H

#include <linux/types.h>

#include "field_policy.h"

/** NVMX_VMCS12_REVISION - VMCS revision identifier of L1's processor */
#define NVMX_VMCS12_REVISION	0x4e564d58

/**
 * struct vmx_caps_host - what the offer is computed from
 * @msr: VMX capability MSRs of the real processor
 * @xcr0: XCR0 of the host
 * @maxphyaddr: physical-address width
 */
struct vmx_caps_host {
	const u64 *msr;
	u64 xcr0;
	u32 maxphyaddr;
};

/**
 * vmx_caps_offer() - the most that L1 may be given
 * @host: the real processor
 * @caps: to be filled
 *
 * Context: Any context.
 */
void vmx_caps_offer(const struct vmx_caps_host *host, struct nvmx_caps *caps);

/**
 * vmx_caps_profile() - adapt capabilities to a profile
 * @caps: capabilities
 * @profile: enum nvmx_profile
 *
 * Context: Any context.
 */
void vmx_caps_profile(struct nvmx_caps *caps, u32 profile);

/**
 * vmx_caps_within() - whether capabilities are no more than others
 * @caps: what is wanted
 * @offered: the most that may be had
 *
 * Every control that must be 1 must be allowed to be 1, and bits that L0 needs
 * constant must be as offered.
 *
 * Context: Any context.
 * Return: true if L1 may be given @caps.
 */
bool vmx_caps_within(const struct nvmx_caps *caps, const struct nvmx_caps *offered);

#endif /* NVMX_VMX_CAPS_H */
