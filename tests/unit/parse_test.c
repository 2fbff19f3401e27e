// SPDX-License-Identifier: GPL-2.0
/* Addresses and values: what is taken, what is refused, what is printed. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "model/key.h"
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bdf_taken),
		cmocka_unit_test(bdf_refused),
		cmocka_unit_test(rule_taken),
		cmocka_unit_test(rule_refused),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
