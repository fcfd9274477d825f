// SPDX-License-Identifier: GPL-2.0-only
/*
 * A whole nested-VMX life in one small program: this process is the hypervisor
 * L1, it runs a 64-bit L2, answers its exits, shows what happened and what a
 * round trip costs.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "l1_setup.h"

L2_CODE(demo);
L2_CODE(demo_calls);

#define SUM_TO		1000ULL
#define LEAF_EBX	0x204d564eU	/* "NVM " */
#define BASIC_EAX	0x00c0ffeeU
#define PORT_ANSWER	0x42
#define LOG_MAX		128
#define ROUNDS		1000

/* An exit, for the table at the end. */
struct event {
	__u32 reason;
	__u32 rule;
	__u64 qualification;
	__u64 rip;
};

static struct event events[LOG_MAX];
static unsigned int event_count;

static const char *reason_name(__u32 reason)
{
	switch (reason) {
	case EXIT_CPUID:
		return "CPUID";
	case EXIT_HLT:
		return "HLT";
	case EXIT_IO:
		return "I/O instruction";
	case EXIT_RDMSR:
		return "RDMSR";
	default:
		return "(unexpected)";
	}
}

static const char *rule_name(__u32 rule)
{
	switch (rule) {
	case NVMX_RULE_UNCONDITIONAL:
		return "the architecture: always exits";
	case NVMX_RULE_IO_BITMAP:
		return "L1: I/O bitmap";
	case NVMX_RULE_MSR_BITMAP:
		return "L1: MSR bitmap";
	case NVMX_RULE_PROC(7):
		return "L1: HLT exiting";
	case NVMX_RULE_PROC(24):
		return "L1: unconditional I/O exiting";
	default:
		return "(unexpected)";
	}
}

static void note_event(struct l1 *l1)
{
	struct event *e = &events[event_count];

	if (event_count == LOG_MAX)
		l1_die(l1, "more than %u exits", LOG_MAX);
	e->reason = l1->run->exit_reason;
	e->rule = l1->run->deciding_rule;
	e->qualification = l1->run->qualification;
	e->rip = l1_read(l1, GUEST_RIP);
	event_count++;
}

static void answer_port(struct l1 *l1)
{
	bool in = l1->run->qualification & 8;
	__u64 *rax = &l1->run->gpr[NVMX_RAX];

	if (in)
		*rax = (*rax & ~0xffULL) | PORT_ANSWER;
	else
		putchar(*rax & 0xff);
}

/* What L1 does about an exit; false when L2 has come to its end. */
static bool handle(struct l1 *l1)
{
	switch (l1->run->exit_reason) {
	case EXIT_CPUID:
		l1->run->gpr[NVMX_RBX] = LEAF_EBX;
		break;
	case EXIT_RDMSR:
		l1->run->gpr[NVMX_RAX] = BASIC_EAX;
		l1->run->gpr[NVMX_RDX] = 0;
		break;
	case EXIT_IO:
		answer_port(l1);
		break;
	case EXIT_HLT:
		return false;
	default:
		l1_die(l1, "exit reason %u", l1->run->exit_reason);
	}
	l1_skip(l1);
	return true;
}

static void set_up(struct l1 *l1)
{
	__u8 *msr_bitmap, *io_bitmap;

	l1_start(l1, NVMX_PROFILE_SDM);
	l1_prepare(l1, L2_64);
	l1_set_control(l1, CAPS_PROC, PROC_HLT | PROC_IO_BITMAPS);
	msr_bitmap = l1_ptr(l1, L1_MSR_BITMAP);
	io_bitmap = l1_ptr(l1, L1_IO_BITMAP);
	msr_bitmap[0x480 / 8] |= 1 << 0x480 % 8;
	io_bitmap[0xe9 / 8] |= 1 << 0xe9 % 8;
	io_bitmap[0x71 / 8] |= 1 << 0x71 % 8;
	l1_load(l1, demo);
	l1->run->gpr[NVMX_RDI] = SUM_TO;
}

static bool check(const char *what, __u64 expected, __u64 seen)
{
	printf("  %-38s %#10llx  %s\n", what, seen,
	       seen == expected ? "right" : "WRONG");
	return seen == expected;
}

static bool check_answers(struct l1 *l1)
{
	const __u64 *gpr = l1->run->gpr;
	bool right = true;

	printf("\nWhat L2 found:\n");
	right &= check("CPUID 40000000H.EBX, made up by L1", LEAF_EBX, gpr[NVMX_R12]);
	right &= check("RDMSR 480H, made up by L1", BASIC_EAX, gpr[NVMX_R13]);
	right &= check("port 71H, answered by L1", PORT_ANSWER, gpr[NVMX_R14]);
	right &= check("1 + 2 + ... + 1000, by itself", SUM_TO * (SUM_TO + 1) / 2,
		       gpr[NVMX_R15]);
	return right;
}

static bool same_kind(const struct event *a, const struct event *b)
{
	return a->reason == b->reason && a->rule == b->rule &&
	       a->qualification == b->qualification;
}

static void show_events(void)
{
	unsigned int i, run;

	printf("\nExits in order:\n  %5s  %-16s %13s  %6s  %s\n", "count", "reason",
	       "qualification", "RIP", "decided by");
	for (i = 0; i < event_count; i += run) {
		for (run = 1; i + run < event_count; run++)
			if (!same_kind(&events[i], &events[i + run]))
				break;
		printf("  %5u  %-16s %13llx  %6llx  %s\n", run,
		       reason_name(events[i].reason), events[i].qualification,
		       events[i].rip, rule_name(events[i].rule));
	}
}

/* The cheapest way: one call a round, RIP advanced by the list in it. */
static void show_cost(struct l1 *l1)
{
	__u64 entries, start, ticks;
	unsigned int i;

	l1_fresh_vmcs(l1, 1);
	l1_prepare(l1, L2_64);
	l1_load(l1, demo_calls);
	l1_run_until(l1, EXIT_VMCALL);
	l1->run->write[0].encoding = GUEST_RIP;
	l1->run->write[0].value = L1_CODE;
	l1->run->write_count = 1;
	entries = l1->run->entries;
	start = __rdtsc();
	for (i = 0; i < ROUNDS; i++)
		if (nvmx_enter(l1->fd, NVMX_ENTER_RESUME) ||
		    l1->run->kind != NVMX_KIND_EXIT)
			l1_die(l1, "round %u", i);
	ticks = __rdtsc() - start;
	l1->run->write_count = 0;
	printf("\nL2 exits, L1 is told, L2 runs again: %llu ticks (mean of %u; %llu VM entries)\n",
	       ticks / ROUNDS, ROUNDS, l1->run->entries - entries);
}

int main(void)
{
	struct l1 l1;
	bool right;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("This process is L1. It enables nested VMX, executes VMXON, VMCLEAR, VMPTRLD,\n"
	       "many a VMWRITE and VMLAUNCH; then L2 speaks, through port E9H:\n\n  ");
	set_up(&l1);
	do {
		l1_run_exit(&l1);
		note_event(&l1);
	} while (handle(&l1));
	right = check_answers(&l1);
	show_events();
	show_cost(&l1);
	l1_close(&l1);
	return right ? 0 : 1;
}
