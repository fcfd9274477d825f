/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_PERCPU_H
#define UNIT_LINUX_PERCPU_H

/* A machine of one CPU. */
#define DECLARE_PER_CPU(type, name)	extern __typeof__(type) name
#define this_cpu_read(name)		(name)
#define this_cpu_ptr(pointer)		(pointer)

#endif
