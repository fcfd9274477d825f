// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: snapshot.c field_policy.c
/*
 * Snapshots, good and hostile: each rule of refusal has its case, and no byte,
 * length or order makes the parser read past the end.  A snapshot lies at the
 * end of an allocation, so that the sanitizer sees one byte too many.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "snapshot.h"
#include "vmx_caps.h"
#include "unit.h"

#define ROOM	8192
#define VMPTR	0x3000ULL

/* What vmx_caps.c would say; its own tests are elsewhere. */
void vmx_caps_profile(struct nvmx_caps *caps, u32 profile)
{
	if (profile == NVMX_PROFILE_SEALED)
		caps->msr[CAPS_MISC] &= ~BIT_ULL(29);
}

bool vmx_caps_within(const struct nvmx_caps *caps, const struct nvmx_caps *offered)
{
	unsigned int i;

	for (i = 0; i < NVMX_CAP_MSRS; i++)
		if (caps->msr[i] & ~offered->msr[i])
			return false;
	return caps->maxphyaddr <= offered->maxphyaddr && caps->maxphyaddr >= 32;
}

static struct nvmx_caps offered = {
	.msr = {
		[CAPS_BASIC] = 1, [CAPS_PIN] = ~0ULL, [CAPS_PROC] = ~BIT_ULL(32 + 17),
		[CAPS_MISC] = BIT_ULL(29), [CAPS_PROC2] = 0x00000fffULL << 32,
	},
	.maxphyaddr = 40,
};

static u8 good[ROOM];
static size_t good_bytes;
static u64 start[16];
static u32 parts;
static struct snapshot_view view;
static u64 offset;

static void *section(u32 type, u64 bytes)
{
	struct nvmx_snapshot_section *s = (void *)(good + good_bytes);

	start[parts++] = good_bytes;
	memset(s, 0, sizeof(*s) + bytes);
	s->type = type;
	s->bytes = sizeof(*s) + bytes;
	good_bytes += s->bytes;
	return s + 1;
}

static void add_vmcs(u64 vmptr)
{
	static const struct nvmx_snapshot_field fields[] = {
		{ 0x0800, 0x10 }, { 0x4002, 0x80 }, { 0x681e, 0x1000 },
	};
	struct nvmx_snapshot_vmcs *vmcs;

	vmcs = section(NVMX_SNAPSHOT_VMCS, sizeof(*vmcs) + sizeof(fields));
	vmcs->vmptr = vmptr;
	vmcs->link = NVMX_NO_VMPTR;
	vmcs->launched = 1;
	vmcs->count = ARRAY_SIZE(fields);
	memcpy(vmcs + 1, fields, sizeof(fields));
}

/* As much as can be pending. */
static void add_events(void)
{
	struct nvmx_snapshot_events *events;

	events = section(NVMX_SNAPSHOT_EVENTS, sizeof(*events));
	memset(events->interrupts, 0xff, sizeof(events->interrupts));
	events->interrupts[0] = ~0xffffULL;
	events->nmis = 2;
	events->init = 1;
	events->sipi = 256;
}

/* Sections in order: machine, policies, L1, L2, two VMCSs, events, a live L2. */
enum { MACHINE, POLICY, L1, L2, VMCS, VMCS2, EVENTS, LIVE };

static void build(u32 level)
{
	struct nvmx_snapshot_header *header = (void *)good;
	struct nvmx_snapshot_machine *m;
	struct nvmx_snapshot_policy *policy;
	struct nvmx_l1 *l1;
	struct nvmx_l2 *l2;

	good_bytes = sizeof(*header);
	parts = 0;
	m = section(NVMX_SNAPSHOT_MACHINE, sizeof(*m));
	m->level = level;
	m->vmxon = 1;
	m->vmxon_ptr = 0x2000;
	m->vmptr = VMPTR;
	m->caps = offered;
	policy = section(NVMX_SNAPSHOT_POLICY, sizeof(*policy));
	policy->encoding = 0x4004;
	policy->policy = NVMX_POLICY_HIDDEN;
	l1 = section(NVMX_SNAPSHOT_L1, sizeof(*l1));
	l1->size = sizeof(*l1);
	l1->pat = 0x0007040600070406ULL;
	l2 = section(NVMX_SNAPSHOT_L2, sizeof(*l2));
	l2->size = sizeof(*l2);
	add_vmcs(VMPTR);
	add_vmcs(VMPTR + 0x1000);
	if (level == NVMX_LEVEL_L2) {
		add_events();
		section(NVMX_SNAPSHOT_LIVE, sizeof(struct nvmx_snapshot_live));
	}
	header->magic = NVMX_SNAPSHOT_MAGIC;
	header->version = NVMX_SNAPSHOT_VERSION;
	header->reserved = 0;
	header->bytes = good_bytes;
}

