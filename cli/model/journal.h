/* SPDX-License-Identifier: GPL-2.0 */
/* Audit trail: logs every change of the rules to the systemd journal. */
#ifndef DSNCTL_JOURNAL_H
#define DSNCTL_JOURNAL_H

#include "model/ruleset.h"

/* Logs a `load` or `unload` with its result. Warns if the journal does not accept it. */
void journal_event(const char *action, const char *text);

/* Logs a repair of a process, with the functions whose reads stopped it. Warns too. */
void journal_repair(int priority, unsigned int pid, const char *functions,
		    const char *text);

/*
 * Logs the changes that `action`, a command, has put in force, for a VM if `vm` names one.
 * Warns too.
 */
void journal_changes(const char *action, const char *vm, const struct ruleset_diff *diff);

#endif
