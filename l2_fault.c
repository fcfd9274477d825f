// SPDX-License-Identifier: GPL-2.0-only
/*
 * EPT violations of L2; #VE, page-modification log and EPTP switching of L1.
 *
 * While L2 is live no range of L1's memory comes or goes: no lock is needed to
 * reach it.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <asm/trapnr.h>

#include "ept_walk.h"
#include "l0_emulate.h"
#include "l2_apic.h"
#include "l2_fault.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_ops.h"

/* Exit qualification: SDM Vol. 3, "Exit Qualification". */
#define QUAL_NMI_UNBLOCKED	BIT_ULL(12)
#define QUAL_ASYNCHRONOUS	BIT_ULL(16)

/* SDM Vol. 3, "EPTP Switching". */
#define EPTP_LIST_ENTRIES	512

/**
 * struct ve_info - virtualization-exception information area
 * @reason: exit reason that the violation would have caused
 * @busy: 0 when software has taken the information; else no #VE happens
 * @qualification: exit qualification
 * @linear_address: guest-linear address
 * @physical_address: guest-physical address
 * @eptp_index: EPTP index of the VMCS
 *
 * SDM Vol. 3, "Virtualization-Exception Information".
 */
struct ve_info {
	u32 reason;
	u32 busy;
	u64 qualification;
	u64 linear_address;
	u64 physical_address;
	u16 eptp_index;
};

/* A page of L1's memory for a structure of the processor, or NULL for a hole. */
static void *l1_page(const struct nvmx_vcpu *vcpu, u64 gpa, bool *writable)
{
	struct page *page = l1_memory_page_locked(&vcpu->machine->memory, gpa, writable);

	return page ? page_address(page) : NULL;
}

/* The processor changes a field of the VMCS that L2 runs under. */
static void change_field(struct nvmx_vcpu *vcpu, enum vmcs_index index, u64 value)
{
	vmcs12_sync(vcpu->current_vmcs, index, value);
	if (vcpu->f == vcpu->effective)
		vcpu->effective[index] = value;
}

/* ---- violations ---------------------------------------------------------- */

/* Either form of ept_handle_fault(). */
typedef enum ept_outcome (*fault_handler)(struct ept *ept, const struct nvmx_caps *caps,
					  u64 eptp12, struct ept_fault *fault);

static enum ept_outcome look(struct nvmx_vcpu *vcpu, const struct l2_exit *exit,
			     struct ept_fault *fault, fault_handler handle)
{
	struct nvmx_machine *machine = vcpu->machine;
	struct ept_log log;
	u64 eptp12 = vmcs02_eptp12(vcpu->f);
	enum ept_outcome outcome;

	fault->gpa = exit->physical_address;
	fault->qualification = exit->info.qualification;
	fault->apic_access = l2_apic_access(vcpu->f);
	fault->log = NULL;
	if (likely(!(vmcs12_proc2(vcpu->f) & SECONDARY_EXEC_ENABLE_PML)))
		return handle(&machine->ept, &machine->caps, eptp12, fault);

	log.address = vcpu->f[VF_PML_ADDRESS];
	log.index = vcpu->f[VF_GUEST_PML_INDEX];
	fault->log = &log;
	outcome = handle(&machine->ept, &machine->caps, eptp12, fault);
	fault->log = NULL;
	if (log.index != (u16)vcpu->f[VF_GUEST_PML_INDEX])
		change_field(vcpu, VF_GUEST_PML_INDEX, log.index);
	return outcome;
}

static enum l0_next to_l1(struct l2_exit *exit, u32 reason, u64 qualification)
{
	exit->reason = reason;
	exit->info.reason = reason;
	exit->info.qualification = qualification;
	return L0_TO_L1;
}

static void report_hole(struct nvmx_vcpu *vcpu, const struct l2_exit *exit,
			const struct ept_fault *fault)
{
	vcpu->l0_event = NVMX_L0_MEMORY;
	vcpu->run->l0_access = fault->access;
	vcpu->run->guest_physical_address = fault->l1_gpa;
	vcpu->run->guest_linear_address = exit->linear_address;
	vcpu->run->qualification = exit->info.qualification;
}

/* NMIs that IRET had unblocked before it faulted are blocked again. */
static void restore_nmi_blocking(const struct l2_exit *exit)
{
	if (unlikely(exit->info.qualification & QUAL_NMI_UNBLOCKED))
		l0_block_nmis_again(exit);
}

/* ---- virtualization exceptions ------------------------------------------- */

/*
 * The information area, if the violation becomes a #VE.  SDM Vol. 3, "Convertible
 * EPT Violations" and "EPT-Induced VM Exits".
 */
static struct ve_info *ve_info(const struct nvmx_vcpu *vcpu, const struct l2_exit *exit,
			       const struct ept_fault *fault)
{
	struct ve_info *info;
	bool writable;

	if (likely(!(vmcs12_proc2(vcpu->f) & SECONDARY_EXEC_VE)))
		return NULL;
	if (!fault->convertible || exit->idt_info & VECTORING_INFO_VALID_MASK ||
	    !(vmcs_readl(GUEST_CR0) & X86_CR0_PE))
		return NULL;

	/* A hole reads as ones: busy.  So does what cannot be marked busy. */
	info = l1_page(vcpu, vcpu->f[VF_VE_INFORMATION_ADDRESS], &writable);
	return info && writable && !READ_ONCE(info->busy) ? info : NULL;
}

