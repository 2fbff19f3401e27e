// SPDX-License-Identifier: GPL-2.0
/* Reads a serial in every way that a VMM may, and compares it with the rules. */
#include "kernel/readback.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include "lib/util.h"

#define CAP_LEN (DSN_BODY + DSN_BODY_LEN)

static __u32 dword_at(const __u8 *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (__u32)bytes[3] << 24;
}

/* Finds the capabilities that the hardware's chain leads to. */
static void find_serials(struct readback *readback)
{
	__u32 at = DSN_CFG_EXT, header;
	int hops;

	readback->count = 0;
	for (hops = 0; at && hops < DSN_CHAIN_MAX; hops++) {
		if (at + DSN_BODY > readback->size || readback->count == MAX_SERIALS)
			return;
		header = dword_at(readback->hardware + at);
		if (dsn_cap_id(header) == DSN_CAP_ID)
			readback->caps[readback->count++] = at;
		at = dsn_cap_next(header);
		if (readback->count && at == readback->caps[0])
			return;
	}
}

static size_t end_of(const struct readback *readback, size_t cap)
{
	return cap + CAP_LEN < readback->size ? cap + CAP_LEN : readback->size;
}

static void hide_header(__u8 *header)
{
	__u8 hidden[8];

	dsn_store(hidden, dsn_hidden_header(dword_at(header)));
	memcpy(header, hidden, DSN_BODY);
}

/* Finds a byte that is in no serial of the hardware. */
static __u8 unlike_hardware(const struct readback *readback)
{
	size_t i, cap, at;
	bool used[256] = {};
	__u8 fill = 0xa5;

	for (i = 0; i < readback->count; i++) {
		cap = readback->caps[i];
		for (at = cap + DSN_BODY; at < end_of(readback, cap); at++)
			used[readback->hardware[at]] = true;
	}
	while (used[fill])
		fill++;
	return fill;
}

void readback_expect(struct readback *readback, const struct dsn_rule *rule,
		     bool withheld)
{
	/* ID and version: vfio-pci itself changes where a header leads to */
	static const __u8 header_mask[DSN_BODY] = { 0xff, 0xff, 0x0f, 0 };
	size_t i, cap;
	__u8 serial[8];

	find_serials(readback);
	readback->fill = unlike_hardware(readback);
	memcpy(readback->expected, readback->hardware, sizeof(readback->expected));
	memset(readback->mask, 0, sizeof(readback->mask));
	dsn_store(serial, rule->policy == DSN_SERIAL ? rule->serial : 0);
	if (withheld)
		memset(serial, readback->fill, sizeof(serial));
	for (i = 0; i < readback->count; i++) {
		cap = readback->caps[i];
		memcpy(readback->mask + cap, header_mask, DSN_BODY);
		memset(readback->mask + cap + DSN_BODY, 0xff,
		       end_of(readback, cap) - cap - DSN_BODY);
		if (rule->policy == DSN_HIDE)
			hide_header(readback->expected + cap);
		if (rule->policy != DSN_PASS)
			memcpy(readback->expected + cap + DSN_BODY, serial,
			       end_of(readback, cap) - cap - DSN_BODY);
	}
}

static int read_at(int fd, void *to, size_t length, off_t at)
{
	ssize_t got = pread(fd, to, length, at);

	return got == (ssize_t)length ? 0 : got < 0 ? -errno : -EIO;
}

/* Reads the capability at `from` in reads of one size. */
static int read_by(int fd, __u8 *to, size_t from, size_t end, off_t base, size_t size)
{
	size_t length;
	int err = 0;

	for (; !err && from < end; from += length) {
		length = end - from < size ? end - from : size;
		err = read_at(fd, to + from, length, base + from);
	}
	return err;
}

static int read_whole(int fd, __u8 *to, size_t from, size_t end, off_t base)
{
	(void)from;
	return read_at(fd, to, end, base);
}

static int read_dwords(int fd, __u8 *to, size_t from, size_t end, off_t base)
{
	return read_by(fd, to, from, end, base, 4);
}

static int read_words(int fd, __u8 *to, size_t from, size_t end, off_t base)
{
	return read_by(fd, to, from, end, base, 2);
}

static int read_bytes(int fd, __u8 *to, size_t from, size_t end, off_t base)
{
	return read_by(fd, to, from, end, base, 1);
}

static int read_qword(int fd, __u8 *to, size_t from, size_t end, off_t base)
{
	int err = read_at(fd, to + from, DSN_BODY, base + from);

	return err ? err : read_by(fd, to, from + DSN_BODY, end, base, DSN_BODY_LEN);
}

/* Reads into segments that split the serial. */
static int read_vector(int fd, __u8 *to, size_t from, size_t end, off_t base)
{
	size_t first = DSN_BODY + 3, rest = end - from;
	struct iovec parts[2];
	ssize_t got;

	if (first > rest)
		first = rest;
	parts[0] = (struct iovec){ to + from, first };
	parts[1] = (struct iovec){ to + from + first, rest - first };
	got = preadv(fd, parts, 2, base + from);
	return got == (ssize_t)rest ? 0 : got < 0 ? -errno : -EIO;
}

/* Leaves out io_uring, which the gate refuses and whose reader the check kills. */
static const struct {
	const char *path;
	int (*read)(int fd, __u8 *to, size_t from, size_t end, off_t base);
} ways[READINGS] = {
	{ "whole", read_whole }, { "dwords", read_dwords }, { "words", read_words },
	{ "bytes", read_bytes }, { "qword", read_qword },   { "preadv", read_vector },
};

/* Compares bytes; a wrong one is the hardware's, or some other. */
static void compare(const struct readback *readback, size_t cap, const __u8 *got,
		    struct reading *reading)
{
	size_t at;

	for (at = cap; at < end_of(readback, cap); at++) {
		if (!((got[at] ^ readback->expected[at]) & readback->mask[at]))
			continue;
		reading->match = false;
		if (at >= cap + DSN_BODY && got[at] == readback->hardware[at])
			reading->real = true;
	}
}

void readback_read(const struct readback *readback, int fd, off_t base,
		   struct reading readings[READINGS])
{
	__u8 got[DSN_CFG_END];
	size_t way, i, end;

	for (way = 0; way < READINGS; way++) {
		struct reading *reading = &readings[way];

		*reading = (struct reading){ .path = ways[way].path, .match = true };
		for (i = 0; i < readback->count && !reading->error; i++) {
			end = ways[way].read == read_whole
				      ? readback->size
				      : end_of(readback, readback->caps[i]);
			memset(got, readback->fill, sizeof(got));
			reading->error =
				ways[way].read(fd, got, readback->caps[i], end, base);
			if (!reading->error)
				compare(readback, readback->caps[i], got, reading);
		}
		if (reading->error)
			reading->match = false;
	}
}
