// SPDX-License-Identifier: GPL-2.0
/* The pins in bpffs: DSN_PIN_DIR, mode 0700, locked while it changes; and a copy. */
#include "kernel/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "lib/exit.h"
#include "lib/message.h"
#include "lib/util.h"

#define BPFFS "/sys/fs/bpf"
#define PIN_PATH_LEN 64

/*
 * The folders of pins: the public one, and one in a bpffs of our own, so that the
 * programs stay in force if the shared bpffs is wiped or unmounted. The first that has a
 * pin counts.
 */
static const char *const places[] = { DSN_PIN_DIR, DSN_KEEP_DIR };

#define for_each_place(i) for (i = 0; i < ARRAY_SIZE(places); i++)

static void pin_path(char path[PIN_PATH_LEN], size_t place, const char *name,
		     const char *suffix)
{
	snprintf(path, PIN_PATH_LEN, "%s/%s%s", places[place], name, suffix);
}

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && fs.f_type == BPF_FS_MAGIC;
}

bool pins_have_bpffs(void)
{
	return is_bpffs(BPFFS);
}

/* Mounts the bpffs of our own. Returns 0 or -errno. */
static int keep(void)
{
	if (mkdir(DSN_KEEP_DIR, 0700) && errno != EEXIST)
		return -errno;
	if (is_bpffs(DSN_KEEP_DIR))
		return 0;
	return mount("bpf", DSN_KEEP_DIR, "bpf", 0, "mode=0700") ? -errno : 0;
}

int pins_lock(bool create)
{
	struct stat st;
	int fd;

	if (geteuid()) {
		say_error("this needs root: the policy is in %s, which is root's",
			  DSN_PIN_DIR);
		return -EPERM;
	}
	if (!pins_have_bpffs()) {
		say_error("no bpffs at %s: mount one (mount -t bpf bpf %s), then load",
			  BPFFS, BPFFS);
		return -ENODEV;
	}
	if (create && mkdir(DSN_PIN_DIR, 0700) && errno != EEXIST) {
		fd = -errno;
		say_error("cannot make %s: %s", DSN_PIN_DIR, strerror(errno));
		return fd;
	}
	fd = create ? keep() : 0;
	if (fd) {
		say_error("cannot mount a bpffs at %s: %s", DSN_KEEP_DIR, strerror(-fd));
		return fd;
	}
	fd = open(DSN_PIN_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		fd = -errno;
		if (fd == -ENOENT)
			say_error("not loaded: there is no %s; run 'dsnctl load' first",
				  DSN_PIN_DIR);
		else
			say_error("cannot open %s: %s", DSN_PIN_DIR, strerror(errno));
		return fd;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		say_error("waiting for another dsnctl to finish");
		if (flock(fd, LOCK_EX)) {
			say_error("cannot lock %s: %s", DSN_PIN_DIR, strerror(errno));
			close(fd);
			return -EIO;
		}
	}
	/* an unload that we waited for has taken the folder with it */
	if (fstat(fd, &st) || !st.st_nlink || access(DSN_PIN_DIR, F_OK)) {
		close(fd);
		if (create)
			return pins_lock(create);
		say_error(
			"not loaded: another dsnctl has just unloaded; run 'dsnctl load' first");
		return -ENOENT;
	}
	if (create && chmod(DSN_PIN_DIR, 0700)) {
		say_error("cannot set the mode of %s: %s", DSN_PIN_DIR, strerror(errno));
		close(fd);
		return -EIO;
	}
	return fd;
}

int pins_open(const char *name)
{
	char path[PIN_PATH_LEN];
	int fd = -1;
	size_t i;

	for_each_place(i) {
		pin_path(path, i, name, "");
		fd = bpf_obj_get(path);
		if (fd >= 0 || errno != ENOENT)
			break;
	}
	return fd < 0 ? -errno : fd;
}

bool pins_are_public(void)
{
	char path[PIN_PATH_LEN];

	pin_path(path, 0, PIN_STATE, "");
	return !access(path, F_OK);
}

