// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID of L1's machine: what it says by default, what may be said instead, that
 * L1 can answer L2 by it, and that L0 does not do what it says is not there.
 */
#include <cpuid.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(cpuid);
L2_CODE(mov_to_cr4);
L2_CODE(rdmsr);
L2_CODE(wrmsr);

#define MSR_EFER	0xc0000080
#define MSR_TSC_AUX	0xc0000103
#define CR4_SMEP	BIT(20)

FIXTURE(cpuid) {
	struct l1 l1;
	struct nvmx_cpuid arg;
	struct nvmx_cpuid_entry entry[NVMX_CPUID_MAX + 1];
	__u32 where;
};

FIXTURE_SETUP(cpuid)
{
	l1_open(&self->l1);
	l1_enable(&self->l1, NVMX_PROFILE_SDM);
	test_get_cpuid(self->l1.fd, self->entry, NVMX_CPUID_MAX, &self->arg);
	ASSERT_LT(4, self->arg.out_total);
	ASSERT_EQ(self->arg.out_total, self->arg.out_count);
}

FIXTURE_TEARDOWN(cpuid)
{
	l1_close(&self->l1);
}

static struct nvmx_cpuid_entry *find(struct nvmx_cpuid_entry *entry, __u32 leaf)
{
	while (entry->leaf != leaf)
		entry++;
	return entry;
}

#define leaf(n)	find(self->entry, n)
#define set()	nvmx_set_cpuid(self->l1.fd, self->entry, self->arg.out_total, &self->where)

/* VMXON and an L2 in 64-bit mode, on the processor that has been defined. */
static void start(struct l1 *l1)
{
	if (nvmx_get_info(l1->fd, &l1->info))
		l1_die(l1, "GET_INFO failed");
	l1_map(l1);
	if (nvmx_vmxon(l1->fd, L1_VMXON))
		l1_die(l1, "VMXON failed");
	l1_fresh_vmcs(l1, 0);
	l1_prepare(l1, L2_64);
}

TEST_F(cpuid, the_default_is_the_host_s_without_what_l1_lacks)
{
	const struct nvmx_caps *caps = &self->l1.info.out_caps;
	unsigned int a, b, c, d;

	__cpuid(0, a, b, c, d);
	EXPECT_EQ(b, leaf(0)->ebx);
	EXPECT_EQ(c, leaf(0)->ecx);
	EXPECT_EQ(d, leaf(0)->edx);
	__cpuid(1, a, b, c, d);
	EXPECT_EQ(a, leaf(1)->eax);
	EXPECT_EQ(BIT(5), leaf(1)->ecx & BIT(5));
	EXPECT_EQ(0, leaf(1)->ecx & ~c & ~(BIT(5) | BIT(26)));
	EXPECT_EQ(0, leaf(1)->edx & ~d);
	EXPECT_EQ(0, leaf(1)->edx & BIT(9));
	EXPECT_EQ(caps->maxphyaddr | caps->linear_bits << 8, leaf(0x80000008)->eax);
	EXPECT_EQ(BIT(29), leaf(0x80000001)->edx & BIT(29));
}

TEST_F(cpuid, before_enable_it_tells_what_is_offered)
{
	struct nvmx_cpuid_entry entry[NVMX_CPUID_MAX];
	struct nvmx_cpuid arg = {};
	struct l1 other;

	l1_open(&other);
	test_get_cpuid(other.fd, entry, NVMX_CPUID_MAX, &arg);
	EXPECT_EQ(self->arg.out_total, arg.out_total);
	EXPECT_EQ(0, memcmp(entry, self->entry, arg.out_total * sizeof(entry[0])));
	test_err_set_cpuid(EINVAL, other.fd, entry, arg.out_total, &self->where);
	l1_close(&other);
}

