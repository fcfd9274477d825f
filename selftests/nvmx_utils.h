/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A function for each command of /dev/nested_vmx, and test macros for them.
 *
 * nvmx_x() returns one number for every way a command can end: 0 for success
 * or VMsucceed, -errno when the call failed, and VMX_x for what the
 * instruction did to L1.  So a test is one comparison:
 *
 *	test_vmread(fd, GUEST_RIP, &value);		must succeed
 *	test_err_vmread(EBUSY, fd, GUEST_RIP, &value);	the call must fail
 *	test_vmx_vmread(VMX_FAIL(12), fd, 2, &value);	L1 must see VMfail
 */
#ifndef NVMX_UTILS_H
#define NVMX_UTILS_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/nested_vmx.h>

#include "vmcs_encodings.h"

#define NVMX_DEVICE	"/dev/nested_vmx"

#define VMX_OUTCOME(status, error)	((long)(status) << 16 | (error))
#define VMX_OK		0L
#define VMX_INVALID	VMX_OUTCOME(NVMX_VMFAIL_INVALID, 0)
#define VMX_FAIL(n)	VMX_OUTCOME(NVMX_VMFAIL_VALID, n)
#define VMX_UD		VMX_OUTCOME(NVMX_UD, 0)
#define VMX_GP		VMX_OUTCOME(NVMX_GP, 0)

#define BIT(n)		(1ULL << (n))
#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

/* ioctl() without the detour by errno. */
static inline int nvmx_call(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) < 0 ? -errno : 0;
}

static inline long nvmx_outcome(int ret, const struct nvmx_result *result)
{
	return ret ? ret : VMX_OUTCOME(result->status, result->error);
}

/* ---- machine ------------------------------------------------------------ */

static inline int nvmx_get_info(int fd, struct nvmx_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return nvmx_call(fd, NVMX_GET_INFO, info);
}

static inline int nvmx_enable(int fd, __u32 profile)
{
	struct nvmx_enable arg = { .size = sizeof(arg), .profile = profile };

	return nvmx_call(fd, NVMX_ENABLE, &arg);
}

static inline int nvmx_enable_caps(int fd, __u32 profile,
				   const struct nvmx_caps *caps)
{
	struct nvmx_enable arg = {
		.size = sizeof(arg),
		.flags = NVMX_ENABLE_CAPS,
		.profile = profile,
		.caps = *caps,
	};

	return nvmx_call(fd, NVMX_ENABLE, &arg);
}

static inline int nvmx_mem_map(int fd, __u64 gpa, const void *hva,
			       __u64 bytes, __u32 flags)
{
	struct nvmx_mem_map arg = {
		.size = sizeof(arg),
		.flags = flags,
		.gpa = gpa,
		.hva = (uintptr_t)hva,
		.bytes = bytes,
	};

	return nvmx_call(fd, NVMX_MEM_MAP, &arg);
}

static inline int nvmx_mem_unmap(int fd, __u64 gpa, __u64 bytes)
{
	struct nvmx_mem_unmap arg = {
		.size = sizeof(arg), .gpa = gpa, .bytes = bytes,
	};

	return nvmx_call(fd, NVMX_MEM_UNMAP, &arg);
}

/* ---- VMX instructions --------------------------------------------------- */

static inline long nvmx_vmptr_insn(int fd, unsigned long cmd, __u64 vmptr)
{
	struct nvmx_vmptr arg = { .size = sizeof(arg), .vmptr = vmptr };
	int ret = nvmx_call(fd, cmd, &arg);

	return nvmx_outcome(ret, &arg.out_result);
}

static inline long nvmx_vmxon(int fd, __u64 vmptr)
{
	return nvmx_vmptr_insn(fd, NVMX_VMXON, vmptr);
}

static inline long nvmx_vmclear(int fd, __u64 vmptr)
{
	return nvmx_vmptr_insn(fd, NVMX_VMCLEAR, vmptr);
}

static inline long nvmx_vmptrld(int fd, __u64 vmptr)
{
	return nvmx_vmptr_insn(fd, NVMX_VMPTRLD, vmptr);
}

static inline long nvmx_vmptrst(int fd, __u64 *vmptr)
{
	struct nvmx_vmptr arg = { .size = sizeof(arg) };
	int ret = nvmx_call(fd, NVMX_VMPTRST, &arg);

	*vmptr = arg.out_vmptr;
	return nvmx_outcome(ret, &arg.out_result);
}