/* Judge the first @bytes of @good, in memory of exactly that size. */
static u32 parse(size_t bytes)
{
	void *copy = malloc(bytes ? bytes : 1);
	u32 refusal;

	memcpy(copy, good, bytes);
	refusal = snapshot_parse(copy, bytes, &offered, &view, &offset);
	free(copy);
	return refusal;
}

static void *body(u32 part)
{
	return good + start[part] + sizeof(struct nvmx_snapshot_section);
}

UNIT_TEST(a_good_snapshot_is_taken_at_each_level)
{
	build(NVMX_LEVEL_L1);
	EXPECT_EQ(NVMX_SNAP_OK, parse(good_bytes));
	EXPECT_EQ(2, view.vmcs_count);
	EXPECT_EQ(1, view.policies.count);
	EXPECT_TRUE(!view.live);
	build(NVMX_LEVEL_L2);
	EXPECT_EQ(NVMX_SNAP_OK, parse(good_bytes));
	EXPECT_TRUE(view.live);
	EXPECT_EQ(0, offset);
}

UNIT_TEST(level_l0_has_registers_and_no_more)
{
	struct nvmx_snapshot_machine *m;
	size_t all;

	build(NVMX_LEVEL_L1);
	all = good_bytes;
	/* Without policies and VMCSs: L1 and L2 follow the machine. */
	memmove(good + start[POLICY], good + start[L1], start[VMCS] - start[L1]);
	good_bytes = start[POLICY] + start[VMCS] - start[L1];
	((struct nvmx_snapshot_header *)good)->bytes = good_bytes;
	m = body(MACHINE);
	memset(m, 0, sizeof(*m));
	m->vmxon_ptr = NVMX_NO_VMPTR;
	m->vmptr = NVMX_NO_VMPTR;
	EXPECT_EQ(NVMX_SNAP_OK, parse(good_bytes));
	m->caps.maxphyaddr = 40;
	EXPECT_EQ(NVMX_SNAP_CAPS, parse(good_bytes));
	m->caps.maxphyaddr = 0;
	m->profile = 1;
	EXPECT_EQ(NVMX_SNAP_PROFILE, parse(good_bytes));
	m->profile = 0;
	m->aborted = 1;
	EXPECT_EQ(NVMX_SNAP_ABORT, parse(good_bytes));
	m->aborted = 0;
	m->vmptr = VMPTR;
	EXPECT_EQ(NVMX_SNAP_LEVEL, parse(good_bytes));
	EXPECT_TRUE(all > good_bytes);
}

