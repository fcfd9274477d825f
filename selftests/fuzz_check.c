// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stateful fuzzer: its numbers, what is checked after every call, and the
 * call that enters L2.
 *
 * An L2 that runs with RFLAGS.IF = 0 and never exits stops the emulated
 * machine, so every entry has the preemption timer of L1 on: see
 * fuzz_safe_value().
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "fuzz_ops.h"

/* ---- random numbers ------------------------------------------------------ */

/* splitmix64 */
__u64 fuzz_random(__u64 *rng)
{
	__u64 z = *rng += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/*
 * Where the kernel has its memory: the direct map, vmalloc, the array of pages,
 * and the areas of CPUs.  No number of ours is one of these, so one that comes
 * out of the device is a leak.
 */
static bool is_kernel_address(__u64 v)
{
	return (v >= 0xffff888000000000ULL && v < 0xffff888100000000ULL) ||
	       (v >= 0xffffc90000000000ULL && v < 0xffffc91000000000ULL) ||
	       (v >= 0xffffea0000000000ULL && v < 0xffffea0010000000ULL) ||
	       (v >= 0xfffffe0000001000ULL && v < 0xfffffe0010000000ULL);
}

/*
 * The areas of CPUs begin at -2^41: L2 must not get there by subtracting from an
 * address of its own what it was given.
 */
static unsigned int bit_number(__u64 r)
{
	return (r & 63) == 41 ? 42 : r & 63;
}

/* A bit, a border, an address of L1, or anything. */
__u64 fuzz_value(struct fuzz_thread *t)
{
	__u64 r = fuzz_random(&t->rng), value;

	switch (r & 7) {
	case 0:
		value = BIT(bit_number(r >> 8));
		break;
	case 1:
		value = BIT(bit_number(r >> 8)) - 1;
		break;
	case 2:
		value = ~0ULL << bit_number(r >> 8);
		break;
	case 3:
		value = r >> 8 & 0x3ff000;
		break;
	case 4:
		value = r >> 8 & 0xff;
		break;
	case 5:
		value = COMMAND_GPA + (r >> 8 & 0xf000);
		break;
	default:
		value = fuzz_random(&t->rng);
	}
	return is_kernel_address(value) ? 0 : value;
}

/* A bit set, cleared or flipped; rarely, another value altogether. */
__u64 fuzz_mutate(struct fuzz_thread *t, __u64 value)
{
	__u64 bit = BIT(bit_number(below(t, one_in(t, 2) ? 64 : 20)));
	__u64 to;

	switch (below(t, 8)) {
	case 0: case 1:
		to = value | bit;
		break;
	case 2: case 3:
		to = value & ~bit;
		break;
	case 4: case 5: case 6:
		to = value ^ bit;
		break;
	default:
		to = fuzz_value(t);
	}
	return is_kernel_address(to) ? 0 : to;
}

/*
 * What must hold so that L2 ends: the preemption timer is on, and short.  A fetch
 * from the APIC-access page stops Bochs: it is where L2 hardly ever comes.
 */
__u64 fuzz_safe_value(__u64 encoding, __u64 value)
{
	switch (encoding) {
	case PIN_BASED_VM_EXEC_CONTROL:
		return value | PREEMPTION_TIMER;
	case VMX_PREEMPTION_TIMER_VALUE:
		return value % TIMER_MAX;
	case APIC_ACCESS_ADDR:
		return value % 4096 ? value : L1_MEM_BYTES - 4096;
	default:
		return value;
	}
}

/* ---- invariants ---------------------------------------------------------- */

void fuzz_fail(struct fuzz_thread *t, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "# seed %#llx: ", t->m->seed);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
	_exit(1);
}

/* No kernel address in what the device wrote. */
void fuzz_check_words(struct fuzz_thread *t, const void *bytes, size_t size, const char *what)
{
	const volatile __u64 *word = bytes;
	size_t i;

	for (i = 0; i < size / 8; i++) {
		__u64 value = word[i];

		if (is_kernel_address(value))
			fuzz_fail(t, "kernel address %#llx in %s, byte %zu", value, what, i * 8);
	}
}

void fuzz_check_memory(struct fuzz_thread *t)
{
	fuzz_check_words(t, t->m->l1.mem, L1_FREE, "L1's memory");
}

/* The other thread may have found a better number for the file: op_dup(). */
static bool may_end(const struct command *c, int ret)
{
	return ret == -EBADF || command_may_end(c, ret);
}

