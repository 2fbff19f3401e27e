// SPDX-License-Identifier: GPL-2.0
/* What may be promised on this host as it is now, and why; see docs/guarantee.md. */
#include "guarantee.h"

#include <stdarg.h>
#include <stdio.h>

const enum dsn_guard guard_order[GUARDS] = { DSN_GUARD_REALTIME, DSN_GUARD_TRACEPOINT,
					     DSN_GUARD_LSM, DSN_GUARD_OFF };

const char *level_name(enum level level)
{
	static const char *const names[] = {
		[LEVEL_NOT_PROTECTED] = "not protected",
		[LEVEL_BEST_EFFORT] = "best-effort",
		[LEVEL_PROVEN] = "proven",
	};

	return names[level];
}

/* Whether the hook runs at all. */
static bool hook_is_on(enum dsn_hook hook, const struct running *host)
{
	return hook == DSN_HOOK_KPROBE ? host->kprobes && host->ftrace : host->ftrace;
}

bool guarantee_needs_guard(enum dsn_hook hook, const struct running *host)
{
	/* kprobes are skipped beside BPF map updates, and when too many calls are under way */
	return hook == DSN_HOOK_KPROBE || !hook_is_on(hook, host) ||
	       (host->model != PREEMPTION_NONE && host->model != PREEMPTION_VOLUNTARY);
}

bool guarantee_tries_guard(enum dsn_guard guard, enum dsn_hook hook,
			   const struct running *host)
{
	if (guard == DSN_GUARD_OFF)
		return true;
	if (!guarantee_needs_guard(hook, host))
		return false;
	return guard != DSN_GUARD_REALTIME || host->model == PREEMPTION_RT;
}

static void __attribute__((format(printf, 4, 5)))
say(struct guarantee *guarantee, enum level level, const char *remedy, const char *format,
    ...)
{
	va_list args;

	guarantee->level = level;
	guarantee->remedy = remedy;
	va_start(args, format);
	vsnprintf(guarantee->ground, sizeof(guarantee->ground), format, args);
	va_end(args);
}

void guarantee_find(struct guarantee *guarantee, enum dsn_hook hook, enum dsn_guard guard,
		    const struct running *host, const struct dsn_missed *missed,
		    const char *why)
{
	const char *name = preemption_name(host->model);

	if (hook == DSN_HOOK_NONE)
		say(guarantee, LEVEL_NOT_PROTECTED, "run 'dsnctl load'", "not loaded");
	else if (guard != DSN_GUARD_OFF && missed->guard)
		say(guarantee, LEVEL_BEST_EFFORT,
		    "this should not happen: report it with 'dsnctl status -j' and 'uname -a'",
		    "the guard has not seen %llu reads", missed->guard);
	else if (guard == DSN_GUARD_OFF && missed->hook)
		say(guarantee, LEVEL_BEST_EFFORT,
		    "'dsnctl load' to have a guard; give the devices that were read new serials",
		    "with no guard the hook was skipped %llu times: so many reads may have leaked",
		    missed->hook);
	else if (!hook_is_on(hook, host) && guard != DSN_GUARD_TRACEPOINT)
		say(guarantee, LEVEL_NOT_PROTECTED,
		    "set kernel.ftrace_enabled and /sys/kernel/debug/kprobes/enabled to 1",
		    "the %s hook is loaded and does not run: kernel.ftrace_enabled is %d, kprobes enabled is %d",
		    hook == DSN_HOOK_KPROBE ? "kprobe" : "fexit", host->ftrace,
		    host->kprobes);
	else if (guard == DSN_GUARD_TRACEPOINT && host->model == PREEMPTION_RT)
		say(guarantee, LEVEL_BEST_EFFORT,
		    "boot with lsm=..., and bpf in it, then load again",
		    "tracepoints repair what the hook misses, but a reader by io_uring is killed late on a real-time kernel, and nothing refuses it%s%s",
		    *why ? ": " : "", why);
	else if (guard == DSN_GUARD_TRACEPOINT || guard == DSN_GUARD_REALTIME)
		say(guarantee, LEVEL_PROVEN, NULL,
		    "tracepoints around every read, which run with preemption off, repair what the hook misses");
	else if (guard == DSN_GUARD_LSM)
		say(guarantee, LEVEL_PROVEN, NULL,
		    "an LSM program, which is never skipped, announces every read, and task work repairs what the hook misses");
	else if (!guarantee_needs_guard(hook, host))
		say(guarantee, LEVEL_PROVEN, NULL,
		    "preemption model %s: no task is preempted inside the hook", name);
	else if (hook == DSN_HOOK_KPROBE)
		say(guarantee, LEVEL_BEST_EFFORT,
		    "use a kernel that attaches fexit, or one of the guards",
		    "kprobes are skipped beside BPF map updates, and there is no guard%s%s",
		    *why ? ": " : "", why);
	else
		say(guarantee, LEVEL_BEST_EFFORT,
		    *why ? "boot with preempt=voluntary, or see the reasons"
			 : "run 'dsnctl load' again, to get a guard, or boot with preempt=voluntary",
		    "preemption model %s: the hook can be skipped, and there is no guard%s%s",
		    name, *why ? ": " : "", why);
}
