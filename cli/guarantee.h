/* SPDX-License-Identifier: GPL-2.0 */
/* What may be promised on this host as it is now, and why; see docs/guarantee.md. */
#ifndef DSNCTL_GUARANTEE_H
#define DSNCTL_GUARANTEE_H

#include "dsn_contract.h"
#include "host.h"

enum level {
	LEVEL_NOT_PROTECTED, /* nothing is in force */
	LEVEL_BEST_EFFORT,   /* reads can be missed */
	LEVEL_VMM_TRUSTED, /* the next one, but for whole reads, which VMMs keep to themselves */
	LEVEL_WITHHELD, /* no serial gets to a reader, and the VMM makes it zeros */
	LEVEL_PROVEN,	/* no read can go out without the rewrite */
};

struct guarantee {
	enum level level;
	char ground[512];   /* why it is that, and not more */
	const char *remedy; /* NULL where there is nothing to better */
};

const char *level_name(enum level level);

/* What is in force, or would be. */
struct loaded {
	enum dsn_hook hook;
	enum dsn_guard guard;
	__u32 options; /* enum dsn_option */
	bool blind;    /* see program_is_blind() */
};

/* `missed` by the programs since load and before; `why`: the reasons against the guards. */
void guarantee_find(struct guarantee *guarantee, const struct loaded *loaded,
		    const struct running *host, const struct dsn_missed *missed,
		    const char *why);

/* Whether this hook can be skipped here, so that only a guard helps. */
bool guarantee_needs_guard(enum dsn_hook hook, const struct running *host);

/* The guards in the order of what they cost others, and last none. */
#define GUARDS 5
extern const enum dsn_guard guard_order[GUARDS];

/* Whether the two can be loaded together. */
bool guarantee_goes_with(enum dsn_guard guard, enum dsn_hook hook);

/* Whether `load` tries this one, where nobody has asked for a certain one. */
bool guarantee_tries_guard(enum dsn_guard guard, enum dsn_hook hook,
			   const struct running *host);

#endif
