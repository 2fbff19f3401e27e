/* SPDX-License-Identifier: GPL-2.0 */
/* A PCI function opened through VFIO as a VMM opens it, to read its config space. */
#ifndef DSNCTL_VFIO_H
#define DSNCTL_VFIO_H

#include <sys/types.h>
#include "dsn_contract.h"

struct vfio {
	int container;	   /* or the iommufd, if the device is opened by its own file */
	int group, device; /* device: to be read */
	off_t config;	   /* where config space begins in it */
	size_t size;	   /* of config space */
};

#define VFIO_CLOSED                                                                      \
	{                                                                                \
		.container = -1, .group = -1, .device = -1                               \
	}

/*
 * By its file in /dev/vfio/devices, or, if it has none, by its IOMMU group, which the kernel
 * opens once at a time: -EBUSY if anybody has it, or a function of the group. As for any VMM
 * the device is reset. Returns 0, or -errno with what failed in `step`.
 */
int vfio_open(struct vfio *vfio, const struct dsn_key *key, const char **step);

/* Gives back the device and its group, or what vfio_open() got of them. */
void vfio_close(struct vfio *vfio);

#endif
