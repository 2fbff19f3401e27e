// SPDX-License-Identifier: GPL-2.0
/* Reads one JSON value on stdin, all of it, and prints what the keys lead to. */
#include <err.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A key of an object, an index of an array, or "length" of an array. */
static struct json_object *step(struct json_object *from, const char *key)
{
	struct json_object *to = NULL;

	if (json_object_is_type(from, json_type_array)) {
		if (!strcmp(key, "length"))
			return json_object_new_int64(json_object_array_length(from));
		return json_object_array_get_idx(from, strtoul(key, NULL, 10));
	}
	if (!json_object_object_get_ex(from, key, &to))
		errx(1, "no key '%s'", key);
	return to;
}

int main(int argc, char **argv)
{
	struct json_tokener *tokener = json_tokener_new();
	static char text[64 << 20];
	size_t end, length = fread(text, 1, sizeof(text) - 1, stdin);
	struct json_object *value;
	int i;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	value = json_tokener_parse_ex(tokener, text, length);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		errx(1, "not JSON: %s",
		     json_tokener_error_desc(json_tokener_get_error(tokener)));
	end = json_tokener_get_parse_end(tokener);
	if (end + strspn(text + end, "\n") != length)
		errx(1, "more than one JSON value");
	for (i = 1; i < argc; i++)
		value = step(value, argv[i]);
	puts(value ? json_object_get_string(value) : "null");
	return 0;
}
