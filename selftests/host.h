/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests ask of the host's kernel, and tell it, by its files; and what they are
 * told by their environment.
 */
#ifndef NVMX_HOST_H
#define NVMX_HOST_H

#include <stdbool.h>
#include <stddef.h>

#define TRACEFS	"/sys/kernel/tracing/"

unsigned long long host_option(const char *name, unsigned long long otherwise);
long host_number(const char *path, const char *key);
size_t host_read(const char *path, char *text, size_t bytes);
bool host_says(const char *path, const char *text);
bool host_write(const char *path, const char *text);
bool host_empty(const char *path);
long host_free_kib(void);
long host_pinned_pages(void);
void host_reserve_huge_pages(long count);
bool host_stay_on(unsigned int cpu);

#endif /* NVMX_HOST_H */
