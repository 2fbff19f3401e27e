/* SPDX-License-Identifier: GPL-2.0 */
/* A set of rules in memory. */
#ifndef DSNCTL_RULESET_H
#define DSNCTL_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include "dsn_contract.h"

/* Rules, sorted by key_compare(): functions, devices, the default if it has a rule. */
struct ruleset {
	struct dsn_key *keys;
	struct dsn_rule *rules;
	size_t count;
	size_t room; /* of the arrays */

	struct claim *claims; /* above the rules; sorted like them */
	size_t claim_count;
};

void ruleset_free(struct ruleset *set);

/* Makes the arrays hold `count` rules. Returns 0 or -ENOMEM. */
int ruleset_reserve(struct ruleset *set, size_t count);

/* Returns the rule of exactly this key, or NULL. */
struct dsn_rule *ruleset_find(const struct ruleset *set, const struct dsn_key *key);

/* Change the copy in memory. Return 0, or -ENOMEM, or -E2BIG beyond DSN_MAX_RULES. */
int ruleset_put(struct ruleset *set, const struct dsn_key *key,
		const struct dsn_rule *rule);
void ruleset_remove(struct ruleset *set, const struct dsn_key *key);

/*
 * A difference of two sets. The pointers are into them; `was` or `is` is NULL for none. A
 * default that scrubs is the same as none.
 */
struct ruleset_change {
	const struct dsn_key *key;
	const struct dsn_rule *was, *is;
};

struct ruleset_diff {
	struct ruleset_change *changes; /* sorted by key */
	size_t count;
	bool flags; /* rules that say the same have other flags */
};

/* The caller frees diff->changes. Returns 0 or -ENOMEM. */
int ruleset_compare(const struct ruleset *old, const struct ruleset *new,
		    struct ruleset_diff *diff);

int ruleset_copy(struct ruleset *to, const struct ruleset *from);

/* Adds a rule whose key sorts after all others. Returns 0, -ENOMEM or -E2BIG. */
int ruleset_append(struct ruleset *set, const struct dsn_key *key,
		   const struct dsn_rule *rule);

#endif
