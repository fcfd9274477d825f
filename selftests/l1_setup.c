// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small L1 hypervisor as a library: opening the device, its memory and
 * VMCSs, running L2.  The tables and the state of L2 are in l1_state.c.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host.h"
#include "l1_setup.h"

/* No test takes longer; a hang must not leave a process behind. */
#define SECONDS		15
#define SECONDS_WATCHED	110

#define HUGE_BYTES	0x200000UL

/* More exit reasons than there are. */
#define STAT_ROWS	128

/* Exit status of kselftest. */
#define FAIL	1
#define SKIP	4

/* Say what went wrong, show L2, and end the program as a failed test. */
void l1_die(struct l1 *l1, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "# l1: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	if (l1 && l1->run)
		l1_dump(l1);
	_exit(FAIL);
}

static void dump_field(struct l1 *l1, const char *name, __u32 encoding)
{
	struct nvmx_peek peek;
	int ret = nvmx_peek(l1->fd, NVMX_PEEK_VMCS12, encoding, &peek);

	if (!ret)
		fprintf(stderr, "#   %s %#llx\n", name,
			peek.out_value);
}

static void dump_failures(const struct nvmx_run *run)
{
	unsigned int i;

	for (i = 0; i < run->failure_count && i < NVMX_RUN_FAILURES; i++) {
		const struct nvmx_failure *f = &run->failure[i];

		fprintf(stderr, "#   rule %u: outcome %#x, field %#x = %#llx\n",
			f->rule, f->outcome, f->field[0],
			f->value[0]);
	}
}

/* Show what the run page and the VMCS say. */
void l1_dump(struct l1 *l1)
{
	const struct nvmx_run *run = l1->run;
	struct nvmx_state state;

	if (!nvmx_get_state(l1->fd, &state))
		fprintf(stderr, "#   level %u, vmptr %#llx, launched %u\n",
			state.out_level, state.out_vmptr,
			state.out_launched);
	fprintf(stderr, "#   kind %u, status %u, error %u\n", run->kind,
		run->result.status, run->result.error);
	fprintf(stderr, "#   reason %#x, qualification %#llx, length %u, rule %u\n",
		run->exit_reason, run->qualification,
		run->instruction_len, run->deciding_rule);
	fprintf(stderr, "#   intr_info %#x, error code %#x, idt_vectoring %#x\n",
		run->intr_info, run->intr_error_code, run->idt_vectoring_info);
	fprintf(stderr, "#   gla %#llx, gpa %#llx, l0_event %u, access %u\n",
		run->guest_linear_address,
		run->guest_physical_address,
		run->l0_event, run->l0_access);
	dump_field(l1, "RIP", GUEST_RIP);
	dump_field(l1, "RSP", GUEST_RSP);
	dump_field(l1, "RFLAGS", GUEST_RFLAGS);
	dump_field(l1, "CR0", GUEST_CR0);
	dump_field(l1, "CR3", GUEST_CR3);
	dump_field(l1, "CR4", GUEST_CR4);
	if (run->failure_count)
		dump_failures(run);
}

/* The kernel does: it needs time for each page. */
static bool watches_itself(void)
{
	return getenv("NVMX_L1_HUGE");
}

/* Open the device and map its run page. */
void l1_open(struct l1 *l1)
{
	int ret;

	memset(l1, 0, sizeof(*l1));
	l1->deadline = 1000;
	alarm(watches_itself() ? SECONDS_WATCHED : SECONDS);
	l1->fd = open(NVMX_DEVICE, O_RDWR | O_CLOEXEC);
	if (l1->fd < 0 && errno == ENOENT) {
		fprintf(stderr, "# SKIP no %s\n", NVMX_DEVICE);
		_exit(SKIP);
	}
	if (l1->fd < 0)
		l1_die(NULL, "open %s: %s", NVMX_DEVICE, strerror(errno));

	ret = nvmx_get_info(l1->fd, &l1->info);
	if (ret)
		l1_die(NULL, "GET_INFO: %s", strerror(-ret));

	l1->run = mmap(NULL, l1->info.out_run_bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED, l1->fd, 0);
	if (l1->run == MAP_FAILED)
		l1_die(NULL, "mmap of the run page: %s", strerror(errno));
}

/* Close the device and free L1's memory. */
void l1_close(struct l1 *l1)
{
	if (l1->run)
		munmap(l1->run, l1->info.out_run_bytes);
	if (l1->fd >= 0)
		close(l1->fd);
	if (l1->mem)
		munmap(l1->mem, L1_MEM_BYTES);
	l1->run = NULL;
	l1->mem = NULL;
	l1->fd = -1;
}

/* Enable nested VMX; @info then holds what L1 sees. */
void l1_enable(struct l1 *l1, __u32 profile)
{
	int ret = nvmx_enable(l1->fd, profile);

	if (!ret)
		ret = nvmx_get_info(l1->fd, &l1->info);
	if (ret)
		l1_die(l1, "ENABLE: %s", strerror(-ret));
	l1->profile = profile;
}

