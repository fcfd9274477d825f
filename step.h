/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A line of the kernel log for each step, with names: for those who have no
 * tracing set up.  Module parameter "steps".
 */
#ifndef NVMX_STEP_H
#define NVMX_STEP_H

#include <linux/jump_label.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/types.h>

/** nvmx_steps - whether steps are printed; written by the administrator */
DECLARE_STATIC_KEY_FALSE(nvmx_steps);

#define nvmx_step(format, ...)						\
do {									\
	if (static_branch_unlikely(&nvmx_steps))			\
		pr_info_ratelimited(format, ##__VA_ARGS__);		\
} while (0)

#endif /* NVMX_STEP_H */
