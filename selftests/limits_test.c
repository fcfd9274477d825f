// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who may open the device and how often, and that a file's death frees all that
 * it held.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"
#include "l1_setup.h"

#define PARAMETERS	"/sys/module/nested_vmx/parameters/"
#define FILES		64
#define NOBODY		65534

L2_CODE(vmcall_loop);

static void set_parameter(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	if (!host_write(path, value)) {
		perror(path);
		exit(KSFT_FAIL);
	}
}

/* -errno of an open that succeeded is 0. */
static int try_open(void)
{
	int fd = open(NVMX_DEVICE, O_RDWR);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* What @call returns, an errno at most, in a child. */
static int in_child(int (*call)(void))
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(-call());
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

static int open_as_nobody(void)
{
	if (setgid(NOBODY) || setuid(NOBODY))
		return -ECANCELED;
	return try_open();
}

static int open_as_root_of_a_namespace(void)
{
	if (setgid(NOBODY) || setuid(NOBODY) || unshare(CLONE_NEWUSER))
		return -ECANCELED;
	return try_open();
}

FIXTURE(door) {
	mode_t mode;
};

FIXTURE_SETUP(door)
{
	struct stat node;

	ASSERT_EQ(0, stat(NVMX_DEVICE, &node));
	self->mode = node.st_mode & 07777;
}

FIXTURE_TEARDOWN(door)
{
	set_parameter("unprivileged", "N");
	set_parameter("max_files", "64");
	EXPECT_EQ(0, chmod(NVMX_DEVICE, self->mode));
}

TEST_F(door, is_closed_to_others_by_its_mode)
{
	EXPECT_EQ(0600, self->mode);
	EXPECT_EQ(-EACCES, in_child(open_as_nobody));
	EXPECT_EQ(0, in_child(try_open));
}

TEST_F(door, needs_a_capability_whatever_its_mode)
{
	ASSERT_EQ(0, chmod(NVMX_DEVICE, 0666));
	EXPECT_EQ(-EPERM, in_child(open_as_nobody));
	EXPECT_EQ(0, in_child(try_open));
}

TEST_F(door, takes_no_capability_of_a_user_namespace)
{
	ASSERT_EQ(0, chmod(NVMX_DEVICE, 0666));
	EXPECT_EQ(-EPERM, in_child(open_as_root_of_a_namespace));
}

TEST_F(door, lets_in_whom_the_administrator_lets_in)
{
	set_parameter("unprivileged", "Y");
	EXPECT_EQ(-EACCES, in_child(open_as_nobody));
	ASSERT_EQ(0, chmod(NVMX_DEVICE, 0666));
	EXPECT_EQ(0, in_child(open_as_nobody));
}

TEST_F(door, lets_a_user_have_so_many_files_and_no_more)
{
	int fd[FILES], i;

	for (i = 0; i < FILES; i++) {
		fd[i] = open(NVMX_DEVICE, O_RDWR);
		ASSERT_LE(0, fd[i]);
	}
	EXPECT_EQ(-EMFILE, try_open());
	/* Another user has a count of their own. */
	set_parameter("unprivileged", "Y");
	ASSERT_EQ(0, chmod(NVMX_DEVICE, 0666));
	EXPECT_EQ(0, in_child(open_as_nobody));
	/* One goes, one comes. */
	close(fd[7]);
	EXPECT_EQ(0, try_open());
	fd[7] = open(NVMX_DEVICE, O_RDWR);
	EXPECT_LE(0, fd[7]);
	EXPECT_EQ(-EMFILE, try_open());
	for (i = 0; i < FILES; i++)
		close(fd[i]);
}

TEST_F(door, counts_by_the_parameter)
{
	int fd;

	set_parameter("max_files", "1");
	fd = open(NVMX_DEVICE, O_RDWR);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EMFILE, try_open());
	close(fd);
	set_parameter("max_files", "0");
	EXPECT_EQ(-EMFILE, try_open());
}

/* ---- what is left ------------------------------------------------------------------- */

/* Free pages that the allocator keeps for a CPU; MemFree leaves them out. */
static long kept_kilobytes(void)
{
	FILE *zones = fopen("/proc/zoneinfo", "r");
	long pages, sum = 0;
	char line[128];

	while (zones && fgets(line, sizeof(line), zones))
		if (sscanf(line, " count: %ld", &pages) == 1)
			sum += pages;
	if (zones)
		fclose(zones);
	return sum * 4;
}

static long free_kilobytes(void)
{
	/* Of no use to anybody else: their memory counts as free, too. */
	if (!host_write("/proc/sys/vm/drop_caches", "3"))
		perror("drop_caches");
	return host_free_kib() + kept_kilobytes();
}

