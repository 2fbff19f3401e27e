// SPDX-License-Identifier: GPL-2.0
/* dsnctl status: what is guaranteed, the counters, and what needs attention. */
#include "cmd/command.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kernel/loaded.h"
#include "kernel/openers.h"
#include "kernel/pins.h"
#include "kernel/stats.h"
#include "kernel/stopped.h"
#include "kernel/vmm.h"
#include "model/config.h"
#include "model/key.h"
#include "model/pci.h"
#include "model/policy.h"
#include "lib/message.h"
#include "lib/table.h"
#include "lib/time.h"
#include "lib/util.h"

enum {
	COL_LOADED,
	COL_GUARANTEE,
	COL_GROUND,
	COL_REMEDY,
	COL_PREEMPTION,
	COL_HOOK, /* from here on: of what is loaded */
	COL_HOOK_REASON,
	COL_CHECK,
	COL_GATE,
	COL_SECOND_COPY,
	COL_ANSWER,
	COL_WHOLE_READS,
	COL_VERSION,
	COL_SINCE,
	COL_DEFAULT,
	COL_CLOSED,
	COL_UNSAVED,
	COL_DRIFT,
	COL_EARLY,
	COL_COUNTERS, /* those of stats_counters follow */
	COLUMNS = COL_COUNTERS + STATS_COUNTERS,
};

static const struct column own_columns[COL_COUNTERS] = {
	[COL_LOADED] = { "loaded" },	   [COL_SECOND_COPY] = { "second_copy" },
	[COL_GUARANTEE] = { "guarantee" }, [COL_GROUND] = { "ground" },
	[COL_REMEDY] = { "remedy" },	   [COL_PREEMPTION] = { "preemption" },
	[COL_HOOK] = { "hook" },	   [COL_HOOK_REASON] = { "hook_reason" },
	[COL_CHECK] = { "check" },	   [COL_GATE] = { "gate" },
	[COL_ANSWER] = { "answer" },	   [COL_WHOLE_READS] = { "whole_reads" },
	[COL_VERSION] = { "version" },	   [COL_SINCE] = { "since" },
	[COL_DEFAULT] = { "default" },	   [COL_UNSAVED] = { "unsaved" },
	[COL_CLOSED] = { "closed" },	   [COL_DRIFT] = { "drift" },
	[COL_EARLY] = { "early" },
};

void help_status(void)
{
	size_t i;

	puts("");
	for (i = 0; i < STATS_COUNTERS; i++)
		printf("%-14s %s\n", stats_counters[i].name, stats_counters[i].help);
}

enum {
	INCIDENT_TIME,
	INCIDENT_BDF,
	INCIDENT_PID,
	INCIDENT_COMMAND,
	INCIDENT_REASON,
};

static const struct column incident_columns[] = {
	[INCIDENT_TIME] = { "time" },	  [INCIDENT_BDF] = { "bdf" },
	[INCIDENT_PID] = { "pid", true }, [INCIDENT_COMMAND] = { "command" },
	[INCIDENT_REASON] = { "reason" },
};

enum {
	DRIFT_TARGET,
	DRIFT_EXPECTED,
	DRIFT_FOUND,
};

static const struct column drift_columns[] = {
	[DRIFT_TARGET] = { "target" },
	[DRIFT_EXPECTED] = { "expected" },
	[DRIFT_FOUND] = { "found" },
};

enum {
	CLOSED_BDF,
	CLOSED_REASON,
};

static const struct column closed_columns[] = {
	[CLOSED_BDF] = { "bdf" },
	[CLOSED_REASON] = { "reason" },
};

enum {
	UNSAVED_TARGET,
	UNSAVED_VALUE,
	UNSAVED_FILE,
};

static const struct column unsaved_columns[] = {
	[UNSAVED_TARGET] = { "target" },
	[UNSAVED_VALUE] = { "value" },
	[UNSAVED_FILE] = { "file" },
};

static const struct column vmm_columns[] = {
	{ .name = "path" },
};

