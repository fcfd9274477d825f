/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VMX instructions of the real processor: one typed wrapper each.
 *
 * All of them need VMX operation on this CPU, so preemption off; an
 * instruction that faults (VMX was taken away in an emergency) reports
 * VMX_FAULT instead of crashing.
 */
#ifndef NVMX_VMX_OPS_H
#define NVMX_VMX_OPS_H

#include <linux/build_bug.h>
#include <linux/types.h>
#include <asm/asm.h>
#include <asm/msr.h>
#include <asm/vmx.h>

#include "field_policy.h"

/**
 * enum vmx_result - what the processor said to L0
 * @VMX_OK: VMsucceed
 * @VMX_FAIL_INVALID: VMfailInvalid
 * @VMX_FAIL_VALID: VMfailValid; the error is in VM_INSTRUCTION_ERROR
 * @VMX_FAULT: the instruction caused an exception
 */
enum vmx_result { VMX_OK, VMX_FAIL_INVALID, VMX_FAIL_VALID, VMX_FAULT };

/**
 * vmx_decode() - outcome of a VMX instruction
 * @err: not 0 if it caused an exception
 * @cf: RFLAGS.CF after it
 * @zf: RFLAGS.ZF after it
 *
 * Context: Any context.
 * Return: enum vmx_result.
 */
static __always_inline enum vmx_result vmx_decode(int err, bool cf, bool zf)
{
	if (err)
		return VMX_FAULT;
	if (cf)
		return VMX_FAIL_INVALID;
	return zf ? VMX_FAIL_VALID : VMX_OK;
}

#define VMX_INSN(insn, inputs...)					\
({									\
	bool __cf, __zf;						\
	int __err = 0;							\
									\
	asm volatile("1: " insn "\n"					\
		     "2:\n"						\
		     _ASM_EXTABLE_TYPE_REG(1b, 2b, EX_TYPE_EFAULT_REG,	\
					   %[err])			\
		     : [err] "+r" (__err), "=@ccc" (__cf), "=@ccz" (__zf) \
		     : inputs						\
		     : "memory");					\
	vmx_decode(__err, __cf, __zf);					\
})

/**
 * __vmxon() - VMXON
 * @region_pa: physical address of the VMXON region
 *
 * Context: Preemption off, CR4.VMXE = 1.
 * Return: enum vmx_result.
 */
static __always_inline enum vmx_result __vmxon(u64 region_pa)
{
	return VMX_INSN("vmxon %[pa]", [pa] "m" (region_pa));
}

/**
 * __vmxoff() - VMXOFF
 *
 * Context: Preemption off, in VMX operation.
 * Return: enum vmx_result.
 */
static __always_inline enum vmx_result __vmxoff(void)
{
	return VMX_INSN("vmxoff", "i" (0));
}

/**
 * __vmclear() - VMCLEAR
 * @vmcs_pa: physical address of the VMCS region
 *
 * Context: Preemption off, in VMX operation.
 * Return: enum vmx_result.
 */
static __always_inline enum vmx_result __vmclear(u64 vmcs_pa)
{
	return VMX_INSN("vmclear %[pa]", [pa] "m" (vmcs_pa));
}

/**
 * __vmptrld() - VMPTRLD
 * @vmcs_pa: physical address of the VMCS region
 *
 * Context: Preemption off, in VMX operation.
 * Return: enum vmx_result.
 */
static __always_inline enum vmx_result __vmptrld(u64 vmcs_pa)
{
	return VMX_INSN("vmptrld %[pa]", [pa] "m" (vmcs_pa));
}

/**
 * struct vmx_inv_desc - memory operand of INVEPT and INVVPID
 * @low: EPT pointer, or VPID
 * @high: 0, or linear address
 */
struct vmx_inv_desc {
	u64 low;
	u64 high;
};

#define VMX_INVEPT_SINGLE	1
#define VMX_INVEPT_GLOBAL	2
#define VMX_INVVPID_SINGLE	1
#define VMX_INVVPID_ALL		2

/**
 * __invept() - INVEPT
 * @type: VMX_INVEPT_x
 * @eptp: EPT pointer, for VMX_INVEPT_SINGLE
 *
 * Context: Preemption off, in VMX operation.
 * Return: enum vmx_result.
 */
static __always_inline enum vmx_result __invept(u64 type, u64 eptp)
{
	struct vmx_inv_desc desc = { .low = eptp };

	return VMX_INSN("invept %[desc], %[type]",
			[desc] "m" (desc), [type] "r" (type));
}

