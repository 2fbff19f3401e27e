/* SPDX-License-Identifier: GPL-2.0 */
/* Detects the kernel features that `load` needs. Read-only. */
#ifndef DSNCTL_FACTS_H
#define DSNCTL_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include "kernel/host.h"

/* What cannot be seen, for want of rights or of a mount, is not taken for "no". */
enum answer {
	NOT_SEEN,
	NO,
	YES,
};

enum vfio_state {
	VFIO_ABSENT,  /* and no file of it for this kernel */
	VFIO_ON_DISK, /* `load` will load it */
	VFIO_LOADED,
};

/* Programs that the kernel may refuse although it seems to offer what they need. */
enum group {
	GROUP_FEXIT,
	GROUP_KPROBE,
	GROUP_PERMISSION,
	GROUP_USAGE,
	GROUP_RESUME,
	GROUP_GATE,
	GROUP_ANSWER,
	GROUPS,
};

struct facts {
	struct running host;
	bool can_preempt;     /* tasks in kernel mode, under any model of this kernel */
	bool sees_kprobes;    /* host.kprobes was read, not assumed */
	const char *lockdown; /* NULL: not seen */
	enum vfio_state vfio;
	bool btf;
	enum answer jit;	/* net.core.bpf_jit_enable, which root sees */
	enum answer types;	/* vfio-pci-core's are in BTF */
	enum answer function;	/* and vfio_pci_config_rw() is */
	enum answer permission; /* security_file_permission() is in BTF */
	bool direct_calls;	/* ftrace calls trampolines, which fexit needs */
	bool kprobe_events;	/* kprobes by perf, by which libbpf attaches them */
	bool rpm_tracepoints;	/* rpm_resume, rpm_usage and rpm_idle */
	bool srcu_tracepoints;	/* tracepoints may run with preemption on */
	bool task_work;		/* BPF can schedule task work */
	bool cast;		/* bpf_rdonly_cast() */
	bool numa_balancing;	/* kernel.numa_balancing is on */
	enum answer lsm;	/* bpf is among the active LSMs */
	enum answer addresses;	/* /proc/kallsyms shows those of vfio */
	bool bpffs;
	size_t iommu_groups;
	/* why the kernel refused a group of programs; empty if it was not asked */
	char refused[GROUPS][160];
};

void facts_find(struct facts *facts);

#endif
