// SPDX-License-Identifier: GPL-2.0
/* Any text as what `lspci -xxxx` prints: an error with a text, or sorted functions. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "model/key.h"
#include "model/pci.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("dump", 0);
	struct pci_function *devices = NULL;
	char name[32], error[128] = "";
	size_t count, i;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (pci_scan(name, &devices, &count, error)) {
		if (!*error || devices)
			abort();
	} else {
		for (i = 1; i < count; i++)
			if (key_compare(&devices[i - 1].key, &devices[i].key) > 0)
				abort();
	}
	free(devices);
	close(fd);
	return 0;
}
