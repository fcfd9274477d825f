/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * nested_vmx: a user process as an L1 hypervisor.
 *
 * Usable alone from C and C++.  See Documentation/uapi.rst.
 */
#ifndef _UAPI_LINUX_NESTED_VMX_H
#define _UAPI_LINUX_NESTED_VMX_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: The ABI of /dev/nested_vmx
 *
 * Opening the device gives a machine with one logical processor of L1.  The
 * machine belongs to the address space that opened it.
 *
 * Every command but NVMX_ENTER_L2 and NVMX_KICK takes a pointer to a struct
 * whose first member, @size, is the size of that struct as the caller knows
 * it.  A struct may grow at its end: a shorter one of an older caller is
 * extended with zeroes, a longer one is accepted as long as what this kernel
 * does not know is zero.  Members named @out_x are written by the kernel and
 * ignored on input.
 *
 * There are three kinds of answer, and they never mix:
 *
 * *errno*: the call itself failed, and nothing happened.
 *
 * - ENOTTY: no such command
 * - EINVAL: @size is less than the first version of the struct, a value is
 *   outside its domain, or the nesting level does not allow the command
 * - E2BIG: a longer struct has non-zero bytes that this kernel does not know
 * - EOPNOTSUPP: a flag, capability or policy that is known or reserved, but
 *   not supported (here)
 * - EFAULT: a pointer of the call is bad, or the struct cannot be written; only
 *   where another thread takes the struct away while the command is carried out
 *   does the command take effect all the same
 * - EBUSY: another call is under way on this logical processor (or L2 runs on
 *   it), L2 is live and the command needs L1, or the object is in use
 * - EIO: the file was opened by another address space, or the processor
 *   refused what L0 gave it (said once in the kernel log)
 * - ENOMEM: out of memory, or RLIMIT_MEMLOCK reached; NVMX_ENTER_L2 may get it
 *   with L2 live (see NVMX_GET_STATE), which then stays so, as after
 *   NVMX_KIND_INTERRUPTED
 * - ENODEV: VMX was taken from L0 on this CPU (the machine goes down)
 * - EEXIST, ENOENT, ERANGE, ENOSPC: see the command
 * - EINTR: a fatal signal arrived before anything happened
 * - EPERM, EMFILE: of open(): no capability or kernel lockdown, and too many
 *   files of this user
 *
 * *VMX result*: what the instruction would have done to L1, in a struct
 * nvmx_result; the call returns 0.
 *
 * *Return of NVMX_ENTER_L2*: 0, with a kind in the run page: see enum
 * nvmx_kind.
 */

/** NVMX_ABI_VERSION - version that NVMX_GET_INFO reports */
#define NVMX_ABI_VERSION	1

#define NVMX_IOC_TYPE		0xBE

/*
 * Command numbers, grouped.  00-0F machine, 10-1F VMX instructions, 20-2F
 * running L2, 30-3F state, 40-4F explaining, 50-5F reserved for L1 as a guest.
 */
#define NVMX_GET_INFO		_IO(NVMX_IOC_TYPE, 0x00)
#define NVMX_ENABLE		_IO(NVMX_IOC_TYPE, 0x01)
#define NVMX_MEM_MAP		_IO(NVMX_IOC_TYPE, 0x02)
#define NVMX_MEM_UNMAP		_IO(NVMX_IOC_TYPE, 0x03)
/* 0x04 reserved: more logical processors */
#define NVMX_GET_CPUID		_IO(NVMX_IOC_TYPE, 0x05)
#define NVMX_SET_CPUID		_IO(NVMX_IOC_TYPE, 0x06)

#define NVMX_VMXON		_IO(NVMX_IOC_TYPE, 0x10)
#define NVMX_VMXOFF		_IO(NVMX_IOC_TYPE, 0x11)
#define NVMX_VMCLEAR		_IO(NVMX_IOC_TYPE, 0x12)
#define NVMX_VMPTRLD		_IO(NVMX_IOC_TYPE, 0x13)
#define NVMX_VMPTRST		_IO(NVMX_IOC_TYPE, 0x14)
#define NVMX_VMREAD		_IO(NVMX_IOC_TYPE, 0x15)
#define NVMX_VMWRITE		_IO(NVMX_IOC_TYPE, 0x16)
#define NVMX_VMREAD_ARRAY	_IO(NVMX_IOC_TYPE, 0x17)
#define NVMX_VMWRITE_ARRAY	_IO(NVMX_IOC_TYPE, 0x18)
#define NVMX_INVEPT		_IO(NVMX_IOC_TYPE, 0x19)
#define NVMX_INVVPID		_IO(NVMX_IOC_TYPE, 0x1a)
#define NVMX_VMCALL		_IO(NVMX_IOC_TYPE, 0x1b)

#define NVMX_ENTER_L2		_IO(NVMX_IOC_TYPE, 0x20)
#define NVMX_EXIT_L2		_IO(NVMX_IOC_TYPE, 0x21)
#define NVMX_KICK		_IO(NVMX_IOC_TYPE, 0x22)
#define NVMX_EVENT		_IO(NVMX_IOC_TYPE, 0x23)

#define NVMX_GET_STATE		_IO(NVMX_IOC_TYPE, 0x30)
#define NVMX_GET_L1		_IO(NVMX_IOC_TYPE, 0x31)
#define NVMX_SET_L1		_IO(NVMX_IOC_TYPE, 0x32)
#define NVMX_GET_L2		_IO(NVMX_IOC_TYPE, 0x33)
#define NVMX_SET_L2		_IO(NVMX_IOC_TYPE, 0x34)
#define NVMX_GET_POLICY		_IO(NVMX_IOC_TYPE, 0x35)
#define NVMX_SET_POLICY		_IO(NVMX_IOC_TYPE, 0x36)
#define NVMX_WALK_FIELDS	_IO(NVMX_IOC_TYPE, 0x37)
#define NVMX_PEEK		_IO(NVMX_IOC_TYPE, 0x38)
#define NVMX_GET_SNAPSHOT	_IO(NVMX_IOC_TYPE, 0x39)
#define NVMX_SET_SNAPSHOT	_IO(NVMX_IOC_TYPE, 0x3a)
#define NVMX_GET_STATS		_IO(NVMX_IOC_TYPE, 0x3b)

#define NVMX_CHECK		_IO(NVMX_IOC_TYPE, 0x40)
#define NVMX_EXPLAIN		_IO(NVMX_IOC_TYPE, 0x41)
#define NVMX_PROBE		_IO(NVMX_IOC_TYPE, 0x42)

/**
 * enum nvmx_status - outcome of a VMX instruction
 * @NVMX_VMSUCCEED: the instruction did what it is for
 * @NVMX_VMFAIL_INVALID: VMfailInvalid (RFLAGS.CF = 1): no current VMCS
 * @NVMX_VMFAIL_VALID: VMfailValid (RFLAGS.ZF = 1); the VM-instruction error
 *	number is in nvmx_result.error and in the field of that name
 * @NVMX_UD: the instruction caused #UD
 * @NVMX_GP: the instruction caused #GP(0)
 *
 * SDM Vol. 3, "VMX Instruction Reference", section "Conventions".
 */
enum nvmx_status {
	NVMX_VMSUCCEED		= 0,
	NVMX_VMFAIL_INVALID	= 1,
	NVMX_VMFAIL_VALID	= 2,
	NVMX_UD			= 3,
	NVMX_GP			= 4,
};

/**
 * struct nvmx_result - what a VMX instruction did to L1
 * @status: enum nvmx_status
 * @error: VM-instruction error number (SDM Vol. 3, "VM-Instruction Error
 *	Numbers") where @status is NVMX_VMFAIL_VALID, otherwise 0
 */
struct nvmx_result {
	__u32 status;
	__u32 error;
};

/* ---- machine ------------------------------------------------------------ */

/** NVMX_CAP_MSRS - number of capability MSRs in struct nvmx_caps */
#define NVMX_CAP_MSRS		20

/**
 * struct nvmx_caps - the processor that L1 sees
 * @msr: the VMX capability MSRs, IA32_VMX_BASIC (480H) + index, up to
 *	IA32_VMX_EXIT_CTLS2 (493H); 0 where L1's processor lacks the MSR
 * @maxphyaddr: physical-address width in bits
 * @linear_bits: linear-address width in bits (48 or 57)
 * @efer_valid: bits that may be set in IA32_EFER
 * @debugctl_valid: bits that may be set in IA32_DEBUGCTL
 * @perf_global_valid: bits that may be set in IA32_PERF_GLOBAL_CTRL
 * @xcr0_valid: bits that may be set in XCR0 of L2
 * @xss_valid: bits that may be set in IA32_XSS of L2
 * @features: NVMX_FEATURE_x: what else L1's processor has
 */
struct nvmx_caps {
	__u64 msr[NVMX_CAP_MSRS];
	__u32 maxphyaddr;
	__u32 linear_bits;
	__u64 efer_valid;
	__u64 debugctl_valid;
	__u64 perf_global_valid;
	__u64 xcr0_valid;
	__u64 xss_valid;
	__u64 features;
};

#define NVMX_FEATURE_SGX	(1ULL << 0)
#define NVMX_FEATURE_RTM	(1ULL << 1)
#define NVMX_FEATURE_SMM_DUAL	(1ULL << 2)
#define NVMX_FEATURE_LAM	(1ULL << 3)

