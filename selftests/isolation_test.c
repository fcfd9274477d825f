// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers that VMX does not switch: L2's are L2's, the host's are the host's,
 * over thousands of entries and with other processes in between.
 */
#include <asm/prctl.h>
#include <cpuid.h>
#include <immintrin.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "l1_setup.h"

FIXTURE(iso) {
	struct l1 l1;
	struct nvmx_l2 l2;
};

FIXTURE_SETUP(iso)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	l1_write(&self->l1, GUEST_CR4, l1_read(&self->l1, GUEST_CR4) |
		 CR4_OSFXSR | CR4_OSXMMEXCPT);
	/* Without IF, Bochs 2.7 keeps host interrupts from L2. */
	l1_write(&self->l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	test_get_l2(self->l1.fd, &self->l2);
}

FIXTURE_TEARDOWN(iso)
{
	l1_close(&self->l1);
}

L2_CODE(flip_gprs);
L2_CODE(swap_fxsave);
L2_CODE(swap_xsave);
L2_CODE(read_xcr0);
L2_CODE(swapgs);
L2_CODE(hold_xmm);
L2_CODE(spin_dirty);
L2_CODE(vmcall_loop);
L2_CODE(mov_from_cr2);
L2_CODE(nop);

static __u64 pattern(unsigned int seed, unsigned int n)
{
	return (seed * 0x9e3779b97f4a7c15ULL) ^ (n * 0x0101010101010101ULL);
}

/* ---- general-purpose registers ---------------------------------------------------- */

TEST_F(iso, l2_gets_all_registers_from_the_run_page_and_gives_them_back)
{
	struct nvmx_run *run = self->l1.run;
	unsigned int i, round;

	for (round = 1; round < 50; round++) {
		for (i = 0; i < NVMX_GPRS; i++)
			run->gpr[i] = pattern(round, i);
		l1_load(&self->l1, flip_gprs);
		l1_run_until(&self->l1, EXIT_VMCALL);
		for (i = 0; i < NVMX_GPRS; i++)
			if (i != NVMX_RSP) {
				EXPECT_EQ(~pattern(round, i), run->gpr[i])
					TH_LOG("register %u", i);
			}
		EXPECT_EQ(L1_STACK, run->gpr[NVMX_RSP]);
	}
}

TEST_F(iso, rsp_comes_from_the_vmcs_not_from_the_run_page)
{
	self->l1.run->gpr[NVMX_RSP] = 0x1234;
	l1_load(&self->l1, nop);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(L1_STACK, l1_read(&self->l1, GUEST_RSP));
	EXPECT_EQ(L1_STACK, self->l1.run->gpr[NVMX_RSP]);
}

/* ---- x87 and SSE -------------------------------------------------------------------- */

/* A legal FXSAVE image with patterns in the registers. */
static void fxsave_image(__u8 *image, unsigned int seed)
{
	unsigned int i;
	__u64 word;

	memset(image, 0, 512);
	image[0] = 0x7f;		/* FCW 037F */
	image[1] = 0x03;
	image[24] = 0x80;		/* MXCSR 1F80 */
	image[25] = 0x1f;
	image[4] = 0xff;		/* no register empty */
	for (i = 0; i < 8; i++) {
		word = pattern(seed, i) | BIT(63);
		memcpy(image + 32 + 16 * i, &word, 8);
		image[32 + 16 * i + 9] = 0x3f;
		image[32 + 16 * i + 8] = 0xff;
	}
	for (i = 0; i < 32; i++) {
		word = pattern(seed + 1, i);
		memcpy(image + 160 + 8 * i, &word, 8);
	}
}

TEST_F(iso, l2_finds_the_fpu_state_that_was_set)
{
	__u8 *found = l1_ptr(&self->l1, L1_DATA);

	fxsave_image(self->l2.xsave, 3);
	self->l2.xsave[512] = 3;
	test_set_l2(self->l1.fd, &self->l2);
	fxsave_image(found + 512, 7);
	self->l1.run->gpr[NVMX_RBX] = L1_DATA;
	self->l1.run->gpr[NVMX_RCX] = L1_DATA + 512;
	l1_load(&self->l1, swap_fxsave);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0, memcmp(found + 32, self->l2.xsave + 32, 128));
	EXPECT_EQ(0, memcmp(found + 160, self->l2.xsave + 160, 256));
	test_get_l2(self->l1.fd, &self->l2);
	EXPECT_EQ(0, memcmp(found + 512 + 32, self->l2.xsave + 32, 128));
	EXPECT_EQ(0, memcmp(found + 512 + 160, self->l2.xsave + 160, 256));
}

