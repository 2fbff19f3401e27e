// SPDX-License-Identifier: GPL-2.0
/* Where the running kernel's code and data are, from /proc/kallsyms. */
#include "symbols.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "util.h"

static bool is_name(const char *name, const char *wanted)
{
	size_t length = strlen(wanted);

	return !strncmp(name, wanted, length) &&
	       (!name[length] || !strncmp(name + length, ".isra", 5) ||
		!strncmp(name + length, ".constprop", 10));
}

/* kallsyms is sorted in its parts only: the next symbol is looked for among all. */
static int each(struct symbol *symbols, size_t count,
		void (*look)(struct symbol *symbol, __u64 address, const char *name))
{
	_cleanup_(close_file) FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long address;
	char line[512], name[256];
	size_t i;

	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %*c %255s", &address, name) != 2)
			continue;
		for (i = 0; i < count; i++)
			look(&symbols[i], address, name);
	}
	return 0;
}

static void look_for_start(struct symbol *symbol, __u64 address, const char *name)
{
	if (is_name(name, symbol->name))
		symbol->from = address;
}

static void look_for_end(struct symbol *symbol, __u64 address, const char *name)
{
	(void)name;
	if (symbol->from && address > symbol->from &&
	    (!symbol->to || address < symbol->to))
		symbol->to = address;
}

int symbols_find(struct symbol *symbols, size_t count)
{
	int err;
	size_t i;

	for (i = 0; i < count; i++)
		symbols[i].from = symbols[i].to = 0;
	err = each(symbols, count, look_for_start);
	return err ? err : each(symbols, count, look_for_end);
}
