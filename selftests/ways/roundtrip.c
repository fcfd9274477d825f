// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print what an entry of L2 and its exit cost, in ticks of the TSC: NVMX_ENTER_L2
 * less the same call that is told not to enter, the least of many of each.
 */
#include <stdio.h>
#include <x86intrin.h>

#include "l1_setup.h"

#define ROUNDS	64

L2_CODE(vmcall_loop);

/* Call once and keep in @least what it costs, if that is less. */
static void enter(struct l1 *l1, unsigned int immediate, __u32 kind, long long *least)
{
	long long start, ticks;

	l1->run->immediate_exit = immediate;
	start = __rdtsc();
	if (nvmx_enter(l1->fd, NVMX_ENTER_RESUME))
		l1_die(l1, "ENTER_L2 failed");
	ticks = __rdtsc() - start;
	if (l1->run->kind != kind)
		l1_die(l1, "kind %u, not %u", l1->run->kind, kind);
	if (ticks < *least)
		*least = ticks;
}

int main(void)
{
	long long live = 1LL << 40, still = live, entered = live;
	struct l1 l1;
	int i;

	l1_start(&l1, NVMX_PROFILE_SDM);
	l1_prepare(&l1, L2_64);
	l1_load(&l1, vmcall_loop);
	l1_run_until(&l1, EXIT_VMCALL);
	for (i = 0; i < ROUNDS; i++) {
		l1_skip(&l1);
		/* The first makes L2 live; that work is not to be counted. */
		enter(&l1, 1, NVMX_KIND_INTERRUPTED, &live);
		enter(&l1, 1, NVMX_KIND_INTERRUPTED, &still);
		enter(&l1, 0, NVMX_KIND_EXIT, &entered);
	}
	printf("%lld\n", entered - still);
	l1_close(&l1);
	return 0;
}
