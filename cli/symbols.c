// SPDX-License-Identifier: GPL-2.0
/* Where the running kernel's data is, from /proc/kallsyms. */
#include "symbols.h"

#include <stdio.h>
#include <string.h>
#include "util.h"

__u64 symbol_address(const char *name)
{
	_cleanup_(close_file) FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long address;
	char line[512], found[256];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %*c %255s", &address, found) == 2 &&
		    !strcmp(found, name))
			return address;
	return 0;
}

bool symbols_find_vfio(struct vfio_symbols *symbols)
{
	*symbols = (struct vfio_symbols){ .fops = symbol_address("vfio_device_fops") };
	if (!symbols->fops)
		symbols->read = symbol_address("vfio_device_fops_read");
	return symbols->fops || symbols->read;
}
