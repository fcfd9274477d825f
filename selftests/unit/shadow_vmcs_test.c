// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: shadow_vmcs.c field_policy.c
/* The store of vmcs12 objects against an oracle of plain arrays. */

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "entry_checks.h"
#include "shadow_vmcs.h"
#include "unit.h"

/* Stands in for entry_checks.c. */
u64 entry_checks_groups(enum vmcs_index index)
{
	return BIT_ULL(index % ENTRY_GROUPS);
}

#define NAMES		8
#define OPERATIONS	100000

/* What a vmcs12 must look like. Times count operations; 0 is never. */
struct oracle {
	struct shadow_vmcs *vmcs;
	u64 vmptr;
	u64 checks;
	u64 used_at;
	u64 value[VMCS_FIELD_COUNT];
	u64 dirty_at[VMCS_FIELD_COUNT];
	bool present[VMCS_FIELD_COUNT];
};

static struct oracle oracles[NAMES];
static struct shadow_vmcs_store store;
static u64 now;

static void begin(void)
{
	unsigned int i;

	memset(oracles, 0, sizeof(oracles));
	for (i = 0; i < NAMES; i++)
		oracles[i].vmptr = (u64)(i * 5 % NAMES) << (i % 3 * 20 + 12);
	now = 0;
	EXPECT_EQ(0, shadow_vmcs_cache_init());
	shadow_vmcs_store_init(&store);
}

static void end(void)
{
	shadow_vmcs_destroy_all(&store);
	EXPECT_EQ(0, store.count);
	EXPECT_TRUE(RB_EMPTY_ROOT(&store.root));
	EXPECT_TRUE(list_empty(&store.lru));
	shadow_vmcs_cache_exit();
	EXPECT_EQ(0, unit_alloc_live);
}

static struct shadow_vmcs *make(u64 vmptr)
{
	struct shadow_vmcs *vmcs = shadow_vmcs_create(&store, vmptr);

	if (!vmcs)
		abort();
	return vmcs;
}

static void check_walk(const struct oracle *o)
{
	struct vmcs12_node *node = vmcs12_first(o->vmcs, 0);
	unsigned int i, count = 0;

	/* The table is in ascending order: field_policy_test.c. */
	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		EXPECT_EQ(o->value[i], vmcs12_read(o->vmcs, i));
		EXPECT_EQ(o->present[i], o->vmcs->node[i].present);
		if (!o->present[i])
			continue;
		count++;
		ASSERT_TRUE(node);
		ASSERT_EQ(i, node->index);
		EXPECT_TRUE(node == vmcs12_first(o->vmcs, vmcs_field_table[i].encoding));
		node = vmcs12_next(node);
	}
	EXPECT_FALSE(node);
	EXPECT_EQ(count, o->vmcs->field_count);
	EXPECT_FALSE(vmcs12_first(o->vmcs, 0x7000));
}

static bool any_dirty(const struct shadow_vmcs *vmcs)
{
	u32 i;

	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		if (vmcs12_is_dirty(vmcs, i))
			return true;
	return false;
}

static void check_dirty(const struct oracle *o)
{
	u32 i;

	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		EXPECT_EQ(o->dirty_at[i] != 0, vmcs12_is_dirty(o->vmcs, i));
	EXPECT_EQ(o->checks, o->vmcs->dirty_checks);
}

static struct shadow_vmcs *naive_oldest(const struct shadow_vmcs *current_vmcs)
{
	const struct oracle *best = NULL;
	unsigned int i;

	for (i = 0; i < NAMES; i++)
		if (oracles[i].vmcs && oracles[i].vmcs != current_vmcs &&
		    (!best || oracles[i].used_at < best->used_at))
			best = &oracles[i];

	return best ? best->vmcs : NULL;
}

static void check_all(void)
{
	unsigned int i, count = 0;

	for (i = 0; i < NAMES; i++) {
		count += oracles[i].vmcs != NULL;
		ASSERT_TRUE(oracles[i].vmcs == shadow_vmcs_find(&store, oracles[i].vmptr));
		EXPECT_TRUE(naive_oldest(oracles[i].vmcs) ==
			    shadow_vmcs_oldest(&store, oracles[i].vmcs));
		if (!oracles[i].vmcs)
			continue;
		check_walk(&oracles[i]);
		check_dirty(&oracles[i]);
	}
	EXPECT_TRUE(naive_oldest(NULL) == shadow_vmcs_oldest(&store, NULL));
	EXPECT_EQ(count, store.count);
}

static void oracle_create(struct oracle *o)
{
	u64 vmptr = o->vmptr;

	memset(o, 0, sizeof(*o));
	o->vmptr = vmptr;
	o->vmcs = make(vmptr);
	o->used_at = now;
	o->checks = ENTRY_ALL;
	EXPECT_EQ(vmptr, o->vmcs->vmptr);
	EXPECT_EQ(NVMX_NO_VMPTR, o->vmcs->link);
	EXPECT_TRUE(o->vmcs->active && !o->vmcs->launched && !o->vmcs->guest_stale);
}

