// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TPR shadow: MOV CR8 of L2 is of the virtual-APIC page, and exits when VTPR
 * falls below the threshold.  SDM Vol. 3, "Virtualizing CR8-Based TPR Accesses",
 * "TPR Virtualization".
 */
#include <pthread.h>
#include <sys/mman.h>

#include "apic.h"

L2_CODE(mov_to_cr8);
L2_CODE(mov_from_cr8);

/* ---- MOV CR8 ---------------------------------------------------------------- */

TEST_F(apic, mov_to_cr8_writes_vtpr_and_nothing_else)
{
	struct nvmx_l2 l2;

	VREG(APIC_TPR) = 0xffffffff;
	VREG(APIC_TPR + 4) = 0x12345678;
	expect_runs(mov_to_cr8, 9, -1);
	EXPECT_EQ(0x90, VREG(APIC_TPR));
	EXPECT_EQ(0x12345678, VREG(APIC_TPR + 4));
	EXPECT_EQ(0, VREG(APIC_PPR));
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(0, l2.cr8);
}

TEST_F(apic, mov_from_cr8_reads_vtpr)
{
	VREG(APIC_TPR) = 0xa7;
	expect_runs(mov_from_cr8, ~0ULL, -1);
	EXPECT_EQ(0xa, RAX);
	EXPECT_EQ(0xa7, VREG(APIC_TPR));
}

TEST_F(apic, a_cr8_above_15_causes_gp_and_leaves_vtpr)
{
	VREG(APIC_TPR) = 0x30;
	expect_runs(mov_to_cr8, 16, VEC_GP);
	EXPECT_EQ(0x30, VREG(APIC_TPR));
}

TEST_F(apic, cr8_exiting_comes_before_the_shadow)
{
	l1_set_control(&self->l1, CAPS_PROC, PROC_CR8_LOAD | PROC_CR8_STORE);
	RAX = 5;
	l1_load(&self->l1, mov_to_cr8);
	EXPECT_EQ(EXIT_CR, l1_run_exit(&self->l1));
	EXPECT_EQ(8, self->l1.run->qualification);
	EXPECT_EQ(NVMX_RULE_PROC(19), self->l1.run->deciding_rule);
	EXPECT_EQ(0, VREG(APIC_TPR));
	l1_load(&self->l1, mov_from_cr8);
	EXPECT_EQ(EXIT_CR, l1_run_exit(&self->l1));
	EXPECT_EQ(0x18, self->l1.run->qualification);
	EXPECT_EQ(NVMX_RULE_PROC(20), self->l1.run->deciding_rule);
}

TEST_F(apic, without_the_shadow_cr8_is_l1s_tpr_and_the_page_is_not_touched)
{
	struct nvmx_l2 l2;

	VREG(APIC_TPR) = 0x70;
	l1_clear_control(&self->l1, CAPS_PROC, PROC_TPR_SHADOW);
	expect_runs(mov_to_cr8, 4, -1);
	EXPECT_EQ(0x70, VREG(APIC_TPR));
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(4, l2.cr8);
	EXPECT_EQ(PROC_CR8_LOAD | PROC_CR8_STORE,
		  apic_peek02(&self->l1, CPU_BASED_VM_EXEC_CONTROL) &
		  (PROC_CR8_LOAD | PROC_CR8_STORE | PROC_TPR_SHADOW));
	/* And the other way round, on the same vmcs02. */
	l1_set_control(&self->l1, CAPS_PROC, PROC_TPR_SHADOW);
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(7, RAX);
	EXPECT_EQ(PROC_TPR_SHADOW,
		  apic_peek02(&self->l1, CPU_BASED_VM_EXEC_CONTROL) &
		  (PROC_CR8_LOAD | PROC_CR8_STORE | PROC_TPR_SHADOW));
}

TEST_F(apic, another_vmcs_without_the_shadow_has_none)
{
	struct l1 *l1 = &self->l1;

	VREG(APIC_TPR) = 0x50;
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(5, RAX);
	l1_fresh_vmcs(l1, 1);
	l1_prepare(l1, L2_64);
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(0, RAX);
	l1_use_vmcs(l1, 0);
	l1_prepare(l1, L2_64);
	l1_set_control(l1, CAPS_PROC, PROC_TPR_SHADOW);
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(5, RAX);
}

/* ---- the threshold ------------------------------------------------------------ */

