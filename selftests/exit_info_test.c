// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that the exit of an instruction tells: qualification, length,
 * instruction information, linear address; and what must be 0.  Exceptions come
 * before exits.  SDM Vol. 3, "Exit Qualification" and "VM-Exit Instruction-
 * Information Field".
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

/* With L1_DATA in a register, still within L1_DATA's 16 KiB. */
#define FS_BASE		0x1000
#define GS_BASE		0x2000

FIXTURE(info) {
	struct l1 l1;
};

FIXTURE_SETUP(info)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
}

FIXTURE_TEARDOWN(info)
{
	l1_close(&self->l1);
}

/* Segment registers as instruction information counts them. */
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };
enum { ADDR16, ADDR32, ADDR64 };
enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

#define REG1(r)		((__u32)(r) << 3)
#define REG1_MASK	REG1(15)
#define REG2(r)		((__u32)(r) << 28)
#define ADDR(size)	((size) << 7)
#define REGISTER	(1U << 10)
#define OPERAND(size)	((size) << 11)
#define SEG(seg)	((seg) << 15)
#define INDEX(r, scale)	((r) << 18 | (scale))
#define NO_INDEX	(1U << 22)
#define BASE(r)		((r) << 23)
#define ID(n)		((__u32)(n) << 28)

/* Bits that are defined for memory operands with a base. */
#define MEM_BITS	(ADDR(7) | REGISTER | SEG(7) | NO_INDEX | BASE(31))
#define SIB_BITS	(MEM_BITS | INDEX(15, 3))

