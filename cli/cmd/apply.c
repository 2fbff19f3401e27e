// SPDX-License-Identifier: GPL-2.0
/* dsnctl apply, dsnctl save: rules from files, and rules for files. */
#include "cmd/command.h"

#include <stdio.h>
#include <stdlib.h>
#include "cmd/update.h"
#include "cmd/warn.h"
#include "kernel/pins.h"
#include "kernel/rulemap.h"
#include "model/config.h"
#include "model/policy.h"
#include "lib/message.h"
#include "lib/util.h"

/* Fewer changes than this are told one by one. */
#define FEW 50

/*
 * What the files say over what is in force; with `prune`, without the rules that are in
 * no file. Both are sorted. Returns 0 or -errno.
 */
static int merge(struct ruleset *to, const struct ruleset *old,
		 const struct config *config, bool prune)
{
	size_t i = 0, j = 0;
	int err = ruleset_reserve(to, old->count + config->count);

	to->count = 0;
	while (!err && (i < old->count || j < config->count)) {
		const struct entry *entry = &config->entries[j].rule;
		int order = i == old->count ? 1
			    : j == config->count
				    ? -1
				    : bdf_compare(&old->keys[i], &entry->key);

		if (order >= 0) {
			err = ruleset_append(to, &entry->key, &entry->rule);
			i += !order;
			j++;
		} else {
			if (!prune)
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

static void format(const struct dsn_rule *rule, char text[VALUE_LEN])
{
	if (rule)
		entry_format_value(rule, text);
	else
		snprintf(text, VALUE_LEN, "none");
}

static void report_json(const struct change *change, bool dry_run)
{
	struct json_object *object = json_result(), *list = json_object_new_array();
	struct counts counts = count(&change->diff);
	size_t i;

	json_object_object_add(object, "dry_run", json_object_new_boolean(dry_run));
	json_object_object_add(object, "rules",
			       json_object_new_uint64(change->new.count));
	json_object_object_add(object, "added", json_object_new_uint64(counts.added));
	json_object_object_add(object, "changed", json_object_new_uint64(counts.changed));
	json_object_object_add(object, "removed", json_object_new_uint64(counts.removed));
	json_object_object_add(object, "changes", list);
	for (i = 0; i < change->diff.count; i++) {
		const struct ruleset_change *one = &change->diff.changes[i];
		struct json_object *item = json_object_new_object();
		char target[TARGET_LEN], was[VALUE_LEN], is[VALUE_LEN];

		target_format(one->key, target);
		format(one->was, was);
		format(one->is, is);
		json_object_object_add(item, "target", json_object_new_string(target));
		json_object_object_add(item, "old",
				       one->was ? json_object_new_string(was) : NULL);
		json_object_object_add(item, "new",
				       one->is ? json_object_new_string(is) : NULL);
		json_object_array_add(list, item);
	}
	json_print(object);
}

static void report(const struct change *change, bool dry_run)
{
	struct counts counts = count(&change->diff);
	size_t i;

	for (i = 0; i < change->diff.count && (dry_run || change->diff.count < FEW);
	     i++) {
		const struct ruleset_change *one = &change->diff.changes[i];
		char target[TARGET_LEN], was[VALUE_LEN], is[VALUE_LEN];

		target_format(one->key, target);
		format(one->was, was);
		format(one->is, is);
		printf("%s: %s (was %s)\n", target, is, was);
	}
	if (!change->diff.count)
		printf("unchanged: %zu rules\n", change->new.count);
	else
		printf("%s%lu added, %lu changed, %lu removed: %zu rules\n",
		       dry_run ? "would be " : "", counts.added, counts.changed,
		       counts.removed, change->new.count);
}

int cmd_apply(const struct options *options, int argc, char **argv)
{
	_cleanup_(change_free) struct change change = { .lock = -1 };
	_cleanup_(config_free) struct config config = {};
	int status;

	if (!config_read(argv, argc, &config)) {
		say_error("nothing was changed");
		return EXIT_FAILED;
	}
	status = change_begin(&change, "apply");
	if (status)
		return status;
	if (merge(&change.new, &change.old, &config, options->prune))
		return change_full(&change);
	status = change_check(&change, options->force || options->dry_run);
	if (!status && !options->dry_run)
		status = change_commit(&change);
	if (status)
		return status;
	advice_give(&change.new, &change.diff);
	if (options->json)
		report_json(&change, options->dry_run);
	else
		report(&change, options->dry_run);
	return options->dry_run && change.diff.count ? EXIT_UNPROTECTED : EXIT_DONE;
}

static int print_rules(const struct ruleset *set)
{
	struct dsn_rule fallback = policy_default(set);
	char entry[ENTRY_LEN];
	size_t i;

	entry_format(&default_key, &fallback, entry);
	puts(entry);
	for (i = 0; i < set->count; i++) {
		if (set->keys[i].scope == DSN_SCOPE_DEFAULT)
			continue;
		entry_format(&set->keys[i], &set->rules[i], entry);
		puts(entry);
	}
	return EXIT_DONE;
}

static int print_rules_json(const struct ruleset *set)
{
	struct json_object *object = json_result(), *list = json_object_new_array();
	struct dsn_rule fallback = policy_default(set);
	size_t i;

	json_object_object_add(object, "default",
			       json_object_new_string(policy_name(fallback.policy)));
	json_object_object_add(object, "rules", list);
	for (i = 0; i < set->count; i++) {
		struct json_object *item = json_object_new_object();
		char target[TARGET_LEN], value[SERIAL_LEN], ids[IDS_LEN];

		if (set->keys[i].scope == DSN_SCOPE_DEFAULT)
			continue;
		target_format(&set->keys[i], target);
		rule_format(&set->rules[i], value);
		ids_format(set->rules[i].expect, ids);
		json_object_object_add(item, "target", json_object_new_string(target));
		json_object_object_add(item, "value", json_object_new_string(value));
		json_object_object_add(item, "expect",
				       set->rules[i].expect ? json_object_new_string(ids)
							    : NULL);
		json_object_array_add(list, item);
	}
	json_print(object);
	return EXIT_DONE;
}

int cmd_save(const struct options *options, int argc, char **argv)
{
	_cleanup_(ruleset_free) struct ruleset set = {};
	_cleanup_(close_fd) int rulesets = -1;
	int status;

	(void)argc;
	(void)argv;
	rulesets = pins_map(PIN_RULESETS, &status);
	if (rulesets < 0)
		return status;
	if (rulemap_read(rulesets, &set)) {
		say_error("cannot read the rules");
		return EXIT_FAILED;
	}
	return options->json ? print_rules_json(&set) : print_rules(&set);
}
