/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine of L1 and its logical processor: what they own, their state and
 * their locks.
 *
 * Lock order: nvmx_vcpu.lock -> nvmx_vcpu.post_lock.  The vCPU's lock covers
 * everything of vCPU and machine but the posts.  It is only ever tried: a
 * second call on the same vCPU is told so and does not wait.
 */
#ifndef NVMX_VCPU_H
#define NVMX_VCPU_H

#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <asm/desc_defs.h>
#include <asm/msr-index.h>

#include "ept.h"
#include "exit_policy.h"
#include "exit_stats.h"
#include "field_policy.h"
#include "l1_cpuid.h"
#include "l1_events.h"
#include "l1_memory.h"
#include "l2_vpid.h"
#include "l2_apic.h"
#include "shadow_vmcs.h"
#include "try_lock.h"
#include "vmx_cpu.h"

struct mm_struct;

/** NVMX_RUN_BYTES - size of the run page group */
#define NVMX_RUN_BYTES		8192

/**
 * struct nvmx_machine - L1's machine
 * @refs: references
 * @mm: the address space it is bound to; only compared, never used
 * @offered: the most that L1 may be given
 * @enabled: what NVMX_ENABLE gave L1; valid above NVMX_LEVEL_L0
 * @caps: what L1 sees: @enabled without what @cpuid lacks
 * @cpuid: CPUID of L1's processor; valid above NVMX_LEVEL_L0
 * @memory: L1-physical memory
 * @ept: EPT01 and the EPT02s
 */
struct nvmx_machine {
	refcount_t refs;
	struct mm_struct *mm;
	struct nvmx_caps offered;
	struct nvmx_caps enabled;
	struct nvmx_caps caps;
	struct l1_cpuid cpuid;
	struct l1_memory memory;
	struct ept ept;
};

/**
 * struct l2_regs - L2's registers that VMX does not switch
 * @gpr: by enum nvmx_gpr; the element of RSP is not used
 * @cr2: CR2
 * @cr8: CR8, which is the TPR of L1's processor
 * @dr: DR0-DR3
 * @dr6: DR6
 * @xcr0: XCR0
 * @xss: IA32_XSS
 * @star: IA32_STAR
 * @lstar: IA32_LSTAR
 * @cstar: IA32_CSTAR
 * @fmask: IA32_FMASK
 * @kernel_gs_base: IA32_KERNEL_GS_BASE
 * @tsc_aux: IA32_TSC_AUX
 * @xsave: XSAVE area, standard format, 64-byte aligned, one page
 * @fpu_runs: runs for which the state in @xsave is still loaded beforehand
 * @syscall_runs: likewise the MSRs of SYSCALL: @star to @fmask
 */
struct l2_regs {
	u64 gpr[NVMX_GPRS];
	u64 cr2;
	u64 cr8;
	u64 dr[4];
	u64 dr6;
	u64 xcr0;
	u64 xss;
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 fmask;
	u64 kernel_gs_base;
	u64 tsc_aux;
	void *xsave;
	u8 fpu_runs;
	u8 syscall_runs;
};

/**
 * struct l2_exit - a VM exit of L2, and what is to become of it
 * @info: what routing looks at
 * @reason: exit reason, all 32 bits
 * @instruction_len: VM-exit instruction length
 * @idt_info: IDT-vectoring information
 * @rule: enum nvmx_exit_rule
 * @linear_address: guest-linear address
 * @physical_address: guest-physical address
 * @idt_error_code: IDT-vectoring error code
 * @inject_info: event that L0 delivers to L2 with the next entry, 0 for none
 * @inject_error_code: its error code
 * @inject_len: its instruction length
 */
struct l2_exit {
	struct exit_info info;
	u32 reason;
	u32 instruction_len;
	u32 idt_info;
	u32 rule;
	u64 linear_address;
	u64 physical_address;
	u32 idt_error_code;
	u32 inject_info;
	u32 inject_error_code;
	u32 inject_len;
};

/**
 * struct host_regs - the host's registers, kept while L2's are loaded
 * @kernel_gs_base: IA32_KERNEL_GS_BASE of the process, during an entry
 * @fs_base: FS base of the process
 * @dr7: DR7
 * @dr: DR0-DR3, while @dr_loaded
 * @debugctl: IA32_DEBUGCTL
 * @gdt: GDTR
 * @idt: IDTR
 * @fs: FS selector
 * @gs: GS selector
 * @ds: DS selector
 * @es: ES selector
 * @ldt: LDTR selector
 * @syscall_loaded: the syscall MSRs hold L2's values
 * @aux_loaded: IA32_TSC_AUX holds L2's value
 * @dr_loaded: DR0-DR3 hold L2's values
 * @fpu_loaded: x87, SSE and what else XSAVE manages holds L2's values
 */
