/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_MEM_ENCRYPT_H
#define UNIT_LINUX_MEM_ENCRYPT_H

#define sme_me_mask		0ULL

#endif
