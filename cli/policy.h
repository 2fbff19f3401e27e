/* SPDX-License-Identifier: GPL-2.0 */
/* The policy that a function is under, as the BPF side finds it, told to the operator. */
#ifndef DSNCTL_POLICY_H
#define DSNCTL_POLICY_H

#include "device.h"
#include "rule.h"
#include "ruleset.h"

enum rule_source {
	FROM_FUNCTION,
	FROM_PF,
	FROM_DEFAULT,
};

struct policy {
	struct dsn_rule rule;
	enum rule_source source;
	struct dsn_key pf; /* where the source is FROM_PF */
};

extern const struct dsn_key default_key;

/* The same order as rule_of() in bpf/policy.bpf.h. */
struct policy policy_of(const struct ruleset *set, const struct dsn_key *key);

/* The default rule: scrub where none was set. */
struct dsn_rule policy_default(const struct ruleset *set);

/* "function", "pf 0000:01:00.0" or "default". */
void policy_source(const struct policy *policy, char text[32]);

/* What a guest reads, or NULL where that is the real serial. */
const char *policy_presented(const struct dsn_rule *rule, char text[SERIAL_LEN]);

#endif