/* One change of a good snapshot of a live L2, and what is to be said to it. */
static const struct refusal {
	const char *name;
	u32 part;
	u32 at;
	u32 bytes;
	u64 value;
	u32 want;
} refusals[] = {
#define H(member, value, want)						\
	{ #member, ~0U, offsetof(struct nvmx_snapshot_header, member),	\
	  sizeof(((struct nvmx_snapshot_header *)0)->member), value, want }
#define S(part, member, value, want)					\
	{ #part "." #member, part | 0x100,				\
	  offsetof(struct nvmx_snapshot_section, member),		\
	  sizeof(((struct nvmx_snapshot_section *)0)->member), value, want }
#define B(part, type, member, value, want)				\
	{ #part "." #member, part, offsetof(struct type, member),	\
	  sizeof(((struct type *)0)->member), value, want }
	H(magic, 1, NVMX_SNAP_MAGIC),
	H(version, 0, NVMX_SNAP_VERSION),
	H(version, 2, NVMX_SNAP_VERSION),
	H(reserved, 1, NVMX_SNAP_RESERVED),
	H(bytes, 0, NVMX_SNAP_LENGTH),
	H(bytes, ~0ULL, NVMX_SNAP_LENGTH),
	S(L1, reserved, 1, NVMX_SNAP_RESERVED),
	S(L1, type, 0, NVMX_SNAP_UNKNOWN),
	S(L1, type, 9, NVMX_SNAP_UNKNOWN),
	S(L1, type, ~0U, NVMX_SNAP_UNKNOWN),
	S(MACHINE, type, NVMX_SNAPSHOT_VMCS, NVMX_SNAP_ORDER),
	S(MACHINE, type, NVMX_SNAPSHOT_POLICY, NVMX_SNAP_ORDER),
	S(L1, bytes, 0, NVMX_SNAP_SECTION_LENGTH),
	S(L1, bytes, 8, NVMX_SNAP_SECTION_LENGTH),
	S(L1, bytes, 16, NVMX_SNAP_SECTION_LENGTH),
	S(L1, bytes, ~0ULL, NVMX_SNAP_SECTION_LENGTH),
	S(L1, bytes, 1ULL << 63, NVMX_SNAP_SECTION_LENGTH),
	S(VMCS, bytes, 48, NVMX_SNAP_SECTION_LENGTH),
	B(MACHINE, nvmx_snapshot_machine, level, 3, NVMX_SNAP_LEVEL),
	B(MACHINE, nvmx_snapshot_machine, level, 1, NVMX_SNAP_LIVE),
	B(MACHINE, nvmx_snapshot_machine, vmptr, ~0ULL, NVMX_SNAP_LEVEL),
	B(MACHINE, nvmx_snapshot_machine, profile, 2, NVMX_SNAP_PROFILE),
	B(MACHINE, nvmx_snapshot_machine, profile, 1, NVMX_SNAP_CAPS),
	B(MACHINE, nvmx_snapshot_machine, caps.maxphyaddr, 41, NVMX_SNAP_CAPS),
	B(MACHINE, nvmx_snapshot_machine, caps.msr[0], 2, NVMX_SNAP_CAPS),
	B(MACHINE, nvmx_snapshot_machine, vmxon, 2, NVMX_SNAP_VMXON),
	B(MACHINE, nvmx_snapshot_machine, vmxon, 0, NVMX_SNAP_VMXON),
	B(MACHINE, nvmx_snapshot_machine, vmxon_ptr, 0x2001, NVMX_SNAP_VMXON),
	B(MACHINE, nvmx_snapshot_machine, vmxon_ptr, 1ULL << 40, NVMX_SNAP_VMXON),
	B(MACHINE, nvmx_snapshot_machine, vmxon_ptr, VMPTR, NVMX_SNAP_VMCS_POINTER),
	B(MACHINE, nvmx_snapshot_machine, vmptr, 0x9000, NVMX_SNAP_CURRENT),
	B(MACHINE, nvmx_snapshot_machine, aborted, 1, NVMX_SNAP_ABORT),
	B(POLICY, nvmx_snapshot_policy, encoding, 0x4005, NVMX_SNAP_POLICY_FIELD),
	B(POLICY, nvmx_snapshot_policy, encoding, 0x2001, NVMX_SNAP_POLICY_FIELD),
	B(POLICY, nvmx_snapshot_policy, encoding, 0x2034, NVMX_SNAP_POLICY_FIELD),
	B(POLICY, nvmx_snapshot_policy, policy, 4, NVMX_SNAP_POLICY_REFUSED),
	B(POLICY, nvmx_snapshot_policy, policy, 0, NVMX_SNAP_POLICY_REFUSED),
	B(L1, nvmx_l1, size, 8, NVMX_SNAP_L1),
	B(L1, nvmx_l1, flags, 1, NVMX_SNAP_L1),
	B(L1, nvmx_l1, cpl, 4, NVMX_SNAP_L1),
	B(L1, nvmx_l1, mov_ss, 2, NVMX_SNAP_L1),
	B(L1, nvmx_l1, smm, 2, NVMX_SNAP_L1),
	B(L1, nvmx_l1, reserved, 1, NVMX_SNAP_L1),
	B(L1, nvmx_l1, pat, 2, NVMX_SNAP_L1),
	B(L1, nvmx_l1, seg[1].reserved[2], 1, NVMX_SNAP_L1),
	B(L2, nvmx_l2, size, 0, NVMX_SNAP_L2),
	B(L2, nvmx_l2, flags, 1, NVMX_SNAP_L2),
	B(VMCS, nvmx_snapshot_vmcs, vmptr, 0x3008, NVMX_SNAP_VMCS_POINTER),
	B(VMCS, nvmx_snapshot_vmcs, vmptr, 1ULL << 40, NVMX_SNAP_VMCS_POINTER),
	B(VMCS2, nvmx_snapshot_vmcs, vmptr, VMPTR, NVMX_SNAP_VMCS_POINTER),
	B(VMCS2, nvmx_snapshot_vmcs, vmptr, 0x2000, NVMX_SNAP_VMCS_POINTER),
	B(VMCS, nvmx_snapshot_vmcs, launched, 2, NVMX_SNAP_VMCS_STATE),
	B(VMCS, nvmx_snapshot_vmcs, link, 1, NVMX_SNAP_VMCS_STATE),
	B(VMCS, nvmx_snapshot_vmcs, count, 2, NVMX_SNAP_SECTION_LENGTH),
	B(VMCS, nvmx_snapshot_vmcs, count, 4, NVMX_SNAP_SECTION_LENGTH),
	B(VMCS, nvmx_snapshot_vmcs, count, ~0U, NVMX_SNAP_SECTION_LENGTH),
	B(EVENTS, nvmx_snapshot_events, interrupts[0], 1 << 15, NVMX_SNAP_EVENTS),
	B(EVENTS, nvmx_snapshot_events, nmis, 3, NVMX_SNAP_EVENTS),
	B(EVENTS, nvmx_snapshot_events, init, 2, NVMX_SNAP_EVENTS),
	B(EVENTS, nvmx_snapshot_events, sipi, 257, NVMX_SNAP_EVENTS),
	B(EVENTS, nvmx_snapshot_events, reserved, 1, NVMX_SNAP_RESERVED),
	B(LIVE, nvmx_snapshot_live, reserved, 1, NVMX_SNAP_RESERVED),
	B(LIVE, nvmx_snapshot_live, mtf_injected, 2, NVMX_SNAP_LIVE),
	B(LIVE, nvmx_snapshot_live, was_launched, 2, NVMX_SNAP_LIVE),
	B(LIVE, nvmx_snapshot_live, l0_event, 4, NVMX_SNAP_LIVE),
	B(LIVE, nvmx_snapshot_live, event_info, 0x41, NVMX_SNAP_LIVE),
	B(LIVE, nvmx_snapshot_live, activity, 4, NVMX_SNAP_LIVE),
	B(LIVE, nvmx_snapshot_live, posted, 2, NVMX_SNAP_LIVE),
	B(LIVE, nvmx_snapshot_live, post.exit_reason, 0x10000, NVMX_SNAP_LIVE),
	B(LIVE, nvmx_snapshot_live, post.size, 56, NVMX_SNAP_LIVE),
	B(LIVE, nvmx_snapshot_live, post.flags, 1, NVMX_SNAP_LIVE),
	B(LIVE, nvmx_snapshot_live, post.reserved, 1, NVMX_SNAP_LIVE),
#undef H
#undef S
#undef B
};