TEST_F(apic, vtpr_that_falls_below_the_threshold_exits_after_the_instruction)
{
	struct nvmx_run *run = self->l1.run;

	VREG(APIC_TPR) = 0x60;
	l1_write(&self->l1, TPR_THRESHOLD, 6);
	RAX = 5;
	l1_load(&self->l1, mov_to_cr8);
	EXPECT_EQ(EXIT_TPR, l1_run_exit(&self->l1));
	EXPECT_EQ(NVMX_RULE_PROC(21), run->deciding_rule);
	EXPECT_EQ(0, run->qualification);
	EXPECT_EQ(0, run->intr_info);
	EXPECT_EQ(0, run->idt_vectoring_info);
	/* Trap-like: MOV CR8 has been executed. */
	EXPECT_EQ(L1_CODE + 4, l1_read(&self->l1, GUEST_RIP));
	EXPECT_EQ(0x50, VREG(APIC_TPR));
	EXPECT_EQ(EXIT_TPR, l1_read(&self->l1, VM_EXIT_REASON));
}

TEST_F(apic, vtpr_equal_to_or_above_the_threshold_does_not_exit)
{
	VREG(APIC_TPR) = 0xf0;
	l1_write(&self->l1, TPR_THRESHOLD, 6);
	expect_runs(mov_to_cr8, 6, -1);
	EXPECT_EQ(0x60, VREG(APIC_TPR));
	expect_runs(mov_to_cr8, 15, -1);
	EXPECT_EQ(0xf0, VREG(APIC_TPR));
}

TEST_F(apic, each_threshold_exits_for_each_lower_vtpr)
{
	unsigned int threshold, tpr;

	for (threshold = 0; threshold < 16; threshold += 5) {
		for (tpr = 0; tpr < 16; tpr += 3) {
			VREG(APIC_TPR) = 0xff;
			l1_write(&self->l1, TPR_THRESHOLD, threshold);
			RAX = tpr;
			l1_load(&self->l1, mov_to_cr8);
			EXPECT_EQ(tpr < threshold ? EXIT_TPR : EXIT_VMCALL,
				  l1_run_exit(&self->l1))
				TH_LOG("threshold %u, TPR %u", threshold, tpr);
			EXPECT_EQ(tpr << 4, VREG(APIC_TPR));
		}
	}
}

TEST_F(apic, entry_with_vtpr_below_the_threshold_is_refused)
{
	VREG(APIC_TPR) = 0x5f;
	l1_write(&self->l1, TPR_THRESHOLD, 6);
	l1_load(&self->l1, mov_from_cr8);
	expect_refused(2099);
	EXPECT_EQ(TPR_THRESHOLD, self->l1.run->failure[0].field[0]);
	/* L1 need not write any field to be judged anew. */
	VREG(APIC_TPR) = 0x60;
	expect_runs(mov_from_cr8, 0, -1);
	VREG(APIC_TPR) = 0x50;
	expect_refused(2099);
}

TEST_F(apic, what_is_wrong_with_the_fields_refuses_the_entry)
{
	__u64 beyond = 1ULL << self->l1.info.out_caps.maxphyaddr;

	l1_write(&self->l1, TPR_THRESHOLD, 0x10);
	expect_refused(2022);
	l1_write(&self->l1, TPR_THRESHOLD, 0);
	l1_write(&self->l1, VIRTUAL_APIC_PAGE_ADDR, VAPIC + 8);
	expect_refused(2020);
	l1_write(&self->l1, VIRTUAL_APIC_PAGE_ADDR, VAPIC | beyond);
	expect_refused(2021);
	/* None of it matters without the control. */
	l1_write(&self->l1, TPR_THRESHOLD, ~0U);
	l1_clear_control(&self->l1, CAPS_PROC, PROC_TPR_SHADOW);
	expect_runs(mov_from_cr8, 0, -1);
}

/* ---- VTPR changes under a live L2 --------------------------------------------- */

static void make_live(struct __test_metadata *_metadata, struct l1 *l1)
{
	l1->run->immediate_exit = 1;
	ASSERT_EQ(NVMX_KIND_INTERRUPTED, (nvmx_enter(l1->fd, 0), l1->run->kind));
	l1->run->immediate_exit = 0;
}

TEST_F(apic, vtpr_that_l1_lowers_under_a_live_l2_exits_and_loses_no_event)
{
	struct l1 *l1 = &self->l1;

	VREG(APIC_TPR) = 0x60;
	l1_write(l1, TPR_THRESHOLD, 6);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_EXT | 0x41);
	l1_load(l1, mov_from_cr8);
	make_live(_metadata, l1);
	VREG(APIC_TPR) = 0x10;
	EXPECT_EQ(EXIT_TPR, l1_run_exit(l1));
	EXPECT_EQ(INTR_EXT | 0x41, l1->run->idt_vectoring_info);
	EXPECT_EQ(L1_CODE, l1_read(l1, GUEST_RIP));
	EXPECT_EQ(0x10, VREG(APIC_TPR));
	/* L1 can go on as ever. */
	l1_write(l1, TPR_THRESHOLD, 0);
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(1, RAX);
}

