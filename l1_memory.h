/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * L1's physical memory: ranges of user memory, pinned and accounted as long as
 * they are registered.  Knows nothing of page tables: whoever maps the pages
 * into something is told through a listener.
 *
 * Ranges change only while no L2 is live, so those who serve a live L2 need no
 * lock.  Lock order: l1_memory.lock -> what a listener takes.
 */
#ifndef NVMX_L1_MEMORY_H
#define NVMX_L1_MEMORY_H

#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/types.h>

struct mm_struct;

/** L1_MEMORY_RANGES - most ranges of a machine */
#define L1_MEMORY_RANGES	1024

/** L1_MEMORY_BYTES - end of the L1-physical addresses that can be memory */
#define L1_MEMORY_BYTES		(1ULL << 40)

/** L1_RANGE_CHUNK - pages whose pointers one chunk of a range holds */
#define L1_RANGE_CHUNK		512

/**
 * struct l1_range - a range of L1-physical memory
 * @node: in l1_memory.ranges, ordered by @gpa
 * @gpa: first L1-physical address, page aligned
 * @pages: length in pages
 * @pinned: pages that are pinned; @pages once the range is registered
 * @writable: L1 and L2 may write
 * @chunk: page pointers, L1_RANGE_CHUNK in each chunk
 *
 * Constant once registered.
 */
struct l1_range {
	struct rb_node node;
	u64 gpa;
	u64 pages;
	u64 pinned;
	bool writable;
	struct page **chunk[];
};

/**
 * struct l1_memory_listener - who maps L1's memory into page tables
 * @map: a range appears: 0, or -ENOMEM or -EINTR and nothing is left mapped
 * @unmap: a range disappears: when this returns, no CPU reaches its pages by
 *	way of the listener
 *
 * Called with l1_memory.lock held for writing.
 */
struct l1_memory_listener {
	int (*map)(struct l1_memory_listener *listener, const struct l1_range *range);
	void (*unmap)(struct l1_memory_listener *listener, const struct l1_range *range);
};

/**
 * struct l1_memory - L1-physical memory of a machine
 * @lock: covers everything below
 * @ranges: the ranges by address
 * @range_count: how many there are
 * @page_count: pages in all of them
 * @changes: counts ranges that came or went
 * @mm: address space that the pages are accounted to; holds a reference to the
 *	struct, not to the mappings
 * @listener: who is told of changes, or NULL
 */
struct l1_memory {
	struct rw_semaphore lock;
	struct rb_root ranges;
	unsigned int range_count;
	u64 page_count;
	u64 changes;
	struct mm_struct *mm;
	struct l1_memory_listener *listener;
};

/**
 * l1_range_page() - page of a range
 * @range: the range
 * @index: number of the page in it, less than l1_range.pages
 *
 * Context: Any context in which @range cannot go.
 * Return: the page.
 */
static inline struct page *l1_range_page(const struct l1_range *range, u64 index)
{
	return range->chunk[index / L1_RANGE_CHUNK][index % L1_RANGE_CHUNK];
}

/**
 * l1_range_has() - whether an address is in a range
 * @range: the range
 * @gpa: L1-physical address
 *
 * Context: Any context in which @range cannot go.
 * Return: true if it is.
 */
static inline bool l1_range_has(const struct l1_range *range, u64 gpa)
{
	return gpa - range->gpa < range->pages << PAGE_SHIFT;
}

/**
 * l1_range_page_at() - page of a range by address
 * @range: the range
 * @gpa: L1-physical address in it
 *
 * Safe against speculation with a hostile @gpa.
 *
 * Context: Any context in which @range cannot go.
 * Return: the page.
 */
static inline struct page *l1_range_page_at(const struct l1_range *range, u64 gpa)
{
	u64 index = (gpa - range->gpa) >> PAGE_SHIFT;

	return l1_range_page(range, array_index_nospec(index, range->pages));
}

/**
 * l1_memory_init() - make L1-physical memory that is all hole
 * @mem: to be filled; accounts to the address space of the caller
 *
 * Context: Process context with an address space.
 */
void l1_memory_init(struct l1_memory *mem);

/**
 * l1_memory_destroy() - give all ranges back
 * @mem: made by l1_memory_init(); nobody uses it any more
 *
 * Context: Process context, may sleep; any task.
 */
void l1_memory_destroy(struct l1_memory *mem);

/**
 * l1_memory_listen() - set who is told of changes
 * @mem: the memory, without ranges or with ranges @listener no longer maps
 * @listener: the one listener, or NULL
 *
 * Context: Process context, may sleep.
 */
void l1_memory_listen(struct l1_memory *mem, struct l1_memory_listener *listener);

