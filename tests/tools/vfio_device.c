// SPDX-License-Identifier: GPL-2.0
/* A PCI function opened through VFIO, as a VMM opens it. */
#include "vfio_device.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int open_group(const char *bdf)
{
	char path[128], target[256];
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%.100s", strrchr(target, '/') + 1);
	length = open(path, O_RDWR | O_CLOEXEC);
	return length < 0 ? -errno : length;
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
	    ioctl(device->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	return 0;
}

int vfio_reopen(struct vfio_device *device, const char *bdf)
{
	struct vfio_region_info region = { .argsz = sizeof(region),
					   .index = VFIO_PCI_CONFIG_REGION_INDEX };

	if (device->fd >= 0)
		close(device->fd);
	device->fd = ioctl(device->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (device->fd < 0 || ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, &region))
		return -errno;
	device->config = region.offset;
	device->config_size = region.size;
	return 0;
}

int vfio_try_open(struct vfio_device *device, const char *bdf)
{
	int error;

	*device = (struct vfio_device){ .container = -1, .group = -1, .fd = -1 };
	error = open_container(device, bdf);
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

void vfio_open(struct vfio_device *device, const char *bdf)
{
	int error = vfio_try_open(device, bdf);

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
