/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the processor does with a virtual-APIC page, for accesses that L0 carries
 * out in its place.  Pure: the same object serves the unit tests.
 *
 * SDM Vol. 3, "APIC Virtualization and Virtual Interrupts".
 */
#ifndef NVMX_VIRTUAL_APIC_H
#define NVMX_VIRTUAL_APIC_H

#include <linux/types.h>

/* Registers: offsets in the virtual-APIC page. */
#define VAPIC_TPR	0x080
#define VAPIC_PPR	0x0a0
#define VAPIC_EOI	0x0b0
#define VAPIC_ISR	0x100
#define VAPIC_IRR	0x200
#define VAPIC_SELF_IPI	0x3f0

/* MSRs of a local APIC in x2APIC mode. */
#define VAPIC_MSR_FIRST		0x800
#define VAPIC_MSR_LAST		0x8ff
#define VAPIC_MSR_TPR		0x808
#define VAPIC_MSR_EOI		0x80b
#define VAPIC_MSR_SELF_IPI	0x83f

/**
 * struct virtual_apic - a virtual APIC and the controls that it obeys
 * @page: the virtual-APIC page
 * @proc2: secondary processor-based controls in force
 * @threshold: TPR threshold, 0 to 15
 * @rvi: requesting virtual interrupt
 * @svi: servicing virtual interrupt
 * @eoi_exit: EOI-exit bitmap, four words
 * @qualification: exit qualification, with VAPIC_EXIT_x
 */
struct virtual_apic {
	void *page;
	u32 proc2;
	u8 threshold;
	u8 rvi;
	u8 svi;
	const u64 *eoi_exit;
	u32 qualification;
};

/**
 * enum vapic_outcome - what becomes of RDMSR or WRMSR of L2
 * @VAPIC_DONE: executed
 * @VAPIC_NOT_VIRTUAL: not an access to the virtual APIC
 * @VAPIC_GP: #GP(0)
 * @VAPIC_EXIT_TPR: executed, then a VM exit: TPR below threshold
 * @VAPIC_EXIT_EOI: executed, then a VM exit: virtualized EOI
 * @VAPIC_EXIT_WRITE: executed, then a VM exit: APIC write
 */
enum vapic_outcome {
	VAPIC_DONE,
	VAPIC_NOT_VIRTUAL,
	VAPIC_GP,
	VAPIC_EXIT_TPR,
	VAPIC_EXIT_EOI,
	VAPIC_EXIT_WRITE,
};

/**
 * vapic_vtpr() - the virtual task-priority register
 * @page: the virtual-APIC page
 *
 * Context: Any context.
 * Return: its low byte.
 */
u8 vapic_vtpr(const void *page);

/**
 * vapic_is_pending() - whether a virtual interrupt would be recognized
 * @apic: the virtual APIC, with "virtual-interrupt delivery"
 *
 * As after the evaluation of pending virtual interrupts at VM entry.
 *
 * Context: Any context.
 * Return: true if RVI is of a higher class than PPR.
 */
bool vapic_is_pending(const struct virtual_apic *apic);

/**
 * vapic_rdmsr() - RDMSR of L2
 * @apic: the virtual APIC
 * @index: any MSR
 * @value: value read, with VAPIC_DONE
 *
 * SDM Vol. 3, "Virtualizing MSR-Based APIC Accesses".
 *
 * Context: Any context.
 * Return: VAPIC_DONE or VAPIC_NOT_VIRTUAL.
 */
enum vapic_outcome vapic_rdmsr(const struct virtual_apic *apic, u32 index, u64 *value);

/**
 * vapic_wrmsr() - WRMSR of L2
 * @apic: the virtual APIC; RVI, SVI and the qualification may change
 * @index: any MSR
 * @value: value to write
 *
 * Evaluation of pending virtual interrupts is left to the VM entry that follows.
 * SDM Vol. 3, "Virtualizing MSR-Based APIC Accesses", "TPR Virtualization", "EOI
 * Virtualization", "Self-IPI Virtualization".
 *
 * Context: Any context.
 * Return: enum vapic_outcome.
 */
enum vapic_outcome vapic_wrmsr(struct virtual_apic *apic, u32 index, u64 value);

#endif /* NVMX_VIRTUAL_APIC_H */
