// SPDX-License-Identifier: GPL-2.0
/* Claims: rules for the run of one VM, which cover the operator's rules until it releases them. */
#include "model/claim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/key.h"
#include "model/rule.h"
#include "model/ruleset.h"
#include "lib/text.h"

/* Pieces of a name, each in a record of its own. */
#define PIECES (DSN_CLAIM_NAME / sizeof(struct dsn_rule))

static struct dsn_key record_key(const struct dsn_key *function, __u8 scope)
{
	struct dsn_key key = *function;

	key.scope = scope;
	return key;
}

struct claim *claim_find(const struct ruleset *set, const struct dsn_key *key)
{
	size_t i;

	for (i = 0; i < set->claim_count; i++)
		if (!key_compare(&set->claims[i].key, key))
			return &set->claims[i];
	return NULL;
}

const struct dsn_rule *claim_or_rule(const struct ruleset *set, const struct dsn_key *key)
{
	const struct claim *claim = claim_find(set, key);

	return claim ? &claim->rule : ruleset_find(set, key);
}

int claim_put(struct ruleset *set, const struct claim *claim)
{
	struct claim *there = claim_find(set, &claim->key), *claims;
	size_t at;

	if (there) {
		*there = *claim;
		return 0;
	}
	claims = reallocarray(set->claims, set->claim_count + 1, sizeof(*claims));
	if (!claims)
		return -ENOMEM;
	set->claims = claims;
	for (at = set->claim_count++; at; at--) {
		if (key_compare(&claims[at - 1].key, &claim->key) < 0)
			break;
		claims[at] = claims[at - 1];
	}
	claims[at] = *claim;
	return 0;
}

void claim_remove(struct ruleset *set, const struct dsn_key *key)
{
	struct claim *claim = claim_find(set, key);

	if (!claim)
		return;
	set->claim_count--;
	memmove(claim, claim + 1,
		(set->claims + set->claim_count - claim) * sizeof(*claim));
}

static bool is_same(const struct claim *a, const struct claim *b)
{
	return a && b && rule_equal(&a->rule, &b->rule) && claim_is_of(a, b->uuid) &&
	       !strcmp(a->name, b->name);
}

/* Adds the claim's function if it has another claim, or none, in one of the sets. */
static void compare_one(const struct claim *claim, const struct ruleset *old,
			const struct ruleset *new, struct ruleset_diff *diff)
{
	if (is_same(claim_find(old, &claim->key), claim_find(new, &claim->key)))
		return;
	diff->changes[diff->count++] = (struct ruleset_change){
		.key = &claim->key,
		.was = claim_or_rule(old, &claim->key),
		.is = claim_or_rule(new, &claim->key),
	};
}

static int by_key(const void *a, const void *b)
{
	const struct ruleset_change *x = a, *y = b;

	return key_compare(x->key, y->key);
}

int claims_compare(const struct ruleset *old, const struct ruleset *new,
		   struct ruleset_diff *diff)
{
	size_t i;

	diff->count = 0;
	diff->flags = false;
	diff->changes =
		calloc(old->claim_count + new->claim_count + 1, sizeof(*diff->changes));
	if (!diff->changes)
		return -ENOMEM;
	for (i = 0; i < old->claim_count; i++)
		compare_one(&old->claims[i], old, new, diff);
	for (i = 0; i < new->claim_count; i++)
		if (!claim_find(old, &new->claims[i].key))
			compare_one(&new->claims[i], old, new, diff);
	qsort(diff->changes, diff->count, sizeof(*diff->changes), by_key);
	return 0;
}

bool claim_is_of(const struct claim *claim, const __u8 uuid[16])
{
	return !memcmp(claim->uuid, uuid, sizeof(claim->uuid));
}

const char *claim_name_fault(const char *name)
{
	size_t length;
	__u32 code;

	if (!*name || strlen(name) >= DSN_CLAIM_NAME)
		return "a VM's name has 1 to 63 bytes";
	for (; *name; name += length) {
		length = text_decode(name, &code);
		if (!length || code < ' ' || (code >= 0x7f && code < 0xa0))
			return "a VM's name is UTF-8 without control characters";
	}
	return NULL;
}

