// SPDX-License-Identifier: GPL-2.0-only
/*
 * Print the table of VMCS fields as reStructuredText: tools/doc builds and runs
 * it.
 */
#include <linux/kernel.h>
#include <stdio.h>
#include <string.h>

#include "field_policy.h"

static const char *const msr_names[NVMX_CAP_MSRS] = {
	[CAPS_BASIC]	= "IA32_VMX_BASIC",
	[CAPS_PIN]	= "pin-based control",
	[CAPS_PROC]	= "primary control",
	[CAPS_EXIT]	= "VM-exit control",
	[CAPS_ENTRY]	= "VM-entry control",
	[CAPS_MISC]	= "IA32_VMX_MISC",
	[CAPS_PROC2]	= "secondary control",
	[CAPS_EPT_VPID]	= "IA32_VMX_EPT_VPID_CAP",
	[CAPS_VMFUNC]	= "VM function",
	[CAPS_PROC3]	= "tertiary control",
	[CAPS_EXIT2]	= "secondary VM-exit control",
};

static const char *const policy_names[] = {
	[NVMX_POLICY_PASSTHROUGH]	= "passthrough",
	[NVMX_POLICY_EMULATED]		= "emulated",
	[NVMX_POLICY_READ_ONLY]		= "read-only",
	[NVMX_POLICY_HIDDEN]		= "hidden",
};

static const char *const part_names[] = {
	"as it is", "pin-based controls", "primary controls", "secondary controls",
	"exception bitmap", "VM-exit controls", "VM-entry controls", "CR0", "CR4",
	"CR3", "PDPTEs", "IA32_EFER", "IA32_PAT", "DR7 and IA32_DEBUGCTL", "EPT",
	"VPID", "TSC", "XSS bitmap", "PAUSE-loop exiting", "CR3 targets",
};

static const char *const sync_names[] = {
	[SYNC_NONE]	= "no",
	[SYNC_OFTEN]	= "each exit",
	[SYNC_RARE]	= "on demand",
	[SYNC_INFO]	= "exit information",
};

static const char *const default_names[] = {
	[DFLT_ZERO]	= "0",
	[DFLT_ONES]	= "all ones",
	[DFLT_PIN]	= "bits that must be 1",
	[DFLT_PROC]	= "bits that must be 1",
	[DFLT_EXIT]	= "bits that must be 1",
	[DFLT_ENTRY]	= "bits that must be 1",
};

static void heading(const char *text, char line)
{
	size_t i;

	printf("%s\n", text);
	for (i = 0; i < strlen(text); i++)
		putchar(line);
	printf("\n\n");
}

static void print_capability(u16 cap)
{
	u32 bit = CAP_BIT(cap);
	u32 msr = CAP_MSR(cap);

	if (cap == CAP_ALWAYS) {
		printf("always");
	} else if (cap == CAP_NEVER) {
		printf("never");
	} else if (CAP_IS_EITHER(cap)) {
		printf("VM-entry control %u or VM-exit control %u",
		       CAP_BIT(CAP_EITHER_ENTRY(cap)) - 32,
		       CAP_BIT(CAP_EITHER_EXIT(cap)) - 32);
	} else {
		/* Controls that may be 1 are in the upper half. */
		if ((msr >= CAPS_PIN && msr <= CAPS_ENTRY) || msr == CAPS_PROC2)
			bit -= 32;
		printf("%s %u", msr_names[msr], bit);
	}
}

static void print_policies(u32 allowed)
{
	const char *comma = "";
	u32 i;

	for (i = 0; i < ARRAY_SIZE(policy_names); i++) {
		if (allowed & BIT(i)) {
			printf("%s%s", comma, policy_names[i]);
			comma = ", ";
		}
	}
}

static void print_parts(u32 merge)
{
	const char *comma = "";
	u32 i;

	if (!merge)
		printf("nothing");
	for (i = 0; i < ARRAY_SIZE(part_names); i++) {
		if (merge & BIT(i)) {
			printf("%s%s", comma, part_names[i]);
			comma = ", ";
		}
	}
}

static void print_field(const struct vmcs_field_info *info)
{
	printf("   %04XH,%s,\"", info->encoding, info->name);
	print_capability(info->cap);
	printf("\",%s,%s,\"", policy_names[info->policy[NVMX_PROFILE_SDM]],
	       policy_names[info->policy[NVMX_PROFILE_SEALED]]);
	print_policies(info->allowed);
	printf("\",\"");
	print_parts(info->merge);
	/* What is in no part of vmcs02 does not come back from there, either. */
	printf("\",%s,%s\n", sync_names[info->sync == SYNC_RARE && !info->merge ?
				      SYNC_NONE : info->sync],
	       default_names[info->dflt]);
}

static void print_fields(void)
{
	static const char *const widths[] = { "16-bit", "64-bit", "32-bit", "Natural-width" };
	static const char *const types[] = {
		"control fields", "read-only data fields", "guest-state fields",
		"host-state fields",
	};
	int previous = -1;
	char title[64];
	u32 i;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		const struct vmcs_field_info *info = &vmcs_field_table[i];

		if (info->encoding >> 10 != previous) {
			previous = info->encoding >> 10;
			snprintf(title, sizeof(title), "%s %s",
				 widths[VMCS_ENC_WIDTH(info->encoding)],
				 types[VMCS_ENC_TYPE(info->encoding)]);
			printf("\n");
			heading(title, '-');
			printf(".. csv-table::\n   :header: encoding,name,exists with,"
			       "sdm,sealed,allowed,merged into,brought back,hidden value\n\n");
		}
		print_field(info);
	}
}

int main(void)
{
	printf(".. SPDX-License-Identifier: GPL-2.0-only\n");
	printf(".. Written by tools/doc: do not edit.\n");
	print_fields();
	return 0;
}
