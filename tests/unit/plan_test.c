// SPDX-License-Identifier: GPL-2.0
/* Tests which layers are chosen on a host for a request, and what they guarantee. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "kernel/plan.h"
#include "lib/util.h"

static const char refused_by_kernel[] = "Permission denied: the verifier says no";

/* Hosts: Debian's kernels with what host_detect() sees on them, and others by difference. */

/* 6.12 on x86: tracepoints run with preemption off, all models can be had. */
static struct host debian_6_12(void)
{
	return (struct host){
		.running = { PREEMPTION_VOLUNTARY, true, true },
		.can_preempt = true,
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
		.cast = true,
		.lsm = YES,
		.addresses = YES,
		.bpffs = true,
		.iommu_groups = 3,
	};
}

static struct host full_6_12(void)
{
	struct host host = debian_6_12();

	host.running.model = PREEMPTION_FULL;
	return host;
}

static struct host debian_6_1(void)
{
	struct host host = debian_6_12();

	host.cast = false;
	return host;
}

/* ftrace has no direct calls there, and fexit needs them. */
static struct host arm64_6_1(void)
{
	struct host host = debian_6_1();

	host.direct_calls = false;
	return host;
}

static struct host without_lsm(struct host host)
{
	host.lsm = NO;
	return host;
}

static struct host realtime(struct host host)
{
	host.running.model = PREEMPTION_RT;
	return host;
}

static struct host locked(struct host host, const char *lockdown)
{
	host.lockdown = lockdown;
	/* debugfs is closed then, which tells the model and whether kprobes are on */
	host.running.model = PREEMPTION_UNKNOWN;
	host.sees_kprobes = false;
	return host;
}

static struct host realtime_6_1(void)
{
	return realtime(debian_6_1());
}

static struct host realtime_6_1_without_lsm(void)
{
	return without_lsm(realtime_6_1());
}

static struct host realtime_6_12(void)
{
	return realtime(debian_6_12());
}

static struct host realtime_6_12_without_lsm(void)
{
	return without_lsm(realtime_6_12());
}

/* Tracepoints leave preemption on. */
static struct host lazy_7_3(void)
{
	struct host host = debian_6_12();

	host.running.model = PREEMPTION_LAZY;
	host.srcu_tracepoints = host.task_work = true;
	return host;
}

/* Like Ubuntu's and Proxmox's. */
static struct host lazy_7_3_without_lsm(void)
{
	return without_lsm(lazy_7_3());
}

/* Never preempts, so that the tracepoints' lock does not matter. */
static struct host server_7_3(void)
{
	struct host host = lazy_7_3();

	host.running.model = PREEMPTION_NONE;
	host.can_preempt = false;
	return host;
}

/* After tracepoints left preemption on, before BPF had task work. */
static struct host between(void)
{
	struct host host = lazy_7_3();

	host.task_work = false;
	return host;
}

/* x86-64 without CONFIG_KALLSYMS_ALL. */
static struct host count_hidden(void)
{
	struct host host = debian_6_12();

	host.count_hidden = true;
	return host;
}

static struct host count_hidden_7_3(void)
{
	struct host host = lazy_7_3();

	host.count_hidden = true;
	return host;
}

static struct host realtime_7(void)
{
	return realtime(lazy_7_3());
}

static struct host locked_6_12(void)
{
	return locked(debian_6_12(), "integrity");
}

static struct host locked_7_3(void)
{
	return locked(lazy_7_3(), "integrity");
}

static struct host locked_7_3_without_lsm(void)
{
	return without_lsm(locked_7_3());
}

/* A kernel that is known not to preempt. */
static struct host locked_voluntary_without_lsm(void)
{
	struct host host = without_lsm(locked_6_12());

	host.running.model = PREEMPTION_VOLUNTARY;
	return host;
}

static struct host locked_arm64_6_1(void)
{
	return locked(arm64_6_1(), "integrity");
}

static struct host locked_and_addresses_hidden(void)
{
	struct host host = locked_6_12();

	host.addresses = NO;
	return host;
}

static struct host confidential(void)
{
	return locked(debian_6_12(), "confidentiality");
}

static struct host without_btf(void)
{
	struct host host = debian_6_12();

	host.btf = false;
	return host;
}

