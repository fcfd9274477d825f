// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries that are refused or fail: VMfail 7 and 8, exits 33 and 34, the list
 * of broken rules, and what such an entry leaves behind.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

FIXTURE(failed) {
	struct l1 l1;
	struct nvmx_check check;
	struct nvmx_failure list[64];
};

FIXTURE_SETUP(failed)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
}

FIXTURE_TEARDOWN(failed)
{
	l1_close(&self->l1);
}

L2_CODE(vmcall);
L2_CODE(vmcall_loop);
L2_CODE(nop);
L2_CODE(rdmsr);

/* What one entry attempt ended in: VMX_x, or the exit reason with bit 31. */
static long attempt(struct l1 *l1)
{
	if (l1_run(l1) == NVMX_KIND_VMX_RESULT)
		return nvmx_outcome(0, &l1->run->result);
	return l1->run->exit_reason;
}

/* Among the broken rules in the run page there is one on @field. */
static bool named(struct l1 *l1, __u32 field, __u32 outcome)
{
	unsigned int i, j;

	for (i = 0; i < l1->run->failure_count; i++) {
		const struct nvmx_failure *f = &l1->run->failure[i];

		if (f->outcome != outcome)
			continue;
		for (j = 0; j < f->field_count; j++)
			if (f->field[j] == field)
				return true;
	}
	return false;
}

#define FAILED(reason)	((long)(EXIT_FAILED_ENTRY | (reason)))

/**
 * struct bad - one field of an otherwise good VMCS
 * @name: for messages
 * @field: encoding
 * @value: what is wrong with it
 * @outcome: outcome in struct nvmx_failure
 */
struct bad {
	const char *name;
	__u32 field;
	__u64 value;
	__u32 outcome;
};

#define BAD33	(0x80000000U | EXIT_GUEST_STATE)

