// SPDX-License-Identifier: GPL-2.0-only
/*
 * EPT of L1: violations and misconfigurations that L1 gets, accessed and dirty
 * flags, INVEPT; and holes in L1's memory, which the process gets.
 */
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

#define PAGE	0x300000ULL		/* a page of L2 */
#define HOLE	0x800000ULL		/* mapped by L2 and EPT12; no memory */
#define R	1ULL
#define W	2ULL
#define X	4ULL
#define WB	(6ULL << 3)
#define ACCESSED	BIT(8)
#define DIRTY		BIT(9)

/* Exit qualification of EPT violations. */
#define Q_LINEAR	BIT(7)
#define Q_FINAL		BIT(8)

FIXTURE(ept) {
	struct l1 l1;
	__u64 *pte;
};

FIXTURE_SETUP(ept)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	if (!l1_can(&self->l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	l1_prepare(&self->l1, L2_64);
	l1_use_ept(&self->l1);
	self->pte = l1_ept_pte(&self->l1, PAGE);
	self->l1.run->gpr[NVMX_RBX] = PAGE + 0x18;
}

FIXTURE_TEARDOWN(ept)
{
	l1_close(&self->l1);
}

/* The same without EPT in vmcs12. */
FIXTURE(flat) {
	struct l1 l1;
};

FIXTURE_SETUP(flat)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	self->l1.run->gpr[NVMX_RBX] = HOLE + 0x18;
}

FIXTURE_TEARDOWN(flat)
{
	l1_close(&self->l1);
}

L2_CODE(load);
L2_CODE(store);
L2_CODE(jump);
L2_CODE(add_mem);
L2_CODE(touch);
L2_CODE(ud2);

static void run(struct l1 *l1, const __u8 *code, size_t bytes)
{
	l1_load_code(l1, code, bytes);
	l1_write(l1, GUEST_RSP, L1_STACK);
	l1_run_exit(l1);
}

#define run(l1, name)	run(l1, l2_##name, L2_BYTES(name))

#define expect_violation(qual)						\
	do {								\
		EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason); \
		EXPECT_EQ((qual) | Q_LINEAR | Q_FINAL,			\
			  self->l1.run->qualification & 0x1bf);		\
		EXPECT_EQ(PAGE + 0x18, self->l1.run->guest_physical_address); \
		EXPECT_EQ(PAGE + 0x18, self->l1.run->guest_linear_address); \
		EXPECT_EQ(PAGE + 0x18, l1_read(&self->l1, GUEST_PHYSICAL_ADDRESS)); \
	} while (0)

/* ---- violations --------------------------------------------------------------- */

TEST_F(ept, a_page_not_present_causes_violations_of_each_access)
{
	*self->pte = 0;
	run(&self->l1, load);
	expect_violation(R);
	run(&self->l1, store);
	expect_violation(W);
	run(&self->l1, jump);
	expect_violation(X);
}

TEST_F(ept, a_read_only_page_causes_violations_of_writes)
{
	*self->pte = PAGE | R | WB;
	run(&self->l1, load);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	run(&self->l1, store);
	expect_violation(W | R << 3);
	run(&self->l1, jump);
	expect_violation(X | R << 3);
}

TEST_F(ept, a_read_modify_write_is_reported_as_a_write)
{
	*self->pte = PAGE | R | X | WB;
	run(&self->l1, add_mem);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	EXPECT_EQ(W | (R | X) << 3, self->l1.run->qualification & ~R & 0x3f);
}

TEST_F(ept, an_execute_only_page_causes_violations_of_data_accesses)
{
	if (!(self->l1.info.out_caps.msr[CAPS_EPT_VPID] & 1))
		SKIP(return, "no execute-only translations");
	memcpy(l1_ptr(&self->l1, PAGE + 0x18), "\x0f\x01\xc1", 3);
	*self->pte = PAGE | X | WB;
	run(&self->l1, jump);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(PAGE + 0x18, l1_read(&self->l1, GUEST_RIP));
	run(&self->l1, load);
	expect_violation(R | X << 3);
}

TEST_F(ept, l1_maps_the_page_and_l2_goes_on)
{
	__u64 *data = l1_ptr(&self->l1, PAGE + 0x18);

	*data = 0x123456789abcdefULL;
	*self->pte = 0;
	run(&self->l1, load);
	expect_violation(R);
	*self->pte = PAGE | R | WB;
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(*data, self->l1.run->gpr[NVMX_RAX]);
}

