/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small L1 hypervisor as a library: its memory, its VMCSs, and L2 set up in
 * a mode of choice.  What a test does not expect to fail ends the program with
 * a message and exit status 1, so that a test holds only what it is about.
 */
#ifndef NVMX_L1_SETUP_H
#define NVMX_L1_SETUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nvmx_utils.h"

/* Of a test, in seconds: kernels that watch themselves are slow. */
#ifdef TEST_TIMEOUT_DEFAULT
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120
#endif

/*
 * L1-physical memory.  L2-physical and L2-linear addresses are the same, with
 * and without EPT.  L2 has all of its first GiB mapped where it has paging;
 * only L1_MEM_BYTES of it exist.
 */
#define L1_MEM_BYTES	0x400000ULL
#define L1_IVT		0x0000
#define L1_VMXON	0x1000
#define L1_STACK	0x7f00		/* top */
#define L1_CODE		0x8000
#define L1_CODE_BYTES	0x4000
#define L1_DATA		0xc000		/* 16 KiB, within reach of 16-bit code */
#define L1_GDT		0x10000
#define L1_IDT		0x11000
#define L1_TSS		0x12000
#define L1_HANDLERS	0x13000		/* one for each vector */
#define L1_HANDLER_BYTES	16
#define L1_MSR_BITMAP	0x14000
#define L1_IO_BITMAP	0x15000		/* A, then B */
#define L1_MSR_LIST	0x17000
#define L1_TSS2		0x18000
#define L1_PML4		0x19000
#define L1_PDPT		0x1a000
#define L1_PD		0x1b000
#define L1_PAE_PDPT	0x1c000
#define L1_PAE_PD	0x1d000
#define L1_PD32		0x1e000
#define L1_PT		0x1f000		/* first 2 MiB, 4-level and PAE paging */
#define L1_EPT_PML4	0x20000
#define L1_EPT_PDPT	0x21000
#define L1_EPT_PD	0x22000
#define L1_EPT_PT	0x23000		/* first 4 MiB: two tables */
#define L1_VMCS(n)	(0x100000ULL + (n) * 0x1000ULL)
#define L1_VMCS_MAX	128
#define L1_FREE		0x200000ULL	/* not used by the library */

/* Selectors in L1_GDT. */
#define L1_SEL_CODE	0x08
#define L1_SEL_DATA	0x10
#define L1_SEL_TSS	0x18
#define L1_SEL_TSS2	0x28

/* Index into nvmx_caps.msr. */
#define CAPS_BASIC	0x0
#define CAPS_PIN	0x1
#define CAPS_PROC	0x2
#define CAPS_EXIT	0x3
#define CAPS_ENTRY	0x4
#define CAPS_MISC	0x5
#define CAPS_CR0_FIXED0	0x6
#define CAPS_CR0_FIXED1	0x7
#define CAPS_CR4_FIXED0	0x8
#define CAPS_CR4_FIXED1	0x9
#define CAPS_VMCS_ENUM	0xa
#define CAPS_PROC2	0xb
#define CAPS_EPT_VPID	0xc
#define CAPS_TRUE(ctl)	((ctl) + 0xc)

/* Controls. */
#define PIN_EXT_INTR		BIT(0)
#define PIN_NMI			BIT(3)
#define PIN_VNMI		BIT(5)
#define PIN_TIMER		BIT(6)

#define PROC_INTR_WINDOW	BIT(2)
#define PROC_TSC_OFFSET		BIT(3)
#define PROC_HLT		BIT(7)
#define PROC_INVLPG		BIT(9)
#define PROC_MWAIT		BIT(10)
#define PROC_RDPMC		BIT(11)
#define PROC_RDTSC		BIT(12)
#define PROC_CR3_LOAD		BIT(15)
#define PROC_CR3_STORE		BIT(16)
#define PROC_CR8_LOAD		BIT(19)
#define PROC_CR8_STORE		BIT(20)
#define PROC_TPR_SHADOW		BIT(21)
#define PROC_NMI_WINDOW		BIT(22)
#define PROC_MOV_DR		BIT(23)
#define PROC_UNCOND_IO		BIT(24)
#define PROC_IO_BITMAPS		BIT(25)
#define PROC_MTF		BIT(27)
#define PROC_MSR_BITMAPS	BIT(28)
#define PROC_MONITOR		BIT(29)
#define PROC_PAUSE		BIT(30)
#define PROC_SECONDARY		BIT(31)

