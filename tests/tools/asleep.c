// SPDX-License-Identifier: GPL-2.0
/* Readers that sleep inside vfio's read, in a reset or in a page fault, and such that do not. */
#include "reader.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <linux/vfio.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char usage[] =
	"asleep BDF IMAGE SERIAL reset SECONDS THREADS [SHAPE...]   beside resets of the device\n"
	"asleep BDF IMAGE SERIAL steady SECONDS THREADS [SHAPE...]  beside nothing\n"
	"asleep BDF IMAGE SERIAL fault FILE SHAPE...                a read each, whose buffer is\n"
	"                                     not there until FILE is; says \"asleep\" before\n"
	"SHAPE: qword, low, high, vector, whole, or edge, which only fault tells from whole\n";

struct reader {
	const struct shape *shape;
	uint8_t *bytes;
	pthread_t thread;
};

static void *read_on(void *arg)
{
	struct reader *reader = arg;

	while (!atomic_load(&shared->stop)) {
		memset(reader->bytes, FILL, reader->shape->length);
		read_once(reader->shape, reader->bytes);
	}
	atomic_fetch_add(&shared->finished, 1);
	return NULL;
}

/* Each into its own variable; these lie in one area, as those of a VMM's heap do. */
static void start_readers(struct reader *readers, unsigned int threads, char **names)
{
	static const char *const usual[] = { "qword", "low", "high", "vector" };
	uint8_t *area = malloc((size_t)threads * CONFIG_SIZE);
	unsigned int i, count = 0;

	if (!area)
		err(1, "malloc");
	while (names[count])
		count++;
	for (i = 0; i < threads; i++) {
		readers[i].shape = find_shape(count ? names[i % count] : usual[i % 4]);
		readers[i].bytes = area + (size_t)i * CONFIG_SIZE;
		if (pthread_create(&readers[i].thread, NULL, read_on, &readers[i]))
			errx(1, "pthread_create");
	}
}

/*
 * Config access waits for a reset, and so do the readers, inside vfio. This thread has a
 * real-time priority, so that few reads find the device between two resets; the pause is
 * long enough for all readers to get out.
 */
static void *reset_on(void *arg)
{
	struct sched_param priority = { .sched_priority = 1 };

	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority))
		errx(1, "SCHED_FIFO");
	while (!atomic_load(&shared->stop)) {
		/* EAGAIN: somebody holds the function's lock */
		if (ioctl(target.device.fd, VFIO_DEVICE_RESET) && errno != EAGAIN)
			err(1, "VFIO_DEVICE_RESET");
		atomic_fetch_add(&shared->resets, 1);
		usleep(300);
	}
	return arg;
}

static bool can_reset(void)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	if (ioctl(target.device.fd, VFIO_DEVICE_GET_INFO, &info))
		err(1, "VFIO_DEVICE_GET_INFO");
	return info.flags & VFIO_DEVICE_FLAGS_RESET;
}

static int run_readers(bool with_resets, unsigned int seconds, unsigned int threads,
		       char **names)
{
	struct reader readers[threads];
	pthread_t resetter;
	unsigned int i;

	if (with_resets && !can_reset()) {
		puts("this device cannot be reset");
		return CANNOT;
	}
	start_readers(readers, threads, names);
	if (with_resets && pthread_create(&resetter, NULL, reset_on, NULL))
		errx(1, "pthread_create");
	sleep(seconds);
	atomic_store(&shared->stop, true);
	for (i = 0; i < threads; i++)
		pthread_join(readers[i].thread, NULL);
	if (with_resets)
		pthread_join(resetter, NULL);
	return 0;
}

/*
 * A read whose buffer lies on missing pages; that of the shape edge begins before them, so
 * that the serial is in it while the reader is still asleep.
 */
struct fault {
	const struct shape *shape;
	uint8_t *pages; /* a page that is there, and two that are missing */
	int fd;
	pthread_t reader;
};

static void *read_and_sleep(void *arg)
{
	struct fault *fault = arg;
	bool edge = !strcmp(fault->shape->name, "edge");

	read_once(fault->shape, fault->pages + PAGE - (edge ? target.dsn + 12 : 0));
	atomic_fetch_add(&shared->finished, 1);
	return NULL;
}

/* False where there is no userfaultfd. */
static bool take_pages(struct fault *fault)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .range = { .len = 2 * PAGE },
					 .mode = UFFDIO_REGISTER_MODE_MISSING };

	fault->pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fault->pages == MAP_FAILED)
		err(1, "mmap");
	memset(fault->pages, FILL, PAGE);
	range.range.start = (uintptr_t)fault->pages + PAGE;
	fault->fd = syscall(__NR_userfaultfd, O_CLOEXEC);
	return fault->fd >= 0 && !ioctl(fault->fd, UFFDIO_API, &api) &&
	       !ioctl(fault->fd, UFFDIO_REGISTER, &range);
}

static void give_pages(const struct fault *fault)
{
	static uint8_t zeros[2 * PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = { .dst = (uintptr_t)fault->pages + PAGE,
				    .src = (uintptr_t)zeros,
				    .len = 2 * PAGE };

	if (ioctl(fault->fd, UFFDIO_COPY, &copy))
		err(1, "UFFDIO_COPY");
}

static void fall_asleep(struct fault *fault)
{
	struct pollfd event = { .fd = fault->fd, .events = POLLIN };
	struct uffd_msg message;

	if (pthread_create(&fault->reader, NULL, read_and_sleep, fault))
		errx(1, "pthread_create");
	if (poll(&event, 1, 20000) != 1 ||
	    read(fault->fd, &message, sizeof(message)) != sizeof(message) ||
	    message.event != UFFD_EVENT_PAGEFAULT)
		errx(1, "a read of the shape %s did not fall asleep", fault->shape->name);
}

static int run_faults(const char *file, char **names, unsigned int count)
{
	struct fault faults[count];
	unsigned int i;

	for (i = 0; i < count; i++) {
		faults[i].shape = find_shape(names[i]);
		if (!take_pages(&faults[i])) {
			puts("this kernel has no userfaultfd");
			return CANNOT;
		}
	}
	for (i = 0; i < count; i++)
		fall_asleep(&faults[i]);
	puts("asleep");
	fflush(stdout);
	while (access(file, F_OK))
		usleep(10000);
	for (i = 0; i < count; i++)
		give_pages(&faults[i]);
	for (i = 0; i < count; i++)
		pthread_join(faults[i].reader, NULL);
	return 0;
}

static int run(int argc, char **argv)
{
	bool with_resets = !strcmp(argv[4], "reset");

	if (!strcmp(argv[4], "fault"))
		return run_faults(argv[5], argv + 6, argc - 6);
	if (!with_resets && strcmp(argv[4], "steady"))
		errx(2, "usage:\n%s", usage);
	return run_readers(with_resets, strtoul(argv[5], NULL, 10),
			   strtoul(argv[6], NULL, 10), argv + 7);
}

int main(int argc, char **argv)
{
	if (argc < 7)
		errx(2, "usage:\n%s", usage);
	return run_watched(run, argc, argv);
}
