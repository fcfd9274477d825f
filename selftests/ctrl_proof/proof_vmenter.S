/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VM entry that ends in VMfail or in exit 33.
 *
 * unsigned int proof_vmenter(unsigned int how, u64 rip)
 *
 *	in:	%edi	enum proof_how
 *		%rsi	encoding of HOST_RIP, to write it; 0: it is written
 *	out:	%eax	enum proof_outcome
 *
 * No guest ever runs, so an exit finds the general-purpose registers as they
 * were.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/segment.h>
#include <asm/unwind_hints.h>

/* SDM Vol. 3, appendix "Field Encoding in VMCS": natural-width host state. */
#define ENC_HOST_RSP	0x6c14

	.text

SYM_FUNC_START(proof_vmenter)
	mov	$ENC_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	lea	.Lexit(%rip), %rax
	test	%rsi, %rsi
	jz	1f
	vmwrite	%rax, %rsi
1:
	cmp	$1, %edi
	UNWIND_HINT_SAVE
	je	.Lresume
	ja	.Lmov_ss
.Llaunch:
	vmlaunch
	jmp	.Lfailed
.Lresume:
	vmresume
	jmp	.Lfailed
.Lmov_ss:
	mov	$__KERNEL_DS, %eax
	mov	%eax, %ss
.Llaunch_blocked:
	vmlaunch
	jmp	.Lfailed

	_ASM_EXTABLE(.Llaunch, .Lfault)
	_ASM_EXTABLE(.Lresume, .Lfault)
	_ASM_EXTABLE(.Llaunch_blocked, .Lfault)

.Lexit:
	UNWIND_HINT_RESTORE
	ENDBR
	xor	%eax, %eax
	RET

.Lfailed:
	mov	$1, %eax
	jc	2f
	mov	$2, %eax
2:
	RET

.Lfault:
	mov	$3, %eax
	RET
SYM_FUNC_END(proof_vmenter)
