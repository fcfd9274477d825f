/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_SCHED_SIGNAL_H
#define UNIT_LINUX_SCHED_SIGNAL_H

#include <linux/types.h>

/* For tests: that many looks at it from now on find no signal; 0 for none ever. */
unsigned long unit_signal_in __attribute__((weak));

#define current			NULL
#define fatal_signal_pending(task) \
	((void)(task), unit_signal_in && --unit_signal_in == 0)

#endif
