// SPDX-License-Identifier: GPL-2.0
/* One rule in an operator's words: TARGET VALUE [expect VENDOR:DEVICE]. */
#include "model/entry.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool __attribute__((format(printf, 2, 3)))
wrong(char error[ENTRY_ERROR], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, ENTRY_ERROR, format, args);
	va_end(args);
	return false;
}

bool entry_parse(char *const words[], int count, struct entry *entry,
		 char error[ENTRY_ERROR])
{
	const char *bad;

	if (count < 2)
		return wrong(error,
			     "%.64s: has no value (want scrub, hide, pass or a serial)",
			     count ? words[0] : "");
	bad = target_parse(words[0], &entry->key);
	if (bad)
		return wrong(error, "%.64s: %s", words[0], bad);
	bad = rule_parse(words[1], &entry->rule);
	if (bad)
		return wrong(error, "%.64s: %s", words[1], bad);
	if (entry->key.scope == DSN_SCOPE_DEFAULT &&
	    (count > 2 || entry->rule.policy == DSN_SERIAL))
		return wrong(
			error,
			"default: takes scrub, hide or pass, and nothing else: with one serial for all, a guest with two devices could not tell them apart");
	if (count > 2 && strcmp(words[2], "expect"))
		return wrong(error,
			     "%.64s: only 'expect VENDOR:DEVICE' may follow the value",
			     words[2]);
	if (count == 3)
		return wrong(error, "expect: wants VENDOR:DEVICE, as in 8086:10d3");
	bad = count > 3 ? ids_parse(words[3], &entry->rule.expect) : NULL;
	if (bad)
		return wrong(error, "%.64s: %s", words[3], bad);
	if (count > ENTRY_WORDS)
		return wrong(error, "%.64s: nothing may follow", words[ENTRY_WORDS]);
	return true;
}

char *entry_format_value(const struct dsn_rule *rule, char text[VALUE_LEN])
{
	text = rule_format(rule, text);
	if (!rule->expect)
		return text;
	text = stpcpy(text, " expect ");
	ids_format(rule->expect, text);
	return text + IDS_LEN - 1;
}

void entry_format(const struct dsn_key *key, const struct dsn_rule *rule,
		  char text[ENTRY_LEN])
{
	text = target_format(key, text);
	*text++ = ' ';
	entry_format_value(rule, text);
}
