/* SPDX-License-Identifier: GPL-2.0 */
/* What happened to each function's reads. */
#ifndef DSNCTL_COUNTERS_H
#define DSNCTL_COUNTERS_H

#include "dsn_contract.h"

/* The maps: which functions have an element, and the elements. */
struct counters {
	int devices;
	int elements;
};

#define NO_COUNTERS ((struct counters){ -1, -1 })

/* Opens both; prints the error itself. Returns an exit status. */
int counters_open(struct counters *counters);

/* All zeros where the function was not read. */
struct dsn_device counters_of(const struct counters *counters, const struct dsn_key *key);

void counters_close(struct counters *counters);

#endif
