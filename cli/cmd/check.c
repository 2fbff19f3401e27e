// SPDX-License-Identifier: GPL-2.0
/* dsnctl check: what this host offers, and what `load` would give on it. */
#include "cmd/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "kernel/host.h"
#include "kernel/pins.h"
#include "kernel/plan.h"
#include "lib/message.h"
#include "lib/table.h"
#include "lib/util.h"

enum {
	COL_ITEM,
	COL_STATE,
	COL_VALUE,
	COL_MEANING,
	COL_REMEDY,
};

static const struct column columns[] = {
	[COL_ITEM] = { "item" },     [COL_STATE] = { "state" },
	[COL_VALUE] = { "value" },   [COL_MEANING] = { "meaning" },
	[COL_REMEDY] = { "remedy" },
};

enum {
	FORECAST_GUARANTEE,
	FORECAST_HOOK,
	FORECAST_CHECK,
	FORECAST_GATE,
	FORECAST_GROUND,
	FORECAST_REMEDY,
	FORECAST_CERTAIN,
};

static const struct column forecast_columns[] = {
	[FORECAST_GUARANTEE] = { "guarantee" }, [FORECAST_HOOK] = { "hook" },
	[FORECAST_CHECK] = { "check" },		[FORECAST_GATE] = { "gate" },
	[FORECAST_GROUND] = { "ground" },	[FORECAST_REMEDY] = { "remedy" },
	[FORECAST_CERTAIN] = { "certain" },
};

/* The states of a row. */
static const char ok[] = "ok";
static const char limited[] = "limited"; /* it works, with less */
static const char off[] = "off";
static const char missing[] = "missing";
static const char unknown[] = "unknown"; /* it cannot be seen without more rights */

static const char as_root[] = "run this as root to know more";

struct row {
	const char *state, *value, *meaning, *remedy;
};

static struct row good(const char *value, const char *meaning)
{
	return (struct row){ ok, value, meaning, NULL };
}

static struct row bad(const char *state, const char *value, const char *meaning,
		      const char *remedy)
{
	return (struct row){ state, value, meaning, remedy };
}

static const char *see_debugfs(void)
{
	return geteuid() ? as_root : "mount -t debugfs debugfs /sys/kernel/debug";
}

static struct row btf_row(const struct host *host)
{
	if (host->btf)
		return good("/sys/kernel/btf/vmlinux",
			    "BPF programs can be fitted to this kernel");
	return bad(missing, NULL, "no BPF program can be fitted to this kernel",
		   "boot a kernel with CONFIG_DEBUG_INFO_BTF");
}

static struct row jit_row(const struct host *host)
{
	if (host->jit == YES)
		return good("net.core.bpf_jit_enable is on", "BPF programs are compiled");
	if (host->jit == NO)
		return bad(off, "net.core.bpf_jit_enable is 0",
			   "programs that are not compiled cannot be hooks",
			   "set net.core.bpf_jit_enable to 1");
	return bad(unknown, "net.core.bpf_jit_enable cannot be read",
		   "if it is 0, 'load' fails", as_root);
}

static struct row vfio_row(const struct host *host)
{
	if (host->vfio == VFIO_LOADED)
		return good("loaded", "the hook's function is there");
	if (host->vfio == VFIO_ON_DISK)
		return bad(limited, "not loaded",
			   "'dsnctl load' loads it; what is in it is not known yet",
			   "'modprobe vfio-pci' to know more");
	return bad(missing, NULL, "there is nothing to hook",
		   "install the kernel's modules, or boot a kernel with CONFIG_VFIO_PCI");
}

static struct row types_row(const struct host *host)
{
	if (host->types == YES)
		return good(host->module_btf ? "/sys/kernel/btf/vfio_pci_core"
					     : "/sys/kernel/btf/vmlinux",
			    host->module_btf
				    ? "BPF programs can be fitted to the module"
				    : "vfio-pci is built in, and can be fitted to");
	if (host->types == NO)
		return bad(missing, NULL, "no BPF program can be fitted to the module",
			   "boot a kernel with CONFIG_DEBUG_INFO_BTF_MODULES");
	return bad(unknown, NULL, "it is seen when the module is loaded",
		   "'modprobe vfio-pci' to know more");
}

static struct row fexit_row(const struct host *host)
{
	if (!host->direct_calls)
		return bad(limited, "no direct calls of ftrace",
			   "the kprobe pair is used as the hook", NULL);
	if (host->function == NO)
		return bad(limited, "vfio_pci_config_rw() is not in BTF",
			   "the kprobe pair is used as the hook", NULL);
	if (host->function == YES)
		return good("vfio_pci_config_rw()", "the preferred hook");
	return bad(unknown, NULL, "it is seen when the module is loaded",
		   "'modprobe vfio-pci' to know more");
}

