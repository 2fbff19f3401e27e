/* SPDX-License-Identifier: GPL-2.0 */
/* Text from outside: UTF-8, and what neither a terminal nor JSON may get. */
#ifndef DSNCTL_TEXT_H
#define DSNCTL_TEXT_H

#include <stddef.h>
#include <linux/types.h>

/* Decodes the first character. Returns its length in bytes, 0 if it is no UTF-8. */
size_t text_decode(const char *text, __u32 *code);

/* Returns how many bytes, up to `most`, the text has before a character would be cut. */
size_t text_fit(const char *text, size_t most);

/*
 * Returns a copy that any terminal and JSON take, to be freed, or NULL. Bytes of control
 * characters and those that are no UTF-8 become \xNN, invisible characters <U+NNNN>.
 */
char *text_printable(const char *text);

/* A character that looks like one that a rule may have, or like nothing. */
struct text_lookalike {
	__u32 from, to;	    /* codes */
	const char *name;   /* "no-break space" */
	const char *remedy; /* what to write in its place */
};

/* Returns what the character is taken for, or NULL. */
const struct text_lookalike *text_lookalike(__u32 code);

#endif
