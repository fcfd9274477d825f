// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmcs02: merged from vmcs12 and what L0 needs.
 *
 * Each part of vmcs02 (G_x) has one function that computes it whole from the
 * effective values of vmcs12; a changed field names the parts it touches.  What
 * L0 must have is put in after L1's wishes, so nothing in vmcs12 can take it
 * away, and no address of vmcs12 is ever copied.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/segment.h>
#include <asm/special_insns.h>

#include "entry_checks.h"
#include "l2_timer.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/* Forced whatever L1 wants. */
#define L0_PIN		(PIN_BASED_EXT_INTR_MASK | PIN_BASED_NMI_EXITING | \
			 PIN_BASED_VIRTUAL_NMIS | PIN_BASED_VMX_PREEMPTION_TIMER)
#define L0_PROC		(CPU_BASED_HLT_EXITING | CPU_BASED_MWAIT_EXITING | \
			 CPU_BASED_RDPMC_EXITING | CPU_BASED_MOV_DR_EXITING | \
			 CPU_BASED_UNCOND_IO_EXITING | CPU_BASED_MONITOR_EXITING | \
			 CPU_BASED_USE_MSR_BITMAPS | CPU_BASED_USE_TSC_OFFSETTING | \
			 CPU_BASED_ACTIVATE_SECONDARY_CONTROLS)
/* And these, unless MOV CR8 is of L2's virtual-APIC page. */
#define L0_PROC_CR8	(CPU_BASED_CR8_LOAD_EXITING | CPU_BASED_CR8_STORE_EXITING)
#define L0_PROC2	(SECONDARY_EXEC_ENABLE_EPT | SECONDARY_EXEC_WBINVD_EXITING)
#define L0_EXIT		(VM_EXIT_HOST_ADDR_SPACE_SIZE | VM_EXIT_SAVE_DEBUG_CONTROLS | \
			 VM_EXIT_SAVE_IA32_PAT | VM_EXIT_LOAD_IA32_PAT | \
			 VM_EXIT_SAVE_IA32_EFER | VM_EXIT_LOAD_IA32_EFER)
#define L0_ENTRY	(VM_ENTRY_LOAD_DEBUG_CONTROLS | VM_ENTRY_LOAD_IA32_PAT | \
			 VM_ENTRY_LOAD_IA32_EFER)
#define L0_EXCEPTIONS	(BIT(X86_TRAP_AC) | BIT(X86_TRAP_DB) | BIT(X86_TRAP_MC))

/* L1's wishes that the processor carries out. */
#define L1_PROC		(CPU_BASED_INTR_WINDOW_EXITING | CPU_BASED_INVLPG_EXITING | \
			 CPU_BASED_RDTSC_EXITING | CPU_BASED_CR3_LOAD_EXITING | \
			 CPU_BASED_CR3_STORE_EXITING | CPU_BASED_NMI_WINDOW_EXITING | \
			 CPU_BASED_TPR_SHADOW | L0_PROC_CR8 | \
			 CPU_BASED_MONITOR_TRAP_FLAG | CPU_BASED_PAUSE_EXITING)
#define L1_PROC2	(SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES | \
			 SECONDARY_EXEC_APIC_REGISTER_VIRT | \
			 SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY | \
			 SECONDARY_EXEC_DESC | SECONDARY_EXEC_ENABLE_RDTSCP | \
			 SECONDARY_EXEC_UNRESTRICTED_GUEST | \
			 SECONDARY_EXEC_PAUSE_LOOP_EXITING | \
			 SECONDARY_EXEC_RDRAND_EXITING | SECONDARY_EXEC_ENABLE_INVPCID | \
			 SECONDARY_EXEC_ENABLE_VMFUNC | \
			 SECONDARY_EXEC_RDSEED_EXITING | SECONDARY_EXEC_ENABLE_XSAVES | \
			 SECONDARY_EXEC_TSC_SCALING)

