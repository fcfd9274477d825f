// SPDX-License-Identifier: GPL-2.0-only
/*
 * What L0 must have in vmcs02 is there whatever L1 puts into vmcs12: read back
 * from the processor's VMCS after L2 ran.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(vmcall);

FIXTURE(own) {
	struct l1 l1;
};

FIXTURE_VARIANT(own) {
	__u32 profile;
	bool ept;
};

FIXTURE_VARIANT_ADD(own, sdm) { .profile = NVMX_PROFILE_SDM };
FIXTURE_VARIANT_ADD(own, sdm_ept) { .profile = NVMX_PROFILE_SDM, .ept = true };
FIXTURE_VARIANT_ADD(own, sealed) { .profile = NVMX_PROFILE_SEALED };

FIXTURE_SETUP(own)
{
	l1_start(&self->l1, variant->profile);
	l1_prepare(&self->l1, L2_64);
	if (variant->ept)
		l1_use_ept(&self->l1);
	l1_load(&self->l1, vmcall);
}

FIXTURE_TEARDOWN(own)
{
	l1_close(&self->l1);
}

static __u64 peek02(struct l1 *l1, __u32 encoding)
{
	struct nvmx_peek peek;

	if (nvmx_peek(l1->fd, NVMX_PEEK_VMCS02, encoding, &peek))
		l1_die(l1, "vmcs02: field %#x is not shown", encoding);
	return peek.out_value;
}

/* Bits that are 1 in vmcs02 (the low half), and bits that are 0 (the high). */
struct own_bits {
	__u32 encoding;
	__u64 ones;
	__u64 zeros;
};

static const struct own_bits own_bits[] = {
	{ PIN_BASED_VM_EXEC_CONTROL, PIN_EXT_INTR | PIN_NMI | PIN_VNMI, BIT(7) },
	{ CPU_BASED_VM_EXEC_CONTROL,
	  PROC_HLT | PROC_MWAIT | PROC_MONITOR | PROC_RDPMC | PROC_MOV_DR |
	  PROC_UNCOND_IO | PROC_MSR_BITMAPS | PROC_CR8_LOAD | PROC_CR8_STORE |
	  PROC_SECONDARY, PROC_IO_BITMAPS | PROC_TPR_SHADOW },
	{ SECONDARY_VM_EXEC_CONTROL, PROC2_EPT | PROC2_WBINVD,
	  BIT(0) | BIT(4) | BIT(8) | BIT(9) | BIT(13) | BIT(14) | BIT(17) | BIT(18) },
	{ VM_EXIT_CONTROLS,
	  EXIT_HOST_64 | EXIT_SAVE_DEBUG | EXIT_SAVE_PAT | EXIT_LOAD_PAT |
	  EXIT_SAVE_EFER | EXIT_LOAD_EFER, EXIT_ACK_INTR },
	{ VM_ENTRY_CONTROLS, ENTRY_LOAD_DEBUG | ENTRY_LOAD_PAT | ENTRY_LOAD_EFER,
	  BIT(10) | BIT(11) },
	{ EXCEPTION_BITMAP, BIT(VEC_AC) | BIT(VEC_DB) | BIT(18), 0 },
	{ CR0_GUEST_HOST_MASK, CR0_CD | CR0_NW, 0 },
	{ CR4_GUEST_HOST_MASK, CR4_VMXE | BIT(6) | BIT(22) | BIT(23), 0 },
	{ GUEST_CR0, 0, CR0_CD | CR0_NW },
	{ GUEST_CR4, CR4_VMXE, BIT(22) | BIT(23) },
	{ GUEST_ACTIVITY_STATE, 0, ~0ULL },
	{ GUEST_IA32_DEBUGCTL, 0, BIT(0) },
	{ VM_EXIT_MSR_STORE_COUNT, 0, ~0ULL },
	{ VM_EXIT_MSR_LOAD_COUNT, 0, ~0ULL },
	{ VM_ENTRY_MSR_LOAD_COUNT, 0, ~0ULL },
	{ VMCS_LINK_POINTER, ~0ULL, 0 },
};

static void check_own(struct __test_metadata *_metadata, struct l1 *l1)
{
	const struct own_bits *own;
	__u64 value;

	for (own = own_bits; own < own_bits + ARRAY_SIZE(own_bits); own++) {
		value = peek02(l1, own->encoding);
		EXPECT_EQ(own->ones, value & own->ones)
			TH_LOG("field %#x", own->encoding);
		EXPECT_EQ(0, value & own->zeros)
			TH_LOG("field %#x", own->encoding);
	}
}

