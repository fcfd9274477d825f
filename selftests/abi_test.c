// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ABI itself: sizes, tails, flags, pointers, levels, address spaces, and
 * that a refused call changes nothing.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

/* The layout that user space is compiled with. */
_Static_assert(sizeof(struct nvmx_result) == 8, "nvmx_result");
_Static_assert(sizeof(struct nvmx_caps) == 216, "nvmx_caps");
_Static_assert(sizeof(struct nvmx_info) == 256, "nvmx_info");
_Static_assert(sizeof(struct nvmx_enable) == 232, "nvmx_enable");
_Static_assert(sizeof(struct nvmx_mem_map) == 32, "nvmx_mem_map");
_Static_assert(sizeof(struct nvmx_mem_unmap) == 24, "nvmx_mem_unmap");
_Static_assert(sizeof(struct nvmx_vmptr) == 32, "nvmx_vmptr");
_Static_assert(sizeof(struct nvmx_insn) == 16, "nvmx_insn");
_Static_assert(sizeof(struct nvmx_field) == 40, "nvmx_field");
_Static_assert(sizeof(struct nvmx_field_value) == 24, "nvmx_field_value");
_Static_assert(sizeof(struct nvmx_field_array) == 24, "nvmx_field_array");
_Static_assert(sizeof(struct nvmx_inv) == 40, "nvmx_inv");
_Static_assert(sizeof(struct nvmx_failure) == 88, "nvmx_failure");
_Static_assert(sizeof(struct nvmx_exit_l2) == 56, "nvmx_exit_l2");
_Static_assert(sizeof(struct nvmx_event) == 16, "nvmx_event");
_Static_assert(sizeof(struct nvmx_state) == 120, "nvmx_state");
_Static_assert(sizeof(struct nvmx_segment) == 24, "nvmx_segment");
_Static_assert(sizeof(struct nvmx_l1) == 472, "nvmx_l1");
_Static_assert(sizeof(struct nvmx_l2) == 2944, "nvmx_l2");
_Static_assert(sizeof(struct nvmx_field_policy) == 32, "nvmx_field_policy");
_Static_assert(sizeof(struct nvmx_walk) == 32, "nvmx_walk");
_Static_assert(sizeof(struct nvmx_peek) == 32, "nvmx_peek");
_Static_assert(sizeof(struct nvmx_stats) == 40, "nvmx_stats");
_Static_assert(sizeof(struct nvmx_check) == 32, "nvmx_check");
_Static_assert(sizeof(struct nvmx_explain) == 208, "nvmx_explain");
_Static_assert(sizeof(struct nvmx_probe) == 56, "nvmx_probe");

#define TAIL	64

/* Room for the biggest struct and a tail; @size and @flags come first. */
union buffer {
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
	struct nvmx_event event;
	struct nvmx_state state;
	struct nvmx_l1 l1;
	struct nvmx_l2 l2;
	struct nvmx_field_policy policy;
	struct nvmx_walk walk;
	struct nvmx_peek peek;
	struct nvmx_stats stats;
	struct nvmx_snapshot snapshot;
	struct nvmx_cpuid cpuid;
	struct nvmx_check check;
	struct nvmx_explain explain;
	__u8 bytes[4096];
};

static struct nvmx_walk_entry walk_entries[256];

static void fill_get_l1(union buffer *b, struct l1 *l1)
{
	nvmx_get_l1(l1->fd, &b->l1);
}

static void fill_get_l2(union buffer *b, struct l1 *l1)
{
	nvmx_get_l2(l1->fd, &b->l2);
}

static void fill_map(union buffer *b, struct l1 *l1)
{
	b->map.gpa = 0x40000000;
	b->map.hva = (uintptr_t)l1->mem;
	b->map.bytes = 4096;
}

static void fill_unmap(union buffer *b, struct l1 *l1)
{
	(void)l1;
	b->unmap.gpa = 0x40000000;
	b->unmap.bytes = 4096;
}

static void fill_vmptr(union buffer *b, struct l1 *l1)
{
	(void)l1;
	b->vmptr.vmptr = L1_VMCS(1);
}

static void fill_vmxon(union buffer *b, struct l1 *l1)
{
	(void)l1;
	b->vmptr.vmptr = L1_VMXON;
}

static void fill_field(union buffer *b, struct l1 *l1)
{
	(void)l1;
	b->field.encoding = GUEST_RIP;
}

