// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keep L2 busy on a CPU until SIGTERM, whatever happens to the machine.
 *
 *	busy CPU FILE
 *
 * L2 counts in a register and in memory; L1 compares both at each report of
 * L2's and writes the number of reports to FILE, for whoever wants to see it
 * grow.  Exit status 0 and one line at the end if nothing was ever wrong.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "l1_setup.h"

#define STEPS	4096

L2_CODE(busy);

static volatile sig_atomic_t stop;

static void on_term(int sig)
{
	stop = sig;
}

static void move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		perror("busy: sched_setaffinity");
}

static void publish(int file, unsigned long reports)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%lu\n", reports);

	if (pwrite(file, text, length, 0) != length)
		perror("busy: write");
}

/* One report of L2's; false if a signal came first. */
static bool report(struct l1 *l1, unsigned long reports)
{
	__u64 *count = l1_ptr(l1, L1_DATA);

	do {
		int ret = nvmx_enter(l1->fd, reports == 1 ? NVMX_ENTER_LAUNCH : NVMX_ENTER_RESUME);

		if (ret)
			l1_die(l1, "ENTER_L2: %s", strerror(-ret));
		if (stop)
			return false;
	} while (l1->run->kind == NVMX_KIND_INTERRUPTED);

	if (l1->run->kind != NVMX_KIND_EXIT || l1->run->exit_reason != EXIT_VMCALL)
		l1_die(l1, "kind %u, exit reason %#x", l1->run->kind, l1->run->exit_reason);
	if (*count != reports * STEPS || l1->run->gpr[NVMX_RAX] != *count ||
	    l1->run->gpr[NVMX_RBX] != L1_DATA)
		l1_die(l1, "report %lu: %llu in memory, %llu in RAX", reports, *count,
		       l1->run->gpr[NVMX_RAX]);
	l1_skip(l1);
	return true;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };
	unsigned long reports = 0;
	struct l1 l1;
	int file;

	if (argc != 3)
		return 2;
	file = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	sigaction(SIGTERM, &action, NULL);
	move_to(atoi(argv[1]));

	l1_start(&l1, NVMX_PROFILE_SDM);
	/* As long as it takes. */
	alarm(0);
	l1_prepare(&l1, L2_64);
	l1_load(&l1, busy);
	l1_write(&l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	l1.run->gpr[NVMX_RBX] = L1_DATA;
	l1.run->gpr[NVMX_RAX] = 0;

	while (!stop && report(&l1, reports + 1))
		publish(file, ++reports);
	printf("# busy on CPU %s: %lu reports of L2\n", argv[1], reports);
	l1_close(&l1);
	return 0;
}
