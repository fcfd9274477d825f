// SPDX-License-Identifier: GPL-2.0-only
/*
 * States for ctrl_proof_test.
 *
 * Addresses are those of the test module's own pages, or illegal ones.
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

#define PAGE		4096
#define SET(field, v)	(s->f[VF_##field] = (v))
#define ON(field, bits)	(s->f[VF_##field] |= (bits))
#define AREA(w)		((w)->setup.pages + PAGE)
/* MSR entries of that page. */
#define AREA_MAX	(PAGE / 16)
#define EVENT(type, vector)	(INTR_INFO_VALID_MASK | INTR_TYPE_##type | (vector))
#define WITH_CODE	INTR_INFO_DELIVER_CODE_MASK

/* ---- random numbers: a state depends on its seed and its number alone ---- */

static u64 random_state;

static u64 next_random(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned int below(unsigned int n)
{
	return (next_random() >> 32) * n >> 32;
}

#define ONE_OF(...)	one_of((const u64[]){ __VA_ARGS__ },			\
			       sizeof((const u64[]){ __VA_ARGS__ }) / sizeof(u64))

static u64 one_of(const u64 *list, unsigned int n)
{
	return list[below(n)];
}

/* ---- valid states -------------------------------------------------------- */

static bool offers(const struct ctrl_world *w, u16 cap)
{
	return nvmx_caps_has(&w->caps, cap);
}

/* Secondary controls as far as the processor has them. */
static void proc2(const struct ctrl_world *w, struct ctrl_state *s, u32 bits)
{
	ON(CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_ACTIVATE_SECONDARY_CONTROLS);
	ON(SECONDARY_VM_EXEC_CONTROL, bits & (u32)(w->caps.msr[CAPS_PROC2] >> 32));
}

static void plain(const struct ctrl_world *w, struct ctrl_state *s)
{
}

static void bitmaps(const struct ctrl_world *w, struct ctrl_state *s)
{
	ON(CPU_BASED_VM_EXEC_CONTROL,
	   CPU_BASED_USE_IO_BITMAPS | CPU_BASED_USE_MSR_BITMAPS);
}

static void nmis(const struct ctrl_world *w, struct ctrl_state *s)
{
	ON(PIN_BASED_VM_EXEC_CONTROL, PIN_BASED_NMI_EXITING | PIN_BASED_VIRTUAL_NMIS);
	ON(CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_NMI_WINDOW_EXITING);
}

static void timer(const struct ctrl_world *w, struct ctrl_state *s)
{
	ON(PIN_BASED_VM_EXEC_CONTROL, PIN_BASED_VMX_PREEMPTION_TIMER);
	ON(VM_EXIT_CONTROLS, VM_EXIT_SAVE_VMX_PREEMPTION_TIMER);
}

static void tpr_shadow(const struct ctrl_world *w, struct ctrl_state *s)
{
	ON(CPU_BASED_VM_EXEC_CONTROL, CPU_BASED_TPR_SHADOW);
	SET(TPR_THRESHOLD, 5);
}

static void apic_accesses(const struct ctrl_world *w, struct ctrl_state *s)
{
	tpr_shadow(w, s);
	proc2(w, s, SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES |
	      SECONDARY_EXEC_APIC_REGISTER_VIRT);
}

static void interrupt_delivery(const struct ctrl_world *w, struct ctrl_state *s)
{
	tpr_shadow(w, s);
	proc2(w, s, SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY);
	ON(PIN_BASED_VM_EXEC_CONTROL, PIN_BASED_EXT_INTR_MASK);
}

static void x2apic(const struct ctrl_world *w, struct ctrl_state *s)
{
	interrupt_delivery(w, s);
	proc2(w, s, SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE |
	      SECONDARY_EXEC_APIC_REGISTER_VIRT);
	if (offers(w, CAP_PIN(7))) {
		ON(PIN_BASED_VM_EXEC_CONTROL, PIN_BASED_POSTED_INTR);
		ON(VM_EXIT_CONTROLS, VM_EXIT_ACK_INTR_ON_EXIT);
	}
}