static const struct bad bads[] = {
	{ "pin control 31", PIN_BASED_VM_EXEC_CONTROL, ~0U, 7 },
	{ "pin controls 0", PIN_BASED_VM_EXEC_CONTROL, 0, 7 },
	{ "primary controls 0", CPU_BASED_VM_EXEC_CONTROL, 0, 7 },
	{ "exit controls 0", VM_EXIT_CONTROLS, 0, 7 },
	{ "entry controls 0", VM_ENTRY_CONTROLS, 0, 7 },
	{ "too many CR3 targets", CR3_TARGET_COUNT, 257, 7 },
	{ "MSR bitmap misaligned", MSR_BITMAP, L1_MSR_BITMAP + 8, 7 },
	{ "MSR bitmap too wide", MSR_BITMAP, 1ULL << 62, 7 },
	{ "event type 1", VM_ENTRY_INTR_INFO_FIELD, 0x80000100U, 7 },
	{ "NMI vector 3", VM_ENTRY_INTR_INFO_FIELD, 0x80000203U, 7 },
	{ "exception vector 32", VM_ENTRY_INTR_INFO_FIELD, INTR_HARD(32), 7 },
	{ "#UD with error code", VM_ENTRY_INTR_INFO_FIELD, INTR_HARD_EC(VEC_UD), 7 },
	{ "#GP without error code", VM_ENTRY_INTR_INFO_FIELD, INTR_HARD(VEC_GP), 7 },
	{ "reserved event bits", VM_ENTRY_INTR_INFO_FIELD, INTR_NMI | 1U << 12, 7 },

	{ "host CR0 0", HOST_CR0, 0, 8 },
	{ "host CR4 0", HOST_CR4, 0, 8 },
	{ "host CR3 too wide", HOST_CR3, 1ULL << 62, 8 },
	{ "host CS 0", HOST_CS_SELECTOR, 0, 8 },
	{ "host TR 0", HOST_TR_SELECTOR, 0, 8 },
	{ "host DS with RPL", HOST_DS_SELECTOR, 3, 8 },
	{ "host FS with TI", HOST_FS_SELECTOR, 4, 8 },
	{ "host RIP not canonical", HOST_RIP, 1ULL << 62, 8 },
	{ "host FS base not canonical", HOST_FS_BASE, 1ULL << 47, 8 },
	{ "host GDTR base not canonical", HOST_GDTR_BASE, 1ULL << 63, 8 },
	{ "host SYSENTER_EIP not canonical", HOST_IA32_SYSENTER_EIP, 1ULL << 50, 8 },

	{ "CR0 0", GUEST_CR0, 0, BAD33 },
	{ "CR4 0", GUEST_CR4, 0, BAD33 },
	{ "CR4 unsupported bit", GUEST_CR4, 1U << 31 | CR4_PAE | CR4_VMXE, BAD33 },
	{ "CR3 too wide", GUEST_CR3, 1ULL << 62, BAD33 },
	{ "DR7 high", GUEST_DR7, 1ULL << 32 | 0x400, BAD33 },
	{ "DEBUGCTL reserved", GUEST_IA32_DEBUGCTL, 1ULL << 40, BAD33 },
	{ "SYSENTER_ESP not canonical", GUEST_SYSENTER_ESP, 1ULL << 62, BAD33 },
	{ "SYSENTER_EIP not canonical", GUEST_SYSENTER_EIP, 1ULL << 48, BAD33 },
	{ "RFLAGS 0", GUEST_RFLAGS, 0, BAD33 },
	{ "RFLAGS VM in IA-32e mode", GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_VM, BAD33 },
	{ "RIP not canonical", GUEST_RIP, 1ULL << 62, BAD33 },
	{ "activity state 4", GUEST_ACTIVITY_STATE, 4, BAD33 },
	{ "interruptibility reserved", GUEST_INTERRUPTIBILITY_INFO, 1U << 31, BAD33 },
	{ "blocking by STI and MOV SS", GUEST_INTERRUPTIBILITY_INFO, 3, BAD33 },
	{ "blocking by STI with IF 0", GUEST_INTERRUPTIBILITY_INFO, 1, BAD33 },
	{ "pending debug reserved", GUEST_PENDING_DBG_EXCEPTIONS, 1U << 20, BAD33 },
	{ "CS data", GUEST_CS_AR_BYTES, 0xa093, BAD33 },
	{ "CS L and D", GUEST_CS_AR_BYTES, 0xe09b, BAD33 },
	{ "CS not present", GUEST_CS_AR_BYTES, 0xa01b, BAD33 },
	{ "SS code", GUEST_SS_AR_BYTES, 0xc09b, BAD33 },
	{ "SS DPL 3", GUEST_SS_AR_BYTES, 0xc0f3, BAD33 },
	{ "DS limit and G", GUEST_DS_LIMIT, 0xfff00000, BAD33 },
	{ "TR unusable", GUEST_TR_AR_BYTES, 0x1008b, BAD33 },
	{ "TR not busy", GUEST_TR_AR_BYTES, 0x89, BAD33 },
	{ "TR in LDT", GUEST_TR_SELECTOR, 4, BAD33 },
	{ "TR base not canonical", GUEST_TR_BASE, 1ULL << 62, BAD33 },
	{ "FS base not canonical", GUEST_FS_BASE, 1ULL << 62, BAD33 },
	{ "GS base not canonical", GUEST_GS_BASE, 1ULL << 47, BAD33 },
	{ "SS base high", GUEST_SS_BASE, 1ULL << 32, BAD33 },
	{ "LDTR usable without P", GUEST_LDTR_AR_BYTES, 0x2, BAD33 },
	{ "GDTR limit", GUEST_GDTR_LIMIT, 0x10000, BAD33 },
	{ "IDTR base not canonical", GUEST_IDTR_BASE, 1ULL << 62, BAD33 },
	{ "link pointer misaligned", VMCS_LINK_POINTER, 0x1008, BAD33 },
	{ "link pointer 0", VMCS_LINK_POINTER, 0, BAD33 },
};

static long expected(const struct bad *bad)
{
	return bad->outcome < 32 ? VMX_FAIL(bad->outcome) : (long)bad->outcome;
}

