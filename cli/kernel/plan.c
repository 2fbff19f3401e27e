// SPDX-License-Identifier: GPL-2.0
/* Chooses the layers for a host, and judges what they guarantee: pure. See docs/guarantee.md. */
#include "kernel/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/util.h"

static const char *const hook_names[] = {
	[DSN_HOOK_NONE] = "none",
	[DSN_HOOK_FEXIT] = "fexit",
	[DSN_HOOK_KPROBE] = "kprobe",
	[DSN_HOOK_PERMISSION] = "permission",
};

static const char *const check_names[] = {
	[DSN_CHECK_OFF] = "off",
	[DSN_CHECK_USAGE] = "usage",
	[DSN_CHECK_RESUME] = "resume",
};

const char *hook_name(enum dsn_hook hook)
{
	return hook_names[hook];
}

const char *check_name(enum dsn_check check)
{
	return check_names[check];
}

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

static void __attribute__((format(printf, 4, 5)))
grant(struct guarantee *guarantee, enum level level, const char *remedy,
      const char *format, ...)
{
	va_list args;

	guarantee->level = level;
	guarantee->remedy = remedy;
	va_start(args, format);
	vsnprintf(guarantee->ground, sizeof(guarantee->ground), format, args);
	va_end(args);
}

static bool is_locked(const struct host *host)
{
	return host->lockdown && strcmp(host->lockdown, "none");
}

static bool is_auto(const char *name)
{
	return !name || !strcmp(name, "auto");
}

static bool asks_for(const char *asked, const char *name)
{
	return is_auto(asked) || !strcmp(asked, name);
}

static const char no_addresses[] = "the kernel shows no address of vfio_device_fops";

/* Finds what speaks against an LSM program, or NULL. */
static const char *against_gate(const struct host *host)
{
	if (*host->refused[GROUP_GATE])
		return host->refused[GROUP_GATE];
	if (host->lsm == NO)
		return "'bpf' is not among the active LSMs";
	if (!host->direct_calls)
		return "the kernel's ftrace has no direct calls for LSM programs";
	return host->addresses == NO ? no_addresses : NULL;
}

static const char *against_permission(const struct host *host)
{
	if (*host->refused[GROUP_PERMISSION])
		return host->refused[GROUP_PERMISSION];
	if (is_locked(host) && !strcmp(host->lockdown, "confidentiality"))
		return "under this lockdown no BPF program may read kernel memory";
	if (host->permission == NO)
		return "security_file_permission() is not in the kernel's BTF";
	if (!host->direct_calls)
		return "the kernel's ftrace has no direct calls for it";
	return host->addresses == NO ? no_addresses : NULL;
}

static const char *against_answer(const struct host *host)
{
	return *host->refused[GROUP_ANSWER] ? host->refused[GROUP_ANSWER]
					    : against_permission(host);
}

static const char *against_fexit(const struct host *host)
{
	if (*host->refused[GROUP_FEXIT])
		return host->refused[GROUP_FEXIT];
	if (host->function == NO)
		return "vfio_pci_config_rw() is not in the module's BTF";
	return host->direct_calls ? NULL
				  : "the kernel's ftrace has no direct calls for it";
}

static const char *against_kprobe(const struct host *host)
{
	if (*host->refused[GROUP_KPROBE])
		return host->refused[GROUP_KPROBE];
	return host->kprobe_events ? NULL : "the kernel has no kprobe events";
}

/* Either check refers to the preemption count, to find out if it may be preempted. */
static const char *against_checks(const struct host *host)
{
	if (!host->rpm_tracepoints)
		return "the kernel has no tracepoints for runtime power management";
	return host->count_hidden
		       ? "the kernel's preemption count has no address (CONFIG_KALLSYMS_ALL)"
		       : NULL;
}

static const char *against_usage(const struct host *host)
{
	const char *reason = against_checks(host);

	if (*host->refused[GROUP_USAGE])
		return host->refused[GROUP_USAGE];
	if (!reason && host->srcu_tracepoints && host->can_preempt)
		return "this kernel runs tracepoints with preemption on";
	return reason;
}