struct host_regs {
	u64 kernel_gs_base;
	u64 fs_base;
	u64 dr7;
	u64 dr[4];
	u64 debugctl;
	struct desc_ptr gdt;
	struct desc_ptr idt;
	u16 fs;
	u16 gs;
	u16 ds;
	u16 es;
	u16 ldt;
	bool syscall_loaded;
	bool aux_loaded;
	bool dr_loaded;
	bool fpu_loaded;
};

/**
 * struct vmcs02 - the VMCS that L2 runs on
 * @hw: the processor's VMCS
 * @owner: the vmcs12 it was merged from, NULL for none
 * @stale: G_x: parts to compute again at the next entry
 * @refused: a VMWRITE to it failed, which is a bug of L0
 * @flush: translations of L2 must be flushed before the next entry
 * @pin: cached control field
 * @proc: cached control field
 * @proc2: cached control field
 * @exit: cached control field
 * @entry: cached control field
 * @exception: cached exception bitmap
 * @cr0_owned: CR0 bits that the guest/host mask holds for L0 alone
 * @cr4_owned: likewise for CR4
 * @cr0_l1_mask: L1's CR0 guest/host mask at the last merge
 * @cr4_l1_mask: likewise for CR4
 * @cr0_entry: GUEST_CR0 of vmcs12 at the last merge
 * @cr4_entry: likewise for CR4
 * @exit12: L1's VM-exit controls at the last nested VM exit
 * @efer: IA32_EFER as L2 wrote or was given it last; LMA may be old
 * @syscall_trapped: EFER.SCE is 0 for L0: L2's first SYSCALL or SYSRET exits
 * @fpu_trapped: CR0.TS is 1 for L0: L2's first use of the FPU exits
 * @ept12: L2 uses an EPT of L1's
 * @shared_msrs: L2's IA32_EFER or IA32_PAT may differ from L1's
 * @eptp: cached EPTP
 * @ept_generation: ept_generation() when @eptp was chosen
 * @rip_stale: GUEST_RIP must be written before the next entry
 * @debugctl: IA32_DEBUGCTL as L2 has it; the processor gets part of it
 * @host_cr3: cached host-state field
 * @host_cr4: cached host-state field
 * @host_fs_base: cached host-state field
 * @vpids: VPIDs of the processor for L1's
 * @l1_vpid: VPID that L1 used at the last entry
 * @timer: the VMX-preemption timer counts for L1
 * @timer_forced: the field is 0 to end the next entry at once
 * @timer_kept: what it held before
 * @timer_more: what L1's timer has left beyond the field
 */
struct vmcs02 {
	struct hw_vmcs hw;
	struct shadow_vmcs *owner;
	u32 stale;
	bool refused;
	bool rip_stale;
	bool flush;
	u32 pin;
	u32 proc;
	u32 proc2;
	u32 exit;
	u32 entry;
	u32 exception;
	u64 cr0_owned;
	u64 cr4_owned;
	u64 cr0_l1_mask;
	u64 cr4_l1_mask;
	u64 cr0_entry;
	u64 cr4_entry;
	u32 exit12;
	u64 efer;
	bool syscall_trapped;
	bool fpu_trapped;
	bool ept12;
	bool shared_msrs;
	u64 eptp;
	u64 ept_generation;
	u64 debugctl;
	u64 host_cr3;
	u64 host_cr4;
	u64 host_fs_base;
	struct l2_vpids vpids;
	u16 l1_vpid;
	bool timer;
	bool timer_forced;
	u32 timer_kept;
	u32 timer_more;
};

/**
 * vmcs02_traps_syscall() - whether #UD may mean that L2 uses SYSCALL or SYSRET
 * @v: the vmcs02
 *
 * Context: nvmx_vcpu.lock is held.
 * Return: true if so.
 */
static inline bool vmcs02_traps_syscall(const struct vmcs02 *v)
{
	return v->syscall_trapped && v->efer & EFER_SCE;
}

/* What L1 may do with a field the short way: bits of nvmx_vcpu.access. */
#define FIELD_READABLE	BIT(0)
#define FIELD_WRITABLE	BIT(1)

/* Posts: bits of nvmx_vcpu.posts. */
#define POST_KICK	0
#define POST_EXIT	1
#define POST_EVENT	2	/* something is pending in nvmx_vcpu.events */

