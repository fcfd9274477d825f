// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls at the same time: every pair of commands on one file, each command
 * stopped half-way while all others are tried, and each against the end of the
 * file, of the process, of memory and of mappings.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "commands.h"

L2_CODE(nop);
L2_CODE(spin);
L2_CODE(vmcall_loop);
L2_CODE(add_mem);

/* Calls of a thread in a pair. */
#define ROUNDS	4

/*
 * How a command with its good argument ends alone: ENABLE and SET_SNAPSHOT are
 * for a new file, SET_CPUID for a processor outside VMX operation.
 */
static int end_alone(const struct command *c)
{
	switch (c->nr) {
	case NVMX_ENABLE:
	case NVMX_EXIT_L2:
	case NVMX_SET_SNAPSHOT:
		return -EINVAL;
	case NVMX_SET_CPUID:
		return -EBUSY;
	default:
		return 0;
	}
}

static void sleep_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/**
 * struct caller - a thread that gives a command when it is told to
 * @l1: the machine
 * @c: the command; NULL ends the thread
 * @room: its argument
 * @rounds: how often to give it
 * @bad: the last end of a call that is not documented
 * @ret: how the last call ended
 * @start: both threads begin
 * @done: both threads have ended
 */
struct caller {
	struct l1 *l1;
	const struct command *c;
	struct command_room *room;
	unsigned int rounds;
	int bad;
	int ret;
	pthread_barrier_t *start;
	pthread_barrier_t *done;
};

static void call(struct caller *self)
{
	unsigned int i;

	for (i = 0; i < self->rounds; i++) {
		self->ret = command_call(self->c, self->l1->fd, self->room);
		if (!command_may_end(self->c, self->ret))
			self->bad = self->ret;
		sched_yield();
	}
}

static void *caller_main(void *arg)
{
	struct caller *self = arg;

	for (;;) {
		pthread_barrier_wait(self->start);
		if (!self->c)
			return NULL;
		call(self);
		pthread_barrier_wait(self->done);
	}
}

FIXTURE(race) {
	struct l1 l1;
	struct nvmx_state state;
	struct command_room *room[2];
};

static struct command_room *new_room(void)
{
	void *room = mmap(NULL, sizeof(struct command_room), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	return room == MAP_FAILED ? NULL : room;
}

FIXTURE_SETUP(race)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, vmcall_loop);
	self->room[0] = new_room();
	self->room[1] = new_room();
	ASSERT_TRUE(self->room[0] && self->room[1]);
	alarm(60);
}

FIXTURE_TEARDOWN(race)
{
	l1_close(&self->l1);
}

/* Back to L1 in VMX operation with VMCS 0 current, whatever happened. */
static void repair(struct l1 *l1)
{
	struct nvmx_state state;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		if (nvmx_get_state(l1->fd, &state))
			l1_die(l1, "GET_STATE failed");
		if (state.out_level != NVMX_LEVEL_L2)
			break;
		nvmx_exit_l2(l1->fd, EXIT_VMCALL, 0);
		nvmx_enter(l1->fd, NVMX_ENTER_RESUME);
	}
	if (state.out_level != NVMX_LEVEL_L1)
		l1_die(l1, "level %u", state.out_level);
	if (!state.out_vmxon && nvmx_vmxon(l1->fd, L1_VMXON))
		l1_die(l1, "VMXON failed");
	l1_use_vmcs(l1, 0);
	nvmx_mem_unmap(l1->fd, COMMAND_GPA, COMMAND_GPA_BYTES);
}

/* L2 does what it should, as if nothing had been. */
static void expect_sane(struct l1 *l1)
{
	repair(l1);
	l1_fresh_vmcs(l1, 0);
	l1_prepare(l1, L2_64);
	l1_load(l1, vmcall_loop);
	l1->run->immediate_exit = 0;
	l1->run->write_count = 0;
	l1->run->read_count = 0;
	l1->run->gpr[NVMX_RAX] = 41;
	l1_run_until(l1, EXIT_VMCALL);
	if (l1->run->gpr[NVMX_RAX] != 42)
		l1_die(l1, "L2 counts to %llu", l1->run->gpr[NVMX_RAX]);
}

