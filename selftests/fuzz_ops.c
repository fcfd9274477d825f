// SPDX-License-Identifier: GPL-2.0-only
/*
 * Operations of the stateful fuzzer.
 *
 * An L2 that runs with RFLAGS.IF = 0 and never exits stops the emulated
 * machine, so every entry has the preemption timer of L1 on: see safe_value().
 */
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz_ops.h"

#define PREEMPTION_TIMER	BIT(6)
/* Units of the timer: some thousands of instructions. */
#define TIMER_MAX		256

L2_CODE(vmcall_loop);
L2_CODE(single_step);
L2_CODE(data_breakpoint);
L2_CODE(sti);
L2_CODE(spin);
L2_CODE(spin_pause);
L2_CODE(sti_hlt);
L2_CODE(touch);
L2_CODE(add_mem);
L2_CODE(int3);
L2_CODE(syscall);
L2_CODE(task_jump);
L2_CODE(rep_insw);
L2_CODE(rep_outsb);
L2_CODE(vmread_mem);
L2_CODE(invept);
L2_CODE(mov_to_cr0);
L2_CODE(mov_to_cr3);
L2_CODE(mov_to_cr4);
L2_CODE(mov_to_cr8);
L2_CODE(mov_to_dr7);
L2_CODE(wrmsr);
L2_CODE(rdmsr);
L2_CODE(xsetbv);
L2_CODE(hlt);
L2_CODE(invpcid);
L2_CODE(xsaves);

#define PIECE(name)	{ l2_##name, l2_##name##_end }

static const struct {
	const __u8 *start;
	const __u8 *end;
} pieces[] = {
	PIECE(vmcall_loop), PIECE(single_step), PIECE(data_breakpoint), PIECE(sti),
	PIECE(spin), PIECE(spin_pause), PIECE(sti_hlt), PIECE(touch), PIECE(add_mem),
	PIECE(int3), PIECE(syscall), PIECE(task_jump), PIECE(rep_insw), PIECE(rep_outsb),
	PIECE(vmread_mem), PIECE(invept), PIECE(mov_to_cr0), PIECE(mov_to_cr3),
	PIECE(mov_to_cr4), PIECE(mov_to_cr8), PIECE(mov_to_dr7), PIECE(wrmsr),
	PIECE(rdmsr), PIECE(xsetbv), PIECE(hlt), PIECE(invpcid), PIECE(xsaves),
};

/* ---- random numbers ------------------------------------------------------ */

/* splitmix64 */
__u64 fuzz_random(__u64 *rng)
{
	__u64 z = *rng += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static unsigned int below(struct fuzz_thread *t, unsigned int n)
{
	return fuzz_random(&t->rng) % n;
}

static bool one_in(struct fuzz_thread *t, unsigned int n)
{
	return below(t, n) == 0;
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
	       (v >= 0xfffffe0000000000ULL && v < 0xfffffe0010000000ULL);
}

/* A bit, a border, an address of L1, or anything. */
static __u64 random_value(struct fuzz_thread *t)
{
	__u64 r = fuzz_random(&t->rng), value;

	switch (r & 7) {
	case 0:
		value = BIT(r >> 8 & 63);
		break;
	case 1:
		value = BIT(r >> 8 & 63) - 1;
		break;
	case 2:
		value = ~0ULL << (r >> 8 & 63);
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
static __u64 mutate(struct fuzz_thread *t, __u64 value)
{
	__u64 bit = BIT(below(t, one_in(t, 2) ? 64 : 20));
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
		to = random_value(t);
	}
	return is_kernel_address(to) ? 0 : to;
}

/*
 * What must hold so that L2 ends: the preemption timer is on, and short.  A fetch
 * from the APIC-access page stops Bochs: it is where L2 hardly ever comes.
 */
static __u64 safe_value(__u64 encoding, __u64 value)
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
static void check_words(struct fuzz_thread *t, const void *bytes, size_t size, const char *what)
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
	check_words(t, t->m->l1.mem, L1_FREE, "L1's memory");
}

/* The other thread may have found a better number for the file: op_dup(). */
static bool may_end(const struct command *c, int ret)
{
	return ret == -EBADF || command_may_end(c, ret);
}

/* Give a command; it must end as the documentation says. */
static int give(struct fuzz_thread *t, const struct command *c)
{
	int ret = command_call(c, t->m->l1.fd, t->room);

	t->m->counts->calls++;
	t->m->counts->refused += ret != 0;
	if (!may_end(c, ret))
		fuzz_fail(t, "%s ended with %d", c->name, ret);
	if (!ret && c->bytes)
		check_words(t, t->room, c->bytes & ~7UL, c->name);
	return ret;
}

static void check_state(struct fuzz_thread *t)
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

	check_words(t, run, offsetof(struct nvmx_run, instruction_info), "the run page");
	check_words(t, &run->entries, sizeof(*run) - offsetof(struct nvmx_run, entries),
		    "the second part of the run page");
}

