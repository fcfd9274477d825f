// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store of vmcs12 objects.  Memory and ordered trees only: it knows neither
 * locks, nor L1's memory, nor the processor.  Every node of a vmcs12 is part of
 * the object, so that writing a field never allocates.
 */
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "entry_checks.h"
#include "field_policy.h"
#include "shadow_vmcs.h"

/* Promised to users: kernel memory of an active vmcs12. */
static_assert(sizeof(struct shadow_vmcs) <= 16 * 1024);

static struct kmem_cache *shadow_vmcs_cache;

u64 vmcs12_write_mask[VMCS_FIELD_COUNT];
u64 vmcs12_write_checks[VMCS_FIELD_COUNT];

static u64 write_checks(unsigned int index)
{
	u64 checks = entry_checks_groups(index);

	if (VMCS_ENC_TYPE(vmcs_field_table[index].encoding) == VMCS_HOST ||
	    index == VF_VM_EXIT_CONTROLS)
		checks |= VMCS12_DIRTY_L1;
	return checks;
}

int shadow_vmcs_cache_init(void)
{
	unsigned int i;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		vmcs12_write_mask[i] = vmcs_field_mask(i);
		vmcs12_write_checks[i] = write_checks(i);
	}
	shadow_vmcs_cache = KMEM_CACHE(shadow_vmcs, SLAB_ACCOUNT);

	return shadow_vmcs_cache ? 0 : -ENOMEM;
}

void shadow_vmcs_cache_exit(void)
{
	kmem_cache_destroy(shadow_vmcs_cache);
	shadow_vmcs_cache = NULL;
}

void shadow_vmcs_store_init(struct shadow_vmcs_store *store)
{
	store->root = RB_ROOT;
	INIT_LIST_HEAD(&store->lru);
	store->count = 0;
}

static int vmptr_cmp(u64 vmptr, const struct rb_node *node)
{
	const struct shadow_vmcs *vmcs = rb_entry(node, struct shadow_vmcs, rb);

	if (vmptr == vmcs->vmptr)
		return 0;

	return vmptr < vmcs->vmptr ? -1 : 1;
}

static int vmptr_find_cmp(const void *vmptr, const struct rb_node *node)
{
	return vmptr_cmp(*(const u64 *)vmptr, node);
}

static int vmptr_add_cmp(struct rb_node *new, const struct rb_node *node)
{
	return vmptr_cmp(rb_entry(new, struct shadow_vmcs, rb)->vmptr, node);
}

struct shadow_vmcs *shadow_vmcs_find(struct shadow_vmcs_store *store, u64 vmptr)
{
	struct rb_node *node = rb_find(&vmptr, &store->root, vmptr_find_cmp);

	return node ? rb_entry(node, struct shadow_vmcs, rb) : NULL;
}

static struct shadow_vmcs *shadow_vmcs_alloc(u64 vmptr)
{
	struct shadow_vmcs *vmcs = kmem_cache_zalloc(shadow_vmcs_cache, GFP_KERNEL);
	unsigned int i;

	if (!vmcs)
		return NULL;

	vmcs->vmptr = vmptr;
	vmcs->link = NVMX_NO_VMPTR;
	vmcs->active = true;
	vmcs->dirty_checks = ENTRY_ALL;
	vmcs->fields = RB_ROOT;
	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		vmcs->node[i].index = i;

	return vmcs;
}

struct shadow_vmcs *shadow_vmcs_create(struct shadow_vmcs_store *store, u64 vmptr)
{
	struct shadow_vmcs *vmcs;

	if (WARN_ON_ONCE(store->count > SHADOW_VMCS_MAX))
		return NULL;

	vmcs = shadow_vmcs_alloc(vmptr);
	if (!vmcs)
		return NULL;

	if (WARN_ON_ONCE(rb_find_add(&vmcs->rb, &store->root, vmptr_add_cmp))) {
		kmem_cache_free(shadow_vmcs_cache, vmcs);
		return NULL;
	}
	list_add_tail(&vmcs->lru, &store->lru);
	store->count++;

	return vmcs;
}

void shadow_vmcs_destroy(struct shadow_vmcs_store *store, struct shadow_vmcs *vmcs)
{
	rb_erase(&vmcs->rb, &store->root);
	list_del(&vmcs->lru);
	store->count--;
	kmem_cache_free(shadow_vmcs_cache, vmcs);
}

void shadow_vmcs_destroy_all(struct shadow_vmcs_store *store)
{
	struct shadow_vmcs *vmcs, *next;

	list_for_each_entry_safe(vmcs, next, &store->lru, lru)
		shadow_vmcs_destroy(store, vmcs);
}

void shadow_vmcs_touch(struct shadow_vmcs_store *store, struct shadow_vmcs *vmcs)
{
	list_move_tail(&vmcs->lru, &store->lru);
}

struct shadow_vmcs *shadow_vmcs_oldest(struct shadow_vmcs_store *store,
				       const struct shadow_vmcs *current_vmcs)
{
	struct shadow_vmcs *vmcs;

	list_for_each_entry(vmcs, &store->lru, lru)
		if (vmcs != current_vmcs)
			return vmcs;

	return NULL;
}

static u32 node_encoding(const struct rb_node *node)
{
	return vmcs_field_table[rb_entry(node, struct vmcs12_node, rb)->index].encoding;
}

static bool node_less(struct rb_node *a, const struct rb_node *b)
{
	return node_encoding(a) < node_encoding(b);
}

void vmcs12_make_present(struct shadow_vmcs *vmcs, enum vmcs_index index)
{
	struct vmcs12_node *node = &vmcs->node[index];

	node->present = 1;
	rb_add(&node->rb, &vmcs->fields, node_less);
	vmcs->field_count++;
}

