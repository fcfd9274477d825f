/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_ASM_CPUFEATURE_H
#define UNIT_ASM_CPUFEATURE_H

#include <linux/types.h>

/* For tests: the one bug that anybody asks for. */
bool unit_has_multihit __attribute__((weak));

#define X86_BUG_ITLB_MULTIHIT	0
#define boot_cpu_has_bug(bug)	((void)(bug), unit_has_multihit)

#endif
