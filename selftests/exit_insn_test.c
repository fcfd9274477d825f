// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instructions of L2 that may cause a VM exit: where L1 asked for it, L1 gets
 * it with everything the SDM promises; where not, L2 goes on as on L1's
 * processor.  SDM Vol. 3, "Instructions That Cause VM Exits".
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

FIXTURE(insn) {
	struct l1 l1;
};

FIXTURE_VARIANT(insn) {
	__u32 profile;
	bool ept;
};

FIXTURE_VARIANT_ADD(insn, sdm) {
	.profile = NVMX_PROFILE_SDM,
};

FIXTURE_VARIANT_ADD(insn, sdm_ept) {
	.profile = NVMX_PROFILE_SDM,
	.ept = true,
};

FIXTURE_VARIANT_ADD(insn, sealed) {
	.profile = NVMX_PROFILE_SEALED,
};

FIXTURE_SETUP(insn)
{
	l1_start(&self->l1, variant->profile);
	if (variant->ept && !l1_can(&self->l1, CAPS_PROC2, PROC2_EPT))
		SKIP(return, "no EPT");
}

FIXTURE_TEARDOWN(insn)
{
	l1_close(&self->l1);
}

/* What L2 does when L1 did not ask. */
enum otherwise {
	RUNS,		/* the instruction completes */
	ALWAYS,		/* it exits all the same */
	UD,		/* exceptions, in L2's own handlers */
	GP,
	ELSEWHERE,	/* another test says */
};

/**
 * struct insn - an instruction that may exit
 * @name: for messages
 * @code: instruction and VMCALL
 * @end: end of @code
 * @reason: basic exit reason
 * @ctl: control field by which L1 asks, by index of its capability MSR
 * @bits: controls in it
 * @need: secondary controls without which the instruction causes #UD
 * @qualification: expected, unless @any_qualification
 * @rax: L2's RAX
 * @rcx: L2's RCX
 * @rdx: L2's RDX
 * @otherwise: what happens when L1 did not ask
 * @any_qualification: the SDM leaves it open or it depends on the processor
 */
struct insn {
	const char *name;
	const __u8 *code;
	const __u8 *end;
	__u32 reason;
	__u32 ctl;
	__u64 bits;
	__u64 need;
	__u64 qualification;
	__u64 rax;
	__u64 rcx;
	__u64 rdx;
	enum otherwise otherwise;
	bool any_qualification;
};

#define INSN(n)	.name = #n, .code = l2_##n, .end = l2_##n##_end
#define ASK(c, b)	.ctl = CAPS_##c, .bits = (b)
#define QUAL(q)		.qualification = (q)
#define COM1		.rdx = 0x3f8, .otherwise = RUNS

#define CODES(X)							\
	X(cpuid) X(hlt) X(invd) X(wbinvd) X(pause) X(rdtsc) X(rdtscp)	\
	X(rdpmc) X(monitor) X(mwait) X(invlpg) X(invpcid) X(rdrand)	\
	X(rdrand_r9w) X(rdseed) X(mov_to_cr3) X(mov_from_cr3)		\
	X(mov_r10_to_cr3) X(mov_to_cr8) X(mov_from_cr8) X(mov_to_dr0)	\
	X(mov_from_dr0) X(mov_to_dr7) X(mov_from_dr7) X(mov_r9_to_dr3)	\
	X(out_imm) X(in_imm) X(outb) X(outw) X(outl) X(inb) X(inw)	\
	X(inl) X(outsb) X(rep_outsb) X(rep_insw) X(sgdt) X(sidt) X(lgdt) \
	X(lidt) X(sldt) X(str) X(lldt) X(ltr) X(vmcall) X(vmclear)	\
	X(vmlaunch) X(vmptrld) X(vmptrst) X(vmread) X(vmread_mem)	\
	X(vmresume) X(vmwrite) X(vmxoff) X(vmxon) X(invept) X(invvpid)	\
	X(vmfunc) X(xsetbv) X(xsaves) X(nop)
#define DECLARE(n)	L2_CODE(n);
CODES(DECLARE)

