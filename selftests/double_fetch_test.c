// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that another thread changes all the time: what is judged is what is
 * used.  A word goes back and forth between two values of which each alone has
 * an answer of its own; no entry may end as if half of each had been read.
 */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(add_mem);

#define ROUNDS		300
#define KERNEL_GS_BASE	0xc0000102
/* One byte makes the difference: an area may be copied byte by byte. */
#define CANONICAL	0x0000123456789000ULL
#define NOT_CANONICAL	0x8000123456789000ULL
#define TARGET		L1_FREE			/* what L2 adds to */
#define OTHER		(L1_FREE + 0x1000)	/* what it must not */
#define EPT_READ	BIT(0)
#define EPT_WRITE	BIT(1)
#define EPT_RWX		7
#define EPT_WB		(6 << 3)

/**
 * struct flipper - a thread that changes a word
 * @word: the word
 * @value: its values, in turn
 * @stop: end it
 */
struct flipper {
	volatile __u64 *word;
	__u64 value[2];
	volatile bool stop;
};

static void *flip(void *arg)
{
	struct flipper *self = arg;
	unsigned int i;

	for (i = 0; !self->stop; i++)
		*self->word = self->value[i & 1];
	*self->word = self->value[0];
	return NULL;
}

FIXTURE(flux) {
	struct l1 l1;
	struct flipper flipper;
	unsigned int ended[2];	/* entries that ended as each value asks for */
};

/**
 * @start: what is to be changed, and how
 * @end: which of the two values an entry that returned @ret saw, or -1
 */
FIXTURE_VARIANT(flux) {
	void (*start)(struct l1 *l1, struct flipper *flipper);
	int (*end)(struct l1 *l1, int ret);
};

static bool has_run(struct l1 *l1)
{
	return l1->run->kind == NVMX_KIND_EXIT && l1->run->exit_reason == EXIT_VMCALL;
}

/* ---- the VM-entry MSR-load area ------------------------------------------ */

static void start_msr_area(struct l1 *l1, struct flipper *flipper)
{
	struct {
		__u32 index, reserved;
		__u64 value;
	} *area = l1_ptr(l1, L1_MSR_LIST);

	area->index = KERNEL_GS_BASE;
	area->reserved = 0;
	l1_write(l1, VM_ENTRY_MSR_LOAD_ADDR, L1_MSR_LIST);
	l1_write(l1, VM_ENTRY_MSR_LOAD_COUNT, 1);
	*flipper = (struct flipper){ .word = &area->value, .value = { CANONICAL, NOT_CANONICAL } };
}

static int end_msr_area(struct l1 *l1, int ret)
{
	struct nvmx_l2 l2;

	if (ret)
		return -1;
	if (has_run(l1)) {
		if (nvmx_get_l2(l1->fd, &l2))
			l1_die(l1, "GET_L2");
		return l2.kernel_gs_base == CANONICAL ? 0 : -1;
	}
	return l1->run->exit_reason == (EXIT_MSR_LOAD | EXIT_FAILED_ENTRY) ? 1 : -1;
}

/* ---- counts of the lists in the run page --------------------------------- */

_Static_assert(offsetof(struct nvmx_run, write_count) % 8 == 0 &&
	       offsetof(struct nvmx_run, read_count) ==
	       offsetof(struct nvmx_run, write_count) + 4, "both counts are one word");

static void start_list_counts(struct l1 *l1, struct flipper *flipper)
{
	l1->run->write[0].encoding = TSC_OFFSET;
	l1->run->write[0].value = 0x4711;
	l1->run->read[0].encoding = TSC_OFFSET;
	*flipper = (struct flipper){
		.word = (volatile __u64 *)&l1->run->write_count,
		.value = { 1 | 1ULL << 32, ~0ULL },
	};
}

static int end_list_counts(struct l1 *l1, int ret)
{
	if (ret)
		return ret == -EINVAL ? 1 : -1;
	return has_run(l1) && l1->run->read[0].value == 0x4711 ? 0 : -1;
}

/* ---- an entry of EPT12 --------------------------------------------------- */

static void start_ept12(struct l1 *l1, struct flipper *flipper)
{
	l1_use_ept(l1);
	*flipper = (struct flipper){
		.word = l1_ept_pte(l1, TARGET),
		.value = { TARGET | EPT_WB | EPT_RWX, OTHER | EPT_WB | EPT_READ },
	};
}

static int end_ept12(struct l1 *l1, int ret)
{
	if (ret || *(__u64 *)l1_ptr(l1, OTHER))
		return -1;
	nvmx_invept(l1->fd, 2, 0, 0);
	if (has_run(l1))
		return 0;
	return l1->run->exit_reason == EXIT_EPT_VIOLATION ? 1 : -1;
}

#define FLUX(name)							\
	FIXTURE_VARIANT_ADD(flux, name) {				\
		.start = start_##name, .end = end_##name,		\
	}

FLUX(msr_area);
FLUX(list_counts);
FLUX(ept12);

FIXTURE_SETUP(flux)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one CPU");
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	variant->start(&self->l1, &self->flipper);
}

FIXTURE_TEARDOWN(flux)
{
	l1_close(&self->l1);
}

/* An entry from the beginning, whatever became of the last one. */
static int enter_again(struct l1 *l1)
{
	if (nvmx_vmclear(l1->fd, L1_VMCS(0)))
		l1_die(l1, "VMCLEAR");
	l1_use_vmcs(l1, 0);
	l1_load(l1, add_mem);
	l1->run->gpr[NVMX_RBX] = TARGET;
	return nvmx_enter(l1->fd, NVMX_ENTER_LAUNCH);
}

TEST_F_TIMEOUT(flux, what_is_judged_is_what_is_used, 300)
{
	unsigned int i, wrong = 0;
	pthread_t thread;

	alarm(280);
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &self->flipper));
	for (i = 0; i < ROUNDS; i++) {
		int which;

		which = variant->end(&self->l1, enter_again(&self->l1));
		if (which < 0)
			wrong++;
		else
			self->ended[which]++;
	}
	self->flipper.stop = true;
	pthread_join(thread, NULL);
	TH_LOG("%u and %u entries", self->ended[0], self->ended[1]);
	EXPECT_EQ(0, wrong);
	EXPECT_LT(ROUNDS / 60, self->ended[0]);
	EXPECT_LT(ROUNDS / 60, self->ended[1]);
}

TEST_HARNESS_MAIN
