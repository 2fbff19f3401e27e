// SPDX-License-Identifier: GPL-2.0
/* Addresses and values: what is taken, what is refused, what is printed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "model/key.h"
#include "model/policy.h"
#include "model/rule.h"
#include "lib/util.h"

static void bdf_taken(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{ "0000:01:00.0", "0000:01:00.0" },
		{ "01:00.0", "0000:01:00.0" },
		{ "1:0.7", "0000:01:00.7" },
		{ "10000:E1:1f.3", "10000:e1:1f.3" },
		{ "ffffffff:ff:1f.7", "ffffffff:ff:1f.7" },
		{ "0:0:0.0", "0000:00:00.0" },
	};
	char text[BDF_LEN];
	struct dsn_key key;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (bdf_parse(cases[i].text, &key))
			fail_msg("%s: %s", cases[i].text, bdf_parse(cases[i].text, &key));
		bdf_format(&key, text);
		assert_string_equal(text, cases[i].printed);
	}
}

static void bdf_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"0000:01:00",
		"01:00.8",
		"01:20.0",
		"0000:01:00.0x",
		" 01:00.0",
		"01:00.0 ",
		"0000:01:00.",
		"*:01:00.0",
		"0000:01:00.*",
		"100000000:01:00.0",
		"0000:100:00.0",
		"0000:01:000.0",
		"g:01:00.0",
		"::0.0",
		"0000:01:00.00",
		"-1:00.0",
		"0x1:00.0",
		"01:00,0",
		"0000:01:0:0.0",
	};
	struct dsn_key key;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!bdf_parse(cases[i], &key))
			fail_msg("'%s' was taken", cases[i]);
}

static void rule_taken(void **state)
{
	static const struct {
		const char *text, *printed;
		__u32 policy;
	} cases[] = {
		{ "scrub", "scrub", DSN_SCRUB },
		{ "pass", "pass", DSN_PASS },
		{ "02-00-5e-10-00-00-00-01", "02-00-5e-10-00-00-00-01", DSN_SERIAL },
		{ "02:00:5E:10:00:00:00:01", "02-00-5e-10-00-00-00-01", DSN_SERIAL },
		{ "02005e1000000001", "02-00-5e-10-00-00-00-01", DSN_SERIAL },
		{ "0x02005e1000000001", "02-00-5e-10-00-00-00-01", DSN_SERIAL },
		{ "abcdef0123456789", "ab-cd-ef-01-23-45-67-89", DSN_SERIAL },
		{ "00-00-00-00-00-00-00-00", "scrub", DSN_SCRUB },
	};
	char text[SERIAL_LEN];
	struct dsn_rule rule;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		if (value_parse(cases[i].text, &rule))
			fail_msg("%s: %s", cases[i].text,
				 value_parse(cases[i].text, &rule));
		assert_int_equal(rule.policy, cases[i].policy);
		value_format(&rule, text);
		assert_string_equal(text, cases[i].printed);
	}
	assert_null(value_parse("52-54-00-ff-ff-12-34-56", &rule));
	assert_true(rule.serial == 0x525400ffff123456ULL);
}

static void rule_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"Scrub",
		"hidden",
		"ff-ff-ff-ff-ff-ff-ff-ff",
		"0xffffffffffffffff",
		"02-00-5e-10-00-00-00",
		"02-00-5e-10-00-00-00-01-",
		"02-00-5e-10-00-00-00-01 ",
		"02-00:5e-10-00-00-00-01",
		"2-0-5e-10-0-0-0-1",
		"0x2005e1000000001",
		"02005e10000000010",
		"0x0x02005e10000000",
		"-2-00-5e-10-00-00-00-01",
		"02-00-5g-10-00-00-00-01",
		"default",
	};
	struct dsn_rule rule;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!value_parse(cases[i], &rule))
			fail_msg("'%s' was taken", cases[i]);
}

/* Parses words, separated by spaces. Returns the fault, or NULL. */
static const char *parse_line(const char *line, struct rule *rule)
{
	static char error[RULE_ERROR];
	char text[128], *words[RULE_WORDS + 1], *rest = text, *word;
	int count = 0;

	strcpy(text, line);
	while ((word = strsep(&rest, " ")) && count <= RULE_WORDS)
		words[count++] = word;
	return rule_parse(words, count, rule, error) ? NULL : error;
}

