/* SPDX-License-Identifier: GPL-2.0-only */
/* L2 that counts in memory at RBX and in RAX, and reports every 4096th step. */
#include "l2.h"

	.code64

L2_BEGIN busy
1:	incq	(%rbx)
	inc	%rax
	test	$0xfff, %eax
	jnz	1b
	vmcall
	jmp	1b
L2_END busy

	.section .note.GNU-stack, "", @progbits
