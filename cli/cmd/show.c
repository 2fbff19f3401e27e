// SPDX-License-Identifier: GPL-2.0
/* dsnctl get, dsnctl dump, dsnctl list: print the rules, and change nothing. */
#include "cmd/command.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "kernel/loaded.h"
#include "kernel/openers.h"
#include "kernel/rulemap.h"
#include "kernel/stats.h"
#include "model/key.h"
#include "model/policy.h"
#include "model/vpd.h"
#include "lib/message.h"
#include "lib/table.h"
#include "lib/time.h"
#include "lib/util.h"

static int out_of_memory(void)
{
	say_error("out of memory");
	return EXIT_FAILED;
}

/* Reads what is loaded and its rules, and opens the counters. Prints the error. */
static int read_policy(struct loaded *loaded, struct ruleset *set,
		       struct counters *counters)
{
	struct failure failure;

	if (loaded_need(loaded, &failure) || rulemap_read_pinned(set, &failure) ||
	    counters_open(counters, &failure))
		return say_failure(&failure);
	return EXIT_DONE;
}

/* The columns that every command shows of a function, in this order. */
enum {
	COL_BDF,
	COL_POLICY,
	COL_SERIAL,
	COL_RULE,
	COL_DEGRADED,
	COL_READS,
	COL_PASSED,
	COL_LAST_PID,
	COL_LAST_COMMAND,
	COL_LAST_READ,
	COL_VM,
	COL_UUID,
	COL_VPD,
	COL_GAPS,
	COL_CLOSED, /* only of get */
};

static const struct column policy_columns[] = {
	[COL_BDF] = { "bdf" },
	[COL_POLICY] = { "policy" },
	[COL_SERIAL] = { "serial" },
	[COL_RULE] = { "rule" },
	[COL_DEGRADED] = { "degraded" },
	[COL_READS] = { "reads", true },
	[COL_PASSED] = { "passed", true },
	[COL_LAST_PID] = { "last_pid", true },
	[COL_LAST_COMMAND] = { "last_command" },
	[COL_LAST_READ] = { "last_read" },
	[COL_VM] = { "vm" },
	[COL_UUID] = { "uuid" },
	[COL_VPD] = { "vpd" },
	[COL_GAPS] = { "gaps" },
	[COL_CLOSED] = { "closed" },
};

/* Fills the VM that has claimed it, if one has. */
static void fill_vm(struct table *table, size_t column, const struct claim *claim)
{
	char uuid[UUID_LEN];

	if (!claim)
		return;
	uuid_format(claim->uuid, uuid);
	table_text(table, column, *claim->name ? claim->name : NULL);
	table_text(table, column + 1, uuid);
}

static void fill_policy(struct table *table, const struct dsn_key *key,
			const struct policy *policy, enum effect effect)
{
	char target[KEY_LEN], serial[SERIAL_LEN], source[POLICY_SOURCE_LEN];
	struct dsn_rule rule = policy_under(effect, &policy->rule);

	key_format(key, target);
	policy_source(policy, source);
	table_text(table, COL_BDF, target);
	table_text(table, COL_POLICY, policy_name(policy->rule.policy));
	table_text(table, COL_SERIAL, policy_presented(&rule, serial));
	table_text(table, COL_RULE, source);
	table_bool(table, COL_DEGRADED, policy_is_degraded(effect, &policy->rule));
	table_text(table, COL_VPD, vpd_name(&rule));
	table_text(table, COL_GAPS, gaps_name(&rule));
	fill_vm(table, COL_VM, policy->claim);
}

static void fill_reads(struct table *table, const struct counters *counters,
		       const struct dsn_key *key)
{
	struct dsn_device device = counters_of(counters, key);
	char when[TIME_LEN];

	table_number(table, COL_READS, device.reads);
	table_number(table, COL_PASSED, device.passed);
	if (!device.last_ns)
		return;
	format_boot_time(device.last_ns, when);
	make_printable(device.last_command, sizeof(device.last_command));
	table_number(table, COL_LAST_PID, device.last_pid);
	table_text(table, COL_LAST_COMMAND, device.last_command);
	table_text(table, COL_LAST_READ, when);
}

