// SPDX-License-Identifier: GPL-2.0
/* What happened to each function's reads. */
#include "counters.h"

#include <bpf/bpf.h>
#include "command.h"
#include "pins.h"
#include "util.h"

int counters_open(struct counters *counters)
{
	int status;

	counters->devices = pins_map(PIN_DEVICES, &status);
	if (counters->devices < 0)
		return status;
	counters->elements = pins_map(PIN_COUNTERS, &status);
	return counters->elements < 0 ? status : EXIT_DONE;
}

struct dsn_device counters_of(const struct counters *counters, const struct dsn_key *key)
{
	struct dsn_device device = {};
	__u32 element;

	if (bpf_map_lookup_elem(counters->devices, key, &element) ||
	    bpf_map_lookup_elem(counters->elements, &element, &device))
		return (struct dsn_device){};
	return device;
}

void counters_close(struct counters *counters)
{
	close_fd(&counters->devices);
	close_fd(&counters->elements);
}
