/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guard for kernels that run tracepoints with preemption off, so that no other task
 * can have been preempted inside these programs: vfio_pci_rw() resumes the device before
 * a read (rpm_resume) and lets it idle behind it (rpm_usage, or rpm_idle where nobody
 * else keeps it awake), in the reader's thread, before anything of the read is told.
 */
#ifndef DSN_GUARD_TRACEPOINT_BPF_H
#define DSN_GUARD_TRACEPOINT_BPF_H

#include "guard.bpf.h"
#include <bpf/bpf_tracing.h>

/* For load's test: whether tracepoints run with preemption off, seen from inside one. */
struct {
	__u64 thread; /* whose events are looked at; 0 behind the test */
	__u64 events;
	__u64 preemptible; /* of those, the ones where a task could have been preempted */
} probe;

extern const int __preempt_count __ksym __weak;
extern const struct pcpu_hot pcpu_hot __ksym __weak;

#define PREEMPT_MASK 0xff

static __always_inline bool preemption_is_off(void)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	if (bpf_core_field_exists(task->thread_info.preempt_count))
		return BPF_CORE_READ(task, thread_info.preempt_count) & PREEMPT_MASK;
	if (&__preempt_count)
		return *(int *)bpf_this_cpu_ptr(&__preempt_count) & PREEMPT_MASK;
	if (&pcpu_hot) {
		const struct pcpu_hot *hot = bpf_this_cpu_ptr(&pcpu_hot);

		return hot->preempt_count & PREEMPT_MASK;
	}
	return false;
}

static __always_inline void probe_event(void)
{
	if (!probe.thread || probe.thread != bpf_get_current_pid_tgid())
		return;
	probe.events++;
	if (!preemption_is_off())
		probe.preemptible++;
}

/* RPM_GET_PUT: vfio_pci_rw() and vfio's ioctls take a reference, others mostly do not. */
#define RPM_GET_PUT 0x04

SEC("tp_btf/rpm_resume")
int BPF_PROG(dsn_rpm_resume, struct device *dev, int flags)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct vfio_pci_core_device *vdev;
	struct armed read = {};

	if (!(flags & RPM_GET_PUT))
		return 0;
	vdev = vfio_of(dev, dev->driver_data);
	if (!vdev)
		return 0;
	read.vdev = (__u64)vdev;
	drop_pending(&thread);
	if (bpf_map_update_elem(&armed, &thread, &read, BPF_ANY))
		kill_reader((__u64)vdev, NULL, DSN_REASON_MISSED);
	return 0;
}

/*
 * A record may also be of an ioctl, or of a device that is being closed, which io_uring's
 * own closing may do: then the device is disabled, and read no more.
 */
static __always_inline bool may_be_read(struct vfio_pci_core_device *vdev,
					const struct call *call)
{
	struct pci_dev *pdev;

	if (call->kind == CALL_OTHER || call->kind == CALL_NONE || call->exiting)
		return false;
	pdev = LOAD(vdev, pdev);
	return call->kind != CALL_WORKER || LOAD(pdev, enable_cnt.counter) > 0;
}

static __always_inline int behind_read(struct device *dev, int flags)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct vfio_pci_core_device *vdev;
	struct call call = {};
	struct armed *read;
	bool done;

	probe_event();
	/* what resuming does of itself comes before the read, and has no reference */
	if (!(flags & RPM_GET_PUT))
		return 0;
	read = bpf_map_lookup_elem(&armed, &thread);
	if (!read)
		return 0;
	vdev = vfio_of(dev, dev->driver_data);
	if (read->vdev != (__u64)vdev)
		return 0;
	done = read->done;
	bpf_map_delete_elem(&armed, &thread);
	if (done)
		return 0;
	/* no access to config space, or one that was missed */
	find_call(&call);
	if (may_be_read(vdev, &call))
		repair(vdev, &call, false);
	return 0;
}

SEC("tp_btf/rpm_usage")
int BPF_PROG(dsn_rpm_usage, struct device *dev, int flags)
{
	return behind_read(dev, flags);
}

SEC("tp_btf/rpm_idle")
int BPF_PROG(dsn_rpm_idle, struct device *dev, int flags)
{
	return behind_read(dev, flags);
}

#endif
