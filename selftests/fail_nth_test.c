// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every allocation and every copy of every call fails in turn: the call says
 * so, nothing else has happened, and the next call works.
 *
 * A call that has done its work and cannot write its answer is the one
 * exception: that is the last fault point of the call, and its struct was
 * writable when the call began.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "commands.h"
#include "fail_nth.h"

#define MOST	2000		/* fault points of one call */
#define MODULE	"nested_vmx.ko"

L2_CODE(vmcall);
L2_CODE(touch);

static struct snapshot before, after;

/* ---- the calls ----------------------------------------------------------- */

static void start_opened(struct l1 *l1)
{
	l1_open(l1);
}

static void start_outside(struct l1 *l1)
{
	l1_start(l1, NVMX_PROFILE_SDM);
	nvmx_vmxoff(l1->fd);
}

static void start_ready(struct l1 *l1)
{
	l1_start(l1, NVMX_PROFILE_SDM);
	l1_prepare(l1, L2_64);
	l1_load(l1, vmcall);
}

static void start_full(struct l1 *l1)
{
	unsigned int i;

	start_ready(l1);
	for (i = 1; i < l1->info.out_max_vmcs12; i++)
		l1_use_vmcs(l1, i);
}

static void start_broken(struct l1 *l1)
{
	start_ready(l1);
	l1_write(l1, GUEST_CR4, 0);
	l1_write(l1, GUEST_RFLAGS, 0);
}

static void start_live(struct l1 *l1)
{
	start_ready(l1);
	l1->run->immediate_exit = 1;
	if (nvmx_enter(l1->fd, NVMX_ENTER_LAUNCH))
		l1_die(l1, "ENTER_L2");
	l1->run->immediate_exit = 0;
}

static long call_get_info(struct l1 *l1)
{
	struct nvmx_info info;

	return nvmx_get_info(l1->fd, &info);
}

static long call_enable(struct l1 *l1)
{
	return nvmx_enable(l1->fd, NVMX_PROFILE_SDM);
}

#define FAR		0x40000000ULL	/* L1-physical, nothing is there */

static __u8 memory[0x40000] __attribute__((aligned(4096)));

static void touch_memory(void)
{
	memset(memory, 1, sizeof(memory));
}

static void drop_memory(void)
{
	madvise(memory, sizeof(memory), MADV_DONTNEED);
}

static long call_mem_map(struct l1 *l1)
{
	return nvmx_mem_map(l1->fd, FAR, memory, sizeof(memory), 0);
}

static long call_mem_map_untouched(struct l1 *l1)
{
	return nvmx_mem_map(l1->fd, FAR, memory, 0x8000, 0);
}

static long call_mem_map_readonly(struct l1 *l1)
{
	return nvmx_mem_map(l1->fd, FAR, memory, 0x8000, NVMX_MEM_READONLY);
}

static void start_mapped(struct l1 *l1)
{
	start_ready(l1);
	if (call_mem_map(l1))
		l1_die(l1, "MEM_MAP");
}

static long call_mem_unmap(struct l1 *l1)
{
	return nvmx_mem_unmap(l1->fd, FAR, sizeof(memory));
}

static long call_vmxon(struct l1 *l1)
{
	return nvmx_vmxon(l1->fd, L1_VMXON);
}

static long call_vmxoff(struct l1 *l1)
{
	return nvmx_vmxoff(l1->fd);
}

static long call_vmclear(struct l1 *l1)
{
	return nvmx_vmclear(l1->fd, L1_VMCS(0));
}

static long call_vmptrld(struct l1 *l1)
{
	return nvmx_vmptrld(l1->fd, L1_VMCS(100));
}

static long call_vmptrst(struct l1 *l1)
{
	__u64 vmptr;

	return nvmx_vmptrst(l1->fd, &vmptr);
}

static long call_vmread(struct l1 *l1)
{
	__u64 value;

	return nvmx_vmread(l1->fd, GUEST_RIP, &value);
}

static long call_vmwrite(struct l1 *l1)
{
	return nvmx_vmwrite(l1->fd, GUEST_RIP, 0x4711);
}

/* Known fields and unknown ones, which take another way. */
static long call_array(struct l1 *l1, unsigned long cmd)
{
	struct nvmx_field_value entries[12] = {};
	__u32 failed;
	size_t i;

	for (i = 0; i < ARRAY_LEN(entries); i++) {
		entries[i].encoding = i % 3 ? GUEST_RIP : 0x7ffe;
		entries[i].value = i;
	}
	return nvmx_field_array(l1->fd, cmd, entries, ARRAY_LEN(entries), &failed);
}

