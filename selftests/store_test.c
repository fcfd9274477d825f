// SPDX-License-Identifier: GPL-2.0-only
/*
 * The store of vmcs12s: what is kept, what VMCLEAR writes to L1's memory, what
 * VMPTRLD takes from there, and that nothing leaks from one to another.
 */
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

FIXTURE(store) {
	struct l1 l1;
	struct nvmx_state state;
	struct nvmx_walk walk;
	struct nvmx_walk_entry entries[256];
};

FIXTURE_SETUP(store)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
}

FIXTURE_TEARDOWN(store)
{
	l1_close(&self->l1);
}

L2_CODE(vmcall);
L2_CODE(spin);
L2_CODE(vmcall_loop);
L2_CODE(mov_from_dr7);
L2_CODE(rdmsr);

#define expect_walk(total)						\
	do {								\
		test_walk(self->l1.fd, self->entries, 256, 0, &self->walk); \
		EXPECT_EQ(total, self->walk.out_total);			\
		EXPECT_EQ(self->walk.out_total, self->walk.out_count);	\
	} while (0)

/* ---- counting and walking ------------------------------------------------ */

TEST_F(store, an_empty_vmcs_has_no_fields)
{
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(0, self->state.out_field_count);
	EXPECT_EQ(1, self->state.out_vmcs12_count);
	EXPECT_EQ(1, self->state.out_shadow_active);
	EXPECT_EQ(0, self->state.out_launched);
	EXPECT_EQ(NVMX_NO_VMPTR, self->state.out_shadow_link);
	expect_walk(0);
}

TEST_F(store, a_read_makes_no_field_present)
{
	l1_read(&self->l1, GUEST_RIP);
	l1_read(&self->l1, HOST_RIP);
	expect_walk(0);
}

TEST_F(store, a_field_counts_once)
{
	l1_write(&self->l1, GUEST_RIP, 1);
	l1_write(&self->l1, GUEST_RIP, 2);
	l1_write(&self->l1, TSC_OFFSET, 3);
	l1_write(&self->l1, TSC_OFFSET | 1, 4);
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(2, self->state.out_field_count);
	expect_walk(2);
}

TEST_F(store, a_refused_write_makes_no_field_present)
{
	test_vmx_vmwrite(VMX_FAIL(12), self->l1.fd, 0x7ffe, 1);
	test_get_state(self->l1.fd, &self->state);
	/* The VM-instruction error is the one field that was written. */
	EXPECT_LE(self->state.out_field_count, 1);
}

TEST_F(store, the_walk_is_in_order_of_encoding_whatever_the_order_of_writes)
{
	static const __u32 order[] = { HOST_RIP, VIRTUAL_PROCESSOR_ID, GUEST_CR3,
				       TSC_OFFSET, HOST_ES_SELECTOR, EXCEPTION_BITMAP,
				       GUEST_TR_LIMIT, GUEST_CS_SELECTOR };
	size_t i;

	for (i = 0; i < ARRAY_LEN(order); i++)
		l1_write(&self->l1, order[i], 0x10 + i);
	expect_walk(ARRAY_LEN(order));
	for (i = 1; i < self->walk.out_count; i++) {
		EXPECT_LT(self->entries[i - 1].encoding, self->entries[i].encoding);
	}
	for (i = 0; i < self->walk.out_count; i++) {
		EXPECT_EQ(l1_read(&self->l1, self->entries[i].encoding),
			  self->entries[i].value);
	}
}

TEST_F(store, a_walk_in_steps_sees_each_field_once)
{
	unsigned int seen = 0;
	__u32 start = 0;

	l1_prepare(&self->l1, L2_64);
	test_get_state(self->l1.fd, &self->state);
	do {
		test_walk(self->l1.fd, self->entries, 7, start, &self->walk);
		EXPECT_EQ(self->state.out_field_count - seen, self->walk.out_total);
		seen += self->walk.out_count;
		if (self->walk.out_count)
			start = self->entries[self->walk.out_count - 1].encoding + 1;
	} while (self->walk.out_count == 7);
	EXPECT_EQ(self->state.out_field_count, seen);
}

TEST_F(store, a_walk_without_a_current_vmcs_has_nothing_to_walk)
{
	test_vmclear(self->l1.fd, L1_VMCS(0));
	test_err_walk(ENOENT, self->l1.fd, self->entries, 256, 0, &self->walk);
}

