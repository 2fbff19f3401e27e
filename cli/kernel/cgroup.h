/* SPDX-License-Identifier: GPL-2.0 */
/* Paths of control groups, by the kernel's ids. */
#ifndef DSNCTL_CGROUP_H
#define DSNCTL_CGROUP_H

#include <limits.h>
#include <linux/types.h>

/* Known paths, by id. Ids are not used again, so they stay valid. */
struct cgroups {
	int mount;	     /* -1 if no cgroup v2 hierarchy is mounted */
	char root[PATH_MAX]; /* the mount point */
	struct {
		__u64 id;
		char *path; /* NULL if there is none */
	} known[64];
};

void cgroups_open(struct cgroups *cgroups);
void cgroups_close(struct cgroups *cgroups);

/*
 * Returns a path as in /proc/PID/cgroup: from the hierarchy's root, which is "/". NULL if
 * it is gone, or no hierarchy is mounted. Valid until the next call.
 */
const char *cgroup_path(struct cgroups *cgroups, __u64 id);

#endif
