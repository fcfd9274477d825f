/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_BUILD_BUG_H
#define UNIT_LINUX_BUILD_BUG_H

#include <assert.h>

#undef static_assert
#define UNIT_STATIC_ASSERT(e, text, ...)	_Static_assert(e, text)
#define static_assert(e, ...)	UNIT_STATIC_ASSERT(e, ##__VA_ARGS__, #e)
#define BUILD_BUG_ON(e)		_Static_assert(!(e), #e)
#define BUILD_BUG_ON_MSG(e, m)	_Static_assert(!(e), m)
#define BUILD_BUG_ON_ZERO(e)	((int)sizeof(struct { int : (-!!(e)); }))

#endif