/* ---- every pair ---------------------------------------------------------- */

TEST_F(race, every_command_of_the_device_is_known_here)
{
	EXPECT_EQ(0, command_unlisted(self->l1.fd));
}

TEST_F(race, every_command_does_its_work_alone)
{
	unsigned int i;

	for (i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];
		int want = end_alone(c);

		if (c->nr == NVMX_MEM_UNMAP)
			nvmx_mem_map(self->l1.fd, COMMAND_GPA, l1_ptr(&self->l1, L1_FREE),
				     COMMAND_GPA_BYTES, 0);
		command_fill(c, self->room[0], &self->l1);
		EXPECT_EQ(want, command_call(c, self->l1.fd, self->room[0]))
			TH_LOG("%s", c->name);
		repair(&self->l1);
	}
}

TEST_F_TIMEOUT(race, every_pair_of_commands_on_one_file, 300)
{
	pthread_barrier_t start, done;
	struct caller callers[2] = { };
	unsigned int i, j, k;
	pthread_t thread;

	pthread_barrier_init(&start, NULL, 2);
	pthread_barrier_init(&done, NULL, 2);
	for (k = 0; k < 2; k++)
		callers[k] = (struct caller){
			.l1 = &self->l1, .room = self->room[k], .rounds = ROUNDS,
			.start = &start, .done = &done,
		};
	ASSERT_EQ(0, pthread_create(&thread, NULL, caller_main, &callers[1]));
	/* Also of a live L2: the entry then ends before its first instruction. */
	for (i = 0; i < command_count; i++) {
		for (j = i; j < command_count; j++) {
			callers[0].c = &commands[i];
			callers[1].c = &commands[j];
			for (k = 0; k < 2; k++)
				command_fill(callers[k].c, callers[k].room, &self->l1);
			self->l1.run->immediate_exit = (i + j) & 1;
			pthread_barrier_wait(&start);
			call(&callers[0]);
			pthread_barrier_wait(&done);
			for (k = 0; k < 2; k++) {
				EXPECT_EQ(0, callers[k].bad)
					TH_LOG("%s beside %s", callers[k].c->name,
					       callers[!k].c->name);
				callers[k].bad = 0;
			}
			repair(&self->l1);
		}
	}
	callers[1].c = NULL;
	pthread_barrier_wait(&start);
	pthread_join(thread, NULL);
	expect_sane(&self->l1);
}

/* ---- stopped half-way ---------------------------------------------------- */

/*
 * A page that is not there yet: whoever touches it, the kernel included, waits
 * until it is filled.
 */
struct trap {
	int fd;
	__u8 *page;
};

static bool trap_set(struct trap *trap)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	trap->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (trap->fd < 0)
		return false;
	trap->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	area.range.start = (uintptr_t)trap->page;
	area.range.len = 4096;
	return trap->page != MAP_FAILED && !ioctl(trap->fd, UFFDIO_API, &api) &&
	       !ioctl(trap->fd, UFFDIO_REGISTER, &area);
}

/* Somebody waits in it. */
static bool trap_caught(struct trap *trap)
{
	struct pollfd poller = { .fd = trap->fd, .events = POLLIN };
	struct uffd_msg msg;

	return poll(&poller, 1, 10000) == 1 && read(trap->fd, &msg, sizeof(msg)) == sizeof(msg);
}

static void trap_release(struct trap *trap, const void *bytes)
{
	struct uffdio_copy copy = {
		.dst = (uintptr_t)trap->page, .src = (uintptr_t)bytes, .len = 4096,
	};

	ioctl(trap->fd, UFFDIO_COPY, &copy);
}

static void trap_again(struct trap *trap)
{
	madvise(trap->page, 4096, MADV_DONTNEED);
}

static void *call_once(void *arg)
{
	struct caller *self = arg;

	self->rounds = 1;
	call(self);
	return NULL;
}