static long call_vmread_array(struct l1 *l1)
{
	return call_array(l1, NVMX_VMREAD_ARRAY);
}

static long call_vmwrite_array(struct l1 *l1)
{
	return call_array(l1, NVMX_VMWRITE_ARRAY);
}

static long call_invept(struct l1 *l1)
{
	return nvmx_invept(l1->fd, 2, 0, 0);
}

static long call_invvpid(struct l1 *l1)
{
	return nvmx_invvpid(l1->fd, 2, 0, 0);
}

static long call_vmcall(struct l1 *l1)
{
	long ret = nvmx_vmcall(l1->fd);

	/* VMCALL in VMX root operation: VMfail, dual-monitor treatment is off. */
	return ret > 0 ? 0 : ret;
}

static long call_exit_l2(struct l1 *l1)
{
	return nvmx_exit_l2(l1->fd, EXIT_CPUID, 0);
}

static long call_get_state(struct l1 *l1)
{
	struct nvmx_state state;

	return nvmx_get_state(l1->fd, &state);
}

static long call_get_l1(struct l1 *l1)
{
	struct nvmx_l1 registers;

	return nvmx_get_l1(l1->fd, &registers);
}

static long call_set_l1(struct l1 *l1)
{
	struct nvmx_l1 registers = before.l1;

	registers.rip++;
	return nvmx_set_l1(l1->fd, &registers);
}

static long call_get_l2(struct l1 *l1)
{
	struct nvmx_l2 registers;

	return nvmx_get_l2(l1->fd, &registers);
}

static long call_set_l2(struct l1 *l1)
{
	struct nvmx_l2 registers = before.l2;

	registers.cr2++;
	return nvmx_set_l2(l1->fd, &registers);
}

static long call_get_policy(struct l1 *l1)
{
	struct nvmx_field_policy policy;

	return nvmx_get_policy(l1->fd, GUEST_RIP, &policy);
}

static long call_set_policy(struct l1 *l1)
{
	struct nvmx_field_policy policy;

	return nvmx_set_policy(l1->fd, TSC_OFFSET, NVMX_POLICY_HIDDEN, &policy);
}

static long call_walk(struct l1 *l1)
{
	struct nvmx_walk_entry entries[256];
	struct nvmx_walk walk;

	return nvmx_walk(l1->fd, entries, ARRAY_LEN(entries), 0, &walk);
}

static long call_peek(struct l1 *l1)
{
	struct nvmx_peek peek;

	return nvmx_peek(l1->fd, NVMX_PEEK_VMCS12, GUEST_RIP, &peek);
}

static struct nvmx_failure failures[400];

static void touch_failures(void)
{
	memset(failures, 0, sizeof(failures));
}

static long call_check(struct l1 *l1)
{
	struct nvmx_check check;

	return nvmx_check(l1->fd, failures, ARRAY_LEN(failures), &check);
}

static long call_probe(struct l1 *l1)
{
	struct nvmx_probe probe;

	return nvmx_probe(l1->fd, failures, ARRAY_LEN(failures), &probe);
}

/* ---- each call ----------------------------------------------------------- */

FIXTURE(call) {
	struct l1 l1;
};

FIXTURE_VARIANT(call) {
	void (*start)(struct l1 *l1);
	long (*call)(struct l1 *l1);
	void (*each)(void);	/* before each call */
	bool in_parts;		/* what came before the fault is done */
};

#define CALL(name, _start, ...)						\
	FIXTURE_VARIANT_ADD(call, name) {				\
		.start = start_##_start, .call = call_##name, ##__VA_ARGS__ \
	}