/**
 * struct insn - an instruction and what its exit tells
 * @name: for messages
 * @code: instruction and VMCALL
 * @end: end of @code
 * @reason: basic exit reason
 * @ctl: control field by which L1 asks, by index of its capability MSR
 * @bits: controls in it
 * @need: secondary controls without which the instruction causes #UD
 * @qualification: exit qualification
 * @info: instruction information
 * @mask: which bits of it are defined; 0: the field is not
 * @linear: guest-linear address, if not 0
 * @otherwise: reason of the exit when L1 did not ask; VMCALL if 0
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
	__u32 info;
	__u32 mask;
	__u64 linear;
	__u32 otherwise;
};

#define CODES(X)							\
	X(sgdt_sib) X(sidt_fs) X(lgdt_a32) X(lidt_gs) X(sldt_mem)	\
	X(sldt_reg) X(str_reg) X(str_mem) X(lldt_reg) X(lldt_mem)	\
	X(ltr_reg) X(ltr_mem) X(invpcid_sib) X(invept_fs)		\
	X(invvpid_a32) X(vmclear_sib) X(vmptrld_r13) X(vmptrst_gs)	\
	X(vmxon_a32) X(vmread_reg) X(vmread_sib) X(vmwrite_reg)		\
	X(vmwrite_mem) X(rdrand16) X(rdrand32) X(rdrand64) X(rdseed16)	\
	X(rdseed64) X(outsb_fs) X(outsl_a32) X(rep_outsw) X(insl)	\
	X(rep_insb_a32) X(lmsw_fs) X(lmsw_reg) X(clts_only)		\
	X(cr0_from_r15) X(cr4_from_rsi) X(cr3_to_rsp) X(cr8_to_r12)	\
	X(cr8_from_rdi) X(dr2_to_r14) X(dr6_from_rbp) X(dr7_to_rsp)	\
	X(wbnoinvd) X(rsm) X(getsec) X(encls) X(invlpg_fs) X(in_dx)	\
	X(rdtsc_only) X(monitor_only) X(mwait_only) X(hlt_only)		\
	X(spin_pause) X(nop) X(vmcall) X(vmlaunch) X(invd) X(wbinvd)	\
	X(mov_to_cr0) X(mov_to_dr0) X(invlpg) X(lgdt) X(lidt) X(lldt)	\
	X(ltr) X(rdmsr) X(wrmsr) X(rdpmc) X(rdtsc) X(outb)		\
	X(mov_from_cr3) X(vmclear) X(invept) X(cpuid) X(vmread)
#define DECLARE(n)	L2_CODE(n);
CODES(DECLARE)

#define INSN(n)		.name = #n, .code = l2_##n, .end = l2_##n##_end
#define ASK(c, b)	.ctl = CAPS_##c, .bits = (b)
#define QUAL(q)		.qualification = (q)
#define INFO(i, m)	.info = (i), .mask = (m)
#define ALWAYS(r)	.reason = (r), .otherwise = (r)
#define DESC(r)		.reason = (r), ASK(PROC2, PROC2_DESC)
#define IO		.reason = EXIT_IO, ASK(PROC, PROC_UNCOND_IO)
#define STRING		.otherwise = ~0U
#define IO_BITS		(ADDR(7) | SEG(7))

/* The registers that set_up() gives to L2 make these addresses. */
static const struct insn insns[] = {
	{ INSN(sgdt_sib), DESC(EXIT_GDTR_IDTR), QUAL(0x10),
	  INFO(INDEX(R9, 2) | ADDR(ADDR64) | SEG(SEG_DS) | BASE(RBX) | ID(0),
	       SIB_BITS | ID(3)) },
	{ INSN(sidt_fs), DESC(EXIT_GDTR_IDTR), QUAL(-8ULL),
	  INFO(NO_INDEX | ADDR(ADDR64) | SEG(SEG_FS) | BASE(RBX) | ID(1), MEM_BITS | ID(3)) },
	{ INSN(lgdt_a32), DESC(EXIT_GDTR_IDTR), QUAL(0),
	  INFO(NO_INDEX | ADDR(ADDR32) | SEG(SEG_DS) | BASE(RBX) | ID(2), MEM_BITS | ID(3)) },
	{ INSN(lidt_gs), DESC(EXIT_GDTR_IDTR), QUAL(0x400),
	  INFO(NO_INDEX | ADDR(ADDR64) | SEG(SEG_GS) | BASE(R8) | ID(3), MEM_BITS | ID(3)) },
	{ INSN(sldt_mem), DESC(EXIT_LDTR_TR), QUAL(2),
	  INFO(NO_INDEX | ADDR(ADDR64) | SEG(SEG_DS) | BASE(RBX) | ID(0), MEM_BITS | ID(3)) },
	{ INSN(sldt_reg), DESC(EXIT_LDTR_TR), QUAL(0),
	  INFO(REGISTER | REG1(R11) | ID(0), REGISTER | REG1_MASK | ID(3)) },
	{ INSN(str_reg), DESC(EXIT_LDTR_TR), QUAL(0),
	  INFO(REGISTER | REG1(RDX) | ID(1), REGISTER | REG1_MASK | ID(3)) },
	{ INSN(str_mem), DESC(EXIT_LDTR_TR), QUAL(0),
	  INFO(INDEX(R9, 0) | ADDR(ADDR64) | SEG(SEG_DS) | BASE(RBX) | ID(1),
	       SIB_BITS | ID(3)) },
	{ INSN(lldt_reg), DESC(EXIT_LDTR_TR), QUAL(0),
	  INFO(REGISTER | REG1(RSI) | ID(2), REGISTER | REG1_MASK | ID(3)) },
	{ INSN(lldt_mem), DESC(EXIT_LDTR_TR), QUAL(0x20),
	  INFO(NO_INDEX | ADDR(ADDR64) | SEG(SEG_DS) | BASE(RBX) | ID(2), MEM_BITS | ID(3)) },
	{ INSN(ltr_reg), DESC(EXIT_LDTR_TR), QUAL(0),
	  INFO(REGISTER | REG1(RCX) | ID(3), REGISTER | REG1_MASK | ID(3)) },
	{ INSN(ltr_mem), DESC(EXIT_LDTR_TR), QUAL(0),
	  INFO(NO_INDEX | ADDR(ADDR64) | SEG(SEG_DS) | BASE(RBX) | ID(3), MEM_BITS | ID(3)) },

	{ INSN(invpcid_sib), .reason = EXIT_INVPCID, ASK(PROC, PROC_INVLPG),
	  .need = PROC2_INVPCID, QUAL(0x40),
	  INFO(INDEX(R9, 3) | ADDR(ADDR64) | SEG(SEG_DS) | BASE(RBX) | REG2(RCX),
	       SIB_BITS | REG2(15)) },
	{ INSN(invept_fs), ALWAYS(EXIT_INVEPT), QUAL(0),
	  INFO(NO_INDEX | ADDR(ADDR64) | SEG(SEG_FS) | BASE(R10) | REG2(R11),
	       MEM_BITS | REG2(15)) },
	{ INSN(invvpid_a32), ALWAYS(EXIT_INVVPID), QUAL(0x11223344),
	  INFO(NO_INDEX | ADDR(ADDR32) | SEG(SEG_DS) | BASE(RBX) | REG2(RDX),
	       MEM_BITS | REG2(15)) },
	{ INSN(vmclear_sib), ALWAYS(EXIT_VMCLEAR), QUAL(-16ULL),
	  INFO(INDEX(R12, 1) | ADDR(ADDR64) | SEG(SEG_DS) | BASE(RBX), SIB_BITS) },
	{ INSN(vmptrld_r13), ALWAYS(EXIT_VMPTRLD), QUAL(8),
	  INFO(NO_INDEX | ADDR(ADDR64) | SEG(SEG_DS) | BASE(R13), MEM_BITS) },
	{ INSN(vmptrst_gs), ALWAYS(EXIT_VMPTRST), QUAL(0),
	  INFO(NO_INDEX | ADDR(ADDR64) | SEG(SEG_GS) | BASE(RBX), MEM_BITS) },
	{ INSN(vmxon_a32), ALWAYS(EXIT_VMXON), QUAL(0),
	  INFO(INDEX(RCX, 0) | ADDR(ADDR32) | SEG(SEG_DS) | BASE(RBX), SIB_BITS) },
	{ INSN(vmread_reg), ALWAYS(EXIT_VMREAD), QUAL(0),
	  INFO(REGISTER | REG1(R10) | REG2(R9), REGISTER | REG1_MASK | REG2(15)) },
	{ INSN(vmread_sib), ALWAYS(EXIT_VMREAD), QUAL(0x100),
	  INFO(INDEX(R9, 3) | ADDR(ADDR64) | SEG(SEG_DS) | BASE(RBX) | REG2(R15),
	       SIB_BITS | REG2(15)) },
	{ INSN(vmwrite_reg), ALWAYS(EXIT_VMWRITE), QUAL(0),
	  INFO(REGISTER | REG1(R14) | REG2(RDI), REGISTER | REG1_MASK | REG2(15)) },
	{ INSN(vmwrite_mem), ALWAYS(EXIT_VMWRITE), QUAL(0),
	  INFO(NO_INDEX | ADDR(ADDR64) | BASE(RBX) | REG2(R8), (MEM_BITS & ~SEG(7)) | REG2(15)) },

	{ INSN(rdrand16), .reason = EXIT_RDRAND, ASK(PROC2, PROC2_RDRAND),
	  INFO(REG1(RCX), REG1_MASK) },		/* see Documentation/emulator.rst */
	{ INSN(rdrand32), .reason = EXIT_RDRAND, ASK(PROC2, PROC2_RDRAND),
	  INFO(REG1(R8) | OPERAND(1), REG1_MASK | OPERAND(3)) },
	{ INSN(rdrand64), .reason = EXIT_RDRAND, ASK(PROC2, PROC2_RDRAND),
	  INFO(REG1(R15) | OPERAND(2), REG1_MASK | OPERAND(3)) },
	{ INSN(rdseed16), .reason = EXIT_RDSEED, ASK(PROC2, PROC2_RDSEED),
	  INFO(REG1(RDX), REG1_MASK) },
	{ INSN(rdseed64), .reason = EXIT_RDSEED, ASK(PROC2, PROC2_RDSEED),
	  INFO(REG1(RBX) | OPERAND(2), REG1_MASK | OPERAND(3)) },

	{ INSN(outsb_fs), IO, QUAL(0x03f80010), INFO(ADDR(ADDR64) | SEG(SEG_FS), IO_BITS),
	  .linear = FS_BASE + 0x30, STRING },
	{ INSN(outsl_a32), IO, QUAL(0x03f80013), INFO(ADDR(ADDR32) | SEG(SEG_DS), IO_BITS),
	  .linear = 0x30, STRING },
	{ INSN(rep_outsw), IO, QUAL(0x03f80031), INFO(ADDR(ADDR64) | SEG(SEG_DS), IO_BITS),
	  .linear = 0x30, STRING },
	{ INSN(insl), IO, QUAL(0x03f8001b), INFO(ADDR(ADDR64), ADDR(7)),
	  .linear = L1_DATA + 0x40, STRING },
	{ INSN(rep_insb_a32), IO, QUAL(0x03f80038), INFO(ADDR(ADDR32), ADDR(7)),
	  .linear = L1_DATA + 0x40, STRING },

	{ INSN(cr3_to_rsp), .reason = EXIT_CR, ASK(PROC, PROC_CR3_STORE), QUAL(0x413) },
	{ INSN(cr8_to_r12), .reason = EXIT_CR, ASK(PROC, PROC_CR8_STORE), QUAL(0xc18) },
	{ INSN(cr8_from_rdi), .reason = EXIT_CR, ASK(PROC, PROC_CR8_LOAD), QUAL(0x708),
	  .otherwise = ~0U },
	{ INSN(dr2_to_r14), .reason = EXIT_DR, ASK(PROC, PROC_MOV_DR), QUAL(0xe12) },
	{ INSN(dr6_from_rbp), .reason = EXIT_DR, ASK(PROC, PROC_MOV_DR), QUAL(0x506) },
	{ INSN(dr7_to_rsp), .reason = EXIT_DR, ASK(PROC, PROC_MOV_DR), QUAL(0x417) },

	{ INSN(wbnoinvd), .reason = EXIT_WBINVD, ASK(PROC2, PROC2_WBINVD) },
	{ INSN(invlpg_fs), .reason = EXIT_INVLPG, ASK(PROC, PROC_INVLPG),
	  QUAL(FS_BASE + L1_DATA + 0x123) },
	{ INSN(in_dx), IO, QUAL(0x03f8000b) },
	{ INSN(rdtsc_only), .reason = EXIT_RDTSC, ASK(PROC, PROC_RDTSC) },
	{ INSN(monitor_only), .reason = EXIT_MONITOR, ASK(PROC, PROC_MONITOR) },
	{ INSN(hlt_only), .reason = EXIT_HLT, ASK(PROC, PROC_HLT), .otherwise = ~0U },
};

