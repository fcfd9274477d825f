/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_IDR_H
#define UNIT_LINUX_IDR_H

#include <linux/errno.h>
#include <linux/types.h>

/* Numbers, and how many are taken: more than there are if one is given back twice. */
struct ida {
	bool taken[0x10000];
	unsigned int count;
	bool destroyed;
};

#define DEFINE_IDA(name)	struct ida name

static inline int ida_alloc_range(struct ida *ida, unsigned int min, unsigned int max,
				  gfp_t gfp)
{
	for (; min <= max; min++)
		if (!ida->taken[min]) {
			ida->taken[min] = true;
			ida->count++;
			return min;
		}
	return -ENOSPC;
}

static inline void ida_free(struct ida *ida, unsigned int id)
{
	ida->count--;
	ida->taken[id] = false;
}

static inline void ida_destroy(struct ida *ida)
{
	*ida = (struct ida){ .destroyed = true };
}

#endif
