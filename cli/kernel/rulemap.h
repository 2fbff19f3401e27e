/* SPDX-License-Identifier: GPL-2.0 */
/* The set of rules in force: a map, replaced as a whole. */
#ifndef DSNCTL_RULEMAP_H
#define DSNCTL_RULEMAP_H

#include "lib/failure.h"
#include "model/ruleset.h"

/* Reads the set in force through the map `rulesets`. Returns 0 or -errno. */
int rulemap_read(int rulesets, struct ruleset *set);

/* The same, of the pinned map. Returns an exit status and fills in the failure. */
int rulemap_read_pinned(struct ruleset *set, struct failure *failure);

/*
 * Fills a new map from the set and puts it in force: a reader sees the old set or this
 * one. `types` is any map of the object that was loaded, for its BTF. On failure the
 * set in force stays. Returns 0 or -errno.
 */
int rulemap_switch(int rulesets, int types, const struct ruleset *set);

#endif