static void fill_inv(union buffer *b, struct l1 *l1)
{
	(void)l1;
	b->inv.type = 2;
}

static void fill_policy(union buffer *b, struct l1 *l1)
{
	(void)l1;
	b->policy.encoding = GUEST_RIP;
}

static void fill_peek(union buffer *b, struct l1 *l1)
{
	(void)l1;
	b->peek.encoding = GUEST_RIP;
}

static void fill_event(union buffer *b, struct l1 *l1)
{
	(void)l1;
	b->event.type = NVMX_EVENT_SIPI;
}

static void fill_walk(union buffer *b, struct l1 *l1)
{
	(void)l1;
	b->walk.entries = (uintptr_t)walk_entries;
	b->walk.capacity = 0;
}

/*
 * Every command that takes a struct, in an order in which each well-formed call
 * ends with @valid: in VMX operation, with a current VMCS, L2 not live.
 */
static const struct command {
	const char *name;
	unsigned long nr;
	size_t bytes;
	int valid;
	void (*fill)(union buffer *b, struct l1 *l1);
	size_t first;	/* bytes of the first version, if the struct has grown */
} commands[] = {
	{ "GET_INFO", NVMX_GET_INFO, sizeof(struct nvmx_info), 0, NULL },
	{ "ENABLE", NVMX_ENABLE, sizeof(struct nvmx_enable), -EINVAL, NULL },
	{ "MEM_MAP", NVMX_MEM_MAP, sizeof(struct nvmx_mem_map), 0, fill_map },
	{ "MEM_UNMAP", NVMX_MEM_UNMAP, sizeof(struct nvmx_mem_unmap), 0, fill_unmap },
	{ "GET_CPUID", NVMX_GET_CPUID, sizeof(struct nvmx_cpuid), 0, NULL },
	{ "SET_CPUID", NVMX_SET_CPUID, sizeof(struct nvmx_cpuid), -EBUSY, NULL },
	{ "VMXON", NVMX_VMXON, sizeof(struct nvmx_vmptr), 0, fill_vmxon },
	{ "VMCLEAR", NVMX_VMCLEAR, sizeof(struct nvmx_vmptr), 0, fill_vmptr },
	{ "VMPTRLD", NVMX_VMPTRLD, sizeof(struct nvmx_vmptr), 0, fill_vmptr },
	{ "VMPTRST", NVMX_VMPTRST, sizeof(struct nvmx_vmptr), 0, NULL },
	{ "VMREAD", NVMX_VMREAD, sizeof(struct nvmx_field), 0, fill_field },
	{ "VMWRITE", NVMX_VMWRITE, sizeof(struct nvmx_field), 0, fill_field },
	{ "VMREAD_ARRAY", NVMX_VMREAD_ARRAY, sizeof(struct nvmx_field_array), 0, NULL },
	{ "VMWRITE_ARRAY", NVMX_VMWRITE_ARRAY, sizeof(struct nvmx_field_array), 0, NULL },
	{ "INVEPT", NVMX_INVEPT, sizeof(struct nvmx_inv), 0, fill_inv },
	{ "INVVPID", NVMX_INVVPID, sizeof(struct nvmx_inv), 0, fill_inv },
	{ "VMCALL", NVMX_VMCALL, sizeof(struct nvmx_insn), 0, NULL },
	{ "EXIT_L2", NVMX_EXIT_L2, sizeof(struct nvmx_exit_l2), -EINVAL, NULL },
	{ "EVENT", NVMX_EVENT, sizeof(struct nvmx_event), 0, fill_event },
	{ "GET_STATE", NVMX_GET_STATE, sizeof(struct nvmx_state), 0, NULL, 72 },
	{ "GET_L1", NVMX_GET_L1, sizeof(struct nvmx_l1), 0, NULL },
	{ "SET_L1", NVMX_SET_L1, sizeof(struct nvmx_l1), 0, fill_get_l1 },
	{ "GET_L2", NVMX_GET_L2, sizeof(struct nvmx_l2), 0, NULL },
	{ "SET_L2", NVMX_SET_L2, sizeof(struct nvmx_l2), 0, fill_get_l2 },
	{ "GET_POLICY", NVMX_GET_POLICY, sizeof(struct nvmx_field_policy), 0, fill_policy },
	{ "SET_POLICY", NVMX_SET_POLICY, sizeof(struct nvmx_field_policy), 0, fill_policy },
	{ "WALK_FIELDS", NVMX_WALK_FIELDS, sizeof(struct nvmx_walk), 0, fill_walk },
	{ "PEEK", NVMX_PEEK, sizeof(struct nvmx_peek), 0, fill_peek },
	{ "GET_SNAPSHOT", NVMX_GET_SNAPSHOT, sizeof(struct nvmx_snapshot), 0, NULL },
	{ "SET_SNAPSHOT", NVMX_SET_SNAPSHOT, sizeof(struct nvmx_snapshot), -EINVAL, NULL },
	{ "GET_STATS", NVMX_GET_STATS, sizeof(struct nvmx_stats), 0, NULL },
	{ "CHECK", NVMX_CHECK, sizeof(struct nvmx_check), 0, NULL },
	{ "EXPLAIN", NVMX_EXPLAIN, sizeof(struct nvmx_explain), 0, NULL },
	{ "PROBE", NVMX_PROBE, sizeof(struct nvmx_probe), 0, NULL },
	{ "VMXOFF", NVMX_VMXOFF, sizeof(struct nvmx_insn), 0, NULL },
};

