/* SPDX-License-Identifier: GPL-2.0 */
/* Files that are replaced as a whole, and files of one line. */
#ifndef DSNCTL_FILE_H
#define DSNCTL_FILE_H

#include <stddef.h>

/*
 * Replaces a file: a reader sees the old one or the new one, never a part. It gets mode
 * 0644, and is on the disk before it gets its name. Returns 0 or -errno.
 */
int file_replace(const char *path, const char *text, size_t length);

/* Reads the first line of a small file, cut to `size`. Returns 0 or -errno. */
int file_read_line(const char *path, char *line, size_t size);

#endif
