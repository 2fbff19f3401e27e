/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel types that the BPF programs read, and of each type only the fields read:
 * CO-RE finds where they are in the running kernel. x86-64 and arm64.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef long long loff_t;
typedef long ssize_t;

/* From the BPF uAPI, whose header would bring all of it. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_F_MMAPABLE = 1024,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
};

/* The arguments of a raw tracepoint, as it has them. */
struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

/* In a map's value: room for a call in task context. Kernels from 6.18 know the name. */
struct bpf_task_work {
	__u64 __opaque;
} __attribute__((aligned(8)));

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bp;
	unsigned long cx;
	unsigned long dx;
	unsigned long si;
	unsigned long di;
	unsigned long r8;
	unsigned long r9;
	unsigned long r10;
	unsigned long ax;
	unsigned long orig_ax;
	unsigned long ip;
	unsigned long sp;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp;
	__u64 pc;
	__u64 pstate;
};

struct pt_regs {
	union {
		struct user_pt_regs user_regs;
	};
	u64 orig_x0;
	s32 syscallno;
};
#endif

/* x86 keeps the domain here; kernels with generic domains keep it in pci_bus. */
struct pci_sysdata {
	int domain;
};

struct pci_bus {
	struct pci_dev *self; /* the bridge above it; none above a root bus or one of VFs alone */
	void *sysdata;
	unsigned char number;
	int domain_nr;
};

struct bpf_map {
	u32 id;
};

struct device {
	void *driver_data;
};

typedef struct {
	int counter;
} atomic_t;

struct pci_dev {
	struct pci_bus *bus;
	unsigned int devfn;
	unsigned short vendor;
	unsigned short device;
	int cfg_size;
	struct device dev;
	atomic_t enable_cnt;
	unsigned int is_virtfn : 1;
	unsigned int ari_enabled : 1; /* of a port: for the bus below it */
	struct pci_dev *physfn; /* where is_virtfn; shares its place with sriov */
};

struct vfio_device {
	struct device *dev;
};

struct vfio_pci_core_device {
	struct vfio_device vdev;
	struct pci_dev *pdev;
	u8 *pci_config_map;
	u8 *vconfig;
};

/* What a device's file leads to; before 6.6 it led to the vfio_device itself. */
struct vfio_device_file {
	struct vfio_device *device;
	u8 access_granted; /* before, a read fails */
};

struct file_operations {
	void *read;
};

struct cred;

struct super_block {
	u32 s_dev;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
};

struct file {
	struct inode *f_inode;
	const struct file_operations *f_op;
	void *private_data;
	const struct cred *f_cred;
};

struct vm_area_struct {
	unsigned long vm_flags;
};

struct mm_struct {
	struct file *exe_file;
	atomic_t mm_users;
};

struct thread_info {
	unsigned long flags;
	u32 status; /* x86 */
	u64 preempt_count; /* arm64; x86 has it per CPU, in one of the two below */
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	struct mm_struct *mm;
	int pid;
	int tgid;
	const struct cred *cred;
	struct task_struct *group_leader;
	u64 start_boottime;
	char comm[16];
	void *io_uring;
};

/* Any structure that begins with 8 bytes of number, to look at other memory through. */
struct timespec64 {
	long long tv_sec;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

struct kallsym_iter {
	unsigned long value;
	char name[512];
};

struct bpf_iter__ksym {
	struct kallsym_iter *ksym;
};

struct pcpu_hot {
	int preempt_count;
};

#pragma clang attribute pop

#endif
