/* SPDX-License-Identifier: GPL-2.0 */
/* What dsnctl keeps in bpffs: DSN_PIN_DIR, mode 0700, locked while it changes. */
#ifndef DSNCTL_PINS_H
#define DSNCTL_PINS_H

#include <stdbool.h>
#include "dsn_contract.h"

#define PIN_RULESETS "rulesets"
#define PIN_RULES "rules"
#define PIN_DEVICES "devices"
#define PIN_TOTALS "totals"
#define PIN_STATE "state"

/* Every command that needs the maps starts here; prints the error itself. */
#define PINS_CREATE true
int pins_lock(bool create);

/* Opens a pinned object. Returns an fd or -errno. */
int pins_open(const char *name);

/* Puts `fd` under a name, in place of what was there. Returns 0 or -errno. */
int pins_put(const char *name, int fd);

/* Returns 0, also where there was none, or -errno. */
int pins_drop(const char *name);

/* Drops all that is in the folder, and the folder. Returns 0 or -errno. */
int pins_drop_all(void);

/*
 * Opens one of the maps above for a command. Prints the error: not loaded, not root,
 * or a pin of another version. Returns an fd, or -1 with *status set.
 */
int pins_map(const char *name, int *status);

#endif
