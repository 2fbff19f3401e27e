/* SPDX-License-Identifier: GPL-2.0 */
/* Audit trail: logs every change of the rules to the systemd journal. */
#ifndef DSNCTL_JOURNAL_H
#define DSNCTL_JOURNAL_H

#include "model/ruleset.h"

/* All return 0, or -errno if the journal did not accept an entry. */

/* Logs a `load` or `unload` with its result, or a claim that is taken over. */
int journal_event(const char *action, const char *text);

/* Logs a repair of a process, with the functions whose reads stopped it. */
int journal_repair(int priority, unsigned int pid, const char *functions,
		   const char *text);

/*
 * Logs the changes that `action`, a command, has put in force, for a VM if `vm` names one.
 */
int journal_changes(const char *action, const char *vm, const struct ruleset_diff *diff);

#endif
