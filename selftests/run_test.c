// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running L2 while the world goes on: signals, kicks, other threads, other
 * CPUs, close, fork and kill; and the posts EXIT_L2 and KICK.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"
#include "l1_setup.h"

FIXTURE(run) {
	struct l1 l1;
	struct nvmx_state state;
};

FIXTURE_SETUP(run)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
}

FIXTURE_TEARDOWN(run)
{
	l1_close(&self->l1);
}

L2_CODE(nop);
L2_CODE(hlt);
L2_CODE(sti_hlt);
L2_CODE(spin);
L2_CODE(spin_pause);
L2_CODE(vmcall_loop);

/*
 * An L2 that never exits.  Its IF is 1: Bochs 2.7 leaves host interrupts
 * masked in an L2 that was entered with IF = 0, whatever "external-interrupt
 * exiting" says.
 */
#define load_spin(l1)	load_spinner(l1, spin)
#define load_spinner(l1, name)						\
	do {								\
		l1_load(l1, name);					\
		l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);	\
	} while (0)

static void sleep_ms(unsigned int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* ---- immediate_exit, signals ------------------------------------------------------ */

TEST_F(run, immediate_exit_makes_l2_live_without_an_instruction)
{
	l1_load(&self->l1, nop);
	self->l1.run->immediate_exit = 1;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(NVMX_LEVEL_L2, self->state.out_level);
	EXPECT_EQ(1, self->state.out_launched);
	test_enter(self->l1.fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	self->l1.run->immediate_exit = 0;
	/* The choice of instruction is ignored while L2 is live. */
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_EXIT, self->l1.run->kind);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(L1_CODE + 1, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(run, while_l2_is_live_registers_and_lists_of_the_run_page_are_ignored)
{
	struct nvmx_run *run = self->l1.run;

	l1_load(&self->l1, nop);
	run->gpr[NVMX_RAX] = 0x1111;
	run->immediate_exit = 1;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	run->immediate_exit = 0;
	run->gpr[NVMX_RAX] = 0x2222;
	run->write[0].encoding = 0x7ffe;
	run->write_count = 1;
	test_enter(self->l1.fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_EXIT, run->kind);
	EXPECT_EQ(0x1111, run->gpr[NVMX_RAX]);
}

TEST_F(run, while_l2_is_live_instructions_of_l1_get_ebusy)
{
	int fd = self->l1.fd;
	struct nvmx_l1 l1;
	struct nvmx_l2 l2;
	struct nvmx_check check;
	struct nvmx_peek peek;
	__u32 failed;
	__u64 value;

	test_get_l1(fd, &l1);
	load_spin(&self->l1);
	self->l1.run->immediate_exit = 1;
	test_enter(fd, NVMX_ENTER_LAUNCH);
	test_err_vmxon(EBUSY, fd, L1_VMXON);
	test_err_vmxoff(EBUSY, fd);
	test_err_vmclear(EBUSY, fd, L1_VMCS(0));
	test_err_vmptrld(EBUSY, fd, L1_VMCS(1));
	test_err_vmptrst(EBUSY, fd, &value);
	test_err_vmread(EBUSY, fd, GUEST_RIP, &value);
	test_err_vmwrite(EBUSY, fd, GUEST_RIP, 0);
	test_err(EBUSY, nvmx_vmread_array(fd, NULL, 0, &failed));
	test_err(EBUSY, nvmx_vmwrite_array(fd, NULL, 0, &failed));
	test_err_invept(EBUSY, fd, 2, 0, 0);
	test_err_invvpid(EBUSY, fd, 2, 0, 0);
	test_err_vmcall(EBUSY, fd);
	test_err_set_l1(EBUSY, fd, &l1);
	test_err_check(EBUSY, fd, NULL, 0, &check);
	/* Questions, and L2's registers, are fine: L2 is live but not running. */
	test_peek(fd, NVMX_PEEK_VMCS12, GUEST_RIP, &peek);
	test_peek(fd, NVMX_PEEK_VMCS02, GUEST_RIP, &peek);
	EXPECT_EQ(L1_CODE, peek.out_value);
	test_err_peek(ENOENT, fd, NVMX_PEEK_VMCS02, HOST_RIP, &peek);
	test_err_peek(ENOENT, fd, NVMX_PEEK_VMCS02, MSR_BITMAP, &peek);
	test_get_state(fd, &self->state);
	test_get_l2(fd, &l2);
	test_set_l2(fd, &l2);
}

static volatile unsigned int alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void start_alarms(unsigned int us)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval every = {
		.it_interval.tv_usec = us, .it_value.tv_usec = us,
	};

	alarms = 0;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

static void stop_alarms(void)
{
	struct itimerval never = {};

	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	alarm(15);
}

TEST_F_TIMEOUT(run, l2_spins_under_a_rain_of_signals, 60)
{
	unsigned int interrupted = 0;

	load_spin(&self->l1);
	start_alarms(1000);
	while (interrupted < 200) {
		ASSERT_EQ(0, nvmx_enter(self->l1.fd, NVMX_ENTER_LAUNCH));
		ASSERT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
		interrupted++;
	}
	stop_alarms();
	EXPECT_LE(interrupted / 2, alarms);
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(NVMX_LEVEL_L2, self->state.out_level);
	test_exit_l2(self->l1.fd, EXIT_TRIPLE_FAULT, 0);
	l1_run_until(&self->l1, EXIT_TRIPLE_FAULT);
	EXPECT_LT(0, self->l1.run->gpr[NVMX_RAX]);
}

TEST_F(run, a_signal_interrupts_a_spinning_l2)
{
	load_spin(&self->l1);
	start_alarms(1000);
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	stop_alarms();
}

/* ---- posts -------------------------------------------------------------------------- */

TEST_F(run, a_kick_before_the_entry_is_honoured_by_it_once)
{
	l1_load(&self->l1, nop);
	test_kick(self->l1.fd);
	test_kick(self->l1.fd);
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_EXIT, self->l1.run->kind);
}

TEST_F(run, exit_l2_without_l2_is_refused)
{
	test_err_exit_l2(EINVAL, self->l1.fd, EXIT_TRIPLE_FAULT, 0);
}

TEST_F(run, exit_l2_refuses_a_second_post_and_bad_reasons)
{
	load_spin(&self->l1);
	self->l1.run->immediate_exit = 1;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	test_err_exit_l2(EINVAL, self->l1.fd, 1U << 16, 0);
	test_err_exit_l2(EINVAL, self->l1.fd, 1U << 31, 0);
	test_exit_l2(self->l1.fd, 10, 0);
	test_err_exit_l2(EBUSY, self->l1.fd, 10, 0);
}

TEST_F(run, exit_l2_gives_l1_exactly_the_information_posted)
{
	struct nvmx_exit_l2 post = {
		.size = sizeof(post), .exit_reason = 48, .instruction_len = 7,
		.qualification = 0x123456789abcULL, .guest_linear_address = 0x1111,
		.guest_physical_address = 0x2222, .instruction_info = 0x3333,
		.intr_info = 0x80000b0e, .intr_error_code = 0x44,
	};
	struct nvmx_run *run = self->l1.run;

	load_spin(&self->l1);
	run->immediate_exit = 1;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	run->immediate_exit = 0;
	test_ok(nvmx_call(self->l1.fd, NVMX_EXIT_L2, &post));
	test_enter(self->l1.fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_EXIT, run->kind);
	EXPECT_EQ(48, run->exit_reason);
	EXPECT_EQ(post.qualification, run->qualification);
	EXPECT_EQ(7, run->instruction_len);
	EXPECT_EQ(0x1111, run->guest_linear_address);
	EXPECT_EQ(0x2222, run->guest_physical_address);
	EXPECT_EQ(0x3333, run->instruction_info);
	EXPECT_EQ(0x80000b0e, run->intr_info);
	EXPECT_EQ(0x44, run->intr_error_code);
	EXPECT_EQ(NVMX_RULE_POSTED, run->deciding_rule);
	EXPECT_EQ(48, l1_read(&self->l1, VM_EXIT_REASON));
	EXPECT_EQ(post.qualification, l1_read(&self->l1, EXIT_QUALIFICATION));
	EXPECT_EQ(0x3333, l1_read(&self->l1, VMX_INSTRUCTION_INFO));
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(NVMX_LEVEL_L1, self->state.out_level);
}

TEST_F(run, exit_l2_takes_every_basic_reason)
{
	unsigned int reason;

	load_spin(&self->l1);
	for (reason = 0; reason < 100; reason++) {
		self->l1.run->immediate_exit = 1;
		test_enter(self->l1.fd, reason ? NVMX_ENTER_RESUME : NVMX_ENTER_LAUNCH);
		self->l1.run->immediate_exit = 0;
		test_exit_l2(self->l1.fd, reason, reason * 3);
		test_enter(self->l1.fd, NVMX_ENTER_RESUME);
		EXPECT_EQ(NVMX_KIND_EXIT, self->l1.run->kind);
		EXPECT_EQ(reason, self->l1.run->exit_reason);
		EXPECT_EQ(reason * 3, self->l1.run->qualification);
	}
}

/* ---- HLT ---------------------------------------------------------------------------- */

/* A thread that does something to an L1 while another one runs its L2. */
struct helper {
	struct l1 *l1;
	unsigned int delay_ms;
	int (*act)(struct l1 *l1);
	int ret;
	pthread_t thread;
};

static void *help(void *arg)
{
	struct helper *helper = arg;

	sleep_ms(helper->delay_ms);
	helper->ret = helper->act(helper->l1);
	return NULL;
}

static int act_kick(struct l1 *l1)
{
	return nvmx_kick(l1->fd);
}

static int act_exit(struct l1 *l1)
{
	return nvmx_exit_l2(l1->fd, EXIT_INTR_WINDOW, 0x99);
}

static void start_helper(struct helper *helper)
{
	pthread_create(&helper->thread, NULL, help, helper);
}

TEST_F(run, hlt_that_l1_did_not_ask_for_waits_and_a_kick_interrupts)
{
	struct helper kick = { .l1 = &self->l1, .delay_ms = 50, .act = act_kick };

	l1_load(&self->l1, hlt);
	start_helper(&kick);
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	pthread_join(kick.thread, NULL);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	test_get_state(self->l1.fd, &self->state);
	EXPECT_EQ(NVMX_LEVEL_L2, self->state.out_level);
	/* Still in HLT: the next wait ends by a post, with the activity state. */
	test_exit_l2(self->l1.fd, EXIT_EXT_INTR, 0);
	l1_run_until(&self->l1, EXIT_EXT_INTR);
	EXPECT_EQ(1, l1_read(&self->l1, GUEST_ACTIVITY_STATE));
	EXPECT_EQ(L1_CODE + 1, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(run, hlt_is_interrupted_by_a_signal)
{
	l1_load(&self->l1, hlt);
	start_alarms(20000);
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	stop_alarms();
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
}

TEST_F(run, l1_wakes_l2_from_hlt_with_an_interrupt)
{
	struct helper post = { .l1 = &self->l1, .delay_ms = 50, .act = act_exit };

	l1_load(&self->l1, sti_hlt);
	start_helper(&post);
	l1_run_until(&self->l1, EXIT_INTR_WINDOW);
	pthread_join(post.thread, NULL);
	EXPECT_EQ(0, post.ret);
	EXPECT_EQ(1, l1_read(&self->l1, GUEST_ACTIVITY_STATE));
	l1_write(&self->l1, VM_ENTRY_INTR_INFO_FIELD, INTR_EXT | 0x31);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0x31, l1_vector(&self->l1));
	l1_skip(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(L1_CODE + 2, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(run, l1_enters_l2_in_hlt_or_shutdown_and_l2_waits)
{
	static const unsigned int states[] = { 1, 2 };
	size_t i;

	for (i = 0; i < ARRAY_LEN(states); i++) {
		if (!(self->l1.info.out_caps.msr[CAPS_MISC] & BIT(5 + states[i])))
			continue;
		l1_fresh_vmcs(&self->l1, i);
		l1_prepare(&self->l1, L2_64);
		l1_load(&self->l1, nop);
		l1_write(&self->l1, GUEST_ACTIVITY_STATE, states[i]);
		self->l1.run->immediate_exit = 1;
		test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
		EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
		self->l1.run->immediate_exit = 0;
		test_exit_l2(self->l1.fd, EXIT_EXT_INTR, 0);
		l1_run_until(&self->l1, EXIT_EXT_INTR);
		EXPECT_EQ(states[i], l1_read(&self->l1, GUEST_ACTIVITY_STATE));
		EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
	}
}

TEST_F(run, the_preemption_timer_wakes_l2_from_hlt)
{
	if (!l1_can(&self->l1, CAPS_PIN, PIN_TIMER))
		SKIP(return, "no VMX-preemption timer");
	l1_set_control(&self->l1, CAPS_PIN, PIN_TIMER);
	l1_write(&self->l1, VMX_PREEMPTION_TIMER_VALUE, 10000);
	l1_load(&self->l1, hlt);
	l1_run_until(&self->l1, EXIT_TIMER);
	EXPECT_EQ(1, l1_read(&self->l1, GUEST_ACTIVITY_STATE));
}

/* ---- other threads --------------------------------------------------------------------- */

TEST_F(run, a_kick_from_another_thread_stops_a_spinning_l2)
{
	struct helper kick = { .l1 = &self->l1, .delay_ms = 30, .act = act_kick };
	unsigned int round;

	load_spin(&self->l1);
	for (round = 0; round < 10; round++) {
		start_helper(&kick);
		test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
		pthread_join(kick.thread, NULL);
		ASSERT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
		EXPECT_EQ(0, kick.ret);
	}
}

TEST_F(run, exit_l2_from_another_thread_ends_a_spinning_l2)
{
	struct helper post = { .l1 = &self->l1, .delay_ms = 30, .act = act_exit };
	unsigned int round;

	load_spin(&self->l1);
	for (round = 0; round < 10; round++) {
		start_helper(&post);
		l1_run_until(&self->l1, EXIT_INTR_WINDOW);
		pthread_join(post.thread, NULL);
		EXPECT_EQ(0x99, self->l1.run->qualification);
		EXPECT_EQ(0, post.ret);
	}
}

static int act_try_all(struct l1 *l1)
{
	struct nvmx_state state;
	struct nvmx_l1 regs;
	struct nvmx_l2 l2;
	__u64 value;
	int good = 0;

	good += nvmx_enter(l1->fd, NVMX_ENTER_LAUNCH) == -EBUSY;
	good += nvmx_vmread(l1->fd, GUEST_RIP, &value) == -EBUSY;
	good += nvmx_get_state(l1->fd, &state) == -EBUSY;
	good += nvmx_get_l1(l1->fd, &regs) == -EBUSY;
	good += nvmx_get_l2(l1->fd, &l2) == -EBUSY;
	good += nvmx_mem_unmap(l1->fd, 0, L1_MEM_BYTES) == -EBUSY;
	nvmx_kick(l1->fd);
	return good;
}

TEST_F(run, while_l2_runs_other_calls_get_ebusy)
{
	struct helper all = { .l1 = &self->l1, .delay_ms = 30, .act = act_try_all };

	load_spin(&self->l1);
	start_helper(&all);
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	pthread_join(all.thread, NULL);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	EXPECT_EQ(6, all.ret);
}

static void *run_loop(void *arg)
{
	struct l1 *l1 = arg;
	unsigned int i;

	for (i = 0; i < 300; i++) {
		l1_run_until(l1, EXIT_VMCALL);
		l1_skip(l1);
	}
	return NULL;
}

TEST_F_TIMEOUT(run, two_machines_run_at_once, 60)
{
	pthread_t thread;
	struct l1 other;

	l1_start(&other, NVMX_PROFILE_SEALED);
	l1_prepare(&other, L2_64);
	l1_load(&other, vmcall_loop);
	l1_load(&self->l1, vmcall_loop);
	pthread_create(&thread, NULL, run_loop, &other);
	run_loop(&self->l1);
	pthread_join(thread, NULL);
	EXPECT_EQ(300, self->l1.run->gpr[NVMX_RAX]);
	EXPECT_EQ(300, other.run->gpr[NVMX_RAX]);
	l1_close(&other);
}

TEST_F(run, two_machines_take_turns_on_one_cpu)
{
	struct l1 other;
	unsigned int i;

	l1_start(&other, NVMX_PROFILE_SDM);
	l1_prepare(&other, L2_64);
	l1_load(&other, vmcall_loop);
	l1_load(&self->l1, vmcall_loop);
	other.run->gpr[NVMX_RAX] = 1000;
	for (i = 1; i <= 50; i++) {
		l1_run_until(&self->l1, EXIT_VMCALL);
		l1_skip(&self->l1);
		l1_run_until(&other, EXIT_VMCALL);
		l1_skip(&other);
		EXPECT_EQ(i, self->l1.run->gpr[NVMX_RAX]);
		EXPECT_EQ(1000 + i, other.run->gpr[NVMX_RAX]);
	}
	l1_close(&other);
}

TEST_F(run, l2_moves_from_cpu_to_cpu)
{
	unsigned int i;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one CPU");
	l1_load(&self->l1, vmcall_loop);
	l1_write(&self->l1, GUEST_SYSENTER_ESP, 0x1234000);
	for (i = 1; i <= 40; i++) {
		ASSERT_TRUE(host_stay_on(i & 1));
		l1_run_until(&self->l1, EXIT_VMCALL);
		l1_skip(&self->l1);
		EXPECT_EQ(i, self->l1.run->gpr[NVMX_RAX]);
		EXPECT_EQ(0x1234000, l1_read(&self->l1, GUEST_SYSENTER_ESP));
	}
}

static int act_migrate(struct l1 *l1)
{
	cpu_set_t set;
	unsigned int i;

	(void)l1;
	for (i = 0; i < 20; i++) {
		CPU_ZERO(&set);
		CPU_SET(i & 1, &set);
		sched_setaffinity(getpid(), sizeof(set), &set);
		sleep_ms(2);
	}
	return nvmx_kick(l1->fd);
}

TEST_F(run, a_running_l2_is_moved_from_cpu_to_cpu)
{
	struct helper move = { .l1 = &self->l1, .delay_ms = 5, .act = act_migrate };

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one CPU");
	load_spinner(&self->l1, spin_pause);
	start_helper(&move);
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	pthread_join(move.thread, NULL);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	test_exit_l2(self->l1.fd, EXIT_INTR_WINDOW, 0);
	l1_run_until(&self->l1, EXIT_INTR_WINDOW);
	EXPECT_LT(100, self->l1.run->gpr[NVMX_RAX]);
}

/* ---- ends ----------------------------------------------------------------------------------- */

TEST_F(run, a_live_l2_is_closed)
{
	load_spin(&self->l1);
	self->l1.run->immediate_exit = 1;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(0, close(self->l1.fd));
	self->l1.fd = -1;
}

static int act_close(struct l1 *l1)
{
	int ret = close(l1->fd);

	/* The call in progress keeps the file; end it by a signal. */
	kill(getpid(), SIGALRM);
	return ret;
}

TEST_F(run, close_by_another_thread_while_l2_runs)
{
	struct helper closer = { .l1 = &self->l1, .delay_ms = 30, .act = act_close };
	struct sigaction action = { .sa_handler = on_alarm };

	sigaction(SIGALRM, &action, NULL);
	load_spin(&self->l1);
	start_helper(&closer);
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	pthread_join(closer.thread, NULL);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	EXPECT_EQ(0, closer.ret);
	test_err_enter(EBADF, self->l1.fd, NVMX_ENTER_RESUME);
	self->l1.fd = -1;
}

TEST_F(run, a_duplicate_keeps_the_machine)
{
	int copy = dup(self->l1.fd);

	ASSERT_LE(0, copy);
	l1_load(&self->l1, vmcall_loop);
	l1_run_until(&self->l1, EXIT_VMCALL);
	close(self->l1.fd);
	self->l1.fd = copy;
	l1_skip(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(2, self->l1.run->gpr[NVMX_RAX]);
}

TEST_F(run, fork_leaves_the_machine_with_the_parent)
{
	int status;
	pid_t pid;

	l1_load(&self->l1, vmcall_loop);
	l1_run_until(&self->l1, EXIT_VMCALL);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(nvmx_enter(self->l1.fd, NVMX_ENTER_RESUME) != -EIO);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	l1_skip(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(2, self->l1.run->gpr[NVMX_RAX]);
}

/* A child with an L2 that runs for ever; it says so by a byte in a pipe. */
static void spinning_child(int ready, bool waits)
{
	struct l1 l1;

	l1_start(&l1, NVMX_PROFILE_SDM);
	l1_prepare(&l1, L2_64);
	if (waits) {
		l1_load(&l1, hlt);
	} else {
		load_spin(&l1);
	}
	if (write(ready, "", 1) != 1)
		_exit(1);
	nvmx_enter(l1.fd, NVMX_ENTER_LAUNCH);
	_exit(2);
}

static int kill_while_running(bool waits)
{
	int pipes[2], status = 0;
	pid_t pid;
	char c;

	if (pipe(pipes))
		return -1;
	pid = fork();
	if (!pid)
		spinning_child(pipes[1], waits);
	if (read(pipes[0], &c, 1) != 1)
		return -1;
	sleep_ms(20);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(pipes[0]);
	close(pipes[1]);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

TEST_F(run, sigkill_ends_a_process_whose_l2_spins)
{
	unsigned int i;

	for (i = 0; i < 5; i++) {
		EXPECT_EQ(SIGKILL, kill_while_running(false));
	}
	l1_load(&self->l1, nop);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(run, sigkill_ends_a_process_whose_l2_waits_in_hlt)
{
	EXPECT_EQ(SIGKILL, kill_while_running(true));
}

TEST_F(run, the_run_page_can_be_mapped_anew)
{
	struct nvmx_run *copy = self->l1.run;

	ASSERT_EQ(0, munmap(copy, self->l1.info.out_run_bytes));
	self->l1.run = mmap(NULL, self->l1.info.out_run_bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED, self->l1.fd, 0);
	ASSERT_NE(MAP_FAILED, self->l1.run);
	l1_load(&self->l1, nop);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(run, the_count_of_entries_grows_by_one_an_exit)
{
	__u64 before;
	unsigned int i;

	l1_load(&self->l1, vmcall_loop);
	/* The first ones fill EPT02. */
	for (i = 0; i < 3; i++) {
		l1_run_until(&self->l1, EXIT_VMCALL);
		l1_skip(&self->l1);
	}
	before = self->l1.run->entries;
	for (i = 0; i < 10; i++) {
		l1_run_until(&self->l1, EXIT_VMCALL);
		l1_skip(&self->l1);
	}
	EXPECT_LE(10, self->l1.run->entries - before);
	/* A host interrupt may cost one more. */
	EXPECT_GE(20, self->l1.run->entries - before);
}

TEST_HARNESS_MAIN
