/* SPDX-License-Identifier: GPL-2.0 */
/* Detects what this host's kernel offers. Changes nothing, except to load vfio-pci. */
#ifndef DSNCTL_HOST_H
#define DSNCTL_HOST_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* The active lockdown level, "none" where it is off or cannot be told. */
const char *host_lockdown(void);

enum preemption {
	PREEMPTION_UNKNOWN, /* to be taken as full */
	PREEMPTION_NONE,
	PREEMPTION_VOLUNTARY,
	PREEMPTION_FULL,
	PREEMPTION_LAZY,
	PREEMPTION_RT,
};

/* The preemption model at this moment; it can be changed at run time. */
enum preemption host_preemption(void);
const char *preemption_name(enum preemption model);

/* Whether the kernel can preempt a task in kernel mode at all, under any model of its. */
bool host_can_preempt(void);

/* What the hooks depend on, and what can be changed under them at run time. */
struct running {
	enum preemption model;
	bool ftrace; /* kernel.ftrace_enabled: without it no fexit and no LSM program runs */
	bool kprobes; /* /sys/kernel/debug/kprobes/enabled */
};

struct running host_running(void);

/* Whether an LSM is active. */
bool host_has_lsm(const char *name);

/* Whether the kernel describes its types, without which BPF cannot be fitted to it. */
bool host_has_btf(void);

/* Whether vfio-pci is there; with it comes vfio-pci-core, where the hook's function is. */
bool host_has_vfio(void);

/*
 * Whether writing to a BPF ring buffer may sleep: real-time kernels did until it got a raw
 * spinlock. Programs that run with preemption off must not write to one then.
 */
bool host_ringbuf_sleeps(void);

/* The same of a real-time kernel with these types. */
struct btf;
bool host_ringbuf_sleeps_in(const struct btf *btf);

/* Loads vfio-pci where it is not there. Returns 0 or -errno. */
int host_load_vfio(void);

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

struct host {
	struct running running;
	bool can_preempt;     /* tasks in kernel mode, under any model of this kernel */
	bool sees_kprobes;    /* running.kprobes was read, not assumed */
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

void host_detect(struct host *host);

/*
 * The address of a symbol, also of a module's; 0 where the kernel has none or hides it.
 */
__u64 host_symbol(const char *name);

/* By which bpf/vfio.bpf.h knows vfio's files: the second only if there is no first. */
struct vfio_symbols {
	__u64 fops;
	__u64 read;
};

/* Whether either is there. */
bool host_vfio_symbols(struct vfio_symbols *symbols);

#endif