static struct row kprobes_row(const struct host *host)
{
	if (!host->kprobe_events)
		return bad(limited, "no kprobe events",
			   "no hook if fexit is not available", NULL);
	if (!host->sees_kprobes)
		return bad(unknown, "debugfs cannot be read",
			   "the hook if fexit is not available", see_debugfs());
	if (!host->running.kprobes)
		return bad(off, "0", "a hook by kprobes would not run",
			   "set /sys/kernel/debug/kprobes/enabled to 1");
	return good("1", "the hook if fexit is not available");
}

static struct row permission_row(const struct host *host)
{
	if (host->permission == NO || !host->direct_calls)
		return bad(missing,
			   host->direct_calls ? "security_file_permission() is not in BTF"
					      : "no direct calls of ftrace",
			   "nothing for kernels that allow no writing, and no --answer",
			   NULL);
	return good("security_file_permission()",
		    "--answer, and serials can be withheld if nothing can be written");
}

static struct row ftrace_row(const struct host *host)
{
	if (host->running.ftrace)
		return good("1", "hooks and LSM programs run");
	return bad(off, "0", "no hook and no LSM program runs: only the check does",
		   "set kernel.ftrace_enabled to 1");
}

static struct row lsm_row(const struct host *host)
{
	if (host->lsm == YES && !host->direct_calls)
		return bad(limited, "no direct calls of ftrace",
			   "no gate, which real-time and locked-down kernels need", NULL);
	if (host->lsm == YES)
		return good("bpf is active",
			    "the gate is available, if the kernel needs one");
	if (host->lsm == NO)
		return bad(
			limited, "bpf is not active",
			"no gate, which real-time and locked-down kernels need",
			"on such a kernel, add bpf to lsm= on the kernel command line");
	return bad(unknown, "securityfs cannot be read",
		   "real-time and locked-down kernels need bpf to be active",
		   "mount -t securityfs securityfs /sys/kernel/security");
}

static struct row task_work_row(const struct host *host)
{
	if (host->task_work)
		return good("BPF can schedule task work", "the check resume can use it");
	if (!host->srcu_tracepoints)
		return good("none", "the check usage does not need it");
	return bad(missing, NULL, "no check on this kernel", "boot a newer kernel");
}

/* The remedy for a check that cannot find out if it may be interrupted. */
static const char see_kallsyms[] =
	"boot a kernel with CONFIG_KALLSYMS_ALL, like those of most distributions";

static struct row tracepoints_row(const struct host *host)
{
	if (!host->rpm_tracepoints)
		return bad(missing, NULL, "no check on this kernel",
			   "boot a kernel with CONFIG_PM");
	if (host->count_hidden)
		return bad(missing, "the preemption count has no address",
			   "no check on this kernel", see_kallsyms);
	if (host->srcu_tracepoints && host->can_preempt)
		return good("preemption stays on in them",
			    "the check is resume; 'load' tries it");
	return good("preemption is off in them", "the check is usage; 'load' tries it");
}

static struct row preemption_row(const struct host *host)
{
	const char *name = preemption_name(host->running.model);

	if (host->running.model == PREEMPTION_UNKNOWN)
		return bad(unknown, "debugfs cannot be read",
			   "it does not matter while there is a check", see_debugfs());
	if (host->running.model == PREEMPTION_RT)
		return bad(limited, name,
			   "signals come late: io_uring is refused by the gate", NULL);
	return good(name, "the check cannot be skipped under any of them");
}

static struct row numa_row(const struct host *host)
{
	if (!host->numa_balancing)
		return good("off", "pages of a VMM are not unmapped during a read by it");
	return good(
		"on",
		"a read whose page it unmaps may stop its VMM for some milliseconds, until 'dsnctl repair' has written it");
}

static struct row lockdown_row(const struct host *host)
{
	if (!host->lockdown)
		return bad(unknown, "securityfs cannot be read",
			   "if it is on, nothing can be rewritten",
			   "mount -t securityfs securityfs /sys/kernel/security");
	if (!strcmp(host->lockdown, "none"))
		return good("none", "reads can be rewritten");
	return bad(
		limited, host->lockdown,
		"reads cannot be rewritten, serials can only be withheld, if at all",
		"turn off Secure Boot, or remove lockdown= from the kernel command line");
}

static struct row addresses_row(const struct host *host)
{
	if (host->addresses == YES)
		return good("the kernel shows them", "vfio's files are found");
	if (host->addresses == NO)
		return bad(
			limited, "the kernel hides them", "no gate, no --answer",
			"set kernel.kptr_restrict to 1, or boot a kernel with BPF iterators over symbols");
	return bad(unknown, "the kernel hides them from this user",
		   "the gate and --answer need them", as_root);
}

