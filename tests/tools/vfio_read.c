// SPDX-License-Identifier: GPL-2.0
/* Reads config space through VFIO in every shape and compares it with what is expected. */
#include "vfio_device.h"

#include <err.h>
#include <errno.h>
#include <liburing.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANARY 0xa5
#define PAGE 4096

static const char usage[] =
	"vfio_read BDF save FILE            the whole config space, as it reads now\n"
	"vfio_read BDF serial               the serial that it shows\n"
	"vfio_read BDF hex OFFSET LENGTH    some bytes\n"
	"vfio_read BDF ring OFFSET LENGTH   the same by io_uring\n"
	"vfio_read BDF sweep FILE SERIAL    all reads around the serial, all ways of reading;\n"
	"                                   SERIAL may be hide, also below\n"
	"vfio_read BDF fault FILE SERIAL    reads that fail half-way\n"
	"vfio_read BDF flags FILE SERIAL    preadv2 with flags that the kernel refuses\n"
	"vfio_read BDF write FILE SERIAL    guest writes change nothing\n"
	"vfio_read BDF seek                 whether read() can be pointed at config space\n"
	"vfio_read BDF mixed ONE OTHER      reads until terminated; each shows the one or the other\n"
	"vfio_read BDF hold                 a line a second with the serial, until killed\n"
	"vfio_read BDF other                the serial, read by another user than has opened it\n";

/* A sweep of reads: the bytes to compare with, and the result. */
struct sweep {
	struct vfio_device *device;
	const uint8_t *expected; /* config space as policy shows it */
	const uint8_t *real;	 /* as the device has it */
	off_t shown;		 /* the first byte that is not as the device has it */
	unsigned long reads, wrong;
	uint8_t *buffer; /* of two pages and a canary each side */
};

typedef ssize_t (*reader)(struct sweep *sweep, uint8_t *to, size_t length, off_t at);

static void compare(struct sweep *sweep, const char *how, const uint8_t *got,
		    size_t length, off_t at)
{
	size_t i;

	sweep->reads++;
	for (i = 0; i < length; i++) {
		if (got[i] == sweep->expected[at + i])
			continue;
		if (sweep->wrong++ < 10)
			printf("%s: %zu bytes at 0x%lx: byte 0x%lx is %02x, not %02x\n",
			       how, length, (long)at, (long)(at + i), got[i],
			       sweep->expected[at + i]);
	}
}

static ssize_t by_pread(struct sweep *sweep, uint8_t *to, size_t length, off_t at)
{
	return pread(sweep->device->fd, to, length, sweep->device->config + at);
}

/* Segments of 1, of half the rest, and the rest. */
static ssize_t by_preadv(struct sweep *sweep, uint8_t *to, size_t length, off_t at)
{
	size_t middle = (length - 1) / 2;
	struct iovec parts[] = {
		{ to, 1 },
		{ to + 1, middle },
		{ to + 1 + middle, length - 1 - middle },
	};

	return preadv(sweep->device->fd, parts, 3, sweep->device->config + at);
}

static ssize_t by_preadv2(struct sweep *sweep, uint8_t *to, size_t length, off_t at)
{
	struct iovec part = { to, length };

	return preadv2(sweep->device->fd, &part, 1, sweep->device->config + at, 0);
}

static const struct {
	const char *name;
	reader read;
} ways[] = {
	{ "pread", by_pread },
	{ "preadv", by_preadv },
	{ "preadv2", by_preadv2 },
};

/* One read into `to`; the bytes around it must stay. */
static void check_one(struct sweep *sweep, size_t way, uint8_t *to, size_t length,
		      off_t at, bool untouched)
{
	ssize_t got;

	if (!untouched)
		memset(to - 8, CANARY, length + 16);
	got = ways[way].read(sweep, to, length, at);
	if (got != (ssize_t)length)
		err(1, "%s of %zu bytes at 0x%lx gave %zd", ways[way].name, length,
		    (long)at, got);
	compare(sweep, ways[way].name, to, length, at);
	if (untouched)
		return;
	for (size_t i = 1; i <= 8; i++)
		if (to[-(ssize_t)i] != CANARY || to[length + i - 1] != CANARY)
			errx(1, "%s of %zu bytes at 0x%lx wrote outside of the buffer",
			     ways[way].name, length, (long)at);
}