/* VMX never switches the cache mode; L2 sees its own value. */
#define CR0_OWNED	(X86_CR0_CD | X86_CR0_NW)

/* The only bit of L2's IA32_DEBUGCTL that the processor gets. */
#define DEBUGCTL_HARDWARE	DEBUGCTLMSR_BTF

static void *msr_bitmap_all;

int vmcs02_module_init(void)
{
	msr_bitmap_all = (void *)__get_free_page(GFP_KERNEL);
	if (!msr_bitmap_all)
		return -ENOMEM;

	memset(msr_bitmap_all, 0xff, PAGE_SIZE);
	vmcs02_sync_init();
	return 0;
}

void vmcs02_module_exit(void)
{
	free_page((unsigned long)msr_bitmap_all);
	l2_vpids_exit();
}

int vmcs02_init(struct vmcs02 *vmcs02)
{
	int ret = hw_vmcs_alloc(&vmcs02->hw);

	if (ret)
		return ret;

	l2_vpids_alloc(&vmcs02->vpids);
	vmcs02->fpu_trapped = true;
	vmcs02->syscall_trapped = true;
	return 0;
}

void vmcs02_destroy(struct vmcs02 *vmcs02)
{
	hw_vmcs_free(&vmcs02->hw);
	l2_vpids_free(&vmcs02->vpids);
}

/* ---- writing ------------------------------------------------------------- */

static void put(struct vmcs02 *vmcs02, u64 encoding, u64 value)
{
	if (!__vmwrite(encoding, value)) {
		pr_err_once("nested_vmx: vmcs02: field %#llx refused\n", encoding);
		vmcs02->refused = true;
	}
}

static u32 within(unsigned int true_index, u32 wanted)
{
	u64 msr = vmx_host.msr[true_index];

	return (wanted | (u32)msr) & (u32)(msr >> 32);
}

static unsigned long tss_base(const struct desc_ptr *gdt)
{
	const struct ldttss_desc *tss = (const void *)(gdt->address + GDT_ENTRY_TSS * 8);

	return tss->base0 | (unsigned long)tss->base1 << 16 |
	       (unsigned long)tss->base2 << 24 | (unsigned long)tss->base3 << 32;
}

