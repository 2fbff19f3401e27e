// SPDX-License-Identifier: GPL-2.0
/* The file that `set --save` writes for one target, below CONFIG_DIR. */
#include "model/saved.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/exit.h"
#include "model/config.h"
#include "lib/message.h"
#include "lib/util.h"

static int failed(const char *path, int err)
{
	say_error("%s: cannot be written: %s", path, strerror(err));
	return EXIT_FAILED;
}

/* To the disk, under its temporary name. Returns 0 or -errno. */
static int write_file(const char *path, const struct dsn_key *key,
		      const struct dsn_rule *rule)
{
	_cleanup_(close_fd) int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	char entry[ENTRY_LEN];

	if (fd < 0)
		return -errno;
	entry_format(key, rule, entry);
	if (dprintf(fd, "# written by 'dsnctl set --save'\n%s\n", entry) < 0)
		return -errno;
	return fchmod(fd, 0644) || fsync(fd) ? -errno : 0;
}

int saved_prepare(struct saved *saved, const struct dsn_key *key,
		  const struct dsn_rule *rule)
{
	char target[TARGET_LEN];
	int err;

	saved->key = *key;
	saved->rule = rule;
	target_format(key, target);
	if (mkdir(CONFIG_DIR, 0755) && errno != EEXIST)
		return failed(CONFIG_DIR, errno);
	if (asprintf(&saved->path, CONFIG_DIR "/%s.conf", target) < 0) {
		saved->path = NULL;
		return failed(CONFIG_DIR, ENOMEM);
	}
	if (!rule)
		return EXIT_DONE;
	if (asprintf(&saved->temporary, CONFIG_DIR "/.%s.conf.new", target) < 0) {
		saved->temporary = NULL;
		return failed(saved->path, ENOMEM);
	}
	err = write_file(saved->temporary, key, rule);
	return err ? failed(saved->path, -err) : EXIT_DONE;
}

/* Whether the next `apply` will do what was saved. */
static void check_others(const struct saved *saved)
{
	_cleanup_(config_free) struct config config = {};
	const struct config_entry *entry;

	if (!config_read(NULL, 0, &config)) {
		say_warning(
			"'dsnctl apply' will refuse the files as they are: see above");
		return;
	}
	entry = config_find(&config, &saved->key);
	if (!entry || (saved->rule && rule_equal(&entry->rule.rule, saved->rule)))
		return;
	say_warning(
		"%s:%u has another rule for it, which counts at the next 'dsnctl apply'",
		config.files[entry->file], entry->line);
}

static int sync_folder(void)
{
	_cleanup_(close_fd) int fd = open(CONFIG_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

int saved_commit(struct saved *saved)
{
	int err = 0;

	if (saved->rule ? rename(saved->temporary, saved->path)
			: unlink(saved->path) && errno != ENOENT)
		err = -errno;
	else
		err = sync_folder();
	if (err) {
		say_error(
			"%s: cannot be written: %s; the rule is in force, but not saved",
			saved->path, strerror(-err));
		return EXIT_FAILED;
	}
	free(saved->temporary);
	saved->temporary = NULL;
	check_others(saved);
	return EXIT_DONE;
}

void saved_free(struct saved *saved)
{
	if (saved->temporary)
		unlink(saved->temporary);
	free(saved->temporary);
	free(saved->path);
}