static const char *against_resume(const struct host *host)
{
	const char *reason = against_checks(host);

	if (*host->refused[GROUP_RESUME])
		return host->refused[GROUP_RESUME];
	if (!reason && !host->task_work)
		return "the kernel has no task work for BPF";
	/* a real-time kernel adds it in a thread, which may come too late, and may crash */
	if (!reason && host->running.model == PREEMPTION_RT)
		return "a real-time kernel adds BPF's task work too late";
	return reason;
}

/* A choice for a layer; tables of them are in the order of preference. */
struct choice {
	int value;
	const char *name;
	const char *(*against)(const struct host *host);
};

static const struct choice hooks[] = {
	{ DSN_HOOK_FEXIT, "fexit", against_fexit },
	{ DSN_HOOK_KPROBE, "kprobe", against_kprobe },
	{},
};

static const struct choice checks[] = {
	{ DSN_CHECK_USAGE, "usage", against_usage },
	{ DSN_CHECK_RESUME, "resume", against_resume },
	{},
};

/* Returns the first choice that nothing speaks against, else 0 with the reasons. */
static int choose(const struct choice *choices, const char *asked,
		  const struct host *host, char *why, size_t size)
{
	const char *reason;
	size_t used;

	why[0] = '\0';
	for (; choices->name; choices++) {
		if (!asks_for(asked, choices->name))
			continue;
		reason = choices->against(host);
		if (!reason)
			return choices->value;
		used = strlen(why);
		snprintf(why + used, size - used, "%s%s: %s", used ? "; " : "",
			 choices->name, reason);
	}
	return 0;
}

/* Finds what makes every choice impossible. */
static enum exit_status find_impossible(const struct host *host,
					struct guarantee *refusal)
{
	if (!host->btf)
		grant(refusal, LEVEL_NOT_PROTECTED,
		      "boot a kernel with CONFIG_DEBUG_INFO_BTF, like those of distributions",
		      "the kernel does not describe its types (/sys/kernel/btf/vmlinux), so no BPF program can be fitted to it");
	else if (host->vfio == VFIO_ABSENT)
		grant(refusal, LEVEL_NOT_PROTECTED,
		      "install the kernel's modules, or boot a kernel with CONFIG_VFIO_PCI",
		      "there is no vfio-pci for this kernel, so there is nothing to protect");
	else if (host->jit == NO)
		grant(refusal, LEVEL_NOT_PROTECTED, "set net.core.bpf_jit_enable to 1",
		      "the BPF compiler is off (net.core.bpf_jit_enable is 0)");
	else if (host->types == NO)
		grant(refusal, LEVEL_NOT_PROTECTED,
		      "boot a kernel with CONFIG_DEBUG_INFO_BTF_MODULES",
		      "the types of the module vfio_pci_core are not described (/sys/kernel/btf/vfio_pci_core), so no BPF program can be fitted to it");
	else
		return EXIT_DONE;
	return EXIT_UNABLE;
}

/* Chooses the programs for a kernel that allows no writing into VMMs. */
static enum exit_status choose_withholding(const struct host *host,
					   const struct request *request,
					   struct plan *plan, struct reasons *reasons,
					   struct guarantee *refusal)
{
	const char *reason = against_permission(host);