/* Every offset and length around the serial, in every way, and the whole space. */
static void sweep_around(struct sweep *sweep, unsigned int dsn)
{
	off_t from = dsn > 0x100 + 12 ? dsn - 12 : 0x100, at;
	off_t to = dsn + 12 + 12 < CONFIG_SIZE ? dsn + 12 + 12 : CONFIG_SIZE;
	size_t length, way;

	for (way = 0; way < sizeof(ways) / sizeof(*ways); way++) {
		for (at = from; at < to; at++)
			for (length = 1;
			     length <= 40 && at + (off_t)length <= CONFIG_SIZE; length++)
				check_one(sweep, way, sweep->buffer + 64, length, at,
					  false);
		check_one(sweep, way, sweep->buffer + 64, CONFIG_SIZE, 0, false);
	}
	/* pages that nothing has touched yet, and the read across their edge */
	for (at = from; at < to; at++)
		for (length = 1; length <= 24 && at + (off_t)length <= CONFIG_SIZE;
		     length++) {
			if (madvise(sweep->buffer, 4 * PAGE, MADV_DONTNEED))
				err(1, "madvise");
			check_one(sweep, 0, sweep->buffer + 2 * PAGE - length / 2, length,
				  at, true);
		}
}

/* Reads of which the last `behind` bytes fall on a page that cannot be written. */
static void read_over_edge(struct sweep *sweep, off_t at, size_t length, size_t behind,
			   unsigned int dsn)
{
	uint8_t *edge = sweep->buffer + 2 * PAGE, *to = edge - (length - behind);
	int status;
	size_t i;

	/* the page before the edge is shared with the child, to see what it was left */
	if (mmap(edge - PAGE, PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		err(1, "mmap");
	memset(edge - PAGE, CANARY, PAGE);
	if (!fork()) {
		if (mprotect(edge, PAGE, PROT_NONE))
			_exit(2);
		_exit(by_pread(sweep, to, length, at) == -1 && errno == EFAULT ? 0 : 3);
	}
	wait(&status);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		printf("read of %zu at 0x%lx, %zu behind the edge: child's status 0x%x\n",
		       length, (long)at, behind, status);
		sweep->wrong++;
	}
	sweep->reads++;
	for (i = 0; i < length - behind; i++) {
		off_t where = at + i;

		if (where < sweep->shown || where >= (off_t)dsn + 12)
			continue;
		if (to[i] == sweep->expected[where] || to[i] == CANARY)
			continue;
		if (sweep->wrong++ < 10)
			printf("read of %zu at 0x%lx, %zu behind the edge: byte 0x%lx is %02x\n",
			       length, (long)at, behind, (long)where, to[i]);
	}
}

static void sweep_faults(struct sweep *sweep, unsigned int dsn)
{
	size_t length, behind;
	off_t at;

	for (at = dsn - 4; at < (off_t)dsn + 12; at += 2)
		for (length = 2; length <= 24; length += 2)
			for (behind = 1; behind < length; behind += 3)
				read_over_edge(sweep, at, length, behind, dsn);
}

/* The kernel refuses these for a file of VFIO's: nothing is read, so nothing is written. */
static void sweep_flags(struct sweep *sweep, unsigned int dsn)
{
	static const unsigned int refused[] = {
		0x80000000, 0x80000000 | RWF_NOWAIT, RWF_NOWAIT, RWF_SYNC, RWF_DSYNC,
		RWF_APPEND, RWF_NOWAIT | RWF_HIPRI,
	};
	struct iovec part = { sweep->buffer, 8 };
	off_t at = sweep->device->config + dsn + 4;
	unsigned int written, j;
	ssize_t got;
	size_t i;

	for (i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		memset(sweep->buffer, CANARY, PAGE);
		got = preadv2(sweep->device->fd, &part, 1, at, refused[i]);
		sweep->reads++;
		for (written = j = 0; j < PAGE; j++)
			written += sweep->buffer[j] != CANARY;
		if (got == -1 && (errno == EOPNOTSUPP || errno == EINVAL) && !written)
			continue;
		printf("flags 0x%x: %zd, %u bytes written\n", refused[i], got, written);
		sweep->wrong++;
	}
	/* the one flag that is allowed */
	if (preadv2(sweep->device->fd, &part, 1, at, RWF_HIPRI) != 8)
		err(1, "preadv2");
	compare(sweep, "preadv2, RWF_HIPRI", sweep->buffer, 8, dsn + 4);
}

/* A guest that writes into the capability. */
static void write_all(struct sweep *sweep, unsigned int dsn)
{
	uint32_t value = 0xdeadbeef;
	unsigned int i;

	for (i = 0; i < 12; i += 4)
		if (pwrite(sweep->device->fd, &value, 4,
			   sweep->device->config + dsn + i) != 4)
			err(1, "pwrite");
	if (value != 0xdeadbeef) {
		printf("the writer's buffer was changed to %08x\n", value);
		sweep->wrong++;
	}
	sweep_around(sweep, dsn);
}

static int report(const struct sweep *sweep)
{
	printf("%lu reads, %lu wrong bytes\n", sweep->reads, sweep->wrong);
	return sweep->wrong || !sweep->reads;
}

static void print_serial(struct vfio_device *device)
{
	uint8_t image[CONFIG_SIZE], shown[8] = {}; /* as VMMs do */
	unsigned int at;
	int i;

	if (pread(device->fd, image, device->config_size, device->config) !=
	    (ssize_t)device->config_size)
		err(1, "pread");
	at = find_dsn(image, 0);
	if (!at)
		errx(1, "no Device Serial Number capability");
	if (pread(device->fd, shown, 8, device->config + at + 4) != 8)
		err(1, "pread");
	for (i = 7; i >= 0; i--)
		printf("%02x%s", shown[i], i ? "-" : "\n");
	fflush(stdout);
}

static void print_hex(struct vfio_device *device, off_t at, size_t length)
{
	uint8_t bytes[CONFIG_SIZE] = {};
	size_t i;

	if (length > CONFIG_SIZE ||
	    pread(device->fd, bytes, length, device->config + at) != (ssize_t)length)
		err(1, "pread");
	for (i = 0; i < length; i++)
		printf("%02x%c", bytes[i], i + 1 < length ? ' ' : '\n');
}

/* By a worker thread, which is io_uring's way for what may block. */
static int read_by_ring(struct vfio_device *device, off_t at, size_t length)
{
	uint8_t bytes[CONFIG_SIZE];
	struct io_uring_cqe *cqe;
	struct io_uring_sqe *sqe;
	struct io_uring ring;

	if (length > CONFIG_SIZE || io_uring_queue_init(1, &ring, 0))
		err(1, "io_uring");
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_read(sqe, device->fd, bytes, length, device->config + at);
	sqe->flags |= IOSQE_ASYNC;
	if (io_uring_submit_and_wait(&ring, 1) < 0 || io_uring_peek_cqe(&ring, &cqe))
		errx(1, "no completion");
	printf("io_uring: %d\n", cqe->res);
	return cqe->res != (int)length;
}

/* Without lseek(), read() and readv() start in BAR 0 and never get to config space. */
static int can_seek(struct vfio_device *device)
{
	if (lseek(device->fd, device->config, SEEK_SET) < 0 && errno == ESPIPE) {
		puts("lseek: ESPIPE");
		return 0;
	}
	puts("lseek works");
	return 1;
}

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int read_mixed(struct vfio_device *device, const char *one, const char *other)
{
	uint8_t images[2][CONFIG_SIZE], shown[8];
	unsigned long seen[2] = {}, wrong = 0;
	unsigned int at;
	int i;

	signal(SIGTERM, end);
	for (i = 0; i < 2; i++) {
		if (pread(device->fd, images[i], CONFIG_SIZE, device->config) !=
		    CONFIG_SIZE)
			err(1, "pread");
		put_serial(images[i], parse_serial(i ? other : one));
	}
	at = find_dsn(images[0], 0) + 4;
	while (!ended) {
		if (pread(device->fd, shown, 8, device->config + at) != 8)
			err(1, "pread");
		if (!memcmp(shown, images[0] + at, 8))
			seen[0]++;
		else if (!memcmp(shown, images[1] + at, 8))
			seen[1]++;
		else
			wrong++;
	}
	printf("%lu reads, %lu of each, %lu wrong\n", seen[0] + seen[1] + wrong,
	       seen[0] < seen[1] ? seen[0] : seen[1], wrong);
	return wrong || !seen[0] || !seen[1];
}

static void save(struct vfio_device *device, const char *path)
{
	uint8_t image[CONFIG_SIZE] = {};
	FILE *file = fopen(path, "w");

	if (pread(device->fd, image, device->config_size, device->config) !=
	    (ssize_t)device->config_size)
		err(1, "pread");
	if (!file || fwrite(image, 1, CONFIG_SIZE, file) != CONFIG_SIZE || fclose(file))
		err(1, "%s", path);
}

static int sweep_by(struct vfio_device *device, const char *what, const char *file,
		    const char *serial)
{
	uint8_t real[CONFIG_SIZE], expected[CONFIG_SIZE];
	struct sweep sweep = { .device = device, .expected = expected, .real = real };
	unsigned int dsn;

	load_image(file, real);
	memcpy(expected, real, sizeof(real));
	dsn = find_dsn(real, 0);
	if (!dsn)
		errx(1, "no Device Serial Number capability in %s", file);
	sweep.shown = dsn + 4;
	if (strcmp(serial, "hide")) {
		put_serial(expected, parse_serial(serial));
	} else {
		put_serial(expected, 0);
		/* ID and version, not the next pointer */
		expected[dsn] = expected[dsn + 1] = 0;
		expected[dsn + 2] &= 0xf0;
		sweep.shown = dsn;
	}
	sweep.buffer = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sweep.buffer == MAP_FAILED)
		err(1, "mmap");
	if (!strcmp(what, "sweep"))
		sweep_around(&sweep, dsn);
	else if (!strcmp(what, "fault"))
		sweep_faults(&sweep, dsn);
	else if (!strcmp(what, "flags"))
		sweep_flags(&sweep, dsn);
	else if (!strcmp(what, "write"))
		write_all(&sweep, dsn);
	else
		errx(2, "usage:\n%s", usage);
	return report(&sweep);
}