static void ept(const struct ctrl_world *w, struct ctrl_state *s)
{
	proc2(w, s, SECONDARY_EXEC_ENABLE_EPT);
	SET(EPT_POINTER, w->setup.pages | 3 << 3 | 6);
}

static void ept_more(const struct ctrl_world *w, struct ctrl_state *s)
{
	ept(w, s);
	proc2(w, s, SECONDARY_EXEC_UNRESTRICTED_GUEST | SECONDARY_EXEC_ENABLE_PML |
	      SECONDARY_EXEC_MODE_BASED_EPT_EXEC | SECONDARY_EXEC_VE);
}

static void vm_functions(const struct ctrl_world *w, struct ctrl_state *s)
{
	ept(w, s);
	proc2(w, s, SECONDARY_EXEC_ENABLE_VMFUNC);
	SET(VM_FUNCTION_CONTROL, w->caps.msr[CAPS_VMFUNC] & 1);
}

static void sub_pages(const struct ctrl_world *w, struct ctrl_state *s)
{
	ept(w, s);
	proc2(w, s, SECONDARY_EXEC_SUB_PAGE_WRITE);
}

static void shadow_vmcs(const struct ctrl_world *w, struct ctrl_state *s)
{
	proc2(w, s, SECONDARY_EXEC_SHADOW_VMCS);
}

static void vpid_and_tsc(const struct ctrl_world *w, struct ctrl_state *s)
{
	proc2(w, s, SECONDARY_EXEC_ENABLE_VPID | SECONDARY_EXEC_TSC_SCALING);
}

static void msr_areas(const struct ctrl_world *w, struct ctrl_state *s)
{
	SET(VM_EXIT_MSR_STORE_COUNT, 2);
	SET(VM_EXIT_MSR_LOAD_COUNT, 2);
	SET(VM_ENTRY_MSR_LOAD_COUNT, 2);
}

static void event(const struct ctrl_world *w, struct ctrl_state *s)
{
	SET(VM_ENTRY_INTR_INFO_FIELD,
	    ONE_OF(EVENT(HARD_EXCEPTION, 0), EVENT(HARD_EXCEPTION, 13) | WITH_CODE,
		   EVENT(EXT_INTR, 0x20), EVENT(NMI_INTR, 2), EVENT(SOFT_INTR, 0x80),
		   EVENT(SOFT_EXCEPTION, 3), EVENT(PRIV_SW_EXCEPTION, 1),
		   EVENT(HARD_EXCEPTION, 14) | WITH_CODE, EVENT(HARD_EXCEPTION, 1)));
	SET(VM_ENTRY_INSTRUCTION_LEN, 1 + below(15));
}

static void event_unrestricted(const struct ctrl_world *w, struct ctrl_state *s)
{
	ept_more(w, s);
	event(w, s);
}

static void exit_loads(const struct ctrl_world *w, struct ctrl_state *s)
{
	u32 may = w->caps.msr[CAPS_TRUE_EXIT] >> 32;

	ON(VM_EXIT_CONTROLS, may & (VM_EXIT_LOAD_IA32_EFER | VM_EXIT_LOAD_IA32_PAT |
				    VM_EXIT_LOAD_IA32_PERF_GLOBAL_CTRL));
}

/**
 * struct base - a valid state
 * @name: what it is about
 * @make: from the plain one
 * @count: elements of @focus
 * @focus: fields that matter there
 */
struct base {
	const char *name;
	void (*make)(const struct ctrl_world *w, struct ctrl_state *s);
	u8 count;
	u8 focus[14];
};

#define BASE(title, function, ...) {						\
	.name = title, .make = function,					\
	.count = sizeof((u8[]){ __VA_ARGS__ }), .focus = { __VA_ARGS__ },	\
}

