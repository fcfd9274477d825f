/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor's walk of EPT12.  Pure: L1's memory is reached through the
 * caller, and the same object serves the unit tests.
 */
#ifndef NVMX_EPT_WALK_H
#define NVMX_EPT_WALK_H

#include <linux/types.h>

#include "ept_tree.h"
#include "field_policy.h"

/**
 * struct ept12_memory - how a walk reaches L1's memory
 * @read: the 8 bytes at an L1-physical address that is a multiple of 8, in one
 *	access; all ones where there is no memory
 * @set: atomically set @bits in the entry at @gpa if it still is @old: false if
 *	it is not; true also where nothing can be written, as of read-only memory
 * @ctx: first argument of both
 */
struct ept12_memory {
	u64 (*read)(void *ctx, u64 gpa);
	bool (*set)(void *ctx, u64 gpa, u64 old, u64 bits);
	void *ctx;
};

/**
 * enum ept_walk_result - how a walk of EPT12 ends
 * @EPT_WALK_OK: the access is allowed
 * @EPT_WALK_VIOLATION: EPT violation
 * @EPT_WALK_MISCONFIG: EPT misconfiguration
 * @EPT_WALK_AGAIN: an entry changed meanwhile
 */
enum ept_walk_result {
	EPT_WALK_OK,
	EPT_WALK_VIOLATION,
	EPT_WALK_MISCONFIG,
	EPT_WALK_AGAIN,
};

/**
 * struct ept_translation - an access of L2, and what EPT12 makes of it
 * @gpa: in: L2-physical address
 * @qualification: in: what the access is, as the exit qualification of an EPT
 *	violation says it; out, with EPT_WALK_VIOLATION: the qualification
 * @access: out: NVMX_ACCESS_x that EPT12 had to allow
 * @l1_gpa: out: L1-physical address of the byte at @gpa
 * @level: out: EPT_LEVEL_x of the page in EPT12
 * @rwx: out: what later accesses may do without a walk: EPT_READ, EPT_WRITE,
 *	EPT_EXECUTE; no EPT_WRITE while the dirty flag is still to be set
 * @memory_type: out: EPT_MEMTYPE_x, where it belongs in an entry, with
 *	EPT_IGNORE_PAT
 *
 * Output members are valid with EPT_WALK_OK where nothing else is said.
 */
struct ept_translation {
	u64 gpa;
	u64 qualification;
	u32 access;
	u64 l1_gpa;
	unsigned int level;
	u64 rwx;
	u64 memory_type;
};

/**
 * ept_walk() - walk EPT12 as the processor would
 * @caps: L1's processor
 * @eptp: EPT pointer; the levels it asks for are bounded by EPT_LEVELS_MAX
 * @memory: L1's memory
 * @t: the access, and what comes of it
 *
 * Accessed and dirty flags are set where the EPT pointer enables them and the
 * access is allowed, from the top table down.
 *
 * SDM Vol. 3, "The Extended Page Table Mechanism (EPT)" and "Exit Qualification".
 *
 * Context: Any context that the functions of @memory allow.
 * Return: enum ept_walk_result.
 */
enum ept_walk_result ept_walk(const struct nvmx_caps *caps, u64 eptp,
			      const struct ept12_memory *memory,
			      struct ept_translation *t);

#endif /* NVMX_EPT_WALK_H */
