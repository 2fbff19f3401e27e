// SPDX-License-Identifier: GPL-2.0
/* One rule as text: KEY VALUE [expect VENDOR:DEVICE]. */
#include "model/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/text.h"
#include "lib/util.h"

/* Reads 8 bytes of two digits each, separated by `between` unless that is NUL. */
static bool take_bytes(const char *text, char between, __u64 *value)
{
	int step = between ? 3 : 2, bad = 0, i;
	__u64 bytes = 0;

	if (strlen(text) != (between ? 23 : 16))
		return false;
	for (i = 2; between && i < 23; i += 3)
		if (text[i] != between)
			return false;
	for (i = 0; i < 8; i++, text += step) {
		int high = hex_digit(text[0]), low = hex_digit(text[1]);

		bad |= high | low; /* -1 has all bits */
		bytes = bytes << 8 | (__u8)(high * 16 + low);
	}
	*value = bytes;
	return bad >= 0;
}

const char *serial_parse(const char *text, __u64 *serial)
{
	char between = '\0';

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		text += 2;
	else if (text[0] && text[1] && (text[2] == '-' || text[2] == ':'))
		between = text[2];
	if (!take_bytes(text, between, serial))
		return "not a serial (want 8 bytes as 02-00-5e-10-00-00-00-01, with colons, or as 16 hex digits)";
	if (*serial == ~0ULL)
		return "all ones is what a missing device reads as, not a serial";
	return NULL;
}

static unsigned int byte_of(__u64 serial, int byte)
{
	return serial >> 8 * byte & 0xff;
}

char *serial_format(__u64 serial, char text[SERIAL_LEN])
{
	return text + snprintf(text, SERIAL_LEN,
			       "%02x-%02x-%02x-%02x-%02x-%02x-%02x-%02x",
			       byte_of(serial, 7), byte_of(serial, 6), byte_of(serial, 5),
			       byte_of(serial, 4), byte_of(serial, 3), byte_of(serial, 2),
			       byte_of(serial, 1), byte_of(serial, 0));
}

static bool policy_parse(const char *text, __u8 *policy)
{
	static const __u16 named[] = { DSN_SCRUB, DSN_HIDE, DSN_PASS };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(named); i++) {
		*policy = named[i];
		if (!strcmp(text, policy_name(named[i])))
			return true;
	}
	return false;
}

#define VALUES "want scrub, hide, pass, derive or a serial"

