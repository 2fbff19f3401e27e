/* SPDX-License-Identifier: GPL-2.0 */
/* The host's PCI functions and their Device Serial Numbers. */
#ifndef DSNCTL_PCI_H
#define DSNCTL_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include "dsn_contract.h"

struct pci_function {
	struct dsn_key key;
	char driver[32]; /* empty where none is bound */
	__u32 ids;	 /* vendor id << 16 | device id */
	bool has_dsn;
	__u64 serial; /* the real one, where has_dsn; the first of several */
};

/*
 * Reads all functions, from sysfs or from the text that `lspci -xxxx` prints (`dump`).
 * The caller frees *devices. Returns 0, or -errno with a text in `error`.
 */
int pci_scan(const char *dump, struct pci_function **devices, size_t *count,
	     char error[128]);

/* Its vendor id << 16 | device id, from sysfs. False where it is not there. */
bool pci_ids(const struct dsn_key *key, __u32 *ids);

/* Its modalias, by which modprobe finds its driver. False where there is none. */
bool pci_alias(const struct dsn_key *key, char *alias, size_t size);

/* The PF of a VF, from sysfs. False where the function is no VF. */
bool pci_pf(const struct dsn_key *key, struct dsn_key *pf);

#endif