enum {
	STOPPED_TIME,
	STOPPED_BDF,
	STOPPED_PID,
	STOPPED_COMMAND,
};

static const struct column stopped_columns[] = {
	[STOPPED_TIME] = { "since" },
	[STOPPED_BDF] = { "bdf" },
	[STOPPED_PID] = { "pid", true },
	[STOPPED_COMMAND] = { "command" },
};

enum {
	CLAIMED_BDF,
	CLAIMED_VALUE,
	CLAIMED_VM,
	CLAIMED_UUID,
	CLAIMED_OPEN_BY,
};

static const struct column claimed_columns[] = {
	[CLAIMED_BDF] = { "bdf" },	   [CLAIMED_VALUE] = { "value" },
	[CLAIMED_VM] = { "vm" },	   [CLAIMED_UUID] = { "uuid" },
	[CLAIMED_OPEN_BY] = { "open_by" },
};

enum {
	EARLY_BDF,
	EARLY_PROCESS,
};

static const struct column early_columns[] = {
	[EARLY_BDF] = { "bdf" },
	[EARLY_PROCESS] = { "process" },
};

/* All that is shown. */
struct view {
	struct column columns[COLUMNS];
	struct table fields;
	struct table kills;
	struct table wholes;  /* readers of all of config space */
	struct table vmms;    /* executables whose whole reads are let through */
	struct table drift;   /* rules whose function has other ids */
	struct table closed;  /* functions whose extended space guests read as zeros */
	struct table unsaved; /* rules that no file has like this */
	struct table claimed; /* functions that VMs have claimed */
	struct table early;   /* openers from before `load` */
	struct table stopped; /* processes that wait for `dsnctl repair` */
	enum level level;
	bool is_loaded;
};

/* Adds the executables whose whole reads are let through. */
static int fill_vmms(struct table *table)
{
	struct failure failure;
	_cleanup_(close_fd) int map = loaded_map(PIN_VMMS, &failure);
	struct vmm vmms[DSN_MAX_VMMS];
	size_t count, i;

	if (map < 0)
		return say_failure(&failure);
	count = vmm_read(map, vmms);
	for (i = 0; i < count; i++) {
		if (table_row(table)) {
			say_error("cannot list the VMMs: %s", strerror(ENOMEM));
			return EXIT_FAILED;
		}
		make_printable(vmms[i].name.path, sizeof(vmms[i].name.path));
		table_text(table, 0, vmms[i].name.path);
	}
	return EXIT_DONE;
}

/* Adds the last incidents of `total`, oldest first. */
static int fill_incidents(struct table *table, const char *pin, __u64 total)
{
	struct failure failure;
	_cleanup_(close_fd) int map = loaded_map(pin, &failure);
	__u64 n = total > DSN_INCIDENTS ? total - DSN_INCIDENTS : 0;
	char bdf[BDF_LEN], when[TIME_LEN];
	struct dsn_incident incident;

	if (map < 0)
		return say_failure(&failure);
	for (; n < total; n++) {
		__u32 slot = n % DSN_INCIDENTS;

		if (bpf_map_lookup_elem(map, &slot, &incident) || table_row(table)) {
			say_error("cannot read %s/%s: %s", DSN_PIN_DIR, pin,
				  strerror(errno));
			return EXIT_FAILED;
		}
		make_printable(incident.command, sizeof(incident.command));
		bdf_format(&incident.key, bdf);
		format_boot_time(incident.ns, when);
		table_text(table, INCIDENT_TIME, when);
		table_text(table, INCIDENT_BDF, bdf);
		table_number(table, INCIDENT_PID, incident.pid);
		table_text(table, INCIDENT_COMMAND, incident.command);
		table_text(table, INCIDENT_REASON, reason_text(incident.reason));
	}
	return EXIT_DONE;
}

