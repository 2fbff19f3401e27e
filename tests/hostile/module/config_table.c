// SPDX-License-Identifier: GPL-2.0
/*
 * For tests only, never for a machine that matters: a PCI function whose config space is
 * what user space wrote into a table.
 *
 *	insmod config_table.ko device=0000:00:04.0
 *
 * /sys/kernel/debug/config_table has
 *	table	4096 bytes; at first what the device has
 *	mask	4096 bytes; where one is not 0 the table answers, elsewhere the device.
 *		At first that is all above the header and the capabilities of PCI, at 0x100
 *	size	where config space ends: all ones from there on
 *	reads	config reads of the function since the module came, and
 *	asked	those of them that reached the device itself
 *	watched	reads that touch one of the 8 bytes at `watch`
 *	vpd	where VPD is, whose registers the table answers: an address fetches 4 bytes of
 *		`store`, or with the top bit stores them
 *	stored	how often that was
 *	mailbox	where a DOE capability is: GO in its control register readies an answer, of
 *		which each read shows a dword, 0xd0d1d2d3
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

#define SPACE 4096

static char *device = "";
module_param(device, charp, 0444);
MODULE_PARM_DESC(device, "DOMAIN:BUS:DEVICE.FUNCTION, on a bus that stays");

static struct pci_bus *bus;
static unsigned int devfn;
static struct pci_ops *real_ops;
static struct dentry *folder;
static DEFINE_RAW_SPINLOCK(lock); /* taken under the kernel's pci_lock */
static u8 table[SPACE], mask[SPACE];
static u32 size = SPACE, watch;
static u32 reads, asked, watched;

#define STORE 256

static u8 store[STORE];
static u32 vpd, stored, mailbox;
static bool ready; /* the mailbox has an answer */

static bool masked(int where, int width, bool all)
{
	int i, count = 0;

	for (i = 0; i < width; i++)
		count += !!mask[where + i];
	return all ? count == width : count;
}

static u32 overlay(int where, int width, u32 value)
{
	int i;

	for (i = 0; i < width; i++) {
		if (!mask[where + i])
			continue;
		value &= ~(0xffU << (8 * i));
		value |= (u32)table[where + i] << (8 * i);
	}
	return value;
}

/* A write to the registers of VPD, between its next pointer and its end. */
static void vpd_write(int where, int width, u32 value)
{
	unsigned int at;
	int i;

	for (i = 0; i < width; i++)
		table[where + i] = value >> (8 * i);
	if (where > vpd + 3 || where + width <= vpd + 3)
		return;
	at = (table[vpd + 2] | table[vpd + 3] << 8) & 0x7ffc;
	if (table[vpd + 3] & 0x80) {
		stored++;
		if (at < STORE)
			memcpy(store + at, table + vpd + 4, 4);
	} else {
		memset(table + vpd + 4, 0, 4);
		if (at < STORE)
			memcpy(table + vpd + 4, store + at, 4);
	}
	table[vpd + 3] ^= 0x80;
}

static bool takes_write(int where, int width, u32 value)
{
	if (vpd && where >= vpd + 2 && where + width <= vpd + 8) {
		vpd_write(where, width, value);
		return true;
	}
	if (mailbox && where == mailbox + 8 && width == 4)
		ready = value >> 31;
	return false;
}

/* Puts the mailbox's answer where a read finds it. */
static void fill_mailbox(void)
{
	static const u8 answer[] = { 0xd3, 0xd2, 0xd1, 0xd0 };

	if (mailbox && mailbox + 0x18 <= SPACE) {
		memset(table + mailbox + 0x14, 0, 4);
		if (ready)
			memcpy(table + mailbox + 0x14, answer, 4);
	}
}

static int table_read(struct pci_bus *from, unsigned int function, int where, int width,
		      u32 *value)
{
	unsigned long flags;
	int ret = PCIBIOS_SUCCESSFUL;
	bool ask;

	if (function != devfn)
		return real_ops->read(from, function, where, width, value);
	if (where < 0 || where + width > SPACE) {
		*value = ~0U;
		return PCIBIOS_BAD_REGISTER_NUMBER;
	}
	raw_spin_lock_irqsave(&lock, flags);
	reads++;
	fill_mailbox();
	watched += watch && where < watch + 8 && where + width > watch;
	ask = where < size && !masked(where, width, true);
	asked += ask;
	*value = ~0U;
	if (ask)
		ret = real_ops->read(from, function, where, width, value);
	if (where < size)
		*value = overlay(where, width, *value);
	if (width < 4)
		*value &= (1U << (8 * width)) - 1;
	raw_spin_unlock_irqrestore(&lock, flags);
	return ret;
}

