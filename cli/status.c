// SPDX-License-Identifier: GPL-2.0
/* dsnctl status: whether the programs are in force, and how they fare. */
#include "command.h"

#include <bpf/bpf.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "pins.h"
#include "policy.h"
#include "program.h"
#include "table.h"
#include "util.h"

enum {
	COL_LOADED,
	COL_HOOK,
	COL_REASON,
	COL_VERSION,
	COL_DEFAULT,
	COL_RULES,
	COL_TOUCHED,
	COL_MISSED,
	COL_FAILED_WRITES,
	COL_UNKNOWN,
	COL_UNKILLABLE,
	COL_UNCOUNTED,
};

static const struct column columns[] = {
	[COL_LOADED] = { "loaded" },
	[COL_HOOK] = { "hook" },
	[COL_REASON] = { "reason" },
	[COL_VERSION] = { "version" },
	[COL_DEFAULT] = { "default" },
	[COL_RULES] = { "rules" },
	[COL_TOUCHED] = { "touched" },
	[COL_MISSED] = { "missed" },
	[COL_FAILED_WRITES] = { "failed_writes" },
	[COL_UNKNOWN] = { "unknown" },
	[COL_UNKILLABLE] = { "unkillable" },
	[COL_UNCOUNTED] = { "uncounted" },
};

static void drop_table(struct table *table)
{
	table_free(table);
}

static void drop_set(struct ruleset *set)
{
	ruleset_free(set);
}

/* What `load` wrote down. */
static int fill_state(struct table *table)
{
	_cleanup_(close_fd) int map = -1;
	struct dsn_state state;
	__u32 zero = 0;
	int status;

	map = pins_map(PIN_STATE, &status);
	if (map < 0)
		return status;
	if (bpf_map_lookup_elem(map, &zero, &state)) {
		warn("cannot read %s/%s", DSN_PIN_DIR, PIN_STATE);
		return EXIT_FAILED;
	}
	state.reason[sizeof(state.reason) - 1] = '\0';
	state.version[sizeof(state.version) - 1] = '\0';
	table_text(table, COL_REASON, *state.reason ? state.reason : NULL);
	table_text(table, COL_VERSION, state.version);
	return EXIT_DONE;
}

static int fill_rules(struct table *table)
{
	_cleanup_(drop_set) struct ruleset set = {};
	_cleanup_(close_fd) int map = -1;
	struct dsn_rule rule;
	int status, err;

	map = pins_map(PIN_RULESETS, &status);
	if (map < 0)
		return status;
	err = ruleset_read(map, &set);
	if (err) {
		warnx("cannot read the rules: %s", strerror(-err));
		return EXIT_FAILED;
	}
	rule = policy_default(&set);
	table_text(table, COL_DEFAULT, policy_name(rule.policy));
	table_number(table, COL_RULES, set.count - !!ruleset_find(&set, &default_key));
	return EXIT_DONE;
}

static int fill_counters(struct table *table, enum dsn_hook hook)
{
	_cleanup_(close_fd) int map = -1;
	struct dsn_totals totals;
	unsigned long long missed;
	__u32 zero = 0;
	int status;

	map = pins_map(PIN_TOTALS, &status);
	if (map < 0)
		return status;
	if (bpf_map_lookup_elem(map, &zero, &totals) || program_missed(hook, &missed)) {
		warn("cannot read the counters");
		return EXIT_FAILED;
	}
	table_number(table, COL_TOUCHED, totals.touched);
	table_number(table, COL_MISSED, missed);
	table_number(table, COL_FAILED_WRITES, totals.failed_writes);
	table_number(table, COL_UNKNOWN, totals.unknown);
	table_number(table, COL_UNKILLABLE, totals.unkillable);
	table_number(table, COL_UNCOUNTED, totals.uncounted);
	return EXIT_DONE;
}

static int fill(struct table *table)
{
	enum dsn_hook hook = program_running();
	int status;

	table_bool(table, COL_LOADED, hook != DSN_HOOK_NONE);
	table_text(table, COL_HOOK, hook_name(hook));
	if (hook == DSN_HOOK_NONE)
		return EXIT_UNPROTECTED;
	status = fill_state(table);
	if (!status)
		status = fill_rules(table);
	if (!status)
		status = fill_counters(table, hook);
	return status;
}

int cmd_status(const struct options *options, int argc, char **argv)
{
	_cleanup_(drop_table) struct table table = {};
	int status;

	(void)argc;
	(void)argv;
	if (geteuid()) {
		warnx("this needs root: the programs are pinned in %s, which is root's",
		      DSN_PIN_DIR);
		return EXIT_FAILED;
	}
	if (table_init(&table, columns, ARRAY_SIZE(columns)) || table_row(&table)) {
		warnx("out of memory");
		return EXIT_FAILED;
	}
	status = fill(&table);
	if (status == EXIT_FAILED)
		return status;
	if (options->json)
		json_print(table_take_row(&table));
	else
		table_print_fields(&table);
	if (status == EXIT_UNPROTECTED)
		warnx("not loaded: guests read the real serials; run 'dsnctl load'");
	return status;
}
