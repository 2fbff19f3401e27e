/* SPDX-License-Identifier: GPL-2.0 */
/* The reason why something failed, for the command file to print. */
#ifndef DSNCTL_FAILURE_H
#define DSNCTL_FAILURE_H

#include "lib/exit.h"

struct failure {
	enum exit_status status; /* what the command exits with */
	char text[640];
};

/* Fills it in. Returns the status. */
int failure_set(struct failure *failure, enum exit_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
