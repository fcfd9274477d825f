// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MSR areas: loaded on entry, stored and loaded on exit, within the limit of
 * IA32_VMX_MISC; what fails is a failed entry, or a VMX abort after which L1 is
 * shut down until it is enabled again.
 */
#include "kselftest_harness.h"
#include "l1_setup.h"

/* Room for more entries than may be. */
#define STORE		(L1_FREE)
#define LOAD		(L1_FREE + 0x10000)

#define MSR_TSC			0x10
#define MSR_SYSENTER_CS		0x174
#define MSR_SYSENTER_ESP	0x175
#define MSR_PAT			0x277
#define MSR_VMX_BASIC		0x480
#define MSR_EFER		0xc0000080
#define MSR_STAR		0xc0000081
#define MSR_LSTAR		0xc0000082
#define MSR_FS_BASE		0xc0000100
#define MSR_GS_BASE		0xc0000101
#define MSR_KERNEL_GS_BASE	0xc0000102
#define MSR_TSC_AUX		0xc0000103

#define ABORT_STORE	1
#define ABORT_LOAD	4

struct msr_entry {
	__u32 index;
	__u32 reserved;
	__u64 value;
};

FIXTURE(area) {
	struct l1 l1;
	struct msr_entry *store;
	struct msr_entry *load;
	struct nvmx_state state;
	struct nvmx_l1 regs;
	struct nvmx_l2 l2;
};

L2_CODE(nop);

FIXTURE_SETUP(area)
{
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	l1_load(&self->l1, nop);
	self->store = l1_ptr(&self->l1, STORE);
	self->load = l1_ptr(&self->l1, LOAD);
}

FIXTURE_TEARDOWN(area)
{
	l1_close(&self->l1);
}

static unsigned int limit(struct l1 *l1)
{
	return 512 * ((l1->info.out_caps.msr[CAPS_MISC] >> 25 & 7) + 1);
}

static struct msr_entry entry(__u32 index, __u64 value)
{
	return (struct msr_entry){ index, 0, value };
}

static void use_store(struct l1 *l1, __u64 address, unsigned int count)
{
	l1_write(l1, VM_EXIT_MSR_STORE_ADDR, address);
	l1_write(l1, VM_EXIT_MSR_STORE_COUNT, count);
}

static void use_load(struct l1 *l1, __u64 address, unsigned int count)
{
	l1_write(l1, VM_EXIT_MSR_LOAD_ADDR, address);
	l1_write(l1, VM_EXIT_MSR_LOAD_COUNT, count);
}

static void use_entry(struct l1 *l1, __u64 address, unsigned int count)
{
	l1_write(l1, VM_ENTRY_MSR_LOAD_ADDR, address);
	l1_write(l1, VM_ENTRY_MSR_LOAD_COUNT, count);
}

/* L1 is shut down: it executes nothing, and its VMCS region says why. */
#define expect_abort(indicator)						\
	do {								\
		__u32 *region = l1_ptr(&self->l1, L1_VMCS(0));		\
		__u64 value;						\
									\
		l1_run(&self->l1);					\
		test_get_state(self->l1.fd, &self->state);		\
		EXPECT_EQ(indicator, self->state.out_aborted);		\
		EXPECT_EQ(NVMX_LEVEL_L1, self->state.out_level);	\
		EXPECT_EQ(indicator, region[1]);			\
		test_err_vmread(EINVAL, self->l1.fd, GUEST_RIP, &value); \
		test_err_vmxoff(EINVAL, self->l1.fd);			\
		test_err_enter(EINVAL, self->l1.fd, NVMX_ENTER_RESUME);	\
	} while (0)

/* Enable L1 again, with a fresh VMCS 0. */
static void restart(struct l1 *l1)
{
	if (nvmx_enable(l1->fd, NVMX_PROFILE_SDM) || nvmx_vmxon(l1->fd, L1_VMXON))
		l1_die(l1, "cannot be enabled again");
	l1_fresh_vmcs(l1, 0);
	l1_prepare(l1, L2_64);
	l1_load(l1, nop);
}

/* ---- entry ------------------------------------------------------------------- */

TEST_F(area, entry_loads_up_to_the_limit)
{
	unsigned int i, max = limit(&self->l1);

	for (i = 0; i < max; i++)
		self->load[i] = entry(MSR_TSC_AUX, i);
	self->load[max - 1] = entry(MSR_STAR, 0x77);
	use_entry(&self->l1, LOAD, max);
	l1_run_until(&self->l1, EXIT_VMCALL);
	test_get_l2(self->l1.fd, &self->l2);
	EXPECT_EQ(max - 2, self->l2.tsc_aux);
	EXPECT_EQ(0x77, self->l2.star);
}

