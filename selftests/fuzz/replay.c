// SPDX-License-Identifier: GPL-2.0-only
/*
 * Run a fuzz target over a corpus, without a fuzzer.
 *
 *	TARGET			check each case of its corpus in the tree, as a test
 *	TARGET -x DIR		write each case of it to a file of its own
 *	TARGET -t FILE...	print files, such as a fuzzer leaves, as a corpus
 *	TARGET FILE...		check files
 *
 * A corpus is a text: a case is a line of hexadecimal digits, # starts a remark.
 */
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sanitizer/common_interface_defs.h>

#define BYTES_MAX	65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The case that is being checked. */
static const char *current_file;
static unsigned int current_line;

static void name_case(void)
{
	printf("# %s:%u: this case fails\n", current_file, current_line);
	fflush(stdout);
}

static void on_abort(int sig)
{
	name_case();
	_exit(128 + sig);
}

/* In memory of its own, so that a look past the end of a case is seen. */
static void check(const uint8_t *bytes, size_t size, const char *file, unsigned int line)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		err(1, "malloc");
	memcpy(copy, bytes, size);
	current_file = file;
	current_line = line;
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void extract(const uint8_t *bytes, size_t size, const char *dir, unsigned int line)
{
	char name[4096];
	FILE *file;

	snprintf(name, sizeof(name), "%s/case-%05u", dir, line);
	file = fopen(name, "wb");
	if (!file || fwrite(bytes, 1, size, file) != size || fclose(file))
		err(1, "%s", name);
}

/* Return: bytes of a case, or -1 where @text holds none. */
static long parse(const char *text, uint8_t *bytes)
{
	unsigned int byte;
	long size = 0;
	int used;

	if (*text == '#' || *text == '\n')
		return -1;
	while (size < BYTES_MAX && sscanf(text, "%2x%n", &byte, &used) == 1) {
		if (used != 2)
			errx(1, "an odd number of digits");
		bytes[size++] = byte;
		text += 2;
	}
	if (*text != '\n' && *text)
		errx(1, "neither a case nor a remark: %.40s", text);
	return size;
}

/* Return: number of cases. */
static unsigned int for_each_case(const char *name, const char *dir)
{
	static char text[2 * BYTES_MAX + 2];
	static uint8_t bytes[BYTES_MAX];
	unsigned int line = 0, cases = 0;
	FILE *file = fopen(name, "r");
	long size;

	if (!file)
		err(1, "%s", name);
	while (fgets(text, sizeof(text), file)) {
		line++;
		size = parse(text, bytes);
		if (size < 0)
			continue;
		cases++;
		if (dir)
			extract(bytes, size, dir, line);
		else
			check(bytes, size, name, line);
	}
	fclose(file);
	return cases;
}

static size_t read_file(const char *name, uint8_t *bytes)
{
	FILE *file = fopen(name, "rb");
	size_t size;

	if (!file)
		err(1, "%s", name);
	size = fread(bytes, 1, BYTES_MAX, file);
	fclose(file);
	return size;
}

static int files(int argc, char **argv, bool as_text)
{
	static uint8_t bytes[BYTES_MAX];
	size_t size, i;
	int n;

	for (n = 0; n < argc; n++) {
		size = read_file(argv[n], bytes);
		for (i = 0; as_text && i < size; i++)
			printf("%02x", bytes[i]);
		if (as_text && size)
			printf("\n");
		if (!as_text)
			check(bytes, size, argv[n], 1);
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int cases;

	signal(SIGABRT, on_abort);
	__sanitizer_set_death_callback(name_case);
	if (argc == 3 && !strcmp(argv[1], "-x"))
		return !for_each_case(FUZZ_CORPUS, argv[2]);
	if (argc > 1 && !strcmp(argv[1], "-t"))
		return files(argc - 2, argv + 2, true);
	if (argc > 1)
		return files(argc - 1, argv + 1, false);

	printf("TAP version 13\n1..1\n");
	cases = for_each_case(FUZZ_CORPUS, NULL);
	printf("# %u cases\n", cases);
	printf("%sok 1 %s_holds_for_its_corpus\n", cases ? "" : "not ", FUZZ_TARGET);
	return !cases;
}
