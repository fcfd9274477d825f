// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rules of VM entry on controls and host state against the processor: states
 * that are good and ones a little beside are judged by both.
 *
 * VMfail must have the error of one of the broken rules.  Where none is broken the
 * processor must get as far as guest state, which is one that it refuses (exit 33).
 * PROOF_STATES and PROOF_SEED in the environment say how many states, and which.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kernel.h>

#include "ctrl_states.h"
#include "entry_rules.h"
#include "unit.h"

#define DEFAULT_STATES	40000
#define DEFAULT_SEED	1

/* Past all ids of rules. */
#define RULES_END	17000
#define SHOWN_MAX	60
#define MINIMIZED_MAX	1000

#define EXIT_33		0x80000021U

struct verdict {
	struct nvmx_failure list[CTRL_LIST_MAX];
	u32 total;
	struct proof_entry entry;
};

struct tally {
	unsigned int states, accepted, refused, not_shown, unexplained, deviations;
	unsigned int deviation[32];
	bool broken[RULES_END], confirmed[RULES_END];
};

static int fd = -1;
static struct ctrl_world world;
static u64 written[VMCS_FIELD_COUNT];
static struct tally tally;

/* ---- deviations ---------------------------------------------------------- */

static bool about(const struct ctrl_deviation *d, u32 rule)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(d->rules) && d->rules[i]; i++)
		if (d->rules[i] == rule)
			return true;
	return false;
}

/* The deviation by which a rule is not checked (0: more is refused), or -1. */
static int deviation_of(u32 rule, const struct ctrl_state *s)
{
	unsigned int i;

	for (i = 0; i < ctrl_deviations; i++) {
		const struct ctrl_deviation *d = &ctrl_deviation[i];

		if ((rule ? about(d, rule) : !d->rules[0]) &&
		    (!d->applies || d->applies(&world, s)))
			return i;
	}
	return -1;
}

/* ---- the two verdicts ---------------------------------------------------- */

static void add_field(struct proof_entry *entry, unsigned int i, u64 value)
{
	entry->field[entry->count].encoding = vmcs_field_table[i].encoding;
	entry->field[entry->count++].value = value;
}

static bool is_host(unsigned int i)
{
	return VMCS_ENC_TYPE(vmcs_field_table[i].encoding) == VMCS_HOST;
}

/* Host state is written anew by the module each time. */
static bool must_write(const struct ctrl_state *s, const struct ctrl_state *base,
		       unsigned int i)
{
	return is_host(i) ? s->f[i] != base->f[i] : s->f[i] != written[i];
}

static void ask_processor(const struct ctrl_state *s, struct proof_entry *entry)
{
	static struct ctrl_state base;
	unsigned int i;

	ctrl_valid(&world, s->base, &base);
	entry->how = s->how;
	entry->count = 0;
	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		if (!vmcs_field_exists(&world.caps, i) || !must_write(s, &base, i))
			continue;
		add_field(entry, i, s->f[i]);
		written[i] = s->f[i];
	}
	if (ioctl(fd, PROOF_ENTER, entry)) {
		printf("# PROOF_ENTER: %s\n", strerror(errno));
		exit(1);
	}
}

/* The SDM leaves the others to the implementation. */
static bool is_binding(u32 rule)
{
	return !entry_checks_text(rule)->implementation;
}

/* Only a state that is not refused for certain has to be harmless. */
static bool is_refused(const struct verdict *v, const struct ctrl_state *s)
{
	u32 i;

	for (i = 0; i < v->total; i++)
		if (is_binding(v->list[i].rule) && deviation_of(v->list[i].rule, s) < 0)
			return true;
	return false;
}

/* Return: false if the processor must not be asked. */
static bool judge(const struct ctrl_state *s, struct verdict *v)
{
	v->total = ctrl_judge(&world, s, v->list);
	if (!is_refused(v, s) && !ctrl_harmless(&world, s))
		return false;
	ask_processor(s, &v->entry);
	return true;
}

static bool accepted(const struct verdict *v)
{
	return v->entry.out_outcome == PROOF_EXIT && v->entry.out_reason == EXIT_33;
}

