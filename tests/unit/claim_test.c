// SPDX-License-Identifier: GPL-2.0
/* Claims over rules: what a function shows, what a map holds of it, and names of VMs. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "model/claim.h"
#include "model/key.h"
#include "model/policy.h"
#include "model/rule.h"
#include "model/ruleset.h"
#include "lib/util.h"

static const struct dsn_rule hide = { .policy = DSN_HIDE },
			     pass = { .policy = DSN_PASS, .flags = DSN_RULE_FILE };

/* A claim of a function of bus 1. */
static struct claim claim_of(__u8 devfn, __u8 vm, const char *name)
{
	struct claim claim = { .key = { .bus = 1, .devfn = devfn },
			       .rule = { .policy = DSN_SERIAL, .serial = devfn + 1 } };

	memset(claim.uuid, vm, sizeof(claim.uuid));
	strcpy(claim.name, name);
	return claim;
}

static int by_key(const void *a, const void *b)
{
	return key_compare(&((const struct rule *)a)->key,
			   &((const struct rule *)b)->key);
}

/* Sorts what a map would give back in any order, and reads it. */
static struct ruleset read_back(const struct ruleset *raw)
{
	struct rule pairs[64];
	struct ruleset set = {};
	size_t i;

	assert_true(raw->count <= ARRAY_SIZE(pairs));
	for (i = 0; i < raw->count; i++)
		pairs[i] = (struct rule){ .key = raw->keys[i], .value = raw->rules[i] };
	qsort(pairs, raw->count, sizeof(*pairs), by_key);
	for (i = 0; i < raw->count; i++)
		assert_int_equal(ruleset_append(&set, &pairs[i].key, &pairs[i].value), 0);
	assert_int_equal(claims_split(&set), 0);
	return set;
}

/* The claim's rule stands at the function's own key, where the programs look. */
static void a_map(void **state)
{
	static const char long_name[] =
		"123456789012345678901234567890123456789012345678901234567890123";
	struct claim over = claim_of(0, 7, "build-7"), alone = claim_of(8, 9, long_name),
		     nameless = claim_of(16, 11, "");
	struct ruleset set = {}, raw, back;
	struct ruleset_diff diff;
	struct dsn_key device = { .bus = 1, .scope = DSN_SCOPE_DEVICE };
	size_t i, own = 0;

	(void)state;
	assert_int_equal(ruleset_put(&set, &over.key, &pass), 0);
	assert_int_equal(ruleset_put(&set, &device, &hide), 0);
	assert_int_equal(ruleset_put(&set, &default_key, &hide), 0);
	assert_int_equal(claim_put(&set, &nameless), 0);
	assert_int_equal(claim_put(&set, &over), 0);
	assert_int_equal(claim_put(&set, &alone), 0);
	assert_int_equal(claims_join(&set, &raw), 0);
	for (i = 0; i < raw.count; i++) {
		if (raw.keys[i].scope != DSN_SCOPE_FUNCTION)
			continue;
		own++;
		assert_true(raw.rules[i].serial == raw.keys[i].devfn + 1UL);
	}
	assert_int_equal(own, 3);
	back = read_back(&raw);
	assert_int_equal(ruleset_compare(&set, &back, &diff), 0);
	assert_int_equal(diff.count, 0);
	assert_false(diff.flags);
	free(diff.changes);
	assert_int_equal(claims_compare(&set, &back, &diff), 0);
	assert_int_equal(diff.count, 0);
	assert_int_equal(back.claim_count, 3);
	assert_string_equal(back.claims[1].name, long_name);
	free(diff.changes);
	ruleset_free(&set);
	ruleset_free(&raw);
	ruleset_free(&back);
}

/* Records without the rule that they are about are as if there were none. */
static void half_a_claim(void **state)
{
	struct claim claim = claim_of(0, 7, "build-7");
	struct ruleset set = {}, raw, back;

	(void)state;
	assert_int_equal(claim_put(&set, &claim), 0);
	assert_int_equal(claims_join(&set, &raw), 0);
	assert_int_equal(raw.keys[0].scope, DSN_SCOPE_FUNCTION);
	raw.keys[0].devfn = 32;
	back = read_back(&raw);
	assert_int_equal(back.claim_count, 0);
	assert_int_equal(back.count, 1);
	ruleset_free(&set);
	ruleset_free(&raw);
	ruleset_free(&back);
}

