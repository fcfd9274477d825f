// SPDX-License-Identifier: GPL-2.0-only
/*
 * What nested_vmx costs its L1, in ticks of the TSC.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include <sys/syscall.h>

#include "bench.h"
#include "l1_setup.h"

L2_CODE(vmcall_loop);
L2_CODE(touch);

/* RIP after the VMCALL of l2_vmcall_loop. */
#define AFTER_VMCALL	(L1_CODE + 6)
#define NO_SUCH_COMMAND	_IO(NVMX_IOC_TYPE, 0xff)

/* Memory beside what the library has. */
#define MORE_GPA	0x10000000ULL
#define MIB		(1ULL << 20)
#define PAGE		4096ULL
#define BATCH		64

static struct l1 l1;

static void *more_memory(__u64 bytes, int advice)
{
	void *mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED)
		l1_die(&l1, "mmap of %llu bytes", bytes);
	madvise(mem, bytes, advice);
	memset(mem, 1, bytes);
	return mem;
}

/* ---- calls --------------------------------------------------------------- */

static void bench_calls(void)
{
	report("null_ioctl", MEASURE(ioctl(l1.fd, NO_SUCH_COMMAND, 0)));
	report("getppid", MEASURE(syscall(SYS_getppid)));
}

/* ---- L2 exits, L1 is told, L2 runs again ----------------------------------- */

static void must_be_vmcall(void)
{
	if (l1.run->kind != NVMX_KIND_EXIT || l1.run->exit_reason != EXIT_VMCALL)
		l1_die(&l1, "expected VMCALL");
}

static void resume(void)
{
	nvmx_enter(l1.fd, NVMX_ENTER_RESUME);
	if (l1.run->exit_reason != EXIT_VMCALL)
		l1_die(&l1, "expected VMCALL");
}

static void start_l2(void)
{
	l1_prepare(&l1, L2_64);
	l1_load(&l1, vmcall_loop);
	l1_run(&l1);
	must_be_vmcall();
	l1.run->write[0].encoding = GUEST_RIP;
	l1.run->write[0].value = AFTER_VMCALL;
	l1.run->write_count = 1;
	l1.run->read_count = 0;
}

static void bench_entries(void)
{
	__u64 entries;
	unsigned int i;

	resume();
	entries = l1.run->entries;
	for (i = 0; i < 1000; i++)
		resume();
	report("entries_per_1000_round_trips", l1.run->entries - entries);
}

static void bench_round_trip(void)
{
	start_l2();
	report("round_trip", MEASURE(resume()));
	must_be_vmcall();

	l1.run->read[0].encoding = GUEST_RIP;
	l1.run->read_count = 1;
	report("round_trip_read_rip", MEASURE(resume()));
	l1.run->read_count = 0;
	bench_entries();
}

/* Fields that L1 changes from entry to entry, each to a value of its own. */
static const __u32 changed[] = {
	GUEST_SYSENTER_ESP, GUEST_SYSENTER_EIP, GUEST_FS_BASE, GUEST_GS_BASE,
	TSC_OFFSET, CR0_READ_SHADOW, EXCEPTION_BITMAP, GUEST_SYSENTER_CS,
};

static void resume_changed(unsigned int count)
{
	static __u64 value;
	unsigned int i;

	value += 0x100;
	for (i = 1; i <= count; i++)
		l1.run->write[i].value = value & 0xf00;
	resume();
}

static void bench_changed_fields(void)
{
	char key[40];
	unsigned int n, i;
	__u64 none = 0, cost = 0;

	start_l2();
	for (i = 0; i < ARRAY_LEN(changed); i++)
		l1.run->write[i + 1].encoding = changed[i];
	for (n = 0; n <= ARRAY_LEN(changed); n++) {
		l1.run->write_count = 1 + n;
		cost = MEASURE(resume_changed(n));
		if (!n)
			none = cost;
		snprintf(key, sizeof(key), "round_trip_changed_%u", n);
		report(key, cost);
	}
	report("changed_field", (cost - none) / ARRAY_LEN(changed));
	l1.run->write_count = 0;
}

/* ---- VMREAD and VMWRITE -------------------------------------------------- */

static void bench_field(void)
{
	struct nvmx_field field = {
		.size = sizeof(field), .encoding = GUEST_RSP, .value = L1_STACK,
	};

	report("vmread", MEASURE(ioctl(l1.fd, NVMX_VMREAD, &field)));
	report("vmwrite", MEASURE(ioctl(l1.fd, NVMX_VMWRITE, &field)));
}

static void bench_array(const char *key, unsigned long cmd)
{
	static const __u32 some[] = {
		GUEST_ES_SELECTOR, GUEST_FS_SELECTOR, TSC_OFFSET, GUEST_IA32_DEBUGCTL,
		EXCEPTION_BITMAP, TPR_THRESHOLD, GUEST_CS_LIMIT, GUEST_CS_AR_BYTES,
		GUEST_SYSENTER_CS, CR0_READ_SHADOW, CR4_READ_SHADOW, GUEST_CR3,
		GUEST_FS_BASE, GUEST_RSP, GUEST_RIP, HOST_RIP,
	};
	struct nvmx_field_value list[BATCH] = {};
	struct nvmx_field_array array = {
		.size = sizeof(array), .entries = (uintptr_t)list, .count = BATCH,
	};
	unsigned int i;

	for (i = 0; i < BATCH; i++)
		list[i].encoding = some[i % ARRAY_LEN(some)];
	report(key, MEASURE(ioctl(l1.fd, cmd, &array)) / BATCH);
}

