// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor as judge of a vmcs12.
 *
 * vmcs02 is merged as for any entry, so what is L0's own is in force.  Then the
 * fields of guest state and event injection that the processor judges before
 * it loads anything are written as they are in vmcs12, the VMX-preemption timer
 * to 0, and the EPT pointer to an EPT that maps nothing: if the state is good
 * the processor leaves L2 before its first instruction, and the delivery of an
 * event gets no further than its first access to memory.
 *
 * What the processor must not see as it is (see hides()), or would judge by
 * more features than L1's processor has (see differs()), is not entered at all.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/lockdep.h>
#include <linux/string.h>
#include <asm/processor.h>

#include "entry_checks.h"
#include "ept_tree.h"
#include "l2_regs.h"
#include "l2_regs_run.h"
#include "nested_entry.h"
#include "probe.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmcs02_run.h"
#include "vmx_ops.h"

/* VMX never switches them: L0's. */
#define CR0_HIDDEN	((u64)(X86_CR0_CD | X86_CR0_NW))
#define CR4_HIDDEN	((u64)X86_CR4_MCE)

/*
 * IA32_DEBUGCTL: what no processor accepts, and the one bit that the processor
 * gets from L2.  LBR is legal for all and stays away from the host's records.
 */
#define DEBUGCTL_SHOWN	(GENMASK_ULL(63, 16) | GENMASK_ULL(5, 3) | DEBUGCTLMSR_BTF)
#define DEBUGCTL_MORE	(~(DEBUGCTL_SHOWN | DEBUGCTLMSR_LBR))

/* A probe must not touch the virtual-APIC page. */
#define APIC_PROC2	(SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES | \
			 SECONDARY_EXEC_APIC_REGISTER_VIRT | \
			 SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY)

/* VM-entry controls that decide which rules there are. */
#define ENTRY_LOADS	(VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_LOAD_IA32_PAT | \
			 VM_ENTRY_LOAD_IA32_EFER)

/* IA32_VMX_BASIC: error codes with any vector; nested exceptions. */
#define BASIC_ANY_ERROR_CODE	BIT_ULL(56)
#define BASIC_NESTED_EXCEPTION	BIT_ULL(58)

/* An EPT without entries. */
static u64 *empty_ept;

int probe_module_init(void)
{
	empty_ept = (u64 *)get_zeroed_page(GFP_KERNEL);
	return empty_ept ? 0 : -ENOMEM;
}

void probe_module_exit(void)
{
	free_page((unsigned long)empty_ept);
}

/* ---- what can be compared ------------------------------------------------ */

/* Rules on what the processor is not shown. */
static bool is_hidden_rule(u32 rule)
{
	switch (rule / 1000 - 1) {
	case ENTRY_CTRL_EVENT:
	case ENTRY_GUEST_REGS ... ENTRY_GUEST_NONREG:
	case ENTRY_GUEST_PDPTE:
		return false;
	default:
		return true;
	}
}

static bool hides(const struct nvmx_failure *list, u32 count, u32 total)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (is_hidden_rule(list[i].rule))
			return true;
	return count < total;
}

/* The processor itself never gets into the other states. */
static bool hides_activity(const u64 *f)
{
	u32 activity = f[VF_GUEST_ACTIVITY_STATE];

	if (activity == GUEST_ACTIVITY_HLT)
		return !(vmx_host.msr[CAPS_MISC] & VMX_MISC_ACTIVITY_HLT);
	return activity != GUEST_ACTIVITY_ACTIVE;
}

/* L1 asked for less than it was offered; MISC[29] is of no account here. */
static bool is_narrowed(const struct nvmx_machine *machine)
{
	struct nvmx_caps caps = machine->caps;

	caps.msr[CAPS_MISC] |= machine->offered.msr[CAPS_MISC] &
			       VMX_MISC_VMWRITE_SHADOW_RO_FIELDS;
	return memcmp(&caps, &machine->offered, sizeof(caps));
}

static bool wide_address(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) != address &&
	       (u64)((s64)(address << 7) >> 7) == address;
}