static void above_rules(void **state)
{
	struct claim claim = claim_of(0, 7, "");
	struct dsn_key device = { .bus = 1, .scope = DSN_SCOPE_DEVICE };
	struct ruleset set = {}, copy, again;
	struct ruleset_diff diff;
	struct policy policy;
	char source[POLICY_SOURCE_LEN];

	(void)state;
	assert_int_equal(ruleset_put(&set, &device, &hide), 0);
	assert_int_equal(ruleset_copy(&copy, &set), 0);
	assert_int_equal(claim_put(&copy, &claim), 0);
	policy = policy_of(&copy, &claim.key);
	assert_int_equal(policy.rule.policy, DSN_SERIAL);
	policy_source(&policy, source);
	assert_string_equal(source, "claim");
	assert_int_equal(claims_compare(&set, &copy, &diff), 0);
	assert_int_equal(diff.count, 1);
	assert_null(diff.changes[0].was);
	assert_int_equal(diff.changes[0].is->serial, 1);
	free(diff.changes);
	assert_int_equal(ruleset_copy(&again, &copy), 0);
	assert_int_equal(policy_of(&again, &claim.key).rule.policy, DSN_SERIAL);
	ruleset_free(&again);
	/* a rule set meanwhile is found below, and counts after the claim */
	assert_int_equal(ruleset_put(&copy, &claim.key, &pass), 0);
	assert_int_equal(policy_of(&copy, &claim.key).rule.policy, DSN_SERIAL);
	assert_int_equal(ruleset_find(&copy, &claim.key)->policy, DSN_PASS);
	claim_remove(&copy, &claim.key);
	claim_remove(&copy, &claim.key);
	assert_int_equal(policy_of(&copy, &claim.key).rule.policy, DSN_PASS);
	assert_null(policy_of(&copy, &claim.key).claim);
	ruleset_free(&set);
	ruleset_free(&copy);
}

/* Each difference of a claim is one, so that it is put in force. */
static void differences(void **state)
{
	struct claim claims[4] = { claim_of(0, 7, "a"), claim_of(0, 7, "a"),
				   claim_of(0, 7, "a"), claim_of(0, 7, "a") };
	struct ruleset old = {}, new = {};
	struct ruleset_diff diff;
	size_t i;

	(void)state;
	claims[1].uuid[15]++;
	strcpy(claims[2].name, "b");
	claims[3].rule.serial++;
	assert_int_equal(claim_put(&old, &claims[0]), 0);
	for (i = 0; i < ARRAY_SIZE(claims); i++) {
		assert_int_equal(claim_put(&new, &claims[i]), 0);
		assert_int_equal(new.claim_count, 1);
		assert_int_equal(claims_compare(&old, &new, &diff), 0);
		assert_int_equal(diff.count, !!i);
		free(diff.changes);
	}
	claim_remove(&new, &claims[0].key);
	assert_int_equal(claims_compare(&old, &new, &diff), 0);
	assert_int_equal(diff.count, 1);
	assert_null(diff.changes[0].is);
	free(diff.changes);
	ruleset_free(&old);
	ruleset_free(&new);
}

static void names(void **state)
{
	struct claim claim = claim_of(0, 0x11, "build-7");
	char text[CLAIM_VM_LEN];

	(void)state;
	assert_null(claim_name_fault("build-7"));
	assert_null(claim_name_fault("f\xc3\xbcr den Gast"));
	assert_null(claim_name_fault(
		"123456789012345678901234567890123456789012345678901234567890123"));
	assert_non_null(claim_name_fault(
		"1234567890123456789012345678901234567890123456789012345678901234"));
	assert_non_null(claim_name_fault(""));
	assert_non_null(claim_name_fault("a\nb"));
	assert_non_null(claim_name_fault("a\x1b[2J"));
	assert_non_null(claim_name_fault("\xc2\x9b"));
	assert_non_null(claim_name_fault("\xfc"));
	claim_format_vm(&claim, text);
	assert_string_equal(text, "VM build-7 (11111111-1111-1111-1111-111111111111)");
	claim.name[0] = '\0';
	claim_format_vm(&claim, text);
	assert_string_equal(text, "VM 11111111-1111-1111-1111-111111111111");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_map),       cmocka_unit_test(half_a_claim),
		cmocka_unit_test(above_rules), cmocka_unit_test(differences),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