static void write_host_constants(struct vmcs02 *v)
{
	struct desc_ptr gdt, idt;
	u64 value;

	native_store_gdt(&gdt);
	store_idt(&idt);

	put(v, HOST_CS_SELECTOR, __KERNEL_CS);
	put(v, HOST_SS_SELECTOR, __KERNEL_DS);
	put(v, HOST_DS_SELECTOR, 0);
	put(v, HOST_ES_SELECTOR, 0);
	put(v, HOST_FS_SELECTOR, 0);
	put(v, HOST_GS_SELECTOR, 0);
	put(v, HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	put(v, HOST_GDTR_BASE, gdt.address);
	put(v, HOST_IDTR_BASE, idt.address);
	put(v, HOST_TR_BASE, tss_base(&gdt));
	rdmsrl(MSR_GS_BASE, value);
	put(v, HOST_GS_BASE, value);
	rdmsrl(MSR_IA32_SYSENTER_CS, value);
	put(v, HOST_IA32_SYSENTER_CS, value);
	rdmsrl(MSR_IA32_SYSENTER_ESP, value);
	put(v, HOST_IA32_SYSENTER_ESP, value);
	rdmsrl(MSR_IA32_SYSENTER_EIP, value);
	put(v, HOST_IA32_SYSENTER_EIP, value);
	put(v, HOST_CR0, read_cr0() & ~X86_CR0_TS);
	put(v, HOST_IA32_PAT, vmx_host.pat);
	put(v, HOST_IA32_EFER, vmx_host.efer);
	put(v, HOST_RIP, (unsigned long)nvmx_vmexit);
	/* Impossible values: the caches must be refreshed before the entry. */
	v->host_cr3 = ~0ULL;
	v->host_cr4 = ~0ULL;
	v->host_fs_base = ~0ULL;
}

static void write_l0_constants(struct vmcs02 *v)
{
	put(v, MSR_BITMAP, virt_to_phys(msr_bitmap_all));
	put(v, VMCS_LINK_POINTER, ~0ULL);
	put(v, VM_EXIT_MSR_STORE_COUNT, 0);
	put(v, VM_EXIT_MSR_LOAD_COUNT, 0);
	put(v, VM_ENTRY_MSR_LOAD_COUNT, 0);
	put(v, VM_ENTRY_INTR_INFO_FIELD, 0);
	put(v, GUEST_ACTIVITY_STATE, GUEST_ACTIVITY_ACTIVE);
	if (vmx_host_has(CAP_PROC2(15)))
		put(v, ENCLS_EXITING_BITMAP, ~0ULL);
	/* VMFUNC of any function exits. */
	if (vmx_host_has(CAP_PROC2(13)))
		put(v, VM_FUNCTION_CONTROL, 0);
}

int vmcs02_load(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	int ret = hw_vmcs_load(&v->hw);

	if (ret <= 0)
		return ret;

	write_host_constants(v);
	/* Translations of an earlier stay here are stale. */
	v->flush = true;
	cpumask_set_cpu(smp_processor_id(), vcpu->machine->ept.ran_on);
	return 0;
}

/* ---- the parts ----------------------------------------------------------- */

static void merge_pin(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	v->pin = within(CAPS_TRUE_PIN, L0_PIN);
	v->timer = vcpu->f[VF_PIN_BASED_VM_EXEC_CONTROL] & PIN_BASED_VMX_PREEMPTION_TIMER;
	put(v, PIN_BASED_VM_EXEC_CONTROL, v->pin);
	if (!v->timer)
		l2_timer_idle(vcpu);
	v->exit = within(CAPS_TRUE_EXIT, L0_EXIT |
			 (v->timer ? VM_EXIT_SAVE_VMX_PREEMPTION_TIMER : 0));
	put(v, VM_EXIT_CONTROLS, v->exit);
}

static void merge_proc(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	u32 want = vcpu->f[VF_CPU_BASED_VM_EXEC_CONTROL] & L1_PROC;

	if (!(want & CPU_BASED_TPR_SHADOW))
		want |= L0_PROC_CR8;
	v->proc = within(CAPS_TRUE_PROC, L0_PROC | want);
	/* Default1 bits of the processor that only L1 may want. */
	v->proc &= ~(u32)CPU_BASED_USE_IO_BITMAPS;
	put(v, CPU_BASED_VM_EXEC_CONTROL, v->proc);
}

void vmcs02_open_windows(struct nvmx_vcpu *vcpu, u32 windows)
{
	const u32 both = CPU_BASED_NMI_WINDOW_EXITING | CPU_BASED_INTR_WINDOW_EXITING;
	struct vmcs02 *v = &vcpu->vmcs02;
	u32 proc = v->proc & ~both;

	proc |= vcpu->f[VF_CPU_BASED_VM_EXEC_CONTROL] & both;
	if (windows & EVENT_INTR_WINDOW)
		proc |= CPU_BASED_INTR_WINDOW_EXITING;
	if (windows & EVENT_NMI_WINDOW && v->pin & PIN_BASED_VIRTUAL_NMIS)
		proc |= CPU_BASED_NMI_WINDOW_EXITING;
	if (proc != v->proc)
		put(v, CPU_BASED_VM_EXEC_CONTROL, v->proc = proc);
}

static void merge_proc2(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	u32 want = L0_PROC2 | (vmcs12_proc2(vcpu->f) & L1_PROC2);

	if (v->vpids.count)
		want |= SECONDARY_EXEC_ENABLE_VPID;
	if (vmx_host_has(CAP_PROC2(15)))
		want |= SECONDARY_EXEC_ENCLS_EXITING;
	v->proc2 = within(CAPS_PROC2, want);
	put(v, SECONDARY_VM_EXEC_CONTROL, v->proc2);
}

static void merge_exception(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	const u64 *f = vcpu->f;

	v->exception = f[VF_EXCEPTION_BITMAP] | L0_EXCEPTIONS |
		       (v->fpu_trapped ? BIT(X86_TRAP_NM) : 0) |
		       (vmcs02_traps_syscall(v) ? BIT(X86_TRAP_UD) : 0);
	put(v, EXCEPTION_BITMAP, v->exception);
	put(v, PAGE_FAULT_ERROR_CODE_MASK, f[VF_PAGE_FAULT_ERROR_CODE_MASK]);
	put(v, PAGE_FAULT_ERROR_CODE_MATCH, f[VF_PAGE_FAULT_ERROR_CODE_MATCH]);
}

static void merge_entry(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	v->entry = within(CAPS_TRUE_ENTRY, L0_ENTRY |
			  (vcpu->f[VF_VM_ENTRY_CONTROLS] & VM_ENTRY_IA32E_MODE));
	put(v, VM_ENTRY_CONTROLS, v->entry);
}

static void put_cr0(struct nvmx_vcpu *vcpu, u64 value)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	u64 mask = vcpu->f[VF_CR0_GUEST_HOST_MASK];
	u64 shadow = vcpu->f[VF_CR0_READ_SHADOW];

	put(v, GUEST_CR0, (value & ~v->cr0_owned) | (v->fpu_trapped ? X86_CR0_TS : 0));
	put(v, CR0_READ_SHADOW, (shadow & mask) | (value & ~mask));
}

