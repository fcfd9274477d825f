// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMX-preemption timer of vmcs02.  It always counts, where the processor has
 * one: so an L2 that the host's interrupts do not reach, or whose event delivery
 * never ends, leaves after a while whatever it does.
 *
 * The field keeps its value over exits as long as they do not save it, so for an
 * L1 without timer it is written once.  L1's own timer counts in stretches of at
 * most that length.
 */
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <asm/tsc.h>

#include "l2_timer.h"
#include "vcpu.h"
#include "vmx_ops.h"

/* How long L2 may run without an exit, in ms: about a tick. */
#define BOUND_MS	4

static bool has_timer(void)
{
	return vmx_host_has(CAP_PIN(6));
}

static u32 bound(void)
{
	u64 cycles = (u64)tsc_khz * BOUND_MS;

	return clamp_t(u64, cycles >> vmx_misc_preemption_timer_rate(vmx_host.msr[CAPS_MISC]),
		       1, U32_MAX);
}

/* The next stretch of L1's timer. */
static void wind_up(struct vmcs02 *v)
{
	u32 stretch = min(v->timer_more, bound());

	v->timer_more -= stretch;
	vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, stretch);
}

void l2_timer_idle(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	v->timer_more = 0;
	v->timer_forced = false;
	if (has_timer())
		vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, bound());
}

void l2_timer_load(struct nvmx_vcpu *vcpu, u32 value)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	v->timer_more = value;
	v->timer_forced = false;
	wind_up(v);
}

u32 l2_timer_left(const struct nvmx_vcpu *vcpu)
{
	const struct vmcs02 *v = &vcpu->vmcs02;

	return v->timer_more + (v->timer_forced ? v->timer_kept :
				vmcs_read32(VMX_PREEMPTION_TIMER_VALUE));
}

bool l2_timer_expired(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	if (v->timer_forced) {
		l2_timer_unforce(vcpu);
		return v->timer && !l2_timer_left(vcpu);
	}
	if (!v->timer || !v->timer_more)
		return v->timer;

	wind_up(v);
	return false;
}

void l2_timer_force(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	if (v->timer_forced || !has_timer())
		return;

	v->timer_kept = vmcs_read32(VMX_PREEMPTION_TIMER_VALUE);
	v->timer_forced = true;
	vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, 0);
}

void l2_timer_unforce(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	if (!v->timer_forced)
		return;

	v->timer_forced = false;
	vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, v->timer_kept);
}
