/* SPDX-License-Identifier: GPL-2.0 */
/* The effective rule of a function, found like the BPF programs find it. */
#ifndef DSNCTL_POLICY_H
#define DSNCTL_POLICY_H

#include "model/claim.h"
#include "model/key.h"
#include "model/pci.h"
#include "model/rule.h"
#include "model/ruleset.h"

struct policy {
	struct dsn_rule rule;
	struct dsn_key key;	   /* of the rule */
	bool from_pf;		   /* the function is a VF, and this its PF's */
	const struct claim *claim; /* the claim whose rule it is, or NULL */
};

/* Finds the effective rule of a function, by the order of dsn_precedence.h. */
struct policy policy_of(const struct ruleset *set, const struct dsn_key *function);

/* Returns true if the function has the ids that the rule expects, or is not there yet. */
bool policy_is_met(const struct dsn_rule *rule, const struct dsn_key *function);

/* The effect of the programs on reads. */
enum effect {
	EFFECT_NONE,	 /* nothing is loaded */
	EFFECT_WITHHOLD, /* nothing is written: serial and hide mean scrub, vpd hide empty */
	EFFECT_WRITE,	 /* what the rule says */
};

/* Returns the rule that a function shows under an effect. */
struct dsn_rule policy_under(enum effect effect, const struct dsn_rule *rule);

/* Returns true if that is less than the rule asks for. */
bool policy_is_degraded(enum effect effect, const struct dsn_rule *rule);

/* Returns the word of a degraded rule that cannot be shown. */
const char *policy_degraded_word(const struct dsn_rule *rule);

/* Returns the default rule: scrub if none was set. */
struct dsn_rule policy_default(const struct ruleset *set);

#define POLICY_SOURCE_LEN (KEY_LEN + 4)

/* Writes "function", "device", "pf 0000:01:00.0" or "default". */
void policy_source(const struct policy *policy, char text[POLICY_SOURCE_LEN]);

/* Formats the serial that a guest reads. Returns NULL if that is the real one or none. */
const char *policy_presented(const struct dsn_rule *rule, char text[SERIAL_LEN]);

#endif
