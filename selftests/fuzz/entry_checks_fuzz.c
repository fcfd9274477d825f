// SPDX-License-Identifier: GPL-2.0-only
// fuzz-sources: entry_checks.c field_policy.c
/*
 * The rules of VM entry for any vmcs12 near the legal ones of the unit test:
 * the list of broken rules is true, complete, in order, and independent of what
 * else is asked for; and the table of which fields matter to which rules, which
 * re-entry relies on, leaves none out.
 */
#include "fuzz.h"
#include "../unit/entry_checks_test.c"

#define LIST_MAX	1024
#define CANARY		0xaa

static struct nvmx_failure whole[LIST_MAX], part[LIST_MAX], other[LIST_MAX];

static u32 run(const struct world *w, u64 groups, struct nvmx_failure *out, u32 capacity)
{
	memset(out, CANARY, sizeof(whole));
	return entry_checks_run(&w->state, groups, out, capacity);
}

static unsigned int group_of(const struct nvmx_failure *f)
{
	return ENTRY_RULE_GROUP(f->rule);
}

static bool untouched(const struct nvmx_failure *f)
{
	struct nvmx_failure canary;

	memset(&canary, CANARY, sizeof(canary));
	return !memcmp(f, &canary, sizeof(canary));
}

/* ---- a world ------------------------------------------------------------- */

/* The state points into the world it was made in. */
static void copy_world(struct world *to, const struct world *from)
{
	*to = *from;
	to->state.caps = &to->caps;
	to->state.l1 = &to->l1;
	to->state.f = to->f;
	to->state.mem.msr = to->msr;
}

static void change_field(struct world *w, struct fuzz_input *in)
{
	unsigned int i = fuzz_below(in, VMCS_FIELD_COUNT);

	w->f[i] = fuzz_mutate(in, w->f[i]) & vmcs_field_mask(i);
}

/*
 * Of what vmx_caps_within() lets through: what must be 1 may be 1, and widths are
 * sane.
 */
static void mend_caps(struct nvmx_caps *caps)
{
	static const u8 controls[] = {
		CAPS_PIN, CAPS_PROC, CAPS_EXIT, CAPS_ENTRY, CAPS_PROC2,
		CAPS_TRUE_PIN, CAPS_TRUE_PROC, CAPS_TRUE_EXIT, CAPS_TRUE_ENTRY,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(controls); i++)
		caps->msr[controls[i]] |= caps->msr[controls[i]] << 32;
	caps->msr[CAPS_CR0_FIXED1] |= caps->msr[CAPS_CR0_FIXED0];
	caps->msr[CAPS_CR4_FIXED1] |= caps->msr[CAPS_CR4_FIXED0];
	if (caps->maxphyaddr < 32 || caps->maxphyaddr > 52)
		caps->maxphyaddr = WIDTH;
}

static void change_caps(struct world *w, struct fuzz_input *in)
{
	unsigned int i = fuzz_below(in, NVMX_CAP_MSRS + 6);
	u64 *const words[] = {
		&w->caps.efer_valid, &w->caps.debugctl_valid, &w->caps.perf_global_valid,
		&w->caps.xss_valid, &w->caps.features,
	};

	if (i < NVMX_CAP_MSRS)
		w->caps.msr[i] = fuzz_mutate(in, w->caps.msr[i]);
	else if (i < NVMX_CAP_MSRS + ARRAY_SIZE(words))
		*words[i - NVMX_CAP_MSRS] = fuzz_mutate(in, *words[i - NVMX_CAP_MSRS]);
	else
		w->caps.maxphyaddr = 32 + fuzz_below(in, 21);
}

static void change_around(struct world *w, struct fuzz_input *in)
{
	struct entry_memory *mem = &w->state.mem;

	switch (fuzz_below(in, 14)) {
	case 0: w->l1.smm ^= 1; break;
	case 1: w->l1.mov_ss ^= 1; break;
	case 2: w->l1.efer = fuzz_mutate(in, w->l1.efer); break;
	case 3: mem->link_readable ^= 1; break;
	case 4: mem->link_revision = fuzz_mutate(in, mem->link_revision); break;
	case 5: mem->pdpte_valid ^= 1; break;
	case 6: mem->pdpte[fuzz_u8(in) & 3] = fuzz_value(in); break;
	case 7: mem->vtpr = fuzz_u8(in); break;
	case 8: mem->vtpr_readable ^= 1; break;
	case 9: w->state.vmptr = fuzz_value(in); break;
	case 10: w->state.launched ^= 1; break;
	case 11: w->state.resume ^= 1; break;
	case 12: w->state.no_host ^= 1; break;
	default: w->state.no_insn ^= 1; break;
	}
}

static void change_msr(struct world *w, struct fuzz_input *in)
{
	struct entry_msr *entry = &w->msr[fuzz_u8(in) % ARRAY_SIZE(w->msr)];

	w->state.mem.msr_count = fuzz_u8(in) % (ARRAY_SIZE(w->msr) + 1);
	entry->index = fuzz_take(in, 4);
	entry->reserved = fuzz_u8(in) & 1;
	entry->value = fuzz_value(in);
}

/* Some of the cases of the unit test on top of each other, then changes. */
static void build_world(struct world *w, struct fuzz_input *in)
{
	unsigned int i, count = fuzz_below(in, 6);

	make_world(w);
	for (i = 0; i < count; i++) {
		unsigned int number = fuzz_u16(in);

		cases[number % ARRAY_SIZE(cases)].make(w, number >> 13);
	}
	count = fuzz_below(in, 32);
	for (i = 0; i < count; i++) {
		switch (fuzz_below(in, 8)) {
		case 0: change_caps(w, in); break;
		case 1: change_around(w, in); break;
		case 2: change_msr(w, in); break;
		default: change_field(w, in); break;
		}
	}
	mend_caps(&w->caps);
}

