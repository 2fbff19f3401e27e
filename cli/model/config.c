// SPDX-License-Identifier: GPL-2.0
/* The configuration files: read in order, and the one that `set --save` writes for a key. */
#include "model/config.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/exit.h"
#include "lib/util.h"

void config_free(struct config *config)
{
	size_t i;

	for (i = 0; i < config->file_count; i++)
		free(config->files[i]);
	free(config->files);
	free(config->entries);
	free(config->vms.lines);
	for (i = 0; i < config->fault_count; i++)
		free(config->faults[i].text);
	free(config->faults);
	*config = (struct config){};
}

/* Makes room for one more; arrays grow by powers of two. */
static void *grow(void *array, size_t count, size_t size)
{
	return count & (count - 1) ? array
				   : reallocarray(array, count ? count * 2 : 1, size);
}

/* Appends to the faults; if there is no memory for one, its text is NULL. */
static void add_fault(struct config *config, bool is_warning, const char *format,
		      va_list args)
{
	struct config_fault *faults =
		grow(config->faults, config->fault_count, sizeof(*faults));
	char *text = NULL;

	if (!faults)
		return;
	config->faults = faults;
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	faults[config->fault_count++] = (struct config_fault){ text, is_warning };
}

/* Returns false. */
static bool __attribute__((format(printf, 2, 3)))
fault(struct config *config, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_fault(config, false, format, args);
	va_end(args);
	return false;
}

static void __attribute__((format(printf, 2, 3)))
warning(struct config *config, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_fault(config, true, format, args);
	va_end(args);
}

static bool out_of_memory(struct config *config)
{
	return fault(config, "out of memory");
}

static bool add_entry(struct config *config, const struct rule *rule, unsigned int line)
{
	struct config_entry *entries =
		grow(config->entries, config->count, sizeof(*entries));

	if (!entries)
		return out_of_memory(config);
	config->entries = entries;
	entries[config->count++] = (struct config_entry){
		.rule = *rule,
		.file = config->file_count - 1,
		.line = line,
	};
	return true;
}

