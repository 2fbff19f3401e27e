/* SPDX-License-Identifier: GPL-2.0 */
/* Where the running kernel's code and data are, from /proc/kallsyms. */
#ifndef DSNCTL_SYMBOLS_H
#define DSNCTL_SYMBOLS_H

#include <stddef.h>
#include <linux/types.h>

struct symbol {
	const char *name;
	__u64 from; /* 0 where the kernel has no such symbol, or hides the address */
	__u64 to;   /* the next symbol's address */
};

/*
 * Fills in the addresses of `count` names, also of those that the compiler gave a suffix
 * (.isra.0). Returns 0 or -errno.
 */
int symbols_find(struct symbol *symbols, size_t count);

#endif
