// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module, device, and the table of commands.
 */
#define pr_fmt(fmt) "nested_vmx: " fmt

#include <linux/capability.h>
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/sysfs.h>
#include <linux/uaccess.h>

#include "commands.h"
#include "compat.h"
#include "entry_checks.h"
#include "nested_entry.h"
#include "probe.h"
#include "roster.h"
#include "speculation.h"
#include "step.h"
#include "vcpu.h"
#include "vmcs02.h"
#define CREATE_TRACE_POINTS
#include "trace.h"

DEFINE_STATIC_KEY_FALSE(nvmx_steps);

static int steps_set(const char *text, const struct kernel_param *param)
{
	bool on = true;
	int ret = text ? kstrtobool(text, &on) : 0;

	if (ret)
		return ret;
	if (on)
		static_branch_enable(&nvmx_steps);
	else
		static_branch_disable(&nvmx_steps);
	return 0;
}

static int steps_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%c\n", static_key_enabled(&nvmx_steps) ? 'Y' : 'N');
}

static const struct kernel_param_ops steps_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = steps_set,
	.get = steps_get,
};

module_param_cb(steps, &steps_ops, NULL, 0600);
MODULE_PARM_DESC(steps, "Print a line a step to the kernel log, rate-limited (default: no)");

static bool unprivileged;
module_param(unprivileged, bool, 0600);
MODULE_PARM_DESC(unprivileged, "Let all open the device whom its mode lets (default: no, CAP_SYS_ADMIN)");

/* ---- the table of commands ----------------------------------------------- */

/* At which nesting levels a command makes sense; EINVAL or EBUSY elsewhere. */
#define AT_L0	BIT(NVMX_LEVEL_L0)
#define AT_L1	BIT(NVMX_LEVEL_L1)
#define AT_L2	BIT(NVMX_LEVEL_L2)
#define AT_ANY	(AT_L0 | AT_L1 | AT_L2)

/**
 * struct nvmx_ioctl - a command
 * @cmd: its full number
 * @size: size of its struct
 * @min_size: size of the first version of its struct
 * @flags: flags it knows
 * @levels: AT_x
 * @run: carries it out on a kernel copy
 */
struct nvmx_ioctl {
	unsigned int cmd;
	u32 size;
	u32 min_size;
	u32 flags;
	u32 levels;
	nvmx_command *run;
};

/* Room for the struct of any command. */
#define NVMX_CMD_BYTES	3072

#define NVMX_IOCTL(_cmd, _run, _struct, _last, _flags, _levels)		\
	[_IOC_NR(_cmd)] = {						\
		.cmd = _cmd,						\
		.size = sizeof(struct _struct) +			\
			BUILD_BUG_ON_ZERO(sizeof(struct _struct) > NVMX_CMD_BYTES), \
		.min_size = offsetofend(struct _struct, _last),		\
		.flags = _flags,					\
		.levels = _levels,					\
		.run = _run,						\
	}