static inline long nvmx_plain_insn(int fd, unsigned long cmd)
{
	struct nvmx_insn arg = { .size = sizeof(arg) };
	int ret = nvmx_call(fd, cmd, &arg);

	return nvmx_outcome(ret, &arg.out_result);
}

static inline long nvmx_vmxoff(int fd)
{
	return nvmx_plain_insn(fd, NVMX_VMXOFF);
}

static inline long nvmx_vmcall(int fd)
{
	return nvmx_plain_insn(fd, NVMX_VMCALL);
}

static inline long nvmx_vmread(int fd, __u64 encoding, __u64 *value)
{
	struct nvmx_field arg = { .size = sizeof(arg), .encoding = encoding };
	int ret = nvmx_call(fd, NVMX_VMREAD, &arg);

	*value = arg.out_value;
	return nvmx_outcome(ret, &arg.out_result);
}

static inline long nvmx_vmwrite(int fd, __u64 encoding, __u64 value)
{
	struct nvmx_field arg = {
		.size = sizeof(arg), .encoding = encoding, .value = value,
	};
	int ret = nvmx_call(fd, NVMX_VMWRITE, &arg);

	return nvmx_outcome(ret, &arg.out_result);
}

static inline int nvmx_field_array(int fd, unsigned long cmd,
				   struct nvmx_field_value *entries,
				   __u32 count, __u32 *failed)
{
	struct nvmx_field_array arg = {
		.size = sizeof(arg),
		.entries = (uintptr_t)entries,
		.count = count,
	};
	int ret = nvmx_call(fd, cmd, &arg);

	*failed = arg.out_failed;
	return ret;
}

static inline int nvmx_vmread_array(int fd, struct nvmx_field_value *entries,
				    __u32 count, __u32 *failed)
{
	return nvmx_field_array(fd, NVMX_VMREAD_ARRAY, entries, count, failed);
}

static inline int nvmx_vmwrite_array(int fd, struct nvmx_field_value *entries,
				     __u32 count, __u32 *failed)
{
	return nvmx_field_array(fd, NVMX_VMWRITE_ARRAY, entries, count, failed);
}

static inline long nvmx_inv(int fd, unsigned long cmd, __u64 type,
			    __u64 low, __u64 high)
{
	struct nvmx_inv arg = {
		.size = sizeof(arg), .type = type, .descriptor = { low, high },
	};
	int ret = nvmx_call(fd, cmd, &arg);

	return nvmx_outcome(ret, &arg.out_result);
}

static inline long nvmx_invept(int fd, __u64 type, __u64 low, __u64 high)
{
	return nvmx_inv(fd, NVMX_INVEPT, type, low, high);
}

static inline long nvmx_invvpid(int fd, __u64 type, __u64 low, __u64 high)
{
	return nvmx_inv(fd, NVMX_INVVPID, type, low, high);
}

/* ---- running L2 --------------------------------------------------------- */

static inline int nvmx_enter(int fd, unsigned long how)
{
	return nvmx_call(fd, NVMX_ENTER_L2, (void *)how);
}

static inline int nvmx_kick(int fd)
{
	return nvmx_call(fd, NVMX_KICK, NULL);
}

static inline int nvmx_exit_l2(int fd, __u32 reason, __u64 qualification)
{
	struct nvmx_exit_l2 arg = {
		.size = sizeof(arg),
		.exit_reason = reason,
		.qualification = qualification,
	};

	return nvmx_call(fd, NVMX_EXIT_L2, &arg);
}

static inline int nvmx_event(int fd, __u32 type, __u32 vector)
{
	struct nvmx_event arg = {
		.size = sizeof(arg), .type = type, .vector = vector,
	};

	return nvmx_call(fd, NVMX_EVENT, &arg);
}

/* L1 itself takes an event; the vector, or -errno. */
static inline int nvmx_take_event(int fd, __u32 type)
{
	struct nvmx_event arg = {
		.size = sizeof(arg), .flags = NVMX_EVENT_TAKE, .type = type,
	};
	int ret = nvmx_call(fd, NVMX_EVENT, &arg);

	return ret ? ret : (int)arg.vector;
}

/* ---- state -------------------------------------------------------------- */