void claim_format_vm(const struct claim *claim, char text[CLAIM_VM_LEN])
{
	char uuid[UUID_LEN];

	uuid_format(claim->uuid, uuid);
	if (*claim->name)
		snprintf(text, CLAIM_VM_LEN, "VM %s (%s)", claim->name, uuid);
	else
		snprintf(text, CLAIM_VM_LEN, "VM %s", uuid);
}

/* Copies the name's pieces from records; those that are missing are zeros. */
static void take_name(const struct ruleset *records, struct claim *claim)
{
	const size_t size = sizeof(struct dsn_rule);
	size_t i;

	for (i = 0; i < PIECES; i++) {
		struct dsn_key key = record_key(&claim->key, DSN_SCOPE_CLAIM_NAME + i);
		const struct dsn_rule *piece = ruleset_find(records, &key);

		if (piece)
			memcpy(claim->name + i * size, piece, size);
	}
	claim->name[DSN_CLAIM_NAME - 1] = '\0';
}

/* Turns a claim's record and the rule that it has put in place into a claim. */
static int take_claim(struct ruleset *set, const struct ruleset *records,
		      const struct dsn_key *key, const struct dsn_rule *uuid)
{
	struct claim claim = { .key = record_key(key, DSN_SCOPE_FUNCTION) };
	struct dsn_key covered = record_key(key, DSN_SCOPE_COVERED);
	struct dsn_rule *rule = ruleset_find(set, &claim.key);
	const struct dsn_rule *below = ruleset_find(records, &covered);

	if (!rule)
		return 0;
	claim.rule = *rule;
	memcpy(claim.uuid, uuid, sizeof(claim.uuid));
	take_name(records, &claim);
	if (below)
		*rule = *below;
	else
		ruleset_remove(set, &claim.key);
	return claim_put(set, &claim);
}

int claims_split(struct ruleset *set)
{
	struct ruleset records = {};
	size_t rules = set->count, i;
	int err = 0;

	while (rules && set->keys[rules - 1].scope > DSN_SCOPE_DEFAULT)
		rules--;
	if (rules == set->count)
		return 0;
	err = ruleset_copy(&records, set);
	set->count = rules;
	for (i = rules; !err && i < records.count; i++)
		if (records.keys[i].scope == DSN_SCOPE_CLAIM)
			err = take_claim(set, &records, &records.keys[i],
					 &records.rules[i]);
	ruleset_free(&records);
	return err;
}

/* Adds at the end; there is room. */
static void add(struct ruleset *raw, struct dsn_key key, const void *value)
{
	raw->keys[raw->count] = key;
	memcpy(&raw->rules[raw->count++], value, sizeof(*raw->rules));
}

/* Puts the claim's rule in place, and adds the records of what it covers and whose it is. */
static void put_claim(const struct ruleset *set, const struct claim *claim,
		      struct ruleset *raw)
{
	const struct dsn_rule *below = ruleset_find(set, &claim->key);
	size_t i;

	if (below) {
		add(raw, record_key(&claim->key, DSN_SCOPE_COVERED), below);
		raw->rules[below - set->rules] = claim->rule;
	} else {
		add(raw, claim->key, &claim->rule);
	}
	add(raw, record_key(&claim->key, DSN_SCOPE_CLAIM), claim->uuid);
	for (i = 0; i < PIECES; i++)
		add(raw, record_key(&claim->key, DSN_SCOPE_CLAIM_NAME + i),
		    claim->name + i * sizeof(struct dsn_rule));
}

int claims_join(const struct ruleset *set, struct ruleset *raw)
{
	size_t i;
	int err;

	*raw = (struct ruleset){};
	err = ruleset_reserve(raw, set->count + set->claim_count * (2 + PIECES + 1));
	if (err)
		return err;
	for (i = 0; i < set->count; i++)
		add(raw, set->keys[i], &set->rules[i]);
	for (i = 0; i < set->claim_count; i++)
		put_claim(set, &set->claims[i], raw);
	return 0;
}
