/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The switch of general-purpose registers around VMLAUNCH and VMRESUME.
 *
 * nvmx_vmenter_asm, which nvmx_vmenter() of vmx_ops.h calls
 *
 *	in:	%rdi	L2's registers before, 16 quadwords by enum nvmx_gpr
 *		%rsi	where they are stored after, likewise
 *		%edx	0: VMLAUNCH, else VMRESUME
 *	out:	%ebx	0 after a VM exit, 1 if the instruction failed
 *
 * All registers but %rsp and %rbp are changed: the caller has saved for its own
 * caller those that a function of C would have to save here once more.
 *
 * The processor comes back at nvmx_vmexit with the stack pointer of
 * HOST_RSP, which is written here.  No value of L2 is left in a register when
 * C code runs again.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/cpufeatures.h>
#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/percpu.h>
#include <asm/segment.h>
#include <asm/unwind_hints.h>

#define GPR_RAX		(0 * 8)
#define GPR_RCX		(1 * 8)
#define GPR_RDX		(2 * 8)
#define GPR_RBX		(3 * 8)
#define GPR_RBP		(5 * 8)
#define GPR_RSI		(6 * 8)
#define GPR_RDI		(7 * 8)
#define GPR_R8		(8 * 8)
#define GPR_R9		(9 * 8)
#define GPR_R10		(10 * 8)
#define GPR_R11		(11 * 8)
#define GPR_R12		(12 * 8)
#define GPR_R13		(13 * 8)
#define GPR_R14		(14 * 8)
#define GPR_R15		(15 * 8)

/* SDM Vol. 3, appendix "Field Encoding in VMCS": natural-width host state. */
#define ENC_HOST_RSP	0x6c14

#ifndef X86_FEATURE_CLEAR_CPU_BUF_VM
#define X86_FEATURE_CLEAR_CPU_BUF_VM	X86_FEATURE_CLEAR_CPU_BUF
#endif

/*
 * VERW of a memory operand makes affected processors overwrite buffers that
 * still hold the host's data.  Nothing is read after it but by the entry.
 * Changes ZF only.
 */
.macro CLEAR_BUFFERS
	ALTERNATIVE_2 "jmp .Lno_verw_\@", "", X86_FEATURE_CLEAR_CPU_BUF, \
		"", X86_FEATURE_CLEAR_CPU_BUF_VM
	verw	nvmx_verw_selector(%rip)
.Lno_verw_\@:
.endm

/*
 * With IBRS of old, what L2 has done to the predictors is only kept off by a
 * write, though the value has never changed: WRMSR of L2 exits.
 */
.macro WRITE_SPEC_CTRL
	ALTERNATIVE "jmp .Lno_ibrs_\@", "", X86_FEATURE_KERNEL_IBRS
	mov	$MSR_IA32_SPEC_CTRL, %ecx
	mov	PER_CPU_VAR(x86_spec_ctrl_current), %eax
	mov	PER_CPU_VAR(x86_spec_ctrl_current + 4), %edx
	wrmsr
.Lno_ibrs_\@:
.endm

/* All but RDI, which holds the address, and RSP, which the VMCS has. */
.macro STORE_GPRS to
	mov	%rax, GPR_RAX(\to)
	mov	%rcx, GPR_RCX(\to)
	mov	%rdx, GPR_RDX(\to)
	mov	%rbx, GPR_RBX(\to)
	mov	%rbp, GPR_RBP(\to)
	mov	%rsi, GPR_RSI(\to)
	mov	%r8, GPR_R8(\to)
	mov	%r9, GPR_R9(\to)
	mov	%r10, GPR_R10(\to)
	mov	%r11, GPR_R11(\to)
	mov	%r12, GPR_R12(\to)
	mov	%r13, GPR_R13(\to)
	mov	%r14, GPR_R14(\to)
	mov	%r15, GPR_R15(\to)
.endm

	.section .rodata
	.balign	2
nvmx_verw_selector:
	.word	__KERNEL_DS

	.text

SYM_FUNC_START(nvmx_vmenter_asm)
	push	%rbp
	mov	%rsp, %rbp
	push	%rsi

	mov	$ENC_HOST_RSP, %eax
.Lwrite_host_rsp:
	vmwrite	%rsp, %rax

	/* Nothing from here to the entry changes CF. */
	bt	$0, %edx

	mov	GPR_RAX(%rdi), %rax
	mov	GPR_RCX(%rdi), %rcx
	mov	GPR_RDX(%rdi), %rdx
	mov	GPR_RBX(%rdi), %rbx
	mov	GPR_RBP(%rdi), %rbp
	mov	GPR_RSI(%rdi), %rsi
	mov	GPR_R8(%rdi), %r8
	mov	GPR_R9(%rdi), %r9
	mov	GPR_R10(%rdi), %r10
	mov	GPR_R11(%rdi), %r11
	mov	GPR_R12(%rdi), %r12
	mov	GPR_R13(%rdi), %r13
	mov	GPR_R14(%rdi), %r14
	mov	GPR_R15(%rdi), %r15
	mov	GPR_RDI(%rdi), %rdi

	/* RSP and the frame after a VM exit are those of here. */
	UNWIND_HINT_SAVE
	CLEAR_BUFFERS
	jnc	.Llaunch

.Lresume:
	vmresume
	jmp	.Lfailed
.Llaunch:
	vmlaunch
	jmp	.Lfailed

	_ASM_EXTABLE(.Lwrite_host_rsp, .Lfailed)
	_ASM_EXTABLE(.Lresume, .Lfailed)
	_ASM_EXTABLE(.Llaunch, .Lfailed)

SYM_INNER_LABEL_ALIGN(nvmx_vmexit, SYM_L_GLOBAL)
	UNWIND_HINT_RESTORE
	ENDBR

	push	%rdi
	mov	8(%rsp), %rdi
	STORE_GPRS %rdi
	/* L2's RDI; RAX is stored. */
	pop	%rax
	mov	%rax, GPR_RDI(%rdi)
	xor	%ebx, %ebx

.Lout:
	/*
	 * What L2 left in registers must not steer speculation in L0.  EBX keeps
	 * the result.
	 */
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%ebp, %ebp
	xor	%esi, %esi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d

	/* Before the first RET: L2 may have filled the return-stack buffer. */
	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, \
		X86_FEATURE_RSB_VMEXIT_LITE
	WRITE_SPEC_CTRL
#ifdef X86_FEATURE_CLEAR_BHB_LOOP_ON_VMEXIT
	CLEAR_BRANCH_HISTORY_VMEXIT
#endif
	xor	%edi, %edi
	add	$8, %rsp
	pop	%rbp
	RET

.Lfailed:
	mov	$1, %ebx
	jmp	.Lout
SYM_FUNC_END(nvmx_vmenter_asm)
