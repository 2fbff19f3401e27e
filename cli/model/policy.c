// SPDX-License-Identifier: GPL-2.0
/* The policy that a function is under, as the BPF side finds it, told to the operator. */
#include "model/policy.h"

#include <stdio.h>

struct dsn_rule policy_default(const struct ruleset *set)
{
	struct dsn_rule *rule = ruleset_find(set, &default_key);

	return rule ? *rule : (struct dsn_rule){ .policy = DSN_SCRUB };
}

bool policy_is_degraded(enum effect effect, const struct dsn_rule *rule)
{
	return effect == EFFECT_WITHHOLD &&
	       (rule->policy == DSN_SERIAL || rule->policy == DSN_HIDE);
}

struct dsn_rule policy_under(enum effect effect, const struct dsn_rule *rule)
{
	return policy_is_degraded(effect, rule) ? (struct dsn_rule){ .policy = DSN_SCRUB }
						: *rule;
}

bool policy_is_met(const struct dsn_rule *rule, const struct dsn_key *function)
{
	__u32 ids;

	return !rule->expect || !pci_ids(function, &ids) || ids == rule->expect;
}

/* The rule of the function itself, or of the device that it is one of. */
static struct dsn_rule *own_rule(const struct ruleset *set,
				 const struct dsn_key *function, struct dsn_key *key)
{
	struct dsn_rule *rule;

	*key = *function;
	rule = ruleset_find(set, key);
	if (rule && policy_is_met(rule, function))
		return rule;
	*key = key_of_device(function);
	rule = ruleset_find(set, key);
	return rule && policy_is_met(rule, function) ? rule : NULL;
}

struct policy policy_of(const struct ruleset *set, const struct dsn_key *function)
{
	struct policy policy = {};
	struct dsn_rule *rule;
	struct dsn_key pf;

	rule = own_rule(set, function, &policy.key);
	if (!rule && pci_pf(function, &pf)) {
		policy.from_pf = true;
		rule = own_rule(set, &pf, &policy.key);
	}
	if (!rule) {
		policy.from_pf = false;
		policy.key = default_key;
		policy.rule = policy_default(set);
	} else {
		policy.rule = *rule;
	}
	return policy;
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
		snprintf(text, POLICY_SOURCE_LEN, "%s", names[policy->key.scope]);
}

const char *policy_presented(const struct dsn_rule *rule, char text[SERIAL_LEN])
{
	if (rule->policy == DSN_PASS || rule->policy == DSN_HIDE)
		return NULL;
	serial_format(rule->policy == DSN_SERIAL ? rule->serial : 0, text);
	return text;
}
