// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a logical processor as a snapshot, and back.
 */
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "l2_regs.h"
#include "nested_entry.h"
#include "snapshot.h"
#include "snapshot_state.h"
#include "vcpu.h"
#include "vmcs02.h"

/**
 * struct writer - a snapshot being written
 * @data: room for all of it, zeroed
 * @at: bytes written
 */
struct writer {
	void *data;
	u64 at;
};

/* ---- saving -------------------------------------------------------------- */

static u64 bytes_needed(const struct nvmx_vcpu *vcpu)
{
	u64 section = sizeof(struct nvmx_snapshot_section);
	u64 vmcs = section + sizeof(struct nvmx_snapshot_vmcs) +
		   VMCS_FIELD_COUNT * sizeof(struct nvmx_snapshot_field);

	return sizeof(struct nvmx_snapshot_header) +
	       section + sizeof(struct nvmx_snapshot_machine) +
	       section + VMCS_FIELD_COUNT * sizeof(struct nvmx_snapshot_policy) +
	       section + sizeof(vcpu->machine->cpuid.entry) +
	       section + sizeof(struct nvmx_l1) +
	       section + sizeof(struct nvmx_l2) +
	       section + sizeof(struct nvmx_snapshot_live) +
	       section + sizeof(struct nvmx_snapshot_events) +
	       vcpu->vmcs12s.count * vmcs;
}

/* Return: room for the body of a section. */
static void *add_section(struct writer *w, u32 type, u64 bytes)
{
	struct nvmx_snapshot_section *section = w->data + w->at;

	section->type = type;
	section->bytes = sizeof(*section) + bytes;
	w->at += section->bytes;
	return section + 1;
}

static void save_machine(const struct nvmx_vcpu *vcpu, struct writer *w)
{
	struct nvmx_snapshot_machine *m = add_section(w, NVMX_SNAPSHOT_MACHINE, sizeof(*m));

	m->level = vcpu->level;
	m->vmxon_ptr = vcpu->vmxon_ptr;
	m->vmptr = vcpu->current_vmcs ? vcpu->current_vmcs->vmptr : NVMX_NO_VMPTR;
	if (vcpu->level == NVMX_LEVEL_L0)
		return;
	m->profile = vcpu->profile;
	m->vmxon = vcpu->vmxon;
	m->aborted = vcpu->aborted;
	m->caps = vcpu->machine->enabled;
}

static void save_policies(const struct nvmx_vcpu *vcpu, struct writer *w)
{
	struct nvmx_snapshot_policy *list = add_section(w, NVMX_SNAPSHOT_POLICY, 0);
	struct nvmx_snapshot_section *section = (void *)list - sizeof(*section);
	u32 i, n = 0;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		if (!vmcs_field_exists(&vcpu->machine->caps, i) ||
		    vcpu->policy[i] == vmcs_field_table[i].policy[vcpu->profile])
			continue;
		list[n].encoding = vmcs_field_table[i].encoding;
		list[n++].policy = vcpu->policy[i];
	}
	section->bytes += n * sizeof(*list);
	w->at += n * sizeof(*list);
}

static void save_cpuid(const struct nvmx_vcpu *vcpu, struct writer *w)
{
	const struct l1_cpuid *table = &vcpu->machine->cpuid;
	u64 bytes = table->count * sizeof(table->entry[0]);

	memcpy(add_section(w, NVMX_SNAPSHOT_CPUID, bytes), table->entry, bytes);
}

static void save_l1(struct nvmx_vcpu *vcpu, struct writer *w)
{
	struct nvmx_l1 *l1 = add_section(w, NVMX_SNAPSHOT_L1, sizeof(*l1));

	*l1 = *nvmx_vcpu_l1(vcpu);
	l1->size = sizeof(*l1);
}

static void save_l2(const struct nvmx_vcpu *vcpu, struct writer *w)
{
	struct nvmx_l2 *l2 = add_section(w, NVMX_SNAPSHOT_L2, sizeof(*l2));

	l2_regs_get(&vcpu->l2, l2);
	l2->size = sizeof(*l2);
}

static void save_vmcs(struct shadow_vmcs *vmcs, struct writer *w)
{
	u64 bytes = vmcs->field_count * sizeof(struct nvmx_snapshot_field);
	struct nvmx_snapshot_vmcs *out;
	struct nvmx_snapshot_field *field;
	struct vmcs12_node *node;

	out = add_section(w, NVMX_SNAPSHOT_VMCS, sizeof(*out) + bytes);
	field = (void *)(out + 1);
	out->vmptr = vmcs->vmptr;
	out->link = vmcs->link;
	out->launched = vmcs->launched;
	out->count = vmcs->field_count;
	for (node = vmcs12_first(vmcs, 0); node; node = vmcs12_next(node))
		*field++ = (struct nvmx_snapshot_field) {
			.encoding = vmcs_field_table[node->index].encoding,
			.value = vmcs12_read(vmcs, node->index),
		};
}

