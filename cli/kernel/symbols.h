/* SPDX-License-Identifier: GPL-2.0 */
/* Where the running kernel's data is. */
#ifndef DSNCTL_SYMBOLS_H
#define DSNCTL_SYMBOLS_H

#include <linux/types.h>
#include <stdbool.h>

/*
 * The address of a symbol, also of a module's; 0 where the kernel has none or hides it.
 */
__u64 symbol_address(const char *name);

/* By which bpf/vfio.bpf.h knows vfio's files: the second only if there is no first. */
struct vfio_symbols {
	__u64 fops;
	__u64 read;
};

/* Whether either is there. */
bool symbols_find_vfio(struct vfio_symbols *symbols);

#endif