static void own_cr0(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	v->cr0_owned = CR0_OWNED | (v->fpu_trapped ? X86_CR0_TS : 0);
	put(v, CR0_GUEST_HOST_MASK, vcpu->f[VF_CR0_GUEST_HOST_MASK] | v->cr0_owned);
}

static void merge_cr0(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	own_cr0(vcpu);
	v->cr0_l1_mask = vcpu->f[VF_CR0_GUEST_HOST_MASK];
	v->cr0_entry = vcpu->f[VF_GUEST_CR0];
	put_cr0(vcpu, vcpu->f[VF_GUEST_CR0]);
}

static void put_cr4(struct nvmx_vcpu *vcpu, u64 value)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	u64 mask = vcpu->f[VF_CR4_GUEST_HOST_MASK];
	u64 shadow = vcpu->f[VF_CR4_READ_SHADOW];
	u64 host = __read_cr4() & X86_CR4_MCE;

	put(v, GUEST_CR4, (value & ~v->cr4_owned) | host | X86_CR4_VMXE);
	put(v, CR4_READ_SHADOW, (shadow & mask) | (value & ~mask));
}

static void merge_cr4(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	/* A bit that L1's processor lacks must fault when L2 sets it. */
	v->cr4_owned = ~vcpu->machine->caps.msr[CAPS_CR4_FIXED1] | X86_CR4_MCE |
		       X86_CR4_VMXE;
	v->cr4_l1_mask = vcpu->f[VF_CR4_GUEST_HOST_MASK];
	v->cr4_entry = vcpu->f[VF_GUEST_CR4];
	put(v, CR4_GUEST_HOST_MASK, vcpu->f[VF_CR4_GUEST_HOST_MASK] | v->cr4_owned);
	put_cr4(vcpu, vcpu->f[VF_GUEST_CR4]);
}

static void merge_cr3(struct nvmx_vcpu *vcpu)
{
	put(&vcpu->vmcs02, GUEST_CR3, vcpu->f[VF_GUEST_CR3]);
}

static void put_pdpte(struct vmcs02 *v, const u64 *pdpte)
{
	put(v, GUEST_PDPTR0, pdpte[0]);
	put(v, GUEST_PDPTR1, pdpte[1]);
	put(v, GUEST_PDPTR2, pdpte[2]);
	put(v, GUEST_PDPTR3, pdpte[3]);
}

