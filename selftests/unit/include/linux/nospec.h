/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_NOSPEC_H
#define UNIT_LINUX_NOSPEC_H

/* The value that the kernel's has without speculation. */
#define array_index_nospec(index, size) ({			\
	__typeof__(index) unit_i = (index);			\
								\
	unit_i < (size) ? unit_i : (__typeof__(index))0;	\
})

#endif