static void fill_drift(struct table *table, const struct ruleset *set)
{
	char target[KEY_LEN], ids[IDS_LEN];
	__u32 found;
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (policy_is_met(&set->rules[i], &set->keys[i]))
			continue;
		if (!pci_ids(&set->keys[i], &found) || table_row(table))
			continue;
		key_format(&set->keys[i], target);
		table_text(table, DRIFT_TARGET, target);
		ids_format(set->rules[i].expect, ids);
		table_text(table, DRIFT_EXPECTED, ids);
		ids_format(found, ids);
		table_text(table, DRIFT_FOUND, ids);
	}
}

/* Adds a rule, and what a file has in its place or NULL. */
static int add_unsaved(struct table *table, const struct dsn_key *key,
		       const struct dsn_rule *rule, const struct config_entry *entry)
{
	char target[KEY_LEN], value[VALUE_LEN];

	if (table_row(table))
		return EXIT_FAILED;
	key_format(key, target);
	table_text(table, UNSAVED_TARGET, target);
	rule_format_value(rule, value);
	table_text(table, UNSAVED_VALUE, value);
	if (entry)
		rule_format_value(&entry->rule.value, value);
	table_text(table, UNSAVED_FILE, entry ? value : NULL);
	return EXIT_DONE;
}

/* Compares with the files; false, with a warning, if those cannot be read. */
static bool fill_unsaved(struct table *table, const struct ruleset *set)
{
	_cleanup_(config_free) struct config config = {};
	size_t i;

	if (!config_read(NULL, 0, &config)) {
		say_warning("cannot find out which rules are in no file: %s",
			    config_first_error(&config));
		return false;
	}
	for (i = 0; i < set->count; i++) {
		const struct config_entry *entry = config_find(&config, &set->keys[i]);
		bool is_usual = set->keys[i].scope == DSN_SCOPE_DEFAULT &&
				rule_equal(&set->rules[i],
					   &(struct dsn_rule){ .policy = DSN_SCRUB });

		if (entry ? rule_equal(&entry->rule.value, &set->rules[i]) : is_usual)
			continue;
		if (add_unsaved(table, &set->keys[i], &set->rules[i], entry))
			return false;
	}
	return true;
}

/* The functions that a guest could have. */
static int fill_closed(struct table *table)
{
	_cleanup_(free_ptr) struct pci_function *devices = NULL;
	char error[128], bdf[BDF_LEN];
	size_t count, i;

	if (pci_scan(NULL, &devices, &count, error)) {
		say_warning("cannot read the PCI functions: %s", error);
		return EXIT_FAILED;
	}
	for (i = 0; i < count; i++) {
		if (!devices[i].closed || !pci_is_vfio(&devices[i]))
			continue;
		if (table_row(table))
			return EXIT_FAILED;
		bdf_format(&devices[i].key, bdf);
		table_text(table, CLOSED_BDF, bdf);
		table_text(table, CLOSED_REASON, devices[i].closed);
	}
	return EXIT_DONE;
}

static int fill_early(struct table *table, enum dsn_hook hook)
{
	_cleanup_(free_ptr) struct opener *openers = NULL;
	char bdf[BDF_LEN], process[OPENER_LEN];
	size_t count, i;
	int err = openers_find(hook, &openers, &count);

	if (err)
		say_warning("cannot find out which devices are open: %s",
			    openers_error(err));
	for (i = 0; i < count; i++) {
		if (!openers[i].early)
			continue;
		if (table_row(table))
			return EXIT_FAILED;
		bdf_format(&openers[i].id.key, bdf);
		opener_format(&openers[i], process);
		table_text(table, EARLY_BDF, bdf);
		table_text(table, EARLY_PROCESS, process);
	}
	return EXIT_DONE;
}

