// SPDX-License-Identifier: GPL-2.0-only
/*
 * The VMX instructions of L1.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "ept_walk.h"
#include "trace.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_caps.h"
#include "vmx_insn.h"

#define RESULT(_status)	((struct nvmx_result){ .status = (_status) })

/* ---- what comes first ---------------------------------------------------- */

static bool in_compatibility_mode(const struct nvmx_l1 *l1)
{
	return (l1->efer & EFER_LMA) && !(l1->seg[NVMX_CS].ar & BIT(13));
}

static bool mode_is_wrong(const struct nvmx_l1 *l1)
{
	return !(l1->cr0 & X86_CR0_PE) || (l1->rflags & X86_EFLAGS_VM) ||
	       in_compatibility_mode(l1);
}

bool vmx_insn_allowed(struct nvmx_vcpu *vcpu, struct nvmx_result *result)
{
	lockdep_assert_held(&vcpu->lock);

	if (!vcpu->vmxon || mode_is_wrong(&vcpu->l1))
		*result = RESULT(NVMX_UD);
	else if (vcpu->l1.cpl)
		*result = RESULT(NVMX_GP);
	else
		return true;
	return false;
}

struct nvmx_result vmx_insn_fail(struct nvmx_vcpu *vcpu, u32 error)
{
	if (!vcpu->current_vmcs)
		return RESULT(NVMX_VMFAIL_INVALID);

	vmcs12_sync(vcpu->current_vmcs, VF_VM_INSTRUCTION_ERROR, error);
	return (struct nvmx_result){ .status = NVMX_VMFAIL_VALID, .error = error };
}

static bool pointer_is_bad(const struct nvmx_vcpu *vcpu, u64 vmptr)
{
	return !IS_ALIGNED(vmptr, PAGE_SIZE) ||
	       vmptr >> vcpu->machine->caps.maxphyaddr;
}

/* What a read of L1's physical memory gives: ones where there is none. */
static u32 read_revision(struct nvmx_vcpu *vcpu, u64 vmptr)
{
	u32 revision;

	if (l1_memory_read(&vcpu->machine->memory, vmptr, &revision, sizeof(revision)))
		return ~0U;
	return revision;
}

static bool cr_fixed_violated(const struct nvmx_vcpu *vcpu)
{
	const u64 *msr = vcpu->machine->caps.msr;
	u64 cr0 = vcpu->l1.cr0, cr4 = vcpu->l1.cr4;

	return (cr0 & msr[CAPS_CR0_FIXED0]) != msr[CAPS_CR0_FIXED0] ||
	       cr0 & ~msr[CAPS_CR0_FIXED1] ||
	       (cr4 & msr[CAPS_CR4_FIXED0]) != msr[CAPS_CR4_FIXED0] ||
	       cr4 & ~msr[CAPS_CR4_FIXED1];
}

struct nvmx_result vmx_insn_vmxon(struct nvmx_vcpu *vcpu, u64 vmptr)
{
	if (!(vcpu->l1.cr4 & X86_CR4_VMXE) || mode_is_wrong(&vcpu->l1))
		return RESULT(NVMX_UD);
	if (vcpu->vmxon)
		return vcpu->l1.cpl ? RESULT(NVMX_GP) :
		       vmx_insn_fail(vcpu, VMXERR_VMXON_IN_VMX_ROOT_OPERATION);
	if (vcpu->l1.cpl || cr_fixed_violated(vcpu))
		return RESULT(NVMX_GP);
	if (pointer_is_bad(vcpu, vmptr) ||
	    read_revision(vcpu, vmptr) != NVMX_VMCS12_REVISION)
		return RESULT(NVMX_VMFAIL_INVALID);

	vcpu->vmxon = true;
	vcpu->vmxon_ptr = vmptr;
	vcpu->current_vmcs = NULL;
	return RESULT(NVMX_VMSUCCEED);
}

/* ---- active vmcs12s ------------------------------------------------------ */