TEST_F_TIMEOUT(race, a_command_that_waits_for_its_argument_keeps_all_others_out, 120)
{
	struct caller caller = { .l1 = &self->l1 };
	struct trap trap;
	unsigned int i, j;
	pthread_t thread;

	ASSERT_TRUE(trap_set(&trap));
	for (i = 0; i < command_count; i++) {
		/* A post copies its argument without keeping others out. */
		if (!commands[i].bytes || commands[i].post)
			continue;
		repair(&self->l1);
		command_fill(&commands[i], self->room[0], &self->l1);
		caller.c = &commands[i];
		caller.room = (struct command_room *)trap.page;
		ASSERT_EQ(0, pthread_create(&thread, NULL, call_once, &caller));
		ASSERT_TRUE(trap_caught(&trap));
		for (j = 0; j < command_count; j++) {
			const struct command *c = &commands[j];
			int want = !c->post ? -EBUSY : c->bytes ? -EINVAL : 0;

			memset(self->room[1], 0, sizeof(*self->room[1]));
			self->room[1]->size = c->bytes;
			EXPECT_EQ(want, command_call(c, self->l1.fd, self->room[1]))
				TH_LOG("%s beside %s", c->name, commands[i].name);
		}
		trap_release(&trap, self->room[0]);
		pthread_join(thread, NULL);
		EXPECT_EQ(0, caller.bad) TH_LOG("%s", commands[i].name);
		trap_again(&trap);
	}
	close(trap.fd);
	expect_sane(&self->l1);
}

TEST_F_TIMEOUT(race, the_file_is_closed_under_every_command, 120)
{
	struct trap trap;
	unsigned int i;
	pthread_t thread;

	ASSERT_TRUE(trap_set(&trap));
	for (i = 0; i < command_count; i++) {
		struct l1 other;
		struct caller caller = { .l1 = &other, .c = &commands[i] };

		if (!commands[i].bytes)
			continue;
		l1_open(&other);
		l1_enable(&other, NVMX_PROFILE_SDM);
		other.mem = self->l1.mem;
		command_fill(&commands[i], self->room[0], &other);
		caller.room = (struct command_room *)trap.page;
		ASSERT_EQ(0, pthread_create(&thread, NULL, call_once, &caller));
		ASSERT_TRUE(trap_caught(&trap));
		munmap(other.run, other.info.out_run_bytes);
		EXPECT_EQ(0, close(other.fd));
		trap_release(&trap, self->room[0]);
		pthread_join(thread, NULL);
		EXPECT_EQ(0, caller.bad) TH_LOG("%s", commands[i].name);
		trap_again(&trap);
	}
	close(trap.fd);
	expect_sane(&self->l1);
}

/* A child whose thread waits in a command of its file for ever. */
static void waiting_child(const struct command *c, int ready)
{
	struct l1 l1;
	struct caller caller = { .l1 = &l1, .c = c };
	pthread_t thread;
	struct trap trap;

	l1_start(&l1, NVMX_PROFILE_SDM);
	if (!trap_set(&trap))
		_exit(1);
	caller.room = (struct command_room *)trap.page;
	pthread_create(&thread, NULL, call_once, &caller);
	if (!trap_caught(&trap) || write(ready, "", 1) != 1)
		_exit(1);
	pause();
}

