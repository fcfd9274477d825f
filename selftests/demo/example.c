// SPDX-License-Identifier: GPL-2.0-only
/* A whole L1 hypervisor: it runs a 32-bit L2 that says a word by port E9H. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/nested_vmx.h>

/* mov $0x100d,%esi; 1: lodsb; out %al,$0xe9; cmp $'\n',%al; jne 1b; hlt */
static const char code[] = "\xbe\x0d\x10\0\0\xac\xe6\xe9\x3c\x0a\x75\xf9\xf4" "Hello from L2\n";

static void do_ioctl(int fd, unsigned long command, void *arg)
{
	if (ioctl(fd, command, arg))
		err(1, "command %#lx", command);
}

int main(void)
{
	int fd = open("/dev/nested_vmx", O_RDWR), how = NVMX_ENTER_LAUNCH;
	char *mem = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct nvmx_run *run = mmap(NULL, sizeof(*run), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	struct nvmx_mem_map map = { .size = sizeof(map), .hva = (__u64)mem, .bytes = 0x10000 };
	struct nvmx_enable enable = { .size = sizeof(enable), .profile = NVMX_PROFILE_SEALED };
	struct nvmx_vmptr vmxon = { .size = sizeof(vmxon), .vmptr = 0x2000 };
	struct nvmx_vmptr vmcs = { .size = sizeof(vmcs), .vmptr = 0x3000 };
	struct nvmx_info info = { .size = sizeof(info) };
	const __u64 *msr = info.out_caps.msr;

	if (mem == MAP_FAILED || run == MAP_FAILED)
		err(1, "/dev/nested_vmx");
	do_ioctl(fd, NVMX_ENABLE, &enable);
	do_ioctl(fd, NVMX_MEM_MAP, &map);
	do_ioctl(fd, NVMX_GET_INFO, &info);
	memcpy(mem + 0x1000, code, sizeof(code));
	*(__u32 *)(mem + 0x2000) = *(__u32 *)(mem + 0x3000) = msr[0] & 0x7fffffff;
	*(__u32 *)(mem + 0x4000) = 0x83;	/* page directory: 4 MiB at 0 */
	do_ioctl(fd, NVMX_VMXON, &vmxon);
	do_ioctl(fd, NVMX_VMCLEAR, &vmcs);
	do_ioctl(fd, NVMX_VMPTRLD, &vmcs);

	/* The VMWRITEs that NVMX_ENTER_L2 does first: encoding, value. */
	const __u64 vmwrites[][2] = {
		{ 0x4000, (__u32)msr[0xd] },			/* pin-based controls */
		{ 0x4002, (__u32)msr[0xe] | 1 << 24 | 1 << 7 },	/* I/O and HLT exiting */
		{ 0x400c, (__u32)msr[0xf] }, { 0x4012, (__u32)msr[0x10] },	/* exit, entry */
		{ 0x6800, 0x80000031 }, { 0x6802, 0x4000 }, { 0x6804, 0x2010 },	/* CR0, 3, 4 */
		{ 0x4802, ~0U }, { 0x4816, 0xc09b }, { 0x4806, ~0U }, { 0x481a, 0xc093 }, /* CS, DS */
		{ 0x4814, 0x10000 }, { 0x4818, 0x10000 }, { 0x481c, 0x10000 },	/* ES, SS, FS, */
		{ 0x481e, 0x10000 }, { 0x4820, 0x10000 }, { 0x4822, 0x8b },	/* GS, LDTR, TR */
		{ 0x681e, 0x1000 }, { 0x6820, 2 }, { 0x2800, ~0ULL },	/* RIP, RFLAGS, link */
	};
	for (; run->write_count < sizeof(vmwrites) / sizeof(vmwrites[0]); run->write_count++)
		memcpy(&run->write[run->write_count], vmwrites[run->write_count], 16);
	run->read_count = 1;		/* and one VMREAD after each exit */
	run->read[0].encoding = 0x681e;	/* GUEST_RIP */

	for (;; how = NVMX_ENTER_RESUME) {
		if (ioctl(fd, NVMX_ENTER_L2, how))
			err(1, "NVMX_ENTER_L2");
		if (run->kind == NVMX_KIND_INTERRUPTED)
			continue;
		if (run->kind != NVMX_KIND_EXIT || run->exit_reason != 30)
			break;
		putchar(run->gpr[NVMX_RAX] & 0xff);
		run->write_count = 1;	/* on behind the OUT */
		run->write[0].encoding = 0x681e;
		run->write[0].value = run->read[0].value + run->instruction_len;
	}
	printf("end: kind %u, exit reason %#x, VMX error %u\n",
	       run->kind, run->exit_reason, run->result.error);
	for (__u32 i = 0; i < run->failure_count; i++)
		printf("rule %u, field %#x\n", run->failure[i].rule, run->failure[i].field[0]);
	return run->exit_reason != 12;	/* HLT */
}
