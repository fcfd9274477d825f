// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on demand: Documentation/fault-injection of the kernel.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fail_nth.h"
#include "host.h"

#define DEBUGFS		"/sys/kernel/debug/"

static int fail_fd = -1;

static void setting(const char *attribute, const char *name, unsigned long value)
{
	char path[128], text[32];
	int fd, length;

	snprintf(path, sizeof(path), DEBUGFS "%s/%s", attribute, name);
	length = snprintf(text, sizeof(text), "%#lx", value);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return;
	if (write(fd, text, length) != length)
		l1_die(NULL, "%s: %m", path);
	close(fd);
}

static const char * const attributes[] = {
	"failslab", "fail_page_alloc", "fail_usercopy"
};

/* Silent faults, in every kind of allocation. */
bool fail_nth_possible(void)
{
	size_t i;

	fail_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		return false;
	for (i = 0; i < ARRAY_LEN(attributes); i++) {
		setting(attributes[i], "verbose", 0);
		setting(attributes[i], "ignore-gfp-wait", 0);
		setting(attributes[i], "ignore-gfp-highmem", 0);
		setting(attributes[i], "min-order", 0);
		setting(attributes[i], "require-start", 0);
		setting(attributes[i], "require-end", ~0UL);
		setting(attributes[i], "reject-start", 0);
		setting(attributes[i], "reject-end", 0);
	}
	return true;
}

/* Count only what functions between these addresses asked for. */
void fail_nth_only_below(unsigned long start, unsigned long end)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(attributes); i++) {
		setting(attributes[i], "require-start", start);
		setting(attributes[i], "require-end", end);
	}
}

/* Leave out what a function of the kernel asks for. */
void fail_nth_not_below(const char *function)
{
	unsigned long address, start = 0, end = ~0UL;
	char line[256], name[128];
	FILE *symbols = fopen("/proc/kallsyms", "r");
	size_t i;

	if (!symbols)
		l1_die(NULL, "/proc/kallsyms: %m");
	/* In the order of addresses, but for modules. */
	while (fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%lx %*c %127s", &address, name) != 2)
			continue;
		if (start && address > start) {
			end = address;
			break;
		}
		if (!strcmp(name, function))
			start = address;
	}
	fclose(symbols);
	if (!start)
		l1_die(NULL, "no symbol %s", function);
	for (i = 0; i < ARRAY_LEN(attributes); i++) {
		setting(attributes[i], "reject-start", start);
		setting(attributes[i], "reject-end", end);
	}
}

/* The @n-th fault point from here on fails. */
void fail_nth_arm(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(fail_fd, text, length, 0) != length)
		l1_die(NULL, "fail-nth: %m");
}

/*
 * No more faults.  Reading and writing the file are fault points, too: one that
 * fails here was not reached before.
 * Return: whether the fault has happened.
 */
bool fail_nth_disarm(void)
{
	char text[16] = "";
	ssize_t length = pread(fail_fd, text, sizeof(text) - 1, 0);
	bool happened = length > 0 && !strtoul(text, NULL, 10);

	if (pwrite(fail_fd, "0", 1, 0) != 1 && pwrite(fail_fd, "0", 1, 0) != 1)
		l1_die(NULL, "fail-nth cannot be turned off: %m");
	return happened;
}

/* ---- snapshots ----------------------------------------------------------- */

static long locked_memory(void)
{
	long kib = host_number("/proc/self/status", "VmLck:");

	if (kib < 0)
		l1_die(NULL, "no VmLck in /proc/self/status");
	return kib;
}

void snapshot_take(struct l1 *l1, struct snapshot *s)
{
	static const __u32 peeked[] = {
		GUEST_RIP, GUEST_RSP, GUEST_CR0, VM_ENTRY_INTR_INFO_FIELD
	};
	struct nvmx_walk walk;
	size_t i;

	memset(s, 0, sizeof(*s));
	nvmx_get_state(l1->fd, &s->state);
	nvmx_get_l1(l1->fd, &s->l1);
	nvmx_get_l2(l1->fd, &s->l2);
	s->walk_ret = nvmx_walk(l1->fd, s->entries, ARRAY_LEN(s->entries), 0, &walk);
	s->fields = walk.out_count;
	for (i = 0; i < ARRAY_LEN(peeked); i++)
		nvmx_peek(l1->fd, NVMX_PEEK_VMCS02, peeked[i], &s->peek[i]);
	s->locked = locked_memory();
	if (!l1->mem)
		return;
	memcpy(s->low, l1->mem, sizeof(s->low));
	memcpy(s->vmcs, l1_ptr(l1, L1_VMCS(0)), sizeof(s->vmcs));
}

/* Return: what is not the same, or NULL. */
const char *snapshot_differs(const struct snapshot *a, const struct snapshot *b)
{
#define DIFFERS(member)							\
	if (memcmp(&a->member, &b->member, sizeof(a->member)))		\
		return #member
	DIFFERS(state);
	DIFFERS(l1);
	DIFFERS(l2);
	DIFFERS(walk_ret);
	DIFFERS(fields);
	DIFFERS(entries);
	DIFFERS(peek);
	DIFFERS(locked);
	DIFFERS(low);
	DIFFERS(vmcs);
#undef DIFFERS
	return NULL;
}
