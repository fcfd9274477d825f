// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random EPT12s, legal and not: L2 accesses random addresses, and a slow, obvious
 * walker says what must come of each.  Memory that L2 must not reach lies all
 * around and holds a pattern: beside L1's in the process, in a range that L1 had
 * once, in another process, and in the file of that process, which has other words
 * at the same L1-physical addresses.
 *
 * Environment: NVMX_EPT_TABLES, how many EPT12s; NVMX_EPT_SEED.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"
#include "l1_setup.h"

#define READ	1ULL
#define WRITE	2ULL
#define FETCH	4ULL
#define RWX	7ULL
#define WB	(6ULL << 3)
#define LARGE		BIT(7)
#define ACCESSED	BIT(8)
#define DIRTY		BIT(9)
#define AD		BIT(6)
#define Q_LINEAR	BIT(7)
#define Q_FINAL		BIT(8)
#define ADDRESS		0x000ffffffffff000ULL

/* Tables that are random, and memory that L2 may be given. */
#define TABLES		12
#define TABLE0		0x180000ULL
#define DATA0		0x200000ULL		/* to L1_MEM_BYTES */
#define ROM		0x40000000ULL		/* 2 MiB, read-only */
#define ROM_BYTES	0x200000ULL
#define L2_TABLES	0x190000ULL		/* two: 1-GByte pages of L2 */
#define GONE		0x80000000ULL		/* 2 MiB, L1's no more */
#define GONE_BYTES	0x200000ULL
#define GUARD		0x10000ULL		/* canary on either side */
#define FAR_BYTES	0x400000ULL		/* memory of the other process */

#define ACCESSES	6

L2_CODE(load);
L2_CODE(store);
L2_CODE(jump);

FIXTURE(random) {
	struct l1 l1;
	__u8 *rom;		/* with a guard on either side */
	__u8 *gone;		/* the same */
	__u8 *low;		/* L1's memory below DATA0, as it must stay */
	pid_t other;
	int ask;		/* the other process, whether all is well with it */
	int answer;
	__u64 eptp;
	__u64 runs;
	__u64 state;
};

static __u64 draw(FIXTURE_DATA(random) *self)
{
	self->state ^= self->state << 13;
	self->state ^= self->state >> 7;
	self->state ^= self->state << 17;
	return self->state;
}

static unsigned int pick(FIXTURE_DATA(random) *self, unsigned int count)
{
	return (draw(self) >> 20) % count;
}

/*
 * What a word of L1's memory holds: "mov $number, %eax; vmcall", and the number
 * says where it is.  So reads and fetches alike tell what they have reached.
 */
static __u64 word_of(__u64 gpa)
{
	__u64 number = (gpa >> 3) ^ 0x5a5a5a5a;

	return 0xb8 | (number & 0xffffffff) << 8 | 0xc1010fULL << 40;
}

static void fill(__u64 *words, __u64 gpa, __u64 bytes)
{
	__u64 i;

	for (i = 0; i < bytes / 8; i++)
		words[i] = word_of(gpa + 8 * i);
}

static unsigned long wrong(const __u64 *words, __u64 gpa, __u64 bytes)
{
	unsigned long count = 0;
	__u64 i;

	for (i = 0; i < bytes / 8; i++)
		count += words[i] != word_of(gpa + 8 * i);
	return count;
}

static bool is_guard(const __u8 *guard)
{
	unsigned int i;

	for (i = 0; i < GUARD; i++)
		if (guard[i] != 0xca)
			return false;
	return true;
}

/* Memory for @gpa on, with a guard on either side. */
static __u8 *guarded(__u64 gpa, __u64 bytes)
{
	__u8 *mem = mmap(NULL, bytes + 2 * GUARD, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED)
		l1_die(NULL, "mmap");
	memset(mem, 0xca, bytes + 2 * GUARD);
	fill((__u64 *)(mem + GUARD), gpa, bytes);
	return mem;
}

static bool guarded_is_well(const __u8 *mem, __u64 gpa, __u64 bytes)
{
	return is_guard(mem) && !wrong((__u64 *)(mem + GUARD), gpa, bytes) &&
	       is_guard(mem + GUARD + bytes);
}

/* L2 has the first TByte of addresses mapped one to one. */
static void map_l2(struct l1 *l1)
{
	unsigned int i;

	l1_map_tbyte(l1, L2_TABLES);
	for (i = 0; i < 512; i++) {
		((__u64 *)l1_ptr(l1, L1_PD))[i] |= 0x60;
		((__u64 *)l1_ptr(l1, L1_PT))[i] |= 0x60;
	}
}