TEST_F(iso, a_zero_xsave_header_means_the_initial_configuration)
{
	static const __u8 zeroes[256];
	__u8 *found = l1_ptr(&self->l1, L1_DATA);

	fxsave_image(self->l2.xsave, 3);
	memset(self->l2.xsave + 512, 0, 64);
	test_set_l2(self->l1.fd, &self->l2);
	fxsave_image(found + 512, 7);
	self->l1.run->gpr[NVMX_RBX] = L1_DATA;
	self->l1.run->gpr[NVMX_RCX] = L1_DATA + 512;
	l1_load(&self->l1, swap_fxsave);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0x37f, found[0] | found[1] << 8);
	EXPECT_EQ(0x1f80, found[24] | found[25] << 8);
	EXPECT_EQ(0, memcmp(found + 160, zeroes, 256));
}

/* Enter L2 with patterns in the process's own XMM registers; are they kept? */
static bool enter_keeps_xmm(int fd, unsigned long how)
{
	__u64 in[32], out[32];
	unsigned int i;
	long ret = SYS_ioctl;

	for (i = 0; i < 32; i++)
		in[i] = pattern(99, i);
#define LOAD(n)		"movdqu 16*" #n "(%[in]), %%xmm" #n "\n"
#define STORE(n)	"movdqu %%xmm" #n ", 16*" #n "(%[out])\n"
#define ALL(X)	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) \
		X(12) X(13) X(14) X(15)
	asm volatile(ALL(LOAD) "syscall\n" ALL(STORE)
		     : "+a" (ret)
		     : "D" ((long)fd), "S" ((long)NVMX_ENTER_L2), "d" (how),
		       [in] "r" (in), [out] "r" (out)
		     : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3",
		       "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
		       "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
	return !ret && !memcmp(in, out, sizeof(in));
}

TEST_F(iso, the_process_keeps_its_xmm_registers)
{
	unsigned int round;

	fxsave_image(l1_ptr(&self->l1, L1_DATA + 512), 7);
	self->l1.run->gpr[NVMX_RBX] = L1_DATA;
	self->l1.run->gpr[NVMX_RCX] = L1_DATA + 512;
	for (round = 0; round < 200; round++) {
		l1_load(&self->l1, swap_fxsave);
		ASSERT_TRUE(enter_keeps_xmm(self->l1.fd, round ? NVMX_ENTER_RESUME :
					    NVMX_ENTER_LAUNCH));
		ASSERT_EQ(NVMX_KIND_EXIT, self->l1.run->kind);
	}
}

TEST_F(iso, the_process_keeps_its_x87_control_word)
{
	__u16 before = 0x27f, after = 0;

	memset(l1_ptr(&self->l1, L1_DATA + 512), 0, 512);
	fxsave_image(l1_ptr(&self->l1, L1_DATA + 512), 7);
	self->l1.run->gpr[NVMX_RBX] = L1_DATA;
	self->l1.run->gpr[NVMX_RCX] = L1_DATA + 512;
	l1_load(&self->l1, swap_fxsave);
	asm volatile("fldcw %0" : : "m" (before));
	l1_run_until(&self->l1, EXIT_VMCALL);
	asm volatile("fnstcw %0" : "=m" (after));
	EXPECT_EQ(before, after);
}

/* ---- XSAVE ----------------------------------------------------------------------------- */

/* Where CPUID.0D says that a component lies in the standard format. */
static unsigned int component(unsigned int n, unsigned int *bytes)
{
	unsigned int a, b, c, d;

	__cpuid_count(0xd, n, a, b, c, d);
	*bytes = a;
	return b;
}

TEST_F(iso, xcr0_of_l2_is_what_was_set)
{
	__u64 valid = self->l1.info.out_caps.xcr0_valid;

	if (!(self->l1.info.out_caps.msr[CAPS_CR4_FIXED1] & CR4_OSXSAVE) || !valid)
		SKIP(return, "no XSAVE");
	l1_write(&self->l1, GUEST_CR4, l1_read(&self->l1, GUEST_CR4) | CR4_OSXSAVE);
	l1_load(&self->l1, read_xcr0);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(self->l2.xcr0, self->l1.run->gpr[NVMX_RAX]);
	self->l2.xcr0 = valid;
	test_set_l2(self->l1.fd, &self->l2);
	l1_load(&self->l1, read_xcr0);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(valid, self->l1.run->gpr[NVMX_RAX]);
}

TEST_F(iso, l2_finds_its_avx_registers)
{
	__u64 valid = self->l1.info.out_caps.xcr0_valid;
	unsigned int n, i, offset, bytes;
	__u8 *found = l1_ptr(&self->l1, L1_DATA);
	__u8 *give = found + 0x2000;

	if (!(valid & 4))
		SKIP(return, "no AVX");
	l1_write(&self->l1, GUEST_CR4, l1_read(&self->l1, GUEST_CR4) | CR4_OSXSAVE);
	self->l2.xcr0 = valid;
	fxsave_image(self->l2.xsave, 3);
	fxsave_image(give, 7);
	for (n = 2; n < 10; n++) {
		if (!(valid & BIT(n)))
			continue;
		offset = component(n, &bytes);
		for (i = 0; i < bytes; i++) {
			self->l2.xsave[offset + i] = i * 7 + n;
			give[offset + i] = i * 13 + n;
		}
	}
	memcpy(self->l2.xsave + 512, &valid, 8);
	memcpy(give + 512, &valid, 8);
	test_set_l2(self->l1.fd, &self->l2);
	self->l1.run->gpr[NVMX_RAX] = valid;
	self->l1.run->gpr[NVMX_RBX] = L1_DATA;
	self->l1.run->gpr[NVMX_RCX] = L1_DATA + 0x2000;
	l1_load(&self->l1, swap_xsave);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(-1, l1_vector(&self->l1));
	for (n = 2; n < 10; n++) {
		if (!(valid & BIT(n)))
			continue;
		offset = component(n, &bytes);
		EXPECT_EQ(0, memcmp(found + offset, self->l2.xsave + offset, bytes))
			TH_LOG("component %u into L2", n);
	}
	test_get_l2(self->l1.fd, &self->l2);
	for (n = 2; n < 10; n++) {
		if (!(valid & BIT(n)))
			continue;
		offset = component(n, &bytes);
		EXPECT_EQ(0, memcmp(give + offset, self->l2.xsave + offset, bytes))
			TH_LOG("component %u out of L2", n);
	}
}

/* ---- CR2, GS, FS ------------------------------------------------------------------------ */

TEST_F(iso, page_faults_of_the_process_leave_l2s_cr2)
{
	volatile char *fresh;
	unsigned int round;

	self->l2.cr2 = 0xabcd1234;
	test_set_l2(self->l1.fd, &self->l2);
	for (round = 0; round < 20; round++) {
		fresh = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		*fresh = 1;
		l1_load(&self->l1, mov_from_cr2);
		l1_run_until(&self->l1, EXIT_VMCALL);
		EXPECT_EQ(0xabcd1234, self->l1.run->gpr[NVMX_RAX]);
		munmap((void *)fresh, 4096);
	}
}

TEST_F(iso, swapgs_of_l2_swaps_with_l2s_own_register)
{
	self->l2.kernel_gs_base = 0xffff888000001000ULL;
	test_set_l2(self->l1.fd, &self->l2);
	l1_write(&self->l1, GUEST_GS_BASE, 0x2000);
	l1_load(&self->l1, swapgs);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0xffff888000001000ULL, l1_read(&self->l1, GUEST_GS_BASE));
	test_get_l2(self->l1.fd, &self->l2);
	EXPECT_EQ(0x2000, self->l2.kernel_gs_base);
}

