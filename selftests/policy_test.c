// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fields are forwarded: the two profiles, and overrides within what the
 * field table allows.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

#define P	BIT(NVMX_POLICY_PASSTHROUGH)
#define E	BIT(NVMX_POLICY_EMULATED)
#define R	BIT(NVMX_POLICY_READ_ONLY)
#define H	BIT(NVMX_POLICY_HIDDEN)
#define ALLOW_EH	(E | H)
#define ALLOW_RH	(R | H)
#define ALLOW_PRH	(P | R | H)
#define ALLOW_ERH	(E | R | H)
#define ALLOW_PERH	(P | E | R | H)

static const struct field {
	const char *name;
	__u32 encoding;
	__u8 policy[2];
	__u8 allowed;
} fields[] = {
#define VMCS_FIELD(enc, cap, sdm, sealed, allowed, merge, sync, dflt)	\
	{ #enc, enc, { NVMX_POLICY_##sdm, NVMX_POLICY_##sealed }, allowed },
#include "../vmcs_fields.h"
};

FIXTURE(policy) {
	struct l1 l1;
	struct nvmx_field_policy policy;
};

FIXTURE_VARIANT(policy) {
	__u32 profile;
};

FIXTURE_VARIANT_ADD(policy, sdm) {
	.profile = NVMX_PROFILE_SDM,
};

FIXTURE_VARIANT_ADD(policy, sealed) {
	.profile = NVMX_PROFILE_SEALED,
};

FIXTURE_SETUP(policy)
{
	l1_start(&self->l1, variant->profile);
}

FIXTURE_TEARDOWN(policy)
{
	l1_close(&self->l1);
}

L2_CODE(vmcall);
L2_CODE(spin);
L2_CODE(mov_from_cr3);

TEST_F(policy, each_field_starts_with_the_policy_of_its_profile)
{
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		ret = nvmx_get_policy(self->l1.fd, fields[i].encoding, &self->policy);
		if (ret == -ENOENT)
			continue;
		EXPECT_EQ(0, ret);
		EXPECT_EQ(fields[i].policy[variant->profile], self->policy.out_policy)
			TH_LOG("%s", fields[i].name);
		EXPECT_EQ(fields[i].allowed, self->policy.out_allowed)
			TH_LOG("%s", fields[i].name);
		EXPECT_NE(0, self->policy.out_allowed & BIT(self->policy.out_policy));
	}
}

TEST_F(policy, either_half_names_the_field)
{
	test_set_policy(self->l1.fd, TSC_OFFSET | 1, NVMX_POLICY_HIDDEN, &self->policy);
	test_get_policy(self->l1.fd, TSC_OFFSET, &self->policy);
	EXPECT_EQ(NVMX_POLICY_HIDDEN, self->policy.out_policy);
}

TEST_F(policy, a_field_that_does_not_exist_has_no_policy)
{
	static const __u32 none[] = { 0x7ffe, 0x8000, GUEST_RIP | 1, 0xffffffff,
				      SEAM_GUEST_KEYID, 1U << 16 | GUEST_RIP };
	size_t i;

	for (i = 0; i < ARRAY_LEN(none); i++) {
		test_err_get_policy(ENOENT, self->l1.fd, none[i], &self->policy);
		test_err_set_policy(ENOENT, self->l1.fd, none[i],
				    NVMX_POLICY_HIDDEN, &self->policy);
	}
}

TEST_F(policy, a_policy_that_does_not_exist_is_refused)
{
	test_err_set_policy(EINVAL, self->l1.fd, GUEST_RIP, 4, &self->policy);
	test_err_set_policy(EINVAL, self->l1.fd, GUEST_RIP, ~0U, &self->policy);
}

TEST_F_TIMEOUT(policy, overrides_are_accepted_exactly_where_allowed, 120)
{
	__u32 p;
	size_t i;
	int ret;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];

		if (nvmx_get_policy(self->l1.fd, f->encoding, &self->policy))
			continue;
		for (p = 0; p < 4; p++) {
			ret = nvmx_set_policy(self->l1.fd, f->encoding, p, &self->policy);
			EXPECT_EQ(f->allowed & BIT(p) ? 0 : -EOPNOTSUPP, ret)
				TH_LOG("%s, policy %u", f->name, p);
			EXPECT_EQ(!ret, self->policy.out_reason == NVMX_POLICY_OK)
				TH_LOG("%s, policy %u", f->name, p);
			if (!ret) {
				nvmx_get_policy(self->l1.fd, f->encoding, &self->policy);
				EXPECT_EQ(p, self->policy.out_policy);
			}
		}
	}
}

