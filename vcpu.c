// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine of L1 and its logical processor: creation, enabling, policies,
 * and posts.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <asm/fpu/types.h>
#include <asm/processor.h>

#include "entry_checks.h"
#include "l2_regs.h"
#include "roster.h"
#include "vcpu.h"
#include "vmcs02.h"
#include "vmx_caps.h"

/* ---- machine ------------------------------------------------------------- */

static struct nvmx_machine *machine_create(void)
{
	const struct vmx_caps_host host = {
		.msr = vmx_host.msr,
		.xcr0 = vmx_host.xcr0,
		.maxphyaddr = boot_cpu_data.x86_phys_bits,
	};
	struct nvmx_machine *machine;

	machine = kzalloc(sizeof(*machine), GFP_KERNEL_ACCOUNT);
	if (!machine)
		return NULL;

	refcount_set(&machine->refs, 1);
	machine->mm = current->mm;
	vmx_caps_offer(&host, &machine->offered);
	l1_memory_init(&machine->memory);
	if (ept_init(&machine->ept, &machine->memory)) {
		l1_memory_destroy(&machine->memory);
		kfree(machine);
		return NULL;
	}
	return machine;
}

static void machine_put(struct nvmx_machine *machine)
{
	if (!refcount_dec_and_test(&machine->refs))
		return;

	/* Memory after the tables that map it. */
	ept_destroy(&machine->ept);
	l1_memory_destroy(&machine->memory);
	kfree(machine);
}

/* ---- logical processor --------------------------------------------------- */

static void vcpu_free(struct nvmx_vcpu *vcpu)
{
	vmcs02_destroy(&vcpu->vmcs02);
	l2_apic_destroy(&vcpu->apic);
	l2_regs_destroy(&vcpu->l2);
	if (vcpu->run)
		free_pages_exact(vcpu->run, NVMX_RUN_BYTES);
	free_page((unsigned long)vcpu->region);
	free_page((unsigned long)vcpu->cmd);
	if (vcpu->machine)
		machine_put(vcpu->machine);
	kfree(vcpu);
}

struct nvmx_vcpu *nvmx_vcpu_create(void)
{
	struct nvmx_vcpu *vcpu;
	int ret;

	BUILD_BUG_ON(sizeof(struct nvmx_run) > NVMX_RUN_BYTES);

	vcpu = kzalloc(sizeof(*vcpu), GFP_KERNEL_ACCOUNT);
	if (!vcpu)
		return ERR_PTR(-ENOMEM);

	try_lock_init(&vcpu->lock);
	spin_lock_init(&vcpu->post_lock);
	init_waitqueue_head(&vcpu->wait);
	shadow_vmcs_store_init(&vcpu->vmcs12s);
	vcpu->vmxon_ptr = NVMX_NO_VMPTR;
	vcpu->running_cpu = -1;
	l1_events_reset(&vcpu->events);
	nvmx_vcpu_reset_l1(vcpu);

	vcpu->machine = machine_create();
	vcpu->run = alloc_pages_exact(NVMX_RUN_BYTES, GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	vcpu->region = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	vcpu->cmd = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!vcpu->machine || !vcpu->run || !vcpu->region || !vcpu->cmd ||
	    l2_regs_init(&vcpu->l2) || vmcs02_init(&vcpu->vmcs02)) {
		vcpu_free(vcpu);
		return ERR_PTR(-ENOMEM);
	}
	vcpu->view.caps = &vcpu->machine->caps;
	vcpu->view.read_byte = l1_memory_read_byte;
	vcpu->view.ctx = &vcpu->machine->memory;

	/* Last: from here on others may find it. */
	ret = roster_add(vcpu);
	if (ret) {
		vcpu_free(vcpu);
		return ERR_PTR(ret);
	}
	return vcpu;
}

void nvmx_vcpu_destroy(struct nvmx_vcpu *vcpu)
{
	roster_remove(vcpu);
	shadow_vmcs_destroy_all(&vcpu->vmcs12s);
	vcpu_free(vcpu);
}

void nvmx_vcpu_reset_l1(struct nvmx_vcpu *vcpu)
{
	static const struct nvmx_segment data = {
		.limit = ~0U, .ar = 0xc093, .selector = 0x10,
	};
	struct nvmx_l1 *l1 = &vcpu->l1;
	unsigned int i;

	memset(l1, 0, sizeof(*l1));
	l1->cr0 = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE |
		  X86_CR0_WP | X86_CR0_AM | X86_CR0_PG;
	l1->cr4 = X86_CR4_PAE | X86_CR4_VMXE;
	l1->efer = EFER_LME | EFER_LMA | EFER_NX | EFER_SCE;
	l1->rflags = X86_EFLAGS_FIXED;
	l1->dr7 = 0x400;
	l1->pat = 0x0007040600070406ULL;
	for (i = 0; i < NVMX_SEGMENTS; i++)
		l1->seg[i] = data;
	l1->seg[NVMX_CS].ar = 0xa09b;
	l1->seg[NVMX_CS].selector = 0x8;
	l1->seg[NVMX_LDTR] = (struct nvmx_segment){ .ar = 0x10000 };
	l1->seg[NVMX_TR] = (struct nvmx_segment){
		.ar = 0x8b, .limit = 0x67, .selector = 0x18,
	};
	l1->gdtr_limit = 0xffff;
	l1->idtr_limit = 0xffff;
	vcpu->l1_current = false;
	vcpu->l1_judged = false;
	vcpu->l1_gpr_from_l2 = false;
}

