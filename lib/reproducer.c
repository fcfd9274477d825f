// SPDX-License-Identifier: GPL-2.0-only
/*
 * A failing vmcs12 as a short C program.
 *
 * The rules are those of the module: entry_checks.c, built for user space.  A field
 * that can be 0 without another list of broken rules is left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/vmx.h>

#include "entry_checks.h"
#include "reproducer.h"

#define PAGE		4096ULL
#define LIST_MAX	64
#define WORDS_MAX	(2 * ENTRY_MSR_MAX + 16)
#define PAGES_MAX	16
#define VTPR_OFFSET	0x80

/**
 * struct vmcs12 - a vmcs12, and what it is judged with
 * @r: where it comes from
 * @caps: L1's processor
 * @offered: most that the module offers
 * @l1: L1's registers
 * @profile: enum nvmx_profile
 * @launched: launch state
 * @vmptr: current-VMCS pointer
 * @f: effective value of each field
 * @msr: VM-entry MSR-load area
 */
struct vmcs12 {
	const struct nvmx_reproducer *r;
	struct nvmx_caps caps;
	struct nvmx_caps offered;
	struct nvmx_l1 l1;
	u32 profile;
	bool launched;
	u64 vmptr;
	u64 f[VMCS_FIELD_COUNT];
	struct entry_msr msr[ENTRY_MSR_MAX];
};

/**
 * struct judgement - broken rules
 * @total: how many
 * @list: the first ones
 */
struct judgement {
	u32 total;
	struct nvmx_failure list[LIST_MAX];
};

/**
 * struct memory - what the program puts into L1-physical memory
 * @pages: elements of @page
 * @words: elements of @word
 * @page: addresses of the pages that there are
 * @word: addresses and values of the words that are not 0
 */
struct memory {
	unsigned int pages;
	unsigned int words;
	u64 page[PAGES_MAX];
	u64 word[WORDS_MAX][2];
};

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

/* ---- the program --------------------------------------------------------- */

static const char head[] =
	"#include <err.h>\n#include <fcntl.h>\n#include <stdio.h>\n#include <string.h>\n"
	"#include <sys/ioctl.h>\n#include <sys/mman.h>\n#include <linux/nested_vmx.h>\n\n";

static const char functions[] =
	"static void call(int fd, unsigned long command, void *arg)\n{\n"
	"\tif (ioctl(fd, command, arg))\n\t\terr(2, \"command %#lx\", command);\n}\n\n"
	"static void write_memory(int fd)\n{\n"
	"\tchar *at = mmap(NULL, sizeof(page) / 8 * 4096, PROT_READ | PROT_WRITE,\n"
	"\t\t\tMAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n"
	"\tsize_t i, j;\n\n"
	"\tfor (i = 0; i < sizeof(page) / 8; i++) {\n"
	"\t\tstruct nvmx_mem_map map = {\n"
	"\t\t\t.size = sizeof(map), .gpa = page[i],\n"
	"\t\t\t.hva = (__u64)(at + i * 4096), .bytes = 4096,\n"
	"\t\t};\n\n"
	"\t\tcall(fd, NVMX_MEM_MAP, &map);\n"
	"\t\tfor (j = 0; j < sizeof(memory) / 16; j++)\n"
	"\t\t\tif (memory[j][0] >> 12 == page[i] >> 12)\n"
	"\t\t\t\tmemcpy(at + i * 4096 + memory[j][0] % 4096, &memory[j][1], 8);\n"
	"\t}\n}\n\n";

static const char end[] =
	"\tfor (i = 0; i < sizeof(field) / 16; i++) {\n"
	"\t\tstruct nvmx_field write = {\n"
	"\t\t\t.size = sizeof(write), .encoding = field[i][0], .value = field[i][1],\n"
	"\t\t};\n\n"
	"\t\tcall(fd, NVMX_VMWRITE, &write);\n"
	"\t\tif (write.out_result.status)\n"
	"\t\t\terrx(2, \"no field %#llx\", (unsigned long long)field[i][0]);\n"
	"\t}\n";

static const char answer[] =
	"\tif (ioctl(fd, NVMX_ENTER_L2, how))\n\t\terr(2, \"NVMX_ENTER_L2\");\n"
	"\tprintf(\"kind %u, error %u, exit reason %#x, qualification %llu\\nrules:\",\n"
	"\t       run->kind, run->result.error, run->exit_reason,\n"
	"\t       (unsigned long long)run->qualification);\n"
	"\tfor (i = 0; i < run->failure_count; i++) {\n"
	"\t\tprintf(\" %u\", run->failure[i].rule);\n"
	"\t\tgood &= i < sizeof(rule) / 4 && run->failure[i].rule == rule[i];\n"
	"\t}\n"
	"\tprintf(\"\\n\");\n"
	"\treturn !good || run->failure_count != sizeof(rule) / 4;\n}\n";

static void print_rules(const struct judgement *j, FILE *out)
{
	u32 i, count = min_t(u32, j->total, NVMX_RUN_FAILURES);

	fprintf(out, "// Made by nvmx_reproduce(). The vmcs12 breaks %u rules of VM entry.\n%s",
		j->total, head);
	fprintf(out, "/* The rules, in the order in which they decide. */\n");
	fprintf(out, "static const __u32 rule[] = {\n");
	for (i = 0; i < count; i++) {
		const struct entry_rule_text *text = entry_checks_text(j->list[i].rule);

		fprintf(out, "\t%u,\t/* %s: %s */\n", j->list[i].rule, text->name, text->hint);
	}
	fprintf(out, "};\n\n");
}