static void merge_pdptr(struct nvmx_vcpu *vcpu)
{
	/* Without EPT12 they come from memory at each entry. */
	if (vmcs12_uses_ept(vcpu->f))
		put_pdpte(&vcpu->vmcs02, &vcpu->f[VF_GUEST_PDPTR0]);
}

/* SDM Vol. 3, "Loading Guest Control Registers, Debug Registers, and MSRs". */
static u64 efer_of_entry(const struct nvmx_vcpu *vcpu)
{
	u32 entry = vcpu->f[VF_VM_ENTRY_CONTROLS];
	u64 efer = vcpu->l1.efer & vcpu->machine->caps.efer_valid;
	u64 long_mode = EFER_LMA;

	if (entry & VM_ENTRY_LOAD_IA32_EFER)
		return vcpu->f[VF_GUEST_IA32_EFER];

	if (vcpu->f[VF_GUEST_CR0] & X86_CR0_PG)
		long_mode |= EFER_LME;
	return entry & VM_ENTRY_IA32E_MODE ? efer | EFER_LMA | EFER_LME :
	       efer & ~long_mode;
}

static void merge_efer(struct nvmx_vcpu *vcpu)
{
	vmcs02_set_efer(vcpu, efer_of_entry(vcpu));
	vcpu->vmcs02.shared_msrs = true;
}

static void merge_pat(struct nvmx_vcpu *vcpu)
{
	bool load = vcpu->f[VF_VM_ENTRY_CONTROLS] & VM_ENTRY_LOAD_IA32_PAT;

	put(&vcpu->vmcs02, GUEST_IA32_PAT,
	    load ? vcpu->f[VF_GUEST_IA32_PAT] : vcpu->l1.pat);
	vcpu->vmcs02.shared_msrs = true;
}

static void merge_debug(struct nvmx_vcpu *vcpu)
{
	bool load = vcpu->f[VF_VM_ENTRY_CONTROLS] & VM_ENTRY_LOAD_DEBUG_CONTROLS;
	struct vmcs02 *v = &vcpu->vmcs02;

	v->debugctl = load ? vcpu->f[VF_GUEST_IA32_DEBUGCTL] : vcpu->l1.debugctl;
	put(v, GUEST_IA32_DEBUGCTL, v->debugctl & DEBUGCTL_HARDWARE);
	put(v, GUEST_DR7, (load ? vcpu->f[VF_GUEST_DR7] : vcpu->l1.dr7) & U32_MAX);
}

static void merge_ept(struct nvmx_vcpu *vcpu)
{
	put(&vcpu->vmcs02, EPT_POINTER, vcpu->vmcs02.eptp);
}

static void merge_vpid(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	u16 vpid = vmcs12_proc2(vcpu->f) & SECONDARY_EXEC_ENABLE_VPID ?
		   vcpu->f[VF_VIRTUAL_PROCESSOR_ID] : 0;

	v->l1_vpid = vpid;
	vpid = l2_vpids_choose(&v->vpids, vpid);
	if (vpid)
		put(v, VIRTUAL_PROCESSOR_ID, vpid);
}

static void merge_tsc(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	const u64 *f = vcpu->f;
	bool offset = f[VF_CPU_BASED_VM_EXEC_CONTROL] & CPU_BASED_USE_TSC_OFFSETTING;

	put(v, TSC_OFFSET, offset ? f[VF_TSC_OFFSET] : 0);
	if (vmcs12_proc2(f) & SECONDARY_EXEC_TSC_SCALING)
		put(v, TSC_MULTIPLIER, f[VF_TSC_MULTIPLIER]);
}

static void merge_xss(struct nvmx_vcpu *vcpu)
{
	/* IA32_XSS of L2 is 0, so the bitmap decides by XCR0 bits alone. */
	if (vmcs12_proc2(vcpu->f) & SECONDARY_EXEC_ENABLE_XSAVES)
		put(&vcpu->vmcs02, XSS_EXIT_BITMAP, vcpu->f[VF_XSS_EXIT_BITMAP]);
}