static void oracle_dirty(struct oracle *o, u32 index)
{
	if (!o->dirty_at[index])
		o->dirty_at[index] = now;
	o->checks |= BIT_ULL(index % ENTRY_GROUPS);
	/* What an exit loads into L1: the host-state area, and how. */
	if ((vmcs_field_table[index].encoding & 0xc00) == 0xc00 ||
	    vmcs_field_table[index].encoding == VM_EXIT_CONTROLS)
		o->checks |= VMCS12_DIRTY_L1;
}

/* What a merge into vmcs02 does to the list. */
static void merge(struct oracle *o)
{
	memset(o->vmcs->dirty, 0, sizeof(o->vmcs->dirty));
	o->vmcs->dirty_checks = 0;
	memset(o->dirty_at, 0, sizeof(o->dirty_at));
	o->checks = 0;
}

static void change_field(struct oracle *o, u32 index, u64 value)
{
	switch (unit_random() % 8) {
	case 0:
		vmcs12_mark_dirty(o->vmcs, index);
		oracle_dirty(o, index);
		return;
	case 1:
	case 2:
		vmcs12_sync(o->vmcs, index, value);
		break;
	default:
		vmcs12_write(o->vmcs, index, value);
		oracle_dirty(o, index);
	}
	o->value[index] = value;
	o->present[index] = true;
}

static void step(struct oracle *o)
{
	u32 what = unit_random() % 1000;

	now++;
	if (!o->vmcs) {
		if (what < 200)
			oracle_create(o);
	} else if (what < 8) {
		shadow_vmcs_destroy(&store, o->vmcs);
		o->vmcs = NULL;
	} else if (what < 16) {
		merge(o);
	} else if (what < 50) {
		shadow_vmcs_touch(&store, o->vmcs);
		o->used_at = now;
	} else {
		change_field(o, unit_random() % VMCS_FIELD_COUNT, unit_random());
	}
}

UNIT_TEST(random_operations_agree_with_plain_arrays)
{
	u32 i;

	begin();
	for (i = 0; i < OPERATIONS; i++) {
		step(&oracles[unit_random() % NAMES]);
		if (i % 100 == 0)
			check_all();
	}
	check_all();
	end();
}

UNIT_TEST(a_field_never_written_reads_0_and_is_not_present)
{
	struct shadow_vmcs *vmcs;
	unsigned int i;

	begin();
	vmcs = make(0x1000);
	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		EXPECT_EQ(0, vmcs12_read(vmcs, i));
		EXPECT_FALSE(vmcs->node[i].present);
	}
	EXPECT_EQ(0, vmcs->field_count);
	EXPECT_FALSE(vmcs12_first(vmcs, 0));
	EXPECT_FALSE(any_dirty(vmcs));
	EXPECT_EQ(ENTRY_ALL, vmcs->dirty_checks);
	end();
}

UNIT_TEST(writing_the_stored_value_again_makes_the_field_dirty)
{
	struct shadow_vmcs *vmcs;

	begin();
	vmcs = make(0x1000);
	vmcs12_sync(vmcs, VF_GUEST_RIP, 5);
	EXPECT_FALSE(any_dirty(vmcs));
	vmcs12_write(vmcs, VF_GUEST_RIP, 5);
	EXPECT_TRUE(any_dirty(vmcs));
	end();
}

UNIT_TEST(a_full_store_names_the_least_recently_current_one)
{
	struct shadow_vmcs *oldest;
	u64 i;

	begin();
	for (i = 0; i < SHADOW_VMCS_MAX; i++)
		make(i << 12);
	EXPECT_EQ(SHADOW_VMCS_MAX, store.count);
	for (i = 0; i < SHADOW_VMCS_MAX - 1; i++) {
		oldest = shadow_vmcs_oldest(&store, shadow_vmcs_find(&store, i << 12));
		EXPECT_EQ((i + 1) << 12, oldest->vmptr);
		shadow_vmcs_touch(&store, shadow_vmcs_find(&store, i << 12));
	}
	end();
}

UNIT_TEST(the_only_vmcs12_is_not_evicted_while_it_is_current)
{
	struct shadow_vmcs *vmcs;

	begin();
	EXPECT_FALSE(shadow_vmcs_oldest(&store, NULL));
	vmcs = make(0x1000);
	EXPECT_FALSE(shadow_vmcs_oldest(&store, vmcs));
	EXPECT_TRUE(shadow_vmcs_oldest(&store, NULL) == vmcs);
	end();
}

UNIT_TEST(out_of_memory_leaves_the_store_as_it_was)
{
	begin();
	make(0x1000);
	unit_alloc_fail_in = 1;
	EXPECT_FALSE(shadow_vmcs_create(&store, 0x2000));
	EXPECT_EQ(1, store.count);
	EXPECT_FALSE(shadow_vmcs_find(&store, 0x2000));
	EXPECT_TRUE(shadow_vmcs_create(&store, 0x2000));
	end();

	unit_alloc_fail_in = 1;
	EXPECT_EQ(-ENOMEM, shadow_vmcs_cache_init());
	shadow_vmcs_cache_exit();
	EXPECT_EQ(0, unit_alloc_live);
}

UNIT_TEST(an_object_keeps_within_16_kib)
{
	UNIT_NOTE("sizeof(struct shadow_vmcs) = %zu", sizeof(struct shadow_vmcs));
	EXPECT_TRUE(sizeof(struct shadow_vmcs) <= 16384);
}

UNIT_MAIN
