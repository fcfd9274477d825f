// SPDX-License-Identifier: GPL-2.0-only
/*
 * What KVM costs the process that owns an ordinary guest, in the same machine:
 * an exit to the process and back, and the first touch of a page.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define CODE		0x1000ULL
#define FREE		0x200000ULL
#define TOUCHED		(64ULL << 20)
#define GUEST_BYTES	(FREE + TOUCHED)
#define PAGE		4096ULL
#define PORT		0x80
#define CR0_PE		1ULL

/*
 * Flat 32-bit code: ECX pages from EBX on are read, then a port is written for
 * ever.
 */
static const uint8_t code[] = {
	0xe3, 0x0b,			/* jecxz 2f */
	0x8a, 0x03,			/* 1: mov (%ebx), %al */
	0x81, 0xc3, 0x00, 0x10, 0, 0,	/* add $4096, %ebx */
	0x49,				/* dec %ecx */
	0x75, 0xf5,			/* jnz 1b */
	0xe6, PORT,			/* 2: out %al, $PORT */
	0xeb, 0xfc,			/* jmp 2b */
};

static int kvm, vm, vcpu;
static struct kvm_run *run;

static int must(int ret, const char *what)
{
	if (ret < 0) {
		perror(what);
		exit(1);
	}
	return ret;
}

static void add_memory(void)
{
	struct kvm_userspace_memory_region region = { .memory_size = GUEST_BYTES };
	uint8_t *mem = mmap(NULL, GUEST_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(mem == MAP_FAILED ? -1 : 0, "mmap");
	madvise(mem, GUEST_BYTES, MADV_NOHUGEPAGE);
	memset(mem, 1, GUEST_BYTES);
	memcpy(mem + CODE, code, sizeof(code));
	region.userspace_addr = (uintptr_t)mem;
	must(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "memory region");
}

static void set_registers(void)
{
	struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 16, .type = 3, .present = 1,
		.db = 1, .s = 1, .g = 1,
	};
	struct kvm_regs regs = {
		.rip = CODE, .rflags = 2, .rbx = FREE, .rcx = TOUCHED / PAGE,
	};
	struct kvm_sregs sregs;

	must(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cs = data;
	sregs.cs.selector = 8;
	sregs.cs.type = 11;
	sregs.cr0 |= CR0_PE;
	must(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

static void enter(void)
{
	must(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
	if (run->exit_reason != KVM_EXIT_IO) {
		printf("exit %u instead of I/O\n", run->exit_reason);
		exit(1);
	}
}

int main(void)
{
	uint64_t start, cost;
	int bytes;

	kvm = must(open("/dev/kvm", O_RDWR), "/dev/kvm");
	vm = must(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	add_memory();
	vcpu = must(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	bytes = must(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	must(run == MAP_FAILED ? -1 : 0, "mmap of kvm_run");
	set_registers();

	start = ticks();
	enter();
	cost = ticks() - start;
	report("kvm_touch", cost / (TOUCHED / PAGE));
	report("kvm_round_trip", MEASURE(enter()));
	report("kvm_null_ioctl", MEASURE(ioctl(vcpu, _IO(0xBE, 0xff), 0)));
	report("kvm_getppid", MEASURE(getppid()));
	return 0;
}