static struct host without_module_btf(void)
{
	struct host host = debian_6_12();

	host.types = host.function = NO;
	return host;
}

static struct host without_vfio(void)
{
	struct host host = debian_6_12();

	host.vfio = VFIO_ABSENT;
	host.types = host.function = NOT_SEEN;
	return host;
}

static struct host without_jit(void)
{
	struct host host = debian_6_12();

	host.jit = NO;
	return host;
}

/* CONFIG_PM off: no tracepoints of runtime power management. */
static struct host without_pm(void)
{
	struct host host = lazy_7_3();

	host.rpm_tracepoints = false;
	return host;
}

static struct host without_function(void)
{
	struct host host = debian_6_12();

	host.function = NO;
	return host;
}

static struct host without_hooks(void)
{
	struct host host = without_function();

	host.kprobe_events = false;
	return host;
}

static struct host without_anything(void)
{
	struct host host = without_hooks();

	host.rpm_tracepoints = false;
	return host;
}

static struct host addresses_hidden(void)
{
	struct host host = debian_6_12();

	host.addresses = NO;
	return host;
}

/* The little that a host shows to a user before the module is loaded. */
static struct host unseen(void)
{
	struct host host = debian_6_12();

	host.running.model = PREEMPTION_UNKNOWN;
	host.sees_kprobes = false;
	host.vfio = VFIO_ON_DISK;
	host.types = host.function = host.lsm = host.addresses = host.jit = NOT_SEEN;
	host.lockdown = NULL;
	return host;
}

static struct host (*const hosts[])(void) = {
	debian_6_1,
	arm64_6_1,
	debian_6_12,
	full_6_12,
	realtime_6_1,
	realtime_6_1_without_lsm,
	realtime_6_12,
	realtime_6_12_without_lsm,
	lazy_7_3,
	lazy_7_3_without_lsm,
	server_7_3,
	between,
	count_hidden,
	count_hidden_7_3,
	realtime_7,
	locked_6_12,
	locked_7_3,
	locked_7_3_without_lsm,
	locked_voluntary_without_lsm,
	locked_arm64_6_1,
	locked_and_addresses_hidden,
	confidential,
	without_btf,
	without_module_btf,
	without_vfio,
	without_jit,
	without_pm,
	without_function,
	without_hooks,
	without_anything,
	addresses_hidden,
	unseen,
};

#define AUTO                                                                             \
	{                                                                                \
	}
#define HOOK(name)                                                                       \
	{                                                                                \
		.hook = (name)                                                           \
	}
#define CHECK(name)                                                                      \
	{                                                                                \
		.check = (name)                                                          \
	}
#define BOTH(of_hook, of_check)                                                          \
	{                                                                                \
		.hook = (of_hook), .check = (of_check)                                   \
	}
#define WITH(of_options)                                                                 \
	{                                                                                \
		.options = (of_options)                                                  \
	}

