/* SPDX-License-Identifier: GPL-2.0 */
/* The BPF programs: loaded, attached, pinned, and asked how they are. */
#ifndef DSNCTL_PROGRAM_H
#define DSNCTL_PROGRAM_H

#include <stdbool.h>
#include "dsn_contract.h"

/* What is loaded together. */
struct plan {
	enum dsn_hook hook;
	enum dsn_guard guard;
	__u32 options; /* enum dsn_option */
	__u64 id;      /* will be dsn_state.loaded_ns */
	bool sessions; /* what is known of open devices is kept; program_load() sets it */
	char reason[160]; /* of a failure: what the kernel said, its last line */
};

/*
 * Loads the plan's programs over the pinned maps, or over new ones where none are pinned,
 * attaches them, and only then puts their links in place of those that ran before. Needs
 * the lock. Returns 0, or -errno with the plan's reason, and then what ran before runs on.
 */
int program_load(struct plan *plan);

/*
 * Whether the guard `lsm` can be had, and the kernel's types say that the guard
 * `tracepoint`, which comes before it else, would be loaded in vain: cheap where not.
 */
bool program_prefers_lsm(void);

/* Drops the links, guards first: none of them is left waiting for a hook that is gone. */
int program_unload(void);

/*
 * The hook relies on what is kept of open devices, and the programs are gone that see them
 * being opened and closed.
 */
bool program_is_blind(void);

/* The hook and the guard whose links are pinned and hold programs of ours. */
enum dsn_hook program_hook(void);
enum dsn_guard program_guard(void);

/* Whether the program of `load --answer` is pinned beside them. */
bool program_answers(void);

/*
 * How often the kernel did not run a program (recursion_misses), summed over those of the
 * hook or of the guard. Return 0 or -errno.
 */
int program_hook_missed(enum dsn_hook hook, unsigned long long *missed);
int program_guard_missed(enum dsn_guard guard, unsigned long long *missed);

const char *guard_name(enum dsn_guard guard);
const char *hook_name(enum dsn_hook hook);

#endif
