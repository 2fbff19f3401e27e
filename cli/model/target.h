/* SPDX-License-Identifier: GPL-2.0 */
/* Whom a rule is for, as an operator writes it: a function, a device or the default. */
#ifndef DSNCTL_TARGET_H
#define DSNCTL_TARGET_H

#include "model/key.h"

#define TARGET_LEN BDF_LEN

extern const struct dsn_key default_key;

/*
 * Reads `default`, a function as bdf_parse() does, or a device: 0000:01:00 or 01:00, all
 * functions of it. Returns NULL, or what is wrong with it.
 */
const char *target_parse(const char *text, struct dsn_key *key);

/* What target_parse() reads. Returns its end. */
char *target_format(const struct dsn_key *key, char text[TARGET_LEN]);

/* The key of the device's rule that a function is under. */
struct dsn_key target_device(const struct dsn_key *function);

#endif
