// SPDX-License-Identifier: GPL-2.0
/* Errors, warnings and JSON output. */
#include "lib/message.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/text.h"

static struct {
	const char *command;
	bool json;
	bool printed;
	struct json_object *errors, *warnings; /* NULL if there are none */
} output;

void message_start(const char *command, bool json)
{
	json_object_put(output.errors);
	json_object_put(output.warnings);
	output = (typeof(output)){ .command = command, .json = json };
}

static void __attribute__((format(printf, 2, 0)))
keep(struct json_object **list, const char *format, va_list args)
{
	char *raw = NULL, *text = NULL;

	if (vasprintf(&raw, format, args) >= 0)
		text = text_printable(raw);
	if (!text)
		errx(1, "out of memory");
	warnx("%s", text);
	if (!*list)
		*list = json_object_new_array();
	json_object_array_add(*list, json_object_new_string(text));
	free(text);
	free(raw);
}

void say_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep(&output.errors, format, args);
	va_end(args);
}

void say_warning(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	keep(&output.warnings, format, args);
	va_end(args);
}

int say_failure(const struct failure *failure)
{
	say_error("%s", failure->text);
	return failure->status;
}

void say_unlogged(int err)
{
	if (err < 0)
		say_warning("the journal did not take the entry: %s", strerror(-err));
}

struct json_object *json_result(void)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return NULL;
	json_object_object_add(object, "schema", json_object_new_int(JSON_SCHEMA));
	json_object_object_add(object, "command",
			       output.command ? json_object_new_string(output.command)
					      : NULL);
	return object;
}

void json_print(struct json_object *object)
{
	if (output.warnings)
		json_object_object_add(object, "warnings", output.warnings);
	output.warnings = NULL;
	puts(json_object_to_json_string_ext(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	output.printed = true;
}

void message_finish(int status)
{
	struct json_object *object;

	if (output.json && !output.printed) {
		object = json_result();
		json_object_object_add(object, "status", json_object_new_int(status));
		if (output.errors)
			json_object_object_add(object, "errors", output.errors);
		output.errors = NULL;
		json_print(object);
	}
	message_start(NULL, false);
}
