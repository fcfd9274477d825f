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
 * @EPT_WALK_LOG_FULL: a flag would have to be set, and ept_translation.log_full
 * @EPT_WALK_AGAIN: an entry changed meanwhile
 */
enum ept_walk_result {
	EPT_WALK_OK,
	EPT_WALK_VIOLATION,
	EPT_WALK_MISCONFIG,
	EPT_WALK_LOG_FULL,
	EPT_WALK_AGAIN,
};

/** EPT_SUPPRESS_VE - bit of an entry: its violations are VM exits, never #VE */
#define EPT_SUPPRESS_VE		BIT_ULL(63)

/**
 * struct ept_walk_cache - where the last good walk found its table of 4K entries
 * @valid: there is one
 * @base: first L2-physical address that the table is for
 * @table: its L1-physical address
 * @combined: AND of the entries above it
 *
 * As the processor's paging-structure caches: good until INVEPT, and given up by
 * any walk that does not end well with it.
 */
struct ept_walk_cache {
	bool valid;
	u64 base;
	u64 table;
	u64 combined;
};

/**
 * struct ept_translation - an access of L2, and what EPT12 makes of it
 * @gpa: in: L2-physical address
 * @qualification: in: what the access is, as the exit qualification of an EPT
 *	violation says it; out, with EPT_WALK_VIOLATION: the qualification
 * @log_full: in: there is a page-modification log, and it has no room
 * @access: out: NVMX_ACCESS_x that EPT12 had to allow
 * @dirtied: out: the dirty flag of the page was clear and is set now
 * @convertible: out, with EPT_WALK_VIOLATION: EPT12 lets it become a #VE
 * @l1_gpa: out: L1-physical address of the byte at @gpa
 * @level: out: EPT_LEVEL_x of the page in EPT12
 * @rwx: out: what later accesses may do without a walk: EPT_READ, EPT_WRITE,
 *	EPT_EXECUTE; no EPT_WRITE while the dirty flag is still to be set; with
 *	EPT_WALK_VIOLATION, what the entries permit together
 * @memory_type: out: EPT_MEMTYPE_x, where it belongs in an entry, with
 *	EPT_IGNORE_PAT
 *
 * Output members are valid with EPT_WALK_OK where nothing else is said.
 */
struct ept_translation {
	u64 gpa;
	u64 qualification;
	bool log_full;
	u32 access;
	bool dirtied;
	bool convertible;
	u64 l1_gpa;
	unsigned int level;
	u64 rwx;
	u64 memory_type;
};

/**
 * ept_pointer_is_legal() - whether an EPT pointer passes the checks of VM entry
 * @caps: L1's processor
 * @eptp: EPT pointer
 *
 * SDM Vol. 3, "Checks on VMX Controls"; INVEPT and EPTP switching look at the
 * same.
 *
 * Context: Any context.
 * Return: true if it does.
 */
bool ept_pointer_is_legal(const struct nvmx_caps *caps, u64 eptp);

/**
 * ept_walk() - walk EPT12 as the processor would
 * @caps: L1's processor
 * @eptp: EPT pointer; the levels it asks for are bounded by EPT_LEVELS_MAX
 * @memory: L1's memory
 * @cache: of earlier walks with the same @eptp
 * @t: the access, and what comes of it
 *
 * Accessed and dirty flags are set where the EPT pointer enables them and the
 * access is allowed, from the top table down.  None is set when the log is full.
 *
 * SDM Vol. 3, "The Extended Page Table Mechanism (EPT)" and "Exit Qualification".
 *
 * Context: Any context that the functions of @memory allow.
 * Return: enum ept_walk_result.
 */
enum ept_walk_result ept_walk(const struct nvmx_caps *caps, u64 eptp,
			      const struct ept12_memory *memory,
			      struct ept_walk_cache *cache,
			      struct ept_translation *t);

#endif /* NVMX_EPT_WALK_H */