static void enter(struct fuzz_thread *t, unsigned long how)
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

static __u32 random_field(struct fuzz_thread *t)
{
	struct fuzz_machine *m = t->m;

	if (one_in(t, 16))
		return fuzz_random(&t->rng) & 0x7fff;
	return m->valid[below(t, m->valid_count)].encoding;
}

/* The list of VMWRITEs: some changes, and at its end what ends L2. */
static void make_write_list(struct fuzz_thread *t)
{
	struct fuzz_machine *m = t->m;
	struct nvmx_run *run = m->l1.run;
	unsigned int i, count = one_in(t, 6) ? below(t, 4) : 0;

	for (i = 0; i < count; i++) {
		const struct nvmx_field_value *valid = &m->valid[below(t, m->valid_count)];

		run->write[i].encoding = valid->encoding;
		run->write[i].value = safe_value(valid->encoding, mutate(t, valid->value));
	}
	if (one_in(t, 2)) {
		run->write[i].encoding = GUEST_RIP;
		run->write[i++].value = L1_CODE + below(t, 16);
	}
	run->write_count = i;
	run->read_count = below(t, 4);
	for (i = 0; i < run->read_count; i++)
		run->read[i].encoding = random_field(t);
}

/* ---- a vmcs12 near a valid one ------------------------------------------- */

static void write_field(struct fuzz_thread *t, __u64 encoding, __u64 value)
{
	memset(t->room, 0, sizeof(t->room->field));
	t->room->size = sizeof(t->room->field);
	t->room->field.encoding = encoding;
	t->room->field.value = safe_value(encoding, value);
	give(t, command_find(NVMX_VMWRITE));
}

static void op_mutate(struct fuzz_thread *t)
{
	unsigned int i, count = 1 + below(t, 3);
	struct nvmx_peek peek;

	for (i = 0; i < count; i++) {
		__u32 encoding = random_field(t);

		if (!nvmx_peek(t->m->l1.fd, NVMX_PEEK_VMCS12, encoding, &peek))
			write_field(t, encoding, mutate(t, peek.out_value));
		else
			write_field(t, encoding, random_value(t));
	}
}

static void op_control_bit(struct fuzz_thread *t)
{
	static const __u32 controls[] = {
		PIN_BASED_VM_EXEC_CONTROL, CPU_BASED_VM_EXEC_CONTROL,
		SECONDARY_VM_EXEC_CONTROL, VM_EXIT_CONTROLS, VM_ENTRY_CONTROLS,
		EXCEPTION_BITMAP,
	};
	__u32 encoding = controls[below(t, ARRAY_LEN(controls))];
	struct nvmx_peek peek;

	if (!nvmx_peek(t->m->l1.fd, NVMX_PEEK_VMCS12, encoding, &peek))
		write_field(t, encoding, peek.out_value ^ BIT(below(t, 32)));
}

