// SPDX-License-Identifier: GPL-2.0-only
/*
 * EPT01 and the EPT02s.
 *
 * EPT01 is built when memory is registered, so an access of an L2 without EPT12
 * faults only where L1 has no memory.  It also is what EPT02s are made from: it
 * says which host page is behind an L1-physical address, how large, and whether
 * L1 may write.
 *
 * An EPT02 starts empty.  Each EPT violation walks EPT12 as the processor would
 * and adds one leaf.  What L1 takes away in EPT12 stays in EPT02 until L1
 * executes INVEPT, what it adds is found by the next violation: an EPT02 is to
 * L1 what the processor's own cache of translations is to an ordinary
 * hypervisor.
 *
 * Accessed and dirty flags.  An EPT02 has them enabled exactly if its EPT12 has,
 * although nobody looks at those in EPT02: with flags enabled the processor
 * treats its accesses to L2's paging structures as writes.  So it faults on a
 * page that EPT12 does not let L2 write, or whose dirty flag is not set yet
 * (EPT02 permits no write until it is), and the exit qualification has bits 0
 * and 1 set, just as L1 must see it.  In an EPT02 without flags a page walk that
 * only reads would pass unnoticed.
 *
 * The APIC-access page of L2 is a page of ours in each EPT02 for a vmcs12 that has
 * one; such an L2 has an EPT02 even without EPT12.
 *
 * A page leaves all tables, and the CPUs are flushed, before it is unpinned.  A
 * leaf that EPT12 moves to another page needs no flush: both are L1's, and L1
 * has to execute INVEPT.
 */
#include <linux/cpu.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <asm/cpufeature.h>

#include "ept.h"
#include "ept02.h"
#include "vmx_cpu.h"

#define EPT01_LEVELS		4
#define EPT01_LEAF		(EPT_READ | EPT_EXECUTE | EPT_MEMTYPE_WB << EPT_MEMTYPE_SHIFT)

/* Tables that all EPT02s together may have: so many, and one for so many pages. */
#define EPT02_TABLES		256
#define EPT02_TABLE_PAGES	128

static void ept02_empty(struct ept02 *ept02, struct ept_gather *gather)
{
	ept02->cache.valid = false;
	ept_tree_clear_all(&ept02->tree, gather);
}

static bool host_offers(u16 cap)
{
	return vmx_host.msr[CAP_MSR(cap)] & BIT_ULL(CAP_BIT(cap));
}

/*
 * Executable large pages let L2 raise a machine check on processors with
 * X86_BUG_ITLB_MULTIHIT.
 */
static bool host_has_2m(void)
{
	if (boot_cpu_has_bug(X86_BUG_ITLB_MULTIHIT) && !cpu_mitigations_off())
		return false;

	return host_offers(CAP_EPT_VPID(16));
}

static bool host_has_1g(void)
{
	return host_has_2m() && host_offers(CAP_EPT_VPID(17));
}

/* ---- EPT01 --------------------------------------------------------------- */

static bool is_large(const struct l1_range *range, u64 index)
{
	unsigned long pfn = page_to_pfn(l1_range_page(range, index));
	unsigned int i;

	if (!IS_ALIGNED(pfn, 512))
		return false;
	for (i = 1; i < 512; i++) {
		if (page_to_pfn(l1_range_page(range, index + i)) != pfn + i)
			return false;
	}

	return true;
}

/* Map @count pages of @range from @index on: as much as one entry of 2M covers. */
static int ept01_map_part(struct ept *ept, const struct l1_range *range, u64 index,
			  unsigned int count)
{
	u64 bits = EPT01_LEAF | (range->writable ? EPT_WRITE : 0);
	u64 gpa = range->gpa + (index << PAGE_SHIFT);
	struct ept_gather gather;
	unsigned int i;
	u64 *slot;

	ept_gather_init(&gather, ept->ran_on);
	if (count == 512 && host_has_2m() && is_large(range, index)) {
		const struct ept_leaf leaf = {
			.level = EPT_LEVEL_2M,
			.entry = page_to_phys(l1_range_page(range, index)) | bits,
		};
		int ret = ept_tree_set(&ept->ept01, gpa, &leaf, &gather);

		ept_gather_finish(&gather);
		return ret;
	}

	slot = ept_tree_table(&ept->ept01, gpa, EPT_LEVEL_4K, &gather);
	if (!slot)
		return -ENOMEM;

	slot += EPT_INDEX(gpa, EPT_LEVEL_4K);
	for (i = 0; i < count; i++)
		WRITE_ONCE(slot[i], page_to_phys(l1_range_page(range, index + i)) | bits);

	return 0;
}