static const struct {
	struct host (*host)(void);
	struct request request;
	const char *outcome; /* "unable", or hook, check, options and level */
	const char *says; /* the ground, a reason or the cause of the refusal; or NULL */
} cases[] = {
	{ debian_6_1, AUTO, "fexit usage: proven", NULL },
	{ debian_6_1, HOOK("none"), "none usage: proven", "--hook none" },
	{ debian_6_1, HOOK("kprobe"), "kprobe usage: proven", "--hook kprobe" },
	{ debian_6_1, HOOK("fexit"), "fexit usage: proven", NULL },
	{ debian_6_1, CHECK("usage"), "fexit usage: proven", NULL },
	{ debian_6_1, CHECK("off"), "fexit off: best-effort", "--check off" },
	{ debian_6_1, CHECK("resume"), "unable", "no task work" },
	{ debian_6_1, BOTH("kprobe", "off"), "kprobe off: best-effort",
	  "can be skipped" },
	{ debian_6_1, BOTH("none", "off"), "unable", "neither a hook nor a check" },
	{ debian_6_1, WITH(DSN_OPTION_ANSWER), "fexit usage answer: proven", NULL },
	/* only what withholds makes a difference of whole reads */
	{ debian_6_1, WITH(DSN_OPTION_WHOLE), "fexit usage: proven", NULL },

	{ debian_6_12, AUTO, "fexit usage: proven", NULL },
	{ debian_6_12, CHECK("off"), "fexit off: best-effort", "--check off" },
	{ debian_6_12, HOOK("permission"), "permission off gate: withheld", NULL },
	{ debian_6_12, BOTH("permission", "off"), "permission off: withheld",
	  "--check off" },
	{ full_6_12, AUTO, "fexit usage: proven", "preemption off" },
	{ full_6_12, HOOK("none"), "none usage: proven", NULL },
	{ full_6_12, BOTH("permission", "off"), "permission off: best-effort",
	  "preemption model full" },

	{ arm64_6_1, AUTO, "kprobe usage: proven", "no direct calls" },
	{ arm64_6_1, HOOK("none"), "none usage: proven", NULL },
	{ arm64_6_1, HOOK("fexit"), "unable", "no direct calls" },
	{ arm64_6_1, HOOK("permission"), "unable", "no direct calls" },
	{ arm64_6_1, CHECK("off"), "kprobe off: best-effort", "--check off" },
	{ arm64_6_1, WITH(DSN_OPTION_ANSWER), "kprobe usage: proven", "no direct calls" },

	{ realtime_6_1, AUTO, "fexit usage gate: proven", NULL },
	{ realtime_6_1_without_lsm, AUTO, "fexit usage: best-effort",
	  "gate: 'bpf' is not among" },
	{ realtime_6_12, AUTO, "fexit usage gate: proven", NULL },
	{ realtime_6_12, WITH(DSN_OPTION_ANSWER), "fexit usage gate answer: proven",
	  NULL },
	{ realtime_6_12, HOOK("kprobe"), "kprobe usage: best-effort",
	  "gate: it needs the hook fexit" },
	{ realtime_6_12, HOOK("none"), "none usage: best-effort", "gate: it needs" },
	{ realtime_6_12, CHECK("off"), "fexit off: best-effort", "--check off" },
	{ realtime_6_12, HOOK("permission"), "permission off gate: withheld", NULL },
	{ realtime_6_12_without_lsm, AUTO, "fexit usage: best-effort",
	  "kills a reader by io_uring late" },
	{ realtime_6_12_without_lsm, HOOK("permission"), "permission off: best-effort",
	  "preemption model rt" },

	{ lazy_7_3, AUTO, "fexit resume: proven", "interrupts off" },
	{ lazy_7_3, HOOK("none"), "none resume: proven", NULL },
	{ lazy_7_3, HOOK("kprobe"), "kprobe resume: proven", NULL },
	{ lazy_7_3, CHECK("resume"), "fexit resume: proven", NULL },
	{ lazy_7_3, CHECK("usage"), "unable", "with preemption on" },
	{ lazy_7_3, CHECK("off"), "fexit off: best-effort", "--check off" },
	{ lazy_7_3, WITH(DSN_OPTION_ANSWER), "fexit resume answer: proven", NULL },
	{ lazy_7_3_without_lsm, AUTO, "fexit resume: proven", NULL },
	{ lazy_7_3_without_lsm, WITH(DSN_OPTION_ANSWER), "fexit resume answer: proven",
	  NULL },
	{ lazy_7_3_without_lsm, HOOK("permission"), "permission off: best-effort",
	  "'bpf' is not among" },
	{ server_7_3, AUTO, "fexit usage: proven", NULL },
	{ server_7_3, CHECK("resume"), "fexit resume: proven", NULL },
	{ between, AUTO, "fexit off: best-effort",
	  "usage: this kernel runs tracepoints" },
	{ between, AUTO, "fexit off: best-effort",
	  "resume: the kernel has no task work" },
	{ count_hidden, AUTO, "fexit off: best-effort",
	  "usage: the kernel's preemption count has no address" },
	{ count_hidden, CHECK("usage"), "unable", "CONFIG_KALLSYMS_ALL" },
	{ count_hidden_7_3, AUTO, "fexit off: best-effort",
	  "resume: the kernel's preemption count has no address" },
	{ count_hidden_7_3, CHECK("resume"), "unable", "CONFIG_KALLSYMS_ALL" },
	{ realtime_7, AUTO, "fexit off: best-effort", "task work too late" },
	{ realtime_7, CHECK("resume"), "unable", "task work too late" },
	{ realtime_7, HOOK("none"), "unable", "neither a hook nor a check" },
	{ realtime_7, HOOK("permission"), "permission off gate: withheld", NULL },

	{ locked_6_12, AUTO, "permission off gate: withheld", "Secure Boot" },
	{ locked_6_12, HOOK("permission"), "permission off gate: withheld", NULL },
	{ locked_6_12, CHECK("off"), "permission off: best-effort", "--check off" },
	{ locked_6_12, HOOK("fexit"), "unable", "no program may write" },
	{ locked_6_12, HOOK("none"), "unable", "no program may write" },
	/* what was requested is not available, and nothing else was requested */
	{ locked_6_12, CHECK("usage"), "unable", "no program may write" },
	{ locked_6_12, WITH(DSN_OPTION_VMMS), "permission off gate vmms: vmm-trusted",
	  "status' lists" },
	{ locked_6_12, WITH(DSN_OPTION_WHOLE), "permission off gate whole: vmm-trusted",
	  "whole reads are allowed" },
	{ locked_6_12, WITH(DSN_OPTION_ANSWER), "permission off gate: withheld",
	  "nothing can be written" },
	{ locked_7_3, AUTO, "permission off gate: withheld", NULL },
	{ locked_7_3, CHECK("resume"), "unable", "no program may write" },
	{ locked_7_3_without_lsm, AUTO, "permission off: best-effort",
	  "preemption model unknown" },
	{ locked_voluntary_without_lsm, AUTO, "permission off: withheld", NULL },
	{ locked_voluntary_without_lsm, WITH(DSN_OPTION_WHOLE),
	  "permission off whole: vmm-trusted", NULL },
	{ locked_arm64_6_1, AUTO, "unable", "no direct calls" },
	{ locked_and_addresses_hidden, AUTO, "unable", "no address" },
	{ confidential, AUTO, "unable", "no BPF program may read kernel memory" },
	{ confidential, HOOK("permission"), "unable", "may read kernel memory" },

	{ without_btf, AUTO, "unable", "/sys/kernel/btf/vmlinux" },
	{ without_module_btf, AUTO, "unable", "/sys/kernel/btf/vfio_pci_core" },
	{ without_vfio, AUTO, "unable", "no vfio-pci" },
	{ without_jit, AUTO, "unable", "bpf_jit_enable" },
	{ without_pm, AUTO, "fexit off: best-effort", "no tracepoints" },
	{ without_pm, HOOK("none"), "unable", "no tracepoints" },
	{ without_pm, CHECK("resume"), "unable", "no tracepoints" },
	{ without_function, AUTO, "kprobe usage: proven", "not in the module's BTF" },
	{ without_hooks, AUTO, "none usage: proven", "no kprobe events" },
	{ without_hooks, HOOK("kprobe"), "unable", "no kprobe events" },
	{ without_hooks, CHECK("off"), "unable", "neither a hook nor a check" },
	{ without_anything, AUTO, "unable", "neither a hook nor a check" },
	{ addresses_hidden, AUTO, "fexit usage: proven", NULL },
	{ addresses_hidden, WITH(DSN_OPTION_ANSWER), "fexit usage: proven",
	  "no address" },
	/* not held against the host */
	{ unseen, AUTO, "fexit usage: proven", NULL },
};