#define CONTROLS	VF_PIN_BASED_VM_EXEC_CONTROL, VF_CPU_BASED_VM_EXEC_CONTROL
#define ALL_CONTROLS	CONTROLS, VF_SECONDARY_VM_EXEC_CONTROL
#define EVENT_FIELDS	VF_VM_ENTRY_INTR_INFO_FIELD, VF_VM_ENTRY_INTR_INFO_FIELD, \
	VF_VM_ENTRY_INTR_INFO_FIELD, VF_VM_ENTRY_EXCEPTION_ERROR_CODE,		\
	VF_VM_ENTRY_INSTRUCTION_LEN
#define HOST_SELECTORS	VF_HOST_ES_SELECTOR, VF_HOST_CS_SELECTOR,		\
	VF_HOST_SS_SELECTOR, VF_HOST_DS_SELECTOR, VF_HOST_FS_SELECTOR,		\
	VF_HOST_GS_SELECTOR, VF_HOST_TR_SELECTOR
#define HOST_ADDRESSES	VF_HOST_FS_BASE, VF_HOST_GS_BASE, VF_HOST_TR_BASE,	\
	VF_HOST_GDTR_BASE, VF_HOST_IDTR_BASE, VF_HOST_RIP,			\
	VF_HOST_IA32_SYSENTER_ESP, VF_HOST_IA32_SYSENTER_EIP

static const struct base bases[] = {
	BASE("plain", plain, ALL_CONTROLS, VF_VM_EXIT_CONTROLS, VF_VM_ENTRY_CONTROLS,
	     VF_CR3_TARGET_COUNT),
	BASE("bitmaps", bitmaps, VF_IO_BITMAP_A, VF_IO_BITMAP_B, VF_MSR_BITMAP),
	BASE("NMIs", nmis, CONTROLS),
	BASE("timer", timer, CONTROLS, VF_VM_EXIT_CONTROLS),
	BASE("TPR shadow", tpr_shadow, VF_CPU_BASED_VM_EXEC_CONTROL,
	     VF_VIRTUAL_APIC_PAGE_ADDR, VF_TPR_THRESHOLD, VF_TPR_THRESHOLD),
	BASE("APIC accesses", apic_accesses, VF_CPU_BASED_VM_EXEC_CONTROL,
	     VF_SECONDARY_VM_EXEC_CONTROL, VF_TPR_THRESHOLD, VF_APIC_ACCESS_ADDR),
	BASE("interrupt delivery", interrupt_delivery, ALL_CONTROLS, VF_TPR_THRESHOLD),
	BASE("interrupt delivery, x2APIC", x2apic, ALL_CONTROLS, VF_TPR_THRESHOLD,
	     VF_POSTED_INTR_NV, VF_POSTED_INTR_DESC_ADDR),
	BASE("EPT", ept, VF_EPT_POINTER, VF_EPT_POINTER, VF_SECONDARY_VM_EXEC_CONTROL),
	BASE("EPT with more", ept_more, VF_SECONDARY_VM_EXEC_CONTROL, VF_PML_ADDRESS,
	     VF_VE_INFORMATION_ADDRESS),
	BASE("VM functions", vm_functions, VF_SECONDARY_VM_EXEC_CONTROL,
	     VF_VM_FUNCTION_CONTROL, VF_EPTP_LIST_ADDRESS),
	BASE("sub-page permissions", sub_pages, VF_SPPTP),
	BASE("VMCS shadowing", shadow_vmcs, VF_VMREAD_BITMAP, VF_VMWRITE_BITMAP),
	BASE("VPID and TSC scaling", vpid_and_tsc, VF_VIRTUAL_PROCESSOR_ID,
	     VF_TSC_MULTIPLIER),
	BASE("MSR areas", msr_areas, VF_VM_EXIT_MSR_STORE_ADDR, VF_VM_EXIT_MSR_STORE_COUNT,
	     VF_VM_EXIT_MSR_LOAD_ADDR, VF_VM_EXIT_MSR_LOAD_COUNT,
	     VF_VM_ENTRY_MSR_LOAD_ADDR, VF_VM_ENTRY_MSR_LOAD_COUNT),
	BASE("event", event, EVENT_FIELDS, VF_VM_ENTRY_CONTROLS),
	BASE("event, unrestricted", event_unrestricted, EVENT_FIELDS, VF_GUEST_CR0,
	     VF_SECONDARY_VM_EXEC_CONTROL),
	BASE("host registers", exit_loads, VF_HOST_CR0, VF_HOST_CR3, VF_HOST_CR4,
	     VF_HOST_IA32_EFER, VF_HOST_IA32_EFER, VF_HOST_IA32_PAT, VF_HOST_IA32_PAT,
	     VF_HOST_IA32_PERF_GLOBAL_CTRL, VF_VM_EXIT_CONTROLS),
	BASE("host selectors", plain, HOST_SELECTORS),
	BASE("host addresses", plain, HOST_ADDRESSES),
};

