// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMREAD and VMWRITE over all encodings, judged by the field table and the
 * capabilities that L1 sees.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

/* The field table, as far as it matters here. */
#define CAP(index, bit)		((index) << 6 | (bit))
#define CAP_BASIC(bit)		CAP(CAPS_BASIC, bit)
#define CAP_PIN(bit)		CAP(CAPS_PIN, 32 + (bit))
#define CAP_PROC(bit)		CAP(CAPS_PROC, 32 + (bit))
#define CAP_EXIT(bit)		CAP(CAPS_EXIT, 32 + (bit))
#define CAP_ENTRY(bit)		CAP(CAPS_ENTRY, 32 + (bit))
#define CAP_MISC(bit)		CAP(CAPS_MISC, bit)
#define CAP_PROC2(bit)		CAP(CAPS_PROC2, 32 + (bit))
#define CAP_EPT_VPID(bit)	CAP(CAPS_EPT_VPID, bit)
#define CAP_VMFUNC(bit)		CAP(0x11, bit)
#define CAP_PROC3(bit)		CAP(0x12, bit)
#define CAP_EXIT2(bit)		CAP(0x13, bit)
#define CAP_EITHER(entry, exit)	(0x8000 | (exit) << 5 | (entry))
#define CAP_ALWAYS		0xfffe
#define CAP_NEVER		0xffff

static const struct field {
	const char *name;
	__u32 encoding;
	__u32 cap;
	__u8 policy[2];
} fields[] = {
#define VMCS_FIELD(enc, cap, sdm, sealed, allowed, merge, sync, dflt)	\
	{ #enc, enc, cap, { NVMX_POLICY_##sdm, NVMX_POLICY_##sealed } },
#include "../vmcs_fields.h"
};

#define WIDTH(enc)	((enc) >> 13 & 3)
#define TYPE(enc)	((enc) >> 10 & 3)
#define HIGH(enc)	((enc) & 1)
enum { W16, W64, W32, WNATURAL };

FIXTURE(field) {
	struct l1 l1;
};

FIXTURE_VARIANT(field) {
	__u32 profile;
};

FIXTURE_VARIANT_ADD(field, sdm) {
	.profile = NVMX_PROFILE_SDM,
};

FIXTURE_VARIANT_ADD(field, sealed) {
	.profile = NVMX_PROFILE_SEALED,
};

FIXTURE_SETUP(field)
{
	l1_start(&self->l1, variant->profile);
}

FIXTURE_TEARDOWN(field)
{
	l1_close(&self->l1);
}

static bool has_cap(const struct nvmx_caps *caps, __u32 cap)
{
	if (cap >= CAP_ALWAYS)
		return cap == CAP_ALWAYS;
	if (cap & 0x8000)
		return has_cap(caps, CAP_ENTRY(cap & 31)) ||
		       has_cap(caps, CAP_EXIT(cap >> 5 & 31));
	return caps->msr[cap >> 6] & BIT(cap & 63);
}

/* The field that an operand names for L1, or NULL. */
static const struct field *find(struct l1 *l1, __u64 operand)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];

		if (f->encoding != (operand & ~1ULL))
			continue;
		if (HIGH(operand) && WIDTH(f->encoding) != W64)
			return NULL;
		if (!has_cap(&l1->info.out_caps, f->cap) ||
		    f->policy[l1->profile] == NVMX_POLICY_HIDDEN)
			return NULL;
		return f;
	}
	return NULL;
}

static bool writable(struct l1 *l1, const struct field *f)
{
	return f->policy[l1->profile] != NVMX_POLICY_READ_ONLY ||
	       (TYPE(f->encoding) == 1 &&
		l1->info.out_caps.msr[CAPS_MISC] & BIT(29));
}

/* Bits that a full write keeps. */
static __u64 mask(const struct field *f)
{
	if (f->encoding >= GUEST_ES_AR_BYTES && f->encoding <= GUEST_TR_AR_BYTES)
		return 0x1f0ff;
	switch (WIDTH(f->encoding)) {
	case W16:
		return 0xffff;
	case W32:
		return 0xffffffff;
	default:
		return ~0ULL;
	}
}