static void merge_ple(struct nvmx_vcpu *vcpu)
{
	if (!(vmcs12_proc2(vcpu->f) & SECONDARY_EXEC_PAUSE_LOOP_EXITING))
		return;
	put(&vcpu->vmcs02, PLE_GAP, vcpu->f[VF_PLE_GAP]);
	put(&vcpu->vmcs02, PLE_WINDOW, vcpu->f[VF_PLE_WINDOW]);
}

static void merge_cr3_target(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	const u64 *f = vcpu->f;
	u32 i, max = vmx_misc_cr3_count(vmx_host.msr[CAPS_MISC]);

	put(v, CR3_TARGET_COUNT, min_t(u32, f[VF_CR3_TARGET_COUNT], max));
	for (i = 0; i < min_t(u32, max, 4); i++)
		put(v, CR3_TARGET_VALUE0 + 2 * i, f[VF_CR3_TARGET_VALUE0 + i]);
}

static bool delivers_virtual(const struct nvmx_vcpu *vcpu)
{
	return vmcs12_proc2(vcpu->f) & SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY;
}

static void merge_intr_status(struct nvmx_vcpu *vcpu)
{
	if (delivers_virtual(vcpu))
		put(&vcpu->vmcs02, GUEST_INTR_STATUS, vcpu->f[VF_GUEST_INTR_STATUS]);
}

/*
 * Addresses of pages of ours or of pinned pages: l2_apic.c.  "Virtualize x2APIC
 * mode" stays 0: each access to an MSR exits.
 */
static void merge_apic(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	void *page = vcpu->apic.page;
	unsigned int i;

	if (vmx_host_has(CAP_PROC(21))) {
		put(v, VIRTUAL_APIC_PAGE_ADDR, page ? virt_to_phys(page) : 0);
		put(v, TPR_THRESHOLD, vcpu->f[VF_TPR_THRESHOLD] & 0xf);
	}
	if (vmx_host_has(CAP_PROC2(0)))
		put(v, APIC_ACCESS_ADDR, l2_apic_access(vcpu->f) ?
		    ept_apic_page(&vcpu->machine->ept) : 0);
	for (i = 0; i < 4 && delivers_virtual(vcpu); i++)
		put(v, EOI_EXIT_BITMAP0 + 2 * i, vcpu->f[VF_EOI_EXIT_BITMAP0 + i]);
}

/* Computes a part; by bit number of G_x.  G_EXIT goes with G_PIN. */
static void (* const vmcs02_parts[])(struct nvmx_vcpu *vcpu) = {
	[ilog2(G_PIN)]		= merge_pin,
	[ilog2(G_PROC)]		= merge_proc,
	[ilog2(G_PROC2)]	= merge_proc2,
	[ilog2(G_EXCEPTION)]	= merge_exception,
	[ilog2(G_EXIT)]		= merge_pin,
	[ilog2(G_ENTRY)]	= merge_entry,
	[ilog2(G_CR0)]		= merge_cr0,
	[ilog2(G_CR4)]		= merge_cr4,
	[ilog2(G_CR3)]		= merge_cr3,
	[ilog2(G_PDPTR)]	= merge_pdptr,
	[ilog2(G_EFER)]		= merge_efer,
	[ilog2(G_PAT)]		= merge_pat,
	[ilog2(G_DEBUG)]	= merge_debug,
	[ilog2(G_EPT)]		= merge_ept,
	[ilog2(G_VPID)]		= merge_vpid,
	[ilog2(G_TSC)]		= merge_tsc,
	[ilog2(G_XSS)]		= merge_xss,
	[ilog2(G_PLE)]		= merge_ple,
	[ilog2(G_CR3_TARGET)]	= merge_cr3_target,
	[ilog2(G_APIC)]		= merge_apic,
	[ilog2(G_INTR_STATUS)]	= merge_intr_status,
};

