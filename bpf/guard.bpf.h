/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guard: sees to it that no config read goes out that the rewrite has missed.
 *
 * A tracing program does not run while another task, preempted inside it, sits on the
 * same CPU. So each read is announced before by a program that cannot be missed, ticked
 * off by the rewrite, and looked at behind by a program that cannot be missed either:
 * what was not ticked off is repaired, or its reader does not see the next instruction.
 */
#ifndef DSN_GUARD_BPF_H
#define DSN_GUARD_BPF_H

#include "vmlinux.h"
#include "call.bpf.h"
#include "rewrite.bpf.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

/* A read under way. Its thread's own: nobody else looks at it. */
struct armed {
	struct bpf_task_work work; /* of the LSM guard; this and what follows */
	__u64 buf;
	__u64 count;
	__u64 pos;
	__u64 vdev;
	__u64 done; /* the rewrite has run */
};

/* Private to one load: an old guard and a new one do not tick off each other's reads. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* reads under way at once */
	__type(key, __u64);	    /* pid_tgid of the reader */
	__type(value, struct armed);
} armed SEC(".maps");

/* Whether a guard is loaded with this object. */
const volatile bool guarded;

static __always_inline void tick_off(__u64 vdev)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct armed *read;

	if (!guarded)
		return;
	read = bpf_map_lookup_elem(&armed, &thread);
	if (read && read->vdev == vdev)
		read->done = 1;
}

/*
 * The vfio-pci device whose struct device this is, or NULL. Drivers on vfio-pci-core
 * must have it as their driver data, and it leads back; others' data do not.
 */
static __always_inline struct vfio_pci_core_device *vfio_of(struct device *dev)
{
	struct vfio_pci_core_device *vdev = BPF_CORE_READ(dev, driver_data);
	struct pci_dev *pdev = NULL;

	pdev = (void *)dev - bpf_core_field_offset(pdev->dev);
	if (!vdev || BPF_CORE_READ(vdev, vdev.dev) != dev ||
	    BPF_CORE_READ(vdev, pdev) != pdev)
		return NULL;
	return vdev;
}

/*
 * A read of which nobody knows whether all of its bytes were copied: written over as a
 * whole. If it cannot be written and yet could have been copied, the reader is killed.
 */
static __always_inline void repair(struct vfio_pci_core_device *vdev, __u64 buf,
				   __u64 count, __u64 pos)
{
	if (rewrite_at(vdev, buf, count, pos, true))
		COUNT(repaired);
}

#endif
