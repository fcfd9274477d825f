// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMX on one CPU, a VMCS that never becomes a guest, and the way back.
 *
 * Bit 1 of guest RFLAGS stays 0.  A processor that has nothing against controls
 * and host state then leaves with exit 33, which loads host state: what the
 * caller did not change is the host's own, and all that an exit changes is put
 * back.  Neither a guest nor an MSR area of VM entry is ever reached.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/msr.h>
#include <asm/processor.h>
#include <asm/segment.h>
#include <asm/special_insns.h>
#include <asm/tlbflush.h>

#include "proof_enter.h"
#include "vmx_ops.h"

/* An entry of an MSR area. */
struct area_entry {
	u32 index;
	u32 reserved;
	u64 value;
};

/* What an exit loads from host state, or to a fixed value. */
struct host_regs {
	unsigned long cr0, cr4, dr7;
	u64 efer, pat, debugctl, sysenter_cs, sysenter_esp, sysenter_eip;
	struct desc_ptr gdt, idt;
	u16 ds, es, ss;
};

static void *vmxon_region, *vmcs_region, *pages;
static u64 cap_msr[PROOF_CAP_MSRS];

/* ---- host state ---------------------------------------------------------- */

static u64 msr_or_0(u32 msr)
{
	u64 value;

	return rdmsrl_safe(msr, &value) ? 0 : value;
}

static unsigned long tss_base(unsigned long gdt)
{
	const struct ldttss_desc *tss = (const void *)(gdt + GDT_ENTRY_TSS * 8);

	return tss->base0 | (unsigned long)tss->base1 << 16 |
	       (unsigned long)tss->base2 << 24 | (unsigned long)tss->base3 << 32;
}

static void add(struct proof_setup *setup, u64 encoding, u64 value)
{
	if (setup->count < ARRAY_SIZE(setup->host))
		setup->host[setup->count++] = (struct proof_field){ encoding, value };
}

static u16 segment(unsigned int n)
{
	u16 selector = 0;

	switch (n) {
	case 0:
		savesegment(es, selector);
		break;
	case 3:
		savesegment(ds, selector);
		break;
	case 4:
		savesegment(fs, selector);
		break;
	case 5:
		savesegment(gs, selector);
		break;
	}
	return selector;
}

/* A selector of user space is no host state: the base is what counts. */
static void host_segments(struct proof_setup *setup)
{
	struct desc_ptr gdt, idt;

	native_store_gdt(&gdt);
	store_idt(&idt);
	add(setup, HOST_ES_SELECTOR, segment(0) & ~7);
	add(setup, HOST_CS_SELECTOR, __KERNEL_CS);
	add(setup, HOST_SS_SELECTOR, __KERNEL_DS);
	add(setup, HOST_DS_SELECTOR, segment(3) & ~7);
	add(setup, HOST_FS_SELECTOR, segment(4) & ~7);
	add(setup, HOST_GS_SELECTOR, segment(5) & ~7);
	add(setup, HOST_TR_SELECTOR, GDT_ENTRY_TSS * 8);
	add(setup, HOST_FS_BASE, msr_or_0(MSR_FS_BASE));
	add(setup, HOST_GS_BASE, msr_or_0(MSR_GS_BASE));
	add(setup, HOST_TR_BASE, tss_base(gdt.address));
	add(setup, HOST_GDTR_BASE, gdt.address);
	add(setup, HOST_IDTR_BASE, idt.address);
}

static void host_state(struct proof_setup *setup)
{
	setup->count = 0;
	add(setup, HOST_CR0, read_cr0());
	add(setup, HOST_CR3, __read_cr3());
	add(setup, HOST_CR4, __read_cr4());
	add(setup, HOST_IA32_SYSENTER_CS, msr_or_0(MSR_IA32_SYSENTER_CS));
	add(setup, HOST_IA32_SYSENTER_ESP, msr_or_0(MSR_IA32_SYSENTER_ESP));
	add(setup, HOST_IA32_SYSENTER_EIP, msr_or_0(MSR_IA32_SYSENTER_EIP));
	add(setup, HOST_IA32_EFER, msr_or_0(MSR_EFER));
	add(setup, HOST_IA32_PAT, msr_or_0(MSR_IA32_CR_PAT));
	add(setup, HOST_IA32_PERF_GLOBAL_CTRL, msr_or_0(MSR_CORE_PERF_GLOBAL_CTRL));
	add(setup, HOST_RIP, (unsigned long)proof_setup);
	host_segments(setup);
}

static void save(struct host_regs *host)
{
	host->cr0 = read_cr0();
	host->cr4 = __read_cr4();
	get_debugreg(host->dr7, 7);
	host->efer = msr_read(MSR_EFER);
	host->pat = msr_read(MSR_IA32_CR_PAT);
	host->debugctl = msr_or_0(MSR_IA32_DEBUGCTLMSR);
	host->sysenter_cs = msr_read(MSR_IA32_SYSENTER_CS);
	host->sysenter_esp = msr_read(MSR_IA32_SYSENTER_ESP);
	host->sysenter_eip = msr_read(MSR_IA32_SYSENTER_EIP);
	native_store_gdt(&host->gdt);
	store_idt(&host->idt);
	savesegment(ds, host->ds);
	savesegment(es, host->es);
	savesegment(ss, host->ss);
}