/* Take a range out of EPT01 and all EPT02s, and out of the CPUs. */
static void ept_unmap(struct ept *ept, const struct l1_range *range)
{
	struct ept_gather gather;
	struct ept02 *ept02;

	lockdep_assert_held(&ept->lock);

	ept_gather_init(&gather, ept->ran_on);
	ept_tree_clear(&ept->ept01, range->gpa, range->pages << PAGE_SHIFT, &gather);
	list_for_each_entry(ept02, &ept->ept02s, node)
		ept02_empty(ept02, &gather);
	/* A leaf may have been replaced since the last flush: flush in any case. */
	gather.flush = true;
	gather.eptp = VMX_ALL_EPTPS;
	ept_gather_finish(&gather);
}

/* Make one leaf of a GByte of 2M leaves that ends at @end and is all @range's. */
static void ept01_promote(struct ept *ept, const struct l1_range *range, u64 end)
{
	const u64 bytes = EPT_LEVEL_BYTES(EPT_LEVEL_1G);
	struct ept_gather gather;

	if (end % bytes || end - range->gpa < bytes || !host_has_1g())
		return;

	ept_gather_init(&gather, ept->ran_on);
	ept_tree_promote(&ept->ept01, end - bytes, EPT_LEVEL_1G, &gather);
	ept_gather_finish(&gather);
}

