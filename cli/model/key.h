/* SPDX-License-Identifier: GPL-2.0 */
/* A key, the functions that a rule is for: one function, a device, or all without a rule. */
#ifndef DSNCTL_KEY_H
#define DSNCTL_KEY_H

#include "dsn_contract.h"

#define BDF_LEN sizeof("ffffffff:ff:1f.7")

/*
 * Reads DOMAIN:BUS:DEVICE.FUNCTION, or BUS:DEVICE.FUNCTION in domain 0, all in hex.
 * Returns NULL, or what is wrong with it, to be printed behind the text.
 */
const char *bdf_parse(const char *text, struct dsn_key *key);

/* Writes the address, and returns its end: domains have at least 4 digits, as in sysfs. */
char *bdf_format(const struct dsn_key *key, char text[BDF_LEN]);

/* Smaller for what comes first: by scope, domain, bus, devfn. */
__u64 key_number(const struct dsn_key *key);

/* In the same order; for qsort(). */
int key_compare(const void *a, const void *b);

#define KEY_LEN BDF_LEN

extern const struct dsn_key default_key;

/*
 * Reads `default`, a function as bdf_parse() does, or a device: 0000:01:00 or 01:00, all
 * functions of it. Returns NULL, or what is wrong with it.
 */
const char *key_parse(const char *text, struct dsn_key *key);

/* What key_parse() reads. Returns its end. */
char *key_format(const struct dsn_key *key, char text[KEY_LEN]);

/* The key of the device's rule that a function is under. */
struct dsn_key key_of_device(const struct dsn_key *function);

#endif