/* The result of a request on a host. */
struct result {
	enum exit_status status;
	struct plan plan;
	struct reasons reasons;
	struct guarantee guarantee; /* or the refusal */
};

static void choose(struct result *result, const struct host *host,
		   const struct request *request)
{
	static const struct faults none;

	memset(result, 0, sizeof(*result));
	result->status = plan_choose(host, request, &result->plan, &result->reasons,
				     &result->guarantee);
	if (!result->status)
		plan_guarantee(&result->plan, &host->running, &none, &result->reasons,
			       &result->guarantee);
}

static void describe(const struct result *result, char text[96])
{
	const struct plan *plan = &result->plan;

	if (result->status)
		snprintf(text, 96, "%s", result->status == EXIT_UNABLE ? "unable" : "?");
	else
		snprintf(text, 96, "%s %s%s%s%s%s: %s", hook_name(plan->hook),
			 check_name(plan->check),
			 plan->options & DSN_OPTION_GATE ? " gate" : "",
			 plan->options & DSN_OPTION_ANSWER ? " answer" : "",
			 plan->options & DSN_OPTION_WHOLE ? " whole" : "",
			 plan->options & DSN_OPTION_VMMS ? " vmms" : "",
			 level_name(result->guarantee.level));
}

static bool says(const struct result *result, const char *text)
{
	return !text || strstr(result->guarantee.ground, text) ||
	       strstr(result->reasons.hook, text) ||
	       strstr(result->reasons.check, text) ||
	       strstr(result->reasons.answer, text);
}