/* All fields back, one by one: what was hidden meanwhile is refused. */
static void op_reset(struct fuzz_thread *t)
{
	struct fuzz_machine *m = t->m;
	unsigned int i, n;
	__u32 failed;

	if (one_in(t, 2)) {
		nvmx_vmclear(m->l1.fd, L1_VMCS(0));
		nvmx_vmptrld(m->l1.fd, L1_VMCS(0));
	}
	nvmx_vmxon(m->l1.fd, L1_VMXON);
	nvmx_vmptrld(m->l1.fd, L1_VMCS(0));
	for (i = 0; i < m->valid_count; i += n) {
		n = m->valid_count - i;
		n = n < COMMAND_LIST ? n : COMMAND_LIST;
		memcpy(t->room->values, &m->valid[i], n * sizeof(m->valid[0]));
		nvmx_vmwrite_array(m->l1.fd, t->room->values, n, &failed);
	}
}

static void op_enter(struct fuzz_thread *t)
{
	struct nvmx_run *run = t->m->l1.run;
	struct nvmx_state state;
	unsigned long how = below(t, 2);
	unsigned int i;

	make_write_list(t);
	if (!nvmx_get_state(t->m->l1.fd, &state) && !one_in(t, 8))
		how = state.out_launched ? NVMX_ENTER_RESUME : NVMX_ENTER_LAUNCH;
	if (one_in(t, 16))
		how = below(t, 8);
	for (i = one_in(t, 4) ? 8 : 1; i; i--)
		run->gpr[below(t, NVMX_GPRS)] = random_value(t);
	run->immediate_exit = one_in(t, 16);
	run->l0_skip_bytes = below(t, 18);
	enter(t, how);
	if (run->kind == NVMX_KIND_L0_EVENT && one_in(t, 2))
		enter(t, NVMX_ENTER_COMPLETE | NVMX_ENTER_RESUME);
	/* Stay near what runs. */
	if ((run->kind == NVMX_KIND_VMX_RESULT || (run->exit_reason & EXIT_FAILED_ENTRY)) &&
	    one_in(t, 2))
		op_reset(t);
}

static void op_inject(struct fuzz_thread *t)
{
	__u64 info = BIT(31) | (__u64)below(t, 8) << 8 | below(t, 34);

	if (one_in(t, 2))
		info |= BIT(11);
	write_field(t, VM_ENTRY_INTR_INFO_FIELD, info);
	write_field(t, VM_ENTRY_EXCEPTION_ERROR_CODE, below(t, 0x10000));
	write_field(t, VM_ENTRY_INSTRUCTION_LEN, below(t, 17));
}

static void op_policy(struct fuzz_thread *t)
{
	__u32 encoding = random_field(t);

	/* The timer stays. */
	if (encoding == PIN_BASED_VM_EXEC_CONTROL || encoding == VMX_PREEMPTION_TIMER_VALUE)
		return;
	memset(t->room, 0, sizeof(t->room->policy));
	t->room->size = sizeof(t->room->policy);
	t->room->policy.encoding = encoding;
	t->room->policy.policy = below(t, 5);
	give(t, command_find(NVMX_SET_POLICY));
}

/* ---- L1's memory --------------------------------------------------------- */

static void op_code(struct fuzz_thread *t)
{
	__u8 *code = l1_ptr(&t->m->l1, L1_CODE);
	unsigned int i, n = below(t, ARRAY_LEN(pieces));

	memcpy(code, pieces[n].start, pieces[n].end - pieces[n].start);
	if (one_in(t, 3)) {
		for (i = below(t, 24); i; i--)
			code[below(t, 32)] = fuzz_random(&t->rng);
	}
	write_field(t, GUEST_RIP, L1_CODE);
}

