// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of VM entry against the processor: guest states and events to
 * inject, good ones and ones a little beside, are judged by both.
 *
 * The processor's outcome must be that of one of the broken rules, and where
 * none is broken it must accept.  NVMX_PROBE_STATES and NVMX_PROBE_SEED in the
 * environment say how many states, and which; NVMX_PROBE_STRICT=1 that no
 * deviation of the emulator is an excuse.
 */
#include <stdlib.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"

#include "l1_setup.h"
#include "probe_states.h"

/* An emulated machine with more than one CPU is slow. */
#define DEFAULT_STATES	(sysconf(_SC_NPROCESSORS_ONLN) == 1 ? 100000 : 10000)
#define DEFAULT_SEED	1

/* Of guest time, which is several times slower than ours with one CPU. */
#define SECONDS		900

/* Unexplained disagreements that are shown. */
#define SHOWN_MAX	60
#define MINIMIZED_MAX	1000

/* Past all ids of rules. */
#define RULES_END	17000

/* No more rules are broken by a state of two mutations. */
#define LIST_MAX	40

struct verdict {
	struct nvmx_probe probe;
	struct nvmx_failure list[LIST_MAX];
};

struct tally {
	unsigned int states;
	unsigned int accepted;
	unsigned int refused;
	unsigned int not_comparable[4];
	unsigned int deviations;
	unsigned int deviation[DEVIATIONS_MAX];
	unsigned int unexplained;
	unsigned int crashes;
	bool confirmed[RULES_END];
	bool broken[RULES_END];
};

FIXTURE(probe) {
	struct l1 l1;
	struct verdict v;
};

FIXTURE_SETUP(probe)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	alarm(SECONDS);
}

FIXTURE_TEARDOWN(probe)
{
	l1_close(&self->l1);
}

static int judge(struct l1 *l1, struct verdict *v)
{
	return nvmx_probe(l1->fd, v->list, LIST_MAX, &v->probe);
}

/* No deviation of an emulator is known: for a real processor. */
static bool strict;

/* ---- agreement ----------------------------------------------------------- */

static bool same_outcome(const struct nvmx_probe *p, const struct nvmx_failure *f)
{
	if (p->out_outcome == NVMX_PROBE_VMFAIL)
		return f->outcome == p->out_error;
	return f->outcome == p->out_exit_reason && f->qualification == p->out_qualification;
}

static bool agrees(const struct verdict *v)
{
	const struct nvmx_probe *p = &v->probe;
	unsigned int i;

	if (p->out_outcome == NVMX_PROBE_ACCEPTED)
		return !p->out_total;
	for (i = 0; i < p->out_count; i++)
		if (same_outcome(p, &v->list[i]))
			return true;
	return false;
}

/* The number of a deviation that explains it, or -1. */
static int explanation(const struct verdict *v, const struct state *s)
{
	const struct nvmx_probe *p = &v->probe;
	unsigned int i;
	int known = -1;

	if (strict)
		return -1;
	if (p->out_outcome != NVMX_PROBE_ACCEPTED || p->out_total > p->out_count)
		return deviation_refuses(p, s);
	for (i = 0; i < p->out_count; i++) {
		known = deviation_accepts(v->list[i].rule, s);
		if (known < 0)
			return -1;
	}
	return known;
}

/* ---- showing ------------------------------------------------------------- */

static void show(const struct state *s, const struct verdict *v)
{
	const struct nvmx_probe *p = &v->probe;
	unsigned int i;

	printf("# %s: processor: outcome %u, reason %#x, qualification %llu, error %u;"
	       " rules:", s->base->name, p->out_outcome, p->out_exit_reason,
	       p->out_qualification, p->out_error);
	for (i = 0; i < p->out_count; i++)
		printf(" %u", v->list[i].rule);
	printf("\n");
	for (i = 0; i < state_fields; i++)
		if (s->value[i] != s->base->value[i])
			printf("#   %s %#llx, of a good state %#llx\n",
			       state_field[i].name, s->value[i], s->base->value[i]);
	fflush(stdout);
}

/* One disagreement in many states is shown once. */
static bool is_new(const struct state *s, const struct verdict *v)
{
	static __u64 seen[SHOWN_MAX];
	static unsigned int count;
	__u64 sign = v->probe.out_outcome;
	unsigned int i;

	for (i = 0; i < v->probe.out_count; i++)
		sign = sign * 1000003 + v->list[i].rule;
	for (i = 0; i < state_fields; i++)
		if (s->value[i] != s->base->value[i])
			sign = sign * 1000003 + state_field[i].encoding;
	for (i = 0; i < count; i++)
		if (seen[i] == sign)
			return false;
	if (count == SHOWN_MAX)
		return false;
	seen[count++] = sign;
	return true;
}

