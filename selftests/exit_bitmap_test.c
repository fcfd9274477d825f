// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exits that bitmaps in L1's memory select: I/O ports and MSRs; and what MSRs
 * do when L1 lets L2 have them.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

FIXTURE(bitmap) {
	struct l1 l1;
	__u8 *msr;
	__u8 *io;
};

FIXTURE_VARIANT(bitmap) {
	__u32 profile;
	bool ept;
};

FIXTURE_VARIANT_ADD(bitmap, sdm) {
	.profile = NVMX_PROFILE_SDM,
};

FIXTURE_VARIANT_ADD(bitmap, sdm_ept) {
	.profile = NVMX_PROFILE_SDM,
	.ept = true,
};

FIXTURE_SETUP(bitmap)
{
	l1_start(&self->l1, variant->profile);
	if (variant->ept && !l1_can(&self->l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
	l1_prepare(&self->l1, L2_64);
	if (variant->ept)
		l1_use_ept(&self->l1);
	self->msr = l1_ptr(&self->l1, L1_MSR_BITMAP);
	self->io = l1_ptr(&self->l1, L1_IO_BITMAP);
}

FIXTURE_TEARDOWN(bitmap)
{
	l1_close(&self->l1);
}

L2_CODE(rdmsr);
L2_CODE(wrmsr);
L2_CODE(outb);
L2_CODE(outw);
L2_CODE(outl);
L2_CODE(inl);

#define MSR_TSC			0x10
#define MSR_FEAT_CTL		0x3a
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_PAT			0x277
#define MSR_VMX_BASIC		0x480
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_FMASK		0xc0000084
#define MSR_FS_BASE		0xc0000100
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

static void set_bit8(__u8 *map, unsigned int bit)
{
	map[bit / 8] |= 1 << bit % 8;
}

/* Set the bit of an MSR, for reads or writes. */
static void intercept_msr(__u8 *map, __u32 msr, bool write)
{
	if (msr >= 0xc0000000)
		map += 1024;
	if (write)
		map += 2048;
	set_bit8(map, msr & 0x1fff);
}

static __u32 try_msr(struct l1 *l1, bool write, __u32 msr, __u64 value)
{
	l1->run->gpr[NVMX_RCX] = msr | 0xabcd00000000ULL;
	l1->run->gpr[NVMX_RAX] = write ? (__u32)value : 0;
	l1->run->gpr[NVMX_RDX] = write ? value >> 32 : 0;
	l1_write(l1, GUEST_RSP, L1_STACK);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED);
	if (write)
		l1_load(l1, wrmsr);
	else
		l1_load(l1, rdmsr);
	return l1_run_exit(l1);
}

static __u64 msr_value(struct l1 *l1)
{
	return l1->run->gpr[NVMX_RDX] << 32 | l1->run->gpr[NVMX_RAX];
}

#define expect_msr(msr, value)						\
	do {								\
		EXPECT_EQ(EXIT_VMCALL, try_msr(&self->l1, false, msr, 0)); \
		EXPECT_EQ(-1, l1_vector(&self->l1));			\
		EXPECT_EQ(value, msr_value(&self->l1));			\
	} while (0)

#define expect_wrmsr(msr, value, vector)				\
	do {								\
		EXPECT_EQ(EXIT_VMCALL, try_msr(&self->l1, true, msr, value)); \
		EXPECT_EQ(vector, l1_vector(&self->l1))			\
			TH_LOG("MSR %#x", (unsigned int)(msr));		\
	} while (0)

/* ---- MSR bitmap ------------------------------------------------------------- */

TEST_F(bitmap, an_msr_with_its_read_bit_exits_on_rdmsr_only)
{
	static const __u32 msrs[] = { 0, MSR_SYSENTER_CS, 0x1fff, 0xc0000000,
				      MSR_LSTAR, 0xc0001fff };
	size_t i;

	for (i = 0; i < ARRAY_LEN(msrs); i++) {
		memset(self->msr, 0, 4096);
		intercept_msr(self->msr, msrs[i], false);
		EXPECT_EQ(EXIT_RDMSR, try_msr(&self->l1, false, msrs[i], 0))
			TH_LOG("MSR %#x", msrs[i]);
		EXPECT_EQ(2, self->l1.run->instruction_len);
		EXPECT_EQ(0, self->l1.run->qualification);
		EXPECT_NE(EXIT_WRMSR, try_msr(&self->l1, true, msrs[i], 0))
			TH_LOG("MSR %#x", msrs[i]);
	}
}

TEST_F(bitmap, an_msr_with_its_write_bit_exits_on_wrmsr_only)
{
	static const __u32 msrs[] = { 0, MSR_SYSENTER_CS, 0x1fff, 0xc0000000,
				      MSR_LSTAR, 0xc0001fff };
	size_t i;

	for (i = 0; i < ARRAY_LEN(msrs); i++) {
		memset(self->msr, 0, 4096);
		intercept_msr(self->msr, msrs[i], true);
		EXPECT_EQ(EXIT_WRMSR, try_msr(&self->l1, true, msrs[i], 0x77))
			TH_LOG("MSR %#x", msrs[i]);
		EXPECT_EQ(NVMX_RULE_MSR_BITMAP, self->l1.run->deciding_rule);
		EXPECT_EQ(2, self->l1.run->instruction_len);
		EXPECT_NE(EXIT_RDMSR, try_msr(&self->l1, false, msrs[i], 0))
			TH_LOG("MSR %#x", msrs[i]);
	}
}

TEST_F(bitmap, neighbours_of_an_intercepted_msr_do_not_exit)
{
	intercept_msr(self->msr, MSR_SYSENTER_CS + 1, false);
	intercept_msr(self->msr, MSR_SYSENTER_CS - 1, false);
	intercept_msr(self->msr, MSR_SYSENTER_CS, true);
	EXPECT_EQ(EXIT_VMCALL, try_msr(&self->l1, false, MSR_SYSENTER_CS, 0));
}

TEST_F(bitmap, an_msr_outside_the_ranges_exits_whatever_the_bitmap)
{
	static const __u32 msrs[] = { 0x2000, 0xbfffffff, 0xc0002000, 0x40000000,
				      0xffffffff };
	size_t i;

	for (i = 0; i < ARRAY_LEN(msrs); i++) {
		EXPECT_EQ(EXIT_RDMSR, try_msr(&self->l1, false, msrs[i], 0));
		EXPECT_EQ(EXIT_WRMSR, try_msr(&self->l1, true, msrs[i], 0));
		EXPECT_EQ(NVMX_RULE_MSR_OUTSIDE, self->l1.run->deciding_rule);
	}
}

TEST_F(bitmap, without_the_bitmap_every_msr_exits)
{
	l1_clear_control(&self->l1, CAPS_PROC, PROC_MSR_BITMAPS);
	EXPECT_EQ(EXIT_RDMSR, try_msr(&self->l1, false, MSR_SYSENTER_CS, 0));
	EXPECT_EQ(EXIT_WRMSR, try_msr(&self->l1, true, MSR_TSC, 0));
	EXPECT_EQ(NVMX_RULE_MSR_NO_BITMAP, self->l1.run->deciding_rule);
	EXPECT_EQ(EXIT_RDMSR, try_msr(&self->l1, false, 0x12345, 0));
}

TEST_F(bitmap, an_msr_bitmap_that_is_a_hole_reads_ones)
{
	l1_write(&self->l1, MSR_BITMAP, L1_MEM_BYTES);
	EXPECT_EQ(EXIT_RDMSR, try_msr(&self->l1, false, MSR_SYSENTER_CS, 0));
	EXPECT_EQ(NVMX_RULE_BITMAP_UNREADABLE, self->l1.run->deciding_rule);
}

TEST_F(bitmap, a_bit_set_while_l2_is_not_running_counts_at_the_next_exit)
{
	EXPECT_EQ(EXIT_VMCALL, try_msr(&self->l1, false, MSR_LSTAR, 0));
	intercept_msr(self->msr, MSR_LSTAR, false);
	EXPECT_EQ(EXIT_RDMSR, try_msr(&self->l1, false, MSR_LSTAR, 0));
}

/* ---- MSRs that L1 lets L2 have ------------------------------------------------ */

TEST_F(bitmap, l2_writes_and_reads_its_msrs)
{
	static const struct {
		__u32 msr;
		__u64 value;
	} msrs[] = {
		{ MSR_SYSENTER_CS, 0x123 },
		{ MSR_SYSENTER_ESP, 0xffff800012345678ULL },
		{ MSR_PAT, 0x0007040600070406ULL },
		{ MSR_STAR, 0x1122334455667788ULL },
		{ MSR_LSTAR, 0xffffffff81000000ULL },
		{ MSR_FMASK, 0x47700 },
		{ MSR_FS_BASE, 0x7ffff7d00000ULL },
		{ MSR_KERNEL_GS_BASE, 0xffff888000000000ULL },
		{ MSR_TSC_AUX, 0x1234 },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(msrs); i++)
		expect_wrmsr(msrs[i].msr, msrs[i].value, -1);
	for (i = 0; i < ARRAY_LEN(msrs); i++)
		expect_msr(msrs[i].msr, msrs[i].value);
}

TEST_F(bitmap, msrs_of_l2_are_seen_by_l1_where_they_belong)
{
	struct nvmx_l2 l2;

	expect_wrmsr(MSR_SYSENTER_CS, 0x123, -1);
	expect_wrmsr(MSR_FS_BASE, 0x5000, -1);
	expect_wrmsr(MSR_LSTAR, 0x6000, -1);
	EXPECT_EQ(0x123, l1_read(&self->l1, GUEST_SYSENTER_CS));
	EXPECT_EQ(0x5000, l1_read(&self->l1, GUEST_FS_BASE));
	test_get_l2(self->l1.fd, &l2);
	EXPECT_EQ(0x6000, l2.lstar);
}

TEST_F(bitmap, an_illegal_msr_value_causes_gp_in_l2)
{
	expect_wrmsr(MSR_SYSENTER_ESP, 1ULL << 47, VEC_GP);
	expect_wrmsr(MSR_LSTAR, 1ULL << 62, VEC_GP);
	expect_wrmsr(MSR_KERNEL_GS_BASE, 1ULL << 63, VEC_GP);
	expect_wrmsr(MSR_FS_BASE, 1ULL << 48, VEC_GP);
	expect_wrmsr(MSR_PAT, 2, VEC_GP);
	expect_wrmsr(MSR_PAT, 8, VEC_GP);
	expect_wrmsr(MSR_EFER, 1ULL << 40, VEC_GP);
	expect_wrmsr(MSR_TSC_AUX, 1ULL << 32, VEC_GP);
	expect_wrmsr(MSR_VMX_BASIC, 0, VEC_GP);
}

TEST_F(bitmap, an_msr_that_l1s_processor_lacks_causes_gp_in_l2)
{
	static const __u32 msrs[] = { 0x8, 0x1fff, 0xc0000000, 0xc0001fff, 0x79e };
	size_t i;

	for (i = 0; i < ARRAY_LEN(msrs); i++) {
		EXPECT_EQ(EXIT_VMCALL, try_msr(&self->l1, false, msrs[i], 0));
		EXPECT_EQ(VEC_GP, l1_vector(&self->l1))
			TH_LOG("RDMSR %#x", msrs[i]);
		expect_wrmsr(msrs[i], 0, VEC_GP);
	}
}

TEST_F(bitmap, l2_reads_the_capabilities_of_l1s_processor)
{
	expect_msr(MSR_VMX_BASIC, self->l1.info.out_caps.msr[CAPS_BASIC]);
	expect_msr(MSR_VMX_BASIC + 5, self->l1.info.out_caps.msr[CAPS_MISC]);
}

/* Without load and save, the bits but LME and LMA are L1's, both ways. */
TEST_F(bitmap, efer_of_l2_tells_its_mode)
{
	struct nvmx_l1 regs;

	test_get_l1(self->l1.fd, &regs);
	expect_msr(MSR_EFER, regs.efer | EFER_LME | EFER_LMA);
	expect_wrmsr(MSR_EFER, EFER_LME | EFER_LMA | EFER_SCE, -1);
	expect_msr(MSR_EFER, EFER_LME | EFER_LMA | EFER_SCE);
	/* LME cannot change while paging is on. */
	expect_wrmsr(MSR_EFER, EFER_SCE, VEC_GP);
}

TEST_F(bitmap, rdmsr_of_the_tsc_adds_l1s_offset)
{
	__u64 plain;

	l1_write(&self->l1, TSC_OFFSET, 1ULL << 60);
	EXPECT_EQ(EXIT_VMCALL, try_msr(&self->l1, false, MSR_TSC, 0));
	plain = msr_value(&self->l1);
	EXPECT_LT(plain, 1ULL << 59);
	l1_set_control(&self->l1, CAPS_PROC, PROC_TSC_OFFSET);
	EXPECT_EQ(EXIT_VMCALL, try_msr(&self->l1, false, MSR_TSC, 0));
	EXPECT_LE(plain + (1ULL << 60), msr_value(&self->l1));
}

TEST_F(bitmap, a_nested_entry_loads_pat_and_an_exit_saves_it)
{
	if (!l1_can(&self->l1, CAPS_ENTRY, ENTRY_LOAD_PAT) ||
	    !l1_can(&self->l1, CAPS_EXIT, EXIT_SAVE_PAT))
		SKIP(return, "no load or save of IA32_PAT");
	l1_set_control(&self->l1, CAPS_ENTRY, ENTRY_LOAD_PAT);
	l1_write(&self->l1, GUEST_IA32_PAT, 0x0606060606060606ULL);
	expect_msr(MSR_PAT, 0x0606060606060606ULL);
	expect_wrmsr(MSR_PAT, 0x0505050505050505ULL, -1);
	EXPECT_EQ(0x0606060606060606ULL, l1_read(&self->l1, GUEST_IA32_PAT));
	l1_set_control(&self->l1, CAPS_EXIT, EXIT_SAVE_PAT);
	expect_wrmsr(MSR_PAT, 0x0404040404040404ULL, -1);
	EXPECT_EQ(0x0404040404040404ULL, l1_read(&self->l1, GUEST_IA32_PAT));
}

TEST_F(bitmap, a_nested_entry_loads_efer_and_an_exit_saves_it)
{
	if (!l1_can(&self->l1, CAPS_ENTRY, ENTRY_LOAD_EFER) ||
	    !l1_can(&self->l1, CAPS_EXIT, EXIT_SAVE_EFER))
		SKIP(return, "no load or save of IA32_EFER");
	l1_set_control(&self->l1, CAPS_ENTRY, ENTRY_LOAD_EFER);
	l1_set_control(&self->l1, CAPS_EXIT, EXIT_SAVE_EFER);
	l1_write(&self->l1, GUEST_IA32_EFER, EFER_LMA | EFER_LME | EFER_NX);
	expect_msr(MSR_EFER, EFER_LMA | EFER_LME | EFER_NX);
	expect_wrmsr(MSR_EFER, EFER_LMA | EFER_LME | EFER_SCE, -1);
	EXPECT_EQ(EFER_LMA | EFER_LME | EFER_SCE, l1_read(&self->l1, GUEST_IA32_EFER));
}

/* ---- I/O bitmaps ------------------------------------------------------------- */

static __u32 try_port(struct l1 *l1, __u16 port, unsigned int bytes)
{
	l1->run->gpr[NVMX_RDX] = port;
	if (bytes == 1)
		l1_load(l1, outb);
	else if (bytes == 2)
		l1_load(l1, outw);
	else
		l1_load(l1, outl);
	return l1_run_exit(l1);
}

TEST_F(bitmap, a_port_with_its_bit_exits_and_its_neighbours_do_not)
{
	static const __u16 ports[] = { 0, 0x3f8, 0x7fff, 0x8000, 0xcf8, 0xffff };
	size_t i;

	l1_set_control(&self->l1, CAPS_PROC, PROC_IO_BITMAPS);
	for (i = 0; i < ARRAY_LEN(ports); i++) {
		memset(self->io, 0, 8192);
		set_bit8(self->io, ports[i]);
		EXPECT_EQ(EXIT_IO, try_port(&self->l1, ports[i], 1))
			TH_LOG("port %#x", ports[i]);
		EXPECT_EQ((__u64)ports[i] << 16, self->l1.run->qualification);
		EXPECT_EQ(NVMX_RULE_IO_BITMAP, self->l1.run->deciding_rule);
		if (ports[i] != 0xffff) {
			EXPECT_EQ(EXIT_VMCALL, try_port(&self->l1, ports[i] + 1, 1));
		}
		if (ports[i]) {
			EXPECT_EQ(EXIT_VMCALL, try_port(&self->l1, ports[i] - 1, 1));
		}
	}
}

TEST_F(bitmap, an_access_exits_if_any_of_its_ports_has_its_bit)
{
	unsigned int i;

	l1_set_control(&self->l1, CAPS_PROC, PROC_IO_BITMAPS);
	for (i = 0; i < 4; i++) {
		memset(self->io, 0, 8192);
		set_bit8(self->io, 0x7ffe + i);
		EXPECT_EQ(EXIT_IO, try_port(&self->l1, 0x7ffe, 4))
			TH_LOG("port %#x", 0x7ffe + i);
		EXPECT_EQ(i < 2 ? EXIT_IO : EXIT_VMCALL, try_port(&self->l1, 0x7ffe, 2))
			TH_LOG("port %#x", 0x7ffe + i);
	}
	memset(self->io, 0, 8192);
	set_bit8(self->io, 0x8002);
	EXPECT_EQ(EXIT_VMCALL, try_port(&self->l1, 0x7ffe, 4));
}

TEST_F(bitmap, an_access_that_wraps_around_the_port_space_exits)
{
	l1_set_control(&self->l1, CAPS_PROC, PROC_IO_BITMAPS);
	EXPECT_EQ(EXIT_IO, try_port(&self->l1, 0xffff, 2));
	EXPECT_EQ(NVMX_RULE_IO_WRAP, self->l1.run->deciding_rule);
	EXPECT_EQ(EXIT_IO, try_port(&self->l1, 0xfffd, 4));
	EXPECT_EQ(EXIT_VMCALL, try_port(&self->l1, 0xfffe, 2));
	EXPECT_EQ(EXIT_VMCALL, try_port(&self->l1, 0xfffc, 4));
}

TEST_F(bitmap, bitmaps_take_the_place_of_unconditional_exiting)
{
	l1_set_control(&self->l1, CAPS_PROC, PROC_IO_BITMAPS | PROC_UNCOND_IO);
	EXPECT_EQ(EXIT_VMCALL, try_port(&self->l1, 0x3f8, 1));
	l1_clear_control(&self->l1, CAPS_PROC, PROC_IO_BITMAPS);
	EXPECT_EQ(EXIT_IO, try_port(&self->l1, 0x3f8, 1));
}

TEST_F(bitmap, without_either_control_bits_do_not_count)
{
	memset(self->io, 0xff, 8192);
	EXPECT_EQ(EXIT_VMCALL, try_port(&self->l1, 0x3f8, 1));
}

TEST_F(bitmap, an_io_bitmap_that_is_a_hole_reads_ones)
{
	l1_set_control(&self->l1, CAPS_PROC, PROC_IO_BITMAPS);
	l1_write(&self->l1, IO_BITMAP_B, L1_MEM_BYTES);
	EXPECT_EQ(EXIT_VMCALL, try_port(&self->l1, 0x3f8, 1));
	EXPECT_EQ(EXIT_IO, try_port(&self->l1, 0x8000, 1));
}

TEST_HARNESS_MAIN
