/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_IO_H
#define UNIT_LINUX_IO_H

#include <linux/types.h>

static inline u64 virt_to_phys(const volatile void *p)
{
	return (unsigned long)p;
}

static inline void *phys_to_virt(u64 pa)
{
	return (void *)(unsigned long)pa;
}

#define page_to_phys(page)	virt_to_phys(page_address(page))

#endif