static void chosen_on_each_host(void **state)
{
	struct result result;
	struct host host;
	size_t i, failed = 0;
	char text[96];

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		host = cases[i].host();
		choose(&result, &host, &cases[i].request);
		describe(&result, text);
		if (!strcmp(text, cases[i].outcome) && says(&result, cases[i].says))
			continue;
		failed++;
		print_error(
			"case %zu: '%s', not '%s' for '%s': %s; hook: %s; check: %s; answer: %s\n",
			i, text, cases[i].outcome, cases[i].says ? cases[i].says : "",
			result.guarantee.ground, result.reasons.hook,
			result.reasons.check, result.reasons.answer);
	}
	assert_int_equal(failed, 0);
}

static const char *const asked_hooks[] = { NULL,     "auto", "fexit",
					   "kprobe", "none", "permission" };
static const char *const asked_checks[] = { NULL, "auto", "off", "usage", "resume" };

typedef void (*check_choice)(const struct host *host, const struct request *request);

/* Every request on every host. */
static void for_all(check_choice check)
{
	struct request request;
	struct host host;
	size_t i, h, c;
	__u32 options;

	for (i = 0; i < ARRAY_SIZE(hosts); i++)
		for (h = 0; h < ARRAY_SIZE(asked_hooks); h++)
			for (c = 0; c < ARRAY_SIZE(asked_checks); c++)
				for (options = 0;
				     options <= (DSN_OPTION_ANSWER | DSN_OPTION_WHOLE |
						 DSN_OPTION_VMMS);
				     options++) {
					host = hosts[i]();
					request = (struct request){ asked_hooks[h],
								    asked_checks[c],
								    options };
					check(&host, &request);
				}
}

/* Tells whether the plan has what was asked for; "auto" asks for nothing. */
static bool is_granted(const char *asked, const char *got)
{
	return !asked || !strcmp(asked, "auto") || !strcmp(asked, got);
}

static void check_sense(const struct host *host, const struct request *request)
{
	struct result result;
	const struct plan *plan = &result.plan;

	choose(&result, host, request);
	assert_true(*result.guarantee.ground);
	if (result.status) {
		assert_int_equal(result.status, EXIT_UNABLE);
		assert_true(result.guarantee.remedy);
		return;
	}
	assert_true(plan->hook || plan->check);
	assert_true(is_granted(request->hook, hook_name(plan->hook)));
	assert_true(is_granted(request->check, check_name(plan->check)));
	/* what is less than the best is explained, with a way to more */
	assert_true(plan->hook == DSN_HOOK_FEXIT || plan->hook == DSN_HOOK_PERMISSION ||
		    *result.reasons.hook);
	assert_true(plan->check || plan->options & DSN_OPTION_GATE ||
		    *result.reasons.check);
	assert_true(!(request->options & DSN_OPTION_ANSWER) ||
		    plan->options & DSN_OPTION_ANSWER || *result.reasons.answer);
	assert_int_equal(result.guarantee.level == LEVEL_PROVEN,
			 !result.guarantee.remedy);
	/* nothing is proven without a check, and nothing is promised of nothing */
	assert_true(plan->check || result.guarantee.level < LEVEL_PROVEN);
	assert_true(plan->check || plan->hook == DSN_HOOK_PERMISSION ||
		    result.guarantee.level <= LEVEL_BEST_EFFORT);
	assert_true(plan->hook != DSN_HOOK_PERMISSION || !plan->check);
	/* where nothing may be written, nothing that writes is chosen */
	assert_true(!host->lockdown || !strcmp(host->lockdown, "none") ||
		    plan->hook == DSN_HOOK_PERMISSION);
	assert_true(plan->hook == DSN_HOOK_PERMISSION ||
		    !(plan->options & (DSN_OPTION_WHOLE | DSN_OPTION_VMMS)));
	/* only real-time kernels and what withholds have a use for the gate */
	assert_true(!(plan->options & DSN_OPTION_GATE) ||
		    host->running.model == PREEMPTION_RT ||
		    plan->hook == DSN_HOOK_PERMISSION);
}