/* Shows why nothing of the function's extended space is shown, if that is so. */
static void fill_closed(struct table *table, const struct dsn_key *key)
{
	_cleanup_(free_ptr) struct pci_function *devices = NULL;
	char error[128];
	size_t count, i;

	if (pci_scan(NULL, &devices, &count, error))
		say_warning("cannot read the PCI functions: %s", error);
	for (i = 0; i < count; i++)
		if (!key_compare(&devices[i].key, key))
			table_text(table, COL_CLOSED, devices[i].closed);
}

static int print_row(const struct table *table)
{
	struct json_object *object = json_result();

	if (!object)
		return out_of_memory();
	table_put_row(table, object);
	json_print(object);
	return EXIT_DONE;
}

int cmd_get(const struct options *options, int argc, char **argv)
{
	_cleanup_(table_free) struct table table = {};
	_cleanup_(ruleset_free) struct ruleset set = {};
	_cleanup_(counters_close) struct counters counters = {};
	struct policy policy;
	struct dsn_key key;
	struct loaded loaded;
	const char *error;
	int status;

	(void)argc;
	error = bdf_parse(argv[0], &key);
	if (error) {
		say_error("%s: %s", argv[0], error);
		return EXIT_USAGE;
	}
	status = read_policy(&loaded, &set, &counters);
	if (status)
		return status;
	policy = policy_of(&set, &key);
	if (table_init(&table, policy_columns, ARRAY_SIZE(policy_columns)) ||
	    table_row(&table))
		return out_of_memory();
	fill_policy(&table, &key, &policy, loaded.effect);
	fill_reads(&table, &counters, &key);
	fill_closed(&table, &key);
	if (options->json)
		return print_row(&table);
	table_print_fields(&table);
	return EXIT_DONE;
}

/* Adds a row for the rule or the claim of a key. */
static int fill_rule(struct table *table, const struct counters *counters,
		     const struct policy *policy, enum effect effect)
{
	if (table_row(table))
		return -ENOMEM;
	fill_policy(table, &policy->key, policy, effect);
	fill_reads(table, counters, &policy->key);
	return 0;
}

/* Adds the claims, then the rules: those of claimed functions are covered. */
static int fill_rules(struct table *table, const struct counters *counters,
		      const struct ruleset *set, enum effect effect)
{
	int err = 0;
	size_t i;

	for (i = 0; !err && i < set->claim_count; i++)
		err = fill_rule(table, counters,
				&(struct policy){ .rule = set->claims[i].rule,
						  .key = set->claims[i].key,
						  .claim = &set->claims[i] },
				effect);
	for (i = 0; !err && i < set->count; i++) {
		struct policy policy = { .rule = set->rules[i], .key = set->keys[i] };

		if (set->keys[i].scope == DSN_SCOPE_DEFAULT)
			continue;
		err = fill_rule(table, counters, &policy, effect);
		if (!err && claim_find(set, &set->keys[i]))
			table_text(table, COL_RULE, "covered");
	}
	return err;
}

/* Adds the functions that were read but have no rule of their own. */
static int fill_read_devices(struct table *table, const struct counters *counters,
			     const struct ruleset *set, enum effect effect)
{
	struct dsn_device device;
	struct policy policy;
	size_t i = 0;

	while (counters_next(counters, &i, &device)) {
		if (claim_or_rule(set, &device.key))
			continue;
		policy = policy_of(set, &device.key);
		if (table_row(table))
			return -ENOMEM;
		fill_policy(table, &device.key, &policy, effect);
		fill_reads(table, counters, &device.key);
	}
	return 0;
}

static int dump_json(struct table *rules, struct table *others, const struct ruleset *set)
{
	struct json_object *object = json_result();
	struct dsn_rule rule = policy_default(set);
	char value[VALUE_LEN];

	if (!object)
		return out_of_memory();
	rule_format_value(&rule, value);
	json_object_object_add(object, "default", json_object_new_string(value));
	json_object_object_add(object, "rules", table_take_rows(rules));
	json_object_object_add(object, "others", table_take_rows(others));
	json_print(object);
	return EXIT_DONE;
}