int main(int argc, char **argv)
{
	struct vfio_device device;

	if (argc < 3)
		errx(2, "usage:\n%s", usage);
	vfio_open(&device, argv[1]);
	if (!strcmp(argv[2], "save") && argc == 4)
		save(&device, argv[3]);
	else if (!strcmp(argv[2], "serial"))
		print_serial(&device);
	else if (!strcmp(argv[2], "hex") && argc == 5)
		print_hex(&device, strtoul(argv[3], NULL, 0), strtoul(argv[4], NULL, 0));
	else if (!strcmp(argv[2], "ring") && argc == 5)
		return read_by_ring(&device, strtoul(argv[3], NULL, 0),
				    strtoul(argv[4], NULL, 0));
	else if (!strcmp(argv[2], "seek"))
		return can_seek(&device);
	else if (!strcmp(argv[2], "mixed") && argc == 5)
		return read_mixed(&device, argv[3], argv[4]);
	else if (!strcmp(argv[2], "other") && !setresuid(65534, 65534, 65534))
		print_serial(&device);
	else if (!strcmp(argv[2], "hold"))
		for (;; sleep(1))
			print_serial(&device);
	else if (argc == 5)
		return sweep_by(&device, argv[2], argv[3], argv[4]);
	else
		errx(2, "usage:\n%s", usage);
	return 0;
}