const char *value_parse(const char *text, struct dsn_rule *rule)
{
	const char *error = serial_parse(text, &rule->serial);

	rule->policy = DSN_SCRUB;
	rule->flags = 0;
	rule->expect = 0;
	if (!error) {
		rule->policy = rule->serial ? DSN_SERIAL : DSN_SCRUB;
		return NULL;
	}
	rule->serial = 0;
	if (policy_parse(text, &rule->policy))
		return NULL;
	if (text[strspn(text, "0123456789abcdefABCDEF:-xX")])
		return "not a value (" VALUES ")";
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

char *value_format(const struct dsn_rule *rule, char text[SERIAL_LEN])
{
	return rule->policy == DSN_SERIAL ? serial_format(rule->serial, text)
					  : stpcpy(text, policy_name(rule->policy));
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

#define WORD_BYTES 64 /* of a word in an error */

static bool __attribute__((format(printf, 2, 3)))
wrong(char error[RULE_ERROR], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, RULE_ERROR, format, args);
	va_end(args);
	return false;
}

/* Writes the fault of a word, which is cut between characters. */
static bool wrong_word(char error[RULE_ERROR], const char *word, const char *fault)
{
	return wrong(error, "%.*s: %s", (int)text_fit(word, WORD_BYTES), word, fault);
}

/* Names a character that editors and web pages put in place of another, or in between. */
static bool has_only_plain(const char *word, char error[RULE_ERROR])
{
	const struct text_lookalike *alike;
	const char *at;
	size_t length;
	__u32 code;

	for (at = word; *at; at += length) {
		length = text_decode(at, &code);
		if (!length)
			return wrong_word(error, word, "is not UTF-8");
		alike = text_lookalike(code);
		if (alike)
			return wrong(error, "%.*s: holds a %s (U+%04X): %s",
				     (int)text_fit(word, WORD_BYTES), word, alike->name,
				     code, alike->remedy);
	}
	if (strpbrk(word, "\"'`"))
		return wrong_word(error, word, "write values without quotes");
	if (strchr(word, '='))
		return wrong_word(error, word,
				  "no '=' stands between target and value, but a space");
	return true;
}

/* Names habits of other files' formats. */
static bool is_target(const char *word, char error[RULE_ERROR])
{
	size_t length = strlen(word);

	if (word[0] == ';' || !strncmp(word, "//", 2))
		return wrong_word(error, word, "only '#' starts a comment");
	if (length && word[length - 1] == ':')
		return wrong_word(error, word,
				  "ends in ':', which is not part of a target");
	return true;
}

/* Reads UUID LABEL. Returns the number of words, or 0 with the reason in `error`. */
static int take_derivation(char *const words[], int count, struct rule *rule,
			   char error[RULE_ERROR])
{
	int used;
	const char *bad = derivation_parse(words, count, &rule->derivation, &used);

	if (!bad)
		return used;
	rule->derivation = (struct derivation){};
	wrong_word(error, count ? words[used] : "derive",
		   count ? bad : "wants UUID LABEL after it");
	return 0;
}

/* Reads the value, which may be more than a word. Returns as above. */
static int take_value(char *const words[], int count, struct rule *rule,
		      char error[RULE_ERROR])
{
	const char *bad;
	int used;

	rule->derivation = (struct derivation){};
	if (!strcmp(words[0], "derive")) {
		rule->value = (struct dsn_rule){ .policy = DSN_SERIAL };
		used = take_derivation(words + 1, count - 1, rule, error);
		return used ? 1 + used : 0;
	}
	bad = value_parse(words[0], &rule->value);
	if (!bad)
		return 1;
	wrong_word(error, words[0], bad);
	return 0;
}

/* Reads what may follow the value. */
static bool take_expect(char *const words[], int count, struct rule *rule,
			char error[RULE_ERROR])
{
	const char *bad;

	if (count && strcmp(words[0], "expect"))
		return wrong_word(error, words[0],
				  "only 'expect VENDOR:DEVICE' may follow the value");
	if (count == 1)
		return wrong(error, "expect: wants VENDOR:DEVICE, as in 8086:10d3");
	bad = count > 1 ? ids_parse(words[1], &rule->value.expect) : NULL;
	if (bad)
		return wrong_word(error, words[1], bad);
	if (count > 2)
		return wrong_word(error, words[2], "nothing may follow");
	return true;
}

bool rule_words_are_plain(char *const words[], int count, char error[RULE_ERROR])
{
	int i;

	for (i = 0; i < count; i++)
		if (!has_only_plain(words[i], error))
			return false;
	return true;
}

bool rule_parse(char *const words[], int count, struct rule *rule, char error[RULE_ERROR])
{
	const char *bad;
	int i, used;

	for (i = 0; i < count && i <= RULE_WORDS; i++)
		if (!has_only_plain(words[i], error))
			return false;
	if (count && !is_target(words[0], error))
		return false;
	if (count < 2)
		return wrong_word(error, count ? words[0] : "",
				  "has no value (" VALUES ")");
	bad = key_parse(words[0], &rule->key);
	if (bad)
		return wrong_word(error, words[0], bad);
	used = 1 + take_value(words + 1, count - 1, rule, error);
	if (used == 1)
		return false;
	if (rule->key.scope == DSN_SCOPE_DEFAULT &&
	    (count > used || rule->value.policy == DSN_SERIAL))
		return wrong(
			error,
			"default: takes scrub, hide or pass, and nothing else: with one serial for all, a guest with two devices could not tell them apart");
	return take_expect(words + used, count - used, rule, error);
}

bool rule_is_derived(const struct rule *rule)
{
	return rule->derivation.label[0];
}

void rule_resolve(struct rule *rule, const struct site_key *key)
{
	if (rule_is_derived(rule))
		rule->value.serial = derive_serial(key, &rule->derivation);
}

/* Writes nothing if any function will do. Returns the end. */
static char *format_expect(const struct dsn_rule *rule, char *text)
{
	if (!rule->expect)
		return text;
	text = stpcpy(text, " expect ");
	ids_format(rule->expect, text);
	return text + IDS_LEN - 1;
}

char *rule_format_value(const struct dsn_rule *rule, char text[VALUE_LEN])
{
	return format_expect(rule, value_format(rule, text));
}

void rule_format(const struct dsn_key *key, const struct dsn_rule *rule,
		 char text[RULE_LEN])
{
	text = key_format(key, text);
	*text++ = ' ';
	rule_format_value(rule, text);
}

void rule_format_source(const struct rule *rule, char text[RULE_SOURCE_LEN])
{
	if (!rule_is_derived(rule)) {
		rule_format(&rule->key, &rule->value, text);
		return;
	}
	text = stpcpy(key_format(&rule->key, text), " derive ");
	text = derivation_format(&rule->derivation, text);
	format_expect(&rule->value, text);
}
