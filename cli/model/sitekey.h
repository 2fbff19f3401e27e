/* SPDX-License-Identifier: GPL-2.0 */
/* The file of the site's key, which goes into every derived serial. */
#ifndef DSNCTL_SITEKEY_H
#define DSNCTL_SITEKEY_H

#include <stdbool.h>
#include <sys/stat.h>
#include "model/derive.h"

#ifndef SYSCONFDIR
#define SYSCONFDIR "/etc"
#endif

#define SITE_KEY_FILE SYSCONFDIR "/dsnctl.key"
/* a key that something puts there at boot; it counts before the file */
#define SITE_KEY_RUN "/run/dsnctl.key"
#define SITE_KEY_ERROR 256

/*
 * Reads the key; if there is no such file the key is empty. Returns false if there is one
 * that is not to be used, with file, cause and next step in `error`.
 */
bool site_key_read(const char *path, struct site_key *key, char error[SITE_KEY_ERROR]);

/* Reads SITE_KEY_RUN if it is there, else SITE_KEY_FILE, as above. */
bool site_key_find(struct site_key *key, char error[SITE_KEY_ERROR]);

#define KEY_ID_LEN sizeof("4d718762") /* and room for "unusable" */

/* Writes the key's id, or "none". */
void site_key_format_id(const struct site_key *key, char text[KEY_ID_LEN]);

/* Return what is wrong with such a file, or with its content; NULL if nothing is. */
const char *site_key_file_fault(const struct stat *st);
const char *site_key_parse(const char *text, size_t length, struct site_key *key);

#endif
