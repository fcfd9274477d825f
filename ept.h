/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables that the processor walks for L2: EPT01, which maps L1's physical
 * memory, and an EPT02 for each EPT12 pointer, which is EPT12 x EPT01.
 *
 * Lock order: l1_memory.lock -> ept.lock.
 */
#ifndef NVMX_EPT_H
#define NVMX_EPT_H

#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "ept_tree.h"
#include "l1_memory.h"

struct nvmx_caps;

/**
 * struct ept_log - page-modification log of L1
 * @address: L1-physical address of its page
 * @index: entry to be written next; past the last one the log is full
 */
struct ept_log {
	u64 address;
	u16 index;
};

/** EPT_NO_EPT12 - for an EPT12 pointer: L2 uses EPT01, L1 has no EPT for it */
#define EPT_NO_EPT12		(~0ULL)

/** EPT_APIC_ACCESS - with an L1-physical address: it is that of an APIC-access page */
#define EPT_APIC_ACCESS		BIT_ULL(0)

/** EPT02_MAX - most EPT12 pointers of a machine that have an EPT02 */
#define EPT02_MAX		32

/**
 * struct ept - the EPTs of a machine
 * @mem: L1's memory
 * @listener: hears of changes of @mem
 * @lock: covers everything below but @generation, which is written under it
 * @ept01: maps all of @mem, built when it is registered
 * @ept02s: the EPT02s, struct ept02, most recently asked for first
 * @ept02_count: how many there are
 * @apic_page: stands for the APIC-access page, whichever it is; NULL until one is
 *	asked for
 * @spare: tables for ept_handle_fault_atomic()
 * @ran_on: CPUs that L2 has run on: no other can hold translations
 * @generation: see ept_generation()
 */
struct ept {
	struct l1_memory *mem;
	struct l1_memory_listener listener;
	struct mutex lock;
	struct ept_tree ept01;
	struct list_head ept02s;
	unsigned int ept02_count;
	void *apic_page;
	struct ept_spare spare;
	cpumask_var_t ran_on;
	u64 generation;
};

/**
 * enum ept_outcome - what became of an EPT violation of L2
 * @EPT_RETRY: enter L2 again; if ept_generation() has changed, with what
 *	ept02_get() then says
 * @EPT_REFLECT_VIOLATION: L1 gets an EPT violation
 * @EPT_REFLECT_MISCONFIG: L1 gets an EPT misconfiguration
 * @EPT_REFLECT_LOG_FULL: L1 gets a page-modification log-full event
 * @EPT_HOLE: EPT12 allows the access, L1's memory does not: a hole, or a write
 *	to a read-only range
 * @EPT_NOMEM: no memory for a table
 * @EPT_SLEEP: ept_handle_fault() can tell
 */
enum ept_outcome {
	EPT_RETRY,
	EPT_REFLECT_VIOLATION,
	EPT_REFLECT_MISCONFIG,
	EPT_REFLECT_LOG_FULL,
	EPT_HOLE,
	EPT_NOMEM,
	EPT_SLEEP,
};

/**
 * struct ept_fault - an EPT violation of L2
 * @gpa: in: L2-physical address: the field "guest-physical address", which is
 *	what L1 gets, too
 * @qualification: in: as the processor reported it; out, with
 *	EPT_REFLECT_VIOLATION: what L1 gets
 * @apic_access: in: APIC-access page of vmcs12, as for ept02_get()
 * @log: in: L1's page-modification log, or NULL; out: with what was added
 * @convertible: out, with EPT_REFLECT_VIOLATION: EPT12 lets it become a #VE
 * @l1_gpa: out, with EPT_HOLE: the L1-physical address that was accessed
 * @access: out, with EPT_HOLE: NVMX_ACCESS_x
 *
 * The guest-linear address that L1 gets is the processor's.
 */
struct ept_fault {
	u64 gpa;
	u64 qualification;
	u64 apic_access;
	struct ept_log *log;
	bool convertible;
	u64 l1_gpa;
	u32 access;
};

/**
 * ept_init() - make the EPTs of a machine
 * @ept: to be filled
 * @mem: L1's memory, without ranges
 *
 * Context: Process context.
 * Return: 0, or -ENOMEM.
 */
int ept_init(struct ept *ept, struct l1_memory *mem);

/**
 * ept_destroy() - free the EPTs of a machine
 * @ept: made by ept_init(); nobody uses it any more
 *
 * Also flushes: the next table in the same page must not find translations of
 * this one.
 *
 * Context: Process context, may sleep.
 */
void ept_destroy(struct ept *ept);

/**
 * ept01_eptp() - EPT pointer of EPT01
 * @ept: the EPTs
 *
 * Context: Any context.
 * Return: the pointer for vmcs02; constant.
 */