TEST_F_TIMEOUT(race, the_process_is_killed_in_the_midst_of_a_command, 60)
{
	static const unsigned long numbers[] = {
		NVMX_MEM_MAP, NVMX_VMPTRLD, NVMX_VMWRITE_ARRAY, NVMX_EXIT_L2, NVMX_PROBE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		int pipes[2], status = 0;
		pid_t pid;
		char c;

		ASSERT_EQ(0, pipe(pipes));
		pid = fork();
		if (!pid)
			waiting_child(command_find(numbers[i]), pipes[1]);
		close(pipes[1]);
		EXPECT_EQ(1, read(pipes[0], &c, 1));
		kill(pid, SIGKILL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		close(pipes[0]);
	}
	expect_sane(&self->l1);
}

/* ---- a running L2 -------------------------------------------------------- */

static void *run_l2(void *arg)
{
	struct l1 *l1 = arg;

	return (void *)(long)nvmx_enter(l1->fd, NVMX_ENTER_LAUNCH);
}

/* Bochs keeps interrupts masked in an L2 that was entered with IF = 0. */
static void load_spin(struct l1 *l1)
{
	l1_load(l1, spin);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
}

TEST_F_TIMEOUT(race, every_command_beside_a_running_l2, 120)
{
	unsigned int i;
	pthread_t thread;
	void *ret;

	load_spin(&self->l1);
	for (i = 0; i < command_count; i++)
		command_fill(&commands[i], self->room[0], &self->l1);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_l2, &self->l1));
	sleep_ms(20);
	for (i = 0; i < command_count; i++) {
		const struct command *c = &commands[i];

		if (c->post)
			continue;
		memset(self->room[0], 0, sizeof(*self->room[0]));
		self->room[0]->size = c->bytes;
		EXPECT_EQ(-EBUSY, command_call(c, self->l1.fd, self->room[0]))
			TH_LOG("%s", c->name);
	}
	test_exit_l2(self->l1.fd, EXIT_CPUID, 0);
	pthread_join(thread, &ret);
	EXPECT_EQ(0, (long)ret);
	EXPECT_EQ(NVMX_KIND_EXIT, self->l1.run->kind);
	EXPECT_EQ(EXIT_CPUID, self->l1.run->exit_reason);
	expect_sane(&self->l1);
}

/**
 * struct touching - an L2 that writes to memory which comes and goes
 * @l1: the machine
 * @stop: end it
 * @exits: VMCALLs of L2, once for each time it reached the memory
 * @holes: times it did not
 * @other: times something else happened
 */
struct touching {
	struct l1 *l1;
	volatile bool stop;
	unsigned int exits;
	unsigned int holes;
	unsigned int other;
};

static void *touch(void *arg)
{
	struct touching *t = arg;
	unsigned long how = NVMX_ENTER_LAUNCH;

	while (!t->stop) {
		int ret = nvmx_enter(t->l1->fd, how);

		if (ret == -EBUSY) {
			sched_yield();
			continue;
		}
		if (!ret && t->l1->run->kind == NVMX_KIND_L0_EVENT &&
		    t->l1->run->l0_event == NVMX_L0_MEMORY) {
			t->holes++;
			/* L2 is live: nothing can be mapped. Back to L1. */
			nvmx_exit_l2(t->l1->fd, EXIT_EPT_VIOLATION, 0);
			how = NVMX_ENTER_RESUME;
		} else if (!ret && t->l1->run->kind == NVMX_KIND_EXIT) {
			t->exits += t->l1->run->exit_reason == EXIT_VMCALL;
			t->l1->run->write[0] = (struct nvmx_field_value){
				.encoding = GUEST_RIP, .value = L1_CODE,
			};
			t->l1->run->write_count = 1;
			how = NVMX_ENTER_RESUME;
		} else if (ret || t->l1->run->kind != NVMX_KIND_INTERRUPTED) {
			t->other++;
		}
		sched_yield();
	}
	return NULL;
}

#define MARK	0x5a5a5a5a5a5a5a5aULL