static bool add_file(struct config *config, const char *name)
{
	char **files = grow(config->files, config->file_count, sizeof(*files));

	if (!files)
		return out_of_memory(config);
	config->files = files;
	files[config->file_count] = strdup(name);
	return files[config->file_count++] ? true : out_of_memory(config);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

_Static_assert(VM_WORDS <= RULE_WORDS, "a line for a VM has no more words than a rule");

/* Splits words and ends each with a NUL; one more than a rule has is enough. */
static int split(char *text, char *words[RULE_WORDS + 1])
{
	int count = 0;

	while (true) {
		while (is_blank(*text))
			*text++ = '\0';
		if (!*text || count > RULE_WORDS)
			return count;
		words[count++] = text;
		while ((unsigned char)*text > ' ' || (*text && !is_blank(*text)))
			text++;
	}
}

/* Returns the fault of a line as a whole, or NULL. */
static const char *line_fault(const char *text, size_t length)
{
	size_t end = strcspn(text, "\r");

	if (strlen(text) < length)
		return "holds a NUL byte";
	end += strspn(text + end, "\r");
	if (text[end] && text[end] != '\n')
		return "lines end with CR alone: save the file with LF";
	return NULL;
}

/* Reads the site's key for the first line that needs it, and reports its fault once. */
static bool need_key(struct config *config, unsigned int line)
{
	char error[SITE_KEY_ERROR];

	if (config->key_state == KEY_UNREAD) {
		config->key_state = KEY_READ;
		if (!site_key_find(&config->key, error)) {
			config->key_state = KEY_UNUSABLE;
			return fault(config, "%s:%u: derive: %s",
				     config->files[config->file_count - 1], line, error);
		}
	}
	return config->key_state == KEY_READ;
}

static bool resolve_line(struct config *config, struct rule *rule, unsigned int line)
{
	if (!rule_is_derived(rule))
		return true;
	if (!need_key(config, line))
		return false;
	rule_resolve(rule, &config->key);
	return true;
}

/* Reads `key ID`, the id of the key that derived serials are to be made with. */
static bool take_key_line(struct config *config, char *const words[], int count,
			  unsigned int line)
{
	const char *file = config->files[config->file_count - 1];
	char error[RULE_ERROR];

	if (!rule_words_are_plain(words, count, error))
		return fault(config, "%s:%u: %s", file, line, error);
	if (count != 2 || (strcmp(words[1], "none") &&
			   (strlen(words[1]) != KEY_ID_LEN - 1 ||
			    words[1][strspn(words[1], "0123456789abcdef")])))
		return fault(
			config,
			"%s:%u: key: wants the key's id, 8 hex digits as 'dsnctl derive -j' prints it, or none",
			file, line);
	if (*config->key_id && config->key_file == config->file_count - 1)
		return fault(config, "%s:%u: key: stands in line %u already", file, line,
			     config->key_line);
	strcpy(config->key_id, words[1]);
	config->key_file = config->file_count - 1;
	config->key_line = line;
	return true;
}

/* Compares a key with the one that a line wants. Returns false with the error. */
static bool is_wanted(const struct config *config, const struct site_key *key,
		      char error[SITE_KEY_ERROR])
{
	char id[KEY_ID_LEN];

	site_key_format_id(key, id);
	if (!*config->key_id || !strcmp(id, config->key_id))
		return true;
	snprintf(
		error, SITE_KEY_ERROR,
		"%s:%u: the key has the id %s, not %s, and serials derived with it would be others: put the right key into %s or %s",
		config->files[config->key_file], config->key_line, id, config->key_id,
		SITE_KEY_RUN, SITE_KEY_FILE);
	return false;
}

/* Checks the site's key if a line wants a certain one. */
static bool check_key(struct config *config)
{
	char error[SITE_KEY_ERROR];

	if (!*config->key_id || config->key_state == KEY_UNUSABLE)
		return true;
	if (config->key_state == KEY_UNREAD && !site_key_find(&config->key, error))
		return fault(config, "%s:%u: key: %s", config->files[config->key_file],
			     config->key_line, error);
	return is_wanted(config, &config->key, error) || fault(config, "%s", error);
}

/* Adds a line for a VM, or puts it in place of an earlier file's. */
static bool add_vm_line(struct config *config, const struct vm_line *line)
{
	struct vm_lines *vms = &config->vms;
	struct vm_line *there = vm_line_find(vms, line->uuid, line->device), *lines;

	if (there && there->file == line->file)
		return fault(config, "%s:%u: the VM has such a line in line %u already",
			     config->files[line->file], line->line, there->line);
	if (there) {
		*there = *line;
		return true;
	}
	lines = grow(vms->lines, vms->count, sizeof(*lines));
	if (!lines)
		return out_of_memory(config);
	vms->lines = lines;
	lines[vms->count++] = *line;
	return true;
}

static bool take_vm_line(struct config *config, char *const words[], int count,
			 unsigned int number)
{
	struct vm_line line;
	char error[RULE_ERROR];

	if (!vm_line_parse(words, count, &line, error))
		return fault(config, "%s:%u: %s", config->files[config->file_count - 1],
			     number, error);
	line.file = config->file_count - 1;
	line.line = number;
	return (!line.value.is_derived || need_key(config, number)) &&
	       add_vm_line(config, &line);
}

/* Reads one line; an empty one is no rule. */
static bool take_line(struct config *config, char *text, size_t length, unsigned int line)
{
	const char *file = config->files[config->file_count - 1];
	char *words[RULE_WORDS + 1], error[RULE_ERROR];
	const char *wrong = line_fault(text, length);
	struct rule rule;
	int count;

	if (wrong)
		return fault(config, "%s:%u: %s", file, line, wrong);
	*strchrnul(text, '#') = '\0';
	count = split(text, words);
	if (!count)
		return true;
	config->lines++;
	if (!strcmp(words[0], "key"))
		return take_key_line(config, words, count, line);
	if (!strcmp(words[0], "vm"))
		return take_vm_line(config, words, count, line);
	if (!rule_parse(words, count, &rule, error))
		return fault(config, "%s:%u: %s", file, line, error);
	return resolve_line(config, &rule, line) && add_entry(config, &rule, line);
}

/* A mark that editors put before a file's first character. */
static const char utf8_mark[] = "\xef\xbb\xbf";

static bool is_utf16(const char *text, size_t length)
{
	return length >= 2 &&
	       (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2));
}

/* Returns where the file's first line starts; NULL if no line of it can be read. */
static char *take_mark(struct config *config, char *text, ssize_t *length)
{
	if (is_utf16(text, *length)) {
		fault(config, "%s:1: the file is UTF-16: save it as UTF-8",
		      config->files[config->file_count - 1]);
		return NULL;
	}
	if (strncmp(text, utf8_mark, strlen(utf8_mark)))
		return text;
	*length -= strlen(utf8_mark);
	return text + strlen(utf8_mark);
}

