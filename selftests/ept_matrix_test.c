// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each combination of permissions, page size, restricted entry and access, and
 * each bit of each entry of EPT12: L2 does the access, the tables below say what
 * must come of it.  With accessed and dirty flags and without.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

#define R	1ULL
#define W	2ULL
#define X	4ULL
#define RWX	7ULL
#define WB	(6ULL << 3)
#define LARGE		BIT(7)
#define ACCESSED	BIT(8)
#define DIRTY		BIT(9)
#define FLAGS		(ACCESSED | DIRTY)
#define ADDRESS		0x000ffffffffff000ULL
#define Q_LINEAR	BIT(7)
#define Q_FINAL		BIT(8)

/*
 * L2 reaches TARGET in L1's memory by LINEAR, which its own page table translates
 * to GPA, which EPT12 maps by a table of its own in the second GiB.
 */
#define TARGET		0x300018ULL
#define LINEAR		0x1ff018ULL
#define GPA		(0x40000000ULL + TARGET)
#define PD		0x180000ULL
#define PT		0x181000ULL

#define INDEX(level)	((GPA >> (3 + 9 * (level))) & 511)

/* 0x...c1010f: the word at TARGET is a VMCALL, too. */
#define WORD		0x1234567890c1010fULL
#define STORED		0x0f0e0d0c0bc1010fULL

FIXTURE(matrix) {
	struct l1 l1;
	__u64 *entry[4];	/* by level */
	unsigned int leaf;
	__u32 width;
	__u64 eptp;
	__u64 runs;
};

FIXTURE_VARIANT(matrix) {
	__u64 flags;
	__u32 width;		/* of physical addresses, 0: as offered */
};

FIXTURE_VARIANT_ADD(matrix, without_flags) {
	.width = 0,
};

FIXTURE_VARIANT_ADD(matrix, with_flags) {
	.flags = BIT(6),
};

FIXTURE_VARIANT_ADD(matrix, narrow) {
	.width = 36,
};

L2_CODE(load);
L2_CODE(store);
L2_CODE(jump);

static void start(struct l1 *l1, __u32 width)
{
	struct nvmx_caps caps;

	l1_open(l1);
	caps = l1->info.out_caps;
	if (width)
		caps.maxphyaddr = width;
	if (nvmx_enable_caps(l1->fd, NVMX_PROFILE_SDM, &caps) ||
	    nvmx_get_info(l1->fd, &l1->info))
		l1_die(l1, "ENABLE with width %u", width);
	l1_map(l1);
	if (nvmx_vmxon(l1->fd, L1_VMXON))
		l1_die(l1, "VMXON");
	l1_fresh_vmcs(l1, 0);
}

