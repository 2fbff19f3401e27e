/* SPDX-License-Identifier: GPL-2.0 */
/* One rule as text: KEY VALUE [vpd VPD] [gaps GAPS] [expect VENDOR:DEVICE]. */
#ifndef DSNCTL_RULE_H
#define DSNCTL_RULE_H

#include <stdbool.h>
#include "model/derive.h"
#include "model/key.h"
#include "dsn_contract.h"

#define SERIAL_LEN sizeof("52-54-00-ff-ff-12-34-56")

/*
 * Reads a serial, high byte first: 02-00-5e-10-00-00-00-01, the same with colons, or 16
 * hex digits with or without 0x. Returns NULL, or the fault.
 */
const char *serial_parse(const char *text, __u64 *serial);

/* Writes it like lspci. Returns its end. */
char *serial_format(__u64 serial, char text[SERIAL_LEN]);

/*
 * Reads `scrub`, `hide`, `pass` or a serial; zero is scrub. VPD and gaps become what they
 * are if nothing is said of them. Returns NULL or the fault.
 */
const char *value_parse(const char *text, struct dsn_rule *rule);

#define IDS_LEN sizeof("8086:10d3")

/* Reads vendor and device id, as in `lspci -n`; see dsn_rule.expect. Returns likewise. */
const char *ids_parse(const char *text, __u32 *ids);
void ids_format(__u32 ids, char text[IDS_LEN]);

/* Writes what value_parse() reads. Returns its end. */
char *value_format(const struct dsn_rule *rule, char text[SERIAL_LEN]);

const char *policy_name(__u32 policy);

/*
 * The words for what is shown of VPD, "empty", "hide" or "pass", and of bytes that no
 * capability names, "zero" or "pass".
 */
const char *vpd_name(const struct dsn_rule *rule);
const char *gaps_name(const struct dsn_rule *rule);

/* Returns `more` of a rule that says nothing of VPD and gaps: `pass` passes VPD too. */
__u8 rule_usual_more(__u32 policy);

/* Returns true if it shows the real serial or the real VPD. */
bool rule_passes(const struct dsn_rule *rule);

/* Returns true if two rules say the same, whatever their flags. */
bool rule_equal(const struct dsn_rule *a, const struct dsn_rule *b);

struct rule {
	struct dsn_key key;
	struct dsn_rule value;
	struct derivation derivation; /* where the serial comes from, if it is derived */
};

#define RULE_WORDS (8 + DERIVATION_WORDS) /* at most */
#define RULE_ERROR 256			  /* room for a text that names the fault */
#define VALUE_LEN                                                                        \
	(SERIAL_LEN + sizeof("vpd empty ") + sizeof("gaps zero ") + sizeof("expect ") +  \
	 IDS_LEN)
#define RULE_LEN (KEY_LEN + VALUE_LEN)
#define RULE_SOURCE_LEN (RULE_LEN + DERIVATION_LEN)

/*
 * Reads a rule from its words. Returns false with the fault in `error`. A serial that is
 * to be derived is 0 until rule_resolve().
 */
bool rule_parse(char *const words[], int count, struct rule *rule,
		char error[RULE_ERROR]);

/* Returns false with the fault if a word holds what editors put in place of plain text. */
bool rule_words_are_plain(char *const words[], int count, char error[RULE_ERROR]);

bool rule_is_derived(const struct rule *rule);

/* Derives the serial, if the rule has one that is to be derived. */
void rule_resolve(struct rule *rule, const struct site_key *key);

/* Write the value with what follows it, or the whole rule, as rule_parse() reads it. */
char *rule_format_value(const struct dsn_rule *rule, char text[VALUE_LEN]); /* its end */
void rule_format(const struct dsn_key *key, const struct dsn_rule *rule,
		 char text[RULE_LEN]);

/* The rule as it was written: `derive UUID LABEL`, not the serial. */
void rule_format_source(const struct rule *rule, char text[RULE_SOURCE_LEN]);

#endif