static void every_choice_makes_sense(void **state)
{
	(void)state;
	for_all(check_sense);
}

static void check_auto(const struct host *host, const struct request *request)
{
	struct request other = *request;
	struct result result, with;
	char one[96], two[96];

	if (request->hook && request->check)
		return;
	other.hook = request->hook ? request->hook : "auto";
	other.check = request->check ? request->check : "auto";
	choose(&result, host, request);
	choose(&with, host, &other);
	describe(&result, one);
	describe(&with, two);
	assert_string_equal(one, two);
	assert_string_equal(result.guarantee.ground, with.guarantee.ground);
}

static void auto_is_as_good_as_nothing(void **state)
{
	(void)state;
	for_all(check_auto);
}

/* The groups of programs that a plan loads, as bits. */
static unsigned int groups_of(const struct plan *plan)
{
	static const unsigned int of_hook[] = {
		[DSN_HOOK_FEXIT] = 1 << GROUP_FEXIT,
		[DSN_HOOK_KPROBE] = 1 << GROUP_KPROBE,
		[DSN_HOOK_PERMISSION] = 1 << GROUP_PERMISSION,
	};
	static const unsigned int of_check[] = {
		[DSN_CHECK_USAGE] = 1 << GROUP_USAGE,
		[DSN_CHECK_RESUME] = 1 << GROUP_RESUME,
	};

	return of_hook[plan->hook] | (plan->check ? of_check[plan->check] : 0) |
	       (plan->options & DSN_OPTION_GATE ? 1 << GROUP_GATE : 0) |
	       (plan->options & DSN_OPTION_ANSWER ? 1 << GROUP_ANSWER : 0);
}

/*
 * `load` notes what the kernel refuses and chooses again: as no choice has what was refused
 * before, that ends after as many tries as there are groups.
 */
static void check_refused(const struct host *host, const struct request *request)
{
	unsigned int refused, group;
	struct result result;
	struct host now;

	for (refused = 0; refused < 1U << GROUPS; refused++) {
		now = *host;
		for (group = 0; group < GROUPS; group++)
			if (refused & 1U << group)
				strcpy(now.refused[group], refused_by_kernel);
		choose(&result, &now, request);
		if (!result.status && groups_of(&result.plan) & refused)
			fail_msg("refused 0x%x, and chosen 0x%x", refused,
				 groups_of(&result.plan));
	}
}

static void refused_programs_are_never_chosen_again(void **state)
{
	(void)state;
	for_all(check_refused);
}

static const struct {
	struct host (*host)(void);
	struct request request;
	enum group refused;
	const char *outcome;
} refusals[] = {
	{ debian_6_12, AUTO, GROUP_FEXIT, "kprobe usage: proven" },
	{ debian_6_12, AUTO, GROUP_KPROBE, "fexit usage: proven" },
	{ debian_6_12, AUTO, GROUP_USAGE, "fexit off: best-effort" },
	{ debian_6_12, HOOK("fexit"), GROUP_FEXIT, "unable" },
	{ debian_6_12, CHECK("usage"), GROUP_USAGE, "unable" },
	{ debian_6_12, HOOK("none"), GROUP_USAGE, "unable" },
	{ debian_6_12, HOOK("permission"), GROUP_GATE, "permission off: withheld" },
	{ debian_6_12, HOOK("permission"), GROUP_PERMISSION, "unable" },
	{ debian_6_12, WITH(DSN_OPTION_ANSWER), GROUP_ANSWER, "fexit usage: proven" },
	{ debian_6_12, WITH(DSN_OPTION_ANSWER), GROUP_FEXIT,
	  "kprobe usage answer: proven" },
	{ arm64_6_1, AUTO, GROUP_KPROBE, "none usage: proven" },
	{ realtime_6_12, AUTO, GROUP_GATE, "fexit usage: best-effort" },
	{ realtime_6_12, AUTO, GROUP_FEXIT, "kprobe usage: best-effort" },
	{ lazy_7_3, AUTO, GROUP_RESUME, "fexit off: best-effort" },
	{ server_7_3, AUTO, GROUP_USAGE, "fexit resume: proven" },
	{ locked_6_12, AUTO, GROUP_GATE, "permission off: best-effort" },
	{ locked_6_12, AUTO, GROUP_PERMISSION, "unable" },
	{ locked_6_12, AUTO, GROUP_FEXIT, "permission off gate: withheld" },
};

