// SPDX-License-Identifier: GPL-2.0-only
/*
 * Snapshots: what one file saved another one loads and goes on with, at each
 * nesting level and in every state of L2; and what is no sound snapshot is
 * refused by name, and changes nothing.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(compute64);
L2_CODE(vmcall_loop);
L2_CODE(spin);
L2_CODE(hlt);
L2_CODE(rep_outsb);
L2_CODE(nop);

#define ROUNDS		1000ULL
#define FOR_EVER	(1ULL << 40)
#define SEED		0x123456789abcdefULL
#define ROOM		0x20000

FIXTURE(snap) {
	struct l1 l1;		/* where the snapshot is from */
	struct l1 other;	/* where it goes to */
	__u8 *data;
	__u64 bytes;
	struct nvmx_snapshot arg;
};

FIXTURE_SETUP(snap)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	self->data = malloc(2 * ROOM);
	ASSERT_NE(NULL, self->data);
}

FIXTURE_TEARDOWN(snap)
{
	l1_close(&self->l1);
	if (self->other.mem)
		l1_close(&self->other);
	free(self->data);
}

static void save(struct l1 *l1, __u8 *data, __u64 *bytes)
{
	int ret = nvmx_get_snapshot(l1->fd, data, ROOM, bytes);

	if (ret || *bytes > ROOM)
		l1_die(l1, "GET_SNAPSHOT: %d, %llu bytes", ret, *bytes);
}

/* Another machine with the same memory. */
static void open_other(struct l1 *other, const struct l1 *from)
{
	l1_open(other);
	l1_map(other);
	memcpy(other->mem, from->mem, L1_MEM_BYTES);
	other->mode = from->mode;
	other->ept = from->ept;
	other->profile = from->profile;
	nvmx_get_info(other->fd, &other->info);
}

/* Save, load elsewhere, and see that it is the same there. */
static void carry_over(struct l1 *l1, struct l1 *other, __u8 *data, __u64 *bytes)
{
	struct nvmx_snapshot arg;
	__u64 again;
	int ret;

	save(l1, data, bytes);
	open_other(other, l1);
	ret = nvmx_set_snapshot(other->fd, data, *bytes, &arg);
	if (ret)
		l1_die(other, "SET_SNAPSHOT: %d, reason %u, detail %u, offset %llu", ret,
		       arg.out_reason, arg.out_detail, arg.out_offset);
	save(other, data + ROOM, &again);
	if (again != *bytes)
		l1_die(other, "%llu bytes became %llu", *bytes, again);
	while (again-- > 0)
		if (data[again] != data[ROOM + again])
			l1_die(other, "the snapshot of what was loaded differs at %llu",
			       again);
}

/* L2 is live and has not executed anything yet. */
static void enter_and_stop(struct l1 *l1)
{
	l1->run->immediate_exit = 1;
	if (nvmx_enter(l1->fd, NVMX_ENTER_LAUNCH) || l1->run->kind != NVMX_KIND_INTERRUPTED)
		l1_die(l1, "L2 is not live");
	l1->run->immediate_exit = 0;
}

static void *section(__u8 *data, __u32 type)
{
	struct nvmx_snapshot_header *header = (void *)data;
	struct nvmx_snapshot_section *s;
	__u64 at = sizeof(*header);

	for (; at < header->bytes; at += s->bytes) {
		s = (void *)(data + at);
		if (s->type == type)
			return s + 1;
	}
	return NULL;
}

static void interrupt_call(int signal)
{
}

/* Enter L2 and have a signal stop it after @ns. */
static void enter_for(struct l1 *l1, unsigned long how, long ns)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
	};
	struct itimerspec once = { .it_value.tv_nsec = ns };
	timer_t timer;

	signal(SIGUSR1, interrupt_call);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) ||
	    timer_settime(timer, 0, &once, NULL))
		l1_die(l1, "no timer");
	if (nvmx_enter(l1->fd, how))
		l1_die(l1, "ENTER_L2 failed");
	timer_delete(timer);
}

