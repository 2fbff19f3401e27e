/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The check: settles every read once more, from the arguments of its system call. Unlike a
 * hook on vfio's functions it cannot be skipped, and nothing that others attach or detach
 * touches it; docs/guarantee.md has the argument.
 *
 * vfio_pci_rw() holds a runtime-PM reference across each access. rpm_usage (rpm_idle for the
 * last reference) comes after the read, rpm_resume before it.
 */
#ifndef DSN_CHECK_BPF_H
#define DSN_CHECK_BPF_H

#include "vmlinux.h"
#include "settle.bpf.h"
#include "syscall.bpf.h"
#include "vfio.bpf.h"
#include <bpf/bpf_helpers.h>

/* RPM_GET_PUT: vfio_pci_rw() and vfio's ioctls take a reference, others mostly do not. */
#define RPM_GET_PUT 0x04

/* Flags of settle_call(). */
#define SETTLE_SEEN 1 /* the hook has counted the read */
#define SETTLE_LAST 2 /* nothing settles it later */

#define SEEN 16384

/*
 * Reads that the hook has seen and the check not yet: the thread's id, and above it what is
 * left to do, flags of settle_call(). Written at once, as threads share elements.
 */
static __u64 seen[SEEN];

/* Takes the flags for the thread's read. */
static __always_inline __u32 take_seen(void)
{
	__u32 tid = bpf_get_current_pid_tgid();
	volatile __u64 *mark = &seen[tid % SEEN];
	__u64 found = *mark;

	if ((__u32)found != tid)
		return SETTLE_LAST;
	*mark = 0;
	return found >> 32;
}

/* A walk over the segments of a call. */
struct segments {
	struct config_read read; /* a segment */
	const struct call *call;
	__u64 pos; /* of the segment's first byte, an offset in the fd */
	bool touched;
	bool lost; /* an iovec could not be read */
};

/* set_place() with stack of its own, which is scarce in a walk. Global: see put_part(). */
__noinline int place_segment(struct config_read *read, __u64 count, __u64 pos)
{
	return read && set_place(read, count, pos);
}

static long settle_segment(__u32 i, void *data)
{
	struct segments *walk = data;
	__u32 size = walk->call->compat ? 4 : 8;
	__u64 at = walk->call->buf + 2 * size * i, buf = 0, count = 0;

	if (bpf_probe_read_user(&buf, size, (void *)at) ||
	    bpf_probe_read_user(&count, size, (void *)(at + size))) {
		walk->lost = true;
		walk->read.failed_at = at;
		return 1;
	}
	walk->read.buf = buf;
	if (place_segment(&walk->read, count, walk->pos) && settle_chain(&walk->read))
		walk->touched = true;
	walk->pos += count;
	return count > DSN_CFG_END || (walk->pos & DSN_OFFSET_MASK) > DSN_CFG_END;
}

#define UIO_MAXIOV 1024

/*
 * Settles the read of a call. Nobody knows how much of it vfio has copied, so all of it is
 * compared with policy. Returns an address that has to be brought in first, or 0. Global: see
 * put_part().
 */
__noinline __u64 settle_call(__u64 vdev, const struct call *call, __u32 how)
{
	struct segments walk = {
		.read = { .vdev = vdev, .partial = true, .compare = true },
		.call = call,
	};
	bool placed;

	if (!call)
		return 0;
	walk.read.counted = how & SETTLE_SEEN;
	walk.read.last_layer = how & SETTLE_LAST;
	walk.pos = call->pos;
	walk.read.buf = call->buf;
	if (call->kind == CALL_PREAD) {
		placed = place_segment(&walk.read, call->count, call->pos);
		/* what was found before the read counts: the device may be closed by now */
		if (call->header)
			walk.read.header = call->header;
		walk.touched = (placed || call->header) && settle(&walk.read);
	}
	if (call->kind == CALL_VECTOR)
		bpf_loop(call->count > UIO_MAXIOV ? UIO_MAXIOV : call->count,
			 settle_segment, &walk, 0);
	if (call->kind == CALL_WORKER || (walk.lost && walk.read.last_layer))
		kill_reader(vdev, NULL, DSN_REASON_MISSED);
	if (walk.touched && walk.read.changed && hook != DSN_HOOK_NONE &&
	    (call->kind == CALL_PREAD || check == DSN_CHECK_RESUME))
		COUNT(repaired);
	return walk.read.failed_at;
}

