/* SPDX-License-Identifier: GPL-2.0 */
/* Vital Product Data: a card's name and the keywords of its maker, its serial among them. */
#ifndef DSNCTL_VPD_H
#define DSNCTL_VPD_H

#include <stdbool.h>
#include <stddef.h>
#include "dsn_contract.h"

#define VPD_SIZE 32768 /* the most there is: an address has 15 bits */

/* A walk over the items of VPD; all but `data` and `length` are 0 at its start. */
struct vpd {
	const unsigned char *data;
	size_t length;
	size_t at;	 /* the next item or keyword */
	size_t area_end; /* of the keywords that are read; 0 outside of them */
};

/* The card's name, as "ID", or a keyword, as "SN". */
struct vpd_item {
	char name[3];
	const unsigned char *data;
	size_t length;
};

/* Reads the next item. Returns false at the end, also if that is not a well-formed one. */
bool vpd_next(struct vpd *vpd, struct vpd_item *item);

/* Returns true for what tells cards apart: name, part number, serial, the maker's own. */
bool vpd_is_telling(const struct vpd_item *item);

#define VPD_TEXT_BYTES 255 /* of an item, as text */
#define VPD_TEXT_LEN (VPD_TEXT_BYTES * 4 + 1)

/* Writes it for terminals and JSON; bytes that are not printable ASCII become <NN>. */
void vpd_text(const struct vpd_item *item, char text[VPD_TEXT_LEN]);

/*
 * Reads a function's VPD from sysfs, up to its end. Returns its length, or -errno. The
 * device's data register is left with the first bytes, as a guest may read it.
 */
long vpd_read(const struct dsn_key *key, unsigned char data[VPD_SIZE]);

#endif
