// SPDX-License-Identifier: GPL-2.0-only
/*
 * The format of snapshots, judged without trust.
 *
 * One pass from the first section to the last: each is judged alone, by a row of
 * the table, in the light of those before it.  What concerns several sections
 * comes at the end.
 */
#include <linux/bits.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "l2_msr.h"
#include "snapshot.h"
#include "vmx_caps.h"

/**
 * struct parser - a snapshot being judged
 * @offered: the most that L1 may be given
 * @view: what was found
 * @at: offset of what is being looked at
 */
struct parser {
	const struct nvmx_caps *offered;
	struct snapshot_view *view;
	u64 at;
};

/* ---- the sections -------------------------------------------------------- */

static bool legal_vmptr(const struct nvmx_caps *caps, u64 vmptr)
{
	return !(vmptr & 0xfff) && !(vmptr >> caps->maxphyaddr);
}

static u32 judge_l0(const struct nvmx_snapshot_machine *m)
{
	if (m->vmxon || m->vmxon_ptr != NVMX_NO_VMPTR || m->vmptr != NVMX_NO_VMPTR)
		return NVMX_SNAP_LEVEL;
	if (m->profile)
		return NVMX_SNAP_PROFILE;
	if (m->aborted)
		return NVMX_SNAP_ABORT;

	return memchr_inv(&m->caps, 0, sizeof(m->caps)) ? NVMX_SNAP_CAPS : NVMX_SNAP_OK;
}

static u32 judge_machine(struct parser *p, const void *body, u64 bytes)
{
	const struct nvmx_snapshot_machine *m = body;
	struct nvmx_caps offered = *p->offered;

	p->view->machine = m;
	if (m->level > NVMX_LEVEL_L2)
		return NVMX_SNAP_LEVEL;
	if (m->level == NVMX_LEVEL_L0)
		return judge_l0(m);
	if (m->profile > NVMX_PROFILE_SEALED)
		return NVMX_SNAP_PROFILE;

	vmx_caps_profile(&offered, m->profile);
	if (!vmx_caps_within(&m->caps, &offered))
		return NVMX_SNAP_CAPS;
	if (m->vmxon > 1 || m->vmxon != (m->vmxon_ptr != NVMX_NO_VMPTR) ||
	    (m->vmxon && !legal_vmptr(&m->caps, m->vmxon_ptr)))
		return NVMX_SNAP_VMXON;
	if (!m->vmxon && m->vmptr != NVMX_NO_VMPTR)
		return NVMX_SNAP_CURRENT;
	if (m->level == NVMX_LEVEL_L2 && m->vmptr == NVMX_NO_VMPTR)
		return NVMX_SNAP_LEVEL;
	/* SDM Vol. 3, "VMX Aborts". */
	if (m->aborted > 5 || (m->aborted && m->level != NVMX_LEVEL_L1))
		return NVMX_SNAP_ABORT;
	return NVMX_SNAP_OK;
}

static u32 judge_policies(struct parser *p, const void *body, u64 bytes)
{
	const struct nvmx_snapshot_policy *list = body;
	const struct nvmx_snapshot_machine *m = p->view->machine;
	u32 i, count = bytes / sizeof(*list), last = 0;
	int index;

	if (m->level == NVMX_LEVEL_L0)
		return NVMX_SNAP_LEVEL;

	for (i = 0; i < count; i++, p->at += sizeof(*list)) {
		index = vmcs_field_find(list[i].encoding);
		if (index < 0 || VMCS_ENC_HIGH(list[i].encoding) ||
		    (i && list[i].encoding <= last) ||
		    !vmcs_field_exists(&m->caps, index))
			return NVMX_SNAP_POLICY_FIELD;
		if (list[i].policy > NVMX_POLICY_HIDDEN ||
		    field_policy_refusal(index, list[i].policy) != NVMX_POLICY_OK)
			return NVMX_SNAP_POLICY_REFUSED;
		last = list[i].encoding;
	}
	p->view->policies = (struct snapshot_policies){ list, count };
	return NVMX_SNAP_OK;
}

bool snapshot_l1_legal(const struct nvmx_l1 *l1)
{
	unsigned int i;

	for (i = 0; i < NVMX_SEGMENTS; i++)
		if (memchr_inv(l1->seg[i].reserved, 0, sizeof(l1->seg[i].reserved)))
			return false;

	return l1->cpl <= 3 && l1->mov_ss <= 1 && l1->smm <= 1 && !l1->reserved &&
	       l2_msr_pat_legal(l1->pat);
}

static u32 judge_l1(struct parser *p, const void *body, u64 bytes)
{
	const struct nvmx_l1 *l1 = body;

	p->view->l1 = l1;
	return l1->size == sizeof(*l1) && !l1->flags && snapshot_l1_legal(l1) ?
	       NVMX_SNAP_OK : NVMX_SNAP_L1;
}

static u32 judge_l2(struct parser *p, const void *body, u64 bytes)
{
	const struct nvmx_l2 *l2 = body;

	p->view->l2 = l2;
	return l2->size == sizeof(*l2) && !l2->flags ? NVMX_SNAP_OK : NVMX_SNAP_L2;
}