/* SDM Vol. 3, "Delivery of Virtualization Exceptions". */
static enum l0_next raise_ve(struct nvmx_vcpu *vcpu, struct l2_exit *exit,
			     const struct ept_fault *fault, struct ve_info *info)
{
	u32 event = INTR_INFO_VALID_MASK | INTR_TYPE_HARD_EXCEPTION | X86_TRAP_VE;

	WRITE_ONCE(info->reason, EXIT_REASON_EPT_VIOLATION);
	WRITE_ONCE(info->qualification, fault->qualification);
	WRITE_ONCE(info->linear_address, exit->linear_address);
	WRITE_ONCE(info->physical_address, fault->gpa);
	WRITE_ONCE(info->eptp_index, vcpu->f[VF_EPTP_INDEX]);
	/* Last: the area is complete for whoever sees this. */
	smp_store_release(&info->busy, U32_MAX);

	if (!(vcpu->f[VF_EXCEPTION_BITMAP] & BIT(X86_TRAP_VE))) {
		exit->inject_info = event;
		exit->inject_error_code = 0;
		exit->inject_len = 0;
		return L0_AGAIN;
	}

	exit->info.intr_info = event | (exit->info.qualification & QUAL_NMI_UNBLOCKED);
	exit->info.intr_error_code = 0;
	exit->rule = NVMX_RULE_EXCEPTION_BITMAP;
	return to_l1(exit, EXIT_REASON_EXCEPTION_NMI, 0);
}

static enum l0_next violation(struct nvmx_vcpu *vcpu, struct l2_exit *exit,
			      const struct ept_fault *fault)
{
	struct ve_info *info = ve_info(vcpu, exit, fault);

	if (info)
		return raise_ve(vcpu, exit, fault, info);

	return to_l1(exit, EXIT_REASON_EPT_VIOLATION, fault->qualification);
}

/* ---- the outcome --------------------------------------------------------- */

enum l0_next l2_fault_settle(struct nvmx_vcpu *vcpu, struct l2_exit *exit,
			     const struct ept_fault *fault, enum ept_outcome outcome)
{
	switch (outcome) {
	case EPT_REFLECT_VIOLATION:
		return violation(vcpu, exit, fault);
	case EPT_REFLECT_MISCONFIG:
		return to_l1(exit, EXIT_REASON_EPT_MISCONFIG, 0);
	case EPT_REFLECT_LOG_FULL:
		return to_l1(exit, EXIT_REASON_PML_FULL, exit->info.qualification &
			     (QUAL_NMI_UNBLOCKED | QUAL_ASYNCHRONOUS));
	case EPT_SLEEP:
		return L0_FAULT;
	case EPT_HOLE:
		report_hole(vcpu, exit, fault);
		restore_nmi_blocking(exit);
		return L0_TO_PROCESS;
	case EPT_RETRY:
	case EPT_NOMEM:
		break;
	}
	restore_nmi_blocking(exit);
	return L0_AGAIN;
}

enum ept_outcome l2_fault_look(struct nvmx_vcpu *vcpu, const struct l2_exit *exit,
			       struct ept_fault *fault)
{
	return look(vcpu, exit, fault, ept_handle_fault);
}

enum l0_next l2_fault_loaded(struct nvmx_vcpu *vcpu, struct l2_exit *exit)
{
	struct ept_fault fault;
	enum ept_outcome outcome;

	outcome = look(vcpu, exit, &fault, ept_handle_fault_atomic);
	return l2_fault_settle(vcpu, exit, &fault, outcome);
}

/* ---- VM functions -------------------------------------------------------- */

/* SDM Vol. 3, "EPTP Switching".  L1 decides what is not a legal EPT pointer. */
enum l0_next l2_vmfunc(struct nvmx_vcpu *vcpu, const struct l2_exit *exit)
{
	const struct nvmx_caps *caps = &vcpu->machine->caps;
	u32 index = exit->info.rcx;
	const u64 *list;
	u64 eptp;

	if ((u32)exit->info.rax || index >= EPTP_LIST_ENTRIES)
		return L0_TO_L1;

	index = array_index_nospec(index, EPTP_LIST_ENTRIES);
	list = l1_page(vcpu, vcpu->f[VF_EPTP_LIST_ADDRESS], NULL);
	eptp = list ? READ_ONCE(list[index]) : ~0ULL;
	if (!ept_pointer_is_legal(caps, eptp))
		return L0_TO_L1;

	change_field(vcpu, VF_EPT_POINTER, eptp);
	/* Whatever EPT02 there is, it is not for this pointer. */
	vcpu->vmcs02.ept_generation = ept_generation(&vcpu->machine->ept) - 1;
	if (nvmx_caps_has(caps, CAP_PROC2(18)))
		change_field(vcpu, VF_EPTP_INDEX, index);
	return L0_EPT_CHANGED;
}
