/* SPDX-License-Identifier: GPL-2.0 */
/* The pins in bpffs: DSN_PIN_DIR, root's, mode 0700, locked while it changes; and a copy. */
#ifndef DSNCTL_PINS_H
#define DSNCTL_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/failure.h"
#include "dsn_contract.h"

#define PIN_RULESETS "rulesets"
#define PIN_RULES "rules"
#define PIN_COUNTERS "counters"
#define PIN_SLOTS "slots"
#define PIN_REPAIRS "repairs"
#define PIN_WAKEUPS "wakeups"
#define PIN_TOTALS "totals"
#define PIN_KILLS "kills"
#define PIN_WHOLES "wholes"
#define PIN_VMMS "vmms"
#define PIN_EVENTS "events"
#define PIN_MONITOR "monitor"
#define PIN_STATE "state"
#define PIN_EARLY "early"
#define PIN_OPEN "open"

/* The command that mounts a bpffs in which no other user can get in the way. */
#define PINS_MOUNT "mount -t bpf -o mode=0700 bpf /sys/fs/bpf"

/* Tests if /sys/fs/bpf is a bpffs, where pins can be. */
bool pins_have_bpffs(void);

enum pins_lock {
	PINS_READ,   /* shared with others that read */
	PINS_CHANGE, /* exclusive */
	PINS_CREATE, /* exclusive, and makes the folder if it is missing */
};

/*
 * Locks the folder of pins; another that has the lock is waited for, but not for ever.
 * Returns an fd; -ENOENT if there is no such folder; or another -errno. Fills in the failure.
 */
int pins_lock(enum pins_lock mode, struct failure *failure);

/* Removes the folders if nothing is pinned in them. Needs the lock. */
void pins_remove_empty(void);

/* Takes the lock of `monitor`, of which one can run. Returns an fd or -errno. */
int pins_lock_monitor(void);

/* Takes the lock of trampoline_wait(), after who has it. Returns an fd or -errno. */
int pins_lock_wait(void);

/*
 * Opens a pinned object. Returns an fd; -ENOENT only if there is none in any folder that is
 * ours; or another -errno if that cannot be told.
 */
int pins_open(const char *name);

/* The same in DSN_KEEP_DIR alone. */
int pins_open_copy(const char *name);

/* Tests if there are pins in DSN_PIN_DIR; if not, those in DSN_KEEP_DIR may hold it. */
bool pins_are_public(void);

/*
 * Mounts a bpffs for the copy, so that the programs stay active if the shared bpffs is wiped
 * or unmounted. Returns 0, or -errno with the reason.
 */
#define PINS_REASON 200
int pins_make_copy(char reason[PINS_REASON]);

/*
 * Put `fd` under a name, in place of what was there: at once, or prepared beside it and
 * committed later. Return 0 or -errno. A copy that cannot be written is left as it is.
 */
int pins_put(const char *name, int fd);
int pins_prepare(const char *name, int fd);
int pins_commit(const char *name);
void pins_discard(const char *name);

/* Returns 0, also if there was none, or -errno. */
int pins_drop(const char *name);

/*
 * Keeps a program that is or will be attached, even if this process is killed, until it is
 * dropped as one of those that are listed later. Needs the lock. Returns 0 or -errno.
 */
int pins_keep(int program);

#define PINS_KEPT 128
#define PIN_NAME_LEN 32

/* Kept programs, of whatever process. The fds hold them if their pins are wiped. */
struct kept {
	struct kept_program {
		char name[PIN_NAME_LEN];
		__u32 id;
		int fd;
	} of[PINS_KEPT];
	size_t count;
};

/* Lists as many as there is room for. Needs the lock. */
void pins_list_kept(struct kept *kept);

/* Drops the pins of one program, and takes it off the list. */
void pins_drop_kept(struct kept *kept, __u32 id);

/* Closes the list; its pins stay. */
void pins_close_kept(struct kept *kept);

/*
 * Drops all pins except those of kept programs, `first` before others and in this order, or
 * none: what holds them is opened before, so that all stays active until the last is dropped.
 * Returns an exit status and fills in the failure.
 */
int pins_drop_all(const char *const first[], size_t count, struct failure *failure);

#endif