static u32 judge_fields(struct parser *p, const struct nvmx_snapshot_field *field,
			u32 count)
{
	const struct nvmx_caps *caps = &p->view->machine->caps;
	u64 last = 0;
	int index;
	u32 i;

	for (i = 0; i < count; i++, p->at += sizeof(*field)) {
		index = vmcs_field_find(field[i].encoding);
		if (index < 0 || VMCS_ENC_HIGH(field[i].encoding) ||
		    (i && field[i].encoding <= last) || !vmcs_field_exists(caps, index))
			return NVMX_SNAP_VMCS_FIELD;
		if (field[i].value & ~vmcs_field_mask(index))
			return NVMX_SNAP_VMCS_VALUE;
		last = field[i].encoding;
	}
	return NVMX_SNAP_OK;
}

static u32 judge_vmcs(struct parser *p, const void *body, u64 bytes)
{
	const struct nvmx_snapshot_machine *m = p->view->machine;
	const struct nvmx_snapshot_vmcs *vmcs = body;
	u32 i;

	if (m->level == NVMX_LEVEL_L0)
		return NVMX_SNAP_LEVEL;
	if (p->view->vmcs_count >= SHADOW_VMCS_MAX)
		return NVMX_SNAP_VMCS_COUNT;
	if (!legal_vmptr(&m->caps, vmcs->vmptr) ||
	    (m->vmxon && vmcs->vmptr == m->vmxon_ptr))
		return NVMX_SNAP_VMCS_POINTER;
	for (i = 0; i < p->view->vmcs_count; i++)
		if (p->view->vmcs[i]->vmptr == vmcs->vmptr)
			return NVMX_SNAP_VMCS_POINTER;
	if (vmcs->launched > 1 ||
	    (vmcs->link != NVMX_NO_VMPTR && !legal_vmptr(&m->caps, vmcs->link)))
		return NVMX_SNAP_VMCS_STATE;
	if (vmcs->count > VMCS_FIELD_COUNT ||
	    bytes != sizeof(*vmcs) + vmcs->count * sizeof(struct nvmx_snapshot_field))
		return NVMX_SNAP_SECTION_LENGTH;

	p->view->vmcs[p->view->vmcs_count++] = vmcs;
	p->at += sizeof(*vmcs);
	return judge_fields(p, (const void *)(vmcs + 1), vmcs->count);
}

/*
 * The domains of what L1 cannot say by a VMCS field; what it can, the rules of
 * VM entry judge when it is loaded.
 */
static u32 judge_live(struct parser *p, const void *body, u64 bytes)
{
	const struct nvmx_snapshot_live *live = body;

	p->view->live = live;
	if (live->reserved)
		return NVMX_SNAP_RESERVED;
	if (p->view->machine->level != NVMX_LEVEL_L2 || live->mtf_injected > 1 ||
	    live->was_launched > 1 || live->l0_event > NVMX_L0_INSTRUCTION)
		return NVMX_SNAP_LIVE;
	if (live->posted > 1 || live->post.size || live->post.flags ||
	    live->post.exit_reason > 0xffff || live->post.reserved)
		return NVMX_SNAP_LIVE;
	/* There is no event, or it says that there is one. */
	if (live->event_info && !(live->event_info & INTR_INFO_VALID_MASK))
		return NVMX_SNAP_LIVE;
	return live->activity > GUEST_ACTIVITY_WAIT_SIPI ? NVMX_SNAP_LIVE : NVMX_SNAP_OK;
}

static u32 judge_cpuid(struct parser *p, const void *body, u64 bytes)
{
	u32 count = bytes / sizeof(struct nvmx_cpuid_entry);

	if (p->view->machine->level == NVMX_LEVEL_L0)
		return NVMX_SNAP_LEVEL;
	if (bytes > NVMX_CPUID_MAX * sizeof(struct nvmx_cpuid_entry))
		return NVMX_SNAP_CPUID;

	p->view->cpuid = (struct snapshot_cpuid){ body, count };
	return NVMX_SNAP_OK;
}

/* What NVMX_EVENT would take: no interrupt below 16, one NMI behind another. */
static u32 judge_events(struct parser *p, const void *body, u64 bytes)
{
	const struct nvmx_snapshot_events *events = body;

	p->view->events = events;
	if (events->reserved)
		return NVMX_SNAP_RESERVED;

	return events->interrupts[0] & GENMASK_ULL(15, 0) || events->nmis > 2 ||
	       events->init > 1 || events->sipi > 256 ? NVMX_SNAP_EVENTS : NVMX_SNAP_OK;
}

/* ---- the whole ----------------------------------------------------------- */

/**
 * struct section_row - a type of section
 * @judge: judges the body
 * @bytes: length of the body, or of the part that is always there
 * @element: length of the elements that may follow, 0 for none
 * @many: there may be more than one
 */
