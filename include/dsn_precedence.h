/* SPDX-License-Identifier: GPL-2.0 */
/* The order of precedence of rules: pure, for BPF and for the host. */
#ifndef DSN_PRECEDENCE_H
#define DSN_PRECEDENCE_H

#include "dsn_contract.h"

/*
 * The keys whose rules may apply to a function, in this order: the first rule whose `expect`
 * fits is the effective one. Those of the PF are for VFs only. Without any rule: scrub.
 */
enum dsn_candidate {
	DSN_OF_FUNCTION,
	DSN_OF_DEVICE,
	DSN_OF_PF,
	DSN_OF_PF_DEVICE,
	DSN_OF_DEFAULT,
	DSN_CANDIDATES,
};

/* Returns true if the rule is for the PF; its `expect` is compared with the PF's ids then. */
static inline int dsn_is_of_pf(__u32 candidate)
{
	return candidate == DSN_OF_PF || candidate == DSN_OF_PF_DEVICE;
}

/* Returns the key of a candidate. `owner` is the function, or its PF if dsn_is_of_pf(). */
static inline struct dsn_key dsn_candidate_key(__u32 candidate, struct dsn_key owner)
{
	struct dsn_key key = owner;

	switch (candidate) {
	case DSN_OF_FUNCTION:
	case DSN_OF_PF:
		return key;
	case DSN_OF_DEVICE:
	case DSN_OF_PF_DEVICE:
		key.devfn &= ~7;
		key.scope = DSN_SCOPE_DEVICE;
		return key;
	default:
		return (struct dsn_key){ .scope = DSN_SCOPE_DEFAULT };
	}
}

#endif