static long expected_read(struct l1 *l1, __u64 operand)
{
	return find(l1, operand) ? VMX_OK : VMX_FAIL(12);
}

static long expected_write(struct l1 *l1, __u64 operand)
{
	const struct field *f = find(l1, operand);

	if (!f)
		return VMX_FAIL(12);
	return writable(l1, f) ? VMX_OK : VMX_FAIL(13);
}

/* All 32768 encodings, 1024 in a call. */
TEST_F_TIMEOUT(field, vmread_knows_exactly_the_fields_of_this_processor, 120)
{
	static struct nvmx_field_value v[NVMX_ARRAY_MAX];
	__u32 base, i, failed;

	for (base = 0; base < 0x8000; base += NVMX_ARRAY_MAX) {
		memset(v, 0, sizeof(v));
		for (i = 0; i < NVMX_ARRAY_MAX; i++)
			v[i].encoding = base + i;
		ASSERT_EQ(0, nvmx_vmread_array(self->l1.fd, v, NVMX_ARRAY_MAX, &failed));
		for (i = 0; i < NVMX_ARRAY_MAX; i++) {
			EXPECT_EQ(expected_read(&self->l1, base + i),
				  nvmx_outcome(0, &v[i].result))
				TH_LOG("%#x", base + i);
		}
	}
}

TEST_F_TIMEOUT(field, vmwrite_knows_exactly_the_writable_ones, 120)
{
	static struct nvmx_field_value v[NVMX_ARRAY_MAX];
	__u32 base, i, failed;

	for (base = 0; base < 0x8000; base += NVMX_ARRAY_MAX) {
		memset(v, 0, sizeof(v));
		for (i = 0; i < NVMX_ARRAY_MAX; i++)
			v[i].encoding = base + i;
		ASSERT_EQ(0, nvmx_vmwrite_array(self->l1.fd, v, NVMX_ARRAY_MAX, &failed));
		for (i = 0; i < NVMX_ARRAY_MAX; i++) {
			EXPECT_EQ(expected_write(&self->l1, base + i),
				  nvmx_outcome(0, &v[i].result))
				TH_LOG("%#x", base + i);
		}
	}
}

TEST_F(field, an_operand_with_a_bit_above_14_is_no_field)
{
	unsigned int bit;
	__u64 value;

	for (bit = 15; bit < 64; bit++) {
		test_vmx_vmread(VMX_FAIL(12), self->l1.fd, BIT(bit) | GUEST_RIP, &value);
		EXPECT_EQ(0, value);
		test_vmx_vmwrite(VMX_FAIL(12), self->l1.fd, BIT(bit) | GUEST_RIP, 1);
	}
	test_vmx_vmread(VMX_FAIL(12), self->l1.fd, ~0ULL, &value);
	test_vmx_vmread(VMX_FAIL(12), self->l1.fd, BIT(12) | GUEST_RIP, &value);
}

TEST_F_TIMEOUT(field, every_field_keeps_its_width_and_only_its_own_value, 120)
{
	size_t i;
	__u64 value;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];

		if (expected_write(&self->l1, f->encoding) != VMX_OK)
			continue;
		EXPECT_EQ(VMX_OK, nvmx_vmwrite(self->l1.fd, f->encoding, ~0ULL));
		EXPECT_EQ(VMX_OK, nvmx_vmread(self->l1.fd, f->encoding, &value));
		EXPECT_EQ(mask(f), value)
			TH_LOG("%s", f->name);
		nvmx_vmwrite(self->l1.fd, f->encoding, 0x0123456700000000ULL | (i << 4));
	}
	for (i = 0; i < ARRAY_LEN(fields); i++) {
		const struct field *f = &fields[i];

		if (expected_write(&self->l1, f->encoding) != VMX_OK ||
		    f->encoding == VM_INSTRUCTION_ERROR)
			continue;
		nvmx_vmread(self->l1.fd, f->encoding, &value);
		EXPECT_EQ((0x0123456700000000ULL | (i << 4)) & mask(f), value)
			TH_LOG("%s", f->name);
	}
}

