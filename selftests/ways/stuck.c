// SPDX-License-Identifier: GPL-2.0-only
/*
 * Give a command whose struct lies in memory that never comes, and so keep it under
 * way until this process is killed.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "nvmx_utils.h"

#define BYTES	4096

int main(void)
{
	void *memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)memory, .len = BYTES },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int faults = syscall(SYS_userfaultfd, O_CLOEXEC);
	int fd = open(NVMX_DEVICE, O_RDWR);

	if (fd < 0 || faults < 0 || ioctl(faults, UFFDIO_API, &api) ||
	    ioctl(faults, UFFDIO_REGISTER, &range)) {
		perror("stuck");
		return 1;
	}
	ioctl(fd, NVMX_GET_INFO, memory);
	return 0;
}