static inline int nvmx_get_state(int fd, struct nvmx_state *state)
{
	memset(state, 0, sizeof(*state));
	state->size = sizeof(*state);
	return nvmx_call(fd, NVMX_GET_STATE, state);
}

static inline int nvmx_get_l1(int fd, struct nvmx_l1 *l1)
{
	memset(l1, 0, sizeof(*l1));
	l1->size = sizeof(*l1);
	return nvmx_call(fd, NVMX_GET_L1, l1);
}

static inline int nvmx_set_l1(int fd, struct nvmx_l1 *l1)
{
	l1->size = sizeof(*l1);
	return nvmx_call(fd, NVMX_SET_L1, l1);
}

static inline int nvmx_get_l2(int fd, struct nvmx_l2 *l2)
{
	memset(l2, 0, sizeof(*l2));
	l2->size = sizeof(*l2);
	return nvmx_call(fd, NVMX_GET_L2, l2);
}

static inline int nvmx_set_l2(int fd, struct nvmx_l2 *l2)
{
	l2->size = sizeof(*l2);
	return nvmx_call(fd, NVMX_SET_L2, l2);
}

static inline int nvmx_get_policy(int fd, __u32 encoding,
				  struct nvmx_field_policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	policy->size = sizeof(*policy);
	policy->encoding = encoding;
	return nvmx_call(fd, NVMX_GET_POLICY, policy);
}

static inline int nvmx_set_policy(int fd, __u32 encoding, __u32 wanted,
				  struct nvmx_field_policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	policy->size = sizeof(*policy);
	policy->encoding = encoding;
	policy->policy = wanted;
	return nvmx_call(fd, NVMX_SET_POLICY, policy);
}

static inline int nvmx_walk(int fd, struct nvmx_walk_entry *entries,
			    __u32 capacity, __u32 start,
			    struct nvmx_walk *walk)
{
	memset(walk, 0, sizeof(*walk));
	walk->size = sizeof(*walk);
	walk->entries = (uintptr_t)entries;
	walk->capacity = capacity;
	walk->start = start;
	return nvmx_call(fd, NVMX_WALK_FIELDS, walk);
}

static inline int nvmx_peek(int fd, __u32 which, __u32 encoding,
			    struct nvmx_peek *peek)
{
	memset(peek, 0, sizeof(*peek));
	peek->size = sizeof(*peek);
	peek->which = which;
	peek->encoding = encoding;
	return nvmx_call(fd, NVMX_PEEK, peek);
}

static inline int nvmx_get_cpuid(int fd, struct nvmx_cpuid_entry *entries, __u32 count,
				 struct nvmx_cpuid *arg)
{
	arg->size = sizeof(*arg);
	arg->flags = 0;
	arg->entries = (uintptr_t)entries;
	arg->count = count;
	arg->reserved = 0;
	return nvmx_call(fd, NVMX_GET_CPUID, arg);
}

static inline int nvmx_set_cpuid(int fd, const struct nvmx_cpuid_entry *entries,
				 __u32 count, __u32 *where)
{
	struct nvmx_cpuid arg = {
		.size = sizeof(arg), .entries = (uintptr_t)entries, .count = count,
	};
	int ret = nvmx_call(fd, NVMX_SET_CPUID, &arg);

	*where = arg.out_count;
	return ret;
}

static inline int nvmx_get_snapshot(int fd, void *buffer, __u64 room, __u64 *bytes)
{
	struct nvmx_snapshot arg = {
		.size = sizeof(arg), .buffer = (uintptr_t)buffer, .bytes = room,
	};
	int ret = nvmx_call(fd, NVMX_GET_SNAPSHOT, &arg);

	*bytes = arg.out_bytes;
	return ret;
}

static inline int nvmx_set_snapshot(int fd, const void *buffer, __u64 bytes,
				    struct nvmx_snapshot *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->size = sizeof(*arg);
	arg->buffer = (uintptr_t)buffer;
	arg->bytes = bytes;
	return nvmx_call(fd, NVMX_SET_SNAPSHOT, arg);
}

static inline int nvmx_get_stats(int fd, struct nvmx_exit_stat *exits,
				 __u32 capacity, struct nvmx_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	stats->exits = (uintptr_t)exits;
	stats->capacity = capacity;
	return nvmx_call(fd, NVMX_GET_STATS, stats);
}

