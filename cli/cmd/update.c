// SPDX-License-Identifier: GPL-2.0
/* A change of the rules in force: one switch, checked before and told to the journal. */
#include "cmd/update.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/openers.h"
#include "kernel/pins.h"
#include "kernel/rulemap.h"
#include "model/journal.h"
#include "model/key.h"
#include "model/policy.h"
#include "lib/exit.h"
#include "lib/message.h"
#include "lib/util.h"

static int failed(int err)
{
	if (err == -E2BIG)
		say_error("the map is full: it holds %d rules; unset some first",
			  DSN_MAX_RULES);
	else
		say_error("cannot change the rules: %s; those in force stay",
			  strerror(-err));
	return EXIT_FAILED;
}

int change_begin(struct change *change, const char *action)
{
	int status, err;

	*change = (struct change){ action, -1, -1, -1, {}, {}, {} };
	change->lock = pins_lock(!PINS_CREATE);
	if (change->lock < 0)
		return change->lock == -ENOENT ? EXIT_UNPROTECTED : EXIT_FAILED;
	change->rulesets = pins_map(PIN_RULESETS, &status);
	if (change->rulesets < 0)
		return status;
	change->types = pins_map(PIN_COUNTERS, &status);
	if (change->types < 0)
		return status;
	err = rulemap_read(change->rulesets, &change->old);
	if (!err)
		err = ruleset_copy(&change->new, &change->old);
	return err ? failed(err) : EXIT_DONE;
}

/* Whether a guest that has the function would see another serial than before. */
static bool shows_another(const struct change *change, const struct dsn_key *function)
{
	struct policy was = policy_of(&change->old, function);
	struct policy is = policy_of(&change->new, function);

	return was.rule.policy != is.rule.policy || was.rule.serial != is.rule.serial;
}

static int check_open(const struct change *change)
{
	_cleanup_(free_ptr) struct holder *holders = NULL;
	char bdf[BDF_LEN], user[HOLDER_LEN];
	int status = EXIT_DONE, err;
	size_t count, i;

	err = holders_find(&holders, &count);
	if (err) {
		say_error(
			"cannot tell whether a device is open: %s; --force changes it all the same",
			holders_error(err));
		return EXIT_FAILED;
	}
	for (i = 0; i < count; i++) {
		if (!shows_another(change, &holders[i].opener.key))
			continue;
		bdf_format(&holders[i].opener.key, bdf);
		holder_format(&holders[i], user);
		say_error(
			"%s: process %s has it open, and its guest would see the serial change: end it first, or use --force",
			bdf, user);
		status = EXIT_FAILED;
	}
	return status;
}

int change_check(struct change *change, bool force)
{
	int err = ruleset_compare(&change->old, &change->new, &change->diff);

	if (err)
		return failed(err);
	return force || !change->diff.count ? EXIT_DONE : check_open(change);
}

int change_commit(struct change *change)
{
	int err;

	if (!change->diff.count)
		return EXIT_DONE;
	err = rulemap_switch(change->rulesets, change->types, &change->new);
	if (err)
		return failed(err);
	journal_changes(change->action, &change->diff);
	return EXIT_DONE;
}

int change_full(const struct change *change)
{
	return failed(change->new.count >= DSN_MAX_RULES ? -E2BIG : -ENOMEM);
}

void change_free(struct change *change)
{
	free(change->diff.changes);
	ruleset_free(&change->old);
	ruleset_free(&change->new);
	close_fd(&change->types);
	close_fd(&change->rulesets);
	close_fd(&change->lock);
}
