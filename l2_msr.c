// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MSRs of L1's processor: an allow-list.  What is not in it does not exist.
 */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <asm/msr.h>

#include "l2_msr.h"
#include "l2_regs.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/**
 * struct l2_msr - an MSR of L1's processor
 * @index: its number
 * @field: VMCS field that holds it, or 0
 * @reg: offset in struct l2_regs, where @field is 0 and @read is NULL
 * @stale: G_x: parts of vmcs02 that hold it, which L1's next entry must load anew
 * @legal: whether a value may be written; NULL: any
 * @read: reads it, for MSRs without a place
 * @write: writes it; NULL: into its place
 * @constant: value of an MSR without place and functions
 * @fixed: a write must not change it
 */
struct l2_msr {
	u32 index;
	u16 field;
	u16 reg;
	u32 stale;
	bool (*legal)(const struct nvmx_vcpu *vcpu, u64 value);
	u64 (*read)(struct nvmx_vcpu *vcpu);
	bool (*write)(struct nvmx_vcpu *vcpu, u64 value);
	u64 constant;
	bool fixed;
};

static bool is_canonical(const struct nvmx_vcpu *vcpu, u64 value)
{
	return nvmx_caps_canonical(&vcpu->machine->caps, value);
}

static bool is_32_bit(const struct nvmx_vcpu *vcpu, u64 value)
{
	return !(value >> 32);
}

static bool is_pat(const struct nvmx_vcpu *vcpu, u64 value)
{
	return l2_msr_pat_legal(value);
}

static bool is_debugctl(const struct nvmx_vcpu *vcpu, u64 value)
{
	return !(value & ~vcpu->machine->caps.debugctl_valid);
}

static bool is_xss(const struct nvmx_vcpu *vcpu, u64 value)
{
	return !(value & ~vcpu->machine->caps.xss_valid);
}

static bool is_zero(const struct nvmx_vcpu *vcpu, u64 value)
{
	return !value;
}

static u64 read_tsc(struct nvmx_vcpu *vcpu)
{
	u64 tsc = rdtsc();

	if (vcpu->vmcs02.proc2 & SECONDARY_EXEC_TSC_SCALING)
		tsc = mul_u64_u64_shr(tsc, vmcs_read64(TSC_MULTIPLIER), 48);
	return tsc + vmcs_read64(TSC_OFFSET);
}

static u64 read_debugctl(struct nvmx_vcpu *vcpu)
{
	return vcpu->vmcs02.debugctl;
}

static bool write_debugctl(struct nvmx_vcpu *vcpu, u64 value)
{
	vcpu->vmcs02.debugctl = value;
	return vmcs_write64(GUEST_IA32_DEBUGCTL, value & DEBUGCTLMSR_BTF);
}

static u64 read_efer(struct nvmx_vcpu *vcpu)
{
	return vmcs02_efer(vcpu);
}

static bool write_efer(struct nvmx_vcpu *vcpu, u64 value)
{
	u64 old = vmcs02_efer(vcpu);

	if (value & ~vcpu->machine->caps.efer_valid)
		return false;
	if (((value ^ old) & EFER_LME) && (vmcs_readl(GUEST_CR0) & X86_CR0_PG))
		return false;

	vmcs02_set_efer(vcpu, (value & ~EFER_LMA) | (old & EFER_LMA));
	return true;
}

static u64 read_xss(struct nvmx_vcpu *vcpu)
{
	return vcpu->l2.xss;
}

#define REG(member)	.reg = offsetof(struct l2_regs, member)

