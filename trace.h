/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints nested_vmx:*.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nested_vmx

#if !defined(NVMX_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NVMX_TRACE_H

#include <linux/tracepoint.h>
#include <asm/processor-flags.h>
#include <asm/vmx.h>

#define nvmx_show_reason(reason)					\
	__print_symbolic((reason) & 0xffff, VMX_EXIT_REASONS)

#define nvmx_show_status(status)					\
	__print_symbolic(status,					\
		{ NVMX_VMSUCCEED, "VMsucceed" },			\
		{ NVMX_VMFAIL_INVALID, "VMfailInvalid" },		\
		{ NVMX_VMFAIL_VALID, "VMfailValid" },			\
		{ NVMX_UD, "#UD" }, { NVMX_GP, "#GP(0)" })

#define nvmx_show_insn(insn)						\
	__print_symbolic(insn,						\
		{ EXIT_REASON_VMCALL, "VMCALL" },			\
		{ EXIT_REASON_VMCLEAR, "VMCLEAR" },			\
		{ EXIT_REASON_VMLAUNCH, "VMLAUNCH" },			\
		{ EXIT_REASON_VMPTRLD, "VMPTRLD" },			\
		{ EXIT_REASON_VMPTRST, "VMPTRST" },			\
		{ EXIT_REASON_VMREAD, "VMREAD" },			\
		{ EXIT_REASON_VMRESUME, "VMRESUME" },			\
		{ EXIT_REASON_VMWRITE, "VMWRITE" },			\
		{ EXIT_REASON_VMOFF, "VMXOFF" },			\
		{ EXIT_REASON_VMON, "VMXON" },				\
		{ EXIT_REASON_INVEPT, "INVEPT" },			\
		{ EXIT_REASON_INVVPID, "INVVPID" })

/* An instruction of L1; operand: pointer, encoding or type. */
TRACE_EVENT(nested_vmx_insn,
	TP_PROTO(u32 insn, u64 operand, u32 status, u32 error),
	TP_ARGS(insn, operand, status, error),
	TP_STRUCT__entry(
		__field(u32, insn)
		__field(u32, status)
		__field(u64, operand)
		__field(u32, error)
	),
	TP_fast_assign(
		__entry->insn = insn;
		__entry->status = status;
		__entry->operand = operand;
		__entry->error = error;
	),
	TP_printk("%s operand=0x%llx %s error=%u", nvmx_show_insn(__entry->insn),
		  __entry->operand, nvmx_show_status(__entry->status),
		  __entry->error)
);

TRACE_EVENT(nested_vmx_enter,
	TP_PROTO(u64 vmptr, u64 rip, bool resume),
	TP_ARGS(vmptr, rip, resume),
	TP_STRUCT__entry(
		__field(u64, vmptr)
		__field(u64, rip)
		__field(bool, resume)
	),
	TP_fast_assign(
		__entry->vmptr = vmptr;
		__entry->rip = rip;
		__entry->resume = resume;
	),
	TP_printk("%s vmptr=0x%llx rip=0x%llx",
		  __entry->resume ? "VMRESUME" : "VMLAUNCH",
		  __entry->vmptr, __entry->rip)
);

/* A rule of VM entry that vmcs12 breaks. */
TRACE_EVENT(nested_vmx_check_failed,
	TP_PROTO(u32 rule, u32 outcome, u64 qualification, u32 field, u64 value),
	TP_ARGS(rule, outcome, qualification, field, value),
	TP_STRUCT__entry(
		__field(u32, rule)
		__field(u32, outcome)
		__field(u64, qualification)
		__field(u64, value)
		__field(u32, field)
	),
	TP_fast_assign(
		__entry->rule = rule;
		__entry->outcome = outcome;
		__entry->qualification = qualification;
		__entry->field = field;
		__entry->value = value;
	),
	TP_printk("rule=%u outcome=0x%x qualification=%llu field=0x%x value=0x%llx",
		  __entry->rule, __entry->outcome, __entry->qualification,
		  __entry->field, __entry->value)
);

TRACE_EVENT(nested_vmx_route,
	TP_PROTO(u32 reason, u32 owner, u32 rule),
	TP_ARGS(reason, owner, rule),
	TP_STRUCT__entry(
		__field(u32, reason)
		__field(u32, owner)
		__field(u32, rule)
	),
	TP_fast_assign(
		__entry->reason = reason;
		__entry->owner = owner;
		__entry->rule = rule;
	),
	TP_printk("%s to %s rule=0x%x", nvmx_show_reason(__entry->reason),
		  __entry->owner ? "L1" : "L0", __entry->rule)
);

TRACE_EVENT(nested_vmx_exit,
	TP_PROTO(u32 reason, u64 qualification, u32 rule, u64 rip),
	TP_ARGS(reason, qualification, rule, rip),
	TP_STRUCT__entry(
		__field(u32, reason)
		__field(u32, rule)
		__field(u64, qualification)
		__field(u64, rip)
	),
	TP_fast_assign(
		__entry->reason = reason;
		__entry->rule = rule;
		__entry->qualification = qualification;
		__entry->rip = rip;
	),
	TP_printk("%s%s qualification=0x%llx rip=0x%llx rule=0x%x",
		  nvmx_show_reason(__entry->reason),
		  __entry->reason >> 31 ? " (entry failed)" : "",
		  __entry->qualification, __entry->rip, __entry->rule)
);

TRACE_EVENT(nested_vmx_policy_refused,
	TP_PROTO(u32 encoding, u32 policy, u32 reason),
	TP_ARGS(encoding, policy, reason),
	TP_STRUCT__entry(
		__field(u32, encoding)
		__field(u32, policy)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->encoding = encoding;
		__entry->policy = policy;
		__entry->reason = reason;
	),
	TP_printk("field=0x%x policy=%u reason=%u", __entry->encoding,
		  __entry->policy, __entry->reason)
);

/* This CPU has entered or left VMX operation; cleared: VMCSs active here before. */
TRACE_EVENT(nested_vmx_cpu,
	TP_PROTO(bool on, unsigned int cleared, u64 cr4),
	TP_ARGS(on, cleared, cr4),
	TP_STRUCT__entry(
		__field(u64, cr4)
		__field(unsigned int, cleared)
		__field(bool, on)
	),
	TP_fast_assign(
		__entry->cr4 = cr4;
		__entry->cleared = cleared;
		__entry->on = on;
	),
	TP_printk("%s cleared=%u CR4.VMXE=%u", __entry->on ? "VMXON" : "VMXOFF",
		  __entry->cleared, !!(__entry->cr4 & X86_CR4_VMXE))
);

#endif /* NVMX_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
