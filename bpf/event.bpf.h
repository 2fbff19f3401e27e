/* SPDX-License-Identifier: GPL-2.0 */
/* Tells a listener what became of a read. */
#ifndef DSN_EVENT_BPF_H
#define DSN_EVENT_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "maps.bpf.h"
#include "policy.bpf.h"
#include <bpf/bpf_helpers.h>

/* What only the caller knows of an event, in numbers, as stack is scarce on 6.1. */
#define DSN_WHERE(offset, length) ((__u64)(offset) << 32 | (length))
#define DSN_WHAT(fate, policy, reason, repaired)                                         \
	((fate) | ((policy)&0xff) << 8 | (reason) << 16 | (repaired) << 24)

/*
 * Nothing of a read depends on this: an event that finds no room is counted. It wakes
 * nobody up, which would be an interrupt for each read of a busy guest: the listener looks
 * for itself. Not static, so that the verifier looks at it once.
 */
__noinline int write_event(__u64 pdev, __u64 where, __u32 what)
{
	__u64 now = bpf_ktime_get_boot_ns(), until;
	struct dsn_key key = key_of((struct pci_dev *)pdev);
	struct dsn_event *event;

	until = monitor.until_ns;
	if (until && now > until + DSN_GIVE_UP_NS) {
		__sync_val_compare_and_swap(&monitor.until_ns, until, 0);
		return 0;
	}
	event = now < until ? bpf_ringbuf_reserve(&events, sizeof(*event), 0) : NULL;
	if (!event) {
		__sync_fetch_and_add(&monitor.lost, 1);
		return 0;
	}
	/* quickly: all events behind it wait until this one is there */
	event->ns = now;
	event->cgroup = bpf_get_current_cgroup_id();
	event->key = key;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->tid = bpf_get_current_pid_tgid();
	event->offset = where >> 32;
	event->length = where;
	event->fate = what;
	event->policy = what >> 8;
	event->reason = what >> 16;
	event->repaired = what >> 24;
	event->reserved = 0;
	bpf_get_current_comm(event->command, sizeof(event->command));
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void tell(struct pci_dev *pdev, __u64 where, __u32 what)
{
	if (monitor.until_ns)
		write_event((__u64)pdev, where, what);
}

#endif
