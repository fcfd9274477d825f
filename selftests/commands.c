// SPDX-License-Identifier: GPL-2.0-only
/* Every command of the device, for tests that walk them all. */
#include <stdio.h>

#include "commands.h"

static void fill_enable(struct command_room *room, struct l1 *l1)
{
	room->enable.profile = l1->profile;
}

static void fill_map(struct command_room *room, struct l1 *l1)
{
	room->map.gpa = COMMAND_GPA;
	room->map.hva = (uintptr_t)l1_ptr(l1, L1_FREE);
	room->map.bytes = COMMAND_GPA_BYTES;
}

static void fill_unmap(struct command_room *room, struct l1 *l1)
{
	room->unmap.gpa = COMMAND_GPA;
	room->unmap.bytes = COMMAND_GPA_BYTES;
}

static void fill_vmxon(struct command_room *room, struct l1 *l1)
{
	room->vmptr.vmptr = L1_VMXON;
}

/* Not the VMCS that the test uses. */
static void fill_vmclear(struct command_room *room, struct l1 *l1)
{
	room->vmptr.vmptr = L1_VMCS(1);
}

static void fill_vmptrld(struct command_room *room, struct l1 *l1)
{
	room->vmptr.vmptr = L1_VMCS(0);
}

static void fill_field(struct command_room *room, struct l1 *l1)
{
	room->field.encoding = TSC_OFFSET;
}

static void fill_array(struct command_room *room, struct l1 *l1)
{
	unsigned int i;

	for (i = 0; i < COMMAND_LIST; i++)
		room->values[i].encoding = TSC_OFFSET;
	room->array.entries = (uintptr_t)room->values;
	room->array.count = COMMAND_LIST;
}

/* All contexts. */
static void fill_inv(struct command_room *room, struct l1 *l1)
{
	room->inv.type = 2;
}

static void fill_exit_l2(struct command_room *room, struct l1 *l1)
{
	room->exit_l2.exit_reason = EXIT_VMCALL;
}

static void fill_set_l1(struct command_room *room, struct l1 *l1)
{
	nvmx_get_l1(l1->fd, &room->l1);
}

static void fill_set_l2(struct command_room *room, struct l1 *l1)
{
	nvmx_get_l2(l1->fd, &room->l2);
}

static void fill_policy(struct command_room *room, struct l1 *l1)
{
	room->policy.encoding = GUEST_RIP;
	room->policy.policy = NVMX_POLICY_PASSTHROUGH;
}

static void fill_walk(struct command_room *room, struct l1 *l1)
{
	room->walk_fields.entries = (uintptr_t)room->walk;
	room->walk_fields.capacity = COMMAND_LIST;
}

static void fill_peek(struct command_room *room, struct l1 *l1)
{
	room->peek.encoding = GUEST_RIP;
}

static void fill_check(struct command_room *room, struct l1 *l1)
{
	room->check.failures = (uintptr_t)room->failures;
	room->check.capacity = COMMAND_LIST;
}

static void fill_probe(struct command_room *room, struct l1 *l1)
{
	room->probe.failures = (uintptr_t)room->failures;
	room->probe.capacity = COMMAND_LIST;
}

static void fill_stats(struct command_room *room, struct l1 *l1)
{
	room->stats.exits = (uintptr_t)room->exits;
	room->stats.capacity = COMMAND_LIST;
}

static void fill_explain(struct command_room *room, struct l1 *l1)
{
	room->explain.exit_reason = EXIT_RDMSR;
}

/* A start-up IPI that nobody waits for. */
static void fill_event(struct command_room *room, struct l1 *l1)
{
	room->event.type = NVMX_EVENT_SIPI;
}

static void fill_cpuid(struct command_room *room, struct l1 *l1)
{
	struct nvmx_cpuid get = {
		.size = sizeof(get), .entries = (uintptr_t)room->buffer, .count = NVMX_CPUID_MAX,
	};

	nvmx_call(l1->fd, NVMX_GET_CPUID, &get);
	room->cpuid.entries = (uintptr_t)room->buffer;
	room->cpuid.count = get.out_count;
}

static void fill_snapshot(struct command_room *room, struct l1 *l1)
{
	struct nvmx_snapshot get = {
		.size = sizeof(get), .buffer = (uintptr_t)room->buffer, .bytes = COMMAND_BUFFER,
	};

	nvmx_call(l1->fd, NVMX_GET_SNAPSHOT, &get);
	room->snapshot.buffer = (uintptr_t)room->buffer;
	room->snapshot.bytes = get.out_bytes < COMMAND_BUFFER ? get.out_bytes : COMMAND_BUFFER;
}

#define STRUCT(_name, _struct, _fill, ...)				\
	{ .name = #_name, .nr = NVMX_##_name, .bytes = sizeof(struct _struct), \
	  .fill = _fill, .errors = { __VA_ARGS__ } }

