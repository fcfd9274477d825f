// SPDX-License-Identifier: GPL-2.0-only
/*
 * L1's physical memory: what it can be made of, what it is accounted to, and
 * that nothing of it can be reached once it is taken back.
 */
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"
#include "l1_setup.h"

#define NEW	0x600000ULL		/* L1-physical, below L2's first GByte */
#define MIB2	0x200000ULL
#define L2_TABLES	0x190000ULL		/* two */
#define EPT12_PML4	0x1a0000ULL
#define EPT12_PDPT	0x1a1000ULL
#define EPT12_PD	0x1a2000ULL
#define EPT12_PT	0x1a3000ULL

L2_CODE(load);
L2_CODE(store);
L2_CODE(touch_2m);

FIXTURE(memory) {
	struct l1 l1;
};

FIXTURE_SETUP(memory)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
}

FIXTURE_TEARDOWN(memory)
{
	l1_close(&self->l1);
}

static __u64 load_at(struct l1 *l1, __u64 address)
{
	l1->run->gpr[NVMX_RBX] = address;
	l1_load(l1, load);
	l1_run_until(l1, EXIT_VMCALL);
	return l1->run->gpr[NVMX_RAX];
}

static void store_at(struct l1 *l1, __u64 address, __u64 value)
{
	l1->run->gpr[NVMX_RBX] = address;
	l1->run->gpr[NVMX_RAX] = value;
	l1_load(l1, store);
	l1_run_until(l1, EXIT_VMCALL);
}

/* ---- kinds of memory ------------------------------------------------------------------ */

FIXTURE(kind) {
	struct l1 l1;
	__u8 *mem;
	__u8 *other;		/* another mapping of the same file */
};

FIXTURE_VARIANT(kind) {
	int flags;		/* of mmap() */
	int file;		/* flags of memfd_create(), -1 for no file */
	__u64 bytes;
	bool shared;
};

FIXTURE_VARIANT_ADD(kind, private_anonymous) {
	.flags = MAP_PRIVATE | MAP_ANONYMOUS, .file = -1, .bytes = 64 * 4096,
};

FIXTURE_VARIANT_ADD(kind, shared_anonymous) {
	.flags = MAP_SHARED | MAP_ANONYMOUS, .file = -1, .bytes = 64 * 4096,
};

FIXTURE_VARIANT_ADD(kind, private_huge) {
	.flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, .file = -1, .bytes = 2 * MIB2,
};

FIXTURE_VARIANT_ADD(kind, shared_huge) {
	.flags = MAP_SHARED, .file = MFD_HUGETLB, .bytes = 2 * MIB2, .shared = true,
};

FIXTURE_VARIANT_ADD(kind, shared_file) {
	.flags = MAP_SHARED, .file = 0, .bytes = 64 * 4096, .shared = true,
};

FIXTURE_VARIANT_ADD(kind, private_file) {
	.flags = MAP_PRIVATE, .file = 0, .bytes = 64 * 4096,
};

