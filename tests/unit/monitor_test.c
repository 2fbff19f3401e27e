// SPDX-License-Identifier: GPL-2.0
/* Tests the words of `monitor`, and on which kernels it must not ask for events. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <bpf/btf.h>
#include "kernel/stats.h"
#include "kernel/host.h"
#include "lib/util.h"

static const struct {
	struct dsn_event event;
	const char *name;
	bool reason;
} cases[] = {
	{ { .policy = DSN_SCRUB }, "scrubbed", false },
	{ { .policy = DSN_SERIAL }, "serial", false },
	{ { .policy = DSN_PASS }, "passed", false },
	{ { .policy = DSN_HIDE }, "hidden", false },
	/* as the rewrite takes it */
	{ { .policy = 99 }, "scrubbed", false },
	{ { .fate = DSN_FATE_KILLED, .reason = DSN_REASON_WRITE }, "killed", true },
	{ { .fate = DSN_FATE_KILLED, .reason = 99 }, "killed", true },
	{ { .fate = DSN_FATE_REFUSED }, "refused", true },
	{ { .fate = DSN_FATE_STOPPED, .reason = DSN_REASON_WRITE }, "stopped", true },
};

static void names_what_was_done(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(fate_name(&cases[i].event), cases[i].name);
		assert_int_equal(!!fate_reason(&cases[i].event), cases[i].reason);
	}
}

/* Types of a kernel whose struct bpf_ringbuf has a lock of this type; none for NULL. */
static bool sleeps_with(const char *lock)
{
	struct btf *btf = btf__new_empty();
	int number, type;
	bool sleeps;

	assert_non_null(btf);
	number = btf__add_int(btf, "int", 4, 0);
	if (lock) {
		type = btf__add_typedef(btf, lock, number);
		assert_true(btf__add_struct(btf, "bpf_ringbuf", 8) > 0);
		assert_int_equal(btf__add_field(btf, "mask", number, 0, 0), 0);
		assert_int_equal(btf__add_field(btf, "spinlock", type, 32, 0), 0);
	}
	sleeps = host_ringbuf_sleeps_in(btf);
	btf__free(btf);
	return sleeps;
}

static void knows_the_lock_that_sleeps(void **state)
{
	(void)state;
	assert_true(sleeps_with("spinlock_t"));
	assert_false(sleeps_with("raw_spinlock_t"));
	assert_false(sleeps_with("rqspinlock_t"));
	assert_false(sleeps_with(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_was_done),
		cmocka_unit_test(knows_the_lock_that_sleeps),
	};

	return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
