/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Freestanding code of L2.  A piece lies between l2_NAME and l2_NAME_end, is
 * position-independent and copied to L1_CODE by l1_load().  The registers it
 * starts with come from the run page; by convention RBX holds an address, RCX
 * an index and RAX a value.
 */
#ifndef NVMX_L2_H
#define NVMX_L2_H

.macro L2_BEGIN name
	.balign	16
	.global	l2_\name
l2_\name:
.endm

.macro L2_END name
	.global	l2_\name\()_end
l2_\name\()_end:
.endm

/* One instruction, and VMCALL to say that it did not exit. */
.macro INSN name, insn:vararg
	L2_BEGIN \name
	\insn
	vmcall
	L2_END \name
.endm

	.section .rodata.l2, "a"

#endif /* NVMX_L2_H */
