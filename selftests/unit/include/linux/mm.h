/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for tables: a page and its struct page lie side by side, so that each
 * leads to the other.
 */
#ifndef UNIT_LINUX_MM_H
#define UNIT_LINUX_MM_H

#include <linux/align.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/types.h>
#include <stdlib.h>

#define PAGE_SHIFT	12
#define PAGE_SIZE	4096UL
#define PAGE_MASK	(~(PAGE_SIZE - 1))

#define offset_in_page(p)	((unsigned long)(p) & ~PAGE_MASK)

struct page {
	struct list_head lru;
};

extern unsigned long unit_page_fail_in;
extern long unit_pages_live;
unsigned long unit_page_fail_in __attribute__((weak));
long unit_pages_live __attribute__((weak));

static inline unsigned long get_zeroed_page(gfp_t gfp)
{
	void *both;

	(void)gfp;
	if (unit_page_fail_in && --unit_page_fail_in == 0)
		return 0;
	both = aligned_alloc(2 * PAGE_SIZE, 2 * PAGE_SIZE);
	if (!both)
		abort();
	__builtin_memset(both, 0, 2 * PAGE_SIZE);
	unit_pages_live++;
	return (unsigned long)both;
}

static inline void free_page(unsigned long page)
{
	if (page)
		unit_pages_live--;
	free((void *)page);
}

static inline struct page *virt_to_page(const void *p)
{
	return (struct page *)((unsigned long)p + PAGE_SIZE);
}

static inline void *page_address(const struct page *page)
{
	return (void *)((unsigned long)page - PAGE_SIZE);
}

static inline unsigned long page_to_pfn(const struct page *page)
{
	return (unsigned long)page_address(page) >> PAGE_SHIFT;
}

static inline void __free_page(struct page *page)
{
	free_page((unsigned long)page_address(page));
}

#endif
