/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_CPUMASK_H
#define UNIT_LINUX_CPUMASK_H

#include <linux/slab.h>
#include <linux/types.h>

/* Only handed on, never looked at. */
struct cpumask {
	unsigned long bits;
};

typedef struct cpumask *cpumask_var_t;

static inline bool zalloc_cpumask_var(cpumask_var_t *mask, gfp_t gfp)
{
	*mask = kzalloc(sizeof(**mask), gfp);
	return *mask;
}

static inline void free_cpumask_var(cpumask_var_t mask)
{
	kfree(mask);
}

#endif
