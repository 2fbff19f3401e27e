// SPDX-License-Identifier: GPL-2.0
/* Reads by a file of /dev/vfio/devices before, during and after it is bound to an iommufd. */
#include "vfio_device.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CANARY 0xa5 /* in no serial of the tests */
#define CONFIG_AT ((off_t)7 << 40)
#define READERS 4

static const char usage[] =
	"cdev BDF before [EPERM]              reads by a file that is not bound: all are refused\n"
	"cdev BDF during IMAGE SERIAL SECONDS threads read while the file is bound, again and again\n"
	"cdev BDF twice IMAGE SERIAL          two files, one bound: reads by both, a second bind\n"
	"cdev BDF passed IMAGE SERIAL         opened by one process, bound by another, read by both\n"
	"cdev BDF unbound                     opens it and waits, until killed\n"
	"cdev BDF handed                      opens it, and has another process bind and hold it\n";

static const char *bdf;
static uint8_t expected[CONFIG_SIZE];
static unsigned int dsn;
static ssize_t refusal = -EINVAL; /* by vfio, of a file that is not bound */

struct count {
	atomic_ulong reads, refused, wrong;
	atomic_ulong cleared; /* zeros, where others are expected */
};

static struct count count;

static void complain(const char *how, const uint8_t *to, size_t length, off_t at,
		     ssize_t got)
{
	size_t i;

	if (atomic_fetch_add(&count.wrong, 1) >= 5)
		return;
	flockfile(stdout);
	printf("%s of %zu at 0x%lx: %zd:", how, length, (long)at, got);
	for (i = 0; i < length && i < 24; i++)
		printf(" %02x", to[i]);
	puts("");
	funlockfile(stdout);
}

enum kind { UNTOUCHED, EXPECTED, CLEARED, WRONG };

/* Cleared: bytes of the extended space are zeros, and all others as expected. */
static enum kind kind_of(const uint8_t *to, size_t length, off_t at)
{
	bool untouched = true, as_expected = true, cleared = true;
	size_t i;

	for (i = 0; i < length; i++) {
		bool same = to[i] == expected[at + i];

		untouched &= to[i] == CANARY;
		as_expected &= same;
		cleared &= same || (at + i >= 0x100 && !to[i]);
	}
	return untouched ? UNTOUCHED : as_expected ? EXPECTED : cleared ? CLEARED : WRONG;
}

/*
 * A read shows what is expected, or is refused and leaves its buffer as it was. If another
 * thread closes the device meanwhile, the extended space may be cleared, as nothing is known
 * of it any more.
 */
static void judge(const char *how, const uint8_t *to, size_t length, off_t at,
		  ssize_t got)
{
	enum kind kind = kind_of(to, length, at);

	if (got == refusal && kind == UNTOUCHED)
		atomic_fetch_add(&count.refused, 1);
	else if (got == (ssize_t)length && kind == EXPECTED)
		atomic_fetch_add(&count.reads, 1);
	else if (got == (ssize_t)length && kind == CLEARED)
		atomic_fetch_add(&count.cleared, 1);
	else
		complain(how, to, length, at, got);
}

static ssize_t result(ssize_t got)
{
	return got < 0 ? -errno : got;
}

static void one_read(int fd, size_t length, off_t at)
{
	uint8_t to[CONFIG_SIZE];

	memset(to, CANARY, length);
	judge("pread", to, length, at, result(pread(fd, to, length, CONFIG_AT + at)));
}

static void one_vector(int fd, size_t length, off_t at)
{
	uint8_t to[CONFIG_SIZE];
	struct iovec parts[] = { { to, length / 2 },
				 { to + length / 2, length - length / 2 } };

	memset(to, CANARY, length);
	judge("preadv", to, length, at, result(preadv(fd, parts, 2, CONFIG_AT + at)));
}

/* The serial, its dwords, over its edge, and the whole space. */
static void read_shapes(int fd)
{
	static const struct {
		size_t length;
		int at;
	} shapes[] = { { 8, 4 },  { 4, 4 },   { 4, 8 }, { 1, 7 },
		       { 12, 0 }, { 16, -4 }, { 7, 2 } };
	size_t i;

	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		one_read(fd, shapes[i].length, dsn + shapes[i].at);
		one_vector(fd, shapes[i].length, dsn + shapes[i].at);
	}
	one_read(fd, CONFIG_SIZE, 0);
	one_vector(fd, CONFIG_SIZE, 0);
}

static void one_ring(int fd, struct io_uring *ring, unsigned int flags)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct io_uring_cqe *cqe;
	uint8_t to[8];

	memset(to, CANARY, sizeof(to));
	io_uring_prep_read(sqe, fd, to, 8, CONFIG_AT + dsn + 4);
	sqe->flags |= flags;
	if (io_uring_submit(ring) < 0 || io_uring_wait_cqe(ring, &cqe))
		errx(1, "no completion");
	judge("io_uring", to, 8, dsn + 4, cqe->res);
	io_uring_cqe_seen(ring, cqe);
}

static void read_ring(int fd)
{
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, 0))
		errx(1, "io_uring");
	one_ring(fd, &ring, IOSQE_ASYNC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	one_ring(fd, &ring, 0);
	io_uring_queue_exit(&ring);
}

static int must(int got, const char *what)
{
	if (got < 0)
		errx(1, "%s: %s", what, strerror(-got));
	return got;
}

static int open_file(void)
{
	return must(vfio_open_cdev(bdf), "the file of /dev/vfio/devices");
}

static int open_iommufd(void)
{
	return must(vfio_open_iommufd(), "/dev/iommu");
}

static int report(void)
{
	printf("%lu reads, %lu refused, %lu wrong\n", count.reads, count.refused,
	       count.wrong);
	return count.wrong != 0;
}