static void fill(const struct command *c, union buffer *b, struct l1 *l1)
{
	memset(b, 0, sizeof(*b));
	if (c->fill)
		c->fill(b, l1);
	b->size = c->bytes;
}

/* Everything that can be asked for about a logical processor. */
struct snapshot {
	struct nvmx_state state;
	struct nvmx_l1 l1;
	struct nvmx_l2 l2;
	__u32 fields;
	struct nvmx_walk_entry entries[256];
};

static void snapshot(struct l1 *l1, struct snapshot *s)
{
	struct nvmx_walk walk;

	memset(s, 0, sizeof(*s));
	nvmx_get_state(l1->fd, &s->state);
	nvmx_get_l1(l1->fd, &s->l1);
	nvmx_get_l2(l1->fd, &s->l2);
	nvmx_walk(l1->fd, s->entries, ARRAY_LEN(s->entries), 0, &walk);
	s->fields = walk.out_count;
}

FIXTURE(abi) {
	struct l1 l1;
	struct snapshot before;
	struct snapshot after;
};

FIXTURE_SETUP(abi)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_write(&self->l1, GUEST_RIP, 0x1234);
	l1_write(&self->l1, HOST_RSP, 0x5678);
	snapshot(&self->l1, &self->before);
}

FIXTURE_TEARDOWN(abi)
{
	l1_close(&self->l1);
}

#define expect_unchanged()						\
	do {								\
		snapshot(&self->l1, &self->after);			\
		EXPECT_EQ(0, memcmp(&self->before, &self->after,	\
				    sizeof(self->before)));		\
	} while (0)

/* What comes back does not fit into memory that is not writable. */
TEST_F(abi, a_struct_that_cannot_be_written_changes_nothing)
{
	union buffer *b = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t i;

	ASSERT_NE(MAP_FAILED, b);
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		fill(&commands[i], b, &self->l1);
		/* Refused for the nesting level before anything else. */
		if (commands[i].nr == NVMX_EXIT_L2 || commands[i].nr == NVMX_SET_SNAPSHOT)
			continue;
		/* L1 takes an event: else there is no answer. */
		if (commands[i].nr == NVMX_EVENT)
			b->flags = NVMX_EVENT_TAKE;
		mprotect(b, 8192, PROT_READ);
		EXPECT_EQ(-EFAULT, nvmx_call(self->l1.fd, commands[i].nr, b))
			TH_LOG("%s", commands[i].name);
		mprotect(b, 8192, PROT_READ | PROT_WRITE);
		expect_unchanged();
	}
}

/* A struct across two pages, of which the second is read-only. */
TEST_F(abi, a_struct_that_cannot_be_written_to_its_end_changes_nothing)
{
	__u8 *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct nvmx_field *field = (void *)(pages + 4096 - sizeof(*field) + 8);

	ASSERT_NE(MAP_FAILED, pages);
	field->size = sizeof(*field);
	field->encoding = GUEST_RIP;
	field->value = 0x4242;
	mprotect(pages + 4096, 4096, PROT_READ);
	EXPECT_EQ(-EFAULT, nvmx_call(self->l1.fd, NVMX_VMWRITE, field));
	expect_unchanged();
}