static int ept_map(struct ept *ept, const struct l1_range *range)
{
	u64 first_page = range->gpa >> PAGE_SHIFT;
	u64 index = 0;
	int ret = 0;

	lockdep_assert_held(&ept->lock);

	while (index < range->pages && !ret) {
		u64 room = 512 - (first_page + index) % 512;
		unsigned int count = min(range->pages - index, room);

		ret = ept01_map_part(ept, range, index, count);
		index += count;
		if (!ret)
			ept01_promote(ept, range, range->gpa + (index << PAGE_SHIFT));
		cond_resched();
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	if (ret)
		ept_unmap(ept, range);

	return ret;
}

static int listener_map(struct l1_memory_listener *listener, const struct l1_range *range)
{
	struct ept *ept = container_of(listener, struct ept, listener);
	int ret;

	mutex_lock(&ept->lock);
	ret = ept_map(ept, range);
	mutex_unlock(&ept->lock);

	return ret;
}

static void listener_unmap(struct l1_memory_listener *listener,
			   const struct l1_range *range)
{
	struct ept *ept = container_of(listener, struct ept, listener);

	mutex_lock(&ept->lock);
	ept_unmap(ept, range);
	mutex_unlock(&ept->lock);
}

int ept_init(struct ept *ept, struct l1_memory *mem)
{
	int ret;

	if (!zalloc_cpumask_var(&ept->ran_on, GFP_KERNEL_ACCOUNT))
		return -ENOMEM;
	ret = ept_tree_init(&ept->ept01, EPT01_LEVELS, NULL);
	if (ret) {
		free_cpumask_var(ept->ran_on);
		return ret;
	}

	mutex_init(&ept->lock);
	INIT_LIST_HEAD(&ept->ept02s);
	ept->ept02_count = 0;
	ept->apic_page = NULL;
	ept_spare_init(&ept->spare);
	ept->generation = 0;
	ept->mem = mem;
	ept->listener.map = listener_map;
	ept->listener.unmap = listener_unmap;
	l1_memory_listen(mem, &ept->listener);

	return 0;
}

/* ---- the set of EPT02s --------------------------------------------------- */

struct ept02 *ept02_find(struct ept *ept, u64 eptp12, u64 apic_access)
{
	struct ept02 *ept02;

	lockdep_assert_held(&ept->lock);

	list_for_each_entry(ept02, &ept->ept02s, node) {
		if (ept02->eptp12 == eptp12 && ept02->apic_access == apic_access)
			return ept02;
	}

	return NULL;
}

static void ept02_drop(struct ept *ept, struct ept02 *ept02, struct ept_gather *gather)
{
	list_del(&ept02->node);
	ept->ept02_count--;
	WRITE_ONCE(ept->generation, ept->generation + 1);
	ept_tree_destroy(&ept02->tree, gather);
	kfree(ept02);
}

static void ept02_drop_oldest(struct ept *ept)
{
	struct ept_gather gather;

	ept_gather_init(&gather, ept->ran_on);
	ept02_drop(ept, list_last_entry(&ept->ept02s, struct ept02, node), &gather);
	ept_gather_finish(&gather);
}

static bool has_apic_page(struct ept *ept)
{
	if (!ept->apic_page)
		ept->apic_page = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	return ept->apic_page;
}

static struct ept02 *ept02_create(struct ept *ept, u64 eptp12, u64 apic_access)
{
	struct ept02 *ept02;

	if (apic_access && !has_apic_page(ept))
		return NULL;
	ept02 = kzalloc(sizeof(*ept02), GFP_KERNEL_ACCOUNT);
	if (!ept02)
		return NULL;
	if (ept_tree_init(&ept02->tree, EPTP_LEVELS(eptp12) == 5 ? 5 : 4, &ept->spare)) {
		kfree(ept02);
		return NULL;
	}

	if (ept->ept02_count >= EPT02_MAX)
		ept02_drop_oldest(ept);
	ept02->eptp12 = eptp12;
	ept02->apic_access = apic_access;
	list_add(&ept02->node, &ept->ept02s);
	ept->ept02_count++;

	return ept02;
}

void ept02_make_room(struct ept *ept)
{
	struct ept_gather gather;
	struct ept02 *ept02;

	ept_gather_init(&gather, ept->ran_on);
	list_for_each_entry_reverse(ept02, &ept->ept02s, node) {
		if (ept02->tree.pages > 1) {
			ept_tree_clear_all(&ept02->tree, &gather);
			break;
		}
	}
	ept_gather_finish(&gather);
}

bool ept02s_are_full(const struct ept *ept)
{
	u64 most = EPT02_TABLES + ept->mem->page_count / EPT02_TABLE_PAGES;
	const struct ept02 *ept02;
	u64 tables = 0;

	list_for_each_entry(ept02, &ept->ept02s, node)
		tables += ept02->tree.pages;

	return tables + EPT_LEVELS_MAX > most;
}

void ept_destroy(struct ept *ept)
{
	struct ept02 *ept02, *next;
	struct ept_gather gather;

	l1_memory_listen(ept->mem, NULL);

	ept_gather_init(&gather, ept->ran_on);
	mutex_lock(&ept->lock);
	list_for_each_entry_safe(ept02, next, &ept->ept02s, node)
		ept02_drop(ept, ept02, &gather);
	ept_tree_destroy(&ept->ept01, &gather);
	ept_gather_finish(&gather);
	free_page((unsigned long)ept->apic_page);
	ept_spare_drain(&ept->spare);
	mutex_unlock(&ept->lock);
	mutex_destroy(&ept->lock);
	free_cpumask_var(ept->ran_on);
}

u64 ept01_eptp(const struct ept *ept)
{
	return ept_tree_eptp(&ept->ept01);
}

static u64 ept02_eptp(const struct ept02 *ept02)
{
	u64 eptp = ept_tree_eptp(&ept02->tree);

	if (ept02->eptp12 != EPT_NO_EPT12 && host_offers(CAP_EPT_VPID(21)))
		eptp |= ept02->eptp12 & EPTP_AD;

	return eptp;
}

u64 ept_apic_page(const struct ept *ept)
{
	return ept->apic_page ? virt_to_phys(ept->apic_page) : 0;
}

int ept02_get(struct ept *ept, u64 eptp12, u64 apic_access, u64 *eptp02)
{
	struct ept02 *ept02;

	mutex_lock(&ept->lock);
	ept02 = ept02_find(ept, eptp12, apic_access);
	if (!ept02)
		ept02 = ept02_create(ept, eptp12, apic_access);
	else if (!list_is_first(&ept02->node, &ept->ept02s))
		list_move(&ept02->node, &ept->ept02s);
	if (ept02)
		*eptp02 = ept02_eptp(ept02);
	mutex_unlock(&ept->lock);

	return ept02 ? 0 : -ENOMEM;
}

/* Empty the EPT02s whose EPT12 pointer equals @eptp12 in the bits of @mask. */
static void invalidate(struct ept *ept, u64 eptp12, u64 mask)
{
	struct ept_gather gather;
	struct ept02 *ept02;

	ept_gather_init(&gather, ept->ran_on);
	mutex_lock(&ept->lock);
	list_for_each_entry(ept02, &ept->ept02s, node) {
		if (!((ept02->eptp12 ^ eptp12) & mask))
			ept02_empty(ept02, &gather);
	}
	ept_gather_finish(&gather);
	mutex_unlock(&ept->lock);
}

void ept_invalidate_context(struct ept *ept, u64 eptp12)
{
	invalidate(ept, eptp12, EPTP_ADDRESS);
}

void ept_invalidate_all(struct ept *ept)
{
	invalidate(ept, 0, 0);
}