static const struct nvmx_ioctl nvmx_ioctls[] = {
	NVMX_IOCTL(NVMX_GET_INFO, cmd_get_info, nvmx_info, out_caps, 0, AT_ANY),
	NVMX_IOCTL(NVMX_ENABLE, cmd_enable, nvmx_enable, caps, NVMX_ENABLE_CAPS,
		   AT_L0 | AT_L1),
	NVMX_IOCTL(NVMX_MEM_MAP, cmd_mem_map, nvmx_mem_map, bytes,
		   NVMX_MEM_READONLY, AT_L0 | AT_L1),
	NVMX_IOCTL(NVMX_MEM_UNMAP, cmd_mem_unmap, nvmx_mem_unmap, bytes, 0,
		   AT_L0 | AT_L1),
	NVMX_IOCTL(NVMX_GET_CPUID, cmd_get_cpuid, nvmx_cpuid, reserved, 0, AT_ANY),
	NVMX_IOCTL(NVMX_SET_CPUID, cmd_set_cpuid, nvmx_cpuid, reserved, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMXON, cmd_vmxon, nvmx_vmptr, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMXOFF, cmd_vmxoff, nvmx_insn, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMCLEAR, cmd_vmclear, nvmx_vmptr, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMPTRLD, cmd_vmptrld, nvmx_vmptr, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMPTRST, cmd_vmptrst, nvmx_vmptr, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMREAD, cmd_vmread, nvmx_field, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMWRITE, cmd_vmwrite, nvmx_field, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMREAD_ARRAY, cmd_vmread_array, nvmx_field_array,
		   out_failed, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMWRITE_ARRAY, cmd_vmwrite_array, nvmx_field_array,
		   out_failed, 0, AT_L1),
	NVMX_IOCTL(NVMX_INVEPT, cmd_invept, nvmx_inv, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_INVVPID, cmd_invvpid, nvmx_inv, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_VMCALL, cmd_vmcall, nvmx_insn, out_result, 0, AT_L1),
	NVMX_IOCTL(NVMX_GET_STATE, cmd_get_state, nvmx_state, reserved, 0, AT_ANY),
	NVMX_IOCTL(NVMX_GET_L1, cmd_get_l1, nvmx_l1, idtr_limit, 0, AT_ANY),
	NVMX_IOCTL(NVMX_SET_L1, cmd_set_l1, nvmx_l1, idtr_limit, 0, AT_L0 | AT_L1),
	NVMX_IOCTL(NVMX_GET_L2, cmd_get_l2, nvmx_l2, xsave, 0, AT_ANY),
	NVMX_IOCTL(NVMX_SET_L2, cmd_set_l2, nvmx_l2, xsave, 0, AT_ANY),
	NVMX_IOCTL(NVMX_GET_POLICY, cmd_get_policy, nvmx_field_policy, reserved, 0,
		   AT_L1 | AT_L2),
	NVMX_IOCTL(NVMX_SET_POLICY, cmd_set_policy, nvmx_field_policy, reserved, 0,
		   AT_L1),
	NVMX_IOCTL(NVMX_WALK_FIELDS, cmd_walk, nvmx_walk, out_total, 0, AT_L1),
	NVMX_IOCTL(NVMX_PEEK, cmd_peek, nvmx_peek, out_policy, 0, AT_L1 | AT_L2),
	NVMX_IOCTL(NVMX_GET_SNAPSHOT, cmd_get_snapshot, nvmx_snapshot, out_offset, 0,
		   AT_ANY),
	NVMX_IOCTL(NVMX_SET_SNAPSHOT, cmd_set_snapshot, nvmx_snapshot, out_offset, 0,
		   AT_L0),
	NVMX_IOCTL(NVMX_GET_STATS, cmd_get_stats, nvmx_stats, out_entries, 0, AT_ANY),
	NVMX_IOCTL(NVMX_CHECK, cmd_check, nvmx_check, out_reserved, 0, AT_L1),
	NVMX_IOCTL(NVMX_EXPLAIN, cmd_explain, nvmx_explain, out_decider, 0,
		   AT_L1 | AT_L2),
	NVMX_IOCTL(NVMX_PROBE, cmd_probe, nvmx_probe, out_reserved, 0, AT_L1),
};

static const struct nvmx_ioctl *ioctl_find(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (nr >= ARRAY_SIZE(nvmx_ioctls))
		return NULL;

	nr = array_index_nospec(nr, ARRAY_SIZE(nvmx_ioctls));
	return nvmx_ioctls[nr].run && nvmx_ioctls[nr].cmd == cmd ?
	       &nvmx_ioctls[nr] : NULL;
}

/*
 * A small struct goes word by word: a function to copy it looks first at what it
 * copies, which costs more than all the rest.  But only functions fail on demand.
 */
#define SMALL_BYTES	64

static bool is_small(u32 bytes)
{
	return !IS_ENABLED(CONFIG_FAULT_INJECTION_USERCOPY) && bytes <= SMALL_BYTES &&
	       bytes % sizeof(u64) == 0;
}

