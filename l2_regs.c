// SPDX-License-Identifier: GPL-2.0-only
/*
 * L2's registers that VMX does not switch, and the host's that a VM exit does
 * not restore.
 */
#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/debugreg.h>
#include <asm/desc.h>
#include <asm/fpu/api.h>
#include <asm/fpu/xcr.h>
#include <asm/fsgsbase.h>
#include <asm/msr.h>
#include <asm/segment.h>

#include "compat.h"
#include "l2_regs.h"
#include "l2_regs_run.h"
#include "vcpu.h"
#include "vmx_ops.h"

/* Standard-format XSAVE area: SDM Vol. 1, "Managing State Using XSAVE". */
#define XSAVE_MXCSR		24
#define XSAVE_MXCSR_MASK	28
#define XSAVE_XSTATE_BV		512
#define XSAVE_HEADER_BYTES	64
#define XSAVE_LEGACY_BYTES	512
#define XSAVE_XMM		160
#define XSAVE_XMM_BYTES		256
#define FCW_INIT		0x37f
#define MXCSR_INIT		0x1f80
#define MXCSR_MASK_DEFAULT	0xffbf

/* Once L2 has used the FPU or SYSCALL, it probably does so again: for so many runs. */
#define L2_RUNS		16

#define XCR0_X87	BIT_ULL(0)
#define XCR0_SSE	BIT_ULL(1)
#define XCR0_AVX	BIT_ULL(2)
#define XCR0_AVX512	GENMASK_ULL(7, 5)

/* What L2 may have of the XSAVE-managed state. */
static u64 l2_xfeatures(void)
{
	return vmx_host.xcr0 & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512);
}

static void xstate_restore(const void *area)
{
	u64 mask = l2_xfeatures();

	if (!mask) {
		asm volatile("fxrstorq (%0)" : : "r" (area) : "memory");
		return;
	}
	asm volatile("xrstorq (%0)"
		     : : "r" (area), "a" ((u32)mask), "d" ((u32)(mask >> 32))
		     : "memory");
}

static void xstate_save(void *area)
{
	u64 mask = l2_xfeatures();

	if (!mask) {
		asm volatile("fxsaveq (%0)" : : "r" (area) : "memory");
		return;
	}
	asm volatile("xsaveq (%0)"
		     : : "r" (area), "a" ((u32)mask), "d" ((u32)(mask >> 32))
		     : "memory");
}

/*
 * Processors with Meltdown may let an instruction see the FPU registers while
 * CR0.TS keeps them away: those of the process must not be in there then.
 */
static bool must_load_fpu(void)
{
	return boot_cpu_has_bug(X86_BUG_CPU_MELTDOWN) && !cpu_mitigations_off();
}

int l2_regs_init(struct l2_regs *regs)
{
	BUILD_BUG_ON(NVMX_XSAVE_BYTES > PAGE_SIZE);

	memset(regs, 0, sizeof(*regs));
	regs->xsave = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!regs->xsave)
		return -ENOMEM;

	*(u16 *)regs->xsave = FCW_INIT;
	*(u32 *)(regs->xsave + XSAVE_MXCSR) = MXCSR_INIT;
	/* FXSAVE never writes it, and the area always holds the state. */
	if (!l2_xfeatures())
		*(u64 *)(regs->xsave + XSAVE_XSTATE_BV) = XCR0_X87 | XCR0_SSE;
	regs->xcr0 = XCR0_X87;
	regs->dr6 = DR6_RESERVED;
	regs->fpu_runs = must_load_fpu();
	return 0;
}

void l2_regs_destroy(struct l2_regs *regs)
{
	free_page((unsigned long)regs->xsave);
	regs->xsave = NULL;
}

void l2_regs_take_gpr(struct nvmx_vcpu *vcpu)
{
	l2_regs_copy_gpr(vcpu->l2.gpr, vcpu->run->gpr);
	vcpu->gpr_in_run = false;
}

void l2_regs_tell_gpr(struct nvmx_vcpu *vcpu)
{
	l2_regs_copy_gpr(vcpu->run->gpr, vcpu->l2.gpr);
}

