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
#define SITE_KEY_ERROR 256

/*
 * Reads the key; if there is no such file the key is empty. Returns false if there is one
 * that is not to be used, with file, cause and next step in `error`.
 */
bool site_key_read(const char *path, struct site_key *key, char error[SITE_KEY_ERROR]);

/* Return what is wrong with such a file, or with its content; NULL if nothing is. */
const char *site_key_file_fault(const struct stat *st);
const char *site_key_parse(const char *text, size_t length, struct site_key *key);

#endif