/* The same, with L2's RCX counted down a little: a slow kernel takes longer to enter. */
static void enter_for_a_while(struct l1 *l1, unsigned long how)
{
	__u64 before = l1->run->gpr[NVMX_RCX];
	long ns;

	for (ns = 500000; ns < 500000000; ns *= 2) {
		enter_for(l1, how, ns);
		if (l1->run->kind != NVMX_KIND_INTERRUPTED || l1->run->gpr[NVMX_RCX] != before)
			break;
		how = NVMX_ENTER_RESUME;
	}
}

static __u64 computed(__u64 rounds)
{
	__u64 value = SEED;

	while (rounds--)
		value = value * 6364136223846793005ULL + 1442695041;
	return value;
}

TEST_F(snap, an_l2_stopped_half_way_goes_on_in_another_file)
{
	struct l1 *l1 = &self->l1, *other = &self->other;
	struct nvmx_snapshot_live *live;
	__u64 left;

	l1_load(l1, compute64);
	l1->run->gpr[NVMX_RAX] = SEED;
	l1->run->gpr[NVMX_RCX] = FOR_EVER;
	enter_for_a_while(l1, NVMX_ENTER_LAUNCH);
	ASSERT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	carry_over(l1, other, self->data, &self->bytes);
	left = other->run->gpr[NVMX_RCX];
	EXPECT_LT(0, left);
	EXPECT_GT(FOR_EVER, left);

	/* What is open may be edited: let it come to an end soon. */
	live = section(self->data, NVMX_SNAPSHOT_LIVE);
	EXPECT_EQ(left, live->gpr[NVMX_RCX]);
	live->gpr[NVMX_RCX] = ROUNDS;
	l1_close(other);
	open_other(other, l1);
	l1_close(l1);
	test_set_snapshot(other->fd, self->data, self->bytes, &self->arg);
	EXPECT_EQ(EXIT_VMCALL, l1_run_exit(other));
	EXPECT_EQ(computed(FOR_EVER - left + ROUNDS), other->run->gpr[NVMX_RAX]);
	EXPECT_EQ(0, other->run->gpr[NVMX_RCX]);
	l1_set_control(other, CAPS_PROC, PROC_HLT);
	l1_skip(other);
	EXPECT_EQ(EXIT_HLT, l1_run_exit(other));
}