/* ---- properties ---------------------------------------------------------- */

static void check_failure(const struct world *w, const struct nvmx_failure *f)
{
	const struct entry_rule_text *text = entry_checks_text(f->rule);
	unsigned int i;
	int index;

	EXPECT_TRUE(text && *text->name && *text->hint);
	EXPECT_TRUE(f->field_count >= 1 && f->field_count <= NVMX_FAILURE_FIELDS);
	EXPECT_EQ(0, f->reserved);
	for (i = 0; i < NVMX_FAILURE_FIELDS; i++) {
		if (i >= f->field_count) {
			EXPECT_EQ(0, f->field[i]);
			EXPECT_EQ(0, f->value[i]);
			continue;
		}
		index = vmcs_field_find(f->field[i]);
		ASSERT_TRUE(index >= 0);
		EXPECT_EQ(w->f[index], f->value[i]);
	}
	EXPECT_EQ(0, f->must_be_0 & ~f->value[0]);
	EXPECT_EQ(0, f->must_be_1 & f->value[0]);
}

static u32 check_list(const struct world *w)
{
	u32 i, total = run(w, ENTRY_ALL, whole, LIST_MAX);

	EXPECT_TRUE(total <= LIST_MAX);
	for (i = 0; i < total; i++) {
		check_failure(w, &whole[i]);
		if (i)
			EXPECT_TRUE(group_of(&whole[i - 1]) <= group_of(&whole[i]));
	}
	EXPECT_TRUE(untouched(&whole[total]));
	return total;
}

/* A shorter list is the start of the whole one, and the total is the same. */
static void check_capacity(const struct world *w, u32 total, u32 capacity)
{
	u32 n = min(total, capacity);

	EXPECT_EQ(total, run(w, ENTRY_ALL, part, capacity));
	EXPECT_EQ(0, memcmp(whole, part, n * sizeof(*part)));
	EXPECT_TRUE(untouched(&part[capacity]));
}

/* Groups judged one by one find what all together find. */
static void check_groups(const struct world *w, u32 total)
{
	u32 group, i, n, found = 0;

	for (group = 0; group < ENTRY_GROUPS; group++) {
		n = run(w, BIT_ULL(group), part, LIST_MAX);
		for (i = 0; i < n && i < LIST_MAX; i++) {
			/* The rule on VTPR is judged with those of the instruction, too. */
			if (group_of(&part[i]) != group)
				continue;
			ASSERT_TRUE(found < total);
			EXPECT_EQ(0, memcmp(&part[i], &whole[found], sizeof(*part)));
			found++;
		}
	}
	EXPECT_EQ(total, found);
}

static bool is_broken(const struct nvmx_failure *list, u32 total, u32 rule)
{
	u32 i;

	for (i = 0; i < total; i++)
		if (list[i].rule == rule)
			return true;
	return false;
}

/* Doing what a rule about bits asks for satisfies it. */
static void check_advice(const struct world *w, u32 total, u32 number)
{
	const struct nvmx_failure *f = &whole[number];
	struct world better;
	int index = vmcs_field_find(f->field[0]);

	if (!(f->must_be_0 | f->must_be_1))
		return;
	copy_world(&better, w);
	better.f[index] = (better.f[index] & ~f->must_be_0) | f->must_be_1;
	total = run(&better, BIT_ULL(group_of(f)), part, LIST_MAX);
	if (!EXPECT_FALSE(is_broken(part, total, f->rule)))
		UNIT_NOTE("rule %u: its advice does not help", f->rule);
}

/*
 * A field that changes may break or mend rules only in the groups that the
 * table names for it, and in those that are judged at each entry anyway.
 */
static void check_dependence(const struct world *w, unsigned int index, u64 value)
{
	u64 groups = ENTRY_ALL & ~(entry_checks_groups(index) | ENTRY_ALWAYS);
	struct world changed;
	u32 before, after, i;

	copy_world(&changed, w);
	changed.f[index] = value & vmcs_field_mask(index);
	before = run(w, groups, part, LIST_MAX);
	after = run(&changed, groups, other, LIST_MAX);
	if (!EXPECT_EQ(before, after))
		UNIT_NOTE("field %s", vmcs_field_table[index].name);
	for (i = 0; i < before && i < after; i++)
		if (!EXPECT_EQ(part[i].rule, other[i].rule))
			UNIT_NOTE("field %s", vmcs_field_table[index].name);
}

static void fuzz_one(struct fuzz_input *in)
{
	struct world w, before;
	u32 total, i;

	build_world(&w, in);
	copy_world(&before, &w);
	total = check_list(&w);
	check_capacity(&w, total, 1);
	check_capacity(&w, total, 1 + fuzz_below(in, 40));
	check_groups(&w, total);
	for (i = 0; i < total && i < 8; i++)
		check_advice(&w, total, i);
	for (i = 0; i < 4; i++) {
		unsigned int index = fuzz_below(in, VMCS_FIELD_COUNT);

		check_dependence(&w, index, fuzz_mutate(in, w.f[index]));
	}
	EXPECT_EQ(0, memcmp(w.f, before.f, sizeof(w.f)));
	EXPECT_EQ(0, memcmp(&w.caps, &before.caps, sizeof(w.caps)));
}
