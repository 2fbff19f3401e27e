/* SPDX-License-Identifier: GPL-2.0 */
/* What this host has of what `load` needs: looked at, and nothing is changed. */
#ifndef DSNCTL_FACTS_H
#define DSNCTL_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include "host.h"

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

struct facts {
	struct running host;
	bool sees_kprobes;    /* host.kprobes is read, not taken for granted */
	const char *lockdown; /* NULL: not seen */
	enum vfio_state vfio;
	bool btf;
	enum answer jit;	/* net.core.bpf_jit_enable, which root sees */
	enum answer types;	/* vfio-pci-core's are in BTF */
	enum answer function;	/* and vfio_pci_config_rw() is */
	enum answer permission; /* security_file_permission() is in BTF */
	bool direct_calls;	/* ftrace calls trampolines, which fexit needs */
	bool kprobe_events;	/* kprobes by perf, by which libbpf attaches them */
	bool rpm_tracepoints;	/* those of the tracepoint guard */
	bool srcu_tracepoints;	/* tracepoints may run with preemption on */
	bool task_work;		/* bpf_task_work_schedule_resume() */
	enum answer lsm;	/* bpf is among the active LSMs */
	enum answer addresses;	/* /proc/kallsyms shows those of vfio's */
	bool bpffs;
	size_t iommu_groups;
};

void facts_find(struct facts *facts);

#endif