/**
 * struct nvmx_vcpu - a logical processor of L1
 * @machine: its machine; holds a reference
 * @lock: covers everything below but the posts; see the head of this file
 * @level: nesting level
 * @profile: enum nvmx_profile
 * @vmxon: L1 is in VMX operation
 * @aborted: VMX-abort indicator, 0 for none
 * @vmxon_ptr: VMXON pointer, NVMX_NO_VMPTR outside VMX operation
 * @vmcs12s: the active vmcs12s
 * @current_vmcs: the current one of them, or NULL
 * @policy: enum nvmx_policy by enum vmcs_index
 * @access: FIELD_x by 1 + enum vmcs_index; 0 for no field
 * @hidden: number of hidden fields whose value L0 would look at
 * @f: effective values of the current vmcs12; valid while L2 is live
 * @effective: room for @f when some field is hidden
 * @l1: L1's registers
 * @l1_current: @l1 is what the host-state area of @l1_from says
 * @l1_from: see @l1_current
 * @l1_gpr_from_l2: L1's general-purpose registers are those of the run page
 * @l2: L2's registers that VMX does not switch
 * @gpr_in_run: L2's general-purpose registers are in the run page, where each VM
 *	exit stores them; those in @l2 are old.  False from when L0 handles an exit
 *	to the next entry of the processor or nested VM exit
 * @host: the host's, while L2's are loaded
 * @apic: the virtual-APIC page of L2
 * @vmcs02: what L2 runs on
 * @exit: the last exit of L2, while it is being settled
 * @view: what routing looks at on L1's side
 * @was_launched: launch state before the entry of the live L2
 * @l1_judged: @l1 and the capabilities have not changed since a good entry
 * @plain: neither a command nor an exit has changed what a VM entry looks at, but
 *	for fields, since one that needed nothing from memory: see nested_entry.c
 * @failures: rules that the last entry broke
 * @region: room for a VMCS region
 * @cmd: room for the struct of a command
 * @activity: L2's activity state, which vmcs02 never holds
 * @mtf_injected: the entry injected a pending MTF VM exit
 * @reflect: an EPT fault or an event is L1's and waits to become a nested VM exit
 * @l0_event: enum nvmx_l0_event that waits for the process
 * @run: the run page group, also mapped by the process
 * @posts: POST_x, set by anybody, cleared by the vCPU
 * @events: events of L1's machine, set by anybody
 * @post_lock: covers @post_exit
 * @post_exit: the nested VM exit that POST_EXIT asks for
 * @running_cpu: CPU on which L2 runs, or -1
 * @wait: a halted L2 sleeps here; posts wake it
 * @entries: VM entries of the processor
 * @stats: its VM exits
 * @roster: in the list of all
 * @user: who opened the file
 */
struct nvmx_vcpu {
	struct nvmx_machine *machine;
	struct try_lock lock;

	enum nvmx_level level;
	u32 profile;
	bool vmxon;
	u32 aborted;
	u64 vmxon_ptr;

	struct shadow_vmcs_store vmcs12s;
	struct shadow_vmcs *current_vmcs;
	u8 policy[VMCS_FIELD_COUNT];
	u8 access[VMCS_FIELD_COUNT + 1];
	u32 hidden;
	const u64 *f;
	u64 effective[VMCS_FIELD_COUNT];

	struct nvmx_l1 l1;
	bool l1_current;
	const struct shadow_vmcs *l1_from;
	bool l1_gpr_from_l2;

	struct l2_regs l2;
	bool gpr_in_run;
	struct host_regs host;
	struct l2_apic apic;
	struct vmcs02 vmcs02;
	struct l2_exit exit;
	struct exit_l1_view view;
	bool was_launched;
	bool l1_judged;
	bool plain;
	struct nvmx_failure failures[NVMX_RUN_FAILURES];
	void *region;
	void *cmd;
	u32 activity;
	bool mtf_injected;
	bool reflect;
	u32 l0_event;

	struct nvmx_run *run;

	unsigned long posts;
	struct l1_events events;
	spinlock_t post_lock;
	struct nvmx_exit_l2 post_exit;
	int running_cpu;
	wait_queue_head_t wait;
	u64 entries;
	struct exit_stats stats;

	struct list_head roster;
	kuid_t user;
};

/**
 * nvmx_vcpu_create() - make a machine with one logical processor
 *
 * Context: Process context; the machine is bound to current->mm.
 * Return: the vCPU, or an ERR_PTR: -ENOMEM, or -EMFILE if the user has too many.
 */
struct nvmx_vcpu *nvmx_vcpu_create(void);

/**
 * nvmx_vcpu_destroy() - free a logical processor and its machine
 * @vcpu: the vCPU; nobody uses it any more
 *
 * Context: Process context.
 */
void nvmx_vcpu_destroy(struct nvmx_vcpu *vcpu);