TEST_F(store, a_walk_without_room_only_counts)
{
	l1_write(&self->l1, GUEST_RIP, 1);
	test_walk(self->l1.fd, NULL, 0, 0, &self->walk);
	EXPECT_EQ(0, self->walk.out_count);
	EXPECT_EQ(1, self->walk.out_total);
}

/* ---- several ------------------------------------------------------------- */

TEST_F(store, each_vmcs_has_its_own_fields)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		l1_use_vmcs(&self->l1, i);
		l1_write(&self->l1, GUEST_RIP, 0x1000 + i);
		if (i & 1)
			l1_write(&self->l1, GUEST_RSP, 0x2000 + i);
	}
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(8, self->state.out_vmcs12_count);
	for (i = 0; i < 8; i++) {
		l1_use_vmcs(&self->l1, i);
		EXPECT_EQ(0x1000 + i, l1_read(&self->l1, GUEST_RIP));
		EXPECT_EQ(i & 1 ? 0x2000 + i : 0, l1_read(&self->l1, GUEST_RSP));
	}
}

TEST_F(store, a_vmcs_is_written_back_past_the_bound_and_comes_back)
{
	unsigned int i, most = self->l1.info.out_max_vmcs12;

	ASSERT_LE(most + 8, L1_VMCS_MAX);
	for (i = 0; i < most + 8; i++) {
		l1_use_vmcs(&self->l1, i);
		l1_write(&self->l1, GUEST_RIP, 0x1000 + i);
		l1_write(&self->l1, HOST_RSP, ~0ULL - i);
		test_get_state(self->l1.fd, &self->state);
		EXPECT_LE(self->state.out_vmcs12_count, most);
	}
	EXPECT_EQ(most, self->state.out_vmcs12_count);
	for (i = 0; i < most + 8; i++) {
		l1_use_vmcs(&self->l1, i);
		EXPECT_EQ(0x1000 + i, l1_read(&self->l1, GUEST_RIP));
		EXPECT_EQ(~0ULL - i, l1_read(&self->l1, HOST_RSP));
		EXPECT_EQ(0, l1_read(&self->l1, GUEST_RSP));
	}
}

TEST_F(store, a_launched_vmcs_is_launched_after_it_was_written_back)
{
	unsigned int i;

	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, vmcall_loop);
	l1_run_until(&self->l1, EXIT_VMCALL);
	for (i = 1; i < self->l1.info.out_max_vmcs12 + 2; i++)
		l1_use_vmcs(&self->l1, i);
	l1_use_vmcs(&self->l1, 0);
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(1, self->state.out_launched);
	l1_skip(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0, self->l1.run->gpr[NVMX_RBX]);
}

/* ---- no leaks through vmcs02 ---------------------------------------------- */

TEST_F(store, dr7_of_one_l2_does_not_reach_another)
{
	unsigned int round;

	l1_prepare(&self->l1, L2_64);
	l1_write(&self->l1, GUEST_DR7, 0x455);
	l1_load(&self->l1, mov_from_dr7);
	l1_fresh_vmcs(&self->l1, 1);
	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, mov_from_dr7);
	for (round = 0; round < 4; round++) {
		l1_use_vmcs(&self->l1, round & 1);
		l1_write(&self->l1, GUEST_RIP, L1_CODE);
		l1_run_until(&self->l1, EXIT_VMCALL);
		EXPECT_EQ(round & 1 ? 0x400 : 0x455, self->l1.run->gpr[NVMX_RAX]);
	}
}

TEST_F(store, pat_of_one_l2_does_not_reach_another)
{
	unsigned int round;
	__u64 seen[4];

	if (!l1_can(&self->l1, CAPS_ENTRY, ENTRY_LOAD_PAT))
		SKIP(return, "no load of IA32_PAT");
	for (round = 0; round < 2; round++) {
		l1_fresh_vmcs(&self->l1, round);
		l1_prepare(&self->l1, L2_64);
		l1_load(&self->l1, rdmsr);
	}
	l1_use_vmcs(&self->l1, 0);
	l1_set_control(&self->l1, CAPS_ENTRY, ENTRY_LOAD_PAT);
	l1_write(&self->l1, GUEST_IA32_PAT, 0x0101010101010101ULL);
	l1_use_vmcs(&self->l1, 1);
	l1_set_control(&self->l1, CAPS_ENTRY, ENTRY_LOAD_PAT);
	l1_write(&self->l1, GUEST_IA32_PAT, 0x0606060606060606ULL);
	for (round = 0; round < 4; round++) {
		l1_use_vmcs(&self->l1, round & 1);
		l1_write(&self->l1, GUEST_RIP, L1_CODE);
		self->l1.run->gpr[NVMX_RCX] = 0x277;
		l1_run_until(&self->l1, EXIT_VMCALL);
		seen[round] = self->l1.run->gpr[NVMX_RDX] << 32 |
			      self->l1.run->gpr[NVMX_RAX];
	}
	EXPECT_EQ(0x0101010101010101ULL, seen[0]);
	EXPECT_EQ(0x0606060606060606ULL, seen[1]);
	EXPECT_EQ(0x0101010101010101ULL, seen[2]);
	EXPECT_EQ(0x0606060606060606ULL, seen[3]);
}