/* Once MEM_UNMAP has succeeded, L2 does not reach the memory any more. */
TEST_F_TIMEOUT(race, memory_is_unmapped_under_a_running_l2, 120)
{
	struct touching t = { .l1 = &self->l1 };
	unsigned int i, unmapped = 0, wrong = 0;
	volatile __u64 *word = l1_ptr(&self->l1, L1_FREE);
	pthread_t thread;

	l1_load(&self->l1, add_mem);
	self->l1.run->gpr[NVMX_RBX] = COMMAND_GPA;
	test_mem_map(self->l1.fd, COMMAND_GPA, (void *)word, COMMAND_GPA_BYTES, 0);
	ASSERT_EQ(0, pthread_create(&thread, NULL, touch, &t));
	for (i = 0; i < 4000 && unmapped < 100; i++) {
		int ret = nvmx_mem_unmap(self->l1.fd, COMMAND_GPA, COMMAND_GPA_BYTES);

		if (ret == -EBUSY) {
			sched_yield();
			continue;
		}
		ASSERT_EQ(0, ret);
		unmapped++;
		*word = MARK;
		sleep_ms(1);
		wrong += *word != MARK;
		do
			ret = nvmx_mem_map(self->l1.fd, COMMAND_GPA, (void *)word,
					   COMMAND_GPA_BYTES, 0);
		while (ret == -EBUSY && !sched_yield());
		ASSERT_EQ(0, ret);
		sched_yield();
	}
	t.stop = true;
	pthread_join(thread, NULL);
	EXPECT_LT(10, unmapped);
	EXPECT_LT(10, t.exits);
	EXPECT_LT(0, t.holes);
	EXPECT_EQ(0, t.other);
	EXPECT_EQ(0, wrong);
	expect_sane(&self->l1);
}

static void *map_run_page(void *arg)
{
	struct touching *t = arg;
	unsigned int i;

	for (i = 0; i < 200; i++) {
		struct nvmx_run *run = mmap(NULL, t->l1->info.out_run_bytes,
					    PROT_READ | PROT_WRITE, MAP_SHARED, t->l1->fd, 0);

		if (run == MAP_FAILED) {
			t->other++;
			continue;
		}
		*(volatile __u64 *)&run->gpr[NVMX_R15] = i;
		sched_yield();
		munmap(run, t->l1->info.out_run_bytes);
	}
	t->stop = true;
	return NULL;
}

TEST_F_TIMEOUT(race, the_run_page_is_mapped_and_unmapped_under_a_running_l2, 60)
{
	struct touching t = { .l1 = &self->l1 };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, map_run_page, &t));
	while (!t.stop) {
		l1_run_until(&self->l1, EXIT_VMCALL);
		l1_skip(&self->l1);
		t.exits++;
	}
	pthread_join(thread, NULL);
	EXPECT_LT(0, t.exits);
	EXPECT_EQ(0, t.other);
	expect_sane(&self->l1);
}

TEST_F_TIMEOUT(race, the_run_page_is_not_mapped_at_all_while_l2_runs, 60)
{
	struct nvmx_run *run = self->l1.run;
	struct nvmx_run keep;

	ASSERT_EQ(0, munmap(run, self->l1.info.out_run_bytes));
	self->l1.run = &keep;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	run = mmap(NULL, self->l1.info.out_run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		   self->l1.fd, 0);
	ASSERT_NE(MAP_FAILED, run);
	self->l1.run = run;
	EXPECT_EQ(NVMX_KIND_EXIT, run->kind);
	expect_sane(&self->l1);
}

/* ---- enable -------------------------------------------------------------- */

/* Both begin on a file that knows nothing yet; one of them enables it. */
TEST_F_TIMEOUT(race, enable_beside_every_command, 120)
{
	pthread_barrier_t start, done;
	struct l1 other = { .fd = -1 };
	struct nvmx_state state;
	struct caller enable = {
		.l1 = &other, .c = command_find(NVMX_ENABLE), .room = self->room[0],
		.rounds = ROUNDS, .start = &start, .done = &done,
	};
	struct caller caller = enable;
	unsigned int i;
	pthread_t thread;

	pthread_barrier_init(&start, NULL, 2);
	pthread_barrier_init(&done, NULL, 2);
	caller.room = self->room[1];
	ASSERT_EQ(0, pthread_create(&thread, NULL, caller_main, &caller));
	for (i = 0; i < command_count; i++) {
		l1_open(&other);
		alarm(60);
		other.mem = self->l1.mem;
		caller.c = &commands[i];
		command_fill(enable.c, enable.room, &other);
		command_fill(caller.c, caller.room, &other);
		pthread_barrier_wait(&start);
		call(&enable);
		pthread_barrier_wait(&done);
		EXPECT_EQ(0, enable.bad) TH_LOG("beside %s", caller.c->name);
		EXPECT_EQ(0, caller.bad) TH_LOG("%s", caller.c->name);
		test_get_state(other.fd, &state);
		EXPECT_EQ(NVMX_LEVEL_L1, state.out_level) TH_LOG("%s", caller.c->name);
		munmap(other.run, other.info.out_run_bytes);
		close(other.fd);
	}
	caller.c = NULL;
	pthread_barrier_wait(&start);
	pthread_join(thread, NULL);
	expect_sane(&self->l1);
}