/* Reads of what is not memory give ones, writes to it go nowhere. */
static void region_read(struct nvmx_vcpu *vcpu, u64 vmptr, void *region)
{
	if (l1_memory_read(&vcpu->machine->memory, vmptr, region, PAGE_SIZE))
		memset(region, 0xff, PAGE_SIZE);
}

static void forget(struct nvmx_vcpu *vcpu, struct shadow_vmcs *vmcs)
{
	if (vcpu->vmcs02.owner == vmcs)
		vcpu->vmcs02.owner = NULL;
	if (vcpu->l1_from == vmcs)
		vcpu->l1_current = false;
	if (vcpu->current_vmcs == vmcs)
		vcpu->current_vmcs = NULL;
	shadow_vmcs_destroy(&vcpu->vmcs12s, vmcs);
}

/* The object goes back into its region in L1's memory. */
static void write_back(struct nvmx_vcpu *vcpu, struct shadow_vmcs *vmcs, void *region)
{
	u64 vmptr = vmcs->vmptr;

	if (vcpu->vmcs02.owner == vmcs)
		vmcs02_sync_rare(vcpu);
	region_read(vcpu, vmptr, region);
	vmcs12_to_region(vmcs, region);
	/* Refused only where silicon would drop the write, too. */
	l1_memory_write(&vcpu->machine->memory, vmptr, region, PAGE_SIZE);
	forget(vcpu, vmcs);
}

static struct shadow_vmcs *activate(struct nvmx_vcpu *vcpu, u64 vmptr, void *region)
{
	struct shadow_vmcs *vmcs = shadow_vmcs_create(&vcpu->vmcs12s, vmptr);

	if (!vmcs)
		return NULL;

	/* Not before it is sure that there is memory: else nothing may change. */
	if (vcpu->vmcs12s.count > SHADOW_VMCS_MAX)
		write_back(vcpu, shadow_vmcs_oldest(&vcpu->vmcs12s, vcpu->current_vmcs),
			   region);

	region_read(vcpu, vmptr, region);
	vmcs12_from_region(vmcs, &vcpu->machine->caps, vcpu->policy, region);
	/* Never judged yet. */
	vmcs->dirty_checks = ~0ULL;
	return vmcs;
}

struct nvmx_result vmx_insn_vmxoff(struct nvmx_vcpu *vcpu)
{
	struct nvmx_result result;
	struct shadow_vmcs *vmcs;

	if (!vmx_insn_allowed(vcpu, &result))
		return result;

	while ((vmcs = shadow_vmcs_oldest(&vcpu->vmcs12s, NULL)))
		write_back(vcpu, vmcs, vcpu->region);
	vcpu->vmxon = false;
	vcpu->vmxon_ptr = NVMX_NO_VMPTR;
	return RESULT(NVMX_VMSUCCEED);
}

int vmx_insn_vmclear(struct nvmx_vcpu *vcpu, u64 vmptr, struct nvmx_result *result)
{
	struct shadow_vmcs *vmcs;

	if (!vmx_insn_allowed(vcpu, result))
		return 0;
	if (pointer_is_bad(vcpu, vmptr)) {
		*result = vmx_insn_fail(vcpu, VMXERR_VMCLEAR_INVALID_ADDRESS);
		return 0;
	}
	if (vmptr == vcpu->vmxon_ptr) {
		*result = vmx_insn_fail(vcpu, VMXERR_VMCLEAR_VMXON_POINTER);
		return 0;
	}

	/* A region that is not active still gets its launch state cleared. */
	vmcs = shadow_vmcs_find(&vcpu->vmcs12s, vmptr) ?:
	       activate(vcpu, vmptr, vcpu->region);
	if (!vmcs)
		return -ENOMEM;

	vmcs->launched = false;
	write_back(vcpu, vmcs, vcpu->region);
	*result = RESULT(NVMX_VMSUCCEED);
	return 0;
}