CALL(get_info, ready);
CALL(enable, opened);
CALL(mem_map, ready, .each = touch_memory);
CALL(mem_map_untouched, ready, .each = drop_memory);
CALL(mem_map_readonly, ready, .each = touch_memory);
CALL(mem_unmap, mapped);
CALL(vmxon, outside);
CALL(vmxoff, ready);
CALL(vmclear, ready);
CALL(vmptrld, ready);
CALL(vmptrst, ready);
CALL(vmread, ready);
CALL(vmwrite, ready);
CALL(vmread_array, ready, .in_parts = true);
CALL(vmwrite_array, ready, .in_parts = true);
CALL(invept, ready);
CALL(invvpid, ready);
CALL(vmcall, ready);
CALL(exit_l2, live);
CALL(get_state, ready);
CALL(get_l1, ready);
CALL(set_l1, ready);
CALL(get_l2, ready);
CALL(set_l2, ready);
CALL(get_policy, ready);
CALL(set_policy, ready);
CALL(walk, ready);
CALL(peek, ready);
CALL(check, broken, .each = touch_failures);
CALL(probe, broken, .each = touch_failures);
FIXTURE_VARIANT_ADD(call, vmptrld_when_the_store_is_full) {
	.start = start_full, .call = call_vmptrld,
};

FIXTURE_SETUP(call)
{
	if (!fail_nth_possible())
		SKIP(return, "no fault injection");
	variant->start(&self->l1);
}

FIXTURE_TEARDOWN(call)
{
	fail_nth_disarm();
	l1_close(&self->l1);
}

static void restart(struct l1 *l1, void (*start)(struct l1 *l1))
{
	l1_close(l1);
	start(l1);
}

/* One call with the @n-th fault. Return: whether that fault happened. */
static bool call_once(struct l1 *l1, unsigned int n, long (*call)(struct l1 *l1), long *ret)
{
	snapshot_take(l1, &before);
	fail_nth_arm(n);
	*ret = call(l1);
	return fail_nth_disarm();
}

TEST_F(call, fails_cleanly_at_each_fault)
{
	unsigned int n, faults = 0;
	bool carried_out = false;
	const char *differs;
	long ret = 0;

	for (n = 1; n < MOST; n++) {
		if (variant->each)
			variant->each();
		if (!call_once(&self->l1, n, variant->call, &ret))
			break;
		faults++;
		if (!ret) {
			/* The kernel could do without. */
			restart(&self->l1, variant->start);
			continue;
		}
		EXPECT_TRUE(ret == -ENOMEM || ret == -EFAULT)
			TH_LOG("fault %u: %ld", n, ret);
		snapshot_take(&self->l1, &after);
		differs = variant->in_parts ? NULL : snapshot_differs(&before, &after);
		if (differs && ret == -EFAULT) {
			carried_out = true;
			restart(&self->l1, variant->start);
			continue;
		}
		EXPECT_FALSE(carried_out) TH_LOG("fault %u: %ld", n, ret);
		EXPECT_EQ(NULL, differs)
			TH_LOG("fault %u: %ld, but %s changed", n, ret, differs);
	}
	TH_LOG("%u faults injected", faults);
	EXPECT_LT(n, MOST);
	EXPECT_EQ(0, ret);
	EXPECT_LT(0, faults);
}

/* ---- all there are ------------------------------------------------------- */

FIXTURE(table) {
	struct l1 l1;
};

FIXTURE_SETUP(table)
{
	if (!fail_nth_possible())
		SKIP(return, "no fault injection");
	start_ready(&self->l1);
}

FIXTURE_TEARDOWN(table)
{
	fail_nth_disarm();
	l1_close(&self->l1);
}

static const struct command *command;
static struct command_room room;

static long call_command(struct l1 *l1)
{
	return command_call(command, l1->fd, &room);
}

/* A machine takes long to make: anew only when the call has changed it. */
static void restart_if_changed(struct l1 *l1)
{
	snapshot_take(l1, &after);
	if (snapshot_differs(&before, &after))
		restart(l1, start_ready);
}

/* Call @command with each fault in turn. Return: how many faults happened. */
static unsigned int command_at_each_fault(struct __test_metadata *_metadata, struct l1 *l1)
{
	long ret, good;
	unsigned int n;

	command_fill(command, &room, l1);
	snapshot_take(l1, &before);
	good = call_command(l1);
	restart_if_changed(l1);
	for (n = 1; n < MOST; n++) {
		command_fill(command, &room, l1);
		if (!call_once(l1, n, call_command, &ret))
			break;
		EXPECT_TRUE(ret == good || ret == -ENOMEM || ret == -EFAULT)
			TH_LOG("%s, fault %u: %ld", command->name, n, ret);
		restart_if_changed(l1);
	}
	EXPECT_EQ(good, ret) TH_LOG("%s", command->name);
	restart_if_changed(l1);
	return n - 1;
}