TEST_F(abi, every_well_formed_call_ends_as_documented)
{
	union buffer b;
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		fill(&commands[i], &b, &self->l1);
		EXPECT_EQ(commands[i].valid,
			  nvmx_call(self->l1.fd, commands[i].nr, &b))
			TH_LOG("%s", commands[i].name);
	}
}

TEST_F(abi, a_struct_shorter_than_the_first_version_is_refused)
{
	union buffer b;
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		size_t first = commands[i].first ? commands[i].first : commands[i].bytes;
		const __u32 sizes[] = { 0, 4, 8, first - 8, first - 1 };

		for (j = 0; j < ARRAY_LEN(sizes); j++) {
			fill(&commands[i], &b, &self->l1);
			b.size = sizes[j];
			EXPECT_EQ(-EINVAL, nvmx_call(self->l1.fd,
						     commands[i].nr, &b))
				TH_LOG("%s, %u bytes", commands[i].name, sizes[j]);
		}
	}
	expect_unchanged();
}

TEST_F(abi, a_longer_struct_with_a_clean_tail_is_accepted)
{
	union buffer b;
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		fill(&commands[i], &b, &self->l1);
		b.size = commands[i].bytes + TAIL;
		EXPECT_EQ(commands[i].valid,
			  nvmx_call(self->l1.fd, commands[i].nr, &b))
			TH_LOG("%s", commands[i].name);
	}
}

TEST_F(abi, a_longer_struct_with_a_dirty_tail_is_refused)
{
	static const unsigned int dirty[] = { 0, 7, TAIL - 1 };
	union buffer b;
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		for (j = 0; j < ARRAY_LEN(dirty); j++) {
			fill(&commands[i], &b, &self->l1);
			b.size = commands[i].bytes + TAIL;
			b.bytes[commands[i].bytes + dirty[j]] = 1;
			EXPECT_EQ(-E2BIG, nvmx_call(self->l1.fd,
						    commands[i].nr, &b))
				TH_LOG("%s, byte %u", commands[i].name, dirty[j]);
		}
	}
	expect_unchanged();
}

TEST_F(abi, a_bad_pointer_is_refused)
{
	void *bad[] = { NULL, (void *)-4096L, (void *)0x1, (void *)(1UL << 62) };
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(commands); i++)
		for (j = 0; j < ARRAY_LEN(bad); j++) {
			EXPECT_EQ(-EFAULT, nvmx_call(self->l1.fd,
						     commands[i].nr, bad[j]))
				TH_LOG("%s, %p", commands[i].name, bad[j]);
		}
	expect_unchanged();
}

TEST_F(abi, a_struct_that_runs_into_a_hole_is_refused)
{
	__u8 *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	union buffer b;
	size_t i;

	ASSERT_NE(MAP_FAILED, two);
	ASSERT_EQ(0, munmap(two + 4096, 4096));
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		fill(&commands[i], &b, &self->l1);
		memcpy(two + 4096 - 8, &b, 8);
		EXPECT_EQ(-EFAULT, nvmx_call(self->l1.fd, commands[i].nr,
					     two + 4096 - 8))
			TH_LOG("%s", commands[i].name);
	}
	expect_unchanged();
}

TEST_F(abi, an_unknown_flag_is_refused)
{
	static const __u32 flags[] = { 1U << 1, 1U << 31, ~1U };
	union buffer b;
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		for (j = 0; j < ARRAY_LEN(flags); j++) {
			fill(&commands[i], &b, &self->l1);
			b.flags = flags[j];
			EXPECT_EQ(-EOPNOTSUPP, nvmx_call(self->l1.fd,
							 commands[i].nr, &b))
				TH_LOG("%s, flags %#x", commands[i].name, flags[j]);
		}
	}
	expect_unchanged();
}

TEST_F(abi, flag_0_is_known_only_to_enable_mem_map_and_event)
{
	union buffer b;
	size_t i;

	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (commands[i].nr == NVMX_ENABLE || commands[i].nr == NVMX_MEM_MAP ||
		    commands[i].nr == NVMX_EVENT)
			continue;
		fill(&commands[i], &b, &self->l1);
		b.flags = 1;
		EXPECT_EQ(-EOPNOTSUPP, nvmx_call(self->l1.fd, commands[i].nr, &b))
			TH_LOG("%s", commands[i].name);
	}
	expect_unchanged();
}

