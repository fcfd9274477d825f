// SPDX-License-Identifier: GPL-2.0-only
/*
 * The logical processors of all open files.
 *
 * For suspend and hibernation VMX is given up before user space is frozen and
 * comes back after it is thawed.  In between no command runs: those that are
 * under way are waited for, L2s are kicked, and new ones sleep where the
 * freezer finds them.  So no command ever sees VMX vanish, and L1 does not
 * notice.
 */
#define pr_fmt(fmt) "nested_vmx: " fmt

#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/suspend.h>
#include <linux/wait.h>

#include "roster.h"
#include "vcpu.h"

static unsigned int max_files = 64;
module_param(max_files, uint, 0600);
MODULE_PARM_DESC(max_files, "Open files of one user; memory per file is bounded (default: 64)");

/* How long a standstill waits for a command: two seconds. */
#define STILL_TRIES	200
#define STILL_MS	10

bool roster_still;

/* Lock order: roster_lock -> nvmx_vcpu.lock. */
static DEFINE_MUTEX(roster_lock);
static LIST_HEAD(roster);
static DECLARE_WAIT_QUEUE_HEAD(roster_queue);

int roster_add(struct nvmx_vcpu *vcpu)
{
	unsigned int files = 0;
	struct nvmx_vcpu *other;
	int ret = 0;

	vcpu->user = current_uid();

	mutex_lock(&roster_lock);
	list_for_each_entry(other, &roster, roster)
		files += uid_eq(other->user, vcpu->user);
	if (files < READ_ONCE(max_files))
		list_add(&vcpu->roster, &roster);
	else
		ret = -EMFILE;
	mutex_unlock(&roster_lock);
	return ret;
}

void roster_remove(struct nvmx_vcpu *vcpu)
{
	mutex_lock(&roster_lock);
	list_del(&vcpu->roster);
	mutex_unlock(&roster_lock);
}

int roster_wait(void)
{
	return wait_event_state(roster_queue, !READ_ONCE(roster_still),
				(TASK_KILLABLE | TASK_FREEZABLE));
}

/*
 * A command ends soon, but for one that faults on user memory that never comes
 * (userfaultfd): for that no suspend waits forever.
 */
static int wait_for_command(struct nvmx_vcpu *vcpu)
{
	unsigned int tries;

	nvmx_vcpu_post(vcpu, POST_KICK);
	for (tries = 0; tries < STILL_TRIES; tries++) {
		if (try_lock(&vcpu->lock)) {
			try_unlock(&vcpu->lock);
			return 0;
		}
		msleep(STILL_MS);
	}
	return -EBUSY;
}

/* Whoever gets a vCPU's lock after this sees that it must wait. */
static int stand_still(void)
{
	struct nvmx_vcpu *vcpu;
	int ret = 0;

	mutex_lock(&roster_lock);
	WRITE_ONCE(roster_still, true);
	list_for_each_entry(vcpu, &roster, roster) {
		ret = wait_for_command(vcpu);
		if (ret)
			break;
	}
	mutex_unlock(&roster_lock);
	return ret;
}

static void go_on(void)
{
	WRITE_ONCE(roster_still, false);
	wake_up_all(&roster_queue);
}

static int prepare(void)
{
	int ret = stand_still();

	if (ret) {
		pr_warn_ratelimited("a command does not end: this machine cannot sleep\n");
		go_on();
		return notifier_from_errno(ret);
	}
	vmx_cpu_hold();
	return NOTIFY_OK;
}

static int roster_pm(struct notifier_block *nb, unsigned long event, void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		return prepare();
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		vmx_cpu_release();
		go_on();
		break;
	}
	return NOTIFY_OK;
}

static struct notifier_block roster_pm_nb = { .notifier_call = roster_pm };

/*
 * Reboot, poweroff, kexec: for good.  What is under way is not waited for, lest
 * it keep the machine from going down; without VMX its instructions fail.
 */
static int roster_reboot(struct notifier_block *nb, unsigned long event, void *data)
{
	WRITE_ONCE(roster_still, true);
	vmx_cpu_hold();
	return NOTIFY_OK;
}

static struct notifier_block roster_reboot_nb = { .notifier_call = roster_reboot };

int roster_init(void)
{
	int ret;

	ret = register_reboot_notifier(&roster_reboot_nb);
	if (ret)
		return ret;

	ret = register_pm_notifier(&roster_pm_nb);
	if (ret)
		unregister_reboot_notifier(&roster_reboot_nb);
	return ret;
}

void roster_exit(void)
{
	unregister_pm_notifier(&roster_pm_nb);
	unregister_reboot_notifier(&roster_reboot_nb);
}
