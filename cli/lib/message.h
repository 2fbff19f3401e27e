/* SPDX-License-Identifier: GPL-2.0 */
/* Errors, warnings and JSON output. */
#ifndef DSNCTL_MESSAGE_H
#define DSNCTL_MESSAGE_H

#include <stdbool.h>
#include <json-c/json.h>
#include "lib/failure.h"

/*
 * Increased if a member of an object changes its meaning or is removed; new ones may
 * come.
 */
#define JSON_SCHEMA 1

/* Begins the output of the command of this name; `json`: as JSON. */
void message_start(const char *command, bool json);

/*
 * Print a line to stderr: the object, the cause and the next step. With JSON it is kept
 * too.
 */
void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a failure as an error. Returns its exit status. */
int say_failure(const struct failure *failure);

/* Warns that the journal did not accept an entry, if `err` is not 0. */
void say_unlogged(int err);

/* Returns an object with "schema" and "command", to be filled and printed, or NULL. */
struct json_object *json_result(void);

/* Prints the object as one line, with the warnings so far, and frees it. */
void json_print(struct json_object *object);

/* Ends a command: prints status and errors if JSON was requested and none was printed. */
void message_finish(int status);

#endif