static void expect_refused(struct __test_metadata *_metadata, struct l1 *l1,
			   const struct bad *bad)
{
	EXPECT_EQ(expected(bad), attempt(l1))
		TH_LOG("%s", bad->name);
	EXPECT_TRUE(named(l1, bad->field, bad->outcome))
		TH_LOG("%s: not named among %u", bad->name,
		       l1->run->failure_count);
}

TEST_F_TIMEOUT(failed, a_bad_field_gives_its_outcome_and_is_named, 120)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bads); i++) {
		const struct bad *bad = &bads[i];

		l1_fresh_vmcs(l1, i & 63);
		l1_prepare(l1, L2_64);
		l1_load(l1, vmcall);
		l1_write(l1, bad->field, bad->value);
		expect_refused(_metadata, l1, bad);
		EXPECT_LE(1, l1->run->failure_total);
	}
}

/* Entries in between judge as little as they can. */
TEST_F_TIMEOUT(failed, a_field_that_goes_bad_later_gives_its_outcome_and_is_named, 120)
{
	struct l1 *l1 = &self->l1;
	__u64 good;
	size_t i;

	l1_load(l1, vmcall_loop);
	l1_run_past_vmcall(l1);
	for (i = 0; i < ARRAY_LEN(bads); i++) {
		const struct bad *bad = &bads[i];

		l1_run_past_vmcall(l1);
		good = l1_read(l1, bad->field);
		l1_write(l1, bad->field, bad->value);
		expect_refused(_metadata, l1, bad);
		l1_write(l1, bad->field, good);
		l1_run_past_vmcall(l1);
	}
}

TEST_F(failed, check_says_the_same_without_entering)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_state before, after;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bads); i++) {
		const struct bad *bad = &bads[i];

		l1_fresh_vmcs(l1, 1);
		l1_prepare(l1, L2_64);
		l1_write(l1, bad->field, bad->value);
		test_get_state(l1->fd, &before);
		test_check(l1->fd, self->list, ARRAY_LEN(self->list), &self->check);
		EXPECT_LE(1, self->check.out_total)
			TH_LOG("%s", bad->name);
		EXPECT_EQ(bad->outcome, self->list[0].outcome)
			TH_LOG("%s", bad->name);
		test_get_state(l1->fd, &after);
		EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	}
}

TEST_F(failed, a_good_vmcs_breaks_no_rule)
{
	test_check(self->l1.fd, self->list, ARRAY_LEN(self->list), &self->check);
	EXPECT_EQ(0, self->check.out_total);
	EXPECT_EQ(0, self->check.out_count);
}

TEST_F(failed, check_needs_a_current_vmcs)
{
	test_vmclear(self->l1.fd, L1_VMCS(0));
	test_err_check(ENOENT, self->l1.fd, self->list, 1, &self->check);
}

TEST_F(failed, check_counts_all_and_writes_what_there_is_room_for)
{
	l1_fresh_vmcs(&self->l1, 1);
	test_check(self->l1.fd, self->list, 2, &self->check);
	EXPECT_EQ(2, self->check.out_count);
	EXPECT_LT(10, self->check.out_total);
	test_check(self->l1.fd, NULL, 0, &self->check);
	EXPECT_EQ(0, self->check.out_count);
	EXPECT_LT(10, self->check.out_total);
}

TEST_F(failed, check_ignores_the_launch_state_and_l1s_registers)
{
	struct nvmx_l1 regs;

	l1_load(&self->l1, vmcall);
	l1_run_until(&self->l1, EXIT_VMCALL);
	test_get_l1(self->l1.fd, &regs);
	regs.cpl = 3;
	regs.mov_ss = 1;
	test_set_l1(self->l1.fd, &regs);
	test_check(self->l1.fd, self->list, ARRAY_LEN(self->list), &self->check);
	EXPECT_EQ(0, self->check.out_total);
}