static void set_registers(struct l1 *l1)
{
	__u64 *gpr = l1->run->gpr;

	memset(gpr, 0, sizeof(l1->run->gpr));
	gpr[NVMX_RBX] = L1_DATA;
	gpr[NVMX_RDX] = 0x3f8;
	gpr[NVMX_RSI] = 0x30;
	gpr[NVMX_RDI] = L1_DATA + 0x40;
	gpr[NVMX_R8] = L1_DATA;
	gpr[NVMX_R10] = L1_DATA;
	gpr[NVMX_R13] = L1_DATA;
	gpr[NVMX_R14] = 0x1414;
	gpr[NVMX_R15] = 0x1515;
}

/* LGDT, LIDT, LLDT and LTR load what is in use already, or nothing. */
static void fill_operands(struct l1 *l1)
{
	static const struct {
		__u16 limit;
		__u64 base;
	} __attribute__((packed)) gdtr = { 0x3f, L1_GDT }, idtr = { 0xfff, L1_IDT };

	memcpy(l1_ptr(l1, L1_DATA), &gdtr, sizeof(gdtr));
	memcpy(l1_ptr(l1, GS_BASE + L1_DATA + 0x400), &idtr, sizeof(idtr));
	memset(l1_ptr(l1, L1_DATA + 0x40), 0, 16);
}

