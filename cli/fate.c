// SPDX-License-Identifier: GPL-2.0
/* What became of a read, in words. */
#include "fate.h"

#include <stddef.h>

const char *fate_name(const struct dsn_event *event)
{
	if (event->fate == DSN_FATE_KILLED)
		return "killed";
	if (event->fate == DSN_FATE_REFUSED)
		return "refused";
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
	if (event->fate == DSN_FATE_KILLED)
		return reason_text(event->reason);
	if (event->fate == DSN_FATE_REFUSED)
		return "the guard could not have repaired it";
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
		return "missed by the hook, and cannot be repaired";
	default:
		return "unknown";
	}
}
