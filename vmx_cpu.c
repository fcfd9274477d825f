// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX on the CPUs of this machine.
 *
 * The per-CPU part of each CPU is touched on that CPU only: by the hotplug
 * thread, by IPIs, by whoever runs L2 there with preemption off, and by the
 * emergency callback, which finds everything else stopped.
 */
#define pr_fmt(fmt) "nested_vmx: " fmt

#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/reboot.h>
#include <asm/tlbflush.h>

#include "compat.h"
#include "speculation.h"
#include "trace.h"
#include "vmx_cpu.h"
#include "vmx_ops.h"

/**
 * struct vmx_cpu - VMX on one CPU
 * @vmxon_region: VMXON region, allocated at load
 * @on: in VMX operation by our doing
 * @active: struct hw_vmcs that are active here
 * @cleared: how many were cleared since the last VMXOFF
 */
struct vmx_cpu {
	void *vmxon_region;
	bool on;
	struct list_head active;
	unsigned int cleared;
};

DEFINE_PER_CPU(struct hw_vmcs *, vmx_cpu_current);
DEFINE_PER_CPU(struct vmx_cpu_host, vmx_cpu_hosts);
static DEFINE_PER_CPU(struct vmx_cpu, vmx_cpus);
static enum cpuhp_state vmx_cpuhp_state;

/* VMX stays off on all CPUs; written with CPU hotplug locked out. */
static bool vmx_away;

/* ---- VMXON and VMXOFF ---------------------------------------------------- */

static void vmx_read_host(struct vmx_cpu_host *host)
{
	rdmsrl(MSR_STAR, host->star);
	rdmsrl(MSR_LSTAR, host->lstar);
	rdmsrl(MSR_CSTAR, host->cstar);
	rdmsrl(MSR_SYSCALL_MASK, host->fmask);
	host->tsc_aux = 0;
	if (boot_cpu_has(X86_FEATURE_RDTSCP) || boot_cpu_has(X86_FEATURE_RDPID))
		rdmsrl_safe(MSR_TSC_AUX, &host->tsc_aux);
}

static int vmx_cpu_vmxon(struct vmx_cpu *cpu)
{
	if (__read_cr4() & X86_CR4_VMXE)
		return -EBUSY;

	cr4_set_bits_irqsoff(X86_CR4_VMXE);
	if (__vmxon(virt_to_phys(cpu->vmxon_region)) != VMX_OK) {
		cr4_clear_bits_irqsoff(X86_CR4_VMXE);
		return -EIO;
	}

	__invept(VMX_INVEPT_GLOBAL, 0);
	vmx_read_host(this_cpu_ptr(&vmx_cpu_hosts));
	cpu->on = true;
	trace_nested_vmx_cpu(true, 0, __read_cr4());
	return 0;
}

static void hw_vmcs_clear_here(struct hw_vmcs *vmcs)
{
	__vmclear(vmcs->pa);
	list_del(&vmcs->node);
	vmcs->launched = false;
	if (hw_vmcs_is_current(vmcs))
		this_cpu_write(vmx_cpu_current, NULL);
	/* Last: from here on another CPU may take it. */
	smp_store_release(&vmcs->cpu, -1);
}

/* Clear at most @most of the VMCSs that are active on this CPU. */
static void clear_active(struct vmx_cpu *cpu, unsigned int most)
{
	struct hw_vmcs *vmcs, *next;

	list_for_each_entry_safe(vmcs, next, &cpu->active, node) {
		if (!most--)
			return;
		hw_vmcs_clear_here(vmcs);
		cpu->cleared++;
	}
}

static void vmx_cpu_vmxoff(struct vmx_cpu *cpu)
{
	if (!cpu->on)
		return;

	clear_active(cpu, UINT_MAX);
	cpu->on = false;
	__vmxoff();
	cr4_clear_bits_irqsoff(X86_CR4_VMXE);
	trace_nested_vmx_cpu(false, cpu->cleared, __read_cr4());
	cpu->cleared = 0;
}

static int vmx_cpu_online(unsigned int nr)
{
	unsigned long flags;
	int ret;

	if (vmx_away)
		return 0;

	local_irq_save(flags);
	ret = vmx_cpu_vmxon(this_cpu_ptr(&vmx_cpus));
	local_irq_restore(flags);

	if (ret)
		pr_err("VMXON failed on CPU %u: %s\n", nr,
		       ret == -EBUSY ? "VMX is in use there" : "refused by the processor");
	return ret;
}