static unsigned long segment_base(int which)
{
	unsigned long base = 0;

	syscall(SYS_arch_prctl, which, &base);
	return base;
}

TEST_F(iso, the_process_keeps_its_segment_bases)
{
	static __u64 in_gs = 0x600dULL;
	unsigned long fs = segment_base(ARCH_GET_FS), gs = (unsigned long)&in_gs;
	unsigned int round;
	__u64 seen;

	ASSERT_EQ(0, syscall(SYS_arch_prctl, ARCH_SET_GS, gs));
	l1_write(&self->l1, GUEST_FS_BASE, 0x5000);
	l1_write(&self->l1, GUEST_GS_BASE, 0x6000);
	self->l2.kernel_gs_base = 0x7000;
	test_set_l2(self->l1.fd, &self->l2);
	for (round = 0; round < 100; round++) {
		l1_load(&self->l1, swapgs);
		l1_run_until(&self->l1, EXIT_VMCALL);
		asm volatile("mov %%gs:0, %0" : "=r" (seen));
		ASSERT_EQ(0x600d, seen);
		ASSERT_EQ(fs, segment_base(ARCH_GET_FS));
		ASSERT_EQ(gs, segment_base(ARCH_GET_GS));
	}
}

/* ---- with others on the same CPU ------------------------------------------------------------ */

/* A process that fills its XMM registers and looks after them. */
static pid_t start_neighbour(unsigned int seed)
{
	pid_t pid = fork();
	__m128i a, b;

	if (pid)
		return pid;
	a = _mm_set_epi64x(pattern(seed, 1), pattern(seed, 2));
	for (;;) {
		b = a;
		asm volatile("" : "+x" (b));
		if (getppid() == 1)
			_exit(0);
		if (_mm_movemask_epi8(_mm_cmpeq_epi8(a, b)) != 0xffff)
			_exit(1);
	}
}