/**
 * enum nvmx_profile - how the fields of a vmcs12 look to L1
 * @NVMX_PROFILE_SDM: as on silicon; IA32_VMX_MISC[29] = 1
 * @NVMX_PROFILE_SEALED: host-state fields hidden, exit information read-only;
 *	an exit gives L1 exactly the registers it had at NVMX_ENTER_L2
 */
enum nvmx_profile {
	NVMX_PROFILE_SDM	= 0,
	NVMX_PROFILE_SEALED	= 1,
};

/**
 * struct nvmx_info - NVMX_GET_INFO: what this L0 offers
 * @size: sizeof(struct nvmx_info)
 * @flags: 0
 * @out_abi_version: NVMX_ABI_VERSION of the module
 * @out_field_count: fields in the field table
 * @out_rule_count: rules in the table of entry checks
 * @out_run_bytes: bytes to mmap() at offset 0
 * @out_features: reserved, 0
 * @out_max_vmcs12: bound on active vmcs12s of one logical processor
 * @reserved: 0
 * @out_caps: most that NVMX_ENABLE accepts in the sdm profile, and, once
 *	nested VMX is enabled, what L1 sees
 *
 * Allowed at every nesting level.
 */
struct nvmx_info {
	__u32 size;
	__u32 flags;
	__u32 out_abi_version;
	__u32 out_field_count;
	__u32 out_rule_count;
	__u32 out_run_bytes;
	__u64 out_features;
	__u32 out_max_vmcs12;
	__u32 reserved;
	struct nvmx_caps out_caps;
};

/** NVMX_ENABLE_CAPS - flag of NVMX_ENABLE: @caps holds what L1 shall see */
#define NVMX_ENABLE_CAPS	(1U << 0)

/**
 * struct nvmx_enable - NVMX_ENABLE: turn nested VMX on for this file
 * @size: sizeof(struct nvmx_enable)
 * @flags: NVMX_ENABLE_CAPS or 0
 * @profile: enum nvmx_profile
 * @reserved: 0
 * @caps: with NVMX_ENABLE_CAPS, the processor L1 shall see: no more than
 *	NVMX_GET_INFO offers
 *
 * Brings the nesting level from L0 to L1, with L1 outside VMX operation.  Also
 * brings L1 back from a VMX abort.  Errors: EOPNOTSUPP for more than is
 * offered, EINVAL for an unknown profile or when already enabled.
 */
struct nvmx_enable {
	__u32 size;
	__u32 flags;
	__u32 profile;
	__u32 reserved;
	struct nvmx_caps caps;
};

/** NVMX_MEM_READONLY - flag of NVMX_MEM_MAP: L1 and L2 may not write */
#define NVMX_MEM_READONLY	(1U << 0)

/**
 * struct nvmx_mem_map - NVMX_MEM_MAP: give L1 physical memory
 * @size: sizeof(struct nvmx_mem_map)
 * @flags: NVMX_MEM_READONLY or 0
 * @gpa: L1-physical address, a multiple of 4096
 * @hva: user address, a multiple of 4096
 * @bytes: length, a multiple of 4096
 *
 * The pages are pinned and accounted to RLIMIT_MEMLOCK.  Errors: EINVAL for
 * misalignment, zero length or wrap; ERANGE past the offered physical-address
 * width or 1 TiB; EEXIST for overlap; ENOSPC for too many ranges; EFAULT for
 * memory that is not mapped (writable); ENOMEM past RLIMIT_MEMLOCK; EBUSY
 * while L2 is live.
 */
struct nvmx_mem_map {
	__u32 size;
	__u32 flags;
	__u64 gpa;
	__u64 hva;
	__u64 bytes;
};

/**
 * struct nvmx_mem_unmap - NVMX_MEM_UNMAP: take back a range
 * @size: sizeof(struct nvmx_mem_unmap)
 * @flags: 0
 * @gpa: start of a range that NVMX_MEM_MAP made
 * @bytes: its length
 *
 * Errors: ENOENT when there is no such range, EBUSY while L2 is live or the
 * range holds an active vmcs12.
 */
struct nvmx_mem_unmap {
	__u32 size;
	__u32 flags;
	__u64 gpa;
	__u64 bytes;
};

/** NVMX_CPUID_MAX - most leaves of L1's processor */
#define NVMX_CPUID_MAX		64

/** NVMX_CPUID_SUBLEAVES - flag of a leaf: ECX selects among several */
#define NVMX_CPUID_SUBLEAVES	(1U << 0)

/**
 * struct nvmx_cpuid_entry - a leaf of CPUID, or a subleaf
 * @leaf: EAX of the question
 * @subleaf: ECX of the question; 0 without NVMX_CPUID_SUBLEAVES
 * @flags: NVMX_CPUID_SUBLEAVES or 0
 * @eax: answer
 * @ebx: answer
 * @ecx: answer
 * @edx: answer
 * @reserved: 0
 */
struct nvmx_cpuid_entry {
	__u32 leaf;
	__u32 subleaf;
	__u32 flags;
	__u32 eax;
	__u32 ebx;
	__u32 ecx;
	__u32 edx;
	__u32 reserved;
};

/**
 * struct nvmx_cpuid - NVMX_GET_CPUID, NVMX_SET_CPUID: CPUID of L1's processor
 * @size: sizeof(struct nvmx_cpuid)
 * @flags: 0
 * @entries: user address of @count struct nvmx_cpuid_entry, in ascending order of
 *	leaf and subleaf
 * @count: GET: elements there is room for; SET: elements, at most NVMX_CPUID_MAX
 * @out_count: GET: elements written; SET refused: index of the one that is wrong,
 *	or their number if one is missing
 * @out_total: GET: leaves there are
 * @leaf: GET: EAX of a question
 * @subleaf: GET: ECX of the question
 * @out_eax: GET: answer to @leaf and @subleaf, as the processor would look it up
 * @out_ebx: GET: likewise
 * @out_ecx: GET: likewise
 * @out_edx: GET: likewise
 * @reserved: 0
 *
 * NVMX_ENABLE makes a table of the host's leaves, without what L1's processor
 * does not have; before it, GET tells what that would be for all that is offered.
 * CPUID of L2 always exits to L1, so the table is what L1 answers by, and it may
 * say something else to its L2.  What L0 does as L1's processor follows the
 * table: with a feature go its CR4 bits, IA32_EFER bits, XCR0 bits and MSRs, as
 * NVMX_GET_INFO then says.
 *
 * SET: at level L1 outside VMX operation (else EBUSY), and all or nothing.
 * EOPNOTSUPP for features and leaves beyond those that NVMX_ENABLE gave; EINVAL
 * for disorder, unknown flags, reserved members, physical-address width or XSAVE
 * layout other than the processor's, XCR0 bits that cannot be had apart, and if a
 * leaf is missing that each VMX processor has (0, 1 with VMX, 80000001H,
 * 80000008H); leaves 4xxxxxxxH are free.  @out_count is then written although the
 * call fails.  EFAULT when @entries is bad, ENOMEM.
 */
struct nvmx_cpuid {
	__u32 size;
	__u32 flags;
	__u64 entries;
	__u32 count;
	__u32 out_count;
	__u32 out_total;
	__u32 leaf;
	__u32 subleaf;
	__u32 out_eax;
	__u32 out_ebx;
	__u32 out_ecx;
	__u32 out_edx;
	__u32 reserved;
};

/* ---- VMX instructions --------------------------------------------------- */

/**
 * struct nvmx_vmptr - NVMX_VMXON, NVMX_VMCLEAR, NVMX_VMPTRLD, NVMX_VMPTRST
 * @size: sizeof(struct nvmx_vmptr)
 * @flags: 0
 * @vmptr: L1-physical address that is the operand; ignored by VMPTRST
 * @out_vmptr: VMPTRST: the current-VMCS pointer, ~0 when there is none
 * @out_result: outcome
 */
struct nvmx_vmptr {
	__u32 size;
	__u32 flags;
	__u64 vmptr;
	__u64 out_vmptr;
	struct nvmx_result out_result;
};

/**
 * struct nvmx_insn - NVMX_VMXOFF, NVMX_VMCALL
 * @size: sizeof(struct nvmx_insn)
 * @flags: 0
 * @out_result: outcome
 */
struct nvmx_insn {
	__u32 size;
	__u32 flags;
	struct nvmx_result out_result;
};

/**
 * struct nvmx_field - NVMX_VMREAD, NVMX_VMWRITE
 * @size: sizeof(struct nvmx_field)
 * @flags: 0
 * @encoding: the register operand: field encoding, all 64 bits of it
 * @value: VMWRITE: value to write; VMREAD: ignored
 * @out_value: VMREAD: value read, 0 unless VMsucceed
 * @out_result: outcome
 */
struct nvmx_field {
	__u32 size;
	__u32 flags;
	__u64 encoding;
	__u64 value;
	__u64 out_value;
	struct nvmx_result out_result;
};

/**
 * struct nvmx_field_value - one element of a list of VMREADs or VMWRITEs
 * @encoding: the register operand
 * @value: VMWRITE: value to write; VMREAD: value read, 0 unless VMsucceed
 * @result: outcome of this element
 */
