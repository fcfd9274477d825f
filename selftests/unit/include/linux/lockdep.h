/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_LOCKDEP_H
#define UNIT_LINUX_LOCKDEP_H

#define lockdep_assert_held(l)	((void)(l))

#endif
