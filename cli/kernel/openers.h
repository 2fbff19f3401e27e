/* SPDX-License-Identifier: GPL-2.0 */
/* The processes that have vfio-pci devices open. */
#ifndef DSNCTL_OPENERS_H
#define DSNCTL_OPENERS_H

#include <stdbool.h>
#include <stddef.h>
#include "dsn_contract.h"

struct holder {
	struct dsn_opener opener;
	char command[16]; /* printable */
	bool early;	  /* it had it open before `load` */
};

/*
 * Asks the kernel, by an iterator over the files of all processes; /proc does not tell
 * which device a vfio file is of. Sorted by function, a process once for each. The
 * caller frees *holders. Returns 0 or -errno.
 */
int holders_find(struct holder **holders, size_t *count);

/* What such an error means. */
const char *holders_error(int err);

/* Notes these in the map `early`. Returns 0 or -errno. */
int holders_mark_early(const struct holder *holders, size_t count);

#define HOLDER_LEN 32

/* "1234 (qemu-system-x86)" */
void holder_format(const struct holder *holder, char text[HOLDER_LEN]);

#endif
