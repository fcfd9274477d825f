/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every command of the device: how to make a good argument for it, and how it
 * may fail.  For tests that walk all commands; a command that is not here fails
 * race_test.
 */
#ifndef NVMX_COMMANDS_H
#define NVMX_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "l1_setup.h"

#define COMMAND_ERRORS	8
#define COMMAND_LIST	16
#define COMMAND_BUFFER	16384

/* L1-physical memory that MEM_MAP adds and MEM_UNMAP takes away. */
#define COMMAND_GPA	0x20000000ULL
#define COMMAND_GPA_BYTES	4096ULL

/**
 * struct command_room - memory for the argument of any command
 * @size: first member of every struct
 * @flags: second member of every struct
 * @bytes: all of it
 * @values: what an array of VMREADs or VMWRITEs points to
 * @walk: what NVMX_WALK_FIELDS points to
 * @failures: what NVMX_CHECK and NVMX_PROBE point to
 * @exits: what NVMX_GET_STATS points to
 * @buffer: what longer things are written to
 *
 * The struct is at the start, in a page of its own.
 */
struct command_room {
	union {
		struct {
			__u32 size;
			__u32 flags;
		};
		struct nvmx_info info;
		struct nvmx_enable enable;
		struct nvmx_mem_map map;
		struct nvmx_mem_unmap unmap;
		struct nvmx_vmptr vmptr;
		struct nvmx_field field;
		struct nvmx_field_array array;
		struct nvmx_inv inv;
		struct nvmx_exit_l2 exit_l2;
		struct nvmx_l1 l1;
		struct nvmx_l2 l2;
		struct nvmx_field_policy policy;
		struct nvmx_walk walk_fields;
		struct nvmx_peek peek;
		struct nvmx_check check;
		struct nvmx_probe probe;
		struct nvmx_stats stats;
		struct nvmx_explain explain;
		struct nvmx_event event;
		struct nvmx_cpuid cpuid;
		struct nvmx_snapshot snapshot;
		__u8 bytes[4096];
	} __attribute__((aligned(4096)));
	struct nvmx_field_value values[COMMAND_LIST];
	struct nvmx_walk_entry walk[COMMAND_LIST];
	struct nvmx_failure failures[COMMAND_LIST];
	struct nvmx_exit_stat exits[COMMAND_LIST];
	__u64 buffer[COMMAND_BUFFER / 8];
};

/**
 * struct command - a command
 * @name: its name, without NVMX_
 * @nr: its number
 * @bytes: size of its struct; 0 if its argument is a number
 * @argument: that number
 * @post: it may be given while another call is under way
 * @fill: makes an argument that is good while L1 has a current VMCS; may be NULL
 * @errors: how it may fail, beside what any command with a struct may: EINVAL,
 *	E2BIG, EOPNOTSUPP, EFAULT, EBUSY; EIO only in another address space
 */
struct command {
	const char *name;
	unsigned long nr;
	size_t bytes;
	unsigned long argument;
	bool post;
	void (*fill)(struct command_room *room, struct l1 *l1);
	int errors[COMMAND_ERRORS];
};

extern const struct command commands[];
extern const unsigned int command_count;

const struct command *command_find(unsigned long nr);
void command_fill(const struct command *c, struct command_room *room, struct l1 *l1);
int command_call(const struct command *c, int fd, struct command_room *room);
bool command_may_end(const struct command *c, int ret);
unsigned int command_unlisted(int fd);

#endif /* NVMX_COMMANDS_H */
