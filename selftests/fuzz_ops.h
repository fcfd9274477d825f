/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations of the stateful fuzzer: what two threads of a process do to a
 * machine, one random step after another, and what must hold after each.
 */
#ifndef NVMX_FUZZ_OPS_H
#define NVMX_FUZZ_OPS_H

#include <stdbool.h>

#include "commands.h"

#define FUZZ_FIELDS	256

#define PREEMPTION_TIMER	BIT(6)
/* Units of the timer: some thousands of instructions. */
#define TIMER_MAX		256

/**
 * struct fuzz_counts - what the fuzzer did; shared by all processes
 * @sequences: sequences
 * @calls: calls of any command
 * @refused: those that ended with an errno
 * @kinds: returns of NVMX_ENTER_L2 by enum nvmx_kind
 * @failed_entries: VM entries that failed
 * @reasons: bit n: a nested VM exit with basic reason n has been
 * @other_process: calls of processes that the file does not belong to
 */
struct fuzz_counts {
	unsigned long sequences;
	unsigned long calls;
	unsigned long refused;
	unsigned long kinds[4];
	unsigned long failed_entries;
	__u64 reasons[2];
	unsigned long other_process;
};

/**
 * struct fuzz_machine - a machine that is fuzzed
 * @l1: the machine
 * @valid: the fields of a VMCS with which L2 runs
 * @valid_count: how many
 * @stop: the second thread ends
 * @counts: what has been done
 * @seed: of this sequence
 */
struct fuzz_machine {
	struct l1 l1;
	struct nvmx_field_value valid[FUZZ_FIELDS];
	unsigned int valid_count;
	volatile bool stop;
	struct fuzz_counts *counts;
	__u64 seed;
};

/**
 * struct fuzz_thread - one of the threads
 * @m: the machine
 * @rng: state of its random numbers
 * @room: argument of its commands
 */
struct fuzz_thread {
	struct fuzz_machine *m;
	__u64 rng;
	struct command_room *room;
};

__u64 fuzz_random(__u64 *rng);

/* One of 0 to @n - 1. */
static inline unsigned int below(struct fuzz_thread *t, unsigned int n)
{
	return fuzz_random(&t->rng) % n;
}

static inline bool one_in(struct fuzz_thread *t, unsigned int n)
{
	return below(t, n) == 0;
}

__u64 fuzz_value(struct fuzz_thread *t);
__u64 fuzz_mutate(struct fuzz_thread *t, __u64 value);
__u64 fuzz_safe_value(__u64 encoding, __u64 value);
__u32 fuzz_field(struct fuzz_thread *t);
void fuzz_write_field(struct fuzz_thread *t, __u64 encoding, __u64 value);

int fuzz_give(struct fuzz_thread *t, const struct command *c);
void fuzz_enter(struct fuzz_thread *t, unsigned long how);
void fuzz_check_state(struct fuzz_thread *t);
void fuzz_check_words(struct fuzz_thread *t, const void *bytes, size_t size,
		      const char *what);

void fuzz_op_mutate(struct fuzz_thread *t);
void fuzz_op_control_bit(struct fuzz_thread *t);
void fuzz_op_reset(struct fuzz_thread *t);
void fuzz_op_enter(struct fuzz_thread *t);
void fuzz_op_inject(struct fuzz_thread *t);
void fuzz_op_policy(struct fuzz_thread *t);
void fuzz_op_code(struct fuzz_thread *t);
void fuzz_op_memory(struct fuzz_thread *t);
void fuzz_op_msr_area(struct fuzz_thread *t);
void fuzz_op_map(struct fuzz_thread *t);
void fuzz_op_drop_memory(struct fuzz_thread *t);

void fuzz_fail(struct fuzz_thread *t, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
void fuzz_thread_init(struct fuzz_thread *t, struct fuzz_machine *m, unsigned int number);
void fuzz_start(struct fuzz_thread *t);
void fuzz_step(struct fuzz_thread *t);
void fuzz_disturb(struct fuzz_thread *t);
void fuzz_check_memory(struct fuzz_thread *t);

#endif /* NVMX_FUZZ_OPS_H */
