/* SPDX-License-Identifier: GPL-2.0 */
/* Chooses the layers for a host, and judges what they guarantee: pure. See docs/guarantee.md. */
#ifndef DSNCTL_PLAN_H
#define DSNCTL_PLAN_H

#include <stdbool.h>
#include "kernel/host.h"
#include "lib/exit.h"
#include "dsn_contract.h"

/* A request of an operator's; NULL leaves the choice to plan_choose(). */
struct request {
	const char *hook;  /* a name of hook_name(), or "auto" */
	const char *check; /* a name of check_name(), or "auto" */
	__u32 options;	   /* DSN_OPTION_ANSWER, DSN_OPTION_WHOLE, DSN_OPTION_VMMS */
};

/* The layers that run, or are to run. */
struct plan {
	enum dsn_hook hook;
	enum dsn_check check;
	__u32 options; /* enum dsn_option */
};

enum level {
	LEVEL_NOT_PROTECTED, /* nothing is in force */
	LEVEL_BEST_EFFORT,   /* reads can be missed */
	LEVEL_VMM_TRUSTED, /* like withheld, except for whole reads, which VMMs do not pass on */
	LEVEL_WITHHELD, /* no serial reaches a reader, and the VMM makes it zeros */
	LEVEL_PROVEN,	/* no read shows anything but what the rules say */
};

struct guarantee {
	enum level level;
	char ground[512];   /* why it is that level, and not a higher one */
	const char *remedy; /* NULL if there is nothing to improve */
};

/* The reasons why a plan has not more. Empty strings where it has. */
struct reasons {
	char hook[160];
	char check[320];
	char answer[160];
};

/* Counters that lower the guarantee of the running programs. */
struct faults {
	__u64 lost;	  /* hook calls that were skipped while there was no check */
	__u64 unchecked;  /* dsn_totals.unchecked */
	__u64 late;	  /* dsn_totals.late */
	__u64 unkillable; /* dsn_totals.unkillable */
};

const char *hook_name(enum dsn_hook hook);
const char *check_name(enum dsn_check check);
const char *level_name(enum level level);

/*
 * Chooses what to load. Returns EXIT_DONE with the plan and the reasons, or the exit status
 * of `load` with the cause and the remedy in `refusal`.
 */
enum exit_status plan_choose(const struct host *host, const struct request *request,
			     struct plan *plan, struct reasons *reasons,
			     struct guarantee *refusal);

/* Finds what a plan guarantees on a host as it is now. `reasons` may be NULL. */
void plan_guarantee(const struct plan *plan, const struct running *running,
		    const struct faults *faults, const struct reasons *reasons,
		    struct guarantee *guarantee);

#endif
