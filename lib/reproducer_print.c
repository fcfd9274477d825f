// SPDX-License-Identifier: GPL-2.0-only
/*
 * The C program that is printed of a failing vmcs12.
 */
#include <linux/string.h>
#include <asm/vmx.h>

#include "reproducer_parts.h"

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

void reproducer_print(const struct vmcs12 *v, const struct judgement *j,
		      const struct memory *m, u64 vmxon, FILE *out)
{
	print_rules(j, out);
	print_fields(v, out);
	print_memory(m, out);
	print_caps(v, out);
	fputs(functions, out);
	print_enable(v, vmxon, out);
	fputs(end, out);
	print_l1(v, out);
	fputs(answer, out);
}