/*
 * Also when the value is the stored one: vmcs02 may hold another by now, which
 * nobody has asked for yet.
 */
void vmcs12_write(struct shadow_vmcs *vmcs, enum vmcs_index index, u64 value)
{
	vmcs12_sync(vmcs, index, value);
	vmcs->stale[index / 64] &= ~BIT_ULL(index % 64);
	vmcs12_mark_dirty(vmcs, index);
}

void vmcs12_mark_dirty(struct shadow_vmcs *vmcs, enum vmcs_index index)
{
	vmcs->dirty[index / 64] |= BIT_ULL(index % 64);
	vmcs->dirty_checks |= vmcs12_write_checks[index];
}

struct vmcs12_node *vmcs12_first(struct shadow_vmcs *vmcs, u32 encoding)
{
	struct rb_node *node = vmcs->fields.rb_node;
	struct rb_node *best = NULL;

	while (node) {
		if (node_encoding(node) >= encoding) {
			best = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}

	return best ? rb_entry(best, struct vmcs12_node, rb) : NULL;
}

struct vmcs12_node *vmcs12_next(struct vmcs12_node *node)
{
	struct rb_node *next = rb_next(&node->rb);

	return next ? rb_entry(next, struct vmcs12_node, rb) : NULL;
}

#define RECORD_MAGIC	0x32316d63786d766eULL
#define RECORD_VERSION	1

/**
 * struct record_field - a present field in a record
 * @encoding: its full encoding
 * @value: its value
 */
struct record_field {
	u64 encoding;
	u64 value;
};

/* After the revision and the abort indicator. */
#define RECORD_OFFSET	8

/**
 * struct record - what VMCLEAR leaves in a VMCS region
 * @magic: RECORD_MAGIC
 * @version: RECORD_VERSION
 * @launched: launch state, 0 or 1
 * @count: elements of @field that are used
 * @reserved: 0
 * @field: the present fields in ascending order of encoding
 * @reserved1: 0
 * @checksum: of all that is before it
 *
 * The checksum finds accidents; it does not keep L1 from making a record of its
 * own, so whatever is loaded is judged as if L1 had written it.
 */
struct record {
	u64 magic;
	u32 version;
	u32 launched;
	u32 count;
	u32 reserved;
	struct record_field field[253];
	u64 reserved1;
	u64 checksum;
};

static_assert(sizeof(struct record) + RECORD_OFFSET == SHADOW_RECORD_BYTES);
static_assert(VMCS_FIELD_COUNT <= ARRAY_SIZE(((struct record *)NULL)->field));

/* FNV-1a over 64-bit words: any single changed word gives another sum. */
static u64 record_checksum(const struct record *record)
{
	const u64 *word = (const u64 *)record;
	u64 sum = 0xcbf29ce484222325ULL;
	unsigned int i;

	for (i = 0; i < offsetof(struct record, checksum) / sizeof(*word); i++)
		sum = (sum ^ word[i]) * 0x100000001b3ULL;

	return sum;
}

void vmcs12_to_region(const struct shadow_vmcs *vmcs, void *region)
{
	struct record *record = region + RECORD_OFFSET;
	struct rb_node *node;
	u32 index;

	memset(record, 0, sizeof(*record));
	record->magic = RECORD_MAGIC;
	record->version = RECORD_VERSION;
	record->launched = vmcs->launched;
	for (node = rb_first(&vmcs->fields); node; node = rb_next(node)) {
		index = rb_entry(node, struct vmcs12_node, rb)->index;
		record->field[record->count++] = (struct record_field) {
			.encoding = vmcs_field_table[index].encoding,
			.value = vmcs->value[index],
		};
	}
	record->checksum = record_checksum(record);
}

/* A field that any profile could have stored, after the previous one. */
static bool record_field_valid(const struct record_field *field, u64 previous)
{
	int index = vmcs_field_find(field->encoding);

	return index >= 0 && !VMCS_ENC_HIGH(field->encoding) &&
	       field->encoding >= previous &&
	       !(field->value & ~vmcs_field_mask(index));
}

static bool record_valid(const struct record *record)
{
	u64 previous = 0;
	u32 i;

	if (record->magic != RECORD_MAGIC || record->version != RECORD_VERSION ||
	    record->launched > 1 || record->count > VMCS_FIELD_COUNT ||
	    record->reserved || record->reserved1 ||
	    record->checksum != record_checksum(record))
		return false;

	for (i = 0; i < record->count; i++) {
		if (!record_field_valid(&record->field[i], previous))
			return false;
		previous = record->field[i].encoding + 1;
	}

	return true;
}

/* The filter of VMWRITE, but for VM-exit information. */
static bool record_field_wanted(const struct nvmx_caps *caps, const u8 *policy,
				enum vmcs_index index)
{
	if (!vmcs_field_exists(caps, index))
		return false;

	switch (policy[index]) {
	case NVMX_POLICY_PASSTHROUGH:
	case NVMX_POLICY_EMULATED:
		return true;
	case NVMX_POLICY_READ_ONLY:
		return vmcs_field_table[index].sync == SYNC_INFO;
	default:
		return false;
	}
}

bool vmcs12_from_region(struct shadow_vmcs *vmcs, const struct nvmx_caps *caps,
			const u8 *policy, const void *region)
{
	const struct record *record = region + RECORD_OFFSET;
	u32 i;

	if (!record_valid(record))
		return false;

	for (i = 0; i < record->count; i++) {
		const struct record_field *field = &record->field[i];
		int index = vmcs_field_find(field->encoding);

		if (record_field_wanted(caps, policy, index))
			vmcs12_write(vmcs, index, field->value);
	}
	vmcs->launched = record->launched;

	return true;
}
