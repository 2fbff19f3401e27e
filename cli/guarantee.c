// SPDX-License-Identifier: GPL-2.0
/* What may be promised on this host as it is now, and why; see docs/guarantee.md. */
#include "guarantee.h"

#include <stdarg.h>
#include <stdio.h>
#include "program.h"

const enum dsn_guard guard_order[GUARDS] = { DSN_GUARD_REALTIME, DSN_GUARD_TRACEPOINT,
					     DSN_GUARD_LSM, DSN_GUARD_REFUSE,
					     DSN_GUARD_OFF };

const char *level_name(enum level level)
{
	static const char *const names[] = {
		[LEVEL_NOT_PROTECTED] = "not protected",
		[LEVEL_BEST_EFFORT] = "best-effort",
		[LEVEL_VMM_TRUSTED] = "vmm-trusted",
		[LEVEL_WITHHELD] = "withheld",
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

bool guarantee_goes_with(enum dsn_guard guard, enum dsn_hook hook)
{
	/* the others repair by writing, which this hook is there to do without */
	return guard == DSN_GUARD_OFF ||
	       (guard == DSN_GUARD_REFUSE) == (hook == DSN_HOOK_PERMISSION);
}

bool guarantee_tries_guard(enum dsn_guard guard, enum dsn_hook hook,
			   const struct running *host)
{
	if (guard == DSN_GUARD_OFF)
		return true;
	if (!guarantee_needs_guard(hook, host) || !guarantee_goes_with(guard, hook))
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

#define WITHHELD                                                                         \
	"nothing is written into VMMs, as under Secure Boot: a read of a serial leaves the VMM's variable as it was, zeros in QEMU, cloud-hypervisor and crosvm; other reads that have a serial in them are refused"

/* Of a hook that runs and cannot write. */
static void find_withheld(struct guarantee *guarantee, const struct loaded *loaded,
			  const struct running *host, const char *why)
{
	if (loaded->guard == DSN_GUARD_OFF && guarantee_needs_guard(loaded->hook, host)) {
		say(guarantee, LEVEL_BEST_EFFORT,
		    "boot with lsm=..., and bpf in it, then load again",
		    "preemption model %s: the hook can be skipped, and nothing refuses the read then%s%s",
		    preemption_name(host->model), *why ? ": " : "", why);
		return;
	}
	if (loaded->options & DSN_OPTION_WHOLE)
		say(guarantee, LEVEL_VMM_TRUSTED,
		    "'dsnctl load' without --whole-reads allow, where a VMM serves its guest from what it has read whole, as StratoVirt does",
		    WITHHELD
		    "; whole reads are let through, by which a VMM gets to know the real serial");
	else
		say(guarantee, LEVEL_WITHHELD,
		    "to have reads rewritten, so that rules can show serials or hide the capability: turn off Secure Boot, or take lockdown= from the command line",
		    WITHHELD
		    "; whole reads too, which QEMU needs to start ('load --whole-reads allow')");
}

void guarantee_find(struct guarantee *guarantee, const struct loaded *loaded,
		    const struct running *host, const struct dsn_missed *missed,
		    const char *why)
{
	const char *name = preemption_name(host->model);
	enum dsn_guard guard = loaded->guard;
	enum dsn_hook hook = loaded->hook;

	if (hook == DSN_HOOK_NONE)
		say(guarantee, LEVEL_NOT_PROTECTED, "run 'dsnctl load'", "not loaded");
	else if (loaded->blind)
		say(guarantee, LEVEL_NOT_PROTECTED, "run 'dsnctl load'",
		    "dsn_begin, dsn_end or dsn_switched has been taken out: what the hook knows of a device may be of another");
	else if (guard != DSN_GUARD_OFF && missed->guard)
		say(guarantee, LEVEL_BEST_EFFORT,
		    "this should not happen: report it with 'dsnctl status -j' and 'uname -a'",
		    "the guard has not seen %llu reads", missed->guard);
	else if (guard == DSN_GUARD_OFF && missed->hook && hook == DSN_HOOK_PERMISSION)
		say(guarantee, LEVEL_BEST_EFFORT,
		    "boot with lsm=..., and bpf in it, then load again",
		    "with no guard the hook, which is asked about every file, was skipped %llu times: some may have been reads of a serial",
		    missed->hook);
	else if (guard == DSN_GUARD_OFF && missed->hook)
		say(guarantee, LEVEL_BEST_EFFORT,
		    "'dsnctl load' to have a guard; give the devices that were read new serials",
		    "with no guard the hook was skipped %llu times: so many reads may have leaked",
		    missed->hook);
	else if (!hook_is_on(hook, host) && guard != DSN_GUARD_TRACEPOINT)
		say(guarantee, LEVEL_NOT_PROTECTED,
		    "set kernel.ftrace_enabled and /sys/kernel/debug/kprobes/enabled to 1",
		    "the %s hook is loaded and does not run: kernel.ftrace_enabled is %d, kprobes enabled is %d",
		    hook_name(hook), host->ftrace, host->kprobes);
	else if (hook == DSN_HOOK_PERMISSION)
		find_withheld(guarantee, loaded, host, why);
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