TEST_F(failed, an_empty_vmcs_names_many_rules)
{
	l1_fresh_vmcs(&self->l1, 1);
	EXPECT_EQ(VMX_FAIL(7), attempt(&self->l1));
	EXPECT_LT(10, self->l1.run->failure_total);
	EXPECT_LE(self->l1.run->failure_count, NVMX_RUN_FAILURES);
	EXPECT_EQ(7, self->l1.run->failure[0].outcome);
	EXPECT_EQ(7, l1_read(&self->l1, VM_INSTRUCTION_ERROR));
}

/* ---- which outcome comes first --------------------------------------------------- */

TEST_F(failed, controls_or_host_state_come_before_guest_state)
{
	long outcome;

	l1_write(&self->l1, GUEST_RFLAGS, 0);
	l1_write(&self->l1, HOST_CR0, 0);
	EXPECT_EQ(VMX_FAIL(8), attempt(&self->l1));
	l1_write(&self->l1, CR3_TARGET_COUNT, 300);
	outcome = attempt(&self->l1);
	EXPECT_TRUE(outcome == VMX_FAIL(7) || outcome == VMX_FAIL(8));
}

/* ---- what is left behind ----------------------------------------------------------- */

TEST_F(failed, vmfail_leaves_the_vmcs_and_l1_as_they_were)
{
	struct nvmx_l1 before, after;

	l1_write(&self->l1, EXIT_QUALIFICATION, 0x1234);
	l1_write(&self->l1, VM_EXIT_REASON, 0x77);
	l1_write(&self->l1, HOST_CR0, 0);
	test_get_l1(self->l1.fd, &before);
	EXPECT_EQ(VMX_FAIL(8), attempt(&self->l1));
	test_get_l1(self->l1.fd, &after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	EXPECT_EQ(0x1234, l1_read(&self->l1, EXIT_QUALIFICATION));
	EXPECT_EQ(0x77, l1_read(&self->l1, VM_EXIT_REASON));
	EXPECT_EQ(8, l1_read(&self->l1, VM_INSTRUCTION_ERROR));
}

TEST_F(failed, a_failed_entry_writes_reason_and_qualification_only)
{
	struct nvmx_state state;

	l1_write(&self->l1, EXIT_QUALIFICATION, 0x1234);
	l1_write(&self->l1, VM_EXIT_INTR_INFO, 0x55);
	l1_write(&self->l1, VM_EXIT_INSTRUCTION_LEN, 9);
	l1_write(&self->l1, IDT_VECTORING_INFO_FIELD, 0x66);
	l1_write(&self->l1, GUEST_RFLAGS, 0);
	l1_write(&self->l1, VM_ENTRY_INTR_INFO_FIELD, INTR_HARD(VEC_UD));
	EXPECT_EQ(FAILED(EXIT_GUEST_STATE), attempt(&self->l1));
	EXPECT_EQ(NVMX_KIND_EXIT, self->l1.run->kind);
	EXPECT_EQ(0, self->l1.run->qualification);
	EXPECT_EQ(FAILED(EXIT_GUEST_STATE), l1_read(&self->l1, VM_EXIT_REASON));
	EXPECT_EQ(0, l1_read(&self->l1, EXIT_QUALIFICATION));
	EXPECT_EQ(0x55, l1_read(&self->l1, VM_EXIT_INTR_INFO));
	EXPECT_EQ(9, l1_read(&self->l1, VM_EXIT_INSTRUCTION_LEN));
	EXPECT_EQ(0x66, l1_read(&self->l1, IDT_VECTORING_INFO_FIELD));
	EXPECT_EQ(0, l1_read(&self->l1, GUEST_RFLAGS));
	/* The valid bit of the event is not cleared. */
	EXPECT_EQ(INTR_HARD(VEC_UD), l1_read(&self->l1, VM_ENTRY_INTR_INFO_FIELD));
	test_get_state(self->l1.fd, &state);
	EXPECT_EQ(0, state.out_launched);
	EXPECT_EQ(NVMX_LEVEL_L1, state.out_level);
}

TEST_F(failed, a_failed_entry_loads_l1_from_the_host_state_area)
{
	struct nvmx_l1 regs;

	l1_write(&self->l1, GUEST_RFLAGS, 0);
	EXPECT_EQ(FAILED(EXIT_GUEST_STATE), attempt(&self->l1));
	test_get_l1(self->l1.fd, &regs);
	EXPECT_EQ(l1_read(&self->l1, HOST_RIP), regs.rip);
	EXPECT_EQ(l1_read(&self->l1, HOST_RSP), regs.gpr[NVMX_RSP]);
	EXPECT_EQ(RFLAGS_FIXED, regs.rflags);
}

TEST_F(failed, after_a_failed_entry_a_repaired_vmcs_is_launched)
{
	l1_load(&self->l1, vmcall);
	l1_write(&self->l1, GUEST_RFLAGS, 0);
	EXPECT_EQ(FAILED(EXIT_GUEST_STATE), attempt(&self->l1));
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED);
	l1_run_until(&self->l1, EXIT_VMCALL);
	/* And fails again, as VMRESUME. */
	l1_write(&self->l1, GUEST_CR4, 0);
	EXPECT_EQ(FAILED(EXIT_GUEST_STATE), attempt(&self->l1));
	l1_write(&self->l1, GUEST_CR4, self->l1.info.out_caps.msr[CAPS_CR4_FIXED0] |
		 CR4_PAE);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(failed, the_link_pointer_has_its_own_qualification)
{
	l1_write(&self->l1, VMCS_LINK_POINTER, 0x1008);
	EXPECT_EQ(FAILED(EXIT_GUEST_STATE), attempt(&self->l1));
	EXPECT_EQ(4, self->l1.run->qualification);
}

TEST_F(failed, a_bad_pdpte_has_its_own_qualification)
{
	__u64 *pdpt = l1_ptr(&self->l1, L1_PAE_PDPT);

	l1_prepare(&self->l1, L2_PAE);
	pdpt[2] = 1 | BIT(5);
	EXPECT_EQ(FAILED(EXIT_GUEST_STATE), attempt(&self->l1));
	EXPECT_EQ(2, self->l1.run->qualification);
	pdpt[2] = 0;
	l1_load(&self->l1, vmcall);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

/*
 * BS is judged by BTF of the field IA32_DEBUGCTL, whatever L2 runs with: L1's own
 * without "load debug controls".  Entry, NVMX_CHECK and NVMX_PROBE agree.
 */
TEST_F(failed, a_pending_single_step_is_judged_by_the_field)
{
	struct nvmx_failure list[4];
	struct nvmx_check check;
	struct nvmx_l1 l1;
	unsigned int i;

	l1_write(&self->l1, VM_ENTRY_CONTROLS,
		 l1_read(&self->l1, VM_ENTRY_CONTROLS) & ~ENTRY_LOAD_DEBUG);
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_DB));
	for (i = 0; i < 16; i++) {
		bool field = i & 1, own = i & 2, pending = i & 4, bad = pending == field;
		__u32 rule = pending ? 13042 : 13041;

		l1_load(&self->l1, vmcall);
		test_get_l1(self->l1.fd, &l1);
		l1.debugctl = own ? BIT(1) : 0;
		test_set_l1(self->l1.fd, &l1);
		l1_write(&self->l1, GUEST_IA32_DEBUGCTL, field ? BIT(1) : 0);
		l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_TF | RFLAGS_IF);
		l1_write(&self->l1, GUEST_INTERRUPTIBILITY_INFO, i & 8 ? 2 : 1);
		l1_write(&self->l1, GUEST_PENDING_DBG_EXCEPTIONS, pending ? BIT(14) : 0);
		test_check(self->l1.fd, list, 4, &check);
		EXPECT_EQ(bad, check.out_total) TH_LOG("case %u", i);
		EXPECT_EQ(NVMX_KIND_EXIT, l1_run(&self->l1)) TH_LOG("case %u", i);
		EXPECT_EQ(bad, self->l1.run->exit_reason >> 31);
		if (bad)
			EXPECT_EQ(rule, self->l1.run->failure[0].rule);
	}
}

