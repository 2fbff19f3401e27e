/* SPDX-License-Identifier: GPL-2.0 */
/* Prints what a command has changed, or would change. */
#ifndef DSNCTL_CHANGES_H
#define DSNCTL_CHANGES_H

#include "model/ruleset.h"

struct json_object;

/* A line for each change: the target, its new rule, and the one before. */
void changes_print(const struct ruleset_diff *diff);

/* The same as an array, which the caller owns: "target", "old", "new". */
struct json_object *changes_json(const struct ruleset_diff *diff);

#endif