TEST_F(cpuid, l1_answers_l2_by_the_table)
{
	static const __u32 questions[][2] = {
		{ 0, 0 }, { 1, 5 }, { 7, 0 }, { 7, 1 }, { 0x80000001, 0 },
		{ 0x80000008, 0 }, { 3, 0 }, { 0x40000000, 0 }, { 0x7fffffff, 9 },
	};
	struct l1 *l1 = &self->l1;
	struct nvmx_cpuid arg;
	size_t i;

	start(l1);
	for (i = 0; i < ARRAY_LEN(questions); i++) {
		l1_load(l1, cpuid);
		l1->run->gpr[NVMX_RAX] = questions[i][0];
		l1->run->gpr[NVMX_RCX] = questions[i][1];
		l1_run_until(l1, EXIT_CPUID);
		memset(&arg, 0, sizeof(arg));
		arg.leaf = l1->run->gpr[NVMX_RAX];
		arg.subleaf = l1->run->gpr[NVMX_RCX];
		test_get_cpuid(l1->fd, NULL, 0, &arg);
		l1->run->gpr[NVMX_RAX] = arg.out_eax;
		l1->run->gpr[NVMX_RBX] = arg.out_ebx;
		l1->run->gpr[NVMX_RCX] = arg.out_ecx;
		l1->run->gpr[NVMX_RDX] = arg.out_edx;
		l1_skip(l1);
		l1_run_until(l1, EXIT_VMCALL);
		if (questions[i][0] == 0 || questions[i][0] == 0x80000008) {
			EXPECT_EQ(leaf(questions[i][0])->eax, l1->run->gpr[NVMX_RAX]);
			EXPECT_EQ(leaf(questions[i][0])->ebx, l1->run->gpr[NVMX_RBX]);
		}
		if (questions[i][0] == 3) {
			EXPECT_EQ(0, l1->run->gpr[NVMX_RAX]);
		}
	}
	/* Past the end: as the last basic leaf. */
	EXPECT_EQ(find(self->entry, leaf(0)->eax)->ebx, l1->run->gpr[NVMX_RBX]);
}

TEST_F(cpuid, what_is_taken_away_is_not_there_for_l2)
{
	struct l1 *l1 = &self->l1;

	if (!(leaf(7)->ebx & BIT(7)))
		SKIP(return, "no SMEP");
	leaf(7)->ebx &= ~BIT(7);
	leaf(0x80000001)->edx &= ~BIT(20);
	ASSERT_EQ(0, set());
	start(l1);
	EXPECT_EQ(0, l1->info.out_caps.msr[CAPS_CR4_FIXED1] & CR4_SMEP);
	EXPECT_EQ(0, l1->info.out_caps.efer_valid & EFER_NX);
	/* A reserved bit of CR4, and of IA32_EFER. */
	l1_load(l1, mov_to_cr4);
	l1->run->gpr[NVMX_RAX] = l1_read(l1, GUEST_CR4) | CR4_SMEP;
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_GP, l1_vector(l1));
	if (!l1_can(l1, CAPS_PROC, PROC_MSR_BITMAPS))
		return;
	l1_prepare(l1, L2_64);
	l1_set_control(l1, CAPS_PROC, PROC_MSR_BITMAPS);
	l1_write(l1, MSR_BITMAP, L1_MSR_BITMAP);
	l1_load(l1, wrmsr);
	l1->run->gpr[NVMX_RCX] = MSR_EFER;
	l1->run->gpr[NVMX_RAX] = EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	l1->run->gpr[NVMX_RDX] = 0;
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_GP, l1_vector(l1));
}

TEST_F(cpuid, without_rdtscp_and_rdpid_there_is_no_tsc_aux)
{
	struct l1 *l1 = &self->l1;
	int i;

	for (i = 0; i < 2; i++) {
		if (i) {
			leaf(0x80000001)->edx &= ~BIT(27);
			leaf(7)->ecx &= ~BIT(22);
			test_vmxoff(l1->fd);
			ASSERT_EQ(0, set());
			test_vmxon(l1->fd, L1_VMXON);
			l1_use_vmcs(l1, 0);
		} else {
			start(l1);
		}
		if (!l1_can(l1, CAPS_PROC, PROC_MSR_BITMAPS))
			SKIP(return, "no MSR bitmaps");
		l1_prepare(l1, L2_64);
		l1_set_control(l1, CAPS_PROC, PROC_MSR_BITMAPS);
		l1_write(l1, MSR_BITMAP, L1_MSR_BITMAP);
		l1_load(l1, rdmsr);
		l1->run->gpr[NVMX_RCX] = MSR_TSC_AUX;
		l1_run_until(l1, EXIT_VMCALL);
		EXPECT_EQ(i ? VEC_GP : -1, l1_vector(l1));
	}
}

