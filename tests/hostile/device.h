/* SPDX-License-Identifier: GPL-2.0 */
/* The function under test: found by the kernel, bound to vfio-pci, put under a rule. */
#ifndef DEVICE_H
#define DEVICE_H

#include "model.h"

/* Lets the kernel find it anew, and vfio-pci have it; it must not be open. */
void device_rescan(const char *bdf);
/* Returns whether dsnctl knows that policy. */
bool device_policy(const char *bdf, enum policy policy, const char *serial);

#endif