static void next_choice_after_a_refusal(void **state)
{
	struct result result;
	struct host host;
	char text[96];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		host = refusals[i].host();
		strcpy(host.refused[refusals[i].refused], refused_by_kernel);
		choose(&result, &host, &refusals[i].request);
		describe(&result, text);
		if (strcmp(text, refusals[i].outcome) != 0)
			fail_msg("case %zu: '%s', not '%s'", i, text,
				 refusals[i].outcome);
	}
}

/* Tests that the kernel's own words appear among the reasons. */
static void refusal_is_told(void **state)
{
	static const struct request request;
	struct host host = debian_6_12();
	struct result result;

	(void)state;
	strcpy(host.refused[GROUP_USAGE], refused_by_kernel);
	choose(&result, &host, &request);
	assert_non_null(strstr(result.reasons.check, refused_by_kernel));
	assert_non_null(strstr(result.guarantee.ground, refused_by_kernel));
	strcpy(host.refused[GROUP_FEXIT], refused_by_kernel);
	choose(&result, &host, &request);
	assert_non_null(strstr(result.reasons.hook, refused_by_kernel));
}

#define ON true
#define OFF false

/* Programs that run on a host as it is now: their guarantee, and what lowers it. */
static const struct {
	struct plan plan;
	struct running running;
	struct faults faults;
	enum level level;
	const char *says;
} states[] = {
	{ { DSN_HOOK_NONE, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  {},
	  LEVEL_NOT_PROTECTED,
	  "not loaded" },
	/* the check does not depend on what can be switched off under it */
	{ { DSN_HOOK_FEXIT, DSN_CHECK_USAGE, 0 },
	  { PREEMPTION_FULL, ON, ON },
	  {},
	  LEVEL_PROVEN,
	  "preemption off" },
	{ { DSN_HOOK_FEXIT, DSN_CHECK_USAGE, 0 },
	  { PREEMPTION_UNKNOWN, OFF, OFF },
	  {},
	  LEVEL_PROVEN,
	  NULL },
	{ { DSN_HOOK_KPROBE, DSN_CHECK_USAGE, 0 },
	  { PREEMPTION_FULL, OFF, OFF },
	  {},
	  LEVEL_PROVEN,
	  NULL },
	{ { DSN_HOOK_NONE, DSN_CHECK_RESUME, 0 },
	  { PREEMPTION_LAZY, OFF, OFF },
	  {},
	  LEVEL_PROVEN,
	  "interrupts off" },
	/* what the hook misses is what the check is for; what the check misses is not */
	{ { DSN_HOOK_FEXIT, DSN_CHECK_USAGE, 0 },
	  { PREEMPTION_FULL, ON, ON },
	  { .lost = 9 },
	  LEVEL_PROVEN,
	  NULL },
	{ { DSN_HOOK_FEXIT, DSN_CHECK_USAGE, 0 },
	  { PREEMPTION_FULL, ON, ON },
	  { .unchecked = 7 },
	  LEVEL_BEST_EFFORT,
	  "seen 7 reads that the check has not" },
	{ { DSN_HOOK_FEXIT, DSN_CHECK_RESUME, 0 },
	  { PREEMPTION_LAZY, ON, ON },
	  { .unchecked = 1 },
	  LEVEL_BEST_EFFORT,
	  "seen 1 reads" },
	{ { DSN_HOOK_FEXIT, DSN_CHECK_USAGE, DSN_OPTION_GATE },
	  { PREEMPTION_RT, ON, ON },
	  { .unchecked = 1 },
	  LEVEL_BEST_EFFORT,
	  "seen 1 reads" },
	/* real time: the gate is needed, and is an LSM program, which needs ftrace */
	{ { DSN_HOOK_FEXIT, DSN_CHECK_USAGE, DSN_OPTION_GATE },
	  { PREEMPTION_RT, ON, ON },
	  {},
	  LEVEL_PROVEN,
	  NULL },
	{ { DSN_HOOK_FEXIT, DSN_CHECK_USAGE, DSN_OPTION_GATE },
	  { PREEMPTION_RT, OFF, ON },
	  {},
	  LEVEL_BEST_EFFORT,
	  "ftrace" },
	{ { DSN_HOOK_FEXIT, DSN_CHECK_USAGE, 0 },
	  { PREEMPTION_RT, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT,
	  "io_uring" },
	/* a hook alone */
	{ { DSN_HOOK_FEXIT, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_NONE, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT,
	  "can be skipped" },
	{ { DSN_HOOK_FEXIT, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_NONE, ON, OFF },
	  {},
	  LEVEL_BEST_EFFORT,
	  NULL },
	{ { DSN_HOOK_FEXIT, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  { .lost = 3 },
	  LEVEL_BEST_EFFORT,
	  "skipped 3 times" },
	{ { DSN_HOOK_FEXIT, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_VOLUNTARY, OFF, ON },
	  {},
	  LEVEL_NOT_PROTECTED,
	  "kernel.ftrace_enabled is 0" },
	{ { DSN_HOOK_KPROBE, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT,
	  NULL },
	{ { DSN_HOOK_KPROBE, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_VOLUNTARY, ON, OFF },
	  {},
	  LEVEL_NOT_PROTECTED,
	  "kprobes enabled is 0" },
	/* a kernel that allows no writing */
	{ { DSN_HOOK_PERMISSION, DSN_CHECK_OFF, DSN_OPTION_GATE },
	  { PREEMPTION_UNKNOWN, ON, ON },
	  {},
	  LEVEL_WITHHELD,
	  "zeros in QEMU" },
	{ { DSN_HOOK_PERMISSION, DSN_CHECK_OFF, DSN_OPTION_GATE },
	  { PREEMPTION_FULL, ON, OFF },
	  { .lost = 9 },
	  LEVEL_WITHHELD,
	  NULL },
	{ { DSN_HOOK_PERMISSION, DSN_CHECK_OFF, DSN_OPTION_GATE | DSN_OPTION_WHOLE },
	  { PREEMPTION_FULL, ON, ON },
	  {},
	  LEVEL_VMM_TRUSTED,
	  "learns the real serial" },
	{ { DSN_HOOK_PERMISSION, DSN_CHECK_OFF, DSN_OPTION_GATE },
	  { PREEMPTION_VOLUNTARY, OFF, ON },
	  {},
	  LEVEL_NOT_PROTECTED,
	  "kernel.ftrace_enabled is 0" },
	{ { DSN_HOOK_PERMISSION, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  {},
	  LEVEL_WITHHELD,
	  NULL },
	{ { DSN_HOOK_PERMISSION, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_VOLUNTARY, ON, ON },
	  { .lost = 1 },
	  LEVEL_BEST_EFFORT,
	  "skipped 1 times" },
	{ { DSN_HOOK_PERMISSION, DSN_CHECK_OFF, 0 },
	  { PREEMPTION_UNKNOWN, ON, ON },
	  {},
	  LEVEL_BEST_EFFORT,
	  "preemption model unknown" },
};

static void promised_of_what_runs(void **state)
{
	struct guarantee guarantee;
	size_t i, failed = 0;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(states); i++) {
		memset(&guarantee, 0, sizeof(guarantee));
		plan_guarantee(&states[i].plan, &states[i].running, &states[i].faults,
			       NULL, &guarantee);
		/* less than the best names a way to it */
		assert_int_equal(guarantee.level == LEVEL_PROVEN, !guarantee.remedy);
		if (guarantee.level == states[i].level &&
		    (!states[i].says || strstr(guarantee.ground, states[i].says)))
			continue;
		failed++;
		print_error("case %zu: %s, not %s: %s\n", i, level_name(guarantee.level),
			    level_name(states[i].level), guarantee.ground);
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chosen_on_each_host),
		cmocka_unit_test(every_choice_makes_sense),
		cmocka_unit_test(auto_is_as_good_as_nothing),
		cmocka_unit_test(refused_programs_are_never_chosen_again),
		cmocka_unit_test(next_choice_after_a_refusal),
		cmocka_unit_test(refusal_is_told),
		cmocka_unit_test(promised_of_what_runs),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