/* ---- the other process --------------------------------------------------------- */

/* What it has at an address of its L1 is what others have elsewhere. */
#define ELSEWHERE	0x1000000000ULL

/* Its L2 reads a word of its L1's, by translations of its own. */
static bool other_l2_is_well(struct l1 *l1, __u64 gpa)
{
	l1->run->gpr[NVMX_RBX] = gpa;
	l1_load(l1, load);
	l1_run_until(l1, EXIT_VMCALL);
	return l1->run->gpr[NVMX_RAX] == word_of(ELSEWHERE + gpa);
}

static void run_other(int ask, int answer)
{
	__u8 *far = guarded(2 * ELSEWHERE, FAR_BYTES);
	__u64 bytes = L1_MEM_BYTES - DATA0;
	unsigned long bad = 0;
	struct l1 l1;

	l1_start(&l1, NVMX_PROFILE_SDM);
	alarm(280);
	l1_prepare(&l1, L2_64);
	l1_use_ept(&l1);
	fill(l1_ptr(&l1, DATA0), ELSEWHERE + DATA0, bytes);
	do {
		bad += !other_l2_is_well(&l1, DATA0 + 0x1238);
		bad += !other_l2_is_well(&l1, L1_MEM_BYTES - 8);
		bad += wrong(l1_ptr(&l1, DATA0), ELSEWHERE + DATA0, bytes);
		bad += !guarded_is_well(far, 2 * ELSEWHERE, FAR_BYTES);
	} while (write(answer, &bad, sizeof(bad)) == sizeof(bad) &&
		 read(ask, &bad, sizeof(bad)) == sizeof(bad));
	_exit(0);
}

/* How many words and reads are wrong with the other process. */
static unsigned long wrong_with_other(FIXTURE_DATA(random) *self)
{
	unsigned long bad = 0;

	if (write(self->ask, &bad, sizeof(bad)) != sizeof(bad) ||
	    read(self->answer, &bad, sizeof(bad)) != sizeof(bad))
		return ~0UL;
	return bad;
}

static void start_other(FIXTURE_DATA(random) *self)
{
	int ask[2], answer[2];
	unsigned long bad;

	if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC))
		l1_die(NULL, "pipe");
	self->other = fork();
	if (!self->other) {
		close(ask[1]);
		close(answer[0]);
		run_other(ask[0], answer[1]);
	}
	close(ask[0]);
	close(answer[1]);
	self->ask = ask[1];
	self->answer = answer[0];
	if (read(self->answer, &bad, sizeof(bad)) != sizeof(bad) || bad)
		l1_die(NULL, "the other process");
}

static bool has_1g_pages(void)
{
	unsigned int a = 0x80000001, b, c, d;

	asm volatile("cpuid" : "+a" (a), "=b" (b), "=c" (c), "=d" (d));
	return d & BIT(26);
}

/* L2 has it for a while, then L1 gives it up. */
static void use_gone(struct l1 *l1)
{
	__u64 *pdpt = l1_ptr(l1, L1_EPT_PDPT);

	pdpt[GONE >> 30] = GONE | WB | RWX | LARGE;
	l1->run->gpr[NVMX_RBX] = GONE;
	l1_write(l1, GUEST_RIP, L1_CODE);
	l1_run_until(l1, EXIT_VMCALL);
	pdpt[GONE >> 30] = 0;
	if (l1->run->gpr[NVMX_RAX] != word_of(GONE) ||
	    nvmx_mem_unmap(l1->fd, GONE, GONE_BYTES))
		l1_die(l1, "memory that is to go");
}

