// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1's physical memory.  A range is built completely - accounted, pinned,
 * mapped by the listener - before it can be found, and taken apart in the
 * opposite order.
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "include/uapi/linux/nested_vmx.h"
#include "l1_memory.h"

static struct l1_range *range_of(struct rb_node *node)
{
	return rb_entry(node, struct l1_range, node);
}

static u64 range_bytes(const struct l1_range *range)
{
	return range->pages << PAGE_SHIFT;
}

/* ---- pages of a range ---------------------------------------------------- */

/* Pages of chunk @index that are pinned. */
static unsigned int chunk_pinned(const struct l1_range *range, u64 index)
{
	return min_t(u64, range->pinned - index * L1_RANGE_CHUNK, L1_RANGE_CHUNK);
}

static void range_unpin(struct l1_range *range)
{
	u64 index;

	for (index = 0; index * L1_RANGE_CHUNK < range->pinned; index++) {
		unpin_user_pages_dirty_lock(range->chunk[index],
					    chunk_pinned(range, index),
					    range->writable);
		cond_resched();
	}
	range->pinned = 0;
}

static void range_free(struct l1_range *range)
{
	u64 index;

	for (index = 0; index < DIV_ROUND_UP(range->pages, L1_RANGE_CHUNK); index++) {
		free_page((unsigned long)range->chunk[index]);
		cond_resched();
	}
	kvfree(range);
}

static struct l1_range *range_alloc(u64 gpa, u64 pages, bool writable)
{
	u64 chunks = DIV_ROUND_UP(pages, L1_RANGE_CHUNK);
	struct l1_range *range;

	range = kvzalloc(struct_size(range, chunk, chunks), GFP_KERNEL_ACCOUNT);
	if (!range)
		return NULL;

	range->gpa = gpa;
	range->pages = pages;
	range->writable = writable;

	return range;
}

/* The kernel pins with interrupts off: some 300 instructions a page. */
#define PIN_AT_ONCE	64U

/* Pin the next @count pages of a range, which belong to one chunk. */
static int chunk_pin(struct l1_range *range, u64 hva, unsigned int count)
{
	struct page **pages = range->chunk[range->pinned / L1_RANGE_CHUNK];
	unsigned int done = 0;

	while (done < count) {
		int ret = pin_user_pages_fast(hva + ((u64)done << PAGE_SHIFT),
					      min(count - done, PIN_AT_ONCE),
					      FOLL_WRITE | FOLL_LONGTERM,
					      pages + done);

		if (ret == -ENOMEM || ret == -EINTR)
			return ret;
		if (ret <= 0)
			return fatal_signal_pending(current) ? -EINTR : -EFAULT;
		done += ret;
		range->pinned += ret;
	}

	return 0;
}

static int range_pin(struct l1_range *range, u64 hva)
{
	while (range->pinned < range->pages) {
		u64 index = range->pinned / L1_RANGE_CHUNK;
		u64 left = range->pages - range->pinned;
		int ret;

		if (fatal_signal_pending(current))
			return -EINTR;

		range->chunk[index] = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
		if (!range->chunk[index])
			return -ENOMEM;

		ret = chunk_pin(range, hva + (range->pinned << PAGE_SHIFT),
				min_t(u64, left, L1_RANGE_CHUNK));
		if (ret)
			return ret;
		cond_resched();
	}

	return 0;
}

/* ---- ranges of the memory ------------------------------------------------ */

/* The last range that starts at or below @gpa. */
static struct l1_range *range_below(const struct l1_memory *mem, u64 gpa)
{
	struct rb_node *node = mem->ranges.rb_node;
	struct l1_range *best = NULL;

	while (node) {
		struct l1_range *range = range_of(node);

		if (range->gpa <= gpa) {
			best = range;
			node = node->rb_right;
		} else {
			node = node->rb_left;
		}
	}

	return best;
}

static bool overlaps(const struct l1_memory *mem, u64 gpa, u64 bytes)
{
	const struct l1_range *below = range_below(mem, gpa + bytes - 1);

	return below && below->gpa + range_bytes(below) > gpa;
}