static bool set_up(struct l1 *l1, const struct insn *insn)
{
	if (!l1_can(l1, CAPS_PROC2, insn->need) ||
	    (insn->bits && !l1_can(l1, insn->ctl, insn->bits)))
		return false;
	l1_prepare(l1, L2_64);
	if (insn->need)
		l1_set_control(l1, CAPS_PROC2, insn->need);
	l1_write(l1, GUEST_FS_BASE, FS_BASE);
	l1_write(l1, GUEST_GS_BASE, GS_BASE);
	l1_load_code(l1, insn->code, insn->end - insn->code);
	set_registers(l1);
	fill_operands(l1);
	return true;
}

static bool is_instruction(const struct insn *insn, const __u8 *code)
{
	return insn->code == code;
}

TEST_F_TIMEOUT(info, the_exit_of_an_instruction_tells_all_of_it, 60)
{
	struct nvmx_run *run = self->l1.run;
	struct l1 *l1 = &self->l1;
	__u64 gpr[NVMX_GPRS];
	size_t i;

	for (i = 0; i < ARRAY_LEN(insns); i++) {
		const struct insn *insn = &insns[i];

		if (!set_up(l1, insn))
			continue;
		if (insn->bits)
			l1_set_control(l1, insn->ctl, insn->bits);
		memcpy(gpr, run->gpr, sizeof(gpr));
		EXPECT_EQ(insn->reason, l1_run_exit(l1))
			TH_LOG("%s", insn->name);
		EXPECT_EQ(insn->qualification, run->qualification)
			TH_LOG("%s", insn->name);
		EXPECT_EQ(insn->end - insn->code - 3, run->instruction_len)
			TH_LOG("%s", insn->name);
		EXPECT_EQ(insn->info, run->instruction_info & insn->mask)
			TH_LOG("%s: %#x", insn->name, run->instruction_info);
		if (insn->linear) {
			EXPECT_EQ(insn->linear, run->guest_linear_address)
				TH_LOG("%s", insn->name);
		}
		EXPECT_EQ(0, run->intr_info | run->idt_vectoring_info)
			TH_LOG("%s", insn->name);
		EXPECT_EQ(L1_CODE, l1_read(l1, GUEST_RIP))
			TH_LOG("%s", insn->name);
		/* Nothing has happened, and the fields say the same. */
		gpr[NVMX_RSP] = L1_STACK;
		EXPECT_EQ(0, memcmp(gpr, run->gpr, sizeof(gpr)))
			TH_LOG("%s", insn->name);
		EXPECT_EQ(run->qualification, l1_read(l1, EXIT_QUALIFICATION));
		EXPECT_EQ(run->instruction_info, l1_read(l1, VMX_INSTRUCTION_INFO));
		EXPECT_EQ(run->instruction_len, l1_read(l1, VM_EXIT_INSTRUCTION_LEN));
	}
}

