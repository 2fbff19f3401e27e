/* SPDX-License-Identifier: GPL-2.0 */
/* What became of a read, in words. */
#ifndef DSNCTL_FATE_H
#define DSNCTL_FATE_H

#include "dsn_contract.h"

/* "scrubbed", "serial", "hidden", "passed", "killed", "refused". */
const char *fate_name(const struct dsn_event *event);

/* Why it was not answered, or NULL where it was. */
const char *fate_reason(const struct dsn_event *event);

/* Why a reader was killed; any number will do. */
const char *reason_text(__u32 reason);

#endif