bool nvmx_vcpu_read_only(const struct nvmx_vcpu *vcpu, enum vmcs_index index)
{
	if (vcpu->policy[index] != NVMX_POLICY_READ_ONLY)
		return false;

	return VMCS_ENC_TYPE(vmcs_field_table[index].encoding) != VMCS_EXIT_INFO ||
	       !(vcpu->machine->caps.msr[CAPS_MISC] & VMX_MISC_VMWRITE_SHADOW_RO_FIELDS);
}

static void set_access(struct nvmx_vcpu *vcpu, enum vmcs_index index)
{
	u8 access = 0;

	if (vcpu->policy[index] != NVMX_POLICY_HIDDEN) {
		access = FIELD_READABLE;
		if (!nvmx_vcpu_read_only(vcpu, index))
			access |= FIELD_WRITABLE;
	}
	vcpu->access[index + 1] = access;
}

/* What L1's processor lacks is hidden from L1 and cannot be shown. */
static void reset_policies(struct nvmx_vcpu *vcpu)
{
	unsigned int i;

	vcpu->hidden = 0;
	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		vcpu->policy[i] = vmcs_field_exists(&vcpu->machine->caps, i) ?
			vmcs_field_table[i].policy[vcpu->profile] :
			NVMX_POLICY_HIDDEN;
		set_access(vcpu, i);
	}
}

int nvmx_vcpu_enable(struct nvmx_vcpu *vcpu, const struct nvmx_caps *caps, u32 profile)
{
	struct nvmx_machine *machine = vcpu->machine;
	struct nvmx_caps offered = machine->offered;

	if (profile > NVMX_PROFILE_SEALED)
		return -EINVAL;
	if (vcpu->level != NVMX_LEVEL_L0 && !vcpu->aborted)
		return -EINVAL;

	vmx_caps_profile(&offered, profile);
	if (caps && !vmx_caps_within(caps, &offered))
		return -EOPNOTSUPP;

	machine->enabled = caps ? *caps : offered;
	machine->caps = machine->enabled;
	nvmx_vcpu_cpuid(&machine->enabled, &machine->cpuid);
	vcpu->profile = profile;
	vcpu->level = NVMX_LEVEL_L1;
	vcpu->aborted = 0;
	vcpu->vmxon = false;
	vcpu->vmxon_ptr = NVMX_NO_VMPTR;
	vcpu->current_vmcs = NULL;
	vcpu->vmcs02.owner = NULL;
	l1_events_reset(&vcpu->events);
	shadow_vmcs_destroy_all(&vcpu->vmcs12s);
	nvmx_vcpu_reset_l1(vcpu);
	reset_policies(vcpu);
	return 0;
}

static void host_cpuid(u32 leaf, u32 subleaf, u32 *out)
{
	cpuid_count(leaf, subleaf, &out[0], &out[1], &out[2], &out[3]);
}

void nvmx_vcpu_cpuid(const struct nvmx_caps *caps, struct l1_cpuid *table)
{
	l1_cpuid_default(host_cpuid, caps, table);
}

int nvmx_vcpu_set_cpuid(struct nvmx_vcpu *vcpu, const struct l1_cpuid *table,
			u32 *where)
{
	struct nvmx_machine *machine = vcpu->machine;
	struct l1_cpuid *most;
	struct shadow_vmcs *vmcs;
	int ret;

	lockdep_assert_held(&vcpu->lock);

	most = kmalloc(sizeof(*most), GFP_KERNEL_ACCOUNT);
	if (!most)
		return -ENOMEM;
	nvmx_vcpu_cpuid(&machine->enabled, most);
	ret = l1_cpuid_judge(table, most, where);
	kfree(most);
	if (ret)
		return ret;

	vmcs02_sync_rare(vcpu);
	machine->cpuid = *table;
	machine->caps = machine->enabled;
	l1_cpuid_narrow(table, &machine->caps);
	/* Each entry is judged and merged by what is there now. */
	vcpu->vmcs02.owner = NULL;
	vcpu->l1_judged = false;
	list_for_each_entry(vmcs, &vcpu->vmcs12s.lru, lru)
		vmcs->dirty_checks = ENTRY_ALL | VMCS12_DIRTY_L1;
	if (vcpu->l2.xcr0 & ~machine->caps.xcr0_valid)
		vcpu->l2.xcr0 = XFEATURE_MASK_FP;
	return 0;
}

