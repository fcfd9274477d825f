// SPDX-License-Identifier: GPL-2.0-only
/*
 * The user ABI: the header stands alone in C and C++, and what is there stays
 * where it is.  The numbers below are a promise: a change that breaks them
 * breaks programs.
 */

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "include/uapi/linux/nested_vmx.h"
#include "unit.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Paths are seen from this directory, where `make check` runs the programs. */
#define HEADER		"../../include/uapi/linux/nested_vmx.h"
#define STRICT		" -Wall -Wextra -Wpedantic -Wpadded -Werror -fsyntax-only "

static void compile(const char *compiler, const char *language)
{
	char command[400];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", compiler);
	if (system(command))
		UNIT_SKIP("no such compiler");

	/* Twice, for the include guard. */
	snprintf(command, sizeof(command),
		 "%s -x %s" STRICT "-include " HEADER " -include " HEADER " /dev/null",
		 compiler, language);
	if (!EXPECT_EQ(0, system(command)))
		UNIT_NOTE("%s", command);
}

UNIT_TEST(header_alone_is_c99_without_padding)
{
	compile("gcc", "c -std=c99");
}

UNIT_TEST(header_alone_is_c11_without_padding)
{
	compile("gcc", "c -std=c11");
}

UNIT_TEST(header_alone_is_cxx11_without_padding)
{
	compile("g++", "c++ -std=c++11");
}

UNIT_TEST(header_alone_is_cxx20_without_padding)
{
	compile("g++", "c++ -std=c++20");
}

/* Sizes of the first version: a struct may grow, at its end. */
static const struct {
	const char *name;
	size_t size;
	size_t first;
} structs[] = {
#define S(type, first)	{ #type, sizeof(struct type), first }
	S(nvmx_result, 8),
	S(nvmx_caps, 216),
	S(nvmx_info, 256),
	S(nvmx_enable, 232),
	S(nvmx_mem_map, 32),
	S(nvmx_mem_unmap, 24),
	S(nvmx_vmptr, 32),
	S(nvmx_insn, 16),
	S(nvmx_field, 40),
	S(nvmx_field_value, 24),
	S(nvmx_field_array, 24),
	S(nvmx_inv, 40),
	S(nvmx_failure, 88),
	S(nvmx_run, 6840),
	S(nvmx_exit_l2, 56),
	S(nvmx_event, 16),
	S(nvmx_state, 120),
	S(nvmx_segment, 24),
	S(nvmx_l1, 472),
	S(nvmx_l2, 2944),
	S(nvmx_field_policy, 32),
	S(nvmx_walk_entry, 16),
	S(nvmx_walk, 32),
	S(nvmx_peek, 32),
	S(nvmx_cpuid_entry, 32),
	S(nvmx_cpuid, 56),
	S(nvmx_snapshot_header, 24),
	S(nvmx_snapshot_section, 16),
	S(nvmx_snapshot_machine, 248),
	S(nvmx_snapshot_policy, 8),
	S(nvmx_snapshot_field, 16),
	S(nvmx_snapshot_vmcs, 24),
	S(nvmx_snapshot_live, 288),
	S(nvmx_snapshot_events, 48),
	S(nvmx_snapshot, 48),
	S(nvmx_exit_stat, 40),
	S(nvmx_stats, 40),
	S(nvmx_check, 32),
	S(nvmx_decider, 32),
	S(nvmx_explain, 208),
	S(nvmx_probe, 56),
#undef S
};

UNIT_TEST(structs_are_as_large_as_ever_and_multiples_of_8)
{
	unsigned int i;

	for (i = 0; i < COUNT(structs); i++) {
		if (!EXPECT_EQ(structs[i].first, structs[i].size) ||
		    !EXPECT_EQ(0, structs[i].size % 8))
			UNIT_NOTE("struct %s", structs[i].name);
	}
}

