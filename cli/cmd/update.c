// SPDX-License-Identifier: GPL-2.0
/*
 * A transaction on the rules: checked before, put in force at once, logged to the
 * journal.
 */
#include "cmd/update.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/openers.h"
#include "kernel/pins.h"
#include "kernel/rulemap.h"
#include "model/claim.h"
#include "model/journal.h"
#include "model/key.h"
#include "model/policy.h"
#include "lib/exit.h"
#include "lib/message.h"
#include "lib/util.h"

static int failed(int err)
{
	if (err == -E2BIG)
		say_error("too many rules: at most %d can be in force; unset some first",
			  DSN_MAX_RULES);
	else
		say_error("cannot change the rules: %s; those in force stay",
			  strerror(-err));
	return EXIT_FAILED;
}

int update_begin(struct update *update, const char *action)
{
	struct failure failure;
	int err;

	*update = (struct update){ .action = action, .rulesets = -1, .types = -1 };
	update->lock = loaded_lock(&update->loaded, &failure);
	if (update->lock >= 0)
		update->rulesets = loaded_map(PIN_RULESETS, &failure);
	if (update->rulesets >= 0)
		update->types = loaded_map(PIN_COUNTERS, &failure);
	if (update->types < 0)
		return say_failure(&failure);
	err = rulemap_read(update->rulesets, &update->old);
	if (!err)
		err = ruleset_copy(&update->new, &update->old);
	return err ? failed(err) : EXIT_DONE;
}

/* Names what a guest that has the function would see change, or NULL. */
static const char *changed_by(const struct update *update, const struct dsn_key *function)
{
	struct policy was = policy_of(&update->old, function);
	struct policy is = policy_of(&update->new, function);

	if (was.rule.policy != is.rule.policy || was.rule.serial != is.rule.serial)
		return "serial";
	return was.rule.more != is.rule.more ? "VPD or gaps" : NULL;
}

static int check_open(const struct update *update)
{
	_cleanup_(free_ptr) struct opener *openers = NULL;
	char bdf[BDF_LEN], opener[OPENER_LEN];
	int status = EXIT_DONE, err;
	const char *what;
	size_t count, i;

	err = openers_find(update->loaded.attached.plan.hook, &openers, &count);
	if (err) {
		say_error(
			"cannot find out if a device is open: %s; --force changes the rules anyway",
			openers_error(err));
		return EXIT_FAILED;
	}
	for (i = 0; i < count; i++) {
		what = changed_by(update, &openers[i].id.key);
		if (!what)
			continue;
		bdf_format(&openers[i].id.key, bdf);
		opener_format(&openers[i], opener);
		say_error(
			"%s: process %s has it open, and its guest would see the %s change; end it first, or use --force",
			bdf, opener, what);
		status = EXIT_FAILED;
	}
	return status;
}

int update_check(struct update *update, bool force)
{
	int err = ruleset_compare(&update->old, &update->new, &update->diff);

	if (err)
		return failed(err);
	err = claims_compare(&update->old, &update->new, &update->claims);
	if (err)
		return failed(err);
	if (force || (!update->diff.count && !update->claims.count))
		return EXIT_DONE;
	return check_open(update);
}

int update_commit(struct update *update)
{
	int err;

	if (!update->diff.count && !update->diff.flags && !update->claims.count)
		return EXIT_DONE;
	err = rulemap_switch(update->rulesets, update->types, &update->new);
	if (err)
		return failed(err);
	say_unlogged(journal_changes(update->action, NULL, &update->diff));
	say_unlogged(journal_changes(update->action, *update->vm ? update->vm : NULL,
				     &update->claims));
	return EXIT_DONE;
}

int update_full(const struct update *update)
{
	return failed(update->new.count >= DSN_MAX_RULES ? -E2BIG : -ENOMEM);
}

void update_free(struct update *update)
{
	free(update->diff.changes);
	free(update->claims.changes);
	ruleset_free(&update->old);
	ruleset_free(&update->new);
	close_fd(&update->types);
	close_fd(&update->rulesets);
	close_fd(&update->lock);
}
