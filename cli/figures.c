// SPDX-License-Identifier: GPL-2.0
/* What is in force at this moment: its guarantee, its state and its counters. */
#include "figures.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include "command.h"
#include "message.h"
#include "pins.h"
#include "policy.h"
#include "program.h"
#include "util.h"

/* What `load` wrote down. */
static int read_state(struct dsn_state *state)
{
	_cleanup_(close_fd) int map = -1;
	__u32 zero = 0;
	int status;

	map = pins_map(PIN_STATE, &status);
	if (map < 0)
		return status;
	if (bpf_map_lookup_elem(map, &zero, state)) {
		say_error("cannot read %s/%s: %s", DSN_PIN_DIR, PIN_STATE,
			  strerror(errno));
		return EXIT_FAILED;
	}
	state->version[sizeof(state->version) - 1] = '\0';
	state->hook_reason[sizeof(state->hook_reason) - 1] = '\0';
	state->guard_reason[sizeof(state->guard_reason) - 1] = '\0';
	return EXIT_DONE;
}

static int read_totals(struct dsn_totals *totals)
{
	_cleanup_(close_fd) int map = -1;
	__u32 zero = 0;
	int status;

	map = pins_map(PIN_TOTALS, &status);
	if (map < 0)
		return status;
	if (!bpf_map_lookup_elem(map, &zero, totals))
		return EXIT_DONE;
	say_error("cannot read the counters: %s", strerror(errno));
	return EXIT_FAILED;
}

static int read_rules(struct figures *figures)
{
	_cleanup_(ruleset_free) struct ruleset set = {};
	_cleanup_(close_fd) int map = -1;
	int status, err;

	map = pins_map(PIN_RULESETS, &status);
	if (map < 0)
		return status;
	err = ruleset_read(map, &set);
	if (err) {
		say_error("cannot read the rules: %s", strerror(-err));
		return EXIT_FAILED;
	}
	figures->default_rule = policy_default(&set);
	figures->rules = set.count - !!ruleset_find(&set, &default_key);
	return EXIT_DONE;
}

static int read_missed(struct figures *figures)
{
	unsigned long long hook, guard;

	if (program_hook_missed(figures->hook, &hook) ||
	    program_guard_missed(figures->guard, &guard)) {
		say_error("cannot read the programs' counters");
		return EXIT_FAILED;
	}
	figures->missed.hook = figures->state.missed.hook + hook;
	figures->missed.guard = figures->state.missed.guard + guard;
	return EXIT_DONE;
}

int figures_read(struct figures *figures)
{
	static const struct dsn_missed none;
	struct dsn_missed seen;
	int status;

	*figures = (struct figures){
		.hook = program_hook(),
		.guard = program_guard(),
		.host = host_running(),
	};
	if (figures->hook == DSN_HOOK_NONE) {
		guarantee_find(&figures->guarantee, &(struct loaded){}, &figures->host,
			       &none, "");
		return EXIT_UNPROTECTED;
	}
	status = read_state(&figures->state);
	if (!status)
		status = read_missed(figures);
	if (!status)
		status = read_totals(&figures->totals);
	if (!status)
		status = read_rules(figures);
	if (status)
		return EXIT_FAILED;
	figures->totals.unannounced -= figures->state.unannounced;
	seen = figures->missed;
	seen.guard += figures->totals.unannounced;
	guarantee_find(&figures->guarantee,
		       &(struct loaded){ figures->hook, figures->guard,
					 figures->state.options, program_is_blind() },
		       &figures->host, &seen, figures->state.guard_reason);
	return EXIT_DONE;
}