/*
 * Memory of small pages, or of huge ones where NVMX_L1_HUGE is in the environment:
 * a kernel that watches each page takes seconds for 1024 of them.
 */
static __u8 *l1_memory(struct l1 *l1)
{
	bool huge = watches_itself();
	__u8 *area = mmap(NULL, L1_MEM_BYTES + HUGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t before = -(uintptr_t)area % HUGE_BYTES;

	if (area == MAP_FAILED)
		l1_die(l1, "mmap of L1's memory: %s", strerror(errno));
	if (before)
		munmap(area, before);
	munmap(area + before + L1_MEM_BYTES, HUGE_BYTES - before);
	madvise(area + before, L1_MEM_BYTES, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	madvise(area + before, L1_MEM_BYTES, MADV_POPULATE_WRITE);
	return area + before;
}

/* Give L1 its memory, with a revision identifier wherever a VMCS may be. */
void l1_map(struct l1 *l1)
{
	__u32 revision = l1->info.out_caps.msr[CAPS_BASIC] & 0x7fffffff;
	unsigned int i;
	int ret;

	l1->mem = l1_memory(l1);
	ret = nvmx_mem_map(l1->fd, 0, l1->mem, L1_MEM_BYTES, 0);
	if (ret)
		l1_die(l1, "MEM_MAP: %s", strerror(-ret));

	memcpy(l1_ptr(l1, L1_VMXON), &revision, sizeof(revision));
	for (i = 0; i < L1_VMCS_MAX; i++)
		memcpy(l1_ptr(l1, L1_VMCS(i)), &revision, sizeof(revision));
}

/* Open, enable, VMXON, and VMCS 0 current and clear. */
void l1_start(struct l1 *l1, __u32 profile)
{
	long ret;

	l1_open(l1);
	l1_enable(l1, profile);
	l1_map(l1);
	ret = nvmx_vmxon(l1->fd, L1_VMXON);
	if (ret)
		l1_die(l1, "VMXON: %ld (%#lx)", ret, ret);
	l1_fresh_vmcs(l1, 0);
}

/* Make VMCS @n current. */
void l1_use_vmcs(struct l1 *l1, unsigned int n)
{
	long ret = nvmx_vmptrld(l1->fd, L1_VMCS(n));

	if (ret)
		l1_die(l1, "VMPTRLD of VMCS %u: %ld (%#lx)", n, ret, ret);
	l1->vmcs = n;
}

/* Make VMCS @n current, clear and empty. */
void l1_fresh_vmcs(struct l1 *l1, unsigned int n)
{
	__u8 *region = l1_ptr(l1, L1_VMCS(n));
	long ret = nvmx_vmclear(l1->fd, L1_VMCS(n));

	if (ret)
		l1_die(l1, "VMCLEAR of VMCS %u: %ld (%#lx)", n, ret, ret);
	memset(region + 4, 0, 4092);
	l1_use_vmcs(l1, n);
}

/* The user-space address of an L1-physical one. */
void *l1_ptr(struct l1 *l1, __u64 gpa)
{
	return l1->mem + gpa;
}

/* VMWRITE that must succeed. */
void l1_write(struct l1 *l1, __u32 encoding, __u64 value)
{
	long ret = nvmx_vmwrite(l1->fd, encoding, value);

	if (ret)
		l1_die(l1, "VMWRITE %#x <- %#llx: %ld (%#lx)", encoding,
		       value, ret, ret);
}

/* VMREAD that must succeed. */
__u64 l1_read(struct l1 *l1, __u32 encoding)
{
	__u64 value;
	long ret = nvmx_vmread(l1->fd, encoding, &value);

	if (ret)
		l1_die(l1, "VMREAD %#x: %ld (%#lx)", encoding, ret, ret);
	return value;
}

/* VMWRITE of a list, in one call; all must succeed. */
void l1_write_all(struct l1 *l1, const struct l1_field *list, unsigned int count)
{
	struct nvmx_field_value value[NVMX_RUN_LIST_MAX] = {};
	unsigned int i;
	__u32 failed;
	int ret;

	for (i = 0; i < count; i++) {
		value[i].encoding = list[i].encoding;
		value[i].value = list[i].value;
	}
	ret = nvmx_vmwrite_array(l1->fd, value, count, &failed);
	if (ret)
		l1_die(l1, "VMWRITE_ARRAY: %s", strerror(-ret));
	for (i = 0; i < count; i++)
		if (value[i].result.status != NVMX_VMSUCCEED)
			l1_die(l1, "VMWRITE %#llx <- %#llx: status %u, error %u",
			       value[i].encoding, value[i].value,
			       value[i].result.status, value[i].result.error);
}

/* Copy code of L2 to L1_CODE and let RIP point at it. */
void l1_load_code(struct l1 *l1, const __u8 *code, size_t bytes)
{
	if (bytes > L1_CODE_BYTES)
		l1_die(l1, "%zu bytes of code", bytes);
	memcpy(l1_ptr(l1, L1_CODE), code, bytes);
	l1_write(l1, GUEST_RIP, L1_CODE);
}

/*
 * Enter L2 until something other than an interruption of the call ends it.
 * Return: enum nvmx_kind.
 */
__u32 l1_run(struct l1 *l1)
{
	unsigned long how = NVMX_ENTER_LAUNCH;
	struct nvmx_state state;
	unsigned int i;
	int ret;

	if (nvmx_get_state(l1->fd, &state))
		l1_die(l1, "GET_STATE failed");
	if (state.out_launched)
		how = NVMX_ENTER_RESUME;

	for (i = 0; i < l1->deadline; i++) {
		ret = nvmx_enter(l1->fd, how);
		if (ret)
			l1_die(l1, "ENTER_L2: %s", strerror(-ret));
		if (l1->run->kind == NVMX_KIND_EXIT)
			l1_explain(l1);
		if (l1->run->kind != NVMX_KIND_INTERRUPTED)
			return l1->run->kind;
	}
	l1_die(l1, "L2 was interrupted %u times", i);
}

/*
 * Enter L2; it must end in a nested VM exit.
 * Return: exit reason.
 */
__u32 l1_run_exit(struct l1 *l1)
{
	__u32 kind = l1_run(l1);

	if (kind != NVMX_KIND_EXIT)
		l1_die(l1, "expected a nested VM exit, got kind %u", kind);
	return l1->run->exit_reason;
}

/* Enter L2; it must end in a nested VM exit with @reason. */
void l1_run_until(struct l1 *l1, __u32 reason)
{
	__u32 seen = l1_run_exit(l1);

	if (seen != reason)
		l1_die(l1, "expected exit reason %u, got %u", reason, seen);
}

/* Let L2 go on after the instruction that caused the exit. */
void l1_skip(struct l1 *l1)
{
	__u64 rip = l1_read(l1, GUEST_RIP);

	l1_write(l1, GUEST_RIP, rip + l1->run->instruction_len);
}

/* Enter L2 until its next VMCALL, and let it go on behind that. */
void l1_run_past_vmcall(struct l1 *l1)
{
	l1_run_until(l1, EXIT_VMCALL);
	l1_skip(l1);
}

/* An IRET of an L2_64 returns to @rip and @rsp, with RFLAGS as they are. */
void l1_iret_frame(struct l1 *l1, __u64 rip, __u64 rsp)
{
	__u64 *frame = l1_ptr(l1, L1_STACK - 40);

	frame[0] = rip;
	frame[1] = L1_SEL_CODE;
	frame[2] = l1_read(l1, GUEST_RFLAGS);
	frame[3] = rsp;
	frame[4] = L1_SEL_DATA;
	l1_write(l1, GUEST_RSP, L1_STACK - 40);
}

static void iret(struct l1 *l1, __u64 rsp)
{
	l1_iret_frame(l1, L1_HANDLERS, rsp);
	/* A handler is VMCALL, IRET. */
	l1_write(l1, GUEST_RIP, L1_HANDLERS + 3);
	l1_run_until(l1, EXIT_VMCALL);
}

/*
 * Bochs 2.7 keeps the blocking of an earlier L2 by virtual NMI, on the CPU where
 * that left, until any L2 with virtual NMIs executes IRET there.  Do that on each
 * CPU, with an L2_64 that has not run yet; its RIP is to be set again.
 */
void l1_unblock_nmis(struct l1 *l1)
{
	__u64 pin = l1_read(l1, PIN_BASED_VM_EXEC_CONTROL);
	__u64 rsp = l1_read(l1, GUEST_RSP);
	unsigned int cpu;
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	l1_set_control(l1, CAPS_PIN, PIN_NMI | PIN_VNMI);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set) && host_stay_on(cpu))
			iret(l1, rsp);
	sched_setaffinity(0, sizeof(set), &set);
	l1_write(l1, PIN_BASED_VM_EXEC_CONTROL, pin);
}

/*
 * Which handler of L2 executed VMCALL.
 * Return: the vector, -1 if it was other code.
 */
int l1_vector(struct l1 *l1)
{
	__u64 rip = l1_read(l1, GUEST_RIP);

	if (l1->mode == L2_REAL)
		rip += l1_read(l1, GUEST_CS_BASE);
	if (rip < L1_HANDLERS || rip >= L1_HANDLERS + 256 * L1_HANDLER_BYTES)
		return -1;
	return (rip - L1_HANDLERS) / L1_HANDLER_BYTES;
}

/* What NVMX_GET_STATS says of @reason now; zero if it did not occur. */
struct nvmx_exit_stat l1_exit_stat(struct l1 *l1, __u32 reason)
{
	struct nvmx_exit_stat row[STAT_ROWS], none = { .reason = reason };
	struct nvmx_stats head;
	unsigned int i;

	if (nvmx_get_stats(l1->fd, row, STAT_ROWS, &head))
		l1_die(l1, "GET_STATS failed");
	for (i = 0; i < head.out_count; i++)
		if (row[i].reason == reason)
			return row[i];
	return none;
}
