// SPDX-License-Identifier: GPL-2.0-only
/*
 * The OOM killer takes a process that has files of the device open: one with L2 live,
 * one in which L2 runs.  The host stays up, everything is given back, and the device
 * works.  So for a host without memory, and for a memory cgroup at its limit, which
 * what the kernel keeps for a file is charged to.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"
#include "l1_setup.h"

#define PAGE		4096ULL
#define CGROUPS		"/tmp/oom_test.cgroup"
#define CGROUP		CGROUPS "/owner"
#define CGROUP_BYTES	"33554432"
#define HUGE_KIB	2048
#define SPARE_KIB	40960		/* what the owner finds beyond the kernel's reserve */
#define VMCSS		64		/* active ones of a file */
#define SECONDS		280

L2_CODE(vmcall_loop);
L2_CODE(watch_word);

/* ---- what uses memory up ---------------------------------------------------------------- */

static void take_pages(struct l1 *first)
{
	__u8 *mem = mmap(NULL, 4ULL << 30, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	__u64 at;

	for (at = 0; mem != MAP_FAILED && at < 4ULL << 30; at += PAGE)
		mem[at] = 1;
}

/* Files with as many VMCSs as there may be, all in one memory: the kernel's alone grows. */
static void take_vmcss(struct l1 *first)
{
	struct l1 l1;
	unsigned int n;

	for (;;) {
		l1_open(&l1);
		alarm(SECONDS);
		l1_enable(&l1, NVMX_PROFILE_SDM);
		if (nvmx_mem_map(l1.fd, 0, first->mem, L1_MEM_BYTES, 0) ||
		    nvmx_vmxon(l1.fd, L1_VMXON))
			l1_die(&l1, "no VMX operation");
		for (n = 0; n < VMCSS; n++)
			l1_use_vmcs(&l1, n);
	}
}

/* ---- the owner ------------------------------------------------------------------------------ */

static void start_l1(struct l1 *l1)
{
	l1_start(l1, NVMX_PROFILE_SDM);
	alarm(SECONDS);
	l1->deadline = ~0U;
	l1_prepare(l1, L2_64);
	if (l1_can(l1, CAPS_PROC2, PROC2_EPT))
		l1_use_ept(l1);
}

/* A file with L2 live. */
static void leave_live(struct l1 *l1)
{
	start_l1(l1);
	l1_load(l1, vmcall_loop);
	l1_run_until(l1, EXIT_VMCALL);
	l1_skip(l1);
	l1->run->immediate_exit = 1;
	if (nvmx_enter(l1->fd, NVMX_ENTER_RESUME) || l1->run->kind != NVMX_KIND_INTERRUPTED)
		l1_die(l1, "L2 is not live");
}

static void *run_for_ever(void *l1)
{
	l1_run(l1);
	return NULL;
}

/* A file in which L2 runs, in a thread of its own. */
static void leave_running(struct l1 *l1)
{
	volatile __u64 *count;
	pthread_t thread;

	start_l1(l1);
	l1_load(l1, watch_word);
	count = l1_ptr(l1, L1_FREE + 8);
	l1->run->gpr[NVMX_RBX] = L1_FREE;
	if (pthread_create(&thread, NULL, run_for_ever, l1))
		l1_die(NULL, "pthread_create");
	while (!*count)
		sched_yield();
}

static void tell(int fd)
{
	char word = 0;

	if (write(fd, &word, 1) != 1)
		_exit(KSFT_FAIL);
}

static bool hear(int fd)
{
	char word;

	return read(fd, &word, 1) == 1;
}

/* ---- the tests --------------------------------------------------------------------------------- */

FIXTURE(oom) {
	long pinned;
	int say[2];		/* to the owner */
	int hear[2];		/* from it */
};

FIXTURE_VARIANT(oom) {
	bool cgroup;
	void (*take)(struct l1 *first);
};

FIXTURE_VARIANT_ADD(oom, host) {
	.take = take_pages,
};

FIXTURE_VARIANT_ADD(oom, cgroup_by_pages) {
	.cgroup = true, .take = take_pages,
};

FIXTURE_VARIANT_ADD(oom, cgroup_by_vmcss) {
	.cgroup = true, .take = take_vmcss,
};

static bool make_cgroup(void)
{
	mkdir(CGROUPS, 0700);
	return !mount("none", CGROUPS, "cgroup2", 0, NULL) &&
	       host_write(CGROUPS "/cgroup.subtree_control", "+memory") &&
	       !mkdir(CGROUP, 0700) &&
	       host_write(CGROUP "/memory.max", CGROUP_BYTES);
}

static void remove_cgroup(void)
{
	rmdir(CGROUP);
	umount(CGROUPS);
	rmdir(CGROUPS);
}

FIXTURE_SETUP(oom)
{
	if (!variant->cgroup && host_number("/proc/meminfo", "MemTotal:") > 4 << 20)
		SKIP(return, "too much memory to take");
	if (variant->cgroup && !make_cgroup())
		SKIP(return, "no memory cgroups");
	ASSERT_EQ(0, pipe2(self->say, O_CLOEXEC));
	ASSERT_EQ(0, pipe2(self->hear, O_CLOEXEC));
	self->pinned = host_pinned_pages();
}

FIXTURE_TEARDOWN(oom)
{
	if (variant->cgroup)
		remove_cgroup();
}

/* Two files, then memory until it kills. */
static void own(FIXTURE_DATA(oom) *self, const FIXTURE_VARIANT(oom) *variant)
{
	struct l1 live, running;

	/* Before others, if it is the host that has no memory. */
	if (!host_write("/proc/self/oom_score_adj", "1000") ||
	    (variant->cgroup && !host_write(CGROUP "/cgroup.procs", "0")))
		_exit(KSFT_FAIL);
	leave_live(&live);
	leave_running(&running);
	tell(self->hear[1]);
	if (hear(self->say[0]))
		variant->take(&live);
	_exit(KSFT_PASS);
}

static void shrink_host(void)
{
	long rest = host_number("/proc/sys/vm/min_free_kbytes", "") + SPARE_KIB;

	host_reserve_huge_pages((host_free_kib() - rest) / HUGE_KIB);
}

static int die_of_oom(FIXTURE_DATA(oom) *self, const FIXTURE_VARIANT(oom) *variant)
{
	int status = -1;
	pid_t owner = fork();

	if (!owner)
		own(self, variant);
	if (!hear(self->hear[0]))
		return -1;
	if (!host_write("/dev/kmsg", "selftest: expects an OOM kill"))
		return -1;
	if (!variant->cgroup)
		shrink_host();
	tell(self->say[1]);
	waitpid(owner, &status, 0);
	if (!variant->cgroup)
		host_reserve_huge_pages(0);
	return status;
}

TEST_F_TIMEOUT(oom, the_owner_dies_and_nothing_else_does, SECONDS)
{
	long kills = host_number("/proc/vmstat", "oom_kill ");
	int status = die_of_oom(self, variant);
	struct l1 l1;

	ASSERT_TRUE(WIFSIGNALED(status)) TH_LOG("status %#x", status);
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	/* Not every kernel counts them. */
	EXPECT_EQ(kills < 0 ? kills : kills + 1, host_number("/proc/vmstat", "oom_kill "));
	EXPECT_EQ(self->pinned, host_pinned_pages());
	if (variant->cgroup) {
		EXPECT_EQ(1, host_number(CGROUP "/memory.events", "oom_kill "));
		EXPECT_GT(1 << 20, host_number(CGROUP "/memory.current", ""));
	}
	start_l1(&l1);
	l1_load(&l1, vmcall_loop);
	l1_run_until(&l1, EXIT_VMCALL);
	l1_close(&l1);
}

TEST_HARNESS_MAIN
