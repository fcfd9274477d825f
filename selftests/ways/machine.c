// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the shell cannot do to the machine.
 *
 *	machine kexec WAY ADDRESS	load the witness, for "machine go"
 *	machine panic WAY ADDRESS	load it for a crash
 *	machine go			start what kexec loaded
 *
 * WAY is a word for the witness's lines.
 */
#include <errno.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "witness.h"

#define PAGE		4096UL

static int fail(const char *what)
{
	fprintf(stderr, "machine: %s: %s\n", what, strerror(errno));
	return 1;
}

static int load(unsigned long flags, const char *way, const char *address)
{
	size_t bytes = witness_end - witness_start;
	struct kexec_segment segment = {
		.mem = (void *)strtoul(address, NULL, 0),
		.memsz = (bytes + 2 * PAGE) & ~(PAGE - 1),
		.bufsz = bytes,
	};
	unsigned int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	char *copy = malloc(bytes);

	memcpy(copy, witness_start, bytes);
	memcpy(copy + (witness_cpus - witness_start), &cpus, sizeof(cpus));
	strncpy(copy + (witness_way - witness_start), way, WITNESS_WAY_BYTES - 1);
	segment.buf = copy;
	if (syscall(SYS_kexec_load, segment.mem, 1, &segment, flags | KEXEC_ARCH_X86_64))
		return fail("kexec_load");
	free(copy);
	return 0;
}

static int go(void)
{
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		LINUX_REBOOT_CMD_KEXEC, NULL);
	return fail("reboot");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "go"))
		return go();
	if (argc == 4 && !strcmp(what, "kexec"))
		return load(0, argv[2], argv[3]);
	if (argc == 4 && !strcmp(what, "panic"))
		return load(KEXEC_ON_CRASH, argv[2], argv[3]);
	return 2;
}