/* ---- lists of the run page ----------------------------------------------------------- */

TEST_F(failed, a_refused_vmwrite_of_the_list_prevents_the_entry)
{
	struct nvmx_run *run = self->l1.run;

	run->write[0].encoding = GUEST_RSP;
	run->write[0].value = 0x6000;
	run->write[1].encoding = 0x7ffe;
	run->write[2].encoding = GUEST_RIP;
	run->write[2].value = 0x7777;
	run->write_count = 3;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_VMX_RESULT, run->kind);
	EXPECT_EQ(VMX_FAIL(12), nvmx_outcome(0, &run->result));
	EXPECT_EQ(1, run->writes_done);
	EXPECT_EQ(0x6000, l1_read(&self->l1, GUEST_RSP));
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
}

TEST_F(failed, the_lists_are_done_around_the_entry)
{
	struct nvmx_run *run = self->l1.run;

	l1_load(&self->l1, nop);
	run->write[0].encoding = GUEST_RSP;
	run->write[0].value = 0x6000;
	run->write_count = 1;
	run->read[0].encoding = GUEST_RIP;
	run->read[1].encoding = GUEST_RSP;
	run->read[2].encoding = 0x7ffe;
	run->read[3].encoding = VM_EXIT_REASON;
	run->read_count = 4;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	EXPECT_EQ(NVMX_KIND_EXIT, run->kind);
	EXPECT_EQ(1, run->writes_done);
	EXPECT_EQ(L1_CODE + 1, run->read[0].value);
	EXPECT_EQ(0x6000, run->read[1].value);
	EXPECT_EQ(VMX_FAIL(12), nvmx_outcome(0, &run->read[2].result));
	EXPECT_EQ(0, run->read[2].value);
	EXPECT_EQ(EXIT_VMCALL, run->read[3].value);
}

