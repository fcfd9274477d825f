// SPDX-License-Identifier: GPL-2.0-only
/*
 * A failing vmcs12 as a short C program.
 *
 * The rules are those of the module: entry_checks.c, built for user space.  A field
 * that can be 0 without another list of broken rules is left out, and what would
 * only keep a segment register legal.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/string.h>
#include <asm/vmx.h>

#include "reproducer_parts.h"

#define PAGE		4096ULL
#define VTPR_OFFSET	0x80

/* ---- from the file ------------------------------------------------------- */

static int call(int fd, unsigned long command, void *arg)
{
	return ioctl(fd, command, arg) ? -errno : 0;
}

static int get_offered(struct vmcs12 *v)
{
	int fd = open("/dev/nested_vmx", O_RDWR);
	struct nvmx_info info = { .size = sizeof(info) };
	int ret;

	if (fd < 0)
		return -errno;
	ret = call(fd, NVMX_GET_INFO, &info);
	close(fd);
	v->offered = info.out_caps;
	return ret;
}

static int get_field(struct vmcs12 *v, unsigned int i)
{
	struct nvmx_peek peek = {
		.size = sizeof(peek), .which = NVMX_PEEK_VMCS12,
		.encoding = vmcs_field_table[i].encoding,
	};
	int ret;

	if (!vmcs_field_exists(&v->caps, i))
		return 0;
	ret = call(v->r->fd, NVMX_PEEK, &peek);
	if (ret)
		return ret;
	v->f[i] = peek.out_policy == NVMX_POLICY_HIDDEN ?
		  vmcs_field_default(&v->caps, i) : peek.out_value;
	return 0;
}

static int get_vmcs12(struct vmcs12 *v)
{
	struct nvmx_state state = { .size = sizeof(state) };
	struct nvmx_info info = { .size = sizeof(info) };
	unsigned int i;
	int ret;

	v->l1.size = sizeof(v->l1);
	ret = call(v->r->fd, NVMX_GET_INFO, &info);
	if (!ret)
		ret = call(v->r->fd, NVMX_GET_STATE, &state);
	if (!ret)
		ret = call(v->r->fd, NVMX_GET_L1, &v->l1);
	if (!ret)
		ret = get_offered(v);
	v->caps = info.out_caps;
	v->profile = state.out_profile;
	v->launched = state.out_launched;
	v->vmptr = state.out_vmptr;
	for (i = 0; !ret && i < VMCS_FIELD_COUNT; i++)
		ret = get_field(v, i);
	return ret;
}

/* ---- judging ------------------------------------------------------------- */

static const void *at(const struct vmcs12 *v, u64 address, u64 bytes)
{
	return v->r->memory ? v->r->memory(v->r->opaque, address, bytes) : NULL;
}

static bool has_pdptes(const struct vmcs12 *v)
{
	return (v->f[VF_GUEST_CR0] & BIT_ULL(31)) && (v->f[VF_GUEST_CR4] & BIT_ULL(5)) &&
	       !(v->f[VF_VM_ENTRY_CONTROLS] & VM_ENTRY_IA32E_MODE) &&
	       !vmcs12_uses_ept(v->f);
}

static u64 pdpt(const struct vmcs12 *v)
{
	return v->f[VF_GUEST_CR3] & 0xffffffe0;
}

/* In a hole there are ones. */
static void copy(const struct vmcs12 *v, u64 address, void *to, u64 bytes)
{
	const void *from = at(v, address, bytes);

	if (from)
		memcpy(to, from, bytes);
	else
		memset(to, 0xff, bytes);
}

static void read_memory(struct vmcs12 *v, struct entry_memory *mem)
{
	u64 count = min_t(u64, v->f[VF_VM_ENTRY_MSR_LOAD_COUNT], ENTRY_MSR_MAX);
	const void *link = at(v, v->f[VF_VMCS_LINK_POINTER], 4);
	const void *vtpr = at(v, v->f[VF_VIRTUAL_APIC_PAGE_ADDR] + VTPR_OFFSET, 1);

	mem->pdpte_valid = has_pdptes(v);
	if (mem->pdpte_valid)
		copy(v, pdpt(v), mem->pdpte, sizeof(mem->pdpte));
	mem->link_readable = link && v->f[VF_VMCS_LINK_POINTER] != ~0ULL;
	if (mem->link_readable)
		memcpy(&mem->link_revision, link, 4);
	mem->vtpr_readable = vtpr;
	if (vtpr)
		memcpy(&mem->vtpr, vtpr, 1);
	mem->msr = v->msr;
	mem->msr_count = count;
	if (count)
		copy(v, v->f[VF_VM_ENTRY_MSR_LOAD_ADDR], v->msr, count * sizeof(v->msr[0]));
}

static void judge(struct vmcs12 *v, struct judgement *j)
{
	struct entry_state state = {
		.caps = &v->caps, .l1 = &v->l1, .f = v->f, .vmptr = v->vmptr,
		.launched = v->launched, .resume = v->r->resume,
		.no_host = v->profile == NVMX_PROFILE_SEALED,
	};

	read_memory(v, &state.mem);
	j->total = entry_checks_run(&state, ENTRY_ALL, j->list, LIST_MAX);
}

