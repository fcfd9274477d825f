// SPDX-License-Identifier: GPL-2.0-only
/*
 * What this machine's processors have, and who or what keeps VMX from us.
 */
#define pr_fmt(fmt) "nested_vmx: " fmt

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/fpu/xcr.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>
#include <asm/vmx.h>

#include "compat.h"
#include "vmx_host.h"

struct vmx_host vmx_host;

/* ---- who is in the way --------------------------------------------------- */

static bool has_vmx(void)
{
	/* The kernel clears its own feature bit when firmware forbids VMX. */
	return boot_cpu_data.cpuid_level >= 1 && (cpuid_ecx(1) & BIT(5));
}

static int probe_processor(void)
{
	if (has_vmx())
		return 0;

	pr_err("this processor (%s) has no VT-x%s\n",
	       boot_cpu_data.x86_vendor_id,
	       boot_cpu_has(X86_FEATURE_HYPERVISOR) ?
	       "; it is virtual: enable nested virtualization on its host, or run tools/emulator" :
	       "; run tools/emulator instead");
	return -ENODEV;
}

/**
 * struct vmx_firmware - a CPU on which firmware does not let VMX be used
 * @cpu: its number, -1 for none; one of them if there are several
 * @feat_ctl: its IA32_FEAT_CTL
 */
struct vmx_firmware {
	atomic_t cpu;
	u64 feat_ctl;
};

static void find_forbidden(void *arg)
{
	struct vmx_firmware *found = arg;
	u64 feat_ctl;

	if (rdmsrl_safe(MSR_IA32_FEAT_CTL, &feat_ctl))
		feat_ctl = 0;

	if ((feat_ctl & FEAT_CTL_LOCKED) &&
	    (feat_ctl & FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX))
		return;
	if (atomic_cmpxchg(&found->cpu, -1, smp_processor_id()) == -1)
		found->feat_ctl = feat_ctl;
}

static int probe_firmware(void)
{
	struct vmx_firmware found = { .cpu = ATOMIC_INIT(-1) };

	on_each_cpu(find_forbidden, &found, 1);
	if (atomic_read(&found.cpu) < 0)
		return 0;

	pr_err("VT-x is %s on CPU %d (IA32_FEAT_CTL = %#llx): enable \"Intel Virtualization Technology\" in the firmware setup and power-cycle\n",
	       found.feat_ctl & FEAT_CTL_LOCKED ? "locked off by firmware" :
	       "not enabled by firmware or kernel", atomic_read(&found.cpu), found.feat_ctl);
	return -EOPNOTSUPP;
}

/*
 * With FRED an NMI that ended L2 cannot be handed to the host by INT, and SWAPGS is
 * no instruction: see l2_regs_serve_host() and l2_regs_swap_gs().
 */
static int probe_events(void)
{
#ifdef X86_CR4_FRED
	if (__read_cr4() & X86_CR4_FRED) {
		pr_err("events are delivered by FRED, which the module does not support: boot with fred=off\n");
		return -EOPNOTSUPP;
	}
#endif
	return 0;
}

static bool kvm_intel_present(void)
{
	struct path path;

	if (kern_path("/sys/module/kvm_intel", LOOKUP_FOLLOW, &path))
		return false;

	path_put(&path);
	return true;
}

static void find_vmxe(void *arg)
{
	atomic_t *found = arg;

	if (__read_cr4() & X86_CR4_VMXE)
		atomic_cmpxchg(found, -1, smp_processor_id());
}

static int probe_owner(void)
{
	atomic_t cpu = ATOMIC_INIT(-1);
	bool kvm = kvm_intel_present();

	on_each_cpu(find_vmxe, &cpu, 1);

	if (atomic_read(&cpu) >= 0) {
		pr_err("VMX is in use on CPU %d%s\n", atomic_read(&cpu),
		       kvm ? " (kvm_intel is loaded): stop its VMs and run: modprobe -r kvm_intel" :
		       " by another hypervisor: unload it first");
		return -EBUSY;
	}

	/* Idle, it still owns the emergency VMXOFF and may take VMX any time. */
	if (kvm) {
		pr_err("kvm_intel is loaded (idle; no CPU in VMX operation): run: modprobe -r kvm_intel\n");
		return -EBUSY;
	}
	return 0;
}

