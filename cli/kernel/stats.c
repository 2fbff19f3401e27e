// SPDX-License-Identifier: GPL-2.0
/* What is in force at this moment: its guarantee, its state and its counters. */
#include "kernel/stats.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>
#include "kernel/pins.h"
#include "kernel/program.h"
#include "kernel/rulemap.h"
#include "model/policy.h"
#include "lib/exit.h"
#include "lib/message.h"
#include "lib/util.h"

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
	state->check_reason[sizeof(state->check_reason) - 1] = '\0';
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
	err = rulemap_read(map, &set);
	if (err) {
		say_error("cannot read the rules: %s", strerror(-err));
		return EXIT_FAILED;
	}
	figures->default_rule = policy_default(&set);
	figures->rules = set.count - !!ruleset_find(&set, &default_key);
	return EXIT_DONE;
}

/* Finds the guarantee by what has been counted against it. */
static int judge(struct figures *figures)
{
	struct faults faults = { .unchecked = figures->totals.unchecked,
				 .late = figures->totals.late,
				 .unkillable = figures->totals.unkillable };
	struct reasons reasons = {};
	unsigned long long missed;

	if (program_missed(figures->plan.hook, &missed)) {
		say_error("cannot read the programs' counters");
		return EXIT_FAILED;
	}
	figures->missed = figures->state.missed + missed;
	faults.lost = missed;
	memcpy(reasons.check, figures->state.check_reason, sizeof(reasons.check));
	plan_guarantee(&figures->plan, &figures->host, &faults, &reasons,
		       &figures->guarantee);
	return EXIT_DONE;
}

int figures_read(struct figures *figures)
{
	static const struct faults none;
	int status;

	*figures = (struct figures){ .host = host_running() };
	program_find(&figures->plan);
	if (!figures->plan.hook && !figures->plan.check) {
		plan_guarantee(&figures->plan, &figures->host, &none, NULL,
			       &figures->guarantee);
		return EXIT_UNPROTECTED;
	}
	status = read_state(&figures->state);
	figures->plan.options |= figures->state.options & DSN_OPTION_WHOLE;
	if (!status)
		status = read_totals(&figures->totals);
	if (!status)
		status = read_rules(figures);
	if (!status)
		status = judge(figures);
	return status ? EXIT_FAILED : EXIT_DONE;
}
