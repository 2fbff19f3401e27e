/* SPDX-License-Identifier: GPL-2.0 */
/* Which rule a PCI function is under. */
#ifndef DSN_POLICY_BPF_H
#define DSN_POLICY_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "load.bpf.h"
#include "maps.bpf.h"
#include "vfio.bpf.h"
#include <bpf/bpf_helpers.h>

/* A rule for another kind of function is none. */
static __always_inline bool is_for(const struct dsn_rule *rule, struct pci_dev *pdev)
{
	return !rule->expect ||
	       rule->expect == ((__u32)LOAD(pdev, vendor) << 16 | LOAD(pdev, device));
}

/* The rule of the function itself, or of the device that it is one of. */
static __always_inline struct dsn_rule *own_rule(void *set, struct pci_dev *pdev,
						 struct dsn_key key)
{
	struct dsn_rule *rule = bpf_map_lookup_elem(set, &key);

	if (rule && is_for(rule, pdev))
		return rule;
	key.scope = DSN_SCOPE_DEVICE;
	key.devfn &= ~7;
	rule = bpf_map_lookup_elem(set, &key);
	return rule && is_for(rule, pdev) ? rule : NULL;
}

static __always_inline bool is_virtfn(struct pci_dev *pdev)
{
	bool failed;
	__u64 bits = LOAD_AT(
		__u64, (__u64)pdev + __CORE_RELO(pdev, is_virtfn, BYTE_OFFSET), failed);

	/* little-endian: what is behind its bytes is shifted out */
	bits <<= __CORE_RELO(pdev, is_virtfn, LSHIFT_U64);
	return bits >> __CORE_RELO(pdev, is_virtfn, RSHIFT_U64);
}

/*
 * The rule in force for a function: its own or its device's, else for a VF its PF's, else
 * the default. Where there is none at all, the zeroed rule: scrub. `from` becomes the id
 * of the set that it is from, or 0: the next read must look again.
 */
static __always_inline struct dsn_rule rule_of(struct pci_dev *pdev, struct dsn_key key,
					       __u32 *from)
{
	struct dsn_key fallback = { .scope = DSN_SCOPE_DEFAULT };
	struct dsn_rule *rule, none = {};
	void *set = only_element(rulesets);

	*from = 0;
	if (!set)
		return none;
	/* ids count up; addresses are used again */
	*from = ((struct bpf_map *)set)->id;
	rule = own_rule(set, pdev, key);
	if (!rule && is_virtfn(pdev)) {
		*from = 0;
		pdev = LOAD(pdev, physfn);
		rule = own_rule(set, pdev, key_of(pdev));
	}
	if (!rule)
		rule = bpf_map_lookup_elem(set, &fallback);
	return rule ? *rule : none;
}

#endif