static struct row bpffs_row(const struct host *host)
{
	if (host->bpffs)
		return good("/sys/fs/bpf", "loaded programs are kept there");
	return bad(missing, NULL, "'load' fails: programs cannot be kept", PINS_MOUNT);
}

#define TURN_IOMMU_ON                                                                    \
	"turn the IOMMU on in the firmware, and Intel's on the kernel command line too " \
	"(intel_iommu=on)"

static struct row iommu_row(const struct host *host, char text[48])
{
	snprintf(text, 48, "%zu groups", host->iommu_groups);
	if (host->noiommu_groups) {
		snprintf(text, 48, "%zu groups, %zu without an IOMMU", host->iommu_groups,
			 host->noiommu_groups);
		return bad(
			limited, text,
			"a guest that has a function of these can read and write all memory of the host",
			TURN_IOMMU_ON);
	}
	if (host->iommu_groups)
		return good(text, "functions can be assigned to guests");
	return bad(missing, text, "no function can be assigned to a guest",
		   TURN_IOMMU_ON);
}

static void add(struct table *table, const char *item, struct row row)
{
	if (table_row(table))
		return;
	table_text(table, COL_ITEM, item);
	table_text(table, COL_STATE, row.state);
	table_text(table, COL_VALUE, row.value);
	table_text(table, COL_MEANING, row.meaning);
	table_text(table, COL_REMEDY, row.remedy);
}

static void fill_items(struct table *table, const struct host *host)
{
	char groups[48];

	add(table, "btf", btf_row(host));
	add(table, "jit", jit_row(host));
	add(table, "vfio-pci", vfio_row(host));
	add(table, "module_btf", types_row(host));
	add(table, "lockdown", lockdown_row(host));
	add(table, "fexit", fexit_row(host));
	add(table, "kprobes", kprobes_row(host));
	add(table, "permission", permission_row(host));
	add(table, "ftrace", ftrace_row(host));
	add(table, "preemption", preemption_row(host));
	add(table, "numa_balancing", numa_row(host));
	add(table, "tracepoints", tracepoints_row(host));
	add(table, "task_work", task_work_row(host));
	add(table, "lsm", lsm_row(host));
	add(table, "addresses", addresses_row(host));
	add(table, "bpffs", bpffs_row(host));
	add(table, "iommu", iommu_row(host, groups));
}

/* The forecast of `load`. */
struct forecast {
	enum exit_status status; /* of `load` */
	struct plan plan;
	struct guarantee guarantee; /* if it would fail, the ground is the cause */
	bool certain;		    /* all that it depends on could be seen */
};

static bool __attribute__((format(printf, 4, 5)))
stop(struct forecast *forecast, enum exit_status status, const char *remedy,
     const char *format, ...)
{
	va_list args;

	forecast->status = status;
	forecast->guarantee = (struct guarantee){ LEVEL_NOT_PROTECTED, .remedy = remedy };
	va_start(args, format);
	vsnprintf(forecast->guarantee.ground, sizeof(forecast->guarantee.ground), format,
		  args);
	va_end(args);
	return true;
}

/* Finds what stops `load` on any host, in the order in which `load` meets it. */
static bool is_stopped(struct forecast *forecast, const struct host *host)
{
	if (!host->btf || host->vfio == VFIO_ABSENT)
		return false;
	if (host->vfio == VFIO_ON_DISK && host->modules_denied)
		return stop(
			forecast, EXIT_FAILED, "'modprobe vfio-pci' on the host",
			"vfio-pci is not loaded, and this process may not load modules (CAP_SYS_MODULE, kernel.modules_disabled)");
	if (!host->bpffs)
		return stop(
			forecast, EXIT_FAILED, PINS_MOUNT,
			"there is no bpffs at /sys/fs/bpf, where the programs are kept");
	if (host->bpf_denied)
		return stop(
			forecast, EXIT_CANNOT_TELL, "run it as root of the host",
			"the kernel refuses bpf() to this process: root needs CAP_SYS_ADMIN, and no filter of system calls");
	if (host->layout && host->layout != DSN_LAYOUT)
		return stop(
			forecast, EXIT_FAILED,
			"run 'dsnctl load', which says how to keep the rules",
			"maps of another version of dsnctl (layout %u, this one has %u) are in force",
			host->layout, DSN_LAYOUT);
	return false;
}

