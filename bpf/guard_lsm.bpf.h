/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guard for kernels with task work for BPF: LSM programs are the one kind that the
 * recursion check leaves alone, and the task work runs in the reading thread before it
 * can return to user mode. What cannot be announced, io_uring, is refused.
 *
 * And dsn_refuse, which goes with the tracepoint guard on real-time kernels: there the
 * kernel sends a signal from a thread of its own when preemption is off, so that a reader
 * which is not repaired could see its read before it dies.
 */
#ifndef DSN_GUARD_LSM_BPF_H
#define DSN_GUARD_LSM_BPF_H

#include "guard.bpf.h"
#include <bpf/bpf_tracing.h>
#include <linux/errno.h>

#define MAY_READ 4

typedef int (*task_work_callback)(struct bpf_map *map, void *key, void *value);

extern int bpf_task_work_schedule_resume(struct task_struct *task,
					 struct bpf_task_work *work, void *map,
					 task_work_callback callback) __ksym __weak;

/* In task context, on the reader's way back to user mode. */
static int behind_call(struct bpf_map *map, void *thread, void *value)
{
	struct armed *read = value;
	struct call call = read->call;

	/* of several segments one is enough to tick it off */
	if (!read->done || call.kind != CALL_PREAD)
		repair((void *)read->vdev, &call, read->done);
	bpf_map_delete_elem(&armed, thread);
	return 0;
}

/* Announces a read; its errors are those of the read. */
static __always_inline int arm(struct vfio_pci_core_device *vdev, const struct call *call)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct armed fresh = {}, *read;
	int err;

	fresh.vdev = (__u64)vdev;
	fresh.call = *call;
	drop_pending(&thread);
	err = bpf_map_update_elem(&armed, &thread, &fresh, BPF_ANY);
	if (err)
		return err;
	read = bpf_map_lookup_elem(&armed, &thread);
	if (!read)
		return -ENOMEM;
	err = bpf_task_work_schedule_resume(bpf_get_current_task_btf(), &read->work,
					    &armed, behind_call);
	if (err)
		bpf_map_delete_elem(&armed, &thread);
	return err;
}

/* All that is asked of most files is the first; it is not to be mixed with the other. */
static __always_inline bool is_vfio_read(struct file *file, int mask)
{
	if (!is_vfio_file(file))
		return false;
	barrier();
	return mask & MAY_READ;
}

/* A read of a vfio device it is; by io_uring, if not by one of the calls that are known. */
static __always_inline bool is_ring_read(const struct call *call)
{
	return call->kind == CALL_WORKER || (call->kind == CALL_NONE && call->ring);
}

static __always_inline void refuse(struct vfio_pci_core_device *vdev,
				   const struct call *call)
{
	__u64 where = 0;

	if (call->kind == CALL_PREAD && call->count <= DSN_CFG_END)
		where = DSN_WHERE(call->pos & DSN_OFFSET_MASK, call->count);
	COUNT(refused);
	tell(LOAD(vdev, pdev), where, DSN_WHAT(DSN_FATE_REFUSED, 0, 0, 0));
}

/* Whether the rewrite has something to do in the read, or may have. */
static __always_inline bool concerns(struct file *file, struct vfio_pci_core_device *vdev,
				     const struct call *call)
{
	struct chain chain = {};
	struct pci_dev *pdev;

	if (call->kind != CALL_PREAD || !is_opened(file))
		return true;
	pdev = LOAD(vdev, pdev);
	chain.size = LOAD(pdev, cfg_size);
	/* a header may be hidden */
	return reaches(vdev, &chain, call->pos, call->count) || chain.first;
}

static __noinline int announce(struct file *file)
{
	struct vfio_pci_core_device *vdev = vfio_of_file(file);
	struct call call = {};
	int err;

	if (!vdev)
		return 0;
	find_call(&call);
	if (call.kind == CALL_OTHER || (call.kind == CALL_NONE && !call.ring))
		return 0;
	if (is_ring_read(&call))
		err = -EPERM;
	else if (concerns(file, vdev, &call))
		err = arm(vdev, &call);
	else
		return 0;
	if (err >= 0)
		return 0;
	refuse(vdev, &call);
	return err < -4095 ? -EPERM : err;
}

SEC("lsm/file_permission")
int BPF_PROG(dsn_lsm, struct file *file, int mask, int ret)
{
	return !is_vfio_read(file, mask) || ret ? ret : announce(file);
}

static __noinline int refuse_ring(struct file *file)
{
	struct vfio_pci_core_device *vdev = vfio_of_file(file);
	struct call call = {};

	if (!vdev)
		return 0;
	find_call(&call);
	if (!is_ring_read(&call))
		return 0;
	refuse(vdev, &call);
	return -EPERM;
}

SEC("lsm/file_permission")
int BPF_PROG(dsn_refuse, struct file *file, int mask, int ret)
{
	return !is_vfio_read(file, mask) || ret ? ret : refuse_ring(file);
}

#endif
