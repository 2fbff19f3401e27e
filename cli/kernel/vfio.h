/* SPDX-License-Identifier: GPL-2.0 */
/* A PCI function, opened through VFIO like by a VMM, to read its config space. */
#ifndef DSNCTL_VFIO_H
#define DSNCTL_VFIO_H

#include <stdbool.h>
#include <sys/types.h>
#include "dsn_contract.h"

struct vfio {
	int container;	   /* or the iommufd, if the device is opened by its own file */
	int group, device; /* device: the file to read */
	off_t config;	   /* offset of config space in it */
	size_t size;	   /* of config space */
	bool noiommu;	   /* vfio's no-IOMMU mode, in which DPDK has devices */
};

#define VFIO_CLOSED                                                                      \
	{                                                                                \
		.container = -1, .group = -1, .device = -1                               \
	}

/*
 * Opens the function by its file in /dev/vfio/devices, or, if it has none, by its IOMMU
 * group. The kernel opens these once at a time: -EBUSY if another process has it, or a
 * function of the group. The device is reset, as for any VMM. Returns 0, or -errno with
 * the failed step in `step`.
 */
int vfio_open(struct vfio *vfio, const struct dsn_key *key, const char **step);

/* Closes the device and its group, or the part that vfio_open() has opened. */
void vfio_close(struct vfio *vfio);

#endif
