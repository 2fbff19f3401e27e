/* SPDX-License-Identifier: GPL-2.0 */
/* What `load` would come to on a host of which these facts are known: pure. */
#ifndef DSNCTL_FORECAST_H
#define DSNCTL_FORECAST_H

#include "command.h"
#include "facts.h"
#include "guarantee.h"

struct forecast {
	/* of `load`; EXIT_UNPROTECTED where it would be done and nothing in force */
	enum exit_status status;
	enum dsn_hook hook;
	enum dsn_guard guard;
	struct guarantee guarantee; /* where it would fail, the ground is the cause */
	bool certain;		    /* nothing that it may rest on was left unseen */
};

void forecast_find(struct forecast *forecast, const struct facts *facts);

#endif