struct nvmx_field_value {
	__u64 encoding;
	__u64 value;
	struct nvmx_result result;
};

/** NVMX_ARRAY_MAX - most elements of one NVMX_VMREAD_ARRAY or _WRITE_ARRAY */
#define NVMX_ARRAY_MAX		1024

/**
 * struct nvmx_field_array - NVMX_VMREAD_ARRAY, NVMX_VMWRITE_ARRAY
 * @size: sizeof(struct nvmx_field_array)
 * @flags: 0
 * @entries: user address of @count struct nvmx_field_value, read and written
 * @count: elements, at most NVMX_ARRAY_MAX (else EINVAL)
 * @out_failed: elements whose result is not VMsucceed
 *
 * Each element is an instruction of its own; a refused one does not stop the
 * others.  EFAULT at an element that cannot be read or written: those before it
 * are done, and what their results say is true.
 */
struct nvmx_field_array {
	__u32 size;
	__u32 flags;
	__u64 entries;
	__u32 count;
	__u32 out_failed;
};

/**
 * struct nvmx_inv - NVMX_INVEPT, NVMX_INVVPID
 * @size: sizeof(struct nvmx_inv)
 * @flags: 0
 * @type: the register operand
 * @descriptor: the 128-bit memory operand, low half first
 * @out_result: outcome
 */
struct nvmx_inv {
	__u32 size;
	__u32 flags;
	__u64 type;
	__u64 descriptor[2];
	struct nvmx_result out_result;
};

/* ---- running L2 --------------------------------------------------------- */

/*
 * Argument of NVMX_ENTER_L2, by value: VMLAUNCH or VMRESUME, and
 * NVMX_ENTER_COMPLETE after NVMX_KIND_L0_EVENT.  Other bits: EOPNOTSUPP.
 */
#define NVMX_ENTER_LAUNCH	0U
#define NVMX_ENTER_RESUME	(1U << 0)
/*
 * The process has settled the L0 event: take L2's registers from the run page
 * and advance GUEST_RIP by nvmx_run.l0_skip_bytes.  Without it the instruction
 * of L2 is tried again.  EINVAL when no L0 event is open or more than 15 bytes
 * are to be skipped.
 */
#define NVMX_ENTER_COMPLETE	(1U << 1)

/*
 * A control bit that decided: its class and the bit number.
 */
#define NVMX_RULE_PIN(bit)	(0x0800U | (bit))
#define NVMX_RULE_PROC(bit)	(0x1000U | (bit))
#define NVMX_RULE_PROC2(bit)	(0x2000U | (bit))
#define NVMX_RULE_PROC3(bit)	(0x3000U | (bit))

/**
 * enum nvmx_exit_rule - what decided who gets a VM exit of L2
 * @NVMX_RULE_UNKNOWN: a reason that routing does not know, or that does not
 *	occur in this form: L1
 * @NVMX_RULE_UNCONDITIONAL: causes a VM exit whatever the controls are: L1
 * @NVMX_RULE_L0_ALWAYS: belongs to the host, or is settled by L0 first
 * @NVMX_RULE_POSTED: NVMX_EXIT_L2
 * @NVMX_RULE_NOT_ASKED: none of several controls asks for it: L0
 * @NVMX_RULE_EXCEPTION_BITMAP: bit of the exception bitmap
 * @NVMX_RULE_PAGE_FAULT_PFEC: page-fault error code outside mask and match:
 *	bit 14 of the exception bitmap means the opposite
 * @NVMX_RULE_IO_BITMAP: bits of I/O bitmap A or B
 * @NVMX_RULE_IO_WRAP: an access past port FFFFH while I/O bitmaps are used
 * @NVMX_RULE_MSR_NO_BITMAP: "use MSR bitmaps" is 0: L1
 * @NVMX_RULE_MSR_OUTSIDE: MSR outside the ranges of the bitmaps: L1
 * @NVMX_RULE_MSR_BITMAP: bit of the MSR bitmaps
 * @NVMX_RULE_VMCS_NOT_SHADOWED: "VMCS shadowing" is 0: L1
 * @NVMX_RULE_VMCS_FIELD_OUTSIDE: field operand past 7FFFH: L1
 * @NVMX_RULE_VMREAD_BITMAP: bit of the VMREAD bitmap
 * @NVMX_RULE_VMWRITE_BITMAP: bit of the VMWRITE bitmap
 * @NVMX_RULE_BITMAP_UNREADABLE: a bitmap lies where L1 has no memory, which
 *	reads ones: L1
 * @NVMX_RULE_CR0_MASK: CR0 guest/host mask and read shadow
 * @NVMX_RULE_CR4_MASK: CR4 guest/host mask and read shadow
 * @NVMX_RULE_CR3_TARGET: the value is one of the CR3-target values: L0
 * @NVMX_RULE_MTF_INJECTED: the VM entry injected the MTF VM exit: L1
 * @NVMX_RULE_WAIT_FOR_SIPI: whether L2's activity state is wait-for-SIPI
 * @NVMX_RULE_XSS_BITMAP: bits of the XSS-exiting bitmap
 * @NVMX_RULE_ENCLS_BITMAP: bit of the ENCLS-exiting bitmap
 * @NVMX_RULE_ENCLV_BITMAP: bit of the ENCLV-exiting bitmap
 * @NVMX_RULE_PCONFIG_BITMAP: bit of the PCONFIG-exiting bitmap
 * @NVMX_RULE_VM_FUNCTION: bit of the VM-function controls
 * @NVMX_RULE_CONTROLS: from here on a control bit, NVMX_RULE_PIN(bit) and so
 *	on: L1's when it is 1, L0's when it is 0
 *
 * The rule says what was looked at, the owner of the exit what came out.  SDM
 * Vol. 3, "Instructions That Cause VM Exits" and "Other Causes of VM Exits".
 */
enum nvmx_exit_rule {
	NVMX_RULE_UNKNOWN		= 0,
	NVMX_RULE_UNCONDITIONAL		= 1,
	NVMX_RULE_L0_ALWAYS		= 2,
	NVMX_RULE_POSTED		= 3,
	NVMX_RULE_NOT_ASKED		= 4,
	NVMX_RULE_EXCEPTION_BITMAP	= 5,
	NVMX_RULE_PAGE_FAULT_PFEC	= 6,
	NVMX_RULE_IO_BITMAP		= 7,
	NVMX_RULE_IO_WRAP		= 8,
	NVMX_RULE_MSR_NO_BITMAP		= 9,
	NVMX_RULE_MSR_OUTSIDE		= 10,
	NVMX_RULE_MSR_BITMAP		= 11,
	NVMX_RULE_VMCS_NOT_SHADOWED	= 12,
	NVMX_RULE_VMCS_FIELD_OUTSIDE	= 13,
	NVMX_RULE_VMREAD_BITMAP		= 14,
	NVMX_RULE_VMWRITE_BITMAP	= 15,
	NVMX_RULE_BITMAP_UNREADABLE	= 16,
	NVMX_RULE_CR0_MASK		= 17,
	NVMX_RULE_CR4_MASK		= 18,
	NVMX_RULE_CR3_TARGET		= 19,
	NVMX_RULE_MTF_INJECTED		= 20,
	NVMX_RULE_WAIT_FOR_SIPI		= 21,
	NVMX_RULE_XSS_BITMAP		= 22,
	NVMX_RULE_ENCLS_BITMAP		= 23,
	NVMX_RULE_ENCLV_BITMAP		= 24,
	NVMX_RULE_PCONFIG_BITMAP	= 25,
	NVMX_RULE_VM_FUNCTION		= 26,
	NVMX_RULE_CONTROLS		= 0x0800,
};

/**
 * enum nvmx_kind - why NVMX_ENTER_L2 returned
 * @NVMX_KIND_VMX_RESULT: VMLAUNCH or VMRESUME (or a VMWRITE of the list before
 *	it) was refused: see nvmx_run.result
 * @NVMX_KIND_EXIT: a nested VM exit; bit 31 of nvmx_run.exit_reason is set for
 *	a VM entry that failed
 * @NVMX_KIND_INTERRUPTED: signal, NVMX_KICK or nvmx_run.immediate_exit; L2
 *	stays live, call again: the launch/resume choice, the list of VMWRITEs
 *	and the registers in the run page are then ignored
 * @NVMX_KIND_L0_EVENT: something that only the process can settle, see enum
 *	nvmx_l0_event; L2 stays live
 */
enum nvmx_kind {
	NVMX_KIND_VMX_RESULT	= 0,
	NVMX_KIND_EXIT		= 1,
	NVMX_KIND_INTERRUPTED	= 2,
	NVMX_KIND_L0_EVENT	= 3,
};

/**
 * enum nvmx_l0_event - what the process is asked to settle
 * @NVMX_L0_NONE: nothing
 * @NVMX_L0_MEMORY: L2 accessed L1-physical memory that is not registered, or
 *	wrote to a read-only range: nvmx_run.guest_physical_address,
 *	l0_access, qualification as of the EPT violation
 * @NVMX_L0_STRING_IO: INS or OUTS that L1 did not intercept: qualification,
 *	instruction_info and guest_linear_address as of the I/O exit
 * @NVMX_L0_INSTRUCTION: an instruction that L0 would have to decode
 */
