// SPDX-License-Identifier: GPL-2.0-only
/*
 * The activity states of L2 other than active.  HLT, shutdown and wait-for-SIPI
 * are sleeps of L0: the processor itself never gets into them.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/sched/signal.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>
#include <asm/tsc.h>

#include "l2_wait.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

static bool wakes_up(const struct nvmx_vcpu *vcpu)
{
	return READ_ONCE(vcpu->posts) || READ_ONCE(vcpu->run->immediate_exit);
}

/*
 * The VMX-preemption timer counts on while L2 is halted or shut down.  With
 * vmcs02 current: what is left of it, in ns.
 */
static u64 timer_left_ns(u32 value)
{
	u64 cycles = (u64)value << vmx_misc_preemption_timer_rate(vmx_host.msr[CAPS_MISC]);

	return mul_u64_u64_div_u64(cycles, NSEC_PER_MSEC, tsc_khz);
}

static u32 timer_after_ns(u32 value, u64 ns)
{
	u64 ticks = mul_u64_u64_div_u64(ns, tsc_khz, NSEC_PER_MSEC) >>
		    vmx_misc_preemption_timer_rate(vmx_host.msr[CAPS_MISC]);

	return ticks < value ? value - ticks : 0;
}

/* Read the timer, or write it: -ENODEV if VMX is off here. */
static int timer_access(struct nvmx_vcpu *vcpu, u32 *value, bool write)
{
	int ret;

	preempt_disable();
	ret = vmcs02_load(vcpu);
	if (!ret && write)
		vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, *value);
	else if (!ret)
		*value = vmcs_read32(VMX_PREEMPTION_TIMER_VALUE);
	preempt_enable();
	return ret;
}

/* Return: whether the timer ran out before a post or a signal came. */
static bool wait_for_timer(struct nvmx_vcpu *vcpu)
{
	u64 start = ktime_get_ns();
	u32 value;

	if (timer_access(vcpu, &value, false))
		return false;

	wait_event_interruptible_hrtimeout(vcpu->wait, wakes_up(vcpu),
					   ns_to_ktime(timer_left_ns(value)));
	value = timer_after_ns(value, ktime_get_ns() - start);
	if (timer_access(vcpu, &value, true))
		return false;
	return !value && !wakes_up(vcpu) && !signal_pending(current);
}

enum l2_wake l2_wait_active(struct nvmx_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);

	if (likely(vcpu->activity == GUEST_ACTIVITY_ACTIVE))
		return L2_ACTIVE;
	if (vcpu->activity == GUEST_ACTIVITY_HLT && l2_apic_wakes(vcpu)) {
		vcpu->activity = GUEST_ACTIVITY_ACTIVE;
		return L2_ACTIVE;
	}

	if (vcpu->vmcs02.timer && vcpu->activity != GUEST_ACTIVITY_WAIT_SIPI) {
		if (wait_for_timer(vcpu))
			return L2_TIMER;
	} else {
		wait_event_interruptible(vcpu->wait, wakes_up(vcpu));
	}
	if (test_bit(POST_EXIT, &vcpu->posts))
		return L2_ACTIVE;
	clear_bit(POST_KICK, &vcpu->posts);
	return L2_INTERRUPTED;
}
