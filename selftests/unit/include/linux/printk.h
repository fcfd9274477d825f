/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_PRINTK_H
#define UNIT_LINUX_PRINTK_H

#include <stdio.h>

#define pr_err(...)		((void)0)
#define pr_warn(...)		((void)0)
#define pr_info(...)		((void)0)
#define pr_debug(...)		((void)0)
#define pr_err_once(...)	((void)0)
#define pr_warn_once(...)	((void)0)

#endif