static void put_back(const struct host_regs *host)
{
	asm volatile("mov %0, %%cr4" : : "r" (host->cr4) : "memory");
	asm volatile("mov %0, %%cr0" : : "r" (host->cr0) : "memory");
	native_load_gdt(&host->gdt);
	native_load_idt(&host->idt);
	invalidate_tss_limit();
	loadsegment(ss, host->ss);
	loadsegment(ds, host->ds);
	loadsegment(es, host->es);
	msr_write(MSR_EFER, host->efer);
	msr_write(MSR_IA32_CR_PAT, host->pat);
	msr_write(MSR_IA32_SYSENTER_CS, host->sysenter_cs);
	msr_write(MSR_IA32_SYSENTER_ESP, host->sysenter_esp);
	msr_write(MSR_IA32_SYSENTER_EIP, host->sysenter_eip);
	if (host->debugctl)
		msr_write(MSR_IA32_DEBUGCTLMSR, host->debugctl);
	set_debugreg(host->dr7, 7);
}

/* ---- the VMCS ------------------------------------------------------------ */

static void write_host(void)
{
	struct proof_setup setup;
	unsigned int i;

	host_state(&setup);
	for (i = 0; i < setup.count; i++)
		__vmwrite(setup.host[i].encoding, setup.host[i].value);
}

/* Return: HOST_RIP, or 0 if it is among the fields. */
static u64 write_fields(struct proof_entry *entry)
{
	u64 rip = HOST_RIP;
	u32 i;

	entry->out_refused = ~0U;
	for (i = 0; i < entry->count; i++) {
		const struct proof_field *field = &entry->field[i];

		/* What keeps the guest from starting. */
		if (field->encoding == GUEST_RFLAGS)
			continue;
		if (field->encoding == HOST_RIP)
			rip = 0;
		if (!__vmwrite(field->encoding, field->value))
			entry->out_refused = field->encoding;
	}
	return rip;
}

void proof_enter(struct proof_entry *entry)
{
	struct host_regs host;
	unsigned long flags;
	u64 rip;

	local_irq_save(flags);
	save(&host);
	write_host();
	rip = write_fields(entry);
	__vmwrite(GUEST_RFLAGS, 0);
	entry->out_outcome = proof_vmenter(entry->how, rip);
	put_back(&host);
	entry->out_error = __vmread(VM_INSTRUCTION_ERROR);
	entry->out_reason = __vmread(VM_EXIT_REASON);
	entry->out_qualification = __vmread(EXIT_QUALIFICATION);
	local_irq_restore(flags);
}

void proof_setup(struct proof_setup *setup)
{
	memcpy(setup->msr, cap_msr, sizeof(setup->msr));
	setup->maxphyaddr = boot_cpu_data.x86_phys_bits;
	setup->linear_bits = boot_cpu_data.x86_virt_bits;
	setup->pages = virt_to_phys(pages);
	setup->vmptr = virt_to_phys(vmcs_region);
	host_state(setup);
}

/* ---- begin and end ------------------------------------------------------- */

static void fill_pages(void)
{
	struct area_entry *area = pages + PAGE_SIZE;
	unsigned int i;

	((u8 *)pages)[0x80] = 0x50;
	for (i = 0; i < PAGE_SIZE / sizeof(*area); i++)
		area[i] = (struct area_entry){
			.index = MSR_KERNEL_GS_BASE,
			.value = msr_or_0(MSR_KERNEL_GS_BASE),
		};
}

static int allocate(void)
{
	vmxon_region = (void *)get_zeroed_page(GFP_KERNEL);
	vmcs_region = (void *)get_zeroed_page(GFP_KERNEL);
	pages = (void *)__get_free_pages(GFP_KERNEL | __GFP_ZERO,
					 get_order(PROOF_PAGES * PAGE_SIZE));
	return vmxon_region && vmcs_region && pages ? 0 : -ENOMEM;
}

static void release(void)
{
	free_page((unsigned long)vmxon_region);
	free_page((unsigned long)vmcs_region);
	free_pages((unsigned long)pages, get_order(PROOF_PAGES * PAGE_SIZE));
}

static int vmx_on(void)
{
	u64 vmcs = virt_to_phys(vmcs_region);
	unsigned long flags;
	int ret = 0;

	local_irq_save(flags);
	cr4_set_bits_irqsoff(X86_CR4_VMXE);
	if (__vmxon(virt_to_phys(vmxon_region)) != VMX_OK) {
		cr4_clear_bits_irqsoff(X86_CR4_VMXE);
		ret = -EIO;
	} else if (__vmclear(vmcs) != VMX_OK || __vmptrld(vmcs) != VMX_OK) {
		__vmxoff();
		cr4_clear_bits_irqsoff(X86_CR4_VMXE);
		ret = -EIO;
	}
	local_irq_restore(flags);
	return ret;
}

int proof_begin(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < PROOF_CAP_MSRS; i++)
		cap_msr[i] = msr_or_0(MSR_IA32_VMX_BASIC + i);

	ret = allocate();
	if (!ret) {
		*(u32 *)vmxon_region = cap_msr[0] & 0x7fffffff;
		*(u32 *)vmcs_region = cap_msr[0] & 0x7fffffff;
		fill_pages();
		ret = vmx_on();
	}
	if (ret)
		release();
	return ret;
}

void proof_end(void)
{
	unsigned long flags;

	local_irq_save(flags);
	__vmclear(virt_to_phys(vmcs_region));
	__vmxoff();
	cr4_clear_bits_irqsoff(X86_CR4_VMXE);
	local_irq_restore(flags);
	release();
}
