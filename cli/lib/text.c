// SPDX-License-Identifier: GPL-2.0
/* Text from outside: UTF-8, without characters that a terminal or JSON must not get. */
#include "lib/text.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/util.h"

/* Finds a character's length by its first byte, and the smallest code of that length. */
static size_t length_of(unsigned char first, __u32 *code, __u32 *smallest)
{
	static const struct {
		unsigned char mask, bits;
		__u32 smallest;
	} kinds[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if ((first & kinds[i].mask) != kinds[i].bits)
			continue;
		*code = first & ~kinds[i].mask;
		*smallest = kinds[i].smallest;
		return i + 1;
	}
	return 0;
}

size_t text_decode(const char *text, __u32 *code)
{
	__u32 smallest = 0;
	size_t length, i;

	*code = 0;
	length = length_of(text[0], code, &smallest);
	for (i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (text[i] & 0x3f);
	}
	if (*code < smallest || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000))
		return 0;
	return length;
}

size_t text_fit(const char *text, size_t most)
{
	size_t used = 0, length;
	__u32 code;

	while (text[used]) {
		length = text_decode(text + used, &code);
		if (used + (length ? length : 1) > most)
			break;
		used += length ? length : 1;
	}
	return used;
}

/* In order of `from`. */
static const struct text_lookalike lookalikes[] = {
	{ 0x00a0, 0x00a0, "no-break space", "separate words by plain spaces" },
	{ 0x00ab, 0x00ab, "quote", "write values without quotes" },
	{ 0x00ad, 0x00ad, "soft hyphen", "write it as '-', or remove it" },
	{ 0x00bb, 0x00bb, "quote", "write values without quotes" },
	{ 0x2000, 0x200a, "space", "separate words by plain spaces" },
	{ 0x200b, 0x200b, "zero-width space", "remove it" },
	{ 0x200c, 0x200f, "invisible character", "remove it" },
	{ 0x2010, 0x2015, "dash", "write it as '-'" },
	{ 0x2018, 0x201f, "quote", "write values without quotes" },
	{ 0x2028, 0x2029, "line separator", "end lines with LF" },
	{ 0x202a, 0x202e, "invisible character", "remove it" },
	{ 0x202f, 0x202f, "narrow no-break space", "separate words by plain spaces" },
	{ 0x205f, 0x205f, "space", "separate words by plain spaces" },
	{ 0x2060, 0x206f, "invisible character", "remove it" },
	{ 0x2212, 0x2212, "dash", "write it as '-'" },
	{ 0x3000, 0x3000, "wide space", "separate words by plain spaces" },
	{ 0xfe58, 0xfe58, "dash", "write it as '-'" },
	{ 0xfe63, 0xfe63, "dash", "write it as '-'" },
	{ 0xfeff, 0xfeff, "byte order mark", "remove it" },
	{ 0xff0d, 0xff0d, "dash", "write it as '-'" },
	{ 0xff1a, 0xff1a, "wide colon", "write it as ':'" },
};

const struct text_lookalike *text_lookalike(__u32 code)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lookalikes) && code >= lookalikes[i].from; i++)
		if (code <= lookalikes[i].to)
			return &lookalikes[i];
	return NULL;
}

/* Returns true if a character has a shape of its own and moves no other. */
static bool is_visible(__u32 code)
{
	const struct text_lookalike *alike = text_lookalike(code);

	return !alike || !strcmp(alike->name, "dash") || !strcmp(alike->name, "quote") ||
	       !strcmp(alike->name, "wide colon");
}

/* Writes the first character in a safe form. Advances both. */
static void put_safe(const char **from, char **to)
{
	__u32 code = 0;
	size_t length = text_decode(*from, &code);

	if (!length || code < ' ' || (code >= 0x7f && code < 0xa0)) {
		*to += sprintf(*to, "\\x%02x", (unsigned char)**from);
		*from += 1;
		return;
	}
	if (is_visible(code))
		*to = mempcpy(*to, *from, length);
	else
		*to += sprintf(*to, "<U+%04X>", code);
	*from += length;
}

char *text_printable(const char *text)
{
	/* the longest: <U+00A0> for two bytes, \xNN for one */
	char *copy = malloc(strlen(text) * 4 + 1), *to = copy;

	if (!copy)
		return NULL;
	while (*text)
		put_safe(&text, &to);
	*to = '\0';
	return copy;
}
