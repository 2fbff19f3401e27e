// SPDX-License-Identifier: GPL-2.0
/* dsnctl set, dsnctl unset: change one rule. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "bdf.h"
#include "message.h"
#include "pins.h"
#include "policy.h"
#include "util.h"

/* The target of a rule; prints the error. */
static int parse_target(const char *text, bool may_be_default, struct dsn_key *key)
{
	const char *error;

	if (!strcmp(text, "default")) {
		*key = default_key;
		if (may_be_default)
			return EXIT_DONE;
		say_error(
			"default: has no default to go back to; 'dsnctl set default scrub' is what a new load has");
		return EXIT_USAGE;
	}
	error = bdf_parse(text, key);
	if (error)
		say_error("%s: %s", text, error);
	return error ? EXIT_USAGE : EXIT_DONE;
}

/* A rule may come before its device; the operator should know. */
static void note_device(const struct dsn_key *key, const char *bdf)
{
	struct device *devices, *device = NULL;
	char error[128];
	size_t count, i;

	if (device_scan(NULL, &devices, &count, error)) {
		printf("%s: note: cannot tell whether it is there: %s\n", bdf, error);
		return;
	}
	for (i = 0; i < count && !device; i++)
		if (!bdf_compare(&devices[i].key, key))
			device = &devices[i];
	if (!device)
		printf("%s: note: no such function now; the rule waits for it\n", bdf);
	else if (!device->has_dsn)
		printf("%s: note: no Device Serial Number capability; the rule has no effect\n",
		       bdf);
	else if (strcmp(device->driver, "vfio-pci"))
		printf("%s: note: bound to %s, not vfio-pci; the rule counts once a guest has it\n",
		       bdf, *device->driver ? device->driver : "no driver");
	free(devices);
}

static int switch_failed(const char *name, int err)
{
	if (err == -E2BIG)
		say_error("%s: the map is full: it holds %d rules; unset some first",
			  name, DSN_MAX_RULES);
	else
		say_error("%s: cannot change the rules: %s; those in force stay", name,
			  strerror(-err));
	return EXIT_FAILED;
}

/* Puts `rule` in, or takes the key's rule out where it is NULL. */
static int change(const struct dsn_key *key, const char *name,
		  const struct dsn_rule *rule)
{
	_cleanup_(ruleset_free) struct ruleset set = {};
	char was[SERIAL_LEN], is[SERIAL_LEN];
	_cleanup_(close_fd) int lock = pins_lock(!PINS_CREATE);
	_cleanup_(close_fd) int rulesets = -1, types = -1;
	struct dsn_rule *there, old;
	int err, status;

	if (lock < 0)
		return lock == -ENOENT ? EXIT_UNPROTECTED : EXIT_FAILED;
	rulesets = pins_map(PIN_RULESETS, &status);
	if (rulesets < 0)
		return status;
	types = pins_map(PIN_DEVICES, &status);
	if (types < 0)
		return status;
	err = ruleset_read(rulesets, &set);
	if (err)
		return switch_failed(name, err);
	there = ruleset_find(&set, key);
	if (there ? rule && rule_equal(there, rule) : !rule) {
		printf("%s: unchanged\n", name);
		return EXIT_DONE;
	}
	old = there ? *there : policy_default(&set);
	if (rule)
		err = ruleset_put(&set, key, rule);
	else
		ruleset_remove(&set, key);
	if (!err)
		err = ruleset_switch(rulesets, types, &set);
	if (err)
		return switch_failed(name, err);
	rule_format(&old, was);
	old = rule ? *rule : policy_default(&set);
	rule_format(&old, is);
	printf("%s: %s%s (was %s%s)\n", name, is, rule ? "" : ", the default", was,
	       there || key->scope == DSN_SCOPE_DEFAULT ? "" : ", the default");
	return EXIT_DONE;
}

int cmd_set(const struct options *options, int argc, char **argv)
{
	struct dsn_rule rule;
	char bdf[BDF_LEN];
	struct dsn_key key;
	const char *error;
	int status;

	(void)options;
	(void)argc;
	status = parse_target(argv[0], true, &key);
	if (status)
		return status;
	error = rule_parse(argv[1], &rule);
	if (error) {
		say_error("%s: %s", argv[1], error);
		return EXIT_USAGE;
	}
	if (key.scope == DSN_SCOPE_DEFAULT) {
		if (rule.policy != DSN_SERIAL)
			return change(&key, "default", &rule);
		say_error(
			"default: takes scrub or pass: with one serial for all, a guest with two devices could not tell them apart");
		return EXIT_USAGE;
	}
	bdf_format(&key, bdf);
	status = change(&key, bdf, &rule);
	if (!status)
		note_device(&key, bdf);
	return status;
}

int cmd_unset(const struct options *options, int argc, char **argv)
{
	char bdf[BDF_LEN];
	struct dsn_key key;
	int status;

	(void)options;
	(void)argc;
	status = parse_target(argv[0], false, &key);
	if (status)
		return status;
	bdf_format(&key, bdf);
	return change(&key, bdf, NULL);
}