TEST_F(field, a_field_never_written_reads_0)
{
	size_t i;
	__u64 value;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		if (!find(&self->l1, fields[i].encoding))
			continue;
		EXPECT_EQ(VMX_OK, nvmx_vmread(self->l1.fd, fields[i].encoding, &value));
		EXPECT_EQ(0, value)
			TH_LOG("%s", fields[i].name);
	}
}

TEST_F(field, the_high_half_is_bits_63_to_32_and_leaves_the_others)
{
	size_t i;
	__u64 value;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		__u32 enc = fields[i].encoding;

		if (WIDTH(enc) != W64 || expected_write(&self->l1, enc) != VMX_OK)
			continue;
		nvmx_vmwrite(self->l1.fd, enc, 0x1111111122222222ULL);
		EXPECT_EQ(VMX_OK, nvmx_vmread(self->l1.fd, enc | 1, &value));
		EXPECT_EQ(0x11111111, value)
			TH_LOG("%s", fields[i].name);
		EXPECT_EQ(VMX_OK, nvmx_vmwrite(self->l1.fd, enc | 1,
					       0xffffffff33333333ULL));
		nvmx_vmread(self->l1.fd, enc, &value);
		EXPECT_EQ(0x3333333322222222ULL, value)
			TH_LOG("%s", fields[i].name);
	}
}

TEST_F(field, the_high_half_of_a_field_that_is_not_64_bits_is_no_field)
{
	size_t i;
	__u64 value;

	for (i = 0; i < ARRAY_LEN(fields); i++) {
		if (WIDTH(fields[i].encoding) == W64)
			continue;
		EXPECT_EQ(VMX_FAIL(12), nvmx_vmread(self->l1.fd,
						    fields[i].encoding | 1, &value))
			TH_LOG("%s", fields[i].name);
	}
}

/* L1 in 32-bit protected mode: VMREAD and VMWRITE have 32-bit operands. */
static void l1_legacy_mode(struct l1 *l1)
{
	struct nvmx_l1 regs;

	if (nvmx_get_l1(l1->fd, &regs))
		l1_die(l1, "GET_L1");
	regs.efer = 0;
	regs.seg[NVMX_CS].ar &= ~BIT(13);
	regs.seg[NVMX_CS].ar |= BIT(14);
	if (nvmx_set_l1(l1->fd, &regs))
		l1_die(l1, "SET_L1");
}

TEST_F(field, l1_outside_ia32e_mode_reads_the_low_32_bits)
{
	__u64 value;

	l1_write(&self->l1, GUEST_RSP, 0x1234567890abcdefULL);
	l1_write(&self->l1, VMCS_LINK_POINTER, 0x1234567890abcdefULL);
	l1_legacy_mode(&self->l1);
	test_vmread(self->l1.fd, GUEST_RSP, &value);
	EXPECT_EQ(0x90abcdef, value);
	test_vmread(self->l1.fd, VMCS_LINK_POINTER, &value);
	EXPECT_EQ(0x90abcdef, value);
	test_vmread(self->l1.fd, VMCS_LINK_POINTER | 1, &value);
	EXPECT_EQ(0x12345678, value);
}

TEST_F(field, l1_outside_ia32e_mode_writes_zeroes_above_bit_31)
{
	struct nvmx_peek peek;

	l1_write(&self->l1, GUEST_RSP, ~0ULL);
	l1_write(&self->l1, VMCS_LINK_POINTER, ~0ULL);
	l1_legacy_mode(&self->l1);
	test_vmwrite(self->l1.fd, GUEST_RSP, 0xabcd);
	test_vmwrite(self->l1.fd, VMCS_LINK_POINTER, 0xffff00001234ULL);
	test_peek(self->l1.fd, NVMX_PEEK_VMCS12, GUEST_RSP, &peek);
	EXPECT_EQ(0xabcd, peek.out_value);
	test_peek(self->l1.fd, NVMX_PEEK_VMCS12, VMCS_LINK_POINTER, &peek);
	EXPECT_EQ(0x1234, peek.out_value);
}