TEST_F(own, l0_has_its_own_when_l1_asks_for_nothing)
{
	struct l1 *l1 = &self->l1;
	int ctl;

	/* Only what must be 1, and what the mode of L2 needs. */
	for (ctl = CAPS_PIN; ctl <= CAPS_PROC; ctl++)
		l1_clear_control(l1, ctl, ctl == CAPS_PROC && variant->ept ?
				 ~(__u64)PROC_SECONDARY : ~0ULL);
	l1_clear_control(l1, CAPS_EXIT, ~(__u64)(EXIT_HOST_64 | EXIT_LOAD_EFER));
	l1_write(l1, EXCEPTION_BITMAP, 0);
	ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1));
	check_own(_metadata, l1);
}

TEST_F(own, l0_has_its_own_when_l1_asks_for_everything)
{
	static const __u64 wanted[] = {
		[CAPS_PROC] = PROC_HLT | PROC_INVLPG | PROC_MWAIT | PROC_RDPMC |
			PROC_RDTSC | PROC_CR3_LOAD | PROC_CR3_STORE | PROC_CR8_LOAD |
			PROC_CR8_STORE | PROC_MOV_DR | PROC_UNCOND_IO |
			PROC_IO_BITMAPS | PROC_MSR_BITMAPS | PROC_MONITOR | PROC_PAUSE,
	};
	struct l1 *l1 = &self->l1;

	l1_set_control(l1, CAPS_PROC, wanted[CAPS_PROC]);
	l1_set_control(l1, CAPS_EXIT, EXIT_ACK_INTR | EXIT_SAVE_DEBUG);
	l1_set_control(l1, CAPS_ENTRY, ENTRY_LOAD_DEBUG);
	l1_write(l1, GUEST_DR7, 0x400);
	l1_write(l1, GUEST_IA32_DEBUGCTL, 1);
	l1_write(l1, EXCEPTION_BITMAP, 0xffffffff);
	l1_write(l1, CR0_GUEST_HOST_MASK, 0);
	l1_write(l1, CR4_GUEST_HOST_MASK, 0);
	l1_write(l1, GUEST_CR0, l1_read(l1, GUEST_CR0) | CR0_CD | CR0_NW);
	ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1));
	check_own(_metadata, l1);
	/* L2 has what it set, though the processor has not. */
	EXPECT_EQ(CR0_CD | CR0_NW, l1_read(l1, GUEST_CR0) & (CR0_CD | CR0_NW));
}

TEST_F(own, l0_has_its_own_when_l1_asks_for_the_local_apic)
{
	/* Of the local APIC, L1 gets all but x2APIC mode and posted interrupts. */
	static const __u64 apic = BIT(0) | BIT(8) | BIT(9);
	struct l1 *l1 = &self->l1;
	__u64 proc;

	if (!l1_can(l1, CAPS_PROC2, apic))
		SKIP(return, "no virtual-interrupt delivery");
	l1_set_control(l1, CAPS_PIN, PIN_EXT_INTR);
	l1_set_control(l1, CAPS_PROC, PROC_TPR_SHADOW);
	l1_set_control(l1, CAPS_PROC2, apic);
	l1_write(l1, VIRTUAL_APIC_PAGE_ADDR, L1_FREE);
	l1_write(l1, APIC_ACCESS_ADDR, L1_FREE + 0x1000);
	ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1));
	EXPECT_EQ(apic, peek02(l1, SECONDARY_VM_EXEC_CONTROL) & (apic | BIT(4)));
	EXPECT_EQ(0, peek02(l1, PIN_BASED_VM_EXEC_CONTROL) & BIT(7));
	proc = peek02(l1, CPU_BASED_VM_EXEC_CONTROL);
	EXPECT_EQ(PROC_TPR_SHADOW | PROC_MSR_BITMAPS,
		  proc & (PROC_TPR_SHADOW | PROC_MSR_BITMAPS | PROC_CR8_LOAD |
			  PROC_CR8_STORE));
	/* Nothing of it is left over. */
	l1_clear_control(l1, CAPS_PROC2, apic);
	l1_clear_control(l1, CAPS_PROC, PROC_TPR_SHADOW);
	l1_write(l1, GUEST_RIP, L1_CODE);
	ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1));
	check_own(_metadata, l1);
}

TEST_F(own, host_state_and_addresses_of_vmcs02_are_not_shown)
{
	static const __u32 secret[] = {
		HOST_RIP, HOST_RSP, HOST_CR3, HOST_GDTR_BASE, HOST_IA32_EFER,
		HOST_CS_SELECTOR, MSR_BITMAP, EPT_POINTER, IO_BITMAP_A,
		VIRTUAL_APIC_PAGE_ADDR, APIC_ACCESS_ADDR,
	};
	struct l1 *l1 = &self->l1;
	struct nvmx_peek peek;
	unsigned int i;

	ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1));
	for (i = 0; i < ARRAY_SIZE(secret); i++)
		test_err_peek(ENOENT, l1->fd, NVMX_PEEK_VMCS02, secret[i], &peek);
}

TEST_HARNESS_MAIN
