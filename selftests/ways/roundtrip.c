// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print what an entry of L2 and its exit cost, in ticks of the TSC: NVMX_ENTER_L2
 * less the same call that is told not to enter.  The least of many.
 */
#include <stdio.h>
#include <x86intrin.h>

#include "l1_setup.h"

#define ROUNDS	64

L2_CODE(vmcall_loop);

static unsigned long long enter(struct l1 *l1, unsigned int immediate, __u32 kind)
{
	unsigned long long start, ticks;

	l1->run->immediate_exit = immediate;
	start = __rdtsc();
	if (nvmx_enter(l1->fd, NVMX_ENTER_RESUME))
		l1_die(l1, "ENTER_L2 failed");
	ticks = __rdtsc() - start;
	if (l1->run->kind != kind)
		l1_die(l1, "kind %u, not %u", l1->run->kind, kind);
	return ticks;
}

int main(void)
{
	long long least = 1LL << 40, ticks;
	struct l1 l1;
	int i;

	l1_start(&l1, NVMX_PROFILE_SDM);
	l1_prepare(&l1, L2_64);
	l1_load(&l1, vmcall_loop);
	l1_run_until(&l1, EXIT_VMCALL);
	for (i = 0; i < ROUNDS; i++) {
		l1_skip(&l1);
		/* The first makes L2 live; that work is not to be counted. */
		enter(&l1, 1, NVMX_KIND_INTERRUPTED);
		ticks = -enter(&l1, 1, NVMX_KIND_INTERRUPTED);
		ticks += enter(&l1, 0, NVMX_KIND_EXIT);
		if (ticks < least)
			least = ticks;
	}
	printf("%lld\n", least);
	l1_close(&l1);
	return 0;
}
