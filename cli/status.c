// SPDX-License-Identifier: GPL-2.0
/* dsnctl status: whether the programs are in force, and how they fare. */
#include "command.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "bdf.h"
#include "figures.h"
#include "message.h"
#include "pins.h"
#include "policy.h"
#include "program.h"
#include "table.h"
#include "when.h"
#include "util.h"

enum {
	COL_LOADED,
	COL_GUARANTEE,
	COL_GROUND,
	COL_REMEDY,
	COL_HOOK,
	COL_HOOK_REASON,
	COL_GUARD,
	COL_PREEMPTION,
	COL_VERSION,
	COL_SINCE,
	COL_DEFAULT,
	COL_RULES,
	COL_TOUCHED,
	COL_MISSED,
	COL_REPAIRED,
	COL_REFUSED,
	COL_UNANNOUNCED,
	COL_GUARD_MISSED,
	COL_KILLS,
	COL_FAILED_WRITES,
	COL_UNKILLABLE,
	COL_UNCOUNTED,
};

static const struct column columns[] = {
	[COL_LOADED] = { "loaded" },
	[COL_GUARANTEE] = { "guarantee" },
	[COL_GROUND] = { "ground" },
	[COL_REMEDY] = { "remedy" },
	[COL_HOOK] = { "hook" },
	[COL_HOOK_REASON] = { "hook_reason" },
	[COL_GUARD] = { "guard" },
	[COL_PREEMPTION] = { "preemption" },
	[COL_VERSION] = { "version" },
	[COL_SINCE] = { "since" },
	[COL_DEFAULT] = { "default" },
	[COL_RULES] = { "rules" },
	[COL_TOUCHED] = { "touched" },
	[COL_MISSED] = { "missed" },
	[COL_REPAIRED] = { "repaired" },
	[COL_REFUSED] = { "refused" },
	[COL_UNANNOUNCED] = { "unannounced" },
	[COL_GUARD_MISSED] = { "guard_missed" },
	[COL_KILLS] = { "kills" },
	[COL_FAILED_WRITES] = { "failed_writes" },
	[COL_UNKILLABLE] = { "unkillable" },
	[COL_UNCOUNTED] = { "uncounted" },
};

enum {
	KILL_TIME,
	KILL_BDF,
	KILL_PID,
	KILL_COMMAND,
	KILL_REASON,
};

static const struct column kill_columns[] = {
	[KILL_TIME] = { "time" },     [KILL_BDF] = { "bdf" },
	[KILL_PID] = { "pid", true }, [KILL_COMMAND] = { "command" },
	[KILL_REASON] = { "reason" },
};

/* All that is shown. */
struct view {
	struct table fields;
	struct table kills;
	enum level level;
};

static const char *reason_text(__u32 reason)
{
	switch (reason) {
	case DSN_REASON_WRITE:
		return "its buffer could not be written";
	case DSN_REASON_PLACE:
		return "config space could not be read";
	case DSN_REASON_MISSED:
		return "missed by the hook, and cannot be repaired";
	default:
		return "unknown";
	}
}

/* The last kills, oldest first. */
static int fill_kills(struct table *table, __u64 total)
{
	_cleanup_(close_fd) int map = -1;
	__u64 n = total > DSN_KILLS ? total - DSN_KILLS : 0;
	char bdf[BDF_LEN], when[TIME_LEN];
	struct dsn_kill kill;
	int status;

	map = pins_map(PIN_KILLS, &status);
	if (map < 0)
		return status;
	for (; n < total; n++) {
		__u32 slot = n % DSN_KILLS;

		if (bpf_map_lookup_elem(map, &slot, &kill) || table_row(table)) {
			say_error("cannot read %s/%s: %s", DSN_PIN_DIR, PIN_KILLS,
				  strerror(errno));
			return EXIT_FAILED;
		}
		make_printable(kill.command, sizeof(kill.command));
		bdf_format(&kill.key, bdf);
		format_boot_time(kill.ns, when);
		table_text(table, KILL_TIME, when);
		table_text(table, KILL_BDF, bdf);
		table_number(table, KILL_PID, kill.pid);
		table_text(table, KILL_COMMAND, kill.command);
		table_text(table, KILL_REASON, reason_text(kill.reason));
	}
	return EXIT_DONE;
}

static void fill_guarantee(struct view *view, const struct guarantee *guarantee)
{
	view->level = guarantee->level;
	table_text(&view->fields, COL_GUARANTEE, level_name(guarantee->level));
	table_text(&view->fields, COL_GROUND, guarantee->ground);
	table_text(&view->fields, COL_REMEDY, guarantee->remedy);
}