const unsigned int ctrl_bases = ARRAY_SIZE(bases);

const char *ctrl_base_name(unsigned int base)
{
	return bases[base].name;
}

static void set_addresses(const struct ctrl_world *w, struct ctrl_state *s)
{
	static const u8 pages[] = {
		VF_IO_BITMAP_A, VF_IO_BITMAP_B, VF_MSR_BITMAP, VF_VIRTUAL_APIC_PAGE_ADDR,
		VF_APIC_ACCESS_ADDR, VF_PML_ADDRESS, VF_EPTP_LIST_ADDRESS,
		VF_VMREAD_BITMAP, VF_VMWRITE_BITMAP, VF_VE_INFORMATION_ADDRESS,
		VF_POSTED_INTR_DESC_ADDR, VF_SPPTP,
	};
	static const u8 areas[] = {
		VF_VM_EXIT_MSR_STORE_ADDR, VF_VM_EXIT_MSR_LOAD_ADDR,
		VF_VM_ENTRY_MSR_LOAD_ADDR,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pages); i++)
		s->f[pages[i]] = w->setup.pages;
	for (i = 0; i < ARRAY_SIZE(areas); i++)
		s->f[areas[i]] = AREA(w);
}

static void set_controls(const struct ctrl_world *w, struct ctrl_state *s)
{
	SET(PIN_BASED_VM_EXEC_CONTROL, (u32)w->caps.msr[CAPS_TRUE_PIN]);
	SET(CPU_BASED_VM_EXEC_CONTROL, (u32)w->caps.msr[CAPS_TRUE_PROC]);
	SET(VM_EXIT_CONTROLS,
	    (u32)w->caps.msr[CAPS_TRUE_EXIT] | VM_EXIT_HOST_ADDR_SPACE_SIZE);
	SET(VM_ENTRY_CONTROLS,
	    (u32)w->caps.msr[CAPS_TRUE_ENTRY] | VM_ENTRY_IA32E_MODE);
	SET(VIRTUAL_PROCESSOR_ID, 1);
	SET(TSC_MULTIPLIER, 1);
}

void ctrl_base(const struct ctrl_world *w, unsigned int base, struct ctrl_state *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	s->base = base;
	set_controls(w, s);
	set_addresses(w, s);
	SET(VMCS_LINK_POINTER, ~0ULL);
	SET(GUEST_CR0, w->caps.msr[CAPS_CR0_FIXED0]);
	for (i = 0; i < w->setup.count; i++)
		s->f[vmcs_field_find(w->setup.host[i].encoding)] = w->setup.host[i].value;
	bases[base].make(w, s);
}

/* ---- mutations ----------------------------------------------------------- */

static u64 new_page(const struct ctrl_world *w, u64 value)
{
	if (below(8) == 0)
		return w->setup.pages + PAGE * below(PROOF_PAGES);
	if (below(2))
		return value ^ BIT_ULL(below(12));
	return value ^ BIT_ULL(w->caps.maxphyaddr + below(64 - w->caps.maxphyaddr));
}