TEST_F(snap, l2_with_ept12_goes_on_too)
{
	struct l1 *l1 = &self->l1, *other = &self->other;

	if (!l1_can(l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	l1_use_ept(l1);
	l1_load(l1, vmcall_loop);
	l1->run->gpr[NVMX_RAX] = 41;
	enter_and_stop(l1);
	carry_over(l1, other, self->data, &self->bytes);
	EXPECT_EQ(EXIT_VMCALL, l1_run_exit(other));
	EXPECT_EQ(42, other->run->gpr[NVMX_RAX]);
}

TEST_F(snap, level_l1_comes_over_with_all_its_vmcss_and_policies)
{
	struct l1 *l1 = &self->l1, *other = &self->other;
	struct nvmx_field_policy policy;
	struct nvmx_state a, b;
	struct nvmx_l2 l2;
	struct nvmx_l1 regs;
	unsigned int n;

	for (n = 1; n < 6; n++) {
		l1_fresh_vmcs(l1, n);
		l1_prepare(l1, L2_64);
		l1_write(l1, TSC_OFFSET, n * 0x1111);
	}
	l1_load(l1, vmcall_loop);
	l1->run->gpr[NVMX_RAX] = 5;
	l1_run_until(l1, EXIT_VMCALL);
	l1_use_vmcs(l1, 2);
	test_set_policy(l1->fd, EXCEPTION_BITMAP, NVMX_POLICY_HIDDEN, &policy);
	test_get_l2(l1->fd, &l2);
	l2.lstar = 0xffff800000001234ULL;
	l2.dr[3] = 0x3333;
	test_set_l2(l1->fd, &l2);
	test_get_l1(l1->fd, &regs);
	EXPECT_EQ(6, regs.gpr[NVMX_RAX]);

	carry_over(l1, other, self->data, &self->bytes);
	test_get_state(l1->fd, &a);
	test_get_state(other->fd, &b);
	EXPECT_EQ(0, memcmp(&a, &b, sizeof(a)));
	EXPECT_EQ(6, b.out_vmcs12_count);
	test_get_policy(other->fd, EXCEPTION_BITMAP, &policy);
	EXPECT_EQ(NVMX_POLICY_HIDDEN, policy.out_policy);
	EXPECT_EQ(2 * 0x1111, l1_read(other, TSC_OFFSET));
	l1_use_vmcs(other, 5);
	EXPECT_EQ(5 * 0x1111, l1_read(other, TSC_OFFSET));
	/* VMCS 5 is launched there, too. */
	other->run->gpr[NVMX_RAX] = 6;
	other->run->instruction_len = 3;
	l1_skip(other);
	l1_run_until(other, EXIT_VMCALL);
	EXPECT_EQ(7, other->run->gpr[NVMX_RAX]);
	test_get_l2(other->fd, &l2);
	EXPECT_EQ(0xffff800000001234ULL, l2.lstar);
}

TEST_F(snap, events_that_are_pending_are_pending_there)
{
	struct l1 *l1 = &self->l1, *other = &self->other;
	struct nvmx_state a, b;

	test_event(l1->fd, NVMX_EVENT_INTERRUPT, 0x41);
	test_event(l1->fd, NVMX_EVENT_INTERRUPT, 0xfe);
	test_event(l1->fd, NVMX_EVENT_NMI, 0);
	test_event(l1->fd, NVMX_EVENT_NMI, 0);
	test_event(l1->fd, NVMX_EVENT_INIT, 0);
	carry_over(l1, other, self->data, &self->bytes);
	test_get_state(l1->fd, &a);
	test_get_state(other->fd, &b);
	EXPECT_EQ(0, memcmp(&a, &b, sizeof(a)));
	EXPECT_EQ(2, b.out_nmis);
	EXPECT_EQ(1, b.out_init);
	EXPECT_EQ(1ULL << 1, b.out_interrupts[1]);
}

TEST_F(snap, an_interrupt_that_is_pending_ends_l2_there)
{
	struct l1 *l1 = &self->l1, *other = &self->other;

	l1_set_control(l1, CAPS_PIN, PIN_EXT_INTR);
	l1_load(l1, nop);
	l1->run->immediate_exit = 1;
	test_enter(l1->fd, NVMX_ENTER_LAUNCH);
	test_event(l1->fd, NVMX_EVENT_INTERRUPT, 0x41);
	carry_over(l1, other, self->data, &self->bytes);
	test_enter(other->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_EXIT, other->run->kind);
	EXPECT_EQ(EXIT_EXT_INTR, other->run->exit_reason);
	EXPECT_EQ(L1_CODE, l1_read(other, GUEST_RIP));
}

TEST_F(snap, level_l0_and_memory_registered_afterwards)
{
	struct l1 *other = &self->other;
	struct nvmx_snapshot arg;
	struct l1 fresh;

	l1_open(&fresh);
	save(&fresh, self->data, &self->bytes);
	l1_open(other);
	test_set_snapshot(other->fd, self->data, self->bytes, &arg);
	close(fresh.fd);
	/* Level L1, before the file has any memory. */
	save(&self->l1, self->data, &self->bytes);
	test_set_snapshot(other->fd, self->data, self->bytes, &arg);
	l1_map(other);
	memcpy(other->mem, self->l1.mem, L1_MEM_BYTES);
	nvmx_get_info(other->fd, &other->info);
	l1_load(other, nop);
	l1_run_until(other, EXIT_VMCALL);
}

TEST_F(snap, an_event_not_yet_delivered_is_delivered_there)
{
	struct l1 *l1 = &self->l1, *other = &self->other;

	l1_load(l1, spin);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_EXT | 0x41);
	l1->run->immediate_exit = 1;
	test_enter(l1->fd, NVMX_ENTER_LAUNCH);
	l1->run->immediate_exit = 0;
	carry_over(l1, other, self->data, &self->bytes);
	l1_run_until(other, EXIT_VMCALL);
	EXPECT_EQ(0x41, l1_vector(other));
	/* It is L1's own field that says so no longer. */
	EXPECT_EQ(0, l1_read(other, VM_ENTRY_INTR_INFO_FIELD) & BIT(31));
}

TEST_F(snap, a_halted_l2_is_halted_there_and_its_timer_counts_on)
{
	struct l1 *l1 = &self->l1, *other = &self->other;
	struct nvmx_peek peek;

	if (!l1_can(l1, CAPS_PIN, PIN_TIMER) || !l1_can(l1, CAPS_EXIT, EXIT_SAVE_TIMER))
		SKIP(return, "no preemption timer");
	l1_clear_control(l1, CAPS_PROC, PROC_HLT);
	l1_set_control(l1, CAPS_PIN, PIN_TIMER);
	l1_set_control(l1, CAPS_EXIT, EXIT_SAVE_TIMER);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 0x40000000);
	l1_load(l1, hlt);
	enter_for(l1, NVMX_ENTER_LAUNCH, 500000);
	ASSERT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
	carry_over(l1, other, self->data, &self->bytes);
	enter_for(other, NVMX_ENTER_RESUME, 500000);
	EXPECT_EQ(NVMX_KIND_INTERRUPTED, other->run->kind);
	test_exit_l2(other->fd, 1000, 0);
	test_enter(other->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(1000, other->run->exit_reason);
	EXPECT_EQ(1, l1_read(other, GUEST_ACTIVITY_STATE));
	test_peek(other->fd, NVMX_PEEK_VMCS12, VMX_PREEMPTION_TIMER_VALUE, &peek);
	EXPECT_GT(0x40000000, peek.out_value);
	EXPECT_LT(0x1000, peek.out_value);
}

TEST_F(snap, an_l0_event_is_settled_there)
{
	struct l1 *l1 = &self->l1, *other = &self->other;

	l1_load(l1, rep_outsb);
	l1->run->gpr[NVMX_RCX] = 3;
	l1->run->gpr[NVMX_RDX] = 0x3f8;
	l1->run->gpr[NVMX_RSI] = L1_DATA;
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(l1));
	carry_over(l1, other, self->data, &self->bytes);
	EXPECT_EQ(3, other->run->gpr[NVMX_RCX]);
	other->run->l0_skip_bytes = 2;
	other->run->gpr[NVMX_RCX] = 0;
	test_enter(other->fd, NVMX_ENTER_COMPLETE);
	EXPECT_EQ(NVMX_KIND_EXIT, other->run->kind);
	EXPECT_EQ(EXIT_VMCALL, other->run->exit_reason);
	EXPECT_EQ(0, other->run->gpr[NVMX_RCX]);
}

