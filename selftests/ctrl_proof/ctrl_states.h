/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * States for ctrl_proof_test: valid ones with each family of controls, and a
 * seeded generator that moves them to their boundaries and beyond.
 */
#ifndef NVMX_CTRL_STATES_H
#define NVMX_CTRL_STATES_H

#include "entry_checks.h"
#include "ctrl_proof.h"

#define CTRL_PAGE	4096
/* The page with harmless entries of an MSR area. */
#define CTRL_AREA(w)	((w)->setup.pages + CTRL_PAGE)

/** CTRL_LIST_MAX - no more rules are broken by a state of two mutations */
#define CTRL_LIST_MAX	64

/**
 * struct ctrl_world - the processor and what may be shown to it
 * @setup: what the test module said
 * @caps: the same, for the rules
 * @l1: this kernel, for the rules
 */
struct ctrl_world {
	struct proof_setup setup;
	struct nvmx_caps caps;
	struct nvmx_l1 l1;
};

/**
 * struct ctrl_state - a state to be judged
 * @f: value of each field
 * @how: enum proof_how
 * @base: number of the valid state that it came from
 */
struct ctrl_state {
	u64 f[VMCS_FIELD_COUNT];
	u32 how;
	unsigned int base;
};

/**
 * struct ctrl_deviation - where the emulated processor differs from the SDM
 * @name: what about
 * @rules: ids of the rules that it does not check, up to a 0; none: it refuses more
 * @applies: whether this can be it, or NULL
 * @section: of the SDM
 * @sdm: what that says
 * @log: the emulator's own line, or what it does
 */
struct ctrl_deviation {
	const char *name;
	u32 rules[8];
	bool (*applies)(const struct ctrl_world *w, const struct ctrl_state *s);
	const char *section;
	const char *sdm;
	const char *log;
};

/**
 * struct ctrl_beyond - rules that this processor cannot be seen to check
 * @first: first id
 * @last: last id
 * @why: because
 */
struct ctrl_beyond {
	u32 first, last;
	const char *why;
};

/**
 * struct ctrl_base - a valid state
 * @name: what it is about
 * @make: from the plain one
 * @count: elements of @focus
 * @focus: fields that matter there
 */
struct ctrl_base {
	const char *name;
	void (*make)(const struct ctrl_world *w, struct ctrl_state *s);
	u8 count;
	u8 focus[14];
};

extern const struct ctrl_base ctrl_bases[];
extern const unsigned int ctrl_base_count;
extern const struct ctrl_deviation ctrl_deviation[];
extern const unsigned int ctrl_deviations;
extern const struct ctrl_beyond ctrl_beyond[];
extern const unsigned int ctrl_beyonds;

void ctrl_world_init(struct ctrl_world *w);
void ctrl_valid(const struct ctrl_world *w, unsigned int base, struct ctrl_state *s);
void ctrl_mutate(const struct ctrl_world *w, struct ctrl_state *s, u64 seed, u64 n);
bool ctrl_harmless(const struct ctrl_world *w, const struct ctrl_state *s);
u32 ctrl_judge(const struct ctrl_world *w, const struct ctrl_state *s,
	       struct nvmx_failure *list);

#endif /* NVMX_CTRL_STATES_H */
