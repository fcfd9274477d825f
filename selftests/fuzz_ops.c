// SPDX-License-Identifier: GPL-2.0-only
/* The stateful fuzzer: commands, files and processes, and what a step is. */
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz_ops.h"
#include "host.h"

L2_CODE(vmcall_loop);

/* ---- any command --------------------------------------------------------- */

/* The emulator does not survive a probe of IA-32e mode without CR0.PE. */
static bool probe_is_deadly(struct fuzz_thread *t)
{
	struct nvmx_peek controls, cr0;

	if (nvmx_peek(t->m->l1.fd, NVMX_PEEK_VMCS12, VM_ENTRY_CONTROLS, &controls) ||
	    nvmx_peek(t->m->l1.fd, NVMX_PEEK_VMCS12, GUEST_CR0, &cr0))
		return true;
	return (controls.out_value & ENTRY_IA32E) && !(cr0.out_value & CR0_PE);
}

static void keep_safe(const struct command *c, struct command_room *room)
{
	unsigned int i;

	if (c->nr == NVMX_VMWRITE)
		room->field.value = fuzz_safe_value(room->field.encoding, room->field.value);
	for (i = 0; i < COMMAND_LIST; i++)
		room->values[i].value = fuzz_safe_value(room->values[i].encoding,
						   room->values[i].value);
}

static void op_command(struct fuzz_thread *t)
{
	const struct command *c = &commands[below(t, command_count)];
	struct nvmx_field_value *value = t->room->values;
	unsigned int i;

	/* These have operations of their own, which know what is safe. */
	if (!c->bytes || c->nr == NVMX_SET_POLICY || c->nr == NVMX_MEM_MAP)
		return;
	if (c->nr == NVMX_PROBE && probe_is_deadly(t))
		return;
	command_fill(c, t->room, &t->m->l1);
	for (i = 0; i < COMMAND_LIST; i++) {
		value[i].encoding = fuzz_field(t);
		value[i].value = fuzz_value(t);
	}
	for (i = below(t, 3); i; i--) {
		__u64 *word = (__u64 *)t->room->bytes + below(t, c->bytes / 8);

		/* A bad size or flag is found at once, so they seldom are. */
		if (word == (__u64 *)t->room->bytes && !one_in(t, 8))
			continue;
		*word = fuzz_mutate(t, *word);
	}
	keep_safe(c, t->room);
	fuzz_give(t, c);
}

static void op_vmcs(struct fuzz_thread *t)
{
	static const unsigned long numbers[] = {
		NVMX_VMCLEAR, NVMX_VMPTRLD, NVMX_VMPTRLD, NVMX_VMXON, NVMX_VMXOFF,
	};
	const struct command *c = command_find(numbers[below(t, ARRAY_LEN(numbers))]);

	command_fill(c, t->room, &t->m->l1);
	if (c->nr != NVMX_VMXON && c->nr != NVMX_VMXOFF)
		t->room->vmptr.vmptr = L1_VMCS(below(t, one_in(t, 4) ? L1_VMCS_MAX : 3));
	fuzz_give(t, c);
}

static void op_exit_l2(struct fuzz_thread *t)
{
	const struct command *c = command_find(NVMX_EXIT_L2);

	command_fill(c, t->room, &t->m->l1);
	t->room->exit_l2.exit_reason = below(t, 90);
	t->room->exit_l2.qualification = fuzz_value(t);
	t->room->exit_l2.intr_info = fuzz_value(t);
	fuzz_give(t, c);
}

static void op_kick(struct fuzz_thread *t)
{
	fuzz_give(t, command_find(NVMX_KICK));
}

static void op_event(struct fuzz_thread *t)
{
	const struct command *c = command_find(NVMX_EVENT);

	command_fill(c, t->room, &t->m->l1);
	t->room->event.type = below(t, 5);
	if (t->room->event.type == NVMX_EVENT_INTERRUPT)
		t->room->event.vector = 16 + below(t, 240);
	else if (t->room->event.type == NVMX_EVENT_SIPI)
		t->room->event.vector = below(t, 257);
	t->room->flags = one_in(t, 4) ? NVMX_EVENT_TAKE : 0;
	fuzz_give(t, c);
}

static void op_state(struct fuzz_thread *t)
{
	fuzz_check_state(t);
}

/* ---- snapshots ----------------------------------------------------------- */

