// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit leaves behind: most of guest state stays in the processor's VMCS
 * until L1 asks for it. L1 must not be able to tell.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(mov_to_cr0);
L2_CODE(data_breakpoint);
L2_CODE(vmcall_loop);

#define DR7_OF_L2	0x402ULL
#define DR7_OF_L1	0x400ULL
#define MAX_FIELDS	256
#define CAPS_TRUE_EXIT	0xf

FIXTURE(sync) {
	struct l1 l1;
};

FIXTURE_SETUP(sync)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
}

FIXTURE_TEARDOWN(sync)
{
	l1_close(&self->l1);
}

/* L2 sets DR7, which an exit saves or not as the VM-exit controls say. */
static void run_dr7(struct l1 *l1)
{
	l1_write(l1, GUEST_DR7, DR7_OF_L1);
	l1_load(l1, data_breakpoint);
	l1->run->gpr[NVMX_RAX] = DR7_OF_L2;
	l1->run->gpr[NVMX_RBX] = L1_DATA;
	l1_run_until(l1, EXIT_VMCALL);
}

TEST_F(sync, controls_written_after_the_exit_do_not_change_what_it_saved)
{
	struct l1 *l1 = &self->l1;

	l1_set_control(l1, CAPS_EXIT, EXIT_SAVE_DEBUG);
	run_dr7(l1);
	l1_clear_control(l1, CAPS_EXIT, EXIT_SAVE_DEBUG);
	EXPECT_EQ(DR7_OF_L2, l1_read(l1, GUEST_DR7));
}

TEST_F(sync, controls_written_after_the_exit_do_not_save_more)
{
	struct l1 *l1 = &self->l1;

	if (!(l1->info.out_caps.msr[CAPS_TRUE_EXIT] & EXIT_SAVE_DEBUG)) {
		l1_clear_control(l1, CAPS_EXIT, EXIT_SAVE_DEBUG);
		run_dr7(l1);
		l1_set_control(l1, CAPS_EXIT, EXIT_SAVE_DEBUG);
		EXPECT_EQ(DR7_OF_L1, l1_read(l1, GUEST_DR7));
	} else {
		SKIP(return, "this processor always saves debug controls");
	}
}

TEST_F(sync, a_mask_written_after_the_exit_does_not_change_cr0)
{
	struct l1 *l1 = &self->l1;
	__u64 cr0 = l1_read(l1, GUEST_CR0);

	l1_write(l1, CR0_GUEST_HOST_MASK, 0);
	l1_load(l1, mov_to_cr0);
	l1->run->gpr[NVMX_RAX] = cr0 | CR0_CD;
	l1_run_until(l1, EXIT_VMCALL);
	l1_write(l1, CR0_GUEST_HOST_MASK, CR0_CD);
	EXPECT_EQ(cr0 | CR0_CD, l1_read(l1, GUEST_CR0));
}

/* Fields of all kinds that no rule, or a simple one, looks at. */
static const struct l1_field changes[] = {
	{ GUEST_SYSENTER_CS, 0x18 }, { GUEST_SYSENTER_ESP, 0x1230 },
	{ GUEST_SYSENTER_EIP, 0x4560 }, { GUEST_FS_BASE, 0x7770 },
	{ GUEST_GS_BASE, 0x8880 }, { GUEST_RSP, 0x7ef8 }, { TSC_OFFSET, 0x123000 },
	{ CR0_READ_SHADOW, CR0_CD }, { CR4_READ_SHADOW, CR4_VMXE },
	{ EXCEPTION_BITMAP, BIT(VEC_BP) }, { PAGE_FAULT_ERROR_CODE_MASK, 0x15 },
	{ PAGE_FAULT_ERROR_CODE_MATCH, 0x11 }, { CR3_TARGET_VALUE0, 0x5000 },
	{ GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF }, { GUEST_LDTR_BASE, 0x6000 },
};

static bool is_in_vmcs02(struct l1 *l1, const struct l1_field *change)
{
	struct nvmx_peek peek;

	if (nvmx_peek(l1->fd, NVMX_PEEK_VMCS02, change->encoding, &peek))
		return false;
	return (peek.out_value & change->value) == change->value &&
	       (l1_read(l1, change->encoding) & change->value) == change->value;
}

static void start_with_masks(struct l1 *l1)
{
	l1_set_control(l1, CAPS_PROC, PROC_TSC_OFFSET);
	l1_write(l1, CR0_GUEST_HOST_MASK, CR0_CD);
	l1_write(l1, CR4_GUEST_HOST_MASK, CR4_VMXE);
	l1_load(l1, vmcall_loop);
	l1_run_past_vmcall(l1);
	l1_run_past_vmcall(l1);
}

TEST_F(sync, what_changes_between_two_entries_is_what_l2_runs_with)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	start_with_masks(l1);
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		EXPECT_FALSE(is_in_vmcs02(l1, &changes[i]))
			TH_LOG("field %#llx was already", changes[i].encoding);
		l1_write(l1, changes[i].encoding, changes[i].value);
		l1_run_past_vmcall(l1);
		EXPECT_TRUE(is_in_vmcs02(l1, &changes[i]))
			TH_LOG("field %#llx", changes[i].encoding);
	}
}

