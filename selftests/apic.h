/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of local-APIC virtualization share: the pages, and a fixture
 * for each way L2 can be set up.
 */
#ifndef NVMX_APIC_H
#define NVMX_APIC_H

#include "kselftest_harness.h"
#include "l1_setup.h"

/* The virtual-APIC page, and the address of the APIC-access page. */
#define VAPIC		L1_FREE
#define APIC_ACCESS	(L1_FREE + 0x1000)
/* L1-physical addresses past L1_MEM_BYTES: holes until something is mapped. */
#define HOLE		0x800000ULL

/* Registers: offsets in the pages.  SDM Vol. 3, "Virtual APIC State". */
#define APIC_ID		0x20
#define APIC_VERSION	0x30
#define APIC_TPR	0x80
#define APIC_PPR	0xa0
#define APIC_EOI	0xb0
#define APIC_LDR	0xd0
#define APIC_SVR	0xf0
#define APIC_ISR	0x100
#define APIC_IRR	0x200
#define APIC_ICR_LO	0x300
#define APIC_ICR_HI	0x310
#define APIC_LVT_TIMER	0x320
#define APIC_TIMER_NOW	0x390
#define APIC_SELF_IPI	0x3f0

#define EXIT_TPR		43
#define EXIT_APIC_ACCESS	44
#define EXIT_EOI		45
#define EXIT_APIC_WRITE		56

#define PROC2_APIC_ACCESSES	BIT(0)
#define PROC2_X2APIC		BIT(4)
#define PROC2_APIC_REGISTERS	BIT(8)
#define PROC2_VID		BIT(9)


FIXTURE(apic) {
	struct l1 l1;
	volatile __u32 *vapic;
};

FIXTURE_VARIANT(apic) {
	__u32 profile;
	bool ept;
};

FIXTURE_VARIANT_ADD(apic, sdm) { .profile = NVMX_PROFILE_SDM };
FIXTURE_VARIANT_ADD(apic, sdm_ept) { .profile = NVMX_PROFILE_SDM, .ept = true };
FIXTURE_VARIANT_ADD(apic, sealed) { .profile = NVMX_PROFILE_SEALED };

/* TPR shadow is on, VTPR and all other registers are 0. */
FIXTURE_SETUP(apic)
{
	struct l1 *l1 = &self->l1;

	l1_start(l1, variant->profile);
	l1_prepare(l1, L2_64);
	if (variant->ept)
		l1_use_ept(l1);
	if (!l1_can(l1, CAPS_PROC, PROC_TPR_SHADOW))
		SKIP(return, "no TPR shadow");
	l1_set_control(l1, CAPS_PROC, PROC_TPR_SHADOW);
	l1_write(l1, VIRTUAL_APIC_PAGE_ADDR, VAPIC);
	l1_write(l1, TPR_THRESHOLD, 0);
	self->vapic = l1_ptr(l1, VAPIC);
}

FIXTURE_TEARDOWN(apic)
{
	l1_close(&self->l1);
}

/* A register of the virtual-APIC page. */
#define VREG(offset)	(self->vapic[(offset) / 4])

#define RAX		(self->l1.run->gpr[NVMX_RAX])

/* Run a piece of code with RAX; it must end in VMCALL with @vector. */
#define expect_runs(code, rax, vector)					\
	do {								\
		RAX = rax;						\
		l1_load(&self->l1, code);				\
		EXPECT_EQ(EXIT_VMCALL, l1_run_exit(&self->l1));		\
		EXPECT_EQ(vector, l1_vector(&self->l1));		\
	} while (0)

/* What one entry attempt ended in: VMX_x, or the exit reason with bit 31. */
static inline long apic_attempt(struct l1 *l1)
{
	if (l1_run(l1) == NVMX_KIND_VMX_RESULT)
		return nvmx_outcome(0, &l1->run->result);
	return l1->run->exit_reason;
}

/* The entry is refused by @rule alone. */
#define expect_refused(number)						\
	do {								\
		EXPECT_EQ(VMX_FAIL(7), apic_attempt(&self->l1));	\
		EXPECT_EQ(1, self->l1.run->failure_total);		\
		EXPECT_EQ(number, self->l1.run->failure[0].rule);	\
	} while (0)

/* Access types: SDM Vol. 3, "Exit Qualification for APIC-Access VM Exits". */
#define TYPE_READ	0x0000
#define TYPE_WRITE	0x1000
#define TYPE_EVENT	0x3000
#define TYPE_PHYSICAL	0xf000

static inline void use_access_page(struct l1 *l1, __u64 address, __u64 proc2)
{
	l1_set_control(l1, CAPS_PROC2, PROC2_APIC_ACCESSES | proc2);
	l1_write(l1, APIC_ACCESS_ADDR, address);
}

#define SKIP_WITHOUT(bits)						\
	do {								\
		if (!l1_can(&self->l1, CAPS_PROC2, bits))		\
			SKIP(return, "not in this processor");		\
	} while (0)

#define RBX		(self->l1.run->gpr[NVMX_RBX])

/* @code with RBX = APIC_ACCESS + @offset exits with @type of access. */
#define expect_access_exit(code, offset, type)				\
	do {								\
		RBX = APIC_ACCESS + (offset);				\
		l1_load(&self->l1, code);				\
		EXPECT_EQ(EXIT_APIC_ACCESS, l1_run_exit(&self->l1))	\
			TH_LOG("offset %#x", (unsigned int)(offset));	\
		EXPECT_EQ((offset) | (type), self->l1.run->qualification); \
		EXPECT_EQ(NVMX_RULE_PROC2(0), self->l1.run->deciding_rule); \
		EXPECT_EQ(L1_CODE, l1_read(&self->l1, GUEST_RIP));	\
	} while (0)

#define expect_access_runs(code, offset, rax)				\
	do {								\
		RBX = APIC_ACCESS + (offset);				\
		expect_runs(code, rax, -1);				\
	} while (0)

/*
 * Have L2 take one interrupt, so that the pages which delivery needs are in EPT02:
 * Bochs 2.7 does not say in the IDT-vectoring information which virtual interrupt
 * an EPT violation interrupted.
 */
static inline void apic_take_interrupt(struct l1 *l1)
{
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED | RFLAGS_IF);
	l1_write(l1, VM_ENTRY_INTR_INFO_FIELD, INTR_EXT | 0x20);
	l1_run_until(l1, EXIT_VMCALL);
	if (l1_vector(l1) != 0x20)
		l1_die(l1, "vector %d", l1_vector(l1));
	l1_write(l1, GUEST_RSP, L1_STACK);
	l1_write(l1, GUEST_RFLAGS, RFLAGS_FIXED);
	l1_write(l1, GUEST_RIP, L1_CODE);
}

static inline __u64 apic_peek02(struct l1 *l1, __u32 encoding)
{
	struct nvmx_peek peek;

	if (nvmx_peek(l1->fd, NVMX_PEEK_VMCS02, encoding, &peek))
		l1_die(l1, "vmcs02: field %#x is not shown", encoding);
	return peek.out_value;
}

#endif /* NVMX_APIC_H */