/* Tables, bitmaps, MSR lists and regions: what L0 reads of L1's memory. */
static void op_memory(struct fuzz_thread *t)
{
	static const __u32 pages[] = {
		L1_EPT_PML4, L1_EPT_PDPT, L1_EPT_PD, L1_EPT_PT, L1_EPT_PT + 0x1000,
		L1_PML4, L1_PDPT, L1_PD, L1_PT, L1_PAE_PDPT, L1_GDT, L1_IDT, L1_TSS,
		L1_MSR_BITMAP, L1_IO_BITMAP, L1_MSR_LIST, L1_MSR_LIST, L1_VMCS(0),
		L1_VMCS(1), L1_VMCS(2),
	};
	__u64 *page = l1_ptr(&t->m->l1, pages[below(t, ARRAY_LEN(pages))]);
	unsigned int i;

	for (i = 1 + below(t, 4); i; i--) {
		__u64 *word = &page[below(t, one_in(t, 2) ? 512 : 16)];

		*word = mutate(t, *word);
	}
}

static void op_msr_area(struct fuzz_thread *t)
{
	static const __u32 counts[] = {
		VM_ENTRY_MSR_LOAD_COUNT, VM_EXIT_MSR_LOAD_COUNT, VM_EXIT_MSR_STORE_COUNT,
	};
	static const __u32 msrs[] = {
		0x10, 0x174, 0x175, 0x176, 0x1d9, 0x277, 0x480, 0xc0000080, 0xc0000081,
		0xc0000082, 0xc0000084, 0xc0000102, 0xc0000103, 0x800, 0xda0, 0xc0000100,
	};
	__u64 *entry = l1_ptr(&t->m->l1, L1_MSR_LIST);
	unsigned int i, n = below(t, 6), which = below(t, 3);

	for (i = 0; i < n; i++) {
		entry[2 * i] = msrs[below(t, ARRAY_LEN(msrs))];
		entry[2 * i + 1] = random_value(t);
	}
	write_field(t, counts[which], one_in(t, 16) ? random_value(t) : n);
	write_field(t, which == 0 ? VM_ENTRY_MSR_LOAD_ADDR :
		    which == 1 ? VM_EXIT_MSR_LOAD_ADDR : VM_EXIT_MSR_STORE_ADDR,
		    one_in(t, 16) ? random_value(t) : L1_MSR_LIST);
}

static void op_map(struct fuzz_thread *t)
{
	struct l1 *l1 = &t->m->l1;
	const struct command *c = command_find(one_in(t, 2) ? NVMX_MEM_MAP : NVMX_MEM_UNMAP);

	command_fill(c, t->room, l1);
	t->room->map.gpa += below(t, 4) * 0x1000;
	if (one_in(t, 8))
		t->room->map.gpa = random_value(t) & ~0xfffULL;
	if (c->nr == NVMX_MEM_UNMAP) {
		give(t, c);
		return;
	}
	t->room->flags = one_in(t, 3) ? NVMX_MEM_READONLY : 0;
	t->room->map.hva += below(t, 16) * 0x1000;
	t->room->map.bytes = (1 + below(t, 3)) * 0x1000;
	give(t, c);
}

