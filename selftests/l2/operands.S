/* SPDX-License-Identifier: GPL-2.0-only */
/* Instructions with operands of many forms, whose exits tell these. */
#include "l2.h"

	.code64

	INSN sgdt_sib,		sgdt 0x10(%rbx,%r9,4)
	INSN sidt_fs,		sidt %fs:-8(%rbx)
	INSN lgdt_a32,		lgdt (%ebx)
	INSN lidt_gs,		lidt %gs:0x400(%r8)
	INSN sldt_mem,		sldt 2(%rbx)
	INSN sldt_reg,		sldt %r11d
	INSN str_reg,		str %edx
	INSN str_mem,		str (%rbx,%r9)
	INSN lldt_reg,		lldt %si
	INSN lldt_mem,		lldt 0x20(%rbx)
	INSN ltr_reg,		ltr %cx
	INSN ltr_mem,		ltr (%rbx)

	INSN invpcid_sib,	invpcid 0x40(%rbx,%r9,8), %rcx
	INSN invept_fs,		invept %fs:(%r10), %r11
	INSN invvpid_a32,	invvpid 0x11223344(%ebx), %rdx
	INSN vmclear_sib,	vmclear -16(%rbx,%r12,2)
	INSN vmptrld_r13,	vmptrld 8(%r13)
	INSN vmptrst_gs,	vmptrst %gs:(%rbx)
	INSN vmxon_a32,		vmxon (%ebx,%ecx)
	INSN vmread_reg,	vmread %r9, %r10
	INSN vmread_sib,	vmread %r15, 0x100(%rbx,%r9,8)
	INSN vmwrite_reg,	vmwrite %r14, %rdi
	INSN vmwrite_mem,	vmwrite %es:(%rbx), %r8

	INSN rdrand16,		rdrand %cx
	INSN rdrand32,		rdrand %r8d
	INSN rdrand64,		rdrand %r15
	INSN rdseed16,		rdseed %dx
	INSN rdseed64,		rdseed %rbx

	INSN outsb_fs,		outsb %fs:(%rsi), (%dx)
	INSN outsl_a32,		outsl (%esi), (%dx)
	INSN rep_outsw,		rep outsw
	INSN insl,		insl
	INSN rep_insb_a32,	addr32 rep insb

	INSN lmsw_fs,		lmsw %fs:6(%rbx)
	INSN lmsw_reg,		lmsw %r10w
	INSN clts_only,		clts
	INSN cr0_from_r15,	mov %r15, %cr0
	INSN cr4_from_rsi,	mov %rsi, %cr4
	INSN cr3_to_rsp,	mov %cr3, %rsp
	INSN cr8_to_r12,	mov %cr8, %r12
	INSN cr8_from_rdi,	mov %rdi, %cr8
	INSN dr2_to_r14,	mov %dr2, %r14
	INSN dr6_from_rbp,	mov %rbp, %dr6
	INSN dr7_to_rsp,	mov %dr7, %rsp

	INSN wbnoinvd,		.byte 0xf3, 0x0f, 0x09
	INSN rsm,		rsm
	INSN getsec,		.byte 0x0f, 0x37
	INSN encls,		.byte 0x0f, 0x01, 0xcf
	INSN invlpg_fs,		invlpg %fs:0x123(%rbx)
	INSN in_dx,		inl (%dx), %eax
	INSN rdtsc_only,	rdtsc
	INSN monitor_only,	monitor
	INSN mwait_only,	mwait
	INSN sysret,		sysretq
	INSN hlt_only,		hlt

	.section .note.GNU-stack, "", @progbits
