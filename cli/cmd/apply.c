// SPDX-License-Identifier: GPL-2.0
/* dsnctl apply, dsnctl save: rules from files, and rules for files. */
#include "cmd/changes.h"
#include "cmd/command.h"

#include <stdio.h>
#include <stdlib.h>
#include "cmd/update.h"
#include "cmd/warn.h"
#include "kernel/loaded.h"
#include "kernel/rulemap.h"
#include "model/config.h"
#include "model/policy.h"
#include "lib/message.h"
#include "lib/util.h"

/* Fewer changes than this are printed one by one. */
#define FEW 50

/* The rules in no file: the ones that are removed. */
enum others {
	KEEP_OTHERS,  /* files that were named add to the rules in force */
	KEEP_BY_HAND, /* rules that came from the configuration */
	DROP_OTHERS,
};

static enum others choose_others(const struct options *options, int files)
{
	if (options->prune)
		return DROP_OTHERS;
	return files ? KEEP_OTHERS : KEEP_BY_HAND;
}

/*
 * Returns a file's rule, to replace that in force or NULL; only the configuration marks
 * it.
 */
static struct dsn_rule rule_of(const struct config_entry *entry,
			       const struct dsn_rule *old, bool is_configuration)
{
	struct dsn_rule rule = entry->rule.value;

	if (is_configuration)
		rule.flags = DSN_RULE_FILE;
	else if (old && rule_equal(old, &rule))
		rule.flags = old->flags;
	return rule;
}

/*
 * Merges the files' rules over those in force, and drops of the rest what `others` says.
 * Both are sorted. Returns 0 or -errno.
 */
static int merge(struct ruleset *to, const struct ruleset *old,
		 const struct config *config, bool is_configuration, enum others others)
{
	size_t i = 0, j = 0;
	int err = ruleset_reserve(to, old->count + config->count);

	to->count = 0;
	while (!err && (i < old->count || j < config->count)) {
		const struct config_entry *entry = &config->entries[j];
		int order = i == old->count ? 1
			    : j == config->count
				    ? -1
				    : key_compare(&old->keys[i], &entry->rule.key);
		struct dsn_rule rule;

		if (order >= 0) {
			rule = rule_of(entry, order ? NULL : &old->rules[i],
				       is_configuration);
			err = ruleset_append(to, &entry->rule.key, &rule);
			i += !order;
			j++;
		} else {
			if (others == KEEP_OTHERS ||
			    (others == KEEP_BY_HAND &&
			     !(old->rules[i].flags & DSN_RULE_FILE)))
				err = ruleset_append(to, &old->keys[i], &old->rules[i]);
			i++;
		}
	}
	return err;
}

struct counts {
	unsigned long added, changed, removed;
};

static struct counts count(const struct ruleset_diff *diff)
{
	struct counts counts = {};
	size_t i;

	for (i = 0; i < diff->count; i++) {
		if (!diff->changes[i].was)
			counts.added++;
		else if (!diff->changes[i].is)
			counts.removed++;
		else
			counts.changed++;
	}
	return counts;
}

static void report_json(const struct update *update, bool dry_run)
{
	struct json_object *object = json_result();
	struct counts counts = count(&update->diff);

	json_object_object_add(object, "dry_run", json_object_new_boolean(dry_run));
	json_object_object_add(object, "rules",
			       json_object_new_uint64(update->new.count));
	json_object_object_add(object, "added", json_object_new_uint64(counts.added));
	json_object_object_add(object, "changed", json_object_new_uint64(counts.changed));
	json_object_object_add(object, "removed", json_object_new_uint64(counts.removed));
	json_object_object_add(object, "changes", changes_json(&update->diff));
	json_print(object);
}

static void report(const struct update *update, bool dry_run)
{
	struct counts counts = count(&update->diff);

	if (dry_run || update->diff.count < FEW)
		changes_print(&update->diff);
	if (!update->diff.count)
		printf("unchanged: %zu rules\n", update->new.count);
	else
		printf("%s%lu added, %lu changed, %lu removed: %zu rules\n",
		       dry_run ? "would be " : "", counts.added, counts.changed,
		       counts.removed, update->new.count);
}

