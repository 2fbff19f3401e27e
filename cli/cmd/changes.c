// SPDX-License-Identifier: GPL-2.0
/* Changes of rules, as text and as JSON. */
#include "cmd/changes.h"

#include <json-c/json.h>
#include <stdio.h>
#include "model/key.h"
#include "model/rule.h"

static void format(const struct dsn_rule *rule, char text[VALUE_LEN])
{
	if (rule)
		rule_format_value(rule, text);
	else
		snprintf(text, VALUE_LEN, "none");
}

void changes_print(const struct ruleset_diff *diff)
{
	char target[KEY_LEN], was[VALUE_LEN], is[VALUE_LEN];
	size_t i;

	for (i = 0; i < diff->count; i++) {
		key_format(diff->changes[i].key, target);
		format(diff->changes[i].was, was);
		format(diff->changes[i].is, is);
		printf("%s: %s (was %s)\n", target, is, was);
	}
}

static struct json_object *to_json(const struct ruleset_change *change)
{
	struct json_object *item = json_object_new_object();
	char target[KEY_LEN], was[VALUE_LEN], is[VALUE_LEN];

	key_format(change->key, target);
	format(change->was, was);
	format(change->is, is);
	json_object_object_add(item, "target", json_object_new_string(target));
	json_object_object_add(item, "old",
			       change->was ? json_object_new_string(was) : NULL);
	json_object_object_add(item, "new",
			       change->is ? json_object_new_string(is) : NULL);
	return item;
}

struct json_object *changes_json(const struct ruleset_diff *diff)
{
	struct json_object *list = json_object_new_array();
	size_t i;

	for (i = 0; i < diff->count; i++)
		json_object_array_add(list, to_json(&diff->changes[i]));
	return list;
}
