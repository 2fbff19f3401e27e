/* SPDX-License-Identifier: GPL-2.0 */
/* Warnings about rules that are allowed and may still do harm. */
#ifndef DSNCTL_WARN_H
#define DSNCTL_WARN_H

#include "model/pci.h"
#include "model/policy.h"
#include "model/ruleset.h"

/*
 * Warns, a line each, of effects of the changes: unsuitable serials, the same serial for
 * two devices, different serials for the functions of one card, zeros or no VPD for a
 * device whose driver needs a serial or VPD, rules that have no effect or are for another device.
 */
void warn_changes(const struct ruleset *set, const struct ruleset_diff *diff,
		  enum effect effect);

/* Warns if a VM has claimed the function, so that its rule counts later. */
void warn_claimed(const struct ruleset *set, const struct dsn_key *key);

/* Returns the fault of a serial as such, or NULL; pure. */
const char *warn_serial(__u64 serial);

/*
 * Returns what a guest's driver does if the serial is zeros, or NULL if all is well;
 * pure.
 */
const char *warn_zero(const char *driver);

/* Returns what a guest's driver of such a device does without VPD, or NULL; pure. */
const char *warn_vpd(__u32 ids);

#endif