TEST_F(abi, a_reserved_member_that_is_not_zero_is_refused)
{
	union buffer b;

	fill(&commands[0], &b, &self->l1);
	b.info.reserved = 1;
	test_err(EINVAL, nvmx_call(self->l1.fd, NVMX_GET_INFO, &b));

	memset(&b, 0, sizeof(b));
	b.state.size = sizeof(b.state);
	b.state.reserved = 1;
	test_err(EINVAL, nvmx_call(self->l1.fd, NVMX_GET_STATE, &b));

	nvmx_get_l1(self->l1.fd, &b.l1);
	b.l1.reserved = 1;
	test_err_set_l1(EINVAL, self->l1.fd, &b.l1);

	memset(&b, 0, sizeof(b));
	b.stats.size = sizeof(b.stats);
	b.stats.reserved = 1;
	test_err(EINVAL, nvmx_call(self->l1.fd, NVMX_GET_STATS, &b));

	memset(&b, 0, sizeof(b));
	b.policy.size = sizeof(b.policy);
	b.policy.encoding = GUEST_RIP;
	b.policy.reserved = 1;
	test_err(EINVAL, nvmx_call(self->l1.fd, NVMX_GET_POLICY, &b));
	test_err(EINVAL, nvmx_call(self->l1.fd, NVMX_SET_POLICY, &b));
	expect_unchanged();
}

TEST_F(abi, an_unknown_command_is_refused)
{
	static const unsigned int numbers[] = {
		0x04, 0x07, 0x0f, 0x1c, 0x1f, 0x24, 0x2f,
		0x3f, 0x43, 0x50, 0x5f, 0x60, 0x7f, 0x80, 0xff,
	};
	union buffer b = { .size = sizeof(struct nvmx_info) };
	size_t i;

	for (i = 0; i < ARRAY_LEN(numbers); i++) {
		EXPECT_EQ(-ENOTTY, nvmx_call(self->l1.fd,
					     _IO(NVMX_IOC_TYPE, numbers[i]), &b))
			TH_LOG("%#x", numbers[i]);
	}
	test_err(ENOTTY, nvmx_call(self->l1.fd, _IO(0xbf, 0), &b));
	test_err(ENOTTY, nvmx_call(self->l1.fd, _IO(0xae, 0), &b));
	test_err(ENOTTY, nvmx_call(self->l1.fd,
				   _IOWR(NVMX_IOC_TYPE, 0, struct nvmx_info), &b));
	test_err(ENOTTY, nvmx_call(self->l1.fd, 0, &b));
	test_err(ENOTTY, nvmx_call(self->l1.fd, 0xffffffff, &b));
	expect_unchanged();
}

TEST_F(abi, before_enable_only_questions_and_memory_are_allowed)
{
	struct l1 other;
	union buffer b;
	size_t i;

	l1_open(&other);
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		unsigned int nr = _IOC_NR(commands[i].nr);

		if (nr < 0x10 || commands[i].nr == NVMX_GET_STATE ||
		    commands[i].nr == NVMX_GET_L1 || commands[i].nr == NVMX_SET_L1 ||
		    commands[i].nr == NVMX_GET_L2 || commands[i].nr == NVMX_SET_L2 ||
		    commands[i].nr == NVMX_GET_STATS ||
		    commands[i].nr == NVMX_GET_SNAPSHOT)
			continue;
		fill(&commands[i], &b, &self->l1);
		EXPECT_EQ(-EINVAL, nvmx_call(other.fd, commands[i].nr, &b))
			TH_LOG("%s", commands[i].name);
	}
	test_err_enter(EINVAL, other.fd, NVMX_ENTER_LAUNCH);
	test_err_enter(EINVAL, other.fd, NVMX_ENTER_RESUME);
	l1_close(&other);
}

TEST_F(abi, the_level_is_l0_then_l1)
{
	struct nvmx_state state;
	struct l1 other;

	l1_open(&other);
	test_get_state(other.fd, &state);
	EXPECT_EQ(NVMX_LEVEL_L0, state.out_level);
	EXPECT_EQ(0, state.out_vmxon);
	EXPECT_EQ(NVMX_NO_VMPTR, state.out_vmxon_ptr);
	EXPECT_EQ(NVMX_NO_VMPTR, state.out_vmptr);
	EXPECT_EQ(NVMX_NO_VMPTR, state.out_shadow_link);
	EXPECT_EQ(0, state.out_vmcs12_count);
	test_enable(other.fd, NVMX_PROFILE_SEALED);
	test_get_state(other.fd, &state);
	EXPECT_EQ(NVMX_LEVEL_L1, state.out_level);
	EXPECT_EQ(NVMX_PROFILE_SEALED, state.out_profile);
	EXPECT_EQ(0, state.out_vmxon);
	l1_close(&other);
}

