/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A failing vmcs12 as a short C program: it needs the public header alone, and
 * breaks the same rules of VM entry.
 */
#ifndef NVMX_REPRODUCER_H
#define NVMX_REPRODUCER_H

#include <stdio.h>

/**
 * struct nvmx_reproducer - what the program is made from
 * @fd: an open /dev/nested_vmx whose current VMCS breaks rules
 * @resume: not 0: L1 executes VMRESUME rather than VMLAUNCH
 * @memory: L1-physical memory: where the bytes at an address are, NULL where
 *	there are none.  NULL: L1 has no memory that matters
 * @opaque: first argument of @memory
 */
struct nvmx_reproducer {
	int fd;
	int resume;
	const void *(*memory)(void *opaque, unsigned long long address,
			      unsigned long long bytes);
	void *opaque;
};

/**
 * nvmx_reproduce() - print a C program that breaks the same rules
 * @r: what it is made from
 * @out: where to
 *
 * Only those fields are in it that are needed for the same list of rules.  Nothing
 * of @r->fd changes.  The program prints "rules:" and the ids, in order, and its
 * exit status is 0 if they are those that @r->fd has.
 *
 * Return: number of rules that are broken; 0: none, and nothing is printed; -errno
 * where a call failed.
 */
int nvmx_reproduce(const struct nvmx_reproducer *r, FILE *out);

#endif /* NVMX_REPRODUCER_H */