static void range_insert(struct l1_memory *mem, struct l1_range *range)
{
	struct rb_node **link = &mem->ranges.rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		parent = *link;
		link = range->gpa < range_of(parent)->gpa ? &parent->rb_left
							  : &parent->rb_right;
	}
	rb_link_node(&range->node, parent, link);
	rb_insert_color(&range->node, &mem->ranges);
	mem->range_count++;
	mem->page_count += range->pages;
	mem->changes++;
}

/* No page of @range is mapped by the listener. */
static void range_discard(struct l1_memory *mem, struct l1_range *range)
{
	range_unpin(range);
	account_locked_vm(mem->mm, range->pages, false);
	range_free(range);
}

static void range_remove(struct l1_memory *mem, struct l1_range *range)
{
	rb_erase(&range->node, &mem->ranges);
	mem->range_count--;
	mem->page_count -= range->pages;
	mem->changes++;
	if (mem->listener)
		mem->listener->unmap(mem->listener, range);
	range_discard(mem, range);
}

/* Account, pin and map a range that does not overlap. */
static int range_add(struct l1_memory *mem, struct l1_range *range, u64 hva)
{
	int ret;

	ret = account_locked_vm(mem->mm, range->pages, true);
	if (ret) {
		range_free(range);
		return ret;
	}

	ret = range_pin(range, hva);
	if (!ret && mem->listener)
		ret = mem->listener->map(mem->listener, range);
	if (ret) {
		range_discard(mem, range);
		return ret;
	}

	range_insert(mem, range);
	return 0;
}

static int check_span(u64 gpa, u64 hva, u64 bytes, u32 maxphyaddr)
{
	u64 gpa_end, hva_end;

	if (!bytes || !IS_ALIGNED(gpa | hva | bytes, PAGE_SIZE))
		return -EINVAL;
	if (check_add_overflow(gpa, bytes, &gpa_end) ||
	    check_add_overflow(hva, bytes, &hva_end))
		return -EINVAL;
	if (gpa_end > L1_MEMORY_BYTES || (gpa_end - 1) >> maxphyaddr)
		return -ERANGE;

	return 0;
}

/* ---- the interface ------------------------------------------------------- */

void l1_memory_init(struct l1_memory *mem)
{
	init_rwsem(&mem->lock);
	mem->ranges = RB_ROOT;
	mem->range_count = 0;
	mem->page_count = 0;
	mem->changes = 0;
	mem->listener = NULL;
	mem->mm = current->mm;
	mmgrab(mem->mm);
}

void l1_memory_destroy(struct l1_memory *mem)
{
	struct rb_node *node;

	down_write(&mem->lock);
	while ((node = rb_first(&mem->ranges)))
		range_remove(mem, range_of(node));
	up_write(&mem->lock);

	mmdrop(mem->mm);
}

void l1_memory_listen(struct l1_memory *mem, struct l1_memory_listener *listener)
{
	down_write(&mem->lock);
	mem->listener = listener;
	up_write(&mem->lock);
}

int l1_memory_map(struct l1_memory *mem, u64 gpa, u64 hva, u64 bytes, u32 flags,
		  u32 maxphyaddr)
{
	struct l1_range *range;
	int ret;

	if (flags & ~NVMX_MEM_READONLY)
		return -EOPNOTSUPP;
	ret = check_span(gpa, hva, bytes, maxphyaddr);
	if (ret)
		return ret;
	if (current->mm != mem->mm)
		return -EIO;

	if (down_write_killable(&mem->lock))
		return -EINTR;

	ret = -EEXIST;
	if (overlaps(mem, gpa, bytes))
		goto out;
	ret = -ENOSPC;
	if (mem->range_count >= L1_MEMORY_RANGES)
		goto out;
	ret = -ENOMEM;
	range = range_alloc(gpa, bytes >> PAGE_SHIFT, !(flags & NVMX_MEM_READONLY));
	if (range)
		ret = range_add(mem, range, hva);
out:
	up_write(&mem->lock);
	return ret;
}

