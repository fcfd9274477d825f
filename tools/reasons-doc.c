// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print the table of exit reasons as reStructuredText: tools/doc builds and runs
 * it.
 */
#include <linux/kernel.h>
#include <stdio.h>

#include "exit_policy.h"

static void row(unsigned int number, const char *what)
{
	printf("   * - %u\n     - %s\n     - %s\n", number, exit_reason_name(number), what);
}

int main(void)
{
	printf(".. SPDX-License-Identifier: GPL-2.0-only\n\n"
	       "============\nExit reasons\n============\n\n"
	       "For each basic exit reason the selftest in which L2 causes it in the\n"
	       "emulated machine, or why none can.  Who gets it, and by which control, is\n"
	       "judged for all of them by ``exit_policy_test`` and ``exit_explain_test`` in\n"
	       "user space; ``exit_reasons_test`` fails when a reason has neither.\n\n"
	       ".. list-table::\n   :header-rows: 1\n   :widths: 8 32 60\n\n"
	       "   * - reason\n     - name\n     - produced by\n");
#define REASON_PRODUCED(number, program, test)	\
	row(number, "``" #program "``: ``" #test "``");
#define REASON_NOT(number, why)	\
	row(number, "not: " why);
#include "selftests/exit_reasons.h"
	return 0;
}
