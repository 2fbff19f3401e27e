/* SPDX-License-Identifier: GPL-2.0 */
/* The BPF programs: loaded, attached, pinned, and asked how they are. */
#ifndef DSNCTL_PROGRAM_H
#define DSNCTL_PROGRAM_H

#include <stdbool.h>
#include "dsn_contract.h"

/* What the kernel said while it refused a program; its last line. */
#define REASON_LEN sizeof(((struct dsn_state *)0)->reason)

/*
 * Loads the programs of `hook` over the pinned maps, or over new ones where none are
 * pinned, attaches them, and puts their links in place of those that ran before; the
 * old ones are dropped only then. Needs the lock. Returns 0, or -errno with the
 * kernel's words in `reason`, and then what ran before still runs.
 */
int program_load(enum dsn_hook hook, char reason[REASON_LEN]);

/* Whether the hook's links are pinned and hold programs of ours. */
enum dsn_hook program_running(void);

/*
 * How often the kernel did not run a hooked program (recursion_misses), summed over the
 * programs. Returns 0 or -errno.
 */
int program_missed(enum dsn_hook hook, unsigned long long *missed);

const char *hook_name(enum dsn_hook hook);

#endif
