// SPDX-License-Identifier: GPL-2.0
/* Any bytes as a configuration file: refused, or sorted rules with one for each target. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "model/config.h"
#include "model/key.h"
#include "lib/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("config", 0);
	char name[32], *files[] = { name };
	struct config config = {};
	size_t i;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	message_start(NULL, false);
	config_read(files, 1, &config);
	for (i = 1; i < config.count; i++)
		if (key_compare(&config.entries[i - 1].rule.key,
				&config.entries[i].rule.key) >= 0)
			abort();
	for (i = 0; i < config.vms.count; i++)
		if (vm_line_find(&config.vms, config.vms.lines[i].uuid,
				 config.vms.lines[i].device) != &config.vms.lines[i])
			abort();
	config_free(&config);
	close(fd);
	return 0;
}
