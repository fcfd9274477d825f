/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The store of vmcs12 objects: an rbtree of them keyed by vmptr, in each an
 * rbtree of its present fields keyed by encoding, and a mark on those that
 * changed since the last merge into vmcs02.  Memory only: no locks of its own
 * (the owner's lock covers it), no access to L1's memory.
 */
#ifndef NVMX_SHADOW_VMCS_H
#define NVMX_SHADOW_VMCS_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "field_policy.h"

/** SHADOW_VMCS_MAX - active vmcs12s of one logical processor */
#define SHADOW_VMCS_MAX		64

/** VMCS12_DIRTY_WORDS - words of a bitmap of fields: shadow_vmcs.dirty, .stale */
#define VMCS12_DIRTY_WORDS	((VMCS_FIELD_COUNT + 63) / 64)

/** VMCS12_DIRTY_L1 - in shadow_vmcs.dirty_checks: what an exit loads into L1 */
#define VMCS12_DIRTY_L1		BIT_ULL(63)

/** vmcs12_write_mask - bits that VMWRITE keeps, by enum vmcs_index; set at load */
extern u64 vmcs12_write_mask[VMCS_FIELD_COUNT];

/** vmcs12_write_checks - rule groups to judge after it, and VMCS12_DIRTY_L1; likewise */
extern u64 vmcs12_write_checks[VMCS_FIELD_COUNT];

/**
 * struct vmcs12_node - presence of a field in a vmcs12
 * @rb: in shadow_vmcs.fields while @present
 * @index: enum vmcs_index of the field
 * @present: 1 once L1 or an exit has written the field
 */
struct vmcs12_node {
	struct rb_node rb;
	u16 index;
	u8 present;
};

/**
 * struct shadow_vmcs - a vmcs12
 * @rb: in shadow_vmcs_store.root
 * @lru: in shadow_vmcs_store.lru, least recently current first
 * @vmptr: L1-physical address that names it
 * @link: shadow link: NVMX_NO_VMPTR for none
 * @launched: launch state: true "launched", false "clear"
 * @active: loaded by VMPTRLD and not yet cleared
 * @exit_present: the fields that each exit writes are present
 * @guest_stale: some bit of @stale is set
 * @field_count: number of present fields
 * @fields: present fields by encoding
 * @dirty: fields changed since the last merge into vmcs02, a bit for each enum
 *	vmcs_index
 * @dirty_checks: groups of entry rules to judge again (entry_checks.h)
 * @stale: fields whose value the last exit left in vmcs02, a bit for each enum
 *	vmcs_index: read it from there before use
 * @value: stored values by enum vmcs_index; 0 where not present
 * @node: presence by enum vmcs_index
 */
struct shadow_vmcs {
	struct rb_node rb;
	struct list_head lru;
	u64 vmptr;
	u64 link;
	bool launched;
	bool active;
	bool exit_present;
	bool guest_stale;
	u32 field_count;
	struct rb_root fields;
	u64 dirty[VMCS12_DIRTY_WORDS];
	u64 dirty_checks;
	u64 stale[VMCS12_DIRTY_WORDS];
	u64 value[VMCS_FIELD_COUNT];
	struct vmcs12_node node[VMCS_FIELD_COUNT];
};

/**
 * struct shadow_vmcs_store - the vmcs12s of a logical processor
 * @root: by vmptr
 * @lru: least recently current first
 * @count: number of them, at most SHADOW_VMCS_MAX
 */
struct shadow_vmcs_store {
	struct rb_root root;
	struct list_head lru;
	u32 count;
};

/**
 * shadow_vmcs_cache_init() - make the slab that vmcs12s come from, and the
 *	table of what a VMWRITE does
 *
 * Context: Process context; at module load.
 * Return: 0, or -ENOMEM.
 */
int shadow_vmcs_cache_init(void);

/**
 * shadow_vmcs_cache_exit() - free the slab
 *
 * Context: Process context; no vmcs12 is left.
 */
void shadow_vmcs_cache_exit(void);

/**
 * shadow_vmcs_store_init() - make an empty store
 * @store: the store
 *
 * Context: Any context.
 */
void shadow_vmcs_store_init(struct shadow_vmcs_store *store);

/**
 * shadow_vmcs_find() - find a vmcs12 by name
 * @store: the store
 * @vmptr: L1-physical address
 *
 * Context: The store's lock is held.
 * Return: the vmcs12, or NULL.
 */
struct shadow_vmcs *shadow_vmcs_find(struct shadow_vmcs_store *store, u64 vmptr);

/**
 * shadow_vmcs_create() - add an empty, clear, active vmcs12
 * @store: the store; holds none named @vmptr, and at most SHADOW_VMCS_MAX: with
 *	one more, the caller has to take the oldest away
 * @vmptr: L1-physical address
 *
 * Context: Process context; the store's lock is held.
 * Return: the vmcs12, or NULL when out of memory.
 */
struct shadow_vmcs *shadow_vmcs_create(struct shadow_vmcs_store *store, u64 vmptr);

/**
 * shadow_vmcs_destroy() - remove a vmcs12 and free it
 * @store: the store
 * @vmcs: member of @store
 *
 * Context: The store's lock is held; @vmcs is not current.
 */
void shadow_vmcs_destroy(struct shadow_vmcs_store *store, struct shadow_vmcs *vmcs);

/**
 * shadow_vmcs_destroy_all() - empty the store
 * @store: the store
 *
 * Context: The store's lock is held.
 */
void shadow_vmcs_destroy_all(struct shadow_vmcs_store *store);

/**
 * shadow_vmcs_touch() - make a vmcs12 the most recently current one
 * @store: the store
 * @vmcs: member of @store
 *
 * Context: The store's lock is held.
 */
void shadow_vmcs_touch(struct shadow_vmcs_store *store, struct shadow_vmcs *vmcs);

/**
 * shadow_vmcs_oldest() - the vmcs12 to write back when the store is full
 * @store: the store
 * @current_vmcs: the current one, never chosen; may be NULL
 *
 * Context: The store's lock is held.
 * Return: the least recently current one, or NULL.
 */
struct shadow_vmcs *shadow_vmcs_oldest(struct shadow_vmcs_store *store,
				       const struct shadow_vmcs *current_vmcs);

/**
 * vmcs12_read() - stored value of a field
 * @vmcs: the vmcs12
 * @index: the field
 *
 * Context: The store's lock is held.
 * Return: the value; 0 if the field is not present.
 */
static inline u64 vmcs12_read(const struct shadow_vmcs *vmcs, enum vmcs_index index)
{
	return vmcs->value[index];
}

/**
 * vmcs12_write() - L1 writes a field: present, dirty, to be judged again
 * @vmcs: the vmcs12
 * @index: the field
 * @value: all bits of the field, already masked to its width
 *
 * Context: The store's lock is held.
 */
void vmcs12_write(struct shadow_vmcs *vmcs, enum vmcs_index index, u64 value);

/**
 * vmcs12_make_present() - put a field that is not present into the tree
 * @vmcs: the vmcs12
 * @index: the field
 *
 * Context: The store's lock is held.
 */
void vmcs12_make_present(struct shadow_vmcs *vmcs, enum vmcs_index index);

/**
 * vmcs12_sync() - an exit stores a field: present, but neither dirty nor to be
 *	judged again, as vmcs02 holds that value
 * @vmcs: the vmcs12
 * @index: the field
 * @value: all bits of the field
 *
 * Context: The store's lock is held.
 */
static inline void vmcs12_sync(struct shadow_vmcs *vmcs, enum vmcs_index index,
			       u64 value)
{
	vmcs->value[index] = value;
	if (unlikely(!vmcs->node[index].present))
		vmcs12_make_present(vmcs, index);
}

/**
 * vmcs12_mark_dirty() - have a field merged and judged again
 * @vmcs: the vmcs12
 * @index: the field
 *
 * Context: The store's lock is held.
 */
void vmcs12_mark_dirty(struct shadow_vmcs *vmcs, enum vmcs_index index);

/**
 * vmcs12_is_dirty() - whether a field changed since the last merge
 * @vmcs: the vmcs12
 * @index: the field
 *
 * Context: The store's lock is held.
 * Return: true if it did.
 */
static inline bool vmcs12_is_dirty(const struct shadow_vmcs *vmcs, enum vmcs_index index)
{
	return vmcs->dirty[index / 64] & BIT_ULL(index % 64);
}

/**
 * vmcs12_is_stale() - whether a field's value is still in vmcs02
 * @vmcs: the vmcs12
 * @index: the field
 *
 * Context: The store's lock is held.
 * Return: true if it is.
 */
static inline bool vmcs12_is_stale(const struct shadow_vmcs *vmcs, enum vmcs_index index)
{
	return vmcs->stale[index / 64] & BIT_ULL(index % 64);
}

/**
 * vmcs12_first() - first present field at or after an encoding
 * @vmcs: the vmcs12
 * @encoding: where to start
 *
 * Context: The store's lock is held.
 * Return: its node, or NULL.
 */
struct vmcs12_node *vmcs12_first(struct shadow_vmcs *vmcs, u32 encoding);

/**
 * vmcs12_next() - present field after another
 * @node: a node in the tree
 *
 * Context: The store's lock is held.
 * Return: its node, or NULL.
 */
struct vmcs12_node *vmcs12_next(struct vmcs12_node *node);

/** SHADOW_RECORD_BYTES - the record that VMCLEAR writes, header included */
#define SHADOW_RECORD_BYTES	4096

/**
 * vmcs12_to_region() - write a vmcs12 as its region in L1's memory
 * @vmcs: the vmcs12
 * @region: 4096 bytes as they are in L1's memory, aligned to 8; bytes 0-3
 *	(revision) and 4-7 (abort indicator) are kept, the rest is replaced by
 *	the record: magic,
 *	version, launch state, count, (encoding, value) pairs in ascending
 *	order, checksum
 *
 * Context: The store's lock is held.
 */
void vmcs12_to_region(const struct shadow_vmcs *vmcs, void *region);

/**
 * vmcs12_from_region() - fill an empty vmcs12 from its region
 * @vmcs: empty vmcs12
 * @caps: L1's processor
 * @policy: policy by enum vmcs_index; a field goes in only if VMWRITE would
 *	let it, or if it is VM-exit information
 * @region: 4096 bytes copied from L1's memory, aligned to 8; hostile
 *
 * A region without a valid record leaves an empty, clear VMCS.
 *
 * Context: The store's lock is held.
 * Return: true if there was a valid record.
 */
bool vmcs12_from_region(struct shadow_vmcs *vmcs, const struct nvmx_caps *caps,
			const u8 *policy, const void *region);

#endif /* NVMX_SHADOW_VMCS_H */