/* Ignores other writes to bytes that the table answers. */
static int table_write(struct pci_bus *from, unsigned int function, int where, int width,
		       u32 value)
{
	unsigned long flags;
	bool taken;

	if (function != devfn)
		return real_ops->write(from, function, where, width, value);
	if (where < 0 || where + width > SPACE)
		return PCIBIOS_BAD_REGISTER_NUMBER;
	raw_spin_lock_irqsave(&lock, flags);
	taken = takes_write(where, width, value);
	raw_spin_unlock_irqrestore(&lock, flags);
	if (taken || where >= size || masked(where, width, false))
		return PCIBIOS_SUCCESSFUL;
	return real_ops->write(from, function, where, width, value);
}

static struct debugfs_blob_wrapper store_blob;

static struct pci_ops table_ops = {
	.read = table_read,
	.write = table_write,
};

static ssize_t bytes_read(struct file *file, char __user *to, size_t length, loff_t *at)
{
	return simple_read_from_buffer(to, length, at, file->private_data, SPACE);
}

/* All at once: a walk that is under way sees the old table or the new one. */
static ssize_t bytes_write(struct file *file, const char __user *from, size_t length,
			   loff_t *at)
{
	static u8 fresh[SPACE];
	static DEFINE_MUTEX(one);
	unsigned long flags;
	ssize_t got;

	mutex_lock(&one);
	memcpy(fresh, file->private_data, SPACE);
	got = simple_write_to_buffer(fresh, SPACE, at, from, length);
	if (got > 0) {
		raw_spin_lock_irqsave(&lock, flags);
		memcpy(file->private_data, fresh, SPACE);
		raw_spin_unlock_irqrestore(&lock, flags);
	}
	mutex_unlock(&one);
	return got;
}

static const struct file_operations bytes_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = bytes_read,
	.write = bytes_write,
	.llseek = default_llseek,
};

static int find_function(void)
{
	unsigned int domain, number, slot, function;
	struct pci_dev *pdev;
	int i, ret = 0;

	if (sscanf(device, "%x:%x:%x.%x", &domain, &number, &slot, &function) != 4)
		return -EINVAL;
	devfn = PCI_DEVFN(slot, function);
	pdev = pci_get_domain_bus_and_slot(domain, number, devfn);
	if (!pdev)
		return -ENODEV;
	for (i = 0; i < pdev->cfg_size && !ret; i++)
		ret = pci_read_config_byte(pdev, i, &table[i]);
	memset(mask + PCI_CFG_SPACE_SIZE, 1, SPACE - PCI_CFG_SPACE_SIZE);
	/* a long name and an end tag, which the kernel wants to see */
	for (i = 3; i < 243; i++)
		store[i] = 0x80 | i >> 2;
	store[0] = 0x82;
	store[1] = 240;
	store[243] = 0x78;
	bus = pdev->bus;
	pci_dev_put(pdev);
	return ret ? -EIO : 0;
}

static int __init config_table_init(void)
{
	int ret = find_function();

	if (ret)
		return ret;
	folder = debugfs_create_dir("config_table", NULL);
	debugfs_create_file("table", 0600, folder, table, &bytes_fops);
	debugfs_create_file("mask", 0600, folder, mask, &bytes_fops);
	debugfs_create_u32("size", 0600, folder, &size);
	debugfs_create_u32("watch", 0600, folder, &watch);
	debugfs_create_u32("vpd", 0600, folder, &vpd);
	debugfs_create_u32("mailbox", 0600, folder, &mailbox);
	debugfs_create_u32("stored", 0400, folder, &stored);
	store_blob.data = store;
	store_blob.size = STORE;
	debugfs_create_blob("store", 0400, folder, &store_blob);
	debugfs_create_u32("reads", 0400, folder, &reads);
	debugfs_create_u32("asked", 0400, folder, &asked);
	debugfs_create_u32("watched", 0400, folder, &watched);
	/* readers from here on need the old ones to be known */
	real_ops = bus->ops;
	pci_bus_set_ops(bus, &table_ops);
	return 0;
}

static void __exit config_table_exit(void)
{
	pci_bus_set_ops(bus, real_ops);
	debugfs_remove(folder);
}

module_init(config_table_init);
module_exit(config_table_exit);
MODULE_DESCRIPTION("Test part of dsnctl: config space from a table");
MODULE_LICENSE("GPL");
