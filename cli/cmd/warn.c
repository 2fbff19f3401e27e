// SPDX-License-Identifier: GPL-2.0
/* Warnings about rules that are allowed and may still do harm. */
#include "cmd/warn.h"

#include <libkmod.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "dsn_precedence.h"
#include "model/claim.h"
#include "model/policy.h"
#include "model/rule.h"
#include "lib/message.h"
#include "lib/util.h"

/* Each kind of warning has its limit. */
enum kind {
	KIND_SERIAL,
	KIND_DOUBLE,
	KIND_CARD,
	KIND_ZERO,
	KIND_VPD,
	KIND_OTHER,
	KIND_ABSENT,
	KIND_NO_DSN,
	KIND_UNBOUND,
	KIND_DEGRADED,
	KIND_UNTIED,
	KINDS,
};

#define MAX_OF_KIND 10

static const char *const kinds[KINDS] = {
	[KIND_SERIAL] = "unsuitable serials",
	[KIND_DOUBLE] = "serials that two devices share",
	[KIND_CARD] = "functions that differ from their card's others",
	[KIND_ZERO] = "devices whose driver needs a serial",
	[KIND_VPD] = "devices whose driver needs VPD",
	[KIND_OTHER] = "rules ignored because the device has other ids",
	[KIND_ABSENT] = "rules for functions that are not there",
	[KIND_NO_DSN] = "rules for functions without a serial and VPD",
	[KIND_DEGRADED] = "rules degraded to scrub",
	[KIND_UNTIED] = "passes without 'expect'",
	[KIND_UNBOUND] = "rules for functions that are not bound to vfio-pci",
};

/* The input of the warnings, and their numbers. */
struct context {
	const struct ruleset *set;
	const struct ruleset_diff *diff;
	enum effect effect;
	struct pci_function *devices; /* of this host, sorted */
	size_t count;
	struct kmod_ctx *kmod; /* NULL if there is none: then no warnings about drivers */
	unsigned int counts[KINDS];
};

static void __attribute__((format(printf, 3, 4)))
warn(struct context *context, enum kind kind, const char *format, ...)
{
	char text[256];
	va_list args;

	if (context->counts[kind]++ >= MAX_OF_KIND)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say_warning("%s", text);
}

static void warn_of_more(const struct context *context)
{
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		if (context->counts[kind] > MAX_OF_KIND)
			say_warning("and %u more %s", context->counts[kind] - MAX_OF_KIND,
				    kinds[kind]);
}

const char *warn_serial(__u64 serial)
{
	__u32 middle = serial >> 24 & 0xffff;

	if (middle == 0xffff || middle == 0xfffe)
		return "has FF-FF or FF-FE in the middle, like a serial made from a MAC address";
	if ((serial >> 56 & 3) != 2)
		return "is not locally administered (want 02 in the first byte, as in 02-00-5e-...): it may be another device's";
	return NULL;
}