#define PROC2_EPT		BIT(1)
#define PROC2_DESC		BIT(2)
#define PROC2_RDTSCP		BIT(3)
#define PROC2_VPID		BIT(5)
#define PROC2_WBINVD		BIT(6)
#define PROC2_UNRESTRICTED	BIT(7)
#define PROC2_PLE		BIT(10)
#define PROC2_RDRAND		BIT(11)
#define PROC2_INVPCID		BIT(12)
#define PROC2_RDSEED		BIT(16)
#define PROC2_XSAVES		BIT(20)
#define PROC2_TSC_SCALING	BIT(25)

#define EXIT_SAVE_DEBUG		BIT(2)
#define EXIT_HOST_64		BIT(9)
#define EXIT_ACK_INTR		BIT(15)
#define EXIT_SAVE_PAT		BIT(18)
#define EXIT_LOAD_PAT		BIT(19)
#define EXIT_SAVE_EFER		BIT(20)
#define EXIT_LOAD_EFER		BIT(21)
#define EXIT_SAVE_TIMER		BIT(22)

#define ENTRY_LOAD_DEBUG	BIT(2)
#define ENTRY_IA32E		BIT(9)
#define ENTRY_LOAD_PAT		BIT(14)
#define ENTRY_LOAD_EFER		BIT(15)

#define CR0_PE	BIT(0)
#define CR0_MP	BIT(1)
#define CR0_EM	BIT(2)
#define CR0_TS	BIT(3)
#define CR0_ET	BIT(4)
#define CR0_NE	BIT(5)
#define CR0_WP	BIT(16)
#define CR0_NW	BIT(29)
#define CR0_CD	BIT(30)
#define CR0_PG	BIT(31)
#define CR4_TSD	BIT(2)
#define CR4_DE	BIT(3)
#define CR4_PSE	BIT(4)
#define CR4_PAE	BIT(5)
#define CR4_PGE	BIT(7)
#define CR4_OSFXSR	BIT(9)
#define CR4_OSXMMEXCPT	BIT(10)
#define CR4_VMXE	BIT(13)
#define CR4_OSXSAVE	BIT(18)
#define EFER_SCE	BIT(0)
#define EFER_LME	BIT(8)
#define EFER_LMA	BIT(10)
#define EFER_NX		BIT(11)
#define RFLAGS_FIXED	BIT(1)
#define RFLAGS_TF	BIT(8)
#define RFLAGS_IF	BIT(9)
#define RFLAGS_VM	BIT(17)

/* Basic exit reasons. */
#define EXIT_EXCEPTION		0
#define EXIT_EXT_INTR		1
#define EXIT_TRIPLE_FAULT	2
#define EXIT_INIT		3
#define EXIT_SIPI		4
#define EXIT_INTR_WINDOW	7
#define EXIT_NMI_WINDOW		8
#define EXIT_TASK_SWITCH	9
#define EXIT_CPUID		10
#define EXIT_HLT		12
#define EXIT_INVD		13
#define EXIT_INVLPG		14
#define EXIT_RDPMC		15
#define EXIT_RDTSC		16
#define EXIT_VMCALL		18
#define EXIT_VMCLEAR		19
#define EXIT_VMLAUNCH		20
#define EXIT_VMPTRLD		21
#define EXIT_VMPTRST		22
#define EXIT_VMREAD		23
#define EXIT_VMRESUME		24
#define EXIT_VMWRITE		25
#define EXIT_VMXOFF		26
#define EXIT_VMXON		27
#define EXIT_CR			28
#define EXIT_DR			29
#define EXIT_IO			30
#define EXIT_RDMSR		31
#define EXIT_WRMSR		32
#define EXIT_GUEST_STATE	33
#define EXIT_MSR_LOAD		34
#define EXIT_MWAIT		36
#define EXIT_MTF		37
#define EXIT_MONITOR		39
#define EXIT_PAUSE		40
#define EXIT_GDTR_IDTR		46
#define EXIT_LDTR_TR		47
#define EXIT_EPT_VIOLATION	48
#define EXIT_EPT_MISCONFIG	49
#define EXIT_INVEPT		50
#define EXIT_RDTSCP		51
#define EXIT_TIMER		52
#define EXIT_INVVPID		53
#define EXIT_WBINVD		54
#define EXIT_XSETBV		55
#define EXIT_RDRAND		57
#define EXIT_INVPCID		58
#define EXIT_VMFUNC		59
#define EXIT_RDSEED		61
#define EXIT_PML_FULL		62
#define EXIT_XSAVES		63
#define EXIT_XRSTORS		64
#define EXIT_FAILED_ENTRY	BIT(31)

#define VEC_DE	0
#define VEC_DB	1
#define VEC_NMI	2
#define VEC_BP	3
#define VEC_OF	4
#define VEC_UD	6
#define VEC_NM	7
#define VEC_DF	8
#define VEC_TS	10
#define VEC_NP	11
#define VEC_SS	12
#define VEC_GP	13
#define VEC_PF	14
#define VEC_AC	17