/* Outputs, and all that lies in shared memory or in arrays. */
static const struct {
	const char *name;
	size_t offset;
	size_t first;
} members[] = {
#define M(type, member, first) \
	{ #type "." #member, offsetof(struct type, member), first }
	M(nvmx_result, status, 0),
	M(nvmx_result, error, 4),
	M(nvmx_info, out_abi_version, 8),
	M(nvmx_info, out_field_count, 12),
	M(nvmx_info, out_rule_count, 16),
	M(nvmx_info, out_run_bytes, 20),
	M(nvmx_info, out_features, 24),
	M(nvmx_info, out_max_vmcs12, 32),
	M(nvmx_info, out_caps, 40),
	M(nvmx_vmptr, out_vmptr, 16),
	M(nvmx_vmptr, out_result, 24),
	M(nvmx_insn, out_result, 8),
	M(nvmx_field, out_value, 24),
	M(nvmx_field, out_result, 32),
	M(nvmx_field_value, encoding, 0),
	M(nvmx_field_value, value, 8),
	M(nvmx_field_value, result, 16),
	M(nvmx_field_array, out_failed, 20),
	M(nvmx_inv, out_result, 32),
	M(nvmx_failure, rule, 0),
	M(nvmx_failure, outcome, 4),
	M(nvmx_failure, qualification, 8),
	M(nvmx_failure, field_count, 16),
	M(nvmx_failure, reserved, 20),
	M(nvmx_failure, field, 24),
	M(nvmx_failure, value, 40),
	M(nvmx_failure, must_be_0, 72),
	M(nvmx_failure, must_be_1, 80),
	M(nvmx_run, immediate_exit, 0),
	M(nvmx_run, reserved0, 4),
	M(nvmx_run, write_count, 8),
	M(nvmx_run, read_count, 12),
	M(nvmx_run, kind, 16),
	M(nvmx_run, writes_done, 20),
	M(nvmx_run, result, 24),
	M(nvmx_run, exit_reason, 32),
	M(nvmx_run, instruction_len, 36),
	M(nvmx_run, qualification, 40),
	M(nvmx_run, guest_linear_address, 48),
	M(nvmx_run, guest_physical_address, 56),
	M(nvmx_run, instruction_info, 64),
	M(nvmx_run, intr_info, 68),
	M(nvmx_run, intr_error_code, 72),
	M(nvmx_run, idt_vectoring_info, 76),
	M(nvmx_run, idt_vectoring_error_code, 80),
	M(nvmx_run, deciding_rule, 84),
	M(nvmx_run, l0_event, 88),
	M(nvmx_run, l0_access, 92),
	M(nvmx_run, l0_skip_bytes, 96),
	M(nvmx_run, failure_total, 100),
	M(nvmx_run, failure_count, 104),
	M(nvmx_run, reserved1, 108),
	M(nvmx_run, entries, 112),
	M(nvmx_run, gpr, 120),
	M(nvmx_run, write, 248),
	M(nvmx_run, read, 1784),
	M(nvmx_run, failure, 3320),
	M(nvmx_state, out_level, 8),
	M(nvmx_state, out_profile, 12),
	M(nvmx_state, out_vmxon, 16),
	M(nvmx_state, out_launched, 20),
	M(nvmx_state, out_vmxon_ptr, 24),
	M(nvmx_state, out_vmptr, 32),
	M(nvmx_state, out_shadow_active, 40),
	M(nvmx_state, out_field_count, 44),
	M(nvmx_state, out_shadow_link, 48),
	M(nvmx_state, out_vmcs12_count, 56),
	M(nvmx_state, out_aborted, 60),
	M(nvmx_state, out_l0_event, 64),
	M(nvmx_state, out_interrupts, 72),
	M(nvmx_state, out_nmis, 104),
	M(nvmx_state, out_init, 108),
	M(nvmx_state, out_activity, 112),
	M(nvmx_field_policy, out_policy, 16),
	M(nvmx_field_policy, out_allowed, 20),
	M(nvmx_field_policy, out_reason, 24),
	M(nvmx_walk_entry, encoding, 0),
	M(nvmx_walk_entry, policy, 4),
	M(nvmx_walk_entry, value, 8),
	M(nvmx_walk, out_count, 24),
	M(nvmx_walk, out_total, 28),
	M(nvmx_peek, out_value, 16),
	M(nvmx_peek, out_present, 24),
	M(nvmx_peek, out_policy, 28),
	M(nvmx_cpuid_entry, flags, 8),
	M(nvmx_cpuid_entry, eax, 12),
	M(nvmx_cpuid_entry, edx, 24),
	M(nvmx_cpuid, out_count, 20),
	M(nvmx_cpuid, out_total, 24),
	M(nvmx_cpuid, out_eax, 36),
	M(nvmx_cpuid, out_edx, 48),
	M(nvmx_snapshot_header, version, 8),
	M(nvmx_snapshot_header, bytes, 16),
	M(nvmx_snapshot_section, bytes, 8),
	M(nvmx_snapshot_machine, vmxon_ptr, 16),
	M(nvmx_snapshot_machine, vmptr, 24),
	M(nvmx_snapshot_machine, caps, 32),
	M(nvmx_snapshot_field, value, 8),
	M(nvmx_snapshot_vmcs, link, 8),
	M(nvmx_snapshot_vmcs, launched, 16),
	M(nvmx_snapshot_vmcs, count, 20),
	M(nvmx_snapshot_live, debugctl, 128),
	M(nvmx_snapshot_events, nmis, 32),
	M(nvmx_snapshot_events, sipi, 40),
	M(nvmx_snapshot_live, pdpte, 160),
	M(nvmx_snapshot_live, activity, 192),
	M(nvmx_snapshot_live, event_info, 200),
	M(nvmx_snapshot_live, timer, 212),
	M(nvmx_snapshot_live, posted, 224),
	M(nvmx_snapshot_live, post, 232),
	M(nvmx_snapshot, out_bytes, 24),
	M(nvmx_snapshot, out_reason, 32),
	M(nvmx_snapshot, out_detail, 36),
	M(nvmx_snapshot, out_offset, 40),
	M(nvmx_exit_stat, l0_count, 8),
	M(nvmx_exit_stat, l1_count, 24),
	M(nvmx_stats, out_count, 24),
	M(nvmx_stats, out_total, 28),
	M(nvmx_stats, out_entries, 32),
	M(nvmx_check, out_count, 20),
	M(nvmx_check, out_total, 24),
	M(nvmx_check, out_reserved, 28),
	M(nvmx_decider, where, 0),
	M(nvmx_decider, field, 4),
	M(nvmx_decider, address, 8),
	M(nvmx_decider, value, 16),
	M(nvmx_decider, mask, 24),
	M(nvmx_explain, out_owner, 64),
	M(nvmx_explain, out_rule, 68),
	M(nvmx_explain, out_count, 72),
	M(nvmx_explain, out_decider, 80),
	M(nvmx_probe, out_total, 24),
	M(nvmx_probe, out_outcome, 32),
	M(nvmx_probe, out_qualification, 40),
	M(nvmx_probe, out_reserved, 52),
#undef M
};

UNIT_TEST(members_are_where_they_always_were)
{
	unsigned int i;

	for (i = 0; i < COUNT(members); i++)
		if (!EXPECT_EQ(members[i].first, members[i].offset))
			UNIT_NOTE("%s", members[i].name);
}

static const struct {
	const char *name;
	unsigned int number;
	unsigned int first;
} commands[] = {
#define C(command, first)	{ #command, command, 0xbe00 | (first) }
	C(NVMX_GET_INFO, 0x00),
	C(NVMX_ENABLE, 0x01),
	C(NVMX_MEM_MAP, 0x02),
	C(NVMX_MEM_UNMAP, 0x03),
	C(NVMX_GET_CPUID, 0x05),
	C(NVMX_SET_CPUID, 0x06),
	C(NVMX_VMXON, 0x10),
	C(NVMX_VMXOFF, 0x11),
	C(NVMX_VMCLEAR, 0x12),
	C(NVMX_VMPTRLD, 0x13),
	C(NVMX_VMPTRST, 0x14),
	C(NVMX_VMREAD, 0x15),
	C(NVMX_VMWRITE, 0x16),
	C(NVMX_VMREAD_ARRAY, 0x17),
	C(NVMX_VMWRITE_ARRAY, 0x18),
	C(NVMX_INVEPT, 0x19),
	C(NVMX_INVVPID, 0x1a),
	C(NVMX_VMCALL, 0x1b),
	C(NVMX_ENTER_L2, 0x20),
	C(NVMX_EXIT_L2, 0x21),
	C(NVMX_KICK, 0x22),
	C(NVMX_EVENT, 0x23),
	C(NVMX_GET_STATE, 0x30),
	C(NVMX_GET_L1, 0x31),
	C(NVMX_SET_L1, 0x32),
	C(NVMX_GET_L2, 0x33),
	C(NVMX_SET_L2, 0x34),
	C(NVMX_GET_POLICY, 0x35),
	C(NVMX_SET_POLICY, 0x36),
	C(NVMX_WALK_FIELDS, 0x37),
	C(NVMX_PEEK, 0x38),
	C(NVMX_GET_SNAPSHOT, 0x39),
	C(NVMX_SET_SNAPSHOT, 0x3a),
	C(NVMX_GET_STATS, 0x3b),
	C(NVMX_CHECK, 0x40),
	C(NVMX_EXPLAIN, 0x41),
	C(NVMX_PROBE, 0x42),
#undef C
};

UNIT_TEST(commands_have_the_numbers_they_always_had)
{
	unsigned int i, j;

	for (i = 0; i < COUNT(commands); i++) {
		if (!EXPECT_EQ(commands[i].first, commands[i].number))
			UNIT_NOTE("%s", commands[i].name);
		for (j = 0; j < i; j++)
			EXPECT_TRUE(commands[i].number != commands[j].number);
	}
}

UNIT_MAIN