TEST_F(abi, get_info_tells_version_counts_and_a_usable_processor)
{
	const struct nvmx_caps *caps = &self->l1.info.out_caps;

	EXPECT_EQ(NVMX_ABI_VERSION, self->l1.info.out_abi_version);
	EXPECT_LE(200, self->l1.info.out_field_count);
	EXPECT_LE(100, self->l1.info.out_rule_count);
	EXPECT_LE(sizeof(struct nvmx_run), self->l1.info.out_run_bytes);
	EXPECT_EQ(0, self->l1.info.out_run_bytes % 4096);
	EXPECT_LE(8, self->l1.info.out_max_vmcs12);
	EXPECT_EQ(0, self->l1.info.out_features);
	EXPECT_EQ(0, self->l1.info.reserved);
	EXPECT_EQ(0, caps->msr[CAPS_BASIC] & BIT(31));
	EXPECT_EQ(4096, caps->msr[CAPS_BASIC] >> 32 & 0x1fff);
	EXPECT_LE(32, caps->maxphyaddr);
	EXPECT_NE(0, caps->msr[CAPS_MISC] & BIT(29));
}

TEST_F(abi, enable_refuses_profiles_capabilities_and_a_second_time)
{
	struct nvmx_enable arg = { .size = sizeof(arg) };
	struct nvmx_caps caps;
	struct l1 other;

	test_err_enable(EINVAL, self->l1.fd, NVMX_PROFILE_SDM);
	l1_open(&other);
	test_err_enable(EINVAL, other.fd, 2);
	test_err_enable(EINVAL, other.fd, ~0U);
	arg.reserved = 1;
	test_err(EINVAL, nvmx_call(other.fd, NVMX_ENABLE, &arg));

	caps = other.info.out_caps;
	caps.msr[CAPS_PROC] |= BIT(32 + 17);
	test_err(EOPNOTSUPP, nvmx_enable_caps(other.fd, 0, &caps));
	caps = other.info.out_caps;
	caps.msr[CAPS_EXIT] &= ~1ULL << 32;
	caps.msr[CAPS_TRUE(CAPS_PIN)] = ~0ULL << 32;
	test_err(EOPNOTSUPP, nvmx_enable_caps(other.fd, 0, &caps));
	caps = other.info.out_caps;
	caps.maxphyaddr++;
	test_err(EOPNOTSUPP, nvmx_enable_caps(other.fd, 0, &caps));
	caps = other.info.out_caps;
	caps.xcr0_valid |= BIT(62);
	test_err(EOPNOTSUPP, nvmx_enable_caps(other.fd, 0, &caps));
	test_err_vmxon(EINVAL, other.fd, L1_VMXON);
	l1_close(&other);
}

TEST_F(abi, enable_gives_the_capabilities_asked_for)
{
	struct nvmx_info info;
	struct nvmx_caps caps;
	struct l1 other;

	l1_open(&other);
	caps = other.info.out_caps;
	caps.msr[CAPS_PROC] &= ~BIT(32 + 7);
	caps.msr[CAPS_TRUE(CAPS_PROC)] &= ~BIT(32 + 7);
	test_ok(nvmx_enable_caps(other.fd, NVMX_PROFILE_SDM, &caps));
	test_get_info(other.fd, &info);
	EXPECT_EQ(caps.msr[CAPS_PROC], info.out_caps.msr[CAPS_PROC]);
	EXPECT_EQ(caps.msr[CAPS_TRUE(CAPS_PROC)],
		  info.out_caps.msr[CAPS_TRUE(CAPS_PROC)]);
	l1_close(&other);
}

TEST_F(abi, the_sealed_profile_does_not_offer_vmwrite_to_exit_information)
{
	struct l1 other;

	l1_open(&other);
	l1_enable(&other, NVMX_PROFILE_SEALED);
	EXPECT_EQ(0, other.info.out_caps.msr[CAPS_MISC] & BIT(29));
	l1_close(&other);
}