void l2_regs_get(const struct l2_regs *regs, struct nvmx_l2 *out)
{
	out->cr2 = regs->cr2;
	out->cr8 = regs->cr8;
	memcpy(out->dr, regs->dr, sizeof(out->dr));
	out->dr6 = regs->dr6;
	out->xcr0 = regs->xcr0;
	out->xss = regs->xss;
	out->star = regs->star;
	out->lstar = regs->lstar;
	out->cstar = regs->cstar;
	out->fmask = regs->fmask;
	out->kernel_gs_base = regs->kernel_gs_base;
	out->tsc_aux = regs->tsc_aux;
	memcpy(out->xsave, regs->xsave, sizeof(out->xsave));
}

bool l2_xcr0_legal(u64 xcr0, u64 valid)
{
	u64 avx512 = xcr0 & XCR0_AVX512;

	if (!(xcr0 & XCR0_X87) || xcr0 & ~valid)
		return false;
	if ((xcr0 & XCR0_AVX) && !(xcr0 & XCR0_SSE))
		return false;
	if (avx512 && (avx512 != XCR0_AVX512 || !(xcr0 & XCR0_AVX)))
		return false;
	return true;
}

static u32 mxcsr_mask(void)
{
	/* The processor stores it on every save; 0 means the default. */
	static u32 mask;
	struct {
		u8 area[XSAVE_LEGACY_BYTES];
	} __aligned(16) fx;

	if (mask)
		return mask;

	kernel_fpu_begin();
	asm volatile("fxsaveq %0" : "=m" (fx));
	kernel_fpu_end();
	mask = *(u32 *)(fx.area + XSAVE_MXCSR_MASK) ?: MXCSR_MASK_DEFAULT;
	return mask;
}

/*
 * Without XSAVE there is no XSTATE_BV that would make FXRSTOR load the initial
 * configuration: put that into the area.
 */
static void fxsave_initial(void *area, u64 xstate_bv)
{
	if (!(xstate_bv & XCR0_X87)) {
		memset(area, 0, XSAVE_MXCSR);
		memset(area + 32, 0, XSAVE_XMM - 32);
		*(u16 *)area = FCW_INIT;
	}
	if (!(xstate_bv & XCR0_SSE))
		memset(area + XSAVE_XMM, 0, XSAVE_XMM_BYTES);
	*(u64 *)(area + XSAVE_XSTATE_BV) = XCR0_X87 | XCR0_SSE;
}

/* What XRSTOR of the area would refuse with #GP must not get that far. */
static bool xsave_legal(const u8 *area)
{
	const u64 *header = (const u64 *)(area + XSAVE_XSTATE_BV);
	unsigned int i;

	if (*(const u32 *)(area + XSAVE_MXCSR) & ~mxcsr_mask())
		return false;
	if (header[0] & ~(l2_xfeatures() | XCR0_X87 | XCR0_SSE))
		return false;
	for (i = 1; i < XSAVE_HEADER_BYTES / sizeof(u64); i++)
		if (header[i])
			return false;
	return true;
}

static bool l2_regs_legal(const struct nvmx_l2 *in, const struct nvmx_caps *caps)
{
	if (in->cr8 > 15 || in->dr6 >> 32 || in->tsc_aux >> 32 || in->fmask >> 32)
		return false;
	if (!l2_xcr0_legal(in->xcr0, caps->xcr0_valid ?: XCR0_X87) ||
	    in->xss & ~caps->xss_valid)
		return false;
	if (!nvmx_caps_canonical(caps, in->lstar) || !nvmx_caps_canonical(caps, in->cstar) ||
	    !nvmx_caps_canonical(caps, in->kernel_gs_base))
		return false;
	return xsave_legal(in->xsave);
}

int l2_regs_set(struct l2_regs *regs, const struct nvmx_l2 *in,
		const struct nvmx_caps *caps)
{
	if (!l2_regs_legal(in, caps))
		return -EINVAL;

	regs->cr2 = in->cr2;
	regs->cr8 = in->cr8;
	memcpy(regs->dr, in->dr, sizeof(regs->dr));
	regs->dr6 = (in->dr6 & ~BIT_ULL(12)) | DR6_RESERVED;
	regs->xcr0 = in->xcr0;
	regs->xss = in->xss;
	regs->star = in->star;
	regs->lstar = in->lstar;
	regs->cstar = in->cstar;
	regs->fmask = in->fmask;
	regs->kernel_gs_base = in->kernel_gs_base;
	regs->tsc_aux = in->tsc_aux;
	memcpy(regs->xsave, in->xsave, sizeof(in->xsave));
	if (!l2_xfeatures())
		fxsave_initial(regs->xsave, *(u64 *)(regs->xsave + XSAVE_XSTATE_BV));
	return 0;
}

