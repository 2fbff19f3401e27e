/* SPDX-License-Identifier: GPL-2.0 */
/* The configuration files: one rule a line, later files before earlier ones. */
#ifndef DSNCTL_CONFIG_H
#define DSNCTL_CONFIG_H

#include <stddef.h>
#include "model/entry.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

#define CONFIG_FILE SYSCONFDIR "/dsnctl.conf"
#define CONFIG_DIR SYSCONFDIR "/dsnctl.d"

struct config_entry {
	struct entry rule;
	unsigned int file; /* index into `files` */
	unsigned int line; /* from 1 */
};

/* Sorted by bdf_compare() of the keys, each key once. */
struct config {
	struct config_entry *entries;
	size_t count;
	char **files;
	size_t file_count;
};

void config_free(struct config *config);

/*
 * Reads these files, "-" being standard input; with none, CONFIG_FILE and then
 * CONFIG_DIR/ *.conf by name, as far as they are there. Says what is wrong with every
 * bad line, as FILE:LINE: reason. Returns false where anything was.
 */
bool config_read(char *const files[], size_t count, struct config *config);

/* Returns the entry of exactly this key, or NULL. */
const struct config_entry *config_find(const struct config *config,
				       const struct dsn_key *key);

#endif