static void save_post(struct nvmx_vcpu *vcpu, struct nvmx_snapshot_live *live)
{
	spin_lock(&vcpu->post_lock);
	if (test_bit(POST_EXIT, &vcpu->posts)) {
		live->posted = 1;
		live->post = vcpu->post_exit;
	}
	spin_unlock(&vcpu->post_lock);
	live->post.size = 0;
	live->post.flags = 0;
}

static int save_live(struct nvmx_vcpu *vcpu, struct nvmx_snapshot_live *live)
{
	int ret = vmcs02_sync_live(vcpu, live);

	if (ret)
		return ret;

	l2_regs_copy_gpr(live->gpr, vcpu->l2.gpr);
	live->gpr[NVMX_RSP] = 0;
	live->activity = vcpu->activity;
	live->mtf_injected = vcpu->mtf_injected;
	live->was_launched = vcpu->was_launched;
	live->l0_event = vcpu->l0_event;
	save_post(vcpu, live);
	return 0;
}

static void save_events(const struct nvmx_vcpu *vcpu, struct writer *w)
{
	struct nvmx_snapshot_events events = {};

	if (l1_events_save(&vcpu->events, &events))
		memcpy(add_section(w, NVMX_SNAPSHOT_EVENTS, sizeof(events)), &events,
		       sizeof(events));
}

static void save_all(struct nvmx_vcpu *vcpu, const struct nvmx_snapshot_live *live,
		     struct writer *w)
{
	struct nvmx_snapshot_header *header = w->data;
	struct shadow_vmcs *vmcs;

	w->at = sizeof(*header);
	save_machine(vcpu, w);
	if (vcpu->level != NVMX_LEVEL_L0) {
		save_policies(vcpu, w);
		save_cpuid(vcpu, w);
	}
	save_l1(vcpu, w);
	save_l2(vcpu, w);
	list_for_each_entry(vmcs, &vcpu->vmcs12s.lru, lru)
		save_vmcs(vmcs, w);
	save_events(vcpu, w);
	if (vcpu->level == NVMX_LEVEL_L2)
		memcpy(add_section(w, NVMX_SNAPSHOT_LIVE, sizeof(*live)), live,
		       sizeof(*live));

	header->magic = NVMX_SNAPSHOT_MAGIC;
	header->version = NVMX_SNAPSHOT_VERSION;
	header->bytes = w->at;
}

int snapshot_save(struct nvmx_vcpu *vcpu, void **data, u64 *bytes)
{
	struct nvmx_snapshot_live live = {};
	struct writer w = {};
	int ret = 0;

	lockdep_assert_held(&vcpu->lock);
	/* More than the most there can be is a format that cannot be loaded. */
	BUILD_BUG_ON(SHADOW_VMCS_MAX * (sizeof(struct nvmx_snapshot_section) +
		     sizeof(struct nvmx_snapshot_vmcs) + VMCS_FIELD_COUNT *
		     sizeof(struct nvmx_snapshot_field)) > NVMX_SNAPSHOT_MAX / 2);

	if (vcpu->level == NVMX_LEVEL_L2)
		ret = save_live(vcpu, &live);
	else
		vmcs02_sync_rare(vcpu);
	if (ret)
		return ret;

	w.data = kvzalloc(bytes_needed(vcpu), GFP_KERNEL_ACCOUNT);
	if (!w.data)
		return -ENOMEM;

	save_all(vcpu, &live, &w);
	*data = w.data;
	*bytes = w.at;
	return 0;
}

/* ---- loading ------------------------------------------------------------- */

static int load_vmcs(struct nvmx_vcpu *vcpu, const struct nvmx_snapshot_vmcs *in)
{
	const struct nvmx_snapshot_field *field = (const void *)(in + 1);
	struct shadow_vmcs *vmcs = shadow_vmcs_create(&vcpu->vmcs12s, in->vmptr);
	u32 i;

	if (!vmcs)
		return -ENOMEM;

	vmcs->link = in->link;
	vmcs->launched = in->launched;
	for (i = 0; i < in->count; i++)
		vmcs12_write(vmcs, vmcs_field_find(field[i].encoding), field[i].value);
	return 0;
}

static int load_vmcss(struct nvmx_vcpu *vcpu, const struct snapshot_view *view)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < view->vmcs_count && !ret; i++)
		ret = load_vmcs(vcpu, view->vmcs[i]);
	if (!ret && view->machine->vmptr != NVMX_NO_VMPTR)
		vcpu->current_vmcs = shadow_vmcs_find(&vcpu->vmcs12s,
						      view->machine->vmptr);
	return ret;
}