enum nvmx_l0_event {
	NVMX_L0_NONE		= 0,
	NVMX_L0_MEMORY		= 1,
	NVMX_L0_STRING_IO	= 2,
	NVMX_L0_INSTRUCTION	= 3,
};

#define NVMX_ACCESS_READ	(1U << 0)
#define NVMX_ACCESS_WRITE	(1U << 1)
#define NVMX_ACCESS_FETCH	(1U << 2)

/** NVMX_RUN_LIST_MAX - elements of each field list in the run page */
#define NVMX_RUN_LIST_MAX	64

/**
 * enum nvmx_gpr - index into nvmx_run.gpr, in the order of instruction coding
 * @NVMX_RAX: RAX
 * @NVMX_RCX: RCX
 * @NVMX_RDX: RDX
 * @NVMX_RBX: RBX
 * @NVMX_RSP: a copy of GUEST_RSP after an exit; ignored on entry
 * @NVMX_RBP: RBP
 * @NVMX_RSI: RSI
 * @NVMX_RDI: RDI
 * @NVMX_R8: R8, and so on
 * @NVMX_R9: R9
 * @NVMX_R10: R10
 * @NVMX_R11: R11
 * @NVMX_R12: R12
 * @NVMX_R13: R13
 * @NVMX_R14: R14
 * @NVMX_R15: R15
 * @NVMX_GPRS: number of them
 */
enum nvmx_gpr {
	NVMX_RAX, NVMX_RCX, NVMX_RDX, NVMX_RBX,
	NVMX_RSP, NVMX_RBP, NVMX_RSI, NVMX_RDI,
	NVMX_R8, NVMX_R9, NVMX_R10, NVMX_R11,
	NVMX_R12, NVMX_R13, NVMX_R14, NVMX_R15,
	NVMX_GPRS
};

/** NVMX_FAILURE_FIELDS - most fields that one rule is about */
#define NVMX_FAILURE_FIELDS	4

/**
 * struct nvmx_failure - a rule of VM entry that the vmcs12 breaks
 * @rule: id of the rule, stable over versions; names are in the documentation
 * @outcome: the architectural outcome: 0 for VMfailInvalid, 7, 8 or 26 (and 4,
 *	5) for VMfailValid with that error, 33 or 34 (with bit 31 set) for a
 *	failed entry
 * @qualification: exit qualification that goes with 33 and 34
 * @field_count: how many of @field are meant
 * @reserved: 0
 * @field: encodings
 * @value: their effective values
 * @must_be_0: bits of the first field that are 1 and must be 0, where the
 *	rule is about bits
 * @must_be_1: bits of the first field that are 0 and must be 1
 */
struct nvmx_failure {
	__u32 rule;
	__u32 outcome;
	__u64 qualification;
	__u32 field_count;
	__u32 reserved;
	__u32 field[NVMX_FAILURE_FIELDS];
	__u64 value[NVMX_FAILURE_FIELDS];
	__u64 must_be_0;
	__u64 must_be_1;
};

/** NVMX_RUN_FAILURES - most broken rules that the run page holds */
#define NVMX_RUN_FAILURES	40

/**
 * struct nvmx_run - the run page of a logical processor
 * @immediate_exit: in: when not 0, NVMX_ENTER_L2 enters L2 but returns
 *	NVMX_KIND_INTERRUPTED before L2 executes an instruction
 * @reserved0: 0
 * @write_count: in: VMWRITEs to do before the entry (EINVAL past the maximum)
 * @read_count: in: VMREADs to do after a nested VM exit (EINVAL likewise)
 * @kind: out: enum nvmx_kind
 * @result: out: for NVMX_KIND_VMX_RESULT
 * @writes_done: out: VMWRITEs of the list that succeeded; where it is less
 *	than @write_count, @result is that of the first refused one and no entry
 *	was tried
 * @exit_reason: out: as the field of that name
 * @qualification: out: exit qualification
 * @guest_linear_address: out: as the field
 * @guest_physical_address: out: as the field
 * @instruction_len: out: VM-exit instruction length, bytes
 * @instruction_info: out: VM-exit instruction information
 * @intr_info: out: VM-exit interruption information
 * @intr_error_code: out: VM-exit interruption error code
 * @idt_vectoring_info: out: as the field
 * @idt_vectoring_error_code: out: as the field
 * @deciding_rule: out: enum nvmx_exit_rule: why this exit is L1's
 * @l0_event: out: enum nvmx_l0_event
 * @l0_access: out: NVMX_ACCESS_x
 * @l0_skip_bytes: in, with NVMX_ENTER_COMPLETE: bytes to advance GUEST_RIP
 * @failure_total: out: rules that the vmcs12 breaks, when an entry was refused
 *	or failed for that
 * @failure_count: out: how many of them are in @failure
 * @reserved1: 0
 * @entries: out: VM entries of the processor since the file was opened
 * @gpr: in and out: L2's general-purpose registers, by enum nvmx_gpr; while a call
 *	is in progress L2 may find what is written to them, or not
 * @write: in: the list of VMWRITEs; results out
 * @read: in: the list of VMREADs; values and results out
 * @failure: out: the broken rules
 *
 * mmap() the file at offset 0 for nvmx_info.out_run_bytes.  Each input word is
 * read once per NVMX_ENTER_L2, but @immediate_exit before each entry of the
 * processor.
 */
struct nvmx_run {
	__u32 immediate_exit;
	__u32 reserved0;
	__u32 write_count;
	__u32 read_count;

	__u32 kind;
	__u32 writes_done;
	struct nvmx_result result;
	__u32 exit_reason;
	__u32 instruction_len;
	__u64 qualification;
	__u64 guest_linear_address;
	__u64 guest_physical_address;
	__u32 instruction_info;
	__u32 intr_info;
	__u32 intr_error_code;
	__u32 idt_vectoring_info;
	__u32 idt_vectoring_error_code;
	__u32 deciding_rule;
	__u32 l0_event;
	__u32 l0_access;
	__u32 l0_skip_bytes;
	__u32 failure_total;
	__u32 failure_count;
	__u32 reserved1;
	__u64 entries;

	__u64 gpr[NVMX_GPRS];

	struct nvmx_field_value write[NVMX_RUN_LIST_MAX];
	struct nvmx_field_value read[NVMX_RUN_LIST_MAX];

	struct nvmx_failure failure[NVMX_RUN_FAILURES];
};

/**
 * struct nvmx_exit_l2 - NVMX_EXIT_L2: a nested VM exit of the caller's making
 * @size: sizeof(struct nvmx_exit_l2)
 * @flags: 0
 * @exit_reason: bits 15:0 basic exit reason; other bits 0 (else EINVAL)
 * @instruction_len: VM-exit instruction length
 * @qualification: exit qualification
 * @guest_linear_address: as the field
 * @guest_physical_address: as the field
 * @instruction_info: VM-exit instruction information
 * @intr_info: VM-exit interruption information
 * @intr_error_code: VM-exit interruption error code
 * @reserved: 0
 *
 * A post: honoured by the NVMX_ENTER_L2 in progress, or else by the next one.
 * Errors: EINVAL when no L2 is live, EBUSY when one is already posted.
 */
struct nvmx_exit_l2 {
	__u32 size;
	__u32 flags;
	__u32 exit_reason;
	__u32 instruction_len;
	__u64 qualification;
	__u64 guest_linear_address;
	__u64 guest_physical_address;
	__u32 instruction_info;
	__u32 intr_info;
	__u32 intr_error_code;
	__u32 reserved;
};

/**
 * enum nvmx_event_type - what happens in L1's machine
 * @NVMX_EVENT_INTERRUPT: an external interrupt
 * @NVMX_EVENT_NMI: a non-maskable interrupt
 * @NVMX_EVENT_INIT: an INIT signal
 * @NVMX_EVENT_SIPI: a start-up IPI
 */
enum nvmx_event_type {
	NVMX_EVENT_INTERRUPT	= 0,
	NVMX_EVENT_NMI		= 1,
	NVMX_EVENT_INIT		= 2,
	NVMX_EVENT_SIPI		= 3,
};

/*
 * Flag of NVMX_EVENT: L1, in VMX root operation or outside VMX operation, takes a
 * pending event itself.
 */
#define NVMX_EVENT_TAKE		(1U << 0)