TEST_F(snap, a_posted_exit_is_made_there)
{
	struct l1 *l1 = &self->l1, *other = &self->other;

	l1_load(l1, spin);
	enter_and_stop(l1);
	test_exit_l2(l1->fd, 4711, 0x1234);
	carry_over(l1, other, self->data, &self->bytes);
	test_enter(other->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_EXIT, other->run->kind);
	EXPECT_EQ(4711, other->run->exit_reason);
	EXPECT_EQ(0x1234, other->run->qualification);
}

TEST_F(snap, the_first_file_goes_on_as_if_nothing_had_been_asked)
{
	struct l1 *l1 = &self->l1;
	__u64 left = FOR_EVER;
	int i;

	l1_load(l1, compute64);
	l1->run->gpr[NVMX_RAX] = SEED;
	l1->run->gpr[NVMX_RCX] = left;
	for (i = 0; i < 5; i++) {
		enter_for_a_while(l1, i ? NVMX_ENTER_RESUME : NVMX_ENTER_LAUNCH);
		ASSERT_EQ(NVMX_KIND_INTERRUPTED, l1->run->kind);
		save(l1, self->data, &self->bytes);
		EXPECT_GT(left, ((struct nvmx_snapshot_live *)
				 section(self->data, NVMX_SNAPSHOT_LIVE))->gpr[NVMX_RCX]);
		left = ((struct nvmx_snapshot_live *)
			section(self->data, NVMX_SNAPSHOT_LIVE))->gpr[NVMX_RCX];
	}
	test_exit_l2(l1->fd, 1000, 0);
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(1000, l1->run->exit_reason);
	EXPECT_EQ(left, l1->run->gpr[NVMX_RCX]);
}