static const struct insn insns[] = {
	{ INSN(cpuid), .reason = EXIT_CPUID, .otherwise = ALWAYS },
	{ INSN(invd), .reason = EXIT_INVD, .otherwise = ALWAYS },
	{ INSN(vmcall), .reason = EXIT_VMCALL, .otherwise = ALWAYS },
	{ INSN(vmclear), .reason = EXIT_VMCLEAR, .otherwise = ALWAYS },
	{ INSN(vmlaunch), .reason = EXIT_VMLAUNCH, .otherwise = ALWAYS },
	{ INSN(vmptrld), .reason = EXIT_VMPTRLD, .otherwise = ALWAYS },
	{ INSN(vmptrst), .reason = EXIT_VMPTRST, .otherwise = ALWAYS },
	{ INSN(vmread), .reason = EXIT_VMREAD, .rcx = GUEST_RIP, .otherwise = ALWAYS,
	  .any_qualification = true },
	{ INSN(vmread_mem), .reason = EXIT_VMREAD, QUAL(8), .otherwise = ALWAYS },
	{ INSN(vmresume), .reason = EXIT_VMRESUME, .otherwise = ALWAYS },
	{ INSN(vmwrite), .reason = EXIT_VMWRITE, .rcx = ~0ULL, .otherwise = ALWAYS,
	  .any_qualification = true },
	{ INSN(vmxoff), .reason = EXIT_VMXOFF, .otherwise = ALWAYS },
	{ INSN(vmxon), .reason = EXIT_VMXON, .otherwise = ALWAYS },
	{ INSN(invept), .reason = EXIT_INVEPT, .otherwise = ALWAYS },
	{ INSN(invvpid), .reason = EXIT_INVVPID, .otherwise = ALWAYS },

	{ INSN(hlt), .reason = EXIT_HLT, ASK(PROC, PROC_HLT), .otherwise = ELSEWHERE },
	{ INSN(invlpg), .reason = EXIT_INVLPG, ASK(PROC, PROC_INVLPG), QUAL(L1_DATA) },
	{ INSN(invpcid), .reason = EXIT_INVPCID, ASK(PROC, PROC_INVLPG),
	  .need = PROC2_INVPCID, .rcx = 2 },
	{ INSN(rdpmc), .reason = EXIT_RDPMC, ASK(PROC, PROC_RDPMC), .otherwise = GP },
	{ INSN(rdtsc), .reason = EXIT_RDTSC, ASK(PROC, PROC_RDTSC) },
	{ INSN(rdtscp), .reason = EXIT_RDTSCP, ASK(PROC, PROC_RDTSC),
	  .need = PROC2_RDTSCP },
	{ INSN(mwait), .reason = EXIT_MWAIT, ASK(PROC, PROC_MWAIT),
	  .any_qualification = true },
	{ INSN(monitor), .reason = EXIT_MONITOR, ASK(PROC, PROC_MONITOR),
	  .rax = L1_DATA },
	{ INSN(pause), .reason = EXIT_PAUSE, ASK(PROC, PROC_PAUSE) },
	{ INSN(wbinvd), .reason = EXIT_WBINVD, ASK(PROC2, PROC2_WBINVD) },
	{ INSN(rdrand), .reason = EXIT_RDRAND, ASK(PROC2, PROC2_RDRAND) },
	{ INSN(rdrand_r9w), .reason = EXIT_RDRAND, ASK(PROC2, PROC2_RDRAND) },
	{ INSN(rdseed), .reason = EXIT_RDSEED, ASK(PROC2, PROC2_RDSEED) },

	{ INSN(mov_to_cr3), .reason = EXIT_CR, ASK(PROC, PROC_CR3_LOAD), QUAL(0x3),
	  .rax = L1_PML4 },
	{ INSN(mov_r10_to_cr3), .reason = EXIT_CR, ASK(PROC, PROC_CR3_LOAD),
	  QUAL(0xa03) },
	{ INSN(mov_from_cr3), .reason = EXIT_CR, ASK(PROC, PROC_CR3_STORE), QUAL(0x13) },
	{ INSN(mov_to_cr8), .reason = EXIT_CR, ASK(PROC, PROC_CR8_LOAD), QUAL(0x8),
	  .rax = 5 },
	{ INSN(mov_from_cr8), .reason = EXIT_CR, ASK(PROC, PROC_CR8_STORE), QUAL(0x18) },
	{ INSN(mov_to_dr0), .reason = EXIT_DR, ASK(PROC, PROC_MOV_DR), QUAL(0) },
	{ INSN(mov_from_dr0), .reason = EXIT_DR, ASK(PROC, PROC_MOV_DR), QUAL(0x10) },
	{ INSN(mov_to_dr7), .reason = EXIT_DR, ASK(PROC, PROC_MOV_DR), QUAL(7),
	  .rax = 0x400 },
	{ INSN(mov_from_dr7), .reason = EXIT_DR, ASK(PROC, PROC_MOV_DR), QUAL(0x17) },
	{ INSN(mov_r9_to_dr3), .reason = EXIT_DR, ASK(PROC, PROC_MOV_DR), QUAL(0x903) },

	{ INSN(out_imm), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x00800040) },
	{ INSN(in_imm), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x00800048) },
	{ INSN(outb), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x03f80000), COM1 },
	{ INSN(outw), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x03f80001), COM1 },
	{ INSN(outl), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x03f80003), COM1 },
	{ INSN(inb), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x03f80008), COM1 },
	{ INSN(inw), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x03f80009), COM1 },
	{ INSN(inl), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x03f8000b), COM1 },
	{ INSN(outsb), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x03f80010),
	  .rdx = 0x3f8, .otherwise = ELSEWHERE },
	{ INSN(rep_outsb), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x03f80030),
	  .rdx = 0x3f8, .rcx = 3, .otherwise = ELSEWHERE },
	{ INSN(rep_insw), .reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO), QUAL(0x03f80039),
	  .rdx = 0x3f8, .rcx = 3, .otherwise = ELSEWHERE },

	{ INSN(sgdt), .reason = EXIT_GDTR_IDTR, ASK(PROC2, PROC2_DESC) },
	{ INSN(sidt), .reason = EXIT_GDTR_IDTR, ASK(PROC2, PROC2_DESC) },
	{ INSN(lgdt), .reason = EXIT_GDTR_IDTR, ASK(PROC2, PROC2_DESC) },
	{ INSN(lidt), .reason = EXIT_GDTR_IDTR, ASK(PROC2, PROC2_DESC) },
	{ INSN(sldt), .reason = EXIT_LDTR_TR, ASK(PROC2, PROC2_DESC),
	  .any_qualification = true },
	{ INSN(str), .reason = EXIT_LDTR_TR, ASK(PROC2, PROC2_DESC),
	  .any_qualification = true },
	{ INSN(lldt), .reason = EXIT_LDTR_TR, ASK(PROC2, PROC2_DESC),
	  .any_qualification = true },
	{ INSN(ltr), .reason = EXIT_LDTR_TR, ASK(PROC2, PROC2_DESC), .rax = L1_SEL_TSS2,
	  .any_qualification = true },
};