static void merge_parts(struct nvmx_vcpu *vcpu, u32 groups)
{
	groups &= ~(u32)G_COPY;
	while (groups) {
		vmcs02_parts[__ffs(groups)](vcpu);
		groups &= groups - 1;
	}
}

/* Whatever is not written by this vmcs12 must not be left from another. */
static u32 merge_everything(struct nvmx_vcpu *vcpu)
{
	unsigned int i;

	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		if (vmcs_field_table[i].merge & G_COPY)
			put(&vcpu->vmcs02, vmcs_field_table[i].encoding, vcpu->f[i]);
	write_l0_constants(&vcpu->vmcs02);
	return G_ALL;
}

static u32 merge_field(struct nvmx_vcpu *vcpu, unsigned int index)
{
	const struct vmcs_field_info *info = &vmcs_field_table[index];

	if (info->merge & G_COPY)
		put(&vcpu->vmcs02, info->encoding, vcpu->f[index]);
	return info->merge;
}

u32 vmcs02_dirty_parts(const struct nvmx_vcpu *vcpu)
{
	const u64 *dirty = vcpu->current_vmcs->dirty;
	u32 parts = vcpu->vmcs02.stale;
	unsigned int i;
	u64 word;

	for (i = 0; i < VMCS12_DIRTY_WORDS; i++)
		for (word = dirty[i]; word; word &= word - 1)
			parts |= vmcs_field_table[i * 64 + __ffs(word)].merge;
	return parts;
}

static u32 merge_dirty(struct nvmx_vcpu *vcpu)
{
	const u64 *dirty = vcpu->current_vmcs->dirty;
	unsigned int i;
	u32 groups = 0;
	u64 word;

	for (i = 0; i < VMCS12_DIRTY_WORDS; i++)
		for (word = dirty[i]; word; word &= word - 1)
			groups |= merge_field(vcpu, i * 64 + __ffs(word));
	return groups;
}

int vmcs02_choose_ept(struct nvmx_vcpu *vcpu)
{
	struct ept *ept = &vcpu->machine->ept;
	struct vmcs02 *v = &vcpu->vmcs02;
	u64 eptp = ept01_eptp(ept);
	u64 apic = l2_apic_access(vcpu->f);
	int ret = 0;

	if (vmcs12_uses_ept(vcpu->f) || apic)
		ret = ept02_get(ept, vmcs02_eptp12(vcpu->f), apic, &eptp);
	if (ret)
		return ret;

	if (eptp != v->eptp)
		v->stale |= G_EPT;
	v->ept12 = vmcs12_uses_ept(vcpu->f);
	v->eptp = eptp;
	v->ept_generation = ept_generation(ept);
	return 0;
}

void vmcs02_update_ept(struct nvmx_vcpu *vcpu)
{
	merge_ept(vcpu);
	vcpu->vmcs02.stale &= ~(u32)G_EPT;
}

int vmcs02_merge(struct nvmx_vcpu *vcpu, const u64 *pdpte)
{
	struct shadow_vmcs *vmcs = vcpu->current_vmcs;
	struct vmcs02 *v = &vcpu->vmcs02;
	u32 groups = v->stale;

	hw_vmcs_assert_current(&v->hw);

	if (v->owner != vmcs)
		groups |= merge_everything(vcpu);
	else
		groups |= merge_dirty(vcpu);
	merge_parts(vcpu, groups);
	if (pdpte)
		put_pdpte(v, pdpte);

	if (v->refused) {
		v->refused = false;
		v->owner = NULL;
		return -EIO;
	}

	memset(vmcs->dirty, 0, sizeof(vmcs->dirty));
	v->stale = 0;
	v->owner = vmcs;
	return 0;
}

