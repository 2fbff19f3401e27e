/* SPDX-License-Identifier: GPL-2.0 */
/* The configuration files: read in order, and the one that `set --save` writes for a key. */
#ifndef DSNCTL_CONFIG_H
#define DSNCTL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include "model/rule.h"
#include "model/sitekey.h"
#include "model/vm.h"
#include "lib/failure.h"

#define CONFIG_FILE SYSCONFDIR "/dsnctl.conf"
#define CONFIG_DIR SYSCONFDIR "/dsnctl.d"

struct config_entry {
	struct rule rule;
	unsigned int file; /* index into `files` */
	unsigned int line; /* from 1 */
};

struct config_fault {
	char *text; /* FILE:LINE: fault */
	bool is_warning;
};

/* Sorted by key_compare() of the keys, each key once. */
struct config {
	struct config_entry *entries;
	size_t count;
	size_t lines;	     /* of all files, those that are not blank */
	struct vm_lines vms; /* those for VMs, in no order; each VM and device once */
	char **files;
	size_t file_count;
	struct config_fault *faults; /* in the order in which they were found */
	size_t fault_count;
	struct site_key key; /* for serials that are derived */
	enum { KEY_UNREAD, KEY_READ, KEY_UNUSABLE } key_state;
	char key_id[KEY_ID_LEN]; /* that a `key` line wants; empty if there is none */
	unsigned int key_file, key_line;
};

void config_free(struct config *config);

/*
 * Reads these files, "-" being standard input; with none, CONFIG_FILE and then
 * CONFIG_DIR/ *.conf by name, if they are there. Collects the fault of every bad line, and
 * warnings. Returns false if there is a fault that is no warning.
 */
bool config_read(char *const files[], size_t count, struct config *config);

/*
 * Reads the site's key. Returns false, with the error, if it is not to be used, or if the
 * default files have a `key` line that wants another one.
 */
bool config_site_key(struct site_key *key, char error[SITE_KEY_ERROR]);

/* Formats a fault for the operator. */
const char *config_fault_text(const struct config_fault *fault);

/* Returns the first fault that is no warning, after config_read() has failed. */
const char *config_first_error(const struct config *config);

/* Returns the entry of exactly this key, or NULL. */
const struct config_entry *config_find(const struct config *config,
				       const struct dsn_key *key);

struct config_file {
	struct dsn_key key;
	const struct rule *rule; /* NULL: the file is removed */
	char *path;
	char *temporary; /* written, not yet in place */
};

/*
 * Write the file beside its place, then move it there, so that a crash leaves the old one
 * or the new one. Both return an exit status, and fill in the failure if it is not 0.
 */
int config_file_prepare(struct config_file *file, const struct dsn_key *key,
			const struct rule *rule, struct failure *failure);
int config_file_commit(struct config_file *file, struct failure *failure);

/* Returns true, and the reason, if the next `apply` will not do what was saved. */
bool config_file_overruled(const struct config_file *file, struct failure *failure);

/* Removes what was prepared and not committed. */
void config_file_free(struct config_file *file);

#endif