/* What each command of the table answers to its own argument, faults or not. */
TEST_F(table, no_command_of_the_table_does_harm_at_any_fault)
{
	unsigned int i, faults = 0;

	for (i = 0; i < command_count; i++) {
		command = &commands[i];
		faults += command_at_each_fault(_metadata, &self->l1);
	}
	TH_LOG("%u faults injected", faults);
	restart(&self->l1, start_ready);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

/* ---- entering L2 --------------------------------------------------------- */

FIXTURE(entry) {
	struct l1 l1;
};

FIXTURE_VARIANT(entry) {
	bool ept;
	bool msrs;
	__u32 profile;
	unsigned int fewest;	/* allocations that there are at least */
};

FIXTURE_VARIANT_ADD(entry, without_ept12) { };
FIXTURE_VARIANT_ADD(entry, with_ept12) { .ept = true, .fewest = 4 };
FIXTURE_VARIANT_ADD(entry, with_msr_areas) { .msrs = true, .fewest = 1 };
FIXTURE_VARIANT_ADD(entry, sealed_with_ept12) {
	.ept = true, .msrs = true, .profile = NVMX_PROFILE_SEALED, .fewest = 5,
};

static void msr_areas(struct l1 *l1)
{
	struct {
		__u32 index, reserved;
		__u64 value;
	} *area = l1_ptr(l1, L1_MSR_LIST);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		area[i].index = 0xc0000082;	/* IA32_LSTAR */
		area[i].value = 0x1000 * i;
		area[i + 3].index = 0xc0000082;
	}
	l1_write(l1, VM_ENTRY_MSR_LOAD_ADDR, L1_MSR_LIST);
	l1_write(l1, VM_ENTRY_MSR_LOAD_COUNT, 3);
	l1_write(l1, VM_EXIT_MSR_STORE_ADDR, L1_MSR_LIST + 3 * 16);
	l1_write(l1, VM_EXIT_MSR_STORE_COUNT, 3);
	l1_write(l1, VM_EXIT_MSR_LOAD_ADDR, L1_MSR_LIST);
	l1_write(l1, VM_EXIT_MSR_LOAD_COUNT, 3);
}

static void start_entry(struct l1 *l1, bool ept, bool msrs, __u32 profile)
{
	l1_start(l1, profile);
	l1_prepare(l1, L2_64);
	if (ept)
		l1_use_ept(l1);
	if (msrs)
		msr_areas(l1);
	l1_load(l1, touch);
	l1->run->gpr[NVMX_RBX] = L1_FREE;
	l1->run->gpr[NVMX_RCX] = (L1_MEM_BYTES - L1_FREE) / 4096;
}

FIXTURE_SETUP(entry)
{
	if (!fail_nth_possible())
		SKIP(return, "no fault injection");
}

FIXTURE_TEARDOWN(entry)
{
	fail_nth_disarm();
}

TEST_F(entry, l2_gets_to_its_end_after_each_fault)
{
	unsigned int n, faults = 0, live = 0;
	struct nvmx_state state;
	bool happened = true;
	int ret;

	for (n = 1; n < MOST && happened; n++) {
		start_entry(&self->l1, variant->ept, variant->msrs, variant->profile);
		snapshot_take(&self->l1, &before);
		fail_nth_arm(n);
		ret = nvmx_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
		happened = fail_nth_disarm();
		faults += happened;
		test_get_state(self->l1.fd, &state);
		if (ret) {
			EXPECT_EQ(-ENOMEM, ret) TH_LOG("fault %u", n);
			EXPECT_TRUE(happened);
		}
		if (ret && state.out_level == NVMX_LEVEL_L1) {
			snapshot_take(&self->l1, &after);
			EXPECT_EQ(NULL, snapshot_differs(&before, &after))
				TH_LOG("fault %u: %s", n, snapshot_differs(&before, &after));
		}
		live += state.out_level == NVMX_LEVEL_L2;
		if (ret || self->l1.run->kind == NVMX_KIND_INTERRUPTED)
			l1_run_exit(&self->l1);
		EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason) TH_LOG("fault %u", n);
		EXPECT_EQ(L1_MEM_BYTES, self->l1.run->gpr[NVMX_RBX]) TH_LOG("fault %u", n);
		l1_close(&self->l1);
	}
	TH_LOG("%u faults injected, %u of them while L2 was live", faults, live);
	EXPECT_LE(variant->fewest, faults);
}