TEST_F(abi, another_address_space_gets_eio)
{
	union buffer b;
	size_t i;
	pid_t pid;
	int status, bad = 0;

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (i = 0; i < ARRAY_LEN(commands); i++) {
			memset(&b, 0, sizeof(b));
			b.size = commands[i].bytes;
			if (nvmx_call(self->l1.fd, commands[i].nr, &b) != -EIO)
				bad++;
		}
		if (nvmx_enter(self->l1.fd, NVMX_ENTER_LAUNCH) != -EIO)
			bad++;
		if (nvmx_kick(self->l1.fd) != -EIO)
			bad++;
		if (mmap(NULL, self->l1.info.out_run_bytes, PROT_READ, MAP_SHARED,
			 self->l1.fd, 0) != MAP_FAILED)
			bad++;
		_exit(bad);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	expect_unchanged();
}

TEST_F(abi, the_run_page_maps_at_offset_0_and_in_its_size_only)
{
	size_t bytes = self->l1.info.out_run_bytes;
	void *p;

	p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, self->l1.fd, 4096);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EINVAL, errno);
	p = mmap(NULL, bytes, PROT_READ, MAP_SHARED, self->l1.fd, 1L << 40);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EINVAL, errno);
	p = mmap(NULL, bytes + 4096, PROT_READ, MAP_SHARED, self->l1.fd, 0);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EINVAL, errno);
	p = mmap(NULL, 1UL << 30, PROT_READ, MAP_SHARED, self->l1.fd, 0);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EINVAL, errno);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, self->l1.fd, 0);
	EXPECT_NE(MAP_FAILED, p);
	EXPECT_EQ(0, munmap(p, bytes));
}

TEST_F(abi, the_run_page_can_be_mapped_twice_and_outlives_the_file)
{
	size_t bytes = self->l1.info.out_run_bytes;
	struct nvmx_run *second;

	second = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      self->l1.fd, 0);
	ASSERT_NE(MAP_FAILED, second);
	self->l1.run->gpr[NVMX_R15] = 0x1515;
	EXPECT_EQ(0x1515, second->gpr[NVMX_R15]);
	close(self->l1.fd);
	self->l1.fd = -1;
	second->gpr[NVMX_R15] = 0x5151;
	EXPECT_EQ(0x5151, self->l1.run->gpr[NVMX_R15]);
	munmap(second, bytes);
}

TEST_F(abi, read_and_write_are_not_for_this_file)
{
	char c = 0;

	EXPECT_EQ(-1, read(self->l1.fd, &c, 1));
	EXPECT_EQ(-1, write(self->l1.fd, &c, 1));
	expect_unchanged();
}

TEST_F(abi, enter_refuses_unknown_bits)
{
	static const unsigned long bits[] = { 4, 1UL << 31, 1UL << 32, ~0UL };
	size_t i;

	for (i = 0; i < ARRAY_LEN(bits); i++) {
		EXPECT_EQ(-EOPNOTSUPP, nvmx_enter(self->l1.fd, bits[i]))
			TH_LOG("%#lx", bits[i]);
	}
	expect_unchanged();
}

TEST_F(abi, enter_refuses_to_complete_what_is_not_open)
{
	test_err_enter(EINVAL, self->l1.fd, NVMX_ENTER_COMPLETE);
	test_err_enter(EINVAL, self->l1.fd, NVMX_ENTER_COMPLETE | NVMX_ENTER_RESUME);
	expect_unchanged();
}

TEST_F(abi, enter_refuses_lists_that_are_too_long)
{
	self->l1.run->write_count = NVMX_RUN_LIST_MAX + 1;
	test_err_enter(EINVAL, self->l1.fd, NVMX_ENTER_LAUNCH);
	self->l1.run->write_count = ~0U;
	test_err_enter(EINVAL, self->l1.fd, NVMX_ENTER_LAUNCH);
	self->l1.run->write_count = 0;
	self->l1.run->read_count = NVMX_RUN_LIST_MAX + 1;
	test_err_enter(EINVAL, self->l1.fd, NVMX_ENTER_LAUNCH);
	self->l1.run->read_count = 0;
	expect_unchanged();
}

