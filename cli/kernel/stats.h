/* SPDX-License-Identifier: GPL-2.0 */
/* Statistics: the state and counters in force, the counters of functions, the fates of reads. */
#ifndef DSNCTL_STATS_H
#define DSNCTL_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include "kernel/loaded.h"
#include "kernel/plan.h"
#include "model/ruleset.h"
#include "dsn_contract.h"

struct stats {
	struct plan
		plan; /* without hook and check: nothing runs, and all after `guarantee` is 0 */
	struct running running;
	struct guarantee guarantee;
	struct ruleset set;
	struct dsn_rule default_rule;
	__u64 rules;  /* without the default */
	__u64 claims; /* functions that VMs have claimed */
	__u64 missed; /* hook calls skipped by all programs since the first load */
	__u64 stopped;
	struct dsn_totals totals;
};

/* One number of struct stats. `status`, `metrics` and their --help all come from the table. */
struct counter {
	const char *
		name; /* a row of `status`; dsnctl_NAME or dsnctl_NAME_total in `metrics` */
	const char *help; /* a phrase without a full stop */
	const char *type; /* "counter", which counts on until `unload`, or "gauge" */
	size_t offset;	  /* of a __u64 in struct stats */
};

/* Each field of dsn_totals has a row; a unit test says which has none. */
#define STATS_COUNTERS (sizeof(struct dsn_totals) / sizeof(__u64) + 4)

extern const struct counter stats_counters[STATS_COUNTERS];

__u64 counter_value(const struct stats *stats, const struct counter *counter);

/*
 * Reads them. Returns EXIT_DONE, or another exit status with the failure. The caller frees them
 * in either case.
 */
int stats_read(const struct loaded *loaded, struct stats *stats, struct failure *failure);
void stats_free(struct stats *stats);

/* The map `counters`, mapped. */
struct counters {
	const struct dsn_device *devices; /* DSN_MAX_DEVICES of them, or NULL */
};

/* Maps the counters. Returns EXIT_DONE, or another exit status with the failure. */
int counters_open(struct counters *counters, struct failure *failure);

/* Returns a function's counters; all zeros if it was not read. */
struct dsn_device counters_of(const struct counters *counters, const struct dsn_key *key);

/* Copies the counters of the first function from element *i on that was read; false at the end. */
bool counters_next(const struct counters *counters, size_t *i, struct dsn_device *device);

void counters_close(struct counters *counters);

/* Returns "scrubbed", "serial", "hidden", "passed", "killed", "refused" or "stopped". */
const char *fate_name(const struct dsn_event *event);

/* Returns the reason why it was not answered, or NULL if it was. */
const char *fate_reason(const struct dsn_event *event);

/* Returns the text of an enum dsn_reason; any number will do. */
const char *reason_text(__u32 reason);

#endif
