/* SPDX-License-Identifier: GPL-2.0 */
/* The BPF programs: loads, attaches, pins, finds and unloads them. */
#ifndef DSNCTL_PROGRAM_H
#define DSNCTL_PROGRAM_H

#include <stdbool.h>
#include "kernel/host.h"
#include "kernel/pins.h"
#include "kernel/plan.h"
#include "dsn_contract.h"

/* The reason why programs could not be loaded. */
struct refusal {
	enum group
		group; /* whose program the kernel refused; GROUPS: no program's fault */
	char reason[160]; /* the kernel's last line */
	char no_copy
		[PINS_REASON]; /* the reason why the pins have no second copy, or empty */
};

/*
 * Loads the plan's programs over the pinned maps, or over new ones if none are pinned,
 * attaches them, and only then puts their links in place of those that ran before. `id` will
 * be dsn_state.loaded_ns. Needs the lock. Returns 0, or -errno with the refusal, and then
 * what ran before runs on.
 */
int program_load(const struct plan *plan, const struct host *host, __u64 id,
		 struct refusal *refusal);

/*
 * Drops all links and maps, or none: guests read the real serials then. Needs the lock.
 * Returns an exit status and fills in the failure.
 */
int program_unload(struct failure *failure);

/*
 * Lists the kept programs that were detached. Those that stay attached, as after a load that
 * succeeded or failed, are kept no more. Needs the lock.
 */
void program_list_detached(struct kept *kept);

#define PROGRAM_LINKS 9

/* The links that are pinned, and what is known of their programs. */
struct attached {
	struct plan plan; /* whose links hold our programs; `options` without the rest */
	unsigned long long
		missed; /* calls of the hook that the kernel skipped (recursion_misses) */
	__u32 links[PROGRAM_LINKS]; /* their ids; 0 if there is no such pin */
};

/* Finds them. Returns 0, or -errno if that cannot be told. */
int program_find(struct attached *attached);

/*
 * Asks the kernel for links of our programs that are not among the pinned ones: another
 * mount namespace may have the pins. Returns 1 if there are any, 0, or -errno.
 */
int program_find_elsewhere(const struct attached *attached);

/* Tests if DSN_KEEP_DIR has the same links and maps pinned. */
bool program_has_copy(const struct attached *attached);

#endif