/* What the process does with memory it has registered is its own affair. */
static void op_drop_memory(struct fuzz_thread *t)
{
	__u8 *page = (__u8 *)l1_ptr(&t->m->l1, L1_FREE) + below(t, 16) * 0x1000;

	if (one_in(t, 2))
		madvise(page, 4096, MADV_DONTNEED);
	else
		mmap(page, 4096, PROT_READ | (one_in(t, 2) ? PROT_WRITE : 0),
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* ---- any command --------------------------------------------------------- */

/* The emulator does not survive a probe of IA-32e mode without CR0.PE. */
static bool probe_is_deadly(struct fuzz_thread *t)
{
	struct nvmx_peek controls, cr0;

	if (nvmx_peek(t->m->l1.fd, NVMX_PEEK_VMCS12, VM_ENTRY_CONTROLS, &controls) ||
	    nvmx_peek(t->m->l1.fd, NVMX_PEEK_VMCS12, GUEST_CR0, &cr0))
		return true;
	return (controls.out_value & ENTRY_IA32E) && !(cr0.out_value & CR0_PE);
}

static void keep_safe(const struct command *c, struct command_room *room)
{
	unsigned int i;

	if (c->nr == NVMX_VMWRITE)
		room->field.value = safe_value(room->field.encoding, room->field.value);
	for (i = 0; i < COMMAND_LIST; i++)
		room->values[i].value = safe_value(room->values[i].encoding,
						   room->values[i].value);
}

static void op_command(struct fuzz_thread *t)
{
	const struct command *c = &commands[below(t, command_count)];
	struct nvmx_field_value *value = t->room->values;
	unsigned int i;

	/* These have operations of their own, which know what is safe. */
	if (!c->bytes || c->nr == NVMX_SET_POLICY || c->nr == NVMX_MEM_MAP)
		return;
	if (c->nr == NVMX_PROBE && probe_is_deadly(t))
		return;
	command_fill(c, t->room, &t->m->l1);
	for (i = 0; i < COMMAND_LIST; i++) {
		value[i].encoding = random_field(t);
		value[i].value = random_value(t);
	}
	for (i = below(t, 3); i; i--) {
		__u64 *word = (__u64 *)t->room->bytes + below(t, c->bytes / 8);

		/* A bad size or flag is found at once, so they seldom are. */
		if (word == (__u64 *)t->room->bytes && !one_in(t, 8))
			continue;
		*word = mutate(t, *word);
	}
	keep_safe(c, t->room);
	give(t, c);
}

static void op_vmcs(struct fuzz_thread *t)
{
	static const unsigned long numbers[] = {
		NVMX_VMCLEAR, NVMX_VMPTRLD, NVMX_VMPTRLD, NVMX_VMXON, NVMX_VMXOFF,
	};
	const struct command *c = command_find(numbers[below(t, ARRAY_LEN(numbers))]);

	command_fill(c, t->room, &t->m->l1);
	if (c->nr != NVMX_VMXON && c->nr != NVMX_VMXOFF)
		t->room->vmptr.vmptr = L1_VMCS(below(t, one_in(t, 4) ? L1_VMCS_MAX : 3));
	give(t, c);
}

static void op_exit_l2(struct fuzz_thread *t)
{
	const struct command *c = command_find(NVMX_EXIT_L2);

	command_fill(c, t->room, &t->m->l1);
	t->room->exit_l2.exit_reason = below(t, 90);
	t->room->exit_l2.qualification = random_value(t);
	t->room->exit_l2.intr_info = random_value(t);
	give(t, c);
}

static void op_kick(struct fuzz_thread *t)
{
	give(t, command_find(NVMX_KICK));
}

static void op_state(struct fuzz_thread *t)
{
	check_state(t);
}

/* ---- files and processes ------------------------------------------------- */

static void op_dup(struct fuzz_thread *t)
{
	int copy = dup(t->m->l1.fd);
	int old = t->m->l1.fd;

	if (copy < 0)
		return;
	if (one_in(t, 2)) {
		t->m->l1.fd = copy;
		copy = old;
	}
	close(copy);
}

/* In a child every command gets EIO, whatever its argument is. */
static void stranger(struct fuzz_thread *t)
{
	unsigned int i;

	for (i = 0; i < 8; i++) {
		const struct command *c = &commands[below(t, command_count)];
		int ret = command_call(c, t->m->l1.fd, t->room);

		t->m->counts->other_process++;
		if (ret != -EIO)
			fuzz_fail(t, "%s in another process ended with %d", c->name, ret);
	}
	_exit(0);
}

static void op_fork(struct fuzz_thread *t)
{
	int status = -1;
	pid_t pid;

	if (!one_in(t, 4))
		return;
	pid = fork();
	if (!pid)
		stranger(t);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (pid > 0 && status)
		fuzz_fail(t, "the child ended with %#x", status);
}

static void op_run_page(struct fuzz_thread *t)
{
	struct l1 *l1 = &t->m->l1;
	struct nvmx_run *run = mmap(NULL, l1->info.out_run_bytes, PROT_READ | PROT_WRITE,
				    MAP_SHARED, l1->fd, 0);

	if (run == MAP_FAILED)
		return;
	run->gpr[NVMX_R15] = random_value(t);
	munmap(run, l1->info.out_run_bytes);
}

static void op_move(struct fuzz_thread *t)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(below(t, 2), &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* ---- steps --------------------------------------------------------------- */

typedef void operation(struct fuzz_thread *t);

/* By weight: as often as they are here. */
static operation *const operations[] = {
	op_enter, op_enter, op_enter, op_enter, op_enter, op_enter, op_enter, op_enter,
	op_mutate, op_mutate, op_mutate, op_mutate, op_control_bit, op_control_bit,
	op_reset, op_reset, op_reset, op_code, op_code, op_code, op_memory, op_memory,
	op_msr_area, op_inject, op_policy, op_map, op_map, op_drop_memory,
	op_command, op_command, op_command, op_command, op_vmcs, op_exit_l2, op_kick,
	op_state, op_state, op_dup, op_fork, op_run_page, op_move,
};

void fuzz_step(struct fuzz_thread *t)
{
	operations[below(t, ARRAY_LEN(operations))](t);
}

/* What the second thread does: posts, commands, and scribbles in the run page. */
void fuzz_disturb(struct fuzz_thread *t)
{
	struct nvmx_run *run = t->m->l1.run;
	__u32 *words = (__u32 *)run;

	switch (below(t, 8)) {
	case 0:
		op_kick(t);
		break;
	case 1:
		op_exit_l2(t);
		break;
	case 2: case 3:
		op_command(t);
		break;
	case 4:
		op_memory(t);
		break;
	case 5:
		/* Anything but the list of VMWRITEs, which ends L2. */
		words[3 + below(t, offsetof(struct nvmx_run, write) / 4 - 3)] = random_value(t);
		break;
	case 6:
		run->read[below(t, 4)].encoding = random_value(t);
		break;
	default:
		check_state(t);
	}
}

void fuzz_thread_init(struct fuzz_thread *t, struct fuzz_machine *m, unsigned int number)
{
	t->m = m;
	t->rng = m->seed * 2 + number;
	t->room = mmap(NULL, sizeof(*t->room), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (t->room == MAP_FAILED)
		fuzz_fail(t, "no memory");
}

/* Remember the fields with which L2 runs. */
static void remember(struct fuzz_machine *m)
{
	static struct nvmx_walk_entry entries[FUZZ_FIELDS];
	struct nvmx_walk walk;
	unsigned int i;

	if (nvmx_walk(m->l1.fd, entries, FUZZ_FIELDS, 0, &walk))
		l1_die(&m->l1, "WALK_FIELDS failed");
	for (i = 0; i < walk.out_count; i++) {
		m->valid[i].encoding = entries[i].encoding;
		m->valid[i].value = entries[i].value;
	}
	m->valid_count = walk.out_count;
}

/* A machine with an L2 in some mode, ready to run. */
void fuzz_start(struct fuzz_thread *t)
{
	static const enum l2_mode modes[] = {
		L2_64, L2_64, L2_64, L2_PAE, L2_32, L2_FLAT, L2_REAL,
	};
	struct l1 *l1 = &t->m->l1;
	enum l2_mode mode;

	l1_start(l1, one_in(t, 3) ? NVMX_PROFILE_SEALED : NVMX_PROFILE_SDM);
	mode = modes[below(t, ARRAY_LEN(modes))];
	l1_prepare(l1, l1_has_mode(l1, mode) ? mode : L2_64);
	if (!l1->ept && one_in(t, 2))
		l1_use_ept(l1);
	l1_load(l1, vmcall_loop);
	l1_set_control(l1, CAPS_PIN, PREEMPTION_TIMER);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, TIMER_MAX);
	l1_write(l1, VM_ENTRY_EXCEPTION_ERROR_CODE, 0);
	l1_write(l1, VM_ENTRY_INSTRUCTION_LEN, 0);
	remember(t->m);
}