int vmx_insn_vmptrld(struct nvmx_vcpu *vcpu, u64 vmptr, struct nvmx_result *result)
{
	struct shadow_vmcs *vmcs;
	u32 error = 0;

	if (!vmx_insn_allowed(vcpu, result))
		return 0;

	if (pointer_is_bad(vcpu, vmptr))
		error = VMXERR_VMPTRLD_INVALID_ADDRESS;
	else if (vmptr == vcpu->vmxon_ptr)
		error = VMXERR_VMPTRLD_VMXON_POINTER;
	else if (read_revision(vcpu, vmptr) != NVMX_VMCS12_REVISION)
		error = VMXERR_VMPTRLD_INCORRECT_VMCS_REVISION_ID;
	if (error) {
		*result = vmx_insn_fail(vcpu, error);
		return 0;
	}

	vmcs = shadow_vmcs_find(&vcpu->vmcs12s, vmptr) ?:
	       activate(vcpu, vmptr, vcpu->region);
	if (!vmcs)
		return -ENOMEM;

	shadow_vmcs_touch(&vcpu->vmcs12s, vmcs);
	vcpu->current_vmcs = vmcs;
	*result = RESULT(NVMX_VMSUCCEED);
	return 0;
}

struct nvmx_result vmx_insn_vmptrst(struct nvmx_vcpu *vcpu, u64 *vmptr)
{
	struct nvmx_result result;

	*vmptr = 0;
	if (!vmx_insn_allowed(vcpu, &result))
		return result;

	*vmptr = vcpu->current_vmcs ? vcpu->current_vmcs->vmptr : NVMX_NO_VMPTR;
	return RESULT(NVMX_VMSUCCEED);
}

/* ---- fields -------------------------------------------------------------- */

static bool l1_is_64_bit(const struct nvmx_vcpu *vcpu)
{
	return vcpu->l1.efer & EFER_LMA;
}

/* Outside 64-bit mode the register operand has 32 bits. */
static int find_field(const struct nvmx_vcpu *vcpu, u64 *encoding)
{
	int index;

	if (!l1_is_64_bit(vcpu))
		*encoding = (u32)*encoding;

	index = vmcs_field_find(*encoding);
	if (index < 0 || vcpu->policy[index] == NVMX_POLICY_HIDDEN)
		return -1;
	return index;
}

bool vmx_insn_ready(struct nvmx_vcpu *vcpu, struct nvmx_result *result)
{
	if (!vmx_insn_allowed(vcpu, result))
		return false;
	if (vcpu->current_vmcs)
		return true;

	*result = RESULT(NVMX_VMFAIL_INVALID);
	return false;
}

/* Both halves of a field must be the present ones. */
static void freshen(struct nvmx_vcpu *vcpu, int index)
{
	if (vmcs12_is_stale(vcpu->current_vmcs, index))
		vmcs02_sync_field(vcpu, index);
}

struct nvmx_result vmx_insn_read_field(struct nvmx_vcpu *vcpu, u64 encoding, u64 *value)
{
	int index = find_field(vcpu, &encoding);

	*value = 0;
	if (index < 0)
		return vmx_insn_fail(vcpu, VMXERR_UNSUPPORTED_VMCS_COMPONENT);

	freshen(vcpu, index);
	*value = vmcs12_read(vcpu->current_vmcs, index);
	if (VMCS_ENC_HIGH(encoding))
		*value >>= 32;
	if (!l1_is_64_bit(vcpu))
		*value = (u32)*value;
	return RESULT(NVMX_VMSUCCEED);
}

struct nvmx_result vmx_insn_vmread(struct nvmx_vcpu *vcpu, u64 encoding, u64 *value)
{
	struct nvmx_result result;

	*value = 0;
	return vmx_insn_ready(vcpu, &result) ?
	       vmx_insn_read_field(vcpu, encoding, value) : result;
}

