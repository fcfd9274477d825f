/* SPDX-License-Identifier: GPL-2.0-only */
/* Code of L2 that uses the FPU, with and without CR0.TS. */
#include "l2.h"

	.code64

	INSN movd_to_xmm0,	movq %rax, %xmm0
	INSN movd_from_xmm0,	movq %xmm0, %rax
	INSN fwait,		fwait

/* Set CR0.TS, clear it, and use SSE: RAX comes back through XMM1. */
L2_BEGIN ts_on_and_off
	mov	%cr0, %rdx
	or	$8, %rdx
	mov	%rdx, %cr0
	mov	%cr0, %rsi
	clts
	mov	%cr0, %rdi
	movq	%rax, %xmm1
	xor	%eax, %eax
	movq	%xmm1, %rax
	vmcall
L2_END ts_on_and_off

	.section .note.GNU-stack, "", @progbits
