/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fuzz targets: programs that make a case of the bytes they are given and check
 * what must hold for every case.
 *
 * A target is one file NAME_fuzz.c with a function fuzz_one(), which states
 * properties with the EXPECT_x of the unit tests; a failed one ends the
 * program.  It is linked with libFuzzer, or with replay.c, which needs no more
 * than gcc.  What a target shares with a unit test (valid states, an obvious
 * second implementation) it includes from there.
 */
#ifndef NVMX_FUZZ_H
#define NVMX_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "unit.h"

/* A unit test that is included is no program. */
#undef UNIT_MAIN
#define UNIT_MAIN

/**
 * struct fuzz_input - the bytes of a case
 * @next: the next one
 * @left: how many are left; beyond them all are 0
 */
struct fuzz_input {
	const uint8_t *next;
	size_t left;
};

/* Take the next bytes of the input, as a number: little-endian. */
static inline unsigned long long fuzz_take(struct fuzz_input *in, size_t bytes)
{
	unsigned long long value = 0;
	size_t n = bytes < in->left ? bytes : in->left;

	memcpy(&value, in->next, n);
	in->next += n;
	in->left -= n;
	return value;
}

#define fuzz_u8(in)	((uint8_t)fuzz_take(in, 1))
#define fuzz_u16(in)	((uint16_t)fuzz_take(in, 2))
#define fuzz_u32(in)	((uint32_t)fuzz_take(in, 4))
#define fuzz_u64(in)	((uint64_t)fuzz_take(in, 8))

/* One of 0 to @n - 1. */
static inline unsigned int fuzz_below(struct fuzz_input *in, unsigned int n)
{
	return (n <= 256 ? fuzz_u8(in) : fuzz_u16(in)) % n;
}

/* A value at which something may change: a bit, a border, or anything. */
static inline uint64_t fuzz_value(struct fuzz_input *in)
{
	unsigned int how = fuzz_u8(in);

	switch (how >> 6) {
	case 0:
		return 1ULL << (how & 63);
	case 1:
		return (1ULL << (how & 63)) - 1;
	case 2:
		return ~0ULL << (how & 63);
	default:
		return fuzz_take(in, (how & 7) + 1);
	}
}

/* @value with a bit flipped, set, cleared, or with another value altogether. */
static inline uint64_t fuzz_mutate(struct fuzz_input *in, uint64_t value)
{
	unsigned int how = fuzz_u8(in);
	uint64_t bit = 1ULL << (how & 63);

	switch (how >> 6) {
	case 0:
		return value ^ bit;
	case 1:
		return value | bit;
	case 2:
		return value & ~bit;
	default:
		return fuzz_value(in);
	}
}

/* What a target is: check one case. */
static void fuzz_one(struct fuzz_input *in);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { .next = data, .left = size };

	fuzz_one(&in);
	if (unit_failures) {
		fflush(stdout);
		abort();
	}
	return 0;
}

#endif /* NVMX_FUZZ_H */
