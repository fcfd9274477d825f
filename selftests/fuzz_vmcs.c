// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stateful fuzzer: a vmcs12 near a valid one, and L1's memory.
 */
#include <sys/mman.h>

#include "fuzz_ops.h"

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
L2_CODE(fninit);
L2_CODE(fld1);
L2_CODE(swap_fxsave);
L2_CODE(hold_xmm);

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
	PIECE(fninit), PIECE(fld1), PIECE(swap_fxsave), PIECE(hold_xmm),
};

/* ---- a vmcs12 near a valid one ------------------------------------------- */

__u32 fuzz_field(struct fuzz_thread *t)
{
	struct fuzz_machine *m = t->m;

	if (one_in(t, 16))
		return fuzz_random(&t->rng) & 0x7fff;
	return m->valid[below(t, m->valid_count)].encoding;
}

/* Lists of VMWRITEs and VMREADs. */
static void make_write_list(struct fuzz_thread *t)
{
	struct fuzz_machine *m = t->m;
	struct nvmx_run *run = m->l1.run;
	unsigned int i, count = one_in(t, 6) ? below(t, 4) : 0;

	for (i = 0; i < count; i++) {
		const struct nvmx_field_value *valid = &m->valid[below(t, m->valid_count)];

		run->write[i].encoding = valid->encoding;
		run->write[i].value = fuzz_safe_value(valid->encoding,
						      fuzz_mutate(t, valid->value));
	}
	if (one_in(t, 2)) {
		run->write[i].encoding = GUEST_RIP;
		run->write[i++].value = L1_CODE + below(t, 16);
	}
	run->write_count = i;
	run->read_count = below(t, 4);
	for (i = 0; i < run->read_count; i++)
		run->read[i].encoding = fuzz_field(t);
}

void fuzz_write_field(struct fuzz_thread *t, __u64 encoding, __u64 value)
{
	memset(t->room, 0, sizeof(t->room->field));
	t->room->size = sizeof(t->room->field);
	t->room->field.encoding = encoding;
	t->room->field.value = fuzz_safe_value(encoding, value);
	fuzz_give(t, command_find(NVMX_VMWRITE));
}

void fuzz_op_mutate(struct fuzz_thread *t)
{
	unsigned int i, count = 1 + below(t, 3);
	struct nvmx_peek peek;

	for (i = 0; i < count; i++) {
		__u32 encoding = fuzz_field(t);

		if (!nvmx_peek(t->m->l1.fd, NVMX_PEEK_VMCS12, encoding, &peek))
			fuzz_write_field(t, encoding, fuzz_mutate(t, peek.out_value));
		else
			fuzz_write_field(t, encoding, fuzz_value(t));
	}
}

void fuzz_op_control_bit(struct fuzz_thread *t)
{
	static const __u32 controls[] = {
		PIN_BASED_VM_EXEC_CONTROL, CPU_BASED_VM_EXEC_CONTROL,
		SECONDARY_VM_EXEC_CONTROL, VM_EXIT_CONTROLS, VM_ENTRY_CONTROLS,
		EXCEPTION_BITMAP,
	};
	__u32 encoding = controls[below(t, ARRAY_LEN(controls))];
	struct nvmx_peek peek;

	if (!nvmx_peek(t->m->l1.fd, NVMX_PEEK_VMCS12, encoding, &peek))
		fuzz_write_field(t, encoding, peek.out_value ^ BIT(below(t, 32)));
}

/* All fields back, one by one: what was hidden meanwhile is refused. */
void fuzz_op_reset(struct fuzz_thread *t)
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

void fuzz_op_enter(struct fuzz_thread *t)
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
		run->gpr[below(t, NVMX_GPRS)] = fuzz_value(t);
	run->immediate_exit = one_in(t, 16);
	run->l0_skip_bytes = below(t, 18);
	fuzz_enter(t, how);
	if (run->kind == NVMX_KIND_L0_EVENT && one_in(t, 2))
		fuzz_enter(t, NVMX_ENTER_COMPLETE | NVMX_ENTER_RESUME);
	/* Stay near what runs. */
	if ((run->kind == NVMX_KIND_VMX_RESULT || (run->exit_reason & EXIT_FAILED_ENTRY)) &&
	    one_in(t, 2))
		fuzz_op_reset(t);
}