static void load_policies(struct nvmx_vcpu *vcpu, const struct snapshot_policies *policies)
{
	u32 i;

	for (i = 0; i < policies->count; i++)
		nvmx_vcpu_set_policy(vcpu, vmcs_field_find(policies->list[i].encoding),
				     policies->list[i].policy);
}

/* A post that was there is there again, as if it came now. */
static void load_post(struct nvmx_vcpu *vcpu, const struct nvmx_snapshot_live *live)
{
	spin_lock(&vcpu->post_lock);
	if (live->posted) {
		vcpu->post_exit = live->post;
		set_bit(POST_EXIT, &vcpu->posts);
	}
	spin_unlock(&vcpu->post_lock);
}

static int load_l2(struct nvmx_vcpu *vcpu, const struct snapshot_view *view,
		   struct nvmx_snapshot *cmd)
{
	const struct nvmx_caps *caps = view->machine->level == NVMX_LEVEL_L0 ?
		&vcpu->machine->offered : &vcpu->machine->caps;

	if (!l2_regs_set(&vcpu->l2, view->l2, caps))
		return 0;

	cmd->out_reason = NVMX_SNAP_L2;
	return -EINVAL;
}

static int load_live(struct nvmx_vcpu *vcpu, const struct snapshot_view *view,
		     struct nvmx_snapshot *cmd)
{
	int ret = nested_restore(vcpu, view->live, &cmd->out_detail);

	if (ret == -EINVAL)
		cmd->out_reason = NVMX_SNAP_ENTRY;
	return ret;
}

static int load_cpuid(struct nvmx_vcpu *vcpu, const struct snapshot_view *view,
		      struct nvmx_snapshot *cmd)
{
	struct l1_cpuid *table;
	int ret;

	if (!view->cpuid.list)
		return 0;

	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return -ENOMEM;
	table->count = view->cpuid.count;
	memcpy(table->entry, view->cpuid.list, table->count * sizeof(table->entry[0]));
	ret = nvmx_vcpu_set_cpuid(vcpu, table, &cmd->out_detail);
	kfree(table);
	if (ret != -EINVAL && ret != -EOPNOTSUPP)
		return ret;

	cmd->out_reason = NVMX_SNAP_CPUID;
	return -EINVAL;
}

static int load_enabled(struct nvmx_vcpu *vcpu, const struct snapshot_view *view,
			struct nvmx_snapshot *cmd)
{
	const struct nvmx_snapshot_machine *m = view->machine;
	int ret = nvmx_vcpu_enable(vcpu, &m->caps, m->profile);

	if (!ret)
		ret = load_cpuid(vcpu, view, cmd);
	if (ret)
		return ret;

	load_policies(vcpu, &view->policies);
	vcpu->vmxon = m->vmxon;
	vcpu->vmxon_ptr = m->vmxon_ptr;
	vcpu->aborted = m->aborted;
	nvmx_vcpu_set_l1(vcpu, view->l1);
	ret = load_vmcss(vcpu, view);
	if (!ret && view->live)
		ret = load_live(vcpu, view, cmd);
	/* Last: it is the one thing that is not undone. */
	if (!ret)
		ret = load_l2(vcpu, view, cmd);
	if (!ret && view->live)
		load_post(vcpu, view->live);
	return ret;
}

static void unload(struct nvmx_vcpu *vcpu)
{
	nvmx_vcpu_disable(vcpu);
	memset(vcpu->run->gpr, 0, sizeof(vcpu->run->gpr));
}

int snapshot_load(struct nvmx_vcpu *vcpu, const void *data, u64 bytes,
		  struct nvmx_snapshot *cmd)
{
	struct snapshot_view *view = kmalloc(sizeof(*view), GFP_KERNEL_ACCOUNT);
	int ret = -EINVAL;

	lockdep_assert_held(&vcpu->lock);
	if (!view)
		return -ENOMEM;

	cmd->out_detail = 0;
	cmd->out_reason = snapshot_parse(data, bytes, &vcpu->machine->offered, view,
					 &cmd->out_offset);
	if (cmd->out_reason)
		goto out;

	if (view->machine->level == NVMX_LEVEL_L0) {
		ret = load_l2(vcpu, view, cmd);
		if (!ret)
			nvmx_vcpu_set_l1(vcpu, view->l1);
		goto out;
	}
	ret = load_enabled(vcpu, view, cmd);
	if (ret)
		unload(vcpu);
out:
	if (!ret && view->events)
		l1_events_load(vcpu, view->events);
	kfree(view);
	return ret;
}
