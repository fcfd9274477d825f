/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest states for probe_test: good ones in each mode, and a seeded generator
 * that moves them to their boundaries and beyond.
 */
#ifndef NVMX_PROBE_STATES_H
#define NVMX_PROBE_STATES_H

#include "l1_setup.h"

/** STATE_FIELDS_MAX - room for fields that make a state */
#define STATE_FIELDS_MAX	80

/** DEVIATIONS_MAX - room for known deviations */
#define DEVIATIONS_MAX		32

/**
 * enum field_kind - how a field is mutated
 * @KIND_SELECTOR: RPL and TI
 * @KIND_BASE: canonical or not, beyond 32 bits or not
 * @KIND_LIMIT: granularity
 * @KIND_AR: access rights
 * @KIND_CR0: control register
 * @KIND_CR4: control register
 * @KIND_BITS: any bit
 * @KIND_PAT: memory types
 * @KIND_RIP: as a base, and with carries
 * @KIND_ENTRY: the controls that choose rules
 * @KIND_PIN: virtual NMIs
 * @KIND_EVENT: event to inject
 * @KIND_LENGTH: instruction length
 * @KIND_ACTIVITY: activity state
 * @KIND_DEBUGCTL: all but what the processor may not be shown
 * @KIND_CR3: width
 * @KIND_PDPTE: PDPTE
 */
enum field_kind {
	KIND_SELECTOR, KIND_BASE, KIND_LIMIT, KIND_AR, KIND_CR0, KIND_CR4, KIND_BITS,
	KIND_PAT, KIND_RIP, KIND_ENTRY, KIND_PIN, KIND_EVENT, KIND_LENGTH,
	KIND_ACTIVITY, KIND_DEBUGCTL, KIND_CR3, KIND_PDPTE,
};

struct state_field {
	const char *name;
	__u32 encoding;
	enum field_kind kind;
	unsigned int bits;
	unsigned int weight;
};

struct base {
	const char *name;
	enum l2_mode mode;
	void (*change)(struct l1 *l1);
	bool unrestricted;
	__u64 value[STATE_FIELDS_MAX];
};

/**
 * struct state - a state that can be written to the current VMCS
 * @base: the good state that it came from
 * @value: by number in state_field
 * @written: what the VMCS holds
 */
struct state {
	const struct base *base;
	__u64 value[STATE_FIELDS_MAX];
	__u64 written[STATE_FIELDS_MAX];
};

/**
 * struct deviation - where the emulated processor differs from the SDM
 * @name: what about
 * @rules: ids of the rules it does not check, up to a 0; none: it refuses more
 * @applies: whether this can be it; @probe only for a refusal
 * @section: of the SDM
 * @sdm: what that says
 * @log: the emulator's own line, or what it does
 */
struct deviation {
	const char *name;
	__u32 rules[8];
	bool (*applies)(const struct nvmx_probe *probe, const struct state *s);
	const char *section;
	const char *sdm;
	const char *log;
};

extern const struct state_field state_field[];
extern const unsigned int state_fields;
extern const unsigned int bases;
extern const struct deviation deviation[];
extern const unsigned int deviations;

void base_prepare(struct l1 *l1, unsigned int n, struct state *s);
void state_make(struct state *s, __u64 seed, __u64 n);
void state_write(struct l1 *l1, struct state *s);
void state_set(struct state *s, __u32 encoding, __u64 value);
__u64 state_get(const struct state *s, __u32 encoding);

bool state_crashes(const struct state *s);
int deviation_accepts(__u32 rule, const struct state *s);
int deviation_refuses(const struct nvmx_probe *probe, const struct state *s);

#endif /* NVMX_PROBE_STATES_H */