TEST_F(snap, without_room_only_the_length_is_told)
{
	__u64 bytes, again;

	test_get_snapshot(self->l1.fd, NULL, 0, &bytes);
	EXPECT_LT(1000, bytes);
	memset(self->data, 0xa5, ROOM);
	test_get_snapshot(self->l1.fd, self->data, bytes - 1, &again);
	EXPECT_EQ(bytes, again);
	EXPECT_EQ(0xa5, self->data[0]);
	test_get_snapshot(self->l1.fd, self->data, bytes, &again);
	EXPECT_EQ(0, memcmp(self->data, "nvmxsnap", 8));
	EXPECT_EQ(0xa5, self->data[bytes]);
	test_err(EFAULT, nvmx_get_snapshot(self->l1.fd, NULL, bytes, &again));
	test_err_set_snapshot(EINVAL, self->l1.fd, self->data, bytes, &self->arg);
}

/* A snapshot of a live L2 to spoil, and a fresh file to try it on. */
static void live_snapshot(struct l1 *l1, struct l1 *other, __u8 *data, __u64 *bytes)
{
	l1_load(l1, spin);
	enter_and_stop(l1);
	save(l1, data, bytes);
	open_other(other, l1);
}

#define expect_refused(reason)						\
	do {								\
		test_err_set_snapshot(EINVAL, self->other.fd, self->data, \
				      self->bytes, &self->arg);		\
		EXPECT_EQ(reason, self->arg.out_reason);		\
		save(&self->l1, self->data, &self->bytes);		\
	} while (0)

TEST_F(snap, what_is_unsound_is_refused_by_name)
{
	struct nvmx_snapshot_header *header = (void *)self->data;
	struct nvmx_state state;
	struct nvmx_snapshot_machine *machine;
	struct nvmx_snapshot_vmcs *vmcs;
	struct nvmx_snapshot_live *live;
	struct nvmx_l2 *l2;

	live_snapshot(&self->l1, &self->other, self->data, &self->bytes);
	machine = section(self->data, NVMX_SNAPSHOT_MACHINE);
	vmcs = section(self->data, NVMX_SNAPSHOT_VMCS);
	live = section(self->data, NVMX_SNAPSHOT_LIVE);
	l2 = section(self->data, NVMX_SNAPSHOT_L2);

	header->magic++;
	expect_refused(NVMX_SNAP_MAGIC);
	header->version++;
	expect_refused(NVMX_SNAP_VERSION);
	header->bytes -= 8;
	expect_refused(NVMX_SNAP_LENGTH);
	machine->level = 3;
	expect_refused(NVMX_SNAP_LEVEL);
	machine->caps.maxphyaddr++;
	expect_refused(NVMX_SNAP_CAPS);
	machine->caps.msr[CAPS_PROC2] |= BIT(32 + 27);
	expect_refused(NVMX_SNAP_CAPS);
	machine->vmptr = 0x7000;
	expect_refused(NVMX_SNAP_CURRENT);
	vmcs->vmptr |= 1;
	expect_refused(NVMX_SNAP_VMCS_POINTER);
	((struct nvmx_snapshot_field *)(vmcs + 1))->value |= BIT(63);
	expect_refused(NVMX_SNAP_VMCS_VALUE);
	l2->cr8 = 16;
	expect_refused(NVMX_SNAP_L2);
	l2->xcr0 = 0;
	expect_refused(NVMX_SNAP_L2);
	live->activity = 9;
	expect_refused(NVMX_SNAP_LIVE);
	/* What only the rules of VM entry can tell. */
	live->efer |= BIT(5);
	expect_refused(NVMX_SNAP_ENTRY);
	live->dr7 |= BIT(40);
	expect_refused(NVMX_SNAP_ENTRY);
	live->event_info = INTR_HARD(200);
	expect_refused(NVMX_SNAP_ENTRY);
	live->pat = 2;
	expect_refused(NVMX_SNAP_ENTRY);
	EXPECT_NE(0, self->arg.out_detail);

	/* The file is as fresh as before, and takes the sound one. */
	test_get_state(self->other.fd, &state);
	EXPECT_EQ(NVMX_LEVEL_L0, state.out_level);
	EXPECT_EQ(0, state.out_vmcs12_count);
	test_set_snapshot(self->other.fd, self->data, self->bytes, &self->arg);
	EXPECT_EQ(NVMX_SNAP_OK, self->arg.out_reason);
	test_get_state(self->other.fd, &state);
	EXPECT_EQ(NVMX_LEVEL_L2, state.out_level);
	test_err_set_snapshot(EBUSY, self->other.fd, self->data, self->bytes, &self->arg);
}

