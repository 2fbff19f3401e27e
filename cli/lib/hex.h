/* SPDX-License-Identifier: GPL-2.0 */
/* Hex digits, read and written: printf() is slow for a hundred thousand rules. */
#ifndef DSNCTL_HEX_H
#define DSNCTL_HEX_H

#include <linux/types.h>

/* Its value, or -1 where it is none. */
static inline int hex_digit(char c)
{
	static const unsigned char one_more[256] = {
		['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
		['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
		['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
		['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
	};

	return one_more[(unsigned char)c] - 1;
}

/* Write the low digits, without a NUL, and return what is behind them. */
static inline char *hex_put_digit(char *to, __u32 value)
{
	*to = "0123456789abcdef"[value & 0xf];
	return to + 1;
}

static inline char *hex_put_byte(char *to, __u32 value)
{
	return hex_put_digit(hex_put_digit(to, value >> 4), value);
}

static inline char *hex_put_word(char *to, __u32 value)
{
	return hex_put_byte(hex_put_byte(to, value >> 8), value);
}

#endif
