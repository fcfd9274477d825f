// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test module: it loads in the emulated machine only, where a verdict that
 * nobody expected crashes nothing but that.
 */
#define pr_fmt(fmt) "ctrl_proof: " fmt

#include <linux/cpumask.h>
#include <linux/dmi.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>

#include "proof_enter.h"

static DEFINE_MUTEX(proof_lock);

static long call_setup(void __user *arg)
{
	struct proof_setup *setup = kzalloc(sizeof(*setup), GFP_KERNEL);
	long ret = 0;

	if (!setup)
		return -ENOMEM;
	proof_setup(setup);
	if (copy_to_user(arg, setup, sizeof(*setup)))
		ret = -EFAULT;
	kfree(setup);
	return ret;
}

/* Under proof_lock. */
static struct proof_entry proof_call;

static long call_enter(struct proof_entry __user *arg)
{
	size_t head = offsetof(struct proof_entry, field);

	if (copy_from_user(&proof_call, arg, head))
		return -EFAULT;
	if (proof_call.count > PROOF_FIELDS_MAX || proof_call.how > PROOF_LAUNCH_MOV_SS)
		return -EINVAL;
	if (copy_from_user(proof_call.field, arg->field,
			   proof_call.count * sizeof(proof_call.field[0])))
		return -EFAULT;
	proof_enter(&proof_call);
	return copy_to_user(arg, &proof_call, head) ? -EFAULT : 0;
}

static long proof_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	long ret;

	mutex_lock(&proof_lock);
	switch (cmd) {
	case PROOF_SETUP:
		ret = call_setup((void __user *)arg);
		break;
	case PROOF_ENTER:
		ret = call_enter((void __user *)arg);
		break;
	default:
		ret = -ENOTTY;
		break;
	}
	mutex_unlock(&proof_lock);
	return ret;
}

static const struct file_operations proof_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = proof_ioctl,
};

static struct miscdevice proof_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "nvmx_ctrl_proof",
	.fops = &proof_fops,
	.mode = 0600,
};

static bool module_present(const char *name)
{
	struct path path;

	if (kern_path(name, LOOKUP_FOLLOW, &path))
		return false;
	path_put(&path);
	return true;
}

static int refuse(int error, const char *why)
{
	pr_err("not loaded: %s\n", why);
	return error;
}

static int may_load(void)
{
	if (boot_cpu_has(X86_FEATURE_HYPERVISOR) ||
	    !dmi_match(DMI_BIOS_VENDOR, "The Bochs Project"))
		return refuse(-ENODEV, "this is no machine emulated by Bochs");
	if (num_possible_cpus() != 1)
		return refuse(-ENODEV, "more than one CPU");
	if (!(cpuid_ecx(1) & BIT(5)))
		return refuse(-ENODEV, "no VMX");
	if (module_present("/sys/module/nested_vmx") ||
	    module_present("/sys/module/kvm_intel") || __read_cr4() & X86_CR4_VMXE)
		return refuse(-EBUSY, "VMX is in use");
	return 0;
}

static int __init proof_init(void)
{
	int ret = may_load();

	if (!ret)
		ret = proof_begin();
	if (ret)
		return ret;

	ret = misc_register(&proof_misc);
	if (ret)
		proof_end();
	return ret;
}

static void __exit proof_exit(void)
{
	misc_deregister(&proof_misc);
	proof_end();
}

module_init(proof_init);
module_exit(proof_exit);

MODULE_DESCRIPTION("The processor's verdict on VMX controls and host state: a test");
MODULE_LICENSE("GPL");
