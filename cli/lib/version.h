/* SPDX-License-Identifier: GPL-2.0 */
/* The version of this tree. */
#ifndef DSNCTL_VERSION_H
#define DSNCTL_VERSION_H

#define DSNCTL_VERSION "0.1"

#endif