/* LTR of an available TSS, LLDT of nothing. */
static void ready_to_load(struct l1 *l1, const struct insn *insn)
{
	static const __u16 tss2 = L1_SEL_TSS2;

	if (is_instruction(insn, l2_ltr_reg))
		l1->run->gpr[NVMX_RCX] = L1_SEL_TSS2;
	if (is_instruction(insn, l2_ltr_mem))
		memcpy(l1_ptr(l1, L1_DATA), &tss2, sizeof(tss2));
	if (is_instruction(insn, l2_lldt_reg))
		l1->run->gpr[NVMX_RSI] = 0;
	if (insn->need == PROC2_INVPCID)
		l1->run->gpr[NVMX_RCX] = 2;
}

TEST_F_TIMEOUT(info, an_instruction_that_l1_did_not_ask_for_runs, 60)
{
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(insns); i++) {
		const struct insn *insn = &insns[i];
		__u32 reason = insn->otherwise ? insn->otherwise : EXIT_VMCALL;

		if (insn->otherwise == ~0U || !set_up(l1, insn))
			continue;
		ready_to_load(l1, insn);
		EXPECT_EQ(reason, l1_run_exit(l1))
			TH_LOG("%s", insn->name);
		EXPECT_EQ(-1, l1_vector(l1))
			TH_LOG("%s", insn->name);
		if (reason == EXIT_VMCALL) {
			EXPECT_EQ(L1_CODE + (insn->end - insn->code - 3),
				  l1_read(l1, GUEST_RIP))
				TH_LOG("%s", insn->name);
		}
	}
}