/* Canonical for a processor with 57-bit linear addresses alone. */
static bool has_wide_address(const u64 *f)
{
	static const u8 fields[] = {
		VF_GUEST_FS_BASE, VF_GUEST_GS_BASE, VF_GUEST_LDTR_BASE,
		VF_GUEST_TR_BASE, VF_GUEST_GDTR_BASE, VF_GUEST_IDTR_BASE,
		VF_GUEST_SYSENTER_ESP, VF_GUEST_SYSENTER_EIP, VF_GUEST_RIP,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (wide_address(f[fields[i]]))
			return true;
	return false;
}

/* Features that the processor may have and L1's has not.  CPUID leaf 7. */
static bool uses_feature(const u64 *f)
{
	u32 eax, ebx, ecx, edx;

	cpuid_count(7, 0, &eax, &ebx, &ecx, &edx);
	if ((f[VF_GUEST_INTERRUPTIBILITY_INFO] & BIT(4)) && (ebx & BIT(2)))
		return true;		/* SGX */
	if ((f[VF_GUEST_PENDING_DBG_EXCEPTIONS] & BIT(16)) && (ebx & BIT(11)))
		return true;		/* RTM */
	if ((f[VF_GUEST_PENDING_DBG_EXCEPTIONS] & BIT(11)) && (ecx & BIT(24)))
		return true;		/* bus-lock detection */
	if ((ecx & BIT(16)) && has_wide_address(f))
		return true;		/* LA57 */
	if (!(f[VF_GUEST_CR3] & GENMASK_ULL(62, 61)) || !eax)
		return false;
	cpuid_count(7, 1, &eax, &ebx, &ecx, &edx);
	return eax & BIT(26);		/* LAM */
}

static bool uses_injection(const u64 *f)
{
	u64 basic = vmx_host.msr[CAPS_BASIC];
	u32 info = f[VF_VM_ENTRY_INTR_INFO_FIELD];

	if (!(info & INTR_INFO_VALID_MASK))
		return false;
	if ((info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_HARD_EXCEPTION &&
	    basic & BASIC_ANY_ERROR_CODE)
		return true;
	return (info & BIT(13)) && basic & BASIC_NESTED_EXCEPTION;
}

/* The processor's rules are not those of L1's processor. */
static bool differs(const struct nvmx_vcpu *vcpu)
{
	u64 cr4 = vmx_host.msr[CAPS_CR4_FIXED1] &
		  ~vcpu->machine->caps.msr[CAPS_CR4_FIXED1];
	const u64 *f = vcpu->f;

	if (is_narrowed(vcpu->machine) || vcpu->l1.smm || f[VF_GUEST_CR4] & cr4)
		return true;
	if ((f[VF_VM_ENTRY_CONTROLS] & VM_ENTRY_LOAD_DEBUG_CONTROLS) &&
	    f[VF_GUEST_IA32_DEBUGCTL] & DEBUGCTL_MORE)
		return true;
	return uses_injection(f) || uses_feature(f);
}

/* ---- the entry ----------------------------------------------------------- */

static u64 interruptibility(const u64 *f)
{
	u32 info = f[VF_VM_ENTRY_INTR_INFO_FIELD];
	u64 blocking = f[VF_GUEST_INTERRUPTIBILITY_INFO];

	/* vmcs02 uses virtual NMIs even where L1 does not, and checks for it. */
	if (!(f[VF_PIN_BASED_VM_EXEC_CONTROL] & PIN_BASED_VIRTUAL_NMIS) &&
	    (info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR &&
	    info & INTR_INFO_VALID_MASK)
		blocking &= ~(u64)GUEST_INTR_STATE_NMI;
	return blocking;
}

/* Return: true if vmcs02 took all of it. */
static bool show_state(const struct nvmx_vcpu *vcpu)
{
	u64 mce = __read_cr4() & X86_CR4_MCE;
	const u64 *f = vcpu->f;
	u32 loads = f[VF_VM_ENTRY_CONTROLS] & ENTRY_LOADS;
	bool ok = true;

	ok &= vmcs_write32(VM_ENTRY_CONTROLS, (vcpu->vmcs02.entry & ~ENTRY_LOADS) | loads);
	ok &= vmcs_writel(GUEST_CR0, f[VF_GUEST_CR0] & ~CR0_HIDDEN);
	ok &= vmcs_writel(GUEST_CR4, (f[VF_GUEST_CR4] & ~CR4_HIDDEN) | mce);
	ok &= vmcs_write64(GUEST_IA32_EFER, f[VF_GUEST_IA32_EFER]);
	ok &= vmcs_write64(GUEST_IA32_PAT, f[VF_GUEST_IA32_PAT]);
	ok &= vmcs_write64(GUEST_IA32_DEBUGCTL,
			   f[VF_GUEST_IA32_DEBUGCTL] & DEBUGCTL_SHOWN);
	ok &= vmcs_writel(GUEST_DR7, f[VF_GUEST_DR7]);
	ok &= vmcs_write32(GUEST_ACTIVITY_STATE, f[VF_GUEST_ACTIVITY_STATE]);
	ok &= vmcs_write32(GUEST_INTERRUPTIBILITY_INFO, interruptibility(f));
	ok &= vmcs_write32(VM_ENTRY_INTR_INFO_FIELD, f[VF_VM_ENTRY_INTR_INFO_FIELD]);
	ok &= vmcs_write32(VM_ENTRY_EXCEPTION_ERROR_CODE,
			   f[VF_VM_ENTRY_EXCEPTION_ERROR_CODE]);
	ok &= vmcs_write32(VM_ENTRY_INSTRUCTION_LEN, f[VF_VM_ENTRY_INSTRUCTION_LEN]);
	return ok;
}

/* Return: true if vmcs02 took all of it. */
static bool set_trap(const struct nvmx_vcpu *vcpu)
{
	u64 eptp = virt_to_phys(empty_ept) | EPT_MEMTYPE_WB | 3 << 3;
	u32 pin = vcpu->vmcs02.pin | PIN_BASED_VMX_PREEMPTION_TIMER;
	u32 proc = vcpu->vmcs02.proc & ~CPU_BASED_TPR_SHADOW;
	u32 proc2 = vcpu->vmcs02.proc2 & ~APIC_PROC2;

	return vmcs_write64(EPT_POINTER, eptp) &&
	       vmcs_write32(PIN_BASED_VM_EXEC_CONTROL, pin) &&
	       vmcs_write32(CPU_BASED_VM_EXEC_CONTROL, proc) &&
	       vmcs_write32(SECONDARY_VM_EXEC_CONTROL, proc2) &&
	       vmcs_write32(VMX_PREEMPTION_TIMER_VALUE, 0);
}

static void read_outcome(struct nvmx_vcpu *vcpu, struct nvmx_probe *probe)
{
	u32 reason = vmcs_read32(VM_EXIT_REASON);

	vcpu->entries++;
	probe->out_exit_reason = reason;
	probe->out_qualification = vmcs_readl(EXIT_QUALIFICATION);
	probe->out_outcome = NVMX_PROBE_FAILED_ENTRY;
	if (!(reason & VMX_EXIT_REASONS_FAILED_VMENTRY)) {
		probe->out_outcome = NVMX_PROBE_ACCEPTED;
		vcpu->vmcs02.hw.launched = true;
	}
	l2_regs_serve_host(reason & 0xffff, vmcs_read32(VM_EXIT_INTR_INFO));
}

static noinline void enter(struct nvmx_vcpu *vcpu, struct nvmx_probe *probe)
{
	u64 *gpr = vcpu->l2.gpr, cr2 = vcpu->l2.cr2;
	unsigned int failed;

	local_irq_disable();
	vmcs02_host(vcpu);
	l2_regs_before_entry(vcpu, vmcs_readl(GUEST_DR7));
	failed = nvmx_vmenter(gpr, gpr, vcpu->vmcs02.hw.launched);
	l2_regs_after_exit(vcpu);
	if (failed) {
		probe->out_outcome = NVMX_PROBE_VMFAIL;
		probe->out_error = vmcs_read32(VM_INSTRUCTION_ERROR);
	} else {
		read_outcome(vcpu, probe);
	}
	local_irq_enable();
	vcpu->l2.cr2 = cr2;
}

/* See l2_regs_swap_gs(). */
NOKPROBE_SYMBOL(enter);

/* Preemption is off between loading L2's registers and putting them away. */
static int probe_loaded(struct nvmx_vcpu *vcpu, const u64 *pdpte, struct nvmx_probe *probe)
{
	int ret = vmcs02_load(vcpu);

	if (ret)
		return ret;

	ret = vmcs02_merge(vcpu, pdpte);
	if (!ret && !(show_state(vcpu) && set_trap(vcpu)))
		ret = -EIO;
	if (!ret)
		enter(vcpu, probe);

	/* Nothing of this may be left: the next entry merges everything. */
	vcpu->vmcs02.owner = NULL;
	return ret;
}

int probe_run(struct nvmx_vcpu *vcpu, const struct nvmx_failure *list, u32 count,
	      u32 total, struct nvmx_probe *probe)
{
	u64 pdpte[4];
	bool from_memory;
	int ret;

	lockdep_assert_held(&vcpu->lock);

	if (!vmx_host_has(CAP_PIN(6)))
		return -EOPNOTSUPP;

	probe->out_reason = NVMX_PROBE_COMPARABLE;
	probe->out_outcome = NVMX_PROBE_NOT_RUN;
	probe->out_exit_reason = 0;
	probe->out_qualification = 0;
	probe->out_error = 0;
	if (hides(list, count, total))
		probe->out_reason = NVMX_PROBE_HIDDEN;
	else if (hides_activity(vcpu->f))
		probe->out_reason = NVMX_PROBE_ACTIVITY;
	else if (differs(vcpu))
		probe->out_reason = NVMX_PROBE_PROCESSOR;
	if (probe->out_reason != NVMX_PROBE_COMPARABLE)
		return 0;

	l2_apic_drop(vcpu);
	from_memory = nested_pdptes(vcpu, pdpte);
	l2_regs_load(vcpu);
	ret = probe_loaded(vcpu, from_memory ? pdpte : NULL, probe);
	l2_regs_put(vcpu);
	return ret;
}
