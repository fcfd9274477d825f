/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_SLAB_H
#define UNIT_LINUX_SLAB_H

#include <linux/gfp.h>
#include <linux/overflow.h>
#include <linux/types.h>
#include <stdlib.h>

#define SLAB_ACCOUNT		1U
#define SLAB_HWCACHE_ALIGN	2U
#define SLAB_PANIC		4U

/*
 * For tests: unit_alloc_fail_in = n makes the n-th allocation from now on fail,
 * and only that one; unit_alloc_live counts what has not been freed.
 */
extern unsigned long unit_alloc_fail_in;
extern long unit_alloc_live;
unsigned long unit_alloc_fail_in __attribute__((weak));
long unit_alloc_live __attribute__((weak));

/* Memory is poisoned unless zeroing is asked for. */
static inline void *unit_alloc(size_t bytes, bool zero)
{
	void *p;

	if (unit_alloc_fail_in && --unit_alloc_fail_in == 0)
		return NULL;

	p = malloc(bytes ? bytes : 1);
	if (!p)
		abort();
	__builtin_memset(p, zero ? 0 : 0x6b, bytes);
	unit_alloc_live++;
	return p;
}

static inline void kfree(const void *p)
{
	if (p)
		unit_alloc_live--;
	free((void *)p);
}

static inline void *kmalloc(size_t bytes, gfp_t gfp)
{
	return unit_alloc(bytes, gfp & __GFP_ZERO);
}

static inline void *kzalloc(size_t bytes, gfp_t gfp)
{
	(void)gfp;
	return unit_alloc(bytes, true);
}

static inline void *kcalloc(size_t n, size_t bytes, gfp_t gfp)
{
	size_t total;

	if (check_mul_overflow(n, bytes, &total))
		return NULL;
	return kzalloc(total, gfp);
}

#define kmalloc_array(n, s, g)	kcalloc(n, s, g)
#define kvmalloc(b, g)		kmalloc(b, g)
#define kvzalloc(b, g)		kzalloc(b, g)
#define kvcalloc(n, s, g)	kcalloc(n, s, g)
#define kvmalloc_array(n, s, g)	kcalloc(n, s, g)
#define kvfree(p)		kfree(p)

struct kmem_cache {
	size_t bytes;
	long live;
};

static inline struct kmem_cache *kmem_cache_create(const char *name, size_t bytes,
						   size_t align, unsigned int flags,
						   void (*ctor)(void *object))
{
	struct kmem_cache *cache = kzalloc(sizeof(*cache), GFP_KERNEL);

	(void)name, (void)align, (void)flags, (void)ctor;
	if (cache)
		cache->bytes = bytes;
	return cache;
}

#define KMEM_CACHE(type, flags) \
	kmem_cache_create(#type, sizeof(struct type), \
			  __alignof__(struct type), flags, NULL)

static inline void *unit_cache_alloc(struct kmem_cache *cache, bool zero)
{
	void *p = unit_alloc(cache->bytes, zero);

	cache->live += !!p;
	return p;
}

#define kmem_cache_alloc(c, g)	unit_cache_alloc(c, (g) & __GFP_ZERO)
#define kmem_cache_zalloc(c, g)	((void)(g), unit_cache_alloc(c, true))

static inline void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	cache->live--;
	kfree(p);
}

/* As in the kernel, objects that are left are a bug. */
static inline void kmem_cache_destroy(struct kmem_cache *cache)
{
	if (!cache)
		return;
	if (cache->live)
		abort();
	kfree(cache);
}

#endif
