// SPDX-License-Identifier: GPL-2.0-only
/*
 * What tests ask of the host's kernel, and tell it, by its files.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

/* The number in the environment, or @otherwise. */
unsigned long long host_option(const char *name, unsigned long long otherwise)
{
	const char *value = getenv(name);

	return value && *value ? strtoull(value, NULL, 0) : otherwise;
}

/* The number behind @key, at the start of a line, or -1. */
long host_number(const char *path, const char *key)
{
	char line[200];
	long number = -1;
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			number = atol(line + strlen(key));
	if (file)
		fclose(file);
	return number;
}

/*
 * As much of a file as @text has room for, with a 0 behind it.
 * Return: bytes read.
 */
size_t host_read(const char *path, char *text, size_t bytes)
{
	int fd = open(path, O_RDONLY);
	size_t length = 0;
	ssize_t got = 1;

	while (fd >= 0 && got > 0 && length + 1 < bytes) {
		got = read(fd, text + length, bytes - 1 - length);
		length += got > 0 ? got : 0;
	}
	text[length] = 0;
	if (fd >= 0)
		close(fd);
	return length;
}

/* Whether @text is in the first KiBs of a file. */
bool host_says(const char *path, const char *text)
{
	char content[4096];

	host_read(path, content, sizeof(content));
	return strstr(content, text);
}

bool host_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

bool host_empty(const char *path)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

long host_free_kib(void)
{
	return host_number("/proc/meminfo", "MemFree:");
}

/* Pages of all processes. */
long host_pinned_pages(void)
{
	/* Counts of each CPU into the sums. */
	host_number("/proc/sys/vm/stat_refresh", "");
	return host_number("/proc/vmstat", "nr_foll_pin_acquired ") -
	       host_number("/proc/vmstat", "nr_foll_pin_released ");
}

/* In all; the host has as many of them as it can make. */
void host_reserve_huge_pages(long count)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", count);
	host_write("/proc/sys/vm/nr_hugepages", text);
}

/* The calling thread goes to @cpu and does not leave it. */
bool host_stay_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}