static bool same(const struct judgement *a, const struct judgement *b)
{
	u32 i;

	if (a->total != b->total)
		return false;
	for (i = 0; i < a->total && i < LIST_MAX; i++)
		if (a->list[i].rule != b->list[i].rule ||
		    a->list[i].qualification != b->list[i].qualification)
			return false;
	return true;
}

/* Return: true if a field was left out. */
static bool reduce(struct vmcs12 *v, const struct judgement *want)
{
	struct judgement is;
	bool reduced = false;
	unsigned int i;

	for (i = 0; i < VMCS_FIELD_COUNT; i++) {
		u64 value = v->f[i];

		if (!value)
			continue;
		v->f[i] = 0;
		judge(v, &is);
		if (same(want, &is))
			reduced = true;
		else
			v->f[i] = value;
	}
	return reduced;
}

/* A data segment that may as well be unusable needs no limit. */
static void unuse_segments(struct vmcs12 *v, const struct judgement *want)
{
	struct judgement is;
	unsigned int i;

	for (i = 0; i < 6; i++) {
		u64 *rights = &v->f[VF_GUEST_ES_AR_BYTES + i];
		u64 *limit = &v->f[VF_GUEST_ES_LIMIT + i];
		u64 old[2] = { *rights, *limit };

		*rights = VMX_AR_UNUSABLE_MASK;
		*limit = 0;
		judge(v, &is);
		if (!same(want, &is)) {
			*rights = old[0];
			*limit = old[1];
		}
	}
}

/* ---- memory of the program ----------------------------------------------- */

static void add_page(struct memory *m, u64 address)
{
	unsigned int i;

	address &= ~(PAGE - 1);
	for (i = 0; i < m->pages; i++)
		if (m->page[i] == address)
			return;
	if (m->pages < PAGES_MAX)
		m->page[m->pages++] = address;
}

/* The words of what there is at an address. */
static void add_bytes(const struct vmcs12 *v, struct memory *m, u64 address, u64 bytes)
{
	const u8 *from = at(v, address, bytes);
	u64 i, value;

	/* What is not aligned breaks a rule wherever it is. */
	if (!from || address % 8)
		return;
	for (i = 0; i < bytes; i += 8) {
		value = 0;
		memcpy(&value, from + i, min_t(u64, bytes - i, 8));
		add_page(m, address + i);
		if (!value || m->words + 2 == WORDS_MAX)
			continue;
		m->word[m->words][0] = address + i;
		m->word[m->words++][1] = value;
	}
}

/* Two words are kept for these. */
static void add_revision(const struct vmcs12 *v, struct memory *m, u64 region)
{
	m->word[m->words][0] = region;
	m->word[m->words++][1] = v->caps.msr[CAPS_BASIC] & 0x7fffffff;
}

/* Return: address of the VMXON region. */
static u64 plan_memory(const struct vmcs12 *v, struct memory *m)
{
	u64 count = min_t(u64, v->f[VF_VM_ENTRY_MSR_LOAD_COUNT], ENTRY_MSR_MAX);
	u64 vmxon = PAGE;
	unsigned int i;

	add_page(m, v->vmptr);
	if (has_pdptes(v))
		add_bytes(v, m, pdpt(v), 32);
	if (count)
		add_bytes(v, m, v->f[VF_VM_ENTRY_MSR_LOAD_ADDR],
			  count * sizeof(struct entry_msr));
	if (v->f[VF_VMCS_LINK_POINTER] != ~0ULL)
		add_bytes(v, m, v->f[VF_VMCS_LINK_POINTER], 4);
	if (v->f[VF_TPR_THRESHOLD])
		add_bytes(v, m, v->f[VF_VIRTUAL_APIC_PAGE_ADDR] + VTPR_OFFSET, 1);

	for (i = 0; i < m->pages; i++) {
		if (m->page[i] != vmxon)
			continue;
		vmxon += PAGE;
		i = -1;
	}
	add_page(m, vmxon);
	return vmxon;
}

/* Return: false without memory. */
static bool print(const struct vmcs12 *v, const struct judgement *j, FILE *out)
{
	struct memory *m = calloc(1, sizeof(*m));
	u64 vmxon;

	if (!m)
		return false;
	vmxon = plan_memory(v, m);
	add_revision(v, m, vmxon);
	add_revision(v, m, v->vmptr);
	reproducer_print(v, j, m, vmxon, out);
	free(m);
	return true;
}

int nvmx_reproduce(const struct nvmx_reproducer *r, FILE *out)
{
	struct vmcs12 *v = calloc(1, sizeof(*v));
	struct judgement want;
	int ret;

	if (!v)
		return -ENOMEM;
	v->r = r;
	ret = get_vmcs12(v);
	if (!ret) {
		judge(v, &want);
		ret = want.total;
	}
	if (ret > 0) {
		unuse_segments(v, &want);
		while (reduce(v, &want))
			;
		if (!print(v, &want, out))
			ret = -ENOMEM;
	}
	free(v);
	return ret;
}