/* Settings after the value, in either form and any order, and printed if it is not usual. */
static void settings_taken(void **state)
{
	static const struct {
		const char *text, *printed;
		__u8 more;
	} cases[] = {
		{ "scrub", "scrub", 0 },
		{ "scrub vpd empty gaps pass", "scrub", DSN_VPD_EMPTY },
		{ "scrub vpd=hide", "scrub vpd hide", DSN_VPD_HIDE },
		{ "hide gaps=zero vpd pass", "hide vpd pass gaps zero",
		  DSN_VPD_PASS | DSN_GAPS_ZERO },
		{ "02005e1000000001 gaps zero", "02-00-5e-10-00-00-00-01 gaps zero",
		  DSN_GAPS_ZERO },
		/* what passes the serial passes VPD, unless it says otherwise */
		{ "pass", "pass", DSN_VPD_PASS },
		{ "pass vpd=pass", "pass", DSN_VPD_PASS },
		{ "pass vpd=empty", "pass vpd empty", DSN_VPD_EMPTY },
		{ "scrub expect=8086:10d3 vpd=hide", "scrub vpd hide expect 8086:10d3",
		  DSN_VPD_HIDE },
	};
	char line[128], text[RULE_LEN];
	struct rule rule, again;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		sprintf(line, "0000:01:00.0 %s", cases[i].text);
		if (parse_line(line, &rule))
			fail_msg("%s: %s", line, parse_line(line, &rule));
		assert_int_equal(rule.value.more, cases[i].more);
		rule_format(&rule.key, &rule.value, text);
		assert_string_equal(text + strlen("0000:01:00.0 "), cases[i].printed);
		assert_null(parse_line(text, &again));
		assert_true(rule_equal(&rule.value, &again.value));
	}
	assert_null(parse_line("default scrub gaps=zero", &rule));
}

static void settings_refused(void **state)
{
	static const char *const cases[] = {
		"1:0.0 scrub vpd",
		"1:0.0 scrub vpd=",
		"1:0.0 scrub vpd zero",
		"1:0.0 scrub gaps=empty",
		"1:0.0 scrub gaps=",
		"1:0.0 scrub VPD=empty",
		"1:0.0 scrub vpd=hide=hide",
		"1:0.0 scrub vpd hide vpd hide",
		"1:0.0 scrub vpds=hide",
		"1:0.0 scrub =hide",
		"1:0.0=scrub vpd=hide",
		"1:0.0 vpd=hide",
		"default scrub expect 8086:10d3",
	};
	struct rule rule;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		if (!parse_line(cases[i], &rule))
			fail_msg("'%s' was taken", cases[i]);
}

static void settings_differ(void **state)
{
	struct dsn_rule a = { .policy = DSN_SCRUB }, b = a;

	(void)state;
	assert_true(rule_equal(&a, &b));
	b.more = DSN_VPD_HIDE;
	assert_false(rule_equal(&a, &b));
	b.more = DSN_GAPS_ZERO;
	assert_false(rule_equal(&a, &b));
	/* a value that this version does not know reads as the programs read it */
	b.more = 7;
	assert_string_equal(vpd_name(&b), "empty");
}

/* Programs that write nothing into VMMs withhold VPD, and cannot hide its capability. */
static void settings_withheld(void **state)
{
	struct dsn_rule hide = { .policy = DSN_SCRUB,
				 .more = DSN_VPD_HIDE | DSN_GAPS_ZERO };
	struct dsn_rule shown = policy_under(EFFECT_WITHHOLD, &hide);

	(void)state;
	assert_true(policy_is_degraded(EFFECT_WITHHOLD, &hide));
	assert_false(policy_is_degraded(EFFECT_WRITE, &hide));
	assert_string_equal(policy_degraded_word(&hide), "vpd hide");
	assert_int_equal(shown.more, DSN_VPD_EMPTY | DSN_GAPS_ZERO);
	hide.policy = DSN_HIDE;
	assert_string_equal(policy_degraded_word(&hide), "hide");
	hide = (struct dsn_rule){ .policy = DSN_PASS, .more = DSN_VPD_PASS };
	assert_false(policy_is_degraded(EFFECT_WITHHOLD, &hide));
	assert_int_equal(policy_under(EFFECT_WITHHOLD, &hide).more, DSN_VPD_PASS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bdf_taken),	   cmocka_unit_test(bdf_refused),
		cmocka_unit_test(rule_taken),	   cmocka_unit_test(rule_refused),
		cmocka_unit_test(settings_taken),  cmocka_unit_test(settings_refused),
		cmocka_unit_test(settings_differ), cmocka_unit_test(settings_withheld),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