struct section_row {
	u32 (*judge)(struct parser *p, const void *body, u64 bytes);
	u32 bytes;
	u32 element;
	bool many;
};

static const struct section_row section_rows[] = {
	[NVMX_SNAPSHOT_MACHINE] = {
		.judge = judge_machine, .bytes = sizeof(struct nvmx_snapshot_machine),
	},
	[NVMX_SNAPSHOT_POLICY] = {
		.judge = judge_policies, .element = sizeof(struct nvmx_snapshot_policy),
	},
	[NVMX_SNAPSHOT_L1] = { .judge = judge_l1, .bytes = sizeof(struct nvmx_l1) },
	[NVMX_SNAPSHOT_L2] = { .judge = judge_l2, .bytes = sizeof(struct nvmx_l2) },
	[NVMX_SNAPSHOT_VMCS] = {
		.judge = judge_vmcs, .bytes = sizeof(struct nvmx_snapshot_vmcs),
		.element = sizeof(struct nvmx_snapshot_field), .many = true,
	},
	[NVMX_SNAPSHOT_LIVE] = {
		.judge = judge_live, .bytes = sizeof(struct nvmx_snapshot_live),
	},
	[NVMX_SNAPSHOT_EVENTS] = {
		.judge = judge_events, .bytes = sizeof(struct nvmx_snapshot_events),
	},
	[NVMX_SNAPSHOT_CPUID] = {
		.judge = judge_cpuid, .element = sizeof(struct nvmx_cpuid_entry),
	},
};

static bool length_fits(const struct section_row *row, u64 bytes)
{
	if (!row->element)
		return bytes == row->bytes;

	return bytes >= row->bytes && !((bytes - row->bytes) % row->element);
}

static u32 judge_section(struct parser *p, const struct nvmx_snapshot_section *section,
			 u64 left, u32 *seen)
{
	const struct section_row *row;

	if (left < sizeof(*section))
		return NVMX_SNAP_TRUNCATED;
	if (section->type >= ARRAY_SIZE(section_rows) || !section_rows[section->type].judge)
		return NVMX_SNAP_UNKNOWN;
	if (section->reserved)
		return NVMX_SNAP_RESERVED;

	row = &section_rows[section->type];
	if (section->bytes > left || section->bytes < sizeof(*section) ||
	    section->bytes % 8 || !length_fits(row, section->bytes - sizeof(*section)))
		return NVMX_SNAP_SECTION_LENGTH;
	if (!*seen && section->type != NVMX_SNAPSHOT_MACHINE)
		return NVMX_SNAP_ORDER;
	if (*seen & BIT(section->type) && !row->many)
		return NVMX_SNAP_TWICE;

	*seen |= BIT(section->type);
	p->at += sizeof(*section);
	return row->judge(p, section + 1, section->bytes - sizeof(*section));
}

static bool has_current(const struct snapshot_view *view)
{
	u32 i;

	for (i = 0; i < view->vmcs_count; i++)
		if (view->vmcs[i]->vmptr == view->machine->vmptr)
			return true;
	return view->machine->vmptr == NVMX_NO_VMPTR;
}

static u32 judge_whole(const struct snapshot_view *view, u32 seen)
{
	const u32 wanted = BIT(NVMX_SNAPSHOT_MACHINE) | BIT(NVMX_SNAPSHOT_L1) |
			   BIT(NVMX_SNAPSHOT_L2);

	if ((seen & wanted) != wanted)
		return NVMX_SNAP_MISSING;
	if (view->machine->level == NVMX_LEVEL_L2 && !view->live)
		return NVMX_SNAP_MISSING;

	return has_current(view) ? NVMX_SNAP_OK : NVMX_SNAP_CURRENT;
}

static u32 judge_header(const struct nvmx_snapshot_header *header, size_t bytes)
{
	if (bytes < sizeof(*header))
		return NVMX_SNAP_TRUNCATED;
	if (header->magic != NVMX_SNAPSHOT_MAGIC)
		return NVMX_SNAP_MAGIC;
	if (header->version != NVMX_SNAPSHOT_VERSION)
		return NVMX_SNAP_VERSION;
	if (header->reserved)
		return NVMX_SNAP_RESERVED;

	return header->bytes == bytes ? NVMX_SNAP_OK : NVMX_SNAP_LENGTH;
}

u32 snapshot_parse(const void *data, size_t bytes, const struct nvmx_caps *offered,
		   struct snapshot_view *view, u64 *offset)
{
	struct parser p = { .offered = offered, .view = view };
	u32 seen = 0, refusal = judge_header(data, bytes);
	u64 start = sizeof(struct nvmx_snapshot_header);

	memset(view, 0, sizeof(*view));
	while (!refusal && start < bytes) {
		const struct nvmx_snapshot_section *section = data + start;

		p.at = start;
		refusal = judge_section(&p, section, bytes - start, &seen);
		if (!refusal)
			start += section->bytes;
	}
	if (!refusal) {
		p.at = bytes;
		refusal = judge_whole(view, seen);
	}
	*offset = refusal ? p.at : 0;
	return refusal;
}