static u64 place(const struct refusal *r)
{
	if (r->part == ~0U)
		return r->at;
	if (r->part & 0x100)
		return start[r->part & 0xff] + r->at;
	return start[r->part] + sizeof(struct nvmx_snapshot_section) + r->at;
}

UNIT_TEST(each_rule_refuses_with_its_reason)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *r = &refusals[i];

		build(NVMX_LEVEL_L2);
		memcpy(good + place(r), &r->value, r->bytes);
		if (!EXPECT_EQ(r->want, parse(good_bytes)))
			UNIT_NOTE("%s = %#llx", r->name, r->value);
		EXPECT_TRUE(offset <= good_bytes);
	}
}

static struct nvmx_snapshot_field *field(u32 i)
{
	return (void *)((struct nvmx_snapshot_vmcs *)body(VMCS) + 1) + i * 16;
}

UNIT_TEST(fields_are_those_of_l1s_processor_in_order_and_in_width)
{
	u64 where;

	build(NVMX_LEVEL_L1);
	where = (u8 *)field(1) - good;
	field(1)->encoding = 0x0800;
	EXPECT_EQ(NVMX_SNAP_VMCS_FIELD, parse(good_bytes));
	EXPECT_EQ(where, offset);
	field(1)->encoding = 0x1;
	EXPECT_EQ(NVMX_SNAP_VMCS_FIELD, parse(good_bytes));
	field(1)->encoding = 0x100004002ULL;
	EXPECT_EQ(NVMX_SNAP_VMCS_FIELD, parse(good_bytes));
	field(1)->encoding = 0x2001;
	EXPECT_EQ(NVMX_SNAP_VMCS_FIELD, parse(good_bytes));
	/* Tertiary controls, which this processor lacks. */
	field(1)->encoding = 0x2034;
	EXPECT_EQ(NVMX_SNAP_VMCS_FIELD, parse(good_bytes));
	field(1)->encoding = 0x4002;
	field(1)->value = 1ULL << 32;
	EXPECT_EQ(NVMX_SNAP_VMCS_VALUE, parse(good_bytes));
	EXPECT_EQ(where, offset);
	field(1)->value = ~0U;
	field(0)->value = 0x10000;
	EXPECT_EQ(NVMX_SNAP_VMCS_VALUE, parse(good_bytes));
}