static bool read_lines(struct config *config, FILE *file)
{
	_cleanup_(free_ptr) char *text = NULL;
	const char *name = config->files[config->file_count - 1];
	size_t room = 0, before = config->lines;
	unsigned int line = 0;
	bool good = true;
	ssize_t length;
	char *start;

	while ((length = getline(&text, &room, file)) >= 0) {
		start = line++ ? text : take_mark(config, text, &length);
		if (!start)
			return false;
		good &= take_line(config, start, length, line);
	}
	if (ferror(file))
		return fault(config, "%s: %s", name, strerror(errno));
	if (good && config->lines == before)
		warning(config, "%s: has no rules", name);
	return good;
}

static bool read_file(struct config *config, const char *name)
{
	bool is_stdin = !strcmp(name, "-");
	_cleanup_(close_file) FILE *file = is_stdin ? NULL : fopen(name, "re");

	if (!is_stdin && !file)
		return fault(config, "%s: %s", name, strerror(errno));
	return add_file(config, is_stdin ? "standard input" : name) &&
	       read_lines(config, is_stdin ? stdin : file);
}

/* Reads a file that was not named: opening a FIFO or a device could take for ever. */
static bool read_found_file(struct config *config, const char *name)
{
	_cleanup_(close_file) FILE *file = NULL;
	struct stat st;
	int fd;

	if (stat(name, &st))
		return fault(config, "%s: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fault(config, "%s: %s", name,
			     S_ISFIFO(st.st_mode)  ? "is a FIFO, not a file"
			     : S_ISDIR(st.st_mode) ? "is a folder, not a file"
						   : "is not a file");
	fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file)
		return fault(config, "%s: %s", name, strerror(errno));
	return add_file(config, name) && read_lines(config, file);
}

/* Sorts by key; entries of one key stay in the order in which they were read. */
static int compare_entries(const void *a, const void *b)
{
	const struct config_entry *x = a, *y = b;
	int order = key_compare(&x->rule.key, &y->rule.key);

	if (!order)
		order = (x->file > y->file) - (x->file < y->file);
	return order ? order : (x->line > y->line) - (x->line < y->line);
}

/* Keeps the last rule for each target; two in one file are a mistake. */
static bool resolve(struct config *config)
{
	struct config_entry *entries, *last = NULL;
	bool good = true;
	size_t i, kept = 0;

	if (!config->count)
		return true;
	entries = config->entries;
	qsort(entries, config->count, sizeof(*entries), compare_entries);
	for (i = 0; i < config->count; i++) {
		if (last && !key_compare(&last->rule.key, &entries[i].rule.key)) {
			char target[KEY_LEN];

			key_format(&last->rule.key, target);
			if (last->file == entries[i].file) {
				fault(config, "%s:%u: %s: has a rule in line %u already",
				      config->files[last->file], entries[i].line, target,
				      last->line);
				good = false;
			}
			*last = entries[i];
			continue;
		}
		last = &entries[kept++];
		*last = entries[i];
	}
	config->count = kept;
	return good;
}

/* Returns true if there is nothing of this name, not even a link that leads nowhere. */
static bool is_absent(const char *name)
{
	struct stat st;

	return lstat(name, &st) && errno == ENOENT;
}