	if ((!is_auto(request->hook) && strcmp(request->hook, "permission")) ||
	    (!is_auto(request->check) && strcmp(request->check, "off"))) {
		grant(refusal, LEVEL_NOT_PROTECTED,
		      "leave out --hook and --check: serials are withheld without writing",
		      "%s%s%s: no program may write into a VMM",
		      is_locked(host) ? "kernel lockdown is '" : "the hook permission",
		      is_locked(host) ? host->lockdown : "",
		      is_locked(host) ? "', as Secure Boot sets it" : " writes nothing");
		return EXIT_UNABLE;
	}
	if (reason) {
		grant(refusal, LEVEL_NOT_PROTECTED,
		      "turn off Secure Boot in the firmware, or remove lockdown= from the kernel command line",
		      "%s%s%s%s", is_locked(host) ? "kernel lockdown is '" : "",
		      is_locked(host) ? host->lockdown : "",
		      is_locked(host) ? "': " : "permission: ", reason);
		return EXIT_UNABLE;
	}
	plan->hook = DSN_HOOK_PERMISSION;
	plan->options = request->options & (DSN_OPTION_WHOLE | DSN_OPTION_VMMS);
	if (is_locked(host))
		snprintf(
			reasons->hook, sizeof(reasons->hook),
			"kernel lockdown is '%s', as Secure Boot sets it: no program may write into a VMM",
			host->lockdown);
	reason = against_gate(host);
	/* without a check, the guarantee depends on the gate */
	if (request->check && !strcmp(request->check, "off"))
		reason = "--check off";
	if (reason)
		snprintf(reasons->check, sizeof(reasons->check), "gate: %s", reason);
	else
		plan->options |= DSN_OPTION_GATE;
	if (request->options & DSN_OPTION_ANSWER)
		snprintf(reasons->answer, sizeof(reasons->answer),
			 "nothing can be written here");
	return EXIT_DONE;
}

static void choose_options(const struct host *host, const struct request *request,
			   struct plan *plan, struct reasons *reasons)
{
	const char *reason = against_answer(host);
	size_t used;

	if (request->options & DSN_OPTION_ANSWER && reason)
		snprintf(reasons->answer, sizeof(reasons->answer), "%s", reason);
	else
		plan->options |= request->options & DSN_OPTION_ANSWER;
	if (host->running.model != PREEMPTION_RT || plan->check == DSN_CHECK_OFF)
		return;
	reason = against_gate(host);
	/* its address stays valid while the hook holds the module */
	if (!reason && plan->hook != DSN_HOOK_FEXIT)
		reason = "it needs the hook fexit";
	if (!reason) {
		plan->options |= DSN_OPTION_GATE;
		return;
	}
	used = strlen(reasons->check);
	snprintf(reasons->check + used, sizeof(reasons->check) - used, "%sgate: %s",
		 used ? "; " : "", reason);
}

/* Refuses a plan that lacks what was requested, or is empty. */
static enum exit_status judge(const struct request *request, const struct plan *plan,
			      const struct reasons *reasons, struct guarantee *refusal)
{
	bool asked_hook = !is_auto(request->hook) && strcmp(request->hook, "none");
	bool asked_check = !is_auto(request->check) && strcmp(request->check, "off");

	if (asked_hook && plan->hook == DSN_HOOK_NONE)
		grant(refusal, LEVEL_NOT_PROTECTED, "leave out --hook",
		      "this kernel does not offer what was requested: %s", reasons->hook);
	else if (asked_check && plan->check == DSN_CHECK_OFF)
		grant(refusal, LEVEL_NOT_PROTECTED, "leave out --check",
		      "this kernel does not offer what was requested: %s",
		      *reasons->check ? reasons->check : "no such check here");
	else if (plan->hook == DSN_HOOK_NONE && plan->check == DSN_CHECK_OFF)
		grant(refusal, LEVEL_NOT_PROTECTED,
		      "boot a kernel that offers one of the layers",
		      "this kernel offers neither a hook nor a check: %s; %s",
		      *reasons->hook ? reasons->hook : "hook none",
		      *reasons->check ? reasons->check : "check off");
	else
		return EXIT_DONE;
	return EXIT_UNABLE;
}

enum exit_status plan_choose(const struct host *host, const struct request *request,
			     struct plan *plan, struct reasons *reasons,
			     struct guarantee *refusal)
{
	enum exit_status status = find_impossible(host, refusal);