/*
 * An event may also belong to an ioctl, or to a device that is being closed, which io_uring
 * may do: then vfio's copy is gone already (vfio_pci_core_disable()).
 */
static __always_inline bool may_be_read(struct vfio_pci_core_device *vdev,
					const struct call *call)
{
	if (call->kind == CALL_OTHER || call->kind == CALL_NONE || call->exiting)
		return false;
	return call->kind != CALL_WORKER || KREAD(vdev, vconfig);
}

/* A call that the kprobe has seen and the kretprobe not yet. */
struct pending {
	__u64 vdev;
	__u64 buf;
	__u64 count;
	__u64 ppos;
	__u64 iswrite;
};

/*
 * Either of the pair may be skipped. The check drops the record of a call whose kretprobe
 * did not take it, so that the next read's does not take it either.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* calls under way at once */
	__type(key, __u64);	    /* pid_tgid of the caller */
	__type(value, struct pending);
} pending SEC(".maps");

static __always_inline void drop_pending(void)
{
	__u64 thread = bpf_get_current_pid_tgid();

	if (hook == DSN_HOOK_KPROBE)
		bpf_map_delete_elem(&pending, &thread);
}

/*
 * Counts a read that the hook has seen and the check has not, since the load was complete.
 * The check ends readers by io_uring, whose read the hook may still see.
 */
static __noinline int note_unchecked(void)
{
	struct dsn_state *loaded = only_element(state);
	struct call call = {};

	find_call(&call);
	if (loaded && loaded->loaded_ns == load_id &&
	    (call.kind == CALL_PREAD || call.kind == CALL_VECTOR))
		COUNT(unchecked);
	return 0;
}

/*
 * DSN_CHECK_USAGE, for kernels that run tracepoints with preemption off.
 */

/* Settles the plain pread that the thread has done of this device. */
static __noinline int check_plain(__u64 dev, struct pt_regs *regs)
{
	struct vfio_pci_core_device *vdev = vfio_of((void *)dev);
	struct config_read read = { .vdev = (__u64)vdev,
				    .buf = CALL_BUF(regs),
				    .partial = true,
				    .compare = true,
				    .last_layer = true };

	if (!vdev)
		return 0;
	drop_pending();
	if (!set_place(&read, CALL_COUNT(regs), CALL_POS(regs)))
		return 0;
	/*
	 * The thread closes the device on its way out, as its read had the last reference:
	 * the event of the read itself came before, when the device was open.
	 */
	if (read.header == DSN_NEAR_UNKNOWN && !KREAD(vdev, vconfig))
		return 0;
	read.counted = take_seen() & SETTLE_SEEN;
	if (settle(&read) && read.changed && hook != DSN_HOOK_NONE)
		COUNT(repaired);
	return 0;
}

/* Settles any other read that the thread has done of this device. */
static __noinline int check_usage(__u64 dev)
{
	struct vfio_pci_core_device *vdev = vfio_of((void *)dev);
	struct call call = {};
	__u32 how;

	if (!vdev)
		return 0;
	drop_pending();
	find_call(&call);
	how = take_seen();
	if (!may_be_read(vdev, &call))
		return 0;
	/* of a vector this may be any segment, and the hook counts each */
	if (call.kind == CALL_VECTOR && hook != DSN_HOOK_NONE)
		how |= SETTLE_SEEN;
	settle_call((__u64)vdev, &call, how);
	return 0;
}

/*
 * DSN_CHECK_RESUME, for kernels that run them with preemption on: rpm_resume comes with
 * interrupts off, and arms task work for reads that may reach a serial.
 */

typedef int (*task_work_callback)(struct bpf_map *map, void *key, void *value);

extern int bpf_task_work_schedule_resume(struct task_struct *task,
					 struct bpf_task_work *work, void *map,
					 task_work_callback callback) __ksym __weak;

/* A read with task work. Its thread's own from when it claims it until the work is done. */
struct slot {
	struct bpf_task_work work;
	__u64 thread;	/* pid_tgid; 0: free */
	__u64 start_ns; /* of the thread: thread ids are used again */
	__u64 vdev;	/* 0: the test that `load` makes */
	__u64 seen;	/* the hook has settled the read */
	struct call call;
};

