// SPDX-License-Identifier: GPL-2.0-only
/*
 * Count and cost of VM exits, as NVMX_GET_STATS tells them.
 */
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

#define ROWS	128

L2_CODE(vmcall_loop);
L2_CODE(rdmsr);
L2_CODE(cpuid);
L2_CODE(rep_outsb);
L2_CODE(hlt);

FIXTURE(stats) {
	struct l1 l1;
	struct nvmx_stats head;
	struct nvmx_exit_stat row[ROWS];
};

FIXTURE_SETUP(stats)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
}

FIXTURE_TEARDOWN(stats)
{
	l1_close(&self->l1);
}

TEST_F(stats, before_the_first_entry_there_is_nothing)
{
	test_get_stats(self->l1.fd, self->row, ROWS, &self->head);
	EXPECT_EQ(0, self->head.out_total);
	EXPECT_EQ(0, self->head.out_count);
	EXPECT_EQ(0, self->head.out_entries);
}

TEST_F(stats, each_exit_to_l1_is_counted_with_its_cost)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_exit_stat row;
	__u64 before;
	int i;

	l1_load(l1, vmcall_loop);
	for (i = 0; i < 20; i++) {
		l1_run_until(l1, EXIT_VMCALL);
		l1_skip(l1);
	}
	row = l1_exit_stat(l1, EXIT_VMCALL);
	EXPECT_EQ(20, row.l1_count);
	EXPECT_EQ(0, row.l0_count);
	EXPECT_EQ(0, row.l0_ticks);
	EXPECT_LT(20, row.l1_ticks);
	before = row.l1_ticks;
	l1_run_until(l1, EXIT_VMCALL);
	row = l1_exit_stat(l1, EXIT_VMCALL);
	EXPECT_EQ(21, row.l1_count);
	EXPECT_LT(before, row.l1_ticks);
}

TEST_F(stats, what_l0_handles_is_counted_apart)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_exit_stat row;

	if (!l1_can(l1, CAPS_PROC, PROC_MSR_BITMAPS))
		SKIP(return, "no MSR bitmaps");
	l1_set_control(l1, CAPS_PROC, PROC_MSR_BITMAPS);
	l1_write(l1, MSR_BITMAP, L1_MSR_BITMAP);
	l1_load(l1, rdmsr);
	l1->run->gpr[NVMX_RCX] = 0x277;
	l1_run_until(l1, EXIT_VMCALL);
	row = l1_exit_stat(l1, EXIT_RDMSR);
	EXPECT_EQ(1, row.l0_count);
	EXPECT_EQ(0, row.l1_count);
	EXPECT_LT(0, row.l0_ticks);
	EXPECT_EQ(0, row.l1_ticks);

	/* And for L1 when it asks. */
	memset(l1_ptr(l1, L1_MSR_BITMAP), 0xff, 4096);
	l1_load(l1, rdmsr);
	l1->run->gpr[NVMX_RCX] = 0x277;
	l1_run_until(l1, EXIT_RDMSR);
	row = l1_exit_stat(l1, EXIT_RDMSR);
	EXPECT_EQ(1, row.l0_count);
	EXPECT_EQ(1, row.l1_count);
	EXPECT_LT(0, row.l1_ticks);
}

TEST_F(stats, what_the_process_settles_is_l0s)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_exit_stat row;

	l1_load(l1, rep_outsb);
	l1->run->gpr[NVMX_RCX] = 3;
	l1->run->gpr[NVMX_RDX] = 0x3f8;
	l1->run->gpr[NVMX_RSI] = L1_DATA;
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(l1));
	row = l1_exit_stat(l1, EXIT_IO);
	EXPECT_EQ(1, row.l0_count);
	EXPECT_EQ(0, row.l1_count);
}

TEST_F(stats, a_posted_exit_is_counted_and_costs_nothing)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_exit_stat row;

	l1_load(l1, vmcall_loop);
	l1->run->immediate_exit = 1;
	test_enter(l1->fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	test_exit_l2(l1->fd, 40000, 0);
	l1->run->immediate_exit = 0;
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_EXIT, l1->run->kind);
	row = l1_exit_stat(l1, NVMX_STAT_OTHER);
	EXPECT_EQ(1, row.l1_count);
	EXPECT_EQ(0, row.l1_ticks);
	EXPECT_EQ(0, row.l0_count);
}

TEST_F(stats, a_failed_entry_is_a_nested_exit)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_exit_stat row;

	l1_load(l1, vmcall_loop);
	l1_write(l1, GUEST_RFLAGS, 0);
	l1_run_until(l1, EXIT_GUEST_STATE | EXIT_FAILED_ENTRY);
	row = l1_exit_stat(l1, EXIT_GUEST_STATE);
	EXPECT_EQ(1, row.l1_count);
	EXPECT_EQ(0, row.l1_ticks);
}

TEST_F(stats, exits_add_up_to_the_entries)
{
	struct l1 *l1 = &self->l1;
	__u64 exits = 0;
	unsigned int i;

	l1_load(l1, vmcall_loop);
	for (i = 0; i < 10; i++) {
		l1_run_until(l1, EXIT_VMCALL);
		l1_skip(l1);
	}
	l1_load(l1, cpuid);
	l1_run_until(l1, EXIT_CPUID);
	test_get_stats(l1->fd, self->row, ROWS, &self->head);
	EXPECT_EQ(self->head.out_total, self->head.out_count);
	for (i = 0; i < self->head.out_count; i++) {
		exits += self->row[i].l0_count + self->row[i].l1_count;
		if (i) {
			EXPECT_LT(self->row[i - 1].reason, self->row[i].reason);
		}
	}
	EXPECT_EQ(self->head.out_entries, exits);
	EXPECT_EQ(l1->run->entries, self->head.out_entries);
}

TEST_F(stats, a_list_that_is_too_short_gets_the_first_rows_and_the_total)
{
	struct l1 *l1 = &self->l1;

	l1_load(l1, cpuid);
	l1_run_until(l1, EXIT_CPUID);
	l1_skip(l1);
	l1_run_until(l1, EXIT_VMCALL);
	memset(self->row, 0xa5, sizeof(self->row));
	test_get_stats(l1->fd, self->row, 1, &self->head);
	EXPECT_EQ(1, self->head.out_count);
	EXPECT_LE(2, self->head.out_total);
	EXPECT_EQ(0xa5a5a5a5, self->row[1].reason);
	test_err_get_stats(EFAULT, l1->fd, NULL, 1, &self->head);
	test_get_stats(l1->fd, NULL, 0, &self->head);
	EXPECT_LE(2, self->head.out_total);
}

TEST_HARNESS_MAIN