static void print_fields(const struct vmcs12 *v, FILE *out)
{
	unsigned int i;

	fprintf(out, "/* Encoding, value. */\nstatic const __u64 field[][2] = {\n");
	for (i = 0; i < VMCS_FIELD_COUNT; i++)
		if (v->f[i] && !(v->profile == NVMX_PROFILE_SEALED &&
				 VMCS_ENC_TYPE(vmcs_field_table[i].encoding) == VMCS_HOST))
			fprintf(out, "\t{ %#x, %#llx },\t/* %s */\n",
				vmcs_field_table[i].encoding, (unsigned long long)v->f[i],
				vmcs_field_table[i].name);
	fprintf(out, "};\n\n");
}

static void print_memory(const struct memory *m, FILE *out)
{
	unsigned int i;

	fprintf(out, "/* Pages of L1-physical memory. */\nstatic const __u64 page[] = {");
	for (i = 0; i < m->pages; i++)
		fprintf(out, "%s %#llx", i ? "," : "", (unsigned long long)m->page[i]);
	fprintf(out, " };\n\n/* What is in them: address, value. */\n");
	fprintf(out, "static const __u64 memory[][2] = {\n");
	for (i = 0; i < m->words; i++)
		fprintf(out, "\t{ %#llx, %#llx },\n", (unsigned long long)m->word[i][0],
			(unsigned long long)m->word[i][1]);
	fprintf(out, "};\n\n");
}

/* Only where L1 was given less than there is. */
static void print_caps(const struct vmcs12 *v, FILE *out)
{
	u64 caps[sizeof(v->caps) / 8];
	unsigned int i;

	if (!memcmp(&v->caps, &v->offered, sizeof(v->caps)))
		return;
	memcpy(caps, &v->caps, sizeof(caps));
	fprintf(out, "/* struct nvmx_caps of L1's processor. */\nstatic const __u64 caps[] = {\n");
	for (i = 0; i < ARRAY_SIZE(caps); i++)
		fprintf(out, "\t%#llx,\n", (unsigned long long)caps[i]);
	fprintf(out, "};\n\n");
}

static void print_enable(const struct vmcs12 *v, u64 vmxon, FILE *out)
{
	fprintf(out, "int main(void)\n{\n"
		"\tint fd = open(\"/dev/nested_vmx\", O_RDWR), good = 1;\n");
	fprintf(out, "\tstruct nvmx_run *run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE,\n"
		"\t\t\t\t    MAP_SHARED, fd, 0);\n");
	fprintf(out, "\tstruct nvmx_enable enable = { .size = sizeof(enable), .profile = %u };\n",
		v->profile);
	fprintf(out, "\tstruct nvmx_vmptr vmxon = { .size = sizeof(vmxon), .vmptr = %#llx };\n",
		(unsigned long long)vmxon);
	fprintf(out, "\tstruct nvmx_vmptr vmcs = { .size = sizeof(vmcs), .vmptr = %#llx };\n",
		(unsigned long long)v->vmptr);
	fprintf(out, "\tstruct nvmx_l1 l1 = { .size = sizeof(l1) };\n");
	fprintf(out, "\tunsigned long how = %s;\n\tunsigned int i;\n\n",
		v->r->resume ? "NVMX_ENTER_RESUME" : "NVMX_ENTER_LAUNCH");
	fprintf(out, "\tif (run == MAP_FAILED)\n\t\terr(2, \"/dev/nested_vmx\");\n");
	if (memcmp(&v->caps, &v->offered, sizeof(v->caps)))
		fprintf(out, "\tenable.flags = NVMX_ENABLE_CAPS;\n"
			"\tmemcpy(&enable.caps, caps, sizeof(caps));\n");
	fprintf(out, "\tcall(fd, NVMX_ENABLE, &enable);\n\twrite_memory(fd);\n"
		"\tcall(fd, NVMX_VMXON, &vmxon);\n\tcall(fd, NVMX_VMCLEAR, &vmcs);\n"
		"\tcall(fd, NVMX_VMPTRLD, &vmcs);\n");
}

/* L1's registers that rules look at. */
static void print_l1(const struct vmcs12 *v, FILE *out)
{
	fprintf(out, "\tcall(fd, NVMX_GET_L1, &l1);\n\tl1.efer = %#llx;\n",
		(unsigned long long)v->l1.efer);
	fprintf(out, "\tl1.mov_ss = %u;\n\tl1.smm = %u;\n\tcall(fd, NVMX_SET_L1, &l1);\n",
		v->l1.mov_ss, v->l1.smm);
}

static void print_program(struct vmcs12 *v, const struct judgement *j, FILE *out)
{
	u32 revision = v->caps.msr[CAPS_BASIC] & 0x7fffffff;
	struct memory *m = calloc(1, sizeof(*m));
	u64 vmxon;

	if (!m)
		return;
	vmxon = plan_memory(v, m);
	m->word[m->words][0] = vmxon;
	m->word[m->words++][1] = revision;
	m->word[m->words][0] = v->vmptr;
	m->word[m->words++][1] = revision;
	print_rules(j, out);
	print_fields(v, out);
	print_memory(m, out);
	print_caps(v, out);
	fputs(functions, out);
	print_enable(v, vmxon, out);
	fputs(end, out);
	print_l1(v, out);
	fputs(answer, out);
	free(m);
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
		while (reduce(v, &want))
			;
		print_program(v, &want, out);
	}
	free(v);
	return ret;
}
