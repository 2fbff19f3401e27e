/* SPDX-License-Identifier: GPL-2.0 */
/* The effective rule of a PCI function. */
#ifndef DSN_POLICY_BPF_H
#define DSN_POLICY_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "dsn_precedence.h"
#include "kmem.bpf.h"
#include "maps.bpf.h"
#include "vfio.bpf.h"
#include <bpf/bpf_helpers.h>

/*
 * Tells whether a rule counts for a function: one for another kind is none. Clears
 * `lasting` if that depends on the function's ids.
 */
static __always_inline bool is_for(const struct dsn_rule *rule, struct pci_dev *pdev,
				   bool *lasting)
{
	if (!rule->expect)
		return true;
	*lasting = false;
	return rule->expect == ((__u32)KREAD(pdev, vendor) << 16 | KREAD(pdev, device));
}

/* pci_ari_enabled(), for a function that is not among a device's first eight */
static __always_inline bool is_ari(struct pci_dev *pdev, const struct dsn_key *key)
{
	struct pci_bus *bus;
	struct pci_dev *port;

	/* bus 0 is below no port */
	if (key->devfn < 8 || !key->bus)
		return false;
	bus = KREAD(pdev, bus);
	port = KREAD(bus, self);
	return port && KREAD_BIT(port, ari_enabled);
}

/* Bits of a function that its address does not show. */
#define DSN_KIND_VF 1
#define DSN_KIND_ARI 2

/* Not inlined: callers have little stack left. */
static __noinline __u32 kind_of(struct pci_dev *pdev, const struct dsn_key *key)
{
	__u32 kind = KREAD_BIT(pdev, is_virtfn); /* DSN_KIND_VF */

	if (is_ari(pdev, key))
		kind |= DSN_KIND_ARI;
	return kind;
}

/*
 * Resolves a function's rule by the order of dsn_precedence.h; without any, the zeroed rule:
 * scrub. Clears `lasting` if the result depends on more than the function and the rule set.
 */
static __always_inline struct dsn_rule resolve_rule(void *set, struct pci_dev *pdev,
						    struct dsn_key key, __u32 kind,
						    bool *lasting)
{
	bool virtfn = kind & DSN_KIND_VF, ari = kind & DSN_KIND_ARI;
	struct dsn_rule *rule, none = {};
	struct dsn_key wanted;
	__u32 i;

	for (i = 0; i < DSN_CANDIDATES; i++) {
		if (i == DSN_OF_PF && virtfn) {
			*lasting = false;
			pdev = KREAD(pdev, physfn);
			key = key_of(pdev);
			ari = is_ari(pdev, &key);
		}
		if (!dsn_is_candidate(i, virtfn, ari))
			continue;
		wanted = dsn_candidate_key(i, key);
		rule = bpf_map_lookup_elem(set, &wanted);
		if (rule && is_for(rule, pdev, lasting))
			return *rule;
	}
	return none;
}

/* Finds a function's element of `counters`, or gives it one; NULL if there is no room. */
static __always_inline struct dsn_device *find_device(struct dsn_key key)
{
	struct dsn_device *device;
	__u64 wanted, found;
	__u32 i, index;

	key.reserved = 1;
	wanted = *(__u64 *)&key;
	for (i = 0; i < DSN_DEVICE_TRIES; i++) {
		index = (dsn_device_index(&key) + i) % DSN_MAX_DEVICES;
		device = bpf_map_lookup_elem(&counters, &index);
		if (!device)
			break;
		found = *(volatile __u64 *)&device->key;
		if (!found)
			found = __sync_val_compare_and_swap((__u64 *)&device->key, 0,
							    wanted);
		if (!found || found == wanted)
			return device;
	}
	return NULL;
}

/* The rule that a function shows, and its element of `counters` or NULL. */
struct effective {
	__u64 serial; /* 0 unless the policy is DSN_SERIAL */
	union {
		struct {
			__u32 policy; /* enum dsn_policy */
			__u32 more;   /* enum dsn_vpd, DSN_GAPS_ZERO */
		};
		__u64 words;
	};
	struct dsn_device *device;
};

/*
 * Ties a cached rule to the rule set that it comes from, and to the kind of function: a BDF
 * may become a VF's, and a port may come to forward ARI. The parts are read one by one, while
 * others may write them: a mix of two rules does not fit. Set ids count up and are not used
 * again.
 */
static __always_inline __u64 seal_of(__u64 serial, __u64 words, __u32 set, __u64 kind)
{
	return serial ^ ((kind << 32 | set) * 0xd6e8feb86659fd93ULL +
			 (words + 1) * 0x9e3779b97f4a7c15ULL);
}

/*
 * Resolves the rule anew. Returns the id of the rule set, or 0 if the rule depends on more
 * than that and the function. Global: see put_part().
 */
__noinline int resolve_anew(__u64 pdev, const struct dsn_key *key, __u32 kind,
			    struct effective *rule)
{
	struct bpf_map *set = only_element(rulesets);
	struct dsn_rule resolved = {};
	bool lasting = true;

	if (!key || !rule)
		return 0;
	if (set)
		resolved = resolve_rule(set, (void *)pdev, *key, kind, &lasting);
	rule->serial = resolved.policy == DSN_SERIAL ? resolved.serial : 0;
	rule->policy = resolved.policy;
	rule->more = resolved.more;
	return set && lasting ? set->id : 0;
}

extern void bpf_rcu_read_lock(void) __ksym __weak;
extern void bpf_rcu_read_unlock(void) __ksym __weak;

static __always_inline void find_rule_in(struct bpf_map *set, struct pci_dev *pdev,
					 const struct dsn_key *key,
					 struct effective *rule)
{
	struct dsn_device *device = find_device(*key);
	__u32 kind = kind_of(pdev, key), id;

	rule->device = device;
	if (device && set) {
		rule->serial = device->serial;
		rule->words = device->words;
		if (device->seal == seal_of(rule->serial, rule->words, set->id, kind))
			return;
	}
	rule->serial = 0;
	rule->words = 0;
	id = resolve_anew((__u64)pdev, key, kind, rule);
	if (device && id) {
		device->serial = rule->serial;
		device->words = rule->words;
		device->seal = seal_of(rule->serial, rule->words, id, kind);
	}
	rule->device = device; /* to the verifier, the call has changed it */
}

/*
 * Finds what a function shows. Task work runs without the RCU read lock that keeps a rule
 * set which is switched meanwhile.
 */
static __always_inline void find_rule(struct pci_dev *pdev, const struct dsn_key *key,
				      struct effective *rule)
{
	if (check == DSN_CHECK_RESUME)
		bpf_rcu_read_lock();
	find_rule_in(only_element(rulesets), pdev, key, rule);
	if (check == DSN_CHECK_RESUME)
		bpf_rcu_read_unlock();
}

#endif