/* Let a restored machine run; of a live L2 not a step, for it may never end. */
static void run_restored(struct fuzz_thread *t)
{
	struct l1 *l1 = &t->m->l1;
	struct nvmx_state state;
	unsigned int i;

	fuzz_check_state(t);
	if (nvmx_get_state(l1->fd, &state))
		fuzz_fail(t, "GET_STATE of a restored file fails");
	if (state.out_level == NVMX_LEVEL_L2) {
		nvmx_exit_l2(l1->fd, EXIT_VMCALL, 0);
		fuzz_enter(t, NVMX_ENTER_RESUME);
	}
	if (nvmx_vmwrite(l1->fd, PIN_BASED_VM_EXEC_CONTROL, 0x16 | PREEMPTION_TIMER) ||
	    nvmx_vmwrite(l1->fd, VMX_PREEMPTION_TIMER_VALUE, TIMER_MAX - 1))
		return;
	l1->run->write_count = 0;
	for (i = 0; i < 3; i++)
		fuzz_enter(t, state.out_launched ? NVMX_ENTER_RESUME : NVMX_ENTER_LAUNCH);
}

static void restore(struct fuzz_thread *t)
{
	const struct command *set = command_find(NVMX_SET_SNAPSHOT);
	struct l1 *l1 = &t->m->l1;
	int ret;

	l1->run = mmap(NULL, l1->info.out_run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		       l1->fd, 0);
	if (l1->run == MAP_FAILED)
		return;
	nvmx_mem_map(l1->fd, 0, l1->mem, L1_MEM_BYTES, 0);
	ret = command_call(set, l1->fd, t->room);
	if (!command_may_end(set, ret))
		fuzz_fail(t, "SET_SNAPSHOT ended with %d", ret);
	if (!ret)
		run_restored(t);
	munmap(l1->run, l1->info.out_run_bytes);
}

/* A snapshot of the machine, changed a little, in another file. */
static void op_restore(struct fuzz_thread *t)
{
	const struct command *get = command_find(NVMX_GET_SNAPSHOT);
	static struct fuzz_machine other;
	struct fuzz_thread second = { .m = &other, .rng = t->rng, .room = t->room };
	unsigned int i;

	if (!one_in(t, 2))
		return;
	command_fill(get, t->room, &t->m->l1);
	if (fuzz_give(t, get) || t->room->snapshot.out_bytes > t->room->snapshot.bytes)
		return;
	t->room->snapshot.bytes = t->room->snapshot.out_bytes;
	fuzz_check_words(t, t->room->buffer, t->room->snapshot.bytes, "a snapshot");
	for (i = below(t, 4); i; i--) {
		__u64 *word = &t->room->buffer[below(t, t->room->snapshot.bytes / 8)];

		*word = fuzz_mutate(t, *word);
	}
	other = *t->m;
	other.l1.fd = open(NVMX_DEVICE, O_RDWR | O_CLOEXEC);
	if (other.l1.fd < 0)
		return;
	restore(&second);
	close(other.l1.fd);
}

/* ---- files and processes ------------------------------------------------- */

static void op_dup(struct fuzz_thread *t)
{
	int copy = dup(t->m->l1.fd);
	int old = t->m->l1.fd;

	if (copy < 0)
		return;
	if (one_in(t, 2)) {
		t->m->l1.fd = copy;
		copy = old;
	}
	close(copy);
}

/* In a child every command gets EIO, whatever its argument is. */
static void stranger(struct fuzz_thread *t)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		const struct command *c = &commands[below(t, command_count)];
		int ret = command_call(c, t->m->l1.fd, t->room);

		t->m->counts->other_process++;
		if (ret != -EIO)
			fuzz_fail(t, "%s in another process ended with %d", c->name, ret);
	}
	_exit(0);
}

static void op_fork(struct fuzz_thread *t)
{
	int status = -1;
	pid_t pid;

	if (!one_in(t, 4))
		return;
	pid = fork();
	if (!pid)
		stranger(t);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && status)
		fuzz_fail(t, "the child ended with %#x", status);
}

static void op_run_page(struct fuzz_thread *t)
{
	struct l1 *l1 = &t->m->l1;
	struct nvmx_run *run = mmap(NULL, l1->info.out_run_bytes, PROT_READ | PROT_WRITE,
				    MAP_SHARED, l1->fd, 0);

	if (run == MAP_FAILED)
		return;
	run->gpr[NVMX_R15] = fuzz_value(t);
	munmap(run, l1->info.out_run_bytes);
}

