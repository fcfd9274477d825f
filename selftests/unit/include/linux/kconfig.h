/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_KCONFIG_H
#define UNIT_LINUX_KCONFIG_H

/* User space has no kernel configuration. */
#define IS_ENABLED(option)	0

#endif
