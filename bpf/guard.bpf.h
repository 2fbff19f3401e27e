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
#include "vfio.bpf.h"
#include <bpf/bpf_helpers.h>

/* A read under way. Its thread's own: nobody else looks at it. */
struct armed {
	struct bpf_task_work work; /* of the LSM guard; as the call is */
	struct call call;
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

/* A call that the kprobe has seen and the kretprobe not yet; see dsnctl.bpf.c. */
struct pending {
	__u64 vdev;
	__u64 buf;
	__u64 count;
	__u64 ppos;
	__u64 iswrite;
};

/*
 * Either of the pair may be skipped: a record that its kretprobe did not take must not be
 * taken for the next read's, so a guard drops it when it announces a read.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384); /* calls under way at once */
	__type(key, __u64);	    /* pid_tgid of the caller */
	__type(value, struct pending);
} pending SEC(".maps");

static __always_inline void drop_pending(__u64 *thread)
{
	if (hook == DSN_HOOK_KPROBE)
		bpf_map_delete_elem(&pending, thread);
}

/* dsn_state.loaded_ns of this load. */
const volatile __u64 load_id;

/*
 * A read that no program of the guard has seen before it: counted once `load` is done, and
 * by the newest hook alone; an old one may run on for a while when its guard is gone.
 */
static __noinline int unannounced(void)
{
	struct dsn_state *loaded = only_element(state);

	if (loaded && loaded->loaded_ns == load_id)
		COUNT(unannounced);
	return 0;
}

static __always_inline void tick_off(__u64 vdev)
{
	struct armed *read;
	__u64 thread;

	if (guard == DSN_GUARD_OFF)
		return;
	thread = bpf_get_current_pid_tgid();
	read = bpf_map_lookup_elem(&armed, &thread);
	if (read && read->vdev == vdev)
		read->done = 1;
	else if (guard != DSN_GUARD_LSM)
		unannounced();
}

/* A walk over the iovecs of a call. */
struct segments {
	struct config_read read; /* the segment, but for its place */
	struct vfio_pci_core_device *vdev;
	const struct call *call;
	__u64 pos; /* of the segment's first byte, as in the fd */
	bool touched;
	bool lost;
};

static long repair_segment(__u32 i, void *data)
{
	struct segments *walk = data;
	__u64 part[2] = {}; /* address, length */
	__u32 small[2] = {};
	long err;

	if (walk->call->compat) {
		err = bpf_probe_read_user(small, sizeof(small),
					  (void *)(walk->call->buf + i * sizeof(small)));
		part[0] = small[0];
		part[1] = small[1];
	} else {
		err = bpf_probe_read_user(part, sizeof(part),
					  (void *)(walk->call->buf + i * sizeof(part)));
	}
	if (err) {
		walk->lost = true;
		return 1;
	}
	walk->read.buf = part[0];
	if (rewrite_at(walk->vdev, &walk->read, part[1], walk->pos))
		walk->touched = true;
	walk->pos += part[1];
	return part[1] > DSN_CFG_END || (walk->pos & DSN_OFFSET_MASK) > DSN_CFG_END;
}

#define UIO_MAXIOV 1024

/*
 * A read of which nobody knows whether all of its bytes were copied: written over as a
 * whole. If it cannot be written and yet could have been copied, the reader is killed.
 * `again`: the rewrite has run, if maybe not for all of it.
 */
static __noinline int repair(struct vfio_pci_core_device *vdev, const struct call *call,
			     bool again)
{
	struct segments walk = {
		.read = { .again = again, .repair = true, .halfway = true },
		.vdev = vdev,
		.call = call,
	};

	if (!call)
		return 0;
	walk.pos = call->pos;
	walk.read.buf = call->buf;
	if (call->kind == CALL_PREAD)
		walk.touched = rewrite_at(vdev, &walk.read, call->count, call->pos);
	else if (call->kind == CALL_VECTOR)
		bpf_loop(call->count > UIO_MAXIOV ? UIO_MAXIOV : call->count,
			 repair_segment, &walk, 0);
	if (call->kind == CALL_WORKER || walk.lost)
		kill_reader((__u64)vdev, NULL, DSN_REASON_MISSED);
	if (walk.touched && !again)
		COUNT(repaired);
	return 0;
}

#endif
