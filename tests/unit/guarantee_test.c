// SPDX-License-Identifier: GPL-2.0
/* What is promised: every ground on which it must be less than proven. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include "guarantee.h"
#include "util.h"

#define ON true
#define OFF false

static const struct {
	enum dsn_hook hook;
	enum dsn_guard guard;
	struct running host;
	struct dsn_missed missed;
	enum level level;
} cases[] = {
	{ DSN_HOOK_NONE,
	  DSN_GUARD_OFF,
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  {},
	  LEVEL_NOT_PROTECTED },
	{ DSN_HOOK_FEXIT, DSN_GUARD_OFF, { PREEMPTION_NONE, ON, ON }, {}, LEVEL_PROVEN },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_OFF,
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  {},
	  LEVEL_PROVEN },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_OFF,
	  { PREEMPTION_FULL, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_OFF,
	  { PREEMPTION_LAZY, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_OFF,
	  { PREEMPTION_RT, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_OFF,
	  { PREEMPTION_UNKNOWN, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT },
	/* skipped all the same: whatever the model says now */
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_OFF,
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  { 1, 0 },
	  LEVEL_BEST_EFFORT },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_OFF,
	  { PREEMPTION_VOLUNTARY, OFF, ON },
	  {},
	  LEVEL_NOT_PROTECTED },
	{ DSN_HOOK_KPROBE,
	  DSN_GUARD_OFF,
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT },
	{ DSN_HOOK_KPROBE,
	  DSN_GUARD_OFF,
	  { PREEMPTION_VOLUNTARY, ON, OFF },
	  {},
	  LEVEL_NOT_PROTECTED },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_TRACEPOINT,
	  { PREEMPTION_FULL, ON, ON },
	  {},
	  LEVEL_PROVEN },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_TRACEPOINT,
	  { PREEMPTION_FULL, OFF, ON },
	  {},
	  LEVEL_PROVEN },
	{ DSN_HOOK_KPROBE,
	  DSN_GUARD_TRACEPOINT,
	  { PREEMPTION_FULL, ON, ON },
	  {},
	  LEVEL_PROVEN },
	/* what the hook misses is what the guard is for; what the guard misses is not */
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_TRACEPOINT,
	  { PREEMPTION_FULL, ON, ON },
	  { 9, 0 },
	  LEVEL_PROVEN },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_TRACEPOINT,
	  { PREEMPTION_FULL, ON, ON },
	  { 0, 1 },
	  LEVEL_BEST_EFFORT },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_TRACEPOINT,
	  { PREEMPTION_RT, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_REALTIME,
	  { PREEMPTION_RT, ON, ON },
	  {},
	  LEVEL_PROVEN },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_REALTIME,
	  { PREEMPTION_RT, OFF, ON },
	  {},
	  LEVEL_NOT_PROTECTED },
	{ DSN_HOOK_FEXIT, DSN_GUARD_LSM, { PREEMPTION_LAZY, ON, ON }, {}, LEVEL_PROVEN },
	{ DSN_HOOK_FEXIT,
	  DSN_GUARD_LSM,
	  { PREEMPTION_LAZY, OFF, ON },
	  {},
	  LEVEL_NOT_PROTECTED },
	/* a kernel that allows no writing; locked down, it does not tell its model either */
	{ DSN_HOOK_PERMISSION,
	  DSN_GUARD_REFUSE,
	  { PREEMPTION_UNKNOWN, ON, ON },
	  {},
	  LEVEL_WITHHELD },
	{ DSN_HOOK_PERMISSION,
	  DSN_GUARD_REFUSE,
	  { PREEMPTION_FULL, ON, OFF },
	  { 9, 0 },
	  LEVEL_WITHHELD },
	{ DSN_HOOK_PERMISSION,
	  DSN_GUARD_REFUSE,
	  { PREEMPTION_FULL, ON, ON },
	  { 0, 1 },
	  LEVEL_BEST_EFFORT },
	{ DSN_HOOK_PERMISSION,
	  DSN_GUARD_REFUSE,
	  { PREEMPTION_VOLUNTARY, OFF, ON },
	  {},
	  LEVEL_NOT_PROTECTED },
	{ DSN_HOOK_PERMISSION,
	  DSN_GUARD_OFF,
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  {},
	  LEVEL_WITHHELD },
	{ DSN_HOOK_PERMISSION,
	  DSN_GUARD_OFF,
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  { 1, 0 },
	  LEVEL_BEST_EFFORT },
	{ DSN_HOOK_PERMISSION,
	  DSN_GUARD_OFF,
	  { PREEMPTION_UNKNOWN, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT },
};

static void levels(void **state)
{
	struct guarantee guarantee;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		guarantee_find(&guarantee,
			       &(struct loaded){ .hook = cases[i].hook,
						 .guard = cases[i].guard },
			       &cases[i].host, &cases[i].missed, "");
		if (guarantee.level != cases[i].level)
			fail_msg("case %zu: %s, not %s", i, level_name(guarantee.level),
				 level_name(cases[i].level));
		/* less than the best names a way to it */
		assert_true(guarantee.level == LEVEL_PROVEN || guarantee.remedy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(levels) };

	return cmocka_run_group_tests_name("guarantee", tests, NULL, NULL);
}
