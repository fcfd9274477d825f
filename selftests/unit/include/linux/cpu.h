/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_CPU_H
#define UNIT_LINUX_CPU_H

#include <linux/types.h>

/* For tests: mitigations=off. */
bool unit_mitigations_off __attribute__((weak));

#define cpu_mitigations_off()	unit_mitigations_off

#endif
