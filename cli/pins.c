// SPDX-License-Identifier: GPL-2.0
/* What dsnctl keeps in bpffs: DSN_PIN_DIR, mode 0700, locked while it changes. */
#include "pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "command.h"
#include "util.h"

#define BPFFS "/sys/fs/bpf"
#define PIN_PATH_LEN 64

static void pin_path(char path[PIN_PATH_LEN], const char *name, const char *suffix)
{
	snprintf(path, PIN_PATH_LEN, "%s/%s%s", DSN_PIN_DIR, name, suffix);
}

int pins_lock(bool create)
{
	struct statfs fs;
	struct stat st;
	int fd;

	if (geteuid()) {
		warnx("this needs root: the policy is in %s, which is root's",
		      DSN_PIN_DIR);
		return -EPERM;
	}
	if (statfs(BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC) {
		warnx("no bpffs at %s: mount one (mount -t bpf bpf %s), then load", BPFFS,
		      BPFFS);
		return -ENODEV;
	}
	if (create && mkdir(DSN_PIN_DIR, 0700) && errno != EEXIST) {
		fd = -errno;
		warn("cannot make %s", DSN_PIN_DIR);
		return fd;
	}
	fd = open(DSN_PIN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fd = -errno;
		if (fd == -ENOENT)
			warnx("not loaded: there is no %s; run 'dsnctl load' first",
			      DSN_PIN_DIR);
		else
			warn("cannot open %s", DSN_PIN_DIR);
		return fd;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		warnx("waiting for another dsnctl to finish");
		if (flock(fd, LOCK_EX)) {
			warn("cannot lock %s", DSN_PIN_DIR);
			close(fd);
			return -EIO;
		}
	}
	/* an unload that we waited for has taken the folder with it */
	if (fstat(fd, &st) || !st.st_nlink || access(DSN_PIN_DIR, F_OK)) {
		close(fd);
		if (create)
			return pins_lock(create);
		warnx("not loaded: another dsnctl has just unloaded; run 'dsnctl load' first");
		return -ENOENT;
	}
	if (create && chmod(DSN_PIN_DIR, 0700)) {
		warn("cannot set the mode of %s", DSN_PIN_DIR);
		close(fd);
		return -EIO;
	}
	return fd;
}

int pins_open(const char *name)
{
	char path[PIN_PATH_LEN];
	int fd;

	pin_path(path, name, "");
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int pins_put(const char *name, int fd)
{
	char path[PIN_PATH_LEN], fresh[PIN_PATH_LEN];

	pin_path(path, name, "");
	pin_path(fresh, name, "_new");
	if (unlink(fresh) && errno != ENOENT)
		return -errno;
	if (bpf_obj_pin(fd, fresh))
		return -errno;
	return rename(fresh, path) ? -errno : 0;
}

int pins_drop(const char *name)
{
	char path[PIN_PATH_LEN];

	pin_path(path, name, "");
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

static void close_folder(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int pins_drop_all(void)
{
	_cleanup_(close_folder) DIR *dir = opendir(DSN_PIN_DIR);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0))
			err = -errno;
	if (!err && rmdir(DSN_PIN_DIR))
		err = -errno;
	return err;
}

int pins_map(const char *name, int *status)
{
	_cleanup_(close_fd) int state = -1;
	struct dsn_state value = {};
	__u32 zero = 0;
	int fd;

	*status = EXIT_FAILED;
	if (geteuid()) {
		warnx("this needs root: the policy is in %s, which is root's",
		      DSN_PIN_DIR);
		return -1;
	}
	state = pins_open(PIN_STATE);
	if (state == -ENOENT) {
		*status = EXIT_UNPROTECTED;
		warnx("not loaded: there is no %s/%s; run 'dsnctl load' first",
		      DSN_PIN_DIR, PIN_STATE);
		return -1;
	}
	if (state < 0) {
		warnx("cannot open %s/%s: %s", DSN_PIN_DIR, PIN_STATE, strerror(-state));
		return -1;
	}
	if (bpf_map_lookup_elem(state, &zero, &value) || value.layout != DSN_LAYOUT) {
		warnx("%s holds maps of another version of dsnctl (layout %u, this one has %u): use that version, or 'dsnctl unload' and 'dsnctl load' while no guest runs",
		      DSN_PIN_DIR, value.layout, DSN_LAYOUT);
		return -1;
	}
	fd = pins_open(name);
	if (fd < 0)
		warnx("cannot open %s/%s: %s; 'dsnctl load' puts it back", DSN_PIN_DIR,
		      name, strerror(-fd));
	return fd < 0 ? -1 : fd;
}