static const struct l2_msr l2_msrs[] = {
	{ .index = MSR_IA32_TSC, .read = read_tsc, .fixed = true },
	{ .index = MSR_IA32_APICBASE, .constant = 0xfee00900, .fixed = true },
	{ .index = MSR_IA32_FEAT_CTL,
	  .constant = FEAT_CTL_LOCKED | FEAT_CTL_VMX_ENABLED_OUTSIDE_SMX,
	  .fixed = true },
	{ .index = MSR_IA32_UCODE_REV, .legal = is_zero, .fixed = true },
	{ .index = MSR_IA32_SYSENTER_CS, .field = GUEST_SYSENTER_CS, .legal = is_32_bit },
	{ .index = MSR_IA32_SYSENTER_ESP, .field = GUEST_SYSENTER_ESP, .legal = is_canonical },
	{ .index = MSR_IA32_SYSENTER_EIP, .field = GUEST_SYSENTER_EIP, .legal = is_canonical },
	{ .index = MSR_IA32_MISC_ENABLE, .constant = MSR_IA32_MISC_ENABLE_FAST_STRING,
	  .fixed = true },
	{ .index = MSR_IA32_DEBUGCTLMSR, .read = read_debugctl, .write = write_debugctl,
	  .legal = is_debugctl, .stale = G_DEBUG },
	{ .index = MSR_IA32_CR_PAT, .field = GUEST_IA32_PAT, .legal = is_pat,
	  .stale = G_PAT },
	{ .index = MSR_IA32_XSS, REG(xss), .read = read_xss, .legal = is_xss },
	{ .index = MSR_EFER, .read = read_efer, .write = write_efer,
	  .stale = G_EFER },
	{ .index = MSR_STAR, REG(star) },
	{ .index = MSR_LSTAR, REG(lstar), .legal = is_canonical },
	{ .index = MSR_CSTAR, REG(cstar), .legal = is_canonical },
	{ .index = MSR_SYSCALL_MASK, REG(fmask), .legal = is_32_bit },
	{ .index = MSR_FS_BASE, .field = GUEST_FS_BASE, .legal = is_canonical },
	{ .index = MSR_GS_BASE, .field = GUEST_GS_BASE, .legal = is_canonical },
	{ .index = MSR_KERNEL_GS_BASE, REG(kernel_gs_base), .legal = is_canonical },
	{ .index = MSR_TSC_AUX, REG(tsc_aux), .legal = is_32_bit },
};

static const struct l2_msr *l2_msr_find(const struct nvmx_vcpu *vcpu, u32 index)
{
	unsigned int i;

	if (index == MSR_TSC_AUX && !l1_cpuid_has_tsc_aux(&vcpu->machine->cpuid))
		return NULL;
	for (i = 0; i < ARRAY_SIZE(l2_msrs); i++)
		if (l2_msrs[i].index == index)
			return &l2_msrs[i];
	return NULL;
}

static bool read_vmx_msr(const struct nvmx_vcpu *vcpu, u32 index, u64 *value)
{
	u32 i = index - MSR_IA32_VMX_BASIC;

	if (i >= NVMX_CAP_MSRS || !vcpu->machine->caps.msr[i])
		return false;

	*value = vcpu->machine->caps.msr[i];
	return true;
}

bool l2_msr_read(struct nvmx_vcpu *vcpu, u32 index, u64 *value)
{
	const struct l2_msr *msr = l2_msr_find(vcpu, index);

	if (!msr)
		return read_vmx_msr(vcpu, index, value);

	if (msr->read)
		*value = msr->read(vcpu);
	else if (msr->field)
		*value = __vmread(msr->field);
	else if (msr->reg)
		*value = *(u64 *)((void *)&vcpu->l2 + msr->reg);
	else
		*value = msr->constant;
	return true;
}

bool l2_msr_write(struct nvmx_vcpu *vcpu, u32 index, u64 value)
{
	const struct l2_msr *msr = l2_msr_find(vcpu, index);
	u64 old;

	if (!msr || (msr->legal && !msr->legal(vcpu, value)))
		return false;

	vcpu->vmcs02.stale |= msr->stale;
	if (msr->fixed)
		return l2_msr_read(vcpu, index, &old) && old == value;
	if (msr->write)
		return msr->write(vcpu, value);
	if (msr->field)
		return __vmwrite(msr->field, value);

	*(u64 *)((void *)&vcpu->l2 + msr->reg) = value;
	l2_regs_msr_changed(vcpu);
	return true;
}