/* The list of the run page is no command: what the last one found still counts. */
TEST_F(sync, what_changes_with_the_entry_is_what_l2_runs_with)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_run *run = l1->run;
	size_t i;

	start_with_masks(l1);
	run->write[0].encoding = GUEST_RIP;
	run->write[0].value = l1_read(l1, GUEST_RIP);
	run->write_count = 1;
	ASSERT_EQ(0, nvmx_enter(l1->fd, NVMX_ENTER_RESUME));
	for (i = 0; i < ARRAY_LEN(changes); i++) {
		run->write[1].encoding = changes[i].encoding;
		run->write[1].value = changes[i].value;
		run->write_count = 2;
		ASSERT_EQ(0, nvmx_enter(l1->fd, NVMX_ENTER_RESUME));
		EXPECT_EQ(NVMX_KIND_EXIT, run->kind);
		EXPECT_EQ(EXIT_VMCALL, run->exit_reason);
		EXPECT_TRUE(is_in_vmcs02(l1, &changes[i]))
			TH_LOG("field %#llx", changes[i].encoding);
		run->write_count = 1;
		ASSERT_EQ(0, nvmx_enter(l1->fd, NVMX_ENTER_RESUME));
	}
	run->write_count = 0;
}

static __u32 walk(struct l1 *l1, struct nvmx_walk_entry *entries)
{
	struct nvmx_walk list;

	if (nvmx_walk(l1->fd, entries, MAX_FIELDS, 0, &list))
		l1_die(l1, "walk");
	return list.out_count;
}

/* The same run, read one by one in either direction, and all at once. */
static void read_each(struct l1 *l1, const struct nvmx_walk_entry *entries, __u32 count,
		      bool backwards, __u64 *values)
{
	__u32 i, n;

	l1_fresh_vmcs(l1, 0);
	l1_prepare(l1, L2_64);
	run_dr7(l1);
	for (i = 0; i < count; i++) {
		n = backwards ? count - 1 - i : i;
		values[n] = l1_read(l1, entries[n].encoding);
	}
}

TEST_F(sync, one_field_at_a_time_gives_what_a_walk_gives)
{
	struct nvmx_walk_entry entries[MAX_FIELDS];
	__u64 forth[MAX_FIELDS], back[MAX_FIELDS];
	struct l1 *l1 = &self->l1;
	__u32 i, count;

	run_dr7(l1);
	count = walk(l1, entries);
	ASSERT_GT(count, 60);
	read_each(l1, entries, count, false, forth);
	read_each(l1, entries, count, true, back);
	for (i = 0; i < count; i++) {
		/* In Bochs 2.7 a CPU may still block NMIs for an earlier L2. */
		if (entries[i].encoding == GUEST_INTERRUPTIBILITY_INFO)
			continue;
		EXPECT_EQ(entries[i].value, forth[i])
			TH_LOG("field %#x", entries[i].encoding);
		EXPECT_EQ(entries[i].value, back[i])
			TH_LOG("field %#x", entries[i].encoding);
	}
}

TEST_F(sync, the_high_half_of_a_field_is_written_into_what_l2_left)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_EXIT, EXIT_SAVE_PAT))
		SKIP(return, "no \"save IA32_PAT\"");
	l1_set_control(l1, CAPS_EXIT, EXIT_SAVE_PAT);
	l1_set_control(l1, CAPS_ENTRY, ENTRY_LOAD_PAT);
	l1_write(l1, GUEST_IA32_PAT, 0x0007040600070406ULL);
	run_dr7(l1);
	l1_write(l1, GUEST_IA32_PAT + 1, 0x00060406);
	EXPECT_EQ(0x0006040600070406ULL, l1_read(l1, GUEST_IA32_PAT));
}

/* What L1 changes is changed, what it did not look at goes on. */
TEST_F(sync, one_field_is_written_and_the_rest_goes_on)
{
	struct l1 *l1 = &self->l1;
	__u64 rsp = l1_read(l1, GUEST_RSP);
	unsigned int i;

	l1_load(l1, vmcall_loop);
	l1->run->gpr[NVMX_RAX] = 0;
	for (i = 1; i <= 20; i++) {
		l1_run_until(l1, EXIT_VMCALL);
		ASSERT_EQ(i, l1->run->gpr[NVMX_RAX]);
		l1_write(l1, GUEST_RIP, l1_read(l1, GUEST_RIP) + 3);
		if (i % 3 == 0)
			l1_write(l1, GUEST_FS_BASE, i << 12);
		if (i % 4 == 0)
			l1_write(l1, CR0_READ_SHADOW, i & 8);
		if (i % 5 == 0)
			l1_write(l1, EXCEPTION_BITMAP, i);
	}
	EXPECT_EQ(18 << 12, l1_read(l1, GUEST_FS_BASE));
	EXPECT_EQ(rsp, l1_read(l1, GUEST_RSP));
}

TEST_F(sync, two_vmcss_take_turns_and_keep_what_is_theirs)
{
	struct l1 *l1 = &self->l1;
	__u64 base[2] = { 0x1000, 0x2000 };
	unsigned int i, n;

	for (n = 0; n < 2; n++) {
		l1_fresh_vmcs(l1, n);
		l1_prepare(l1, L2_64);
		l1_load(l1, vmcall_loop);
		l1_write(l1, GUEST_GS_BASE, base[n]);
	}
	for (i = 0; i < 6; i++) {
		n = i % 2;
		l1_use_vmcs(l1, n);
		l1_run_until(l1, EXIT_VMCALL);
		l1_write(l1, GUEST_RIP, l1_read(l1, GUEST_RIP) + 3);
		if (i >= 4)
			EXPECT_EQ(base[n], l1_read(l1, GUEST_GS_BASE));
	}
}

TEST_HARNESS_MAIN
