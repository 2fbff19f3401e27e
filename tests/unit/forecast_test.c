// SPDX-License-Identifier: GPL-2.0
/* What `load` would come to: every fact that changes it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include "forecast.h"
#include "program.h"
#include "util.h"

/* A kernel as of now, where everything is there and tasks are preempted. */
static struct facts newest(void)
{
	return (struct facts){
		.host = { PREEMPTION_LAZY, true, true },
		.sees_kprobes = true,
		.lockdown = "none",
		.vfio = VFIO_LOADED,
		.btf = true,
		.jit = YES,
		.types = YES,
		.function = YES,
		.permission = YES,
		.direct_calls = true,
		.kprobe_events = true,
		.rpm_tracepoints = true,
		.srcu_tracepoints = true,
		.task_work = true,
		.lsm = YES,
		.addresses = YES,
		.bpffs = true,
		.iommu_groups = 3,
	};
}

/* One before tracepoints were preemptible. */
static struct facts older(void)
{
	struct facts facts = newest();

	facts.srcu_tracepoints = facts.task_work = false;
	facts.host.model = PREEMPTION_VOLUNTARY;
	return facts;
}

static void comes_to(const struct facts *facts, enum exit_status status, enum level level,
		     enum dsn_hook hook, enum dsn_guard guard)
{
	struct forecast forecast;

	forecast_find(&forecast, facts);
	if (forecast.status != status || forecast.guarantee.level != level ||
	    forecast.hook != hook || forecast.guard != guard)
		fail_msg("status %d, %s, hook %s, guard %s: %s", forecast.status,
			 level_name(forecast.guarantee.level), hook_name(forecast.hook),
			 guard_name(forecast.guard), forecast.guarantee.ground);
	assert_true(*forecast.guarantee.ground);
	/* less than the best names a way to it */
	assert_true(level == LEVEL_PROVEN || forecast.guarantee.remedy);
}

static void says(const struct facts *facts, const char *text)
{
	struct forecast forecast;

	forecast_find(&forecast, facts);
	if (!strstr(forecast.guarantee.ground, text))
		fail_msg("'%s' does not say '%s'", forecast.guarantee.ground, text);
}

static void guards(void **state)
{
	struct facts facts = older();

	(void)state;
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_FEXIT, DSN_GUARD_OFF);
	facts.host.model = PREEMPTION_FULL;
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_FEXIT, DSN_GUARD_TRACEPOINT);
	facts.host.ftrace = false;
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_FEXIT, DSN_GUARD_TRACEPOINT);
	facts = older();
	facts.host.model = PREEMPTION_RT;
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_FEXIT, DSN_GUARD_REALTIME);
	facts.lsm = NO;
	comes_to(&facts, EXIT_DONE, LEVEL_BEST_EFFORT, DSN_HOOK_FEXIT,
		 DSN_GUARD_TRACEPOINT);
	says(&facts, "realtime: 'bpf' is not among");
	facts = older();
	facts.host.model = PREEMPTION_FULL;
	facts.rpm_tracepoints = false;
	comes_to(&facts, EXIT_DONE, LEVEL_BEST_EFFORT, DSN_HOOK_FEXIT, DSN_GUARD_OFF);
	says(&facts, "tracepoint: the kernel has no tracepoints");
	facts = newest();
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_FEXIT, DSN_GUARD_LSM);
	facts.lsm = NO;
	comes_to(&facts, EXIT_DONE, LEVEL_BEST_EFFORT, DSN_HOOK_FEXIT, DSN_GUARD_OFF);
	facts = newest();
	facts.addresses = NO;
	comes_to(&facts, EXIT_DONE, LEVEL_BEST_EFFORT, DSN_HOOK_FEXIT, DSN_GUARD_OFF);
	facts = newest();
	facts.task_work = false;
	comes_to(&facts, EXIT_DONE, LEVEL_BEST_EFFORT, DSN_HOOK_FEXIT, DSN_GUARD_OFF);
	facts.host.ftrace = false;
	comes_to(&facts, EXIT_UNPROTECTED, LEVEL_NOT_PROTECTED, DSN_HOOK_FEXIT,
		 DSN_GUARD_OFF);
}

