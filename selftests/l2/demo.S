/* SPDX-License-Identifier: GPL-2.0-only */
/* The L2 of the demonstration: see demo/demo.c. */
#include "l2.h"

	.code64

/* A greeting by port E9H, four questions to L1, a sum, HLT. */
L2_BEGIN demo
	lea	message(%rip), %rsi
	mov	$0xe9, %edx
1:	lodsb
	test	%al, %al
	jz	2f
	outb	%al, %dx
	jmp	1b

2:	mov	$0x40000000, %eax
	cpuid
	mov	%ebx, %r12d

	mov	$0x480, %ecx
	rdmsr
	mov	%eax, %r13d

	mov	$0x71, %edx
	inb	%dx, %al
	movzbl	%al, %r14d

	/* 1 + 2 + ... + RDI */
	xor	%r15d, %r15d
3:	add	%rdi, %r15
	dec	%rdi
	jnz	3b
	hlt

message:
	.asciz	"Hello from L2: 64-bit code in VMX non-root operation.\n"
L2_END demo

/* One VMCALL after the other. */
L2_BEGIN demo_calls
1:	vmcall
	jmp	1b
L2_END demo_calls

	.section .note.GNU-stack, "", @progbits
