/* SPDX-License-Identifier: GPL-2.0 */
/* Counters, incidents and events: what became of reads. */
#ifndef DSN_STATS_BPF_H
#define DSN_STATS_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "maps.bpf.h"
#include "vfio.bpf.h"
#include <bpf/bpf_helpers.h>

/* Adds one to a field of dsn_totals; returns its value before. */
#define COUNT(field) __sync_fetch_and_add(&totals.field, 1)

/* Records the incident that is number `count` + 1 of its kind. */
static __always_inline void note_incident(void *map, __u64 count, struct dsn_key key,
					  __u32 reason)
{
	__u32 slot = count % DSN_INCIDENTS;
	struct dsn_incident *incident = bpf_map_lookup_elem(map, &slot);

	if (!incident)
		return;
	incident->ns = bpf_ktime_get_boot_ns();
	incident->key = key;
	incident->pid = bpf_get_current_pid_tgid() >> 32;
	incident->reason = reason;
	bpf_get_current_comm(incident->command, sizeof(incident->command));
}

/* Counts a read of a DSN by the current task. `device` may be NULL. */
static __always_inline void count_read(struct dsn_device *device, bool passed)
{
	struct task_struct *task = (void *)bpf_get_current_task_btf();
	__u64 tick = bpf_jiffies64();

	COUNT(touched);
	if (!device) {
		COUNT(uncounted);
		return;
	}
	__sync_fetch_and_add(passed ? &device->passed : &device->reads, 1);
	/* the name and the time cost more than all the rest */
	if (device->last_tick == tick && device->last_tid == (__u32)task->pid)
		return;
	device->last_ns = bpf_ktime_get_boot_ns();
	device->last_tick = tick;
	device->last_tid = task->pid;
	device->last_pid = task->tgid;
	bpf_get_current_comm(device->last_command, sizeof(device->last_command));
}

/* Numbers that only the caller of an event knows; packed, as stack is scarce on 6.1. */
#define EVENT_PLACE(offset, length) ((__u64)(offset) << 32 | (length))
#define EVENT_OUTCOME(fate, policy, reason, repaired)                                    \
	((fate) | ((policy)&0xff) << 8 | (reason) << 16 | (repaired) << 24)

/* The events of one thread in the present window; two threads may share an element. */
struct share {
	__u64 window_ns; /* its start */
	__u32 tid;
	__u32 events;
	__u32 repeats; /* events that were merged into the next one */
};

#define SHARES 1024

static struct share shares[SHARES];

/* Tells whether the thread has used up its events; sets how many it was refused since the last. */
static __always_inline bool is_repeat(__u64 now, __u32 fate, __u32 *repeats)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct share *share = &shares[tid % SHARES];

	if (share->tid != tid) {
		share->tid = tid;
		share->window_ns = now;
		share->events = share->repeats = 0;
	} else if (now - share->window_ns > DSN_EVENT_WINDOW_NS) {
		share->window_ns = now;
		share->events = 0;
	}
	if (share->events >= DSN_EVENT_BURST && fate != DSN_FATE_KILLED &&
	    fate != DSN_FATE_STOPPED) {
		share->repeats++;
		COUNT(collapsed);
		return true;
	}
	share->events++;
	*repeats = share->repeats;
	share->repeats = 0;
	return false;
}

/*
 * Writes an event, or counts it as lost: no read depends on it. It wakes nobody up, which
 * would be an interrupt for each read of a busy guest; the listener polls. Global, so that
 * the verifier checks it once.
 */
__noinline int write_event(__u64 pdev, __u64 place, __u32 outcome)
{
	__u64 now = bpf_ktime_get_boot_ns(), until = monitor.until_ns;
	struct dsn_key key = key_of((struct pci_dev *)pdev);
	struct dsn_event *event;
	__u32 repeats = 0;

	if (until && now > until + DSN_GIVE_UP_NS) {
		__sync_val_compare_and_swap(&monitor.until_ns, until, 0);
		return 0;
	}
	if (is_repeat(now, outcome & 0xff, &repeats))
		return 0;
	event = now < until ? bpf_ringbuf_reserve(&events, sizeof(*event), 0) : NULL;
	if (!event) {
		__sync_fetch_and_add(&monitor.lost, 1);
		return 0;
	}
	event->ns = now;
	event->cgroup = bpf_get_current_cgroup_id();
	event->key = key;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->offset = place >> 32;
	event->length = place;
	event->fate = outcome;
	event->policy = outcome >> 8;
	event->reason = outcome >> 16;
	event->repaired = outcome >> 24;
	event->repeats = repeats;
	bpf_get_current_comm(event->command, sizeof(event->command));
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void emit_event(struct pci_dev *pdev, __u64 place, __u32 outcome)
{
	if (monitor.until_ns)
		write_event((__u64)pdev, place, outcome);
}

#endif