static void op_move(struct fuzz_thread *t)
{
	host_stay_on(below(t, 2));
}

/* ---- steps --------------------------------------------------------------- */

typedef void operation(struct fuzz_thread *t);

/* By weight: as often as they are here. */
static operation *const operations[] = {
	fuzz_op_enter, fuzz_op_enter, fuzz_op_enter, fuzz_op_enter, fuzz_op_enter,
	fuzz_op_enter, fuzz_op_enter, fuzz_op_enter, fuzz_op_mutate, fuzz_op_mutate,
	fuzz_op_mutate, fuzz_op_mutate, fuzz_op_control_bit, fuzz_op_control_bit,
	fuzz_op_reset, fuzz_op_reset, fuzz_op_reset, fuzz_op_code, fuzz_op_code, fuzz_op_code,
	fuzz_op_memory, fuzz_op_memory, fuzz_op_msr_area, fuzz_op_inject, fuzz_op_policy,
	fuzz_op_map, fuzz_op_map, fuzz_op_drop_memory, op_command, op_command, op_command,
	op_command, op_vmcs, op_exit_l2, op_kick, op_state, op_state, op_event, op_event,
	op_restore, op_dup, op_fork, op_run_page, op_move,
};

void fuzz_step(struct fuzz_thread *t)
{
	operations[below(t, ARRAY_LEN(operations))](t);
}

/* What the second thread does: posts, commands, and scribbles in the run page. */
void fuzz_disturb(struct fuzz_thread *t)
{
	struct nvmx_run *run = t->m->l1.run;
	__u32 *words = (__u32 *)run;

	switch (below(t, 8)) {
	case 0:
		op_kick(t);
		break;
	case 1:
		op_exit_l2(t);
		break;
	case 2:
		op_event(t);
		break;
	case 3:
		op_command(t);
		break;
	case 4:
		fuzz_op_memory(t);
		break;
	case 5:
		/* Anything but the list of VMWRITEs: fuzz_safe_value(). */
		words[3 + below(t, offsetof(struct nvmx_run, write) / 4 - 3)] =
			fuzz_value(t) & 0x7fffffff;
		break;
	case 6:
		run->read[below(t, 4)].encoding = fuzz_value(t);
		break;
	default:
		fuzz_check_state(t);
	}
}

void fuzz_thread_init(struct fuzz_thread *t, struct fuzz_machine *m, unsigned int number)
{
	t->m = m;
	t->rng = m->seed * 2 + number;
	t->room = mmap(NULL, sizeof(*t->room), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (t->room == MAP_FAILED)
		fuzz_fail(t, "no memory");
}

/* Remember the fields with which L2 runs. */
static void remember(struct fuzz_machine *m)
{
	static struct nvmx_walk_entry entries[FUZZ_FIELDS];
	struct nvmx_walk walk;
	unsigned int i;

	if (nvmx_walk(m->l1.fd, entries, FUZZ_FIELDS, 0, &walk))
		l1_die(&m->l1, "WALK_FIELDS failed");
	for (i = 0; i < walk.out_count; i++) {
		m->valid[i].encoding = entries[i].encoding;
		m->valid[i].value = entries[i].value;
	}
	m->valid_count = walk.out_count;
}

/* A machine with an L2 in some mode, ready to run. */
void fuzz_start(struct fuzz_thread *t)
{
	static const enum l2_mode modes[] = {
		L2_64, L2_64, L2_64, L2_PAE, L2_32, L2_FLAT, L2_REAL,
	};
	struct l1 *l1 = &t->m->l1;
	enum l2_mode mode;

	l1_start(l1, one_in(t, 3) ? NVMX_PROFILE_SEALED : NVMX_PROFILE_SDM);
	mode = modes[below(t, ARRAY_LEN(modes))];
	l1_prepare(l1, l1_has_mode(l1, mode) ? mode : L2_64);
	if (!l1->ept && one_in(t, 2))
		l1_use_ept(l1);
	l1_load(l1, vmcall_loop);
	l1_set_control(l1, CAPS_PIN, PREEMPTION_TIMER);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, TIMER_MAX);
	l1_write(l1, VM_ENTRY_EXCEPTION_ERROR_CODE, 0);
	l1_write(l1, VM_ENTRY_INSTRUCTION_LEN, 0);
	remember(t->m);
}