/* ---- what they do when L1 did not ask ---------------------------------------- */

#define run_insn(n)							\
	do {								\
		const struct insn insn = { INSN(n) };			\
									\
		ASSERT_TRUE(set_up(&self->l1, &insn));			\
		ready_to_load(&self->l1, &insn);			\
		l1_run_until(&self->l1, EXIT_VMCALL);			\
		EXPECT_EQ(-1, l1_vector(&self->l1));			\
	} while (0)

TEST_F(info, descriptor_tables_of_l2_are_stored_and_loaded)
{
	struct l1 *l1 = &self->l1;
	__u8 *data;

	run_insn(sgdt_sib);
	data = l1_ptr(l1, L1_DATA + 0x10);
	EXPECT_EQ(0x3f, *(__u16 *)data);
	EXPECT_EQ(0, memcmp(data + 2, &(__u64){ L1_GDT }, 8));
	run_insn(sidt_fs);
	data = l1_ptr(l1, FS_BASE + L1_DATA - 8);
	EXPECT_EQ(0xfff, *(__u16 *)data);
	EXPECT_EQ(0, memcmp(data + 2, &(__u64){ L1_IDT }, 8));
	run_insn(lgdt_a32);
	EXPECT_EQ(L1_GDT, l1_read(l1, GUEST_GDTR_BASE));
	EXPECT_EQ(0x3f, l1_read(l1, GUEST_GDTR_LIMIT));
	run_insn(str_reg);
	EXPECT_EQ(L1_SEL_TSS, l1->run->gpr[NVMX_RDX]);
	run_insn(sldt_reg);
	EXPECT_EQ(0, l1->run->gpr[NVMX_R11]);
	run_insn(ltr_reg);
	EXPECT_EQ(L1_SEL_TSS2, l1_read(l1, GUEST_TR_SELECTOR));
	EXPECT_EQ(L1_TSS2, l1_read(l1, GUEST_TR_BASE));
	EXPECT_EQ(0x8b, l1_read(l1, GUEST_TR_AR_BYTES));
	run_insn(lldt_reg);
	EXPECT_NE(0, l1_read(l1, GUEST_LDTR_AR_BYTES) & 0x10000);
}

TEST_F(info, a_register_that_l2_reads_by_emulation_gets_the_value)
{
	struct l1 *l1 = &self->l1;
	struct nvmx_l2 l2;

	test_get_l2(l1->fd, &l2);
	l2.dr[2] = 0x123456789aULL;
	l2.cr8 = 9;
	test_set_l2(l1->fd, &l2);
	run_insn(dr2_to_r14);
	EXPECT_EQ(0x123456789aULL, l1->run->gpr[NVMX_R14]);
	run_insn(cr8_to_r12);
	EXPECT_EQ(9, l1->run->gpr[NVMX_R12]);
	run_insn(dr7_to_rsp);
	EXPECT_EQ(0x400, l1_read(l1, GUEST_RSP));
	EXPECT_EQ(0x400, l1->run->gpr[NVMX_RSP]);
	run_insn(in_dx);
	EXPECT_EQ(0xffffffff, l1->run->gpr[NVMX_RAX]);
}