UNIT_TEST(a_section_may_be_there_but_once)
{
	static const u32 once[] = { MACHINE, POLICY, L1, L2, LIVE };
	u64 bytes;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(once); i++) {
		build(NVMX_LEVEL_L2);
		bytes = ((struct nvmx_snapshot_section *)(good + start[once[i]]))->bytes;
		memcpy(good + good_bytes, good + start[once[i]], bytes);
		good_bytes += bytes;
		((struct nvmx_snapshot_header *)good)->bytes = good_bytes;
		if (!EXPECT_EQ(NVMX_SNAP_TWICE, parse(good_bytes)))
			UNIT_NOTE("section %u", once[i]);
	}
}

UNIT_TEST(a_section_that_is_missing_is_missed)
{
	static const u32 wanted[] = { L1, L2, LIVE };
	u64 bytes;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		build(NVMX_LEVEL_L2);
		bytes = ((struct nvmx_snapshot_section *)(good + start[wanted[i]]))->bytes;
		memmove(good + start[wanted[i]], good + start[wanted[i]] + bytes,
			good_bytes - start[wanted[i]] - bytes);
		good_bytes -= bytes;
		((struct nvmx_snapshot_header *)good)->bytes = good_bytes;
		if (!EXPECT_EQ(NVMX_SNAP_MISSING, parse(good_bytes)))
			UNIT_NOTE("section %u", wanted[i]);
	}
	good_bytes = sizeof(struct nvmx_snapshot_header);
	((struct nvmx_snapshot_header *)good)->bytes = good_bytes;
	EXPECT_EQ(NVMX_SNAP_MISSING, parse(good_bytes));
}

UNIT_TEST(no_more_vmcss_than_may_be_active)
{
	static u8 many[0x4000];
	u32 i;

	build(NVMX_LEVEL_L1);
	good_bytes = start[VMCS];
	memcpy(many, good, good_bytes);
	for (i = 0; i <= SHADOW_VMCS_MAX; i++) {
		struct nvmx_snapshot_section s = {
			.type = NVMX_SNAPSHOT_VMCS, .bytes = 40,
		};
		struct nvmx_snapshot_vmcs vmcs = {
			.vmptr = VMPTR + i * 4096, .link = NVMX_NO_VMPTR,
		};

		memcpy(many + good_bytes, &s, sizeof(s));
		memcpy(many + good_bytes + sizeof(s), &vmcs, sizeof(vmcs));
		good_bytes += s.bytes;
		((struct nvmx_snapshot_header *)many)->bytes = good_bytes;
		EXPECT_EQ(i < SHADOW_VMCS_MAX ? NVMX_SNAP_OK : NVMX_SNAP_VMCS_COUNT,
			  snapshot_parse(many, good_bytes, &offered, &view, &offset));
	}
}

UNIT_TEST(a_snapshot_cut_anywhere_is_refused)
{
	size_t bytes;

	build(NVMX_LEVEL_L2);
	for (bytes = 0; bytes < good_bytes; bytes++) {
		if (bytes >= sizeof(struct nvmx_snapshot_header))
			((struct nvmx_snapshot_header *)good)->bytes = bytes;
		EXPECT_TRUE(parse(bytes) != NVMX_SNAP_OK);
	}
}

UNIT_TEST(any_byte_may_be_anything)
{
	u32 i, refused = 0, taken = 0;
	size_t at;

	build(NVMX_LEVEL_L2);
	for (at = 0; at < good_bytes; at++) {
		for (i = 0; i < 10; i++) {
			u8 was = good[at];

			good[at] = i < 8 ? was ^ BIT(i) : unit_random();
			if (parse(good_bytes))
				refused++;
			else
				taken++;
			good[at] = was;
		}
	}
	EXPECT_TRUE(refused > 1000);
	EXPECT_TRUE(taken > 1000);
	EXPECT_EQ(NVMX_SNAP_OK, parse(good_bytes));
	UNIT_NOTE("%u refused, %u taken", refused, taken);
}

UNIT_TEST(noise_of_any_length_is_refused)
{
	size_t bytes;
	u32 i;

	for (i = 0; i < 20000; i++) {
		bytes = unit_random() % 512;
		build(NVMX_LEVEL_L2);
		if (bytes > sizeof(struct nvmx_snapshot_header)) {
			size_t at = sizeof(struct nvmx_snapshot_header);

			((struct nvmx_snapshot_header *)good)->bytes = bytes;
			for (at += unit_random() % (bytes - at); at < bytes; at++)
				good[at] = unit_random() % 3 ? 0 : unit_random();
		}
		EXPECT_TRUE(parse(bytes) != NVMX_SNAP_OK);
	}
}

UNIT_MAIN
