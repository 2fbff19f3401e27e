// SPDX-License-Identifier: GPL-2.0
/* Paths of control groups, found by the numbers that the kernel gives them. */
#include "kernel/cgroup.h"

#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include "lib/util.h"

#define FILEID_KERNFS                                                                    \
	0xfe /* a handle that is the number alone: include/linux/exportfs.h */

static void close_mounts(FILE **mounts)
{
	if (*mounts)
		endmntent(*mounts);
}

void cgroups_open(struct cgroups *cgroups)
{
	_cleanup_(close_mounts) FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *entry;

	*cgroups = (struct cgroups){ .mount = -1 };
	while (mounts && cgroups->mount < 0 && (entry = getmntent(mounts))) {
		if (strcmp(entry->mnt_type, "cgroup2"))
			continue;
		snprintf(cgroups->root, sizeof(cgroups->root), "%s", entry->mnt_dir);
		cgroups->mount = open(cgroups->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
}

void cgroups_close(struct cgroups *cgroups)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cgroups->known); i++)
		free(cgroups->known[i].path);
	close_fd(&cgroups->mount);
}

/* Returns the path below the mount, to be freed, or NULL. */
static char *find_path(const struct cgroups *cgroups, __u64 id)
{
	_Alignas(struct file_handle) char bytes[sizeof(struct file_handle) + sizeof(id)];
	struct file_handle *handle = (void *)bytes;
	char link[32], path[PATH_MAX];
	_cleanup_(close_fd) int fd = -1;
	size_t root = strlen(cgroups->root);
	ssize_t length;

	if (cgroups->mount < 0)
		return NULL;
	handle->handle_bytes = sizeof(id);
	handle->handle_type = FILEID_KERNFS;
	memcpy(handle->f_handle, &id, sizeof(id));
	fd = open_by_handle_at(cgroups->mount, handle,
			       O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < (ssize_t)root || strncmp(path, cgroups->root, root))
		return NULL;
	path[length] = '\0';
	make_printable(path, sizeof(path));
	return strdup(path[root] ? path + root : "/");
}

const char *cgroup_path(struct cgroups *cgroups, __u64 id)
{
	typeof(*cgroups->known) *slot = &cgroups->known[id % ARRAY_SIZE(cgroups->known)];

	if (slot->path && slot->id == id)
		return slot->path;
	free(slot->path);
	slot->path = find_path(cgroups, id);
	slot->id = id;
	return slot->path;
}