static u64 new_area(const struct ctrl_world *w, u64 value)
{
	switch (below(4)) {
	case 0:
		return value ^ 16 << below(5);
	case 1:
		return value ^ BIT_ULL(below(4));
	case 2:
		return value ^ BIT_ULL(w->caps.maxphyaddr +
				       below(64 - w->caps.maxphyaddr));
	default:
		/* The last entry below the physical-address width. */
		return BIT_ULL(w->caps.maxphyaddr) - 16;
	}
}

static u64 new_linear(u64 value)
{
	if (below(2))
		return value ^ BIT_ULL(below(64));
	return ONE_OF(0, 0x7fffffffffff, 0x800000000000, 0xffff7fffffffffff,
		      0xffff800000000000, ~0ULL, 0x8000000000000000, 0x100000000);
}

static u64 new_eptp(u64 value)
{
	switch (below(6)) {
	case 0:
		return (value & ~7ULL) | below(8);
	case 1:
		return (value & ~0x38ULL) | below(8) << 3;
	case 2:
		return value ^ BIT_ULL(6 + below(6));
	case 3:
		return value ^ BIT_ULL(6);
	default:
		return value ^ BIT_ULL(32 + below(32));
	}
}

static u64 new_event(u64 value)
{
	u64 type = below(8), vector = below(3) ? below(34) : below(256);

	if (below(4) == 0)
		return value ? value ^ BIT_ULL(below(32)) : EVENT(EXT_INTR, vector);
	if (type == 2 && below(4))
		vector = 2;
	value = INTR_INFO_VALID_MASK | type << 8 | vector;
	if (type == 3 && below(4))
		value |= BIT(vector & 31) & 0x27d00 ? WITH_CODE : 0;
	else if (below(8) == 0)
		value |= WITH_CODE;
	return value;
}

static u64 new_pat(u64 value)
{
	unsigned int byte = 8 * below(8);

	if (below(2))
		return value ^ BIT_ULL(below(64));
	return (value & ~(0xffULL << byte)) | (u64)below(10) << byte;
}

/* Of the bits that may be 1, more often than of those that may not. */
static u64 new_control(u64 value, u64 ctrl)
{
	u32 may = ctrl >> 32;
	unsigned int bit = below(32);

	while (below(3) && !(may >> bit & 1))
		bit = below(32);
	return value ^ BIT(bit);
}

static u64 new_number(u64 value)
{
	if (below(3) == 0)
		return value ^ BIT(below(32));
	return ONE_OF(0, 1, 2, 4, 5, 15, 16, 256, 512);
}

static u64 mutated(const struct ctrl_world *w, u8 field, u64 value)
{
	switch (field) {
	case VF_PIN_BASED_VM_EXEC_CONTROL:
		return new_control(value, w->caps.msr[CAPS_TRUE_PIN]);
	case VF_CPU_BASED_VM_EXEC_CONTROL:
		return new_control(value, w->caps.msr[CAPS_TRUE_PROC]);
	case VF_SECONDARY_VM_EXEC_CONTROL:
		return new_control(value, w->caps.msr[CAPS_PROC2]);
	case VF_VM_EXIT_CONTROLS:
		return new_control(value, w->caps.msr[CAPS_TRUE_EXIT]);
	case VF_VM_ENTRY_CONTROLS:
		return new_control(value, w->caps.msr[CAPS_TRUE_ENTRY]);
	case VF_VIRTUAL_PROCESSOR_ID:
	case VF_TSC_MULTIPLIER:
		return below(2);
	case VF_CR3_TARGET_COUNT:
	case VF_VM_EXIT_MSR_STORE_COUNT:
	case VF_VM_EXIT_MSR_LOAD_COUNT:
	case VF_VM_ENTRY_MSR_LOAD_COUNT:
	case VF_VM_ENTRY_INSTRUCTION_LEN:
		return new_number(value);
	case VF_TPR_THRESHOLD:
		return below(3) ? below(16) : value ^ BIT(below(32));
	case VF_VM_EXIT_MSR_STORE_ADDR:
	case VF_VM_EXIT_MSR_LOAD_ADDR:
	case VF_VM_ENTRY_MSR_LOAD_ADDR:
		return new_area(w, value);
	case VF_EPT_POINTER:
		return new_eptp(value);
	case VF_VM_ENTRY_INTR_INFO_FIELD:
		return new_event(value);
	case VF_VM_ENTRY_EXCEPTION_ERROR_CODE:
		return BIT_ULL(below(32));
	case VF_GUEST_CR0:
		return value ^ ONE_OF(X86_CR0_PE, X86_CR0_PG, X86_CR0_PE | X86_CR0_PG);
	case VF_HOST_IA32_PAT:
		return new_pat(value);
	case VF_HOST_ES_SELECTOR ... VF_HOST_TR_SELECTOR:
		return ONE_OF(value ^ 1, value ^ 2, value ^ 4, value ^ 7, 0, 0x18);
	case VF_HOST_FS_BASE ... VF_HOST_IA32_SYSENTER_EIP:
	case VF_HOST_RIP:
		return new_linear(value);
	case VF_VM_FUNCTION_CONTROL:
	case VF_HOST_IA32_EFER:
	case VF_HOST_IA32_PERF_GLOBAL_CTRL:
	case VF_HOST_CR0:
	case VF_HOST_CR3:
	case VF_HOST_CR4:
		return value ^ BIT_ULL(below(64));
	case VF_POSTED_INTR_NV:
		return value ^ BIT(below(16));
	default:
		return new_page(w, value);
	}
}