TEST_F(ept, l2_reads_the_page_that_ept12_names)
{
	__u64 *data = l1_ptr(&self->l1, PAGE + 0x1000 + 0x18);

	*data = 0x777;
	*self->pte = (PAGE + 0x1000) | R | W | X | WB;
	run(&self->l1, load);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(0x777, self->l1.run->gpr[NVMX_RAX]);
	self->l1.run->gpr[NVMX_RAX] = 0x888;
	run(&self->l1, store);
	EXPECT_EQ(0x888, *data);
}

TEST_F(ept, a_permission_taken_away_counts_after_invept)
{
	run(&self->l1, store);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	*self->pte = PAGE | R | WB;
	test_invept(self->l1.fd, 1, l1_read(&self->l1, EPT_POINTER), 0);
	run(&self->l1, store);
	expect_violation(W | R << 3);
	*self->pte = PAGE | R | W | X | WB;
	l1_run_until(&self->l1, EXIT_VMCALL);
	*self->pte = 0;
	test_invept(self->l1.fd, 2, 0, 0);
	run(&self->l1, load);
	expect_violation(R);
}

TEST_F(ept, a_page_moved_counts_after_invept)
{
	__u64 *first = l1_ptr(&self->l1, PAGE + 0x18);
	__u64 *second = l1_ptr(&self->l1, PAGE + 0x1018);

	*first = 1;
	*second = 2;
	run(&self->l1, load);
	EXPECT_EQ(1, self->l1.run->gpr[NVMX_RAX]);
	*self->pte = (PAGE + 0x1000) | R | W | X | WB;
	test_invept(self->l1.fd, 1, l1_read(&self->l1, EPT_POINTER), 0);
	run(&self->l1, load);
	EXPECT_EQ(2, self->l1.run->gpr[NVMX_RAX]);
}

TEST_F(ept, a_violation_in_a_paging_structure_of_l2_is_not_a_final_access)
{
	*l1_ept_pte(&self->l1, L1_PT) = 0;
	run(&self->l1, load);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	EXPECT_EQ(Q_LINEAR, self->l1.run->qualification & (Q_LINEAR | Q_FINAL));
	EXPECT_EQ(L1_PT, self->l1.run->guest_physical_address & ~0xfffULL);
}

TEST_F(ept, a_violation_during_delivery_gives_idt_vectoring)
{
	*l1_ept_pte(&self->l1, L1_IDT) = 0;
	run(&self->l1, ud2);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	EXPECT_EQ(INTR_HARD(VEC_UD), self->l1.run->idt_vectoring_info);
	EXPECT_EQ(L1_IDT + 16 * VEC_UD,
		  self->l1.run->guest_physical_address & ~15ULL);
	/* L1 maps it, and delivers the event as it would on a processor. */
	*l1_ept_pte(&self->l1, L1_IDT) = L1_IDT | R | W | X | WB;
	l1_write(&self->l1, VM_ENTRY_INTR_INFO_FIELD, INTR_HARD(VEC_UD));
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_UD, l1_vector(&self->l1));
}

TEST_F(ept, an_l0_fault_during_delivery_is_invisible)
{
	/* EPT02 is empty: the first access to the IDT faults in L0 only. */
	run(&self->l1, ud2);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(VEC_UD, l1_vector(&self->l1));
}

TEST_F(ept, many_pages_are_touched_without_an_exit)
{
	self->l1.run->gpr[NVMX_RBX] = L1_FREE;
	self->l1.run->gpr[NVMX_RCX] = (L1_MEM_BYTES - L1_FREE) / 4096;
	run(&self->l1, touch);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(L1_MEM_BYTES, self->l1.run->gpr[NVMX_RBX]);
}

TEST_F(ept, a_large_page_of_ept12_maps_all_of_it)
{
	__u64 *pd = l1_ptr(&self->l1, L1_EPT_PD);
	__u64 *data = l1_ptr(&self->l1, PAGE + 0x18);

	*data = 0x4242;
	pd[1] = 0x200000 | R | W | X | WB | BIT(7);
	run(&self->l1, load);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(0x4242, self->l1.run->gpr[NVMX_RAX]);
}

/* ---- misconfigurations --------------------------------------------------------- */

