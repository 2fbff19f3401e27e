// SPDX-License-Identifier: GPL-2.0
/* Detects what this host's kernel offers. Changes nothing, except to load vfio-pci. */
#include "kernel/host.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <glob.h>
#include <libkmod.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include "kernel/pins.h"
#include "lib/file.h"
#include "lib/util.h"
#include "dsn_contract.h"
#include "symbol.skel.h"

/* Returns the active lockdown level, "none" if it is off or cannot be read. */
static const char *read_lockdown(void)
{
	char line[64];

	if (file_read_line("/sys/kernel/security/lockdown", line, sizeof(line)))
		return "none";
	if (strstr(line, "[integrity]"))
		return "integrity";
	if (strstr(line, "[confidentiality]"))
		return "confidentiality";
	return "none";
}

const char *preemption_name(enum preemption model)
{
	static const char *const names[] = {
		[PREEMPTION_UNKNOWN] = "unknown",     [PREEMPTION_NONE] = "none",
		[PREEMPTION_VOLUNTARY] = "voluntary", [PREEMPTION_FULL] = "full",
		[PREEMPTION_LAZY] = "lazy",	      [PREEMPTION_RT] = "rt",
	};

	return names[model];
}

/* Finds the word in brackets of "none (voluntary) full". */
static enum preemption dynamic_preemption(void)
{
	enum preemption model;
	char line[64], *word;

	if (file_read_line("/sys/kernel/debug/sched/preempt", line, sizeof(line)))
		return PREEMPTION_UNKNOWN;
	word = strchr(line, '(');
	if (!word)
		return PREEMPTION_UNKNOWN;
	word[strcspn(word, ")")] = '\0';
	for (model = PREEMPTION_NONE; model <= PREEMPTION_LAZY; model++)
		if (!strcmp(word + 1, preemption_name(model)))
			return model;
	return PREEMPTION_UNKNOWN;
}

/*
 * Returns true if the kernel can preempt a task in kernel mode, under any of its models. Its
 * version names CONFIG_PREEMPT_* (init/Makefile).
 */
static bool can_preempt(void)
{
	struct utsname name;

	return uname(&name) || strstr(name.version, "PREEMPT");
}

/* Returns the preemption model now; it can change at run time. */
static enum preemption find_preemption(void)
{
	struct utsname name;

	if (uname(&name))
		return PREEMPTION_UNKNOWN;
	if (strstr(name.version, "PREEMPT_RT"))
		return PREEMPTION_RT;
	if (strstr(name.version, "PREEMPT_DYNAMIC"))
		return dynamic_preemption();
	if (strstr(name.version, "PREEMPT_LAZY"))
		return PREEMPTION_LAZY;
	return strstr(name.version, "PREEMPT") ? PREEMPTION_FULL : PREEMPTION_VOLUNTARY;
}

/* Returns true unless the switch is off; one that is not there cannot be. */
static bool is_on(const char *path)
{
	char line[16];

	return file_read_line(path, line, sizeof(line)) || strcmp(line, "0") != 0;
}

struct running host_running(void)
{
	return (struct running){
		.model = find_preemption(),
		.ftrace = is_on("/proc/sys/kernel/ftrace_enabled"),
		.kprobes = is_on("/sys/kernel/debug/kprobes/enabled"),
	};
}

static bool has_lsm(const char *name)
{
	char line[256], *word, *rest = line;

	if (file_read_line("/sys/kernel/security/lsm", line, sizeof(line)))
		return false;
	while ((word = strsep(&rest, ",")))
		if (!strcmp(word, name))
			return true;
	return false;
}

bool host_has_btf(void)
{
	return !access("/sys/kernel/btf/vmlinux", R_OK);
}

struct btf *host_btf(void)
{
	static struct btf *btf;

	if (!btf && host_has_btf())
		btf = btf__load_vmlinux_btf();
	return btf;
}

