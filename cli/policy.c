// SPDX-License-Identifier: GPL-2.0
/* The policy that a function is under, as the BPF side finds it, told to the operator. */
#include "policy.h"

#include <stdio.h>
#include "bdf.h"

const struct dsn_key default_key = { .scope = DSN_SCOPE_DEFAULT };

struct dsn_rule policy_default(const struct ruleset *set)
{
	struct dsn_rule *rule = ruleset_find(set, &default_key);

	return rule ? *rule : (struct dsn_rule){ .policy = DSN_SCRUB };
}

struct policy policy_of(const struct ruleset *set, const struct dsn_key *key)
{
	struct policy policy = { .source = FROM_FUNCTION };
	struct dsn_rule *rule = ruleset_find(set, key);

	if (!rule && device_pf(key, &policy.pf)) {
		policy.source = FROM_PF;
		rule = ruleset_find(set, &policy.pf);
	}
	if (!rule) {
		policy.source = FROM_DEFAULT;
		policy.rule = policy_default(set);
	} else {
		policy.rule = *rule;
	}
	return policy;
}

void policy_source(const struct policy *policy, char text[32])
{
	char bdf[BDF_LEN] = "";

	if (policy->source == FROM_PF)
		bdf_format(&policy->pf, bdf);
	snprintf(text, 32, "%s%s",
		 policy->source == FROM_FUNCTION ? "function"
		 : policy->source == FROM_PF	 ? "pf "
						 : "default",
		 bdf);
}

const char *policy_presented(const struct dsn_rule *rule, char text[SERIAL_LEN])
{
	if (rule->policy == DSN_PASS)
		return NULL;
	serial_format(rule->policy == DSN_SERIAL ? rule->serial : 0, text);
	return text;
}