/**
 * struct nvmx_event - NVMX_EVENT: something happens to L1's logical processor
 * @size: sizeof(struct nvmx_event)
 * @flags: 0, or NVMX_EVENT_TAKE
 * @type: enum nvmx_event_type
 * @vector: of an interrupt 16-255, of a start-up IPI 0-255, else 0; written with
 *	NVMX_EVENT_TAKE, and ignored on input then
 *
 * A post, like NVMX_EXIT_L2: allowed while L2 runs.  The event is pending until
 * it can be recognized, in the priority order of the SDM, Vol. 3, "Priority Among
 * Concurrent Events" and "Other Causes of VM Exits":
 *
 * - An interrupt causes a nested VM exit where vmcs12 has "external-interrupt
 *   exiting", and stays pending after it unless vmcs12 has "acknowledge interrupt
 *   on exit".  Otherwise it is delivered to L2 when RFLAGS.IF and
 *   interruptibility allow.  Of several the highest vector comes first, and only
 *   one whose bits 7:4 are above L1's TPR (nvmx_l2.cr8).
 * - An NMI causes a nested VM exit where vmcs12 has "NMI exiting", else it is
 *   delivered to L2.  One more is latched meanwhile; further ones merge with it.
 * - INIT causes a nested VM exit, and a start-up IPI does if L2's activity state
 *   is wait-for-SIPI.  INIT is blocked in that state; a start-up IPI is lost in
 *   any other.
 *
 * While L1 runs, events stay pending, but for start-up IPIs.  L1 takes them with
 * NVMX_EVENT_TAKE: the highest interrupt above its TPR (as an interrupt
 * acknowledge cycle gives it), one NMI, or INIT.  NVMX_ENABLE drops them all.
 *
 * Errors: EINVAL for an unknown type, a bad vector, or when nested VMX is not
 * enabled.  With NVMX_EVENT_TAKE: EBUSY while L2 is live, ENOENT if there is
 * nothing to take.
 */
struct nvmx_event {
	__u32 size;
	__u32 flags;
	__u32 type;
	__u32 vector;
};

/* ---- state -------------------------------------------------------------- */

/**
 * enum nvmx_level - nesting level
 * @NVMX_LEVEL_L0: nested VMX is not enabled
 * @NVMX_LEVEL_L1: L1 runs
 * @NVMX_LEVEL_L2: L2 is live
 */
enum nvmx_level {
	NVMX_LEVEL_L0 = 0,
	NVMX_LEVEL_L1 = 1,
	NVMX_LEVEL_L2 = 2,
};

/** NVMX_NO_VMPTR - no VMCS, no VMXON pointer, no shadow link */
#define NVMX_NO_VMPTR		(~0ULL)

/**
 * struct nvmx_state - NVMX_GET_STATE
 * @size: sizeof(struct nvmx_state)
 * @flags: 0
 * @out_level: enum nvmx_level
 * @out_profile: enum nvmx_profile
 * @out_vmxon: 1 in VMX operation
 * @out_launched: 1 when the launch state of the current VMCS is "launched"
 * @out_vmxon_ptr: VMXON pointer, or NVMX_NO_VMPTR
 * @out_vmptr: current-VMCS pointer, or NVMX_NO_VMPTR
 * @out_shadow_active: 1 when the current VMCS is active
 * @out_field_count: present fields of the current VMCS
 * @out_shadow_link: shadow link of the current VMCS object, or NVMX_NO_VMPTR
 * @out_vmcs12_count: active vmcs12s of this logical processor
 * @out_aborted: VMX-abort indicator when L1 is in VMX-abort shutdown, else 0
 * @out_l0_event: enum nvmx_l0_event that waits to be settled
 * @reserved: 0
 * @out_interrupts: external interrupts that are pending for L1's processor, by
 *	vector
 * @out_nmis: NMIs that are pending
 * @out_init: 1 if an INIT signal is pending
 * @out_activity: activity state of a live L2, as the field GUEST_ACTIVITY_STATE
 * @out_reserved: 0
 */
struct nvmx_state {
	__u32 size;
	__u32 flags;
	__u32 out_level;
	__u32 out_profile;
	__u32 out_vmxon;
	__u32 out_launched;
	__u64 out_vmxon_ptr;
	__u64 out_vmptr;
	__u32 out_shadow_active;
	__u32 out_field_count;
	__u64 out_shadow_link;
	__u32 out_vmcs12_count;
	__u32 out_aborted;
	__u32 out_l0_event;
	__u32 reserved;
	__u64 out_interrupts[4];
	__u32 out_nmis;
	__u32 out_init;
	__u32 out_activity;
	__u32 out_reserved;
};

/**
 * struct nvmx_segment - a segment register
 * @base: linear base
 * @limit: limit in bytes
 * @ar: access rights in the format of the VMCS (bit 16: unusable)
 * @selector: selector
 * @reserved: 0
 */
struct nvmx_segment {
	__u64 base;
	__u32 limit;
	__u32 ar;
	__u16 selector;
	__u16 reserved[3];
};

/**
 * enum nvmx_segment_index - index into nvmx_l1.seg
 * @NVMX_ES: ES
 * @NVMX_CS: CS
 * @NVMX_SS: SS
 * @NVMX_DS: DS
 * @NVMX_FS: FS
 * @NVMX_GS: GS
 * @NVMX_LDTR: LDTR
 * @NVMX_TR: TR
 * @NVMX_SEGMENTS: number of them
 */
enum nvmx_segment_index {
	NVMX_ES, NVMX_CS, NVMX_SS, NVMX_DS,
	NVMX_FS, NVMX_GS, NVMX_LDTR, NVMX_TR,
	NVMX_SEGMENTS
};

/**
 * struct nvmx_l1 - NVMX_GET_L1, NVMX_SET_L1: registers of L1's processor
 * @size: sizeof(struct nvmx_l1)
 * @flags: 0
 * @cpl: current privilege level, 0-3
 * @mov_ss: 1 while events are blocked by MOV SS
 * @cr0: CR0
 * @cr3: CR3
 * @cr4: CR4
 * @efer: IA32_EFER
 * @rflags: RFLAGS
 * @rip: RIP
 * @dr7: DR7
 * @debugctl: IA32_DEBUGCTL
 * @pat: IA32_PAT
 * @sysenter_cs: IA32_SYSENTER_CS
 * @sysenter_esp: IA32_SYSENTER_ESP
 * @sysenter_eip: IA32_SYSENTER_EIP
 * @perf_global_ctrl: IA32_PERF_GLOBAL_CTRL
 * @smm: 1 when L1 is in SMM
 * @reserved: 0
 * @gpr: general-purpose registers by enum nvmx_gpr, RSP included; VMX does not
 *	switch the others: after a nested VM exit they are those of the run page
 * @seg: segment registers
 * @gdtr_base: GDTR base
 * @idtr_base: IDTR base
 * @gdtr_limit: GDTR limit
 * @idtr_limit: IDTR limit
 *
 * What L1's VMX instructions are judged by, and what a nested VM exit loads
 * from the host-state area.  Settable while L2 is not live (else EBUSY).
 * Defaults: 64-bit mode at CPL 0 with paging, CR4.VMXE = 1.  EINVAL for @cpl
 * above 3, @mov_ss or @smm above 1, a @pat that WRMSR would refuse, and
 * non-zero @reserved.
 */
struct nvmx_l1 {
	__u32 size;
	__u32 flags;
	__u32 cpl;
	__u32 mov_ss;
	__u64 cr0;
	__u64 cr3;
	__u64 cr4;
	__u64 efer;
	__u64 rflags;
	__u64 rip;
	__u64 dr7;
	__u64 debugctl;
	__u64 pat;
	__u64 sysenter_cs;
	__u64 sysenter_esp;
	__u64 sysenter_eip;
	__u64 perf_global_ctrl;
	__u32 smm;
	__u32 reserved;
	__u64 gpr[NVMX_GPRS];
	struct nvmx_segment seg[NVMX_SEGMENTS];
	__u64 gdtr_base;
	__u64 idtr_base;
	__u32 gdtr_limit;
	__u32 idtr_limit;
};

/** NVMX_XSAVE_BYTES - bytes of the XSAVE area in struct nvmx_l2 */
#define NVMX_XSAVE_BYTES	2816

/**
 * struct nvmx_l2 - NVMX_GET_L2, NVMX_SET_L2: L2's registers outside the VMCS
 * @size: sizeof(struct nvmx_l2)
 * @flags: 0
 * @cr2: CR2
 * @cr8: CR8, 0-15 (the TPR of L1's processor)
 * @dr: DR0-DR3
 * @dr6: DR6
 * @xcr0: XCR0: a legal value within nvmx_caps.xcr0_valid
 * @xss: IA32_XSS: within nvmx_caps.xss_valid
 * @star: IA32_STAR
 * @lstar: IA32_LSTAR, canonical
 * @cstar: IA32_CSTAR, canonical
 * @fmask: IA32_FMASK
 * @kernel_gs_base: IA32_KERNEL_GS_BASE, canonical
 * @tsc_aux: IA32_TSC_AUX, 32 bits
 * @xsave: XSAVE area in the standard format (SDM Vol. 1, "Standard Format of
 *	XSAVE Area"); a zero header means the initial configuration
 *
 * They belong to L1's processor as a whole: a nested VM exit leaves them as L2
 * left them.  EINVAL for an illegal value, EBUSY while L2 runs.
 */
struct nvmx_l2 {
	__u32 size;
	__u32 flags;
	__u64 cr2;
	__u64 cr8;
	__u64 dr[4];
	__u64 dr6;
	__u64 xcr0;
	__u64 xss;
	__u64 star;
	__u64 lstar;
	__u64 cstar;
	__u64 fmask;
	__u64 kernel_gs_base;
	__u64 tsc_aux;
	__u8 xsave[NVMX_XSAVE_BYTES];
};

