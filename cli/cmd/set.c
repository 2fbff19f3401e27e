// SPDX-License-Identifier: GPL-2.0
/* dsnctl set, dsnctl unset: change one rule. */
#include "cmd/command.h"

#include <stdio.h>
#include <string.h>
#include "cmd/update.h"
#include "cmd/warn.h"
#include "model/config.h"
#include "model/pci.h"
#include "model/policy.h"
#include "model/rule.h"
#include "model/sitekey.h"
#include "lib/message.h"
#include "lib/util.h"

/* Formats the rule's value, or that of the default if there is no rule. */
static void describe(const struct ruleset *set, const struct dsn_key *key,
		     char text[VALUE_LEN], const char **which)
{
	const struct dsn_rule *rule = ruleset_find(set, key);
	struct dsn_rule fallback = policy_default(set);

	rule_format_value(rule ? rule : &fallback, text);
	*which = rule || key->scope == DSN_SCOPE_DEFAULT ? "" : ", no rule of its own";
}

static void report_json(const struct update *update, const struct dsn_key *key,
			bool saved)
{
	struct json_object *object = json_result();
	char target[KEY_LEN], was[VALUE_LEN], is[VALUE_LEN];
	const char *which;

	key_format(key, target);
	describe(&update->old, key, was, &which);
	describe(&update->new, key, is, &which);
	json_object_object_add(object, "target", json_object_new_string(target));
	json_object_object_add(object, "old", json_object_new_string(was));
	json_object_object_add(object, "new", json_object_new_string(is));
	json_object_object_add(object, "changed",
			       json_object_new_boolean(update->diff.count));
	json_object_object_add(object, "saved", json_object_new_boolean(saved));
	json_print(object);
}

static void report(const struct update *update, const struct dsn_key *key, bool saved)
{
	char target[KEY_LEN], was[VALUE_LEN], is[VALUE_LEN];
	const char *which_was, *which_is;

	key_format(key, target);
	describe(&update->old, key, was, &which_was);
	describe(&update->new, key, is, &which_is);
	if (update->diff.count)
		printf("%s: %s%s (was %s%s)%s\n", target, is, which_is, was, which_was,
		       saved ? ", saved" : "");
	else
		printf("%s: unchanged%s\n", target, saved ? ", saved" : "");
}

/* Refuses a value that the running programs cannot show. */
static int check_value(const struct loaded *loaded, const struct rule *rule)
{
	char target[KEY_LEN];

	if (!rule || !policy_is_degraded(loaded->effect, &rule->value))
		return EXIT_DONE;
	key_format(&rule->key, target);
	say_error(
		"%s: cannot show %s: the loaded hook cannot write into VMMs (kernel lockdown, Secure Boot); serials read as zeros",
		target, policy_degraded_word(&rule->value));
	return EXIT_UNABLE;
}

/* Puts the saved file in its place. */
static int commit_file(struct config_file *file)
{
	struct failure failure;

	if (config_file_commit(file, &failure))
		return say_failure(&failure);
	if (config_file_overruled(file, &failure))
		say_warning("%s", failure.text);
	return EXIT_DONE;
}

/* Sets the key's rule, or removes it if `rule` is NULL. */
static int change_rule(const struct options *options, const char *action,
		       const struct dsn_key *key, const struct rule *rule)
{
	_cleanup_(update_free) struct update update = { .lock = -1 };
	_cleanup_(config_file_free) struct config_file saved = {};
	int status = update_begin(&update, action);
	struct failure failure;

	if (!status)
		status = check_value(&update.loaded, rule);
	if (status)
		return status;
	if (!rule)
		ruleset_remove(&update.new, key);
	else if (ruleset_put(&update.new, key, &rule->value))
		return update_full(&update);
	status = update_check(&update, options->force);
	if (!status && options->save && config_file_prepare(&saved, key, rule, &failure))
		status = say_failure(&failure);
	if (!status)
		status = update_commit(&update);
	if (!status && options->save)
		status = commit_file(&saved);
	if (status)
		return status;
	warn_changes(&update.new, &update.diff, update.loaded.effect);
	warn_claimed(&update.new, key);
	if (options->json)
		report_json(&update, key, options->save);
	else
		report(&update, key, options->save);
	return EXIT_DONE;
}

/* Reads the site's key only if the rule needs it. */
static bool resolve(struct rule *rule)
{
	char error[SITE_KEY_ERROR];
	struct site_key key;

	if (!rule_is_derived(rule))
		return true;
	if (!config_site_key(&key, error)) {
		say_error("%s", error);
		return false;
	}
	rule_resolve(rule, &key);
	return true;
}

/*
 * Ties a pass that is saved to the card that is there: the next one in the slot is not to
 * show its real serial or VPD for it. The functions of a device must agree.
 */
static void expect_present(struct rule *rule)
{
	struct dsn_key key = rule->key;
	__u32 ids, all = 0, last = key.scope == DSN_SCOPE_DEVICE ? 7 : 0, i;

	if (!rule_passes(&rule->value) || rule->value.expect ||
	    key.scope == DSN_SCOPE_DEFAULT)
		return;
	key.scope = DSN_SCOPE_FUNCTION;
	for (i = 0; i <= last; i++, key.devfn++) {
		if (!pci_ids(&key, &ids))
			continue;
		if (all && ids != all)
			return;
		all = ids;
	}
	rule->value.expect = all;
}

int cmd_set(const struct options *options, int argc, char **argv)
{
	char error[RULE_ERROR];
	struct rule rule;

	if (!rule_parse(argv, argc, &rule, error)) {
		say_error("%s", error);
		return EXIT_USAGE;
	}
	if (!resolve(&rule))
		return EXIT_FAILED;
	if (options->save) {
		rule.value.flags = DSN_RULE_FILE;
		expect_present(&rule);
	}
	return change_rule(options, "set", &rule.key, &rule);
}

int cmd_unset(const struct options *options, int argc, char **argv)
{
	struct dsn_key key;
	const char *error;

	(void)argc;
	error = key_parse(argv[0], &key);
	if (!error && key.scope == DSN_SCOPE_DEFAULT)
		error = "cannot be unset; 'dsnctl set default scrub' restores the state of a new load";
	if (!error)
		return change_rule(options, "unset", &key, NULL);
	say_error("%s: %s", argv[0], error);
	return EXIT_USAGE;
}