#define SLOTS 8192 /* threads that read at once */
#define SLOT_TRIES 8

/*
 * Shared by all loads, and pinned: the kernel drops task work with the last user of its map.
 * So a read that began under one load is served by that load's callback, whatever is loaded
 * meanwhile; the kernel holds a reference to the callback's program.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

static __always_inline struct slot *slot_at(__u64 thread, __u32 i)
{
	__u32 index = ((__u32)thread + i) % SLOTS;

	return bpf_map_lookup_elem(&slots, &index);
}

/* Tells whether a slot is that of the current thread's read of a device. */
static __always_inline bool is_mine(const struct slot *slot, __u64 thread, __u64 vdev)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	return slot->thread == thread && slot->start_ns == task->start_boottime &&
	       slot->vdev == vdev;
}

/* Answers of the check to `load`, before that relies on it. */
struct {
	__u64 thread; /* pid_tgid whose events count; 0 when the test is over */
	__u64 events;
	__u64 preemptible; /* of those, the ones in which a task could be preempted */
	__u64 works;	   /* task work that has run */
} probe;

#define FAULT_TRIES 4 /* pages that a part of a read, or its iovecs, may be on */

/* Settles the read in task context, on the thread's way back to user mode. */
static int after_call(struct bpf_map *map, void *key, void *value)
{
	struct slot *slot = value;
	struct call call = slot->call;
	__u32 how = slot->seen ? SETTLE_SEEN : 0, i;
	__u64 failed;
	__u8 byte;

	if (!slot->vdev) {
		probe.works++;
	} else if (!(((struct task_struct *)bpf_get_current_task_btf())->flags &
		     PF_EXITING)) {
		for (i = 0; i < FAULT_TRIES; i++) {
			failed = settle_call(slot->vdev, &call, how);
			if (!failed)
				break;
			/* brings the page in, which writing from BPF does not */
			bpf_copy_from_user(&byte, 1, (void *)failed);
			how = SETTLE_SEEN;
		}
		if (i == FAULT_TRIES)
			settle_call(slot->vdev, &call, SETTLE_SEEN | SETTLE_LAST);
	}
	__sync_lock_test_and_set(&slot->thread, 0);
	return 0;
}

/* Claims a free slot for the call and arms its task work; false if that fails. */
static __always_inline bool claim_slot(struct slot *slot, __u64 thread, __u64 vdev,
				       const struct call *call)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();

	if (__sync_val_compare_and_swap(&slot->thread, 0, thread))
		return false;
	slot->start_ns = task->start_boottime;
	slot->vdev = vdev;
	slot->seen = 0;
	slot->call = *call;
	if (!bpf_task_work_schedule_resume(task, &slot->work, &slots, after_call))
		return true;
	/* busy: its last callback has returned, and the kernel has not noticed yet */
	slot->thread = 0;
	return false;
}

/*
 * Arms task work for the call; false if that cannot be done. After an earlier segment of the
 * same call it may arm again, which does no harm.
 */
static __noinline int arm(__u64 vdev, const struct call *call)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct slot *slot;
	__u32 i;

	for (i = 0; call && i < SLOT_TRIES; i++) {
		slot = slot_at(thread, i);
		if (!slot)
			break;
		if (is_mine(slot, thread, vdev))
			return 1;
		if (claim_slot(slot, thread, vdev, call))
			return 1;
	}
	return 0;
}

/* Tells whether a pread may have bytes that policy hides. */
static __always_inline bool may_reach(struct vfio_pci_core_device *vdev,
				      struct call *call)
{
	struct config_read read = { .vdev = (__u64)vdev };
	struct pci_dev *pdev = KREAD(vdev, pdev);
	struct chain chain = {};

	if (!set_place(&read, call->count, call->pos))
		return false;
	call->header = read.header;
	/* a long read may have a gap, whatever else */
	if (read.header != DSN_NEAR_UNKNOWN || read.len > DSN_BODY_LEN)
		return true;
	chain.size = KREAD(pdev, cfg_size);
	chain.pos = read.pos;
	chain.len = read.len;
	return chain.pos + chain.len <= chain.size && survey(&chain, (__u64)vdev);
}

#if defined(__TARGET_ARCH_x86)

