// SPDX-License-Identifier: GPL-2.0
/* The effective rule of a function, found like the BPF programs find it. */
#include "model/policy.h"

#include <stdio.h>
#include "dsn_precedence.h"

struct dsn_rule policy_default(const struct ruleset *set)
{
	struct dsn_rule *rule = ruleset_find(set, &default_key);

	return rule ? *rule : (struct dsn_rule){ .policy = DSN_SCRUB };
}

static bool needs_writes(const struct dsn_rule *rule)
{
	return rule->policy == DSN_SERIAL || rule->policy == DSN_HIDE;
}

static bool hides_vpd(const struct dsn_rule *rule)
{
	return (rule->more & DSN_VPD_MASK) == DSN_VPD_HIDE;
}

bool policy_is_degraded(enum effect effect, const struct dsn_rule *rule)
{
	return effect == EFFECT_WITHHOLD && (needs_writes(rule) || hides_vpd(rule));
}

const char *policy_degraded_word(const struct dsn_rule *rule)
{
	return needs_writes(rule) ? policy_name(rule->policy) : "vpd hide";
}

struct dsn_rule policy_under(enum effect effect, const struct dsn_rule *rule)
{
	struct dsn_rule shown = *rule;

	if (effect != EFFECT_WITHHOLD)
		return shown;
	if (needs_writes(rule)) {
		shown.policy = DSN_SCRUB;
		shown.serial = 0;
	}
	if (hides_vpd(rule))
		shown.more = (shown.more & ~DSN_VPD_MASK) | DSN_VPD_EMPTY;
	return shown;
}

bool policy_is_met(const struct dsn_rule *rule, const struct dsn_key *function)
{
	__u32 ids;

	return !rule->expect || !pci_ids(function, &ids) || ids == rule->expect;
}

struct policy policy_of(const struct ruleset *set, const struct dsn_key *function)
{
	struct dsn_key owner = *function, key, pf;
	bool is_vf = pci_pf(function, &pf), is_ari = pci_is_ari(&owner);
	__u32 i;

	for (i = 0; i < DSN_CANDIDATES; i++) {
		const struct dsn_rule *rule;

		if (i == DSN_OF_PF && is_vf) {
			owner = pf;
			is_ari = pci_is_ari(&owner);
		}
		if (!dsn_is_candidate(i, is_vf, is_ari))
			continue;
		key = dsn_candidate_key(i, owner);
		rule = claim_or_rule(set, &key);
		if (rule && policy_is_met(rule, &owner))
			return (struct policy){ *rule, key, dsn_is_of_pf(i),
						claim_find(set, &key) };
	}
	return (struct policy){ .rule = policy_default(set), .key = default_key };
}

void policy_source(const struct policy *policy, char text[POLICY_SOURCE_LEN])
{
	static const char *const names[] = {
		[DSN_SCOPE_FUNCTION] = "function",
		[DSN_SCOPE_DEVICE] = "device",
		[DSN_SCOPE_DEFAULT] = "default",
	};
	char target[KEY_LEN];

	key_format(&policy->key, target);
	if (policy->from_pf)
		snprintf(text, POLICY_SOURCE_LEN, "pf %s", target);
	else
		snprintf(text, POLICY_SOURCE_LEN, "%s",
			 policy->claim ? "claim" : names[policy->key.scope]);
}

const char *policy_presented(const struct dsn_rule *rule, char text[SERIAL_LEN])
{
	if (rule->policy == DSN_PASS || rule->policy == DSN_HIDE)
		return NULL;
	serial_format(rule->policy == DSN_SERIAL ? rule->serial : 0, text);
	return text;
}
