// SPDX-License-Identifier: GPL-2.0
/* A vfio-pci driver whose devices can be migrated, with nothing in their state. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

struct migrating {
	struct vfio_pci_core_device core;
	struct mutex lock; /* for state */
	enum vfio_device_mig_state state;
};

static ssize_t read_nothing(struct file *file, char __user *to, size_t length, loff_t *at)
{
	return 0;
}

static ssize_t write_anything(struct file *file, const char __user *from, size_t length,
			      loff_t *at)
{
	return length;
}

static const struct file_operations stream_ops = {
	.owner = THIS_MODULE,
	.read = read_nothing,
	.write = write_anything,
};

static struct file *open_stream(int flags)
{
	struct file *file = anon_inode_getfile("migrating", &stream_ops, NULL, flags);

	if (!IS_ERR(file))
		stream_open(file->f_inode, file);
	return file;
}

static struct file *step(enum vfio_device_mig_state to)
{
	switch (to) {
	case VFIO_DEVICE_STATE_STOP_COPY:
		return open_stream(O_RDONLY);
	case VFIO_DEVICE_STATE_RESUMING:
		return open_stream(O_WRONLY);
	default:
		return NULL;
	}
}

static struct file *set_state(struct vfio_device *device,
			      enum vfio_device_mig_state wanted)
{
	struct migrating *migrating = container_of(device, struct migrating, core.vdev);
	enum vfio_device_mig_state next;
	struct file *file = NULL;
	int error;

	mutex_lock(&migrating->lock);
	while (migrating->state != wanted) {
		/* only the last step of several may have opened a stream */
		if (WARN_ON_ONCE(file)) {
			fput(file);
			file = ERR_PTR(-EINVAL);
			break;
		}
		error = vfio_mig_get_next_state(device, migrating->state, wanted, &next);
		file = error ? ERR_PTR(error) : step(next);
		if (IS_ERR(file))
			break;
		migrating->state = next;
	}
	mutex_unlock(&migrating->lock);
	return file;
}

static int get_state(struct vfio_device *device, enum vfio_device_mig_state *state)
{
	struct migrating *migrating = container_of(device, struct migrating, core.vdev);

	mutex_lock(&migrating->lock);
	*state = migrating->state;
	mutex_unlock(&migrating->lock);
	return 0;
}

static int get_data_size(struct vfio_device *device, unsigned long *length)
{
	*length = PAGE_SIZE; /* QEMU takes zero for an error */
	return 0;
}

static const struct vfio_migration_ops migration_ops = {
	.migration_set_state = set_state,
	.migration_get_state = get_state,
	.migration_get_data_size = get_data_size,
};

static int init_device(struct vfio_device *device)
{
	struct migrating *migrating = container_of(device, struct migrating, core.vdev);

	mutex_init(&migrating->lock);
	device->migration_flags = VFIO_MIGRATION_STOP_COPY;
	device->mig_ops = &migration_ops;
	return vfio_pci_core_init_dev(device);
}

static int open_device(struct vfio_device *device)
{
	struct migrating *migrating = container_of(device, struct migrating, core.vdev);
	int error = vfio_pci_core_enable(&migrating->core);

	if (error)
		return error;
	migrating->state = VFIO_DEVICE_STATE_RUNNING;
	vfio_pci_core_finish_enable(&migrating->core);
	return 0;
}

static const struct vfio_device_ops device_ops = {
	.name = "migrating-vfio",
	.init = init_device,
	.release = vfio_pci_core_release_dev,
	.open_device = open_device,
	.close_device = vfio_pci_core_close_device,
	.ioctl = vfio_pci_core_ioctl,
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct migrating *migrating =
		vfio_alloc_device(migrating, core.vdev, &pdev->dev, &device_ops);
	int error;

	if (IS_ERR(migrating))
		return PTR_ERR(migrating);
	dev_set_drvdata(&pdev->dev, &migrating->core);
	error = vfio_pci_core_register_device(&migrating->core);
	if (error)
		vfio_put_device(&migrating->core.vdev);
	return error;
}

static void remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	vfio_pci_core_unregister_device(core);
	vfio_put_device(&core->vdev);
}

static const struct pci_device_id ids[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{},
};
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver migrating_driver = {
	.name = "migrating-vfio",
	.id_table = ids,
	.probe = probe,
	.remove = remove,
	.err_handler = &vfio_pci_core_err_handlers,
	.driver_managed_dma = true,
};
module_pci_driver(migrating_driver);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Migration without state, for tests");