TEST_F(policy, a_refusal_says_why_and_changes_nothing)
{
	struct nvmx_field_policy before;

	test_get_policy(self->l1.fd, EPT_POINTER, &before);
	test_err_set_policy(EOPNOTSUPP, self->l1.fd, EPT_POINTER,
			    NVMX_POLICY_PASSTHROUGH, &self->policy);
	EXPECT_EQ(NVMX_POLICY_L0_MERGES, self->policy.out_reason);
	test_err_set_policy(EOPNOTSUPP, self->l1.fd, EPT_POINTER,
			    NVMX_POLICY_READ_ONLY, &self->policy);
	EXPECT_EQ(NVMX_POLICY_NOT_WATCHABLE, self->policy.out_reason);
	test_err_set_policy(EOPNOTSUPP, self->l1.fd, GUEST_ES_LIMIT,
			    NVMX_POLICY_EMULATED, &self->policy);
	EXPECT_EQ(NVMX_POLICY_NO_MERGE, self->policy.out_reason);
	test_err_set_policy(EOPNOTSUPP, self->l1.fd, VM_EXIT_REASON,
			    NVMX_POLICY_PASSTHROUGH, &self->policy);
	EXPECT_EQ(NVMX_POLICY_EXIT_INFO, self->policy.out_reason);
	test_get_policy(self->l1.fd, EPT_POINTER, &self->policy);
	EXPECT_EQ(before.out_policy, self->policy.out_policy);
}

TEST_F(policy, a_hidden_field_is_no_field_and_keeps_its_value)
{
	struct nvmx_peek peek;
	__u64 value;

	l1_write(&self->l1, GUEST_CR3, 0x5000);
	test_set_policy(self->l1.fd, GUEST_CR3, NVMX_POLICY_HIDDEN, &self->policy);
	test_vmx_vmread(VMX_FAIL(12), self->l1.fd, GUEST_CR3, &value);
	test_vmx_vmwrite(VMX_FAIL(12), self->l1.fd, GUEST_CR3, 0x6000);
	test_peek(self->l1.fd, NVMX_PEEK_VMCS12, GUEST_CR3, &peek);
	EXPECT_EQ(0x5000, peek.out_value);
	EXPECT_EQ(NVMX_POLICY_HIDDEN, peek.out_policy);
	test_set_policy(self->l1.fd, GUEST_CR3, NVMX_POLICY_PASSTHROUGH, &self->policy);
	EXPECT_EQ(0x5000, l1_read(&self->l1, GUEST_CR3));
}

TEST_F(policy, a_read_only_guest_field_is_watched_not_written)
{
	l1_write(&self->l1, GUEST_RSP, 0x7000);
	test_set_policy(self->l1.fd, GUEST_RSP, NVMX_POLICY_READ_ONLY, &self->policy);
	test_vmx_vmwrite(VMX_FAIL(13), self->l1.fd, GUEST_RSP, 0x6000);
	EXPECT_EQ(0x7000, l1_read(&self->l1, GUEST_RSP));
}

TEST_F(policy, a_hidden_control_has_l0s_default_in_effect)
{
	l1_prepare(&self->l1, L2_64);
	l1_set_control(&self->l1, CAPS_PROC, PROC_CR3_STORE);
	l1_load(&self->l1, mov_from_cr3);
	l1_run_until(&self->l1, EXIT_CR);

	test_set_policy(self->l1.fd, EXCEPTION_BITMAP, NVMX_POLICY_HIDDEN, &self->policy);
	test_set_policy(self->l1.fd, CR0_READ_SHADOW, NVMX_POLICY_HIDDEN, &self->policy);
	l1_skip(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(policy, hiding_the_exception_bitmap_stops_its_exits)
{
	l1_prepare(&self->l1, L2_64);
	l1_write(&self->l1, EXCEPTION_BITMAP, BIT(VEC_UD));
	memcpy(l1_ptr(&self->l1, L1_CODE), "\x0f\x0b\x0f\x01\xc1", 5);
	l1_run_until(&self->l1, EXIT_EXCEPTION);
	test_set_policy(self->l1.fd, EXCEPTION_BITMAP, NVMX_POLICY_HIDDEN, &self->policy);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_UD, l1_vector(&self->l1));
	test_set_policy(self->l1.fd, EXCEPTION_BITMAP, NVMX_POLICY_EMULATED, &self->policy);
	l1_write(&self->l1, GUEST_RIP, L1_CODE);
	l1_run_until(&self->l1, EXIT_EXCEPTION);
}

TEST_F(policy, a_policy_cannot_change_while_l2_is_live)
{
	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, spin);
	self->l1.run->immediate_exit = 1;
	test_enter(self->l1.fd, NVMX_ENTER_LAUNCH);
	ASSERT_EQ(NVMX_KIND_INTERRUPTED, self->l1.run->kind);
	test_err_set_policy(EBUSY, self->l1.fd, GUEST_RSP,
			    NVMX_POLICY_HIDDEN, &self->policy);
	test_get_policy(self->l1.fd, GUEST_RSP, &self->policy);
	EXPECT_NE(NVMX_POLICY_HIDDEN, self->policy.out_policy);
}