/* Give a command; it must end as the documentation says. */
int fuzz_give(struct fuzz_thread *t, const struct command *c)
{
	int ret = command_call(c, t->m->l1.fd, t->room);

	t->m->counts->calls++;
	t->m->counts->refused += ret != 0;
	if (!may_end(c, ret))
		fuzz_fail(t, "%s ended with %d", c->name, ret);
	if (!ret && c->bytes)
		fuzz_check_words(t, t->room, c->bytes & ~7UL, c->name);
	return ret;
}

void fuzz_check_state(struct fuzz_thread *t)
{
	struct nvmx_state state;
	int ret = nvmx_get_state(t->m->l1.fd, &state);

	if (ret == -EBUSY || ret == -EBADF)
		return;
	if (ret)
		fuzz_fail(t, "GET_STATE ended with %d", ret);
	if (state.out_level < NVMX_LEVEL_L1 || state.out_level > NVMX_LEVEL_L2 ||
	    state.out_profile > NVMX_PROFILE_SEALED || state.out_vmxon > 1 ||
	    state.out_launched > 1 || state.out_shadow_active > 1 ||
	    state.out_vmcs12_count > t->m->l1.info.out_max_vmcs12 ||
	    state.out_field_count > t->m->l1.info.out_field_count ||
	    (state.out_level == NVMX_LEVEL_L2 && state.out_vmptr == NVMX_NO_VMPTR) ||
	    (state.out_l0_event && state.out_level != NVMX_LEVEL_L2) || state.reserved)
		fuzz_fail(t, "level %u, vmxon %u, vmptr %#llx, %u fields, %u VMCSs, event %u",
			  state.out_level, state.out_vmxon, state.out_vmptr,
			  state.out_field_count, state.out_vmcs12_count, state.out_l0_event);
}

/* ---- entering L2 --------------------------------------------------------- */

/*
 * NVMX_ENTER_L2 with patterns in registers that a system call keeps.
 * Return: 0 or -errno; 1 if a register of ours has changed.
 */
static int enter_with_patterns(int fd, unsigned long how)
{
	static const __u64 pattern[2] = { 0x1122334455667788ULL, 0x99aabbccddeeff00ULL };
	register unsigned long r12 asm("r12") = 0x1212121212121212;
	register unsigned long r13 asm("r13") = 0x1313131313131313;
	register unsigned long r14 asm("r14") = 0x1414141414141414;
	long ret = 16, command = NVMX_ENTER_L2;
	__u64 after[2][2];

	asm volatile("movdqu %[pattern], %%xmm3\n"
		     "movdqu %[pattern], %%xmm15\n"
		     "syscall\n"
		     "movdqu %%xmm3, %[first]\n"
		     "movdqu %%xmm15, %[second]\n"
		     : "+a" (ret), "+r" (r12), "+r" (r13), "+r" (r14),
		       [first] "=m" (after[0]), [second] "=m" (after[1])
		     : "D" ((long)fd), "S" (command), "d" (how), [pattern] "m" (pattern)
		     : "rcx", "r11", "xmm3", "xmm15", "memory");
	if (r12 != 0x1212121212121212 || r13 != 0x1313131313131313 ||
	    r14 != 0x1414141414141414 || memcmp(after[0], pattern, 16) ||
	    memcmp(after[1], pattern, 16))
		return 1;
	return ret;
}

static void count_return(struct fuzz_thread *t)
{
	const struct nvmx_run *run = t->m->l1.run;
	__u32 kind = run->kind, reason = run->exit_reason;

	t->m->counts->kinds[kind & 3]++;
	if (kind == NVMX_KIND_EXIT && (reason & EXIT_FAILED_ENTRY))
		t->m->counts->failed_entries++;
	else if (kind == NVMX_KIND_EXIT && (reason & 0xffff) < 128)
		t->m->counts->reasons[reason >> 6 & 1] |= BIT(reason & 63);
}

/* But for the words of 32 bits: two of them may look like an address. */
static void check_run_page(struct fuzz_thread *t)
{
	const struct nvmx_run *run = t->m->l1.run;

	fuzz_check_words(t, run, offsetof(struct nvmx_run, instruction_info), "the run page");
	fuzz_check_words(t, &run->entries, sizeof(*run) - offsetof(struct nvmx_run, entries),
		    "the second part of the run page");
}

void fuzz_enter(struct fuzz_thread *t, unsigned long how)
{
	static const struct command *command;
	int ret;

	if (!command)
		command = command_find(NVMX_ENTER_L2);
	ret = enter_with_patterns(t->m->l1.fd, how);
	t->m->counts->calls++;
	t->m->counts->refused += ret != 0;
	if (ret == 1)
		fuzz_fail(t, "a register of the process changed in ENTER_L2");
	if (!may_end(command, ret))
		fuzz_fail(t, "ENTER_L2 ended with %d", ret);
	if (ret)
		return;
	count_return(t);
	check_run_page(t);
}