/**
 * __invvpid() - INVVPID
 * @type: VMX_INVVPID_x
 * @desc: VPID, for VMX_INVVPID_SINGLE
 *
 * Context: Preemption off, in VMX operation.
 * Return: enum vmx_result.
 */
static __always_inline enum vmx_result __invvpid(u64 type, const struct vmx_inv_desc *desc)
{
	return VMX_INSN("invvpid %[desc], %[type]",
			[desc] "m" (*desc), [type] "r" (type));
}

/**
 * __vmread() - VMREAD of the current VMCS
 * @encoding: the field
 *
 * Context: Preemption off, in VMX operation.
 * Return: the value; 0 when the instruction does not succeed.
 */
static __always_inline u64 __vmread(u64 encoding)
{
	u64 value = 0;

	asm volatile("1: vmread %[encoding], %[value]\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : [value] "+r" (value)
		     : [encoding] "r" (encoding)
		     : "cc");
	return value;
}

/**
 * __vmwrite() - VMWRITE of the current VMCS
 * @encoding: the field
 * @value: the value
 *
 * Context: Preemption off, in VMX operation.
 * Return: true if the VMCS took the value.
 */
static __always_inline bool __vmwrite(u64 encoding, u64 value)
{
	bool refused;

	asm volatile("1: vmwrite %[value], %[encoding]\n"
		     "2:\n"
		     _ASM_EXTABLE(1b, 2b)
		     : "=@ccbe" (refused)
		     : [encoding] "r" (encoding), [value] "r" (value));
	return !refused;
}

#define VMCS_CHECK_WIDTH(encoding, width)				\
	BUILD_BUG_ON(__builtin_constant_p(encoding) &&			\
		     VMCS_ENC_WIDTH(encoding) != (width))

#define DEFINE_VMCS_ACCESSORS(suffix, type, width)			\
static __always_inline type vmcs_read##suffix(u64 encoding)		\
{									\
	VMCS_CHECK_WIDTH(encoding, width);				\
	return __vmread(encoding);					\
}									\
static __always_inline bool vmcs_write##suffix(u64 encoding, type value) \
{									\
	VMCS_CHECK_WIDTH(encoding, width);				\
	return __vmwrite(encoding, value);				\
}

DEFINE_VMCS_ACCESSORS(16, u16, VMCS_W16)
DEFINE_VMCS_ACCESSORS(32, u32, VMCS_W32)
DEFINE_VMCS_ACCESSORS(64, u64, VMCS_W64)
DEFINE_VMCS_ACCESSORS(l, unsigned long, VMCS_WNATURAL)

/**
 * msr_read() - read an MSR that this processor has
 * @msr: its number
 *
 * Without the detours of tracing and paravirtualization: there are a dozen of
 * them around each entry.
 *
 * Context: Preemption off.
 * Return: the value.
 */
static __always_inline u64 msr_read(u32 msr)
{
	return __rdmsr(msr);
}

/**
 * msr_write() - write an MSR that this processor has
 * @msr: its number
 * @value: a legal value
 *
 * Context: Preemption off.
 */
static __always_inline void msr_write(u32 msr, u64 value)
{
	__wrmsr(msr, (u32)value, value >> 32);
}

/**
 * nvmx_vmenter_asm() - the switch of registers around an entry (vmenter.S)
 *
 * Not for calls from C: see there for what it takes and changes.
 *
 * Context: Interrupts off, the VMCS to run is current.
 */
asmlinkage void nvmx_vmenter_asm(void);

/**
 * nvmx_vmenter() - run L2 until the next VM exit
 * @from: L2's general-purpose registers by enum nvmx_gpr, each read once; the
 *	element of RSP is not used
 * @to: where they are stored after a VM exit; may be @from
 * @resume: VMRESUME rather than VMLAUNCH
 *
 * Context: Interrupts off, the VMCS to run is current.
 * Return: 0 after a VM exit, 1 if the instruction failed.
 */
static __always_inline unsigned int nvmx_vmenter(const u64 *from, u64 *to, bool resume)
{
	unsigned int failed, how = resume;

	asm volatile("call nvmx_vmenter_asm"
		     : "=b" (failed), "+D" (from), "+S" (to), "+d" (how),
		       ASM_CALL_CONSTRAINT
		     :
		     : "rax", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
		       "r15", "cc", "memory");
	return failed;
}

/**
 * nvmx_vmexit() - where the processor continues after a VM exit (vmenter.S)
 *
 * The value of HOST_RIP; never called.
 *
 * Context: Interrupts off.
 */
void nvmx_vmexit(void);

#endif /* NVMX_VMX_OPS_H */