TEST_F(apic, vtpr_that_l1_raises_under_a_live_l2_is_what_l2_finds)
{
	l1_load(&self->l1, mov_from_cr8);
	make_live(_metadata, &self->l1);
	VREG(APIC_TPR) = 0xb0;
	EXPECT_EQ(EXIT_VMCALL, l1_run_exit(&self->l1));
	EXPECT_EQ(0xb, RAX);
}

/**
 * struct flipper - a thread that changes VTPR all the time
 * @vtpr: VTPR
 * @stop: it is to end
 */
struct flipper {
	volatile __u32 *vtpr;
	volatile bool stop;
};

static void *flip(void *arg)
{
	struct flipper *flipper = arg;

	while (!flipper->stop) {
		*flipper->vtpr = 0x10;
		*flipper->vtpr = 0x70;
	}
	return NULL;
}

/* The processor may refuse what was judged good: that is L1's exit, not EIO. */
TEST_F(apic, vtpr_that_changes_all_the_time_harms_nobody)
{
	struct flipper flipper = { .vtpr = &VREG(APIC_TPR) };
	unsigned int i, ran = 0;
	pthread_t thread;
	long outcome;

	l1_write(&self->l1, TPR_THRESHOLD, 6);
	ASSERT_EQ(0, pthread_create(&thread, NULL, flip, &flipper));
	for (i = 0; i < 100; i++) {
		l1_load(&self->l1, mov_from_cr8);
		outcome = apic_attempt(&self->l1);
		EXPECT_TRUE(outcome == VMX_FAIL(7) || outcome == EXIT_TPR ||
			    outcome == EXIT_VMCALL)
			TH_LOG("%#lx", outcome);
		ran += outcome == EXIT_VMCALL;
	}
	flipper.stop = true;
	pthread_join(thread, NULL);
	VREG(APIC_TPR) = 0x70;
	expect_runs(mov_from_cr8, 0, -1);
	TH_LOG("L2 ran in %u of %u entries", ran, i);
}

/* ---- where the page is ------------------------------------------------------- */

TEST_F(apic, a_page_in_a_hole_reads_ones_and_keeps_nothing)
{
	l1_write(&self->l1, VIRTUAL_APIC_PAGE_ADDR, HOLE);
	l1_write(&self->l1, TPR_THRESHOLD, 4);
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(15, RAX);
	expect_runs(mov_to_cr8, 4, -1);
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(15, RAX);
}

TEST_F(apic, a_page_in_read_only_memory_reads_it_and_is_not_written)
{
	struct l1 *l1 = &self->l1;
	__u8 *rom = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, rom);
	rom[APIC_TPR] = 0x80;
	test_mem_map(l1->fd, HOLE, rom, 4096, NVMX_MEM_READONLY);
	l1_write(l1, VIRTUAL_APIC_PAGE_ADDR, HOLE);
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(8, RAX);
	expect_runs(mov_to_cr8, 3, -1);
	EXPECT_EQ(0x80, rom[APIC_TPR]);
	expect_runs(mov_from_cr8, 0, -1);
	EXPECT_EQ(8, RAX);
	munmap(rom, 4096);
}

static __u8 *map_page(struct __test_metadata *_metadata, struct l1 *l1)
{
	__u8 *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	test_mem_map(l1->fd, HOLE, page, 4096, 0);
	return page;
}

TEST_F(apic, memory_that_comes_and_goes_is_followed)
{
	struct l1 *l1 = &self->l1;
	__u8 *first, *second;

	first = map_page(_metadata, l1);
	l1_write(l1, VIRTUAL_APIC_PAGE_ADDR, HOLE);
	expect_runs(mov_to_cr8, 3, -1);
	EXPECT_EQ(0x30, first[APIC_TPR]);
	test_mem_unmap(l1->fd, HOLE, 4096);
	/* No field but RIP is written from here on. */
	expect_runs(mov_to_cr8, 4, -1);
	EXPECT_EQ(0x30, first[APIC_TPR]);
	second = map_page(_metadata, l1);
	expect_runs(mov_to_cr8, 5, -1);
	EXPECT_EQ(0x30, first[APIC_TPR]);
	EXPECT_EQ(0x50, second[APIC_TPR]);
	munmap(first, 4096);
	munmap(second, 4096);
}

