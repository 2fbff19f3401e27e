/* SPDX-License-Identifier: GPL-2.0 */
/* Counts what becomes of reads. */
#ifndef DSN_COUNT_BPF_H
#define DSN_COUNT_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "maps.bpf.h"
#include <bpf/bpf_helpers.h>

/* Adds one to a field of dsn_totals; its value before. */
#define COUNT(field) __sync_fetch_and_add(&totals.field, 1)

/* Writes the incident down that is number `count` + 1 of its kind. */
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

/* One read more, by the current task, of the function that has this element of `counters`. */
static __always_inline void count_read(__u32 counter, bool rewritten,
				       struct task_struct *task)
{
	struct dsn_device *device = bpf_map_lookup_elem(&counters, &counter);
	__u64 tick = bpf_jiffies64();

	if (!device)
		return;
	__sync_fetch_and_add(rewritten ? &device->reads : &device->passed, 1);
	/* the name and the time are dearer than all the rest */
	if (device->last_tick == tick && device->last_tid == (__u32)task->pid)
		return;
	device->last_ns = bpf_ktime_get_boot_ns();
	device->last_tick = tick;
	device->last_tid = task->pid;
	device->last_pid = task->tgid;
	bpf_get_current_comm(device->last_command, sizeof(device->last_command));
}

#define NO_COUNTER DSN_MAX_DEVICES

/* Gives a function its element. */
static __always_inline __u32 new_counter(const struct dsn_key *key)
{
	__u32 counter, *found;

	if (totals.counters >= DSN_MAX_DEVICES)
		return NO_COUNTER;
	counter = COUNT(counters);
	if (counter < DSN_MAX_DEVICES &&
	    !bpf_map_update_elem(&devices, key, &counter, BPF_NOEXIST))
		return counter;
	/* another has been quicker, or there is no memory */
	__sync_val_compare_and_swap(&totals.counters, counter + 1, counter);
	found = bpf_map_lookup_elem(&devices, key);
	return found ? *found : NO_COUNTER;
}

/* Returns where it is counted. */
static __always_inline __u32 count_device(const struct dsn_key *key, bool rewritten)
{
	__u32 *found = bpf_map_lookup_elem(&devices, key);
	__u32 counter = found ? *found : new_counter(key);

	if (counter < DSN_MAX_DEVICES)
		count_read(counter, rewritten, bpf_get_current_task_btf());
	else
		COUNT(uncounted);
	return counter;
}

#endif