bool read_config(char *const files[], size_t count, struct config *config)
{
	bool good = config_read(files, count, config);
	size_t i;

	if (!good && !config->fault_count)
		say_error("out of memory");
	for (i = 0; i < config->fault_count; i++) {
		const char *text = config_fault_text(&config->faults[i]);

		if (config->faults[i].is_warning)
			say_warning("%s", text);
		else
			say_error("%s", text);
	}
	return good;
}

/* Checks the key that files derive with against the configuration's `key` line. */
static bool has_wanted_key(void)
{
	char error[SITE_KEY_ERROR];
	struct site_key key;

	if (config_site_key(&key, error))
		return true;
	say_error("%s", error);
	return false;
}

int cmd_apply(const struct options *options, int argc, char **argv)
{
	_cleanup_(update_free) struct update update = { .lock = -1 };
	_cleanup_(config_free) struct config config = {};
	size_t i;
	int status;

	if (!read_config(argv, argc, &config)) {
		say_error("nothing was changed");
		return EXIT_FAILED;
	}
	if (argc && config.key_state == KEY_READ && !has_wanted_key()) {
		say_error("nothing was changed");
		return EXIT_FAILED;
	}
	status = update_begin(&update, "apply");
	if (status)
		return status;
	if (merge(&update.new, &update.old, &config, !argc, choose_others(options, argc)))
		return update_full(&update);
	status = update_check(&update, options->force || options->dry_run);
	if (!status && !options->dry_run)
		status = update_commit(&update);
	if (status)
		return status;
	warn_changes(&update.new, &update.diff, update.loaded.effect);
	for (i = 0; i < update.diff.count; i++)
		warn_claimed(&update.new, update.diff.changes[i].key);
	if (options->json)
		report_json(&update, options->dry_run);
	else
		report(&update, options->dry_run);
	return options->dry_run && update.diff.count ? EXIT_UNPROTECTED : EXIT_DONE;
}

static int print_rules(const struct ruleset *set)
{
	struct dsn_rule fallback = policy_default(set);
	char text[RULE_LEN];
	size_t i;

	rule_format(&default_key, &fallback, text);
	puts(text);
	for (i = 0; i < set->count; i++) {
		if (set->keys[i].scope == DSN_SCOPE_DEFAULT)
			continue;
		rule_format(&set->keys[i], &set->rules[i], text);
		puts(text);
	}
	return EXIT_DONE;
}

static int print_rules_json(const struct ruleset *set)
{
	struct json_object *object = json_result(), *list = json_object_new_array();
	struct dsn_rule fallback = policy_default(set);
	char text[VALUE_LEN];
	size_t i;

	rule_format_value(&fallback, text);
	json_object_object_add(object, "default", json_object_new_string(text));
	json_object_object_add(object, "rules", list);
	for (i = 0; i < set->count; i++) {
		struct json_object *item = json_object_new_object();
		char target[KEY_LEN], value[SERIAL_LEN], ids[IDS_LEN];

		if (set->keys[i].scope == DSN_SCOPE_DEFAULT)
			continue;
		key_format(&set->keys[i], target);
		value_format(&set->rules[i], value);
		ids_format(set->rules[i].expect, ids);
		json_object_object_add(item, "target", json_object_new_string(target));
		json_object_object_add(item, "value", json_object_new_string(value));
		json_object_object_add(item, "vpd",
				       json_object_new_string(vpd_name(&set->rules[i])));
		json_object_object_add(item, "gaps",
				       json_object_new_string(gaps_name(&set->rules[i])));
		json_object_object_add(item, "expect",
				       set->rules[i].expect ? json_object_new_string(ids)
							    : NULL);
		json_object_array_add(list, item);
	}
	json_print(object);
	return EXIT_DONE;
}

/* Completes the rules of a layout that knows no VPD and passes it under every rule. */
static void add_usual(struct ruleset *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		set->rules[i].more = rule_usual_more(set->rules[i].policy);
}

int cmd_save(const struct options *options, int argc, char **argv)
{
	_cleanup_(ruleset_free) struct ruleset set = {};
	struct failure failure;
	struct loaded loaded;

	(void)argc;
	(void)argv;
	if (loaded_need_rules(&loaded, &failure) || rulemap_read_pinned(&set, &failure))
		return say_failure(&failure);
	if (!loaded.is_layout_ours)
		add_usual(&set);
	if (set.claim_count)
		say_warning(
			"claims of VMs are not saved: %zu functions have one; see 'dsnctl status'",
			set.claim_count);
	return options->json ? print_rules_json(&set) : print_rules(&set);
}