static bool copy_in_small(u64 *buf, const u64 __user *user, u32 bytes)
{
	u32 i;

	if (!is_small(bytes) || !user_access_begin(user, bytes))
		return false;
	for (i = 0; i < bytes / sizeof(u64); i++)
		unsafe_get_user(buf[i], &user[i], fault);
	user_access_end();
	return true;
fault:
	user_access_end();
	return false;
}

static bool copy_out_small(u64 __user *user, const u64 *buf, u32 bytes)
{
	u32 i;

	if (!is_small(bytes) || !user_access_begin(user, bytes))
		return false;
	for (i = 0; i < bytes / sizeof(u64); i++)
		unsafe_put_user(buf[i], &user[i], fault);
	user_access_end();
	return true;
fault:
	user_access_end();
	return false;
}

/*
 * Copy a command's struct in.  Both checks that need no knowledge of the
 * command are made here: the size rules and unknown flags.
 */
static int copy_in(void *buf, const struct nvmx_ioctl *ioctl, void __user *user, u32 *size)
{
	int ret = 0;

	if (get_user(*size, (u32 __user *)user))
		return -EFAULT;
	if (*size < ioctl->min_size)
		return -EINVAL;

	if (*size != ioctl->size || !copy_in_small(buf, user, *size))
		ret = copy_struct_from_user(buf, ioctl->size, user, *size);
	if (ret)
		return ret;

	return ((u32 *)buf)[1] & ~ioctl->flags ? -EOPNOTSUPP : 0;
}

static int level_error(const struct nvmx_vcpu *vcpu, const struct nvmx_ioctl *ioctl)
{
	if (ioctl->levels & BIT(vcpu->level))
		return 0;
	/* What L1 would do has to wait for L2; what needs L1 has none. */
	return vcpu->level == NVMX_LEVEL_L2 ? -EBUSY : -EINVAL;
}

/* In VMX-abort shutdown L1 executes nothing until it is enabled again. */
static bool is_instruction(unsigned int cmd)
{
	return _IOC_NR(cmd) >= _IOC_NR(NVMX_VMXON) && _IOC_NR(cmd) <= _IOC_NR(NVMX_VMCALL);
}

/*
 * Can the answer be written?  Later is too late to find out: the command would
 * have been carried out although it failed.  At most two pages are concerned.
 */
static int probe_answer(const u8 *buf, u8 __user *user, u32 size, u32 bytes)
{
	if (put_user(size, (u32 __user *)user) ||
	    put_user(buf[bytes - 1], user + bytes - 1))
		return -EFAULT;

	return 0;
}

/* What is refused by these comes with the reason. */
static bool answers_refused(unsigned int cmd)
{
	return cmd == NVMX_SET_POLICY || cmd == NVMX_SET_SNAPSHOT || cmd == NVMX_SET_CPUID;
}

static int run_command(struct nvmx_vcpu *vcpu, const struct nvmx_ioctl *ioctl,
		       void __user *user)
{
	u32 size, bytes;
	int ret, left = 0;

	ret = copy_in(vcpu->cmd, ioctl, user, &size);
	if (ret)
		return ret;
	ret = level_error(vcpu, ioctl);
	if (ret)
		return ret;
	if (vcpu->aborted && is_instruction(ioctl->cmd))
		return -EINVAL;
	bytes = min(size, ioctl->size);
	ret = probe_answer(vcpu->cmd, user, size, bytes);
	if (ret)
		return ret;

	ret = ioctl->run(vcpu, vcpu->cmd);
	if (ret && !answers_refused(ioctl->cmd))
		return ret;

	((u32 *)vcpu->cmd)[0] = size;
	if (!copy_out_small(user, vcpu->cmd, bytes))
		left = copy_to_user(user, vcpu->cmd, bytes);
	return ret ?: left ? -EFAULT : 0;
}