FIXTURE_SETUP(kind)
{
	int fd = -1;

	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	host_reserve_huge_pages(4);
	if (variant->file >= 0) {
		fd = syscall(SYS_memfd_create, "l1", variant->file);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, ftruncate(fd, variant->bytes));
		self->other = mmap(NULL, variant->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
				   fd, 0);
		ASSERT_NE(MAP_FAILED, self->other);
	}
	self->mem = mmap(NULL, variant->bytes, PROT_READ | PROT_WRITE, variant->flags, fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN(kind)
{
	munmap(self->mem, variant->bytes);
	l1_close(&self->l1);
	host_reserve_huge_pages(0);
}

TEST_F(kind, l2_and_the_process_share_it)
{
	__u64 *first = (__u64 *)self->mem;
	__u64 *last = (__u64 *)(self->mem + variant->bytes - 8);

	/* Not touched before: registering populates it. */
	test_mem_map(self->l1.fd, NEW, self->mem, variant->bytes, 0);
	*first = 0x1111;
	EXPECT_EQ(0x1111, load_at(&self->l1, NEW));
	store_at(&self->l1, NEW + variant->bytes - 8, 0x2222);
	EXPECT_EQ(0x2222, *last);
	if (self->other) {
		EXPECT_EQ(variant->shared ? 0x2222 : 0,
			  *(__u64 *)(self->other + variant->bytes - 8));
	}
	test_mem_unmap(self->l1.fd, NEW, variant->bytes);
	test_mem_map(self->l1.fd, NEW, self->mem, variant->bytes, NVMX_MEM_READONLY);
	EXPECT_EQ(0x1111, load_at(&self->l1, NEW));
}

TEST_F(kind, it_outlives_the_mapping_of_the_process)
{
	test_mem_map(self->l1.fd, NEW, self->mem, variant->bytes, 0);
	*(__u64 *)self->mem = 0x3333;
	ASSERT_EQ(0, munmap(self->mem, variant->bytes));
	EXPECT_EQ(0x3333, load_at(&self->l1, NEW));
	test_mem_unmap(self->l1.fd, NEW, variant->bytes);
}

/* ---- large pages of EPT02 ----------------------------------------------------------------- */

/*
 * A processor with X86_BUG_ITLB_MULTIHIT must not be given executable large
 * pages; with mitigations=off the administrator has decided otherwise.
 */
static bool large_pages_are_safe(void)
{
	char line[4096], *at, *last = NULL;

	host_read("/proc/cmdline", line, sizeof(line));
	for (at = line; (at = strstr(at, " mitigations=")); at++)
		last = at;
	return host_says("/sys/devices/system/cpu/vulnerabilities/itlb_multihit",
			 "Not affected") ||
	       (last && !strncmp(last, " mitigations=off", 16));
}

TEST_F(memory, a_huge_page_is_a_large_page_of_ept02_where_that_is_safe)
{
	__u64 before, faults, i;
	__u64 *mem;

	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	host_reserve_huge_pages(4);
	mem = mmap(NULL, MIB2, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	ASSERT_NE(MAP_FAILED, mem);
	test_mem_map(self->l1.fd, NEW, mem, MIB2, 0);
	l1_use_ept(&self->l1);
	((__u64 *)l1_ptr(&self->l1, L1_EPT_PD))[NEW / MIB2] = NEW | 0xb7;
	load_at(&self->l1, L1_FREE);
	before = l1_exit_stat(&self->l1, EXIT_EPT_VIOLATION).l0_count;
	for (i = 0; i < 16; i++)
		store_at(&self->l1, NEW + i * 4096, i);
	faults = l1_exit_stat(&self->l1, EXIT_EPT_VIOLATION).l0_count - before;
	EXPECT_EQ(large_pages_are_safe() ? 1 : 16, faults);
	for (i = 0; i < 16; i++)
		EXPECT_EQ(i, mem[i * 512]);
	test_mem_unmap(self->l1.fd, NEW, MIB2);
	munmap(mem, MIB2);
	host_reserve_huge_pages(0);
}

/* ---- accounting --------------------------------------------------------------------------- */

static long locked_kib(void)
{
	return host_number("/proc/self/status", "VmLck:");
}

TEST_F(memory, pages_are_accounted_and_given_back)
{
	long before = locked_kib();
	void *mem = mmap(NULL, MIB2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	EXPECT_LE(L1_MEM_BYTES / 1024, before);
	test_mem_map(self->l1.fd, NEW, mem, MIB2, 0);
	EXPECT_EQ(before + 2048, locked_kib());
	test_mem_unmap(self->l1.fd, NEW, MIB2);
	EXPECT_EQ(before, locked_kib());
	test_err_mem_map(EFAULT, self->l1.fd, NEW, (void *)4096, 4096, 0);
	EXPECT_EQ(before, locked_kib());
	test_mem_map(self->l1.fd, NEW, mem, MIB2, 0);
	l1_close(&self->l1);
	EXPECT_EQ(before - L1_MEM_BYTES / 1024, locked_kib());
}

static int drop_ipc_lock(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -1;
	data[0].effective &= ~(1U << CAP_IPC_LOCK);
	return syscall(SYS_capset, &header, data);
}

TEST_F(memory, the_limit_of_locked_memory_holds)
{
	__u64 locked = locked_kib() * 1024ULL;
	struct rlimit limit = { locked + MIB2, locked + MIB2 };
	__u8 *mem = mmap(NULL, 2 * MIB2, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_EQ(0, drop_ipc_lock());
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	test_err_mem_map(ENOMEM, self->l1.fd, NEW, mem, MIB2 + 4096, 0);
	test_mem_map(self->l1.fd, NEW, mem, MIB2, 0);
	test_err_mem_map(ENOMEM, self->l1.fd, NEW + MIB2, mem + MIB2, 4096, 0);
	test_mem_unmap(self->l1.fd, NEW, MIB2);
	test_mem_map(self->l1.fd, NEW + MIB2, mem + MIB2, 4096, 0);
	EXPECT_EQ((locked + 4096) / 1024, locked_kib());
}

/* ---- many ranges -------------------------------------------------------------------------- */

static bool has_1g_pages(void)
{
	unsigned int a = 0x80000001, b, c, d;

	asm volatile("cpuid" : "+a" (a), "=b" (b), "=c" (c), "=d" (d));
	return d & BIT(26);
}

TEST_F(memory, a_tbyte_of_holes_has_1024_ranges)
{
	__u64 *mem = mmap(NULL, 1024 * 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	if (!has_1g_pages() || self->l1.info.out_caps.maxphyaddr < 40)
		SKIP(return, "no 1-GByte pages for L2, or less than a TByte of addresses");
	l1_map_tbyte(&self->l1, L2_TABLES);
	for (i = 1; i < 1024; i++) {
		mem[i * 512] = 0xabc000 + i;
		test_mem_map(self->l1.fd, ((__u64)i << 30) + 0x3ffff000, &mem[i * 512],
			     4096, i % 3 ? 0 : NVMX_MEM_READONLY);
	}
	test_err_mem_map(ENOSPC, self->l1.fd, NEW, mem, 4096, 0);
	for (i = 1; i < 1024; i += 6) {
		ASSERT_EQ(0xabc000 + i, load_at(&self->l1, ((__u64)i << 30) + 0x3ffff000));
		/* The page before it is a hole. */
		self->l1.run->gpr[NVMX_RBX] = ((__u64)i << 30) + 0x3fffeff8;
		l1_load(&self->l1, load);
		ASSERT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
		ASSERT_EQ(((__u64)i << 30) + 0x3fffeff8,
			  self->l1.run->guest_physical_address);
		ASSERT_EQ(0, nvmx_exit_l2(self->l1.fd, EXIT_TRIPLE_FAULT, 0));
		l1_run_until(&self->l1, EXIT_TRIPLE_FAULT);
	}
	for (i = 1; i < 1024; i++)
		test_mem_unmap(self->l1.fd, ((__u64)i << 30) + 0x3ffff000, 4096);
	test_mem_map(self->l1.fd, NEW, mem, 4096, 0);
}

/* ---- memory taken back ------------------------------------------------------------------------ */

FIXTURE(stale) {
	struct l1 l1;
	__u64 *page[2];
};

FIXTURE_VARIANT(stale) {
	bool ept;
	__u16 vpid;
};

FIXTURE_VARIANT_ADD(stale, flat) {
	.ept = false,
};

FIXTURE_VARIANT_ADD(stale, flat_vpid) {
	.vpid = 9,
};

FIXTURE_VARIANT_ADD(stale, ept12) {
	.ept = true,
};

FIXTURE_VARIANT_ADD(stale, ept12_vpid) {
	.ept = true, .vpid = 9,
};

FIXTURE_SETUP(stale)
{
	unsigned int i;

	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	if (variant->ept)
		l1_use_ept(&self->l1);
	if (variant->vpid) {
		l1_set_control(&self->l1, CAPS_PROC2, PROC2_VPID);
		l1_write(&self->l1, VIRTUAL_PROCESSOR_ID, variant->vpid);
	}
	for (i = 0; i < 2; i++) {
		self->page[i] = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		ASSERT_NE(MAP_FAILED, self->page[i]);
		*self->page[i] = 0x1000 + i;
	}
}

FIXTURE_TEARDOWN(stale)
{
	l1_close(&self->l1);
}

/* Each CPU has a translation to the old page when it goes. */
TEST_F(stale, memory_taken_back_is_on_no_cpu_any_more)
{
	unsigned int cpus = sysconf(_SC_NPROCESSORS_ONLN), round, cpu, now;

	for (round = 0; round < 20; round++) {
		now = round % 2;
		test_mem_map(self->l1.fd, NEW, self->page[now], 4096, 0);
		for (cpu = 0; cpu < 2 * cpus; cpu++) {
			ASSERT_TRUE(host_stay_on((cpu + round) % cpus));
			ASSERT_EQ(0x1000 + now, load_at(&self->l1, NEW));
			store_at(&self->l1, NEW + 8, round * 100 + cpu + 1);
			ASSERT_EQ(round * 100 + cpu + 1, self->page[now][1]);
			ASSERT_NE(round * 100 + cpu + 1, self->page[!now][1]);
		}
		test_mem_unmap(self->l1.fd, NEW, 4096);
	}
}

static void move_in_ept12(struct l1 *l1, __u64 page, unsigned int type)
{
	*(__u64 *)l1_ptr(l1, L1_FREE) = page | 0x37;
	if (nvmx_invept(l1->fd, type, type == 1 ? l1_read(l1, EPT_POINTER) : 0, 0))
		l1_die(l1, "INVEPT");
}

TEST_F(memory, what_l1_moves_in_its_tables_has_moved_after_invept_on_each_cpu)
{
	unsigned int cpus = sysconf(_SC_NPROCESSORS_ONLN), round, cpu;
	__u64 *pd = l1_ptr(&self->l1, L1_EPT_PD), page;

	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_EPT | PROC2_VPID))
		SKIP(return, "no EPT or no VPIDs");
	l1_use_ept(&self->l1);
	pd[NEW >> 21] = L1_FREE | 7;
	for (round = 0; round < 20; round++) {
		if (round == 10) {
			l1_set_control(&self->l1, CAPS_PROC2, PROC2_VPID);
			l1_write(&self->l1, VIRTUAL_PROCESSOR_ID, 9);
		}
		page = L1_FREE + 4096 * (1 + round % 3);
		*(__u64 *)l1_ptr(&self->l1, page) = round;
		move_in_ept12(&self->l1, page, 1 + round / 2 % 2);
		for (cpu = 0; cpu < 2 * cpus; cpu++) {
			ASSERT_TRUE(host_stay_on((cpu + round) % cpus));
			ASSERT_EQ(round, load_at(&self->l1, NEW));
		}
	}
}

/* ---- VPIDs ---------------------------------------------------------------------------------------- */

/* Where L2's own table says that the address is; L1 changes it without L2. */
static void move_in_l2(struct l1 *l1, __u64 address, __u64 page)
{
	*l1_pte(l1, address) = page | 7;
}

TEST_F(memory, invvpid_of_each_type_drops_what_it_must)
{
	__u64 address = 0x1f0000, page[] = { L1_FREE, L1_FREE + 4096 };
	unsigned int type, cpus = sysconf(_SC_NPROCESSORS_ONLN), cpu, now = 0;

	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_VPID))
		SKIP(return, "no VPIDs");
	l1_set_control(&self->l1, CAPS_PROC2, PROC2_VPID);
	*(__u64 *)l1_ptr(&self->l1, page[0]) = 0x100;
	*(__u64 *)l1_ptr(&self->l1, page[1]) = 0x101;
	l1_write(&self->l1, VIRTUAL_PROCESSOR_ID, 5);
	move_in_l2(&self->l1, address, page[0]);
	for (type = 0; type < 4; type++)
		for (cpu = 0; cpu < 2 * cpus; cpu++) {
			ASSERT_TRUE(host_stay_on(cpu % cpus));
			ASSERT_EQ(0x100 + now, load_at(&self->l1, address));
			now = !now;
			move_in_l2(&self->l1, address, page[now]);
			test_invvpid(self->l1.fd, type, type == 2 ? 0 : 5,
				     type == 0 ? address : 0);
			ASSERT_EQ(0x100 + now, load_at(&self->l1, address));
		}
}

TEST_F(memory, a_vpid_sees_nothing_of_another)
{
	__u64 address = 0x1f0000, page;
	unsigned int round, vpid;

	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_VPID))
		SKIP(return, "no VPIDs");
	l1_set_control(&self->l1, CAPS_PROC2, PROC2_VPID);
	for (round = 0; round < 40; round++) {
		/* Never used before, so nothing of it can be cached. */
		vpid = 100 + round * 37;
		page = L1_FREE + (round % 8) * 4096;
		*(__u64 *)l1_ptr(&self->l1, page) = round;
		move_in_l2(&self->l1, address, page);
		l1_write(&self->l1, VIRTUAL_PROCESSOR_ID, vpid);
		ASSERT_EQ(round, load_at(&self->l1, address));
	}
}

