/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_MUTEX_H
#define UNIT_LINUX_MUTEX_H

#include <linux/lockdep.h>
#include <linux/types.h>
#include <stdlib.h>

/* Nobody to wait for: what would wait is wrong. */
struct mutex {
	bool held;
};

static inline void mutex_init(struct mutex *lock)
{
	lock->held = false;
}

static inline bool mutex_trylock(struct mutex *lock)
{
	return !lock->held && (lock->held = true);
}

static inline void mutex_lock(struct mutex *lock)
{
	if (!mutex_trylock(lock))
		abort();
}

static inline void mutex_unlock(struct mutex *lock)
{
	if (!lock->held)
		abort();
	lock->held = false;
}

static inline void mutex_destroy(struct mutex *lock)
{
	if (lock->held)
		abort();
}

#endif
