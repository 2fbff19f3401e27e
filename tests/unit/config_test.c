// SPDX-License-Identifier: GPL-2.0
/* Configuration files, rules in words, sets of rules, and warnings about serials. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cmd/warn.h"
#include "model/config.h"
#include "model/ruleset.h"
#include "lib/message.h"
#include "lib/util.h"

/* A file with this text; its name is good until the next but one. */
static char *file_with(const char *text)
{
	static char names[2][32];
	static int next;
	char *name = names[next++ % 2];
	int fd;

	strcpy(name, "/tmp/dsnctl-test-XXXXXX");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return name;
}

static void entries(void **state)
{
	static const struct {
		char *words[RULE_WORDS + 1];
		int count;
		const char *printed; /* NULL: refused */
	} cases[] = {
		{ { "default", "hide" }, 2, "default hide" },
		{ { "1:2.3", "pass" }, 2, "0000:01:02.3 pass" },
		{ { "12345:01:00", "02-00-5e-10-00-00-00-01" },
		  2,
		  "12345:01:00 02-00-5e-10-00-00-00-01" },
		{ { "01:00", "scrub", "expect", "8086:10D3" },
		  4,
		  "0000:01:00 scrub expect 8086:10d3" },
		{ { "01:00.0" }, 1, NULL },
		{ { "01:00.0", "scrub", "expect" }, 3, NULL },
		{ { "01:00.0", "scrub", "except", "8086:10d3" }, 4, NULL },
		{ { "01:00.0", "scrub", "expect", "8086:10d" }, 4, NULL },
		{ { "01:00.0", "scrub", "expect", "0000:0000" }, 4, NULL },
		{ { "01:00.0", "scrub", "expect", "8086:10d3", "x" }, 5, NULL },
		{ { "default", "scrub", "expect", "8086:10d3" }, 4, NULL },
		{ { "default", "02-00-5e-10-00-00-00-01" }, 2, NULL },
		{ { "01:00.", "scrub" }, 2, NULL },
		{ { "00:01:00:00", "scrub" }, 2, NULL },
		{ { "0000:01:00:0", "scrub" }, 2, NULL },
		{ { "01:20", "scrub" }, 2, NULL },
		{ { "0", "scrub" }, 2, NULL },
	};
	char error[RULE_ERROR], text[RULE_LEN];
	struct rule entry;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		bool taken = rule_parse(cases[i].words, cases[i].count, &entry, error);

		if (taken != !!cases[i].printed)
			fail_msg("%s: %s", cases[i].words[0], taken ? "taken" : error);
		if (!taken)
			continue;
		rule_format(&entry.key, &entry.value, text);
		assert_string_equal(text, cases[i].printed);
	}
}

static void later_files_win(void **state)
{
	char *files[] = { file_with("# one\n\n01:00.0 scrub\n\tdefault pass # ok\n"),
			  file_with("01:00.0 hide\r\n02:00.0 pass") };
	struct config config = {};
	struct dsn_key key = { .bus = 1 };

	(void)state;
	assert_true(config_read(files, 2, &config));
	assert_int_equal(config.count, 3);
	assert_int_equal(config_find(&config, &key)->rule.value.policy, DSN_HIDE);
	assert_int_equal(config_find(&config, &key)->file, 1);
	assert_int_equal(config_find(&config, &key)->line, 1);
	key.bus = 3;
	assert_null(config_find(&config, &key));
	config_free(&config);
	unlink(files[0]);
	unlink(files[1]);
}

static void derived(void **state)
{
	char *file = file_with(
		"1:0.0 derive 7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07 alias ua-nic0\n"
		"2:0.0 derive 7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07 nic0 expect 8086:10d3\n"
		"3:0.0 hide # derive\n");
	struct config config = {};
	struct dsn_key key = { .bus = 1 };

	(void)state;
	if (!access(SITE_KEY_FILE, F_OK))
		skip(); /* this host's serials are others */
	assert_true(config_read(&file, 1, &config));
	assert_true(config_find(&config, &key)->rule.value.serial == 0xeac70c92a37b21ee);
	key.bus = 2;
	assert_int_equal(config_find(&config, &key)->rule.value.policy, DSN_SERIAL);
	assert_int_equal(config_find(&config, &key)->rule.value.expect, 0x808610d3);
	assert_true(config_find(&config, &key)->rule.value.serial != 0);
	key.bus = 3;
	assert_int_equal(config_find(&config, &key)->rule.value.policy, DSN_HIDE);
	config_free(&config);
	unlink(file);
}

