/* SPDX-License-Identifier: GPL-2.0 */
/* One rule in an operator's words: TARGET VALUE [expect VENDOR:DEVICE]. */
#ifndef DSNCTL_ENTRY_H
#define DSNCTL_ENTRY_H

#include "model/rule.h"
#include "model/target.h"

struct entry {
	struct dsn_key key;
	struct dsn_rule rule;
};

#define ENTRY_WORDS 4	/* at most */
#define ENTRY_ERROR 256 /* room for a text with what is wrong */
#define VALUE_LEN (SERIAL_LEN + sizeof("expect ") + IDS_LEN)
#define ENTRY_LEN (TARGET_LEN + VALUE_LEN)

/* Reads a rule from its words. False where it is none, with the reason in `error`. */
bool entry_parse(char *const words[], int count, struct entry *entry,
		 char error[ENTRY_ERROR]);

/* The value with its `expect`, or the whole rule: what entry_parse() reads. */
char *entry_format_value(const struct dsn_rule *rule, char text[VALUE_LEN]); /* its end */
void entry_format(const struct dsn_key *key, const struct dsn_rule *rule,
		  char text[ENTRY_LEN]);

#endif
