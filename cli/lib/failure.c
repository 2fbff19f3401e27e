// SPDX-License-Identifier: GPL-2.0
/* The reason why something failed, for the command file to print. */
#include "lib/failure.h"

#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *failure, enum exit_status status, const char *format, ...)
{
	va_list args;

	failure->status = status;
	va_start(args, format);
	vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	return status;
}
