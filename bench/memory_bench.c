// SPDX-License-Identifier: GPL-2.0-only
/*
 * What L1's memory costs, and how that grows: registration, first touch by L2
 * through EPT12 in small and in large pages, INVEPT.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"
#include "l1_setup.h"

L2_CODE(vmcall_loop);
L2_CODE(touch);
L2_CODE(touch_2m);

#define MIB	(1ULL << 20)
#define PAGE	4096ULL
#define BASE	0x40000000ULL		/* of the memory, for L1 and for L2 */
#define PD	0x180000ULL		/* of EPT12, for the GByte from BASE on */
#define RWX	7ULL
#define WB	(6ULL << 3)
#define LARGE	BIT(7)

static struct l1 l1;

/* A line for what was measured over @mib MiB. */
static void report_mib(const char *what, __u64 mib, __u64 value)
{
	char key[60];

	snprintf(key, sizeof(key), "%s_%llu_mib", what, mib);
	report(key, value);
}

static __u64 free_mib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long kib = 0;
	char line[100];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib / 1024;
}

/* Memory that is there already. */
static __u8 *populated(__u64 bytes, int advice)
{
	__u8 *mem = mmap(NULL, bytes + 2 * MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u64 at;

	if (mem == MAP_FAILED)
		l1_die(&l1, "mmap of %llu bytes", bytes);
	mem = (__u8 *)(((uintptr_t)mem + 2 * MIB - 1) & ~(2 * MIB - 1));
	madvise(mem, bytes, advice);
	for (at = 0; at < bytes; at += PAGE)
		mem[at] = 1;
	return mem;
}

/* L2 reaches the second GByte in one page of its own, EPT12 by a table. */
static void prepare(void)
{
	l1_fresh_vmcs(&l1, 0);
	l1_prepare(&l1, L2_64);
	l1_use_ept(&l1);
	((__u64 *)l1_ptr(&l1, L1_PDPT))[1] = BASE | 0xe7;
	((__u64 *)l1_ptr(&l1, L1_EPT_PDPT))[1] = PD | RWX;
	memset(l1_ptr(&l1, PD), 0, PAGE);
	/* L2's own code and tables are mapped before. */
	l1_load(&l1, vmcall_loop);
	l1_run_until(&l1, EXIT_VMCALL);
}

static void map_small(__u64 bytes)
{
	__u64 *pd = l1_ptr(&l1, PD), *pt = l1_ptr(&l1, L1_FREE), i;

	for (i = 0; i < bytes / PAGE; i++)
		pt[i] = (BASE + i * PAGE) | WB | RWX;
	for (i = 0; i < bytes / (2 * MIB); i++)
		pd[i] = (L1_FREE + i * PAGE) | RWX;
}

static void map_large(__u64 bytes)
{
	__u64 *pd = l1_ptr(&l1, PD), i;

	for (i = 0; i < bytes / (2 * MIB); i++)
		pd[i] = (BASE + i * 2 * MIB) | WB | RWX | LARGE;
}

static __u64 run_touch(const __u8 *code, size_t bytes, __u64 count)
{
	__u64 start;

	l1_load_code(&l1, code, bytes);
	l1.run->gpr[NVMX_RBX] = BASE;
	l1.run->gpr[NVMX_RCX] = count;
	start = ticks();
	l1_run(&l1);
	start = ticks() - start;
	if (l1.run->kind != NVMX_KIND_EXIT || l1.run->exit_reason != EXIT_VMCALL)
		l1_die(&l1, "expected VMCALL");
	return start / count;
}

static __u64 invept(__u64 type)
{
	__u64 start = ticks();

	if (nvmx_invept(l1.fd, type, type == 1 ? l1_read(&l1, EPT_POINTER) : 0, 0))
		l1_die(&l1, "INVEPT");
	return ticks() - start;
}

static __u64 timed_map(const void *mem, __u64 bytes)
{
	__u64 start = ticks();

	if (nvmx_mem_map(l1.fd, BASE, mem, bytes, 0))
		l1_die(&l1, "MEM_MAP of %llu bytes", bytes);
	return ticks() - start;
}

static __u64 timed_unmap(__u64 bytes)
{
	__u64 start = ticks();

	if (nvmx_mem_unmap(l1.fd, BASE, bytes))
		l1_die(&l1, "MEM_UNMAP of %llu bytes", bytes);
	return ticks() - start;
}

static void bench_size(const __u8 *mem, __u64 mib)
{
	__u64 bytes = mib * MIB;

	prepare();
	report_mib("map", mib, timed_map(mem, bytes) / (bytes / PAGE));
	map_small(bytes);
	report_mib("sweep", mib, run_touch(l2_touch, L2_BYTES(touch), bytes / PAGE));
	report_mib("invept_single_after", mib, invept(1));
	run_touch(l2_touch, L2_BYTES(touch), bytes / PAGE);
	report_mib("invept_global_after", mib, invept(2));
	report_mib("unmap", mib, timed_unmap(bytes) / (bytes / PAGE));
}

static void bench_large(void)
{
	__u64 bytes = 64 * MIB;
	__u8 *mem = populated(bytes, MADV_HUGEPAGE);

	prepare();
	timed_map(mem, bytes);
	map_large(bytes);
	report("touch_2m", run_touch(l2_touch_2m, L2_BYTES(touch_2m), bytes / (2 * MIB)));
	timed_unmap(bytes);
}

static void bench_invept(void)
{
	prepare();
	report("invept_single", MEASURE(nvmx_invept(l1.fd, 1, L1_EPT_PML4 | 3 << 3 | 6, 0)));
	report("invept_global", MEASURE(nvmx_invept(l1.fd, 2, 0, 0)));
	report("invvpid_single", MEASURE(nvmx_invvpid(l1.fd, 1, 1, 0)));
}

int main(void)
{
	static const __u64 sizes[] = { 16, 64, 256, 1024 };
	unsigned int i;
	__u8 *mem;
	__u64 most;

	l1_start(&l1, NVMX_PROFILE_SDM);
	alarm(0);
	if (!l1_can(&l1, CAPS_PROC2, PROC2_EPT))
		return 0;
	bench_invept();
	bench_large();
	most = free_mib() > 1200 ? 1024 : 256;
	mem = populated(most * MIB, MADV_NOHUGEPAGE);
	for (i = 0; i < ARRAY_LEN(sizes) && sizes[i] <= most; i++)
		bench_size(mem, sizes[i]);
	l1_close(&l1);
	return 0;
}