void nvmx_vcpu_disable(struct nvmx_vcpu *vcpu)
{
	lockdep_assert_held(&vcpu->lock);

	WRITE_ONCE(vcpu->level, NVMX_LEVEL_L0);
	vcpu->aborted = 0;
	vcpu->vmxon = false;
	vcpu->vmxon_ptr = NVMX_NO_VMPTR;
	vcpu->current_vmcs = NULL;
	vcpu->vmcs02.owner = NULL;
	vcpu->activity = GUEST_ACTIVITY_ACTIVE;
	vcpu->l0_event = NVMX_L0_NONE;
	shadow_vmcs_destroy_all(&vcpu->vmcs12s);
	nvmx_vcpu_reset_l1(vcpu);
}

const struct nvmx_l1 *nvmx_vcpu_l1(struct nvmx_vcpu *vcpu)
{
	unsigned int i;

	lockdep_assert_held(&vcpu->lock);

	/* VMX does not switch them: they are what L2 left and L1 has changed since. */
	for (i = 0; vcpu->l1_gpr_from_l2 && i < NVMX_GPRS; i++)
		if (i != NVMX_RSP && vcpu->profile == NVMX_PROFILE_SDM)
			vcpu->l1.gpr[i] = READ_ONCE(vcpu->run->gpr[i]);
	return &vcpu->l1;
}

void nvmx_vcpu_set_l1(struct nvmx_vcpu *vcpu, const struct nvmx_l1 *l1)
{
	lockdep_assert_held(&vcpu->lock);

	vcpu->l1 = *l1;
	vcpu->l1.size = 0;
	vcpu->l1.flags = 0;
	vcpu->l1_current = false;
	vcpu->l1_judged = false;
	vcpu->l1_gpr_from_l2 = false;
	vcpu->vmcs02.stale |= G_EFER | G_PAT | G_DEBUG;
}

/*
 * Does L0 ever look at the value of a hidden field?  Not at host state in the
 * sealed profile: its rules do not apply and no exit loads it.
 */
static bool hidden_matters(const struct nvmx_vcpu *vcpu, enum vmcs_index index)
{
	return vcpu->profile != NVMX_PROFILE_SEALED ||
	       VMCS_ENC_TYPE(vmcs_field_table[index].encoding) != VMCS_HOST;
}

enum nvmx_policy_refusal nvmx_vcpu_set_policy(struct nvmx_vcpu *vcpu,
					      enum vmcs_index index, u32 policy)
{
	enum nvmx_policy_refusal refusal = field_policy_refusal(index, policy);
	struct shadow_vmcs *vmcs;

	if (refusal != NVMX_POLICY_OK)
		return refusal;

	if (hidden_matters(vcpu, index)) {
		vcpu->hidden -= vcpu->policy[index] == NVMX_POLICY_HIDDEN;
		vcpu->hidden += policy == NVMX_POLICY_HIDDEN;
	}
	vcpu->policy[index] = policy;
	set_access(vcpu, index);

	list_for_each_entry(vmcs, &vcpu->vmcs12s.lru, lru)
		vmcs12_mark_dirty(vmcs, index);
	vcpu->l1_current = false;
	vcpu->l1_judged = false;
	return NVMX_POLICY_OK;
}

const u64 *nvmx_vcpu_effective(struct nvmx_vcpu *vcpu)
{
	const struct nvmx_caps *caps = &vcpu->machine->caps;
	unsigned int i;

	lockdep_assert_held(&vcpu->lock);

	if (!vcpu->hidden)
		return vcpu->current_vmcs->value;

	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		vcpu->effective[i] = vcpu->policy[i] == NVMX_POLICY_HIDDEN ?
			vmcs_field_default(caps, i) : vcpu->current_vmcs->value[i];
	return vcpu->effective;
}

/* ---- posts --------------------------------------------------------------- */

static void vcpu_kick_ipi(void *unused)
{
	/* The VM exit that the IPI causes is all that is wanted. */
}

void nvmx_vcpu_post(struct nvmx_vcpu *vcpu, unsigned int bit)
{
	int cpu;

	set_bit(bit, &vcpu->posts);
	/* Pairs with the barrier between running_cpu and posts in the run loop. */
	smp_mb__after_atomic();
	cpu = READ_ONCE(vcpu->running_cpu);
	if (cpu >= 0)
		smp_call_function_single(cpu, vcpu_kick_ipi, NULL, 0);
	wake_up(&vcpu->wait);
}

int nvmx_vcpu_post_exit(struct nvmx_vcpu *vcpu, const struct nvmx_exit_l2 *exit)
{
	int ret = 0;

	spin_lock(&vcpu->post_lock);
	if (READ_ONCE(vcpu->level) != NVMX_LEVEL_L2)
		ret = -EINVAL;
	else if (test_bit(POST_EXIT, &vcpu->posts))
		ret = -EBUSY;
	else
		vcpu->post_exit = *exit;
	if (!ret) {
		set_bit(POST_EXIT, &vcpu->posts);
		/* Pairs with the barrier where L2 is left. */
		smp_mb__after_atomic();
		if (READ_ONCE(vcpu->level) != NVMX_LEVEL_L2) {
			clear_bit(POST_EXIT, &vcpu->posts);
			ret = -EINVAL;
		}
	}
	spin_unlock(&vcpu->post_lock);

	if (!ret)
		nvmx_vcpu_post(vcpu, POST_EXIT);
	return ret;
}