/* ---- checks -------------------------------------------------------------- */

static void bench_check(void)
{
	struct nvmx_failure failure[NVMX_RUN_FAILURES];
	struct nvmx_check check = {
		.size = sizeof(check),
		.failures = (uintptr_t)failure,
		.capacity = NVMX_RUN_FAILURES,
	};

	l1_fresh_vmcs(&l1, 0);
	l1_prepare(&l1, L2_64);
	report("check", MEASURE(ioctl(l1.fd, NVMX_CHECK, &check)));
	report("check_pass", MEASURE(ioctl(l1.fd, NVMX_CHECK, &check)) -
	       MEASURE(ioctl(l1.fd, NO_SUCH_COMMAND, 0)));
	if (check.out_total)
		l1_die(&l1, "%u rules are broken", check.out_total);
}

/* ---- memory -------------------------------------------------------------- */

static void bench_registration(const char *what, __u64 mib, int advice)
{
	__u64 bytes = mib * MIB, start, cost;
	void *mem = more_memory(bytes, advice);
	char key[40];
	int ret;

	start = ticks();
	ret = nvmx_mem_map(l1.fd, MORE_GPA, mem, bytes, 0);
	cost = ticks() - start;
	if (ret)
		l1_die(&l1, "MEM_MAP of %llu MiB: %d", mib, ret);
	snprintf(key, sizeof(key), "register_%s_%llu_mib", what, mib);
	report(key, cost / (bytes / PAGE));

	start = ticks();
	ret = nvmx_mem_unmap(l1.fd, MORE_GPA, bytes);
	cost = ticks() - start;
	if (ret)
		l1_die(&l1, "MEM_UNMAP of %llu MiB: %d", mib, ret);
	snprintf(key, sizeof(key), "unregister_%s_%llu_mib", what, mib);
	report(key, cost / (bytes / PAGE));
	munmap(mem, bytes);
}

/* An identity map of 4 KiB pages in EPT12, in the 64 MiB of L2 from MORE_GPA. */
static void map_in_ept12(void)
{
	__u64 *pd = l1_ptr(&l1, L1_EPT_PD), *pt = l1_ptr(&l1, L1_FREE);
	unsigned int i;

	for (i = 0; i < 64 * MIB / PAGE; i++)
		pt[i] = (MORE_GPA + i * PAGE) | 6 << 3 | 7;
	for (i = 0; i < 32; i++)
		pd[MORE_GPA / (2 * MIB) + i] = (L1_FREE + i * PAGE) | 7;
}

static void touch_all(const char *key, __u64 pages)
{
	__u64 start, cost, entries = l1.run->entries;
	char again[40];

	l1.run->gpr[NVMX_RBX] = MORE_GPA;
	l1.run->gpr[NVMX_RCX] = pages;
	start = ticks();
	l1_run(&l1);
	cost = ticks() - start;
	must_be_vmcall();
	report(key, cost / pages);
	snprintf(again, sizeof(again), "%s_entries", key);
	report(again, l1.run->entries - entries);
}

static void bench_touch(bool ept)
{
	__u64 bytes = 64 * MIB;
	void *mem = more_memory(bytes, MADV_NOHUGEPAGE);
	int ret;

	l1_fresh_vmcs(&l1, 0);
	l1_prepare(&l1, L2_64);
	if (ept) {
		map_in_ept12();
		l1_use_ept(&l1);
	}
	/* Have L2's own code and tables mapped before. */
	l1_load(&l1, vmcall_loop);
	l1_run(&l1);
	must_be_vmcall();
	ret = nvmx_mem_map(l1.fd, MORE_GPA, mem, bytes, 0);
	if (ret)
		l1_die(&l1, "MEM_MAP: %d", ret);

	l1_load(&l1, touch);
	touch_all(ept ? "touch_ept12" : "touch", bytes / PAGE);
	l1_write(&l1, GUEST_RIP, L1_CODE);
	touch_all(ept ? "touch_ept12_again" : "touch_again", bytes / PAGE);

	l1_fresh_vmcs(&l1, 0);
	nvmx_mem_unmap(l1.fd, MORE_GPA, bytes);
	munmap(mem, bytes);
}

int main(void)
{
	l1_start(&l1, NVMX_PROFILE_SDM);
	bench_calls();
	bench_round_trip();
	bench_changed_fields();
	bench_field();
	bench_array("vmread_of_64", NVMX_VMREAD_ARRAY);
	bench_array("vmwrite_of_64", NVMX_VMWRITE_ARRAY);
	bench_check();
	bench_registration("page", 16, MADV_NOHUGEPAGE);
	bench_registration("page", 64, MADV_NOHUGEPAGE);
	bench_registration("huge", 64, MADV_HUGEPAGE);
	bench_touch(false);
	if (l1_can(&l1, CAPS_PROC2, PROC2_EPT))
		bench_touch(true);
	l1_close(&l1);
	return 0;
}
