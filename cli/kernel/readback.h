/* SPDX-License-Identifier: GPL-2.0 */
/* Reads serial, VPD and gaps like a VMM and its guest, and compares with the rules. */
#ifndef DSNCTL_READBACK_H
#define DSNCTL_READBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "dsn_contract.h"
#include "dsn_window.h"

#define MAX_SERIALS 8

/* The bytes that a function's config space is to show. */
struct readback {
	size_t size;
	__u8 hardware[DSN_CFG_END];
	__u8 expected[DSN_CFG_END];
	__u8 mask[DSN_CFG_END]; /* the bits that are compared */
	__u8 fill;		/* the buffer's bytes before a read */
	unsigned int caps[MAX_SERIALS];
	size_t count; /* of caps; 0: no Device Serial Number capability */

	unsigned int vpd;     /* its capability, or 0 */
	const __u8 *vpd_data; /* what the device has there; read by the caller */
	size_t vpd_length;    /* 0 if it could not be read */
};

/* The result of one way of reading. */
struct reading {
	const char *path;
	int error; /* -errno if it could not be read that way */
	bool match;
	bool real; /* no match, with something of the hardware's */
};

#define READINGS 6
#define VPD_READINGS 3

/*
 * Fills in all but `hardware` and `size`, which the caller has read from sysfs.
 * `withheld`: serials are not overwritten, and the buffer stays as it was.
 */
void readback_expect(struct readback *readback, const struct dsn_rule *rule,
		     bool withheld);

/* Reads the serial in every way; `fd` has config space at `base`. */
void readback_read(const struct readback *readback, int fd, off_t base,
		   struct reading readings[READINGS]);

/* Writes addresses to VPD as a guest does, and reads its data in three ways. */
void readback_vpd(const struct readback *readback, const struct dsn_rule *rule,
		  bool withheld, int fd, off_t base,
		  struct reading readings[VPD_READINGS]);

/*
 * Reads the capabilities that vfio hides for want of their length, which are gaps. Returns
 * false if there are none.
 */
bool readback_gaps(const struct readback *readback, bool withheld, int fd, off_t base,
		   struct reading *reading);

#endif