TEST_F(memory, a_vpid_flushed_while_another_is_in_use_is_flushed)
{
	__u64 address = 0x1f0000, page[] = { L1_FREE, L1_FREE + 4096 };
	unsigned int round, now = 0;

	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_VPID))
		SKIP(return, "no VPIDs");
	l1_set_control(&self->l1, CAPS_PROC2, PROC2_VPID);
	*(__u64 *)l1_ptr(&self->l1, page[0]) = 0x100;
	*(__u64 *)l1_ptr(&self->l1, page[1]) = 0x101;
	move_in_l2(&self->l1, address, page[0]);
	for (round = 0; round < 10; round++) {
		l1_write(&self->l1, VIRTUAL_PROCESSOR_ID, 1);
		ASSERT_EQ(0x100 + now, load_at(&self->l1, address));
		l1_write(&self->l1, VIRTUAL_PROCESSOR_ID, 2);
		load_at(&self->l1, L1_FREE);
		now = !now;
		move_in_l2(&self->l1, address, page[now]);
		test_invvpid(self->l1.fd, 1, 1, 0);
		test_invvpid(self->l1.fd, 3, 2, 0);
	}
}

TEST_F(memory, one_vpid_in_two_files_is_two)
{
	struct l1 other, *l1;
	unsigned int round;

	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_VPID))
		SKIP(return, "no VPIDs");
	l1_start(&other, NVMX_PROFILE_SDM);
	l1_prepare(&other, L2_64);
	for (round = 0; round < 20; round++) {
		l1 = round % 2 ? &other : &self->l1;
		l1_set_control(l1, CAPS_PROC2, PROC2_VPID);
		l1_write(l1, VIRTUAL_PROCESSOR_ID, 5);
		*(__u64 *)l1_ptr(l1, L1_FREE) = 0x700 + round % 2;
		ASSERT_EQ(0x700 + round % 2, load_at(l1, L1_FREE));
	}
	l1_close(&other);
	*(__u64 *)l1_ptr(&self->l1, L1_FREE) = 0x777;
	EXPECT_EQ(0x777, load_at(&self->l1, L1_FREE));
}

