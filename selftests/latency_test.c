// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long a call keeps interrupts off, or the CPU to itself: the longest
 * stretch that the kernel's preemptirqsoff tracer saw.  The emulated processor
 * executes an instruction a tick.  A kernel with that tracer and KASAN executes
 * ten to twenty times as many as others, so what is allowed here is some 20
 * microseconds of a host with 3 GHz.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(touch);
L2_CODE(vmcall_loop);

#define MOST_TICKS	600000
#define MANY_BYTES	(8ULL << 20)
#define MANY_GPA	0x40000000ULL
#define MSRS		512

static char trace[1 << 16];

FIXTURE(latency) {
	struct l1 l1;
	void *many;
};

FIXTURE_SETUP(latency)
{
	if (!host_write(TRACEFS "current_tracer", "preemptirqsoff"))
		SKIP(return, "no preemptirqsoff tracer");
	host_write(TRACEFS "tracing_thresh", "0");
	self->many = mmap(NULL, MANY_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ASSERT_NE(MAP_FAILED, self->many);
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
}

FIXTURE_TEARDOWN(latency)
{
	host_write(TRACEFS "current_tracer", "nop");
	host_write(TRACEFS "tracing_on", "1");
	l1_close(&self->l1);
	munmap(self->many, MANY_BYTES);
}

static double ticks_per_microsecond(void)
{
	char line[256];
	double mhz = 0;
	FILE *cpus = fopen("/proc/cpuinfo", "r");

	while (cpus && fgets(line, sizeof(line), cpus))
		if (sscanf(line, "cpu MHz : %lf", &mhz) == 1)
			break;
	if (cpus)
		fclose(cpus);
	return mhz;
}

static void watch_begin(void)
{
	host_write(TRACEFS "tracing_on", "1");
	host_empty(TRACEFS "trace");
	host_write(TRACEFS "tracing_max_latency", "0");
}

/* Return: the longest stretch, in ticks; what began and ended it is in trace[]. */
static unsigned long watch_end(void)
{
	char text[32] = "";

	host_write(TRACEFS "tracing_on", "0");
	host_read(TRACEFS "tracing_max_latency", text, sizeof(text));
	host_read(TRACEFS "trace", trace, sizeof(trace));
	return strtoul(text, NULL, 10) * ticks_per_microsecond();
}

#define WATCH(name, ...)						\
do {									\
	unsigned long _ticks;						\
	watch_begin();							\
	__VA_ARGS__;							\
	_ticks = watch_end();						\
	TH_LOG("%-24s %8lu ticks", name, _ticks);			\
	EXPECT_LT(0, _ticks);						\
	EXPECT_GT(MOST_TICKS, _ticks) TH_LOG("%s:\n%s", name, trace);	\
} while (0)

TEST_F_TIMEOUT(latency, ticks_are_known, 300)
{
	EXPECT_LT(1, ticks_per_microsecond());
}

TEST_F_TIMEOUT(latency, of_memory, 300)
{
	struct l1 *l1 = &self->l1;

	WATCH("MEM_MAP", EXPECT_EQ(0, nvmx_mem_map(l1->fd, MANY_GPA, self->many, MANY_BYTES, 0)));
	l1_load(l1, touch);
	l1->run->gpr[NVMX_RBX] = L1_FREE;
	l1->run->gpr[NVMX_RCX] = (L1_MEM_BYTES - L1_FREE) / 4096;
	WATCH("L2 touches memory", l1_run_until(l1, EXIT_VMCALL));
	WATCH("INVEPT, all contexts", EXPECT_EQ(0, nvmx_invept(l1->fd, 2, 0, 0)));
	WATCH("INVVPID, all contexts", EXPECT_EQ(0, nvmx_invvpid(l1->fd, 2, 0, 0)));
	WATCH("MEM_UNMAP", EXPECT_EQ(0, nvmx_mem_unmap(l1->fd, MANY_GPA, MANY_BYTES)));
}

static void many_msrs(struct l1 *l1)
{
	struct {
		__u32 index, reserved;
		__u64 value;
	} *area = l1_ptr(l1, L1_FREE);
	unsigned int i;

	for (i = 0; i < MSRS; i++) {
		area[i].index = 0xc0000082;	/* IA32_LSTAR */
		area[i].reserved = 0;
		area[i].value = i;
	}
	l1_write(l1, VM_ENTRY_MSR_LOAD_ADDR, L1_FREE);
	l1_write(l1, VM_ENTRY_MSR_LOAD_COUNT, MSRS);
	l1_write(l1, VM_EXIT_MSR_LOAD_ADDR, L1_FREE);
	l1_write(l1, VM_EXIT_MSR_LOAD_COUNT, MSRS);
	l1_write(l1, VM_EXIT_MSR_STORE_ADDR, L1_FREE);
	l1_write(l1, VM_EXIT_MSR_STORE_COUNT, MSRS);
}

TEST_F_TIMEOUT(latency, of_entries, 300)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_failure failures[64];
	struct nvmx_check check;

	l1_load(l1, vmcall_loop);
	WATCH("VMLAUNCH", l1_run_until(l1, EXIT_VMCALL));
	l1_skip(l1);
	WATCH("VMRESUME", l1_run_until(l1, EXIT_VMCALL));
	l1_skip(l1);
	many_msrs(l1);
	WATCH("VMRESUME with MSR areas", l1_run_until(l1, EXIT_VMCALL));
	WATCH("CHECK", nvmx_check(l1->fd, failures, ARRAY_LEN(failures), &check));
}

TEST_F_TIMEOUT(latency, of_the_end, 300)
{
	struct l1 *l1 = &self->l1;
	unsigned int i;

	for (i = 1; i < l1->info.out_max_vmcs12; i++)
		l1_use_vmcs(l1, i);
	WATCH("VMXOFF", EXPECT_EQ(0, nvmx_vmxoff(l1->fd)));
	WATCH("close", close(l1->fd));
	l1->fd = -1;
}

TEST_HARNESS_MAIN