static bool agrees(const struct verdict *v)
{
	unsigned int i;

	for (i = 0; i < v->total; i++)
		if (accepted(v) ? is_binding(v->list[i].rule) :
				  v->list[i].outcome == v->entry.out_error)
			return !accepted(v);
	return accepted(v);
}

/* ---- the verdicts compared ----------------------------------------------- */

static int explanation(const struct verdict *v, const struct ctrl_state *s)
{
	unsigned int i;
	int known = -1;

	if (!accepted(v))
		return deviation_of(0, s);
	for (i = 0; i < v->total; i++) {
		if (!is_binding(v->list[i].rule))
			continue;
		known = deviation_of(v->list[i].rule, s);
		if (known < 0)
			return -1;
	}
	return known;
}

/* ---- showing ------------------------------------------------------------- */

static void show(const struct ctrl_state *s, const struct verdict *v)
{
	struct ctrl_state base;
	unsigned int i;

	ctrl_valid(&world, s->base, &base);
	printf("# %s, instruction %u: processor: outcome %u, error %u, reason %#x; rules:",
	       ctrl_bases[s->base].name, s->how, v->entry.out_outcome, v->entry.out_error,
	       v->entry.out_reason);
	for (i = 0; i < v->total; i++)
		printf(" %u", v->list[i].rule);
	printf("\n");
	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		if (s->f[i] != base.f[i])
			printf("#   %s %#llx, of a good state %#llx\n",
			       vmcs_field_table[i].name, (unsigned long long)s->f[i],
			       (unsigned long long)base.f[i]);
}

static bool disagrees(const struct ctrl_state *s, struct verdict *v)
{
	return judge(s, v) && !agrees(v) && explanation(v, s) < 0;
}

/* Take back one field that the disagreement does not need. */
static bool reduce(struct ctrl_state *s, struct verdict *v)
{
	struct ctrl_state base;
	unsigned int i;

	ctrl_valid(&world, s->base, &base);
	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		u64 value = s->f[i];

		if (value == base.f[i])
			continue;
		s->f[i] = base.f[i];
		if (disagrees(s, v))
			return true;
		s->f[i] = value;
	}
	return false;
}

/* One disagreement in many states is shown once. */
static bool is_new(const struct ctrl_state *s, const struct verdict *v)
{
	static u64 seen[SHOWN_MAX];
	static unsigned int count;
	u64 sign = v->entry.out_outcome * 100 + v->entry.out_error;
	struct ctrl_state base;
	unsigned int i;

	ctrl_valid(&world, s->base, &base);
	for (i = 0; i < v->total; i++)
		sign = sign * 1000003 + v->list[i].rule;
	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		if (s->f[i] != base.f[i])
			sign = sign * 1000003 + i;
	for (i = 0; i < count; i++)
		if (seen[i] == sign)
			return false;
	if (count == SHOWN_MAX)
		return false;
	seen[count++] = sign;
	return true;
}

static void minimize(struct ctrl_state *s, struct verdict *v)
{
	while (reduce(s, v))
		;
	disagrees(s, v);
}

/* ---- the proof ----------------------------------------------------------- */

static unsigned long parameter(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoul(value, NULL, 0) : otherwise;
}

/* A rule that was broken alone is the one that the processor went by. */
static void note_rules(const struct verdict *v)
{
	unsigned int i;

	for (i = 0; i < v->total; i++)
		tally.broken[v->list[i].rule] = true;
	if (v->total == 1 && !accepted(v) && agrees(v))
		tally.confirmed[v->list[0].rule] = true;
}

static void count(struct ctrl_state *s, struct verdict *v)
{
	int known;

	tally.accepted += accepted(v);
	tally.refused += !accepted(v);
	note_rules(v);
	if (agrees(v))
		return;

	known = explanation(v, s);
	if (known >= 0) {
		tally.deviations++;
		tally.deviation[known]++;
		return;
	}
	if (tally.unexplained++ > MINIMIZED_MAX)
		return;
	minimize(s, v);
	if (is_new(s, v))
		show(s, v);
}

/* Rules on controls and host state. */
static bool is_ours(u32 rule)
{
	return rule / 1000 - 1 < ENTRY_GUEST_REGS;
}