/* L1 owns bits of CR0 and CR4 that differ. */
TEST_F(info, control_register_accesses_tell_register_and_source)
{
	static const struct insn rows[] = {
		{ INSN(cr0_from_r15), QUAL(0xf00) },
		{ INSN(cr4_from_rsi), QUAL(0x604) },
		{ INSN(clts_only), QUAL(0x20) },
		{ INSN(lmsw_reg), QUAL(0x50030) },
		{ INSN(lmsw_fs), QUAL(0x40070), .linear = FS_BASE + L1_DATA + 6 },
	};
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ASSERT_TRUE(set_up(l1, &rows[i]));
		l1_write(l1, CR0_GUEST_HOST_MASK, CR0_TS | CR0_EM | CR0_PE);
		l1_write(l1, CR0_READ_SHADOW, CR0_TS | CR0_PE);
		l1_write(l1, CR4_GUEST_HOST_MASK, CR4_DE);
		l1_write(l1, CR4_READ_SHADOW, CR4_DE);
		l1->run->gpr[NVMX_R10] = 0xffff0005;
		*(__u16 *)l1_ptr(l1, FS_BASE + L1_DATA + 6) = 4;
		ASSERT_EQ(EXIT_CR, l1_run_exit(l1))
			TH_LOG("%s", rows[i].name);
		EXPECT_EQ(rows[i].qualification, l1->run->qualification)
			TH_LOG("%s", rows[i].name);
		if (rows[i].linear) {
			EXPECT_EQ(rows[i].linear, l1->run->guest_linear_address);
		}
		EXPECT_EQ(rows[i].end - rows[i].code - 3, l1->run->instruction_len)
			TH_LOG("%s", rows[i].name);
	}
}

TEST_F(info, a_pause_loop_exits_on_request)
{
	struct l1 *l1 = &self->l1;

	if (!l1_can(l1, CAPS_PROC2, PROC2_PLE))
		SKIP(return, "no PAUSE-loop exiting");
	l1_prepare(l1, L2_64);
	l1_set_control(l1, CAPS_PROC2, PROC2_PLE);
	l1_write(l1, PLE_GAP, 100);
	l1_write(l1, PLE_WINDOW, 5000);
	l1_load(l1, spin_pause);
	l1_run_until(l1, EXIT_PAUSE);
	EXPECT_EQ(NVMX_RULE_PROC2(10), l1->run->deciding_rule);
	EXPECT_EQ(0, l1->run->qualification);
	EXPECT_EQ(2, l1->run->instruction_len);
	EXPECT_LT(10, l1->run->gpr[NVMX_RAX]);
	/* PAUSE exiting comes first: the first one exits. */
	l1_set_control(l1, CAPS_PROC, PROC_PAUSE);
	l1->run->gpr[NVMX_RAX] = 0;
	l1_load(l1, spin_pause);
	l1_run_until(l1, EXIT_PAUSE);
	EXPECT_EQ(NVMX_RULE_PROC(30), l1->run->deciding_rule);
	EXPECT_EQ(1, l1->run->gpr[NVMX_RAX]);
}

/* ---- exceptions come first ------------------------------------------------------ */

TEST_F(info, an_instruction_that_l1s_processor_lacks_causes_ud)
{
	static const struct insn rows[] = {
		{ INSN(rsm) }, { INSN(getsec) }, { INSN(encls) },
	};
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ASSERT_TRUE(set_up(l1, &rows[i]));
		ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1))
			TH_LOG("%s", rows[i].name);
		EXPECT_EQ(VEC_UD, l1_vector(l1))
			TH_LOG("%s", rows[i].name);
	}
}

/* L1 asks for every exit that there is. */
static void ask_for_all(struct l1 *l1)
{
	static const __u64 proc[] = {
		PROC_HLT, PROC_INVLPG, PROC_MWAIT, PROC_RDPMC, PROC_RDTSC,
		PROC_CR3_LOAD, PROC_CR3_STORE, PROC_CR8_LOAD, PROC_CR8_STORE,
		PROC_MOV_DR, PROC_UNCOND_IO, PROC_MONITOR, PROC_PAUSE,
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(proc); i++)
		l1_set_control(l1, CAPS_PROC, proc[i]);
	l1_clear_control(l1, CAPS_PROC, PROC_MSR_BITMAPS);
	if (l1_can(l1, CAPS_PROC2, PROC2_DESC | PROC2_WBINVD))
		l1_set_control(l1, CAPS_PROC2, PROC2_DESC | PROC2_WBINVD);
	l1_write(l1, CR0_GUEST_HOST_MASK, ~0ULL);
}