int pins_prepare(const char *name, int fd)
{
	char path[PIN_PATH_LEN];
	size_t i;

	for_each_place(i) {
		pin_path(path, i, name, "_new");
		if (unlink(path) && errno != ENOENT)
			return -errno;
		if (bpf_obj_pin(fd, path))
			return -errno;
	}
	return 0;
}

int pins_commit(const char *name)
{
	char path[PIN_PATH_LEN], target[PIN_PATH_LEN];
	size_t i;

	for_each_place(i) {
		pin_path(path, i, name, "_new");
		pin_path(target, i, name, "");
		if (rename(path, target))
			return -errno;
	}
	return 0;
}

void pins_discard(const char *name)
{
	char path[PIN_PATH_LEN];
	size_t i;

	for_each_place(i) {
		pin_path(path, i, name, "_new");
		unlink(path);
	}
}

int pins_put(const char *name, int fd)
{
	int err = pins_prepare(name, fd);

	return err ? err : pins_commit(name);
}

int pins_drop(const char *name)
{
	char path[PIN_PATH_LEN];
	size_t i;

	for_each_place(i) {
		pin_path(path, i, name, "");
		if (unlink(path) && errno != ENOENT)
			return -errno;
	}
	return 0;
}

static void close_folder(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

static int empty_folder(const char *path)
{
	_cleanup_(close_folder) DIR *dir = opendir(path);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && unlinkat(dirfd(dir), entry->d_name, 0))
			err = -errno;
	return err;
}

int pins_drop_all(void)
{
	int err = 0, one;
	size_t i;

	for_each_place(i) {
		one = empty_folder(places[i]);
		err = err ? err : one;
	}
	if (is_bpffs(DSN_KEEP_DIR) && umount2(DSN_KEEP_DIR, MNT_DETACH))
		err = err ? err : -errno;
	for_each_place(i)
		if (!err && rmdir(places[i]) && errno != ENOENT)
			err = -errno;
	return err;
}

/* Reports maps of another version, which only that version can change, and the remedy. */
void pins_say_other_layout(__u32 layout)
{
	bool is_former = layout >= DSN_LAYOUT_RULES && layout < DSN_LAYOUT;

	say_error(
		"%s holds maps of another version of dsnctl (layout %u, this one has %u): keep its rules by 'dsnctl save'%s, then, while no guest runs, 'dsnctl unload', 'dsnctl load' and 'dsnctl apply' of that file",
		DSN_PIN_DIR, layout, DSN_LAYOUT, is_former ? "" : " of that version");
}

/* Opens a map if the layout is between `oldest` and this version's. */
static int open_map(const char *name, __u32 oldest, int *status)
{
	_cleanup_(close_fd) int state = -1;
	struct dsn_state value = {};
	__u32 zero = 0;
	int fd;

	*status = EXIT_FAILED;
	if (geteuid()) {
		say_error("this needs root: the policy is in %s, which is root's",
			  DSN_PIN_DIR);
		return -1;
	}
	state = pins_open(PIN_STATE);
	if (state == -ENOENT || state == -ENOTDIR) {
		*status = EXIT_UNPROTECTED;
		say_error("not loaded: there is no %s/%s; run 'dsnctl load' first",
			  DSN_PIN_DIR, PIN_STATE);
		return -1;
	}
	if (state < 0) {
		say_error("cannot open %s/%s: %s", DSN_PIN_DIR, PIN_STATE,
			  strerror(-state));
		return -1;
	}
	if (bpf_map_lookup_elem(state, &zero, &value) || value.layout < oldest ||
	    value.layout > DSN_LAYOUT) {
		pins_say_other_layout(value.layout);
		return -1;
	}
	fd = pins_open(name);
	if (fd < 0)
		say_error("cannot open %s/%s: %s; 'dsnctl load' puts it back",
			  DSN_PIN_DIR, name, strerror(-fd));
	return fd < 0 ? -1 : fd;
}

int pins_map(const char *name, int *status)
{
	return open_map(name, DSN_LAYOUT, status);
}

int pins_rulesets(int *status)
{
	return open_map(PIN_RULESETS, DSN_LAYOUT_RULES, status);
}
