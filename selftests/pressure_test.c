// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory under pressure: while L2 goes through the pages of L1's memory, another
 * process takes nearly all that the host has and lets go of it, and the host
 * compacts what is left.  L1's memory stays where it is and what it is; pages that
 * nobody has pinned move, so there was cause to.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"
#include "l1_setup.h"

#define PAGE	4096ULL
#define MIB2	0x200000ULL
#define NEW	0x600000ULL		/* L1-physical, below L2's first GByte */
#define HALF	(2 * MIB2)		/* of huge pages, then of scattered small ones */
#define BYTES	(2 * HALF)
#define PAGES	(BYTES / PAGE)
#define SMALL_KIB	16384		/* what the other process takes in small pages */
#define LEFT_KIB	20480		/* what it leaves beside the kernel's own reserve */
#define REST_MS	20			/* between L2's passes: for the other process */

L2_CODE(sum_pages);

FIXTURE(pressure) {
	struct l1 l1;
	__u8 *mem;		/* L1's */
	__u8 *control;		/* as the second half of @mem, but not pinned */
	__u64 frame[PAGES];	/* where pages of @mem are */
	__u64 control_frame[HALF / PAGE];
	long locked;
	long pinned;
	pid_t hog;
	int say[2];		/* to the other process */
	int hear[2];		/* from it */
};

/* ---- where pages are ----------------------------------------------------------------- */

static bool knows_frames(void)
{
	return !access("/proc/self/pagemap", R_OK);
}

static void find_frames(const __u8 *mem, __u64 *frame, unsigned int pages)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	unsigned int i;

	if (pread(fd, frame, pages * sizeof(*frame), (__u64)mem / PAGE * 8) !=
	    (ssize_t)(pages * sizeof(*frame)))
		l1_die(NULL, "pagemap");
	close(fd);
	for (i = 0; i < pages; i++)
		frame[i] &= BIT(55) - 1;
}

/* ---- the other process ------------------------------------------------------------------ */

/* By huge pages, which the host has to make first, then by small ones. */
static void take_memory(void)
{
	long least = host_number("/proc/sys/vm/min_free_kbytes", "") + LEFT_KIB;
	__u8 *mem;
	__u64 at;

	host_reserve_huge_pages((host_free_kib() - least - SMALL_KIB) / 2048);
	mem = mmap(NULL, 1ULL << 30, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem == MAP_FAILED)
		l1_die(NULL, "mmap");
	madvise(mem, 1ULL << 30, MADV_NOHUGEPAGE);
	for (at = 0; at < 1ULL << 30; at += PAGE) {
		if (!(at & 0x3ffff) && host_free_kib() < least)
			break;
		mem[at] = 1;
	}
	host_write("/proc/sys/vm/compact_memory", "1");
	host_write("/proc/sys/vm/drop_caches", "3");
	munmap(mem, 1ULL << 30);
	host_reserve_huge_pages(0);
	host_write("/proc/sys/vm/compact_memory", "1");
}

/* A round for each byte that comes in. */
static void run_hog(int in, int out)
{
	char word;

	while (read(in, &word, 1) == 1) {
		take_memory();
		if (write(out, &word, 1) != 1)
			break;
	}
	_exit(0);
}

static void start_hog(FIXTURE_DATA(pressure) *self)
{
	if (pipe2(self->say, O_CLOEXEC) || pipe2(self->hear, O_CLOEXEC))
		l1_die(NULL, "pipe");
	self->hog = fork();
	if (!self->hog) {
		host_write("/proc/self/oom_score_adj", "1000");
		close(self->say[1]);
		run_hog(self->say[0], self->hear[1]);
	}
	close(self->say[0]);
	close(self->hear[1]);
}

/* ---- L1 ------------------------------------------------------------------------------------ */

