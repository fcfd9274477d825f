/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unit tests in user space, reported as TAP (Test Anything Protocol).
 *
 * A program is one file NAME_test.c: tests are UNIT_TEST(sentence) { ... },
 * and UNIT_MAIN at the end of the file makes them a program.  EXPECT_x notes a
 * failure and goes on, ASSERT_x leaves the function.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* Failures that one test prints; the rest is only counted. */
#define UNIT_PRINT_MAX	10

struct unit_case {
	const char *name;
	void (*run)(void);
	struct unit_case *next;
};

static struct unit_case *unit_cases, **unit_tail = &unit_cases;
static unsigned int unit_case_count;
static unsigned long unit_failures;
static const char *unit_skipped;

#define UNIT_TEST(test)							\
	static void test(void);						\
	static struct unit_case unit_case_##test = { #test, test, NULL };	\
	__attribute__((constructor)) static void unit_add_##test(void)	\
	{								\
		*unit_tail = &unit_case_##test;				\
		unit_tail = &unit_case_##test.next;			\
		unit_case_count++;					\
	}								\
	static void test(void)

/* Leave the test: it cannot be done here. */
#define UNIT_SKIP(why)	do { unit_skipped = (why); return; } while (0)

/* Diagnostic line of the running test. */
#define UNIT_NOTE(...)	(printf("# " __VA_ARGS__), putchar('\n'))

static inline bool unit_fail(const char *file, int line)
{
	if (unit_failures++ >= UNIT_PRINT_MAX)
		return false;
	printf("# %s:%d: ", file, line);
	return true;
}

static inline bool unit_true(bool ok, const char *text, const char *file, int line)
{
	if (!ok && unit_fail(file, line))
		printf("expected %s\n", text);
	return ok;
}

static inline bool unit_eq(unsigned long long want, unsigned long long got,
			   const char *text, const char *file, int line)
{
	if (want != got && unit_fail(file, line))
		printf("expected %s to be 0x%llx, is 0x%llx\n", text, want, got);
	return want == got;
}

static inline bool unit_streq(const char *want, const char *got,
			      const char *text, const char *file, int line)
{
	bool ok = got && !__builtin_strcmp(want, got);

	if (!ok && unit_fail(file, line))
		printf("expected %s to be \"%s\", is \"%s\"\n", text, want,
		       got ? got : "(null)");
	return ok;
}

#define EXPECT_TRUE(c)	unit_true(!!(c), #c, __FILE__, __LINE__)
#define EXPECT_FALSE(c)	unit_true(!(c), "!(" #c ")", __FILE__, __LINE__)
#define EXPECT_EQ(want, got) \
	unit_eq((unsigned long long)(want), (unsigned long long)(got), \
		#got, __FILE__, __LINE__)
#define EXPECT_STREQ(want, got)	unit_streq(want, got, #got, __FILE__, __LINE__)

#define ASSERT_TRUE(c)		do { if (!EXPECT_TRUE(c)) return; } while (0)
#define ASSERT_FALSE(c)		do { if (!EXPECT_FALSE(c)) return; } while (0)
#define ASSERT_EQ(want, got)	do { if (!EXPECT_EQ(want, got)) return; } while (0)

/*
 * Where a test walks a table: what the failure was about.
 *	if (!EXPECT_EQ(1, f(i))) UNIT_NOTE("row %d", i);
 */

/* Reproducible pseudo-random numbers (xorshift64*). */
static unsigned long long unit_seed = 0x853c49e6748fea9bULL;

__attribute__((unused)) static unsigned long long unit_random(void)
{
	unit_seed ^= unit_seed >> 12;
	unit_seed ^= unit_seed << 25;
	unit_seed ^= unit_seed >> 27;
	return unit_seed * 0x2545f4914f6cdd1dULL;
}

static int unit_run(void)
{
	unsigned int n = 0, failed = 0;
	struct unit_case *test;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%u\n", unit_case_count);
	for (test = unit_cases; test; test = test->next) {
		unit_failures = 0;
		unit_skipped = NULL;
		test->run();
		if (unit_failures)
			printf("# %lu failures\n", unit_failures);
		printf("%sok %u %s%s%s\n", unit_failures ? "not " : "", ++n,
		       test->name, unit_skipped ? " # SKIP " : "",
		       unit_skipped ? unit_skipped : "");
		failed += unit_failures != 0;
	}
	return failed || !n;
}

#define UNIT_MAIN		\
	int main(void)		\
	{			\
		return unit_run();	\
	}

#endif