/**
 * enum nvmx_policy - how a VMCS field is forwarded
 * @NVMX_POLICY_PASSTHROUGH: stored, and copied into vmcs02 as it is
 * @NVMX_POLICY_EMULATED: stored; a merge function computes vmcs02
 * @NVMX_POLICY_READ_ONLY: VMWRITE fails with error 13, unless the profile
 *	offers IA32_VMX_MISC[29] and the field is VM-exit information
 * @NVMX_POLICY_HIDDEN: VMREAD and VMWRITE fail with error 12; L0's default is
 *	in effect
 */
enum nvmx_policy {
	NVMX_POLICY_PASSTHROUGH	= 0,
	NVMX_POLICY_EMULATED	= 1,
	NVMX_POLICY_READ_ONLY	= 2,
	NVMX_POLICY_HIDDEN	= 3,
};

/**
 * struct nvmx_field_policy - NVMX_GET_POLICY, NVMX_SET_POLICY
 * @size: sizeof(struct nvmx_field_policy)
 * @flags: 0
 * @encoding: field; either half of a 64-bit field means the whole
 * @policy: SET: enum nvmx_policy (else EINVAL)
 * @out_policy: policy in force
 * @out_allowed: bit n: policy n is allowed for this field
 * @out_reason: SET refused with EOPNOTSUPP: enum nvmx_policy_refusal
 * @reserved: 0
 *
 * ENOENT for a field that L1's processor does not have.  SET: EBUSY while L2
 * is live, EOPNOTSUPP for a policy outside the allowed ones; @out_reason is
 * then written although the call fails.
 */
struct nvmx_field_policy {
	__u32 size;
	__u32 flags;
	__u32 encoding;
	__u32 policy;
	__u32 out_policy;
	__u32 out_allowed;
	__u32 out_reason;
	__u32 reserved;
};

/**
 * enum nvmx_policy_refusal - why a policy cannot be had for a field
 * @NVMX_POLICY_OK: it can
 * @NVMX_POLICY_L0_MERGES: L0 must merge the field: it cannot pass through
 * @NVMX_POLICY_NO_MERGE: there is no merge function: it cannot be emulated
 * @NVMX_POLICY_NOT_WATCHABLE: a control that L1 must be able to write
 * @NVMX_POLICY_NO_DEFAULT: L0 has no default for it: it cannot be hidden
 * @NVMX_POLICY_EXIT_INFO: VM-exit information is read-only or hidden
 */
enum nvmx_policy_refusal {
	NVMX_POLICY_OK			= 0,
	NVMX_POLICY_L0_MERGES		= 1,
	NVMX_POLICY_NO_MERGE		= 2,
	NVMX_POLICY_NOT_WATCHABLE	= 3,
	NVMX_POLICY_NO_DEFAULT		= 4,
	NVMX_POLICY_EXIT_INFO		= 5,
};

/**
 * struct nvmx_walk_entry - one present field
 * @encoding: its encoding
 * @policy: enum nvmx_policy
 * @value: stored value
 */
struct nvmx_walk_entry {
	__u32 encoding;
	__u32 policy;
	__u64 value;
};

/**
 * struct nvmx_walk - NVMX_WALK_FIELDS: the present fields of the current VMCS
 * @size: sizeof(struct nvmx_walk)
 * @flags: 0
 * @entries: user address of @capacity struct nvmx_walk_entry
 * @capacity: elements there is room for
 * @start: first encoding wanted: 0, or one past the last one got
 * @out_count: elements written, in ascending order of encoding
 * @out_total: present fields from @start on
 *
 * ENOENT when there is no current VMCS.  EFAULT when @entries is bad.
 */
struct nvmx_walk {
	__u32 size;
	__u32 flags;
	__u64 entries;
	__u32 capacity;
	__u32 start;
	__u32 out_count;
	__u32 out_total;
};

/**
 * enum nvmx_peek_which - which VMCS NVMX_PEEK looks at
 * @NVMX_PEEK_VMCS12: the current VMCS of L1
 * @NVMX_PEEK_VMCS02: the VMCS that L2 runs on
 */
enum nvmx_peek_which {
	NVMX_PEEK_VMCS12 = 0,
	NVMX_PEEK_VMCS02 = 1,
};

/**
 * struct nvmx_peek - NVMX_PEEK: look at a field of vmcs12 or vmcs02
 * @size: sizeof(struct nvmx_peek)
 * @flags: 0
 * @which: enum nvmx_peek_which (else EINVAL)
 * @encoding: field, either half of a 64-bit one
 * @out_value: its value; for vmcs12 the stored one
 * @out_present: vmcs12: 1 when L1 or an exit wrote it; vmcs02: 1
 * @out_policy: enum nvmx_policy
 *
 * Also while L2 is live.  Host-state fields and addresses of vmcs02 belong to
 * the kernel and are not shown: ENOENT, as for a field that does not exist and
 * for a vmcs02 that has not been made.  ENOENT too when there is no current
 * VMCS.
 */
struct nvmx_peek {
	__u32 size;
	__u32 flags;
	__u32 which;
	__u32 encoding;
	__u64 out_value;
	__u32 out_present;
	__u32 out_policy;
};

/* ---- snapshot ----------------------------------------------------------- */

/** NVMX_SNAPSHOT_MAGIC - nvmx_snapshot_header.magic: "nvmxsnap" */
#define NVMX_SNAPSHOT_MAGIC	0x70616e73786d766eULL

/** NVMX_SNAPSHOT_VERSION - version of the format */
#define NVMX_SNAPSHOT_VERSION	1

/** NVMX_SNAPSHOT_MAX - most bytes of a snapshot */
#define NVMX_SNAPSHOT_MAX	0x100000

/**
 * struct nvmx_snapshot_header - what a snapshot starts with
 * @magic: NVMX_SNAPSHOT_MAGIC
 * @version: NVMX_SNAPSHOT_VERSION
 * @reserved: 0
 * @bytes: length of the snapshot, this header included
 *
 * All numbers are little-endian.  Sections follow, each a multiple of 8 bytes.
 */
struct nvmx_snapshot_header {
	__u64 magic;
	__u32 version;
	__u32 reserved;
	__u64 bytes;
};

/**
 * struct nvmx_snapshot_section - what a section of a snapshot starts with
 * @type: enum nvmx_snapshot_type
 * @reserved: 0
 * @bytes: length of the section, this header included, a multiple of 8
 */
struct nvmx_snapshot_section {
	__u32 type;
	__u32 reserved;
	__u64 bytes;
};

/**
 * enum nvmx_snapshot_type - sections of a snapshot
 * @NVMX_SNAPSHOT_MACHINE: struct nvmx_snapshot_machine; once, first
 * @NVMX_SNAPSHOT_POLICY: struct nvmx_snapshot_policy for each field whose policy
 *	is not the profile's, in ascending order of encoding; at most once
 * @NVMX_SNAPSHOT_L1: struct nvmx_l1; once
 * @NVMX_SNAPSHOT_L2: struct nvmx_l2; once
 * @NVMX_SNAPSHOT_VMCS: struct nvmx_snapshot_vmcs and its fields; for each active
 *	vmcs12, the one that was current longest ago first
 * @NVMX_SNAPSHOT_LIVE: struct nvmx_snapshot_live; once if the level is L2
 * @NVMX_SNAPSHOT_CPUID: struct nvmx_cpuid_entry for each leaf of L1's processor; at
 *	most once; without it the table is as NVMX_ENABLE makes it
 * @NVMX_SNAPSHOT_EVENTS: struct nvmx_snapshot_events; at most once, without it none
 *	is pending
 */
enum nvmx_snapshot_type {
	NVMX_SNAPSHOT_MACHINE	= 1,
	NVMX_SNAPSHOT_POLICY	= 2,
	NVMX_SNAPSHOT_L1	= 3,
	NVMX_SNAPSHOT_L2	= 4,
	NVMX_SNAPSHOT_VMCS	= 5,
	NVMX_SNAPSHOT_LIVE	= 6,
	NVMX_SNAPSHOT_CPUID	= 7,
	NVMX_SNAPSHOT_EVENTS	= 8,
};

/**
 * struct nvmx_snapshot_machine - L1's machine and where its processor is
 * @level: enum nvmx_level
 * @profile: enum nvmx_profile; 0 at level L0
 * @vmxon: 1 in VMX operation
 * @aborted: VMX-abort indicator, or 0
 * @vmxon_ptr: VMXON pointer, or NVMX_NO_VMPTR
 * @vmptr: current-VMCS pointer, or NVMX_NO_VMPTR
 * @caps: what NVMX_ENABLE gave L1; zero at level L0
 */
struct nvmx_snapshot_machine {
	__u32 level;
	__u32 profile;
	__u32 vmxon;
	__u32 aborted;
	__u64 vmxon_ptr;
	__u64 vmptr;
	struct nvmx_caps caps;
};

/**
 * struct nvmx_snapshot_policy - the policy of a field
 * @encoding: the field, by its full encoding
 * @policy: enum nvmx_policy
 */
struct nvmx_snapshot_policy {
	__u32 encoding;
	__u32 policy;
};

/**
 * struct nvmx_snapshot_field - a present field of a vmcs12
 * @encoding: full encoding
 * @value: stored value
 */
struct nvmx_snapshot_field {
	__u64 encoding;
	__u64 value;
};