int cmd_dump(const struct options *options, int argc, char **argv)
{
	_cleanup_(table_free) struct table rules = {}, others = {};
	_cleanup_(ruleset_free) struct ruleset set = {};
	_cleanup_(counters_close) struct counters counters = {};
	char value[VALUE_LEN];
	struct dsn_rule rule;
	struct loaded loaded;
	int status;

	(void)argc;
	(void)argv;
	status = read_policy(&loaded, &set, &counters);
	if (status)
		return status;
	if (table_init(&rules, policy_columns, COL_CLOSED) ||
	    table_init(&others, policy_columns, COL_CLOSED))
		return out_of_memory();
	if (fill_rules(&rules, &counters, &set, loaded.effect))
		return out_of_memory();
	if (fill_read_devices(options->json ? &others : &rules, &counters, &set,
			      loaded.effect))
		return out_of_memory();
	if (options->json)
		return dump_json(&rules, &others, &set);
	rule = policy_default(&set);
	rule_format_value(&rule, value);
	printf("default: %s\n", value);
	if (json_object_array_length(rules.rows) && table_print(&rules))
		return out_of_memory();
	return EXIT_DONE;
}

enum {
	LIST_BDF,
	LIST_DRIVER,
	LIST_POLICY,
	LIST_SERIAL,
	LIST_RULE,
	LIST_DEGRADED,
	LIST_OPEN_BY,
	LIST_EARLY,
	LIST_CLOSED,
	LIST_VM,
	LIST_UUID,
	LIST_VPD,
	LIST_GAPS,
	LIST_HAS_VPD,
	LIST_REAL, /* the first that only --real prints */
	LIST_REAL_VPD,
};

static const struct column list_columns[] = {
	[LIST_BDF] = { "bdf" },		[LIST_DRIVER] = { "driver" },
	[LIST_POLICY] = { "policy" },	[LIST_SERIAL] = { "serial" },
	[LIST_RULE] = { "rule" },	[LIST_DEGRADED] = { "degraded" },
	[LIST_OPEN_BY] = { "open_by" }, [LIST_EARLY] = { "early" },
	[LIST_CLOSED] = { "closed" },	[LIST_VM] = { "vm" },
	[LIST_UUID] = { "uuid" },	[LIST_VPD] = { "vpd" },
	[LIST_GAPS] = { "gaps" },	[LIST_HAS_VPD] = { "has_vpd" },
	[LIST_REAL] = { "real" },	[LIST_REAL_VPD] = { "real_vpd" },
};

/* Fills in the openers: the first by name; early if one of them came before `load`. */
static void fill_openers(struct table *table, const struct dsn_key *key,
			 const struct opener *openers, size_t count)
{
	char first[OPENER_LEN] = "", text[OPENER_LEN + 16];
	bool early = false;
	size_t found = 0, i;

	for (i = 0; i < count; i++) {
		if (key_compare(&openers[i].id.key, key))
			continue;
		if (!found++)
			opener_format(&openers[i], first);
		early |= openers[i].early;
	}
	snprintf(text, sizeof(text), found > 1 ? "%s +%zu" : "%s", first, found - 1);
	table_text(table, LIST_OPEN_BY, found ? text : NULL);
	table_bool(table, LIST_EARLY, early);
}

/* Fills in what tells cards apart: ID, PN and so on, an object or "ID name; PN number". */
static void fill_real_vpd(struct table *table, struct vpd *vpd, bool json)
{
	struct json_object *object = json ? json_object_new_object() : NULL;
	char text[VPD_TEXT_LEN], line[2 * VPD_TEXT_LEN] = "";
	struct vpd_item item;
	size_t used = 0;

	while (vpd_next(vpd, &item)) {
		if (!vpd_is_telling(&item))
			continue;
		make_printable(item.name, sizeof(item.name));
		vpd_text(&item, text);
		if (object)
			json_object_object_add(object, item.name,
					       json_object_new_string(text));
		else if (used < sizeof(line))
			used += snprintf(line + used, sizeof(line) - used, "%s%s %s",
					 used ? "; " : "", item.name, text);
	}
	if (json)
		table_object(table, LIST_REAL_VPD, object);
	else
		table_text(table, LIST_REAL_VPD, used ? line : NULL);
}

