// SPDX-License-Identifier: GPL-2.0
/* One rule as text: KEY VALUE [vpd VPD] [gaps GAPS] [expect VENDOR:DEVICE]. */
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
	rule->more = rule_usual_more(DSN_SCRUB);
	rule->flags = 0;
	rule->expect = 0;
	if (!error) {
		rule->policy = rule->serial ? DSN_SERIAL : DSN_SCRUB;
		return NULL;
	}
	rule->serial = 0;
	if (policy_parse(text, &rule->policy)) {
		rule->more = rule_usual_more(rule->policy);
		return NULL;
	}
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

static const char *const vpd_names[] = {
	[DSN_VPD_EMPTY] = "empty",
	[DSN_VPD_HIDE] = "hide",
	[DSN_VPD_PASS] = "pass",
};

const char *vpd_name(const struct dsn_rule *rule)
{
	unsigned int vpd = rule->more & DSN_VPD_MASK;

	return vpd_names[vpd < ARRAY_SIZE(vpd_names) ? vpd : DSN_VPD_EMPTY];
}

const char *gaps_name(const struct dsn_rule *rule)
{
	return rule->more & DSN_GAPS_ZERO ? "zero" : "pass";
}

__u8 rule_usual_more(__u32 policy)
{
	return policy == DSN_PASS ? DSN_VPD_PASS : DSN_VPD_EMPTY;
}

bool rule_passes(const struct dsn_rule *rule)
{
	return rule->policy == DSN_PASS || (rule->more & DSN_VPD_MASK) == DSN_VPD_PASS;
}

bool rule_equal(const struct dsn_rule *a, const struct dsn_rule *b)
{
	return a->policy == b->policy && a->serial == b->serial && a->more == b->more &&
	       a->expect == b->expect;
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

static const char *vpd_parse(const char *text, struct dsn_rule *rule)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vpd_names); i++) {
		if (strcmp(text, vpd_names[i]))
			continue;
		rule->more = (rule->more & ~DSN_VPD_MASK) | i;
		return NULL;
	}
	return "want vpd empty, hide or pass";
}

static const char *gaps_parse(const char *text, struct dsn_rule *rule)
{
	if (strcmp(text, "zero") && strcmp(text, "pass"))
		return "want gaps zero or pass";
	rule->more &= ~DSN_GAPS_ZERO;
	if (!strcmp(text, "zero"))
		rule->more |= DSN_GAPS_ZERO;
	return NULL;
}

static const char *expect_parse(const char *text, struct dsn_rule *rule)
{
	return ids_parse(text, &rule->expect);
}

/* The words that may follow the value, with one after each, or one after a '='. */
static const struct setting {
	const char *name, *wants;
	const char *(*parse)(const char *text, struct dsn_rule *rule);
} settings[] = {
	{ "vpd", "empty, hide or pass", vpd_parse },
	{ "gaps", "zero or pass", gaps_parse },
	{ "expect", "VENDOR:DEVICE, as in 8086:10d3", expect_parse },
};

/* Finds the setting that a word names; `rest` is what stands after its '=', or NULL. */
static const struct setting *find_setting(const char *word, const char **rest)
{
	size_t i, length = strcspn(word, "=");

	*rest = word[length] ? word + length + 1 : NULL;
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (strlen(settings[i].name) == length &&
		    !strncmp(word, settings[i].name, length))
			return &settings[i];
	return NULL;
}

/* Names a character that editors and web pages put in place of another, or in between. */
static bool has_only_plain(const char *word, char error[RULE_ERROR])
{
	const struct text_lookalike *alike;
	const char *at;
	const char *rest;
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
	if (strchr(find_setting(word, &rest) && rest ? rest : word, '='))
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

/* Reads one setting. Returns the number of its words, or 0 with the reason in `error`. */
static int take_setting(char *const words[], int count, struct rule *rule,
			unsigned int *seen, char error[RULE_ERROR])
{
	const char *text, *bad;
	const struct setting *setting = find_setting(words[0], &text);
	int used = text ? 1 : 2;

	if (!setting)
		return wrong_word(
			error, words[0],
			"only 'vpd', 'gaps' and 'expect VENDOR:DEVICE' may follow the value");
	if (*seen & 1U << (setting - settings))
		return wrong(error, "%s: is given twice", setting->name);
	*seen |= 1U << (setting - settings);
	if (count < used)
		return wrong(error, "%s: wants %s", setting->name, setting->wants);
	bad = setting->parse(text ? text : words[1], &rule->value);
	return bad ? wrong_word(error, words[used - 1], bad) : used;
}

/* Reads what may follow the value. */
static bool take_settings(char *const words[], int count, struct rule *rule,
			  char error[RULE_ERROR])
{
	unsigned int seen = 0;
	int used;

	for (; count; words += used, count -= used) {
		used = take_setting(words, count, rule, &seen, error);
		if (!used)
			return false;
	}
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
	if (rule->key.scope == DSN_SCOPE_DEFAULT && rule->value.policy == DSN_SERIAL)
		return wrong(
			error,
			"default: takes scrub, hide or pass: with one serial for all, a guest with two devices could not tell them apart");
	if (!take_settings(words + used, count - used, rule, error))
		return false;
	if (rule->key.scope == DSN_SCOPE_DEFAULT && rule->value.expect)
		return wrong(error,
			     "default: takes no 'expect': it is for all functions");
	return true;
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

/* Writes what the rule says beside its value, if that is not usual. Returns the end. */
static char *format_settings(const struct dsn_rule *rule, char *text)
{
	__u8 usual = rule_usual_more(rule->policy);

	if ((rule->more ^ usual) & DSN_VPD_MASK)
		text = stpcpy(stpcpy(text, " vpd "), vpd_name(rule));
	if ((rule->more ^ usual) & DSN_GAPS_ZERO)
		text = stpcpy(stpcpy(text, " gaps "), gaps_name(rule));
	if (!rule->expect)
		return text;
	text = stpcpy(text, " expect ");
	ids_format(rule->expect, text);
	return text + IDS_LEN - 1;
}

char *rule_format_value(const struct dsn_rule *rule, char text[VALUE_LEN])
{
	return format_settings(rule, value_format(rule, text));
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
	format_settings(&rule->value, text);
}