FIXTURE_SETUP(matrix)
{
	struct l1 *l1 = &self->l1;

	start(l1, variant->width);
	if (!l1_can(l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	if (variant->flags && !(l1->info.out_caps.msr[CAPS_EPT_VPID] & BIT(21)))
		SKIP(return, "no accessed and dirty flags");
	self->width = l1->info.out_caps.maxphyaddr;
	l1_prepare(l1, L2_64);
	l1_use_ept(l1);
	self->eptp = L1_EPT_PML4 | 3 << 3 | 6 | variant->flags;
	l1_write(l1, EPT_POINTER, self->eptp);
	*l1_pte(l1, LINEAR) = (GPA & ~0xfffULL) | FLAGS >> 3 | 7;
	self->entry[3] = (__u64 *)l1_ptr(l1, L1_EPT_PDPT) + INDEX(3);
	self->entry[2] = (__u64 *)l1_ptr(l1, PD) + INDEX(2);
	self->entry[1] = (__u64 *)l1_ptr(l1, PT) + INDEX(1);
	memcpy(l1_ptr(l1, L1_CODE), l2_load, L2_BYTES(load));
	memcpy(l1_ptr(l1, L1_CODE + 32), l2_store, L2_BYTES(store));
	memcpy(l1_ptr(l1, L1_CODE + 64), l2_jump, L2_BYTES(jump));
}

FIXTURE_TEARDOWN(matrix)
{
	l1_close(&self->l1);
}

/* Tables that map TARGET with a leaf of level @leaf, and permit everything. */
static void build(FIXTURE_DATA(matrix) *self, unsigned int leaf)
{
	__u64 *entry[4] = { NULL, self->entry[1], self->entry[2], self->entry[3] };
	__u64 size = 1ULL << (3 + 9 * leaf);

	self->leaf = leaf;
	*entry[3] = PD | RWX;
	*entry[2] = PT | RWX;
	*entry[leaf] = (TARGET & ~(size - 1)) | WB | RWX | (leaf > 1 ? LARGE : 0);
}

enum access { READ, WRITE, FETCH, ACCESSES };

static const __u64 access_bit[] = { R, W, X };

/* What L2 does, under tables that L1 has just changed. */
static void run(FIXTURE_DATA(matrix) *self, enum access access)
{
	struct l1 *l1 = &self->l1;

	if (nvmx_invept(l1->fd, 1, self->eptp, 0))
		l1_die(l1, "INVEPT");
	*(__u64 *)l1_ptr(l1, TARGET) = WORD;
	l1->run->gpr[NVMX_RAX] = STORED;
	l1->run->gpr[NVMX_RBX] = LINEAR;
	l1->run->write[0].encoding = GUEST_RIP;
	l1->run->write[0].value = L1_CODE + 32 * access;
	l1->run->write_count = 1;
	if (nvmx_enter(l1->fd, self->runs++ ? NVMX_ENTER_RESUME : NVMX_ENTER_LAUNCH))
		l1_die(l1, "ENTER");
	l1->run->write_count = 0;
	while (l1->run->kind == NVMX_KIND_INTERRUPTED)
		if (nvmx_enter(l1->fd, NVMX_ENTER_RESUME))
			l1_die(l1, "ENTER");
}

/* Whether the access took place, and nothing else. */
static bool done(FIXTURE_DATA(matrix) *self, enum access access)
{
	const struct nvmx_run *run = self->l1.run;
	__u64 word = *(__u64 *)l1_ptr(&self->l1, TARGET);

	if (run->kind != NVMX_KIND_EXIT || run->exit_reason != EXIT_VMCALL)
		return false;
	if (access == FETCH)
		return l1_read(&self->l1, GUEST_RIP) == LINEAR && word == WORD;
	return access == WRITE ? word == STORED :
	       word == WORD && run->gpr[NVMX_RAX] == WORD;
}

static bool reflected(FIXTURE_DATA(matrix) *self, __u32 reason, __u64 qualification)
{
	const struct nvmx_run *run = self->l1.run;

	return run->kind == NVMX_KIND_EXIT && run->exit_reason == reason &&
	       run->qualification == qualification &&
	       run->guest_physical_address == GPA &&
	       (reason == EXIT_EPT_MISCONFIG || run->guest_linear_address == LINEAR) &&
	       *(__u64 *)l1_ptr(&self->l1, TARGET) == WORD;
}

static bool violated(FIXTURE_DATA(matrix) *self, enum access access, __u64 rwx)
{
	return reflected(self, EXIT_EPT_VIOLATION,
			 access_bit[access] | rwx << 3 | Q_LINEAR | Q_FINAL);
}

static bool misconfigured(FIXTURE_DATA(matrix) *self)
{
	return reflected(self, EXIT_EPT_MISCONFIG, 0);
}

static bool execute_only(struct l1 *l1)
{
	return l1->info.out_caps.msr[CAPS_EPT_VPID] & 1;
}

static bool illegal(struct l1 *l1, __u64 rwx)
{
	return (rwx & (R | W)) == W || (rwx == X && !execute_only(l1));
}

/* The flags of the entries above the leaf and of the leaf. */
static bool flags_are(FIXTURE_DATA(matrix) *self, __u64 tables, __u64 leaf)
{
	unsigned int level;

	for (level = self->leaf + 1; level <= 3; level++)
		if ((*self->entry[level] & FLAGS) != tables)
			return false;
	return (*self->entry[self->leaf] & FLAGS) == leaf;
}

static bool permission_holds(FIXTURE_DATA(matrix) *self, __u64 flags,
			     unsigned int at, __u64 rwx, enum access access)
{
	__u64 set = flags ? ACCESSED : 0, dirty = flags && access == WRITE ? DIRTY : 0;

	*self->entry[at] = (*self->entry[at] & ~RWX) | rwx;
	run(self, access);
	if (!rwx)
		return violated(self, access, 0) && flags_are(self, 0, 0);
	if (illegal(&self->l1, rwx))
		return misconfigured(self) && flags_are(self, 0, 0);
	if (access_bit[access] & ~rwx)
		return violated(self, access, rwx) && flags_are(self, 0, 0);
	return done(self, access) && flags_are(self, set, set | dirty);
}

/* ---- permissions ----------------------------------------------------------------- */

TEST_F(matrix, permissions_at_each_level_for_each_page_size_and_access)
{
	unsigned int leaf, at;
	enum access access;
	__u64 rwx;

	for (leaf = 1; leaf <= 3; leaf++)
		for (at = leaf; at <= 3; at++)
			for (rwx = 0; rwx <= RWX; rwx++)
				for (access = READ; access < ACCESSES; access++) {
					build(self, leaf);
					EXPECT_TRUE(permission_holds(self, variant->flags,
								     at, rwx, access))
						TH_LOG("leaf %u, entry %u, rwx %llu, access %u: reason %u, qualification %#llx",
						       leaf, at, rwx, access,
						       self->l1.run->exit_reason,
						       self->l1.run->qualification);
				}
	EXPECT_EQ(6 * 8 * 3, self->runs);
}

TEST_F(matrix, permissions_of_two_levels_combine)
{
	static const __u64 legal[] = { R, R | W, R | X, RWX };
	unsigned int leaf, a, b;
	enum access access;
	__u64 rwx;

	for (leaf = 1; leaf <= 2; leaf++)
		for (a = 0; a < 16; a++)
			for (access = READ; access < ACCESSES; access++) {
				b = a / 4;
				rwx = legal[a % 4] & legal[b];
				build(self, leaf);
				*self->entry[3] = (*self->entry[3] & ~RWX) | legal[a % 4];
				*self->entry[leaf] = (*self->entry[leaf] & ~RWX) | legal[b];
				run(self, access);
				EXPECT_TRUE(access_bit[access] & ~rwx ?
					    violated(self, access, rwx) :
					    done(self, access))
					TH_LOG("leaf %u, %llu and %llu, access %u", leaf,
					       legal[a % 4], legal[b], access);
			}
}

/* ---- each bit ---------------------------------------------------------------------- */

/* SDM, formats of EPT paging-structure entries, row by row. */
static bool reserved(unsigned int level, bool leaf, unsigned int bit, __u32 width)
{
	if (bit >= width && bit <= 51)
		return true;
	if (level == 4)
		return bit >= 3 && bit <= 7;
	if (!leaf)
		return level > 1 && bit >= 3 && bit <= 6;
	return level > 1 && bit >= 12 && bit < 3 + 9 * level;
}

/* Bits that are part of an address, a size or a memory type. */
static bool has_meaning(unsigned int level, bool leaf, unsigned int bit, __u32 width)
{
	if (bit >= 12 && bit < width)
		return true;
	return bit <= 5 ? leaf : bit == 7 && level > 1;
}

TEST_F(matrix, each_reserved_bit_is_a_misconfiguration_and_no_other)
{
	unsigned int leaf, at, bit;
	bool want;

	for (leaf = 1; leaf <= 3; leaf++)
		for (at = leaf; at <= 3; at++)
			for (bit = 3; bit < 64; bit++) {
				want = reserved(at, at == leaf, bit, self->width);
				if (!want && has_meaning(at, at == leaf, bit, self->width))
					continue;
				build(self, leaf);
				*self->entry[at] |= BIT(bit);
				run(self, READ);
				EXPECT_TRUE(want ? misconfigured(self) : done(self, READ))
					TH_LOG("leaf %u, entry %u, bit %u: reason %u", leaf,
					       at, bit, self->l1.run->exit_reason);
			}
	EXPECT_LT(100, self->runs);
}

TEST_F(matrix, reserved_bits_of_the_top_entry_are_misconfigurations)
{
	__u64 *pml4 = l1_ptr(&self->l1, L1_EPT_PML4), good = pml4[0];
	unsigned int bit;

	build(self, 1);
	for (bit = 3; bit < 52; bit++) {
		if (!reserved(4, false, bit, self->width))
			continue;
		pml4[0] = good | BIT(bit);
		run(self, READ);
		/* Nothing of L2 translates any more: its first fetch exits. */
		EXPECT_EQ(EXIT_EPT_MISCONFIG, self->l1.run->exit_reason)
			TH_LOG("bit %u", bit);
	}
}

TEST_F(matrix, each_memory_type_is_legal_or_not_as_the_table_says)
{
	unsigned int leaf, type;

	for (leaf = 1; leaf <= 3; leaf++)
		for (type = 0; type < 16; type++) {
			bool bad = (type & 7) == 2 || (type & 7) == 3 || (type & 7) == 7;

			build(self, leaf);
			*self->entry[leaf] = (*self->entry[leaf] & ~(15ULL << 3)) | type << 3;
			run(self, READ);
			EXPECT_TRUE(bad ? misconfigured(self) : done(self, READ))
				TH_LOG("leaf %u, type %u", leaf, type);
		}
}

TEST_F(matrix, what_is_not_present_is_a_violation_whatever_its_other_bits)
{
	unsigned int leaf, at;
	enum access access;

	for (leaf = 1; leaf <= 3; leaf++)
		for (at = leaf; at <= 3; at++)
			for (access = READ; access < ACCESSES; access++) {
				build(self, leaf);
				*self->entry[at] = ~RWX;
				run(self, access);
				EXPECT_TRUE(violated(self, access, 0));
			}
}

/* ---- large pages -------------------------------------------------------------------- */

TEST_F(matrix, a_large_page_split_by_l1_counts_after_invept)
{
	__u64 *pt = l1_ptr(&self->l1, PT);
	unsigned int i;

	build(self, 2);
	run(self, READ);
	EXPECT_TRUE(done(self, READ));
	/* The same page again by a table, in which it is read-only. */
	build(self, 1);
	for (i = 0; i < 512; i++)
		pt[i] = (0x200000ULL + i * 4096) | WB | R;
	run(self, READ);
	EXPECT_TRUE(done(self, READ));
	run(self, WRITE);
	EXPECT_TRUE(violated(self, WRITE, R));
	build(self, 2);
	run(self, WRITE);
	EXPECT_TRUE(done(self, WRITE));
	build(self, 3);
	run(self, FETCH);
	EXPECT_TRUE(done(self, FETCH));
}

/* ---- without INVEPT ------------------------------------------------------------------- */

static void run_again(FIXTURE_DATA(matrix) *self, enum access access)
{
	struct l1 *l1 = &self->l1;

	*(__u64 *)l1_ptr(l1, TARGET) = WORD;
	l1->run->gpr[NVMX_RAX] = STORED;
	l1->run->gpr[NVMX_RBX] = LINEAR;
	l1_write(l1, GUEST_RIP, L1_CODE + 32 * access);
	l1_run(l1);
}

TEST_F(matrix, permissions_that_l1_adds_count_without_invept)
{
	unsigned int leaf, at;

	for (leaf = 1; leaf <= 3; leaf++)
		for (at = leaf; at <= 3; at++) {
			build(self, leaf);
			*self->entry[at] &= ~RWX;
			run(self, READ);
			EXPECT_TRUE(violated(self, READ, 0));
			*self->entry[at] |= R;
			run_again(self, READ);
			EXPECT_TRUE(done(self, READ));
			run_again(self, WRITE);
			EXPECT_TRUE(violated(self, WRITE, R));
			*self->entry[at] |= W;
			run_again(self, WRITE);
			EXPECT_TRUE(done(self, WRITE));
			run_again(self, FETCH);
			EXPECT_TRUE(violated(self, FETCH, R | W));
			*self->entry[at] |= X;
			run_again(self, FETCH);
			EXPECT_TRUE(done(self, FETCH));
		}
}

TEST_HARNESS_MAIN