/* Interrupts are off for no more than this many VMCLEARs at a time. */
#define CLEAR_AT_ONCE	32

static void vmx_cpu_clear_some_ipi(void *more)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpus);

	if (cpu->on)
		clear_active(cpu, CLEAR_AT_ONCE);
	if (!list_empty(&cpu->active))
		WRITE_ONCE(*(bool *)more, true);
}

static int vmx_cpu_offline(unsigned int nr)
{
	unsigned long flags;
	bool more;

	do {
		more = false;
		local_irq_save(flags);
		vmx_cpu_clear_some_ipi(&more);
		local_irq_restore(flags);
	} while (more);

	local_irq_save(flags);
	vmx_cpu_vmxoff(this_cpu_ptr(&vmx_cpus));
	local_irq_restore(flags);
	return 0;
}

static void vmx_cpu_vmxoff_ipi(void *unused)
{
	vmx_cpu_vmxoff(this_cpu_ptr(&vmx_cpus));
}

static void vmx_cpu_vmxon_ipi(void *failed)
{
	if (vmx_cpu_vmxon(this_cpu_ptr(&vmx_cpus)))
		atomic_inc(failed);
}

void vmx_cpu_hold(void)
{
	bool more;

	cpus_read_lock();
	vmx_away = true;
	do {
		more = false;
		on_each_cpu(vmx_cpu_clear_some_ipi, &more, 1);
	} while (more);
	on_each_cpu(vmx_cpu_vmxoff_ipi, NULL, 1);
	cpus_read_unlock();
}

void vmx_cpu_release(void)
{
	atomic_t failed = ATOMIC_INIT(0);

	cpus_read_lock();
	if (vmx_away)
		on_each_cpu(vmx_cpu_vmxon_ipi, &failed, 1);
	vmx_away = false;
	cpus_read_unlock();

	if (atomic_read(&failed))
		pr_err("VMX did not come back on %d CPUs: L2 cannot run there\n",
		       atomic_read(&failed));
}

/*
 * Crash or emergency reboot: interrupts off, every other CPU stopped or about
 * to be, perhaps an NMI in the middle of VMXON, VMXOFF or a change of the list.
 * So nothing is believed but CR4.VMXE, and what faults is passed over: outside
 * VMX operation these instructions cause #UD.  The list can be walked at any
 * time, and what it does not have yet has never been made active.
 *
 * VMCLEAR first: the processor must not write the cached state of a VMCS over
 * the next kernel's memory.
 */
static void vmx_cpu_emergency(void)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpus);
	struct hw_vmcs *vmcs;

	if (!(__read_cr4() & X86_CR4_VMXE))
		return;

	list_for_each_entry(vmcs, &cpu->active, node)
		__vmclear(vmcs->pa);
	__vmxoff();
	cpu->on = false;
	cr4_clear_bits_irqsoff(X86_CR4_VMXE);
}

/* ---- kvm_intel ------------------------------------------------------------ */

static int vmx_module_coming(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct module *mod = data;

	if (event != MODULE_STATE_COMING || strcmp(mod->name, "kvm_intel"))
		return NOTIFY_DONE;

	pr_warn_ratelimited("kvm_intel may not load while nested_vmx holds VMX: run: rmmod nested_vmx\n");
	return notifier_from_errno(-EBUSY);
}

static struct notifier_block vmx_module_nb = { .notifier_call = vmx_module_coming };

/* ---- up and down --------------------------------------------------------- */

static void vmx_free_regions(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_cpu *vc = per_cpu_ptr(&vmx_cpus, cpu);

		free_page((unsigned long)vc->vmxon_region);
		vc->vmxon_region = NULL;
	}
}

static void *vmx_alloc_region(int node)
{
	struct page *page = alloc_pages_node(node, GFP_KERNEL | __GFP_ZERO, 0);

	if (!page)
		return NULL;

	*(u32 *)page_address(page) = vmx_basic_vmcs_revision_id(vmx_host.msr[CAPS_BASIC]);
	return page_address(page);
}

static int vmx_alloc_regions(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_cpu *vc = per_cpu_ptr(&vmx_cpus, cpu);

		INIT_LIST_HEAD(&vc->active);
		vc->vmxon_region = vmx_alloc_region(cpu_to_node(cpu));
		if (!vc->vmxon_region) {
			vmx_free_regions();
			return -ENOMEM;
		}
	}
	return 0;
}