/* VM-entry and VM-exit interruption information. */
#define INTR_EXT	0x80000000U
#define INTR_NMI	0x80000202U
#define INTR_HARD(v)	(0x80000300U | (v))
#define INTR_HARD_EC(v)	(0x80000b00U | (v))
#define INTR_SOFT(v)	(0x80000400U | (v))
#define INTR_PRIV_SOFT(v)	(0x80000500U | (v))
#define INTR_SOFT_EXC(v)	(0x80000600U | (v))
#define INTR_MTF	0x80000700U

/**
 * enum l2_mode - operating mode of L2
 * @L2_64: 64-bit mode
 * @L2_PAE: 32-bit protected mode with PAE paging
 * @L2_32: 32-bit protected mode with 32-bit paging
 * @L2_FLAT: 32-bit protected mode without paging; unrestricted guest, EPT
 * @L2_REAL: real-address mode; unrestricted guest, EPT
 */
enum l2_mode { L2_64, L2_PAE, L2_32, L2_FLAT, L2_REAL };

/**
 * struct l1 - an L1 of one logical processor
 * @fd: the device
 * @run: its run page
 * @info: what the device offers; after l1_enable() what L1 sees
 * @mem: L1-physical memory from 0 on
 * @profile: enum nvmx_profile
 * @mode: mode L2 was last set up in
 * @ept: L2 uses EPT12
 * @vmcs: number of the current VMCS
 * @deadline: most entries of one l1_run()
 */
struct l1 {
	int fd;
	struct nvmx_run *run;
	struct nvmx_info info;
	__u8 *mem;
	__u32 profile;
	enum l2_mode mode;
	bool ept;
	unsigned int vmcs;
	unsigned int deadline;
};

/**
 * struct l1_field - a field and the value to write to it
 * @encoding: field encoding
 * @value: its value
 */
struct l1_field {
	__u64 encoding;
	__u64 value;
};

/* A piece of L2 code of selftests/l2, from l2_name to l2_name_end. */
#define L2_CODE(name)	extern const __u8 l2_##name[], l2_##name##_end[]
#define L2_BYTES(name)	((size_t)(l2_##name##_end - l2_##name))
#define l1_load(l1, name)	l1_load_code(l1, l2_##name, L2_BYTES(name))

void l1_die(struct l1 *l1, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));
void l1_dump(struct l1 *l1);

void l1_open(struct l1 *l1);
void l1_close(struct l1 *l1);
void l1_enable(struct l1 *l1, __u32 profile);
void l1_map(struct l1 *l1);
void l1_start(struct l1 *l1, __u32 profile);
void l1_use_vmcs(struct l1 *l1, unsigned int n);
void l1_fresh_vmcs(struct l1 *l1, unsigned int n);

bool l1_can(struct l1 *l1, unsigned int ctl, __u64 bits);
void l1_write(struct l1 *l1, __u32 encoding, __u64 value);
__u64 l1_read(struct l1 *l1, __u32 encoding);
void l1_write_all(struct l1 *l1, const struct l1_field *list,
		  unsigned int count);
void l1_set_control(struct l1 *l1, unsigned int ctl, __u64 bits);
void l1_clear_control(struct l1 *l1, unsigned int ctl, __u64 bits);

void l1_tables(struct l1 *l1, enum l2_mode mode);
void l1_controls(struct l1 *l1);
void l1_host_state(struct l1 *l1);
void l1_guest_state(struct l1 *l1);
void l1_use_ept(struct l1 *l1);
bool l1_has_mode(struct l1 *l1, enum l2_mode mode);
void l1_prepare(struct l1 *l1, enum l2_mode mode);
void l1_load_code(struct l1 *l1, const __u8 *code, size_t bytes);

__u32 l1_run(struct l1 *l1);
void l1_explain(struct l1 *l1);
__u32 l1_run_exit(struct l1 *l1);
void l1_run_until(struct l1 *l1, __u32 reason);
void l1_skip(struct l1 *l1);
void l1_run_past_vmcall(struct l1 *l1);
void l1_iret_frame(struct l1 *l1, __u64 rip, __u64 rsp);
void l1_unblock_nmis(struct l1 *l1);
int l1_vector(struct l1 *l1);
struct nvmx_exit_stat l1_exit_stat(struct l1 *l1, __u32 reason);

__u64 l1_control(struct l1 *l1, unsigned int ctl, __u64 wanted);
void *l1_ptr(struct l1 *l1, __u64 gpa);
__u64 *l1_ept_pte(struct l1 *l1, __u64 gpa);
__u64 *l1_pte(struct l1 *l1, __u64 address);
void l1_map_tbyte(struct l1 *l1, __u64 tables);

#endif /* NVMX_L1_SETUP_H */
