// SPDX-License-Identifier: GPL-2.0
/* dsnctl set, dsnctl unset: change one rule. */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>
#include "cmd/update.h"
#include "cmd/warn.h"
#include "kernel/program.h"
#include "model/rule.h"
#include "model/policy.h"
#include "model/config.h"
#include "lib/message.h"
#include "lib/util.h"

/* The rule's value, and that of the default where it has none. */
static void describe(const struct ruleset *set, const struct dsn_key *key,
		     char text[VALUE_LEN], const char **which)
{
	const struct dsn_rule *rule = ruleset_find(set, key);
	struct dsn_rule fallback = policy_default(set);

	entry_format_value(rule ? rule : &fallback, text);
	*which = rule || key->scope == DSN_SCOPE_DEFAULT ? "" : ", no rule of its own";
}

static void report_json(const struct change *change, const struct dsn_key *key,
			bool saved)
{
	struct json_object *object = json_result();
	char target[TARGET_LEN], was[VALUE_LEN], is[VALUE_LEN];
	const char *which;

	target_format(key, target);
	describe(&change->old, key, was, &which);
	describe(&change->new, key, is, &which);
	json_object_object_add(object, "target", json_object_new_string(target));
	json_object_object_add(object, "old", json_object_new_string(was));
	json_object_object_add(object, "new", json_object_new_string(is));
	json_object_object_add(object, "changed",
			       json_object_new_boolean(change->diff.count));
	json_object_object_add(object, "saved", json_object_new_boolean(saved));
	json_print(object);
}

static void report(const struct change *change, const struct dsn_key *key, bool saved)
{
	char target[TARGET_LEN], was[VALUE_LEN], is[VALUE_LEN];
	const char *which_was, *which_is;

	target_format(key, target);
	describe(&change->old, key, was, &which_was);
	describe(&change->new, key, is, &which_is);
	if (change->diff.count)
		printf("%s: %s%s (was %s%s)%s\n", target, is, which_is, was, which_was,
		       saved ? ", saved" : "");
	else
		printf("%s: unchanged%s\n", target, saved ? ", saved" : "");
}

/* Puts `rule` in, or takes the key's rule out where it is NULL. */
static int change_rule(const struct options *options, const char *action,
		       const struct dsn_key *key, const struct dsn_rule *rule)
{
	_cleanup_(change_free) struct change change = { .lock = -1 };
	_cleanup_(saved_free) struct saved saved = {};
	int status = change_begin(&change, action);

	if (status)
		return status;
	if (!rule)
		ruleset_remove(&change.new, key);
	else if (ruleset_put(&change.new, key, rule))
		return change_full(&change);
	status = change_check(&change, options->force);
	if (!status && options->save)
		status = saved_prepare(&saved, key, rule);
	if (!status)
		status = change_commit(&change);
	if (!status && options->save)
		status = saved_commit(&saved);
	if (status)
		return status;
	advice_give(&change.new, &change.diff);
	if (options->json)
		report_json(&change, key, options->save);
	else
		report(&change, key, options->save);
	return EXIT_DONE;
}

int cmd_set(const struct options *options, int argc, char **argv)
{
	char error[ENTRY_ERROR];
	struct entry entry;

	if (!entry_parse(argv, argc, &entry, error)) {
		say_error("%s", error);
		return EXIT_USAGE;
	}
	if (policy_is_degraded(program_effect(), &entry.rule)) {
		say_error(
			"%s: %s cannot be had here: what is loaded, as under Secure Boot, writes nothing into VMMs, so that serials only read as zeros; see 'dsnctl status'",
			argv[0], policy_name(entry.rule.policy));
		return EXIT_UNABLE;
	}
	return change_rule(options, "set", &entry.key, &entry.rule);
}

int cmd_unset(const struct options *options, int argc, char **argv)
{
	struct dsn_key key;
	const char *error;

	(void)argc;
	error = target_parse(argv[0], &key);
	if (!error && key.scope == DSN_SCOPE_DEFAULT)
		error = "has no default to go back to; 'dsnctl set default scrub' is what a new load has";
	if (!error)
		return change_rule(options, "unset", &key, NULL);
	say_error("%s: %s", argv[0], error);
	return EXIT_USAGE;
}