TEST_F(cpuid, what_was_taken_away_can_come_back)
{
	struct nvmx_info before, after;

	test_get_info(self->l1.fd, &before);
	leaf(1)->ecx &= ~BIT(17);
	leaf(7)->ebx = 0;
	ASSERT_EQ(0, set());
	test_get_info(self->l1.fd, &after);
	test_get_cpuid(self->l1.fd, self->entry, NVMX_CPUID_MAX, &self->arg);
	EXPECT_EQ(0, leaf(7)->ebx);
	/* The default again. */
	l1_close(&self->l1);
	l1_open(&self->l1);
	l1_enable(&self->l1, NVMX_PROFILE_SDM);
	test_get_cpuid(self->l1.fd, self->entry, NVMX_CPUID_MAX, &self->arg);
	ASSERT_EQ(0, set());
	test_get_info(self->l1.fd, &after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

TEST_F(cpuid, what_l0_does_not_offer_is_refused_leaf_by_leaf)
{
	struct nvmx_cpuid_entry good[NVMX_CPUID_MAX];
	struct nvmx_info before, after;

	memcpy(good, self->entry, sizeof(good));
	test_get_info(self->l1.fd, &before);
#define refused(errno)	do {						\
		EXPECT_EQ(-(errno), set());				\
		memcpy(self->entry, good, sizeof(good));		\
	} while (0)
	leaf(1)->edx |= BIT(9);
	refused(EOPNOTSUPP);
	EXPECT_EQ(leaf(1) - self->entry, self->where);
	leaf(1)->ecx |= BIT(24);
	refused(EOPNOTSUPP);
	leaf(0x80000001)->ecx |= BIT(31);
	refused(EOPNOTSUPP);
	leaf(2)->leaf = 3;
	refused(EOPNOTSUPP);
	leaf(1)->ecx &= ~BIT(5);
	refused(EINVAL);
	leaf(0x80000008)->eax++;
	refused(EINVAL);
	leaf(1)->reserved = 1;
	refused(EINVAL);
	leaf(1)->flags = 4;
	refused(EINVAL);
	self->entry[1] = self->entry[0];
	refused(EINVAL);
	test_err(EINVAL, nvmx_set_cpuid(self->l1.fd, self->entry, NVMX_CPUID_MAX + 1,
					&self->where));
	test_err(EINVAL, nvmx_set_cpuid(self->l1.fd, self->entry, 0, &self->where));
	test_err(EFAULT, nvmx_set_cpuid(self->l1.fd, NULL, 5, &self->where));
	test_get_info(self->l1.fd, &after);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	start(&self->l1);
	test_err(EBUSY, nvmx_set_cpuid(self->l1.fd, self->entry, self->arg.out_total,
				       &self->where));
}

TEST_F(cpuid, a_snapshot_carries_it)
{
	struct nvmx_cpuid_entry entry[NVMX_CPUID_MAX];
	static __u8 data[0x20000];
	struct nvmx_snapshot snapshot;
	struct nvmx_cpuid arg = {};
	struct nvmx_info a, b;
	struct l1 other;
	__u64 bytes;

	leaf(7)->ebx = 0;
	leaf(1)->eax = 0x12345;
	ASSERT_EQ(0, set());
	test_get_snapshot(self->l1.fd, data, sizeof(data), &bytes);
	l1_open(&other);
	test_set_snapshot(other.fd, data, bytes, &snapshot);
	test_get_cpuid(other.fd, entry, NVMX_CPUID_MAX, &arg);
	EXPECT_EQ(self->arg.out_total, arg.out_total);
	EXPECT_EQ(0, memcmp(entry, self->entry, arg.out_total * sizeof(entry[0])));
	test_get_info(self->l1.fd, &a);
	test_get_info(other.fd, &b);
	EXPECT_EQ(0, memcmp(&a, &b, sizeof(a)));
	l1_close(&other);
}

TEST_HARNESS_MAIN
