/* SPDX-License-Identifier: GPL-2.0 */
/* Which rule a PCI function is under. */
#ifndef DSN_POLICY_BPF_H
#define DSN_POLICY_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "maps.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* pci_domain_nr() */
static __always_inline __u32 domain_of(struct pci_bus *bus)
{
	struct pci_sysdata *sysdata;

	if (bpf_core_field_exists(bus->domain_nr))
		return BPF_CORE_READ(bus, domain_nr);
	sysdata = BPF_CORE_READ(bus, sysdata);
	return BPF_CORE_READ(sysdata, domain);
}

static __always_inline struct dsn_key key_of(struct pci_dev *pdev)
{
	struct pci_bus *bus = BPF_CORE_READ(pdev, bus);
	struct dsn_key key = {
		.domain = domain_of(bus),
		.bus = BPF_CORE_READ(bus, number),
		.devfn = BPF_CORE_READ(pdev, devfn),
		.scope = DSN_SCOPE_FUNCTION,
	};

	return key;
}

/*
 * The rule in force for a function: its own, else for a VF its PF's, else the default.
 * Where there is none at all, the zeroed rule: scrub.
 */
static __always_inline struct dsn_rule rule_of(struct pci_dev *pdev, struct dsn_key key)
{
	struct dsn_key fallback = { .scope = DSN_SCOPE_DEFAULT };
	struct dsn_rule *rule, none = {};
	__u32 zero = 0;
	void *set;

	set = bpf_map_lookup_elem(&rulesets, &zero);
	if (!set)
		return none;
	rule = bpf_map_lookup_elem(set, &key);
	if (!rule && BPF_CORE_READ_BITFIELD_PROBED(pdev, is_virtfn)) {
		key = key_of(BPF_CORE_READ(pdev, physfn));
		rule = bpf_map_lookup_elem(set, &key);
	}
	if (!rule)
		rule = bpf_map_lookup_elem(set, &fallback);
	return rule ? *rule : none;
}

#endif
