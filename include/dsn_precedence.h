/* SPDX-License-Identifier: GPL-2.0 */
/* The order of precedence of rules: pure, for BPF and for the host. */
#ifndef DSN_PRECEDENCE_H
#define DSN_PRECEDENCE_H

#include "dsn_contract.h"

/*
 * The keys whose rules may apply to a function, in this order: the first rule whose `expect`
 * fits is the effective one. Without any rule: scrub.
 *
 * If the port above a bus forwards Alternative Routing-IDs (ARI, PCIe r6.2 6.13), all 256
 * devfn of the bus are functions of one device, whose function 0 is 00.0. A rule of that
 * device is after one that names a device by its 5 bits. VFs are under their PF's device, as
 * they may be on a bus without a port.
 */
enum dsn_candidate {
	DSN_OF_FUNCTION,
	DSN_OF_DEVICE,
	DSN_OF_ARI_DEVICE,
	DSN_OF_PF, /* from here on, for VFs only */
	DSN_OF_PF_DEVICE,
	DSN_OF_PF_ARI_DEVICE,
	DSN_OF_DEFAULT,
	DSN_CANDIDATES,
};

/* Returns true if the rule is for the PF; its `expect` is compared with the PF's ids then. */
static inline int dsn_is_of_pf(__u32 candidate)
{
	return candidate >= DSN_OF_PF && candidate <= DSN_OF_PF_ARI_DEVICE;
}

/*
 * Returns true if a candidate's rule may apply at all. `is_ari` is of the owner: its device
 * has functions beyond the first eight, and it is one of them.
 */
static inline int dsn_is_candidate(__u32 candidate, int is_vf, int is_ari)
{
	switch (candidate) {
	case DSN_OF_ARI_DEVICE:
		return is_ari && !is_vf;
	case DSN_OF_PF_ARI_DEVICE:
		return is_ari && is_vf;
	case DSN_OF_PF:
	case DSN_OF_PF_DEVICE:
		return is_vf;
	default:
		return 1;
	}
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
	case DSN_OF_ARI_DEVICE:
	case DSN_OF_PF_ARI_DEVICE:
		key.devfn = 0;
		key.scope = DSN_SCOPE_DEVICE;
		return key;
	default:
		return (struct dsn_key){ .scope = DSN_SCOPE_DEFAULT };
	}
}

#endif
