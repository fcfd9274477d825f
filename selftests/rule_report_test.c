// SPDX-License-Identifier: GPL-2.0-only
/*
 * What becomes of a broken rule of VM entry: a trace event, a line in the kernel
 * log, an element of the list with the bits that are wrong; and what makes rules be
 * judged again after a good entry.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host.h"
#include "kselftest_harness.h"
#include "l1_setup.h"

#define EVENT	TRACEFS "events/nested_vmx/nested_vmx_check_failed/enable"
#define TRACE	TRACEFS "trace"
#define STEPS	"/sys/module/nested_vmx/parameters/steps"

/* Rules on CR4 and on RFLAGS. */
#define RULE_CR4	9003
#define RULE_RFLAGS	12003

FIXTURE(report) {
	struct l1 l1;
};

FIXTURE_SETUP(report)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
}

FIXTURE_TEARDOWN(report)
{
	l1_close(&self->l1);
}

L2_CODE(vmcall);

/* How many lines of a file hold two words. */
static unsigned int lines(FILE *file, const char *one, const char *other)
{
	unsigned int n = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		n += strstr(line, one) && strstr(line, other);
	if (file)
		fclose(file);
	return n;
}

/* Of the kernel log from @skip lines on. */
static unsigned int logged(const char *one, const char *other, unsigned int skip)
{
	char command[64];

	snprintf(command, sizeof(command), "dmesg | tail -n +%u", skip + 1);
	return lines(popen(command, "r"), one, other);
}

static void break_two_rules(struct l1 *l1)
{
	l1_write(l1, GUEST_CR4, CR4_PAE);
	l1_write(l1, GUEST_RFLAGS, 0);
	l1_run(l1);
}

TEST_F(report, each_broken_rule_is_a_trace_event)
{
	ASSERT_TRUE(host_empty(TRACE));
	ASSERT_TRUE(host_write(EVENT, "1"));
	break_two_rules(&self->l1);
	ASSERT_TRUE(host_write(EVENT, "0"));
	EXPECT_EQ(1, lines(fopen(TRACE, "r"), "rule=9003 outcome=0x80000021",
			   "field=0x6804 value=0x20"));
	EXPECT_EQ(1, lines(fopen(TRACE, "r"), "rule=12003", "field=0x6820 value=0x0"));
	EXPECT_EQ(2, lines(fopen(TRACE, "r"), "nested_vmx_check_failed: ", "rule="));
}

/* Lines that others caused may have used up what may be printed in 5 seconds. */
static void wait_for_rate(void)
{
	sleep(6);
}

TEST_F(report, each_broken_rule_is_a_line_of_the_kernel_log_with_its_hint)
{
	unsigned int before;

	wait_for_rate();
	before = logged("", "", 0);

	ASSERT_TRUE(host_write(STEPS, "1"));
	break_two_rules(&self->l1);
	ASSERT_TRUE(host_write(STEPS, "0"));
	EXPECT_EQ(1, logged("breaks rule 9003 GUEST_CR4_FIXED", "VMXE is 1", before));
	EXPECT_EQ(1, logged("breaks rule 12003 GUEST_RFLAGS_RESERVED", "bit 1 is 1", before));
}

TEST_F(report, the_log_is_not_flooded)
{
	unsigned int i, n, before;

	wait_for_rate();
	before = logged("", "", 0);
	ASSERT_TRUE(host_write(STEPS, "1"));
	for (i = 0; i < 500; i++)
		break_two_rules(&self->l1);
	ASSERT_TRUE(host_write(STEPS, "0"));
	n = logged("breaks rule", "", before);
	EXPECT_LE(1, n);
	EXPECT_GT(200, n);
}

/* Both in the run page and from NVMX_CHECK. */
TEST_F(report, the_list_has_the_bits_that_are_wrong)
{
	const __u64 *msr = self->l1.info.out_caps.msr;
	__u64 bad = ~msr[CAPS_CR4_FIXED1] & -~msr[CAPS_CR4_FIXED1];
	struct nvmx_failure list[2], *failure = self->l1.run->failure;
	struct nvmx_check check;

	l1_write(&self->l1, GUEST_CR4, CR4_PAE | bad);
	test_check(self->l1.fd, list, 2, &check);
	ASSERT_EQ(1, check.out_total);
	EXPECT_EQ(bad, list[0].must_be_0);
	EXPECT_EQ(msr[CAPS_CR4_FIXED0], list[0].must_be_1);
	l1_run(&self->l1);
	ASSERT_EQ(1, self->l1.run->failure_total);
	EXPECT_EQ(0, memcmp(list, failure, sizeof(list[0])));
	EXPECT_EQ(RULE_CR4, failure->rule);
	EXPECT_EQ(CR4_PAE | bad, failure->value[0]);
}

static void good_entry(struct l1 *l1)
{
	l1_load(l1, vmcall);
	l1_run_until(l1, EXIT_VMCALL);
	l1_write(l1, GUEST_RIP, L1_CODE);
}

/* L1's registers are judged although no field changed. */
TEST_F(report, a_change_of_l1_after_a_good_entry_is_judged)
{
	struct nvmx_run *run = self->l1.run;
	struct nvmx_l1 l1;

	good_entry(&self->l1);
	test_get_l1(self->l1.fd, &l1);
	l1.smm = 1;
	test_set_l1(self->l1.fd, &l1);
	l1_write(&self->l1, VM_ENTRY_CONTROLS,
		 l1_read(&self->l1, VM_ENTRY_CONTROLS) | BIT(10));
	EXPECT_EQ(NVMX_KIND_VMX_RESULT, l1_run(&self->l1));
	EXPECT_LE(1, run->failure_total);
	l1_write(&self->l1, VM_ENTRY_CONTROLS,
		 l1_read(&self->l1, VM_ENTRY_CONTROLS) & ~BIT(10));

	l1.smm = 0;
	l1.mov_ss = 1;
	test_set_l1(self->l1.fd, &l1);
	EXPECT_EQ(NVMX_KIND_VMX_RESULT, l1_run(&self->l1));
	EXPECT_EQ(26, run->result.error);

	l1.mov_ss = 0;
	test_set_l1(self->l1.fd, &l1);
	good_entry(&self->l1);
}

TEST_F(report, a_change_of_a_policy_after_a_good_entry_is_judged)
{
	struct nvmx_field_policy policy;

	good_entry(&self->l1);
	/* Hidden, it is 0. */
	test_set_policy(self->l1.fd, GUEST_RFLAGS, NVMX_POLICY_HIDDEN, &policy);
	EXPECT_EQ(NVMX_KIND_EXIT, l1_run(&self->l1));
	EXPECT_EQ(EXIT_FAILED_ENTRY | EXIT_GUEST_STATE, self->l1.run->exit_reason);
	EXPECT_EQ(RULE_RFLAGS, self->l1.run->failure[0].rule);
	test_set_policy(self->l1.fd, GUEST_RFLAGS, NVMX_POLICY_PASSTHROUGH, &policy);
	good_entry(&self->l1);
}

/* What only memory holds is judged each time. */
TEST_F(report, a_change_of_memory_after_a_good_entry_is_judged)
{
	__u64 *pdpt = l1_ptr(&self->l1, L1_PAE_PDPT);

	l1_prepare(&self->l1, L2_PAE);
	good_entry(&self->l1);
	pdpt[3] = 1 | BIT(5);
	EXPECT_EQ(NVMX_KIND_EXIT, l1_run(&self->l1));
	EXPECT_EQ(15014, self->l1.run->failure[0].rule);
	pdpt[3] = 0;
	good_entry(&self->l1);
}

TEST_HARNESS_MAIN
