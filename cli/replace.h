/* SPDX-License-Identifier: GPL-2.0 */
/* A file replaced as a whole: a reader sees the old one or the new one, never a part. */
#ifndef DSNCTL_REPLACE_H
#define DSNCTL_REPLACE_H

#include <stddef.h>

/* Mode 0644, on the disk before it has its name. Returns 0 or -errno. */
int replace_file(const char *path, const char *text, size_t length);

#endif
