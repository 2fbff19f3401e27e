// SPDX-License-Identifier: GPL-2.0
/*
 * Audit trail: logs every change of the rules to the systemd journal. An entry has
 * DSNCTL_ACTION, DSNCTL_USER, and for a rule DSNCTL_TARGET, DSNCTL_OLD and DSNCTL_NEW.
 * Very many changes become one entry with DSNCTL_CHANGES, a line each. A repair has
 * DSNCTL_PID, and in DSNCTL_TARGET the functions, separated by commas. The journal itself
 * adds _PID, _UID, _AUDIT_LOGINUID and more, which cannot be forged.
 */
#include "model/journal.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-journal.h>
#include "model/rule.h"
#include "lib/util.h"

/* MESSAGE_IDs of entries about policy, about load and unload, and about repairs. */
#define ID_CHANGE "MESSAGE_ID=6f3d2f5b8c0e4a5f9d3b7b1e0a4c52d1"
#define ID_EVENT "MESSAGE_ID=b58c1c0de0d94c2c8a7f7d4c5f9e63a2"
#define ID_REPAIR "MESSAGE_ID=a9a60e457f0b4d1fb141c457d251540f"

/* More changes than this become one entry: journald drops entries that come too fast. */
#define MAX_ENTRIES 100

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* Returns the user that ran sudo, the one that logged in, or the one this runs as. */
static const char *user_name(void)
{
	_cleanup_(close_file) FILE *file = fopen("/proc/self/loginuid", "re");
	const char *name = getenv("SUDO_USER");
	unsigned int uid;
	struct passwd *entry;

	if (name && *name)
		return name;
	if (!file || fscanf(file, "%u", &uid) != 1 || uid == (uid_t)-1)
		uid = getuid();
	entry = getpwuid(uid);
	return entry ? entry->pw_name : "?";
}

int journal_event(const char *action, const char *text)
{
	return sd_journal_send("MESSAGE=%s: %s", action, text, ID_EVENT, "PRIORITY=%d",
			       LOG_NOTICE, "DSNCTL_ACTION=%s", action, "DSNCTL_USER=%s",
			       user_name(), NULL);
}

int journal_repair(int priority, unsigned int pid, const char *functions,
		   const char *text)
{
	return sd_journal_send("MESSAGE=repair: %s", text, ID_REPAIR, "PRIORITY=%d",
			       priority, "DSNCTL_ACTION=repair", "DSNCTL_USER=%s",
			       user_name(), "DSNCTL_TARGET=%s", functions,
			       "DSNCTL_PID=%u", pid, NULL);
}

static char *format_rule(const struct dsn_rule *rule, char text[VALUE_LEN])
{
	return rule ? rule_format_value(rule, text) : stpcpy(text, "none");
}

static int one_change(const char *action, const char *vm,
		      const struct ruleset_change *change)
{
	char target[KEY_LEN], was[VALUE_LEN], is[VALUE_LEN];

	key_format(change->key, target);
	format_rule(change->was, was);
	format_rule(change->is, is);
	return sd_journal_send("MESSAGE=%s: %s%s%s: %s (was %s)", action, vm ? vm : "",
			       vm ? ": " : "", target, is, was, ID_CHANGE, "PRIORITY=%d",
			       LOG_NOTICE, "DSNCTL_ACTION=%s", action, "DSNCTL_USER=%s",
			       user_name(), "DSNCTL_TARGET=%s", target, "DSNCTL_OLD=%s",
			       was, "DSNCTL_NEW=%s", is, vm ? "DSNCTL_VM=%s" : NULL, vm,
			       NULL);
}

#define LINE_LEN (KEY_LEN + 2 * VALUE_LEN + sizeof(":  (was )\n"))

/* Returns its end. */
static char *put_line(const struct ruleset_change *change, char *text)
{
	text = stpcpy(key_format(change->key, text), ": ");
	text = stpcpy(format_rule(change->is, text), " (was ");
	return stpcpy(format_rule(change->was, text), ")\n");
}

static struct iovec field(char *text, size_t length)
{
	return (struct iovec){ text, length };
}

/* Sends the list without the copies that sd_journal_send() would make. */
static int many_changes(const char *action, const struct ruleset_diff *diff)
{
	static char id[] = ID_CHANGE, name[] = "DSNCTL_CHANGES=";
	_cleanup_(free_ptr) char *text = malloc(sizeof(name) + diff->count * LINE_LEN);
	char words[4][96], *end;
	struct iovec fields[6];
	size_t i;

	if (!text)
		return -ENOMEM;
	end = stpcpy(text, name);
	for (i = 0; i < diff->count; i++)
		end = put_line(&diff->changes[i], end);
	snprintf(words[0], sizeof(words[0]), "MESSAGE=%s: %zu rules changed", action,
		 diff->count);
	snprintf(words[1], sizeof(words[1]), "PRIORITY=%d", LOG_NOTICE);
	snprintf(words[2], sizeof(words[2]), "DSNCTL_ACTION=%s", action);
	snprintf(words[3], sizeof(words[3]), "DSNCTL_USER=%s", user_name());
	for (i = 0; i < ARRAY_SIZE(words); i++)
		fields[i] = field(words[i], strlen(words[i]));
	fields[i++] = field(id, strlen(id));
	fields[i++] = field(text, end - text);
	return sd_journal_sendv(fields, i);
}

int journal_changes(const char *action, const char *vm, const struct ruleset_diff *diff)
{
	int err = 0, one;
	size_t i;

	/* without journald, sd_journal_send() accepts every entry and drops it */
	if (access(JOURNAL_SOCKET, F_OK))
		return 0;
	if (diff->count > MAX_ENTRIES)
		return many_changes(action, diff);
	for (i = 0; i < diff->count; i++) {
		one = one_change(action, vm, &diff->changes[i]);
		err = err ? err : one;
	}
	return err;
}