static void bad_files(void **state)
{
	static const char *const texts[] = {
		"01:00.0 scrub\n01:00.0 scrub\n",
		"01:00.0\n",
		"scrub\n",
		"01:00.0 scrub extra\n",
		"01:00.0 derive 7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07\n",
		"01:00.0 derive nic0 7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07\n",
		"default derive 7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07 nic0\n",
		"01:00.0 derive 7c1e7a52-0d5a-4b6e-9d0f-0c3f7a0e5b07 nic0 extra\n",
		"a b c d e f g h i j k\n",
	};
	struct config config = {};
	char *file;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		file = file_with(texts[i]);
		if (config_read(&file, 1, &config))
			fail_msg("taken: %s", texts[i]);
		config_free(&config);
		unlink(file);
	}
	message_start(NULL, false);
}

static void a_set_has_a_limit(void **state)
{
	struct ruleset set = {};
	struct dsn_rule rule = { .policy = DSN_PASS };
	struct dsn_key key = {};
	unsigned int i;

	(void)state;
	for (i = 0; i < 8192; i++) {
		key.domain = i;
		assert_int_equal(ruleset_put(&set, &key, &rule), 0);
	}
	assert_int_equal(ruleset_put(&set, &key, &rule), 0);
	key.domain = i;
	assert_int_equal(ruleset_put(&set, &key, &rule), -E2BIG);
	assert_int_equal(ruleset_put(&set, &default_key, &rule), -E2BIG);
	assert_int_equal(ruleset_append(&set, &key, &rule), -E2BIG);
	assert_int_equal(set.count, 8192);
	ruleset_free(&set);
}

/* Tests that a set is sorted after any order of changes, and that sets are compared. */
static void sets(void **state)
{
	struct ruleset set = {}, copy = {};
	struct dsn_rule rule = { .policy = DSN_SERIAL };
	struct ruleset_diff diff;
	unsigned int i;

	(void)state;
	for (i = 0; i < 1000; i++) {
		struct dsn_key key = { .bus = i * 37 % 256, .devfn = i * 11 % 256 };

		rule.serial = i + 1;
		assert_int_equal(ruleset_put(&set, &key, &rule), 0);
	}
	for (i = 1; i < set.count; i++)
		assert_true(key_compare(&set.keys[i - 1], &set.keys[i]) < 0);
	assert_int_equal(ruleset_copy(&copy, &set), 0);
	assert_int_equal(ruleset_compare(&set, &copy, &diff), 0);
	assert_int_equal(diff.count, 0);
	free(diff.changes);
	ruleset_remove(&copy, &set.keys[5]);
	rule.serial = 0x0200000000000000;
	ruleset_put(&copy, &set.keys[7], &rule);
	ruleset_put(&copy, &default_key, &rule);
	assert_int_equal(ruleset_compare(&set, &copy, &diff), 0);
	assert_int_equal(diff.count, 3);
	assert_null(diff.changes[0].is);
	assert_true(diff.changes[1].was && diff.changes[1].is);
	assert_null(diff.changes[2].was);
	free(diff.changes);
	ruleset_free(&set);
	ruleset_free(&copy);
}

static void advice(void **state)
{
	(void)state;
	assert_null(warn_serial(0x02005e1000000001));
	assert_null(warn_serial(0xfe005e1000000001));
	assert_non_null(warn_serial(0x00005e1000000001)); /* universal */
	assert_non_null(warn_serial(0x03005e1000000001)); /* a group */
	assert_non_null(warn_serial(0x02005effff000001));
	assert_non_null(warn_serial(0x02005efffe000001));
	assert_non_null(warn_zero("ice"));
	assert_non_null(warn_zero("nfp"));
	assert_null(warn_zero("e1000e"));
	assert_null(warn_zero(""));
	assert_non_null(warn_vpd(0x14255401));
	assert_null(warn_vpd(0x15b31017));
	assert_null(warn_vpd(0x00001425));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries),
		cmocka_unit_test(later_files_win),
		cmocka_unit_test(derived),
		cmocka_unit_test(bad_files),
		cmocka_unit_test(sets),
		cmocka_unit_test(advice),
		cmocka_unit_test(a_set_has_a_limit),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