/* To CPL 3; handlers run at CPL 0 on the stack of the TSS. */
static void drop_to_user(struct l1 *l1)
{
	static const __u64 rsp0 = L1_STACK;
	static const __u16 no_bitmap = 0x68;

	l1_write(l1, GUEST_CS_SELECTOR, L1_SEL_CODE | 3);
	l1_write(l1, GUEST_CS_AR_BYTES, 0xa0fb);
	l1_write(l1, GUEST_SS_SELECTOR, L1_SEL_DATA | 3);
	l1_write(l1, GUEST_SS_AR_BYTES, 0xc0f3);
	l1_write(l1, GUEST_CR4, l1_read(l1, GUEST_CR4) | CR4_TSD);
	memcpy(l1_ptr(l1, L1_TSS + 4), &rsp0, sizeof(rsp0));
	memcpy(l1_ptr(l1, L1_TSS + 0x66), &no_bitmap, sizeof(no_bitmap));
}

TEST_F_TIMEOUT(info, at_cpl_3_an_exception_comes_before_the_exit, 60)
{
	static const struct insn rows[] = {
		{ INSN(hlt_only) }, { INSN(invd) }, { INSN(wbinvd) }, { INSN(clts_only) },
		{ INSN(invlpg) }, { INSN(mov_to_cr0) }, { INSN(mov_from_cr3) },
		{ INSN(lmsw_reg) }, { INSN(lgdt) }, { INSN(lidt) },
		{ INSN(lldt) }, { INSN(ltr) }, { INSN(rdmsr) }, { INSN(wrmsr) },
		{ INSN(rdpmc) }, { INSN(rdtsc) }, { INSN(outb) },
	};
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ASSERT_TRUE(set_up(l1, &rows[i]));
		ask_for_all(l1);
		drop_to_user(l1);
		ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1))
			TH_LOG("%s", rows[i].name);
		EXPECT_EQ(VEC_GP, l1_vector(l1))
			TH_LOG("%s", rows[i].name);
	}
}

/* The one exit that comes before the check of CPL; without it L0 must check. */
TEST_F(info, mov_dr_exits_at_cpl_3_or_faults)
{
	static const struct insn row = { INSN(mov_to_dr0) };
	struct l1 *l1 = &self->l1;

	ASSERT_TRUE(set_up(l1, &row));
	ask_for_all(l1);
	drop_to_user(l1);
	EXPECT_EQ(EXIT_DR, l1_run_exit(l1));
	ASSERT_TRUE(set_up(l1, &row));
	l1_clear_control(l1, CAPS_PROC, PROC_MOV_DR);
	drop_to_user(l1);
	ASSERT_EQ(EXIT_VMCALL, l1_run_exit(l1));
	EXPECT_EQ(VEC_GP, l1_vector(l1));
}

TEST_F(info, vmx_instructions_and_cpuid_exit_at_cpl_3_too)
{
	static const struct insn rows[] = {
		{ INSN(vmcall), .reason = EXIT_VMCALL },
		{ INSN(vmlaunch), .reason = EXIT_VMLAUNCH },
		{ INSN(vmread), .reason = EXIT_VMREAD },
		{ INSN(vmclear), .reason = EXIT_VMCLEAR },
		{ INSN(invept), .reason = EXIT_INVEPT },
		{ INSN(cpuid), .reason = EXIT_CPUID },
	};
	struct l1 *l1 = &self->l1;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		ASSERT_TRUE(set_up(l1, &rows[i]));
		drop_to_user(l1);
		EXPECT_EQ(rows[i].reason, l1_run_exit(l1))
			TH_LOG("%s", rows[i].name);
		EXPECT_EQ(L1_CODE, l1_read(l1, GUEST_RIP))
			TH_LOG("%s", rows[i].name);
	}
}

TEST_HARNESS_MAIN
