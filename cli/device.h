/* SPDX-License-Identifier: GPL-2.0 */
/* The host's PCI functions and their Device Serial Numbers. */
#ifndef DSNCTL_DEVICE_H
#define DSNCTL_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include "dsn_contract.h"

struct device {
	struct dsn_key key;
	char driver[32]; /* empty where none is bound */
	bool has_dsn;
	__u64 serial; /* the real one, where has_dsn; the first of several */
};

/*
 * Reads all functions, from sysfs or from the text that `lspci -xxxx` prints (`dump`).
 * The caller frees *devices. Returns 0, or -errno with a text in `error`.
 */
int device_scan(const char *dump, struct device **devices, size_t *count,
		char error[128]);

/* Whether sysfs has the function. */
bool device_exists(const struct dsn_key *key);

/* The PF of a VF, from sysfs. False where the function is no VF. */
bool device_pf(const struct dsn_key *key, struct dsn_key *pf);

#endif