static void fill_loaded(struct table *table, const struct figures *figures)
{
	const struct dsn_totals *totals = &figures->totals;
	const struct dsn_state *state = &figures->state;
	char since[TIME_LEN];

	table_text(table, COL_HOOK_REASON,
		   *state->hook_reason ? state->hook_reason : NULL);
	table_text(table, COL_VERSION, state->version);
	format_boot_time(state->loaded_ns, since);
	table_text(table, COL_SINCE, since);
	table_text(table, COL_DEFAULT, policy_name(figures->default_rule.policy));
	table_number(table, COL_RULES, figures->rules);
	table_number(table, COL_TOUCHED, totals->touched);
	table_number(table, COL_MISSED, figures->missed.hook);
	table_number(table, COL_REPAIRED, totals->repaired);
	table_number(table, COL_REFUSED, totals->refused);
	table_number(table, COL_UNANNOUNCED, totals->unannounced);
	table_number(table, COL_GUARD_MISSED, figures->missed.guard);
	table_number(table, COL_KILLS, totals->kills);
	table_number(table, COL_FAILED_WRITES, totals->failed_writes);
	table_number(table, COL_UNKILLABLE, totals->unkillable);
	table_number(table, COL_UNCOUNTED, totals->uncounted);
}

static int fill(struct view *view)
{
	struct figures figures;
	int status = figures_read(&figures);

	if (status == EXIT_FAILED)
		return status;
	table_bool(&view->fields, COL_LOADED, status == EXIT_DONE);
	table_text(&view->fields, COL_HOOK, hook_name(figures.hook));
	table_text(&view->fields, COL_GUARD, guard_name(figures.guard));
	table_text(&view->fields, COL_PREEMPTION, preemption_name(figures.host.model));
	fill_guarantee(view, &figures.guarantee);
	if (status != EXIT_DONE)
		return status;
	fill_loaded(&view->fields, &figures);
	return fill_kills(&view->kills, figures.totals.kills);
}

static void print(struct view *view, bool json)
{
	struct json_object *object;

	if (json) {
		object = json_result();
		if (!object)
			return;
		table_put_row(&view->fields, object);
		json_object_object_add(object, "last_kills",
				       table_take_rows(&view->kills));
		json_print(object);
		return;
	}
	table_print_fields(&view->fields);
	if (json_object_array_length(view->kills.rows)) {
		puts("\nkilled:");
		table_print(&view->kills);
	}
}

/* The level that --require names, LEVEL_NOT_PROTECTED where there is no --require. */
static int required_level(const char *name, enum level *level)
{
	*level = LEVEL_NOT_PROTECTED;
	if (!name)
		return EXIT_DONE;
	for (*level = LEVEL_BEST_EFFORT; *level <= LEVEL_PROVEN; ++*level)
		if (!strcmp(name, level_name(*level)))
			return EXIT_DONE;
	say_error("--require %s: want proven or best-effort", name);
	return EXIT_USAGE;
}

static void drop_view(struct view *view)
{
	table_free(&view->fields);
	table_free(&view->kills);
}

int cmd_status(const struct options *options, int argc, char **argv)
{
	_cleanup_(drop_view) struct view view = {};
	enum level required;
	int status;

	(void)argc;
	(void)argv;
	status = required_level(options->require, &required);
	if (status)
		return status;
	if (geteuid()) {
		say_error(
			"this needs root: the programs are pinned in %s, which is root's",
			DSN_PIN_DIR);
		return EXIT_FAILED;
	}
	if (table_init(&view.fields, columns, ARRAY_SIZE(columns)) ||
	    table_row(&view.fields) ||
	    table_init(&view.kills, kill_columns, ARRAY_SIZE(kill_columns))) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	status = fill(&view);
	if (status == EXIT_FAILED)
		return status;
	if (status == EXIT_DONE && !pins_are_public())
		say_warning(
			"%s is gone; what is in force is held in %s: 'dsnctl load' puts it back",
			DSN_PIN_DIR, DSN_KEEP_DIR);
	print(&view, options->json);
	if (status == EXIT_UNPROTECTED) {
		say_error("not loaded: guests read the real serials; run 'dsnctl load'");
		return status;
	}
	if (view.level == LEVEL_NOT_PROTECTED) {
		say_error(
			"not protected: guests read the real serials, for the ground above");
		return EXIT_UNPROTECTED;
	}
	if (view.level < required) {
		say_error("%s is required, and this is %s", options->require,
			  level_name(view.level));
		return EXIT_UNPROTECTED;
	}
	return status;
}