TEST_F(store, an_exception_bitmap_of_one_l2_does_not_reach_another)
{
	unsigned int round;

	for (round = 0; round < 2; round++) {
		l1_fresh_vmcs(&self->l1, round);
		l1_prepare(&self->l1, L2_64);
		memcpy(l1_ptr(&self->l1, L1_CODE), "\x0f\x0b", 2);
		if (!round)
			l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_UD));
	}
	for (round = 0; round < 4; round++) {
		l1_use_vmcs(&self->l1, round & 1);
		l1_write(&self->l1, GUEST_RIP, L1_CODE);
		l1_run_until(&self->l1, round & 1 ? EXIT_VMCALL : EXIT_EXCEPTION);
	}
}

TEST_F(store, two_l2s_take_turns_with_their_own_registers)
{
	unsigned int round;
	__u64 rip;

	for (round = 0; round < 2; round++) {
		l1_fresh_vmcs(&self->l1, round);
		l1_prepare(&self->l1, L2_64);
		l1_load(&self->l1, vmcall_loop);
		l1_write(&self->l1, GUEST_FS_BASE, 0x1000 * (round + 1));
		l1_write(&self->l1, GUEST_SYSENTER_EIP, 0x3000 * (round + 1));
	}
	for (round = 0; round < 20; round++) {
		l1_use_vmcs(&self->l1, round & 1);
		rip = l1_read(&self->l1, GUEST_RIP);
		EXPECT_EQ(round < 2 ? L1_CODE : L1_CODE + 6, rip);
		l1_run_until(&self->l1, EXIT_VMCALL);
		EXPECT_EQ(0x1000 * ((round & 1) + 1), l1_read(&self->l1, GUEST_FS_BASE));
		EXPECT_EQ(0x3000 * ((round & 1) + 1),
			  l1_read(&self->l1, GUEST_SYSENTER_EIP));
		l1_skip(&self->l1);
	}
}

TEST_F(store, rare_fields_of_an_l2_survive_another_l2_and_a_write_back)
{
	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, vmcall);
	l1_write(&self->l1, GUEST_GS_BASE, 0x12345000);
	l1_write(&self->l1, GUEST_LDTR_SELECTOR, 0x20);
	l1_run_until(&self->l1, EXIT_VMCALL);
	l1_fresh_vmcs(&self->l1, 1);
	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, vmcall);
	l1_run_until(&self->l1, EXIT_VMCALL);
	test_vmclear(self->l1.fd, L1_VMCS(0));
	l1_use_vmcs(&self->l1, 0);
	EXPECT_EQ(0x12345000, l1_read(&self->l1, GUEST_GS_BASE));
	EXPECT_EQ(0x20, l1_read(&self->l1, GUEST_LDTR_SELECTOR));
	l1_use_vmcs(&self->l1, 1);
	EXPECT_EQ(0, l1_read(&self->l1, GUEST_GS_BASE));
}

/* ---- regions in L1's memory ----------------------------------------------- */

TEST_F(store, vmclear_writes_a_record_and_keeps_bytes_0_to_7)
{
	__u8 *region = l1_ptr(&self->l1, L1_VMCS(0));
	__u8 before[8], blank[4088] = {};

	memcpy(region + 4, "\x11\x22\x33\x44", 4);
	memcpy(before, region, 8);
	l1_write(&self->l1, GUEST_RIP, 0x1234);
	test_vmclear(self->l1.fd, L1_VMCS(0));
	EXPECT_EQ(0, memcmp(before, region, 8));
	EXPECT_NE(0, memcmp(blank, region + 8, sizeof(blank)));
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(0, self->state.out_vmcs12_count);
}

