/* SPDX-License-Identifier: GPL-2.0 */
/* The file that `set --save` writes for one target, below CONFIG_DIR. */
#ifndef DSNCTL_SAVED_H
#define DSNCTL_SAVED_H

#include "model/entry.h"

struct saved {
	struct dsn_key key;
	const struct dsn_rule *rule; /* NULL: the file goes */
	char *path;
	char *temporary; /* written, and not in place yet */
};

/*
 * Writes the file beside its place, then moves it there, so that a crash leaves the old
 * one or the new one. Both say what is wrong and return an exit status; the second also
 * warns where another file says otherwise.
 */
int saved_prepare(struct saved *saved, const struct dsn_key *key,
		  const struct dsn_rule *rule);
int saved_commit(struct saved *saved);

/* Takes away what was prepared and not committed. */
void saved_free(struct saved *saved);

#endif
