// SPDX-License-Identifier: GPL-2.0
/* Reads serial, VPD and gaps like a VMM and its guest, and compares with the rules. */
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

#define CAP_LIST 0x34
#define CAP_VPD 3

/* Finds VPD in the hardware's chain below 0x100. */
static void find_vpd(struct readback *readback)
{
	const __u8 *config = readback->hardware;
	unsigned int at = config[CAP_LIST] & ~3U, hops;

	readback->vpd = 0;
	for (hops = 0; at >= DSN_CFG_CAPS && hops < DSN_CFG_EXT / 4; hops++) {
		if (config[at] == CAP_VPD && at + DSN_VPD_LEN <= readback->size) {
			readback->vpd = at;
			return;
		}
		at = config[at + 1] & ~3U;
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
	find_vpd(readback);
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

#define VPD_SAMPLE 256 /* bytes that are read, and of a VPD of unknown length */
#define VPD_BLIND 32

/* The registers of VPD as they are to read for an address. */
struct vpd_registers {
	__u8 expected[DSN_VPD_LEN];
	__u8 mask[DSN_VPD_LEN]; /* not 0: compared */
	__u8 real[4];
	size_t known; /* bytes of `real` */
	__u8 fill;    /* not one of these */
};

static struct vpd_registers vpd_expect(const struct readback *readback,
				       const struct dsn_rule *rule, bool withheld,
				       size_t address)
{
	struct vpd_registers registers = { .fill = 0xa5 };
	unsigned int vpd = rule->more & DSN_VPD_MASK;
	size_t rest = readback->vpd_length > address ? readback->vpd_length - address : 0;

	registers.known = rest < 4 ? rest : 4;
	if (rest)
		memcpy(registers.real, readback->vpd_data + address, registers.known);
	while (memchr(registers.real, registers.fill, 4))
		registers.fill++;
	memset(registers.mask + DSN_VPD_DATA, 1,
	       vpd == DSN_VPD_PASS ? registers.known : 4);
	memset(registers.expected + DSN_VPD_DATA, 0x78, 4);
	if (vpd == DSN_VPD_PASS)
		memcpy(registers.expected + DSN_VPD_DATA, registers.real, 4);
	else if (withheld)
		memset(registers.expected + DSN_VPD_DATA, registers.fill, 4);
	else if (vpd == DSN_VPD_HIDE) {
		memset(registers.mask, 1, sizeof(registers.mask));
		registers.mask[DSN_VPD_NEXT] = 0;
		memset(registers.expected, 0, sizeof(registers.expected));
	}
	return registers;
}

/* Compares the registers from `from` on, of which the last four are data. */
static void vpd_compare(const struct vpd_registers *registers, const __u8 *got,
			size_t from, struct reading *reading)
{
	size_t i, data;

	for (i = from; i < DSN_VPD_LEN; i++) {
		if (!registers->mask[i] || got[i] == registers->expected[i])
			continue;
		reading->match = false;
		data = i - DSN_VPD_DATA;
		if (i >= DSN_VPD_DATA && data < registers->known &&
		    got[i] == registers->real[data])
			reading->real = true;
	}
}

/* The ways: bytes of each read, and the first register that is read. */
static const struct {
	const char *path;
	size_t size, from;
} vpd_ways[VPD_READINGS] = {
	{ "vpd dwords", 4, DSN_VPD_DATA },
	{ "vpd bytes", 1, DSN_VPD_DATA },
	{ "vpd across", DSN_VPD_LEN, 0 },
};

/* Writes the address, which makes vfio read the data, and reads it. Returns 0 or -errno. */
static int vpd_ask(int fd, off_t base, size_t address, size_t way, __u8 *got)
{
	__u8 low_high[2] = { address, address >> 8 };
	size_t from = vpd_ways[way].from;

	if (pwrite(fd, low_high, sizeof(low_high), base + 2) != sizeof(low_high))
		return errno ? -errno : -EIO;
	return read_by(fd, got, from, DSN_VPD_LEN, base, vpd_ways[way].size);
}

void readback_vpd(const struct readback *readback, const struct dsn_rule *rule,
		  bool withheld, int fd, off_t base,
		  struct reading readings[VPD_READINGS])
{
	size_t length = readback->vpd_length ? readback->vpd_length : VPD_BLIND;
	struct vpd_registers registers;
	__u8 got[DSN_VPD_LEN];
	size_t way, address;

	if (length > VPD_SAMPLE)
		length = VPD_SAMPLE;
	base += readback->vpd;
	for (way = 0; way < VPD_READINGS; way++) {
		struct reading *reading = &readings[way];

		*reading = (struct reading){ .path = vpd_ways[way].path, .match = true };
		for (address = 0; address < length && !reading->error; address += 4) {
			registers = vpd_expect(readback, rule, withheld, address);
			memset(got, registers.fill, sizeof(got));
			reading->error = vpd_ask(fd, base, address, way, got);
			if (!reading->error)
				vpd_compare(&registers, got, vpd_ways[way].from, reading);
		}
		reading->match &= !reading->error;
	}
}

/* Returns true for capabilities of which vfio knows no length, on all kernels. */
static bool is_gap(__u32 id)
{
	static const __u8 ids[] = { 0x19, 0x1b, 0x1e, 0x1f, 0x26, 0x27, 0x2a, 0x2e };

	return id < 0x100 && memchr(ids, id, sizeof(ids));
}

/* Compares 8 bytes with zeros, or with what the buffer had before. */
static void gap_compare(int fd, off_t base, const __u8 *hardware, __u8 fill,
			struct reading *reading)
{
	__u8 got[8];
	size_t i;

	memset(got, fill, sizeof(got));
	reading->error = read_at(fd, got, sizeof(got), base);
	for (i = 0; i < sizeof(got) && !reading->error; i++) {
		if (!got[i] || (fill && got[i] == fill))
			continue;
		reading->match = false;
		reading->real |= got[i] == hardware[i];
	}
}

bool readback_gaps(const struct readback *readback, bool withheld, int fd, off_t base,
		   struct reading *reading)
{
	__u32 at = DSN_CFG_EXT, header, hops;
	bool found = false;

	*reading = (struct reading){ .path = "gaps", .match = true };
	for (hops = 0; at && hops < DSN_CHAIN_MAX && !reading->error; hops++) {
		if (at + 8 > readback->size)
			break;
		header = dword_at(readback->hardware + at);
		/* vfio keeps the first header */
		if (at > DSN_CFG_EXT && is_gap(dsn_cap_id(header))) {
			found = true;
			gap_compare(fd, base + at, readback->hardware + at,
				    withheld ? readback->fill : 0, reading);
		}
		at = dsn_cap_next(header);
	}
	reading->match &= !reading->error;
	return found;
}
