/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ticks of the TSC, and lines "BENCH key ticks" for tools/bench.
 */
#ifndef NVMX_BENCH_H
#define NVMX_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define WARM_UP	64
#define ROUNDS	501

static inline uint64_t ticks(void)
{
	return __builtin_ia32_rdtsc();
}

static inline int compare_ticks(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static inline uint64_t median(uint64_t *sample, unsigned int count)
{
	qsort(sample, count, sizeof(*sample), compare_ticks);
	return sample[count / 2];
}

/*
 * Median ticks of @work, of ROUNDS after WARM_UP.  Two RDTSCs in a row are
 * taken off.
 */
#define MEASURE(work) ({						\
	static uint64_t sample_[ROUNDS], empty_[ROUNDS];		\
	uint64_t start_, cost_;						\
	int i_;								\
									\
	for (i_ = -WARM_UP; i_ < ROUNDS; i_++) {			\
		start_ = ticks();					\
		cost_ = ticks() - start_;				\
		if (i_ >= 0)						\
			empty_[i_] = cost_;				\
	}								\
	for (i_ = -WARM_UP; i_ < ROUNDS; i_++) {			\
		start_ = ticks();					\
		work;							\
		cost_ = ticks() - start_;				\
		if (i_ >= 0)						\
			sample_[i_] = cost_;				\
	}								\
	median(sample_, ROUNDS) - median(empty_, ROUNDS);		\
})

static inline void report(const char *key, uint64_t value)
{
	printf("BENCH %s %llu\n", key, (unsigned long long)value);
	fflush(stdout);
}

#endif /* NVMX_BENCH_H */
