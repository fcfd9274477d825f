/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of VM entry, as a table.  Pure: no kernel services, the same
 * object serves the module, the unit tests and user-space tools.
 */
#ifndef NVMX_ENTRY_CHECKS_H
#define NVMX_ENTRY_CHECKS_H

#include <linux/types.h>

#include "field_policy.h"

/** ENTRY_MSR_MAX - most entries of an MSR area that is looked at */
#define ENTRY_MSR_MAX	512

/**
 * struct entry_msr - an entry of an MSR area, as in L1's memory
 * @index: MSR
 * @reserved: must be 0
 * @value: MSR data
 */
struct entry_msr {
	u32 index;
	u32 reserved;
	u64 value;
};

/**
 * struct entry_memory - one-time copies of what entry rules need from memory
 * @link_readable: the VMCS region that the VMCS link pointer names is memory
 * @link_revision: its first 32 bits
 * @pdpte_valid: @pdpte holds the four PDPTEs that guest CR3 points at; false
 *	where the rule does not apply or the fields hold them
 * @pdpte: those PDPTEs
 * @vtpr_readable: the virtual-APIC page is memory
 * @vtpr: virtual TPR, byte 80H of that page
 * @msr_count: entries of the VM-entry MSR-load area that were copied
 * @msr: VM-entry MSR-load area
 */
struct entry_memory {
	bool link_readable;
	bool pdpte_valid;
	bool vtpr_readable;
	u8 vtpr;
	u32 link_revision;
	u64 pdpte[4];
	u32 msr_count;
	const struct entry_msr *msr;
};

/**
 * struct entry_state - all that the entry rules judge
 * @caps: L1's processor
 * @l1: L1's registers
 * @f: effective value of each field by enum vmcs_index
 * @vmptr: current-VMCS pointer
 * @mem: copies from memory
 * @launched: launch state of the current VMCS
 * @resume: VMRESUME rather than VMLAUNCH
 * @no_host: host-state fields are hidden: their rules do not apply
 * @no_insn: judge the VMCS alone: skip the rules on L1's registers and the
 *	launch state
 */
struct entry_state {
	const struct nvmx_caps *caps;
	const struct nvmx_l1 *l1;
	const u64 *f;
	u64 vmptr;
	struct entry_memory mem;
	bool launched;
	bool resume;
	bool no_host;
	bool no_insn;
};

/**
 * enum entry_group - groups of rules, in the order in which they decide
 * @ENTRY_INSN: VMX-instruction checks
 * @ENTRY_CTRL_EXEC: VM-execution control fields
 * @ENTRY_CTRL_EXIT: VM-exit control fields
 * @ENTRY_CTRL_ENTRY: VM-entry control fields
 * @ENTRY_CTRL_EVENT: event injection
 * @ENTRY_HOST_REGS: host control registers, MSRs and SSP
 * @ENTRY_HOST_SEG: host segment and descriptor-table registers
 * @ENTRY_HOST_SPACE: address-space size
 * @ENTRY_GUEST_REGS: guest control registers, debug registers and MSRs
 * @ENTRY_GUEST_SEG: guest segment registers
 * @ENTRY_GUEST_DT: guest descriptor-table registers
 * @ENTRY_GUEST_RIP: guest RIP, RFLAGS and SSP
 * @ENTRY_GUEST_NONREG: guest non-register state but the link pointer
 * @ENTRY_GUEST_LINK: VMCS link pointer
 * @ENTRY_GUEST_PDPTE: guest page-directory-pointer-table entries
 * @ENTRY_MSR_LOAD: VM-entry MSR-load area
 * @ENTRY_GROUPS: number of groups
 */
enum entry_group {
	ENTRY_INSN,
	ENTRY_CTRL_EXEC,
	ENTRY_CTRL_EXIT,
	ENTRY_CTRL_ENTRY,
	ENTRY_CTRL_EVENT,
	ENTRY_HOST_REGS,
	ENTRY_HOST_SEG,
	ENTRY_HOST_SPACE,
	ENTRY_GUEST_REGS,
	ENTRY_GUEST_SEG,
	ENTRY_GUEST_DT,
	ENTRY_GUEST_RIP,
	ENTRY_GUEST_NONREG,
	ENTRY_GUEST_LINK,
	ENTRY_GUEST_PDPTE,
	ENTRY_MSR_LOAD,
	ENTRY_GROUPS
};

/** ENTRY_ALL - every group of rules */
#define ENTRY_ALL	(BIT_ULL(ENTRY_GROUPS) - 1)

/*
 * Groups that depend on memory or on L1's registers and launch state: judged
 * at each entry, whatever is dirty.
 */
#define ENTRY_ALWAYS	(BIT_ULL(ENTRY_INSN) | BIT_ULL(ENTRY_GUEST_LINK) | \
			 BIT_ULL(ENTRY_GUEST_PDPTE) | BIT_ULL(ENTRY_MSR_LOAD))

/**
 * entry_checks_groups() - groups of rules that look at a field
 * @index: the field
 *
 * Context: Any context.
 * Return: mask of BIT_ULL(enum entry_group).
 */
u64 entry_checks_groups(enum vmcs_index index);

/**
 * entry_checks_run() - judge a vmcs12
 * @state: what to judge
 * @groups: mask of the groups to judge; the others are known to be good
 * @list: broken rules are written here, in the order in which they decide:
 *	the first one gives the architectural outcome
 * @capacity: elements of @list there is room for; at least 1
 *
 * Context: Any context.
 * Return: number of broken rules, which may be more than @capacity.
 */
u32 entry_checks_run(const struct entry_state *state, u64 groups,
		     struct nvmx_failure *list, u32 capacity);

/**
 * struct entry_rule_text - the words of a rule
 * @name: symbolic id
 * @section: title of the SDM section
 * @hint: what would be legal
 * @implementation: the SDM leaves the rule to the implementation
 */
struct entry_rule_text {
	const char *name;
	const char *section;
	const char *hint;
	bool implementation;
};

/**
 * entry_checks_text() - the words of a rule
 * @rule: id, as in struct nvmx_failure
 *
 * Context: Any context.
 * Return: its text, or NULL for an id that does not exist.
 */
const struct entry_rule_text *entry_checks_text(u32 rule);

/**
 * entry_checks_count() - number of rules
 *
 * Context: Any context.
 * Return: how many rules the table has.
 */
u32 entry_checks_count(void);

#endif /* NVMX_ENTRY_CHECKS_H */
