// SPDX-License-Identifier: GPL-2.0-only
// fuzz-sources: snapshot.c field_policy.c
/*
 * Snapshots of any content: no look past the end, a refusal has a reason and a
 * place, and what is accepted is what the format says, part by part.
 */
#include "fuzz.h"
#include "../unit/snapshot_test.c"

#define REFUSALS	32

/* ---- hostile changes ----------------------------------------------------- */

static void set_length(void)
{
	((struct nvmx_snapshot_header *)good)->bytes = good_bytes;
}

/* A word of a section, or of its head. */
static void change_word(struct fuzz_input *in)
{
	u32 part = fuzz_below(in, parts);
	u64 end = part + 1 < parts ? start[part + 1] : good_bytes;
	u64 words = (end - start[part]) / 8;
	u64 *word = (u64 *)(good + start[part]) + fuzz_u16(in) % (words ? words : 1);

	*word = fuzz_mutate(in, *word);
}

static void change_head(struct fuzz_input *in)
{
	u64 *word = (u64 *)good + fuzz_below(in, 3);

	*word = fuzz_mutate(in, *word);
}

/* One more copy of a section at the end. */
static void repeat(struct fuzz_input *in)
{
	u32 part = fuzz_below(in, parts);
	u64 end = part + 1 < parts ? start[part + 1] : good_bytes;
	u64 bytes = end - start[part];

	if (parts == ARRAY_SIZE(start) || good_bytes + bytes > ROOM)
		return;
	memcpy(good + good_bytes, good + start[part], bytes);
	start[parts++] = good_bytes;
	good_bytes += bytes;
	set_length();
}

/* Without a section. */
static void drop(struct fuzz_input *in)
{
	u32 part = fuzz_below(in, parts), i;
	u64 end = part + 1 < parts ? start[part + 1] : good_bytes;
	u64 bytes = end - start[part];

	memmove(good + start[part], good + end, good_bytes - end);
	good_bytes -= bytes;
	for (i = part; i + 1 < parts; i++)
		start[i] = start[i + 1] - bytes;
	parts -= parts > 1;
	set_length();
}

static void cut(struct fuzz_input *in)
{
	good_bytes -= fuzz_u16(in) % (good_bytes + 1);
	if (good_bytes >= sizeof(struct nvmx_snapshot_header) && (fuzz_u8(in) & 3))
		set_length();
}

/* ---- what must hold ------------------------------------------------------ */

static bool inside(const void *data, const void *p, size_t bytes)
{
	return (const u8 *)p >= (const u8 *)data &&
	       (const u8 *)p + bytes <= (const u8 *)data + good_bytes &&
	       ((const u8 *)p - (const u8 *)data) % 8 == 0;
}

static void check_vmcs(const void *data, const struct nvmx_snapshot_vmcs *v)
{
	const struct nvmx_snapshot_field *f = (const void *)(v + 1);
	u32 i;
	int index;

	ASSERT_TRUE(inside(data, v, sizeof(*v)));
	ASSERT_TRUE(v->count <= VMCS_FIELD_COUNT && inside(data, f, v->count * sizeof(*f)));
	EXPECT_TRUE(v->launched <= 1);
	EXPECT_EQ(0, v->vmptr & 0xfff);
	for (i = 0; i < v->count; i++) {
		index = vmcs_field_find(f[i].encoding);
		ASSERT_TRUE(index >= 0);
		EXPECT_EQ(vmcs_field_table[index].encoding, f[i].encoding);
		EXPECT_TRUE(!i || f[i - 1].encoding < f[i].encoding);
		EXPECT_EQ(0, f[i].value & ~vmcs_field_mask(index));
		EXPECT_TRUE(vmcs_field_exists(&view.machine->caps, index));
	}
}

static void check_policies(const void *data)
{
	u32 i;

	ASSERT_TRUE(inside(data, view.policies.list,
			   view.policies.count * sizeof(*view.policies.list)));
	for (i = 0; i < view.policies.count; i++) {
		int index = vmcs_field_find(view.policies.list[i].encoding);

		ASSERT_TRUE(index >= 0 && view.policies.list[i].policy <= NVMX_POLICY_HIDDEN);
		EXPECT_EQ(NVMX_POLICY_OK,
			  field_policy_refusal(index, view.policies.list[i].policy));
	}
}

static void check_accepted(const void *data)
{
	const struct nvmx_snapshot_machine *m = view.machine;
	bool found = m->vmptr == NVMX_NO_VMPTR;
	u32 i, j;

	ASSERT_TRUE(inside(data, m, sizeof(*m)) && inside(data, view.l1, sizeof(*view.l1)) &&
		    inside(data, view.l2, sizeof(*view.l2)));
	ASSERT_TRUE(m->level <= NVMX_LEVEL_L2 && m->profile <= NVMX_PROFILE_SEALED);
	EXPECT_EQ(m->level == NVMX_LEVEL_L2, view.live != NULL);
	EXPECT_TRUE(!view.live || inside(data, view.live, sizeof(*view.live)));
	if (view.events) {
		ASSERT_TRUE(inside(data, view.events, sizeof(*view.events)));
		EXPECT_EQ(0, view.events->interrupts[0] & 0xffff);
		EXPECT_TRUE(view.events->nmis <= 2 && view.events->init <= 1);
	}
	EXPECT_EQ(m->vmxon, m->vmxon_ptr != NVMX_NO_VMPTR);
	EXPECT_TRUE(snapshot_l1_legal(view.l1));
	if (view.policies.count)
		check_policies(data);
	ASSERT_TRUE(view.vmcs_count <= SHADOW_VMCS_MAX);
	for (i = 0; i < view.vmcs_count; i++) {
		check_vmcs(data, view.vmcs[i]);
		found |= view.vmcs[i]->vmptr == m->vmptr;
		for (j = 0; j < i; j++)
			EXPECT_TRUE(view.vmcs[i]->vmptr != view.vmcs[j]->vmptr);
	}
	EXPECT_TRUE(found);
}

static void judge(void)
{
	u8 *data = malloc(good_bytes ? good_bytes : 1);
	u64 again_offset;
	u32 refusal;

	if (!data)
		abort();
	memcpy(data, good, good_bytes);
	memset(&view, 0xaa, sizeof(view));
	refusal = snapshot_parse(data, good_bytes, &offered, &view, &offset);
	EXPECT_TRUE(refusal < REFUSALS);
	EXPECT_TRUE(offset <= good_bytes);
	if (refusal == NVMX_SNAP_OK)
		check_accepted(data);
	again_offset = offset;
	EXPECT_EQ(refusal, snapshot_parse(data, good_bytes, &offered, &view, &offset));
	EXPECT_EQ(again_offset, offset);
	EXPECT_EQ(0, memcmp(data, good, good_bytes));
	/* Less of it is none. */
	if (refusal == NVMX_SNAP_OK)
		EXPECT_TRUE(snapshot_parse(data, good_bytes - 8, &offered, &view, &offset));
	free(data);
}

static void fuzz_one(struct fuzz_input *in)
{
	unsigned int i;

	memset(good, 0, sizeof(good));
	build(fuzz_u8(in) & 1 ? NVMX_LEVEL_L2 : NVMX_LEVEL_L1);
	for (i = 0; in->left && i < 32; i++) {
		switch (fuzz_below(in, 16)) {
		case 0: change_head(in); break;
		case 1: repeat(in); break;
		case 2: drop(in); break;
		case 3: cut(in); i = 32; break;
		default: change_word(in); break;
		}
	}
	judge();
}