/* The rule that gives the exit to L1: the control that it asked by, if any. */
static __u32 deciding_rule(const struct insn *insn)
{
	unsigned int bit = __builtin_ctzll(insn->bits | BIT(63));

	if (insn->reason == EXIT_VMREAD || insn->reason == EXIT_VMWRITE)
		return NVMX_RULE_VMCS_NOT_SHADOWED;
	if (!insn->bits)
		return NVMX_RULE_UNCONDITIONAL;
	return insn->ctl == CAPS_PROC ? NVMX_RULE_PROC(bit) : NVMX_RULE_PROC2(bit);
}

static size_t length(const struct insn *insn)
{
	return insn->end - insn->code - 3;
}

/* Set L2 up to execute an instruction; false if L1 lacks what it needs. */
static bool set_up(struct l1 *l1, const struct insn *insn, bool ept)
{
	static const struct {
		__u16 limit;
		__u64 base;
	} __attribute__((packed)) gdtr = { 0x3f, L1_GDT };

	if (!l1_can(l1, CAPS_PROC2, insn->need))
		return false;
	l1_prepare(l1, L2_64);
	if (ept)
		l1_use_ept(l1);
	if (insn->need)
		l1_set_control(l1, CAPS_PROC2, insn->need);
	memcpy(l1_ptr(l1, L1_DATA), &gdtr, sizeof(gdtr));
	if (insn->need == PROC2_INVPCID)
		memset(l1_ptr(l1, L1_DATA), 0, 16);
	l1_load_code(l1, insn->code, insn->end - insn->code);
	l1->run->gpr[NVMX_RAX] = insn->rax;
	l1->run->gpr[NVMX_RBX] = L1_DATA;
	l1->run->gpr[NVMX_RCX] = insn->rcx;
	l1->run->gpr[NVMX_RDX] = insn->rdx;
	l1->run->gpr[NVMX_RSI] = L1_DATA;
	l1->run->gpr[NVMX_RDI] = L1_DATA;
	l1->run->gpr[NVMX_R10] = L1_PML4;
	return true;
}