const char *warn_zero(const char *driver)
{
	static const struct {
		const char *driver, *does;
	} minds[] = {
		{ "nfp", "does not probe without its low 16 bits" },
		{ "bnxt_en", "has no VF representors without it" },
		{ "ice", "takes all functions without one for one adapter" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(minds); i++)
		if (!strcmp(driver, minds[i].driver))
			return minds[i].does;
	return NULL;
}

const char *warn_vpd(__u32 ids)
{
	/* cxgb4 and cxgb3 read name, serial and part number of their PFs before all else */
	return ids >> 16 == 0x1425 ? "Chelsio's driver does not attach without it" : NULL;
}

/* Finds the device of a function or rule: under ARI that of all functions of its bus. */
static struct dsn_key device_of(const struct dsn_key *key)
{
	bool is_ari = pci_is_ari(key) && !pci_pf(key, &(struct dsn_key){});

	return dsn_candidate_key(is_ari ? DSN_OF_ARI_DEVICE : DSN_OF_DEVICE, *key);
}

static bool same_device(const struct dsn_key *a, const struct dsn_key *b)
{
	struct dsn_key of_a, of_b;

	if (a->domain != b->domain || a->bus != b->bus)
		return false;
	of_a = device_of(a);
	of_b = device_of(b);
	return !key_compare(&of_a, &of_b);
}

/* Returns true if the rule is one of those that change. */
static bool is_changed(const struct context *context, const struct dsn_key *key)
{
	size_t low = 0, high = context->diff->count, middle;

	while (low < high) {
		int order;

		middle = low + (high - low) / 2;
		order = key_compare(context->diff->changes[middle].key, key);
		if (!order)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void warn_serials(struct context *context)
{
	char target[KEY_LEN], serial[SERIAL_LEN];
	const char *bad;
	size_t i;

	for (i = 0; i < context->diff->count; i++) {
		const struct ruleset_change *change = &context->diff->changes[i];

		if (!change->is || change->is->policy != DSN_SERIAL)
			continue;
		bad = warn_serial(change->is->serial);
		if (!bad)
			continue;
		key_format(change->key, target);
		serial_format(change->is->serial, serial);
		warn(context, KIND_SERIAL, "%s: %s %s", target, serial, bad);
	}
}

struct numbered {
	__u64 serial;
	const struct dsn_key *key;
};

static int compare_serials(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->serial != y->serial)
		return x->serial < y->serial ? -1 : 1;
	return key_compare(x->key, y->key);
}

/* Returns the rules and claims that are serials, sorted by serial. The caller frees the array. */
static struct numbered *sort_by_serial(const struct ruleset *set, size_t *count)
{
	struct numbered *all = calloc(set->count + set->claim_count + 1, sizeof(*all));
	size_t i;

	*count = 0;
	for (i = 0; all && i < set->count; i++)
		if (set->rules[i].policy == DSN_SERIAL && !claim_find(set, &set->keys[i]))
			all[(*count)++] =
				(struct numbered){ set->rules[i].serial, &set->keys[i] };
	for (i = 0; all && i < set->claim_count; i++)
		if (set->claims[i].rule.policy == DSN_SERIAL)
			all[(*count)++] = (struct numbered){ set->claims[i].rule.serial,
							     &set->claims[i].key };
	if (all)
		qsort(all, *count, sizeof(*all), compare_serials);
	return all;
}

/* Warns of two devices that would show the same serial, one of them by a new rule. */
static void warn_doubles(struct context *context)
{
	char one[KEY_LEN], other[KEY_LEN], serial[SERIAL_LEN];
	size_t count, i;
	_cleanup_(free_ptr) struct numbered *all = sort_by_serial(context->set, &count);

	for (i = 1; i < count; i++) {
		const struct dsn_key *a = all[i - 1].key, *b = all[i].key;

		if (all[i - 1].serial != all[i].serial || same_device(a, b) ||
		    (!is_changed(context, a) && !is_changed(context, b)))
			continue;
		key_format(a, one);
		key_format(b, other);
		serial_format(all[i].serial, serial);
		warn(context, KIND_DOUBLE,
		     "%s and %s: the same serial %s: a guest that has both may take one for the other",
		     one, other, serial);
	}
}

/* Returns true if a change reaches this function. */
static bool is_touched(const struct context *context, const struct pci_function *device)
{
	struct policy policy = policy_of(context->set, &device->key);
	struct dsn_key of_device = key_of_device(&device->key);

	return is_changed(context, &policy.key) || is_changed(context, &device->key) ||
	       is_changed(context, &of_device);
}

/*
 * Warns of functions of one card that would show different serials: drivers group by it.
 */
static void warn_cards(struct context *context)
{
	char one[BDF_LEN], other[BDF_LEN], card[KEY_LEN];
	size_t i;

	for (i = 1; i < context->count; i++) {
		const struct pci_function *a = &context->devices[i - 1],
					  *b = &context->devices[i];
		struct dsn_key device;
		struct policy of_a, of_b;

		if (!a->has_dsn || !b->has_dsn || !same_device(&a->key, &b->key) ||
		    (!is_touched(context, a) && !is_touched(context, b)))
			continue;
		of_a = policy_of(context->set, &a->key);
		of_b = policy_of(context->set, &b->key);
		if (of_a.rule.policy == of_b.rule.policy &&
		    of_a.rule.serial == of_b.rule.serial)
			continue;
		bdf_format(&a->key, one);
		bdf_format(&b->key, other);
		device = device_of(&b->key);
		key_format(&device, card);
		warn(context, KIND_CARD,
		     "%s and %s are functions of one card and would differ: a rule for the device (%s) makes them agree",
		     one, other, card);
	}
}

/* Finds the driver that this kernel has for the function, or "". */
static void find_driver(struct kmod_ctx *kmod, const struct dsn_key *key, char name[64])
{
	struct kmod_list *found = NULL;
	struct kmod_module *module;
	char alias[128];

	name[0] = '\0';
	if (!kmod || !pci_alias(key, alias, sizeof(alias)) ||
	    kmod_module_new_from_lookup(kmod, alias, &found) < 0 || !found)
		return;
	module = kmod_module_get_module(found);
	snprintf(name, 64, "%s", kmod_module_get_name(module));
	kmod_module_unref(module);
	kmod_module_unref_list(found);
}

static void warn_zeros(struct context *context)
{
	char bdf[BDF_LEN], driver[64];
	const char *does;
	size_t i;

	for (i = 0; i < context->count; i++) {
		const struct pci_function *device = &context->devices[i];
		struct policy policy;

		if (!device->has_dsn || !is_touched(context, device))
			continue;
		policy = policy_of(context->set, &device->key);
		if (policy.rule.policy != DSN_SCRUB && policy.rule.policy != DSN_HIDE)
			continue;
		find_driver(context->kmod, &device->key, driver);
		does = warn_zero(driver);
		bdf_format(&device->key, bdf);
		if (does)
			warn(context, KIND_ZERO, "%s: no serial, and the driver %s %s",
			     bdf, driver, does);
	}
}

static void warn_vpds(struct context *context)
{
	char bdf[BDF_LEN];
	const char *does;
	size_t i;

	for (i = 0; i < context->count; i++) {
		const struct pci_function *device = &context->devices[i];
		struct policy policy;

		does = device->has_vpd ? warn_vpd(device->ids) : NULL;
		if (!does || !is_touched(context, device))
			continue;
		policy = policy_of(context->set, &device->key);
		if ((policy.rule.more & DSN_VPD_MASK) == DSN_VPD_PASS)
			continue;
		bdf_format(&device->key, bdf);
		warn(context, KIND_VPD, "%s: no VPD, and %s; 'vpd pass' shows it", bdf,
		     does);
	}
}

/* Warns of a rule whose function is not there, is another one, or is not affected. */
static void warn_function(struct context *context, const struct ruleset_change *change,
			  const struct pci_function *device)
{
	char bdf[BDF_LEN], ids[IDS_LEN], expected[IDS_LEN];

	bdf_format(change->key, bdf);
	if (!device) {
		warn(context, KIND_ABSENT,
		     "%s: no such function now; the rule waits for it", bdf);
		return;
	}
	if (!policy_is_met(change->is, change->key)) {
		ids_format(device->ids, ids);
		ids_format(change->is->expect, expected);
		warn(context, KIND_OTHER,
		     "%s: is %s, not %s as the rule expects; the rule is ignored", bdf,
		     ids, expected);
	} else if (!device->has_dsn && !device->has_vpd &&
		   !(change->is->more & DSN_GAPS_ZERO)) {
		warn(context, KIND_NO_DSN,
		     "%s: no Device Serial Number capability and no VPD; the rule has no effect",
		     bdf);
	} else if (strcmp(device->driver, "vfio-pci")) {
		warn(context, KIND_UNBOUND,
		     "%s: bound to %s, not vfio-pci; the rule has an effect once it is bound to that",
		     bdf, *device->driver ? device->driver : "no driver");
	}
}

/* Warns of rules that this kernel cannot carry out; they are kept for one that can. */
static void warn_degraded(struct context *context)
{
	char target[KEY_LEN];
	size_t i;

	for (i = 0; i < context->diff->count; i++) {
		const struct ruleset_change *change = &context->diff->changes[i];

		if (!change->is || !policy_is_degraded(context->effect, change->is))
			continue;
		key_format(change->key, target);
		warn(context, KIND_DEGRADED,
		     "%s: %s is degraded to scrub: nothing can be written into VMMs here",
		     target, policy_degraded_word(change->is));
	}
}

/* Finds the ids of a function, or of the first one of a device that is there; 0 if none is. */
static __u32 present_ids(const struct context *context, const struct dsn_key *key)
{
	size_t i;

	for (i = 0; i < context->count; i++) {
		struct dsn_key owner = context->devices[i].key;

		if (key->scope == DSN_SCOPE_DEVICE)
			owner = key_of_device(&owner);
		if (!key_compare(&owner, key))
			return context->devices[i].ids;
	}
	return 0;
}

/* Tells whether a rule is a claim's, which ends with its VM and takes no `expect`. */
static bool is_claims(const struct context *context, const struct ruleset_change *change)
{
	const struct claim *claim = claim_find(context->set, change->key);

	return claim && rule_equal(&claim->rule, change->is);
}

/* Warns of passes, which also show the serial or VPD of the next card in the slot. */
static void warn_untied(struct context *context)
{
	char target[KEY_LEN], remedy[32];
	bool serial;
	__u32 ids;
	size_t i;

	for (i = 0; i < context->diff->count; i++) {
		const struct ruleset_change *change = &context->diff->changes[i];

		if (!change->is || !rule_passes(change->is) || change->is->expect ||
		    change->key->scope == DSN_SCOPE_DEFAULT || is_claims(context, change))
			continue;
		serial = change->is->policy == DSN_PASS;
		key_format(change->key, target);
		strcpy(remedy, "expect VENDOR:DEVICE");
		ids = present_ids(context, change->key);
		if (ids)
			ids_format(ids, remedy + strlen("expect "));
		warn(context, KIND_UNTIED,
		     "%s: %s without 'expect': another card there would show its real %s too; add '%s'",
		     target, serial ? "pass" : "vpd pass", serial ? "serial" : "VPD",
		     remedy);
	}
}

/* Goes through changes and devices, which are in the same order. */
static void warn_targets(struct context *context)
{
	const struct pci_function *device = context->devices;
	const struct pci_function *end = device + context->count;
	size_t i;

	for (i = 0; i < context->diff->count; i++) {
		const struct ruleset_change *change = &context->diff->changes[i];
		int order = 1;

		if (!change->is || change->key->scope != DSN_SCOPE_FUNCTION)
			continue;
		while (device < end) {
			order = key_compare(&device->key, change->key);
			if (order >= 0)
				break;
			device++;
		}
		warn_function(context, change, order ? NULL : device);
	}
}

void warn_changes(const struct ruleset *set, const struct ruleset_diff *diff,
		  enum effect effect)
{
	struct context context = { .set = set, .diff = diff, .effect = effect };
	char error[128];

	if (!diff->count)
		return;
	warn_degraded(&context);
	warn_serials(&context);
	warn_doubles(&context);
	if (pci_scan(NULL, &context.devices, &context.count, error)) {
		warn_of_more(&context);
		say_warning("cannot read the PCI functions: %s", error);
		return;
	}
	context.kmod = kmod_new(NULL, NULL);
	warn_untied(&context);
	warn_targets(&context);
	warn_cards(&context);
	warn_zeros(&context);
	warn_vpds(&context);
	warn_of_more(&context);
	kmod_unref(context.kmod);
	free(context.devices);
}

void warn_claimed(const struct ruleset *set, const struct dsn_key *key)
{
	const struct claim *claim = claim_find(set, key);
	char bdf[BDF_LEN], vm[CLAIM_VM_LEN];

	if (!claim)
		return;
	bdf_format(key, bdf);
	claim_format_vm(claim, vm);
	say_warning("%s: %s has claimed it: the rule counts after 'dsnctl release'", bdf,
		    vm);
}