TEST_F(snap, guest_state_that_the_processor_would_refuse_is_refused)
{
	struct nvmx_snapshot_vmcs *vmcs;
	struct nvmx_snapshot_field *field;
	unsigned int i;

	live_snapshot(&self->l1, &self->other, self->data, &self->bytes);
	vmcs = section(self->data, NVMX_SNAPSHOT_VMCS);
	field = (void *)(vmcs + 1);
	for (i = 0; i < vmcs->count; i++)
		if (field[i].encoding == GUEST_RFLAGS)
			field[i].value = 0;
	expect_refused(NVMX_SNAP_ENTRY);
	EXPECT_NE(0, self->arg.out_detail);
}

TEST_F(snap, lengths_and_addresses_that_are_wrong)
{
	__u64 bytes;

	live_snapshot(&self->l1, &self->other, self->data, &self->bytes);
	for (bytes = 0; bytes < self->bytes; bytes += bytes < 64 ? 1 : 61) {
		test_err_set_snapshot(EINVAL, self->other.fd, self->data, bytes,
				      &self->arg);
		EXPECT_NE(NVMX_SNAP_OK, self->arg.out_reason);
	}
	test_err_set_snapshot(E2BIG, self->other.fd, self->data, NVMX_SNAPSHOT_MAX + 1,
			      &self->arg);
	test_err_set_snapshot(E2BIG, self->other.fd, self->data, ~0ULL, &self->arg);
	test_err_set_snapshot(EFAULT, self->other.fd, NULL, 100, &self->arg);
	test_err_set_snapshot(EFAULT, self->other.fd, (void *)-4096L, 100, &self->arg);
}

/* A file that took a spoilt snapshot must bear being used. */
static void use(struct l1 *l1)
{
	struct nvmx_state state;
	__u64 bytes;
	__u8 *data;

	if (nvmx_get_state(l1->fd, &state))
		l1_die(l1, "GET_STATE failed");
	data = malloc(ROOM);
	if (!data || nvmx_get_snapshot(l1->fd, data, ROOM, &bytes))
		l1_die(l1, "GET_SNAPSHOT failed");
	free(data);
	l1->run->immediate_exit = 1;
	if (state.out_level == NVMX_LEVEL_L2)
		nvmx_enter(l1->fd, NVMX_ENTER_RESUME);
}

TEST_F_TIMEOUT(snap, any_byte_may_be_anything, 120)
{
	struct l1 *other = &self->other;
	unsigned int taken = 0, refused = 0;
	__u64 at;
	int ret;

	live_snapshot(&self->l1, other, self->data, &self->bytes);
	for (at = 0; at < self->bytes; at += at % 512 < 128 ? 1 : 41) {
		__u8 was = self->data[at];

		self->data[at] ^= 1 << at % 8;
		ret = nvmx_set_snapshot(other->fd, self->data, self->bytes, &self->arg);
		self->data[at] = was;
		if (ret == -EINVAL && self->arg.out_reason != NVMX_SNAP_OK &&
		    self->arg.out_offset <= self->bytes) {
			refused++;
			continue;
		}
		EXPECT_EQ(0, ret) TH_LOG("byte %llu", at);
		taken++;
		use(other);
		/* Another fresh file, with the memory of this one. */
		munmap(other->run, other->info.out_run_bytes);
		close(other->fd);
		other->run = NULL;
		other->fd = -1;
		{
			__u8 *mem = other->mem;

			l1_open(other);
			other->mem = mem;
			test_mem_map(other->fd, 0, mem, 0x30000, 0);
		}
	}
	TH_LOG("%u taken, %u refused", taken, refused);
	EXPECT_LT(100, taken);
	EXPECT_LT(100, refused);
}

TEST_HARNESS_MAIN
