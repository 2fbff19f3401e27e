/* SPDX-License-Identifier: GPL-2.0 */
/* What the programs keep of open devices, which the command line turns on and off. */
#ifndef DSNCTL_SESSIONS_H
#define DSNCTL_SESSIONS_H

#include <stdbool.h>
#include "dsn_contract.h"

/* That of the map `sessions`, shared with the programs; NULL with errno. */
struct dsn_sessions *sessions_open(int map);
void sessions_close(struct dsn_sessions **kept);

/* Nothing is kept any more. */
void sessions_stop(struct dsn_sessions *kept);

/* Forgets all of it, programs running or not. `begun` stays if it is `known`. */
void sessions_wipe(struct dsn_sessions *kept, bool known);

/* From now on, but if `switches` is not `expected`: see dsn_switched in bpf/session.bpf.h. */
void sessions_start(struct dsn_sessions *kept, const __u64 *switches, __u64 expected);

#endif