static void find_forecast(struct forecast *forecast, const struct host *host)
{
	static const struct request request = { .options = DSN_OPTION_VMMS };
	static const struct faults none;
	struct reasons reasons;

	*forecast = (struct forecast){
		.certain = host->vfio == VFIO_LOADED && host->lockdown &&
			   host->lsm != NOT_SEEN && host->addresses != NOT_SEEN &&
			   host->jit != NOT_SEEN,
	};
	if (is_stopped(forecast, host))
		return;
	forecast->status = plan_choose(host, &request, &forecast->plan, &reasons,
				       &forecast->guarantee);
	if (forecast->status)
		return;
	plan_guarantee(&forecast->plan, &host->running, &none, &reasons,
		       &forecast->guarantee);
	if (forecast->guarantee.level == LEVEL_NOT_PROTECTED)
		forecast->status = EXIT_UNPROTECTED;
}

static void fill_forecast(struct table *table, const struct forecast *forecast)
{
	const struct plan *plan = &forecast->plan;

	table_text(table, FORECAST_GUARANTEE, level_name(forecast->guarantee.level));
	table_text(table, FORECAST_HOOK, hook_name(plan->hook));
	table_text(table, FORECAST_CHECK, check_name(plan->check));
	table_bool(table, FORECAST_GATE, plan->options & DSN_OPTION_GATE);
	table_text(table, FORECAST_GROUND, forecast->guarantee.ground);
	table_text(table, FORECAST_REMEDY, forecast->guarantee.remedy);
	table_bool(table, FORECAST_CERTAIN, forecast->certain);
}

static const char *cell(const struct table *items, size_t row, size_t column)
{
	struct json_object *cells = json_object_array_get_idx(items->rows, row);

	return json_object_get_string(
		json_object_object_get(cells, columns[column].name));
}

static void print_remedies(const struct table *items)
{
	const char *heading = "\nto fix:\n";
	size_t i;

	for (i = 0; i < json_object_array_length(items->rows); i++) {
		if (!cell(items, i, COL_REMEDY))
			continue;
		printf("%s%s: %s\n", heading, cell(items, i, COL_ITEM),
		       cell(items, i, COL_REMEDY));
		heading = "";
	}
}

/* Removes the rows that are ok. Returns their number. */
static size_t drop_good(struct table *items)
{
	size_t all = json_object_array_length(items->rows), i;

	for (i = all; i-- > 0;)
		if (!strcmp(cell(items, i, COL_STATE), ok))
			json_object_array_del_idx(items->rows, i, 1);
	return all - json_object_array_length(items->rows);
}

/* Prints the remedies below the table, which they would make too wide. */
static int print_text(struct table *items, const struct table *forecast, bool verbose)
{
	size_t good = verbose ? 0 : drop_good(items);

	puts("'dsnctl load' would give:");
	table_print_fields(forecast);
	puts("");
	items->count = COL_REMEDY;
	if (json_object_array_length(items->rows) && table_print(items))
		return EXIT_FAILED;
	if (good)
		printf("%zu items are ok; -v prints them\n", good);
	print_remedies(items);
	return EXIT_DONE;
}

static int print_json(struct table *items, const struct table *forecast)
{
	struct json_object *object = json_result();

	if (!object)
		return EXIT_FAILED;
	table_put_row(forecast, object);
	json_object_object_add(object, "items", table_take_rows(items));
	json_print(object);
	return EXIT_DONE;
}

/* Prints the reason of an exit status other than 0. */
static void say_why(const struct forecast *forecast)
{
	const char *what = forecast->status == EXIT_UNABLE ? "this host cannot do it"
			   : forecast->status == EXIT_FAILED
				   ? "'dsnctl load' would fail"
				   : "'dsnctl load' would not protect";

	say_error("%s: %s; %s", what, forecast->guarantee.ground,
		  forecast->guarantee.remedy);
}

int cmd_check(const struct options *options, int argc, char **argv)
{
	_cleanup_(table_free) struct table items = {}, verdict = {};
	struct forecast forecast;
	struct host host;
	int err;

	(void)argc;
	(void)argv;
	if (table_init(&items, columns, ARRAY_SIZE(columns)) ||
	    table_init(&verdict, forecast_columns, ARRAY_SIZE(forecast_columns)) ||
	    table_row(&verdict)) {
		say_error("out of memory");
		return EXIT_FAILED;
	}
	host_detect(&host);
	find_forecast(&forecast, &host);
	fill_items(&items, &host);
	fill_forecast(&verdict, &forecast);
	if (!forecast.certain)
		say_warning(
			"not everything could be seen: see the rows that are unknown or not loaded");
	err = options->json ? print_json(&items, &verdict)
			    : print_text(&items, &verdict, options->verbose);
	if (err) {
		say_error("out of memory");
		return err;
	}
	if (forecast.status)
		say_why(&forecast);
	return forecast.status;
}
