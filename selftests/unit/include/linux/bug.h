/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_BUG_H
#define UNIT_LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <stdio.h>
#include <stdlib.h>

/* A WARN is a bug of the code under test: it ends the program. */
static inline int unit_warn(int condition, const char *text, const char *file, int line)
{
	if (!condition)
		return 0;

	fflush(stdout);
	fprintf(stderr, "%s:%d: WARNING: %s\n", file, line, text);
	abort();
}

#define WARN_ON(c)		unit_warn(!!(c), #c, __FILE__, __LINE__)
#define WARN_ON_ONCE(c)		WARN_ON(c)
#define WARN(c, ...)		WARN_ON(c)
#define WARN_ONCE(c, ...)	WARN_ON(c)
#define BUG_ON(c)		WARN_ON(c)
#define BUG()			WARN_ON(1)

#endif