static bool neighbour_is_well(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG))
		return false;
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid;
}

TEST_F_TIMEOUT(iso, l2_keeps_its_registers_while_others_run, 120)
{
	__u64 *words = l1_ptr(&self->l1, L1_DATA);
	pid_t first = start_neighbour(11), second = start_neighbour(12);
	unsigned int i, round;

	alarm(110);
	for (i = 0; i < 32; i++)
		words[i] = pattern(5, i);
	for (round = 0; round < 20; round++) {
		self->l1.run->gpr[NVMX_RBX] = L1_DATA;
		self->l1.run->gpr[NVMX_RCX] = 20000;
		l1_load(&self->l1, hold_xmm);
		l1_run_until(&self->l1, EXIT_VMCALL);
		ASSERT_EQ(0, self->l1.run->gpr[NVMX_RAX]);
		ASSERT_EQ(0, self->l1.run->gpr[NVMX_RCX]);
	}
	EXPECT_TRUE(neighbour_is_well(first));
	EXPECT_TRUE(neighbour_is_well(second));
}

TEST_F_TIMEOUT(iso, thousands_of_entries_leave_the_process_alone, 120)
{
	pid_t neighbour = start_neighbour(13);
	unsigned int round;

	alarm(110);
	l1_load(&self->l1, vmcall_loop);
	for (round = 0; round < 3000; round++) {
		ASSERT_TRUE(enter_keeps_xmm(self->l1.fd, round ? NVMX_ENTER_RESUME :
					    NVMX_ENTER_LAUNCH));
		if (self->l1.run->kind == NVMX_KIND_INTERRUPTED)
			continue;
		ASSERT_EQ(NVMX_KIND_EXIT, self->l1.run->kind);
		l1_skip(&self->l1);
	}
	EXPECT_TRUE(neighbour_is_well(neighbour));
}

/* ---- debug registers of the process ------------------------------------------------------------ */

#define DR(n)	(offsetof(struct user, u_debugreg) + (n) * sizeof(long))

static volatile int watched;

/* Child: enters L2 often, then touches what its parent watches. */
static void traced_child(struct l1 *l1)
{
	unsigned int round;

	l1_start(l1, NVMX_PROFILE_SDM);
	l1_prepare(l1, L2_64);
	l1_write(l1, GUEST_CR4, l1_read(l1, GUEST_CR4) | CR4_OSFXSR);
	l1_set_control(l1, CAPS_PIN, PIN_TIMER);
	l1_write(l1, VMX_PREEMPTION_TIMER_VALUE, 20);
	l1_load(l1, spin_dirty);
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	for (round = 0; round < 50; round++) {
		l1_write(l1, GUEST_RIP, L1_CODE);
		l1_write(l1, GUEST_DR7, 0x400 | 0x000b0003 | 0xc0);
		l1_run_until(l1, EXIT_TIMER);
	}
	raise(SIGSTOP);
	watched = 1;
	raise(SIGSTOP);
	_exit(0);
}

static int next_stop(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -1;
	return WSTOPSIG(status);
}

TEST(debug_registers_of_the_process_survive_l2)
{
	struct l1 l1;
	pid_t pid;

	l1_open(&l1);
	if (!l1_can(&l1, CAPS_PIN, PIN_TIMER))
		SKIP(return, "no VMX-preemption timer");
	l1_close(&l1);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		traced_child(&l1);
	ASSERT_EQ(SIGSTOP, next_stop(pid));
	ASSERT_EQ(0, ptrace(PTRACE_POKEUSER, pid, DR(0), &watched));
	ASSERT_EQ(0, ptrace(PTRACE_POKEUSER, pid, DR(7), 0xd0001L));
	ptrace(PTRACE_CONT, pid, 0, 0);
	/* No stray #DB while L2 ran with breakpoints of its own. */
	EXPECT_EQ(SIGSTOP, next_stop(pid));
	EXPECT_EQ((long)&watched, ptrace(PTRACE_PEEKUSER, pid, DR(0), 0));
	ptrace(PTRACE_CONT, pid, 0, 0);
	/* The process's own breakpoint still works. */
	EXPECT_EQ(SIGTRAP, next_stop(pid));
	EXPECT_EQ(1, ptrace(PTRACE_PEEKUSER, pid, DR(6), 0) & 15);
	ptrace(PTRACE_CONT, pid, 0, 0);
	EXPECT_EQ(SIGSTOP, next_stop(pid));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_HARNESS_MAIN