u64 ept01_eptp(const struct ept *ept);

/**
 * ept02_get() - EPT pointer of the EPT02 for an EPT12 pointer
 * @ept: the EPTs
 * @eptp12: EPT pointer of vmcs12, which has passed the entry checks; or
 *	EPT_NO_EPT12, for an L2 that has an APIC-access page and no EPT12
 * @apic_access: APIC-access page of vmcs12 with EPT_APIC_ACCESS, or 0 for none
 * @eptp02: the pointer for vmcs02; valid until ept_generation() changes
 *
 * The EPT02 has accessed and dirty flags enabled exactly where EPT12 has, so
 * that the processor treats accesses to L2's paging structures as writes
 * exactly where it would for L1.  Makes the EPT02 the last to be dropped when
 * tables are scarce.
 *
 * An EPT02 maps the APIC-access page, with a page of its own size, to
 * ept_apic_page(), whether L1 has memory there or not: the processor never reads
 * or writes that page, it only compares its address.  SDM Vol. 3, "Virtualizing
 * Memory-Mapped APIC Accesses".
 *
 * Context: Process context, may sleep.
 * Return: 0, or -ENOMEM.
 */
int ept02_get(struct ept *ept, u64 eptp12, u64 apic_access, u64 *eptp02);

/**
 * ept_apic_page() - host-physical address of what stands for APIC-access pages
 * @ept: the EPTs
 *
 * Context: Any context.
 * Return: the address; 0 until ept02_get() was told of a page, constant from then on.
 */
u64 ept_apic_page(const struct ept *ept);

/**
 * ept_generation() - changes when pointers of ept02_get() become invalid
 * @ept: the EPTs
 *
 * An EPT02 is dropped only by ept02_get() for another EPT12 pointer.  All else,
 * INVEPT by L1 or a lack of tables, empties EPT02s and leaves the pointers as
 * they are.
 *
 * Context: Any context.
 * Return: the generation.
 */
static inline u64 ept_generation(const struct ept *ept)
{
	return READ_ONCE(ept->generation);
}

/**
 * ept_handle_fault() - settle an EPT violation of L2, or say whose it is
 * @ept: the EPTs
 * @caps: L1's processor
 * @eptp12: EPT pointer of vmcs12, or EPT_NO_EPT12
 * @fault: the violation
 *
 * Walks EPT12 as the processor would, and sets accessed and dirty flags there.
 * Whatever L1's tables say, no loop here depends on it for its end.
 *
 * Bit 12 of the qualification (NMI unblocking due to IRET) concerns the caller
 * when the outcome is EPT_RETRY: L2 must then have NMIs blocked again.
 *
 * Context: Process context, may sleep.  The L2 is live: no range changes.
 * Return: enum ept_outcome.
 */
enum ept_outcome ept_handle_fault(struct ept *ept, const struct nvmx_caps *caps,
				  u64 eptp12, struct ept_fault *fault);

/**
 * ept_handle_fault_atomic() - the same where nobody may sleep
 * @ept: the EPTs
 * @caps: L1's processor
 * @eptp12: EPT pointer of vmcs12, or EPT_NO_EPT12
 * @fault: the violation
 *
 * Settles nearly all of them.  What an attempt that ends in EPT_SLEEP has done is
 * not done again by ept_handle_fault().
 *
 * Context: Process context, preemption may be off.  The L2 is live.
 * Return: enum ept_outcome.
 */
enum ept_outcome ept_handle_fault_atomic(struct ept *ept, const struct nvmx_caps *caps,
					 u64 eptp12, struct ept_fault *fault);

/**
 * ept_invalidate_context() - INVEPT, single-context
 * @ept: the EPTs
 * @eptp12: the EPT pointer in the INVEPT descriptor
 *
 * Empties the EPT02s of all EPT12 pointers with the same bits 51:12, on every
 * CPU.
 *
 * Context: Process context, may sleep; their L2s are not running.
 */
void ept_invalidate_context(struct ept *ept, u64 eptp12);

/**
 * ept_invalidate_all() - INVEPT, all-context
 * @ept: the EPTs
 *
 * Context: Process context, may sleep; no L2 is running.
 */
void ept_invalidate_all(struct ept *ept);

/**
 * ept_invalidate() - INVEPT by L1
 * @ept: the EPTs
 * @single: single-context rather than all-context
 * @eptp12: with @single, the EPT pointer in the INVEPT descriptor
 *
 * Context: Process context, may sleep; no L2 is running.
 */
static inline void ept_invalidate(struct ept *ept, bool single, u64 eptp12)
{
	if (single)
		ept_invalidate_context(ept, eptp12);
	else
		ept_invalidate_all(ept);
}

#endif /* NVMX_EPT_H */