int l1_memory_unmap(struct l1_memory *mem, u64 gpa, u64 bytes)
{
	struct l1_range *range;
	int ret = -ENOENT;

	down_write(&mem->lock);
	range = range_below(mem, gpa);
	if (range && range->gpa == gpa && range_bytes(range) == bytes) {
		range_remove(mem, range);
		ret = 0;
	}
	up_write(&mem->lock);

	return ret;
}

const struct l1_range *l1_memory_find(const struct l1_memory *mem, u64 gpa)
{
	const struct l1_range *range = range_below(mem, gpa);

	return range && l1_range_has(range, gpa) ? range : NULL;
}

struct page *l1_memory_page_locked(const struct l1_memory *mem, u64 gpa, bool *writable)
{
	const struct l1_range *range = l1_memory_find(mem, gpa);

	if (!range)
		return NULL;
	if (writable)
		*writable = range->writable;

	return l1_range_page_at(range, gpa);
}

int l1_memory_read_byte(void *ctx, u64 gpa)
{
	struct page *page = l1_memory_page_locked(ctx, gpa, NULL);

	return page ? READ_ONCE(*((u8 *)page_address(page) + offset_in_page(gpa))) : -1;
}

struct page *l1_memory_page(struct l1_memory *mem, u64 gpa, bool *writable)
{
	struct page *page;

	down_read(&mem->lock);
	page = l1_memory_page_locked(mem, gpa, writable);
	up_read(&mem->lock);

	return page;
}

/**
 * enum copy_direction - which way to copy
 * @COPY_OUT: out of L1's memory
 * @COPY_IN: into it
 */
enum copy_direction { COPY_OUT, COPY_IN };

static void copy_page_part(struct page *page, u64 gpa, void *buf, size_t bytes,
			   enum copy_direction direction)
{
	void *at = page_address(page) + offset_in_page(gpa);

	if (direction == COPY_OUT)
		memcpy(buf, at, bytes);
	else
		memcpy(at, buf, bytes);
}

/* Whether all of @bytes at @gpa is there for @direction. */
static int check_copy(const struct l1_memory *mem, u64 gpa, u64 bytes,
		      enum copy_direction direction)
{
	while (bytes) {
		const struct l1_range *range = l1_memory_find(mem, gpa);
		u64 there;

		if (!range)
			return -ENOENT;
		if (direction == COPY_IN && !range->writable)
			return -EACCES;

		there = range->gpa + range_bytes(range) - gpa;
		if (bytes <= there)
			break;
		bytes -= there;
		gpa += there;
	}

	return 0;
}

static int copy_span(struct l1_memory *mem, u64 gpa, void *buf, size_t bytes,
		     enum copy_direction direction)
{
	int ret;

	down_read(&mem->lock);
	ret = check_copy(mem, gpa, bytes, direction);
	while (!ret && bytes) {
		size_t part = min_t(size_t, bytes, PAGE_SIZE - offset_in_page(gpa));
		struct page *page = l1_memory_page_locked(mem, gpa, NULL);

		copy_page_part(page, gpa, buf, part, direction);
		gpa += part;
		buf += part;
		bytes -= part;
	}
	up_read(&mem->lock);

	return ret;
}

int l1_memory_read(struct l1_memory *mem, u64 gpa, void *buf, size_t bytes)
{
	return copy_span(mem, gpa, buf, bytes, COPY_OUT);
}

int l1_memory_write(struct l1_memory *mem, u64 gpa, const void *buf, size_t bytes)
{
	return copy_span(mem, gpa, (void *)buf, bytes, COPY_IN);
}

bool l1_memory_has(struct l1_memory *mem, u64 gpa, u64 bytes)
{
	int ret;

	down_read(&mem->lock);
	ret = check_copy(mem, gpa, bytes, COPY_OUT);
	up_read(&mem->lock);

	return !ret;
}
