// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the emulated processor (Bochs 2.7) is known to differ from the SDM.  On
 * a real processor each count is to be 0.
 */
#include "probe_states.h"

/* Bochs has no line for a check that it does not make. */
#define NO_LINE		"none, the entry goes on"
#define NONREGISTER	"Checks on Guest Non-Register State"

/* Bochs keeps the field in 32 bits. */
static bool high_pending(const struct nvmx_probe *probe, const struct state *s)
{
	return state_get(s, GUEST_PENDING_DBG_EXCEPTIONS) >> 32;
}

static bool cs_rpl(const struct nvmx_probe *probe, const struct state *s)
{
	__u64 rpl = state_get(s, GUEST_CS_SELECTOR) & 3;
	__u64 dpl = state_get(s, GUEST_CS_AR_BYTES) >> 5 & 3;

	return probe->out_exit_reason == (EXIT_FAILED_ENTRY | EXIT_GUEST_STATE) &&
	       s->base->unrestricted && rpl != dpl;
}

/* In one of the registers with a rule on it. */
static bool type_11(const struct nvmx_probe *probe, const struct state *s)
{
	return (state_get(s, GUEST_ES_AR_BYTES) & 15) == 11 ||
	       (state_get(s, GUEST_DS_AR_BYTES) & 15) == 11 ||
	       (state_get(s, GUEST_FS_AR_BYTES) & 15) == 11 ||
	       (state_get(s, GUEST_GS_AR_BYTES) & 15) == 11;
}

static bool unrestricted(const struct nvmx_probe *probe, const struct state *s)
{
	return s->base->unrestricted;
}

/* 64-bit mode may have one, and then Bochs looks no further. */
static bool null_ss(const struct nvmx_probe *probe, const struct state *s)
{
	return s->base->mode == L2_64 && !(state_get(s, GUEST_SS_SELECTOR) & 0xfffc);
}

static bool sti_nmi(const struct nvmx_probe *probe, const struct state *s)
{
	return probe->out_exit_reason == (EXIT_FAILED_ENTRY | EXIT_GUEST_STATE) &&
	       !probe->out_qualification &&
	       state_get(s, GUEST_INTERRUPTIBILITY_INFO) & BIT(0) &&
	       (state_get(s, VM_ENTRY_INTR_INFO_FIELD) & 0x80000700) == 0x80000200;
}

const struct deviation deviation[] = {
	{ "DEBUGCTL is not checked", { 9005 }, NULL,
	  "Checks on Guest Control Registers, Debug Registers, and MSRs",
	  "bits reserved in IA32_DEBUGCTL must be 0", NO_LINE },
	{ "IA-32e mode without paging", { 9007 }, unrestricted,
	  "Checks on Guest Control Registers, Debug Registers, and MSRs",
	  "bit 31 in the CR0 field must be 1 with \"IA-32e mode guest\"", NO_LINE },
	{ "DPL of CS and SS, unrestricted", { 10104, 10105 }, unrestricted,
	  "Checks on Guest Segment Registers",
	  "the DPL of CS is compared with that of SS, not with a selector", NO_LINE },
	{ "RPL of CS, unrestricted", { 0 }, cs_rpl,
	  "Checks on Guest Segment Registers",
	  "the RPL of CS is compared with that of SS alone, not if unrestricted",
	  "VMENTER FAIL: VMCS guest non-conforming CS.RPL <> CS.DPL" },
	{ "DPL of data segments of type 11", { 10143, 10153, 10163, 10173 }, type_11,
	  "Checks on Guest Segment Registers",
	  "DPL not below RPL for types 0 to 11, so for non-conforming code", NO_LINE },
	{ "SS with a null selector", { 10125, 10126, 10127, 10128, 10129, 10130, 10131 },
	  null_ss, "Checks on Guest Segment Registers",
	  "SS is judged unless it is unusable, whatever its selector", NO_LINE },
	{ "NMI with blocking by NMI", { 13028 }, NULL, NONREGISTER,
	  "with \"virtual NMIs\" no blocking by NMI when an NMI is injected", NO_LINE },
	{ "RIP in 64-bit mode", { 12002 }, NULL, "Checks on Guest RIP, RFLAGS, and SSP",
	  "bits beyond the linear-address width must be identical", NO_LINE },
	{ "events into HLT", { 13008 }, NULL, NONREGISTER,
	  "into HLT external interrupts, NMI, #DB, #MC and pending MTF alone", NO_LINE },
	{ "NMI with blocking by STI", { 0 }, sti_nmi, NONREGISTER,
	  "exit qualification 3 if an NMI is injected into a guest blocking by STI",
	  "VMENTER FAIL: VMCS guest interrupts blocked when injecting NMI" },
	{ "pending debug exceptions, bits 63:32", { 13040 }, high_pending, NONREGISTER,
	  "bits 63:17 must be 0", NO_LINE },
	{ "BS with blocking or HLT", { 13041, 13042 }, NULL, NONREGISTER,
	  "BS (14) must be 1 if TF is 1 and BTF is 0, and must be 0 if not", NO_LINE },
};

const unsigned int deviations = ARRAY_LEN(deviation);

/*
 * Bochs 2.7 ends itself when it meets these: with unrestricted guest it does not
 * check that IA-32e mode has paging, and says "change_cpu_mode: EFER.LMA is set
 * when CR0.PE=0 !".
 */
bool state_crashes(const struct state *s)
{
	return (state_get(s, VM_ENTRY_CONTROLS) & ENTRY_IA32E) &&
	       !(state_get(s, GUEST_CR0) & CR0_PE);
}

static bool about(const struct deviation *d, __u32 rule)
{
	unsigned int i;

	for (i = 0; i < ARRAY_LEN(d->rules) && d->rules[i]; i++)
		if (d->rules[i] == rule)
			return true;
	return false;
}

/* Number of the deviation by which a rule is not checked, or -1. */
int deviation_accepts(__u32 rule, const struct state *s)
{
	unsigned int i;

	for (i = 0; i < deviations; i++)
		if (about(&deviation[i], rule) &&
		    (!deviation[i].applies || deviation[i].applies(NULL, s)))
			return i;
	return -1;
}

/* Number of the deviation by which a state is refused, or -1. */
int deviation_refuses(const struct nvmx_probe *probe, const struct state *s)
{
	unsigned int i;

	for (i = 0; i < deviations; i++)
		if (!deviation[i].rules[0] && deviation[i].applies(probe, s))
			return i;
	return -1;
}
