// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints a C program for each of a number of broken vmcs12s: tools/reproducers
 * compiles and runs them.  A program comes between the lines
 *
 *	#program NAME RULE...	rules that NVMX_ENTER_L2 found broken
 *	#end NAME
 */
#include <stdio.h>
#include <stdlib.h>

#include "l1_setup.h"
#include "reproducer.h"

struct broken {
	const char *name;
	enum l2_mode mode;
	void (*change)(struct l1 *l1);
	int resume;
};

static void set_l1(struct l1 *l1, __u32 mov_ss, __u32 smm)
{
	struct nvmx_l1 regs;

	nvmx_get_l1(l1->fd, &regs);
	regs.mov_ss = mov_ss;
	regs.smm = smm;
	if (nvmx_set_l1(l1->fd, &regs))
		exit(1);
}

static void cr4(struct l1 *l1)
{
	l1_write(l1, GUEST_CR4, CR4_PAE);
}

static void many(struct l1 *l1)
{
	l1_write(l1, GUEST_CR0, CR0_PG);
	l1_write(l1, GUEST_RFLAGS, 0x8028);
	l1_write(l1, GUEST_CS_AR_BYTES, 0);
	l1_write(l1, GUEST_TR_SELECTOR, 4);
	l1_write(l1, GUEST_SS_SELECTOR, 3);
}

static void controls(struct l1 *l1)
{
	l1_write(l1, PIN_BASED_VM_EXEC_CONTROL, ~0U);
	l1_write(l1, CR3_TARGET_COUNT, 300);
	l1_write(l1, MSR_BITMAP, 0x14008);
}

static void host(struct l1 *l1)
{
	l1_write(l1, HOST_CR4, 0);
	l1_write(l1, HOST_CS_SELECTOR, 0);
	l1_write(l1, HOST_RIP, 1ULL << 62);
}

static void event(struct l1 *l1)
{
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_HARD(VEC_GP));
	l1_write(l1, GUEST_ACTIVITY_STATE, 1);
}

static void link_pointer(struct l1 *l1)
{
	memset(l1_ptr(l1, L1_FREE), 0x11, 8);
	l1_write(l1, VMCS_LINK_POINTER, L1_FREE);
}

static void link_to_itself(struct l1 *l1)
{
	l1_write(l1, VMCS_LINK_POINTER, L1_VMCS(0));
}

static void pdpte(struct l1 *l1)
{
	__u64 *pdpt = l1_ptr(l1, L1_PAE_PDPT);

	pdpt[1] = 1 | 1 << 5;
	pdpt[3] = 1 | 1 << 6;
}

static void msr_area(struct l1 *l1)
{
	static const __u64 area[][2] = {
		{ 0xc0000082, 0x1234 }, { 0xc0000080, 1ULL << 40 }, { 0x808, 0 },
	};

	memcpy(l1_ptr(l1, L1_MSR_LIST), area, sizeof(area));
	l1_write(l1, VM_ENTRY_MSR_LOAD_ADDR, L1_MSR_LIST);
	l1_write(l1, VM_ENTRY_MSR_LOAD_COUNT, 3);
}

static void mov_ss(struct l1 *l1)
{
	set_l1(l1, 1, 0);
}

static void smm(struct l1 *l1)
{
	set_l1(l1, 0, 1);
	l1_write(l1, VM_ENTRY_CONTROLS, l1_read(l1, VM_ENTRY_CONTROLS) | 1 << 10);
}

static void resume(struct l1 *l1)
{
}

static const struct broken broken[] = {
	{ "cr4", L2_64, cr4 }, { "many", L2_64, many }, { "controls", L2_32, controls },
	{ "host", L2_64, host }, { "event", L2_FLAT, event },
	{ "link_pointer", L2_64, link_pointer },
	{ "link_to_itself", L2_64, link_to_itself }, { "pdpte", L2_PAE, pdpte },
	{ "msr_area", L2_64, msr_area }, { "mov_ss", L2_REAL, mov_ss },
	{ "smm", L2_64, smm }, { "resume", L2_64, resume, 1 },
};

/* The memory of a struct l1 begins at 0. */
static const void *memory(void *opaque, unsigned long long address,
			  unsigned long long bytes)
{
	if (address > L1_MEM_BYTES || bytes > L1_MEM_BYTES - address)
		return NULL;
	return l1_ptr(opaque, address);
}

/* Return: rules that are broken. */
static __u32 print_header(struct l1 *l1, const struct broken *b)
{
	struct nvmx_run *run = l1->run;
	unsigned int i;

	if (nvmx_enter(l1->fd, b->resume ? NVMX_ENTER_RESUME : NVMX_ENTER_LAUNCH))
		exit(1);
	printf("#program %s", b->name);
	for (i = 0; i < run->failure_count; i++)
		printf(" %u", run->failure[i].rule);
	printf("\n");
	return run->failure_total;
}

static bool make(const struct broken *b)
{
	struct nvmx_reproducer r = { .memory = memory, .resume = b->resume };
	struct l1 l1;
	__u32 total;
	int ret;

	l1_start(&l1, NVMX_PROFILE_SDM);
	l1_prepare(&l1, b->mode);
	b->change(&l1);
	r.fd = l1.fd;
	r.opaque = &l1;
	total = print_header(&l1, b);
	/* MOV SS blocks one instruction. */
	if (b->change == mov_ss)
		b->change(&l1);
	ret = nvmx_reproduce(&r, stdout);
	printf("#end %s\n", b->name);
	l1_close(&l1);
	return total && ret == total;
}

int main(void)
{
	unsigned int i, failed = 0;

	printf("1..%zu\n", ARRAY_LEN(broken));
	for (i = 0; i < ARRAY_LEN(broken); i++) {
		bool good = make(&broken[i]);

		failed += !good;
		printf("%sok %u %s_breaks_as_many_rules_for_the_library\n",
		       good ? "" : "not ", i + 1, broken[i].name);
	}
	return failed != 0;
}
