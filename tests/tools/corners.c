// SPDX-License-Identifier: GPL-2.0
/* Readers in the corners: a device closed meanwhile, fresh pages, idle and real-time threads. */
#include "reader.h"

#include <err.h>
#include <errno.h>
#include <liburing.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
	"corners BDF IMAGE SERIAL close SECONDS  the device is closed and opened beside reads\n"
	"corners BDF IMAGE SERIAL fresh SECONDS  each read into pages that were never touched\n"
	"corners BDF IMAGE SERIAL idle SECONDS   readers of SCHED_IDLE beside busy loops\n"
	"corners BDF IMAGE SERIAL fifo SECONDS   readers of SCHED_FIFO beside others\n"
	"corners BDF IMAGE SERIAL ring SECONDS   the ring of an io_uring read is closed meanwhile\n";

#define READERS 6

struct reader {
	const struct shape *shape;
	void (*read)(const struct shape *shape, uint8_t *pages);
	uint8_t *pages; /* two */
	int policy, priority;
	unsigned int pause; /* microseconds after some reads */
	pthread_t thread;
};

static uint8_t *take_pages(void)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		err(1, "mmap");
	return pages;
}

static void *read_on(void *arg)
{
	struct reader *reader = arg;
	struct sched_param priority = { .sched_priority = reader->priority };
	unsigned int i;

	if (pthread_setschedparam(pthread_self(), reader->policy, &priority))
		errx(1, "the scheduling policy %d", reader->policy);
	for (i = 0; !atomic_load(&shared->stop); i++) {
		reader->read(reader->shape, reader->pages);
		if (reader->pause && i % 3 == 0)
			usleep(reader->pause + i % 64);
	}
	atomic_fetch_add(&shared->finished, 1);
	return NULL;
}

static void read_plainly(const struct shape *shape, uint8_t *pages)
{
	memset(pages, FILL, shape->length);
	read_once(shape, pages);
}

/* The file may be closed before the call finds it, and only then may it fail. */
static void read_if_open(const struct shape *shape, uint8_t *pages)
{
	ssize_t got;

	memset(pages, FILL, shape->length);
	got = read_as(shape, pages);
	if (got == (ssize_t)shape->length)
		check_read(shape, pages);
	else if (got != -EBADF)
		errx(1, "a read of the shape %s gave %zd", shape->name, got);
}

/* The header goes to the first page and the serial to the second, which is fresh. */
static void read_split(const struct shape *shape, uint8_t *pages)
{
	struct iovec parts[] = { { pages, 4 }, { pages + PAGE, 8 } };

	if (preadv(target.device.fd, parts, 2, target.device.config + target.dsn) != 12)
		err(1, "a read of header and serial");
	check_read(shape, pages + PAGE);
}

static void read_fresh(const struct shape *shape, uint8_t *pages)
{
	if (madvise(pages, 2 * PAGE, MADV_DONTNEED))
		err(1, "MADV_DONTNEED");
	if (shape->parts > 1)
		read_split(shape, pages);
	else
		read_once(shape, pages);
}

/* Closes the device and opens it again beside the readers. */
static void *close_on(void *arg)
{
	while (!atomic_load(&shared->stop)) {
		usleep(1000);
		if (vfio_reopen(&target.device, target.bdf))
			err(1, "%s: cannot open it again", target.bdf);
		atomic_fetch_add(&shared->resets, 1);
	}
	return arg;
}

static void *be_busy(void *arg)
{
	while (!atomic_load(&shared->stop))
		;
	return arg;
}

/* Runs the readers, and so many threads beside them. */
static int run_readers(struct reader *readers, void *(*beside)(void *),
		       unsigned int count, unsigned int seconds)
{
	static const char *const names[READERS] = { "qword", "low",   "vector",
						    "whole", "qword", "high" };
	pthread_t others[READERS];
	unsigned int i;

	for (i = 0; i < READERS; i++) {
		readers[i].shape = find_shape(names[i]);
		readers[i].pages = take_pages();
		if (pthread_create(&readers[i].thread, NULL, read_on, &readers[i]))
			errx(1, "pthread_create");
	}
	for (i = 0; i < count; i++)
		if (pthread_create(&others[i], NULL, beside, NULL))
			errx(1, "pthread_create");
	sleep(seconds);
	atomic_store(&shared->stop, true);
	for (i = 0; i < READERS; i++)
		pthread_join(readers[i].thread, NULL);
	for (i = 0; i < count; i++)
		pthread_join(others[i], NULL);
	return 0;
}

/* One reader by io_uring, which closes the ring, then the device, without waiting for it. */
static void read_and_close(unsigned int pause)
{
	const struct shape *shape = find_shape("qword");
	uint8_t *bytes = take_pages();
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int fd = ioctl(target.device.group, VFIO_GROUP_GET_DEVICE_FD, target.bdf);

	if (fd < 0 || io_uring_queue_init(4, &ring, 0) ||
	    io_uring_register_files(&ring, &fd, 1))
		err(1, "io_uring");
	memset(bytes, FILL, 8);
	sqe = io_uring_get_sqe(&ring);
	io_uring_prep_read(sqe, 0, bytes, 8, target.device.config + start_of(shape));
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_ASYNC;
	io_uring_submit(&ring);
	close(fd);
	usleep(pause);
	io_uring_queue_exit(&ring);
	usleep(3000);
	if (bytes[0] == FILL)
		return;
	usleep(300000); /* to be killed: only what lives on has seen the bytes */
	check_read(shape, bytes);
}

/* Each read by io_uring is a process of its own, which may be killed. */
static int run_rings(unsigned int seconds)
{
	time_t end = time(NULL) + seconds;
	unsigned int i;
	int status;
	pid_t pid;

	for (i = 0; time(NULL) < end; i++) {
		pid = fork();
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			read_and_close(i % 20 * 10);
			exit(0);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			err(1, "fork");
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			atomic_fetch_add(&shared->killed, 1);
		else if (status)
			errx(1, "a reader by io_uring ended with status 0x%x", status);
		atomic_fetch_add(&shared->reads, 1);
		atomic_fetch_add(&shared->finished, 1);
	}
	return 0;
}

static int run(int argc, char **argv)
{
	struct reader readers[READERS] = {};
	unsigned int seconds = strtoul(argv[5], NULL, 10), others = 0, i;
	void *(*beside)(void *) = NULL;
	const char *mode = argv[4];

	(void)argc;
	if (!strcmp(mode, "ring")) {
		close(target.device.fd); /* so that the ring's is the last to go */
		return run_rings(seconds);
	}
	for (i = 0; i < READERS; i++)
		readers[i].read = read_plainly;
	for (i = 0; i < READERS && !strcmp(mode, "fresh"); i++)
		readers[i].read = read_fresh;
	for (i = 0; i < READERS && !strcmp(mode, "idle"); i++)
		readers[i].policy = SCHED_IDLE;
	for (i = 0; i < READERS && !strcmp(mode, "fifo"); i += 2) {
		readers[i].policy = SCHED_FIFO;
		readers[i].priority = 1 + i;
		readers[i].pause = 50;
	}
	for (i = 0; i < READERS && !strcmp(mode, "close"); i++)
		readers[i].read = read_if_open;
	if (!strcmp(mode, "idle")) {
		beside = be_busy;
		others = 3;
	} else if (!strcmp(mode, "close")) {
		target.may_vanish = true;
		beside = close_on;
		others = 1;
	}
	return run_readers(readers, beside, others, seconds);
}

int main(int argc, char **argv)
{
	if (argc != 6)
		errx(2, "usage:\n%s", usage);
	return run_watched(run, argc, argv);
}
