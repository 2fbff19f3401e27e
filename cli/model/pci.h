/* SPDX-License-Identifier: GPL-2.0 */
/* The host's PCI functions and their Device Serial Numbers. */
#ifndef DSNCTL_PCI_H
#define DSNCTL_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include "dsn_contract.h"

struct pci_function {
	struct dsn_key key;
	char driver[32]; /* empty if none is bound */
	__u32 ids;	 /* vendor id << 16 | device id */
	bool has_dsn;
	__u64 serial; /* the real one if has_dsn; the first of several */
	/* the reason why guests read zeros in all of its extended config space, as far as the
	   device shows it; NULL if they do not */
	const char *closed;
	bool has_vpd; /* Vital Product Data, see vpd.h */
};

/*
 * Reads all functions, from sysfs or from the text that `lspci -xxxx` prints (`dump`).
 * The caller frees *devices. Returns 0, or -errno with a text in `error`.
 */
int pci_scan(const char *dump, struct pci_function **devices, size_t *count,
	     char error[128]);

/* Reads the function's real serial. Returns false if it has none, or that cannot be read. */
bool pci_serial(const struct dsn_key *key, __u64 *serial);

/* Returns true for vfio-pci and the drivers that are built on its core. */
bool pci_is_vfio(const struct pci_function *device);

/* Opens one of its files in sysfs for reading. Returns -1 with errno if that fails. */
int pci_open(const struct dsn_key *key, const char *name);

/* Reads its vendor id << 16 | device id from sysfs. Returns false if it is not there. */
bool pci_ids(const struct dsn_key *key, __u32 *ids);

/* Reads its modalias, by which modprobe finds a driver. Returns false if it has none. */
bool pci_alias(const struct dsn_key *key, char *alias, size_t size);

/*
 * Returns true if sysfs shows the function as one beyond the first eight of a device, by
 * ARI; see dsn_precedence.h. Returns false if it is not there.
 */
bool pci_is_ari(const struct dsn_key *key);

/* Finds the PF of a VF in sysfs. Returns false if the function is not a VF. */
bool pci_pf(const struct dsn_key *key, struct dsn_key *pf);

#endif
