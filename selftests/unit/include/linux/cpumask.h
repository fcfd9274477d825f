/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_CPUMASK_H
#define UNIT_LINUX_CPUMASK_H

/* Only handed on, never looked at. */
struct cpumask;

#endif