static const struct ctrl_beyond *beyond(u32 rule)
{
	unsigned int i;

	for (i = 0; i < ctrl_beyonds; i++)
		if (rule >= ctrl_beyond[i].first && rule <= ctrl_beyond[i].last)
			return &ctrl_beyond[i];
	return NULL;
}

static bool not_checked(u32 rule)
{
	unsigned int i;

	for (i = 0; i < ctrl_deviations; i++)
		if (about(&ctrl_deviation[i], rule))
			return true;
	return false;
}

static void summary(void)
{
	unsigned int i, confirmed = 0;

	for (i = 0; i < RULES_END; i++)
		confirmed += tally.confirmed[i];
	printf("# %u states: accepted %u, refused %u, not shown %u\n", tally.states,
	       tally.accepted, tally.refused, tally.not_shown);
	printf("# deviations %u, unexplained %u\n", tally.deviations, tally.unexplained);
	printf("# rules: %u broken alone and refused by the processor\n", confirmed);
	for (i = 0; i < ctrl_deviations; i++)
		printf("# deviation, %u states: %s (rule %u): SDM, \"%s\": %s; log: %s\n",
		       tally.deviation[i], ctrl_deviation[i].name,
		       ctrl_deviation[i].rules[0], ctrl_deviation[i].section,
		       ctrl_deviation[i].sdm, ctrl_deviation[i].log);
	for (i = 0; i < ctrl_beyonds; i++)
		printf("# beyond this processor: rules %u to %u: %s\n",
		       ctrl_beyond[i].first, ctrl_beyond[i].last, ctrl_beyond[i].why);
}

UNIT_TEST(the_processor_is_asked)
{
	fd = open(PROOF_DEVICE, O_RDWR);
	ASSERT_TRUE(fd >= 0);
	ASSERT_EQ(0, ioctl(fd, PROOF_SETUP, &world.setup));
	ctrl_world_init(&world);
	EXPECT_TRUE(world.caps.msr[CAPS_BASIC] & BIT_ULL(55));
}

UNIT_TEST(valid_states_are_accepted)
{
	static struct verdict v;
	static struct ctrl_state s;
	unsigned int b;

	for (b = 0; b < ctrl_base_count; b++) {
		ctrl_valid(&world, b, &s);
		/* No field is new to the processor. */
		ASSERT_TRUE(judge(&s, &v));
		if (!EXPECT_EQ(0, v.total) | !EXPECT_TRUE(accepted(&v)))
			show(&s, &v);
		EXPECT_EQ(~0U, v.entry.out_refused);
	}
}

UNIT_TEST(the_processor_agrees_with_the_rules)
{
	unsigned long i, n = parameter("PROOF_STATES", DEFAULT_STATES);
	unsigned long seed = parameter("PROOF_SEED", DEFAULT_SEED);
	static struct verdict v;
	static struct ctrl_state s;

	printf("# %lu states, seed %lu\n", n, seed);
	for (i = 0; i < n; i++) {
		ctrl_mutate(&world, &s, seed, i);
		tally.states++;
		if (judge(&s, &v))
			count(&s, &v);
		else
			tally.not_shown++;
	}
	summary();
	EXPECT_EQ(0, tally.unexplained);
	EXPECT_TRUE(tally.not_shown < n / 20);
	EXPECT_TRUE(tally.accepted > n / 20);
	EXPECT_TRUE(tally.refused > n / 20);
}

UNIT_TEST(each_rule_is_confirmed_or_listed)
{
	unsigned int i;

	for (i = 0; i < entry_checks_count(); i++) {
		u32 rule = entry_rules[i].id;

		if (!is_ours(rule))
			continue;
		if (!EXPECT_TRUE(tally.confirmed[rule] || beyond(rule) ||
				 not_checked(rule)))
			printf("# rule %u %s was not seen at work\n", rule,
			       entry_rules[i].text.name);
		if (!EXPECT_FALSE(tally.confirmed[rule] && beyond(rule)))
			printf("# rule %u is listed as beyond this processor\n", rule);
	}
}

UNIT_TEST(each_listed_deviation_was_met)
{
	unsigned int i;

	for (i = 0; i < ctrl_deviations; i++)
		if (!EXPECT_TRUE(tally.deviation[i]))
			printf("# %s\n", ctrl_deviation[i].name);
}

UNIT_MAIN
