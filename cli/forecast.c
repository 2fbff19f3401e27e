// SPDX-License-Identifier: GPL-2.0
/* What `load` would come to on a host of which these facts are known: pure. */
#include "forecast.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "program.h"
#include "util.h"

static void __attribute__((format(printf, 4, 5)))
refuse(struct forecast *forecast, enum exit_status status, const char *remedy,
       const char *format, ...)
{
	struct guarantee *guarantee = &forecast->guarantee;
	va_list args;

	forecast->status = status;
	guarantee->level = LEVEL_NOT_PROTECTED;
	guarantee->remedy = remedy;
	va_start(args, format);
	vsnprintf(guarantee->ground, sizeof(guarantee->ground), format, args);
	va_end(args);
}

static bool is_locked(const struct facts *facts)
{
	return facts->lockdown && strcmp(facts->lockdown, "none");
}

static const char *against_permission(const struct facts *facts)
{
	if (is_locked(facts) && !strcmp(facts->lockdown, "confidentiality"))
		return "under this lockdown no BPF program may read kernel memory";
	if (facts->permission == NO)
		return "security_file_permission() is not in the kernel's BTF";
	if (!facts->direct_calls)
		return "the kernel's ftrace has no direct calls for it";
	return facts->addresses == NO
		       ? "/proc/kallsyms shows no addresses (kernel.kptr_restrict=2?)"
		       : NULL;
}

/* What speaks against a hook, or NULL. */
static const char *against_hook(enum dsn_hook hook, const struct facts *facts)
{
	if (hook == DSN_HOOK_PERMISSION)
		return against_permission(facts);
	if (is_locked(facts))
		return "lockdown forbids bpf_probe_write_user";
	if (hook == DSN_HOOK_KPROBE)
		return facts->kprobe_events ? NULL : "the kernel has no kprobe events";
	if (facts->function == NO)
		return "vfio_pci_config_rw() is not in the module's BTF";
	return facts->direct_calls ? NULL
				   : "the kernel's ftrace has no direct calls for it";
}

static const char *against_tracepoint(const struct facts *facts)
{
	if (!facts->rpm_tracepoints)
		return "the kernel has no tracepoints for runtime power management";
	return facts->srcu_tracepoints ? "this kernel runs tracepoints with preemption on"
				       : NULL;
}

static const char *against_lsm(const struct facts *facts)
{
	if (facts->lsm == NO)
		return "'bpf' is not among the active LSMs (boot with lsm=..., and bpf in it)";
	if (!facts->direct_calls)
		return "the kernel's ftrace has no direct calls for LSM programs";
	return facts->addresses == NO
		       ? "/proc/kallsyms shows no addresses (kernel.kptr_restrict=2?)"
		       : NULL;
}

/* What speaks against a guard, or NULL; as program_load() finds it. */
static const char *against_guard(enum dsn_guard guard, const struct facts *facts)
{
	const char *reason = NULL;

	if (guard == DSN_GUARD_TRACEPOINT || guard == DSN_GUARD_REALTIME)
		reason = against_tracepoint(facts);
	if (guard == DSN_GUARD_LSM && !facts->task_work)
		reason = "the kernel has no bpf_task_work_schedule_resume()";
	if (!reason && (guard == DSN_GUARD_LSM || guard == DSN_GUARD_REALTIME ||
			guard == DSN_GUARD_REFUSE))
		reason = against_lsm(facts);
	return reason;
}

/* The first guard that `load` would get; the reasons against those before it. */
static enum dsn_guard find_guard(enum dsn_hook hook, const struct facts *facts, char *why,
				 size_t size)
{
	enum dsn_guard guard;
	const char *reason;
	size_t i, length;

	why[0] = '\0';
	for (i = 0; i < GUARDS; i++) {
		guard = guard_order[i];
		if (!guarantee_tries_guard(guard, hook, &facts->host))
			continue;
		reason = against_guard(guard, facts);
		if (!reason)
			return guard;
		length = strlen(why);
		snprintf(why + length, size - length, "%s%s: %s", length ? "; " : "",
			 guard_name(guard), reason);
	}
	return DSN_GUARD_OFF;
}

/* What no hook and no guard can make up for. */
static bool is_impossible(struct forecast *forecast, const struct facts *facts)
{
	if (!facts->btf)
		refuse(forecast, EXIT_UNABLE,
		       "boot a kernel with CONFIG_DEBUG_INFO_BTF, as distributions' kernels have",
		       "the kernel does not describe its types (/sys/kernel/btf/vmlinux), so that no BPF program can be fitted to it");
	else if (facts->vfio == VFIO_ABSENT)
		refuse(forecast, EXIT_UNABLE,
		       "install the kernel's modules, or boot a kernel with CONFIG_VFIO_PCI",
		       "there is no vfio-pci for this kernel, so that there is nothing to hook");
	else if (facts->jit == NO)
		refuse(forecast, EXIT_UNABLE, "set net.core.bpf_jit_enable to 1",
		       "the BPF compiler is off (net.core.bpf_jit_enable is 0), and programs that are not compiled can be no hooks");
	else if (facts->types == NO)
		refuse(forecast, EXIT_UNABLE,
		       "boot a kernel with CONFIG_DEBUG_INFO_BTF_MODULES",
		       "the types of the module vfio_pci_core are not described (/sys/kernel/btf/vfio_pci_core), so that no BPF program can be fitted to it");
	else
		return false;
	return true;
}

static bool find_hook(struct forecast *forecast, const struct facts *facts)
{
	static const enum dsn_hook order[] = { DSN_HOOK_FEXIT, DSN_HOOK_KPROBE,
					       DSN_HOOK_PERMISSION };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(order); i++)
		if (!against_hook(order[i], facts)) {
			forecast->hook = order[i];
			return true;
		}
	refuse(forecast, EXIT_UNABLE,
	       is_locked(facts)
		       ? "turn off Secure Boot in the firmware, or take lockdown= from the kernel command line, where that set it"
		       : "boot a kernel that has one of them",
	       "this kernel takes none of the hooks: fexit: %s; kprobe: %s; permission: %s",
	       against_hook(DSN_HOOK_FEXIT, facts), against_hook(DSN_HOOK_KPROBE, facts),
	       against_hook(DSN_HOOK_PERMISSION, facts));
	return false;
}

void forecast_find(struct forecast *forecast, const struct facts *facts)
{
	static const struct dsn_missed none;
	char why[sizeof(((struct dsn_state *)0)->guard_reason)];

	*forecast = (struct forecast){
		.certain = facts->vfio == VFIO_LOADED && facts->lockdown &&
			   facts->host.model != PREEMPTION_UNKNOWN &&
			   facts->sees_kprobes && facts->lsm != NOT_SEEN &&
			   facts->addresses != NOT_SEEN && facts->jit != NOT_SEEN,
	};
	if (is_impossible(forecast, facts) || !find_hook(forecast, facts))
		return;
	forecast->guard = find_guard(forecast->hook, facts, why, sizeof(why));
	guarantee_find(
		&forecast->guarantee,
		&(struct loaded){ .hook = forecast->hook, .guard = forecast->guard },
		&facts->host, &none, why);
	if (!facts->bpffs)
		refuse(forecast, EXIT_FAILED, "mount -t bpf bpf /sys/fs/bpf",
		       "there is no bpffs at /sys/fs/bpf, where the programs are kept");
	else if (forecast->guarantee.level == LEVEL_NOT_PROTECTED)
		forecast->status = EXIT_UNPROTECTED;
}
