// SPDX-License-Identifier: GPL-2.0
/* The executables whose whole reads are let through under DSN_HOOK_PERMISSION. */
#include "kernel/vmm.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/util.h"

/* QEMU of Debian, Ubuntu, Arch and openSUSE; of Fedora and RHEL; of Proxmox. */
static const char *const known[] = {
	"/usr/bin/qemu-system-x86_64",
	"/usr/bin/qemu-system-aarch64",
	"/usr/libexec/qemu-kvm",
	"/usr/bin/qemu-kvm",
	"/usr/bin/kvm",
};

/* Reads the inode and the mount of an open file. */
static bool read_fdinfo(int fd, unsigned long long *inode, int *mount)
{
	_cleanup_(close_file) FILE *file = NULL;
	bool has_inode = false, has_mount = false;
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		has_inode |= sscanf(line, "ino: %llu", inode) == 1;
		has_mount |= sscanf(line, "mnt_id: %d", mount) == 1;
	}
	return has_inode && has_mount;
}

/* Finds the device number of a mount's superblock, in the kernel's own encoding. */
static bool find_device(int mount, __u32 *device)
{
	_cleanup_(close_file) FILE *file = fopen("/proc/self/mountinfo", "re");
	unsigned int major, minor;
	char line[4096];
	int id;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%d %*d %u:%u ", &id, &major, &minor) == 3 &&
		    id == mount) {
			*device = major << 20 | minor;
			return true;
		}
	return false;
}

int vmm_identify(const char *path, struct vmm *vmm)
{
	_cleanup_(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	unsigned long long inode;
	struct stat st;
	int mount;

	*vmm = (struct vmm){};
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	if (!read_fdinfo(fd, &inode, &mount) ||
	    !find_device(mount, &vmm->executable.device))
		return -ENODATA;
	vmm->executable.inode = inode;
	snprintf(vmm->name.path, sizeof(vmm->name.path), "%s", path);
	return 0;
}

size_t vmm_find_known(struct vmm vmms[DSN_MAX_VMMS])
{
	size_t count = 0, i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!vmm_identify(known[i], &vmms[count]))
			count++;
	return count;
}

size_t vmm_read(int map, struct vmm vmms[DSN_MAX_VMMS])
{
	struct dsn_executable *last = NULL, key;
	size_t count = 0;

	while (count < DSN_MAX_VMMS && !bpf_map_get_next_key(map, last, &key)) {
		vmms[count].executable = key;
		if (!bpf_map_lookup_elem(map, &key, &vmms[count].name))
			count++;
		last = &key;
	}
	return count;
}

int vmm_store(int map, const struct vmm *vmms, size_t count)
{
	struct vmm old[DSN_MAX_VMMS];
	size_t i, before = vmm_read(map, old);

	for (i = 0; i < before; i++)
		if (bpf_map_delete_elem(map, &old[i].executable) && errno != ENOENT)
			return -errno;
	for (i = 0; i < count; i++)
		if (bpf_map_update_elem(map, &vmms[i].executable, &vmms[i].name, BPF_ANY))
			return -errno;
	return 0;
}
