// SPDX-License-Identifier: GPL-2.0
/* The processes that are stopped until their memory is repaired. */
#include "kernel/stopped.h"

#include <endian.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "lib/time.h"
#include "lib/util.h"

#define NS_PER_MS 1000000ULL

/* The interval at which threads are looked at; it grows if that takes long. */
#define LOOK_US 1000
#define LOOK_SLOWLY_US 20000
#define SLOW_NS (200 * NS_PER_MS)

/* Tries of a write: one may fail for want of memory. */
#define TRIES 10
#define RETRY_US 100000

struct dsn_repairs *stopped_map(int fd)
{
	void *map = mmap(NULL, sizeof(struct dsn_repairs), PROT_READ | PROT_WRITE,
			 MAP_SHARED, fd, 0);

	return map == MAP_FAILED ? NULL : map;
}

void stopped_unmap(struct dsn_repairs *repairs)
{
	if (repairs)
		munmap(repairs, sizeof(*repairs));
}

static __u32 state_of(const struct dsn_repair *element)
{
	return __atomic_load_n(&element->state, __ATOMIC_ACQUIRE);
}

/* Returns true if the element is this process's and in this state. */
static bool is_in(const struct dsn_repair *element, const struct stopped *who,
		  __u32 state)
{
	return state_of(element) == state && element->pid == who->pid &&
	       element->start_ns == who->start_ns;
}

/* Moves the process's elements from one state to another. Returns their number. */
static size_t move(struct dsn_repairs *repairs, const struct stopped *who, __u32 from,
		   __u32 to)
{
	size_t i, count = 0;

	for (i = 0; i < DSN_REPAIRS; i++) {
		if (!is_in(&repairs->of[i], who, from))
			continue;
		__atomic_store_n(&repairs->of[i].state, to, __ATOMIC_RELEASE);
		count++;
	}
	return count;
}

static void release(struct dsn_repairs *repairs, const struct stopped *who)
{
	move(repairs, who, DSN_REPAIR_PENDING, DSN_REPAIR_FREE);
	move(repairs, who, DSN_REPAIR_DONE, DSN_REPAIR_FREE);
}

/* Adds the element's process, or the earlier time if it is there. Returns the number. */
static size_t add(struct stopped list[DSN_REPAIRS], size_t count,
		  const struct dsn_repair *element)
{
	struct stopped found = {
		.pid = element->pid,
		.start_ns = element->start_ns,
		.key = element->key,
		.since_ns = element->ns,
	};
	size_t i;

	for (i = 0; i < count; i++)
		if (list[i].pid == found.pid && list[i].start_ns == found.start_ns)
			break;
	if (i == count || found.since_ns < list[i].since_ns)
		list[i] = found;
	return i == count ? count + 1 : count;
}

static int compare(const void *a, const void *b)
{
	const struct stopped *x = a, *y = b;

	return x->since_ns < y->since_ns ? -1 : x->since_ns > y->since_ns;
}

/* Fills in the command; a process that cannot be looked at counts as alive. */
static void name(struct stopped *who)
{
	struct process process;
	int err = process_open(&process, who->pid, who->start_ns);

	if (!err)
		memcpy(who->command, process.command, sizeof(who->command));
	else if (err != -ESRCH)
		strcpy(who->command, "?");
	process_close(&process);
}

size_t stopped_find(const struct dsn_repairs *repairs, struct stopped list[DSN_REPAIRS])
{
	size_t i, count = 0;
	__u32 state;

	for (i = 0; i < DSN_REPAIRS; i++) {
		state = state_of(&repairs->of[i]);
		if (state == DSN_REPAIR_PENDING || state == DSN_REPAIR_DONE)
			count = add(list, count, &repairs->of[i]);
	}
	for (i = 0; i < count; i++)
		name(&list[i]);
	qsort(list, count, sizeof(*list), compare);
	return count;
}

size_t stopped_list(const struct dsn_repairs *repairs, struct stopped list[DSN_REPAIRS])
{
	size_t i, found = stopped_find(repairs, list), count = 0;

	for (i = 0; i < found; i++)
		if (*list[i].command)
			list[count++] = list[i];
	return count;
}

static bool has(const struct dsn_repairs *repairs, const struct stopped *who, __u32 state)
{
	size_t i;

	for (i = 0; i < DSN_REPAIRS; i++)
		if (is_in(&repairs->of[i], who, state))
			return true;
	return false;
}

/* Locks the process, and waits until it is stopped or nothing of it is pending. */
static int wait_for(const struct dsn_repairs *repairs, struct process *process,
		    const struct stopped *who, unsigned int patience_ms,
		    struct thread *thread)
{
	__u64 begin = boot_time_ns(), passed;
	bool locked = false;
	int err;

