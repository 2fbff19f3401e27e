// SPDX-License-Identifier: GPL-2.0
/* A set of rules in memory. */
#include "model/ruleset.h"

#include <errno.h>
#include <string.h>
#include "model/claim.h"
#include "model/key.h"
#include "model/rule.h"
#include "lib/util.h"

void ruleset_free(struct ruleset *set)
{
	free(set->keys);
	free(set->rules);
	free(set->claims);
	*set = (struct ruleset){};
}

int ruleset_reserve(struct ruleset *set, size_t count)
{
	struct dsn_key *keys;
	struct dsn_rule *rules;

	if (count <= set->room)
		return 0;
	keys = reallocarray(set->keys, count, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	set->keys = keys;
	rules = reallocarray(set->rules, count, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	set->rules = rules;
	set->room = count;
	return 0;
}

/* Returns the place of the key, or the one where it belongs. */
static size_t place_of(const struct ruleset *set, const struct dsn_key *key)
{
	size_t low = 0, high = set->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (key_compare(&set->keys[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct dsn_rule *ruleset_find(const struct ruleset *set, const struct dsn_key *key)
{
	size_t at = place_of(set, key);

	if (at == set->count || key_compare(&set->keys[at], key))
		return NULL;
	return &set->rules[at];
}

/* Makes room for one more rule; the arrays grow by half. */
static int make_room(struct ruleset *set)
{
	if (set->count >= DSN_MAX_RULES)
		return -E2BIG;
	if (set->count < set->room)
		return 0;
	return ruleset_reserve(set, set->room + set->room / 2 + 1);
}

int ruleset_append(struct ruleset *set, const struct dsn_key *key,
		   const struct dsn_rule *rule)
{
	int err = make_room(set);

	if (err)
		return err;
	set->keys[set->count] = *key;
	set->rules[set->count++] = *rule;
	return 0;
}

int ruleset_put(struct ruleset *set, const struct dsn_key *key,
		const struct dsn_rule *rule)
{
	struct dsn_rule *there = ruleset_find(set, key);
	size_t at = place_of(set, key), rest = set->count - at;
	int err;

	if (there) {
		*there = *rule;
		return 0;
	}
	err = make_room(set);
	if (err)
		return err;
	memmove(&set->keys[at + 1], &set->keys[at], rest * sizeof(*set->keys));
	memmove(&set->rules[at + 1], &set->rules[at], rest * sizeof(*set->rules));
	set->keys[at] = *key;
	set->rules[at] = *rule;
	set->count++;
	return 0;
}

void ruleset_remove(struct ruleset *set, const struct dsn_key *key)
{
	size_t at = place_of(set, key), rest;

	if (!ruleset_find(set, key))
		return;
	rest = --set->count - at;
	memmove(&set->keys[at], &set->keys[at + 1], rest * sizeof(*set->keys));
	memmove(&set->rules[at], &set->rules[at + 1], rest * sizeof(*set->rules));
}

int ruleset_copy(struct ruleset *to, const struct ruleset *from)
{
	size_t i;
	int err;

	*to = (struct ruleset){};
	err = ruleset_reserve(to, from->count);
	for (i = 0; !err && i < from->claim_count; i++)
		err = claim_put(to, &from->claims[i]);
	if (err || !from->count)
		return err;
	memcpy(to->keys, from->keys, from->count * sizeof(*to->keys));
	memcpy(to->rules, from->rules, from->count * sizeof(*to->rules));
	to->count = from->count;
	return 0;
}

static bool says_same(const struct ruleset_change *change)
{
	static const struct dsn_rule scrub = { .policy = DSN_SCRUB };
	bool is_default = change->key->scope == DSN_SCOPE_DEFAULT;

	if (!is_default && (!change->was || !change->is))
		return false;
	return rule_equal(change->was ? change->was : &scrub,
			  change->is ? change->is : &scrub);
}

static bool has_other_flags(const struct ruleset_change *change)
{
	return (change->was ? change->was->flags : 0) !=
	       (change->is ? change->is->flags : 0);
}

int ruleset_compare(const struct ruleset *old, const struct ruleset *new,
		    struct ruleset_diff *diff)
{
	size_t i = 0, j = 0;

	diff->count = 0;
	diff->flags = false;
	diff->changes = calloc(old->count + new->count + 1, sizeof(*diff->changes));
	if (!diff->changes)
		return -ENOMEM;
	while (i < old->count || j < new->count) {
		struct ruleset_change change = {};
		int order = i == old->count   ? 1
			    : j == new->count ? -1
					      : key_compare(&old->keys[i], &new->keys[j]);

		if (order <= 0) {
			change.key = &old->keys[i];
			change.was = &old->rules[i++];
		}
		if (order >= 0) {
			change.key = &new->keys[j];
			change.is = &new->rules[j++];
		}
		if (!says_same(&change))
			diff->changes[diff->count++] = change;
		else
			diff->flags |= has_other_flags(&change);
	}
	return 0;
}
