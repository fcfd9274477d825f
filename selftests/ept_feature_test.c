// SPDX-License-Identifier: GPL-2.0-only
/*
 * What L1 can have beside EPT itself: virtualization exceptions, the
 * page-modification log, and EPTP switching by VMFUNC.
 */
#include <sys/mman.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

#define PROC2_VMFUNC	BIT(13)
#define PROC2_PML	BIT(17)
#define PROC2_VE	BIT(18)
#define VEC_VE		20

#define PAGE	0x300000ULL
#define HOLE	0x800000ULL
#define R	1ULL
#define W	2ULL
#define X	4ULL
#define RWX	7ULL
#define WB	(6ULL << 3)
#define AD	BIT(6)
#define FLAGS	(BIT(8) | BIT(9))
#define DIRTY	BIT(9)
#define SUPPRESS	BIT(63)
#define Q_LINEAR	BIT(7)
#define Q_FINAL		BIT(8)

#define EPTP	(L1_EPT_PML4 | 3 << 3 | 6)
#define LOG	0x180000ULL	/* page-modification log */
#define INFO	0x181000ULL	/* virtualization-exception information */
#define LIST	0x182000ULL	/* EPTP list */
#define PML4_B	0x183000ULL	/* another EPT12: PAGE is elsewhere */
#define PDPT_B	0x184000ULL
#define PD_B	0x185000ULL
#define PT_B	0x186000ULL	/* two tables */

struct ve_info {
	__u32 reason;
	__u32 busy;
	__u64 qualification;
	__u64 linear_address;
	__u64 physical_address;
	__u16 eptp_index;
};

L2_CODE(load);
L2_CODE(store);
L2_CODE(ud2);
L2_CODE(vmfunc);
L2_CODE(vmfunc_load);
L2_CODE(touch_write);

FIXTURE(feature) {
	struct l1 l1;
	__u64 *pte;
	__u64 *log;
	volatile struct ve_info *ve;
};