bool host_ringbuf_sleeps_in(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "bpf_ringbuf", BTF_KIND_STRUCT), i;
	const struct btf_type *ring = id > 0 ? btf__type_by_id(btf, id) : NULL;

	for (i = 0; ring && i < btf_vlen(ring); i++) {
		const struct btf_member *member = &btf_members(ring)[i];
		const struct btf_type *type = btf__type_by_id(btf, member->type);

		if (!strcmp(btf__name_by_offset(btf, member->name_off), "spinlock"))
			return !strcmp(btf__name_by_offset(btf, type->name_off),
				       "spinlock_t");
	}
	return false;
}

bool host_ringbuf_sleeps(void)
{
	return find_preemption() == PREEMPTION_RT && host_btf() &&
	       host_ringbuf_sleeps_in(host_btf());
}

/* Returns true if vfio-pci is loaded, and so vfio-pci-core with the hook's function. */
static bool has_vfio(void)
{
	return !access("/sys/bus/pci/drivers/vfio-pci", F_OK);
}

static void free_kmod(struct kmod_ctx **kmod)
{
	kmod_unref(*kmod);
}

/* Finds what a name stands for among this kernel's modules. Returns 0 or -errno. */
static int find_module(struct kmod_ctx *kmod, const char *name, struct kmod_list **found)
{
	int err;

	*found = NULL;
	if (!kmod)
		return -ENOMEM;
	kmod_set_log_priority(kmod, 0);
	err = kmod_module_new_from_lookup(kmod, name, found);
	return err ? err : *found ? 0 : -ENOENT;
}

static bool has_module(const char *name)
{
	_cleanup_(free_kmod) struct kmod_ctx *kmod = kmod_new(NULL, NULL);
	struct kmod_list *found;
	int err = find_module(kmod, name, &found);

	kmod_module_unref_list(found);
	return !err;
}

/* Inserts a module, as modprobe does, wherever that is. Returns 0 or -errno. */
static int insert_module(const char *name)
{
	_cleanup_(free_kmod) struct kmod_ctx *kmod = kmod_new(NULL, NULL);
	struct kmod_list *found, *item;
	int err = find_module(kmod, name, &found);

	kmod_list_foreach(item, found)
	{
		struct kmod_module *module = kmod_module_get_module(item);

		if (!err)
			err = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL,
							      NULL);
		kmod_module_unref(module);
	}
	kmod_module_unref_list(found);
	return err;
}

int host_load_vfio(void)
{
	int err = has_vfio() ? 0 : insert_module("vfio-pci");

	return err ? err : has_vfio() ? 0 : -ENODEV;
}

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
}

static bool has(const struct btf *btf, const char *name, __u32 kind)
{
	return btf && btf__find_by_name_kind(btf, name, kind) > 0;
}

static enum vfio_state find_vfio(void)
{
	if (has_vfio())
		return VFIO_LOADED;
	return has_module("vfio-pci") ? VFIO_ON_DISK : VFIO_ABSENT;
}

/* Looks into the module's BTF, or the kernel's if vfio-pci-core is built in. */
static void find_in_module(struct host *host, struct btf *kernel)
{
	_cleanup_(free_btf) struct btf *module =
		btf__load_module_btf("vfio_pci_core", kernel);
	const struct btf *btf = module ? module : kernel;

	host->module_btf = module;
	host->types = has(btf, "vfio_pci_core_device", BTF_KIND_STRUCT) ? YES : NO;
	host->function = has(btf, "vfio_pci_config_rw", BTF_KIND_FUNC) ? YES : NO;
}

/* Returns true if the kernel has this variable, and programs cannot refer to it. */
static bool is_hidden(const struct btf *btf, const char *variable)
{
	return has(btf, variable, BTF_KIND_VAR) && !host_symbol(variable);
}

/*
 * Returns true if the count is a variable, as on x86-64, and the kernel knows the addresses
 * of functions only. If no address is visible, nothing is known.
 */