/* Any field that some valid state is about. */
static u8 some_field(const struct ctrl_state *s)
{
	const struct base *base = &bases[below(4) ? s->base : below(ctrl_bases)];

	return base->focus[below(base->count)];
}

/* Wrong in IA-32e mode, and for nothing else. */
static void host_32(struct ctrl_state *s)
{
	s->f[VF_VM_EXIT_CONTROLS] &= ~(u64)(VM_EXIT_HOST_ADDR_SPACE_SIZE |
					    VM_EXIT_LOAD_IA32_EFER);
	s->f[VF_VM_ENTRY_CONTROLS] &= ~(u64)VM_ENTRY_IA32E_MODE;
	s->f[VF_HOST_CR4] &= ~(u64)X86_CR4_PCIDE;
	s->f[VF_HOST_RIP] = 0x1000;
}

void ctrl_mutate(const struct ctrl_world *w, struct ctrl_state *s, u64 seed, u64 n)
{
	unsigned int mutations;

	random_state = seed << 32 ^ n;
	ctrl_base(w, n % ctrl_bases, s);
	if (below(40) == 0)
		s->how = 1 + below(2);
	if (below(200) == 0)
		host_32(s);
	mutations = ONE_OF(0, 1, 1, 1, 1, 1, 2, 2, 2, 2);
	while (mutations--) {
		u8 field = some_field(s);

		if (vmcs_field_exists(&w->caps, field))
			s->f[field] = mutated(w, field, s->f[field]) &
				      vmcs_field_mask(field);
	}
}

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
	u64 first = s->f[VF_VM_EXIT_MSR_LOAD_ADDR] - AREA(w);
	u64 count = s->f[VF_VM_EXIT_MSR_LOAD_COUNT];

	return !count || (count <= AREA_MAX && first <= PAGE - 16 * count);
}

static bool names_own_pages(const struct ctrl_world *w, const struct ctrl_state *s)
{
	u64 store = s->f[VF_VM_EXIT_MSR_STORE_ADDR] - w->setup.pages;
	u64 load = s->f[VF_VM_ENTRY_MSR_LOAD_ADDR] - w->setup.pages;

	return (!s->f[VF_VM_EXIT_MSR_STORE_COUNT] || store < PAGE * PROOF_PAGES) &&
	       (!s->f[VF_VM_ENTRY_MSR_LOAD_COUNT] || load < PAGE * PROOF_PAGES);
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
	state.mem.vtpr_readable = page < PAGE * PROOF_PAGES && !(page % PAGE);
	state.mem.vtpr = page ? 0 : 0x50;
	return entry_checks_run(&state, PROOF_GROUPS, list, CTRL_LIST_MAX);
}