FIXTURE_SETUP(feature)
{
	struct l1 *l1 = &self->l1;

	l1_start(l1, NVMX_PROFILE_SDM);
	if (!l1_can(l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	l1_prepare(l1, L2_64);
	l1_use_ept(l1);
	self->pte = l1_ept_pte(l1, PAGE);
	self->log = l1_ptr(l1, LOG);
	self->ve = l1_ptr(l1, INFO);
	memset(self->log, 0, 4096);
	memset(l1_ptr(l1, INFO), 0, 4096);
	l1->run->gpr[NVMX_RBX] = PAGE + 0x18;
}

FIXTURE_TEARDOWN(feature)
{
	l1_close(&self->l1);
}

#define need(control)							\
	do {								\
		if (!l1_can(&self->l1, CAPS_PROC2, control))		\
			SKIP(return, "not offered");			\
	} while (0)

#define run(name)							\
	do {								\
		l1_load(&self->l1, name);				\
		l1_write(&self->l1, GUEST_RSP, L1_STACK);		\
		l1_run_exit(&self->l1);					\
	} while (0)

/* ---- page-modification log ----------------------------------------------------------- */

static void use_pml(struct l1 *l1, __u16 index)
{
	l1_set_control(l1, CAPS_PROC2, PROC2_PML);
	l1_write(l1, EPT_POINTER, EPTP | AD);
	l1_write(l1, PML_ADDRESS, LOG);
	l1_write(l1, GUEST_PML_INDEX, index);
}

/* How often @gpa is in the log above @index. */
static unsigned int logged(const __u64 *log, __u16 index, __u64 gpa)
{
	unsigned int i, count = 0;

	for (i = (__u16)(index + 1); i < 512; i++)
		count += log[i] == gpa;
	return count;
}

TEST_F(feature, a_page_that_becomes_dirty_is_logged_once)
{
	__u16 index;

	need(PROC2_PML);
	use_pml(&self->l1, 511);
	run(load);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	index = l1_read(&self->l1, GUEST_PML_INDEX);
	EXPECT_EQ(0, logged(self->log, index, PAGE));
	run(store);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	index = l1_read(&self->l1, GUEST_PML_INDEX);
	EXPECT_EQ(1, logged(self->log, index, PAGE));
	EXPECT_EQ(PAGE, self->log[index + 1]);
	EXPECT_EQ(DIRTY, *self->pte & DIRTY);
	run(store);
	EXPECT_EQ(index, l1_read(&self->l1, GUEST_PML_INDEX));
	/* L1 clears the flag: the next write counts again. */
	*self->pte &= ~DIRTY;
	test_invept(self->l1.fd, 1, EPTP | AD, 0);
	run(store);
	EXPECT_EQ(2, logged(self->log, l1_read(&self->l1, GUEST_PML_INDEX), PAGE));
}

TEST_F(feature, every_page_that_l2_writes_is_in_the_log)
{
	unsigned int i, pages = 200;
	__u16 index;

	need(PROC2_PML);
	use_pml(&self->l1, 511);
	self->l1.run->gpr[NVMX_RBX] = L1_FREE;
	self->l1.run->gpr[NVMX_RCX] = pages;
	run(touch_write);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	index = l1_read(&self->l1, GUEST_PML_INDEX);
	for (i = 0; i < pages; i++)
		EXPECT_EQ(1, logged(self->log, index, L1_FREE + i * 4096ULL));
}

TEST_F(feature, a_full_log_is_an_exit_before_the_access)
{
	__u64 *data = l1_ptr(&self->l1, PAGE + 0x18);
	unsigned int i;

	need(PROC2_PML);
	use_pml(&self->l1, 511);
	/* All but the store's own page become dirty first. */
	run(load);
	*data = 1;
	self->l1.run->gpr[NVMX_RAX] = 2;
	l1_write(&self->l1, GUEST_PML_INDEX, 0xffff);
	run(store);
	EXPECT_EQ(EXIT_PML_FULL, self->l1.run->exit_reason);
	EXPECT_EQ(0, self->l1.run->qualification);
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(0xffff, l1_read(&self->l1, GUEST_PML_INDEX));
	EXPECT_EQ(1, *data);
	EXPECT_EQ(0, *self->pte & DIRTY);
	for (i = 512; i < 0xffff; i = i * 2 + 1) {
		l1_write(&self->l1, GUEST_PML_INDEX, i);
		l1_run_until(&self->l1, EXIT_PML_FULL);
	}
	l1_write(&self->l1, GUEST_PML_INDEX, 0);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(2, *data);
	EXPECT_EQ(PAGE, self->log[0]);
	EXPECT_EQ(0xffff, l1_read(&self->l1, GUEST_PML_INDEX));
}

TEST_F(feature, an_accessed_flag_needs_room_in_the_log_too)
{
	need(PROC2_PML);
	use_pml(&self->l1, 511);
	run(store);
	*self->pte &= ~FLAGS;
	test_invept(self->l1.fd, 1, EPTP | AD, 0);
	l1_write(&self->l1, GUEST_PML_INDEX, 0xffff);
	run(load);
	EXPECT_EQ(EXIT_PML_FULL, self->l1.run->exit_reason);
	EXPECT_EQ(0, *self->pte & FLAGS);
}

TEST_F(feature, without_flags_in_eptp_nothing_is_logged)
{
	need(PROC2_PML);
	use_pml(&self->l1, 0xffff);
	l1_write(&self->l1, EPT_POINTER, EPTP);
	run(store);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(0xffff, l1_read(&self->l1, GUEST_PML_INDEX));
}

TEST_F(feature, a_log_in_a_hole_does_no_harm)
{
	need(PROC2_PML);
	use_pml(&self->l1, 511);
	l1_write(&self->l1, PML_ADDRESS, HOLE);
	run(store);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_GT(511, l1_read(&self->l1, GUEST_PML_INDEX));
}

/* ---- virtualization exceptions ------------------------------------------------------------ */

static void use_ve(struct l1 *l1)
{
	l1_set_control(l1, CAPS_PROC2, PROC2_VE);
	l1_write(l1, VE_INFORMATION_ADDRESS, INFO);
	l1_write(l1, EPTP_INDEX, 0x1234);
}

TEST_F(feature, a_convertible_violation_is_a_ve_in_l2)
{
	__u64 *data = l1_ptr(&self->l1, PAGE + 0x18);

	need(PROC2_VE);
	use_ve(&self->l1);
	*data = 0x5151;
	*self->pte = PAGE | W << 9;
	run(load);
	EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
	EXPECT_EQ(VEC_VE, l1_vector(&self->l1));
	EXPECT_EQ(48, self->ve->reason);
	EXPECT_EQ(0xffffffff, self->ve->busy);
	EXPECT_EQ(R | Q_LINEAR | Q_FINAL, self->ve->qualification);
	EXPECT_EQ(PAGE + 0x18, self->ve->linear_address);
	EXPECT_EQ(PAGE + 0x18, self->ve->physical_address);
	EXPECT_EQ(0x1234, self->ve->eptp_index);
	/* No error code on the stack: IRET goes back to the access. */
	*self->pte = PAGE | R | WB;
	l1_skip(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(-1, l1_vector(&self->l1));
	EXPECT_EQ(0x5151, self->l1.run->gpr[NVMX_RAX]);
}

TEST_F(feature, a_permission_missing_in_the_leaf_is_convertible)
{
	need(PROC2_VE);
	use_ve(&self->l1);
	*self->pte = PAGE | R | WB;
	run(store);
	EXPECT_EQ(VEC_VE, l1_vector(&self->l1));
	EXPECT_EQ(W | R << 3 | Q_LINEAR | Q_FINAL, self->ve->qualification);
}

TEST_F(feature, bit_63_of_the_entry_that_decides_suppresses_ve)
{
	__u64 *pd = l1_ptr(&self->l1, L1_EPT_PD), table;

	need(PROC2_VE);
	use_ve(&self->l1);
	*self->pte = SUPPRESS;
	run(load);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	*self->pte = PAGE | R | WB | SUPPRESS;
	run(store);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	/* Of an entry that points to a table the bit is ignored. */
	*self->pte = 0;
	table = pd[1];
	pd[1] |= SUPPRESS;
	run(load);
	EXPECT_EQ(VEC_VE, l1_vector(&self->l1));
	self->ve->busy = 0;
	pd[1] = SUPPRESS;
	test_invept(self->l1.fd, 2, 0, 0);
	run(load);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	pd[1] = table;
	EXPECT_EQ(0, self->ve->busy);
}

TEST_F(feature, while_the_area_is_busy_violations_are_exits)
{
	need(PROC2_VE);
	use_ve(&self->l1);
	*self->pte = 0;
	self->ve->busy = 1;
	run(load);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	EXPECT_EQ(1, self->ve->busy);
	EXPECT_EQ(0, self->ve->reason);
}

TEST_F(feature, a_violation_during_delivery_is_an_exit)
{
	need(PROC2_VE);
	use_ve(&self->l1);
	*l1_ept_pte(&self->l1, L1_IDT) = 0;
	run(ud2);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	EXPECT_EQ(INTR_HARD(VEC_UD), self->l1.run->idt_vectoring_info);
}

TEST_F(feature, a_misconfiguration_is_never_a_ve)
{
	need(PROC2_VE);
	use_ve(&self->l1);
	*self->pte = PAGE | W | WB;
	run(load);
	EXPECT_EQ(EXIT_EPT_MISCONFIG, self->l1.run->exit_reason);
	EXPECT_EQ(0, self->ve->busy);
}

TEST_F(feature, l1_gets_a_ve_that_it_intercepts)
{
	need(PROC2_VE);
	use_ve(&self->l1);
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_VE));
	*self->pte = 0;
	run(load);
	EXPECT_EQ(EXIT_EXCEPTION, self->l1.run->exit_reason);
	EXPECT_EQ(INTR_HARD(VEC_VE), self->l1.run->intr_info);
	EXPECT_EQ(0, self->l1.run->qualification);
	EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(0xffffffff, self->ve->busy);
	EXPECT_EQ(PAGE + 0x18, self->ve->physical_address);
}

TEST_F(feature, an_exit_in_the_delivery_of_a_ve_names_it)
{
	need(PROC2_VE);
	use_ve(&self->l1);
	*self->pte = 0;
	*l1_ept_pte(&self->l1, L1_IDT) = 0;
	run(load);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	EXPECT_EQ(INTR_HARD(VEC_VE), self->l1.run->idt_vectoring_info);
	EXPECT_EQ(L1_IDT + 16 * VEC_VE,
		  self->l1.run->guest_physical_address & ~15ULL);
}

TEST_F(feature, without_the_control_nothing_is_converted)
{
	need(PROC2_VE);
	*self->pte = 0;
	run(load);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
	EXPECT_EQ(0, self->ve->busy);
}

TEST_F(feature, an_information_area_in_a_hole_is_busy)
{
	need(PROC2_VE);
	use_ve(&self->l1);
	l1_write(&self->l1, VE_INFORMATION_ADDRESS, HOLE);
	*self->pte = 0;
	run(load);
	EXPECT_EQ(EXIT_EPT_VIOLATION, self->l1.run->exit_reason);
}

/* ---- EPTP switching ---------------------------------------------------------------------- */

/* A second EPT12: the same but that PAGE is the page after it. */
static void make_second(struct l1 *l1)
{
	__u64 *pml4 = l1_ptr(l1, PML4_B), *pdpt = l1_ptr(l1, PDPT_B);
	__u64 *pd = l1_ptr(l1, PD_B), *pt = l1_ptr(l1, PT_B);
	unsigned int i;

	memset(pml4, 0, 4096);
	memset(pdpt, 0, 4096);
	memset(pd, 0, 4096);
	pml4[0] = PDPT_B | RWX;
	pdpt[0] = PD_B | RWX;
	pd[0] = PT_B | RWX;
	pd[1] = (PT_B + 0x1000) | RWX;
	for (i = 0; i < 1024; i++)
		pt[i] = i * 0x1000ULL | RWX | WB;
	pt[PAGE / 4096] += 0x1000;
}

static void use_vmfunc(struct l1 *l1)
{
	__u64 *list = l1_ptr(l1, LIST);

	make_second(l1);
	memset(list, 0, 4096);
	list[0] = EPTP;
	list[7] = PML4_B | 3 << 3 | 6;
	list[511] = PML4_B | 3 << 3 | 6;
	l1_set_control(l1, CAPS_PROC2, PROC2_VMFUNC);
	l1_write(l1, VM_FUNCTION_CONTROL, 1);
	l1_write(l1, EPTP_LIST_ADDRESS, LIST);
	*(__u64 *)l1_ptr(l1, PAGE + 0x18) = 0xaaaa;
	*(__u64 *)l1_ptr(l1, PAGE + 0x1018) = 0xbbbb;
	l1->run->gpr[NVMX_RAX] = 0;
}

TEST_F(feature, vmfunc_switches_to_an_ept12_of_the_list)
{
	static const unsigned int which[] = { 7, 0, 511, 511, 0, 7 };
	unsigned int i;

	need(PROC2_VMFUNC);
	use_vmfunc(&self->l1);
	for (i = 0; i < ARRAY_LEN(which); i++) {
		self->l1.run->gpr[NVMX_RAX] = 0;
		self->l1.run->gpr[NVMX_RCX] = which[i];
		run(vmfunc_load);
		EXPECT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
		EXPECT_EQ(which[i] ? 0xbbbb : 0xaaaa, self->l1.run->gpr[NVMX_RAX]);
		EXPECT_EQ(which[i] ? PML4_B | 3 << 3 | 6 : EPTP,
			  l1_read(&self->l1, EPT_POINTER));
		if (l1_can(&self->l1, CAPS_PROC2, PROC2_VE)) {
			EXPECT_EQ(which[i], l1_read(&self->l1, EPTP_INDEX));
		}
	}
	/* An entry goes on with what the last VMFUNC left. */
	run(load);
	EXPECT_EQ(0xbbbb, self->l1.run->gpr[NVMX_RAX]);
}

TEST_F(feature, vmfunc_that_cannot_be_done_is_an_exit)
{
	static const struct {
		__u32 function, index;
	} bad[] = { { 0, 512 }, { 0, 0xffffffff }, { 0, 1 }, { 0, 2 }, { 0, 3 },
		    { 0, 4 }, { 1, 0 }, { 63, 0 } };
	__u64 *list = l1_ptr(&self->l1, LIST);
	unsigned int i;

	need(PROC2_VMFUNC);
	use_vmfunc(&self->l1);
	list[1] = EPTP & ~7ULL & ~BIT(3);	/* levels */
	list[2] = EPTP | 1;			/* memory type */
	list[3] = EPTP | BIT(11);
	list[4] = EPTP | 1ULL << 51;
	for (i = 0; i < ARRAY_LEN(bad); i++) {
		self->l1.run->gpr[NVMX_RAX] = bad[i].function;
		self->l1.run->gpr[NVMX_RCX] = bad[i].index;
		run(vmfunc);
		EXPECT_EQ(EXIT_VMFUNC, self->l1.run->exit_reason)
			TH_LOG("row %u", i);
		EXPECT_EQ(3, self->l1.run->instruction_len);
		EXPECT_EQ(0, self->l1.run->qualification);
		EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));
		EXPECT_EQ(EPTP, l1_read(&self->l1, EPT_POINTER));
	}
}

