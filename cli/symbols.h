/* SPDX-License-Identifier: GPL-2.0 */
/* Where the running kernel's data is, from /proc/kallsyms. */
#ifndef DSNCTL_SYMBOLS_H
#define DSNCTL_SYMBOLS_H

#include <linux/types.h>

/*
 * The address of a symbol, also of a module's; 0 where the kernel has none or hides it.
 */
__u64 symbol_address(const char *name);

#endif