/* A whole life, with L2, EPT12 and 16 more vmcs12s; it ends with L2 live. */
static void live_and_die(void)
{
	struct l1 l1;
	unsigned int n;

	l1_start(&l1, NVMX_PROFILE_SDM);
	for (n = 1; n <= 16; n++)
		l1_use_vmcs(&l1, n);
	l1_use_vmcs(&l1, 0);
	l1_prepare(&l1, L2_64);
	if (!l1.ept)
		l1_use_ept(&l1);
	l1_load(&l1, vmcall_loop);
	for (n = 0; n < 4; n++) {
		l1_run_until(&l1, EXIT_VMCALL);
		l1_skip(&l1);
	}
	l1.run->immediate_exit = 1;
	if (nvmx_enter(l1.fd, NVMX_ENTER_RESUME) || l1.run->kind != NVMX_KIND_INTERRUPTED)
		l1_die(&l1, "L2 is not live");
	l1_close(&l1);
}

static int live_many_lives(void)
{
	int i;

	for (i = 0; i < 32; i++)
		live_and_die();
	return 0;
}

static void live_once(void)
{
	struct l1 l1;

	l1_start(&l1, NVMX_PROFILE_SDM);
	l1_close(&l1);
}

TEST(a_file_locks_what_it_maps_and_gives_it_back)
{
	long before = host_number("/proc/self/status", "VmLck:");
	struct l1 l1;

	live_once();
	EXPECT_EQ(before, host_number("/proc/self/status", "VmLck:"));
	l1_start(&l1, NVMX_PROFILE_SDM);
	EXPECT_EQ(before + (long)(L1_MEM_BYTES >> 10),
		  host_number("/proc/self/status", "VmLck:"));
	l1_close(&l1);
	EXPECT_EQ(before, host_number("/proc/self/status", "VmLck:"));
}

/* A page a life would be seen: what else comes and goes is less than 32. */
TEST(lives_leave_nothing_behind)
{
	long before, after;
	int tries;

	ASSERT_EQ(0, in_child(live_many_lives));
	for (tries = 0; tries < 4; tries++) {
		before = free_kilobytes();
		ASSERT_EQ(0, in_child(live_many_lives));
		after = free_kilobytes();
		if (before - after < 32 * 4)
			break;
	}
	TH_LOG("%ld KiB free before 32 lives, %ld after", before, after);
	EXPECT_GT(32 * 4, before - after);
}

/* ---- the kernel log ------------------------------------------------------------------ */

static int open_log(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	lseek(log, 0, SEEK_END);
	return log;
}

/* Lines of the module, or about lines that were left out, since open_log(). */
static int lines_since(int log)
{
	char record[2048];
	int lines = 0;
	ssize_t bytes;

	while ((bytes = read(log, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		if (bytes <= 0)
			continue;
		record[bytes] = 0;
		lines += strstr(record, "nested_vmx") || strstr(record, "suppressed");
	}
	close(log);
	return lines;
}

FIXTURE(log) {
	struct l1 l1;
};

FIXTURE_SETUP(log)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
}

FIXTURE_TEARDOWN(log)
{
	set_parameter("steps", "N");
	l1_close(&self->l1);
}

/* Instructions, refusals and failed entries, again and again. */
static void make_noise(struct l1 *l1)
{
	__u64 value;
	int i;

	l1_write(l1, GUEST_CR4, 0);
	for (i = 0; i < 1000; i++) {
		nvmx_vmread(l1->fd, GUEST_RIP, &value);
		nvmx_vmread(l1->fd, 0xffff, &value);
		nvmx_vmwrite(l1->fd, GUEST_RIP, i);
		nvmx_vmptrld(l1->fd, 1);
		nvmx_enter(l1->fd, NVMX_ENTER_LAUNCH);
	}
}

TEST_F(log, is_silent_about_l1)
{
	int log = open_log();

	make_noise(&self->l1);
	EXPECT_EQ(0, lines_since(log));
}

TEST_F(log, is_not_flooded_by_steps)
{
	int log = open_log(), lines;

	set_parameter("steps", "Y");
	make_noise(&self->l1);
	lines = lines_since(log);
	TH_LOG("%d lines for 5000 steps", lines);
	EXPECT_LT(0, lines);
	EXPECT_GT(200, lines);
}

TEST_F(log, is_not_flooded_by_dynamic_debug)
{
	int control = open("/proc/dynamic_debug/control", O_WRONLY);
	int log = open_log(), lines;

	ASSERT_LT(0, write(control, "module nested_vmx +p", 20));
	make_noise(&self->l1);
	EXPECT_LT(0, write(control, "module nested_vmx -p", 20));
	close(control);
	lines = lines_since(log);
	TH_LOG("%d lines for 1000 failed entries", lines);
	EXPECT_LT(0, lines);
	EXPECT_GT(200, lines);
}

TEST_HARNESS_MAIN
