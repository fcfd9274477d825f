/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The EPT02s of a machine, for the two files that work on them: ept.c keeps the
 * set, ept_fault.c adds to them what L2 touches.
 */
#ifndef NVMX_EPT02_H
#define NVMX_EPT02_H

#include "ept.h"
#include "ept_walk.h"

/**
 * struct ept02 - an EPT02
 * @node: in ept.ept02s
 * @eptp12: EPT pointer of vmcs12 that it is for, or EPT_NO_EPT12
 * @apic_access: APIC-access page with EPT_APIC_ACCESS, 0 for none
 * @cache: of walks of EPT12; emptied with the tree
 * @tree: the tables
 */
struct ept02 {
	struct list_head node;
	u64 eptp12;
	u64 apic_access;
	struct ept_walk_cache cache;
	struct ept_tree tree;
};

/**
 * ept02_find() - EPT02 for an EPT12 pointer
 * @ept: the EPTs
 * @eptp12: EPT pointer of vmcs12, or EPT_NO_EPT12
 * @apic_access: APIC-access page, as for ept02_get()
 *
 * Context: ept.lock is held.
 * Return: the EPT02, or NULL.
 */
struct ept02 *ept02_find(struct ept *ept, u64 eptp12, u64 apic_access);

/**
 * ept02_make_room() - empty the EPT02 asked for the longest time ago, of those
 *	with tables
 * @ept: the EPTs
 *
 * Context: Process context, may sleep; ept.lock is held.
 */
void ept02_make_room(struct ept *ept);

/**
 * ept02s_are_full() - whether EPT02s may not grow by what one leaf can need
 * @ept: the EPTs
 *
 * Context: ept.lock is held.
 * Return: true if they may not.
 */
bool ept02s_are_full(const struct ept *ept);

#endif /* NVMX_EPT02_H */
