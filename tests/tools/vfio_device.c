// SPDX-License-Identifier: GPL-2.0
/* A PCI function opened through VFIO, as a VMM opens it. */
#include "vfio_device.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* Definitions of kernels newer than the headers here. */

struct bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t devid;
};

struct attach_iommufd {
	uint32_t argsz, flags, pt_id;
};

struct alloc_ioas {
	uint32_t size, flags, id;
};

#define BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)
#define ATTACH_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 19)
#define ALLOC_IOAS _IO(VFIO_TYPE, 0x81)

static bool noiommu(void)
{
	return getenv("VFIO_NOIOMMU");
}

static int open_group(const char *bdf)
{
	char path[128], target[256];
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s%.100s", noiommu() ? "noiommu-" : "",
		 strrchr(target, '/') + 1);
	length = open(path, O_RDWR | O_CLOEXEC);
	return length < 0 ? -errno : length;
}

static bool by_cdev(void)
{
	return getenv("VFIO_CDEV");
}

static int open_container(struct vfio_device *device, const char *bdf)
{
	device->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (device->container < 0)
		return -errno;
	device->group = open_group(bdf);
	if (device->group < 0)
		return device->group;
	if (ioctl(device->group, VFIO_GROUP_SET_CONTAINER, &device->container) ||
	    ioctl(device->container, VFIO_SET_IOMMU,
		  noiommu() ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

int vfio_open_cdev(const char *bdf)
{
	char path[128];
	struct dirent *entry;
	int fd = -1;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	while (dir && fd < 0 && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%.32s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0)
		fd = -errno;
	if (dir)
		closedir(dir);
	return fd;
}

int vfio_open_iommufd(void)
{
	int fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int vfio_bind(int fd, int iommufd)
{
	struct bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = iommufd };

	return ioctl(fd, BIND_IOMMUFD, &bind) ? -errno : 0;
}

/* Opens it like a VMM, which wants to map memory too. */
static int attach(struct vfio_device *device)
{
	struct alloc_ioas ioas = { .size = sizeof(ioas) };
	struct attach_iommufd attach = { .argsz = sizeof(attach) };

	if (ioctl(device->container, ALLOC_IOAS, &ioas))
		return -errno;
	attach.pt_id = ioas.id;
	return ioctl(device->fd, ATTACH_IOMMUFD, &attach) ? -errno : 0;
}

static int open_bound(struct vfio_device *device, const char *bdf)
{
	int error;

	device->fd = vfio_open_cdev(bdf);
	if (device->fd < 0)
		return device->fd;
	error = vfio_bind(device->fd, device->container);
	return error ? error : attach(device);
}

int vfio_find_config(struct vfio_device *device)
{
	struct vfio_region_info region = { .argsz = sizeof(region),
					   .index = VFIO_PCI_CONFIG_REGION_INDEX };

	if (ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, &region))
		return -errno;
	device->config = region.offset;
	device->config_size = region.size;
	return 0;
}

int vfio_reopen(struct vfio_device *device, const char *bdf)
{
	int error;

	if (device->fd >= 0)
		close(device->fd);
	if (by_cdev()) {
		error = open_bound(device, bdf);
	} else {
		device->fd = ioctl(device->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
		error = device->fd < 0 ? -errno : 0;
	}
	return error ? error : vfio_find_config(device);
}

int vfio_try_open(struct vfio_device *device, const char *bdf)
{
	int error;

	*device = (struct vfio_device){ .container = -1, .group = -1, .fd = -1 };
	if (by_cdev()) {
		device->container = vfio_open_iommufd();
		error = device->container < 0 ? device->container : 0;
	} else {
		error = open_container(device, bdf);
	}
	if (!error)
		error = vfio_reopen(device, bdf);
	if (error)
		vfio_close(device);
	return error;
}

void vfio_close(struct vfio_device *device)
{
	if (device->fd >= 0)
		close(device->fd);
	if (device->group >= 0)
		close(device->group);
	if (device->container >= 0)
		close(device->container);
	*device = (struct vfio_device){ .container = -1, .group = -1, .fd = -1 };
}

/* By cdev an open device cannot be bound again: EINVAL. */
static bool is_busy(int error)
{
	return error == -EBUSY || (by_cdev() && error == -EINVAL);
}

void vfio_open(struct vfio_device *device, const char *bdf)
{
	static const struct timespec pause = { .tv_nsec = 100000000 };
	int error = vfio_try_open(device, bdf), tries;

	/* a process that used io_uring closes its files some time after its end */
	for (tries = 0; is_busy(error) && tries < 200; tries++) {
		nanosleep(&pause, NULL);
		error = vfio_try_open(device, bdf);
	}
	if (error)
		errx(1, "%s: cannot open through VFIO: %s", bdf, strerror(-error));
}

static uint32_t dword_at(const uint8_t *image, unsigned int at)
{
	return image[at] | image[at + 1] << 8 | image[at + 2] << 16 |
	       (uint32_t)image[at + 3] << 24;
}

unsigned int find_dsn(const uint8_t *image, unsigned int after)
{
	unsigned int at = 0x100, hops;
	bool behind = !after;

	for (hops = 0; at >= 0x100 && at < CONFIG_SIZE && hops < 1024; hops++) {
		uint32_t header = dword_at(image, at);

		if (behind && (header & 0xffff) == 3)
			return at;
		if (at == after)
			behind = true;
		at = header >> 20 & 0xffc;
	}
	return 0;
}

void put_serial(uint8_t *image, uint64_t serial)
{
	unsigned int at, i;

	for (at = find_dsn(image, 0); at; at = find_dsn(image, at))
		for (i = 0; i < 8 && at + 4 + i < CONFIG_SIZE; i++)
			image[at + 4 + i] = serial >> (8 * i);
}

void load_image(const char *path, uint8_t image[CONFIG_SIZE])
{
	FILE *file = fopen(path, "r");

	if (!file || fread(image, 1, CONFIG_SIZE, file) != CONFIG_SIZE)
		err(1, "%s", path);
	fclose(file);
}

uint64_t parse_serial(const char *text)
{
	uint64_t serial = 0;
	unsigned int byte;
	int i;

	for (i = 0; i < 8; i++) {
		if (sscanf(text + 3 * i, "%2x", &byte) != 1)
			errx(1, "%s: not a serial", text);
		serial = serial << 8 | byte;
	}
	return serial;
}