static bool read_folder(struct config *config)
{
	bool good = true;
	struct stat st;
	glob_t found;
	size_t i;
	int err;

	if (stat(CONFIG_DIR, &st))
		return fault(config, "%s: %s", CONFIG_DIR,
			     errno == ENOENT ? "is a link that leads nowhere"
					     : strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return fault(config, "%s: %s", CONFIG_DIR, "is not a folder");
	/* the "C" locale, which is in force here, sorts by bytes */
	err = glob(CONFIG_DIR "/*.conf", GLOB_ERR, NULL, &found);
	if (err == GLOB_NOMATCH)
		return true;
	if (err)
		return fault(config, "%s: cannot be read: %s", CONFIG_DIR,
			     strerror(errno));
	for (i = 0; i < found.gl_pathc; i++)
		good &= read_found_file(config, found.gl_pathv[i]);
	globfree(&found);
	return good;
}

static bool read_default_files(struct config *config)
{
	bool good = is_absent(CONFIG_FILE) || read_found_file(config, CONFIG_FILE);

	return (is_absent(CONFIG_DIR) || read_folder(config)) && good;
}

bool config_read(char *const files[], size_t count, struct config *config)
{
	bool good = count ? true : read_default_files(config);
	size_t i;

	for (i = 0; i < count; i++)
		good &= read_file(config, files[i]);
	good &= check_key(config);
	return resolve(config) && good;
}

bool config_site_key(struct site_key *key, char error[SITE_KEY_ERROR])
{
	_cleanup_(config_free) struct config config = {};

	if (!site_key_find(key, error))
		return false;
	config_read(NULL, 0, &config); /* faults of other lines do not matter here */
	return is_wanted(&config, key, error);
}

const char *config_fault_text(const struct config_fault *fault)
{
	return fault->text ? fault->text : "out of memory";
}

const char *config_first_error(const struct config *config)
{
	size_t i = 0;

	while (i < config->fault_count && config->faults[i].is_warning)
		i++;
	return i < config->fault_count ? config_fault_text(&config->faults[i])
				       : "out of memory";
}

const struct config_entry *config_find(const struct config *config,
				       const struct dsn_key *key)
{
	size_t low = 0, high = config->count, middle;

	while (low < high) {
		int order;

		middle = low + (high - low) / 2;
		order = key_compare(&config->entries[middle].rule.key, key);
		if (!order)
			return &config->entries[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int failed(struct failure *failure, const char *path, int err)
{
	return failure_set(failure, EXIT_FAILED, "%s: cannot be written: %s", path,
			   strerror(err));
}

/* Writes it to the disk, under its temporary name. Returns 0 or -errno. */
static int write_file(const char *path, const struct rule *rule)
{
	_cleanup_(close_fd) int fd =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	char text[RULE_SOURCE_LEN];

	if (fd < 0)
		return -errno;
	rule_format_source(rule, text);
	if (dprintf(fd, "# written by 'dsnctl set --save'\n%s\n", text) < 0)
		return -errno;
	return fchmod(fd, 0644) || fsync(fd) ? -errno : 0;
}

/* Finds out if the file can be removed, before anything is changed. */
static int check_removal(const char *path, struct failure *failure)
{
	struct stat st;

	if (lstat(path, &st) && (errno == ENOENT || errno == ENOTDIR))
		return EXIT_DONE;
	if (access(CONFIG_DIR, W_OK))
		return failed(failure, path, errno);
	/* an immutable file, which no process may remove */
	if (!S_ISLNK(st.st_mode) && access(path, W_OK) && errno == EPERM)
		return failed(failure, path, errno);
	return EXIT_DONE;
}

int config_file_prepare(struct config_file *file, const struct dsn_key *key,
			const struct rule *rule, struct failure *failure)
{
	char target[KEY_LEN];
	int err;

	file->key = *key;
	file->rule = rule;
	key_format(key, target);
	if (asprintf(&file->path, CONFIG_DIR "/%s.conf", target) < 0) {
		file->path = NULL;
		return failed(failure, CONFIG_DIR, ENOMEM);
	}
	if (!rule)
		return check_removal(file->path, failure);
	if (mkdir(CONFIG_DIR, 0755) && errno != EEXIST)
		return failed(failure, CONFIG_DIR, errno);
	if (asprintf(&file->temporary, CONFIG_DIR "/.%s.conf.new", target) < 0) {
		file->temporary = NULL;
		return failed(failure, file->path, ENOMEM);
	}
	err = write_file(file->temporary, rule);
	return err ? failed(failure, file->path, -err) : EXIT_DONE;
}

static int sync_folder(void)
{
	_cleanup_(close_fd) int fd = open(CONFIG_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

/* Returns 0 or -errno. */
static int put_in_place(const struct config_file *file)
{
	if (!file->rule && is_absent(file->path))
		return 0;
	if (file->rule ? rename(file->temporary, file->path) : unlink(file->path))
		return -errno;
	return sync_folder();
}

int config_file_commit(struct config_file *file, struct failure *failure)
{
	int err = put_in_place(file);

	if (err)
		return failure_set(
			failure, EXIT_FAILED,
			"%s: cannot be written: %s; the rule is in force, but not saved",
			file->path, strerror(-err));
	free(file->temporary);
	file->temporary = NULL;
	return EXIT_DONE;
}

bool config_file_overruled(const struct config_file *file, struct failure *failure)
{
	_cleanup_(config_free) struct config config = {};
	const struct config_entry *entry;

	if (!config_read(NULL, 0, &config)) {
		failure_set(failure, EXIT_FAILED,
			    "'dsnctl apply' will refuse the files as they are: %s",
			    config_first_error(&config));
		return true;
	}
	entry = config_find(&config, &file->key);
	if (!entry || (file->rule && rule_equal(&entry->rule.value, &file->rule->value)))
		return false;
	failure_set(
		failure, EXIT_FAILED,
		"%s:%u has another rule for it, which counts at the next 'dsnctl apply'",
		config.files[entry->file], entry->line);
	return true;
}

void config_file_free(struct config_file *file)
{
	if (file->temporary)
		unlink(file->temporary);
	free(file->temporary);
	free(file->path);
}
