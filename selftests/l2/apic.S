/* SPDX-License-Identifier: GPL-2.0-only */
/* Accesses to the local APIC in 64-bit mode: RBX is the address. */
#include "l2.h"

	.code64

	INSN apic_read,		mov (%rbx), %eax
	INSN apic_read8,	mov (%rbx), %al
	INSN apic_read16,	mov (%rbx), %ax
	INSN apic_read64,	mov (%rbx), %rax
	INSN apic_write,	mov %eax, (%rbx)
	INSN apic_write8,	mov %al, (%rbx)
	INSN apic_write64,	mov %rax, (%rbx)
	INSN apic_or,		orl %eax, (%rbx)
	INSN apic_movs,		movsl

	.section .note.GNU-stack, "", @progbits
