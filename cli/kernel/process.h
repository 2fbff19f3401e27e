/* SPDX-License-Identifier: GPL-2.0 */
/* A process under repair: its threads, its memory, its signals. */
#ifndef DSNCTL_PROCESS_H
#define DSNCTL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

/* A file of root's: byte N is locked by the dsnctl that repairs process N. */
#ifndef PROCESS_LOCKS
#define PROCESS_LOCKS "/run/dsnctl.lock"
#endif

/*
 * A process, held by its folder in /proc: a later one with the same pid is never touched.
 */
struct process {
	int folder;
	__u32 pid;
	char command[16]; /* printable */
	int lock;	  /* an fd of PROCESS_LOCKS, or -1 */
};

/* Tells if this process is in the initial PID namespace, and so sees those of all. */
bool process_sees_all(void);

/*
 * Finds the process that started at `start_ns`, CLOCK_BOOTTIME. Returns 0 or -errno;
 * -ESRCH if it has ended, -EXDEV if it may be hidden by a PID namespace.
 */
int process_open(struct process *process, __u32 pid, __u64 start_ns);
void process_close(struct process *process);

/*
 * Locks out other dsnctl until process_close(). Returns 0 or -errno; -EBUSY if one is in.
 */
int process_lock(struct process *process);

struct thread {
	__u32 tid;
	char state; /* as in proc_pid_stat(5) */
};

/*
 * Finds out if no thread can run before a SIGCONT. Returns 1 with one of the stopped
 * threads, 0 with one that is not stopped, or -errno; -ESRCH if the process has ended.
 */
int process_is_stopped(const struct process *process, struct thread *thread);

/*
 * Writes to the memory that the thread sees, and reads it back. Skips pages where nothing
 * is mapped. Returns 0, -EIO if mapped memory does not take the bytes, or another -errno
 * if it could not be tried.
 */
int process_write(const struct process *process, const struct thread *thread,
		  __u64 address, const void *bytes, size_t length);

/* Returns 0 or -errno. */
int process_signal(const struct process *process, int signal);

#endif