/* ---- MSR areas ------------------------------------------------------------------------ */

struct msr_entry {
	__u32 index;
	__u32 reserved;
	__u64 value;
};

TEST_F(failed, the_msr_load_area_is_loaded)
{
	struct msr_entry *area = l1_ptr(&self->l1, L1_MSR_LIST);

	area[0] = (struct msr_entry){ 0xc0000082, 0, 0xffffffff81234567ULL };
	area[1] = (struct msr_entry){ 0xc0000103, 0, 0x4711 };
	l1_write(&self->l1, VM_ENTRY_MSR_LOAD_ADDR, L1_MSR_LIST);
	l1_write(&self->l1, VM_ENTRY_MSR_LOAD_COUNT, 2);
	self->l1.run->gpr[NVMX_RCX] = 0xc0000082;
	l1_load(&self->l1, rdmsr);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0x81234567, self->l1.run->gpr[NVMX_RAX]);
	EXPECT_EQ(0xffffffff, self->l1.run->gpr[NVMX_RDX]);
}

TEST_F(failed, a_bad_entry_of_the_msr_load_area_fails_with_its_number)
{
	static const struct msr_entry bad[] = {
		{ 0xc0000082, 1, 0 },		/* reserved bits */
		{ 0xc0000100, 0, 0 },		/* IA32_FS_BASE */
		{ 0xc0000101, 0, 0 },		/* IA32_GS_BASE */
		{ 0x800, 0, 0 },		/* x2APIC */
		{ 0x808, 0, 0 },
		{ 0xc0000082, 0, 1ULL << 62 },	/* not canonical */
		{ 0x12345, 0, 0 },		/* no such MSR */
		{ 0x480, 0, 0 },		/* read-only */
	};
	struct msr_entry *area = l1_ptr(&self->l1, L1_MSR_LIST);
	size_t i;

	l1_write(&self->l1, VM_ENTRY_MSR_LOAD_ADDR, L1_MSR_LIST);
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		unsigned int n = i % 3;

		area[0] = area[1] = area[2] = (struct msr_entry){ 0xc0000103, 0, 1 };
		area[n] = bad[i];
		l1_write(&self->l1, VM_ENTRY_MSR_LOAD_COUNT, 3);
		EXPECT_EQ(FAILED(EXIT_MSR_LOAD), attempt(&self->l1))
			TH_LOG("MSR %#x", bad[i].index);
		EXPECT_EQ(n + 1, self->l1.run->qualification)
			TH_LOG("MSR %#x", bad[i].index);
	}
	l1_write(&self->l1, VM_ENTRY_MSR_LOAD_COUNT, 0);
	l1_load(&self->l1, vmcall);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(failed, a_misaligned_msr_area_fails_valid_7)
{
	l1_write(&self->l1, VM_ENTRY_MSR_LOAD_ADDR, L1_MSR_LIST + 8);
	l1_write(&self->l1, VM_ENTRY_MSR_LOAD_COUNT, 1);
	EXPECT_EQ(VMX_FAIL(7), attempt(&self->l1));
	l1_write(&self->l1, VM_ENTRY_MSR_LOAD_COUNT, 0);
	l1_write(&self->l1, VM_EXIT_MSR_STORE_ADDR, 1ULL << 62);
	l1_write(&self->l1, VM_EXIT_MSR_STORE_COUNT, 1);
	EXPECT_EQ(VMX_FAIL(7), attempt(&self->l1));
}

