/* SPDX-License-Identifier: GPL-2.0 */
/* The order of many things that each have a number. */
#ifndef DSNCTL_ORDER_H
#define DSNCTL_ORDER_H

#include <linux/types.h>
#include <stddef.h>

struct numbered {
	__u64 number;
	size_t index; /* the caller's */
};

/* Sorts by number; equal ones keep their order. Returns 0 or -ENOMEM. */
int order_by_number(struct numbered *all, size_t count);

#endif
