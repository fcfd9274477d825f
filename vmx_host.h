/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What this machine's processors have, and whether VMX is there for us.
 */
#ifndef NVMX_VMX_HOST_H
#define NVMX_VMX_HOST_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "field_policy.h"

/**
 * struct vmx_host - what this machine's processors have
 * @msr: VMX capability MSRs, IA32_VMX_BASIC + index
 * @xcr0: XCR0 of the host; 0 without XSAVE
 * @efer: IA32_EFER of the host
 * @pat: IA32_PAT of the host
 */
struct vmx_host {
	u64 msr[NVMX_CAP_MSRS];
	u64 xcr0;
	u64 efer;
	u64 pat;
};

/** vmx_host - set at module load, constant from then on */
extern struct vmx_host vmx_host;

/**
 * vmx_host_has() - whether this machine's processors have a capability
 * @cap: CAP_x of field_policy.h
 *
 * Context: Any context, once vmx_host is set.
 * Return: true if they do.
 */
static inline bool vmx_host_has(u16 cap)
{
	BUILD_BUG_ON(offsetof(struct nvmx_caps, msr) != 0);

	return nvmx_caps_has((const struct nvmx_caps *)vmx_host.msr, cap);
}

/**
 * vmx_host_probe() - see what the processors have and whether VMX is free
 *
 * Sets vmx_host.  What is in the way is said in the kernel log, with a cure.
 *
 * Context: Process context, at module load.
 * Return: 0 or
 * - %-ENODEV: no VT-x, or it lacks what the module needs
 * - %-EOPNOTSUPP: firmware does not let it be used, or the host uses FRED
 * - %-EBUSY: VMX is in use, or kvm_intel is loaded
 */
int vmx_host_probe(void);

#endif /* NVMX_VMX_HOST_H */
