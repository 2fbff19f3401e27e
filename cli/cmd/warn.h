/* SPDX-License-Identifier: GPL-2.0 */
/* What an operator should know of rules that are allowed and may still do harm. */
#ifndef DSNCTL_WARN_H
#define DSNCTL_WARN_H

#include "model/pci.h"
#include "model/ruleset.h"

/*
 * Warns, a line each, of what the changes bring about: serials that are no good ones, the
 * same for two devices, different ones for the functions of one card, zeros for a device
 * whose driver minds them, rules that have no effect or are for another device.
 */
void warn_changes(const struct ruleset *set, const struct ruleset_diff *diff);

/* What is wrong with a serial as such, or NULL; pure. */
const char *warn_serial(__u64 serial);

/* What a guest's driver does with a serial of zeros, or NULL where it takes it well; pure. */
const char *warn_zero(const char *driver);

#endif
