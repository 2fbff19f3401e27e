/* SPDX-License-Identifier: GPL-2.0 */
/* Claims: rules for the run of one VM, which cover the operator's rules until it releases them. */
#ifndef DSNCTL_CLAIM_H
#define DSNCTL_CLAIM_H

#include <stdbool.h>
#include "model/derive.h"
#include "dsn_contract.h"

struct ruleset;
struct ruleset_diff;

struct claim {
	struct dsn_key key; /* a function */
	struct dsn_rule rule;
	__u8 uuid[16]; /* the VM's */
	char name[DSN_CLAIM_NAME];
};

/* Returns the function's claim, or NULL. */
struct claim *claim_find(const struct ruleset *set, const struct dsn_key *key);

/* Returns the claim's rule if there is a claim for exactly this key, else the rule, or NULL. */
const struct dsn_rule *claim_or_rule(const struct ruleset *set,
				     const struct dsn_key *key);

/* Change the claims of the copy in memory. claim_put() returns 0 or -ENOMEM. */
int claim_put(struct ruleset *set, const struct claim *claim);
void claim_remove(struct ruleset *set, const struct dsn_key *key);

/*
 * Lists the functions whose claims differ in any way, with what stands at their keys. The
 * pointers are into the sets. The caller frees diff->changes. Returns 0 or -ENOMEM.
 */
int claims_compare(const struct ruleset *old, const struct ruleset *new,
		   struct ruleset_diff *diff);

bool claim_is_of(const struct claim *claim, const __u8 uuid[16]);

/* Returns what is wrong with a VM's name, or NULL. */
const char *claim_name_fault(const char *name);

#define CLAIM_VM_LEN (DSN_CLAIM_NAME + UUID_LEN + sizeof("VM  ()"))

/* Writes "VM build-7 (UUID)", or "VM UUID" without a name. */
void claim_format_vm(const struct claim *claim, char text[CLAIM_VM_LEN]);

/*
 * Turns what a map holds, sorted, into rules and claims, and back: `raw` is not sorted, and
 * is freed by the caller. Return 0 or -ENOMEM.
 */
int claims_split(struct ruleset *set);
int claims_join(const struct ruleset *set, struct ruleset *raw);

#endif