static __u8 *reserve(__u64 bytes, int advice)
{
	__u8 *mem = mmap(NULL, bytes + MIB2, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		l1_die(NULL, "mmap");
	mem = (__u8 *)(((__u64)mem + MIB2 - 1) & ~(MIB2 - 1));
	madvise(mem, bytes, advice);
	return mem;
}

static __u64 word_of(unsigned int page)
{
	return page * 0x9e3779b97f4a7c15ULL + 1;
}

/* Huge pages, then small ones that lie between free ones and those of @control. */
static void make_memory(FIXTURE_DATA(pressure) *self)
{
	__u8 *gaps = reserve(HALF, MADV_NOHUGEPAGE);
	unsigned int i;

	self->mem = reserve(BYTES, MADV_HUGEPAGE);
	madvise(self->mem + HALF, HALF, MADV_NOHUGEPAGE);
	self->control = reserve(HALF, MADV_NOHUGEPAGE);
	for (i = 0; i < HALF; i += PAGE) {
		self->mem[HALF + i] = 1;
		gaps[i] = 1;
		self->control[i] = 1;
	}
	munmap(gaps, HALF);
	for (i = 0; i < PAGES; i++) {
		__u64 *word = (__u64 *)(self->mem + i * PAGE), k;

		for (k = 0; k < 512; k++)
			word[k] = word_of(i);
		word[1] = 0;
	}
}

/* EPT12 maps it by pages of its own sizes. */
static void map_for_l2(struct l1 *l1)
{
	__u64 *pd = l1_ptr(l1, L1_EPT_PD), *pt = l1_ptr(l1, L1_FREE);
	unsigned int i;

	for (i = 0; i < HALF / MIB2; i++) {
		pd[(NEW >> 21) + i] = (NEW + i * MIB2) | 0xb7;
		pd[((NEW + HALF) >> 21) + i] = (L1_FREE + i * PAGE) | 7;
	}
	for (i = 0; i < HALF / PAGE; i++)
		pt[i] = (NEW + HALF + i * PAGE) | 0x37;
}

FIXTURE_SETUP(pressure)
{
	if (host_number("/proc/meminfo", "MemTotal:") > 4 << 20)
		SKIP(return, "too much memory to take");
	start_hog(self);
	self->pinned = host_pinned_pages();
	self->locked = host_number("/proc/self/status", "VmLck:");
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	alarm(280);
	self->l1.deadline = ~0U;
	l1_prepare(&self->l1, L2_64);
	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	l1_use_ept(&self->l1);
	make_memory(self);
	map_for_l2(&self->l1);
	test_mem_map(self->l1.fd, NEW, self->mem, BYTES, 0);
	if (knows_frames()) {
		find_frames(self->mem, self->frame, PAGES);
		find_frames(self->control, self->control_frame, HALF / PAGE);
	}
	l1_load(&self->l1, sum_pages);
}

FIXTURE_TEARDOWN(pressure)
{
	l1_close(&self->l1);
	close(self->say[1]);
	waitpid(self->hog, NULL, 0);
	host_reserve_huge_pages(0);
}

/* L2 adds up all pages, by an EPT02 that is empty at first. */
static __u64 sum_by_l2(struct l1 *l1)
{
	if (nvmx_invept(l1->fd, 2, 0, 0))
		l1_die(l1, "INVEPT");
	l1->run->gpr[NVMX_RAX] = 0;
	l1->run->gpr[NVMX_RBX] = NEW;
	l1->run->gpr[NVMX_RCX] = PAGES;
	l1_write(l1, GUEST_RIP, L1_CODE);
	l1_run_until(l1, EXIT_VMCALL);
	return l1->run->gpr[NVMX_RAX];
}

static __u64 right_sum(void)
{
	__u64 sum = 0;
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		sum += word_of(i);
	return sum;
}

/* Words of the memory that are not what they were made, or what L2 made them. */
static unsigned int wrong_words(FIXTURE_DATA(pressure) *self, __u64 passes)
{
	unsigned int i, k, wrong = 0;

	for (i = 0; i < PAGES; i++) {
		const __u64 *word = (const __u64 *)(self->mem + i * PAGE);

		for (k = 0; k < 512; k++)
			wrong += word[k] != (k == 1 ? passes : word_of(i));
	}
	return wrong;
}

/* Pages that are elsewhere than @frame says. */
static unsigned int moved_pages(const __u8 *mem, const __u64 *frame, unsigned int pages)
{
	__u64 now[PAGES];
	unsigned int i, moved = 0;

	find_frames(mem, now, pages);
	for (i = 0; i < pages; i++)
		moved += !frame[i] || now[i] != frame[i];
	return moved;
}

/* L2 goes through the memory until the other process is done. */
static unsigned int passes_under_pressure(struct __test_metadata *_metadata,
					  FIXTURE_DATA(pressure) *self)
{
	struct pollfd hear = { .fd = self->hear[0], .events = POLLIN };
	unsigned int passes = 0;
	char word = 0;

	ASSERT_EQ(1, write(self->say[1], &word, 1));
	do {
		ASSERT_EQ(right_sum(), sum_by_l2(&self->l1));
		passes++;
	} while (!poll(&hear, 1, REST_MS));
	ASSERT_EQ(1, read(self->hear[0], &word, 1));
	return passes;
}

/* What is locked and pinned on account of @bytes of L1's memory. */
static void expect_locked(struct __test_metadata *_metadata, FIXTURE_DATA(pressure) *self,
			  __u64 bytes)
{
	EXPECT_EQ(self->locked + (long)(bytes >> 10),
		  host_number("/proc/self/status", "VmLck:"));
	EXPECT_EQ(self->pinned + (long)(bytes / PAGE), host_pinned_pages());
}

static unsigned int others_moved(FIXTURE_DATA(pressure) *self)
{
	return moved_pages(self->control, self->control_frame, HALF / PAGE);
}

static void expect_only_others_moved(struct __test_metadata *_metadata,
				     FIXTURE_DATA(pressure) *self)
{
	TH_LOG("%u pages of the process moved", others_moved(self));
	EXPECT_LT(0, others_moved(self));
	EXPECT_EQ(0, moved_pages(self->mem, self->frame, PAGES));
}

TEST_F_TIMEOUT(pressure, memory_of_l1_stays_what_and_where_it_is, 280)
{
	unsigned int passes = 0, rounds = 0;

	expect_locked(_metadata, self, L1_MEM_BYTES + BYTES);
	/* Rarely the first finds all where it would have it. */
	do
		passes += passes_under_pressure(_metadata, self);
	while (++rounds < 5 && knows_frames() && !others_moved(self));
	TH_LOG("%u passes", passes);
	EXPECT_LT(1, passes);
	if (knows_frames())
		expect_only_others_moved(_metadata, self);
	else
		TH_LOG("nobody can see whether pages move");
	EXPECT_EQ(0, wrong_words(self, passes));
	expect_locked(_metadata, self, L1_MEM_BYTES + BYTES);
	l1_close(&self->l1);
	expect_locked(_metadata, self, 0);
}

TEST_HARNESS_MAIN