TEST_F_TIMEOUT(insn, what_l1_asked_for_exits_to_l1, 120)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(insns); i++) {
		const struct insn *insn = &insns[i];

		if (insn->bits && !l1_can(l1, insn->ctl, insn->bits))
			continue;
		if (!set_up(l1, insn, variant->ept))
			continue;
		if (insn->bits)
			l1_set_control(l1, insn->ctl, insn->bits);
		EXPECT_EQ(insn->reason, l1_run_exit(l1))
			TH_LOG("%s", insn->name);
		EXPECT_EQ(length(insn), l1->run->instruction_len)
			TH_LOG("%s", insn->name);
		if (!insn->any_qualification) {
			EXPECT_EQ(insn->qualification, l1->run->qualification)
				TH_LOG("%s", insn->name);
		}
		EXPECT_EQ(L1_CODE, l1_read(l1, GUEST_RIP))
			TH_LOG("%s", insn->name);
		EXPECT_EQ(insn->rcx, l1->run->gpr[NVMX_RCX])
			TH_LOG("%s", insn->name);
		EXPECT_EQ(deciding_rule(insn), l1->run->deciding_rule)
			TH_LOG("%s", insn->name);
	}
}

static int expected_vector(enum otherwise otherwise)
{
	return otherwise == UD ? VEC_UD : otherwise == GP ? VEC_GP : -1;
}

TEST_F_TIMEOUT(insn, what_l1_did_not_ask_for_stays_with_l2, 120)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(insns); i++) {
		const struct insn *insn = &insns[i];
		int vector = expected_vector(insn->otherwise);

		if (insn->otherwise == ALWAYS || insn->otherwise == ELSEWHERE ||
		    !set_up(l1, insn, variant->ept))
			continue;
		if (!l1_can(l1, insn->ctl, insn->bits) && insn->ctl == CAPS_PROC2)
			continue;
		EXPECT_EQ(EXIT_VMCALL, l1_run_exit(l1))
			TH_LOG("%s", insn->name);
		EXPECT_EQ(vector, l1_vector(l1))
			TH_LOG("%s", insn->name);
		if (vector < 0) {
			EXPECT_EQ(L1_CODE + length(insn), l1_read(l1, GUEST_RIP))
				TH_LOG("%s", insn->name);
		}
	}
}

TEST_F(insn, without_its_enabling_control_an_instruction_causes_ud)
{
	static const struct insn disabled[] = {
		{ INSN(rdtscp), .need = PROC2_RDTSCP },
		{ INSN(invpcid), .need = PROC2_INVPCID, .rcx = 2 },
		{ INSN(xsaves), .need = PROC2_XSAVES },
		{ INSN(vmfunc) },
	};
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(disabled); i++) {
		if (!set_up(l1, &disabled[i], variant->ept))
			continue;
		if (disabled[i].need)
			l1_clear_control(l1, CAPS_PROC2, disabled[i].need);
		l1_run_until(l1, EXIT_VMCALL);
		EXPECT_EQ(VEC_UD, l1_vector(l1))
			TH_LOG("%s", disabled[i].name);
	}
}

TEST_F(insn, a_disabled_instruction_causes_ud_even_if_its_exit_is_asked_for)
{
	static const struct insn rdtscp = { INSN(rdtscp) };
	struct l1 *l1 = &self->l1;

	set_up(l1, &rdtscp, variant->ept);
	l1_set_control(l1, CAPS_PROC, PROC_RDTSC);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_UD, l1_vector(l1));
}

TEST_F(insn, xsetbv_always_exits_where_the_instruction_exists)
{
	static const struct insn xsetbv = { INSN(xsetbv), .rax = 1 };
	struct l1 *l1 = &self->l1;

	if (!(l1->info.out_caps.msr[CAPS_CR4_FIXED1] & CR4_OSXSAVE))
		SKIP(return, "no XSAVE");
	set_up(l1, &xsetbv, variant->ept);
	l1_write(l1, GUEST_CR4, l1_read(l1, GUEST_CR4) | CR4_OSXSAVE);
	l1_run_until(l1, EXIT_XSETBV);
	EXPECT_EQ(3, l1->run->instruction_len);
}

