// SPDX-License-Identifier: GPL-2.0
/* pci_scan() over a captured config space, and rules in memory. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "model/pci.h"
#include "model/policy.h"
#include "lib/util.h"

/* The output of `lspci -xxxx` for an e1000e and a bridge without a serial. */
static void scan(void **state)
{
	struct pci_function *devices;
	char error[128] = "";
	size_t count;

	(void)state;
	assert_int_equal(pci_scan("tests/unit/e1000e.lspci", &devices, &count, error), 0);
	assert_int_equal(count, 2);
	assert_false(devices[0].has_dsn);
	assert_true(devices[1].has_dsn);
	assert_int_equal(devices[1].key.domain, 0x10000);
	assert_int_equal(devices[1].key.devfn, 4 << 3);
	assert_true(devices[1].serial == 0x525400ffff123456ULL);
	free(devices);
}

/* The e1000e with other bytes in its extended space, as `lspci -xxxx` would print it. */
static const char *closed_with(unsigned int at, const char *bytes)
{
	static const char name[] = "build/tests/unit/changed.lspci";
	_cleanup_(close_file) FILE *from = fopen("tests/unit/e1000e.lspci", "re");
	_cleanup_(close_file) FILE *to = fopen(name, "we");
	char line[128], wanted[8], error[128] = "";
	struct pci_function *devices;
	const char *closed;
	size_t count;

	assert_non_null(from);
	assert_non_null(to);
	snprintf(wanted, sizeof(wanted), "%03x: ", at);
	while (fgets(line, sizeof(line), from)) {
		if (!strncmp(line, wanted, strlen(wanted)))
			memcpy(line + strlen(wanted), bytes, strlen(bytes));
		fputs(line, to);
	}
	fflush(to);
	assert_int_equal(pci_scan(name, &devices, &count, error), 0);
	assert_int_equal(count, 2);
	assert_null(devices[0].closed); /* it has no such space */
	closed = devices[1].closed;
	free(devices);
	return closed;
}

static void closed_spaces(void **state)
{
	(void)state;
	assert_null(closed_with(0x100, ""));
	assert_string_equal(closed_with(0x100, "00 00 00 00"),
			    "no extended capabilities");
	/* an unknown ID first: its low byte is what vfio keeps */
	assert_null(closed_with(0x100, "fd 12 01 14"));
	assert_string_equal(closed_with(0x100, "fe 12 01 14"),
			    "broken chain: the ID of the first capability");
	assert_string_equal(closed_with(0x100, "ff 12 01 14"),
			    "broken chain: the ID of the first capability");
	/* behind it, a vendor's capability of 4 bytes and of 3 */
	assert_null(closed_with(0x140, "0b 00 01 00 00 00 40 00"));
	assert_string_equal(closed_with(0x140, "0b 00 01 00 00 00 30 00"),
			    "broken chain: the length of a vendor's capability");
	/* a chain that comes back on itself ends */
	assert_null(closed_with(0x140, "03 00 01 10"));
}

static void scan_of_nothing(void **state)
{
	struct pci_function *devices;
	char error[128] = "";
	size_t count;

	(void)state;
	assert_int_equal(pci_scan("tests/unit/none", &devices, &count, error), -EIO);
	assert_string_not_equal(error, "");
	assert_null(devices);
}

static void rules_in_memory(void **state)
{
	struct dsn_rule rule = { .serial = 1, .policy = DSN_SERIAL };
	struct dsn_key key = {};
	struct ruleset set = {};
	unsigned int i;

	(void)state;
	assert_int_equal(policy_default(&set).policy, DSN_SCRUB);
	/* 641 and 1000 have no common factor: every devfn and bus comes once, in no order */
	for (i = 0; i < 1000; i++) {
		key.bus = i * 641 % 1000 >> 8;
		key.devfn = i * 641 % 1000;
		rule.serial = key.bus << 8 | key.devfn;
		assert_int_equal(ruleset_put(&set, &key, &rule), 0);
	}
	rule.policy = DSN_PASS;
	assert_int_equal(ruleset_put(&set, &default_key, &rule), 0);
	assert_int_equal(set.count, 1001);
	assert_int_equal(policy_default(&set).policy, DSN_PASS);
	for (i = 0; i < 1000; i++) {
		key.bus = i >> 8;
		key.devfn = i;
		assert_true(ruleset_find(&set, &key)->serial == i);
		if (i % 2)
			ruleset_remove(&set, &key);
	}
	assert_int_equal(set.count, 501);
	key.bus = 0;
	key.devfn = 1;
	assert_null(ruleset_find(&set, &key));
	assert_int_equal(policy_of(&set, &key).key.scope, DSN_SCOPE_DEFAULT);
	key.devfn = 2;
	assert_int_equal(policy_of(&set, &key).key.scope, DSN_SCOPE_FUNCTION);
	ruleset_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan),
		cmocka_unit_test(closed_spaces),
		cmocka_unit_test(scan_of_nothing),
		cmocka_unit_test(rules_in_memory),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