static bool disagrees(struct l1 *l1, struct state *s, struct verdict *v)
{
	state_write(l1, s);
	return !judge(l1, v) && v->probe.out_reason == NVMX_PROBE_COMPARABLE &&
	       !agrees(v) && explanation(v, s) < 0;
}

/* Take back one field that the disagreement does not need. */
static bool reduce(struct l1 *l1, struct state *s, struct verdict *v)
{
	unsigned int i;

	for (i = 0; i < state_fields; i++) {
		__u64 value = s->value[i];

		if (value == s->base->value[i])
			continue;
		state_set(s, state_field[i].encoding, s->base->value[i]);
		if (!state_crashes(s) && disagrees(l1, s, v))
			return true;
		state_set(s, state_field[i].encoding, value);
	}
	return false;
}

static void minimize(struct l1 *l1, struct state *s, struct verdict *v)
{
	while (reduce(l1, s, v))
		;
	disagrees(l1, s, v);
}

/* ---- the proof ----------------------------------------------------------- */

/* A rule that was broken alone is the one that the processor went by. */
static void note_rules(const struct nvmx_probe *p, const struct verdict *v,
		       struct tally *t)
{
	unsigned int i;

	for (i = 0; i < p->out_count; i++)
		if (v->list[i].rule < RULES_END)
			t->broken[v->list[i].rule] = true;
	if (p->out_total == 1 && p->out_outcome != NVMX_PROBE_ACCEPTED &&
	    v->list[0].rule < RULES_END)
		t->confirmed[v->list[0].rule] = true;
}

static unsigned int how_many(const bool *flags)
{
	unsigned int i, n = 0;

	for (i = 0; i < RULES_END; i++)
		n += flags[i];
	return n;
}

static void count(struct l1 *l1, struct state *s, struct verdict *v, struct tally *t)
{
	const struct nvmx_probe *p = &v->probe;
	int known;

	t->states++;
	if (p->out_reason != NVMX_PROBE_COMPARABLE) {
		t->not_comparable[p->out_reason]++;
		return;
	}
	if (p->out_outcome == NVMX_PROBE_ACCEPTED)
		t->accepted++;
	else
		t->refused++;
	note_rules(p, v, t);
	if (agrees(v))
		return;

	known = explanation(v, s);
	if (known >= 0) {
		t->deviations++;
		t->deviation[known]++;
		return;
	}
	if (t->unexplained++ > MINIMIZED_MAX)
		return;
	minimize(l1, s, v);
	if (is_new(s, v))
		show(s, v);
}

static unsigned int all_not_comparable(const struct tally *t)
{
	return t->not_comparable[NVMX_PROBE_HIDDEN] +
	       t->not_comparable[NVMX_PROBE_ACTIVITY] +
	       t->not_comparable[NVMX_PROBE_PROCESSOR];
}

static void summary(const struct tally *t)
{
	unsigned int i;

	printf("# %u states: accepted %u, refused %u, deviations %u, unexplained %u\n",
	       t->states, t->accepted, t->refused, t->deviations, t->unexplained);
	printf("# not comparable: %u (not shown %u, activity %u, processor %u)\n",
	       all_not_comparable(t), t->not_comparable[NVMX_PROBE_HIDDEN],
	       t->not_comparable[NVMX_PROBE_ACTIVITY],
	       t->not_comparable[NVMX_PROBE_PROCESSOR]);
	printf("# rules: %u broken, %u alone and refused by the processor\n",
	       how_many(t->broken), how_many(t->confirmed));
	printf("# not so:");
	for (i = 0; i < RULES_END; i++)
		if (t->broken[i] && !t->confirmed[i])
			printf(" %u", i);
	printf("\n");
	printf("# not asked, for the emulator would not survive it: %u\n", t->crashes);
	for (i = 0; i < deviations; i++)
		printf("# deviation, %u states: %s (rule %u): SDM, \"%s\": %s; log: %s\n",
		       t->deviation[i], deviation[i].name, deviation[i].rules[0],
		       deviation[i].section, deviation[i].sdm, deviation[i].log);
}