TEST_F(apic, the_page_of_a_live_l2_cannot_go)
{
	struct l1 *l1 = &self->l1;
	__u8 *page = map_page(_metadata, l1);

	l1_write(l1, VIRTUAL_APIC_PAGE_ADDR, HOLE);
	l1_load(l1, mov_to_cr8);
	make_live(_metadata, l1);
	test_err_mem_unmap(EBUSY, l1->fd, HOLE, 4096);
	EXPECT_EQ(EXIT_VMCALL, l1_run_exit(l1));
	test_mem_unmap(l1->fd, HOLE, 4096);
	munmap(page, 4096);
}

/* ---- capabilities, policies ----------------------------------------------------- */

/**
 * struct offer - a control of the local APIC, and a field that comes with it
 * @ctl: CAPS_x of the control
 * @bit: the control
 * @field: encoding, 0 for none
 * @rule: the rule that a control which is not offered breaks
 */
struct offer {
	unsigned int ctl;
	__u64 bit;
	__u32 field;
	__u32 rule;
};

static const struct offer offers[] = {
	{ CAPS_PROC, PROC_TPR_SHADOW, VIRTUAL_APIC_PAGE_ADDR, 2002 },
	{ CAPS_PROC2, PROC2_APIC_ACCESSES, APIC_ACCESS_ADDR, 2003 },
	{ CAPS_PROC2, PROC2_X2APIC, 0, 2003 },
	{ CAPS_PROC2, PROC2_APIC_REGISTERS, 0, 2003 },
	{ CAPS_PROC2, PROC2_VID, GUEST_INTR_STATUS, 2003 },
};

static void open_without(struct __test_metadata *_metadata, struct l1 *l1, __u32 profile,
			 const struct offer *offer)
{
	struct nvmx_caps caps;

	l1_open(l1);
	caps = l1->info.out_caps;
	if (profile == NVMX_PROFILE_SEALED)
		caps.msr[CAPS_MISC] &= ~BIT(29);
	caps.msr[offer->ctl] &= ~(offer->bit << 32);
	if (offer->ctl == CAPS_PROC)
		caps.msr[CAPS_TRUE(CAPS_PROC)] &= ~(offer->bit << 32);
	ASSERT_EQ(0, nvmx_enable_caps(l1->fd, profile, &caps));
	test_get_info(l1->fd, &l1->info);
	l1->profile = profile;
	l1_map(l1);
	test_vmxon(l1->fd, L1_VMXON);
	l1_fresh_vmcs(l1, 0);
	l1_prepare(l1, L2_64);
}

TEST_F(apic, an_l1_that_was_not_offered_a_control_does_not_have_it)
{
	const struct offer *offer;
	__u32 controls;
	__u64 value;
	struct l1 l1;

	for (offer = offers; offer < offers + ARRAY_LEN(offers); offer++) {
		if (!l1_can(&self->l1, offer->ctl, offer->bit))
			continue;
		open_without(_metadata, &l1, variant->profile, offer);
		if (offer->field) {
			test_vmx_vmread(VMX_FAIL(12), l1.fd, offer->field, &value);
			test_vmx_vmwrite(VMX_FAIL(12), l1.fd, offer->field, 0);
		}
		controls = offer->ctl == CAPS_PROC ? CPU_BASED_VM_EXEC_CONTROL :
						     SECONDARY_VM_EXEC_CONTROL;
		l1_set_control(&l1, CAPS_PROC2, 0);
		l1_write(&l1, controls, l1_read(&l1, controls) | offer->bit);
		EXPECT_EQ(VMX_FAIL(7), apic_attempt(&l1));
		EXPECT_EQ(offer->rule, l1.run->failure[0].rule)
			TH_LOG("control %#llx", offer->bit);
		l1_close(&l1);
	}
}

TEST_F(apic, the_addresses_cannot_become_passthrough_and_are_not_shown)
{
	static const __u32 fields[] = { VIRTUAL_APIC_PAGE_ADDR, APIC_ACCESS_ADDR };
	struct nvmx_field_policy policy;
	struct nvmx_peek peek;
	unsigned int i;

	expect_runs(mov_to_cr8, 1, -1);
	for (i = 0; i < ARRAY_LEN(fields); i++) {
		EXPECT_NE(0, nvmx_set_policy(self->l1.fd, fields[i],
					     NVMX_POLICY_PASSTHROUGH, &policy));
		test_err_peek(ENOENT, self->l1.fd, NVMX_PEEK_VMCS02, fields[i], &peek);
	}
}

TEST_HARNESS_MAIN
