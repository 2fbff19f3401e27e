/* SPDX-License-Identifier: GPL-2.0 */
/* What is in force at this moment: its guarantee, its state and its counters. */
#ifndef DSNCTL_FIGURES_H
#define DSNCTL_FIGURES_H

#include <stddef.h>
#include "dsn_contract.h"
#include "guarantee.h"

struct figures {
	enum dsn_hook
		hook; /* DSN_HOOK_NONE: not loaded, and nothing behind `guarantee` */
	enum dsn_guard guard;
	struct running host;
	struct guarantee guarantee;
	struct dsn_state state;
	struct dsn_missed missed; /* by the running programs and those before them */
	struct dsn_totals totals; /* unannounced: since the end of load */
	struct dsn_rule default_rule;
	size_t rules; /* without the default */
};

/*
 * Gathers them. Prints the error. Returns EXIT_DONE, EXIT_UNPROTECTED (and prints
 * nothing) where nothing is loaded, or EXIT_FAILED.
 */
int figures_read(struct figures *figures);

#endif