FIXTURE_SETUP(random)
{
	struct l1 *l1 = &self->l1;

	start_other(self);
	l1_start(l1, NVMX_PROFILE_SDM);
	alarm(280);
	if (!l1_can(l1, CAPS_PROC2, PROC2_EPT) || !has_1g_pages())
		SKIP(return, "no EPT, or no 1-GByte pages for L2");
	l1_prepare(l1, L2_64);
	l1_use_ept(l1);
	map_l2(l1);
	self->rom = guarded(ROM, ROM_BYTES);
	test_mem_map(l1->fd, ROM, self->rom + GUARD, ROM_BYTES, NVMX_MEM_READONLY);
	self->gone = guarded(GONE, GONE_BYTES);
	test_mem_map(l1->fd, GONE, self->gone + GUARD, GONE_BYTES, 0);
	fill(l1_ptr(l1, DATA0), DATA0, L1_MEM_BYTES - DATA0);
	memcpy(l1_ptr(l1, L1_CODE), l2_load, L2_BYTES(load));
	memcpy(l1_ptr(l1, L1_CODE + 32), l2_store, L2_BYTES(store));
	memcpy(l1_ptr(l1, L1_CODE + 64), l2_jump, L2_BYTES(jump));
	use_gone(l1);
	self->runs = 1;
	self->low = malloc(DATA0);
	self->state = host_option("NVMX_EPT_SEED", 0x123456789abcdefULL);
}

FIXTURE_TEARDOWN(random)
{
	l1_close(&self->l1);
	close(self->ask);
	waitpid(self->other, NULL, 0);
}

/* ---- tables -------------------------------------------------------------------- */

/* Few indices, so that accesses meet tables often. */
static const unsigned int indices[] = { 0, 1, 2, 511 };

static __u64 random_pointer(FIXTURE_DATA(random) *self)
{
	return (TABLE0 + pick(self, TABLES) * 4096ULL) | RWX;
}

static __u64 random_leaf(FIXTURE_DATA(random) *self, unsigned int level)
{
	static const __u64 large[] = { DATA0, ROM, DATA0, GONE };
	static const __u64 small[] = { DATA0, DATA0, DATA0, DATA0, ROM, GONE };

	if (level == 1)
		return (small[pick(self, 6)] + (draw(self) & 0x1ff000)) | WB | RWX;
	return (level == 2 ? large[pick(self, 4)] : ROM) | WB | RWX | LARGE;
}

static __u64 random_entry(FIXTURE_DATA(random) *self, unsigned int level)
{
	bool leaf = level == 1 || (level < 4 && !pick(self, 3));
	__u64 entry = leaf ? random_leaf(self, level) : random_pointer(self);

	switch (pick(self, 10)) {
	case 0:		/* other permissions */
	case 1:
		entry = (entry & ~RWX) | pick(self, 8);
		break;
	case 2:		/* one bit wrong, or ignored */
		entry ^= 1ULL << pick(self, 64);
		break;
	case 3:		/* garbage that points nowhere */
		entry = draw(self) | 1ULL << 40;
		break;
	case 4:		/* another memory type */
		entry = leaf ? (entry & ~0x78ULL) | (draw(self) & 0x78) : entry;
		break;
	}
	return entry;
}

static __u64 *table(struct l1 *l1, unsigned int n)
{
	return l1_ptr(l1, TABLE0 + n * 4096ULL);
}

/* Level of a table by its number: 3 each of level 3, 2 and 1; some of any. */
static unsigned int level_of(unsigned int n)
{
	return n < 9 ? 3 - n / 3 : 1 + n % 3;
}

/* A new EPT12; the first 2 MiB of L2 stay as they are, its code is there. */
static void make_tables(FIXTURE_DATA(random) *self)
{
	__u64 *pml4 = l1_ptr(&self->l1, L1_EPT_PML4);
	__u64 *pdpt = l1_ptr(&self->l1, L1_EPT_PDPT), *pd = l1_ptr(&self->l1, L1_EPT_PD);
	unsigned int n, i;

	for (n = 0; n < TABLES; n++)
		for (i = 0; i < ARRAY_LEN(indices); i++)
			table(&self->l1, n)[indices[i]] = random_entry(self, level_of(n));
	pml4[0] = L1_EPT_PDPT | RWX;
	pml4[1] = random_entry(self, 4);
	pdpt[0] = L1_EPT_PD | RWX;
	for (i = 1; i < ARRAY_LEN(indices); i++) {
		pdpt[indices[i]] = random_entry(self, 3);
		pd[indices[i]] = random_entry(self, 2);
	}
}

/* ---- the obvious walker ------------------------------------------------------------ */

enum result { ALLOWED, VIOLATION, MISCONFIG };

/**
 * struct walk - what must come of an access
 * @result: see above
 * @qualification: of a violation
 * @gpa: L1-physical address where it is allowed
 * @entry: where the entries were, top first
 * @count: how many
 * @leaf: the last entry
 */
