// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the emulated processor (Bochs 2.7) is known to differ from the SDM in its
 * checks on controls and host state, and what it cannot be asked.
 */
#include <linux/kernel.h>

#include "ctrl_states.h"

/* Bochs has no line for a check that it does not make. */
#define NO_LINE		"none, the entry goes on"

const struct ctrl_deviation ctrl_deviation[] = {
	{ "entry to SMM", { 4020 }, NULL, "VM-Entry Control Fields",
	  "\"entry to SMM\" must be 0 outside SMM", NO_LINE },
	{ "host PERF_GLOBAL_CTRL is not checked", { 6007 }, NULL,
	  "Checks on Host Control Registers, MSRs, and SSP",
	  "bits reserved in IA32_PERF_GLOBAL_CTRL must be 0", NO_LINE },
};

const unsigned int ctrl_deviations = ARRAY_SIZE(ctrl_deviation);

#define NOT_OFFERED	"the processor does not offer the control"
#define OTHERS_TOO	"in IA-32e mode rule 8003 is broken with it"

const struct ctrl_beyond ctrl_beyond[] = {
	{ 1002, 1002, "no entry succeeds, so the VMCS stays clear" },
	{ 2004, 2004, NOT_OFFERED },
	{ 2027, 2027, NOT_OFFERED },
	{ 2034, 2038, NOT_OFFERED },
	{ 2047, 2047, "the processor has accessed and dirty flags for EPT" },
	{ 2053, 2053, NOT_OFFERED },
	{ 2056, 2059, NOT_OFFERED },
	{ 2074, 2088, NOT_OFFERED },
	{ 3002, 3002, NOT_OFFERED },
	{ 3013, 3013, "the SDM leaves it to the implementation" },
	{ 3017, 3017, "the SDM leaves it to the implementation" },
	{ 4022, 4022, "only in SMM it is broken alone" },
	{ 5002, 5002, "the processor has the monitor trap flag" },
	{ 5013, 5013, "the processor injects with length 0" },
	{ 5014, 5015, "the processor has no FRED" },
	{ 6003, 6003, "the processor has no CET" },
	{ 6020, 6060, NOT_OFFERED },
	{ 7010, 7010, OTHERS_TOO },
	{ 8001, 8002, "this kernel is in IA-32e mode" },
	{ 8004, 8009, OTHERS_TOO },
};

const unsigned int ctrl_beyonds = ARRAY_SIZE(ctrl_beyond);
