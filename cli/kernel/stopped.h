/* SPDX-License-Identifier: GPL-2.0 */
/* The processes that are stopped until their memory is repaired. */
#ifndef DSNCTL_STOPPED_H
#define DSNCTL_STOPPED_H

#include <stdbool.h>
#include <stddef.h>
#include "kernel/process.h"
#include "dsn_contract.h"

struct stopped {
	__u32 pid;
	__u64 start_ns;	    /* as in struct dsn_repair */
	char command[16];   /* printable; empty if the process has ended */
	struct dsn_key key; /* the function of the first read that was not rewritten */
	__u64 since_ns;	    /* time of that read, ns, CLOCK_BOOTTIME */
};

/* Maps the map `repairs`, of which this is an fd. Returns NULL with errno. */
struct dsn_repairs *stopped_map(int fd);
void stopped_unmap(struct dsn_repairs *repairs);

/* Lists the processes that are stopped now, first stopped first. Returns their number. */
size_t stopped_list(const struct dsn_repairs *repairs, struct stopped list[DSN_REPAIRS]);

/* Lists also those that have ended, whose elements are still to be freed. */
size_t stopped_find(const struct dsn_repairs *repairs, struct stopped list[DSN_REPAIRS]);

enum repair_outcome {
	REPAIR_NOTHING, /* there was nothing to repair, or another dsnctl has done it */
	REPAIR_DONE,	/* the process runs again */
	REPAIR_GONE,	/* the process had ended */
	REPAIR_KILLED,	/* its memory takes no bytes */
};

struct repair {
	enum repair_outcome outcome;
	size_t bytes; /* written, or to be written */
	size_t functions;
	struct dsn_key keys[DSN_REPAIRS]; /* of the functions */
	__u64 stopped_ns;		  /* the time for which it was stopped */
	struct thread thread;		  /* with -ETIMEDOUT: one that has not stopped */
};

/*
 * Repairs one process and continues it. Waits `patience_ms` for its threads to stop, and
 * for another dsnctl that repairs it. Returns 0 with the outcome, or -errno with the
 * process left as it is: -ETIMEDOUT if a thread has not stopped, -EBUSY if the other has
 * not finished, -EINTR if a signal came.
 */
int stopped_repair(struct dsn_repairs *repairs, const struct stopped *who,
		   unsigned int patience_ms, struct repair *repair);

#endif