TEST_F_TIMEOUT(probe, the_processor_agrees_with_the_rules, SECONDS)
{
	unsigned long n = host_option("NVMX_PROBE_STATES", DEFAULT_STATES);
	unsigned long seed = host_option("NVMX_PROBE_SEED", DEFAULT_SEED);
	static struct tally tally;
	struct state s;
	unsigned int b;
	unsigned long i;

	strict = host_option("NVMX_PROBE_STRICT", 0);
	printf("# %lu states, seed %lu\n", n, seed);
	for (b = 0; b < bases; b++) {
		base_prepare(&self->l1, b, &s);
		for (i = b; i < n; i += bases) {
			state_make(&s, seed, i);
			if (!strict && state_crashes(&s)) {
				tally.crashes++;
				continue;
			}
			state_write(&self->l1, &s);
			ASSERT_EQ(0, judge(&self->l1, &self->v));
			count(&self->l1, &s, &self->v, &tally);
		}
	}
	summary(&tally);
	EXPECT_EQ(0, tally.unexplained);
	EXPECT_EQ(n, tally.states + tally.crashes);
	EXPECT_GT(n / 20, all_not_comparable(&tally));
	EXPECT_GT(tally.accepted, n / 20);
	EXPECT_GT(tally.refused, n / 20);
}

TEST_F(probe, a_good_state_of_each_mode_is_accepted)
{
	struct state s;
	unsigned int b;

	for (b = 0; b < bases; b++) {
		base_prepare(&self->l1, b, &s);
		ASSERT_EQ(0, judge(&self->l1, &self->v));
		EXPECT_EQ(0, self->v.probe.out_total)
			TH_LOG("%s: rule %u", s.base->name, self->v.list[0].rule);
		EXPECT_EQ(NVMX_PROBE_ACCEPTED, self->v.probe.out_outcome)
			TH_LOG("%s", s.base->name);
		EXPECT_EQ(EXIT_TIMER, self->v.probe.out_exit_reason);
	}
}

TEST_F(probe, each_kind_of_outcome_is_told)
{
	struct nvmx_probe *p = &self->v.probe;

	l1_prepare(&self->l1, L2_64);
	l1_write(&self->l1, GUEST_RFLAGS, 0);
	ASSERT_EQ(0, judge(&self->l1, &self->v));
	EXPECT_EQ(NVMX_PROBE_FAILED_ENTRY, p->out_outcome);
	EXPECT_EQ(EXIT_FAILED_ENTRY | EXIT_GUEST_STATE, p->out_exit_reason);
	EXPECT_EQ(1, p->out_total);

	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED);
	l1_write(&self->l1, VM_ENTRY_INTR_INFO_FIELD, INTR_EXT | 1 << 8);
	ASSERT_EQ(0, judge(&self->l1, &self->v));
	EXPECT_EQ(NVMX_PROBE_VMFAIL, p->out_outcome);
	EXPECT_EQ(7, p->out_error);
}

TEST_F(probe, what_the_processor_must_not_see_is_not_compared)
{
	struct nvmx_probe *p = &self->v.probe;

	l1_prepare(&self->l1, L2_64);
	l1_write(&self->l1, VMCS_LINK_POINTER, 1);
	ASSERT_EQ(0, judge(&self->l1, &self->v));
	EXPECT_EQ(NVMX_PROBE_HIDDEN, p->out_reason);
	EXPECT_EQ(NVMX_PROBE_NOT_RUN, p->out_outcome);

	l1_write(&self->l1, VMCS_LINK_POINTER, ~0ULL);
	l1_write(&self->l1, GUEST_ACTIVITY_STATE, 2);
	ASSERT_EQ(0, judge(&self->l1, &self->v));
	EXPECT_EQ(NVMX_PROBE_ACTIVITY, p->out_reason);
}

TEST_F(probe, l2_runs_before_and_after_a_probe)
{
	struct nvmx_state state;
	unsigned int i;

	l1_prepare(&self->l1, L2_64);
	l1_set_control(&self->l1, CAPS_PROC, PROC_HLT);
	for (i = 0; i < 3; i++) {
		l1_run_until(&self->l1, EXIT_HLT);
		ASSERT_EQ(0, judge(&self->l1, &self->v));
		EXPECT_EQ(NVMX_PROBE_ACCEPTED, self->v.probe.out_outcome);
		test_get_state(self->l1.fd, &state);
		EXPECT_EQ(1, state.out_launched);
		l1_write(&self->l1, GUEST_RIP, L1_CODE);
	}
}

TEST_F(probe, there_is_nothing_to_probe_without_a_current_vmcs)
{
	ASSERT_EQ(VMX_OK, nvmx_vmclear(self->l1.fd, L1_VMCS(0)));
	EXPECT_EQ(-ENOENT, judge(&self->l1, &self->v));
}

TEST_HARNESS_MAIN
