// SPDX-License-Identifier: GPL-2.0
/* Tests the table of counters: a row for each field of dsn_totals, and one only. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "kernel/stats.h"
#include "lib/util.h"

static void every_total_has_a_row(void **state)
{
	size_t fields = sizeof(struct dsn_totals) / sizeof(__u64), field, i, rows;

	(void)state;
	for (field = 0; field < fields; field++) {
		rows = 0;
		for (i = 0; i < STATS_COUNTERS; i++)
			rows += stats_counters[i].offset ==
				offsetof(struct stats, totals) + field * sizeof(__u64);
		if (rows != 1)
			fail_msg("field %zu of dsn_totals has %zu rows", field, rows);
	}
}

static void rows_are_complete(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < STATS_COUNTERS; i++) {
		const struct counter *counter = &stats_counters[i];

		assert_non_null(counter->name);
		assert_true(*counter->help && !strchr(counter->help, '.'));
		assert_true(!strcmp(counter->type, "counter") ||
			    !strcmp(counter->type, "gauge"));
		for (j = 0; j < i; j++)
			assert_string_not_equal(counter->name, stats_counters[j].name);
	}
}

static void a_value_is_that_of_its_field(void **state)
{
	struct stats stats = { .rules = 3, .missed = 5, .totals.collapsed = 7 };
	__u64 sum = 0;
	size_t i;

	(void)state;
	for (i = 0; i < STATS_COUNTERS; i++)
		sum += counter_value(&stats, &stats_counters[i]);
	assert_int_equal(sum, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_total_has_a_row),
		cmocka_unit_test(rows_are_complete),
		cmocka_unit_test(a_value_is_that_of_its_field),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