void vmcs02_inject(struct nvmx_vcpu *vcpu, u32 intr_info, u32 error_code, u32 length)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	u32 blocking;

	put(v, VM_ENTRY_INTR_INFO_FIELD, intr_info);
	put(v, VM_ENTRY_EXCEPTION_ERROR_CODE, error_code);
	put(v, VM_ENTRY_INSTRUCTION_LEN, length);

	/* vmcs02 uses virtual NMIs even where L1 does not, and checks for it. */
	if ((intr_info & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_NMI_INTR) {
		blocking = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);
		if (blocking & GUEST_INTR_STATE_NMI)
			put(v, GUEST_INTERRUPTIBILITY_INFO,
			    blocking & ~GUEST_INTR_STATE_NMI);
	}
}

/*
 * What makes the processor look is left out: blocking by STI or MOV SS.  That is
 * one instruction's worth, in a case that hardly anybody meets.
 */
void vmcs02_single_step(struct nvmx_vcpu *vcpu)
{
	u32 blocking;

	if (likely(!((vcpu->f[VF_GUEST_IA32_DEBUGCTL] ^ vcpu->vmcs02.debugctl) &
		     DEBUGCTLMSR_BTF)) ||
	    !(vmcs_readl(GUEST_RFLAGS) & X86_EFLAGS_TF))
		return;

	blocking = vmcs_read32(GUEST_INTERRUPTIBILITY_INFO);
	put(&vcpu->vmcs02, GUEST_INTERRUPTIBILITY_INFO,
	    blocking & ~(GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS));
}

void vmcs02_update_host(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	u64 cr3 = __read_cr3(), cr4 = __read_cr4();

	if (v->host_cr3 != cr3)
		put(v, HOST_CR3, v->host_cr3 = cr3);
	if (v->host_cr4 != cr4)
		put(v, HOST_CR4, v->host_cr4 = cr4);
	if (v->host_fs_base != vcpu->host.fs_base)
		put(v, HOST_FS_BASE, v->host_fs_base = vcpu->host.fs_base);
}

void vmcs02_flush_all(struct nvmx_vcpu *vcpu)
{
	struct vmcs02 *v = &vcpu->vmcs02;

	__invept(VMX_INVEPT_SINGLE, v->eptp);
	l2_vpids_drop_all(&v->vpids);
	v->flush = false;
}

void vmcs02_follow_fpu(struct nvmx_vcpu *vcpu)
{
	u64 cr0 = vmcs02_cr0(vcpu);

	vcpu->vmcs02.fpu_trapped = !vcpu->host.fpu_loaded;
	own_cr0(vcpu);
	put_cr0(vcpu, cr0);
	merge_exception(vcpu);
}

void vmcs02_follow_syscall(struct nvmx_vcpu *vcpu)
{
	u64 efer = vmcs02_efer(vcpu);

	vcpu->vmcs02.syscall_trapped = !vcpu->host.syscall_loaded;
	vmcs02_set_efer(vcpu, efer);
	merge_exception(vcpu);
}

void vmcs02_set_efer(struct nvmx_vcpu *vcpu, u64 value)
{
	struct vmcs02 *v = &vcpu->vmcs02;
	bool was_trapped = vmcs02_traps_syscall(v);

	v->efer = value;
	put(v, GUEST_IA32_EFER, v->syscall_trapped ? value & ~(u64)EFER_SCE : value);
	if (vmcs02_traps_syscall(v) != was_trapped)
		merge_exception(vcpu);
}

u64 vmcs02_efer(const struct nvmx_vcpu *vcpu)
{
	return (vmcs_read64(GUEST_IA32_EFER) & ~(u64)EFER_SCE) |
	       (vcpu->vmcs02.efer & EFER_SCE);
}

void vmcs02_set_cr0(struct nvmx_vcpu *vcpu, u64 value)
{
	put_cr0(vcpu, value);
}

void vmcs02_set_cr4(struct nvmx_vcpu *vcpu, u64 value)
{
	put_cr4(vcpu, value);
}
