/* SPDX-License-Identifier: GPL-2.0-only */
/* Single instructions in 64-bit mode. */
#include "l2.h"

	.code64

	INSN nop,		nop
	INSN cpuid,		cpuid
	INSN hlt,		hlt
	INSN invd,		invd
	INSN wbinvd,		wbinvd
	INSN pause,		pause
	INSN rdtsc,		rdtsc
	INSN rdtscp,		rdtscp
	INSN rdpmc,		rdpmc
	INSN rdmsr,		rdmsr
	INSN wrmsr,		wrmsr
	INSN xsetbv,		xsetbv
	INSN xgetbv,		xgetbv
	INSN monitor,		monitor
	INSN mwait,		mwait
	INSN invlpg,		invlpg (%rbx)
	INSN invpcid,		invpcid (%rbx), %rcx
	INSN rdrand,		rdrand %rax
	INSN rdrand_r9w,	rdrand %r9w
	INSN rdseed,		rdseed %rax
	INSN xsaves,		xsaves (%rbx)
	INSN xrstors,		xrstors (%rbx)

	INSN mov_to_cr0,	mov %rax, %cr0
	INSN mov_from_cr0,	mov %cr0, %rax
	INSN mov_to_cr2,	mov %rax, %cr2
	INSN mov_from_cr2,	mov %cr2, %rax
	INSN mov_to_cr3,	mov %rax, %cr3
	INSN mov_from_cr3,	mov %cr3, %rax
	INSN mov_r10_to_cr3,	mov %r10, %cr3
	INSN mov_to_cr4,	mov %rax, %cr4
	INSN mov_from_cr4,	mov %cr4, %rax
	INSN mov_to_cr8,	mov %rax, %cr8
	INSN mov_from_cr8,	mov %cr8, %rax
	INSN clts,		clts
	INSN lmsw,		lmsw %ax
	INSN lmsw_mem,		lmsw (%rbx)
	INSN smsw,		smsw %rax

	INSN mov_to_dr0,	mov %rax, %dr0
	INSN mov_from_dr0,	mov %dr0, %rax
	INSN mov_to_dr7,	mov %rax, %dr7
	INSN mov_from_dr7,	mov %dr7, %rax
	INSN mov_r9_to_dr3,	mov %r9, %dr3
	INSN mov_from_dr6,	mov %dr6, %rax

	INSN out_imm,		outb %al, $0x80
	INSN in_imm,		inb $0x80, %al
	INSN outb,		outb %al, %dx
	INSN outw,		outw %ax, %dx
	INSN outl,		outl %eax, %dx
	INSN inb,		inb %dx, %al
	INSN inw,		inw %dx, %ax
	INSN inl,		inl %dx, %eax
	INSN outsb,		outsb
	INSN rep_outsb,		rep outsb
	INSN rep_insw,		rep insw

	INSN sgdt,		sgdt (%rbx)
	INSN sidt,		sidt (%rbx)
	INSN lgdt,		lgdt (%rbx)
	INSN lidt,		lidt (%rbx)
	INSN sldt,		sldt %eax
	INSN str,		str %eax
	INSN lldt,		lldt %ax
	INSN ltr,		ltr %ax

	INSN vmcall,		vmcall
	INSN vmclear,		vmclear (%rbx)
	INSN vmlaunch,		vmlaunch
	INSN vmptrld,		vmptrld (%rbx)
	INSN vmptrst,		vmptrst (%rbx)
	INSN vmread,		vmread %rcx, %rax
	INSN vmread_mem,	vmread %rcx, 8(%rbx)
	INSN vmresume,		vmresume
	INSN vmwrite,		vmwrite %rax, %rcx
	INSN vmxoff,		vmxoff
	INSN vmxon,		vmxon (%rbx)
	INSN invept,		invept (%rbx), %rcx
	INSN invvpid,		invvpid (%rbx), %rcx
	INSN vmfunc,		vmfunc

	INSN ud2,		ud2
	INSN int3,		int3
	INSN icebp,		.byte 0xf1
	INSN int41,		int $0x41
	INSN div,		div %ecx
	INSN fninit,		fninit
	INSN load,		mov (%rbx), %rax
	INSN store,		mov %rax, (%rbx)
	INSN add_mem,		addq $1, (%rbx)
	INSN jump,		jmp *%rbx
	INSN syscall,		syscall

/* Set RFLAGS.TF: #DB after the instruction that follows. */
L2_BEGIN single_step
	pushf
	orl	$0x100, (%rsp)
	popf
	nop
	nop
	vmcall
L2_END single_step

/* HLT under RFLAGS.TF: #DB after it. */
L2_BEGIN step_hlt
	pushf
	orl	$0x100, (%rsp)
	popf
	hlt
	vmcall
L2_END step_hlt

/* A data breakpoint at (RBX) through DR0 and DR7. */
L2_BEGIN data_breakpoint
	mov	%rbx, %dr0
	mov	%rax, %dr7
	movb	$1, (%rbx)
	nop
	vmcall
L2_END data_breakpoint

L2_BEGIN store_nop
	mov	%rax, (%rbx)
	nop
	vmcall
L2_END store_nop

/* STI, and an interruptible instruction. */
L2_BEGIN sti
	sti
	nop
	nop
	vmcall
L2_END sti

/* For ever. */
L2_BEGIN spin
1:	inc	%rax
	jmp	1b
L2_END spin

/* For ever, with a PAUSE. */
L2_BEGIN spin_pause
1:	inc	%rax
	pause
	jmp	1b
L2_END spin_pause

/* For ever: count, and a VMCALL that L1 answers by RIP += 3. */
L2_BEGIN vmcall_loop
1:	inc	%rax
	vmcall
	jmp	1b
L2_END vmcall_loop

/* Wait in HLT with interrupts on. */
L2_BEGIN sti_hlt
	sti
	hlt
	vmcall
L2_END sti_hlt

/* RCX rounds of a linear congruential generator over RAX. */
L2_BEGIN compute64
	mov	$6364136223846793005, %rdx
1:	imul	%rdx, %rax
	add	$1442695041, %rax
	dec	%rcx
	jnz	1b
	vmcall
	mov	$0x5a5, %edx
	outw	%ax, %dx
	hlt
L2_END compute64

/* Read a byte of each of RCX pages from RBX on. */
L2_BEGIN touch
1:	movb	(%rbx), %al
	add	$4096, %rbx
	dec	%rcx
	jnz	1b
	vmcall
L2_END touch

	.section .note.GNU-stack, "", @progbits