/**
 * l1_memory_map() - register a range
 * @mem: the memory
 * @gpa: L1-physical address
 * @hva: user address in the current address space
 * @bytes: length
 * @flags: NVMX_MEM_READONLY or 0
 * @maxphyaddr: physical-address width of L1's processor
 *
 * Pins with write intent whatever @flags says: a long-term pin for reading of
 * a private page may be left with a page that the process no longer has.
 * When it fails, nothing has changed.
 *
 * Context: Process context, may sleep; killable.
 * Return: 0 or
 * - %-EOPNOTSUPP: unknown flag
 * - %-EINVAL: misalignment, zero length or wrap
 * - %-ERANGE: past the physical-address width or 1 TiB
 * - %-EIO: another address space than that of l1_memory_init()
 * - %-EEXIST: overlaps a range
 * - %-ENOSPC: there are L1_MEMORY_RANGES ranges
 * - %-ENOMEM: RLIMIT_MEMLOCK reached, or no memory for the administration
 * - %-EFAULT: user memory is not mapped writable, or cannot be pinned
 * - %-EINTR: a fatal signal arrived
 */
int l1_memory_map(struct l1_memory *mem, u64 gpa, u64 hva, u64 bytes, u32 flags,
		  u32 maxphyaddr);

/**
 * l1_memory_unmap() - take back a range
 * @mem: the memory
 * @gpa: its first address
 * @bytes: its length
 *
 * The caller has checked that no L2 is live.  The pages leave all page tables
 * and all TLBs before they are unpinned.
 *
 * Context: Process context, may sleep.
 * Return: 0 or
 * - %-ENOENT: no range has this start and length
 */
int l1_memory_unmap(struct l1_memory *mem, u64 gpa, u64 bytes);

/**
 * l1_memory_find() - range that holds an address
 * @mem: the memory
 * @gpa: L1-physical address
 *
 * Context: No range changes: l1_memory.lock is held, or an L2 is live.
 * Return: the range, or NULL for a hole.
 */
const struct l1_range *l1_memory_find(const struct l1_memory *mem, u64 gpa);

/**
 * l1_memory_page_locked() - page behind an address
 * @mem: the memory
 * @gpa: L1-physical address
 * @writable: whether L1 may write there, if not NULL; set only for a page
 *
 * Context: No range changes: l1_memory.lock is held, or an L2 is live.  The page
 * stays as long.
 * Return: the page, or NULL for a hole.
 */
struct page *l1_memory_page_locked(const struct l1_memory *mem, u64 gpa,
				   bool *writable);

/**
 * l1_memory_read_byte() - read a byte for routing
 * @ctx: the memory
 * @gpa: L1-physical address
 *
 * Context: As l1_memory_page_locked().
 * Return: 0-255, or -1 for a hole.
 */
int l1_memory_read_byte(void *ctx, u64 gpa);

/**
 * l1_memory_page() - page behind an address
 * @mem: the memory
 * @gpa: L1-physical address
 * @writable: whether L1 may write there, if not NULL; set only for a page
 *
 * Context: Process context, may sleep.  The page stays until its range is
 * unmapped, which the caller's own lock must keep off.
 * Return: the page, or NULL for a hole.
 */
struct page *l1_memory_page(struct l1_memory *mem, u64 gpa, bool *writable);

/**
 * l1_memory_read() - copy out of L1's memory
 * @mem: the memory
 * @gpa: L1-physical address, any alignment
 * @buf: to be filled; undefined on failure
 * @bytes: length
 *
 * The process may write at the same time: judge and use the copy.
 *
 * Context: Process context, may sleep.
 * Return: 0, or -ENOENT if some byte is not memory.
 */
int l1_memory_read(struct l1_memory *mem, u64 gpa, void *buf, size_t bytes);

/**
 * l1_memory_write() - copy into L1's memory
 * @mem: the memory
 * @gpa: L1-physical address, any alignment
 * @buf: what to write
 * @bytes: length
 *
 * Writes all or nothing.
 *
 * Context: Process context, may sleep.
 * Return: 0 or
 * - %-ENOENT: some byte is not memory
 * - %-EACCES: some byte is read-only
 */
int l1_memory_write(struct l1_memory *mem, u64 gpa, const void *buf, size_t bytes);

/**
 * l1_memory_has() - whether addresses are memory
 * @mem: the memory
 * @gpa: L1-physical address
 * @bytes: length; 0 is memory anywhere
 *
 * Context: Process context, may sleep.
 * Return: true if each byte is memory.
 */
bool l1_memory_has(struct l1_memory *mem, u64 gpa, u64 bytes);

#endif /* NVMX_L1_MEMORY_H */