struct walk {
	enum result result;
	__u64 qualification;
	__u64 gpa;
	__u64 *entry[4];
	unsigned int count;
	__u64 leaf;
};

static bool is_bad(struct l1 *l1, unsigned int level, __u64 entry)
{
	__u64 caps = l1->info.out_caps.msr[CAPS_EPT_VPID];
	unsigned int bit, type = entry >> 3 & 7;
	bool leaf = level == 1 || (level < 4 && (entry & LARGE));

	if ((entry & 3) == 2 || ((entry & 7) == 4 && !(caps & 1)))
		return true;
	for (bit = l1->info.out_caps.maxphyaddr; bit < 52; bit++)
		if (entry >> bit & 1)
			return true;
	if (level == 4)
		return entry & 0xf8;
	if (!leaf)
		return entry & 0x78;
	for (bit = 12; level > 1 && bit < 3 + 9 * level; bit++)
		if (entry >> bit & 1)
			return true;
	if ((level == 3 && !(caps & BIT(17))) || (level == 2 && !(caps & BIT(16))))
		return true;
	return type == 2 || type == 3 || type == 7;
}

static __u64 *find_entry(struct l1 *l1, __u64 gpa)
{
	return gpa < L1_MEM_BYTES ? l1_ptr(l1, gpa) : NULL;
}

static __u64 read_entry(FIXTURE_DATA(random) *self, __u64 gpa)
{
	if (gpa >= ROM && gpa < ROM + ROM_BYTES)
		return *(__u64 *)(self->rom + GUARD + gpa - ROM);
	return find_entry(&self->l1, gpa) ? *find_entry(&self->l1, gpa) : ~0ULL;
}

static void walk_tables(FIXTURE_DATA(random) *self, __u64 gpa, __u64 access,
			struct walk *walk)
{
	__u64 at = self->eptp & ADDRESS, entry, rwx = RWX;
	unsigned int level;

	memset(walk, 0, sizeof(*walk));
	for (level = 4; level; level--) {
		at += gpa >> (3 + 9 * level) << 3 & 0xff8;
		entry = read_entry(self, at);
		walk->entry[walk->count++] = find_entry(&self->l1, at);
		rwx &= entry;
		if (!(entry & RWX))
			break;
		if (is_bad(&self->l1, level, entry)) {
			walk->result = MISCONFIG;
			return;
		}
		at = entry & ADDRESS;
		if (level == 1 || (level < 4 && (entry & LARGE)))
			break;
	}
	walk->leaf = entry;
	walk->gpa = (at & ~((1ULL << (3 + 9 * level)) - 1)) |
		    (gpa & ((1ULL << (3 + 9 * level)) - 1));
	if (!(entry & RWX) || access & ~rwx) {
		walk->result = VIOLATION;
		walk->qualification = access | (rwx & RWX) << 3 | Q_LINEAR | Q_FINAL;
	}
}

/* Flags that an allowed access must leave; the walk has been done before it. */
static void set_flags(FIXTURE_DATA(random) *self, const struct walk *walk, __u64 access)
{
	unsigned int i;

	if (!(self->eptp & AD))
		return;
	for (i = 0; i < walk->count; i++)
		if (walk->entry[i])
			*walk->entry[i] |= ACCESSED;
	if (access == WRITE && walk->entry[walk->count - 1])
		*walk->entry[walk->count - 1] |= DIRTY;
}

/* ---- accesses ------------------------------------------------------------------------ */

static __u64 random_address(FIXTURE_DATA(random) *self)
{
	__u64 gpa = (__u64)pick(self, 2) << 39;
	unsigned int level;

	for (level = 3; level; level--)
		gpa |= (__u64)indices[pick(self, 4)] << (3 + 9 * level);
	if (gpa < 0x200000)
		gpa |= 0x200000;
	return gpa | (draw(self) & 0xff8);
}

static void run(FIXTURE_DATA(random) *self, __u64 gpa, __u64 access)
{
	struct l1 *l1 = &self->l1;

	l1->run->gpr[NVMX_RAX] = 0x57057057;
	l1->run->gpr[NVMX_RBX] = gpa;
	l1->run->write[0].encoding = GUEST_RIP;
	l1->run->write[0].value = L1_CODE + 32 * (access >> 1);
	l1->run->write_count = 1;
	if (nvmx_enter(l1->fd, self->runs++ ? NVMX_ENTER_RESUME : NVMX_ENTER_LAUNCH))
		l1_die(l1, "ENTER");
	l1->run->write_count = 0;
	while (l1->run->kind == NVMX_KIND_INTERRUPTED)
		if (nvmx_enter(l1->fd, NVMX_ENTER_RESUME))
			l1_die(l1, "ENTER");
}