static bool is_count_hidden(const struct btf *btf)
{
	return host_symbol("_stext") &&
	       (is_hidden(btf, "__preempt_count") || is_hidden(btf, "pcpu_hot"));
}

/* Looks into the kernel's BTF, if it has one. */
static void find_in_btf(struct host *host)
{
	struct btf *btf = host_btf();

	host->btf = btf;
	if (btf && host->vfio == VFIO_LOADED)
		find_in_module(host, btf);
	host->permission = has(btf, "security_file_permission", BTF_KIND_FUNC) ? YES : NO;
	host->direct_calls = has(btf, "register_ftrace_direct", BTF_KIND_FUNC);
	host->rpm_tracepoints = has(btf, "btf_trace_rpm_resume", BTF_KIND_TYPEDEF) &&
				has(btf, "btf_trace_rpm_usage", BTF_KIND_TYPEDEF) &&
				has(btf, "btf_trace_rpm_idle", BTF_KIND_TYPEDEF);
	/* the lock of tracepoints that leave preemption on, made for them */
	host->srcu_tracepoints = has(btf, "class_srcu_fast_notrace_t", BTF_KIND_TYPEDEF);
	/* 6.18 and 6.19 have it by another name, with an argument more */
	host->task_work = has(btf, "bpf_task_work_schedule_resume", BTF_KIND_FUNC);
	host->cast = has(btf, "bpf_rdonly_cast", BTF_KIND_FUNC);
	host->count_hidden = is_count_hidden(btf);
}

/*
 * Reads securityfs; if it is mounted, it has both files if the kernel has the features.
 */
static void find_security(struct host *host)
{
	if (access("/sys/kernel/security/lsm", R_OK))
		return;
	host->lockdown = read_lockdown();
	host->lsm = has_lsm("bpf") ? YES : NO;
}

/* Tries a kernel symbol while the module is not loaded: all are hidden, or none. */
static enum answer find_addresses(enum vfio_state vfio)
{
	struct vfio_symbols symbols;

	if (vfio == VFIO_LOADED ? host_vfio_symbols(&symbols)
				: host_symbol("_stext") != 0)
		return YES;
	return geteuid() ? NOT_SEEN : NO;
}

static enum answer find_jit(void)
{
	char line[16];

	if (file_read_line("/proc/sys/net/core/bpf_jit_enable", line, sizeof(line)))
		return NOT_SEEN;
	return strcmp(line, "0") ? YES : NO;
}

static bool is_numa_balanced(void)
{
	char line[16];

	return !file_read_line("/proc/sys/kernel/numa_balancing", line, sizeof(line)) &&
	       strcmp(line, "0") != 0;
}

static bool is_noiommu(const char *group)
{
	char path[128], name[32];

	snprintf(path, sizeof(path), "%.100s/name", group);
	return !file_read_line(path, name, sizeof(name)) && !strcmp(name, "vfio-noiommu");
}

static void count_groups(struct host *host)
{
	glob_t found;
	size_t i;

	if (glob("/sys/kernel/iommu_groups/*", GLOB_NOSORT, NULL, &found))
		return;
	host->iommu_groups = found.gl_pathc;
	for (i = 0; i < found.gl_pathc; i++)
		host->noiommu_groups += is_noiommu(found.gl_pathv[i]);
	globfree(&found);
}

/* Returns true if the process has a capability in effect. */
static bool is_capable(int capability)
{
	struct __user_cap_header_struct header = { .version =
							   _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	return !syscall(SYS_capget, &header, data) &&
	       data[capability / 32].effective & 1U << capability % 32;
}

static bool are_modules_denied(void)
{
	char line[8];

	return !is_capable(CAP_SYS_MODULE) ||
	       (!file_read_line("/proc/sys/kernel/modules_disabled", line,
				sizeof(line)) &&
		!strcmp(line, "1"));
}

static bool is_bpf_denied(void)
{
	__u32 id;

	return bpf_prog_get_next_id(0, &id) && errno == EPERM;
}

/* Reads the layout of maps of whatever version, whose state may be longer than this one's. */
static __u32 find_layout(void)
{
	_cleanup_(close_fd) int fd = pins_open(PIN_STATE);
	_cleanup_(free_ptr) struct dsn_state *state = NULL;
	struct bpf_map_info info = {};
	__u32 zero = 0, length = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &length))
		return 0;
	state = calloc(1, info.value_size + sizeof(*state));
	return state && !bpf_map_lookup_elem(fd, &zero, state) ? state->layout : 0;
}

