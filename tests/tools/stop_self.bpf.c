// SPDX-License-Identifier: GPL-2.0
/* Stops whoever runs it and files what is to be written, as the programs do after a read. */
#include "dsn_contract.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define SIGSTOP 19
#define TRIES 64

struct dsn_repairs repairs SEC(".data.repairs");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, DSN_WAKEUPS_SIZE);
} wakeups SEC(".maps");

struct memory {
	__u64 address;
	__u64 bytes;
	__u64 length;
};

static int file(const struct memory *memory, __u32 pid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct dsn_repair *repair;
	__u32 i, next;

	for (i = 0; i < TRIES; i++) {
		next = __sync_fetch_and_add(&repairs.next, 1);
		repair = &repairs.of[next % DSN_REPAIRS];
		if (__sync_val_compare_and_swap(&repair->state, DSN_REPAIR_FREE,
						DSN_REPAIR_CLAIMED) != DSN_REPAIR_FREE)
			continue;
		repair->pid = pid;
		repair->start_ns = BPF_CORE_READ(task, group_leader, start_boottime);
		repair->ns = bpf_ktime_get_boot_ns();
		repair->address = memory->address;
		repair->bytes = memory->bytes;
		repair->length = memory->length;
		repair->key = (struct dsn_key){ .bus = 1 };
		__sync_lock_test_and_set(&repair->state, DSN_REPAIR_PENDING);
		return 0;
	}
	return 1;
}

/*
 * The signal is the thread's own: one to the process, if another thread has just sent the
 * same, is dropped without a word, and this thread would run on until that one takes it.
 */
SEC("syscall")
int stop_self(struct memory *memory)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (file(memory, pid) || bpf_send_signal_thread(SIGSTOP))
		return 1;
	bpf_ringbuf_output(&wakeups, &pid, sizeof(pid), BPF_RB_FORCE_WAKEUP);
	return 0;
}

char _license[] SEC("license") = "GPL";