/**
 * struct nvmx_snapshot_vmcs - an active vmcs12
 * @vmptr: L1-physical address that names it
 * @link: shadow link, or NVMX_NO_VMPTR
 * @launched: launch state, 0 or 1
 * @count: number of struct nvmx_snapshot_field that follow, in ascending order
 *	of encoding
 *
 * While L2 is live the guest state of the current one is L2's own.
 */
struct nvmx_snapshot_vmcs {
	__u64 vmptr;
	__u64 link;
	__u32 launched;
	__u32 count;
};

/**
 * struct nvmx_snapshot_live - a live L2, as far as no vmcs12 has it
 * @gpr: general-purpose registers by enum nvmx_gpr; RSP is in the vmcs12
 * @debugctl: IA32_DEBUGCTL
 * @dr7: DR7
 * @efer: IA32_EFER
 * @pat: IA32_PAT
 * @pdpte: PDPTEs, in use with PAE paging
 * @activity: activity state
 * @mtf_injected: 1 if an MTF VM exit is pending that the entry injected
 * @event_info: event that is to be delivered first, in the format of the
 *	VM-entry interruption information, or 0: one that the entry injected, or
 *	whose delivery was interrupted
 * @event_error_code: its error code
 * @event_length: its instruction length
 * @timer: what is left of the VMX-preemption timer
 * @was_launched: launch state before the entry
 * @l0_event: enum nvmx_l0_event that waits to be settled
 * @posted: 1 if @post is an NVMX_EXIT_L2 that has not been honoured yet
 * @reserved: 0
 * @post: see @posted; its size and flags are 0
 */
struct nvmx_snapshot_live {
	__u64 gpr[NVMX_GPRS];
	__u64 debugctl;
	__u64 dr7;
	__u64 efer;
	__u64 pat;
	__u64 pdpte[4];
	__u32 activity;
	__u32 mtf_injected;
	__u32 event_info;
	__u32 event_error_code;
	__u32 event_length;
	__u32 timer;
	__u32 was_launched;
	__u32 l0_event;
	__u32 posted;
	__u32 reserved;
	struct nvmx_exit_l2 post;
};

/**
 * struct nvmx_snapshot_events - events of L1's machine that are pending
 * @interrupts: external interrupts, a bit for each vector; 0-15 never are
 * @nmis: NMIs, at most 2
 * @init: 1 if an INIT signal is
 * @sipi: 1 + vector of the start-up IPI, or 0
 * @reserved: 0
 *
 * As NVMX_EVENT posts them.
 */
struct nvmx_snapshot_events {
	__u64 interrupts[4];
	__u32 nmis;
	__u32 init;
	__u32 sipi;
	__u32 reserved;
};

/**
 * enum nvmx_snapshot_refusal - why a snapshot cannot be loaded
 * @NVMX_SNAP_OK: it can
 * @NVMX_SNAP_TRUNCATED: shorter than a header, or a section than its own
 * @NVMX_SNAP_MAGIC: no snapshot
 * @NVMX_SNAP_VERSION: a version that this L0 does not know
 * @NVMX_SNAP_RESERVED: a reserved member is not 0
 * @NVMX_SNAP_LENGTH: the header has another length than the buffer
 * @NVMX_SNAP_SECTION_LENGTH: a section's length is not that of its type, no
 *	multiple of 8, or runs past the end
 * @NVMX_SNAP_UNKNOWN: a section of unknown type
 * @NVMX_SNAP_ORDER: a section that is not where it has to be: the machine first
 * @NVMX_SNAP_TWICE: a section that may be there but once
 * @NVMX_SNAP_MISSING: a section that has to be there is not
 * @NVMX_SNAP_LEVEL: no nesting level, or one that does not go with the rest:
 *	VMX operation, VMCSs or policies at level L0, an L2 without current VMCS
 * @NVMX_SNAP_PROFILE: no profile
 * @NVMX_SNAP_CAPS: more than this L0 offers
 * @NVMX_SNAP_VMXON: VMX operation and VMXON pointer contradict each other, or
 *	the pointer is no legal one
 * @NVMX_SNAP_CURRENT: the current VMCS is none of the active ones
 * @NVMX_SNAP_ABORT: no VMX-abort indicator, or not at level L1
 * @NVMX_SNAP_POLICY_FIELD: a policy for a field that does not exist, or that is
 *	not in ascending order
 * @NVMX_SNAP_POLICY_REFUSED: a policy that the field cannot have
 * @NVMX_SNAP_L1: L1's registers, as NVMX_SET_L1 would say EINVAL
 * @NVMX_SNAP_L2: L2's registers, as NVMX_SET_L2 would say EINVAL
 * @NVMX_SNAP_VMCS_COUNT: more active vmcs12s than may be
 * @NVMX_SNAP_VMCS_POINTER: no legal VMCS pointer, or one that is there already
 * @NVMX_SNAP_VMCS_STATE: no launch state, or no legal link
 * @NVMX_SNAP_VMCS_FIELD: a field that L1's processor lacks, the high half of
 *	one, or not in ascending order
 * @NVMX_SNAP_VMCS_VALUE: a value wider than its field
 * @NVMX_SNAP_LIVE: a live L2 at another level, or a member outside its domain
 * @NVMX_SNAP_ENTRY: the live L2 breaks a rule of VM entry: out_detail
 * @NVMX_SNAP_EVENTS: events of L1's machine that cannot be pending
 * @NVMX_SNAP_CPUID: CPUID of L1's processor, as NVMX_SET_CPUID would refuse it:
 *	out_detail is the index of the entry
 */
enum nvmx_snapshot_refusal {
	NVMX_SNAP_OK			= 0,
	NVMX_SNAP_TRUNCATED		= 1,
	NVMX_SNAP_MAGIC			= 2,
	NVMX_SNAP_VERSION		= 3,
	NVMX_SNAP_RESERVED		= 4,
	NVMX_SNAP_LENGTH		= 5,
	NVMX_SNAP_SECTION_LENGTH	= 6,
	NVMX_SNAP_UNKNOWN		= 7,
	NVMX_SNAP_ORDER			= 8,
	NVMX_SNAP_TWICE			= 9,
	NVMX_SNAP_MISSING		= 10,
	NVMX_SNAP_LEVEL			= 11,
	NVMX_SNAP_PROFILE		= 12,
	NVMX_SNAP_CAPS			= 13,
	NVMX_SNAP_VMXON			= 14,
	NVMX_SNAP_CURRENT		= 15,
	NVMX_SNAP_ABORT			= 16,
	NVMX_SNAP_POLICY_FIELD		= 17,
	NVMX_SNAP_POLICY_REFUSED	= 18,
	NVMX_SNAP_L1			= 19,
	NVMX_SNAP_L2			= 20,
	NVMX_SNAP_VMCS_COUNT		= 21,
	NVMX_SNAP_VMCS_POINTER		= 22,
	NVMX_SNAP_VMCS_STATE		= 23,
	NVMX_SNAP_VMCS_FIELD		= 24,
	NVMX_SNAP_VMCS_VALUE		= 25,
	NVMX_SNAP_LIVE			= 26,
	NVMX_SNAP_ENTRY			= 27,
	NVMX_SNAP_CPUID			= 28,
	NVMX_SNAP_EVENTS		= 29,
};

/**
 * struct nvmx_snapshot - NVMX_GET_SNAPSHOT, NVMX_SET_SNAPSHOT
 * @size: sizeof(struct nvmx_snapshot)
 * @flags: 0
 * @buffer: user address of the snapshot
 * @bytes: GET: bytes there is room for; SET: length of the snapshot
 * @out_bytes: GET: length of the snapshot; nothing is written to @buffer when
 *	there is no room for all of it
 * @out_reason: SET refused with EINVAL: enum nvmx_snapshot_refusal
 * @out_detail: SET refused with NVMX_SNAP_ENTRY or NVMX_SNAP_CPUID: see there;
 *	for an entry the id of the first broken rule
 * @out_offset: SET refused: offset of what is wrong, as exactly as it is known
 *
 * The nested state of a file, but its memory, which is the process's own.  See
 * Documentation/snapshot.rst.  GET: at every nesting level, but not while L2
 * runs.  SET: on a file that has not been enabled yet (else EINVAL, or EBUSY when
 * L2 is live); all or nothing.  Where it is refused, @out_x are written although
 * the call fails.  Memory is registered before NVMX_SET_SNAPSHOT if the level of
 * the snapshot is L2, otherwise before or after it.
 *
 * EFAULT when @buffer is bad, ENOMEM, E2BIG past NVMX_SNAPSHOT_MAX, ENODEV, EIO
 * when the processor refused what L0 gave it.
 */
struct nvmx_snapshot {
	__u32 size;
	__u32 flags;
	__u64 buffer;
	__u64 bytes;
	__u64 out_bytes;
	__u32 out_reason;
	__u32 out_detail;
	__u64 out_offset;
};

/* ---- counts and costs ---------------------------------------------------- */

/** NVMX_STAT_OTHER - nvmx_exit_stat.reason of all reasons that L0 does not know */
#define NVMX_STAT_OTHER		0xffffffffU

