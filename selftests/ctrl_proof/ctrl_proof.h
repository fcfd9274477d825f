/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor's own verdict on VM-execution, VM-exit and VM-entry controls and
 * on host state, for selftests/ctrl_proof: the device of the test module.
 *
 * Guest state is one that no processor accepts, so an entry ends in VMfail or in
 * exit 33, and never in a guest.
 */
#ifndef NVMX_CTRL_PROOF_H
#define NVMX_CTRL_PROOF_H

#include <linux/types.h>
#include <linux/ioctl.h>

/** PROOF_DEVICE - where it is */
#define PROOF_DEVICE	"/dev/nvmx_ctrl_proof"

/** PROOF_PAGES - pages that addresses may name, in a row */
#define PROOF_PAGES	4

/** PROOF_FIELDS_MAX - most fields of one call */
#define PROOF_FIELDS_MAX	256

/** PROOF_CAP_MSRS - VMX capability MSRs from IA32_VMX_BASIC on */
#define PROOF_CAP_MSRS	20

/**
 * struct proof_field - a field and its value
 * @encoding: the field
 * @value: the value
 */
struct proof_field {
	__u64 encoding;
	__u64 value;
};

/**
 * struct proof_setup - PROOF_SETUP: the processor, and what is harmless
 * @msr: capability MSRs; 0 where the processor lacks one
 * @maxphyaddr: physical-address width
 * @linear_bits: linear-address width
 * @pages: physical address of PROOF_PAGES pages of ours, zeros.  In the first
 *	one, byte 80H (VTPR) is 50H; the second is full of harmless entries of an
 *	MSR area
 * @vmptr: current-VMCS pointer
 * @count: elements of @host
 * @host: host state as it is
 */
struct proof_setup {
	__u64 msr[PROOF_CAP_MSRS];
	__u32 maxphyaddr;
	__u32 linear_bits;
	__u64 pages;
	__u64 vmptr;
	__u32 count;
	__u32 reserved;
	struct proof_field host[40];
};

/**
 * enum proof_how - the instruction
 * @PROOF_LAUNCH: VMLAUNCH
 * @PROOF_RESUME: VMRESUME
 * @PROOF_LAUNCH_MOV_SS: VMLAUNCH right after MOV to SS
 */
enum proof_how { PROOF_LAUNCH, PROOF_RESUME, PROOF_LAUNCH_MOV_SS };

/**
 * enum proof_outcome - what the processor did
 * @PROOF_EXIT: VM exit
 * @PROOF_VMFAIL_INVALID: VMfailInvalid
 * @PROOF_VMFAIL_VALID: VMfailValid
 * @PROOF_FAULT: the instruction caused an exception
 */
enum proof_outcome { PROOF_EXIT, PROOF_VMFAIL_INVALID, PROOF_VMFAIL_VALID, PROOF_FAULT };

/**
 * struct proof_entry - PROOF_ENTER: write fields, enter
 * @how: enum proof_how
 * @count: elements of @field
 * @field: written to the VMCS, where they stay; host state is that of the host
 *	each time, unless it is among them
 * @out_outcome: enum proof_outcome
 * @out_error: VM-instruction error
 * @out_reason: exit reason
 * @out_refused: encoding of a field that the processor does not have, or ~0
 * @out_qualification: exit qualification
 */
struct proof_entry {
	__u32 how;
	__u32 count;
	__u32 out_outcome;
	__u32 out_error;
	__u32 out_reason;
	__u32 out_refused;
	__u64 out_qualification;
	struct proof_field field[PROOF_FIELDS_MAX];
};

#define PROOF_SETUP	_IO(0xBF, 0)
#define PROOF_ENTER	_IO(0xBF, 1)

#endif /* NVMX_CTRL_PROOF_H */
