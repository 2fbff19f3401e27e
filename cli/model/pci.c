// SPDX-License-Identifier: GPL-2.0
/* The host's PCI functions and their Device Serial Numbers. */
#include "model/pci.h"

#include <errno.h>
#include <fcntl.h>
#include <pci/pci.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/key.h"
#include "lib/file.h"
#include "lib/util.h"
#include "dsn_window.h"

#define SYSFS "/sys/bus/pci/devices/"

/* The way back from libpci's error callback, which may not return. */
static jmp_buf failed;
static char failure[128];

static void __attribute__((noreturn)) on_error(char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(failure, sizeof(failure), format, args);
	va_end(args);
	longjmp(failed, 1);
}

static void on_warning(char *format, ...)
{
	(void)format;
}

/* Finds a capability of which vfio cannot copy the header, so that its chain is lost. */
static const char *chain_fault(struct pci_dev *device)
{
	__u32 cap = DSN_CFG_EXT, hops, header, length;

	for (hops = 0; cap && hops < DSN_CHAIN_MAX; hops++) {
		header = pci_read_long(device, cap);
		/* vfio notes the low byte of an unknown first ID, where these are marks */
		if (!hops && dsn_cap_id(header) > 0xff && (header & 0xff) >= DSN_MAP_OWN)
			return "broken chain: the ID of the first capability";
		length = pci_read_long(device, cap + PCI_EVNDR_HEADER) >> 20;
		if (dsn_cap_id(header) == PCI_EXT_CAP_ID_VNDR && length && length < 4)
			return "broken chain: the length of a vendor's capability";
		cap = dsn_cap_next(header);
	}
	return NULL;
}

static const char *closed_reason(struct pci_dev *device)
{
	__u32 header = pci_read_long(device, DSN_CFG_EXT);

	/* there is no such space, or the device is gone */
	if (header == ~0U)
		return NULL;
	if (!header || !pci_find_cap(device, PCI_CAP_ID_EXP, PCI_CAP_NORMAL))
		return "no extended capabilities";
	return chain_fault(device);
}

static void describe(struct pci_dev *from, struct pci_function *to)
{
	const char *driver = pci_get_string_property(from, PCI_FILL_DRIVER);
	struct pci_cap *cap = pci_find_cap(from, DSN_CAP_ID, PCI_CAP_EXTENDED);

	*to = (struct pci_function){
		.key = {
			.domain = from->domain,
			.bus = from->bus,
			.devfn = from->dev << 3 | from->func,
			.scope = DSN_SCOPE_FUNCTION,
		},
		.ids = (__u32)from->vendor_id << 16 | from->device_id,
		.has_dsn = cap,
		.closed = closed_reason(from),
		.has_vpd = pci_find_cap(from, PCI_CAP_ID_VPD, PCI_CAP_NORMAL),
	};
	snprintf(to->driver, sizeof(to->driver), "%s", driver ? driver : "");
	if (cap)
		to->serial = pci_read_long(from, cap->addr + DSN_BODY) |
			     (__u64)pci_read_long(from, cap->addr + DSN_BODY + 4) << 32;
}

static int compare(const void *a, const void *b)
{
	return key_compare(&((const struct pci_function *)a)->key,
			   &((const struct pci_function *)b)->key);
}

int pci_scan(const char *dump, struct pci_function **devices, size_t *count,
	     char error[128])
{
	struct pci_access *volatile access = pci_alloc();
	struct pci_function *volatile found = NULL;
	struct pci_dev *device;
	size_t n = 0;

	*devices = NULL;
	*count = 0;
	if (setjmp(failed)) {
		snprintf(error, 128, "%s", failure);
		free(found);
		pci_cleanup(access);
		return -EIO;
	}
	access->method = dump ? PCI_ACCESS_DUMP : PCI_ACCESS_SYS_BUS_PCI;
	access->error = on_error;
	access->warning = on_warning;
	if (dump)
		pci_set_param(access, "dump.name", (char *)dump);
	pci_init(access);
	pci_scan_bus(access);
	for (device = access->devices; device; device = device->next)
		n++;
	found = calloc(n + 1, sizeof(*found));
	if (!found)
		on_error("%s", strerror(ENOMEM));
	n = 0;
	for (device = access->devices; device; device = device->next) {
		pci_fill_info(device, PCI_FILL_IDENT | PCI_FILL_CAPS | PCI_FILL_EXT_CAPS |
					      PCI_FILL_DRIVER);
		describe(device, &found[n++]);
	}
	qsort(found, n, sizeof(*found), compare);
	pci_cleanup(access);
	*devices = found;
	*count = n;
	return 0;
}

bool pci_serial(const struct dsn_key *key, __u64 *serial)
{
	_cleanup_(free_ptr) struct pci_function *functions = NULL;
	char error[128];
	size_t count, i;

	if (pci_scan(NULL, &functions, &count, error))
		return false;
	for (i = 0; i < count; i++) {
		if (key_compare(&functions[i].key, key))
			continue;
		*serial = functions[i].serial;
		return functions[i].has_dsn;
	}
	return false;
}

bool pci_is_vfio(const struct pci_function *device)
{
	return strstr(device->driver, "vfio");
}

static void sysfs_path(const struct dsn_key *key, const char *name, char *path,
		       size_t size)
{
	char bdf[BDF_LEN];

	bdf_format(key, bdf);
	snprintf(path, size, SYSFS "%s%s", bdf, name);
}

int pci_open(const struct dsn_key *key, const char *name)
{
	char path[80];

	sysfs_path(key, name, path, sizeof(path));
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Reads a number from one of the function's files; -1 if there is none. */
static long read_number(const struct dsn_key *key, const char *name)
{
	_cleanup_(close_file) FILE *file = NULL;
	unsigned int number;
	char path[80];

	sysfs_path(key, name, path, sizeof(path));
	file = fopen(path, "re");
	return file && fscanf(file, "%x", &number) == 1 ? (long)number : -1;
}

bool pci_ids(const struct dsn_key *key, __u32 *ids)
{
	long vendor = read_number(key, "/vendor"), device = read_number(key, "/device");

	if (vendor < 0 || device < 0)
		return false;
	*ids = vendor << 16 | device;
	return true;
}

bool pci_alias(const struct dsn_key *key, char *alias, size_t size)
{
	char path[80];

	sysfs_path(key, "/modalias", path, sizeof(path));
	return !file_read_line(path, alias, size);
}

bool pci_is_ari(const struct dsn_key *key)
{
	return key->devfn > 7 && read_number(key, "/ari_enabled") == 1;
}

bool pci_pf(const struct dsn_key *key, struct dsn_key *pf)
{
	char path[80], target[256];
	ssize_t length;
	char *name;

	sysfs_path(key, "/physfn", path, sizeof(path));
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = '\0';
	name = strrchr(target, '/');
	return name && !bdf_parse(name + 1, pf);
}