	*plan = (struct plan){};
	*reasons = (struct reasons){};
	if (status)
		return status;
	if (is_locked(host) || (request->hook && !strcmp(request->hook, "permission")))
		return choose_withholding(host, request, plan, reasons, refusal);
	if (request->hook && !strcmp(request->hook, "none"))
		snprintf(reasons->hook, sizeof(reasons->hook), "--hook none");
	else
		plan->hook = choose(hooks, request->hook, host, reasons->hook,
				    sizeof(reasons->hook));
	if (plan->hook == DSN_HOOK_KPROBE)
		snprintf(reasons->hook, sizeof(reasons->hook), "%.150s",
			 is_auto(request->hook) ? against_fexit(host) : "--hook kprobe");
	if (request->check && !strcmp(request->check, "off"))
		snprintf(reasons->check, sizeof(reasons->check), "--check off");
	else
		plan->check = choose(checks, request->check, host, reasons->check,
				     sizeof(reasons->check));
	choose_options(host, request, plan, reasons);
	return judge(request, plan, reasons, refusal);
}

#define WITHHELD                                                                         \
	"nothing is written into VMMs, as under Secure Boot: a read of a serial leaves the VMM's variable as it was, zeros in QEMU, cloud-hypervisor and crosvm; other reads that have a serial in them are refused"

static bool may_preempt(const struct running *running)
{
	return running->model != PREEMPTION_NONE &&
	       running->model != PREEMPTION_VOLUNTARY;
}

/* Judges programs that run and cannot write. */
static void grant_withheld(const struct plan *plan, const struct running *running,
			   const struct faults *faults, const char *why,
			   struct guarantee *guarantee)
{
	bool gate = plan->options & DSN_OPTION_GATE;

	if (!running->ftrace)
		grant(guarantee, LEVEL_NOT_PROTECTED, "set kernel.ftrace_enabled to 1",
		      "kernel.ftrace_enabled is 0: the programs are loaded and do not run");
	else if (!gate && faults->lost)
		grant(guarantee, LEVEL_BEST_EFFORT,
		      "add bpf to lsm= on the kernel command line, reboot, and load again",
		      "the hook, which runs for every file, was skipped %llu times without a gate: some may have been reads of a serial",
		      faults->lost);
	else if (!gate && may_preempt(running))
		grant(guarantee, LEVEL_BEST_EFFORT,
		      "add bpf to lsm= on the kernel command line, reboot, and load again",
		      "preemption model %s: the hook can be skipped, and nothing refuses the read then%s%s",
		      preemption_name(running->model), *why ? ": " : "", why);
	else if (plan->options & DSN_OPTION_WHOLE)
		grant(guarantee, LEVEL_VMM_TRUSTED,
		      "run 'dsnctl load' without --whole-reads allow if a VMM serves guests from whole reads, like StratoVirt",
		      WITHHELD
		      "; whole reads are allowed, by which a VMM learns the real serial");
	else if (plan->options & DSN_OPTION_VMMS)
		grant(guarantee, LEVEL_VMM_TRUSTED,
		      "to have reads rewritten, so that rules can show serials or hide the capability: turn off Secure Boot, or remove lockdown= from the command line; if no VMM is to learn a serial: 'dsnctl load --whole-reads refuse', under which QEMU does not start",
		      WITHHELD
		      "; whole reads are allowed for the executables that 'dsnctl status' lists, like QEMU, which asks the device again for its guest");
	else
		grant(guarantee, LEVEL_WITHHELD,
		      "to have reads rewritten, so that rules can show serials or hide the capability: turn off Secure Boot, or remove lockdown= from the command line",
		      WITHHELD
		      "; whole reads too, which QEMU needs to start ('load --whole-reads known')");
}

/* Judges a hook without a check, which is never more than best effort. */
static void grant_hook_alone(const struct plan *plan, const struct running *running,
			     const struct faults *faults, const char *why,
			     struct guarantee *guarantee)
{
	const char *remedy =
		running->model == PREEMPTION_RT
			? "boot a kernel that is not real-time, or use 'dsnctl load --hook permission', which withholds serials"
			: "run 'dsnctl load' without --check, or see the reasons";