/* ---- what the processor has ---------------------------------------------- */

/**
 * struct vmx_need - a capability the module cannot do without
 * @cap: CAP_x
 * @name: its name, for the message
 */
struct vmx_need {
	u16 cap;
	const char *name;
};

static const struct vmx_need vmx_needs[] = {
	{ CAP_BASIC(55), "true VMX controls" },
	{ CAP_PIN(0), "external-interrupt exiting" },
	{ CAP_PIN(3), "NMI exiting" },
	{ CAP_PIN(5), "virtual NMIs" },
	{ CAP_PROC(31), "secondary controls" },
	{ CAP_PROC(28), "MSR bitmaps" },
	{ CAP_PROC(7), "HLT exiting" },
	{ CAP_PROC(24), "unconditional I/O exiting" },
	{ CAP_PROC2(1), "EPT" },
	{ CAP_PROC2(7), "unrestricted guest" },
	{ CAP_EXIT(9), "64-bit host" },
	{ CAP_EXIT(18), "save PAT" }, { CAP_EXIT(19), "load PAT on exit" },
	{ CAP_EXIT(20), "save EFER" }, { CAP_EXIT(21), "load EFER on exit" },
	{ CAP_ENTRY(14), "load PAT" }, { CAP_ENTRY(15), "load EFER" },
	{ CAP_EPT_VPID(6), "4-level EPT" }, { CAP_EPT_VPID(14), "write-back EPT" },
	{ CAP_EPT_VPID(20), "INVEPT" }, { CAP_EPT_VPID(25), "single-context INVEPT" },
	{ CAP_EPT_VPID(26), "all-context INVEPT" },
};

static void read_msrs(void)
{
	unsigned int i;
	u64 proc2;

	for (i = 0; i < NVMX_CAP_MSRS; i++)
		vmx_host.msr[i] = 0;

	/* Which MSRs exist follows from those before them. */
	for (i = CAPS_BASIC; i <= CAPS_VMCS_ENUM; i++)
		rdmsrl_safe(MSR_IA32_VMX_BASIC + i, &vmx_host.msr[i]);

	if (vmx_host.msr[CAPS_PROC] & BIT_ULL(63))
		rdmsrl_safe(MSR_IA32_VMX_PROCBASED_CTLS2, &vmx_host.msr[CAPS_PROC2]);

	proc2 = vmx_host.msr[CAPS_PROC2] >> 32;
	if (proc2 & (SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_ENABLE_VPID))
		rdmsrl_safe(MSR_IA32_VMX_EPT_VPID_CAP, &vmx_host.msr[CAPS_EPT_VPID]);
	if (vmx_host.msr[CAPS_BASIC] & BIT_ULL(55))
		for (i = CAPS_TRUE_PIN; i <= CAPS_TRUE_ENTRY; i++)
			rdmsrl_safe(MSR_IA32_VMX_BASIC + i, &vmx_host.msr[i]);
	if (proc2 & SECONDARY_EXEC_ENABLE_VMFUNC)
		rdmsrl_safe(MSR_IA32_VMX_VMFUNC, &vmx_host.msr[CAPS_VMFUNC]);
}

static int probe_capabilities(void)
{
	unsigned int i;

	read_msrs();

	for (i = 0; i < ARRAY_SIZE(vmx_needs); i++) {
		if (vmx_host_has(vmx_needs[i].cap))
			continue;
		pr_err("this processor's VMX lacks \"%s\", which the module needs\n",
		       vmx_needs[i].name);
		return -ENODEV;
	}

	rdmsrl(MSR_EFER, vmx_host.efer);
	rdmsrl(MSR_IA32_CR_PAT, vmx_host.pat);
	if (__read_cr4() & X86_CR4_OSXSAVE)
		vmx_host.xcr0 = xgetbv(XCR_XFEATURE_ENABLED_MASK);
	return 0;
}

int vmx_host_probe(void)
{
	int ret;

	ret = probe_processor();
	if (!ret)
		ret = probe_firmware();
	if (!ret)
		ret = probe_events();
	if (!ret)
		ret = probe_owner();
	if (!ret)
		ret = probe_capabilities();
	return ret;
}