TEST_F(insn, xsetbv_without_osxsave_causes_ud)
{
	static const struct insn xsetbv = { INSN(xsetbv), .rax = 1 };
	struct l1 *l1 = &self->l1;

	set_up(l1, &xsetbv, variant->ept);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(VEC_UD, l1_vector(l1));
}

TEST_F(insn, vmx_instructions_at_cpl_0_exit_whatever_cr4_vmxe_reads)
{
	static const struct insn vmxon = { INSN(vmxon) };
	struct l1 *l1 = &self->l1;

	set_up(l1, &vmxon, variant->ept);
	l1_write(l1, CR4_GUEST_HOST_MASK, CR4_VMXE);
	l1_write(l1, CR4_READ_SHADOW, CR4_VMXE);
	l1_run_until(l1, EXIT_VMXON);
}

TEST_F(insn, instruction_information_names_the_operands)
{
	static const struct insn vmread = { INSN(vmread), .rcx = GUEST_RIP };
	static const struct insn vmread_mem = { INSN(vmread_mem) };
	static const struct insn rdrand = { INSN(rdrand_r9w) };
	struct l1 *l1 = &self->l1;

	/* Register form: Reg1 RAX, Reg2 RCX. */
	set_up(l1, &vmread, variant->ept);
	l1_run_until(l1, EXIT_VMREAD);
	EXPECT_EQ(1U << 28 | 1U << 10, l1->run->instruction_info & 0xf0000478);
	/* Memory form: 64-bit address, DS, no index, base RBX, Reg2 RCX. */
	set_up(l1, &vmread_mem, variant->ept);
	l1_run_until(l1, EXIT_VMREAD);
	EXPECT_EQ(1U << 28 | 3U << 23 | 1U << 22 | 3U << 15 | 2U << 7,
		  l1->run->instruction_info & 0xffc38780);
	if (!l1_can(l1, CAPS_PROC2, PROC2_RDRAND))
		return;
	/* Register R9. */
	set_up(l1, &rdrand, variant->ept);
	l1_set_control(l1, CAPS_PROC2, PROC2_RDRAND);
	l1_run_until(l1, EXIT_RDRAND);
	EXPECT_EQ(9U << 3, l1->run->instruction_info & 0x78);
}

TEST_F(insn, l1_answers_cpuid_and_l2_sees_the_answer)
{
	static const struct insn cpuid = { INSN(cpuid), .rax = 0x40000000, .rcx = 7 };
	struct l1 *l1 = &self->l1;

	set_up(l1, &cpuid, variant->ept);
	l1_run_until(l1, EXIT_CPUID);
	EXPECT_EQ(0x40000000, l1->run->gpr[NVMX_RAX]);
	l1->run->gpr[NVMX_RAX] = 0x11111111;
	l1->run->gpr[NVMX_RBX] = 0x22222222;
	l1->run->gpr[NVMX_R15] = 0x3333333333333333ULL;
	l1_skip(l1);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(0x11111111, l1->run->gpr[NVMX_RAX]);
	EXPECT_EQ(0x22222222, l1->run->gpr[NVMX_RBX]);
	EXPECT_EQ(0x3333333333333333ULL, l1->run->gpr[NVMX_R15]);
}

TEST_F(insn, in_without_a_device_reads_ones_in_its_width)
{
	static const struct insn in[] = {
		{ INSN(inb), .rax = 0x1122334455667788ULL, .rdx = 0x3f8,
		  .qualification = 0x11223344556677ffULL },
		{ INSN(inw), .rax = 0x1122334455667788ULL, .rdx = 0x3f8,
		  .qualification = 0x112233445566ffffULL },
		{ INSN(inl), .rax = 0x1122334455667788ULL, .rdx = 0x3f8,
		  .qualification = 0xffffffff },
	};
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(in); i++) {
		set_up(l1, &in[i], variant->ept);
		l1_run_until(l1, EXIT_VMCALL);
		EXPECT_EQ(in[i].qualification, l1->run->gpr[NVMX_RAX])
			TH_LOG("%s", in[i].name);
	}
}