int vmx_cpu_init(void)
{
	int ret;

	ret = vmx_host_probe();
	if (ret)
		return ret;

	ret = vmx_alloc_regions();
	if (ret)
		return ret;

	/* Before VMXON: kvm_intel must not slip in between. */
	ret = register_module_notifier(&vmx_module_nb);
	if (ret)
		goto err_regions;

	/* Before VMXON, too: a crash may come at any time. */
	cpu_emergency_register_virt_callback(vmx_cpu_emergency);

	ret = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "nested_vmx:online",
				vmx_cpu_online, vmx_cpu_offline);
	if (ret < 0)
		goto err_emergency;
	vmx_cpuhp_state = ret;
	return 0;

err_emergency:
	cpu_emergency_unregister_virt_callback(vmx_cpu_emergency);
	unregister_module_notifier(&vmx_module_nb);
err_regions:
	vmx_free_regions();
	return ret;
}

void vmx_cpu_exit(void)
{
	cpuhp_remove_state(vmx_cpuhp_state);
	cpu_emergency_unregister_virt_callback(vmx_cpu_emergency);
	unregister_module_notifier(&vmx_module_nb);
	vmx_free_regions();
}

/* ---- VMCSs of the processor ---------------------------------------------- */

static void hw_vmcs_clear_ipi(void *arg)
{
	struct hw_vmcs *vmcs = arg;

	if (vmcs->cpu == smp_processor_id())
		hw_vmcs_clear_here(vmcs);
}

static void hw_vmcs_clear(struct hw_vmcs *vmcs)
{
	/* Pairs with the release in hw_vmcs_clear_here(). */
	int cpu = smp_load_acquire(&vmcs->cpu);

	/* If that CPU goes away instead, its offline callback clears it. */
	if (cpu >= 0)
		smp_call_function_single(cpu, hw_vmcs_clear_ipi, vmcs, 1);
}

int hw_vmcs_alloc(struct hw_vmcs *vmcs)
{
	vmcs->region = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vmcs->region)
		return -ENOMEM;

	*(u32 *)vmcs->region = vmx_basic_vmcs_revision_id(vmx_host.msr[CAPS_BASIC]);
	vmcs->pa = virt_to_phys(vmcs->region);
	vmcs->cpu = -1;
	vmcs->launched = false;
	return 0;
}

void hw_vmcs_free(struct hw_vmcs *vmcs)
{
	if (!vmcs->region)
		return;

	hw_vmcs_clear(vmcs);
	free_page((unsigned long)vmcs->region);
	vmcs->region = NULL;
}

int hw_vmcs_load(struct hw_vmcs *vmcs)
{
	struct vmx_cpu *cpu = this_cpu_ptr(&vmx_cpus);
	unsigned long flags;
	int ret = 0;

	lockdep_assert_preemption_disabled();

	if (hw_vmcs_is_current(vmcs))
		return 0;
	speculation_other_l2();

	if (READ_ONCE(vmcs->cpu) != smp_processor_id()) {
		hw_vmcs_clear(vmcs);
		ret = 1;
	}

	local_irq_save(flags);
	if (!cpu->on) {
		ret = -ENODEV;
	} else if (vmcs->cpu == -1) {
		/* Make the launch state known whatever the region held. */
		__vmclear(vmcs->pa);
		vmcs->launched = false;
		vmcs->cpu = smp_processor_id();
		list_add(&vmcs->node, &cpu->active);
		ret = 1;
	}
	if (ret >= 0) {
		__vmptrld(vmcs->pa);
		this_cpu_write(vmx_cpu_current, vmcs);
	}
	local_irq_restore(flags);
	return ret;
}

static void vmx_flush_ept_ipi(void *eptp)
{
	if (!this_cpu_read(vmx_cpus.on))
		return;

	if (*(u64 *)eptp == VMX_ALL_EPTPS)
		__invept(VMX_INVEPT_GLOBAL, 0);
	else
		__invept(VMX_INVEPT_SINGLE, *(u64 *)eptp);
}

void vmx_cpu_flush_ept(const struct cpumask *cpus, u64 eptp)
{
	on_each_cpu_mask(cpus, vmx_flush_ept_ipi, &eptp, 1);
}
