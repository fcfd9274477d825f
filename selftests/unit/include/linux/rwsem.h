/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_RWSEM_H
#define UNIT_LINUX_RWSEM_H

/* Only a member. */
struct rw_semaphore {
	int unused;
};

#endif
