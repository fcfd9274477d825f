// SPDX-License-Identifier: GPL-2.0-only
/*
 * Valid states for ctrl_proof_test.
 *
 * Addresses are those of the test module's own pages.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#include "ctrl_random.h"
#include "ctrl_states.h"
#include "entry_context.h"

#define SET(field, v)	(s->f[VF_##field] = (v))
#define ON(field, bits)	(s->f[VF_##field] |= (bits))
#define EVENT(type, vector)	(INTR_INFO_VALID_MASK | INTR_TYPE_##type | (vector))
#define WITH_CODE	INTR_INFO_DELIVER_CODE_MASK

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

const struct ctrl_base ctrl_bases[] = {
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

const unsigned int ctrl_base_count = ARRAY_SIZE(ctrl_bases);

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
		s->f[areas[i]] = CTRL_AREA(w);
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

void ctrl_valid(const struct ctrl_world *w, unsigned int base, struct ctrl_state *s)
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
	ctrl_bases[base].make(w, s);
}