TEST_F(area, an_entry_past_the_limit_fails_with_its_number)
{
	unsigned int i, max = limit(&self->l1);

	for (i = 0; i <= max; i++)
		self->load[i] = entry(MSR_TSC_AUX, i);
	use_entry(&self->l1, LOAD, max + 1);
	EXPECT_EQ(EXIT_FAILED_ENTRY | EXIT_MSR_LOAD, l1_run_exit(&self->l1));
	EXPECT_EQ(max + 1, self->l1.run->qualification);
	use_entry(&self->l1, LOAD, ~0U);
	EXPECT_EQ(EXIT_FAILED_ENTRY | EXIT_MSR_LOAD, l1_run_exit(&self->l1));
	EXPECT_EQ(max + 1, self->l1.run->qualification);
}

TEST_F(area, an_entry_from_a_hole_fails_with_the_first_number)
{
	use_entry(&self->l1, L1_MEM_BYTES, 1);
	EXPECT_EQ(EXIT_FAILED_ENTRY | EXIT_MSR_LOAD, l1_run_exit(&self->l1));
	EXPECT_EQ(1, self->l1.run->qualification);
}

TEST_F(area, entry_overrides_guest_state_fields)
{
	self->load[0] = entry(MSR_SYSENTER_ESP, 0x12340);
	self->load[1] = entry(MSR_PAT, 0x0606060606060606ULL);
	l1_write(&self->l1, GUEST_SYSENTER_ESP, 0x999);
	use_entry(&self->l1, LOAD, 2);
	l1_set_control(&self->l1, CAPS_EXIT, EXIT_SAVE_PAT);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0x12340, l1_read(&self->l1, GUEST_SYSENTER_ESP));
	EXPECT_EQ(0x0606060606060606ULL, l1_read(&self->l1, GUEST_IA32_PAT));
}

TEST_F(area, a_failed_entry_loads_l1s_area_and_stores_nothing)
{
	self->store[0] = entry(MSR_LSTAR, 0x5555);
	self->load[0] = entry(MSR_STAR, 0x6666);
	use_store(&self->l1, STORE, 1);
	use_load(&self->l1, LOAD, 1);
	l1_write(&self->l1, GUEST_RFLAGS, 0);
	EXPECT_EQ(EXIT_FAILED_ENTRY | EXIT_GUEST_STATE, l1_run_exit(&self->l1));
	EXPECT_EQ(0x5555, self->store[0].value);
	test_get_l2(self->l1.fd, &self->l2);
	EXPECT_EQ(0x6666, self->l2.star);
}

/* ---- exit --------------------------------------------------------------------- */

TEST_F(area, an_exit_stores_what_l2_has)
{
	static const struct {
		__u32 msr;
		__u64 value;
	} msrs[] = {
		{ MSR_STAR, 0x1122334455667788ULL },
		{ MSR_LSTAR, 0xffffffff81000000ULL },
		{ MSR_KERNEL_GS_BASE, 0xffff888000000000ULL },
		{ MSR_TSC_AUX, 0x1234 },
		{ MSR_SYSENTER_CS, 0x20 },
		{ MSR_PAT, 0x0007040600070406ULL },
	};
	struct l1 *l1 = &self->l1;
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(msrs); i++) {
		self->load[i] = entry(msrs[i].msr, msrs[i].value);
		self->store[i] = entry(msrs[i].msr, ~0ULL);
	}
	/* Those that no load area may hold, and a constant. */
	self->store[i++] = entry(MSR_FS_BASE, ~0ULL);
	self->store[i++] = entry(MSR_VMX_BASIC, ~0ULL);
	self->store[i++] = entry(MSR_TSC, ~0ULL);
	l1_write(l1, GUEST_FS_BASE, 0x5000);
	use_entry(l1, LOAD, ARRAY_LEN(msrs));
	use_store(l1, STORE, i);
	l1_run_until(l1, EXIT_VMCALL);
	for (i = 0; i < ARRAY_LEN(msrs); i++) {
		EXPECT_EQ(msrs[i].value, self->store[i].value)
			TH_LOG("MSR %#x", msrs[i].msr);
		EXPECT_EQ(msrs[i].msr, self->store[i].index);
	}
	EXPECT_EQ(0x5000, self->store[i++].value);
	EXPECT_EQ(l1->info.out_caps.msr[CAPS_BASIC], self->store[i++].value);
	EXPECT_NE(~0ULL, self->store[i].value);
}

TEST_F(area, an_exit_stores_before_it_loads)
{
	struct l1 *l1 = &self->l1;

	test_get_l2(l1->fd, &self->l2);
	self->l2.lstar = 0x1234000;
	test_set_l2(l1->fd, &self->l2);
	self->store[0] = entry(MSR_LSTAR, 0);
	self->load[0] = entry(MSR_LSTAR, 0x7777000);
	use_store(l1, STORE, 1);
	use_load(l1, LOAD, 1);
	l1_run_until(l1, EXIT_VMCALL);
	EXPECT_EQ(0x1234000, self->store[0].value);
	test_get_l2(l1->fd, &self->l2);
	EXPECT_EQ(0x7777000, self->l2.lstar);
}

