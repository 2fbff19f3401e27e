/* SPDX-License-Identifier: GPL-2.0 */
/* The pins in bpffs: DSN_PIN_DIR, mode 0700, locked while it changes; and a copy. */
#ifndef DSNCTL_PINS_H
#define DSNCTL_PINS_H

#include <stdbool.h>
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

/* Tests if /sys/fs/bpf is a bpffs, where pins can be. */
bool pins_have_bpffs(void);

/* Every command that needs the maps starts here; prints the error itself. */
#define PINS_CREATE true
int pins_lock(bool create);

/* Opens a pinned object. Returns an fd or -errno. */
int pins_open(const char *name);

/* False where somebody has taken them out of DSN_PIN_DIR: what is in force is kept. */
bool pins_are_public(void);

/*
 * Puts `fd` under a name, in place of what was there: at once, or prepared beside it and
 * committed later. Return 0 or -errno.
 */
int pins_put(const char *name, int fd);
int pins_prepare(const char *name, int fd);
int pins_commit(const char *name);
void pins_discard(const char *name);

/* Returns 0, also where there was none, or -errno. */
int pins_drop(const char *name);

/* Drops all pins and their folders. Returns 0 or -errno. */
int pins_drop_all(void);

/*
 * Opens one of the maps above for a command. Prints the error: not loaded, not root,
 * or a pin of another version. Returns an fd, or -1 with *status set.
 */
int pins_map(const char *name, int *status);

/* The same for the map of rules, also of former versions from DSN_LAYOUT_RULES on. */
int pins_rulesets(int *status);

/* Reports maps of another layout, and how to keep their rules. */
void pins_say_other_layout(__u32 layout);

#endif
