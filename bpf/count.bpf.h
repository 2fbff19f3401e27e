/* SPDX-License-Identifier: GPL-2.0 */
/* Counts what becomes of reads. */
#ifndef DSN_COUNT_BPF_H
#define DSN_COUNT_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "maps.bpf.h"
#include <bpf/bpf_helpers.h>

/* Adds one to a field of dsn_totals; its value before. */
#define COUNT(field)                                                                     \
	({                                                                               \
		__u32 zero_ = 0;                                                         \
		struct dsn_totals *totals_ = bpf_map_lookup_elem(&totals, &zero_);       \
                                                                                         \
		totals_ ? __sync_fetch_and_add(&totals_->field, 1) : 0;                  \
	})

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

static __always_inline void count_device(struct dsn_key *key, bool rewritten)
{
	static const struct dsn_device none;
	struct dsn_device *device;

	device = bpf_map_lookup_elem(&devices, key);
	if (!device) {
		bpf_map_update_elem(&devices, key, &none, BPF_NOEXIST);
		device = bpf_map_lookup_elem(&devices, key);
	}
	if (!device) {
		COUNT(uncounted);
		return;
	}
	__sync_fetch_and_add(rewritten ? &device->reads : &device->passed, 1);
	device->last_ns = bpf_ktime_get_boot_ns();
	device->last_pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(device->last_command, sizeof(device->last_command));
}

#endif