/* ---- host ---------------------------------------------------------------- */

void l2_regs_restore_selectors(const struct host_regs *host)
{
	unsigned long flags;
	u64 gs_base;

	if (host->ldt)
		asm volatile("lldt %0" : : "m" (host->ldt));
	if (host->ds)
		loadsegment(ds, host->ds);
	if (host->es)
		loadsegment(es, host->es);
	if (host->fs) {
		loadsegment(fs, host->fs);
		msr_write(MSR_FS_BASE, host->fs_base);
	}
	if (host->gs) {
		gs_base = msr_read(MSR_KERNEL_GS_BASE);
		local_irq_save(flags);
		load_gs_index(host->gs);
		local_irq_restore(flags);
		msr_write(MSR_KERNEL_GS_BASE, gs_base);
	}
}

void l2_regs_restore_msrs(struct host_regs *host)
{
	const struct vmx_cpu_host *cpu = vmx_cpu_host();

	if (host->syscall_loaded) {
		msr_write(MSR_STAR, cpu->star);
		msr_write(MSR_LSTAR, cpu->lstar);
		msr_write(MSR_CSTAR, cpu->cstar);
		msr_write(MSR_SYSCALL_MASK, cpu->fmask);
	}
	if (host->aux_loaded)
		msr_write(MSR_TSC_AUX, cpu->tsc_aux);
	host->syscall_loaded = false;
	host->aux_loaded = false;
}

/* ---- load and put -------------------------------------------------------- */

/*
 * Only SYSCALL and SYSRET can see these; RDMSR exits.  While they are the host's,
 * L2 cannot execute either: vmcs02_follow_syscall().
 */
static void load_syscall_msrs(struct nvmx_vcpu *vcpu)
{
	const struct l2_regs *l2 = &vcpu->l2;

	msr_write(MSR_STAR, l2->star);
	msr_write(MSR_LSTAR, l2->lstar);
	msr_write(MSR_CSTAR, l2->cstar);
	msr_write(MSR_SYSCALL_MASK, l2->fmask);
	vcpu->host.syscall_loaded = true;
}

static void load_fpu(struct nvmx_vcpu *vcpu)
{
	/* Saves the process's state. */
	kernel_fpu_begin();
	xstate_restore(vcpu->l2.xsave);
	vcpu->host.fpu_loaded = true;
}

void l2_regs_want_fpu(struct nvmx_vcpu *vcpu)
{
	vcpu->l2.fpu_runs = L2_RUNS;
	load_fpu(vcpu);
}

void l2_regs_want_syscall(struct nvmx_vcpu *vcpu)
{
	vcpu->l2.syscall_runs = L2_RUNS;
	load_syscall_msrs(vcpu);
}

void l2_regs_put_fpu(struct nvmx_vcpu *vcpu)
{
	xstate_save(vcpu->l2.xsave);
	vcpu->host.fpu_loaded = false;
	kernel_fpu_end();
}

void l2_regs_load_beforehand(struct nvmx_vcpu *vcpu)
{
	struct l2_regs *l2 = &vcpu->l2;

	if (l2->syscall_runs) {
		l2->syscall_runs--;
		load_syscall_msrs(vcpu);
	}
	if (l2->fpu_runs) {
		if (!must_load_fpu())
			l2->fpu_runs--;
		load_fpu(vcpu);
	}
}

void l2_regs_reload_tss(void)
{
	force_reload_TR();
}

void l2_regs_msr_changed(struct nvmx_vcpu *vcpu)
{
	if (vcpu->host.syscall_loaded)
		load_syscall_msrs(vcpu);
	if (vcpu->host.aux_loaded)
		msr_write(MSR_TSC_AUX, vcpu->l2.tsc_aux);
}

void l2_regs_swap_debug(struct nvmx_vcpu *vcpu)
{
	struct host_regs *host = &vcpu->host;
	const u64 *dr = vcpu->l2.dr;

	host->dr[0] = native_get_debugreg(0);
	host->dr[1] = native_get_debugreg(1);
	host->dr[2] = native_get_debugreg(2);
	host->dr[3] = native_get_debugreg(3);
	native_set_debugreg(0, dr[0]);
	native_set_debugreg(1, dr[1]);
	native_set_debugreg(2, dr[2]);
	native_set_debugreg(3, dr[3]);
	host->dr_loaded = true;
}