TEST_F(field, an_array_gives_each_element_its_own_result)
{
	struct nvmx_field_value v[] = {
		{ .encoding = GUEST_RSP, .value = 1 },
		{ .encoding = 0x7ffe, .value = 2 },
		{ .encoding = GUEST_CR3, .value = 3 },
		{ .encoding = 1ULL << 40, .value = 4 },
	};
	__u32 failed = 99;

	ASSERT_EQ(0, nvmx_vmwrite_array(self->l1.fd, v, 4, &failed));
	EXPECT_EQ(2, failed);
	EXPECT_EQ(VMX_OK, nvmx_outcome(0, &v[0].result));
	EXPECT_EQ(VMX_FAIL(12), nvmx_outcome(0, &v[1].result));
	EXPECT_EQ(VMX_OK, nvmx_outcome(0, &v[2].result));
	EXPECT_EQ(VMX_FAIL(12), nvmx_outcome(0, &v[3].result));
	v[0].value = 77;
	v[1].value = 77;
	v[2].value = 77;
	ASSERT_EQ(0, nvmx_vmread_array(self->l1.fd, v, 3, &failed));
	EXPECT_EQ(1, failed);
	EXPECT_EQ(1, v[0].value);
	EXPECT_EQ(0, v[1].value);
	EXPECT_EQ(3, v[2].value);
}

TEST_F(field, an_array_without_a_current_vmcs_fails_in_each_element)
{
	struct nvmx_field_value v[] = {
		{ .encoding = GUEST_RSP }, { .encoding = 0x7ffe },
	};
	__u32 failed = 0;

	test_vmclear(self->l1.fd, L1_VMCS(0));
	ASSERT_EQ(0, nvmx_vmread_array(self->l1.fd, v, 2, &failed));
	EXPECT_EQ(2, failed);
	EXPECT_EQ(VMX_INVALID, nvmx_outcome(0, &v[0].result));
	EXPECT_EQ(VMX_INVALID, nvmx_outcome(0, &v[1].result));
}

TEST_F(field, an_array_of_nothing_does_nothing)
{
	__u32 failed = 9;

	ASSERT_EQ(0, nvmx_vmwrite_array(self->l1.fd, NULL, 0, &failed));
	EXPECT_EQ(0, failed);
}

TEST_F(field, peek_tells_present_fields_from_absent_ones)
{
	struct nvmx_peek peek;

	test_peek(self->l1.fd, NVMX_PEEK_VMCS12, GUEST_CR3, &peek);
	EXPECT_EQ(0, peek.out_present);
	EXPECT_EQ(0, peek.out_value);
	l1_write(&self->l1, GUEST_CR3, 0);
	test_peek(self->l1.fd, NVMX_PEEK_VMCS12, GUEST_CR3, &peek);
	EXPECT_EQ(1, peek.out_present);
	test_err_peek(ENOENT, self->l1.fd, NVMX_PEEK_VMCS12, 0x7ffe, &peek);
	test_err_peek(ENOENT, self->l1.fd, NVMX_PEEK_VMCS02, GUEST_CR3, &peek);
	test_err_peek(EINVAL, self->l1.fd, 2, GUEST_CR3, &peek);
	test_vmclear(self->l1.fd, L1_VMCS(0));
	test_err_peek(ENOENT, self->l1.fd, NVMX_PEEK_VMCS12, GUEST_CR3, &peek);
}

TEST_F(field, vmcs_enum_names_the_highest_index)
{
	__u32 i, highest = 0;

	for (i = 0; i < ARRAY_LEN(fields); i++)
		if (has_cap(&self->l1.info.out_caps, fields[i].cap) &&
		    (fields[i].encoding >> 1 & 0x1ff) > highest)
			highest = fields[i].encoding >> 1 & 0x1ff;
	EXPECT_LE(highest, self->l1.info.out_caps.msr[CAPS_VMCS_ENUM] >> 1 & 0x1ff);
}

TEST_HARNESS_MAIN