static void hooks(void **state)
{
	struct facts facts = older();

	(void)state;
	facts.direct_calls = false;
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_KPROBE, DSN_GUARD_TRACEPOINT);
	facts.host.model = PREEMPTION_RT; /* LSM programs need them too */
	comes_to(&facts, EXIT_DONE, LEVEL_BEST_EFFORT, DSN_HOOK_KPROBE,
		 DSN_GUARD_TRACEPOINT);
	says(&facts, "realtime: the kernel's ftrace has no direct calls");
	facts.kprobe_events = false;
	comes_to(&facts, EXIT_UNABLE, LEVEL_NOT_PROTECTED, DSN_HOOK_NONE, DSN_GUARD_OFF);
	facts = older();
	facts.function = NO;
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_KPROBE, DSN_GUARD_TRACEPOINT);
	facts.kprobe_events = false;
	comes_to(&facts, EXIT_DONE, LEVEL_WITHHELD, DSN_HOOK_PERMISSION, DSN_GUARD_OFF);
}

/* Where nothing can be written. */
static void locked(void **state)
{
	struct facts facts = newest();

	(void)state;
	facts.lockdown = "integrity";
	/* debugfs, which tells the model, is closed then */
	facts.host.model = PREEMPTION_UNKNOWN;
	comes_to(&facts, EXIT_DONE, LEVEL_WITHHELD, DSN_HOOK_PERMISSION,
		 DSN_GUARD_REFUSE);
	says(&facts, "Secure Boot");
	facts.lsm = NO;
	comes_to(&facts, EXIT_DONE, LEVEL_BEST_EFFORT, DSN_HOOK_PERMISSION,
		 DSN_GUARD_OFF);
	facts.host.model = PREEMPTION_VOLUNTARY;
	comes_to(&facts, EXIT_DONE, LEVEL_WITHHELD, DSN_HOOK_PERMISSION, DSN_GUARD_OFF);
	facts.addresses = NO;
	comes_to(&facts, EXIT_UNABLE, LEVEL_NOT_PROTECTED, DSN_HOOK_NONE, DSN_GUARD_OFF);
	says(&facts, "kptr_restrict");
	facts = newest();
	facts.lockdown = "integrity";
	facts.permission = NO;
	comes_to(&facts, EXIT_UNABLE, LEVEL_NOT_PROTECTED, DSN_HOOK_NONE, DSN_GUARD_OFF);
	facts = newest();
	facts.lockdown = "confidentiality";
	comes_to(&facts, EXIT_UNABLE, LEVEL_NOT_PROTECTED, DSN_HOOK_NONE, DSN_GUARD_OFF);
	says(&facts, "no BPF program may read kernel memory");
}

static void impossible(void **state)
{
	struct facts facts = older();

	(void)state;
	facts.btf = false;
	comes_to(&facts, EXIT_UNABLE, LEVEL_NOT_PROTECTED, DSN_HOOK_NONE, DSN_GUARD_OFF);
	facts = older();
	facts.vfio = VFIO_ABSENT;
	comes_to(&facts, EXIT_UNABLE, LEVEL_NOT_PROTECTED, DSN_HOOK_NONE, DSN_GUARD_OFF);
	facts = older();
	facts.jit = NO;
	comes_to(&facts, EXIT_UNABLE, LEVEL_NOT_PROTECTED, DSN_HOOK_NONE, DSN_GUARD_OFF);
	facts = older();
	facts.types = NO;
	comes_to(&facts, EXIT_UNABLE, LEVEL_NOT_PROTECTED, DSN_HOOK_NONE, DSN_GUARD_OFF);
	facts = older();
	facts.bpffs = false;
	comes_to(&facts, EXIT_FAILED, LEVEL_NOT_PROTECTED, DSN_HOOK_FEXIT, DSN_GUARD_OFF);
	says(&facts, "bpffs");
}

/* What was not seen is not held against the host, and is told. */
static void unseen(void **state)
{
	struct facts facts = older();
	struct forecast forecast;

	(void)state;
	forecast_find(&forecast, &facts);
	assert_true(forecast.certain);
	facts.vfio = VFIO_ON_DISK;
	facts.types = facts.function = NOT_SEEN;
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_FEXIT, DSN_GUARD_OFF);
	forecast_find(&forecast, &facts);
	assert_false(forecast.certain);
	facts = older();
	facts.lockdown = NULL;
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_FEXIT, DSN_GUARD_OFF);
	forecast_find(&forecast, &facts);
	assert_false(forecast.certain);
	/* taken as full, since it may be */
	facts = older();
	facts.host.model = PREEMPTION_UNKNOWN;
	comes_to(&facts, EXIT_DONE, LEVEL_PROVEN, DSN_HOOK_FEXIT, DSN_GUARD_TRACEPOINT);
	forecast_find(&forecast, &facts);
	assert_false(forecast.certain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guards), cmocka_unit_test(hooks),
		cmocka_unit_test(locked), cmocka_unit_test(impossible),
		cmocka_unit_test(unseen),
	};

	return cmocka_run_group_tests_name("forecast", tests, NULL, NULL);
}
