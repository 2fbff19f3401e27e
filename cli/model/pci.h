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
};

/*
 * Reads all functions, from sysfs or from the text that `lspci -xxxx` prints (`dump`).
 * The caller frees *devices. Returns 0, or -errno with a text in `error`.
 */
int pci_scan(const char *dump, struct pci_function **devices, size_t *count,
	     char error[128]);

/* Reads its vendor id << 16 | device id from sysfs. Returns false if it is not there. */
bool pci_ids(const struct dsn_key *key, __u32 *ids);

/* Reads its modalias, by which modprobe finds a driver. Returns false if it has none. */
bool pci_alias(const struct dsn_key *key, char *alias, size_t size);

/* Finds the PF of a VF in sysfs. Returns false if the function is not a VF. */
bool pci_pf(const struct dsn_key *key, struct dsn_key *pf);

#endif
