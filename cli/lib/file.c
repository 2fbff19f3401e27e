// SPDX-License-Identifier: GPL-2.0
/* Files that are replaced as a whole, and files of one line. */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/util.h"

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t done;

	while (length) {
		done = write(fd, text, length);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		text += done;
		length -= done;
	}
	return fchmod(fd, 0644) || fsync(fd) ? -errno : 0;
}

int file_replace(const char *path, const char *text, size_t length)
{
	char temporary[PATH_MAX];
	int fd, err;

	/* in the same folder, with a name that no collector reads */
	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >=
	    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text, length);
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	return err;
}

int file_read_line(const char *path, char *line, size_t size)
{
	_cleanup_(close_file) FILE *file = fopen(path, "re");

	if (!file)
		return -errno;
	if (!fgets(line, size, file))
		return -ENODATA;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}
