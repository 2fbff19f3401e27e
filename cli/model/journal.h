/* SPDX-License-Identifier: GPL-2.0 */
/* The audit trail: every change of policy, to the systemd journal. */
#ifndef DSNCTL_JOURNAL_H
#define DSNCTL_JOURNAL_H

#include "model/ruleset.h"

/* `load` or `unload`, with what became of it. Warns where the journal does not take it. */
void journal_event(const char *action, const char *text);

/* Logs a repair of a process, with the functions whose reads stopped it. As above. */
void journal_repair(int priority, unsigned int pid, const char *functions,
		    const char *text);

/* The changes that `action` (a command) has put in force. As above. */
void journal_changes(const char *action, const struct ruleset_diff *diff);

#endif