/* ---- hostile tables ------------------------------------------------------------------------------- */

/* EPT12 that maps all addresses beyond L2's code to one page, with few tables. */
static void make_endless(struct l1 *l1, __u64 root)
{
	__u64 *pml4 = l1_ptr(l1, root), *pdpt = l1_ptr(l1, EPT12_PDPT);
	__u64 *pd = l1_ptr(l1, EPT12_PD), *pt = l1_ptr(l1, EPT12_PT);
	unsigned int i;

	for (i = 0; i < 512; i++) {
		pml4[i] = EPT12_PDPT | 7;
		pdpt[i] = EPT12_PD | 7;
		pd[i] = EPT12_PT | 7;
		pt[i] = L1_FREE | 0x37;
	}
	pdpt[0] = L1_EPT_PD | 7;
}

TEST_F_TIMEOUT(memory, endless_tables_use_bounded_memory, 60)
{
	long before, used;

	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_EPT) || !has_1g_pages())
		SKIP(return, "no EPT, or no 1-GByte pages for L2");
	l1_map_tbyte(&self->l1, L2_TABLES);
	l1_use_ept(&self->l1);
	make_endless(&self->l1, EPT12_PML4);
	l1_write(&self->l1, EPT_POINTER, EPT12_PML4 | 3 << 3 | 6);
	before = host_free_kib();
	/* A table for each of 6000 pages of 2 MBytes would be 24 MBytes. */
	self->l1.run->gpr[NVMX_RBX] = 1ULL << 30;
	self->l1.run->gpr[NVMX_RCX] = 6000;
	l1_load(&self->l1, touch_2m);
	l1_run_until(&self->l1, EXIT_VMCALL);
	used = before - host_free_kib();
	TH_LOG("%ld KiB", used);
	EXPECT_GT(8192, used);
}

TEST_F_TIMEOUT(memory, thousands_of_ept12s_use_bounded_memory, 60)
{
	unsigned int i, round;
	long before, used;

	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	l1_use_ept(&self->l1);
	make_endless(&self->l1, EPT12_PML4);
	before = host_free_kib();
	/* 400 roots, each with all combinations of what the pointer may hold. */
	for (round = 0; round < 4; round++)
		for (i = 0; i < 400; i++) {
			__u64 root = L1_FREE + 4096 + i * 4096ULL;

			memcpy(l1_ptr(&self->l1, root), l1_ptr(&self->l1, EPT12_PML4),
			       4096);
			l1_write(&self->l1, EPT_POINTER, root | 3 << 3 |
				 (round & 1 ? 6 : 0) | (round & 2 ? BIT(6) : 0));
			ASSERT_EQ(0, load_at(&self->l1, L1_FREE));
		}
	used = before - host_free_kib();
	TH_LOG("%ld KiB", used);
	EXPECT_GT(8192, used);
}

TEST_HARNESS_MAIN
