/* SPDX-License-Identifier: GPL-2.0 */
/* What this host's kernel has to say about itself. */
#ifndef DSNCTL_HOST_H
#define DSNCTL_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* The first line of a small file, cut to `size`. Returns 0 or -errno. */
int host_read(const char *path, char *line, size_t size);

/* The active lockdown level, "none" where it is off or cannot be told. */
const char *host_lockdown(void);

/* Whether the kernel describes its types, without which BPF cannot be fitted to it. */
bool host_has_btf(void);

/* Loads vfio-pci where it is not there. Returns 0 or -errno. */
int host_load_vfio(void);

#endif