/* ---- other processes ----------------------------------------------------- */

/* Every command on somebody else's file. Return: commands that did not get EIO. */
static unsigned int try_all(int fd, struct command_room *room)
{
	unsigned int i, round, wrong = 0;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < command_count; i++) {
			memset(room, 0, sizeof(*room));
			room->size = commands[i].bytes;
			wrong += command_call(&commands[i], fd, room) != -EIO;
		}
	}
	wrong += mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED;
	return wrong;
}

static void run_until_child_ends(struct l1 *l1, pid_t pid, int *status)
{
	*status = -1;
	while (waitpid(pid, status, WNOHANG) == 0) {
		l1_run_until(l1, EXIT_VMCALL);
		l1_skip(l1);
		sched_yield();
	}
}

TEST_F_TIMEOUT(race, a_forked_child_tries_every_command_while_l2_runs, 60)
{
	int status;
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(try_all(self->l1.fd, self->room[0]) != 0);
	run_until_child_ends(&self->l1, pid, &status);
	EXPECT_EQ(0, status);
	expect_sane(&self->l1);
}

static int receive_fd(int socket)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &msg, 0) != 1 || !CMSG_FIRSTHDR(&msg))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static int send_fd(int socket, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {
		.head = {
			.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int)),
		},
	};
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -1;
}

/* The file outlives the process that opened it, in a message and elsewhere. */
TEST_F_TIMEOUT(race, a_file_that_was_sent_outlives_its_process, 60)
{
	int sockets[2], status, fd;
	struct l1 l1;
	pid_t pid;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		l1_start(&l1, NVMX_PROFILE_SDM);
		l1_prepare(&l1, L2_64);
		l1_load(&l1, nop);
		l1.run->immediate_exit = 1;
		/* L2 is live when the process ends. */
		_exit(nvmx_enter(l1.fd, NVMX_ENTER_LAUNCH) || send_fd(sockets[1], l1.fd));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	fd = receive_fd(sockets[0]);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, try_all(fd, self->room[0]));
	EXPECT_EQ(0, close(fd));
	expect_sane(&self->l1);
}

/**
 * struct duplicates - file descriptors of one machine that are closed in turn
 * @fds: them
 * @runs: entries of L2 so far; each one lets another be closed
 */
struct duplicates {
	int fds[16];
	volatile unsigned int runs;
};

static void *close_all(void *arg)
{
	struct duplicates *d = arg;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(d->fds); i++) {
		while (d->runs <= i)
			sched_yield();
		close(d->fds[i]);
	}
	return NULL;
}

TEST_F_TIMEOUT(race, duplicates_are_closed_while_each_of_them_runs_l2, 60)
{
	const unsigned int count = ARRAY_LEN(((struct duplicates *)0)->fds);
	struct duplicates d = { };
	unsigned int i, closed = 0;
	pthread_t thread;

	for (i = 0; i < count; i++)
		ASSERT_LE(0, d.fds[i] = dup(self->l1.fd));
	ASSERT_EQ(0, pthread_create(&thread, NULL, close_all, &d));
	/* In turn, until the last of them is closed. */
	for (i = 0; closed < count; i++) {
		int ret = nvmx_enter(d.fds[i % count],
				     d.runs ? NVMX_ENTER_RESUME : NVMX_ENTER_LAUNCH);

		EXPECT_TRUE(!ret || ret == -EBADF) TH_LOG("%d", ret);
		d.runs += !ret;
		closed = ret ? closed + 1 : 0;
		sched_yield();
	}
	pthread_join(thread, NULL);
	EXPECT_LE(count, d.runs);
	expect_sane(&self->l1);
}

TEST_HARNESS_MAIN