static inline int nvmx_check(int fd, struct nvmx_failure *failures,
			     __u32 capacity, struct nvmx_check *check)
{
	memset(check, 0, sizeof(*check));
	check->size = sizeof(*check);
	check->failures = (uintptr_t)failures;
	check->capacity = capacity;
	return nvmx_call(fd, NVMX_CHECK, check);
}

static inline int nvmx_explain(int fd, struct nvmx_explain *explain)
{
	explain->size = sizeof(*explain);
	return nvmx_call(fd, NVMX_EXPLAIN, explain);
}

static inline int nvmx_probe(int fd, struct nvmx_failure *failures,
			     __u32 capacity, struct nvmx_probe *probe)
{
	memset(probe, 0, sizeof(*probe));
	probe->size = sizeof(*probe);
	probe->failures = (uintptr_t)failures;
	probe->capacity = capacity;
	return nvmx_call(fd, NVMX_PROBE, probe);
}

/* ---- test macros, for kselftest_harness.h -------------------------------- */

#define test_ok(call)			ASSERT_EQ(VMX_OK, call)
#define test_err(error, call)		EXPECT_EQ(-(long)(error), call)
#define test_vmx(outcome, call)		EXPECT_EQ(outcome, call)

#define test_get_info(...)		test_ok(nvmx_get_info(__VA_ARGS__))
#define test_enable(...)		test_ok(nvmx_enable(__VA_ARGS__))
#define test_err_enable(e, ...)		test_err(e, nvmx_enable(__VA_ARGS__))
#define test_mem_map(...)		test_ok(nvmx_mem_map(__VA_ARGS__))
#define test_err_mem_map(e, ...)	test_err(e, nvmx_mem_map(__VA_ARGS__))
#define test_mem_unmap(...)		test_ok(nvmx_mem_unmap(__VA_ARGS__))
#define test_err_mem_unmap(e, ...)	test_err(e, nvmx_mem_unmap(__VA_ARGS__))

#define test_vmxon(...)			test_ok(nvmx_vmxon(__VA_ARGS__))
#define test_err_vmxon(e, ...)		test_err(e, nvmx_vmxon(__VA_ARGS__))
#define test_vmx_vmxon(o, ...)		test_vmx(o, nvmx_vmxon(__VA_ARGS__))
#define test_vmxoff(...)		test_ok(nvmx_vmxoff(__VA_ARGS__))
#define test_err_vmxoff(e, ...)		test_err(e, nvmx_vmxoff(__VA_ARGS__))
#define test_vmx_vmxoff(o, ...)		test_vmx(o, nvmx_vmxoff(__VA_ARGS__))
#define test_vmclear(...)		test_ok(nvmx_vmclear(__VA_ARGS__))
#define test_err_vmclear(e, ...)	test_err(e, nvmx_vmclear(__VA_ARGS__))
#define test_vmx_vmclear(o, ...)	test_vmx(o, nvmx_vmclear(__VA_ARGS__))
#define test_vmptrld(...)		test_ok(nvmx_vmptrld(__VA_ARGS__))
#define test_err_vmptrld(e, ...)	test_err(e, nvmx_vmptrld(__VA_ARGS__))
#define test_vmx_vmptrld(o, ...)	test_vmx(o, nvmx_vmptrld(__VA_ARGS__))
#define test_vmptrst(...)		test_ok(nvmx_vmptrst(__VA_ARGS__))
#define test_err_vmptrst(e, ...)	test_err(e, nvmx_vmptrst(__VA_ARGS__))
#define test_vmx_vmptrst(o, ...)	test_vmx(o, nvmx_vmptrst(__VA_ARGS__))
#define test_vmread(...)		test_ok(nvmx_vmread(__VA_ARGS__))
#define test_err_vmread(e, ...)		test_err(e, nvmx_vmread(__VA_ARGS__))
#define test_vmx_vmread(o, ...)		test_vmx(o, nvmx_vmread(__VA_ARGS__))
#define test_vmwrite(...)		test_ok(nvmx_vmwrite(__VA_ARGS__))
#define test_err_vmwrite(e, ...)	test_err(e, nvmx_vmwrite(__VA_ARGS__))
#define test_vmx_vmwrite(o, ...)	test_vmx(o, nvmx_vmwrite(__VA_ARGS__))
#define test_vmcall(...)		test_ok(nvmx_vmcall(__VA_ARGS__))
#define test_err_vmcall(e, ...)		test_err(e, nvmx_vmcall(__VA_ARGS__))
#define test_vmx_vmcall(o, ...)		test_vmx(o, nvmx_vmcall(__VA_ARGS__))
#define test_invept(...)		test_ok(nvmx_invept(__VA_ARGS__))
#define test_err_invept(e, ...)		test_err(e, nvmx_invept(__VA_ARGS__))
#define test_vmx_invept(o, ...)		test_vmx(o, nvmx_invept(__VA_ARGS__))
#define test_invvpid(...)		test_ok(nvmx_invvpid(__VA_ARGS__))
#define test_err_invvpid(e, ...)	test_err(e, nvmx_invvpid(__VA_ARGS__))
#define test_vmx_invvpid(o, ...)	test_vmx(o, nvmx_invvpid(__VA_ARGS__))