void fuzz_op_inject(struct fuzz_thread *t)
{
	__u64 info = BIT(31) | (__u64)below(t, 8) << 8 | below(t, 34);

	if (one_in(t, 2))
		info |= BIT(11);
	fuzz_write_field(t, VM_ENTRY_INTR_INFO_FIELD, info);
	fuzz_write_field(t, VM_ENTRY_EXCEPTION_ERROR_CODE, below(t, 0x10000));
	fuzz_write_field(t, VM_ENTRY_INSTRUCTION_LEN, below(t, 17));
}

void fuzz_op_policy(struct fuzz_thread *t)
{
	__u32 encoding = fuzz_field(t);

	/* The timer stays. */
	if (encoding == PIN_BASED_VM_EXEC_CONTROL || encoding == VMX_PREEMPTION_TIMER_VALUE)
		return;
	memset(t->room, 0, sizeof(t->room->policy));
	t->room->size = sizeof(t->room->policy);
	t->room->policy.encoding = encoding;
	t->room->policy.policy = below(t, 5);
	fuzz_give(t, command_find(NVMX_SET_POLICY));
}

/* ---- L1's memory --------------------------------------------------------- */

void fuzz_op_code(struct fuzz_thread *t)
{
	__u8 *code = l1_ptr(&t->m->l1, L1_CODE);
	unsigned int i, n = below(t, ARRAY_LEN(pieces));

	memcpy(code, pieces[n].start, pieces[n].end - pieces[n].start);
	if (one_in(t, 3)) {
		for (i = below(t, 24); i; i--)
			code[below(t, 32)] = fuzz_random(&t->rng);
	}
	fuzz_write_field(t, GUEST_RIP, L1_CODE);
}

/* Tables, bitmaps, MSR lists and regions: what L0 reads of L1's memory. */
void fuzz_op_memory(struct fuzz_thread *t)
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

		*word = fuzz_mutate(t, *word);
	}
}

void fuzz_op_msr_area(struct fuzz_thread *t)
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
		entry[2 * i + 1] = fuzz_value(t);
	}
	fuzz_write_field(t, counts[which], one_in(t, 16) ? fuzz_value(t) : n);
	fuzz_write_field(t, which == 0 ? VM_ENTRY_MSR_LOAD_ADDR :
		    which == 1 ? VM_EXIT_MSR_LOAD_ADDR : VM_EXIT_MSR_STORE_ADDR,
		    one_in(t, 16) ? fuzz_value(t) : L1_MSR_LIST);
}

void fuzz_op_map(struct fuzz_thread *t)
{
	struct l1 *l1 = &t->m->l1;
	const struct command *c = command_find(one_in(t, 2) ? NVMX_MEM_MAP : NVMX_MEM_UNMAP);

	command_fill(c, t->room, l1);
	t->room->map.gpa += below(t, 4) * 0x1000;
	if (one_in(t, 8))
		t->room->map.gpa = fuzz_value(t) & ~0xfffULL;
	if (c->nr == NVMX_MEM_UNMAP) {
		fuzz_give(t, c);
		return;
	}
	t->room->flags = one_in(t, 3) ? NVMX_MEM_READONLY : 0;
	t->room->map.hva += below(t, 16) * 0x1000;
	t->room->map.bytes = (1 + below(t, 3)) * 0x1000;
	fuzz_give(t, c);
}

/* What the process does with memory it has registered is its own affair. */
void fuzz_op_drop_memory(struct fuzz_thread *t)
{
	__u8 *page = (__u8 *)l1_ptr(&t->m->l1, L1_FREE) + below(t, 16) * 0x1000;

	if (one_in(t, 2))
		madvise(page, 4096, MADV_DONTNEED);
	else
		mmap(page, 4096, PROT_READ | (one_in(t, 2) ? PROT_WRITE : 0),
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}
