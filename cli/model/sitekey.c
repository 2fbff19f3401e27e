// SPDX-License-Identifier: GPL-2.0
/* The file of the site's key, which goes into every derived serial. */
#include "model/sitekey.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include "lib/util.h"

const char *site_key_file_fault(const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return "is a symbolic link: put the key's file itself there";
	if (!S_ISREG(st->st_mode))
		return "is not a file: remove it, or put a file with the key there";
	if (st->st_uid)
		return "belongs to another user than root: 'chown root:root' it, and change the key if that user must not know it";
	if (st->st_mode & 077)
		return "is open to others than root: 'chmod 600' it, and change the key if they must not know it";
	return NULL;
}

/* Reads hex digits. Returns false if one is none. */
static bool take_hex(const char *text, __u8 *bytes, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = high << 4 | low;
	}
	return true;
}

const char *site_key_parse(const char *text, size_t length, struct site_key *key)
{
	const size_t size = sizeof(key->bytes);
	__u8 half[sizeof(key->bytes) / 2];

	if (length == 2 * size + 1 && text[2 * size] == '\n')
		length--;
	if (length == size && take_hex(text, half, sizeof(half)))
		return "holds 32 hex digits, which are 16 bytes: want 64 hex digits or 32 bytes";
	if (length == size)
		memcpy(key->bytes, text, size);
	else if (length != 2 * size || !take_hex(text, key->bytes, size))
		return "holds neither 32 bytes nor 64 hex digits: make one by 'head -c 32 /dev/urandom', the same for all hosts";
	/* HMAC gives the same for a key of zeros and for none */
	if (!memcmp(key->bytes, key->bytes + 1, size - 1))
		return "holds one byte over and over, as a file that was never filled: make one by 'head -c 32 /dev/urandom', the same for all hosts";
	key->length = size;
	return NULL;
}

static bool failed(char error[SITE_KEY_ERROR], const char *path, const char *fault)
{
	snprintf(error, SITE_KEY_ERROR, "%s: %s", path, fault);
	return false;
}

/* Reads at most `size` bytes. Returns how many there were, or -errno. */
static ssize_t read_all(int fd, char *text, size_t size)
{
	size_t length = 0;
	ssize_t more;

	while (length < size) {
		more = read(fd, text + length, size - length);
		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return -errno;
		if (!more)
			break;
		length += more;
	}
	return length;
}

bool site_key_read(const char *path, struct site_key *key, char error[SITE_KEY_ERROR])
{
	char text[2 * sizeof(key->bytes) + 2]; /* a byte more than any key has */
	_cleanup_(close_fd) int fd = -1;
	const char *fault;
	struct stat st;
	ssize_t length;

	*key = (struct site_key){};
	if (lstat(path, &st))
		return errno == ENOENT || failed(error, path, strerror(errno));
	/* opening a device may do something, so its kind is checked before */
	fault = site_key_file_fault(&st);
	if (fault)
		return failed(error, path, fault);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == EACCES)
		return failed(error, path,
			      "cannot be read: run this as root, and 'chmod 600' it");
	if (fd < 0 || fstat(fd, &st))
		return failed(error, path, strerror(errno));
	/* the file that was opened may be another */
	fault = site_key_file_fault(&st);
	if (fault)
		return failed(error, path, fault);
	length = read_all(fd, text, sizeof(text));
	fault = length < 0 ? strerror(-length) : site_key_parse(text, length, key);
	return !fault || failed(error, path, fault);
}

bool site_key_find(struct site_key *key, char error[SITE_KEY_ERROR])
{
	struct stat st;
	bool is_absent = lstat(SITE_KEY_RUN, &st) && errno == ENOENT;

	return site_key_read(is_absent ? SITE_KEY_FILE : SITE_KEY_RUN, key, error);
}

void site_key_format_id(const struct site_key *key, char text[KEY_ID_LEN])
{
	if (key->length)
		snprintf(text, KEY_ID_LEN, "%08x", site_key_id(key));
	else
		strcpy(text, "none");
}
