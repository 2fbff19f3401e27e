// SPDX-License-Identifier: GPL-2.0
/* What became of a read, in words. */
#include "kernel/fate.h"

#include <stddef.h>

const char *fate_name(const struct dsn_event *event)
{
	if (event->fate == DSN_FATE_KILLED)
		return "killed";
	if (event->fate == DSN_FATE_REFUSED)
		return "refused";
	if (event->fate == DSN_FATE_STOPPED)
		return "stopped";
	switch (event->policy) {
	case DSN_SERIAL:
		return "serial";
	case DSN_PASS:
		return "passed";
	case DSN_HIDE:
		return "hidden";
	default:
		return "scrubbed";
	}
}

const char *fate_reason(const struct dsn_event *event)
{
	if (event->reason)
		return reason_text(event->reason);
	if (event->fate == DSN_FATE_REFUSED)
		return "io_uring, which could not be made safe";
	return NULL;
}

const char *reason_text(__u32 reason)
{
	switch (reason) {
	case DSN_REASON_WRITE:
		return "its buffer could not be written";
	case DSN_REASON_PLACE:
		return "config space could not be read";
	case DSN_REASON_MISSED:
		return "io_uring, or a call whose buffer cannot be found";
	case DSN_REASON_UNANSWERED:
		return "it has a serial in it, and nothing can be written over that here";
	case DSN_REASON_WHOLE:
		return "a whole read; 'load --whole-reads allow' lets it through";
	case DSN_REASON_WHOLE_PASSED:
		return "a whole read that got the real serial";
	default:
		return "unknown";
	}
}