struct nvmx_result vmx_insn_write_field(struct nvmx_vcpu *vcpu, u64 encoding, u64 value)
{
	int index = find_field(vcpu, &encoding);

	if (index < 0)
		return vmx_insn_fail(vcpu, VMXERR_UNSUPPORTED_VMCS_COMPONENT);
	if (nvmx_vcpu_read_only(vcpu, index))
		return vmx_insn_fail(vcpu, VMXERR_VMWRITE_READ_ONLY_VMCS_COMPONENT);

	if (!l1_is_64_bit(vcpu))
		value = (u32)value;
	if (VMCS_ENC_HIGH(encoding)) {
		freshen(vcpu, index);
		value = value << 32 | (u32)vmcs12_read(vcpu->current_vmcs, index);
	}
	vmcs12_write(vcpu->current_vmcs, index, value & vmcs_field_mask(index));
	return RESULT(NVMX_VMSUCCEED);
}

struct nvmx_result vmx_insn_vmwrite(struct nvmx_vcpu *vcpu, u64 encoding, u64 value)
{
	struct nvmx_result result;

	return vmx_insn_ready(vcpu, &result) ?
	       vmx_insn_write_field(vcpu, encoding, value) : result;
}

/* ---- the rest ------------------------------------------------------------ */

struct nvmx_result vmx_insn_invept(struct nvmx_vcpu *vcpu, u64 type, const u64 *desc)
{
	const struct nvmx_caps *caps = &vcpu->machine->caps;
	bool single = type == 1;
	struct nvmx_result result;

	if (!nvmx_caps_has(caps, CAP_PROC2(1)) || !nvmx_caps_has(caps, CAP_EPT_VPID(20)))
		return RESULT(NVMX_UD);
	if (!vmx_insn_allowed(vcpu, &result))
		return result;

	if (!l1_is_64_bit(vcpu))
		type = (u32)type;
	if (type < 1 || type > 2 || !nvmx_caps_has(caps, CAP_EPT_VPID(24 + type)) ||
	    desc[1] || (single && !ept_pointer_is_legal(caps, desc[0])))
		return vmx_insn_fail(vcpu, VMXERR_INVALID_OPERAND_TO_INVEPT_INVVPID);

	ept_invalidate(&vcpu->machine->ept, single, desc[0]);
	return RESULT(NVMX_VMSUCCEED);
}

struct nvmx_result vmx_insn_invvpid(struct nvmx_vcpu *vcpu, u64 type, const u64 *desc)
{
	const struct nvmx_caps *caps = &vcpu->machine->caps;
	u16 vpid = desc[0];
	struct nvmx_result result;

	if (!nvmx_caps_has(caps, CAP_PROC2(5)) || !nvmx_caps_has(caps, CAP_EPT_VPID(32)))
		return RESULT(NVMX_UD);
	if (!vmx_insn_allowed(vcpu, &result))
		return result;

	if (!l1_is_64_bit(vcpu))
		type = (u32)type;
	if (type > 3 || !nvmx_caps_has(caps, CAP_EPT_VPID(40 + type)) || desc[0] >> 16 ||
	    (type != 2 && !vpid) ||
	    (type == 0 && !nvmx_caps_canonical(caps, desc[1])))
		return vmx_insn_fail(vcpu, VMXERR_INVALID_OPERAND_TO_INVEPT_INVVPID);

	/* More than one address or all but global pages is always right. */
	if (type == 2)
		l2_vpids_drop_all(&vcpu->vmcs02.vpids);
	else
		l2_vpids_drop(&vcpu->vmcs02.vpids, vpid);
	return RESULT(NVMX_VMSUCCEED);
}

struct nvmx_result vmx_insn_vmcall(struct nvmx_vcpu *vcpu)
{
	struct nvmx_result result;

	if (!vmx_insn_allowed(vcpu, &result))
		return result;

	return vmx_insn_fail(vcpu, VMXERR_VMCALL_IN_VMX_ROOT_OPERATION);
}