static int fill_claim(struct table *table, const struct claim *claim,
		      const struct opener *openers, size_t count)
{
	char bdf[BDF_LEN], value[VALUE_LEN], uuid[UUID_LEN], process[OPENER_LEN];
	size_t i;

	if (table_row(table))
		return EXIT_FAILED;
	bdf_format(&claim->key, bdf);
	rule_format_value(&claim->rule, value);
	uuid_format(claim->uuid, uuid);
	table_text(table, CLAIMED_BDF, bdf);
	table_text(table, CLAIMED_VALUE, value);
	table_text(table, CLAIMED_VM, *claim->name ? claim->name : NULL);
	table_text(table, CLAIMED_UUID, uuid);
	for (i = 0; i < count && key_compare(&openers[i].id.key, &claim->key); i++)
		;
	if (i < count)
		opener_format(&openers[i], process);
	table_text(table, CLAIMED_OPEN_BY, i < count ? process : NULL);
	return EXIT_DONE;
}

static int fill_claimed(struct table *table, const struct ruleset *set,
			enum dsn_hook hook)
{
	_cleanup_(free_ptr) struct opener *openers = NULL;
	int status = EXIT_DONE;
	size_t count = 0, i;

	/* a failure is reported with the devices that were opened early */
	if (set->claim_count && openers_find(hook, &openers, &count))
		count = 0;
	for (i = 0; !status && i < set->claim_count; i++)
		status = fill_claim(table, &set->claims[i], openers, count);
	return status;
}

static void unmap_repairs(struct dsn_repairs **repairs)
{
	if (*repairs)
		stopped_unmap(*repairs);
}

static int fill_stopped(struct table *table)
{
	_cleanup_(unmap_repairs) struct dsn_repairs *repairs = NULL;
	struct failure failure;
	_cleanup_(close_fd) int map = loaded_map(PIN_REPAIRS, &failure);
	struct stopped list[DSN_REPAIRS];
	char bdf[BDF_LEN], when[TIME_LEN];
	size_t count, i;

	if (map < 0)
		return say_failure(&failure);
	repairs = stopped_map(map);
	if (!repairs) {
		say_error("cannot map %s/%s: %s", DSN_PIN_DIR, PIN_REPAIRS,
			  strerror(errno));
		return EXIT_FAILED;
	}
	count = stopped_list(repairs, list);
	for (i = 0; i < count; i++) {
		if (table_row(table))
			return EXIT_FAILED;
		format_boot_time(list[i].since_ns, when);
		bdf_format(&list[i].key, bdf);
		table_text(table, STOPPED_TIME, when);
		table_text(table, STOPPED_BDF, bdf);
		table_number(table, STOPPED_PID, list[i].pid);
		table_text(table, STOPPED_COMMAND, list[i].command);
	}
	return EXIT_DONE;
}

/* Fills the lists below the fields, and the lengths of three of them. */
static int fill_lists(struct view *view, const struct stats *stats)
{
	int status = fill_incidents(&view->kills, PIN_KILLS, stats->totals.kills);

	if (!status)
		status = fill_incidents(&view->wholes, PIN_WHOLES, stats->totals.wholes);
	fill_drift(&view->drift, &stats->set);
	if (!status)
		status = fill_early(&view->early, stats->plan.hook);
	if (!status && !fill_closed(&view->closed))
		table_number(&view->fields, COL_CLOSED,
			     json_object_array_length(view->closed.rows));
	if (!status && fill_unsaved(&view->unsaved, &stats->set))
		table_number(&view->fields, COL_UNSAVED,
			     json_object_array_length(view->unsaved.rows));
	if (!status && stats->plan.options & DSN_OPTION_VMMS)
		status = fill_vmms(&view->vmms);
	if (!status)
		status = fill_claimed(&view->claimed, &stats->set, stats->plan.hook);
	if (!status)
		status = fill_stopped(&view->stopped);
	table_number(&view->fields, COL_DRIFT,
		     json_object_array_length(view->drift.rows));
	table_number(&view->fields, COL_EARLY,
		     json_object_array_length(view->early.rows));
	return status;
}

static void fill_guarantee(struct view *view, const struct guarantee *guarantee)
{
	view->level = guarantee->level;
	table_text(&view->fields, COL_GUARANTEE, level_name(guarantee->level));
	table_text(&view->fields, COL_GROUND, guarantee->ground);
	table_text(&view->fields, COL_REMEDY, guarantee->remedy);
}