/* What the host-state area loads comes first, the MSR area has the last word. */
TEST_F(area, an_exit_loads_l1s_own_registers)
{
	struct l1 *l1 = &self->l1;

	self->load[0] = entry(MSR_SYSENTER_ESP, 0x4321000);
	self->load[1] = entry(MSR_PAT, 0x0505050505050505ULL);
	self->load[2] = entry(MSR_EFER, EFER_LME | EFER_LMA | EFER_SCE);
	use_load(l1, LOAD, 3);
	l1_write(l1, GUEST_SYSENTER_ESP, 0x111000);
	l1_run_until(l1, EXIT_VMCALL);
	test_get_l1(l1->fd, &self->regs);
	EXPECT_EQ(0x4321000, self->regs.sysenter_esp);
	EXPECT_EQ(0x0505050505050505ULL, self->regs.pat);
	EXPECT_EQ(EFER_LME | EFER_LMA | EFER_SCE, self->regs.efer);
	/* L2's are its own. */
	EXPECT_EQ(0x111000, l1_read(l1, GUEST_SYSENTER_ESP));
}

TEST_F(area, areas_of_an_exit_go_up_to_the_limit)
{
	unsigned int i, max = limit(&self->l1);

	for (i = 0; i < max; i++) {
		self->store[i] = entry(MSR_TSC_AUX, ~0ULL);
		self->load[i] = entry(MSR_TSC_AUX, i);
	}
	use_store(&self->l1, STORE, max);
	use_load(&self->l1, LOAD, max);
	l1_run_until(&self->l1, EXIT_VMCALL);
	EXPECT_EQ(0, self->store[0].value);
	EXPECT_EQ(0, self->store[max - 1].value);
	test_get_l2(self->l1.fd, &self->l2);
	EXPECT_EQ(max - 1, self->l2.tsc_aux);
}

/* ---- VMX abort ------------------------------------------------------------------ */

TEST_F_TIMEOUT(area, an_msr_that_cannot_be_stored_is_a_vmx_abort, 60)
{
	static const struct msr_entry bad[] = {
		{ MSR_LSTAR, 1, 0 },		/* reserved bits */
		{ 0x808, 0, 0 },		/* x2APIC */
		{ 0x12345, 0, 0 },		/* no such MSR */
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		self->store[0] = entry(MSR_LSTAR, 0);
		self->store[1] = bad[i];
		use_store(&self->l1, STORE, 2);
		expect_abort(ABORT_STORE);
		restart(&self->l1);
	}
	use_store(&self->l1, L1_MEM_BYTES - 16, 2);
	*(struct msr_entry *)l1_ptr(&self->l1, L1_MEM_BYTES - 16) = entry(MSR_STAR, 0);
	expect_abort(ABORT_STORE);
	restart(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F_TIMEOUT(area, an_msr_that_cannot_be_loaded_is_a_vmx_abort, 60)
{
	static const struct msr_entry bad[] = {
		{ MSR_LSTAR, 1, 0 },		/* reserved bits */
		{ MSR_FS_BASE, 0, 0 },
		{ MSR_GS_BASE, 0, 0 },
		{ 0x8ff, 0, 0 },		/* x2APIC */
		{ MSR_LSTAR, 0, 1ULL << 62 },	/* not canonical */
		{ MSR_VMX_BASIC, 0, 0 },	/* read-only */
		{ MSR_PAT, 0, 2 },		/* an illegal type */
		{ 0x12345, 0, 0 },		/* no such MSR */
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad); i++) {
		self->load[0] = entry(MSR_STAR, i);
		self->load[1] = bad[i];
		use_load(&self->l1, LOAD, 2);
		expect_abort(ABORT_LOAD);
		/* What came before the bad one is loaded. */
		test_get_l2(self->l1.fd, &self->l2);
		EXPECT_EQ(i, self->l2.star);
		restart(&self->l1);
	}
	use_load(&self->l1, L1_MEM_BYTES, 1);
	expect_abort(ABORT_LOAD);
	restart(&self->l1);
	l1_run_until(&self->l1, EXIT_VMCALL);
}

TEST_F(area, an_event_does_not_end_a_vmx_abort)
{
	struct l1 *l1 = &self->l1;

	use_load(l1, L1_MEM_BYTES, 1);
	expect_abort(ABORT_LOAD);
	test_event(l1->fd, NVMX_EVENT_INIT, 0);
	test_event(l1->fd, NVMX_EVENT_NMI, 0);
	test_err_enter(EINVAL, l1->fd, NVMX_ENTER_RESUME);
	/* Enabling is like a reset: nothing is pending. */
	restart(l1);
	test_get_state(l1->fd, &self->state);
	EXPECT_EQ(0, self->state.out_aborted);
	EXPECT_EQ(0, self->state.out_init + self->state.out_nmis);
	l1_run_until(l1, EXIT_VMCALL);
}

TEST_HARNESS_MAIN
