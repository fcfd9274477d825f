/* SPDX-License-Identifier: GPL-2.0-only */
/* Code of L2 that fills and checks its registers, in 64-bit mode. */
#include "l2.h"

	.code64

/* The complement of every general-purpose register but RSP. */
L2_BEGIN flip_gprs
	.irp	r, rax, rbx, rcx, rdx, rsi, rdi, rbp
	not	%\r
	.endr
	.irp	n, 8, 9, 10, 11, 12, 13, 14, 15
	not	%r\n
	.endr
	vmcall
L2_END flip_gprs

/* x87 and SSE: store what is there at (RBX), load from (RCX). */
L2_BEGIN swap_fxsave
	fxsave64 (%rbx)
	fxrstor64 (%rcx)
	vmcall
L2_END swap_fxsave

/* The same for the components in RAX. */
L2_BEGIN swap_xsave
	xor	%edx, %edx
	xsave64	(%rbx)
	xrstor64 (%rcx)
	vmcall
L2_END swap_xsave

/* XCR0, which only L1 can set. */
L2_BEGIN read_xcr0
	xor	%ecx, %ecx
	xgetbv
	vmcall
L2_END read_xcr0

	INSN swapgs,	swapgs
	INSN fld1,	fld1

/*
 * Fill XMM0-XMM15 from the 256 bytes at (RBX), then check RCX times that they
 * are still there.  VMCALL with RAX = 0, or the number of the register that
 * changed plus 1.
 */
L2_BEGIN hold_xmm
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqu	(16 * \n)(%rbx), %xmm\n
	.endr
1:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	mov	$\n + 1, %eax
	movq	%xmm\n, %rdx
	cmp	(16 * \n)(%rbx), %rdx
	jne	2f
	.endr
	dec	%rcx
	jnz	1b
	xor	%eax, %eax
2:	vmcall
L2_END hold_xmm

/* For ever, with values in registers that host and process use too. */
L2_BEGIN spin_dirty
	mov	$0x1111111111111111, %r12
	mov	$0x2222222222222222, %r13
	movq	%r12, %xmm0
	movq	%r13, %xmm15
	mov	%r12, %dr0
	mov	%r13, %dr3
1:	inc	%rax
	jmp	1b
L2_END spin_dirty

	.section .note.GNU-stack, "", @progbits