const struct command commands[] = {
	STRUCT(GET_INFO, nvmx_info, NULL),
	STRUCT(ENABLE, nvmx_enable, fill_enable, ENOMEM),
	STRUCT(MEM_MAP, nvmx_mem_map, fill_map, ERANGE, EEXIST, ENOSPC, ENOMEM, EINTR),
	STRUCT(MEM_UNMAP, nvmx_mem_unmap, fill_unmap, ENOENT, EINTR),
	STRUCT(VMXON, nvmx_vmptr, fill_vmxon),
	STRUCT(VMXOFF, nvmx_insn, NULL),
	STRUCT(VMCLEAR, nvmx_vmptr, fill_vmclear),
	STRUCT(VMPTRLD, nvmx_vmptr, fill_vmptrld, ENOMEM),
	STRUCT(VMPTRST, nvmx_vmptr, NULL),
	STRUCT(VMREAD, nvmx_field, fill_field),
	STRUCT(VMWRITE, nvmx_field, fill_field),
	STRUCT(VMREAD_ARRAY, nvmx_field_array, fill_array),
	STRUCT(VMWRITE_ARRAY, nvmx_field_array, fill_array),
	STRUCT(INVEPT, nvmx_inv, fill_inv),
	STRUCT(INVVPID, nvmx_inv, fill_inv),
	STRUCT(VMCALL, nvmx_insn, NULL),
	{ .name = "ENTER_L2", .nr = NVMX_ENTER_L2, .argument = NVMX_ENTER_LAUNCH,
	  .errors = { EINVAL, EBUSY, EOPNOTSUPP, ENOMEM, ENODEV } },
	{ .name = "EXIT_L2", .nr = NVMX_EXIT_L2, .bytes = sizeof(struct nvmx_exit_l2),
	  .post = true, .fill = fill_exit_l2 },
	{ .name = "KICK", .nr = NVMX_KICK, .post = true, .errors = { EOPNOTSUPP } },
	STRUCT(GET_STATE, nvmx_state, NULL),
	STRUCT(GET_L1, nvmx_l1, NULL),
	STRUCT(SET_L1, nvmx_l1, fill_set_l1),
	STRUCT(GET_L2, nvmx_l2, NULL),
	STRUCT(SET_L2, nvmx_l2, fill_set_l2),
	STRUCT(GET_POLICY, nvmx_field_policy, fill_policy, ENOENT),
	STRUCT(SET_POLICY, nvmx_field_policy, fill_policy, ENOENT),
	STRUCT(WALK_FIELDS, nvmx_walk, fill_walk, ENOENT),
	STRUCT(PEEK, nvmx_peek, fill_peek, ENOENT),
	STRUCT(GET_STATS, nvmx_stats, fill_stats),
	STRUCT(CHECK, nvmx_check, fill_check, ENOENT, ENOMEM),
	{ .name = "EVENT", .nr = NVMX_EVENT, .bytes = sizeof(struct nvmx_event),
	  .post = true, .fill = fill_event, .errors = { ENOENT } },
	STRUCT(GET_CPUID, nvmx_cpuid, fill_cpuid, ENOMEM),
	STRUCT(SET_CPUID, nvmx_cpuid, fill_cpuid, ENOMEM),
	STRUCT(GET_SNAPSHOT, nvmx_snapshot, fill_snapshot, ENOMEM),
	STRUCT(SET_SNAPSHOT, nvmx_snapshot, fill_snapshot, ENOMEM, ENODEV),
	STRUCT(EXPLAIN, nvmx_explain, fill_explain, ENOENT),
	STRUCT(PROBE, nvmx_probe, fill_probe, ENOENT, ENOMEM, ENODEV),
};

const unsigned int command_count = ARRAY_LEN(commands);

const struct command *command_find(unsigned long nr)
{
	unsigned int i;

	for (i = 0; i < command_count; i++)
		if (commands[i].nr == nr)
			return &commands[i];
	return NULL;
}

/* Make an argument that is good while L1 has a current VMCS and L2 is not live. */
void command_fill(const struct command *c, struct command_room *room, struct l1 *l1)
{
	memset(room, 0, sizeof(*room));
	if (c->fill)
		c->fill(room, l1);
	room->size = c->bytes;
}

/* Return: 0 or -errno. */
int command_call(const struct command *c, int fd, struct command_room *room)
{
	return nvmx_call(fd, c->nr, c->bytes ? (void *)room : (void *)c->argument);
}

/* Whether the documentation knows this end of a call in the file's own process. */
bool command_may_end(const struct command *c, int ret)
{
	static const int errors[] = { EINVAL, E2BIG, EOPNOTSUPP, EFAULT, EBUSY };
	unsigned int i;

	if (!ret)
		return true;
	for (i = 0; i < COMMAND_ERRORS; i++)
		if (c->errors[i] && ret == -c->errors[i])
			return true;
	for (i = 0; c->bytes && i < ARRAY_LEN(errors); i++)
		if (ret == -errors[i])
			return true;
	return false;
}

/*
 * Look for commands that the device has and the table has not.  None of them
 * does anything: their argument is bad.
 * Return: how many there are.
 */
unsigned int command_unlisted(int fd)
{
	unsigned int nr, found = 0;

	for (nr = 0; nr < 0x100; nr++) {
		unsigned long command = _IO(NVMX_IOC_TYPE, nr);

		if (nvmx_call(fd, command, (void *)-1L) == -ENOTTY || command_find(command))
			continue;
		fprintf(stderr, "# command %#x is not in commands.c\n", nr);
		found++;
	}
	return found;
}
