// SPDX-License-Identifier: GPL-2.0
/*
 * Any words as a rule: what is taken must print as something that is taken as the same, also
 * after its serial was derived.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model/rule.h"
#include "model/key.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cuts the text into words. Returns how many there are, maybe more than fit. */
static int cut(char *text, char *words[RULE_WORDS + 1])
{
	int count = 0;
	char *word;

	while ((word = strsep(&text, " \n")))
		if (*word && count <= RULE_WORDS)
			words[count++] = word;
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *words[RULE_WORDS + 1];
	char error[RULE_ERROR], printed[RULE_SOURCE_LEN], again[RULE_SOURCE_LEN];
	struct rule entry;
	struct dsn_key key;

	memcpy(text, data, size);
	text[size] = '\0';
	bdf_parse(text, &key);
	if (rule_parse(words, cut(text, words), &entry, error)) {
		rule_format_source(&entry, printed);
		strcpy(again, printed);
		if (!rule_parse(words, cut(again, words), &entry, error))
			abort();
		rule_format_source(&entry, again);
		if (strcmp(printed, again))
			abort();
		rule_resolve(&entry, &(struct site_key){});
		rule_format(&entry.key, &entry.value, printed);
		strcpy(again, printed);
		if (!rule_parse(words, cut(again, words), &entry, error))
			abort();
		rule_format(&entry.key, &entry.value, again);
		if (strcmp(printed, again))
			abort();
	} else if (!*error) {
		abort();
	}
	free(text);
	return 0;
}
