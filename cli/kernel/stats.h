/* SPDX-License-Identifier: GPL-2.0 */
/* What is in force at this moment: its guarantee, its state and its counters. */
#ifndef DSNCTL_STATS_H
#define DSNCTL_STATS_H

#include <stddef.h>
#include "kernel/plan.h"
#include "dsn_contract.h"

struct figures {
	struct plan
		plan; /* neither hook nor check: not loaded, and nothing after `guarantee` */
	struct running host;
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
int figures_read(struct figures *figures);

#endif
