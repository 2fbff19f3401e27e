/* SPDX-License-Identifier: GPL-2.0 */
/* The programs that are loaded, as one command sees them: read once, and passed on. */
#ifndef DSNCTL_LOADED_H
#define DSNCTL_LOADED_H

#include <stdbool.h>
#include "kernel/program.h"
#include "lib/failure.h"
#include "model/policy.h"
#include "dsn_contract.h"

struct loaded {
	bool pinned;	     /* there are maps; false: nothing below but `elsewhere` */
	bool elsewhere;	     /* programs of dsnctl run whose pins are not visible here */
	bool is_layout_ours; /* the maps are those of this version */
	struct attached attached;
	enum effect effect;	/* of the running programs */
	struct dsn_state state; /* all but `layout` only if is_layout_ours */
};

/* Tests if a layer runs. */
bool loaded_runs(const struct loaded *loaded);

/* Tests if anything of a layer is pinned. */
bool loaded_has_links(const struct loaded *loaded);

/*
 * Looks at pins, and asks the kernel if they show no layer. Returns EXIT_DONE; or
 * EXIT_FAILED or EXIT_CANNOT_TELL with the failure. Never takes what it cannot see for
 * nothing. The second form is for a caller that has the lock.
 */
int loaded_read(struct loaded *loaded, struct failure *failure);
int loaded_read_locked(struct loaded *loaded, struct failure *failure);

/* The same, for a command that needs the maps: they must be pinned, and of this version. */
int loaded_need(struct loaded *loaded, struct failure *failure);

/* The same, for a command that only reads rules: a former layout of them will do. */
int loaded_need_rules(struct loaded *loaded, struct failure *failure);

/* Needs the maps alone: a look at the programs takes more capabilities. */
int loaded_need_maps(struct loaded *loaded, struct failure *failure);

/* Locks for a change of the rules, and reads as loaded_need(). Returns an fd, or -1. */
int loaded_lock(struct loaded *loaded, struct failure *failure);

/* Refuses to go on if programs run whose pins are not visible here. */
int loaded_check(const struct loaded *loaded, struct failure *failure);

/* The same if there are no maps, or those of another version. */
int loaded_check_maps(const struct loaded *loaded, struct failure *failure);

/* Opens one of the pinned maps. Returns an fd, or -1 with the failure. */
int loaded_map(const char *name, struct failure *failure);

#endif