static void find_obstacles(struct host *host)
{
	if (geteuid())
		return;
	host->bpf_denied = is_bpf_denied();
	host->modules_denied = are_modules_denied();
	host->layout = find_layout();
}

void host_detect(struct host *host)
{
	libbpf_set_print(NULL);
	*host = (struct host){
		.running = host_running(),
		.can_preempt = can_preempt(),
		.numa_balancing = is_numa_balanced(),
		.sees_kprobes = !access("/sys/kernel/debug/kprobes/enabled", R_OK),
		.vfio = find_vfio(),
		.btf = host_has_btf(),
		.jit = find_jit(),
		.kprobe_events =
			!access("/sys/bus/event_source/devices/kprobe/type", F_OK),
		.bpffs = pins_have_bpffs(),
	};
	host->addresses = find_addresses(host->vfio);
	count_groups(host);
	find_obstacles(host);
	find_in_btf(host);
	find_security(host);
}

static void destroy(struct symbol_bpf **skeleton)
{
	symbol_bpf__destroy(*skeleton);
}

/* Loads the programs that find a symbol, except `left_out`; NULL if the kernel refuses. */
static struct symbol_bpf *load_symbol(const char *name, const char *left_out)
{
	struct symbol_bpf *skeleton = symbol_bpf__open();
	struct bpf_program *program;

	if (!skeleton)
		return NULL;
	bpf_object__for_each_program(program, skeleton->obj) bpf_program__set_autoload(
		program, strcmp(bpf_program__name(program), left_out));
	snprintf(skeleton->bss->wanted.name, sizeof(skeleton->bss->wanted.name), "%s",
		 name);
	if (!symbol_bpf__load(skeleton))
		return skeleton;
	symbol_bpf__destroy(skeleton);
	return NULL;
}

/* Asks the kernel for this one. False if it does not answer. */
static bool ask(const char *name, __u64 *address)
{
	_cleanup_(destroy) struct symbol_bpf *skeleton = load_symbol(name, "dsn_search");
	LIBBPF_OPTS(bpf_test_run_opts, options);

	if (!skeleton ||
	    bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.dsn_lookup), &options))
		return false;
	*address = skeleton->bss->wanted.address;
	return *address || (int)options.retval == -ENOENT;
}

/* Searches all of them, of which there are a hundred thousand and more. */
static __u64 search(const char *name)
{
	_cleanup_(destroy) struct symbol_bpf *skeleton = load_symbol(name, "dsn_lookup");
	_cleanup_(close_fd) int iterator = -1;
	char nothing;

	if (!skeleton || symbol_bpf__attach(skeleton))
		return 0;
	iterator = bpf_iter_create(bpf_link__fd(skeleton->links.dsn_search));
	/* the programs write nothing, so one read runs over all */
	if (iterator < 0 || read(iterator, &nothing, 1) < 0)
		return 0;
	return skeleton->bss->wanted.address;
}

__u64 host_symbol(const char *name)
{
	__u64 address;

	return ask(name, &address) ? address : search(name);
}

bool host_vfio_symbols(struct vfio_symbols *symbols)
{
	*symbols = (struct vfio_symbols){ .fops = host_symbol("vfio_device_fops") };
	if (!symbols->fops)
		symbols->read = host_symbol("vfio_device_fops_read");
	return symbols->fops || symbols->read;
}
