/* SPDX-License-Identifier: GPL-2.0 */
/* Text from outside: UTF-8, without characters that a terminal or JSON must not get. */
#ifndef DSNCTL_TEXT_H
#define DSNCTL_TEXT_H

#include <stddef.h>
#include <linux/types.h>

/* Decodes the first character. Returns its length in bytes, or 0 if it is not UTF-8. */
size_t text_decode(const char *text, __u32 *code);

/* Returns the bytes, at most `most`, that the text has without cutting a character. */
size_t text_fit(const char *text, size_t most);

/*
 * Returns a copy that every terminal and JSON accept, to be freed, or NULL. Bytes of
 * control characters and bytes that are not UTF-8 become \xNN, invisible characters
 * <U+NNNN>.
 */
char *text_printable(const char *text);

/* A character that looks like one that a rule may have, or like nothing. */
struct text_lookalike {
	__u32 from, to;	    /* codes */
	const char *name;   /* "no-break space" */
	const char *remedy; /* what to write in its place */
};

/* Returns the character that this one looks like, or NULL. */
const struct text_lookalike *text_lookalike(__u32 code);

#endif
