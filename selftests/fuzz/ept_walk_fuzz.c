// SPDX-License-Identifier: GPL-2.0-only
// fuzz-sources: ept_walk.c
/*
 * The walk of EPT12 over hostile tables: what the obvious walker of the unit
 * test finds, in as many reads as there are levels, and flags of memory that is
 * written to meanwhile are never lost or invented.
 */
#include "fuzz.h"
#include "../unit/ept_walk_test.c"

/* A word of one of the tables: mostly the address of a table. */
static void change_word(struct fuzz_input *in)
{
	unsigned int table = fuzz_below(in, TABLES);
	/* Few indices: those of the address that is translated. */
	u64 *entry = &memory[table][fuzz_u8(in) & 3];
	unsigned int how = fuzz_u8(in);

	*entry = BASE + (how & 15) * 4096ULL;
	if (how & 16)
		*entry = fuzz_u64(in);
	*entry |= how & 32 ? fuzz_u8(in) : 7;
	if (how & 64)
		*entry = fuzz_mutate(in, *entry);
	if (how & 128)
		*entry &= ~GENMASK_ULL(29, 12);
}

static void compare(u64 eptp, u64 gpa, u64 qualification)
{
	static u64 next[TABLES][512];
	struct ept_translation got, want = { .gpa = gpa, .qualification = qualification };
	enum ept_walk_result result = ref_walk(eptp, &want, next);
	unsigned int again;

	/* An entry met at two levels changes under the walk, once for each. */
	for (again = 0; again < 5; again++) {
		if (walk_qual(eptp, gpa, qualification, &got) != EPT_WALK_AGAIN)
			break;
	}
	EXPECT_EQ(result, walk_qual(eptp, gpa, qualification, &got));
	EXPECT_TRUE(reads <= 5);
	EXPECT_EQ(want.access, got.access);
	if (result == EPT_WALK_VIOLATION)
		EXPECT_EQ(want.qualification, got.qualification);
	if (result != EPT_WALK_OK)
		return;
	EXPECT_EQ(want.l1_gpa, got.l1_gpa);
	EXPECT_EQ(want.level, got.level);
	EXPECT_EQ(want.rwx, got.rwx);
	EXPECT_EQ(want.memory_type, got.memory_type);
	EXPECT_EQ(0, memcmp(next, memory, sizeof(memory)));
}

/* Only accessed and dirty flags may change, and only when the pointer says so. */
static void walk_changing_memory(u64 eptp, u64 gpa, u64 qualification)
{
	static u64 before[TABLES][512];
	struct ept_translation t;
	unsigned int i;
	u64 may = eptp & AD ? BIT_ULL(8) | BIT_ULL(9) | BIT_ULL(11) : 0;

	memcpy(before, memory, sizeof(memory));
	walk_qual(eptp, gpa, qualification, &t);
	EXPECT_TRUE(reads <= 5);
	for (i = 0; i < TABLES * 512; i++)
		EXPECT_EQ(0, (memory[i / 512][i % 512] ^ before[i / 512][i % 512]) & ~may);
}

static void fuzz_one(struct fuzz_input *in)
{
	u64 eptp = (fuzz_u8(in) & 1 ? EPTP4 : EPTP5) | (fuzz_u8(in) & 1 ? AD : 0);
	u64 qualification = fuzz_u16(in) & (7 | LINEAR | BIT_ULL(12));
	u64 index = fuzz_u16(in);
	u64 gpa = (index & 3) << 12 | (index >> 2 & 3) << 21 | (index >> 4 & 3) << 30 |
		  (index >> 6 & 3) << 39 | (index >> 8 & 3) << 48 | (index >> 4 & 0xfff);
	unsigned int rounds = 0;

	if (qualification & LINEAR)
		qualification |= fuzz_u8(in) & 1 ? TRANSLATED : 0;
	memset(memory, 0, sizeof(memory));
	all = caps_with(OFFER_ALL & ~(fuzz_u32(in) & 0x30001), 32 + fuzz_below(in, 21));
	read_only = false;
	change_after = 0;
	while (in->left && rounds++ < 64)
		change_word(in);

	compare(eptp, gpa, qualification);
	change_after = index % 6;
	read_only = index & 0x8000;
	walk_changing_memory(eptp, gpa, qualification);
}
