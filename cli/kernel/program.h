/* SPDX-License-Identifier: GPL-2.0 */
/* The BPF programs: loads, attaches, pins, finds and unloads them. */
#ifndef DSNCTL_PROGRAM_H
#define DSNCTL_PROGRAM_H

#include <stdbool.h>
#include "kernel/host.h"
#include "kernel/plan.h"
#include "model/policy.h"
#include "dsn_contract.h"

/* The reason why programs could not be loaded. */
struct refusal {
	enum group
		group; /* whose program the kernel refused; GROUPS: no program's fault */
	char reason[160]; /* the kernel's last line */
};

/*
 * Loads the plan's programs over the pinned maps, or over new ones if none are pinned,
 * attaches them, and only then puts their links in place of those that ran before. `id` will
 * be dsn_state.loaded_ns. Needs the lock. Returns 0, or -errno with the refusal, and then
 * what ran before runs on.
 */
int program_load(const struct plan *plan, const struct host *host, __u64 id,
		 struct refusal *refusal);

/* Drops all links: guests read the real serials then. Returns 0 or -errno. */
int program_unload(void);

/* Finds the plan whose links are pinned and hold our programs; `options` without the rest. */
void program_find(struct plan *plan);

/* Returns what the running programs do to reads. */
enum effect program_effect(void);

/*
 * Counts the calls of the hook's programs that the kernel skipped (recursion_misses).
 * Returns 0 or -errno.
 */
int program_missed(enum dsn_hook hook, unsigned long long *missed);

#endif
