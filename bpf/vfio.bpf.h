/* SPDX-License-Identifier: GPL-2.0 */
/* From the kernel's objects to vfio-pci devices, and from those to their addresses. */
#ifndef DSN_VFIO_BPF_H
#define DSN_VFIO_BPF_H

#include "vmlinux.h"
#include "dsn_contract.h"
#include "kmem.bpf.h"
#include <bpf/bpf_helpers.h>

/*
 * By which its files are known, filled in before load from the kernel's symbols: the
 * address of vfio's file operations, or, where the kernel names functions only (no
 * CONFIG_KALLSYMS_ALL, as Debian's for arm64), that of their read function.
 */
const volatile __u64 vfio_device_fops;
const volatile __u64 vfio_device_fops_read;

/*
 * The vfio-pci device whose struct device this is, or NULL. Drivers on vfio-pci-core
 * must have it as their driver data, and it leads back; others' data do not.
 */
static __always_inline struct vfio_pci_core_device *vfio_of(struct device *dev)
{
	struct vfio_pci_core_device *vdev = KREAD(dev, driver_data);
	struct pci_dev *pdev = NULL;

	pdev = (void *)dev - bpf_core_field_offset(pdev->dev);
	if (!vdev || KREAD(vdev, vdev.dev) != dev || KREAD(vdev, pdev) != pdev)
		return NULL;
	return vdev;
}

static __always_inline bool is_vfio_file(struct file *file)
{
	__u64 fops = vfio_device_fops;

	if (fops)
		return (__u64)file->f_op == fops;
	return vfio_device_fops_read && (__u64)file->f_op->read == vfio_device_fops_read;
}

/* The vfio-pci device that a file is opened on, or NULL. */
static __always_inline struct vfio_pci_core_device *vfio_of_file(struct file *file)
{
	struct vfio_device *device;

	/* first: this is asked about every file */
	if (!is_vfio_file(file))
		return NULL;
	device = file->private_data;
	if (bpf_core_type_exists(struct vfio_device_file))
		device = KREAD((struct vfio_device_file *)device, device);
	return vfio_of(KREAD(device, dev));
}

/*
 * Tells whether the file's device is open, and stays so in this read. A file of /dev/vfio/devices
 * can be read before that, while vfio makes its copy of config space; vfio refuses then, but
 * looks only after all others.
 */
static __always_inline bool is_opened(struct file *file)
{
	struct vfio_device_file *opened = file->private_data;

	return !bpf_core_field_exists(opened->access_granted) ||
	       KREAD(opened, access_granted);
}

/* pci_domain_nr() */
static __always_inline __u32 domain_of(struct pci_bus *bus)
{
	struct pci_sysdata *sysdata;

	if (bpf_core_field_exists(bus->domain_nr))
		return KREAD(bus, domain_nr);
	sysdata = KREAD(bus, sysdata);
	return KREAD(sysdata, domain);
}

static __always_inline struct dsn_key key_of(struct pci_dev *pdev)
{
	struct pci_bus *bus = KREAD(pdev, bus);
	struct dsn_key key = {
		.domain = domain_of(bus),
		.bus = KREAD(bus, number),
		.devfn = KREAD(pdev, devfn),
		.scope = DSN_SCOPE_FUNCTION,
	};

	return key;
}

#endif