/* Fills in the real serial and VPD. */
static void fill_real(struct table *table, const struct pci_function *device, bool json)
{
	static unsigned char data[VPD_SIZE];
	char serial[SERIAL_LEN], bdf[BDF_LEN];
	long length;

	if (device->has_dsn) {
		serial_format(device->serial, serial);
		table_text(table, LIST_REAL, serial);
	}
	if (!device->has_vpd)
		return;
	length = vpd_read(&device->key, data);
	if (length >= 0) {
		fill_real_vpd(table, &(struct vpd){ .data = data, .length = length },
			      json);
		return;
	}
	bdf_format(&device->key, bdf);
	say_warning("%s: cannot read its VPD: %s", bdf, strerror(-length));
}

static void fill_list(struct table *table, const struct pci_function *device,
		      const struct ruleset *set, enum effect effect)
{
	char bdf[BDF_LEN], serial[SERIAL_LEN], source[POLICY_SOURCE_LEN];
	struct policy policy;
	struct dsn_rule rule;

	bdf_format(&device->key, bdf);
	table_text(table, LIST_BDF, bdf);
	table_text(table, LIST_DRIVER, *device->driver ? device->driver : NULL);
	if (set) {
		policy = policy_of(set, &device->key);
		policy_source(&policy, source);
		table_text(table, LIST_POLICY, policy_name(policy.rule.policy));
		rule = policy_under(effect, &policy.rule);
		if (device->has_dsn || device->closed)
			table_text(table, LIST_SERIAL, policy_presented(&rule, serial));
		table_text(table, LIST_RULE, source);
		fill_vm(table, LIST_VM, policy.claim);
		table_text(table, LIST_VPD, vpd_name(&rule));
		table_text(table, LIST_GAPS, gaps_name(&rule));
		table_bool(table, LIST_DEGRADED,
			   policy_is_degraded(effect, &policy.rule));
	} else {
		table_text(table, LIST_POLICY, "unprotected");
	}
	table_text(table, LIST_CLOSED, device->closed);
	table_bool(table, LIST_HAS_VPD, device->has_vpd);
}

/* Returns true for a function with a serial or VPD, or whose extended space is closed. */
static bool is_listed(const struct pci_function *device)
{
	return device->has_dsn || device->has_vpd ||
	       (device->closed && pci_is_vfio(device));
}

/* Reads what is loaded, and its rules if a layer runs. Prints the error. */
static int read_rules(struct loaded *loaded, struct ruleset *set)
{
	struct failure failure;
	int status = loaded_read(loaded, &failure);

	if (!status && loaded_runs(loaded))
		status = loaded_check_maps(loaded, &failure);
	if (!status && loaded_runs(loaded))
		status = rulemap_read_pinned(set, &failure);
	return status ? say_failure(&failure) : EXIT_DONE;
}

int cmd_list(const struct options *options, int argc, char **argv)
{
	size_t columns = options->real ? ARRAY_SIZE(list_columns) : LIST_REAL;
	_cleanup_(free_ptr) struct pci_function *devices = NULL;
	_cleanup_(free_ptr) struct opener *openers = NULL;
	_cleanup_(table_free) struct table table = {};
	_cleanup_(ruleset_free) struct ruleset set = {};
	struct json_object *object;
	size_t count, open, i;
	struct loaded loaded;
	char error[128];
	int status;

	(void)argc;
	(void)argv;
	if (geteuid()) {
		say_error(
			"this needs root: the kernel shows extended config space only to root");
		return EXIT_FAILED;
	}
	status = read_rules(&loaded, &set);
	if (status)
		return status;
	if (pci_scan(NULL, &devices, &count, error)) {
		say_error("cannot read the PCI functions: %s", error);
		return EXIT_FAILED;
	}
	if (openers_find(loaded.attached.plan.hook, &openers, &open))
		say_warning("cannot find out which devices are open");
	if (table_init(&table, list_columns, columns))
		return out_of_memory();
	for (i = 0; i < count; i++) {
		if (!is_listed(&devices[i]))
			continue;
		if (table_row(&table))
			return out_of_memory();
		fill_list(&table, &devices[i], loaded_runs(&loaded) ? &set : NULL,
			  loaded.effect);
		if (options->real)
			fill_real(&table, &devices[i], options->json);
		fill_openers(&table, &devices[i].key, openers, open);
	}
	if (!options->json)
		return table_print(&table) ? out_of_memory() : EXIT_DONE;
	object = json_result();
	if (!object)
		return out_of_memory();
	json_object_object_add(object, "devices", table_take_rows(&table));
	json_print(object);
	return EXIT_DONE;
}