#define test_enter(...)			test_ok(nvmx_enter(__VA_ARGS__))
#define test_err_enter(e, ...)		test_err(e, nvmx_enter(__VA_ARGS__))
#define test_kick(...)			test_ok(nvmx_kick(__VA_ARGS__))
#define test_err_kick(e, ...)		test_err(e, nvmx_kick(__VA_ARGS__))
#define test_exit_l2(...)		test_ok(nvmx_exit_l2(__VA_ARGS__))
#define test_err_exit_l2(e, ...)	test_err(e, nvmx_exit_l2(__VA_ARGS__))
#define test_event(...)			test_ok(nvmx_event(__VA_ARGS__))
#define test_err_event(e, ...)		test_err(e, nvmx_event(__VA_ARGS__))

#define test_get_state(...)		test_ok(nvmx_get_state(__VA_ARGS__))
#define test_get_l1(...)		test_ok(nvmx_get_l1(__VA_ARGS__))
#define test_err_get_l1(e, ...)		test_err(e, nvmx_get_l1(__VA_ARGS__))
#define test_set_l1(...)		test_ok(nvmx_set_l1(__VA_ARGS__))
#define test_err_set_l1(e, ...)		test_err(e, nvmx_set_l1(__VA_ARGS__))
#define test_get_l2(...)		test_ok(nvmx_get_l2(__VA_ARGS__))
#define test_set_l2(...)		test_ok(nvmx_set_l2(__VA_ARGS__))
#define test_err_set_l2(e, ...)		test_err(e, nvmx_set_l2(__VA_ARGS__))
#define test_get_policy(...)		test_ok(nvmx_get_policy(__VA_ARGS__))
#define test_err_get_policy(e, ...)	test_err(e, nvmx_get_policy(__VA_ARGS__))
#define test_set_policy(...)		test_ok(nvmx_set_policy(__VA_ARGS__))
#define test_err_set_policy(e, ...)	test_err(e, nvmx_set_policy(__VA_ARGS__))
#define test_walk(...)			test_ok(nvmx_walk(__VA_ARGS__))
#define test_err_walk(e, ...)		test_err(e, nvmx_walk(__VA_ARGS__))
#define test_peek(...)			test_ok(nvmx_peek(__VA_ARGS__))
#define test_err_peek(e, ...)		test_err(e, nvmx_peek(__VA_ARGS__))
#define test_get_cpuid(...)		test_ok(nvmx_get_cpuid(__VA_ARGS__))
#define test_set_cpuid(...)		test_ok(nvmx_set_cpuid(__VA_ARGS__))
#define test_err_set_cpuid(e, ...)	test_err(e, nvmx_set_cpuid(__VA_ARGS__))
#define test_get_snapshot(...)		test_ok(nvmx_get_snapshot(__VA_ARGS__))
#define test_set_snapshot(...)		test_ok(nvmx_set_snapshot(__VA_ARGS__))
#define test_err_set_snapshot(e, ...)	test_err(e, nvmx_set_snapshot(__VA_ARGS__))
#define test_get_stats(...)		test_ok(nvmx_get_stats(__VA_ARGS__))
#define test_err_get_stats(e, ...)	test_err(e, nvmx_get_stats(__VA_ARGS__))
#define test_explain(...)		test_ok(nvmx_explain(__VA_ARGS__))
#define test_err_explain(e, ...)	test_err(e, nvmx_explain(__VA_ARGS__))
#define test_check(...)			test_ok(nvmx_check(__VA_ARGS__))
#define test_err_check(e, ...)		test_err(e, nvmx_check(__VA_ARGS__))

#endif /* NVMX_UTILS_H */
