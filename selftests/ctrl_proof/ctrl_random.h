/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random numbers for the states of ctrl_proof_test: a state depends on its seed and
 * its number alone.
 */
#ifndef NVMX_CTRL_RANDOM_H
#define NVMX_CTRL_RANDOM_H

#include <linux/types.h>

extern u64 ctrl_random_state;

static inline u64 next_random(void)
{
	u64 z = ctrl_random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline unsigned int below(unsigned int n)
{
	return (next_random() >> 32) * n >> 32;
}

#define ONE_OF(...)	one_of((const u64[]){ __VA_ARGS__ },			\
			       sizeof((const u64[]){ __VA_ARGS__ }) / sizeof(u64))

static inline u64 one_of(const u64 *list, unsigned int n)
{
	return list[below(n)];
}

#endif /* NVMX_CTRL_RANDOM_H */
