/* SPDX-License-Identifier: GPL-2.0 */
/* A key, the functions that a rule is for: one function, a device, or all without a rule. */
#ifndef DSNCTL_KEY_H
#define DSNCTL_KEY_H

#include "dsn_contract.h"

#define BDF_LEN sizeof("ffffffff:ff:1f.7")

/*
 * Reads DOMAIN:BUS:DEVICE.FUNCTION, or BUS:DEVICE.FUNCTION in domain 0, all in hex.
 * Returns NULL, or the fault, to be printed after the text.
 */
const char *bdf_parse(const char *text, struct dsn_key *key);

/* Writes the address; domains have at least 4 digits, as in sysfs. Returns its end. */
char *bdf_format(const struct dsn_key *key, char text[BDF_LEN]);

/* Compares two keys by scope, domain, bus and devfn, for qsort(). */
int key_compare(const void *a, const void *b);

#define KEY_LEN BDF_LEN

extern const struct dsn_key default_key;

/*
 * Reads `default`, a function like bdf_parse(), or a device with all its functions:
 * 0000:01:00 or 01:00. Returns NULL, or the fault.
 */
const char *key_parse(const char *text, struct dsn_key *key);

/* Writes what key_parse() reads. Returns its end. */
char *key_format(const struct dsn_key *key, char text[KEY_LEN]);

/* Returns the key of the rule for a function's device. */
struct dsn_key key_of_device(const struct dsn_key *function);

#endif
