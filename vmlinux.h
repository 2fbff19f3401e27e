/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel types that the BPF programs read, and of each type only the fields read:
 * CO-RE finds where they are in the running kernel. x86-64 and arm64.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef long long loff_t;
typedef long ssize_t;

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
};
#endif

/* x86 keeps the domain here; kernels with generic domains keep it in pci_bus. */
struct pci_sysdata {
	int domain;
};

struct pci_bus {
	void *sysdata;
	unsigned char number;
	int domain_nr;
};

struct pci_dev {
	struct pci_bus *bus;
	unsigned int devfn;
	int cfg_size;
	unsigned int is_virtfn : 1;
	struct pci_dev *physfn; /* where is_virtfn; shares its place with sriov */
};

struct vfio_pci_core_device {
	struct pci_dev *pdev;
	u8 *vconfig;
};

struct vm_area_struct {
	unsigned long vm_flags;
};

typedef struct {
	int counter;
} atomic_t;

struct mm_struct {
	atomic_t mm_users;
};

struct task_struct {
	struct mm_struct *mm;
};

#pragma clang attribute pop

#endif
