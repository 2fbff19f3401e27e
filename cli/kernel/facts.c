// SPDX-License-Identifier: GPL-2.0
/* Detects the kernel features that `load` needs. Read-only. */
#include "kernel/facts.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "kernel/pins.h"
#include "kernel/symbols.h"
#include "lib/file.h"
#include "lib/util.h"

static void free_btf(struct btf **btf)
{
	btf__free(*btf);
}

static bool has(const struct btf *btf, const char *name, __u32 kind)
{
	return btf && btf__find_by_name_kind(btf, name, kind) > 0;
}

/* Whether a line of a file has this in it. */
static bool file_has(const char *path, const char *text)
{
	_cleanup_(close_file) FILE *file = fopen(path, "re");
	_cleanup_(free_ptr) char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) > 0)
		if (strstr(line, text))
			return true;
	return false;
}

static enum vfio_state find_vfio(void)
{
	static const char *const lists[] = { "modules.dep", "modules.builtin" };
	struct utsname name;
	char path[128];
	size_t i;

	if (host_has_vfio())
		return VFIO_LOADED;
	for (i = 0; i < ARRAY_SIZE(lists) && !uname(&name); i++) {
		snprintf(path, sizeof(path), "/lib/modules/%.65s/%s", name.release,
			 lists[i]);
		if (file_has(path, "/vfio-pci.ko"))
			return VFIO_ON_DISK;
	}
	return VFIO_ABSENT;
}

/* In the module's BTF, or in the kernel's where vfio-pci-core is built in. */
static void find_in_module(struct facts *facts, struct btf *kernel)
{
	_cleanup_(free_btf) struct btf *module =
		btf__load_module_btf("vfio_pci_core", kernel);
	const struct btf *btf = module ? module : kernel;

	facts->types = has(btf, "vfio_pci_core_device", BTF_KIND_STRUCT) ? YES : NO;
	facts->function = has(btf, "vfio_pci_config_rw", BTF_KIND_FUNC) ? YES : NO;
}

/* What the kernel's own types tell; nothing where it has none. */
static void find_in_btf(struct facts *facts)
{
	_cleanup_(free_btf) struct btf *btf = facts->btf ? btf__load_vmlinux_btf() : NULL;

	facts->btf = btf;
	if (btf && facts->vfio == VFIO_LOADED)
		find_in_module(facts, btf);
	facts->permission =
		has(btf, "security_file_permission", BTF_KIND_FUNC) ? YES : NO;
	facts->direct_calls = has(btf, "register_ftrace_direct", BTF_KIND_FUNC);
	facts->rpm_tracepoints = has(btf, "btf_trace_rpm_resume", BTF_KIND_TYPEDEF) &&
				 has(btf, "btf_trace_rpm_usage", BTF_KIND_TYPEDEF) &&
				 has(btf, "btf_trace_rpm_idle", BTF_KIND_TYPEDEF);
	/* the lock of tracepoints that leave preemption on: it was made for them */
	facts->srcu_tracepoints = has(btf, "class_srcu_fast_notrace_t", BTF_KIND_TYPEDEF);
	facts->task_work = has(btf, "bpf_task_work_schedule_resume", BTF_KIND_FUNC) ||
			   has(btf, "bpf_task_work_schedule_resume_impl", BTF_KIND_FUNC);
	facts->cast = has(btf, "bpf_rdonly_cast", BTF_KIND_FUNC);
}

/* Where securityfs is there, it has both files on kernels that have the features. */
static void find_security(struct facts *facts)
{
	if (access("/sys/kernel/security/lsm", R_OK))
		return;
	facts->lockdown = host_lockdown();
	facts->lsm = host_has_lsm("bpf") ? YES : NO;
}

/* Of the kernel's own start while the module is not loaded: all are hidden, or none. */
static enum answer find_addresses(enum vfio_state vfio)
{
	struct vfio_symbols symbols;

	if (vfio == VFIO_LOADED ? symbols_find_vfio(&symbols)
				: symbol_address("_stext") != 0)
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

static size_t count_groups(void)
{
	size_t count = 0;
	glob_t found;

	if (!glob("/sys/kernel/iommu_groups/*", GLOB_NOSORT, NULL, &found)) {
		count = found.gl_pathc;
		globfree(&found);
	}
	return count;
}

void facts_find(struct facts *facts)
{
	libbpf_set_print(NULL);
	*facts = (struct facts){
		.host = host_running(),
		.can_preempt = host_can_preempt(),
		.numa_balancing = is_numa_balanced(),
		.sees_kprobes = !access("/sys/kernel/debug/kprobes/enabled", R_OK),
		.vfio = find_vfio(),
		.btf = host_has_btf(),
		.jit = find_jit(),
		.kprobe_events =
			!access("/sys/bus/event_source/devices/kprobe/type", F_OK),
		.bpffs = pins_have_bpffs(),
		.iommu_groups = count_groups(),
	};
	facts->addresses = find_addresses(facts->vfio);
	find_in_btf(facts);
	find_security(facts);
}
