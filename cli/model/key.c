// SPDX-License-Identifier: GPL-2.0
/* A key, the functions that a rule is for: one function, a device, or all without a rule. */
#include "model/key.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "lib/util.h"
#include "dsn_precedence.h"

/* Reads at most `digits` hex digits that end at `end`. Advances the text past `end`. */
static bool take_hex(const char **text, int digits, char end, uint32_t *value)
{
	const char *p = *text;
	int n, digit;

	*value = 0;
	for (n = 0; n < digits; n++) {
		digit = hex_digit(p[n]);
		if (digit < 0)
			break;
		*value = *value << 4 | digit;
	}
	if (!n || p[n] != end)
		return false;
	*text = p + n + (end != '\0');
	return true;
}

static const char *parse(const char *text, struct dsn_key *key)
{
	uint32_t domain, bus, device, function;
	const char *rest = text, *colon;

	if (take_hex(&rest, 8, ':', &domain) && take_hex(&rest, 2, ':', &bus)) {
		text = rest;
	} else {
		domain = 0;
		colon = strchr(text, ':');
		if (colon && strchr(colon + 1, ':') && !take_hex(&text, 8, ':', &domain))
			return "the domain is not 1 to 8 hex digits";
		if (!take_hex(&text, 2, ':', &bus))
			return "not a PCI function address (want 0000:01:00.0 or 01:00.0)";
	}
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

const char *bdf_parse(const char *text, struct dsn_key *key)
{
	const char *error = parse(text, key);

	if (error && strpbrk(text, "*?["))
		return "wildcards are not taken: name one function, as in 0000:01:00.0";
	return error;
}

char *bdf_format(const struct dsn_key *key, char text[BDF_LEN])
{
	return text + snprintf(text, BDF_LEN, "%04x:%02x:%02x.%x", key->domain, key->bus,
			       key->devfn >> 3, key->devfn & 7);
}

static __u64 number_of(const struct dsn_key *key)
{
	return (__u64)key->scope << 48 | (__u64)key->domain << 16 | key->bus << 8 |
	       key->devfn;
}

int key_compare(const void *a, const void *b)
{
	__u64 x = number_of(a), y = number_of(b);

	return x < y ? -1 : x > y;
}

const struct dsn_key default_key = { .scope = DSN_SCOPE_DEFAULT };

const char *key_parse(const char *text, struct dsn_key *key)
{
	char function[BDF_LEN];

	if (!strcmp(text, "default")) {
		*key = default_key;
		return NULL;
	}
	if (strchr(text, '.') || !strchr(text, ':'))
		return bdf_parse(text, key);
	if (snprintf(function, sizeof(function), "%s.0", text) >= (int)sizeof(function) ||
	    bdf_parse(function, key))
		return "neither a PCI function (0000:01:00.0) nor a device (0000:01:00)";
	key->scope = DSN_SCOPE_DEVICE;
	return NULL;
}

char *key_format(const struct dsn_key *key, char text[KEY_LEN])
{
	if (key->scope == DSN_SCOPE_DEFAULT)
		return stpcpy(text, "default");
	text = bdf_format(key, text);
	if (key->scope == DSN_SCOPE_DEVICE)
		*(text -= 2) = '\0'; /* ".0" */
	return text;
}

struct dsn_key key_of_device(const struct dsn_key *function)
{
	return dsn_candidate_key(DSN_OF_DEVICE, *function);
}
