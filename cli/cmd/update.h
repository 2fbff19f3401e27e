/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A transaction on the rules: checked before, put in force at once, logged to the
 * journal.
 */
#ifndef DSNCTL_UPDATE_H
#define DSNCTL_UPDATE_H

#include <stdbool.h>
#include "kernel/loaded.h"
#include "model/claim.h"
#include "model/ruleset.h"

struct update {
	const char *action; /* the command */
	struct loaded loaded;
	int lock, rulesets, types;
	struct ruleset old; /* in force */
	struct ruleset new; /* to be put in force; a copy of `old` at first */
	struct ruleset_diff diff;
	struct ruleset_diff
		claims;	       /* what functions show by claims, or instead of them */
	char vm[CLAIM_VM_LEN]; /* whose claims they are, or empty */
};

/* All of these print the error, and return an exit status. */

/* Locks, and reads what is in force. */
int update_begin(struct update *update, const char *action);

/*
 * Compares `new` with `old`. Unless forced, refuses to change the serial that a process
 * reads of a device that it has open: a guest takes it for another device then.
 */
int update_check(struct update *update, bool force);

/* Reports that `new` could not be made, for lack of room or memory. */
int update_full(const struct update *update);

/* Puts `new` in force as a whole, unless there is no difference, not even of flags. */
int update_commit(struct update *update);

void update_free(struct update *update);

#endif
