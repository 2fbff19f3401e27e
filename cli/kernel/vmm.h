/* SPDX-License-Identifier: GPL-2.0 */
/* The executables whose whole reads are let through under DSN_HOOK_PERMISSION. */
#ifndef DSNCTL_VMM_H
#define DSNCTL_VMM_H

#include <stddef.h>
#include "dsn_contract.h"

struct vmm {
	struct dsn_executable executable;
	struct dsn_vmm name;
};

/*
 * Identifies an executable as a BPF program sees it: by its inode and the device number of
 * its superblock, which stat() does not always have. Returns 0 or -errno.
 */
int vmm_identify(const char *path, struct vmm *vmm);

/*
 * Identifies the executables of QEMU that distributions install. Returns their number, at
 * most DSN_MAX_VMMS.
 */
size_t vmm_find_known(struct vmm vmms[DSN_MAX_VMMS]);

/* Puts these into the map `vmms`, and removes all others. Returns 0 or -errno. */
int vmm_store(int map, const struct vmm *vmms, size_t count);

/* Reads the map. Returns the number of executables, at most DSN_MAX_VMMS. */
size_t vmm_read(int map, struct vmm vmms[DSN_MAX_VMMS]);

#endif
