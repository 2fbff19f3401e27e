/* SPDX-License-Identifier: GPL-2.0 */
/* Each function's read counters. */
#ifndef DSNCTL_COUNTERS_H
#define DSNCTL_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include "dsn_contract.h"

/* The map `counters`, mapped. */
struct counters {
	const struct dsn_device *devices; /* DSN_MAX_DEVICES of them, or NULL */
};

/* Opens them; prints the error. Returns an exit status. */
int counters_open(struct counters *counters);

/* Returns a function's counters; all zeros if it was not read. */
struct dsn_device counters_of(const struct counters *counters, const struct dsn_key *key);

/* Copies the counters of the first function from element *i on that was read; false at the end. */
bool counters_next(const struct counters *counters, size_t *i, struct dsn_device *device);

void counters_close(struct counters *counters);

#endif