static int post_exit(struct nvmx_vcpu *vcpu, void __user *user)
{
	static const struct nvmx_ioctl ioctl = {
		.size = sizeof(struct nvmx_exit_l2),
		.min_size = offsetofend(struct nvmx_exit_l2, reserved),
	};
	struct nvmx_exit_l2 exit;
	u32 size;
	int ret = copy_in(&exit, &ioctl, user, &size);

	if (ret)
		return ret;
	if (exit.exit_reason > 0xffff || exit.reserved)
		return -EINVAL;

	return nvmx_vcpu_post_exit(vcpu, &exit);
}

static int post_event(struct nvmx_vcpu *vcpu, void __user *user)
{
	static const struct nvmx_ioctl ioctl = {
		.size = sizeof(struct nvmx_event),
		.min_size = offsetofend(struct nvmx_event, vector),
		.flags = NVMX_EVENT_TAKE,
	};
	struct nvmx_event event;
	u32 size;
	int ret = copy_in(&event, &ioctl, user, &size);

	if (ret)
		return ret;
	if (READ_ONCE(vcpu->level) == NVMX_LEVEL_L0)
		return -EINVAL;
	if (!(event.flags & NVMX_EVENT_TAKE))
		return l1_events_post(vcpu, &event);

	ret = probe_answer((u8 *)&event, user, size, sizeof(event));
	if (!ret)
		ret = l1_events_take(vcpu, &event);
	event.size = size;
	if (!ret && copy_to_user(user, &event, sizeof(event)))
		ret = -EFAULT;
	return ret;
}

/* Commands that another task may give while L2 runs. */
static bool run_post(struct nvmx_vcpu *vcpu, unsigned int cmd, unsigned long arg, int *ret)
{
	switch (cmd) {
	case NVMX_KICK:
		*ret = arg ? -EOPNOTSUPP : 0;
		if (!*ret)
			nvmx_vcpu_post(vcpu, POST_KICK);
		return true;
	case NVMX_EXIT_L2:
		*ret = post_exit(vcpu, (void __user *)arg);
		return true;
	case NVMX_EVENT:
		*ret = post_event(vcpu, (void __user *)arg);
		return true;
	default:
		return false;
	}
}

/* A second call is told so; while this machine goes down or sleeps, all wait. */
static noinline int wait_for_vcpu(struct nvmx_vcpu *vcpu)
{
	int ret;

	do {
		if (try_lock(&vcpu->lock)) {
			if (!roster_is_still())
				return 0;
			try_unlock(&vcpu->lock);
		} else if (!roster_is_still()) {
			return -EBUSY;
		}
		ret = roster_wait();
	} while (!ret);
	return ret;
}

static __always_inline int lock_vcpu(struct nvmx_vcpu *vcpu)
{
	if (unlikely(!try_lock(&vcpu->lock)))
		return wait_for_vcpu(vcpu);
	if (likely(!roster_is_still()))
		return 0;

	try_unlock(&vcpu->lock);
	return wait_for_vcpu(vcpu);
}

static noinline int give_command(struct nvmx_vcpu *vcpu, unsigned int cmd,
				 unsigned long arg)
{
	const struct nvmx_ioctl *ioctl;
	int ret;

	if (run_post(vcpu, cmd, arg, &ret))
		return ret;
	ioctl = ioctl_find(cmd);
	if (!ioctl)
		return -ENOTTY;

	ret = lock_vcpu(vcpu);
	if (ret)
		return ret;
	/* What it changes, the next VM entry has to look at. */
	vcpu->plain = false;
	ret = run_command(vcpu, ioctl, (void __user *)arg);
	try_unlock(&vcpu->lock);
	return ret;
}

static long nvmx_fop_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct nvmx_vcpu *vcpu = file->private_data;
	int ret;

	if (unlikely(current->mm != vcpu->machine->mm))
		return -EIO;
	if (cmd != NVMX_ENTER_L2)
		return give_command(vcpu, cmd, arg);

	ret = lock_vcpu(vcpu);
	if (ret)
		return ret;
	ret = nvmx_enter_l2(vcpu, arg);
	try_unlock(&vcpu->lock);
	return ret;
}

