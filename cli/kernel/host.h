/* SPDX-License-Identifier: GPL-2.0 */
/* What this host's kernel has to say about itself. */
#ifndef DSNCTL_HOST_H
#define DSNCTL_HOST_H

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

#endif