TEST_F(failed, an_exit_stores_l2s_msrs_and_loads_l1s)
{
	struct msr_entry *store = l1_ptr(&self->l1, L1_MSR_LIST);
	struct msr_entry *load = store + 16;
	struct nvmx_l2 l2;

	test_get_l2(self->l1.fd, &l2);
	l2.lstar = 0x1234000;
	test_set_l2(self->l1.fd, &l2);
	store[0] = (struct msr_entry){ 0xc0000082, 0, 0 };
	load[0] = (struct msr_entry){ 0xc0000082, 0, 0x7777000 };
	l1_write(&self->l1, VM_EXIT_MSR_STORE_ADDR, L1_MSR_LIST);
	l1_write(&self->l1, VM_EXIT_MSR_STORE_COUNT, 1);
	l1_write(&self->l1, VM_EXIT_MSR_LOAD_ADDR, L1_MSR_LIST + 256);
	l1_write(&self->l1, VM_EXIT_MSR_LOAD_COUNT, 1);
	l1_load(&self->l1, vmcall);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0x1234000, store[0].value);
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(0x7777000, l2.lstar);
}

TEST_F(failed, a_bad_exit_msr_area_is_a_vmx_abort)
{
	struct msr_entry *load = l1_ptr(&self->l1, L1_MSR_LIST);
	__u32 *region = l1_ptr(&self->l1, L1_VMCS(0));
	struct nvmx_state state;
	__u64 value;

	load[0] = (struct msr_entry){ 0xc0000100, 0, 0 };
	l1_write(&self->l1, VM_EXIT_MSR_LOAD_ADDR, L1_MSR_LIST);
	l1_write(&self->l1, VM_EXIT_MSR_LOAD_COUNT, 1);
	l1_load(&self->l1, vmcall);
	l1_run(&self->l1);
	test_get_state(self->l1.fd, &state);
	EXPECT_EQ(4, state.out_aborted);
	EXPECT_EQ(4, region[1]);
	test_err_vmread(EINVAL, self->l1.fd, GUEST_RIP, &value);
	test_err_enter(EINVAL, self->l1.fd, NVMX_ENTER_LAUNCH);
	test_enable(self->l1.fd, NVMX_PROFILE_SDM);
	test_get_state(self->l1.fd, &state);
	EXPECT_EQ(0, state.out_aborted);
	EXPECT_EQ(NVMX_LEVEL_L1, state.out_level);
	EXPECT_EQ(0, state.out_vmxon);
	test_vmxon(self->l1.fd, L1_VMXON);
}

TEST_HARNESS_MAIN
