// SPDX-License-Identifier: GPL-2.0-only
/*
 * No value of L2 is left in a register when C code runs again after a VM exit,
 * as a probe on the return of nvmx_vmenter_asm() sees it.
 */
#include <stdio.h>

#include "host.h"
#include "kselftest_harness.h"
#include "l1_setup.h"

L2_CODE(flip_gprs);

#define PROBE	"r:vmexit nvmx_vmenter_asm ax=%ax bx=%bx cx=%cx dx=%dx si=%si di=%di " \
		"bp=%bp r8=%r8 r9=%r9 r10=%r10 r11=%r11 r12=%r12 r13=%r13 r14=%r14 r15=%r15"
#define EVENT	TRACEFS "events/kprobes/vmexit/enable"

static char trace[1 << 20];

FIXTURE(cleared) {
	struct l1 l1;
};

FIXTURE_SETUP(cleared)
{
	if (!host_write(TRACEFS "kprobe_events", PROBE))
		SKIP(return, "this kernel probes traced functions only");
	l1_start(&self->l1, NVMX_PROFILE_SDM);
	l1_prepare(&self->l1, L2_64);
	ASSERT_TRUE(host_write(EVENT, "1"));
	host_empty(TRACEFS "trace");
}

FIXTURE_TEARDOWN(cleared)
{
	host_write(EVENT, "0");
	host_write(TRACEFS "kprobe_events", "-:vmexit");
	l1_close(&self->l1);
}

/* What L2 has in register @n when it leaves. */
static __u64 left_by_l2(unsigned int n)
{
	return 0xdeadbeef00000000ULL | (n + 1) * 0x01010101;
}

static unsigned int count(const char *text)
{
	unsigned int found = 0;
	const char *at = trace;

	while ((at = strstr(at, text))) {
		found++;
		at += strlen(text);
	}
	return found;
}

TEST_F(cleared, no_register_of_l2_is_left_after_a_vm_exit)
{
	unsigned int probed, i;
	char value[32];

	for (i = 0; i < NVMX_GPRS; i++)
		self->l1.run->gpr[i] = ~left_by_l2(i);
	l1_load(&self->l1, flip_gprs);
	l1_run_until(&self->l1, EXIT_VMCALL);
	ASSERT_LT(0, host_read(TRACEFS "trace", trace, sizeof(trace)));

	/* The probe was hit, with registers that can be told. */
	probed = count("<- nvmx_vmenter_asm)");
	EXPECT_LT(0, probed);
	EXPECT_EQ(probed, count(" ax=0x0 bx=0x0 cx=0x0 dx=0x0 si=0x0 di=0x0 "));
	EXPECT_EQ(probed, count(" r8=0x0 r9=0x0 r10=0x0 r11=0x0 r12=0x0 r13=0x0 r14=0x0 r15=0x0"));
	for (i = 0; i < NVMX_GPRS; i++) {
		snprintf(value, sizeof(value), "=0x%llx", (unsigned long long)left_by_l2(i));
		EXPECT_EQ(0, count(value)) TH_LOG("register %u of L2", i);
		if (i != NVMX_RSP)
			EXPECT_EQ(left_by_l2(i), self->l1.run->gpr[i]);
	}
}

TEST_HARNESS_MAIN