TEST(sealed_hides_the_host_state_and_its_rules_do_not_apply)
{
	struct l1 l1;
	__u64 value;

	l1_start(&l1, NVMX_PROFILE_SEALED);
	test_vmx_vmread(VMX_FAIL(12), l1.fd, HOST_RIP, &value);
	test_vmx_vmwrite(VMX_FAIL(12), l1.fd, HOST_CR0, 0);
	test_vmx_vmwrite(VMX_FAIL(12), l1.fd, HOST_CS_SELECTOR, 0);
	l1_prepare(&l1, L2_64);
	l1_load(&l1, vmcall);
	l1_run_until(&l1, EXIT_VMCALL);
	l1_close(&l1);
}

TEST(sealed_gives_l1_its_registers_back)
{
	struct nvmx_l1 before, after;
	struct l1 l1;

	l1_start(&l1, NVMX_PROFILE_SEALED);
	test_get_l1(l1.fd, &before);
	before.rip = 0xabcd;
	before.rflags |= 1;
	before.gpr[NVMX_RSI] = 0x5151;
	before.gpr[NVMX_RSP] = 0x6161;
	before.seg[NVMX_GS].base = 0x7171000;
	test_set_l1(l1.fd, &before);
	l1_prepare(&l1, L2_64);
	l1_load(&l1, vmcall);
	l1.run->gpr[NVMX_RSI] = 0x9999;
	l1_run_until(&l1, EXIT_VMCALL);
	EXPECT_EQ(0x9999, l1.run->gpr[NVMX_RSI]);
	test_get_l1(l1.fd, &after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	l1_close(&l1);
}

TEST(sdm_loads_l1_from_the_host_state_area)
{
	struct nvmx_l1 regs;
	struct l1 l1;

	l1_start(&l1, NVMX_PROFILE_SDM);
	test_get_l1(l1.fd, &regs);
	regs.rflags |= 1;
	regs.dr7 = 0x401;
	test_set_l1(l1.fd, &regs);
	l1_prepare(&l1, L2_64);
	l1_load(&l1, vmcall);
	l1.run->gpr[NVMX_RSI] = 0x9999;
	l1_run_until(&l1, EXIT_VMCALL);
	test_get_l1(l1.fd, &regs);
	EXPECT_EQ(l1_read(&l1, HOST_RIP), regs.rip);
	EXPECT_EQ(l1_read(&l1, HOST_RSP), regs.gpr[NVMX_RSP]);
	EXPECT_EQ(0x9999, regs.gpr[NVMX_RSI]);
	EXPECT_EQ(RFLAGS_FIXED, regs.rflags);
	EXPECT_EQ(l1_read(&l1, HOST_CR3), regs.cr3);
	EXPECT_EQ(0x400, regs.dr7);
	EXPECT_EQ(0, regs.debugctl);
	EXPECT_EQ(l1_read(&l1, HOST_FS_BASE), regs.seg[NVMX_FS].base);
	EXPECT_EQ(l1_read(&l1, HOST_CS_SELECTOR), regs.seg[NVMX_CS].selector);
	EXPECT_EQ(l1_read(&l1, HOST_TR_SELECTOR), regs.seg[NVMX_TR].selector);
	EXPECT_EQ(0x67, regs.seg[NVMX_TR].limit);
	EXPECT_EQ(0xffff, regs.gdtr_limit);
	EXPECT_EQ(0xffff, regs.idtr_limit);
	EXPECT_EQ(l1_read(&l1, HOST_GDTR_BASE), regs.gdtr_base);
	EXPECT_EQ(0x10, regs.sysenter_cs);
	EXPECT_EQ(0, regs.cpl);
	l1_close(&l1);
}

TEST_HARNESS_MAIN
