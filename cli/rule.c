// SPDX-License-Identifier: GPL-2.0
/* A rule's value as an operator writes and reads it: a serial, scrub, hide or pass. */
#include "rule.h"

#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 8 bytes of two digits each, with `between` after all but the last. */
static bool take_bytes(const char *text, char between, __u64 *value)
{
	int i, high, low;

	*value = 0;
	for (i = 0; i < 8; i++) {
		high = hex_digit(*text);
		if (high < 0)
			return false;
		low = hex_digit(text[1]);
		if (low < 0)
			return false;
		*value = *value << 8 | (unsigned int)(high << 4 | low);
		text += 2;
		if (between && i < 7 && *text++ != between)
			return false;
	}
	return !*text;
}

const char *serial_parse(const char *text, __u64 *serial)
{
	char between = '\0';

	if (!strncmp(text, "0x", 2) || !strncmp(text, "0X", 2))
		text += 2;
	else if (strchr(text, '-'))
		between = '-';
	else if (strchr(text, ':'))
		between = ':';
	if (!take_bytes(text, between, serial))
		return "not a serial (want 8 bytes as 02-00-5e-10-00-00-00-01, with colons, or as 16 hex digits)";
	if (*serial == ~0ULL)
		return "all ones is what a missing device reads as, not a serial";
	return NULL;
}

void serial_format(__u64 serial, char text[SERIAL_LEN])
{
	int i;

	for (i = 0; i < 8; i++)
		sprintf(text + 3 * i, "%02x%s",
			(unsigned int)(serial >> (56 - 8 * i) & 0xff), i < 7 ? "-" : "");
}

const char *rule_parse(const char *text, struct dsn_rule *rule)
{
	const char *error = NULL;
	__u64 serial = 0;

	*rule = (struct dsn_rule){ .policy = DSN_SCRUB };
	if (!strcmp(text, "scrub"))
		return NULL;
	if (!strcmp(text, "hide")) {
		rule->policy = DSN_HIDE;
		return NULL;
	}
	if (!strcmp(text, "pass")) {
		rule->policy = DSN_PASS;
		return NULL;
	}
	if (text[strspn(text, "0123456789abcdefABCDEF:-xX")])
		return "not a value (want scrub, hide, pass or a serial)";
	error = serial_parse(text, &serial);
	if (!error && serial) {
		rule->policy = DSN_SERIAL;
		rule->serial = serial;
	}
	return error;
}

const char *ids_parse(const char *text, __u32 *ids)
{
	__u32 half[2] = {};
	int i, n, digit;

	for (i = 0; i < 2; i++) {
		for (n = 0; n < 4; n++, text++) {
			digit = hex_digit(*text);
			if (digit < 0)
				break;
			half[i] = half[i] << 4 | digit;
		}
		if (n < 4 || *text != (i ? '\0' : ':'))
			return "not a vendor and device id (want 4 hex digits each, as in 8086:10d3)";
		text++;
	}
	*ids = half[0] << 16 | half[1];
	return *ids ? NULL : "0000:0000 is no device";
}

void ids_format(__u32 ids, char text[IDS_LEN])
{
	snprintf(text, IDS_LEN, "%04x:%04x", ids >> 16, ids & 0xffff);
}

void rule_format(const struct dsn_rule *rule, char text[SERIAL_LEN])
{
	if (rule->policy == DSN_SERIAL)
		serial_format(rule->serial, text);
	else
		strcpy(text, policy_name(rule->policy));
}

const char *policy_name(__u32 policy)
{
	switch (policy) {
	case DSN_SERIAL:
		return "serial";
	case DSN_PASS:
		return "pass";
	case DSN_HIDE:
		return "hide";
	default:
		return "scrub";
	}
}

bool rule_equal(const struct dsn_rule *a, const struct dsn_rule *b)
{
	return a->policy == b->policy && a->serial == b->serial && a->expect == b->expect;
}
