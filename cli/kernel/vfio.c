// SPDX-License-Identifier: GPL-2.0
/* A PCI function, opened through VFIO like by a VMM, to read its config space. */
#include "kernel/vfio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include "model/key.h"
#include "lib/util.h"

/* Definitions of kernels that are newer than the headers here. */
struct bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 devid;
};

#define BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)

#define CDEV_LEN 64

/* Finds the function's file in /dev/vfio/devices. Returns false if it has none. */
static bool find_cdev(const char *bdf, char path[CDEV_LEN])
{
	bool found = false;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, CDEV_LEN, "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, CDEV_LEN, "/dev/vfio/devices/%.32s", entry->d_name);
		found = !access(path, F_OK) && !access("/dev/iommu", F_OK);
	}
	if (dir)
		closedir(dir);
	return found;
}

static int open_cdev(struct vfio *vfio, const char *path, const char **step)
{
	struct bind_iommufd bind = { .argsz = sizeof(bind) };

	*step = "/dev/iommu cannot be opened";
	vfio->container = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (vfio->container < 0)
		return -errno;
	*step = "its file in /dev/vfio/devices cannot be opened";
	vfio->device = open(path, O_RDWR | O_CLOEXEC);
	if (vfio->device < 0)
		return -errno;
	*step = "it cannot be bound to an iommufd";
	bind.iommufd = vfio->container;
	if (!ioctl(vfio->device, BIND_IOMMUFD, &bind))
		return 0;
	/* the kernel's error for a device that another file is bound to */
	return errno == EINVAL ? -EBUSY : -errno;
}

/* Returns true if vfio gives the function away without an IOMMU. */
static bool is_noiommu(const char *bdf)
{
	char path[CDEV_LEN], name[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group/name", bdf);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(name, sizeof(name), file))
		name[0] = '\0';
	fclose(file);
	return !strncmp(name, "vfio-noiommu", 12);
}

/* Opens the group, which vfio names otherwise if there is no IOMMU. Returns an fd or -errno. */
static int open_group(const struct vfio *vfio, const char *bdf)
{
	char path[64], target[256];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s%.32s", vfio->noiommu ? "noiommu-" : "",
		 strrchr(target, '/') + 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int attach_group(struct vfio *vfio, const char **step)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	*step = "some function of its IOMMU group is bound to another driver";
	if (ioctl(vfio->group, VFIO_GROUP_GET_STATUS, &status))
		return -errno;
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return -EPERM;
	*step = "its IOMMU group cannot be given to a container";
	if (ioctl(vfio->group, VFIO_GROUP_SET_CONTAINER, &vfio->container))
		return -errno;
	*step = "the container cannot have an IOMMU (modprobe vfio_iommu_type1)";
	return ioctl(vfio->container, VFIO_SET_IOMMU,
		     vfio->noiommu ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU)
		       ? -errno
		       : 0;
}

static int find_config(struct vfio *vfio)
{
	struct vfio_region_info region = { .argsz = sizeof(region),
					   .index = VFIO_PCI_CONFIG_REGION_INDEX };

	if (ioctl(vfio->device, VFIO_DEVICE_GET_REGION_INFO, &region))
		return -errno;
	vfio->config = region.offset;
	vfio->size = region.size;
	return 0;
}

static int open_by_group(struct vfio *vfio, const char *bdf, const char **step)
{
	int err;

	*step = "/dev/vfio/vfio cannot be opened";
	vfio->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (vfio->container < 0)
		return -errno;
	*step = "its IOMMU group cannot be opened";
	vfio->group = open_group(vfio, bdf);
	if (vfio->group < 0)
		return vfio->group;
	err = attach_group(vfio, step);
	if (err)
		return err;
	*step = "the device cannot be opened";
	vfio->device = ioctl(vfio->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	return vfio->device < 0 ? -errno : 0;
}

int vfio_open(struct vfio *vfio, const struct dsn_key *key, const char **step)
{
	char bdf[BDF_LEN], cdev[CDEV_LEN];
	int err;

	bdf_format(key, bdf);
	*vfio = (struct vfio)VFIO_CLOSED;
	vfio->noiommu = is_noiommu(bdf);
	if (!vfio->noiommu && find_cdev(bdf, cdev))
		err = open_cdev(vfio, cdev, step);
	else
		err = open_by_group(vfio, bdf, step);
	if (err)
		return err;
	*step = "it reports no config space";
	return find_config(vfio);
}

void vfio_close(struct vfio *vfio)
{
	close_fd(&vfio->device);
	close_fd(&vfio->group);
	close_fd(&vfio->container);
	*vfio = (struct vfio)VFIO_CLOSED;
}
