/* SPDX-License-Identifier: GPL-2.0 */
/* The processes that have vfio-pci devices open. */
#ifndef DSNCTL_OPENERS_H
#define DSNCTL_OPENERS_H

#include <stdbool.h>
#include <stddef.h>
#include "dsn_contract.h"

struct opener {
	struct dsn_opener id;
	char command[16]; /* printable */
	bool early;	  /* opened before `load` */
};

/*
 * Finds openers by an iterator over the files of all processes, as /proc does not show
 * the device of a vfio file. `hook` is the one that runs. Sorted by function, each process
 * once per function. The caller frees *openers. Returns 0 or -errno.
 */
int openers_find(enum dsn_hook hook, struct opener **openers, size_t *count);

/* Returns the meaning of such an error. */
const char *openers_error(int err);

/* Notes these in the map `early`. Returns 0 or -errno. */
int openers_mark_early(const struct opener *openers, size_t count);

#define OPENER_LEN 32

/* Writes "1234 (qemu-system-x86)". */
void opener_format(const struct opener *opener, char text[OPENER_LEN]);

#endif
