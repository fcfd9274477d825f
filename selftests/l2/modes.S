/* SPDX-License-Identifier: GPL-2.0-only */
/* Code for 32-bit and 16-bit L2. */
#include "l2.h"

	.code32

/* ECX rounds of a linear congruential generator over EAX, then three exits. */
L2_BEGIN compute32
1:	imul	$1103515245, %eax, %eax
	add	$12345, %eax
	dec	%ecx
	jnz	1b
	vmcall
	mov	$0x5a5, %edx
	outw	%ax, %dx
	hlt
L2_END compute32

	INSN cpuid32,		cpuid
	INSN into32,		into
	INSN task_jump,		ljmp $0x28, $0
	INSN task_call,		lcall $0x28, $0
	INSN mov_to_cr0_32,	mov %eax, %cr0
	INSN mov_to_cr3_32,	mov %eax, %cr3
	INSN int41_32,		int $0x41
	INSN load32,		mov (%ebx), %eax
	INSN ud2_32,		ud2
	INSN icebp_32,		.byte 0xf1

	.code16

/* CX rounds over AX, then three exits. */
L2_BEGIN compute16
1:	imul	$25173, %ax, %ax
	add	$13849, %ax
	dec	%cx
	jnz	1b
	vmcall
	mov	$0x5a5, %dx
	outw	%ax, %dx
	hlt
L2_END compute16

	INSN cpuid16,		cpuid
	INSN int41_16,		int $0x41
	INSN ud2_16,		ud2
	INSN wide_port16,	outl %eax, %dx

	.section .note.GNU-stack, "", @progbits