/* Ends with 0 if all was refused; a reader that is killed ends otherwise. */
static int read_before(void)
{
	int fd = open_file();

	read_shapes(fd);
	read_ring(fd);
	report();
	return count.wrong || count.reads || !count.refused;
}

static atomic_int current = -1;
static atomic_bool ended;

static void *read_on(void *arg)
{
	unsigned int random = (uintptr_t)arg;
	int fd;

	while (!atomic_load(&ended)) {
		fd = atomic_load(&current);
		if (fd < 0)
			continue;
		random = random * 1103515245 + 12345;
		if (random >> 16 & 7)
			one_read(fd, 8, dsn + 4);
		else
			one_vector(fd, 16, dsn - 4);
	}
	return NULL;
}

/* The file has the same number each time, so that readers find the next one at once. */
static void bind_again(int iommufd)
{
	static int number = -1;
	int fd = open_file(), error = -EINVAL, tries;

	if (number < 0)
		number = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	else
		dup2(fd, number);
	close(fd);
	atomic_store(&current, number);
	/* not before the reads by the last one have ended, with which it is closed */
	for (tries = 0; tries < 10000 && error; tries++) {
		usleep(2000);
		error = vfio_bind(number, iommufd);
	}
	must(error, "bind");
	usleep(20000);
}

static int read_during(unsigned int seconds)
{
	time_t end = time(NULL) + seconds;
	pthread_t readers[READERS];
	int iommufd = open_iommufd();
	unsigned long binds = 0;
	uintptr_t i;

	for (i = 0; i < READERS; i++)
		pthread_create(&readers[i], NULL, read_on, (void *)i);
	for (; time(NULL) < end; binds++)
		bind_again(iommufd);
	atomic_store(&ended, true);
	for (i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	printf("%lu binds; %lu cleared; ", binds, count.cleared);
	report();
	return count.wrong || !count.reads || !count.refused || !binds;
}

/* The device is open, by the other file; what vfio has of it must not come by this one. */
static int read_twice(void)
{
	int iommufd = open_iommufd(), bound = open_file(), other = open_file(), second;

	read_shapes(other);
	must(vfio_bind(bound, iommufd), "bind");
	if (count.reads)
		return report();
	read_shapes(bound);
	read_shapes(other);
	second = vfio_bind(other, iommufd);
	printf("second bind: %s; again: %s; ", strerror(-second),
	       strerror(-vfio_bind(bound, iommufd)));
	read_shapes(other);
	read_shapes(bound);
	close(bound);
	read_shapes(other);
	must(vfio_bind(other, iommufd), "bind after the first is closed");
	read_shapes(other);
	report();
	return count.wrong || count.reads != 48 || count.refused != 64;
}

static void send_file(int to, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	if (sendmsg(to, &message, 0) != 1)
		err(1, "sendmsg");
}

static int receive_file(int from)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(from, &message, 0) != 1 || !CMSG_FIRSTHDR(&message))
		err(1, "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Another process, as libvirt starts QEMU: it gets the file, and binds it. */
static pid_t start_other(int *to)
{
	int pair[2], fd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		err(1, "socketpair");
	pid = fork();
	*to = pair[!pid];
	if (pid)
		return pid;
	fd = receive_file(pair[1]);
	must(vfio_bind(fd, open_iommufd()), "bind");
	if (write(pair[1], "b", 1) != 1)
		err(1, "write");
	/* kept for the process that it was passed to */
	fcntl(fd, F_DUPFD, 200);
	return 0;
}

static int read_passed(void)
{
	int fd = open_file(), to, status;
	char byte;
	pid_t pid = start_other(&to);

	if (!pid) {
		read_shapes(200);
		_exit(report() || count.reads != 16);
	}
	read_shapes(fd);
	send_file(to, fd);
	if (read(to, &byte, 1) != 1)
		errx(1, "the other process did not bind it");
	read_shapes(fd);
	wait(&status);
	report();
	return status || count.wrong || count.reads != 16 || count.refused != 16;
}

/* The file goes to another process, which binds and holds it: this one has it no more. */
static int hand_over(void)
{
	int fd = open_file(), to;
	char byte;
	pid_t pid = start_other(&to);

	if (!pid) {
		pause();
		return 0;
	}
	send_file(to, fd);
	close(fd);
	if (read(to, &byte, 1) != 1)
		return 1;
	printf("%d\n", pid);
	return 0;
}

static int hold_unbound(void)
{
	open_file();
	pause();
	return 0;
}

static void expect_image(const char *file, const char *serial)
{
	load_image(file, expected);
	dsn = find_dsn(expected, 0);
	if (strcmp(serial, "hide")) {
		put_serial(expected, parse_serial(serial));
		return;
	}
	put_serial(expected, 0);
	expected[dsn] = expected[dsn + 1] = 0;
	expected[dsn + 2] &= 0xf0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";

	setvbuf(stdout, NULL, _IOLBF, 0);
	bdf = argv[1];
	dsn = 0x140;
	if (argc > 4)
		expect_image(argv[3], argv[4]);
	if (argc == 4 && !strcmp(argv[3], "EPERM"))
		refusal = -EPERM;
	if (!strcmp(what, "before") && argc <= 4)
		return read_before();
	if (!strcmp(what, "during") && argc == 6)
		return read_during(strtoul(argv[5], NULL, 10));
	if (!strcmp(what, "twice") && argc == 5)
		return read_twice();
	if (!strcmp(what, "passed") && argc == 5)
		return read_passed();
	if (!strcmp(what, "unbound") && argc == 3)
		return hold_unbound();
	if (!strcmp(what, "handed") && argc == 3)
		return hand_over();
	errx(2, "usage:\n%s", usage);
}