static void fill_loaded(struct table *table, const struct loaded *loaded,
			const struct stats *stats)
{
	const struct dsn_state *state = &loaded->state;
	char since[TIME_LEN], value[VALUE_LEN];
	size_t i;

	table_text(table, COL_HOOK_REASON,
		   *state->hook_reason ? state->hook_reason : NULL);
	table_bool(table, COL_GATE, stats->plan.options & DSN_OPTION_GATE);
	table_bool(table, COL_ANSWER, stats->plan.options & DSN_OPTION_ANSWER);
	if (stats->plan.hook == DSN_HOOK_PERMISSION)
		table_text(table, COL_WHOLE_READS,
			   state->options & DSN_OPTION_WHOLE  ? "allow"
			   : state->options & DSN_OPTION_VMMS ? "known"
							      : "refuse");
	table_text(table, COL_VERSION, state->version);
	format_boot_time(state->loaded_ns, since);
	table_text(table, COL_SINCE, since);
	rule_format_value(&stats->default_rule, value);
	table_text(table, COL_DEFAULT, value);
	for (i = 0; i < STATS_COUNTERS; i++)
		table_number(table, COL_COUNTERS + i,
			     counter_value(stats, &stats_counters[i]));
}

/* Without the second copy all that is loaded hangs by the first. */
static void fill_copy(struct table *table, const struct loaded *loaded)
{
	bool has_copy = program_has_copy(&loaded->attached);

	table_bool(table, COL_SECOND_COPY, has_copy);
	if (!pins_are_public())
		say_warning(
			"%s is gone; the programs stay in force from %s; 'dsnctl load' restores it",
			DSN_PIN_DIR, DSN_KEEP_DIR);
	else if (!has_copy)
		say_warning(
			"no second copy of the pins in %s: the programs end if somebody wipes or unmounts /sys/fs/bpf; 'dsnctl load' makes one",
			DSN_KEEP_DIR);
}

/* Returns EXIT_DONE if a layer runs, EXIT_UNPROTECTED if none does. Prints other failures. */
static int fill(struct view *view)
{
	_cleanup_(stats_free) struct stats stats = {};
	struct failure failure;
	struct loaded loaded;
	int status = loaded_read(&loaded, &failure);

	if (!status)
		status = stats_read(&loaded, &stats, &failure);
	if (status)
		return say_failure(&failure);
	table_bool(&view->fields, COL_LOADED, loaded_runs(&loaded));
	table_text(&view->fields, COL_HOOK, hook_name(stats.plan.hook));
	table_text(&view->fields, COL_CHECK, check_name(stats.plan.check));
	table_text(&view->fields, COL_PREEMPTION, preemption_name(stats.running.model));
	fill_guarantee(view, &stats.guarantee);
	view->is_loaded = loaded_runs(&loaded);
	if (!view->is_loaded)
		return EXIT_UNPROTECTED;
	fill_copy(&view->fields, &loaded);
	fill_loaded(&view->fields, &loaded, &stats);
	return fill_lists(view, &stats);
}

static void print_list(const struct table *table, const char *heading)
{
	if (!json_object_array_length(table->rows))
		return;
	printf("\n%s:\n", heading);
	table_print(table);
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
		json_object_object_add(object, "whole_readers",
				       table_take_rows(&view->wholes));
		json_object_object_add(object, "vmms", table_take_rows(&view->vmms));
		json_object_object_add(object, "drifted", table_take_rows(&view->drift));
		json_object_object_add(object, "closed_functions",
				       table_take_rows(&view->closed));
		json_object_object_add(object, "unsaved_rules",
				       table_take_rows(&view->unsaved));
		json_object_object_add(object, "claimed",
				       table_take_rows(&view->claimed));
		json_object_object_add(object, "open_early",
				       table_take_rows(&view->early));
		json_object_object_add(object, "stopped_processes",
				       table_take_rows(&view->stopped));
		json_print(object);
		return;
	}
	if (!view->is_loaded)
		view->fields.count = COL_HOOK;
	table_print_fields(&view->fields);
	print_list(&view->kills, "killed");
	print_list(&view->wholes, "whole reads of config space");
	print_list(&view->vmms, "VMMs that may read config space whole");
	print_list(&view->drift, "rules ignored: the device has other ids");
	print_list(
		&view->closed,
		"closed: guests read zeros in all extended config space, unless the rule is pass");
	print_list(&view->unsaved,
		   "rules that no file has like this: gone at the next boot");
	print_list(&view->claimed, "claimed by VMs");
	print_list(&view->stopped,
		   "stopped until 'dsnctl repair', which the service dsnctl-repair runs");
	print_list(&view->early,
		   "opened before 'load': these guests may know the real serial");
}