TEST_F(store, vmptrld_after_vmclear_gives_the_fields_back)
{
	unsigned int i, count;

	l1_prepare(&self->l1, L2_64);
	expect_walk(self->walk.out_total);
	count = self->walk.out_count;
	EXPECT_LT(60, count);
	test_vmclear(self->l1.fd, L1_VMCS(0));
	l1_use_vmcs(&self->l1, 0);
	for (i = 0; i < count; i++) {
		EXPECT_EQ(self->entries[i].value,
			  l1_read(&self->l1, self->entries[i].encoding))
			TH_LOG("%#x", self->entries[i].encoding);
	}
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(count, self->state.out_field_count);
	l1_load(&self->l1, vmcall);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(store, a_record_can_be_copied_to_another_region)
{
	l1_write(&self->l1, GUEST_RIP, 0x4321);
	test_vmclear(self->l1.fd, L1_VMCS(0));
	memcpy(l1_ptr(&self->l1, L1_VMCS(9)), l1_ptr(&self->l1, L1_VMCS(0)), 4096);
	l1_use_vmcs(&self->l1, 9);
	EXPECT_EQ(0x4321, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(store, a_scribbled_region_is_an_empty_clear_vmcs)
{
	__u8 *region = l1_ptr(&self->l1, L1_VMCS(0));
	unsigned int i;

	for (i = 8; i < 4096; i += 37) {
		l1_fresh_vmcs(&self->l1, 0);
		l1_write(&self->l1, GUEST_RIP, 0x1234);
		l1_write(&self->l1, GUEST_RSP, 0x5678);
		test_vmclear(self->l1.fd, L1_VMCS(0));
		region[i] ^= 0x10;
		test_vmptrld(self->l1.fd, L1_VMCS(0));
		test_get_state(self->l1.fd, &self->state);
		EXPECT_EQ(0, self->state.out_launched);
		/* A byte that the record does not use changes nothing. */
		EXPECT_TRUE(self->state.out_field_count == 0 ||
			    self->state.out_field_count == 2)
			TH_LOG("byte %u", i);
	}
}

TEST_F(store, a_region_of_noise_is_an_empty_clear_vmcs)
{
	__u8 *region = l1_ptr(&self->l1, L1_VMCS(2));
	unsigned int i, seed = 1, round;

	for (round = 0; round < 32; round++) {
		for (i = 4; i < 4096; i++)
			region[i] = (seed = seed * 1103515245 + 12345) >> 16;
		test_vmptrld(self->l1.fd, L1_VMCS(2));
		test_get_state(self->l1.fd, &self->state);
		EXPECT_EQ(0, self->state.out_field_count);
		EXPECT_EQ(0, self->state.out_launched);
		test_vmclear(self->l1.fd, L1_VMCS(2));
	}
}

TEST_F(store, a_write_to_the_region_of_an_active_vmcs_has_no_effect)
{
	l1_write(&self->l1, GUEST_RIP, 0x1234);
	memset(l1_ptr(&self->l1, L1_VMCS(0)) + 8, 0xaa, 4088);
	EXPECT_EQ(0x1234, l1_read(&self->l1, GUEST_RIP));
	l1_use_vmcs(&self->l1, 1);
	l1_use_vmcs(&self->l1, 0);
	EXPECT_EQ(0x1234, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(store, vmclear_of_a_hole_succeeds)
{
	test_vmclear(self->l1.fd, L1_MEM_BYTES + 0x1000);
	test_vmclear(self->l1.fd, 0xfffff000);
}

/* A read-only page of L1's memory, with a revision. */
static __u8 *map_read_only(struct l1 *l1, __u64 gpa)
{
	__u8 *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	memcpy(page, l1_ptr(l1, L1_VMXON), 4);
	if (nvmx_mem_map(l1->fd, gpa, page, 4096, NVMX_MEM_READONLY))
		l1_die(l1, "MEM_MAP of a read-only page");
	return page;
}

TEST_F(store, vmclear_of_a_read_only_region_succeeds_and_stores_nothing)
{
	__u64 gpa = 0x10000000;
	__u8 *page = map_read_only(&self->l1, gpa), before[4096];

	test_vmptrld(self->l1.fd, gpa);
	l1_write(&self->l1, GUEST_RIP, 0x1234);
	memcpy(before, page, 4096);
	test_vmclear(self->l1.fd, gpa);
	EXPECT_EQ(0, memcmp(before, page, 4096));
	test_vmptrld(self->l1.fd, gpa);
	EXPECT_EQ(0, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(store, the_range_of_an_active_vmcs_cannot_be_unmapped)
{
	__u64 gpa = 0x10000000;

	map_read_only(&self->l1, gpa);
	test_vmptrld(self->l1.fd, gpa);
	test_err_mem_unmap(EBUSY, self->l1.fd, gpa, 4096);
	test_vmptrld(self->l1.fd, L1_VMCS(0));
	test_err_mem_unmap(EBUSY, self->l1.fd, gpa, 4096);
	test_vmclear(self->l1.fd, gpa);
	test_mem_unmap(self->l1.fd, gpa, 4096);
	test_vmx_vmptrld(VMX_FAIL(11), self->l1.fd, gpa);
}

TEST_F(store, vmxoff_keeps_active_vmcss)
{
	l1_write(&self->l1, GUEST_RIP, 0x1234);
	test_vmxoff(self->l1.fd);
	test_vmxon(self->l1.fd, L1_VMXON);
	l1_use_vmcs(&self->l1, 0);
	EXPECT_EQ(0x1234, l1_read(&self->l1, GUEST_RIP));
}

/* ---- L1's memory ---------------------------------------------------------- */

TEST_F(store, a_bad_range_is_refused)
{
	__u8 *mem = self->l1.mem;
	__u64 free = 0x20000000;
	int fd = self->l1.fd;

	test_err_mem_map(EINVAL, fd, free + 1, mem, 4096, 0);
	test_err_mem_map(EINVAL, fd, free, mem + 1, 4096, 0);
	test_err_mem_map(EINVAL, fd, free, mem, 4095, 0);
	test_err_mem_map(EINVAL, fd, free, mem, 0, 0);
	test_err_mem_map(EINVAL, fd, -4096ULL, mem, 8192, 0);
	test_err_mem_map(ERANGE, fd, 1ULL << 40, mem, 4096, 0);
	test_err_mem_map(ERANGE, fd, (1ULL << 40) - 4096, mem, 8192, 0);
	test_err_mem_map(EEXIST, fd, 0, mem, 4096, 0);
	test_err_mem_map(EEXIST, fd, L1_MEM_BYTES - 4096, mem, 8192, 0);
	test_err_mem_map(EFAULT, fd, free, (void *)4096, 4096, 0);
	test_err_mem_map(EFAULT, fd, free, (void *)(1UL << 62), 4096, 0);
	test_err_mem_map(EOPNOTSUPP, fd, free, mem, 4096, 2);
}

TEST_F(store, memory_that_cannot_be_written_is_refused)
{
	void *page = mmap(NULL, 4096, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	test_err_mem_map(EFAULT, self->l1.fd, 0x20000000, page, 4096, 0);
}

TEST_F(store, a_range_is_unmapped_whole_or_not_at_all)
{
	test_err_mem_unmap(ENOENT, self->l1.fd, 0x20000000, 4096);
	test_vmclear(self->l1.fd, L1_VMCS(0));
	test_err_mem_unmap(ENOENT, self->l1.fd, 0, 4096);
	test_err_mem_unmap(ENOENT, self->l1.fd, 4096, L1_MEM_BYTES - 4096);
	test_mem_unmap(self->l1.fd, 0, L1_MEM_BYTES);
	test_err_mem_unmap(ENOENT, self->l1.fd, 0, L1_MEM_BYTES);
}

TEST_F(store, the_same_memory_may_appear_twice)
{
	test_mem_map(self->l1.fd, 0x20000000, self->l1.mem, L1_MEM_BYTES, 0);
	test_vmptrld(self->l1.fd, 0x20000000 + L1_VMCS(3));
	test_mem_map(self->l1.fd, 0x30000000, self->l1.mem, 4096, NVMX_MEM_READONLY);
}

TEST_F(store, too_many_ranges_are_refused)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 100000 && !ret; i++)
		ret = nvmx_mem_map(self->l1.fd, 0x20000000 + i * 8192ULL,
				   self->l1.mem, 4096, 0);
	EXPECT_EQ(-ENOSPC, ret);
	EXPECT_LE(8, i);
}

TEST_F(store, memory_cannot_change_while_l2_is_live)
{
	test_mem_map(self->l1.fd, 0x20000000, self->l1.mem, 4096, 0);
	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, spin);
	self->l1.run->immediate_exit = 1;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	ASSERT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	test_err_mem_map(EBUSY, self->l1.fd, 0x30000000, self->l1.mem, 4096, 0);
	test_err_mem_unmap(EBUSY, self->l1.fd, 0x20000000, 4096);
}

TEST_HARNESS_MAIN