TEST_F(feature, vmfunc_past_63_or_without_the_control_is_undefined)
{
	need(PROC2_VMFUNC);
	use_vmfunc(&self->l1);
	self->l1.run->gpr[NVMX_RAX] = 64;
	run(vmfunc);
	EXPECT_EQ(VEC_UD, l1_vector(&self->l1));
	l1_clear_control(&self->l1, CAPS_PROC2, PROC2_VMFUNC);
	self->l1.run->gpr[NVMX_RAX] = 0;
	run(vmfunc);
	EXPECT_EQ(VEC_UD, l1_vector(&self->l1));
}

TEST_F(feature, a_list_in_a_hole_is_an_exit)
{
	need(PROC2_VMFUNC);
	use_vmfunc(&self->l1);
	l1_write(&self->l1, EPTP_LIST_ADDRESS, HOLE);
	run(vmfunc);
	EXPECT_EQ(EXIT_VMFUNC, self->l1.run->exit_reason);
}

TEST_F(feature, vmfunc_among_more_ept12s_than_have_an_ept02)
{
	__u64 *list = l1_ptr(&self->l1, LIST), *pml4;
	unsigned int i, round;

	need(PROC2_VMFUNC);
	use_vmfunc(&self->l1);
	for (i = 0; i < 100; i++) {
		pml4 = l1_ptr(&self->l1, L1_FREE + i * 4096ULL);
		memset(pml4, 0, 4096);
		pml4[0] = (i % 2 ? PDPT_B : L1_EPT_PDPT) | RWX;
		list[i] = (L1_FREE + i * 4096ULL) | 3 << 3 | 6;
	}
	for (round = 0; round < 2; round++)
		for (i = 0; i < 100; i++) {
			self->l1.run->gpr[NVMX_RAX] = 0;
			self->l1.run->gpr[NVMX_RCX] = i;
			run(vmfunc_load);
			ASSERT_EQ(EXIT_VMCALL, self->l1.run->exit_reason);
			ASSERT_EQ(i % 2 ? 0xbbbb : 0xaaaa, self->l1.run->gpr[NVMX_RAX]);
		}
}

/* ---- entry rules ----------------------------------------------------------------------------- */

TEST_F(feature, addresses_of_the_features_are_judged)
{
	static const struct {
		__u64 control;
		__u32 field;
	} rows[] = {
		{ PROC2_PML, PML_ADDRESS },
		{ PROC2_VE, VE_INFORMATION_ADDRESS },
		{ PROC2_VMFUNC, EPTP_LIST_ADDRESS },
	};
	unsigned int i, bad;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		need(rows[i].control);
		l1_set_control(&self->l1, CAPS_PROC2, rows[i].control);
		if (rows[i].control == PROC2_VMFUNC)
			l1_write(&self->l1, VM_FUNCTION_CONTROL, 1);
		for (bad = 0; bad < 2; bad++) {
			l1_write(&self->l1, rows[i].field, bad ? 1ULL << 51 : LOG + 8);
			l1_load(&self->l1, load);
			EXPECT_EQ(NVMX_KIND_VMX_RESULT, l1_run(&self->l1));
			EXPECT_EQ(7, self->l1.run->result.error);
		}
		l1_write(&self->l1, rows[i].field, LOG);
	}
}

TEST_HARNESS_MAIN
