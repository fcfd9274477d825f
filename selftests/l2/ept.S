/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses of L2 to memory, in 64-bit mode. */
#include "l2.h"

	.code64

/* VMFUNC, then a read under the new EPT12. */
L2_BEGIN vmfunc_load
	vmfunc
	mov	(%rbx), %rax
	vmcall
L2_END vmfunc_load

/* Write a word of each of RCX pages from RBX on. */
L2_BEGIN touch_write
1:	mov	%rax, (%rbx)
	add	$4096, %rbx
	dec	%rcx
	jnz	1b
	vmcall
L2_END touch_write

/* Add up the first words of RCX pages from RBX on, and count in their second words. */
L2_BEGIN sum_pages
1:	add	(%rbx), %rax
	incq	8(%rbx)
	add	$4096, %rbx
	dec	%rcx
	jnz	1b
	vmcall
L2_END sum_pages

/* Read a byte of each of RCX 2-MByte pages from RBX on. */
L2_BEGIN touch_2m
1:	movb	(%rbx), %al
	add	$0x200000, %rbx
	dec	%rcx
	jnz	1b
	vmcall
L2_END touch_2m

/* For ever: add up the word at RBX, and store the count at RBX + 8. */
L2_BEGIN watch_word
1:	mov	(%rbx), %rax
	inc	%rcx
	mov	%rcx, 8(%rbx)
	jmp	1b
L2_END watch_word

	.section .note.GNU-stack, "", @progbits
