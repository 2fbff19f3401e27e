// SPDX-License-Identifier: GPL-2.0
/* Each function's read counters. */
#include "kernel/counters.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "lib/exit.h"
#include "kernel/pins.h"
#include "lib/message.h"
#include "lib/util.h"

#define COUNTERS_SIZE (DSN_MAX_DEVICES * sizeof(struct dsn_device))

int counters_open(struct counters *counters)
{
	_cleanup_(close_fd) int map = -1;
	void *devices;
	int status;

	map = pins_map(PIN_COUNTERS, &status);
	if (map < 0)
		return status;
	devices = mmap(NULL, COUNTERS_SIZE, PROT_READ, MAP_SHARED, map, 0);
	if (devices == MAP_FAILED) {
		say_error("cannot map %s/%s: %s", DSN_PIN_DIR, PIN_COUNTERS,
			  strerror(errno));
		return EXIT_FAILED;
	}
	counters->devices = devices;
	return EXIT_DONE;
}

struct dsn_device counters_of(const struct counters *counters, const struct dsn_key *key)
{
	struct dsn_key used = *key;
	struct dsn_device device;
	__u32 i;

	used.reserved = 1;
	for (i = 0; i < DSN_DEVICE_TRIES; i++) {
		device = counters->devices[(dsn_device_index(key) + i) % DSN_MAX_DEVICES];
		if (!memcmp(&device.key, &used, sizeof(used)))
			return device;
		if (!device.key.reserved)
			break;
	}
	return (struct dsn_device){};
}

bool counters_next(const struct counters *counters, size_t *i, struct dsn_device *device)
{
	while (*i < DSN_MAX_DEVICES) {
		*device = counters->devices[(*i)++];
		if (device->reads || device->passed) {
			device->key.reserved = 0;
			return true;
		}
	}
	return false;
}

void counters_close(struct counters *counters)
{
	if (counters->devices)
		munmap((void *)counters->devices, COUNTERS_SIZE);
	counters->devices = NULL;
}
