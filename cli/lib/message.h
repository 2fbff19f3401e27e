/* SPDX-License-Identifier: GPL-2.0 */
/* What a command tells: errors and warnings as text, and all of it as one JSON object. */
#ifndef DSNCTL_MESSAGE_H
#define DSNCTL_MESSAGE_H

#include <stdbool.h>
#include <json-c/json.h>

/* Bumped when a member of an object changes its meaning or goes; new ones may come. */
#define JSON_SCHEMA 1

/* Starts over, for the command of this name; `json`: its output is to be JSON. */
void message_start(const char *command, bool json);

/* One line on stderr, which names the thing, the cause and the next step. Kept for JSON. */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An object with "schema" and "command", to be filled and printed, or NULL. */
struct json_object *json_result(void);

/* Prints the object as one line, with the warnings until now, and drops it. */
void json_print(struct json_object *object);

/* Ends a command: where JSON was asked for and none printed, prints status and errors. */
void message_finish(int status);

#endif