	if (!running->ftrace || (plan->hook == DSN_HOOK_KPROBE && !running->kprobes))
		grant(guarantee, LEVEL_NOT_PROTECTED,
		      "set kernel.ftrace_enabled and /sys/kernel/debug/kprobes/enabled to 1",
		      "the hook %s is loaded and does not run: kernel.ftrace_enabled is %d, kprobes enabled is %d",
		      hook_name(plan->hook), running->ftrace, running->kprobes);
	else if (faults->lost)
		grant(guarantee, LEVEL_BEST_EFFORT, remedy,
		      "the hook was skipped %llu times without a check: as many reads may have leaked",
		      faults->lost);
	else
		grant(guarantee, LEVEL_BEST_EFFORT, remedy,
		      "the hook %s can be skipped, and there is no check%s%s",
		      hook_name(plan->hook), *why ? ": " : "", why);
}

void plan_guarantee(const struct plan *plan, const struct running *running,
		    const struct faults *faults, const struct reasons *reasons,
		    struct guarantee *guarantee)
{
	const char *why = reasons ? reasons->check : "";

	if (plan->hook == DSN_HOOK_NONE && plan->check == DSN_CHECK_OFF)
		grant(guarantee, LEVEL_NOT_PROTECTED, "run 'dsnctl load'", "not loaded");
	else if (plan->hook == DSN_HOOK_PERMISSION)
		grant_withheld(plan, running, faults, why, guarantee);
	else if (plan->check == DSN_CHECK_OFF)
		grant_hook_alone(plan, running, faults, why, guarantee);
	else if (faults->unchecked)
		grant(guarantee, LEVEL_BEST_EFFORT,
		      "this should not happen: report it with 'dsnctl status -j' and 'uname -a'",
		      "the hook has seen %llu reads that the check has not",
		      faults->unchecked);
	else if (faults->unkillable)
		grant(guarantee, LEVEL_BEST_EFFORT,
		      "do not run a VMM as init (pid 1); 'dsnctl unload' and 'dsnctl load' reset the count",
		      "%llu readers could be neither stopped nor killed",
		      faults->unkillable);
	else if (faults->late)
		grant(guarantee, LEVEL_BEST_EFFORT,
		      "boot a kernel that is not real-time; 'dsnctl unload' and 'dsnctl load' reset the count",
		      "a real-time kernel has stopped or killed %llu readers late, whose memory could not be written",
		      faults->late);
	else if (running->model == PREEMPTION_RT && plan->hook != DSN_HOOK_FEXIT)
		grant(guarantee, LEVEL_BEST_EFFORT, "run 'dsnctl load' without --hook",
		      "the check settles every read, but a real-time kernel stops a reader late whose memory cannot be written, and there is no hook fexit that stops it in time");
	else if (running->model == PREEMPTION_RT && !(plan->options & DSN_OPTION_GATE))
		grant(guarantee, LEVEL_BEST_EFFORT,
		      "add bpf to lsm= on the kernel command line, reboot, and load again",
		      "the check settles every read, but a real-time kernel kills a reader by io_uring late, and nothing refuses it%s%s",
		      *why ? ": " : "", why);
	else if (running->model == PREEMPTION_RT && !running->ftrace)
		grant(guarantee, LEVEL_BEST_EFFORT, "set kernel.ftrace_enabled to 1",
		      "kernel.ftrace_enabled is 0: the gate, which refuses io_uring, does not run");
	else if (plan->check == DSN_CHECK_USAGE)
		grant(guarantee, LEVEL_PROVEN, NULL,
		      "a check after every read, which runs with preemption off and cannot be skipped, settles what the reader sees");
	else
		grant(guarantee, LEVEL_PROVEN, NULL,
		      "a check before every read, which runs with interrupts off and cannot be skipped, has the kernel settle what the reader sees before it returns");
}