/**
 * struct nvmx_exit_stat - VM exits of L2 with one basic exit reason
 * @reason: basic exit reason, or NVMX_STAT_OTHER
 * @reserved: 0
 * @l0_count: exits that L0 handled, by the reason that the processor gave
 * @l0_ticks: ticks of the TSC from those exits to the next entry, or until
 *	NVMX_ENTER_L2 returned; in all, sleeps and the host's work included
 * @l1_count: nested VM exits, by the reason that L1 sees, failed VM entries too
 * @l1_ticks: ticks from the exits of the processor until all of vmcs12 and L1's
 *	registers was ready; in all.  Nothing for those that no exit of the
 *	processor came before: NVMX_EXIT_L2, entries that software failed, and
 *	what happens in a sleep of L2
 */
struct nvmx_exit_stat {
	__u32 reason;
	__u32 reserved;
	__u64 l0_count;
	__u64 l0_ticks;
	__u64 l1_count;
	__u64 l1_ticks;
};

/**
 * struct nvmx_stats - NVMX_GET_STATS: count and cost of VM exits of this file
 * @size: sizeof(struct nvmx_stats)
 * @flags: 0
 * @exits: user address of @capacity struct nvmx_exit_stat
 * @capacity: elements there is room for
 * @reserved: 0
 * @out_count: elements written: reasons that occurred, in ascending order
 * @out_total: reasons that occurred
 * @out_entries: VM entries of the processor
 *
 * Since the file was opened.  At every nesting level.  EFAULT when @exits is bad.
 */
struct nvmx_stats {
	__u32 size;
	__u32 flags;
	__u64 exits;
	__u32 capacity;
	__u32 reserved;
	__u32 out_count;
	__u32 out_total;
	__u64 out_entries;
};

/**
 * struct nvmx_check - NVMX_CHECK: judge the current VMCS without entering
 * @size: sizeof(struct nvmx_check)
 * @flags: 0
 * @failures: user address of @capacity struct nvmx_failure
 * @capacity: elements there is room for
 * @out_count: elements written
 * @out_total: rules that are broken
 * @out_reserved: 0
 *
 * Whatever L1's registers and the launch state are.  ENOENT when there is no
 * current VMCS, EBUSY while L2 is live.
 */
struct nvmx_check {
	__u32 size;
	__u32 flags;
	__u64 failures;
	__u32 capacity;
	__u32 out_count;
	__u32 out_total;
	__u32 out_reserved;
};

/**
 * enum nvmx_owner - who gets a VM exit of L2
 * @NVMX_OWNER_L0: L0 does what the processor of L1's machine would do
 * @NVMX_OWNER_L1: a nested VM exit
 */
enum nvmx_owner {
	NVMX_OWNER_L0 = 0,
	NVMX_OWNER_L1 = 1,
};

/**
 * enum nvmx_decider_where - where bits are that decide
 * @NVMX_DECIDER_FIELD: in a VMCS field
 * @NVMX_DECIDER_MEMORY: in a byte of L1's physical memory
 * @NVMX_DECIDER_HOLE: as NVMX_DECIDER_MEMORY, but L1 has no memory there, which
 *	reads ones
 */
enum nvmx_decider_where {
	NVMX_DECIDER_FIELD	= 0,
	NVMX_DECIDER_MEMORY	= 1,
	NVMX_DECIDER_HOLE	= 2,
};

/**
 * struct nvmx_decider - bits that decide who gets a VM exit
 * @where: enum nvmx_decider_where
 * @field: encoding of the field; for memory, of the one that has the address of
 *	the bitmap
 * @address: L1-physical address of the byte, for memory, otherwise 0
 * @value: effective value of the field, or the byte
 * @mask: the bits in it that were looked at
 */
struct nvmx_decider {
	__u32 where;
	__u32 field;
	__u64 address;
	__u64 value;
	__u64 mask;
};

/** NVMX_DECIDERS - most elements of nvmx_explain.out_decider */
#define NVMX_DECIDERS		4

/**
 * struct nvmx_explain - NVMX_EXPLAIN: who would get a VM exit of L2, and why
 * @size: sizeof(struct nvmx_explain)
 * @flags: 0
 * @exit_reason: basic exit reason, at most 65535 (else EINVAL)
 * @instruction_info: VM-exit instruction information
 * @qualification: exit qualification
 * @intr_info: VM-exit interruption information
 * @intr_error_code: VM-exit interruption error code
 * @rax: L2's RAX: the leaf of ENCLS, ENCLV, PCONFIG and VMFUNC
 * @rcx: L2's RCX: the MSR of RDMSR and WRMSR
 * @gpr_value: the register operand of MOV to a control register, VMREAD (the
 *	field) and VMWRITE (the field)
 * @xss: EDX:EAX and IA32_XSS of XSAVES and XRSTORS, bits set in both
 * @out_owner: enum nvmx_owner
 * @out_rule: enum nvmx_exit_rule, which nvmx_run.deciding_rule would be
 * @out_count: elements of @out_decider that are meant; 0 where no bit decides
 * @out_reserved: 0
 * @out_decider: where the bits are.  A secondary or tertiary control that is
 *	not activated comes after the bit of the primary controls that would
 *	activate it
 *
 * Answers by the same code that routes real exits, from the effective values of
 * the current VMCS and L1's memory as they are now.  Nothing is run or changed;
 * also while L2 is live.  An EPT violation, say, is L0's here
 * (NVMX_RULE_L0_ALWAYS), although it becomes L1's if L1's EPT causes it.
 * ENOENT when there is no current VMCS.
 */
struct nvmx_explain {
	__u32 size;
	__u32 flags;
	__u32 exit_reason;
	__u32 instruction_info;
	__u64 qualification;
	__u32 intr_info;
	__u32 intr_error_code;
	__u64 rax;
	__u64 rcx;
	__u64 gpr_value;
	__u64 xss;
	__u32 out_owner;
	__u32 out_rule;
	__u32 out_count;
	__u32 out_reserved;
	struct nvmx_decider out_decider[NVMX_DECIDERS];
};

/**
 * enum nvmx_probe_outcome - what the processor said of a VMCS
 * @NVMX_PROBE_NOT_RUN: nothing: it was not asked
 * @NVMX_PROBE_ACCEPTED: the entry got past all checks
 * @NVMX_PROBE_FAILED_ENTRY: a failed entry: out_exit_reason (bit 31 is set) and
 *	out_qualification
 * @NVMX_PROBE_VMFAIL: VMfailValid with out_error
 */
enum nvmx_probe_outcome {
	NVMX_PROBE_NOT_RUN	= 0,
	NVMX_PROBE_ACCEPTED	= 1,
	NVMX_PROBE_FAILED_ENTRY	= 2,
	NVMX_PROBE_VMFAIL	= 3,
};

/**
 * enum nvmx_probe_reason - why the processor cannot be asked
 * @NVMX_PROBE_COMPARABLE: it can
 * @NVMX_PROBE_HIDDEN: a rule is broken on what the processor is not shown:
 *	controls other than event injection, host state, the VMCS link pointer,
 *	the VM-entry MSR-load area
 * @NVMX_PROBE_ACTIVITY: an activity state other than active and HLT
 * @NVMX_PROBE_PROCESSOR: the processor would judge by other rules than L1's:
 *	it has features that L1's lacks and the state uses one of them, or L1 is
 *	in SMM
 */
enum nvmx_probe_reason {
	NVMX_PROBE_COMPARABLE	= 0,
	NVMX_PROBE_HIDDEN	= 1,
	NVMX_PROBE_ACTIVITY	= 2,
	NVMX_PROBE_PROCESSOR	= 3,
};

/**
 * struct nvmx_probe - NVMX_PROBE: have the processor judge the current VMCS
 * @size: sizeof(struct nvmx_probe)
 * @flags: 0
 * @failures: user address of @capacity struct nvmx_failure
 * @capacity: elements there is room for; 0 if the list is not wanted
 * @out_count: elements written
 * @out_total: rules that are broken, as NVMX_CHECK says
 * @out_reason: enum nvmx_probe_reason
 * @out_outcome: enum nvmx_probe_outcome
 * @out_exit_reason: exit reason, but for NVMX_PROBE_VMFAIL: of an accepted
 *	entry that of the VMX-preemption timer (52), of the delivery of the
 *	injected event or of an event that was pending
 * @out_qualification: exit qualification
 * @out_error: VM-instruction error number for NVMX_PROBE_VMFAIL
 * @out_reserved: 0
 *
 * Guest state and event injection are judged by one VM entry of the processor
 * that ends before the first instruction of L2, without memory.  When
 * @out_reason is NVMX_PROBE_COMPARABLE, the processor's outcome is that of one
 * of the broken rules, or the entry is accepted where none is.  What L0 keeps
 * for itself stays in force.  The VMCS and L2's registers stay as they are.
 *
 * Whatever L1's registers and the launch state are.  ENOENT when there is no
 * current VMCS, EBUSY while L2 is live, EOPNOTSUPP on a processor without
 * VMX-preemption timer, EIO when the processor refused what L0 gave it.
 */
struct nvmx_probe {
	__u32 size;
	__u32 flags;
	__u64 failures;
	__u32 capacity;
	__u32 out_count;
	__u32 out_total;
	__u32 out_reason;
	__u32 out_outcome;
	__u32 out_exit_reason;
	__u64 out_qualification;
	__u32 out_error;
	__u32 out_reserved;
};

#endif /* _UAPI_LINUX_NESTED_VMX_H */
