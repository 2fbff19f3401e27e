/* SPDX-License-Identifier: GPL-2.0 */
/* A change of the rules in force: one switch, checked before and told to the journal. */
#ifndef DSNCTL_UPDATE_H
#define DSNCTL_UPDATE_H

#include <stdbool.h>
#include "model/ruleset.h"

struct update {
	const char *action; /* the command that it is for */
	int lock, rulesets, types;
	struct ruleset old; /* in force */
	struct ruleset new; /* to be; a copy of `old` at first */
	struct ruleset_diff diff;
};

/* All of these say what is wrong, and return an exit status. */

/* Locks, and reads what is in force. */
int update_begin(struct update *update, const char *action);

/*
 * Compares `new` with `old`, and refuses to change, unless forced, what a process reads of
 * a device that it has open: guests take a serial that changes for another device.
 */
int update_check(struct update *update, bool force);

/* Says that `new` could not be made, for want of room or memory. */
int update_full(const struct update *update);

/* Puts `new` in force, whole; nothing if there is no difference, not even of flags. */
int update_commit(struct update *update);

void update_free(struct update *update);

#endif