TEST_F(ept, an_illegal_entry_is_a_misconfiguration)
{
	static const struct {
		const char *name;
		__u64 entry;
	} illegal[] = {
		{ "write without read", PAGE | W | WB },
		{ "write and execute without read", PAGE | W | X | WB },
		{ "memory type 2", PAGE | R | 2 << 3 },
		{ "memory type 3", PAGE | R | 3 << 3 },
		{ "memory type 7", PAGE | R | 7 << 3 },
		{ "address bit 51", PAGE | R | WB | 1ULL << 51 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(illegal); i++) {
		*self->pte = illegal[i].entry;
		test_invept(self->l1.fd, 2, 0, 0);
		run(&self->l1, load);
		EXPECT_EQ(EXIT_EPT_MISCONFIG, self->l1.run->exit_reason)
			TH_LOG("%s", illegal[i].name);
		EXPECT_EQ(PAGE + 0x18, self->l1.run->guest_physical_address)
			TH_LOG("%s", illegal[i].name);
	}
}

TEST_F(ept, a_reserved_bit_in_a_table_entry_is_a_misconfiguration)
{
	__u64 *pd = l1_ptr(&self->l1, L1_EPT_PD);
	__u64 *pml4 = l1_ptr(&self->l1, L1_EPT_PML4);

	pd[1] |= BIT(3);
	run(&self->l1, load);
	EXPECT_EQ(EXIT_EPT_MISCONFIG, self->l1.run->exit_reason);
	pd[1] &= ~BIT(3);
	pml4[0] |= BIT(7);
	test_invept(self->l1.fd, 2, 0, 0);
	run(&self->l1, load);
	EXPECT_EQ(EXIT_EPT_MISCONFIG, self->l1.run->exit_reason);
}

TEST_F(ept, a_misaligned_large_page_is_a_misconfiguration)
{
	__u64 *pd = l1_ptr(&self->l1, L1_EPT_PD);

	pd[1] = 0x201000 | R | W | X | WB | BIT(7);
	run(&self->l1, load);
	EXPECT_EQ(EXIT_EPT_MISCONFIG, self->l1.run->exit_reason);
}

TEST_F(ept, a_not_present_entry_is_never_a_misconfiguration)
{
	*self->pte = ~7ULL;
	run(&self->l1, load);
	expect_violation(R);
}

/* ---- accessed and dirty flags --------------------------------------------------- */

TEST_F(ept, accessed_and_dirty_flags_are_set_on_request)
{
	__u64 *pd = l1_ptr(&self->l1, L1_EPT_PD);

	if (!(self->l1.info.out_caps.msr[CAPS_EPT_VPID] & BIT(21)))
		SKIP(return, "no accessed and dirty flags");
	l1_write(&self->l1, EPT_POINTER, L1_EPT_PML4 | 3 << 3 | 6 | BIT(6));
	run(&self->l1, load);
	EXPECT_EQ(ACCESSED, *self->pte & (ACCESSED | DIRTY));
	EXPECT_EQ(ACCESSED, pd[1] & (ACCESSED | DIRTY));
	run(&self->l1, store);
	EXPECT_EQ(ACCESSED | DIRTY, *self->pte & (ACCESSED | DIRTY));
	EXPECT_EQ(0, *l1_ept_pte(&self->l1, PAGE + 0x5000) & (ACCESSED | DIRTY));
}

TEST_F(ept, without_the_flag_in_eptp_no_entry_changes)
{
	__u64 before = *self->pte;

	run(&self->l1, store);
	EXPECT_EQ(before, *self->pte);
}

TEST_F(ept, flags_that_l1_clears_are_set_again_after_invept)
{
	if (!(self->l1.info.out_caps.msr[CAPS_EPT_VPID] & BIT(21)))
		SKIP(return, "no accessed and dirty flags");
	l1_write(&self->l1, EPT_POINTER, L1_EPT_PML4 | 3 << 3 | 6 | BIT(6));
	run(&self->l1, store);
	*self->pte &= ~(ACCESSED | DIRTY);
	test_invept(self->l1.fd, 2, 0, 0);
	run(&self->l1, load);
	EXPECT_EQ(ACCESSED, *self->pte & (ACCESSED | DIRTY));
	run(&self->l1, store);
	EXPECT_EQ(ACCESSED | DIRTY, *self->pte & (ACCESSED | DIRTY));
}

/* ---- holes ---------------------------------------------------------------------- */

TEST_F(ept, a_hole_behind_ept12_is_the_process_s)
{
	self->l1.run->gpr[NVMX_RBX] = HOLE + 0x18;
	l1_load(&self->l1, load);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
	EXPECT_EQ(NVMX_L0_MEMORY, self->l1.run->l0_event);
	EXPECT_EQ(NVMX_ACCESS_READ, self->l1.run->l0_access);
	EXPECT_EQ(HOLE + 0x18, self->l1.run->guest_physical_address);
}

TEST_F(ept, a_hole_in_ept12_itself_does_no_harm)
{
	__u64 *pd = l1_ptr(&self->l1, L1_EPT_PD);

	pd[1] = HOLE | R | W | X;
	l1_load(&self->l1, load);
	/* Ones: a misconfiguration, unless the process is asked first. */
	if (l1_run(&self->l1) == NVMX_KIND_EXIT) {
		EXPECT_EQ(EXIT_EPT_MISCONFIG, self->l1.run->exit_reason);
	} else {
		EXPECT_EQ(NVMX_L0_MEMORY, self->l1.run->l0_event);
	}
}

TEST_F(flat, a_hole_is_the_process_s_with_address_and_access)
{
	struct nvmx_state state;

	l1_load(&self->l1, load);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
	EXPECT_EQ(NVMX_L0_MEMORY, self->l1.run->l0_event);
	EXPECT_EQ(NVMX_ACCESS_READ, self->l1.run->l0_access);
	EXPECT_EQ(HOLE + 0x18, self->l1.run->guest_physical_address);
	EXPECT_EQ(HOLE + 0x18, self->l1.run->guest_linear_address);
	test_get_state(self->l1.fd, &state);
	EXPECT_EQ(NVMX_LEVEL_L2, state.out_level);
	EXPECT_EQ(NVMX_L0_MEMORY, state.out_l0_event);
}

TEST_F(flat, the_process_completes_an_access_to_a_hole)
{
	l1_load(&self->l1, load);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
	self->l1.run->gpr[NVMX_RAX] = 0x4711;
	self->l1.run->l0_skip_bytes = 3;
	test_enter(self->l1.fd, NVMX_ENTER_COMPLETE);
	ASSERT_EQ(NVMX_KIND_EXIT, self->l1.run->kind);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(0x4711, self->l1.run->gpr[NVMX_RAX]);
	EXPECT_EQ(L1_CODE + 3, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(flat, a_write_and_a_fetch_of_a_hole_are_told_apart)
{
	l1_load(&self->l1, store);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
	EXPECT_EQ(NVMX_ACCESS_WRITE, self->l1.run->l0_access);
	EXPECT_EQ(0, nvmx_exit_l2(self->l1.fd, EXIT_TRIPLE_FAULT, 0));
	l1_run_until(&self->l1, EXIT_TRIPLE_FAULT);
	l1_load(&self->l1, jump);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
	EXPECT_EQ(NVMX_ACCESS_FETCH, self->l1.run->l0_access);
}

TEST_F(flat, an_access_tried_again_without_memory_comes_again)
{
	l1_load(&self->l1, load);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
	EXPECT_EQ(HOLE + 0x18, self->l1.run->guest_physical_address);
}

TEST_F(flat, a_write_to_a_read_only_range_is_the_process_s)
{
	__u64 *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	page[3] = 0x99;
	test_mem_map(self->l1.fd, HOLE, page, 4096, NVMX_MEM_READONLY);
	l1_load(&self->l1, load);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0x99, self->l1.run->gpr[NVMX_RAX]);
	l1_load(&self->l1, store);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
	EXPECT_EQ(NVMX_ACCESS_WRITE, self->l1.run->l0_access & ~NVMX_ACCESS_READ);
	EXPECT_EQ(0x99, page[3]);
}

TEST_F(flat, memory_taken_away_between_entries_is_a_hole)
{
	__u64 *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	test_mem_map(self->l1.fd, HOLE, page, 4096, 0);
	l1_load(&self->l1, load);
	l1_run_until(&self->l1, EXIT_VMCALL);
	test_mem_unmap(self->l1.fd, HOLE, 4096);
	l1_load(&self->l1, load);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(&self->l1));
}

TEST_F(flat, many_pages_are_touched_without_an_exit)
{
	self->l1.run->gpr[NVMX_RBX] = L1_FREE;
	self->l1.run->gpr[NVMX_RCX] = (L1_MEM_BYTES - L1_FREE) / 4096;
	l1_load(&self->l1, touch);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(L1_MEM_BYTES, self->l1.run->gpr[NVMX_RBX]);
}

TEST_HARNESS_MAIN