TEST_F(insn, string_io_that_l1_did_not_ask_for_is_the_process_s)
{
	static const struct insn outs = { INSN(rep_outsb), .rdx = 0x3f8, .rcx = 3 };
	struct l1 *l1 = &self->l1;
	struct nvmx_state state;

	set_up(l1, &outs, variant->ept);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(l1));
	EXPECT_EQ(NVMX_L0_STRING_IO, l1->run->l0_event);
	EXPECT_EQ(0x03f80030, l1->run->qualification);
	EXPECT_EQ(L1_DATA, l1->run->guest_linear_address);
	EXPECT_EQ(2, l1->run->instruction_len);
	test_get_state(l1->fd, &state);
	EXPECT_EQ(NVMX_LEVEL_L2, state.out_level);
	EXPECT_EQ(NVMX_L0_STRING_IO, state.out_l0_event);

	/* More bytes than an instruction has. */
	l1->run->l0_skip_bytes = 16;
	test_err_enter(EINVAL, l1->fd, NVMX_ENTER_COMPLETE);
	l1->run->l0_skip_bytes = l1->run->instruction_len;
	l1->run->gpr[NVMX_RCX] = 0;
	l1->run->gpr[NVMX_RSI] += 3;
	test_enter(l1->fd, NVMX_ENTER_COMPLETE);
	EXPECT_EQ(NVMX_KIND_EXIT, l1->run->kind);
	EXPECT_EQ(EXIT_VMCALL, l1->run->exit_reason);
	EXPECT_EQ(0, l1->run->gpr[NVMX_RCX]);
	EXPECT_EQ(L1_DATA + 3, l1->run->gpr[NVMX_RSI]);
	EXPECT_EQ(L1_CODE + 2, l1_read(l1, GUEST_RIP));
}

TEST_F(insn, an_l0_event_not_completed_comes_again)
{
	static const struct insn outs = { INSN(outsb), .rdx = 0x3f8 };
	struct l1 *l1 = &self->l1;

	set_up(l1, &outs, variant->ept);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1_run(l1));
	test_enter(l1->fd, NVMX_ENTER_RESUME);
	EXPECT_EQ(NVMX_KIND_L0_EVENT, l1->run->kind);
	EXPECT_EQ(NVMX_L0_STRING_IO, l1->run->l0_event);
}

TEST_F(insn, rdtsc_adds_l1s_offset)
{
	static const struct insn rdtsc = { INSN(rdtsc) };
	struct l1 *l1 = &self->l1;
	__u64 offset = 1ULL << 60, plain, moved;

	if (!l1_can(l1, CAPS_PROC, PROC_TSC_OFFSET))
		SKIP(return, "no TSC offsetting");
	set_up(l1, &rdtsc, variant->ept);
	l1_write(l1, TSC_OFFSET, offset);
	l1_run_until(l1, EXIT_VMCALL);
	plain = l1->run->gpr[NVMX_RDX] << 32 | l1->run->gpr[NVMX_RAX];
	EXPECT_LT(plain, offset);
	set_up(l1, &rdtsc, variant->ept);
	l1_write(l1, TSC_OFFSET, offset);
	l1_set_control(l1, CAPS_PROC, PROC_TSC_OFFSET);
	l1_run_until(l1, EXIT_VMCALL);
	moved = l1->run->gpr[NVMX_RDX] << 32 | l1->run->gpr[NVMX_RAX];
	EXPECT_LE(plain + offset, moved);
	EXPECT_LT(moved, offset + (offset >> 4));
}

TEST_F(insn, rdtsc_multiplies_by_l1s_factor)
{
	static const struct insn rdtsc = { INSN(rdtsc) };
	struct l1 *l1 = &self->l1;
	__u64 plain, half;

	if (!l1_can(l1, CAPS_PROC2, PROC2_TSC_SCALING))
		SKIP(return, "no TSC scaling");
	set_up(l1, &rdtsc, variant->ept);
	l1_run_until(l1, EXIT_VMCALL);
	plain = l1->run->gpr[NVMX_RDX] << 32 | l1->run->gpr[NVMX_RAX];
	set_up(l1, &rdtsc, variant->ept);
	l1_set_control(l1, CAPS_PROC, PROC_TSC_OFFSET);
	l1_set_control(l1, CAPS_PROC2, PROC2_TSC_SCALING);
	l1_write(l1, TSC_MULTIPLIER, 1ULL << 44);
	l1_run_until(l1, EXIT_VMCALL);
	half = l1->run->gpr[NVMX_RDX] << 32 | l1->run->gpr[NVMX_RAX];
	EXPECT_LT(half, plain / 8);
	EXPECT_LE(plain / 16, half);
}

TEST_HARNESS_MAIN