static bool is_data(__u64 gpa)
{
	return gpa >= DATA0 && gpa < L1_MEM_BYTES;
}

static bool is_rom(__u64 gpa)
{
	return gpa >= ROM && gpa < ROM + ROM_BYTES;
}

/* L1's tables allow it, its memory does not: the process is asked. */
static bool asks_process(FIXTURE_DATA(random) *self, const struct walk *walk, __u64 access)
{
	const struct nvmx_run *run = self->l1.run;
	bool good = run->kind == NVMX_KIND_L0_EVENT && run->l0_event == NVMX_L0_MEMORY &&
		    run->l0_access == access && run->guest_physical_address == walk->gpa;

	/* Have L2 give it up. */
	if (run->kind == NVMX_KIND_L0_EVENT) {
		nvmx_exit_l2(self->l1.fd, EXIT_TRIPLE_FAULT, 0);
		l1_run_until(&self->l1, EXIT_TRIPLE_FAULT);
	}
	return good;
}

static bool took_place(FIXTURE_DATA(random) *self, const struct walk *walk, __u64 access)
{
	const struct nvmx_run *run = self->l1.run;
	__u64 *word = is_rom(walk->gpa) ? NULL : l1_ptr(&self->l1, walk->gpa);
	bool good;

	if (run->kind != NVMX_KIND_EXIT || run->exit_reason != EXIT_VMCALL)
		return false;
	if (access == READ)
		return run->gpr[NVMX_RAX] == word_of(walk->gpa);
	if (access == FETCH)
		return run->gpr[NVMX_RAX] == (word_of(walk->gpa) >> 8 & 0xffffffff);
	good = word && *word == 0x57057057;
	if (word)
		*word = word_of(walk->gpa);
	return good;
}

static bool reflected(FIXTURE_DATA(random) *self, const struct walk *walk, __u64 gpa)
{
	const struct nvmx_run *run = self->l1.run;

	if (run->kind != NVMX_KIND_EXIT || run->guest_physical_address != gpa)
		return false;
	if (walk->result == MISCONFIG)
		return run->exit_reason == EXIT_EPT_MISCONFIG && !run->qualification;
	return run->exit_reason == EXIT_EPT_VIOLATION &&
	       run->qualification == walk->qualification &&
	       run->guest_linear_address == gpa;
}

static bool outcome_is(FIXTURE_DATA(random) *self, const struct walk *walk, __u64 gpa,
		       __u64 access)
{
	if (walk->result != ALLOWED)
		return reflected(self, walk, gpa);
	if (is_data(walk->gpa) || (is_rom(walk->gpa) && access != WRITE))
		return took_place(self, walk, access);
	return asks_process(self, walk, access);
}

/* Entries as they are, and as they must become: flags are set by both. */
static __u64 before[TABLES + 3][512], after[TABLES + 3][512];

static void copy_tables(FIXTURE_DATA(random) *self, __u64 (*to)[512])
{
	memcpy(to, table(&self->l1, 0), TABLES * 4096);
	memcpy(to[TABLES], l1_ptr(&self->l1, L1_EPT_PML4), 3 * 4096);
}

static void put_tables(FIXTURE_DATA(random) *self, __u64 (*from)[512])
{
	memcpy(table(&self->l1, 0), from, TABLES * 4096);
	memcpy(l1_ptr(&self->l1, L1_EPT_PML4), from[TABLES], 3 * 4096);
}

/* Compare what L2 does with what the walker says; one access in @check_flags. */
static bool access_matches(FIXTURE_DATA(random) *self, bool check_flags,
			   unsigned long *count)
{
	__u64 gpa = random_address(self), access = 1ULL << pick(self, 3);
	struct walk walk;
	bool good;

	walk_tables(self, gpa, access, &walk);
	/* Not into the tables themselves, nor into what L2 runs on. */
	if (walk.result == ALLOWED && walk.gpa < DATA0)
		return true;
	count[walk.result]++;
	if (check_flags) {
		copy_tables(self, before);
		if (walk.result == ALLOWED)
			set_flags(self, &walk, access);
		copy_tables(self, after);
		put_tables(self, before);
	}
	run(self, gpa, access);
	good = outcome_is(self, &walk, gpa, access);
	if (check_flags) {
		copy_tables(self, before);
		/* L2's way to its code and tables sets flags of the first three. */
		before[TABLES][0] = after[TABLES][0];
		before[TABLES + 1][0] = after[TABLES + 1][0];
		before[TABLES + 2][0] = after[TABLES + 2][0];
		good = good && !memcmp(before, after, sizeof(after));
	}
	if (!good)
		fprintf(stderr, "# address %#llx, access %llu: expected result %u, qualification %#llx, L1-physical %#llx\n",
			gpa, access, walk.result, walk.qualification, walk.gpa);
	return good;
}

