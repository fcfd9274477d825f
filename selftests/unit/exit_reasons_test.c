// SPDX-License-Identifier: GPL-2.0-only
// unit-sources: exit_policy.c field_policy.c
/*
 * No basic exit reason is forgotten: each is produced by a selftest that is
 * there, or it is said why not, and routing answers for it whatever the controls
 * are.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include <stdio.h>

#include "exit_policy.h"
#include "unit.h"

static const struct reason {
	u32 number;
	const char *program;
	const char *test;
	const char *why;
} reasons[] = {
#define REASON_PRODUCED(number, program, test)	{ number, #program, #test, NULL },
#define REASON_NOT(number, why)			{ number, NULL, NULL, why },
#include "../exit_reasons.h"
};

UNIT_TEST(each_reason_from_0_to_85_is_listed_once_and_in_order)
{
	u32 i;

	ASSERT_EQ(EXIT_REASONS, ARRAY_SIZE(reasons));
	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		EXPECT_EQ(i, reasons[i].number);
}

/* Is there a TEST_F(fixture, @test) or TEST_F_TIMEOUT(fixture, @test, n)? */
static bool has_test(const char *program, const char *test)
{
	char path[200], line[300], *name;
	bool found = false;
	size_t length = strlen(test);
	FILE *file;

	snprintf(path, sizeof(path), "../%s.c", program);
	file = fopen(path, "r");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "TEST", 4))
			continue;
		name = strstr(line, test);
		found = name && name[-1] == ' ' &&
			(name[length] == ')' || name[length] == ',');
	}
	fclose(file);
	return found;
}

UNIT_TEST(a_test_that_is_named_exists)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].program &&
		    !EXPECT_TRUE(has_test(reasons[i].program, reasons[i].test)))
			UNIT_NOTE("reason %u: %s in %s.c", reasons[i].number,
				  reasons[i].test, reasons[i].program);
	EXPECT_FALSE(has_test("run_test", "no_such_test"));
	EXPECT_FALSE(has_test("no_such_program", "no_such_test"));
}

UNIT_TEST(what_is_produced_or_explained_is_known_to_routing)
{
	bool number;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++) {
		number = !reasons[i].why ||
			 strcmp(reasons[i].why, "no exit reason has this number");
		if (!EXPECT_EQ(number, strcmp(exit_reason_name(i), "unknown") != 0))
			UNIT_NOTE("reason %u", i);
	}
}

static int read_nothing(void *ctx, u64 gpa)
{
	return -1;
}

UNIT_TEST(routing_answers_for_each_reason_with_a_rule_that_has_a_name)
{
	static u64 none[VMCS_FIELD_COUNT], all[VMCS_FIELD_COUNT];
	static const struct nvmx_caps caps;
	struct exit_l1_view view = { .caps = &caps, .read_byte = read_nothing };
	struct exit_decision off, on;
	u32 i;

	memset(all, 0xff, sizeof(all));
	for (i = 0; i < EXIT_REASONS; i++) {
		const struct exit_info exit = {
			.reason = i, .intr_info = 0x80000306, .xss = 1,
		};

		view.f = none;
		off = exit_policy_decide(&view, &exit);
		view.f = all;
		on = exit_policy_decide(&view, &exit);
		EXPECT_TRUE(!off.rule || strcmp(exit_rule_name(off.rule), "unknown"));
		EXPECT_TRUE(!on.rule || strcmp(exit_rule_name(on.rule), "unknown"));
		/* More controls never take an exit away, but for bitmaps. */
		EXPECT_TRUE(off.owner == EXIT_OWNER_L0 || on.owner == EXIT_OWNER_L1 ||
			    reasons[i].number == EXIT_REASON_CR_ACCESS);
	}
}

UNIT_MAIN
