/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kexec starts instead of a kernel: it looks at how the one before left
 * the processors, says so in TAP on the first serial port, and dies of a triple
 * fault.
 *
 * Entered in 64-bit mode at its first byte, anywhere in memory, with the
 * identity-mapped page tables of kexec, interrupts off.  It can overwrite what
 * is below WITNESS_LOW_END.
 *
 * A processor in VMX operation blocks INIT: that the second one starts by INIT
 * and SIPI shows that it is not.
 */
#include "witness.h"

#define COM1		0x3f8
#define COM1_LSR	0x3fd
#define LAPIC		0xfee00000
#define LAPIC_ICR	0x300
#define ICR_INIT	0xc4500
#define ICR_STARTUP	0xc4600
#define CR4_VMXE_BIT	13
#define MSR_VMX_BASIC	0x480

	.section .rodata.witness, "a"
	.code64
	.globl	witness_start
witness_start:
	/* CR4 as it was handed over. */
	mov	%cr4, %r15
	cld
	lea	witness_end(%rip), %rsp
	add	$0x1000, %rsp

	/* Page tables of its own: kexec's do not map the local APIC. */
	mov	$WITNESS_PML4, %edi
	xor	%eax, %eax
	mov	$0x2000 / 8, %ecx
	rep	stosq
	movq	$(WITNESS_PDPT | 3), WITNESS_PML4
	mov	$0x83, %eax
	mov	$WITNESS_PDPT, %edi
	mov	$4, %ecx
1:	stosq
	add	$0x40000000, %rax
	loop	1b
	mov	$WITNESS_PML4, %eax
	mov	%rax, %cr3

	lea	text_cr4(%rip), %rsi
	bt	$CR4_VMXE_BIT, %r15d
	setnc	%bl
	call	report
	mov	$WITNESS_VMXON, %edi
	call	try_vmxon
	mov	%al, %bl
	lea	text_vmxon(%rip), %rsi
	call	report

	mov	witness_cpus(%rip), %eax
	cmp	$2, %eax
	jb	stop
	call	start_second
	mov	WITNESS_MAILBOX, %ebx
	and	$1, %bl
	lea	text_init(%rip), %rsi
	call	report
	mov	WITNESS_MAILBOX, %ebx
	shr	$1, %ebx
	and	$1, %bl
	lea	text_second(%rip), %rsi
	call	report

	/* Wait for the last character, then die of a triple fault. */
stop:
	mov	$COM1_LSR, %edx
1:	in	%dx, %al
	test	$0x40, %al
	jz	1b
	pushq	$0
	pushq	$0
	lidt	(%rsp)
	ud2

	/* %edi region; %al: 1 if VMXON succeeds */
try_vmxon:
	mov	$MSR_VMX_BASIC, %ecx
	rdmsr
	and	$0x7fffffff, %eax
	mov	%eax, (%rdi)
	mov	%cr0, %rax
	or	$0x20, %eax
	mov	%rax, %cr0
	mov	%cr4, %rax
	bts	$CR4_VMXE_BIT, %eax
	mov	%rax, %cr4
	push	%rdi
	vmxon	(%rsp)
	seta	%al
	pop	%rdi
	jbe	1f
	vmxoff
1:	mov	%cr4, %rcx
	btr	$CR4_VMXE_BIT, %ecx
	mov	%rcx, %cr4
	ret

	/* INIT, SIPI to all others; wait until the mailbox is full, or a while */
start_second:
	movl	$0, WITNESS_MAILBOX
	lea	second(%rip), %rsi
	mov	$WITNESS_TRAMPOLINE, %edi
	mov	$second_end - second, %ecx
	rep	movsb
	mov	$LAPIC, %r8d
	movl	$ICR_INIT, LAPIC_ICR(%r8)
	mov	$100000, %ecx
1:	pause
	loop	1b
	movl	$(ICR_STARTUP | WITNESS_TRAMPOLINE >> 12), LAPIC_ICR(%r8)
	mov	$10000000, %ecx
1:	pause
	testl	$4, WITNESS_MAILBOX
	loopz	1b
	ret

	/* %bl: 0 for "not ok"; %rsi text */
report:
	push	%rsi
	lea	text_ok(%rip), %rsi
	test	%bl, %bl
	jnz	1f
	lea	text_not(%rip), %rsi
	call	print
	lea	text_ok(%rip), %rsi
1:	call	print
	lea	witness_way(%rip), %rsi
	call	print
	pop	%rsi
print:
	lodsb
	test	%al, %al
	jz	2f
	mov	%al, %ah
	mov	$COM1_LSR, %edx
1:	in	%dx, %al
	test	$0x20, %al
	jz	1b
	mov	$COM1, %edx
	mov	%ah, %al
	out	%al, %dx
	jmp	print
2:	ret

	/* The second processor, at WITNESS_TRAMPOLINE. */
	.code16
second:
	cli
	mov	$WITNESS_TRAMPOLINE >> 4, %ax
	mov	%ax, %ds
	movl	$1, %ebx
	/* Real mode has no VMXON: what counts is that CR4 and INIT are fine. */
	movl	%cr4, %eax
	btl	$CR4_VMXE_BIT, %eax
	jc	1f
	orl	$2, %ebx
1:	orl	$4, %ebx
	xorw	%ax, %ax
	mov	%ax, %ds
	movl	%ebx, WITNESS_MAILBOX
2:	hlt
	jmp	2b
second_end:
	.code64

text_not:	.asciz	"not "
text_ok:	.asciz	"ok "
text_cr4:	.asciz	": CR4.VMXE is 0 for the next kernel\r\n"
text_vmxon:	.asciz	": VMXON succeeds in the next kernel\r\n"
text_init:	.asciz	": the second CPU is started by INIT and SIPI\r\n"
text_second:	.asciz	": CR4.VMXE is 0 on the second CPU\r\n"

	.balign	4
	.globl	witness_cpus
witness_cpus:
	.long	0
	.globl	witness_way
witness_way:
	.fill	WITNESS_WAY_BYTES, 1, 0
	.globl	witness_end
witness_end:

	.section .note.GNU-stack, "", @progbits