/*
 * Keep what is below DATA0: L2 is given nothing of it but what it runs on, and that
 * changes no more once it has run.  Not the tables, which each step makes anew; they
 * are compared by access_matches().
 */
static void keep_low(FIXTURE_DATA(random) *self)
{
	memcpy(self->low, self->l1.mem, DATA0);
}

static void forget(FIXTURE_DATA(random) *self, __u64 gpa, __u64 bytes)
{
	memcpy(self->low + gpa, l1_ptr(&self->l1, gpa), bytes);
}

/* A wrong bit makes a table of what is none: then flags are set there, too. */
static unsigned int wrong_low(FIXTURE_DATA(random) *self)
{
	__u64 flags = self->eptp & AD ? ACCESSED | DIRTY : 0, i;
	const __u64 *now = l1_ptr(&self->l1, 0), *then = (__u64 *)self->low;
	unsigned int count = 0;

	forget(self, TABLE0, TABLES * 4096);
	forget(self, L1_EPT_PML4, 5 * 4096);
	for (i = 0; i < DATA0 / 8; i++)
		count += now[i] != (then[i] | (now[i] & flags));
	return count;
}

/* Nothing is changed that L2 could not have been given. */
static void expect_well(struct __test_metadata *_metadata, FIXTURE_DATA(random) *self)
{
	EXPECT_TRUE(guarded_is_well(self->rom, ROM, ROM_BYTES));
	EXPECT_TRUE(guarded_is_well(self->gone, GONE, GONE_BYTES));
	EXPECT_EQ(0, wrong(l1_ptr(&self->l1, DATA0), DATA0, L1_MEM_BYTES - DATA0));
	EXPECT_EQ(0, wrong_low(self));
	EXPECT_EQ(0, wrong_with_other(self));
}

static void compare(struct __test_metadata *_metadata, FIXTURE_DATA(random) *self,
		    __u64 flags, unsigned long *count)
{
	__u64 tables = host_option("NVMX_EPT_TABLES", 1100);
	unsigned int i;
	__u64 n;

	self->eptp = L1_EPT_PML4 | 3 << 3 | 6 | flags;
	l1_write(&self->l1, EPT_POINTER, self->eptp);
	keep_low(self);
	for (n = 0; n < tables; n++) {
		make_tables(self);
		test_invept(self->l1.fd, n % 2 ? 1 : 2, n % 2 ? self->eptp : 0, 0);
		for (i = 0; i < ACCESSES; i++)
			if (!access_matches(self, flags && n % 16 == 0, count)) {
				l1_dump(&self->l1);
				ASSERT_TRUE(false) TH_LOG("EPT12 %llu, access %u", n, i);
			}
	}
}

TEST_F_TIMEOUT(random, l2_reaches_what_the_obvious_walker_says, 280)
{
	unsigned long count[3] = { 0 };

	compare(_metadata, self, 0, count);
	expect_well(_metadata, self);
	TH_LOG("%lu allowed, %lu violations, %lu misconfigurations", count[0], count[1],
	       count[2]);
	EXPECT_LT(100, count[ALLOWED]);
	EXPECT_LT(100, count[VIOLATION]);
	EXPECT_LT(100, count[MISCONFIG]);
}

TEST_F_TIMEOUT(random, the_same_with_accessed_and_dirty_flags, 280)
{
	unsigned long count[3] = { 0 };

	if (!(self->l1.info.out_caps.msr[CAPS_EPT_VPID] & BIT(21)))
		SKIP(return, "no accessed and dirty flags");
	compare(_metadata, self, AD, count);
	expect_well(_metadata, self);
	EXPECT_LT(100, count[ALLOWED]);
}

TEST_HARNESS_MAIN
