/* SPDX-License-Identifier: GPL-2.0 */
/* Detects what this host's kernel offers. Changes nothing, except to load vfio-pci. */
#ifndef DSNCTL_HOST_H
#define DSNCTL_HOST_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

enum preemption {
	PREEMPTION_UNKNOWN, /* treat it as full */
	PREEMPTION_NONE,
	PREEMPTION_VOLUNTARY,
	PREEMPTION_FULL,
	PREEMPTION_LAZY,
	PREEMPTION_RT,
};

const char *preemption_name(enum preemption model);

/* Things that the hooks depend on and that can change at run time. */
struct running {
	enum preemption model;
	bool ftrace; /* kernel.ftrace_enabled: without it no fexit and no LSM program runs */
	bool kprobes; /* /sys/kernel/debug/kprobes/enabled */
};

struct running host_running(void);

/* Returns true if the kernel has BTF; without it no BPF program can be fitted to it. */
bool host_has_btf(void);

/* Returns the kernel's types, which are read once, or NULL. */
struct btf;
struct btf *host_btf(void);

/*
 * Returns true if writing to a BPF ring buffer may sleep: on real-time kernels, until it
 * got a raw spinlock. Programs that run with preemption off must not write to one then.
 */
bool host_ringbuf_sleeps(void);

/* Returns the same for a real-time kernel with these types. */
bool host_ringbuf_sleeps_in(const struct btf *btf);

/* Loads vfio-pci if it is not loaded. Returns 0 or -errno; -ENOENT if this kernel has none. */
int host_load_vfio(void);

/* An answer that needs more rights or a mount is "not seen", not "no". */
enum answer {
	NOT_SEEN,
	NO,
	YES,
};

enum vfio_state {
	VFIO_ABSENT,  /* not loaded, and no module for this kernel */
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
	enum answer function;	/* vfio_pci_config_rw() is */
	enum answer permission; /* security_file_permission() is in BTF */
	bool direct_calls;	/* ftrace calls trampolines, which fexit needs */
	bool kprobe_events;	/* kprobes by perf, by which libbpf attaches them */
	bool rpm_tracepoints;	/* rpm_resume, rpm_usage and rpm_idle */
	bool srcu_tracepoints;	/* tracepoints may run with preemption on */
	bool task_work;		/* BPF can schedule task work */
	bool count_hidden;	/* the preemption count has no address */
	bool cast;		/* bpf_rdonly_cast() */
	bool numa_balancing;	/* kernel.numa_balancing is on */
	enum answer lsm;	/* the LSM bpf is active */
	enum answer addresses;	/* those of vfio can be found */
	bool bpffs;
	/* obstacles for this process, as far as it is root */
	bool bpf_denied;     /* the kernel refuses bpf() */
	bool modules_denied; /* it may load no module */
	__u32 layout;	     /* of the maps that are pinned; 0 if none are */
	size_t iommu_groups;
	size_t noiommu_groups; /* of those, the ones that vfio made without an IOMMU */
	bool module_btf;       /* the types of vfio-pci-core are in a file of their own */
	/* why the kernel refused a group of programs; empty if it was not asked */
	char refused[GROUPS][160];
};

void host_detect(struct host *host);

/*
 * Finds the address of a symbol, also in a module; 0 if there is none, or it is hidden.
 */
__u64 host_symbol(const char *name);

/*
 * Symbols by which bpf/vfio.bpf.h knows vfio's files: the second only without the first.
 */
struct vfio_symbols {
	__u64 fops;
	__u64 read;
};

/* Finds them. Returns true if either is there. */
bool host_vfio_symbols(struct vfio_symbols *symbols);

#endif
