// SPDX-License-Identifier: GPL-2.0
/* Tests the order of precedence of rules: which keys, and for whose ids. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "model/policy.h"
#include "dsn_precedence.h"
#include "lib/util.h"

static const struct dsn_key vf = { .domain = 0x10000, .bus = 3, .devfn = 0x15 };
static const struct dsn_key pf = { .domain = 0x10000, .bus = 2, .devfn = 0x0b };

static void keys_are_in_order(void **state)
{
	static const struct {
		__u8 bus, devfn, scope;
		bool of_pf;
	} wanted[DSN_CANDIDATES] = {
		{ 3, 0x15, DSN_SCOPE_FUNCTION, false },
		{ 3, 0x10, DSN_SCOPE_DEVICE, false },
		{ 3, 0, DSN_SCOPE_DEVICE, false },
		{ 2, 0x0b, DSN_SCOPE_FUNCTION, true },
		{ 2, 0x08, DSN_SCOPE_DEVICE, true },
		{ 2, 0, DSN_SCOPE_DEVICE, true },
		{ 0, 0, DSN_SCOPE_DEFAULT, false },
	};
	__u32 i;

	(void)state;
	for (i = 0; i < DSN_CANDIDATES; i++) {
		struct dsn_key key = dsn_candidate_key(i, wanted[i].of_pf ? pf : vf);

		assert_int_equal(!!dsn_is_of_pf(i), wanted[i].of_pf);
		assert_int_equal(key.bus, wanted[i].bus);
		assert_int_equal(key.devfn, wanted[i].devfn);
		assert_int_equal(key.scope, wanted[i].scope);
		assert_int_equal(key.domain,
				 key.scope == DSN_SCOPE_DEFAULT ? 0 : 0x10000);
		assert_int_equal(key.reserved, 0);
	}
}

static void only_some_are_candidates(void **state)
{
	static const struct {
		bool is_vf, is_ari;
		const char *candidates; /* in the order of enum dsn_candidate */
	} cases[] = {
		{ false, false, "yynnnny" },
		{ false, true, "yyynnny" },
		{ true, false, "yynyyny" },
		{ true, true, "yynyyyy" },
	};
	size_t i;
	__u32 j;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		for (j = 0; j < DSN_CANDIDATES; j++)
			assert_int_equal(
				!!dsn_is_candidate(j, cases[i].is_vf, cases[i].is_ari),
				cases[i].candidates[j] == 'y');
}

/* Removes the effective rule again and again: the next one comes after it. */
static void the_first_rule_counts(void **state)
{
	static const __u32 order[] = { DSN_OF_FUNCTION, DSN_OF_DEVICE, DSN_OF_DEFAULT };
	struct ruleset set = {};
	struct policy policy;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		struct dsn_key key = dsn_candidate_key(order[i], vf);
		struct dsn_rule rule = { .policy = DSN_SERIAL, .serial = i + 1 };

		assert_int_equal(ruleset_put(&set, &key, &rule), 0);
	}
	for (i = 0; i < ARRAY_SIZE(order); i++) {
		policy = policy_of(&set, &vf);
		assert_int_equal(policy.rule.serial, i + 1);
		assert_false(policy.from_pf);
		ruleset_remove(&set, &policy.key);
	}
	policy = policy_of(&set, &vf);
	assert_int_equal(policy.rule.policy, DSN_SCRUB);
	assert_int_equal(policy.key.scope, DSN_SCOPE_DEFAULT);
	ruleset_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_in_order),
		cmocka_unit_test(only_some_are_candidates),
		cmocka_unit_test(the_first_rule_counts),
	};

	return cmocka_run_group_tests_name("precedence", tests, NULL, NULL);
}