/* ---- file ---------------------------------------------------------------- */

/* Capabilities in a user namespace do not count: its root may be anybody. */
static int may_open(void)
{
	if (!READ_ONCE(unprivileged) && !capable(CAP_SYS_ADMIN))
		return -EPERM;

	/* L2's isolation is younger than what lockdown is to protect. */
	return security_locked_down(LOCKDOWN_MSR);
}

static int nvmx_fop_open(struct inode *inode, struct file *file)
{
	struct nvmx_vcpu *vcpu;
	int ret = may_open();

	if (ret)
		return ret;

	vcpu = nvmx_vcpu_create();
	if (IS_ERR(vcpu))
		return PTR_ERR(vcpu);

	file->private_data = vcpu;
	return 0;
}

static int nvmx_fop_release(struct inode *inode, struct file *file)
{
	nvmx_vcpu_destroy(file->private_data);
	return 0;
}

static int map_run(const struct nvmx_vcpu *vcpu, struct vm_area_struct *vma)
{
	unsigned long offset;
	int ret = 0;

	for (offset = 0; !ret && offset < vma->vm_end - vma->vm_start; offset += PAGE_SIZE)
		ret = vm_insert_page(vma, vma->vm_start + offset,
				     virt_to_page((char *)vcpu->run + offset));
	return ret;
}

static int nvmx_fop_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct nvmx_vcpu *vcpu = file->private_data;

	if (current->mm != vcpu->machine->mm)
		return -EIO;
	if (vma->vm_pgoff || vma->vm_end - vma->vm_start > NVMX_RUN_BYTES)
		return -EINVAL;

	return map_run(vcpu, vma);
}

static const struct file_operations nvmx_fops = {
	.owner = THIS_MODULE,
	.open = nvmx_fop_open,
	.release = nvmx_fop_release,
	.mmap = nvmx_fop_mmap,
	.unlocked_ioctl = nvmx_fop_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice nvmx_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "nested_vmx",
	.fops = &nvmx_fops,
	.mode = 0600,
};

/* ---- module -------------------------------------------------------------- */

static int __init nvmx_init(void)
{
	int ret;

	ret = shadow_vmcs_cache_init();
	if (ret)
		return ret;

	ret = vmcs02_module_init();
	if (ret)
		goto err_cache;

	ret = probe_module_init();
	if (ret)
		goto err_vmcs02;

	ret = vmx_cpu_init();
	if (ret)
		goto err_probe;

	ret = speculation_init();
	if (ret)
		goto err_cpus;

	ret = roster_init();
	if (ret)
		goto err_speculation;

	/* Last: once registered, user space may call in. */
	ret = misc_register(&nvmx_misc);
	if (ret)
		goto err_roster;

	pr_info("ABI %u, %u fields, %u entry rules, VMX on %u CPUs\n",
		NVMX_ABI_VERSION, VMCS_FIELD_COUNT, entry_checks_count(),
		num_online_cpus());
	return 0;

err_roster:
	roster_exit();
err_speculation:
	speculation_exit();
err_cpus:
	vmx_cpu_exit();
err_probe:
	probe_module_exit();
err_vmcs02:
	vmcs02_module_exit();
err_cache:
	shadow_vmcs_cache_exit();
	return ret;
}

static void __exit nvmx_exit(void)
{
	misc_deregister(&nvmx_misc);
	roster_exit();
	speculation_exit();
	vmx_cpu_exit();
	probe_module_exit();
	vmcs02_module_exit();
	shadow_vmcs_cache_exit();
}

module_init(nvmx_init);
module_exit(nvmx_exit);

MODULE_DESCRIPTION("Nested VMX: a user process as an L1 hypervisor");
MODULE_AUTHOR("The nested_vmx developers");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