/* ---- the file ------------------------------------------------------------ */

FIXTURE(file) {
	struct l1 l1;
};

FIXTURE_SETUP(file)
{
	if (!fail_nth_possible())
		SKIP(return, "no fault injection");
}

FIXTURE_TEARDOWN(file)
{
	fail_nth_disarm();
}

TEST_F(file, open_fails_cleanly_at_each_fault)
{
	unsigned int n, faults = 0;
	bool happened = true;
	int fd, error;

	for (n = 1; n < MOST && happened; n++) {
		fail_nth_arm(n);
		fd = open(NVMX_DEVICE, O_RDWR | O_CLOEXEC);
		error = errno;
		happened = fail_nth_disarm();
		faults += happened;
		if (fd >= 0) {
			close(fd);
			continue;
		}
		EXPECT_TRUE(happened);
		EXPECT_TRUE(error == ENOMEM || error == EFAULT) TH_LOG("fault %u: %d", n, error);
	}
	TH_LOG("%u faults injected", faults);
	EXPECT_LE(0, fd);
	EXPECT_LT(5, faults);
}

TEST_F(file, mmap_fails_cleanly_at_each_fault)
{
	unsigned int n, faults = 0;
	bool happened = true;
	void *page;

	start_ready(&self->l1);
	for (n = 1; n < MOST && happened; n++) {
		fail_nth_arm(n);
		page = mmap(NULL, self->l1.info.out_run_bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED, self->l1.fd, 0);
		happened = fail_nth_disarm();
		faults += happened;
		if (page == MAP_FAILED) {
			EXPECT_TRUE(happened);
			continue;
		}
		EXPECT_EQ(0, memcmp(page, self->l1.run, self->l1.info.out_run_bytes));
		munmap(page, self->l1.info.out_run_bytes);
	}
	TH_LOG("%u faults injected", faults);
	EXPECT_NE(MAP_FAILED, page);
	l1_run_until(&self->l1, EXIT_VMCALL);
	l1_close(&self->l1);
}

TEST_F(file, close_needs_nothing_that_can_fail)
{
	unsigned int i, n, faults = 0;
	bool happened = true;

	for (n = 1; n < MOST && happened; n++) {
		start_entry(&self->l1, true, true, NVMX_PROFILE_SDM);
		l1_run_until(&self->l1, EXIT_VMCALL);
		for (i = 1; i < 5; i++)
			l1_use_vmcs(&self->l1, i);
		fail_nth_arm(n);
		EXPECT_EQ(0, close(self->l1.fd));
		happened = fail_nth_disarm();
		faults += happened;
		self->l1.fd = -1;
		l1_close(&self->l1);
	}
	TH_LOG("%u faults injected", faults);
}

/* ---- the module ---------------------------------------------------------- */

static bool module_is_there(void)
{
	return !access("/sys/module/nested_vmx", F_OK);
}

/*
 * Faults that code of the module asks for; modules lie above the kernel.  Not
 * when a slab cache is made: the kernel then dumps a trace, as if of a bug.
 */
TEST_F_TIMEOUT(file, module_load_fails_cleanly_at_each_fault, 900)
{
	unsigned int n, faults = 0;
	bool happened = true;
	long ret, error;
	int file = open(MODULE, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, syscall(SYS_delete_module, "nested_vmx", O_NONBLOCK));
	fail_nth_only_below(0xffffffffa0000000, 0xfffffffffe000000);
	fail_nth_not_below("__kmem_cache_create_args");
	for (n = 1; n < MOST && happened; n++) {
		fail_nth_arm(n);
		ret = syscall(SYS_finit_module, file, "", 0);
		error = errno;
		happened = fail_nth_disarm();
		faults += happened;
		EXPECT_EQ(!ret, module_is_there());
		if (ret) {
			EXPECT_TRUE(happened);
			EXPECT_EQ(ENOMEM, error) TH_LOG("fault %u", n);
		} else if (happened) {
			EXPECT_EQ(0, syscall(SYS_delete_module, "nested_vmx", O_NONBLOCK));
		}
	}
	fail_nth_only_below(0, ~0UL);
	TH_LOG("%u faults injected", faults);
	EXPECT_EQ(0, ret);
	EXPECT_LT(5, faults);

	start_ready(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
	l1_close(&self->l1);
}

TEST_HARNESS_MAIN
