// SPDX-License-Identifier: GPL-2.0
/* Whom a rule is for, as an operator writes it: a function, a device or the default. */
#include "model/target.h"

#include <stdio.h>
#include <string.h>

const struct dsn_key default_key = { .scope = DSN_SCOPE_DEFAULT };

const char *target_parse(const char *text, struct dsn_key *key)
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

char *target_format(const struct dsn_key *key, char text[TARGET_LEN])
{
	if (key->scope == DSN_SCOPE_DEFAULT)
		return stpcpy(text, "default");
	text = bdf_format(key, text);
	if (key->scope == DSN_SCOPE_DEVICE)
		*(text -= 2) = '\0'; /* ".0" */
	return text;
}

struct dsn_key target_device(const struct dsn_key *function)
{
	struct dsn_key key = *function;

	key.devfn &= ~7;
	key.scope = DSN_SCOPE_DEVICE;
	return key;
}