/**
 * nvmx_vcpu_reset_l1() - L1's registers as after reset of its VMX life
 * @vcpu: the vCPU
 *
 * 64-bit mode, CPL 0, paging on, CR4.VMXE = 1.
 *
 * Context: nvmx_vcpu.lock is held.
 */
void nvmx_vcpu_reset_l1(struct nvmx_vcpu *vcpu);

/**
 * nvmx_vcpu_enable() - L0 -> L1: turn nested VMX on
 * @vcpu: the vCPU
 * @caps: what L1 shall see, or NULL for all that is offered
 * @profile: enum nvmx_profile
 *
 * Context: nvmx_vcpu.lock is held.
 * Return: 0 or
 * - %-EINVAL: already enabled and not aborted, or unknown profile
 * - %-EOPNOTSUPP: more than is offered
 */
int nvmx_vcpu_enable(struct nvmx_vcpu *vcpu, const struct nvmx_caps *caps, u32 profile);

/**
 * nvmx_vcpu_cpuid() - the CPUID table that NVMX_ENABLE would make
 * @caps: L1's processor
 * @table: to be filled
 *
 * Context: Any context.
 */
void nvmx_vcpu_cpuid(const struct nvmx_caps *caps, struct l1_cpuid *table);

/**
 * nvmx_vcpu_set_cpuid() - say what L1's processor is
 * @vcpu: the vCPU, at level L1
 * @table: the table
 * @where: set to the index of an entry that is wrong
 *
 * Context: Process context, nvmx_vcpu.lock is held.
 * Return: 0, %-EINVAL or %-EOPNOTSUPP as of l1_cpuid_judge(), or %-ENOMEM.
 */
int nvmx_vcpu_set_cpuid(struct nvmx_vcpu *vcpu, const struct l1_cpuid *table,
			u32 *where);

/**
 * nvmx_vcpu_disable() - L1 or L2 -> L0: forget all of nested VMX
 * @vcpu: the vCPU; L2 does not run
 *
 * Context: nvmx_vcpu.lock is held.
 */
void nvmx_vcpu_disable(struct nvmx_vcpu *vcpu);

/**
 * nvmx_vcpu_l1() - L1's registers
 * @vcpu: the vCPU
 *
 * Context: nvmx_vcpu.lock is held.
 * Return: them, those of the run page included; size and flags are 0.
 */
const struct nvmx_l1 *nvmx_vcpu_l1(struct nvmx_vcpu *vcpu);

/**
 * nvmx_vcpu_set_l1() - give L1 registers
 * @vcpu: the vCPU; L2 is not live
 * @l1: the registers, legal
 *
 * Context: nvmx_vcpu.lock is held.
 */
void nvmx_vcpu_set_l1(struct nvmx_vcpu *vcpu, const struct nvmx_l1 *l1);

/**
 * nvmx_vcpu_set_policy() - override the policy of a field
 * @vcpu: the vCPU
 * @index: the field, which exists
 * @policy: enum nvmx_policy
 *
 * Context: nvmx_vcpu.lock is held, L2 is not live.
 * Return: enum nvmx_policy_refusal.
 */
enum nvmx_policy_refusal nvmx_vcpu_set_policy(struct nvmx_vcpu *vcpu,
					      enum vmcs_index index, u32 policy);

/**
 * nvmx_vcpu_read_only() - whether VMWRITE of a field gives error 13
 * @vcpu: the vCPU
 * @index: the field, which is not hidden
 *
 * Context: nvmx_vcpu.lock is held.
 * Return: true if it does.
 */
bool nvmx_vcpu_read_only(const struct nvmx_vcpu *vcpu, enum vmcs_index index);

/**
 * nvmx_vcpu_effective() - compute effective values of the current vmcs12
 * @vcpu: the vCPU; has a current vmcs12
 *
 * Context: nvmx_vcpu.lock is held.
 * Return: the values by enum vmcs_index, valid until a field is written.
 */
const u64 *nvmx_vcpu_effective(struct nvmx_vcpu *vcpu);

/**
 * nvmx_vcpu_post() - set a post and have it noticed
 * @vcpu: the vCPU
 * @bit: POST_x
 *
 * Context: Process context; no lock is needed.
 */
void nvmx_vcpu_post(struct nvmx_vcpu *vcpu, unsigned int bit);

/**
 * nvmx_vcpu_post_exit() - post a nested VM exit
 * @vcpu: the vCPU
 * @exit: the exit
 *
 * Context: Process context; no lock is needed.
 * Return: 0 or
 * - %-EINVAL: no L2 is live
 * - %-EBUSY: one is already posted
 */
int nvmx_vcpu_post_exit(struct nvmx_vcpu *vcpu, const struct nvmx_exit_l2 *exit);

#endif /* NVMX_VCPU_H */