/* Finds the level that --require names; LEVEL_NOT_PROTECTED without --require. */
static int required_level(const char *name, enum level *level)
{
	*level = LEVEL_NOT_PROTECTED;
	if (!name)
		return EXIT_DONE;
	for (*level = LEVEL_BEST_EFFORT; *level <= LEVEL_PROVEN; ++*level)
		if (!strcmp(name, level_name(*level)))
			return EXIT_DONE;
	say_error("--require %s: want proven, withheld, vmm-trusted or best-effort",
		  name);
	return EXIT_USAGE;
}

static int init_view(struct view *view)
{
	size_t i;

	memcpy(view->columns, own_columns, sizeof(own_columns));
	for (i = 0; i < STATS_COUNTERS; i++)
		view->columns[COL_COUNTERS + i].name = stats_counters[i].name;
	return table_init(&view->fields, view->columns, COLUMNS) ||
	       table_row(&view->fields) ||
	       table_init(&view->kills, incident_columns, ARRAY_SIZE(incident_columns)) ||
	       table_init(&view->wholes, incident_columns,
			  ARRAY_SIZE(incident_columns)) ||
	       table_init(&view->vmms, vmm_columns, ARRAY_SIZE(vmm_columns)) ||
	       table_init(&view->drift, drift_columns, ARRAY_SIZE(drift_columns)) ||
	       table_init(&view->closed, closed_columns, ARRAY_SIZE(closed_columns)) ||
	       table_init(&view->unsaved, unsaved_columns, ARRAY_SIZE(unsaved_columns)) ||
	       table_init(&view->claimed, claimed_columns, ARRAY_SIZE(claimed_columns)) ||
	       table_init(&view->early, early_columns, ARRAY_SIZE(early_columns)) ||
	       table_init(&view->stopped, stopped_columns, ARRAY_SIZE(stopped_columns));
}

static void drop_view(struct view *view)
{
	table_free(&view->fields);
	table_free(&view->kills);
	table_free(&view->wholes);
	table_free(&view->vmms);
	table_free(&view->drift);
	table_free(&view->closed);
	table_free(&view->unsaved);
	table_free(&view->claimed);
	table_free(&view->early);
	table_free(&view->stopped);
}

int cmd_status(const struct options *options, int argc, char **argv)
{
	_cleanup_(drop_view) struct view view = {};
	enum level required;
	size_t stopped;
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
	if (init_view(&view)) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	status = fill(&view);
	if (status && status != EXIT_UNPROTECTED)
		return status;
	/* the printing below empties the list */
	stopped = json_object_array_length(view.stopped.rows);
	print(&view, options->json);
	if (status == EXIT_UNPROTECTED) {
		say_error("not loaded: guests read the real serials; run 'dsnctl load'");
		return status;
	}
	if (view.level == LEVEL_NOT_PROTECTED) {
		say_error(
			"not protected: guests read the real serials; see the ground above");
		return EXIT_UNPROTECTED;
	}
	if (view.level < required) {
		say_error("%s is required, but the guarantee is %s", options->require,
			  level_name(view.level));
		return EXIT_UNPROTECTED;
	}
	if (stopped) {
		say_error("%zu processes are stopped: run 'dsnctl repair'", stopped);
		return EXIT_FAILED;
	}
	return status;
}
