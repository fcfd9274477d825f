// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fuzzer of the device: processes of two threads that do random things to a
 * machine, with mutated VMCSs, L2 code, tables and arguments, under a rain of
 * signals.  After each sequence an L2 of a fresh file must still compute.
 *
 * NVMX_FUZZ_SEED	seed of the first sequence; each next one has the next seed
 * NVMX_FUZZ_SEQUENCES	how many sequences
 * NVMX_FUZZ_STEPS	steps of a sequence
 * NVMX_FUZZ_SECONDS	go on until that time of the guest has passed
 *
 * A sequence that failed is seen again with its seed and NVMX_FUZZ_SEQUENCES=1.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"
#include "fuzz_ops.h"

#define SEED		0x20241125ULL
#define SEQUENCES	16
#define STEPS		300
/* A fresh L2 has to compute after this many sequences. */
#define SANE_EVERY	4
#define SEQUENCE_SECONDS	60
/* Many bits away from any address that a sequence gives to a command. */
#define FAR_AWAY	((void *)0x2aaaaaaaa000)

L2_CODE(compute64);

static void on_signal(int sig)
{
}

/* Signals at intervals that hit calls in all their parts. */
static void rain(unsigned int microseconds)
{
	struct itimerval timer = {
		.it_interval.tv_usec = microseconds, .it_value.tv_usec = microseconds,
	};
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGVTALRM, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_VIRTUAL, &timer, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void *disturb_main(void *arg)
{
	struct fuzz_thread *t = arg;

	while (!t->m->stop) {
		fuzz_disturb(t);
		sched_yield();
	}
	return NULL;
}

/* A process that is one sequence. */
static void sequence(__u64 seed, unsigned int steps, struct fuzz_counts *counts)
{
	static struct fuzz_machine m;
	struct fuzz_thread first, second;
	pthread_t thread;
	unsigned int i;

	m.seed = seed;
	m.counts = counts;
	fuzz_thread_init(&first, &m, 0);
	fuzz_thread_init(&second, &m, 1);
	fuzz_start(&first);
	rain(2000 + fuzz_random(&first.rng) % 8000);
	if (seed % 4 && pthread_create(&thread, NULL, disturb_main, &second))
		fuzz_fail(&first, "no thread");
	for (i = 0; i < steps; i++)
		fuzz_step(&first);
	m.stop = true;
	if (seed % SANE_EVERY == 0)
		fuzz_check_memory(&first);
	/* Some end with the other thread in the midst of a call. */
	if (seed % 4 == 1)
		pthread_join(thread, NULL);
	counts->sequences++;
	_exit(0);
}

/* Wait for a child; kill it when it takes too long. Return: how it ended. */
static int wait_for(pid_t pid)
{
	struct timespec limit = { .tv_sec = SEQUENCE_SECONDS };
	int status = -1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigtimedwait(&set, NULL, &limit) < 0) {
		fprintf(stderr, "# a child hangs\n");
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* Return: 0, or how the process ended. */
static int run_sequence(__u64 seed, unsigned int steps, struct fuzz_counts *counts)
{
	pid_t pid = fork();

	if (!pid)
		sequence(seed, steps, counts);
	return pid < 0 ? -1 : wait_for(pid);
}

/* The numbers that compute64 goes through. */
static __u64 computed(__u64 value, unsigned int rounds)
{
	while (rounds--)
		value = value * 6364136223846793005ULL + 1442695041ULL;
	return value;
}

/* Return: 0 if an L2 of a fresh file computes. */
static int sanity(__u64 seed)
{
	struct l1 l1;
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -1 : wait_for(pid);
	l1_start(&l1, NVMX_PROFILE_SDM);
	l1_prepare(&l1, L2_64);
	if (seed & 1)
		l1_use_ept(&l1);
	l1_load(&l1, compute64);
	l1.run->gpr[NVMX_RAX] = seed;
	l1.run->gpr[NVMX_RCX] = 1000;
	l1_run_until(&l1, EXIT_VMCALL);
	_exit(l1.run->gpr[NVMX_RAX] != computed(seed, 1000));
}

static void tell(const struct fuzz_counts *c, __u64 seed)
{
	printf("# seeds %#llx to %#llx: %lu sequences, %lu calls "
	       "(%lu refused, %lu from elsewhere)\n",
	       seed, seed + c->sequences - 1, c->sequences, c->calls, c->refused,
	       c->other_process);
	printf("# ENTER_L2: %lu refused by VMX, %lu exits of %d reasons, "
	       "%lu failed entries, %lu interrupted, %lu for L0\n",
	       c->kinds[NVMX_KIND_VMX_RESULT],
	       c->kinds[NVMX_KIND_EXIT] - c->failed_entries,
	       __builtin_popcountll(c->reasons[0]) + __builtin_popcountll(c->reasons[1]),
	       c->failed_entries, c->kinds[NVMX_KIND_INTERRUPTED],
	       c->kinds[NVMX_KIND_L0_EVENT]);
}

FIXTURE(fuzz) {
	struct fuzz_counts *counts;
};

FIXTURE_SETUP(fuzz)
{
	sigset_t set;

	/* For wait_for(). */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	self->counts = mmap(FAR_AWAY, sizeof(*self->counts), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->counts);
}

FIXTURE_TEARDOWN(fuzz)
{
}

/*
 * The harness shares what it knows of its tests with all children.  A sequence may
 * give a command an address a bit away from its own: there must be nothing that is
 * not its own.
 */
static void keep_from_children(struct __test_metadata *tests)
{
	struct __test_metadata *t;

	for (t = tests; t; t = t->next)
		madvise(t, sizeof(*t), MADV_DONTFORK);
}

TEST_F(fuzz, an_l2_that_the_sanity_check_would_miss_is_told_from_a_good_one)
{
	EXPECT_EQ(0, sanity(7));
	EXPECT_NE(computed(7, 1000), computed(7, 999));
}

TEST_F_TIMEOUT(fuzz, random_sequences_end_as_documented_and_leave_no_trace, 100000)
{
	struct fuzz_counts *counts = self->counts;
	__u64 seconds = host_option("NVMX_FUZZ_SECONDS", 0);
	__u64 sequences = host_option("NVMX_FUZZ_SEQUENCES", seconds ? ~0ULL : SEQUENCES);
	__u64 steps = host_option("NVMX_FUZZ_STEPS", STEPS);
	__u64 seed = host_option("NVMX_FUZZ_SEED", SEED);
	time_t end = time(NULL) + seconds;
	unsigned int i;
	int status;

	keep_from_children(_metadata->fixture->tests);
	for (i = 0; i < sequences && (!seconds || time(NULL) < end); i++) {
		if (i % 16 == 0)
			printf("# seed %#llx\n", seed + i);
		status = run_sequence(seed + i, steps, counts);
		ASSERT_EQ(0, status)
			TH_LOG("NVMX_FUZZ_SEED=%#llx NVMX_FUZZ_STEPS=%llu NVMX_FUZZ_SEQUENCES=1",
			       seed + i, steps);
		if (i % SANE_EVERY == 0)
			ASSERT_EQ(0, sanity(seed + i));
	}
	EXPECT_EQ(0, sanity(seed));
	tell(counts, seed);
	/* It would be idle otherwise. */
	EXPECT_LT(0, counts->kinds[NVMX_KIND_EXIT]);
	EXPECT_LT(0, counts->kinds[NVMX_KIND_VMX_RESULT]);
	EXPECT_LT(0, counts->failed_entries);
}

TEST_HARNESS_MAIN
