/* SPDX-License-Identifier: GPL-2.0 */
/* A PCI function opened through VFIO, as a VMM opens it. */
#ifndef VFIO_DEVICE_H
#define VFIO_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CONFIG_SIZE 4096

struct vfio_device {
	int container, group, fd; /* by cdev: container is the iommufd, group is -1 */
	off_t config;		  /* offset of config space in fd */
	uint64_t config_size;
};

/*
 * Opens by its IOMMU group; if VFIO_CDEV is in the environment, by its file in
 * /dev/vfio/devices; if VFIO_NOIOMMU is, by a group without an IOMMU. Waits up to 20 s while
 * another process has it open. Exits with a message if it cannot be opened.
 */
void vfio_open(struct vfio_device *device, const char *bdf);
/* Returns 0 or -errno. */
int vfio_try_open(struct vfio_device *device, const char *bdf);
/* Closes the device alone and opens it again, for which vfio looks at it anew. */
int vfio_reopen(struct vfio_device *device, const char *bdf);
void vfio_close(struct vfio_device *device);

/* The steps by cdev, one at a time. Each returns a file or 0, or -errno. */
int vfio_open_iommufd(void);
int vfio_open_cdev(const char *bdf);
int vfio_bind(int fd, int iommufd);
/* Asks the open device where its config space is. */
int vfio_find_config(struct vfio_device *device);

/*
 * Offset of the first, or behind `after` the next, DSN capability in an image of config
 * space; 0 where there is none. Written apart from what is tested.
 */
unsigned int find_dsn(const uint8_t *image, unsigned int after);

/* Puts a serial, as lspci prints it, into the image at every DSN. */
void put_serial(uint8_t *image, uint64_t serial);

void load_image(const char *path, uint8_t image[CONFIG_SIZE]);
uint64_t parse_serial(const char *text);

#endif
