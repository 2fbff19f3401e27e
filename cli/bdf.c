// SPDX-License-Identifier: GPL-2.0
/* PCI function addresses as lspci writes them. */
#include "bdf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ctype.h>

/* Up to `digits` hex digits that end at `end`; moves the text behind it. */
static bool take_hex(const char **text, int digits, char end, uint32_t *value)
{
	const char *p = *text;
	int n;

	*value = 0;
	for (n = 0; n < digits && isxdigit((unsigned char)p[n]); n++)
		*value = *value << 4 |
			 (isdigit((unsigned char)p[n]) ? p[n] - '0'
						       : (p[n] | 32) - 'a' + 10);
	if (!n || p[n] != end)
		return false;
	*text = p + n + (end != '\0');
	return true;
}

const char *bdf_parse(const char *text, struct dsn_key *key)
{
	uint32_t domain = 0, bus, device, function;
	const char *colon = strchr(text, ':');

	if (strpbrk(text, "*?["))
		return "wildcards are not taken: name one function, as in 0000:01:00.0";
	if (colon && strchr(colon + 1, ':') && !take_hex(&text, 8, ':', &domain))
		return "the domain is not 1 to 8 hex digits";
	if (!take_hex(&text, 2, ':', &bus))
		return "not a PCI function address (want 0000:01:00.0 or 01:00.0)";
	if (!take_hex(&text, 2, '.', &device) || device > 0x1f)
		return "the device is not 00 to 1f, followed by a dot";
	if (!take_hex(&text, 1, '\0', &function) || function > 7)
		return "the function is not 0 to 7";
	*key = (struct dsn_key){
		.domain = domain,
		.bus = bus,
		.devfn = device << 3 | function,
		.scope = DSN_SCOPE_FUNCTION,
	};
	return NULL;
}

void bdf_format(const struct dsn_key *key, char text[BDF_LEN])
{
	snprintf(text, BDF_LEN, "%04x:%02x:%02x.%x", key->domain, key->bus,
		 key->devfn >> 3, key->devfn & 7);
}

int bdf_compare(const void *a, const void *b)
{
	const struct dsn_key *x = a, *y = b;

	if (x->scope != y->scope)
		return x->scope < y->scope ? -1 : 1;
	if (x->domain != y->domain)
		return x->domain < y->domain ? -1 : 1;
	if (x->bus != y->bus)
		return x->bus < y->bus ? -1 : 1;
	return (int)x->devfn - (int)y->devfn;
}
