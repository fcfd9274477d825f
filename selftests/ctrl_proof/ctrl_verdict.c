// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of a state for ctrl_proof_test may be shown to the processor, and what the
 * rules say of it.
 */
#include <cpuid.h>

#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "ctrl_states.h"
#include "entry_context.h"

/* MSR entries of a page. */
#define AREA_MAX	(CTRL_PAGE / 16)

/* ---- what may be loaded -------------------------------------------------- */

static u64 host_value(const struct ctrl_world *w, u8 field)
{
	unsigned int i;

	for (i = 0; i < w->setup.count; i++)
		if (w->setup.host[i].encoding == vmcs_field_table[field].encoding)
			return w->setup.host[i].value;
	return 0;
}

static bool same(const struct ctrl_world *w, const struct ctrl_state *s, u8 field)
{
	return s->f[field] == host_value(w, field);
}

static bool loads_own_area(const struct ctrl_world *w, const struct ctrl_state *s)
{
	u64 first = s->f[VF_VM_EXIT_MSR_LOAD_ADDR] - CTRL_AREA(w);
	u64 count = s->f[VF_VM_EXIT_MSR_LOAD_COUNT];

	return !count || (count <= AREA_MAX && first <= CTRL_PAGE - 16 * count);
}

static bool names_own_pages(const struct ctrl_world *w, const struct ctrl_state *s)
{
	u64 store = s->f[VF_VM_EXIT_MSR_STORE_ADDR] - w->setup.pages;
	u64 load = s->f[VF_VM_ENTRY_MSR_LOAD_ADDR] - w->setup.pages;

	return (!s->f[VF_VM_EXIT_MSR_STORE_COUNT] || store < CTRL_PAGE * PROOF_PAGES) &&
	       (!s->f[VF_VM_ENTRY_MSR_LOAD_COUNT] || load < CTRL_PAGE * PROOF_PAGES);
}

/*
 * If the processor accepts: host state of the failed entry is the host's own, or
 * differs in what nothing looks at before it is put back.
 */
bool ctrl_harmless(const struct ctrl_world *w, const struct ctrl_state *s)
{
	static const u8 own[] = {
		VF_HOST_CS_SELECTOR, VF_HOST_FS_SELECTOR, VF_HOST_GS_SELECTOR,
		VF_HOST_TR_SELECTOR, VF_HOST_CR3, VF_HOST_FS_BASE, VF_HOST_GS_BASE,
		VF_HOST_TR_BASE, VF_HOST_GDTR_BASE, VF_HOST_IDTR_BASE, VF_HOST_RIP,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(own); i++)
		if (!same(w, s, own[i]))
			return false;
	/* A MOV to CR4 cannot set PCIDE again while a PCID is in CR3. */
	if ((host_value(w, VF_HOST_CR4) ^ s->f[VF_HOST_CR4]) & X86_CR4_PCIDE)
		return false;
	if (s->f[VF_VM_EXIT_CONTROLS] & VM_EXIT_LOAD_IA32_EFER &&
	    !(s->f[VF_HOST_IA32_EFER] & EFER_NX))
		return false;
	return loads_own_area(w, s) && names_own_pages(w, s);
}

/* ---- the rules' verdict -------------------------------------------------- */

/* CPUID 0AH: general-purpose and fixed-function counters. */
static u64 perf_global_valid(void)
{
	u32 eax, ebx, ecx, edx;

	__cpuid_count(10, 0, eax, ebx, ecx, edx);
	if (!(eax & 0xff))
		return 0;
	return (BIT_ULL(eax >> 8 & 0xff) - 1) | (BIT_ULL(edx & 31) - 1) << 32;
}

void ctrl_world_init(struct ctrl_world *w)
{
	memset(&w->caps, 0, sizeof(w->caps));
	memcpy(w->caps.msr, w->setup.msr, sizeof(w->caps.msr));
	w->caps.maxphyaddr = w->setup.maxphyaddr;
	w->caps.linear_bits = w->setup.linear_bits;
	w->caps.efer_valid = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	w->caps.perf_global_valid = perf_global_valid();
	memset(&w->l1, 0, sizeof(w->l1));
	w->l1.efer = EFER_LMA | EFER_LME;
}

#define PROOF_GROUPS	(BIT_ULL(ENTRY_GUEST_REGS) - 1)

u32 ctrl_judge(const struct ctrl_world *w, const struct ctrl_state *s,
	       struct nvmx_failure *list)
{
	struct nvmx_l1 l1 = w->l1;
	struct entry_state state = {
		.caps = &w->caps, .l1 = &l1, .f = s->f, .vmptr = w->setup.vmptr,
		.resume = s->how == PROOF_RESUME,
	};
	u64 page = s->f[VF_VIRTUAL_APIC_PAGE_ADDR] - w->setup.pages;

	l1.mov_ss = s->how == PROOF_LAUNCH_MOV_SS;
	state.mem.vtpr_readable = page < CTRL_PAGE * PROOF_PAGES && !(page % CTRL_PAGE);
	state.mem.vtpr = page ? 0 : 0x50;
	return entry_checks_run(&state, PROOF_GROUPS, list, CTRL_LIST_MAX);
}
