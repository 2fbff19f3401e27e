// SPDX-License-Identifier: GPL-2.0
/* The pins in bpffs: DSN_PIN_DIR, root's, mode 0700, locked while it changes; and a copy. */
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
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include "lib/file.h"
#include "lib/time.h"
#include "lib/util.h"

#define BPFFS "/sys/fs/bpf"
#define PIN_PATH_LEN 64

/* A load takes seconds on a slow machine; whoever has the lock for longer is stuck. */
#define PATIENCE_NS (30 * 1000000000ULL)
#define LOOK_AGAIN_US 50000

/* In bpffs, as /run may be another one in a container. */
#define MONITOR_DIR DSN_PIN_DIR "/monitoring"
#define WAIT_DIR DSN_PIN_DIR "/waiting"

/* The folders of pins. The first that has a pin counts. */
enum place { PLACE_PUBLIC, PLACE_COPY, PLACES };

static const char *const places[PLACES] = {
	[PLACE_PUBLIC] = DSN_PIN_DIR,
	[PLACE_COPY] = DSN_KEEP_DIR,
};

static void pin_path(char path[PIN_PATH_LEN], enum place place, const char *name,
		     const char *suffix)
{
	snprintf(path, PIN_PATH_LEN, "%s/%.30s%s", places[place], name, suffix);
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

/* The root of a bpffs is sticky, whatever its mode. */
static bool is_roots_alone(const struct stat *st)
{
	return !st->st_uid && (st->st_mode & 07777 & ~S_ISVTX) == 0700;
}

/*
 * Tests if a place is a folder that only root can have made and changed since. /sys/fs/bpf is
 * sticky or root's, and so is /run: such a folder is not exchanged by others afterwards.
 * Returns 0; -ENOENT if there is none; -EPERM with the reason if it is another's; or
 * another -errno if that cannot be told.
 */
static int check_place(enum place place, char reason[PINS_REASON])
{
	const char *path = places[place];
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (!S_ISDIR(st.st_mode))
		snprintf(reason, PINS_REASON, "%s: it is not a folder", path);
	else if (st.st_uid)
		snprintf(reason, PINS_REASON, "%s: it is user %u's, not root's", path,
			 st.st_uid);
	else if (!is_roots_alone(&st))
		snprintf(reason, PINS_REASON, "%s: its mode is %04o, not 0700", path,
			 st.st_mode & 07777);
	else if (!is_bpffs(path))
		snprintf(reason, PINS_REASON, "%s: it is not on a bpffs", path);
	else
		return 0;
	return -EPERM;
}

static bool is_ours(enum place place)
{
	char reason[PINS_REASON];

	return !check_place(place, reason);
}

/* Finds who has a lock on a file, as "process 12 (dsnctl)". */
static void find_holder(int fd, char who[64])
{
	_cleanup_(close_file) FILE *locks = fopen("/proc/locks", "re");
	unsigned int major, minor;
	char line[128], path[32];
	unsigned long inode;
	struct stat st;
	int pid;

	snprintf(who, 64, "another process");
	while (locks && !fstat(fd, &st) && fgets(line, sizeof(line), locks)) {
		if (sscanf(line, "%*s FLOCK %*s %*s %d %x:%x:%lu", &pid, &major, &minor,
			   &inode) != 4 ||
		    makedev(major, minor) != st.st_dev || inode != st.st_ino)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		if (file_read_line(path, line, sizeof(line)))
			snprintf(line, sizeof(line), "?");
		make_printable(line, sizeof(line));
		snprintf(who, 64, "process %d (%.16s)", pid, line);
		return;
	}
}

/* Waits for the lock. Returns 0, or -ETIMEDOUT, or another -errno. */
static int wait_for_lock(int fd, int operation)
{
	__u64 end = boot_time_ns() + PATIENCE_NS;

	while (flock(fd, operation | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (boot_time_ns() > end)
			return -ETIMEDOUT;
		usleep(LOOK_AGAIN_US);
	}
	return 0;
}

/* Refuses a folder that others could change. Returns 0 or -errno. */
static int check_public(enum pins_lock mode, struct failure *failure)
{
	char reason[PINS_REASON];
	int err = check_place(PLACE_PUBLIC, reason);

	if (!err)
		return 0;
	if (err != -EPERM) {
		failure_set(failure, EXIT_CANNOT_TELL,
			    "cannot tell what is loaded: %s: %s", DSN_PIN_DIR,
			    strerror(-err));
		return err;
	}
	failure_set(
		failure, EXIT_FAILED,
		"%s; dsnctl did not make it: remove it (rmdir %s), keep others out by '%s', then run 'dsnctl load'",
		reason, DSN_PIN_DIR, PINS_MOUNT);
	/* whoever made it, it holds no pins of ours */
	return mode == PINS_CREATE ? -EPERM : -ENOENT;
}

/* Returns 1 if it made the folder, 0 if there was one, or -errno. */
static int make_public(struct failure *failure)
{
	if (!pins_have_bpffs()) {
		failure_set(failure, EXIT_FAILED,
			    "no bpffs at %s: mount one (%s), then load", BPFFS,
			    PINS_MOUNT);
		return -ENODEV;
	}
	if (!mkdir(DSN_PIN_DIR, 0700))
		return 1;
	if (errno == EEXIST)
		return 0;
	failure_set(failure, EXIT_FAILED, "cannot make %s: %s", DSN_PIN_DIR,
		    strerror(errno));
	return -errno;
}

static int wait_in_words(int fd, enum pins_lock mode, struct failure *failure)
{
	int err = wait_for_lock(fd, mode == PINS_READ ? LOCK_SH : LOCK_EX);
	char who[64];

	if (err == -ETIMEDOUT) {
		find_holder(fd, who);
		failure_set(
			failure, EXIT_FAILED,
			"%s has had the lock of %s for %llu s: end it, then try again",
			who, DSN_PIN_DIR, PATIENCE_NS / 1000000000ULL);
	} else if (err) {
		failure_set(failure, EXIT_FAILED, "cannot lock %s: %s", DSN_PIN_DIR,
			    strerror(-err));
	}
	return err;
}

/* Opens and locks the folder. Returns an fd, -EAGAIN if it was removed, or -errno. */
static int try_lock(enum pins_lock mode, struct failure *failure)
{
	int fd = open(DSN_PIN_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), err;
	struct stat st;

	if (fd < 0) {
		err = -errno;
		failure_set(failure, EXIT_CANNOT_TELL,
			    "cannot tell what is loaded: cannot open %s: %s", DSN_PIN_DIR,
			    strerror(-err));
		return err;
	}
	err = wait_in_words(fd, mode, failure);
	if (!err && (fstat(fd, &st) || !st.st_nlink || access(DSN_PIN_DIR, F_OK)))
		err = -EAGAIN;
	if (!err)
		return fd;
	close(fd);
	return err;
}

int pins_lock(enum pins_lock mode, struct failure *failure)
{
	int fd, made = 0;

	/* an unload that was waited for has removed the folder */
	do {
		fd = mode == PINS_CREATE ? made = make_public(failure) : 0;
		if (fd >= 0)
			fd = check_public(mode, failure);
		if (fd < 0 && made > 0)
			rmdir(DSN_PIN_DIR);
		if (fd >= 0)
			fd = try_lock(mode, failure);
	} while (fd == -EAGAIN);
	return fd;
}

/* Makes, opens and locks a folder that is there to be locked. Returns an fd or -errno. */
static int lock_folder(const char *path, int operation)
{
	int fd, err;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || !flock(fd, operation))
		return fd < 0 ? -errno : fd;
	err = -errno;
	close(fd);
	return err;
}

int pins_lock_monitor(void)
{
	return lock_folder(MONITOR_DIR, LOCK_EX | LOCK_NB);
}

int pins_lock_wait(void)
{
	return lock_folder(WAIT_DIR, LOCK_EX);
}

static int open_at(enum place place, const char *name)
{
	char path[PIN_PATH_LEN], reason[PINS_REASON];
	int err = check_place(place, reason), fd;

	if (err)
		return err == -EPERM ? -ENOENT : err;
	pin_path(path, place, name, "");
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int pins_open(const char *name)
{
	int fd = open_at(PLACE_PUBLIC, name);

	return fd == -ENOENT ? open_at(PLACE_COPY, name) : fd;
}

int pins_open_copy(const char *name)
{
	return open_at(PLACE_COPY, name);
}

bool pins_are_public(void)
{
	char path[PIN_PATH_LEN];

	pin_path(path, PLACE_PUBLIC, PIN_STATE, "");
	return is_ours(PLACE_PUBLIC) && !access(path, F_OK);
}

int pins_make_copy(char reason[PINS_REASON])
{
	struct stat st;
	int err;

	if (mkdir(DSN_KEEP_DIR, 0700) && errno != EEXIST) {
		err = -errno;
		snprintf(reason, PINS_REASON, "cannot make it: %s", strerror(-err));
		return err;
	}
	/* without a mount, a folder of root's is all that is asked for */
	err = check_place(PLACE_COPY, reason);
	if (err != -EPERM || lstat(DSN_KEEP_DIR, &st) || !S_ISDIR(st.st_mode) ||
	    !is_roots_alone(&st))
		return err;
	*reason = '\0';
	if (!mount("bpf", DSN_KEEP_DIR, "bpf", 0, "mode=0700"))
		return 0;
	err = -errno;
	snprintf(reason, PINS_REASON, "cannot mount a bpffs there: %s", strerror(-err));
	rmdir(DSN_KEEP_DIR);
	return err;
}

static int put_at(enum place place, const char *name, const char *suffix, int fd)
{
	char path[PIN_PATH_LEN];

	pin_path(path, place, name, suffix);
	if (unlink(path) && errno != ENOENT)
		return -errno;
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int pins_prepare(const char *name, int fd)
{
	int err = put_at(PLACE_PUBLIC, name, "_new", fd);

	if (!err && is_ours(PLACE_COPY))
		put_at(PLACE_COPY, name, "_new", fd);
	return err;
}

static int commit_at(enum place place, const char *name)
{
	char path[PIN_PATH_LEN], target[PIN_PATH_LEN];

	pin_path(path, place, name, "_new");
	pin_path(target, place, name, "");
	return rename(path, target) ? -errno : 0;
}

int pins_commit(const char *name)
{
	int err = commit_at(PLACE_PUBLIC, name);

	if (!err && is_ours(PLACE_COPY))
		commit_at(PLACE_COPY, name);
	return err;
}

static int drop_at(enum place place, const char *name, const char *suffix)
{
	char path[PIN_PATH_LEN];

	pin_path(path, place, name, suffix);
	return is_ours(place) && unlink(path) && errno != ENOENT ? -errno : 0;
}

void pins_discard(const char *name)
{
	drop_at(PLACE_PUBLIC, name, "_new");
	drop_at(PLACE_COPY, name, "_new");
}

int pins_put(const char *name, int fd)
{
	int err = pins_prepare(name, fd);

	return err ? err : pins_commit(name);
}

int pins_drop(const char *name)
{
	int err = drop_at(PLACE_PUBLIC, name, "");

	if (!err)
		drop_at(PLACE_COPY, name, "");
	return err;
}

static void close_folder(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Kept programs are pinned as this, when a process began to keep some, and their id. */
#define KEPT "kept_"

static bool is_kept(const char *name)
{
	return !strncmp(name, KEPT, strlen(KEPT));
}

/* Gets the id of a program. Returns 0 or -errno. */
static int identify(int program, __u32 *id)
{
	struct bpf_prog_info info = {};
	__u32 length = sizeof(info);

	if (bpf_obj_get_info_by_fd(program, &info, &length))
		return -errno;
	*id = info.id;
	return 0;
}

int pins_keep(int program)
{
	static __u64 began;
	char name[PIN_NAME_LEN];
	__u32 id;
	int err = identify(program, &id);

	if (err)
		return err;
	/* ids of processes repeat, as among containers */
	if (!began)
		began = boot_time_ns();
	snprintf(name, sizeof(name), KEPT "%llx_%u", began, id);
	return put_at(PLACE_PUBLIC, name, "", program);
}

/* Adds the program that is pinned under this name, if one is. */
static void list_one(struct kept *kept, const char *name)
{
	struct kept_program *one = &kept->of[kept->count];

	if (!is_kept(name) || strlen(name) >= PIN_NAME_LEN)
		return;
	one->fd = open_at(PLACE_PUBLIC, name);
	if (one->fd >= 0 && !identify(one->fd, &one->id)) {
		strcpy(one->name, name);
		kept->count++;
	} else {
		close_fd(&one->fd);
	}
}

void pins_list_kept(struct kept *kept)
{
	_cleanup_(close_folder) DIR *dir = NULL;
	struct dirent *entry;

	kept->count = 0;
	dir = is_ours(PLACE_PUBLIC) ? opendir(places[PLACE_PUBLIC]) : NULL;
	while (dir && kept->count < PINS_KEPT && (entry = readdir(dir)))
		list_one(kept, entry->d_name);
}

void pins_drop_kept(struct kept *kept, __u32 id)
{
	size_t i;

	for (i = kept->count; i-- > 0;) {
		if (kept->of[i].id != id)
			continue;
		drop_at(PLACE_PUBLIC, kept->of[i].name, "");
		close(kept->of[i].fd);
		kept->of[i] = kept->of[--kept->count];
	}
}

void pins_close_kept(struct kept *kept)
{
	while (kept->count)
		close(kept->of[--kept->count].fd);
}

/* A pin that is to go, and an fd that holds its object until all have gone. */
struct held {
	enum place place;
	char name[PIN_NAME_LEN];
	int fd;
	size_t rank; /* in which order it goes */
};

#define MAX_HELD 128

struct held_pins {
	struct held of[MAX_HELD];
	size_t count;
};

static void close_held(struct held_pins *held)
{
	while (held->count)
		close(held->of[--held->count].fd);
}

static int cannot_open(struct failure *failure, enum place place, const char *name)
{
	return failure_set(failure, EXIT_CANNOT_TELL,
			   "cannot open %s/%s: %s; nothing was changed", places[place],
			   name, strerror(errno));
}

static size_t rank_of(const char *name, const char *const first[], size_t count)
{
	size_t i;

	for (i = 0; i < count && strcmp(name, first[i]); i++)
		;
	return i;
}

/* Opens the pins of one place. Returns an exit status. */
static int hold_place(enum place place, const char *const first[], size_t count,
		      struct held_pins *held, struct failure *failure)
{
	_cleanup_(close_folder) DIR *dir = NULL;
	char path[PIN_PATH_LEN];
	struct dirent *entry;

	if (!is_ours(place))
		return EXIT_DONE;
	dir = opendir(places[place]);
	if (!dir)
		return cannot_open(failure, place, "");
	while ((entry = readdir(dir))) {
		struct held *one = &held->of[held->count];

		if (entry->d_name[0] == '.' || entry->d_type == DT_DIR ||
		    is_kept(entry->d_name))
			continue;
		if (held->count == MAX_HELD || strlen(entry->d_name) >= PIN_NAME_LEN) {
			errno = E2BIG;
			return cannot_open(failure, place, entry->d_name);
		}
		pin_path(path, place, entry->d_name, "");
		one->fd = bpf_obj_get(path);
		if (one->fd < 0)
			return cannot_open(failure, place, entry->d_name);
		one->place = place;
		strcpy(one->name, entry->d_name);
		one->rank = rank_of(one->name, first, count);
		held->count++;
	}
	return EXIT_DONE;
}

static int compare_ranks(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return (x->rank > y->rank) - (x->rank < y->rank);
}

/* Pins what was dropped again; its objects were held. Returns an exit status. */
static int put_back(const struct held *dropped, size_t count, struct failure *failure)
{
	char path[PIN_PATH_LEN];

	while (count--) {
		pin_path(path, dropped[count].place, dropped[count].name, "");
		if (bpf_obj_pin(dropped[count].fd, path))
			return failure_set(
				failure, EXIT_FAILED,
				"cannot put %s back after another could not be dropped: %s; run 'dsnctl load'",
				path, strerror(errno));
	}
	return failure->status;
}

int pins_drop_all(const char *const first[], size_t count, struct failure *failure)
{
	_cleanup_(close_held) struct held_pins held = {};
	char path[PIN_PATH_LEN];
	enum place place;
	size_t i;
	int status = EXIT_DONE;

	for (place = 0; !status && place < PLACES; place++)
		status = hold_place(place, first, count, &held, failure);
	if (status)
		return status;
	qsort(held.of, held.count, sizeof(*held.of), compare_ranks);
	for (i = 0; i < held.count; i++) {
		pin_path(path, held.of[i].place, held.of[i].name, "");
		if (!unlink(path))
			continue;
		failure_set(failure, EXIT_FAILED,
			    "cannot drop %s: %s; nothing was changed", path,
			    strerror(errno));
		return put_back(held.of, i, failure);
	}
	return EXIT_DONE;
}

static bool is_empty(const char *path)
{
	_cleanup_(close_folder) DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			return false;
	return dir;
}

void pins_remove_empty(void)
{
	if (is_ours(PLACE_COPY) && is_empty(DSN_KEEP_DIR) &&
	    !umount2(DSN_KEEP_DIR, MNT_DETACH))
		rmdir(DSN_KEEP_DIR);
	if (!is_ours(PLACE_PUBLIC))
		return;
	rmdir(MONITOR_DIR);
	rmdir(WAIT_DIR);
	rmdir(DSN_PIN_DIR);
}
