/* SPDX-License-Identifier: GPL-2.0 */
/* Statistics: the state and counters in force, the counters of functions, the fates of reads. */
#ifndef DSNCTL_STATS_H
#define DSNCTL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include "kernel/plan.h"
#include "dsn_contract.h"

struct stats {
	struct plan
		plan; /* neither hook nor check: not loaded, and nothing after `guarantee` */
	struct running running;
	struct guarantee guarantee;
	struct dsn_state state;
	unsigned long long
		missed; /* hook calls skipped by all programs since the first load */
	struct dsn_totals totals;
	struct dsn_rule default_rule;
	size_t rules; /* without the default */
};

/*
 * Gathers them. Prints the error. Returns EXIT_DONE, EXIT_UNPROTECTED (and prints
 * nothing) if nothing is loaded, or EXIT_FAILED.
 */
int stats_read(struct stats *stats);

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

/* "scrubbed", "serial", "hidden", "passed", "killed", "refused". */
const char *fate_name(const struct dsn_event *event);

/* Why it was not answered, or NULL where it was. */
const char *fate_reason(const struct dsn_event *event);

/* Why a reader was killed; any number will do. */
const char *reason_text(__u32 reason);

#endif
