/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the two halves of the reproducer: what is known of a vmcs12, and the
 * program that is printed of it.
 */
#ifndef NVMX_REPRODUCER_PARTS_H
#define NVMX_REPRODUCER_PARTS_H

#include <stdio.h>

#include <linux/kernel.h>

#include "entry_checks.h"
#include "reproducer.h"

#define LIST_MAX	64
#define WORDS_MAX	(2 * ENTRY_MSR_MAX + 16)
#define PAGES_MAX	16

/**
 * struct vmcs12 - a vmcs12, and what it is judged with
 * @r: where it comes from
 * @caps: L1's processor
 * @offered: most that the module offers
 * @l1: L1's registers
 * @profile: enum nvmx_profile
 * @launched: launch state
 * @vmptr: current-VMCS pointer
 * @f: effective value of each field
 * @msr: VM-entry MSR-load area
 */
struct vmcs12 {
	const struct nvmx_reproducer *r;
	struct nvmx_caps caps;
	struct nvmx_caps offered;
	struct nvmx_l1 l1;
	u32 profile;
	bool launched;
	u64 vmptr;
	u64 f[VMCS_FIELD_COUNT];
	struct entry_msr msr[ENTRY_MSR_MAX];
};

/**
 * struct judgement - broken rules
 * @total: how many
 * @list: the first ones
 */
struct judgement {
	u32 total;
	struct nvmx_failure list[LIST_MAX];
};

/**
 * struct memory - what the program puts into L1-physical memory
 * @pages: elements of @page
 * @words: elements of @word
 * @page: addresses of the pages that there are
 * @word: addresses and values of the words that are not 0
 */
struct memory {
	unsigned int pages;
	unsigned int words;
	u64 page[PAGES_MAX];
	u64 word[WORDS_MAX][2];
};

/**
 * reproducer_print() - print the program
 * @v: the vmcs12, as short as it gets
 * @j: the rules that it breaks
 * @m: L1-physical memory of the program
 * @vmxon: address of the VMXON region
 * @out: where to
 */
void reproducer_print(const struct vmcs12 *v, const struct judgement *j,
		      const struct memory *m, u64 vmxon, FILE *out);

#endif /* NVMX_REPRODUCER_PARTS_H */
