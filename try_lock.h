/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A lock that is only ever tried: as nobody waits for it, it is a bit.
 */
#ifndef NVMX_TRY_LOCK_H
#define NVMX_TRY_LOCK_H

#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/types.h>

/**
 * struct try_lock - the lock
 * @held: bit 0: it is held
 * @dep_map: for lockdep_assert_held()
 */
struct try_lock {
	unsigned long held;
	struct lockdep_map dep_map;
};

/* A class for each place that makes such locks. */
#define try_lock_init(lock)						\
do {									\
	static struct lock_class_key key_;				\
									\
	(lock)->held = 0;						\
	lockdep_init_map(&(lock)->dep_map, #lock, &key_, 0);		\
} while (0)

/**
 * try_lock() - take a lock if nobody has it
 * @lock: the lock
 *
 * Context: Process context; the holder may sleep.
 * Return: true if it is taken.
 */
static __always_inline bool try_lock(struct try_lock *lock)
{
	if (unlikely(test_and_set_bit_lock(0, &lock->held)))
		return false;

	lock_acquire_exclusive(&lock->dep_map, 0, 1, NULL, _RET_IP_);
	return true;
}

/**
 * try_unlock() - release a lock
 * @lock: the lock, held by the caller
 *
 * Context: Process context.
 */
static __always_inline void try_unlock(struct try_lock *lock)
{
	lock_release(&lock->dep_map, _RET_IP_);
	clear_bit_unlock(0, &lock->held);
}

#endif /* NVMX_TRY_LOCK_H */