	for (;;) {
		err = locked ? 0 : process_lock(process);
		if (err && err != -EBUSY)
			return err;
		locked = !err;
		if (locked) {
			err = process_is_stopped(process, thread);
			if (err || !has(repairs, who, DSN_REPAIR_PENDING))
				return err;
			err = -ETIMEDOUT;
		}
		passed = boot_time_ns() - begin;
		if (passed >= patience_ms * NS_PER_MS)
			return err;
		if (usleep(passed < SLOW_NS ? LOOK_US : LOOK_SLOWLY_US))
			return -EINTR;
	}
}

static void note(struct repair *repair, const struct dsn_repair *element)
{
	size_t i;

	repair->bytes += element->length;
	for (i = 0; i < repair->functions; i++)
		if (!memcmp(&repair->keys[i], &element->key, sizeof(element->key)))
			return;
	repair->keys[repair->functions++] = element->key;
}

static int write_element(const struct process *process, const struct thread *thread,
			 const struct dsn_repair *element)
{
	char bytes[4096] = {};
	__u64 value = htole64(element->bytes);
	int tries = 0, err;

	if (!element->length || element->length > sizeof(bytes))
		return -EBADMSG;
	if (element->length <= sizeof(value))
		memcpy(bytes, &value, element->length);
	do {
		err = process_write(process, thread, element->address, bytes,
				    element->length);
	} while (err == -EIO && ++tries < TRIES && (usleep(RETRY_US), true));
	return err;
}

/* Writes what is pending. Nothing is added meanwhile: all threads are stopped. */
static int write_all(struct dsn_repairs *repairs, const struct process *process,
		     const struct stopped *who, struct repair *repair)
{
	int err = 0, one;
	size_t i;

	for (i = 0; i < DSN_REPAIRS; i++) {
		if (!is_in(&repairs->of[i], who, DSN_REPAIR_PENDING))
			continue;
		note(repair, &repairs->of[i]);
		one = write_element(process, &repair->thread, &repairs->of[i]);
		if (!one)
			__atomic_store_n(&repairs->of[i].state, DSN_REPAIR_DONE,
					 __ATOMIC_SEQ_CST);
		err = err ? err : one;
	}
	return err;
}

/* Kills a process whose memory can neither be shown to its guest nor be changed. */
static int end(struct dsn_repairs *repairs, const struct process *process,
	       const struct stopped *who, struct repair *repair)
{
	int err = process_signal(process, SIGKILL);

	if (err && err != -ESRCH)
		return err;
	release(repairs, who);
	repair->outcome = REPAIR_KILLED;
	return 0;
}

/*
 * Continues the process and frees the elements last: if dsnctl is killed before SIGCONT,
 * they remain, and the next one sends it.
 */
static int go_on(struct dsn_repairs *repairs, const struct process *process,
		 const struct stopped *who, struct repair *repair)
{
	int err;

	err = process_signal(process, SIGCONT);
	if (err && err != -ESRCH)
		return err;
	if (!move(repairs, who, DSN_REPAIR_DONE, DSN_REPAIR_FREE))
		return 0;
	repair->outcome = REPAIR_DONE;
	repair->stopped_ns = boot_time_ns() - who->since_ns;
	return 0;
}

static int repair_process(struct dsn_repairs *repairs, struct process *process,
			  const struct stopped *who, unsigned int patience_ms,
			  struct repair *repair)
{
	int err = wait_for(repairs, process, who, patience_ms, &repair->thread);

	if (err < 0)
		return err;
	if (!err) {
		/* it runs: its SIGCONT was sent */
		move(repairs, who, DSN_REPAIR_DONE, DSN_REPAIR_FREE);
		return 0;
	}
	/* someone else may have stopped it */
	if (!has(repairs, who, DSN_REPAIR_PENDING) && !has(repairs, who, DSN_REPAIR_DONE))
		return 0;
	err = write_all(repairs, process, who, repair);
	if (err == -EIO)
		return end(repairs, process, who, repair);
	return err ? err : go_on(repairs, process, who, repair);
}

int stopped_repair(struct dsn_repairs *repairs, const struct stopped *who,
		   unsigned int patience_ms, struct repair *repair)
{
	_cleanup_(process_close) struct process process;
	int err = process_open(&process, who->pid, who->start_ns);

	*repair = (struct repair){ .outcome = REPAIR_NOTHING };
	if (!err)
		err = repair_process(repairs, &process, who, patience_ms, repair);
	if (err != -ESRCH)
		return err;
	release(repairs, who);
	repair->outcome = REPAIR_GONE;
	return 0;
}