TEST_F(abi, arrays_refuse_too_many_elements_and_bad_addresses)
{
	__u32 failed;

	test_err(EINVAL, nvmx_vmread_array(self->l1.fd, (void *)walk_entries,
					   NVMX_ARRAY_MAX + 1, &failed));
	test_err(EINVAL, nvmx_vmwrite_array(self->l1.fd, (void *)walk_entries,
					    ~0U, &failed));
	test_err(EFAULT, nvmx_vmread_array(self->l1.fd, NULL, 1, &failed));
	test_err(EFAULT, nvmx_vmwrite_array(self->l1.fd, (void *)-4096L, 1, &failed));
	expect_unchanged();
}

TEST_F(abi, lists_refuse_bad_addresses)
{
	struct nvmx_check check;
	struct nvmx_walk walk;

	test_err_walk(EFAULT, self->l1.fd, NULL, 1, 0, &walk);
	test_err_walk(EFAULT, self->l1.fd, (void *)-4096L, 100, 0, &walk);
	test_err_check(EFAULT, self->l1.fd, NULL, 1, &check);
	test_err_check(EFAULT, self->l1.fd, (void *)-4096L, 1, &check);
	expect_unchanged();
}

TEST_F(abi, set_l1_refuses_values_outside_their_domain)
{
	struct nvmx_l1 l1;

	test_get_l1(self->l1.fd, &l1);
	l1.cpl = 4;
	test_err_set_l1(EINVAL, self->l1.fd, &l1);
	test_get_l1(self->l1.fd, &l1);
	l1.mov_ss = 2;
	test_err_set_l1(EINVAL, self->l1.fd, &l1);
	test_get_l1(self->l1.fd, &l1);
	l1.smm = 2;
	test_err_set_l1(EINVAL, self->l1.fd, &l1);
	test_get_l1(self->l1.fd, &l1);
	l1.seg[NVMX_CS].reserved[1] = 1;
	test_err_set_l1(EINVAL, self->l1.fd, &l1);
	expect_unchanged();
}

TEST_F(abi, set_l2_refuses_values_the_processor_would_refuse)
{
	struct nvmx_l2 l2;

	test_get_l2(self->l1.fd, &l2);
	l2.cr8 = 16;
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	test_get_l2(self->l1.fd, &l2);
	l2.xcr0 = 0;
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	l2.xcr0 = 5;
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	l2.xcr0 = BIT(63) | 1;
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	test_get_l2(self->l1.fd, &l2);
	l2.xss = BIT(63);
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	test_get_l2(self->l1.fd, &l2);
	l2.lstar = BIT(62);
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	test_get_l2(self->l1.fd, &l2);
	l2.cstar = BIT(47);
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	test_get_l2(self->l1.fd, &l2);
	l2.kernel_gs_base = BIT(63);
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	test_get_l2(self->l1.fd, &l2);
	l2.tsc_aux = BIT(32);
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	test_get_l2(self->l1.fd, &l2);
	l2.xsave[512 + 7] = 0x80;
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	test_get_l2(self->l1.fd, &l2);
	memset(l2.xsave + 24, 0xff, 4);
	l2.xsave[512] = 3;
	test_err_set_l2(EINVAL, self->l1.fd, &l2);
	expect_unchanged();
}

TEST_F(abi, set_l1_and_set_l2_give_back_what_was_set)
{
	struct nvmx_l1 l1, l1_again;
	struct nvmx_l2 l2, l2_again;

	test_get_l1(self->l1.fd, &l1);
	l1.rip = 0x1111;
	l1.gpr[NVMX_RBX] = 0x2222;
	l1.seg[NVMX_FS].base = 0x3333;
	l1.idtr_limit = 0x444;
	test_set_l1(self->l1.fd, &l1);
	test_get_l1(self->l1.fd, &l1_again);
	EXPECT_EQ(0, memcmp(&l1, &l1_again, sizeof(l1)));

	test_get_l2(self->l1.fd, &l2);
	l2.cr2 = 0x5555;
	l2.cr8 = 7;
	l2.dr[2] = 0x6666;
	l2.lstar = 0xffff800000000000ULL;
	l2.tsc_aux = 77;
	test_set_l2(self->l1.fd, &l2);
	test_get_l2(self->l1.fd, &l2_again);
	EXPECT_EQ(0, memcmp(&l2, &l2_again, offsetof(struct nvmx_l2, xsave)));
}

TEST_HARNESS_MAIN