/* The signal that a CPU is about to send for a program, of the kernel's bpf_trace.c. */
struct send_signal_irq_work {
	struct task_struct *task;
	__u32 sig;
} __attribute__((preserve_access_index));

extern const struct send_signal_irq_work send_signal_work __ksym __weak;

/*
 * Tells whether the signal that keeps this CPU from taking another is this thread's and the
 * same. A kernel without CONFIG_KALLSYMS_ALL loads no program that refers to a variable, so
 * only the check `resume` may ask, which refers to the preemption count anyway.
 */
static __always_inline bool is_being_sent(__u32 signal)
{
	const struct send_signal_irq_work *work;

	if (!&send_signal_work)
		return false;
	work = bpf_this_cpu_ptr(&send_signal_work);
	return work->sig == signal && work->task == bpf_get_current_task_btf();
}

#else

/* No other program refers to a variable there, and Debian's kernels show no address of one. */
static __always_inline bool is_being_sent(__u32 signal)
{
	(void)signal;
	return false;
}

#endif

/*
 * Ends the thread before its read. With interrupts off a signal that was sent before cannot
 * leave the CPU, and the kernel refuses another. If it is the same, the program of another load
 * has sent and counted it: both are there while `load` replaces the first.
 */
static __always_inline void kill_before_read(__u64 vdev)
{
	long err = send_signal(SIGKILL);

	if (err != -EBUSY || !is_being_sent(SIGKILL))
		note_killed(vdev, NULL, DSN_REASON_MISSED, err);
}

/* Arms the read that the thread is about to do of this device, or ends the thread. */
static __noinline int check_resume(struct device *dev, struct pt_regs *plain)
{
	struct vfio_pci_core_device *vdev = vfio_of(dev);
	struct call call = {};

	if (!vdev)
		return 0;
	drop_pending();
	if (plain)
		read_plain(&call, plain);
	else
		find_call(&call);
	if (!plain && !may_be_read(vdev, &call))
		return 0;
	if (call.kind == CALL_PREAD && !may_reach(vdev, &call))
		return 0;
	if (call.kind == CALL_WORKER || !arm((__u64)vdev, &call))
		kill_before_read((__u64)vdev);
	return 0;
}

/*
 * Notes for the check that the hook has seen a read that reaches a DSN. If it has `done` all
 * of it, other segments of the call have events of their own.
 */
static __always_inline void mark_seen(__u64 vdev, bool done)
{
	volatile __u64 *mark;
	struct slot *slot;
	__u64 thread, how;
	__u32 tid, i;

	if (check == DSN_CHECK_USAGE) {
		tid = bpf_get_current_pid_tgid();
		mark = &seen[tid % SEEN];
		/* the check did not see this thread's read before */
		if ((__u32)*mark == tid)
			note_unchecked();
		how = done ? SETTLE_SEEN : SETTLE_SEEN | SETTLE_LAST;
		*mark = how << 32 | tid;
	} else if (check == DSN_CHECK_RESUME) {
		thread = bpf_get_current_pid_tgid();
		for (i = 0; i < SLOT_TRIES; i++) {
			slot = slot_at(thread, i);
			if (slot && is_mine(slot, thread, vdev)) {
				slot->seen = 1;
				return;
			}
		}
		note_unchecked();
	}
}

/* The test that `load` makes of the ground that a check stands on. */

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

static __noinline int answer_probe(void)
{
	if (probe.thread != bpf_get_current_pid_tgid())
		return 0;
	probe.events++;
	if (!preemption_is_off())
		probe.preemptible++;
	return 1;
}

static __noinline int arm_probe(void)
{
	struct call none = {};

	return arm(0, &none);
}

/*
 * Judges an event of either check; false if no read of a DSN can belong to it. `plain`
 * becomes the registers of a plain pread, or NULL for any other call.
 */
static __always_inline bool needs_check(__u64 flags, bool arms, struct pt_regs **plain)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	struct pt_regs *regs = (void *)bpf_task_pt_regs(task);
	enum plain kind;

	if (!(flags & RPM_GET_PUT))
		return false;
	if (probe.thread && answer_probe() && arms)
		arm_probe();
	kind = find_plain(task, regs);
	*plain = kind == PLAIN_PREAD ? regs : NULL;
	/* the pair leaves records of other calls behind */
	return kind != PLAIN_NOTHING || hook == DSN_HOOK_KPROBE;
}

#endif
