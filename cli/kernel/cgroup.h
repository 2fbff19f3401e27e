/* SPDX-License-Identifier: GPL-2.0 */
/* Paths of control groups, found by the numbers that the kernel gives them. */
#ifndef DSNCTL_CGROUP_H
#define DSNCTL_CGROUP_H

#include <limits.h>
#include <linux/types.h>

/* Numbers are not used again, so what was found stays right. */
struct cgroups {
	int mount;	     /* -1 where no cgroup v2 hierarchy is mounted */
	char root[PATH_MAX]; /* where it is */
	struct {
		__u64 id;
		char *path; /* NULL where there is none */
	} known[64];
};

void cgroups_open(struct cgroups *cgroups);
void cgroups_close(struct cgroups *cgroups);

/*
 * As in /proc/PID/cgroup: from the hierarchy's root, "/" for that. NULL where it is gone,
 * or no hierarchy is mounted. Good until the next call.
 */
const char *cgroup_path(struct cgroups *cgroups, __u64 id);

#endif
