/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_MINMAX_H
#define UNIT_LINUX_MINMAX_H

#define UNIT_PICK(op, a, b) ({			\
	__typeof__(a) unit_a = (a);		\
	__typeof__(b) unit_b = (b);		\
						\
	unit_a op unit_b ? unit_a : unit_b;	\
})

#define min(a, b)		UNIT_PICK(<, a, b)
#define max(a, b)		UNIT_PICK(>, a, b)
#define min_t(t, a, b)		UNIT_PICK(<, (t)(a), (t)(b))
#define max_t(t, a, b)		UNIT_PICK(>, (t)(a), (t)(b))
#define clamp(v, lo, hi)	min(max(v, lo), hi)
#define swap(a, b) do {				\
	__typeof__(a) unit_tmp = (a);		\
						\
	(a) = (b);				\
	(b) = unit_tmp;				\
} while (0)

#endif
